use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    given::{
        Given, actor,
        cast::{BAND_5_PERMANENT_BASELINE, Cast, SEVERNVALE, intake},
        person, tenant,
    },
    refusal::Reason,
};

const PASSED: Date = date(2027, 3, 10);
const STARTED: Date = date(2027, 4, 5);

fn c1() -> Id<Application> {
    Id::new(uuid::Uuid::from_u128(0xC1))
}

fn bring_due(cast: &Cast) -> BringCommitmentDue {
    BringCommitmentDue {
        application: c1(),
        vacancy: cast.vacancy,
        person: person(0xC1),
        qualified_on: PASSED,
    }
}

fn evidence(cast: &Cast) -> EvidenceQualifiedPost {
    EvidenceQualifiedPost {
        commitment: cast.commitment,
        application: c1(),
        employer: cast.employer,
        clinical_service: cast.clinical_service,
        post: BAND_5_PERMANENT_BASELINE,
        replaces: None,
        position: Some("10452".to_owned()),
    }
}

/// C1 has passed: one post is owed.
fn due() -> (Given, Cast, Actor) {
    let (mut given, cast) = Given::vacancy_open();
    given.done(&Actor::platform(), PASSED, &bring_due(&cast));
    let manager = cast.employer(ActingRole::ServiceManager);
    (given, cast, manager)
}

#[test]
fn fund_04_and_x_03_the_effective_month_follows_from_the_intake() {
    let (given, cast) = Given::vacancy_open();
    let terms = given.state(cast.commitment).and_then(Commitment::terms);
    assert_eq!(
        terms.map(|terms| (terms.effective_month, terms.band, terms.posts)),
        Some((date(2027, 3, 1), 5, 5))
    );
}

#[test]
fn fund_03_a_commitment_promises_what_the_role_needs() {
    let (mut given, cast) = Given::vacancy_open();
    let by = cast.employer(ActingRole::ProfessionalLead);
    let on = date(2025, 10, 6);
    let give = GiveCommitment {
        allocation: cast.allocation,
        intake: cast.intake,
        posts: 5,
        post: BAND_5_PERMANENT_BASELINE,
    };
    assert_eq!(given.when(&by, on, &give), Ok(vec![]), "a repeat");
    let band_4 = GiveCommitment {
        post: PostTerms {
            band: 4,
            ..BAND_5_PERMANENT_BASELINE
        },
        ..give.clone()
    };
    assert_eq!(
        given.when(&by, on, &band_4),
        Err(Reason::CommitmentTermsNotMet)
    );
    let six = GiveCommitment {
        posts: 6,
        ..give.clone()
    };
    assert_eq!(given.when(&by, on, &six), Err(Reason::AlreadyRecorded));
    let national = cast.national();
    assert_eq!(given.when(&national, on, &give), Err(Reason::NotPermitted));
}

#[test]
fn a_commitment_covers_the_intake_its_places_are_of() {
    let (mut given, cast) = Given::vacancy_open();
    let programme_lead = cast.university(ActingRole::ProgrammeLead);
    given.done(&programme_lead, date(2025, 9, 1), &intake(10, 10));
    let other = given.created(cast.university);
    let give = GiveCommitment {
        allocation: cast.allocation,
        intake: other,
        posts: 5,
        post: BAND_5_PERMANENT_BASELINE,
    };
    let by = cast.employer(ActingRole::ProfessionalLead);
    assert_eq!(
        given.when(&by, date(2025, 11, 1), &give),
        Err(Reason::FieldInvalid)
    );
    let commitment = given.state(cast.commitment).unwrap();
    assert!(commitment.covers(cast.intake) && !commitment.covers(other));
}

#[test]
fn assess_01_nothing_is_owed_before_the_board_passes_anyone() {
    let (mut given, cast) = Given::vacancy_open();
    let manager = cast.employer(ActingRole::ServiceManager);
    assert_eq!(
        given.when(&manager, STARTED, &evidence(&cast)),
        Err(Reason::NotQualified)
    );
}

#[test]
fn assess_01_a_post_from_before_the_pass_is_no_qualified_post() {
    let (mut given, cast, manager) = due();
    assert_eq!(
        given.when(&manager, date(2027, 3, 9), &evidence(&cast)),
        Err(Reason::NotQualified)
    );
}

#[test]
fn fund_07_band_5_permanent_baseline_discharges() {
    let (mut given, cast, manager) = due();
    assert_eq!(
        given.when(&manager, STARTED, &evidence(&cast)),
        Ok(vec![
            "QualifiedPostEvidenced".to_owned(),
            "CommitmentDischarged".to_owned()
        ])
    );
    let commitment = given.state(cast.commitment).unwrap();
    assert_eq!(commitment.discharged(), 1);
    let promise = commitment.promise(c1()).unwrap();
    assert_eq!(promise.evidence_by, date(2027, 6, 10));
    assert!(promise.post.as_ref().unwrap().same_service);
    assert_eq!(given.when(&manager, STARTED, &evidence(&cast)), Ok(vec![]));
    assert_eq!(
        given.when(&manager, date(2027, 5, 3), &evidence(&cast)),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn fund_07_each_missing_term_leaves_the_commitment_undischarged() {
    let (mut given, cast, manager) = due();
    let with = |post| EvidenceQualifiedPost {
        post,
        ..evidence(&cast)
    };
    let base = BAND_5_PERMANENT_BASELINE;
    let fixed_term = with(PostTerms {
        permanent: false,
        ..base
    });
    let band_4 = with(PostTerms { band: 4, ..base });
    let band_6 = with(PostTerms { band: 6, ..base });
    let project = with(PostTerms {
        funding: PostFunding::Project,
        ..base
    });
    let arrs = with(PostTerms {
        funding: PostFunding::Arrs,
        ..base
    });
    for refused in [&fixed_term, &band_4, &band_6, &project, &arrs] {
        assert_eq!(
            given.when(&manager, STARTED, refused),
            Err(Reason::CommitmentTermsNotMet),
            "{:?}",
            refused.post
        );
    }
    let commitment = given.state(cast.commitment).unwrap();
    assert_eq!(commitment.discharged(), 0);
}

#[test]
fn fund_07_each_missing_term_is_named() {
    let (given, cast, _) = due();
    let state = given.state(cast.commitment).unwrap();
    let register = given
        .state(crate::policy::PolicyRegister::id())
        .cloned()
        .unwrap();
    let issue = Issue {
        by: cast.employer(ActingRole::ServiceManager),
        effective: crate::calendar::midday(STARTED),
        recorded: crate::calendar::midday(STARTED),
        request: uuid::Uuid::nil(),
        policies: crate::policy::Policies::of(register.into()),
        salt: crate::personal::DigestSalt(uuid::Uuid::nil()),
    };
    let base = BAND_5_PERMANENT_BASELINE;
    let post = |post| EvidenceQualifiedPost {
        post,
        ..evidence(&cast)
    };
    let cases = [
        (post(PostTerms { band: 4, ..base }), "band"),
        (
            post(PostTerms {
                permanent: false,
                ..base
            }),
            "contract",
        ),
        (
            post(PostTerms {
                funding: PostFunding::Project,
                ..base
            }),
            "funding",
        ),
        (
            EvidenceQualifiedPost {
                employer: tenant(SEVERNVALE),
                ..evidence(&cast)
            },
            "employer",
        ),
        (
            EvidenceQualifiedPost {
                replaces: Some("support_worker".to_owned()),
                ..evidence(&cast)
            },
            "expansion",
        ),
    ];
    let mut messages = std::collections::BTreeSet::new();
    for (evidence, term) in cases {
        let issued = Issued {
            issue: issue.clone(),
            act: CommitmentAct::Evidence {
                evidence,
                setting: None,
            },
        };
        let refusal = state.decide(&issued).unwrap_err();
        assert_eq!(refusal.details.get("term").map(String::as_str), Some(term));
        messages.insert(refusal.message);
    }
    assert_eq!(messages.len(), 5);
}

#[test]
fn taxo_14_policy_can_let_a_higher_band_count() {
    let (given, cast, manager) = due();
    let mut given = given.policy("commitment.band_rule", serde_json::json!("at_least"));
    let band_6 = EvidenceQualifiedPost {
        post: PostTerms {
            band: 6,
            ..BAND_5_PERMANENT_BASELINE
        },
        ..evidence(&cast)
    };
    assert!(given.when(&manager, STARTED, &band_6).is_ok());
}

#[test]
fn precept_02_another_organisation_does_not_discharge() {
    let (mut given, cast, manager) = due();
    let elsewhere = EvidenceQualifiedPost {
        employer: tenant(SEVERNVALE),
        ..evidence(&cast)
    };
    assert_eq!(
        given.when(&manager, STARTED, &elsewhere),
        Err(Reason::CommitmentTermsNotMet)
    );
    let stranger = actor(tenant(SEVERNVALE), ActingRole::ServiceManager);
    assert_eq!(
        given.when(&stranger, STARTED, &evidence(&cast)),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn precept_02_another_service_discharges_and_is_flagged() {
    let (mut given, cast, manager) = due();
    let other = EvidenceQualifiedPost {
        clinical_service: given.clinical_service(cast.employer, "perinatal"),
        ..evidence(&cast)
    };
    given.done(&manager, STARTED, &other);
    let promise = given.state(cast.commitment).and_then(|c| c.promise(c1()));
    let post = promise.and_then(|promise| promise.post.as_ref());
    assert_eq!(post.map(|post| post.same_service), Some(false));
}

#[test]
fn set_01_an_excluded_setting_is_no_qualified_post() {
    let (mut given, cast, manager) = due();
    let camhs = EvidenceQualifiedPost {
        clinical_service: given.clinical_service(cast.employer, "camhs"),
        ..evidence(&cast)
    };
    assert_eq!(
        given.when(&manager, STARTED, &camhs),
        Err(Reason::SettingNotPermitted)
    );
}

#[test]
fn practice_09_the_post_replaces_no_psychologist_or_therapist() {
    let (mut given, cast, manager) = due();
    for kind in ["practitioner_psychologist", "psychological_therapist"] {
        let substitution = EvidenceQualifiedPost {
            replaces: Some(kind.to_owned()),
            ..evidence(&cast)
        };
        assert_eq!(
            given.when(&manager, STARTED, &substitution),
            Err(Reason::PostSubstitutionForbidden)
        );
    }
}

#[test]
fn a_promise_falls_due_once_and_only_by_the_platform() {
    let (mut given, cast, manager) = due();
    assert_eq!(
        given.when(&Actor::platform(), PASSED, &bring_due(&cast)),
        Ok(vec![])
    );
    assert_eq!(
        given.when(&manager, PASSED, &bring_due(&cast)),
        Err(Reason::NotPermitted)
    );
}
