//! Towards and in the qualified post, as calls of the API.

use domain::{
    actor::{
        ActingRole::{PracticeSupervisor, ProfessionalLead, ServiceManager},
        TenantId,
    },
    arrs::ArrsDeployment,
    progression::Progression,
    qualified_practice::QualifiedPractice,
    transition::TransitionPlan,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Caller, Cast,
    cast::{NORTHMOOR, WEXCOMBE},
    life::{Campaign, Trainee, record},
};

impl Trainee {
    pub(crate) fn transition_plan(&self) -> String {
        record::<TransitionPlan>(NORTHMOOR, &self.application)
    }

    pub(crate) fn practice(&self) -> String {
        record::<QualifiedPractice>(NORTHMOOR, &self.application)
    }

    pub(crate) fn arrs_deployment(&self) -> String {
        record::<ArrsDeployment>(NORTHMOOR, &self.application)
    }

    pub(crate) fn progression(&self) -> String {
        record::<Progression>(WEXCOMBE, &self.application)
    }

    pub(crate) fn went(&self, months: u32, destination: &str) -> Value {
        json!({
            "application": self.application, "months": months, "destination": destination,
        })
    }

    /// What a deployment in a primary care network says.
    pub(crate) fn in_primary_care(&self) -> Value {
        json!({
            "application": self.application,
            "network": "U12345",
            "band": 5,
            "network_percent": 50,
            "experience_months": 18,
        })
    }

    /// Everything the reimbursement scheme asks for, and the deployment.
    pub(crate) async fn is_deployed_in_primary_care(&self, campaign: &Campaign) {
        let application = &self.application;
        let lead = self.cast.of(NORTHMOOR, ProfessionalLead).on("2027-05-03");
        self.manager("2027-05-03")
            .write(
                "EvidenceArrsCompetence",
                json!({
                    "application": application,
                    "competence": "problem_solving",
                    "evidence": "portfolio_12",
                }),
            )
            .await;
        lead.write(
            "ArrangeArrsSupervision",
            json!({"application": application, "supervisor": campaign.supervisors[0]}),
        )
        .await;
        lead.write(
            "AgreeArrsSupervisionPlan",
            json!({"application": application, "review_on": "2027-11-01"}),
        )
        .await;
        self.manager("2027-06-01")
            .write("CheckArrsEligibility", self.of_application())
            .await;
        self.manager("2027-06-01")
            .write("DeployUnderArrs", self.in_primary_care())
            .await;
    }

    pub(crate) async fn ends_the_deployment(&self) {
        self.manager("2027-12-01")
            .write("EndArrsDeployment", self.of_application())
            .await;
        self.manager("2027-12-01")
            .write("EndArrsSupervision", self.of_application())
            .await;
    }

    /// A step towards the qualified post, planned and taken.
    pub(crate) async fn prepares_for_the_post(&self) {
        let plan = self.transition_plan();
        self.manager("2026-09-01")
            .write(
                "PlanTransitionStep",
                json!({
                    "transition_plan": plan, "step": "role_discussion", "due": "2026-10-01",
                }),
            )
            .await;
        self.manager("2026-10-05")
            .write(
                "TakeTransitionStep",
                json!({"transition_plan": plan, "step": "role_discussion"}),
            )
            .await;
    }

    /// Registered, and through the year of preceptorship.
    pub(crate) async fn completes_preceptorship(&self, registered_as: &str) {
        self.hr("2027-05-14")
            .write(
                "RecordRegisterEntry",
                json!({
                    "qualification": self.qualification(),
                    "register": "bps",
                    "number": registered_as,
                }),
            )
            .await;
        self.completes_preceptorship_on("2028-04-04").await;
    }

    /// Named a preceptor, met, supported by the university, and complete on a day.
    pub(crate) async fn completes_preceptorship_on(&self, on: &str) {
        let preceptorship = json!({"preceptorship": self.preceptorship()});
        let session = |form: &str| json!({"preceptorship": self.preceptorship(), "form": form});
        let supervisor = self.cast.of(NORTHMOOR, PracticeSupervisor);
        self.manager("2027-04-05")
            .write(
                "AssignPreceptor",
                json!({
                    "preceptorship": self.preceptorship(),
                    "preceptor": colleague(),
                    "band": 6,
                    "practising_since": "2024-01-08",
                }),
            )
            .await;
        for on in [
            "2027-05-10",
            "2027-07-12",
            "2027-09-13",
            "2027-11-08",
            "2028-01-10",
            "2028-03-13",
        ] {
            supervisor
                .on(on)
                .write("RecordPreceptorshipSession", session("preceptor_meeting"))
                .await;
        }
        self.programme("2027-10-04")
            .write(
                "RecordPreceptorshipSession",
                session("community_of_practice"),
            )
            .await;
        self.manager(on)
            .write("SignOffPreceptorship", preceptorship.clone())
            .await;
        self.programme(on)
            .write("CompletePreceptorship", preceptorship)
            .await;
        self.cast.settle().await;
    }

    /// Placed in a team and supervised by S1, from the first day in the qualified post.
    pub(crate) async fn joins_a_team(&self, campaign: &Campaign) {
        self.manager("2027-04-05")
            .write("PlaceInTeam", self.in_team(campaign, 100))
            .await;
        self.manager("2027-04-05")
            .write(
                "NamePracticeSupervisor",
                json!({
                    "qualified_practice": self.practice(),
                    "supervisor": campaign.supervisors[0],
                }),
            )
            .await;
    }

    pub(crate) fn in_team(&self, campaign: &Campaign, percent: u32) -> Value {
        json!({
            "qualified_practice": self.practice(),
            "clinical_service": campaign.clinical_service,
            "team": "north_hub",
            "whole_time_percent": percent,
        })
    }

    /// A week of so many quarter-hours in clinic, and an hour by video.
    pub(crate) fn week(&self, monday: &str, clinic: u32) -> Value {
        json!({
            "qualified_practice": self.practice(),
            "week": {
                "monday": monday,
                "contact": [
                    {"mode": "clinic", "quarter_hours": clinic},
                    {"mode": "video", "quarter_hours": 4},
                ],
                "supervision_quarter_hours": 6,
                "caseload": 18,
                "sessions": 14,
            },
        })
    }
}

/// A colleague of nobody in particular, as a name.
pub(crate) fn colleague() -> String {
    format!("people/{}", Uuid::from_u128(0x5ca5_7001))
}

/// The service manager of an employer.
pub(crate) fn manager(cast: &Cast, employer: TenantId) -> Caller {
    cast.of(employer, ServiceManager)
}
