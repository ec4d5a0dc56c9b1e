//! Non-interference (C.3): random histories, each played with and without what the other side does
//! for itself. Whatever a viewer can obtain, in every role, from every read, feed, dashboard and
//! refusal, is equal; and what would leak if the service were careless is found.

use std::collections::{BTreeMap, BTreeSet};

use contract::DESCRIPTORS;
use domain::{
    actor::{
        ActingRole::{self, BoardSecretary, CircumstancesPanel, EmployerFinance, PersonalTutor},
        TenantId,
    },
    fact,
    permission::Action,
};
use prost_reflect::{DescriptorPool, MethodDescriptor};
use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

use crate::{
    golden::unsealed,
    harness::{
        Caller, Service,
        caller::{methods, writes},
        cast::{NORTHMOOR, WEXCOMBE, candidate},
        life::{Campaign, Trainee, application, board, examiner},
        partner::Partner,
    },
};

/// How many histories of each world.
const HISTORIES: u64 = 2;

/// What is obtained: by what was asked, and by whom.
type Surface = BTreeMap<String, Value>;

/// One act: who does it, what, and the record it names for later ones.
struct Act {
    by: Caller,
    method: &'static str,
    message: Value,
}

fn act(by: Caller, method: &'static str, message: Value) -> Act {
    Act {
        by,
        method,
        message,
    }
}

/// A service with its lives, what the viewer's side sees being done, and what the other side does
/// for itself: strands that each go as far as chance says.
struct World {
    service: Service,
    visible: Vec<Act>,
    hidden: Vec<Vec<Act>>,
}

/// Numbers from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, options: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let number = usize::try_from(self.0 >> 33).unwrap_or(0);
        number % options.max(1)
    }
}

/// Who acts on one side, on a day.
type Side = fn(&Trainee, &str) -> Caller;
/// What a side says in a round.
type Decides = fn(&Trainee, u32, &str, &[&str]) -> Value;

/// Before the joint decision: C1 has an open round, C2 waits for a shortlist.
async fn selecting(viewer: TenantId) -> World {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let partner = Partner::opens(cast, &campaign).await;
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(cast, vacancy, candidate(1), "2025-11-21", json!({})).await;
    let c2 = Trainee::applies(cast, vacancy, candidate(2), "2025-11-22", json!({})).await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    // Business time is past all that follows, so that nothing moves it.
    let site = |code: &str| {
        json!({
            "clinical_service": campaign.clinical_service,
            "code": code,
            "display_name": "Northmoor Annexe",
            "region": "north_west",
        })
    };
    c1.hr("2025-12-18").write("AddSite", site("N1M09")).await;
    cast.settle().await;

    let shortlist = json!({
        "application": c2.application, "shortlisted": true, "reason": "Meets the criteria.",
    });
    let (side, decides): (Side, Decides) = if viewer == NORTHMOOR {
        (Trainee::admissions, Trainee::universitys)
    } else {
        (Trainee::hr, Trainee::employers)
    };
    let decision =
        |on: &str, method, verdict: &str| act(side(&c1, on), method, decides(&c1, 1, verdict, &[]));
    let mut hidden = vec![
        vec![
            decision("2025-12-12", "SealDecision", "accept"),
            decision("2025-12-13", "AmendDecision", "reject"),
            act(
                side(&c1, "2025-12-14"),
                "WithdrawDecision",
                json!({"application": c1.application, "round": 1}),
            ),
            decision("2025-12-15", "SealDecision", "accept"),
        ],
        vec![act(side(&c2, "2025-12-10"), "SealShortlist", shortlist)],
    ];
    if viewer == NORTHMOOR {
        // What else the same person applies for. To the university it is no secret: it is its own.
        hidden.push(vec![act(
            c1.candidate("2025-11-25"),
            "SubmitApplication",
            partner.applies(),
        )]);
    }
    let c4 = cast
        .of(candidate(4), ActingRole::Candidate)
        .on("2025-11-26");
    let visible = vec![
        act(c4, "SubmitApplication", application(vacancy, json!({}))),
        act(c1.hr("2025-12-05"), "AddSite", site("N1M10")),
        // refused, without a word about why
        act(c1.hr("2025-12-16"), "MakeOffer", c1.of_application()),
        act(
            c1.admissions("2025-12-16"),
            "RequestReconsideration",
            json!({"application": c1.application, "reason": "We should talk."}),
        ),
        act(
            c1.admissions("2025-12-16"),
            "AgreeReconsideration",
            c1.of_application(),
        ),
    ];
    World {
        service,
        visible,
        hidden,
    }
}

/// C3 is in training, and its board is yet to come.
async fn training(viewer: TenantId) -> World {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let c3 = Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    c3.is_shortlisted().await;
    c3.is_interviewed().await;
    c3.is_appointed().await;
    c3.accepts().await;
    c3.is_cleared().await;
    c3.is_funded().await;
    // One thing after the other: what follows from both at once is dated by whichever came last.
    let start = c3.employs("20000001-1");
    c3.hr("2026-02-23").write("StartEmployment", start).await;
    cast.settle().await;
    let enrol = c3.enrols("26100990010000011", "", 7);
    c3.programme("2026-03-02")
        .write("EnrolTrainee", enrol)
        .await;
    cast.settle().await;
    let supervised = json!({
        "application": c3.application, "supervisor": campaign.supervisors[0],
    });
    c3.hr("2026-03-02")
        .write("AssignSupervisor", supervised)
        .await;
    cast.settle().await;
    c3.manager("2027-03-20")
        .write(
            "AddSite",
            json!({
                "clinical_service": campaign.clinical_service,
                "code": "N1M09",
                "display_name": "Northmoor Annexe",
                "region": "north_west",
            }),
        )
        .await;
    cast.settle().await;
    let of = |tenant, role, on: &str| cast.of(tenant, role).on(on);
    let mark = |on: &str, component: &str, mark: u32| {
        let message = json!({"application": c3.application, "component": component, "mark": mark});
        act(
            of(WEXCOMBE, PersonalTutor, on),
            "RecordProvisionalMark",
            message,
        )
    };
    let hidden = if viewer == NORTHMOOR {
        vec![
            vec![
                mark("2026-07-31", "module_1", 44),
                mark("2026-12-11", "module_2", 71),
            ],
            vec![act(
                of(WEXCOMBE, CircumstancesPanel, "2026-08-03"),
                "ClaimCircumstances",
                json!({
                    "application": c3.application,
                    "component": "module_1",
                    "statement": "A made-up illness in the family.",
                }),
            )],
            vec![
                act(
                    of(WEXCOMBE, BoardSecretary, "2027-03-01"),
                    "ArrangeExternalExaminer",
                    json!({"role": "MHWP", "external": examiner(21), "sitting_date": "2027-03-12"}),
                ),
                act(
                    of(WEXCOMBE, BoardSecretary, "2027-03-12"),
                    "HoldBoard",
                    board("qualifying", 2, 1),
                ),
            ],
        ]
    } else {
        vec![
            vec![act(
                of(NORTHMOOR, EmployerFinance, "2026-04-30"),
                "RecordEmployerCost",
                json!({"allocation": campaign.allocation, "kind": "supervision", "pence": 120_000}),
            )],
            vec![act(
                c3.manager("2026-05-01"),
                "NameSeniorPractitioner",
                json!({"clinical_service": campaign.clinical_service, "site": "N1M09", "practitioner": examiner(40)}),
            )],
        ]
    };
    let log = json!({
        "training": c3.training(), "kind": "contact", "intervention": "", "quarter_hours": 40,
    });
    let visible = vec![
        act(
            of(NORTHMOOR, ActingRole::PracticeSupervisor, "2026-05-29"),
            "LogPracticeHours",
            log,
        ),
        act(
            c3.programme("2026-05-11"),
            "HoldThreeWayReview",
            json!({"training": c3.training()}),
        ),
        act(c3.hr("2026-06-01"), "MakeOffer", c3.of_application()),
    ];
    World {
        service,
        visible,
        hidden,
    }
}

/// Plays a history: what is visible in its order, and in between, where there is anything hidden, as
/// much of it as chance has it. Requests are numbered by what they are, so that both runs agree.
async fn plays(world: &World, seed: u64, with_hidden: bool) -> u32 {
    let mut chance = Chance(seed);
    let mut strands: Vec<(usize, usize)> = world
        .hidden
        .iter()
        .map(|strand| (0, 1 + chance.below(strand.len())))
        .collect();
    let mut done = 0;
    let request = |kind: u128, nth: usize| {
        uuid::Uuid::from_u128(
            0xb11d_0000_0000_4000_8000_0000_0000_0000 + (kind << 16) + nth as u128,
        )
        .to_string()
    };
    let mut visible = world.visible.iter().enumerate();
    loop {
        let open: Vec<usize> = (0..strands.len())
            .filter(|strand| strands[*strand].0 < strands[*strand].1)
            .collect();
        let turn = chance.below(open.len() + 1);
        if let Some(strand) = open.get(turn) {
            let nth = strands[*strand].0;
            strands[*strand].0 += 1;
            if with_hidden {
                let act = &world.hidden[*strand][nth];
                let mut message = act.message.clone();
                message["request_id"] = json!(request(2 + *strand as u128, nth));
                let answer = act.by.call(act.method, message).await;
                // Some strands end in what is refused: that is hidden too.
                done += u32::from(answer.is_ok());
                world.service.cast.settle().await;
            }
            continue;
        }
        let Some((nth, act)) = visible.next() else {
            if open.is_empty() {
                return done;
            }
            continue;
        };
        let mut message = act.message.clone();
        message["request_id"] = json!(request(1, nth));
        let _ = act.by.call(act.method, message).await;
        world.service.cast.settle().await;
    }
}

/// The kind of record that a getter names, where its name does not say.
const KINDS: &[(&str, &str)] = &[
    ("GetAward", "funding_award"),
    ("GetEmployerCosts", "employer_costs"),
    ("GetStatement", "funding_statement"),
    ("GetReserveList", "reserve_list"),
    ("GetResult", "application"),
    ("ListPracticeEntries", "training"),
    ("GetSupervisorLoad", "supervisor"),
    ("GetSiteContacts", "clinical_service"),
];

fn snake(method: &str) -> String {
    let mut snake = String::new();
    for letter in method.trim_start_matches("Get").chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Everything to ask of an RPC, given the records that there are in either run.
fn questions(method: &MethodDescriptor, records: &BTreeSet<(String, String)>) -> Vec<Value> {
    let name = method.name();
    let known = KINDS.iter().find(|(getter, _)| *getter == name);
    let kind = known.map_or_else(|| snake(name), |(_, kind)| (*kind).to_owned());
    let field = [
        "name",
        "application",
        "training",
        "supervisor",
        "clinical_service",
    ]
    .into_iter()
    .find(|field| method.input().get_field_by_name(field).is_some());
    match (name, field) {
        ("ReplayHistory" | "GetFundingLock", _) => [1, 2, 4]
            .map(|n| json!({"person": format!("people/{}", candidate(n).0)}))
            .to_vec(),
        ("ListFeed", _) => vec![
            json!({"page_size": 1000}),
            json!({"page_size": 3, "after_position": 2}),
        ],
        ("GetDashboard", _) => vec![
            json!({"include_journeys": true, "page_size": 1}),
            json!({"include_journeys": true, "as_of": "2025-12-20"}),
        ],
        (_, Some(field)) => records
            .iter()
            .filter(|(of, _)| *of == kind)
            .map(|(of, id)| {
                let collection = fact::collection(of).expect("a known kind");
                json!({field: format!("{collection}/{id}")})
            })
            .collect(),
        _ => vec![json!({})],
    }
}

/// Everything that the roles of a tenant can obtain. What differs from run to run of the same
/// history, whatever happens in it, is left out: instants of recording, ciphertext, digests.
async fn surface(
    service: &Service,
    viewer: TenantId,
    records: &BTreeSet<(String, String)>,
) -> Surface {
    let pool = DescriptorPool::decode(DESCRIPTORS).expect("descriptors");
    let kind = if viewer == NORTHMOOR {
        domain::actor::TenantKind::Employer
    } else {
        domain::actor::TenantKind::University
    };
    let mut surface = Surface::new();
    for role in ActingRole::iter().filter(|role| role.tenant_kind() == Some(kind)) {
        let reader = service.cast.of(viewer, role);
        for method in methods(&pool) {
            let (name, action) = (method.name(), method.name().parse::<Action>());
            let may = action
                .expect("an action of its name")
                .roles()
                .contains(&role);
            let follows = ["SubscribeFeed", "WatchDashboard"].contains(&name);
            if writes(&method) || follows || !may {
                continue;
            }
            for message in questions(&method, records) {
                let asked = format!("{name} {message} as {role}");
                let answer = if name == "ReplayHistory" {
                    match reader.open(name, message).await {
                        Ok(stream) => stream.all().await.map(|all| json!(all)),
                        Err(refused) => Err(refused),
                    }
                } else {
                    reader.call(name, message).await.map(|reply| reply.json)
                };
                let mut value = answer.unwrap_or_else(|refused| {
                    let (code, words, details, headers) = refused.told();
                    json!({"refused": [code.to_string(), words, details, headers]})
                });
                masked(&mut value);
                surface.insert(asked, value);
            }
        }
    }
    surface
}

fn masked(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "recorded_time" | "first_time" | "last_time" | "hash" | "metadata_json" => {
                        *value = Value::Null;
                    }
                    // over the same number of leaves, whose hashes cover recorded times
                    "checkpoint" => {
                        let note = value.as_str().unwrap_or_default();
                        *value = note.lines().take(2).collect::<Vec<_>>().join(" of ").into();
                    }
                    "root_hash" | "leaf_hash" | "verifier_key" => *value = Value::Null,
                    // a digest under the salt of the installation
                    "content" => *value = Value::Null,
                    "payload_json" => {
                        let mut payload = serde_json::from_str(value.as_str().unwrap_or_default())
                            .unwrap_or_default();
                        unsealed(&mut payload);
                        masked(&mut payload);
                        *value = payload;
                    }
                    _ => masked(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(masked),
        _ => {}
    }
}

async fn recorded(service: &Service) -> BTreeSet<(String, String)> {
    sqlx::query_as("SELECT aggregate_type, aggregate_id FROM ledger.stream WHERE version > 0")
        .fetch_all(&service.owner)
        .await
        .expect("the owner reads streams")
        .into_iter()
        .collect()
}

/// What differs between two surfaces, and where first.
fn differing(one: &Surface, other: &Surface) -> Vec<String> {
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let (one, other) = (one.get(key), other.get(key));
            let difference = first_difference(
                one.unwrap_or(&Value::Null),
                other.unwrap_or(&Value::Null),
                String::new(),
            );
            difference.map(|difference| format!("{key}: {difference}"))
        })
        .collect()
}

fn first_difference(one: &Value, other: &Value, at: String) -> Option<String> {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) if fields.len() == others.len() => {
            fields.iter().find_map(|(name, value)| {
                let other = others.get(name).unwrap_or(&Value::Null);
                first_difference(value, other, format!("{at}/{name}"))
            })
        }
        (Value::Array(values), Value::Array(others)) => {
            let each = values.iter().zip(others).enumerate();
            let mut found =
                each.map(|(nth, (one, other))| first_difference(one, other, format!("{at}/{nth}")));
            let longer = || {
                let more = values.get(others.len()).or(others.get(values.len()));
                more.map(|more| format!("{at}: one has more: {more}"))
            };
            found.find_map(|difference| difference).or_else(longer)
        }
        _ => (one != other).then(|| format!("{at}: {one} / {other}")),
    }
}

/// A service that is careless in one way.
#[derive(Debug, Clone, Copy, strum::EnumIter)]
enum Leak {
    /// A record's version counts what the other side does.
    Version,
    /// A figure of a dashboard does.
    Count,
    /// A position of a feed does.
    Position,
    /// A refusal says why.
    Reason,
    /// A page token does.
    PageToken,
}

/// What the careless service would show of so many hidden acts.
fn leaking(surface: &Surface, leak: Leak, acts: u32) -> Surface {
    let more = |value: &mut Value| {
        if let Some(number) = value.as_i64() {
            *value = json!(number + i64::from(acts));
        }
    };
    let mut leaked = surface.clone();
    for (asked, value) in &mut leaked {
        match leak {
            Leak::Version if asked.starts_with("GetApplication") => {
                value.get_mut("version").into_iter().for_each(more);
            }
            Leak::Count => {
                value
                    .pointer_mut("/dashboard/figures/0/value")
                    .into_iter()
                    .for_each(more);
            }
            Leak::Position => value.get_mut("next_position").into_iter().for_each(more),
            Leak::Reason => {
                if let Some(words) = value.pointer_mut("/refused/1") {
                    *words = json!("the other side has decided already");
                }
            }
            Leak::PageToken => {
                if let Some(token) = value
                    .get_mut("next_page_token")
                    .filter(|token| **token != "")
                {
                    *token = json!(format!("{acts}"));
                }
            }
            Leak::Version => {}
        }
    }
    leaked
}

async fn nothing_shows<F: Future<Output = World>>(viewer: TenantId, world: fn(TenantId) -> F) {
    let mut caught = BTreeSet::new();
    for seed in 1..=HISTORIES {
        let (without, with) = (world(viewer).await, world(viewer).await);
        let none = plays(&without, seed, false).await;
        let hidden = plays(&with, seed, true).await;
        assert!(
            none == 0 && hidden > 0,
            "something is done that must not show"
        );
        let records: BTreeSet<_> = (recorded(&without.service).await)
            .into_iter()
            .chain(recorded(&with.service).await)
            .collect();
        let (before, after) = (
            surface(&without.service, viewer, &records).await,
            surface(&with.service, viewer, &records).await,
        );
        assert!(
            before.len() > 50,
            "a surface worth the name: {}",
            before.len()
        );
        let shows = differing(&before, &after);
        assert!(
            shows.is_empty(),
            "history {seed} shows: {}",
            shows.join("\n")
        );
        for leak in Leak::iter() {
            if !differing(&before, &leaking(&after, leak, hidden)).is_empty() {
                caught.insert(format!("{leak:?}"));
            }
        }
        without.service.stop().await;
        with.service.stop().await;
    }
    assert!(
        caught.len() >= 4 && caught.contains("Version"),
        "only {caught:?} would be found"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_an_employer_obtains_the_same_whatever_is_sealed_and_applied_for_elsewhere() {
    nothing_shows(NORTHMOOR, selecting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_a_university_obtains_the_same_whatever_the_employer_seals() {
    nothing_shows(WEXCOMBE, selecting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_2_an_employer_obtains_the_same_whatever_is_marked_claimed_and_discussed() {
    nothing_shows(NORTHMOOR, training).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_2_a_university_obtains_the_same_whatever_the_employer_spends_and_whom_it_names() {
    nothing_shows(WEXCOMBE, training).await;
}
