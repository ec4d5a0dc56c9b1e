//! Trellis itself, in this process, through the same calls that its server makes.

use domain::{
    actor::{ActingRole, Actor, PersonId, TenantId, TenantKind},
    id::Id,
    permission::{Action, Permit},
    visibility::DataClass,
};
use ledger::{Clock, Envelope, KeyEncryptionKey, Kinds, Ledger, LedgerOptions};
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use crate::{
    Fault,
    closed::Writer,
    cluster::Database,
    diary::{Diary, Keeping, WritePages},
};

pub(crate) const NAME: &str = "trellis";

/// As the embedded default has it.
pub(crate) const CACHE_ENTRIES: usize = 100_000;

/// Tenants that writers are spread over, and as many beside them as other parties.
pub(crate) const TENANTS: u64 = 64;

/// Pages of one diary before the next is begun.
const DIARY_PAGES: u64 = 20;

/// Diaries that a writer has open at a time, page by page in turn.
const OPEN_DIARIES: u64 = 4;

/// Prepares a database.
pub(crate) async fn migrate(database: &Database) -> Result<(), Fault> {
    Ok(ledger::migrate(&database.owner_url()).await?)
}

/// How to open the ledger on a database, with a key that lives as long as the run.
pub(crate) fn options(database: &Database, key: &KeyEncryptionKey) -> LedgerOptions {
    LedgerOptions {
        command_url: database.url("trellis_command"),
        reader_url: database.url("trellis_reader"),
        projector_url: database.url("trellis_projector"),
        key_encryption_key: key.clone(),
        cache_entries: CACHE_ENTRIES,
        clock: Clock::System,
    }
}

/// The ledger with diaries in it.
pub(crate) async fn open(options: LedgerOptions) -> Result<Ledger, Fault> {
    Ok(Ledger::open_with(
        options,
        Kinds::of_domain().and::<Diary>(DataClass::Training),
    )
    .await?)
}

/// Whom writers write for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
pub(crate) enum Tenancy {
    /// Writers are spread over [`TENANTS`].
    #[strum(serialize = "many tenants")]
    Many,
    /// All write for one.
    #[strum(serialize = "one hot tenant")]
    Hot,
}

/// Who sees what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
pub(crate) enum Parties {
    #[strum(serialize = "one party")]
    One,
    #[strum(serialize = "two parties")]
    Two,
}

/// The `nth` of the tenants at home.
pub(crate) fn home(nth: u64) -> TenantId {
    TenantId(named("home", nth))
}

/// The `nth` of the other parties.
pub(crate) fn other(nth: u64) -> TenantId {
    TenantId(named("other", nth))
}

/// Somebody of `tenant` who may write.
pub(crate) fn permit(tenant: TenantId) -> Result<Permit, Fault> {
    let actor = Actor {
        tenant,
        kind: TenantKind::Employer,
        role: ActingRole::EmployerHr,
        person: Some(PersonId(Uuid::new_v5(&tenant.0, b"hr"))),
        client: None,
    };
    Permit::grant(actor, Action::OpenVacancy).ok_or_else(|| "not a permitted action".into())
}

/// Somebody who may read `tenant`'s copy of every value: a person is shown all that is about them.
pub(crate) fn reader(tenant: TenantId) -> Result<Permit, Fault> {
    let actor = Actor {
        tenant,
        kind: TenantKind::Person,
        role: ActingRole::Candidate,
        person: Some(PersonId(tenant.0)),
        client: None,
    };
    Permit::grant(actor, Action::GetApplication).ok_or_else(|| "not a permitted action".into())
}

/// An id like a client's: random to look at, the same in every run.
fn named(kind: &str, nth: u64) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{kind} {nth}").as_bytes())
}

/// Keeps diaries of its own.
pub(crate) struct Diarist {
    ledger: Ledger,
    permit: Permit,
    parties: Parties,
    name: Uuid,
    pages_a_command: u32,
    sent: u64,
}

impl Diarist {
    /// The `nth` writer. `series` tells its diaries from those of the same writer elsewhere.
    pub(crate) fn new(
        ledger: &Ledger,
        series: &str,
        nth: u64,
        tenancy: Tenancy,
        parties: Parties,
    ) -> Result<Self, Fault> {
        let home = match tenancy {
            Tenancy::Many => home(nth % TENANTS),
            Tenancy::Hot => home(0),
        };
        Ok(Self {
            ledger: ledger.clone(),
            permit: permit(home)?,
            parties,
            name: named(series, nth),
            pages_a_command: 1,
            sent: 0,
        })
    }

    /// The same, with several events in each commit.
    #[must_use]
    pub(crate) fn writing(mut self, pages: u32) -> Self {
        self.pages_a_command = pages;
        self
    }

    fn next(&mut self) -> (Envelope, WritePages) {
        let page = self.sent;
        self.sent += 1;
        let commands_a_diary = DIARY_PAGES / u64::from(self.pages_a_command);
        let block = OPEN_DIARIES * commands_a_diary;
        let diary = page / block * OPEN_DIARIES + page % OPEN_DIARIES;
        let name = Uuid::new_v5(&self.name, &diary.to_be_bytes());
        let request = Uuid::new_v5(&self.name, format!("request {page}").as_bytes());
        written(
            &self.permit,
            name,
            request,
            self.parties,
            self.pages_a_command,
        )
    }
}

/// The `nth` diary's `round` of pages, by its own keeper.
pub(crate) fn page(
    series: Uuid,
    nth: u64,
    round: u64,
    parties: Parties,
    pages: u32,
) -> Result<(Permit, Envelope, WritePages), Fault> {
    let permit = permit(home(nth % TENANTS))?;
    let name = Uuid::new_v5(&series, &nth.to_be_bytes());
    let request = Uuid::new_v5(&name, format!("request {round}").as_bytes());
    let (envelope, command) = written(&permit, name, request, parties, pages);
    Ok((permit, envelope, command))
}

fn written(
    permit: &Permit,
    name: Uuid,
    request: Uuid,
    parties: Parties,
    pages: u32,
) -> (Envelope, WritePages) {
    let home = permit.actor().tenant;
    let keeping = Keeping {
        home,
        other: match parties {
            Parties::One => None,
            Parties::Two => Some(other(u64::from(name.as_bytes()[0]) % TENANTS)),
        },
        subject: PersonId(Uuid::new_v5(&name, b"subject")),
    };
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, request.as_bytes()).as_ref());
    let command = WritePages {
        diary: Id::derive(home, &[name]),
        keeping,
        pages,
    };
    (Envelope::new(request, fingerprint), command)
}

impl Writer for Diarist {
    async fn command(&mut self) -> Result<(), Fault> {
        let (envelope, command) = self.next();
        self.ledger.submit(&self.permit, envelope, &command).await?;
        Ok(())
    }
}
