//! The rules of joint training, in the order of life. Pure: no I/O, no clock, no randomness.
//!
//! - [`policy`]: every value a policy may change, effective-dated
//! - [`directory`]: tenants, the clinical services employers run, their supervisors
//! - [`programme`]: a role's training is procured; each start at a university is an intake
//! - [`allocation`]: an employer's interest becomes funded places of an intake
//! - [`commitment`]: the promise of a permanent qualified post to everyone trained
//! - [`partnership`]: employer and university agree to train together at an intake
//! - [`vacancy`]: trainee posts advertised jointly
//! - [`application`]: one person's application for one vacancy
//! - [`decision_round`]: the blind joint decision on it
//! - [`offer`]: the conditional offer, its acceptance, the employment checks
//!
//! Beneath them: [`actor`] (who acts), [`permission`] (who may), [`world`] (how a command runs),
//! [`refusal`] (why not), [`reactions`] (what follows), [`fact`] (every event, typed),
//! [`personal`] (values about people), [`identifiers`] (numbers others issue), [`text`],
//! [`calendar`] and [`id`].

pub mod actor;
pub mod allocation;
pub mod application;
pub mod calendar;
pub mod commitment;
pub mod decision_round;
pub mod directory;
pub mod fact;
pub mod id;
pub mod identifiers;
pub mod offer;
pub mod partnership;
pub mod permission;
pub mod personal;
pub mod policy;
pub mod programme;
pub mod reactions;
pub mod refusal;
pub mod text;
pub mod upcast;
pub mod vacancy;
pub mod world;

#[cfg(test)]
mod given;
