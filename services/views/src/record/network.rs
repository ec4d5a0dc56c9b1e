//! What a network, and those it works with, show: communities, feedback, actions and outcomes.

use std::collections::BTreeMap;

use domain::{
    community::{CommunityEvent, FeedbackEvent, MembershipEvent},
    network::NetworkEvent,
    outcome::OutcomeEvent,
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keep;

/// A community of practice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CommunityRecord {
    /// Whom it is for, `practitioners`.
    pub kind: String,
}

impl Keep<CommunityEvent> for CommunityRecord {
    fn note(&mut self, _: &Noted, fact: &CommunityEvent) {
        let CommunityEvent::CommunityFounded { terms } = fact;
        self.kind = terms.kind.to_string();
    }
}

/// One person's membership, without the person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MembershipRecord {
    /// Whether the person is a member now.
    pub member: bool,
}

impl Keep<MembershipEvent> for MembershipRecord {
    fn note(&mut self, _: &Noted, fact: &MembershipEvent) {
        self.member = matches!(fact, MembershipEvent::CommunityJoined { .. });
    }
}

/// A piece of feedback, without its words and its giver.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedbackRecord {
    /// Its form, `trainee`.
    pub form: String,
    /// From 1 to 5.
    pub rating: u8,
}

impl FeedbackRecord {
    /// What it adds to a dashboard of those who read it.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add_of("feedback_given", &self.form, 1);
        sums.add_of(RATINGS, &self.form, i64::from(self.rating));
    }
}

/// Ratings added up, from which a mean is taken.
const RATINGS: &str = "feedback_ratings";

/// Adds the mean rating of each form, in hundredths, rounded down.
pub(crate) fn mean_ratings(figures: &mut Figures) {
    let means: Vec<(String, i64)> = figures
        .parts("feedback_given")
        .filter(|(_, count)| *count > 0)
        .map(|(form, count)| (form.to_owned(), figures.get_of(RATINGS, form) * 100 / count))
        .collect();
    for (form, mean) in means {
        figures.add_of("feedback_mean_rating", form, mean);
    }
}

impl Keep<FeedbackEvent> for FeedbackRecord {
    fn note(&mut self, _: &Noted, fact: &FeedbackEvent) {
        let FeedbackEvent::FeedbackGiven { given } = fact;
        self.form = given.form.to_string();
        self.rating = given.rating;
    }
}

/// A network's own record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkRecord {
    /// Meetings held, by day.
    pub meetings: BTreeMap<Date, u32>,
    /// The last day of each action that is not done.
    pub open: BTreeMap<u32, Date>,
    /// Actions done.
    pub completed: u32,
    /// Digests made.
    pub digests: u32,
}

impl NetworkRecord {
    /// What it adds to the network's dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        for (day, held) in &self.meetings {
            sums.add_of("meetings_held", day, i64::from(*held));
        }
        for due in self.open.values() {
            sums.add("actions_open", 1);
            sums.add_of("actions_due_by", due, 1);
        }
        sums.add("actions_completed", i64::from(self.completed));
        sums.add("digests_issued", i64::from(self.digests));
    }
}

impl Keep<NetworkEvent> for NetworkRecord {
    fn note(&mut self, _: &Noted, fact: &NetworkEvent) {
        match fact {
            NetworkEvent::NetworkMeetingHeld { meeting, .. } => {
                *self.meetings.entry(meeting.on).or_default() += 1;
            }
            NetworkEvent::NetworkActionAgreed { action, agreed, .. } => {
                self.open.insert(*action, agreed.due);
            }
            NetworkEvent::NetworkActionCompleted { action, .. } => {
                self.open.remove(action);
                self.completed = self.completed.saturating_add(1);
            }
            NetworkEvent::NetworkDigestIssued { .. } => {
                self.digests = self.digests.saturating_add(1);
            }
            NetworkEvent::NetworkOfficerNamed { .. }
            | NetworkEvent::NetworkDigestStarted { .. } => {}
        }
    }
}

/// A clinical service's outcomes of one month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// The clinical service.
    pub clinical_service: Option<Uuid>,
    /// The first day of the month.
    pub month: Option<Date>,
    /// By measure.
    pub values: BTreeMap<String, u32>,
    /// Whether every expected measure is among them.
    pub complete: bool,
}

impl OutcomeRecord {
    /// What it adds to a dashboard of employer, commissioner or network: one definition for all
    /// (`EVAL-07`).
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("outcome_reports", 1);
        sums.count("outcome_reports_complete", self.complete);
        if let Some(clinical_service) = self.clinical_service {
            let of = format!("clinicalServices/{clinical_service}");
            sums.add_of("outcome_reports_by_clinical_service", &of, 1);
            sums.add_of(
                "outcome_reports_incomplete_by_clinical_service",
                &of,
                i64::from(!self.complete),
            );
        }
        for (measure, value) in &self.values {
            sums.add_of("outcomes", measure, i64::from(*value));
        }
        if let (Some(month), Some(referrals)) = (self.month, self.values.get("internal_referrals"))
        {
            sums.add_of("internal_referrals_by_month", month, i64::from(*referrals));
        }
    }
}

impl Keep<OutcomeEvent> for OutcomeRecord {
    fn note(&mut self, _: &Noted, fact: &OutcomeEvent) {
        let outcomes = match fact {
            OutcomeEvent::OutcomesReported { terms, outcomes } => {
                self.clinical_service = Some(terms.clinical_service.0);
                self.month = Some(terms.month);
                outcomes
            }
            OutcomeEvent::OutcomesCorrected { outcomes, .. } => outcomes,
        };
        self.values.clone_from(&outcomes.values);
        self.complete = outcomes.complete;
    }
}
