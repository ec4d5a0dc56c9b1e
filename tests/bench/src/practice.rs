//! What the works through the API write: practice hours of trainings of the population. Each is one
//! event that two parties see.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use contract::v1;
use domain::{
    actor::{ActingRole, Actor, TenantId, TenantKind},
    calendar::midday,
    id::Id,
    permission::{Action, Permit},
    training::{LogPracticeHours, PracticeKind},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::HeaderValue;
use jiff::civil::Date;
use ledger::{Envelope, Ledger, Receipt};
use uuid::Uuid;

use crate::{
    Fault, closed::Writer, contender::trellis, dataset::Target, grpc::Channel, serving::Serving,
};

/// Who logs them.
pub(crate) const ROLE: ActingRole = ActingRole::ServiceManager;

const KINDS: [PracticeKind; 3] = [
    PracticeKind::Contact,
    PracticeKind::CaseManagement,
    PracticeKind::ClinicalSkills,
];

const QUARTERS: u32 = 4;

/// Trainings in which hours are logged: with the supervisors read beside them no more than a server
/// keeps at hand.
const TRAININGS_MAX: usize = trellis::CACHE_ENTRIES / 4;

/// Practice hours not logged yet, one after another over all trainings.
pub(crate) struct Practice {
    targets: Vec<Target>,
    sent: AtomicU64,
    series: Uuid,
}

/// Hours to log.
pub(crate) struct Hours<'p> {
    target: &'p Target,
    day: Date,
    kind: PracticeKind,
    request: Uuid,
}

impl Practice {
    /// Of every training, or of those of some employers.
    pub(crate) fn of(targets: &[Target], wanted: impl Fn(TenantId) -> bool) -> Arc<Self> {
        let mut targets: Vec<Target> = targets
            .iter()
            .filter(|target| wanted(target.employer))
            .cloned()
            .collect();
        // The tail of an id is as good as a shuffle.
        targets.sort_by_key(|target| target.training.as_u128() as u64);
        targets.truncate(TRAININGS_MAX);
        Arc::new(Self {
            targets,
            sent: AtomicU64::new(0),
            series: Uuid::now_v7(),
        })
    }

    /// Has hours of each training logged once, unmeasured. A training that is met for the first time is
    /// loaded from the database, so that slices would measure different things until all have been.
    pub(crate) async fn meet<F>(&self, work: &str, log: impl Fn() -> F) -> Result<(), Fault>
    where
        F: Future<Output = Result<(), Fault>>,
    {
        const AT_ONCE: usize = 32;
        let begun = Instant::now();
        let met = stream::iter(0..self.targets.len()).map(|_| log());
        let met = met.buffer_unordered(AT_ONCE);
        met.try_for_each(|()| std::future::ready(Ok(()))).await?;
        eprintln!(
            "{work} · met {} trainings in {:.1} s",
            self.targets.len(),
            begun.elapsed().as_secs_f64()
        );
        Ok(())
    }

    pub(crate) fn next(&self) -> Result<Hours<'_>, Fault> {
        let nth = self.sent.fetch_add(1, Ordering::Relaxed) as usize;
        let trainings = self.targets.len().max(1);
        let target = self.targets.get(nth % trainings);
        let target = target.ok_or("the population has no training under way")?;
        let turn = target.logged.fetch_add(1, Ordering::Relaxed);
        let day = target.days.get(turn / KINDS.len());
        let kind = KINDS.get(turn % KINDS.len());
        let (Some(day), Some(kind)) = (day, kind) else {
            return Err("every day of every training has its hours; fill more".into());
        };
        Ok(Hours {
            target,
            day: *day,
            kind: *kind,
            request: Uuid::new_v5(&self.series, &nth.to_be_bytes()),
        })
    }
}

impl Hours<'_> {
    fn message(&self) -> v1::LogPracticeHoursRequest {
        v1::LogPracticeHoursRequest {
            request_id: self.request.to_string(),
            effective: self.day.to_string(),
            training: format!("trainings/{}", self.target.training),
            kind: self.kind.to_string(),
            intervention: String::new(),
            quarter_hours: QUARTERS as i32,
        }
    }

    /// Logs them past the API.
    pub(crate) async fn submit(&self, ledger: &Ledger) -> Result<(TenantId, Receipt), Fault> {
        let actor = Actor {
            tenant: self.target.employer,
            kind: TenantKind::Employer,
            role: ROLE,
            person: None,
            client: Some("bench".to_owned()),
        };
        let permit = Permit::grant(actor, Action::LogPracticeHours).ok_or("not permitted")?;
        let envelope = Envelope {
            effective: Some(midday(self.day)),
            ..Envelope::new(self.request, [1; 32])
        };
        let command = LogPracticeHours {
            training: Id::new(self.target.training),
            kind: self.kind,
            intervention: None,
            quarters: QUARTERS,
        };
        let receipt = ledger.submit(&permit, envelope, &command).await?;
        Ok((self.target.employer, receipt))
    }
}

/// Tokens, one for each employer.
pub(crate) struct Tokens(HashMap<TenantId, HeaderValue>);

impl Tokens {
    pub(crate) fn of(serving: &Serving, targets: &[Target]) -> Result<Arc<Self>, Fault> {
        let mut tokens = HashMap::new();
        for target in targets {
            if let Entry::Vacant(slot) = tokens.entry(target.employer) {
                let header = serving.authorization(target.employer, ROLE)?;
                slot.insert(HeaderValue::from_str(&header)?);
            }
        }
        Ok(Arc::new(Self(tokens)))
    }

    pub(crate) fn get(&self, tenant: TenantId) -> Result<&HeaderValue, Fault> {
        self.0.get(&tenant).ok_or_else(|| "no token".into())
    }

    pub(crate) fn tenants(&self) -> impl Iterator<Item = TenantId> + Clone {
        self.0.keys().copied()
    }
}

/// A client of the API that logs hours.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) channel: Channel,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) practice: Arc<Practice>,
}

impl Client {
    /// Logs the next hours; answers with the employer, and how far its feed reaches with them.
    pub(crate) async fn log(&self) -> Result<(TenantId, u64), Fault> {
        let hours = self.practice.next()?;
        let employer = hours.target.employer;
        let token = self.tokens.get(employer)?;
        let answer = self.channel.call(token, &hours.message()).await?;
        let receipt = answer.receipt.ok_or("no receipt")?;
        Ok((employer, receipt.position.unsigned_abs()))
    }
}

impl Writer for Client {
    async fn command(&mut self) -> Result<(), Fault> {
        self.log().await?;
        Ok(())
    }
}

/// Calls under way on one connection.
const CALLS_A_CONNECTION: usize = 8;

/// Clients that share connections.
pub(crate) async fn clients(
    serving: &Serving,
    tokens: &Arc<Tokens>,
    practice: &Arc<Practice>,
    count: usize,
) -> Result<Vec<Client>, Fault> {
    let mut clients = Vec::with_capacity(count);
    while clients.len() < count {
        let channel = Channel::connect(serving).await?;
        for _ in 0..CALLS_A_CONNECTION.min(count - clients.len()) {
            clients.push(Client {
                channel: channel.clone(),
                tokens: Arc::clone(tokens),
                practice: Arc::clone(practice),
            });
        }
    }
    Ok(clients)
}
