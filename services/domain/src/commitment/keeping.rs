//! After a promise has fallen due: the evidence comes late or not at all, the commissioner waits
//! or does not, and a post that came is maintained or lost.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    BreachKind, Commitment, CommitmentAct, CommitmentEvent, CommitmentTerms, Promise,
    QualifiedPost, Standing,
};
use crate::{
    actor::{PersonId, TenantKind},
    application::Application,
    calendar::months_later,
    directory::ClinicalService,
    id::Id,
    refusal::Refusal,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// What an event changes about one promise.
pub(super) enum Change {
    Post(QualifiedPost),
    Discharged(Option<Date>),
    Mitigation(Date),
    Standing(Standing),
}

/// The promise an event of its keeping is about, and what changes.
pub(super) fn change(event: CommitmentEvent) -> Option<(Id<Application>, Change)> {
    Some(match event {
        CommitmentEvent::QualifiedPostEvidenced {
            application, post, ..
        } => (application, Change::Post(post)),
        CommitmentEvent::CommitmentDischarged {
            application,
            maintain_until,
        } => (application, Change::Discharged(maintain_until)),
        CommitmentEvent::MitigationOffered {
            application,
            permanent_from,
        } => (application, Change::Mitigation(permanent_from)),
        CommitmentEvent::CommitmentOverdue { application, .. } => {
            (application, Change::Standing(Standing::Overdue))
        }
        CommitmentEvent::GraceGranted { application, until } => {
            (application, Change::Standing(Standing::Grace { until }))
        }
        CommitmentEvent::CommitmentBreached {
            application,
            kind,
            on,
        } => (
            application,
            Change::Standing(Standing::Breached { kind, on }),
        ),
        CommitmentEvent::CommitmentMaintained { application, .. } => {
            (application, Change::Standing(Standing::Maintained))
        }
        _ => return None,
    })
}

impl Promise {
    /// A promise that has just fallen due.
    pub(super) fn due(
        person: PersonId,
        qualified_on: Date,
        evidence_by: Date,
        clinical_service: Id<ClinicalService>,
    ) -> Self {
        Self {
            person,
            qualified_on,
            evidence_by,
            clinical_service,
            post: None,
            maintain_until: None,
            mitigation: None,
            standing: Standing::Due,
        }
    }

    pub(super) fn keep(&mut self, change: Change) {
        match change {
            Change::Post(post) => self.post = Some(post),
            Change::Discharged(maintain_until) => {
                self.maintain_until = maintain_until;
                self.standing = Standing::Discharged;
            }
            Change::Mitigation(from) => self.mitigation = Some(from),
            Change::Standing(standing) => self.standing = standing,
        }
    }
}

impl Commitment {
    fn own_promise(
        &self,
        issued: &Issued<CommitmentAct>,
        application: Id<Application>,
    ) -> Result<(&CommitmentTerms, &Promise), Refusal> {
        let terms = self.terms().ok_or_else(Refusal::not_permitted)?;
        let own = match issued.by.kind {
            TenantKind::Commissioner => issued.by.tenant == terms.commissioner,
            TenantKind::Employer => issued.by.tenant == terms.employer,
            kind => kind == TenantKind::Platform,
        };
        match self.promise(application) {
            Some(promise) if own => Ok((terms, promise)),
            _ => Err(Refusal::not_permitted()),
        }
    }

    pub(super) fn note_overdue(
        &self,
        today: Date,
        application: Id<Application>,
    ) -> Vec<CommitmentEvent> {
        match self.promise(application) {
            Some(promise) if promise.standing == Standing::Due && today > promise.evidence_by => {
                vec![CommitmentEvent::CommitmentOverdue {
                    application,
                    on: today,
                }]
            }
            _ => vec![],
        }
    }

    pub(super) fn offer_mitigation(
        &self,
        issued: &Issued<CommitmentAct>,
        offer: &OfferMitigation,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        if offer.permanent_from <= issued.today() {
            return Err(Refusal::invalid(
                "permanent_from",
                "a post that is there already is evidence; record it with EvidenceQualifiedPost",
            ));
        }
        let (_, promise) = self.own_promise(issued, offer.application)?;
        if promise.mitigation == Some(offer.permanent_from) {
            return Ok(vec![]);
        }
        if !promise.standing.owed() {
            return Err(not_owed());
        }
        Ok(vec![CommitmentEvent::MitigationOffered {
            application: offer.application,
            permanent_from: offer.permanent_from,
        }])
    }

    pub(super) fn grant_grace(
        &self,
        issued: &Issued<CommitmentAct>,
        grant: &GrantGrace,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        let today = issued.today();
        let months: u32 = issued.policies.get("commitment.grace_max", today)?;
        let latest = months_later(today, months);
        if grant.until <= today || grant.until > latest {
            return Err(Refusal::invalid(
                "until",
                format!("grace ends after today and by {latest}, policy commitment.grace_max"),
            ));
        }
        let (_, promise) = self.own_promise(issued, grant.application)?;
        if promise.standing == (Standing::Grace { until: grant.until }) {
            return Ok(vec![]);
        }
        if !promise.standing.owed() {
            return Err(not_owed());
        }
        Ok(vec![CommitmentEvent::GraceGranted {
            application: grant.application,
            until: grant.until,
        }])
    }

    /// A breach is a decision of the commissioner, or the end of the grace it granted.
    pub(super) fn breach(
        &self,
        issued: &Issued<CommitmentAct>,
        application: Id<Application>,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        let (_, promise) = self.own_promise(issued, application)?;
        let today = issued.today();
        let last_day = match promise.standing {
            Standing::Breached { .. } => return Ok(vec![]),
            Standing::Grace { until } => until,
            Standing::Due | Standing::Overdue => promise.evidence_by,
            _ if issued.by.kind == TenantKind::Platform => return Ok(vec![]),
            _ => return Err(not_owed()),
        };
        if today <= last_day {
            // a timer of grace that was extended in the meantime
            if issued.by.kind == TenantKind::Platform {
                return Ok(vec![]);
            }
            return Err(Refusal::state_not_allowed(format!(
                "the employer has until {last_day} to show the post; wait for it"
            ))
            .with("until", last_day));
        }
        Ok(vec![CommitmentEvent::CommitmentBreached {
            application,
            kind: BreachKind::NoQualifiedPost,
            on: today,
        }])
    }

    pub(super) fn post_ended(
        &self,
        issued: &Issued<CommitmentAct>,
        application: Id<Application>,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        let (_, promise) = self.own_promise(issued, application)?;
        let ended = issued.today();
        let (Standing::Discharged, Some(post), Some(maintain_until)) =
            (promise.standing, &promise.post, promise.maintain_until)
        else {
            if let Standing::Breached {
                kind: BreachKind::PostNotMaintained,
                on,
            } = promise.standing
            {
                return Refusal::unless_same(on == ended, "the end of the post");
            }
            return Err(Refusal::state_not_allowed(
                "no post has to be maintained; only one that discharged a promise does",
            ));
        };
        if ended < post.starts_on || ended >= maintain_until {
            return Err(Refusal::state_not_allowed(format!(
                "the post had to be maintained from {} to {maintain_until}; name a day within",
                post.starts_on
            )));
        }
        Ok(vec![
            CommitmentEvent::PostNotMaintained {
                application,
                ended,
                maintain_until,
            },
            CommitmentEvent::CommitmentBreached {
                application,
                kind: BreachKind::PostNotMaintained,
                on: ended,
            },
        ])
    }

    pub(super) fn note_maintained(
        &self,
        today: Date,
        application: Id<Application>,
    ) -> Vec<CommitmentEvent> {
        match self.promise(application) {
            Some(promise)
                if promise.standing == Standing::Discharged
                    && promise.maintain_until.is_some_and(|until| today >= until) =>
            {
                vec![CommitmentEvent::CommitmentMaintained {
                    application,
                    on: today,
                }]
            }
            _ => vec![],
        }
    }
}

fn not_owed() -> Refusal {
    Refusal::state_not_allowed("no post is owed for this person now; see the promise's state")
}

/// The last day for the evidence is over; asked for by a timer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteCommitmentOverdue {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// Whose promise.
    pub application: Id<Application>,
}

impl Command for NoteCommitmentOverdue {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let act = CommitmentAct::NoteOverdue(self.application);
        world.decide(issue, self.commitment, act)?;
        Ok(self.commitment.key())
    }
}

/// The employer says from when the permanent post will be there (D.11).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferMitigation {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// Whose promise.
    pub application: Id<Application>,
    /// First day of the permanent post.
    pub permanent_from: Date,
}

impl Command for OfferMitigation {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let act = CommitmentAct::OfferMitigation(self.clone());
        world.decide(issue, self.commitment, act)?;
        Ok(self.commitment.key())
    }
}

/// The commissioner waits until a day; then the promise is broken without another word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantGrace {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// Whose promise.
    pub application: Id<Application>,
    /// The last day.
    pub until: Date,
}

impl Command for GrantGrace {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let act = CommitmentAct::GrantGrace(self.clone());
        world.decide(issue, self.commitment, act)?;
        Ok(self.commitment.key())
    }
}

/// The commissioner finds a promise broken: the last day for the evidence, or the grace, is over
/// (`FUND-08`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmBreach {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// Whose promise.
    pub application: Id<Application>,
}

impl Command for ConfirmBreach {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let act = CommitmentAct::Breach(self.application);
        world.decide(issue, self.commitment, act)?;
        Ok(self.commitment.key())
    }
}

/// The grace is over; asked for by a timer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndGrace {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// Whose promise.
    pub application: Id<Application>,
}

impl Command for EndGrace {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let act = CommitmentAct::Breach(self.application);
        world.decide(issue, self.commitment, act)?;
        Ok(self.commitment.key())
    }
}

/// The employer reports that a post which discharged a promise ended, on the effective day. Within
/// the maintenance period that breaks the promise (`FUND-02`, `X-14`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportPostEnded {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// Whose promise.
    pub application: Id<Application>,
}

impl Command for ReportPostEnded {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let act = CommitmentAct::PostEnded(self.application);
        world.decide(issue, self.commitment, act)?;
        Ok(self.commitment.key())
    }
}

/// The maintenance period is over; asked for by a timer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteCommitmentMaintained {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// Whose promise.
    pub application: Id<Application>,
}

impl Command for NoteCommitmentMaintained {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let act = CommitmentAct::NoteMaintained(self.application);
        world.decide(issue, self.commitment, act)?;
        Ok(self.commitment.key())
    }
}

#[cfg(test)]
mod tests;
