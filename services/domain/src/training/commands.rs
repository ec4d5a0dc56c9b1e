//! What is asked of a training, one struct per RPC; notes come from the platform's reactions.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    CorrectionReason, DisallowReason, HoursReinstatementReason, PracticeKind, Teaching, Training,
    TrainingAct, site_of,
};
use crate::{
    actor::TenantKind,
    application::Application,
    appointment::{Appointed, Appointment},
    correction::Authority,
    directory::{ClinicalService, Supervisor},
    id::Id,
    refusal::Refusal,
    supervision::{SupervisorCourse, UntrainedSupervisor},
    supervision_agreement::SupervisionAgreement,
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// The longest intervention id, in bytes.
pub const INTERVENTION_BYTES_MAX: usize = 60;
/// The longest site code, in bytes.
pub const SITE_CODE_BYTES_MAX: usize = 20;

/// Reaction to the start of an employment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteEmployment {
    /// Whose.
    pub appointment: Appointment,
    /// The first day.
    pub starts: Date,
}

impl Command for NoteEmployment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = Training::of(world, self.appointment.application)?;
        let note = TrainingAct::NoteEmployment {
            appointment: self.appointment.clone(),
            starts: self.starts,
        };
        world.decide(issue, id, note)?;
        Ok(id.key())
    }
}

/// Reaction to the end of an employment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteEmploymentEnd {
    /// Whose.
    pub application: Id<Application>,
    /// The last day.
    pub on: Date,
}

impl Command for NoteEmploymentEnd {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = Training::of(world, self.application)?;
        let note = TrainingAct::NoteEmploymentEnd { on: self.on };
        world.decide(issue, training, note)?;
        Ok(training.key())
    }
}

/// Reaction to a reinstatement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteReinstatement {
    /// Whose.
    pub application: Id<Application>,
}

impl Command for NoteReinstatement {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = Training::of(world, self.application)?;
        let note = TrainingAct::Course(super::CourseAct::NoteReinstatement);
        world.decide(issue, training, note)?;
        Ok(training.key())
    }
}

/// Reaction to an enrolment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteEnrolment {
    /// Whose.
    pub appointment: Appointment,
    /// From when, towards which board.
    pub teaching: Teaching,
}

impl Command for NoteEnrolment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = Training::of(world, self.appointment.application)?;
        let note = TrainingAct::NoteEnrolment {
            appointment: self.appointment.clone(),
            teaching: self.teaching,
        };
        world.decide(issue, id, note)?;
        Ok(id.key())
    }
}

/// The employer assigns a practice supervisor from the day on (`SUP-03`), trained for it where policy
/// `supervisor.training` insists (`SUP-02`). It names the application,
/// because supervision is arranged before the training starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssignSupervisor {
    /// Whose supervisor.
    pub application: Id<Application>,
    /// Who; of this employer, wherever in it they work, or of a partner that has agreed (`READY-06`).
    pub supervisor: Id<Supervisor>,
}

impl Command for AssignSupervisor {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let appointment = Appointed::of(issue, world, self.application)?.appointment;
        if employer != appointment.employer {
            return Err(Refusal::not_permitted().into());
        }
        let today = issue.today();
        let rule = (issue.policies).supervisor_rule(&appointment.role, today)?;
        let Some(home) = world.read(self.supervisor)?.employer() else {
            return Err(Refusal::not_permitted().into());
        };
        if home != employer
            && !SupervisionAgreement::covers(world, home, self.supervisor, employer, today)?
        {
            return Err(Refusal::not_permitted().into());
        }
        let mut eligible = world.read(self.supervisor)?.eligible_on(today, &rule);
        let untrained: UntrainedSupervisor = issue.policies.get("supervisor.training", today)?;
        if untrained == UntrainedSupervisor::Refuse {
            let course = SupervisorCourse::id(appointment.university, self.supervisor);
            eligible &= world.read(course)?.trained_on(today);
        }
        let id = Training::of(world, self.application)?;
        let assign = TrainingAct::Assign {
            appointment,
            supervisor: self.supervisor,
            eligible,
        };
        world.decide(issue, id, assign)?;
        Ok(id.key())
    }
}

/// The employer records that a supervisor stops on the day; without another one a gap opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndSupervision {
    /// In which training.
    pub training: Id<Training>,
}

impl Command for EndSupervision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.training, TrainingAct::EndSupervision)?;
        Ok(self.training.key())
    }
}

/// Either side sets the days of the training week from the day on (`TRAIN-01`, `X-07`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetWeeklyPattern {
    /// Of which training.
    pub training: Id<Training>,
    /// Days at the university.
    pub university_days: u32,
    /// Days of practice.
    pub practice_days: u32,
}

impl Command for SetWeeklyPattern {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = TrainingAct::SetPattern(self.clone());
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

/// Trainee or employer adds practice hours of one kind, for a period that ends on the day. Whoever of
/// trainee and supervisor logs them has signed them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogPracticeHours {
    /// Of which training.
    pub training: Id<Training>,
    /// The kind.
    pub kind: PracticeKind,
    /// Which listed intervention, for intervention hours only (`TRAIN-12`).
    pub intervention: Option<String>,
    /// Quarter-hours in the period.
    pub quarters: u32,
}

impl Command for LogPracticeHours {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if self
            .intervention
            .as_ref()
            .is_some_and(|id| id.len() > INTERVENTION_BYTES_MAX)
        {
            return Err(Refusal::invalid("intervention", "not an intervention id").into());
        }
        let training = world.read_own(issue, self.training)?;
        let (role, supervisor) = (
            training.appointment().map(|whose| whose.role.clone()),
            training.supervisor_on(issue.today()),
        );
        let supervisor_eligible = match (role, supervisor) {
            (Some(role), Some(supervisor)) => {
                let rule = issue.policies.supervisor_rule(&role, issue.today())?;
                let supervisor = world.read(supervisor)?;
                supervisor.eligible_on(issue.today(), &rule)
            }
            _ => false,
        };
        let log = TrainingAct::Log {
            log: self.clone(),
            supervisor_eligible,
        };
        world.decide(issue, self.training, log)?;
        Ok(self.training.key())
    }
}

/// Trainee, practice supervisor and tutor met; either side records it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldThreeWayReview {
    /// Of which training.
    pub training: Id<Training>,
}

impl Command for HoldThreeWayReview {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.training, TrainingAct::Review)?;
        Ok(self.training.key())
    }
}

/// The university verifies that the practice minima are met (`FUND-14`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifyPortfolio {
    /// Of which training.
    pub training: Id<Training>,
}

impl Command for VerifyPortfolio {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.training, TrainingAct::Verify)?;
        Ok(self.training.key())
    }
}

/// The employer keeps the trainee post open beyond the year, at its own cost, until a later board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtendTraining {
    /// Which.
    pub training: Id<Training>,
    /// The new last day.
    pub until: Date,
}

impl Command for ExtendTraining {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = TrainingAct::Extend(self.clone());
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

/// Trainee or practice supervisor signs every entry of a period that ends by a day and still lacks
/// their signature: only what both have signed counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignPracticeHours {
    /// Of which training.
    pub training: Id<Training>,
    /// The last day of the last period signed for.
    pub until: Date,
}

impl Command for SignPracticeHours {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = TrainingAct::Sign { until: self.until };
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

/// The events that say the hours of an entry and what has become of it.
fn told(
    issue: &Issue,
    world: &mut World,
    training: Id<Training>,
    entry: u32,
) -> Result<Option<(u64, u64)>, Halt> {
    Ok(world.read_own(issue, training)?.told(entry))
}

/// Corrects the hours of one entry. Its signatures are void; those of every other entry stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectPracticeHours {
    /// Of which training.
    pub training: Id<Training>,
    /// The entry's number.
    pub entry: u32,
    /// Quarter-hours as they should have been logged.
    pub quarters: u32,
    /// Why.
    pub reason: CorrectionReason,
    /// On whose word.
    pub authority: Authority,
}

impl Command for CorrectPracticeHours {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let said = told(issue, world, self.training, self.entry)?.map(|(said, _)| said);
        let corrects = (self.authority).corrects(issue, world, self.training.key(), said)?;
        let act = TrainingAct::Correct(self.clone(), corrects);
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

/// Takes an entry back that should never have been logged; it stays in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoidPracticeHours {
    /// Of which training.
    pub training: Id<Training>,
    /// The entry's number.
    pub entry: u32,
    /// Why.
    pub reason: CorrectionReason,
    /// On whose word.
    pub authority: Authority,
}

impl Command for VoidPracticeHours {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let said = told(issue, world, self.training, self.entry)?.map(|(said, _)| said);
        let corrects = (self.authority).corrects(issue, world, self.training.key(), said)?;
        let act = TrainingAct::Void(self.clone(), corrects);
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

/// The university finds that an entry cannot count towards its award.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisallowHours {
    /// Of which training.
    pub training: Id<Training>,
    /// The entry's number.
    pub entry: u32,
    /// Why.
    pub reason: DisallowReason,
    /// On whose word.
    pub authority: Authority,
}

impl Command for DisallowHours {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let said = told(issue, world, self.training, self.entry)?.map(|(said, _)| said);
        let corrects = (self.authority).corrects(issue, world, self.training.key(), said)?;
        let act = TrainingAct::Disallow(self.clone(), corrects);
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

/// The university lets an entry count that it had disallowed or that was under review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReinstateHours {
    /// Of which training.
    pub training: Id<Training>,
    /// The entry's number.
    pub entry: u32,
    /// Why, where it is said.
    pub reason: Option<HoursReinstatementReason>,
    /// On whose word.
    pub authority: Authority,
}

impl Command for ReinstateHours {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let decided = told(issue, world, self.training, self.entry)?.map(|(_, decided)| decided);
        let corrects = (self.authority).corrects(issue, world, self.training.key(), decided)?;
        let act = TrainingAct::Reinstate(self.clone(), corrects);
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

/// The employer places the trainee in one of its clinical services from the day on; the setting must
/// be permitted to trainees of the role on that day (`TRAIN-02`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceTrainee {
    /// Of which training.
    pub training: Id<Training>,
    /// Where.
    pub clinical_service: Id<ClinicalService>,
    /// The code of the site; needed where the setting has site criteria.
    pub site: Option<String>,
}

impl Command for PlaceTrainee {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let code = match &self.site {
            Some(code) => Some(text::required(code, "site", SITE_CODE_BYTES_MAX)?),
            None => None,
        };
        world.read_own(issue, self.training)?;
        let service = world.read_own(issue, self.clinical_service)?;
        let Some(terms) = service.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let site = site_of(&terms, code.as_deref())?;
        let place = TrainingAct::Place {
            clinical_service: self.clinical_service,
            terms: Box::new(terms),
            site,
        };
        world.decide(issue, self.training, place)?;
        Ok(self.training.key())
    }
}

/// Trainee or employer records how many people the trainee works with on the day: numbers only, and
/// each of those people has a keyworker of their own (`TRAIN-22`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordCaseload {
    /// Of which training.
    pub training: Id<Training>,
    /// People on the caseload.
    pub clients: u32,
    /// Those of them who have a keyworker beside the trainee.
    pub with_keyworker: u32,
}

impl Command for RecordCaseload {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = TrainingAct::Caseload {
            clients: self.clients,
            with_keyworker: self.with_keyworker,
        };
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}
