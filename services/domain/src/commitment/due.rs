//! A pass brings the promise of a post due.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Commitment, CommitmentAct, CommitmentEvent, Standing, held};
use crate::{
    actor::{PersonId, TenantKind},
    application::Application,
    calendar::months_later,
    directory::ClinicalService,
    id::Id,
    refusal::Refusal,
    training::Training,
    vacancy::Vacancy,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

impl Commitment {
    pub(super) fn bring_due(
        &self,
        issued: &Issued<CommitmentAct>,
        bring: &BringCommitmentDue,
        clinical_service: Id<ClinicalService>,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        let Self::Given { promises, .. } = self else {
            // an employer that promised nothing owes nothing, and gets no award either (`FUND-02`)
            return Ok(vec![]);
        };
        if promises
            .get(&bring.application)
            .is_some_and(|promise| promise.standing != Standing::Lapsed)
        {
            return Ok(vec![]);
        }
        let window: u32 = issued
            .policies
            .get("commitment.evidence_window", bring.qualified_on)?;
        Ok(vec![CommitmentEvent::CommitmentDue {
            application: bring.application,
            person: bring.person,
            qualified_on: bring.qualified_on,
            evidence_by: months_later(bring.qualified_on, window),
            clinical_service,
        }])
    }

    pub(super) fn redate(
        &self,
        issued: &Issued<CommitmentAct>,
        redate: &RedateCommitment,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        let owed = self.promise(redate.application).filter(|promise| {
            promise.standing.owed() && promise.qualified_on != redate.qualified_on
        });
        if owed.is_none() {
            return Ok(vec![]);
        }
        let window: u32 = issued
            .policies
            .get("commitment.evidence_window", redate.qualified_on)?;
        Ok(vec![CommitmentEvent::CommitmentRedated {
            application: redate.application,
            qualified_on: redate.qualified_on,
            evidence_by: months_later(redate.qualified_on, window),
        }])
    }

    /// A promise that is overdue is so no more when its last day moves; its timer says so again.
    pub(super) fn redated(
        &mut self,
        application: Id<Application>,
        qualified_on: Date,
        evidence_by: Date,
    ) {
        let Self::Given { promises, .. } = self else {
            return;
        };
        if let Some(promise) = promises.get_mut(&application) {
            promise.qualified_on = qualified_on;
            promise.evidence_by = evidence_by;
            if promise.standing == Standing::Overdue {
                promise.standing = Standing::Due;
            }
        }
    }
}

/// Brings the promise to one person due; asked for by a reaction on the qualification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BringCommitmentDue {
    /// The application.
    pub application: Id<Application>,
    /// The vacancy it came through.
    pub vacancy: Id<Vacancy>,
    /// The person.
    pub person: PersonId,
    /// The day of the qualification.
    pub qualified_on: Date,
}

impl Command for BringCommitmentDue {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let vacancy = Vacancy::expect(world, self.vacancy)?;
        let id = held(
            world,
            vacancy.employer,
            vacancy.allocation,
            self.application,
        )?;
        let training = Id::<Training>::derive(vacancy.employer, &[self.application.0]);
        let placed = world.read(training)?.placement_on(self.qualified_on);
        let trained = placed.map(|placement| placement.clinical_service);
        let bring = self.clone();
        let clinical_service = trained.unwrap_or(vacancy.clinical_service);
        world.decide_beyond(
            issue,
            id,
            CommitmentAct::BringDue {
                bring,
                clinical_service,
            },
        )?;
        Ok(id.key())
    }
}

/// Moves the last day for the evidence; asked for by a reaction when the day of the board that
/// qualified somebody is corrected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RedateCommitment {
    /// The application.
    pub application: Id<Application>,
    /// The vacancy it came through.
    pub vacancy: Id<Vacancy>,
    /// The day of the qualification.
    pub qualified_on: Date,
}

impl Command for RedateCommitment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let vacancy = Vacancy::expect(world, self.vacancy)?;
        let (employer, allocation) = (vacancy.employer, vacancy.allocation);
        let id = held(world, employer, allocation, self.application)?;
        world.decide_beyond(issue, id, CommitmentAct::Redate(self.clone()))?;
        Ok(id.key())
    }
}
