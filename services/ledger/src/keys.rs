//! Keys of personal values: one per (subject, class, controller), wrapped under a key that never
//! enters the database. Destroying the wrap erases every copy sealed under it, backups included.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    actor::{PersonId, TenantId},
    personal::{DigestSalt, PersonalClass},
};
use futures::future::BoxFuture;
use quick_cache::sync::Cache;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hkdf,
    rand::{SecureRandom as _, SystemRandom},
};
use sqlx::Row as _;
use uuid::Uuid;

use crate::lookups::Lookups;

/// Why a key could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key file cannot be read or written.
    #[error("the key file {path} cannot be used: {cause}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The key file is not 32 bytes long.
    #[error("the key file {0} does not hold 32 bytes")]
    FileLength(String),
    /// The key file can be read by others.
    #[error("the key file {0} is open to other users; run chmod 600 on it")]
    FileOpen(String),
    /// A wrapped key does not open: another key-encryption key, or a changed row.
    #[error("a data key does not open under this key-encryption key ({kek_id} wrapped it)")]
    Unwrap {
        /// The key-encryption key it was wrapped under.
        kek_id: String,
    },
    /// A sealed value does not open: it was changed or moved.
    #[error("a sealed value does not open: it was changed")]
    Open,
    /// The custodian failed.
    #[error("the custodian of the key-encryption key failed: {0}")]
    Custodian(String),
    /// The system's randomness failed.
    #[error("no randomness")]
    Randomness,
}

/// Whoever holds the key-encryption key: a file, or a key service that computes a keyed digest.
pub trait Custodian: Send + Sync {
    /// Names the key-encryption key; stored beside each key that it wraps.
    fn id(&self) -> &str;
    /// 32 secret bytes for a purpose; the same for the same purpose, unrelated for others.
    fn derive<'a>(&'a self, purpose: &'a [u8]) -> BoxFuture<'a, Result<[u8; 32], KeyError>>;
}

/// The key-encryption key, in somebody's custody.
#[derive(Clone)]
pub struct KeyEncryptionKey(Arc<dyn Custodian>);

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyEncryptionKey({})", self.0.id())
    }
}

const FILE_MODE: u32 = 0o600;

impl KeyEncryptionKey {
    /// In the custody of `custodian`.
    pub fn held_by(custodian: Arc<dyn Custodian>) -> Self {
        Self(custodian)
    }

    /// A new key in memory. What it seals is lost with it.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self::of(random()?))
    }

    /// The 32 bytes of a file ([`secret_of`]). A ledger that has keys under another one does not open
    /// with it.
    ///
    /// # Errors
    /// As [`secret_of`].
    pub fn from_file(path: &Path) -> Result<Self, crate::LedgerError> {
        secret_of(path).map(Self::of)
    }

    fn of(key: [u8; 32]) -> Self {
        let digest = digest::digest(&digest::SHA256, &key);
        let id = digest
            .as_ref()
            .iter()
            .take(8)
            .fold(String::from("file:"), |mut id, byte| {
                id.push_str(&format!("{byte:02x}"));
                id
            });
        Self(Arc::new(InMemory {
            id,
            key: hkdf::Salt::new(hkdf::HKDF_SHA256, b"trellis key-encryption key").extract(&key),
        }))
    }

    /// What makes stored digests of short personal values useless to whoever tries them all.
    pub(crate) async fn digest_salt(&self) -> Result<DigestSalt, KeyError> {
        let secret = self.0.derive(b"digest").await?;
        let mut salt = [0; 16];
        for (byte, derived) in salt.iter_mut().zip(secret) {
            *byte = derived;
        }
        Ok(DigestSalt(Uuid::from_bytes(salt)))
    }

    /// The key that makes stored fingerprints of requests useless to whoever reads the table.
    pub(crate) async fn fingerprint_key(&self) -> Result<[u8; 32], KeyError> {
        self.0.derive(b"fingerprint").await
    }

    /// What the key that signs checkpoints of logs is made from.
    pub(crate) async fn log_seed(&self) -> Result<[u8; 32], KeyError> {
        self.0.derive(b"log").await
    }

    async fn wrapping_key(&self, controller: TenantId) -> Result<LessSafeKey, KeyError> {
        let purpose = [b"wrap/".as_slice(), controller.0.as_bytes()].concat();
        sealing_key(&self.0.derive(&purpose).await?)
    }
}

/// The 32 bytes of a file that only its owner may read; a file that does not exist is created with
/// new ones.
///
/// # Errors
/// When it cannot be read or created, is not 32 bytes long, or is open to others.
pub fn secret_of(path: &Path) -> Result<[u8; 32], crate::LedgerError> {
    let name = || path.display().to_string();
    let unusable = |cause| KeyError::File {
        path: name(),
        cause,
    };
    let created = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path);
    match created {
        Ok(mut file) => {
            let key: [u8; 32] = random()?;
            file.write_all(&key)
                .and_then(|()| file.sync_all())
                .map_err(unusable)?;
            return Ok(key);
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(cause) => return Err(unusable(cause).into()),
    }
    let mode = fs::metadata(path).map_err(unusable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::FileOpen(name()).into());
    }
    let bytes = fs::read(path).map_err(unusable)?;
    <[u8; 32]>::try_from(bytes).map_err(|_| KeyError::FileLength(name()).into())
}

struct InMemory {
    id: String,
    key: hkdf::Prk,
}

impl Custodian for InMemory {
    fn id(&self) -> &str {
        &self.id
    }

    fn derive<'a>(&'a self, purpose: &'a [u8]) -> BoxFuture<'a, Result<[u8; 32], KeyError>> {
        let mut derived = [0; 32];
        let filled = self
            .key
            .expand(&[purpose], hkdf::HKDF_SHA256)
            .and_then(|material| material.fill(&mut derived));
        Box::pin(std::future::ready(filled.map(|()| derived).map_err(|_| {
            KeyError::Custodian("the derivation failed".to_owned())
        })))
    }
}

fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| KeyError::Randomness)?;
    Ok(bytes)
}

fn sealing_key(bytes: &[u8; 32]) -> Result<LessSafeKey, KeyError> {
    UnboundKey::new(&AES_256_GCM, bytes)
        .map(LessSafeKey::new)
        .map_err(|_| KeyError::Custodian("a key of the wrong length".to_owned()))
}

/// What goes `before` it, then nonce and ciphertext with tag.
fn seal(key: &LessSafeKey, aad: &[u8], before: &[u8], clear: &[u8]) -> Result<Vec<u8>, KeyError> {
    let nonce: [u8; NONCE_LEN] = random()?;
    let mut sealed =
        Vec::with_capacity(before.len() + nonce.len() + clear.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(before);
    sealed.extend_from_slice(&nonce);
    let begins = sealed.len();
    sealed.extend_from_slice(clear);
    let text = sealed.get_mut(begins..).unwrap_or_default();
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(aad), text)
        .map_err(|_| KeyError::Custodian("sealing failed".to_owned()))?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

fn open(key: &LessSafeKey, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut text = text.to_vec();
    let clear = key
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(aad),
            &mut text,
        )
        .ok()?;
    Some(clear.to_vec())
}

/// Whose values of what class, held by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyName {
    pub(crate) controller: TenantId,
    pub(crate) subject: PersonId,
    pub(crate) class: PersonalClass,
}

impl KeyName {
    fn aad(&self, use_of_key: &str, key_id: Uuid, place: &[u8]) -> Vec<u8> {
        [
            use_of_key.as_bytes(),
            self.controller.0.as_bytes(),
            self.subject.0.as_bytes(),
            key_id.as_bytes(),
            self.class.to_string().as_bytes(),
            place,
        ]
        .concat()
    }
}

/// The data key of one [`KeyName`].
#[derive(Clone)]
pub(crate) struct DataKey {
    pub(crate) id: Uuid,
    name: KeyName,
    key: Arc<LessSafeKey>,
    /// Until it is known to be stored: whoever seals under it brings it to the append.
    new: Option<Arc<NewKey>>,
}

/// A key that is to be stored with the first events that are sealed under it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NewKey {
    pub(crate) name: KeyName,
    pub(crate) id: Uuid,
    pub(crate) wrapped: Vec<u8>,
    pub(crate) kek_id: String,
}

/// The digest of the place a copy was sealed for, in front of the ciphertext and bound to it.
pub(crate) const PLACE_LEN: usize = 16;

impl DataKey {
    /// Seals a value for one place of one stored event.
    ///
    /// The associated data are the controller, subject, class, key and a digest of the place
    /// (stream, sequence, JSON path). A value is opened from a record's state, which does not know
    /// where in the history it came from, so the digest travels in front of the ciphertext: a copy
    /// moved elsewhere still names its first place, and the chain of hashes over the stored bytes
    /// shows that it was moved.
    pub(crate) fn seal(&self, place: &[u8; PLACE_LEN], clear: &[u8]) -> Result<Vec<u8>, KeyError> {
        seal(&self.key, &self.aad(place), place, clear)
    }

    pub(crate) fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (place, sealed) = sealed
            .split_first_chunk::<PLACE_LEN>()
            .ok_or(KeyError::Open)?;
        open(&self.key, &self.aad(place), sealed).ok_or(KeyError::Open)
    }

    /// What has to be stored for others to open what it seals; nothing once it is.
    pub(crate) fn unstored(&self) -> Option<&Arc<NewKey>> {
        self.new.as_ref()
    }

    fn aad(&self, place: &[u8; PLACE_LEN]) -> Vec<u8> {
        self.name.aad("trellis value", self.id, place)
    }
}

/// How long a key stays at hand: what erasure may lag behind at most.
const KEY_AT_HAND: Duration = Duration::from_secs(60);
const KEYS_AT_HAND_MAX: usize = 10_000;

/// The table of data keys.
pub(crate) struct Keys {
    lookups: Arc<Lookups>,
    kek: KeyEncryptionKey,
    at_hand: Cache<KeyName, (Instant, DataKey)>,
}

impl Keys {
    pub(crate) fn new(lookups: Arc<Lookups>, kek: KeyEncryptionKey) -> Self {
        Self {
            lookups,
            kek,
            at_hand: Cache::new(KEYS_AT_HAND_MAX),
        }
    }

    /// Refuses to start under a key-encryption key that opens none of the stored keys: a wrong
    /// path would otherwise go unnoticed while new values are sealed under a new key.
    pub(crate) async fn check(&self) -> Result<(), crate::LedgerError> {
        let mut connection = self.lookups.lend().await?;
        let other: Option<String> = sqlx::query_scalar(
            "SELECT kek_id FROM ledger.subject_key
              WHERE wrapped IS NOT NULL
                AND NOT EXISTS (SELECT FROM ledger.subject_key WHERE wrapped IS NOT NULL AND kek_id = $1)
              LIMIT 1",
        )
        .bind(self.kek.0.id())
        .fetch_optional(connection.as_mut())
        .await?;
        connection.keep();
        match other {
            Some(kek_id) => Err(KeyError::Unwrap { kek_id }.into()),
            None => Ok(()),
        }
    }

    /// The keys of `names`, new ones where there are none; a destroyed key is absent.
    pub(crate) async fn of(
        &self,
        names: &BTreeSet<KeyName>,
    ) -> Result<BTreeMap<KeyName, DataKey>, crate::LedgerError> {
        let (mut keys, missing) = self.remembered_of(names);
        if missing.is_empty() {
            return Ok(keys);
        }
        let mut stored = self.stored(&missing).await?;
        for name in missing {
            let key = match stored.remove(&name) {
                Some(found) => found,
                None => Some(self.made(name).await?),
            };
            keys.extend(key.map(|key| (name, key)));
        }
        Ok(keys)
    }

    /// Notes that keys brought to the append are stored, or that another was stored first.
    pub(crate) fn settled(&self, brought: &[Arc<NewKey>], stored: bool) {
        for new in brought {
            let at_hand = self.at_hand.get(&new.name);
            let Some((since, key)) = at_hand.filter(|(_, key)| key.id == new.id) else {
                continue;
            };
            if stored {
                let key = DataKey { new: None, ..key };
                self.at_hand.insert(new.name, (since, key));
            } else {
                self.at_hand.remove(&new.name);
            }
        }
    }

    /// Those keys of `names` that exist.
    pub(crate) async fn known(
        &self,
        names: &BTreeSet<KeyName>,
    ) -> Result<BTreeMap<KeyName, DataKey>, crate::LedgerError> {
        let (mut keys, missing) = self.remembered_of(names);
        if !missing.is_empty() {
            let stored = self.stored(&missing).await?;
            keys.extend((stored.into_iter()).filter_map(|(name, key)| Some((name, key?))));
        }
        Ok(keys)
    }

    /// The key under `name` when it exists and its id is `id`.
    pub(crate) async fn existing(
        &self,
        name: KeyName,
        id: Uuid,
    ) -> Result<Option<DataKey>, crate::LedgerError> {
        let key = match self.remembered(&name) {
            Some(key) => Some(key),
            None => self.stored(&[name]).await?.remove(&name).flatten(),
        };
        Ok(key.filter(|key| key.id == id))
    }

    /// Destroys a controller's keys of some classes of a person. What was sealed under them stays
    /// where it is and is never read again; what is destroyed already stays so. Where there is no key,
    /// none can come: a command that is on its way with a new one finds it destroyed.
    pub(crate) async fn destroy(
        &self,
        controller: TenantId,
        subject: PersonId,
        classes: &BTreeSet<PersonalClass>,
    ) -> Result<(), crate::LedgerError> {
        let words: Vec<String> = classes.iter().map(ToString::to_string).collect();
        let mut connection = self.lookups.lend().await?;
        sqlx::query(
            "INSERT INTO ledger.subject_key AS k (controller, subject, class, key_id, kek_id, destroyed_at)
             SELECT $1, $2, c.class, gen_random_uuid(), $4, clock_timestamp()
               FROM unnest($3::text[]) AS c (class)
             ON CONFLICT (controller, subject, class) DO UPDATE
                SET wrapped = NULL, destroyed_at = excluded.destroyed_at
              WHERE k.wrapped IS NOT NULL",
        )
        .bind(controller.0)
        .bind(subject.0)
        .bind(words)
        .bind(self.kek.0.id())
        .execute(connection.as_mut())
        .await?;
        for class in classes {
            self.at_hand.remove(&KeyName {
                controller,
                subject,
                class: *class,
            });
        }
        Ok(())
    }

    /// What is at hand of `names`, and what is not.
    fn remembered_of(
        &self,
        names: &BTreeSet<KeyName>,
    ) -> (BTreeMap<KeyName, DataKey>, Vec<KeyName>) {
        let (mut keys, mut missing) = (BTreeMap::new(), vec![]);
        for name in names {
            match self.remembered(name) {
                Some(key) => drop(keys.insert(*name, key)),
                None => missing.push(*name),
            }
        }
        (keys, missing)
    }

    fn remembered(&self, name: &KeyName) -> Option<DataKey> {
        self.at_hand
            .get(name)
            .filter(|(since, _)| since.elapsed() < KEY_AT_HAND)
            .map(|(_, key)| key)
    }

    /// The rows there are of `names`, without a key where it is destroyed.
    async fn stored(
        &self,
        names: &[KeyName],
    ) -> Result<BTreeMap<KeyName, Option<DataKey>>, crate::LedgerError> {
        let (controllers, subjects, classes) = columns(names);
        let mut connection = self.lookups.lend().await?;
        let rows = sqlx::query(
            "SELECT n.nth, k.key_id, k.wrapped, k.kek_id
               FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY
                    AS n (controller, subject, class, nth)
               JOIN ledger.subject_key k USING (controller, subject, class)",
        )
        .bind(&controllers)
        .bind(&subjects)
        .bind(&classes)
        .fetch_all(connection.as_mut())
        .await?;
        connection.keep();
        let mut keys = BTreeMap::new();
        for row in rows {
            let nth = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
            let Some(&name) = names.get(nth.saturating_sub(1)) else {
                continue;
            };
            let (id, wrapped): (Uuid, Option<&[u8]>) = (row.try_get(1)?, row.try_get(2)?);
            let Some(wrapped) = wrapped else {
                keys.insert(name, None);
                continue;
            };
            let wrapping = self.kek.wrapping_key(name.controller).await?;
            let bytes = open(&wrapping, &name.aad("trellis data key", id, &[]), wrapped)
                .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let Some(bytes) = bytes else {
                return Err(KeyError::Unwrap {
                    kek_id: row.try_get(3)?,
                }
                .into());
            };
            let key = DataKey {
                id,
                name,
                key: Arc::new(sealing_key(&bytes)?),
                new: None,
            };
            self.at_hand.insert(name, (Instant::now(), key.clone()));
            keys.insert(name, Some(key));
        }
        Ok(keys)
    }

    /// A new key, at hand at once, so that commands of this process that run beside each other seal
    /// under the same one.
    async fn made(&self, name: KeyName) -> Result<DataKey, KeyError> {
        let id = Uuid::now_v7();
        let wrapping = self.kek.wrapping_key(name.controller).await?;
        if let Some(key) = self.remembered(&name) {
            return Ok(key);
        }
        let bytes: [u8; 32] = random()?;
        let aad = name.aad("trellis data key", id, &[]);
        let wrapped = seal(&wrapping, &aad, &[], &bytes)?;
        let kek_id = self.kek.0.id().to_owned();
        let key = DataKey {
            id,
            name,
            key: Arc::new(sealing_key(&bytes)?),
            new: Some(Arc::new(NewKey {
                name,
                id,
                wrapped,
                kek_id,
            })),
        };
        self.at_hand.insert(name, (Instant::now(), key.clone()));
        Ok(key)
    }
}

fn columns(names: &[KeyName]) -> (Vec<Uuid>, Vec<Uuid>, Vec<String>) {
    (
        names.iter().map(|name| name.controller.0).collect(),
        names.iter().map(|name| name.subject.0).collect(),
        names.iter().map(|name| name.class.to_string()).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DataKey {
        DataKey {
            id: Uuid::from_u128(9),
            name: KeyName {
                controller: TenantId(Uuid::from_u128(1)),
                subject: PersonId(Uuid::from_u128(2)),
                class: PersonalClass::Identity,
            },
            key: Arc::new(sealing_key(&[7; 32]).unwrap()),
            new: None,
        }
    }

    #[test]
    fn a_sealed_value_opens_under_its_own_key_and_name_only() {
        let sealed = key().seal(&[1; PLACE_LEN], b"Ada").unwrap();
        assert_eq!(key().open(&sealed).unwrap(), b"Ada");

        let mut other = key();
        other.name.controller = TenantId(Uuid::from_u128(3));
        assert!(other.open(&sealed).is_err());

        let mut moved = sealed;
        moved[0] ^= 1;
        assert!(key().open(&moved).is_err());
    }
}
