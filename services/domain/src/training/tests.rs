use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::{
    actor::ActingRole,
    appointment::cast::{self, Story},
    given::{Given, actor, tenant},
    policy::catalogue::{PracticeMinima, Register, RegisterStatus},
};

fn training(given: &Given) -> &Training {
    given
        .state(cast::appointment().training())
        .expect("a training")
}

fn id() -> Id<Training> {
    cast::appointment().training()
}

fn log(kind: PracticeKind, intervention: Option<&str>, hours: u32) -> LogPracticeHours {
    LogPracticeHours {
        training: id(),
        kind,
        intervention: intervention.map(str::to_owned),
        quarters: hours * 4,
    }
}

#[test]
fn train_05_the_year_starts_once_both_employment_and_enrolment_are_in_force() {
    let given = cast::in_training();
    let training = training(&given);
    assert_eq!(training.status(), TrainingStatus::InTraining);
    let year = training.year().expect("started");
    assert_eq!(
        (year.starts, year.ends),
        (cast::TEACHING_START, cast::TRAINING_END)
    );
}

#[test]
fn train_05_nobody_notes_the_other_sides_record_by_hand() {
    let mut given = cast::appointed();
    let note = NoteEnrolment {
        appointment: cast::appointment(),
        teaching: Teaching {
            starts: cast::TEACHING_START,
            expected_board: cast::BOARD,
        },
    };
    for by in [cast::hr(), cast::programme_lead()] {
        let outcome = given.when(&by, cast::TEACHING_START, &note);
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
}

#[test]
fn train_05_enrolled_but_not_employed_is_not_in_training() {
    let mut given = cast::appointed();
    let enrol = cast::enrol(&cast::appointment());
    assert!(
        given
            .when(&cast::programme_lead(), cast::TEACHING_START, &enrol)
            .is_ok()
    );
    assert_eq!(given.settle(cast::TEACHING_START), ["EnrolmentNoted"]);
    assert_eq!(training(&given).status(), TrainingStatus::Awaiting);
    assert_eq!(training(&given).year(), None);
}

#[test]
fn train_05_the_later_of_the_two_sides_starts_the_year_whoever_records_first() {
    let mut given = cast::appointed();
    let whose = cast::appointment();
    let late = date(2026, 3, 9);
    let (lead, hr) = (cast::programme_lead(), cast::hr());
    assert!(
        given
            .when(&lead, cast::TEACHING_START, &cast::enrol(&whose))
            .is_ok()
    );
    given.settle(cast::TEACHING_START);
    assert!(
        given
            .when(&hr, late, &cast::start_employment(&whose))
            .is_ok()
    );
    let followed = given.settle(late);
    for event in [
        "EmploymentNoted",
        "TrainingStarted",
        "CompletionExpected",
        "ProvisionalFundingLockStarted",
        "ClusterFormed",
        "ClusterJoined",
        "TransitionPlanOpened",
    ] {
        assert!(followed.iter().any(|known| known == event), "{event}");
    }
    assert_eq!(training(&given).year().map(|year| year.starts), Some(late));
}

#[test]
fn a_fact_recorded_late_follows_its_own_day() {
    let mut given = cast::appointed();
    let whose = cast::appointment();
    let (lead, hr) = (cast::programme_lead(), cast::hr());
    let enrol = cast::enrol(&whose);
    assert!(given.when(&lead, cast::TEACHING_START, &enrol).is_ok());
    // learnt weeks later, true since February
    let start = cast::start_employment(&whose);
    assert!(given.when(&hr, cast::EMPLOYMENT_START, &start).is_ok());
    given.settle(date(2026, 4, 20));
    let starts = training(&given).year().map(|year| year.starts);
    assert_eq!(starts, Some(cast::TEACHING_START));
}

#[test]
fn sup_01_supervisors_are_eligible_by_register_modality_and_date() {
    use Register::{Babcp, Hcpc, Nmc};
    use RegisterStatus::{LeaveOfAbsence, NotRegistered, Provisional, Registered};
    #[rustfmt::skip]
    let table = [
        ("HCPC clinical psychologist",           (Hcpc,  Registered,     "clinical_psychologist"),    true),
        ("X-12: HCPC counselling psychologist",  (Hcpc,  Registered,     "counselling_psychologist"), false),
        ("no longer registered",                 (Hcpc,  NotRegistered,  "clinical_psychologist"),    false),
        ("BABCP accredited",                     (Babcp, Registered,     "cbt"),                      true),
        ("BABCP provisional",                    (Babcp, Provisional,    "cbt"),                      true),
        ("BABCP on leave of absence",            (Babcp, LeaveOfAbsence, "cbt"),                      false),
        ("another register",                     (Nmc,   Registered,     "mental_health"),            false),
    ];
    for (what, entry, eligible) in table {
        let (mut given, supervisor) = cast::with_supervisor(cast::appointed(), 31, entry);
        let assign = AssignSupervisor {
            application: cast::appointment().application,
            supervisor,
        };
        let outcome = given.when(&cast::hr(), cast::TEACHING_START, &assign);
        let expected = if eligible {
            Ok(vec!["SupervisorAssigned".to_owned()])
        } else {
            Err(Reason::SupervisorNotEligible)
        };
        assert_eq!(outcome, expected, "{what}");
        // known only from 5 January on
        let before = given.when(&cast::hr(), date(2026, 1, 4), &assign);
        assert_eq!(before, Err(Reason::SupervisorNotEligible), "{what}");
    }
}

#[test]
fn sup_03_the_employer_assigns_its_own_supervisors_and_the_university_none() {
    let (mut given, supervisor) =
        cast::with_supervisor(cast::appointed(), 31, cast::CLINICAL_PSYCHOLOGIST);
    let assign = AssignSupervisor {
        application: cast::appointment().application,
        supervisor,
    };
    for stranger in [
        cast::programme_lead(),
        actor(tenant(9), ActingRole::EmployerHr),
    ] {
        let outcome = given.when(&stranger, cast::TEACHING_START, &assign);
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
    let foreign = AssignSupervisor {
        supervisor: Id::new(uuid::Uuid::from_u128(404)),
        ..assign.clone()
    };
    let outcome = given.when(&cast::hr(), cast::TEACHING_START, &foreign);
    assert_eq!(outcome, Err(Reason::NotPermitted));
    assert!(
        given
            .when(&cast::hr(), cast::TEACHING_START, &assign)
            .is_ok()
    );
    assert_eq!(
        given.when(&cast::hr(), cast::TEACHING_START, &assign),
        Ok(vec![])
    );
}

#[test]
fn train_01_a_week_is_one_university_day_and_three_or_four_practice_days() {
    let mut given = cast::in_training();
    #[rustfmt::skip]
    let table = [
        (1, 3, true), (1, 4, true),
        (2, 3, false), (1, 2, false), (1, 5, false), (0, 4, false), (u32::MAX, u32::MAX, false),
    ];
    for (day, (university_days, practice_days, fits)) in (1..).zip(table) {
        let set = SetWeeklyPattern {
            training: id(),
            university_days,
            practice_days,
        };
        let outcome = given.when(&cast::programme_lead(), date(2026, 4, day), &set);
        let expected = if fits {
            Ok(vec!["WeeklyPatternSet".to_owned()])
        } else {
            Err(Reason::WeeklyPatternInvalid)
        };
        assert_eq!(outcome, expected, "{university_days} + {practice_days}");
    }
    let stranger = actor(tenant(9), ActingRole::ServiceManager);
    let set = SetWeeklyPattern {
        training: id(),
        university_days: 1,
        practice_days: 4,
    };
    let outcome = given.when(&stranger, date(2026, 4, 20), &set);
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn train_01_one_pattern_holds_from_a_day_on() {
    let mut given = cast::in_training();
    let set = |practice_days| SetWeeklyPattern {
        training: id(),
        university_days: 1,
        practice_days,
    };
    let (lead, day) = (cast::programme_lead(), date(2026, 4, 1));
    assert!(given.when(&lead, day, &set(3)).is_ok());
    assert_eq!(given.when(&lead, day, &set(3)), Ok(vec![]));
    assert_eq!(
        given.when(&lead, day, &set(4)),
        Err(Reason::AlreadyRecorded)
    );
    assert!(given.when(&lead, date(2026, 5, 1), &set(4)).is_ok());
    let pattern = training(&given)
        .pattern()
        .map(|pattern| pattern.practice_days);
    assert_eq!(pattern, Some(4));
}

#[test]
fn train_12_to_19_only_the_seven_listed_interventions_can_be_logged() {
    let mut given = cast::in_training();
    let day = date(2026, 6, 30);
    let listed = [
        "behavioural_activation_and_graded_exposure",
        "problem_solving",
        "improving_sleep",
        "recognising_and_managing_emotions",
        "guided_self_help_for_bulimia_and_binge_eating",
        "confidence_building",
        "support_with_medicines_management",
    ];
    for intervention in listed {
        let entry = log(PracticeKind::Intervention, Some(intervention), 2);
        let outcome = given.when(&cast::supervisor(), day, &entry);
        assert!(outcome.is_ok(), "{intervention}: {outcome:?}");
    }
    let therapy = log(PracticeKind::Intervention, Some("cbt_therapy"), 2);
    let outcome = given.when(&cast::supervisor(), day, &therapy);
    assert_eq!(outcome, Err(Reason::ActivityNotListed));
    for shapeless in [
        log(PracticeKind::Intervention, None, 2),
        log(PracticeKind::Contact, Some("problem_solving"), 2),
        log(PracticeKind::Contact, None, 0),
        log(PracticeKind::Contact, None, 31 * 24 + 1),
        log(
            PracticeKind::Intervention,
            Some(&"x".repeat(INTERVENTION_BYTES_MAX + 1)),
            2,
        ),
    ] {
        let outcome = given.when(&cast::supervisor(), day, &shapeless);
        assert_eq!(outcome, Err(Reason::FieldInvalid), "{shapeless:?}");
    }
}

#[test]
fn hours_both_signed_add_up_by_kind_and_one_entry_holds_per_kind_and_day() {
    let mut given = cast::in_training();
    let by = cast::supervisor();
    let contact = |hours| log(PracticeKind::Contact, None, hours);
    assert!(given.when(&by, date(2026, 3, 31), &contact(6)).is_ok());
    assert!(given.when(&by, date(2026, 4, 30), &contact(8)).is_ok());
    assert_eq!(given.when(&by, date(2026, 4, 30), &contact(8)), Ok(vec![]));
    assert_eq!(
        given.when(&by, date(2026, 4, 30), &contact(9)),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(training(&given).totals().contact, 0, "one signature");
    let until = date(2026, 4, 30);
    let sign = SignPracticeHours {
        training: id(),
        until,
    };
    assert!(given.when(&cast::candidate(), until, &sign).is_ok());
    let totals = training(&given).totals();
    assert_eq!((totals.contact, totals.intervention), (14 * 4, 0));
}

#[test]
fn hours_belong_to_the_training_and_the_employer_logs_them() {
    let mut given = cast::in_training();
    let contact = log(PracticeKind::Contact, None, 6);
    for outside in [date(2026, 3, 1), date(2027, 3, 2)] {
        let outcome = given.when(&cast::supervisor(), outside, &contact);
        assert_eq!(outcome, Err(Reason::StateNotAllowed));
    }
    let outcome = given.when(&cast::programme_lead(), date(2026, 4, 1), &contact);
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn train_03_no_hours_without_an_eligible_supervisor_on_the_day() {
    let mut given = cast::told(&Story::default());
    let whose = cast::appointment();
    let (hr, lead) = (cast::hr(), cast::programme_lead());
    let start = cast::start_employment(&whose);
    assert!(given.when(&hr, cast::EMPLOYMENT_START, &start).is_ok());
    assert!(
        given
            .when(&lead, cast::TEACHING_START, &cast::enrol(&whose))
            .is_ok()
    );
    given.settle(cast::TEACHING_START);
    let contact = log(PracticeKind::Contact, None, 6);
    let outcome = given.when(&cast::supervisor(), date(2026, 3, 31), &contact);
    assert_eq!(outcome, Err(Reason::SupervisionGapOpen));

    // assigned, and later struck off
    let given = cast::in_training();
    let struck_off = crate::directory::SupervisorEvent::RegisterCheckRecorded {
        check: crate::directory::RegisterCheck {
            register: Register::Hcpc,
            status: RegisterStatus::NotRegistered,
            modalities: [].into(),
            from: date(2026, 9, 10),
        },
    };
    let supervisor = Supervisor::id(cast::employer(), crate::given::person(21));
    let mut given = given.happened(supervisor, &struck_off);
    assert!(
        given
            .when(&cast::supervisor(), date(2026, 9, 9), &contact)
            .is_ok()
    );
    let outcome = given.when(&cast::supervisor(), date(2026, 9, 14), &contact);
    assert_eq!(outcome, Err(Reason::SupervisionGapOpen));
}

#[test]
fn reviews_are_held_by_either_side_once_a_day_during_the_training() {
    let mut given = cast::in_training();
    let review = HoldThreeWayReview { training: id() };
    let day = date(2026, 5, 11);
    assert!(given.when(&cast::supervisor(), day, &review).is_ok());
    assert_eq!(
        given.when(&cast::programme_lead(), day, &review),
        Ok(vec![])
    );
    let outcome = given.when(&cast::programme_lead(), date(2027, 3, 2), &review);
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    let stranger = actor(tenant(9), ActingRole::ProgrammeLead);
    let outcome = given.when(&stranger, date(2026, 6, 1), &review);
    assert_eq!(outcome, Err(Reason::NotPermitted));
    assert_eq!(training(&given).totals().reviews, 1);
}

#[test]
fn fund_14_the_portfolio_of_scenario_d_1_is_verified_and_a_short_one_is_not() {
    let mut given = cast::in_training();
    let verify = VerifyPortfolio { training: id() };
    let day = date(2027, 2, 19);
    let outcome = given.when(&cast::programme_lead(), day, &verify);
    assert_eq!(outcome, Err(Reason::PracticeHoursShort));
    cast::with_practice(&mut given);
    let outcome = given.when(&cast::hr(), day, &verify);
    assert_eq!(outcome, Err(Reason::NotPermitted));
    assert_eq!(
        given.when(&cast::programme_lead(), day, &verify),
        Ok(vec!["PortfolioVerified".to_owned()])
    );
    assert_eq!(
        given.when(&cast::programme_lead(), day, &verify),
        Ok(vec![])
    );
    let totals = training(&given).portfolio().expect("verified").totals;
    let hours = [
        totals.contact,
        totals.intervention,
        totals.case_management,
        totals.clinical_skills,
    ]
    .map(|quarters| quarters / 4);
    assert_eq!(hours, [96, 52, 23, 23]);
}

#[test]
fn fund_14_each_minimum_is_needed_by_itself() {
    let minima = PracticeMinima {
        contact: 80,
        intervention: 40,
        care_planning: 1,
        supervision: 40,
        case_management: 20,
        clinical_skills: 20,
        three_way_reviews: 3,
    };
    let enough = PracticeTotals {
        contact: 320,
        intervention: 160,
        case_management: 80,
        clinical_skills: 80,
        reviews: 3,
    };
    assert_eq!(enough.short_of(4, &minima), []);
    #[rustfmt::skip]
    let table = [
        (PracticeTotals { contact: 319, ..enough },         vec!["contact"]),
        (PracticeTotals { intervention: 159, ..enough },    vec!["intervention"]),
        (PracticeTotals { case_management: 79, clinical_skills: 81, ..enough }, vec!["case_management"]),
        (PracticeTotals { clinical_skills: 79, ..enough },  vec!["supervision", "clinical_skills"]),
        (PracticeTotals { reviews: 2, ..enough },           vec!["three_way_reviews"]),
        (PracticeTotals { intervention: 321, ..enough },    vec!["contact"]),
    ];
    for (totals, expected) in table {
        let short: Vec<_> = totals
            .short_of(4, &minima)
            .into_iter()
            .map(|(name, ..)| name)
            .collect();
        assert_eq!(short, expected);
    }
    let short = enough.short_of(3, &minima);
    assert_eq!(short, [("care_planning", 3, 4)], "TRAIN-20: both strands");
}

#[test]
fn fund_14_a_role_may_have_minima_of_its_own() {
    let mut given = cast::in_training().policy(
        "practice.min.MHWP",
        json!({
            "contact": 1, "intervention": 0, "supervision": 0,
            "case_management": 0, "clinical_skills": 0, "three_way_reviews": 0,
        }),
    );
    let contact = log(PracticeKind::Contact, None, 1);
    assert!(
        given
            .when(&cast::supervisor(), date(2026, 4, 30), &contact)
            .is_ok()
    );
    let sign = SignPracticeHours {
        training: id(),
        until: date(2026, 4, 30),
    };
    assert!(
        given
            .when(&cast::candidate(), date(2026, 5, 1), &sign)
            .is_ok()
    );
    let verify = VerifyPortfolio { training: id() };
    assert!(
        given
            .when(&cast::programme_lead(), date(2026, 5, 4), &verify)
            .is_ok()
    );
}

#[test]
fn d_7_an_extension_keeps_the_post_and_never_the_salary_support() {
    let mut given = cast::in_training();
    let extend = |until| ExtendTraining {
        training: id(),
        until,
    };
    let (hr, day) = (cast::hr(), date(2027, 2, 26));
    assert_eq!(
        given.when(&hr, day, &extend(date(2027, 6, 30))),
        Ok(vec!["TrainingExtended".to_owned()])
    );
    assert_eq!(given.when(&hr, day, &extend(date(2027, 6, 30))), Ok(vec![]));
    for wrong in [date(2027, 6, 29), date(2032, 3, 2)] {
        let outcome = given.when(&hr, day, &extend(wrong));
        assert_eq!(outcome, Err(Reason::FieldInvalid));
    }
    let outcome = given.when(&cast::programme_lead(), day, &extend(date(2027, 7, 30)));
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let contact = log(PracticeKind::Contact, None, 6);
    assert!(
        given
            .when(&cast::supervisor(), date(2027, 5, 31), &contact)
            .is_ok()
    );
    let training = training(&given);
    assert_eq!(training.last_day(), Some(date(2027, 6, 30)));
    assert_eq!(
        training.year().map(|year| year.ends),
        Some(cast::TRAINING_END)
    );
}

#[test]
fn d_7_only_a_training_that_runs_is_extended() {
    let mut given = cast::in_training();
    let end = crate::employment::EndEmployment {
        employment: cast::appointment().employment(),
    };
    assert!(given.when(&cast::hr(), date(2026, 8, 12), &end).is_ok());
    given.settle(date(2026, 8, 12));
    let extend = ExtendTraining {
        training: id(),
        until: date(2027, 6, 30),
    };
    let outcome = given.when(&cast::hr(), date(2026, 9, 1), &extend);
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
}

#[test]
fn train_12_the_trainee_logs_too_and_nobody_elses_trainee_does() {
    let mut given = cast::in_training();
    let contact = log(PracticeKind::Contact, None, 6);
    let day = date(2026, 4, 30);
    assert!(given.when(&cast::candidate(), day, &contact).is_ok());
    let somebody = actor(tenant(12), ActingRole::Candidate);
    let outcome = given.when(&somebody, date(2026, 5, 29), &contact);
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

mod attendance;
mod course;
mod hours;
