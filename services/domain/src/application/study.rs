//! Evidence of study, and the route that follows from it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    Application, ApplicationAct, ApplicationEvent, Degree, HeldApplication, STUDY_BYTES_MAX,
    STUDY_EVIDENCE_MAX, Stage, StudyEvidence, StudyEvidenceKind, held,
};
use crate::{
    actor::{Party, TenantKind},
    id::Id,
    offer::{Offer, OfferAct},
    personal::{ContentDigest, DigestSalt, Personal, PersonalClass},
    policy::{
        Policies,
        catalogue::{Pathway, PathwayStep},
    },
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Adds evidence of study. What the admissions tutor records the university confirms; a degree it
/// confirms changes the route of a candidate who is appointed already (`ROUTE-02`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddStudyEvidence {
    /// The application.
    pub application: Id<Application>,
    /// What it shows.
    pub kind: StudyEvidenceKind,
    /// Title, institution, level, year: for the university only.
    pub detail: String,
}

impl Command for AddStudyEvidence {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let held = held(issue, world, self.application)?;
        let confirmed = match issue.by.kind {
            TenantKind::Person => false,
            _ if held.side(issue)? == Party::University => true,
            _ => return Err(Refusal::not_permitted().into()),
        };
        let level = match (held.stage, held.degree.after(self.kind)) {
            (Stage::Appointed { .. }, degree) if confirmed && degree != held.degree => {
                degree.route(&held.terms.role, &issue.policies, issue.today())?
            }
            _ => None,
        };
        let act = ApplicationAct::AddStudyEvidence {
            add: self.clone(),
            confirmed,
            level,
        };
        let after = world.decide(issue, self.application, act)?.level();
        if let (Some(level), true) = (after, after != held.level) {
            let offer = Offer::id(held.terms.employer, self.application);
            // an offer still to be made will be for the level as it stands then
            if world.read(offer)?.held().is_some() {
                world.decide_beyond(issue, offer, OfferAct::RederiveRoute { level })?;
            }
        }
        Ok(self.application.key())
    }
}

impl HeldApplication {
    /// Where the role can lead this person: steps that ask for a degree in psychology are shown to
    /// those who have one (`ROUTE-12`).
    ///
    /// # Errors
    /// `POLICY_MISSING` when the pathway cannot be read.
    pub fn paths(&self, policies: &Policies, on: Date) -> Result<Vec<String>, Refusal> {
        let id = format!("pathway.{}", self.terms.role);
        let pathway: Option<Pathway> = policies.find(&id, on)?;
        let open =
            |step: &PathwayStep| !step.psychology_degree || self.degree == Degree::HeldInPsychology;
        let steps = pathway.map(|pathway| pathway.steps).unwrap_or_default();
        Ok(steps.into_iter().filter(open).map(|step| step.to).collect())
    }

    pub(super) fn with_study_evidence(
        &self,
        salt: DigestSalt,
        add: &AddStudyEvidence,
        confirmed: bool,
        level: Option<u8>,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        let detail = text::free(&add.detail, "detail", STUDY_BYTES_MAX)?;
        let content = ContentDigest::of(salt, add.application.0, &(add.kind, &detail));
        if self
            .evidence
            .iter()
            .any(|known| known.content == content && known.confirmed == confirmed)
        {
            return Ok(vec![]);
        }
        if self.stage == Stage::Withdrawn {
            return Err(Refusal::state_not_allowed(
                "the application is withdrawn; evidence belongs to a new application",
            ));
        }
        if self.evidence.len() >= STUDY_EVIDENCE_MAX {
            return Err(Refusal::new(
                Reason::FieldInvalid,
                format!("an application has at most {STUDY_EVIDENCE_MAX} pieces of study evidence"),
            ));
        }
        let university = [self.terms.university];
        let mut events = vec![ApplicationEvent::StudyEvidenceAdded {
            evidence: StudyEvidence {
                kind: add.kind,
                confirmed,
                detail: Personal::new(
                    self.terms.person,
                    PersonalClass::StudyEvidence,
                    university,
                    detail,
                ),
                content,
            },
        }];
        if let (Stage::Appointed { .. }, Some(level)) = (self.stage, level)
            && self.level != Some(level)
        {
            events.push(ApplicationEvent::RouteRederived { level });
        }
        Ok(events)
    }
}
