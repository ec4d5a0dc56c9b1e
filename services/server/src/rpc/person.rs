use contract::v1::{
    self, ApplicationState, GetOwnTimelineRequest, GetOwnTimelineResponse, OfferState,
    person_service_server::PersonService,
};
use domain::{
    calendar::london_date,
    funding::{EXEMPTION_ROUTE, FundingLock},
    policy::Policies,
    preceptorship::ServiceClock,
    qualification::ReleasedResult,
    timeline::{Due, KINDS, Moment, OwnLife, Timeline},
    visibility::DataClass,
};
use jiff::civil::Date;
use tonic::{Request, Response, Status};

use super::{application::candidate_state, offer};
use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct PersonRpc(pub(crate) Desk);

#[tonic::async_trait]
impl PersonService for PersonRpc {
    async fn get_own_timeline(
        &self,
        request: Request<GetOwnTimelineRequest>,
    ) -> Result<Response<GetOwnTimelineResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let ledger = self.0.ledger();
        let events = ledger.own_history(&permit, KINDS).await.map_err(failed)?;
        let mut timeline = Timeline::default();
        for event in &events {
            let fact = (event.fact.as_ref())
                .map_err(|_| Status::internal("the history cannot be read"))?;
            timeline.take(event.stream, event.effective, fact);
        }
        let today = london_date(ledger.now());
        let mut applications = vec![];
        for life in timeline.lives() {
            let feedback = match &life.held.feedback {
                Some(feedback) => {
                    (self.0)
                        .open(
                            &request,
                            life.application,
                            DataClass::CandidateFeedback,
                            &feedback.text,
                        )
                        .await?
                }
                None => None,
            };
            applications.push(application(&life, feedback.unwrap_or_default(), today));
        }
        let due = timeline
            .due(&Policies::of(ledger.policies()), today)
            .map_err(|refusal| refused(&refusal))?;
        let locks = locks(timeline.lock());
        Ok(Response::new(GetOwnTimelineResponse {
            timeline: Some(v1::OwnTimeline {
                person: wire::show(permit.actor().person),
                moments: timeline.moments().iter().map(moment).collect(),
                applications,
                exemption_route: if locks.is_empty() {
                    String::new()
                } else {
                    EXEMPTION_ROUTE.to_owned()
                },
                locks,
                due: due.iter().map(owed).collect(),
            }),
        }))
    }
}

fn moment(moment: &Moment) -> v1::Moment {
    v1::Moment {
        date: moment.on.to_string(),
        what: moment.what.to_string(),
        application: wire::show(moment.application.map(|id| id.name())),
        detail: moment.detail.clone(),
    }
}

fn owed(due: &Due) -> v1::OwnDue {
    v1::OwnDue {
        what: due.what.to_string(),
        application: due.application.name(),
        detail: due.detail.clone(),
        by: wire::show(due.by),
    }
}

fn locks(lock: &FundingLock) -> Vec<v1::OwnLock> {
    lock.locks()
        .map(|(application, lock, exemption)| v1::OwnLock {
            application: application.name(),
            until: lock.until.to_string(),
            provisional: lock.provisional,
            board: lock.board.to_string(),
            rule_version: wire::small(lock.rule_version),
            exempt: exemption.is_some(),
            explanation: lock.explained(),
        })
        .collect()
}

fn application(life: &OwnLife<'_>, feedback: String, today: Date) -> v1::OwnApplication {
    let terms = &life.held.terms;
    let (result, next_board) = match life.result {
        None => ("", None),
        Some(ReleasedResult::Passed) => ("passed", None),
        Some(ReleasedResult::NotYetComplete { next_board }) => {
            ("not_yet_complete", Some(next_board))
        }
        Some(ReleasedResult::NotCompleted { .. }) => ("not_completed", None),
    };
    let clock = life
        .preceptorship
        .and_then(|held| held.consolidation.as_ref());
    v1::OwnApplication {
        application: life.application.name(),
        employer: terms.employer.to_string(),
        university: terms.university.to_string(),
        role: terms.role.to_string(),
        state: ApplicationState::into(candidate_state(life.status)),
        feedback,
        offer: wire::show(life.offer.map(|(id, _)| id.name())),
        offer_state: life
            .offer
            .map_or(OfferState::Unspecified, |(_, held)| {
                offer::state(held.stage)
            })
            .into(),
        training_from: wire::show(life.training.0),
        training_until: wire::show(life.training.1),
        result: result.to_owned(),
        next_board: wire::show(next_board),
        qualification: wire::show(life.award.map(|award| &award.qualification)),
        qualified_date: wire::show(life.award.map(|award| award.awarded)),
        consolidation: clock.map(|clock| consolidation(clock, today)),
        preceptorship_completed: wire::show(life.preceptorship.and_then(|held| held.completed())),
    }
}

fn consolidation(clock: &ServiceClock, today: Date) -> v1::OwnConsolidation {
    v1::OwnConsolidation {
        from: clock.from().to_string(),
        until: clock.until().to_string(),
        months: wire::small(clock.months(today)),
        months_needed: wire::small(clock.months_needed()),
        paused_from: wire::show(clock.paused()),
    }
}
