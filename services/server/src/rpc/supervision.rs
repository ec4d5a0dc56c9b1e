use contract::v1::{self, supervision_service_server::SupervisionService, *};
use domain::{actor::PersonId, id::Id, refusal::Refusal, supervision as rules};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

pub(crate) struct SupervisionRpc(pub(crate) Desk);

#[tonic::async_trait]
impl SupervisionService for SupervisionRpc {
    async fn offer_supervisor_training(
        &self,
        request: Request<OfferSupervisorTrainingRequest>,
    ) -> Result<Response<OfferSupervisorTrainingResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::OfferSupervisorTraining {
                    training: Id::from_name(&m.training, "training")?,
                })
            })
            .await
    }

    async fn complete_supervisor_training(
        &self,
        request: Request<CompleteSupervisorTrainingRequest>,
    ) -> Result<Response<CompleteSupervisorTrainingResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CompleteSupervisorTraining {
                    course: Id::from_name(&m.course, "course")?,
                })
            })
            .await
    }

    async fn get_supervisor_course(
        &self,
        request: Request<GetSupervisorCourseRequest>,
    ) -> Result<Response<GetSupervisorCourseResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self
            .0
            .read::<rules::SupervisorCourse>(&request, name)
            .await?;
        let course = match read.state {
            rules::SupervisorCourse::Absent => None,
            rules::SupervisorCourse::Offered {
                university,
                employer,
                supervisor,
                offered,
                completed,
            } => Some(v1::SupervisorCourse {
                name: name.clone(),
                university: university.to_string(),
                employer: employer.to_string(),
                supervisor: supervisor.name(),
                offered_on: offered.to_string(),
                completed_on: wire::show(completed),
            }),
        };
        Ok(Response::new(GetSupervisorCourseResponse {
            course,
            version: wire::count(read.version),
        }))
    }

    async fn name_senior_practitioner(
        &self,
        request: Request<NameSeniorPractitionerRequest>,
    ) -> Result<Response<NameSeniorPractitionerResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::NameSeniorPractitioner {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    site: m.site,
                    practitioner: PersonId::from_name(&m.practitioner, "practitioner")?,
                })
            })
            .await
    }

    async fn get_site_contacts(
        &self,
        request: Request<GetSiteContactsRequest>,
    ) -> Result<Response<GetSiteContactsResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let name = &request.get_ref().clinical_service;
        let service = Id::from_name(name, "clinical_service")
            .map_err(|refusal: Refusal| refused(&refusal))?;
        let id = rules::SiteContacts::id(permit.actor().tenant, service);
        let read = self
            .0
            .read::<rules::SiteContacts>(&request, &id.name())
            .await?;
        let contacts = read.state.sites().map(|(site, senior)| v1::SiteContact {
            site: site.to_owned(),
            practitioner: senior.practitioner.to_string(),
            from: senior.from.to_string(),
        });
        Ok(Response::new(GetSiteContactsResponse {
            contacts: contacts.collect(),
            version: wire::count(read.version),
        }))
    }
}
