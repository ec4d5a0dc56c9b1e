//! Who is believed: tokens of an OIDC issuer and of the development issuer, and the well-known
//! ways of forging one.

use domain::actor::{ActingRole, PLATFORM, TenantId};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use server::{
    demonstration::AUDIENCE,
    serve::Role,
    token::{DEVELOPMENT_ISSUER, DevelopmentIssuer, KeySource, TOKEN_BYTES_MAX, Verifier},
};
use tempfile::TempDir;
use tonic::Code;
use uuid::Uuid;

use crate::harness::{
    Service,
    cast::NORTHMOOR,
    issuer::{Issuer, assemble, sign},
    service::{actor, now},
};

const TRUST: TenantId = TenantId(Uuid::from_u128(0x7157));

fn claims(issuer: &Issuer) -> Value {
    json!({
        "iss": issuer.url,
        "aud": AUDIENCE,
        "sub": "hr-portal",
        "exp": now() + 600,
        "trellis_tenant": TRUST.to_string(),
        "trellis_role": "employer_hr",
        "client_id": "hr-portal",
    })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

async fn verifier(issuer: &Issuer) -> Verifier {
    Verifier::new(AUDIENCE)
        .with_oidc(&issuer.url, KeySource::Discovery)
        .await
        .expect("discovery and keys are read")
}

fn accepted(verifier: &Verifier, token: &str) -> bool {
    verifier.actor(Some(&format!("Bearer {token}"))).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn rs256_es256_and_eddsa_tokens_of_the_issuer_are_accepted() {
    let issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    for key in ["rsa", "ec", "ed"] {
        let token = issuer.token(key, &claims(&issuer));
        let actor = verifier
            .actor(Some(&format!("Bearer {token}")))
            .unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(actor.tenant, TRUST);
        assert_eq!(actor.role, ActingRole::EmployerHr);
        assert_eq!(actor.client.as_deref(), Some("hr-portal"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_for_this_audience_from_this_issuer_and_not_expired() {
    let issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    let good = claims(&issuer);
    assert!(accepted(&verifier, &issuer.token("ed", &good)));
    for (name, value) in [
        ("aud", json!("somebody-else")),
        ("iss", json!("https://elsewhere.example")),
        ("iss", json!(DEVELOPMENT_ISSUER)),
        ("exp", json!(now() - 3600)),
        ("exp", json!("soon")),
        ("nbf", json!(now() + 3600)),
        ("exp", Value::Null),
        ("sub", Value::Null),
    ] {
        let token = issuer.token("ed", &with(good.clone(), name, value.clone()));
        assert!(!accepted(&verifier, &token), "{name} {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_acts_for_whom_in_which_role() {
    let issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    let good = claims(&issuer);
    for (name, value) in [
        ("trellis_role", json!("emperor")),
        ("trellis_role", Value::Null),
        ("trellis_role", json!("candidate")),
        ("trellis_tenant", Value::Null),
        ("trellis_tenant", json!(TRUST.0.to_string())),
        ("trellis_tenant", json!("tenants/not-a-uuid")),
        (
            "trellis_person",
            json!("tenants/00000000-0000-0000-0000-000000007157"),
        ),
        ("client_id", Value::Null),
    ] {
        let token = issuer.token("ed", &with(good.clone(), name, value.clone()));
        assert!(!accepted(&verifier, &token), "{name} {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_signatures_are_refused() {
    let issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    let claims = claims(&issuer);

    // No signature at all, however it is spelt.
    for algorithm in ["none", "None", "NONE", ""] {
        let header = json!({"typ": "JWT", "alg": algorithm, "kid": "ed"});
        assert!(!accepted(&verifier, &assemble(&header, &claims, b"")));
    }

    // The public key taken for a shared secret.
    for (kid, part) in [("rsa", "n"), ("ec", "x"), ("ed", "x")] {
        let secret = EncodingKey::from_secret(issuer.public(kid, part).as_bytes());
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let token = sign(algorithm, kid, &secret, &claims);
            assert!(!accepted(&verifier, &token), "{algorithm:?} with {kid}");
        }
    }

    // A good signature of another family than the key it names.
    assert!(!accepted(
        &verifier,
        &sign(Algorithm::RS256, "ed", &issuer.rsa(), &claims)
    ));
    assert!(!accepted(
        &verifier,
        &sign(Algorithm::RS256, "ec", &issuer.rsa(), &claims)
    ));

    // A key that the token brings along, or that nobody has published.
    let stranger = Issuer::start().await;
    for kid in ["ed", "ec", "unknown"] {
        let header = json!({"typ": "JWT", "alg": "EdDSA", "kid": kid,
            "jwk": {"kty": "OKP", "crv": "Ed25519", "x": stranger.public("ed", "x")},
            "jku": format!("{}/keys", stranger.url)});
        let signed = stranger.token("ed", &claims);
        let signature = signed.rsplit('.').next().unwrap_or_default();
        let token = format!("{}{}", assemble(&header, &claims, b""), signature);
        assert!(!accepted(&verifier, &token), "{kid}");
    }
    assert!(!accepted(&verifier, &stranger.token("ed", &claims)));

    // Content changed after signing.
    let token = issuer.token("ed", &claims);
    let mut parts: Vec<&str> = token.split('.').collect();
    let other = issuer.token(
        "ed",
        &with(claims.clone(), "trellis_role", json!("auditor")),
    );
    let other: Vec<&str> = other.split('.').collect();
    parts[1] = other[1];
    assert!(!accepted(&verifier, &parts.join(".")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_a_key_id_or_beyond_the_limit_is_refused() {
    let issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    let header = json!({"typ": "JWT", "alg": "EdDSA"});
    let signed = issuer.token("ed", &claims(&issuer));
    let signature = signed.rsplit('.').next().unwrap_or_default();
    let token = format!("{}{signature}", assemble(&header, &claims(&issuer), b""));
    assert!(!accepted(&verifier, &token));

    let long = "x".repeat(TOKEN_BYTES_MAX);
    let token = issuer.token("ed", &with(claims(&issuer), "padding", json!(long)));
    assert!(!accepted(&verifier, &token));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_names_another_one_is_not_read() {
    let issuer = Issuer::start().await;
    let aliased = issuer.url.replace("127.0.0.1", "localhost");
    let verifier = Verifier::new(AUDIENCE)
        .with_oidc(&aliased, KeySource::Discovery)
        .await;
    assert!(verifier.is_err());
    let plain = Verifier::new(AUDIENCE)
        .with_oidc("http://issuer.example", KeySource::Discovery)
        .await;
    assert!(plain.is_err(), "keys are read over https only");
}

/// Without the flag that allows it, its tokens are worth nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_development_issuer_is_accepted_only_when_allowed() {
    let keys = TempDir::new().expect("a folder");
    let development = DevelopmentIssuer::open(&keys.path().join("issuer.pk8")).expect("an issuer");
    let token = development
        .sign(
            AUDIENCE,
            &actor(PLATFORM, ActingRole::PlatformOperator),
            now(),
            1,
        )
        .expect("a token");
    let issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    assert!(!accepted(&verifier, &token));
    assert!(accepted(&verifier.with_development(&development), &token));
}

/// DSPT: how strongly somebody signed in stays with what they did.
#[tokio::test(flavor = "multi_thread")]
async fn b_7_every_event_keeps_how_its_author_signed_in() {
    let issuer = Issuer::start().await;
    let oidc = verifier(&issuer).await;
    let service = Service::start_with(|_| oidc, &[Role::Api]).await;
    let strong = with(claims(&issuer), "acr", json!("urn:example:aal2"));
    let strong = with(strong, "amr", json!(["pwd", "otp"]));
    let strong = with(strong, "trellis_tenant", json!(NORTHMOOR.to_string()));
    let plain = with(
        claims(&issuer),
        "trellis_tenant",
        json!(NORTHMOOR.to_string()),
    );
    for (claims, said) in [(strong, Some("urn:example:aal2 pwd otp")), (plain, None)] {
        let service_name = service
            .cast
            .api
            .by(issuer.token("ed", &claims))
            .on("2025-09-01")
            .write(
                "OpenClinicalService",
                json!({
                    "display_name": "Northmoor community team",
                    "setting": "adult_community",
                    "population": "severe_mental_illness",
                }),
            )
            .await;
        let id = service_name.rsplit('/').next().unwrap_or_default();
        let kept: Option<String> = sqlx::query_scalar(
            "SELECT metadata->>'authentication' FROM ledger.event WHERE aggregate_id = $1",
        )
        .bind(id)
        .fetch_one(&service.owner)
        .await
        .expect("the event is there");
        assert_eq!(kept.as_deref(), said);
    }
    service.stop().await;
}

/// The same through the wire: an OIDC token opens the API, and what is wrong with a bad one is
/// said in one word.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_as_good_as_its_token() {
    let issuer = Issuer::start().await;
    let oidc = verifier(&issuer).await;
    let service = Service::start_with(|_| oidc, &[Role::Api]).await;

    // The trust is not registered, but the token itself is believed.
    let known = service.cast.api.by(issuer.token("ed", &claims(&issuer)));
    let refused = known
        .call("ListFeed", json!({}))
        .await
        .expect_err("not a registered tenant");
    assert_eq!(refused.code, Code::PermissionDenied);

    let expired = with(claims(&issuer), "exp", json!(now() - 3600));
    for caller in [
        service.cast.api.by_nobody(),
        service.cast.api.by(String::new()),
        service.cast.api.by("not.a.token".to_owned()),
        service.cast.api.by(issuer.token("ed", &expired)),
    ] {
        let refused = caller
            .call("ListFeed", json!({}))
            .await
            .expect_err("no token worth the name");
        assert_eq!(refused.code, Code::Unauthenticated);
        assert_eq!(refused.reason, "UNAUTHENTICATED");
        assert_eq!(refused.infos, 1);
    }
    service.stop().await;
}
