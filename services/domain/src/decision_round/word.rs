//! What a party says, as it is stored: nobody reads it out of a payload, a view, a log or a backup
//! (`permissions.md` C.3).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::SealTerms;
use crate::{
    application::Verdict,
    personal::{Personal, PersonalClass},
};

/// One party's word in a round, and nothing of why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// Accept or reject.
    pub verdict: Verdict,
    /// What it asks for before the appointment holds, by id.
    pub conditions: BTreeSet<String>,
}

/// Something said blind, as a stream holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said<T> {
    /// In clear, by the first versions of these events.
    Clear(T),
    /// Under the key of the party that says it, all of one length.
    Sealed(Personal<T>),
}

impl<T> Said<T> {
    /// What the party of `terms` says.
    pub fn by(terms: &SealTerms, said: T) -> Self {
        let controller = [terms.tenant];
        let said = Personal::new(terms.person, PersonalClass::Assessment, controller, said);
        Self::Sealed(said.padded())
    }

    /// What was said, where it is open. It stays `None` once the key is destroyed: who is erased is
    /// decided on by nobody.
    pub fn heard(&self) -> Option<&T> {
        match self {
            Self::Clear(said) | Self::Sealed(Personal::Clear { value: said, .. }) => Some(said),
            Self::Sealed(Personal::Sealed { .. } | Personal::Erased) => None,
        }
    }
}
