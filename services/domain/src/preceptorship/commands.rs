//! What is asked of a preceptorship.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    PreceptorClaim, Preceptorship, PreceptorshipAct, PreceptorshipHours, PreceptorshipTime,
    SessionForm,
};
use crate::{
    actor::{PersonId, TenantId, TenantKind},
    application::Application,
    appointment::{Appointed, Appointment},
    directory::Tenant,
    id::Id,
    qualified_practice::QualifiedPractice,
    refusal::{Reason, Refusal},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Reaction to the evidence of a qualified post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartPreceptorship {
    /// The application that led to it.
    pub application: Id<Application>,
    /// The first day in the post.
    pub post_starts: Date,
}

impl Command for StartPreceptorship {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let appointment = Appointed::of(issue, world, self.application)?.appointment;
        let id = appointment.preceptorship();
        let start = PreceptorshipAct::Start {
            appointment,
            post_starts: self.post_starts,
        };
        world.decide(issue, id, start)?;
        Ok(id.key())
    }
}

/// The university supports a graduate of its own in a qualified post with another employer, from
/// the first day there on (`PRECEPT-03`). Such a post discharges nobody's promise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupportGraduate {
    /// The application that led to the training.
    pub application: Id<Application>,
    /// Who employs now.
    pub employer: TenantId,
}

impl Command for SupportGraduate {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let trained = Appointed::of(issue, world, self.application)?.appointment;
        if university != trained.university {
            return Err(Refusal::not_permitted().into());
        }
        Tenant::expect(world, self.employer, TenantKind::Employer, "employer")?;
        if self.employer == trained.employer {
            return Err(Refusal::state_not_allowed(
                "a post with the employer of the training is evidenced by that employer, and its \
                 preceptorship starts with the evidence; ask it for EvidenceQualifiedPost",
            )
            .into());
        }
        let awarded = world
            .read(trained.qualification())?
            .award()
            .map(|award| award.awarded);
        if awarded.is_none_or(|awarded| issue.today() < awarded) {
            return Err(Refusal::new(
                Reason::NotQualified,
                "a preceptorship is for graduates; wait for the released pass and date it then or \
                 later",
            )
            .into());
        }
        let appointment = Appointment {
            employer: self.employer,
            ..trained
        };
        let id = appointment.preceptorship();
        let start = PreceptorshipAct::Start {
            appointment,
            post_starts: issue.today(),
        };
        world.decide(issue, id, start)?;
        Ok(id.key())
    }
}

/// A session was held on the day; each side records its own forms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordPreceptorshipSession {
    /// Of which preceptorship.
    pub preceptorship: Id<Preceptorship>,
    /// Its form.
    pub form: SessionForm,
    /// What it was, for another form: a word of the university's own.
    pub kind: Option<String>,
}

impl Command for RecordPreceptorshipSession {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = PreceptorshipAct::Session {
            form: self.form,
            kind: self.kind.clone(),
        };
        world.decide(issue, self.preceptorship, act)?;
        Ok(self.preceptorship.key())
    }
}

/// The employer names the preceptor from the day on: the same level or senior, and experienced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssignPreceptor {
    /// Of which preceptorship.
    pub preceptorship: Id<Preceptorship>,
    /// Who.
    pub preceptor: PersonId,
    /// Their band.
    pub band: u8,
    /// The first day of their practice at that level.
    pub practising_since: Date,
}

impl Command for AssignPreceptor {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let role = world
            .read_own(issue, self.preceptorship)?
            .held()
            .map(|held| held.appointment.role.clone())
            .ok_or_else(Refusal::not_permitted)?;
        let assign = PreceptorshipAct::Assign {
            claim: PreceptorClaim {
                person: self.preceptor,
                band: self.band,
                practising_since: self.practising_since,
            },
            practitioner_band: issue.policies.role(&role, issue.today())?.qualified_band,
        };
        world.decide(issue, self.preceptorship, assign)?;
        Ok(self.preceptorship.key())
    }
}

/// Supernumerary or protected time of the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogPreceptorshipHours {
    /// Of which preceptorship.
    pub preceptorship: Id<Preceptorship>,
    /// The kind of time.
    pub kind: PreceptorshipTime,
    /// Quarter-hours.
    pub quarters: u32,
}

impl Command for LogPreceptorshipHours {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let hours = PreceptorshipHours {
            kind: self.kind,
            on: issue.today(),
            quarters: self.quarters,
        };
        world.decide(issue, self.preceptorship, PreceptorshipAct::Hours(hours))?;
        Ok(self.preceptorship.key())
    }
}

/// What the employer's own record of the post tells the joint one, without why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceChange {
    /// Away from the day on.
    Away(Date),
    /// Back from the day on.
    Back(Date),
    /// The last day in the post.
    Left(Date),
}

/// Reaction to leave and leaving.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteService {
    /// Which post.
    pub practice: Id<QualifiedPractice>,
    /// What changed.
    pub change: ServiceChange,
}

impl Command for NoteService {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = QualifiedPractice::of(issue, world, self.practice)?.preceptorship();
        let act = match self.change {
            ServiceChange::Away(on) => PreceptorshipAct::Pause(on),
            ServiceChange::Back(on) => PreceptorshipAct::Resume(on),
            ServiceChange::Left(on) => PreceptorshipAct::Leave(on),
        };
        world.decide(issue, id, act)?;
        Ok(id.key())
    }
}

/// The employer's preceptor signs off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignOffPreceptorship {
    /// Which.
    pub preceptorship: Id<Preceptorship>,
}

impl Command for SignOffPreceptorship {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.preceptorship, PreceptorshipAct::SignOff)?;
        Ok(self.preceptorship.key())
    }
}

/// The university completes its part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompletePreceptorship {
    /// Which.
    pub preceptorship: Id<Preceptorship>,
}

impl Command for CompletePreceptorship {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.preceptorship, PreceptorshipAct::Complete)?;
        Ok(self.preceptorship.key())
    }
}
