//! The rules of joint training, in the order of life. Pure: no I/O, no clock, no randomness.
//!
//! - [`policy`]: every value a policy may change, effective-dated
//! - [`workforce`]: how large the workforce is, and how large it is meant to become
//! - [`directory`]: tenants, the clinical services employers run, their supervisors
//! - [`supervision_agreement`]: a partner lends its supervisor
//! - [`curriculum`]: modules, and how a university teaches a version of a curriculum
//! - [`programme`]: a role's training is procured; each start at a university is an intake
//! - [`allocation`]: an employer's interest becomes funded places of an intake
//! - [`places`]: every place as a double-entry ledger over the facts of both
//! - [`commitment`]: the promise of a permanent qualified post to everyone trained
//! - [`partnership`]: employer and university agree to train together at an intake
//! - [`vacancy`]: trainee posts advertised jointly
//! - [`monitoring`]: what a person declares for equality monitoring, for nobody else
//! - [`application`]: one person's application for one vacancy
//! - [`identity`]: which records of people are one human, as the platform alone knows it
//! - [`candidacy`]: what one person has applied for, as the platform alone knows it
//! - [`decision_round`]: the blind joint decision on it
//! - [`tally`]: joint outcomes counted, for those who may know no more
//! - [`offer`]: the conditional offer, its acceptance, the employment checks
//! - [`reserve`]: the posts of a vacancy as offers take them up, and who waits for one
//! - [`referral`]: a candidate one employer rejects is put forward to another
//! - [`deferral`]: an accepted offer moves to a later intake
//! - [`appointment`]: whom an accepted offer appoints; the thread of every later record
//! - [`funding`]: the award, its instalments, recoveries and statements; the lock that follows a
//!   training; [`money`]: the same by double entry
//! - [`enrolment`], [`employment`]: the university's and the employer's side of a trainee
//! - [`prior_learning`]: what a trainee brings along, and the credit it counts for
//! - [`training`]: the year both share, from supervision to the verified portfolio
//! - [`cluster`]: the trainees an employer has at an intake, and whether too few are left
//! - [`transition`]: meanwhile the employer prepares the qualified role
//! - [`interruption`], [`fitness`], [`withdrawal`]: what changes the course of a training
//! - [`transfer`]: a clinical service moves to another employer, and its trainees with it
//! - [`marks`], [`circumstances`]: what the board will have before it, and the panel beside it
//! - [`board`]: the exam board is constituted, sits, decides and releases
//! - [`appeal`]: against what it decided
//! - [`supervision`]: what registers say of supervisors, and the gaps that follow
//! - [`concern`]: the role drifts, and somebody says so
//! - [`expansion_post`]: the additional post set aside for a trainee who passes
//! - [`qualification`]: what was conferred, and the registers that list it
//! - [`preceptorship`]: the first time in the qualified post, and consolidation
//! - [`qualified_practice`]: the post as it is worked, until it is left
//! - [`arrs`]: a deployment in primary care, under the scheme that reimburses it
//! - [`progression`]: what became of those who trained, without their names
//! - [`erasure`]: what a controller does with a request to erase what it holds about a person
//! - [`dispute`]: an auditor disputes what is recorded; [`correction`]: how it is put right
//! - [`community`]: communities of practice, and the feedback of those concerned
//! - [`network`]: a regional network's offices, meetings, actions and digests
//! - [`timeline`]: what a person sees of their own life, over all of these
//! - [`access`]: who has read what about a person; [`staff`]: who acts for an
//!   organisation, and the [`case`] a guest is there for; [`break_glass`]: what is opened to whom, for
//!   a reason and a while
//! - [`outcome`]: what clinical services report, in sums; [`extract`]: what the evaluator reads
//! - [`edi`]: equality monitoring as statistics; [`disclosure`]: what of counts may be shown at all
//!
//! Beneath them: [`actor`] (who acts), [`permission`] (who may), [`visibility`] (who sees what of a
//! record), [`world`] (how a command runs),
//! [`refusal`] (why not), [`reactions`] (what follows), [`fact`] (every event, typed),
//! [`what_if`] (decisions under other policies), [`personal`] (values about people),
//! [`identifiers`] (numbers others issue), [`text`], [`calendar`] and [`id`].

pub mod access;
pub mod actor;
pub mod allocation;
pub mod appeal;
pub mod application;
pub mod appointment;
pub mod arrs;
pub mod board;
pub mod break_glass;
pub mod calendar;
pub mod candidacy;
pub mod case;
pub mod circumstances;
pub mod cluster;
pub mod commitment;
pub mod community;
pub mod concern;
pub mod correction;
pub mod curriculum;
pub mod decision_round;
pub mod deferral;
pub mod directory;
pub mod disclosure;
pub mod dispute;
pub mod edi;
pub mod employment;
pub mod enrolment;
pub mod erasure;
pub mod expansion_post;
pub mod extract;
pub mod fact;
pub mod fitness;
pub mod funding;
pub mod id;
pub mod identifiers;
pub mod identity;
pub mod interruption;
pub mod marks;
pub mod money;
pub mod monitoring;
pub mod network;
pub mod offer;
pub mod outcome;
pub mod partnership;
pub mod permission;
pub mod personal;
pub mod places;
pub mod policy;
pub mod preceptorship;
pub mod prior_learning;
pub mod programme;
pub mod progression;
pub mod qualification;
pub mod qualified_practice;
pub mod reactions;
pub mod referral;
pub mod refusal;
pub mod reserve;
pub mod staff;
pub mod supervision;
pub mod supervision_agreement;
pub mod tally;
pub mod text;
pub mod timeline;
pub mod training;
pub mod transfer;
pub mod transition;
pub mod upcast;
pub mod vacancy;
pub mod visibility;
pub mod what_if;
pub mod withdrawal;
pub mod workforce;
pub mod world;

#[cfg(test)]
mod given;
