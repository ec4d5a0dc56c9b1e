use super::*;
use crate::{
    actor::{ActingRole, Actor},
    employment::EndEmployment,
};

/// The last day of C7 of scenario D.9.
const LEFT: Date = date(2026, 8, 12);

/// Six instalments are paid, the last of them early in August; then the trainee leaves.
fn left() -> Given {
    let mut given = funded();
    for number in 1..=5 {
        paid(&mut given, payday(number), number);
    }
    paid(&mut given, date(2026, 8, 10), 6);
    let end = EndEmployment {
        employment: cast::appointment().employment(),
    };
    assert!(given.when(&cast::hr(), LEFT, &end).is_ok());
    let told = given.settle(LEFT);
    for fact in [
        "FundingAwardStopped",
        "InstalmentsVoided",
        "RecoveryCaseOpened",
    ] {
        assert!(told.contains(&fact.to_owned()), "{fact} in {told:?}");
    }
    given
}

fn case(given: &Given, number: u32) -> (i64, Option<&'static str>) {
    let (case, end) = award(given).case(number).expect("a case");
    (case.pence(), end.map(CaseEnd::word))
}

fn claim(number: u32) -> OpenRecovery {
    OpenRecovery {
        award: cast::appointment().award(),
        instalments: vec![number],
    }
}

#[test]
fn d_9_unpaid_months_are_void_and_the_unearned_days_of_the_last_one_come_back() {
    let given = left();
    assert_eq!(award(&given).status(), AwardStatus::Stopped);
    assert_eq!(case(&given, 1), (140_381, None));
    let standings: Vec<_> = award(&given)
        .instalments()
        .map(|(_, month)| month.standing)
        .collect();
    let mut expected = vec![InstalmentStanding::Paid; 5];
    expected.push(InstalmentStanding::AwaitingRecovery);
    expected.extend([InstalmentStanding::Voided; 6]);
    assert_eq!(standings, expected);
    let book = book(&given);
    assert_eq!(book.sum(), 0);
    assert_eq!(book.net_paid(), 1_374_252);
    assert_eq!(book.balance(Account::Owed), 140_381);
    assert_eq!(book.balance(Account::Planned), 0);
}

#[test]
fn d_9_the_recovery_is_settled_by_the_next_statement_and_no_month_is_claimed_twice() {
    let mut given = left();
    let national = cast::national();
    assert_eq!(closed(&mut given, date(2026, 8, 31)), 1_374_252 - 140_381);
    assert_eq!(case(&given, 1), (140_381, Some("settled")));
    assert_eq!(book(&given).net_paid(), 1_233_871);
    assert_eq!(book(&given).balance(Account::Recovered), 140_381);
    assert_eq!(
        given.when(&national, date(2026, 9, 30), &claim(6)),
        Err(Reason::AlreadyRecovered)
    );
    assert_eq!(
        given.when(&national, date(2026, 9, 30), &claim(7)),
        Err(Reason::StateNotAllowed),
        "void, never paid"
    );
    assert_eq!(
        given.when(&national, date(2026, 9, 30), &claim(13)),
        Err(Reason::FieldInvalid)
    );
}

#[test]
fn d_9_a_recovery_can_be_waived_until_a_statement_holds_it() {
    let mut given = left();
    let waive = WaiveRecovery {
        award: cast::appointment().award(),
        case: 1,
        ground: "hardship".to_owned(),
    };
    let national = cast::national();
    assert_eq!(
        given.when(&cast::hr(), LEFT, &waive),
        Err(Reason::NotPermitted)
    );
    assert!(given.when(&national, LEFT, &waive).is_ok());
    assert_eq!(given.when(&national, LEFT, &waive), Ok(vec![]));
    given.settle(LEFT);
    assert_eq!(closed(&mut given, date(2026, 8, 31)), 1_374_252);
    assert_eq!(book(&given).net_paid(), 1_374_252);
    assert_eq!(
        given.when(&national, date(2026, 9, 30), &claim(6)),
        Err(Reason::AlreadyRecovered),
        "a waived month is claimed once all the same"
    );
    let other = WaiveRecovery { case: 2, ..waive };
    assert_eq!(
        given.when(&national, LEFT, &other),
        Err(Reason::FieldInvalid)
    );
}

#[test]
fn x_14_how_much_comes_back_is_policy() {
    for (rule, pence) in [
        ("none", None),
        ("whole_months", None),
        ("pro_rata_days", Some(140_381)),
        ("full_salary", Some(229_042)),
    ] {
        let mut given = funded().policy("recovery.rule", json!(rule));
        for number in 1..=5 {
            paid(&mut given, payday(number), number);
        }
        paid(&mut given, date(2026, 8, 10), 6);
        let stop = StopAward {
            award: cast::appointment().award(),
        };
        assert!(given.when(&cast::national(), LEFT, &stop).is_ok());
        let opened = award(&given).case(1).map(|(case, _)| case.pence());
        assert_eq!(opened, pence, "{rule}");
    }
}

#[test]
fn alloc_12_an_offer_that_falls_after_the_approval_takes_the_award_with_it() {
    let mut given = cast::appointed();
    assert!(given.when(&cast::national(), APPROVAL, &approve()).is_ok());
    given.settle(APPROVAL);
    let withdraw = crate::application::WithdrawApplication {
        application: cast::appointment().application,
    };
    let on = date(2026, 2, 18);
    assert!(given.when(&cast::candidate(), on, &withdraw).is_ok());
    let told = given.settle(on);
    for fact in ["FundingAwardStopped", "InstalmentsVoided"] {
        assert!(told.contains(&fact.to_owned()), "{fact} in {told:?}");
    }
    assert_eq!(award(&given).status(), AwardStatus::Stopped);
    assert_eq!(book(&given).net_paid(), 0);
    assert_eq!(book(&given).sum(), 0);
}

#[test]
fn alloc_12_whoever_leaves_before_anything_was_paid_owes_nothing() {
    let mut given = funded();
    let end = EndEmployment {
        employment: cast::appointment().employment(),
    };
    assert!(given.when(&cast::hr(), date(2026, 3, 20), &end).is_ok());
    let told = given.settle(date(2026, 3, 20));
    assert!(told.contains(&"InstalmentsVoided".to_owned()));
    assert!(!told.contains(&"RecoveryCaseOpened".to_owned()), "{told:?}");
}

#[test]
fn alloc_12_an_allocation_declined_before_an_award_claims_nothing_back() {
    let (mut given, cast) = Given::vacancy_open();
    let lead = cast.employer(ActingRole::ProfessionalLead);
    let on = date(2026, 1, 12);
    let next = crate::given::cast::interest(cast.employer, crate::actor::Region::NorthWest, 4);
    given.done(&lead, on, &next);
    let decline = crate::allocation::DeclineAllocation {
        allocation: given.created(cast.employer),
    };
    given.done(&lead, on, &decline);
    let told = given.settle(on);
    assert!(
        !told.iter().any(|fact| fact.starts_with("Recovery")),
        "{told:?}"
    );
}

#[test]
fn a_stop_is_recorded_once_and_a_finished_award_has_nothing_to_stop() {
    let mut given = left();
    let stop = StopAward {
        award: cast::appointment().award(),
    };
    let national = cast::national();
    assert_eq!(given.when(&national, LEFT, &stop), Ok(vec![]));
    assert_eq!(
        given.when(&national, date(2026, 8, 20), &stop),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&national, date(2026, 8, 20), &pay(7)),
        Err(Reason::StateNotAllowed)
    );
    let mut complete = completed();
    assert_eq!(
        complete.when(&national, cast::TRAINING_END, &stop),
        Err(Reason::StateNotAllowed)
    );
    let end = EndEmployment {
        employment: cast::appointment().employment(),
    };
    assert!(complete.when(&cast::hr(), date(2027, 3, 31), &end).is_ok());
    let told = complete.settle(date(2027, 3, 31));
    assert!(!told.contains(&"FundingAwardStopped".to_owned()));
}

#[test]
fn a_stop_taken_back_plans_the_void_months_again_and_withdraws_the_open_claim() {
    let mut given = left();
    let reinstate = ReinstateAward {
        award: cast::appointment().award(),
    };
    let on = date(2026, 8, 20);
    assert_eq!(
        given
            .when(&cast::national(), on, &reinstate)
            .map(|mut told| {
                told.sort();
                told
            }),
        Ok(vec![
            "FundingAwardReinstated".to_owned(),
            "LineWithdrawn".to_owned(),
            "RecoveryCaseEnded".to_owned(),
        ])
    );
    assert_eq!(
        given.when(&cast::national(), on, &reinstate),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(award(&given).status(), AwardStatus::Active);
    assert_eq!(
        book(&given).balance(Account::Planned),
        2_748_500 - 1_374_252
    );
    assert_eq!(closed(&mut given, date(2026, 8, 31)), 1_374_252);
    // a withdrawn claim can be made again, should it come to that
    let told = given.when(&cast::national(), date(2026, 9, 1), &claim(6));
    assert_eq!(told, Ok(vec!["RecoveryCaseOpened".to_owned()]));
}

#[test]
fn a_stop_taken_back_late_gives_back_what_a_statement_had_set_off() {
    let mut given = left();
    closed(&mut given, date(2026, 8, 31));
    let reinstate = ReinstateAward {
        award: cast::appointment().award(),
    };
    let on = date(2026, 9, 10);
    assert!(given.when(&cast::national(), on, &reinstate).is_ok());
    given.settle(on);
    assert_eq!(closed(&mut given, date(2026, 9, 30)), 140_381);
    assert_eq!(book(&given).sum(), 0);
}

#[test]
fn fund_10_an_award_moves_only_within_its_role_intake_and_employer() {
    let other = |change: &dyn Fn(&mut Appointment)| {
        let mut whose = Appointment {
            person: person(12),
            ..cast::appointment()
        };
        change(&mut whose);
        whose.application = Id::derive(whose.employer, &[whose.vacancy.0, whose.person.0]);
        whose
    };
    let vacancy = Id::new(Uuid::from_u128(0xB7));
    let same = other(&|_| {});
    let pwp = other(&|whose| {
        whose.vacancy = vacancy;
        whose.role = crate::policy::catalogue::Role::parse("PWP", "role").expect("a role");
    });
    let elsewhere = other(&|whose| {
        whose.vacancy = vacancy;
        whose.employer = tenant(7);
    });
    let later = other(&|whose| {
        whose.vacancy = vacancy;
        whose.intake = Id::new(Uuid::from_u128(0xB2));
    });
    let on = date(2026, 2, 20);
    for refused in [&pwp, &elsewhere, &later] {
        let mut given = cast::and_appointed(cast::appointed(), refused);
        assert!(given.when(&cast::national(), APPROVAL, &approve()).is_ok());
        let reallocate = ReallocateAward {
            award: cast::appointment().award(),
            application: refused.application,
        };
        assert_eq!(
            given.when(&cast::national(), on, &reallocate),
            Err(Reason::AwardNotTransferable),
            "{refused:?}"
        );
    }
    let mut given = cast::and_appointed(cast::appointed(), &same);
    assert!(given.when(&cast::national(), APPROVAL, &approve()).is_ok());
    let reallocate = ReallocateAward {
        award: cast::appointment().award(),
        application: same.application,
    };
    assert!(given.when(&cast::national(), on, &reallocate).is_ok());
    assert_eq!(award(&given).status(), AwardStatus::Stopped);
    let next = given.state(same.award()).expect("approved");
    assert!(next.live());
    assert_eq!(
        next.award().map(|award| award.salary_pence),
        Some(2_748_500)
    );
}

#[test]
fn fund_10_an_award_that_was_paid_from_is_not_reallocated() {
    let same = Appointment {
        person: person(12),
        application: Id::derive(
            cast::employer(),
            &[cast::appointment().vacancy.0, person(12).0],
        ),
        ..cast::appointment()
    };
    let mut given = cast::and_appointed(funded(), &same);
    paid(&mut given, payday(1), 1);
    let reallocate = ReallocateAward {
        award: cast::appointment().award(),
        application: same.application,
    };
    assert_eq!(
        given.when(&cast::national(), date(2026, 4, 1), &reallocate),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn fund_09_the_levy_pays_nothing_beside_an_award_and_no_award_beside_the_levy() {
    let mut given = left();
    let declare = |source| DeclareOtherFunding {
        award: cast::appointment().award(),
        source,
    };
    let levy = declare(FundingSource::ApprenticeshipLevy);
    let mut running = funded();
    assert_eq!(
        running.when(&cast::hr(), payday(1), &levy),
        Err(Reason::LevyFundingConflict)
    );
    assert_eq!(
        running.when(&cast::hr(), payday(1), &declare(FundingSource::None)),
        Err(Reason::FieldInvalid)
    );
    let on = date(2026, 9, 1);
    assert_eq!(
        given.when(&cast::hr(), on, &levy),
        Ok(vec!["OtherFundingDeclared".to_owned()])
    );
    assert_eq!(given.when(&cast::hr(), on, &levy), Ok(vec![]));
    let reinstate = ReinstateAward {
        award: cast::appointment().award(),
    };
    assert_eq!(
        given.when(&cast::national(), on, &reinstate),
        Err(Reason::LevyFundingConflict)
    );
    let stranger = actor(tenant(9), ActingRole::EmployerHr);
    assert_eq!(given.when(&stranger, on, &levy), Err(Reason::NotPermitted));
}

#[test]
fn fund_08_a_broken_promise_claims_the_whole_salary_and_its_settlement_makes_it_good() {
    let mut given = completed();
    let whose = cast::appointment();
    let (platform, national) = (Actor::platform(), cast::national());
    let due = crate::commitment::BringCommitmentDue {
        application: whose.application,
        vacancy: whose.vacancy,
        person: whose.person,
        qualified_on: cast::BOARD,
    };
    assert!(given.when(&platform, cast::BOARD, &due).is_ok());
    let late = date(2027, 6, 11);
    let confirm = crate::commitment::ConfirmBreach {
        commitment: whose.commitment(),
        application: whose.application,
    };
    assert!(given.when(&national, late, &confirm).is_ok());
    let told = given.settle(late);
    assert!(told.contains(&"RecoveryCaseOpened".to_owned()), "{told:?}");
    assert_eq!(case(&given, 1), (2_748_500, None));
    let register = crate::commitment::BreachRegister::id(whose.employer, whose.commissioner);
    let open = |given: &Given| given.state(register).expect("noted").open().count();
    assert_eq!(open(&given), 1);
    assert_eq!(closed(&mut given, date(2027, 6, 30)), 0);
    given.settle(date(2027, 6, 30));
    assert_eq!(open(&given), 0);
    assert_eq!(book(&given).net_paid(), 0);
}

#[test]
fn fund_02_a_post_not_maintained_claims_the_share_of_the_time_it_was_missing() {
    let mut given = completed();
    let breach = FundingAwardAct::RecoverBreach {
        ground: RecoveryGround::PostNotMaintained,
        part: (426, 731),
    };
    let run = Decide(cast::appointment().award(), breach);
    assert!(
        given
            .when(&Actor::platform(), date(2028, 2, 4), &run)
            .is_ok()
    );
    let (all, _) = case(&given, 1);
    assert_eq!(all, crate::money::share(2_748_500, 426, 731));
    let lines = &award(&given).case(1).expect("a case").0.lines;
    assert_eq!(lines.len(), 12);
    assert!(lines.iter().all(|line| line.pence < 229_042));
}

#[test]
fn fund_08_a_policy_of_nothing_makes_the_breach_good_at_once() {
    let mut given = completed().policy("recovery.breach", json!("none"));
    let whose = cast::appointment();
    let due = crate::commitment::BringCommitmentDue {
        application: whose.application,
        vacancy: whose.vacancy,
        person: whose.person,
        qualified_on: cast::BOARD,
    };
    assert!(given.when(&Actor::platform(), cast::BOARD, &due).is_ok());
    let confirm = crate::commitment::ConfirmBreach {
        commitment: whose.commitment(),
        application: whose.application,
    };
    let late = date(2027, 6, 11);
    assert!(given.when(&cast::national(), late, &confirm).is_ok());
    let told = given.settle(late);
    assert!(told.contains(&"BreachSettled".to_owned()), "{told:?}");
    assert!(!told.contains(&"RecoveryCaseOpened".to_owned()));
}
