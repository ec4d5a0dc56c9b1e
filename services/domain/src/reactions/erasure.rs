//! What follows from a decision to erase: keys go, the other controllers are told.

use std::collections::BTreeSet;

use super::{Reaction, Timer};
use crate::{
    actor::{PersonId, TenantId},
    erasure::{Erasure, ErasureEvent, NoteKeysDestroyed, ReceiveErasureNotice, due},
    id::Id,
    permission::Action,
    personal::PersonalClass,
};

/// The keys are destroyed before it is noted that they are, so that the note is never early.
pub(super) fn after_erasure(erasure: Id<Erasure>, event: &ErasureEvent) -> Vec<Reaction> {
    match event {
        ErasureEvent::ErasureDecided {
            controller,
            person,
            outcomes,
            recipients,
        } => {
            let (erased, days) = due(outcomes);
            let mut follows = destroy(erasure, *controller, *person, &erased);
            follows.extend(recipients.iter().map(|recipient| {
                let notice = ReceiveErasureNotice {
                    controller: *recipient,
                    person: *person,
                    from: *controller,
                };
                Reaction::command(Action::DecideErasure, notice)
            }));
            follows.extend(
                days.into_iter()
                    .map(|day| Reaction::Timer(day, Timer::RetentionExpiry { erasure })),
            );
            follows
        }
        ErasureEvent::RetentionExpired {
            controller,
            person,
            classes,
        } => destroy(erasure, *controller, *person, classes),
        ErasureEvent::ErasureRequested { .. }
        | ErasureEvent::ErasureIdentityConfirmed { .. }
        | ErasureEvent::LegalHoldPlaced { .. }
        | ErasureEvent::LegalHoldLifted { .. }
        | ErasureEvent::PersonKeysDestroyed { .. }
        | ErasureEvent::ErasureNoticeReceived { .. } => vec![],
    }
}

fn destroy(
    erasure: Id<Erasure>,
    controller: TenantId,
    person: PersonId,
    classes: &BTreeSet<PersonalClass>,
) -> Vec<Reaction> {
    if classes.is_empty() {
        return vec![];
    }
    // What a person says for monitoring is sealed for themself alone; whom they ask to erase it
    // erases it there (D.13).
    let own = classes & &BTreeSet::from(PersonalClass::OWN);
    let note = NoteKeysDestroyed {
        erasure,
        classes: classes.clone(),
    };
    vec![
        Reaction::DestroyKeys {
            person,
            of: vec![(controller, classes.clone()), (TenantId(person.0), own)],
        },
        Reaction::command(Action::DecideErasure, note),
    ]
}
