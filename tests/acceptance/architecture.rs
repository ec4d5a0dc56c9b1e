//! The directions that hold the house together, as tables. An edge that is not listed is a mistake
//! or a decision.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use prost_reflect::DescriptorPool;
use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::harness::{Service, caller::methods};

/// Which of our crates may use which, outside its own tests.
#[rustfmt::skip]
const EDGES: &[(&str, &[&str])] = &[
    ("acceptance",  &[]),
    ("audit",       &[]),
    ("bench",       &["audit", "contract", "domain", "ledger", "pg-launcher", "server", "views", "web"]),
    ("contract",    &[]),
    ("domain",      &[]),
    ("ledger",      &["audit", "domain"]),
    ("pg-launcher", &[]),
    ("server",      &["audit", "contract", "domain", "ledger", "pg-launcher", "views", "web"]),
    ("views",       &["domain", "ledger"]),
    ("web",         &["contract", "domain"]),
];

/// Who alone may use a foreign crate (a trailing `*`: every crate so called), outside tests.
#[rustfmt::skip]
const FOREIGN: &[(&str, &[&str])] = &[
    ("sqlx",                  &["bench", "ledger", "views"]),
    ("postgres-es",           &["bench", "ledger", "views"]),
    ("tonic",                 &["bench", "contract", "server", "web"]),
    ("tonic-prost",           &["contract", "server"]),
    ("tonic-prost-build",     &["contract"]),
    ("tonic-types",           &["server", "web"]),
    ("tonic-*",               &["contract", "server"]),
    ("prost*",                &["bench", "contract", "server", "web"]),
    ("protox",                &["contract"]),
    ("hyper*",                &["server", "web"]),
    ("axum",                  &["web"]),
    ("askama",                &["web"]),
    ("oauth2",                &["web"]),
    ("jsonwebtoken",          &["server"]),
    ("clap",                  &["bench", "server"]),
    ("opentelemetry*",        &["ledger", "server", "views"]),
    ("tracing-opentelemetry", &["ledger", "server", "views"]),
    ("tokio*",                &["bench", "ledger", "server", "views", "web"]),
    ("libc",                  &["pg-launcher"]),
];

/// What rules may stand on: values and words, neither I/O, nor a clock, nor randomness.
const DOMAIN_STANDS_ON: &[&str] = &[
    "cqrs-es",
    "jiff",
    "serde",
    "serde_json",
    "strum",
    "thiserror",
    "uuid",
];

/// All that lies at the top of the repository.
const TOP: &[&str] = &[
    ".ci",
    ".editorconfig",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "buf.yaml",
    "clippy.toml",
    "deny.toml",
    "deploy",
    "proto",
    "rust-toolchain.toml",
    "services",
    "tests",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the repository")
        .to_owned()
}

/// Package → what it needs, kind by kind (`normal`, `build`, `dev`).
fn dependencies() -> BTreeMap<String, Vec<(String, String)>> {
    let cargo = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        cargo.status.success(),
        "{}",
        String::from_utf8_lossy(&cargo.stderr)
    );
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("metadata is JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("normal").to_owned();
    list(&metadata["packages"])
        .iter()
        .map(|package| {
            let needs = list(&package["dependencies"])
                .iter()
                .map(|need| (text(&need["name"]), text(&need["kind"])))
                .collect();
            (text(&package["name"]), needs)
        })
        .collect()
}

fn outside_tests(needs: &[(String, String)]) -> impl Iterator<Item = &str> {
    needs
        .iter()
        .filter(|(_, kind)| kind != "dev")
        .map(|(name, _)| name.as_str())
}

#[test]
fn crates_use_each_other_only_in_the_allowed_directions() {
    let packages = dependencies();
    let found: BTreeMap<&str, BTreeSet<&str>> = packages
        .iter()
        .map(|(package, needs)| {
            let ours = outside_tests(needs).filter(|name| packages.contains_key(*name));
            (package.as_str(), ours.collect())
        })
        .collect();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = EDGES
        .iter()
        .map(|(package, uses)| (*package, uses.iter().copied().collect()))
        .collect();
    assert_eq!(found, allowed);
}

#[test]
fn only_the_layer_that_owns_a_technology_knows_it() {
    for (package, needs) in dependencies() {
        for name in outside_tests(&needs) {
            // The first row that names it, the exact ones above the families.
            let row = FOREIGN
                .iter()
                .find(|(pattern, _)| match pattern.strip_suffix('*') {
                    Some(family) => name.starts_with(family),
                    None => name == *pattern,
                });
            if let Some((pattern, owners)) = row {
                assert!(
                    owners.contains(&package.as_str()),
                    "{package} uses {name} ({pattern})"
                );
            }
        }
    }
}

#[test]
fn rules_stand_on_nothing_that_acts() {
    let packages = dependencies();
    let found: BTreeSet<&str> = outside_tests(&packages["domain"]).collect();
    assert_eq!(found, DOMAIN_STANDS_ON.iter().copied().collect());
}

/// Every source file of the repository with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = vec![];
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|end| end == "rs" || end == "toml")
            {
                let text = fs::read_to_string(&path).expect("a readable file");
                found.push((path, text));
            }
        }
    }
    found
}

#[test]
fn only_the_launcher_may_be_unsafe() {
    let word = ["uns", "afe"].concat();
    for folder in ["services", "tests"] {
        for (path, text) in sources(folder) {
            if path.starts_with(root().join("services/postgres")) {
                continue;
            }
            let used = [" {", " fn", " impl", " extern"]
                .iter()
                .any(|next| text.contains(&format!("{word}{next}")));
            assert!(!used, "{} is {word}", path.display());
            if path.ends_with("Cargo.toml") {
                // There the workspace forbids it; a peer of the bench is no part of it.
                let inherits = text.contains("[lints]\nworkspace = true");
                let peer = path.starts_with(root().join("tests/bench/peers"));
                let forbids = peer && text.contains("unsafe_code = \"forbid\"");
                assert!(
                    inherits || forbids,
                    "{} has lints of its own",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_server_serves() {
    for crate_name in ["audit", "domain", "ledger", "postgres", "views"] {
        for (path, text) in sources(&format!("services/{crate_name}")) {
            let serves = text.contains("tonic::");
            assert!(!serves, "{} speaks gRPC", path.display());
        }
    }
}

/// Every read of a personal value is an access (C.2): one place opens them, and it notes each.
#[test]
fn only_the_desk_opens_personal_values() {
    for (path, text) in sources("services/server/src") {
        let opens = [".open_personal(", "ledger.open_class("];
        let opens = opens.iter().any(|opens| text.contains(opens));
        assert!(
            !opens || path.ends_with("desk.rs"),
            "{} opens past the desk",
            path.display()
        );
    }
}

#[test]
fn the_top_of_the_repository_holds_only_what_belongs_there() {
    // A work tree may hold what git ignores; an unpacked archive has no git.
    let listed = Command::new("git")
        .args(["ls-files"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|git| git.status.success())
        .map(|git| String::from_utf8_lossy(&git.stdout).into_owned());
    let found: BTreeSet<String> = match &listed {
        Some(files) => files
            .lines()
            .filter_map(|file| file.split('/').next())
            .map(str::to_owned)
            .collect(),
        None => fs::read_dir(root())
            .expect("a readable folder")
            .map(|entry| entry.expect("a readable entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|name| name != "target")
            .collect(),
    };
    assert_eq!(found, TOP.iter().map(|name| (*name).to_owned()).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_of_the_contract_is_listed_and_answers() {
    let service = Service::start().await;
    let described: BTreeSet<String> = DescriptorPool::decode(contract::DESCRIPTORS)
        .expect("sound descriptors")
        .services()
        .map(|service| service.full_name().to_owned())
        .collect();
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(service.cast.api.channel.clone())
        .server_reflection_info(tokio_stream::once(list))
        .await
        .expect("reflection answers")
        .into_inner();
    let answer = answers.next().await.expect("an answer").expect("a list");
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("not a list: {answer:?}");
    };
    let listed: BTreeSet<String> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    let of_others = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ];
    assert_eq!(
        listed
            .iter()
            .filter(|name| !of_others.contains(&name.as_str()))
            .cloned()
            .collect::<BTreeSet<_>>(),
        described
    );

    // Listing is one thing, being there another.
    let nobody = service.cast.api.by_nobody();
    for method in methods(&service.cast.api.pool) {
        let refused = nobody
            .call(method.name(), json!({}))
            .await
            .expect_err("nobody may call");
        assert_eq!(
            refused.code,
            Code::Unauthenticated,
            "{}",
            method.full_name()
        );
    }
    service.stop().await;
}

/// Only a lease makes `Answers`: so every stream ends with the role and the token it was opened with.
#[test]
fn every_stream_is_leased() {
    let rpc = root().join("services/server/src/rpc");
    let mut streams = vec![];
    for file in fs::read_dir(rpc).expect("a folder") {
        let file = file.expect("an entry").path();
        if file.is_file() {
            let text = fs::read_to_string(file).expect("a source file");
            let types = text
                .lines()
                .map(str::trim)
                .filter(|line| line.starts_with("type ") && line.contains("Stream ="));
            streams.extend(types.map(str::to_owned));
        }
    }
    let pool = DescriptorPool::decode(contract::DESCRIPTORS).expect("sound descriptors");
    let all = methods(&pool);
    let streaming = all.iter().filter(|method| method.is_server_streaming());
    assert_eq!(streams.len(), streaming.count(), "{streams:#?}");
    let open: Vec<_> = streams
        .iter()
        .filter(|line| !line.contains("= Answers<"))
        .collect();
    assert!(open.is_empty(), "{open:#?}");
}
