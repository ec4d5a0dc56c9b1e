use jiff::civil::{Date, date};
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Actor, PLATFORM},
    decision_round::tests::{accept, reject},
    given::{actor, person, tenant},
    offer::{Offer, OfferStage, tests::accepted},
    refusal::Reason,
};

pub(crate) mod cast;

use cast::{applied, applied_with, at, candidate, employer, hr, stranger, submit, tutor, vacancy};

#[test]
fn time_06_applications_are_taken_from_opening_to_the_closing_minute_in_london() {
    for (instant, expected) in [
        ("2025-11-10T08:59:59Z", Err(Reason::CampaignClosed)),
        ("2025-11-10T09:00:00Z", Ok(())),
        ("2025-11-30T23:59:00Z", Ok(())),
        ("2025-12-01T00:00:00Z", Err(Reason::CampaignClosed)),
    ] {
        let mut given = cast::opened();
        let answer = given.when_at(&candidate(), at(instant), &submit(Degree::Held));
        assert_eq!(answer.map(|_| ()), expected, "{instant}");
    }
}

#[test]
fn a_person_applies_once_per_vacancy() {
    let mut cast = applied();
    let again = cast.when(&candidate(), date(2025, 11, 22), &submit(Degree::Held));
    assert_eq!(again, Ok(vec![]), "same content");
    let late = cast.when(&candidate(), date(2025, 12, 22), &submit(Degree::Held));
    assert_eq!(late, Ok(vec![]), "a repeat after closing is still a repeat");
    let other = SubmitApplication {
        statement: "Another statement.".to_owned(),
        ..submit(Degree::Held)
    };
    let other = cast.when(&candidate(), date(2025, 11, 22), &other);
    assert_eq!(other, Err(Reason::AlreadyHoldsApplication));
}

#[test]
fn joint_04_candidates_apply_for_themselves_and_hr_for_its_own_vacancy() {
    let mut given = cast::opened();
    let for_another = SubmitApplication {
        person: Some(person(8)),
        ..submit(Degree::Held)
    };
    let on = date(2025, 11, 21);
    for by in [
        candidate(),
        tutor(),
        stranger(ActingRole::EmployerHr),
        cast::platform(),
    ] {
        let answer = given.when(&by, on, &for_another);
        assert_eq!(answer, Err(Reason::NotPermitted), "{by:?}");
    }
    let answer = given.when(&hr(), on, &for_another);
    let submitted = ["ApplicationSubmitted", "ApplicationNoted"].map(str::to_owned);
    assert_eq!(answer, Ok(submitted.to_vec()));
    let id = Application::id(employer(), vacancy(), person(8));
    assert!(given.state(id).is_some_and(|a| a.held().is_some()));
}

#[test]
fn hr_applies_for_a_person_new_to_the_service() {
    let mut given = cast::opened();
    given
        .when(&hr(), date(2025, 11, 21), &submit(Degree::Held))
        .expect("submitted");
    let person = PersonId(Uuid::new_v5(&employer().0, given.last_request().as_bytes()));
    let id = Application::id(employer(), vacancy(), person);
    assert_eq!(
        given
            .state(id)
            .and_then(Application::terms)
            .map(|t| t.person),
        Some(person)
    );
}

#[test]
fn a_vacancy_that_does_not_exist_is_not_permitted() {
    let mut given = cast::opened();
    let nowhere = SubmitApplication {
        vacancy: Id::derive(employer(), &[Uuid::from_u128(404)]),
        ..submit(Degree::Held)
    };
    let answer = given.when(&candidate(), date(2025, 11, 21), &nowhere);
    assert_eq!(answer, Err(Reason::NotPermitted));
}

#[test]
fn every_text_of_an_application_is_needed_and_bounded() {
    let long = "x".repeat(STATEMENT_BYTES_MAX + 1);
    for (field, change) in [
        (
            "name",
            SubmitApplication {
                name: " ".into(),
                ..submit(Degree::Held)
            },
        ),
        (
            "contact",
            SubmitApplication {
                contact: long.clone(),
                ..submit(Degree::Held)
            },
        ),
        (
            "statement",
            SubmitApplication {
                statement: long.clone(),
                ..submit(Degree::Held)
            },
        ),
        (
            "degree_detail",
            SubmitApplication {
                degree_detail: Some(long),
                ..submit(Degree::Held)
            },
        ),
    ] {
        let mut given = cast::opened();
        let refusal = given
            .answer(
                &candidate(),
                at("2025-11-21T12:00:00Z"),
                Uuid::from_u128(1),
                &change,
            )
            .expect_err(field);
        assert_eq!(
            (refusal.reason, refusal.field),
            (Reason::FieldInvalid, Some(field))
        );
    }
}

fn controllers<T>(value: &Personal<T>) -> Vec<TenantId> {
    match value {
        Personal::Clear { controllers, .. } => controllers.clone(),
        Personal::Sealed { copies, .. } => copies.iter().map(|c| c.controller).collect(),
        Personal::Erased => vec![],
    }
}

#[test]
fn degree_and_study_evidence_are_the_universitys_own() {
    let mut cast = applied_with(Degree::Pending);
    let evidence = AddStudyEvidence {
        application: cast.application,
        kind: StudyEvidenceKind::PriorStudy,
        detail: "Level 5 diploma, 2024".to_owned(),
    };
    cast.when(&candidate(), date(2025, 11, 25), &evidence)
        .expect("added");
    let held = cast.held();
    let university = vec![cast::university()];
    assert_eq!(
        held.applicant.degree_detail.as_ref().map(controllers),
        Some(university.clone())
    );
    assert!(
        held.evidence
            .iter()
            .all(|e| controllers(&e.detail) == university)
    );
    assert_eq!(
        controllers(&held.applicant.statement),
        [employer(), cast::university()]
    );
    let stored = cast.given.stored(cast.application).join("\n");
    let plain = stored.split("$personal").next().unwrap_or_default();
    assert!(!plain.contains("Ada"), "names only inside personal values");
}

#[test]
fn route_03_evidence_is_added_once_by_candidate_or_tutor() {
    let mut cast = applied_with(Degree::None);
    let evidence = AddStudyEvidence {
        application: cast.application,
        kind: StudyEvidenceKind::PriorStudy,
        detail: "Level 5 diploma, 2024".to_owned(),
    };
    let on = date(2025, 11, 25);
    let added = Ok(vec!["StudyEvidenceAdded".to_owned()]);
    assert_eq!(cast.when(&candidate(), on, &evidence), added);
    assert_eq!(cast.when(&candidate(), on, &evidence), Ok(vec![]));
    assert_eq!(cast.when(&tutor(), on, &evidence), added, "now confirmed");
    assert_eq!(cast.when(&hr(), on, &evidence), Err(Reason::NotPermitted));
    let stranger = stranger(ActingRole::AdmissionsTutor);
    assert_eq!(
        cast.when(&stranger, on, &evidence),
        Err(Reason::NotPermitted)
    );
    let withdraw = WithdrawApplication {
        application: cast.application,
    };
    cast.when(&candidate(), on, &withdraw).expect("withdrawn");
    let more = AddStudyEvidence {
        detail: "Another".to_owned(),
        ..evidence
    };
    assert_eq!(
        cast.when(&candidate(), on, &more),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn route_02_a_degree_counts_once_the_university_confirms_it() {
    let mut cast = applied_with(Degree::Pending);
    let degree = AddStudyEvidence {
        application: cast.application,
        kind: StudyEvidenceKind::Degree,
        detail: "BSc Sociology".to_owned(),
    };
    cast.when(&candidate(), date(2025, 11, 25), &degree)
        .expect("added");
    assert_eq!(cast.held().degree, Degree::Pending);
    cast.when(&tutor(), date(2025, 11, 26), &degree)
        .expect("confirmed");
    assert_eq!(cast.held().degree, Degree::Held);
}

#[test]
fn d_4_a_degree_confirmed_after_the_appointment_changes_the_route_and_the_offer() {
    let mut cast = applied_with(Degree::Pending);
    let evidence = AddStudyEvidence {
        application: cast.application,
        kind: StudyEvidenceKind::PriorStudy,
        detail: "Level 5 diploma, 2024".to_owned(),
    };
    cast.when(&candidate(), date(2025, 11, 25), &evidence)
        .expect("added");
    let mut cast = accepted(cast.appointed());
    assert_eq!(cast.held().level, Some(6));
    let degree = AddStudyEvidence {
        kind: StudyEvidenceKind::Degree,
        ..evidence
    };
    let events = cast.when(&tutor(), date(2026, 1, 20), &degree);
    let expected = [
        "StudyEvidenceAdded",
        "RouteRederived",
        "OfferRouteRederived",
    ];
    assert_eq!(events, Ok(expected.map(str::to_owned).to_vec()));
    assert_eq!(cast.held().level, Some(7));
    let offer = Offer::id(employer(), cast.application);
    let terms = cast.given.state(offer).and_then(Offer::terms);
    assert_eq!(terms.map(|terms| terms.level), Some(7));
}

#[test]
fn actor_11_an_interview_follows_the_shortlist_and_an_expert_by_experience_sits_on_it() {
    let mut cast = applied();
    let interview = cast.interview();
    let on = date(2025, 12, 11);
    assert_eq!(
        cast.when(&hr(), on, &interview),
        Err(Reason::StateNotAllowed)
    );
    let mut cast = cast.shortlisted();
    let early = cast.when(&hr(), date(2025, 12, 10), &interview);
    assert_eq!(early, Err(Reason::FieldInvalid), "not held yet");
    let empty = RecordInterview {
        panel: vec![],
        ..interview.clone()
    };
    assert_eq!(cast.when(&hr(), on, &empty), Err(Reason::FieldInvalid));
    assert_eq!(
        cast.when(&candidate(), on, &interview),
        Err(Reason::NotPermitted)
    );
    let without = RecordInterview {
        panel: vec![PanelMember::ServiceManager, PanelMember::AdmissionsTutor],
        ..interview.clone()
    };
    assert_eq!(cast.when(&hr(), on, &without), Err(Reason::PanelIncomplete));
    assert_eq!(
        cast.when(&hr(), on, &interview),
        Ok(vec!["InterviewHeld".to_owned()])
    );
    assert_eq!(
        cast.when(&tutor(), on, &interview),
        Ok(vec![]),
        "the same fact"
    );
    let other = RecordInterview {
        panel: vec![PanelMember::HumanResources],
        ..interview
    };
    assert_eq!(
        cast.when(&tutor(), on, &other),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn withdrawal_is_the_candidates_and_the_employers_on_their_behalf() {
    let on = date(2025, 12, 1);
    for (by, expected) in [
        (candidate(), Ok(vec!["ApplicationWithdrawn".to_owned()])),
        (hr(), Ok(vec!["ApplicationWithdrawn".to_owned()])),
        (tutor(), Err(Reason::NotPermitted)),
        (
            actor(tenant(8), ActingRole::Candidate),
            Err(Reason::NotPermitted),
        ),
    ] {
        let mut cast = applied();
        let withdraw = WithdrawApplication {
            application: cast.application,
        };
        assert_eq!(cast.when(&by, on, &withdraw), expected, "{by:?}");
    }
    let mut cast = applied();
    let withdraw = WithdrawApplication {
        application: cast.application,
    };
    cast.when(&candidate(), on, &withdraw).expect("withdrawn");
    assert_eq!(cast.when(&candidate(), on, &withdraw), Ok(vec![]));
}

#[test]
fn withdrawing_takes_an_accepted_offer_with_it() {
    let mut cast = accepted(applied().appointed());
    let withdraw = WithdrawApplication {
        application: cast.application,
    };
    let events = cast
        .when(&candidate(), date(2026, 1, 5), &withdraw)
        .expect("withdrawn");
    for event in [
        "ApplicationWithdrawn",
        "OfferWithdrawn",
        "AcceptanceReleased",
    ] {
        assert!(events.contains(&event.to_owned()), "{event}: {events:?}");
    }
    assert_eq!(
        cast.when(&candidate(), date(2026, 1, 6), &withdraw),
        Ok(vec![])
    );
    let offer = Offer::id(employer(), cast.application);
    let stage = cast
        .given
        .state(offer)
        .and_then(Offer::held)
        .map(|held| held.stage);
    assert_eq!(stage, Some(OfferStage::Withdrawn));
}

#[test]
fn feedback_follows_an_outcome_and_is_released_once_per_round() {
    let mut cast = applied().deciding();
    let feedback = ReleaseFeedback {
        application: cast.application,
        text: "Show how you study at degree level.".to_owned(),
    };
    let on = date(2025, 12, 16);
    assert_eq!(
        cast.when(&hr(), on, &feedback),
        Err(Reason::StateNotAllowed)
    );
    let mut cast = applied().rejected_by_the_university();
    assert_eq!(
        cast.when(&hr(), on, &feedback),
        Ok(vec!["FeedbackReleased".to_owned()])
    );
    assert_eq!(cast.when(&tutor(), on, &feedback), Ok(vec![]));
    let other = ReleaseFeedback {
        text: "Other words.".to_owned(),
        ..feedback
    };
    assert_eq!(
        cast.when(&tutor(), on, &other),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        cast.when(&candidate(), on, &other),
        Err(Reason::NotPermitted)
    );
    let text = cast
        .held()
        .feedback
        .as_ref()
        .map(|feedback| controllers(&feedback.text));
    let readers = vec![employer(), cast::university(), tenant(7)];
    assert_eq!(text, Some(readers), "the candidate holds a copy");
}

#[test]
fn d_2_reconsideration_needs_both_parties_and_opens_a_new_blind_round() {
    let mut cast = applied_with(Degree::None).rejected_by_the_university();
    let request = RequestReconsideration {
        application: cast.application,
        reason: "A level 5 certificate has arrived.".to_owned(),
    };
    let agree = AgreeReconsideration {
        application: cast.application,
        deadline: None,
    };
    let on = date(2025, 12, 18);
    assert_eq!(
        cast.when(&tutor(), on, &agree),
        Err(Reason::StateNotAllowed)
    );
    let requested = Ok(vec!["ReconsiderationRequested".to_owned()]);
    assert_eq!(cast.when(&hr(), on, &request), requested);
    assert_eq!(cast.when(&hr(), on, &request), Ok(vec![]));
    assert_eq!(
        cast.when(&tutor(), on, &request),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        cast.when(&hr(), on, &agree),
        Err(Reason::NotPermitted),
        "not for the other"
    );
    let agreed = ["ReconsiderationAgreed", "DecisionRoundOpened"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(cast.when(&tutor(), date(2025, 12, 19), &agree), Ok(agreed));
    assert_eq!(cast.when(&tutor(), date(2025, 12, 20), &agree), Ok(vec![]));

    let study = cast.decide(2, accept(Party::University));
    let refused = cast.when(&tutor(), date(2025, 12, 22), &study);
    assert_eq!(refused, Err(Reason::StudyEvidenceRequired), "ROUTE-03");
    let evidence = AddStudyEvidence {
        application: cast.application,
        kind: StudyEvidenceKind::PriorStudy,
        detail: "Level 5 certificate".to_owned(),
    };
    cast.when(&tutor(), date(2025, 12, 22), &evidence)
        .expect("added");
    cast.when(&tutor(), date(2025, 12, 22), &study)
        .expect("sealed");
    let employer = cast.decide(2, accept(Party::Employer));
    cast.when(&hr(), date(2025, 12, 23), &employer)
        .expect("revealed");
    let held = cast.held();
    assert_eq!(
        (held.stage, held.level),
        (Stage::Appointed { round: 2 }, Some(6))
    );
    let words: Vec<_> = held
        .rounds
        .iter()
        .map(|r| (r.round, r.university, r.outcome))
        .collect();
    assert_eq!(
        words,
        [
            (1, Verdict::Reject, Outcome::NotAppointed),
            (2, Verdict::Accept, Outcome::Appoint)
        ],
        "round 1 stays as it was"
    );
}

#[test]
fn route_02_a_degree_confirmed_before_the_offer_is_made_changes_what_is_offered() {
    let mut cast = applied_with(Degree::Pending);
    let evidence = AddStudyEvidence {
        application: cast.application,
        kind: StudyEvidenceKind::PriorStudy,
        detail: "Level 5 diploma, 2024".to_owned(),
    };
    cast.when(&candidate(), date(2025, 11, 25), &evidence)
        .expect("added");
    let mut cast = cast.appointed();
    let degree = AddStudyEvidence {
        kind: StudyEvidenceKind::Degree,
        ..evidence
    };
    let events = cast.when(&tutor(), date(2025, 12, 16), &degree);
    let rederived = ["StudyEvidenceAdded", "RouteRederived"].map(str::to_owned);
    assert_eq!(events, Ok(rederived.to_vec()));
    let cast = accepted(cast);
    let offer = Offer::id(employer(), cast.application);
    let terms = cast.given.state(offer).and_then(Offer::terms);
    assert_eq!(terms.map(|terms| terms.level), Some(7));
}

/// ROUTE-12: the subject of the degree is kept, since later steps depend on it.
#[test]
fn route_12_clinical_psychology_is_shown_to_psychology_graduates_only() {
    for (degree, shown) in [
        (Degree::HeldInPsychology, true),
        (Degree::Held, false),
        (Degree::Pending, false),
        (Degree::None, false),
    ] {
        let cast = applied_with(degree);
        let held = cast.held();
        let given = crate::given::Given::nothing().of_the_baseline(&["pathway.MHWP"]);
        let register = given.state(crate::policy::PolicyRegister::id()).cloned();
        let policies = crate::policy::Policies::of(std::sync::Arc::new(register.expect("set")));
        let paths = held.paths(&policies, date(2026, 1, 1)).expect("readable");
        assert!(paths.contains(&"psychological_therapist".to_owned()));
        let clinical = paths.contains(&"clinical_psychology".to_owned());
        assert_eq!(clinical, shown, "{degree}");
    }
}

#[test]
fn an_appointment_is_not_reconsidered() {
    let mut cast = applied().appointed();
    let request = RequestReconsideration {
        application: cast.application,
        reason: "second thoughts".to_owned(),
    };
    let answer = cast.when(&hr(), date(2025, 12, 18), &request);
    assert_eq!(answer, Err(Reason::StateNotAllowed));
}
