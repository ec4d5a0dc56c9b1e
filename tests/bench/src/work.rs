//! What is measured: a file each. A new work is a file and a line here.

mod w1;

use futures::future::LocalBoxFuture;

use crate::{Bench, Fault, report::Bar};

/// One work: what it is, how it is done, and what it has to reach.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: for<'a> fn(&'a mut Bench) -> LocalBoxFuture<'a, Result<(), Fault>>,
    pub(crate) bars: &'static [Bar],
}

/// Every work, in the order in which they run.
pub(crate) const ALL: &[Work] = &[Work {
    name: w1::NAME,
    about: "append: load, decide, one event, durable",
    run: |bench| Box::pin(w1::run(bench)),
    bars: w1::BARS,
}];
