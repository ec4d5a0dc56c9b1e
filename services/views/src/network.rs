//! What a regional network sees: its own record, its communities, and sums of its region. Nobody's
//! records are in its feed (C.5.3).

use domain::{
    actor::TenantKind, disclosure::DisclosureRule, fact::Fact, policy::Policies, refusal::Refusal,
};
use jiff::civil::Date;
use ledger::view::{Figures, FoldError, Noted, View};
use uuid::Uuid;

use crate::{
    dashboard::{
        Dashboard, Definition, OUTCOMES, People, Split, before, count, outcome_completeness, split,
    },
    record::{
        FIDELITY, PEOPLE, PROGRESS, PROGRESSED, REGION, Record, concerns, fidelity_of_roles,
        progress,
    },
    released::{Dated, Group},
};

/// The view.
#[derive(Debug)]
pub struct Network;

impl View for Network {
    const NAME: &'static str = "network";
    const VERSION: u32 = 3;
    const KIND: TenantKind = TenantKind::Network;
    type Row = Dated;

    fn fold(row: &mut Dated, noted: &Noted, fact: &Fact) -> Result<(), FoldError> {
        row.note(noted, fact, sums_of, Self::RELEASED);
        Ok(())
    }

    fn figures(row: &Dated, sums: &mut Figures) {
        sums_of(&row.record, sums);
        row.sums(sums);
    }

    /// Sums only.
    fn thread(_: &Dated) -> Option<Uuid> {
        None
    }
}

/// What a record adds to the figures.
fn sums_of(row: &Record, sums: &mut Figures) {
    match row {
        Record::Community(community) => sums.add_of("communities", &community.kind, 1),
        Record::Membership(membership) => {
            sums.count("community_members", membership.member);
        }
        Record::Feedback(feedback) => feedback.sums(sums),
        Record::Network(network) => network.sums(sums),
        Record::Outcome(outcome) => outcome.sums(sums),
        Record::Counted(concern) => concern.sums(sums),
        Record::Region(counted) => counted.sums(sums),
        // Nameless, and of its region alone (EVAL-09).
        Record::Progression(progression) => progression.sums(sums),
        // A network is no party of anything else (C.2).
        _ => {}
    }
}

impl Dashboard for Network {
    const DEFINITIONS: &'static [Definition] = &[
        split(
            "communities",
            Split::Word,
            "communities of practice by whom they are for (SUP-06)",
        ),
        count(
            "community_members",
            "members of the communities; a small count suppressed",
        ),
        split(
            "feedback_given",
            Split::Word,
            "pieces of feedback from members (PRECEPT-06); small counts suppressed",
        ),
        split(
            "meetings_held",
            Split::Date,
            "meetings by day (ACTOR-02, TIME-09)",
        ),
        count("actions_open", "actions agreed and not done (ACTOR-05)"),
        count("actions_overdue", "open actions whose day is past"),
        count("actions_completed", "actions done"),
        split("actions_due_by", Split::Date, "open actions by their day"),
        count("digests_issued", "fortnightly digests made (ACTOR-08)"),
        concerns::RAISED,
        OUTCOMES[0],
        OUTCOMES[1],
        OUTCOMES[2],
        OUTCOMES[3],
        OUTCOMES[4],
        OUTCOMES[5],
        OUTCOMES[6],
        REGION[0],
        REGION[1],
        REGION[2],
        REGION[3],
        PROGRESS[0],
        PROGRESS[1],
        PROGRESS[2],
        PROGRESS[3],
        PROGRESS[4],
        PROGRESS[5],
        PROGRESS[6],
        PROGRESS[7],
    ];

    const SUPPRESSED: &'static [People] = &[
        People::alone("community_members"),
        People::alone("feedback_given"),
        People::alone("trainings_reviewed"),
        People::share("role_fidelity_of_region"),
        PEOPLE[0],
        PEOPLE[1],
        PEOPLE[2],
        PEOPLE[3],
        PEOPLE[4],
        PEOPLE[5],
        PEOPLE[6],
        PEOPLE[7],
    ];

    const RELEASED: &'static [Group] = &[
        Group::new(&["community_members"], &["community_members"]),
        Group::new(&["feedback_given"], &["feedback_given"]),
        FIDELITY,
        PROGRESSED,
    ];

    fn complete(figures: &mut Figures, policies: &Policies, on: Date) -> Result<(), Refusal> {
        before(figures, "actions_due_by", "actions_overdue", on);
        outcome_completeness(figures);
        let rule: DisclosureRule = policies.get("disclosure.rule", on)?;
        let base = i64::from(rule.share_base());
        fidelity_of_roles(figures, base);
        progress(figures, on, base);
        Ok(())
    }
}
