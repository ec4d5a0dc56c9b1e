use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, atomic::AtomicUsize},
};

use domain::actor::{PersonId, TenantId, TenantKind};
use jiff::{Timestamp, civil::Date};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    copy::{Chunk, heads, store_heads},
    life::{Cast, Life, Lived, events_of},
    template::{Role, Template},
};
use crate::{Fault, cluster::Database};

/// Events written in one transaction.
const CHUNK_EVENTS: u64 = 5_000;

/// Connections that write at the same time.
const LOADERS: usize = 3;

/// At most so many lives are lived side by side.
const LIVES_MAX: u64 = 64;

/// Time between two recorded commands.
const STEP_MICROS: i64 = 20;

/// Trainings kept for whoever wants to log practice.
const TARGETS_MAX: usize = 200_000;

/// A training in which practice can be logged on many days.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) training: Uuid,
    pub(crate) employer: TenantId,
    /// Whose it is.
    pub(crate) person: PersonId,
    /// Days on which none of any kind is logged yet.
    pub(crate) days: Arc<[Date]>,
    /// Entries logged by whoever works with it: the same hours again would write nothing.
    pub(crate) logged: Arc<AtomicUsize>,
}

/// The last position of every feed.
#[derive(Debug, Default)]
pub(super) struct Heads(HashMap<Uuid, i64>);

impl Heads {
    pub(super) fn next(&mut self, tenant: Uuid) -> i64 {
        let head = self.0.entry(tenant).or_default();
        *head += 1;
        *head
    }
}

/// Fills one database, in steps if need be.
pub(crate) struct Filler {
    template: Arc<Template>,
    database: Database,
    heads: Heads,
    lives: u64,
    events: u64,
    recorded: i64,
    targets: Vec<Target>,
    /// One life of so many is whole, and the others are abridged.
    whole_every: u64,
    lasting: Lasting,
}

/// Whether organisations stay as they are.
#[derive(Debug, Clone, Copy)]
enum Lasting {
    /// New ones come with each life.
    No,
    /// They will, from when a first fill is over.
    Soon,
    /// They are those of so many lives.
    Since(u64),
}

impl Filler {
    /// Employers of a filled population.
    pub(crate) const EMPLOYERS: usize = 64;
    /// Its universities.
    pub(crate) const UNIVERSITIES: usize = 16;

    /// A filler of an empty, migrated database.
    pub(crate) fn new(template: &Arc<Template>, database: &Database) -> Self {
        const AN_HOUR_MICROS: i64 = 3_600_000_000;
        Self {
            template: Arc::clone(template),
            database: database.clone(),
            heads: Heads::default(),
            lives: 0,
            events: 0,
            recorded: Timestamp::now().as_microsecond() - AN_HOUR_MICROS,
            targets: vec![],
            whole_every: 1,
            lasting: Lasting::No,
        }
    }

    /// The same with one whole life and then many that are abridged, lived in its places.
    pub(crate) fn abridged(self) -> Self {
        const WHOLE_EVERY: u64 = 50;
        Self {
            whole_every: WHOLE_EVERY,
            ..self
        }
    }

    /// The same with organisations that last: lives after the first fill are lived in the places of
    /// those before.
    pub(crate) fn lasting(self) -> Self {
        Self {
            lasting: Lasting::Soon,
            ..self
        }
    }

    /// Trainees so far.
    pub(crate) fn trainees(&self) -> u64 {
        self.lives * self.template.trainees
    }

    /// About how many events there are with so many trainees.
    pub(crate) fn events_for(&self, trainees: u64) -> u64 {
        let missing = trainees.saturating_sub(self.trainees());
        let lives = missing.div_ceil(self.template.trainees.max(1));
        let whole = lives.div_ceil(self.whole_every);
        self.events
            + whole * events_of(&self.template.life)
            + (lives - whole) * events_of(&self.template.abridged)
    }

    /// The tenants that are the same in every life.
    pub(crate) fn fixed(&self) -> &[(TenantId, TenantKind)] {
        &self.template.fixed
    }

    /// Events written so far.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Where practice can be logged.
    pub(crate) fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The `nth` employer of the population.
    pub(crate) fn employer(nth: usize) -> TenantId {
        tenant("employer", nth % Self::EMPLOYERS)
    }

    /// The `nth` university of the population.
    pub(crate) fn university(nth: usize) -> TenantId {
        tenant("university", nth % Self::UNIVERSITIES)
    }

    /// Lives on until about `events` are stored, then settles heads and statistics.
    pub(crate) async fn fill_to(&mut self, events: u64) -> Result<(), Fault> {
        // Others may have written since.
        self.heads = Heads(heads(&mut self.database.owner().await?).await?);
        let (chunks, receivers) = (0..LOADERS)
            .map(|_| mpsc::channel::<Chunk>(2))
            .unzip::<_, _, Vec<_>, Vec<_>>();
        let mut loaders = vec![];
        for mut receiver in receivers {
            let mut connection = PgConnection::connect(&self.database.owner_url()).await?;
            loaders.push(tokio::spawn(async move {
                while let Some(chunk) = receiver.recv().await {
                    chunk.store(&mut connection).await?;
                }
                Ok::<_, Fault>(())
            }));
        }
        let lived = self.live(events, chunks).await;
        for loader in loaders {
            loader.await??;
        }
        lived?;
        if let Lasting::Soon = self.lasting {
            self.lasting = Lasting::Since(self.lives);
        }
        let mut owner = self.database.owner().await?;
        let heads = self.heads.0.iter();
        store_heads(
            &mut owner,
            heads.map(|(tenant, head)| (TenantId(*tenant), *head)),
        )
        .await?;
        for table in [
            "event",
            "feed",
            "stream",
            "receipt",
            "subject_key",
            "tenant",
        ] {
            sqlx::raw_sql(&format!("VACUUM (FREEZE, ANALYZE) ledger.{table}"))
                .execute(&mut owner)
                .await?;
        }
        Ok(())
    }

    async fn live(&mut self, events: u64, chunks: Vec<mpsc::Sender<Chunk>>) -> Result<(), Fault> {
        let mut open: VecDeque<Life> = VecDeque::new();
        if self.lives == 0 {
            open.extend(self.openings());
        }
        let (whole, brief) = (
            events_of(&self.template.life).max(1),
            events_of(&self.template.abridged),
        );
        let each = (whole + brief * (self.whole_every - 1)) / self.whole_every;
        let side_by_side = (events.saturating_sub(self.events) / each / 4).clamp(1, LIVES_MAX);
        let mut chunk = Chunk::default();
        let mut loaders = chunks.iter().cycle();
        // Registrations first: nobody lives before they are registered.
        let mut opening = !open.is_empty();
        let mut begun = self.events;
        loop {
            while !opening && (open.len() as u64) < side_by_side && begun < events {
                let life = self.next_life();
                begun += life.events();
                open.push_back(life);
            }
            let Some(mut life) = open.pop_front() else {
                if !opening {
                    break;
                }
                opening = false;
                continue;
            };
            self.recorded += STEP_MICROS;
            let before = chunk.events;
            let more = life.step(self.recorded, &mut self.heads, &mut chunk)?;
            self.events += chunk.events - before;
            if more {
                if opening {
                    open.push_front(life);
                } else {
                    open.push_back(life);
                }
            }
            if chunk.events >= CHUNK_EVENTS
                && let Some(loader) = loaders.next()
            {
                loader
                    .send(std::mem::take(&mut chunk))
                    .await
                    .map_err(|_| "a loader ended early")?;
            }
        }
        if let Some(loader) = loaders.next() {
            loader
                .send(chunk)
                .await
                .map_err(|_| "a loader ended early")?;
        }
        Ok(())
    }

    /// Policies, fixed tenants, and every tenant of the population.
    fn openings(&self) -> Vec<Life> {
        let fixed = self.cast(0);
        let mut lives = vec![Life::new(&self.template, Lived::Opening, 0, &fixed)];
        let template = &self.template;
        let registrations = |tenants: usize, like: usize, role: fn(usize) -> Role| {
            (0..tenants).filter_map(move |nth| {
                let role = role(nth.checked_rem(like)?);
                let place = template.roles.iter().position(|known| *known == role)?;
                Some((nth, place))
            })
        };
        let mut number = 0;
        let mut live = |nth: usize, place: usize, employer: bool| {
            number += 1;
            let mut cast = self.cast(0);
            if employer {
                cast.employers = vec![Self::employer(nth); template.employers];
            } else {
                cast.universities = vec![Self::university(nth); template.universities];
            }
            // Numbers of these come from the other end, so that no request of theirs is a life's.
            lives.push(Life::new(
                template,
                Lived::Entry(place),
                u64::MAX - number,
                &cast,
            ));
        };
        for (nth, place) in registrations(Self::EMPLOYERS, template.employers, Role::Employer) {
            live(nth, place, true);
        }
        for (nth, place) in
            registrations(Self::UNIVERSITIES, template.universities, Role::University)
        {
            live(nth, place, false);
        }
        lives
    }

    fn cast(&self, life: u64) -> Cast {
        let template = &self.template;
        let from = usize::try_from(life).unwrap_or(0);
        Cast {
            employers: (0..template.employers)
                .map(|nth| Self::employer(from * template.employers + nth))
                .collect(),
            universities: (0..template.universities)
                .map(|nth| Self::university(from * template.universities + nth))
                .collect(),
        }
    }

    fn next_life(&mut self) -> Life {
        let before = self.lives;
        self.lives += 1;
        let first = before / self.whole_every * self.whole_every + 1;
        let lived = match self.lasting {
            Lasting::Since(firsts) if before >= firsts => Lived::Later(before % firsts.max(1) + 1),
            _ if self.lives == first => Lived::Whole,
            _ => Lived::Abridged(first),
        };
        let place = match lived {
            Lived::Abridged(like) | Lived::Later(like) => like,
            _ => self.lives,
        };
        let cast = self.cast((place - 1) / self.whole_every);
        let life = Life::new(&self.template, lived, self.lives, &cast);
        if self.targets.len() < TARGETS_MAX && !life.is_abridged() {
            let trainings = self.template.trainings.iter();
            self.targets.extend(trainings.map(|training| Target {
                training: life.id(training.id),
                employer: TenantId(life.id(training.employer)),
                person: PersonId(life.id(training.person)),
                days: Arc::clone(&training.days),
                logged: Arc::default(),
            }));
        }
        life
    }
}

fn tenant(kind: &str, nth: usize) -> TenantId {
    let name = format!("bench/{kind}/{nth}");
    TenantId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}
