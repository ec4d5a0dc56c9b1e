//! D.5: a cluster below the minimum, spare capacity to a pilot, and a race for the last places.

use domain::actor::ActingRole::{
    CommissionerNational, CommissionerRegional, EmployerHr, NetworkLead, ProfessionalLead,
};
use futures::future::join_all;
use serde_json::{Value, json};

use super::dashboards;
use crate::harness::{
    Service,
    cast::{COMMISSIONER, NETWORK, NORTHMOOR, SEVERNVALE, WEXCOMBE, candidate},
    life::{Campaign, Ids, Trainee, confirmation, supervisor},
    places::{asks, intake_of, network_reads_along, proposal},
    soundness,
};

/// The parts of a split figure on a tenant's dashboard.
async fn parts(service: &Service, viewer: &str, name: &str) -> Vec<(String, i64)> {
    service.cast.settle().await;
    let seen = dashboards::dashboard(&service.cast, viewer).await;
    let figures = seen["dashboard"]["figures"].as_array().expect("figures");
    figures
        .iter()
        .filter(|figure| figure["name"] == name)
        .map(|figure| {
            let part = figure["part"].as_str().expect("a part").to_owned();
            (part, figure["value"].as_i64().expect("a value"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn d_5_alloc_01_three_places_need_a_request_its_support_and_the_grant() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let lead = cast.of(SEVERNVALE, ProfessionalLead);
    let regional = cast.of(COMMISSIONER, CommissionerRegional);
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let hr = cast.of(SEVERNVALE, EmployerHr);
    let own = [supervisor(&hr, 9, "hcpc", "PYL900009", &["clinical_psychologist"]).await];
    let settings = json!([
        {"setting": "drug_and_alcohol", "demand": 2},
        {"setting": "adult_community", "demand": 1},
    ]);
    let allocation = asks(cast, SEVERNVALE, &own, ("midlands", 3), settings).await;
    let three = proposal(&allocation, &campaign.intake, 3);
    assert_eq!(
        national
            .on("2025-10-20")
            .refusal("ProposeAllocation", three.clone())
            .await,
        "CLUSTER_BELOW_MINIMUM"
    );
    let grant = json!({
        "allocation": allocation,
        "reason": "Shared action learning is agreed.",
        "review_date": "2026-10-20",
    });
    assert_eq!(
        national
            .on("2025-10-20")
            .refusal("GrantClusterOverride", grant.clone())
            .await,
        "STATE_NOT_ALLOWED"
    );
    lead.on("2025-10-20")
        .write(
            "RequestClusterOverride",
            json!({"allocation": allocation, "reason": "A neighbour trust shares its peer group."}),
        )
        .await;
    dashboards::show(cast, &[("commissioner", "overrides_requested", 1)]).await;
    regional
        .on("2025-10-21")
        .write("SupportClusterOverride", json!({"allocation": allocation}))
        .await;
    national
        .on("2025-10-22")
        .write("GrantClusterOverride", grant)
        .await;
    national
        .on("2025-10-22")
        .write("ProposeAllocation", three)
        .await;
    national
        .on("2025-10-27")
        .write("ConfirmAllocation", confirmation(&allocation))
        .await;
    assert_eq!(
        service.recorded(&allocation).await,
        [
            "InterestRegistered",
            "DemandDivided",
            "SupervisorEligibilityChecked",
            "ReadinessDeclared",
            "ClusterOverrideRequested",
            "ClusterOverrideSupported",
            "ClusterOverrideGranted",
            "AllocationProposed",
            "AllocationConfirmed",
        ]
    );
    dashboards::show(
        cast,
        &[
            ("commissioner", "overrides_requested", 0),
            ("commissioner", "overrides_granted", 1),
            ("commissioner", "demand", 8),
            ("commissioner", "places_allocated", 8),
            ("commissioner", "capacity_spare", 12),
        ],
    )
    .await;
    // All seven regions have their row, also those that hold nothing.
    let places = parts(&service, "commissioner", "places_by_region").await;
    assert_eq!(places.len(), 7);
    assert_eq!(places.iter().map(|(_, value)| value).sum::<i64>(), 8);
    let targets = parts(&service, "commissioner", "target_share_by_region").await;
    assert_eq!(targets.iter().map(|(_, value)| value).sum::<i64>(), 100);
    assert_eq!(
        parts(&service, "commissioner", "equity_measure").await,
        [("demand".to_owned(), 1)]
    );
    service.stop().await;
}

/// A trainee of the campaign in training from the first day.
async fn starts(campaign: &Campaign, service: &Service, number: u128) -> Trainee {
    let cast = &service.cast;
    let person = candidate(number);
    let trainee = Trainee::applies(cast, &campaign.vacancy, person, "2025-11-21", json!({})).await;
    trainee.is_shortlisted().await;
    trainee.is_interviewed().await;
    trainee.is_appointed().await;
    trainee.accepts().await;
    trainee.is_cleared().await;
    trainee.is_funded().await;
    let sids = [
        "26100990010000011",
        "26100990010000022",
        "26100990010000033",
        "26100990010000044",
    ];
    let assignment = format!("2000000{number}-1");
    let ids = Ids {
        sid: sids[number as usize - 1],
        uln: "",
        assignment: &assignment,
    };
    trainee.starts(campaign, &ids, 7).await;
    trainee
}

#[tokio::test(flavor = "multi_thread")]
async fn d_5_alloc_02_one_of_four_leaves_and_everybody_sees_the_cluster_at_risk() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    network_reads_along(cast).await;
    let mut trainees = vec![];
    for number in 1..=4 {
        trainees.push(starts(&campaign, &service, number).await);
    }
    for viewer in ["employer", "university", "commissioner", "network"] {
        assert_eq!(
            parts(&service, viewer, "clusters_at_risk").await,
            [],
            "{viewer}"
        );
    }
    let leaver = &trainees[3];
    leaver
        .hr("2026-06-12")
        .write("EndEmployment", json!({"employment": leaver.employment()}))
        .await;
    for viewer in ["employer", "university", "commissioner"] {
        let at_risk = parts(&service, viewer, "clusters_at_risk").await;
        assert_eq!(at_risk.len(), 1, "{viewer}");
        assert_eq!(at_risk[0].1, 1, "{viewer}");
        let trainees = parts(&service, viewer, "cluster_trainees").await;
        assert_eq!(trainees[0].1, 3, "{viewer}");
    }
    // The network of the region learns that there is one, and of whom nothing.
    let at_risk = parts(&service, "network", "clusters_at_risk").await;
    assert_eq!(at_risk, [("MHWP".to_owned(), 1)]);
    let feed = cast
        .of(NETWORK, NetworkLead)
        .get("ListFeed", json!({}))
        .await;
    let counted = feed["items"].as_array().expect("items").iter();
    let counted: Vec<String> = counted
        .filter(|item| item["event_type"] == "ClusterRiskCounted")
        .map(Value::to_string)
        .collect();
    assert_eq!(counted.len(), 1);
    let mut names = vec![NORTHMOOR.0, WEXCOMBE.0, COMMISSIONER.0];
    names.extend(trainees.iter().map(|trainee| trainee.person.0));
    for name in names {
        assert!(!counted[0].contains(&name.to_string()), "{name}");
    }
    for figure in ["pipeline", "cohort_entered"] {
        let few = parts(&service, "network", figure).await;
        assert!(
            few.iter().all(|(_, value)| *value == 0),
            "{few:?}: suppressed"
        );
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_5_alloc_13_and_alloc_15_spare_places_go_to_a_pilot_and_are_marked() {
    let service = Service::start().await;
    let cast = &service.cast;
    Campaign::opens(cast).await;
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let hr = cast.of(SEVERNVALE, EmployerHr);
    let intake = intake_of(cast, 2, 2).await;
    let own = [supervisor(&hr, 9, "hcpc", "PYL900009", &["clinical_psychologist"]).await];
    let allocation = asks(cast, SEVERNVALE, &own, ("midlands", 2), json!([])).await;
    let clinic = hr
        .on("2025-09-24")
        .write(
            "OpenClinicalService",
            json!({
                "display_name": "Severnvale gambling harms clinic",
                "setting": "gambling_harms",
                "population": "severe_mental_illness",
            }),
        )
        .await;
    let spare = json!({
        "intake": intake,
        "allocation": allocation,
        "places": 2,
        "pilot": "gambling_harms",
    });
    let give = async |on: &str| {
        national
            .on(on)
            .call("ReallocateSpareCapacity", spare.clone())
            .await
    };
    let why = give("2026-06-01").await.expect_err("no site is offered");
    assert_eq!(why.reason, "SITE_CRITERIA_NOT_MET");
    cast.of(SEVERNVALE, ProfessionalLead)
        .on("2026-06-02")
        .write(
            "OfferPilotSites",
            json!({"allocation": allocation, "clinical_service": clinic}),
        )
        .await;
    let why = give("2026-06-02").await.expect_err("the round is open");
    assert_eq!(why.reason, "STATE_NOT_ALLOWED");
    let none = |region| json!({"region": region, "reason": "no_demand"});
    national
        .on("2026-06-03")
        .write(
            "CloseAllocationRound",
            json!({
                "intake": intake,
                "none_because": [none("north_west"), none("midlands")],
            }),
        )
        .await;
    give("2026-06-04").await.expect("two of four are spare");
    national
        .on("2026-06-05")
        .write("ConfirmAllocation", confirmation(&allocation))
        .await;
    assert_eq!(
        service.recorded(&intake).await,
        [
            "IntakePlanned",
            "AllocationRoundClosed",
            "PlacesReserved",
            "SpareCapacityReallocated",
        ]
    );
    assert_eq!(
        parts(&service, "commissioner", "places_by_pilot").await,
        [("gambling_harms".to_owned(), 2)]
    );
    let read = national.get("GetIntake", json!({"name": intake})).await;
    assert_eq!(read["intake"]["round"].as_array().map(Vec::len), Some(7));
    service.stop().await;
}

/// The last three of twenty places: proposals of two and of one, and many more of each.
#[tokio::test(flavor = "multi_thread")]
async fn d_5_alloc_07_racing_proposals_never_exceed_the_capacity() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let national = cast.of(COMMISSIONER, CommissionerNational).on("2025-10-28");
    let more = asks(
        cast,
        NORTHMOOR,
        &campaign.supervisors,
        ("north_west", 12),
        json!([]),
    )
    .await;
    national
        .write("ProposeAllocation", proposal(&more, &campaign.intake, 12))
        .await;
    // Five of the campaign and twelve: three are left.
    let mut rivals = vec![];
    for places in [2, 1, 2, 1, 2, 1] {
        let supervisors = &campaign.supervisors;
        let asked = ("north_west", places);
        let rival = asks(cast, NORTHMOOR, supervisors, asked, json!([])).await;
        rivals.push((rival, places));
    }
    let answers = join_all(rivals.into_iter().map(|(rival, places)| {
        let national = national.clone();
        let propose = proposal(&rival, &campaign.intake, places);
        tokio::spawn(async move { (places, national.call("ProposeAllocation", propose).await) })
    }))
    .await;
    let mut given = 0;
    for answer in answers {
        let (places, answer) = answer.expect("no panic");
        match answer {
            Ok(_) => given += places,
            Err(refused) => assert_eq!(refused.reason, "CAPACITY_EXCEEDED"),
        }
    }
    assert_eq!(given, 3, "the last places are given, and each once");
    let read = national
        .get("GetIntake", json!({"name": campaign.intake}))
        .await;
    let held: &Value = &read["intake"]["places_reserved"];
    assert_eq!(*held, 20);
    // The ledger of places balances on every dashboard that shows it.
    for viewer in ["university", "commissioner"] {
        let accounts = parts(&service, viewer, "places_by_account").await;
        assert_eq!(accounts.iter().map(|(_, places)| places).sum::<i64>(), 0);
        assert!(accounts.contains(&("held".to_owned(), 15)), "{accounts:?}");
    }
    soundness::check(&service.owner).await;
    service.stop().await;
}
