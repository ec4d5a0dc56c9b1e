use contract::v1::{
    self, AnswerMonitoringRequest, AnswerMonitoringResponse, DeclareLivedExperienceRequest,
    DeclareLivedExperienceResponse, GetMonitoringRequest, GetMonitoringResponse,
    monitoring_service_server::MonitoringService,
};
use domain::{
    monitoring::{Answer, AnswerMonitoring, DeclareLivedExperience, Monitoring},
    visibility::DataClass,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct MonitoringRpc(pub(crate) Desk);

#[tonic::async_trait]
impl MonitoringService for MonitoringRpc {
    async fn answer_monitoring(
        &self,
        request: Request<AnswerMonitoringRequest>,
    ) -> Result<Response<AnswerMonitoringResponse>, Status> {
        self.0
            .write(request, |m| {
                let answer = |answer: v1::MonitoringAnswer| Answer {
                    code_set: answer.code_set,
                    code: answer.code,
                };
                Ok(AnswerMonitoring {
                    answers: m.answers.into_iter().map(answer).collect(),
                })
            })
            .await
    }

    async fn declare_lived_experience(
        &self,
        request: Request<DeclareLivedExperienceRequest>,
    ) -> Result<Response<DeclareLivedExperienceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(DeclareLivedExperience {
                    declared: m.declared,
                })
            })
            .await
    }

    async fn get_monitoring(
        &self,
        request: Request<GetMonitoringRequest>,
    ) -> Result<Response<GetMonitoringResponse>, Status> {
        let read = self
            .0
            .read::<Monitoring>(&request, &request.get_ref().name)
            .await?;
        let answers = match read.state.answers() {
            Some(answers) => {
                let class = DataClass::EqualityMonitoring;
                (self.0.open(&request, read.id, class, answers).await?).unwrap_or_default()
            }
            None => Default::default(),
        };
        let lived_experience: Option<bool> = match read.state.lived_experience() {
            Some(declared) => {
                let class = DataClass::LivedExperience;
                self.0.open(&request, read.id, class, declared).await?
            }
            None => None,
        };
        let answer = |(characteristic, answer): (String, Answer)| {
            let (code_set, code) = (answer.code_set, answer.code);
            (characteristic, v1::MonitoringAnswer { code_set, code })
        };
        Ok(Response::new(GetMonitoringResponse {
            monitoring: Some(v1::Monitoring {
                name: read.id.name(),
                answers: answers.into_iter().map(answer).collect(),
                lived_experience: lived_experience
                    .map(|declared| declared.to_string())
                    .unwrap_or_default(),
            }),
            version: wire::count(read.version),
        }))
    }
}
