//! Who vouches for practice hours, and what of them counts.

use proptest::prelude::*;

use super::*;

const MONTH: Date = date(2026, 4, 30);

fn entered(given: &mut Given, by: &crate::actor::Actor, until: Date, hours: u32) {
    let outcome = given.when(by, until, &log(PracticeKind::Contact, None, hours));
    assert!(outcome.is_ok(), "{outcome:?}");
}

fn sign(until: Date) -> SignPracticeHours {
    SignPracticeHours {
        training: id(),
        until,
    }
}

fn correct(entry: u32, quarters: u32) -> CorrectPracticeHours {
    CorrectPracticeHours {
        training: id(),
        entry,
        quarters,
        reason: CorrectionReason::MisKeyed,
        authority: crate::correction::Authority::Own,
    }
}

fn void(entry: u32) -> VoidPracticeHours {
    VoidPracticeHours {
        training: id(),
        entry,
        reason: CorrectionReason::AnotherTrainee,
        authority: crate::correction::Authority::Own,
    }
}

fn disallow(entry: u32) -> DisallowHours {
    DisallowHours {
        training: id(),
        entry,
        reason: DisallowReason::NotEvidenced,
        authority: crate::correction::Authority::Own,
    }
}

fn reinstate(entry: u32) -> ReinstateHours {
    ReinstateHours {
        training: id(),
        entry,
        reason: None,
        authority: crate::correction::Authority::Own,
    }
}

fn contact(given: &Given) -> u32 {
    training(given).totals().contact / 4
}

#[test]
fn train_03_hours_count_once_trainee_and_supervisor_have_both_signed_them() {
    let mut given = cast::in_training();
    entered(&mut given, &cast::supervisor(), MONTH, 6);
    entered(&mut given, &cast::candidate(), date(2026, 5, 29), 7);
    assert_eq!(contact(&given), 0, "each has one signature");
    assert_eq!(training(&given).awaiting_signature(), 13 * 4);
    let outcome = given.when(&cast::candidate(), MONTH, &sign(MONTH));
    assert_eq!(outcome, Ok(vec!["PracticeHoursSigned".to_owned()]));
    assert_eq!(contact(&given), 6);
    let repeat = given.when(&cast::candidate(), MONTH, &sign(MONTH));
    assert_eq!(repeat, Ok(vec![]));
    let day = date(2026, 6, 1);
    assert!(given.when(&cast::supervisor(), day, &sign(day)).is_ok());
    assert_eq!(contact(&given), 13);
}

#[test]
fn train_03_a_manager_vouches_for_no_hours_and_nobody_for_days_to_come() {
    let mut given = cast::in_training();
    let manager = actor(cast::employer(), ActingRole::ServiceManager);
    entered(&mut given, &manager, MONTH, 6);
    for stranger in [
        manager,
        cast::hr(),
        cast::programme_lead(),
        actor(tenant(9), ActingRole::PracticeSupervisor),
    ] {
        let outcome = given.when(&stranger, MONTH, &sign(MONTH));
        assert_eq!(outcome, Err(Reason::NotPermitted), "{stranger:?}");
    }
    let early = given.when(&cast::supervisor(), MONTH, &sign(date(2026, 5, 1)));
    assert_eq!(early, Err(Reason::FieldInvalid));
    for by in [cast::supervisor(), cast::candidate()] {
        assert!(given.when(&by, MONTH, &sign(MONTH)).is_ok());
    }
    assert_eq!(contact(&given), 6);
}

/// D.14: whatever is said against an entry names the event that it is said against.
#[test]
fn d_14_what_is_said_of_an_entry_names_the_event_it_corrects() {
    let mut given = cast::in_training();
    entered(&mut given, &cast::supervisor(), MONTH, 6);
    // the hours, and the signature that comes with them
    let logged = given.stored(id()).len() as u64 - 1;
    let day = date(2026, 6, 1);
    let corrects = |given: &Given, event: &str| given.corrects(id(), event);
    given.done(&cast::supervisor(), day, &correct(1, 20));
    assert_eq!(corrects(&given, "PracticeHoursCorrected"), Some(logged));
    let corrected = given.stored(id()).len() as u64 - 1;
    given.done(&cast::programme_lead(), day, &disallow(1));
    assert_eq!(corrects(&given, "HoursDisallowed"), Some(corrected));
    let disallowed = given.stored(id()).len() as u64;
    given.done(&cast::programme_lead(), day, &reinstate(1));
    assert_eq!(corrects(&given, "HoursReinstated"), Some(disallowed));
    given.done(&cast::supervisor(), day, &void(1));
    assert_eq!(corrects(&given, "PracticeHoursVoided"), Some(corrected));
}

#[test]
fn train_03_a_correction_voids_the_signatures_of_its_own_entry_only() {
    let mut given = cast::in_training();
    for (until, hours) in [(MONTH, 6), (date(2026, 5, 29), 7)] {
        entered(&mut given, &cast::supervisor(), until, hours);
    }
    let day = date(2026, 6, 1);
    assert!(given.when(&cast::candidate(), day, &sign(day)).is_ok());
    assert_eq!(contact(&given), 13);
    let outcome = given.when(&cast::supervisor(), day, &correct(2, 8 * 4));
    assert_eq!(
        outcome,
        Ok(vec![
            "PracticeHoursCorrected".to_owned(),
            "PracticeHoursSigned".to_owned()
        ])
    );
    assert_eq!(contact(&given), 6, "the trainee has not signed eight hours");
    assert!(given.when(&cast::candidate(), day, &sign(day)).is_ok());
    assert_eq!(contact(&given), 14);
    let repeat = given.when(&cast::supervisor(), day, &correct(2, 8 * 4));
    assert_eq!(repeat, Ok(vec![]));
    for (by, command, reason) in [
        (cast::programme_lead(), correct(2, 4), Reason::NotPermitted),
        (cast::supervisor(), correct(3, 4), Reason::FieldInvalid),
        (cast::supervisor(), correct(0, 4), Reason::FieldInvalid),
        (cast::supervisor(), correct(1, 0), Reason::FieldInvalid),
    ] {
        assert_eq!(given.when(&by, day, &command), Err(reason), "{command:?}");
    }
}

#[test]
fn a_voided_entry_counts_for_nothing_and_may_be_logged_anew() {
    let mut given = cast::in_training();
    entered(&mut given, &cast::supervisor(), MONTH, 6);
    assert!(given.when(&cast::candidate(), MONTH, &sign(MONTH)).is_ok());
    let outcome = given.when(&cast::candidate(), MONTH, &void(1));
    assert_eq!(outcome, Ok(vec!["PracticeHoursVoided".to_owned()]));
    assert_eq!(given.when(&cast::supervisor(), MONTH, &void(1)), Ok(vec![]));
    assert_eq!(contact(&given), 0);
    for (by, command) in [
        (
            cast::supervisor(),
            &correct(1, 4) as &dyn crate::world::Command,
        ),
        (cast::programme_lead(), &disallow(1)),
        (cast::programme_lead(), &reinstate(1)),
    ] {
        let outcome = given.when(&by, MONTH, command);
        assert_eq!(outcome, Err(Reason::StateNotAllowed), "{command:?}");
    }
    entered(&mut given, &cast::supervisor(), MONTH, 5);
    assert!(given.when(&cast::candidate(), MONTH, &sign(MONTH)).is_ok());
    assert_eq!(contact(&given), 5);
}

#[test]
fn fund_14_the_university_disallows_hours_and_reinstates_them_and_the_portfolio_follows() {
    let mut given = cast::in_training();
    cast::with_portfolio(&mut given);
    assert!(training(&given).portfolio().is_some());
    let (lead, day) = (cast::programme_lead(), date(2027, 2, 22));
    let outcome = given.when(&cast::supervisor(), day, &disallow(1));
    assert_eq!(outcome, Err(Reason::NotPermitted));
    assert_eq!(
        given.when(&lead, day, &disallow(1)),
        Ok(vec!["HoursDisallowed".to_owned()])
    );
    assert_eq!(given.when(&lead, day, &disallow(1)), Ok(vec![]));
    assert_eq!(contact(&given), 0);
    assert_eq!(training(&given).disallowed(), 96 * 4);
    assert_eq!(training(&given).portfolio(), None, "it shows less now");
    let verify = VerifyPortfolio { training: id() };
    let outcome = given.when(&lead, day, &verify);
    assert_eq!(outcome, Err(Reason::PracticeHoursShort));
    let outcome = given.when(&cast::supervisor(), day, &correct(1, 4));
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    let outcome = given.when(&cast::supervisor(), day, &reinstate(1));
    assert_eq!(outcome, Err(Reason::NotPermitted));
    assert_eq!(
        given.when(&lead, day, &reinstate(1)),
        Ok(vec!["HoursReinstated".to_owned()])
    );
    assert_eq!(given.when(&lead, day, &reinstate(1)), Ok(vec![]));
    assert_eq!(contact(&given), 96);
    assert!(training(&given).portfolio().is_some());
}

#[test]
fn train_20_care_planning_is_the_second_strand_and_other_duties_are_none() {
    let mut given = cast::in_training();
    for kind in [PracticeKind::CarePlanning, PracticeKind::OtherDuties] {
        let outcome = given.when(&cast::supervisor(), MONTH, &log(kind, None, 3));
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    assert!(given.when(&cast::candidate(), MONTH, &sign(MONTH)).is_ok());
    let training = training(&given);
    assert_eq!(training.counted(PracticeKind::CarePlanning), 12);
    assert_eq!(training.counted(PracticeKind::OtherDuties), 12);
    assert_eq!(training.totals(), PracticeTotals::default());
}

#[test]
fn fund_14_the_minima_of_the_day_the_training_started_hold_to_its_end() {
    let mut given = cast::in_training();
    cast::with_practice(&mut given);
    let by = actor(crate::actor::PLATFORM, ActingRole::PlatformOperator);
    let raise = crate::policy::SetPolicy {
        policy: "practice.min".to_owned(),
        from: date(2026, 9, 1),
        until: None,
        value: json!({
            "contact": 500, "intervention": 40, "supervision": 40,
            "case_management": 20, "clinical_skills": 20, "three_way_reviews": 3,
        }),
        source: "test".to_owned(),
        approver: "test".to_owned(),
    };
    assert!(given.when(&by, date(2026, 9, 1), &raise).is_ok());
    let verify = VerifyPortfolio { training: id() };
    let outcome = given.when(&cast::programme_lead(), date(2027, 2, 19), &verify);
    assert_eq!(outcome, Ok(vec!["PortfolioVerified".to_owned()]));
}

/// One step of a random life of a logbook.
#[derive(Debug, Clone)]
enum Step {
    Log {
        day: i8,
        quarters: u32,
    },
    Sign {
        trainee: bool,
    },
    Correct {
        trainee: bool,
        entry: u32,
        quarters: u32,
    },
    Void(u32),
    Disallow(u32),
    Reinstate(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let entry = || 0..7_u32;
    let step = prop_oneof![
        4 => (1..28_i8, 0..20_u32).prop_map(|(day, quarters)| Step::Log { day, quarters }),
        3 => any::<bool>().prop_map(|trainee| Step::Sign { trainee }),
        2 => (any::<bool>(), entry(), 0..20_u32)
            .prop_map(|(trainee, entry, quarters)| Step::Correct { trainee, entry, quarters }),
        1 => entry().prop_map(Step::Void),
        1 => entry().prop_map(Step::Disallow),
        1 => entry().prop_map(Step::Reinstate),
    ];
    prop::collection::vec(step, 1..40)
}

/// What the test itself keeps of an entry: quarters, both signatures, whether voided or disallowed.
#[derive(Debug, Clone, Default)]
struct Line {
    quarters: u32,
    signed: [bool; 2],
    voided: bool,
    disallowed: bool,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// TRAIN-03, FUND-14: whatever is logged, signed, corrected, voided, disallowed and reinstated, in any
    /// order, the totals are the sum of the entries that both have signed as they now read.
    #[test]
    fn train_03_and_fund_14_totals_are_the_fold_of_valid_entries(steps in steps()) {
        static IN_TRAINING: std::sync::LazyLock<Given> = std::sync::LazyLock::new(cast::in_training);
        let mut given = IN_TRAINING.clone();
        let end = date(2026, 6, 1);
        let mut lines: Vec<Line> = vec![];
        for step in steps {
            match step {
                Step::Log { day, quarters } => {
                    let command = LogPracticeHours {
                        quarters,
                        ..log(PracticeKind::Contact, None, 1)
                    };
                    let outcome = given.when(&cast::supervisor(), date(2026, 5, day), &command);
                    if outcome.is_ok_and(|events| !events.is_empty()) {
                        lines.push(Line { quarters, signed: [false, true], ..Line::default() });
                    }
                }
                Step::Sign { trainee } => {
                    let by = if trainee { cast::candidate() } else { cast::supervisor() };
                    prop_assert!(given.when(&by, end, &sign(end)).is_ok());
                    for line in lines.iter_mut().filter(|line| !line.voided) {
                        line.signed[usize::from(!trainee)] = true;
                    }
                }
                Step::Correct { trainee, entry, quarters } => {
                    let by = if trainee { cast::candidate() } else { cast::supervisor() };
                    let outcome = given.when(&by, end, &correct(entry, quarters));
                    if outcome.is_ok_and(|events| !events.is_empty()) {
                        let line = &mut lines[entry as usize - 1];
                        prop_assert!(!line.voided && !line.disallowed);
                        line.quarters = quarters;
                        line.signed = [trainee, !trainee];
                    }
                }
                Step::Void(entry) => {
                    if given.when(&cast::supervisor(), end, &void(entry)).is_ok() {
                        lines[entry as usize - 1].voided = true;
                    }
                }
                Step::Disallow(entry) => {
                    if given.when(&cast::programme_lead(), end, &disallow(entry)).is_ok() {
                        lines[entry as usize - 1].disallowed = true;
                    }
                }
                Step::Reinstate(entry) => {
                    if given.when(&cast::programme_lead(), end, &reinstate(entry)).is_ok() {
                        lines[entry as usize - 1].disallowed = false;
                    }
                }
            }
            let expected: u32 = lines
                .iter()
                .filter(|line| !line.voided && !line.disallowed && line.signed == [true, true])
                .map(|line| line.quarters)
                .sum();
            prop_assert_eq!(
                given.state(id()).map(|training: &Training| training.totals().contact),
                Some(expected)
            );
        }
    }
}
