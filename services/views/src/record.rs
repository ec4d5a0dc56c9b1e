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
pub(crate) mod disputes;
mod expansion;
mod funnel;
pub(crate) mod gaps;
mod money;
mod network;
pub(crate) mod openings;
mod places;
mod progress;
mod qualification;
mod qualified;
mod question;
mod region;
mod selection;
mod service;
mod training;
mod training_course;
mod transfer;
pub(crate) mod year;

use domain::{fact::Fact, world::Decider as _};
use ledger::view::Noted;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use board::*;
pub(crate) use clusters::accounts;
pub use clusters::*;
pub use commitment::*;
pub use concerns::{ConcernRecord, CountedRecord};
pub use courses::CourseRecord;
pub use disputes::{DisputeRecord, ToldDispute};
pub use expansion::*;
pub use gaps::{Gaps, NoticeRecord};
pub use money::*;
pub(crate) use network::mean_ratings;
pub use network::*;
pub use openings::OpeningsRecord;
pub use places::*;
pub use progress::*;
pub(crate) use progress::{PEOPLE, PROGRESS, PROGRESSED, progress, shares_as_shown};
pub use qualification::*;
pub use qualified::*;
pub(crate) use qualified::{REACHED, STILL_IN_POST, late, retention};
pub use question::*;
pub use region::RegionRecord;
pub(crate) use region::{FIDELITY, REGION, fidelity_of_roles};
pub use selection::*;
pub use service::*;
pub use training::*;
pub use training_course::*;
pub use transfer::*;
pub use year::*;

pub(crate) use qualification::{COMPLETED_BY_VACANCY, completions, opened_for, unregistered};

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident($kept:ty) of $module:ident::$state:ident: $fact:pat => $event:ident,)*) => {
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
                    | Fact::Identity(_)
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
                    | Fact::FitnessCase(_)
                    | Fact::Extract(_) => {}
                }
            }

            /// The resource collection of the record; nothing for one that is not shown.
            pub fn collection(&self) -> Option<&'static str> {
                match self {
                    Self::Unseen => None,
                    $(Self::$name(_) => Some(domain::$module::$state::COLLECTION),)*
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

impl AsRef<Self> for Record {
    fn as_ref(&self) -> &Self {
        self
    }
}

records! {
    /// A question about policy.
    Question(QuestionRecord) of policy::PolicyQuestion: Fact::PolicyQuestion(event) => event,
    /// A clinical service.
    Service(ServiceRecord) of directory::ClinicalService: Fact::ClinicalService(event) => event,
    /// A role's programme.
    Programme(ProgrammeRecord) of programme::Programme: Fact::Programme(event) => event,
    /// An intake.
    Intake(IntakeRecord) of programme::Intake: Fact::Intake(event) => event,
    /// An allocation.
    Allocation(AllocationRecord) of allocation::Allocation: Fact::Allocation(event) => event,
    /// A commitment.
    Commitment(CommitmentRecord) of commitment::Commitment: Fact::Commitment(event) => event,
    /// An employer's broken promises.
    Breaches(BreachesRecord) of commitment::BreachRegister: Fact::BreachRegister(event) => event,
    /// A partnership.
    Partnership(PartnershipRecord) of partnership::Partnership: Fact::Partnership(event) => event,
    /// A vacancy.
    Vacancy(VacancyRecord) of vacancy::Vacancy: Fact::Vacancy(event) => event,
    /// An application.
    Application(ApplicationRecord) of application::Application: Fact::Application(event) => event,
    /// An offer.
    Offer(OfferRecord) of offer::Offer: Fact::Offer(event) => event,
    /// The posts of a vacancy.
    Posts(PostsRecord) of reserve::ReserveList: Fact::ReserveList(event) => event,
    /// A funding award.
    Award(AwardRecord) of funding::FundingAward: Fact::FundingAward(event) => event,
    /// A closed statement.
    Statement(StatementRecord) of funding::FundingStatement: Fact::FundingStatement(event) => event,
    /// A commissioner's money for a year.
    Envelope(EnvelopeRecord) of funding::Envelope: Fact::Envelope(event) => event,
    /// An invoice for course fees.
    Invoice(InvoiceRecord) of funding::TuitionInvoice: Fact::TuitionInvoice(event) => event,
    /// What an employer spends itself.
    Costs(CostsRecord) of funding::EmployerCosts: Fact::EmployerCosts(event) => event,
    /// The posts of a clinical service.
    Establishment(EstablishmentRecord) of commitment::Establishment: Fact::Establishment(event) => event,
    /// A person's funding locks.
    Lock(LockRecord) of funding::FundingLock: Fact::FundingLock(event) => event,
    /// A place in another training.
    TrainingPlace(TrainingPlaceRecord) of funding::TrainingPlace: Fact::TrainingPlace(event) => event,
    /// An enrolment.
    Enrolment(EnrolmentRecord) of enrolment::Enrolment: Fact::Enrolment(event) => event,
    /// An employment in the trainee post.
    Employment(EmploymentRecord) of employment::Employment: Fact::Employment(event) => event,
    /// A cluster of trainees.
    Cluster(ClusterRecord) of cluster::Cluster: Fact::Cluster(event) => event,
    /// Additional posts.
    Expansion(ExpansionRecord) of expansion_post::ExpansionPosts: Fact::ExpansionPosts(event) => event,
    /// A training year.
    Training(TrainingRecord) of training::Training: Fact::Training(event) => event,
    /// The standing board of a role's programme.
    ExamBoard(ExamBoardRecord) of board::ExamBoard: Fact::ExamBoard(event) => event,
    /// An appeal against an outcome.
    Appeal(AppealRecord) of appeal::Appeal: Fact::Appeal(event) => event,
    /// A supervisor's course.
    Course(CourseRecord) of supervision::SupervisorCourse: Fact::SupervisorCourse(event) => event,
    /// A concern about a role.
    Concern(ConcernRecord) of concern::RoleConcern: Fact::RoleConcern(event) => event,
    /// A concern a network counts.
    Counted(CountedRecord) of concern::ConcernNotice: Fact::ConcernNotice(event) => event,
    /// An auditor's dispute.
    Dispute(DisputeRecord) of dispute::Dispute: Fact::Dispute(event) => event,
    /// A dispute a commissioner counts.
    DisputeNotice(ToldDispute) of dispute::DisputeNotice: Fact::DisputeNotice(event) => event,
    /// Gaps in supervision, without a name.
    Notice(NoticeRecord) of supervision::SupervisionNotice: Fact::SupervisionNotice(event) => event,
    /// A transfer of a clinical service.
    Transfer(TransferRecord) of transfer::ServiceTransfer: Fact::ServiceTransfer(event) => event,
    /// A withdrawal from a training.
    Withdrawal(WithdrawalRecord) of withdrawal::Withdrawal: Fact::Withdrawal(event) => event,
    /// Released results.
    Qualification(QualificationRecord) of qualification::Qualification: Fact::Qualification(event) => event,
    /// A plan towards the qualified post.
    TransitionPlan(TransitionPlanRecord) of transition::TransitionPlan: Fact::TransitionPlan(event) => event,
    /// A preceptorship.
    Preceptorship(PreceptorshipRecord) of preceptorship::Preceptorship: Fact::Preceptorship(event) => event,
    /// A community of practice.
    Community(CommunityRecord) of community::Community: Fact::Community(event) => event,
    /// One person's membership.
    Membership(MembershipRecord) of community::Membership: Fact::Membership(event) => event,
    /// A piece of feedback.
    Feedback(FeedbackRecord) of community::Feedback: Fact::Feedback(event) => event,
    /// A network's own record.
    Network(NetworkRecord) of network::Network: Fact::Network(event) => event,
    /// What a network counts of its region.
    Region(RegionRecord) of network::RegionNotice: Fact::RegionNotice(event) => event,
    /// A clinical service's outcomes of one month.
    Outcome(OutcomeRecord) of outcome::OutcomeReport: Fact::OutcomeReport(event) => event,
    /// A qualified post as it is worked.
    QualifiedPractice(QualifiedPracticeRecord) of qualified_practice::QualifiedPractice: Fact::QualifiedPractice(event) => event,
    /// A practitioner's record with the reimbursement scheme.
    ArrsDeployment(ArrsDeploymentRecord) of arrs::ArrsDeployment: Fact::ArrsDeployment(event) => event,
    /// What became of somebody who trained.
    Progression(ProgressionRecord) of progression::Progression: Fact::Progression(event) => event,
    /// What was opened under break-glass.
    Openings(OpeningsRecord) of break_glass::BreakGlass: Fact::BreakGlass(event) => event,
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
