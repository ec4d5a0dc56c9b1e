use jiff::civil::{Date, date};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Party},
    application::{
        Degree, EntrySource,
        tests::cast::{self, Cast, applied, candidate, hr, stranger, tutor, university},
    },
    decision_round::tests::{accept, reject},
    given::{actor, person, tenant},
    vacancy::VacancyEvent,
};

const ON: Date = date(2025, 12, 16);

/// Wanted by the university, rejected by the employer; another partner's vacancy is open.
fn wanted() -> (Cast, Id<Vacancy>) {
    decided(
        reject("team_aptitude", Party::Employer),
        accept(Party::University),
    )
}

fn decided(
    employers: crate::decision_round::Decision,
    universitys: crate::decision_round::Decision,
) -> (Cast, Id<Vacancy>) {
    let mut cast = applied().deciding();
    let words = [employers, universitys].map(|word| cast.decide(1, word));
    let [employers, universitys] = words;
    cast.when(&hr(), date(2025, 12, 12), &employers)
        .expect("sealed");
    cast.when(&tutor(), date(2025, 12, 15), &universitys)
        .expect("revealed");
    let known = cast.given.state(cast::vacancy()).and_then(Vacancy::terms);
    let terms = VacancyTerms {
        employer: tenant(3),
        closing: cast::at("2026-01-31T23:59:00Z"),
        ..known.cloned().expect("opened")
    };
    let vacancy = Id::derive(tenant(3), &[Uuid::from_u128(1)]);
    let opened = VacancyEvent::VacancyOpened {
        terms: Box::new(terms),
    };
    let Cast { given, application } = cast;
    let given = given.happened(vacancy, &opened);
    (Cast { given, application }, vacancy)
}

fn refer(cast: &Cast, vacancy: Id<Vacancy>) -> ReferCandidate {
    ReferCandidate {
        application: cast.application,
        submit: SubmitApplication {
            vacancy,
            // what the first application says about these holds, whatever is sent
            entry: EntrySource::Volunteer,
            degree: Degree::None,
            ..cast::submit(Degree::Held)
        },
    }
}

fn consent(cast: &Cast) -> ConsentToReferral {
    ConsentToReferral {
        application: cast.application,
    }
}

/// JOINT-03, JOINT-04
#[test]
fn joint_04_with_consent_the_university_puts_a_candidate_forward_elsewhere() {
    let (mut cast, vacancy) = wanted();
    let forward = refer(&cast, vacancy);
    let asked = cast.when(&tutor(), ON, &forward);
    assert_eq!(asked, Err(Reason::ConsentRequired));
    let consent = consent(&cast);
    for by in [hr(), tutor(), actor(tenant(8), ActingRole::Candidate)] {
        assert_eq!(cast.when(&by, ON, &consent), Err(Reason::NotPermitted));
    }
    let given = Ok(vec!["ReferralConsentGiven".to_owned()]);
    assert_eq!(cast.when(&candidate(), ON, &consent), given);
    assert_eq!(cast.when(&candidate(), ON, &consent), Ok(vec![]));
    for by in [hr(), candidate(), stranger(ActingRole::AdmissionsTutor)] {
        let refused = cast.when(&by, ON, &forward);
        assert_eq!(refused, Err(Reason::NotPermitted), "{by:?}");
    }
    let mut events = cast.when(&tutor(), ON, &forward).expect("referred");
    events.sort();
    assert_eq!(
        events,
        [
            "ApplicationNoted",
            "ApplicationSubmitted",
            "CandidateReferred"
        ]
    );
    assert_eq!(cast.when(&tutor(), ON, &forward), Ok(vec![]));

    let id = Application::id(tenant(3), vacancy, person(7));
    let second = cast
        .given
        .state(id)
        .and_then(Application::held)
        .expect("one");
    assert_eq!(
        second.stage,
        Stage::AwaitingShortlist,
        "the same joint path"
    );
    assert_eq!(
        (second.entry, second.degree),
        (cast.held().entry, cast.held().degree)
    );
    let stored = cast.given.stored(id).join("\n");
    let (first, employer) = (
        cast.application.0.to_string(),
        cast::employer().0.to_string(),
    );
    assert!(
        !stored.contains(&first) && !stored.contains(&employer),
        "the other partner learns nothing of the first application"
    );
    let referral = Referral::id(university(), cast.application);
    let custody = cast.given.state(referral).and_then(Decider::custody);
    let parties = custody.map(|custody| custody.parties.into_iter().collect::<Vec<_>>());
    assert_eq!(
        parties,
        Some(vec![university()]),
        "and the first nothing of this"
    );
}

#[test]
fn joint_04_consent_can_be_taken_back() {
    let (mut cast, vacancy) = wanted();
    let (consent, forward) = (consent(&cast), refer(&cast, vacancy));
    let back = WithdrawReferralConsent {
        application: cast.application,
    };
    assert_eq!(cast.when(&candidate(), ON, &back), Ok(vec![]), "none given");
    cast.when(&candidate(), ON, &consent).expect("given");
    let withdrawn = Ok(vec!["ReferralConsentWithdrawn".to_owned()]);
    assert_eq!(cast.when(&candidate(), ON, &back), withdrawn);
    let refused = cast.when(&tutor(), ON, &forward);
    assert_eq!(refused, Err(Reason::ConsentRequired));
}

#[test]
fn joint_04_only_whom_the_university_alone_accepts_is_put_forward() {
    for (employers, universitys) in [
        (
            accept(Party::Employer),
            reject("ability_to_study", Party::University),
        ),
        (
            reject("team_aptitude", Party::Employer),
            reject("ability_to_study", Party::University),
        ),
    ] {
        let (mut cast, vacancy) = decided(employers, universitys);
        let (consent, forward) = (consent(&cast), refer(&cast, vacancy));
        cast.when(&candidate(), ON, &consent)
            .expect("the candidate sees an outcome, not who said what");
        let refused = cast.when(&tutor(), ON, &forward);
        assert_eq!(refused, Err(Reason::StateNotAllowed));
    }
    let mut cast = applied().deciding();
    let consent = consent(&cast);
    let early = cast.when(&candidate(), date(2025, 12, 12), &consent);
    assert_eq!(early, Err(Reason::StateNotAllowed), "no outcome yet");
}

/// TIME-06
#[test]
fn time_06_a_referral_too_keeps_to_the_window_and_to_another_employer() {
    let (mut cast, vacancy) = wanted();
    let consent = consent(&cast);
    cast.when(&candidate(), ON, &consent).expect("given");
    let forward = refer(&cast, vacancy);
    let late = cast.when(&tutor(), date(2026, 2, 1), &forward);
    assert_eq!(late, Err(Reason::CampaignClosed));
    let own = refer(&cast, cast::vacancy());
    assert_eq!(cast.when(&tutor(), ON, &own), Err(Reason::FieldInvalid));
    let nowhere = refer(&cast, Id::derive(tenant(3), &[Uuid::from_u128(404)]));
    assert_eq!(cast.when(&tutor(), ON, &nowhere), Err(Reason::NotPermitted));
    let Cast { given, application } = cast;
    let mut cast = Cast {
        given: given.policy("applications", json!("one_only")),
        application,
    };
    assert_eq!(
        cast.when(&tutor(), ON, &forward),
        Err(Reason::StateNotAllowed),
        "there each candidate applies themself"
    );
}
