//! The blind joint decision: each party seals its own shortlist and decisions in a stream of its
//! own; the platform's referee collects them and both are revealed together (`permissions.md` C.3).
//!
//! Until a reveal nothing a party does here touches a stream the other party can see, no refusal
//! depends on what the other party did, and the lapse of a round says nothing of either seal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PLATFORM, Party, PersonId, TenantId, TenantKind},
    application::{
        Application, ApplicationAct, Conditions, HeldApplication, RoundDeadline, Stage, Verdict,
        held,
    },
    id::Id,
    personal::{ContentDigest, DigestSalt, Personal, PersonalClass},
    policy::catalogue::{CriteriaPolicy, CriterionOwner},
    refusal::{Reason, Refusal},
    text,
    vacancy::{CRITERION_BYTES_MAX, Vacancy, VacancyTerms},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most scores of one decision.
pub const SCORES_MAX: usize = 100;
/// The highest score of one criterion; the lowest is 0.
pub const POINTS_MAX: u32 = 100;
/// The longest id of a condition, in bytes.
pub const CONDITION_BYTES_MAX: usize = 60;
/// The longest reason of a decision or a shortlist, in bytes.
pub const REASON_BYTES_MAX: usize = 8_000;
/// The most conditions one party sets.
pub const CONDITIONS_MAX: usize = 20;
/// The most grounds of one rejection.
pub const GROUNDS_MAX: usize = 20;
/// The university's ground for rejecting somebody whose ability to study at degree level is not
/// shown (`ROUTE-03`); the other grounds are the party's own criteria.
pub const ABILITY_TO_STUDY: &str = "ability_to_study";

/// One score of one criterion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Score {
    /// The criterion of the vacancy.
    pub criterion: String,
    /// 0 to 100.
    pub points: u32,
}

/// What a party bases its word on; only that party ever reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// Scores by criterion.
    pub scores: Vec<Score>,
    /// Unmet criteria a rejection rests on.
    pub grounds: Vec<String>,
    /// Why, in the party's own words.
    pub reason: String,
}

/// One party's decision as its own stream keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedDecision {
    /// Its word.
    pub verdict: Verdict,
    /// What it asks for before the appointment holds, by id.
    pub conditions: BTreeSet<String>,
    /// What it bases its word on.
    pub assessment: Personal<Assessment>,
    content: ContentDigest,
}

/// A party's slot in one round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// Holds a decision.
    Sealed(SealedDecision),
    /// The party took its decision back.
    Withdrawn,
}

/// Whose seal it is and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealTerms {
    /// The application decided on.
    pub application: Id<Application>,
    /// The candidate.
    pub person: PersonId,
    /// The deciding side.
    pub party: Party,
    /// The deciding tenant, the only one that sees the stream.
    pub tenant: TenantId,
}

/// One party's sealed shortlist and decisions for one application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seal {
    /// Nothing sealed yet.
    #[default]
    Absent,
    /// Something is sealed.
    Kept(Box<KeptSeal>),
}

/// A seal that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSeal {
    /// Whose and for what.
    pub terms: SealTerms,
    /// Whether the party shortlists.
    pub shortlisted: bool,
    /// What it bases its shortlist on.
    pub assessment: Personal<Assessment>,
    /// Its slot per round.
    pub rounds: BTreeMap<u32, Slot>,
    content: ContentDigest,
}

impl Seal {
    /// The id of `tenant`'s seal for an application.
    pub fn id(tenant: TenantId, application: Id<Application>) -> Id<Self> {
        Id::derive(tenant, &[application.0])
    }

    /// The seal, when something is sealed.
    pub fn kept(&self) -> Option<&KeptSeal> {
        match self {
            Self::Absent => None,
            Self::Kept(kept) => Some(kept),
        }
    }

    /// The party's own standing decision in a round.
    pub fn decision(&self, round: u32) -> Option<&SealedDecision> {
        match self.kept()?.rounds.get(&round)? {
            Slot::Sealed(decision) => Some(decision),
            Slot::Withdrawn => None,
        }
    }

    fn evolve(&mut self, event: SealEvent) {
        if let SealEvent::ShortlistSealed {
            terms,
            shortlisted,
            assessment,
            content,
        } = event
        {
            *self = Self::Kept(Box::new(KeptSeal {
                terms,
                shortlisted,
                assessment,
                rounds: BTreeMap::new(),
                content,
            }));
            return;
        }
        let Self::Kept(kept) = self else { return };
        match event {
            SealEvent::ShortlistSealed { .. } => {}
            SealEvent::DecisionSealed { round, decision }
            | SealEvent::DecisionAmended { round, decision } => {
                kept.rounds.insert(round, Slot::Sealed(decision));
            }
            SealEvent::DecisionWithdrawn { round } => {
                kept.rounds.insert(round, Slot::Withdrawn);
            }
        }
    }
}

/// What a seal decides.
#[derive(Debug, Clone)]
pub enum SealAct {
    /// See [`SealShortlist`].
    SealShortlist {
        /// Whose and for what.
        terms: SealTerms,
        /// Whether the party shortlists.
        shortlisted: bool,
        /// What it bases that on.
        assessment: Assessment,
        /// Whether the application awaits shortlists.
        awaited: bool,
    },
    /// See [`SealDecision`].
    SealDecision(SlotAct),
    /// See [`AmendDecision`].
    AmendDecision(SlotAct),
    /// See [`WithdrawDecision`].
    WithdrawDecision {
        /// The round.
        round: u32,
        /// Whether the round takes decisions now.
        open: bool,
    },
}

/// What is put into a party's slot.
#[derive(Debug, Clone)]
pub struct SlotAct {
    /// The round.
    pub round: u32,
    /// Whether the round takes decisions now.
    pub open: bool,
    /// The word.
    pub verdict: Verdict,
    /// The conditions.
    pub conditions: BTreeSet<String>,
    /// What it is based on.
    pub assessment: Assessment,
}

/// Facts of a seal: the party's own, in nobody else's feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum SealEvent {
    /// The party sealed its shortlist.
    ShortlistSealed {
        /// Whose and for what.
        terms: SealTerms,
        /// Whether the party shortlists.
        shortlisted: bool,
        /// What it bases that on.
        assessment: Personal<Assessment>,
        /// Tells a repeat from other content.
        content: ContentDigest,
    },
    /// The party sealed its decision in a round.
    DecisionSealed {
        /// The round, from 1.
        round: u32,
        /// The decision.
        decision: SealedDecision,
    },
    /// The party changed its own sealed decision before the reveal.
    DecisionAmended {
        /// The round.
        round: u32,
        /// The decision as it stands now.
        decision: SealedDecision,
    },
    /// The party took its own sealed decision back before the reveal.
    DecisionWithdrawn {
        /// The round.
        round: u32,
    },
}

impl SealEvent {
    /// Whether others than its party, an auditor for one, may learn of it: once both sides were in
    /// and what it decides on is revealed. A round that lapses is never revealed (C.3.5).
    pub fn is_revealed(&self, application: &Application) -> bool {
        let Some(held) = application.held() else {
            return false;
        };
        match self {
            Self::ShortlistSealed { .. } => held.identity_is_open(),
            Self::DecisionSealed { round, .. }
            | Self::DecisionAmended { round, .. }
            | Self::DecisionWithdrawn { round } => {
                held.rounds.iter().any(|revealed| revealed.round == *round)
            }
        }
    }
}

aggregate!(Seal, "seal", SealAct, SealEvent);

impl Decider for Seal {
    type Act = SealAct;
    const COLLECTION: &'static str = "seals";

    fn decide(&self, issued: &Issued<SealAct>) -> Result<Vec<SealEvent>, Refusal> {
        match &issued.act {
            SealAct::SealShortlist {
                terms,
                shortlisted,
                assessment,
                awaited,
            } => {
                let content =
                    ContentDigest::of(issued.salt, terms.application.0, &(shortlisted, assessment));
                match self.kept() {
                    Some(kept) if kept.content == content => Ok(vec![]),
                    Some(_) => Err(Refusal::new(
                        Reason::DecisionAlreadyRecorded,
                        "your shortlist for this application is sealed with other content",
                    )),
                    None if !awaited => Err(Refusal::state_not_allowed(
                        "the application takes no shortlist any more",
                    )),
                    None => Ok(vec![SealEvent::ShortlistSealed {
                        terms: terms.clone(),
                        shortlisted: *shortlisted,
                        assessment: own(terms, assessment),
                        content,
                    }]),
                }
            }
            SealAct::SealDecision(slot) => self.sealed(issued.salt, slot),
            SealAct::AmendDecision(slot) => self.amended(issued.salt, slot),
            SealAct::WithdrawDecision { round, open } => self.withdrawn(*round, *open),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.kept()
            .map(|kept| Custody::of(kept.terms.tenant, []).about(kept.terms.person))
    }
}

fn own(terms: &SealTerms, assessment: &Assessment) -> Personal<Assessment> {
    Personal::new(
        terms.person,
        PersonalClass::Assessment,
        [terms.tenant],
        assessment.clone(),
    )
}

fn round_closed(round: u32) -> Refusal {
    Refusal::new(
        Reason::RoundClosed,
        format!("decision round {round} is not open; read the application for the round that is"),
    )
    .with("round", round)
}

impl Seal {
    fn sealed(&self, salt: DigestSalt, slot: &SlotAct) -> Result<Vec<SealEvent>, Refusal> {
        let decision = self.decision_of(salt, slot)?;
        if let Some(standing) = self.decision(slot.round) {
            return if standing.content == decision.content {
                Ok(vec![])
            } else {
                Err(Refusal::new(
                    Reason::DecisionAlreadyRecorded,
                    "your decision for this round is sealed with other content; change it with \
                     AmendDecision while the round is open",
                )
                .with("round", slot.round))
            };
        }
        if !slot.open {
            return Err(round_closed(slot.round));
        }
        Ok(vec![SealEvent::DecisionSealed {
            round: slot.round,
            decision,
        }])
    }

    fn amended(&self, salt: DigestSalt, slot: &SlotAct) -> Result<Vec<SealEvent>, Refusal> {
        let decision = self.decision_of(salt, slot)?;
        let standing = self.decision(slot.round);
        if standing.is_some_and(|standing| standing.content == decision.content) {
            return Ok(vec![]);
        }
        if !slot.open {
            return Err(round_closed(slot.round));
        }
        if standing.is_none() {
            return Err(Refusal::state_not_allowed(
                "you have no sealed decision in this round; seal one with SealDecision",
            ));
        }
        Ok(vec![SealEvent::DecisionAmended {
            round: slot.round,
            decision,
        }])
    }

    fn withdrawn(&self, round: u32, open: bool) -> Result<Vec<SealEvent>, Refusal> {
        let slot = self.kept().and_then(|kept| kept.rounds.get(&round));
        match slot {
            Some(Slot::Withdrawn) => Ok(vec![]),
            _ if !open => Err(round_closed(round)),
            Some(Slot::Sealed(_)) => Ok(vec![SealEvent::DecisionWithdrawn { round }]),
            None => Err(Refusal::state_not_allowed(
                "you have no sealed decision in this round to withdraw",
            )),
        }
    }

    /// Rounds open only once both shortlists are sealed, so a party that decides has a seal.
    fn decision_of(&self, salt: DigestSalt, slot: &SlotAct) -> Result<SealedDecision, Refusal> {
        let kept = self.kept().ok_or_else(|| round_closed(slot.round))?;
        Ok(SealedDecision {
            verdict: slot.verdict,
            conditions: slot.conditions.clone(),
            assessment: own(&kept.terms, &slot.assessment),
            content: ContentDigest::of(
                salt,
                kept.terms.application.0,
                &(slot.round, slot.verdict, &slot.conditions, &slot.assessment),
            ),
        })
    }
}

/// What the referee holds of one party in the round it watches: no score, no reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectedDecision {
    /// Its word.
    pub verdict: Verdict,
    /// Its conditions, by id.
    pub conditions: BTreeSet<String>,
}

/// The platform's own record of what is in. No party and no person can read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referee {
    watching: bool,
    shortlists: BTreeMap<Party, bool>,
    round: u32,
    decisions: BTreeMap<Party, CollectedDecision>,
}

impl Referee {
    /// The id of the referee of an application.
    pub fn id(application: Id<Application>) -> Id<Self> {
        Id::derive(PLATFORM, &[application.0])
    }

    /// Whether both parties shortlist; `None` until both shortlists are in.
    fn shortlisted(&self) -> Option<bool> {
        let employer = self.shortlists.get(&Party::Employer)?;
        let university = self.shortlists.get(&Party::University)?;
        Some(*employer && *university)
    }

    /// The employer's and the university's decision in a round; `None` until both are in.
    fn both(&self, round: u32) -> Option<(&CollectedDecision, &CollectedDecision)> {
        if self.round != round {
            return None;
        }
        let employer = self.decisions.get(&Party::Employer)?;
        let university = self.decisions.get(&Party::University)?;
        Some((employer, university))
    }

    fn evolve(&mut self, event: RefereeEvent) {
        self.watching = true;
        match event {
            RefereeEvent::ShortlistCollected { party, shortlisted } => {
                self.shortlists.insert(party, shortlisted);
            }
            RefereeEvent::DecisionCollected {
                round,
                party,
                decision,
            } => {
                if self.round != round {
                    self.decisions.clear();
                    self.round = round;
                }
                self.decisions.insert(party, decision);
            }
            RefereeEvent::DecisionReturned { round, party } => {
                if self.round == round {
                    self.decisions.remove(&party);
                }
            }
        }
    }
}

/// What the referee decides. It never refuses: a refusal would tell one party of the other.
#[derive(Debug, Clone)]
pub enum RefereeAct {
    /// A party's shortlist is in.
    CollectShortlist {
        /// Whose.
        party: Party,
        /// Whether it shortlists.
        shortlisted: bool,
    },
    /// A party's decision is in, or changed.
    CollectDecision {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
        /// The decision.
        decision: CollectedDecision,
    },
    /// A party took its decision back.
    ReturnDecision {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
    },
}

/// Facts of the referee, in the platform's feed only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum RefereeEvent {
    /// A party's shortlist is in.
    ShortlistCollected {
        /// Whose.
        party: Party,
        /// Whether it shortlists.
        shortlisted: bool,
    },
    /// A party's decision is in, or changed.
    DecisionCollected {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
        /// The decision.
        decision: CollectedDecision,
    },
    /// A party took its decision back.
    DecisionReturned {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
    },
}

aggregate!(Referee, "referee", RefereeAct, RefereeEvent);

impl Decider for Referee {
    type Act = RefereeAct;
    const COLLECTION: &'static str = "referees";

    fn decide(&self, issued: &Issued<RefereeAct>) -> Result<Vec<RefereeEvent>, Refusal> {
        Ok(match issued.act.clone() {
            RefereeAct::CollectShortlist { party, shortlisted } => {
                vec![RefereeEvent::ShortlistCollected { party, shortlisted }]
            }
            RefereeAct::CollectDecision {
                round,
                party,
                decision,
            } => vec![RefereeEvent::DecisionCollected {
                round,
                party,
                decision,
            }],
            RefereeAct::ReturnDecision { round, party } => {
                vec![RefereeEvent::DecisionReturned { round, party }]
            }
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.watching.then(|| Custody::of(PLATFORM, []))
    }
}

/// One side's view of an application it acts on.
struct Bench {
    application: Id<Application>,
    held: HeldApplication,
    vacancy: VacancyTerms,
    terms: SealTerms,
    seal: Id<Seal>,
}

impl Bench {
    fn of(issue: &Issue, world: &mut World, application: Id<Application>) -> Result<Self, Halt> {
        let held = held(issue, world, application)?;
        let party = held.side(issue)?;
        let vacancy = Vacancy::expect(world, held.terms.vacancy)?;
        let tenant = issue.by.tenant;
        Ok(Self {
            application,
            terms: SealTerms {
                application,
                person: held.terms.person,
                party,
                tenant,
            },
            seal: Seal::id(tenant, application),
            held,
            vacancy,
        })
    }

    /// The keys of the criteria this side scores, with whether each is essential.
    fn criteria(&self) -> BTreeMap<&str, bool> {
        let party = self.terms.party;
        self.vacancy
            .criteria
            .iter()
            .filter(|criterion| match criterion.owner {
                CriterionOwner::Employer => party == Party::Employer,
                CriterionOwner::University => party == Party::University,
                CriterionOwner::Both => true,
            })
            .map(|criterion| (criterion.key.as_str(), criterion.essential))
            .collect()
    }

    /// Scores name this side's own criteria, once each.
    fn scores(&self, scores: &[Score]) -> Result<Vec<Score>, Refusal> {
        text::at_most(scores, "scores", SCORES_MAX)?;
        let criteria = self.criteria();
        let mut scored = BTreeMap::new();
        for score in scores {
            if !criteria.contains_key(score.criterion.as_str()) {
                return Err(Refusal::invalid(
                    "scores",
                    "a score names a criterion that is not yours to score in this vacancy",
                ));
            }
            if score.points > POINTS_MAX {
                return Err(Refusal::invalid(
                    "scores",
                    format!("points go from 0 to {POINTS_MAX}"),
                ));
            }
            if scored.insert(&score.criterion, score.points).is_some() {
                return Err(Refusal::invalid("scores", "a criterion is scored twice"));
            }
        }
        let mut scores = scores.to_vec();
        scores.sort();
        Ok(scores)
    }

    /// Reads a decision, checked against this side's criteria alone.
    fn slot(&self, issue: &Issue, asked: &Decision, round: u32) -> Result<SlotAct, Refusal> {
        let reason = text::required(&asked.reason, "reason", REASON_BYTES_MAX)?;
        let scores = self.scores(&asked.scores)?;
        text::at_most(&asked.conditions, "conditions", CONDITIONS_MAX)?;
        let conditions = asked
            .conditions
            .iter()
            .map(|condition| text::identifier(condition, "conditions", CONDITION_BYTES_MAX))
            .collect::<Result<BTreeSet<_>, _>>()?;
        let grounds = self.grounds(issue, &asked.grounds)?;
        match asked.verdict {
            Verdict::Accept if !grounds.is_empty() => {
                return Err(Refusal::invalid("grounds", "only a rejection has grounds"));
            }
            Verdict::Reject if grounds.is_empty() => {
                return Err(Refusal::invalid(
                    "grounds",
                    "a rejection names the criteria that are not met",
                ));
            }
            Verdict::Reject if !conditions.is_empty() => {
                return Err(Refusal::invalid(
                    "conditions",
                    "a rejection has no conditions",
                ));
            }
            Verdict::Accept | Verdict::Reject => {}
        }
        let missing: Vec<_> = self
            .criteria()
            .into_iter()
            .filter(|(key, essential)| *essential && scores.iter().all(|s| s.criterion != *key))
            .map(|(key, _)| key)
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::new(
                Reason::CriterionNotScored,
                "every essential criterion of your own needs a score before you decide",
            )
            .at("scores")
            .with("criteria", missing.join(",")));
        }
        Ok(SlotAct {
            round,
            open: self.held.open_round(issue.effective) == Some(round),
            verdict: asked.verdict,
            conditions,
            assessment: Assessment {
                scores,
                grounds,
                reason,
            },
        })
    }

    /// Grounds are this side's own criteria; experience and the subject of a degree never are
    /// (`JOINT-08`, `ROUTE-09`).
    fn grounds(&self, issue: &Issue, asked: &[String]) -> Result<Vec<String>, Refusal> {
        text::at_most(asked, "grounds", GROUNDS_MAX)?;
        let policy: Option<CriteriaPolicy> = issue
            .policies
            .find(&format!("criteria.{}", self.held.terms.role), issue.today())?;
        let excluded = policy
            .map(|policy| policy.never_essential)
            .unwrap_or_default();
        let criteria = self.criteria();
        let mut grounds = BTreeSet::new();
        for ground in asked {
            let ground = text::identifier(ground, "grounds", CRITERION_BYTES_MAX)?;
            if excluded.contains(&ground) {
                return Err(Refusal::new(
                    Reason::ExperienceNotACriterion,
                    "this may not decide about a candidate for this role; name a criterion of the \
                     vacancy",
                )
                .at("grounds"));
            }
            let of_study =
                self.terms.party == Party::University && ground.as_str() == ABILITY_TO_STUDY;
            if !of_study && !criteria.contains_key(ground.as_str()) {
                return Err(Refusal::invalid(
                    "grounds",
                    "a ground is a criterion of yours in this vacancy",
                ));
            }
            grounds.insert(ground);
        }
        Ok(grounds.into_iter().collect())
    }

    /// What a university's accept needs besides its own assessment (`ROUTE-01..03`). The level is
    /// derived for either side and either word, so that the first and the second decider meet the
    /// same policies.
    fn route(&self, issue: &Issue, verdict: Verdict) -> Result<Option<u8>, Refusal> {
        let level =
            self.held
                .degree
                .route(&self.held.terms.role, &issue.policies, issue.today())?;
        if (self.terms.party, verdict) != (Party::University, Verdict::Accept) {
            return Ok(level);
        }
        if level.is_none() {
            return Err(Refusal::new(
                Reason::RouteMismatch,
                format!(
                    "{} admits nobody with this degree status; reject, or record the degree with \
                     AddStudyEvidence first",
                    self.held.terms.role
                ),
            ));
        }
        if !self.held.shows_ability_to_study() {
            return Err(Refusal::new(
                Reason::StudyEvidenceRequired,
                "a candidate without a degree needs evidence of the ability to study at degree \
                 level; record it with AddStudyEvidence, then accept",
            ));
        }
        Ok(level)
    }

    /// Seals or amends, hands the word to the referee, and reveals when both are in.
    fn decide(
        &self,
        issue: &Issue,
        world: &mut World,
        act: SealAct,
        level: Option<u8>,
        round: u32,
    ) -> Result<StreamKey, Halt> {
        let key = self.seal.key();
        let before = world.version(key);
        let decision = world
            .decide(issue, self.seal, act)?
            .decision(round)
            .map(|decision| CollectedDecision {
                verdict: decision.verdict,
                conditions: decision.conditions.clone(),
            });
        if world.version(key) == before {
            return Ok(key);
        }
        let party = self.terms.party;
        let collect = match decision {
            Some(decision) => RefereeAct::CollectDecision {
                round,
                party,
                decision,
            },
            None => RefereeAct::ReturnDecision { round, party },
        };
        let referee = world.decide_beyond(issue, Referee::id(self.application), collect)?;
        if let Some((employer, university)) = referee.both(round) {
            let reveal = ApplicationAct::Reveal {
                round,
                employer: employer.verdict,
                university: university.verdict,
                conditions: Conditions {
                    employer: employer.conditions.clone(),
                    university: university.conditions.clone(),
                },
                level,
            };
            world.decide(issue, self.application, reveal)?;
        }
        Ok(key)
    }
}

/// A decision as a party sends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The word.
    pub verdict: Verdict,
    /// What must be met before the appointment holds, by id; only with an accept.
    pub conditions: Vec<String>,
    /// Scores of the party's own criteria; every essential one is needed (`JOINT-05`).
    pub scores: Vec<Score>,
    /// The party's criteria that are not met; only with a rejection, and then needed.
    pub grounds: Vec<String>,
    /// Why, in the party's own words; never shown to the other party.
    pub reason: String,
}

/// Seals a party's own shortlist; revealed once both parties' are in (C.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealShortlist {
    /// The application.
    pub application: Id<Application>,
    /// Whether the party shortlists.
    pub shortlisted: bool,
    /// Scores of the party's own criteria, as far as it scores them now.
    pub scores: Vec<Score>,
    /// Why, in the party's own words.
    pub reason: String,
}

impl Command for SealShortlist {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let bench = Bench::of(issue, world, self.application)?;
        let assessment = Assessment {
            scores: bench.scores(&self.scores)?,
            grounds: vec![],
            reason: text::required(&self.reason, "reason", REASON_BYTES_MAX)?,
        };
        let key = bench.seal.key();
        let before = world.version(key);
        let act = SealAct::SealShortlist {
            terms: bench.terms.clone(),
            shortlisted: self.shortlisted,
            assessment,
            awaited: bench.held.stage == Stage::AwaitingShortlist,
        };
        world.decide(issue, bench.seal, act)?;
        if world.version(key) == before {
            return Ok(key);
        }
        let collect = RefereeAct::CollectShortlist {
            party: bench.terms.party,
            shortlisted: self.shortlisted,
        };
        let referee = world.decide_beyond(issue, Referee::id(self.application), collect)?;
        if let Some(shortlisted) = referee.shortlisted() {
            let reveal = ApplicationAct::RevealShortlist { shortlisted };
            world.decide(issue, self.application, reveal)?;
        }
        Ok(key)
    }
}

/// Opens the decision round of a shortlisted and interviewed application, or a new one after a
/// lapse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenDecisionRound {
    /// The application.
    pub application: Id<Application>,
    /// When it closes; policy `round.deadline` says when absent.
    pub deadline: Option<Timestamp>,
}

impl Command for OpenDecisionRound {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let deadline = RoundDeadline::of(issue, self.deadline)?;
        let act = ApplicationAct::OpenRound(deadline);
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

/// Seals a party's own decision in the open round. When the other party's is in, both are
/// revealed in the same unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealDecision {
    /// The application.
    pub application: Id<Application>,
    /// The round, from 1.
    pub round: u32,
    /// The decision.
    pub decision: Decision,
}

impl Command for SealDecision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let bench = Bench::of(issue, world, self.application)?;
        let slot = bench.slot(issue, &self.decision, self.round)?;
        let level = bench.route(issue, slot.verdict)?;
        bench.decide(issue, world, SealAct::SealDecision(slot), level, self.round)
    }
}

/// Replaces a party's own sealed decision before the reveal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmendDecision {
    /// The application.
    pub application: Id<Application>,
    /// The round.
    pub round: u32,
    /// The decision as it is to stand.
    pub decision: Decision,
}

impl Command for AmendDecision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let bench = Bench::of(issue, world, self.application)?;
        let slot = bench.slot(issue, &self.decision, self.round)?;
        let level = bench.route(issue, slot.verdict)?;
        bench.decide(
            issue,
            world,
            SealAct::AmendDecision(slot),
            level,
            self.round,
        )
    }
}

/// Takes a party's own sealed decision back before the reveal; its slot is empty again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithdrawDecision {
    /// The application.
    pub application: Id<Application>,
    /// The round.
    pub round: u32,
}

impl Command for WithdrawDecision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let bench = Bench::of(issue, world, self.application)?;
        let act = SealAct::WithdrawDecision {
            round: self.round,
            open: bench.held.open_round(issue.effective) == Some(self.round),
        };
        bench.decide(issue, world, act, None, self.round)
    }
}

/// Closes a round whose deadline has passed; a timer asks for it. Nothing sealed is looked at, so
/// nothing can be revealed (C.3.5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LapseDecisionRound {
    /// The application.
    pub application: Id<Application>,
    /// The round.
    pub round: u32,
}

/// What policy `round.default` makes of a missed deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RoundDefault {
    Lapse,
    Reject,
}

impl Command for LapseDecisionRound {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if issue.by.kind != TenantKind::Platform {
            return Err(Refusal::not_permitted().into());
        }
        let default: RoundDefault = issue.policies.get("round.default", issue.today())?;
        let act = ApplicationAct::Lapse {
            round: self.round,
            rejects: default == RoundDefault::Reject,
        };
        world.decide_beyond(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

#[cfg(test)]
pub(crate) mod tests;
