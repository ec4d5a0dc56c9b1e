//! An OIDC issuer on the loopback address: discovery, keys, and whatever tokens a test wants.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// An RSA key takes seconds to make without optimisation, so this one is kept. It signs nothing
/// but the tokens of these tests.
const RSA: &str = include_str!("rsa-for-tests.pem");

/// A running issuer with a key for each family of algorithms.
pub(crate) struct Issuer {
    pub(crate) url: String,
    ec: Vec<u8>,
    ed: Vec<u8>,
    keys: Value,
}

impl Issuer {
    /// Starts it.
    pub(crate) async fn start() -> Self {
        let random = SystemRandom::new();
        let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .expect("an EC key");
        let ed = Ed25519KeyPair::generate_pkcs8(&random).expect("an Ed25519 key");
        let ec_pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random)
                .expect("the EC key is sound");
        let ed_pair = Ed25519KeyPair::from_pkcs8(ed.as_ref()).expect("the Ed25519 key is sound");
        // An uncompressed point: 4, x, y.
        let (x, y) = ec_pair.public_key().as_ref()[1..].split_at(32);
        let keys = json!({ "keys": [
            { "kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "e": "AQAB",
              "n": BASE64.encode(rsa_modulus()) },
            { "kty": "EC", "kid": "ec", "use": "sig", "crv": "P-256",
              "x": BASE64.encode(x), "y": BASE64.encode(y) },
            { "kty": "OKP", "kid": "ed", "use": "sig", "crv": "Ed25519",
              "x": BASE64.encode(ed_pair.public_key()) },
        ]});
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") });
        tokio::spawn(answer(listener, discovery.to_string(), keys.to_string()));
        Self {
            url,
            ec: ec.as_ref().to_vec(),
            ed: ed.as_ref().to_vec(),
            keys,
        }
    }

    /// A token signed with the key `key` (`rsa`, `ec`, `ed`).
    pub(crate) fn token(&self, key: &str, claims: &Value) -> String {
        let (algorithm, signing) = match key {
            "rsa" => (Algorithm::RS256, self.rsa()),
            "ec" => (Algorithm::ES256, EncodingKey::from_ec_der(&self.ec)),
            _ => (Algorithm::EdDSA, EncodingKey::from_ed_der(&self.ed)),
        };
        sign(algorithm, key, &signing, claims)
    }

    /// The private RSA key.
    pub(crate) fn rsa(&self) -> EncodingKey {
        EncodingKey::from_rsa_pem(RSA.as_bytes()).expect("the RSA key is sound")
    }

    /// The public part of a key, as anybody can read it.
    pub(crate) fn public(&self, key: &str, part: &str) -> String {
        self.keys["keys"]
            .as_array()
            .and_then(|keys| keys.iter().find(|jwk| jwk["kid"] == key))
            .and_then(|jwk| jwk[part].as_str())
            .expect("a published key")
            .to_owned()
    }
}

/// A token with this header and signature.
pub(crate) fn sign(algorithm: Algorithm, kid: &str, key: &EncodingKey, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some(kid.to_owned());
    jsonwebtoken::encode(&header, claims, key).expect("the key fits the algorithm")
}

/// A token of three parts taken as they are.
pub(crate) fn assemble(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    format!(
        "{}.{}.{}",
        part(header),
        part(claims),
        BASE64.encode(signature)
    )
}

fn rsa_modulus() -> Vec<u8> {
    let body: String = RSA.lines().filter(|line| !line.starts_with('-')).collect();
    let der = BASE64_STANDARD.decode(body).expect("PEM");
    let pair = rsa::KeyPair::from_der(&der).expect("the RSA key is sound");
    rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public()).n
}

async fn answer(listener: TcpListener, discovery: String, keys: String) {
    while let Ok((stream, _)) = listener.accept().await {
        let _: Result<(), std::io::Error> = one_answer(stream, &discovery, &keys).await;
    }
}

async fn one_answer(mut stream: TcpStream, discovery: &str, keys: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let body = match request.strip_prefix(b"GET /keys ") {
        Some(_) => keys,
        None => discovery,
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}
