//! Severnvale, a second employer at the same intake, and what it does with who applies to it.

use domain::{
    actor::{
        ActingRole::{
            AdmissionsTutor, Candidate, CommissionerNational, EmployerHr, ProfessionalLead,
            ProgrammeLead,
        },
        TenantId,
    },
    offer::Offer,
};
use serde_json::{Value, json};

use super::{
    Caller, Cast,
    cast::{COMMISSIONER, SEVERNVALE, WEXCOMBE},
    life::{
        Campaign, application, confirmation, interest, readiness, record, supervisor, vacancy,
        words,
    },
};

/// Its vacancy, agreed like the first employer's.
pub(crate) struct Partner {
    cast: Cast,
    /// `vacancies/{uuid}`
    pub(crate) vacancy: String,
}

impl Partner {
    /// From its interest to a vacancy that stands open until the end of January.
    pub(crate) async fn opens(cast: &Cast, campaign: &Campaign) -> Self {
        let hr = cast.of(SEVERNVALE, EmployerHr);
        let lead = cast.of(SEVERNVALE, ProfessionalLead);
        let national = cast.of(COMMISSIONER, CommissionerNational);
        let supervisor = supervisor(&hr, 8, "hcpc", "PYL900008", &["clinical_psychologist"]).await;
        let clinical_service = hr
            .on("2025-09-01")
            .write(
                "OpenClinicalService",
                json!({
                    "display_name": "Severnvale community team",
                    "setting": "adult_community",
                    "population": "severe_mental_illness",
                }),
            )
            .await;
        let allocation = lead
            .on("2025-09-08")
            .write("RegisterInterest", interest(SEVERNVALE, "midlands", 5))
            .await;
        lead.on("2025-09-22")
            .write("DeclareReadiness", readiness(&allocation, &[supervisor]))
            .await;
        let give = json!({
            "allocation": allocation,
            "intake": campaign.intake,
            "posts": 5,
            "post": {"band": 5, "permanent": true, "funding": "baseline"},
        });
        lead.on("2025-10-06").write("GiveCommitment", give).await;
        let propose = json!({"allocation": allocation, "intake": campaign.intake, "places": 5});
        national
            .on("2025-10-20")
            .write("ProposeAllocation", propose)
            .await;
        national
            .on("2025-10-27")
            .write("ConfirmAllocation", confirmation(&allocation))
            .await;
        let wexcombe = cast.of(WEXCOMBE, ProgrammeLead);
        let mut partnership = String::new();
        for side in [&lead, &wexcombe] {
            let sign = json!({
                "employer": SEVERNVALE.to_string(),
                "intake": campaign.intake,
                "trainee_posts": 5,
                "qualified_posts": 5,
            });
            partnership = side.on("2025-11-03").write("SignPartnership", sign).await;
        }
        for side in [&lead, &wexcombe] {
            let agree = json!({
                "partnership": partnership,
                "level7_percent": 60,
                "tolerance_points": 10,
            });
            side.on("2025-11-03")
                .write("AgreeRouteBalance", agree)
                .await;
        }
        let mut open = vacancy(&allocation, &clinical_service);
        open["closing"] = json!("2026-01-31T23:59:00Z");
        let vacancy = hr.on("2025-11-10").write("OpenVacancy", open).await;
        Self {
            cast: cast.clone(),
            vacancy,
        }
    }

    /// Its HR.
    pub(crate) fn hr(&self, on: &str) -> Caller {
        self.cast.of(SEVERNVALE, EmployerHr).on(on)
    }

    fn admissions(&self, on: &str) -> Caller {
        self.cast.of(WEXCOMBE, AdmissionsTutor).on(on)
    }

    /// What somebody sends who applies to it.
    pub(crate) fn applies(&self) -> Value {
        application(&self.vacancy, json!({}))
    }

    /// Its offer for an application.
    pub(crate) fn offer(application: &str) -> String {
        record::<Offer>(SEVERNVALE, application)
    }

    /// Somebody applies, is accepted by both parties and is made an offer.
    pub(crate) async fn offers(&self, person: TenantId) -> String {
        let application = self
            .cast
            .of(person, Candidate)
            .on("2025-11-21")
            .write("SubmitApplication", self.applies())
            .await;
        let shortlist = json!({
            "application": application,
            "shortlisted": true,
            "reason": "Meets the criteria on paper.",
        });
        for side in [self.hr("2025-12-03"), self.admissions("2025-12-03")] {
            side.write("SealShortlist", shortlist.clone()).await;
        }
        let interview = json!({
            "application": application,
            "held_date": "2025-12-10",
            "panel": ["service_manager", "admissions_tutor", "expert_by_experience"],
        });
        self.hr("2025-12-10")
            .write("RecordInterview", interview)
            .await;
        let open = json!({"application": application, "deadline": "2025-12-19T17:00:00Z"});
        self.hr("2025-12-10").write("OpenDecisionRound", open).await;
        let (employers, universitys) = words(&application, "accept", "accept");
        self.hr("2025-12-11").write("SealDecision", employers).await;
        self.admissions("2025-12-12")
            .write("SealDecision", universitys)
            .await;
        self.hr("2025-12-16")
            .write("MakeOffer", json!({"application": application}))
            .await;
        application
    }
}
