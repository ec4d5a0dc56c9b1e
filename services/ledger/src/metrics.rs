use std::time::Duration;

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram},
};

use crate::append::Outcome;

/// What the ledger measures about itself.
pub(crate) struct Metrics {
    latency: Histogram<f64>,
    batch: Histogram<u64>,
    outcomes: Counter<u64>,
    retries: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = global::meter("ledger");
        Self {
            latency: meter
                .f64_histogram("ledger.append.duration")
                .with_unit("s")
                .with_description("Time from sending a batch to its answer")
                .build(),
            batch: meter
                .u64_histogram("ledger.append.batch")
                .with_unit("{command}")
                .with_description("Commands per transaction")
                .build(),
            outcomes: meter
                .u64_counter("ledger.append.outcomes")
                .with_unit("{command}")
                .with_description("Commands by outcome: written, repeat, conflict")
                .build(),
            retries: meter
                .u64_counter("ledger.submit.retries")
                .with_unit("{attempt}")
                .with_description("Commands decided again, by cause")
                .build(),
        }
    }

    pub(crate) fn appended(&self, units: usize, took: Duration) {
        self.latency.record(took.as_secs_f64(), &[]);
        self.batch.record(units as u64, &[]);
    }

    pub(crate) fn outcome(&self, outcome: &Outcome) {
        let name = match outcome {
            Outcome::Written { .. } => "written",
            Outcome::Repeat { .. } => "repeat",
            Outcome::Conflict => "conflict",
        };
        self.outcomes.add(1, &[KeyValue::new("outcome", name)]);
    }

    pub(crate) fn retried(&self, cause: &'static str) {
        self.retries.add(1, &[KeyValue::new("cause", cause)]);
    }
}
