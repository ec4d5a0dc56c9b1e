use super::*;

#[test]
fn an_interruption_moves_the_months_still_to_be_paid() {
    let mut given = funded();
    let national = cast::national();
    for number in 1..=3 {
        paid(&mut given, payday(number), number);
    }
    let id = cast::appointment().award();
    let (suspend, resume) = (SuspendAward { award: id }, ResumeAward { award: id });
    let (from, until) = (date(2026, 6, 1), date(2026, 9, 1));
    assert_eq!(
        given.when(&national, from, &resume),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(&national, from, &suspend),
        Ok(vec!["FundingAwardSuspended".to_owned()])
    );
    assert_eq!(given.when(&national, from, &suspend), Ok(vec![]));
    assert_eq!(
        given.when(&national, date(2026, 6, 2), &suspend),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&national, payday(4), &pay(4)),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(&national, date(2026, 5, 31), &resume),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(&national, until, &resume),
        Ok(vec!["FundingAwardResumed".to_owned()])
    );
    assert_eq!(
        given.when(&national, date(2026, 8, 31), &pay(4)),
        Err(Reason::StateNotAllowed)
    );
    for number in 4..=12 {
        let month = crate::calendar::months_later(until, number - 4);
        paid(&mut given, month, number);
    }
    assert_eq!(award(&given).status(), AwardStatus::Completed);
    assert_eq!(book(&given).net_paid(), 2_748_500);
    assert_eq!(
        given.when(&national, date(2027, 6, 1), &suspend),
        Err(Reason::StateNotAllowed)
    );
    for refused in [&suspend as &dyn Command, &resume] {
        assert_eq!(
            given.when(&cast::hr(), until, refused),
            Err(Reason::NotPermitted)
        );
    }
}

#[test]
fn nothing_is_paid_beyond_the_year_and_the_days_it_was_interrupted() {
    let mut given = funded();
    let id = cast::appointment().award();
    let national = cast::national();
    let suspend = SuspendAward { award: id };
    assert!(given.when(&national, date(2026, 6, 1), &suspend).is_ok());
    let resume = ResumeAward { award: id };
    assert!(given.when(&national, date(2026, 6, 11), &resume).is_ok());
    for number in 1..=11 {
        paid(&mut given, date(2027, 2, 20), number);
    }
    let (last, after) = (date(2027, 3, 11), date(2027, 3, 12));
    assert_eq!(
        given.when(&national, after, &pay(12)),
        Err(Reason::StateNotAllowed)
    );
    assert!(given.when(&national, last, &pay(12)).is_ok());
}

/// The pay of band 4 from April 2026, known later.
fn back_dated(given: Given) -> Given {
    let mut given = given;
    let set = crate::policy::SetPolicy {
        policy: "pay.table".to_owned(),
        from: date(2026, 4, 1),
        until: None,
        value: json!({"4": [2_838_000, 3_100_000], "5": [3_200_000], "6": [3_990_000]}),
        source: "a pay award of the summer".to_owned(),
        approver: "test".to_owned(),
    };
    let by = actor(crate::actor::PLATFORM, ActingRole::PlatformOperator);
    assert!(given.when(&by, date(2026, 7, 20), &set).is_ok());
    given
}

#[test]
fn a_back_dated_pay_change_adjusts_paid_months_and_restates_the_others() {
    let mut given = funded();
    for number in 1..=4 {
        paid(&mut given, payday(number), number);
    }
    assert_eq!(closed(&mut given, date(2026, 6, 30)), 4 * 229_042);
    let statement = FundingStatement::id(cast::commissioner(), cast::employer(), date(2026, 6, 1));
    let before = given.stored(statement);
    let mut given = back_dated(given);
    let change = ApplyPayChange {
        award: cast::appointment().award(),
    };
    let from = date(2026, 4, 1);
    let told = given
        .when(&cast::national(), from, &change)
        .expect("applied");
    assert_eq!(
        told.iter()
            .filter(|fact| *fact == "InstalmentAdjusted")
            .count(),
        3,
        "April to June"
    );
    assert_eq!(
        told.iter()
            .filter(|fact| *fact == "InstalmentRestated")
            .count(),
        8,
        "July to February"
    );
    assert_eq!(given.when(&cast::national(), from, &change), Ok(vec![]));
    given.settle(from);

    // what was closed stays as it was; the next statement holds the difference
    assert_eq!(given.stored(statement), before);
    paid(&mut given, payday(5), 5);
    let more = 236_500 - 229_042;
    assert_eq!(closed(&mut given, date(2026, 7, 31)), 236_500 + 3 * more);
    assert_eq!(given.stored(statement), before);
    assert_eq!(book(&given).sum(), 0);
    assert_eq!(
        given.when(&cast::hr(), from, &change),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn a_pay_change_before_the_training_has_no_month_to_change() {
    let mut given = cast::appointed();
    assert!(given.when(&cast::national(), APPROVAL, &approve()).is_ok());
    let mut given = back_dated(given);
    let change = ApplyPayChange {
        award: cast::appointment().award(),
    };
    assert_eq!(
        given.when(&cast::national(), date(2026, 4, 1), &change),
        Err(Reason::StateNotAllowed)
    );
}
