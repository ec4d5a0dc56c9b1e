use contract::v1::{
    self, AmendDecisionRequest, AmendDecisionResponse, GetSealRequest, GetSealResponse,
    GetSelectionReportRequest, GetSelectionReportResponse, OpenDecisionRoundRequest,
    OpenDecisionRoundResponse, SealDecisionRequest, SealDecisionResponse, SealShortlistRequest,
    SealShortlistResponse, WithdrawDecisionRequest, WithdrawDecisionResponse,
    decision_round_service_server::DecisionRoundService,
};
use domain::{
    actor::{Region, TenantKind},
    calendar::london_date,
    decision_round::{
        AmendDecision, Assessment, Decision, KeptSeal, OpenDecisionRound, SCORES_MAX, Said, Score,
        Seal, SealDecision, SealShortlist, SealedDecision, Slot, WithdrawDecision,
    },
    directory::Tenant,
    disclosure::DisclosureRule,
    id::Id,
    permission::{Action, Permit},
    personal::Personal,
    policy::Policies,
    programme::Intake,
    refusal::Refusal,
    tally::{RegionTally, SelectionTally},
    text,
    visibility::DataClass,
};
use ledger::LedgerError;
use serde::de::DeserializeOwned;
use strum::IntoEnumIterator as _;
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct DecisionRoundRpc(pub(crate) Desk);

#[tonic::async_trait]
impl DecisionRoundService for DecisionRoundRpc {
    async fn seal_shortlist(
        &self,
        request: Request<SealShortlistRequest>,
    ) -> Result<Response<SealShortlistResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(SealShortlist {
                    application: Id::from_name(&m.application, "application")?,
                    shortlisted: m.shortlisted,
                    scores: scores(m.scores)?,
                    reason: m.reason,
                })
            })
            .await
    }

    async fn open_decision_round(
        &self,
        request: Request<OpenDecisionRoundRequest>,
    ) -> Result<Response<OpenDecisionRoundResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(OpenDecisionRound {
                    application: Id::from_name(&m.application, "application")?,
                    deadline: wire::optional_instant(&m.deadline, "deadline")?,
                })
            })
            .await
    }

    async fn seal_decision(
        &self,
        request: Request<SealDecisionRequest>,
    ) -> Result<Response<SealDecisionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(SealDecision {
                    application: Id::from_name(&m.application, "application")?,
                    round: wire::number(m.round, "round")?,
                    decision: decision(m.decision)?,
                })
            })
            .await
    }

    async fn amend_decision(
        &self,
        request: Request<AmendDecisionRequest>,
    ) -> Result<Response<AmendDecisionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(AmendDecision {
                    application: Id::from_name(&m.application, "application")?,
                    round: wire::number(m.round, "round")?,
                    decision: decision(m.decision)?,
                })
            })
            .await
    }

    async fn withdraw_decision(
        &self,
        request: Request<WithdrawDecisionRequest>,
    ) -> Result<Response<WithdrawDecisionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(WithdrawDecision {
                    application: Id::from_name(&m.application, "application")?,
                    round: wire::number(m.round, "round")?,
                })
            })
            .await
    }

    async fn get_seal(
        &self,
        request: Request<GetSealRequest>,
    ) -> Result<Response<GetSealResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let id = Id::from_name(&request.get_ref().name, "name").map_err(|r| refused(&r))?;
        let read = self
            .0
            .ledger()
            .read::<Seal>(&permit, id)
            .await
            .map_err(failed)?;
        let kept = read
            .state
            .kept()
            .ok_or_else(|| refused(&Refusal::not_permitted()))?;
        Ok(Response::new(GetSealResponse {
            seal: Some(self.seal(&request, id, kept).await?),
            version: wire::count(read.version),
        }))
    }

    async fn get_selection_report(
        &self,
        request: Request<GetSelectionReportRequest>,
    ) -> Result<Response<GetSelectionReportResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let intake = Id::<Intake>::from_name(&request.get_ref().intake, "intake")
            .map_err(|refusal| refused(&refusal))?;
        let ledger = self.0.ledger();
        let regions: Vec<Region> = if permit.actor().kind == TenantKind::Network {
            let own = Tenant::id(permit.actor().tenant);
            let own = ledger.read::<Tenant>(&permit, own).await.map_err(failed)?;
            own.state.region().into_iter().collect()
        } else {
            ledger
                .read::<Intake>(&permit, intake)
                .await
                .map_err(failed)?;
            Region::iter().collect()
        };
        let platform = Permit::platform(Action::GetSelectionReport);
        let tally = match ledger.read(&platform, SelectionTally::id(intake)).await {
            Ok(read) => read.state,
            // nothing counted yet
            Err(LedgerError::Refused(_)) => SelectionTally::default(),
            Err(error) => return Err(failed(error)),
        };
        let rule: DisclosureRule = Policies::of(ledger.policies())
            .get("disclosure.rule", london_date(ledger.now()))
            .map_err(|refusal| refused(&refusal))?;
        let regions = regions
            .into_iter()
            .map(|region| of_region(region, tally.of(region), rule))
            .collect();
        Ok(Response::new(GetSelectionReportResponse { regions }))
    }
}

impl DecisionRoundRpc {
    async fn assessment(
        &self,
        request: &Request<GetSealRequest>,
        id: Id<Seal>,
        value: &Personal<Assessment>,
    ) -> Result<Assessment, Status> {
        let class = DataClass::EmployerScores;
        let copy = self.0.open(request, id, class, value).await?;
        Ok(copy.unwrap_or_default())
    }

    /// What the caller's own side said; `None` once the person is erased there.
    async fn said<T: Clone + DeserializeOwned>(
        &self,
        request: &Request<GetSealRequest>,
        id: Id<Seal>,
        said: &Said<T>,
    ) -> Result<Option<T>, Status> {
        match said {
            Said::Clear(said) => Ok(Some(said.clone())),
            Said::Sealed(said) => {
                let class = DataClass::EmployerScores;
                self.0.open(request, id, class, said).await
            }
        }
    }

    async fn seal(
        &self,
        request: &Request<GetSealRequest>,
        id: Id<Seal>,
        kept: &KeptSeal,
    ) -> Result<v1::Seal, Status> {
        let shortlisted = self.said(request, id, &kept.shortlisted).await?;
        let shortlist = self.assessment(request, id, &kept.assessment).await?;
        let mut rounds = Vec::with_capacity(kept.rounds.len());
        for (round, slot) in &kept.rounds {
            let decision = match slot {
                Slot::Sealed(decision) => Some(self.shown(request, id, decision).await?),
                Slot::Withdrawn => None,
            };
            rounds.push(v1::SealedRound {
                round: wire::small(*round),
                decision,
            });
        }
        Ok(v1::Seal {
            name: id.name(),
            application: kept.terms.application.name(),
            shortlisted: shortlisted.unwrap_or_default(),
            shortlist_scores: shown_scores(shortlist.scores),
            shortlist_reason: shortlist.reason,
            rounds,
        })
    }

    async fn shown(
        &self,
        request: &Request<GetSealRequest>,
        id: Id<Seal>,
        decision: &SealedDecision,
    ) -> Result<v1::Decision, Status> {
        let word = self.said(request, id, &decision.word).await?;
        let (verdict, conditions) = word
            .map(|word| (word.verdict.to_string(), word.conditions))
            .unwrap_or_default();
        let assessment = self.assessment(request, id, &decision.assessment).await?;
        Ok(v1::Decision {
            verdict,
            conditions: conditions.into_iter().collect(),
            scores: shown_scores(assessment.scores),
            grounds: assessment.grounds,
            reason: assessment.reason,
        })
    }
}

fn scores(scores: Vec<v1::Score>) -> Result<Vec<Score>, Refusal> {
    text::at_most(&scores, "scores", SCORES_MAX)?;
    scores
        .into_iter()
        .map(|score| {
            Ok(Score {
                criterion: score.criterion,
                points: wire::number(score.points, "scores")?,
            })
        })
        .collect()
}

fn shown_scores(scores: Vec<Score>) -> Vec<v1::Score> {
    scores
        .into_iter()
        .map(|score| v1::Score {
            criterion: score.criterion,
            points: wire::small(score.points),
        })
        .collect()
}

fn decision(decision: Option<v1::Decision>) -> Result<Decision, Refusal> {
    let decision = decision.ok_or_else(|| Refusal::invalid("decision", "decision is needed"))?;
    Ok(Decision {
        verdict: wire::word(&decision.verdict, "decision.verdict")?,
        conditions: decision.conditions,
        scores: scores(decision.scores)?,
        grounds: decision.grounds,
        reason: decision.reason,
    })
}

fn of_region(region: Region, tally: RegionTally, rule: DisclosureRule) -> v1::RegionSelection {
    let rounds = rule.disclose(i64::from(tally.rounds));
    let split = rule.disclose(i64::from(tally.split));
    v1::RegionSelection {
        region: region.to_string(),
        rounds,
        split,
        appointed: rule.disclose(i64::from(tally.appointed)),
        split_percent: rule.share(split, rounds),
    }
}
