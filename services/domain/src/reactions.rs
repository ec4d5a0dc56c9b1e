//! What follows from a fact without anybody asking: commands to other records, and timers.
//!
//! Pure and deterministic: the same event always asks for the same commands, under request ids
//! derived from the event, so a replay finds every one of them done. Commands run as the platform
//! with the effective time of the event.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    allocation::{FillPlace, VacatePlace},
    application::{Application, ApplicationEvent},
    decision_round::LapseDecisionRound,
    fact::Fact,
    id::Id,
    offer::OfferEvent,
    permission::Action,
    world::Command,
};

/// A stored event as reactions see it.
#[derive(Debug, Clone)]
pub struct Occurred {
    /// The stream's id.
    pub stream: Uuid,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// When it is true in the world.
    pub effective: Timestamp,
    /// The event.
    pub fact: Fact,
}

/// What a reaction asks for.
#[derive(Debug)]
pub enum Reaction {
    /// Run this command now.
    Command(Action, Box<dyn Command>),
    /// Run [`on_timer`] with this timer once the clock reaches `due`.
    Timer(Timestamp, Timer),
}

/// A timer's content: small, stored as JSON, of nothing personal.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// A decision round closes (C.3.5).
    DecisionRound {
        /// The application.
        application: Id<Application>,
        /// The round.
        round: u32,
    },
}

/// The reactions to one event, in order.
pub fn react(event: &Occurred) -> Vec<Reaction> {
    match &event.fact {
        Fact::Application(ApplicationEvent::DecisionRoundOpened { round, deadline }) => {
            let timer = Timer::DecisionRound {
                application: Id::new(event.stream),
                round: *round,
            };
            vec![Reaction::Timer(*deadline, timer)]
        }
        Fact::Offer(OfferEvent::OfferAccepted {}) => {
            let offer = Id::new(event.stream);
            vec![Reaction::Command(
                Action::AcceptOffer,
                Box::new(FillPlace { offer }),
            )]
        }
        Fact::Offer(OfferEvent::OfferWithdrawn {}) => {
            let offer = Id::new(event.stream);
            vec![Reaction::Command(
                Action::WithdrawApplication,
                Box::new(VacatePlace { offer }),
            )]
        }
        Fact::Policy(_)
        | Fact::Tenant(_)
        | Fact::ClinicalService(_)
        | Fact::Supervisor(_)
        | Fact::Programme(_)
        | Fact::Intake(_)
        | Fact::Allocation(_)
        | Fact::Commitment(_)
        | Fact::Partnership(_)
        | Fact::Vacancy(_)
        | Fact::Application(_)
        | Fact::Seal(_)
        | Fact::Referee(_)
        | Fact::Offer(_)
        | Fact::Acceptance(_) => vec![],
    }
}

/// What a timer that has come due asks for.
pub fn on_timer(timer: &Timer) -> (Action, Box<dyn Command>) {
    match *timer {
        Timer::DecisionRound { application, round } => (
            Action::OpenDecisionRound,
            Box::new(LapseDecisionRound { application, round }),
        ),
    }
}

/// The request id of the `n`th command that follows from an event.
pub fn request_id(stream: Uuid, sequence: u64, n: usize) -> Uuid {
    Uuid::new_v5(&stream, format!("reaction/{sequence}/{n}").as_bytes())
}
