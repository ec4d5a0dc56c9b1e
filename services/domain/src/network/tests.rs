use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor, PLATFORM},
    calendar::midday,
    fact::Fact,
    given::{Given, actor, cast::NORTHMOOR, person, tenant},
    reactions::{Occurred, Reaction, Timer, on_timer, react},
    training::PracticeKind,
};

const NETWORK: u128 = 0xF0;

fn lead() -> Actor {
    actor(tenant(NETWORK), ActingRole::NetworkLead)
}

fn action(text: &str, due: Date) -> AgreeAction {
    AgreeAction {
        text: text.to_owned(),
        owner: Office::ProgrammeManager,
        due,
    }
}

fn network(given: &Given) -> &Network {
    given
        .state(Network::id(tenant(NETWORK)))
        .expect("a network")
}

#[test]
fn actor_03_and_07_offices_have_holders_one_at_a_time() {
    let mut given = Given::baseline();
    let name = |office, who| NameOfficer {
        office,
        person: person(who),
    };
    for (office, who) in [
        (Office::CoChair, 1),
        (Office::ProgrammeManager, 2),
        (Office::CoChair, 3),
    ] {
        let named = given.when(&lead(), date(2024, 1, 8), &name(office, who));
        assert_eq!(named, Ok(vec!["NetworkOfficerNamed".to_owned()]));
    }
    let again = given.when(&lead(), date(2024, 1, 9), &name(Office::CoChair, 3));
    assert_eq!(again, Ok(vec![]));
    let officers: Vec<_> = network(&given).officers().values().copied().collect();
    assert_eq!(officers, [person(3), person(2)]);
}

#[test]
fn actor_02_and_time_09_a_meeting_is_a_dated_fact_with_its_participants() {
    let mut given = Given::baseline();
    let held = |participants: &[Participants]| HoldNetworkMeeting {
        scope: Scope::National,
        participants: participants.iter().copied().collect(),
    };
    let everybody = held(&[
        Participants::Networks,
        Participants::ClinicalServices,
        Participants::Practitioners,
    ]);
    let on = date(2024, 11, 21);
    assert!(given.when(&lead(), on, &held(&[])).is_err());
    assert_eq!(given.when(&lead(), on, &everybody).map(|e| e.len()), Ok(1));
    assert_eq!(given.when(&lead(), on, &everybody), Ok(vec![]));
    assert_eq!(
        given.when(&lead(), on, &held(&[Participants::Networks])),
        Err(Reason::AlreadyRecorded)
    );
    let meeting = &network(&given).meetings()[0];
    assert_eq!(meeting.on.weekday(), jiff::civil::Weekday::Thursday);
    assert_eq!(meeting.participants.len(), 3);
}

#[test]
fn actor_15_leadership_meets_in_one_region_or_in_all_of_them() {
    let mut given = Given::baseline();
    let on = date(2024, 11, 21);
    for scope in [Scope::Regional, Scope::National] {
        let held = HoldNetworkMeeting {
            scope,
            participants: [Participants::Networks].into(),
        };
        let held = given.when(&lead(), on, &held);
        assert_eq!(held, Ok(vec!["NetworkMeetingHeld".to_owned()]), "{scope}");
    }
    let scopes = network(&given)
        .meetings()
        .iter()
        .map(|meeting| meeting.scope);
    assert_eq!(
        scopes.collect::<Vec<_>>(),
        [Scope::Regional, Scope::National]
    );
}

#[test]
fn actor_05_an_action_has_an_owner_and_a_day_and_is_overdue_after_it() {
    let mut given = Given::baseline();
    let agreed = date(2024, 11, 21);
    let due = date(2024, 12, 20);
    let agree = action("Collect role profiles.", due);
    assert!(given.when(&lead(), date(2024, 12, 21), &agree).is_err());
    assert_eq!(given.when(&lead(), agreed, &agree).map(|e| e.len()), Ok(1));
    assert_eq!(given.when(&lead(), agreed, &agree), Ok(vec![]));
    let overdue = |given: &Given, on| network(given).actions()[&1].overdue(on);
    assert!(!overdue(&given, due));
    assert!(overdue(&given, date(2024, 12, 21)));

    let complete = CompleteAction { action: 1 };
    let early = given.when(&lead(), date(2024, 11, 20), &complete);
    assert_eq!(early, Err(Reason::StateNotAllowed));
    let on = date(2025, 1, 7);
    assert_eq!(given.when(&lead(), on, &complete).map(|e| e.len()), Ok(1));
    assert_eq!(given.when(&lead(), on, &complete), Ok(vec![]));
    assert!(overdue(&given, date(2025, 1, 7)));
    assert!(!overdue(&given, date(2025, 1, 8)));
    let unknown = given.when(&lead(), on, &CompleteAction { action: 2 });
    assert_eq!(unknown, Err(Reason::FieldInvalid));
}

#[test]
fn actor_08_digests_follow_each_other_by_a_fortnight_and_each_is_made_once() {
    let mut given = Given::baseline();
    let from = date(2024, 11, 18);
    let started = given.when(&lead(), from, &StartDigest {});
    assert_eq!(started, Ok(vec!["NetworkDigestStarted".to_owned()]));
    let first = date(2024, 11, 21);
    let agree = action("Collect role profiles.", date(2024, 11, 29));
    given.when(&lead(), first, &agree).expect("agreed");

    let id = Network::id(tenant(NETWORK));
    let platform = actor(PLATFORM, ActingRole::PlatformOperator);
    for number in 1..=2 {
        let set = given
            .stored(id)
            .into_iter()
            .rfind(|event| event.contains("cadence"));
        let payload: serde_json::Value =
            serde_json::from_str(&set.expect("a cadence")).expect("JSON");
        let event = Occurred {
            stream: id.0,
            sequence: 1,
            effective: midday(from),
            fact: Fact::decode("network", payload)
                .expect("decodes")
                .expect("known"),
        };
        let timers = react(&event);
        let [Reaction::Timer(due, timer)] = timers.as_slice() else {
            panic!("one timer, not {timers:?}");
        };
        let expected = from.saturating_add(jiff::Span::new().days(14 * i64::from(number)));
        assert_eq!(*due, midday(expected));
        assert!(matches!(timer, Timer::NetworkDigest { .. }));
        let (_, issue) = on_timer(timer);
        assert_eq!(
            given.when(&platform, expected, &*issue),
            Ok(vec!["NetworkDigestIssued".to_owned()])
        );
        assert_eq!(given.when(&platform, expected, &*issue), Ok(vec![]));
    }
    let digests = network(&given).digests();
    assert_eq!((digests[0].agreed, digests[0].overdue), (1, 1));
    assert_eq!((digests[1].agreed, digests[1].overdue), (0, 1));
    assert_eq!(digests[1].from, date(2024, 12, 2));
    assert_eq!(
        given.when(
            &lead(),
            from,
            &IssueDigest {
                network: tenant(NETWORK),
                number: 3
            }
        ),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn only_a_network_keeps_a_network_record() {
    let mut given = Given::baseline();
    let hr = actor(tenant(NORTHMOOR), ActingRole::EmployerHr);
    let refused = given.when(&hr, date(2024, 11, 21), &StartDigest {});
    assert_eq!(refused, Err(Reason::NotPermitted));
}

/// C.5.3: in quarter-hours of the training, and nothing that says whose.
#[test]
fn train_24_the_network_of_the_region_counts_how_true_to_the_role_a_training_is() {
    use crate::{
        appointment::cast,
        directory::{Tenant, TenantEvent, TenantName},
        training::{PracticeEntry, TrainingEvent},
    };
    let whose = cast::appointment();
    let training = whose.training();
    let entry = TenantEvent::TenantRegistered {
        tenant: tenant(NETWORK),
        kind: TenantKind::Network,
        sector: None,
        region: None,
        name: TenantName {
            from: date(2020, 1, 1),
            name: "PPN North West".to_owned(),
            ods_code: None,
            ukprn: None,
        },
    };
    let logged = |kind, quarters| TrainingEvent::PracticeHoursLogged {
        entry: PracticeEntry {
            kind,
            intervention: None,
            until: date(2026, 4, 30),
            quarters,
        },
    };
    let by_region = serde_json::json!({ "north_west": tenant(NETWORK).0 });
    let mut given = cast::in_training()
        .policy("network.of_region", by_region)
        .happened(Tenant::id(tenant(NETWORK)), &entry)
        .happened(training, &logged(PracticeKind::Contact, 20))
        .happened(training, &logged(PracticeKind::CarePlanning, 4))
        .happened(training, &logged(PracticeKind::CaseManagement, 9))
        .happened(training, &logged(PracticeKind::OtherDuties, 16));
    let count = CountRoleFidelity { training };
    let on = date(2026, 5, 4);
    assert_eq!(
        given.when(&lead(), on, &count),
        Err(Reason::NotPermitted),
        "only the platform counts"
    );
    let counted = given.when(&Actor::platform(), on, &count);
    assert_eq!(counted, Ok(vec!["RoleFidelityCounted".to_owned()]));
    let notice: Id<RegionNotice> = Id::derive(tenant(NETWORK), &[training.0]);
    let stored = given.stored(notice).join("\n");
    assert!(stored.contains(r#""in_scope":24,"outside":16"#), "{stored}");
    for name in [whose.person.0, whose.employer.0, whose.application.0] {
        assert!(!stored.contains(&name.to_string()), "{stored}");
    }
    assert_eq!(given.when(&Actor::platform(), on, &count), Ok(vec![]));
}
