//! A candidate whom the university wants and the employer does not may be put forward for a vacancy
//! of another partner, if the candidate consents (C.3, after the reveal).
//!
//! The record is the university's and the candidate's: no employer ever sees where else somebody
//! has applied. The new application takes the same joint path as any other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    application::{
        Application, HeldApplication, Stage, SubmitApplication, Verdict, held, submitted_for,
    },
    id::Id,
    refusal::{Reason, Refusal},
    vacancy::{Vacancy, VacancyTerms},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// A candidate's consent, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    whose: Option<(PersonId, TenantId)>,
    consents: bool,
    referred: BTreeSet<Id<Vacancy>>,
}

/// What a referral decides.
#[derive(Debug, Clone)]
pub enum ReferralAct {
    /// See [`ConsentToReferral`].
    Consent {
        /// The candidate.
        person: PersonId,
        /// The university that may put them forward.
        university: TenantId,
    },
    /// See [`WithdrawReferralConsent`].
    WithdrawConsent,
    /// See [`ReferCandidate`].
    Refer {
        /// The vacancy of the other partner.
        vacancy: Id<Vacancy>,
    },
}

/// Facts of a referral, in the university's feed only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ReferralEvent {
    /// The candidate consents to be put forward.
    ReferralConsentGiven {
        /// The candidate.
        person: PersonId,
        /// The university that may put them forward.
        university: TenantId,
    },
    /// The candidate consents no more; what is under way goes on.
    ReferralConsentWithdrawn {},
    /// The university put the candidate forward.
    CandidateReferred {
        /// The vacancy of the other partner.
        vacancy: Id<Vacancy>,
    },
}

aggregate!(Referral, "referral", ReferralAct, ReferralEvent);

impl Referral {
    /// The id of the referral that follows from an application to `university`'s programme.
    pub fn id(university: TenantId, application: Id<Application>) -> Id<Self> {
        Id::derive(university, &[application.0])
    }

    /// Whether the candidate consents now.
    pub fn consents(&self) -> bool {
        self.consents
    }

    /// The vacancies the candidate was put forward for.
    pub fn referred(&self) -> &BTreeSet<Id<Vacancy>> {
        &self.referred
    }

    fn evolve(&mut self, event: ReferralEvent) {
        match event {
            ReferralEvent::ReferralConsentGiven { person, university } => {
                self.whose = Some((person, university));
                self.consents = true;
            }
            ReferralEvent::ReferralConsentWithdrawn {} => self.consents = false,
            ReferralEvent::CandidateReferred { vacancy } => {
                self.referred.insert(vacancy);
            }
        }
    }
}

impl Decider for Referral {
    type Act = ReferralAct;
    const COLLECTION: &'static str = "referrals";

    fn decide(&self, issued: &Issued<ReferralAct>) -> Result<Vec<ReferralEvent>, Refusal> {
        match issued.act {
            ReferralAct::Consent { person, university } => Ok(if self.consents {
                vec![]
            } else {
                vec![ReferralEvent::ReferralConsentGiven { person, university }]
            }),
            ReferralAct::WithdrawConsent => Ok(if self.consents {
                vec![ReferralEvent::ReferralConsentWithdrawn {}]
            } else {
                vec![]
            }),
            ReferralAct::Refer { vacancy } if self.referred.contains(&vacancy) => Ok(vec![]),
            ReferralAct::Refer { .. } if !self.consents => Err(Refusal::new(
                Reason::ConsentRequired,
                "the candidate has not consented to be put forward; ask them to, with \
                 ConsentToReferral",
            )),
            ReferralAct::Refer { vacancy } => {
                Ok(vec![ReferralEvent::CandidateReferred { vacancy }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.whose
            .map(|(person, university)| Custody::of(university, []).about(person))
    }
}

/// Whether the university alone said yes in the last round.
fn wanted_by_the_university_only(held: &HeldApplication) -> bool {
    matches!(held.stage, Stage::NotAppointed { .. })
        && held.rounds.last().is_some_and(|round| {
            (round.employer, round.university) == (Verdict::Reject, Verdict::Accept)
        })
}

/// The candidate's own application; anybody else's and none are the same refusal.
fn own(
    issue: &Issue,
    world: &mut World,
    application: Id<Application>,
) -> Result<HeldApplication, Halt> {
    issue.by.acting_for(TenantKind::Person)?;
    held(issue, world, application)
}

/// The candidate consents to be put forward for a vacancy of another partner of the university.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsentToReferral {
    /// The application that did not lead to an appointment.
    pub application: Id<Application>,
}

impl Command for ConsentToReferral {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let held = own(issue, world, self.application)?;
        // both words are not the candidate's to see: what an outcome was is all that may show
        if !matches!(held.stage, Stage::NotAppointed { .. }) {
            return Err(Refusal::state_not_allowed(
                "consent is asked for when an application does not lead to an appointment",
            )
            .into());
        }
        let id = Referral::id(held.terms.university, self.application);
        let act = ReferralAct::Consent {
            person: held.terms.person,
            university: held.terms.university,
        };
        world.decide_beyond(issue, id, act)?;
        Ok(id.key())
    }
}

/// The candidate takes the consent back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithdrawReferralConsent {
    /// The application it was given for.
    pub application: Id<Application>,
}

impl Command for WithdrawReferralConsent {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let held = own(issue, world, self.application)?;
        let id = Referral::id(held.terms.university, self.application);
        world.decide(issue, id, ReferralAct::WithdrawConsent)?;
        Ok(id.key())
    }
}

/// The university puts a candidate forward for a vacancy of another partner: it applies on their
/// behalf, with what the candidate wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferCandidate {
    /// The application the employer rejected.
    pub application: Id<Application>,
    /// The other partner's vacancy, and what the candidate says about themself.
    pub submit: SubmitApplication,
}

impl ReferCandidate {
    /// The vacancy of another partner of the same university, for the same role.
    fn vacancy(
        &self,
        world: &mut World,
        held: &HeldApplication,
    ) -> Result<(VacancyTerms, Vacancy), Halt> {
        let vacancy = world.read(self.submit.vacancy)?.clone();
        let terms = vacancy
            .terms()
            .cloned()
            .filter(|to| (to.university, &to.role) == (held.terms.university, &held.terms.role));
        let terms = terms.ok_or_else(Refusal::not_permitted)?;
        if terms.employer == held.terms.employer {
            return Err(Refusal::invalid(
                "vacancy",
                "it is of the same employer; ask that employer to reconsider instead",
            )
            .into());
        }
        Ok((terms, vacancy))
    }
}

impl Command for ReferCandidate {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let held = held(issue, world, self.application)?;
        if held.terms.university != university {
            return Err(Refusal::not_permitted().into());
        }
        let (terms, vacancy) = self.vacancy(world, &held)?;
        if !wanted_by_the_university_only(&held) {
            return Err(Refusal::state_not_allowed(
                "a candidate is put forward when the university accepts and the employer rejects",
            )
            .into());
        }
        let id = Referral::id(university, self.application);
        let refer = ReferralAct::Refer {
            vacancy: self.submit.vacancy,
        };
        world.decide(issue, id, refer)?;
        let submit = SubmitApplication {
            entry: held.entry,
            degree: held.degree,
            ..self.submit.clone()
        };
        let open = vacancy.accepts(issue.effective);
        let person = held.terms.person;
        submitted_for(issue, world, &submit, person, terms, open)
    }
}

#[cfg(test)]
mod tests;
