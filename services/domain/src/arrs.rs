//! The additional roles reimbursement scheme of primary care: a qualified practitioner, employed by
//! the provider of community mental health, deployed in a primary care network which pays a share
//! (`PRACTICE-04..08`, `PRACTICE-12`). Who may be deployed is derived on the day, from facts of this
//! record and others; such a post is not baseline funding and discharges nobody's promise (`X-06`).

mod commands;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, IntoStaticStr, VariantNames};

pub use self::commands::*;
use crate::{
    appointment::Appointment,
    directory::Supervisor,
    id::Id,
    policy::catalogue::RegisterStanding,
    refusal::{Reason, Refusal},
    world::{Custody, Decider, Issue, Issued, aggregate},
};

/// The longest id of a competence, evidence or network, in bytes.
pub const WORD_BYTES_MAX: usize = 60;
/// The most deployments, supervisors or plans in turn.
pub const CHANGES_MAX: usize = 200;

/// What the scheme asks for; each lack has its own word.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Display, EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Condition {
    /// The training is completed, by the day before (`PRACTICE-04`).
    Qualification,
    /// A registered psychological professional supervises directly (`PRACTICE-05`).
    DirectSupervision,
    /// Competences in listed interventions are evidenced (`PRACTICE-06`).
    Competences,
    /// There is a supervision plan (`PRACTICE-07`).
    SupervisionPlan,
    /// Policy admits the kind of register that lists the practitioner, or none (`PRACTICE-12`).
    Register,
}

/// What other records say on the day, and policy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The day of the qualification.
    pub qualified_on: Option<Date>,
    /// Whether the supervisor of the day is a registered psychological professional then.
    pub supervisor_registered: bool,
    /// The strongest register that lists the practitioner.
    pub register: RegisterStanding,
    /// The kinds of register that policy admits.
    pub admitted: Vec<RegisterStanding>,
}

/// Who supervises directly, from when on; nobody when `supervisor` is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrsSupervision {
    /// Who.
    pub supervisor: Option<Id<Supervisor>>,
    /// From when.
    pub from: Date,
}

/// A plan of supervision and support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrsSupervisionPlan {
    /// The day it was agreed.
    pub agreed: Date,
    /// The day it is looked at again.
    pub review_on: Date,
}

/// A deployment in a primary care network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrsPost {
    /// The network, by its code.
    pub network: String,
    /// Agenda for Change band.
    pub band: u8,
    /// The network's share of salary and on-costs, in hundredths; the employer bears the rest.
    pub network_percent: u8,
    /// The kind of register that listed the practitioner.
    pub register: RegisterStanding,
    /// Whether experience was below what policy suggests: advice, never a bar (`PRACTICE-08`,
    /// `X-11`).
    pub little_experience: bool,
    /// The first day.
    pub from: Date,
}

impl ArrsPost {
    /// The employer's share, in hundredths.
    pub fn employer_percent(&self) -> u8 {
        100u8.saturating_sub(self.network_percent)
    }
}

/// What was checked on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrsCheck {
    /// The day.
    pub on: Date,
    /// What is lacking; eligible when nothing is.
    pub lacking: Vec<Condition>,
}

/// The record of one practitioner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldArrs {
    /// Whose.
    pub appointment: Appointment,
    /// Competences by id, each with where it is evidenced and since when.
    pub competences: BTreeMap<String, (String, Date)>,
    /// Supervisors in turn, first to latest.
    pub supervision: Vec<ArrsSupervision>,
    /// Plans in turn, first to latest.
    pub plans: Vec<ArrsSupervisionPlan>,
    /// The latest check.
    pub check: Option<ArrsCheck>,
    /// Deployments with their last days, first to latest.
    pub posts: Vec<(ArrsPost, Option<Date>)>,
}

/// The state of a practitioner's record with the scheme.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum ArrsDeployment {
    /// Nothing recorded.
    #[default]
    Absent,
    /// Something is.
    Held(Box<HeldArrs>),
}

/// What such a record decides.
#[derive(Debug, Clone)]
pub enum ArrsAct {
    /// See [`EvidenceArrsCompetence`].
    Competence {
        /// Which.
        competence: String,
        /// Where it is evidenced.
        evidence: String,
    },
    /// See [`ArrangeArrsSupervision`].
    Arrange {
        /// Who.
        supervisor: Id<Supervisor>,
        /// Whether they are a registered psychological professional on the day.
        registered: bool,
    },
    /// See [`EndArrsSupervision`].
    EndSupervision,
    /// See [`AgreeArrsSupervisionPlan`].
    Plan {
        /// The day it is looked at again.
        review_on: Date,
    },
    /// See [`CheckArrsEligibility`].
    Check(Standing),
    /// See [`DeployUnderArrs`].
    Deploy {
        /// The post.
        post: ArrsPost,
        /// What other records say.
        standing: Standing,
    },
    /// See [`EndArrsDeployment`].
    End,
}

/// Facts of such a record; the employer's alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ArrsDeploymentEvent {
    /// The employer began to record.
    ArrsRecordOpened {
        /// Whose.
        appointment: Appointment,
    },
    /// A competence is evidenced.
    ArrsCompetenceEvidenced {
        /// Which, of the role's interventions or of policy `arrs.competences`.
        competence: String,
        /// Where, in the employer's files.
        evidence: String,
        /// Since when.
        on: Date,
    },
    /// A registered psychological professional supervises directly.
    ArrsSupervisionArranged {
        /// Who.
        supervisor: Id<Supervisor>,
        /// From when.
        from: Date,
    },
    /// Nobody does any more.
    ArrsSupervisionEnded {
        /// From when.
        on: Date,
    },
    /// Supervision and support are planned.
    ArrsSupervisionPlanAgreed {
        /// The plan.
        plan: ArrsSupervisionPlan,
    },
    /// Somebody asked whether the practitioner may be deployed.
    ArrsEligibilityChecked {
        /// The answer.
        check: ArrsCheck,
    },
    /// The practitioner works in a primary care network.
    ArrsDeploymentStarted {
        /// The post.
        post: ArrsPost,
    },
    /// The practitioner no longer does.
    ArrsDeploymentEnded {
        /// The last day.
        on: Date,
    },
}

impl ArrsDeployment {
    /// The record, once there is one.
    pub fn held(&self) -> Option<&HeldArrs> {
        match self {
            Self::Absent => None,
            Self::Held(held) => Some(held),
        }
    }

    fn evolve(&mut self, event: ArrsDeploymentEvent) {
        if let ArrsDeploymentEvent::ArrsRecordOpened { appointment } = event {
            *self = Self::Held(Box::new(HeldArrs {
                appointment,
                competences: BTreeMap::new(),
                supervision: vec![],
                plans: vec![],
                check: None,
                posts: vec![],
            }));
            return;
        }
        if let Self::Held(held) = self {
            held.evolve(event);
        }
    }
}

impl HeldArrs {
    /// Who supervises directly now.
    pub fn supervisor(&self) -> Option<Id<Supervisor>> {
        self.supervision.last()?.supervisor
    }

    /// The deployment that has not ended.
    pub fn deployed(&self) -> Option<&ArrsPost> {
        self.posts
            .last()
            .filter(|(_, ended)| ended.is_none())
            .map(|(post, _)| post)
    }

    fn evolve(&mut self, event: ArrsDeploymentEvent) {
        match event {
            ArrsDeploymentEvent::ArrsRecordOpened { .. } => {}
            ArrsDeploymentEvent::ArrsCompetenceEvidenced {
                competence,
                evidence,
                on,
            } => {
                self.competences.insert(competence, (evidence, on));
            }
            ArrsDeploymentEvent::ArrsSupervisionArranged { supervisor, from } => {
                self.supervision.push(ArrsSupervision {
                    supervisor: Some(supervisor),
                    from,
                });
            }
            ArrsDeploymentEvent::ArrsSupervisionEnded { on } => {
                self.supervision.push(ArrsSupervision {
                    supervisor: None,
                    from: on,
                });
            }
            ArrsDeploymentEvent::ArrsSupervisionPlanAgreed { plan } => self.plans.push(plan),
            ArrsDeploymentEvent::ArrsEligibilityChecked { check } => self.check = Some(check),
            ArrsDeploymentEvent::ArrsDeploymentStarted { post } => self.posts.push((post, None)),
            ArrsDeploymentEvent::ArrsDeploymentEnded { on } => {
                if let Some((_, ended)) = self.posts.last_mut() {
                    *ended = Some(on);
                }
            }
        }
    }

    /// What is lacking on a day for a deployment (`PRACTICE-04..07`, `PRACTICE-12`).
    pub fn lacking(&self, on: Date, standing: &Standing) -> Vec<Condition> {
        let supervised = standing.supervisor_registered
            && self
                .supervision
                .last()
                .is_some_and(|now| now.supervisor.is_some() && now.from <= on);
        let met = [
            (
                Condition::Qualification,
                standing
                    .qualified_on
                    .is_some_and(|qualified| qualified < on),
            ),
            (Condition::DirectSupervision, supervised),
            (
                Condition::Competences,
                self.competences.values().any(|(_, since)| *since <= on),
            ),
            (
                Condition::SupervisionPlan,
                self.plans.iter().any(|plan| plan.agreed <= on),
            ),
            (
                Condition::Register,
                standing.admitted.contains(&standing.register),
            ),
        ];
        met.into_iter()
            .filter(|(_, met)| !met)
            .map(|(condition, _)| condition)
            .collect()
    }

    fn decide(&self, issue: &Issue, act: &ArrsAct) -> Result<Vec<ArrsDeploymentEvent>, Refusal> {
        let on = issue.today();
        match act {
            ArrsAct::Competence {
                competence,
                evidence,
            } => {
                if let Some((known, _)) = self.competences.get(competence) {
                    return Refusal::unless_same(known == evidence, "the competence");
                }
                Ok(vec![ArrsDeploymentEvent::ArrsCompetenceEvidenced {
                    competence: competence.clone(),
                    evidence: evidence.clone(),
                    on,
                }])
            }
            ArrsAct::Arrange {
                supervisor,
                registered,
            } => self.arrange(on, *supervisor, *registered),
            ArrsAct::EndSupervision => self.end_supervision(on),
            ArrsAct::Plan { review_on } => {
                let plan = ArrsSupervisionPlan {
                    agreed: on,
                    review_on: *review_on,
                };
                if self.plans.contains(&plan) {
                    return Ok(vec![]);
                }
                if *review_on <= on {
                    return Err(Refusal::invalid(
                        "review_on",
                        "a plan is looked at again after it is agreed; name a later day",
                    ));
                }
                bounded(self.plans.len())?;
                Ok(vec![ArrsDeploymentEvent::ArrsSupervisionPlanAgreed {
                    plan,
                }])
            }
            ArrsAct::Check(standing) => {
                let check = ArrsCheck {
                    on,
                    lacking: self.lacking(on, standing),
                };
                if self.check.as_ref() == Some(&check) {
                    return Ok(vec![]);
                }
                Ok(vec![ArrsDeploymentEvent::ArrsEligibilityChecked { check }])
            }
            ArrsAct::Deploy { post, standing } => self.deploy(post, standing),
            ArrsAct::End => match self.posts.last() {
                None => Err(Refusal::state_not_allowed(
                    "nobody is deployed; there is nothing to end",
                )),
                Some((_, Some(ended))) => {
                    Refusal::unless_same(*ended == on, "the end of the deployment")
                }
                Some((post, None)) if on < post.from => Err(Refusal::state_not_allowed(format!(
                    "the deployment began on {}; date its end then or later",
                    post.from
                ))),
                Some(_) => Ok(vec![ArrsDeploymentEvent::ArrsDeploymentEnded { on }]),
            },
        }
    }

    fn arrange(
        &self,
        from: Date,
        supervisor: Id<Supervisor>,
        registered: bool,
    ) -> Result<Vec<ArrsDeploymentEvent>, Refusal> {
        if self.supervisor() == Some(supervisor) {
            return Ok(vec![]);
        }
        if !registered {
            return Err(Refusal::new(
                Reason::SupervisorNotEligible,
                "direct supervision is by a psychological professional whom a register shows on \
                 the day; record a register check or name somebody else",
            ));
        }
        self.in_turn(from)?;
        Ok(vec![ArrsDeploymentEvent::ArrsSupervisionArranged {
            supervisor,
            from,
        }])
    }

    fn end_supervision(&self, on: Date) -> Result<Vec<ArrsDeploymentEvent>, Refusal> {
        match self.supervision.last() {
            None => Err(Refusal::state_not_allowed(
                "nobody supervises yet; there is nothing to end",
            )),
            Some(last) if last.supervisor.is_none() => {
                Refusal::unless_same(last.from == on, "the end of the supervision")
            }
            Some(_) => {
                self.in_turn(on)?;
                Ok(vec![ArrsDeploymentEvent::ArrsSupervisionEnded { on }])
            }
        }
    }

    fn in_turn(&self, next: Date) -> Result<(), Refusal> {
        if let Some(last) = self.supervision.last().filter(|last| next < last.from) {
            return Err(Refusal::state_not_allowed(format!(
                "supervision changed on {}; date the next change then or later",
                last.from
            )));
        }
        bounded(self.supervision.len())
    }

    fn deploy(
        &self,
        post: &ArrsPost,
        standing: &Standing,
    ) -> Result<Vec<ArrsDeploymentEvent>, Refusal> {
        if let Some(known) = self.deployed() {
            return Refusal::unless_same(known == post, "the deployment");
        }
        let lacking = self.lacking(post.from, standing);
        if !lacking.is_empty() {
            let words: Vec<String> = lacking.iter().map(ToString::to_string).collect();
            let words = words.join(", ");
            return Err(Refusal::new(
                Reason::ArrsNotEligible,
                format!(
                    "the scheme is not open to this practitioner on {}: {words} lacking; supply \
                     that first",
                    post.from
                ),
            )
            .with("lacking", words));
        }
        let ended = self.posts.last().and_then(|(_, ended)| *ended);
        if let Some(ended) = ended.filter(|ended| post.from <= *ended) {
            return Err(Refusal::state_not_allowed(format!(
                "another deployment lasted until {ended}; start this one afterwards"
            )));
        }
        bounded(self.posts.len())?;
        Ok(vec![ArrsDeploymentEvent::ArrsDeploymentStarted {
            post: post.clone(),
        }])
    }
}

fn bounded(held: usize) -> Result<(), Refusal> {
    if held < CHANGES_MAX {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::CapacityExceeded,
        "this record holds no more entries of the kind",
    ))
}

aggregate!(
    ArrsDeployment,
    "arrs_deployment",
    (Appointment, ArrsAct),
    ArrsDeploymentEvent
);

impl Decider for ArrsDeployment {
    type Act = (Appointment, ArrsAct);
    const COLLECTION: &'static str = "arrsDeployments";

    fn decide(
        &self,
        issued: &Issued<(Appointment, ArrsAct)>,
    ) -> Result<Vec<ArrsDeploymentEvent>, Refusal> {
        let (appointment, act) = &issued.act;
        if let Self::Held(held) = self {
            return held.decide(issued, act);
        }
        // the first fact opens the record; what it alone would refuse is refused
        let opened = ArrsDeploymentEvent::ArrsRecordOpened {
            appointment: appointment.clone(),
        };
        let mut state = Self::Absent;
        state.evolve(opened.clone());
        let mut events = vec![opened];
        if let Self::Held(held) = &state {
            events.extend(held.decide(issued, act)?);
        }
        Ok(events)
    }

    fn custody(&self) -> Option<Custody> {
        self.held()
            .map(|held| Custody::of(held.appointment.employer, []).about(held.appointment.person))
    }
}

#[cfg(test)]
mod tests;
