//! Personal values: who they are about, of what class, and which tenants hold them.
//!
//! A value is clear only between the request and the append. The ledger seals it there, once per
//! controller, and nothing clear is ever stored, cached or logged. One rule reads what is sealed, the
//! referee's of a blind decision: it is opened for the command that may reveal it, and for that alone.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};
use uuid::Uuid;

use crate::actor::{PersonId, TenantId};

/// The class of a personal value (rows of the matrix in `permissions.md` C.2).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
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
pub enum PersonalClass {
    /// Name and contact.
    Identity,
    /// What the candidate wrote.
    ApplicationStatement,
    /// What one party says and on what it rests: words, scores, notes, reasons.
    Assessment,
    /// What a student says to the panel on extenuating circumstances.
    Circumstances,
    /// Feedback agreed for the candidate.
    Feedback,
    /// Degree and study evidence.
    StudyEvidence,
    /// ULN, SID and the like: the university's own.
    EnrolmentIdentifier,
    /// ESR numbers and pay: the employer's own.
    EmploymentIdentifier,
    /// Register numbers of supervisors and practitioners.
    RegisterNumber,
    /// Equality monitoring: the person's own.
    Edi,
    /// Whether a person comes from lived experience: the person's own (`ACTOR-12`).
    LivedExperience,
    /// Why somebody is on leave: the employer's own.
    LeaveReason,
    /// What a fitness-to-practise case is about: the university's own.
    FitnessToPractise,
    /// Why somebody was dismissed: the employer's own.
    Discipline,
    /// What a student said before a withdrawal: the university's own.
    Representations,
}

impl PersonalClass {
    /// The classes that a person alone holds: what is said for monitoring.
    pub const OWN: [Self; 2] = [Self::Edi, Self::LivedExperience];
}

/// One controller's sealed copy of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedCopy {
    /// The tenant whose key seals this copy.
    pub controller: TenantId,
    /// The key of (subject, class, controller).
    pub key: Uuid,
    /// AES-256-GCM nonce and ciphertext with tag, base64.
    pub text: String,
}

/// A personal value in one of its three forms. JSON: `{"$personal": {..}}` while clear,
/// `{"$sealed": {..}}` as stored, `"$erased"` once its keys are gone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Personal<T> {
    /// Not stored yet.
    #[serde(rename = "$personal")]
    Clear {
        /// Whom it is about.
        subject: PersonId,
        /// Its class.
        class: PersonalClass,
        /// The tenants that hold it; each gets a copy under its own key.
        controllers: Vec<TenantId>,
        /// Whether its length is to say nothing: it is filled up to a multiple of [`PADDED_TO`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        padded: bool,
        /// The value itself.
        value: T,
    },
    /// As stored: ciphertext only.
    #[serde(rename = "$sealed")]
    Sealed {
        /// Whom it is about.
        subject: PersonId,
        /// Its class.
        class: PersonalClass,
        /// One copy per controller.
        copies: Vec<SealedCopy>,
    },
    /// Its keys are destroyed.
    #[serde(rename = "$erased")]
    Erased,
}

impl<T> Personal<T> {
    /// A clear value about `subject`, to be held by `controllers`.
    pub fn new(
        subject: PersonId,
        class: PersonalClass,
        controllers: impl IntoIterator<Item = TenantId>,
        value: T,
    ) -> Self {
        Self::Clear {
            subject,
            class,
            controllers: controllers.into_iter().collect(),
            padded: false,
            value,
        }
    }

    /// The same, where already the length of a value could tell what it says (`permissions.md` C.3).
    #[must_use]
    pub fn padded(mut self) -> Self {
        if let Self::Clear { padded, .. } = &mut self {
            *padded = true;
        }
        self
    }
}

/// What a padded value is filled up to a multiple of, in bytes. The longest word of a decision fits.
pub const PADDED_TO: usize = 1_536;

/// Tells a repeat of some personal content from other content once the content itself is sealed
/// and no rule can read it any more.
///
/// It is a one-way digest over everything that was sent together, free text included, bound to one
/// record: equal content in two records has different digests, so nothing can be joined on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentDigest(Uuid);

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ContentDigest {
    /// The digest of `content` as sent to `record`.
    pub fn of(salt: DigestSalt, record: Uuid, content: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(content).unwrap_or_default();
        Self(Uuid::new_v5(
            &Uuid::new_v5(&salt.0, record.as_bytes()),
            &bytes,
        ))
    }
}

/// What makes digests of short values (a register number, a student identifier) useless to whoever
/// tries them all: a secret of the installation, kept outside the database.
#[derive(Clone, Copy)]
pub struct DigestSalt(pub Uuid);

impl fmt::Debug for DigestSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestSalt(not shown)")
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear { .. } => "Personal(clear, not shown)",
            Self::Sealed { .. } => "Personal(sealed)",
            Self::Erased => "Personal(erased)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_tell_content_apart_and_do_not_join_across_records() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (salt, unsalted) = (DigestSalt(Uuid::from_u128(3)), DigestSalt(Uuid::nil()));
        let digest = ContentDigest::of(salt, one, &("Ada", "statement"));
        assert_eq!(digest, ContentDigest::of(salt, one, &("Ada", "statement")));
        assert_ne!(digest, ContentDigest::of(salt, one, &("Ada", "another")));
        assert_ne!(
            digest,
            ContentDigest::of(salt, other, &("Ada", "statement"))
        );
        assert_ne!(
            digest,
            ContentDigest::of(unsalted, one, &("Ada", "statement"))
        );
    }

    #[test]
    fn clear_values_never_show_in_debug_output() {
        let name = Personal::new(
            PersonId(Uuid::nil()),
            PersonalClass::Identity,
            [],
            "Ada Marker".to_owned(),
        );
        assert!(!format!("{name:?}").contains("Ada"));
    }
}
