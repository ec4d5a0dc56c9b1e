//! What follows from a fact without anybody asking: commands to other records, and timers.
//!
//! Pure and deterministic: the same event always asks for the same commands, under request ids
//! derived from the event, so a replay finds every one of them done. Commands run as the platform
//! with the effective time of the event.

mod erasure;
mod money;
mod moving;
mod places;
mod region;
mod selection;
mod supervision;
mod timer;
mod training;

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

pub use self::timer::{Timer, on_timer};
use self::{
    selection::after_offer,
    training::{after_employment, after_enrolment, after_training, after_transfer},
};
use crate::{
    actor::{PersonId, TenantId},
    application::ApplicationEvent,
    appointment::Appointment,
    board::{BoardSittingEvent, RedateOutcome},
    calendar::midday,
    circumstances::CircumstancesClaimEvent,
    commitment::{
        BringCommitmentDue, Broken, Commitment, CommitmentEvent, LapseCommitment, LapseGround,
        NoteBreach, NoteQualifiedPost, RedateCommitment,
    },
    directory::{NoteDeparture, NotePlacement, NoteQualifiedPlacement},
    edi::EdiEvent,
    employment::EmploymentEvent,
    fact::Fact,
    funding::{
        AwaitLaterBoard, CaseEnd, FixFundingLock, FundingAward, FundingAwardEvent,
        FundingLockEvent, Line, LineKind, NoteLine, QuestionTrainingPlace, RecoverBreach,
        SettleBreach,
    },
    id::Id,
    marks::NoteCircumstances,
    network::NetworkEvent,
    permission::Action,
    personal::PersonalClass,
    preceptorship::{
        NoteService, Preceptorship, PreceptorshipEvent, ServiceChange, StartPreceptorship,
    },
    progression::{NoteProgression, ProgressionFact},
    qualification::{NoteRegisteredPractice, QualificationEvent, ReleasedResult},
    qualified_practice::{OpenQualifiedPractice, QualifiedPractice, QualifiedPracticeEvent},
    tally::TallyOutcome,
    transition::EndTransitionPlan,
    world::Command,
};

/// A stored event as reactions see it.
#[derive(Debug, Clone)]
pub struct Occurred {
    /// The stream's id.
    pub stream: Uuid,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// When it is true in the world.
    pub effective: Timestamp,
    /// The event.
    pub fact: Fact,
}

/// What a reaction asks for.
#[derive(Debug)]
pub enum Reaction {
    /// Run this command now.
    Command(Action, Box<dyn Command>),
    /// Destroy controllers' keys of some classes of a person: every copy sealed under them is
    /// unreadable from then on (B.7).
    DestroyKeys {
        /// The person.
        person: PersonId,
        /// Each controller with the classes that it erases.
        of: Vec<(TenantId, BTreeSet<PersonalClass>)>,
    },
    /// Run [`on_timer`] with this timer once the clock reaches `due`.
    Timer(Timestamp, Timer),
}

impl Reaction {
    fn command(action: Action, command: impl Command + 'static) -> Self {
        Self::Command(action, Box::new(command))
    }
}

/// The reactions to one event, in order.
pub fn react(event: &Occurred) -> Vec<Reaction> {
    let mut reactions = follow(event);
    reactions.extend(place(&event.fact));
    reactions.extend(places::after(event));
    reactions.extend(region::after(event));
    reactions.extend(money::after(event));
    reactions.extend(moving::after(event));
    reactions.extend(after_edi(&event.fact));
    reactions
}

/// After a month's monitoring comes the next month's.
fn after_edi(fact: &Fact) -> Option<Reaction> {
    let Fact::EdiReleases(EdiEvent::EdiReleased { release }) = fact else {
        return None;
    };
    let next = release.month.last_of_month().tomorrow().ok()?;
    let timer = Timer::EdiRelease {
        commissioner: release.commissioner,
    };
    Some(Reaction::Timer(midday(next), timer))
}

/// Whom a clinical service has in it (`SET-14`).
fn place(fact: &Fact) -> Option<Reaction> {
    Some(match fact {
        Fact::Employment(EmploymentEvent::EmploymentStarted { post }) => {
            let whose = &post.appointment;
            let place = NotePlacement {
                application: whose.application,
                vacancy: whose.vacancy,
            };
            Reaction::command(Action::StartEmployment, place)
        }
        Fact::Employment(EmploymentEvent::EmploymentEnded { appointment, .. }) => {
            let leave = NoteDeparture {
                application: appointment.application,
                vacancy: appointment.vacancy,
            };
            Reaction::command(Action::EndEmployment, leave)
        }
        Fact::Commitment(CommitmentEvent::QualifiedPostEvidenced {
            application, post, ..
        }) => {
            let place = NoteQualifiedPlacement {
                application: *application,
                clinical_service: post.clinical_service,
            };
            Reaction::command(Action::EvidenceQualifiedPost, place)
        }
        _ => return None,
    })
}

fn follow(event: &Occurred) -> Vec<Reaction> {
    match &event.fact {
        Fact::Application(ApplicationEvent::DecisionRoundOpened { round, deadline }) => {
            let timer = Timer::DecisionRound {
                application: Id::new(event.stream),
                round: *round,
            };
            vec![Reaction::Timer(*deadline, timer)]
        }
        Fact::Application(ApplicationEvent::JointOutcomeReached { revealed, .. }) => {
            let tally = TallyOutcome {
                application: Id::new(event.stream),
                round: revealed.round,
            };
            vec![Reaction::command(Action::SealDecision, tally)]
        }
        Fact::Commitment(kept) => after_commitment(Id::new(event.stream), kept),
        Fact::Offer(fact) => after_offer(Id::new(event.stream), fact),
        Fact::FundingAward(told) => after_award(Id::new(event.stream), event.sequence, told),
        Fact::Employment(event) => after_employment(event),
        Fact::Enrolment(event) => after_enrolment(event).into_iter().collect(),
        Fact::ServiceTransfer(told) => after_transfer(Id::new(event.stream), told),
        Fact::FundingLock(event) => after_lock(event).into_iter().collect(),
        Fact::CircumstancesClaim(event) => after_claim(event).into_iter().collect(),
        Fact::BoardSitting(fact) => after_sitting(event.stream, fact).into_iter().collect(),
        Fact::Training(told) => {
            let training = Id::new(event.stream);
            let mut reactions = after_training(training, told);
            reactions.extend(supervision::after_training(training, told));
            reactions
        }
        Fact::Supervisor(fact) => supervision::after_check(Id::new(event.stream), fact),
        Fact::Qualification(event) => after_qualification(event),
        Fact::Erasure(told) => erasure::after_erasure(Id::new(event.stream), told),
        Fact::Network(event) => after_network(event).into_iter().collect(),
        Fact::Preceptorship(fact) => {
            let mut reactions = after_preceptorship(Id::new(event.stream), fact);
            reactions.extend(supervision::after_preceptorship(fact));
            reactions
        }
        Fact::QualifiedPractice(fact) => after_practice(Id::new(event.stream), fact),
        Fact::Policy(_)
        | Fact::PolicyQuestion(_)
        | Fact::Workforce(_)
        | Fact::Tenant(_)
        | Fact::ClinicalService(_)
        | Fact::SupervisionAgreement(_)
        | Fact::Module(_)
        | Fact::Curriculum(_)
        | Fact::PriorLearning(_)
        | Fact::ExpansionPosts(_)
        | Fact::Cluster(_)
        | Fact::Programme(_)
        | Fact::Intake(_)
        | Fact::Allocation(_)
        | Fact::BreachRegister(_)
        | Fact::Establishment(_)
        | Fact::Partnership(_)
        | Fact::Vacancy(_)
        | Fact::Application(_)
        | Fact::Seal(_)
        | Fact::Referee(_)
        | Fact::Identity(_)
        | Fact::Candidacy(_)
        | Fact::SelectionTally(_)
        | Fact::ReserveList(_)
        | Fact::Monitoring(_)
        | Fact::EdiReleases(_)
        | Fact::Referral(_)
        | Fact::Deferral(_)
        | Fact::Acceptance(_)
        | Fact::Envelope(_)
        | Fact::PayeeException(_)
        | Fact::PayeeAccount(_)
        | Fact::FundingStatement(_)
        | Fact::TuitionInvoice(_)
        | Fact::EmployerCosts(_)
        | Fact::FundingLockCheck(_)
        | Fact::TrainingPlace(_)
        | Fact::ExamBoard(_)
        | Fact::MarkSheet(_)
        | Fact::TraineeResult(_)
        | Fact::Appeal(_)
        | Fact::TransitionPlan(_)
        | Fact::ArrsDeployment(_)
        | Fact::Progression(_)
        | Fact::SupervisorLoad(_)
        | Fact::SupervisorCourse(_)
        | Fact::SiteContacts(_)
        | Fact::RoleConcern(_)
        | Fact::ConcernNotice(_)
        | Fact::SupervisionNotice(_)
        | Fact::RegionNotice(_)
        | Fact::Dispute(_)
        | Fact::DisputeNotice(_)
        | Fact::Community(_)
        | Fact::Membership(_)
        | Fact::Feedback(_)
        | Fact::Staff(_)
        | Fact::BreakGlass(_)
        | Fact::OutcomeReport(_)
        | Fact::FitnessCase(_)
        | Fact::Withdrawal(_)
        | Fact::Extract(_) => vec![],
    }
}

/// The promised post is there: preceptorship and consolidation begin with it, and a
/// register is asked for. What is owed has a
/// last day; what was discharged has to be maintained; what is broken is noted.
fn after_commitment(commitment: Id<Commitment>, event: &CommitmentEvent) -> Vec<Reaction> {
    let after = |day: Date, timer: Timer| {
        let due = midday(day.tomorrow().unwrap_or(day));
        vec![Reaction::Timer(due, timer)]
    };
    match event {
        CommitmentEvent::QualifiedPostEvidenced {
            application, post, ..
        } => {
            let start = StartPreceptorship {
                application: *application,
                post_starts: post.starts_on,
            };
            let note = NoteQualifiedPost {
                commitment,
                clinical_service: post.clinical_service,
                starts_on: post.starts_on,
            };
            let register = NoteRegisteredPractice {
                application: *application,
                clinical_service: post.clinical_service,
                from: post.starts_on,
            };
            vec![
                Reaction::command(Action::EvidenceQualifiedPost, start),
                Reaction::command(Action::EvidenceQualifiedPost, note),
                Reaction::command(Action::EvidenceQualifiedPost, register),
            ]
        }
        CommitmentEvent::CommitmentDue {
            application,
            evidence_by,
            ..
        }
        | CommitmentEvent::CommitmentRedated {
            application,
            evidence_by,
            ..
        } => {
            let application = *application;
            let timer = Timer::CommitmentEvidence {
                commitment,
                application,
            };
            after(*evidence_by, timer)
        }
        CommitmentEvent::GraceGranted { application, until } => {
            let application = *application;
            let timer = Timer::CommitmentGrace {
                commitment,
                application,
            };
            after(*until, timer)
        }
        CommitmentEvent::CommitmentDischarged {
            application,
            maintain_until: Some(until),
        } => {
            let timer = Timer::CommitmentMaintenance {
                commitment,
                application: *application,
            };
            vec![Reaction::Timer(midday(*until), timer)]
        }
        CommitmentEvent::CommitmentTakenOver { handover } => handover
            .people
            .iter()
            .filter_map(|one| {
                let due = one.due.as_ref()?;
                let timer = Timer::CommitmentEvidence {
                    commitment,
                    application: one.application,
                };
                after(due.evidence_by, timer).pop()
            })
            .collect(),
        CommitmentEvent::CommitmentBreached {
            application, kind, ..
        } => {
            let broken = Broken {
                commitment,
                application: *application,
            };
            let note = NoteBreach {
                broken: broken.clone(),
                kind: *kind,
            };
            vec![
                Reaction::command(Action::ConfirmBreach, note),
                Reaction::command(Action::ConfirmBreach, RecoverBreach { broken }),
            ]
        }
        _ => vec![],
    }
}

/// What is paid, adjusted and claimed back is stated to the payee; a claim that is over makes a
/// broken promise good.
fn after_award(award: Id<FundingAward>, sequence: u64, event: &FundingAwardEvent) -> Vec<Reaction> {
    let line = |kind, pence: i64, on| {
        let line = Line {
            award,
            kind,
            pence,
            on,
        };
        Reaction::command(Action::PayInstalment, NoteLine { line })
    };
    match event {
        FundingAwardEvent::InstalmentPaid { number, pence, on } => {
            vec![line(LineKind::Instalment { number: *number }, *pence, *on)]
        }
        FundingAwardEvent::InstalmentAdjusted {
            number,
            pence,
            from,
        } => {
            let number = *number;
            vec![line(
                LineKind::Adjustment { number, sequence },
                *pence,
                *from,
            )]
        }
        FundingAwardEvent::PayeeEnded { paid, on, .. } => paid
            .iter()
            .map(|share| {
                let number = share.number;
                let kind = LineKind::Adjustment { number, sequence };
                line(kind, share.pence.saturating_neg(), *on)
            })
            .collect(),
        FundingAwardEvent::RecoveryCaseOpened { case } => {
            let kind = LineKind::Recovery { case: case.number };
            vec![line(kind, case.pence().saturating_neg(), case.on)]
        }
        FundingAwardEvent::RecoveryCaseEnded { case, end, .. } => {
            let case = *case;
            match end {
                CaseEnd::Withdrawn => vec![],
                CaseEnd::Settled { .. } | CaseEnd::Waived { .. } => {
                    let settle = SettleBreach { award, case };
                    vec![Reaction::command(Action::CloseStatement, settle)]
                }
            }
        }
        _ => vec![],
    }
}

/// Whoever accepted a place on a lock learns what it answers now.
fn after_lock(event: &FundingLockEvent) -> Option<Reaction> {
    let FundingLockEvent::LockRelianceQuestioned { place, answer } = event else {
        return None;
    };
    let question = QuestionTrainingPlace {
        place: *place,
        answer: *answer,
    };
    Some(Reaction::command(Action::AcceptTrainingPlace, question))
}

/// Of a claim the board learns accepted or rejected, and no more.
fn after_claim(event: &CircumstancesClaimEvent) -> Option<Reaction> {
    let CircumstancesClaimEvent::CircumstancesDecided {
        university,
        application,
        component,
        accepted,
    } = event
    else {
        return None;
    };
    let note = NoteCircumstances {
        university: *university,
        application: *application,
        component: component.clone(),
        accepted: *accepted,
    };
    Some(Reaction::command(Action::DecideCircumstances, note))
}

/// A corrected day reaches whatever the sitting decided.
fn after_sitting(sitting: Uuid, event: &BoardSittingEvent) -> Option<Reaction> {
    let BoardSittingEvent::OutcomeRedated {
        university,
        application,
        held,
    } = event
    else {
        return None;
    };
    let redate = RedateOutcome {
        university: *university,
        application: *application,
        sitting: Id::new(sitting),
        held: *held,
    };
    Some(Reaction::command(Action::CorrectBoardDate, redate))
}

/// The post that a preceptorship goes with is worked from its first day on.
fn after_preceptorship(
    preceptorship: Id<Preceptorship>,
    event: &PreceptorshipEvent,
) -> Vec<Reaction> {
    let PreceptorshipEvent::ConsolidationClockStarted { .. } = event else {
        return vec![];
    };
    let open = OpenQualifiedPractice { preceptorship };
    let taken = NoteProgression {
        fact: ProgressionFact::PostTaken(preceptorship),
    };
    vec![
        Reaction::command(Action::EvidenceQualifiedPost, open),
        Reaction::command(Action::EvidenceQualifiedPost, taken),
    ]
}

/// Why somebody is away or has left stays with the employer; the joint record learns the days.
fn after_practice(
    practice: Id<QualifiedPractice>,
    event: &QualifiedPracticeEvent,
) -> Vec<Reaction> {
    let (action, change) = match event {
        QualifiedPracticeEvent::PracticeLeaveStarted { leave } => {
            (Action::StartPracticeLeave, ServiceChange::Away(leave.from))
        }
        QualifiedPracticeEvent::PracticeLeaveEnded { on } => {
            (Action::EndPracticeLeave, ServiceChange::Back(*on))
        }
        QualifiedPracticeEvent::QualifiedPostLeft { leaving } => {
            (Action::LeaveQualifiedPost, ServiceChange::Left(leaving.on))
        }
        _ => return vec![],
    };
    let mut reactions = vec![Reaction::command(action, NoteService { practice, change })];
    if let ServiceChange::Left(on) = change {
        let left = ProgressionFact::PostLeft(practice, on);
        reactions.push(Reaction::command(action, NoteProgression { fact: left }));
    }
    reactions
}

/// A pass fixes the lock and brings the promise of a post due. The lock follows the board of the
/// course however the training ended: a later board moves it, and so does a corrected day.
fn after_qualification(event: &QualificationEvent) -> Vec<Reaction> {
    let fix = |appointment: &Appointment, board| {
        let fix = FixFundingLock {
            appointment: appointment.clone(),
            board,
        };
        Reaction::command(Action::ReleaseResult, fix)
    };
    match event {
        QualificationEvent::QualificationAwarded { award, .. } => {
            let whose = &award.appointment;
            let due = BringCommitmentDue {
                application: whose.application,
                vacancy: whose.vacancy,
                person: whose.person,
                qualified_on: award.awarded,
            };
            let close = EndTransitionPlan {
                plan: whose.transition_plan(),
                on: award.awarded,
            };
            let qualified = NoteProgression {
                fact: ProgressionFact::Qualified(Box::new(whose.clone()), award.awarded),
            };
            vec![
                fix(whose, award.awarded),
                Reaction::command(Action::ReleaseResult, due),
                Reaction::command(Action::ReleaseResult, close),
                Reaction::command(Action::ReleaseResult, qualified),
            ]
        }
        QualificationEvent::ResultReleased {
            appointment,
            result: ReleasedResult::NotCompleted { board, .. },
        } => {
            let lapse = LapseCommitment {
                appointment: appointment.clone(),
                ground: LapseGround::Failed,
            };
            let ended = NoteProgression {
                fact: ProgressionFact::NotCompleted(Box::new(appointment.clone()), *board),
            };
            vec![
                fix(appointment, *board),
                Reaction::command(Action::ReleaseResult, lapse),
                Reaction::command(Action::ReleaseResult, ended),
            ]
        }
        QualificationEvent::ResultRedated {
            appointment, board, ..
        } => {
            let redate = RedateCommitment {
                application: appointment.application,
                vacancy: appointment.vacancy,
                qualified_on: *board,
            };
            vec![
                fix(appointment, *board),
                Reaction::command(Action::CorrectBoardDate, redate),
            ]
        }
        QualificationEvent::ResultReleased {
            appointment,
            result: ReleasedResult::NotYetComplete { next_board },
        } => {
            let later = AwaitLaterBoard {
                appointment: appointment.clone(),
                next_board: *next_board,
            };
            vec![Reaction::command(Action::ReleaseResult, later)]
        }
        QualificationEvent::ResultReleased { .. }
        | QualificationEvent::ResultSuperseded { .. }
        | QualificationEvent::ResultHandedOver { .. }
        | QualificationEvent::ResultTakenOver { .. }
        | QualificationEvent::RegisterEntryRecorded { .. }
        | QualificationEvent::RegisterStatusRecorded { .. }
        | QualificationEvent::RegisteredPracticeNoted { .. } => vec![],
    }
}

/// A network's digests come one after the other: each one that is made sets the timer of the next
/// (`ACTOR-08`).
fn after_network(event: &NetworkEvent) -> Option<Reaction> {
    let (network, next) = match event {
        NetworkEvent::NetworkDigestStarted { network, cadence } => (*network, cadence.period(1)),
        NetworkEvent::NetworkDigestIssued {
            network,
            cadence,
            digest,
        } => (*network, cadence.period(digest.number.saturating_add(1))),
        NetworkEvent::NetworkOfficerNamed { .. }
        | NetworkEvent::NetworkMeetingHeld { .. }
        | NetworkEvent::NetworkActionAgreed { .. }
        | NetworkEvent::NetworkActionCompleted { .. } => return None,
    };
    let timer = Timer::NetworkDigest {
        network,
        number: next.number,
    };
    Some(Reaction::Timer(midday(next.until), timer))
}

/// The request id of the `n`th command that follows from an event.
pub fn request_id(stream: Uuid, sequence: u64, n: usize) -> Uuid {
    Uuid::new_v5(&stream, format!("reaction/{sequence}/{n}").as_bytes())
}
