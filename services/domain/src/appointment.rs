//! An accepted offer appoints a person to one trainee post and one place. From then on the
//! application is the thread of a trainee's life: every later record derives its id from it.

use serde::{Deserialize, Serialize};

use crate::{
    actor::{PersonId, Region, TenantId, TenantKind},
    allocation::Allocation,
    application::Application,
    commitment::Commitment,
    employment::Employment,
    enrolment::Enrolment,
    funding::FundingAward,
    id::Id,
    offer::Offer,
    policy::catalogue::Role,
    preceptorship::Preceptorship,
    programme::Intake,
    qualification::Qualification,
    refusal::Refusal,
    training::Training,
    vacancy::Vacancy,
    world::{Decider as _, Halt, Issue, World},
};

/// Whose appointment it is, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// The application that led to it.
    pub application: Id<Application>,
    /// The person appointed.
    pub person: PersonId,
    /// Who employs.
    pub employer: TenantId,
    /// Who teaches.
    pub university: TenantId,
    /// Who pays.
    pub commissioner: TenantId,
    /// The intake it starts in.
    pub intake: Id<Intake>,
    /// The vacancy it came through.
    pub vacancy: Id<Vacancy>,
    /// The allocation whose place it fills.
    pub allocation: Id<Allocation>,
    /// The role trained for.
    pub role: Role,
    /// The level that follows from the person's verified degree status (`ROUTE-01`, `ROUTE-02`).
    pub level: u8,
}

impl Appointment {
    /// The promise of a qualified post that the place rests on.
    pub fn commitment(&self) -> Id<Commitment> {
        Commitment::id(self.employer, self.allocation)
    }

    /// The offer that was accepted.
    pub fn offer(&self) -> Id<Offer> {
        Offer::id(self.employer, self.application)
    }

    /// The commissioner's award.
    pub fn award(&self) -> Id<FundingAward> {
        Id::derive(self.commissioner, &[self.application.0])
    }

    /// The university's record of the student.
    pub fn enrolment(&self) -> Id<Enrolment> {
        Id::derive(self.university, &[self.application.0])
    }

    /// The employer's record of the employee.
    pub fn employment(&self) -> Id<Employment> {
        Id::derive(self.employer, &[self.application.0])
    }

    /// The training year both share.
    pub fn training(&self) -> Id<Training> {
        Id::derive(self.employer, &[self.application.0])
    }

    /// Released results and what was conferred.
    pub fn qualification(&self) -> Id<Qualification> {
        Id::derive(self.university, &[self.application.0])
    }

    /// The joint record after qualification.
    pub fn preceptorship(&self) -> Id<Preceptorship> {
        Id::derive(self.employer, &[self.application.0])
    }
}

/// An appointment and how far its conditions stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Appointed {
    /// Whose it is.
    pub appointment: Appointment,
    /// The region its post counts for (`ALLOC-19`).
    pub region: Region,
    /// Whether the employment checks of policy `employment.checks` are cleared.
    pub checks_cleared: bool,
    /// Whether both parties have confirmed their conditions.
    pub conditions_met: bool,
}

impl Appointed {
    /// Reads the appointment an application led to, for one of its own: employer, university,
    /// commissioner or the platform.
    ///
    /// # Errors
    /// `NOT_PERMITTED` to anybody else, and while no offer is accepted.
    pub fn of(
        issue: &Issue,
        world: &mut World,
        application: Id<Application>,
    ) -> Result<Self, Halt> {
        let Some(employer) = world.read(application)?.terms().map(|terms| terms.employer) else {
            return Err(Refusal::not_permitted().into());
        };
        let offer = world.read(Offer::id(employer, application))?;
        let (Some(held), true) = (offer.held(), offer.accepted()) else {
            return Err(Refusal::not_permitted().into());
        };
        let needed = issue.policies.get("employment.checks", issue.today())?;
        let (terms, checks_cleared) = (
            held.terms.clone(),
            held.checks_open(&needed, issue.today()).is_empty(),
        );
        let conditions_met = offer.conditions_met();
        let vacancy = Vacancy::expect(world, terms.vacancy)?;
        let training = Training::of(world, application)?;
        let employs = world.read(training)?.appointment();
        let employer = employs.map_or(terms.employer, |whose| whose.employer);
        let own = [employer, terms.university, vacancy.commissioner];
        if issue.by.kind != TenantKind::Platform && !own.contains(&issue.by.tenant) {
            return Err(Refusal::not_permitted().into());
        }
        Ok(Self {
            appointment: Appointment {
                application,
                person: terms.person,
                employer,
                university: terms.university,
                commissioner: vacancy.commissioner,
                intake: terms.intake,
                vacancy: terms.vacancy,
                allocation: vacancy.allocation,
                role: terms.role,
                level: terms.level,
            },
            region: vacancy.region,
            checks_cleared,
            conditions_met,
        })
    }
}

/// Whether an appointment has led to an employment or an enrolment: from then on nothing in the
/// selection undoes it.
pub(crate) fn has_begun(
    world: &mut World,
    employer: TenantId,
    university: TenantId,
    application: Id<Application>,
) -> Result<bool, Halt> {
    let employment: Id<Employment> = Id::derive(employer, &[application.0]);
    let enrolment: Id<Enrolment> = Id::derive(university, &[application.0]);
    Ok(world.read(employment)?.custody().is_some() || world.read(enrolment)?.custody().is_some())
}

#[cfg(test)]
pub(crate) mod cast;
