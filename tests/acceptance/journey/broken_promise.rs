//! D.11: four pass; two posts come, one is waited for, one promise is broken, and a post is lost.

use domain::{
    actor::ActingRole::{CommissionerNational, ProfessionalLead, ProgrammeLead, ServiceManager},
    commitment::BreachRegister,
};
use serde_json::{Value, json};

use super::dashboards;
use crate::harness::{
    Service,
    cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE, WEXCOMBE},
    graduates,
    life::{Campaign, Trainee, interest, readiness},
};

async fn standing(service: &Service, campaign: &Campaign, trainee: &Trainee) -> Value {
    let commitment = service
        .cast
        .of(COMMISSIONER, CommissionerNational)
        .get("GetCommitment", json!({"name": campaign.commitment}))
        .await;
    commitment["commitment"]["promises"]
        .as_array()
        .expect("promises")
        .iter()
        .find(|promise| promise["application"] == trainee.application.as_str())
        .expect("a promise")["standing"]
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn d_11_fund_08_and_fund_02_a_promise_is_late_waited_for_broken_and_a_post_is_lost() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let mut trainees = vec![];
    for number in [11, 12, 13, 14] {
        trainees.push(graduates::in_training(cast, &campaign, number).await);
    }
    let [kept, lost, waited, broken] = &trainees[..] else {
        panic!("four trainees");
    };
    for trainee in [lost, broken] {
        trainee.is_paid_for().await;
    }
    dashboards::show(cast, &[("employer", "commitments_due", 0)]).await;

    // 1 and 2: four pass, two posts are as promised, two are not.
    graduates::pass(&trainees.iter().collect::<Vec<_>>()).await;
    cast.settle().await;
    for trainee in [kept, lost] {
        trainee.takes_the_qualified_post(&campaign).await;
    }
    for (trainee, term, value) in [
        (waited, "permanent", json!(false)),
        (broken, "band", json!(4)),
    ] {
        let mut post = trainee.qualified_post(&campaign);
        post["post"][term] = value;
        assert_eq!(
            trainee
                .manager("2027-04-05")
                .refusal("EvidenceQualifiedPost", post)
                .await,
            "COMMITMENT_TERMS_NOT_MET"
        );
    }

    // 3: overdue, a promise of better, grace for one, a breach for the other.
    let of = |trainee: &Trainee| json!({"commitment": campaign.commitment, "application": trainee.application});
    let lead = cast.of(NORTHMOOR, ProfessionalLead);
    let national = cast.of(COMMISSIONER, CommissionerNational);
    assert_eq!(
        national
            .on("2027-06-10")
            .refusal("ConfirmBreach", of(broken))
            .await,
        "STATE_NOT_ALLOWED"
    );
    let mut mitigation = of(waited);
    mitigation["permanent_from"] = json!("2027-08-01");
    lead.on("2027-06-11")
        .write("OfferMitigation", mitigation)
        .await;
    cast.settle().await;
    assert_eq!(standing(&service, &campaign, waited).await, "overdue");
    assert_eq!(standing(&service, &campaign, broken).await, "overdue");
    let mut grace = of(waited);
    grace["until"] = json!("2027-08-31");
    national.on("2027-06-11").write("GrantGrace", grace).await;
    national
        .on("2027-06-11")
        .write("ConfirmBreach", of(broken))
        .await;
    cast.settle().await;

    // 4: the whole salary is to come back, and the employer is not ready for the next round.
    let figures = [
        ("employer", "commitments_discharged", 2),
        ("employer", "commitments_in_grace", 1),
        ("employer", "commitments_breached", 1),
        ("employer", "recovery_owed", 2_748_500),
        ("employer", "breaches_open", 1),
        ("commissioner", "commitments_breached", 1),
        ("commissioner", "recovery_owed", 2_748_500),
        ("commissioner", "employers_not_ready_for_breach", 1),
        ("commissioner", "money_out_of_balance", 0),
    ];
    dashboards::show(cast, &figures).await;
    let next = lead
        .on("2027-07-01")
        .write("RegisterInterest", interest(NORTHMOOR, "north_west", 4))
        .await;
    assert_eq!(
        lead.on("2027-07-01")
            .refusal("DeclareReadiness", readiness(&next, &campaign.supervisors))
            .await,
        "EMPLOYER_NOT_READY"
    );

    // 5: a post at another organisation makes nothing good.
    let mut elsewhere = broken.qualified_post(&campaign);
    elsewhere["employer"] = json!(SEVERNVALE.to_string());
    assert_eq!(
        cast.of(SEVERNVALE, ServiceManager)
            .on("2027-07-05")
            .refusal("EvidenceQualifiedPost", elsewhere.clone())
            .await,
        "NOT_PERMITTED"
    );
    assert_eq!(
        broken
            .manager("2027-07-05")
            .refusal("EvidenceQualifiedPost", elsewhere)
            .await,
        "COMMITMENT_TERMS_NOT_MET"
    );
    assert_eq!(standing(&service, &campaign, broken).await, "breached");

    // The permanent post comes within the grace.
    waited
        .manager("2027-08-01")
        .write("EvidenceQualifiedPost", waited.qualified_post(&campaign))
        .await;
    // 6: a post that discharged a promise is deleted at month ten.
    lost.manager("2028-02-04")
        .write("ReportPostEnded", of(lost))
        .await;
    cast.settle().await;
    assert_eq!(standing(&service, &campaign, lost).await, "breached");
    assert_eq!(standing(&service, &campaign, waited).await, "discharged");
    let award = cast
        .of(COMMISSIONER, CommissionerNational)
        .get("GetAward", json!({"name": lost.award()}))
        .await;
    let case = &award["award"]["recoveries"][0];
    assert_eq!(case["ground"], "post_not_maintained");
    let share = case["pence"].as_i64().expect("pence");
    assert!((1..2_748_500).contains(&share), "{share}");

    // What is recovered makes it good.
    national
        .on("2028-02-29")
        .write(
            "CloseStatement",
            json!({"payee": NORTHMOOR.to_string(), "month": "2028-02-29"}),
        )
        .await;
    let good = [
        ("employer", "breaches_open", 0),
        ("employer", "recovery_settled", 2_748_500 + share),
        ("commissioner", "money_out_of_balance", 0),
    ];
    dashboards::show(cast, &good).await;
    let register = BreachRegister::id(NORTHMOOR, COMMISSIONER).name();
    assert_eq!(
        service.recorded(&register).await,
        [
            "BreachNoted",
            "BreachNoted",
            "BreachSettled",
            "BreachSettled"
        ]
    );
    lead.on("2028-03-01")
        .write("DeclareReadiness", readiness(&next, &campaign.supervisors))
        .await;

    // The university knows who passed, and nothing of what was broken or owed.
    let university = cast.of(WEXCOMBE, ProgrammeLead);
    let feed = university
        .get("ListFeed", json!({"page_size": 1000}))
        .await
        .to_string();
    for hidden in ["Breach", "Recovery", "Statement", "Commitment"] {
        assert!(!feed.contains(hidden), "{hidden}");
    }
    let name = json!({"name": register});
    assert_eq!(
        university.refusal("GetBreachRegister", name).await,
        "NOT_PERMITTED"
    );
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}
