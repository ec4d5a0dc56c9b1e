//! Non-interference (C.3): random histories, each played twice from the same stored bytes, with and
//! without what the other side does for itself. Every byte that a viewer can obtain is equal: from
//! every RPC in every role, from feeds and dashboards as they go on, from pages and exports, from
//! refusals, headers and trailers. Services that are careless in one way each are found out.
//!
//! - [`history`]: acts and orders of acts; [`worlds`]: who can do what
//! - [`surface`], [`live`], [`pages`]: everything there is to obtain; [`wire`]: as bytes
//! - [`names`]: what differs from run to run of the very same history, and why it tells nothing
//! - [`careless`]: what would leak
//!
//! A run plays a few histories of each world; `PROPTEST_CASES` says how many instead.

pub(crate) mod careless;
mod history;
mod live;
mod names;
mod pages;
mod surface;
mod wire;
mod worlds;

use std::{collections::BTreeSet, sync::Arc};

use domain::actor::{
    ActingRole::{self, EmployerHr},
    TenantKind,
};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Handle;

use self::{
    careless::Leak,
    history::{Run, Step, World, does, request_id},
    live::Ears,
    names::Names,
    surface::{Asker, Heard, Known, Surface, Viewer, differing, encoded, named},
    worlds::Base,
};
use crate::harness::{
    Service,
    cast::{AUDITOR, NORTHMOOR, WEXCOMBE, candidate},
};

/// Histories of each world in an ordinary run.
const HISTORIES: u32 = 2;
/// How many times strands are taken up in one.
const STEPS: std::ops::Range<usize> = 6..24;
/// How often it is tried to make a history simpler that shows something.
const SHRINKS: u32 = 24;
/// Differences that are printed.
const SHOWN: usize = 8;

const EMPLOYER: Viewer = Viewer {
    tenant: NORTHMOOR,
    kind: TenantKind::Employer,
};
const UNIVERSITY: Viewer = Viewer {
    tenant: WEXCOMBE,
    kind: TenantKind::University,
};
const CANDIDATE: Viewer = Viewer {
    tenant: candidate(1),
    kind: TenantKind::Person,
};

/// What is looked at, and through what.
struct Looks {
    base: Arc<Base>,
    world: World,
    viewer: Viewer,
    roles: Vec<ActingRole>,
    leak: Option<Leak>,
    with_pages: bool,
}

/// One run after its history.
struct Ran {
    service: Service,
    heard: Heard,
    hidden: usize,
    careless: Option<careless::Careless>,
}

impl Ran {
    async fn vanishes(self) {
        if let Some(careless) = self.careless {
            careless.ends();
        }
        self.service.vanish().await;
    }
}

impl Looks {
    async fn runs(&self, steps: &[Step], run: Run) -> Ran {
        let mut service = Service::start_from(&self.base.left).await;
        let careless = match self.leak {
            Some(leak) => Some(careless::put_before(&mut service, self.viewer.tenant, leak).await),
            None => None,
        };
        let mut ears = Ears::open(&service, self.viewer, &self.roles).await;
        let (mut heard, mut hidden) = (vec![], 0);
        for step in steps {
            let Some((act, message)) = self.world.sent(*step, run) else {
                continue;
            };
            let own = act.by.0 == self.viewer.tenant;
            if own {
                let method = service.cast.api.method(act.method);
                let token = self.viewer.token(&service, act.by.1);
                let channel = &service.cast.api.channel;
                let bytes = encoded(&method, &message);
                let open = wire::open(channel, &token, &method, &bytes).await;
                heard.push((format!("{step:?}"), open.all().await));
                service.cast.settle().await;
            } else {
                let done = does(&service, act, message).await;
                // Of what it may not see, an auditor can dispute nothing, and is told nothing.
                assert!(!(done && act.by.0 == AUDITOR), "{step:?} is a dispute");
                // The deadline may have passed before a word is said; nothing else comes too late.
                let means = self.world.strands[step.0].is_told_apart() && step.1 == 0;
                assert!(done || !means || act.seal.is_some(), "{step:?} is refused");
                hidden += usize::from(done && self.world.strands[step.0].is_hidden());
            }
            let head = service.cast.ledger.head(self.viewer.tenant).await;
            ears.hear(head.expect("a head")).await;
        }
        heard.extend(ears.closed());
        Ran {
            service,
            heard,
            hidden,
            careless,
        }
    }

    async fn obtains(&self, ran: &mut Ran, known: &Known) -> Surface {
        let asker = Asker::new(&ran.service, &self.base, self.viewer, known).await;
        let everything = asker.everything(&self.roles, self.with_pages).await;
        ran.heard.extend(everything);
        let names = Names::of(&ran.service, self.viewer.tenant, self.base.ended).await;
        named(&ran.heard, &names)
    }

    /// Plays a history twice: how much was hidden, and what shows of it.
    async fn shows(&self, order: &[u8]) -> (usize, Vec<String>) {
        let steps = self.world.steps(order);
        let mut with = self.runs(&steps, Run::With).await;
        let hidden = with.hidden;
        let known = Known {
            records: recorded(&with.service).await,
            requests: steps.iter().map(|step| request_id(*step)).collect(),
        };
        let other = self.obtains(&mut with, &known).await;
        with.vanishes().await;
        let mut without = self.runs(&steps, Run::Without).await;
        let one = self.obtains(&mut without, &known).await;
        without.vanishes().await;
        (hidden, differing(&one, &other))
    }

    /// Plays so many histories. The simplest that shows something, or how much was hidden in all.
    fn plays(&self, cases: u32) -> Result<usize, (Vec<u8>, String)> {
        let config = Config {
            cases,
            max_shrink_iters: if self.leak.is_some() { 0 } else { SHRINKS },
            failure_persistence: None,
            ..Config::default()
        };
        let seed = TestRng::from_seed(RngAlgorithm::ChaCha, b"what the other side does not see");
        let hidden = std::cell::Cell::new(0);
        let orders = self.world.orders(STEPS);
        let run = TestRunner::new_with_rng(config, seed).run(&orders, |order| {
            let played =
                tokio::task::block_in_place(|| Handle::current().block_on(self.shows(&order)));
            hidden.set(hidden.get() + played.0);
            match played.1.as_slice() {
                [] => Ok(()),
                shows => Err(TestCaseError::fail(
                    shows
                        .iter()
                        .take(SHOWN)
                        .cloned()
                        .collect::<Vec<_>>()
                        .join("\n"),
                )),
            }
        });
        match run {
            Ok(()) => Ok(hidden.get()),
            Err(TestError::Fail(why, order)) => Err((order, why.to_string())),
            Err(other) => panic!("{other}"),
        }
    }
}

async fn recorded(service: &Service) -> BTreeSet<(String, String)> {
    sqlx::query_as("SELECT aggregate_type, aggregate_id FROM ledger.stream WHERE version > 0")
        .fetch_all(&service.owner)
        .await
        .expect("the owner reads streams")
        .into_iter()
        .collect()
}

fn nothing_shows(base: Arc<Base>, world: World, viewer: Viewer) {
    let looks = Looks {
        base,
        world,
        viewer,
        roles: viewer.roles().collect(),
        leak: None,
        with_pages: true,
    };
    let cases = std::env::var("PROPTEST_CASES").ok();
    let cases = cases.and_then(|cases| cases.parse().ok());
    match looks.plays(cases.unwrap_or(HISTORIES)) {
        Ok(hidden) => assert!(hidden > 0, "something is done that must not show"),
        Err((order, shows)) => panic!("{:?} shows:\n{shows}", looks.world.steps(&order)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_an_employer_obtains_the_same_whatever_is_sealed_and_applied_for_elsewhere() {
    let base = worlds::selecting().await;
    let world = base.selecting(NORTHMOOR);
    nothing_shows(base, world, EMPLOYER);
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_a_university_obtains_the_same_whatever_the_employer_seals() {
    let base = worlds::selecting().await;
    let world = base.selecting(WEXCOMBE);
    nothing_shows(base, world, UNIVERSITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_a_candidate_obtains_the_same_whatever_either_side_seals() {
    let base = worlds::selecting().await;
    let world = base.selecting(candidate(1));
    nothing_shows(base, world, CANDIDATE);
}

#[tokio::test(flavor = "multi_thread")]
async fn c_2_an_employer_obtains_the_same_whatever_is_marked_claimed_and_discussed() {
    let base = worlds::training().await;
    let world = base.training(NORTHMOOR);
    nothing_shows(base, world, EMPLOYER);
}

#[tokio::test(flavor = "multi_thread")]
async fn c_2_a_university_obtains_the_same_whatever_the_employer_spends_and_whom_it_names() {
    let base = worlds::training().await;
    let world = base.training(WEXCOMBE);
    nothing_shows(base, world, UNIVERSITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn c_4_a_trainee_obtains_the_same_whatever_is_marked_discussed_and_spent() {
    let base = worlds::training().await;
    let world = base.training(candidate(1));
    nothing_shows(base, world, CANDIDATE);
}

/// The same property of a service that is careless in one way: it does not hold.
#[tokio::test(flavor = "multi_thread")]
async fn c_3_a_version_count_position_reason_or_token_that_leaks_is_found() {
    let base = worlds::selecting().await;
    for leak in Leak::OF_ALL {
        let looks = Looks {
            base: Arc::clone(&base),
            world: base.selecting(NORTHMOOR),
            viewer: EMPLOYER,
            roles: vec![EmployerHr],
            leak: Some(leak),
            with_pages: false,
        };
        let (order, shows) = looks.plays(1).expect_err("found");
        let steps = looks.world.steps(&order);
        let asked = match leak {
            Leak::Version => "GetApplication",
            Leak::Count | Leak::PageToken => "GetDashboard",
            Leak::Position => "ListFeed",
            Leak::Reason => "MakeOffer",
            _ => unreachable!("no leak of all"),
        };
        assert!(
            shows.contains(asked),
            "{leak:?} is found by {steps:?}: {shows}"
        );
    }
}
