//! A tour of everything there is: every scenario and every other way a record can go, so that each
//! RPC is called and each event stored at least once.

mod after_qualifying;
mod board;
mod commitment;
mod course;
pub(crate) mod erasure;
mod money;
pub(crate) mod network;
mod places;
mod policies;
pub(crate) mod selection;
mod services;
mod staff;
mod study;
mod training;
pub(crate) mod transfer;

use domain::{
    actor::{
        ActingRole::{
            AdmissionsTutor, Auditor, BoardSecretary, CommissionerNational, EmployerDataProtection,
            EmployerHr, PracticeSupervisor, ProfessionalLead, ProgrammeLead, ServiceManager,
        },
        PersonId, TenantId,
    },
    programme::Programme,
};
use serde_json::json;

use super::{
    Cast,
    cast::{AUDITOR, COMMISSIONER, EVALUATOR, NORTHMOOR, SEVERNVALE, WEXCOMBE, candidate},
    life::{Campaign, Ids, Trainee, interest, readiness, supervisor},
    places::network_reads_along,
};

/// What is looked at at the end.
struct Toured {
    campaign: Campaign,
    practitioner: Trainee,
}

/// Plays all of it.
pub(crate) async fn whole(cast: &Cast) {
    let campaign = Campaign::opens(cast).await;
    directory(cast, &campaign).await;
    services::lived(cast).await;
    policies::asked_and_counted(cast).await;
    allocation_declined(cast, &campaign).await;
    places::all(cast, &campaign).await;
    study::curriculum(cast).await;
    reconsidered(cast, &campaign).await;
    lapsed(cast, &campaign).await;
    let erased = erasure::applies(cast, &campaign).await;
    withdrawn(cast, &campaign).await;
    declined(cast, &campaign).await;
    let c7 = leaver(cast, &campaign).await;
    board::appealed(cast, &c7).await;
    selection::posts(cast, &campaign).await;
    smallest_cluster(cast).await;
    selection::elsewhere(cast, &campaign).await;
    let winding = course::winding(cast, &campaign).await;
    transfer::retendered(cast, &campaign, &winding).await;
    let practitioner = practitioner(cast, &campaign).await;
    cast.of(NORTHMOOR, EmployerHr)
        .on("2026-01-31")
        .write(
            "CloseVacancy",
            json!({"vacancy": campaign.vacancy, "posts_handed_back": 1}),
        )
        .await;
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2028-10-01")
        .write(
            "GrantLockExemption",
            json!({"person": practitioner.person_name(), "reason": "A shortage of supervisors."}),
        )
        .await;
    network::whole(cast, &campaign, &practitioner).await;
    erasure::whole(cast, &erased).await;
    commitment::promises(cast).await;
    money::money(cast).await;
    // long enough for the post of the practitioner to have been maintained
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2029-04-06")
        .write(
            "SetPolicy",
            json!({
                "policy": "commitment.evidence_window",
                "from": "2030-01-01",
                "value_json": "4",
                "source": "made up",
                "approver": "made up",
            }),
        )
        .await;
    cast.settle().await;
    after_qualifying::plays(cast, &campaign, &practitioner).await;
    services::remodelled(cast, &campaign).await;
    cast.settle().await;
    let toured = Toured {
        campaign,
        practitioner,
    };
    reads(cast, &toured).await;
}

/// Two records are taken for one human's, which turns out to be a mistake.
async fn merged_and_split(cast: &Cast, trainee: &Trainee) {
    let both = |event| {
        json!({
            "person": trainee.person_name(),
            "other": PersonId(candidate(70).0).to_string(),
            "event": event,
            "reason": "controllers_agree",
        })
    };
    let application = json!({"record": trainee.application, "sequence": 1});
    let operator = cast.operator().on("2026-08-14");
    let merged = operator.write("MergePersons", both(application)).await;
    let merge = json!({"record": merged, "sequence": 1});
    operator.write("SplitPersons", both(merge)).await;
}

async fn directory(cast: &Cast, campaign: &Campaign) {
    network_reads_along(cast).await;
    cast.operator()
        .on("2025-09-01")
        .write(
            "SucceedTenant",
            json!({"tenant": EVALUATOR.to_string(), "display_name": "Evaluation Partners"}),
        )
        .await;
    cast.operator()
        .on("2025-09-01")
        .write(
            "RegisterTenant",
            json!({
                "tenant": TenantId(uuid::Uuid::from_u128(0x5ca5_7000)).to_string(),
                "kind": "employer",
                "display_name": "Harbourlight Recovery CIC",
                "ods_code": "H8R3C",
                "sector": "third_sector",
                "region": "midlands",
            }),
        )
        .await;
    cast.operator()
        .on("2025-09-01")
        .write(
            "SetPolicy",
            json!({
                "policy": "round.deadline",
                "from": "2030-01-01",
                "value_json": "21",
                "source": "made up",
                "approver": "made up",
            }),
        )
        .await;
    cast.of(NORTHMOOR, EmployerHr)
        .on("2025-09-02")
        .write(
            "AddSite",
            json!({
                "clinical_service": campaign.clinical_service,
                "code": "N1M01",
                "display_name": "Northmoor House",
                "region": "north_west",
                "attributes": ["integrated_team"],
            }),
        )
        .await;
    cast.of(NORTHMOOR, EmployerHr)
        .on("2025-09-15")
        .write(
            "RecordRegisterCheck",
            json!({
                "supervisor": campaign.supervisors[1],
                "register": "babcp",
                "status": "provisional",
            }),
        )
        .await;
}

/// Severnvale is offered three places, below the minimum and so by an override, and declines.
async fn allocation_declined(cast: &Cast, campaign: &Campaign) {
    let lead = cast.of(SEVERNVALE, ProfessionalLead);
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let hr = cast.of(SEVERNVALE, EmployerHr);
    let supervisor = supervisor(&hr, 9, "hcpc", "PYL900009", &["clinical_psychologist"]).await;
    let allocation = lead
        .on("2025-09-09")
        .write("RegisterInterest", interest(SEVERNVALE, "midlands", 3))
        .await;
    lead.on("2025-09-23")
        .write("DeclareReadiness", readiness(&allocation, &[supervisor]))
        .await;
    lead.on("2025-10-06")
        .write(
            "GiveCommitment",
            json!({
                "allocation": allocation,
                "intake": campaign.intake,
                "posts": 3,
                "post": {"band": 5, "permanent": true, "funding": "baseline"},
            }),
        )
        .await;
    places::override_until_december(cast, SEVERNVALE, &allocation).await;
    national
        .on("2025-10-21")
        .write(
            "ProposeAllocation",
            json!({"allocation": allocation, "intake": campaign.intake, "places": 3}),
        )
        .await;
    lead.on("2025-10-24")
        .write("DeclineAllocation", json!({"allocation": allocation}))
        .await;
}

/// C2: rejected in the first round, appointed in the second.
async fn reconsidered(cast: &Cast, campaign: &Campaign) {
    let said = json!({"degree": "none", "degree_detail": ""});
    let c2 = Trainee::applies(cast, &campaign.vacancy, candidate(2), "2025-11-20", said).await;
    let of_application = c2.of_application();
    c2.is_shortlisted().await;
    c2.is_interviewed().await;
    c2.hr("2025-12-12")
        .write("SealDecision", c2.employers(1, "accept", &[]))
        .await;
    c2.hr("2025-12-14")
        .write(
            "AmendDecision",
            c2.employers(1, "accept", &["driving_licence"]),
        )
        .await;
    c2.admissions("2025-12-15")
        .write("SealDecision", c2.universitys(1, "reject", &[]))
        .await;
    c2.admissions("2025-12-16")
        .write(
            "ReleaseFeedback",
            json!({"application": c2.application, "text": "Show us a level 5 certificate."}),
        )
        .await;
    c2.hr("2025-12-18")
        .write(
            "RequestReconsideration",
            json!({"application": c2.application, "reason": "A certificate came in."}),
        )
        .await;
    c2.candidate("2025-12-18")
        .write(
            "AddStudyEvidence",
            json!({
                "application": c2.application,
                "kind": "prior_study",
                "detail": "Level 5 diploma, 2024",
            }),
        )
        .await;
    c2.admissions("2025-12-19")
        .write("AgreeReconsideration", of_application)
        .await;
    c2.admissions("2025-12-22")
        .write("SealDecision", c2.universitys(2, "accept", &[]))
        .await;
    c2.hr("2025-12-23")
        .write(
            "SealDecision",
            c2.employers(2, "accept", &["driving_licence"]),
        )
        .await;
}

/// C3: the employer takes its decision back, and the deadline passes.
async fn lapsed(cast: &Cast, campaign: &Campaign) {
    let vacancy = &campaign.vacancy;
    let c3 = Trainee::applies(cast, vacancy, candidate(3), "2025-11-20", json!({})).await;
    c3.is_shortlisted().await;
    c3.is_interviewed().await;
    c3.hr("2025-12-12")
        .write("SealDecision", c3.employers(1, "accept", &[]))
        .await;
    c3.hr("2025-12-13")
        .write(
            "WithdrawDecision",
            json!({"application": c3.application, "round": 1}),
        )
        .await;
}

/// C4: appointed, the route derived again, a check not cleared, and gone before the start.
async fn withdrawn(cast: &Cast, campaign: &Campaign) {
    let said = json!({"degree": "pending", "degree_detail": "", "entry_source": "internal_staff"});
    let c4 = Trainee::applies(cast, &campaign.vacancy, candidate(4), "2025-11-25", said).await;
    c4.candidate("2025-11-25")
        .write(
            "AddStudyEvidence",
            json!({
                "application": c4.application,
                "kind": "prior_study",
                "detail": "Level 5 diploma, 2024",
            }),
        )
        .await;
    c4.is_shortlisted().await;
    c4.is_interviewed().await;
    c4.is_appointed().await;
    c4.accepts().await;
    c4.hr("2026-01-10")
        .write(
            "ClearEmploymentCheck",
            json!({
                "offer": c4.offer(),
                "check": "criminal_record",
                "result": "not_cleared",
                "result_date": "2026-01-10",
            }),
        )
        .await;
    c4.admissions("2026-01-20")
        .write(
            "AddStudyEvidence",
            json!({
                "application": c4.application,
                "kind": "degree",
                "detail": "BSc Health Studies",
            }),
        )
        .await;
    c4.candidate("2026-01-25")
        .write("WithdrawApplication", c4.of_application())
        .await;
}

/// C5: appointed, and declines.
async fn declined(cast: &Cast, campaign: &Campaign) {
    let vacancy = &campaign.vacancy;
    let c5 = Trainee::applies(cast, vacancy, candidate(5), "2025-11-21", json!({})).await;
    c5.is_shortlisted().await;
    c5.is_interviewed().await;
    c5.is_appointed().await;
    c5.hr("2025-12-16")
        .write("MakeOffer", c5.of_application())
        .await;
    c5.candidate("2025-12-18")
        .write("DeclineOffer", json!({"offer": c5.offer()}))
        .await;
}

/// C7: in training, which is extended, and gone.
async fn leaver(cast: &Cast, campaign: &Campaign) -> Trainee {
    let vacancy = &campaign.vacancy;
    let c7 = Trainee::applies(cast, vacancy, candidate(7), "2025-11-21", json!({})).await;
    c7.is_shortlisted().await;
    c7.is_interviewed().await;
    c7.is_appointed().await;
    c7.accepts().await;
    c7.is_cleared().await;
    c7.is_funded().await;
    let ids = Ids {
        sid: "26100990010000077",
        uln: "9276308686",
        assignment: "20000007-1",
    };
    c7.starts(campaign, &ids, 7).await;
    training::logbook(cast, campaign, &c7).await;
    study::post(&c7, "P-107").await;
    stays(cast, campaign).await;
    training::around(cast, campaign, &c7).await;
    training::disputed(cast, &c7).await;
    merged_and_split(cast, &c7).await;
    training::supervision(cast, campaign, &c7).await;
    c7.manager("2026-06-15")
        .write(
            "ExtendTraining",
            json!({"training": c7.training(), "until": "2027-06-30"}),
        )
        .await;
    c7.hr("2026-08-12")
        .write("EndEmployment", json!({"employment": c7.employment()}))
        .await;
    cast.settle().await;
    c7
}

/// In training beside the leaver, alone in the cluster afterwards.
async fn stays(cast: &Cast, campaign: &Campaign) {
    let vacancy = &campaign.vacancy;
    let c8 = Trainee::applies(cast, vacancy, candidate(18), "2025-11-21", json!({})).await;
    c8.is_shortlisted().await;
    c8.is_interviewed().await;
    c8.is_appointed().await;
    c8.accepts().await;
    c8.is_cleared().await;
    let ids = Ids {
        sid: "26100990010000088",
        uln: "",
        assignment: "20000008-1",
    };
    c8.starts(campaign, &ids, 7).await;
}

/// From then on one trainee is a cluster.
async fn smallest_cluster(cast: &Cast) {
    cast.operator()
        .on("2026-08-13")
        .write(
            "SetPolicy",
            json!({
                "policy": "cluster.min.MHWP",
                "from": "2026-01-01",
                "value_json": "1",
                "source": "made up",
                "approver": "made up",
            }),
        )
        .await;
}

/// C1: the happy path.
async fn practitioner(cast: &Cast, campaign: &Campaign) -> Trainee {
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(cast, vacancy, candidate(1), "2025-11-21", json!({})).await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    c1.is_cleared().await;
    c1.is_funded().await;
    let ids = Ids {
        sid: "26100990010000011",
        uln: "",
        assignment: "20000001-1",
    };
    c1.starts(campaign, &ids, 7).await;
    study::prior_learning(cast, &c1).await;
    study::post(&c1, "P-101").await;
    c1.is_paid_for().await;
    c1.practises().await;
    c1.qualifies().await;
    c1.takes_the_qualified_post(campaign).await;
    c1.completes_preceptorship("BPS-000001").await;
    board::listed_otherwise(&c1).await;
    c1
}

/// Everything there is to read, by somebody who may.
async fn reads(cast: &Cast, toured: &Toured) {
    let (campaign, c1) = (&toured.campaign, &toured.practitioner);
    let programme = Programme::id(
        COMMISSIONER,
        &domain::policy::catalogue::Role::parse("MHWP", "role").expect("a role"),
    );
    for (tenant, role, method, name) in [
        (NORTHMOOR, EmployerHr, "GetTenant", NORTHMOOR.to_string()),
        (
            NORTHMOOR,
            EmployerHr,
            "GetClinicalService",
            campaign.clinical_service.clone(),
        ),
        (
            NORTHMOOR,
            EmployerHr,
            "GetSupervisor",
            campaign.supervisors[0].clone(),
        ),
        (
            COMMISSIONER,
            CommissionerNational,
            "GetProgramme",
            programme.name(),
        ),
        (
            WEXCOMBE,
            ProgrammeLead,
            "GetIntake",
            campaign.intake.clone(),
        ),
        (
            NORTHMOOR,
            ProfessionalLead,
            "GetAllocation",
            campaign.allocation.clone(),
        ),
        (
            NORTHMOOR,
            ProfessionalLead,
            "GetCommitment",
            campaign.commitment.clone(),
        ),
        (
            WEXCOMBE,
            ProgrammeLead,
            "GetPartnership",
            campaign.partnership.clone(),
        ),
        (
            WEXCOMBE,
            AdmissionsTutor,
            "GetVacancy",
            campaign.vacancy.clone(),
        ),
        (
            WEXCOMBE,
            AdmissionsTutor,
            "GetApplication",
            c1.application.clone(),
        ),
        (
            NORTHMOOR,
            EmployerHr,
            "GetApplication",
            c1.application.clone(),
        ),
        (NORTHMOOR, EmployerHr, "GetSeal", c1.seal(NORTHMOOR)),
        (WEXCOMBE, AdmissionsTutor, "GetSeal", c1.seal(WEXCOMBE)),
        (NORTHMOOR, EmployerHr, "GetOffer", c1.offer()),
        (COMMISSIONER, CommissionerNational, "GetAward", c1.award()),
        (WEXCOMBE, ProgrammeLead, "GetEnrolment", c1.enrolment()),
        (NORTHMOOR, EmployerHr, "GetEmployment", c1.employment()),
        (NORTHMOOR, PracticeSupervisor, "GetTraining", c1.training()),
        (
            WEXCOMBE,
            BoardSecretary,
            "GetQualification",
            c1.qualification(),
        ),
        (
            NORTHMOOR,
            ServiceManager,
            "GetPreceptorship",
            c1.preceptorship(),
        ),
    ] {
        cast.of(tenant, role)
            .get(method, json!({"name": name}))
            .await;
    }
    let sitting = cast
        .api
        .accepted()
        .into_iter()
        .rev()
        .find_map(|call| call.message["sitting"].as_str().map(str::to_owned))
        .expect("a board was held");
    cast.of(WEXCOMBE, BoardSecretary)
        .get("GetBoardSitting", json!({"name": sitting}))
        .await;
    study::reads(cast, campaign).await;
    let hr = cast.of(NORTHMOOR, EmployerHr);
    hr.get(
        "GetPolicy",
        json!({"policy": "cluster.min", "on": "2026-03-02"}),
    )
    .await;
    hr.get("ListPolicies", json!({})).await;
    hr.get("GetDashboard", json!({"include_journeys": true}))
        .await;
    hr.get("ListFigureItems", json!({"figure": "vacancies_open"}))
        .await;
    hr.get("ListTimeline", json!({"name": campaign.vacancy}))
        .await;
    hr.get(
        "ExportDashboard",
        json!({"format": "EXPORT_FORMAT_CSV_FIGURES"}),
    )
    .await;
    hr.get("ListFeed", json!({})).await;
    hr.get("SubscribeFeed", json!({})).await;
    hr.get("WatchDashboard", json!({})).await;
    hr.get(
        "GetOperation",
        json!({"request_id": cast.api.next_request_id()}),
    )
    .await;
    c1.candidate("").get("GetOwnTimeline", json!({})).await;
    c1.candidate("").get("ListOwnAccesses", json!({})).await;
    cast.of(NORTHMOOR, EmployerDataProtection)
        .get("ListAccesses", json!({}))
        .await;
    staff::managed(cast).await;
    staff::opened(cast, c1).await;
    let auditor = cast.of(AUDITOR, Auditor);
    let (person, tenant) = (c1.person_name(), NORTHMOOR.to_string());
    for (method, message) in [
        ("ReplayHistory", json!({"person": person})),
        ("ExportReplay", json!({"person": person, "tenant": tenant})),
        ("GetCheckpoint", json!({"tenant": tenant})),
        ("ProveInclusion", json!({"tenant": tenant, "position": 1})),
        (
            "ProveConsistency",
            json!({"tenant": tenant, "first_tree_size": 1}),
        ),
    ] {
        auditor.get(method, message).await;
    }
}
