//! What is asked of a practitioner's record with the scheme.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{ArrsAct, ArrsDeployment, ArrsPost, Standing, WORD_BYTES_MAX};
use crate::{
    actor::TenantKind,
    application::Application,
    appointment::{Appointed, Appointment},
    directory::Supervisor,
    id::Id,
    policy::catalogue::{Phase, Range, RegisterStanding, Registers, Setting, SupervisorRule},
    qualification::Qualification,
    qualified_practice::QualifiedPractice,
    refusal::Refusal,
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Whose record it is, for the employer of the trainee or of the qualified post.
fn whose(
    issue: &Issue,
    world: &mut World,
    application: Id<Application>,
) -> Result<(Id<ArrsDeployment>, Appointment), Halt> {
    let employer = issue.by.acting_for(TenantKind::Employer)?;
    let practice: Id<QualifiedPractice> = Id::derive(employer, &[application.0]);
    let held = world.read(practice)?.held();
    let appointment = match held.map(|held| held.appointment.clone()) {
        Some(appointment) => appointment,
        None => Appointed::of(issue, world, application)?.appointment,
    };
    if appointment.employer != employer {
        return Err(Refusal::not_permitted().into());
    }
    Ok((Id::derive(employer, &[application.0]), appointment))
}

fn decided(
    issue: &Issue,
    world: &mut World,
    application: Id<Application>,
    act: ArrsAct,
) -> Result<StreamKey, Halt> {
    let (id, appointment) = whose(issue, world, application)?;
    world.decide(issue, id, (appointment, act))?;
    Ok(id.key())
}

/// Whether a supervisor is a registered psychological professional on the day, by policy
/// `arrs.supervisor_rule` (`PRACTICE-05`).
fn registered(issue: &Issue, world: &mut World, supervisor: Id<Supervisor>) -> Result<bool, Halt> {
    let rule: Vec<SupervisorRule> = issue.policies.get("arrs.supervisor_rule", issue.today())?;
    Ok(world
        .read_own(issue, supervisor)?
        .eligible_on(issue.today(), &rule))
}

/// The strongest register that lists a practitioner on a day, by policy `registers`
/// (`PRACTICE-12`).
fn listed(
    issue: &Issue,
    qualification: &Qualification,
    on: Date,
) -> Result<RegisterStanding, Refusal> {
    let registers: Registers = issue.policies.get("registers", on)?;
    Ok(qualification
        .entries()
        .iter()
        .filter(|entry| entry.from <= on && entry.until.is_none_or(|until| on <= until))
        .filter_map(|entry| registers.get(&entry.register))
        .map(|register| register.standing)
        .max()
        .unwrap_or_default())
}

fn standing(
    issue: &Issue,
    world: &mut World,
    id: Id<ArrsDeployment>,
    appointment: &Appointment,
) -> Result<Standing, Halt> {
    let today = issue.today();
    let supervisor = world.read(id)?.held().and_then(super::HeldArrs::supervisor);
    let supervisor_registered = match supervisor {
        Some(supervisor) => registered(issue, world, supervisor)?,
        None => false,
    };
    let trained: Id<Qualification> = appointment.qualification();
    let qualification = world.read(trained)?;
    Ok(Standing {
        qualified_on: qualification.award().map(|award| award.awarded),
        supervisor_registered,
        register: listed(issue, qualification, today)?,
        admitted: issue.policies.get("arrs.registers", today)?,
    })
}

/// A competence in a listed intervention is evidenced from the day on (`PRACTICE-06`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceArrsCompetence {
    /// The thread of the practitioner's life.
    pub application: Id<Application>,
    /// Which, of the role's interventions or of policy `arrs.competences`.
    pub competence: String,
    /// Where it is evidenced, by its id in the employer's files.
    pub evidence: String,
}

impl Command for EvidenceArrsCompetence {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let competence = text::identifier(&self.competence, "competence", WORD_BYTES_MAX)?;
        let evidence = text::identifier(&self.evidence, "evidence", WORD_BYTES_MAX)?;
        let (id, appointment) = whose(issue, world, self.application)?;
        let today = issue.today();
        let mut known: Vec<String> = issue.policies.get("arrs.competences", today)?;
        let interventions: Option<Vec<String>> = issue
            .policies
            .find(&format!("interventions.{}", appointment.role), today)?;
        known.extend(interventions.unwrap_or_default());
        if !known.contains(&competence) {
            return Err(Refusal::invalid(
                "competence",
                format!("the policies name {}", known.join(", ")),
            )
            .into());
        }
        let act = ArrsAct::Competence {
            competence,
            evidence,
        };
        world.decide(issue, id, (appointment, act))?;
        Ok(id.key())
    }
}

/// A registered psychological professional supervises directly from the day on (`PRACTICE-05`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArrangeArrsSupervision {
    /// The thread of the practitioner's life.
    pub application: Id<Application>,
    /// Who.
    pub supervisor: Id<Supervisor>,
}

impl Command for ArrangeArrsSupervision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = ArrsAct::Arrange {
            supervisor: self.supervisor,
            registered: registered(issue, world, self.supervisor)?,
        };
        decided(issue, world, self.application, act)
    }
}

/// Nobody supervises directly from the day on: the scheme is closed until somebody does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndArrsSupervision {
    /// The thread of the practitioner's life.
    pub application: Id<Application>,
}

impl Command for EndArrsSupervision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        decided(issue, world, self.application, ArrsAct::EndSupervision)
    }
}

/// Supervision and support are planned from the day on (`PRACTICE-07`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeArrsSupervisionPlan {
    /// The thread of the practitioner's life.
    pub application: Id<Application>,
    /// The day it is looked at again.
    pub review_on: Date,
}

impl Command for AgreeArrsSupervisionPlan {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = ArrsAct::Plan {
            review_on: self.review_on,
        };
        decided(issue, world, self.application, act)
    }
}

/// Asks whether the practitioner may be deployed on the day; the answer is a fact of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckArrsEligibility {
    /// The thread of the practitioner's life.
    pub application: Id<Application>,
}

impl Command for CheckArrsEligibility {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (id, appointment) = whose(issue, world, self.application)?;
        let standing = standing(issue, world, id, &appointment)?;
        world.decide(issue, id, (appointment, ArrsAct::Check(standing)))?;
        Ok(id.key())
    }
}

/// Deploys a practitioner in a primary care network from the day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeployUnderArrs {
    /// The thread of the practitioner's life.
    pub application: Id<Application>,
    /// The network, by its code.
    pub network: String,
    /// Agenda for Change band, within policy `arrs.bands`.
    pub band: u8,
    /// The network's share of salary and on-costs, in hundredths.
    pub network_percent: u8,
    /// Months of experience in mental health services before and after the training.
    pub experience_months: u32,
}

impl Command for DeployUnderArrs {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let today = issue.today();
        let network = text::identifier(&self.network, "network", WORD_BYTES_MAX)?;
        if self.network_percent > 100 {
            return Err(Refusal::invalid("network_percent", "from 0 to 100").into());
        }
        let bands: Range = issue.policies.get("arrs.bands", today)?;
        if !(bands.min..=bands.max).contains(&u32::from(self.band)) {
            return Err(Refusal::invalid(
                "band",
                format!("the scheme pays for bands {} to {}", bands.min, bands.max),
            )
            .into());
        }
        let (id, appointment) = whose(issue, world, self.application)?;
        let setting: Setting = issue.policies.get("arrs.setting", today)?;
        let role = &appointment.role;
        issue
            .policies
            .permitted_setting(role, Phase::Qualified, &setting, None, today)?;
        let advised: u32 = issue.policies.get("arrs.experience_months", today)?;
        let standing = standing(issue, world, id, &appointment)?;
        let post = ArrsPost {
            network,
            band: self.band,
            network_percent: self.network_percent,
            register: standing.register,
            little_experience: self.experience_months < advised,
            from: today,
        };
        world.decide(issue, id, (appointment, ArrsAct::Deploy { post, standing }))?;
        Ok(id.key())
    }
}

/// The day is the last in the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndArrsDeployment {
    /// The thread of the practitioner's life.
    pub application: Id<Application>,
}

impl Command for EndArrsDeployment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        decided(issue, world, self.application, ArrsAct::End)
    }
}
