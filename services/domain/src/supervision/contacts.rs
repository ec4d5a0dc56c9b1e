//! Whom trainees at a site can turn to beside their supervisor: a named senior practitioner, as on
//! the prison pilots (`SUP-08`).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    directory::{ClinicalService, SITE_CODE_BYTES_MAX},
    id::Id,
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// A senior practitioner of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeniorPractitioner {
    /// Who.
    pub practitioner: PersonId,
    /// Since when.
    pub from: Date,
}

/// The contacts of a clinical service's sites.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SiteContacts {
    employer: Option<TenantId>,
    sites: BTreeMap<String, SeniorPractitioner>,
}

/// What the contacts decide.
#[derive(Debug, Clone)]
pub enum ContactsAct {
    /// See [`NameSeniorPractitioner`].
    Name {
        /// Whose clinical service.
        employer: TenantId,
        /// The code of the site.
        site: String,
        /// Who.
        practitioner: PersonId,
    },
}

/// Facts of the contacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum SiteContactsEvent {
    /// A site has a senior practitioner.
    SeniorPractitionerNamed {
        /// Whose clinical service.
        employer: TenantId,
        /// The code of the site.
        site: String,
        /// Who, since when.
        senior: SeniorPractitioner,
    },
}

aggregate!(
    SiteContacts,
    "site_contacts",
    ContactsAct,
    SiteContactsEvent
);

impl SiteContacts {
    /// The contacts of a clinical service.
    pub fn id(employer: TenantId, clinical_service: Id<ClinicalService>) -> Id<Self> {
        Id::derive(employer, &[clinical_service.0])
    }

    /// The senior practitioners, by the code of their site.
    pub fn sites(&self) -> impl Iterator<Item = (&str, &SeniorPractitioner)> {
        self.sites
            .iter()
            .map(|(site, senior)| (site.as_str(), senior))
    }

    fn evolve(&mut self, event: SiteContactsEvent) {
        let SiteContactsEvent::SeniorPractitionerNamed {
            employer,
            site,
            senior,
        } = event;
        self.employer = Some(employer);
        self.sites.insert(site, senior);
    }
}

impl Decider for SiteContacts {
    type Act = ContactsAct;
    const COLLECTION: &'static str = "siteContacts";

    fn decide(&self, issued: &Issued<ContactsAct>) -> Result<Vec<SiteContactsEvent>, Refusal> {
        let ContactsAct::Name {
            employer,
            site,
            practitioner,
        } = &issued.act;
        let known = self.sites.get(site);
        if known.is_some_and(|known| known.practitioner == *practitioner) {
            return Ok(vec![]);
        }
        let from = issued.today();
        if known.is_some_and(|known| from < known.from) {
            return Err(Refusal::state_not_allowed(
                "somebody was named later than this day; name the new one from a later day on",
            ));
        }
        Ok(vec![SiteContactsEvent::SeniorPractitionerNamed {
            employer: *employer,
            site: site.clone(),
            senior: SeniorPractitioner {
                practitioner: *practitioner,
                from,
            },
        }])
    }

    fn custody(&self) -> Option<Custody> {
        self.employer.map(|employer| Custody::of(employer, []))
    }
}

/// The employer names the senior practitioner of one of its sites, from the day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NameSeniorPractitioner {
    /// The clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// The code of its site.
    pub site: String,
    /// Who.
    pub practitioner: PersonId,
}

impl Command for NameSeniorPractitioner {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let site = text::required(&self.site, "site", SITE_CODE_BYTES_MAX)?.to_ascii_uppercase();
        let service = world.read_own(issue, self.clinical_service)?;
        if service
            .terms()
            .is_none_or(|terms| terms.site(&site).is_none())
        {
            return Err(Refusal::invalid(
                "site",
                "the clinical service has no site of this code; see GetClinicalService",
            )
            .into());
        }
        let id = SiteContacts::id(employer, self.clinical_service);
        let name = ContactsAct::Name {
            employer,
            site,
            practitioner: self.practitioner,
        };
        world.decide(issue, id, name)?;
        Ok(id.key())
    }
}
