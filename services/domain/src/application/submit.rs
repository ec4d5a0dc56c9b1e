//! Applying: within the window of the vacancy, once per person and vacancy.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Applicant, Application, ApplicationAct, ApplicationEvent, ApplicationTerms, CONTACT_BYTES_MAX,
    Degree, EntrySource, HeldApplication, NAME_BYTES_MAX, STATEMENT_BYTES_MAX, STUDY_BYTES_MAX,
};
use crate::{
    actor::{PersonId, TenantKind},
    candidacy::Candidacy,
    id::Id,
    personal::{ContentDigest, DigestSalt, Personal, PersonalClass},
    refusal::{Reason, Refusal},
    text,
    vacancy::{Vacancy, VacancyTerms},
    world::{Command, Halt, Issue, StreamKey, World},
};

pub(super) fn submitted(
    salt: DigestSalt,
    held: Option<&HeldApplication>,
    submit: &SubmitApplication,
    id: Id<Application>,
    person: PersonId,
    vacancy: &VacancyTerms,
    open: bool,
) -> Result<Vec<ApplicationEvent>, Refusal> {
    let name = text::required(&submit.name, "name", NAME_BYTES_MAX)?;
    let contact = text::required(&submit.contact, "contact", CONTACT_BYTES_MAX)?;
    let statement = text::free(&submit.statement, "statement", STATEMENT_BYTES_MAX)?;
    let degree_detail = submit
        .degree_detail
        .as_deref()
        .map(|detail| text::free(detail, "degree_detail", STUDY_BYTES_MAX))
        .transpose()?;
    let content = ContentDigest::of(
        salt,
        id.0,
        &(
            &name,
            &contact,
            &statement,
            &degree_detail,
            submit.entry,
            submit.degree,
        ),
    );
    if let Some(held) = held {
        return if held.content == content {
            Ok(vec![])
        } else {
            Err(Refusal::new(
                Reason::AlreadyHoldsApplication,
                "this person has already applied for this vacancy with other content; withdraw \
                 that application or keep it as it is",
            )
            .with("application", id.name()))
        };
    }
    if !open {
        return Err(Refusal::new(
            Reason::CampaignClosed,
            format!(
                "the vacancy takes applications from {} until {}; choose another vacancy",
                vacancy.opening, vacancy.closing
            ),
        )
        .with("opening", vacancy.opening)
        .with("closing", vacancy.closing));
    }
    let both = [vacancy.employer, vacancy.university];
    let identity = |value| Personal::new(person, PersonalClass::Identity, both, value);
    Ok(vec![ApplicationEvent::ApplicationSubmitted {
        terms: ApplicationTerms {
            vacancy: submit.vacancy,
            person,
            employer: vacancy.employer,
            university: vacancy.university,
            intake: vacancy.intake,
            role: vacancy.role.clone(),
        },
        entry: submit.entry,
        degree: submit.degree,
        applicant: Box::new(Applicant {
            name: identity(name),
            contact: identity(contact),
            statement: Personal::new(person, PersonalClass::ApplicationStatement, both, statement),
            degree_detail: degree_detail.map(|detail| {
                let university = [vacancy.university];
                Personal::new(person, PersonalClass::StudyEvidence, university, detail)
            }),
        }),
        content,
    }])
}

/// Applies for a vacancy: the candidate for themself, or the employer's HR for a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubmitApplication {
    /// The vacancy.
    pub vacancy: Id<Vacancy>,
    /// The candidate; a candidate may leave it out, and HR may for a person new to the service.
    pub person: Option<PersonId>,
    /// Name.
    pub name: String,
    /// How to reach the candidate.
    pub contact: String,
    /// What the candidate wrote.
    pub statement: String,
    /// Where the candidate comes from (`ROUTE-06`).
    pub entry: EntrySource,
    /// Whether the candidate has a degree (`ROUTE-01`).
    pub degree: Degree,
    /// Institution, subject and class, for the university only.
    pub degree_detail: Option<String>,
}

impl Command for SubmitApplication {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let vacancy = world.read(self.vacancy)?;
        let terms = vacancy
            .terms()
            .cloned()
            .ok_or_else(Refusal::not_permitted)?;
        let open = vacancy.accepts(issue.effective);
        let person = match issue.by.kind {
            TenantKind::Person => issue
                .by
                .person
                .filter(|own| self.person.is_none_or(|person| person == *own)),
            TenantKind::Employer if issue.by.tenant == terms.employer => {
                Some(self.person.unwrap_or_else(|| {
                    PersonId(Uuid::new_v5(&terms.employer.0, issue.request.as_bytes()))
                }))
            }
            _ => None,
        }
        .ok_or_else(Refusal::not_permitted)?;
        submitted_for(issue, world, self, person, terms, open)
    }
}

/// Submits for `person` what somebody entitled to do so sends, and notes it in their candidacy.
pub(crate) fn submitted_for(
    issue: &Issue,
    world: &mut World,
    submit: &SubmitApplication,
    person: PersonId,
    vacancy: VacancyTerms,
    open: bool,
) -> Result<StreamKey, Halt> {
    let id = Application::id(vacancy.employer, submit.vacancy, person);
    let before = world.version(id.key());
    world.decide(
        issue,
        id,
        ApplicationAct::Submit {
            submit: submit.clone(),
            id,
            person,
            vacancy: Box::new(vacancy),
            open,
        },
    )?;
    if world.version(id.key()) > before {
        Candidacy::takes_on(issue, world, person, id)?;
    }
    Ok(id.key())
}
