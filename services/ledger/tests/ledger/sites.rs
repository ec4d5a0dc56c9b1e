//! Two employers whose clinical services have sites, and a view that counts them: what tests of
//! projections go by.

use std::collections::BTreeSet;

use domain::{
    actor::{ActingRole, TenantKind},
    directory::{
        AddSite, ClinicalService, ClinicalServiceEvent, OpenClinicalService, RegisterTenant,
    },
    fact::Fact,
    id::Id,
    permission::{Action, Permit},
    policy::{SetPolicy, catalogue::Setting},
};
use jiff::civil::date;
use ledger::{
    Drift, Envelope, Ledger, LedgerError, Projector,
    view::{Figures, FoldError, Noted, View},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::support::{grant, request, tenant};

/// Counts the sites of an employer's clinical services.
pub(crate) struct Sites;

/// A clinical service with the codes of its sites.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    sites: Vec<String>,
}

impl View for Sites {
    const NAME: &'static str = "sites";
    const VERSION: u32 = 1;
    const KIND: TenantKind = TenantKind::Employer;
    type Row = Service;
    const CROWDS: &'static [&'static str] = &["sites_by_letter"];

    fn fold(row: &mut Service, _: &Noted, fact: &Fact) -> Result<(), FoldError> {
        match fact {
            Fact::ClinicalService(ClinicalServiceEvent::ClinicalServiceOpened { name, .. }) => {
                row.name.clone_from(name);
            }
            Fact::ClinicalService(ClinicalServiceEvent::SiteAdded { site }) => {
                if site.code.starts_with("POISON") {
                    return Err(FoldError::Unfitting("poison"));
                }
                row.sites.push(site.code.clone());
            }
            _ => {}
        }
        Ok(())
    }

    fn figures(row: &Service, sums: &mut Figures) {
        sums.count("services", !row.name.is_empty());
        sums.add("sites", row.sites.len() as i64);
        for site in &row.sites {
            sums.add_of("sites_by_letter", &site[..1], 1);
        }
    }

    fn thread(row: &Service) -> Option<Uuid> {
        (!row.name.is_empty()).then(|| Uuid::new_v5(&Uuid::nil(), row.name.as_bytes()))
    }
}

/// The next version of the same view: it counts sites twice.
pub(crate) struct SitesTwice;

impl View for SitesTwice {
    const NAME: &'static str = Sites::NAME;
    const VERSION: u32 = 2;
    const KIND: TenantKind = TenantKind::Employer;
    type Row = Service;

    fn fold(row: &mut Service, event: &Noted, fact: &Fact) -> Result<(), FoldError> {
        Sites::fold(row, event, fact)
    }
    fn figures(row: &Service, sums: &mut Figures) {
        sums.add("sites", 2 * row.sites.len() as i64);
    }
    fn thread(row: &Service) -> Option<Uuid> {
        Sites::thread(row)
    }
}

/// A row that the store cannot keep: JSON text has no NUL.
pub(crate) struct Unstorable;

impl View for Unstorable {
    const NAME: &'static str = "unstorable";
    const VERSION: u32 = 1;
    const KIND: TenantKind = TenantKind::Employer;
    type Row = Service;

    fn fold(row: &mut Service, event: &Noted, fact: &Fact) -> Result<(), FoldError> {
        Sites::fold(row, event, fact)
    }
    fn figures(row: &Service, sums: &mut Figures) {
        for site in &row.sites {
            let name = if site.starts_with("NUL") {
                "\0"
            } else {
                "sites"
            };
            sums.add(name, 1);
        }
    }
    fn thread(_: &Service) -> Option<Uuid> {
        None
    }
}

pub(crate) fn employer(n: u128, action: Action) -> Permit {
    grant(
        tenant(n),
        TenantKind::Employer,
        ActingRole::ServiceManager,
        action,
    )
}

pub(crate) fn reader(n: u128) -> Permit {
    employer(n, Action::GetDashboard)
}

/// Two employers and the settings a clinical service may have.
pub(crate) async fn prepare(ledger: &Ledger) {
    let operator = Permit::platform(Action::RegisterTenant);
    for n in [1, 2] {
        let register = RegisterTenant {
            tenant: tenant(n),
            kind: TenantKind::Employer,
            name: format!("Employer {n}"),
            ods_code: Some(format!("N{n}M2H")),
            ukprn: None,
            sector: Some(domain::directory::EmployerSector::ThirdSector),
            region: Some(domain::actor::Region::London),
        };
        submit(ledger, &operator, 0x1000 + n, &register)
            .await
            .unwrap();
    }
    let settings = SetPolicy {
        policy: "settings".to_owned(),
        from: date(2000, 1, 1),
        until: None,
        value: serde_json::json!({"adult_community": {"title": "Adult", "care_level": "secondary"}}),
        source: "test".to_owned(),
        approver: "test".to_owned(),
    };
    let operator = Permit::platform(Action::SetPolicy);
    submit(ledger, &operator, 0x2000, &settings).await.unwrap();
}

pub(crate) async fn submit(
    ledger: &Ledger,
    permit: &Permit,
    n: u128,
    command: &dyn domain::world::Command,
) -> Result<ledger::Receipt, LedgerError> {
    ledger
        .submit(permit, Envelope::new(request(n), [n as u8; 32]), command)
        .await
}

pub(crate) async fn open_service(ledger: &Ledger, of: u128, n: u128) -> Id<ClinicalService> {
    let open = OpenClinicalService {
        name: format!("Service {n}"),
        setting: Setting::parse("adult_community", "setting").unwrap(),
        population: "severe_mental_illness".to_owned(),
    };
    let permit = employer(of, Action::OpenClinicalService);
    let receipt = submit(ledger, &permit, 0x1_0000 * of + n, &open)
        .await
        .unwrap();
    Id::new(receipt.id)
}

/// A site to add, named by its code.
pub(crate) fn site(service: Id<ClinicalService>, code: &str) -> AddSite {
    AddSite {
        clinical_service: service,
        code: code.to_owned(),
        name: code.to_owned(),
        region: None,
        attributes: Default::default(),
    }
}

pub(crate) async fn add_site(
    ledger: &Ledger,
    of: u128,
    service: Id<ClinicalService>,
    code: &str,
    n: u128,
) {
    let permit = employer(of, Action::AddSite);
    submit(ledger, &permit, 0x100_0000 * of + n, &site(service, code))
        .await
        .unwrap();
}

/// The records that live views have stopped at, each with the sequence it stopped at.
pub(crate) async fn parked(projector: &Projector) -> BTreeSet<(Uuid, u64)> {
    let parked = projector.operator().parked().await.unwrap();
    let streams = parked.into_iter().map(|parked| parked.event);
    streams
        .map(|event| (event.stream, event.sequence))
        .collect()
}

/// Where the first tenant's rows are not what its events make of them.
pub(crate) async fn drift(projector: &Projector) -> Option<Drift> {
    let operator = projector.operator();
    let checked = operator.check(Sites::NAME, tenant(1), &|_, _| ()).await;
    checked.unwrap().drift
}

pub(crate) async fn sites(ledger: &Ledger, of: u128) -> i64 {
    let reading = ledger.figures::<Sites>(&reader(of), 0).await.unwrap();
    reading.figures.get("sites")
}
