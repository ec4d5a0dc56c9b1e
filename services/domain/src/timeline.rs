//! A person's own view of their life, over the records of every controller (`permissions.md` C.2,
//! column CAN): what happened, where things stand, and what they still owe.
//!
//! It is a list of what is shown: a kind of record or an event that is not named here is not. No
//! seal, score, mark, award or debt is; a result is once it is released, a party's word never (C.3,
//! C.4).

mod due;
mod moment;

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

pub use self::{
    due::{Due, Owed},
    moment::{Moment, What},
};
use crate::{
    appeal::{Appeal, AppealEvent},
    application::{Application, ApplicationEvent, CandidateStatus, HeldApplication},
    appointment::Appointment,
    calendar::london_date,
    deferral::{Deferral, DeferralEvent, DeferralStage},
    fact::Fact,
    funding::{FundingLock, FundingLockEvent, TrainingPlace, TrainingPlaceEvent},
    id::Id,
    offer::{HeldOffer, Offer, OfferEvent},
    preceptorship::{HeldPreceptorship, Preceptorship, PreceptorshipEvent},
    qualification::{
        Qualification, QualificationAward, QualificationEvent, ReleasedResult, TraineeResult,
        TraineeResultEvent,
    },
    training::{Training, TrainingEvent},
};

/// The kinds of record a timeline is made of. Nothing of any other kind is read for it.
pub const KINDS: &[&str] = &[
    Application::TYPE,
    Offer::TYPE,
    Deferral::TYPE,
    Training::TYPE,
    TraineeResult::TYPE,
    Qualification::TYPE,
    Appeal::TYPE,
    Preceptorship::TYPE,
    FundingLock::TYPE,
    TrainingPlace::TYPE,
];

/// What one person sees of their own life.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    applications: BTreeMap<Uuid, Application>,
    offers: BTreeMap<Uuid, Offer>,
    deferrals: BTreeMap<Uuid, Deferral>,
    trainings: BTreeMap<Uuid, Training>,
    qualifications: BTreeMap<Uuid, Qualification>,
    preceptorships: BTreeMap<Uuid, Preceptorship>,
    appeals: BTreeMap<Uuid, Appeal>,
    results: BTreeMap<Id<Application>, ReleasedResult>,
    lock: FundingLock,
    moments: Vec<Moment>,
}

/// One application and what came of it.
#[derive(Debug, Clone)]
pub struct OwnLife<'t> {
    /// The application: the thread.
    pub application: Id<Application>,
    /// The same, as held.
    pub held: &'t HeldApplication,
    /// Where it stands for the candidate.
    pub status: CandidateStatus,
    /// The offer.
    pub offer: Option<(Id<Offer>, &'t HeldOffer)>,
    /// The first and the last day of the training year, as far as they are known.
    pub training: (Option<Date>, Option<Date>),
    /// The released result.
    pub result: Option<ReleasedResult>,
    /// What was conferred.
    pub award: Option<&'t QualificationAward>,
    /// The preceptorship of the qualified post.
    pub preceptorship: Option<&'t HeldPreceptorship>,
}

impl Timeline {
    /// What happened, by its day; what is of one day in the order it was recorded.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// The funding locks, which count from the board.
    pub fn lock(&self) -> &FundingLock {
        &self.lock
    }

    /// Every application and what came of it.
    pub fn lives(&self) -> impl Iterator<Item = OwnLife<'_>> {
        self.applications
            .iter()
            .filter_map(|(id, application)| Some((Id::new(*id), application.held()?)))
            .map(|(application, held)| self.life(application, held))
    }

    fn life<'t>(&'t self, application: Id<Application>, held: &'t HeldApplication) -> OwnLife<'t> {
        let ours = |appointment: &Appointment| appointment.application == application;
        let training = self.trainings.values().filter(|training| {
            // after a transfer, that of the employer of today
            training.appointment().is_some_and(ours)
        });
        let training = training.max_by_key(|training| training.first_days().0);
        let offer = self.offers.iter().find_map(|(id, offer)| {
            let held = offer.held()?;
            (held.terms.application == application).then_some((Id::new(*id), held))
        });
        let award = (self.qualifications.values())
            .filter_map(Qualification::award)
            .find(|award| ours(&award.appointment));
        let preceptorship = (self.preceptorships.values())
            .filter_map(Preceptorship::held)
            .filter(|held| ours(&held.appointment))
            .max_by_key(|held| held.consolidation.as_ref().map(|clock| clock.from()));
        OwnLife {
            application,
            held,
            status: held.shown_to_the_candidate(),
            offer,
            training: (
                training.and_then(Training::year).map(|year| year.starts),
                training.and_then(Training::last_day),
            ),
            result: self.results.get(&application).copied(),
            award,
            preceptorship,
        }
    }

    /// Takes an event in. Events come in recorded order; those of one record in their own.
    pub fn take(&mut self, stream: Uuid, effective: Timestamp, fact: &Fact) {
        let on = london_date(effective);
        match fact {
            Fact::Application(event) => self.application(stream, on, event),
            Fact::Offer(event) => self.offer(stream, on, event),
            Fact::Deferral(event) => self.deferral(stream, on, event),
            Fact::Training(event) => self.training(stream, on, event),
            Fact::TraineeResult(TraineeResultEvent::ResultShownToTrainee {
                appointment,
                result,
            }) => self.result(on, appointment, *result),
            Fact::Qualification(event) => self.qualification(stream, on, event),
            Fact::Appeal(event) => self.appeal(stream, event),
            Fact::Preceptorship(event) => self.preceptorship(stream, on, event),
            Fact::FundingLock(event) => self.funding_lock(on, event),
            Fact::TrainingPlace(event) => self.place(on, event),
            _ => {}
        }
    }

    /// Notes a moment once, in its place by day.
    fn note(&mut self, on: Date, what: What, of: Option<Id<Application>>, detail: impl ToString) {
        let moment = Moment {
            on,
            what,
            application: of,
            detail: detail.to_string(),
        };
        if !self.moments.contains(&moment) {
            let place = self.moments.partition_point(|earlier| earlier.on <= on);
            self.moments.insert(place, moment);
        }
    }

    fn application(&mut self, stream: Uuid, on: Date, event: &ApplicationEvent) {
        let application = self.applications.entry(stream).or_default();
        let status = |application: &Application| {
            application
                .held()
                .map(HeldApplication::shown_to_the_candidate)
        };
        let before = status(application);
        application.apply(event.clone());
        let after = status(application);
        let of = Some(Id::new(stream));
        match event {
            ApplicationEvent::ApplicationSubmitted { .. } => self.note(on, What::Applied, of, ""),
            ApplicationEvent::StudyEvidenceAdded { evidence } => {
                self.note(on, What::StudyEvidenceAdded, of, evidence.kind);
            }
            ApplicationEvent::InterviewHeld { interview } => {
                self.note(interview.on, What::Interviewed, of, "");
            }
            ApplicationEvent::FeedbackReleased { .. } => {
                self.note(on, What::FeedbackReleased, of, "");
            }
            // what they change of the status follows below, and nothing else of them is shown
            ApplicationEvent::RouteRederived { .. }
            | ApplicationEvent::ShortlistRevealed { .. }
            | ApplicationEvent::DecisionRoundOpened { .. }
            | ApplicationEvent::JointOutcomeReached { .. }
            | ApplicationEvent::DecisionRoundLapsed { .. }
            | ApplicationEvent::ReconsiderationRequested { .. }
            | ApplicationEvent::ReconsiderationAgreed { .. }
            | ApplicationEvent::ApplicationWithdrawn {} => {}
        }
        if before.is_some()
            && before != after
            && let Some(what) = after.and_then(What::of_status)
        {
            self.note(on, what, of, "");
        }
    }

    fn offer(&mut self, stream: Uuid, on: Date, event: &OfferEvent) {
        let offer = self.offers.entry(stream).or_default();
        offer.apply(event.clone());
        let of = offer.terms().map(|terms| terms.application);
        let what = match event {
            OfferEvent::OfferMade { .. } => What::OfferMade,
            OfferEvent::OfferAccepted {} => What::OfferAccepted,
            OfferEvent::OfferDeclined {} => What::OfferDeclined,
            OfferEvent::OfferLapsed {} => What::OfferLapsed,
            OfferEvent::OfferRescinded { .. } => What::OfferRescinded,
            OfferEvent::OfferReinstated { .. } => What::OfferReinstated,
            OfferEvent::OfferConditionsMet {} => What::ConditionsMet,
            OfferEvent::EmploymentCheckCleared { check, on } => {
                return self.note(*on, What::CheckCleared, of, check);
            }
            OfferEvent::EmploymentCheckNotCleared { check, on } => {
                return self.note(*on, What::CheckNotCleared, of, check);
            }
            // shown where things stand, or with the application or the deferral they follow
            OfferEvent::OfferWithdrawn {}
            | OfferEvent::OfferRouteRederived { .. }
            | OfferEvent::OfferAnswerDue { .. }
            | OfferEvent::OfferConditionsConfirmed { .. }
            | OfferEvent::EmploymentCheckLimited { .. }
            | OfferEvent::OfferDeferred { .. } => return,
        };
        self.note(on, what, of, "");
    }

    /// One party's answer is not shown before the other's.
    fn deferral(&mut self, stream: Uuid, on: Date, event: &DeferralEvent) {
        let deferral = self.deferrals.entry(stream).or_default();
        deferral.apply(event.clone());
        let Some(held) = deferral.held() else { return };
        let of = Some(held.terms.application);
        let what = match (event, held.stage) {
            (DeferralEvent::DeferralRequested { .. }, _) => What::DeferralRequested,
            (_, DeferralStage::Agreed) => What::DeferralAgreed,
            (_, DeferralStage::Refused) => What::DeferralRefused,
            (_, DeferralStage::Requested) => return,
        };
        self.note(on, what, of, "");
    }

    fn training(&mut self, stream: Uuid, on: Date, event: &TrainingEvent) {
        let training = self.trainings.entry(stream).or_default();
        training.apply(event.clone());
        let of = training
            .appointment()
            .map(|appointment| appointment.application);
        match event {
            TrainingEvent::EmploymentNoted { starts, .. } => {
                self.note(*starts, What::EmploymentStarted, of, "");
            }
            TrainingEvent::EmploymentEndNoted { on } => {
                self.note(*on, What::EmploymentEnded, of, "");
            }
            TrainingEvent::EnrolmentNoted { teaching, .. } => {
                self.note(teaching.starts, What::Enrolled, of, "");
            }
            TrainingEvent::TrainingStarted { year, .. } => {
                self.note(year.starts, What::TrainingStarted, of, "");
            }
            TrainingEvent::SupervisorAssigned { supervision, .. } => {
                self.note(supervision.from, What::SupervisorAssigned, of, "");
            }
            TrainingEvent::ThreeWayReviewHeld { on, .. } => {
                self.note(*on, What::ThreeWayReviewHeld, of, "");
            }
            TrainingEvent::PortfolioVerified { .. } => {
                self.note(on, What::PortfolioVerified, of, "");
            }
            TrainingEvent::TrainingExtended { until } => {
                self.note(on, What::TrainingExtended, of, until);
            }
            // hours, supervision and caseload are read with GetTraining and ListPracticeEntries
            _ => {}
        }
    }

    /// Shown once, by whichever record shows it first.
    fn result(&mut self, on: Date, appointment: &Appointment, result: ReleasedResult) {
        let of = appointment.application;
        if self.results.insert(of, result) != Some(result) {
            let (what, detail) = What::of_result(result);
            self.note(on, what, Some(of), detail);
        }
    }

    fn qualification(&mut self, stream: Uuid, on: Date, event: &QualificationEvent) {
        let qualification = self.qualifications.entry(stream).or_default();
        qualification.apply(event.clone());
        let of = qualification
            .appointment()
            .map(|appointment| appointment.application);
        match event {
            QualificationEvent::ResultReleased {
                appointment,
                result,
            } => self.result(on, appointment, *result),
            QualificationEvent::QualificationAwarded { award, .. } => {
                self.note(award.awarded, What::Qualified, of, &award.qualification);
            }
            QualificationEvent::ResultSuperseded { .. } => {
                self.note(on, What::ResultSetAside, of, "");
            }
            QualificationEvent::ResultRedated { board, .. } => {
                self.note(on, What::BoardRedated, of, board);
            }
            QualificationEvent::RegisterEntryRecorded { entry } => {
                self.note(entry.from, What::Registered, of, &entry.register);
            }
            QualificationEvent::RegisterStatusRecorded { listing } => {
                self.note(listing.from, What::RegisterListing, of, listing.status);
            }
            QualificationEvent::ResultHandedOver { .. }
            | QualificationEvent::ResultTakenOver { .. }
            | QualificationEvent::RegisteredPracticeNoted { .. } => {}
        }
    }

    fn appeal(&mut self, stream: Uuid, event: &AppealEvent) {
        let appeal = self.appeals.entry(stream).or_default();
        appeal.apply(event.clone());
        let of = appeal.terms().map(|terms| terms.appointment.application);
        let (on, what) = match event {
            AppealEvent::AppealLodged { terms } => (terms.lodged, What::AppealLodged),
            AppealEvent::AppealDecided { decision } if decision.upheld => {
                (decision.on, What::AppealUpheld)
            }
            AppealEvent::AppealDecided { decision } => (decision.on, What::AppealDismissed),
            AppealEvent::AppealProceduresCompleted { letter } => {
                (letter.on, What::AppealProceduresCompleted)
            }
        };
        self.note(on, what, of, "");
    }

    fn preceptorship(&mut self, stream: Uuid, on: Date, event: &PreceptorshipEvent) {
        let preceptorship = self.preceptorships.entry(stream).or_default();
        preceptorship.apply(event.clone());
        let of = (preceptorship.held()).map(|held| held.appointment.application);
        match event {
            PreceptorshipEvent::PreceptorshipStarted { .. } => {
                self.note(on, What::PreceptorshipStarted, of, "");
            }
            PreceptorshipEvent::ConsolidationClockStarted { consolidation } => {
                let (from, until) = (consolidation.from, consolidation.until);
                self.note(from, What::ConsolidationStarted, of, until);
            }
            PreceptorshipEvent::ConsolidationClockPaused { on } => {
                self.note(*on, What::ConsolidationPaused, of, "");
            }
            PreceptorshipEvent::ConsolidationClockResumed { on } => {
                self.note(*on, What::ConsolidationResumed, of, "");
            }
            PreceptorshipEvent::ConsolidationClockStopped { on } => {
                self.note(*on, What::ConsolidationStopped, of, "");
            }
            PreceptorshipEvent::PreceptorshipCompleted { on } => {
                self.note(*on, What::PreceptorshipCompleted, of, "");
            }
            // single sessions and hours are between practitioner, preceptor and university
            _ => {}
        }
    }

    fn funding_lock(&mut self, on: Date, event: &FundingLockEvent) {
        self.lock.apply(event.clone());
        match event {
            FundingLockEvent::ProvisionalFundingLockStarted {
                application, lock, ..
            } => {
                // the order in which both sides' facts arrive does not move it
                let on = lock.training_start;
                self.note(on, What::LockExpected, Some(*application), lock.until);
            }
            FundingLockEvent::FundingLockStarted {
                application, lock, ..
            } => self.note(on, What::LockFixed, Some(*application), lock.until),
            FundingLockEvent::LockExemptionGranted { .. } => {
                self.note(on, What::LockExempted, None, "");
            }
            FundingLockEvent::LockDisclosureConsented { to, .. } => {
                self.note(on, What::LockDisclosed, None, to);
            }
            // the places themselves are shown
            FundingLockEvent::LockReliedOn { .. }
            | FundingLockEvent::LockedTrainingRefused { .. }
            | FundingLockEvent::LockRelianceQuestioned { .. } => {}
        }
    }

    fn place(&mut self, on: Date, event: &TrainingPlaceEvent) {
        match event {
            TrainingPlaceEvent::TrainingPlaceAccepted { place } => {
                self.note(on, What::PlaceAccepted, None, place.question.teaching_start);
            }
            TrainingPlaceEvent::TrainingPlaceRefused { place, .. } => {
                self.note(on, What::PlaceRefused, None, place.question.teaching_start);
            }
            TrainingPlaceEvent::TrainingPlaceQuestioned { .. } => {
                self.note(on, What::PlaceQuestioned, None, "");
            }
        }
    }
}

#[cfg(test)]
mod tests;
