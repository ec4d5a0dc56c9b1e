//! An employer's interest in a role becomes funded places of an intake: interest, readiness,
//! proposal, confirmation; then its places are advertised and filled.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoEnumIterator as _, IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, Region, TenantId, TenantKind},
    application::Application,
    commitment::BreachRegister,
    directory::{Supervisor, Tenant},
    id::Id,
    offer::{Offer, OfferTerms},
    policy::catalogue::Role,
    programme::{Intake, IntakeAct, IntakeTerms, Programme, Reservation},
    refusal::{Reason, Refusal},
    text,
    vacancy::Vacancy,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most places one interest can ask for, or one allocation hold.
pub const PLACES_MAX: u32 = 500;
/// The most supervisors one declaration can name.
pub const SUPERVISORS_MAX: usize = 100;
/// The longest reason of an override, in bytes.
pub const REASON_BYTES_MAX: usize = 1_000;
/// The longest pilot id, in bytes.
pub const PILOT_BYTES_MAX: usize = 40;

/// How an interest came in (`ALLOC-09`); it follows from who recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InterestChannel {
    /// The employer itself, through its chief psychological professions officer.
    Cppo,
    /// The commissioner's regional lead, on the employer's behalf.
    RegionalLead,
}

/// What an employer asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interest {
    /// Who asks.
    pub employer: TenantId,
    /// Whom it asks.
    pub commissioner: TenantId,
    /// The role.
    pub role: Role,
    /// The region of the demand.
    pub region: Region,
    /// Places asked for.
    pub demand: u32,
    /// How it came in.
    pub channel: InterestChannel,
}

/// What an employer declared about itself (`READY-01..07`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// The executive who carries the risk (`FUND-16`).
    pub sponsor: PersonId,
    /// The lead inside the psychological professions structure (`READY-02`).
    pub professional_lead: PersonId,
    /// The supervisors found eligible (`READY-03`).
    pub supervisors: Vec<Id<Supervisor>>,
    /// Whether a route for clinical escalation exists; pilots need one (`READY-05`).
    pub clinical_escalation: bool,
}

/// Why an allocation may stay below the cluster minimum, and until when that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterOverride {
    /// The reason.
    pub reason: String,
    /// When it is looked at again.
    pub review_date: Date,
}

/// Places offered to an employer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The intake.
    pub intake: Id<Intake>,
    /// Where it is taught.
    pub university: TenantId,
    /// How many places.
    pub places: u32,
    /// The pilot they are for, when they are spare capacity given to one (`ALLOC-13`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<String>,
    /// Whether the university is contracted for another region only: a warning (`ALLOC-10`, `X-17`).
    #[serde(default)]
    pub outside_contracted_regions: bool,
}

impl Proposal {
    /// Whether it offers the same places; the regional warning may have changed since.
    fn repeats(&self, other: &Self) -> bool {
        (self.intake, self.places, &self.pilot) == (other.intake, other.places, &other.pilot)
    }
}

/// Who agreed or was consulted (`ALLOC-08`).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ApprovalBy {
    /// The national team.
    National,
    /// The regional lead.
    RegionalLead,
    /// The university, consulted.
    University,
}

/// One approval or consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Whose.
    pub by: ApprovalBy,
    /// When.
    pub on: Date,
}

/// How far an allocation has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Interest registered.
    Interested,
    /// Readiness declared.
    Ready,
    /// Places proposed, and held at the intake.
    Proposed(Proposal),
    /// Places confirmed.
    Confirmed(Proposal),
    /// Declined; what was proposed is kept to be seen.
    Declined(Option<Proposal>),
}

/// The places granted to an employer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "an absent allocation is only ever a passing state"
)]
pub enum Allocation {
    /// No interest is on file.
    #[default]
    Absent,
    /// Interest and what followed.
    Registered {
        /// The interest.
        interest: Interest,
        /// The latest declaration of readiness.
        readiness: Option<Readiness>,
        /// The override in force, if any.
        cluster_override: Option<ClusterOverride>,
        /// How far it has come.
        stage: Stage,
        /// Posts advertised, by vacancy.
        advertised: BTreeMap<Id<Vacancy>, u32>,
        /// Places filled: application → the vacancy it came through.
        filled: BTreeMap<Id<Application>, Id<Vacancy>>,
    },
}

/// What an allocation decides.
#[derive(Debug, Clone)]
pub enum AllocationAct {
    /// See [`RegisterInterest`].
    RegisterInterest(Interest),
    /// See [`DeclareReadiness`].
    DeclareReadiness {
        /// The command.
        declare: DeclareReadiness,
        /// Each named supervisor, and whether the role's rule admits them today.
        eligibility: Vec<(Id<Supervisor>, bool)>,
    },
    /// See [`GrantClusterOverride`].
    GrantClusterOverride(GrantClusterOverride),
    /// See [`ProposeAllocation`].
    Propose {
        /// What is proposed.
        proposal: Proposal,
        /// The intake's terms.
        intake: Box<IntakeTerms>,
        /// Places the employer holds at the intake through other allocations.
        cluster: u32,
    },
    /// See [`ConfirmAllocation`].
    Confirm(ConfirmAllocation),
    /// See [`DeclineAllocation`].
    Decline,
    /// A vacancy opens: its posts come out of the places not yet advertised.
    Advertise {
        /// The vacancy.
        vacancy: Id<Vacancy>,
        /// Its posts.
        posts: u32,
    },
    /// A vacancy closes with posts it will not fill: they can be advertised again.
    HandBack {
        /// The vacancy.
        vacancy: Id<Vacancy>,
        /// The posts handed back.
        posts: u32,
    },
    /// See [`FillPlace`].
    Fill {
        /// The application appointed.
        application: Id<Application>,
        /// The vacancy it came through.
        vacancy: Id<Vacancy>,
    },
    /// See [`VacatePlace`].
    Vacate {
        /// The application whose place is vacant again.
        application: Id<Application>,
    },
}

/// Facts of an allocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum AllocationEvent {
    /// An employer is interested in a role (`ALLOC-06`).
    InterestRegistered {
        /// The interest.
        interest: Interest,
    },
    /// A named supervisor was measured against the role's rule.
    SupervisorEligibilityChecked {
        /// The supervisor.
        supervisor: Id<Supervisor>,
        /// Whether the rule admits them.
        eligible: bool,
        /// On which day.
        on: Date,
    },
    /// The employer declared itself ready.
    ReadinessDeclared {
        /// The declaration.
        readiness: Readiness,
    },
    /// A cluster below the minimum is accepted.
    ClusterOverrideGranted {
        /// Why and until when.
        cluster_override: ClusterOverride,
    },
    /// Places were proposed, and are held at the intake.
    AllocationProposed {
        /// The places.
        proposal: Proposal,
    },
    /// The places were confirmed.
    AllocationConfirmed {
        /// The three approvals and consultations behind it.
        approvals: Vec<Approval>,
    },
    /// The employer declined (`ALLOC-12`).
    AllocationDeclined {},
    /// A vacancy advertises posts.
    PlacesAdvertised {
        /// The vacancy.
        vacancy: Id<Vacancy>,
        /// How many.
        posts: u32,
    },
    /// A closed vacancy gave posts back.
    PlacesHandedBack {
        /// The vacancy.
        vacancy: Id<Vacancy>,
        /// How many.
        posts: u32,
    },
    /// A place is filled.
    PlaceFilled {
        /// The application appointed.
        application: Id<Application>,
        /// The vacancy it came through.
        vacancy: Id<Vacancy>,
    },
    /// A filled place is vacant again.
    PlaceVacated {
        /// The application that held it.
        application: Id<Application>,
    },
}

aggregate!(Allocation, "allocation", AllocationAct, AllocationEvent);

impl Allocation {
    /// The interest behind it; `None` while it does not exist.
    pub fn interest(&self) -> Option<&Interest> {
        match self {
            Self::Absent => None,
            Self::Registered { interest, .. } => Some(interest),
        }
    }

    /// How far it has come; `None` while it does not exist.
    pub fn stage(&self) -> Option<&Stage> {
        match self {
            Self::Absent => None,
            Self::Registered { stage, .. } => Some(stage),
        }
    }

    /// The latest declaration of readiness.
    pub fn readiness(&self) -> Option<&Readiness> {
        match self {
            Self::Absent => None,
            Self::Registered { readiness, .. } => readiness.as_ref(),
        }
    }

    /// The override granted, if any.
    pub fn cluster_override(&self) -> Option<&ClusterOverride> {
        match self {
            Self::Absent => None,
            Self::Registered {
                cluster_override, ..
            } => cluster_override.as_ref(),
        }
    }

    /// The places held at an intake, proposed or confirmed.
    pub fn proposed(&self) -> Option<&Proposal> {
        match self.stage()? {
            Stage::Proposed(proposal) | Stage::Confirmed(proposal) => Some(proposal),
            Stage::Interested | Stage::Ready | Stage::Declined(_) => None,
        }
    }

    /// The places once confirmed.
    pub fn confirmed(&self) -> Option<&Proposal> {
        match self.stage()? {
            Stage::Confirmed(proposal) => Some(proposal),
            _ => None,
        }
    }

    /// Confirmed places not advertised yet.
    pub fn places_to_advertise(&self) -> u32 {
        let Self::Registered { advertised, .. } = self else {
            return 0;
        };
        let advertised = advertised
            .values()
            .fold(0u32, |sum, posts| sum.saturating_add(*posts));
        self.confirmed()
            .map_or(0, |proposal| proposal.places.saturating_sub(advertised))
    }

    /// Places filled.
    pub fn filled(&self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Registered { filled, .. } => filled.len(),
        }
    }

    fn evolve(&mut self, event: AllocationEvent) {
        if let AllocationEvent::InterestRegistered { interest } = event {
            *self = Self::Registered {
                interest,
                readiness: None,
                cluster_override: None,
                stage: Stage::Interested,
                advertised: BTreeMap::new(),
                filled: BTreeMap::new(),
            };
            return;
        }
        let Self::Registered {
            readiness,
            cluster_override,
            stage,
            advertised,
            filled,
            ..
        } = self
        else {
            return;
        };
        match event {
            AllocationEvent::InterestRegistered { .. }
            | AllocationEvent::SupervisorEligibilityChecked { .. } => {}
            AllocationEvent::ReadinessDeclared {
                readiness: declared,
            } => {
                *readiness = Some(declared);
                if *stage == Stage::Interested {
                    *stage = Stage::Ready;
                }
            }
            AllocationEvent::ClusterOverrideGranted {
                cluster_override: granted,
            } => *cluster_override = Some(granted),
            AllocationEvent::AllocationProposed { proposal } => *stage = Stage::Proposed(proposal),
            AllocationEvent::AllocationConfirmed { .. } => {
                if let Stage::Proposed(proposal) = stage {
                    *stage = Stage::Confirmed(proposal.clone());
                }
            }
            AllocationEvent::AllocationDeclined {} => {
                *stage = Stage::Declined(match stage {
                    Stage::Proposed(proposal) | Stage::Confirmed(proposal) => {
                        Some(proposal.clone())
                    }
                    Stage::Interested | Stage::Ready | Stage::Declined(_) => None,
                });
            }
            AllocationEvent::PlacesAdvertised { vacancy, posts } => {
                advertised.insert(vacancy, posts);
            }
            AllocationEvent::PlacesHandedBack { vacancy, posts } => {
                if let Some(left) = advertised.get_mut(&vacancy) {
                    *left = left.saturating_sub(posts);
                }
            }
            AllocationEvent::PlaceFilled {
                application,
                vacancy,
            } => {
                filled.insert(application, vacancy);
            }
            AllocationEvent::PlaceVacated { application } => {
                filled.remove(&application);
            }
        }
    }
}

impl Decider for Allocation {
    type Act = AllocationAct;
    const COLLECTION: &'static str = "allocations";

    fn decide(&self, issued: &Issued<AllocationAct>) -> Result<Vec<AllocationEvent>, Refusal> {
        match &issued.act {
            AllocationAct::RegisterInterest(interest) => self.register_interest(interest),
            AllocationAct::DeclareReadiness {
                declare,
                eligibility,
            } => self.declare_readiness(issued, declare, eligibility),
            AllocationAct::GrantClusterOverride(grant) => {
                self.grant_cluster_override(issued, grant)
            }
            AllocationAct::Propose {
                proposal,
                intake,
                cluster,
            } => self.propose(issued, proposal, intake, *cluster),
            AllocationAct::Confirm(confirm) => self.confirm(issued, confirm),
            AllocationAct::Decline => self.decline(issued),
            AllocationAct::Advertise { vacancy, posts } => self.advertise(*vacancy, *posts),
            AllocationAct::HandBack { vacancy, posts } => self.hand_back(*vacancy, *posts),
            AllocationAct::Fill {
                application,
                vacancy,
            } => self.fill(*application, *vacancy),
            AllocationAct::Vacate { application } => Ok(match self {
                Self::Registered { filled, .. } if filled.contains_key(application) => {
                    vec![AllocationEvent::PlaceVacated {
                        application: *application,
                    }]
                }
                _ => vec![],
            }),
        }
    }

    /// The university becomes a party with the proposal: before it there is nothing of its own in
    /// the stream.
    fn custody(&self) -> Option<Custody> {
        let Self::Registered {
            interest, stage, ..
        } = self
        else {
            return None;
        };
        let university = match stage {
            Stage::Proposed(proposal)
            | Stage::Confirmed(proposal)
            | Stage::Declined(Some(proposal)) => Some(proposal.university),
            Stage::Interested | Stage::Ready | Stage::Declined(None) => None,
        };
        let others = [interest.commissioner].into_iter().chain(university);
        Some(Custody::of(interest.employer, others))
    }
}

impl Allocation {
    fn register_interest(&self, interest: &Interest) -> Result<Vec<AllocationEvent>, Refusal> {
        check_places(interest.demand, "demand")?;
        match self {
            Self::Absent => Ok(vec![AllocationEvent::InterestRegistered {
                interest: interest.clone(),
            }]),
            Self::Registered {
                interest: known, ..
            } if known == interest => Ok(vec![]),
            Self::Registered { .. } => Err(Refusal::already_recorded("the interest")),
        }
    }

    fn declare_readiness(
        &self,
        issued: &Issued<AllocationAct>,
        declare: &DeclareReadiness,
        eligibility: &[(Id<Supervisor>, bool)],
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let sponsor = declare.sponsor.ok_or_else(|| {
            Refusal::invalid("sponsor", "name the executive who carries the risk")
        })?;
        let Self::Registered {
            interest,
            readiness,
            stage,
            ..
        } = self
        else {
            return Err(Refusal::not_permitted());
        };
        if issued.by.tenant != interest.employer {
            return Err(Refusal::not_permitted());
        }
        if matches!(stage, Stage::Declined(_)) {
            return Err(Refusal::state_not_allowed(
                "the allocation was declined; register a new interest",
            ));
        }
        if !declare.permanent_qualified_posts {
            return Err(not_ready(
                "READY-01",
                "those who qualify go on into permanent qualified posts; plan for them",
            ));
        }
        let Some(professional_lead) = declare.professional_lead else {
            return Err(not_ready(
                "READY-02",
                "name a lead inside the psychological professions structure",
            ));
        };
        let supervisors: Vec<_> = eligibility
            .iter()
            .filter(|(_, eligible)| *eligible)
            .map(|(supervisor, _)| *supervisor)
            .collect();
        if supervisors.is_empty() {
            return Err(not_ready(
                "READY-03",
                "no named supervisor meets the role's rule today; record a current register check",
            ));
        }
        let declared = Readiness {
            sponsor,
            professional_lead,
            supervisors,
            clinical_escalation: declare.clinical_escalation,
        };
        if readiness.as_ref() == Some(&declared) {
            return Ok(vec![]);
        }
        let on = issued.today();
        let checked = eligibility.iter().map(|(supervisor, eligible)| {
            AllocationEvent::SupervisorEligibilityChecked {
                supervisor: *supervisor,
                eligible: *eligible,
                on,
            }
        });
        let readiness = AllocationEvent::ReadinessDeclared {
            readiness: declared,
        };
        Ok(checked.chain([readiness]).collect())
    }

    fn grant_cluster_override(
        &self,
        issued: &Issued<AllocationAct>,
        grant: &GrantClusterOverride,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let reason = text::free(&grant.reason, "reason", REASON_BYTES_MAX)?;
        if grant.review_date <= issued.today() {
            return Err(Refusal::invalid(
                "review_date",
                "the override is reviewed on a later day",
            ));
        }
        let Self::Registered {
            interest,
            cluster_override,
            stage,
            ..
        } = self
        else {
            return Err(Refusal::not_permitted());
        };
        if issued.by.tenant != interest.commissioner {
            return Err(Refusal::not_permitted());
        }
        let granted = ClusterOverride {
            reason,
            review_date: grant.review_date,
        };
        if cluster_override.as_ref() == Some(&granted) {
            return Ok(vec![]);
        }
        match stage {
            Stage::Declined(_) => Err(Refusal::state_not_allowed(
                "the allocation was declined; nothing needs an override",
            )),
            Stage::Interested | Stage::Ready | Stage::Proposed(_) | Stage::Confirmed(_) => {
                Ok(vec![AllocationEvent::ClusterOverrideGranted {
                    cluster_override: granted,
                }])
            }
        }
    }

    fn propose(
        &self,
        issued: &Issued<AllocationAct>,
        proposal: &Proposal,
        intake: &IntakeTerms,
        cluster: u32,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        check_places(proposal.places, "places")?;
        let Self::Registered {
            interest,
            cluster_override,
            stage,
            ..
        } = self
        else {
            return Err(Refusal::not_permitted());
        };
        if issued.by.tenant != interest.commissioner || intake.commissioner != interest.commissioner
        {
            return Err(Refusal::not_permitted());
        }
        match stage {
            Stage::Proposed(known) | Stage::Confirmed(known) if known.repeats(proposal) => {
                return Ok(vec![]);
            }
            Stage::Proposed(_) | Stage::Confirmed(_) => {
                return Err(Refusal::already_recorded("a proposal"));
            }
            Stage::Declined(_) => {
                return Err(Refusal::state_not_allowed(
                    "the employer declined; a new interest comes first",
                ));
            }
            Stage::Interested | Stage::Ready => {}
        }
        if intake.role != interest.role {
            return Err(Refusal::new(
                Reason::InterestRequired,
                format!(
                    "the interest on file is in {}, not in {}; register one first",
                    interest.role, intake.role
                ),
            ));
        }
        if *stage == Stage::Interested {
            return Err(not_ready(
                "READY-01..03",
                "the employer has not declared its readiness",
            ));
        }
        let min = issued.policies.cluster_min(&intake.role, issued.today())?;
        let cluster = cluster.saturating_add(proposal.places);
        if cluster < min && cluster_override.is_none() {
            return Err(Refusal::new(
                Reason::ClusterBelowMinimum,
                format!(
                    "the organisation would have {cluster} trainees at this intake, the minimum is \
                     {min}; propose more or grant an override with its reason"
                ),
            )
            .with("cluster", cluster)
            .with("minimum", min));
        }
        Ok(vec![AllocationEvent::AllocationProposed {
            proposal: proposal.clone(),
        }])
    }

    fn confirm(
        &self,
        issued: &Issued<AllocationAct>,
        confirm: &ConfirmAllocation,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let approvals = confirm.approvals(issued.today())?;
        let Self::Registered {
            interest, stage, ..
        } = self
        else {
            return Err(Refusal::not_permitted());
        };
        if issued.by.tenant != interest.commissioner {
            return Err(Refusal::not_permitted());
        }
        match stage {
            Stage::Confirmed(_) => Ok(vec![]),
            Stage::Proposed(_) => Ok(vec![AllocationEvent::AllocationConfirmed { approvals }]),
            Stage::Interested | Stage::Ready | Stage::Declined(_) => Err(
                Refusal::state_not_allowed("nothing is proposed; propose the allocation first"),
            ),
        }
    }

    fn decline(&self, issued: &Issued<AllocationAct>) -> Result<Vec<AllocationEvent>, Refusal> {
        let Self::Registered {
            interest,
            stage,
            advertised,
            filled,
            ..
        } = self
        else {
            return Err(Refusal::not_permitted());
        };
        if issued.by.tenant != interest.employer {
            return Err(Refusal::not_permitted());
        }
        if matches!(stage, Stage::Declined(_)) {
            return Ok(vec![]);
        }
        if !filled.is_empty() || advertised.values().any(|posts| *posts > 0) {
            return Err(Refusal::state_not_allowed(
                "places are advertised or filled; close the vacancies and hand their posts back",
            ));
        }
        Ok(vec![AllocationEvent::AllocationDeclined {}])
    }

    fn advertise(&self, vacancy: Id<Vacancy>, posts: u32) -> Result<Vec<AllocationEvent>, Refusal> {
        if self.confirmed().is_none() {
            return Err(Refusal::state_not_allowed(
                "the allocation is not confirmed; ask the commissioner",
            ));
        }
        let Self::Registered { advertised, .. } = self else {
            return Err(Refusal::not_permitted());
        };
        if advertised.contains_key(&vacancy) {
            return Ok(vec![]);
        }
        let left = self.places_to_advertise();
        if posts > left {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                format!("{left} allocated places are not advertised yet; advertise no more"),
            )
            .with("places_left", left));
        }
        Ok(vec![AllocationEvent::PlacesAdvertised { vacancy, posts }])
    }

    fn hand_back(&self, vacancy: Id<Vacancy>, posts: u32) -> Result<Vec<AllocationEvent>, Refusal> {
        let Self::Registered {
            advertised, filled, ..
        } = self
        else {
            return Err(Refusal::not_permitted());
        };
        if posts == 0 {
            return Ok(vec![]);
        }
        let taken = filled
            .values()
            .filter(|through| **through == vacancy)
            .count();
        let open = advertised
            .get(&vacancy)
            .copied()
            .unwrap_or(0)
            .saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
        if posts > open {
            return Err(Refusal::invalid(
                "posts_handed_back",
                format!("{open} posts of the vacancy are unfilled; hand back no more"),
            ));
        }
        Ok(vec![AllocationEvent::PlacesHandedBack { vacancy, posts }])
    }

    fn fill(
        &self,
        application: Id<Application>,
        vacancy: Id<Vacancy>,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let Self::Registered {
            advertised, filled, ..
        } = self
        else {
            return Err(Refusal::not_permitted());
        };
        if filled.contains_key(&application) {
            return Ok(vec![]);
        }
        let taken = filled
            .values()
            .filter(|through| **through == vacancy)
            .count();
        let posts = advertised.get(&vacancy).copied().unwrap_or(0);
        if taken >= posts as usize {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                format!(
                    "all {posts} posts of the vacancy are filled; free a place or open another"
                ),
            ));
        }
        Ok(vec![AllocationEvent::PlaceFilled {
            application,
            vacancy,
        }])
    }
}

fn check_places(places: u32, field: &'static str) -> Result<(), Refusal> {
    if (1..=PLACES_MAX).contains(&places) {
        return Ok(());
    }
    Err(Refusal::invalid(field, format!("from 1 to {PLACES_MAX}")))
}

fn not_ready(criterion: &str, message: &str) -> Refusal {
    Refusal::new(Reason::EmployerNotReady, message).with("criterion", criterion)
}

/// Registers an employer's interest in a role: by the employer, or by the commissioner's regional
/// lead on its behalf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisterInterest {
    /// The employer; an employer names itself.
    pub employer: TenantId,
    /// The commissioner; a regional lead names the own tenant.
    pub commissioner: TenantId,
    /// The role.
    pub role: Role,
    /// The region of the demand.
    pub region: Region,
    /// Places asked for.
    pub demand: u32,
}

impl Command for RegisterInterest {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let channel = match issue.by.kind {
            TenantKind::Employer if issue.by.tenant == self.employer => InterestChannel::Cppo,
            TenantKind::Commissioner if issue.by.tenant == self.commissioner => {
                InterestChannel::RegionalLead
            }
            _ => return Err(Refusal::not_permitted().into()),
        };
        Tenant::expect(world, self.employer, TenantKind::Employer, "employer")?;
        Tenant::expect(
            world,
            self.commissioner,
            TenantKind::Commissioner,
            "commissioner",
        )?;
        issue.policies.role(&self.role, issue.today())?;
        let id = Id::<Allocation>::derive(self.employer, &[issue.request]);
        let interest = Interest {
            employer: self.employer,
            commissioner: self.commissioner,
            role: self.role.clone(),
            region: self.region,
            demand: self.demand,
            channel,
        };
        world.decide(issue, id, AllocationAct::RegisterInterest(interest))?;
        Ok(id.key())
    }
}

/// Declares that the employer meets the three criteria (`READY-01..03`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclareReadiness {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// Those who qualify go on into permanent qualified posts (`READY-01`).
    pub permanent_qualified_posts: bool,
    /// The lead inside the psychological professions structure (`READY-02`).
    pub professional_lead: Option<PersonId>,
    /// The employer's supervisors to be measured against the role's rule (`READY-03`).
    pub supervisors: Vec<Id<Supervisor>>,
    /// The accountable executive (`FUND-16`).
    pub sponsor: Option<PersonId>,
    /// Whether a route for clinical escalation exists (`READY-05`).
    pub clinical_escalation: bool,
}

impl Command for DeclareReadiness {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        text::at_most(&self.supervisors, "supervisors", SUPERVISORS_MAX)?;
        let Some(interest) = world.read_own(issue, self.allocation)?.interest().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        world
            .read(BreachRegister::id(interest.employer, interest.commissioner))?
            .or_not_ready()?;
        let today = issue.today();
        let rule = issue.policies.role(&interest.role, today)?.supervisor_rule;
        let mut eligibility = Vec::with_capacity(self.supervisors.len());
        for id in &self.supervisors {
            let supervisor = world.read_own(issue, *id)?;
            eligibility.push((*id, supervisor.eligible_on(today, &rule)));
        }
        let declare = self.clone();
        world.decide(
            issue,
            self.allocation,
            AllocationAct::DeclareReadiness {
                declare,
                eligibility,
            },
        )?;
        Ok(self.allocation.key())
    }
}

/// Proposes places of an intake to a ready employer and holds them there (`ALLOC-07`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProposeAllocation {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// The intake.
    pub intake: Id<Intake>,
    /// How many places.
    pub places: u32,
    /// The pilot they are for, when they are spare capacity (`ALLOC-13`).
    pub pilot: Option<String>,
}

impl Command for ProposeAllocation {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        let pilot = self
            .pilot
            .as_deref()
            .map(|id| text::identifier(id, "pilot", PILOT_BYTES_MAX))
            .transpose()?;
        let Some(interest) = world.read_own(issue, self.allocation)?.interest().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let intake = world.read_own(issue, self.intake)?;
        let Some(terms) = intake.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let cluster = intake.cluster_of(interest.employer, self.allocation);
        let programme = world.read(Programme::id(commissioner, &terms.role))?;
        let reached = programme.contracted(terms.university, Some(interest.region), issue.today());
        let proposal = Proposal {
            intake: self.intake,
            university: terms.university,
            places: self.places,
            pilot,
            outside_contracted_regions: !reached,
        };
        world.decide(
            issue,
            self.allocation,
            AllocationAct::Propose {
                proposal,
                intake: Box::new(terms),
                cluster,
            },
        )?;
        world.decide(
            issue,
            self.intake,
            IntakeAct::Reserve {
                allocation: self.allocation,
                reservation: Reservation {
                    employer: interest.employer,
                    places: self.places,
                },
            },
        )?;
        Ok(self.allocation.key())
    }
}

/// Accepts a cluster below the minimum, for a reason and until a review (`ALLOC-01`, `X-04`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantClusterOverride {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// Why.
    pub reason: String,
    /// When it is looked at again.
    pub review_date: Date,
}

impl Command for GrantClusterOverride {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let act = AllocationAct::GrantClusterOverride(self.clone());
        world.decide(issue, self.allocation, act)?;
        Ok(self.allocation.key())
    }
}

/// Confirms a proposed allocation, naming who agreed and who was consulted (`ALLOC-08`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmAllocation {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// National team, regional lead and university: each once.
    pub approvals: Vec<Approval>,
}

impl ConfirmAllocation {
    fn approvals(&self, today: Date) -> Result<Vec<Approval>, Refusal> {
        let mut approvals = self.approvals.clone();
        approvals.sort_by_key(|approval| approval.by);
        if !ApprovalBy::iter().eq(approvals.iter().map(|approval| approval.by)) {
            return Err(Refusal::invalid(
                "approvals",
                "name the national team, the regional lead and the university, each once",
            ));
        }
        if approvals.iter().any(|approval| approval.on > today) {
            return Err(Refusal::invalid(
                "approvals.on",
                "an approval is not later than the confirmation",
            ));
        }
        Ok(approvals)
    }
}

impl Command for ConfirmAllocation {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let act = AllocationAct::Confirm(self.clone());
        world.decide(issue, self.allocation, act)?;
        Ok(self.allocation.key())
    }
}

/// Declines an allocation; its places go back to the intake, without any penalty (`ALLOC-12`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclineAllocation {
    /// The allocation.
    pub allocation: Id<Allocation>,
}

impl Command for DeclineAllocation {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let held = world
            .read_own(issue, self.allocation)?
            .proposed()
            .map(|proposal| proposal.intake);
        world.decide(issue, self.allocation, AllocationAct::Decline)?;
        if let Some(intake) = held {
            let allocation = self.allocation;
            world.decide_beyond(issue, intake, IntakeAct::Return { allocation })?;
        }
        Ok(self.allocation.key())
    }
}

/// Counts an accepted offer against its allocation; asked for by a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FillPlace {
    /// The offer.
    pub offer: Id<Offer>,
}

impl Command for FillPlace {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (offer, allocation) = behind(issue, world, self.offer)?;
        let act = AllocationAct::Fill {
            application: offer.application,
            vacancy: offer.vacancy,
        };
        world.decide_beyond(issue, allocation, act)?;
        Ok(allocation.key())
    }
}

/// Frees the place of an offer that fell after it was accepted; asked for by a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VacatePlace {
    /// The offer.
    pub offer: Id<Offer>,
}

impl Command for VacatePlace {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (offer, allocation) = behind(issue, world, self.offer)?;
        let application = offer.application;
        world.decide_beyond(issue, allocation, AllocationAct::Vacate { application })?;
        Ok(allocation.key())
    }
}

/// An offer's terms and the allocation behind them, for the platform only.
fn behind(
    issue: &Issue,
    world: &mut World,
    offer: Id<Offer>,
) -> Result<(OfferTerms, Id<Allocation>), Halt> {
    issue.by.acting_for(TenantKind::Platform)?;
    let Some(terms) = world.read(offer)?.terms().cloned() else {
        return Err(Refusal::not_permitted().into());
    };
    let allocation = Vacancy::expect(world, terms.vacancy)?.allocation;
    Ok((terms, allocation))
}

#[cfg(test)]
mod tests;
