//! The record that every peer keeps: one shift after another in streams of twenty, an event of
//! about 400 bytes and metadata of about 160.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Events of one stream before the next is begun.
pub(crate) const STREAM_EVENTS: u64 = 20;

/// Where a shift is worked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Site {
    pub(crate) street: String,
    pub(crate) town: String,
    pub(crate) postcode: String,
    pub(crate) country: String,
}

/// Facts of a rota.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum ShiftEvent {
    ShiftWorked {
        rota: String,
        ward: String,
        activity: String,
        quarters: u64,
        pence: u64,
        currency: String,
        remark: String,
        tags: Vec<String>,
        site: Site,
        recorded: String,
    },
}

impl ShiftEvent {
    /// The `n`-th shift of a rota.
    pub(crate) fn nth(rota: &str, n: u64) -> Self {
        Self::ShiftWorked {
            rota: rota.to_owned(),
            ward: format!("WARD-{:08}", n * 7919 % 99_999_999),
            activity: "guided self-help by telephone".to_owned(),
            quarters: n % 9 + 1,
            pence: n * 37 % 10_000,
            currency: "GBP".to_owned(),
            remark: "covered at short notice, handover written, next week unchanged".to_owned(),
            tags: vec!["nights".to_owned(), "priority".to_owned()],
            site: Site {
                street: "Long Street 123".to_owned(),
                town: "Rotherham".to_owned(),
                postcode: "S60 1AA".to_owned(),
                country: "GB".to_owned(),
            },
            recorded: "2026-11-20T10:24:31.123456Z".to_owned(),
        }
    }
}

/// What has been worked so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rota {
    pub(crate) shifts: u64,
    pub(crate) quarters: u64,
    pub(crate) pence: u64,
}

impl Rota {
    /// Takes one shift in.
    pub(crate) fn take(&mut self, event: &ShiftEvent) {
        let ShiftEvent::ShiftWorked {
            quarters, pence, ..
        } = event;
        self.shifts += 1;
        self.quarters += quarters;
        self.pence += quarters * pence;
    }
}

/// What accompanies each event.
pub(crate) fn metadata() -> HashMap<String, String> {
    [
        ("correlation_id", "0192f1c2-7d3b-7a11-9c55-0c8f7b1d2e3f"),
        ("causation_id", "0192f1c2-7d3b-7a11-9c55-0c8f7b1d2e40"),
        ("user_id", "user-000123"),
        ("source", "rota-service"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}
