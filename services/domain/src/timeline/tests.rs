use jiff::civil::date;

use super::*;
use crate::{
    actor::Party,
    application::{
        AgreeReconsideration, RequestReconsideration,
        tests::cast::{Cast, applied, at, hr, platform, tutor},
    },
    appointment::cast,
    calendar::midday,
    decision_round::{
        AmendDecision, LapseDecisionRound,
        tests::{accept, reject},
    },
    funding::Lock,
    given::Given,
    offer::{MakeOffer, tests::accepted},
    policy::{Policies, PolicyRegister},
    preceptorship::Consolidation,
};

/// The timeline of everybody's records so far; each rule test has one person.
fn told(given: &Given) -> Timeline {
    let mut timeline = Timeline::default();
    for (key, payload, on) in given.log() {
        if KINDS.contains(&key.kind) {
            let fact = Fact::decode(key.kind, payload).expect("a stored event decodes");
            let effective = midday(on.unwrap_or(date(2025, 11, 1)));
            timeline.take(key.id, effective, &fact.expect("a listed aggregate"));
        }
    }
    timeline
}

fn words(timeline: &Timeline) -> Vec<String> {
    let moments = timeline.moments().iter();
    moments.map(|moment| moment.what.to_string()).collect()
}

fn policies(given: &Given) -> Policies {
    let register = given.state(PolicyRegister::id()).cloned();
    Policies::of(std::sync::Arc::new(register.unwrap_or_default()))
}

#[test]
fn c_3_nothing_a_candidate_sees_moves_before_the_reveal() {
    let mut cast = applied().deciding();
    let shown = |cast: &Cast| format!("{:?}", told(&cast.given).moments());
    let before = shown(&cast);
    assert_eq!(words(&told(&cast.given)), ["applied", "interviewed"]);
    let sealed = cast.decide(1, accept(Party::Employer));
    cast.when(&hr(), date(2025, 12, 12), &sealed)
        .expect("sealed");
    assert_eq!(shown(&cast), before);
    let amend = AmendDecision {
        application: cast.application,
        round: 1,
        decision: reject("trauma_informed_recovery", Party::Employer),
    };
    cast.when(&hr(), date(2025, 12, 13), &amend)
        .expect("amended");
    assert_eq!(shown(&cast), before);
    let status = told(&cast.given).lives().map(|life| life.status).next();
    assert_eq!(status, Some(CandidateStatus::UnderConsideration));
}

#[test]
fn d_2_a_second_round_shows_as_reopened_and_neither_the_wish_for_it_nor_its_lapse_does() {
    let mut cast = applied().rejected_by_the_university();
    let application = cast.application;
    let outcome = ["applied", "interviewed", "not_appointed"];
    assert_eq!(words(&told(&cast.given)), outcome);
    let ask = RequestReconsideration {
        application,
        reason: "A certificate came in.".to_owned(),
    };
    cast.when(&hr(), date(2025, 12, 18), &ask).expect("asked");
    assert_eq!(words(&told(&cast.given)), outcome);
    let agree = AgreeReconsideration {
        application,
        deadline: Some(at("2025-12-29T17:00:00Z")),
    };
    cast.when(&tutor(), date(2025, 12, 19), &agree)
        .expect("agreed");
    let reopened = words(&told(&cast.given));
    assert_eq!(reopened.last().map(String::as_str), Some("reopened"));
    let lapse = LapseDecisionRound {
        application,
        round: 2,
    };
    cast.when(&platform(), date(2025, 12, 30), &lapse)
        .expect("lapsed");
    assert_eq!(words(&told(&cast.given)), reopened);
}

#[test]
fn an_offer_asks_for_an_answer_and_then_for_checks_and_conditions() {
    let mut cast = applied().appointed();
    let made = MakeOffer {
        application: cast.application,
    };
    cast.when(&hr(), date(2025, 12, 16), &made).expect("made");
    let owed = |cast: &Cast, on| {
        let due = told(&cast.given).due(&policies(&cast.given), on);
        let due = due.expect("policies").into_iter();
        due.map(|due| (due.what, due.detail, due.by))
            .collect::<Vec<_>>()
    };
    let answer = owed(&cast, date(2025, 12, 17));
    assert_eq!(answer.len(), 1);
    assert_eq!(answer[0].0, Owed::OfferAnswer);
    assert!(answer[0].2.is_some(), "a day is said: {answer:?}");
    let cast = accepted(applied().appointed());
    let open = owed(&cast, date(2025, 12, 19));
    let checks = open
        .iter()
        .filter(|(what, ..)| *what == Owed::EmploymentCheck);
    assert_eq!(checks.count(), 6, "{open:?}");
    assert_eq!(
        words(&told(&cast.given)).last().map(String::as_str),
        Some("offer_accepted")
    );
}

/// Events of C1 from the training on, with their day.
fn told_of(events: &[(Fact, jiff::civil::Date)]) -> Timeline {
    let whose = cast::appointment();
    let mut timeline = Timeline::default();
    for (fact, on) in events {
        let stream = match fact {
            Fact::Qualification(_) => whose.qualification().0,
            Fact::Preceptorship(_) => whose.preceptorship().0,
            Fact::FundingLock(_) => FundingLock::id(whose.person).0,
            _ => whose.application.0,
        };
        timeline.take(stream, midday(*on), fact);
    }
    timeline
}

fn lock(provisional: bool) -> Lock {
    Lock {
        commissioner: cast::commissioner(),
        training_start: cast::TEACHING_START,
        board: cast::BOARD,
        until: date(2029, 3, 10),
        provisional,
        rule_version: 1,
    }
}

#[test]
fn d_1_and_x_01_the_lock_counts_from_the_board_and_consolidation_from_the_post() {
    let whose = cast::appointment();
    let (person, application) = (whose.person, whose.application);
    let timeline = told_of(&[
        (
            Fact::FundingLock(FundingLockEvent::ProvisionalFundingLockStarted {
                person,
                application,
                lock: lock(true),
            }),
            cast::TEACHING_START,
        ),
        (
            Fact::FundingLock(FundingLockEvent::FundingLockStarted {
                person,
                application,
                lock: lock(false),
            }),
            date(2027, 3, 12),
        ),
        (
            Fact::Preceptorship(PreceptorshipEvent::ConsolidationClockStarted {
                consolidation: Consolidation {
                    from: date(2027, 4, 5),
                    until: date(2029, 4, 5),
                },
            }),
            date(2027, 4, 5),
        ),
    ]);
    let said: Vec<_> = timeline
        .moments()
        .iter()
        .map(|moment| (moment.what, moment.detail.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (What::LockExpected, "2029-03-10"),
            (What::LockFixed, "2029-03-10"),
            (What::ConsolidationStarted, "2029-04-05"),
        ]
    );
    let explained = lock(true).explained();
    assert!(explained.contains("can still move"), "{explained}");
    assert!(!lock(false).explained().contains("can still move"));
}

#[test]
fn c_4_a_result_is_shown_once_whichever_record_shows_it_first() {
    let appointment = cast::appointment();
    let result = ReleasedResult::NotYetComplete {
        next_board: date(2027, 6, 16),
    };
    let first = Fact::TraineeResult(TraineeResultEvent::ResultShownToTrainee {
        appointment: appointment.clone(),
        result,
    });
    let second = Fact::Qualification(QualificationEvent::ResultReleased {
        appointment,
        result,
    });
    let timeline = told_of(&[(first, date(2027, 3, 11)), (second, date(2027, 3, 12))]);
    let [shown] = timeline.moments() else {
        panic!("shown once: {:?}", timeline.moments());
    };
    assert_eq!(
        (shown.what, shown.on),
        (What::ResultNotYetComplete, date(2027, 3, 11))
    );
    assert_eq!(shown.detail, "2027-06-16");
}

#[test]
fn c_2_seals_marks_awards_and_boards_are_no_part_of_a_timeline() {
    for hidden in [
        crate::decision_round::Seal::TYPE,
        crate::marks::MarkSheet::TYPE,
        crate::funding::FundingAward::TYPE,
        crate::board::BoardSitting::TYPE,
        crate::enrolment::Enrolment::TYPE,
        crate::candidacy::Candidacy::TYPE,
        crate::erasure::Erasure::TYPE,
    ] {
        assert!(!KINDS.contains(&hidden), "{hidden}");
    }
}
