use std::sync::LazyLock;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::cast::{self, CLINICAL_PSYCHOLOGIST},
    directory::RecordRegisterCheck,
    given::{Given, person},
    policy::catalogue::{Register, RegisterStatus, Role},
    preceptorship::{Consolidation, PreceptorshipEvent, PreceptorshipTier},
    refusal::Reason,
    training::{
        AssignSupervisor, EndSupervision, EntryStanding, LogPracticeHours, PracticeKind,
        ReinstateHours, SignPracticeHours,
    },
};

const LOST: Date = date(2026, 9, 10);
const LEARNT: Date = date(2026, 9, 14);

fn id() -> Id<Training> {
    cast::appointment().training()
}

fn training(given: &Given) -> &Training {
    given.state(id()).expect("a training")
}

/// S1, who supervises from the first day on.
fn s1() -> Id<Supervisor> {
    Supervisor::id(cast::employer(), person(21))
}

/// In training under S1, whose registration is recorded; S2 is there too.
fn supervised() -> (Given, Id<Supervisor>) {
    let given = cast::in_training().happened(
        s1(),
        &crate::directory::SupervisorEvent::SupervisorRegistrationRecorded {
            register: Register::Hcpc,
            number: crate::personal::Personal::Erased,
        },
    );
    cast::with_supervisor(given, 22, CLINICAL_PSYCHOLOGIST)
}

fn check(given: &mut Given, status: RegisterStatus, from: Date) -> Vec<String> {
    let record = RecordRegisterCheck {
        supervisor: s1(),
        register: Register::Hcpc,
        status,
        modalities: vec!["clinical_psychologist".to_owned()],
    };
    given.done(&cast::hr(), from, &record);
    given.settle(from)
}

fn assign(given: &mut Given, supervisor: Id<Supervisor>, on: Date) -> Result<Vec<String>, Reason> {
    let assign = AssignSupervisor {
        application: cast::appointment().application,
        supervisor,
    };
    let outcome = given.when(&cast::hr(), on, &assign);
    if outcome.is_ok() {
        return Ok(given.settle(on));
    }
    outcome
}

fn gap(from: Date, until: Option<Date>) -> SupervisionGap {
    SupervisionGap { from, until }
}

fn known(given: &Given) -> Vec<SupervisionGap> {
    training(given).gaps().collect()
}

fn told(given: &Given) -> Vec<SupervisionGap> {
    let notice = SupervisionNotice::id(cast::commissioner(), id());
    given
        .state(notice)
        .map(|notice: &SupervisionNotice| notice.gaps().to_vec())
        .unwrap_or_default()
}

fn load(given: &Given, supervisor: Id<Supervisor>) -> &SupervisorLoad {
    given
        .state(SupervisorLoad::id(cast::employer(), supervisor))
        .expect("a load")
}

#[test]
fn train_03_and_ready_03_a_lost_registration_opens_a_gap_from_the_day_it_was_lost() {
    let (mut given, s2) = supervised();
    let followed = check(&mut given, RegisterStatus::NotRegistered, LOST);
    assert_eq!(
        followed,
        [
            "SupervisorEligibilityEnded",
            "SupervisionGapOpened",
            "SupervisionGapsNoted"
        ]
    );
    assert_eq!(known(&given), [gap(LOST, None)]);
    assert_eq!(
        told(&given),
        [gap(LOST, None)],
        "the commissioner learns of it"
    );
    assert_eq!(known(&given).first().map(|gap| gap.days(LEARNT)), Some(4));

    let followed = assign(&mut given, s2, date(2026, 9, 16)).expect("eligible");
    assert!(
        followed.contains(&"SupervisionGapClosed".to_owned()),
        "{followed:?}"
    );
    let closed = gap(LOST, Some(date(2026, 9, 16)));
    assert_eq!(known(&given), [closed]);
    assert_eq!(closed.days(date(2026, 12, 1)), 6);
    assert_eq!(told(&given), [closed]);
}

#[test]
fn sup_01_a_restored_registration_turns_the_gap_into_none_and_the_history_keeps_it() {
    let (mut given, s2) = supervised();
    check(&mut given, RegisterStatus::NotRegistered, LOST);
    assign(&mut given, s2, date(2026, 9, 16)).expect("eligible");
    let followed = check(&mut given, RegisterStatus::Registered, LOST);
    assert_eq!(
        followed,
        [
            "SupervisorEligibilityRestored",
            "SupervisionGapRemoved",
            "SupervisionGapsNoted"
        ]
    );
    assert_eq!(known(&given), []);
    assert_eq!(told(&given), []);
    let events = given.stored(id()).join("\n");
    for kept in [
        "SupervisionGapOpened",
        "SupervisionGapClosed",
        "SupervisionGapRemoved",
    ] {
        assert!(events.contains(kept), "{kept}");
    }
    let supervisors = given.stored(s1()).join("\n");
    assert!(supervisors.contains("RegisterCheckCorrected"));
}

#[test]
fn train_03_hours_logged_in_a_gap_are_under_review_until_it_is_none_or_the_university_decides() {
    let (mut given, _) = supervised();
    for (until, hours) in [(date(2026, 8, 31), 20), (date(2026, 9, 11), 3)] {
        let log = LogPracticeHours {
            training: id(),
            kind: PracticeKind::ClinicalSkills,
            intervention: None,
            quarters: hours * 4,
        };
        given.done(&cast::supervisor(), until, &log);
    }
    let sign = SignPracticeHours {
        training: id(),
        until: date(2026, 9, 11),
    };
    given.done(&cast::candidate(), date(2026, 9, 12), &sign);
    let counted = |given: &Given| training(given).totals().clinical_skills / 4;
    assert_eq!(counted(&given), 23);
    let followed = check(&mut given, RegisterStatus::NotRegistered, LOST);
    assert!(
        followed.contains(&"HoursUnderReview".to_owned()),
        "{followed:?}"
    );
    assert_eq!(counted(&given), 20);
    assert_eq!(training(&given).under_review(), 12);

    // the university decides; what the register says later changes nothing of that
    let (mut decided, lead) = (given.clone(), cast::programme_lead());
    let reinstate = ReinstateHours {
        training: id(),
        entry: 2,
        reason: None,
        authority: crate::correction::Authority::Own,
    };
    decided.done(&lead, LEARNT, &reinstate);
    assert_eq!(counted(&decided), 23);
    check(
        &mut decided,
        RegisterStatus::NotRegistered,
        date(2026, 9, 9),
    );
    assert_eq!(counted(&decided), 23);

    // or the register is corrected
    let followed = check(&mut given, RegisterStatus::Registered, LOST);
    assert!(
        followed.contains(&"HoursReviewLifted".to_owned()),
        "{followed:?}"
    );
    assert_eq!(counted(&given), 23);
    assert_eq!(
        training(&given)
            .entries()
            .get(1)
            .map(|entry| entry.standing),
        Some(EntryStanding::Logged)
    );
}

#[test]
fn sup_03_the_employer_ends_a_supervision_and_a_gap_opens() {
    let (mut given, s2) = supervised();
    let end = EndSupervision { training: id() };
    let day = date(2026, 6, 1);
    for stranger in [
        cast::programme_lead(),
        crate::given::actor(crate::given::tenant(9), ActingRole::EmployerHr),
    ] {
        assert_eq!(given.when(&stranger, day, &end), Err(Reason::NotPermitted));
    }
    let first = given.when(&cast::hr(), cast::TEACHING_START, &end);
    assert_eq!(first, Err(Reason::StateNotAllowed), "assigned for that day");
    given.done(&cast::hr(), day, &end);
    given.settle(day);
    assert_eq!(given.when(&cast::hr(), day, &end), Ok(vec![]));
    assert_eq!(known(&given), [gap(day, None)]);
    assert_eq!(training(&given).supervisor(), None);
    assert_eq!(load(&given, s1()).now(), 0);
    assign(&mut given, s2, date(2026, 6, 11)).expect("eligible");
    assert_eq!(known(&given), [gap(day, Some(date(2026, 6, 11)))]);
}

#[test]
fn train_03_a_training_without_any_supervisor_has_a_gap_from_its_first_day() {
    let whose = cast::appointment();
    let mut given = cast::appointed();
    given.done(
        &cast::hr(),
        cast::EMPLOYMENT_START,
        &cast::start_employment(&whose),
    );
    given.done(
        &cast::programme_lead(),
        cast::TEACHING_START,
        &cast::enrol(&whose),
    );
    given.settle(cast::TEACHING_START);
    let look = ReviewSupervision { training: id() };
    given.done(&Actor::platform(), date(2026, 3, 3), &look);
    assert_eq!(known(&given), [gap(cast::TEACHING_START, None)]);
}

#[test]
fn train_03_the_end_of_the_employment_closes_the_gap() {
    let (mut given, _) = supervised();
    check(&mut given, RegisterStatus::NotRegistered, LOST);
    let end = crate::employment::EndEmployment {
        employment: cast::appointment().employment(),
    };
    let last = date(2026, 9, 30);
    given.done(&cast::hr(), last, &end);
    given.settle(last);
    assert_eq!(known(&given), [gap(LOST, Some(date(2026, 10, 1)))]);
}

#[test]
fn sup_05_supervision_goes_on_in_the_qualified_post() {
    let (given, s2) = supervised();
    let post = date(2027, 4, 5);
    let whose = cast::appointment();
    let mut given = given
        .happened(
            whose.preceptorship(),
            &PreceptorshipEvent::PreceptorshipStarted {
                appointment: whose.clone(),
                tier: "gold".to_owned(),
                asks: PreceptorshipTier {
                    months: 12,
                    meetings: 6,
                },
                planned_end: date(2028, 4, 4),
            },
        )
        .happened(
            whose.preceptorship(),
            &PreceptorshipEvent::ConsolidationClockStarted {
                consolidation: Consolidation {
                    from: post,
                    until: date(2029, 4, 5),
                },
            },
        );
    let end = EndSupervision { training: id() };
    let day = date(2027, 5, 3);
    given.done(&cast::hr(), day, &end);
    given.settle(day);
    assert_eq!(
        known(&given),
        [gap(day, None)],
        "qualified, and nobody supervises"
    );
    assign(&mut given, s2, date(2027, 5, 10)).expect("eligible");
    assert_eq!(known(&given), [gap(day, Some(date(2027, 5, 10)))]);
}

#[test]
fn sup_05_nobody_needs_supervision_between_the_training_and_the_post() {
    let needed = training(&supervised().0).supervision_needed(Some(Needed {
        from: date(2027, 4, 5),
        until: None,
    }));
    let uncovered = gaps(&needed, &BTreeSet::new(), |_| false, date(2027, 6, 1));
    assert_eq!(
        uncovered,
        [
            gap(cast::TEACHING_START, Some(date(2027, 3, 2))),
            gap(date(2027, 4, 5), None)
        ]
    );
}

#[test]
fn sup_04_a_load_is_who_is_supervised_now() {
    let (mut given, s2) = supervised();
    assert_eq!(load(&given, s1()).now(), 1);
    assign(&mut given, s2, date(2026, 9, 16)).expect("eligible");
    assert_eq!((load(&given, s1()).now(), load(&given, s2).now()), (0, 1));
    assign(&mut given, s1(), date(2026, 10, 1)).expect("eligible");
    assert_eq!((load(&given, s1()).now(), load(&given, s2).now()), (1, 0));
    check(&mut given, RegisterStatus::NotRegistered, date(2026, 11, 2));
    let ended: Vec<_> = load(&given, s1()).not_eligible_for().collect();
    assert_eq!(ended, [("MHWP", date(2026, 11, 2))]);
}

#[test]
fn sup_07_who_trains_in_a_role_for_clinical_psychologists_only_gets_no_other_supervisor() {
    let policies = Given::baseline();
    let register = policies
        .state(crate::policy::PolicyRegister::id())
        .cloned()
        .expect("the baseline");
    let policies = crate::policy::Policies::of(std::sync::Arc::new(register));
    let on = date(2026, 3, 2);
    let rule = |role: &str| {
        let role = Role::parse(role, "role").expect("a role id");
        policies.supervisor_rule(&role, on).expect("a role")
    };
    let therapist = (Register::Babcp, RegisterStatus::Registered, "cbt");
    let (given, id) = cast::with_supervisor(Given::nothing(), 31, therapist);
    let therapist = given.state(id).expect("a supervisor");
    assert!(therapist.eligible_on(on, &rule("MHWP")));
    assert!(!therapist.eligible_on(on, &rule("YIPP")));
    let (given, id) = cast::with_supervisor(Given::nothing(), 32, CLINICAL_PSYCHOLOGIST);
    let psychologist = given.state(id).expect("a supervisor");
    assert!(psychologist.eligible_on(on, &rule("YIPP")));
}

#[test]
fn reviews_are_asked_for_by_nobody_but_the_platform() {
    let (mut given, _) = supervised();
    let commands: [Box<dyn Command>; 3] = [
        Box::new(ReviewSupervision { training: id() }),
        Box::new(ReviewSupervisees { supervisor: s1() }),
        Box::new(NoteSupervisionGaps { training: id() }),
    ];
    for command in commands {
        let outcome = given.when(&cast::hr(), LEARNT, &*command);
        assert_eq!(outcome, Err(Reason::NotPermitted), "{command:?}");
    }
}

/// One thing that happens to a supervision.
#[derive(Debug, Clone)]
enum Step {
    /// A register shows on a day whether the first supervisor is on it.
    Check { registered: bool, day: i32 },
    /// One of the two is assigned.
    Assign { second: bool, day: i32 },
    /// Whoever supervises then stops.
    End { day: i32 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let day = || 1..360_i32;
    let step = prop_oneof![
        3 => (any::<bool>(), day()).prop_map(|(registered, day)| Step::Check { registered, day }),
        2 => (any::<bool>(), day()).prop_map(|(second, day)| Step::Assign { second, day }),
        1 => day().prop_map(|day| Step::End { day }),
    ];
    prop::collection::vec(step, 1..14)
}

fn day(n: i32) -> Date {
    cast::TEACHING_START.saturating_add(jiff::ToSpan::days(n))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// TRAIN-03, SUP-01: whatever registers showed and whoever was assigned, in whatever order it was
    /// learnt, the days of the gaps are the days without an eligible supervisor.
    #[test]
    fn train_03_and_sup_01_gap_days_are_the_days_without_an_eligible_supervisor(steps in steps()) {
        static BEFORE: LazyLock<(Given, Id<Supervisor>)> = LazyLock::new(supervised);
        let (mut given, s2) = BEFORE.clone();
        for step in steps {
            match step {
                Step::Check { registered: true, day: on } => {
                    check(&mut given, RegisterStatus::Registered, day(on));
                }
                Step::Check { registered: false, day: on } => {
                    check(&mut given, RegisterStatus::NotRegistered, day(on));
                }
                Step::Assign { second, day: on } => {
                    let who = if second { s2 } else { s1() };
                    let _ = assign(&mut given, who, day(on));
                }
                Step::End { day: on } => {
                    let end = EndSupervision { training: id() };
                    if given.when(&cast::hr(), day(on), &end).is_ok() {
                        given.settle(day(on));
                    }
                }
            }
        }
        let today = day(364);
        given.done(&Actor::platform(), today, &ReviewSupervision { training: id() });
        let training = training(&given);
        let rule = given
            .state(crate::policy::PolicyRegister::id())
            .cloned()
            .map(|register| crate::policy::Policies::of(std::sync::Arc::new(register)))
            .and_then(|policies| policies.supervisor_rule(&cast::role(), cast::TEACHING_START).ok())
            .expect("a role");
        for n in 0..365 {
            let on = day(n);
            let supervised = training.supervisor_on(on).is_some_and(|supervisor| {
                given.state(supervisor).expect("a supervisor").eligible_on(on, &rule)
            });
            let in_a_gap = training.gaps().any(|gap| gap.contains(on));
            prop_assert_eq!(in_a_gap, !supervised, "{}", on);
        }
        let noted: Vec<SupervisionGap> = training.gaps().collect();
        given.settle(today);
        prop_assert_eq!(told(&given), noted, "the commissioner knows the same days");
    }
}

mod around;
