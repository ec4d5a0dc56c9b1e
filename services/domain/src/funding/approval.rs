//! The approval: two components, a promise to rest on, a permitted payee, no other funding, no
//! funding lock, and an envelope with money left in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Award, COMPONENT_PENCE_MAX, Envelope, EnvelopeAct, FundingAward, FundingAwardAct,
    FundingAwardEvent, LockAnswer, LockQuestion, OTHER_SOURCES_MAX, levy_conflict, permitted_payee,
};
use crate::{
    actor::{Region, TenantKind},
    application::Application,
    appointment::Appointed,
    id::Id,
    identity,
    policy::catalogue::{FundingSource, Role},
    programme::Intake,
    refusal::{Reason, Refusal},
    text,
    vacancy::Vacancy,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// What an approval is decided on.
#[derive(Debug, Clone)]
pub struct Approval {
    /// What is granted.
    pub award: Award,
    /// The region the post counts for.
    pub region: Region,
    /// Other funding the training is declared to have.
    pub other_sources: Vec<FundingSource>,
    /// Whether both parties' offer conditions are met.
    pub conditions_met: bool,
    /// Whether the employer has given the commitment.
    pub commitment_given: bool,
    /// Whether policy or an exception lets salary support go to this employer (`FUND-05`).
    pub payee_permitted: bool,
    /// The site outside England the post is at, if it is at one (`ALLOC-20`).
    pub outside_england: Option<String>,
    /// What the person's funding lock says of this training.
    pub lock: LockAnswer,
}

impl FundingAward {
    pub(super) fn approve(
        &self,
        issued: &Issued<FundingAwardAct>,
        approval: &Approval,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let award = &approval.award;
        if issued.by.tenant != award.appointment.commissioner {
            return Err(Refusal::not_permitted());
        }
        if let Some(known) = self.award() {
            return Refusal::unless_same(known == award, "the award");
        }
        if !approval.conditions_met {
            return Err(Refusal::new(
                Reason::ConditionsNotMet,
                "both parties' offer conditions are to be met first; wait for OfferConditionsMet",
            ));
        }
        if !approval.commitment_given {
            return Err(Refusal::new(
                Reason::CommitmentRequired,
                "the employer has not committed to the qualified post; ask for GiveCommitment \
                 first",
            ));
        }
        if let Some(site) = &approval.outside_england {
            return Err(Refusal::new(
                Reason::SettingNotPermitted,
                format!("site {site} lies outside England, where no training is funded"),
            )
            .with("site", site));
        }
        if !approval.payee_permitted {
            return Err(payee_not_permitted());
        }
        let other = |source: &FundingSource| {
            !matches!(
                source,
                FundingSource::NhseSalarySupport | FundingSource::None
            )
        };
        if approval.other_sources.iter().any(other) {
            return Err(levy_conflict());
        }
        approval.lock.or_refuse()?;
        Ok(vec![FundingAwardEvent::FundingAwardApproved {
            award: award.clone(),
            region: Some(approval.region),
        }])
    }
}

pub(super) fn payee_not_permitted() -> Refusal {
    Refusal::new(
        Reason::PayeeNotPermitted,
        "salary support goes to employers of the sectors named by policy award.payee_sectors; \
         another payee needs GrantPayeeException",
    )
}

/// The commissioner approves the award of an appointed trainee (`FUND-01..03`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApproveAward {
    /// Whose.
    pub application: Id<Application>,
    /// Course fees, in pence; policy `award.tuition_pence` when absent.
    pub tuition_pence: Option<i64>,
    /// Trainee salary for the year, in pence; the entry point of the trainee band in policy
    /// `pay.table` when absent.
    pub salary_pence: Option<i64>,
    /// Other funding this training is declared to have; any real one conflicts (`FUND-09`).
    pub other_sources: Vec<FundingSource>,
}

impl Command for ApproveAward {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        text::at_most(&self.other_sources, "other_sources", OTHER_SOURCES_MAX)?;
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        let appointed = Appointed::of(issue, world, self.application)?;
        let appointment = appointed.appointment;
        if commissioner != appointment.commissioner {
            return Err(Refusal::not_permitted().into());
        }
        let commitment = appointment.commitment();
        let commitment_given = world.read(commitment)?.covers(appointment.intake);
        let payee_permitted = permitted_payee(issue, world, commissioner, appointment.employer)?;
        let outside_england = outside_england(world, appointment.vacancy)?;
        let teaching_start = Intake::expect(world, appointment.intake)?.teaching_start;
        let question = LockQuestion::another_training(teaching_start);
        let itself = Some(self.application);
        let lock = identity::lock_answer(issue, world, appointment.person, &question, itself)?;
        let id = appointment.award();
        let award = Award {
            tuition_pence: component(
                self.tuition_pence
                    .map_or_else(|| tuition(issue, &appointment.role), Ok)?,
                "tuition_pence",
            )?,
            salary_pence: component(
                self.salary_pence
                    .map_or_else(|| trainee_salary(issue, &appointment.role), Ok)?,
                "salary_pence",
            )?,
            instalments: issue.policies.get("award.instalments", issue.today())?,
            appointment,
            commitment,
        };
        let envelope = Envelope::id(commissioner, &award.appointment.role, issue.today());
        let pence = award.tuition_pence.saturating_add(award.salary_pence);
        let approval = Approval {
            award,
            region: appointed.region,
            other_sources: self.other_sources.clone(),
            conditions_met: appointed.conditions_met,
            commitment_given,
            payee_permitted,
            outside_england,
            lock,
        };
        world.decide(issue, id, FundingAwardAct::Approve(Box::new(approval)))?;
        world.decide(issue, envelope, EnvelopeAct::Draw { award: id, pence })?;
        Ok(id.key())
    }
}

/// The first site of a vacancy that lies outside England (`ALLOC-20`).
fn outside_england(world: &mut World, vacancy: Id<Vacancy>) -> Result<Option<String>, Halt> {
    let advertised = Vacancy::expect(world, vacancy)?;
    let service = world.read(advertised.clinical_service)?.terms();
    let outside = |code: &String| {
        service
            .and_then(|service| service.site(code))
            .is_some_and(|site| site.region.is_none())
    };
    Ok(advertised.sites.iter().find(|code| outside(code)).cloned())
}

/// One of the two components of an award; neither can be missing (`FUND-01`).
fn component(pence: i64, field: &'static str) -> Result<i64, Refusal> {
    if (1..=COMPONENT_PENCE_MAX).contains(&pence) {
        return Ok(pence);
    }
    Err(Refusal::invalid(
        field,
        format!("an award has both components, each 1 to {COMPONENT_PENCE_MAX} pence"),
    ))
}

/// Course fees of a role by policy.
fn tuition(issue: &Issue, role: &Role) -> Result<i64, Refusal> {
    let fees: BTreeMap<Role, i64> = issue.policies.get("award.tuition_pence", issue.today())?;
    fees.get(role).copied().ok_or_else(|| {
        Refusal::invalid(
            "tuition_pence",
            "policy names no fees for this role; name them",
        )
    })
}

/// A year at the entry point of a role's trainee band, by the pay table of the effective day.
pub(super) fn trainee_salary(issue: &Issue, role: &Role) -> Result<i64, Refusal> {
    let band = issue.policies.role(role, issue.today())?.trainee_band;
    let pay: BTreeMap<String, Vec<i64>> = issue.policies.get("pay.table", issue.today())?;
    band.and_then(|band| pay.get(&band.to_string())?.first().copied())
        .ok_or_else(|| {
            Refusal::invalid(
                "salary_pence",
                "policy names no entry pay of this role's trainees; name the salary",
            )
        })
}
