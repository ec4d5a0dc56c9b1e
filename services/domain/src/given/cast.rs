//! The made-up organisations of the scenarios, and their way up to an open vacancy (D.1, 1 to 6).

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use strum::IntoEnumIterator as _;
use uuid::Uuid;

use super::{Given, actor, person, tenant};
use crate::{
    actor::{ActingRole, Actor, PLATFORM, PersonId, Region, TenantId, TenantKind},
    allocation::{
        Allocation, Approval, ApprovalBy, ConfirmAllocation, DeclareReadiness, ProposeAllocation,
        RegisterInterest,
    },
    calendar::london_instant,
    commitment::{Commitment, GiveCommitment, PostFunding, PostTerms},
    directory::{
        ClinicalService, EmployerSector, OpenClinicalService, RecordRegisterCheck,
        RecordSupervisor, RegisterTenant, Supervisor,
    },
    id::Id,
    partnership::{AgreeRouteBalance, Partnership, PlannedPosts, RouteBalance, SignPartnership},
    policy::catalogue::{Register, RegisterStatus, Role, Setting},
    programme::{ContractProvider, Intake, Milestone, PlanIntake, ReachMilestone, RouteCapacity},
    vacancy::{OnTrainingFailure, OpenVacancy, Vacancy},
    world::{Command, Decider},
};

/// Northmoor, an NHS employer in the North West.
pub(crate) const NORTHMOOR: u128 = 0xA0;
/// Severnvale, an NHS employer in the Midlands.
pub(crate) const SEVERNVALE: u128 = 0xB0;
/// The University of Wexcombe.
pub(crate) const WEXCOMBE: u128 = 0xD0;
/// The commissioner.
pub(crate) const COMMISSIONER: u128 = 0xE0;
/// S1, a clinical psychologist.
pub(crate) const S1: u128 = 0x51;
/// S2, an accredited therapist.
pub(crate) const S2: u128 = 0x52;

/// The ids of what happened up to an open vacancy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cast {
    pub(crate) employer: TenantId,
    pub(crate) university: TenantId,
    pub(crate) commissioner: TenantId,
    pub(crate) supervisors: [Id<Supervisor>; 2],
    pub(crate) clinical_service: Id<ClinicalService>,
    pub(crate) intake: Id<Intake>,
    pub(crate) allocation: Id<Allocation>,
    pub(crate) commitment: Id<Commitment>,
    pub(crate) partnership: Id<Partnership>,
    pub(crate) vacancy: Id<Vacancy>,
}

impl Cast {
    /// Someone of the employer.
    pub(crate) fn employer(&self, role: ActingRole) -> Actor {
        actor(self.employer, role)
    }

    /// Someone of the university.
    pub(crate) fn university(&self, role: ActingRole) -> Actor {
        actor(self.university, role)
    }

    /// The commissioner's national team.
    pub(crate) fn national(&self) -> Actor {
        actor(self.commissioner, ActingRole::CommissionerNational)
    }
}

/// The role everybody trains for.
pub(crate) fn mhwp() -> Role {
    Role::parse("MHWP", "role").expect("a role id")
}

/// What a promised post is.
pub(crate) const BAND_5_PERMANENT_BASELINE: PostTerms = PostTerms {
    band: 5,
    permanent: true,
    funding: PostFunding::Baseline,
};

/// The employer's interest in five places.
pub(crate) fn interest(employer: TenantId, region: Region, demand: u32) -> RegisterInterest {
    RegisterInterest {
        employer,
        commissioner: tenant(COMMISSIONER),
        role: mhwp(),
        region,
        demand,
        settings: std::collections::BTreeMap::new(),
    }
}

/// A declaration that meets all three criteria.
pub(crate) fn readiness(
    allocation: Id<Allocation>,
    supervisors: &[Id<Supervisor>],
) -> DeclareReadiness {
    DeclareReadiness {
        allocation,
        permanent_qualified_posts: true,
        professional_lead: Some(person(0x10)),
        supervisors: supervisors.to_vec(),
        sponsor: Some(person(0x11)),
        clinical_escalation: true,
    }
}

/// The three approvals and consultations of one day.
pub(crate) fn approvals(on: Date) -> Vec<Approval> {
    ApprovalBy::iter().map(|by| Approval { by, on }).collect()
}

/// The intake of March 2026 with some places per route.
pub(crate) fn intake(level7: u32, level6: u32) -> PlanIntake {
    PlanIntake {
        commissioner: tenant(COMMISSIONER),
        role: mhwp(),
        title: "MHWP-2026-03".to_owned(),
        teaching_start: date(2026, 3, 2),
        last_start: date(2026, 3, 2),
        training_end: date(2027, 3, 1),
        board_date: date(2027, 3, 10),
        curriculum_version: "v2".to_owned(),
        capacity: vec![
            RouteCapacity {
                level: 7,
                places: level7,
            },
            RouteCapacity {
                level: 6,
                places: level6,
            },
        ],
    }
}

/// The vacancy of the happy path: five posts until the end of November 2025.
pub(crate) fn vacancy(
    allocation: Id<Allocation>,
    clinical_service: Id<ClinicalService>,
    posts: u32,
) -> OpenVacancy {
    OpenVacancy {
        allocation,
        clinical_service,
        sites: vec![],
        posts,
        title: "Trainee Mental Health and Wellbeing Practitioner".to_owned(),
        criteria: vec![],
        on_training_failure: OnTrainingFailure::Redeploy,
        opening: None,
        closing: london_instant(date(2025, 11, 30).at(23, 59, 0, 0)).expect("an instant"),
    }
}

impl Given {
    /// Runs a command that must be accepted.
    #[track_caller]
    pub(crate) fn done(&mut self, by: &Actor, on: Date, command: &dyn Command) -> Uuid {
        let outcome = self.when(by, on, command);
        assert!(outcome.is_ok(), "{command:?}: {outcome:?}");
        self.last_request()
    }

    /// The id of an `A` that the last accepted command created at home of `home`.
    pub(crate) fn created<A: Decider>(&self, home: TenantId) -> Id<A> {
        Id::derive(home, &[self.last_request()])
    }

    /// The baseline is set, the cast is registered, and the university is contracted.
    pub(crate) fn directory() -> Self {
        let mut given = Self::baseline();
        let platform = actor(PLATFORM, ActingRole::PlatformOperator);
        let nhs = Some(EmployerSector::Nhs);
        let entries = [
            (
                NORTHMOOR,
                TenantKind::Employer,
                "Northmoor Mental Health NHS FT",
                nhs,
                Some("N1M2H"),
                Some(Region::NorthWest),
            ),
            (
                SEVERNVALE,
                TenantKind::Employer,
                "Severnvale Partnership NHS Trust",
                nhs,
                Some("S4V7P"),
                Some(Region::Midlands),
            ),
            (
                WEXCOMBE,
                TenantKind::University,
                "University of Wexcombe",
                None,
                None,
                None,
            ),
            (
                COMMISSIONER,
                TenantKind::Commissioner,
                "Health Education England",
                None,
                None,
                None,
            ),
        ];
        for (id, kind, name, sector, ods_code, region) in entries {
            let register = RegisterTenant {
                tenant: tenant(id),
                kind,
                name: name.to_owned(),
                ods_code: ods_code.map(ToOwned::to_owned),
                ukprn: (kind == TenantKind::University).then(|| "10099001".to_owned()),
                sector,
                region,
            };
            given.done(&platform, date(2021, 6, 1), &register);
        }
        let national = actor(tenant(COMMISSIONER), ActingRole::CommissionerNational);
        let timeline = [
            (Milestone::SpecificationDeveloped, date(2021, 6, 30)),
            (Milestone::ProcurementOpened, date(2021, 7, 1)),
            (Milestone::TenderClosed, date(2021, 8, 31)),
            (Milestone::ContractsRatified, date(2021, 10, 1)),
            (Milestone::EmployersEngaged, date(2021, 10, 4)),
        ];
        for (milestone, on) in timeline {
            let role = mhwp();
            given.done(&national, on, &ReachMilestone { role, milestone });
        }
        let contract = ContractProvider {
            role: mhwp(),
            university: tenant(WEXCOMBE),
            regions: BTreeSet::from([Region::NorthWest, Region::Midlands]),
        };
        given.done(&national, date(2021, 10, 18), &contract);
        given
    }

    /// Records S1 and S2 of an employer with current register checks.
    pub(crate) fn supervisors(&mut self, employer: TenantId) -> [Id<Supervisor>; 2] {
        let hr = actor(employer, ActingRole::EmployerHr);
        let on = date(2025, 9, 15);
        let people: [(PersonId, Register, &str, &[&str]); 2] = [
            (
                person(S1),
                Register::Hcpc,
                "PYL900001",
                &["clinical_psychologist"],
            ),
            (person(S2), Register::Babcp, "900002", &[]),
        ];
        people.map(|(person, register, number, modalities)| {
            let record = RecordSupervisor {
                person,
                name: "A Supervisor".to_owned(),
                register,
                number: number.to_owned(),
            };
            self.done(&hr, on, &record);
            let supervisor = Supervisor::id(employer, person);
            let check = RecordRegisterCheck {
                supervisor,
                register,
                status: RegisterStatus::Registered,
                modalities: modalities.iter().map(|id| (*id).to_owned()).collect(),
            };
            self.done(&hr, on, &check);
            supervisor
        })
    }

    /// An employer's clinical service in a setting, without sites.
    pub(crate) fn clinical_service(
        &mut self,
        employer: TenantId,
        setting: &str,
    ) -> Id<ClinicalService> {
        let open = OpenClinicalService {
            name: "Northmoor community team".to_owned(),
            setting: Setting::parse(setting, "setting").expect("a setting id"),
            population: "severe_mental_illness".to_owned(),
        };
        let hr = actor(employer, ActingRole::EmployerHr);
        self.done(&hr, date(2025, 9, 1), &open);
        self.created(employer)
    }

    /// D.1 steps 1 to 6: five posts of Northmoor with Wexcombe stand open from 2025-11-10.
    pub(crate) fn vacancy_open() -> (Self, Cast) {
        let mut given = Self::directory();
        let programme_lead = actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead);
        given.done(&programme_lead, date(2025, 9, 1), &intake(12, 8));
        let intake = given.created(tenant(WEXCOMBE));
        let cast = given.advertise(intake, NORTHMOOR, Region::NorthWest);
        (given, cast)
    }

    /// The same for any employer at an intake of Wexcombe.
    pub(crate) fn advertise(&mut self, intake: Id<Intake>, employer: u128, region: Region) -> Cast {
        let (employer, university) = (tenant(employer), tenant(WEXCOMBE));
        let commissioner = tenant(COMMISSIONER);
        let lead = actor(employer, ActingRole::ProfessionalLead);
        let programme_lead = actor(university, ActingRole::ProgrammeLead);
        let national = actor(commissioner, ActingRole::CommissionerNational);
        let supervisors = self.supervisors(employer);
        let clinical_service = self.clinical_service(employer, "adult_community");
        self.done(&lead, date(2025, 9, 8), &interest(employer, region, 5));
        let allocation = self.created(employer);
        self.done(
            &lead,
            date(2025, 9, 22),
            &readiness(allocation, &supervisors),
        );
        let give = GiveCommitment {
            allocation,
            intake,
            posts: 5,
            post: BAND_5_PERMANENT_BASELINE,
        };
        self.done(&lead, date(2025, 10, 6), &give);
        let propose = ProposeAllocation {
            allocation,
            intake,
            places: 5,
            pilot: None,
        };
        self.done(&national, date(2025, 10, 20), &propose);
        let confirm = ConfirmAllocation {
            allocation,
            approvals: approvals(date(2025, 10, 24)),
        };
        self.done(&national, date(2025, 10, 27), &confirm);
        let sign = SignPartnership {
            employer,
            intake,
            posts: PlannedPosts {
                trainee: 5,
                qualified: 5,
            },
        };
        let partnership = Partnership::id(employer, university, intake);
        let agree = AgreeRouteBalance {
            partnership,
            balance: RouteBalance {
                level7_percent: 60,
                tolerance_points: 10,
            },
        };
        for side in [&lead, &programme_lead] {
            self.done(side, date(2025, 11, 3), &sign);
        }
        for side in [&lead, &programme_lead] {
            self.done(side, date(2025, 11, 3), &agree);
        }
        let hr = actor(employer, ActingRole::EmployerHr);
        self.done(
            &hr,
            date(2025, 11, 10),
            &vacancy(allocation, clinical_service, 5),
        );
        Cast {
            employer,
            university,
            commissioner,
            supervisors,
            clinical_service,
            intake,
            allocation,
            commitment: Commitment::id(employer, allocation),
            partnership,
            vacancy: self.created(employer),
        }
    }
}
