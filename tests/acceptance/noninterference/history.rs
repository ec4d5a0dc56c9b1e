//! Histories: strands of acts, and the order in which they are taken up.

use domain::actor::{ActingRole, TenantId};
use proptest::{collection::vec, prelude::any, strategy::Strategy};
use serde_json::{Value, json};

use crate::harness::Service;

/// One act: who does it, when, and what.
#[derive(Clone)]
pub(super) struct Act {
    pub(super) by: (TenantId, ActingRole),
    pub(super) on: &'static str,
    pub(super) method: &'static str,
    pub(super) message: Value,
    /// What it does to a blind decision: the second one to stand reveals both, and that is no secret.
    pub(super) seal: Option<Seal>,
}

/// A word in a blind decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seal {
    /// Which decision.
    pub(super) of: &'static str,
    /// Whether the side's word stands afterwards.
    pub(super) stands: bool,
}

pub(super) fn act(
    by: (TenantId, ActingRole),
    on: &'static str,
    method: &'static str,
    message: Value,
) -> Act {
    Act {
        by,
        on,
        method,
        message,
        seal: None,
    }
}

impl Act {
    pub(super) fn seals(self, of: &'static str) -> Self {
        self.word(of, true)
    }

    pub(super) fn unseals(self, of: &'static str) -> Self {
        self.word(of, false)
    }

    fn word(self, of: &'static str, stands: bool) -> Self {
        Self {
            seal: Some(Seal { of, stands }),
            ..self
        }
    }
}

/// Acts that follow each other.
pub(super) enum Strand {
    /// What the viewer sees being done, by whomever.
    Visible(Vec<Act>),
    /// What the other side does for itself: done in one run, left undone in the other.
    Hidden(Vec<Act>),
    /// What is seen to be done and not how: done in both runs, in other words.
    Worded(Vec<(Act, Value)>),
}

impl Strand {
    pub(super) fn act(&self, nth: usize) -> Option<&Act> {
        match self {
            Self::Visible(acts) | Self::Hidden(acts) => acts.get(nth),
            Self::Worded(acts) => acts.get(nth).map(|(act, _)| act),
        }
    }

    /// What is sent in a run; none when it is left undone.
    pub(super) fn said(&self, nth: usize, run: Run) -> Option<Value> {
        let act = self.act(nth)?;
        match (self, run) {
            (Self::Hidden(_), Run::Without) => None,
            (Self::Worded(acts), Run::Without) => {
                let mut message = act.message.clone();
                let (_, other) = acts.get(nth)?;
                for (field, value) in other.as_object()? {
                    message[field] = value.clone();
                }
                Some(message)
            }
            _ => Some(act.message.clone()),
        }
    }

    /// Whether its acts are done by the other side alone, and so must succeed to mean anything.
    pub(super) fn is_told_apart(&self) -> bool {
        !matches!(self, Self::Visible(_))
    }

    pub(super) fn is_hidden(&self) -> bool {
        matches!(self, Self::Hidden(_))
    }
}

/// One of the two runs of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// Nothing hidden is done.
    Without,
    /// All of it.
    With,
}

/// A service as it stood when the runs part, and what can happen then.
pub(super) struct World {
    pub(super) strands: Vec<Strand>,
}

/// One step of a history: the strand, and which of its acts.
pub(super) type Step = (usize, usize);

impl World {
    /// Orders in which strands are taken up, as numbers. A shorter one is a simpler one, and so is one
    /// with more of strand 0.
    pub(super) fn orders(&self, steps: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
        let strands = u8::try_from(self.strands.len()).expect("few strands");
        vec(any::<u8>().prop_map(move |number| number % strands), steps)
    }

    /// The steps of an order: the next act of each strand, as long as there is one. A word that would
    /// reveal what stands already is left out, in both runs alike.
    pub(super) fn steps(&self, order: &[u8]) -> Vec<Step> {
        let mut next = vec![0; self.strands.len()];
        let mut standing: Vec<(&str, TenantId)> = vec![];
        let mut steps = vec![];
        for strand in order.iter().map(|strand| usize::from(*strand)) {
            let nth = next[strand];
            let Some(act) = self.strands[strand].act(nth) else {
                continue;
            };
            next[strand] += 1;
            let tenant = act.by.0;
            if let Some(seal) = act.seal {
                let of = |one: &(&str, TenantId)| one.0 == seal.of;
                if seal.stands && standing.iter().any(|one| of(one) && one.1 != tenant) {
                    continue;
                }
                standing.retain(|one| !(of(one) && one.1 == tenant));
                if seal.stands {
                    standing.push((seal.of, tenant));
                }
            }
            steps.push((strand, nth));
        }
        steps
    }

    /// The acts of a step, in a run, as they are sent: under a request id that is the step's own.
    pub(super) fn sent(&self, step: Step, run: Run) -> Option<(&Act, Value)> {
        let (strand, nth) = step;
        let mut message = self.strands[strand].said(nth, run)?;
        message["request_id"] = json!(request_id(step));
        let act = self.strands[strand].act(nth)?;
        message["effective"] = json!(act.on);
        Some((act, message))
    }
}

/// The request id of a step.
pub(super) fn request_id((strand, nth): Step) -> String {
    let number = 0xb11d_0000_0000_4000_8000_0000_0000_0000 + ((strand as u128) << 16);
    uuid::Uuid::from_u128(number + nth as u128).to_string()
}

/// What a service is told in one run beside what the viewer itself is told.
pub(super) async fn does(service: &Service, act: &Act, message: Value) -> bool {
    let caller = service.cast.of(act.by.0, act.by.1);
    let answer = caller.call(act.method, message).await;
    service.cast.settle().await;
    answer.is_ok()
}
