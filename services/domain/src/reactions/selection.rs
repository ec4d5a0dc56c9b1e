//! What follows from the selection.

use super::{Reaction, Timer};
use crate::{
    allocation::{FillPlace, VacatePlace},
    funding::{NoteOfferFell, NoteOfferHolds},
    id::Id,
    offer::{Offer, OfferEvent},
    permission::Action,
    reserve::FreePost,
};

/// Whoever accepts fills a place; whoever does not, or not any more, leaves the post to the next. An
/// award that ended with the offer is there again with it.
pub(super) fn after_offer(offer: Id<Offer>, event: &OfferEvent) -> Vec<Reaction> {
    let fell = |action: Action| {
        vec![
            Reaction::command(action, VacatePlace { offer }),
            Reaction::command(
                action,
                FreePost {
                    offer,
                    vacancy: None,
                },
            ),
            Reaction::command(action, NoteOfferFell { offer }),
        ]
    };
    match event {
        OfferEvent::OfferAnswerDue { by } => {
            vec![Reaction::Timer(*by, Timer::OfferAnswer { offer })]
        }
        OfferEvent::OfferAccepted {} => {
            vec![Reaction::command(Action::AcceptOffer, FillPlace { offer })]
        }
        OfferEvent::OfferWithdrawn {} => fell(Action::WithdrawApplication),
        OfferEvent::OfferDeclined {} => fell(Action::DeclineOffer),
        OfferEvent::OfferLapsed {} => fell(Action::MakeOffer),
        OfferEvent::OfferRescinded { .. } => fell(Action::RescindOffer),
        OfferEvent::OfferDeferred { from, .. } => {
            let free = FreePost {
                offer,
                vacancy: Some(*from),
            };
            vec![Reaction::command(Action::AgreeDeferral, free)]
        }
        OfferEvent::OfferConditionsMet {} => vec![Reaction::command(
            Action::ConfirmConditions,
            NoteOfferHolds { offer },
        )],
        // it is made again: its answer, and the timer of that, are facts of their own
        OfferEvent::OfferReinstated { .. }
        | OfferEvent::OfferMade { .. }
        | OfferEvent::OfferRouteRederived { .. }
        | OfferEvent::EmploymentCheckCleared { .. }
        | OfferEvent::EmploymentCheckNotCleared { .. }
        | OfferEvent::EmploymentCheckLimited { .. }
        | OfferEvent::OfferConditionsConfirmed { .. } => vec![],
    }
}
