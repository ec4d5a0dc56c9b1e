//! A clinical service moves from one employer to another, in either direction between the NHS and
//! the third sector (`SET-13`, `SET-14`): announced, assessed, decided on where the new payee needs
//! it (`X-13`), accepted by the successor, and transferred on a day, known then or learnt later.

mod handover;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoEnumIterator as _, IntoStaticStr, VariantNames};

use self::handover::goes_along;
pub use self::handover::{HandOverTrainee, TakeOverTrainee};
use crate::{
    actor::{Region, TenantId, TenantKind},
    allocation::Allocation,
    application::Application,
    directory::{ClinicalService, EmployerSector, Tenant},
    funding::{GrantedException, except, permitted_payee},
    id::Id,
    refusal::{Reason, Refusal},
    text,
    training::{Training, TrainingStatus},
    vacancy::Vacancy,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most trainees of one transfer.
pub const TRAINEES_MAX: usize = 200;
/// The longest description of a successor's own terms, in bytes.
pub const OTHER_TERMS_BYTES_MAX: usize = 500;

/// Somebody whose training moves with the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moving {
    /// The thread of their life.
    pub application: Id<Application>,
    /// Their training, which goes on under its id.
    pub training: Id<Training>,
    /// The allocation whose promise they come under.
    pub allocation: Id<Allocation>,
}

/// What is to move, from whom to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferTerms {
    /// The clinical service, as the employer that gives it up keeps it.
    pub clinical_service: Id<ClinicalService>,
    /// Who gives it up.
    pub from: TenantId,
    /// Whether that is the NHS.
    pub from_sector: EmployerSector,
    /// Who takes it over.
    pub to: TenantId,
    /// Whether that is the NHS.
    pub to_sector: EmployerSector,
    /// Who pays for the trainees.
    pub commissioner: TenantId,
    /// The region of the service, which stays.
    pub region: Region,
    /// The first day with the successor, as planned.
    pub planned_on: Date,
    /// Who moves with it.
    pub trainees: Vec<Moving>,
}

/// What a transfer touches; each is looked at before it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TransferCheck {
    /// Whom the commissioner pays from then on.
    Payee,
    /// Who supervises from then on.
    Supervision,
    /// The six employment checks, which the new employer answers for.
    EmploymentChecks,
    /// The promised qualified posts.
    Commitment,
    /// Whether the setting lies within the register's system of practice.
    SystemOfPractice,
    /// What the new employer may be given to read.
    DataSharing,
}

/// What the assessment found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ImpactFinding {
    /// Nothing changes.
    Unchanged,
    /// Something is to be done, and is under way.
    ActionAgreed,
}

/// What the commissioner decides about the payee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PayeeDecision {
    /// The successor is paid though policy names another sector.
    Exception,
    /// Instalments end with the employer that gives the service up.
    EndInstalments,
}

/// The successor's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedCommitment {
    /// The clinical service as the successor keeps it.
    pub clinical_service: Id<ClinicalService>,
    /// How many permanent posts it promises.
    pub posts: u32,
    /// The equal of the band outside Agenda for Change, where the successor is outside it.
    pub other_terms: Option<String>,
}

/// A transfer's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceTransfer {
    terms: Option<TransferTerms>,
    findings: Option<BTreeMap<TransferCheck, ImpactFinding>>,
    payee: Option<PayeeDecision>,
    accepted: Option<AcceptedCommitment>,
    transferred: Option<Date>,
}

/// What a transfer decides.
#[derive(Debug, Clone)]
pub enum ServiceTransferAct {
    /// See [`AnnounceRetender`].
    Announce(Box<TransferTerms>),
    /// See [`AssessTransferImpact`].
    Assess(BTreeMap<TransferCheck, ImpactFinding>),
    /// See [`DecideTransferPayee`].
    DecidePayee(PayeeDecision),
    /// See [`AcceptTransferredCommitment`].
    Accept(AcceptedCommitment),
    /// See [`TransferService`].
    Transfer {
        /// Whether salary support may go to the successor, by its sector or by an exception.
        payable: bool,
        /// Who is still there to move with it.
        trainees: Vec<Moving>,
    },
}

/// Facts of a transfer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ServiceTransferEvent {
    /// The service goes to another employer.
    RetenderAnnounced {
        /// What, from whom, to whom.
        terms: TransferTerms,
    },
    /// What the transfer touches was looked at.
    TransferImpactAssessed {
        /// The day.
        on: Date,
        /// What was found.
        findings: BTreeMap<TransferCheck, ImpactFinding>,
    },
    /// The commissioner will pay the successor, of whatever sector (`X-13`).
    SuccessorPayeeAgreed {
        /// Who is paid.
        payee: TenantId,
        /// From which day on.
        from: Date,
    },
    /// The commissioner will pay nobody once the service has gone (`FUND-05`).
    InstalmentsToOldPayeeEnded {
        /// Who is paid no more.
        payee: TenantId,
        /// From which day on.
        from: Date,
    },
    /// The successor promises the posts.
    CommitmentAccepted {
        /// What it promises.
        accepted: AcceptedCommitment,
    },
    /// The service is the successor's.
    ServiceTransferred {
        /// The first day.
        on: Date,
        /// Who gave it up.
        from: TenantId,
        /// Who took it over.
        to: TenantId,
        /// Who moved with it.
        trainees: Vec<Moving>,
        /// The successor's own terms for the promised posts.
        other_terms: Option<String>,
    },
}

aggregate!(
    ServiceTransfer,
    "service_transfer",
    ServiceTransferAct,
    ServiceTransferEvent
);

impl ServiceTransfer {
    /// What is to move, once announced.
    pub fn terms(&self) -> Option<&TransferTerms> {
        self.terms.as_ref()
    }

    /// What the assessment found.
    pub fn findings(&self) -> Option<&BTreeMap<TransferCheck, ImpactFinding>> {
        self.findings.as_ref()
    }

    /// What was decided about the payee.
    pub fn payee(&self) -> Option<PayeeDecision> {
        self.payee
    }

    /// What the successor promised.
    pub fn accepted(&self) -> Option<&AcceptedCommitment> {
        self.accepted.as_ref()
    }

    /// The first day with the successor, once transferred.
    pub fn transferred(&self) -> Option<Date> {
        self.transferred
    }

    fn evolve(&mut self, event: ServiceTransferEvent) {
        match event {
            ServiceTransferEvent::RetenderAnnounced { terms } => self.terms = Some(terms),
            ServiceTransferEvent::TransferImpactAssessed { findings, .. } => {
                self.findings = Some(findings);
            }
            ServiceTransferEvent::SuccessorPayeeAgreed { .. } => {
                self.payee = Some(PayeeDecision::Exception);
            }
            ServiceTransferEvent::InstalmentsToOldPayeeEnded { .. } => {
                self.payee = Some(PayeeDecision::EndInstalments);
            }
            ServiceTransferEvent::CommitmentAccepted { accepted } => {
                self.accepted = Some(accepted);
            }
            ServiceTransferEvent::ServiceTransferred { on, .. } => self.transferred = Some(on),
        }
    }

    fn assess(
        &self,
        issued: &Issue,
        terms: &TransferTerms,
        findings: &BTreeMap<TransferCheck, ImpactFinding>,
    ) -> Result<Vec<ServiceTransferEvent>, Refusal> {
        let missing: Vec<String> = TransferCheck::iter()
            .filter(|check| !findings.contains_key(check))
            .map(|check| check.to_string())
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::invalid(
                "findings",
                format!("say what was found about {}", missing.join(", ")),
            ));
        }
        if ![terms.from, terms.to].contains(&issued.by.tenant) {
            return Err(Refusal::not_permitted());
        }
        if self.findings.as_ref() == Some(findings) {
            return Ok(vec![]);
        }
        self.open()?;
        Ok(vec![ServiceTransferEvent::TransferImpactAssessed {
            on: issued.today(),
            findings: findings.clone(),
        }])
    }

    fn decide_payee(
        &self,
        issued: &Issue,
        terms: &TransferTerms,
        decision: PayeeDecision,
    ) -> Result<Vec<ServiceTransferEvent>, Refusal> {
        if issued.by.tenant != terms.commissioner {
            return Err(Refusal::not_permitted());
        }
        if let Some(known) = self.payee {
            return Refusal::unless_same(known == decision, "the decision about the payee");
        }
        self.open()?;
        let from = terms.planned_on;
        Ok(vec![match decision {
            PayeeDecision::Exception => ServiceTransferEvent::SuccessorPayeeAgreed {
                payee: terms.to,
                from,
            },
            PayeeDecision::EndInstalments => ServiceTransferEvent::InstalmentsToOldPayeeEnded {
                payee: terms.from,
                from,
            },
        }])
    }

    fn accept(
        &self,
        issued: &Issue,
        terms: &TransferTerms,
        accepted: &AcceptedCommitment,
    ) -> Result<Vec<ServiceTransferEvent>, Refusal> {
        if issued.by.tenant != terms.to {
            return Err(Refusal::not_permitted());
        }
        if let Some(known) = &self.accepted {
            return Refusal::unless_same(known == accepted, "the accepted commitment");
        }
        self.open()?;
        let owed = u32::try_from(terms.trainees.len()).unwrap_or(u32::MAX);
        if accepted.posts < owed {
            return Err(Refusal::new(
                Reason::CommitmentTermsNotMet,
                format!("{owed} people in training move with the service; promise each a post"),
            )
            .with("term", "posts")
            .with("posts", owed));
        }
        Ok(vec![ServiceTransferEvent::CommitmentAccepted {
            accepted: accepted.clone(),
        }])
    }

    fn transfer(
        &self,
        issued: &Issue,
        terms: &TransferTerms,
        payable: bool,
        trainees: &[Moving],
    ) -> Result<Vec<ServiceTransferEvent>, Refusal> {
        if ![terms.from, terms.to].contains(&issued.by.tenant) {
            return Err(Refusal::not_permitted());
        }
        let on = issued.today();
        if let Some(known) = self.transferred {
            return Refusal::unless_same(known == on, "the transfer");
        }
        let decided = payable || self.payee == Some(PayeeDecision::EndInstalments);
        let pending = [
            ("impact assessment", self.findings.is_some()),
            ("decision about the payee", decided),
            ("accepted commitment", self.accepted.is_some()),
        ];
        let pending: Vec<&str> = (pending.iter())
            .filter(|(_, done)| !done)
            .map(|(what, _)| *what)
            .collect();
        let (Some(accepted), true) = (&self.accepted, pending.is_empty()) else {
            return Err(Refusal::new(
                Reason::TransferPending,
                format!(
                    "the transfer waits for: {}; complete that first",
                    pending.join(", ")
                ),
            )
            .with("pending", pending.join(", ")));
        };
        Ok(vec![ServiceTransferEvent::ServiceTransferred {
            on,
            from: terms.from,
            to: terms.to,
            trainees: trainees.to_vec(),
            other_terms: accepted.other_terms.clone(),
        }])
    }

    fn open(&self) -> Result<(), Refusal> {
        match self.transferred {
            None => Ok(()),
            Some(on) => Err(Refusal::state_not_allowed(format!(
                "the service was transferred on {on}; announce another transfer"
            ))),
        }
    }
}

impl Decider for ServiceTransfer {
    type Act = ServiceTransferAct;
    const COLLECTION: &'static str = "serviceTransfers";

    fn decide(
        &self,
        issued: &Issued<ServiceTransferAct>,
    ) -> Result<Vec<ServiceTransferEvent>, Refusal> {
        let Some(terms) = &self.terms else {
            return match &issued.act {
                ServiceTransferAct::Announce(terms) => {
                    Ok(vec![ServiceTransferEvent::RetenderAnnounced {
                        terms: *terms.clone(),
                    }])
                }
                _ => Err(Refusal::not_permitted()),
            };
        };
        match &issued.act {
            ServiceTransferAct::Announce(_) => Ok(vec![]),
            ServiceTransferAct::Assess(findings) => self.assess(issued, terms, findings),
            ServiceTransferAct::DecidePayee(decision) => {
                self.decide_payee(issued, terms, *decision)
            }
            ServiceTransferAct::Accept(accepted) => self.accept(issued, terms, accepted),
            ServiceTransferAct::Transfer { payable, trainees } => {
                self.transfer(issued, terms, *payable, trainees)
            }
        }
    }

    /// Both employers and the payer; nothing of a person but ids is in it.
    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.from, [terms.to, terms.commissioner]))
    }
}

/// The employer says that a clinical service goes to another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnounceRetender {
    /// Which service.
    pub clinical_service: Id<ClinicalService>,
    /// Who takes it over.
    pub to: TenantId,
    /// The first day with the successor, as planned.
    pub planned_on: Date,
    /// Whose training moves with it.
    pub trainees: Vec<Id<Application>>,
}

impl AnnounceRetender {
    /// One trainee of the service: whose training is the employer's, runs, and is placed there.
    fn moving(
        &self,
        issue: &Issue,
        world: &mut World,
        application: Id<Application>,
    ) -> Result<(Moving, TenantId, Region), Halt> {
        let none_of_it = || Refusal::invalid("trainees", "not a trainee of this clinical service");
        let id = Training::of(world, application)?;
        let training = world.read(id)?;
        let placed = training.placement_on(issue.today());
        let placed = placed.map(|placement| placement.clinical_service);
        let status = training.status();
        let Some(whose) = training
            .appointment()
            .filter(|whose| whose.employer == issue.by.tenant)
            .cloned()
        else {
            return Err(none_of_it().into());
        };
        let vacancy = Vacancy::expect(world, whose.vacancy)?;
        if placed.unwrap_or(vacancy.clinical_service) != self.clinical_service {
            return Err(none_of_it().into());
        }
        if status == TrainingStatus::Awaiting {
            return Err(Refusal::state_not_allowed(
                "this training has not started, so no post is expected yet; announce it once it has",
            )
            .into());
        }
        if goes_along(world, id, issue.by.tenant)?.is_none() {
            return Err(Refusal::state_not_allowed(
                "a training that has ended, or whose result is final, moves nowhere; leave it out",
            )
            .into());
        }
        let moving = Moving {
            application,
            training: id,
            allocation: whose.allocation,
        };
        Ok((moving, whose.commissioner, vacancy.region))
    }
}

impl Command for AnnounceRetender {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        text::at_most(&self.trainees, "trainees", TRAINEES_MAX)?;
        let unique: BTreeSet<_> = self.trainees.iter().collect();
        if self.trainees.is_empty() || unique.len() != self.trainees.len() {
            return Err(Refusal::invalid(
                "trainees",
                "name everybody in training in the service, each once",
            )
            .into());
        }
        let from = issue.by.acting_for(TenantKind::Employer)?;
        if world
            .read_own(issue, self.clinical_service)?
            .terms()
            .is_none()
        {
            return Err(Refusal::not_permitted().into());
        }
        let successor = Tenant::expect(world, self.to, TenantKind::Employer, "to")?;
        let own = world.read(Tenant::id(from))?.sector();
        let (Some(from_sector), Some(to_sector), false) =
            (own, successor.sector(), self.to == from)
        else {
            return Err(Refusal::invalid("to", "a service goes to another employer").into());
        };
        let mut trainees = Vec::with_capacity(self.trainees.len());
        let mut common = None;
        for application in &self.trainees {
            let (moving, commissioner, region) = self.moving(issue, world, *application)?;
            if *common.get_or_insert((commissioner, region)) != (commissioner, region) {
                return Err(Refusal::invalid(
                    "trainees",
                    "trainees of one transfer share commissioner and region; announce one for each",
                )
                .into());
            }
            trainees.push(moving);
        }
        let Some((commissioner, region)) = common else {
            return Err(Refusal::not_permitted().into());
        };
        let id = Id::<ServiceTransfer>::derive(from, &[issue.request]);
        let terms = TransferTerms {
            clinical_service: self.clinical_service,
            from,
            from_sector,
            to: self.to,
            to_sector,
            commissioner,
            region,
            planned_on: self.planned_on,
            trainees,
        };
        world.decide(issue, id, ServiceTransferAct::Announce(Box::new(terms)))?;
        Ok(id.key())
    }
}

/// Either employer says what the transfer touches, check by check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssessTransferImpact {
    /// Which transfer.
    pub transfer: Id<ServiceTransfer>,
    /// What was found.
    pub findings: BTreeMap<TransferCheck, ImpactFinding>,
}

impl Command for AssessTransferImpact {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let assess = ServiceTransferAct::Assess(self.findings.clone());
        world.decide(issue, self.transfer, assess)?;
        Ok(self.transfer.key())
    }
}

/// The commissioner decides who is paid once the service has gone; needed where the successor's
/// sector is none of policy `award.payee_sectors` (`X-13`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecideTransferPayee {
    /// Which transfer.
    pub transfer: Id<ServiceTransfer>,
    /// What is decided.
    pub decision: PayeeDecision,
}

impl Command for DecideTransferPayee {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let decide = ServiceTransferAct::DecidePayee(self.decision);
        let transfer = world.decide(issue, self.transfer, decide)?;
        let Some(terms) = transfer.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let excepted = self.decision == PayeeDecision::Exception;
        if excepted && !permitted_payee(issue, world, terms.commissioner, terms.to)? {
            let exception = GrantedException {
                commissioner: terms.commissioner,
                payee: terms.to,
                from: terms.planned_on.min(issue.today()),
                reason: "A clinical service was transferred to this employer.".to_owned(),
            };
            except(issue, world, exception)?;
        }
        Ok(self.transfer.key())
    }
}

/// The successor promises the qualified posts, and names the service as it will keep it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcceptTransferredCommitment {
    /// Which transfer.
    pub transfer: Id<ServiceTransfer>,
    /// The successor's own clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// How many permanent posts it promises.
    pub posts: u32,
    /// The equal of the band outside Agenda for Change.
    pub other_terms: Option<String>,
}

impl Command for AcceptTransferredCommitment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let other_terms = self
            .other_terms
            .as_deref()
            .map(|terms| text::free(terms, "other_terms", OTHER_TERMS_BYTES_MAX))
            .transpose()?;
        if world.read_own(issue, self.transfer)?.terms().is_none()
            || world
                .read_own(issue, self.clinical_service)?
                .terms()
                .is_none()
        {
            return Err(Refusal::not_permitted().into());
        }
        let accepted = AcceptedCommitment {
            clinical_service: self.clinical_service,
            posts: self.posts,
            other_terms,
        };
        world.decide(issue, self.transfer, ServiceTransferAct::Accept(accepted))?;
        Ok(self.transfer.key())
    }
}

/// Either employer records that the service is the successor's from the day on, then or later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransferService {
    /// Which transfer.
    pub transfer: Id<ServiceTransfer>,
}

impl Command for TransferService {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = world.read_own(issue, self.transfer)?.terms().cloned();
        let terms = terms.ok_or_else(Refusal::not_permitted)?;
        let payable = permitted_payee(issue, world, terms.commissioner, terms.to)?;
        let mut trainees = vec![];
        for moving in &terms.trainees {
            if goes_along(world, moving.training, terms.from)?.is_some() {
                trainees.push(*moving);
            }
        }
        let transfer = ServiceTransferAct::Transfer { payable, trainees };
        world.decide(issue, self.transfer, transfer)?;
        Ok(self.transfer.key())
    }
}

#[cfg(test)]
mod tests;
