use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use domain::{
    actor::{PersonId, TenantId, TenantKind},
    personal::{Personal, PersonalClass, SealedCopy},
    visibility::DataClass,
};
use jiff::{ToSpan as _, civil::Date};
use ledger::{Clock, Ledger};
use serde_json::Value;
use server::{
    demonstration::{Demonstration, run},
    embedded::Embedded,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Fault, contender::trellis::reader};

/// Plays the demonstration into a folder. It prints its summary to standard output.
pub(crate) async fn play(folder: &Path) -> Result<(), Fault> {
    let demonstration = Demonstration {
        data_dir: folder.to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        web_listen: ([127, 0, 0, 1], 0).into(),
        once: true,
        empty: false,
    };
    run(demonstration, std::future::pending()).await
}

/// A text in which everything that differs from life to life is a hole.
#[derive(Debug, Clone, Default)]
pub(super) struct Text(pub(super) Vec<Part>);

#[derive(Debug, Clone)]
pub(super) enum Part {
    Words(String),
    /// An id, by its place in [`Template::ids`].
    Id(usize),
    /// A sealed copy, by its place in the event's list.
    Sealed(usize),
    /// When it was recorded.
    Recorded,
}

/// What an id of the template becomes in another life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Itself: the platform, the commissioner, the networks, the policy register.
    Fixed,
    /// Another employer, by its number among the template's.
    Employer(usize),
    /// Another university.
    University(usize),
    /// A record at home at the tenant at that place, whose slice shows in its id.
    Record(usize),
    /// Anything else: people, requests, keys.
    Other,
}

/// A personal value's copy for one controller.
#[derive(Debug, Clone)]
pub(super) struct SealedPart {
    /// By its place in [`Template::keys`].
    pub(super) key: usize,
    /// `/ApplicationSubmitted/applicant/name`
    pub(super) path: String,
    pub(super) clear: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) stream: usize,
    pub(super) event_type: String,
    pub(super) event_version: String,
    pub(super) payload: Text,
    pub(super) copies: Vec<SealedPart>,
    /// Places of ids.
    pub(super) parties: Vec<usize>,
}

/// What one command wrote.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) events: Vec<Event>,
    pub(super) metadata: Text,
    pub(super) receipt: Option<Receipt>,
}

#[derive(Debug, Clone)]
pub(super) struct Receipt {
    pub(super) tenant: usize,
    pub(super) request: usize,
    pub(super) fingerprint: Vec<u8>,
    pub(super) kind: String,
    pub(super) id: usize,
    pub(super) version: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) kind: String,
    pub(super) id: usize,
    pub(super) home: usize,
    pub(super) parties: Vec<usize>,
    pub(super) subject: Option<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) controller: usize,
    pub(super) subject: usize,
    pub(super) class: PersonalClass,
    pub(super) id: usize,
}

/// A training year under way, and the days on which practice can still be logged.
#[derive(Debug, Clone)]
pub(super) struct Training {
    pub(super) id: usize,
    pub(super) employer: usize,
    pub(super) person: usize,
    pub(super) days: Arc<[Date]>,
}

/// The demonstration's history with its ids as holes.
pub(crate) struct Template {
    pub(super) ids: Vec<Uuid>,
    pub(super) roles: Vec<Role>,
    pub(super) employers: usize,
    pub(super) universities: usize,
    pub(super) streams: Vec<Stream>,
    pub(super) keys: Vec<Key>,
    /// The platform's own part of it, the same in every life: policies and registrations.
    pub(super) opening: Vec<Unit>,
    /// By tenant place: its registration.
    pub(super) entries: BTreeMap<usize, Vec<Unit>>,
    /// Everything else, in the order in which it was recorded.
    pub(super) life: Vec<Unit>,
    pub(super) trainings: Vec<Training>,
    /// Commissioners and networks.
    pub(super) fixed: Vec<(TenantId, TenantKind)>,
    /// What is left of it in an abridged life, in the same order.
    pub(super) abridged: Vec<Unit>,
    /// What is left of it in a later life of organisations that last.
    pub(super) later: Vec<Unit>,
    /// By place, whether a life that is not whole shares the id with the one in whose places it is lived.
    pub(super) shared: Vec<bool>,
    /// Trainees of a life.
    pub(super) trainees: u64,
}

type StoredEvent = (
    String,
    String,
    String,
    String,
    String,
    String,
    Vec<Uuid>,
    i64,
);
type StoredReceipt = (Uuid, Uuid, Vec<u8>, String, String, i64, i64);

impl Template {
    /// Reads back what [`play`] left in `folder`.
    pub(crate) async fn read(folder: &Path) -> Result<Self, Fault> {
        let embedded = Embedded::start(folder).await?;
        let options = embedded.ledger_options(Clock::Sandbox)?;
        let ledger = Ledger::open(options).await?;
        let mut owner =
            sqlx::Connection::connect(&embedded.cluster.url("postgres", "trellis")).await?;
        let template = Reading::new(&ledger).read(&mut owner).await?;
        tokio::task::spawn_blocking(move || drop(embedded)).await?;
        Ok(template)
    }
}

struct Reading<'l> {
    ledger: &'l Ledger,
    places: HashMap<Uuid, usize>,
    ids: Vec<Uuid>,
    streams: HashMap<(String, Uuid), usize>,
    keys: HashMap<Uuid, usize>,
}

impl<'l> Reading<'l> {
    fn new(ledger: &'l Ledger) -> Self {
        Self {
            ledger,
            places: HashMap::new(),
            ids: vec![],
            streams: HashMap::new(),
            keys: HashMap::new(),
        }
    }

    fn place(&mut self, id: Uuid) -> usize {
        *self.places.entry(id).or_insert_with(|| {
            self.ids.push(id);
            self.ids.len() - 1
        })
    }

    async fn read(mut self, owner: &mut PgConnection) -> Result<Template, Fault> {
        let keys = self.read_keys(owner).await?;
        let streams = self.read_streams(owner).await?;
        let stored: Vec<StoredEvent> = sqlx::query_as(
            "SELECT aggregate_type, aggregate_id, event_type, event_version, payload::text,
                    metadata::text, parties, (extract(epoch FROM recorded_at) * 1000000)::bigint
               FROM ledger.event ORDER BY recorded_at, aggregate_type, aggregate_id, sequence",
        )
        .fetch_all(&mut *owner)
        .await?;
        let receipts: Vec<StoredReceipt> = sqlx::query_as(
            "SELECT tenant_id, request_id, fingerprint, aggregate_type, aggregate_id, version,
                    (extract(epoch FROM recorded_at) * 1000000)::bigint
               FROM ledger.receipt",
        )
        .fetch_all(owner)
        .await?;
        let mut receipts: HashMap<i64, StoredReceipt> = receipts
            .into_iter()
            .map(|receipt| (receipt.6, receipt))
            .collect();
        let mut units: BTreeMap<i64, Unit> = BTreeMap::new();
        let mut kinds: HashMap<Uuid, String> = HashMap::new();
        let mut trainings: BTreeMap<usize, Training> = BTreeMap::new();
        for (kind, id, event_type, event_version, payload, metadata, parties, recorded) in stored {
            let id: Uuid = id.parse()?;
            let value: Value = serde_json::from_str(&payload)?;
            if let Some(registered) = value.get("TenantRegistered") {
                let of = |name| registered.get(name).and_then(Value::as_str);
                if let (Some(tenant), Some(kind)) = (of("tenant"), of("kind")) {
                    kinds.insert(tenant.parse()?, kind.to_owned());
                }
            }
            let place = self.place(id);
            note_training(&mut trainings, place, &value, &mut self)?;
            let mut copies = vec![];
            let mut sealed = vec![];
            self.find_sealed(&value, String::new(), &mut copies, &mut sealed)
                .await?;
            let Some(stream) = self.streams.get(&(kind, id)).copied() else {
                return Err(format!("the stream {id} has events and no head").into());
            };
            let event = Event {
                stream,
                event_type,
                event_version,
                payload: self.text(&payload, &sealed),
                copies,
                parties: parties.into_iter().map(|id| self.place(id)).collect(),
            };
            if let Some(unit) = units.get_mut(&recorded) {
                unit.events.push(event);
                continue;
            }
            let unit = Unit {
                events: vec![event],
                metadata: self.text(&metadata, &[]),
                receipt: receipts
                    .remove(&recorded)
                    .map(|receipt| self.receipt(receipt))
                    .transpose()?,
            };
            units.insert(recorded, unit);
        }
        self.arrange(streams, keys, units, &kinds, trainings)
    }

    fn arrange(
        self,
        streams: Vec<Stream>,
        keys: Vec<Key>,
        units: BTreeMap<i64, Unit>,
        kinds: &HashMap<Uuid, String>,
        trainings: BTreeMap<usize, Training>,
    ) -> Result<Template, Fault> {
        let mut roles = vec![Role::Other; self.ids.len()];
        let (mut employers, mut universities) = (0, 0);
        for (role, id) in roles.iter_mut().zip(&self.ids) {
            *role = match kinds.get(id).map(String::as_str) {
                Some("employer") => {
                    employers += 1;
                    Role::Employer(employers - 1)
                }
                Some("university") => {
                    universities += 1;
                    Role::University(universities - 1)
                }
                Some(_) => Role::Fixed,
                None if *id == domain::actor::PLATFORM.0 || id.is_nil() => Role::Fixed,
                None => Role::Other,
            };
        }
        for stream in &streams {
            // A tenant's entry in the directory has the tenant's own id.
            if let Some(role) = roles
                .get_mut(stream.id)
                .filter(|role| **role == Role::Other)
            {
                *role = match stream.kind.as_str() {
                    "policy" => Role::Fixed,
                    _ => Role::Record(stream.home),
                };
            }
        }
        let mut template = Template {
            roles,
            employers,
            universities,
            keys,
            opening: vec![],
            entries: BTreeMap::new(),
            life: vec![],
            fixed: vec![],
            abridged: vec![],
            later: vec![],
            shared: vec![],
            trainees: 0,
            trainings: trainings
                .into_values()
                .filter(|training| !training.days.is_empty())
                .collect(),
            ids: self.ids,
            streams,
        };
        for (_, unit) in units {
            let place = unit
                .events
                .first()
                .and_then(|event| template.streams.get(event.stream))
                .map_or(0, |stream| stream.id);
            match template.roles.get(place) {
                Some(Role::Fixed) => template.opening.push(unit),
                Some(Role::Employer(_) | Role::University(_)) => {
                    template.entries.entry(place).or_default().push(unit);
                }
                _ => template.life.push(unit),
            }
        }
        for (id, kind) in kinds {
            if let kind @ (TenantKind::Commissioner | TenantKind::Network) = kind.parse()? {
                template.fixed.push((TenantId(*id), kind));
            }
        }
        template.cut();
        Ok(template)
    }

    async fn read_keys(&mut self, owner: &mut PgConnection) -> Result<Vec<Key>, Fault> {
        let stored: Vec<(Uuid, Uuid, String, Uuid)> = sqlx::query_as(
            "SELECT controller, subject, class, key_id FROM ledger.subject_key
              WHERE wrapped IS NOT NULL ORDER BY 1, 2, 3",
        )
        .fetch_all(owner)
        .await?;
        let mut keys = vec![];
        for (controller, subject, class, id) in stored {
            self.keys.insert(id, keys.len());
            keys.push(Key {
                controller: self.place(controller),
                subject: self.place(subject),
                class: class.parse()?,
                id: self.place(id),
            });
        }
        Ok(keys)
    }

    async fn read_streams(&mut self, owner: &mut PgConnection) -> Result<Vec<Stream>, Fault> {
        type Stored = (String, String, Uuid, Vec<Uuid>, Option<Uuid>);
        let stored: Vec<Stored> = sqlx::query_as(
            "SELECT aggregate_type, aggregate_id, home_tenant, parties, subject
               FROM ledger.stream WHERE version > 0 ORDER BY 1, 2",
        )
        .fetch_all(owner)
        .await?;
        let mut streams = vec![];
        for (kind, id, home, parties, subject) in stored {
            let id: Uuid = id.parse()?;
            self.streams.insert((kind.clone(), id), streams.len());
            streams.push(Stream {
                kind,
                id: self.place(id),
                home: self.place(home),
                parties: parties.into_iter().map(|id| self.place(id)).collect(),
                subject: subject.map(|id| self.place(id)),
            });
        }
        Ok(streams)
    }

    fn receipt(&mut self, stored: StoredReceipt) -> Result<Receipt, Fault> {
        let (tenant, request, fingerprint, kind, id, version, _) = stored;
        Ok(Receipt {
            tenant: self.place(tenant),
            request: self.place(request),
            fingerprint,
            kind,
            id: self.place(id.parse()?),
            version,
        })
    }

    /// The sealed copies within a payload, and their texts as stored.
    async fn find_sealed(
        &mut self,
        value: &Value,
        path: String,
        copies: &mut Vec<SealedPart>,
        texts: &mut Vec<String>,
    ) -> Result<(), Fault> {
        let mut open = vec![(value, path)];
        while let Some((value, path)) = open.pop() {
            if value.get("$sealed").is_some() {
                let personal: Personal<Value> = serde_json::from_value(value.clone())?;
                if let Personal::Sealed {
                    subject,
                    class,
                    copies: sealed,
                } = personal
                {
                    for copy in sealed {
                        let text = copy.text.clone();
                        let key = self.keys.get(&copy.key).copied();
                        let clear = self.open(subject, class, copy).await?;
                        let (Some(key), Some(clear)) = (key, clear) else {
                            continue;
                        };
                        texts.push(text);
                        copies.push(SealedPart {
                            key,
                            path: path.clone(),
                            clear: clear.to_string().into_bytes(),
                        });
                    }
                }
                continue;
            }
            match value {
                Value::Array(items) => open.extend(
                    items
                        .iter()
                        .enumerate()
                        .map(|(nth, item)| (item, format!("{path}/{nth}"))),
                ),
                Value::Object(fields) => open.extend(
                    fields
                        .iter()
                        .map(|(name, item)| (item, format!("{path}/{name}"))),
                ),
                _ => {}
            }
        }
        Ok(())
    }

    async fn open(
        &self,
        subject: PersonId,
        class: PersonalClass,
        copy: SealedCopy,
    ) -> Result<Option<Value>, Fault> {
        let permit = reader(copy.controller)?;
        let value = Personal::<Value>::Sealed {
            subject,
            class,
            copies: vec![copy],
        };
        let class = DataClass::Identity;
        Ok(self.ledger.open_personal(&permit, class, &value).await?)
    }

    /// Cuts holes for ids, sealed texts and the recorded time.
    fn text(&mut self, stored: &str, sealed: &[String]) -> Text {
        const RECORDED: &str = "\"recorded\":\"";
        let mut cuts: Vec<(usize, usize, Part)> = vec![];
        for (nth, text) in sealed.iter().enumerate() {
            if let Some(at) = stored.find(text.as_str()) {
                cuts.push((at, text.len(), Part::Sealed(nth)));
            }
        }
        if let Some(at) = stored.find(RECORDED) {
            let at = at + RECORDED.len();
            let length = stored
                .get(at..)
                .and_then(|rest| rest.find('"'))
                .unwrap_or(0);
            cuts.push((at, length, Part::Recorded));
        }
        let mut at = 0;
        while let Some(found) = stored.get(at..).and_then(uuid_in) {
            let (start, id) = (at + found.0, found.1);
            cuts.push((start, 36, Part::Id(self.place(id))));
            at = start + 36;
        }
        cuts.sort_by_key(|(start, ..)| *start);
        let (mut parts, mut at) = (vec![], 0);
        for (start, length, part) in cuts {
            if let Some(words) = stored.get(at..start) {
                parts.push(Part::Words(words.to_owned()));
                parts.push(part);
                at = start + length;
            }
        }
        parts.extend(stored.get(at..).map(|words| Part::Words(words.to_owned())));
        Text(parts)
    }
}

/// The first id in a text, and where it begins.
fn uuid_in(text: &str) -> Option<(usize, Uuid)> {
    let mut from = 0;
    loop {
        let dash = from + text.get(from..)?.find('-')?;
        let id = dash
            .checked_sub(8)
            .and_then(|start| Some((start, text.get(start..start + 36)?)))
            .and_then(|(start, id)| Some((start, Uuid::try_parse(id).ok()?)));
        if id.is_some() {
            return id;
        }
        from = dash + 1;
    }
}

/// Takes in what an event says about when practice can be logged: not beyond the day of this run,
/// and not in a training whose person has left.
fn note_training(
    trainings: &mut BTreeMap<usize, Training>,
    stream: usize,
    payload: &Value,
    reading: &mut Reading<'_>,
) -> Result<(), Fault> {
    if let Some(started) = payload.get("TrainingStarted") {
        let text = |pointer| started.pointer(pointer).and_then(Value::as_str);
        let (Some(employer), Some(person), Some(starts), Some(ends)) = (
            text("/appointment/employer"),
            text("/appointment/person"),
            text("/year/starts"),
            text("/year/ends"),
        ) else {
            return Err("a training starts without a year".into());
        };
        let today = domain::calendar::london_date(jiff::Timestamp::now());
        let last = ends.parse::<Date>()?.min(today.yesterday()?);
        let training = Training {
            id: stream,
            employer: reading.place(employer.parse()?),
            person: reading.place(person.parse()?),
            days: starts
                .parse::<Date>()?
                .series(1.day())
                .take_while(|day| *day <= last)
                .collect(),
        };
        trainings.insert(stream, training);
    }
    let logged = payload.pointer("/PracticeHoursLogged/entry/until");
    if let (Some(logged), Some(training)) = (logged, trainings.get_mut(&stream)) {
        let logged: Date = logged.as_str().unwrap_or_default().parse()?;
        let free = training.days.iter().filter(|day| **day != logged);
        training.days = free.copied().collect();
    }
    if payload.get("EmploymentEndNoted").is_some() {
        trainings.remove(&stream);
    }
    Ok(())
}
