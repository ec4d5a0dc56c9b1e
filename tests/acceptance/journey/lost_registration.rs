//! D.6: a supervisor is struck off in the middle of four trainings, which is learnt days later and
//! turns out wrong weeks later.

use domain::{
    actor::ActingRole::{
        Auditor, CommissionerNational, EmployerHr, PracticeSupervisor, ProgrammeLead,
    },
    id::Id,
    supervision::{SupervisionNotice, SupervisorLoad},
    training::Training,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::dashboards;
use crate::harness::{
    Cast, Service,
    cast::{AUDITOR, COMMISSIONER, NORTHMOOR, WEXCOMBE, candidate},
    life::{Campaign, Ids, Trainee, supervisor},
};

const PEOPLE: [(u128, Ids<'_>); 4] = [
    (
        1,
        Ids {
            sid: "26100990010000011",
            uln: "",
            assignment: "20000001-1",
        },
    ),
    (
        2,
        Ids {
            sid: "26100990010000022",
            uln: "",
            assignment: "20000002-1",
        },
    ),
    (
        5,
        Ids {
            sid: "26100990010000055",
            uln: "",
            assignment: "20000005-1",
        },
    ),
    (
        7,
        Ids {
            sid: "26100990010000077",
            uln: "",
            assignment: "20000007-1",
        },
    ),
];

async fn in_training(cast: &Cast, campaign: &Campaign) -> Vec<Trainee> {
    let mut trainees = vec![];
    for (number, ids) in PEOPLE {
        let person = candidate(number);
        let trainee =
            Trainee::applies(cast, &campaign.vacancy, person, "2025-11-21", json!({})).await;
        trainee.is_shortlisted().await;
        trainee.is_interviewed().await;
        trainee.is_appointed().await;
        trainee.accepts().await;
        trainee.is_cleared().await;
        trainee.is_funded().await;
        trainee.starts(campaign, &ids, 7).await;
        trainees.push(trainee);
    }
    trainees
}

/// Forty hours of supervision, three of them in the days that will be in doubt.
async fn is_supervised(cast: &Cast, trainee: &Trainee) {
    for (kind, hours, until) in [
        ("case_management", 20, "2026-08-31"),
        ("clinical_skills", 17, "2026-08-31"),
        ("clinical_skills", 3, "2026-09-11"),
    ] {
        cast.of(NORTHMOOR, PracticeSupervisor)
            .on(until)
            .write(
                "LogPracticeHours",
                json!({"training": trainee.training(), "kind": kind, "quarter_hours": hours * 4}),
            )
            .await;
    }
    trainee
        .candidate("2026-09-12")
        .write(
            "SignPracticeHours",
            json!({"training": trainee.training(), "until": "2026-09-11"}),
        )
        .await;
}

/// Supervision that counts, in hours.
async fn hours(trainee: &Trainee) -> i64 {
    let totals = reads(trainee, json!({"name": trainee.training()})).await["totals"].clone();
    let of = |kind: &str| totals[kind].as_i64().expect("a number");
    (of("case_management") + of("clinical_skills")) / 4
}

async fn reads(trainee: &Trainee, request: Value) -> Value {
    let answer = trainee.programme("").get("GetTraining", request).await;
    answer["training"].clone()
}

async fn register_says(cast: &Cast, campaign: &Campaign, status: &str) {
    cast.of(NORTHMOOR, EmployerHr)
        .on("2026-09-10")
        .write(
            "RecordRegisterCheck",
            json!({
                "supervisor": campaign.supervisors[0],
                "register": "hcpc",
                "status": status,
                "modalities": ["clinical_psychologist"],
            }),
        )
        .await;
    cast.settle().await;
}

/// The events of a record that matter here, in order.
async fn told(service: &Service, name: &str, words: &[&str]) -> Vec<String> {
    let mut events = service.recorded(name).await;
    events.retain(|event| words.iter().any(|word| event.contains(word)));
    events
}

/// One part of a figure of the employer's dashboard.
async fn part(cast: &Cast, name: &str, part: &str) -> Option<i64> {
    let seen = cast
        .of(NORTHMOOR, EmployerHr)
        .get("GetDashboard", json!({}))
        .await;
    seen["dashboard"]["figures"]
        .as_array()
        .expect("figures")
        .iter()
        .find(|figure| figure["name"] == name && figure["part"] == part)
        .and_then(|figure| figure["value"].as_i64())
}

#[tokio::test(flavor = "multi_thread")]
async fn d_6_train_03_and_sup_01_a_lost_registration_is_a_gap_until_it_turns_out_to_be_none() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let trainees = in_training(cast, &campaign).await;
    let c1 = &trainees[0];
    is_supervised(cast, c1).await;
    assert_eq!(hours(c1).await, 40);

    // 2 and 3: recorded on the 14th, true since the 10th.
    register_says(cast, &campaign, "not_registered").await;
    for trainee in &trainees {
        let gap = told(&service, &trainee.training(), &["Gap"]).await;
        assert_eq!(gap, ["SupervisionGapOpened"]);
    }
    let doubtful = told(&service, &c1.training(), &["Review"]).await;
    assert_eq!(doubtful, ["HoursUnderReview"]);
    assert_eq!(hours(c1).await, 37);
    let s1 = Id::from_name(&campaign.supervisors[0], "supervisor").expect("a name");
    let load = SupervisorLoad::id(NORTHMOOR, s1).name();
    let lost = told(&service, &load, &["Eligibility"]).await;
    assert_eq!(lost, ["SupervisorEligibilityEnded"]);
    let late = json!({
        "training": c1.training(), "kind": "contact", "quarter_hours": 8,
    });
    let refused = cast
        .of(NORTHMOOR, PracticeSupervisor)
        .on("2026-09-15")
        .refusal("LogPracticeHours", late)
        .await;
    assert_eq!(refused, "SUPERVISION_GAP_OPEN");
    dashboards::show(
        cast,
        &[
            ("employer", "supervision_gaps", 4),
            ("employer", "supervision_gaps_open", 4),
            ("university", "entries_under_review", 1),
            ("commissioner", "supervision_gaps_open", 4),
        ],
    )
    .await;

    // 4: a counselling psychologist does not do, an accredited therapist does.
    let hr = cast.of(NORTHMOOR, EmployerHr);
    let s3 = supervisor(&hr, 3, "hcpc", "PYL900003", &["counselling_psychologist"]).await;
    let s2 = campaign.supervisors[1].clone();
    let assigned = |supervisor: &str, trainee: &Trainee| json!({"application": trainee.application, "supervisor": supervisor});
    assert_eq!(
        c1.hr("2026-09-15")
            .refusal("AssignSupervisor", assigned(&s3, c1))
            .await,
        "SUPERVISOR_NOT_ELIGIBLE"
    );
    assert_eq!(
        c1.programme("2026-09-15")
            .refusal("AssignSupervisor", assigned(&s2, c1))
            .await,
        "NOT_PERMITTED"
    );
    for trainee in &trainees {
        trainee
            .hr("2026-09-16")
            .write("AssignSupervisor", assigned(&s2, trainee))
            .await;
    }
    cast.settle().await;
    let closed = told(&service, &c1.training(), &["Gap"]).await;
    assert_eq!(
        closed.last().map(String::as_str),
        Some("SupervisionGapClosed")
    );
    let four_times_six = [
        ("employer", "supervision_gaps", 4),
        ("employer", "supervision_gaps_open", 0),
        ("employer", "supervision_gap_days", 24),
        ("university", "supervision_gap_days", 24),
        ("commissioner", "supervision_gaps_long", 4),
    ];
    dashboards::show(cast, &four_times_six).await;
    assert_eq!(part(cast, "supervised", &s2).await, Some(4));
    let load_of_s2 = c1
        .hr("")
        .get("GetSupervisorLoad", json!({"supervisor": s2}))
        .await;
    assert_eq!(load_of_s2["load"]["trainees"], 4);
    assert_eq!(load_of_s2["load"]["above_limit"], false);
    let known_then = Timestamp::now();

    // 5: the university disallows what was in doubt, and the threshold is missed.
    let doubted = json!({"training": c1.training(), "entry": 3, "reason": "not_supervised"});
    assert_eq!(
        c1.hr("2026-09-20")
            .refusal("DisallowHours", doubted.clone())
            .await,
        "NOT_PERMITTED"
    );
    c1.programme("2026-09-20")
        .write("DisallowHours", doubted)
        .await;
    assert_eq!(hours(c1).await, 37);
    dashboards::show(cast, &[("university", "hours_disallowed", 12)]).await;

    // 6: there had been no break.
    register_says(cast, &campaign, "registered").await;
    c1.programme("2026-09-25")
        .write(
            "ReinstateHours",
            json!({"training": c1.training(), "entry": 3}),
        )
        .await;
    assert_eq!(hours(c1).await, 40);
    let supervisors = told(&service, &campaign.supervisors[0], &["RegisterCheck"]).await;
    assert_eq!(
        supervisors,
        [
            "RegisterCheckRecorded",
            "RegisterCheckRecorded",
            "RegisterCheckCorrected"
        ]
    );
    let kept = told(
        &service,
        &c1.training(),
        &["Gap", "Disallowed", "Reinstated"],
    )
    .await;
    assert_eq!(
        kept.first().map(String::as_str),
        Some("SupervisionGapOpened")
    );
    assert_eq!(
        kept[kept.len() - 4..],
        [
            "SupervisionGapClosed",
            "HoursDisallowed",
            "SupervisionGapRemoved",
            "HoursReinstated",
        ]
    );
    let cleared = told(&service, &load, &["Eligibility"]).await;
    assert_eq!(
        cleared,
        [
            "SupervisorEligibilityEnded",
            "SupervisorEligibilityRestored"
        ]
    );
    both_clocks(cast, c1, known_then).await;
    without_names(&service, &campaign, c1).await;
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}

/// Six days as known on the 16th, none as known now: on the dashboards, in the record, and to the
/// auditor.
async fn both_clocks(cast: &Cast, c1: &Trainee, known_then: Timestamp) {
    dashboards::show(
        cast,
        &[
            ("employer", "supervision_gaps", 0),
            ("employer", "supervision_gap_days", 0),
            ("university", "supervision_gap_days", 0),
            ("university", "entries_under_review", 0),
            ("university", "hours_disallowed", 0),
            ("commissioner", "supervision_gaps_long", 0),
        ],
    )
    .await;
    let then = json!({"as_of": "2026-09-16", "known_time": known_then.to_string()});
    for (tenant, role, name, days) in [
        (NORTHMOOR, EmployerHr, "supervision_gap_days", 24),
        (WEXCOMBE, ProgrammeLead, "supervision_gap_days", 24),
        (
            COMMISSIONER,
            CommissionerNational,
            "supervision_gaps_long",
            4,
        ),
    ] {
        let seen = cast
            .of(tenant, role)
            .get("GetDashboard", then.clone())
            .await;
        let figures = seen["dashboard"]["figures"].as_array().expect("figures");
        let shown = figures
            .iter()
            .find(|figure| figure["name"] == name && figure["part"] == "")
            .map(|figure| figure["value"].clone());
        assert_eq!(shown, Some(json!(days)), "{name}");
    }
    let now = reads(c1, json!({"name": c1.training()})).await;
    assert_eq!(now["gaps"], json!([]));
    let then = json!({"name": c1.training(), "known_time": known_then.to_string()});
    assert_eq!(
        reads(c1, then).await["gaps"],
        json!([{"from": "2026-09-10", "until": "2026-09-16", "days": 6}])
    );
    let before = json!({"name": c1.training(), "known_time": "2021-01-01T00:00:00Z"});
    assert_eq!(
        c1.programme("").refusal("GetTraining", before).await,
        "NOT_PERMITTED"
    );
    let replay = cast
        .of(AUDITOR, Auditor)
        .open("ReplayHistory", json!({"person": c1.person_name()}))
        .await
        .expect("an auditor replays")
        .all()
        .await
        .expect("to the end");
    let replay = json!(replay).to_string();
    for event in [
        "SupervisionGapOpened",
        "SupervisionGapClosed",
        "SupervisionGapRemoved",
    ] {
        assert!(replay.contains(event), "{event}");
    }
}

/// The commissioner counts gaps and learns nobody's name.
async fn without_names(service: &Service, campaign: &Campaign, c1: &Trainee) {
    let training: Id<Training> = Id::from_name(&c1.training(), "training").expect("a name");
    let notice = SupervisionNotice::id(COMMISSIONER, training);
    let stored: Vec<String> =
        sqlx::query_scalar("SELECT payload::text FROM ledger.event WHERE aggregate_id = $1")
            .bind(notice.0.to_string())
            .fetch_all(&service.owner)
            .await
            .expect("the owner reads events");
    assert!(stored.len() >= 3, "{stored:?}");
    let ids = [
        &campaign.supervisors[0],
        &c1.application,
        &c1.person_name(),
        &c1.training(),
    ];
    for id in ids {
        let id = id.rsplit('/').next().expect("an id");
        assert!(stored.iter().all(|payload| !payload.contains(id)), "{id}");
    }
}
