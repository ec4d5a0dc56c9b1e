//! `WhatIf`: one scan of the log, and what the domain says of the decisions in it.

use std::{collections::BTreeMap, sync::Arc};

use contract::v1::{self, WhatIfRequest, WhatIfResponse, what_if_response::Entry};
use domain::{
    actor::TenantKind,
    permission::Permit,
    policy::ProposedPolicy,
    refusal::Refusal,
    what_if::{Decision, Proposal, Scene, Verdict},
};
use ledger::{Opens, Replayed};
use serde::Deserialize;
use tonic::Status;

use crate::{desk::Desk, status::failed, wire};

/// The most values of one proposal.
const PROPOSED_MAX: usize = 100;

#[derive(Default)]
struct Scan {
    scene: Scene,
    concerned: Vec<Concerned>,
    read: u64,
    unreadable: u64,
}

/// A decision that may come out otherwise, and where it stands.
struct Concerned {
    decision: Decision,
    name: String,
    sequence: u64,
    event_type: String,
    shown: bool,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    policies: String,
}

/// The values of a request.
pub(super) fn proposed(request: WhatIfRequest) -> Result<Vec<ProposedPolicy>, Refusal> {
    domain::text::at_most(&request.proposed, "proposed", PROPOSED_MAX)?;
    request
        .proposed
        .into_iter()
        .map(|one| {
            Ok(ProposedPolicy {
                policy: one.policy,
                from: wire::date(&one.from, "proposed.from")?,
                until: wire::optional_date(&one.until, "proposed.until")?,
                value: serde_json::from_str(&one.value_json).map_err(|_| {
                    Refusal::invalid("proposed.value_json", "expected a JSON value")
                })?,
            })
        })
        .collect()
}

/// What would change, and a summary at the end. Nothing is written.
pub(super) async fn answer(
    desk: &Desk,
    permit: &Permit,
    proposal: Proposal,
) -> Result<Vec<WhatIfResponse>, Status> {
    let proposal = Arc::new(proposal);
    let (asker, of_scan) = (permit.actor().clone(), Arc::clone(&proposal));
    let scans = desk
        .ledger()
        .replay(Opens::Nothing, Scan::default, move |scan, event| {
            // A commissioner is told of the records it is party to, and counts the others.
            let shown = asker.kind == TenantKind::Platform
                || event.parties().any(|party| party == asker.tenant);
            scan.take(&of_scan, &event, shown);
        })
        .await
        .map_err(failed)?;
    let (mut scene, mut concerned) = (Scene::default(), vec![]);
    let mut summary = v1::WhatIfSummary::default();
    for scan in scans {
        scene.join(scan.scene);
        concerned.extend(scan.concerned);
        summary.events_read += wire::count(scan.read);
        summary.events_unreadable += wire::count(scan.unreadable);
    }
    concerned.sort_by_key(|one| (one.decision.recorded, one.decision.stream, one.sequence));
    let mut entries = vec![];
    let mut undecided: BTreeMap<String, i64> = BTreeMap::new();
    summary.decisions_considered = wire::count(concerned.len() as u64);
    for one in concerned {
        match proposal.reconsider(&one.decision, &scene) {
            Verdict::Same => {}
            Verdict::Undecidable => *undecided.entry(one.event_type).or_default() += 1,
            Verdict::Changed { .. } if !one.shown => summary.changed_elsewhere += 1,
            Verdict::Changed { then, now } => {
                summary.changed += 1;
                entries.push(Entry::Change(v1::ChangedDecision {
                    name: one.name,
                    sequence: wire::count(one.sequence),
                    event_type: one.event_type,
                    effective_time: Some(wire::timestamp(one.decision.effective)),
                    then,
                    now,
                }));
            }
        }
    }
    summary.undecided = undecided
        .into_iter()
        .map(|(event_type, decisions)| v1::UndecidedDecisions {
            event_type,
            decisions,
        })
        .collect();
    entries.push(Entry::Summary(summary));
    let answer = |entry| WhatIfResponse { entry: Some(entry) };
    Ok(entries.into_iter().map(answer).collect())
}

impl Scan {
    fn take(&mut self, proposal: &Proposal, event: &Replayed<'_>, shown: bool) {
        self.read += 1;
        let Ok(fact) = event.fact() else {
            self.unreadable += 1;
            return;
        };
        self.scene.note(event.stream, event.recorded, &fact);
        let policies: BTreeMap<String, u32> = serde_json::from_str::<Metadata>(event.metadata)
            .ok()
            .and_then(|metadata| serde_json::from_str(&metadata.policies).ok())
            .unwrap_or_default();
        if proposal.concerns(&fact, &policies) {
            self.concerned.push(Concerned {
                name: wire::resource(event.kind, event.stream),
                sequence: event.sequence,
                event_type: event.event_type.to_owned(),
                shown,
                decision: Decision {
                    stream: event.stream,
                    effective: event.effective(),
                    recorded: event.recorded,
                    fact,
                    policies,
                },
            });
        }
    }
}
