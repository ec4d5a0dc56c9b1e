//! Dashboards read while practice is logged and the views follow.

use std::sync::Arc;

use contract::v1::GetDashboardRequest;
use domain::actor::TenantId;

use super::fairness::sending;
use crate::{
    Bench, Fault,
    closed::{Writer, closed_loop},
    contender::trellis,
    grpc::Channel,
    measure::Cell,
    open::open_loop,
    practice::{Practice, Tokens, clients},
    serving::Serving,
};

pub(crate) const NAME: &str = "e3";

const READERS: usize = 8;

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let population = bench.population().await?;
    views::projector(&population.open().await?)
        .catch_up()
        .await?;
    let serving = Serving::start(&population, true).await?;
    let targets = population.filler.targets();
    let tokens = Tokens::of(&serving, targets)?;
    let practice = Practice::of(targets, |_| true);
    let writers = Arc::new(clients(&serving, &tokens, &practice, 32).await?);
    let mut cells = vec![];
    for rate in [0.0, 200.0] {
        let case = format!("{READERS} readers beside {rate} writes a second");
        let (serving, tokens, writers) = (&serving, &tokens, &writers);
        cells.push(Cell::new(case, trellis::NAME, move || {
            Box::pin(async move {
                let mut readers = readers(serving, tokens, READERS).await?;
                let reading = closed_loop(&machine, &mut readers, pace);
                if rate > 0.0 {
                    let writing = open_loop(&machine, rate, pace, sending(writers));
                    let (read, written) = tokio::join!(reading, writing);
                    written?;
                    return read;
                }
                reading.await
            })
        }));
    }
    bench.interleave(NAME, cells).await;
    serving.stop().await
}

/// Somebody who looks at dashboards of one employer after the other.
pub(crate) struct Reader {
    channel: Channel,
    tokens: Arc<Tokens>,
    tenants: Vec<TenantId>,
    nth: usize,
}

pub(crate) async fn readers(
    serving: &Serving,
    tokens: &Arc<Tokens>,
    count: usize,
) -> Result<Vec<Reader>, Fault> {
    let channel = Channel::connect(serving).await?;
    Ok((0..count)
        .map(|nth| Reader {
            channel: channel.clone(),
            tokens: Arc::clone(tokens),
            tenants: tokens.tenants().collect(),
            nth,
        })
        .collect())
}

impl Writer for Reader {
    async fn command(&mut self) -> Result<(), Fault> {
        self.nth = (self.nth + 1) % self.tenants.len().max(1);
        let tenant = self.tenants.get(self.nth).ok_or("no tenant")?;
        let request = GetDashboardRequest::default();
        self.channel
            .call(self.tokens.get(*tenant)?, &request)
            .await?;
        Ok(())
    }
}
