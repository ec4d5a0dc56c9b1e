//! Who works in a clinical service, and whether policy lets them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString};

use super::{ClinicalService, ClinicalServiceAct, ClinicalServiceEvent, ClinicalServiceTerms};
use crate::{
    actor::{PersonId, Region},
    application::Application,
    id::Id,
    policy::{
        Policies,
        catalogue::{Phase, Role, SettingPolicy},
    },
    refusal::{Reason, Refusal},
    training::Training,
    vacancy::{Vacancy, VacancyTerms},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// A person's place in a clinical service; of the person only the thread is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Whose thread.
    pub application: Id<Application>,
    /// In which role.
    pub role: Role,
    /// In training or qualified.
    pub phase: Phase,
    /// At which sites; any when empty.
    pub sites: Vec<String>,
    /// The region the post counts for, where one is known.
    pub region: Option<Region>,
    /// The professional lead that the employer's readiness named (`READY-02`).
    pub professional_lead: Option<PersonId>,
}

/// Why a place does not fit policy any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PlacementFlag {
    /// The role may not work in the setting, or with these people (`SET-01`, `SET-09`).
    SettingNotPermitted,
    /// The site lacks what the setting asks for (`ALLOC-16`, `ALLOC-17`).
    SiteCriteriaNotMet,
}

impl ClinicalServiceTerms {
    /// Whether somebody of a role and phase may work in the service, at some of its sites, on a day
    /// (`SET-01..12`, `ALLOC-16`, `ALLOC-17`).
    ///
    /// # Errors
    /// `SETTING_NOT_PERMITTED`, `SITE_CRITERIA_NOT_MET`, `FIELD_INVALID` where sites must be named.
    pub fn admits(
        &self,
        policies: &Policies,
        role: &Role,
        phase: Phase,
        sites: &[String],
        region: Option<Region>,
        on: Date,
    ) -> Result<SettingPolicy, Refusal> {
        let setting = policies.permitted_setting(role, phase, &self.setting, region, on)?;
        let excluded = policies.role(role, on)?.excluded_populations;
        if excluded.contains(&self.population) {
            return Err(Refusal::new(
                Reason::SettingNotPermitted,
                format!(
                    "{role} is not trained for a primary presenting problem of {}; choose another \
                     clinical service",
                    self.population
                ),
            )
            .with("population", &self.population));
        }
        if setting.site_criteria.is_empty() {
            return Ok(setting);
        }
        if sites.is_empty() {
            return Err(Refusal::invalid(
                "sites",
                "this setting has site criteria; name the sites of the posts",
            ));
        }
        for code in sites {
            let has = self.site(code).map(|site| &site.attributes);
            let lacks = setting
                .site_criteria
                .iter()
                .find(|criterion| !has.is_some_and(|has| has.contains(*criterion)));
            if let Some(criterion) = lacks {
                return Err(Refusal::new(
                    Reason::SiteCriteriaNotMet,
                    format!("site {code} has no {criterion}; choose a site that has"),
                )
                .with("site", code)
                .with("criterion", criterion));
            }
        }
        Ok(setting)
    }

    /// An event with the flags that it puts up or takes down.
    pub(super) fn with_flags(
        &self,
        issued: &Issue,
        event: Option<ClinicalServiceEvent>,
    ) -> Vec<ClinicalServiceEvent> {
        let Some(event) = event else {
            return vec![];
        };
        let mut after = self.clone();
        after.evolve(event.clone());
        let mut events = vec![event];
        events.extend(self.site_flags_after(issued, &after));
        let on = issued.today();
        for (application, placement) in &after.placements {
            let flag = after.flag(&issued.policies, placement, on);
            let application = *application;
            match (after.flags.get(&application), flag) {
                (known, Some(flag)) if known != Some(&flag) => {
                    events.push(ClinicalServiceEvent::PlacementFlagged {
                        application,
                        flag,
                        on,
                    });
                }
                (Some(_), None) => {
                    events.push(ClinicalServiceEvent::PlacementFlagLifted { application, on });
                }
                _ => {}
            }
        }
        events
    }

    fn flag(&self, policies: &Policies, placement: &Placement, on: Date) -> Option<PlacementFlag> {
        let admitted = self.admits(
            policies,
            &placement.role,
            placement.phase,
            &placement.sites,
            placement.region,
            on,
        );
        match admitted.err()?.reason {
            Reason::SettingNotPermitted => Some(PlacementFlag::SettingNotPermitted),
            Reason::SiteCriteriaNotMet | Reason::FieldInvalid => {
                Some(PlacementFlag::SiteCriteriaNotMet)
            }
            _ => None,
        }
    }

    /// A site that a change leaves without what its setting asks for is flagged, whoever works
    /// there; one that never had it is refused where somebody wants to use it.
    fn site_flags_after(&self, issued: &Issue, after: &Self) -> Vec<ClinicalServiceEvent> {
        let on = issued.today();
        let register = issued.policies.register();
        let criteria = register.site_criteria(after.setting.as_str(), on);
        let changed =
            |code: &str| self.site(code) != after.site(code) || self.setting != after.setting;
        after
            .sites
            .iter()
            .filter(|site| changed(&site.code))
            .filter_map(|site| {
                let lacks: BTreeSet<String> =
                    criteria.difference(&site.attributes).cloned().collect();
                let code = site.code.clone();
                match after.site_flags.get(&code) {
                    None if lacks.is_empty() => None,
                    Some(_) if lacks.is_empty() => {
                        Some(ClinicalServiceEvent::SiteFlagLifted { code })
                    }
                    Some(known) if *known == lacks => None,
                    _ => Some(ClinicalServiceEvent::SiteFlagged { code, lacks }),
                }
            })
            .collect()
    }

    pub(super) fn place(&self, issued: &Issue, placement: &Placement) -> Vec<ClinicalServiceEvent> {
        let known = self.placements.get(&placement.application);
        let placed = (known != Some(placement)).then(|| ClinicalServiceEvent::PersonPlaced {
            placement: placement.clone(),
            on: issued.today(),
        });
        self.with_flags(issued, placed)
    }

    pub(super) fn leave(
        &self,
        issued: &Issue,
        application: Id<Application>,
    ) -> Vec<ClinicalServiceEvent> {
        let left = self.placements.contains_key(&application).then_some(
            ClinicalServiceEvent::PersonLeft {
                application,
                on: issued.today(),
            },
        );
        self.with_flags(issued, left)
    }
}

/// A trainee post was taken up: the service of its vacancy has the person in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotePlacement {
    /// Whose thread.
    pub application: Id<Application>,
    /// The vacancy it came through.
    pub vacancy: Id<Vacancy>,
}

impl Command for NotePlacement {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let Some(terms) = world.read(self.vacancy)?.terms().cloned() else {
            return Ok(self.vacancy.key());
        };
        let readiness = world.read(terms.allocation)?.readiness();
        let placement = Placement {
            application: self.application,
            role: terms.role,
            phase: Phase::Trainee,
            sites: terms.sites,
            region: Some(terms.region),
            professional_lead: readiness.map(|readiness| readiness.professional_lead),
        };
        note(
            issue,
            world,
            terms.clinical_service,
            ClinicalServiceAct::Place(placement),
        )
    }
}

/// Every clinical service that has had somebody in it while they trained, wherever the training went.
fn trained_in(
    world: &mut World,
    application: Id<Application>,
    vacancy: &VacancyTerms,
) -> Result<BTreeSet<Id<ClinicalService>>, Halt> {
    let training = Id::<Training>::derive(vacancy.employer, &[application.0]);
    let placements = world.read(training)?.placements().iter();
    let placed = placements.map(|placement| placement.clinical_service);
    Ok(placed.chain([vacancy.clinical_service]).collect())
}

/// The trainee post ended: no service has the person any longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteDeparture {
    /// Whose thread.
    pub application: Id<Application>,
    /// The vacancy it came through.
    pub vacancy: Id<Vacancy>,
}

impl Command for NoteDeparture {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let Some(terms) = world.read(self.vacancy)?.terms().cloned() else {
            return Ok(self.vacancy.key());
        };
        for service in trained_in(world, self.application, &terms)? {
            let leave = ClinicalServiceAct::Leave(self.application);
            note(issue, world, service, leave)?;
        }
        Ok(terms.clinical_service.key())
    }
}

/// Somebody trains in another clinical service, of the same employer or of its successor, or trains
/// again: the register of who is in a service follows the training (`SET-13`, `SET-14`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowPlacement {
    /// Whose training.
    pub training: Id<Training>,
    /// Where it goes on with a successor; where it was placed last when absent.
    pub with: Option<Id<ClinicalService>>,
}

impl Command for FollowPlacement {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let training = world.read(self.training)?;
        let Some(whose) = training.appointment().filter(|_| !training.ended_early()) else {
            return Ok(self.training.key());
        };
        let (whose, last) = (whose.clone(), training.placements().last().cloned());
        let Some(terms) = world.read(whose.vacancy)?.terms().cloned() else {
            return Ok(self.training.key());
        };
        let last = last.filter(|last| self.with.is_none_or(|with| with == last.clinical_service));
        let placed = last.as_ref().map(|last| last.clinical_service);
        let here = self.with.or(placed).unwrap_or(terms.clinical_service);
        let sites = match last {
            Some(last) => last.site.into_iter().collect(),
            None if here == terms.clinical_service => terms.sites.clone(),
            None => vec![],
        };
        let mut professional_lead = None;
        if whose.employer == terms.employer {
            let readiness = world.read(terms.allocation)?.readiness();
            professional_lead = readiness.map(|readiness| readiness.professional_lead);
        }
        for service in trained_in(world, whose.application, &terms)? {
            if service != here {
                let leave = ClinicalServiceAct::Leave(whose.application);
                note(issue, world, service, leave)?;
            }
        }
        let placement = Placement {
            application: whose.application,
            role: terms.role,
            phase: Phase::Trainee,
            sites,
            region: Some(terms.region),
            professional_lead,
        };
        note(issue, world, here, ClinicalServiceAct::Place(placement))
    }
}

/// A qualified post was taken up: the person is placed in its service, and no longer in one of
/// the training where that is another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteQualifiedPlacement {
    /// Whose thread.
    pub application: Id<Application>,
    /// Where the post is.
    pub clinical_service: Id<ClinicalService>,
}

impl Command for NoteQualifiedPlacement {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let here = self.clinical_service;
        let vacancy = world
            .read(self.application)?
            .terms()
            .map(|terms| terms.vacancy);
        let Some(vacancy) = vacancy else {
            return Ok(here.key());
        };
        let Some(terms) = world.read(vacancy)?.terms().cloned() else {
            return Ok(here.key());
        };
        // Somebody whom no service has, because the trainee post had ended before, is placed anew.
        let mut placement = Placement {
            application: self.application,
            role: terms.role.clone(),
            phase: Phase::Qualified,
            sites: vec![],
            region: None,
            professional_lead: None,
        };
        for trained in trained_in(world, self.application, &terms)? {
            let service = world.read(trained)?.terms();
            let before = service.and_then(|service| service.placements.get(&self.application));
            if let Some(before) = before.cloned() {
                placement.professional_lead = before.professional_lead;
                if trained == here {
                    placement.sites = before.sites;
                }
            }
            if trained != here {
                let leave = ClinicalServiceAct::Leave(self.application);
                note(issue, world, trained, leave)?;
            }
        }
        note(issue, world, here, ClinicalServiceAct::Place(placement))
    }
}

/// Tells a clinical service what followed elsewhere; one that was never opened hears nothing.
fn note(
    issue: &Issue,
    world: &mut World,
    service: Id<ClinicalService>,
    act: ClinicalServiceAct,
) -> Result<StreamKey, Halt> {
    if world.read(service)?.terms().is_some() {
        world.decide_beyond(issue, service, act)?;
    }
    Ok(service.key())
}
