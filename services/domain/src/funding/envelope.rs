//! The commissioner's money for a role in one financial year: an award draws on the year of its
//! date, up to the envelope's amount and its last day (`FUND-13`).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use super::FundingAward;
use crate::{
    actor::{TenantId, TenantKind},
    calendar::financial_year,
    id::Id,
    policy::catalogue::Role,
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The largest envelope, in pence: a hundred billion pounds.
pub const ENVELOPE_PENCE_MAX: i64 = 10_000_000_000_000;

/// What an envelope holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeTerms {
    /// Whose money.
    pub commissioner: TenantId,
    /// For which role.
    pub role: Role,
    /// The financial year, `2026/27`.
    pub year: String,
    /// How much, in pence.
    pub pence: i64,
    /// The last day on which an award may draw on it, within the year.
    pub ends: Date,
}

/// An envelope's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    terms: Option<EnvelopeTerms>,
    drawn: BTreeMap<Id<FundingAward>, i64>,
}

/// What an envelope decides.
#[derive(Debug, Clone)]
pub enum EnvelopeAct {
    /// See [`OpenEnvelope`].
    Open(EnvelopeTerms),
    /// An award draws on it.
    Draw {
        /// Which.
        award: Id<FundingAward>,
        /// How much, in pence.
        pence: i64,
    },
}

/// Facts of an envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum EnvelopeEvent {
    /// There is money for a year, or another amount or end of it.
    EnvelopeOpened {
        /// What it holds.
        terms: EnvelopeTerms,
    },
    /// An award drew on it.
    EnvelopeDrawn {
        /// Which.
        award: Id<FundingAward>,
        /// How much, in pence.
        pence: i64,
    },
}

aggregate!(Envelope, "funding_envelope", EnvelopeAct, EnvelopeEvent);

impl Envelope {
    /// The id of a commissioner's envelope for a role in the financial year of a day.
    pub fn id(commissioner: TenantId, role: &Role, on: Date) -> Id<Self> {
        let name = format!("{role}/{}", financial_year(on));
        Id::derive(
            commissioner,
            &[Uuid::new_v5(&commissioner.0, name.as_bytes())],
        )
    }

    /// What it holds, once opened.
    pub fn terms(&self) -> Option<&EnvelopeTerms> {
        self.terms.as_ref()
    }

    /// What awards drew on it, in pence.
    pub fn drawn(&self) -> i64 {
        self.drawn
            .values()
            .fold(0, |sum, pence| sum.saturating_add(*pence))
    }

    fn evolve(&mut self, event: EnvelopeEvent) {
        match event {
            EnvelopeEvent::EnvelopeOpened { terms } => self.terms = Some(terms),
            EnvelopeEvent::EnvelopeDrawn { award, pence } => {
                self.drawn.insert(award, pence);
            }
        }
    }
}

impl Decider for Envelope {
    type Act = EnvelopeAct;
    const COLLECTION: &'static str = "fundingEnvelopes";

    fn decide(&self, issued: &Issued<EnvelopeAct>) -> Result<Vec<EnvelopeEvent>, Refusal> {
        match &issued.act {
            EnvelopeAct::Open(terms) => {
                if self.terms.as_ref() == Some(terms) {
                    return Ok(vec![]);
                }
                if terms.pence < self.drawn() {
                    return Err(Refusal::state_not_allowed(
                        "awards have drawn more than that already; name at least what is drawn",
                    )
                    .with("drawn_pence", self.drawn()));
                }
                Ok(vec![EnvelopeEvent::EnvelopeOpened {
                    terms: terms.clone(),
                }])
            }
            EnvelopeAct::Draw { award, pence } => self.draw(issued.today(), *award, *pence),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.commissioner, []))
    }
}

impl Envelope {
    /// Where no envelope is opened, nothing limits the awards of the year.
    fn draw(
        &self,
        on: Date,
        award: Id<FundingAward>,
        pence: i64,
    ) -> Result<Vec<EnvelopeEvent>, Refusal> {
        let Some(terms) = self.terms() else {
            return Ok(vec![]);
        };
        if self.drawn.contains_key(&award) {
            return Ok(vec![]);
        }
        if on > terms.ends {
            return Err(Refusal::new(
                Reason::EnvelopeEnded,
                format!(
                    "the funding of {} for {} ended on {}; date the award within another envelope",
                    terms.role, terms.year, terms.ends
                ),
            )
            .with("ended", terms.ends));
        }
        let left = terms.pence.saturating_sub(self.drawn());
        if pence > left {
            return Err(Refusal::new(
                Reason::EnvelopeExhausted,
                format!(
                    "the funding of {} for {} has {left} pence left; raise it with OpenEnvelope",
                    terms.role, terms.year
                ),
            )
            .with("left_pence", left));
        }
        Ok(vec![EnvelopeEvent::EnvelopeDrawn { award, pence }])
    }
}

/// The commissioner opens the money of a role for the financial year of the last day, or changes
/// its amount or last day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenEnvelope {
    /// For which role.
    pub role: Role,
    /// How much, in pence.
    pub pence: i64,
    /// The last day on which an award may draw on it.
    pub ends: Date,
}

impl Command for OpenEnvelope {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if !(0..=ENVELOPE_PENCE_MAX).contains(&self.pence) {
            let range = format!("0 to {ENVELOPE_PENCE_MAX} pence");
            return Err(Refusal::invalid("pence", range).into());
        }
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        issue.policies.role(&self.role, self.ends)?;
        let id = Envelope::id(commissioner, &self.role, self.ends);
        let terms = EnvelopeTerms {
            commissioner,
            role: self.role.clone(),
            year: financial_year(self.ends),
            pence: self.pence,
            ends: self.ends,
        };
        world.decide(issue, id, EnvelopeAct::Open(terms))?;
        Ok(id.key())
    }
}
