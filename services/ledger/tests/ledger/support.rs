//! A database per test, and a small record of two tenants to write to.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
use domain::{
    actor::{ActingRole, Actor, PersonId, TenantId, TenantKind},
    id::Id,
    permission::{Action, Permit},
    personal::{Personal, PersonalClass},
    refusal::{Reason, Refusal},
    visibility::DataClass,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World},
};
use ledger::{Clock, Envelope, KeyEncryptionKey, Kinds, Ledger, LedgerOptions};
use serde::{Deserialize, Serialize};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// The class of all that a tally says: human resources and auditors see it, admissions too.
pub(crate) const CLASS: DataClass = DataClass::Application;

thread_local! {
    /// Whom every tally admits, whosever it is: the application's own check, switched off.
    static UNCHECKED: RefCell<Option<Actor>> = const { RefCell::new(None) };
}

/// Does `act` on this thread with no check of ours in front of what the permit's actor asks for.
pub(crate) async fn unchecked<T>(permit: &Permit, act: impl Future<Output = T>) -> T {
    UNCHECKED.set(Some(permit.actor().clone()));
    let done = act.await;
    UNCHECKED.set(None);
    done
}

/// A count that one tenant keeps and shares with others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    home: Option<TenantId>,
    sharers: Vec<TenantId>,
    subject: Option<PersonId>,
    pub(crate) total: i64,
    pub(crate) notes: Vec<Personal<String>>,
    entries: BTreeMap<Uuid, i64>,
    spoilt: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, strum::IntoStaticStr)]
#[expect(clippy::enum_variant_names, reason = "events carry the noun")]
pub(crate) enum TallyEvent {
    TallyOpened {
        home: TenantId,
        sharers: Vec<TenantId>,
        subject: Option<PersonId>,
    },
    TallyRaised {
        entry: Uuid,
        by: i64,
    },
    TallyNoted {
        note: Personal<String>,
    },
    TallyReshared {
        sharers: Vec<TenantId>,
    },
    TallySpoilt,
}

impl DomainEvent for TallyEvent {
    fn event_type(&self) -> String {
        let name: &'static str = self.into();
        name.to_owned()
    }
    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

#[derive(Debug, Clone)]
pub(crate) enum TallyAct {
    Open {
        sharers: Vec<TenantId>,
        subject: Option<PersonId>,
    },
    Raise {
        by: i64,
    },
    Note {
        subject: PersonId,
        note: String,
    },
    Reshare {
        sharers: Vec<TenantId>,
    },
    /// Names parties that the database does not accept.
    Spoil,
}

impl Aggregate for Tally {
    const TYPE: &'static str = "tally";
    type Command = Issued<TallyAct>;
    type Event = TallyEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(&command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: TallyEvent) {
        match event {
            TallyEvent::TallyOpened {
                home,
                sharers,
                subject,
            } => {
                self.home = Some(home);
                self.sharers = sharers;
                self.subject = subject;
            }
            TallyEvent::TallyRaised { entry, by } => {
                self.entries.insert(entry, by);
                self.total += by;
            }
            TallyEvent::TallyNoted { note } => self.notes.push(note),
            TallyEvent::TallyReshared { sharers } => self.sharers = sharers,
            TallyEvent::TallySpoilt => self.spoilt = true,
        }
    }
}

/// A tally takes no more than this in one step; the rule that refuses in these tests.
pub(crate) const RAISE_MAX: i64 = 1_000;

impl Decider for Tally {
    type Act = TallyAct;
    const COLLECTION: &'static str = "tallies";

    fn decide(&self, issued: &Issued<TallyAct>) -> Result<Vec<TallyEvent>, Refusal> {
        let open = || self.home.map(drop).ok_or_else(Refusal::not_permitted);
        Ok(vec![match &issued.act {
            TallyAct::Open { sharers, subject } => {
                if self.home.is_some() {
                    return Ok(vec![]);
                }
                TallyEvent::TallyOpened {
                    home: issued.by.tenant,
                    sharers: sharers.clone(),
                    subject: *subject,
                }
            }
            TallyAct::Raise { by } => {
                open()?;
                if *by > RAISE_MAX {
                    return Err(Refusal::invalid("by", "too much at once"));
                }
                // Not a natural key on purpose: only the receipt tells a repeat.
                TallyEvent::TallyRaised {
                    entry: Uuid::from_u128(self.entries.len() as u128),
                    by: *by,
                }
            }
            TallyAct::Note { subject, note } => {
                open()?;
                TallyEvent::TallyNoted {
                    note: Personal::new(
                        *subject,
                        PersonalClass::Assessment,
                        self.sharers.iter().copied().chain(self.home),
                        note.clone(),
                    ),
                }
            }
            TallyAct::Spoil => {
                open()?;
                TallyEvent::TallySpoilt
            }
            TallyAct::Reshare { sharers } => {
                open()?;
                TallyEvent::TallyReshared {
                    sharers: sharers.clone(),
                }
            }
        }])
    }

    fn custody(&self) -> Option<Custody> {
        let mut custody = Custody::of(self.home?, self.sharers.iter().copied());
        if self.spoilt {
            custody.parties.clear();
        }
        custody.subject = self.subject;
        if let Some(actor) = UNCHECKED.with_borrow(Clone::clone) {
            custody.parties.insert(actor.tenant);
            custody.subject = actor.person.or(custody.subject);
        }
        Some(custody)
    }
}

/// Does acts to tallies, guarded by others that are only read.
#[derive(Debug, Clone)]
pub(crate) struct Touch {
    pub(crate) reads: Vec<Id<Tally>>,
    pub(crate) acts: Vec<(Id<Tally>, TallyAct)>,
    /// Refuses unless what is read amounts to this.
    pub(crate) expects: Option<i64>,
}

impl Touch {
    pub(crate) fn one(id: Id<Tally>, act: TallyAct) -> Self {
        Self {
            reads: vec![],
            acts: vec![(id, act)],
            expects: None,
        }
    }
}

impl Command for Touch {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let mut total = 0;
        for id in &self.reads {
            total += world.read(*id)?.total;
        }
        if self.expects.is_some_and(|expected| expected != total) {
            return Err(Refusal::new(Reason::StateNotAllowed, "another total").into());
        }
        let mut key = None;
        for (id, act) in &self.acts {
            world.decide(issue, *id, act.clone())?;
            key = key.or(Some(id.key()));
        }
        key.or_else(|| self.reads.first().map(|id| id.key()))
            .ok_or_else(|| Refusal::not_permitted().into())
    }
}

pub(crate) fn tenant(n: u128) -> TenantId {
    TenantId(Uuid::from_u128(n))
}

pub(crate) fn request(n: u128) -> Uuid {
    Uuid::from_u128(0xFACE_0000_0000 + n)
}

pub(crate) fn tally(home: TenantId, n: u128) -> Id<Tally> {
    Id::derive(home, &[Uuid::from_u128(n)])
}

/// Somebody of `tenant` who may write.
pub(crate) fn permit(tenant: TenantId) -> Permit {
    grant(
        tenant,
        TenantKind::Employer,
        ActingRole::EmployerHr,
        Action::OpenVacancy,
    )
}

pub(crate) fn grant(
    tenant: TenantId,
    kind: TenantKind,
    role: ActingRole,
    action: Action,
) -> Permit {
    Permit::grant(
        Actor {
            tenant,
            kind,
            role,
            person: None,
            client: None,
        },
        action,
    )
    .expect("a permitted action")
}

/// A database of its own with the ledger's schema, on the cluster of this test binary.
pub(crate) struct Database {
    pub(crate) name: String,
}

impl Database {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("ledger_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let cluster = pg_launcher::shared();
        ledger::create_database(&cluster.url("postgres", "postgres"), &name)
            .await
            .unwrap();
        let database = Self { name };
        ledger::migrate(&database.url("postgres")).await.unwrap();
        database
    }

    pub(crate) fn url(&self, role: &str) -> String {
        pg_launcher::shared().url(role, &self.name)
    }

    pub(crate) async fn connect(&self, role: &str) -> PgConnection {
        PgConnection::connect(&self.url(role)).await.unwrap()
    }

    pub(crate) fn options(&self) -> LedgerOptions {
        LedgerOptions {
            command_url: self.url("trellis_command"),
            reader_url: self.url("trellis_reader"),
            projector_url: self.url("trellis_projector"),
            key_encryption_key: KeyEncryptionKey::generate().unwrap(),
            cache_entries: 10_000,
            clock: Clock::System,
        }
    }

    pub(crate) async fn ledger(&self) -> Ledger {
        self.ledger_with(self.options()).await
    }

    pub(crate) async fn ledger_with(&self, options: LedgerOptions) -> Ledger {
        Ledger::open_with(options, Kinds::of_domain().and::<Tally>(CLASS))
            .await
            .unwrap()
    }

    pub(crate) async fn number(&self, query: &str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(&mut self.connect("postgres").await)
            .await
            .unwrap()
    }
}

pub(crate) fn envelope(n: u128) -> Envelope {
    Envelope::new(request(n), [1; 32])
}

/// Opens a tally of `home` shared with `sharers`.
pub(crate) async fn open(
    ledger: &Ledger,
    home: TenantId,
    n: u128,
    sharers: &[TenantId],
) -> Id<Tally> {
    let id = tally(home, n);
    let command = Touch::one(
        id,
        TallyAct::Open {
            sharers: sharers.to_vec(),
            subject: None,
        },
    );
    ledger
        .submit(&permit(home), envelope(0xA000_0000 + n), &command)
        .await
        .unwrap();
    id
}
