//! D.10: a clinical service goes to the third sector in the middle of a training.

use domain::{
    actor::{
        ActingRole::{EmployerHr, PracticeSupervisor, ProfessionalLead, ServiceManager},
        TenantId,
    },
    commitment::Commitment,
    employment::Employment,
    id::Id,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::dashboards;
use crate::harness::{
    Service,
    cast::NORTHMOOR,
    life::{CHECKS, Campaign, Trainee, record, supervisor},
    tour::transfer::agreed,
};

/// Harbourlight Recovery CIC.
const HARBOURLIGHT: TenantId = TenantId(Uuid::from_u128(0x5ca5_7000_0000_4000_8000_0000_0000_0c00));

/// A year's practice before the service moves.
async fn practises(cast: &crate::harness::Cast, trainee: &Trainee) {
    let training = trainee.training();
    for (kind, intervention, hours) in [
        ("contact", "", 96),
        ("intervention", "problem_solving", 52),
        ("care_planning", "", 12),
        ("case_management", "", 23),
        ("clinical_skills", "", 23),
    ] {
        cast.of(NORTHMOOR, PracticeSupervisor)
            .on("2026-12-14")
            .write(
                "LogPracticeHours",
                json!({
                    "training": training,
                    "kind": kind,
                    "intervention": intervention,
                    "quarter_hours": hours * 4,
                }),
            )
            .await;
    }
    trainee
        .candidate("2026-12-15")
        .write(
            "SignPracticeHours",
            json!({"training": training, "until": "2026-12-14"}),
        )
        .await;
    for on in ["2026-05-11", "2026-09-14"] {
        trainee
            .programme(on)
            .write("HoldThreeWayReview", json!({"training": training}))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_10_and_set_13_a_service_moves_and_the_training_goes_on() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    cast.operator()
        .on("2025-09-01")
        .write(
            "RegisterTenant",
            json!({
                "tenant": HARBOURLIGHT.to_string(),
                "kind": "employer",
                "display_name": "Harbourlight Recovery CIC",
                "ods_code": "H8R3C",
                "sector": "third_sector",
                "region": "north_west",
            }),
        )
        .await;
    let one = Trainee::in_training(cast, &campaign, 1).await;
    let two = Trainee::in_training(cast, &campaign, 2).await;
    for trainee in [&one, &two] {
        practises(cast, trainee).await;
    }
    let s1 = supervisor(
        &cast.of(HARBOURLIGHT, EmployerHr),
        1,
        "hcpc",
        "PYL900001",
        &["clinical_psychologist"],
    )
    .await;
    let transfer = agreed(cast, &campaign, HARBOURLIGHT, &[&one, &two], "exception").await;
    assert_eq!(
        service.recorded(&transfer).await,
        [
            "RetenderAnnounced",
            "TransferImpactAssessed",
            "SuccessorPayeeAgreed",
            "CommitmentAccepted",
        ]
    );

    // 4: true since the first of January, learnt a week later.
    one.programme("2027-01-08")
        .write("HoldThreeWayReview", one.of_training())
        .await;
    cast.of(NORTHMOOR, ServiceManager)
        .on("2027-01-01")
        .write("TransferService", json!({"transfer": transfer}))
        .await;
    cast.settle().await;
    for trainee in [&one, &two] {
        let told = service.recorded(&trainee.training()).await;
        assert_eq!(
            told[told.len() - 3..],
            [
                "TrainingHandedOver",
                "TrainingTakenOver",
                "SupervisionGapOpened"
            ]
        );
        let enrolled = service.recorded(&trainee.enrolment()).await;
        assert!(enrolled.contains(&"EmployerChanged".to_owned()));
    }

    // The former employer keeps what it saw, and sees no more.
    let hr = cast.of(NORTHMOOR, EmployerHr);
    let feed = |after: i64| json!({"after_position": after, "page_size": 1000});
    let seen = hr.get("ListFeed", feed(0)).await;
    let head = seen["next_position"].as_i64().expect("a position");
    let refused = hr
        .refusal("GetTraining", json!({"name": one.training()}))
        .await;
    assert_eq!(refused, "NOT_PERMITTED");
    let kept = hr
        .get("GetEmployment", json!({"name": one.employment()}))
        .await;
    assert_eq!(kept["employment"]["went_on"], "2027-01-01");
    let last = seen["items"]
        .as_array()
        .expect("items")
        .iter()
        .rev()
        .find(|item| item["name"] == one.training())
        .map(|item| item["event_type"].clone());
    assert_eq!(last, Some(json!("TrainingHandedOver")));

    // The successor reads what supervision needs, and none of the recruitment.
    let theirs = cast.of(HARBOURLIGHT, EmployerHr);
    let training = cast
        .of(HARBOURLIGHT, ServiceManager)
        .get("GetTraining", json!({"name": one.training()}))
        .await;
    assert_eq!(training["training"]["totals"]["contact"], 96 * 4);
    assert_eq!(training["training"]["employer"], HARBOURLIGHT.to_string());
    for (method, name) in [
        ("GetApplication", &one.application),
        ("GetOffer", &one.offer()),
    ] {
        let refused = theirs.refusal(method, json!({"name": name})).await;
        assert_eq!(refused, "NOT_PERMITTED", "{method}");
    }
    for trainee in [&one, &two] {
        for check in CHECKS {
            theirs
                .on("2027-01-11")
                .write(
                    "ReassureEmploymentCheck",
                    json!({
                        "employment": record::<Employment>(HARBOURLIGHT, &trainee.application),
                        "check": check,
                    }),
                )
                .await;
        }
        theirs
            .on("2027-01-11")
            .write(
                "AssignSupervisor",
                json!({"application": trainee.application, "supervisor": s1}),
            )
            .await;
        if trainee.person == two.person {
            two.programme("2027-01-12")
                .write("HoldThreeWayReview", two.of_training())
                .await;
        }
        trainee
            .programme("2027-02-19")
            .write("VerifyPortfolio", trainee.of_training())
            .await;
    }
    dashboards::show(
        cast,
        &[
            ("employer", "trainings_handed_over", 2),
            ("employer", "in_training", 0),
            ("employer", "employed", 0),
            ("university", "employers_changed", 2),
            ("university", "trainings_started", 2),
            ("commissioner", "services_transferred", 1),
            ("commissioner", "trainees_transferred", 2),
            ("commissioner", "payee_exceptions", 1),
        ],
    )
    .await;
    let moved = dashboards::parts(cast, "commissioner", "services_moved").await;
    assert_eq!(moved, [1], "from the NHS to the third sector");
    let figures = theirs.get("GetDashboard", json!({})).await;
    let figure = |name: &str| -> Value {
        let figures = figures["dashboard"]["figures"].as_array().expect("figures");
        let found = figures.iter().find(|figure| figure["name"] == name);
        found
            .map(|figure| figure["value"].clone())
            .unwrap_or_default()
    };
    assert_eq!(figure("trainings_taken_over"), 2);
    assert_eq!(figure("checks_to_reassure"), 12);
    assert_eq!(figure("checks_reassured"), 12);
    assert_eq!(figure("employed"), 2);

    // 5: both pass, and the successor keeps the promise.
    for trainee in [&one, &two] {
        trainee.qualifies().await;
    }
    let allocation = Id::from_name(&campaign.allocation, "allocation").expect("a name");
    let promised = Commitment::id(HARBOURLIGHT, allocation).name();
    let transferred = service.recorded(&campaign.commitment).await;
    assert_eq!(
        transferred.last().map(String::as_str),
        Some("CommitmentTransferred")
    );
    let commitment = cast
        .of(HARBOURLIGHT, ProfessionalLead)
        .get("GetCommitment", json!({"name": promised}))
        .await;
    assert_eq!(commitment["commitment"]["posts"], 2);

    // Of all that the former employer saw nothing.
    let after = hr.get("ListFeed", feed(head)).await;
    assert_eq!(after["items"], json!([]), "{after}");
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}
