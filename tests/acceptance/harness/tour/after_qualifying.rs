//! From the transition plan to leaving the qualified post, in every way it can go.

use domain::{
    actor::ActingRole::{EmployerHr, PracticeSupervisor, ProgrammeLead},
    preceptorship::Preceptorship,
    qualified_practice::QualifiedPractice,
};
use serde_json::json;

use super::super::{
    Cast,
    cast::{NORTHMOOR, SEVERNVALE, WEXCOMBE},
    life::{Campaign, Trainee, record},
    qualified::{colleague, manager},
};

/// Plays it for a practitioner who has completed the preceptorship.
pub(super) async fn plays(cast: &Cast, campaign: &Campaign, c1: &Trainee) {
    c1.prepares_for_the_post().await;
    preceptorship(cast, c1).await;
    c1.joins_a_team(campaign).await;
    let practice = c1.practice();
    let of = json!({"qualified_practice": practice});
    let supervisor = cast.of(NORTHMOOR, PracticeSupervisor);
    supervisor
        .on("2027-04-12")
        .write("LogPracticeWeek", c1.week("2027-04-12", 80))
        .await;
    supervisor
        .on("2027-04-19")
        .write("CorrectPracticeWeek", c1.week("2027-04-12", 76))
        .await;
    c1.hr("2028-05-01")
        .write(
            "StartPracticeLeave",
            json!({"qualified_practice": practice, "reason": "career_break"}),
        )
        .await;
    cast.settle().await;
    c1.hr("2028-06-01")
        .write("EndPracticeLeave", of.clone())
        .await;
    cast.settle().await;
    c1.manager("2028-07-01")
        .write("EndPracticeSupervision", of)
        .await;
    c1.is_deployed_in_primary_care(campaign).await;
    c1.ends_the_deployment().await;
    c1.hr("2028-09-01")
        .write(
            "LeaveQualifiedPost",
            json!({"qualified_practice": practice, "reason": "other_nhs_post"}),
        )
        .await;
    cast.settle().await;
    elsewhere(cast, c1).await;
    c1.programme("2029-03-12")
        .write("RecordDestination", c1.went(24, "other_healthcare"))
        .await;
    cast.of(WEXCOMBE, ProgrammeLead)
        .get("GetProgression", json!({"name": c1.progression()}))
        .await;
    for (role, method, name) in [
        (
            PracticeSupervisor,
            "GetTransitionPlan",
            c1.transition_plan(),
        ),
        (EmployerHr, "GetQualifiedPractice", practice),
        (EmployerHr, "GetArrsDeployment", c1.arrs_deployment()),
    ] {
        cast.of(NORTHMOOR, role)
            .get(method, json!({"name": name}))
            .await;
    }
}

async fn preceptorship(cast: &Cast, c1: &Trainee) {
    let preceptorship = c1.preceptorship();
    c1.manager("2027-04-06")
        .write(
            "LogPreceptorshipHours",
            json!({
                "preceptorship": preceptorship, "kind": "supernumerary", "quarter_hours": 30,
            }),
        )
        .await;
    cast.of(WEXCOMBE, ProgrammeLead)
        .on("2027-06-01")
        .write(
            "RecordPreceptorshipSession",
            json!({"preceptorship": preceptorship, "form": "other", "kind": "webinar"}),
        )
        .await;
}

/// The next post is with another employer; leave moves its end, and it is left early.
async fn elsewhere(cast: &Cast, c1: &Trainee) {
    cast.of(WEXCOMBE, ProgrammeLead)
        .on("2028-09-04")
        .write(
            "SupportGraduate",
            json!({"application": c1.application, "employer": SEVERNVALE.to_string()}),
        )
        .await;
    cast.settle().await;
    let practice = record::<QualifiedPractice>(SEVERNVALE, &c1.application);
    manager(cast, SEVERNVALE)
        .on("2028-09-04")
        .write(
            "AssignPreceptor",
            json!({
                "preceptorship": record::<Preceptorship>(SEVERNVALE, &c1.application),
                "preceptor": colleague(),
                "band": 5,
                "practising_since": "2027-09-04",
            }),
        )
        .await;
    let hr = cast.of(SEVERNVALE, EmployerHr);
    hr.on("2028-09-11")
        .write(
            "StartPracticeLeave",
            json!({"qualified_practice": practice, "reason": "sickness"}),
        )
        .await;
    cast.settle().await;
    hr.on("2028-09-18")
        .write("EndPracticeLeave", json!({"qualified_practice": practice}))
        .await;
    cast.settle().await;
    hr.on("2028-09-29")
        .write(
            "LeaveQualifiedPost",
            json!({"qualified_practice": practice, "reason": "promotion"}),
        )
        .await;
    cast.settle().await;
}
