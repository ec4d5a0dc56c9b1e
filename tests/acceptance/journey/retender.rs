//! D.10: a clinical service goes to the third sector in the middle of a training, and back.

use domain::{
    actor::{
        ActingRole::{
            self, CommissionerNational, EmployerFinance, EmployerHr, NetworkLead,
            PracticeSupervisor, ProfessionalLead, ProgrammeLead, ServiceManager,
        },
        TenantId,
    },
    application::Application,
    commitment::Commitment,
    employment::Employment,
    funding::{FundingAward, FundingStatement},
    id::Id,
};
use jiff::civil::date;
use serde_json::{Value, json};
use uuid::Uuid;

use super::dashboards;
use crate::harness::{
    Cast, Service,
    cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE, WEXCOMBE},
    life::{CHECKS, Campaign, Trainee, board, record, supervisor},
    soundness,
    tour::transfer::agreed,
};

/// Harbourlight Recovery CIC, TS-C of the scenario.
const HARBOURLIGHT: TenantId = TenantId(Uuid::from_u128(0x5ca5_7000_0000_4000_8000_0000_0000_0c00));
/// The network of the Midlands.
const PPN_MID: TenantId = TenantId(Uuid::from_u128(0x5ca5_7000_0000_4000_8000_0000_0000_0c07));

/// Both are in the directory, and the network reads along in its region.
async fn registered(cast: &Cast) {
    for tenant in [
        json!({
            "tenant": HARBOURLIGHT.to_string(),
            "kind": "employer",
            "display_name": "Harbourlight Recovery CIC",
            "ods_code": "H8R3C",
            "sector": "third_sector",
            "region": "midlands",
        }),
        json!({
            "tenant": PPN_MID.to_string(),
            "kind": "network",
            "display_name": "PPN Midlands",
            "region": "midlands",
        }),
    ] {
        let operator = cast.operator().on("2025-09-01");
        operator.write("RegisterTenant", tenant).await;
    }
    let set = json!({
        "policy": "network.of_region",
        "from": "2021-04-01",
        "value_json": json!({"midlands": PPN_MID.0}).to_string(),
        "source": "made up",
        "approver": "made up",
    });
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2025-09-01")
        .write("SetPolicy", set)
        .await;
}

/// The practice of most of a year.
async fn practises(cast: &Cast, trainee: &Trainee) {
    let training = trainee.training();
    for (kind, intervention, hours) in [
        ("contact", "", 96),
        ("intervention", "problem_solving", 52),
        ("care_planning", "", 12),
        ("case_management", "", 23),
        ("clinical_skills", "", 23),
    ] {
        cast.of(trainee.employer, PracticeSupervisor)
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

/// Pays instalments of an award on days.
async fn pays(cast: &Cast, award: &str, instalments: &[(u32, &str)]) {
    let national = cast.of(COMMISSIONER, CommissionerNational);
    for (number, on) in instalments {
        let pay = json!({"award": award, "number": number});
        national.on(on).write("PayInstalment", pay).await;
    }
    cast.settle().await;
}

/// March to December.
const TO_DECEMBER: [(u32, &str); 10] = [
    (1, "2026-03-31"),
    (2, "2026-04-30"),
    (3, "2026-05-31"),
    (4, "2026-06-30"),
    (5, "2026-07-31"),
    (6, "2026-08-31"),
    (7, "2026-09-30"),
    (8, "2026-10-31"),
    (9, "2026-11-30"),
    (10, "2026-12-31"),
];

/// The award from which a later payee is paid.
fn award_of(trainee: &Trainee, payee: TenantId) -> String {
    let application: Id<Application> =
        Id::from_name(&trainee.application, "application").expect("a name");
    FundingAward::of_payee(COMMISSIONER, application, payee).name()
}

/// Records that the service is the successor's from a day on.
async fn transfers(cast: &Cast, from: TenantId, transfer: &str, on: &str) {
    cast.of(from, ServiceManager)
        .on(on)
        .write("TransferService", json!({"transfer": transfer}))
        .await;
    cast.settle().await;
}

/// The dashboard of somebody, by figure and part.
struct Seen(Value);

impl Seen {
    async fn by(cast: &Cast, tenant: TenantId, role: ActingRole) -> Self {
        cast.settle().await;
        Self(cast.of(tenant, role).get("GetDashboard", json!({})).await)
    }

    fn part(&self, name: &str, part: &str) -> Option<i64> {
        let figures = self.0["dashboard"]["figures"].as_array().expect("figures");
        let found = figures
            .iter()
            .find(|figure| figure["name"] == name && figure["part"] == part);
        found.and_then(|figure| figure["value"].as_i64())
    }

    fn figures<const N: usize>(&self, names: [&str; N]) -> [i64; N] {
        names.map(|name| self.part(name, "").unwrap_or_else(|| panic!("no {name}")))
    }

    fn last_part(&self, name: &str) -> Option<String> {
        let figures = self.0["dashboard"]["figures"].as_array().expect("figures");
        let parts = figures.iter().filter(|figure| figure["name"] == name);
        let parts = parts.filter_map(|figure| figure["part"].as_str());
        parts.max().map(str::to_owned)
    }
}

/// The successor re-assures the six checks of a trainee and assigns its own supervisor.
async fn takes_on(cast: &Cast, successor: TenantId, trainee: &Trainee, supervisor: &str) {
    let hr = cast.of(successor, EmployerHr);
    for check in CHECKS {
        let reassure = json!({
            "employment": record::<Employment>(successor, &trainee.application),
            "check": check,
        });
        hr.on("2027-01-11")
            .write("ReassureEmploymentCheck", reassure)
            .await;
    }
    let assign = json!({"application": trainee.application, "supervisor": supervisor});
    hr.on("2027-01-11").write("AssignSupervisor", assign).await;
}

/// One board passes them, and the results are released.
async fn pass(trainees: &[&Trainee]) {
    let secretary = |on| trainees[0].secretary(on);
    let sitting = secretary("2027-03-10")
        .write("HoldBoard", board("qualifying", 2, 1))
        .await;
    for trainee in trainees {
        secretary("2027-03-10")
            .write("RatifyOutcome", trainee.passes(&sitting))
            .await;
        secretary("2027-03-12")
            .write("ReleaseResult", trainee.of_application())
            .await;
    }
    trainees[0].cast.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_10_and_set_13_a_service_moves_and_the_training_goes_on() {
    let service = Service::start().await;
    let cast = &service.cast;
    registered(cast).await;
    let campaign = Campaign::opens_at(cast, SEVERNVALE, "midlands").await;
    let one = Trainee::in_training(cast, &campaign, 1).await;
    let two = Trainee::in_training(cast, &campaign, 2).await;
    let both = [&one, &two];
    for trainee in both {
        practises(cast, trainee).await;
        pays(cast, &trainee.award(), &TO_DECEMBER).await;
    }
    let s1 = supervisor(
        &cast.of(HARBOURLIGHT, EmployerHr),
        1,
        "hcpc",
        "PYL900001",
        &["clinical_psychologist"],
    )
    .await;
    let (transfer, their_service) = agreed(cast, &campaign, HARBOURLIGHT, &both, "exception").await;
    assert_eq!(
        service.recorded(&transfer).await,
        [
            "RetenderAnnounced",
            "TransferImpactAssessed",
            "SuccessorPayeeAgreed",
            "CommitmentAccepted",
        ]
    );
    let commissioned = ["places_allocated", "awards_approved", "salary_approved"];
    let before = Seen::by(cast, COMMISSIONER, CommissionerNational).await;
    let before = before.figures(commissioned);

    // 4: the first of January.
    transfers(cast, SEVERNVALE, &transfer, "2027-01-01").await;
    for trainee in both {
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
        let paid = service.recorded(&trainee.award()).await;
        assert_eq!(
            paid[paid.len() - 2..],
            ["PayeeEnded", "FundingAwardCompleted"]
        );
        let refused = trainee
            .commissioner("2027-01-31")
            .refusal(
                "PayInstalment",
                json!({"award": trainee.award(), "number": 11}),
            )
            .await;
        assert_eq!(refused, "STATE_NOT_ALLOWED", "the successor's month");
        let theirs = award_of(trainee, HARBOURLIGHT);
        pays(cast, &theirs, &[(11, "2027-01-31"), (12, "2027-02-28")]).await;
    }

    // The former employer keeps what it saw, and sees no more.
    let hr = cast.of(SEVERNVALE, EmployerHr);
    let feed = |after: i64| json!({"after_position": after, "page_size": 1000});
    let mut seen = hr.get("ListFeed", feed(0)).await;
    let mut items = vec![];
    loop {
        let page = seen["items"].as_array().expect("items").clone();
        let head = seen["next_position"].as_i64().expect("a position");
        if page.is_empty() {
            break;
        }
        items.extend(page);
        seen = hr.get("ListFeed", feed(head)).await;
    }
    let head = seen["next_position"].as_i64().expect("a position");
    let refused = hr
        .refusal("GetTraining", json!({"name": one.training()}))
        .await;
    assert_eq!(refused, "NOT_PERMITTED");
    let kept = hr
        .get("GetEmployment", json!({"name": one.employment()}))
        .await;
    assert_eq!(kept["employment"]["went_on"], "2027-01-01");
    let last = items
        .iter()
        .rev()
        .find(|item| item["name"] == one.training());
    let last = last.map(|item| item["event_type"].clone());
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

    // Everybody's figures.
    let seen = Seen::by(cast, SEVERNVALE, EmployerHr).await;
    assert_eq!(
        seen.figures([
            "trainings_handed_over",
            "commitments_transferred",
            "in_training",
            "employed"
        ]),
        [2, 2, 0, 0]
    );
    assert_eq!(
        seen.last_part("salary_paid_by_month").as_deref(),
        Some("2026-12-01")
    );
    let seen = Seen::by(cast, HARBOURLIGHT, EmployerHr).await;
    assert_eq!(
        seen.figures([
            "trainings_taken_over",
            "in_training",
            "checks_to_reassure",
            "checks_reassured"
        ]),
        [2, 2, 12, 0]
    );
    for trainee in both {
        takes_on(cast, HARBOURLIGHT, trainee, &s1).await;
    }
    let seen = Seen::by(cast, HARBOURLIGHT, EmployerHr).await;
    assert_eq!(
        seen.figures(["checks_to_reassure", "checks_reassured", "employed"]),
        [12, 12, 2]
    );
    let seen = Seen::by(cast, COMMISSIONER, CommissionerNational).await;
    assert_eq!(seen.figures(commissioned), before, "as many as before");
    assert_eq!(
        seen.figures([
            "commitments_transferred",
            "services_transferred",
            "trainees_transferred",
            "payee_exceptions",
            "awards_taken_over",
            "money_out_of_balance"
        ]),
        [2, 1, 2, 1, 2, 0]
    );
    for (payee, month, pence) in [
        (SEVERNVALE, "2026-12-01", Some(458_082)),
        (SEVERNVALE, "2027-01-01", None),
        (HARBOURLIGHT, "2026-12-01", None),
        (HARBOURLIGHT, "2027-01-01", Some(458_082)),
    ] {
        let part = format!("{payee}/{month}");
        assert_eq!(seen.part("salary_paid_by_payee", &part), pence, "{part}");
    }
    let seen = Seen::by(cast, PPN_MID, NetworkLead).await;
    assert_eq!(seen.part("services_moved", "nhs/third_sector"), Some(1));
    let seen = Seen::by(cast, WEXCOMBE, ProgrammeLead).await;
    assert_eq!(
        seen.figures(["employers_changed", "trainings_started"]),
        [2, 2],
        "no break in the study"
    );

    // 5: both pass, and the successor keeps the promise.
    for (trainee, on) in [(&one, "2027-01-12"), (&two, "2027-01-13")] {
        trainee
            .programme(on)
            .write("HoldThreeWayReview", trainee.of_training())
            .await;
        trainee
            .programme("2027-02-19")
            .write("VerifyPortfolio", trainee.of_training())
            .await;
    }
    pass(&both).await;
    let allocation = Id::from_name(&campaign.allocation, "allocation").expect("a name");
    let promised = Commitment::id(HARBOURLIGHT, allocation).name();
    let transferred = service.recorded(&campaign.commitment).await;
    assert_eq!(
        transferred.last().map(String::as_str),
        Some("CommitmentTransferred")
    );
    for trainee in both {
        let post = json!({
            "commitment": promised,
            "application": trainee.application,
            "employer": HARBOURLIGHT.to_string(),
            "clinical_service": their_service,
            "post": {"band": 5, "permanent": true, "funding": "baseline"},
        });
        cast.of(HARBOURLIGHT, ServiceManager)
            .on("2027-04-05")
            .write("EvidenceQualifiedPost", post)
            .await;
    }
    cast.settle().await;
    let commitment = cast
        .of(HARBOURLIGHT, ProfessionalLead)
        .get("GetCommitment", json!({"name": promised}))
        .await;
    assert_eq!(commitment["commitment"]["posts"], 2);
    let kept = service.recorded(&promised).await;
    let discharged = |event: &&String| *event == "CommitmentDischarged";
    assert_eq!(kept.iter().filter(discharged).count(), 2, "{kept:?}");
    let seen = Seen::by(cast, HARBOURLIGHT, EmployerHr).await;
    assert_eq!(
        seen.figures(["commitments_discharged", "in_qualified_post"]),
        [2, 2]
    );
    let seen = Seen::by(cast, COMMISSIONER, CommissionerNational).await;
    assert_eq!(
        seen.figures(["commitments_discharged", "commitments_due"]),
        [2, 0]
    );
    let seen = Seen::by(cast, SEVERNVALE, EmployerHr).await;
    assert_eq!(
        seen.figures(["commitments_due", "in_qualified_post"]),
        [0, 0]
    );

    // Of all that the former employer saw nothing.
    let after = hr.get("ListFeed", feed(head)).await;
    assert_eq!(after["items"], json!([]), "{after}");
    soundness::check(&service.owner).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_10_a_transfer_learnt_a_week_late_moves_a_month_that_was_paid_already() {
    let service = Service::start().await;
    let cast = &service.cast;
    registered(cast).await;
    let campaign = Campaign::opens_at(cast, SEVERNVALE, "midlands").await;
    let one = Trainee::in_training(cast, &campaign, 1).await;
    practises(cast, &one).await;
    pays(cast, &one.award(), &TO_DECEMBER).await;
    let (transfer, _) = agreed(cast, &campaign, HARBOURLIGHT, &[&one], "exception").await;

    // Nobody has recorded it yet: January goes to the old payee, and the university holds a review.
    pays(cast, &one.award(), &[(11, "2027-01-05")]).await;
    one.programme("2027-01-08")
        .write("HoldThreeWayReview", one.of_training())
        .await;
    transfers(cast, SEVERNVALE, &transfer, "2027-01-01").await;
    let told = service.recorded(&one.award()).await;
    assert_eq!(
        told[told.len() - 3..],
        ["InstalmentPaid", "PayeeEnded", "FundingAwardCompleted"]
    );
    let theirs = award_of(&one, HARBOURLIGHT);
    pays(cast, &theirs, &[(11, "2027-01-31"), (12, "2027-02-28")]).await;

    // What is stated says it once: the old payee ends with December.
    for (payee, pence) in [
        (SEVERNVALE, 8 * 229_042 + 2 * 229_041),
        (HARBOURLIGHT, 229_041),
    ] {
        let close = json!({"payee": payee.to_string(), "month": "2027-01-31"});
        cast.of(COMMISSIONER, CommissionerNational)
            .on("2027-01-31")
            .write("CloseStatement", close)
            .await;
        cast.settle().await;
        let name = FundingStatement::id(COMMISSIONER, payee, date(2027, 1, 1)).name();
        let statement = cast
            .of(payee, EmployerFinance)
            .get("GetStatement", json!({"name": name}))
            .await;
        assert_eq!(statement["statement"]["total_pence"], pence, "{payee}");
    }
    let seen = Seen::by(cast, COMMISSIONER, CommissionerNational).await;
    assert_eq!(
        seen.figures(["salary_net_paid", "money_out_of_balance"]),
        [2_748_500, 0]
    );
    let part = |payee| format!("{payee}/2027-01-01");
    let of = |payee| seen.part("salary_paid_by_payee", &part(payee));
    assert_eq!((of(SEVERNVALE), of(HARBOURLIGHT)), (None, Some(229_041)));
    soundness::check(&service.owner).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_10_and_set_13_a_service_comes_from_the_third_sector_by_the_same_events() {
    let service = Service::start().await;
    let cast = &service.cast;
    registered(cast).await;
    let except = json!({
        "payee": HARBOURLIGHT.to_string(),
        "reason": "No trust runs the service.",
    });
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2026-01-05")
        .write("GrantPayeeException", except)
        .await;
    let campaign = Campaign::opens_at(cast, HARBOURLIGHT, "midlands").await;
    let one = Trainee::in_training(cast, &campaign, 1).await;
    practises(cast, &one).await;
    pays(cast, &one.award(), &TO_DECEMBER).await;

    // The NHS is paid by policy: nothing is to be decided about the payee.
    let (transfer, _) = agreed(cast, &campaign, SEVERNVALE, &[&one], "").await;
    transfers(cast, HARBOURLIGHT, &transfer, "2027-01-01").await;
    assert_eq!(
        service.recorded(&transfer).await,
        [
            "RetenderAnnounced",
            "TransferImpactAssessed",
            "CommitmentAccepted",
            "ServiceTransferred",
        ]
    );
    let told = service.recorded(&one.training()).await;
    assert!(told.contains(&"TrainingTakenOver".to_owned()), "{told:?}");
    pays(
        cast,
        &award_of(&one, SEVERNVALE),
        &[(11, "2027-01-31"), (12, "2027-02-28")],
    )
    .await;
    let seen = Seen::by(cast, PPN_MID, NetworkLead).await;
    assert_eq!(seen.part("services_moved", "third_sector/nhs"), Some(1));
    let seen = Seen::by(cast, HARBOURLIGHT, EmployerHr).await;
    assert_eq!(
        seen.figures(["trainings_handed_over", "in_training"]),
        [1, 0]
    );
    let seen = Seen::by(cast, SEVERNVALE, EmployerHr).await;
    assert_eq!(
        seen.figures(["trainings_taken_over", "in_training", "checks_to_reassure"]),
        [1, 1, 6]
    );
    dashboards::show(
        cast,
        &[
            ("commissioner", "salary_net_paid", 2_748_500),
            ("commissioner", "commitments_transferred", 1),
            ("commissioner", "payee_exceptions", 0),
        ],
    )
    .await;
    let refused = cast
        .of(NORTHMOOR, ServiceManager)
        .refusal("GetServiceTransfer", json!({"name": transfer}))
        .await;
    assert_eq!(refused, "NOT_PERMITTED");
    soundness::check(&service.owner).await;
    service.stop().await;
}
