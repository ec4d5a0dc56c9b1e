//! The cast of the rule tests from appointment on: one trainee of the March 2026 intake.

use jiff::civil::{Date, date};
use strum::IntoEnumIterator as _;
use uuid::Uuid;

use super::Appointment;
use crate::{
    actor::{ActingRole, Actor, PersonId, Region, TenantId, TenantKind},
    application::{
        Applicant, Application, ApplicationEvent, ApplicationTerms, Degree, EntrySource,
    },
    board::{BoardCapacity, BoardMember, Constitution, ExamBoard, ExamBoardEvent},
    calendar::midday,
    commitment::{CommitmentEvent, CommitmentTerms},
    directory::{
        EmployerSector, RegisterCheck, Supervisor, SupervisorEvent, Tenant, TenantEvent, TenantName,
    },
    employment::StartEmployment,
    enrolment::EnrolTrainee,
    given::{Given, actor, person, tenant},
    id::Id,
    identifiers::Ukprn,
    offer::{EmploymentCheck, OfferEvent, OfferTerms},
    personal::{ContentDigest, DigestSalt, Personal},
    policy::catalogue::{Register, RegisterStatus, Role},
    programme::{IntakeEvent, IntakeTerms, RouteCapacity},
    training::{
        AssignSupervisor, HoldThreeWayReview, LogPracticeHours, PracticeKind, SignPracticeHours,
        VerifyPortfolio,
    },
    vacancy::{OnTrainingFailure, Vacancy, VacancyEvent, VacancyTerms},
};

pub(crate) const EMPLOYMENT_START: Date = date(2026, 2, 23);
pub(crate) const TEACHING_START: Date = date(2026, 3, 2);
pub(crate) const TRAINING_END: Date = date(2027, 3, 1);
pub(crate) const BOARD: Date = date(2027, 3, 10);
pub(crate) const SID: &str = "26100990010000011";

pub(crate) fn employer() -> TenantId {
    tenant(1)
}
pub(crate) fn university() -> TenantId {
    tenant(2)
}
pub(crate) fn commissioner() -> TenantId {
    tenant(3)
}
pub(crate) fn trainee() -> PersonId {
    person(11)
}

/// Somebody of a party, in a role.
pub(crate) fn hr() -> Actor {
    actor(employer(), ActingRole::EmployerHr)
}
pub(crate) fn supervisor() -> Actor {
    actor(employer(), ActingRole::PracticeSupervisor)
}
/// The trainee, acting alone.
pub(crate) fn candidate() -> Actor {
    actor(TenantId(trainee().0), ActingRole::Candidate)
}
pub(crate) fn programme_lead() -> Actor {
    actor(university(), ActingRole::ProgrammeLead)
}
pub(crate) fn board_secretary() -> Actor {
    actor(university(), ActingRole::BoardSecretary)
}
pub(crate) fn national() -> Actor {
    actor(commissioner(), ActingRole::CommissionerNational)
}

pub(crate) fn role() -> Role {
    Role::parse("MHWP", "role").expect("a role id")
}

/// The trainee's appointment, on the graduate route.
pub(crate) fn appointment() -> Appointment {
    let vacancy = Id::new(Uuid::from_u128(0xA1));
    Appointment {
        application: application_id(vacancy),
        person: trainee(),
        employer: employer(),
        university: university(),
        commissioner: commissioner(),
        intake: Id::new(Uuid::from_u128(0xA2)),
        vacancy,
        allocation: Id::new(Uuid::from_u128(0xA3)),
        role: role(),
        level: 7,
    }
}

/// How far the offer has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OfferIs {
    Made,
    Accepted,
    ChecksCleared,
    ConditionsMet,
}

/// What differs between the stories told from the appointment on.
pub(crate) struct Story {
    pub(crate) whose: Appointment,
    pub(crate) sector: EmployerSector,
    pub(crate) committed: bool,
    pub(crate) offer: OfferIs,
}

impl Default for Story {
    fn default() -> Self {
        Self {
            whose: appointment(),
            sector: EmployerSector::Nhs,
            committed: true,
            offer: OfferIs::ConditionsMet,
        }
    }
}

/// Everything up to an appointment whose conditions are met.
pub(crate) fn appointed() -> Given {
    told(&Story::default())
}

/// Everything up to the appointment of a story.
pub(crate) fn told(story: &Story) -> Given {
    let whose = &story.whose;
    let vacancy = vacancy_terms(whose);
    let mut given = Given::baseline()
        .happened(
            Tenant::id(whose.employer),
            &registered(
                whose.employer,
                TenantKind::Employer,
                Some(story.sector),
                None,
            ),
        )
        .happened(
            Tenant::id(whose.university),
            &registered(
                whose.university,
                TenantKind::University,
                None,
                Some("10099001"),
            ),
        )
        .happened(
            whose.intake,
            &IntakeEvent::IntakePlanned {
                terms: Box::new(intake_terms()),
            },
        )
        .happened(
            whose.vacancy,
            &VacancyEvent::VacancyOpened {
                terms: Box::new(vacancy),
            },
        );
    given = constituted(given);
    if story.committed {
        given = given.happened(
            whose.commitment(),
            &CommitmentEvent::CommitmentGiven {
                terms: Box::new(commitment_terms(whose)),
            },
        );
    }
    offered(given, whose, story.offer)
}

pub(crate) fn vacancy_terms(whose: &Appointment) -> VacancyTerms {
    VacancyTerms {
        employer: whose.employer,
        university: whose.university,
        commissioner: whose.commissioner,
        intake: whose.intake,
        role: whose.role.clone(),
        clinical_service: Id::new(Uuid::from_u128(0xA4)),
        sites: vec![],
        region: Region::NorthWest,
        allocation: whose.allocation,
        posts: 5,
        title: "Trainee Mental Health and Wellbeing Practitioner".to_owned(),
        criteria: vec![],
        on_training_failure: OnTrainingFailure::Terminate,
        pilot: None,
        opening: midday(date(2025, 11, 10)),
        closing: midday(date(2025, 11, 30)),
    }
}

/// Somebody else is appointed too, with every condition met.
pub(crate) fn and_appointed(given: Given, whose: &Appointment) -> Given {
    let opened = VacancyEvent::VacancyOpened {
        terms: Box::new(vacancy_terms(whose)),
    };
    let given = if given.state(whose.vacancy).is_some() {
        given
    } else {
        given.happened(whose.vacancy, &opened)
    };
    offered(given, whose, OfferIs::ConditionsMet)
}

/// Another employer is in the directory.
pub(crate) fn and_registered(given: Given, employer: TenantId, sector: EmployerSector) -> Given {
    let entry = registered(employer, TenantKind::Employer, Some(sector), None);
    given.happened(Tenant::id(employer), &entry)
}

/// Somebody of the university's board.
pub(crate) fn board_member(n: u128, capacity: BoardCapacity) -> BoardMember {
    BoardMember {
        person: person(n),
        capacity,
    }
}

/// The university's board stands since 2022: a chair, three internal, two external examiners.
pub(crate) fn constituted(given: Given) -> Given {
    use BoardCapacity::{Chair, External, Internal};
    let members = [
        (41, Chair),
        (42, Internal),
        (43, Internal),
        (46, Internal),
        (44, External),
        (47, External),
    ];
    let constituted = ExamBoardEvent::BoardConstituted {
        university: university(),
        role: role(),
        constitution: Constitution {
            from: date(2022, 1, 10),
            programme_director: person(40),
            members: members
                .map(|(n, capacity)| board_member(n, capacity))
                .into(),
        },
    };
    given.happened(ExamBoard::id(university(), &role()), &constituted)
}

fn offered(given: Given, whose: &Appointment, offer: OfferIs) -> Given {
    let submitted = ApplicationEvent::ApplicationSubmitted {
        terms: ApplicationTerms {
            vacancy: whose.vacancy,
            person: whose.person,
            employer: whose.employer,
            university: whose.university,
            intake: whose.intake,
            role: whose.role.clone(),
        },
        entry: EntrySource::External,
        degree: Degree::Held,
        applicant: Box::new(Applicant {
            name: Personal::Erased,
            contact: Personal::Erased,
            statement: Personal::Erased,
            degree_detail: None,
        }),
        content: ContentDigest::of(DigestSalt(uuid::Uuid::nil()), whose.application.0, &()),
    };
    let made = OfferEvent::OfferMade {
        terms: OfferTerms {
            application: whose.application,
            person: whose.person,
            vacancy: whose.vacancy,
            employer: whose.employer,
            university: whose.university,
            intake: whose.intake,
            role: whose.role.clone(),
            level: whose.level,
        },
        conditions: Default::default(),
    };
    let mut given = given
        .happened(whose.application, &submitted)
        .happened(whose.offer(), &made);
    if offer >= OfferIs::Accepted {
        given = given.happened(whose.offer(), &OfferEvent::OfferAccepted {});
    }
    if offer >= OfferIs::ChecksCleared {
        for check in EmploymentCheck::iter() {
            let on = date(2026, 2, 13);
            let cleared = OfferEvent::EmploymentCheckCleared { check, on };
            given = given.happened(whose.offer(), &cleared);
        }
    }
    if offer >= OfferIs::ConditionsMet {
        given = given.happened(whose.offer(), &OfferEvent::OfferConditionsMet {});
    }
    given
}

pub(crate) fn intake_terms() -> IntakeTerms {
    IntakeTerms {
        university: university(),
        commissioner: commissioner(),
        role: role(),
        title: "MHWP-2026-03".to_owned(),
        teaching_start: TEACHING_START,
        last_start: date(2026, 3, 30),
        training_end: TRAINING_END,
        board_date: BOARD,
        curriculum_version: "2".to_owned(),
        capacity: vec![
            RouteCapacity {
                level: 7,
                places: 12,
            },
            RouteCapacity {
                level: 6,
                places: 8,
            },
        ],
    }
}

fn commitment_terms(whose: &Appointment) -> CommitmentTerms {
    CommitmentTerms {
        employer: whose.employer,
        commissioner: whose.commissioner,
        allocation: whose.allocation,
        intake: whose.intake,
        role: whose.role.clone(),
        posts: 5,
        band: 5,
        effective_month: date(2027, 3, 1),
    }
}

fn registered(
    tenant: TenantId,
    kind: TenantKind,
    sector: Option<EmployerSector>,
    ukprn: Option<&str>,
) -> TenantEvent {
    TenantEvent::TenantRegistered {
        tenant,
        kind,
        sector,
        region: None,
        name: TenantName {
            from: date(2020, 1, 1),
            name: "Cast".to_owned(),
            ods_code: None,
            ukprn: ukprn.map(|number| Ukprn::parse(number, "ukprn").expect("a UKPRN")),
        },
    }
}

/// A supervisor of the employer whom a register check of January 2026 describes.
pub(crate) fn with_supervisor(
    given: Given,
    who: u128,
    (register, status, modality): (Register, RegisterStatus, &str),
) -> (Given, Id<Supervisor>) {
    let id = Supervisor::id(employer(), person(who));
    let recorded = SupervisorEvent::SupervisorRecorded {
        employer: employer(),
        person: person(who),
        name: Personal::Erased,
    };
    let checked = SupervisorEvent::RegisterCheckRecorded {
        check: RegisterCheck {
            register,
            status,
            modalities: [modality.to_owned()].into(),
            from: date(2026, 1, 5),
        },
    };
    (given.happened(id, &recorded).happened(id, &checked), id)
}

/// What the register shows of S1 of the scenarios.
pub(crate) const CLINICAL_PSYCHOLOGIST: (Register, RegisterStatus, &str) = (
    Register::Hcpc,
    RegisterStatus::Registered,
    "clinical_psychologist",
);

/// Employed, enrolled, supervised by a clinical psychologist, in training since 2 March 2026.
pub(crate) fn in_training() -> Given {
    in_training_as(&appointment())
}

pub(crate) fn in_training_as(whose: &Appointment) -> Given {
    let given = told(&Story {
        whose: whose.clone(),
        ..Story::default()
    });
    let (mut given, supervisor_id) = with_supervisor(given, 21, CLINICAL_PSYCHOLOGIST);
    let assign = AssignSupervisor {
        application: whose.application,
        supervisor: supervisor_id,
    };
    for outcome in [
        given.when(&hr(), EMPLOYMENT_START, &start_employment(whose)),
        given.when(&programme_lead(), TEACHING_START, &enrol(whose)),
        given.when(&hr(), TEACHING_START, &assign),
    ] {
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    let followed = given.settle(TEACHING_START);
    let locked = "ProvisionalFundingLockStarted".to_owned();
    assert!(followed.contains(&locked), "{followed:?}");
    given
}

pub(crate) fn start_employment(whose: &Appointment) -> StartEmployment {
    StartEmployment {
        application: whose.application,
        band: 4,
        assignment: "20000001-1".to_owned(),
    }
}

pub(crate) fn enrol(whose: &Appointment) -> EnrolTrainee {
    EnrolTrainee {
        application: whose.application,
        sid: SID.to_owned(),
        uln: None,
        level: whose.level,
    }
}

/// Logs and signs the practice of scenario D.1 and three reviews: 96 contact hours, 52 of them
/// interventions, 12 hours of care planning, 23 + 23 hours of supervision.
pub(crate) fn with_practice(given: &mut Given) {
    let training = appointment().training();
    let hours = [
        (PracticeKind::Contact, None, 96),
        (PracticeKind::Intervention, Some("problem_solving"), 52),
        (PracticeKind::CarePlanning, None, 12),
        (PracticeKind::CaseManagement, None, 23),
        (PracticeKind::ClinicalSkills, None, 23),
    ];
    for (kind, intervention, hours) in hours {
        let log = LogPracticeHours {
            training,
            kind,
            intervention: intervention.map(str::to_owned),
            quarters: hours * 4,
        };
        let outcome = given.when(&supervisor(), date(2027, 1, 29), &log);
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    let until = date(2027, 1, 29);
    let sign = SignPracticeHours { training, until };
    let outcome = given.when(&candidate(), until, &sign);
    assert_eq!(outcome, Ok(vec!["PracticeHoursSigned".to_owned()]));
    for on in [date(2026, 5, 11), date(2026, 9, 14), date(2027, 1, 11)] {
        let review = HoldThreeWayReview { training };
        let outcome = given.when(&programme_lead(), on, &review);
        assert_eq!(outcome, Ok(vec!["ThreeWayReviewHeld".to_owned()]));
    }
}

/// The portfolio is verified.
pub(crate) fn with_portfolio(given: &mut Given) {
    with_practice(given);
    let verify = VerifyPortfolio {
        training: appointment().training(),
    };
    let outcome = given.when(&programme_lead(), date(2027, 2, 19), &verify);
    assert_eq!(outcome, Ok(vec!["PortfolioVerified".to_owned()]));
}

fn application_id(vacancy: Id<Vacancy>) -> Id<Application> {
    Id::derive(employer(), &[vacancy.0, trainee().0])
}
