//! Random histories, legal and illegal, of several applications of one person and of several people
//! for one post.

use std::collections::BTreeMap;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    actor::Actor,
    application::{
        AddStudyEvidence, Degree, HeldApplication, Stage, StudyEvidenceKind, WithdrawApplication,
        tests::cast::applied_with,
    },
    correction::Authority,
    decision_round::{OpenDecisionRound, Seal, tests::reject},
    given::Given,
    reserve::{PlaceOnReserve, ReserveList},
    vacancy::VacancyTerms,
    world::Command,
};

/// Two vacancies of one post each. Person 7 applies for both, person 8 for the first.
struct World {
    given: Given,
    applications: [Id<Application>; 3],
}

const EMPLOYERS: [u128; 3] = [1, 3, 1];
const PEOPLE: [u128; 3] = [7, 7, 8];

fn vacancy_of(which: usize) -> Id<Vacancy> {
    match EMPLOYERS[which] {
        1 => cast::vacancy(),
        other => Id::derive(tenant(other), &[uuid::Uuid::from_u128(1)]),
    }
}

impl World {
    fn new() -> Self {
        let given = cast::opened();
        let known = given.state(cast::vacancy()).and_then(Vacancy::terms);
        let known = known.cloned().expect("opened");
        let one_post = |employer: u128| VacancyEvent::VacancyOpened {
            terms: Box::new(VacancyTerms {
                employer: tenant(employer),
                posts: 1,
                ..known.clone()
            }),
        };
        let mut given = given
            .happened(vacancy_of(0), &one_post(1))
            .happened(vacancy_of(1), &one_post(3));
        let mut applications = vec![];
        for which in 0..3 {
            let apply = SubmitApplication {
                vacancy: vacancy_of(which),
                ..cast::submit(Degree::Held)
            };
            given
                .when(&person_of(which), date(2025, 11, 21), &apply)
                .expect("submitted");
            applications.push(Application::id(
                tenant(EMPLOYERS[which]),
                vacancy_of(which),
                crate::given::person(PEOPLE[which]),
            ));
        }
        Self {
            given,
            applications: applications.try_into().expect("three"),
        }
    }

    fn held(&self, which: usize) -> &HeldApplication {
        let state = self.given.state(self.applications[which]);
        state.and_then(Application::held).expect("submitted")
    }

    fn offer(&self, which: usize) -> Id<Offer> {
        Offer::id(tenant(EMPLOYERS[which]), self.applications[which])
    }

    fn offer_stage(&self, which: usize) -> Option<OfferStage> {
        let held = self.given.state(self.offer(which)).and_then(Offer::held);
        held.map(|held| held.stage)
    }

    /// Everything that is stored.
    fn stored(&self) -> Vec<Vec<String>> {
        (0..3)
            .flat_map(|which| {
                let employer = tenant(EMPLOYERS[which]);
                [
                    self.given.stored(self.applications[which]),
                    self.given.stored(self.offer(which)),
                    self.given
                        .stored(ReserveList::id(employer, vacancy_of(which))),
                ]
            })
            .collect()
    }
}

fn person_of(which: usize) -> Actor {
    actor(tenant(PEOPLE[which]), ActingRole::Candidate)
}

fn hr_of(which: usize) -> Actor {
    actor(tenant(EMPLOYERS[which]), ActingRole::EmployerHr)
}

/// Something somebody tries.
#[derive(Debug, Clone, Copy)]
enum Try {
    Shortlist(Party, bool),
    Interview,
    OpenRound,
    Seal(Party, bool),
    Offer,
    Reserve,
    Accept,
    Decline,
    Withdraw,
    Rescind,
    Lapse,
    /// By the candidate, or else the employer.
    Reinstate(bool),
}

fn tries() -> impl Strategy<Value = (usize, Try)> {
    let party = prop_oneof![Just(Party::Employer), Just(Party::University)];
    let yes = prop::bool::weighted(0.8);
    let one = prop_oneof![
        4 => (party.clone(), yes).prop_map(|(party, yes)| Try::Shortlist(party, yes)),
        2 => Just(Try::Interview),
        2 => Just(Try::OpenRound),
        4 => (party, yes).prop_map(|(party, yes)| Try::Seal(party, yes)),
        3 => Just(Try::Offer),
        1 => Just(Try::Reserve),
        3 => Just(Try::Accept),
        1 => Just(Try::Decline),
        1 => Just(Try::Withdraw),
        1 => Just(Try::Rescind),
        1 => Just(Try::Lapse),
        2 => any::<bool>().prop_map(Try::Reinstate),
    ];
    (0..3_usize, one)
}

impl Try {
    fn command(self, world: &World, which: usize) -> (Actor, Box<dyn Command>) {
        let application = world.applications[which];
        let offer = world.offer(which);
        let side = |party| match party {
            Party::Employer => hr_of(which),
            Party::University => tutor(),
        };
        let cast = |given| Cast { given, application };
        match self {
            Self::Shortlist(party, yes) => {
                let shortlist = cast(Given::nothing()).shortlist(yes);
                (side(party), Box::new(shortlist))
            }
            Self::Interview => {
                let interview = cast(Given::nothing()).interview();
                (hr_of(which), Box::new(interview))
            }
            Self::OpenRound => {
                let deadline = Some(at("2025-12-19T17:00:00Z"));
                let open = OpenDecisionRound {
                    application,
                    deadline,
                };
                (tutor(), Box::new(open))
            }
            Self::Seal(party, yes) => {
                let word = if yes {
                    accept(party)
                } else {
                    reject("trauma_informed_recovery", party)
                };
                let seal = cast(Given::nothing()).decide(1, word);
                (side(party), Box::new(seal))
            }
            Self::Offer => (hr_of(which), Box::new(MakeOffer { application })),
            Self::Reserve => (hr_of(which), Box::new(PlaceOnReserve { application })),
            Self::Accept => (person_of(which), Box::new(AcceptOffer { offer })),
            Self::Decline => (person_of(which), Box::new(DeclineOffer { offer })),
            Self::Withdraw => (
                person_of(which),
                Box::new(WithdrawApplication { application }),
            ),
            Self::Rescind => {
                let reason = RescissionReason::PostWithdrawn;
                (hr_of(which), Box::new(RescindOffer { offer, reason }))
            }
            Self::Lapse => (platform(), Box::new(LapseOffer { offer })),
            Self::Reinstate(own) => {
                let reinstate = ReinstateOffer {
                    offer,
                    reason: ReinstatementReason::NotMeant,
                    authority: Authority::Own,
                };
                let by = if own { person_of(which) } else { hr_of(which) };
                (by, Box::new(reinstate))
            }
        }
    }
}

/// How far an application has come; it never goes back.
fn depth(stage: Stage) -> u8 {
    match stage {
        Stage::AwaitingShortlist => 0,
        Stage::Shortlisted => 1,
        Stage::AwaitingJointOutcome { .. } => 2,
        Stage::NotShortlisted
        | Stage::NotAppointed { .. }
        | Stage::Appointed { .. }
        | Stage::Lapsed { .. }
        | Stage::ReconsiderationRequested { .. } => 3,
        Stage::Withdrawn => 4,
    }
}

fn legal(before: Option<OfferStage>, after: Option<OfferStage>) -> bool {
    use OfferStage as S;
    before == after
        || match (before, after) {
            (None | Some(S::Lapsed | S::Declined | S::Rescinded), Some(S::Made)) => true,
            (Some(S::Made), Some(after)) => after != S::ConditionsMet,
            (Some(S::Accepted), Some(after)) => {
                matches!(after, S::ConditionsMet | S::Withdrawn | S::Rescinded)
            }
            _ => false,
        }
}

fn invariants(world: &World) -> Result<(), TestCaseError> {
    let accepted: Vec<usize> = (0..3)
        .filter(|which| world.offer_stage(*which) == Some(OfferStage::Accepted))
        .collect();
    for person in [7, 8] {
        let own: Vec<usize> = accepted
            .iter()
            .copied()
            .filter(|which| PEOPLE[*which] == person)
            .collect();
        prop_assert!(own.len() <= 1, "{person} accepted {own:?}");
        let stands = world
            .given
            .state(Acceptance::id(crate::given::person(person)))
            .and_then(Acceptance::offer);
        prop_assert_eq!(stands, own.first().map(|which| world.offer(*which)));
    }
    for (which, employer) in EMPLOYERS.into_iter().enumerate() {
        let held = world.held(which);
        let appointed = matches!(held.stage, Stage::Appointed { .. });
        match world.offer_stage(which) {
            Some(stage) if stage.stands() => prop_assert!(appointed),
            Some(_) => prop_assert!(appointed || held.stage == Stage::Withdrawn),
            None => {}
        }
        let list = ReserveList::id(tenant(employer), vacancy_of(which));
        if let Some(list) = world.given.state(list) {
            prop_assert!(list.offered().len() <= 1, "one post");
            for waiting in list.reserves() {
                prop_assert!(!list.offered().contains(waiting));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// JOINT-01, JOINT-03: whatever is tried in whatever order, nobody holds two accepted offers, no
    /// post is offered twice, no stage is skipped or undone but by a reinstatement, and a refusal changes nothing.
    #[test]
    fn joint_01_no_sequence_accepts_twice_or_skips_a_stage(
        tries in prop::collection::vec(tries(), 1..80),
    ) {
        let mut world = World::new();
        for (which, attempt) in tries {
            let (by, command) = attempt.command(&world, which);
            let day = match attempt {
                Try::Lapse => date(2026, 1, 20),
                _ => date(2025, 12, 12),
            };
            let before: Vec<_> = (0..3)
                .map(|n| (depth(world.held(n).stage), world.offer_stage(n)))
                .collect();
            let stored = world.stored();
            let answer = world.given.when(&by, day, &*command);
            if answer.is_err() {
                prop_assert_eq!(&stored, &world.stored(), "a refusal writes nothing");
            }
            // a post that comes free is passed on before the next one looks
            free(&mut world, which, &stored);
            for (n, (depth_before, offer_before)) in before.into_iter().enumerate() {
                prop_assert!(depth(world.held(n).stage) >= depth_before);
                let after = world.offer_stage(n);
                prop_assert!(legal(offer_before, after), "{offer_before:?} to {after:?}");
            }
            invariants(&world)?;
        }
    }

    /// JOINT-03: what the two parties and the candidate say for themselves comes to the same end in
    /// whatever order it arrives.
    #[test]
    fn joint_03_the_order_of_independent_facts_does_not_matter(
        shortlists in any::<bool>(),
        order in Just((0..3_usize).collect::<Vec<_>>()).prop_shuffle(),
        employer_accepts in any::<bool>(),
        university_accepts in any::<bool>(),
    ) {
        let end = |university_first: bool, order: &[usize]| {
            let mut cast = applied_with(Degree::Pending);
            let prior = AddStudyEvidence {
                application: cast.application,
                kind: StudyEvidenceKind::PriorStudy,
                detail: "Level 5 diploma, 2024".to_owned(),
            };
            let degree = AddStudyEvidence {
                kind: StudyEvidenceKind::Degree,
                ..prior.clone()
            };
            cast.when(&tutor(), date(2025, 11, 25), &prior).expect("added");
            let shortlist = cast.shortlist(true);
            let mut sides = [hr(), tutor()];
            if university_first {
                sides.reverse();
            }
            for side in &sides {
                cast.when(side, date(2025, 12, 3), &shortlist).expect("sealed");
            }
            let interview = cast.interview();
            cast.when(&sides[0], date(2025, 12, 11), &interview).expect("held");
            let open = OpenDecisionRound {
                application: cast.application,
                deadline: Some(at("2025-12-19T17:00:00Z")),
            };
            cast.when(&sides[1], date(2025, 12, 11), &open).expect("opened");
            let word = |yes, party| if yes {
                accept(party)
            } else {
                reject("trauma_informed_recovery", party)
            };
            let employers = cast.decide(1, word(employer_accepts, Party::Employer));
            let universitys = cast.decide(1, word(university_accepts, Party::University));
            let (employers_side, universitys_side) = (hr(), tutor());
            let facts: [(&Actor, &dyn Command); 3] = [
                (&employers_side, &employers),
                (&universitys_side, &universitys),
                (&universitys_side, &degree),
            ];
            for fact in order {
                let (by, command) = facts[*fact];
                cast.when(by, date(2025, 12, 12), command).expect("independent");
            }
            let held = cast.held();
            let seals: BTreeMap<_, _> = [employer(), cast::university()]
                .into_iter()
                .map(|party| {
                    let seal = cast.given.state(Seal::id(party, cast.application));
                    (party, seal.and_then(|seal| seal.decision(1)?.word.heard()).map(|word| word.verdict))
                })
                .collect();
            (
                held.stage,
                held.level,
                held.degree,
                held.rounds.clone(),
                held.conditions.clone(),
                seals,
            )
        };
        prop_assert_eq!(end(shortlists, &order), end(false, &[0, 1, 2]));
    }
}

/// Runs the reactions to an offer that has just fallen.
fn free(world: &mut World, which: usize, before: &[Vec<String>]) {
    let stored = world.stored();
    let offers = (before[which * 3 + 1].len(), stored[which * 3 + 1].len());
    let fell = !world.offer_stage(which).is_none_or(OfferStage::stands);
    if offers.0 < offers.1 && fell {
        let free = crate::reserve::FreePost {
            offer: world.offer(which),
            vacancy: None,
        };
        world
            .given
            .when(&platform(), date(2025, 12, 12), &free)
            .expect("freed");
    }
}
