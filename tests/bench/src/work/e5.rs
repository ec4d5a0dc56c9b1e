//! Watched dashboards on which nothing happens: what one costs that is open and idle.

use domain::actor::{ActingRole, TenantId};
use http::HeaderValue;

use contract::v1::{WatchDashboardRequest, WatchDashboardResponse};

use super::e2::STREAMS_A_CONNECTION;
use crate::{
    Bench, Fault,
    contender::trellis,
    dataset::Filler,
    grpc::Channel,
    machine::resident_bytes,
    measure::{Cell, Sample},
    practice::ROLE,
    serving::Serving,
};

pub(crate) const NAME: &str = "e5";

/// Watched dashboards of one tenant, of the 64 that it may have.
const WATCHERS_A_TENANT: usize = 63;

const WATCH: &str = "/trellis.v1.DashboardService/WatchDashboard";

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let population = bench.population().await?;
    views::projector(&population.open().await?)
        .catch_up()
        .await?;
    let serving = Serving::start(&population, true).await?;
    let mut cells = vec![];
    for watchers in bench.scale.watchers() {
        let serving = &serving;
        let case = format!("{watchers} idle watchers");
        cells.push(Cell::new(case, trellis::NAME, move || {
            Box::pin(async move {
                let before = resident_bytes(serving.pid());
                let following = watch(serving, watchers).await?;
                let opened = resident_bytes(serving.pid()).saturating_sub(before);
                tokio::time::sleep(pace.warm).await;
                let spent = machine.spent();
                tokio::time::sleep(pace.slice).await;
                let mut sample = Sample::since(&machine, spent, watchers as u64);
                following.iter().for_each(tokio::task::JoinHandle::abort);
                sample
                    .figures
                    .insert("KiB each", opened as f64 / 1024.0 / watchers as f64);
                Ok(sample)
            })
        }));
    }
    bench.interleave_long(NAME, cells).await;
    serving.stop().await
}

/// Opens so many, each with its first dashboard received.
async fn watch(
    serving: &Serving,
    watchers: usize,
) -> Result<Vec<tokio::task::JoinHandle<()>>, Fault> {
    let mut tenants = (0..)
        .map(|nth| (Filler::employer(nth), ROLE))
        .take(Filler::EMPLOYERS)
        .chain(
            (0..)
                .map(|nth| (Filler::university(nth), ActingRole::ProgrammeLead))
                .take(Filler::UNIVERSITIES),
        );
    let mut following = vec![];
    let mut channel = Channel::connect(serving).await?;
    let mut whose: Option<(TenantId, HeaderValue)> = None;
    for nth in 0..watchers {
        if nth % WATCHERS_A_TENANT == 0 {
            let (tenant, role) = tenants
                .next()
                .ok_or("more watchers than tenants may have")?;
            let bearer = HeaderValue::from_str(&serving.authorization(tenant, role)?)?;
            whose = Some((tenant, bearer));
        }
        if nth % STREAMS_A_CONNECTION == 0 {
            channel = Channel::connect(serving).await?;
        }
        let (_, bearer) = whose.as_ref().ok_or("nobody watches")?;
        let mut messages = channel
            .subscribe(WATCH, bearer, &WatchDashboardRequest {})
            .await?;
        let first = messages.next::<WatchDashboardResponse>().await?;
        first.ok_or("a watched dashboard ended at once")?;
        following.push(tokio::spawn(async move {
            while let Ok(Some(_)) = messages.next::<WatchDashboardResponse>().await {}
        }));
    }
    Ok(following)
}
