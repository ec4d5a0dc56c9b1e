use std::collections::HashMap;

use contract::v1::{self, directory_service_server::DirectoryService, *};
use domain::{
    actor::{PersonId, TenantId, TenantKind},
    directory::{self as rules, RegisterCheck as Check},
    fact,
    id::Id,
    permission::Permit,
    policy::catalogue::{Role, Setting},
    refusal::Refusal,
    visibility::DataClass,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct DirectoryRpc(pub(crate) Desk);

impl DirectoryRpc {
    /// What a partner is called: of those who employ, teach and commission, to somebody who has a part
    /// in the same record and may know what happened to it.
    async fn partner<T: Sync>(
        &self,
        request: &Request<T>,
        name: &str,
        record: &str,
    ) -> Result<v1::Tenant, Status> {
        let nothing = || refused(&Refusal::not_permitted());
        let permit = self.0.permit(request).await?;
        let partner = TenantId::from_name(name, "name").map_err(|why| refused(&why))?;
        let (collection, id) = record.split_once('/').ok_or_else(nothing)?;
        let kind = fact::kind_of(collection).ok_or_else(nothing)?;
        let id = Uuid::try_parse(id).map_err(|_| nothing())?;
        let parties = (self.0.ledger().parties(&permit, kind, id).await).map_err(failed)?;
        if !parties.contains(&partner) {
            return Err(nothing());
        }
        let platform = Permit::platform(permit.action());
        let read = self.0.ledger().read(&platform, rules::Tenant::id(partner));
        match read.await.map_err(failed)?.state {
            rules::Tenant::Registered {
                kind:
                    kind @ (TenantKind::Employer | TenantKind::University | TenantKind::Commissioner),
                region,
                names,
                ..
            } => Ok(v1::Tenant {
                name: name.to_owned(),
                kind: kind.to_string(),
                region: wire::show(region),
                names: (names.last())
                    .map(|known| v1::TenantName {
                        from: known.from.to_string(),
                        name: known.name.clone(),
                        ..v1::TenantName::default()
                    })
                    .into_iter()
                    .collect(),
                ..v1::Tenant::default()
            }),
            _ => Err(nothing()),
        }
    }
}

#[tonic::async_trait]
impl DirectoryService for DirectoryRpc {
    async fn register_tenant(
        &self,
        request: Request<RegisterTenantRequest>,
    ) -> Result<Response<RegisterTenantResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RegisterTenant {
                    tenant: TenantId::from_name(&m.tenant, "tenant")?,
                    kind: wire::word(&m.kind, "kind")?,
                    name: m.display_name,
                    ods_code: wire::some(m.ods_code),
                    ukprn: wire::some(m.ukprn),
                    sector: wire::optional_word(&m.sector, "sector")?,
                    region: wire::optional_word(&m.region, "region")?,
                })
            })
            .await
    }

    async fn succeed_tenant(
        &self,
        request: Request<SucceedTenantRequest>,
    ) -> Result<Response<SucceedTenantResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SucceedTenant {
                    tenant: TenantId::from_name(&m.tenant, "tenant")?,
                    name: m.display_name,
                    ods_code: wire::some(m.ods_code),
                    ukprn: wire::some(m.ukprn),
                })
            })
            .await
    }

    async fn get_tenant(
        &self,
        request: Request<GetTenantRequest>,
    ) -> Result<Response<GetTenantResponse>, Status> {
        let GetTenantRequest { name, record } = request.get_ref();
        if !record.is_empty() {
            let tenant = Some(self.partner(&request, name, record).await?);
            return Ok(Response::new(GetTenantResponse { tenant, version: 0 }));
        }
        let read = self.0.read::<rules::Tenant>(&request, name).await?;
        let mut tenant = v1::Tenant {
            name: name.clone(),
            ..v1::Tenant::default()
        };
        if let rules::Tenant::Registered {
            kind,
            sector,
            region,
            names,
            lookups,
            ..
        } = &read.state
        {
            tenant.kind = kind.to_string();
            tenant.sector = wire::show(*sector);
            tenant.region = wire::show(*region);
            tenant.names = names
                .iter()
                .map(|known| v1::TenantName {
                    from: known.from.to_string(),
                    name: known.name.clone(),
                    ods_code: wire::show(known.ods_code.as_ref()),
                    ukprn: wire::show(known.ukprn.as_ref()),
                })
                .collect();
            tenant.lookups = lookups.iter().map(lookup).collect();
            tenant.warnings = names
                .last()
                .and_then(|name| name.ukprn.as_ref()?.warning())
                .map(ToOwned::to_owned)
                .into_iter()
                .collect();
        }
        Ok(Response::new(GetTenantResponse {
            tenant: Some(tenant),
            version: wire::count(read.version),
        }))
    }

    async fn open_clinical_service(
        &self,
        request: Request<OpenClinicalServiceRequest>,
    ) -> Result<Response<OpenClinicalServiceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::OpenClinicalService {
                    name: m.display_name,
                    setting: Setting::parse(&m.setting, "setting")?,
                    population: m.population,
                })
            })
            .await
    }

    async fn add_site(
        &self,
        request: Request<AddSiteRequest>,
    ) -> Result<Response<AddSiteResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AddSite {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    code: m.code,
                    name: m.display_name,
                    region: wire::optional_word(&m.region, "region")?,
                    attributes: m.attributes.into_iter().collect(),
                })
            })
            .await
    }

    async fn get_clinical_service(
        &self,
        request: Request<GetClinicalServiceRequest>,
    ) -> Result<Response<GetClinicalServiceResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self
            .0
            .read::<rules::ClinicalService>(&request, name)
            .await?;
        let clinical_service = read.state.terms().map(|terms| v1::ClinicalService {
            name: name.clone(),
            employer: terms.employer.to_string(),
            display_name: terms.name.clone(),
            setting: terms.setting.to_string(),
            population: terms.population.clone(),
            sites: terms
                .sites
                .iter()
                .map(|site| v1::Site {
                    code: site.code.clone(),
                    display_name: site.name.clone(),
                    region: wire::show(site.region),
                    attributes: site.attributes.iter().cloned().collect(),
                })
                .collect(),
            specification: terms
                .specification
                .as_ref()
                .map(|one| ServiceSpecification {
                    reference: one.reference.clone(),
                    roles: one.roles.iter().map(ToString::to_string).collect(),
                    from: one.on.to_string(),
                }),
            professional_lead: wire::show(terms.professional_lead),
            retendered: terms.retendered.clone(),
            placements: terms
                .placements
                .values()
                .map(|placement| v1::Placement {
                    application: placement.application.name(),
                    role: placement.role.to_string(),
                    phase: placement.phase.to_string(),
                    sites: placement.sites.clone(),
                    flag: wire::show(terms.flags.get(&placement.application)),
                })
                .collect(),
            without_professional_lead: wire::small(terms.without_professional_lead()),
            site_flags: terms
                .site_flags
                .iter()
                .map(|(code, lacks)| SiteFlag {
                    code: code.clone(),
                    lacks: lacks.iter().cloned().collect(),
                })
                .collect(),
            closed: wire::show(terms.closed),
        });
        Ok(Response::new(GetClinicalServiceResponse {
            clinical_service,
            version: wire::count(read.version),
        }))
    }

    async fn record_supervisor(
        &self,
        request: Request<RecordSupervisorRequest>,
    ) -> Result<Response<RecordSupervisorResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordSupervisor {
                    person: PersonId::from_name(&m.person, "person")?,
                    name: m.display_name,
                    register: wire::word(&m.register, "register")?,
                    number: m.number,
                })
            })
            .await
    }

    async fn record_register_check(
        &self,
        request: Request<RecordRegisterCheckRequest>,
    ) -> Result<Response<RecordRegisterCheckResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordRegisterCheck {
                    supervisor: Id::from_name(&m.supervisor, "supervisor")?,
                    register: wire::word(&m.register, "register")?,
                    status: wire::word(&m.status, "status")?,
                    modalities: m.modalities,
                })
            })
            .await
    }

    async fn get_supervisor(
        &self,
        request: Request<GetSupervisorRequest>,
    ) -> Result<Response<GetSupervisorResponse>, Status> {
        let record = request.get_ref().name.clone();
        let read = self.0.read::<rules::Supervisor>(&request, &record).await?;
        let mut supervisor = v1::Supervisor {
            name: record,
            ..v1::Supervisor::default()
        };
        if let rules::Supervisor::Recorded {
            employer,
            person,
            registrations,
            name,
            checks,
            ..
        } = &read.state
        {
            supervisor.employer = employer.to_string();
            supervisor.person = person.to_string();
            supervisor.display_name = {
                let class = DataClass::Supervisor;
                (self.0.open(&request, read.id, class, name).await?).unwrap_or_default()
            };
            let mut numbers = HashMap::new();
            for (register, number) in registrations {
                if let Some(number) = (self.0)
                    .open(&request, read.id, DataClass::Supervisor, number)
                    .await?
                {
                    numbers.insert(register.to_string(), number);
                }
            }
            supervisor.numbers = numbers;
            supervisor.checks = checks.iter().map(check).collect();
        }
        Ok(Response::new(GetSupervisorResponse {
            supervisor: Some(supervisor),
            version: wire::count(read.version),
        }))
    }

    async fn record_identifier_lookup(
        &self,
        request: Request<RecordIdentifierLookupRequest>,
    ) -> Result<Response<RecordIdentifierLookupResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordIdentifierLookup {
                    tenant: TenantId::from_name(&m.tenant, "tenant")?,
                    code: wire::word(&m.code, "code")?,
                    result: wire::word(&m.result, "result")?,
                    source: m.source,
                })
            })
            .await
    }

    async fn change_site(
        &self,
        request: Request<ChangeSiteRequest>,
    ) -> Result<Response<ChangeSiteResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ChangeSite {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    code: m.code,
                    name: m.display_name,
                    attributes: m.attributes.into_iter().collect(),
                })
            })
            .await
    }

    async fn remodel_clinical_service(
        &self,
        request: Request<RemodelClinicalServiceRequest>,
    ) -> Result<Response<RemodelClinicalServiceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RemodelClinicalService {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    setting: Setting::parse(&m.setting, "setting")?,
                    population: m.population,
                })
            })
            .await
    }

    async fn retender_clinical_service(
        &self,
        request: Request<RetenderClinicalServiceRequest>,
    ) -> Result<Response<RetenderClinicalServiceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RetenderClinicalService {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    reference: m.reference,
                })
            })
            .await
    }

    async fn record_service_specification(
        &self,
        request: Request<RecordServiceSpecificationRequest>,
    ) -> Result<Response<RecordServiceSpecificationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordServiceSpecification {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    reference: m.reference,
                    roles: m
                        .roles
                        .iter()
                        .map(|role| Role::parse(role, "roles"))
                        .collect::<Result<_, _>>()?,
                })
            })
            .await
    }

    async fn name_professional_lead(
        &self,
        request: Request<NameProfessionalLeadRequest>,
    ) -> Result<Response<NameProfessionalLeadResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::NameProfessionalLead {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    person: PersonId::from_name(&m.person, "person")?,
                })
            })
            .await
    }

    async fn end_professional_lead(
        &self,
        request: Request<EndProfessionalLeadRequest>,
    ) -> Result<Response<EndProfessionalLeadResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::EndProfessionalLead {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                })
            })
            .await
    }

    async fn close_clinical_service(
        &self,
        request: Request<CloseClinicalServiceRequest>,
    ) -> Result<Response<CloseClinicalServiceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CloseClinicalService {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                })
            })
            .await
    }
}

fn check(check: &Check) -> v1::RegisterCheck {
    v1::RegisterCheck {
        register: check.register.to_string(),
        status: check.status.to_string(),
        modalities: check.modalities.iter().cloned().collect(),
        from: check.from.to_string(),
    }
}

fn lookup(lookup: &rules::IdentifierLookup) -> v1::IdentifierLookup {
    v1::IdentifierLookup {
        code: lookup.code.to_string(),
        value: lookup.value.clone(),
        result: lookup.result.to_string(),
        source: lookup.source.clone(),
        checked_at: lookup.checked_at.to_string(),
        checked_by: lookup.checked_by.to_string(),
    }
}
