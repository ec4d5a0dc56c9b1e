//! An employer advertises trainee posts of its allocation, together with the university, between
//! an opening and a closing instant.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoEnumIterator as _, IntoStaticStr, VariantNames};

use crate::{
    actor::{Region, TenantId, TenantKind},
    allocation::{Allocation, AllocationAct, Proposal, Readiness},
    calendar::london_date,
    directory::{ClinicalService, ClinicalServiceTerms, Tenant},
    id::Id,
    partnership::Partnership,
    policy::catalogue::{CriteriaPolicy, Criterion, CriterionFamily, Phase, Role, SettingPolicy},
    programme::{Intake, IntakeTerms, Programme},
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest title, in bytes.
pub const TITLE_BYTES_MAX: usize = 200;
/// The most posts of one vacancy.
pub const POSTS_MAX: u32 = 200;
/// The most criteria of one vacancy.
pub const CRITERIA_MAX: usize = 40;
/// The longest key of a criterion, in bytes.
pub const CRITERION_BYTES_MAX: usize = 60;
/// The heaviest weight of a criterion.
pub const WEIGHT_MAX: u8 = 10;
/// The most sites of one vacancy.
pub const SITES_MAX: usize = 40;

/// What becomes of the employment when the training fails (`standards.md` B.3); the candidate is
/// told before applying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OnTrainingFailure {
    /// It ends.
    Terminate,
    /// It goes on in another post of the trainee band.
    Redeploy,
    /// An internal candidate goes back to the former post.
    ReturnToSubstantive,
}

/// What other records read of a vacancy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VacancyTerms {
    /// The employer.
    pub employer: TenantId,
    /// The university (`JOINT-02`).
    pub university: TenantId,
    /// Who commissions the places.
    pub commissioner: TenantId,
    /// The intake.
    pub intake: Id<Intake>,
    /// The role.
    pub role: Role,
    /// The clinical service the posts belong to.
    pub clinical_service: Id<ClinicalService>,
    /// Codes of the sites the posts are at; any site of the clinical service when empty.
    pub sites: Vec<String>,
    /// The region the posts count for: of their sites, else of the demand (`ALLOC-19`).
    pub region: Region,
    /// The allocation the posts come from.
    pub allocation: Id<Allocation>,
    /// How many trainee posts.
    pub posts: u32,
    /// The title advertised.
    pub title: String,
    /// The selection criteria.
    pub criteria: Vec<Criterion>,
    /// What becomes of the employment when the training fails.
    pub on_training_failure: OnTrainingFailure,
    /// The pilot the setting is, if any (`ALLOC-15`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<String>,
    /// Applications are accepted from this instant.
    pub opening: Timestamp,
    /// Applications are accepted up to and including this instant.
    pub closing: Timestamp,
}

/// Trainee posts advertised jointly.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Vacancy {
    /// Not opened.
    #[default]
    Absent,
    /// Opened; it accepts applications between its instants.
    Open(Box<VacancyTerms>),
    /// Closed by the employer before or after its closing instant.
    Closed {
        /// Its terms.
        terms: Box<VacancyTerms>,
        /// When it closed.
        at: Timestamp,
        /// Posts handed back to the allocation.
        posts_handed_back: u32,
    },
}

/// What a vacancy decides.
#[derive(Debug, Clone)]
pub enum VacancyAct {
    /// See [`OpenVacancy`].
    Open {
        /// The command.
        open: Box<OpenVacancy>,
        /// What the other records say.
        joint: Box<JointTerms>,
    },
    /// See [`CloseVacancy`].
    Close(CloseVacancy),
}

/// What the records behind a vacancy say when it opens.
#[derive(Debug, Clone)]
pub struct JointTerms {
    /// The employer opening it.
    pub employer: TenantId,
    /// The confirmed places; `None` while the allocation is not confirmed.
    pub places: Option<Proposal>,
    /// The employer's readiness.
    pub readiness: Option<Readiness>,
    /// The region of the demand.
    pub region: Region,
    /// The intake of the places.
    pub intake: IntakeTerms,
    /// Whether the university is contracted for the role today.
    pub contracted: bool,
    /// Whether both sides have signed.
    pub signed: bool,
    /// Whether both sides agreed the route balance.
    pub balanced: bool,
    /// The clinical service.
    pub clinical_service: ClinicalServiceTerms,
}

/// Facts of a vacancy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum VacancyEvent {
    /// Trainee posts are advertised.
    VacancyOpened {
        /// Its terms.
        terms: Box<VacancyTerms>,
    },
    /// No more applications are accepted.
    VacancyClosed {
        /// When.
        at: Timestamp,
        /// Posts that will not be filled from it, free to be advertised again.
        posts_handed_back: u32,
    },
}

aggregate!(Vacancy, "vacancy", VacancyAct, VacancyEvent);

impl Vacancy {
    /// What other records read of it; `None` while it does not exist.
    pub fn terms(&self) -> Option<&VacancyTerms> {
        match self {
            Self::Absent => None,
            Self::Open(terms) | Self::Closed { terms, .. } => Some(terms),
        }
    }

    /// Whether an application made at an instant is in time (`TIME-06`).
    pub fn accepts(&self, at: Timestamp) -> bool {
        match self {
            Self::Absent => false,
            Self::Open(terms) => (terms.opening..=terms.closing).contains(&at),
            // a late fact: somebody applied while it was still open
            Self::Closed {
                terms, at: closed, ..
            } => (terms.opening..=terms.closing).contains(&at) && at < *closed,
        }
    }

    /// Reads the terms of a vacancy, whosever it is.
    ///
    /// # Errors
    /// [`Halt::Need`], or `NOT_PERMITTED` when there is none.
    pub fn expect(world: &mut World, id: Id<Self>) -> Result<VacancyTerms, Halt> {
        match world.read(id)?.terms() {
            Some(terms) => Ok(terms.clone()),
            None => Err(Refusal::not_permitted().into()),
        }
    }

    fn evolve(&mut self, event: VacancyEvent) {
        match event {
            VacancyEvent::VacancyOpened { terms } => *self = Self::Open(terms),
            VacancyEvent::VacancyClosed {
                at,
                posts_handed_back,
            } => {
                if let Self::Open(terms) = self {
                    *self = Self::Closed {
                        terms: terms.clone(),
                        at,
                        posts_handed_back,
                    };
                }
            }
        }
    }
}

impl Decider for Vacancy {
    type Act = VacancyAct;
    const COLLECTION: &'static str = "vacancies";

    fn decide(&self, issued: &Issued<VacancyAct>) -> Result<Vec<VacancyEvent>, Refusal> {
        match (&issued.act, self) {
            (VacancyAct::Open { open, joint }, state) => {
                let terms = Box::new(open.terms(issued, joint)?);
                match state {
                    Self::Absent => Ok(vec![VacancyEvent::VacancyOpened { terms }]),
                    Self::Open(known) | Self::Closed { terms: known, .. } if *known == terms => {
                        Ok(vec![])
                    }
                    Self::Open(_) | Self::Closed { .. } => {
                        Err(Refusal::already_recorded("the vacancy"))
                    }
                }
            }
            (VacancyAct::Close(_), Self::Absent) => Err(Refusal::not_permitted()),
            (VacancyAct::Close(close), Self::Open(terms)) => {
                if issued.by.tenant != terms.employer {
                    return Err(Refusal::not_permitted());
                }
                Ok(vec![VacancyEvent::VacancyClosed {
                    at: issued.effective,
                    posts_handed_back: close.posts_handed_back,
                }])
            }
            (
                VacancyAct::Close(close),
                Self::Closed {
                    terms,
                    posts_handed_back,
                    ..
                },
            ) => {
                if issued.by.tenant != terms.employer {
                    return Err(Refusal::not_permitted());
                }
                if close.posts_handed_back == *posts_handed_back {
                    Ok(vec![])
                } else {
                    Err(Refusal::already_recorded("the closing"))
                }
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.employer, [terms.university]))
    }
}

/// Advertises trainee posts of a confirmed allocation, which may be spread over several clinical
/// services of the employer (`JOINT-09`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenVacancy {
    /// The allocation; it names the intake, and with it the university and the partnership.
    pub allocation: Id<Allocation>,
    /// The clinical service the posts belong to.
    pub clinical_service: Id<ClinicalService>,
    /// Codes of the sites the posts are at; empty for the whole clinical service.
    pub sites: Vec<String>,
    /// How many posts.
    pub posts: u32,
    /// The title advertised.
    pub title: String,
    /// The selection criteria; the role's default set when empty.
    pub criteria: Vec<Criterion>,
    /// What becomes of the employment when the training fails.
    pub on_training_failure: OnTrainingFailure,
    /// From when applications are accepted; at once when absent.
    pub opening: Option<Timestamp>,
    /// Until when.
    pub closing: Timestamp,
}

impl OpenVacancy {
    /// Refused in the order: shape, the agreements behind it, the setting.
    fn terms(
        &self,
        issued: &Issued<VacancyAct>,
        joint: &JointTerms,
    ) -> Result<VacancyTerms, Refusal> {
        let title = text::required(&self.title, "title", TITLE_BYTES_MAX)?;
        if !(1..=POSTS_MAX).contains(&self.posts) {
            return Err(Refusal::invalid("posts", format!("from 1 to {POSTS_MAX}")));
        }
        let opening = self.opening.unwrap_or(issued.effective);
        if self.closing <= opening {
            return Err(Refusal::invalid(
                "closing",
                "must be later than the opening",
            ));
        }
        let criteria = self.criteria(issued, &joint.intake)?;
        let Some(places) = &joint.places else {
            return Err(Refusal::state_not_allowed(
                "the allocation is not confirmed; ask the commissioner",
            ));
        };
        if !joint.contracted {
            return Err(Refusal::new(
                Reason::ProviderNotContracted,
                "the university has no contract for this role; ask the commissioner",
            ));
        }
        if !joint.signed {
            return Err(Refusal::new(
                Reason::PartnershipRequired,
                "employer and university sign a partnership for the intake first",
            ));
        }
        if !joint.balanced {
            return Err(Refusal::new(
                Reason::RouteBalanceNotAgreed,
                "employer and university agree the balance of routes first",
            ));
        }
        let region = self.region(joint)?;
        let setting = self.setting(issued, joint, region)?;
        Ok(VacancyTerms {
            employer: joint.employer,
            university: places.university,
            commissioner: joint.intake.commissioner,
            intake: places.intake,
            role: joint.intake.role.clone(),
            clinical_service: self.clinical_service,
            sites: self.sites.clone(),
            region,
            allocation: self.allocation,
            posts: self.posts,
            title,
            criteria,
            on_training_failure: self.on_training_failure,
            pilot: setting.pilot.or_else(|| places.pilot.clone()),
            opening,
            closing: self.closing,
        })
    }

    /// `JOINT-05..08`.
    fn criteria(
        &self,
        issued: &Issued<VacancyAct>,
        intake: &IntakeTerms,
    ) -> Result<Vec<Criterion>, Refusal> {
        text::at_most(&self.criteria, "criteria", CRITERIA_MAX)?;
        let id = format!("criteria.{}", intake.role);
        let policy: Option<CriteriaPolicy> = issued.policies.find(&id, issued.today())?;
        let criteria = match (&policy, self.criteria.is_empty()) {
            (Some(policy), true) => policy.default.clone(),
            _ => self.criteria.clone(),
        };
        for criterion in &criteria {
            text::identifier(&criterion.key, "criteria.key", CRITERION_BYTES_MAX)?;
            if !(1..=WEIGHT_MAX).contains(&criterion.weight) {
                return Err(Refusal::invalid(
                    "criteria.weight",
                    format!("from 1 to {WEIGHT_MAX}"),
                ));
            }
            if criteria.iter().filter(|c| c.key == criterion.key).count() > 1 {
                return Err(Refusal::invalid(
                    "criteria.key",
                    format!("{} is named twice", criterion.key),
                ));
            }
        }
        for family in CriterionFamily::iter() {
            if !criteria.iter().any(|criterion| criterion.family == family) {
                return Err(Refusal::invalid(
                    "criteria.family",
                    format!("a set has knowledge, skills and attitudes; add one of {family}"),
                ));
            }
        }
        let Some(policy) = policy else {
            return Ok(criteria);
        };
        if let Some(barred) = criteria
            .iter()
            .find(|c| c.essential && policy.never_essential.contains(&c.key))
        {
            return Err(Refusal::new(
                Reason::ExperienceNotACriterion,
                format!(
                    "{} may not be essential for {}; make it desirable or leave it out",
                    barred.key, intake.role
                ),
            )
            .at("criteria"));
        }
        let heaviest = criteria.iter().map(|c| c.weight).max().unwrap_or(0);
        let kept = criteria
            .iter()
            .any(|c| c.key == policy.most_important && c.weight >= heaviest);
        if !kept {
            return Err(Refusal::new(
                Reason::RecoveryCriterionRequired,
                format!(
                    "{} is in every set and nothing outweighs it; add it or raise its weight",
                    policy.most_important
                ),
            )
            .at("criteria")
            .with("criterion", &policy.most_important));
        }
        Ok(criteria)
    }

    /// Where the posts count: trainees belong to the region of their site (`ALLOC-19`).
    fn region(&self, joint: &JointTerms) -> Result<Region, Refusal> {
        text::at_most(&self.sites, "sites", SITES_MAX)?;
        let mut region = None;
        for code in &self.sites {
            let site = joint.clinical_service.site(code).ok_or_else(|| {
                Refusal::invalid("sites", format!("the clinical service has no site {code}"))
            })?;
            let Some(of_site) = site.region else {
                return Err(Refusal::new(
                    Reason::SettingNotPermitted,
                    format!("site {code} lies outside England, where these places are not funded"),
                )
                .with("site", code));
            };
            if *region.get_or_insert(of_site) != of_site {
                return Err(Refusal::invalid(
                    "sites",
                    "the sites lie in several regions; open one vacancy per region",
                ));
            }
        }
        Ok(region.unwrap_or(joint.region))
    }

    /// `SET-01..12`, `ALLOC-16`, `ALLOC-17`, `READY-05`, on the day the intake starts.
    fn setting(
        &self,
        issued: &Issued<VacancyAct>,
        joint: &JointTerms,
        region: Region,
    ) -> Result<SettingPolicy, Refusal> {
        let (role, on) = (&joint.intake.role, joint.intake.teaching_start);
        let service = &joint.clinical_service;
        service.still_open(issued.today())?;
        let setting = service.admits(
            &issued.policies,
            role,
            Phase::Trainee,
            &self.sites,
            Some(region),
            on,
        )?;
        let escalates = joint
            .readiness
            .as_ref()
            .is_some_and(|readiness| readiness.clinical_escalation);
        if setting.pilot.is_some() && !escalates {
            return Err(Refusal::new(
                Reason::EmployerNotReady,
                "a pilot setting needs a declared route for clinical escalation; declare readiness \
                 again with it",
            )
            .with("criterion", "READY-05"));
        }
        Ok(setting)
    }
}

impl Command for OpenVacancy {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let allocation = world.read_own(issue, self.allocation)?;
        let Some(interest) = allocation.interest().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let (places, readiness) = (
            allocation.confirmed().cloned(),
            allocation.readiness().cloned(),
        );
        let Some(intake_id) = allocation.proposed().map(|places| places.intake) else {
            return Err(Refusal::state_not_allowed(
                "no places are proposed yet; ask the commissioner",
            )
            .into());
        };
        world
            .read(Tenant::id(employer))?
            .in_operation(issue.today())?;
        let intake = Intake::expect(world, intake_id)?;
        let programme = world.read(Programme::id(intake.commissioner, &intake.role))?;
        let contracted = programme.contracted(intake.university, None, issue.today());
        let partnership = Partnership::id(employer, intake.university, intake_id);
        let partnership = world.read(partnership)?;
        let (signed, balanced) = (
            partnership.signed().is_some(),
            partnership.balance().is_some(),
        );
        let service = world.read_own(issue, self.clinical_service)?;
        let Some(clinical_service) = service.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let joint = Box::new(JointTerms {
            employer,
            places,
            readiness,
            region: interest.region,
            intake,
            contracted,
            signed,
            balanced,
            clinical_service,
        });
        let id = Id::<Vacancy>::derive(employer, &[issue.request]);
        let open = Box::new(self.clone());
        world.decide(issue, id, VacancyAct::Open { open, joint })?;
        world.decide(
            issue,
            self.allocation,
            AllocationAct::Advertise {
                vacancy: id,
                posts: self.posts,
            },
        )?;
        Ok(id.key())
    }
}

/// Closes a vacancy to further applications. Applications already made go on; posts that will not
/// be filled from it are handed back, to be advertised again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloseVacancy {
    /// The vacancy.
    pub vacancy: Id<Vacancy>,
    /// Posts that will not be filled from it.
    pub posts_handed_back: u32,
}

impl Command for CloseVacancy {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let Some(terms) = world.read_own(issue, self.vacancy)?.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let before = world.version(self.vacancy.key());
        world.decide(issue, self.vacancy, VacancyAct::Close(self.clone()))?;
        // a repeat closes nothing, and so hands nothing back a second time
        if world.version(self.vacancy.key()) > before {
            world.decide(
                issue,
                terms.allocation,
                AllocationAct::HandBack {
                    vacancy: self.vacancy,
                    posts: self.posts_handed_back,
                },
            )?;
        }
        Ok(self.vacancy.key())
    }
}

impl VacancyTerms {
    /// The London civil date on which applications close.
    pub fn closing_date(&self) -> jiff::civil::Date {
        london_date(self.closing)
    }
}

#[cfg(test)]
mod tests;
