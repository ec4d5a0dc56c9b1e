//! Ready employers wait for places of a full intake, and are served in their order when places
//! return.

use serde::{Deserialize, Serialize};

use super::{Allocation, AllocationAct, AllocationEvent, Proposal, Stage, check_places};
use crate::{
    actor::TenantKind,
    id::Id,
    programme::{Intake, IntakeAct, IntakeTerms, Reservation},
    refusal::Refusal,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

impl Allocation {
    pub(super) fn join_waitlist(
        &self,
        issued: &Issued<AllocationAct>,
        proposal: &Proposal,
        intake: &IntakeTerms,
        cluster: u32,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        check_places(proposal.places, "places")?;
        let known = self.of_commissioner(issued)?;
        if intake.commissioner != known.interest.commissioner {
            return Err(Refusal::not_permitted());
        }
        match known.stage {
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
        known.check_interest(intake)?;
        known.check_cluster(
            issued,
            intake,
            cluster.saturating_add(proposal.places),
            false,
        )?;
        match known.waits_for {
            // the intake tells a repeat from a wait for other places
            Some(awaited) if awaited == proposal.intake => Ok(vec![]),
            Some(_) => Err(Refusal::state_not_allowed(
                "the allocation waits for another intake; an interest waits for one at a time",
            )),
            None => Ok(vec![AllocationEvent::AllocationWaitlisted {
                proposal: proposal.clone(),
            }]),
        }
    }

    pub(super) fn leave_waitlist(&self) -> Vec<AllocationEvent> {
        match self.registered() {
            Some(known) if known.waits_for.is_some() => {
                vec![AllocationEvent::AllocationUnlisted {}]
            }
            _ => vec![],
        }
    }
}

/// Puts an allocation last on the waitlist of an intake that has too few places for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinWaitlist {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// The intake.
    pub intake: Id<Intake>,
    /// How many places it waits for.
    pub places: u32,
}

impl Command for JoinWaitlist {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let Some(interest) = world.read_own(issue, self.allocation)?.interest().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let asked = (self.intake, self.places, None);
        let (proposal, intake, cluster) =
            Proposal::read(issue, world, self.allocation, &interest, asked)?;
        world.decide(
            issue,
            self.allocation,
            AllocationAct::JoinWaitlist {
                proposal,
                intake,
                cluster,
            },
        )?;
        world.decide(
            issue,
            self.intake,
            IntakeAct::JoinWaitlist {
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

/// Proposes places that returned to those who wait for them, in their order; asked for by a
/// reaction. Whoever is first waits until enough places are free: nobody smaller overtakes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServeWaitlist {
    /// The intake.
    pub intake: Id<Intake>,
}

impl Command for ServeWaitlist {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        loop {
            let intake = world.read(self.intake)?;
            let Some((allocation, reservation)) = intake.next_served() else {
                return Ok(self.intake.key());
            };
            let Some(interest) = world.read(allocation)?.interest().cloned() else {
                return Err(Refusal::not_permitted().into());
            };
            let asked = (self.intake, reservation.places, None);
            let (proposal, intake, cluster) =
                Proposal::read(issue, world, allocation, &interest, asked)?;
            let propose = AllocationAct::Propose {
                proposal,
                intake,
                cluster,
                spare: false,
            };
            match world.decide_beyond(issue, allocation, propose) {
                Ok(_) => {
                    let reserve = IntakeAct::Reserve {
                        allocation,
                        reservation,
                    };
                    world.decide_beyond(issue, self.intake, reserve)?;
                }
                // What was enough when it joined may not be now: an override past its review.
                Err(Halt::Refused(_)) => {
                    world.decide_beyond(issue, allocation, AllocationAct::LeaveWaitlist)?;
                    let leave = IntakeAct::LeaveWaitlist { allocation };
                    world.decide_beyond(issue, self.intake, leave)?;
                }
                Err(need) => return Err(need),
            }
        }
    }
}

#[cfg(test)]
mod tests;
