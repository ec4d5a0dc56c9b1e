//! What an auditor can prove about a tenant's history, and to whom nothing of it is told.

use std::{fs, process::Stdio};

use audit::{
    merkle::{self, Hash},
    note::{Checkpoint, VerifierKey},
    pack,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::actor::{
    ActingRole::{Auditor, EmployerHr, ProgrammeLead},
    TenantId,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::harness::{
    Caller, Service,
    cast::{AUDITOR, NORTHMOOR, SEVERNVALE, WEXCOMBE, candidate},
    life::{Campaign, Trainee},
    process::trellis,
};

/// A kept checkpoint, and the key it was signed with.
struct Kept {
    note: String,
    head: Checkpoint,
    key: VerifierKey,
}

async fn checkpoint(auditor: &Caller, tenant: TenantId) -> Kept {
    let tenant = json!({"tenant": tenant.to_string()});
    let answer = auditor.get("GetCheckpoint", tenant).await;
    let note = answer["checkpoint"].as_str().expect("a note").to_owned();
    let key: VerifierKey = answer["verifier_key"]
        .as_str()
        .and_then(|key| key.parse().ok())
        .expect("a key");
    let head = key.open(&note).expect("a signed checkpoint");
    assert_eq!(answer["root_hash"], BASE64_STANDARD.encode(head.root));
    Kept { note, head, key }
}

fn path(answer: &Value) -> Vec<Hash> {
    let hashes = answer["path"].as_array().expect("a path").iter();
    hashes.map(hash).collect()
}

fn hash(value: &Value) -> Hash {
    let bytes = BASE64_STANDARD.decode(value.as_str().expect("base64"));
    bytes.expect("base64").try_into().expect("32 bytes")
}

/// The lines of a pack, as an auditor would keep them.
pub(crate) async fn export(auditor: &Caller, message: Value) -> String {
    let lines = auditor.open("ExportReplay", message).await;
    let lines = lines.expect("an export").all().await.expect("to its end");
    lines
        .iter()
        .map(|line| format!("{}\n", line["line"].as_str().expect("a line")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_history_is_proved_event_by_event_and_offline() {
    let service = Service::start().await;
    let cast = &service.cast;
    let auditor = cast.of(AUDITOR, Auditor);
    let campaign = Campaign::opens(cast).await;
    let early = checkpoint(&auditor, NORTHMOOR).await;
    let c1 = Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    cast.settle().await;

    let late = checkpoint(&auditor, NORTHMOOR).await;
    assert_eq!(early.key, late.key);
    assert_eq!(late.head.origin, format!("trellis/{NORTHMOOR}"));
    let northmoor = NORTHMOOR.to_string();
    let proof = json!({"tenant": northmoor, "first_tree_size": early.head.size});
    let grown = auditor.get("ProveConsistency", proof).await;
    let (first, second) = (
        (early.head.size, &early.head.root),
        (late.head.size, &late.head.root),
    );
    assert!(merkle::extends(first, second, &path(&grown)));

    // The last event of the tenant's own feed is the last leaf of its log.
    let last = json!({"position": late.head.size});
    let proved = cast
        .of(NORTHMOOR, EmployerHr)
        .get("ProveInclusion", last)
        .await;
    let leaf = hash(&proved["leaf_hash"]);
    let index = late.head.size - 1;
    assert!(merkle::includes(
        &late.head.root,
        late.head.size,
        index,
        &leaf,
        &path(&proved)
    ));

    // Two tenants, two logs; nobody but an auditor is shown another one's.
    assert_ne!(
        checkpoint(&auditor, WEXCOMBE).await.head.root,
        late.head.root
    );
    for (tenant, role) in [(SEVERNVALE, EmployerHr), (WEXCOMBE, ProgrammeLead)] {
        let other = cast.of(tenant, role);
        for (method, message) in [
            ("GetCheckpoint", json!({"tenant": northmoor})),
            (
                "ProveInclusion",
                json!({"tenant": northmoor, "position": 1}),
            ),
            (
                "ProveConsistency",
                json!({"tenant": northmoor, "first_tree_size": 1}),
            ),
            (
                "ExportReplay",
                json!({"tenant": northmoor, "person": c1.person_name()}),
            ),
            (
                "ReplayHistory",
                json!({"as_tenant": northmoor, "person": c1.person_name()}),
            ),
        ] {
            let refused = match method {
                "ReplayHistory" => {
                    let stream = other.open(method, message).await.expect("a stream");
                    stream.all().await.expect_err("nothing").reason
                }
                _ => other.refusal(method, message).await,
            };
            assert_eq!(refused, "NOT_PERMITTED", "{method}");
        }
    }
    assert_eq!(
        auditor.refusal("GetCheckpoint", json!({})).await,
        "FIELD_INVALID",
        "an auditor has no log of its own to mean"
    );

    let message = json!({
        "person": c1.person_name(),
        "tenant": northmoor,
        "earlier_tree_size": early.head.size,
    });
    let exported = export(&auditor, message).await;
    let proven = pack::verify(exported.as_bytes(), &late.key, Some(&early.note));
    let proven = proven.expect("an honest pack");
    assert!(proven.events > 5, "{proven:?}");
    assert_eq!(proven.extends, Some(early.head.size));
    offline(&exported, &early, &late).await;
    service.stop().await;
}

/// The binary itself, with nothing but files: it believes what was exported and nothing else.
async fn offline(exported: &str, early: &Kept, late: &Kept) {
    let folder = TempDir::new().expect("a folder");
    let (pack, earlier) = (folder.path().join("pack"), folder.path().join("earlier"));
    fs::write(&earlier, &early.note).expect("kept");
    let verify = async |exported: &str, key: &VerifierKey| {
        fs::write(&pack, exported).expect("kept");
        let mut verifier = Command::new(trellis().await);
        verifier
            .arg("verify")
            .arg(&pack)
            .arg("--earlier")
            .arg(&earlier);
        verifier.arg("--key").arg(key.to_string());
        let told = verifier
            .stdin(Stdio::null())
            .output()
            .await
            .expect("it runs");
        (
            told.status.success(),
            String::from_utf8_lossy(&told.stderr).into_owned(),
        )
    };
    let (held, told) = verify(exported, &late.key).await;
    assert!(held, "{told}");
    let changed = exported.replacen("employer_hr", "employer_xx", 1);
    let (held, told) = verify(&changed, &late.key).await;
    assert!(!held && told.contains("was changed"), "{told}");
    let other: VerifierKey = audit::note::Signer::from_seed("trellis", &[1; 32])
        .expect("a key")
        .verifier();
    let (held, told) = verify(exported, &other).await;
    assert!(!held && told.contains("not signed by"), "{told}");
}
