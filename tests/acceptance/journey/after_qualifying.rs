//! D.1, steps 17 and 18, and what comes after: the qualified post, its leave and its end.

use domain::actor::ActingRole::{EmployerHr, ProfessionalLead, ProgrammeLead, ServiceManager};
use serde_json::json;

use super::{dashboards, happy_path::C1};
use crate::harness::{
    Service,
    cast::{NORTHMOOR, SEVERNVALE, WEXCOMBE, candidate},
    life::{Campaign, Trainee, record},
    qualified::colleague,
};

/// Up to the first day in the qualified post.
pub(super) async fn qualified(service: &Service) -> (Campaign, Trainee) {
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(cast, vacancy, candidate(1), "2025-11-21", json!({})).await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    c1.is_cleared().await;
    c1.is_funded().await;
    c1.starts(&campaign, &C1, 7).await;
    let amber = |count| [("employer", "transition_plans_amber", count)];
    let month_nine = "2026-12-03";
    dashboards::show_as_of(cast, "2026-12-02", &amber(0)).await;
    dashboards::show_as_of(cast, month_nine, &amber(1)).await;
    c1.prepares_for_the_post().await;
    dashboards::show_as_of(cast, month_nine, &amber(0)).await;
    c1.practises().await;
    c1.qualifies().await;
    c1.takes_the_qualified_post(&campaign).await;
    (campaign, c1)
}

#[tokio::test(flavor = "multi_thread")]
async fn d_1_17_and_18_the_qualified_post_is_prepared_worked_and_left() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (campaign, c1) = qualified(&service).await;
    assert_eq!(
        service.recorded(&c1.transition_plan()).await,
        [
            "TransitionPlanOpened",
            "TransitionStepPlanned",
            "TransitionStepTaken",
            "TransitionPlanClosed",
        ]
    );
    let late = json!({"transition_plan": c1.transition_plan(), "step": "shadowing"});
    assert_eq!(
        c1.manager("2027-04-05")
            .refusal("TakeTransitionStep", late)
            .await,
        "STATE_NOT_ALLOWED"
    );

    // a preceptor of the same level, with a year of experience
    let preceptor = |band: u32, since: &str| {
        json!({
            "preceptorship": c1.preceptorship(),
            "preceptor": colleague(),
            "band": band,
            "practising_since": since,
        })
    };
    for claim in [preceptor(4, "2020-01-06"), preceptor(6, "2027-01-04")] {
        assert_eq!(
            c1.manager("2027-04-05")
                .refusal("AssignPreceptor", claim)
                .await,
            "PRECEPTOR_NOT_ELIGIBLE"
        );
    }
    assert_eq!(
        c1.manager("2028-04-04")
            .refusal(
                "SignOffPreceptorship",
                json!({"preceptorship": c1.preceptorship()})
            )
            .await,
        "STATE_NOT_ALLOWED"
    );
    dashboards::show_as_of(
        cast,
        "2027-04-13",
        &[
            ("employer", "preceptors_missing", 1),
            ("employer", "first_meetings_overdue", 1),
            ("employer", "practitioners", 1),
            ("employer", "practitioners_without_supervisor", 1),
        ],
    )
    .await;

    // 20 hours a week, in a team, from the first full week on
    let week = c1.week("2027-04-05", 76);
    assert_eq!(
        c1.manager("2027-04-12")
            .refusal("LogPracticeWeek", week.clone())
            .await,
        "STATE_NOT_ALLOWED"
    );
    c1.joins_a_team(&campaign).await;
    c1.manager("2027-04-12")
        .write("LogPracticeWeek", week)
        .await;
    let mut patient = c1.week("2027-04-12", 76);
    patient["week"]["sessions"] = json!(-1);
    assert_eq!(
        c1.manager("2027-04-19")
            .refusal("LogPracticeWeek", patient)
            .await,
        "FIELD_INVALID"
    );
    dashboards::show(cast, &[("employer", "below_contact_hours", 0)]).await;
    c1.manager("2027-04-19")
        .write("LogPracticeWeek", c1.week("2027-04-12", 72))
        .await;
    let practice = json!({"name": c1.practice()});
    let managers = cast
        .of(NORTHMOOR, ServiceManager)
        .get("GetQualifiedPractice", practice.clone())
        .await;
    let managers = &managers["qualified_practice"];
    assert_eq!(managers["average_quarter_hours"], 78);
    assert_eq!(managers["below_contact_hours"], true);
    assert_eq!(managers["sessions"], 28);
    assert_eq!(managers["team"], "north_hub");
    let refused = cast
        .of(WEXCOMBE, ProgrammeLead)
        .refusal("GetQualifiedPractice", practice.clone())
        .await;
    assert_eq!(refused, "NOT_PERMITTED");

    // away for 30 days: the employer knows why, the university only that
    let of = json!({"qualified_practice": c1.practice()});
    let mut leave = of.clone();
    leave["reason"] = json!("maternity");
    c1.hr("2027-06-01").write("StartPracticeLeave", leave).await;
    cast.settle().await;
    c1.hr("2027-07-01")
        .write("EndPracticeLeave", of.clone())
        .await;
    cast.settle().await;
    c1.completes_preceptorship_on("2028-05-04").await;
    let joint = service.recorded(&c1.preceptorship()).await;
    for event in [
        "ConsolidationClockPaused",
        "ConsolidationClockResumed",
        "PreceptorshipExtended",
        "PreceptorshipCompleted",
    ] {
        assert!(joint.iter().any(|known| known == event), "{event}");
    }
    let universitys = cast
        .of(WEXCOMBE, ProgrammeLead)
        .get("GetPreceptorship", json!({"name": c1.preceptorship()}))
        .await;
    assert!(!universitys.to_string().contains("maternity"));
    let universitys = &universitys["preceptorship"];
    assert_eq!(universitys["planned_end"], "2028-05-04");
    assert_eq!(universitys["consolidation_until"], "2029-05-05");
    assert_eq!(universitys["completed"], "2028-05-04");
    for (role, reason) in [(EmployerHr, "maternity"), (ProfessionalLead, "")] {
        let seen = cast
            .of(NORTHMOOR, role)
            .get("GetQualifiedPractice", practice.clone())
            .await;
        let seen = &seen["qualified_practice"];
        assert_eq!(seen["leave"][0]["reason"], reason, "{role}");
        let hours = if role == EmployerHr { 0 } else { 78 };
        assert_eq!(seen["average_quarter_hours"], hours, "{role}");
    }
    dashboards::show(
        cast,
        &[
            ("employer", "preceptorships_complete", 1),
            ("university", "preceptorships_complete", 1),
            ("employer", "practitioners_without_supervisor", 0),
            ("employer", "below_contact_hours", 1),
            ("employer", "practice_sessions", 28),
            ("employer", "left_before_consolidation", 0),
        ],
    )
    .await;

    // gone after sixteen months of service: reported, and refused by nobody
    let mut gone = of;
    gone["reason"] = json!("promotion");
    c1.hr("2028-09-04").write("LeaveQualifiedPost", gone).await;
    dashboards::show(
        cast,
        &[
            ("employer", "practitioners", 0),
            ("employer", "left_qualified_posts", 1),
            ("employer", "left_before_consolidation", 1),
            ("employer", "preceptorships_ended_early", 0),
            ("employer", "commitments_discharged", 1),
        ],
    )
    .await;
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn precept_03_a_graduate_employed_elsewhere_is_supported_by_the_university() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (_, c1) = qualified(&service).await;
    let support = |employer: String| json!({"application": c1.application, "employer": employer});
    assert_eq!(
        c1.programme("2027-05-03")
            .refusal("SupportGraduate", support(NORTHMOOR.to_string()))
            .await,
        "STATE_NOT_ALLOWED"
    );
    c1.programme("2027-05-03")
        .write("SupportGraduate", support(SEVERNVALE.to_string()))
        .await;
    let preceptorship = record::<domain::preceptorship::Preceptorship>(SEVERNVALE, &c1.application);
    c1.programme("2027-06-07")
        .write(
            "RecordPreceptorshipSession",
            json!({"preceptorship": preceptorship, "form": "action_learning_set"}),
        )
        .await;
    let of = json!({"name": preceptorship});
    let theirs = cast
        .of(SEVERNVALE, ServiceManager)
        .get("GetPreceptorship", of.clone())
        .await;
    assert_eq!(theirs["preceptorship"]["sessions"], 1);
    assert_eq!(theirs["preceptorship"]["planned_end"], "2028-05-02");
    let refused = cast
        .of(NORTHMOOR, ServiceManager)
        .refusal("GetPreceptorship", of)
        .await;
    assert_eq!(refused, "NOT_PERMITTED");
    service.stop().await;
}
