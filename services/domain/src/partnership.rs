//! An employer and a university agree to train together at one intake: both sign, and both agree
//! the balance of entry routes.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{Actor, Party, TenantId, TenantKind},
    directory::Tenant,
    id::Id,
    programme::{Intake, IntakeTerms},
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most posts one partnership can plan.
pub const POSTS_MAX: u32 = 500;
/// A percentage at most.
pub const PERCENT_MAX: u32 = 100;

/// The posts a partnership plans (`ALLOC-11`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPosts {
    /// Trainee posts.
    pub trainee: u32,
    /// Qualified posts to follow.
    pub qualified: u32,
}

/// How many entrants take the higher route (`ROUTE-05`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteBalance {
    /// Share of entrants at the highest level, in percent.
    pub level7_percent: u32,
    /// How far the actual share may lie from it, in percentage points.
    pub tolerance_points: u32,
}

impl RouteBalance {
    /// Whether an actual share, in percent, is within tolerance.
    pub fn holds(self, level7_percent: u32) -> bool {
        self.level7_percent.abs_diff(level7_percent) <= self.tolerance_points
    }
}

/// What each side last proposed; the two meet when they are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BothSides<T> {
    employer: Option<T>,
    university: Option<T>,
}

impl<T: Copy + PartialEq> BothSides<T> {
    const NEITHER: Self = Self {
        employer: None,
        university: None,
    };

    /// What a side proposes.
    pub fn of(&self, party: Party) -> Option<T> {
        match party {
            Party::Employer => self.employer,
            Party::University => self.university,
        }
    }

    fn propose(&mut self, party: Party, value: T) {
        match party {
            Party::Employer => self.employer = Some(value),
            Party::University => self.university = Some(value),
        }
    }
}

/// An agreement of one employer and one university about one intake.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Partnership {
    /// Nobody has signed.
    #[default]
    Absent,
    /// One side has signed, or both for different posts.
    Proposed {
        /// Whose agreement about what.
        between: PartnershipTerms,
        /// The posts each side signed for.
        posts: BothSides<PlannedPosts>,
    },
    /// Both sides have signed.
    Signed {
        /// Whose agreement about what.
        between: PartnershipTerms,
        /// The posts agreed.
        posts: PlannedPosts,
        /// The balance each side last proposed.
        proposed_balance: BothSides<RouteBalance>,
        /// The balance agreed, once it is.
        balance: Option<RouteBalance>,
    },
}

/// Whose agreement, about which intake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnershipTerms {
    /// The employer.
    pub employer: TenantId,
    /// The university.
    pub university: TenantId,
    /// The intake.
    pub intake: Id<Intake>,
}

/// What a partnership decides.
#[derive(Debug, Clone)]
pub enum PartnershipAct {
    /// See [`SignPartnership`].
    Sign {
        /// Whose agreement about what.
        between: PartnershipTerms,
        /// The command.
        sign: SignPartnership,
        /// Places of the intake.
        places: u32,
    },
    /// See [`AgreeRouteBalance`].
    AgreeBalance(AgreeRouteBalance),
}

/// Facts of a partnership.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum PartnershipEvent {
    /// A side signed for some posts; the other has not, or for others.
    PartnershipProposed {
        /// Whose agreement about what.
        between: PartnershipTerms,
        /// Which side.
        by: Party,
        /// For which posts.
        posts: PlannedPosts,
    },
    /// Both sides have signed for the same posts.
    PartnershipSigned {
        /// Whose signature was the second.
        by: Party,
        /// The posts.
        posts: PlannedPosts,
    },
    /// A side proposed a balance of routes.
    RouteBalanceProposed {
        /// Which side.
        by: Party,
        /// The balance.
        balance: RouteBalance,
    },
    /// Both sides propose the same balance: it is agreed.
    RouteBalanceAgreed {
        /// Who was second.
        by: Party,
        /// The balance.
        balance: RouteBalance,
    },
}

aggregate!(Partnership, "partnership", PartnershipAct, PartnershipEvent);

impl Partnership {
    /// The id of the agreement of an employer and a university about an intake.
    pub fn id(employer: TenantId, university: TenantId, intake: Id<Intake>) -> Id<Self> {
        Id::derive(employer, &[university.0, intake.0])
    }

    /// Whose agreement about what; `None` while nobody has signed.
    pub fn between(&self) -> Option<&PartnershipTerms> {
        match self {
            Self::Absent => None,
            Self::Proposed { between, .. } | Self::Signed { between, .. } => Some(between),
        }
    }

    /// The posts both sides signed for.
    pub fn signed(&self) -> Option<PlannedPosts> {
        match self {
            Self::Absent | Self::Proposed { .. } => None,
            Self::Signed { posts, .. } => Some(*posts),
        }
    }

    /// The balance both sides agreed.
    pub fn balance(&self) -> Option<RouteBalance> {
        match self {
            Self::Absent | Self::Proposed { .. } => None,
            Self::Signed { balance, .. } => *balance,
        }
    }

    /// The posts a side signed for, while the other has not signed for the same.
    pub fn proposed_posts(&self, party: Party) -> Option<PlannedPosts> {
        match self {
            Self::Proposed { posts, .. } => posts.of(party),
            Self::Absent | Self::Signed { .. } => None,
        }
    }

    /// The balance a side last proposed.
    pub fn proposed_balance(&self, party: Party) -> Option<RouteBalance> {
        match self {
            Self::Signed {
                proposed_balance, ..
            } => proposed_balance.of(party),
            Self::Absent | Self::Proposed { .. } => None,
        }
    }

    fn party(&self, actor: &Actor) -> Result<Party, Refusal> {
        self.between()
            .and_then(|between| Party::of(actor, between.employer, between.university))
            .ok_or_else(Refusal::not_permitted)
    }

    fn evolve(&mut self, event: PartnershipEvent) {
        match (event, &mut *self) {
            (
                PartnershipEvent::PartnershipProposed { between, by, posts },
                Self::Absent | Self::Signed { .. },
            ) => {
                let mut signed_for = BothSides::NEITHER;
                signed_for.propose(by, posts);
                *self = Self::Proposed {
                    between,
                    posts: signed_for,
                };
            }
            (
                PartnershipEvent::PartnershipProposed { by, posts, .. },
                Self::Proposed {
                    posts: signed_for, ..
                },
            ) => signed_for.propose(by, posts),
            (PartnershipEvent::PartnershipSigned { posts, .. }, Self::Proposed { between, .. }) => {
                *self = Self::Signed {
                    between: *between,
                    posts,
                    proposed_balance: BothSides::NEITHER,
                    balance: None,
                };
            }
            (
                PartnershipEvent::RouteBalanceProposed { by, balance },
                Self::Signed {
                    proposed_balance, ..
                },
            ) => proposed_balance.propose(by, balance),
            (
                PartnershipEvent::RouteBalanceAgreed {
                    by,
                    balance: agreed,
                },
                Self::Signed {
                    proposed_balance,
                    balance,
                    ..
                },
            ) => {
                proposed_balance.propose(by, agreed);
                *balance = Some(agreed);
            }
            (
                PartnershipEvent::PartnershipSigned { .. }
                | PartnershipEvent::RouteBalanceProposed { .. }
                | PartnershipEvent::RouteBalanceAgreed { .. },
                _,
            ) => {}
        }
    }

    fn sign(
        &self,
        issued: &Issued<PartnershipAct>,
        between: PartnershipTerms,
        sign: &SignPartnership,
        places: u32,
    ) -> Result<Vec<PartnershipEvent>, Refusal> {
        if !(1..=POSTS_MAX.min(places)).contains(&sign.posts.trainee) {
            return Err(Refusal::invalid(
                "trainee_posts",
                "from 1 to the places of the intake",
            ));
        }
        if !(1..=POSTS_MAX).contains(&sign.posts.qualified) {
            return Err(Refusal::invalid(
                "qualified_posts",
                format!("plan from 1 to {POSTS_MAX} qualified posts to follow the training"),
            ));
        }
        let by = Party::of(&issued.by, between.employer, between.university)
            .ok_or_else(Refusal::not_permitted)?;
        let posts = sign.posts;
        match self {
            Self::Signed { posts: agreed, .. } if *agreed == posts => Ok(vec![]),
            Self::Signed { .. } => Err(Refusal::already_recorded("the partnership")),
            Self::Proposed {
                posts: signed_for, ..
            } if signed_for.of(by.other()) == Some(posts) => {
                Ok(vec![PartnershipEvent::PartnershipSigned { by, posts }])
            }
            Self::Proposed {
                posts: signed_for, ..
            } if signed_for.of(by) == Some(posts) => Ok(vec![]),
            Self::Absent | Self::Proposed { .. } => {
                Ok(vec![PartnershipEvent::PartnershipProposed {
                    between,
                    by,
                    posts,
                }])
            }
        }
    }

    fn agree_balance(
        &self,
        issued: &Issued<PartnershipAct>,
        agree: &AgreeRouteBalance,
    ) -> Result<Vec<PartnershipEvent>, Refusal> {
        for (field, value) in [
            ("level7_percent", agree.balance.level7_percent),
            ("tolerance_points", agree.balance.tolerance_points),
        ] {
            if value > PERCENT_MAX {
                return Err(Refusal::invalid(field, "from 0 to 100"));
            }
        }
        let by = self.party(&issued.by)?;
        let Self::Signed {
            proposed_balance,
            balance: agreed,
            ..
        } = self
        else {
            return Err(Refusal::new(
                Reason::PartnershipRequired,
                "the partnership is not signed by both sides yet; sign it first",
            ));
        };
        let balance = agree.balance;
        if proposed_balance.of(by) == Some(balance) {
            return Ok(vec![]);
        }
        if proposed_balance.of(by.other()) == Some(balance) && *agreed != Some(balance) {
            return Ok(vec![PartnershipEvent::RouteBalanceAgreed { by, balance }]);
        }
        Ok(vec![PartnershipEvent::RouteBalanceProposed { by, balance }])
    }
}

impl Decider for Partnership {
    type Act = PartnershipAct;
    const COLLECTION: &'static str = "partnerships";

    fn decide(&self, issued: &Issued<PartnershipAct>) -> Result<Vec<PartnershipEvent>, Refusal> {
        match &issued.act {
            PartnershipAct::Sign {
                between,
                sign,
                places,
            } => self.sign(issued, *between, sign, *places),
            PartnershipAct::AgreeBalance(agree) => self.agree_balance(issued, agree),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.between()
            .map(|between| Custody::of(between.employer, [between.university]))
    }
}

/// Signs for one side; the partnership stands once both have signed for the same posts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignPartnership {
    /// The employer.
    pub employer: TenantId,
    /// The intake; its university is the other side.
    pub intake: Id<Intake>,
    /// The posts signed for.
    pub posts: PlannedPosts,
}

impl Command for SignPartnership {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let intake: IntakeTerms = Intake::expect(world, self.intake)?;
        let between = PartnershipTerms {
            employer: self.employer,
            university: intake.university,
            intake: self.intake,
        };
        if Party::of(&issue.by, between.employer, between.university).is_none() {
            return Err(Refusal::not_permitted().into());
        }
        Tenant::expect(world, self.employer, TenantKind::Employer, "employer")?;
        let id = Partnership::id(between.employer, between.university, between.intake);
        let (sign, places) = (self.clone(), intake.places());
        world.decide(
            issue,
            id,
            PartnershipAct::Sign {
                between,
                sign,
                places,
            },
        )?;
        Ok(id.key())
    }
}

/// Proposes a balance of routes for one side; it is agreed once both propose the same (`ROUTE-05`).
/// A balance agreed stays in force until both agree on another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeRouteBalance {
    /// The partnership.
    pub partnership: Id<Partnership>,
    /// The balance.
    pub balance: RouteBalance,
}

impl Command for AgreeRouteBalance {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = PartnershipAct::AgreeBalance(self.clone());
        world.decide(issue, self.partnership, act)?;
        Ok(self.partnership.key())
    }
}

#[cfg(test)]
mod tests;
