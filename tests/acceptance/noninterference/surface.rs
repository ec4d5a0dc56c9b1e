//! Everything that a viewer can obtain: every RPC there is, asked in every role there is in the
//! viewer's tenant, whether it may be asked or not.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::{ActingRole, TenantId, TenantKind},
    fact,
    permission::Action,
};
use futures::{StreamExt as _, stream};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use serde_json::{Value, json};
use strum::IntoEnumIterator as _;
use uuid::Uuid;

use super::{
    names::Names,
    pages,
    wire::{self, Told},
    worlds::Base,
};
use crate::harness::{
    Service,
    caller::{decode, methods, writes},
    cast::candidate,
    service,
};

/// Who looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Viewer {
    pub(super) tenant: TenantId,
    pub(super) kind: TenantKind,
}

impl Viewer {
    /// Every role there is for its people.
    pub(super) fn roles(self) -> impl Iterator<Item = ActingRole> {
        ActingRole::iter().filter(move |role| match role.tenant_kind() {
            Some(kind) => kind == self.kind,
            None => self.kind != TenantKind::Person,
        })
    }

    pub(super) fn token(self, service: &Service, role: ActingRole) -> String {
        let actor = service::actor(self.tenant, role);
        service::token(&service.cast.issuer, &actor)
    }
}

/// What both runs know to ask for.
pub(super) struct Known {
    /// Every record that there is.
    pub(super) records: BTreeSet<(String, String)>,
    /// The request id of every act, done or left undone.
    pub(super) requests: Vec<String>,
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
    ("GetTrainingCourse", "training"),
    ("GetBreachRegister", "commitment"),
    ("GetEstablishment", "commitment"),
];

/// What is sent only as it was sent before, or not at all rightly: the second word in a blind
/// decision reveals the first, which is no secret then; and whoever has roles managed shuts out the
/// others.
const NOT_ANEW: &[&str] = &[
    "SealDecision",
    "AmendDecision",
    "WithdrawDecision",
    "SealShortlist",
    "ManageRoles",
];

/// A day on which what is tried is said to have been done: before all that a history holds.
const TRIED: &str = "2025-12-01";
/// How many ways a message is filled with what other messages hold.
const FILLINGS: usize = 2;
/// Pages of one question.
const PAGES_MAX: usize = 40;

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

/// What was asked, in its order, and what was told.
pub(super) type Heard = Vec<(String, Told)>;

/// The surface of one run, under names.
pub(super) type Surface = BTreeMap<String, Vec<u8>>;

/// Puts what was heard under names.
pub(super) fn named(heard: &Heard, names: &Names) -> Surface {
    let mut surface = Surface::new();
    for (asked, told) in heard {
        let mut key = asked.clone();
        let mut again = 1;
        while surface.contains_key(&key) {
            again += 1;
            key = format!("{asked} ({again})");
        }
        surface.insert(key, told.named(names));
    }
    surface
}

/// Somebody who asks for everything.
pub(super) struct Asker<'a> {
    pub(super) service: &'a Service,
    pub(super) base: &'a Base,
    pub(super) viewer: Viewer,
    pub(super) known: &'a Known,
    /// Values by the name of their field, as accepted messages hold them.
    words: BTreeMap<String, Vec<Value>>,
    tokens: BTreeMap<ActingRole, String>,
    head: u64,
}

impl<'a> Asker<'a> {
    pub(super) async fn new(
        service: &'a Service,
        base: &'a Base,
        viewer: Viewer,
        known: &'a Known,
    ) -> Self {
        let mut words: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (_, accepted) in &base.accepted {
            for (field, value) in accepted.message.as_object().into_iter().flatten() {
                let known = words.entry(field.clone()).or_default();
                if !known.contains(value) {
                    known.push(value.clone());
                }
            }
        }
        let head = service.cast.ledger.head(viewer.tenant).await;
        Self {
            service,
            base,
            viewer,
            known,
            words,
            tokens: viewer
                .roles()
                .map(|role| (role, viewer.token(service, role)))
                .collect(),
            head: head.expect("a head"),
        }
    }

    /// All there is to obtain, by every role in `roles`. Reads come first, and pages where they are
    /// wanted, then what is tried, and then once more what a feed and a dashboard say of it. Fails if
    /// an RPC is left out.
    pub(super) async fn everything(&self, roles: &[ActingRole], with_pages: bool) -> Heard {
        let all = methods(&self.service.cast.api.pool);
        let mut heard = vec![];
        // Whoever reads is counted by and by, so the counts are asked for before anything is read, and
        // once those of the history are complete; twice over, since the writing itself takes time.
        tokio::time::sleep(2 * ledger::COUNTS_INTERVAL).await;
        let accesses = |method: &&MethodDescriptor| method.name().ends_with("Accesses");
        for role in roles {
            let first: Vec<_> = all.iter().filter(accesses).collect();
            heard.extend(self.reads(*role, &first).await);
        }
        if with_pages {
            heard.extend(pages::all(self.service, self.viewer, roles).await);
        }
        for role in roles {
            let reads: Vec<_> = (all.iter())
                .filter(|method| !writes(method) && !accesses(method))
                .collect();
            heard.extend(self.reads(*role, &reads).await);
        }
        for role in roles {
            for method in all.iter().filter(|method| writes(method)) {
                heard.extend(self.tries(*role, method).await);
            }
        }
        self.service.cast.settle().await;
        for role in roles {
            let again = ["ListFeed", "GetDashboard"];
            let again: Vec<_> = (all.iter())
                .filter(|method| again.contains(&method.name()))
                .collect();
            heard.extend(self.reads(*role, &again).await);
        }
        let asked: BTreeSet<(String, String)> = heard
            .iter()
            .filter_map(|(asked, _)| {
                let mut words = asked.split(' ');
                Some((words.next()?.to_owned(), words.next()?.to_owned()))
            })
            .collect();
        for role in roles {
            for method in &all {
                let who = (role.to_string(), method.name().to_owned());
                assert!(asked.contains(&who), "{who:?} is never asked");
            }
        }
        heard
    }

    async fn tell(&self, role: ActingRole, method: &MethodDescriptor, message: &Value) -> Told {
        let token = self.tokens.get(&role).map_or("", String::as_str);
        let channel = &self.service.cast.api.channel;
        let bytes = encoded(method, message);
        let open = wire::open(channel, token, method, &bytes);
        let open = open.await;
        // What follows the present is heard as far as the present.
        let follows = ["SubscribeFeed", "WatchDashboard"].contains(&method.name());
        if !follows || !may(role, method) {
            return open.all().await;
        }
        let after = message["after_position"].as_u64().unwrap_or(self.head - 1);
        open.first(usize::try_from(self.head - after).unwrap_or(0))
            .await
    }

    async fn reads(&self, role: ActingRole, methods: &[&MethodDescriptor]) -> Heard {
        let asked = methods.iter().flat_map(|method| {
            let questions = if may(role, method) {
                self.questions(method)
            } else {
                vec![json!({})]
            };
            questions
                .into_iter()
                .map(move |question| (*method, question))
        });
        let answers: Vec<Heard> = stream::iter(asked)
            .map(|(method, question)| self.pages(role, method, question))
            .buffered(4)
            .collect()
            .await;
        let mut heard: Heard = answers.into_iter().flatten().collect();
        let figures = methods
            .iter()
            .find(|method| method.name() == "ListFigureItems");
        if let Some(method) = figures
            && may(role, method)
        {
            for question in self.figures(&heard) {
                heard.extend(self.pages(role, method, question).await);
            }
        }
        heard
    }

    /// A question and, where the answer has more pages, those.
    async fn pages(&self, role: ActingRole, method: &MethodDescriptor, question: Value) -> Heard {
        let mut heard = vec![];
        let mut question = question;
        for _ in 0..PAGES_MAX {
            let asked = format!("{role} {} {question}", method.name());
            let told = self.tell(role, method, &question).await;
            let answer = told.json();
            heard.push((asked, told));
            match answer["next_page_token"].as_str() {
                Some(token) if !token.is_empty() => question["page_token"] = json!(token),
                _ if answer["more"] == json!(true) => {
                    question["after_position"] = answer["next_position"].clone();
                }
                _ => break,
            }
        }
        heard
    }

    /// What lies behind the figures that a dashboard has shown.
    fn figures(&self, heard: &Heard) -> Vec<Value> {
        let dashboards = heard
            .iter()
            .filter(|(asked, _)| asked.contains(" GetDashboard "));
        let mut questions = vec![];
        for (_, told) in dashboards {
            let answer = told.json();
            for figure in answer["dashboard"]["figures"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let question = json!({
                    "figure": figure["name"], "part": figure["part"], "page_size": 1,
                });
                if figure["value"] != json!(0) && !questions.contains(&question) {
                    questions.push(question);
                }
            }
        }
        questions
    }

    fn named_records(&self, kind: &str) -> Vec<String> {
        let collection = fact::collection(kind).unwrap_or("applications");
        let ids = self.known.records.iter().filter(|(of, _)| of == kind);
        let mut names: Vec<String> = ids.map(|(_, id)| format!("{collection}/{id}")).collect();
        // What there is not, and what is of another kind.
        names.push(format!("{collection}/{}", Uuid::nil()));
        names
    }

    /// Everything to ask of an RPC that reads.
    fn questions(&self, method: &MethodDescriptor) -> Vec<Value> {
        let people = [1, 2, 4, 6].map(|number| format!("people/{}", candidate(number).0));
        let (head, tenant) = (self.head, self.viewer.tenant.to_string());
        let since = jiff::Timestamp::from_microsecond(self.base.ended).expect("an instant");
        let since = json!(since.to_string());
        match method.name() {
            "ReplayHistory" | "ExportReplay" | "GetFundingLock" => {
                let of = |person: &String| json!({"person": person});
                let mut questions: Vec<Value> = people.iter().map(of).collect();
                if method.name() != "GetFundingLock" {
                    questions.push(json!({"person": people[0], "known_at": since}));
                }
                questions
            }
            "ListAccesses" => vec![json!({"page_size": 3}), json!({"person": people[0]})],
            "ListFeed" => vec![
                json!({"page_size": 1000}),
                json!({"page_size": 7, "after_position": 2}),
            ],
            "SubscribeFeed" => vec![
                json!({"after_position": 0}),
                json!({"after_position": head - 2}),
            ],
            "GetDashboard" => vec![
                json!({"include_journeys": true, "include_definitions": true, "page_size": 1}),
                json!({"include_journeys": true, "as_of": "2025-12-20"}),
                json!({"known_time": since}),
                json!({"at_least_position": head}),
            ],
            "ExportDashboard" => vec![
                json!({"format": "EXPORT_FORMAT_CSV_FIGURES"}),
                json!({"format": "EXPORT_FORMAT_CSV_JOURNEYS"}),
                json!({"format": "EXPORT_FORMAT_XLSX"}),
                json!({"format": "EXPORT_FORMAT_CSV_FIGURES", "as_of": "2025-12-20"}),
            ],
            "ListTimeline" => ["application", "training", "seal", "mark_sheet"]
                .iter()
                .flat_map(|kind| self.named_records(kind))
                .map(|name| json!({"name": name, "page_size": 5}))
                .collect(),
            "GetOperation" => (self.known.requests.iter())
                .map(|id| json!({"request_id": id}))
                .collect(),
            "GetCheckpoint" => vec![
                json!({}),
                json!({"tenant": tenant, "tree_size": head}),
                json!({"tree_size": head + 1}),
            ],
            "ProveInclusion" => [1, head, head + 1]
                .map(|position| json!({"position": position}))
                .to_vec(),
            "ProveConsistency" => [1, head - 1, head + 1]
                .map(|size| json!({"first_tree_size": size}))
                .to_vec(),
            name => {
                let known = KINDS.iter().find(|(getter, _)| *getter == name);
                let kind = known.map_or_else(|| snake(name), |(_, kind)| (*kind).to_owned());
                let named = [
                    "name",
                    "application",
                    "training",
                    "supervisor",
                    "clinical_service",
                ]
                .into_iter()
                .find(|field| method.input().get_field_by_name(field).is_some());
                let filled = self.filled(method, 0);
                let Some(field) = named else {
                    return vec![json!({}), filled];
                };
                let records = self.named_records(&kind).into_iter();
                records
                    .map(|record| {
                        let mut question = filled.clone();
                        question[field] = json!(record);
                        question
                    })
                    .collect()
            }
        }
    }

    /// A message in which each field has a value that the field of some accepted message had.
    fn filled(&self, method: &MethodDescriptor, way: usize) -> Value {
        let mut message = json!({});
        for field in method.input().fields() {
            let Some(known) = self.words.get(field.name()) else {
                continue;
            };
            let Some(value) = known.get(way.min(known.len() - 1)) else {
                continue;
            };
            let mut with = message.clone();
            with[field.name()] = value.clone();
            if DynamicMessage::deserialize(method.input(), &with).is_ok() {
                message = with;
            }
        }
        message
    }

    /// Everything to try of an RPC that writes: what has been accepted once more, under its own
    /// request id and under another; and what has not, in other words. What is said to nobody's
    /// knowledge before is refused for its form, and what may not be said at all is refused.
    async fn tries(&self, role: ActingRole, method: &MethodDescriptor) -> Heard {
        let mut messages = vec![json!({})];
        if may(role, method) {
            let own = self.base.accepted.iter().filter(|(actor, accepted)| {
                accepted.method == method.name()
                    && (actor.tenant, actor.role) == (self.viewer.tenant, role)
            });
            let own: Vec<Value> = own.map(|(_, accepted)| accepted.message.clone()).collect();
            let mut anew = own.clone();
            if !NOT_ANEW.contains(&method.name()) {
                for way in 0..FILLINGS {
                    let mut message = self.filled(method, way);
                    message["effective"] = json!(TRIED);
                    if !anew.contains(&message) {
                        anew.push(message);
                    }
                }
            }
            messages.extend(own);
            for (nth, mut message) in anew.into_iter().enumerate() {
                let seed = format!("{role} {} {nth}", method.name());
                let id = Uuid::new_v5(&Uuid::nil(), seed.as_bytes());
                message["request_id"] = json!(id.to_string());
                messages.push(message);
            }
        }
        let mut heard = vec![];
        for message in messages {
            let asked = format!("{role} {} {message}", method.name());
            heard.push((asked, self.tell(role, method, &message).await));
        }
        heard
    }
}

/// Whether a role may call an RPC.
pub(super) fn may(role: ActingRole, method: &MethodDescriptor) -> bool {
    let action: Action = method.name().parse().expect("an action of its name");
    action.roles().contains(&role)
}

/// The wire form of a message.
pub(super) fn encoded(method: &MethodDescriptor, message: &Value) -> Vec<u8> {
    DynamicMessage::deserialize(method.input(), message)
        .unwrap_or_else(|error| panic!("{} does not take {message}: {error}", method.name()))
        .encode_to_vec()
}

impl Told {
    /// Its first message as JSON; nothing of a refusal.
    pub(super) fn json(&self) -> Value {
        match (&self.method, self.messages.first()) {
            (Some(method), Some((0, message))) => decode(method, message),
            _ => Value::Null,
        }
    }
}

/// What differs between two surfaces, and from where on.
pub(super) fn differing(one: &Surface, other: &Surface) -> Vec<String> {
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let nothing = vec![];
    keys.into_iter()
        .filter_map(|key| {
            let (one, other) = (one.get(key), other.get(key));
            if one == other {
                return None;
            }
            let (one, other) = (one.unwrap_or(&nothing), other.unwrap_or(&nothing));
            let same = one
                .iter()
                .zip(other)
                .take_while(|(one, other)| one == other);
            let from = same.count().saturating_sub(60);
            let part = |bytes: &[u8]| {
                let part: Vec<u8> = bytes.iter().skip(from).take(240).copied().collect();
                String::from_utf8_lossy(&part).into_owned()
            };
            Some(format!(
                "{key}, from byte {from}:\n  {:?}\n  {:?}",
                part(one),
                part(other)
            ))
        })
        .collect()
}
