//! One side at its bench: what it may score, on which grounds it may reject, and what its decision
//! leads to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    ABILITY_TO_STUDY, Assessment, CONDITION_BYTES_MAX, CONDITIONS_MAX, GROUNDS_MAX, POINTS_MAX,
    REASON_BYTES_MAX, Referee, RefereeAct, SCORES_MAX, Said, Score, Seal, SealAct, SealTerms,
    SlotAct, Word,
};
use crate::{
    actor::Party,
    application::{
        Application, ApplicationAct, Conditions, Degree, HeldApplication, Verdict, held,
    },
    id::Id,
    policy::catalogue::{CriteriaPolicy, CriterionOwner},
    refusal::{Reason, Refusal},
    text,
    vacancy::{CRITERION_BYTES_MAX, Vacancy, VacancyTerms},
    world::{Halt, Issue, StreamKey, World},
};

/// One side's view of an application it acts on.
pub(super) struct Bench {
    application: Id<Application>,
    pub(super) held: HeldApplication,
    vacancy: VacancyTerms,
    pub(super) terms: SealTerms,
    pub(super) seal: Id<Seal>,
}

impl Bench {
    pub(super) fn of(
        issue: &Issue,
        world: &mut World,
        application: Id<Application>,
    ) -> Result<Self, Halt> {
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
    pub(super) fn scores(&self, scores: &[Score]) -> Result<Vec<Score>, Refusal> {
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
    pub(super) fn slot(
        &self,
        issue: &Issue,
        asked: &Decision,
        round: u32,
    ) -> Result<SlotAct, Refusal> {
        let reason = text::free(&asked.reason, "reason", REASON_BYTES_MAX)?;
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
            word: Word {
                verdict: asked.verdict,
                conditions,
            },
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
    pub(super) fn route(&self, issue: &Issue, verdict: Verdict) -> Result<Option<u8>, Refusal> {
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
        let degree = self.held.degree;
        let needed = issue
            .policies
            .role(&self.held.terms.role, issue.today())?
            .qualification_for(degree.is_held(), degree == Degree::HeldInPsychology)
            .map_or(&[][..], |qualification| qualification.entry.evidence());
        if let Some(lacking) = self.held.lacks(needed) {
            return Err(Refusal::new(
                Reason::StudyEvidenceRequired,
                format!(
                    "{} admits nobody without {lacking}; record it with AddStudyEvidence, then \
                     accept",
                    self.held.terms.role
                ),
            )
            .with("evidence", lacking));
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
    pub(super) fn decide(
        &self,
        issue: &Issue,
        world: &mut World,
        act: SealAct,
        level: Option<u8>,
        round: u32,
    ) -> Result<StreamKey, Halt> {
        let key = self.seal.key();
        let before = world.version(key);
        let word = match &act {
            SealAct::SealDecision(slot) | SealAct::AmendDecision(slot) => Some(slot.word.clone()),
            SealAct::SealShortlist { .. } | SealAct::WithdrawDecision { .. } => None,
        };
        world.decide(issue, self.seal, act)?;
        if world.version(key) == before {
            return Ok(key);
        }
        let party = self.terms.party;
        let collect = match word {
            Some(word) => RefereeAct::CollectDecision {
                round,
                party,
                word: Said::by(&self.terms, word),
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
