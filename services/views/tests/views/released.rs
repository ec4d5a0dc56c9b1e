//! What can be learnt from figures of other people's people by reading them again and again (D.18).

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    actor::{Region, TenantId},
    allocation::AllocationEvent,
    calendar::midday,
    fact::Fact,
    funding::{Award, FundingAwardEvent},
    policy::{Policies, baseline::baseline, catalogue::Role},
    progression::{Cohort, ProgressionEvent},
    refusal::Reason,
};
use jiff::civil::{Date, date};
use ledger::{
    Clock,
    view::{Figures, Folded, Noted},
};
use serde_json::{Value, json};
use uuid::Uuid;
use views::{
    Commissioner, Network,
    dashboard::{Dashboard, shown},
    released::ReleasedBy,
    told::folded_and_told,
};

/// What is shown of people of others, by figure and part.
type Read = BTreeMap<(&'static str, String), Option<i64>>;

/// Somebody of the cohort of March 2026 begins; the service learns of it on a day.
fn begins(number: u128, effective: Date, recorded: Date) -> Noted {
    let cohort = Cohort {
        university: TenantId(Uuid::from_u128(1)),
        commissioner: TenantId(Uuid::from_u128(2)),
        role: Role::parse("MHWP", "role").unwrap(),
        region: Region::NorthWest,
        network: Some(TenantId(Uuid::from_u128(3))),
        teaching_start: date(2026, 3, 2),
    };
    Noted {
        stream: Uuid::from_u128(1_000 + number),
        sequence: 1,
        effective: midday(effective),
        recorded: midday(recorded),
        fact: Ok(Fact::Progression(ProgressionEvent::ProgressionOpened {
            cohort: Box::new(cohort),
        })),
    }
}

/// As many, all on one day.
fn begin(numbers: std::ops::Range<u128>, on: Date) -> Vec<Noted> {
    numbers.map(|number| begins(number, on, on)).collect()
}

/// An award of a place of the allocation is approved; it says the region of its post, or is of the first
/// version and does not.
fn approved(number: u128, region: Option<Region>, on: Date) -> Noted {
    let award: Award = serde_json::from_value(json!({
        "appointment": {
            "application": Uuid::from_u128(number), "person": Uuid::from_u128(number),
            "employer": Uuid::from_u128(4), "university": Uuid::from_u128(1),
            "commissioner": Uuid::from_u128(2), "intake": Uuid::from_u128(5),
            "vacancy": Uuid::from_u128(6), "allocation": ALLOCATION, "role": "MHWP", "level": 7,
        },
        "commitment": Uuid::from_u128(7), "tuition_pence": 500_000, "salary_pence": 2_748_500,
        "instalments": 12,
    }))
    .unwrap();
    Noted {
        stream: Uuid::from_u128(2_000 + number),
        sequence: 1,
        effective: midday(on),
        recorded: midday(on),
        fact: Ok(Fact::FundingAward(
            FundingAwardEvent::FundingAwardApproved { award, region },
        )),
    }
}

const ALLOCATION: Uuid = Uuid::from_u128(8);

/// The allocation's demand is of the North West.
fn demanded() -> Noted {
    let interest = serde_json::from_value(json!({
        "employer": Uuid::from_u128(4), "commissioner": Uuid::from_u128(2), "role": "MHWP",
        "region": "north_west", "demand": 40, "channel": "cppo",
    }))
    .unwrap();
    let on = midday(date(2025, 11, 3));
    Noted {
        stream: ALLOCATION,
        sequence: 1,
        effective: on,
        recorded: on,
        fact: Ok(Fact::Allocation(AllocationEvent::InterestRegistered {
            interest,
        })),
    }
}

#[test]
fn alloc_19_an_award_counts_in_the_region_it_says_and_an_old_one_in_that_of_its_allocation() {
    let on = date(2026, 2, 16);
    let of = |first: u128, last: u128, region| {
        (first..last).map(move |number| approved(number, region, on))
    };
    let mut feed = vec![demanded()];
    feed.extend(of(0, 10, None));
    feed.extend(of(10, 20, Some(Region::NorthWest)));
    feed.extend(of(20, 45, Some(Region::SouthEast)));
    let day = date(2026, 3, 5);
    let seen = read::<Commissioner>(&feed, day, day);
    let region = |region: Region| seen[&("people_by_region", region.to_string())];
    assert_eq!(region(Region::NorthWest), Some(20));
    assert_eq!(region(Region::SouthEast), Some(25));
    // Of awards that say it nothing is kept by allocation, in whatever month.
    let folded = Folded::<Commissioner>::of(&feed[11..]);
    let kept = folded.figures();
    let by_allocation = |part: &str| part.contains(&ALLOCATION.to_string());
    let parts: Vec<_> = kept
        .iter()
        .filter(|(_, part, _)| by_allocation(part))
        .collect();
    assert_eq!(parts, []);
    assert_eq!(folded_and_told(&folded), kept);
}

/// The baseline in force.
fn policies() -> Policies {
    policies_but("")
}

/// The same without one of its policies.
fn policies_but(missing: &str) -> Policies {
    let mut rows: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in baseline().into_iter().filter(|row| row.policy != missing) {
        let versions = rows.entry(row.policy).or_default();
        versions.push(json!({
            "version": versions.len() + 1, "from": row.from, "until": row.until,
            "value": row.value, "source": row.source, "approver": row.approver,
        }));
    }
    let register = serde_json::from_value(json!({"policies": rows})).unwrap();
    Policies::of(Arc::new(register))
}

/// What somebody reads on a day, of a day.
fn read<D: Dashboard>(feed: &[Noted], today: Date, of: Date) -> Read {
    let policies = policies();
    let day = today.min(of);
    let learnt = feed.iter().filter(|noted| noted.recorded <= midday(today));
    let known = folded_and_told(&Folded::<D>::of(learnt.clone()));
    let then = learnt.filter(|noted| noted.effective <= midday(day));
    let figures = folded_and_told(&Folded::<D>::of(then));
    let by = ReleasedBy {
        day,
        clock: Clock::System,
    };
    let seen = shown::<D>(figures, &policies, day, (Some(&known), by)).unwrap();
    let people = |name: &str| D::SUPPRESSED.iter().any(|people| people.figure == name);
    (seen.into_iter().filter(|one| people(one.name)))
        .map(|one| ((one.name, one.part), one.value))
        .collect()
}

fn entered(read: &Read) -> Option<i64> {
    let cohort = ("cohort_entered", "MHWP/2026-03-02".to_owned());
    read.get(&cohort).copied().flatten()
}

fn days(from: Date, until: Date) -> impl Iterator<Item = Date> {
    from.series(jiff::Span::new().days(1))
        .take_while(move |day| *day < until)
}

#[test]
fn d_18_before_and_after_one_person_the_same_is_read_in_the_month_and_after_it() {
    let mut feed = begin(0..12, date(2026, 3, 2));
    let march = read::<Commissioner>(&feed, date(2026, 3, 31), date(2026, 3, 31));
    assert_eq!(entered(&march), None, "not released yet");
    let april = read::<Commissioner>(&feed, date(2026, 4, 10), date(2026, 4, 10));
    assert_eq!(entered(&april), Some(10), "twelve");
    // The thirteenth would be rounded to 15 at once.
    feed.extend(begin(12..13, date(2026, 4, 11)));
    for day in days(date(2026, 4, 11), date(2026, 7, 1)) {
        assert_eq!(read::<Commissioner>(&feed, day, day), april, "{day}");
        assert_eq!(
            entered(&read::<Network>(&feed, day, day)),
            Some(10),
            "{day}"
        );
    }
    // With seven more there are eight whom it may have been.
    feed.extend(begin(13..20, date(2026, 6, 15)));
    let june = read::<Commissioner>(&feed, date(2026, 6, 30), date(2026, 6, 30));
    assert_eq!(june, april);
    let july = read::<Commissioner>(&feed, date(2026, 7, 2), date(2026, 7, 2));
    assert_eq!(entered(&july), Some(20));
}

#[test]
fn d_18_as_at_a_day_is_what_was_released_by_then_whatever_was_learnt_since() {
    let mut feed = begin(0..12, date(2026, 3, 2));
    let of = |feed: &[Noted], day| read::<Commissioner>(feed, date(2026, 5, 20), day);
    let before: Vec<Read> = (days(date(2026, 2, 20), date(2026, 5, 20)))
        .map(|day| of(&feed, day))
        .collect();
    // One more of March, told in May.
    feed.push(begins(12, date(2026, 3, 10), date(2026, 5, 4)));
    let after: Vec<Read> = (days(date(2026, 2, 20), date(2026, 5, 20)))
        .map(|day| of(&feed, day))
        .collect();
    assert_eq!(before, after);
    let mut distinct = after;
    distinct.dedup();
    assert_eq!(distinct.len(), 2, "nothing, and the release of April");
}

#[test]
fn d_18_somebody_who_changes_often_is_not_taken_for_many() {
    let mut feed = begin(0..12, date(2026, 3, 2));
    let april = read::<Network>(&feed, date(2026, 4, 2), date(2026, 4, 2));
    for (sequence, month) in (2..).zip(4..12) {
        let on = date(2026, month, 3);
        feed.push(Noted {
            sequence,
            fact: Ok(Fact::Progression(ProgressionEvent::DestinationRecorded {
                months: u32::try_from(sequence).unwrap(),
                destination: "other_healthcare".to_owned(),
                training: false,
            })),
            ..begins(0, on, on)
        });
        let on = date(2026, month, 28);
        assert_eq!(read::<Network>(&feed, on, on), april, "{on}");
    }
}

/// Both see the same people, so both are told the same, and nothing more from the two together.
#[test]
fn d_18_the_union_of_network_and_commissioner_is_no_more_than_one() {
    let mut feed = begin(0..30, date(2026, 3, 2));
    feed.extend(begin(30..31, date(2026, 4, 2)));
    feed.extend(begin(31..45, date(2026, 5, 2)));
    for day in days(date(2026, 3, 2), date(2026, 7, 1)) {
        let network = read::<Network>(&feed, day, day);
        let national = read::<Commissioner>(&feed, day, day);
        for (named, value) in &national {
            let other = network.get(named);
            assert!(
                other.is_none_or(|other| other == value),
                "{named:?} on {day}"
            );
        }
    }
}

/// An installation from before a policy was known refuses, and says which one to set.
#[test]
fn a_dashboard_without_a_policy_of_disclosure_is_refused_and_the_policy_named() {
    let day = date(2026, 3, 5);
    for policy in [
        "disclosure.release_months",
        "disclosure.minimum_change",
        "disclosure.rule",
    ] {
        let by = ReleasedBy {
            day,
            clock: Clock::System,
        };
        let figures = Figures::default();
        let refused = shown::<Commissioner>(figures, &policies_but(policy), day, (None, by))
            .expect_err(policy);
        assert_eq!(refused.reason, Reason::PolicyMissing);
        assert!(refused.message.contains(policy), "{}", refused.message);
        assert!(refused.message.contains("SetPolicy"), "{}", refused.message);
    }
}
