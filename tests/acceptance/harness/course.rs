//! What changes the course of a training, as calls of the API.

use serde_json::json;

use super::{
    Cast,
    cast::candidate,
    life::{Campaign, Ids, Trainee, record},
};
use crate::harness::cast::WEXCOMBE;

/// A student identifier of Wexcombe with its check digit.
pub(crate) fn sid(number: u32) -> String {
    let body = format!("2610099001{number:06}");
    let sum: u32 = body
        .chars()
        .zip([1, 3, 7, 9].into_iter().cycle())
        .filter_map(|(digit, weight)| Some(digit.to_digit(10)? * weight))
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

impl Trainee {
    /// Candidate `number`, appointed, funded and in training since 2 March 2026.
    pub(crate) async fn in_training(cast: &Cast, campaign: &Campaign, number: u32) -> Self {
        let vacancy = &campaign.vacancy;
        let person = candidate(u128::from(number));
        let mut trainee = Self::applies(cast, vacancy, person, "2025-11-21", json!({})).await;
        trainee.employer = campaign.employer;
        trainee.is_shortlisted().await;
        trainee.is_interviewed().await;
        trainee.is_appointed().await;
        trainee.accepts().await;
        trainee.is_cleared().await;
        trainee.is_funded().await;
        let ids = Ids {
            sid: &sid(number),
            uln: "",
            assignment: &format!("{}-1", 20_000_000 + number),
        };
        trainee.starts(campaign, &ids, 7).await;
        trainee
    }

    pub(crate) fn of_training(&self) -> serde_json::Value {
        json!({"training": self.training()})
    }

    /// `withdrawals/{uuid}`
    pub(crate) fn withdrawal(&self) -> String {
        record::<domain::withdrawal::Withdrawal>(WEXCOMBE, &self.application)
    }
}
