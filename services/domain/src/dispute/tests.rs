use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::cast,
    directory::RegisterTenant,
    given::{Given, actor, tenant},
    refusal::Reason,
};

const DAY: Date = date(2027, 5, 10);
const LATER: Date = date(2027, 5, 24);

fn auditor() -> Actor {
    actor(tenant(0xA0D), ActingRole::Auditor)
}

fn first_event(record: String) -> RecordedEvent {
    RecordedEvent {
        record,
        sequence: 1,
    }
}

fn of_the_training(reason: &str) -> RaiseDispute {
    RaiseDispute {
        event: first_event(cast::appointment().training().name()),
        reason: reason.to_owned(),
        commissioner: Some(cast::commissioner()),
    }
}

/// Somebody is in training, and the directory knows the commissioner.
fn in_training() -> Given {
    let mut given = cast::in_training();
    let register = RegisterTenant {
        tenant: cast::commissioner(),
        kind: TenantKind::Commissioner,
        name: "National commissioner".to_owned(),
        ods_code: None,
        ukprn: None,
        sector: None,
        region: None,
    };
    let operator = actor(PLATFORM, ActingRole::PlatformOperator);
    given.done(&operator, date(2021, 4, 1), &register);
    given
}

fn raised(given: &mut Given) -> Id<Dispute> {
    let raise = of_the_training("The week was another trainee's.");
    let outcome = given.when(&auditor(), DAY, &raise);
    assert_eq!(
        outcome,
        Ok(vec![
            "DisputeRaised".to_owned(),
            "DisputeCounted".to_owned()
        ])
    );
    Id::derive(auditor().tenant, &[given.last_request()])
}

fn answer(dispute: Id<Dispute>) -> AnswerDispute {
    AnswerDispute {
        dispute,
        answer: "It was keyed for the wrong person.".to_owned(),
    }
}

fn found(dispute: Id<Dispute>, finding: Finding) -> ResolveDispute {
    ResolveDispute {
        dispute,
        finding,
        correction: None,
        words: "As the record now shows.".to_owned(),
    }
}

#[test]
fn d_14_a_dispute_is_between_the_auditor_and_whose_record_it_is() {
    let mut given = in_training();
    let dispute = raised(&mut given);
    let custody = given.state(dispute).and_then(Decider::custody);
    let expected = Custody::of(auditor().tenant, [cast::employer(), cast::university()])
        .about(cast::trainee());
    assert_eq!(custody, Some(expected));
    let notice = DisputeNotice::id(cast::commissioner(), dispute);
    let told = given.state(notice).and_then(Decider::custody);
    assert_eq!(told, Some(Custody::of(cast::commissioner(), [])));

    let outcome = given.when(&cast::programme_lead(), LATER, &answer(dispute));
    assert_eq!(outcome, Ok(vec!["DisputeAnswered".to_owned()]));
    for stranger in [actor(tenant(99), ActingRole::EmployerHr), cast::national()] {
        let outcome = given.when(&stranger, LATER, &answer(dispute));
        assert_eq!(outcome, Err(Reason::NotPermitted), "{stranger:?}");
    }
}

#[test]
fn d_14_whoever_raised_it_finds_once_and_the_commissioner_learns_the_outcome() {
    let mut given = in_training();
    let dispute = raised(&mut given);
    let upheld = found(dispute, Finding::Upheld);
    for (by, on, reason) in [
        (
            actor(tenant(0xA0E), ActingRole::Auditor),
            LATER,
            Reason::NotPermitted,
        ),
        (cast::programme_lead(), LATER, Reason::NotPermitted),
        (auditor(), date(2027, 5, 9), Reason::StateNotAllowed),
    ] {
        assert_eq!(given.when(&by, on, &upheld), Err(reason), "{by:?}");
    }
    let outcome = given.when(&auditor(), LATER, &upheld);
    assert_eq!(
        outcome,
        Ok(vec![
            "DisputeResolved".to_owned(),
            "DisputeOutcomeCounted".to_owned()
        ])
    );
    assert_eq!(given.when(&auditor(), LATER, &upheld), Ok(vec![]));
    let rejected = found(dispute, Finding::Rejected);
    let another = given.when(&auditor(), LATER, &rejected);
    assert_eq!(another, Err(Reason::AlreadyRecorded));
    let late = given.when(&cast::programme_lead(), LATER, &answer(dispute));
    assert_eq!(late, Err(Reason::StateNotAllowed));
}

#[test]
fn d_14_what_an_auditor_may_not_see_looks_as_if_it_were_not_there() {
    let mut given = in_training();
    let application = cast::appointment().application;
    let mut raise = |record: String, sequence| {
        let event = RecordedEvent { record, sequence };
        let raise = RaiseDispute {
            event,
            ..of_the_training("Looks odd.")
        };
        given.when(&auditor(), DAY, &raise)
    };
    let seal = Seal::id(cast::employer(), application).name();
    let nobodys = Id::<crate::training::Training>::new(application.0).name();
    for hidden in [seal, nobodys] {
        assert_eq!(
            raise(hidden.clone(), 1),
            Err(Reason::NotPermitted),
            "{hidden}"
        );
    }
    let training = cast::appointment().training().name();
    assert_eq!(raise(training.clone(), 0), Err(Reason::FieldInvalid));
    assert_eq!(raise(training, 999), Err(Reason::FieldInvalid));
    assert_eq!(
        raise("elsewhere/1".to_owned(), 1),
        Err(Reason::FieldInvalid)
    );
}

#[test]
fn c_2_d_14_an_auditor_disputes_nothing_of_a_kind_of_record_that_no_auditor_sees() {
    use cqrs_es::Aggregate as _;
    for (kind, unseen) in [
        (crate::marks::MarkSheet::TYPE, true),
        (crate::training::Training::TYPE, false),
        (crate::application::Application::TYPE, false),
    ] {
        assert_eq!(is_unseen(&auditor(), kind), unseen, "{kind}");
    }
    let sheet = Id::<crate::marks::MarkSheet>::new(uuid::Uuid::from_u128(0xA));
    let noted = crate::marks::MarkSheetEvent::CircumstancesNoted {
        university: cast::university(),
        component: "module_1".to_owned(),
        accepted: true,
    };
    let mut given = in_training().happened(sheet, &noted);
    let raise = RaiseDispute {
        event: first_event(sheet.name()),
        ..of_the_training("Looks odd.")
    };
    let outcome = given.when(&auditor(), DAY, &raise);
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn d_14_train_22_no_patient_gets_into_a_dispute_and_only_auditors_raise_one() {
    let mut given = in_training();
    let patient = of_the_training("Seen NHS 943 476 5919 that day.");
    let outcome = given.when(&auditor(), DAY, &patient);
    assert_eq!(outcome, Err(Reason::PatientIdentifierSuspected));
    let own = given.when(&cast::programme_lead(), DAY, &of_the_training("Looks odd."));
    assert_eq!(own, Err(Reason::NotPermitted));
}

#[test]
fn d_14_a_finding_names_no_correction_of_what_stands() {
    let mut given = in_training();
    let dispute = raised(&mut given);
    let rejected = ResolveDispute {
        correction: Some(first_event(cast::appointment().training().name())),
        ..found(dispute, Finding::Rejected)
    };
    let outcome = given.when(&auditor(), LATER, &rejected);
    assert_eq!(outcome, Err(Reason::FieldInvalid));
}
