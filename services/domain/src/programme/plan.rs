//! A university plans an intake (`ROUTE-04`, `TIME-07`, `TIME-08`).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Intake, IntakeAct, IntakeTerms, RouteCapacity};
use crate::{
    actor::{TenantId, TenantKind},
    directory::Tenant,
    id::Id,
    policy::catalogue::Role,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// The longest title of an intake, in bytes.
pub const INTAKE_TITLE_BYTES_MAX: usize = 80;
/// The longest curriculum version, in bytes.
pub const CURRICULUM_VERSION_BYTES_MAX: usize = 20;
/// The most places of one route of an intake.
pub const ROUTE_PLACES_MAX: u32 = 2_000;
/// The most routes of an intake.
pub const ROUTES_MAX: usize = 4;

/// Plans an intake at the acting university.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanIntake {
    /// Who commissions the places.
    pub commissioner: TenantId,
    /// The role trained for.
    pub role: Role,
    /// Its name, `MHWP-2026-03`.
    pub title: String,
    /// First teaching day.
    pub teaching_start: Date,
    /// The last day on which a trainee can start; equals `teaching_start` where all start together.
    pub last_start: Date,
    /// Last day of the training.
    pub training_end: Date,
    /// When the qualifying board is expected.
    pub board_date: Date,
    /// The curriculum version.
    pub curriculum_version: String,
    /// Places per route.
    pub capacity: Vec<RouteCapacity>,
}

impl PlanIntake {
    pub(super) fn terms(
        &self,
        issued: &Issued<IntakeAct>,
        university: TenantId,
    ) -> Result<IntakeTerms, Refusal> {
        let title = text::required(&self.title, "title", INTAKE_TITLE_BYTES_MAX)?;
        let curriculum_version = text::required(
            &self.curriculum_version,
            "curriculum_version",
            CURRICULUM_VERSION_BYTES_MAX,
        )?;
        if self.last_start < self.teaching_start {
            return Err(Refusal::invalid(
                "last_start",
                "must not be before teaching_start",
            ));
        }
        if self.training_end <= self.last_start {
            return Err(Refusal::invalid(
                "training_end",
                "must be later than the last start",
            ));
        }
        if self.board_date < self.training_end {
            return Err(Refusal::invalid(
                "board_date",
                "must not be before training_end",
            ));
        }
        Ok(IntakeTerms {
            university,
            commissioner: self.commissioner,
            role: self.role.clone(),
            title,
            teaching_start: self.teaching_start,
            last_start: self.last_start,
            training_end: self.training_end,
            board_date: self.board_date,
            curriculum_version,
            capacity: self.routes(issued)?,
        })
    }

    fn routes(&self, issued: &Issued<IntakeAct>) -> Result<Vec<RouteCapacity>, Refusal> {
        text::at_most(&self.capacity, "capacity", ROUTES_MAX)?;
        // the role is read on the day teaching starts: the qualification belongs to role and intake
        let levels = issued
            .policies
            .role(&self.role, self.teaching_start)?
            .levels();
        if let Some(stray) = self.capacity.iter().find(|r| !levels.contains(&r.level)) {
            return Err(Refusal::invalid(
                "capacity.level",
                format!("{} is not trained at level {}", self.role, stray.level),
            ));
        }
        let mut routes = Vec::with_capacity(levels.len());
        for level in levels {
            let mut given = self.capacity.iter().filter(|r| r.level == level);
            let route = given.next().filter(|r| r.places > 0).ok_or_else(|| {
                Refusal::new(
                    Reason::BothRoutesRequired,
                    format!(
                        "an intake of {} offers level {level} too; give it places",
                        self.role
                    ),
                )
                .at("capacity")
                .with("level", level)
            })?;
            if given.next().is_some() {
                return Err(Refusal::invalid(
                    "capacity.level",
                    format!("level {level} is named twice"),
                ));
            }
            if route.places > ROUTE_PLACES_MAX {
                return Err(Refusal::invalid(
                    "capacity.places",
                    format!("a route has at most {ROUTE_PLACES_MAX} places"),
                ));
            }
            routes.push(*route);
        }
        Ok(routes)
    }
}

impl Command for PlanIntake {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        Tenant::expect(
            world,
            self.commissioner,
            TenantKind::Commissioner,
            "commissioner",
        )?;
        let id = Id::<Intake>::derive(university, &[issue.request]);
        let plan = self.clone();
        world.decide(issue, id, IntakeAct::Plan { university, plan })?;
        Ok(id.key())
    }
}
