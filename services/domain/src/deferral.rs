//! An accepted offer moves to a later intake: the candidate asks, both parties agree, and the post
//! and the place move with the offer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, IntoStaticStr, VariantNames};

use crate::{
    actor::{Party, PersonId, TenantId, TenantKind},
    allocation::AllocationAct,
    application::{Application, ApplicationTerms},
    appointment::has_begun,
    id::Id,
    offer::{Offer, OfferAct},
    programme::Intake,
    refusal::Refusal,
    reserve::{ReserveAct, ReserveList, posts_of},
    vacancy::{Vacancy, VacancyTerms},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// Which offer moves where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeferralTerms {
    /// The application whose offer it is.
    pub application: Id<Application>,
    /// The candidate.
    pub person: PersonId,
    /// The employer.
    pub employer: TenantId,
    /// The university.
    pub university: TenantId,
    /// The vacancy of a later intake whose post the offer takes up.
    pub vacancy: Id<Vacancy>,
    /// The later intake.
    pub intake: Id<Intake>,
}

/// Where a deferral stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeferralStage {
    /// A party has yet to answer.
    Requested,
    /// Both agreed; the offer has moved.
    Agreed,
    /// A party refused.
    Refused,
}

/// A deferral that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldDeferral {
    /// Which offer moves where.
    pub terms: DeferralTerms,
    /// The parties that agreed.
    pub agreed: BTreeSet<Party>,
    /// Where it stands.
    pub stage: DeferralStage,
}

/// The deferral of one offer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deferral {
    /// Not asked for.
    #[default]
    Absent,
    /// Asked for.
    Held(Box<HeldDeferral>),
}

/// What a deferral decides.
#[derive(Debug, Clone)]
pub enum DeferralAct {
    /// See [`RequestDeferral`].
    Request(DeferralTerms),
    /// See [`AgreeDeferral`].
    Agree(Party),
    /// See [`RefuseDeferral`].
    Refuse(Party),
}

/// Facts of a deferral.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum DeferralEvent {
    /// The candidate asked to start with a later intake.
    DeferralRequested {
        /// Which offer, and where to.
        terms: DeferralTerms,
    },
    /// A party agreed.
    DeferralAgreed {
        /// Which.
        by: Party,
    },
    /// A party refused; the offer stays where it is.
    DeferralRefused {
        /// Which.
        by: Party,
    },
}

aggregate!(Deferral, "deferral", DeferralAct, DeferralEvent);

impl Deferral {
    /// The id of the deferral of `employer`'s offer for an application.
    pub fn id(employer: TenantId, application: Id<Application>) -> Id<Self> {
        Id::derive(employer, &[application.0])
    }

    /// The deferral, once asked for.
    pub fn held(&self) -> Option<&HeldDeferral> {
        match self {
            Self::Absent => None,
            Self::Held(held) => Some(held),
        }
    }

    fn evolve(&mut self, event: DeferralEvent) {
        if let DeferralEvent::DeferralRequested { terms } = event {
            *self = Self::Held(Box::new(HeldDeferral {
                terms,
                agreed: BTreeSet::new(),
                stage: DeferralStage::Requested,
            }));
            return;
        }
        let Self::Held(held) = self else { return };
        match event {
            DeferralEvent::DeferralRequested { .. } => {}
            DeferralEvent::DeferralAgreed { by } => {
                held.agreed.insert(by);
                if held.agreed.contains(&by.other()) {
                    held.stage = DeferralStage::Agreed;
                }
            }
            DeferralEvent::DeferralRefused { .. } => held.stage = DeferralStage::Refused,
        }
    }
}

impl Decider for Deferral {
    type Act = DeferralAct;
    const COLLECTION: &'static str = "deferrals";

    fn decide(&self, issued: &Issued<DeferralAct>) -> Result<Vec<DeferralEvent>, Refusal> {
        let requested = |terms: &DeferralTerms| {
            Ok(vec![DeferralEvent::DeferralRequested {
                terms: terms.clone(),
            }])
        };
        let held = match (&issued.act, self) {
            (DeferralAct::Request(terms), Self::Absent) => return requested(terms),
            (_, Self::Absent) => return Err(Refusal::not_permitted()),
            (_, Self::Held(held)) => held,
        };
        let answered = || {
            Refusal::state_not_allowed(
                "the deferral is answered already; ask for another with RequestDeferral",
            )
        };
        match &issued.act {
            DeferralAct::Request(terms) if held.terms == *terms => match held.stage {
                DeferralStage::Requested | DeferralStage::Agreed => Ok(vec![]),
                DeferralStage::Refused => requested(terms),
            },
            DeferralAct::Request(_) if held.stage == DeferralStage::Requested => {
                Err(Refusal::already_recorded("a deferral to another intake"))
            }
            DeferralAct::Request(terms) => requested(terms),
            DeferralAct::Agree(by) if held.agreed.contains(by) => Ok(vec![]),
            DeferralAct::Agree(by) if held.stage == DeferralStage::Requested => {
                Ok(vec![DeferralEvent::DeferralAgreed { by: *by }])
            }
            DeferralAct::Refuse(_) if held.stage == DeferralStage::Refused => Ok(vec![]),
            DeferralAct::Refuse(by) if held.stage == DeferralStage::Requested => {
                Ok(vec![DeferralEvent::DeferralRefused { by: *by }])
            }
            DeferralAct::Agree(_) | DeferralAct::Refuse(_) => Err(answered()),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.held().map(|held| {
            let terms = &held.terms;
            Custody::of(terms.employer, [terms.university]).about(terms.person)
        })
    }
}

/// The offer an application led to, once accepted and before the training begins.
fn accepted(
    issue: &Issue,
    world: &mut World,
    application: Id<Application>,
) -> Result<ApplicationTerms, Halt> {
    let Some(terms) = world.read_own(issue, application)?.terms().cloned() else {
        return Err(Refusal::not_permitted().into());
    };
    if !world
        .read(Offer::id(terms.employer, application))?
        .accepted()
    {
        return Err(Refusal::state_not_allowed(
            "an offer is deferred once it is accepted; read it for where it stands",
        )
        .into());
    }
    if has_begun(world, terms.employer, terms.university, application)? {
        return Err(
            Refusal::state_not_allowed("the training has begun; interrupt it instead").into(),
        );
    }
    Ok(terms)
}

/// Asks that an accepted offer moves to a later intake: the candidate, or the employer's HR on
/// their behalf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestDeferral {
    /// The application whose offer it is.
    pub application: Id<Application>,
    /// A vacancy of the same employer and university at a later intake of the role.
    pub vacancy: Id<Vacancy>,
}

impl RequestDeferral {
    /// Whether the vacancy is one the offer can move to.
    fn fits(&self, world: &mut World, terms: &ApplicationTerms) -> Result<VacancyTerms, Halt> {
        let to = world.read(self.vacancy)?.terms().cloned().filter(|to| {
            (to.employer, to.university, &to.role)
                == (terms.employer, terms.university, &terms.role)
        });
        let Some(to) = to else {
            return Err(Refusal::not_permitted().into());
        };
        let offer = world.read(Offer::id(terms.employer, self.application))?;
        let from = offer.terms().map_or(terms.intake, |terms| terms.intake);
        let starts = Intake::expect(world, to.intake)?.teaching_start;
        if starts <= Intake::expect(world, from)?.teaching_start {
            return Err(Refusal::invalid(
                "vacancy",
                "its intake does not start later than the one offered; choose a later one",
            )
            .into());
        }
        Ok(to)
    }
}

impl Command for RequestDeferral {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if !matches!(issue.by.kind, TenantKind::Person | TenantKind::Employer) {
            return Err(Refusal::not_permitted().into());
        }
        let terms = accepted(issue, world, self.application)?;
        let to = self.fits(world, &terms)?;
        let id = Deferral::id(terms.employer, self.application);
        let act = DeferralAct::Request(DeferralTerms {
            application: self.application,
            person: terms.person,
            employer: terms.employer,
            university: terms.university,
            vacancy: self.vacancy,
            intake: to.intake,
        });
        world.decide(issue, id, act)?;
        Ok(id.key())
    }
}

/// A deferral `issue.by` is a party to, and which side that is.
fn party_to(
    issue: &Issue,
    world: &mut World,
    deferral: Id<Deferral>,
) -> Result<(HeldDeferral, Party), Halt> {
    let held = world.read_own(issue, deferral)?.held().cloned();
    let held = held.ok_or_else(Refusal::not_permitted)?;
    let by = Party::of(&issue.by, held.terms.employer, held.terms.university)
        .ok_or_else(Refusal::not_permitted)?;
    Ok((held, by))
}

/// A party agrees; with the second agreement offer, post and place move together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeDeferral {
    /// The deferral.
    pub deferral: Id<Deferral>,
}

impl Command for AgreeDeferral {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (held, by) = party_to(issue, world, self.deferral)?;
        let before = world.version(self.deferral.key());
        world.decide(issue, self.deferral, DeferralAct::Agree(by))?;
        if world.version(self.deferral.key()) > before && held.agreed.contains(&by.other()) {
            moves(issue, world, &held.terms)?;
        }
        Ok(self.deferral.key())
    }
}

fn moves(issue: &Issue, world: &mut World, terms: &DeferralTerms) -> Result<(), Halt> {
    let application = terms.application;
    accepted(issue, world, application)?;
    let offer = Offer::id(terms.employer, application);
    let Some(offered) = world.read(offer)?.terms().cloned() else {
        return Err(Refusal::not_permitted().into());
    };
    let (posts_terms, posts) = posts_of(world, terms.vacancy)?;
    let take = ReserveAct::Offer {
        terms: posts_terms,
        application,
        posts,
    };
    let later = ReserveList::id(terms.employer, terms.vacancy);
    world.decide_beyond(issue, later, take)?;
    let from = Vacancy::expect(world, offered.vacancy)?.allocation;
    let to = Vacancy::expect(world, terms.vacancy)?.allocation;
    world.decide_beyond(issue, from, AllocationAct::Vacate { application })?;
    let vacancy = terms.vacancy;
    let fill = AllocationAct::Fill {
        application,
        vacancy,
    };
    world.decide_beyond(issue, to, fill)?;
    let intake = terms.intake;
    world.decide_beyond(issue, offer, OfferAct::Defer { vacancy, intake })?;
    Ok(())
}

/// A party refuses; the offer stays where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefuseDeferral {
    /// The deferral.
    pub deferral: Id<Deferral>,
}

impl Command for RefuseDeferral {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (_, by) = party_to(issue, world, self.deferral)?;
        world.decide(issue, self.deferral, DeferralAct::Refuse(by))?;
        Ok(self.deferral.key())
    }
}

#[cfg(test)]
mod tests;
