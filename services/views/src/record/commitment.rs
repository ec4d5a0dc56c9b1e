//! Posts promised: expected, owed, kept, broken.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::TenantId,
    calendar::{financial_year, next_month},
    commitment::{BreachRegisterEvent, CommitmentEvent, Handover, Standing},
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keep;

/// One post in hundredths of a whole-time equivalent.
const WHOLE_TIME: i64 = 100;

/// A commitment: posts promised, and each person's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CommitmentRecord {
    /// Who promises.
    pub employer: Option<TenantId>,
    /// Posts promised.
    pub posts: u32,
    /// Their band.
    pub band: u8,
    /// First day of the month from which they are owed.
    pub effective_month: Option<Date>,
    /// The promise to each person, by application.
    pub promises: BTreeMap<Uuid, PromiseRecord>,
    /// The last day of training of those still in it, by application.
    pub expected: BTreeMap<Uuid, Date>,
    /// Those to whom nothing is owed any more.
    pub lapsed: BTreeSet<Uuid>,
    /// Those whom another employer owes the post now.
    pub transferred: BTreeSet<Uuid>,
}

/// The promise to one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromiseRecord {
    /// The last day for the evidence.
    pub evidence_by: Option<Date>,
    /// First day in the qualified post.
    pub in_post_from: Option<Date>,
    /// The post's band.
    pub band: Option<u8>,
    /// Whether the post is in the clinical service of the training.
    pub same_service: bool,
    /// Whether a post discharged it.
    pub discharged: bool,
    /// Where it stands.
    pub standing: Standing,
}

impl Default for PromiseRecord {
    fn default() -> Self {
        Self {
            evidence_by: None,
            in_post_from: None,
            band: None,
            same_service: false,
            discharged: false,
            standing: Standing::Due,
        }
    }
}

impl CommitmentRecord {
    /// What it adds to a dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("commitment_posts", i64::from(self.posts));
        let mut kept = 0_i64;
        for promise in self.promises.values() {
            promise.sums(sums);
            kept += i64::from(promise.discharged);
        }
        sums.add("commitments_lapsed", self.lapsed.len() as i64);
        sums.add("commitments_transferred", self.transferred.len() as i64);
        if let Some(month) = self.effective_month {
            let gone = self.transferred.len() as i64;
            let owed = i64::from(self.posts)
                .saturating_sub(kept)
                .saturating_sub(gone)
                .max(0);
            sums.add_of("qualified_posts_owed", month, owed);
        }
        self.forecast(sums);
    }

    /// Posts to be paid for, from the month after each training ends (`FUND-12`).
    fn forecast(&self, sums: &mut Figures) {
        for completes in self.expected.values() {
            let from = next_month(*completes);
            sums.add_of("post_forecast", from, WHOLE_TIME);
            sums.add_of("post_forecast_by_year", financial_year(from), WHOLE_TIME);
            if let Some(employer) = self.employer {
                let part = format!("{employer}/{from}");
                sums.add_of("post_forecast_by_employer", part, WHOLE_TIME);
            }
        }
    }

    fn take_over(&mut self, handover: &Handover) {
        self.employer = Some(handover.terms.employer);
        self.band = handover.terms.band;
        self.effective_month = Some(handover.terms.effective_month);
        for one in &handover.people {
            let application = one.application.0;
            let returns = self.transferred.remove(&application);
            self.posts = self.posts.saturating_add(u32::from(!returns));
            if let Some(completes) = one.completes {
                self.expected.insert(application, completes);
            }
            if let Some(due) = &one.due {
                self.falls_due(application, due.evidence_by);
            }
        }
    }

    fn falls_due(&mut self, application: Uuid, evidence_by: Date) {
        self.expected.remove(&application);
        self.lapsed.remove(&application);
        let due = PromiseRecord {
            evidence_by: Some(evidence_by),
            ..PromiseRecord::default()
        };
        self.promises.insert(application, due);
    }

    fn redated(&mut self, application: Uuid, evidence_by: Date) {
        if let Some(promise) = self.promises.get_mut(&application) {
            promise.evidence_by = Some(evidence_by);
            if promise.standing == Standing::Overdue {
                promise.standing = Standing::Due;
            }
        }
    }

    fn stands(&mut self, application: Uuid, standing: Standing) {
        if let Some(promise) = self.promises.get_mut(&application) {
            promise.standing = standing;
        }
    }
}

impl PromiseRecord {
    fn sums(&self, sums: &mut Figures) {
        if matches!(self.standing, Standing::Lapsed | Standing::Transferred) {
            return;
        }
        sums.add("commitments_fallen_due", 1);
        sums.count("commitments_discharged", self.discharged);
        let owed = self.standing.owed();
        sums.count("commitments_due", owed);
        if let (true, Some(by)) = (owed, self.evidence_by) {
            sums.add_of("commitments_due_by", by, 1);
        }
        sums.count(
            "commitments_in_grace",
            matches!(self.standing, Standing::Grace { .. }),
        );
        sums.count(
            "commitments_maintained",
            self.standing == Standing::Maintained,
        );
        if let Standing::Breached { kind, .. } = self.standing {
            sums.add("commitments_breached", 1);
            sums.add_of("commitments_breached_by_kind", kind, 1);
        }
        let in_post =
            self.in_post_from.is_some() && !matches!(self.standing, Standing::Breached { .. });
        sums.count("in_qualified_post", in_post);
        sums.count("in_another_service", in_post && !self.same_service);
        if let (true, Some(band)) = (in_post, self.band) {
            sums.add_of("in_qualified_post_by_band", band, 1);
        }
    }
}

impl Keep<CommitmentEvent> for CommitmentRecord {
    fn note(&mut self, _: &Noted, fact: &CommitmentEvent) {
        match fact {
            CommitmentEvent::CommitmentGiven { terms } => {
                self.employer = Some(terms.employer);
                self.posts = terms.posts;
                self.band = terms.band;
                self.effective_month = Some(terms.effective_month);
            }
            CommitmentEvent::CommitmentTakenOver { handover } => self.take_over(handover),
            CommitmentEvent::CompletionExpected {
                application,
                expected,
            } => {
                self.lapsed.remove(&application.0);
                self.expected.insert(application.0, expected.completes);
            }
            CommitmentEvent::CommitmentDue {
                application,
                evidence_by,
                ..
            } => self.falls_due(application.0, *evidence_by),
            CommitmentEvent::CommitmentRedated {
                application,
                evidence_by,
                ..
            } => self.redated(application.0, *evidence_by),
            CommitmentEvent::QualifiedPostEvidenced {
                application, post, ..
            } => {
                let promise = self.promises.entry(application.0).or_default();
                promise.in_post_from = Some(post.starts_on);
                promise.band = Some(post.band);
                promise.same_service = post.same_service;
            }
            CommitmentEvent::CommitmentDischarged { application, .. } => {
                let promise = self.promises.entry(application.0).or_default();
                promise.discharged = true;
                promise.standing = Standing::Discharged;
            }
            CommitmentEvent::CommitmentOverdue { application, .. } => {
                self.stands(application.0, Standing::Overdue);
            }
            CommitmentEvent::GraceGranted { application, until } => {
                self.stands(application.0, Standing::Grace { until: *until });
            }
            CommitmentEvent::CommitmentMaintained { application, .. } => {
                self.stands(application.0, Standing::Maintained);
            }
            CommitmentEvent::CommitmentBreached {
                application,
                kind,
                on,
            } => {
                let standing = Standing::Breached {
                    kind: *kind,
                    on: *on,
                };
                self.stands(application.0, standing);
            }
            CommitmentEvent::CommitmentLapsed { application, .. } => {
                self.expected.remove(&application.0);
                self.lapsed.insert(application.0);
                self.stands(application.0, Standing::Lapsed);
            }
            CommitmentEvent::CommitmentTransferred { applications, .. } => {
                for application in applications {
                    self.expected.remove(&application.0);
                    self.transferred.insert(application.0);
                    self.stands(application.0, Standing::Transferred);
                }
            }
            CommitmentEvent::MitigationOffered { .. }
            | CommitmentEvent::PostNotMaintained { .. } => {}
        }
    }
}

/// An employer's broken promises.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BreachesRecord {
    /// Who broke them.
    pub employer: Option<TenantId>,
    /// What nothing has made good, by application.
    pub open: BTreeSet<Uuid>,
}

impl BreachesRecord {
    /// What it adds to a dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("breaches_open", self.open.len() as i64);
        sums.count("employers_not_ready_for_breach", !self.open.is_empty());
    }
}

impl Keep<BreachRegisterEvent> for BreachesRecord {
    fn note(&mut self, _: &Noted, fact: &BreachRegisterEvent) {
        match fact {
            BreachRegisterEvent::BreachNoted {
                employer, broken, ..
            } => {
                self.employer = Some(*employer);
                self.open.insert(broken.application.0);
            }
            BreachRegisterEvent::BreachSettled { broken, .. } => {
                self.open.remove(&broken.application.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn fund_12_six_who_complete_in_march_are_six_whole_posts_from_april() {
        let employer = TenantId(Uuid::nil());
        let record = CommitmentRecord {
            employer: Some(employer),
            expected: (0..6)
                .map(|n| (Uuid::from_u128(n), date(2027, 3, 1)))
                .collect(),
            ..CommitmentRecord::default()
        };
        let mut figures = Figures::default();
        record.sums(&mut figures);
        assert_eq!(figures.get_of("post_forecast", "2027-04-01"), 600);
        assert_eq!(figures.get_of("post_forecast_by_year", "2027/28"), 600);
        let part = format!("{employer}/2027-04-01");
        assert_eq!(figures.get_of("post_forecast_by_employer", &part), 600);
    }
}
