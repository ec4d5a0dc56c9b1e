//! The end of a training before its time: proposed, open to representations, confirmed by the
//! university, and taken back where it did not stand. The training carries the outward facts; the
//! reason class and the code of the national return lie here, with university and commissioner, and
//! what the student said lies with the university alone.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::TenantKind,
    appointment::Appointment,
    correction::Authority,
    id::Id,
    personal::{ContentDigest, Personal, PersonalClass},
    qualification::LeavingCode,
    refusal::Refusal,
    text,
    training::{CourseAct, Training, TrainingAct, TrainingStatus},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest representations, in bytes.
pub const REPRESENTATIONS_BYTES_MAX: usize = 4_000;

/// Why a training ends early, by class only; no detail is taken.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WithdrawalReason {
    /// Personal circumstances, a move among them.
    Personal,
    /// Health.
    Health,
    /// Money.
    Financial,
    /// Another post or another training.
    OtherOpportunity,
    /// The study was not managed.
    Academic,
    /// Unfit for practice, by the outward fact alone.
    FitnessToPractise,
    /// The employment ended; the university learns no more.
    EmploymentEnded,
    /// Something else, or not said.
    Other,
}

/// What became of a withdrawal that did not stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Undone {
    /// Not confirmed.
    Dropped,
    /// Confirmed, and reversed later.
    Reversed,
    /// Confirmed, though it had never been true.
    RecordedInError,
}

/// The university's record of a withdrawal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Withdrawal {
    appointment: Option<Appointment>,
    reason: Option<WithdrawalReason>,
    proposed: Option<Date>,
    represented: Option<(Personal<String>, ContentDigest)>,
    confirmed: Option<Date>,
}

/// What a withdrawal decides.
#[derive(Debug, Clone)]
pub enum WithdrawalAct {
    /// See [`ProposeWithdrawal`].
    Reason {
        /// Whose.
        appointment: Appointment,
        /// Why.
        reason: WithdrawalReason,
    },
    /// See [`MakeRepresentations`].
    Represent {
        /// What was said.
        text: Personal<String>,
        /// Tells a repeat.
        content: ContentDigest,
    },
    /// See [`ConfirmWithdrawal`].
    Confirm {
        /// Whose.
        appointment: Appointment,
        /// The last day of training.
        on: Date,
    },
    /// See [`DropWithdrawal`] and [`ReverseWithdrawal`].
    Undo(Undone),
}

/// Facts of a withdrawal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum WithdrawalEvent {
    /// The class of reason was given.
    WithdrawalReasonGiven {
        /// Whose.
        appointment: Appointment,
        /// Why.
        reason: WithdrawalReason,
        /// The last day of training, should it be confirmed.
        on: Date,
    },
    /// The student made representations (`standards.md` B.5).
    RepresentationsReceived {
        /// The day.
        on: Date,
        /// What was said; the university's own.
        text: Personal<String>,
        /// Tells a repeat.
        content: ContentDigest,
    },
    /// The university confirmed the withdrawal.
    WithdrawalConfirmed {
        /// The last day of training.
        on: Date,
        /// Reason for leaving in the national student return.
        leaving_code: String,
    },
    /// The withdrawal did not stand.
    WithdrawalUndone {
        /// The day.
        on: Date,
        /// What became of it.
        how: Undone,
    },
}

aggregate!(Withdrawal, "withdrawal", WithdrawalAct, WithdrawalEvent);

impl Withdrawal {
    /// The id of the withdrawal from a training.
    pub fn id(appointment: &Appointment) -> Id<Self> {
        Id::derive(appointment.university, &[appointment.application.0])
    }

    /// Whose it is, once proposed.
    pub fn appointment(&self) -> Option<&Appointment> {
        self.appointment.as_ref()
    }

    /// Why, while it stands.
    pub fn reason(&self) -> Option<WithdrawalReason> {
        self.reason
    }

    /// The last day of training, should it be confirmed.
    pub fn proposed(&self) -> Option<Date> {
        self.proposed
    }

    /// The last day of training, once confirmed.
    pub fn confirmed(&self) -> Option<Date> {
        self.confirmed
    }

    /// What the student said; the university's own.
    pub fn representations(&self) -> Option<&Personal<String>> {
        self.represented.as_ref().map(|(text, _)| text)
    }

    fn evolve(&mut self, event: WithdrawalEvent) {
        match event {
            WithdrawalEvent::WithdrawalReasonGiven {
                appointment,
                reason,
                on,
            } => {
                self.appointment = Some(appointment);
                self.reason = Some(reason);
                self.proposed = Some(on);
            }
            WithdrawalEvent::RepresentationsReceived { text, content, .. } => {
                self.represented = Some((text, content));
            }
            WithdrawalEvent::WithdrawalConfirmed { on, .. } => self.confirmed = Some(on),
            WithdrawalEvent::WithdrawalUndone { .. } => {
                let appointment = self.appointment.take();
                *self = Self {
                    appointment,
                    ..Self::default()
                };
            }
        }
    }

    fn given(appointment: &Appointment, reason: WithdrawalReason, on: Date) -> WithdrawalEvent {
        WithdrawalEvent::WithdrawalReasonGiven {
            appointment: appointment.clone(),
            reason,
            on,
        }
    }
}

impl Decider for Withdrawal {
    type Act = WithdrawalAct;
    const COLLECTION: &'static str = "withdrawals";

    fn decide(&self, issued: &Issued<WithdrawalAct>) -> Result<Vec<WithdrawalEvent>, Refusal> {
        let today = issued.today();
        match &issued.act {
            WithdrawalAct::Reason {
                appointment,
                reason,
            } => match self.reason {
                Some(known) => Refusal::unless_same(known == *reason, "the reason"),
                None => Ok(vec![Self::given(appointment, *reason, today)]),
            },
            WithdrawalAct::Represent { text, content } => match &self.represented {
                Some((_, known)) => Refusal::unless_same(known == content, "what was said"),
                None => Ok(vec![WithdrawalEvent::RepresentationsReceived {
                    on: today,
                    text: text.clone(),
                    content: *content,
                }]),
            },
            WithdrawalAct::Confirm { appointment, on } => {
                if self.confirmed.is_some() {
                    return Ok(vec![]);
                }
                // what the end of the employment forces may be confirmed before its reason is noted
                let reason = self
                    .reason
                    .is_none()
                    .then_some(WithdrawalReason::EmploymentEnded);
                let given = reason.map(|reason| Self::given(appointment, reason, *on));
                let confirmed = WithdrawalEvent::WithdrawalConfirmed {
                    on: *on,
                    leaving_code: LeavingCode::NotAwarded.code().to_owned(),
                };
                Ok(given.into_iter().chain([confirmed]).collect())
            }
            WithdrawalAct::Undo(how) => {
                if self.reason.is_none() {
                    return Ok(vec![]);
                }
                Ok(vec![WithdrawalEvent::WithdrawalUndone {
                    on: today,
                    how: *how,
                }])
            }
        }
    }

    /// The employer learns that a training ends and when, never why.
    fn custody(&self) -> Option<Custody> {
        self.appointment
            .as_ref()
            .map(|whose| Custody::of(whose.university, [whose.commissioner]).about(whose.person))
    }
}

/// Steers the training, and answers with whose it is.
fn steer(
    issue: &Issue,
    world: &mut World,
    training: Id<Training>,
    act: CourseAct,
) -> Result<Appointment, Halt> {
    let steered = world.decide(issue, training, TrainingAct::Course(act))?;
    let whose = steered.appointment().cloned();
    whose.ok_or_else(|| Refusal::not_permitted().into())
}

/// Trainee, employer or university asks that the training end on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProposeWithdrawal {
    /// Which training.
    pub training: Id<Training>,
    /// Why, by class.
    pub reason: WithdrawalReason,
}

impl Command for ProposeWithdrawal {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let appointment = steer(issue, world, self.training, CourseAct::ProposeWithdrawal)?;
        let reason = WithdrawalAct::Reason {
            reason: self.reason,
            appointment: appointment.clone(),
        };
        world.decide_beyond(issue, Withdrawal::id(&appointment), reason)?;
        Ok(self.training.key())
    }
}

/// Reaction to a proposal that the end of the employment forced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteForcedWithdrawal {
    /// From which training.
    pub training: Id<Training>,
}

impl Command for NoteForcedWithdrawal {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        let proposed = training.status() == TrainingStatus::WithdrawalProposed;
        let Some(appointment) = training.appointment().filter(|_| proposed).cloned() else {
            return Ok(self.training.key());
        };
        let id = Withdrawal::id(&appointment);
        if world.read(id)?.reason().is_none() {
            let reason = WithdrawalAct::Reason {
                appointment,
                reason: WithdrawalReason::EmploymentEnded,
            };
            world.decide(issue, id, reason)?;
        }
        Ok(id.key())
    }
}

/// Reaction to a proposal that fell with its cause, as by a reinstatement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloseWithdrawal {
    /// From which training.
    pub training: Id<Training>,
}

impl Command for CloseWithdrawal {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        let open = training.course().leaving().is_some();
        let Some(appointment) = training.appointment().filter(|_| !open).cloned() else {
            return Ok(self.training.key());
        };
        let id = Withdrawal::id(&appointment);
        world.decide(issue, id, WithdrawalAct::Undo(Undone::Dropped))?;
        Ok(id.key())
    }
}

/// The trainee says why the training should go on, within the window of policy
/// `withdrawal.representations_days`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MakeRepresentations {
    /// In which training.
    pub training: Id<Training>,
    /// What there is to say.
    pub text: String,
}

impl Command for MakeRepresentations {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let said = text::free(&self.text, "text", REPRESENTATIONS_BYTES_MAX)?;
        issue.by.acting_for(TenantKind::Person)?;
        let appointment = steer(issue, world, self.training, CourseAct::MakeRepresentations)?;
        let id = Withdrawal::id(&appointment);
        if world.read(id)?.reason().is_none() {
            return Err(Refusal::state_not_allowed(
                "the university is still opening its record; try again in a moment",
            )
            .into());
        }
        let represent = WithdrawalAct::Represent {
            text: Personal::new(
                appointment.person,
                PersonalClass::Representations,
                [appointment.university],
                said,
            ),
            content: ContentDigest::of(issue.salt, id.0, self),
        };
        world.decide_beyond(issue, id, represent)?;
        Ok(self.training.key())
    }
}

/// The university confirms the withdrawal once the window for representations is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmWithdrawal {
    /// From which training.
    pub training: Id<Training>,
}

impl Command for ConfirmWithdrawal {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let appointment = steer(issue, world, self.training, CourseAct::ConfirmWithdrawal)?;
        let withdrawn = world.read(self.training)?.course().withdrawn();
        let on = withdrawn.unwrap_or(issue.today());
        let id = Withdrawal::id(&appointment);
        world.decide(issue, id, WithdrawalAct::Confirm { appointment, on })?;
        Ok(self.training.key())
    }
}

/// The university does not confirm the withdrawal: the training goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DropWithdrawal {
    /// From which training.
    pub training: Id<Training>,
}

impl Command for DropWithdrawal {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let appointment = steer(issue, world, self.training, CourseAct::DropWithdrawal)?;
        let id = Withdrawal::id(&appointment);
        world.decide(issue, id, WithdrawalAct::Undo(Undone::Dropped))?;
        Ok(self.training.key())
    }
}

/// The university takes a confirmed withdrawal back: the training goes on from the day, or had never
/// ended where the withdrawal was recorded in error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReverseWithdrawal {
    /// From which training.
    pub training: Id<Training>,
    /// Whether it had never been true; the reason otherwise is that it does not stand any more.
    pub in_error: bool,
    /// On whose word.
    pub authority: Authority,
}

impl Command for ReverseWithdrawal {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let course = world.read_own(issue, self.training)?.course();
        let withdrawn = course.withdrawn_by();
        let corrects = (self.authority).corrects(issue, world, self.training.key(), withdrawn)?;
        let reverse = CourseAct::ReverseWithdrawal {
            in_error: self.in_error,
            corrects,
        };
        let appointment = steer(issue, world, self.training, reverse)?;
        let how = if self.in_error {
            Undone::RecordedInError
        } else {
            Undone::Reversed
        };
        let id = Withdrawal::id(&appointment);
        world.decide(issue, id, WithdrawalAct::Undo(how))?;
        Ok(self.training.key())
    }
}

#[cfg(test)]
mod tests;
