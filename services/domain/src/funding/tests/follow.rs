use super::*;
use crate::{
    actor::{ActingRole, Actor},
    correction::Authority,
    employment::{EndEmployment, ReinstateEmployment},
    interruption::{InterruptTraining, ResumeTraining},
    training::Training,
    withdrawal::{ConfirmWithdrawal, ProposeWithdrawal, ReverseWithdrawal, WithdrawalReason},
};

fn training() -> Id<Training> {
    cast::appointment().training()
}

fn manager() -> Actor {
    actor(cast::employer(), ActingRole::ServiceManager)
}

fn done(given: &mut Given, by: &Actor, on: Date, command: &dyn Command) -> Vec<String> {
    let outcome = given.when(by, on, command);
    assert!(outcome.is_ok(), "{command:?}: {outcome:?}");
    given.settle(on)
}

fn interrupted(given: &mut Given, from: Date) -> Vec<String> {
    let interrupt = InterruptTraining {
        training: training(),
        expected_return: None,
    };
    done(given, &manager(), from, &interrupt)
}

fn resumed(given: &mut Given, on: Date) -> Vec<String> {
    let resume = ResumeTraining {
        training: training(),
        intake: None,
    };
    done(given, &cast::programme_lead(), on, &resume)
}

fn proposed(given: &mut Given, on: Date) {
    let propose = ProposeWithdrawal {
        training: training(),
        reason: WithdrawalReason::Personal,
    };
    done(given, &cast::candidate(), on, &propose);
}

fn confirmed(given: &mut Given, on: Date) -> Vec<String> {
    let confirm = ConfirmWithdrawal {
        training: training(),
    };
    done(given, &cast::programme_lead(), on, &confirm)
}

fn reversed(given: &mut Given, on: Date, in_error: bool) -> Vec<String> {
    let reverse = ReverseWithdrawal {
        training: training(),
        in_error,
        authority: Authority::Own,
    };
    done(given, &cast::programme_lead(), on, &reverse)
}

/// Six instalments are paid, the last of them early in August.
fn paid_to_august() -> Given {
    let mut given = funded();
    for number in 1..=5 {
        paid(&mut given, payday(number), number);
    }
    paid(&mut given, date(2026, 8, 10), 6);
    given
}

/// The trainee withdraws with 12 August; nobody ends the employment.
fn withdrawn() -> Given {
    let mut given = paid_to_august();
    proposed(&mut given, date(2026, 8, 12));
    let told = confirmed(&mut given, date(2026, 8, 17));
    for fact in [
        "FundingAwardStopped",
        "InstalmentsVoided",
        "RecoveryCaseOpened",
    ] {
        assert!(told.contains(&fact.to_owned()), "{fact} in {told:?}");
    }
    given
}

fn of_the_award(told: &[String]) -> Vec<&str> {
    let money = |fact: &&str| fact.starts_with("FundingAward") || fact.starts_with("Recovery");
    told.iter().map(String::as_str).filter(money).collect()
}

fn pays(given: &mut Given, on: Date, number: u32) -> Result<Vec<String>, Reason> {
    given.when(&cast::national(), on, &pay(number))
}

#[test]
fn fund_05_an_award_rests_and_runs_with_the_training_and_no_day_counts_twice() {
    let mut given = funded();
    for number in 1..=3 {
        paid(&mut given, payday(number), number);
    }
    let told = interrupted(&mut given, date(2026, 6, 1));
    assert_eq!(of_the_award(&told), ["FundingAwardSuspended"]);
    assert_eq!(award(&given).status(), AwardStatus::Suspended);
    let refused = pays(&mut given, payday(4), 4);
    assert_eq!(refused, Err(Reason::StateNotAllowed));
    let told = resumed(&mut given, date(2026, 9, 1));
    assert_eq!(of_the_award(&told), ["FundingAwardResumed"]);
    let early = pays(&mut given, date(2026, 8, 31), 4);
    assert_eq!(early, Err(Reason::StateNotAllowed));
    for number in 4..=11 {
        let month = crate::calendar::months_later(date(2026, 9, 1), number - 4);
        paid(&mut given, month, number);
    }
    // 92 days away: the year and the last day of payment move by them once
    let last = date(2027, 6, 1);
    let year = given.state(training()).and_then(Training::year);
    assert_eq!(year.map(|year| year.ends), Some(last));
    let late = pays(&mut given, date(2027, 6, 2), 12);
    assert_eq!(late, Err(Reason::StateNotAllowed));
    paid(&mut given, last, 12);
    assert_eq!(book(&given).net_paid(), 2_748_500);
    assert_eq!(award(&given).status(), AwardStatus::Completed);
}

#[test]
fn fund_05_an_interruption_learnt_late_leads_to_the_same_last_day() {
    let mut given = funded();
    for number in 1..=5 {
        paid(&mut given, payday(number), number);
    }
    interrupted(&mut given, date(2026, 6, 1));
    resumed(&mut given, date(2026, 9, 1));
    let early = pays(&mut given, date(2026, 8, 20), 6);
    assert_eq!(early, Err(Reason::StateNotAllowed));
    paid(&mut given, date(2026, 9, 1), 6);
    let late = pays(&mut given, date(2027, 6, 2), 7);
    assert_eq!(late, Err(Reason::StateNotAllowed));
}

#[test]
fn fund_05_what_the_commissioner_suspends_only_the_commissioner_resumes() {
    let mut given = funded();
    let id = cast::appointment().award();
    let (national, back) = (cast::national(), date(2026, 9, 1));
    let (suspend, resume) = (SuspendAward { award: id }, ResumeAward { award: id });
    done(&mut given, &national, date(2026, 6, 1), &suspend);
    assert!(of_the_award(&interrupted(&mut given, date(2026, 6, 1))).is_empty());
    assert!(of_the_award(&resumed(&mut given, back)).is_empty());
    assert_eq!(award(&given).status(), AwardStatus::Suspended);
    done(&mut given, &national, back, &resume);
    // its days are those by which the year has moved: they count once
    for number in 1..=11 {
        paid(&mut given, date(2027, 5, 20), number);
    }
    let late = pays(&mut given, date(2027, 6, 2), 12);
    assert_eq!(late, Err(Reason::StateNotAllowed));
    paid(&mut given, date(2027, 6, 1), 12);
}

#[test]
fn fund_05_a_commissioner_may_resume_before_the_training_does() {
    let mut given = funded();
    interrupted(&mut given, date(2026, 6, 1));
    let resume = ResumeAward {
        award: cast::appointment().award(),
    };
    done(&mut given, &cast::national(), date(2026, 7, 1), &resume);
    assert_eq!(award(&given).status(), AwardStatus::Active);
    assert!(of_the_award(&resumed(&mut given, date(2026, 9, 1))).is_empty());
    for number in 1..=11 {
        paid(&mut given, date(2027, 5, 20), number);
    }
    let late = pays(&mut given, date(2027, 6, 2), 12);
    assert_eq!(late, Err(Reason::StateNotAllowed));
}

#[test]
fn fund_05_without_an_award_a_training_takes_its_course_alone() {
    let mut given = cast::in_training();
    let mut told = interrupted(&mut given, date(2026, 6, 1));
    told.extend(resumed(&mut given, date(2026, 9, 1)));
    proposed(&mut given, date(2026, 10, 1));
    told.extend(confirmed(&mut given, date(2026, 10, 20)));
    told.extend(reversed(&mut given, date(2026, 11, 2), false));
    assert!(of_the_award(&told).is_empty(), "{told:?}");
    assert!(given.state(cast::appointment().award()).is_none());
}

#[test]
fn fund_05_what_the_commissioner_has_stopped_no_rule_moves() {
    let mut given = paid_to_august();
    let stop = StopAward {
        award: cast::appointment().award(),
    };
    done(&mut given, &cast::national(), date(2026, 8, 20), &stop);
    let before = given.stored(cast::appointment().award());
    interrupted(&mut given, date(2026, 9, 1));
    resumed(&mut given, date(2026, 9, 20));
    proposed(&mut given, date(2026, 10, 1));
    confirmed(&mut given, date(2026, 10, 20));
    reversed(&mut given, date(2026, 11, 2), false);
    assert_eq!(given.stored(cast::appointment().award()), before);
}

#[test]
fn d_9_a_withdrawal_stops_the_award_from_its_day_though_the_employment_goes_on() {
    let mut given = withdrawn();
    assert_eq!(award(&given).status(), AwardStatus::Stopped);
    let stored = given.stored(cast::appointment().award()).concat();
    assert!(stored.contains(r#""ground":"withdrawn""#), "{stored}");
    assert!(stored.contains(r#""FundingAwardStopped":{"on":"2026-08-12""#));
    assert_eq!(book(&given).balance(Account::Owed), 140_381);
    assert_eq!(book(&given).balance(Account::Planned), 0);
    // the end of the employment later changes nothing
    let end = EndEmployment {
        employment: cast::appointment().employment(),
    };
    let told = done(&mut given, &cast::hr(), date(2026, 10, 31), &end);
    assert!(of_the_award(&told).is_empty(), "{told:?}");
    assert_eq!(closed(&mut given, date(2026, 10, 31)), 1_233_871);
}

#[test]
fn d_9_a_reversal_makes_the_time_up_and_one_of_an_error_leaves_no_gap() {
    for (in_error, seventh, last) in [
        // 29 days from the 12th of August to the 10th of September
        (false, date(2026, 9, 10), date(2027, 3, 30)),
        (true, date(2026, 9, 2), cast::TRAINING_END),
    ] {
        let mut given = withdrawn();
        let told = reversed(&mut given, date(2026, 9, 10), in_error);
        assert!(told.contains(&"FundingAwardReinstated".to_owned()));
        assert!(told.contains(&"RecoveryCaseEnded".to_owned()));
        assert_eq!(award(&given).status(), AwardStatus::Active);
        let day_before = seventh.yesterday().expect("a day");
        let early = pays(&mut given, day_before, 7);
        assert_eq!(early, Err(Reason::StateNotAllowed), "{in_error}");
        for number in 7..=11 {
            let month = crate::calendar::months_later(seventh, number - 7);
            paid(&mut given, month, number);
        }
        let after = last.tomorrow().expect("a day");
        let late = pays(&mut given, after, 12);
        assert_eq!(late, Err(Reason::StateNotAllowed), "{in_error}");
        paid(&mut given, last, 12);
        assert_eq!(closed(&mut given, after.last_of_month()), 2_748_500);
        assert_eq!(book(&given).sum(), 0);
    }
}

#[test]
fn d_9_a_reversal_gives_back_what_a_statement_had_set_off() {
    let mut given = withdrawn();
    assert_eq!(closed(&mut given, date(2026, 8, 31)), 1_233_871);
    reversed(&mut given, date(2026, 9, 10), false);
    assert_eq!(closed(&mut given, date(2026, 9, 30)), 140_381);
    assert_eq!(
        book(&given).net_paid() + book(&given).balance(Account::Recovered),
        1_374_252 + 140_381
    );
    assert_eq!(book(&given).sum(), 0);
}

#[test]
fn d_9_a_reversal_takes_back_no_stop_but_that_of_a_rule() {
    let mut given = withdrawn();
    let reinstate = ReinstateAward {
        award: cast::appointment().award(),
    };
    let stop = StopAward {
        award: cast::appointment().award(),
    };
    done(&mut given, &cast::national(), date(2026, 8, 18), &reinstate);
    done(&mut given, &cast::national(), date(2026, 8, 19), &stop);
    let told = reversed(&mut given, date(2026, 9, 10), false);
    assert!(of_the_award(&told).is_empty(), "{told:?}");
    assert_eq!(award(&given).status(), AwardStatus::Stopped);
}

#[test]
fn fund_09_a_reversal_does_not_bring_the_award_back_beside_other_funding() {
    let mut given = withdrawn();
    let declare = DeclareOtherFunding {
        award: cast::appointment().award(),
        source: FundingSource::ApprenticeshipLevy,
    };
    done(&mut given, &cast::hr(), date(2026, 9, 1), &declare);
    let told = reversed(&mut given, date(2026, 9, 10), false);
    assert!(of_the_award(&told).is_empty(), "{told:?}");
}

#[test]
fn d_9_an_employment_that_did_not_end_brings_its_money_back() {
    let mut given = paid_to_august();
    let employment = cast::appointment().employment();
    let on = date(2026, 8, 12);
    done(&mut given, &cast::hr(), on, &EndEmployment { employment });
    assert_eq!(award(&given).status(), AwardStatus::Stopped);
    let reinstate = ReinstateEmployment {
        employment,
        reason: None,
        authority: Authority::Own,
    };
    let told = done(&mut given, &cast::hr(), date(2026, 8, 20), &reinstate);
    assert!(told.contains(&"FundingAwardReinstated".to_owned()));
    assert_eq!(award(&given).status(), AwardStatus::Active);
    assert!(pays(&mut given, date(2026, 9, 2), 7).is_ok());
    assert_eq!(closed(&mut given, date(2026, 9, 30)), 7 * 229_042);
}

#[test]
fn d_9_an_employment_reinstated_after_the_withdrawal_waits_for_its_reversal() {
    let mut given = paid_to_august();
    let employment = cast::appointment().employment();
    let end = EndEmployment { employment };
    done(&mut given, &cast::hr(), date(2026, 8, 12), &end);
    confirmed(&mut given, date(2026, 9, 15));
    let reinstate = ReinstateEmployment {
        employment,
        reason: None,
        authority: Authority::Own,
    };
    let told = done(&mut given, &cast::hr(), date(2026, 9, 16), &reinstate);
    assert!(of_the_award(&told).is_empty(), "{told:?}");
    let told = reversed(&mut given, date(2026, 9, 17), true);
    assert!(told.contains(&"FundingAwardReinstated".to_owned()));
}

#[test]
fn d_9_an_earlier_last_day_learnt_later_claims_the_rest_and_no_month_twice() {
    let mut given = paid_to_august();
    proposed(&mut given, date(2026, 8, 12));
    for (number, month) in [(7, 9), (8, 10)] {
        paid(&mut given, date(2026, month, 10), number);
    }
    let end = EndEmployment {
        employment: cast::appointment().employment(),
    };
    done(&mut given, &cast::hr(), date(2026, 10, 15), &end);
    // 16 of the 31 days of October
    assert_eq!(book(&given).balance(Account::Owed), 118_215);
    let told = confirmed(&mut given, date(2026, 10, 20));
    assert_eq!(
        of_the_award(&told),
        [
            "RecoveryCaseEnded",
            "FundingAwardStopped",
            "RecoveryCaseOpened"
        ]
    );
    assert_eq!(book(&given).balance(Account::Owed), 140_381 + 2 * 229_042);
    assert_eq!(closed(&mut given, date(2026, 10, 31)), 1_233_871);
    assert_eq!(book(&given).sum(), 0);
}

#[test]
fn d_9_who_was_away_at_a_withdrawal_is_away_again_after_its_reversal() {
    let mut given = paid_to_august();
    interrupted(&mut given, date(2026, 8, 11));
    proposed(&mut given, date(2026, 8, 12));
    confirmed(&mut given, date(2026, 8, 17));
    reversed(&mut given, date(2026, 9, 10), false);
    assert_eq!(award(&given).status(), AwardStatus::Suspended);
    let told = resumed(&mut given, date(2026, 10, 10));
    assert_eq!(of_the_award(&told), ["FundingAwardResumed"]);
    // 60 days away in all, from the 11th of August to the 10th of October
    let year = given.state(training()).and_then(Training::year);
    assert_eq!(year.map(|year| year.ends), Some(date(2027, 4, 30)));
    let early = pays(&mut given, date(2026, 10, 9), 7);
    assert_eq!(early, Err(Reason::StateNotAllowed));
    paid(&mut given, date(2026, 10, 10), 7);
}

#[test]
fn fund_05_an_interruption_learnt_of_after_the_withdrawal_holds_after_its_reversal() {
    let mut given = withdrawn();
    assert!(of_the_award(&interrupted(&mut given, date(2026, 8, 11))).is_empty());
    reversed(&mut given, date(2026, 9, 10), false);
    assert_eq!(award(&given).status(), AwardStatus::Suspended);
}
