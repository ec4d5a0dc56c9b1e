//! What forms are called and which of their fields read otherwise than the contract names them: one
//! row per form that wants it. Every RPC that writes has a form without a row here; a row makes it
//! one that people meet every day.

/// A form in other words than the contract’s.
#[derive(Debug)]
pub(crate) struct Row {
    /// `SealDecision`
    pub(crate) rpc: &'static str,
    /// What it is called, and what its button says.
    pub(crate) title: &'static str,
    /// Fields by path, and their labels.
    labels: &'static [(&'static str, &'static str)],
}

/// The row of an RPC.
pub(crate) fn row(rpc: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.rpc == rpc)
}

/// The label a row gives to a field; indices of repeated messages do not count.
pub(crate) fn label(rpc: &str, path: &str) -> Option<&'static str> {
    let plain = without_indices(path);
    let labels = row(rpc)?.labels;
    labels
        .iter()
        .find_map(|(field, label)| (*field == plain).then_some(*label))
}

/// `decision.scores.0.points` as `decision.scores.points`.
pub(crate) fn without_indices(path: &str) -> String {
    let named = path
        .split('.')
        .filter(|part| part.parse::<usize>().is_err());
    named.collect::<Vec<_>>().join(".")
}

const DECISION: &[(&str, &str)] = &[
    ("application", "Candidate"),
    ("decision.verdict", "Your side’s decision"),
    ("decision.conditions", "Conditions that must be met first"),
    ("decision.scores", "Scores"),
    ("decision.scores.points", "Points, 0 to 100"),
    ("decision.grounds", "Criteria that are not met"),
    ("decision.reason", "Why"),
];

/// Every row.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { rpc: "SealShortlist", title: "Record your side’s shortlist", labels: &[
        ("application", "Candidate"), ("shortlisted", "Does your side shortlist the candidate?"),
        ("scores", "Scores"), ("scores.points", "Points, 0 to 100"), ("reason", "Why"),
    ] },
    Row { rpc: "SealDecision", title: "Record your side’s decision", labels: DECISION },
    Row { rpc: "AmendDecision", title: "Change your sealed decision", labels: DECISION },
    Row { rpc: "WithdrawDecision", title: "Take your sealed decision back", labels: DECISION },
    Row { rpc: "OpenDecisionRound", title: "Open the decision round", labels: &[("application", "Candidate")] },
    Row { rpc: "RaiseDispute", title: "Raise a dispute", labels: &[
        ("event", "What is disputed"), ("event.record", "Record"),
        ("event.sequence", "Its place in the record’s history, from 1"), ("reason", "Why"),
        ("commissioner", "Commissioner to be told, where it is no party of the record"),
    ] },
    Row { rpc: "AnswerDispute", title: "Answer a dispute", labels: &[
        ("dispute", "Dispute"), ("answer", "What your side says to it"),
    ] },
    Row { rpc: "ResolveDispute", title: "Resolve a dispute", labels: &[
        ("dispute", "Dispute"), ("finding", "What you find"), ("words", "Why"),
        ("correction", "What put it right, where it is upheld"),
    ] },
    Row { rpc: "RecordInterview", title: "Record an interview", labels: &[
        ("application", "Candidate"), ("held_date", "Day of the interview"), ("panel", "Who sat on the panel"),
    ] },
    Row { rpc: "RequestReconsideration", title: "Ask to decide again", labels: &[("reason", "Why")] },
    Row { rpc: "AgreeReconsideration", title: "Agree to decide again", labels: &[] },
    Row { rpc: "SubmitApplication", title: "Apply for a vacancy", labels: &[
        ("name", "Name"), ("contact", "How to reach the candidate"), ("statement", "Why they apply"),
        ("entry_source", "Where the candidate comes from"), ("degree", "Degree"),
        ("degree_detail", "Institution, subject and class"),
    ] },
    Row { rpc: "WithdrawApplication", title: "Withdraw the application", labels: &[] },
    Row { rpc: "MakeOffer", title: "Make an offer", labels: &[("application", "Candidate")] },
    Row { rpc: "AcceptOffer", title: "Accept the offer", labels: &[] },
    Row { rpc: "DeclineOffer", title: "Decline the offer", labels: &[] },
    Row { rpc: "ClearEmploymentCheck", title: "Record a cleared check", labels: &[("check", "Which check")] },
    Row { rpc: "ConfirmConditions", title: "Confirm your side’s conditions", labels: &[] },
    Row { rpc: "ReleaseFeedback", title: "Release feedback to the candidate", labels: &[("text", "Feedback")] },
    Row { rpc: "OpenVacancy", title: "Open a vacancy", labels: &[] },
    Row { rpc: "CloseVacancy", title: "Close a vacancy", labels: &[] },
    Row { rpc: "PayInstalment", title: "Pay an instalment", labels: &[] },
    Row { rpc: "ApproveAward", title: "Approve an award", labels: &[] },
    Row { rpc: "AssignSupervisor", title: "Assign a supervisor", labels: &[] },
    Row { rpc: "LogPracticeHours", title: "Log practice hours", labels: &[] },
    Row { rpc: "HoldThreeWayReview", title: "Record a three-way review", labels: &[] },
    Row { rpc: "HoldBoard", title: "Record a board sitting", labels: &[] },
    Row { rpc: "RatifyOutcome", title: "Ratify outcomes", labels: &[] },
    Row { rpc: "ReleaseResult", title: "Release a result", labels: &[] },
    Row { rpc: "EvidenceQualifiedPost", title: "Evidence a qualified post", labels: &[] },
    Row { rpc: "RegisterInterest", title: "Register interest", labels: &[] },
    Row { rpc: "AnswerPolicyQuestion", title: "Answer a policy question", labels: &[] },
    Row { rpc: "AskPolicyQuestion", title: "Ask about policy", labels: &[] },
];

#[cfg(test)]
mod tests {
    use prost_reflect::{Kind, MessageDescriptor};

    use super::*;
    use crate::schema::Schema;

    fn has(message: &MessageDescriptor, path: &str) -> bool {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        match message.get_field_by_name(first).map(|field| field.kind()) {
            Some(Kind::Message(inner)) => rest.is_empty() || has(&inner, rest),
            Some(_) => rest.is_empty(),
            None => false,
        }
    }

    #[test]
    fn every_row_is_of_the_contract() {
        let schema = Schema::read().expect("a contract");
        for row in ROWS {
            let method = schema.method(row.rpc).expect(row.rpc);
            for (field, _) in row.labels.iter().filter(|_| row.rpc != "WithdrawDecision") {
                assert!(has(&method.input(), field), "{} {field}", row.rpc);
            }
        }
    }

    #[test]
    fn rows_of_a_list_share_a_label() {
        assert_eq!(
            label("SealDecision", "decision.scores.3.points"),
            Some("Points, 0 to 100")
        );
        assert_eq!(label("SealDecision", "decision"), None);
    }
}
