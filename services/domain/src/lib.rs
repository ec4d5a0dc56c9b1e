//! The rules of joint training, in the order of life. Pure: no I/O, no clock, no randomness.
//!
//! - [`policy`]: every value a policy may change, effective-dated
//!
//! Beneath them: [`actor`] (who acts), [`permission`] (who may), [`world`] (how a command runs),
//! [`refusal`] (why not), [`reactions`] (what follows), [`fact`] (every event, typed),
//! [`personal`] (values about people), [`identifiers`] (numbers others issue), [`calendar`] and
//! [`id`].

pub mod actor;
pub mod calendar;
pub mod fact;
pub mod id;
pub mod identifiers;
pub mod permission;
pub mod personal;
pub mod policy;
pub mod reactions;
pub mod refusal;
pub mod upcast;
pub mod world;

#[cfg(test)]
mod given;
