//! Decision rounds as both parties see them: opened, closed, asked for again; and the feedback
//! after them.

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::{
    Application, ApplicationAct, ApplicationEvent, FEEDBACK_BYTES_MAX, Feedback, HeldApplication,
    RECONSIDERATION_REASON_BYTES_MAX, ROUND_DAYS_MAX, ROUNDS_MAX, Stage, held,
};
use crate::{
    actor::{Party, TenantId},
    calendar::{london_date, london_instant},
    id::Id,
    personal::{ContentDigest, DigestSalt, Personal, PersonalClass},
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// When a round is to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundDeadline {
    asked: Option<Timestamp>,
    at: Timestamp,
}

impl RoundDeadline {
    /// As asked for, or the end of the London day that policy `round.deadline` (days) names.
    pub(crate) fn of(issue: &Issue, asked: Option<Timestamp>) -> Result<Self, Refusal> {
        let at = match asked {
            Some(at) => at,
            None => {
                let days: u32 = issue.policies.get("round.deadline", issue.today())?;
                let last = issue.today().saturating_add(i64::from(days).days());
                london_instant(last.at(23, 59, 59, 0))
                    .ok_or_else(|| Refusal::invalid("deadline", "outside the calendar"))?
            }
        };
        if at <= issue.effective {
            return Err(Refusal::invalid(
                "deadline",
                "must lie after the time the round opens",
            ));
        }
        if london_date(at) > issue.today().saturating_add(ROUND_DAYS_MAX.days()) {
            return Err(Refusal::invalid(
                "deadline",
                format!("must lie within {ROUND_DAYS_MAX} days"),
            ));
        }
        Ok(Self { asked, at })
    }

    /// Whether a round that closes at `set` is the one asked for.
    fn asks_for(self, set: Timestamp) -> bool {
        self.asked.is_none_or(|asked| asked == set)
    }
}

/// Releases the feedback the parties agreed on to the candidate, once per round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseFeedback {
    /// The application.
    pub application: Id<Application>,
    /// The agreed text.
    pub text: String,
}

impl Command for ReleaseFeedback {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let act = ApplicationAct::ReleaseFeedback(self.clone());
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

/// Asks the other party to decide again, blind again, in a new round (C.3.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestReconsideration {
    /// The application.
    pub application: Id<Application>,
    /// Why, for both parties.
    pub reason: String,
}

impl Command for RequestReconsideration {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let act = ApplicationAct::RequestReconsideration(self.clone());
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

/// Agrees to the other party's request: a new round opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeReconsideration {
    /// The application.
    pub application: Id<Application>,
    /// When the new round closes; policy `round.deadline` says when absent.
    pub deadline: Option<Timestamp>,
}

impl Command for AgreeReconsideration {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let deadline = RoundDeadline::of(issue, self.deadline)?;
        let act = ApplicationAct::AgreeReconsideration(deadline);
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

impl HeldApplication {
    pub(super) fn opened(&self, deadline: RoundDeadline) -> Result<Vec<ApplicationEvent>, Refusal> {
        match self.stage {
            Stage::AwaitingJointOutcome { deadline: set, .. } => {
                if deadline.asks_for(set) {
                    Ok(vec![])
                } else {
                    Err(Refusal::new(
                        Reason::AlreadyRecorded,
                        format!("a decision round is open until {set}; decide in it"),
                    ))
                }
            }
            Stage::Shortlisted if self.interviews.is_empty() => Err(Refusal::state_not_allowed(
                "no interview is recorded; record it, then open the decision round",
            )),
            Stage::Shortlisted | Stage::Lapsed { .. } => self.next_round(deadline.at),
            _ => Err(Refusal::state_not_allowed(
                "a decision round opens after the interview, after a lapse, or by agreed \
                 reconsideration",
            )),
        }
    }

    fn next_round(&self, deadline: Timestamp) -> Result<Vec<ApplicationEvent>, Refusal> {
        let round = self.last_round().saturating_add(1);
        if round > ROUNDS_MAX {
            return Err(Refusal::state_not_allowed(
                "no more decision rounds can be opened",
            ));
        }
        Ok(vec![ApplicationEvent::DecisionRoundOpened {
            round,
            deadline,
        }])
    }

    pub(super) fn feedback_released(
        &self,
        salt: DigestSalt,
        release: &ReleaseFeedback,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        let words = text::free(&release.text, "text", FEEDBACK_BYTES_MAX)?;
        let round = self.last_round();
        let content = ContentDigest::of(salt, release.application.0, &(round, &words));
        if let Some(known) = self.feedback.as_ref().filter(|known| known.round == round) {
            return if known.content == content {
                Ok(vec![])
            } else {
                Err(Refusal::new(
                    Reason::AlreadyRecorded,
                    "feedback for this round is released with another text",
                ))
            };
        }
        if !matches!(
            self.stage,
            Stage::NotShortlisted
                | Stage::NotAppointed { .. }
                | Stage::ReconsiderationRequested { .. }
                | Stage::Appointed { .. }
        ) {
            return Err(Refusal::state_not_allowed(
                "feedback is released after the joint outcome; wait for it",
            ));
        }
        let terms = &self.terms;
        let held_by = [terms.employer, terms.university, TenantId(terms.person.0)];
        Ok(vec![ApplicationEvent::FeedbackReleased {
            feedback: Feedback {
                round,
                text: Personal::new(terms.person, PersonalClass::Feedback, held_by, words),
                content,
            },
        }])
    }

    pub(super) fn reconsideration_requested(
        &self,
        salt: DigestSalt,
        request: &RequestReconsideration,
        by: Party,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        let reason = text::free(&request.reason, "reason", RECONSIDERATION_REASON_BYTES_MAX)?;
        match self.stage {
            Stage::NotAppointed { round } => {
                let content = ContentDigest::of(salt, request.application.0, &(round, by, &reason));
                let both = [self.terms.employer, self.terms.university];
                let person = self.terms.person;
                Ok(vec![ApplicationEvent::ReconsiderationRequested {
                    round,
                    by,
                    reason: Personal::new(person, PersonalClass::Assessment, both, reason),
                    content,
                }])
            }
            Stage::ReconsiderationRequested { round, by: asked } => {
                let content = ContentDigest::of(salt, request.application.0, &(round, by, &reason));
                if asked == by && self.reconsideration == Some(content) {
                    Ok(vec![])
                } else {
                    Err(Refusal::new(
                        Reason::AlreadyRecorded,
                        "a reconsideration of this round is requested already; the other party \
                         agrees to it with AgreeReconsideration",
                    ))
                }
            }
            _ => Err(Refusal::state_not_allowed(
                "only an outcome that did not appoint can be reconsidered",
            )),
        }
    }

    pub(super) fn reconsideration_agreed(
        &self,
        deadline: RoundDeadline,
        by: Party,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        match self.stage {
            Stage::ReconsiderationRequested { by: asked, .. } if asked == by => {
                Err(Refusal::not_permitted())
            }
            Stage::ReconsiderationRequested { round, .. } => {
                let mut events = vec![ApplicationEvent::ReconsiderationAgreed { round, by }];
                events.extend(self.next_round(deadline.at)?);
                Ok(events)
            }
            Stage::AwaitingJointOutcome { deadline: set, .. }
                if deadline.asks_for(set) && !self.rounds.is_empty() =>
            {
                Ok(vec![])
            }
            _ => Err(Refusal::state_not_allowed(
                "there is no reconsideration to agree to; request one first",
            )),
        }
    }
}
