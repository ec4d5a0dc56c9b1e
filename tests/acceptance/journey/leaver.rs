//! D.9: a trainee leaves; what was not earned comes back with the next statement.

use domain::{actor::ActingRole::EmployerFinance, funding::FundingStatement};
use jiff::civil::date;
use serde_json::json;

use super::{dashboards, own};
use crate::harness::{
    Service,
    cast::{COMMISSIONER, NORTHMOOR},
    graduates,
    life::Campaign,
};

#[tokio::test(flavor = "multi_thread")]
async fn d_9_and_x_14_what_a_leaver_did_not_earn_comes_back_once() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let c7 = graduates::in_training(cast, &campaign, 11).await;
    for (number, on) in [
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
        "2026-06-30",
        "2026-07-31",
        "2026-08-10",
    ]
    .iter()
    .enumerate()
    {
        let pay = json!({"award": c7.award(), "number": number + 1});
        c7.commissioner(on).write("PayInstalment", pay).await;
    }
    cast.settle().await;
    let close = |on: &str| {
        let national = c7.commissioner(on);
        let message = json!({"payee": NORTHMOOR.to_string(), "month": on});
        async move { national.write("CloseStatement", message).await }
    };
    close("2026-07-31").await;

    // 1 to 3: the employment ends, and with it what it paid for.
    c7.hr("2026-08-12")
        .write("EndEmployment", json!({"employment": c7.employment()}))
        .await;
    cast.settle().await;
    let mut events = vec!["FundingAwardApproved"];
    events.extend(["InstalmentPaid"; 6]);
    events.extend([
        "FundingAwardStopped",
        "InstalmentsVoided",
        "RecoveryCaseOpened",
    ]);
    assert_eq!(service.recorded(&c7.award()).await, events);
    let owed = [
        ("employer", "recovery_owed", 140_381),
        ("employer", "salary_planned", 0),
        ("commissioner", "recovery_owed", 140_381),
        ("commissioner", "salary_net_paid", 1_374_252),
    ];
    dashboards::show(cast, &owed).await;

    // 4: set off in the next statement; no month comes back twice.
    close("2026-09-30").await;
    cast.settle().await;
    let statement = FundingStatement::id(COMMISSIONER, NORTHMOOR, date(2026, 9, 1)).name();
    let read = cast
        .of(NORTHMOOR, EmployerFinance)
        .get("GetStatement", json!({"name": statement}))
        .await;
    assert_eq!(read["statement"]["total_pence"], 229_042 - 140_381);
    let claim = |number: u32| json!({"award": c7.award(), "instalments": [number]});
    let national = c7.commissioner("2026-10-01");
    assert_eq!(
        national.refusal("OpenRecovery", claim(6)).await,
        "ALREADY_RECOVERED"
    );
    assert_eq!(
        national.refusal("OpenRecovery", claim(7)).await,
        "STATE_NOT_ALLOWED"
    );
    assert_eq!(
        c7.commissioner("2026-10-01")
            .refusal("PayInstalment", json!({"award": c7.award(), "number": 7}))
            .await,
        "STATE_NOT_ALLOWED"
    );
    let award = c7
        .commissioner("")
        .get("GetAward", json!({"name": c7.award()}))
        .await;
    assert_eq!(award["award"]["state"], "FUNDING_AWARD_STATE_STOPPED");
    assert_eq!(award["award"]["recoveries"][0]["standing"], "settled");
    let settled = [
        ("employer", "recovery_owed", 0),
        ("employer", "recovery_settled", 140_381),
        ("commissioner", "salary_net_paid", 1_233_871),
        ("commissioner", "money_out_of_balance", 0),
        ("commissioner", "commitments_lapsed", 1),
    ];
    dashboards::show(cast, &settled).await;

    // The trainee and the university see no debt.
    let name = json!({"name": c7.award()});
    for reader in [c7.candidate(""), c7.programme("")] {
        assert_eq!(
            reader.refusal("GetAward", name.clone()).await,
            "NOT_PERMITTED"
        );
    }
    let seen = own::timeline(&c7).await;
    let lock = &seen["locks"][0];
    assert_eq!(lock["until"], "2029-03-10");
    assert_eq!(lock["provisional"], true);
    let explained = lock["explanation"].as_str().expect("words");
    assert!(explained.contains("can still move"), "{explained}");
    assert_ne!(seen["exemption_route"], "");
    assert_eq!(seen["due"], json!([]));
    assert!(own::words(&seen).contains(&"employment_ended"), "{seen}");
    let all = seen.to_string().to_lowercase();
    for debt in ["recover", "pence", "instalment", "award"] {
        assert!(!all.contains(debt), "{debt}: {all}");
    }
    let feed = c7
        .programme("")
        .get("ListFeed", json!({"page_size": 1000}))
        .await
        .to_string();
    assert!(!feed.contains("Recovery"), "{feed}");
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}
