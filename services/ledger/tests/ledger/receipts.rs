use domain::{
    actor::{ActingRole, PLATFORM, TenantKind},
    permission::Action,
    policy::SetPolicy,
    refusal::Reason,
};
use jiff::{SignedDuration, Timestamp};
use ledger::{Clock, Envelope, LedgerError, LedgerOptions};

use crate::support::{
    Database, RAISE_MAX, TallyAct, Touch, envelope, grant, open, permit, request, tally, tenant,
};

#[tokio::test]
async fn a_written_command_takes_the_next_position_of_each_party() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let (home, sharer) = (tenant(1), tenant(2));
    let mut wake = ledger.wake();
    let id = open(&ledger, home, 1, &[sharer]).await;
    assert_eq!(&*wake.recv().await.unwrap(), [home, sharer]);
    let receipt = ledger
        .submit(
            &permit(home),
            envelope(1),
            &Touch::one(id, TallyAct::Raise { by: 5 }),
        )
        .await
        .unwrap();
    assert_eq!((receipt.version, receipt.position), (2, 2));
    assert_eq!(ledger.head(sharer).await.unwrap(), 2);
    let read = ledger.read(&permit(sharer), id).await.unwrap();
    assert_eq!((read.state.total, read.version), (5, 2));
    let page = ledger.feed(&permit(sharer), 0, 10).await.unwrap();
    assert_eq!(page.items.len(), 2);
    let event = page.items[1].event.as_ref().unwrap();
    assert!(!page.more && !event.home);
    assert_eq!(event.event_type, "TallyRaised");
    assert_eq!(event.recorded, receipt.recorded);
    assert_eq!(
        ledger.receipt(&permit(home), request(1)).await.unwrap(),
        Some(receipt)
    );
    assert_eq!(
        ledger.receipt(&permit(sharer), request(1)).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_repeat_gets_the_first_receipt_though_the_record_went_on() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let id = open(&ledger, home, 1, &[]).await;
    let raise = Touch::one(id, TallyAct::Raise { by: 5 });
    let first = ledger
        .submit(&permit(home), envelope(1), &raise)
        .await
        .unwrap();
    ledger
        .submit(&permit(home), envelope(2), &raise)
        .await
        .unwrap();
    let repeat = ledger
        .submit(&permit(home), envelope(1), &raise)
        .await
        .unwrap();
    assert_eq!(first, repeat);
    // A repeat that the rules would refuse by now still gets its first answer.
    let expecting = Touch {
        reads: vec![id],
        acts: vec![(id, TallyAct::Raise { by: 1 })],
        expects: Some(10),
    };
    let first = ledger
        .submit(&permit(home), envelope(3), &expecting)
        .await
        .unwrap();
    let repeat = ledger
        .submit(&permit(home), envelope(3), &expecting)
        .await
        .unwrap();
    assert_eq!(first, repeat);
    assert_eq!(ledger.read(&permit(home), id).await.unwrap().version, 4);
}

#[tokio::test]
async fn a_request_id_used_for_another_request_is_refused() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let id = open(&ledger, home, 1, &[]).await;
    let submit = |fingerprint: [u8; 32], by: i64| {
        let ledger = ledger.clone();
        async move {
            ledger
                .submit(
                    &permit(home),
                    Envelope::new(request(1), fingerprint),
                    &Touch::one(id, TallyAct::Raise { by }),
                )
                .await
        }
    };
    submit([1; 32], 5).await.unwrap();
    let reused = [
        submit([2; 32], 6).await,
        submit([3; 32], RAISE_MAX + 1).await,
    ];
    for outcome in reused {
        match outcome {
            Err(LedgerError::Refused(refusal)) => {
                assert_eq!(refusal.reason, Reason::RequestIdReused);
            }
            other => panic!("{other:?}"),
        }
    }
    // Another tenant may use the same id.
    let other = tenant(2);
    let theirs = open(&ledger, other, 1, &[]).await;
    ledger
        .submit(
            &permit(other),
            Envelope::new(request(1), [2; 32]),
            &Touch::one(theirs, TallyAct::Raise { by: 1 }),
        )
        .await
        .unwrap();
    // The fingerprint itself is not in the table.
    let plain =
        "SELECT count(*) FROM ledger.receipt WHERE fingerprint = decode(repeat('01', 32), 'hex')";
    assert_eq!(database.number(plain).await, 0);
}

#[tokio::test]
async fn a_fact_recorded_twice_is_answered_with_the_record_as_it_stands() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let id = open(&ledger, home, 1, &[]).await;
    ledger
        .submit(
            &permit(home),
            envelope(1),
            &Touch::one(id, TallyAct::Raise { by: 5 }),
        )
        .await
        .unwrap();
    let again = Touch::one(
        id,
        TallyAct::Open {
            sharers: vec![],
            subject: None,
        },
    );
    let first = ledger
        .submit(&permit(home), envelope(2), &again)
        .await
        .unwrap();
    assert_eq!((first.version, first.position), (2, 0));
    ledger
        .submit(
            &permit(home),
            envelope(3),
            &Touch::one(id, TallyAct::Raise { by: 5 }),
        )
        .await
        .unwrap();
    let repeat = ledger
        .submit(&permit(home), envelope(2), &again)
        .await
        .unwrap();
    assert_eq!(first, repeat);
    assert_eq!(ledger.head(home).await.unwrap(), 3);
}

#[tokio::test]
async fn a_foreign_record_and_an_absent_one_are_refused_alike() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let id = open(&ledger, tenant(1), 1, &[tenant(2)]).await;
    let refusal = |outcome| match outcome {
        Err(LedgerError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let stranger = permit(tenant(3));
    let foreign = ledger.read(&stranger, id).await.map(drop);
    let absent = ledger.read(&stranger, tally(tenant(1), 9)).await.map(drop);
    assert_eq!(refusal(foreign), refusal(absent));
}

#[tokio::test]
async fn a_policy_holds_for_the_next_command_here_and_soon_elsewhere() {
    let database = Database::new().await;
    let options = database.options();
    let ledger = database.ledger_with(options.clone()).await;
    let other = database.ledger_with(options).await;
    let approver = grant(
        PLATFORM,
        TenantKind::Platform,
        ActingRole::PlatformOperator,
        Action::SetPolicy,
    );
    let day = jiff::civil::date(2026, 1, 1);
    let set = SetPolicy {
        policy: "cluster.min".to_owned(),
        from: day,
        until: None,
        value: 3.into(),
        source: "ALLOC-01".to_owned(),
        approver: "test".to_owned(),
    };
    ledger.submit(&approver, envelope(1), &set).await.unwrap();
    assert!(ledger.policies().in_force("cluster.min", day).is_some());
    tokio::time::timeout(std::time::Duration::from_secs(5), async {
        while other.policies().in_force("cluster.min", day).is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn business_time_of_a_sandbox_survives_a_restart() {
    let database = Database::new().await;
    let options = LedgerOptions {
        clock: Clock::Sandbox,
        ..database.options()
    };
    let ledger = database.ledger_with(options.clone()).await;
    let id = open(&ledger, tenant(1), 1, &[]).await;
    let later: Timestamp = "2031-05-01T11:00:00Z".parse().unwrap();
    let raise = Touch::one(id, TallyAct::Raise { by: 1 });
    let dated = |n, effective| Envelope {
        effective: Some(effective),
        ..envelope(n)
    };
    ledger
        .submit(&permit(tenant(1)), dated(1, later), &raise)
        .await
        .unwrap();
    assert_eq!(ledger.now(), later);
    drop(ledger);
    let reopened = database.ledger_with(options).await;
    assert_eq!(reopened.now(), later);

    let real = database.ledger().await;
    let ahead = Timestamp::now() + SignedDuration::from_hours(72);
    match real
        .submit(&permit(tenant(1)), dated(2, ahead), &raise)
        .await
    {
        Err(LedgerError::Refused(refusal)) => {
            assert_eq!(refusal.reason, Reason::EffectiveInFuture);
        }
        other => panic!("{other:?}"),
    }
}
