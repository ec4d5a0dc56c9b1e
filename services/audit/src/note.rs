//! The head of a log as a signed note: C2SP `tlog-checkpoint` in a C2SP `signed-note`, Ed25519.
//!
//! Two checkpoints of one log that no proof of consistency joins, both under the key of the service,
//! are proof that it showed two histories.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    digest::{SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

use crate::merkle::Hash;

/// The longest note that is looked at, in bytes.
pub const NOTE_BYTES_MAX: usize = 16 * 1024;

/// How a signature's key says that it is Ed25519.
const ALGORITHM: u8 = 1;
/// What a signature line begins with.
const DASH: &str = "\u{2014} ";

/// Why a note does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not a signed note of a checkpoint.
    #[error("not a signed checkpoint")]
    Malformed,
    /// No signature of it is by the key.
    #[error("not signed by the key {0:08x}")]
    NotBy(u32),
    /// A signature by the key's name and id does not verify.
    #[error("the signature does not verify: the checkpoint was changed")]
    Forged,
    /// The key is not a verifier key of Ed25519, or its id is not its own.
    #[error("not a verifier key such as name+a1b2c3d4+AbCd...")]
    NotAKey,
    /// A name is empty, or has blanks or `+` in it.
    #[error("a key's name is one word without a plus sign")]
    Name,
}

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: unique to it.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = BASE64_STANDARD.encode(self.root);
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

impl FromStr for Checkpoint {
    type Err = NoteError;

    /// Reads the text of a note; lines after the third are allowed and ignored, as the format asks.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let body = text.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let mut lines = body.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty());
        let (Some(origin), Some(size), Some(root)) = (line(), line(), line()) else {
            return Err(NoteError::Malformed);
        };
        let decimal =
            size.bytes().all(|b| b.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let size = size.parse().ok().filter(|_| decimal);
        let root = BASE64_STANDARD.decode(root).ok();
        Ok(Self {
            origin: origin.to_owned(),
            size: size.ok_or(NoteError::Malformed)?,
            root: root
                .and_then(|root| root.try_into().ok())
                .ok_or(NoteError::Malformed)?,
        })
    }
}

/// What tells signatures of one key: a hash over its name and itself.
fn key_id(name: &str, public: &[u8]) -> u32 {
    let named = [name.as_bytes(), b"\n", &[ALGORITHM], public].concat();
    let hash = digest(&SHA256, &named);
    let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
    u32::from_be_bytes(first)
}

fn named(name: &str) -> Result<String, NoteError> {
    let one_word = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    one_word.then(|| name.to_owned()).ok_or(NoteError::Name)
}

/// Signs checkpoints.
pub struct Signer {
    name: String,
    key: Ed25519KeyPair,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.verifier())
    }
}

impl Signer {
    /// The key that 32 secret bytes make, under a name.
    ///
    /// # Errors
    /// [`NoteError::Name`], or [`NoteError::NotAKey`] when no key comes of the bytes.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::NotAKey)?;
        Ok(Self {
            name: named(name)?,
            key,
        })
    }

    /// What verifies its signatures.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey {
            name: self.name.clone(),
            public: self.key.public_key().as_ref().to_vec(),
        }
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The signed note of a checkpoint.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.to_string();
        let signature = self.key.sign(text.as_bytes());
        let id = self.verifier().id();
        let signed = [&id.to_be_bytes(), signature.as_ref()].concat();
        let signed = BASE64_STANDARD.encode(signed);
        format!("{text}\n{DASH}{} {signed}\n", self.name)
    }
}

/// What verifies the signatures of one key; written `name+id+key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: Vec<u8>,
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64_STANDARD.encode([&[ALGORITHM], self.public.as_slice()].concat());
        write!(f, "{}+{:08x}+{key}", self.name, self.id())
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        // The key itself may hold plus signs; its name and id do not.
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::NotAKey);
        };
        let key = BASE64_STANDARD
            .decode(key)
            .map_err(|_| NoteError::NotAKey)?;
        let Some((&ALGORITHM, public)) = key.split_first() else {
            return Err(NoteError::NotAKey);
        };
        let read = Self {
            name: named(name)?,
            public: public.to_vec(),
        };
        let own = u32::from_str_radix(id, 16).is_ok_and(|id| id == read.id());
        (own && read.public.len() == 32)
            .then_some(read)
            .ok_or(NoteError::NotAKey)
    }
}

impl VerifierKey {
    fn id(&self) -> u32 {
        key_id(&self.name, &self.public)
    }

    /// The checkpoint of a note that this key has signed. Signatures of other keys are passed over.
    ///
    /// # Errors
    /// What is wrong with the note.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Malformed);
        }
        let split = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, signatures) = (&note[..=split], &note[split + 2..]);
        for line in signatures.lines() {
            let (name, signed) = line
                .strip_prefix(DASH)
                .and_then(|rest| rest.split_once(' '))
                .ok_or(NoteError::Malformed)?;
            let signed = BASE64_STANDARD
                .decode(signed)
                .map_err(|_| NoteError::Malformed)?;
            let Some((id, signature)) = signed.split_first_chunk::<4>() else {
                return Err(NoteError::Malformed);
            };
            if name != self.name || u32::from_be_bytes(*id) != self.id() {
                continue;
            }
            UnparsedPublicKey::new(&ED25519, &self.public)
                .verify(text.as_bytes(), signature)
                .map_err(|_| NoteError::Forged)?;
            return text.parse();
        }
        Err(NoteError::NotBy(self.id()))
    }
}

#[cfg(test)]
mod tests;
