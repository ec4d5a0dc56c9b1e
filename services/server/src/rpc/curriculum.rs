use contract::v1::{self, curriculum_service_server::CurriculumService, *};
use domain::{curriculum as rules, id::Id, policy::catalogue::Role, refusal::Refusal};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct CurriculumRpc(pub(crate) Desk);

#[tonic::async_trait]
impl CurriculumService for CurriculumRpc {
    async fn define_module(
        &self,
        request: Request<DefineModuleRequest>,
    ) -> Result<Response<DefineModuleResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DefineModule {
                    code: m.code,
                    title: m.title,
                    level: wire::number(m.level, "level")?,
                    meets: m.meets.into_iter().collect(),
                })
            })
            .await
    }

    async fn approve_curriculum(
        &self,
        request: Request<ApproveCurriculumRequest>,
    ) -> Result<Response<ApproveCurriculumResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ApproveCurriculum {
                    role: Role::parse(&m.role, "role")?,
                    version: m.curriculum_version,
                    modules: m
                        .modules
                        .iter()
                        .map(|one| {
                            Ok(rules::ModuleUse {
                                module: Id::from_name(&one.module, "modules.module")?,
                                credits: wire::number(one.credits, "modules.credits")?,
                            })
                        })
                        .collect::<Result<_, Refusal>>()?,
                })
            })
            .await
    }

    async fn get_module(
        &self,
        request: Request<GetModuleRequest>,
    ) -> Result<Response<GetModuleResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Module>(&request, name).await?;
        let module = read.state.terms().map(|terms| v1::Module {
            name: name.clone(),
            university: terms.university.to_string(),
            code: terms.code.clone(),
            title: terms.title.clone(),
            level: wire::small(terms.level),
            meets: terms.meets.iter().cloned().collect(),
        });
        Ok(Response::new(GetModuleResponse {
            module,
            version: wire::count(read.version),
        }))
    }

    async fn get_curriculum(
        &self,
        request: Request<GetCurriculumRequest>,
    ) -> Result<Response<GetCurriculumResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Curriculum>(&request, name).await?;
        let curriculum = read.state.terms().map(|terms| v1::Curriculum {
            name: name.clone(),
            university: terms.university.to_string(),
            role: terms.role.to_string(),
            curriculum_version: terms.version.clone(),
            competence_framework: terms.competence_framework.clone(),
            modules: terms
                .modules
                .iter()
                .map(|one| v1::ModuleUse {
                    module: one.module.name(),
                    credits: wire::small(one.credits),
                })
                .collect(),
        });
        Ok(Response::new(GetCurriculumResponse {
            curriculum,
            version: wire::count(read.version),
        }))
    }
}
