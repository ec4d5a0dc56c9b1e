//! Random histories of one side, seen from the other.

use proptest::prelude::*;

use super::*;

/// Something one of the parties, the candidate or the clock does while a round is open.
#[derive(Debug, Clone)]
enum Act {
    Seal(Party, Saying),
    Amend(Party, Saying),
    Withdraw(Party, u32),
    Shortlist(Party, bool),
    OpenRound(Party),
    Evidence,
    Lapse,
}

#[derive(Debug, Clone)]
struct Saying {
    round: u32,
    accepts: bool,
    conditional: bool,
    points: u32,
}

impl Saying {
    fn decision(&self, party: Party) -> Decision {
        let mut decision = if self.accepts {
            accept(party)
        } else {
            reject("trauma_informed_recovery", party)
        };
        if self.conditional && self.accepts {
            decision.conditions = vec!["driving_licence".to_owned()];
        }
        for score in &mut decision.scores {
            score.points = self.points;
        }
        decision
    }
}

fn actor_of(party: Party) -> Actor {
    match party {
        Party::Employer => hr(),
        Party::University => tutor(),
    }
}

impl Act {
    /// The side whose hidden act it is; `None` for what everybody sees.
    fn hidden(&self) -> Option<Party> {
        match self {
            Self::Seal(party, _)
            | Self::Amend(party, _)
            | Self::Withdraw(party, _)
            | Self::Shortlist(party, _) => Some(*party),
            Self::OpenRound(_) | Self::Evidence | Self::Lapse => None,
        }
    }

    fn command(&self, application: Id<Application>) -> (Actor, Box<dyn Command>) {
        match self {
            Self::Seal(party, word) => (
                actor_of(*party),
                Box::new(SealDecision {
                    application,
                    round: word.round,
                    decision: word.decision(*party),
                }),
            ),
            Self::Amend(party, word) => (
                actor_of(*party),
                Box::new(AmendDecision {
                    application,
                    round: word.round,
                    decision: word.decision(*party),
                }),
            ),
            Self::Withdraw(party, round) => (
                actor_of(*party),
                Box::new(WithdrawDecision {
                    application,
                    round: *round,
                }),
            ),
            Self::Shortlist(party, shortlisted) => (
                actor_of(*party),
                Box::new(SealShortlist {
                    application,
                    shortlisted: *shortlisted,
                    scores: vec![],
                    reason: "as the criteria say".to_owned(),
                }),
            ),
            Self::OpenRound(party) => (
                actor_of(*party),
                Box::new(OpenDecisionRound {
                    application,
                    deadline: None,
                }),
            ),
            Self::Evidence => (
                candidate(),
                Box::new(crate::application::AddStudyEvidence {
                    application,
                    kind: crate::application::StudyEvidenceKind::PriorStudy,
                    detail: "Level 5 diploma".to_owned(),
                }),
            ),
            Self::Lapse => (
                platform(),
                Box::new(LapseDecisionRound {
                    application,
                    round: 1,
                }),
            ),
        }
    }
}

fn party() -> impl Strategy<Value = Party> {
    prop_oneof![Just(Party::Employer), Just(Party::University)]
}

fn word() -> impl Strategy<Value = Saying> {
    (1..3_u32, any::<bool>(), any::<bool>(), 0..4_u32).prop_map(
        |(round, accepts, conditional, points)| Saying {
            round,
            accepts,
            conditional,
            points,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (party(), word()).prop_map(|(party, word)| Act::Seal(party, word)),
        3 => (party(), word()).prop_map(|(party, word)| Act::Amend(party, word)),
        3 => (party(), 1..3_u32).prop_map(|(party, round)| Act::Withdraw(party, round)),
        1 => (party(), any::<bool>()).prop_map(|(party, yes)| Act::Shortlist(party, yes)),
        1 => party().prop_map(Act::OpenRound),
        1 => Just(Act::Evidence),
        1 => Just(Act::Lapse),
    ]
}

/// The resource an answer names, its version, and the policy versions noted beside the events.
type Seen = (StreamKey, u64, BTreeMap<String, u32>);

/// Everything `viewer` can get hold of: the answers to its own and to the shared acts, the shared
/// stream and its own seal, to the byte.
#[derive(Debug, PartialEq)]
struct View {
    answers: Vec<(usize, Result<Seen, Refusal>)>,
    application: Vec<String>,
    seal: Vec<String>,
}

/// Plays `acts` without the hidden acts of `without`, if any, up to (not including) the reveal
/// that the full history reaches first. Answers with the number of acts played.
fn play(
    mut cast: Cast,
    acts: &[Act],
    viewer: Party,
    without: Option<Party>,
    upto: usize,
) -> (View, usize) {
    let application = cast.application;
    let tenant = match viewer {
        Party::Employer => employer(),
        Party::University => university(),
    };
    let mut answers = vec![];
    let mut played = 0;
    for (index, act) in acts.iter().enumerate().take(upto) {
        if without.is_some() && act.hidden() == without {
            continue;
        }
        let before = (
            cast.given.stored(application),
            cast.given.stored(Seal::id(tenant, application)),
        );
        let (by, command) = act.command(application);
        let effective = at("2025-12-12T09:00:00Z") + jiff::SignedDuration::from_mins(index as i64);
        let effective = match act {
            Act::Lapse => at("2025-12-19T17:00:00Z"),
            _ => effective,
        };
        let request = Uuid::from_u128(index as u128 + 1);
        let answer = cast.given.answer(&by, effective, request, command.as_ref());
        let reveals = answer.as_ref().is_ok_and(|answer: &Answer| {
            ["JointOutcomeReached", "ShortlistRevealed"]
                .iter()
                .any(|reveal| answer.appended.iter().any(|event| event == reveal))
        });
        if reveals {
            let view = View {
                answers,
                application: before.0,
                seal: before.1,
            };
            return (view, index);
        }
        if act.hidden().is_none_or(|party| party == viewer) {
            let answer = answer.map(|answer| (answer.key, answer.version, answer.policies));
            answers.push((index, answer));
        }
        played = index + 1;
    }
    let view = View {
        answers,
        application: cast.given.stored(application),
        seal: cast.given.stored(Seal::id(tenant, application)),
    };
    (view, played.max(upto.min(acts.len())))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// C.3: for every instant before the reveal, what a party sees is independent of what the
    /// other side sealed, amended, withdrew or left undone.
    #[test]
    fn nothing_of_one_side_shows_to_the_other_before_the_reveal(
        acts in prop::collection::vec(act(), 1..24),
        viewer in party(),
        shortlisting in any::<bool>(),
        graduate in any::<bool>(),
    ) {
        let start = || {
            let degree = if graduate { Degree::Held } else { Degree::None };
            let cast = applied_with(degree);
            if shortlisting { cast } else { cast.deciding() }
        };
        let (with, reveal) = play(start(), &acts, viewer, None, acts.len());
        let (without, _) = play(start(), &acts, viewer, Some(viewer.other()), reveal);
        prop_assert_eq!(with, without);
    }
}
