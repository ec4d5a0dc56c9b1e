//! Another intake, another partner: how an appointment moves, and how a rejection need not be the
//! end.

use domain::{
    actor::ActingRole::{Auditor, EmployerHr, ServiceManager},
    deferral::Deferral,
};
use serde_json::{Value, json};

use super::dashboards;
use crate::harness::{
    Service,
    cast::{AUDITOR, NORTHMOOR, SEVERNVALE, candidate},
    later::Later,
    life::{Campaign, Trainee, record},
    partner::Partner,
    tour::selection::{appointed, referral, refers, rejected_by_the_employer},
};

/// JOINT-03: the place moves with the offer, and every place is counted once.
#[tokio::test(flavor = "multi_thread")]
async fn joint_03_a_deferred_offer_takes_its_place_along() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let later = Later::opens(cast, &campaign).await;
    let c8 = appointed(cast, &campaign, 8).await;
    c8.accepts().await;
    cast.settle().await;
    let filled = [
        ("employer", "places_filled", 1),
        ("university", "offers_accepted", 1),
        ("commissioner", "places_filled", 1),
    ];
    dashboards::show(cast, &filled).await;

    let deferral = record::<Deferral>(NORTHMOOR, &c8.application);
    let ask = json!({"application": c8.application, "vacancy": later.vacancy});
    c8.hr("2026-01-20").write("RequestDeferral", ask).await;
    let agree = json!({"deferral": deferral});
    assert_eq!(
        c8.candidate("2026-01-20")
            .refusal("AgreeDeferral", agree.clone())
            .await,
        "NOT_PERMITTED"
    );
    assert_eq!(
        cast.of(SEVERNVALE, EmployerHr)
            .on("2026-01-20")
            .refusal("AgreeDeferral", agree.clone())
            .await,
        "NOT_PERMITTED"
    );
    c8.hr("2026-01-21")
        .write("AgreeDeferral", agree.clone())
        .await;
    c8.admissions("2026-01-22")
        .write("AgreeDeferral", agree)
        .await;
    cast.settle().await;
    assert_eq!(
        service.recorded(&deferral).await,
        ["DeferralRequested", "DeferralAgreed", "DeferralAgreed"]
    );
    let moved = service.recorded(&campaign.allocation).await;
    assert_eq!(moved.last().map(String::as_str), Some("PlaceVacated"));
    let taken = service.recorded(&later.allocation).await;
    assert_eq!(taken.last().map(String::as_str), Some("PlaceFilled"));
    let offer = c8
        .candidate("")
        .get("GetOffer", json!({"name": c8.offer()}))
        .await;
    assert_eq!(offer["offer"]["intake"], later.intake);
    assert_eq!(offer["offer"]["state"], "OFFER_STATE_ACCEPTED");
    let after = [
        ("employer", "places_filled", 1),
        ("employer", "offers_deferred", 1),
        ("university", "offers_deferred", 1),
        ("commissioner", "places_filled", 1),
    ];
    dashboards::show(cast, &after).await;
    service.stop().await;
}

/// D.2, last check; JOINT-04
#[tokio::test(flavor = "multi_thread")]
async fn d_2_and_joint_04_a_candidate_one_employer_rejects_may_go_to_another() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let partner = Partner::opens(cast, &campaign).await;
    let vacancy = &campaign.vacancy;
    let c9 = Trainee::applies(cast, vacancy, candidate(9), "2025-11-21", json!({})).await;
    rejected_by_the_employer(&c9).await;
    let refer = refers(&c9, &partner);
    let tutor = c9.admissions("2025-12-18");
    assert_eq!(
        tutor.refusal("ReferCandidate", refer.clone()).await,
        "CONSENT_REQUIRED"
    );
    c9.candidate("2025-12-17")
        .write("ConsentToReferral", c9.of_application())
        .await;
    let second = tutor.write("ReferCandidate", refer).await;
    assert_eq!(
        service.recorded(&referral(&c9)).await,
        ["ReferralConsentGiven", "CandidateReferred"]
    );
    for (employer, name) in [
        (NORTHMOOR, second.clone()),
        (NORTHMOOR, referral(&c9)),
        (SEVERNVALE, c9.application.clone()),
    ] {
        let method = if name.starts_with("referrals/") {
            "GetReferral"
        } else {
            "GetApplication"
        };
        let refused = cast
            .of(employer, EmployerHr)
            .refusal(method, json!({"name": name}))
            .await;
        assert_eq!(refused, "NOT_PERMITTED", "{name}");
    }
    let own = partner
        .hr("")
        .get("GetApplication", json!({"name": second}))
        .await;
    assert_eq!(
        own["application"]["state"], "APPLICATION_STATE_AWAITING_JOINT_OUTCOME",
        "the same joint path as everybody's"
    );
    let seen = [
        ("employer", "applications", 1),
        ("employer", "not_appointed", 1),
        ("university", "applications", 2),
        ("university", "awaiting_shortlist", 1),
    ];
    dashboards::show(cast, &seen).await;
    service.stop().await;
}

/// Everything a panel, its HR and an auditor can read of an application.
async fn readable(service: &Service, one: &Trainee) -> Vec<Value> {
    let cast = &service.cast;
    let mut seen = vec![];
    for by in [
        cast.of(NORTHMOOR, EmployerHr),
        cast.of(NORTHMOOR, ServiceManager),
        one.admissions(""),
    ] {
        for (method, message) in [
            ("GetApplication", json!({"name": one.application})),
            ("ListFeed", json!({"page_size": 1000})),
            ("GetDashboard", json!({"include_journeys": true})),
        ] {
            seen.push(by.get(method, message).await);
        }
    }
    let history = json!({"person": one.person_name()});
    for by in [cast.of(AUDITOR, Auditor), cast.of(NORTHMOOR, EmployerHr)] {
        let stream = by.open("ReplayHistory", history.clone()).await;
        let messages = stream.expect("a stream").all().await;
        seen.push(json!(messages.expect("a history that ends")));
    }
    seen
}

/// ACTOR-12, ROUTE-08: what a person declares changes nothing that anybody else can read.
#[tokio::test(flavor = "multi_thread")]
async fn actor_12_and_route_08_what_a_person_declares_shows_to_nobody_else() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(cast, vacancy, candidate(1), "2025-11-21", json!({})).await;
    cast.settle().await;
    let before = readable(&service, &c1).await;
    let by = c1.candidate("2025-11-21");
    by.write("DeclareLivedExperience", json!({"declared": true}))
        .await;
    let answers = json!({"answers": [
        {"code_set": "nhs_ethnic_category_2001", "code": "H"},
        {"code_set": "hesa_disability", "code": "55"},
    ]});
    let own = by.write("AnswerMonitoring", answers).await;
    cast.settle().await;
    assert_eq!(readable(&service, &c1).await, before);
    for staff in [
        cast.of(NORTHMOOR, ServiceManager),
        c1.admissions(""),
        c1.commissioner(""),
        cast.operator(),
    ] {
        let refused = staff.refusal("GetMonitoring", json!({"name": own})).await;
        assert_eq!(refused, "NOT_PERMITTED");
    }
    let read = c1
        .candidate("")
        .get("GetMonitoring", json!({"name": own}))
        .await;
    assert_eq!(read["monitoring"]["lived_experience"], "true");
    assert_eq!(read["monitoring"]["answers"]["ethnicity"]["code"], "H");
    let stored: Vec<String> = sqlx::query_scalar(
        "SELECT payload::text FROM ledger.event WHERE aggregate_type = 'monitoring'",
    )
    .fetch_all(&service.owner)
    .await
    .expect("the owner reads events");
    assert_eq!(stored.len(), 2);
    for event in stored {
        assert!(
            !event.contains("nhs_ethnic"),
            "sealed under the person's own key"
        );
    }
    service.stop().await;
}
