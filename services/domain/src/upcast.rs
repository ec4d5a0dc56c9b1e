//! Old event versions made current: a registry from (type, version) to the next version.
//!
//! Released versions never change; each has a golden file in the tests. A new version is one row
//! in the table of current versions and one in `UPCASTERS`.

use serde_json::{Value, json};

/// Event types whose current version is not the first: `(event type, current version)`.
const VERSIONS: &[(&str, &str)] = &[
    ("BoardDateCorrected", "2.0"),
    ("BoardOutcomeNoted", "2.0"),
    ("CommitmentDischarged", "2.0"),
    ("DecisionAmended", "2.0"),
    ("DecisionCollected", "2.0"),
    ("DecisionSealed", "2.0"),
    ("EmploymentReinstated", "2.0"),
    ("FundingAwardApproved", "2.0"),
    ("FundingLockChecked", "2.0"),
    ("HoursDisallowed", "2.0"),
    ("HoursReinstated", "2.0"),
    ("OutcomeRatified", "2.0"),
    ("OutcomesCorrected", "2.0"),
    ("PracticeHoursCorrected", "2.0"),
    ("PracticeHoursVoided", "2.0"),
    ("PracticeWeekCorrected", "2.0"),
    ("QualificationAwarded", "2.0"),
    ("RegisterCheckCorrected", "2.0"),
    ("ShortlistCollected", "2.0"),
    ("ShortlistSealed", "2.0"),
    ("WithdrawalReversed", "2.0"),
    ("WorkforceCountCorrected", "2.0"),
];

/// One step: events of `event_type` at `from` become version `to`.
pub struct Upcaster {
    /// The event type.
    pub event_type: &'static str,
    /// The version it reads.
    pub from: &'static str,
    /// The version it writes; greater than `from`.
    pub to: &'static str,
    /// Rewrites the payload.
    pub rewrite: fn(Value) -> Value,
}

/// A correction used not to say which event it corrects.
const fn uncorrected(event_type: &'static str) -> Upcaster {
    Upcaster {
        event_type,
        from: "1.0",
        to: "2.0",
        rewrite: |mut event| {
            let told = event
                .as_object_mut()
                .into_iter()
                .flat_map(|event| event.values_mut());
            for told in told.filter_map(Value::as_object_mut) {
                told.entry("corrects").or_insert(Value::Null);
            }
            event
        },
    }
}

/// It says more than it used to, and leaves out what it does not say.
const fn fuller(event_type: &'static str) -> Upcaster {
    Upcaster {
        event_type,
        from: "1.0",
        to: "2.0",
        rewrite: |event| event,
    }
}

/// What is said blind used to stand in clear (`permissions.md` C.3).
const fn said(event_type: &'static str, rewrite: fn(Value) -> Value) -> Upcaster {
    Upcaster {
        event_type,
        from: "1.0",
        to: "2.0",
        rewrite,
    }
}

/// Every released step.
pub const UPCASTERS: &[Upcaster] = &[
    Upcaster {
        event_type: "CommitmentDischarged",
        from: "1.0",
        to: "2.0",
        // The first version did not say until when the post has to be maintained.
        rewrite: |mut payload| {
            if let Some(discharged) = payload
                .get_mut("CommitmentDischarged")
                .and_then(Value::as_object_mut)
            {
                discharged.entry("maintain_until").or_insert(Value::Null);
            }
            payload
        },
    },
    Upcaster {
        event_type: "BoardOutcomeNoted",
        from: "1.0",
        to: "2.0",
        rewrite: |mut event| {
            components(event.pointer_mut("/BoardOutcomeNoted/assessment/outcome"));
            event
        },
    },
    Upcaster {
        event_type: "FundingLockChecked",
        from: "1.0",
        to: "2.0",
        // A lock used to be asked about for England only, whatever the programme.
        rewrite: |mut event| {
            let question = event.pointer_mut("/FundingLockChecked/question");
            if let Some(question) = question.and_then(Value::as_object_mut) {
                question.insert("nation".to_owned(), "england".into());
                question.insert("programme".to_owned(), Value::Null);
            }
            event
        },
    },
    Upcaster {
        event_type: "OutcomeRatified",
        from: "1.0",
        to: "2.0",
        rewrite: |mut event| {
            components(event.pointer_mut("/OutcomeRatified/outcome"));
            event
        },
    },
    fuller("FundingAwardApproved"),
    fuller("QualificationAwarded"),
    said("DecisionAmended", |mut event| {
        word(event.pointer_mut("/DecisionAmended/decision"));
        event
    }),
    said("DecisionSealed", |mut event| {
        word(event.pointer_mut("/DecisionSealed/decision"));
        event
    }),
    said("DecisionCollected", |mut event| {
        let collected = event.pointer_mut("/DecisionCollected");
        if let Some(collected) = collected.and_then(Value::as_object_mut) {
            let said = collected.remove("decision").unwrap_or_default();
            collected.insert("word".to_owned(), json!({ "clear": said }));
        }
        event
    }),
    said("ShortlistCollected", |mut event| {
        shortlist(event.pointer_mut("/ShortlistCollected/shortlisted"));
        event
    }),
    said("ShortlistSealed", |mut event| {
        shortlist(event.pointer_mut("/ShortlistSealed/shortlisted"));
        event
    }),
    uncorrected("BoardDateCorrected"),
    uncorrected("EmploymentReinstated"),
    uncorrected("HoursDisallowed"),
    uncorrected("HoursReinstated"),
    uncorrected("OutcomesCorrected"),
    uncorrected("PracticeHoursCorrected"),
    uncorrected("PracticeHoursVoided"),
    uncorrected("PracticeWeekCorrected"),
    uncorrected("RegisterCheckCorrected"),
    uncorrected("WithdrawalReversed"),
    uncorrected("WorkforceCountCorrected"),
];

/// A board used to ask for one module of further work; it asks for components since.
fn components(outcome: Option<&mut Value>) {
    for asked in ["refer", "defer"] {
        if let Some(work) = outcome
            .as_deref()
            .and_then(|outcome| outcome.get(asked))
            .and_then(Value::as_object)
        {
            let mut work = work.clone();
            let module = work.remove("module").unwrap_or_default();
            work.insert("components".to_owned(), Value::Array(vec![module]));
            if let Some(outcome) = outcome {
                *outcome = json!({ asked: work });
            }
            return;
        }
    }
}

/// A sealed decision with its word apart.
fn word(decision: Option<&mut Value>) {
    if let Some(decision) = decision.and_then(Value::as_object_mut) {
        let [verdict, conditions] =
            ["verdict", "conditions"].map(|name| decision.remove(name).unwrap_or_default());
        let said = json!({ "clear": { "verdict": verdict, "conditions": conditions } });
        decision.insert("word".to_owned(), said);
    }
}

fn shortlist(said: Option<&mut Value>) {
    if let Some(said) = said {
        *said = json!({ "clear": said.take() });
    }
}

/// The version that new events of this type carry.
pub fn current_version(event_type: &str) -> &'static str {
    VERSIONS
        .iter()
        .find(|(name, _)| *name == event_type)
        .map_or("1.0", |(_, version)| version)
}

/// Whether a stored event of this version needs no step.
pub fn is_current(event_type: &str, version: &str) -> bool {
    version == current_version(event_type)
}

/// Brings a stored payload to the current version; `None` when a step is missing.
pub fn upcast(event_type: &str, version: &str, payload: Value) -> Option<Value> {
    upcast_through(
        UPCASTERS,
        current_version(event_type),
        event_type,
        version,
        payload,
    )
}

fn upcast_through(
    registry: &[Upcaster],
    current: &str,
    event_type: &str,
    version: &str,
    mut payload: Value,
) -> Option<Value> {
    let mut version = version;
    let mut steps = 0;
    while version != current {
        let step = registry
            .iter()
            .find(|step| step.event_type == event_type && step.from == version)?;
        payload = (step.rewrite)(payload);
        version = step.to;
        steps += 1;
        if steps > registry.len() {
            return None;
        }
    }
    Some(payload)
}

/// Checks the registry: every old version reaches the current one, without gaps, repeats or
/// cycles. Run at start.
///
/// # Errors
/// A sentence naming the first faulty step.
pub fn check() -> Result<(), String> {
    check_registry(UPCASTERS, current_version)
}

fn check_registry(
    registry: &[Upcaster],
    current: impl Fn(&str) -> &'static str,
) -> Result<(), String> {
    for (index, step) in registry.iter().enumerate() {
        let same =
            |other: &&Upcaster| other.event_type == step.event_type && other.from == step.from;
        if registry[..index].iter().any(|other| same(&other)) {
            return Err(format!(
                "two upcasters read {} {}",
                step.event_type, step.from
            ));
        }
        let reached = upcast_through(
            &registry
                .iter()
                .map(|step| Upcaster {
                    event_type: step.event_type,
                    from: step.from,
                    to: step.to,
                    rewrite: |payload| payload,
                })
                .collect::<Vec<_>>(),
            current(step.event_type),
            step.event_type,
            step.from,
            Value::Null,
        );
        if reached.is_none() {
            return Err(format!(
                "{} {} does not reach version {}",
                step.event_type,
                step.from,
                current(step.event_type)
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(from: &'static str, to: &'static str) -> Upcaster {
        Upcaster {
            event_type: "VacancyOpened",
            from,
            to,
            rewrite: |mut payload| {
                payload["steps"] = json!(payload["steps"].as_u64().unwrap_or(0) + 1);
                payload
            },
        }
    }

    #[test]
    fn steps_chain_to_the_current_version() {
        let registry = [step("1.0", "2.0"), step("2.0", "3.0")];
        let payload = upcast_through(&registry, "3.0", "VacancyOpened", "1.0", json!({}));
        assert_eq!(payload, Some(json!({"steps": 2})));
    }

    #[test]
    fn a_gap_a_repeat_and_a_cycle_are_found() {
        assert!(check_registry(&[step("1.0", "2.0")], |_| "3.0").is_err());
        assert!(check_registry(&[step("1.0", "2.0"), step("1.0", "2.0")], |_| "2.0").is_err());
        assert!(check_registry(&[step("1.0", "2.0"), step("2.0", "1.0")], |_| "3.0").is_err());
        assert!(check_registry(&[step("1.0", "2.0")], |_| "2.0").is_ok());
    }

    #[test]
    fn a_module_of_further_work_is_read_as_a_component() {
        let event = |work: Value| json!({"OutcomeRatified": {"outcome": {"refer": work}}});
        let old = event(json!({"module": "2", "cap": 50}));
        let new = event(json!({"components": ["2"], "cap": 50}));
        assert_eq!(upcast("OutcomeRatified", "1.0", old), Some(new));
        let passed = json!({"BoardOutcomeNoted": {"assessment": {"outcome": "pass"}}});
        let same = upcast("BoardOutcomeNoted", "1.0", passed.clone());
        assert_eq!(same, Some(passed));
    }

    #[test]
    fn c_3_what_was_said_in_clear_is_read_as_what_is_sealed_now() {
        let decision = json!({"verdict": "accept", "conditions": ["a"]});
        for event in ["DecisionSealed", "DecisionAmended"] {
            let mut old = decision.clone();
            old["content"] = json!("c");
            let new = json!({"word": {"clear": decision}, "content": "c"});
            let [old, new] = [old, new].map(|it| json!({event: {"round": 1, "decision": it}}));
            assert_eq!(upcast(event, "1.0", old), Some(new));
        }
        let collected = |said: Value| json!({"DecisionCollected": said});
        let old = collected(json!({"round": 1, "decision": decision}));
        let new = collected(json!({"round": 1, "word": {"clear": decision}}));
        assert_eq!(upcast("DecisionCollected", "1.0", old), Some(new));
        for event in ["ShortlistSealed", "ShortlistCollected"] {
            let of = |said: Value| json!({event: {"shortlisted": said}});
            let new = of(json!({"clear": false}));
            assert_eq!(upcast(event, "1.0", of(json!(false))), Some(new));
        }
    }

    #[test]
    fn an_award_that_did_not_say_where_its_post_is_still_does_not() {
        for event in ["FundingAwardApproved", "QualificationAwarded"] {
            let old = json!({event: {"award": {"level": 7}}});
            assert_eq!(upcast(event, "1.0", old.clone()), Some(old));
        }
    }

    #[test]
    fn the_released_registry_is_sound() {
        assert_eq!(check(), Ok(()));
    }
}
