use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::{
    actor::{ActingRole, Region, TenantId},
    calendar::midday,
    directory::{ClinicalService, Placement},
    given::{
        Given, actor,
        cast::{NORTHMOOR, mhwp},
        tenant,
    },
    id::Id,
    policy::{SetPolicy, baseline::baseline},
    world::Decider,
};

/// The whole log of a history, as a scan would see it, under the versions its commands used.
struct Log {
    register: Arc<PolicyRegister>,
    scene: Scene,
    decisions: Vec<Decision>,
}

impl Log {
    fn of(given: &Given) -> Self {
        let register = given.state(PolicyRegister::id()).cloned().unwrap();
        let mut log = Self {
            register: Arc::new(register),
            scene: Scene::default(),
            decisions: vec![],
        };
        // Every version of the baseline is in force on one stretch of days, so the version of the
        // day a decision was taken on is the one it used.
        for (key, payload, on) in given.log() {
            let recorded = midday(on.unwrap_or(date(2030, 1, 1)));
            let fact = Fact::decode(key.kind, payload).unwrap().unwrap();
            log.scene.note(key.id, recorded, &fact);
            let policies = log
                .register
                .all()
                .filter_map(|(id, _)| {
                    Some((id.to_owned(), log.register.in_force(id, on?)?.version))
                })
                .collect();
            log.decisions.push(Decision {
                stream: key.id,
                effective: recorded,
                recorded,
                fact,
                policies,
            });
        }
        log
    }

    /// The decisions that would come out otherwise: the event, then and now.
    fn changed(&self, policy: &str, from: Date, value: Value) -> Vec<(String, String, String)> {
        let proposed = ProposedPolicy {
            policy: policy.to_owned(),
            from,
            until: None,
            value,
        };
        let proposal = Proposal::new(Arc::clone(&self.register), vec![proposed]).unwrap();
        self.decisions
            .iter()
            .filter(|decision| proposal.concerns(&decision.fact, &decision.policies))
            .filter_map(
                |decision| match proposal.reconsider(decision, &self.scene) {
                    Verdict::Changed { then, now } => Some((name(&decision.fact), then, now)),
                    _ => None,
                },
            )
            .collect()
    }
}

fn name(fact: &Fact) -> String {
    let text = format!("{fact:?}");
    let inner = text
        .split_once('(')
        .map_or(text.as_str(), |(_, inner)| inner);
    inner
        .split([' ', '{', '('])
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn changed(event: &str, then: &str, now: &str) -> (String, String, String) {
    (event.to_owned(), then.to_owned(), now.to_owned())
}

const EVER: Date = date(2021, 4, 1);

#[test]
fn what_if_an_open_vacancy_had_been_in_an_excluded_setting() {
    let (given, _) = Given::vacancy_open();
    let log = Log::of(&given);
    let excluded = json!({"permitted": false});
    let policy = "setting.MHWP.trainee.adult_community";
    assert_eq!(
        log.changed(policy, EVER, excluded.clone()),
        [changed(
            "VacancyOpened",
            "permitted",
            "SETTING_NOT_PERMITTED"
        )]
    );
    // From a day after the intake starts it changes nothing.
    assert_eq!(log.changed(policy, date(2026, 3, 3), excluded), []);
    assert_eq!(log.changed(policy, EVER, json!({"permitted": true})), []);
}

#[test]
fn what_if_a_cluster_needed_more() {
    let (given, _) = Given::vacancy_open();
    let log = Log::of(&given);
    let accepted = changed("AllocationProposed", "accepted", "CLUSTER_BELOW_MINIMUM");
    assert_eq!(
        log.changed("cluster.min", EVER, json!(6)),
        std::slice::from_ref(&accepted)
    );
    assert_eq!(log.changed("cluster.min", EVER, json!(5)), []);
    // A value of the role's own, which no decision used, goes before the general one.
    assert_eq!(log.changed("cluster.min.MHWP", EVER, json!(6)), [accepted]);
    assert_eq!(log.changed("cluster.min.YIPP", EVER, json!(6)), []);
}

#[test]
fn what_if_the_role_had_another_band_or_other_supervisors() {
    let (given, _) = Given::vacancy_open();
    let log = Log::of(&given);
    let row = |change: fn(&mut Value)| {
        let mut row = baseline()
            .into_iter()
            .find(|row| row.policy == "role.MHWP")
            .unwrap()
            .value;
        change(&mut row);
        row
    };
    assert_eq!(
        log.changed(
            "role.MHWP",
            EVER,
            row(|row| row["qualified_band"] = json!(6))
        ),
        [changed(
            "CommitmentGiven",
            "accepted",
            "COMMITMENT_TERMS_NOT_MET"
        )]
    );
    let no_therapists = row(|row| {
        row["supervisor_rule"].as_array_mut().unwrap().pop();
    });
    assert_eq!(
        log.changed("role.MHWP", EVER, no_therapists),
        [changed(
            "SupervisorEligibilityChecked",
            "eligible",
            "SUPERVISOR_NOT_ELIGIBLE"
        )]
    );
}

#[test]
fn d_16_3_a_decision_is_taken_again_under_the_versions_it_recorded() {
    let (mut given, _) = Given::vacancy_open();
    let before = Log::of(&given);
    let set = SetPolicy {
        policy: "cluster.min".to_owned(),
        from: EVER,
        until: None,
        value: json!(9),
        source: "made up".to_owned(),
        approver: "made up".to_owned(),
    };
    let national = actor(tenant(1), ActingRole::CommissionerNational);
    given.done(&national, date(2026, 1, 1), &set);
    // The register has moved on, and nine are needed since ever; the decision was taken before.
    let log = Log {
        register: Arc::new(given.state(PolicyRegister::id()).cloned().unwrap()),
        ..before
    };
    assert_eq!(log.changed("cluster.min.YIPP", EVER, json!(6)), []);
    let known = |versions, recorded| Recollection {
        versions,
        recorded,
        set: log.scene.set_times(),
    };
    let minimum = |known| {
        Policies::recalled(Arc::clone(&log.register), known)
            .get::<u32>("cluster.min", date(2026, 6, 1))
            .ok()
    };
    let late = midday(date(2040, 1, 1));
    let recorded = BTreeMap::from([("cluster.min".to_owned(), 1)]);
    assert_eq!(minimum(known(recorded, late)), Some(4));
    // What it did not record is what it would have found then: nothing before the baseline.
    assert_eq!(minimum(known(BTreeMap::new(), late)), Some(4));
    assert_eq!(
        minimum(known(BTreeMap::new(), midday(date(2021, 3, 31)))),
        None
    );
    let today = Policies::of(Arc::clone(&log.register));
    assert_eq!(today.get::<u32>("cluster.min", date(2026, 6, 1)), Ok(9));
}

#[test]
fn what_if_a_placement_was_flagged_for_want_of_a_policy() {
    let employer: TenantId = tenant(NORTHMOOR);
    let mut given = Given::directory();
    let service = given.clinical_service(employer, "gambling_harms");
    let application = Id::new(uuid::Uuid::from_u128(1));
    let placed = ClinicalServiceEvent::PersonPlaced {
        placement: Placement {
            application,
            role: mhwp(),
            phase: Phase::Trainee,
            sites: vec![],
            region: Some(Region::NorthWest),
            professional_lead: None,
        },
        on: date(2026, 3, 2),
    };
    let flagged = ClinicalServiceEvent::PlacementFlagged {
        application,
        flag: PlacementFlag::SettingNotPermitted,
        on: date(2026, 3, 2),
    };
    let given = given.happened(service, &placed).happened(service, &flagged);
    assert_eq!(ClinicalService::COLLECTION, "clinicalServices");
    let log = Log::of(&given);
    let everywhere = json!({"permitted": true, "pilot": "gambling_harms"});
    assert_eq!(
        log.changed(
            "setting.MHWP.trainee.gambling_harms",
            date(2024, 1, 1),
            everywhere
        ),
        [changed(
            "PlacementFlagged",
            "flagged setting_not_permitted",
            "permitted"
        )]
    );
}

#[test]
fn what_if_refuses_a_value_that_could_not_be_set() {
    let given = Given::baseline();
    let register = Arc::new(given.state(PolicyRegister::id()).cloned().unwrap());
    let proposed = |value| ProposedPolicy {
        policy: "cluster.min".to_owned(),
        from: EVER,
        until: None,
        value,
    };
    let refused = Proposal::new(Arc::clone(&register), vec![proposed(json!("six"))]);
    assert_eq!(refused.unwrap_err().reason, Reason::FieldInvalid);
    assert_eq!(
        Proposal::new(register, vec![]).unwrap_err().reason,
        Reason::FieldInvalid
    );
}
