//! D.18: somebody tries to learn one person's ethnicity from statistics.

use std::collections::BTreeMap;

use domain::actor::{
    ActingRole::{
        Auditor, Candidate, CommissionerNational, CommissionerRegional, EmployerDataProtection,
        EmployerHr, Evaluator, NetworkLead, ServiceManager,
    },
    TenantId,
};
use serde_json::{Value, json};
use tonic::Code;

use crate::harness::{
    Caller, Cast, Service,
    cast::{AUDITOR, COMMISSIONER, EVALUATOR, NETWORK, NORTHMOOR, candidate},
    life::{Campaign, Trainee},
    partner::Partner,
    service::ALL_ROLES,
    tour::erasure::record,
};

/// Somebody applies and answers both questions.
async fn applies(
    cast: &Cast,
    vacancy: &str,
    number: u128,
    on: &str,
    said: (&str, &str),
) -> Trainee {
    let person: TenantId = candidate(2_000 + number);
    let trainee = Trainee::applies(cast, vacancy, person, on, json!({})).await;
    let (ethnicity, disability) = said;
    let answers = json!([
        {"code_set": "nhs_ethnic_category_2001", "code": ethnicity},
        {"code_set": "hesa_disability", "code": disability},
    ]);
    trainee
        .candidate(on)
        .write("AnswerMonitoring", json!({"answers": answers}))
        .await;
    trainee
}

/// By characteristic, group and area: the count and the share, `None` where they are not shown.
type Figures = BTreeMap<(String, String, String), (Option<i64>, Option<i64>)>;

async fn read(caller: &Caller, month: &str) -> Figures {
    let asked = json!({"month": month, "commissioner": COMMISSIONER.to_string()});
    let seen = caller.get("GetEdiRelease", asked).await;
    let word = |figure: &Value, field: &str| figure[field].as_str().expect("a word").to_owned();
    (seen["release"]["figures"]
        .as_array()
        .expect("figures")
        .iter())
    .map(|figure| {
        let hidden = figure["suppressed"] == true;
        let count = figure["count"].as_i64().filter(|_| !hidden);
        let key = ["characteristic", "group", "area"].map(|field| word(figure, field));
        (
            key.into(),
            (count, figure["percent"].as_i64().filter(|share| *share > 0)),
        )
    })
    .collect()
}

fn count(figures: &Figures, characteristic: &str, group: &str, area: &str) -> Option<i64> {
    let key = [characteristic, group, area].map(str::to_owned).into();
    figures.get(&key).expect("a figure").0
}

/// What subtraction leaves for a group of a region: the total of the region less the other groups.
fn complement(figures: &Figures, characteristic: &str, group: &str, area: &str) -> (i64, i64) {
    let bounds = |count: Option<i64>| match count {
        None => (0, 1_000),
        Some(0) => (0, 0),
        Some(count) => ((count - 2).max(8), count + 2),
    };
    let (low, high) = bounds(count(figures, "", "", area));
    let others = figures
        .iter()
        .filter(|((of, other, at), _)| of == characteristic && other != group && at == area);
    others.fold((low, high), |left, (_, (count, _))| {
        let (least, most) = bounds(*count);
        (left.0 - most, left.1 - least)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn d_18_nothing_of_one_person_is_told_by_statistics() {
    let service = Service::start_with(|verifier| verifier, ALL_ROLES).await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let partner = Partner::opens(cast, &campaign).await;
    let mut north_west = vec![];
    for number in 0..46 {
        let ethnicity = match number {
            0..22 => "A",
            22..42 => "M",
            _ => "H",
        };
        let disability = if number < 4 { "55" } else { "95" };
        let said = (ethnicity, disability);
        north_west.push(applies(cast, &campaign.vacancy, number, "2025-11-21", said).await);
    }
    for number in 100..130 {
        let said = (if number < 118 { "B" } else { "J" }, "95");
        applies(cast, &partner.vacancy, number, "2025-11-21", said).await;
    }
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let december = national
        .on("2025-12-01")
        .write("PublishEdiRelease", json!({}))
        .await;
    assert!(december.starts_with("ediReleases/"));

    // 1: an employer has no table at all, before and after.
    let whose = json!({"commissioner": COMMISSIONER.to_string()});
    for (tenant, role) in [
        (NORTHMOOR, ServiceManager),
        (NORTHMOOR, EmployerHr),
        (AUDITOR, Auditor),
    ] {
        for method in ["GetEdiRelease", "ListEdiReleases"] {
            let reason = cast.of(tenant, role).refusal(method, whose.clone()).await;
            assert_eq!(reason, "NOT_PERMITTED", "{method} as {role}");
        }
    }
    let network = cast.of(NETWORK, NetworkLead);
    let before = read(&national, "2025-12").await;
    assert_eq!(count(&before, "", "", "north_west"), Some(45), "46");
    assert_eq!(
        count(&before, "ethnicity", "white", "north_west"),
        Some(20),
        "22"
    );
    let last_of_network = network
        .call("GetEdiRelease", whose.clone())
        .await
        .expect("read");

    // 2: four disabled applicants are nobody's to count, and no share gives them away.
    assert_eq!(count(&before, "disability", "disabled", "north_west"), None);
    assert_eq!(count(&before, "disability", "disabled", "england"), None);
    for area in ["north_west", "england"] {
        let (least, most) = complement(&before, "disability", "disabled", area);
        assert!(least <= 1 && most >= 7, "{area}: {least} to {most}");
    }
    let (least, most) = complement(&before, "ethnicity", "asian", "north_west");
    assert!(least <= 1 && most >= 7, "{least} to {most}");
    for (named, (shown, share)) in &before {
        assert!(
            shown.is_none_or(|shown| shown == 0 || shown >= 10),
            "{named:?}: {shown:?}"
        );
        if share.is_some() {
            assert!(count(&before, "", "", &named.2) >= Some(23), "{named:?}");
        }
    }

    // 3: neither as at a day nor by part, for nobody.
    let readers = [
        (COMMISSIONER, CommissionerNational),
        (COMMISSIONER, CommissionerRegional),
        (NETWORK, NetworkLead),
        (EVALUATOR, Evaluator),
    ];
    for (tenant, role) in readers {
        for (field, value) in [
            ("as_of", "2025-12-02"),
            ("filter", "region=north_west AND route=L6"),
        ] {
            let asked = json!({"commissioner": COMMISSIONER.to_string(), field: value});
            let refused = cast.of(tenant, role).call("GetEdiRelease", asked).await;
            let refused = refused.expect_err("frozen");
            let told = (refused.code, refused.reason.as_str());
            assert_eq!(
                told,
                (Code::PermissionDenied, "FROZEN_FIGURES_ONLY"),
                "{role}"
            );
        }
    }
    let filtered = json!({"filter": "disability=yes"});
    let reason = national.refusal("ListEdiReleases", filtered).await;
    assert_eq!(reason, "FROZEN_FIGURES_ONLY");

    // 4: each reads the part of the matrix; together they hold no small count either.
    let own = read(&network, "2025-12").await;
    assert!(own.keys().all(|(characteristic, _, area)| {
        area == "north_west" && characteristic != "lived_experience"
    }));
    let evaluator = read(&cast.of(EVALUATOR, Evaluator), "2025-12").await;
    assert!(
        own.iter()
            .all(|(named, shown)| evaluator.get(named) == Some(shown))
    );
    assert!(
        evaluator
            .iter()
            .all(|(named, shown)| before.get(named) == Some(shown))
    );

    // One application that is learnt of later, and nothing has moved.
    applies(cast, &campaign.vacancy, 200, "2025-11-29", ("S", "95")).await;
    national
        .on("2026-01-05")
        .write("PublishEdiRelease", json!({}))
        .await;
    assert_eq!(read(&national, "2026-01").await, before);
    let again = json!({"month": "2025-12", "commissioner": COMMISSIONER.to_string()});
    let again = network.call("GetEdiRelease", again).await.expect("frozen");
    assert_eq!(again.bytes, last_of_network.bytes, "to the byte");
    let repeat = national
        .on("2026-01-20")
        .write("PublishEdiRelease", json!({}))
        .await;
    assert_eq!(
        repeat, december,
        "nothing more of a month that is published"
    );

    // D.13: who is erased counts under not known from the next release on.
    for one in &north_west[..10] {
        let own = record(NORTHMOOR, one.person);
        let asked = json!({"application": one.application, "controller": NORTHMOOR.to_string()});
        one.candidate("2026-01-21")
            .write("RequestErasure", asked)
            .await;
        let officer = cast.of(NORTHMOOR, EmployerDataProtection).on("2026-01-22");
        officer
            .write("ConfirmErasureIdentity", json!({"erasure": own}))
            .await;
        let erase = json!({"class": "edi", "outcome": "erased"});
        let decide = json!({"erasure": own, "decisions": [erase]});
        officer.write("DecideErasure", decide).await;
    }
    cast.settle().await;
    national
        .on("2026-02-02")
        .write("PublishEdiRelease", json!({}))
        .await;
    let after = read(&national, "2026-02").await;
    assert_eq!(count(&before, "ethnicity", "not_known", "england"), Some(0));
    assert_eq!(count(&after, "ethnicity", "not_known", "england"), Some(10));
    assert_eq!(
        count(&after, "", "", "england"),
        count(&before, "", "", "england")
    );
    assert_eq!(
        read(&national, "2025-12").await,
        before,
        "the earlier one is unchanged"
    );
    let months = national.get("ListEdiReleases", json!({})).await;
    assert_eq!(months["months"], json!(["2026-02", "2026-01", "2025-12"]));

    // What is stored is what was published.
    let stored: Vec<String> = sqlx::query_scalar(
        "SELECT payload::text FROM ledger.event WHERE aggregate_type = 'edi_releases'",
    )
    .fetch_all(&service.owner)
    .await
    .expect("the owner reads events");
    assert_eq!(stored.len(), 3);
    for one in &north_west {
        assert!(
            stored
                .iter()
                .all(|event| !event.contains(&one.person.0.to_string()))
        );
    }
    service.stop().await;
}

/// What the network's dashboard says of its members: live, as at a day, and in the file to take away.
async fn members(cast: &Cast, as_of: &[&str]) -> Vec<(Value, Value)> {
    cast.settle().await;
    let network = cast.of(NETWORK, NetworkLead);
    let mut told = vec![];
    for day in std::iter::once(&"").chain(as_of) {
        let seen = network.get("GetDashboard", json!({"as_of": day})).await;
        let figures = seen["dashboard"]["figures"].as_array().expect("figures");
        let figure = figures
            .iter()
            .find(|one| one["name"] == "community_members");
        let figure = figure.expect("members");
        told.push((figure["value"].clone(), figure["suppressed"].clone()));
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn d_18_a_dashboard_of_others_tells_nothing_of_one_person() {
    let service = Service::start().await;
    let cast = &service.cast;
    let network = cast.of(NETWORK, NetworkLead);
    let found = json!({"kind": "practitioners", "title": "Practitioners of the North West"});
    let community = network
        .on("2026-05-04")
        .write("FoundCommunity", found)
        .await;
    let joins = async |numbers: std::ops::Range<u128>, on: &str| {
        for number in numbers {
            let person = cast.of(candidate(3_000 + number), Candidate).on(on);
            person
                .write("JoinCommunity", json!({"community": community}))
                .await;
        }
    };
    let (withheld, ten) = ((json!(0), json!(true)), (json!(10), json!(false)));
    joins(0..12, "2026-05-05").await;
    let all = [withheld.clone(), withheld.clone()];
    assert_eq!(
        members(cast, &["2026-05-05"]).await,
        all,
        "not released yet"
    );

    // In June it is ten, before the thirteenth and after, who would make it fifteen; and in July.
    for on in ["2026-06-02", "2026-06-03", "2026-07-02"] {
        if on == "2026-06-03" {
            joins(12..13, on).await;
        }
        let meeting = json!({"scope": "regional", "participants": ["practitioners"]});
        network.on(on).write("HoldNetworkMeeting", meeting).await;
        let days = ["2026-06-01", "2026-06-02", "2026-05-31"];
        let told = members(cast, &days).await;
        let before = [&ten, &withheld, &ten, &withheld].map(Clone::clone);
        assert_eq!(told, before, "{on}");
    }
    // With seven more there are eight whom it may have been.
    joins(13..20, "2026-07-03").await;
    assert_eq!(members(cast, &[]).await, [ten]);
    joins(20..21, "2026-08-02").await;
    let now = members(cast, &["2026-08-01", "2026-07-02"]).await;
    let told: Vec<i64> = now.iter().filter_map(|(value, _)| value.as_i64()).collect();
    assert_eq!(told, [20, 10, 10]);
    service.stop().await;
}
