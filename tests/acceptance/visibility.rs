//! Who sees what inside a tenant (C.2): the table as a reviewed page, cell by cell beside what the
//! running service shows to each role, before and after the conditions hold.

mod fields;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use domain::{
    actor::{
        ActingRole::{self, EmployerHr},
        PLATFORM, TenantId, TenantKind,
    },
    fact,
    permission::Action,
    visibility::{
        Access, Condition, DataClass, Extent, Surface,
        events::{Says, class_of, classify},
    },
};
use prost_reflect::{DynamicMessage, MethodDescriptor};
use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

use crate::{
    golden,
    harness::{
        Cast, Service,
        caller::{methods, writes},
        cast::{
            AUDITOR, COMMISSIONER, EVALUATOR, NETWORK, NORTHMOOR, SEVERNVALE, WEXCOMBE, candidate,
        },
        life::{Campaign, Ids, Trainee},
        snapshot, tour,
    },
    permissions::code,
};

/// Who plays a role on the lives of these tests.
fn tenants(role: ActingRole) -> Vec<TenantId> {
    match role.tenant_kind() {
        Some(TenantKind::Employer) => vec![NORTHMOOR, SEVERNVALE],
        Some(TenantKind::University) => vec![WEXCOMBE],
        Some(TenantKind::Commissioner) => vec![COMMISSIONER],
        Some(TenantKind::Network) => vec![NETWORK],
        Some(TenantKind::Evaluator) => vec![EVALUATOR],
        Some(TenantKind::Auditor) => vec![AUDITOR],
        Some(TenantKind::Platform) => vec![PLATFORM],
        Some(TenantKind::Person) => [1, 2, 7, 8].map(candidate).to_vec(),
        None => vec![],
    }
}

/// What a role was shown: the most of each class, and where.
#[derive(Default)]
struct Seen(BTreeMap<(DataClass, ActingRole), (Extent, String)>);

impl Seen {
    fn note(&mut self, class: DataClass, role: ActingRole, says: Extent, place: String) {
        let kind = role.tenant_kind().unwrap_or(TenantKind::Platform);
        let most = self
            .0
            .entry((class.of_side(kind), role))
            .or_insert((Extent::Nothing, String::new()));
        if says > most.0 {
            *most = (says, place);
        }
    }

    fn of(&self, class: DataClass, role: ActingRole) -> Extent {
        self.0
            .get(&(class, role))
            .map_or(Extent::Nothing, |seen| seen.0)
    }

    /// Calls an RPC as everybody who may, and notes what is shown.
    async fn ask(&mut self, cast: &Cast, method: &MethodDescriptor, message: &Value) {
        let name = method.name();
        let action: Action = name.parse().expect("an action of its name");
        for role in action.roles() {
            for tenant in tenants(*role) {
                let caller = cast.of(tenant, *role);
                if name == "ReplayHistory" {
                    let stream = caller.open(name, message.clone()).await;
                    let entries = stream.expect("a replay").all().await;
                    for entry in entries.expect("to its end") {
                        self.note_event(*role, name, &entry["event"]);
                    }
                    continue;
                }
                let Ok(reply) = caller.call(name, message.clone()).await else {
                    continue;
                };
                if fields::OF_EVENTS.contains(&name) {
                    let lists = ["items", "events"].map(|list| reply.json[list].as_array());
                    for item in lists.into_iter().flatten().flatten() {
                        self.note_event(*role, name, item);
                    }
                    continue;
                }
                let answer = DynamicMessage::decode(method.output(), reply.bytes);
                let mut filled = vec![];
                fields::filled(&answer.expect("an answer"), "", &mut filled);
                for path in filled {
                    if let Some(field) = fields::field(name, &path) {
                        self.note(field.class, *role, field.says, format!("{name} {path}"));
                    }
                }
            }
        }
    }

    fn note_event(&mut self, role: ActingRole, method: &str, event: &Value) {
        let text = |field: &str| event[field].as_str().unwrap_or_default();
        let (name, event_type) = (text("name"), text("event_type"));
        if name.is_empty() {
            return;
        }
        let kind = kind_of(name.split('/').next().unwrap_or_default());
        let known = classify(&kind, event_type)
            .unwrap_or_else(|| panic!("{event_type} of {name} has no class"));
        let (class, says) = match known.says {
            Says::Content | Says::Arrival if !text("payload_json").is_empty() => {
                (known.class, Extent::Shown)
            }
            // that a training came is known to whoever knows of it
            Says::Arrival => (DataClass::Training, Extent::Status),
            Says::Content | Says::Status => (known.class, Extent::Status),
        };
        self.note(class, role, says, format!("{method} {event_type}"));
    }
}

/// The aggregate type of a collection.
fn kind_of(collection: &str) -> String {
    golden::all_event_types()
        .into_iter()
        .map(|(kind, _)| kind)
        .find(|kind| fact::collection(kind) == Some(collection))
        .unwrap_or_else(|| panic!("no record lies in {collection}"))
        .to_owned()
}

/// What is shown more than the table says, each with the reason why that is right.
const DEVIATIONS: &[(DataClass, ActingRole, &str)] = &[];

fn wrongs(seen: &Seen, allowed: impl Fn(Access) -> Extent) -> Vec<String> {
    let mut wrong = vec![];
    for ((class, role), (says, place)) in &seen.0 {
        let meant = DEVIATIONS
            .iter()
            .any(|(known, who, _)| (known, who) == (class, role));
        if *says > allowed(class.access(*role)) && !meant {
            wrong.push(format!("{class} to {role}: {says} in {place}"));
        }
    }
    wrong
}

/// A figure over many is not what `on` speaks of, and is allowed to whom it is.
fn at_most(access: Access) -> Extent {
    match access.extent {
        Extent::Aggregate => Extent::Aggregate,
        // the one who consents is asked for by name
        Extent::Status => Extent::Status,
        _ => access.on(Surface::Record),
    }
}

/// A cell as C.2 writes it.
fn cell(access: Access) -> String {
    let mark = match access.condition {
        Condition::Always => "",
        Condition::Revealed => "1",
        Condition::Released => "2",
        Condition::InCase => "3",
        Condition::InCaseRevealed => "31",
        Condition::ShortlistLocked => "4",
        Condition::OwnRecord => "o",
        Condition::OwnPeople => "6",
        Condition::Consented => "c",
    };
    let letter = match access.extent {
        Extent::Nothing => return ".".to_owned(),
        Extent::Aggregate => "A",
        Extent::Status => "S",
        Extent::Redacted | Extent::Shown => "R",
    };
    format!("{letter}{mark}")
}

/// Every record of some kinds, by the getters that name them.
async fn records(service: &Service) -> Vec<(&'static str, Value)> {
    let mut asked = vec![];
    for (method, kind) in [
        ("GetApplication", "application"),
        ("GetSeal", "seal"),
        ("GetOffer", "offer"),
        ("GetVacancy", "vacancy"),
        ("GetEnrolment", "enrolment"),
        ("GetTraining", "training"),
        ("GetMarkSheet", "mark_sheet"),
        ("GetBoardSitting", "board_sitting"),
        ("GetQualification", "qualification"),
        ("GetResult", "application"),
    ] {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT aggregate_id FROM ledger.stream WHERE aggregate_type = $1 AND version > 0",
        )
        .bind(kind)
        .fetch_all(&service.owner)
        .await
        .expect("the owner reads streams");
        let collection = fact::collection(kind).expect("a known kind");
        let field = if method == "GetResult" {
            "application"
        } else {
            "name"
        };
        asked.extend(
            ids.into_iter()
                .map(|id| (method, json!({field: format!("{collection}/{id}")}))),
        );
    }
    asked
}

/// Everything a role can get to see of these lives.
async fn everything(service: &Service, asked: &[(&str, Value)]) -> Seen {
    let cast = &service.cast;
    let mut seen = Seen::default();
    for (method, message) in asked {
        seen.ask(cast, &cast.api.method(method), message).await;
    }
    for person in [1, 2, 7, 8].map(candidate) {
        let message = json!({"person": format!("people/{}", person.0)});
        seen.ask(cast, &cast.api.method("ReplayHistory"), &message)
            .await;
    }
    for (method, message) in [
        ("ListFeed", json!({"page_size": 1000})),
        ("GetDashboard", json!({"include_journeys": true})),
    ] {
        seen.ask(cast, &cast.api.method(method), &message).await;
    }
    seen
}

/// C1 before anybody has locked a shortlist and once a board has decided but not released; then the
/// whole tour. What each role is shown then is what the table says, condition by condition.
#[tokio::test(flavor = "multi_thread")]
async fn c_2_the_whole_matrix_is_what_the_service_shows_before_and_after_each_condition() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let c1 = Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    let shortlist = json!({"application": c1.application, "shortlisted": true, "reason": "Meets the criteria on paper."});
    c1.hr("2025-12-03").write("SealShortlist", shortlist).await;
    cast.settle().await;
    let applied = everything(&service, &records(&service).await).await;
    let wrong = wrongs(&applied, |access| match access.condition {
        Condition::ShortlistLocked | Condition::Revealed | Condition::Released => {
            // what is said of the person without the name is not of the name's class
            match access.before() {
                Extent::Redacted => Extent::Nothing,
                before => before,
            }
        }
        _ => at_most(access),
    });
    let wrong: Vec<_> = wrong
        .into_iter()
        .filter(|line| !line.starts_with("statement "))
        .collect();
    assert!(wrong.is_empty(), "before a shortlist is locked: {wrong:#?}");

    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    c1.is_cleared().await;
    c1.is_funded().await;
    let ids = Ids {
        sid: "26100990010000011",
        uln: "",
        assignment: "20000001-1",
    };
    c1.starts(&campaign, &ids, 7).await;
    c1.practises().await;
    let sitting = c1.comes_before_a_board().await;
    c1.secretary("2027-03-10")
        .write("RatifyOutcome", c1.passes(&sitting))
        .await;
    cast.settle().await;
    let ratified = everything(&service, &records(&service).await).await;
    let wrong = wrongs(&ratified, |access| match access.condition {
        Condition::Released => access.before(),
        _ => at_most(access),
    });
    assert!(wrong.is_empty(), "before the release: {wrong:#?}");
    service.stop().await;

    let service = Service::start().await;
    let cast = &service.cast;
    tour::whole(cast).await;
    let mut asked: BTreeSet<(String, String)> = BTreeSet::new();
    for call in cast.api.accepted() {
        if !writes(&cast.api.method(&call.method)) {
            asked.insert((call.method, call.message.to_string()));
        }
    }
    let asked: Vec<(String, Value)> = asked
        .into_iter()
        .map(|(method, message)| (method, serde_json::from_str(&message).expect("a message")))
        .collect();
    let mut asked: Vec<(&str, Value)> = asked
        .iter()
        .map(|(method, message)| (method.as_str(), message.clone()))
        .collect();
    asked.extend(records(&service).await);
    let whole = everything(&service, &asked).await;
    let wrong = wrongs(&whole, at_most);
    assert!(wrong.is_empty(), "{wrong:#?}");
    service.stop().await;

    snapshot::compare("visibility.txt", &page(&applied, &ratified, &whole));
}

fn page(applied: &Seen, ratified: &Seen, whole: &Seen) -> String {
    let mut page = String::from(
        "What each acting role may see of each class of data, and whether the service shows as much.\n\
         R content, S status only, A figures over many, . nothing; + shown, - not shown (so far).\n\
         1 after the reveal, 2 after the release, 3 in a case, 4 once the shortlist is locked, 6 own \
         people, o own record, c by consent.\n\n",
    );
    let _ = write!(page, "{:24}", "");
    for role in ActingRole::iter() {
        let _ = write!(page, " {:4}", code(role));
    }
    page = page.trim_end().to_owned() + "\n";
    for class in DataClass::iter() {
        let mut row = format!("{:24}", class.to_string());
        for role in ActingRole::iter() {
            let access = class.access(role);
            let mark = match access.extent {
                Extent::Nothing => "",
                most if whole.of(class, role) >= most => "+",
                _ => "-",
            };
            let _ = write!(row, " {:4}", cell(access) + mark);
        }
        page.push_str(row.trim_end());
        page.push('\n');
    }
    page.push_str(
        "\nWhat has to be so first: before a shortlist is locked, before the release, and after.\n",
    );
    for class in DataClass::iter() {
        for role in ActingRole::iter() {
            if matches!(
                class.access(role).condition,
                Condition::Revealed | Condition::Released | Condition::ShortlistLocked
            ) {
                let at = [applied, ratified, whole].map(|seen| seen.of(class, role).to_string());
                let _ = writeln!(
                    page,
                    "{:24} {:4} {}",
                    class.to_string(),
                    code(role),
                    at.join(", ")
                );
            }
        }
    }
    page
}

/// The matrix as the field has it, and the table of the code.
#[test]
fn c_2_the_table_is_the_specified_one() {
    let specified = std::fs::read_to_string(snapshot::path("visibility_specified.txt"));
    let specified = specified.expect("the specified matrix");
    let columns = [
        vec![ActingRole::Candidate],
        vec![ActingRole::EmployerHr],
        vec![ActingRole::ServiceManager],
        vec![ActingRole::PracticeSupervisor],
        vec![ActingRole::ProfessionalLead],
        vec![ActingRole::AdmissionsTutor],
        vec![ActingRole::ProgrammeLead],
        vec![ActingRole::BoardSecretary, ActingRole::BoardChair],
        vec![ActingRole::ExternalExaminer],
        vec![ActingRole::CircumstancesPanel],
        vec![ActingRole::CommissionerNational],
        vec![ActingRole::CommissionerRegional],
        vec![ActingRole::NetworkLead],
        vec![ActingRole::Evaluator],
        vec![ActingRole::Auditor],
        vec![ActingRole::TenantAdmin, ActingRole::PlatformOperator],
    ];
    let rows: Vec<Vec<&str>> = specified
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| Data class"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    // The last two rows are surfaces: who may call them is the permission matrix.
    let classes: Vec<DataClass> = DataClass::iter().take(rows.len() - 2).collect();
    assert_eq!(classes.last(), Some(&DataClass::CommunityOfPractice));
    let mut differs = vec![];
    for (row, class) in rows.iter().zip(classes) {
        let (name, cells) = row.split_first().expect("a row");
        assert_eq!(cells.len(), columns.len(), "{name}");
        for (text, roles) in cells.iter().zip(&columns) {
            for role in roles {
                let here = cell(class.access(*role));
                if specified_cell(text) != here {
                    differs.push(format!("{class} {}: {text} is {here}", code(*role)));
                }
            }
        }
    }
    // An employer's word about a partnership stays its own to read, though the feedback of others
    // never is (C.2: nothing by name).
    assert_eq!(
        differs,
        [
            "community_of_practice ESM: - is Ro",
            "community_of_practice EPL: - is Ro",
        ]
    );
}

/// A cell of the specified matrix in the words of [`cell`]. Who writes or decides is permission, and
/// whose record it is custody; what is seen is left.
fn specified_cell(text: &str) -> String {
    let text = text.replace("**", "");
    // "never, or after the reveal so much"
    let text = text.rsplit('/').next().unwrap_or_default().trim();
    let has = |mark: &str| text.split([' ', '(']).any(|word| word == mark);
    match text {
        "-" => ".",
        "R1 outcome only" => "S1",
        "R3 1" => "R31",
        "R2 5" => "S2",
        "R5 with consent" => "Sc",
        _ if text.contains("R5") => "S",
        _ if has("O2") => "R2",
        _ if has("O3") => "R3",
        _ if has("O") => "Ro",
        _ if has("R1") => "R1",
        _ if has("R3") => "R3",
        _ if has("R4") => "R4",
        _ if has("R6") => "R6",
        "A" => "A",
        _ if has("R") || has("W") || has("D") => "R",
        other => panic!("{other} is no cell"),
    }
    .to_owned()
}

/// Every field of every answer, its class, and the roles that may call for it and do not get it.
#[tokio::test(flavor = "multi_thread")]
async fn c_2_every_field_of_every_answer_has_a_class() {
    let pool = prost_reflect::DescriptorPool::decode(contract::DESCRIPTORS).expect("descriptors");
    let mut page = String::new();
    let (mut unplaced, mut astray) = (vec![], vec![]);
    for method in methods(&pool) {
        let name = method.name();
        let mut leaves = vec![];
        fields::leaves(&method.output(), "", &mut leaves);
        if !leaves.is_empty() && !fields::is_placed(name) {
            unplaced.push(name.to_owned());
        }
        astray.extend(fields::astray(name, &leaves));
        let action: Action = name.parse().expect("an action of its name");
        for path in leaves {
            let Some(field) = fields::field(name, &path) else {
                continue;
            };
            let without: Vec<&str> = action
                .roles()
                .iter()
                .filter(|role| {
                    let class = field.class.of_side(role.tenant_kind().expect("a kind"));
                    field.says > at_most(class.access(**role))
                })
                .map(|role| code(*role))
                .collect();
            let _ = write!(page, "{name} {path}: {} {}", field.class, field.says);
            if !without.is_empty() {
                let _ = write!(page, ", not to {}", without.join(" "));
            }
            page.push('\n');
        }
    }
    assert!(
        unplaced.is_empty(),
        "answers without a class: {unplaced:#?}"
    );
    assert!(astray.is_empty(), "no such fields: {astray:#?}");
    snapshot::compare("visibility_fields.txt", &page);
}

/// By name and by type an event is of one class.
#[test]
fn c_2_an_event_has_the_same_class_by_name_and_by_type() {
    for (name, (kind, payload)) in golden::golden() {
        let (event_type, version) = name.split_once('.').expect("a version");
        let fact = fact::Fact::read(&kind, event_type, version, &payload.to_string());
        let fact = fact.expect("a golden file is read");
        assert_eq!(classify(&kind, event_type), Some(class_of(&fact)), "{name}");
    }
}

/// The same pages are the same bytes whenever they are read, whatever came after; and a feed with
/// everything in it and one with hardly anything have the same positions.
#[tokio::test(flavor = "multi_thread")]
async fn c_2_a_feed_is_narrowed_and_dense_and_stable_under_reading_again() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let c1 = Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    let readers = [
        (NORTHMOOR, EmployerHr),
        (NORTHMOOR, ActingRole::ServiceManager),
        (WEXCOMBE, ActingRole::AdmissionsTutor),
        (WEXCOMBE, ActingRole::ProgrammeLead),
    ];
    let mut before = vec![];
    for step in 0..3 {
        match step {
            0 => {}
            1 => {
                c1.is_shortlisted().await;
                c1.is_interviewed().await;
                c1.is_appointed().await;
            }
            _ => c1.accepts().await,
        }
        cast.settle().await;
        let mut now = vec![];
        for (tenant, role) in readers {
            let feed = cast
                .of(tenant, role)
                .get("ListFeed", json!({"page_size": 1000}))
                .await;
            let items = feed["items"].as_array().expect("items").clone();
            for (item, position) in items.iter().zip(1..) {
                assert_eq!(item["position"], json!(position), "{role}");
                let withheld = item["visibility"] == "FEED_VISIBILITY_WITHHELD";
                let told = [
                    "name",
                    "event_type",
                    "payload_json",
                    "acting_role",
                    "acting_tenant",
                ];
                assert_eq!(
                    withheld,
                    told.iter().all(|field| item[field] == ""),
                    "{item}"
                );
                assert_eq!(withheld, item["recorded_time"].is_null(), "{item}");
            }
            now.push(items);
        }
        for (before, now) in before.iter().zip(&now) {
            let before: &Vec<Value> = before;
            assert_eq!(before[..], now[..before.len()], "what was read once");
        }
        assert_eq!(now[0].len(), now[1].len(), "one tenant has one feed");
        assert_eq!(now[2].len(), now[3].len(), "one tenant has one feed");
        before = now;
    }
    let revealed = before[0]
        .iter()
        .filter(|item| item["view_change"] == "VIEW_CHANGE_REVEALED");
    assert_eq!(revealed.count(), 2, "the shortlists and the decisions");
    service.stop().await;
}
