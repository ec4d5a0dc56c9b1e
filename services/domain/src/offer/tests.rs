mod reinstatement;
mod sequences;

use jiff::civil::date;
use strum::IntoEnumIterator as _;

use super::*;
use crate::{
    actor::ActingRole,
    application::{
        SubmitApplication,
        tests::cast::{
            self, Cast, applied, at, candidate, employer, hr, platform, stranger, tutor,
        },
    },
    decision_round::tests::accept,
    fact::Fact,
    given::{actor, tenant},
    permission::Action,
    reactions::{Occurred, Reaction, on_timer, react},
    refusal::Reason,
    vacancy::VacancyEvent,
};

/// An appointed candidate's offer, made on 16 and accepted on 18 December 2025.
pub(crate) fn accepted(cast: Cast) -> Cast {
    let mut cast = made(cast);
    let accept = AcceptOffer {
        offer: offer(&cast),
    };
    cast.when(&candidate(), date(2025, 12, 18), &accept)
        .expect("accepted");
    cast
}

fn made(mut cast: Cast) -> Cast {
    let make = MakeOffer {
        application: cast.application,
    };
    cast.when(&hr(), date(2025, 12, 16), &make).expect("made");
    cast
}

fn offer(cast: &Cast) -> Id<Offer> {
    Offer::id(employer(), cast.application)
}

fn check(cast: &Cast, check: EmploymentCheck) -> ClearEmploymentCheck {
    ClearEmploymentCheck {
        offer: offer(cast),
        check,
        result: CheckResult::Cleared,
        on: date(2026, 1, 15),
        valid_until: None,
        reference: None,
    }
}

fn checked(mut cast: Cast) -> Cast {
    for one in EmploymentCheck::iter() {
        let clear = check(&cast, one);
        cast.when(&hr(), date(2026, 2, 13), &clear)
            .expect("cleared");
    }
    cast
}

fn confirm(cast: &Cast, conditions: &[&str]) -> ConfirmConditions {
    ConfirmConditions {
        offer: offer(cast),
        conditions: conditions.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn joint_01_an_offer_follows_a_joint_appointment_only() {
    let on = date(2025, 12, 16);
    let mut cast = applied().deciding();
    let make = MakeOffer {
        application: cast.application,
    };
    assert_eq!(cast.when(&hr(), on, &make), Err(Reason::StateNotAllowed));
    let mut cast = applied().rejected_by_the_university();
    assert_eq!(cast.when(&hr(), on, &make), Err(Reason::StateNotAllowed));
    let mut cast = applied().appointed();
    assert_eq!(cast.when(&tutor(), on, &make), Err(Reason::NotPermitted));
    let stranger = stranger(ActingRole::EmployerHr);
    assert_eq!(cast.when(&stranger, on, &make), Err(Reason::NotPermitted));
    let made = ["OfferMade", "OfferAnswerDue", "PostOffered"].map(str::to_owned);
    assert_eq!(cast.when(&hr(), on, &make), Ok(made.to_vec()));
    assert_eq!(cast.when(&hr(), on, &make), Ok(vec![]));
}

#[test]
fn only_the_candidate_accepts_or_declines() {
    let on = date(2025, 12, 18);
    let mut cast = made(applied().appointed());
    let (accept, decline) = (
        AcceptOffer {
            offer: offer(&cast),
        },
        DeclineOffer {
            offer: offer(&cast),
        },
    );
    let mut staff = hr();
    staff.person = candidate().person;
    for by in [
        hr(),
        tutor(),
        staff,
        actor(tenant(8), ActingRole::Candidate),
    ] {
        assert_eq!(
            cast.when(&by, on, &accept),
            Err(Reason::NotPermitted),
            "{by:?}"
        );
        assert_eq!(
            cast.when(&by, on, &decline),
            Err(Reason::NotPermitted),
            "{by:?}"
        );
    }
    let events = cast.when(&candidate(), on, &accept).expect("accepted");
    assert_eq!(events, ["AcceptanceGiven", "OfferAccepted"]);
    assert_eq!(cast.when(&candidate(), on, &accept), Ok(vec![]));
    assert_eq!(
        cast.when(&candidate(), on, &decline),
        Err(Reason::StateNotAllowed)
    );
    let mut cast = made(applied().appointed());
    assert_eq!(
        cast.when(&candidate(), on, &decline),
        Ok(vec!["OfferDeclined".to_owned()])
    );
    assert_eq!(cast.when(&candidate(), on, &decline), Ok(vec![]));
    assert_eq!(
        cast.when(&candidate(), on, &accept),
        Err(Reason::StateNotAllowed)
    );
}

/// The same candidate appointed by a second employer as well.
fn appointed_twice() -> (Cast, Id<Offer>) {
    let mut cast = accepted(applied().appointed());
    let rival = tenant(3);
    let rival_hr = actor(rival, ActingRole::EmployerHr);
    let vacancy = Id::derive(rival, &[uuid::Uuid::from_u128(1)]);
    let known = cast.given.state(cast::vacancy()).and_then(Vacancy::terms);
    let terms = crate::vacancy::VacancyTerms {
        employer: rival,
        ..known.cloned().expect("opened")
    };
    let Cast { given, .. } = cast;
    let application = Application::id(rival, vacancy, candidate().person.expect("a person"));
    let mut second = Cast {
        given: given.happened(
            vacancy,
            &VacancyEvent::VacancyOpened {
                terms: Box::new(terms),
            },
        ),
        application,
    };
    let apply = SubmitApplication {
        vacancy,
        ..cast::submit(crate::application::Degree::Held)
    };
    second
        .when(&candidate(), date(2025, 11, 21), &apply)
        .expect("submitted");
    let shortlist = second.shortlist(true);
    second
        .when(&rival_hr, date(2025, 12, 3), &shortlist)
        .expect("sealed");
    second
        .when(&tutor(), date(2025, 12, 4), &shortlist)
        .expect("sealed");
    let interview = second.interview();
    second
        .when(&rival_hr, date(2025, 12, 11), &interview)
        .expect("held");
    let open = crate::decision_round::OpenDecisionRound {
        application,
        deadline: None,
    };
    second
        .when(&rival_hr, date(2025, 12, 11), &open)
        .expect("opened");
    let (employer, university) = (
        second.decide(1, accept(Party::Employer)),
        second.decide(1, accept(Party::University)),
    );
    second
        .when(&rival_hr, date(2025, 12, 12), &employer)
        .expect("sealed");
    second
        .when(&tutor(), date(2025, 12, 12), &university)
        .expect("revealed");
    let make = MakeOffer { application };
    second
        .when(&rival_hr, date(2025, 12, 16), &make)
        .expect("an offer may always be made");
    cast = second;
    (cast, Offer::id(rival, application))
}

#[test]
fn one_person_accepts_one_offer() {
    let (mut cast, second) = appointed_twice();
    let accept = AcceptOffer { offer: second };
    let on = date(2025, 12, 19);
    assert_eq!(
        cast.when(&candidate(), on, &accept),
        Err(Reason::OfferAlreadyAccepted)
    );
    let first = Application::id(
        employer(),
        cast::vacancy(),
        candidate().person.expect("one"),
    );
    let withdraw = crate::application::WithdrawApplication { application: first };
    cast.when(&candidate(), on, &withdraw).expect("withdrawn");
    cast.when(&candidate(), on, &accept)
        .expect("free to accept another");
}

#[test]
fn b_3_checks_follow_acceptance_and_keep_result_and_date_only() {
    let on = date(2026, 1, 16);
    let mut cast = made(applied().appointed());
    let identity = check(&cast, EmploymentCheck::Identity);
    assert_eq!(
        cast.when(&hr(), on, &identity),
        Err(Reason::StateNotAllowed)
    );
    let mut cast = accepted(applied().appointed());
    assert_eq!(
        cast.when(&tutor(), on, &identity),
        Err(Reason::NotPermitted)
    );
    let early = cast.when(&hr(), date(2026, 1, 14), &identity);
    assert_eq!(
        early,
        Err(Reason::FieldInvalid),
        "a result cannot lie ahead"
    );
    let pending = ClearEmploymentCheck {
        result: CheckResult::NotCleared,
        ..identity.clone()
    };
    let answer = cast.when(&hr(), on, &pending);
    assert_eq!(answer, Ok(vec!["EmploymentCheckNotCleared".to_owned()]));
    let answer = cast.when(&hr(), on, &identity);
    assert_eq!(answer, Ok(vec!["EmploymentCheckCleared".to_owned()]));
    assert_eq!(cast.when(&hr(), on, &identity), Ok(vec![]));
    assert_eq!(cast.when(&hr(), on, &pending), Err(Reason::AlreadyRecorded));
}

#[test]
fn the_employer_confirms_only_with_all_six_checks() {
    let on = date(2026, 2, 16);
    let mut cast = accepted(applied().appointed());
    let confirm_own = confirm(&cast, &[]);
    let answer = cast.when(&hr(), on, &confirm_own);
    assert_eq!(answer, Err(Reason::EmploymentCheckIncomplete));
    for one in EmploymentCheck::iter().skip(1) {
        let clear = check(&cast, one);
        cast.when(&hr(), on, &clear).expect("cleared");
    }
    let five = cast.when(&hr(), on, &confirm_own);
    assert_eq!(five, Err(Reason::EmploymentCheckIncomplete), "five of six");
    let last = check(&cast, EmploymentCheck::Identity);
    cast.when(&hr(), on, &last).expect("cleared");
    let answer = cast.when(&hr(), on, &confirm_own);
    assert_eq!(answer, Ok(vec!["OfferConditionsConfirmed".to_owned()]));
}

#[test]
fn both_sets_of_conditions_are_met_before_the_offer_holds() {
    let on = date(2026, 2, 16);
    let mut cast = applied().deciding();
    let mut licence = accept(Party::Employer);
    licence.conditions = vec!["driving_licence".to_owned()];
    let mut certificate = accept(Party::University);
    certificate.conditions = vec!["degree_certificate".to_owned()];
    let (employer, university) = (cast.decide(1, licence), cast.decide(1, certificate));
    cast.when(&hr(), date(2025, 12, 12), &employer)
        .expect("sealed");
    cast.when(&tutor(), date(2025, 12, 15), &university)
        .expect("revealed");
    let mut cast = checked(accepted(cast));

    let (none, own, foreign) = (
        confirm(&cast, &[]),
        confirm(&cast, &["driving_licence"]),
        confirm(&cast, &["degree_certificate"]),
    );
    assert_eq!(cast.when(&hr(), on, &none), Err(Reason::ConditionsNotMet));
    assert_eq!(cast.when(&hr(), on, &foreign), Err(Reason::FieldInvalid));
    assert_eq!(cast.when(&candidate(), on, &own), Err(Reason::NotPermitted));
    let confirmed = "OfferConditionsConfirmed".to_owned();
    assert_eq!(cast.when(&hr(), on, &own), Ok(vec![confirmed.clone()]));
    assert_eq!(cast.when(&hr(), on, &own), Ok(vec![]));
    assert!(
        !cast
            .given
            .state(offer(&cast))
            .is_some_and(Offer::conditions_met)
    );
    let both = vec![confirmed, "OfferConditionsMet".to_owned()];
    assert_eq!(cast.when(&tutor(), on, &foreign), Ok(both));
    assert!(
        cast.given
            .state(offer(&cast))
            .is_some_and(Offer::conditions_met)
    );
    assert!(cast.given.state(offer(&cast)).is_some_and(Offer::accepted));

    let withdraw = crate::application::WithdrawApplication {
        application: cast.application,
    };
    let events = cast
        .when(&candidate(), on, &withdraw)
        .expect("nothing has begun yet");
    assert!(events.contains(&"OfferWithdrawn".to_owned()));
}

#[test]
fn conditions_are_confirmed_after_acceptance() {
    let mut cast = made(applied().appointed());
    let confirm = confirm(&cast, &[]);
    let answer = cast.when(&tutor(), date(2025, 12, 17), &confirm);
    assert_eq!(answer, Err(Reason::StateNotAllowed));
}

fn stage(cast: &Cast) -> Option<OfferStage> {
    let held = cast.given.state(offer(cast)).and_then(Offer::held);
    held.map(|held| held.stage)
}

/// JOINT-01: an answer is owed within the days of policy `offer.answer`.
#[test]
fn joint_01_an_unanswered_offer_lapses_and_may_be_made_again() {
    let mut cast = made(applied().appointed());
    let offer = offer(&cast);
    let answer_by = cast.given.state(offer).and_then(Offer::held);
    let answer_by = answer_by.and_then(|held| held.answer_by).expect("a day");
    assert_eq!(answer_by, at("2025-12-30T23:59:59Z"), "14 days by policy");
    let lapse = LapseOffer { offer };
    for by in [hr(), tutor(), candidate()] {
        let answer = cast.when(&by, date(2026, 1, 1), &lapse);
        assert_eq!(answer, Err(Reason::NotPermitted));
    }
    let in_time = at("2025-12-30T23:59:58Z");
    let early = cast.given.when_at(&platform(), in_time, &lapse);
    assert_eq!(early, Ok(vec![]));
    let accept = AcceptOffer { offer };
    let late = cast.when(&candidate(), date(2025, 12, 31), &accept);
    assert_eq!(late, Err(Reason::OfferLapsed), "before the timer too");
    let lapsed = cast.when(&platform(), date(2025, 12, 31), &lapse);
    assert_eq!(lapsed, Ok(vec!["OfferLapsed".to_owned()]));
    assert_eq!(
        cast.when(&candidate(), date(2025, 12, 29), &accept),
        Err(Reason::OfferLapsed)
    );
    cast.given.settle(date(2025, 12, 31));

    let mut cast = made_again(cast);
    let events = cast.when(&candidate(), date(2026, 1, 8), &accept);
    let accepted = ["AcceptanceGiven", "OfferAccepted"].map(str::to_owned);
    assert_eq!(events, Ok(accepted.to_vec()));
    let again = cast.when(&platform(), date(2026, 2, 1), &lapse);
    assert_eq!(again, Ok(vec![]), "answered");
}

fn made_again(mut cast: Cast) -> Cast {
    let make = MakeOffer {
        application: cast.application,
    };
    let events = cast.when(&hr(), date(2026, 1, 5), &make);
    let made = ["OfferMade", "OfferAnswerDue", "PostOffered"].map(str::to_owned);
    assert_eq!(events, Ok(made.to_vec()));
    cast
}

#[test]
fn joint_01_an_offers_answer_is_a_timer() {
    let cast = made(applied().appointed());
    let event = Occurred {
        stream: offer(&cast).0,
        sequence: 2,
        effective: at("2025-12-16T12:00:00Z"),
        fact: Fact::Offer(OfferEvent::OfferAnswerDue {
            by: at("2025-12-30T23:59:59Z"),
        }),
    };
    let reactions = react(&event);
    let [Reaction::Timer(due, timer)] = reactions.as_slice() else {
        panic!("one timer, not {reactions:?}");
    };
    assert_eq!(*due, at("2025-12-30T23:59:59Z"));
    let (action, _) = on_timer(timer);
    assert_eq!(action, Action::MakeOffer);
}

/// JOINT-01: either party can take back what it offered, until the training begins.
#[test]
fn joint_01_a_party_rescinds_an_offer_for_its_own_reasons() {
    let on = date(2026, 1, 20);
    let mut cast = accepted(applied().appointed());
    let rescind = |reason| RescindOffer {
        offer: offer(&cast),
        reason,
    };
    let (conditions, check, post) = (
        rescind(RescissionReason::ConditionsNotMet),
        rescind(RescissionReason::CheckNotCleared),
        rescind(RescissionReason::PostWithdrawn),
    );
    for (by, command) in [
        (tutor(), &check),
        (tutor(), &post),
        (candidate(), &conditions),
        (stranger(ActingRole::EmployerHr), &conditions),
    ] {
        assert_eq!(cast.when(&by, on, command), Err(Reason::NotPermitted));
    }
    let events = cast.when(&hr(), on, &check);
    let rescinded = ["AcceptanceReleased", "OfferRescinded"].map(str::to_owned);
    assert_eq!(events, Ok(rescinded.to_vec()));
    assert_eq!(stage(&cast), Some(OfferStage::Rescinded));
    assert_eq!(cast.when(&hr(), on, &check), Ok(vec![]), "a repeat");
    assert_eq!(
        cast.when(&tutor(), on, &conditions),
        Err(Reason::StateNotAllowed)
    );
}

/// B.3: a check that has run out is no check.
#[test]
fn b_3_a_check_holds_for_its_time_and_is_taken_again_after_it() {
    let mut cast = accepted(applied().appointed());
    let by_policy = check(&cast, EmploymentCheck::CriminalRecord);
    let own_end = ClearEmploymentCheck {
        valid_until: Some(date(2026, 4, 30)),
        reference: Some("WAB12C34D".to_owned()),
        ..check(&cast, EmploymentCheck::RightToWork)
    };
    let on = date(2026, 1, 16);
    for clear in [&by_policy, &own_end] {
        let events = cast.when(&hr(), on, clear);
        let cleared = ["EmploymentCheckCleared", "EmploymentCheckLimited"].map(str::to_owned);
        assert_eq!(events, Ok(cleared.to_vec()));
        assert_eq!(cast.when(&hr(), on, clear), Ok(vec![]), "a repeat");
    }
    let needed = BTreeSet::from([
        EmploymentCheck::CriminalRecord,
        EmploymentCheck::RightToWork,
    ]);
    let open = |cast: &Cast, on| {
        let held = cast.given.state(offer(cast)).and_then(Offer::held);
        held.expect("an offer").checks_open(&needed, on)
    };
    assert_eq!(open(&cast, date(2026, 4, 30)), []);
    assert_eq!(
        open(&cast, date(2026, 5, 1)),
        [EmploymentCheck::RightToWork]
    );
    assert_eq!(open(&cast, date(2026, 7, 15)).len(), 1, "six months");
    assert_eq!(open(&cast, date(2026, 7, 16)).len(), 2);
    let renewed = ClearEmploymentCheck {
        on: date(2026, 5, 4),
        valid_until: None,
        ..own_end.clone()
    };
    let events = cast.when(&hr(), date(2026, 5, 4), &renewed);
    assert_eq!(events, Ok(vec!["EmploymentCheckCleared".to_owned()]));
    assert_eq!(open(&cast, date(2026, 7, 15)), []);
    let backwards = ClearEmploymentCheck {
        valid_until: Some(date(2026, 1, 1)),
        ..own_end
    };
    let answer = cast.when(&hr(), on, &backwards);
    assert_eq!(answer, Err(Reason::FieldInvalid));
}

/// B.3: references have a form, and are not kept.
#[test]
fn b_3_a_reference_is_checked_for_its_form_and_not_kept() {
    use EmploymentCheck as C;
    for (of, reference, sound) in [
        (C::RightToWork, "W12345678", true),
        (C::RightToWork, "R12345678", false),
        (C::RightToWork, "W1234567", false),
        (C::RightToWork, "w12345678", false),
        (C::CriminalRecord, "001234567890", true),
        (C::CriminalRecord, "00123456789", false),
        (C::CriminalRecord, "00123456789X", false),
        (C::Identity, "anything", false),
    ] {
        let mut cast = accepted(applied().appointed());
        let clear = ClearEmploymentCheck {
            reference: Some(reference.to_owned()),
            ..check(&cast, of)
        };
        let answer = cast.when(&hr(), date(2026, 1, 16), &clear);
        assert_eq!(answer.is_ok(), sound, "{of} {reference}: {answer:?}");
        let stored = cast.given.stored(offer(&cast)).join("\n");
        assert!(!stored.contains(reference));
    }
}
