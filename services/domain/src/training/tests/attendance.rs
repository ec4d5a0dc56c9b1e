use jiff::civil::date;

use super::*;
use crate::{
    actor::ActingRole,
    correction::{Authority, RecordedEvent},
    dispute::{Dispute, RaiseDispute},
    given::{Given, actor, tenant},
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
    let study = given.state(training).map(Training::study_quarters);
    assert_eq!(study, Some(0));
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
