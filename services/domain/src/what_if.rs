//! What would have been decided under other policies: stored decisions, looked at again purely.
//!
//! A decision is taken again under the versions it recorded, and under the same with the proposed
//! values in place of those they would have replaced; nothing else about it changes (`LOCK-05`).
//! Only what the log holds can be looked at: refusals are not recorded, so a proposal that would
//! allow more shows in decisions that were recorded as negative (a supervisor found not eligible,
//! a placement flagged) and never as a list of people turned away.

mod scene;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, civil::Date};
use serde_json::Value;
use uuid::Uuid;

pub use scene::Scene;

use crate::{
    allocation::AllocationEvent,
    calendar::{london_date, months_later, years_later},
    commitment::{BandRule, CommitmentEvent},
    directory::{ClinicalServiceEvent, PlacementFlag},
    fact::Fact,
    funding::{FundingAwardEvent, FundingLockEvent, lock_after},
    policy::{
        Policies, PolicyRegister, ProposedPolicy, Recollection,
        catalogue::{Phase, Range, Role, Settings},
    },
    preceptorship::PreceptorshipEvent,
    refusal::{Reason, Refusal},
    training::TrainingEvent,
    vacancy::VacancyEvent,
};

/// A stored decision: an event, and the versions its command used.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The stream's id.
    pub stream: Uuid,
    /// When it is true in the world.
    pub effective: Timestamp,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// The event.
    pub fact: Fact,
    /// The versions used, by policy id.
    pub policies: BTreeMap<String, u32>,
}

/// What becomes of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same.
    Same,
    /// Another: what it was, and what it would be.
    Changed {
        /// Under the versions it recorded.
        then: String,
        /// Under the proposal.
        now: String,
    },
    /// The event does not hold what the decision rested on, and it may have rested on a policy of
    /// the proposal.
    Undecidable,
}

/// Values that are proposed, and the register they would join.
#[derive(Debug, Clone)]
pub struct Proposal {
    register: Arc<PolicyRegister>,
    values: Arc<[ProposedPolicy]>,
}

impl Proposal {
    /// Values of the shapes of their policies.
    ///
    /// # Errors
    /// `FIELD_INVALID` where a value could not be set.
    pub fn new(
        register: Arc<PolicyRegister>,
        values: Vec<ProposedPolicy>,
    ) -> Result<Self, Refusal> {
        for value in &values {
            value.check(&register)?;
        }
        if values.is_empty() {
            return Err(Refusal::invalid("proposed", "propose at least one value"));
        }
        Ok(Self {
            register,
            values: values.into(),
        })
    }

    /// Whether a decision may come out otherwise: it used a policy of the proposal, or a more
    /// general one, or it is one that was taken because there was no such policy.
    pub fn concerns(&self, fact: &Fact, used: &BTreeMap<String, u32>) -> bool {
        let for_want_of_one = matches!(
            fact,
            Fact::ClinicalService(ClinicalServiceEvent::PlacementFlagged { .. })
        );
        for_want_of_one || self.touches(used)
    }

    /// Takes a decision again.
    pub fn reconsider(&self, decision: &Decision, scene: &Scene) -> Verdict {
        let known = Recollection {
            versions: decision.policies.clone(),
            recorded: decision.recorded,
            set: scene.set_times(),
        };
        let register = || Arc::clone(&self.register);
        let then = Policies::recalled(register(), known.clone());
        let now = Policies::proposed(register(), known, Arc::clone(&self.values));
        let taken = |policies: &Policies| decide(decision, scene, policies);
        match (taken(&then), taken(&now)) {
            (Some(Ok(then)), Some(Ok(now))) if then == now => Verdict::Same,
            (Some(Ok(then)), Some(Ok(now))) => Verdict::Changed { then, now },
            // What comes out of the versions it recorded is not what is recorded, or nothing does.
            _ => Verdict::Undecidable,
        }
    }

    /// Whether one of these policies is of the proposal, or is a general one that the proposal
    /// would make particular.
    fn touches(&self, used: &BTreeMap<String, u32>) -> bool {
        self.values.iter().any(|value| {
            let mut id = value.policy.as_str();
            loop {
                if used.contains_key(id) {
                    return true;
                }
                match id.rsplit_once('.') {
                    Some((general, _)) => id = general,
                    None => return false,
                }
            }
        })
    }
}

/// What a decision came to, in words that are the same exactly when it is; the refusal of a policy
/// that cannot be read; `None` where the event does not hold what it rested on.
type Outcome = Option<Result<String, Refusal>>;

/// The decisions that can be taken again, one arm each.
fn decide(decision: &Decision, scene: &Scene, policies: &Policies) -> Outcome {
    let on = london_date(decision.effective);
    match &decision.fact {
        Fact::ClinicalService(ClinicalServiceEvent::ClinicalServiceOpened { setting, .. }) => {
            let known = policies.get::<Settings>("settings", on);
            Some(
                known.map(|known| match known.contains_key(setting.as_str()) {
                    true => "a known setting".to_owned(),
                    false => "no known setting".to_owned(),
                }),
            )
        }
        Fact::ClinicalService(ClinicalServiceEvent::PlacementFlagged {
            application,
            flag,
            on,
        }) => {
            let service = scene.service(decision.stream, decision.recorded)?;
            let placement = service.placements.get(application)?;
            let admitted = service.admits(
                policies,
                &placement.role,
                placement.phase,
                &placement.sites,
                placement.region,
                *on,
            );
            Some(match admitted {
                Ok(_) => Ok("permitted".to_owned()),
                Err(refusal) if refusal.reason == Reason::PolicyMissing => Err(refusal),
                Err(_) => Ok(flagged(*flag)),
            })
        }
        Fact::Vacancy(VacancyEvent::VacancyOpened { terms }) => {
            let service = scene.service(terms.clinical_service.0, decision.recorded)?;
            let starts = scene.intake(terms.intake.0)?.teaching_start;
            let admitted = service.admits(
                policies,
                &terms.role,
                Phase::Trainee,
                &terms.sites,
                Some(terms.region),
                starts,
            );
            Some(refusable(admitted.map(|setting| match setting.pilot {
                Some(pilot) => format!("permitted, pilot {pilot}"),
                None => "permitted".to_owned(),
            })))
        }
        Fact::Allocation(AllocationEvent::AllocationProposed { proposal }) => {
            let interest = scene.interest(decision.stream)?;
            let cluster = scene.cluster(proposal.intake.0, interest.employer, decision.recorded);
            let overridden = scene.overridden(decision.stream);
            let min = policies.cluster_min(&interest.role, on);
            Some(min.map(|min| match cluster >= min || overridden {
                true => "accepted".to_owned(),
                false => word(Reason::ClusterBelowMinimum),
            }))
        }
        Fact::Allocation(AllocationEvent::SupervisorEligibilityChecked {
            supervisor, on, ..
        }) => {
            let role = &scene.interest(decision.stream)?.role;
            Some(supervised(
                scene,
                policies,
                role,
                supervisor.0,
                *on,
                decision.recorded,
            ))
        }
        Fact::Training(TrainingEvent::SupervisorAssigned {
            appointment,
            supervision,
        }) => Some(supervised(
            scene,
            policies,
            &appointment.role,
            supervision.supervisor.0,
            supervision.from,
            decision.recorded,
        )),
        Fact::Training(TrainingEvent::WeeklyPatternSet { pattern }) => {
            let university = policies.get::<u32>("university_days", pattern.from);
            let practice = policies.get::<Range>("practice_days", pattern.from);
            let fits = |university: u32, practice: Range| {
                pattern.university_days == university
                    && (practice.min..=practice.max).contains(&pattern.practice_days)
            };
            Some(university.and_then(|university| {
                Ok(match fits(university, practice?) {
                    true => "accepted".to_owned(),
                    false => word(Reason::WeeklyPatternInvalid),
                })
            }))
        }
        Fact::Training(TrainingEvent::PracticeHoursLogged { entry }) => {
            let intervention = entry.intervention.as_ref()?;
            let role = &scene.trained(decision.stream)?.role;
            let listed = policies.get::<Vec<String>>(&format!("interventions.{role}"), entry.until);
            Some(listed.map(|listed| match listed.contains(intervention) {
                true => "accepted".to_owned(),
                false => word(Reason::ActivityNotListed),
            }))
        }
        Fact::Commitment(event) => promised(event, scene, policies, on),
        Fact::FundingLock(
            FundingLockEvent::ProvisionalFundingLockStarted {
                application, lock, ..
            }
            | FundingLockEvent::FundingLockStarted {
                application, lock, ..
            },
        ) => {
            let appointment = scene.appointed(application.0)?;
            let after = lock_after(
                policies,
                appointment,
                lock.training_start,
                lock.board,
                lock.provisional,
            );
            Some(after.map(|lock| match lock {
                Some(lock) => format!("locked until {}", lock.until),
                None => "not locked".to_owned(),
            }))
        }
        Fact::FundingAward(FundingAwardEvent::FundingAwardApproved { award, .. }) => {
            let instalments = policies.get::<u32>("award.instalments", on);
            let role = &award.appointment.role;
            Some(instalments.and_then(|instalments| {
                Ok(format!(
                    "{instalments} instalments, {}",
                    salary(policies, role, award.salary_pence, on)?
                ))
            }))
        }
        Fact::Preceptorship(PreceptorshipEvent::PreceptorshipStarted { .. }) => {
            let tier = policies.get::<String>("preceptorship.tier", on);
            let tiers = policies.get::<BTreeMap<String, Value>>("preceptorship.tiers", on);
            Some(tier.and_then(|tier| {
                let asks = tiers?
                    .get(&tier)
                    .map(ToString::to_string)
                    .unwrap_or_default();
                Ok(format!("tier {tier} {asks}"))
            }))
        }
        Fact::Preceptorship(PreceptorshipEvent::ConsolidationClockStarted { consolidation }) => {
            let years = policies.get("consolidation.years", consolidation.from);
            Some(
                years.map(|years| {
                    format!("consolidated on {}", years_later(consolidation.from, years))
                }),
            )
        }
        _ => None,
    }
}

fn promised(event: &CommitmentEvent, scene: &Scene, policies: &Policies, on: Date) -> Outcome {
    match event {
        CommitmentEvent::CommitmentGiven { terms } => {
            let ends = scene.intake(terms.intake.0)?.training_end;
            let rule = policies.get::<BandRule>("commitment.band_rule", on);
            let role = policies.role(&terms.role, ends);
            Some(rule.and_then(|rule| {
                let asked = role?.qualified_band;
                let met = asked.is_some_and(|asked| rule.admits(terms.band, asked));
                Ok(match met {
                    true => "accepted".to_owned(),
                    false => word(Reason::CommitmentTermsNotMet),
                })
            }))
        }
        CommitmentEvent::CommitmentDue { qualified_on, .. } => {
            let window = policies.get("commitment.evidence_window", *qualified_on);
            Some(
                window.map(|window| format!("evidence by {}", months_later(*qualified_on, window))),
            )
        }
        _ => None,
    }
}

fn supervised(
    scene: &Scene,
    policies: &Policies,
    role: &Role,
    supervisor: Uuid,
    on: Date,
    known: Timestamp,
) -> Result<String, Refusal> {
    let rule = policies.supervisor_rule(role, on)?;
    Ok(match scene.eligible(supervisor, &rule, on, known) {
        true => "eligible".to_owned(),
        false => word(Reason::SupervisorNotEligible),
    })
}

/// The salary that policy gives the role, where the award is of it; an award of another amount was
/// named and depends on no policy.
fn salary(policies: &Policies, role: &Role, awarded: i64, on: Date) -> Result<String, Refusal> {
    let Some(band) = policies.role(role, on)?.trainee_band else {
        return Ok("a salary named".to_owned());
    };
    let pay: BTreeMap<String, Vec<i64>> = policies.get("pay.table", on)?;
    let entry = pay.get(&band.to_string()).and_then(|points| points.first());
    Ok(match entry {
        Some(entry) if *entry == awarded => format!("salary {entry} pence"),
        Some(entry) => format!("salary {awarded} pence; entry point {entry} pence"),
        None => "a salary named".to_owned(),
    })
}

/// A refusal that is an outcome; a policy that cannot be read is none.
fn refusable(outcome: Result<String, Refusal>) -> Result<String, Refusal> {
    match outcome {
        Err(refusal) if refusal.reason != Reason::PolicyMissing => Ok(word(refusal.reason)),
        outcome => outcome,
    }
}

fn flagged(flag: PlacementFlag) -> String {
    format!("flagged {flag}")
}

fn word(reason: Reason) -> String {
    let word: &'static str = reason.into();
    word.to_owned()
}

#[cfg(test)]
mod tests;
