//! Every aggregate once, in the order of life; from this list come the decoder of stored events
//! and every walk over all aggregates.

use cqrs_es::Aggregate as _;
use serde::Deserializer;
use strum::VariantNames as _;

use crate::{
    upcast::{is_current, upcast},
    world::Decider,
};

/// Something done for every aggregate type.
pub trait Visit {
    /// Called once per type.
    fn visit<A: Decider>(&mut self);
}

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident: $module:ident::$state:ident => $event:ident,)*) => {
        /// A stored event of any aggregate, typed.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Fact { $($(#[$doc])* $name(crate::$module::$event),)* }

        impl Fact {
            /// Decodes a stored event of `kind` (the aggregate type), already at its current
            /// version; `None` for a kind this release does not know.
            ///
            /// # Errors
            /// When the payload is not an event of that kind.
            pub fn decode<'de, D: Deserializer<'de>>(
                kind: &str,
                payload: D,
            ) -> Result<Option<Self>, D::Error> {
                Ok(Some(match kind {
                    $(crate::$module::$state::TYPE => {
                        Self::$name(serde::Deserialize::deserialize(payload)?)
                    })*
                    _ => return Ok(None),
                }))
            }
        }

        /// The resource collection of an aggregate type: `vacancies` for `vacancy`.
        pub fn collection(kind: &str) -> Option<&'static str> {
            Some(match kind {
                $(crate::$module::$state::TYPE => crate::$module::$state::COLLECTION,)*
                _ => return None,
            })
        }

        /// The aggregate type of a resource collection: `vacancy` for `vacancies`.
        pub fn kind_of(collection: &str) -> Option<&'static str> {
            $(if collection == crate::$module::$state::COLLECTION {
                return Some(crate::$module::$state::TYPE);
            })*
            None
        }

        /// Every event type of an aggregate type; empty for a kind this release does not know.
        pub fn event_types(kind: &str) -> &'static [&'static str] {
            match kind {
                $(crate::$module::$state::TYPE => crate::$module::$event::VARIANTS,)*
                _ => &[],
            }
        }

        /// Visits every aggregate type, in the order of life.
        pub fn aggregates(visitor: &mut impl Visit) {
            $(visitor.visit::<crate::$module::$state>();)*
        }
    };
}

impl Fact {
    /// Decodes a stored event of any version from its text: straight into its type when the
    /// version is the current one, through a tree only when it has to be upcast.
    ///
    /// # Errors
    /// In words, what this release cannot read about it.
    pub fn read(
        kind: &str,
        event_type: &str,
        event_version: &str,
        payload: &str,
    ) -> Result<Self, String> {
        let words = |error| format!("{event_type} does not decode: {error}");
        let decoded = if is_current(event_type, event_version) {
            let mut text = serde_json::Deserializer::from_str(payload);
            Self::decode(kind, &mut text).and_then(|fact| {
                // The text of an unknown kind has not been read.
                fact.map(|fact| text.end().map(|()| fact)).transpose()
            })
        } else {
            let old = serde_json::from_str(payload).map_err(words)?;
            let current = upcast(event_type, event_version, old).ok_or_else(|| {
                format!("no way from version {event_version} of {event_type} to the current one")
            })?;
            Self::decode(kind, current)
        };
        decoded
            .map_err(words)?
            .ok_or_else(|| format!("{kind} is of an unknown kind"))
    }
}

facts! {
    /// The policy register.
    Policy: policy::PolicyRegister => PolicyEvent,
    /// A question about policy.
    PolicyQuestion: policy::PolicyQuestion => PolicyQuestionEvent,
    /// A commissioner's counts of the workforce.
    Workforce: workforce::WorkforceStock => WorkforceStockEvent,
    /// A tenant's entry in the directory.
    Tenant: directory::Tenant => TenantEvent,
    /// A clinical service.
    ClinicalService: directory::ClinicalService => ClinicalServiceEvent,
    /// A supervisor.
    Supervisor: directory::Supervisor => SupervisorEvent,
    /// A partner's agreement about a supervisor.
    SupervisionAgreement: supervision_agreement::SupervisionAgreement => SupervisionAgreementEvent,
    /// A module.
    Module: curriculum::Module => ModuleEvent,
    /// A curriculum of a university.
    Curriculum: curriculum::Curriculum => CurriculumEvent,
    /// A role's programme.
    Programme: programme::Programme => ProgrammeEvent,
    /// An intake.
    Intake: programme::Intake => IntakeEvent,
    /// An allocation.
    Allocation: allocation::Allocation => AllocationEvent,
    /// A commitment.
    Commitment: commitment::Commitment => CommitmentEvent,
    /// The posts of a clinical service.
    Establishment: commitment::Establishment => EstablishmentEvent,
    /// An employer's broken promises.
    BreachRegister: commitment::BreachRegister => BreachRegisterEvent,
    /// A partnership.
    Partnership: partnership::Partnership => PartnershipEvent,
    /// A vacancy.
    Vacancy: vacancy::Vacancy => VacancyEvent,
    /// A person's declarations for monitoring.
    Monitoring: monitoring::Monitoring => MonitoringEvent,
    /// What was published of them.
    EdiReleases: edi::EdiReleases => EdiEvent,
    /// An application.
    Application: application::Application => ApplicationEvent,
    /// Which records are one human.
    Identity: identity::Identity => IdentityEvent,
    /// What a person has applied for.
    Candidacy: candidacy::Candidacy => CandidacyEvent,
    /// A party's sealed shortlist and decisions.
    Seal: decision_round::Seal => SealEvent,
    /// The referee of an application.
    Referee: decision_round::Referee => RefereeEvent,
    /// Joint outcomes of an intake, counted.
    SelectionTally: tally::SelectionTally => TallyEvent,
    /// An offer.
    Offer: offer::Offer => OfferEvent,
    /// The posts of a vacancy and who waits for one.
    ReserveList: reserve::ReserveList => ReserveEvent,
    /// A person's acceptance.
    Acceptance: offer::Acceptance => AcceptanceEvent,
    /// A candidate put forward elsewhere.
    Referral: referral::Referral => ReferralEvent,
    /// The deferral of an offer.
    Deferral: deferral::Deferral => DeferralEvent,
    /// A funding award.
    FundingAward: funding::FundingAward => FundingAwardEvent,
    /// A commissioner's money for a year.
    Envelope: funding::Envelope => EnvelopeEvent,
    /// A payee permitted beside policy.
    PayeeException: funding::PayeeException => PayeeExceptionEvent,
    /// What is to be stated to a payee.
    PayeeAccount: funding::PayeeAccount => PayeeAccountEvent,
    /// A closed statement.
    FundingStatement: funding::FundingStatement => FundingStatementEvent,
    /// An invoice for course fees.
    TuitionInvoice: funding::TuitionInvoice => TuitionInvoiceEvent,
    /// What an employer spends itself.
    EmployerCosts: funding::EmployerCosts => EmployerCostsEvent,
    /// A person's funding lock.
    FundingLock: funding::FundingLock => FundingLockEvent,
    /// A place in another training.
    TrainingPlace: funding::TrainingPlace => TrainingPlaceEvent,
    /// An answered question about a lock.
    FundingLockCheck: funding::FundingLockCheck => FundingLockCheckEvent,
    /// An enrolment.
    Enrolment: enrolment::Enrolment => EnrolmentEvent,
    /// An employment.
    Employment: employment::Employment => EmploymentEvent,
    /// A claim of prior learning.
    PriorLearning: prior_learning::PriorLearning => PriorLearningEvent,
    /// The additional posts of an employer.
    ExpansionPosts: expansion_post::ExpansionPosts => ExpansionPostsEvent,
    /// A training.
    Training: training::Training => TrainingEvent,
    /// A cluster of trainees.
    Cluster: cluster::Cluster => ClusterEvent,
    /// The standing board of a role's programme.
    ExamBoard: board::ExamBoard => ExamBoardEvent,
    /// A supervisor's load.
    SupervisorLoad: supervision::SupervisorLoad => SupervisorLoadEvent,
    /// What a commissioner learns of gaps in supervision.
    SupervisionNotice: supervision::SupervisionNotice => SupervisionNoticeEvent,
    /// A university's course for a supervisor.
    SupervisorCourse: supervision::SupervisorCourse => SupervisorCourseEvent,
    /// Named contacts at the sites of a clinical service.
    SiteContacts: supervision::SiteContacts => SiteContactsEvent,
    /// A concern about somebody's role.
    RoleConcern: concern::RoleConcern => RoleConcernEvent,
    /// A concern as a network counts it.
    ConcernNotice: concern::ConcernNotice => ConcernNoticeEvent,
    /// A transfer of a clinical service.
    ServiceTransfer: transfer::ServiceTransfer => ServiceTransferEvent,
    /// A fitness-to-practise case.
    FitnessCase: fitness::FitnessCase => FitnessCaseEvent,
    /// A withdrawal from a training.
    Withdrawal: withdrawal::Withdrawal => WithdrawalEvent,
    /// A board sitting.
    BoardSitting: board::BoardSitting => BoardSittingEvent,
    /// An appeal against an outcome.
    Appeal: appeal::Appeal => AppealEvent,
    /// Marks before the board.
    MarkSheet: marks::MarkSheet => MarkSheetEvent,
    /// A claim of extenuating circumstances.
    CircumstancesClaim: circumstances::CircumstancesClaim => CircumstancesClaimEvent,
    /// A result as shown to the trainee first.
    TraineeResult: qualification::TraineeResult => TraineeResultEvent,
    /// A qualification.
    Qualification: qualification::Qualification => QualificationEvent,
    /// A plan towards the qualified post.
    TransitionPlan: transition::TransitionPlan => TransitionPlanEvent,
    /// A preceptorship.
    Preceptorship: preceptorship::Preceptorship => PreceptorshipEvent,
    /// What one controller does about one person's request to erase.
    Erasure: erasure::Erasure => ErasureEvent,
    /// An auditor's dispute.
    Dispute: dispute::Dispute => DisputeEvent,
    /// A dispute as a commissioner counts it.
    DisputeNotice: dispute::DisputeNotice => DisputeNoticeEvent,
    /// A community of practice.
    Community: community::Community => CommunityEvent,
    /// One person's membership of one community.
    Membership: community::Membership => MembershipEvent,
    /// A piece of feedback.
    Feedback: community::Feedback => FeedbackEvent,
    /// A network's own record.
    Network: network::Network => NetworkEvent,
    /// The people of an organisation and their roles.
    Staff: staff::Staff => StaffEvent,
    /// What was opened to whom for a while.
    BreakGlass: break_glass::BreakGlass => BreakGlassEvent,
    /// What a network counts of its region.
    RegionNotice: network::RegionNotice => RegionNoticeEvent,
    /// A clinical service's outcomes of one month.
    OutcomeReport: outcome::OutcomeReport => OutcomeEvent,
    /// An extract for the evaluation.
    Extract: extract::Extract => ExtractEvent,
    /// A qualified post as it is worked.
    QualifiedPractice: qualified_practice::QualifiedPractice => QualifiedPracticeEvent,
    /// A practitioner's record with the reimbursement scheme.
    ArrsDeployment: arrs::ArrsDeployment => ArrsDeploymentEvent,
    /// What became of somebody who trained.
    Progression: progression::Progression => ProgressionEvent,
}
