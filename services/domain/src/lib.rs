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
//! - [`candidacy`]: what one person has applied for, as the platform alone knows it
//! - [`decision_round`]: the blind joint decision on it
//! - [`offer`]: the conditional offer, its acceptance, the employment checks
//! - [`reserve`]: the posts of a vacancy as offers take them up, and who waits for one
//! - [`appointment`]: whom an accepted offer appoints; the thread of every later record
//! - [`funding`]: the award and its instalments; the lock that follows a training
//! - [`enrolment`], [`employment`]: the university's and the employer's side of a trainee
//! - [`training`]: the year both share, from supervision to the verified portfolio
//! - [`board`]: the exam board sits, decides and releases
//! - [`qualification`]: what was conferred, and the registers that list it
//! - [`preceptorship`]: the first time in the qualified post, and consolidation
//!
//! Beneath them: [`actor`] (who acts), [`permission`] (who may), [`world`] (how a command runs),
//! [`refusal`] (why not), [`reactions`] (what follows), [`fact`] (every event, typed),
//! [`personal`] (values about people), [`identifiers`] (numbers others issue), [`text`],
//! [`calendar`] and [`id`].

pub mod actor;
pub mod allocation;
pub mod application;
pub mod appointment;
pub mod board;
pub mod calendar;
pub mod candidacy;
pub mod commitment;
pub mod decision_round;
pub mod directory;
pub mod employment;
pub mod enrolment;
pub mod fact;
pub mod funding;
pub mod id;
pub mod identifiers;
pub mod offer;
pub mod partnership;
pub mod permission;
pub mod personal;
pub mod policy;
pub mod preceptorship;
pub mod programme;
pub mod qualification;
pub mod reactions;
pub mod refusal;
pub mod reserve;
pub mod text;
pub mod training;
pub mod upcast;
pub mod vacancy;
pub mod world;

#[cfg(test)]
mod given;
