//! D.1: one candidate, from interest to a completed preceptorship.

use domain::actor::ActingRole::{
    CommissionerNational, EmployerHr, ProfessionalLead, ProgrammeLead,
};
use serde_json::json;

use super::{dashboards, own};
use crate::harness::{
    Service,
    cast::{COMMISSIONER, NORTHMOOR, WEXCOMBE, candidate},
    life::{Campaign, Ids, Trainee, application, board},
};

/// The numbers of C1.
pub(super) const C1: Ids<'_> = Ids {
    sid: "26100990010000011",
    uln: "",
    assignment: "20000001-1",
};

#[tokio::test(flavor = "multi_thread")]
async fn d_1_a_vacancy_rests_on_everything_that_was_agreed_before() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    for (name, events) in [
        (
            &campaign.programme,
            vec![
                "ProgrammeOpened",
                "MilestoneReached",
                "MilestoneReached",
                "MilestoneReached",
                "MilestoneReached",
                "MilestoneReached",
                "ProviderContracted",
            ],
        ),
        (&campaign.intake, vec!["IntakePlanned", "PlacesReserved"]),
        (&campaign.clinical_service, vec!["ClinicalServiceOpened"]),
        (
            &campaign.supervisors[0],
            vec![
                "SupervisorRecorded",
                "SupervisorRegistrationRecorded",
                "RegisterCheckRecorded",
            ],
        ),
        (
            &campaign.allocation,
            vec![
                "InterestRegistered",
                "SupervisorEligibilityChecked",
                "SupervisorEligibilityChecked",
                "ReadinessDeclared",
                "AllocationProposed",
                "AllocationConfirmed",
                "PlacesAdvertised",
            ],
        ),
        (&campaign.commitment, vec!["CommitmentGiven"]),
        (
            &campaign.partnership,
            vec![
                "PartnershipProposed",
                "PartnershipSigned",
                "RouteBalanceProposed",
                "RouteBalanceAgreed",
            ],
        ),
        (&campaign.vacancy, vec!["VacancyOpened"]),
    ] {
        assert_eq!(service.recorded(name).await, events, "{name}");
    }

    // Each party reads what it is party of.
    let vacancy = json!({"name": campaign.vacancy});
    let employers = cast
        .of(NORTHMOOR, EmployerHr)
        .get("GetVacancy", vacancy.clone())
        .await;
    let universitys = cast
        .of(WEXCOMBE, ProgrammeLead)
        .get("GetVacancy", vacancy)
        .await;
    assert_eq!(employers, universitys);
    assert_eq!(employers["vacancy"]["state"], "VACANCY_STATE_OPEN");
    let allocation = cast
        .of(COMMISSIONER, CommissionerNational)
        .get("GetAllocation", json!({"name": campaign.allocation}))
        .await;
    assert_eq!(
        allocation["allocation"]["state"],
        "ALLOCATION_STATE_CONFIRMED"
    );
    let commitment = cast
        .of(NORTHMOOR, ProfessionalLead)
        .get("GetCommitment", json!({"name": campaign.commitment}))
        .await;
    assert_eq!(commitment["commitment"]["posts"], 5);
    assert_eq!(commitment["commitment"]["discharged"], 0);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_1_from_interest_to_a_completed_preceptorship() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;

    // 7: within the campaign's days.
    let late = cast
        .of(candidate(1), domain::actor::ActingRole::Candidate)
        .on("2025-12-01")
        .refusal(
            "SubmitApplication",
            application(&campaign.vacancy, json!({})),
        )
        .await;
    assert_eq!(late, "CAMPAIGN_CLOSED");
    let c1 = Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;

    // 8 to 10: blind, and only in an open round.
    let early = c1
        .hr("2025-11-24")
        .refusal("OpenDecisionRound", c1.of_application())
        .await;
    assert_eq!(early, "STATE_NOT_ALLOWED");
    c1.is_shortlisted().await;
    let closed = c1
        .hr("2025-12-10")
        .refusal("SealDecision", c1.employers(1, "accept", &[]))
        .await;
    assert_eq!(closed, "ROUND_CLOSED");
    c1.is_interviewed().await;
    let unscored = json!({
        "application": c1.application,
        "round": 1,
        "decision": {"verdict": "accept", "reason": "A good interview."},
    });
    assert_eq!(
        c1.hr("2025-12-12").refusal("SealDecision", unscored).await,
        "CRITERION_NOT_SCORED"
    );
    assert_eq!(
        c1.hr("2025-12-12")
            .refusal("MakeOffer", c1.of_application())
            .await,
        "STATE_NOT_ALLOWED"
    );
    c1.is_appointed().await;
    assert_eq!(
        service.recorded(&c1.application).await,
        [
            "ApplicationSubmitted",
            "ShortlistRevealed",
            "InterviewHeld",
            "DecisionRoundOpened",
            "JointOutcomeReached",
        ]
    );
    for party in [NORTHMOOR, WEXCOMBE] {
        assert_eq!(
            service.recorded(&c1.seal(party)).await,
            ["ShortlistSealed", "DecisionSealed"]
        );
    }

    // 11 and 12: the offer and what it depends on.
    c1.accepts().await;
    assert_eq!(
        c1.hr("2025-12-19")
            .refusal("StartEmployment", c1.employs(C1.assignment))
            .await,
        "EMPLOYMENT_CHECK_INCOMPLETE"
    );
    assert_eq!(
        c1.commissioner("2025-12-19")
            .refusal("ApproveAward", c1.of_application())
            .await,
        "CONDITIONS_NOT_MET"
    );
    c1.is_cleared().await;
    c1.is_funded().await;

    // 13: the route follows from the degree; training follows from both starts.
    assert_eq!(
        c1.programme("2026-03-02")
            .refusal("EnrolTrainee", c1.enrols(C1.sid, C1.uln, 6))
            .await,
        "ROUTE_MISMATCH"
    );
    c1.starts(&campaign, &C1, 7).await;

    // 14 and 15: a year of practice.
    c1.is_paid_for().await;
    assert_eq!(
        c1.programme("2026-06-30")
            .refusal("VerifyPortfolio", json!({"training": c1.training()}))
            .await,
        "PRACTICE_HOURS_SHORT"
    );
    c1.practises().await;

    // 16: only a board makes a practitioner.
    assert_eq!(
        c1.secretary("2027-03-10")
            .refusal("HoldBoard", board("qualifying", 2, 0))
            .await,
        "BOARD_NOT_QUORATE"
    );
    assert_eq!(
        c1.manager("2027-03-08")
            .refusal("EvidenceQualifiedPost", c1.qualified_post(&campaign))
            .await,
        "NOT_QUALIFIED"
    );
    c1.qualifies().await;

    // 17: what was promised, and nothing less.
    let mut fixed_term = c1.qualified_post(&campaign);
    fixed_term["post"]["permanent"] = json!(false);
    let refused = c1
        .manager("2027-04-05")
        .refusal("EvidenceQualifiedPost", fixed_term)
        .await;
    assert_eq!(refused, "COMMITMENT_TERMS_NOT_MET");
    c1.takes_the_qualified_post(&campaign).await;

    // 18
    c1.completes_preceptorship("BPS-000001").await;

    for (name, events) in [
        (
            c1.offer(),
            vec![
                "OfferMade",
                "OfferAnswerDue",
                "OfferAccepted",
                "EmploymentCheckCleared",
                "EmploymentCheckCleared",
                "EmploymentCheckCleared",
                "EmploymentCheckCleared",
                "EmploymentCheckCleared",
                "EmploymentCheckLimited",
                "EmploymentCheckCleared",
                "EmploymentCheckLimited",
                "OfferConditionsConfirmed",
                "OfferConditionsConfirmed",
                "OfferConditionsMet",
            ],
        ),
        (c1.employment(), vec!["EmploymentStarted"]),
        (
            c1.enrolment(),
            vec!["ProgrammeEnrolled", "BoardOutcomeNoted"],
        ),
        (
            c1.qualification(),
            vec![
                "ResultReleased",
                "QualificationAwarded",
                "RegisteredPracticeNoted",
                "RegisterEntryRecorded",
            ],
        ),
        (
            campaign.commitment.clone(),
            vec![
                "CommitmentGiven",
                "CompletionExpected",
                "CommitmentDue",
                "QualifiedPostEvidenced",
                "CommitmentDischarged",
            ],
        ),
    ] {
        assert_eq!(service.recorded(&name).await, events, "{name}");
    }
    let award = service.recorded(&c1.award()).await;
    assert_eq!(
        award.first().map(String::as_str),
        Some("FundingAwardApproved")
    );
    assert_eq!(
        award
            .iter()
            .filter(|event| *event == "InstalmentPaid")
            .count(),
        12
    );
    assert_eq!(
        award.last().map(String::as_str),
        Some("FundingAwardCompleted")
    );

    // The money is exact: 27,485.00 pounds in twelve.
    let award = c1
        .commissioner("")
        .get("GetAward", json!({"name": c1.award()}))
        .await;
    assert_eq!(award["award"]["salary_pence"], 2_748_500);
    let pence: Vec<i64> = award["award"]["instalments_pence"]
        .as_array()
        .expect("instalments")
        .iter()
        .filter_map(serde_json::Value::as_i64)
        .collect();
    assert_eq!(pence.len(), 12);
    assert_eq!(pence.iter().sum::<i64>(), 2_748_500);
    assert_eq!(pence.iter().filter(|pence| **pence == 229_042).count(), 8);
    assert_eq!(pence.iter().filter(|pence| **pence == 229_041).count(), 4);

    // Two different dates: the hard lock from the board, the soft clock from the post.
    let lock = c1
        .admissions("2028-05-01")
        .get(
            "CheckFundingLock",
            json!({
                "person": c1.person_name(),
                "teaching_start": "2028-09-25",
            }),
        )
        .await;
    assert_eq!(lock["clear"], false);
    assert_eq!(lock["lock_until"], "2029-03-10");
    assert_eq!(lock["provisional"], false);
    let preceptorship = c1
        .manager("2028-05-01")
        .get("GetPreceptorship", json!({"name": c1.preceptorship()}))
        .await;
    let preceptorship = &preceptorship["preceptorship"];
    assert_eq!(preceptorship["consolidation_until"], "2029-04-05");
    assert_eq!(preceptorship["consolidation_months_needed"], 24);
    assert_eq!(preceptorship["completed"], "2028-04-04");

    // HESA's word for it, for the university alone.
    let qualification = c1
        .programme("")
        .get("GetQualification", json!({"name": c1.qualification()}))
        .await;
    assert_eq!(qualification["qualification"]["awarded"], "2027-03-10");
    assert_eq!(qualification["qualification"]["leaving_code"], "01");

    dashboards::show(
        cast,
        &[
            ("employer", "commitment_posts", 5),
            ("employer", "commitments_discharged", 1),
            ("employer", "qualified", 1),
            ("employer", "in_qualified_post", 1),
            ("employer", "preceptorships_complete", 1),
            ("employer", "places_filled", 1),
            ("university", "qualified", 1),
            ("university", "passed_first_time", 1),
            ("university", "preceptorships_complete", 1),
            ("commissioner", "awards_completed", 1),
            ("commissioner", "salary_paid", 2_748_500),
            ("commissioner", "demand", 5),
        ],
    )
    .await;
    let employers = dashboards::journey(cast, "employer").await;
    assert_eq!(employers["consolidation_months_needed"], 24);
    assert_eq!(employers["preceptorship_completed"], "2028-04-04");
    let universitys = dashboards::journey(cast, "university").await;
    assert_eq!(universitys["leaving_code"], "01");
    assert_eq!(universitys["salary_paid_pence"], 0, "the employer's money");
    sees_their_own_life(&c1).await;

    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}

/// C1: the timeline, the lock until 2029-03-10, consolidation to 2029-04-05.
async fn sees_their_own_life(c1: &Trainee) {
    own::is_for_nobody_else(&c1.cast).await;
    let seen = own::timeline(c1).await;
    let life = &seen["applications"][0];
    assert_eq!(life["state"], "APPLICATION_STATE_APPOINTED");
    assert_eq!(life["offer_state"], "OFFER_STATE_CONDITIONS_MET");
    assert_eq!(life["result"], "passed");
    assert_eq!(life["qualified_date"], "2027-03-10");
    assert_eq!(life["preceptorship_completed"], "2028-04-04");
    let (lock, consolidation) = (&seen["locks"][0], &life["consolidation"]);
    assert_eq!(lock["until"], "2029-03-10");
    assert_eq!(lock["board"], "2027-03-10");
    assert_eq!(lock["provisional"], false);
    assert_eq!(consolidation["from"], "2027-04-05");
    assert_eq!(consolidation["until"], "2029-04-05");
    assert_eq!(consolidation["months_needed"], 24);
    assert_eq!(seen["due"], json!([]));
    let mut words = own::words(&seen);
    words.retain(|word| !["check_cleared", "three_way_review_held"].contains(word));
    assert_eq!(
        words,
        [
            "applied",
            "interviewed",
            "appointed",
            "offer_made",
            "offer_accepted",
            "conditions_met",
            "employment_started",
            "supervisor_assigned",
            "enrolled",
            "training_started",
            "lock_expected",
            "portfolio_verified",
            "qualified",
            "result_passed",
            "lock_fixed",
            "preceptorship_started",
            "consolidation_started",
            "registered",
            "preceptorship_completed",
        ]
    );
}
