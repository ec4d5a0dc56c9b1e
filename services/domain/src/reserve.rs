//! The posts of a vacancy as offers take them up, and the appointable candidates who wait for one.
//!
//! No more offers stand than there are posts. Both parties have appointed everybody in here, so the
//! record is theirs together; a post that comes free goes to whoever waits longest.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{Party, TenantId, TenantKind},
    application::{Application, Stage, held},
    id::Id,
    offer::{Offer, OfferAct, answer_by},
    refusal::{Reason, Refusal},
    vacancy::Vacancy,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// Whose posts they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostsTerms {
    /// The vacancy.
    pub vacancy: Id<Vacancy>,
    /// The employer.
    pub employer: TenantId,
    /// The university.
    pub university: TenantId,
}

/// The posts of one vacancy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReserveList {
    terms: Option<PostsTerms>,
    offered: Vec<Id<Application>>,
    reserves: Vec<Id<Application>>,
}

/// What a reserve list decides.
#[derive(Debug, Clone)]
pub enum ReserveAct {
    /// An offer takes a post up.
    Offer {
        /// Whose posts they are.
        terms: PostsTerms,
        /// The application offered one.
        application: Id<Application>,
        /// The posts there are.
        posts: u32,
    },
    /// See [`PlaceOnReserve`].
    Place {
        /// Whose posts they are.
        terms: PostsTerms,
        /// The application that waits.
        application: Id<Application>,
    },
    /// An offer fell, or the candidate is gone.
    Leave {
        /// The application.
        application: Id<Application>,
    },
    /// The first who waits gets a post that is free.
    Promote {
        /// The application.
        application: Id<Application>,
    },
}

/// Facts of a reserve list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ReserveEvent {
    /// A post is offered.
    PostOffered {
        /// Whose posts they are.
        terms: PostsTerms,
        /// To which application.
        application: Id<Application>,
    },
    /// A post is free again.
    PostFreed {
        /// The application it was offered to.
        application: Id<Application>,
    },
    /// An appointable candidate waits for a post.
    ReservePlaced {
        /// Whose posts they are.
        terms: PostsTerms,
        /// Which application.
        application: Id<Application>,
    },
    /// A candidate waits no more.
    ReserveRemoved {
        /// Which application.
        application: Id<Application>,
    },
    /// Who waited longest is offered a post that came free.
    ReservePromoted {
        /// Which application.
        application: Id<Application>,
    },
}

aggregate!(ReserveList, "reserve_list", ReserveAct, ReserveEvent);

impl ReserveList {
    /// The id of the posts of a vacancy.
    pub fn id(employer: TenantId, vacancy: Id<Vacancy>) -> Id<Self> {
        Id::derive(employer, &[vacancy.0])
    }

    /// Whose posts they are; `None` while nothing is offered.
    pub fn terms(&self) -> Option<&PostsTerms> {
        self.terms.as_ref()
    }

    /// Applications with an offer that stands, in the order of the offers.
    pub fn offered(&self) -> &[Id<Application>] {
        &self.offered
    }

    /// Applications that wait, longest first.
    pub fn reserves(&self) -> &[Id<Application>] {
        &self.reserves
    }

    fn evolve(&mut self, event: ReserveEvent) {
        match event {
            ReserveEvent::PostOffered { terms, application } => {
                self.terms = Some(terms);
                self.reserves.retain(|waiting| *waiting != application);
                self.offered.push(application);
            }
            ReserveEvent::PostFreed { application } => {
                self.offered.retain(|offered| *offered != application);
            }
            ReserveEvent::ReservePlaced { terms, application } => {
                self.terms = Some(terms);
                self.reserves.push(application);
            }
            ReserveEvent::ReserveRemoved { application } => {
                self.reserves.retain(|waiting| *waiting != application);
            }
            ReserveEvent::ReservePromoted { application } => {
                self.reserves.retain(|waiting| *waiting != application);
                self.offered.push(application);
            }
        }
    }
}

impl Decider for ReserveList {
    type Act = ReserveAct;
    const COLLECTION: &'static str = "reserveLists";

    fn decide(&self, issued: &Issued<ReserveAct>) -> Result<Vec<ReserveEvent>, Refusal> {
        match &issued.act {
            ReserveAct::Offer {
                terms,
                application,
                posts,
            } => {
                if self.offered.contains(application) {
                    return Ok(vec![]);
                }
                if self.offered.len() >= *posts as usize {
                    return Err(Refusal::new(
                        Reason::AllPostsOffered,
                        format!(
                            "all {posts} posts of the vacancy are offered; keep the candidate \
                             with PlaceOnReserve until one comes free"
                        ),
                    )
                    .with("posts", posts));
                }
                Ok(vec![ReserveEvent::PostOffered {
                    terms: terms.clone(),
                    application: *application,
                }])
            }
            ReserveAct::Place { terms, application } => {
                Ok(if self.reserves.contains(application) {
                    vec![]
                } else {
                    vec![ReserveEvent::ReservePlaced {
                        terms: terms.clone(),
                        application: *application,
                    }]
                })
            }
            ReserveAct::Leave { application } => Ok(if self.offered.contains(application) {
                vec![ReserveEvent::PostFreed {
                    application: *application,
                }]
            } else if self.reserves.contains(application) {
                vec![ReserveEvent::ReserveRemoved {
                    application: *application,
                }]
            } else {
                vec![]
            }),
            ReserveAct::Promote { application } => Ok(if self.reserves.contains(application) {
                vec![ReserveEvent::ReservePromoted {
                    application: *application,
                }]
            } else {
                vec![]
            }),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms
            .as_ref()
            .map(|terms| Custody::of(terms.employer, [terms.university]))
    }
}

/// The posts of a vacancy that can still be offered from it, and whose they are.
pub(crate) fn posts_of(world: &mut World, vacancy: Id<Vacancy>) -> Result<(PostsTerms, u32), Halt> {
    let state = world.read(vacancy)?;
    let Some(terms) = state.terms() else {
        return Err(Refusal::not_permitted().into());
    };
    let handed_back = match state {
        Vacancy::Closed {
            posts_handed_back, ..
        } => *posts_handed_back,
        Vacancy::Absent | Vacancy::Open(_) => 0,
    };
    let posts = terms.posts.saturating_sub(handed_back);
    let terms = PostsTerms {
        vacancy,
        employer: terms.employer,
        university: terms.university,
    };
    Ok((terms, posts))
}

/// Keeps an appointed candidate for a post that comes free.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceOnReserve {
    /// The application.
    pub application: Id<Application>,
}

impl Command for PlaceOnReserve {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let held = held(issue, world, self.application)?;
        if held.side(issue)? != Party::Employer {
            return Err(Refusal::not_permitted().into());
        }
        if !matches!(held.stage, Stage::Appointed { .. }) {
            return Err(Refusal::state_not_allowed(
                "the reserve list keeps candidates whom both parties accept; wait for the joint \
                 outcome",
            )
            .into());
        }
        let offer = Offer::id(held.terms.employer, self.application);
        if world.read(offer)?.held().is_some() {
            return Err(Refusal::state_not_allowed(
                "the candidate has an offer already; read it for where it stands",
            )
            .into());
        }
        let (terms, _) = posts_of(world, held.terms.vacancy)?;
        let id = ReserveList::id(held.terms.employer, held.terms.vacancy);
        let application = self.application;
        world.decide(issue, id, ReserveAct::Place { terms, application })?;
        Ok(id.key())
    }
}

/// Frees the post of an offer that fell, and has not come back since, and offers it to the first
/// reserve who is still there; asked for by a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FreePost {
    /// The offer that fell or moved.
    pub offer: Id<Offer>,
    /// The vacancy it moved away from; the offer's own when it fell.
    pub vacancy: Option<Id<Vacancy>>,
}

impl Command for FreePost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(held) = world.read(self.offer)?.held() else {
            return Err(Refusal::not_permitted().into());
        };
        let (fallen, stands) = (held.terms.clone(), held.stage.stands());
        let vacancy = self.vacancy.unwrap_or(fallen.vacancy);
        if stands && vacancy == fallen.vacancy {
            return Ok(self.offer.key());
        }
        let (terms, posts) = posts_of(world, vacancy)?;
        let id = ReserveList::id(terms.employer, vacancy);
        let before = world.version(id.key());
        let application = fallen.application;
        world.decide_beyond(issue, id, ReserveAct::Leave { application })?;
        if world.version(id.key()) > before {
            promote(issue, world, id, posts)?;
        }
        Ok(id.key())
    }
}

fn promote(issue: &Issue, world: &mut World, id: Id<ReserveList>, posts: u32) -> Result<(), Halt> {
    let waiting = world.read(id)?.reserves.clone();
    for application in waiting {
        if world.read(id)?.offered.len() >= posts as usize {
            return Ok(());
        }
        let following = world
            .read(application)?
            .held()
            .and_then(|held| Offer::following(application, held));
        let Some((offer, terms, conditions)) = following else {
            world.decide_beyond(issue, id, ReserveAct::Leave { application })?;
            continue;
        };
        world.decide_beyond(issue, id, ReserveAct::Promote { application })?;
        let make = OfferAct::Make {
            terms,
            conditions,
            answer_by: answer_by(issue)?,
        };
        world.decide_beyond(issue, offer, make)?;
        return Ok(());
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
