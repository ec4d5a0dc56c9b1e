//! Who a bearer token says is calling: OIDC access tokens, and the development issuer.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, UNIX_EPOCH},
};

use domain::actor::{ActingRole, Actor, PersonId, TenantId, TenantKind};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{Jwk, JwkSet},
};
use quick_cache::sync::Cache;
use ring::{
    digest::{SHA256, digest},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Signature algorithms accepted, whatever a token's header asks for.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::PS256,
    Algorithm::RS256,
];

/// The longest token looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// How far the issuer's clock may be off, in seconds.
const LEEWAY: u64 = 30;

/// Verified tokens remembered; verifying one takes longer than all the rest of a call.
const REMEMBERED_MAX: usize = 65_536;

/// The largest discovery or key document read, in bytes.
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// The issuer name of the development issuer.
pub const DEVELOPMENT_ISSUER: &str = "urn:trellis:development";

/// What Trellis reads from a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The audience.
    pub aud: String,
    /// The subject at the issuer.
    pub sub: String,
    /// Expiry, seconds since 1970.
    pub exp: u64,
    /// `tenants/{uuid}`; absent for a candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trellis_tenant: Option<String>,
    /// The one acting role, `employer_hr`.
    pub trellis_role: String,
    /// `people/{uuid}` when a person acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trellis_person: Option<String>,
    /// The client system when no person acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// How strongly the person signed in, by the issuer's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By which means: `pwd`, `otp`, `hwk`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
}

/// The longest name of an authentication's strength that is kept, in bytes.
const STRENGTH_BYTES_MAX: usize = 200;

impl Claims {
    /// How the person signed in: the issuer's name for the strength, and the means (DSPT, B.7).
    fn strength(&self) -> Option<Arc<str>> {
        let words: Vec<&str> = (self.acr.iter().chain(&self.amr))
            .map(String::as_str)
            .filter(|word| !word.is_empty())
            .collect();
        let strength = words.join(" ");
        let plain = strength.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        (plain && (1..=STRENGTH_BYTES_MAX).contains(&strength.len())).then(|| strength.into())
    }
}

/// Why a token is not accepted. Its text is safe to tell the caller.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No `authorization: Bearer` header.
    #[error("no bearer token; send authorization: Bearer <token>")]
    Missing,
    /// The token itself is wrong or too old.
    #[error("the token is not valid or has expired; sign in again")]
    Invalid,
    /// The claims do not say who acts for whom.
    #[error("the token lacks {0}; ask the issuer's operator to add it")]
    Claim(&'static str),
}

/// Where the keys of an issuer come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A JWKS document on disk.
    File(PathBuf),
    /// The issuer's own discovery document.
    Discovery,
}

/// Verifies tokens of one configured OIDC issuer, and of the development issuer when allowed.
#[derive(Clone)]
pub struct Verifier {
    keys: Arc<RwLock<Arc<Keys>>>,
    oidc: Option<Arc<Oidc>>,
    audience: Arc<str>,
}

struct Oidc {
    issuer: String,
    source: KeySource,
}

/// The keys of one moment and the tokens that they have verified. New keys come with nothing
/// remembered, so a token never outlives the key that it was verified with.
struct Keys {
    /// By issuer, then by key id.
    published: HashMap<String, HashMap<String, DecodingKey>>,
    /// By the token's digest: tokens themselves are not kept, and only their holder can ask.
    verified: Cache<[u8; 32], Arc<Verified>>,
}

struct Verified {
    actor: Actor,
    strength: Option<Arc<str>>,
    /// Seconds since 1970.
    expires: u64,
}

impl Keys {
    fn new(published: HashMap<String, HashMap<String, DecodingKey>>) -> Self {
        Self {
            published,
            verified: Cache::new(REMEMBERED_MAX),
        }
    }
}

impl Verifier {
    /// A verifier that accepts nothing yet.
    pub fn new(audience: &str) -> Self {
        Self {
            keys: Arc::new(RwLock::new(Arc::new(Keys::new(HashMap::new())))),
            oidc: None,
            audience: audience.into(),
        }
    }

    /// Accepts tokens of the development issuer.
    #[must_use]
    pub fn with_development(self, issuer: &DevelopmentIssuer) -> Self {
        let key = ("development".to_owned(), issuer.decoding_key());
        self.publish(DEVELOPMENT_ISSUER, HashMap::from([key]));
        self
    }

    /// Accepts tokens of an OIDC issuer; its keys are read now and again every five minutes.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub async fn with_oidc(mut self, issuer: &str, source: KeySource) -> Result<Self, KeyError> {
        self.oidc = Some(Arc::new(Oidc {
            issuer: issuer.to_owned(),
            source,
        }));
        self.refresh().await?;
        let again = self.clone();
        tokio::spawn(async move {
            let mut every = tokio::time::interval(Duration::from_secs(300));
            every.tick().await;
            loop {
                every.tick().await;
                if let Err(error) = again.refresh().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "keys not refreshed"
                    );
                }
            }
        });
        Ok(self)
    }

    async fn refresh(&self) -> Result<(), KeyError> {
        let Some(oidc) = &self.oidc else {
            return Ok(());
        };
        let document = match &oidc.source {
            KeySource::File(path) => std::fs::read(path).map_err(KeyError::File)?,
            KeySource::Discovery => discover(&oidc.issuer).await?,
        };
        let set: JwkSet = serde_json::from_slice(&document).map_err(KeyError::Document)?;
        let keys = set
            .keys
            .iter()
            .filter_map(|jwk| Some((key_id(jwk)?.to_owned(), DecodingKey::from_jwk(jwk).ok()?)));
        self.publish(&oidc.issuer, keys.collect());
        Ok(())
    }

    /// Makes `keys` the only ones of `issuer`: one that it has withdrawn is worth nothing any more.
    fn publish(&self, issuer: &str, keys: HashMap<String, DecodingKey>) {
        let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let mut published = current.published.clone();
        published.insert(issuer.to_owned(), keys);
        *current = Arc::new(Keys::new(published));
    }

    /// Verifies an `authorization` header.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn actor(&self, header: Option<&str>) -> Result<Actor, TokenError> {
        self.signed_in(header).map(|(actor, _)| actor)
    }

    /// The same with how the person signed in, where the token says so.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub(crate) fn signed_in(
        &self,
        header: Option<&str>,
    ) -> Result<(Actor, Option<Arc<str>>), TokenError> {
        let now = UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs());
        let verified = self.verified_at(header, now)?;
        Ok((verified.actor.clone(), verified.strength.clone()))
    }

    /// `now` is in seconds since 1970.
    fn verified_at(&self, header: Option<&str>, now: u64) -> Result<Arc<Verified>, TokenError> {
        let token = header
            .and_then(|header| header.strip_prefix("Bearer "))
            .ok_or(TokenError::Missing)?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        let verified = match keys.verified.get(&name) {
            Some(verified) => verified,
            None => {
                let claims = self.verify(&keys, token)?;
                let verified = Arc::new(Verified {
                    actor: acting(&claims)?,
                    strength: claims.strength(),
                    expires: claims.exp,
                });
                keys.verified.insert(name, Arc::clone(&verified));
                verified
            }
        };
        if now > verified.expires.saturating_add(LEEWAY) {
            return Err(TokenError::Invalid);
        }
        Ok(verified)
    }

    fn verify(&self, keys: &Keys, token: &str) -> Result<Claims, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(TokenError::Invalid);
        }
        let id = header.kid.ok_or(TokenError::Invalid)?;
        for (issuer, keys) in &keys.published {
            let Some(key) = keys.get(&id) else { continue };
            let mut validation = Validation::new(header.alg);
            validation.set_issuer(&[issuer]);
            validation.set_audience(&[&*self.audience]);
            validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            validation.validate_nbf = true;
            validation.leeway = LEEWAY;
            if let Ok(token) = jsonwebtoken::decode::<Claims>(token, key, &validation) {
                return Ok(token.claims);
            }
        }
        Err(TokenError::Invalid)
    }
}

fn acting(claims: &Claims) -> Result<Actor, TokenError> {
    let role: ActingRole = claims
        .trellis_role
        .parse()
        .map_err(|_| TokenError::Claim("a known trellis_role"))?;
    let person = match &claims.trellis_person {
        Some(name) => Some(
            PersonId::from_name(name, "trellis_person")
                .map_err(|_| TokenError::Claim("a trellis_person of the form people/{uuid}"))?,
        ),
        None => None,
    };
    // the platform's own role is never handed out by an issuer as a system without a person
    let (tenant, kind) = match (role.tenant_kind(), &claims.trellis_tenant) {
        (Some(TenantKind::Person), _) => {
            let person = person.ok_or(TokenError::Claim("trellis_person"))?;
            (TenantId(person.0), TenantKind::Person)
        }
        (Some(kind), Some(name)) => (
            TenantId::from_name(name, "trellis_tenant")
                .map_err(|_| TokenError::Claim("a trellis_tenant of the form tenants/{uuid}"))?,
            kind,
        ),
        // Of which kind the tenant is the registry says; until then the kind that reaches least.
        (None, Some(name)) => (
            TenantId::from_name(name, "trellis_tenant")
                .map_err(|_| TokenError::Claim("a trellis_tenant of the form tenants/{uuid}"))?,
            TenantKind::Person,
        ),
        (_, None) => return Err(TokenError::Claim("trellis_tenant")),
    };
    let client = match (person, &claims.client_id) {
        (None, None) => return Err(TokenError::Claim("trellis_person or client_id")),
        (None, _) if role == ActingRole::TenantAdmin => {
            return Err(TokenError::Claim("trellis_person"));
        }
        (_, client) => client.clone(),
    };
    Ok(Actor {
        tenant,
        kind,
        role,
        person,
        client,
    })
}

fn key_id(jwk: &Jwk) -> Option<&str> {
    jwk.common.key_id.as_deref()
}

/// Why the keys of an issuer could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("the JWKS file cannot be read")]
    File(#[source] std::io::Error),
    /// The document is not what it should be.
    #[error("the issuer's document is not understood")]
    Document(#[source] serde_json::Error),
    /// The issuer cannot be reached.
    #[error("the issuer cannot be reached: {0}")]
    Unreachable(String),
    /// The signing key of the development issuer is unusable.
    #[error("the development key {0} is unusable; delete it to have a new one made")]
    Development(PathBuf),
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

async fn discover(issuer: &str) -> Result<Vec<u8>, KeyError> {
    let address = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let discovery: Discovery =
        serde_json::from_slice(&fetch(&address).await?).map_err(KeyError::Document)?;
    if discovery.issuer != issuer {
        return Err(KeyError::Unreachable(
            "its discovery document names another issuer".to_owned(),
        ));
    }
    fetch(&discovery.jwks_uri).await
}

async fn fetch(address: &str) -> Result<Vec<u8>, KeyError> {
    let unreachable = |error: &dyn std::error::Error| KeyError::Unreachable(error.to_string());
    let uri: http::Uri = address.parse().map_err(|error| unreachable(&error))?;
    let loopback = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if uri.scheme_str() != Some("https") && !loopback {
        return Err(KeyError::Unreachable(
            "an issuer is read over https only".to_owned(),
        ));
    }
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Empty<prost::bytes::Bytes>> =
        Client::builder(TokioExecutor::new()).build(connector);
    let answer = tokio::time::timeout(Duration::from_secs(10), client.get(uri))
        .await
        .map_err(|error| unreachable(&error))?
        .map_err(|error| unreachable(&error))?;
    if !answer.status().is_success() {
        return Err(KeyError::Unreachable(format!(
            "it answered {}",
            answer.status()
        )));
    }
    let body = Limited::new(answer.into_body(), DOCUMENT_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| KeyError::Unreachable(error.to_string()))?;
    Ok(body.to_bytes().to_vec())
}

/// Signs tokens for the embedded default: sign-ins without an identity provider.
pub struct DevelopmentIssuer {
    document: Vec<u8>,
    public: Vec<u8>,
}

impl DevelopmentIssuer {
    /// Reads the signing key at `path`, or makes one there (mode 0600).
    ///
    /// # Errors
    /// When the file is unusable.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};

        let unusable = || KeyError::Development(path.to_owned());
        let document = match std::fs::read(path) {
            Ok(document) => document,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let document = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new())
                    .map_err(|_| unusable())?;
                std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(path)
                    .and_then(|mut file| file.write_all(document.as_ref()))
                    .map_err(KeyError::File)?;
                document.as_ref().to_vec()
            }
            Err(error) => return Err(KeyError::File(error)),
        };
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&document).map_err(|_| unusable())?;
        Ok(Self {
            public: pair.public_key().as_ref().to_vec(),
            document,
        })
    }

    fn decoding_key(&self) -> DecodingKey {
        DecodingKey::from_ed_der(&self.public)
    }

    /// A token for `actor`, valid for `hours` from `now` (seconds since 1970).
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(
        &self,
        audience: &str,
        actor: &Actor,
        now: u64,
        hours: u64,
    ) -> Result<String, KeyError> {
        let claims = Claims {
            iss: DEVELOPMENT_ISSUER.to_owned(),
            aud: audience.to_owned(),
            sub: actor
                .person
                .map_or_else(|| actor.tenant.0, |person| person.0)
                .to_string(),
            exp: now.saturating_add(hours.saturating_mul(3600)),
            trellis_tenant: (actor.kind != TenantKind::Person).then(|| actor.tenant.to_string()),
            trellis_role: actor.role.to_string(),
            trellis_person: actor.person.map(|person| person.to_string()),
            client_id: actor.client.clone(),
            acr: None,
            amr: vec![],
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("development".to_owned());
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&self.document))
            .map_err(|_| KeyError::Development(PathBuf::new()))
    }
}

/// A person of the development sign-ins: the same for the same tenant and role, so that a second
/// start acts as the same people.
pub fn development_person(tenant: TenantId, role: ActingRole) -> PersonId {
    PersonId(Uuid::new_v5(&tenant.0, role.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    const AUDIENCE: &str = "trellis";

    fn seconds() -> u64 {
        UNIX_EPOCH.elapsed().expect("after 1970").as_secs()
    }

    fn issuer(folder: &TempDir, name: &str) -> DevelopmentIssuer {
        DevelopmentIssuer::open(&folder.path().join(name)).expect("an issuer")
    }

    fn header(issuer: &DevelopmentIssuer, hours: u64) -> String {
        let token = issuer.sign(AUDIENCE, &Actor::platform(), seconds(), hours);
        format!("Bearer {}", token.expect("a token"))
    }

    #[test]
    fn a_remembered_token_ends_when_it_expires() {
        let folder = TempDir::new().expect("a folder");
        let issuer = issuer(&folder, "issuer.pk8");
        let verifier = Verifier::new(AUDIENCE).with_development(&issuer);
        let header = header(&issuer, 1);
        let expires = seconds() + 3600;
        for (now, good) in [
            (seconds(), true),
            (seconds(), true),
            (expires + LEEWAY - 5, true),
            (expires + LEEWAY + 5, false),
        ] {
            let actor = verifier.verified_at(Some(&header), now);
            assert_eq!(actor.is_ok(), good, "{now}");
        }
    }

    #[test]
    fn a_token_ends_with_its_key_though_it_is_remembered() {
        let folder = TempDir::new().expect("a folder");
        let (old, new) = (issuer(&folder, "old.pk8"), issuer(&folder, "new.pk8"));
        let verifier = Verifier::new(AUDIENCE).with_development(&old);
        let (of_old, of_new) = (header(&old, 1), header(&new, 1));
        assert!(verifier.actor(Some(&of_old)).is_ok());
        assert!(verifier.actor(Some(&of_new)).is_err());
        let verifier = verifier.with_development(&new);
        assert!(verifier.actor(Some(&of_old)).is_err());
        assert!(verifier.actor(Some(&of_new)).is_ok());
    }

    #[test]
    fn a_token_that_is_refused_is_not_remembered() {
        let folder = TempDir::new().expect("a folder");
        let (ours, theirs) = (issuer(&folder, "ours.pk8"), issuer(&folder, "theirs.pk8"));
        let verifier = Verifier::new(AUDIENCE).with_development(&ours);
        for _ in 0..2 {
            assert!(verifier.actor(Some(&header(&theirs, 1))).is_err());
        }
        let keys = verifier.keys.read().expect("no panic");
        assert_eq!(keys.verified.len(), 0);
    }

    #[tokio::test]
    async fn a_key_that_the_issuer_withdraws_is_worth_nothing() {
        let folder = TempDir::new().expect("a folder");
        let document = folder.path().join("keys.json");
        let publish = |key: Option<&DevelopmentIssuer>| {
            use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

            let keys: Vec<_> = (key.iter())
                .map(|key| {
                    json!({"kty": "OKP", "crv": "Ed25519", "kid": "development",
                        "x": BASE64_URL_SAFE_NO_PAD.encode(&key.public)})
                })
                .collect();
            std::fs::write(&document, json!({ "keys": keys }).to_string()).expect("written");
        };
        let issuer = issuer(&folder, "issuer.pk8");
        publish(Some(&issuer));
        let verifier = Verifier::new(AUDIENCE)
            .with_oidc(DEVELOPMENT_ISSUER, KeySource::File(document.clone()))
            .await
            .expect("keys are read");
        let header = header(&issuer, 1);
        assert!(verifier.actor(Some(&header)).is_ok());
        publish(None);
        verifier.refresh().await.expect("keys are read");
        assert!(verifier.actor(Some(&header)).is_err());
    }
}
