use jiff::civil::{Date, date};

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    given::{
        Given, actor,
        cast::{NORTHMOOR, WEXCOMBE, intake, mhwp},
        tenant,
    },
    programme::{Intake, MigrateCurriculum},
};

const ON: Date = date(2025, 7, 1);

fn lead() -> Actor {
    actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead)
}

fn module(given: &mut Given, code: &str, meets: &[&str]) -> Id<Module> {
    let define = DefineModule {
        code: code.to_owned(),
        title: format!("Module {code}"),
        level: 7,
        meets: meets.iter().map(|id| (*id).to_owned()).collect(),
    };
    given.done(&lead(), ON, &define);
    Module::id(tenant(WEXCOMBE), code)
}

fn approve(role: &str, modules: &[(Id<Module>, u16)]) -> ApproveCurriculum {
    ApproveCurriculum {
        role: Role::parse(role, "role").unwrap(),
        version: "v2".to_owned(),
        modules: modules
            .iter()
            .map(|(module, credits)| ModuleUse {
                module: *module,
                credits: *credits,
            })
            .collect(),
    }
}

#[test]
fn train_09_and_train_21_every_requirement_is_met_by_some_module() {
    let mut given = Given::directory();
    let one = module(&mut given, "MH701", &["care_planning", "interventions"]);
    assert_eq!(
        given.when(&lead(), ON, &approve("MHWP", &[(one, 20)])),
        Err(Reason::CurriculumRequirementMissing),
        "autism awareness is taught nowhere"
    );
    let two = module(&mut given, "MH702", &["autism_awareness"]);
    let whole = approve("MHWP", &[(one, 20), (two, 20)]);
    assert_eq!(
        given.when(&lead(), ON, &whole),
        Ok(vec!["CurriculumApproved".to_owned()])
    );
    assert_eq!(given.when(&lead(), ON, &whole), Ok(vec![]));
    assert_eq!(
        given.when(&lead(), ON, &approve("MHWP", &[(one, 30), (two, 20)])),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn train_07_a_curriculum_names_its_version_and_competence_framework() {
    let mut given = Given::directory();
    let all = ["care_planning", "interventions", "autism_awareness"];
    let one = module(&mut given, "MH701", &all);
    given.done(&lead(), ON, &approve("MHWP", &[(one, 60)]));
    let id = Curriculum::id(tenant(WEXCOMBE), &mhwp(), "v2");
    let terms = given.state(id).and_then(Curriculum::terms).unwrap();
    assert_eq!(terms.version, "v2");
    assert!(!terms.competence_framework.is_empty());
    let unknown = ApproveCurriculum {
        version: "v9".to_owned(),
        ..approve("MHWP", &[(one, 60)])
    };
    assert_eq!(
        given.when(&lead(), ON, &unknown),
        Err(Reason::PolicyMissing),
        "a version nobody has published"
    );
}

#[test]
fn train_10_a_module_serves_two_programmes_with_a_credit_record_in_each() {
    let mut given = Given::directory().policy(
        "curriculum.PWP.v2",
        serde_json::json!({
            "competence_framework": "made up",
            "requirements": ["interventions"],
        }),
    );
    let all = ["care_planning", "interventions", "autism_awareness"];
    let shared = module(&mut given, "MH701", &all);
    given.done(&lead(), ON, &approve("MHWP", &[(shared, 60)]));
    given.done(&lead(), ON, &approve("PWP", &[(shared, 20)]));
    let credits = |role: &str| {
        let role = Role::parse(role, "role").unwrap();
        let id = Curriculum::id(tenant(WEXCOMBE), &role, "v2");
        let terms = given.state(id).and_then(Curriculum::terms).unwrap();
        terms
            .modules
            .iter()
            .map(|one| one.credits)
            .collect::<Vec<_>>()
    };
    assert_eq!((credits("MHWP"), credits("PWP")), (vec![60], vec![20]));
}

#[test]
fn modules_are_the_universitys_own_and_used_once() {
    let mut given = Given::directory();
    let one = module(&mut given, "MH701", &["care_planning"]);
    assert_eq!(
        given.when(&lead(), ON, &approve("MHWP", &[(one, 20), (one, 20)])),
        Err(Reason::FieldInvalid)
    );
    for by in [
        actor(tenant(0xD9), ActingRole::ProgrammeLead),
        actor(tenant(NORTHMOOR), ActingRole::ProfessionalLead),
    ] {
        assert_eq!(
            given.when(&by, ON, &approve("MHWP", &[(one, 20)])),
            Err(Reason::NotPermitted)
        );
    }
}

#[test]
fn train_08_an_intake_keeps_its_curriculum_until_it_is_migrated() {
    let mut given = Given::directory();
    given.done(&lead(), date(2025, 9, 1), &intake(12, 8));
    let planned = given.created::<Intake>(tenant(WEXCOMBE));
    let version = |given: &Given| {
        let terms = given.state(planned).and_then(Intake::terms).unwrap();
        terms.curriculum_version.clone()
    };
    assert_eq!(version(&given), "v2");
    let migrate = MigrateCurriculum {
        intake: planned,
        version: "v3".to_owned(),
    };
    let on = date(2026, 9, 1);
    assert_eq!(
        given.when(&lead(), on, &migrate),
        Err(Reason::PolicyMissing),
        "no version three is published"
    );
    let mut given = given.policy(
        "curriculum.MHWP.v3",
        serde_json::json!({
            "competence_framework": "made up, second edition",
            "requirements": ["autism_awareness", "care_planning", "interventions"],
        }),
    );
    assert_eq!(version(&given), "v2", "publishing one changes nothing");
    assert_eq!(
        given.when(&lead(), on, &migrate),
        Err(Reason::StateNotAllowed),
        "the university has not approved how it teaches it"
    );
    let all = ["care_planning", "interventions", "autism_awareness"];
    let one = module(&mut given, "MH801", &all);
    let third = ApproveCurriculum {
        version: "v3".to_owned(),
        ..approve("MHWP", &[(one, 60)])
    };
    given.done(&lead(), on, &third);
    given.done(&lead(), on, &migrate);
    assert_eq!(version(&given), "v3");
    assert_eq!(given.when(&lead(), on, &migrate), Ok(vec![]));
}
