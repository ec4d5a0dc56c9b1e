//! What is measured: a file each. A new work is a file and a line here.

mod e1;
mod e2;
mod e3;
mod e4;
mod e5;
mod fairness;
mod growth;
mod m1;
mod v1;
mod w1;
mod w2;
mod w3;
mod w4;
mod w5;
mod w6;
mod w7;

use futures::future::LocalBoxFuture;

use crate::{Bench, Fault, report::Bar};

/// One work: what it is, how it is done, and what it has to reach.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: for<'a> fn(&'a mut Bench) -> LocalBoxFuture<'a, Result<(), Fault>>,
    pub(crate) bars: &'static [Bar],
    /// Whether a quick run has it too.
    pub(crate) quick: bool,
    /// Whether it only runs when it is named.
    pub(crate) named: bool,
}

/// Every work, in the order in which they run.
pub(crate) const ALL: &[Work] = &[
    Work {
        name: w1::NAME,
        about: "append: load, decide, one event, durable",
        run: |bench| Box::pin(w1::run(bench)),
        bars: w1::BARS,
        quick: true,
        named: false,
    },
    Work {
        name: w2::NAME,
        about: "append three events in one commit, events a second",
        run: |bench| Box::pin(w2::run(bench)),
        bars: &[],
        quick: false,
        named: false,
    },
    Work {
        name: w3::NAME,
        about: "load a stream and fold it, streams a second",
        run: |bench| Box::pin(w3::run(bench)),
        bars: w3::BARS,
        quick: true,
        named: false,
    },
    Work {
        name: w4::NAME,
        about: "replay of everything, events a second",
        run: |bench| Box::pin(w4::run(bench)),
        bars: w4::BARS,
        quick: true,
        named: false,
    },
    Work {
        name: w5::NAME,
        about: "catch-up of the employer view, exactly once, events a second",
        run: |bench| Box::pin(w5::run(bench)),
        bars: w5::BARS,
        quick: true,
        named: false,
    },
    Work {
        name: w6::NAME,
        about: "rebuild of every view, folded events a second",
        run: |bench| Box::pin(w6::run(bench)),
        bars: &[],
        quick: true,
        named: false,
    },
    Work {
        name: w7::NAME,
        about: "from a command to the view that shows it",
        run: |bench| Box::pin(w7::run(bench)),
        bars: w7::BARS,
        quick: true,
        named: false,
    },
    Work {
        name: e1::NAME,
        about: "append through gRPC with TLS, authentication and authorisation",
        run: |bench| Box::pin(e1::run(bench)),
        bars: e1::BARS,
        quick: true,
        named: false,
    },
    Work {
        name: e2::NAME,
        about: "feed subscriptions, delivered events a second",
        run: |bench| Box::pin(e2::run(bench)),
        bars: &[],
        quick: false,
        named: false,
    },
    Work {
        name: e3::NAME,
        about: "dashboards read while practice is logged",
        run: |bench| Box::pin(e3::run(bench)),
        bars: &[],
        quick: true,
        named: false,
    },
    Work {
        name: e4::NAME,
        about: "open web pages: from a command's answer to the page that shows it, shown a second",
        run: |bench| Box::pin(e4::run(bench)),
        bars: &[],
        quick: true,
        named: false,
    },
    Work {
        name: e5::NAME,
        about: "watched dashboards on which nothing happens",
        run: |bench| Box::pin(e5::run(bench)),
        bars: &[],
        quick: false,
        named: false,
    },
    Work {
        name: fairness::NAME,
        about: "calm tenants beside one at 100 times its share",
        run: |bench| Box::pin(fairness::run(bench)),
        bars: fairness::BARS,
        quick: true,
        named: false,
    },
    Work {
        name: v1::NAME,
        about: "what narrowing a feed and checking a command cost",
        run: |bench| Box::pin(v1::run(bench)),
        bars: v1::BARS,
        quick: true,
        named: false,
    },
    Work {
        name: growth::NAME,
        about: "the same at growing histories",
        run: |bench| Box::pin(growth::run(bench)),
        bars: growth::BARS,
        quick: false,
        named: false,
    },
    Work {
        name: m1::NAME,
        about: "a million trainees: dashboards, a rebuild of every view, dashboards beside it",
        run: |bench| Box::pin(m1::run(bench)),
        bars: &[],
        quick: false,
        named: true,
    },
];
