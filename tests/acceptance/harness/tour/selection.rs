//! Posts that are offered, kept for, taken back and passed on.

use domain::{
    actor::ActingRole::{CommissionerNational, EmployerHr, Evaluator, NetworkLead},
    deferral::Deferral,
    referral::Referral,
    reserve::ReserveList,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{
    Cast,
    cast::{COMMISSIONER, EVALUATOR, NETWORK, NORTHMOOR, WEXCOMBE, candidate},
    later::Later,
    life::{Campaign, Trainee, record},
    partner::Partner,
};

/// The list of the posts of a campaign's vacancy.
pub(crate) fn reserve_list(campaign: &Campaign) -> String {
    let vacancy = campaign.vacancy.rsplit('/').next().unwrap_or_default();
    let vacancy = Uuid::try_parse(vacancy).expect("a resource name");
    ReserveList::id(NORTHMOOR, domain::id::Id::new(vacancy)).name()
}

/// Somebody whom both parties accept.
pub(crate) async fn appointed(cast: &Cast, campaign: &Campaign, number: u128) -> Trainee {
    let vacancy = &campaign.vacancy;
    let one = Trainee::applies(cast, vacancy, candidate(number), "2025-11-21", json!({})).await;
    one.is_shortlisted().await;
    one.is_interviewed().await;
    one.is_appointed().await;
    one
}

/// R1 waits and goes; R2 waits, gets the post taken back from R3, and does not answer; R3 is offered
/// another one after all.
pub(super) async fn posts(cast: &Cast, campaign: &Campaign) {
    let [r1, r2, r3] = [
        appointed(cast, campaign, 21).await,
        appointed(cast, campaign, 22).await,
        appointed(cast, campaign, 23).await,
    ];
    for waits in [&r1, &r2] {
        waits
            .hr("2025-12-16")
            .write("PlaceOnReserve", waits.of_application())
            .await;
    }
    r1.candidate("2025-12-17")
        .write("WithdrawApplication", r1.of_application())
        .await;
    r3.hr("2025-12-16")
        .write("MakeOffer", r3.of_application())
        .await;
    r3.hr("2025-12-19")
        .write(
            "RescindOffer",
            json!({"offer": r3.offer(), "reason": "post_withdrawn"}),
        )
        .await;
    cast.settle().await;
    let mistaken = json!({"offer": r3.offer(), "reason": "another_offer"});
    r3.hr("2025-12-19").write("ReinstateOffer", mistaken).await;
    cast.settle().await;
    cast.of(NORTHMOOR, EmployerHr)
        .get("GetReserveList", json!({"name": reserve_list(campaign)}))
        .await;
}

/// C8 starts with the later intake, which the university refuses first; C9, whom the employer
/// rejects, goes to another partner; C1 declares what nobody else sees.
pub(super) async fn elsewhere(cast: &Cast, campaign: &Campaign) {
    let later = Later::opens(cast, campaign).await;
    let c8 = appointed(cast, campaign, 8).await;
    c8.accepts().await;
    cast.settle().await;
    let deferral = record::<Deferral>(NORTHMOOR, &c8.application);
    let ask = json!({"application": c8.application, "vacancy": later.vacancy});
    let answer = json!({"deferral": deferral});
    c8.candidate("2026-01-20")
        .write("RequestDeferral", ask.clone())
        .await;
    c8.admissions("2026-01-21")
        .write("RefuseDeferral", answer.clone())
        .await;
    c8.candidate("2026-01-22")
        .write("RequestDeferral", ask)
        .await;
    for side in [c8.admissions("2026-01-23"), c8.hr("2026-01-23")] {
        side.write("AgreeDeferral", answer.clone()).await;
    }
    c8.candidate("")
        .get("GetDeferral", json!({"name": deferral}))
        .await;

    let partner = Partner::opens(cast, campaign).await;
    let vacancy = &campaign.vacancy;
    let c9 = Trainee::applies(cast, vacancy, candidate(9), "2025-11-21", json!({})).await;
    rejected_by_the_employer(&c9).await;
    for method in [
        "ConsentToReferral",
        "WithdrawReferralConsent",
        "ConsentToReferral",
    ] {
        c9.candidate("2025-12-17")
            .write(method, c9.of_application())
            .await;
    }
    c9.admissions("2025-12-18")
        .write("ReferCandidate", refers(&c9, &partner))
        .await;
    c9.admissions("")
        .get("GetReferral", json!({"name": referral(&c9)}))
        .await;

    c8.candidate("2025-11-21")
        .write("DeclareLivedExperience", json!({"declared": true}))
        .await;
    let answers = json!([{"code_set": "nhs_ethnic_category_2001", "code": "Z"}]);
    let own = c8
        .candidate("2025-11-21")
        .write("AnswerMonitoring", json!({"answers": answers}))
        .await;
    c8.candidate("")
        .get("GetMonitoring", json!({"name": own}))
        .await;
    cast.settle().await;
    c8.commissioner("")
        .get("GetSelectionReport", json!({"intake": campaign.intake}))
        .await;
    published(cast).await;
}

/// The statistics of a month.
async fn published(cast: &Cast) {
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2026-01-05")
        .write("PublishEdiRelease", json!({}))
        .await;
    let whose = json!({"commissioner": COMMISSIONER.to_string()});
    for (tenant, role) in [
        (COMMISSIONER, CommissionerNational),
        (NETWORK, NetworkLead),
        (EVALUATOR, Evaluator),
    ] {
        let reader = cast.of(tenant, role);
        reader.get("GetEdiRelease", whose.clone()).await;
        reader.get("ListEdiReleases", whose.clone()).await;
    }
}

/// The university accepts, the employer does not.
pub(crate) async fn rejected_by_the_employer(one: &Trainee) {
    one.is_shortlisted().await;
    one.is_interviewed().await;
    one.hr("2025-12-12")
        .write("SealDecision", one.employers(1, "reject", &[]))
        .await;
    one.admissions("2025-12-15")
        .write("SealDecision", one.universitys(1, "accept", &[]))
        .await;
}

/// What the university sends to put somebody forward to the partner.
pub(crate) fn refers(one: &Trainee, partner: &Partner) -> Value {
    json!({
        "application": one.application,
        "vacancy": partner.vacancy,
        "candidate_name": "Ada Fairweather",
        "contact": "ada.fairweather@example.org",
        "statement": "I want to help people recover.",
        "degree_detail": "BSc Sociology, 2:1",
    })
}

/// `referrals/{uuid}` of somebody's application.
pub(crate) fn referral(one: &Trainee) -> String {
    record::<Referral>(WEXCOMBE, &one.application)
}
