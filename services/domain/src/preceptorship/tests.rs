use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::cast,
    commitment::{CommitmentEvent, EvidenceQualifiedPost, PostFunding, PostTerms},
    directory::ClinicalServiceEvent,
    funding::{FundingLock, LockAnswer, LockQuestion},
    given::{Given, actor, tenant},
    policy::{Policies, catalogue::Setting},
};

const POST: Date = date(2027, 4, 5);
const LAST_DAY: Date = date(2028, 4, 4);

fn id() -> Id<Preceptorship> {
    cast::appointment().preceptorship()
}

fn started() -> Given {
    let mut given = cast::appointed();
    let start = StartPreceptorship {
        application: cast::appointment().application,
        post_starts: POST,
    };
    assert_eq!(
        given.when(&Actor::platform(), POST, &start),
        Ok(vec![
            "PreceptorshipStarted".to_owned(),
            "ConsolidationClockStarted".to_owned()
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
    assert_eq!(
        given.settle(POST),
        [
            "PreceptorshipStarted",
            "ConsolidationClockStarted",
            "PostsChanged",
            "PersonPlaced"
        ]
    );
    let held = held(&given);
    assert_eq!((held.tier.as_str(), held.planned_end), ("gold", LAST_DAY));
    let clock = held.consolidation.expect("runs");
    assert_eq!((clock.from, clock.until), (POST, date(2029, 4, 5)));
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
fn x_01_two_clocks_two_starts_two_strengths() {
    // board passed 24 months ago, in post for 18 months
    let today = date(2029, 3, 10);
    let post = date(2027, 9, 10);
    let clock = Consolidation {
        from: post,
        until: years_later(post, 2),
    };
    assert_eq!(
        (clock.consolidated_months(today), clock.months_needed()),
        (18, 24)
    );

    let whose = cast::appointment();
    let given = cast::in_training();
    let fixed = crate::funding::FixFundingLock {
        appointment: whose.clone(),
        board: cast::BOARD,
    };
    let mut given = given;
    assert!(given.when(&Actor::platform(), cast::BOARD, &fixed).is_ok());
    let issue = Issue {
        by: Actor::platform(),
        effective: crate::calendar::midday(today),
        recorded: crate::calendar::midday(today),
        request: Uuid::nil(),
        policies: Policies::default(),
        salt: crate::personal::DigestSalt(uuid::Uuid::nil()),
    };
    let lock = given.state(FundingLock::id(whose.person)).expect("locked");
    let answer = lock.answer(&LockQuestion::another_training(today), None, &issue);
    assert_eq!(answer, Ok(LockAnswer::Clear { exemption: None }));
    let day_before = LockQuestion::another_training(date(2029, 3, 9));
    assert!(matches!(
        lock.answer(&day_before, None, &issue),
        Ok(LockAnswer::Locked { .. })
    ));
}

#[test]
fn lock_03_the_soft_clock_counts_whole_months_of_service_and_stops_when_full() {
    let clock = Consolidation {
        from: POST,
        until: years_later(POST, 2),
    };
    #[rustfmt::skip]
    let table = [
        (date(2027, 3, 10), 0), (POST, 0), (date(2027, 5, 4), 0), (date(2027, 5, 5), 1),
        (date(2028, 4, 4), 11), (date(2028, 4, 5), 12), (date(2029, 4, 4), 23),
        (date(2029, 4, 5), 24), (date(2035, 1, 1), 24),
    ];
    for (on, months) in table {
        assert_eq!(clock.consolidated_months(on), months, "{on}");
    }
}

proptest! {
    #[test]
    fn lock_03_the_soft_clock_never_runs_backwards_nor_past_what_is_needed(
        days in 0i64..20_000,
        further in 0i64..800,
        years in 1u32..6,
    ) {
        let from = POST.saturating_add(days.days());
        let clock = Consolidation { from, until: years_later(from, years) };
        let (earlier, later) = (from.saturating_add(further.days()), from.saturating_add((further + 1).days()));
        prop_assert!(clock.consolidated_months(earlier) <= clock.consolidated_months(later));
        prop_assert!(clock.consolidated_months(later) <= clock.months_needed());
        prop_assert_eq!(clock.consolidated_months(from.saturating_sub(1.day())), 0);
    }
}

#[test]
fn only_the_evidence_of_a_post_starts_it() {
    let mut given = cast::appointed();
    let outcome = given.when(&practice_supervisor(), LAST_DAY, &sign_off());
    assert_eq!(outcome, Err(Reason::NotPermitted));
}
