//! What a view keeps of one record: the small, impersonal part of what its events say.
//!
//! A tenant's feed carries only what that tenant may see, so one fold serves every view; the views
//! differ in the figures they draw from it. A record may be seen from its middle on (a university
//! joins an allocation when it is proposed), so nothing here insists on a first event. Every event
//! of every aggregate has its place, and a new one does not compile until it has.

mod board;
mod clusters;
mod commitment;
pub(crate) mod concerns;
pub(crate) mod courses;
mod expansion;
mod funnel;
pub(crate) mod gaps;
mod money;
mod network;
mod places;
mod progress;
mod qualification;
mod qualified;
mod question;
mod selection;
mod service;
mod training;
pub(crate) mod year;

use domain::fact::Fact;
use ledger::view::Noted;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use board::*;
pub(crate) use clusters::accounts;
pub use clusters::*;
pub use commitment::*;
pub use concerns::{ConcernRecord, CountedRecord};
pub use courses::CourseRecord;
pub use expansion::*;
pub use gaps::{Gaps, NoticeRecord};
pub use money::*;
pub(crate) use network::mean_ratings;
pub use network::*;
pub use places::*;
pub(crate) use progress::progress;
pub use progress::*;
pub use qualification::*;
pub(crate) use qualified::late;
pub use qualified::*;
pub use question::*;
pub use selection::*;
pub use service::*;
pub use training::*;
pub use year::*;

pub(crate) use qualification::{completions, opened_for, unregistered};

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident($kept:ty): $fact:pat => $event:ident,)*) => {
        /// One stream as a view keeps it.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Record {
            /// Nothing a view shows.
            #[default]
            Unseen,
            $($(#[$doc])* $name($kept),)*
        }

        impl Record {
            /// Takes an event in.
            pub fn note(&mut self, noted: &Noted, fact: &Fact) {
                match fact {
                    $($fact => {
                        if !matches!(self, Self::$name(_)) {
                            *self = Self::$name(<$kept>::default());
                        }
                        if let Self::$name(kept) = self {
                            kept.note(noted, $event);
                        }
                    })*
                    // Nothing to show: reference data, and what only one side or nobody may see.
                    Fact::Policy(_)
                    | Fact::Workforce(_)
                    | Fact::Tenant(_)
                    | Fact::Supervisor(_)
                    | Fact::SupervisionAgreement(_)
                    | Fact::Module(_)
                    | Fact::Curriculum(_)
                    | Fact::PriorLearning(_)
                    | Fact::SupervisorLoad(_)
                    | Fact::SiteContacts(_)
                    | Fact::Seal(_)
                    | Fact::Referee(_)
                    | Fact::Acceptance(_)
                    | Fact::Candidacy(_)
                    | Fact::SelectionTally(_)
                    | Fact::Monitoring(_)
                    | Fact::EdiReleases(_)
                    | Fact::Referral(_)
                    | Fact::Deferral(_)
                    | Fact::FundingLockCheck(_)
                    | Fact::MarkSheet(_)
                    | Fact::CircumstancesClaim(_)
                    | Fact::TraineeResult(_)
                    | Fact::BoardSitting(_)
                    | Fact::PayeeException(_)
                    | Fact::PayeeAccount(_)
                    | Fact::Erasure(_)
                    | Fact::Staff(_)
                    | Fact::BreakGlass(_)
                    | Fact::Extract(_) => {}
                }
            }

            /// The application whose thread the record belongs to: a trainee's whole life.
            pub fn thread(&self) -> Option<Uuid> {
                match self {
                    Self::Unseen => None,
                    $(Self::$name(kept) => kept.thread(),)*
                }
            }
        }
    };
}

records! {
    /// A question about policy.
    Question(QuestionRecord): Fact::PolicyQuestion(event) => event,
    /// A clinical service.
    Service(ServiceRecord): Fact::ClinicalService(event) => event,
    /// A role's programme.
    Programme(ProgrammeRecord): Fact::Programme(event) => event,
    /// An intake.
    Intake(IntakeRecord): Fact::Intake(event) => event,
    /// An allocation.
    Allocation(AllocationRecord): Fact::Allocation(event) => event,
    /// A commitment.
    Commitment(CommitmentRecord): Fact::Commitment(event) => event,
    /// An employer's broken promises.
    Breaches(BreachesRecord): Fact::BreachRegister(event) => event,
    /// A partnership.
    Partnership(PartnershipRecord): Fact::Partnership(event) => event,
    /// A vacancy.
    Vacancy(VacancyRecord): Fact::Vacancy(event) => event,
    /// An application.
    Application(ApplicationRecord): Fact::Application(event) => event,
    /// An offer.
    Offer(OfferRecord): Fact::Offer(event) => event,
    /// The posts of a vacancy.
    Posts(PostsRecord): Fact::ReserveList(event) => event,
    /// A funding award.
    Award(AwardRecord): Fact::FundingAward(event) => event,
    /// A closed statement.
    Statement(StatementRecord): Fact::FundingStatement(event) => event,
    /// A commissioner's money for a year.
    Envelope(EnvelopeRecord): Fact::Envelope(event) => event,
    /// An invoice for course fees.
    Invoice(InvoiceRecord): Fact::TuitionInvoice(event) => event,
    /// What an employer spends itself.
    Costs(CostsRecord): Fact::EmployerCosts(event) => event,
    /// The posts of a clinical service.
    Establishment(EstablishmentRecord): Fact::Establishment(event) => event,
    /// A person's funding locks.
    Lock(LockRecord): Fact::FundingLock(event) => event,
    /// A place in another training.
    TrainingPlace(TrainingPlaceRecord): Fact::TrainingPlace(event) => event,
    /// An enrolment.
    Enrolment(EnrolmentRecord): Fact::Enrolment(event) => event,
    /// An employment in the trainee post.
    Employment(EmploymentRecord): Fact::Employment(event) => event,
    /// A cluster of trainees.
    Cluster(ClusterRecord): Fact::Cluster(event) => event,
    /// Additional posts.
    Expansion(ExpansionRecord): Fact::ExpansionPosts(event) => event,
    /// A training year.
    Training(TrainingRecord): Fact::Training(event) => event,
    /// The standing board of a role's programme.
    ExamBoard(ExamBoardRecord): Fact::ExamBoard(event) => event,
    /// An appeal against an outcome.
    Appeal(AppealRecord): Fact::Appeal(event) => event,
    /// A supervisor's course.
    Course(CourseRecord): Fact::SupervisorCourse(event) => event,
    /// A concern about a role.
    Concern(ConcernRecord): Fact::RoleConcern(event) => event,
    /// A concern a network counts.
    Counted(CountedRecord): Fact::ConcernNotice(event) => event,
    /// Gaps in supervision, without a name.
    Notice(NoticeRecord): Fact::SupervisionNotice(event) => event,
    /// Released results.
    Qualification(QualificationRecord): Fact::Qualification(event) => event,
    /// A plan towards the qualified post.
    TransitionPlan(TransitionPlanRecord): Fact::TransitionPlan(event) => event,
    /// A preceptorship.
    Preceptorship(PreceptorshipRecord): Fact::Preceptorship(event) => event,
    /// A community of practice.
    Community(CommunityRecord): Fact::Community(event) => event,
    /// One person's membership.
    Membership(MembershipRecord): Fact::Membership(event) => event,
    /// A piece of feedback.
    Feedback(FeedbackRecord): Fact::Feedback(event) => event,
    /// A network's own record.
    Network(NetworkRecord): Fact::Network(event) => event,
    /// A clinical service's outcomes of one month.
    Outcome(OutcomeRecord): Fact::OutcomeReport(event) => event,
    /// A qualified post as it is worked.
    QualifiedPractice(QualifiedPracticeRecord): Fact::QualifiedPractice(event) => event,
    /// A practitioner's record with the reimbursement scheme.
    ArrsDeployment(ArrsDeploymentRecord): Fact::ArrsDeployment(event) => event,
    /// What became of somebody who trained.
    Progression(ProgressionRecord): Fact::Progression(event) => event,
}

/// How a kept record takes its events in.
trait Keep<E> {
    /// Takes one in.
    fn note(&mut self, noted: &Noted, event: &E);
    /// The application whose thread it belongs to.
    fn thread(&self) -> Option<Uuid> {
        None
    }
}
