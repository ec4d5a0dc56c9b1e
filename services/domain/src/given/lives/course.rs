//! What takes a life off its path, and back: an offer reinstated, an interruption, a lighter week, a
//! withdrawal, and the move of the service to the other employer.

use super::{
    House,
    acts::Act::{self, Accept, Confirm, Decline, Employ, EndEmployment, MakeOffer, Rescind},
};
use crate::{
    actor::{ActingRole, Actor, Party, TenantId},
    correction::Authority,
    directory::Supervisor,
    employment::ReinstateEmployment,
    given::actor,
    id::Id,
    interruption::{AgreeLessThanFullTime, InterruptTraining, ResumeTraining},
    offer::{ReinstateOffer, ReinstatementReason},
    transfer::{
        AcceptTransferredCommitment, AnnounceRetender, AssessTransferImpact, ImpactFinding,
        ServiceTransfer, TransferCheck, TransferService,
    },
    withdrawal::{
        ConfirmWithdrawal, DropWithdrawal, MakeRepresentations, ProposeWithdrawal,
        ReverseWithdrawal, WithdrawalReason,
    },
    world::Command,
};

/// Something that changes the course of a life.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Turn {
    /// The candidate, or else a party, wants the offer back.
    ReinstateOffer(Option<Party>),
    Interrupt,
    ResumeTraining(bool),
    Lighten(Party, u32),
    /// The candidate, or else a party.
    Propose(Option<Party>),
    Represent,
    ConfirmWithdrawal,
    Drop,
    Reverse(bool),
    ReinstateEmployment,
    /// The next step of the move of the service to the other employer.
    Move,
}

/// Part of a script: something tried, or days that go by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Line {
    Tries(Act),
    Waits(i64),
}

const fn turn(turn: Turn) -> Line {
    Line::Tries(Act::Course(turn))
}

/// Things that only mean something one after the other.
#[rustfmt::skip]
pub(super) const SCRIPTS: &[&[Line]] = &[
    &[turn(Turn::Move), turn(Turn::Move), turn(Turn::Move), turn(Turn::Move)],
    &[turn(Turn::Propose(Some(Party::Employer))), Line::Waits(1), turn(Turn::Represent),
      Line::Waits(30), turn(Turn::ConfirmWithdrawal), Line::Waits(3), turn(Turn::Reverse(false))],
    &[turn(Turn::Propose(None)), Line::Waits(30), turn(Turn::ConfirmWithdrawal)],
    &[turn(Turn::Propose(Some(Party::University))), turn(Turn::Drop)],
    &[turn(Turn::Interrupt), Line::Waits(40), turn(Turn::ResumeTraining(false))],
    &[turn(Turn::Lighten(Party::Employer, 2)), turn(Turn::Lighten(Party::University, 2))],
    &[Line::Tries(EndEmployment), Line::Waits(2), turn(Turn::ReinstateEmployment)],
    &[Line::Tries(EndEmployment), Line::Waits(30), turn(Turn::ConfirmWithdrawal),
      turn(Turn::ReinstateEmployment), turn(Turn::Reverse(true))],
    &[Line::Tries(MakeOffer), Line::Tries(Decline), turn(Turn::ReinstateOffer(None)),
      Line::Tries(Accept)],
    &[Line::Tries(Rescind(Party::University)), turn(Turn::ReinstateOffer(Some(Party::University))),
      Line::Tries(Accept), Line::Tries(Confirm(Party::Employer)),
      Line::Tries(Confirm(Party::University)), Line::Tries(Employ(4))],
];

/// Who asks for what.
pub(super) fn command(house: &House, thread: usize, turn: Turn) -> (Actor, Box<dyn Command>) {
    let (first, now) = (house.whose(thread), house.now(thread));
    let training = first.training();
    let employers = |role| actor(now.employer, role);
    let universitys = |role| actor(now.university, role);
    let candidate = actor(TenantId(now.person.0), ActingRole::Candidate);
    let side = |party| match party {
        Party::Employer => employers(ActingRole::ServiceManager),
        Party::University => universitys(ActingRole::ProgrammeLead),
    };
    let lead = universitys(ActingRole::ProgrammeLead);
    let anybody = |party: Option<Party>| party.map_or(candidate.clone(), side);
    match turn {
        Turn::ReinstateOffer(party) => {
            let reinstate = ReinstateOffer {
                offer: first.offer(),
                reason: ReinstatementReason::NotMeant,
                authority: Authority::Own,
            };
            (anybody(party), Box::new(reinstate))
        }
        Turn::Interrupt => {
            let interrupt = InterruptTraining {
                training,
                expected_return: None,
            };
            (side(Party::Employer), Box::new(interrupt))
        }
        Turn::ResumeTraining(with_the_intake) => {
            let intake = with_the_intake.then_some(now.intake);
            (lead, Box::new(ResumeTraining { training, intake }))
        }
        Turn::Lighten(party, practice_days) => {
            let agree = AgreeLessThanFullTime {
                training,
                practice_days,
            };
            (side(party), Box::new(agree))
        }
        Turn::Propose(party) => {
            let propose = ProposeWithdrawal {
                training,
                reason: WithdrawalReason::Personal,
            };
            (anybody(party), Box::new(propose))
        }
        Turn::Represent => {
            let text = "I want to go on.".to_owned();
            (candidate, Box::new(MakeRepresentations { training, text }))
        }
        Turn::ConfirmWithdrawal => (lead, Box::new(ConfirmWithdrawal { training })),
        Turn::Drop => (lead, Box::new(DropWithdrawal { training })),
        Turn::Reverse(in_error) => (
            lead,
            Box::new(ReverseWithdrawal {
                training,
                in_error,
                authority: Authority::Own,
            }),
        ),
        Turn::ReinstateEmployment => {
            let employment = now.employment();
            let hr = employers(ActingRole::EmployerHr);
            (
                hr,
                Box::new(ReinstateEmployment {
                    employment,
                    reason: None,
                    authority: Authority::Own,
                }),
            )
        }
        Turn::Move => moves(house, thread),
    }
}

fn moves(house: &House, thread: usize) -> (Actor, Box<dyn Command>) {
    let now = house.now(thread);
    let [from, to] = {
        let at = |employer| {
            house
                .casts
                .iter()
                .position(|cast| cast.employer == employer)
        };
        let from = at(now.employer).unwrap_or_default();
        [from, 1 - from].map(|at| house.casts[at])
    };
    let lead = |employer| actor(employer, ActingRole::ProfessionalLead);
    let transfer = house.transfers[thread].filter(|transfer| {
        let known = house.given.state(*transfer);
        known
            .and_then(ServiceTransfer::terms)
            .is_some_and(|terms| terms.from == now.employer)
    });
    let Some(transfer) = transfer else {
        let announce = AnnounceRetender {
            clinical_service: from.clinical_service,
            to: to.employer,
            planned_on: house.today,
            trainees: vec![now.application],
        };
        return (lead(from.employer), Box::new(announce));
    };
    match house.given.stored(transfer).len() {
        1 => {
            let findings = <TransferCheck as strum::IntoEnumIterator>::iter()
                .map(|check| (check, ImpactFinding::ActionAgreed))
                .collect();
            let assess = AssessTransferImpact { transfer, findings };
            (lead(from.employer), Box::new(assess))
        }
        2 => {
            let accept = AcceptTransferredCommitment {
                transfer,
                clinical_service: to.clinical_service,
                posts: 1,
                other_terms: None,
            };
            (lead(to.employer), Box::new(accept))
        }
        _ => (lead(to.employer), Box::new(TransferService { transfer })),
    }
}

/// A supervisor of whoever employs by now.
pub(super) fn supervisor(house: &House, thread: usize, which: usize) -> Id<Supervisor> {
    house.employing(thread).supervisors[which % 2]
}
