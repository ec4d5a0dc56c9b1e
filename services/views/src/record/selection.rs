//! From an application to an accepted offer with its conditions met.

use std::collections::BTreeSet;

use domain::{
    actor::{PersonId, TenantId},
    application::{ApplicationEvent, EntrySource, Outcome, StudyEvidenceKind, Verdict},
    calendar::london_date,
    offer::{EmploymentCheck, OfferEvent},
    reserve::ReserveEvent,
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;
use uuid::Uuid;

use super::Keep;

/// Where an application stands for both parties alike. Between the shortlist and the reveal of a
/// round there is one word only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ApplicationStage {
    /// Applied; the shortlists are not both in.
    #[default]
    Submitted,
    /// Both parties shortlist.
    Shortlisted,
    /// One of them does not.
    NotShortlisted,
    /// A decision round is open.
    AwaitingJointOutcome,
    /// Both accepted.
    Appointed,
    /// Not both accepted.
    NotAppointed,
    /// The deadline passed.
    Lapsed,
    /// One party asks to decide again.
    ReconsiderationRequested,
    /// The candidate withdrew.
    Withdrawn,
}

/// An application.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplicationRecord {
    /// Its own id.
    pub application: Option<Uuid>,
    /// The candidate, by opaque id.
    pub person: Option<PersonId>,
    /// The day it was submitted.
    pub submitted_on: Option<Date>,
    /// Where it stands.
    pub stage: ApplicationStage,
    /// Where the candidate comes from.
    pub entry: Option<EntrySource>,
    /// Whether the candidate has a degree, as declared or as the university confirmed.
    pub graduate: bool,
    /// Whether both parties shortlisted.
    pub shortlisted: bool,
    /// Interviews held.
    pub interviews: u32,
    /// Rounds revealed.
    pub rounds: u32,
    /// Whether some round was split: one party accepted, the other did not.
    pub split: bool,
    /// The level trained for, once appointed.
    pub level: Option<u8>,
}

impl ApplicationRecord {
    /// What it adds to the funnel of either party.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        super::funnel::sums(self, sums);
        sums.add("applications", 1);
        sums.count("shortlisted", self.shortlisted);
        sums.count("interviewed", self.interviews > 0);
        let stage = match self.stage {
            ApplicationStage::Submitted => "awaiting_shortlist",
            ApplicationStage::Shortlisted => return,
            ApplicationStage::NotShortlisted => "not_shortlisted",
            ApplicationStage::AwaitingJointOutcome => "awaiting_joint_outcome",
            ApplicationStage::Appointed => "appointed",
            ApplicationStage::NotAppointed => "not_appointed",
            ApplicationStage::Lapsed => "lapsed",
            ApplicationStage::ReconsiderationRequested => "reconsideration_requested",
            ApplicationStage::Withdrawn => "withdrawn",
        };
        sums.add(stage, 1);
    }
}

impl Keep<ApplicationEvent> for ApplicationRecord {
    fn note(&mut self, event: &Noted, fact: &ApplicationEvent) {
        self.application = Some(event.stream);
        match fact {
            ApplicationEvent::ApplicationSubmitted {
                terms,
                entry,
                degree,
                ..
            } => {
                self.entry = Some(*entry);
                self.graduate = degree.is_held();
                self.person = Some(terms.person);
                self.submitted_on = Some(london_date(event.effective));
            }
            ApplicationEvent::RouteRederived { level } => self.level = Some(*level),
            ApplicationEvent::ShortlistRevealed { shortlisted } => {
                self.shortlisted = *shortlisted;
                self.stage = if *shortlisted {
                    ApplicationStage::Shortlisted
                } else {
                    ApplicationStage::NotShortlisted
                };
            }
            ApplicationEvent::InterviewHeld { .. } => {
                self.interviews = self.interviews.saturating_add(1);
            }
            ApplicationEvent::DecisionRoundOpened { .. } => {
                self.stage = ApplicationStage::AwaitingJointOutcome;
            }
            ApplicationEvent::JointOutcomeReached {
                revealed, level, ..
            } => {
                self.rounds = self.rounds.saturating_add(1);
                self.split |= revealed.employer != revealed.university
                    && [revealed.employer, revealed.university].contains(&Verdict::Accept);
                self.level = *level;
                self.stage = match revealed.outcome {
                    Outcome::Appoint => ApplicationStage::Appointed,
                    Outcome::NotAppointed => ApplicationStage::NotAppointed,
                };
            }
            ApplicationEvent::DecisionRoundLapsed { rejects, .. } => {
                self.stage = if *rejects {
                    ApplicationStage::NotAppointed
                } else {
                    ApplicationStage::Lapsed
                };
            }
            ApplicationEvent::ReconsiderationRequested { .. } => {
                self.stage = ApplicationStage::ReconsiderationRequested;
            }
            ApplicationEvent::ApplicationWithdrawn {} => {
                self.stage = ApplicationStage::Withdrawn;
            }
            ApplicationEvent::StudyEvidenceAdded { evidence } => {
                self.graduate |=
                    evidence.confirmed && evidence.kind != StudyEvidenceKind::PriorStudy;
            }
            ApplicationEvent::FeedbackReleased { .. }
            | ApplicationEvent::ReconsiderationAgreed { .. } => {}
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.application
    }
}

/// Where an offer stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfferStage {
    /// Made.
    #[default]
    Made,
    /// Accepted.
    Accepted,
    /// Both parties' conditions are met.
    ConditionsMet,
    /// Declined.
    Declined,
    /// Fell with the application.
    Withdrawn,
    /// Not answered in time.
    Lapsed,
    /// Taken back by a party.
    Rescinded,
}

/// Who takes a person on at which intake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The employer.
    pub employer: TenantId,
    /// The intake.
    pub intake: Uuid,
}

/// An offer and the employment checks of the person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OfferRecord {
    /// The application it answers.
    pub application: Option<Uuid>,
    /// Where it stands.
    pub stage: OfferStage,
    /// Whose trainee it makes at which intake.
    pub entry: Option<Entry>,
    /// The level trained for.
    pub level: u8,
    /// Employment checks cleared.
    pub checks: BTreeSet<String>,
    /// Whether it has moved to a later intake.
    pub deferred: bool,
    /// Whether a decline or a rescission of it was put right.
    #[serde(default)]
    pub reinstated: bool,
}

impl OfferRecord {
    /// What it adds to a dashboard of either party.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("offers_made", 1);
        sums.count("offers_accepted", self.accepted());
        sums.count("offers_declined", self.stage == OfferStage::Declined);
        sums.count("offers_withdrawn", self.stage == OfferStage::Withdrawn);
        sums.count("offers_deferred", self.deferred && self.accepted());
        sums.count("offers_lapsed", self.stage == OfferStage::Lapsed);
        sums.count("offers_rescinded", self.stage == OfferStage::Rescinded);
        sums.count("offers_reinstated", self.reinstated);
        sums.count("conditions_met", self.stage == OfferStage::ConditionsMet);
        if self.accepted() {
            sums.add_of("entrants_by_level", self.level, 1);
        }
    }

    /// Whether the candidate has said yes and the offer has not fallen since.
    pub fn accepted(&self) -> bool {
        matches!(self.stage, OfferStage::Accepted | OfferStage::ConditionsMet)
    }

    /// Whether every employment check is cleared.
    pub fn checks_complete(&self) -> bool {
        EmploymentCheck::iter().all(|check| self.checks.contains(&check.to_string()))
    }
}

impl Keep<OfferEvent> for OfferRecord {
    fn note(&mut self, _: &Noted, fact: &OfferEvent) {
        match fact {
            OfferEvent::OfferMade { terms, .. } => {
                self.application = Some(terms.application.0);
                self.entry = Some(Entry {
                    employer: terms.employer,
                    intake: terms.intake.0,
                });
                self.level = terms.level;
                self.stage = OfferStage::Made;
            }
            OfferEvent::OfferAccepted {} => self.stage = OfferStage::Accepted,
            OfferEvent::OfferDeclined {} => self.stage = OfferStage::Declined,
            OfferEvent::OfferWithdrawn {} => self.stage = OfferStage::Withdrawn,
            OfferEvent::OfferRouteRederived { level } => self.level = *level,
            OfferEvent::EmploymentCheckCleared { check, .. } => {
                self.checks.insert(check.to_string());
            }
            OfferEvent::EmploymentCheckNotCleared { check, .. } => {
                self.checks.remove(&check.to_string());
            }
            OfferEvent::OfferDeferred { intake, .. } => {
                self.deferred = true;
                if let Some(entry) = &mut self.entry {
                    entry.intake = intake.0;
                }
            }
            OfferEvent::OfferLapsed {} => self.stage = OfferStage::Lapsed,
            OfferEvent::OfferRescinded { .. } => self.stage = OfferStage::Rescinded,
            OfferEvent::OfferReinstated { .. } => {
                self.stage = OfferStage::Made;
                self.reinstated = true;
            }
            OfferEvent::OfferConditionsConfirmed { .. }
            | OfferEvent::OfferAnswerDue { .. }
            | OfferEvent::EmploymentCheckLimited { .. } => {}
            OfferEvent::OfferConditionsMet {} => self.stage = OfferStage::ConditionsMet,
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.application
    }
}

/// The posts of a vacancy as offers take them up, and who waits for one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PostsRecord {
    /// Applications that wait.
    pub reserves: BTreeSet<Uuid>,
    /// Reserves ever offered a post that came free.
    pub promoted: u32,
}

impl PostsRecord {
    /// What it adds to a dashboard of either party.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("reserves_waiting", self.reserves.len() as i64);
        sums.add("reserves_promoted", i64::from(self.promoted));
    }
}

impl Keep<ReserveEvent> for PostsRecord {
    fn note(&mut self, _: &Noted, fact: &ReserveEvent) {
        match fact {
            ReserveEvent::ReservePlaced { application, .. } => {
                self.reserves.insert(application.0);
            }
            ReserveEvent::ReservePromoted { application } => {
                self.reserves.remove(&application.0);
                self.promoted = self.promoted.saturating_add(1);
            }
            ReserveEvent::PostOffered { application, .. }
            | ReserveEvent::ReserveRemoved { application } => {
                self.reserves.remove(&application.0);
            }
            ReserveEvent::PostFreed { .. } => {}
        }
    }
}
