use contract::v1::{self, vacancy_service_server::VacancyService, *};
use domain::{
    id::Id,
    policy::catalogue::Criterion,
    refusal::Refusal,
    vacancy::{self as rules, VacancyTerms},
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct VacancyRpc(pub(crate) Desk);

#[tonic::async_trait]
impl VacancyService for VacancyRpc {
    async fn open_vacancy(
        &self,
        request: Request<OpenVacancyRequest>,
    ) -> Result<Response<OpenVacancyResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::OpenVacancy {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    sites: m.sites,
                    posts: wire::number(m.posts, "posts")?,
                    title: m.title,
                    criteria: m
                        .criteria
                        .into_iter()
                        .map(|criterion| {
                            Ok(Criterion {
                                key: criterion.key,
                                family: wire::word(&criterion.family, "criteria.family")?,
                                owner: wire::word(&criterion.owner, "criteria.owner")?,
                                weight: wire::number(criterion.weight, "criteria.weight")?,
                                essential: criterion.essential,
                            })
                        })
                        .collect::<Result<_, Refusal>>()?,
                    on_training_failure: wire::word(&m.on_training_failure, "on_training_failure")?,
                    opening: (!m.opening.is_empty())
                        .then(|| wire::instant(&m.opening, "opening"))
                        .transpose()?,
                    closing: wire::instant(&m.closing, "closing")?,
                })
            })
            .await
    }

    async fn close_vacancy(
        &self,
        request: Request<CloseVacancyRequest>,
    ) -> Result<Response<CloseVacancyResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CloseVacancy {
                    vacancy: Id::from_name(&m.vacancy, "vacancy")?,
                    posts_handed_back: wire::number(m.posts_handed_back, "posts_handed_back")?,
                })
            })
            .await
    }

    async fn get_vacancy(
        &self,
        request: Request<GetVacancyRequest>,
    ) -> Result<Response<GetVacancyResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Vacancy>(&request, name).await?;
        let (state, handed_back) = match &read.state {
            rules::Vacancy::Absent => (VacancyState::Unspecified, 0),
            rules::Vacancy::Open(_) => (VacancyState::Open, 0),
            rules::Vacancy::Closed {
                posts_handed_back, ..
            } => (VacancyState::Closed, *posts_handed_back),
        };
        Ok(Response::new(GetVacancyResponse {
            vacancy: read.state.terms().map(|terms| v1::Vacancy {
                state: state.into(),
                posts_handed_back: wire::small(handed_back),
                ..vacancy(name, terms)
            }),
            version: wire::count(read.version),
        }))
    }
}

fn vacancy(name: &str, terms: &VacancyTerms) -> v1::Vacancy {
    v1::Vacancy {
        name: name.to_owned(),
        employer: terms.employer.to_string(),
        university: terms.university.to_string(),
        intake: terms.intake.name(),
        role: terms.role.to_string(),
        clinical_service: terms.clinical_service.name(),
        sites: terms.sites.clone(),
        region: terms.region.to_string(),
        posts: wire::small(terms.posts),
        title: terms.title.clone(),
        criteria: terms
            .criteria
            .iter()
            .map(|criterion| v1::Criterion {
                key: criterion.key.clone(),
                family: criterion.family.to_string(),
                owner: criterion.owner.to_string(),
                weight: wire::small(criterion.weight),
                essential: criterion.essential,
            })
            .collect(),
        on_training_failure: terms.on_training_failure.to_string(),
        pilot: terms.pilot.clone().unwrap_or_default(),
        opening_time: Some(wire::timestamp(terms.opening)),
        closing_time: Some(wire::timestamp(terms.closing)),
        allocation: terms.allocation.name(),
        ..v1::Vacancy::default()
    }
}
