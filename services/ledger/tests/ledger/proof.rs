use audit::merkle;
use cqrs_es::{
    EventStore as _,
    persist::{PersistedEventRepository as _, PersistedEventStore},
};
use domain::{
    actor::{ActingRole, Party, PersonId, TenantId, TenantKind},
    decision_round::{Assessment, Seal, SealAct, SealTerms},
    id::Id,
    permission::Action,
    refusal::Reason,
    world::{Command, Halt, Issue, StreamKey, World},
};
use futures::TryStreamExt as _;
use ledger::{HistoryEvent, Ledger, LedgerError, Viewpoint};
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
        .history(permit, person(), Viewpoint::default())
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

/// An auditor sees what a tenant could see at an instant: event for event what that tenant's own
/// replay gives, with the places it has in that tenant's feed. Nobody else sees with others' eyes.
#[tokio::test]
async fn an_auditor_replays_what_a_tenant_could_see_at_an_instant() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let (home, sharer) = (tenant(1), tenant(2));
    let mut n = 0;
    let mut submit = async |id, act| {
        n += 1;
        ledger
            .submit(&permit(home), envelope(n), &Touch::one(id, act))
            .await
            .unwrap()
    };
    let (shared, own) = (tally(home, 1), tally(home, 2));
    for (id, sharers) in [(shared, vec![sharer]), (own, vec![])] {
        let subject = Some(person());
        submit(id, TallyAct::Open { sharers, subject }).await;
    }
    submit(shared, TallyAct::Raise { by: 1 }).await;
    let then = submit(own, TallyAct::Raise { by: 1 }).await.recorded;
    submit(shared, TallyAct::Reshare { sharers: vec![] }).await;
    submit(shared, TallyAct::Raise { by: 2 }).await;

    let replay = |tenant, kind, role| grant(tenant, kind, role, Action::ReplayHistory);
    let auditor = replay(tenant(9), TenantKind::Auditor, ActingRole::Auditor);
    let look = async |permit: &domain::permission::Permit, known, tenant| {
        let seen = ledger.history(permit, person(), Viewpoint { known, tenant });
        seen.try_collect::<Vec<HistoryEvent>>().await
    };
    for party in [home, sharer] {
        let theirs = replay(party, TenantKind::Employer, ActingRole::EmployerHr);
        for known in [None, Some(then)] {
            let seen = look(&auditor, known, Some(party)).await.unwrap();
            let own = look(&theirs, known, None).await.unwrap();
            let places: Vec<_> = seen.iter().filter_map(|event| event.position).collect();
            assert_eq!(places.len(), seen.len());
            assert!(places.is_sorted());
            let placeless = seen.into_iter().map(|event| HistoryEvent {
                position: None,
                ..event
            });
            assert_eq!(placeless.collect::<Vec<_>>(), own);
            assert!(
                own.iter()
                    .all(|event| known.is_none_or(|t| event.recorded <= t))
            );
        }
        let with_others_eyes = look(&theirs, None, Some(tenant(5))).await.unwrap_err();
        assert!(matches!(
            with_others_eyes,
            LedgerError::Refused(refusal) if refusal.reason == Reason::NotPermitted
        ));
    }
    // Of the six events two are the sharer's: it left before the last of them.
    assert_eq!(look(&auditor, None, Some(sharer)).await.unwrap().len(), 2);
    assert_eq!(look(&auditor, Some(then), None).await.unwrap().len(), 4);
}

/// Raises one tally so often in one command.
async fn raise(ledger: &Ledger, home: TenantId, n: u128, times: usize) {
    let id = tally(home, 1);
    let acts = vec![(id, TallyAct::Raise { by: 1 }); times];
    let command = Touch {
        reads: vec![],
        acts,
        expects: None,
    };
    ledger
        .submit(&permit(home), envelope(n), &command)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_log_proves_each_event_and_that_it_only_grew_across_the_subtrees_it_keeps() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let (home, sharer) = (tenant(1), tenant(2));
    open(&ledger, home, 1, &[sharer]).await;
    let asks = grant(
        home,
        TenantKind::Employer,
        ActingRole::EmployerHr,
        Action::GetCheckpoint,
    );
    let signer = ledger.log_signer().unwrap();
    let key = signer.verifier();
    let mut kept = vec![];
    for (n, times) in [(1, 40), (2, 214), (3, 1), (4, 300), (5, 213)] {
        raise(&ledger, home, n, times).await;
        let mut log = ledger.log(&asks, home, None).await.unwrap();
        let head = log.checkpoint("trellis").await.unwrap();
        kept.push(key.open(&signer.sign(&head)).unwrap());
    }
    // Exactly at, just before and just after what is kept.
    let sizes: Vec<u64> = kept.iter().map(|head| head.size).collect();
    assert_eq!(sizes, [41, 255, 256, 556, 769]);
    let subtrees = "SELECT count(*) FROM ledger.log_subtree";
    assert_eq!(database.number(subtrees).await, 3);

    let newest = kept.last().unwrap().clone();
    for earlier in &kept {
        let mut log = ledger.log(&asks, home, None).await.unwrap();
        let path = log.consistency(earlier.size).await.unwrap();
        let (first, second) = ((earlier.size, &earlier.root), (newest.size, &newest.root));
        assert!(merkle::extends(first, second, &path), "{}", earlier.size);
        // The head of a size it has had is the one that was signed then.
        let mut then = ledger.log(&asks, home, Some(earlier.size)).await.unwrap();
        assert_eq!(then.checkpoint("trellis").await.unwrap(), *earlier);
    }
    let mut log = ledger.log(&asks, home, None).await.unwrap();
    for position in [1, 2, 255, 256, 257, 512, 513, 768, 769] {
        let (leaf, path) = log.inclusion(position).await.unwrap();
        let there = merkle::includes(&newest.root, newest.size, position - 1, &leaf, &path);
        assert!(there, "{position}");
    }

    // The same events make the same log in the sharer's feed, under an origin of its own.
    let mut theirs = ledger
        .log(
            &grant(
                sharer,
                TenantKind::University,
                ActingRole::ProgrammeLead,
                Action::GetCheckpoint,
            ),
            sharer,
            None,
        )
        .await
        .unwrap();
    let theirs = theirs.checkpoint("trellis").await.unwrap();
    assert_eq!((theirs.size, theirs.root), (newest.size, newest.root));
    assert_ne!(theirs.origin, newest.origin);
    for (what, asked) in [
        ("a stranger's log", ledger.log(&asks, sharer, None).await),
        ("what is to come", ledger.log(&asks, home, Some(770)).await),
    ] {
        assert!(matches!(asked, Err(LedgerError::Refused(_))), "{what}");
    }
}

#[tokio::test]
async fn an_event_changed_behind_the_service_fails_its_proof() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    open(&ledger, home, 1, &[]).await;
    raise(&ledger, home, 1, 300).await;
    let auditor = grant(
        tenant(9),
        TenantKind::Auditor,
        ActingRole::Auditor,
        Action::GetCheckpoint,
    );
    let head = async || {
        let mut log = ledger.log(&auditor, home, None).await.unwrap();
        log.checkpoint("trellis").await.unwrap()
    };
    let kept = head().await;
    sqlx::query("UPDATE ledger.event SET hash = sha256('changed') WHERE sequence IN (7, 290)")
        .execute(&mut database.connect("postgres").await)
        .await
        .unwrap();
    // Below a kept subtree the head still stands and the changed event has no proof; above it, the
    // head is another one.
    assert_ne!(head().await.root, kept.root);
    let mut log = ledger.log(&auditor, home, Some(256)).await.unwrap();
    let (leaf, path) = log.inclusion(7).await.unwrap();
    let then = log.checkpoint("trellis").await.unwrap();
    assert!(!merkle::includes(&then.root, 256, 6, &leaf, &path));
}
