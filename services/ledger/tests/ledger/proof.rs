use cqrs_es::{
    EventStore as _,
    persist::{PersistedEventRepository as _, PersistedEventStore},
};
use domain::{
    actor::{ActingRole, Party, PersonId, TenantKind},
    decision_round::{Assessment, Seal, SealAct, SealTerms},
    id::Id,
    permission::Action,
    world::{Command, Halt, Issue, StreamKey, World},
};
use futures::TryStreamExt as _;
use ledger::HistoryEvent;
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{
    Database, Tally, TallyAct, Touch, envelope, grant, open, permit, tally, tenant,
};

async fn pool(database: &Database) -> PgPool {
    PgPool::connect(&database.url("trellis_command"))
        .await
        .unwrap()
}

#[tokio::test]
async fn postgres_es_and_cqrs_es_read_our_table() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let id = open(&ledger, home, 1, &[tenant(2)]).await;
    for n in 0..3 {
        ledger
            .submit(
                &permit(home),
                envelope(n),
                &Touch::one(id, TallyAct::Raise { by: 5 }),
            )
            .await
            .unwrap();
    }
    let repository = || async {
        PostgresEventRepository::new(pool(&database).await)
            .with_tables("ledger.event", "ledger.no_snapshots")
    };
    let id = id.0.to_string();
    let events = repository().await.get_events::<Tally>(&id).await.unwrap();
    assert_eq!(events.len(), 4);
    let tail = repository()
        .await
        .get_last_events::<Tally>(&id, 2)
        .await
        .unwrap();
    assert_eq!(
        tail.iter().map(|event| event.sequence).collect::<Vec<_>>(),
        [3, 4]
    );

    let store = PersistedEventStore::<_, Tally>::new_event_store(repository().await);
    let envelopes = store.load_events(&id).await.unwrap();
    assert_eq!(envelopes[3].metadata["tenant"], home.0.to_string());
    assert_eq!(envelopes[3].metadata["role"], "employer_hr");
    let mut context = store.load_aggregate(&id).await.unwrap();
    assert_eq!(cqrs_es::AggregateContext::aggregate(&mut context).total, 15);
}

fn person() -> PersonId {
    PersonId(Uuid::from_u128(77))
}

async fn history(
    ledger: &ledger::Ledger,
    permit: &domain::permission::Permit,
) -> Vec<HistoryEvent> {
    ledger
        .history(permit, person())
        .try_collect()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_history_verifies_and_a_changed_row_is_found() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let (home, sharer, later) = (tenant(1), tenant(2), tenant(3));
    let mut n = 0;
    let mut submit = async |id, act| {
        n += 1;
        ledger
            .submit(&permit(home), envelope(n), &Touch::one(id, act))
            .await
            .unwrap()
    };
    let (one, two) = (tally(home, 1), tally(home, 2));
    let about = |sharers: &[_]| TallyAct::Open {
        sharers: sharers.to_vec(),
        subject: Some(person()),
    };
    submit(one, about(&[sharer])).await;
    submit(two, about(&[])).await;
    for _ in 0..3 {
        submit(one, TallyAct::Raise { by: 5 }).await;
        submit(two, TallyAct::Raise { by: 5 }).await;
    }
    submit(
        one,
        TallyAct::Reshare {
            sharers: vec![later],
        },
    )
    .await;

    let auditor = grant(
        tenant(9),
        TenantKind::Auditor,
        ActingRole::Auditor,
        Action::ReplayHistory,
    );
    let employer = |tenant| {
        grant(
            tenant,
            TenantKind::Employer,
            ActingRole::EmployerHr,
            Action::ReplayHistory,
        )
    };
    let all = history(&ledger, &auditor).await;
    assert_eq!(all.len(), 9);
    assert!(all.iter().all(|event| event.chain_verified));
    assert!(all.is_sorted_by_key(|event| event.recorded));
    assert_eq!(history(&ledger, &employer(home)).await, all);
    assert_eq!(history(&ledger, &employer(sharer)).await.len(), 4);
    // Its chain is proved from the first event though it sees only the last.
    let theirs = history(&ledger, &employer(later)).await;
    assert_eq!(theirs.len(), 1);
    assert!(theirs[0].chain_verified);
    assert_eq!(history(&ledger, &employer(tenant(5))).await, []);

    // The owner of the database changes one number.
    sqlx::query(
        "UPDATE ledger.event SET payload = replace(payload::text, '5', '6')::json
          WHERE aggregate_id = $1 AND sequence = 3",
    )
    .bind(one.0.to_string())
    .execute(&mut database.connect("postgres").await)
    .await
    .unwrap();
    let broken: Vec<(Uuid, u64)> = history(&ledger, &auditor)
        .await
        .into_iter()
        .filter(|event| !event.chain_verified)
        .map(|event| (event.id, event.sequence))
        .collect();
    assert_eq!(broken, [(one.0, 3), (one.0, 4), (one.0, 5)]);
}

#[tokio::test]
async fn stored_text_is_the_hashed_text() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    open(&ledger, tenant(1), 1, &[tenant(2)]).await;
    let untouched = "SELECT count(*) FROM ledger.event
                      WHERE payload::text LIKE '{\"TallyOpened\":{\"home\":%'
                        AND metadata::text LIKE '%,\"recorded\":\"2%Z\"}'";
    assert_eq!(database.number(untouched).await, 1);
}

/// One side's shortlist for an application that nobody else has decided on.
#[derive(Debug)]
struct SealAlone(SealTerms);

impl Command for SealAlone {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let id = Seal::id(self.0.tenant, self.0.application);
        let act = SealAct::SealShortlist {
            terms: self.0.clone(),
            shortlisted: true,
            assessment: Assessment::default(),
            awaited: true,
        };
        world.decide(issue, id, act)?;
        Ok(id.key())
    }
}

#[tokio::test]
async fn c_3_an_unrevealed_seal_is_withheld_from_an_auditor_and_not_from_its_party() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let (employer, university) = (tenant(1), tenant(2));
    let command = SealAlone(SealTerms {
        application: Id::new(Uuid::from_u128(5)),
        person: person(),
        party: Party::Employer,
        tenant: employer,
    });
    ledger
        .submit(&permit(employer), envelope(1), &command)
        .await
        .unwrap();
    let replay = |tenant, kind, role| grant(tenant, kind, role, Action::ReplayHistory);
    let own = replay(employer, TenantKind::Employer, ActingRole::EmployerHr);
    let other = replay(
        university,
        TenantKind::University,
        ActingRole::ProgrammeLead,
    );
    let auditor = replay(tenant(9), TenantKind::Auditor, ActingRole::Auditor);
    assert_eq!(history(&ledger, &own).await.len(), 1);
    assert_eq!(history(&ledger, &other).await, []);
    assert_eq!(history(&ledger, &auditor).await, []);
    assert_eq!(ledger.head(university).await.unwrap(), 0);
}
