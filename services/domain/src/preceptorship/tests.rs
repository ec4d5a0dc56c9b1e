mod service;

use jiff::civil::date;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::cast,
    commitment::{CommitmentEvent, EvidenceQualifiedPost, PostFunding, PostTerms},
    directory::{ClinicalServiceEvent, Tenant, TenantEvent, TenantName},
    given::{Given, actor, person, tenant},
    id::Id,
    policy::catalogue::Setting,
    qualification::{QualificationAward, QualificationEvent},
    qualified_practice::{
        AwayFor, EndPracticeLeave, LeaveQualifiedPost, QualifiedPractice, StartPracticeLeave,
    },
};

const POST: Date = date(2027, 4, 5);
const LAST_DAY: Date = date(2028, 4, 4);

fn id() -> Id<Preceptorship> {
    cast::appointment().preceptorship()
}

/// Started, with a preceptor.
fn started() -> Given {
    let mut given = unaccompanied();
    given.done(&practice_supervisor(), POST, &preceptor());
    given
}

fn preceptor() -> AssignPreceptor {
    AssignPreceptor {
        preceptorship: id(),
        preceptor: person(0x77),
        band: 5,
        practising_since: date(2026, 4, 5),
    }
}

fn unaccompanied() -> Given {
    let mut given = cast::appointed();
    let start = StartPreceptorship {
        application: cast::appointment().application,
        post_starts: POST,
    };
    assert_eq!(
        given.when(&Actor::platform(), POST, &start),
        Ok(vec![
            "PreceptorshipStarted".to_owned(),
            "ConsolidationClockStarted".to_owned(),
            "PreceptorshipStandardSet".to_owned(),
        ])
    );
    // a second post does not start it again
    assert_eq!(
        given.when(&Actor::platform(), date(2027, 9, 1), &start),
        Ok(vec![])
    );
    given
}

fn held(given: &Given) -> &HeldPreceptorship {
    given
        .state(id())
        .and_then(Preceptorship::held)
        .expect("started")
}

fn session(form: SessionForm) -> RecordPreceptorshipSession {
    RecordPreceptorshipSession {
        preceptorship: id(),
        form,
        kind: None,
    }
}

fn sign_off() -> SignOffPreceptorship {
    SignOffPreceptorship {
        preceptorship: id(),
    }
}

fn complete() -> CompletePreceptorship {
    CompletePreceptorship {
        preceptorship: id(),
    }
}

fn practice_supervisor() -> Actor {
    cast::supervisor()
}

#[test]
fn d_1_the_evidence_of_the_promised_post_starts_preceptorship_and_consolidation() {
    let whose = cast::appointment();
    let clinical_service = Id::new(Uuid::from_u128(0xA4));
    let opened = ClinicalServiceEvent::ClinicalServiceOpened {
        employer: whose.employer,
        name: "Northmoor Community Team".to_owned(),
        setting: Setting::parse("adult_community", "setting").expect("a setting"),
        population: "adults".to_owned(),
    };
    let due = CommitmentEvent::CommitmentDue {
        application: whose.application,
        person: whose.person,
        qualified_on: cast::BOARD,
        evidence_by: date(2027, 6, 10),
        clinical_service,
    };
    let mut given = cast::appointed()
        .happened(clinical_service, &opened)
        .happened(whose.commitment(), &due);
    let evidence = EvidenceQualifiedPost {
        commitment: whose.commitment(),
        application: whose.application,
        employer: whose.employer,
        clinical_service,
        post: PostTerms {
            band: 5,
            permanent: true,
            funding: PostFunding::Baseline,
        },
        replaces: None,
        position: None,
    };
    let outcome = given.when(&cast::hr(), POST, &evidence);
    assert_eq!(
        outcome,
        Ok(vec![
            "QualifiedPostEvidenced".to_owned(),
            "CommitmentDischarged".to_owned()
        ])
    );
    let followed = given.settle(POST);
    for event in [
        "PreceptorshipStarted",
        "ConsolidationClockStarted",
        "PreceptorshipStandardSet",
        "QualifiedPracticeOpened",
    ] {
        assert!(followed.iter().any(|known| known == event), "{event}");
    }
    let held = held(&given);
    assert_eq!((held.tier.as_str(), held.planned_end), ("gold", LAST_DAY));
    let clock = held.consolidation.as_ref().expect("runs");
    assert_eq!((clock.from(), clock.until()), (POST, date(2029, 4, 5)));
    assert_eq!(
        (
            clock.months(LAST_DAY.tomorrow().expect("a day")),
            clock.months_needed()
        ),
        (12, 24)
    );
}

#[test]
fn x_15_complete_only_with_both_parts_in_either_order() {
    let mut given = started();
    assert_eq!(
        given.when(&practice_supervisor(), LAST_DAY, &sign_off()),
        Ok(vec!["PreceptorshipSignedOff".to_owned()])
    );
    assert_eq!(held(&given).completed(), None);
    let later = date(2028, 4, 20);
    assert_eq!(
        given.when(&cast::programme_lead(), later, &complete()),
        Ok(vec![
            "PreceptorshipSessionsCompleted".to_owned(),
            "PreceptorshipCompleted".to_owned()
        ])
    );
    assert_eq!(held(&given).completed(), Some(later));

    let mut given = started();
    assert!(
        given
            .when(&cast::programme_lead(), LAST_DAY, &complete())
            .is_ok()
    );
    let outcome = given.when(&practice_supervisor(), LAST_DAY, &sign_off());
    assert_eq!(
        outcome,
        Ok(vec![
            "PreceptorshipSignedOff".to_owned(),
            "PreceptorshipCompleted".to_owned()
        ])
    );
    assert_eq!(
        given.when(&practice_supervisor(), LAST_DAY, &sign_off()),
        Ok(vec![])
    );
    let outcome = given.when(&practice_supervisor(), later, &sign_off());
    assert_eq!(outcome, Err(Reason::AlreadyRecorded));
}

#[test]
fn x_15_neither_side_does_the_other_ones_part() {
    let mut given = started();
    let outcome = given.when(&cast::programme_lead(), LAST_DAY, &sign_off());
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let outcome = given.when(&practice_supervisor(), LAST_DAY, &complete());
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let stranger = actor(tenant(9), ActingRole::ServiceManager);
    let outcome = given.when(&stranger, LAST_DAY, &sign_off());
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn b_6_a_preceptorship_lasts_as_long_as_its_tier() {
    let mut given = started();
    let outcome = given.when(&practice_supervisor(), date(2028, 4, 3), &sign_off());
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    let mut given = cast::appointed().policy("preceptorship.tier", json!("core"));
    let start = StartPreceptorship {
        application: cast::appointment().application,
        post_starts: POST,
    };
    assert!(given.when(&Actor::platform(), POST, &start).is_ok());
    assert_eq!(held(&given).planned_end, date(2027, 10, 4));
    let mut given = cast::appointed().policy("preceptorship.tier", json!("platinum"));
    let outcome = given.when(&Actor::platform(), POST, &start);
    assert_eq!(outcome, Err(Reason::PolicyMissing));
}

#[test]
fn precept_03_and_04_each_side_records_its_own_forms_of_session() {
    use SessionForm::{ActionLearningSet, CommunityOfPractice, Other, PreceptorMeeting};
    let mut given = started();
    let (lead, supervisor) = (cast::programme_lead(), practice_supervisor());
    let day = date(2027, 5, 10);
    for form in [CommunityOfPractice, ActionLearningSet, Other] {
        assert!(given.when(&lead, day, &session(form)).is_ok());
        let outcome = given.when(&supervisor, day, &session(form));
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
    let meeting = session(PreceptorMeeting);
    assert!(given.when(&supervisor, day, &meeting).is_ok());
    assert_eq!(given.when(&supervisor, day, &meeting), Ok(vec![]));
    assert_eq!(given.when(&lead, day, &meeting), Err(Reason::NotPermitted));
    assert_eq!(held(&given).sessions.len(), 4);
}

#[test]
fn sessions_belong_to_the_time_in_post() {
    let mut given = started();
    let lead = cast::programme_lead();
    let session = session(SessionForm::CommunityOfPractice);
    let outcome = given.when(&lead, date(2027, 4, 4), &session);
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    assert!(given.when(&lead, POST, &session).is_ok());
    assert!(given.when(&lead, LAST_DAY, &complete()).is_ok());
    assert!(
        given
            .when(&practice_supervisor(), LAST_DAY, &sign_off())
            .is_ok()
    );
    let outcome = given.when(&lead, date(2028, 4, 5), &session);
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    // one held before, recorded after
    assert!(given.when(&lead, date(2028, 3, 6), &session).is_ok());
}

#[test]
fn only_the_evidence_of_a_post_starts_it() {
    let mut given = cast::appointed();
    let outcome = given.when(&practice_supervisor(), LAST_DAY, &sign_off());
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn b_6_a_preceptor_is_of_the_same_level_or_senior_and_has_a_year_of_experience() {
    let mut given = unaccompanied();
    let supervisor = practice_supervisor();
    let refused = [
        AssignPreceptor {
            band: 4,
            ..preceptor()
        },
        AssignPreceptor {
            practising_since: date(2026, 4, 6),
            ..preceptor()
        },
        AssignPreceptor {
            preceptor: cast::trainee(),
            ..preceptor()
        },
    ];
    for claim in refused {
        assert_eq!(
            given.when(&supervisor, POST, &claim),
            Err(Reason::PreceptorNotEligible)
        );
    }
    assert_eq!(
        given.when(&cast::programme_lead(), POST, &preceptor()),
        Err(Reason::NotPermitted)
    );
    assert_eq!(
        given.when(&supervisor, LAST_DAY, &sign_off()),
        Err(Reason::StateNotAllowed),
        "a preceptor signs off, and there is none"
    );
    let before = date(2027, 4, 4);
    let senior = AssignPreceptor {
        band: 8,
        ..preceptor()
    };
    assert!(given.when(&supervisor, POST, &senior).is_ok());
    assert_eq!(given.when(&supervisor, POST, &senior), Ok(vec![]));
    let next = AssignPreceptor {
        preceptor: person(0x78),
        practising_since: date(2020, 1, 1),
        ..preceptor()
    };
    assert_eq!(
        given.when(&supervisor, before, &next),
        Err(Reason::StateNotAllowed)
    );
    assert!(given.when(&supervisor, LAST_DAY, &next).is_ok());
    assert_eq!(
        held(&given).preceptor().map(|now| now.person),
        Some(person(0x78))
    );
    assert!(given.when(&supervisor, LAST_DAY, &sign_off()).is_ok());
}

#[test]
fn b_6_each_tier_asks_for_meetings_supernumerary_hours_and_protected_time() {
    let mut given = started();
    let standard = held(&given).standard.expect("set");
    assert_eq!(
        (standard.supernumerary_quarters, standard.preceptor_quarters),
        (300, 48)
    );
    assert_eq!(
        standard.first_meeting_by,
        date(2027, 4, 12),
        "gold: week one"
    );
    assert_eq!(held(&given).asks.meetings, 6);
    let log = |kind, quarters| LogPreceptorshipHours {
        preceptorship: id(),
        kind,
        quarters,
    };
    let (manager, lead) = (practice_supervisor(), cast::programme_lead());
    let full_day = log(PreceptorshipTime::Supernumerary, 30);
    for repeat in [1, 0] {
        let outcome = given.when(&manager, POST, &full_day);
        assert_eq!(outcome.map(|events| events.len()), Ok(repeat));
    }
    let other = log(PreceptorshipTime::Supernumerary, 29);
    assert_eq!(
        given.when(&manager, POST, &other),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&lead, POST, &full_day),
        Err(Reason::NotPermitted)
    );
    let none = log(PreceptorshipTime::Preceptor, 0);
    assert_eq!(given.when(&manager, POST, &none), Err(Reason::FieldInvalid));
    given.done(&manager, POST, &log(PreceptorshipTime::Preceptor, 4));
    given.done(&manager, date(2027, 4, 6), &full_day);
    let held = held(&given);
    assert_eq!(held.quarters(PreceptorshipTime::Supernumerary), 60);
    assert_eq!(held.quarters(PreceptorshipTime::Preceptor), 4);

    let mut given = cast::appointed().policy("preceptorship.tier", json!("core"));
    let start = StartPreceptorship {
        application: cast::appointment().application,
        post_starts: POST,
    };
    given.done(&Actor::platform(), POST, &start);
    let core = self::held(&given).standard.expect("set");
    assert_eq!(
        (core.preceptor_quarters, core.first_meeting_by),
        (16, date(2027, 4, 19))
    );
}

#[test]
fn precept_04_another_form_of_support_has_a_type_in_the_universitys_own_words() {
    let mut given = started();
    let lead = cast::programme_lead();
    let day = date(2027, 5, 10);
    let webinar = RecordPreceptorshipSession {
        kind: Some("webinar".to_owned()),
        ..session(SessionForm::Other)
    };
    let outcome = given.when(&lead, day, &webinar);
    assert_eq!(
        outcome,
        Ok(vec!["OtherPreceptorshipSupportGiven".to_owned()])
    );
    assert_eq!(given.when(&lead, day, &webinar), Ok(vec![]));
    assert_eq!(held(&given).sessions_held(), 1);
    let typed = RecordPreceptorshipSession {
        form: SessionForm::CommunityOfPractice,
        ..webinar.clone()
    };
    assert_eq!(given.when(&lead, day, &typed), Err(Reason::FieldInvalid));
    let spoken = RecordPreceptorshipSession {
        kind: Some("a talk, by Dr Gray".to_owned()),
        ..webinar
    };
    assert_eq!(given.when(&lead, day, &spoken), Err(Reason::FieldInvalid));
}

fn with_award(given: Given) -> Given {
    let whose = cast::appointment();
    let award = QualificationAward {
        appointment: whose.clone(),
        qualification: "Postgraduate Certificate".to_owned(),
        level: 7,
        awarded: cast::BOARD,
    };
    given.happened(
        whose.qualification(),
        &QualificationEvent::QualificationAwarded { award, post: None },
    )
}

#[test]
fn precept_03_a_university_supports_its_graduate_with_another_employer() {
    let whose = cast::appointment();
    let elsewhere = tenant(9);
    let registered = TenantEvent::TenantRegistered {
        tenant: elsewhere,
        kind: TenantKind::Employer,
        sector: None,
        region: None,
        name: TenantName {
            from: date(2020, 1, 1),
            name: "Severnvale".to_owned(),
            ods_code: None,
            ukprn: None,
        },
    };
    let mut given = cast::appointed().happened(Tenant::id(elsewhere), &registered);
    let support = |employer| SupportGraduate {
        application: whose.application,
        employer,
    };
    let (lead, on) = (cast::programme_lead(), date(2027, 6, 1));
    assert_eq!(
        given.when(&lead, on, &support(elsewhere)),
        Err(Reason::NotQualified)
    );
    let mut given = with_award(given);
    let refusals = [
        (cast::hr(), support(elsewhere), Reason::NotPermitted),
        (
            lead.clone(),
            support(whose.employer),
            Reason::StateNotAllowed,
        ),
        (lead.clone(), support(tenant(0x99)), Reason::FieldInvalid),
    ];
    for (by, command, reason) in refusals {
        assert_eq!(given.when(&by, on, &command), Err(reason));
    }
    given.done(&lead, on, &support(elsewhere));
    assert_eq!(given.when(&lead, on, &support(elsewhere)), Ok(vec![]));
    let later = date(2027, 7, 1);
    assert_eq!(
        given.when(&lead, later, &support(elsewhere)),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(given.settle(on), ["QualifiedPracticeOpened"]);

    // both halves, the employer's now being that of the post
    let there = Appointment {
        employer: elsewhere,
        ..whose.clone()
    };
    let id = there.preceptorship();
    assert_ne!(id, whose.preceptorship());
    let manager = actor(elsewhere, ActingRole::ServiceManager);
    let name = AssignPreceptor {
        preceptorship: id,
        ..preceptor()
    };
    given.done(&manager, on, &name);
    let session = RecordPreceptorshipSession {
        preceptorship: id,
        ..session(SessionForm::ActionLearningSet)
    };
    given.done(&lead, later, &session);
    assert_eq!(
        given.when(&practice_supervisor(), later, &sign_off()),
        Err(Reason::NotPermitted)
    );
    let end = date(2028, 6, 1);
    given.done(&lead, end, &CompletePreceptorship { preceptorship: id });
    given.done(&manager, end, &SignOffPreceptorship { preceptorship: id });
    let held = given.state(id).and_then(Preceptorship::held).expect("held");
    assert_eq!(held.completed(), Some(end));
    // and no promise of the employer of the training is touched
    let commitment = given.state(whose.commitment()).expect("given");
    assert_eq!(commitment.discharged(), 0);
}

/// Started as the evidence starts it, so that the post is worked too.
fn in_post() -> (Given, Id<QualifiedPractice>) {
    let mut given = started();
    given.settle(POST);
    (given, cast::appointment().qualified_practice())
}

#[test]
fn b_6_leave_moves_the_end_by_the_days_away_and_its_reason_stays_with_the_employer() {
    let (mut given, practice) = in_post();
    let (away, back) = (date(2027, 9, 1), date(2027, 12, 1));
    let leave = StartPracticeLeave {
        practice,
        reason: AwayFor::Maternity,
    };
    given.done(&cast::hr(), away, &leave);
    assert_eq!(given.settle(away), ["ConsolidationClockPaused"]);
    given.done(&cast::hr(), back, &EndPracticeLeave { practice });
    assert_eq!(
        given.settle(back),
        ["ConsolidationClockResumed", "PreceptorshipExtended"]
    );
    let shared = given.stored(id()).join(" ");
    assert!(!shared.contains("maternity"), "{shared}");
    // 91 days
    let end = date(2028, 7, 4);
    assert_eq!(held(&given).planned_end, end);
    assert_eq!(
        given.when(&practice_supervisor(), LAST_DAY, &sign_off()),
        Err(Reason::StateNotAllowed)
    );
    given.done(&practice_supervisor(), end, &sign_off());
    given.done(&cast::programme_lead(), end, &complete());
    // leave after completion moves the soft clock only
    given.done(&cast::hr(), date(2028, 9, 1), &leave);
    given.done(
        &cast::hr(),
        date(2028, 9, 11),
        &EndPracticeLeave { practice },
    );
    given.settle(date(2028, 9, 11));
    assert_eq!(held(&given).planned_end, end);
    let clock = held(&given).consolidation.as_ref().expect("runs");
    assert_eq!(clock.until(), date(2029, 7, 15), "101 days");
}

#[test]
fn b_6_who_leaves_ends_the_preceptorship_early_and_lock_03_nothing_is_refused_for_it() {
    let (mut given, practice) = in_post();
    let last_day = date(2027, 11, 30);
    let leave = LeaveQualifiedPost {
        practice,
        reason: "promotion".to_owned(),
    };
    given.done(&cast::hr(), last_day, &leave);
    assert_eq!(
        given.settle(last_day),
        ["ConsolidationClockStopped", "PreceptorshipEndedEarly"]
    );
    assert_eq!(held(&given).ended_early, Some(last_day));
    for (by, command) in [
        (
            practice_supervisor(),
            Box::new(sign_off()) as Box<dyn crate::world::Command>,
        ),
        (cast::programme_lead(), Box::new(complete())),
        (
            cast::programme_lead(),
            Box::new(session(SessionForm::ActionLearningSet)),
        ),
    ] {
        let outcome = given.when(&by, LAST_DAY, &*command);
        assert_eq!(outcome, Err(Reason::StateNotAllowed));
    }
    let clock = held(&given).consolidation.as_ref().expect("ran");
    assert_eq!(clock.months(date(2030, 1, 1)), 7);

    // gone after the planned end: both parts may still be recorded as done
    let (mut given, practice) = in_post();
    let leave = LeaveQualifiedPost {
        practice,
        reason: "promotion".to_owned(),
    };
    given.done(&cast::hr(), date(2028, 6, 4), &leave);
    assert_eq!(
        given.settle(date(2028, 6, 4)),
        ["ConsolidationClockStopped"]
    );
    given.done(&practice_supervisor(), date(2028, 6, 5), &sign_off());
    // fourteen months: a matter of report, refused nowhere
    let clock = held(&given).consolidation.as_ref().expect("ran");
    assert_eq!(
        (
            clock.months(date(2030, 1, 1)),
            clock.consolidated(date(2030, 1, 1))
        ),
        (13, false)
    );
}
