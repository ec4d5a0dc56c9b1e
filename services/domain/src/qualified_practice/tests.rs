use jiff::{ToSpan as _, civil::date};
use proptest::prelude::*;
use serde_json::json;
use strum::IntoEnumIterator as _;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::cast,
    directory::ClinicalServiceEvent,
    given::{Given, actor},
    policy::catalogue::Setting,
    preceptorship::StartPreceptorship,
};

/// A Monday.
const POST: Date = date(2027, 4, 5);

fn practice() -> Id<QualifiedPractice> {
    cast::appointment().qualified_practice()
}

fn held(given: &Given) -> &HeldPractice {
    given
        .state(practice())
        .and_then(QualifiedPractice::held)
        .expect("in post")
}

fn manager() -> Actor {
    actor(cast::employer(), ActingRole::ServiceManager)
}

fn service(setting: &str) -> (Id<ClinicalService>, ClinicalServiceEvent) {
    let opened = ClinicalServiceEvent::ClinicalServiceOpened {
        employer: cast::employer(),
        name: "Northmoor Community Team".to_owned(),
        setting: Setting::parse(setting, "setting").expect("a setting"),
        population: "adults".to_owned(),
    };
    (Id::new(Uuid::from_u128(setting.len() as u128)), opened)
}

fn team(whole_time_percent: u8) -> PlaceInTeam {
    PlaceInTeam {
        practice: practice(),
        clinical_service: service("adult_community").0,
        team: "north_hub".to_owned(),
        whole_time_percent,
    }
}

/// In the qualified post, in no team yet.
fn in_post() -> Given {
    let mut given = cast::in_training();
    for setting in ["adult_community", "iapt"] {
        let (id, opened) = service(setting);
        given = given.happened(id, &opened);
    }
    let start = StartPreceptorship {
        application: cast::appointment().application,
        post_starts: POST,
    };
    given.done(&Actor::platform(), POST, &start);
    given.settle(POST);
    given
}

fn in_team() -> Given {
    let mut given = in_post();
    given.done(&manager(), POST, &team(100));
    given
}

fn count(monday: Date, hours: u32) -> WeekCount {
    WeekCount {
        monday,
        contact: [(ContactMode::Clinic, hours * 4)].into(),
        supervision_quarters: 6,
        caseload: 18,
        sessions: 15,
    }
}

fn log(monday: Date, quarters: u32) -> LogPracticeWeek {
    let mut week = count(monday, 0);
    week.contact = [(ContactMode::Clinic, quarters)].into();
    LogPracticeWeek {
        practice: practice(),
        week,
    }
}

#[test]
fn practice_01_contact_averages_twenty_hours_a_week_from_the_qualified_post_on() {
    let mut given = in_team();
    let (first, second) = (POST, date(2027, 4, 12));
    given.done(&manager(), first, &log(first, 80));
    assert!(!held(&given).contact.below());
    given.done(&manager(), second, &log(second, 76));
    assert_eq!(held(&given).contact.measured(), (156, 160, 2));
    assert_eq!(held(&given).contact.average(), 78, "19.5 hours");
    assert!(held(&given).contact.below());
}

#[test]
fn practice_01_a_part_time_post_is_measured_in_proportion_where_policy_says_so() {
    let mut given = in_post();
    given.done(&manager(), POST, &team(60));
    given.done(&manager(), POST, &log(POST, 48));
    assert!(!held(&given).contact.below(), "12 hours of 0.6");

    let mut given = in_post().policy("contact_hours.pro_rata", json!(false));
    given.done(&manager(), POST, &team(60));
    given.done(&manager(), POST, &log(POST, 48));
    assert!(held(&given).contact.below());
    for percent in [0, 101] {
        assert_eq!(
            given.when(&manager(), POST, &team(percent)),
            Err(Reason::FieldInvalid)
        );
    }
}

#[test]
fn practice_01_a_trainee_is_not_measured() {
    let mut given = cast::in_training();
    let monday = date(2026, 6, 1);
    assert_eq!(
        given.when(&manager(), monday, &log(monday, 40)),
        Err(Reason::NotPermitted)
    );
    let mut given = in_team();
    let before = date(2027, 3, 29);
    assert_eq!(
        given.when(&manager(), POST, &log(before, 40)),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn practice_01_a_week_with_leave_in_it_is_not_measured() {
    let mut given = in_team();
    let hr = cast::hr();
    let weeks: Vec<Date> = (0..4)
        .map(|n| POST.saturating_add((7 * n).days()))
        .collect();
    for monday in &weeks {
        given.done(&manager(), *monday, &log(*monday, 80));
    }
    // learnt late: away from the Sunday of the second week to the Monday of the fourth
    let leave = StartPracticeLeave {
        practice: practice(),
        reason: AwayFor::Sickness,
    };
    given.done(&hr, date(2027, 4, 18), &leave);
    assert_eq!(held(&given).contact.measured().2, 1, "and no end yet");
    let end = EndPracticeLeave {
        practice: practice(),
    };
    given.done(&hr, weeks[3], &end);
    assert_eq!(held(&given).contact.measured(), (160, 160, 2));
    let absent = LogPracticeWeek {
        practice: practice(),
        week: count(weeks[2], 1),
    };
    assert_eq!(
        given.when(&manager(), weeks[3], &absent),
        Err(Reason::AlreadyRecorded)
    );
    let stored = given.stored(practice()).join(" ");
    assert!(stored.contains("$personal"), "sealed when it is appended");
}

#[test]
fn practice_02_and_13_contact_by_four_modes_and_sessions_are_counts() {
    let mut given = in_team();
    let mut week = count(POST, 0);
    week.contact = ContactMode::iter().zip([40, 16, 12, 8]).collect();
    let modes: Vec<String> = week.contact.keys().map(ToString::to_string).collect();
    assert_eq!(modes, ["clinic", "home", "video", "telephone"]);
    let log = LogPracticeWeek {
        practice: practice(),
        week,
    };
    given.done(&cast::supervisor(), POST, &log);
    assert_eq!(given.when(&manager(), POST, &log), Ok(vec![]));
    let next = date(2027, 4, 12);
    given.done(&manager(), next, &self::log(next, 80));
    let held = held(&given);
    assert_eq!(held.sessions(), 30);
    assert_eq!(held.contact_by_mode()[&ContactMode::Clinic], 120);
    assert_eq!(held.contact_by_mode()[&ContactMode::Telephone], 8);
    assert_eq!(held.contact.measured().0, 156);
}

#[test]
fn a_week_is_a_monday_with_numbers_that_a_week_can_hold() {
    let mut given = in_team();
    let weeks = [
        count(date(2027, 4, 6), 20),
        count(POST, 168),
        WeekCount {
            caseload: CASELOAD_MAX + 1,
            ..count(POST, 20)
        },
        WeekCount {
            sessions: CASELOAD_MAX + 1,
            ..count(POST, 20)
        },
        count(date(2027, 4, 12), 20),
    ];
    for week in weeks {
        let log = LogPracticeWeek {
            practice: practice(),
            week,
        };
        let outcome = given.when(&manager(), POST, &log);
        assert_eq!(outcome, Err(Reason::FieldInvalid), "{log:?}");
    }
}

#[test]
fn a_correction_names_the_week_it_replaces() {
    let mut given = in_team();
    let correct = CorrectPracticeWeek {
        practice: practice(),
        week: count(POST, 21),
        reason: None,
        authority: crate::correction::Authority::Own,
    };
    assert_eq!(
        given.when(&manager(), POST, &correct),
        Err(Reason::StateNotAllowed)
    );
    given.done(&manager(), POST, &log(POST, 76));
    assert_eq!(
        given.when(&manager(), POST, &log(POST, 84)),
        Err(Reason::AlreadyRecorded)
    );
    let outcome = given.when(&manager(), POST, &correct);
    assert_eq!(outcome, Ok(vec!["PracticeWeekCorrected".to_owned()]));
    assert_eq!(given.when(&manager(), POST, &correct), Ok(vec![]));
    let corrects = given.corrects(practice(), "PracticeWeekCorrected");
    let logged = given.stored(practice()).len() as u64 - 1;
    assert_eq!(corrects, Some(logged), "the week as it was logged");
    assert_eq!(held(&given).contact.measured(), (84, 80, 1));
    assert_eq!(held(&given).sessions(), 15);
}

#[test]
fn practice_03_a_post_belongs_to_a_team_of_a_service_the_role_may_work_in() {
    let mut given = in_post();
    assert_eq!(
        given.when(&manager(), POST, &log(POST, 80)),
        Err(Reason::StateNotAllowed)
    );
    let nowhere = PlaceInTeam {
        team: String::new(),
        ..team(100)
    };
    assert_eq!(
        given.when(&manager(), POST, &nowhere),
        Err(Reason::FieldInvalid)
    );
    let talking_therapies = PlaceInTeam {
        clinical_service: service("iapt").0,
        ..team(100)
    };
    assert_eq!(
        given.when(&manager(), POST, &talking_therapies),
        Err(Reason::SettingNotPermitted)
    );
    let foreign = PlaceInTeam {
        clinical_service: Id::new(Uuid::from_u128(0x99)),
        ..team(100)
    };
    assert_eq!(
        given.when(&manager(), POST, &foreign),
        Err(Reason::NotPermitted)
    );
    for repeat in [1, 0] {
        let outcome = given.when(&manager(), POST, &team(100));
        assert_eq!(outcome.map(|events| events.len()), Ok(repeat));
    }
    let placed = held(&given).team_on(POST).expect("a team");
    assert_eq!(
        (placed.team.as_str(), placed.contact_quarters),
        ("north_hub", 80)
    );
    given.done(&manager(), date(2027, 6, 7), &team(80));
    assert_eq!(
        given.when(&manager(), date(2027, 6, 1), &team(50)),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn sup_05_supervision_goes_on_after_qualifying_and_its_absence_is_a_gap() {
    let (given, lapsed) = cast::with_supervisor(
        in_post(),
        22,
        (
            crate::policy::catalogue::Register::Hcpc,
            crate::policy::catalogue::RegisterStatus::NotRegistered,
            "clinical_psychologist",
        ),
    );
    let mut given = given;
    assert!(held(&given).supervision_gap());
    let name = |n: u128| NamePracticeSupervisor {
        practice: practice(),
        supervisor: Supervisor::id(cast::employer(), crate::given::person(n)),
    };
    assert_eq!(name(22).supervisor, lapsed);
    assert_eq!(
        given.when(&manager(), POST, &name(22)),
        Err(Reason::SupervisorNotEligible)
    );
    let end = EndPracticeSupervision {
        practice: practice(),
    };
    assert_eq!(
        given.when(&manager(), POST, &end),
        Err(Reason::StateNotAllowed)
    );
    given.done(&manager(), POST, &name(21));
    assert_eq!(given.when(&manager(), POST, &name(21)), Ok(vec![]));
    assert!(!held(&given).supervision_gap());
    let on = date(2027, 9, 1);
    given.done(&manager(), on, &end);
    assert_eq!(given.when(&manager(), on, &end), Ok(vec![]));
    assert!(held(&given).supervision_gap());
    assert_eq!(
        given.when(&manager(), date(2027, 8, 1), &name(21)),
        Err(Reason::StateNotAllowed)
    );
    given.done(&manager(), date(2027, 9, 8), &name(21));
    assert!(!held(&given).supervision_gap());
    let leave = LeaveQualifiedPost {
        practice: practice(),
        reason: "relocation".to_owned(),
    };
    given.done(&cast::hr(), date(2027, 10, 1), &leave);
    assert!(!held(&given).supervision_gap(), "nobody is in post");
}

#[test]
fn leave_follows_leave_and_ends_once() {
    let mut given = in_team();
    let hr = cast::hr();
    let start = |reason| StartPracticeLeave {
        practice: practice(),
        reason,
    };
    let end = EndPracticeLeave {
        practice: practice(),
    };
    let day = |d| date(2027, 7, d);
    assert_eq!(given.when(&hr, day(1), &end), Err(Reason::StateNotAllowed));
    let early = date(2027, 4, 4);
    assert_eq!(
        given.when(&hr, early, &start(AwayFor::Sickness)),
        Err(Reason::StateNotAllowed)
    );
    given.done(&hr, day(5), &start(AwayFor::Sickness));
    assert_eq!(
        given.when(&hr, day(5), &start(AwayFor::Sickness)),
        Ok(vec![])
    );
    assert_eq!(
        given.when(&hr, day(5), &start(AwayFor::Other)),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&hr, day(9), &start(AwayFor::Other)),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(given.when(&hr, day(5), &end), Err(Reason::StateNotAllowed));
    given.done(&hr, day(12), &end);
    assert_eq!(given.when(&hr, day(12), &end), Ok(vec![]));
    assert_eq!(given.when(&hr, day(13), &end), Err(Reason::AlreadyRecorded));
    assert_eq!(
        given.when(&hr, day(8), &start(AwayFor::Other)),
        Err(Reason::StateNotAllowed)
    );
    given.done(&hr, day(20), &start(AwayFor::CareerBreak));
    let leave = LeaveQualifiedPost {
        practice: practice(),
        reason: "other".to_owned(),
    };
    assert_eq!(
        given.when(&hr, day(19), &leave),
        Err(Reason::StateNotAllowed)
    );
    given.done(&hr, day(31), &leave);
}

#[test]
fn precept_07_leaving_has_a_class_of_reason_and_is_refused_to_nobody() {
    let mut given = in_team();
    let hr = cast::hr();
    let leave = |reason: &str| LeaveQualifiedPost {
        practice: practice(),
        reason: reason.to_owned(),
    };
    let last_day = date(2027, 8, 31);
    for (reason, refused) in [
        ("dismissal", Reason::FieldInvalid),
        ("", Reason::FieldInvalid),
    ] {
        assert_eq!(given.when(&hr, last_day, &leave(reason)), Err(refused));
    }
    for repeat in [1, 0] {
        let outcome = given.when(&hr, last_day, &leave("promotion"));
        assert_eq!(outcome.map(|events| events.len()), Ok(repeat));
    }
    assert_eq!(
        given.when(&hr, last_day, &leave("relocation")),
        Err(Reason::AlreadyRecorded)
    );
    let after = date(2027, 9, 6);
    assert_eq!(
        given.when(&manager(), after, &log(after, 80)),
        Err(Reason::StateNotAllowed)
    );
    // a week worked before, counted after
    let worked = date(2027, 8, 23);
    given.done(&manager(), after, &log(worked, 80));
}

#[test]
fn the_record_is_the_employers_alone() {
    let mut given = in_team();
    let custody = given.state(practice()).and_then(Decider::custody);
    let parties: Vec<_> = custody.into_iter().flat_map(|c| c.parties).collect();
    assert_eq!(parties, [cast::employer()]);
    let outcome = given.when(&cast::programme_lead(), POST, &log(POST, 80));
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

proptest! {
    /// Late or in time: the same weeks and leave always come to the same.
    #[test]
    fn practice_01_the_average_does_not_depend_on_when_leave_was_learnt(
        weeks in prop::collection::vec(0u32..200, 1..20),
        away in 0usize..20,
        days in 1i64..60,
    ) {
        let monday = |n: usize| POST.saturating_add((7 * n as i64).days());
        let (from, back) = (monday(away), monday(away).saturating_add(days.days()));
        let fill = |log: &mut ContactLog| {
            for (n, quarters) in weeks.iter().enumerate() {
                log.week(monday(n), *quarters, 80);
            }
        };
        let mut before = ContactLog::default();
        before.away(from);
        before.back(back);
        fill(&mut before);
        let mut after = ContactLog::default();
        fill(&mut after);
        after.away(from);
        after.back(back);
        prop_assert_eq!(before.measured(), after.measured());
        let counted = (0..weeks.len())
            .filter(|n| monday(*n).saturating_add(6.days()) < from || monday(*n) >= back);
        let sum: u32 = counted.map(|n| weeks[n]).sum();
        prop_assert_eq!(after.measured().0, sum);
    }
}
