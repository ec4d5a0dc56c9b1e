//! The class of every event, and what an event does to the view of those who see it.

use cqrs_es::Aggregate as _;

use super::{DataClass, Extent, Surface};
use crate::{
    actor::{Actor, TenantKind},
    fact::Fact,
};

/// What kind of thing an event says of its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Content: whoever may know the status only sees that it happened.
    Content,
    /// No more than a status: whoever may know that sees all of it.
    Status,
    /// That a training goes on with another employer: content of its class, and known to everybody
    /// who knows of the training, or a successor's people would not hear of what is theirs now.
    Arrival,
}

/// The class of an event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classified {
    /// The class.
    pub class: DataClass,
    /// What the event says of it.
    pub says: Says,
}

impl Classified {
    /// How much of the event `reader` sees there.
    pub const fn extent(self, reader: &Actor, surface: Surface) -> Extent {
        let class = self.class.of_side(reader.kind);
        match (class.extent(reader.role, surface), self.says) {
            (Extent::Status, Says::Status) => Extent::Shown,
            (Extent::Nothing, Says::Arrival)
                if matches!(
                    DataClass::Training.extent(reader.role, surface),
                    Extent::Status | Extent::Shown
                ) =>
            {
                Extent::Status
            }
            (extent, _) => extent,
        }
    }
}

macro_rules! says {
    () => {
        Says::Content
    };
    (status) => {
        Says::Status
    };
    (arrival) => {
        Says::Arrival
    };
}

macro_rules! classes {
    ($($name:ident: $module:ident::$state:ident => $event:ident {
        $($class:ident $(($says:ident))?: $($variant:ident)|+,)+
    })+) => {
        /// The class of an event by its aggregate type and event type; `None` for what this release
        /// does not know.
        pub fn classify(kind: &str, event_type: &str) -> Option<Classified> {
            let (class, says) = match kind {
                $(crate::$module::$state::TYPE => match event_type {
                    $($(stringify!($variant))|+ => (DataClass::$class, says!($($says)?)),)+
                    _ => return None,
                },)+
                _ => return None,
            };
            Some(Classified { class, says })
        }

        /// The same of a typed event. Here a new event without a class does not compile.
        pub fn class_of(fact: &Fact) -> Classified {
            use Fact as F;
            let (class, says) = match fact {
                $($($(F::$name(crate::$module::$event::$variant { .. }))|+ => {
                    (DataClass::$class, says!($($says)?))
                })+)+
            };
            Classified { class, says }
        }
    };
}

classes! {
    Policy: policy::PolicyRegister => PolicyEvent {
        Policy: PolicySet,
    }
    PolicyQuestion: policy::PolicyQuestion => PolicyQuestionEvent {
        PolicyQuestion: PolicyQuestionAsked | PolicyQuestionAnswered,
    }
    Workforce: workforce::WorkforceStock => WorkforceStockEvent {
        Workforce: WorkforceCounted | WorkforceCountCorrected,
    }
    Tenant: directory::Tenant => TenantEvent {
        Directory: TenantRegistered | TenantSucceeded | IdentifierLookedUp,
    }
    ClinicalService: directory::ClinicalService => ClinicalServiceEvent {
        Directory: ClinicalServiceOpened | SiteAdded | SiteChanged | SiteFlagged | SiteFlagLifted
            | ClinicalServiceRemodelled | ClinicalServiceRetendered | ServiceSpecificationRecorded
            | ProfessionalLeadNamed | ProfessionalLeadEnded | ClinicalServiceClosed,
        Training: PersonPlaced | PersonLeft | PlacementFlagged | PlacementFlagLifted,
    }
    Supervisor: directory::Supervisor => SupervisorEvent {
        Supervisor: SupervisorRecorded | SupervisorRegistrationRecorded | RegisterCheckRecorded
            | RegisterCheckCorrected,
    }
    SupervisionAgreement: supervision_agreement::SupervisionAgreement => SupervisionAgreementEvent {
        Supervisor: SupervisionAgreed | SupervisionAgreementEnded,
    }
    Module: curriculum::Module => ModuleEvent {
        Programme: ModuleDefined,
    }
    Curriculum: curriculum::Curriculum => CurriculumEvent {
        Programme: CurriculumApproved,
    }
    Programme: programme::Programme => ProgrammeEvent {
        Programme: ProgrammeOpened | MilestoneReached | ProviderContracted,
    }
    Intake: programme::Intake => IntakeEvent {
        Programme: IntakePlanned | CurriculumMigrated,
        Allocation: PlacesReserved | PlacesReturned | WaitlistJoined | WaitlistLeft
            | AllocationRoundClosed | SpareCapacityReallocated,
    }
    Allocation: allocation::Allocation => AllocationEvent {
        Commitment: InterestRegistered | DemandDivided | SupervisorEligibilityChecked
            | ReadinessDeclared | ClusterOverrideRequested | ClusterOverrideSupported
            | ClusterOverrideGranted | PilotSitesOffered,
        Allocation: AllocationWaitlisted | AllocationUnlisted | AllocationProposed
            | AllocationConfirmed | AllocationDeclined | PlacesSplit | PlacesGivenUp
            | PlacesTakenOver | PlacesAdvertised | PlacesHandedBack | PlaceFilled | PlaceVacated,
    }
    Commitment: commitment::Commitment => CommitmentEvent {
        Commitment: CommitmentGiven | CommitmentDue | CommitmentRedated | QualifiedPostEvidenced | CommitmentDischarged
            | CompletionExpected | CommitmentOverdue | MitigationOffered | GraceGranted
            | PostNotMaintained | CommitmentBreached | CommitmentMaintained | CommitmentLapsed
            | CommitmentTransferred | CommitmentTakenOver,
    }
    Establishment: commitment::Establishment => EstablishmentEvent {
        Commitment: PostsChanged,
    }
    BreachRegister: commitment::BreachRegister => BreachRegisterEvent {
        Commitment: BreachNoted | BreachSettled,
    }
    Partnership: partnership::Partnership => PartnershipEvent {
        Partnership: PartnershipProposed | PartnershipSigned | RouteBalanceProposed
            | RouteBalanceAgreed,
    }
    Vacancy: vacancy::Vacancy => VacancyEvent {
        Partnership: VacancyOpened | VacancyClosed,
    }
    Monitoring: monitoring::Monitoring => MonitoringEvent {
        EqualityMonitoring: MonitoringAnswered,
        LivedExperience: LivedExperienceDeclared,
    }
    Application: application::Application => ApplicationEvent {
        Application: ApplicationSubmitted | RouteRederived | InterviewHeld | DecisionRoundOpened
            | DecisionRoundLapsed | ReconsiderationRequested | ReconsiderationAgreed
            | ApplicationWithdrawn,
        StudyEvidence: StudyEvidenceAdded,
        JointOutcome: ShortlistRevealed | JointOutcomeReached,
        CandidateFeedback: FeedbackReleased,
    }
    Identity: identity::Identity => IdentityEvent {
        OtherApplications: PersonsMerged | PersonsSplit,
    }
    Candidacy: candidacy::Candidacy => CandidacyEvent {
        OtherApplications: ApplicationNoted,
    }
    Seal: decision_round::Seal => SealEvent {
        EmployerScores: ShortlistSealed,
        EmployerDecision: DecisionSealed | DecisionAmended | DecisionWithdrawn,
    }
    Referee: decision_round::Referee => RefereeEvent {
        EmployerDecision: ShortlistCollected | DecisionCollected | DecisionReturned,
    }
    EdiReleases: edi::EdiReleases => EdiEvent {
        EqualityMonitoring: EdiReleased,
    }
    SelectionTally: tally::SelectionTally => TallyEvent {
        JointOutcome: OutcomeTallied,
    }
    Offer: offer::Offer => OfferEvent {
        Offer: OfferMade | OfferAccepted | OfferDeclined | OfferWithdrawn | OfferRouteRederived
            | OfferConditionsConfirmed | OfferConditionsMet | OfferAnswerDue | OfferLapsed
            | OfferRescinded | OfferDeferred | OfferReinstated,
        CheckStatus: EmploymentCheckCleared | EmploymentCheckNotCleared | EmploymentCheckLimited,
    }
    ReserveList: reserve::ReserveList => ReserveEvent {
        Offer: PostOffered | PostFreed | ReservePlaced | ReserveRemoved | ReservePromoted,
    }
    Acceptance: offer::Acceptance => AcceptanceEvent {
        OtherApplications: AcceptanceGiven | AcceptanceReleased,
    }
    Referral: referral::Referral => ReferralEvent {
        Referral: ReferralConsentGiven | ReferralConsentWithdrawn | CandidateReferred,
    }
    Deferral: deferral::Deferral => DeferralEvent {
        Offer: DeferralRequested | DeferralAgreed | DeferralRefused,
    }
    FundingAward: funding::FundingAward => FundingAwardEvent {
        Award: FundingAwardApproved | InstalmentPaid | FundingAwardCompleted | FundingAwardTakenOver
            | PayeeEnded | FundingAwardSuspended | FundingAwardResumed | FundingAwardStopped
            | InstalmentsVoided | FundingAwardReinstated | InstalmentRestated | InstalmentAdjusted
            | RecoveryCaseOpened | RecoveryCaseEnded | OtherFundingDeclared,
    }
    Envelope: funding::Envelope => EnvelopeEvent {
        Award: EnvelopeOpened | EnvelopeDrawn,
    }
    PayeeException: funding::PayeeException => PayeeExceptionEvent {
        Award: PayeeExceptionGranted,
    }
    PayeeAccount: funding::PayeeAccount => PayeeAccountEvent {
        Award: LineNoted | LineWithdrawn | LinesStated,
    }
    FundingStatement: funding::FundingStatement => FundingStatementEvent {
        Award: StatementClosed,
    }
    TuitionInvoice: funding::TuitionInvoice => TuitionInvoiceEvent {
        Tuition: TuitionInvoiced,
    }
    EmployerCosts: funding::EmployerCosts => EmployerCostsEvent {
        EmployerCosts: EmployerCostRecorded,
    }
    FundingLock: funding::FundingLock => FundingLockEvent {
        FundingLock: ProvisionalFundingLockStarted | FundingLockStarted | LockDisclosureConsented
            | LockReliedOn | LockedTrainingRefused | LockRelianceQuestioned,
        LockExemption: LockExemptionGranted,
    }
    TrainingPlace: funding::TrainingPlace => TrainingPlaceEvent {
        TrainingPlace: TrainingPlaceAccepted | TrainingPlaceRefused,
        FundingLock (status): TrainingPlaceQuestioned,
    }
    FundingLockCheck: funding::FundingLockCheck => FundingLockCheckEvent {
        FundingLock (status): FundingLockChecked,
    }
    Enrolment: enrolment::Enrolment => EnrolmentEvent {
        Enrolment: ProgrammeEnrolled | IntakeChanged | EmployerChanged,
        RatifiedOutcome: BoardOutcomeNoted | BoardOutcomeRedated | BoardOutcomeSetAside,
    }
    Employment: employment::Employment => EmploymentEvent {
        Employment: EmploymentStarted | EmploymentEnded | EmploymentReinstated
            | EmploymentTransferredOut | EmploymentTransferredIn
            | EmploymentChecksReassuranceOpened,
        CheckStatus: EmploymentCheckReassured,
        Leave: LeaveRecorded,
        EmploymentReason: TraineeDismissed,
    }
    PriorLearning: prior_learning::PriorLearning => PriorLearningEvent {
        StudyEvidence: PriorLearningClaimed | PriorLearningDecided,
    }
    ExpansionPosts: expansion_post::ExpansionPosts => ExpansionPostsEvent {
        Commitment: ExpansionPostIdentified | ExpansionPostOwed | ExpansionPostLapsed,
    }
    Training: training::Training => TrainingEvent {
        Training: EmploymentNoted | EmploymentEndNoted | EnrolmentNoted | TrainingStarted
            | TraineePlaced | TrainingExtended | TrainingInterrupted | TrainingResumed
            | WithdrawalProposed | RepresentationsMade | TrainingWithdrawn | WithdrawalDropped
            | WithdrawalReversed | EmploymentReinstatementNoted | TrainingHandedOver,
        FitnessToPractise (status): PracticeSuspended | PracticeRestored,
        Supervision: SupervisorAssigned | SupervisionEnded | SupervisionGapOpened
            | SupervisionGapClosed | SupervisionGapRemoved,
        Attendance: WeeklyPatternSet | AttendanceRecorded | RecordCorrected | HoursRecomputed
            | LessThanFullTimeAgreed | LessThanFullTimeGranted,
        PracticeHours: HoursUnderReview | HoursReviewLifted | PracticeHoursLogged
            | PracticeHoursSigned | PracticeHoursCorrected | PracticeHoursVoided | HoursDisallowed
            | HoursReinstated | CaseloadRecorded | PortfolioVerified,
        PracticeHours (arrival): TrainingTakenOver,
        SupervisionLog: ThreeWayReviewHeld,
    }
    Cluster: cluster::Cluster => ClusterEvent {
        Cluster: ClusterFormed | ClusterJoined | ClusterLeft | ClusterAtRiskRaised
            | ClusterAtRiskLifted,
    }
    ServiceTransfer: transfer::ServiceTransfer => ServiceTransferEvent {
        Directory: RetenderAnnounced | TransferImpactAssessed | ServiceTransferred,
        Award: SuccessorPayeeAgreed | InstalmentsToOldPayeeEnded,
        Commitment: CommitmentAccepted,
    }
    FitnessCase: fitness::FitnessCase => FitnessCaseEvent {
        FitnessToPractise: FitnessCaseOpened | InterimSuspensionImposed | InterimSuspensionReviewed
            | InterimSuspensionLifted | FitnessCaseClosed,
    }
    Withdrawal: withdrawal::Withdrawal => WithdrawalEvent {
        Withdrawal: WithdrawalReasonGiven | WithdrawalConfirmed | WithdrawalUndone,
        Representations: RepresentationsReceived,
    }
    ExamBoard: board::ExamBoard => ExamBoardEvent {
        BoardPapers: BoardConstituted | ExternalExaminerArranged | ChairsActionTaken
            | ChairsActionReported,
    }
    SupervisorLoad: supervision::SupervisorLoad => SupervisorLoadEvent {
        Supervisor: SuperviseeTaken | SuperviseeReleased | SupervisorEligibilityEnded
            | SupervisorEligibilityRestored,
    }
    SupervisionNotice: supervision::SupervisionNotice => SupervisionNoticeEvent {
        SupervisionNotice: SupervisionGapsNoted,
    }
    SupervisorCourse: supervision::SupervisorCourse => SupervisorCourseEvent {
        Supervisor: SupervisorTrainingOffered | SupervisorTrainingCompleted,
    }
    SiteContacts: supervision::SiteContacts => SiteContactsEvent {
        Supervisor: SeniorPractitionerNamed,
    }
    RoleConcern: concern::RoleConcern => RoleConcernEvent {
        RoleConcern: RoleConcernRaised | RoleConcernAddressed,
    }
    ConcernNotice: concern::ConcernNotice => ConcernNoticeEvent {
        ConcernCount: RoleConcernCounted,
    }
    Dispute: dispute::Dispute => DisputeEvent {
        Dispute: DisputeRaised | DisputeAnswered | DisputeResolved,
    }
    DisputeNotice: dispute::DisputeNotice => DisputeNoticeEvent {
        DisputeCount: DisputeCounted | DisputeOutcomeCounted,
    }
    BoardSitting: board::BoardSitting => BoardSittingEvent {
        BoardPapers: BoardHeld | BoardDateCorrected,
        RatifiedOutcome: OutcomeRatified | OutcomeRedated,
    }
    Appeal: appeal::Appeal => AppealEvent {
        Appeal: AppealLodged | AppealDecided | AppealProceduresCompleted,
    }
    MarkSheet: marks::MarkSheet => MarkSheetEvent {
        ProvisionalMarks: ProvisionalMarkRecorded | MarksRatified,
        Circumstances: CircumstancesNoted,
    }
    CircumstancesClaim: circumstances::CircumstancesClaim => CircumstancesClaimEvent {
        Circumstances: CircumstancesClaimed | CircumstancesDecided,
    }
    TraineeResult: qualification::TraineeResult => TraineeResultEvent {
        RatifiedOutcome (status): ResultShownToTrainee,
    }
    Qualification: qualification::Qualification => QualificationEvent {
        RatifiedOutcome (status): ResultReleased | ResultSuperseded | ResultRedated
            | ResultHandedOver | ResultTakenOver,
        Qualification: QualificationAwarded | RegisterEntryRecorded | RegisterStatusRecorded
            | RegisteredPracticeNoted,
    }
    TransitionPlan: transition::TransitionPlan => TransitionPlanEvent {
        QualifiedPost: TransitionPlanOpened | TransitionStepPlanned | TransitionStepTaken
            | TransitionPlanClosed,
    }
    Preceptorship: preceptorship::Preceptorship => PreceptorshipEvent {
        Preceptorship: PreceptorshipStarted | PreceptorshipStandardSet | ConsolidationClockStarted
            | PreceptorAssigned | PreceptorshipSessionHeld | OtherPreceptorshipSupportGiven
            | PreceptorshipHoursLogged | ConsolidationClockPaused | ConsolidationClockResumed
            | ConsolidationClockStopped | PreceptorshipExtended | PreceptorshipEndedEarly
            | PreceptorshipSignedOff | PreceptorshipSessionsCompleted | PreceptorshipCompleted,
    }
    Erasure: erasure::Erasure => ErasureEvent {
        Erasure: ErasureRequested | ErasureIdentityConfirmed | LegalHoldPlaced | LegalHoldLifted
            | ErasureDecided | RetentionExpired | PersonKeysDestroyed | ErasureNoticeReceived,
    }
    BreakGlass: break_glass::BreakGlass => BreakGlassEvent {
        BreakGlass: BreakGlassOpened | BreakGlassReviewed,
    }
    Staff: staff::Staff => StaffEvent {
        Staff: RolesManaged | RolesLeftToIssuer | StaffJoined | RoleAssigned | RoleEnded | StaffLeft,
    }
    Community: community::Community => CommunityEvent {
        Community: CommunityFounded,
    }
    Membership: community::Membership => MembershipEvent {
        CommunityOfPractice: CommunityJoined | CommunityLeft,
    }
    Feedback: community::Feedback => FeedbackEvent {
        CommunityOfPractice: FeedbackGiven,
    }
    Network: network::Network => NetworkEvent {
        Network: NetworkOfficerNamed | NetworkMeetingHeld | NetworkActionAgreed
            | NetworkActionCompleted | NetworkDigestStarted | NetworkDigestIssued,
    }
    RegionNotice: network::RegionNotice => RegionNoticeEvent {
        Network: ClusterRiskCounted | ServiceMoveCounted | RoleFidelityCounted,
    }
    OutcomeReport: outcome::OutcomeReport => OutcomeEvent {
        Outcomes: OutcomesReported | OutcomesCorrected,
    }
    Extract: extract::Extract => ExtractEvent {
        Extract: ExtractGranted,
    }
    QualifiedPractice: qualified_practice::QualifiedPractice => QualifiedPracticeEvent {
        QualifiedPost: QualifiedPracticeOpened | PlacedInTeam | PracticeSupervisorNamed
            | PracticeSupervisionEnded | QualifiedPostLeft,
        PatientContact: PracticeWeekLogged | PracticeWeekCorrected,
        Leave: PracticeLeaveStarted | PracticeLeaveEnded,
    }
    ArrsDeployment: arrs::ArrsDeployment => ArrsDeploymentEvent {
        QualifiedPost: ArrsRecordOpened | ArrsCompetenceEvidenced | ArrsSupervisionArranged
            | ArrsSupervisionEnded | ArrsSupervisionPlanAgreed | ArrsEligibilityChecked
            | ArrsDeploymentStarted | ArrsDeploymentEnded,
    }
    Progression: progression::Progression => ProgressionEvent {
        Progression: ProgressionOpened | TrainingEndNoted | QualificationNoted | QualifiedPostNoted
            | QualifiedPostLeftNoted | DestinationRecorded,
    }
}

/// What an event does to what its readers see beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A record comes into the reader's view with it.
    Entered,
    /// A record leaves the reader's view with it; nothing later of it is shown.
    Left,
    /// What lay sealed is open with it.
    Revealed,
    /// What was kept back until its release is open with it.
    Released,
    /// Personal values of earlier items are gone with it.
    Erased,
}

/// The turn that an event type is to a party of some kind, if it is one. What passes from one employer
/// to another comes and goes for them alone: the university and the commissioner see it go on. An
/// allocation comes to the university whose places are proposed.
pub fn turn(event_type: &str, reader: TenantKind) -> Option<Turn> {
    let of_employers = |turn| (reader == TenantKind::Employer).then_some(turn);
    Some(match event_type {
        "AllocationProposed" if reader == TenantKind::University => Turn::Entered,
        "CommitmentTakenOver"
        | "EmploymentTransferredIn"
        | "FundingAwardTakenOver"
        | "PlacesTakenOver"
        | "ResultTakenOver"
        | "TrainingTakenOver" => of_employers(Turn::Entered)?,
        "CommitmentTransferred"
        | "EmploymentTransferredOut"
        | "PayeeEnded"
        | "ResultHandedOver"
        | "TrainingHandedOver" => of_employers(Turn::Left)?,
        "ShortlistRevealed" | "JointOutcomeReached" => Turn::Revealed,
        "ResultReleased" | "ResultShownToTrainee" => Turn::Released,
        "ErasureDecided" | "RetentionExpired" | "PersonKeysDestroyed" => Turn::Erased,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actor::{ActingRole, TenantId},
        fact::{Visit, aggregates, event_types},
        world::Decider,
    };

    #[derive(Default)]
    struct Types(Vec<(&'static str, &'static str)>);

    impl Visit for Types {
        fn visit<A: Decider>(&mut self) {
            let types = event_types(A::TYPE).iter();
            self.0.extend(types.map(|event| (A::TYPE, *event)));
        }
    }

    fn types() -> Vec<(&'static str, &'static str)> {
        let mut types = Types::default();
        aggregates(&mut types);
        types.0
    }

    fn reader(role: ActingRole) -> Actor {
        Actor {
            tenant: TenantId(uuid::Uuid::nil()),
            kind: role.tenant_kind().unwrap(),
            role,
            person: None,
            client: None,
        }
    }

    #[test]
    fn every_stored_event_type_has_a_class() {
        for (kind, event) in types() {
            assert!(classify(kind, event).is_some(), "{event} of {kind}");
        }
        assert_eq!(classify("vacancy", "VacancyPainted"), None);
        assert_eq!(classify("painting", "VacancyOpened"), None);
    }

    #[test]
    fn every_turn_is_an_event_type() {
        let all: Vec<_> = types().into_iter().map(|(_, event)| event).collect();
        let turns = |kind| {
            let told = all.iter().filter(|event| turn(event, kind).is_some());
            told.count()
        };
        let all_named = [TenantKind::Employer, TenantKind::University].map(turns);
        assert_eq!(all_named, [18, 8], "of those the function names");
    }

    #[test]
    fn set_13_a_training_goes_from_one_employer_to_another_and_stays_with_the_university() {
        let turns =
            |event| [TenantKind::Employer, TenantKind::University].map(|kind| turn(event, kind));
        assert_eq!(turns("TrainingHandedOver"), [Some(Turn::Left), None]);
        assert_eq!(turns("TrainingTakenOver"), [Some(Turn::Entered), None]);
        // who reads no hours learns of the training all the same, and who knows of none does not
        let seen = |role| {
            let event = classify("training", "TrainingTakenOver").unwrap();
            event.extent(&reader(role), Surface::Feed)
        };
        assert_eq!(seen(ActingRole::ServiceManager), Extent::Shown);
        assert_eq!(seen(ActingRole::EmployerHr), Extent::Status);
        assert_eq!(seen(ActingRole::EmployerDataProtection), Extent::Nothing);
    }

    #[test]
    fn c_2_who_admits_reads_no_claim_of_circumstances_and_who_leads_only_that_there_is_one() {
        let seen = |role| {
            let event = classify("circumstances_claim", "CircumstancesClaimed").unwrap();
            event.extent(&reader(role), Surface::Feed)
        };
        assert_eq!(seen(ActingRole::AdmissionsTutor), Extent::Nothing);
        assert_eq!(seen(ActingRole::ProgrammeLead), Extent::Status);
        assert_eq!(seen(ActingRole::CircumstancesPanel), Extent::Shown);
    }

    #[test]
    fn c_2_a_released_result_is_no_more_than_a_status_and_so_the_employers_to_read() {
        let hr = reader(ActingRole::EmployerHr);
        let seen = |kind, event| classify(kind, event).unwrap().extent(&hr, Surface::Feed);
        assert_eq!(seen("qualification", "ResultReleased"), Extent::Shown);
        assert_eq!(
            seen("preceptorship", "PreceptorshipStarted"),
            Extent::Status
        );
        assert_eq!(seen("training", "PracticeHoursLogged"), Extent::Nothing);
    }
}
