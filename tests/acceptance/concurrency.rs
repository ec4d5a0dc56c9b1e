//! Many at once, on the same records.

use std::collections::BTreeSet;

use domain::actor::ActingRole::AdmissionsTutor;
use futures::future::join_all;
use serde_json::json;
use tonic::Code;

use crate::harness::{
    Service,
    cast::{WEXCOMBE, candidate},
    life::{Campaign, Trainee},
    partner::Partner,
    soundness,
};

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_racers_with_one_request_write_once_and_hear_the_same() {
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let application = json!({
        "vacancy": campaign.vacancy,
        "name": "Ada Fairweather",
        "contact": "ada.fairweather@example.org",
        "statement": "I want to help people recover.",
        "entry_source": "external",
        "degree": "held",
        "request_id": service.cast.api.next_request_id(),
    });
    let caller = service
        .cast
        .of(candidate(1), domain::actor::ActingRole::Candidate)
        .on("2025-11-21");
    let answers = join_all((0..16).map(|_| {
        let (caller, application) = (caller.clone(), application.clone());
        tokio::spawn(async move { caller.call("SubmitApplication", application).await })
    }))
    .await;
    let receipts: BTreeSet<Vec<u8>> = answers
        .into_iter()
        .map(|answer| answer.expect("no panic").expect("answered").bytes.to_vec())
        .collect();
    assert_eq!(receipts.len(), 1, "one receipt for all");
    let written: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM ledger.event WHERE event_type = 'ApplicationSubmitted'",
    )
    .fetch_one(&service.owner)
    .await
    .expect("a count");
    assert_eq!(written, 1);
    soundness::check(&service.owner).await;
    service.stop().await;
}

/// The same fact under as many request ids: a natural key lets one of them write.
#[tokio::test(flavor = "multi_thread")]
async fn sixteen_systems_with_one_fact_write_it_once() {
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let c1 = Trainee::applies(
        &service.cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    let answers = join_all((0..16).map(|_| {
        let (c1, hr) = (c1.clone(), c1.hr("2025-12-03"));
        tokio::spawn(async move {
            let shortlist = json!({
                "application": c1.application,
                "shortlisted": true,
                "reason": "Meets the criteria on paper.",
            });
            hr.call("SealShortlist", shortlist).await
        })
    }))
    .await;
    for answer in answers {
        let reply = answer
            .expect("no panic")
            .expect("one writes, the others agree");
        assert_eq!(reply.json["receipt"]["version"], 1);
    }
    assert_eq!(
        service
            .recorded(&c1.seal(crate::harness::cast::NORTHMOOR))
            .await,
        ["ShortlistSealed"]
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_four_writers_on_twenty_hot_streams_lose_and_double_nothing() {
    const STREAMS: usize = 20;
    const WRITERS: usize = 24;
    const WRITES: usize = 12;
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let mut applications = vec![];
    for number in 0..STREAMS as u128 {
        let person = candidate(number + 1);
        let applied = Trainee::applies(
            &service.cast,
            &campaign.vacancy,
            person,
            "2025-11-21",
            json!({}),
        );
        applications.push(applied.await.application);
    }
    let evidence = |writer: usize, write: usize, application: &str| {
        json!({
            "application": application,
            "kind": "prior_study",
            "detail": format!("Certificate {writer}/{write}"),
        })
    };
    let written = join_all((0..WRITERS).map(|writer| {
        let tutor = service.cast.of(WEXCOMBE, AdmissionsTutor).on("2025-11-25");
        // Each begins elsewhere and walks at a pace of its own.
        let messages: Vec<_> = (0..WRITES)
            .map(|write| {
                let stream = (writer * 7 + write * (1 + writer % 3)) % STREAMS;
                evidence(writer, write, &applications[stream])
            })
            .collect();
        tokio::spawn(async move {
            let mut written = 0;
            for message in messages {
                match tutor.call("AddStudyEvidence", message).await {
                    Ok(_) => written += 1,
                    // A full record, or one that moved too often meanwhile: said so, not written.
                    Err(refused) => assert!(
                        matches!(
                            refused.code,
                            Code::Aborted | Code::ResourceExhausted | Code::FailedPrecondition
                        ),
                        "{refused:?}"
                    ),
                }
            }
            written
        })
    }))
    .await;
    let written: i64 = written
        .into_iter()
        .map(|writer| writer.expect("no panic"))
        .sum();
    let stored: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM ledger.event WHERE event_type = 'StudyEvidenceAdded'",
    )
    .fetch_one(&service.owner)
    .await
    .expect("a count");
    assert_eq!(stored, written);
    assert!(written > 0);
    soundness::check(&service.owner).await;
    service.stop().await;
}

/// JOINT-01: one person, two offers, both accepted at once and many times over: one stands.
#[tokio::test(flavor = "multi_thread")]
async fn joint_01_one_of_two_offers_is_accepted_however_many_try_at_once() {
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let partner = Partner::opens(&service.cast, &campaign).await;
    let c1 = Trainee::applies(
        &service.cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.hr("2025-12-16")
        .write("MakeOffer", c1.of_application())
        .await;
    let elsewhere = partner.offers(candidate(1)).await;
    let offers = [c1.offer(), Partner::offer(&elsewhere)];
    let answers = join_all((0..16).map(|racer| {
        let (by, offer) = (c1.candidate("2025-12-18"), offers[racer % 2].clone());
        tokio::spawn(async move {
            let accepted = by.call("AcceptOffer", json!({"offer": offer})).await;
            (offer, accepted.map(drop).map_err(|refused| refused.reason))
        })
    }))
    .await;
    let mut accepted = BTreeSet::new();
    for answer in answers {
        let (offer, answer) = answer.expect("no panic");
        match answer {
            Ok(()) => {
                accepted.insert(offer);
            }
            Err(reason) => assert!(
                ["OFFER_ALREADY_ACCEPTED", "VERSION_CONFLICT"].contains(&reason.as_str()),
                "{reason}"
            ),
        }
    }
    assert_eq!(accepted.len(), 1, "one offer stands accepted");
    let given: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM ledger.event WHERE event_type = 'AcceptanceGiven'",
    )
    .fetch_one(&service.owner)
    .await
    .expect("a count");
    assert_eq!(given, 1);
    soundness::check(&service.owner).await;
    service.stop().await;
}
