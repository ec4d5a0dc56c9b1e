//! What accompanies supervision: courses for supervisors, and named contacts at a site.

use serde_json::json;

use super::*;
use crate::{
    directory::{AddSite, ClinicalService, OpenClinicalService},
    policy::catalogue::Setting,
};

const DAY: Date = date(2026, 4, 1);

fn offer() -> OfferSupervisorTraining {
    OfferSupervisorTraining { training: id() }
}

fn complete() -> CompleteSupervisorTraining {
    CompleteSupervisorTraining {
        course: SupervisorCourse::id(cast::university(), s1()),
    }
}

#[test]
fn sup_02_the_university_offers_its_course_to_who_supervises_and_records_its_end() {
    let (mut given, _) = supervised();
    let stranger = crate::given::actor(crate::given::tenant(9), ActingRole::ProgrammeLead);
    for by in [cast::hr(), stranger] {
        assert_eq!(given.when(&by, DAY, &offer()), Err(Reason::NotPermitted));
    }
    let lead = cast::programme_lead();
    let outcome = given.when(&lead, DAY, &complete());
    assert_eq!(outcome, Err(Reason::NotPermitted), "not offered");
    assert_eq!(
        given.when(&lead, DAY, &offer()),
        Ok(vec!["SupervisorTrainingOffered".to_owned()])
    );
    assert_eq!(given.when(&lead, DAY, &offer()), Ok(vec![]));
    let outcome = given.when(&lead, date(2026, 3, 31), &complete());
    assert_eq!(
        outcome,
        Err(Reason::StateNotAllowed),
        "before it was offered"
    );
    let end = date(2026, 4, 20);
    assert_eq!(
        given.when(&lead, end, &complete()),
        Ok(vec!["SupervisorTrainingCompleted".to_owned()])
    );
    assert_eq!(given.when(&lead, end, &complete()), Ok(vec![]));
    let outcome = given.when(&lead, DAY, &complete());
    assert_eq!(outcome, Err(Reason::AlreadyRecorded));
}

#[test]
fn sup_02_nobody_to_train_while_nobody_supervises() {
    let (mut given, _) = supervised();
    given.done(&cast::hr(), DAY, &EndSupervision { training: id() });
    let outcome = given.when(&cast::programme_lead(), DAY, &offer());
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
}

#[test]
fn sup_02_an_untrained_supervisor_is_assigned_unless_policy_refuses() {
    let (mut given, s2) = supervised();
    assert!(assign(&mut given, s2, DAY).is_ok(), "a warning and no bar");
    let mut given = given.policy("supervisor.training", json!("refuse"));
    given.done(&cast::programme_lead(), DAY, &offer());
    let outcome = assign(&mut given, s1(), date(2026, 5, 1));
    assert_eq!(outcome, Err(Reason::SupervisorNotEligible));
    let s2_completes = CompleteSupervisorTraining {
        course: SupervisorCourse::id(cast::university(), s2),
    };
    given.done(&cast::programme_lead(), date(2026, 5, 2), &s2_completes);
    assert!(assign(&mut given, s2, date(2026, 5, 3)).is_ok());
}

#[test]
fn sup_08_a_site_may_name_a_senior_practitioner() {
    let mut given = Given::baseline();
    let hr = cast::hr();
    let open = OpenClinicalService {
        name: "HMP Somewhere".to_owned(),
        setting: Setting::parse("prison", "setting").expect("a setting id"),
        population: "severe_mental_illness".to_owned(),
    };
    given.done(&hr, DAY, &open);
    let clinical_service: Id<ClinicalService> = given.created(cast::employer());
    let site = AddSite {
        clinical_service,
        code: "HMP1".to_owned(),
        name: "A wing".to_owned(),
        region: None,
        attributes: [].into(),
    };
    given.done(&hr, DAY, &site);
    let name = |site: &str, who| NameSeniorPractitioner {
        clinical_service,
        site: site.to_owned(),
        practitioner: person(who),
    };
    let outcome = given.when(&hr, DAY, &name("HMP2", 71));
    assert_eq!(outcome, Err(Reason::FieldInvalid));
    let stranger = crate::given::actor(crate::given::tenant(9), ActingRole::EmployerHr);
    let outcome = given.when(&stranger, DAY, &name("HMP1", 71));
    assert_eq!(outcome, Err(Reason::NotPermitted));
    assert_eq!(
        given.when(&hr, DAY, &name("hmp1", 71)),
        Ok(vec!["SeniorPractitionerNamed".to_owned()])
    );
    assert_eq!(given.when(&hr, DAY, &name("HMP1", 71)), Ok(vec![]));
    let outcome = given.when(&hr, date(2026, 3, 1), &name("HMP1", 72));
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    given.done(&hr, date(2026, 6, 1), &name("HMP1", 72));
    let contacts = given
        .state(SiteContacts::id(cast::employer(), clinical_service))
        .expect("contacts");
    let named: Vec<_> = contacts
        .sites()
        .map(|(site, senior)| (site, senior.practitioner))
        .collect();
    assert_eq!(named, [("HMP1", person(72))]);
}

#[test]
fn ready_06_a_partners_supervisor_supervises_while_the_partner_agrees() {
    use crate::supervision_agreement::AgreeSupervision;
    let (mut given, _) = supervised();
    let partner = crate::given::tenant(8);
    let operator = crate::given::actor(crate::actor::PLATFORM, ActingRole::PlatformOperator);
    let register = crate::directory::RegisterTenant {
        tenant: partner,
        kind: TenantKind::Employer,
        name: "A Partner Trust".to_owned(),
        ods_code: Some("P4R1T".to_owned()),
        ukprn: None,
        sector: Some(crate::directory::EmployerSector::Nhs),
        region: Some(crate::actor::Region::NorthWest),
    };
    given.done(&operator, date(2021, 6, 1), &register);
    let hr = crate::given::actor(partner, ActingRole::EmployerHr);
    let record = crate::directory::RecordSupervisor {
        person: person(88),
        name: "A Partner".to_owned(),
        register: Register::Hcpc,
        number: "PYL900088".to_owned(),
    };
    given.done(&hr, date(2026, 1, 5), &record);
    let supervisor = Supervisor::id(partner, person(88));
    let check = RecordRegisterCheck {
        supervisor,
        register: Register::Hcpc,
        status: RegisterStatus::Registered,
        modalities: vec!["clinical_psychologist".to_owned()],
    };
    given.done(&hr, date(2026, 1, 5), &check);
    given.settle(date(2026, 1, 5));
    let outcome = assign(&mut given, supervisor, DAY);
    assert_eq!(outcome, Err(Reason::NotPermitted), "nothing is agreed");
    let agree = AgreeSupervision {
        supervisor,
        employer: cast::employer(),
        until: None,
    };
    let lead = crate::given::actor(partner, ActingRole::ProfessionalLead);
    given.done(&lead, DAY, &agree);
    assert!(assign(&mut given, supervisor, DAY).is_ok());
    assert_eq!(training(&given).supervisor(), Some(supervisor));
    assert_eq!(known(&given), []);
}
