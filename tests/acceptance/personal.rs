//! Where a person's own words and numbers are, and where they are not: a marker person goes the
//! whole way, and nothing of hers is in the database, the logs or the telemetry.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::actor::ActingRole::{CommissionerNational, EmployerHr, PersonalTutor, ProgrammeLead};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{
    cast::{COMMISSIONER, NORTHMOOR, WEXCOMBE, candidate},
    collector::Collector,
    database,
    life::{Campaign, Ids, Trainee, supervisor},
    process::Rig,
};

const NAME: &str = "Zephyrine Quillfeather";
const CONTACT: &str = "zephyrine.quillfeather@marker.example";
const STATEMENT: &str = "Seventeen lighthouses taught me patience.";
const DEGREE: &str = "BSc Cartography of Imaginary Coasts";
const SID: &str = "26100990010000778";
const ULN: &str = "9276308686";
const ESR: &str = "20718281-8";
const HCPC: &str = "PYL314159";
const REGISTER_NUMBER: &str = "BPS-161803";
const POSITION: &str = "POS-271828";

const MARKERS: [&str; 12] = [
    NAME,
    "Quillfeather",
    CONTACT,
    "lighthouses",
    "Imaginary Coasts",
    SID,
    ULN,
    ESR,
    HCPC,
    REGISTER_NUMBER,
    POSITION,
    "Zephyrine",
];

/// A marker's name where it stands, in the forms in which it might slip through.
fn found(bytes: &[u8]) -> Vec<&'static str> {
    let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    MARKERS
        .into_iter()
        .filter(|marker| {
            let hex: String = marker.bytes().map(|byte| format!("{byte:02x}")).collect();
            contains(marker.as_bytes())
                || contains(
                    BASE64_STANDARD
                        .encode(marker)
                        .trim_end_matches('=')
                        .as_bytes(),
                )
                || contains(hex.as_bytes())
        })
        .collect()
}

async fn goes_the_whole_way(rig: &Rig) -> (Campaign, Trainee, String) {
    let cast = &rig.cast;
    let campaign = Campaign::opens(cast).await;
    let hr = cast.of(NORTHMOOR, EmployerHr);
    let registered = supervisor(&hr, 77, "hcpc", HCPC, &["clinical_psychologist"]).await;
    let said = json!({
        "name": NAME,
        "contact": CONTACT,
        "statement": STATEMENT,
        "degree_detail": DEGREE,
    });
    let vacancy = &campaign.vacancy;
    let marker = Trainee::applies(cast, vacancy, candidate(77), "2025-11-21", said).await;
    marker.is_shortlisted().await;
    marker.is_interviewed().await;
    let mut reasoned = marker.employers(1, "accept", &[]);
    reasoned["decision"]["reason"] = json!(format!("{NAME} convinced all of us."));
    marker
        .hr("2025-12-12")
        .write("SealDecision", reasoned)
        .await;
    marker
        .admissions("2025-12-15")
        .write("SealDecision", marker.universitys(1, "accept", &[]))
        .await;
    marker.accepts().await;
    marker.is_cleared().await;
    marker.is_funded().await;
    let ids = Ids {
        sid: SID,
        uln: ULN,
        assignment: ESR,
    };
    marker.starts(&campaign, &ids, 7).await;
    marker.is_paid_for().await;
    marker.practises().await;
    marker.qualifies().await;
    let mut post = marker.qualified_post(&campaign);
    post["position"] = json!(POSITION);
    marker
        .manager("2027-04-05")
        .write("EvidenceQualifiedPost", post)
        .await;
    cast.settle().await;
    marker.completes_preceptorship(REGISTER_NUMBER).await;
    (campaign, marker, registered)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_values_are_read_by_their_controllers_and_found_nowhere_else() {
    let collector = Collector::start().await;
    let filter = "info,server=trace,ledger=trace,views=trace,domain=trace,trellis=trace,h2=off,hyper=off,tower=off,sqlx=debug,opentelemetry=off";
    let rig = Rig::start(filter, Some(&collector)).await;
    let (campaign, marker, registered) = goes_the_whole_way(&rig).await;
    let cast = &rig.cast;

    // Each controller reads its own.
    let read = async |reader: crate::harness::Caller, method: &str, name: String| -> Value {
        reader.get(method, json!({"name": name})).await
    };
    let employers = read(marker.hr(""), "GetApplication", marker.application.clone()).await;
    let universitys = read(
        marker.admissions(""),
        "GetApplication",
        marker.application.clone(),
    )
    .await;
    for (party, seen) in [("employer", &employers), ("university", &universitys)] {
        assert_eq!(seen["application"]["candidate_name"], NAME, "{party}");
        assert_eq!(seen["application"]["contact"], CONTACT, "{party}");
        assert_eq!(seen["application"]["statement"], STATEMENT, "{party}");
    }
    assert_eq!(universitys["application"]["degree_detail"], DEGREE);
    assert_eq!(
        employers["application"]["degree_detail"], "",
        "the university's own"
    );
    let enrolment = read(marker.programme(""), "GetEnrolment", marker.enrolment()).await;
    assert_eq!(enrolment["enrolment"]["sid"], SID);
    assert_eq!(enrolment["enrolment"]["uln"], ULN);
    let employment = read(marker.hr(""), "GetEmployment", marker.employment()).await;
    assert!(employment.to_string().contains(ESR), "{employment}");
    let seal = read(marker.hr(""), "GetSeal", marker.seal(NORTHMOOR)).await;
    assert!(seal.to_string().contains("convinced all of us"), "{seal}");
    let supervisor = read(marker.hr(""), "GetSupervisor", registered).await;
    assert!(supervisor.to_string().contains(HCPC), "{supervisor}");

    // What the other party or anybody else reads has none of it.
    for (reader, method, name, own) in [
        (
            cast.of(WEXCOMBE, PersonalTutor),
            "GetTraining",
            marker.training(),
            &[][..],
        ),
        (
            cast.of(COMMISSIONER, CommissionerNational),
            "GetAward",
            marker.award(),
            &[],
        ),
        (
            cast.of(COMMISSIONER, CommissionerNational),
            "GetCommitment",
            campaign.commitment.clone(),
            &[],
        ),
        (
            cast.of(WEXCOMBE, ProgrammeLead),
            "GetQualification",
            marker.qualification(),
            &[REGISTER_NUMBER],
        ),
    ] {
        let seen = read(reader, method, name).await.to_string();
        let stray: Vec<_> = found(seen.as_bytes())
            .into_iter()
            .filter(|marker| !own.contains(marker))
            .collect();
        assert!(stray.is_empty(), "{method} shows {stray:?}: {seen}");
    }
    for (tenant, role) in [
        (NORTHMOOR, EmployerHr),
        (WEXCOMBE, ProgrammeLead),
        (COMMISSIONER, CommissionerNational),
    ] {
        let feed = cast
            .of(tenant, role)
            .get("ListFeed", json!({"page_size": 1000}))
            .await
            .to_string();
        assert!(
            found(feed.as_bytes()).is_empty(),
            "{:?}",
            found(feed.as_bytes())
        );
        let dashboard = cast
            .of(tenant, role)
            .get("GetDashboard", json!({"include_journeys": true}))
            .await
            .to_string();
        assert!(found(dashboard.as_bytes()).is_empty());
    }

    // The search itself works.
    assert_eq!(found(employers.to_string().as_bytes()).len(), 5);

    // At rest.
    let dump = Command::new(database::cluster().await.bin_dir().join("pg_dump"))
        .arg("--dbname")
        .arg(rig.database.url("postgres"))
        .output()
        .await
        .expect("pg_dump is beside the server");
    assert!(
        dump.status.success(),
        "{}",
        String::from_utf8_lossy(&dump.stderr)
    );
    assert!(dump.stdout.len() > 100_000, "a dump of everything");
    assert!(found(&dump.stdout).is_empty(), "{:?}", found(&dump.stdout));

    // In what the process said of itself.
    let log = rig.stop().await;
    assert!(log.lines().count() > 100, "it spoke: {log}");
    assert!(
        found(log.as_bytes()).is_empty(),
        "{:?}",
        found(log.as_bytes())
    );
    let exported = collector.received(|received| {
        let mut bytes = vec![];
        for request in &received.traces {
            bytes.extend(request.encode_to_vec());
        }
        for request in &received.metrics {
            bytes.extend(request.encode_to_vec());
        }
        bytes
    });
    assert!(exported.len() > 10_000, "it exported");
    assert!(found(&exported).is_empty(), "{:?}", found(&exported));
}
