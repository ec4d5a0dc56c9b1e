//! What holds for a human, whichever of their records is asked about.

use super::Identity;
use crate::{
    actor::PersonId,
    application::Application,
    funding::{FundingLock, LockAnswer, LockQuestion},
    id::Id,
    offer::{Acceptance, Offer},
    refusal::{Reason, Refusal},
    world::{Halt, Issue, World},
};

/// Refuses an acceptance while an offer stands accepted under another record of the same human.
///
/// # Errors
/// [`Halt::Need`], `OFFER_ALREADY_ACCEPTED`.
pub(crate) fn accepts_once(
    world: &mut World,
    person: PersonId,
    offer: Id<Offer>,
) -> Result<(), Halt> {
    for other in world.read(Identity::id(person))?.same.clone() {
        let standing = world.read(Acceptance::id(other))?.offer();
        if standing.is_some_and(|standing| standing != offer) {
            return Err(Refusal::new(
                Reason::OfferAlreadyAccepted,
                "you have accepted another offer; withdraw that application first",
            )
            .into());
        }
    }
    Ok(())
}

/// What the locks of all of a human's trainings answer: the longest that binds, or that none does.
/// `itself` is the training asked about, which its own lock never binds.
///
/// # Errors
/// [`Halt::Need`], `POLICY_MISSING`.
pub(crate) fn lock_answer(
    issue: &Issue,
    world: &mut World,
    person: PersonId,
    question: &LockQuestion,
    itself: Option<Id<Application>>,
) -> Result<LockAnswer, Halt> {
    let identity = world.read(Identity::id(person))?.clone();
    let own = world.read(FundingLock::id(person))?;
    let own = own.of(|application| !identity.given.contains_key(application));
    let mut answer = own.answer(question, itself, issue)?;
    for other in identity.same {
        let theirs = world.read(FundingLock::id(other))?;
        answer = stricter(answer, theirs.answer(question, itself, issue)?);
    }
    for (application, from) in identity.taken {
        let theirs = world
            .read(FundingLock::id(from))?
            .of(|of| *of == application);
        answer = stricter(answer, theirs.answer(question, itself, issue)?);
    }
    Ok(answer)
}

fn stricter(one: LockAnswer, other: LockAnswer) -> LockAnswer {
    match (one, other) {
        (LockAnswer::Locked { until: first, .. }, LockAnswer::Locked { until: second, .. })
            if first < second =>
        {
            other
        }
        (LockAnswer::Locked { .. }, _) => one,
        (LockAnswer::Clear { .. }, LockAnswer::Locked { .. }) => other,
        (LockAnswer::Clear { exemption: None }, LockAnswer::Clear { .. }) => other,
        (LockAnswer::Clear { .. }, LockAnswer::Clear { .. }) => one,
    }
}
