//! One vacancy, one candidate, and how far their application has come.

use super::*;
use crate::{
    actor::Region,
    decision_round::{OpenDecisionRound, SealDecision, SealShortlist},
    given::Given,
    policy::catalogue::{Criterion, CriterionFamily, CriterionOwner, Role},
    vacancy::{OnTrainingFailure, VacancyEvent},
    world::Command,
};

/// Employer, university and candidate of one application, and what happened so far.
pub(crate) struct Cast {
    pub(crate) given: Given,
    pub(crate) application: Id<Application>,
}

pub(crate) fn employer() -> TenantId {
    tenant(1)
}
pub(crate) fn university() -> TenantId {
    tenant(2)
}
pub(crate) fn hr() -> Actor {
    actor(employer(), ActingRole::EmployerHr)
}
pub(crate) fn tutor() -> Actor {
    actor(university(), ActingRole::AdmissionsTutor)
}
pub(crate) fn candidate() -> Actor {
    actor(tenant(7), ActingRole::Candidate)
}
pub(crate) fn platform() -> Actor {
    actor(PLATFORM, ActingRole::PlatformOperator)
}
/// A tenant that is no party.
pub(crate) fn stranger(role: ActingRole) -> Actor {
    actor(tenant(99), role)
}

pub(crate) fn at(instant: &str) -> Timestamp {
    instant.parse().expect("an instant")
}

pub(crate) fn vacancy() -> Id<Vacancy> {
    Id::derive(employer(), &[Uuid::from_u128(1)])
}

fn criterion(key: &str, owner: CriterionOwner, essential: bool) -> Criterion {
    Criterion {
        key: key.to_owned(),
        family: CriterionFamily::Attitudes,
        owner,
        weight: 5,
        essential,
    }
}

/// A vacancy open from 10 November to 30 November 2025, 23:59 in London.
pub(crate) fn opened() -> Given {
    let terms = VacancyTerms {
        employer: employer(),
        university: university(),
        commissioner: tenant(4),
        intake: Id::derive(university(), &[Uuid::from_u128(2)]),
        role: Role::parse("MHWP", "role").expect("a role id"),
        clinical_service: Id::derive(employer(), &[Uuid::from_u128(3)]),
        sites: vec![],
        region: Region::NorthWest,
        allocation: Id::derive(employer(), &[Uuid::from_u128(4)]),
        posts: 5,
        title: "Trainee MHWP".to_owned(),
        criteria: vec![
            criterion("trauma_informed_recovery", CriterionOwner::Both, true),
            criterion("team_aptitude", CriterionOwner::Employer, true),
            criterion("driving", CriterionOwner::Employer, false),
            criterion("academic_writing", CriterionOwner::University, true),
        ],
        on_training_failure: OnTrainingFailure::Redeploy,
        pilot: None,
        opening: at("2025-11-10T09:00:00Z"),
        closing: at("2025-11-30T23:59:00Z"),
    };
    let opened = VacancyEvent::VacancyOpened {
        terms: Box::new(terms),
    };
    Given::nothing()
        .of_the_baseline(&[
            "role.MHWP",
            "criteria.MHWP",
            "round.deadline",
            "round.default",
            "employment.checks",
            "employment.checks.validity",
            "applications",
            "interview.panel",
            "offer.answer",
        ])
        .happened(vacancy(), &opened)
}

pub(crate) fn submit(degree: Degree) -> SubmitApplication {
    SubmitApplication {
        vacancy: vacancy(),
        person: None,
        name: "Ada Marker".to_owned(),
        contact: "ada@example.org".to_owned(),
        statement: "I want to help people recover.".to_owned(),
        entry: EntrySource::External,
        degree,
        degree_detail: Some("BSc Sociology, Calderbridge, 2:1".to_owned()),
    }
}

pub(crate) fn applied_with(degree: Degree) -> Cast {
    let mut given = opened();
    given
        .when(&candidate(), date(2025, 11, 21), &submit(degree))
        .expect("the window is open");
    Cast {
        given,
        application: Application::id(employer(), vacancy(), person(7)),
    }
}

pub(crate) fn applied() -> Cast {
    applied_with(Degree::Held)
}

impl Cast {
    pub(crate) fn when(
        &mut self,
        by: &Actor,
        on: Date,
        command: &dyn Command,
    ) -> Result<Vec<String>, Reason> {
        self.given.when(by, on, command)
    }

    pub(crate) fn held(&self) -> &HeldApplication {
        self.given
            .state(self.application)
            .and_then(Application::held)
            .expect("submitted")
    }

    pub(crate) fn shortlist(&self, shortlisted: bool) -> SealShortlist {
        SealShortlist {
            application: self.application,
            shortlisted,
            scores: vec![],
            reason: "meets the criteria".to_owned(),
        }
    }

    pub(crate) fn shortlisted(mut self) -> Self {
        let shortlist = self.shortlist(true);
        self.when(&hr(), date(2025, 12, 3), &shortlist)
            .expect("sealed");
        self.when(&tutor(), date(2025, 12, 4), &shortlist)
            .expect("sealed");
        self
    }

    pub(crate) fn interview(&self) -> RecordInterview {
        RecordInterview {
            application: self.application,
            on: date(2025, 12, 11),
            panel: vec![
                PanelMember::ServiceManager,
                PanelMember::AdmissionsTutor,
                PanelMember::ExpertByExperience,
            ],
        }
    }

    pub(crate) fn deciding(self) -> Self {
        let mut cast = self.shortlisted();
        let interview = cast.interview();
        cast.when(&hr(), date(2025, 12, 11), &interview)
            .expect("recorded");
        let open = OpenDecisionRound {
            application: cast.application,
            deadline: Some(at("2025-12-19T17:00:00Z")),
        };
        cast.when(&hr(), date(2025, 12, 11), &open).expect("opened");
        cast
    }

    pub(crate) fn decide(
        &self,
        round: u32,
        decision: crate::decision_round::Decision,
    ) -> SealDecision {
        SealDecision {
            application: self.application,
            round,
            decision,
        }
    }

    pub(crate) fn appointed(self) -> Self {
        let mut cast = self.deciding();
        let employer = cast.decide(1, accept(Party::Employer));
        let university = cast.decide(1, accept(Party::University));
        cast.when(&hr(), date(2025, 12, 12), &employer)
            .expect("sealed");
        cast.when(&tutor(), date(2025, 12, 15), &university)
            .expect("revealed");
        cast
    }

    pub(crate) fn rejected_by_the_university(self) -> Self {
        let mut cast = self.deciding();
        let employer = cast.decide(1, accept(Party::Employer));
        let university = cast.decide(1, reject("ability_to_study", Party::University));
        cast.when(&hr(), date(2025, 12, 12), &employer)
            .expect("sealed");
        cast.when(&tutor(), date(2025, 12, 15), &university)
            .expect("revealed");
        cast
    }
}
