use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, PLATFORM},
    correction::{Authority, RecordedEvent},
    dispute::{Dispute, RaiseDispute},
    given::{Given, actor, tenant},
    policy::SetPolicy,
};

const DAY: Date = date(2026, 7, 30);
const LATER: Date = date(2027, 5, 20);

fn attends(given: &mut Given, university_days: u32) -> Result<Vec<String>, Reason> {
    let record = RecordAttendance {
        training: cast::appointment().training(),
        university_days,
    };
    given.when(&cast::programme_lead(), DAY, &record)
}

fn entries(given: &Given) -> Vec<AttendanceEntry> {
    let training = given.state(cast::appointment().training());
    training
        .map(|training| training.attendance().to_vec())
        .unwrap_or_default()
}

fn of_another(sequence: u64) -> CorrectAttendance {
    CorrectAttendance {
        training: cast::appointment().training(),
        sequence,
        university_days: None,
        reason: CorrectionReason::AnotherTrainee,
        authority: Authority::Own,
    }
}

#[test]
fn d_14_a_week_keyed_for_another_trainee_is_struck_through_and_hours_follow() {
    let mut given = cast::in_training();
    assert_eq!(
        attends(&mut given, 2),
        Ok(vec!["AttendanceRecorded".to_owned()])
    );
    assert_eq!(attends(&mut given, 2), Ok(vec![]));
    assert_eq!(attends(&mut given, 1), Err(Reason::AlreadyRecorded));
    assert_eq!(attends(&mut given, 6), Err(Reason::FieldInvalid));
    let first = entries(&given)[0].clone();
    assert_eq!(
        first.attendance.week,
        date(2026, 7, 27),
        "the Monday of 2026-W31"
    );

    let correct = of_another(first.sequence);
    let outcome = given.when(&cast::programme_lead(), LATER, &correct);
    assert_eq!(
        outcome,
        Ok(vec![
            "RecordCorrected".to_owned(),
            "HoursRecomputed".to_owned()
        ])
    );
    let struck = &entries(&given)[0];
    assert_eq!(
        struck.attendance, first.attendance,
        "what was recorded stays"
    );
    let corrected = struck.corrected.as_ref().expect("struck through");
    let training = cast::appointment().training();
    assert_eq!(
        corrected.correction.corrects,
        RecordedEvent::of(training.key(), first.sequence)
    );
    let told = given.stored(training).pop();
    let recomputed = r#"{"HoursRecomputed":{"was":60,"now":0}}"#;
    assert_eq!(told.as_deref(), Some(recomputed));
    assert_eq!(
        given.when(&cast::programme_lead(), LATER, &correct),
        Ok(vec![])
    );
    // The week is free for what was really attended.
    assert_eq!(
        attends(&mut given, 1),
        Ok(vec!["AttendanceRecorded".to_owned()])
    );
}

#[test]
fn d_14_a_corrected_number_stands_in_the_place_of_the_old_one_and_can_be_corrected_itself() {
    let mut given = cast::in_training();
    assert!(attends(&mut given, 2).is_ok());
    let first = entries(&given)[0].sequence;
    let mis_keyed = CorrectAttendance {
        university_days: Some(1),
        reason: CorrectionReason::MisKeyed,
        ..of_another(first)
    };
    given.done(&cast::programme_lead(), LATER, &mis_keyed);
    let [struck, standing] = entries(&given).try_into().expect("two entries");
    assert!(struck.corrected.is_some());
    assert_eq!(
        (standing.attendance.university_days, standing.corrected),
        (1, None)
    );
    let twice = given.when(&cast::programme_lead(), LATER, &of_another(first));
    assert_eq!(twice, Err(Reason::AlreadyRecorded));
    let again = of_another(standing.sequence);
    assert!(given.when(&cast::programme_lead(), LATER, &again).is_ok());
}

#[test]
fn d_14_only_the_university_corrects_and_a_dispute_stands_for_the_event_it_is_about() {
    let mut given = cast::in_training();
    assert!(attends(&mut given, 2).is_ok());
    let sequence = entries(&given)[0].sequence;
    for (by, correct, reason) in [
        (cast::hr(), of_another(sequence), Reason::NotPermitted),
        (
            cast::programme_lead(),
            of_another(sequence + 40),
            Reason::FieldInvalid,
        ),
        (
            cast::programme_lead(),
            CorrectAttendance {
                authority: Authority::Dispute(Id::new(uuid::Uuid::from_u128(5))),
                ..of_another(sequence)
            },
            Reason::NotPermitted,
        ),
    ] {
        assert_eq!(given.when(&by, LATER, &correct), Err(reason), "{correct:?}");
    }
    let auditor = actor(tenant(0xA0D), ActingRole::Auditor);
    let mut disputes = |sequence| {
        let raise = RaiseDispute {
            event: RecordedEvent::of(cast::appointment().training().key(), sequence),
            reason: "Looks like somebody else's week.".to_owned(),
            commissioner: None,
        };
        let request = given.done(&auditor, date(2027, 5, 10), &raise);
        Id::<Dispute>::derive(auditor.tenant, &[request])
    };
    let (this, another) = (disputes(sequence), disputes(1));
    let by = |dispute| CorrectAttendance {
        authority: Authority::Dispute(dispute),
        ..of_another(sequence)
    };
    let lead = cast::programme_lead();
    assert_eq!(
        given.when(&lead, LATER, &by(another)),
        Err(Reason::FieldInvalid)
    );
    assert!(given.when(&lead, LATER, &by(this)).is_ok());
}

/// TRAIN-01: how long a day of study is, is a policy; each week counts by the one in force in it, and the
/// decision says which that was.
#[test]
fn train_01_hours_are_recomputed_by_the_policy_of_each_week() {
    let mut given = cast::in_training();
    let shorter = SetPolicy {
        policy: "study.day_quarter_hours".to_owned(),
        from: date(2026, 8, 3),
        until: None,
        value: serde_json::json!(28),
        source: "test".to_owned(),
        approver: "test".to_owned(),
    };
    let platform = actor(PLATFORM, ActingRole::PlatformOperator);
    given.done(&platform, DAY, &shorter);
    let lead = cast::programme_lead();
    for (on, university_days) in [(DAY, 2), (date(2026, 8, 6), 1)] {
        let record = RecordAttendance {
            training: cast::appointment().training(),
            university_days,
        };
        given.done(&lead, on, &record);
    }
    let correct = CorrectAttendance {
        university_days: Some(1),
        reason: CorrectionReason::MisKeyed,
        ..of_another(entries(&given)[0].sequence)
    };
    let request = uuid::Uuid::from_u128(9);
    let at = crate::calendar::midday(LATER);
    let answer = given
        .answer(&lead, at, request, &correct)
        .expect("corrected");
    assert!(answer.policies.contains_key("study.day_quarter_hours"));
    let told = given.stored(cast::appointment().training()).pop();
    let recomputed = r#"{"HoursRecomputed":{"was":88,"now":58}}"#;
    assert_eq!(told.as_deref(), Some(recomputed));
}
