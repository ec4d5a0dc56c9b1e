//! What an employer asks for, and how it shows that it is ready (`ALLOC-06`, `READY-01..07`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString};

use super::{
    Allocation, AllocationAct, AllocationEvent, PARTS_MAX, SUPERVISORS_MAX, Stage, check_places,
};
use crate::{
    actor::{PersonId, Region, TenantId, TenantKind},
    commitment::BreachRegister,
    directory::{Supervisor, Tenant},
    id::Id,
    policy::catalogue::{Role, Setting},
    refusal::{Reason, Refusal},
    supervision_agreement::SupervisionAgreement,
    text,
    world::{Command, Decider as _, Halt, Issue, Issued, StreamKey, World},
};

/// How an interest came in (`ALLOC-09`); it follows from who recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InterestChannel {
    /// The employer itself, through its chief psychological professions officer.
    Cppo,
    /// The commissioner's regional lead, on the employer's behalf.
    RegionalLead,
}

/// What an employer asked for (`ALLOC-04`, `ALLOC-06`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interest {
    /// Who asks.
    pub employer: TenantId,
    /// Whom it asks.
    pub commissioner: TenantId,
    /// The role.
    pub role: Role,
    /// The region of the demand.
    pub region: Region,
    /// Places asked for.
    pub demand: u32,
    /// How it came in.
    pub channel: InterestChannel,
}

/// What an employer declared about itself (`READY-01..07`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// The executive who carries the risk (`FUND-16`, `READY-07`).
    pub sponsor: PersonId,
    /// The lead inside the psychological professions structure (`READY-02`).
    pub professional_lead: PersonId,
    /// The supervisors found eligible (`READY-03`).
    pub supervisors: Vec<Id<Supervisor>>,
    /// Whether a route for clinical escalation exists; pilots need one (`READY-05`).
    pub clinical_escalation: bool,
}

impl Allocation {
    pub(super) fn register_interest(
        &self,
        interest: &Interest,
        settings: &BTreeMap<Setting, u32>,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        check_places(interest.demand, "demand")?;
        let divided = settings
            .values()
            .fold(0u32, |sum, places| sum.saturating_add(*places));
        if !settings.is_empty() && (divided != interest.demand || settings.len() > PARTS_MAX) {
            return Err(Refusal::invalid(
                "settings",
                format!(
                    "the settings ask for {divided} places together, the interest for {}; make \
                     them sum to it",
                    interest.demand
                ),
            ));
        }
        match self.registered() {
            None => {
                let registered = AllocationEvent::InterestRegistered {
                    interest: interest.clone(),
                };
                let divided = (!settings.is_empty()).then(|| AllocationEvent::DemandDivided {
                    settings: settings.clone(),
                });
                Ok([registered].into_iter().chain(divided).collect())
            }
            Some(known) => Refusal::unless_same(
                (&known.interest, &known.settings) == (interest, settings),
                "the interest",
            ),
        }
    }

    pub(super) fn declare_readiness(
        &self,
        issued: &Issued<AllocationAct>,
        declare: &DeclareReadiness,
        eligibility: &[(Id<Supervisor>, bool)],
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let sponsor = declare.sponsor.ok_or_else(|| {
            Refusal::invalid("sponsor", "name the executive who carries the risk")
        })?;
        let known = self.of_employer(issued)?;
        if matches!(known.stage, Stage::Declined(_)) {
            return Err(Refusal::state_not_allowed(
                "the allocation was declined; register a new interest",
            ));
        }
        if !declare.permanent_qualified_posts {
            return Err(not_ready(
                "READY-01",
                "those who qualify go on into permanent qualified posts; plan for them",
            ));
        }
        let Some(professional_lead) = declare.professional_lead else {
            return Err(not_ready(
                "READY-02",
                "name a lead inside the psychological professions structure",
            ));
        };
        let supervisors: Vec<_> = eligibility
            .iter()
            .filter(|(_, eligible)| *eligible)
            .map(|(supervisor, _)| *supervisor)
            .collect();
        if supervisors.is_empty() {
            return Err(not_ready(
                "READY-03",
                "no named supervisor meets the role's rule today; record a current register check",
            ));
        }
        let declared = Readiness {
            sponsor,
            professional_lead,
            supervisors,
            clinical_escalation: declare.clinical_escalation,
        };
        if known.readiness.as_ref() == Some(&declared) {
            return Ok(vec![]);
        }
        let on = issued.today();
        let checked = eligibility.iter().map(|(supervisor, eligible)| {
            AllocationEvent::SupervisorEligibilityChecked {
                supervisor: *supervisor,
                eligible: *eligible,
                on,
            }
        });
        let readiness = AllocationEvent::ReadinessDeclared {
            readiness: declared,
        };
        Ok(checked.chain([readiness]).collect())
    }
}

pub(super) fn not_ready(criterion: &str, message: &str) -> Refusal {
    Refusal::new(Reason::EmployerNotReady, message).with("criterion", criterion)
}

/// Registers an employer's interest in a role: by the employer, or by the commissioner's regional
/// lead on its behalf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisterInterest {
    /// The employer; an employer names itself.
    pub employer: TenantId,
    /// The commissioner; a regional lead names the own tenant.
    pub commissioner: TenantId,
    /// The role.
    pub role: Role,
    /// The region of the demand.
    pub region: Region,
    /// Places asked for.
    pub demand: u32,
    /// The same by setting; empty where it is not said.
    pub settings: BTreeMap<Setting, u32>,
}

impl Command for RegisterInterest {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let channel = match issue.by.kind {
            TenantKind::Employer if issue.by.tenant == self.employer => InterestChannel::Cppo,
            TenantKind::Commissioner if issue.by.tenant == self.commissioner => {
                InterestChannel::RegionalLead
            }
            _ => return Err(Refusal::not_permitted().into()),
        };
        Tenant::expect(world, self.employer, TenantKind::Employer, "employer")?;
        Tenant::expect(
            world,
            self.commissioner,
            TenantKind::Commissioner,
            "commissioner",
        )?;
        issue.policies.role(&self.role, issue.today())?;
        let id = Id::<Allocation>::derive(self.employer, &[issue.request]);
        let interest = Interest {
            employer: self.employer,
            commissioner: self.commissioner,
            role: self.role.clone(),
            region: self.region,
            demand: self.demand,
            channel,
        };
        let settings = self.settings.clone();
        world.decide(
            issue,
            id,
            AllocationAct::RegisterInterest { interest, settings },
        )?;
        Ok(id.key())
    }
}

/// Declares that the employer meets the three criteria (`READY-01..03`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclareReadiness {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// Those who qualify go on into permanent qualified posts (`READY-01`).
    pub permanent_qualified_posts: bool,
    /// The lead inside the psychological professions structure (`READY-02`).
    pub professional_lead: Option<PersonId>,
    /// The supervisors to be measured against the role's rule (`READY-03`): the employer's own, of
    /// whichever service, or a partner's who agreed to it (`READY-06`).
    pub supervisors: Vec<Id<Supervisor>>,
    /// The accountable executive (`FUND-16`, `READY-07`).
    pub sponsor: Option<PersonId>,
    /// Whether a route for clinical escalation exists (`READY-05`).
    pub clinical_escalation: bool,
}

impl Command for DeclareReadiness {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        text::at_most(&self.supervisors, "supervisors", SUPERVISORS_MAX)?;
        let Some(interest) = world.read_own(issue, self.allocation)?.interest().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        world
            .read(BreachRegister::id(interest.employer, interest.commissioner))?
            .or_not_ready()?;
        let today = issue.today();
        let rule = issue.policies.supervisor_rule(&interest.role, today)?;
        let mut eligibility = Vec::with_capacity(self.supervisors.len());
        for id in &self.supervisors {
            let supervisor = world.read(*id)?;
            let eligible = supervisor.eligible_on(today, &rule);
            let home = supervisor.custody().map(|custody| custody.home);
            let Some(home) = home else {
                return Err(Refusal::not_permitted().into());
            };
            if home != employer && !SupervisionAgreement::covers(world, home, *id, employer, today)?
            {
                return Err(Refusal::not_permitted().into());
            }
            eligibility.push((*id, eligible));
        }
        let declare = self.clone();
        world.decide(
            issue,
            self.allocation,
            AllocationAct::DeclareReadiness {
                declare,
                eligibility,
            },
        )?;
        Ok(self.allocation.key())
    }
}
