mod bench;
mod blindness;

use std::collections::BTreeMap;

use jiff::civil::date;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Actor, PLATFORM, Party, TenantId},
    application::{
        Degree, Outcome, Verdict, WithdrawApplication,
        tests::cast::{
            Cast, applied, applied_with, at, candidate, employer, hr, platform, stranger, tutor,
            university,
        },
    },
    fact::Fact,
    given::Answer,
    personal::{PADDED_TO, Personal, PersonalClass},
    reactions::{Occurred, Reaction, Timer, on_timer, react},
    refusal::Reason,
    world::Decider,
};

/// An accept with every essential criterion of the side scored.
pub(crate) fn accept(party: Party) -> Decision {
    let own = match party {
        Party::Employer => "team_aptitude",
        Party::University => "academic_writing",
    };
    Decision {
        verdict: Verdict::Accept,
        conditions: vec![],
        scores: [own, "trauma_informed_recovery"]
            .map(|criterion| Score {
                criterion: criterion.to_owned(),
                points: 78,
            })
            .to_vec(),
        grounds: vec![],
        reason: "Convincing in interview.".to_owned(),
    }
}

/// A rejection on one ground.
pub(crate) fn reject(ground: &str, party: Party) -> Decision {
    Decision {
        verdict: Verdict::Reject,
        grounds: vec![ground.to_owned()],
        ..accept(party)
    }
}

fn seal_of(cast: &Cast, tenant: TenantId) -> Id<Seal> {
    Seal::id(tenant, cast.application)
}

fn sealed() -> Result<Vec<String>, Reason> {
    Ok(vec![
        "DecisionCollected".to_owned(),
        "DecisionSealed".to_owned(),
    ])
}

const DAY: jiff::civil::Date = date(2025, 12, 12);

#[test]
fn d_1_the_second_decision_reveals_both_in_one_unit() {
    let mut cast = applied().deciding();
    let before = cast.given.stored(cast.application);
    let employer = cast.decide(1, accept(Party::Employer));
    assert_eq!(cast.when(&hr(), DAY, &employer), sealed());
    assert_eq!(cast.given.stored(cast.application), before, "untouched");
    let university = cast.decide(1, accept(Party::University));
    let events = cast.when(&tutor(), date(2025, 12, 15), &university);
    let expected = ["JointOutcomeReached", "DecisionCollected", "DecisionSealed"];
    assert_eq!(events, Ok(expected.map(str::to_owned).to_vec()));
    let held = cast.held();
    assert_eq!(
        (held.stage, held.level),
        (Stage::Appointed { round: 1 }, Some(7))
    );
}

#[test]
fn c_3_a_seal_may_be_audited_once_its_round_is_revealed_and_not_before() {
    let mut cast = applied().deciding();
    let seal = seal_of(&cast, employer());
    let revealed = |cast: &Cast| -> Vec<bool> {
        let application = cast.given.state(cast.application).cloned();
        let application = application.unwrap_or_default();
        cast.given
            .stored(seal)
            .iter()
            .map(|event| serde_json::from_str::<SealEvent>(event).expect("a seal's event"))
            .map(|event| event.is_revealed(&application))
            .collect()
    };
    assert_eq!(revealed(&cast), [true], "both shortlists are in");
    let decision = cast.decide(1, accept(Party::Employer));
    assert_eq!(cast.when(&hr(), DAY, &decision), sealed());
    assert_eq!(revealed(&cast), [true, false], "the round is blind");
    let decision = cast.decide(1, accept(Party::University));
    assert!(cast.when(&tutor(), DAY, &decision).is_ok());
    assert_eq!(revealed(&cast), [true, true]);
}

#[test]
fn joint_01_any_rejection_means_not_appointed_and_conditions_fall_away() {
    for (employer, university, outcome) in [
        (
            accept(Party::Employer),
            accept(Party::University),
            Outcome::Appoint,
        ),
        (
            reject("team_aptitude", Party::Employer),
            accept(Party::University),
            Outcome::NotAppointed,
        ),
        (
            accept(Party::Employer),
            reject("academic_writing", Party::University),
            Outcome::NotAppointed,
        ),
        (
            reject("team_aptitude", Party::Employer),
            reject("ability_to_study", Party::University),
            Outcome::NotAppointed,
        ),
    ] {
        let mut cast = applied().deciding();
        let mut employer = employer;
        if employer.verdict == Verdict::Accept {
            employer.conditions = vec!["driving_licence".to_owned()];
        }
        let (employer, university) = (cast.decide(1, employer), cast.decide(1, university));
        cast.when(&hr(), DAY, &employer).expect("sealed");
        cast.when(&tutor(), DAY, &university).expect("revealed");
        let held = cast.held();
        assert_eq!(
            held.rounds.last().map(|revealed| revealed.outcome),
            Some(outcome)
        );
        let appointed = outcome == Outcome::Appoint;
        assert_eq!(
            held.conditions.employer.contains("driving_licence"),
            appointed
        );
        assert_eq!(held.level.is_some(), appointed);
    }
}

#[test]
fn joint_04_nobody_seals_for_the_other_side() {
    let mut cast = applied().deciding();
    let by_employer = cast.decide(1, accept(Party::University));
    assert_eq!(
        cast.when(&hr(), DAY, &by_employer),
        Err(Reason::FieldInvalid),
        "the university's criteria are not the employer's to score"
    );
    let mut posing = tutor();
    posing.tenant = employer();
    for by in [
        candidate(),
        platform(),
        stranger(ActingRole::EmployerHr),
        stranger(ActingRole::AdmissionsTutor),
        posing,
    ] {
        let decision = cast.decide(1, accept(Party::Employer));
        assert_eq!(
            cast.when(&by, DAY, &decision),
            Err(Reason::NotPermitted),
            "{by:?}"
        );
        let shortlist = cast.shortlist(true);
        assert_eq!(
            cast.when(&by, DAY, &shortlist),
            Err(Reason::NotPermitted),
            "{by:?}"
        );
        let withdraw = WithdrawDecision {
            application: cast.application,
            round: 1,
        };
        assert_eq!(
            cast.when(&by, DAY, &withdraw),
            Err(Reason::NotPermitted),
            "{by:?}"
        );
    }
}

#[test]
fn shortlists_are_blind_too() {
    let mut cast = applied();
    let before = cast.given.stored(cast.application);
    let (yes, no) = (cast.shortlist(true), cast.shortlist(false));
    let on = date(2025, 12, 3);
    let sealed = ["ShortlistCollected", "ShortlistSealed"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(cast.when(&hr(), on, &yes), Ok(sealed));
    assert_eq!(cast.given.stored(cast.application), before);
    assert_eq!(cast.when(&hr(), on, &yes), Ok(vec![]));
    assert_eq!(
        cast.when(&hr(), on, &no),
        Err(Reason::DecisionAlreadyRecorded)
    );
    let revealed = cast.when(&tutor(), on, &no).expect("revealed");
    assert!(revealed.contains(&"ShortlistRevealed".to_owned()));
    assert_eq!(cast.held().stage, Stage::NotShortlisted);
    assert_eq!(
        cast.when(&tutor(), on, &no),
        Ok(vec![]),
        "a repeat after the reveal"
    );

    let mut cast = applied();
    let withdraw = WithdrawApplication {
        application: cast.application,
    };
    cast.when(&candidate(), on, &withdraw).expect("withdrawn");
    assert_eq!(cast.when(&hr(), on, &yes), Err(Reason::StateNotAllowed));
}

#[test]
fn a_round_opens_after_an_interview_and_once() {
    let open = |cast: &Cast, deadline| OpenDecisionRound {
        application: cast.application,
        deadline,
    };
    let on = date(2025, 12, 11);
    let mut cast = applied().shortlisted();
    let default = open(&cast, None);
    assert_eq!(
        cast.when(&hr(), on, &default),
        Err(Reason::StateNotAllowed),
        "no interview"
    );
    let interview = cast.interview();
    cast.when(&tutor(), on, &interview).expect("held");
    let past = open(&cast, Some(at("2025-12-11T11:00:00Z")));
    assert_eq!(cast.when(&hr(), on, &past), Err(Reason::FieldInvalid));
    let far = open(&cast, Some(at("2027-12-11T11:00:00Z")));
    assert_eq!(cast.when(&hr(), on, &far), Err(Reason::FieldInvalid));
    assert_eq!(
        cast.when(&candidate(), on, &default),
        Err(Reason::NotPermitted)
    );
    let opened = Ok(vec!["DecisionRoundOpened".to_owned()]);
    assert_eq!(cast.when(&tutor(), on, &default), opened);
    assert_eq!(
        cast.when(&hr(), date(2025, 12, 12), &default),
        Ok(vec![]),
        "already open"
    );
    let deadline = at("2026-01-08T23:59:59Z");
    let stage = Stage::AwaitingJointOutcome { round: 1, deadline };
    assert_eq!(
        cast.held().stage,
        stage,
        "28 days by policy, to the end of the day in London"
    );
    let other = open(&cast, Some(at("2025-12-20T12:00:00Z")));
    assert_eq!(cast.when(&hr(), on, &other), Err(Reason::AlreadyRecorded));
}

#[test]
fn d_15_the_same_decision_twice_is_one_event_and_another_must_be_amended() {
    let mut cast = applied().deciding();
    let first = cast.decide(1, accept(Party::Employer));
    let other = cast.decide(1, reject("team_aptitude", Party::Employer));
    let mut rescored = accept(Party::Employer);
    rescored.scores[0].points = 12;
    let rescored = cast.decide(1, rescored);
    cast.when(&hr(), DAY, &first).expect("sealed");
    assert_eq!(
        cast.when(&hr(), DAY, &first),
        Ok(vec![]),
        "another request id"
    );
    for changed in [&other, &rescored] {
        assert_eq!(
            cast.when(&hr(), DAY, changed),
            Err(Reason::DecisionAlreadyRecorded)
        );
    }
    let university = cast.decide(1, accept(Party::University));
    cast.when(&tutor(), date(2025, 12, 15), &university)
        .expect("revealed");
    let late = date(2025, 12, 16);
    assert_eq!(
        cast.when(&hr(), late, &first),
        Ok(vec![]),
        "a repeat after the reveal"
    );
    assert_eq!(
        cast.when(&hr(), late, &other),
        Err(Reason::DecisionAlreadyRecorded)
    );
}

fn amend(cast: &Cast, decision: Decision) -> AmendDecision {
    AmendDecision {
        application: cast.application,
        round: 1,
        decision,
    }
}

#[test]
fn d_2_a_party_amends_and_withdraws_its_own_decision_until_the_reveal() {
    let mut cast = applied().deciding();
    let mut licence = accept(Party::Employer);
    licence.conditions = vec!["driving_licence".to_owned()];
    let licence = amend(&cast, licence);
    let withdraw = WithdrawDecision {
        application: cast.application,
        round: 1,
    };
    assert_eq!(
        cast.when(&hr(), DAY, &licence),
        Err(Reason::StateNotAllowed),
        "nothing sealed"
    );
    assert_eq!(
        cast.when(&hr(), DAY, &withdraw),
        Err(Reason::StateNotAllowed)
    );

    let first = cast.decide(1, accept(Party::Employer));
    cast.when(&hr(), DAY, &first).expect("sealed");
    let amended = ["DecisionCollected", "DecisionAmended"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(cast.when(&hr(), DAY, &licence), Ok(amended));
    assert_eq!(cast.when(&hr(), DAY, &licence), Ok(vec![]));
    let withdrawn = ["DecisionReturned", "DecisionWithdrawn"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(cast.when(&hr(), DAY, &withdraw), Ok(withdrawn));
    assert_eq!(cast.when(&hr(), DAY, &withdraw), Ok(vec![]));
    assert_eq!(
        cast.when(&hr(), DAY, &licence),
        Err(Reason::StateNotAllowed)
    );

    let university = cast.decide(1, accept(Party::University));
    assert_eq!(
        cast.when(&tutor(), DAY, &university),
        sealed(),
        "a withdrawn decision is not in"
    );
    let revealed = cast.when(&hr(), DAY, &first).expect("sealed anew");
    assert!(revealed.contains(&"JointOutcomeReached".to_owned()));
    for (by, command) in [
        (hr(), &licence as &dyn Command),
        (hr(), &withdraw),
        (tutor(), &withdraw),
    ] {
        assert_eq!(
            cast.when(&by, DAY, command),
            Err(Reason::RoundClosed),
            "nothing is edited"
        );
    }
    let held = cast.held();
    assert!(
        held.conditions.employer.is_empty(),
        "the withdrawn condition is gone"
    );
}

#[test]
fn c_3_5_a_round_lapses_at_its_deadline_with_nothing_revealed() {
    let mut cast = applied().deciding();
    let (own, university) = (
        cast.decide(1, accept(Party::Employer)),
        cast.decide(1, accept(Party::University)),
    );
    cast.when(&hr(), DAY, &own).expect("sealed");
    let lapse = LapseDecisionRound {
        application: cast.application,
        round: 1,
    };
    let before = at("2025-12-19T16:59:59Z");
    let deadline = at("2025-12-19T17:00:00Z");
    assert_eq!(
        cast.given.when_at(&platform(), before, &lapse),
        Ok(vec![]),
        "too early"
    );
    let late = cast.given.when_at(&tutor(), deadline, &university);
    assert_eq!(late, Err(Reason::RoundClosed), "from the deadline on");
    assert_eq!(
        cast.when(&hr(), date(2025, 12, 20), &lapse),
        Err(Reason::NotPermitted)
    );
    let lapsed = cast.given.when_at(&platform(), deadline, &lapse);
    assert_eq!(lapsed, Ok(vec!["DecisionRoundLapsed".to_owned()]));
    let event = cast
        .given
        .stored(cast.application)
        .pop()
        .expect("the lapse");
    assert_eq!(
        event,
        r#"{"DecisionRoundLapsed":{"round":1,"rejects":false}}"#
    );
    assert_eq!(
        cast.given.when_at(&platform(), deadline, &lapse),
        Ok(vec![])
    );
    for (by, command) in [
        (tutor(), &university as &dyn Command),
        (
            tutor(),
            &WithdrawDecision {
                application: cast.application,
                round: 1,
            },
        ),
        (
            hr(),
            &WithdrawDecision {
                application: cast.application,
                round: 1,
            },
        ),
    ] {
        assert_eq!(
            cast.when(&by, DAY, command),
            Err(Reason::RoundClosed),
            "late facts too"
        );
    }
    assert!(
        cast.given
            .state(seal_of(&cast, employer()))
            .is_some_and(|s| s.decision(1).is_some()),
        "the owner keeps its own"
    );
}

#[test]
fn a_lapsed_round_is_followed_by_a_new_one_in_which_old_seals_count_nothing() {
    let mut cast = applied().deciding();
    let employer = cast.decide(1, accept(Party::Employer));
    cast.when(&hr(), DAY, &employer).expect("sealed");
    let lapse = LapseDecisionRound {
        application: cast.application,
        round: 1,
    };
    cast.when(&platform(), date(2025, 12, 20), &lapse)
        .expect("lapsed");
    let open = OpenDecisionRound {
        application: cast.application,
        deadline: None,
    };
    let on = date(2025, 12, 22);
    cast.when(&tutor(), on, &open).expect("opened");
    let university = cast.decide(2, accept(Party::University));
    assert_eq!(
        cast.when(&tutor(), on, &university),
        sealed(),
        "round 1's accept is not in"
    );
    let unknown = cast.decide(3, accept(Party::Employer));
    assert_eq!(cast.when(&hr(), on, &unknown), Err(Reason::RoundClosed));
    let employer = cast.decide(2, accept(Party::Employer));
    let events = cast.when(&hr(), on, &employer).expect("revealed");
    assert!(events.contains(&"JointOutcomeReached".to_owned()));
}

#[test]
fn a_campaign_may_make_a_missed_deadline_a_rejection() {
    let mut cast = applied().deciding();
    cast.given = cast
        .given
        .policy("round.default", serde_json::json!("reject"));
    let employer = cast.decide(1, accept(Party::Employer));
    cast.when(&hr(), DAY, &employer).expect("sealed");
    let lapse = LapseDecisionRound {
        application: cast.application,
        round: 1,
    };
    cast.when(&platform(), date(2025, 12, 20), &lapse)
        .expect("lapsed");
    let held = cast.held();
    assert_eq!(held.stage, Stage::NotAppointed { round: 1 });
    assert!(held.rounds.is_empty(), "and still nothing is revealed");
}

#[test]
fn c_3_7_withdrawal_closes_the_round_with_nothing_revealed() {
    let mut cast = applied().deciding();
    let employer = cast.decide(1, accept(Party::Employer));
    cast.when(&hr(), DAY, &employer).expect("sealed");
    let withdraw = WithdrawApplication {
        application: cast.application,
    };
    let events = cast.when(&candidate(), date(2025, 12, 13), &withdraw);
    assert_eq!(events, Ok(vec!["ApplicationWithdrawn".to_owned()]));
    let university = cast.decide(1, accept(Party::University));
    let answer = cast.when(&tutor(), date(2025, 12, 14), &university);
    assert_eq!(answer, Err(Reason::RoundClosed));
    let lapse = LapseDecisionRound {
        application: cast.application,
        round: 1,
    };
    assert_eq!(
        cast.when(&platform(), date(2025, 12, 20), &lapse),
        Ok(vec![])
    );
    assert!(cast.held().rounds.is_empty());
}

#[test]
fn a_deadline_is_a_timer_that_knows_nothing_of_either_side() {
    let cast = applied().deciding();
    let stored = cast.given.stored(cast.application);
    let payload: Option<serde_json::Value> = stored
        .last()
        .map(|event| serde_json::from_str(event).expect("JSON"));
    let fact = Fact::decode("application", payload.unwrap_or_default());
    let event = Occurred {
        stream: cast.application.0,
        sequence: stored.len() as u64,
        effective: at("2025-12-11T12:00:00Z"),
        fact: fact.expect("an event").expect("a known kind"),
    };
    let reactions = react(&event);
    let [Reaction::Timer(due, timer)] = reactions.as_slice() else {
        panic!("one timer, not {reactions:?}");
    };
    assert_eq!(*due, at("2025-12-19T17:00:00Z"));
    let round = Timer::DecisionRound {
        application: cast.application,
        round: 1,
    };
    assert_eq!(*timer, round);
    let (_, command) = on_timer(timer);
    let mut cast = cast;
    let lapsed = cast.given.when_at(&platform(), *due, command.as_ref());
    assert_eq!(lapsed, Ok(vec!["DecisionRoundLapsed".to_owned()]));
}

#[test]
fn each_seal_is_its_owners_alone_and_the_referee_nobodys() {
    let mut cast = applied().deciding();
    let employer_decision = cast.decide(1, accept(Party::Employer));
    cast.when(&hr(), DAY, &employer_decision).expect("sealed");
    let own = cast
        .given
        .state(seal_of(&cast, employer()))
        .and_then(Decider::custody);
    let parties = own.map(|custody| custody.parties.into_iter().collect::<Vec<_>>());
    assert_eq!(parties, Some(vec![employer()]));
    let referee = Referee::id(cast.application);
    let custody = cast
        .given
        .state(referee)
        .and_then(Decider::custody)
        .expect("watching");
    assert_eq!(custody.parties.into_iter().collect::<Vec<_>>(), [PLATFORM]);
    assert_eq!(custody.subject, None, "no history of a person leads to it");
    let known = cast.given.stored(referee).join("\n");
    for hidden in ["78", "Convincing", "scores", "reason", "grounds"] {
        assert!(
            !known.contains(hidden),
            "{hidden} is not the referee's to know"
        );
    }
}

#[test]
fn an_assessment_is_sealed_for_its_own_side() {
    let mut cast = applied().deciding();
    let decision = cast.decide(1, accept(Party::University));
    cast.when(&tutor(), DAY, &decision).expect("sealed");
    let seal = cast.given.state(seal_of(&cast, university()));
    let decision = seal.and_then(|seal| seal.decision(1)).expect("sealed");
    let Personal::Clear {
        controllers, class, ..
    } = &decision.assessment
    else {
        panic!("clear until the append");
    };
    assert_eq!(*controllers, [university()]);
    assert_eq!(*class, PersonalClass::Assessment);
}

#[test]
fn c_3_whatever_is_said_is_sealed_for_its_own_side_and_of_one_length() {
    let mut cast = applied().deciding();
    let decision = cast.decide(1, accept(Party::University));
    cast.when(&tutor(), DAY, &decision).expect("sealed");
    let mut stored = cast.given.stored(seal_of(&cast, university()));
    stored.extend(cast.given.stored(Referee::id(cast.application)));
    let mut said = 0;
    for event in &stored {
        let event: serde_json::Value = serde_json::from_str(event).expect("JSON");
        let of = |place: &str| event.pointer(place).cloned();
        for word in [
            "/DecisionCollected/word/sealed/$personal",
            "/DecisionSealed/decision/word/sealed/$personal",
            "/ShortlistCollected/shortlisted/sealed/$personal",
            "/ShortlistSealed/shortlisted/sealed/$personal",
        ] {
            let Some(word) = of(word) else { continue };
            assert_eq!(word["padded"], true);
            assert_eq!(word["controllers"].as_array().map(Vec::len), Some(1));
            said += 1;
        }
    }
    assert_eq!(said, stored.len(), "{stored:#?}");
    // In letters that JSON writes as they are: conditions are identifiers.
    let conditions = (10..10 + CONDITIONS_MAX).map(|n| format!("{n}{}", "a".repeat(58)));
    let longest = Word {
        verdict: Verdict::Accept,
        conditions: conditions.collect(),
    };
    assert!(
        longest
            .conditions
            .iter()
            .all(|id| id.len() == CONDITION_BYTES_MAX)
    );
    let longest = serde_json::to_string(&longest).expect("JSON");
    assert!(longest.len() <= PADDED_TO, "{}", longest.len());
}

#[test]
fn c_3_5_what_an_erasure_has_made_unheard_decides_nothing_and_the_round_lapses() {
    let mut cast = applied().deciding();
    let unheard = RefereeEvent::DecisionCollected {
        round: 1,
        party: Party::Employer,
        word: Said::Sealed(Personal::Erased),
    };
    cast.given = cast.given.happened(Referee::id(cast.application), &unheard);
    let decision = cast.decide(1, accept(Party::University));
    assert_eq!(
        cast.when(&tutor(), DAY, &decision),
        sealed(),
        "as if it were the first"
    );
    let lapse = LapseDecisionRound {
        application: cast.application,
        round: 1,
    };
    let lapsed = cast.when(&platform(), date(2025, 12, 20), &lapse);
    assert_eq!(lapsed, Ok(vec!["DecisionRoundLapsed".to_owned()]));
    assert!(cast.held().rounds.is_empty());
}

#[test]
fn the_first_and_the_second_decider_use_the_same_policies() {
    let decide = |cast: &mut Cast, by: &Actor, party, n: u128| {
        let command = cast.decide(1, accept(party));
        cast.given
            .answer(by, at("2025-12-12T09:00:00Z"), Uuid::from_u128(n), &command)
            .expect("sealed")
    };
    let mut cast = applied().deciding();
    let first = decide(&mut cast, &hr(), Party::Employer, 1);
    decide(&mut cast, &tutor(), Party::University, 2);
    let mut cast = applied().deciding();
    decide(&mut cast, &tutor(), Party::University, 2);
    let second = decide(&mut cast, &hr(), Party::Employer, 1);
    assert_eq!(first.policies, second.policies);
    assert_eq!((first.key, first.version), (second.key, second.version));
}
