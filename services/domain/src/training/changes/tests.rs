use std::{collections::BTreeSet, sync::OnceLock};

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    actor::{ActingRole, Actor, TenantId},
    appointment::cast,
    calendar::midday,
    given::actor,
    personal::DigestSalt,
    policy::{Policies, PolicyRegister},
    training::{ExtendTraining, ProposedBy, TrainingAct},
    world::{Decider as _, Issued},
};

/// A training that has run since 2 March 2026, and the register it was decided under.
fn running() -> &'static (Training, Policies) {
    static RUNNING: OnceLock<(Training, Policies)> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let given = cast::in_training();
        let training = given.state(cast::appointment().training()).cloned();
        let register = given.state(PolicyRegister::id()).cloned();
        let policies = Policies::of(std::sync::Arc::new(register.expect("a register")));
        (training.expect("a training"), policies)
    })
}

fn trainee() -> Actor {
    actor(TenantId(cast::trainee().0), ActingRole::Candidate)
}

fn decide(
    training: &Training,
    by: &Actor,
    on: Date,
    act: TrainingAct,
) -> Result<Vec<TrainingEvent>, Refusal> {
    let at = midday(on);
    training.decide(&Issued {
        issue: Issue {
            by: by.clone(),
            effective: at,
            recorded: at,
            request: uuid::Uuid::nil(),
            policies: running().1.clone(),
            salt: DigestSalt(uuid::Uuid::nil()),
        },
        act,
    })
}

/// Decides and folds; whether anything followed.
fn happens(
    training: &mut Training,
    by: &Actor,
    on: Date,
    act: TrainingAct,
) -> Result<bool, Reason> {
    let events = decide(training, by, on, act).map_err(|refusal| refusal.reason)?;
    let followed = !events.is_empty();
    for event in events {
        let stored = serde_json::to_value(&event).expect("JSON");
        let read: TrainingEvent = serde_json::from_value(stored).expect("an event");
        assert_eq!(read, event);
        training.evolve(event);
    }
    Ok(followed)
}

fn course(act: CourseAct) -> TrainingAct {
    TrainingAct::Course(act)
}

fn interrupt() -> TrainingAct {
    course(CourseAct::Interrupt {
        expected_return: None,
    })
}

fn resume() -> TrainingAct {
    course(CourseAct::Resume {
        expected_board: None,
    })
}

#[test]
fn the_days_left_at_an_interruption_run_on_from_the_return() {
    let (mut training, lead) = (running().0.clone(), cast::programme_lead());
    assert_eq!(
        happens(&mut training, &lead, date(2026, 6, 1), interrupt()),
        Ok(true)
    );
    assert_eq!(training.status(), TrainingStatus::Interrupted);
    assert_eq!(
        happens(&mut training, &lead, date(2026, 6, 1), interrupt()),
        Ok(false)
    );
    let again = happens(&mut training, &lead, date(2026, 6, 8), interrupt());
    assert_eq!(again, Err(Reason::StateNotAllowed));
    // ninety-two days away: June, July and August
    assert_eq!(
        happens(&mut training, &lead, date(2026, 9, 1), resume()),
        Ok(true)
    );
    assert_eq!(
        happens(&mut training, &lead, date(2026, 9, 1), resume()),
        Ok(false)
    );
    assert_eq!(training.status(), TrainingStatus::InTraining);
    assert_eq!(training.last_day(), Some(date(2027, 6, 1)));
    assert_eq!(training.expected_board(), Some(cast::BOARD));
    let unasked = happens(&mut training, &lead, date(2026, 9, 2), resume());
    assert_eq!(unasked, Err(Reason::StateNotAllowed));
}

#[test]
fn nothing_is_practised_while_away_or_suspended() {
    let (mut training, lead) = (running().0.clone(), cast::programme_lead());
    happens(&mut training, &lead, date(2026, 6, 1), interrupt()).expect("away");
    happens(&mut training, &lead, date(2026, 9, 1), resume()).expect("back");
    let suspend = |suspended| course(CourseAct::SetPractice { suspended });
    happens(&mut training, &lead, date(2026, 10, 5), suspend(true)).expect("suspended");
    assert_eq!(
        happens(&mut training, &lead, date(2026, 10, 5), suspend(true)),
        Ok(false)
    );
    happens(&mut training, &lead, date(2026, 10, 19), suspend(false)).expect("restored");
    assert_eq!(
        happens(&mut training, &lead, date(2026, 10, 19), suspend(false)),
        Ok(false)
    );
    for (on, allowed) in [
        (date(2026, 5, 31), true),
        (date(2026, 6, 1), false),
        (date(2026, 8, 31), false),
        (date(2026, 9, 1), true),
        (date(2026, 10, 5), false),
        (date(2026, 10, 18), false),
        (date(2026, 10, 19), true),
    ] {
        let review = decide(&training, &lead, on, TrainingAct::Review);
        assert_eq!(review.is_ok(), allowed, "{on}");
    }
    let by_the_employer = happens(&mut training, &cast::hr(), date(2026, 11, 2), suspend(true));
    assert_eq!(by_the_employer, Err(Reason::NotPermitted));
}

#[test]
fn x_07_a_lighter_week_takes_the_word_of_both_sides_and_lengthens_the_year() {
    let mut training = running().0.clone();
    let agree = |practice_days| course(CourseAct::AgreeLessThanFullTime { practice_days });
    let week = |practice_days| {
        TrainingAct::SetPattern(crate::training::SetWeeklyPattern {
            training: cast::appointment().training(),
            university_days: 1,
            practice_days,
        })
    };
    let (lead, hr, on) = (cast::programme_lead(), cast::hr(), date(2026, 9, 1));
    let refused = happens(&mut training, &lead, on, week(2));
    assert_eq!(refused, Err(Reason::WeeklyPatternInvalid));
    let none = happens(&mut training, &hr, on, agree(3));
    assert_eq!(none, Err(Reason::WeeklyPatternInvalid));
    assert_eq!(happens(&mut training, &hr, on, agree(2)), Ok(true));
    assert_eq!(happens(&mut training, &hr, on, agree(2)), Ok(false));
    assert_eq!(training.course().lighter_week(), None);
    let refused = happens(&mut training, &lead, on, week(2));
    assert_eq!(refused, Err(Reason::WeeklyPatternInvalid));
    // the university has another week in mind, then comes round
    assert_eq!(happens(&mut training, &lead, on, agree(1)), Ok(true));
    assert_eq!(training.course().lighter_week(), None);
    assert_eq!(happens(&mut training, &lead, on, agree(2)), Ok(true));
    assert_eq!(happens(&mut training, &lead, on, week(2)), Ok(true));
    // 181 days left at 4 days a week become 242 at 3
    assert_eq!(training.last_day(), Some(date(2027, 5, 1)));
    let before = happens(&mut training, &lead, date(2026, 8, 31), week(2));
    assert_eq!(before, Err(Reason::WeeklyPatternInvalid));
}

#[test]
fn b_5_a_withdrawal_waits_for_representations_and_only_the_university_confirms_it() {
    let (mut training, lead, hr) = (running().0.clone(), cast::programme_lead(), cast::hr());
    let on = date(2026, 8, 3);
    let propose = || course(CourseAct::ProposeWithdrawal);
    let confirm = || course(CourseAct::ConfirmWithdrawal);
    assert_eq!(
        happens(&mut training, &lead, on, confirm()),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(happens(&mut training, &hr, on, propose()), Ok(true));
    assert_eq!(happens(&mut training, &hr, on, propose()), Ok(false));
    assert_eq!(training.status(), TrainingStatus::WithdrawalProposed);
    let another = happens(&mut training, &lead, on, propose());
    assert_eq!(another, Err(Reason::AlreadyRecorded));
    // fourteen days by policy
    let early = happens(&mut training, &lead, date(2026, 8, 16), confirm());
    assert_eq!(early, Err(Reason::StateNotAllowed));
    let heard = || course(CourseAct::MakeRepresentations);
    assert_eq!(
        happens(&mut training, &trainee(), date(2026, 8, 18), heard()),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        happens(&mut training, &trainee(), date(2026, 8, 17), heard()),
        Ok(true)
    );
    assert_eq!(
        happens(&mut training, &trainee(), date(2026, 8, 17), heard()),
        Ok(false)
    );
    let by_the_employer = happens(&mut training, &hr, date(2026, 8, 17), confirm());
    assert_eq!(by_the_employer, Err(Reason::NotPermitted));
    assert_eq!(
        happens(&mut training, &lead, date(2026, 8, 17), confirm()),
        Ok(true)
    );
    assert_eq!(training.status(), TrainingStatus::Withdrawn);
    // the training ended on the day proposed, not on that of the decision
    assert_eq!(training.last_day(), Some(on));
    assert_eq!(training.year().map(|year| year.ends), Some(on));
    let extend = TrainingAct::Extend(ExtendTraining {
        training: cast::appointment().training(),
        until: date(2027, 6, 30),
    });
    let extended = happens(&mut training, &hr, date(2026, 9, 1), extend);
    assert_eq!(extended, Err(Reason::StateNotAllowed));
}

#[test]
fn a_trainees_own_request_needs_no_window_and_may_be_dropped() {
    let (mut training, lead) = (running().0.clone(), cast::programme_lead());
    let on = date(2026, 8, 3);
    let propose = course(CourseAct::ProposeWithdrawal);
    assert_eq!(happens(&mut training, &trainee(), on, propose), Ok(true));
    let by = training.course().leaving().map(|leaving| leaving.by);
    assert_eq!(by, Some(ProposedBy::Trainee));
    let drop = || course(CourseAct::DropWithdrawal);
    assert_eq!(happens(&mut training, &lead, on, drop()), Ok(true));
    assert_eq!(happens(&mut training, &lead, on, drop()), Ok(false));
    assert_eq!(training.status(), TrainingStatus::InTraining);
}

#[test]
fn a_reversed_withdrawal_leaves_a_gap_and_one_recorded_in_error_none() {
    let lead = cast::programme_lead();
    for (in_error, ends) in [(false, date(2027, 4, 1)), (true, cast::TRAINING_END)] {
        let mut training = running().0.clone();
        let on = date(2026, 8, 3);
        for act in [CourseAct::ProposeWithdrawal, CourseAct::ConfirmWithdrawal] {
            let by = if matches!(act, CourseAct::ProposeWithdrawal) {
                trainee()
            } else {
                lead.clone()
            };
            assert_eq!(happens(&mut training, &by, on, course(act)), Ok(true));
        }
        let reverse = || {
            course(CourseAct::ReverseWithdrawal {
                in_error,
                corrects: None,
            })
        };
        let early = happens(&mut training, &lead, date(2026, 8, 2), reverse());
        assert_eq!(early, Err(Reason::FieldInvalid));
        assert_eq!(
            happens(&mut training, &lead, date(2026, 9, 3), reverse()),
            Ok(true)
        );
        assert_eq!(training.status(), TrainingStatus::InTraining);
        assert_eq!(training.last_day(), Some(ends), "in error: {in_error}");
    }
}

#[test]
fn d_9_the_end_of_the_employment_forces_the_proposal_unless_the_training_is_over() {
    let platform = Actor::platform();
    let end = |on| TrainingAct::NoteEmploymentEnd { on };
    for (on, status) in [
        (date(2026, 8, 12), TrainingStatus::WithdrawalProposed),
        (cast::TRAINING_END, TrainingStatus::InTraining),
        (date(2027, 5, 31), TrainingStatus::InTraining),
    ] {
        let mut training = running().0.clone();
        assert_eq!(happens(&mut training, &platform, on, end(on)), Ok(true));
        assert_eq!(training.status(), status, "{on}");
    }
    // nor a second one beside the trainee's own request
    let mut training = running().0.clone();
    let on = date(2026, 8, 12);
    happens(
        &mut training,
        &trainee(),
        on,
        course(CourseAct::ProposeWithdrawal),
    )
    .expect("proposed");
    happens(&mut training, &platform, on, end(on)).expect("noted");
    let by = training.course().leaving().map(|leaving| leaving.by);
    assert_eq!(by, Some(ProposedBy::Trainee));
    let dropped = happens(
        &mut training,
        &cast::programme_lead(),
        on,
        course(CourseAct::DropWithdrawal),
    );
    assert_eq!(
        dropped,
        Err(Reason::StateNotAllowed),
        "nobody trains who is not employed"
    );
    happens(
        &mut training,
        &platform,
        on,
        course(CourseAct::NoteReinstatement),
    )
    .expect("reinstated");
    assert_eq!(
        training.status(),
        TrainingStatus::WithdrawalProposed,
        "their own request stands"
    );
}

#[test]
fn an_employment_that_ended_before_the_enrolment_was_learnt_forces_the_proposal_too() {
    let mut given = cast::appointed();
    let whose = cast::appointment();
    let left = date(2026, 8, 12);
    let hr = cast::hr();
    given
        .when(&hr, cast::EMPLOYMENT_START, &cast::start_employment(&whose))
        .expect("employed");
    given.settle(cast::EMPLOYMENT_START);
    let end = crate::employment::EndEmployment {
        employment: whose.employment(),
    };
    given.when(&hr, left, &end).expect("left");
    given.settle(left);
    let lead = cast::programme_lead();
    given
        .when(&lead, cast::TEACHING_START, &cast::enrol(&whose))
        .expect("enrolled");
    given.settle(cast::TEACHING_START);
    let training = given.state(whose.training()).expect("noted");
    assert_eq!(training.status(), TrainingStatus::WithdrawalProposed);
    assert_eq!(training.last_day(), Some(left));
}

/// One thing that anybody may try on a day.
#[derive(Debug, Clone)]
enum Try {
    Interrupt,
    Resume,
    Propose(bool),
    Confirm,
    Drop,
    Reverse(bool),
    Extend(i32),
    Leave,
    Reinstate,
    Suspend(bool),
}

fn tries() -> impl Strategy<Value = Vec<(Try, i32)>> {
    let one = prop_oneof![
        3 => Just(Try::Interrupt),
        3 => Just(Try::Resume),
        2 => any::<bool>().prop_map(Try::Propose),
        2 => Just(Try::Confirm),
        1 => Just(Try::Drop),
        2 => any::<bool>().prop_map(Try::Reverse),
        1 => (0..900).prop_map(Try::Extend),
        1 => Just(Try::Leave),
        1 => Just(Try::Reinstate),
        1 => any::<bool>().prop_map(Try::Suspend),
    ];
    prop::collection::vec((one, -20..700), 1..40)
}

fn later(from: Date, days: i32) -> Date {
    from.saturating_add(days.days())
}

/// Where a training may go from where it stands (Annex 3).
fn may_follow(from: TrainingStatus, to: TrainingStatus) -> bool {
    use TrainingStatus::{Ended, InTraining, Interrupted, WithdrawalProposed, Withdrawn};
    match from {
        InTraining => matches!(to, Interrupted | WithdrawalProposed | Ended),
        Interrupted => matches!(to, InTraining | WithdrawalProposed | Ended),
        WithdrawalProposed => matches!(to, Withdrawn | InTraining | Interrupted),
        Withdrawn => matches!(to, InTraining | Interrupted),
        _ => matches!(to, InTraining | Interrupted | WithdrawalProposed),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is tried in whatever order, a training is only ever where Annex 3 has an arrow to,
    /// and its year is as long as it was and as long as it was away.
    #[test]
    fn no_sequence_leads_to_an_illegal_state(tries in tries()) {
        let mut training = running().0.clone();
        let start = cast::TEACHING_START;
        let (lead, hr, platform) = (cast::programme_lead(), cast::hr(), Actor::platform());
        for (what, day) in tries {
            let on = later(start, day);
            let (by, act) = match what {
                Try::Interrupt => (&hr, interrupt()),
                Try::Resume => (&lead, resume()),
                Try::Propose(true) => (&hr, course(CourseAct::ProposeWithdrawal)),
                Try::Propose(false) => (&lead, course(CourseAct::ProposeWithdrawal)),
                Try::Confirm => (&lead, course(CourseAct::ConfirmWithdrawal)),
                Try::Drop => (&lead, course(CourseAct::DropWithdrawal)),
                Try::Reverse(in_error) => (&lead, course(CourseAct::ReverseWithdrawal { in_error, corrects: None })),
                Try::Extend(days) => (&hr, TrainingAct::Extend(ExtendTraining {
                    training: cast::appointment().training(),
                    until: later(start, days),
                })),
                Try::Leave => (&platform, TrainingAct::NoteEmploymentEnd { on }),
                Try::Reinstate => (&platform, course(CourseAct::NoteReinstatement)),
                Try::Suspend(suspended) => (&lead, course(CourseAct::SetPractice { suspended })),
            };
            let before = training.clone();
            let outcome = happens(&mut training, by, on, act);
            let (was, is) = (before.status(), training.status());
            if outcome != Ok(true) {
                prop_assert_eq!(&before, &training);
            }
            prop_assert!(was == is || may_follow(was, is), "{:?} to {:?}", was, is);
            let gaps = training.course().interruptions();
            let open = gaps.iter().filter(|gap| gap.resumed.is_none()).count();
            prop_assert!(open <= 1);
            for pair in gaps.windows(2) {
                // an interruption learnt late is open until its end is learnt too
                prop_assert!(pair[0].resumed.is_none_or(|end| end <= pair[1].from), "{:?}", gaps);
            }
            let starts: BTreeSet<_> = gaps.iter().map(|gap| gap.from).collect();
            prop_assert_eq!(starts.len(), gaps.len());
            if is == TrainingStatus::Withdrawn {
                prop_assert!(training.last_day() <= training.course().withdrawn());
            }
            let away: i64 = gaps.iter().filter_map(|gap| days_between(gap.from, gap.resumed?)).sum();
            let whole = training.year.expect("started").ends;
            let grown = days_between(cast::TRAINING_END, whole).expect("near");
            prop_assert!(grown >= away, "{} days away, {} added", away, grown);
        }
    }

    /// Facts learnt late and in another order lead to where timely ones lead.
    #[test]
    fn late_facts_lead_to_the_same_end_state_as_timely_ones(
        gaps in prop::collection::vec((1i32..40, 1i32..40), 1..5),
        order in any::<prop::sample::Index>(),
        ending in 0..3u8,
    ) {
        let (lead, hr) = (cast::programme_lead(), cast::hr());
        let mut facts: Vec<Vec<(&Actor, Date, TrainingAct)>> = vec![];
        let mut day = 0;
        for (run, away) in gaps {
            let from = later(cast::TEACHING_START, day + run);
            day += run + away;
            facts.push(vec![(&hr, from, interrupt()), (&lead, later(from, away), resume())]);
        }
        let last = later(cast::TEACHING_START, day + 1);
        let platform = Actor::platform();
        match ending {
            0 => {}
            1 => facts.push(vec![
                (&hr, last, course(CourseAct::ProposeWithdrawal)),
                (&lead, later(last, 30), course(CourseAct::ConfirmWithdrawal)),
            ]),
            _ => facts.push(vec![
                (&platform, last, TrainingAct::NoteEmploymentEnd { on: last }),
                (&lead, later(last, 30), course(CourseAct::ConfirmWithdrawal)),
            ]),
        }
        let told = |facts: &[Vec<(&Actor, Date, TrainingAct)>]| {
            let mut training = running().0.clone();
            for (by, on, act) in facts.iter().flatten() {
                let outcome = happens(&mut training, by, *on, act.clone());
                assert_eq!(outcome, Ok(true), "{act:?} on {on}");
            }
            // which of its events it was depends on what was told before
            training.course.withdrawn_by = None;
            training
        };
        let timely = told(&facts);
        let turn = order.index(facts.len());
        facts.rotate_left(turn);
        prop_assert_eq!(&told(&facts), &timely);
        facts.reverse();
        prop_assert_eq!(&told(&facts), &timely);
    }
}
