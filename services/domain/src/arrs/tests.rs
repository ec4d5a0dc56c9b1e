use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::cast,
    commitment::{EvidenceQualifiedPost, PostFunding, PostTerms},
    directory::{ClinicalServiceEvent, RegisterCheck, SupervisorEvent},
    given::{Given, actor, person},
    personal::{ContentDigest, DigestSalt, Personal},
    policy::catalogue::{Register, RegisterStatus},
    qualification::{QualificationAward, QualificationEvent, RegisterEntry},
};

/// The day after the board.
const DAY_AFTER: Date = date(2027, 3, 11);

fn application() -> Id<crate::application::Application> {
    cast::appointment().application
}

fn id() -> Id<ArrsDeployment> {
    Id::derive(cast::employer(), &[application().0])
}

fn supervisor() -> Id<Supervisor> {
    Supervisor::id(cast::employer(), person(21))
}

fn manager() -> Actor {
    actor(cast::employer(), ActingRole::ServiceManager)
}

fn held(given: &Given) -> &HeldArrs {
    given
        .state(id())
        .and_then(ArrsDeployment::held)
        .expect("recorded")
}

fn competence() -> EvidenceArrsCompetence {
    EvidenceArrsCompetence {
        application: application(),
        competence: "behavioural_activation_and_graded_exposure".to_owned(),
        evidence: "portfolio_12".to_owned(),
    }
}

fn arrange() -> ArrangeArrsSupervision {
    ArrangeArrsSupervision {
        application: application(),
        supervisor: supervisor(),
    }
}

fn plan() -> AgreeArrsSupervisionPlan {
    AgreeArrsSupervisionPlan {
        application: application(),
        review_on: date(2027, 9, 1),
    }
}

fn deploy() -> DeployUnderArrs {
    DeployUnderArrs {
        application: application(),
        network: "U12345".to_owned(),
        band: 5,
        network_percent: 50,
        experience_months: 36,
    }
}

fn with_award(given: Given) -> Given {
    let whose = cast::appointment();
    let award = QualificationAward {
        appointment: whose.clone(),
        qualification: "Postgraduate Certificate".to_owned(),
        level: 7,
        awarded: cast::BOARD,
    };
    given.happened(
        whose.qualification(),
        &QualificationEvent::QualificationAwarded { award, post: None },
    )
}

/// Everything but the qualification.
fn prepared() -> Given {
    let mut given = cast::in_training();
    let on = date(2027, 3, 1);
    given.done(&manager(), on, &competence());
    given.done(&manager(), on, &arrange());
    given.done(&manager(), on, &plan());
    given
}

/// What a check of the day finds lacking.
fn lacking(given: &mut Given, on: Date) -> Vec<Condition> {
    let check = CheckArrsEligibility {
        application: application(),
    };
    given.done(&manager(), on, &check);
    let check = held(given).check.clone().expect("checked");
    assert_eq!(check.on, on);
    check.lacking
}

#[test]
fn practice_04_a_trainee_is_not_eligible_and_the_day_after_the_board_a_practitioner_is() {
    let mut given = prepared();
    assert_eq!(
        given.when(&manager(), cast::BOARD, &deploy()),
        Err(Reason::ArrsNotEligible)
    );
    let mut given = with_award(given);
    assert_eq!(lacking(&mut given, cast::BOARD), [Condition::Qualification]);
    assert_eq!(lacking(&mut given, DAY_AFTER), []);
    let started = given.when(&manager(), DAY_AFTER, &deploy());
    assert_eq!(started, Ok(vec!["ArrsDeploymentStarted".to_owned()]));
    assert_eq!(given.when(&manager(), DAY_AFTER, &deploy()), Ok(vec![]));
    let other = DeployUnderArrs {
        network: "U99999".to_owned(),
        ..deploy()
    };
    assert_eq!(
        given.when(&manager(), DAY_AFTER, &other),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn practice_05_direct_supervision_is_by_a_registered_professional_and_its_end_closes_the_scheme() {
    let mut given = with_award(prepared());
    assert_eq!(lacking(&mut given, DAY_AFTER), []);
    let end = EndArrsSupervision {
        application: application(),
    };
    let on = date(2027, 4, 1);
    for repeat in [1, 0] {
        let outcome = given.when(&manager(), on, &end);
        assert_eq!(outcome.map(|events| events.len()), Ok(repeat));
    }
    assert_eq!(lacking(&mut given, on), [Condition::DirectSupervision]);
    assert_eq!(
        given.when(&manager(), on, &deploy()),
        Err(Reason::ArrsNotEligible)
    );
    given.done(&manager(), date(2027, 4, 8), &arrange());

    // the register says no more: so does the scheme, whatever was arranged
    let check = RegisterCheck {
        register: Register::Hcpc,
        status: RegisterStatus::NotRegistered,
        modalities: Default::default(),
        from: date(2027, 5, 1),
    };
    let mut given = given.happened(
        supervisor(),
        &SupervisorEvent::RegisterCheckRecorded { check },
    );
    assert_eq!(lacking(&mut given, date(2027, 4, 30)), []);
    assert_eq!(
        lacking(&mut given, date(2027, 5, 1)),
        [Condition::DirectSupervision]
    );
    given.done(&manager(), date(2027, 5, 2), &end);
    assert_eq!(
        given.when(&manager(), date(2027, 5, 3), &arrange()),
        Err(Reason::SupervisorNotEligible)
    );
}

#[test]
fn practice_06_and_07_no_deployment_without_competences_and_a_supervision_plan() {
    let mut given = with_award(cast::in_training());
    given.done(&manager(), DAY_AFTER, &arrange());
    assert_eq!(
        lacking(&mut given, DAY_AFTER),
        [Condition::Competences, Condition::SupervisionPlan]
    );
    let refused = given
        .answer(
            &manager(),
            crate::calendar::midday(DAY_AFTER),
            uuid::Uuid::from_u128(7),
            &deploy(),
        )
        .expect_err("not eligible");
    assert_eq!(refused.reason, Reason::ArrsNotEligible);
    assert_eq!(
        refused.details.get("lacking").map(String::as_str),
        Some("competences, supervision_plan")
    );
    let unlisted = EvidenceArrsCompetence {
        competence: "cbt".to_owned(),
        ..competence()
    };
    assert_eq!(
        given.when(&manager(), DAY_AFTER, &unlisted),
        Err(Reason::FieldInvalid)
    );
    given.done(&manager(), DAY_AFTER, &competence());
    assert_eq!(given.when(&manager(), DAY_AFTER, &competence()), Ok(vec![]));
    let elsewhere = EvidenceArrsCompetence {
        evidence: "portfolio_13".to_owned(),
        ..competence()
    };
    assert_eq!(
        given.when(&manager(), DAY_AFTER, &elsewhere),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(lacking(&mut given, DAY_AFTER), [Condition::SupervisionPlan]);
    let past = AgreeArrsSupervisionPlan {
        review_on: DAY_AFTER,
        ..plan()
    };
    assert_eq!(
        given.when(&manager(), DAY_AFTER, &past),
        Err(Reason::FieldInvalid)
    );
    given.done(&manager(), DAY_AFTER, &plan());
    assert_eq!(given.when(&manager(), DAY_AFTER, &plan()), Ok(vec![]));
    assert!(given.when(&manager(), DAY_AFTER, &deploy()).is_ok());
}

#[test]
fn practice_08_and_x_11_experience_advises_and_bars_nobody() {
    for (months, little) in [(0, true), (23, true), (24, false)] {
        let mut given = with_award(prepared());
        let deploy = DeployUnderArrs {
            experience_months: months,
            ..deploy()
        };
        given.done(&manager(), DAY_AFTER, &deploy);
        let post = held(&given).deployed().expect("deployed");
        assert_eq!(post.little_experience, little, "{months}");
    }
}

#[test]
fn practice_12_the_scheme_reads_the_kind_of_register_that_lists_the_practitioner() {
    let entry = |register: &str, until| RegisterEntry {
        register: register.to_owned(),
        number: Personal::Erased,
        from: DAY_AFTER,
        until,
        content: ContentDigest::of(DigestSalt(uuid::Uuid::nil()), id().0, &register),
    };
    // a policy that asks for some register: the accredited one suffices
    let admitted = json!(["statutory", "accredited"]);
    let mut given = with_award(prepared()).policy("arrs.registers", admitted);
    assert_eq!(lacking(&mut given, DAY_AFTER), [Condition::Register]);
    let listed = QualificationEvent::RegisterEntryRecorded {
        entry: entry("bps", Some(date(2028, 3, 10))),
    };
    let mut given = given.happened(cast::appointment().qualification(), &listed);
    assert_eq!(lacking(&mut given, date(2027, 3, 12)), []);
    given.done(&manager(), date(2027, 3, 12), &deploy());
    let post = held(&given).deployed().expect("deployed");
    assert_eq!(post.register, RegisterStanding::Accredited);
    assert_eq!(
        lacking(&mut given, date(2028, 3, 11)),
        [Condition::Register],
        "the listing is over"
    );
}

#[test]
fn x_06_a_deployment_records_the_split_of_its_funding_and_discharges_no_promise() {
    let mut given = with_award(prepared());
    given.done(&manager(), DAY_AFTER, &deploy());
    let post = held(&given).deployed().expect("deployed");
    assert_eq!((post.network_percent, post.employer_percent()), (50, 50));
    given.settle(DAY_AFTER);
    let whose = cast::appointment();
    let commitment = given.state(whose.commitment()).expect("given");
    assert_eq!(commitment.discharged(), 0);

    let due = crate::commitment::BringCommitmentDue {
        application: whose.application,
        vacancy: whose.vacancy,
        person: whose.person,
        qualified_on: cast::BOARD,
    };
    given.done(&Actor::platform(), DAY_AFTER, &due);
    let clinical_service = Id::new(uuid::Uuid::from_u128(0xA4));
    let opened = ClinicalServiceEvent::ClinicalServiceOpened {
        employer: whose.employer,
        name: "Northmoor Community Team".to_owned(),
        setting: crate::policy::catalogue::Setting::parse("adult_community", "setting")
            .expect("a setting"),
        population: "adults".to_owned(),
    };
    let mut given = given.happened(clinical_service, &opened);
    let evidence = EvidenceQualifiedPost {
        commitment: whose.commitment(),
        application: whose.application,
        employer: whose.employer,
        clinical_service,
        post: PostTerms {
            band: 5,
            permanent: true,
            funding: PostFunding::Arrs,
        },
        replaces: None,
        position: None,
    };
    let refused = given
        .answer(
            &cast::hr(),
            crate::calendar::midday(DAY_AFTER),
            uuid::Uuid::from_u128(8),
            &evidence,
        )
        .expect_err("not the promised post");
    assert_eq!(refused.reason, Reason::CommitmentTermsNotMet);
    assert_eq!(
        refused.details.get("term").map(String::as_str),
        Some("funding")
    );
    for wrong in [
        DeployUnderArrs {
            network_percent: 101,
            ..deploy()
        },
        DeployUnderArrs {
            band: 3,
            ..deploy()
        },
        DeployUnderArrs {
            network: "a surgery".to_owned(),
            ..deploy()
        },
    ] {
        let outcome = given.when(&manager(), DAY_AFTER, &wrong);
        assert_eq!(outcome, Err(Reason::FieldInvalid), "{wrong:?}");
    }
}

fn tenant_elsewhere() -> crate::actor::TenantId {
    crate::given::tenant(0x66)
}

#[test]
fn a_deployment_ends_once_and_another_one_follows_it() {
    let mut given = with_award(prepared());
    let end = EndArrsDeployment {
        application: application(),
    };
    let day = |d| date(2027, 6, d);
    assert_eq!(
        given.when(&manager(), DAY_AFTER, &end),
        Err(Reason::StateNotAllowed)
    );
    given.done(&manager(), day(1), &deploy());
    assert_eq!(
        given.when(&manager(), DAY_AFTER, &end),
        Err(Reason::StateNotAllowed)
    );
    given.done(&manager(), day(10), &end);
    assert_eq!(given.when(&manager(), day(10), &end), Ok(vec![]));
    assert_eq!(
        given.when(&manager(), day(11), &end),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&manager(), day(10), &deploy()),
        Err(Reason::StateNotAllowed)
    );
    given.done(&manager(), day(11), &deploy());
    assert!(held(&given).deployed().is_some());
}

#[test]
fn the_record_is_the_employers_alone() {
    let mut given = prepared();
    let custody = given.state(id()).and_then(Decider::custody);
    let parties: Vec<_> = custody.into_iter().flat_map(|c| c.parties).collect();
    assert_eq!(parties, [cast::employer()]);
    let outcome = given.when(&cast::programme_lead(), DAY_AFTER, &competence());
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let stranger = actor(tenant_elsewhere(), ActingRole::ServiceManager);
    let outcome = given.when(&stranger, DAY_AFTER, &competence());
    assert_eq!(outcome, Err(Reason::NotPermitted));
}
