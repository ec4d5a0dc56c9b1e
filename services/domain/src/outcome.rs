//! What a clinical service reports about its outcomes, month by month: sums only, never a patient
//! (`EVAL-04..07`, `EVAL-11`, `EVAL-12`). Every measure is a row of policy `outcome.measures`, so all
//! tenants count alike; the commissioner and the network read what is reported.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    actor::{TenantId, TenantKind},
    correction::{Authority, Corrected},
    directory::{ClinicalService, Tenant},
    id::Id,
    policy::Policies,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest id of a measure, in bytes.
pub const MEASURE_BYTES_MAX: usize = 40;
/// The longest reason of a correction, in bytes.
pub const REASON_BYTES_MAX: usize = 500;

/// One measure: a value of policy `outcome.measures`, by its id (`EVAL-07`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeMeasure {
    /// What is counted, in one sentence.
    pub definition: String,
    /// What one of it is: `people`, `sessions`, `hours`, `referrals`.
    pub unit: String,
    /// Whether a report without it is incomplete (`EVAL-04`).
    pub expected: bool,
}

/// The measures in force on a date, by id.
///
/// # Errors
/// `POLICY_MISSING`.
pub fn measures(
    policies: &Policies,
    on: Date,
) -> Result<BTreeMap<String, OutcomeMeasure>, Refusal> {
    policies.get("outcome.measures", on)
}

/// Whose outcomes of which month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeTerms {
    /// Who reports.
    pub employer: TenantId,
    /// The clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// The commissioner that reads it.
    pub commissioner: TenantId,
    /// The network of the region, which reads it too.
    pub network: TenantId,
    /// The first day of the month.
    pub month: Date,
}

/// The sums of one month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedOutcomes {
    /// By measure.
    pub values: BTreeMap<String, u32>,
    /// Whether every expected measure is among them.
    pub complete: bool,
}

/// A clinical service's outcomes of one month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutcomeReport {
    reported: Option<(OutcomeTerms, ReportedOutcomes)>,
    /// How many events there are; the last one says what stands.
    recorded: u64,
}

/// What a report decides.
#[derive(Debug, Clone)]
pub enum OutcomeAct {
    /// See [`ReportOutcomes`].
    Report(OutcomeTerms, ReportedOutcomes),
    /// See [`CorrectOutcomes`].
    Correct(CorrectOutcomes, Option<Corrected>),
}

/// Facts of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum OutcomeEvent {
    /// A month was reported.
    OutcomesReported {
        /// Whose, of which month.
        terms: OutcomeTerms,
        /// The sums.
        outcomes: ReportedOutcomes,
    },
    /// A report was wrong; these sums replace it, and what was reported stays in the history.
    OutcomesCorrected {
        /// The sums now.
        outcomes: ReportedOutcomes,
        /// Why.
        reason: String,
        /// Which event it corrects; not said by the first version.
        corrects: Option<Corrected>,
    },
}

impl OutcomeReport {
    /// The id of a clinical service's report of a month.
    pub fn id(employer: TenantId, clinical_service: Id<ClinicalService>, month: Date) -> Id<Self> {
        let month = Uuid::new_v5(&clinical_service.0, month.to_string().as_bytes());
        Id::derive(employer, &[clinical_service.0, month])
    }

    /// Whose, of which month.
    pub fn terms(&self) -> Option<&OutcomeTerms> {
        self.reported.as_ref().map(|(terms, _)| terms)
    }

    /// The sums as they now stand.
    pub fn outcomes(&self) -> Option<&ReportedOutcomes> {
        self.reported.as_ref().map(|(_, outcomes)| outcomes)
    }

    fn evolve(&mut self, event: OutcomeEvent) {
        self.recorded = self.recorded.saturating_add(1);
        match event {
            OutcomeEvent::OutcomesReported { terms, outcomes } => {
                self.reported = Some((terms, outcomes));
            }
            OutcomeEvent::OutcomesCorrected { outcomes, .. } => {
                if let Some((_, known)) = &mut self.reported {
                    *known = outcomes;
                }
            }
        }
    }
}

aggregate!(OutcomeReport, "outcome_report", OutcomeAct, OutcomeEvent);

impl Decider for OutcomeReport {
    type Act = OutcomeAct;
    const COLLECTION: &'static str = "outcomeReports";

    fn decide(&self, issued: &Issued<OutcomeAct>) -> Result<Vec<OutcomeEvent>, Refusal> {
        match (&issued.act, &self.reported) {
            (OutcomeAct::Report(terms, outcomes), None) => {
                Ok(vec![OutcomeEvent::OutcomesReported {
                    terms: terms.clone(),
                    outcomes: outcomes.clone(),
                }])
            }
            (OutcomeAct::Report(terms, outcomes), Some(known)) => Refusal::unless_same(
                (&known.0, &known.1) == (terms, outcomes),
                "this month; CorrectOutcomes replaces it, since it",
            ),
            (OutcomeAct::Correct(correct, corrects), Some((terms, known))) => {
                if issued.by.tenant != terms.employer {
                    return Err(Refusal::not_permitted());
                }
                let outcomes = counted(issued, terms.month, &correct.values)?;
                let reason = text::free(&correct.reason, "reason", REASON_BYTES_MAX)?;
                Ok(if outcomes == *known {
                    vec![]
                } else {
                    vec![OutcomeEvent::OutcomesCorrected {
                        outcomes,
                        reason,
                        corrects: corrects.clone(),
                    }]
                })
            }
            (OutcomeAct::Correct(..), None) => Err(Refusal::not_permitted()),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.employer, [terms.commissioner, terms.network]))
    }
}

/// The sums by the measures in force in the month.
fn counted(
    issue: &Issue,
    month: Date,
    values: &BTreeMap<String, u32>,
) -> Result<ReportedOutcomes, Refusal> {
    let measures = measures(&issue.policies, month)?;
    if let Some(unknown) = values.keys().find(|id| !measures.contains_key(*id)) {
        return Err(Refusal::invalid(
            "values",
            format!("policy outcome.measures has no {unknown}; GetPolicy shows those it has"),
        ));
    }
    let expected: BTreeSet<&String> = measures
        .iter()
        .filter_map(|(id, measure)| measure.expected.then_some(id))
        .collect();
    Ok(ReportedOutcomes {
        values: values.clone(),
        complete: expected.iter().all(|id| values.contains_key(*id)),
    })
}

/// Reports the sums of a month that is over (`EVAL-04..06`, `EVAL-11`, `EVAL-12`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportOutcomes {
    /// Of which clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// The commissioner that reads it.
    pub commissioner: TenantId,
    /// The network of the region.
    pub network: TenantId,
    /// A day of the month.
    pub month: Date,
    /// By measure; whole numbers, of nobody in particular.
    pub values: BTreeMap<String, u32>,
}

impl Command for ReportOutcomes {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let month = self.month.first_of_month();
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        for id in self.values.keys() {
            text::identifier(id, "values", MEASURE_BYTES_MAX)?;
        }
        world.read_own(issue, self.clinical_service)?;
        Tenant::expect(
            world,
            self.commissioner,
            TenantKind::Commissioner,
            "commissioner",
        )?;
        Tenant::expect(world, self.network, TenantKind::Network, "network")?;
        if issue.today() <= month.last_of_month() {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "the month is not over; report it from the first day of the next one",
            )
            .into());
        }
        let terms = OutcomeTerms {
            employer,
            clinical_service: self.clinical_service,
            commissioner: self.commissioner,
            network: self.network,
            month,
        };
        let outcomes = counted(issue, month, &self.values)?;
        let id = OutcomeReport::id(employer, self.clinical_service, month);
        world.decide(issue, id, OutcomeAct::Report(terms, outcomes))?;
        Ok(id.key())
    }
}

/// Replaces the sums of a month that were reported wrongly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectOutcomes {
    /// Which report.
    pub report: Id<OutcomeReport>,
    /// The right sums, by measure.
    pub values: BTreeMap<String, u32>,
    /// Why.
    pub reason: String,
    /// On whose word.
    pub authority: Authority,
}

impl Command for CorrectOutcomes {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let last = Some(world.read_own(issue, self.report)?.recorded);
        let corrects = (self.authority).corrects(issue, world, self.report.key(), last)?;
        let correct = OutcomeAct::Correct(self.clone(), corrects);
        world.decide(issue, self.report, correct)?;
        Ok(self.report.key())
    }
}

#[cfg(test)]
mod tests;
