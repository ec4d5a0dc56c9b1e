use jiff::civil::date;
use uuid::Uuid;

use super::*;
use crate::{
    actor::Actor,
    appointment::cast::{TEACHING_START, TRAINING_END, and_appointed, appointed, appointment},
    given::Given,
    refusal::Reason,
    training::{Teaching, TrainingEvent, TrainingYear},
};

fn of(number: u128) -> Appointment {
    Appointment {
        application: Id::new(Uuid::from_u128(0xC000 + number)),
        ..appointment()
    }
}

/// A training of the same vacancy that started with the teaching.
fn starts(given: Given, number: u128) -> Given {
    let appointment = of(number);
    let training = appointment.training();
    let given = and_appointed(given, &appointment);
    let noted = TrainingEvent::EmploymentNoted {
        appointment: appointment.clone(),
        starts: TEACHING_START,
    };
    let enrolled = TrainingEvent::EnrolmentNoted {
        appointment: appointment.clone(),
        teaching: Teaching {
            starts: TEACHING_START,
            expected_board: date(2027, 3, 10),
        },
    };
    let started = TrainingEvent::TrainingStarted {
        appointment,
        year: TrainingYear {
            starts: TEACHING_START,
            ends: TRAINING_END,
        },
        expected_board: date(2027, 3, 10),
    };
    let mut given = given
        .happened(training, &noted)
        .happened(training, &enrolled)
        .happened(training, &started);
    given.done(
        &Actor::platform(),
        TEACHING_START,
        &JoinCluster { training },
    );
    given
}

/// The employment ends, and the reaction to it runs.
fn leaves(given: Given, number: u128, on: Date) -> (Given, Vec<String>) {
    let training = of(number).training();
    let mut given = given.happened(training, &TrainingEvent::EmploymentEndNoted { on });
    let leave = LeaveCluster { training, on };
    let appended = given.when(&Actor::platform(), on, &leave);
    (given, appended.unwrap())
}

fn four() -> (Given, Id<Cluster>) {
    let given = (1..=4).fold(appointed(), starts);
    let whose = appointment();
    (given, Cluster::id(whose.employer, whose.intake))
}

const JUNE: Date = date(2026, 6, 15);

/// D.5: the network of the region learns of it and of nobody's name; where policy names none, or
/// somebody that is no network, nobody does.
#[test]
fn d_5_alloc_02_the_network_of_the_region_counts_a_cluster_at_risk() {
    let network = crate::given::tenant(0x71);
    for (kind, counts) in [(TenantKind::Network, true), (TenantKind::Employer, false)] {
        let entry = crate::directory::TenantEvent::TenantRegistered {
            tenant: network,
            kind,
            sector: None,
            region: None,
            name: crate::directory::TenantName {
                from: date(2020, 1, 1),
                name: "PPN North West".to_owned(),
                ods_code: None,
                ukprn: None,
            },
        };
        let by_region = serde_json::json!({ "north_west": network.0 });
        let (given, cluster) = four();
        let given = given
            .policy("network.of_region", by_region)
            .happened(crate::directory::Tenant::id(network), &entry);
        let (mut given, _) = leaves(given, 2, JUNE);
        let count = crate::network::CountClusterRisk {
            cluster,
            at_risk: true,
        };
        let stays = given.when(&crate::appointment::cast::hr(), JUNE, &count);
        assert_eq!(stays, Err(Reason::NotPermitted));
        let appended = given.when(&Actor::platform(), JUNE, &count);
        let expected: &[&str] = if counts { &["ClusterRiskCounted"] } else { &[] };
        assert_eq!(appended.unwrap(), expected);
        assert_eq!(
            given.when(&Actor::platform(), JUNE, &count),
            Ok(vec![]),
            "once"
        );
        let notice: Id<crate::network::RegionNotice> = Id::derive(network, &[cluster.0]);
        let custody = given.state(notice).and_then(Decider::custody);
        assert_eq!(custody, counts.then(|| Custody::of(network, [])));
        let stored = given.stored(notice).join("\n");
        assert!(
            !stored.contains(&appointment().employer.0.to_string()),
            "{stored}"
        );
    }
}

#[test]
fn alloc_02_one_of_four_withdraws_and_the_cluster_is_at_risk() {
    let (given, id) = four();
    assert_eq!(given.state(id).map(Cluster::trainees), Some(4));
    assert!(!given.state(id).is_some_and(Cluster::at_risk));
    let (given, appended) = leaves(given, 2, JUNE);
    assert_eq!(appended, ["ClusterLeft", "ClusterAtRiskRaised"]);
    let (given, appended) = leaves(given, 3, JUNE);
    assert_eq!(appended, ["ClusterLeft"], "it is raised already");
    assert_eq!(given.state(id).map(Cluster::trainees), Some(2));
    assert!(given.state(id).is_some_and(Cluster::at_risk));
    let (given, appended) = leaves(given, 3, JUNE);
    assert!(appended.is_empty(), "a repeat counts nobody twice");
    let mut given = starts(given, 5);
    given = starts(given, 6);
    assert!(
        !given.state(id).is_some_and(Cluster::at_risk),
        "four again: the risk is lifted"
    );
}

#[test]
fn alloc_02_a_cluster_that_forms_or_has_finished_is_not_at_risk() {
    let (mut given, id) = four();
    let few = (1..=2).fold(appointed(), starts);
    assert!(
        !few.state(id).is_some_and(Cluster::at_risk),
        "two have started, the others are to come"
    );
    let after = date(2027, 4, 1);
    for number in 1..=3 {
        let (next, appended) = leaves(given, number, after);
        assert!(appended.is_empty(), "their year is over");
        given = next;
    }
    assert!(!given.state(id).is_some_and(Cluster::at_risk));
}

#[test]
fn alloc_02_and_alloc_14_the_cluster_is_the_organisations_and_is_tracked_per_service() {
    let (given, id) = four();
    let services = given.state(id).map(Cluster::by_service).unwrap();
    assert_eq!(services.values().copied().collect::<Vec<_>>(), [4]);
    let (given, _) = leaves(given, 1, JUNE);
    let services = given.state(id).map(Cluster::by_service).unwrap();
    assert_eq!(services.values().copied().collect::<Vec<_>>(), [3]);
    let custody = given.state(id).and_then(Decider::custody).unwrap();
    let whose = appointment();
    assert_eq!(
        custody.parties,
        [whose.employer, whose.university, whose.commissioner].into(),
        "employer, university and commissioner see it, and nobody's name is in it"
    );
    assert_eq!(custody.subject, None);
}

#[test]
fn only_the_platform_counts() {
    let (mut given, _) = four();
    let training = of(1).training();
    for by in [
        crate::appointment::cast::hr(),
        crate::appointment::cast::national(),
    ] {
        for command in [
            &JoinCluster { training } as &dyn Command,
            &LeaveCluster { training, on: JUNE },
        ] {
            assert_eq!(given.when(&by, JUNE, command), Err(Reason::NotPermitted));
        }
    }
}
