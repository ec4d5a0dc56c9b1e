use contract::v1::{self, catalogue_service_server::CatalogueService, *};
use domain::{
    calendar,
    policy::catalogue::{CatalogueEntry, Phase, SettingPolicy, Taxonomy},
    refusal::Refusal,
};
use jiff::civil::Date;
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

pub(crate) struct CatalogueRpc(pub(crate) Desk);

impl CatalogueRpc {
    fn day(&self, on: &str) -> Result<Date, Status> {
        let on = wire::optional_date(on, "on").map_err(|refusal| refused(&refusal))?;
        Ok(on.unwrap_or_else(|| calendar::london_date(self.0.ledger().now())))
    }
}

#[tonic::async_trait]
impl CatalogueService for CatalogueRpc {
    async fn list_roles(
        &self,
        request: Request<ListRolesRequest>,
    ) -> Result<Response<ListRolesResponse>, Status> {
        self.0.permit(&request).await?;
        let on = self.day(&request.get_ref().on)?;
        let register = self.0.ledger().policies();
        let taxonomy: Taxonomy = register.value("taxonomy", on).unwrap_or_default();
        let groupings = taxonomy.into_iter().map(|(group, occupations)| Grouping {
            group: group.to_string(),
            occupations: occupations
                .into_iter()
                .map(|one| Occupation {
                    key: one.key,
                    title: one.title,
                    role: one.role.unwrap_or_default(),
                    leadership: one.leadership.to_string(),
                })
                .collect(),
        });
        Ok(Response::new(ListRolesResponse {
            roles: register.catalogue(on).into_iter().map(role).collect(),
            groupings: groupings.collect(),
        }))
    }

    async fn get_role(
        &self,
        request: Request<GetRoleRequest>,
    ) -> Result<Response<GetRoleResponse>, Status> {
        self.0.permit(&request).await?;
        let message = request.get_ref();
        let on = self.day(&message.on)?;
        let register = self.0.ledger().policies();
        let entry = register.catalogue_entry(&message.role, on).ok_or_else(|| {
            refused(&Refusal::invalid(
                "role",
                "no such role on this day; ListRoles shows them all",
            ))
        })?;
        Ok(Response::new(GetRoleResponse {
            role: Some(role(entry)),
        }))
    }
}

fn role(entry: CatalogueEntry<'_>) -> v1::Role {
    let policy = entry.policy;
    let band = |band: Option<u8>| band.map_or(0, i32::from);
    v1::Role {
        role: entry.role.to_owned(),
        title: policy.title,
        group: wire::show(policy.group),
        leadership: wire::show(policy.leadership),
        origin: policy.origin.unwrap_or_default(),
        qualifications: policy
            .qualifications
            .into_iter()
            .map(|one| RoleQualification {
                level: i32::from(one.level),
                title: one.title,
                credits: one.credits.map_or(0, i32::from),
                entry: one.entry.to_string(),
            })
            .collect(),
        months: wire::small(policy.months),
        trainee_band: band(policy.trainee_band),
        qualified_band: band(policy.qualified_band),
        funding: policy.funding.iter().map(ToString::to_string).collect(),
        on_lock_list: entry.on_lock_list,
        registers: policy.registers,
        register_standing: entry.standing.to_string(),
        curriculum_scope: policy.curriculum_scope.to_string(),
        parallel_roles: policy.parallel_roles,
        providers: policy.providers,
        excluded_populations: policy.excluded_populations,
        parallel_pathways: policy.parallel_pathways,
        published_cohorts: policy
            .published_cohorts
            .into_iter()
            .map(|cohort| v1::PublishedCohort {
                title: cohort.title,
                starts: cohort.starts.to_string(),
                trainees: wire::small(cohort.trainees),
            })
            .collect(),
        settings: entry.settings.into_iter().map(setting).collect(),
        pathway: entry.pathway.map(|pathway| v1::Pathway {
            map: pathway.map,
            edition: pathway.edition,
            steps: pathway
                .steps
                .into_iter()
                .map(|step| v1::PathwayStep {
                    to: step.to,
                    title: step.title,
                    established: step.established,
                    psychology_degree: step.psychology_degree,
                    training: step.training,
                })
                .collect(),
        }),
        policy_version: wire::small(entry.version.version),
        source: entry.version.source.clone(),
        approver: entry.version.approver.clone(),
    }
}

fn setting((phase, setting, row): (Phase, &str, SettingPolicy)) -> RoleSetting {
    RoleSetting {
        phase: phase.to_string(),
        setting: setting.to_owned(),
        permitted: row.permitted,
        pilot: row.pilot.unwrap_or_default(),
        regions: row.regions.iter().map(ToString::to_string).collect(),
        site_criteria: row.site_criteria,
        need: row.need.unwrap_or_default(),
    }
}
