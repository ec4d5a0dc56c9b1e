use jiff::{ToSpan as _, civil::date};
use proptest::prelude::*;
use serde_json::json;
use strum::IntoEnumIterator as _;

use super::*;
use crate::{
    actor::{Actor, TenantKind},
    appointment::cast,
    given::Given,
    preceptorship::StartPreceptorship,
    qualification::{QualificationAward, QualificationEvent, ReleasedResult},
    qualified_practice::LeaveQualifiedPost,
};

const POST: Date = date(2027, 4, 5);

fn id() -> Id<Progression> {
    cast::appointment().progression()
}

fn follow_up(given: &Given) -> &FollowUp {
    let progression = given.state(id()).expect("followed");
    progression.followed().expect("followed").1
}

/// Qualified on the board of March 2027, with what follows.
fn qualified() -> Given {
    let whose = cast::appointment();
    let award = QualificationAward {
        appointment: whose.clone(),
        qualification: "Postgraduate Certificate".to_owned(),
        level: 7,
        awarded: cast::BOARD,
    };
    let mut given = cast::in_training().happened(
        whose.qualification(),
        &QualificationEvent::QualificationAwarded { award, post: None },
    );
    let note = NoteProgression {
        fact: ProgressionFact::Qualified(Box::new(whose), cast::BOARD),
    };
    for repeat in [1, 0] {
        let outcome = given.when(&Actor::platform(), cast::BOARD, &note);
        assert_eq!(outcome.map(|events| events.len()), Ok(repeat));
    }
    given
}

/// In the qualified post from April 2027 on.
fn in_post() -> Given {
    let mut given = qualified();
    let start = StartPreceptorship {
        application: cast::appointment().application,
        post_starts: POST,
    };
    given.done(&Actor::platform(), POST, &start);
    given.settle(POST);
    given
}

fn leaves(given: &mut Given, on: Date) {
    let leave = LeaveQualifiedPost {
        practice: cast::appointment().qualified_practice(),
        reason: "other".to_owned(),
    };
    given.done(&cast::hr(), on, &leave);
    given.settle(on);
}

fn went(months: u32, destination: &str) -> RecordDestination {
    RecordDestination {
        application: cast::appointment().application,
        months,
        destination: destination.to_owned(),
    }
}

#[test]
fn career_06_a_progression_is_opened_by_the_training_and_names_nobody() {
    let given = cast::in_training();
    let (cohort, follow_up) = given
        .state(id())
        .and_then(Progression::followed)
        .expect("followed");
    assert_eq!(cohort.teaching_start, cast::TEACHING_START);
    assert_eq!(cohort.role, cast::role());
    assert_eq!(follow_up.stage_on(date(2040, 1, 1)), Stage::InTraining);
    let custody = given
        .state(id())
        .and_then(Decider::custody)
        .expect("followed");
    assert_eq!(
        custody.parties,
        [cast::university(), cast::commissioner()].into()
    );
    assert_eq!(custody.subject, None);
    let stored = given.stored(id()).join(" ");
    let whose = cast::appointment();
    for name in [
        whose.person.0.to_string(),
        whose.application.0.to_string(),
        whose.employer.0.to_string(),
    ] {
        assert!(!stored.contains(&name), "{name} in {stored}");
    }
}

#[test]
fn career_06_each_way_out_of_training_is_a_stage_of_its_own() {
    let whose = cast::appointment();
    let mut given = cast::in_training();
    let end = crate::employment::EndEmployment {
        employment: whose.employment(),
    };
    let last_day = date(2026, 10, 1);
    given.done(&cast::hr(), last_day, &end);
    given.settle(last_day);
    assert_eq!(follow_up(&given).stage_on(last_day), Stage::LeftTraining);

    let failed = QualificationEvent::ResultReleased {
        appointment: whose.clone(),
        result: ReleasedResult::NotCompleted {
            exit_award: true,
            board: cast::BOARD,
        },
    };
    let mut given = cast::in_training().happened(whose.qualification(), &failed);
    let note = NoteProgression {
        fact: ProgressionFact::NotCompleted(Box::new(whose.clone()), cast::BOARD),
    };
    for repeat in [1, 0] {
        let outcome = given.when(&Actor::platform(), cast::BOARD, &note);
        assert_eq!(outcome.map(|events| events.len()), Ok(repeat));
    }
    assert_eq!(follow_up(&given).stage_on(cast::BOARD), Stage::NotCompleted);

    // employed no longer as a trainee, and qualified all the same
    let mut given = qualified();
    given.done(&cast::hr(), date(2027, 4, 1), &end);
    given.settle(date(2027, 4, 1));
    assert_eq!(follow_up(&given).stage_on(POST), Stage::Qualified);
}

#[test]
fn precept_07_who_leaves_within_a_year_of_qualifying_left_early() {
    let mut given = in_post();
    assert!(!follow_up(&given).early_leaver);
    leaves(&mut given, date(2028, 3, 9));
    assert!(follow_up(&given).early_leaver);

    let mut given = in_post();
    leaves(&mut given, date(2028, 3, 10));
    assert!(!follow_up(&given).early_leaver, "a year after the board");
}

#[test]
fn career_01_destinations_are_the_pathways_and_what_policy_adds() {
    let mut given = in_post();
    leaves(&mut given, date(2027, 12, 31));
    let (lead, on) = (cast::programme_lead(), date(2028, 4, 1));
    for refused in ["astronaut", "", "a clinic"] {
        assert_eq!(
            given.when(&lead, on, &went(12, refused)),
            Err(Reason::FieldInvalid)
        );
    }
    for (n, to) in [
        "clinical_psychology",
        "psychological_therapist",
        "other_healthcare",
        "senior_mhwp",
        "left_healthcare",
    ]
    .into_iter()
    .enumerate()
    {
        let mut given = in_post();
        leaves(&mut given, date(2027, 12, 31));
        assert!(given.when(&lead, on, &went(12, to)).is_ok(), "{n} {to}");
    }
    // a destination that policy adds needs no release
    let mut given = given.policy("destinations.other", json!(["peer_support"]));
    for repeat in [1, 0] {
        let outcome = given.when(&lead, on, &went(12, "peer_support"));
        assert_eq!(outcome.map(|events| events.len()), Ok(repeat));
    }
    assert_eq!(
        given.when(&lead, on, &went(12, "other_healthcare")),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn career_05_one_asks_at_12_24_and_36_months_and_nobody_is_dropped() {
    let given = in_post();
    let marks: Vec<(u32, Date)> = (follow_up(&given).marks.iter())
        .map(|(months, on)| (*months, *on))
        .collect();
    let days = [date(2028, 3, 10), date(2029, 3, 10), date(2030, 3, 10)];
    assert_eq!(marks, [(12, days[0]), (24, days[1]), (36, days[2])]);

    let mut given = in_post();
    leaves(&mut given, date(2028, 6, 30));
    let lead = cast::programme_lead();
    let refusals = [
        (
            days[0],
            went(12, "other_healthcare"),
            Reason::StateNotAllowed,
        ),
        (
            date(2029, 3, 9),
            went(24, "other_healthcare"),
            Reason::StateNotAllowed,
        ),
        (days[1], went(18, "other_healthcare"), Reason::FieldInvalid),
    ];
    for (on, command, reason) in refusals {
        assert_eq!(given.when(&lead, on, &command), Err(reason), "{command:?}");
    }
    given.done(&lead, days[1], &went(24, "other_healthcare"));
    let at: Vec<AtMark> = follow_up(&given).at_marks().map(|(_, _, at)| at).collect();
    assert_eq!(
        at,
        [
            AtMark::InPost,
            AtMark::At("other_healthcare".to_owned()),
            AtMark::Unknown
        ]
    );
    let mut trainee = cast::in_training();
    assert_eq!(
        trainee.when(&lead, days[0], &went(12, "other_healthcare")),
        Err(Reason::NotQualified)
    );
    let outcome = given.when(&cast::hr(), days[2], &went(36, "other_healthcare"));
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let other = crate::given::actor(
        crate::given::tenant(0x77),
        crate::actor::ActingRole::ProgrammeLead,
    );
    let outcome = given.when(&other, days[2], &went(36, "other_healthcare"));
    assert_eq!(outcome, Err(Reason::NotPermitted));
    assert_eq!(other.kind, TenantKind::University);
}

#[test]
fn lock_03_and_career_06_two_years_after_qualifying_one_is_retained_or_not() {
    let mark = date(2029, 3, 10);
    let given = in_post();
    assert_eq!(
        follow_up(&given).stage_on(date(2029, 3, 9)),
        Stage::Qualified
    );
    assert_eq!(follow_up(&given).stage_on(mark), Stage::Retained);

    let mut given = in_post();
    leaves(&mut given, date(2028, 6, 30));
    assert_eq!(follow_up(&given).stage_on(mark), Stage::NotRetained);

    let mut given = in_post();
    leaves(&mut given, date(2029, 9, 30));
    assert_eq!(
        follow_up(&given).stage_on(date(2030, 1, 1)),
        Stage::Retained
    );
    let lead = cast::programme_lead();
    given.done(
        &lead,
        date(2030, 3, 10),
        &went(36, "psychological_therapist"),
    );
    assert_eq!(
        follow_up(&given).stage_on(date(2030, 3, 10)),
        Stage::TherapistTraining
    );
}

fn event() -> impl Strategy<Value = ProgressionEvent> {
    let day = || (0i64..2_000).prop_map(|days| date(2026, 3, 2).saturating_add(days.days()));
    prop_oneof![
        (day(), any::<bool>()).prop_map(|(on, left)| ProgressionEvent::TrainingEndNoted {
            on,
            ending: if left {
                Ending::Left
            } else {
                Ending::NotCompleted
            },
        }),
        day().prop_map(|on| ProgressionEvent::QualificationNoted {
            on,
            marks: [12, 24, 36].map(|m| (m, months_later(on, m))).into(),
            retained_on: years_later(on, 2),
        }),
        day().prop_map(|from| ProgressionEvent::QualifiedPostNoted { from }),
        (day(), day()).prop_map(|(from, on)| ProgressionEvent::QualifiedPostLeftNoted {
            from,
            on,
            early: false,
        }),
        (prop::sample::select(vec![12u32, 24, 36]), any::<bool>()).prop_map(
            |(months, training)| ProgressionEvent::DestinationRecorded {
                months,
                destination: "other_healthcare".to_owned(),
                training,
            }
        ),
    ]
}

proptest! {
    /// Whatever happened, everybody is in exactly one stage on every day, and once the years have
    /// passed nobody goes back along the way.
    #[test]
    fn career_06_the_flow_conserves_people(
        people in prop::collection::vec(prop::collection::vec(event(), 0..8), 1..20),
        days in 0i64..4_000,
    ) {
        let on = date(2026, 3, 2).saturating_add(days.days());
        let mut counted = 0;
        for events in &people {
            let mut follow_up = FollowUp::default();
            events.iter().for_each(|event| follow_up.note(event));
            let now = follow_up.stage_on(on);
            counted += Stage::iter().filter(|stage| *stage == now).count();
            let later = follow_up.stage_on(on.saturating_add(1.day()));
            prop_assert!(now <= later);
            let at: Vec<_> = follow_up.at_marks().collect();
            prop_assert_eq!(at.len(), follow_up.marks.len(), "the unknown are counted too");
        }
        prop_assert_eq!(counted, people.len());
    }
}

#[test]
fn eval_09_the_network_of_the_region_reads_along_where_policy_names_one() {
    let whose = cast::appointment();
    let network = crate::given::tenant(0x71);
    let registered = |kind| crate::directory::TenantEvent::TenantRegistered {
        tenant: network,
        kind,
        sector: None,
        region: Some(Region::NorthWest),
        name: crate::directory::TenantName {
            from: date(2020, 1, 1),
            name: "PPN North West".to_owned(),
            ods_code: None,
            ukprn: None,
        },
    };
    let open = OpenProgression {
        appointment: whose.clone(),
    };
    let by_region = json!({ "north_west": network.0 });
    for (kind, reads) in [(TenantKind::Network, true), (TenantKind::Employer, false)] {
        let mut given = cast::appointed()
            .policy("network.of_region", by_region.clone())
            .happened(crate::directory::Tenant::id(network), &registered(kind));
        given.done(&Actor::platform(), cast::TEACHING_START, &open);
        let custody = given
            .state(id())
            .and_then(Decider::custody)
            .expect("followed");
        assert_eq!(custody.parties.contains(&network), reads, "{kind}");
        assert_eq!(custody.subject, None);
    }
}
