//! The post that keeps a promise: band, contract, funding and organisation, each with its own
//! answer, and additional to the posts there are.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString};

use super::{Commitment, CommitmentAct, CommitmentEvent, Standing};
use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    calendar::months_later,
    directory::ClinicalService,
    id::Id,
    personal::{Personal, PersonalClass},
    policy::catalogue::{Phase, Role, Setting},
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// The longest position number, in bytes.
pub const POSITION_BYTES_MAX: usize = 40;
/// The longest id of a kind of post, in bytes.
pub const POST_KIND_BYTES_MAX: usize = 60;

/// How a post is paid for (`FUND-07`, `X-06`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PostFunding {
    /// The employer's baseline funding.
    Baseline,
    /// Money that ends.
    Project,
    /// The additional roles reimbursement scheme of primary care.
    Arrs,
}

/// A qualified post as evidenced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualifiedPost {
    /// Its clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// Its band.
    pub band: u8,
    /// First day in it.
    pub starts_on: Date,
    /// Whether it is in the service trained in: hoped for, not required (`PRECEPT-02`).
    pub same_service: bool,
}

/// What makes a post the promised one (`FUND-07`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostTerms {
    /// Agenda for Change band.
    pub band: u8,
    /// Whether the contract is permanent.
    pub permanent: bool,
    /// How it is paid for.
    pub funding: PostFunding,
}

impl PostTerms {
    /// Each failing term has its own answer, so that the employer knows which one to mend.
    pub(super) fn meets(
        self,
        issued: &Issue,
        role: &Role,
        qualified_band: Option<u8>,
    ) -> Result<(), Refusal> {
        let rule: BandRule = issued
            .policies
            .get("commitment.band_rule", issued.today())?;
        let Some(band) = qualified_band else {
            return Err(terms_not_met(
                "band",
                &format!("policy names no qualified band for {role} yet; ask the commissioner"),
            ));
        };
        if !rule.admits(self.band, band) {
            return Err(terms_not_met(
                "band",
                &format!(
                    "a qualified {role} is band {band}, the post is band {}; correct the post",
                    self.band
                ),
            )
            .with("required_band", band));
        }
        if !self.permanent {
            return Err(terms_not_met(
                "contract",
                "the contract is not permanent; make it permanent",
            ));
        }
        if self.funding != PostFunding::Baseline {
            return Err(terms_not_met(
                "funding",
                "the post is not paid from the employer's baseline funding; fund it from there",
            ));
        }
        Ok(())
    }
}

/// Whether a higher band counts, policy `commitment.band_rule` (`TAXO-14`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BandRule {
    /// Only the role's own band.
    Exact,
    /// The role's band or a higher one.
    AtLeast,
}

impl BandRule {
    /// Whether a post of a band meets the band a role asks for.
    pub(crate) const fn admits(self, band: u8, asked: u8) -> bool {
        match self {
            Self::Exact => band == asked,
            Self::AtLeast => band >= asked,
        }
    }
}

fn terms_not_met(term: &'static str, message: &str) -> Refusal {
    Refusal::new(Reason::CommitmentTermsNotMet, message).with("term", term)
}

impl Commitment {
    pub(super) fn evidence(
        &self,
        issued: &Issued<CommitmentAct>,
        evidence: &EvidenceQualifiedPost,
        setting: Option<&Setting>,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        let replaced = evidence
            .replaces
            .as_deref()
            .map(|kind| text::identifier(kind, "replaces", POST_KIND_BYTES_MAX))
            .transpose()?;
        let position = evidence
            .position
            .as_deref()
            .map(|number| text::required(number, "position", POSITION_BYTES_MAX))
            .transpose()?;
        let Self::Given {
            terms, promises, ..
        } = self
        else {
            return Err(Refusal::not_permitted());
        };
        if issued.by.tenant != terms.employer {
            return Err(Refusal::not_permitted());
        }
        let starts_on = issued.today();
        let not_qualified = |message: String| Refusal::new(Reason::NotQualified, message);
        let promise = promises.get(&evidence.application).ok_or_else(|| {
            not_qualified(
                "no post is owed for this application: nobody has qualified through it yet; wait \
                 for the released result"
                    .to_owned(),
            )
        })?;
        if starts_on < promise.qualified_on {
            return Err(not_qualified(format!(
                "the post starts before the qualification of {}; date it then or later",
                promise.qualified_on
            ))
            .with("qualified_on", promise.qualified_on));
        }
        let post = QualifiedPost {
            clinical_service: evidence.clinical_service,
            band: evidence.post.band,
            starts_on,
            same_service: evidence.clinical_service == promise.clinical_service,
        };
        evidence.additional(issued, replaced.as_deref())?;
        if evidence.employer != terms.employer {
            return Err(terms_not_met(
                "employer",
                "the post is with another organisation; only one with the employer that promised \
                 it discharges the commitment",
            ));
        }
        evidence.post.meets(issued, &terms.role, Some(terms.band))?;
        if let Some(setting) = setting {
            let (role, phase) = (&terms.role, Phase::Qualified);
            issued
                .policies
                .permitted_setting(role, phase, setting, None, starts_on)?;
        }
        // What a recorded post met, a repeat of it meets again; anything less is no repeat.
        if let Some(known) = &promise.post {
            return Refusal::unless_same(*known == post, "the qualified post");
        }
        match promise.standing {
            Standing::Due | Standing::Overdue | Standing::Grace { .. } => {}
            // a broken promise stays broken, wherever the graduate works by then (D.11)
            _ => {
                return Err(Refusal::state_not_allowed(
                    "the promise is breached, lapsed or passed to another employer; see its state",
                ));
            }
        }
        let months: u32 = issued.policies.get("commitment.maintenance", starts_on)?;
        let position = position.map(|number| {
            Personal::new(
                promise.person,
                PersonalClass::EmploymentIdentifier,
                [terms.employer],
                number,
            )
        });
        Ok(vec![
            CommitmentEvent::QualifiedPostEvidenced {
                application: evidence.application,
                person: promise.person,
                post,
                position,
            },
            CommitmentEvent::CommitmentDischarged {
                application: evidence.application,
                maintain_until: Some(months_later(starts_on, months)),
            },
        ])
    }
}

/// Shows that one person holds the promised post, from the effective date on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceQualifiedPost {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// The application of the person.
    pub application: Id<Application>,
    /// Who employs the person in the post.
    pub employer: TenantId,
    /// The clinical service of the post.
    pub clinical_service: Id<ClinicalService>,
    /// What the post is.
    pub post: PostTerms,
    /// The kind of post it replaces; an additional post replaces none.
    pub replaces: Option<String>,
    /// Its position number in the employer's establishment.
    pub position: Option<String>,
}

impl EvidenceQualifiedPost {
    /// The post is an additional one (`FUND-11`), above all not in place of a psychologist's or a
    /// therapist's (`PRACTICE-09`).
    fn additional(&self, issued: &Issue, replaced: Option<&str>) -> Result<(), Refusal> {
        let Some(replaced) = replaced else {
            return Ok(());
        };
        let protected: Vec<String> = issued
            .policies
            .get("commitment.protected_posts", issued.today())?;
        if protected.iter().any(|kind| kind == replaced) {
            return Err(Refusal::new(
                Reason::PostSubstitutionForbidden,
                format!("the post must not replace a {replaced}; create an additional one"),
            )
            .with("replaces", replaced));
        }
        Err(terms_not_met(
            "expansion",
            "the post takes the place of an existing one; the promise is an additional post",
        ))
    }
}

impl Command for EvidenceQualifiedPost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        // what another organisation runs is not read here; the terms refuse such a post
        let setting = if self.employer == issue.by.tenant {
            world
                .read_own(issue, self.clinical_service)?
                .terms()
                .map(|service| service.setting.clone())
        } else {
            None
        };
        let evidence = self.clone();
        world.decide(
            issue,
            self.commitment,
            CommitmentAct::Evidence { evidence, setting },
        )?;
        Ok(self.commitment.key())
    }
}
