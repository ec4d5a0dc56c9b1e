//! What the independent evaluator reads: one frozen extract at a time, under pseudonyms of its own
//! (`EVAL-02`, `EVAL-03`). The commissioner grants it at a position of its feed; the rows are a fold
//! up to that position and so the same whenever they are read.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    directory::Tenant,
    id::Id,
    personal::{ContentDigest, DigestSalt},
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest purpose, in bytes.
pub const PURPOSE_BYTES_MAX: usize = 500;

/// What was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractTerms {
    /// Whose feed it is made from.
    pub commissioner: TenantId,
    /// Who reads it.
    pub evaluator: TenantId,
    /// The last position of the feed that goes into it.
    pub position: u64,
    /// What it is for.
    pub purpose: String,
}

/// An extract for the evaluation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Extract(Option<ExtractTerms>);

/// What an extract decides.
#[derive(Debug, Clone)]
pub enum ExtractAct {
    /// See [`GrantExtract`].
    Grant(ExtractTerms),
}

/// Facts of an extract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ExtractEvent {
    /// The commissioner granted it.
    ExtractGranted {
        /// What was granted.
        terms: ExtractTerms,
    },
}

impl Extract {
    /// What was granted.
    pub fn terms(&self) -> Option<&ExtractTerms> {
        self.0.as_ref()
    }

    fn evolve(&mut self, event: ExtractEvent) {
        let ExtractEvent::ExtractGranted { terms } = event;
        self.0 = Some(terms);
    }
}

/// Whom a row is about, in the words of one extract: the same person has another pseudonym in every
/// other one, and nobody without the installation's secret can join them (`EVAL-02`).
pub fn pseudonym(salt: DigestSalt, extract: Id<Extract>, person: PersonId) -> ContentDigest {
    ContentDigest::of(salt, extract.0, &person)
}

aggregate!(Extract, "extract", ExtractAct, ExtractEvent);

impl Decider for Extract {
    type Act = ExtractAct;
    const COLLECTION: &'static str = "extracts";

    fn decide(&self, issued: &Issued<ExtractAct>) -> Result<Vec<ExtractEvent>, Refusal> {
        let ExtractAct::Grant(terms) = &issued.act;
        match &self.0 {
            None => Ok(vec![ExtractEvent::ExtractGranted {
                terms: terms.clone(),
            }]),
            Some(known) => Refusal::unless_same(known == terms, "this extract"),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.commissioner, [terms.evaluator]))
    }
}

/// The commissioner grants the evaluator an extract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantExtract {
    /// Who reads it.
    pub evaluator: TenantId,
    /// The last position of the commissioner's own feed that goes into it, from 1.
    pub position: u64,
    /// What it is for.
    pub purpose: String,
}

impl Command for GrantExtract {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let purpose = text::free(&self.purpose, "purpose", PURPOSE_BYTES_MAX)?;
        if self.position == 0 {
            return Err(Refusal::invalid("position", "a feed begins at position 1").into());
        }
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        Tenant::expect(world, self.evaluator, TenantKind::Evaluator, "evaluator")?;
        let id = Id::<Extract>::derive(commissioner, &[issue.request]);
        let terms = ExtractTerms {
            commissioner,
            evaluator: self.evaluator,
            position: self.position,
            purpose,
        };
        world.decide(issue, id, ExtractAct::Grant(terms))?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
