//! Several trainees of one campaign, as far as a test needs them.

use serde_json::json;

use super::{
    Cast,
    cast::candidate,
    life::{Campaign, Ids, Trainee, board},
};

/// The numbers of made-up trainees, by candidate.
const NUMBERS: [(u128, &str, &str); 8] = [
    (11, "26100990010000114", "20000011-1"),
    (12, "26100990010000125", "20000012-1"),
    (13, "26100990010000136", "20000013-1"),
    (14, "26100990010000147", "20000014-1"),
    (21, "26100990010000217", "20000021-1"),
    (22, "26100990010000228", "20000022-1"),
    (23, "26100990010000239", "20000023-1"),
    (24, "26100990010000240", "20000024-1"),
];

/// Candidate `number` applies and is appointed, with every condition met.
pub(crate) async fn appointed(cast: &Cast, campaign: &Campaign, number: u128) -> Trainee {
    let vacancy = &campaign.vacancy;
    let trainee = Trainee::applies(cast, vacancy, candidate(number), "2025-11-21", json!({})).await;
    trainee.is_shortlisted().await;
    trainee.is_interviewed().await;
    trainee.is_appointed().await;
    trainee.accepts().await;
    trainee.is_cleared().await;
    trainee
}

/// Candidate `number` applies, is appointed and funded, and starts.
pub(crate) async fn in_training(cast: &Cast, campaign: &Campaign, number: u128) -> Trainee {
    let (_, sid, assignment) = NUMBERS
        .iter()
        .find(|(known, ..)| *known == number)
        .expect("a candidate with numbers");
    let trainee = appointed(cast, campaign, number).await;
    trainee.is_funded().await;
    let ids = Ids {
        sid,
        uln: "",
        assignment,
    };
    trainee.starts(campaign, &ids, 7).await;
    trainee
}

/// All of them practise and pass one board; the results are released. Answers with its sitting.
pub(crate) async fn pass(trainees: &[&Trainee]) -> String {
    let first = trainees.first().expect("somebody");
    for trainee in trainees {
        trainee.practises().await;
    }
    let sitting = first
        .secretary("2027-03-10")
        .write("HoldBoard", board("qualifying", 2, 1))
        .await;
    for trainee in trainees {
        trainee
            .secretary("2027-03-10")
            .write("RatifyOutcome", trainee.passes(&sitting))
            .await;
    }
    for trainee in trainees {
        trainee
            .secretary("2027-03-12")
            .write("ReleaseResult", trainee.of_application())
            .await;
    }
    sitting
}
