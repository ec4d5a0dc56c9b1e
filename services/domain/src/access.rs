//! Who has read what about a person, and when the person may see it (C.2: every read of a
//! restricted class is itself recorded; C.3).
//!
//! A tenant sees its own accesses. The person sees those of every tenant, but not while an
//! application is undecided: a party that opens a record is about to decide, and the candidate could
//! tell the other.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    actor::{Actor, PersonId, TenantId, TenantKind},
    application::{Application, ApplicationEvent, CandidateStatus, HeldApplication, Stage},
    decision_round::Seal,
};

/// The kinds of record that say what is withheld from a person's list.
pub const KINDS: &[&str] = &[Application::TYPE];

/// Whether reading something about `subject` is an access: whoever reads about themself makes none.
pub fn is_recorded(reader: &Actor, subject: PersonId) -> bool {
    reader.kind != TenantKind::Person || reader.person != Some(subject)
}

/// Who reads, in one opaque word for the tenant's own list: the person, or the client system.
pub fn reader(actor: &Actor) -> String {
    match (actor.person, &actor.client) {
        (Some(person), _) => person.to_string(),
        (None, Some(client)) => client.clone(),
        (None, None) => String::new(),
    }
}

/// What of the parties' accesses an application withholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Withholds {
    /// All: it is undecided.
    Everything,
    /// Those to seals: it ended with nothing revealed, so that there was one is nobody's to know.
    Seals,
    /// None: both parties' words are revealed.
    Nothing,
}

#[derive(Debug, Clone)]
struct Undecided {
    application: Application,
    withholds: Withholds,
    /// When it was last taken up: submitted, or to be decided again.
    since: Timestamp,
}

/// What is withheld from one person's list.
#[derive(Debug, Clone, Default)]
pub struct Withheld(BTreeMap<Uuid, Undecided>);

impl Withheld {
    /// Takes in an event of one of the person's applications, in recorded order.
    pub fn take(&mut self, stream: Uuid, recorded: Timestamp, event: &ApplicationEvent) {
        let held = self.0.entry(stream).or_insert_with(|| Undecided {
            application: Application::default(),
            withholds: Withholds::Nothing,
            since: recorded,
        });
        held.application.apply(event.clone());
        let withholds = held.application.held().map(withholds);
        if held.withholds == Withholds::Nothing {
            held.since = recorded;
        }
        held.withholds = withholds.unwrap_or(Withholds::Nothing);
    }

    /// Whether the person does not see yet that `tenant` read a record of `kind` at an instant.
    pub fn hides(&self, tenant: TenantId, kind: &str, at: Timestamp) -> bool {
        self.0.values().any(|held| {
            let terms = held.application.terms();
            let party =
                terms.is_some_and(|terms| [terms.employer, terms.university].contains(&tenant));
            let hidden = match held.withholds {
                Withholds::Everything => true,
                Withholds::Seals => kind == Seal::TYPE,
                Withholds::Nothing => false,
            };
            party && hidden && at >= held.since
        })
    }
}

fn withholds(held: &HeldApplication) -> Withholds {
    if matches!(held.stage, Stage::Lapsed { .. }) {
        return Withholds::Seals;
    }
    match held.shown_to_the_candidate() {
        CandidateStatus::UnderConsideration | CandidateStatus::Reopened => Withholds::Everything,
        CandidateStatus::Withdrawn => Withholds::Seals,
        CandidateStatus::NotAppointed | CandidateStatus::Appointed => Withholds::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        actor::{ActingRole, Party},
        application::{
            AgreeReconsideration, RequestReconsideration, WithdrawApplication,
            tests::cast::{
                Cast, applied, at, candidate, employer, hr, platform, tutor, university,
            },
        },
        calendar::midday,
        decision_round::{LapseDecisionRound, tests::accept},
        fact::Fact,
        given::{actor, person, tenant},
    };

    fn withheld(cast: &Cast) -> Withheld {
        let mut withheld = Withheld::default();
        for (key, payload, on) in cast.given.log() {
            let fact = Fact::decode(key.kind, payload).expect("a stored event decodes");
            if let Some(Fact::Application(event)) = fact {
                withheld.take(key.id, midday(on.expect("a day")), &event);
            }
        }
        withheld
    }

    const READ: jiff::civil::Date = date(2025, 12, 12);

    #[test]
    fn c_3_no_party_is_seen_reading_before_both_words_are_revealed() {
        for cast in [applied(), applied().shortlisted(), applied().deciding()] {
            let withheld = withheld(&cast);
            for party in [employer(), university()] {
                assert!(withheld.hides(party, Application::TYPE, midday(READ)));
                assert!(withheld.hides(party, Seal::TYPE, midday(READ)));
            }
            // who decides nothing tells nothing
            assert!(!withheld.hides(tenant(4), Application::TYPE, midday(READ)));
        }
        for cast in [
            applied().appointed(),
            applied().rejected_by_the_university(),
        ] {
            let withheld = withheld(&cast);
            for party in [employer(), university()] {
                assert!(!withheld.hides(party, Application::TYPE, midday(READ)));
                assert!(!withheld.hides(party, Seal::TYPE, midday(READ)));
            }
        }
    }

    #[test]
    fn c_3_a_round_that_ends_unrevealed_never_shows_who_opened_a_seal() {
        let mut lapsed = applied().deciding();
        let sealed = lapsed.decide(1, accept(Party::Employer));
        lapsed.when(&hr(), READ, &sealed).expect("sealed");
        let lapse = LapseDecisionRound {
            application: lapsed.application,
            round: 1,
        };
        lapsed
            .when(&platform(), date(2025, 12, 20), &lapse)
            .expect("lapsed");
        let mut withdrawn = applied().deciding();
        let withdraw = WithdrawApplication {
            application: withdrawn.application,
        };
        withdrawn
            .when(&candidate(), date(2025, 12, 13), &withdraw)
            .expect("withdrawn");
        for cast in [lapsed, withdrawn] {
            let withheld = withheld(&cast);
            assert!(withheld.hides(employer(), Seal::TYPE, midday(READ)));
            assert!(!withheld.hides(employer(), Application::TYPE, midday(READ)));
        }
    }

    #[test]
    fn c_3_a_second_round_withholds_what_is_read_from_its_opening_on() {
        let mut cast = applied().rejected_by_the_university();
        let application = cast.application;
        let ask = RequestReconsideration {
            application,
            reason: "A certificate came in.".to_owned(),
        };
        cast.when(&hr(), date(2025, 12, 18), &ask).expect("asked");
        let agree = AgreeReconsideration {
            application,
            deadline: Some(at("2025-12-29T17:00:00Z")),
        };
        cast.when(&tutor(), date(2025, 12, 19), &agree)
            .expect("agreed");
        let withheld = withheld(&cast);
        let read = |on| withheld.hides(employer(), Application::TYPE, midday(on));
        assert!(!read(date(2025, 12, 17)));
        assert!(read(date(2025, 12, 22)));
    }

    #[test]
    fn whoever_reads_about_themself_leaves_no_access() {
        let own = actor(tenant(7), ActingRole::Candidate);
        assert!(!is_recorded(&own, person(7)));
        assert!(is_recorded(&own, person(8)));
        let mut staff = hr();
        staff.person = Some(person(7));
        assert!(is_recorded(&staff, person(7)), "an organisation reads");
        assert_eq!(reader(&staff), person(7).to_string());
    }
}
