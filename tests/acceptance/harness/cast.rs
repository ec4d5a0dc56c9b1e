//! The people and organisations of the tests (all made up), and the steps of a trainee's life as
//! calls of the API. What a step must lead to is the tests' own business.

use std::sync::Arc;

use domain::{
    actor::{ActingRole, Actor, PLATFORM, Region, TenantId, TenantKind},
    calendar::midday,
    directory::{EmployerSector, RegisterTenant},
    permission::{Action, Permit},
    policy::baseline,
    world::Command,
};
use jiff::civil::date;
use ledger::{Envelope, Ledger, Reactor};
use server::{
    demonstration::AUDIENCE,
    token::{DevelopmentIssuer, Verifier},
};
use uuid::Uuid;

use super::{Api, Caller, service};

const fn made_up(number: u128) -> TenantId {
    TenantId(Uuid::from_u128(
        0x5ca5_7000_0000_4000_8000_0000_0000_0000 + number,
    ))
}

/// Northmoor Mental Health NHS Foundation Trust, North West.
pub(crate) const NORTHMOOR: TenantId = made_up(1);
/// Severnvale Partnership NHS Trust, Midlands: party to nothing unless a test makes it one.
pub(crate) const SEVERNVALE: TenantId = made_up(2);
/// University of Wexcombe.
pub(crate) const WEXCOMBE: TenantId = made_up(3);
/// Calderbridge University: party to nothing unless a test makes it one.
pub(crate) const CALDERBRIDGE: TenantId = made_up(4);
/// The national commissioner.
pub(crate) const COMMISSIONER: TenantId = made_up(5);
/// Another commissioner: party to nothing.
pub(crate) const OTHER_COMMISSIONER: TenantId = made_up(6);
/// The regional network of the North West.
pub(crate) const NETWORK: TenantId = made_up(7);
/// Meridian Audit.
pub(crate) const AUDITOR: TenantId = made_up(8);
/// The independent evaluator.
pub(crate) const EVALUATOR: TenantId = made_up(9);

/// An employer that is party to nothing at all.
pub(crate) const STRANGER: TenantId = made_up(10);

/// The person who is candidate number `number`.
pub(crate) const fn candidate(number: u128) -> TenantId {
    made_up(0x1000 + number)
}

/// Everybody on one service.
#[derive(Clone)]
pub(crate) struct Cast {
    pub(crate) api: Api,
    pub(crate) ledger: Ledger,
    pub(crate) issuer: Arc<DevelopmentIssuer>,
}

impl Cast {
    /// Somebody of `tenant` in `role`.
    pub(crate) fn of(&self, tenant: TenantId, role: ActingRole) -> Caller {
        let actor = service::actor(tenant, role);
        self.api.by(service::token(&self.issuer, &actor))
    }

    /// The same people, speaking in other words.
    pub(crate) fn saying(&self, words: &[(&str, &str)]) -> Self {
        Self {
            api: self.api.saying(words),
            ..self.clone()
        }
    }

    /// Who a token that this cast was given speaks for.
    pub(crate) fn actor_of(&self, token: &str) -> Option<Actor> {
        Verifier::new(AUDIENCE)
            .with_development(&self.issuer)
            .actor(Some(&format!("Bearer {token}")))
            .ok()
    }

    /// The platform's operator.
    pub(crate) fn operator(&self) -> Caller {
        self.of(PLATFORM, ActingRole::PlatformOperator)
    }

    /// Runs everything that follows from what is recorded, until nothing more follows.
    pub(crate) async fn settle(&self) {
        Reactor::new(&self.ledger)
            .catch_up()
            .await
            .expect("reactions run");
        views::projector(&self.ledger)
            .catch_up()
            .await
            .expect("views fold");
    }
}

/// Sets the baseline of policies and registers the organisations: the state that every test
/// database starts from.
pub(crate) async fn prepare(ledger: &Ledger) {
    for row in baseline::baseline() {
        submit(ledger, Action::SetPolicy, baseline::request_id(&row), &row).await;
    }
    let organisation = |tenant, kind, name: &str| RegisterTenant {
        tenant,
        kind,
        name: name.to_owned(),
        ods_code: None,
        ukprn: None,
        sector: None,
        region: None,
    };
    let employer = |tenant, name, ods_code: &str, sector, region| RegisterTenant {
        ods_code: Some(ods_code.to_owned()),
        sector: Some(sector),
        region: Some(region),
        ..organisation(tenant, TenantKind::Employer, name)
    };
    let university = |tenant, name, ukprn: &str| RegisterTenant {
        ukprn: Some(ukprn.to_owned()),
        ..organisation(tenant, TenantKind::University, name)
    };
    use EmployerSector::Nhs;
    for register in [
        employer(
            NORTHMOOR,
            "Northmoor Mental Health NHS Foundation Trust",
            "N1M2H",
            Nhs,
            Region::NorthWest,
        ),
        employer(
            SEVERNVALE,
            "Severnvale Partnership NHS Trust",
            "S4V7P",
            Nhs,
            Region::Midlands,
        ),
        employer(
            STRANGER,
            "Fellside NHS Trust",
            "F5S6T",
            Nhs,
            Region::NorthWest,
        ),
        university(WEXCOMBE, "University of Wexcombe", "10099001"),
        university(CALDERBRIDGE, "Calderbridge University", "10099002"),
        organisation(
            COMMISSIONER,
            TenantKind::Commissioner,
            "National commissioner",
        ),
        organisation(
            OTHER_COMMISSIONER,
            TenantKind::Commissioner,
            "Another commissioner",
        ),
        RegisterTenant {
            region: Some(Region::NorthWest),
            ..organisation(NETWORK, TenantKind::Network, "PPN North West")
        },
        organisation(AUDITOR, TenantKind::Auditor, "Meridian Audit"),
        organisation(EVALUATOR, TenantKind::Evaluator, "Independent evaluator"),
    ] {
        let request = Uuid::new_v5(&PLATFORM.0, register.tenant.0.as_bytes());
        submit(ledger, Action::RegisterTenant, request, &register).await;
    }
}

async fn submit(ledger: &Ledger, action: Action, request_id: Uuid, command: &dyn Command) {
    let envelope = Envelope {
        request_id,
        effective: Some(midday(date(2021, 4, 1))),
        fingerprint: [0; 32],
        correlation: None,
        causation: None,
        traceparent: None,
        authentication: None,
    };
    ledger
        .submit(&Permit::platform(action), envelope, command)
        .await
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
}
