mod beside;
mod money;
mod results;

use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor, PersonId},
    appointment::{Appointment, cast},
    commitment::Commitment,
    directory::{
        ClinicalServiceEvent, RegisterCheck, Supervisor, SupervisorEvent, TenantEvent, TenantName,
    },
    employment::{EndEmployment, ReassureEmploymentCheck},
    given::{Given, actor, tenant},
    offer::EmploymentCheck,
    personal::Personal,
    policy::catalogue::Setting,
    supervision::SupervisorLoad,
    training::{AssignSupervisor, HoldThreeWayReview, LogPracticeHours, PracticeKind},
};

fn harbourlight() -> TenantId {
    tenant(0xC0)
}

fn theirs(role: ActingRole) -> Actor {
    actor(harbourlight(), role)
}

fn service_of(n: u128) -> Id<ClinicalService> {
    Id::new(uuid::Uuid::from_u128(n))
}

/// The service of the cast's vacancy, and the one the successor will keep.
const OLD: u128 = 0xA4;
const NEW: u128 = 0xC4;

fn registered(sector: EmployerSector) -> TenantEvent {
    TenantEvent::TenantRegistered {
        tenant: harbourlight(),
        kind: TenantKind::Employer,
        sector: Some(sector),
        region: Some(Region::NorthWest),
        name: TenantName {
            from: date(2020, 1, 1),
            name: "Harbourlight Recovery CIC".to_owned(),
            ods_code: None,
            ukprn: None,
        },
    }
}

fn opened(employer: TenantId) -> ClinicalServiceEvent {
    ClinicalServiceEvent::ClinicalServiceOpened {
        employer,
        name: "Drug and alcohol service".to_owned(),
        setting: Setting::parse("adult_community", "setting").expect("a setting"),
        population: "severe_mental_illness".to_owned(),
    }
}

fn cast_with(sector: EmployerSector) -> Given {
    cast::in_training()
        .happened(Tenant::id(harbourlight()), &registered(sector))
        .happened(service_of(OLD), &opened(cast::employer()))
        .happened(service_of(NEW), &opened(harbourlight()))
}

fn announce() -> AnnounceRetender {
    AnnounceRetender {
        clinical_service: service_of(OLD),
        to: harbourlight(),
        planned_on: date(2027, 1, 1),
        trainees: vec![cast::appointment().application],
    }
}

fn assess(transfer: Id<ServiceTransfer>) -> AssessTransferImpact {
    AssessTransferImpact {
        transfer,
        findings: TransferCheck::iter()
            .map(|check| (check, ImpactFinding::ActionAgreed))
            .collect(),
    }
}

fn accept(transfer: Id<ServiceTransfer>) -> AcceptTransferredCommitment {
    AcceptTransferredCommitment {
        transfer,
        clinical_service: service_of(NEW),
        posts: 1,
        other_terms: Some("Harbourlight grade C, permanent.".to_owned()),
    }
}

fn announced(sector: EmployerSector) -> (Given, Id<ServiceTransfer>) {
    let mut given = cast_with(sector);
    let outcome = given.when(&cast::hr(), date(2026, 11, 1), &announce());
    assert_eq!(outcome, Ok(vec!["RetenderAnnounced".to_owned()]));
    let transfer = given.created(cast::employer());
    (given, transfer)
}

/// Everything up to the day before the service moves.
fn agreed() -> (Given, Id<ServiceTransfer>) {
    let (mut given, transfer) = announced(EmployerSector::ThirdSector);
    given.done(&cast::hr(), date(2026, 11, 9), &assess(transfer));
    let decide = DecideTransferPayee {
        transfer,
        decision: PayeeDecision::Exception,
    };
    given.done(&cast::national(), date(2026, 12, 10), &decide);
    let lead = theirs(ActingRole::ProfessionalLead);
    given.done(&lead, date(2026, 12, 11), &accept(transfer));
    (given, transfer)
}

fn moved() -> Given {
    let (mut given, transfer) = agreed();
    let on = date(2027, 1, 1);
    given.done(&cast::hr(), on, &TransferService { transfer });
    given.settle(on);
    given
}

fn parties<A: Decider>(given: &Given, id: Id<A>) -> Vec<TenantId> {
    let custody = given.state(id).and_then(Decider::custody);
    custody.expect("a record").parties.into_iter().collect()
}

fn now() -> Appointment {
    Appointment {
        employer: harbourlight(),
        ..cast::appointment()
    }
}

#[test]
fn x_13_a_transfer_to_the_third_sector_waits_for_the_commissioners_decision() {
    let (mut given, transfer) = announced(EmployerSector::ThirdSector);
    let on = date(2027, 1, 1);
    let go = TransferService { transfer };
    let pending = |given: &mut Given| {
        let refused = given.answer(
            &cast::hr(),
            crate::calendar::midday(on),
            uuid::Uuid::from_u128(7),
            &go,
        );
        let refused = refused.expect_err("not yet");
        assert_eq!(refused.reason, Reason::TransferPending);
        refused.details.get("pending").cloned().unwrap_or_default()
    };
    assert_eq!(
        pending(&mut given),
        "impact assessment, decision about the payee, accepted commitment"
    );
    let short = AssessTransferImpact {
        transfer,
        findings: [(TransferCheck::Payee, ImpactFinding::Unchanged)].into(),
    };
    let outcome = given.when(&cast::hr(), date(2026, 11, 9), &short);
    assert_eq!(outcome, Err(Reason::FieldInvalid));
    given.done(&cast::hr(), date(2026, 11, 9), &assess(transfer));
    let lead = theirs(ActingRole::ProfessionalLead);
    let few = AcceptTransferredCommitment {
        posts: 0,
        ..accept(transfer)
    };
    let outcome = given.when(&lead, date(2026, 11, 10), &few);
    assert_eq!(outcome, Err(Reason::CommitmentTermsNotMet));
    given.done(&lead, date(2026, 11, 10), &accept(transfer));
    assert_eq!(pending(&mut given), "decision about the payee");

    let decide = |decision| DecideTransferPayee { transfer, decision };
    let by_an_employer = given.when(
        &cast::hr(),
        date(2026, 12, 10),
        &decide(PayeeDecision::Exception),
    );
    assert_eq!(by_an_employer, Err(Reason::NotPermitted));
    assert_eq!(
        given.when(
            &cast::national(),
            date(2026, 12, 10),
            &decide(PayeeDecision::EndInstalments)
        ),
        Ok(vec!["InstalmentsToOldPayeeEnded".to_owned()]),
    );
    let other = given.when(
        &cast::national(),
        date(2026, 12, 10),
        &decide(PayeeDecision::Exception),
    );
    assert_eq!(other, Err(Reason::AlreadyRecorded));
    assert_eq!(
        given.when(&lead, on, &go),
        Ok(vec!["ServiceTransferred".to_owned()])
    );
    assert_eq!(given.when(&cast::hr(), on, &go), Ok(vec![]));
    let other_day = given.when(&cast::hr(), date(2027, 1, 2), &go);
    assert_eq!(other_day, Err(Reason::AlreadyRecorded));
}

#[test]
fn set_13_a_transfer_to_the_nhs_needs_no_decision_about_the_payee() {
    let (mut given, transfer) = announced(EmployerSector::Nhs);
    given.done(&cast::hr(), date(2026, 11, 9), &assess(transfer));
    let lead = theirs(ActingRole::ProfessionalLead);
    given.done(&lead, date(2026, 11, 10), &accept(transfer));
    let go = TransferService { transfer };
    assert_eq!(
        given.when(&lead, date(2027, 1, 1), &go),
        Ok(vec!["ServiceTransferred".to_owned()])
    );
}

#[test]
fn set_13_only_trainees_of_the_service_move_with_it_and_only_its_employer_says_so() {
    let mut given = cast_with(EmployerSector::ThirdSector);
    let on = date(2026, 11, 1);
    let stranger = given.when(&theirs(ActingRole::EmployerHr), on, &announce());
    assert_eq!(stranger, Err(Reason::NotPermitted));
    for (field, wrong) in [
        (
            "nobody",
            AnnounceRetender {
                trainees: vec![],
                ..announce()
            },
        ),
        (
            "twice",
            AnnounceRetender {
                trainees: vec![cast::appointment().application; 2],
                ..announce()
            },
        ),
        (
            "itself",
            AnnounceRetender {
                to: cast::employer(),
                ..announce()
            },
        ),
        (
            "no employer",
            AnnounceRetender {
                to: cast::university(),
                ..announce()
            },
        ),
    ] {
        let outcome = given.when(&cast::hr(), on, &wrong);
        assert_eq!(outcome, Err(Reason::FieldInvalid), "{field}");
    }
    let elsewhere = service_of(0xA5);
    let mut given = given.happened(elsewhere, &opened(cast::employer()));
    let other_service = AnnounceRetender {
        clinical_service: elsewhere,
        ..announce()
    };
    let outcome = given.when(&cast::hr(), on, &other_service);
    assert_eq!(outcome, Err(Reason::FieldInvalid));
}

#[test]
fn set_13_each_employer_is_a_party_of_its_own_time_and_the_training_goes_on() {
    let mut given = moved();
    let (whose, training) = (cast::appointment(), cast::appointment().training());
    let told = given.stored(training);
    let last: Vec<bool> = told[told.len() - 3..]
        .iter()
        .zip([
            "TrainingHandedOver",
            "TrainingTakenOver",
            "SupervisionGapOpened",
        ])
        .map(|(stored, event)| stored.contains(event))
        .collect();
    assert_eq!(last, [true, true, true]);

    // the same training, of another party
    let mut both = vec![harbourlight(), cast::university()];
    both.sort();
    let mut now_party = parties(&given, training);
    now_party.sort();
    assert_eq!(now_party, both);
    let state = given.state(training).expect("a training");
    assert_eq!(state.status(), TrainingStatus::InTraining);
    assert_eq!(state.last_day(), Some(cast::TRAINING_END));
    assert_eq!(state.appointment(), Some(&now()));
    let placed = state
        .placement_on(date(2027, 1, 1))
        .map(|place| place.clinical_service);
    assert_eq!(placed, Some(service_of(NEW)));
    // the former employer's supervisor stops with the day, unless both agreed otherwise
    let supervisor = Supervisor::id(cast::employer(), PersonId(uuid::Uuid::from_u128(21)));
    let last_with = state.supervisor_on(date(2026, 12, 31));
    assert_eq!(last_with, Some(supervisor));
    assert_eq!(state.supervisor_on(date(2027, 1, 1)), None);
    let load = SupervisorLoad::id(cast::employer(), supervisor);
    let released = given.stored(load).concat();
    assert!(released.contains(r#""from":"2027-01-01""#), "{released}");
    // the university sees the employer change, and no break in the study
    let study = given
        .state(whose.enrolment())
        .and_then(|enrolment| enrolment.study())
        .expect("enrolled");
    assert_eq!(study.appointment, now());
    let enrolled = given.stored(whose.enrolment()).concat();
    assert_eq!(enrolled.matches("ProgrammeEnrolled").count(), 1);
    assert!(enrolled.contains("EmployerChanged"));

    // two employments, each its employer's own
    assert_eq!(parties(&given, whose.employment()), [cast::employer()]);
    assert_eq!(parties(&given, now().employment()), [harbourlight()]);
    let gone = given
        .state(whose.employment())
        .expect("employed")
        .moved()
        .gone();
    assert_eq!(gone, Some((harbourlight(), date(2027, 1, 1))));
    for refused in [
        given.when(
            &cast::hr(),
            date(2027, 1, 4),
            &EndEmployment {
                employment: whose.employment(),
            },
        ),
        given.when(&cast::supervisor(), date(2027, 1, 4), &log()),
    ] {
        assert!(
            matches!(refused, Err(Reason::StateNotAllowed | Reason::NotPermitted)),
            "{refused:?}"
        );
    }
    let logged = given.when(
        &theirs(ActingRole::PracticeSupervisor),
        date(2027, 1, 4),
        &log(),
    );
    assert_eq!(logged, Err(Reason::SupervisionGapOpen), "none assigned yet");
    // and the end of the new employment is the training's too
    let end = EndEmployment {
        employment: now().employment(),
    };
    given.done(&theirs(ActingRole::EmployerHr), date(2027, 1, 29), &end);
    assert!(
        given
            .settle(date(2027, 1, 29))
            .contains(&"WithdrawalProposed".to_owned())
    );
}

fn log() -> LogPracticeHours {
    LogPracticeHours {
        training: cast::appointment().training(),
        kind: PracticeKind::Contact,
        intervention: None,
        quarters: 16,
    }
}

#[test]
fn d_10_a_transfer_learnt_late_leads_to_where_a_timely_one_leads() {
    let on = date(2027, 1, 1);
    let learnt_late = {
        let (mut given, transfer) = agreed();
        // what the old employer still records in the days nobody knows of
        given.done(
            &cast::programme_lead(),
            date(2027, 1, 4),
            &HoldThreeWayReview {
                training: cast::appointment().training(),
            },
        );
        given.done(&cast::hr(), on, &TransferService { transfer });
        given.settle(on);
        given
    };
    let timely = {
        let mut given = moved();
        given.done(
            &cast::programme_lead(),
            date(2027, 1, 4),
            &HoldThreeWayReview {
                training: cast::appointment().training(),
            },
        );
        given
    };
    let training = cast::appointment().training();
    assert_eq!(learnt_late.state(training), timely.state(training));
    let employment = now().employment();
    assert_eq!(learnt_late.state(employment), timely.state(employment));
}

#[test]
fn set_13_the_new_employer_reassures_the_six_checks_and_assigns_its_own_supervisor() {
    let mut given = moved();
    let (hr, employment) = (theirs(ActingRole::EmployerHr), now().employment());
    let checks = given
        .state(employment)
        .expect("employed")
        .moved()
        .checks()
        .len();
    assert_eq!(checks, 6);
    for (day, check) in (4..).zip(EmploymentCheck::iter()) {
        let reassure = ReassureEmploymentCheck { employment, check };
        let on = date(2027, 1, day);
        assert_eq!(
            given.when(&hr, on, &reassure),
            Ok(vec!["EmploymentCheckReassured".to_owned()])
        );
        assert_eq!(given.when(&hr, on, &reassure), Ok(vec![]));
        let other = given.when(&hr, date(2027, 2, 1), &reassure);
        assert_eq!(other, Err(Reason::AlreadyRecorded));
    }
    let old = ReassureEmploymentCheck {
        employment: cast::appointment().employment(),
        check: EmploymentCheck::Identity,
    };
    let refused = given.when(&cast::hr(), date(2027, 1, 4), &old);
    assert_eq!(refused, Err(Reason::StateNotAllowed));

    let s1 = PersonId(uuid::Uuid::from_u128(21));
    let supervisor = Supervisor::id(harbourlight(), s1);
    let given = &mut given
        .happened(
            supervisor,
            &SupervisorEvent::SupervisorRecorded {
                employer: harbourlight(),
                person: s1,
                name: Personal::Erased,
            },
        )
        .happened(
            supervisor,
            &SupervisorEvent::RegisterCheckRecorded {
                check: RegisterCheck {
                    register: cast::CLINICAL_PSYCHOLOGIST.0,
                    status: cast::CLINICAL_PSYCHOLOGIST.1,
                    modalities: [cast::CLINICAL_PSYCHOLOGIST.2.to_owned()].into(),
                    from: date(2027, 1, 4),
                },
            },
        );
    let assign = AssignSupervisor {
        application: cast::appointment().application,
        supervisor,
    };
    let by_the_old = given.when(&cast::hr(), date(2027, 1, 5), &assign);
    assert_eq!(by_the_old, Err(Reason::NotPermitted));
    let outcome = given.when(&hr, date(2027, 1, 5), &assign);
    assert_eq!(outcome, Ok(vec!["SupervisorAssigned".to_owned()]));
    let training = given
        .state(cast::appointment().training())
        .expect("a training");
    assert_eq!(training.supervision().len(), 2, "the history stays");
    let logged = given.when(
        &theirs(ActingRole::PracticeSupervisor),
        date(2027, 1, 5),
        &log(),
    );
    assert!(logged.is_ok(), "{logged:?}");
}

#[test]
fn set_13_the_promise_passes_to_the_successor() {
    let given = moved();
    let whose = cast::appointment();
    let old = given.stored(whose.commitment()).concat();
    assert!(old.contains("CommitmentTransferred"), "{old}");
    let new = Commitment::id(harbourlight(), whose.allocation);
    assert!(parties(&given, new).contains(&harbourlight()));
}
