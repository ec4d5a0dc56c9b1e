//! Who a bearer token says is calling: OIDC access tokens, and the development issuer.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::actor::{ActingRole, Actor, PersonId, TenantId, TenantKind};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{Jwk, JwkSet},
};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
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
    keys: Arc<RwLock<HashMap<String, DecodingKey>>>,
    oidc: Option<Arc<Oidc>>,
    audience: Arc<str>,
}

struct Oidc {
    issuer: String,
    source: KeySource,
}

impl Verifier {
    /// A verifier that accepts nothing yet.
    pub fn new(audience: &str) -> Self {
        Self {
            keys: Arc::default(),
            oidc: None,
            audience: audience.into(),
        }
    }

    /// Accepts tokens of the development issuer.
    #[must_use]
    pub fn with_development(self, issuer: &DevelopmentIssuer) -> Self {
        self.put(DEVELOPMENT_ISSUER, "development", issuer.decoding_key());
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
        for jwk in &set.keys {
            if let (Some(id), Ok(key)) = (key_id(jwk), DecodingKey::from_jwk(jwk)) {
                self.put(&oidc.issuer, id, key);
            }
        }
        Ok(())
    }

    fn put(&self, issuer: &str, id: &str, key: DecodingKey) {
        self.keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(format!("{issuer}\n{id}"), key);
    }

    /// Verifies an `authorization` header.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn actor(&self, header: Option<&str>) -> Result<Actor, TokenError> {
        let token = header
            .and_then(|header| header.strip_prefix("Bearer "))
            .ok_or(TokenError::Missing)?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(TokenError::Invalid);
        }
        let id = header.kid.ok_or(TokenError::Invalid)?;
        let oidc = self.oidc.as_ref().map(|oidc| oidc.issuer.as_str());
        for issuer in [Some(DEVELOPMENT_ISSUER), oidc].into_iter().flatten() {
            let key = {
                let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
                keys.get(&format!("{issuer}\n{id}")).cloned()
            };
            let Some(key) = key else { continue };
            let mut validation = Validation::new(header.alg);
            validation.set_issuer(&[issuer]);
            validation.set_audience(&[&*self.audience]);
            validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            validation.validate_nbf = true;
            validation.leeway = 30;
            if let Ok(token) = jsonwebtoken::decode::<Claims>(token, &key, &validation) {
                return acting(&token.claims);
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
        (None, _) => return Err(TokenError::Claim("a role that reaches records")),
        (_, None) => return Err(TokenError::Claim("trellis_tenant")),
    };
    let client = match (person, &claims.client_id) {
        (None, None) => return Err(TokenError::Claim("trellis_person or client_id")),
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
