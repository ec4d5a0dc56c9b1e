//! The ledger's format of personal values and wrapped keys. It is the ledger's own business; that
//! this is the same is held by the smoke test, which opens filled values through the ledger.

use std::sync::Arc;

use domain::{actor::TenantId, personal::PersonalClass};
use futures::future::BoxFuture;
use ledger::{Custodian, KeyEncryptionKey, KeyError};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{Context, SHA256},
    rand::{SecureRandom as _, SystemRandom},
};
use uuid::Uuid;

use crate::Fault;

/// Who wraps the keys of the filled population.
pub(super) const CUSTODIAN: &str = "bench";

struct BenchCustodian;

impl Custodian for BenchCustodian {
    fn id(&self) -> &str {
        CUSTODIAN
    }

    fn derive<'a>(&'a self, purpose: &'a [u8]) -> BoxFuture<'a, Result<[u8; 32], KeyError>> {
        Box::pin(async move { Ok(derived(purpose)) })
    }
}

fn derived(purpose: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(CUSTODIAN.as_bytes());
    context.update(purpose);
    let mut secret = [0; 32];
    secret.copy_from_slice(context.finish().as_ref());
    secret
}

/// The key-encryption key of every filled database.
pub(crate) fn key_encryption_key() -> KeyEncryptionKey {
    KeyEncryptionKey::held_by(Arc::new(BenchCustodian))
}

/// A data key of one life.
pub(super) struct DataKey {
    name: Vec<u8>,
    key: LessSafeKey,
    pub(super) wrapped: Vec<u8>,
}

impl DataKey {
    pub(super) fn new(
        controller: TenantId,
        subject: Uuid,
        class: PersonalClass,
        id: Uuid,
    ) -> Result<Self, Fault> {
        let name = [
            controller.0.as_bytes().as_slice(),
            subject.as_bytes(),
            id.as_bytes(),
            class.to_string().as_bytes(),
        ]
        .concat();
        let mut bytes = [0; 32];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| "no randomness")?;
        let wrapping = key_of(&derived(
            &[b"wrap/".as_slice(), controller.0.as_bytes()].concat(),
        ))?;
        let aad = [b"trellis data key".as_slice(), &name].concat();
        Ok(Self {
            key: key_of(&bytes)?,
            wrapped: sealed(&wrapping, &aad, &bytes)?,
            name,
        })
    }

    /// Seals a value for its place in a stored event.
    pub(super) fn seal(
        &self,
        kind: &str,
        stream: Uuid,
        sequence: u64,
        path: &str,
        clear: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let mut context = Context::new(&SHA256);
        context.update(kind.as_bytes());
        context.update(stream.as_bytes());
        context.update(&sequence.to_be_bytes());
        context.update(path.as_bytes());
        let place = context.finish();
        let place = place.as_ref().get(..16).unwrap_or_default();
        let aad = [b"trellis value".as_slice(), &self.name, place].concat();
        Ok([place, &sealed(&self.key, &aad, clear)?].concat())
    }
}

fn key_of(bytes: &[u8; 32]) -> Result<LessSafeKey, Fault> {
    let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| "not a key")?;
    Ok(LessSafeKey::new(key))
}

fn sealed(key: &LessSafeKey, aad: &[u8], clear: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new()
        .fill(&mut nonce)
        .map_err(|_| "no randomness")?;
    let mut text = clear.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(aad),
        &mut text,
    )
    .map_err(|_| "not sealed")?;
    Ok([nonce.as_slice(), &text].concat())
}
