//! One command from request to receipt: decide on what is at hand, append, and decide again when
//! the records have moved on.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use domain::{
    permission::Permit,
    policy::{Policies, PolicyRegister},
    refusal::{Reason, Refusal},
    world::{Command, Halt, Issue, StreamKey, StreamWrite, World},
};
use ring::hmac;
use sqlx::Row as _;
use uuid::Uuid;

use crate::{
    Envelope, Inner, LedgerError, Opens, Receipt,
    append::{Outcome, Unit, UnitStream, UnitWrite, stored_receipt},
    load::{Loaded, unreadable},
    seal::{Sealing, seal_personal},
    unseal::Unseal,
};

/// How often a command is decided again after a conflict with another process.
const CONFLICTS_MAX: u32 = 8;
/// From this conflict on, nothing at hand is trusted.
const DISTRUST_AFTER: u32 = 3;
/// How often it is decided again because another command of this process came first.
const OVERTAKEN_MAX: u32 = 64;
const JITTER_MILLIS_PER_CONFLICT: u64 = 10;
/// The most streams that one command may touch.
const STREAMS_MAX: usize = 1000;

/// The streams a command has asked for.
type Seen = BTreeMap<StreamKey, Arc<Loaded>>;

struct Decision {
    key: StreamKey,
    version: u64,
    writes: Vec<StreamWrite>,
    guards: Vec<(StreamKey, u64)>,
}

impl Inner {
    pub(crate) async fn submit(
        &self,
        permit: &Permit,
        envelope: Envelope,
        command: &dyn Command,
    ) -> Result<Receipt, LedgerError> {
        let fingerprint = self.keyed(&envelope.fingerprint);
        let effective = envelope.effective.unwrap_or_else(|| self.time.now());
        self.time.check(effective)?;
        let issue = Issue {
            by: permit.actor().clone(),
            effective,
            recorded: self.time.recorded(effective),
            request: envelope.request_id,
            policies: Policies::of(self.policies()),
            salt: self.digest_salt,
        };
        let mut seen = Seen::new();
        let mut held = None;
        let (mut conflicts, mut overtaken) = (0, 0);
        loop {
            let decision = match self.decide(permit, &issue, command, &mut seen).await? {
                Ok(decision) => decision,
                Err(refusal) => {
                    // Given only on records that all stood like this at one moment.
                    if overtaken < OVERTAKEN_MAX && self.refresh(&mut seen).await? {
                        overtaken += 1;
                        self.metrics.retried("stale refusal");
                        continue;
                    }
                    // A repeat usually fails on what the first one did: the first answer wins.
                    let first = self.receipt(permit.actor().tenant.0, issue.request).await?;
                    return match first {
                        Some((receipt, known)) => same_request(receipt, &known, &fingerprint),
                        None => Err(refusal.into()),
                    };
                }
            };

            let claim = self.gate.claim(
                (decision.writes.iter().map(|write| (write.key, true)))
                    .chain(decision.guards.iter().map(|(key, _)| (*key, false))),
            );
            let covered = held
                .as_ref()
                .is_some_and(|held: &crate::gate::Held| held.covers(&claim));
            if !covered {
                drop(held.take());
                held = Some(self.gate.hold(claim).await);
            }
            if overtaken < OVERTAKEN_MAX && self.catch_up(&mut seen) {
                overtaken += 1;
                self.metrics.retried("overtaken");
                continue;
            }

            let had_writes = !decision.writes.is_empty();
            match self
                .append(&issue, &envelope, fingerprint, decision, &seen)
                .await?
            {
                Some(Outcome::Written { receipt, .. }) => {
                    if had_writes {
                        self.time.accept(effective);
                    }
                    return Ok(receipt);
                }
                Some(Outcome::Repeat {
                    receipt,
                    fingerprint: known,
                }) => return same_request(receipt, &known, &fingerprint),
                Some(Outcome::Conflict) | None => {}
            }
            conflicts += 1;
            if conflicts > CONFLICTS_MAX {
                return Err(LedgerError::Conflict);
            }
            self.metrics.retried("conflict");
            tokio::time::sleep(jitter(conflicts)).await;
            if conflicts >= DISTRUST_AFTER {
                seen.keys().for_each(|key| self.streams.forget(*key));
            }
            self.refresh(&mut seen).await?;
        }
    }

    fn keyed(&self, fingerprint: &[u8; 32]) -> [u8; 32] {
        let mut keyed = [0; 32];
        for (byte, tag) in keyed
            .iter_mut()
            .zip(hmac::sign(&self.fingerprint_key, fingerprint).as_ref())
        {
            *byte = *tag;
        }
        keyed
    }

    /// Runs the command until it has every stream it names.
    async fn decide(
        &self,
        permit: &Permit,
        issue: &Issue,
        command: &dyn Command,
        seen: &mut Seen,
    ) -> Result<Result<Decision, Refusal>, LedgerError> {
        loop {
            let world = self.world(permit, seen).await?;
            let needed = match run(world, issue, command) {
                Ok(decision) => return Ok(Ok(decision)),
                Err(Halt::Refused(refusal)) => return Ok(Err(refusal)),
                Err(Halt::Need(key)) => key,
            };
            if seen.contains_key(&needed) || seen.len() >= STREAMS_MAX {
                return Err(LedgerError::Misconfigured(format!(
                    "{} asks for {} again and again",
                    permit.action(),
                    needed.kind
                )));
            }
            let loaded = match self.streams.cached(needed) {
                Some(loaded) => loaded,
                None => self.fresh_one(needed).await?,
            };
            seen.insert(needed, loaded);
        }
    }

    /// What has been seen, with what lies sealed in it open where its rules read that. It is open
    /// here and for this command only: what is kept at hand stays sealed, and a destroyed key closes
    /// it for good.
    async fn world(&self, permit: &Permit, seen: &Seen) -> Result<World, LedgerError> {
        let mut world = World::within(permit.case().cloned());
        for (key, loaded) in seen {
            let state = match loaded.state.sealed_text() {
                None => Arc::clone(&loaded.state),
                Some(text) => {
                    let mut unseal = Unseal::of(Opens::All);
                    unseal.note(&text);
                    unseal.fetch(&self.keys).await?;
                    let unreadable = |cause: String| unreadable(*key, loaded.version, cause);
                    let text = unseal
                        .open(&text)
                        .map_err(|cause| unreadable(cause.to_owned()))?;
                    let opened = loaded.state.opened(&text);
                    opened.map_err(|error| unreadable(error.to_string()))?
                }
            };
            world.insert(*key, state, loaded.version);
        }
        Ok(world)
    }

    pub(crate) async fn fresh_one(&self, key: StreamKey) -> Result<Arc<Loaded>, LedgerError> {
        let found = self.streams.fresh(&[key]).await?;
        found.into_iter().next().ok_or_else(|| {
            LedgerError::Misconfigured("a stream was asked for and not answered".to_owned())
        })
    }

    /// Brings every stream up to the same moment; true when one had changed.
    async fn refresh(&self, seen: &mut Seen) -> Result<bool, LedgerError> {
        let keys: Vec<StreamKey> = seen.keys().copied().collect();
        let mut changed = false;
        for (key, loaded) in keys.iter().zip(self.streams.fresh(&keys).await?) {
            if let Some(seen) = seen.get_mut(key) {
                changed |= seen.version != loaded.version || seen.hash != loaded.hash;
                *seen = loaded;
            }
        }
        Ok(changed)
    }

    /// Takes from the cache what other commands of this process have written meanwhile; true when
    /// there was something.
    fn catch_up(&self, seen: &mut Seen) -> bool {
        let mut newer = false;
        for (key, seen) in seen {
            if let Some(known) = self.streams.cached(*key)
                && known.version > seen.version
            {
                newer = true;
                *seen = known;
            }
        }
        newer
    }

    async fn append(
        &self,
        issue: &Issue,
        envelope: &Envelope,
        fingerprint: [u8; 32],
        decision: Decision,
        seen: &Seen,
    ) -> Result<Option<Outcome>, LedgerError> {
        let Decision {
            key,
            version,
            mut writes,
            mut guards,
        } = decision;
        // A command that changes nothing is true of the record as it stands: that is its guard.
        if writes.is_empty() && !guards.iter().any(|(guarded, _)| *guarded == key) {
            guards.push((key, version));
        }
        let Sealing {
            had_clear,
            new_keys,
        } = seal_personal(&self.keys, &mut writes).await?;
        let mut streams = Vec::with_capacity(writes.len() + guards.len());
        let mut after = Vec::with_capacity(writes.len());
        for (write, had_clear) in writes.into_iter().zip(had_clear) {
            let Some(base) = seen.get(&write.key) else {
                return Ok(None);
            };
            let version = write.expected + write.events.len() as u64;
            let state = if had_clear {
                let payloads = write.events.iter().map(|event| event.payload.as_str());
                base.fold(write.key, payloads)?
            } else {
                write.state
            };
            after.push((write.key, version, state));
            streams.push(UnitStream {
                key: write.key,
                expected: write.expected,
                write: Some(UnitWrite {
                    previous: base.hash,
                    custody: write.custody,
                    events: write.events,
                }),
            });
        }
        streams.extend(guards.into_iter().map(|(key, expected)| UnitStream {
            key,
            expected,
            write: None,
        }));
        let unit = Unit {
            tenant: issue.by.tenant,
            request: issue.request,
            fingerprint,
            key,
            version,
            streams,
            new_keys: new_keys.clone(),
            metadata: metadata(issue, envelope)?,
        };
        let outcome = self.appender.append(unit).await?;
        match &outcome {
            Outcome::Written { .. } => self.keys.settled(&new_keys, true),
            // Perhaps for a key that another process has stored meanwhile.
            Outcome::Conflict => self.keys.settled(&new_keys, false),
            Outcome::Repeat { .. } => {}
        }
        if let Outcome::Written { hashes, .. } = &outcome {
            let register = PolicyRegister::id().key();
            for ((key, version, state), hash) in after.into_iter().zip(hashes) {
                let loaded = Loaded {
                    version,
                    hash: *hash,
                    state,
                };
                if key == register {
                    self.take_register(&loaded);
                }
                self.streams.keep(key, loaded);
            }
        }
        Ok(Some(outcome))
    }

    /// The stored answer to a request, with its fingerprint.
    pub(crate) async fn receipt(
        &self,
        tenant: Uuid,
        request: Uuid,
    ) -> Result<Option<(Receipt, Vec<u8>)>, LedgerError> {
        let mut connection = self.lookups.lend().await?;
        let row = sqlx::query(
            "SELECT fingerprint, aggregate_type, aggregate_id, version, position,
                    (extract(epoch FROM recorded_at) * 1000000)::bigint
               FROM ledger.receipt WHERE tenant_id = $1 AND request_id = $2",
        )
        .bind(tenant)
        .bind(request)
        .fetch_optional(connection.as_mut())
        .await?;
        connection.keep();
        row.map(|row| Ok((stored_receipt(&row, 1)?, row.try_get(0)?)))
            .transpose()
    }
}

fn run(mut world: World, issue: &Issue, command: &dyn Command) -> Result<Decision, Halt> {
    issue.policies.forget();
    let key = command.run(issue, &mut world)?;
    let version = world.version(key);
    let (writes, guards) = world.finish();
    Ok(Decision {
        key,
        version,
        writes,
        guards,
    })
}

fn same_request(
    receipt: Receipt,
    known: &[u8],
    fingerprint: &[u8; 32],
) -> Result<Receipt, LedgerError> {
    if known == fingerprint {
        return Ok(receipt);
    }
    Err(Refusal::new(
        Reason::RequestIdReused,
        "this request id has been used for another request; choose a new one",
    )
    .at("request_id")
    .into())
}

fn jitter(conflicts: u32) -> Duration {
    let random = RandomState::new().hash_one(conflicts);
    Duration::from_millis(1 + random % (JITTER_MILLIS_PER_CONFLICT * u64::from(conflicts)))
}

/// The metadata of every event of a unit, strings only as in postgres-es, without the closing
/// brace.
fn metadata(issue: &Issue, envelope: &Envelope) -> Result<String, LedgerError> {
    let written = |error: serde_json::Error| LedgerError::Misconfigured(error.to_string());
    let mut text = Vec::with_capacity(512);
    let mut field = |name: &str, value: &str| {
        text.extend_from_slice(if text.is_empty() { b"{\"" } else { b",\"" });
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\":");
        serde_json::to_writer(&mut text, value).map_err(written)
    };
    let mut uuid = Uuid::encode_buffer();
    let by = &issue.by;
    field("tenant", by.tenant.0.hyphenated().encode_lower(&mut uuid))?;
    field("kind", &by.kind.to_string())?;
    field("role", &by.role.to_string())?;
    field(
        "request_id",
        issue.request.hyphenated().encode_lower(&mut uuid),
    )?;
    let correlation = envelope.correlation.unwrap_or(issue.request);
    field(
        "correlation",
        correlation.hyphenated().encode_lower(&mut uuid),
    )?;
    field("effective", &issue.effective.to_string())?;
    let policies = serde_json::to_string(&issue.policies.used()).map_err(written)?;
    field("policies", &policies)?;
    if let Some(person) = by.person {
        field("person", person.0.hyphenated().encode_lower(&mut uuid))?;
    }
    for (name, value) in [
        ("client", &by.client),
        ("causation", &envelope.causation),
        ("traceparent", &envelope.traceparent),
        ("authentication", &envelope.authentication),
    ] {
        if let Some(value) = value {
            field(name, value)?;
        }
    }
    String::from_utf8(text).map_err(|error| LedgerError::Misconfigured(error.to_string()))
}
