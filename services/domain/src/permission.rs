//! Who may do what: one row per RPC, listing the acting roles that may call it.
//!
//! Which records a permitted caller reaches is the record's own custody
//! ([`crate::world::Custody`]); together they are the whole of the access rules.

use strum::{Display, EnumIter, EnumString};

use crate::{
    actor::{ActingRole, Actor},
    case::Case,
};

use ActingRole::{
    AdmissionsTutor, Auditor, BoardChair, BoardSecretary, Candidate, CircumstancesPanel,
    CommissionerNational, CommissionerRegional, EmployerDataProtection, EmployerFinance,
    EmployerHr, Evaluator, ExternalExaminer, FitnessOfficer, NetworkLead, PersonalTutor,
    PlatformOperator, PracticeSupervisor, ProfessionalLead, ProgrammeLead, ServiceManager,
    TenantAdmin, UniversityDataProtection,
};

macro_rules! permissions {
    ($($(#[$doc:meta])* $action:ident: [$($role:ident),* $(,)?],)*) => {
        /// An RPC, by its own name. The action of a call is read from its path, so no handler can
        /// ask for another.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, EnumString, Display)]
        #[allow(missing_docs)]
        pub enum Action { $($(#[$doc])* $action,)* }

        impl Action {
            /// The acting roles that may call it.
            pub const fn roles(self) -> &'static [ActingRole] {
                match self { $(Self::$action => &[$($role),*],)* }
            }
        }
    };
}

#[rustfmt::skip]
permissions! {
    // directory
    RegisterTenant:        [PlatformOperator],
    SucceedTenant:         [PlatformOperator],
    GetTenant:             [EmployerHr, ServiceManager, ProfessionalLead, AdmissionsTutor, ProgrammeLead, BoardSecretary, CommissionerNational, CommissionerRegional, NetworkLead, Auditor, PlatformOperator],
    OpenClinicalService:   [EmployerHr, ServiceManager],
    AddSite:               [EmployerHr, ServiceManager],
    GetClinicalService:    [EmployerHr, ServiceManager, ProfessionalLead, PracticeSupervisor],
    RecordSupervisor:      [EmployerHr, ProfessionalLead],
    RecordRegisterCheck:   [EmployerHr, ProfessionalLead],
    GetSupervisor:         [EmployerHr, ServiceManager, ProfessionalLead, PracticeSupervisor],
    MergePersons:          [PlatformOperator],
    SplitPersons:          [PlatformOperator],
    RecordIdentifierLookup: [EmployerHr, ProgrammeLead, PlatformOperator],
    ChangeSite:            [EmployerHr, ServiceManager],
    RemodelClinicalService: [EmployerHr, ServiceManager],
    RetenderClinicalService: [EmployerHr, ServiceManager],
    RecordServiceSpecification: [EmployerHr, ServiceManager],
    NameProfessionalLead:  [EmployerHr, ServiceManager, ProfessionalLead],
    EndProfessionalLead:   [EmployerHr, ServiceManager, ProfessionalLead],
    CloseClinicalService:  [EmployerHr, ServiceManager],
    // policy
    SetPolicy:             [CommissionerNational, PlatformOperator],
    GetPolicy:             [EmployerHr, ServiceManager, ProfessionalLead, AdmissionsTutor, ProgrammeLead, BoardSecretary, CommissionerNational, CommissionerRegional, NetworkLead, Evaluator, Auditor, PlatformOperator],
    ListPolicies:          [EmployerHr, ServiceManager, ProfessionalLead, AdmissionsTutor, ProgrammeLead, BoardSecretary, CommissionerNational, CommissionerRegional, NetworkLead, Evaluator, Auditor, PlatformOperator],
    AskPolicyQuestion:     [EmployerHr, ServiceManager, ProfessionalLead, AdmissionsTutor, ProgrammeLead, NetworkLead],
    AnswerPolicyQuestion:  [CommissionerNational],
    GetPolicyQuestion:     [EmployerHr, ServiceManager, ProfessionalLead, AdmissionsTutor, ProgrammeLead, NetworkLead, CommissionerNational, CommissionerRegional],
    WhatIf:                [CommissionerNational, PlatformOperator],
    // workforce
    RecordWorkforceCount:  [CommissionerNational],
    CorrectWorkforceCount: [CommissionerNational],
    GetWorkforceReport:    [CommissionerNational, CommissionerRegional],
    // catalogue
    ListRoles:             [Candidate, EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead, EmployerFinance, AdmissionsTutor, ProgrammeLead, PersonalTutor, BoardSecretary, CommissionerNational, CommissionerRegional, NetworkLead, Evaluator, Auditor, PlatformOperator],
    GetRole:               [Candidate, EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead, EmployerFinance, AdmissionsTutor, ProgrammeLead, PersonalTutor, BoardSecretary, CommissionerNational, CommissionerRegional, NetworkLead, Evaluator, Auditor, PlatformOperator],
    // programme and intake
    ReachMilestone:        [CommissionerNational],
    ContractProvider:      [CommissionerNational],
    PlanIntake:            [ProgrammeLead],
    GetProgramme:          [CommissionerNational, CommissionerRegional],
    GetIntake:             [ProgrammeLead, AdmissionsTutor, BoardSecretary, CommissionerNational, CommissionerRegional],
    MigrateCurriculum:     [ProgrammeLead],
    DefineModule:          [ProgrammeLead],
    ApproveCurriculum:     [ProgrammeLead],
    GetModule:             [ProgrammeLead, PersonalTutor, AdmissionsTutor, BoardSecretary],
    GetCurriculum:         [ProgrammeLead, PersonalTutor, AdmissionsTutor, BoardSecretary],
    GetIntakeTrend:        [CommissionerNational, CommissionerRegional],
    // allocation
    RegisterInterest:      [ProfessionalLead, ServiceManager, CommissionerRegional],
    DeclareReadiness:      [ProfessionalLead, ServiceManager],
    GiveCommitment:        [ProfessionalLead],
    ProposeAllocation:     [CommissionerNational, CommissionerRegional],
    RequestClusterOverride: [ProfessionalLead, ServiceManager, CommissionerRegional],
    SupportClusterOverride: [CommissionerRegional],
    GrantClusterOverride:  [CommissionerNational],
    ConfirmAllocation:     [CommissionerNational],
    DeclineAllocation:     [ProfessionalLead],
    OfferMitigation:       [ServiceManager, ProfessionalLead],
    GrantGrace:            [CommissionerNational],
    ConfirmBreach:         [CommissionerNational],
    ReportPostEnded:       [EmployerHr, ServiceManager],
    TransferCommitment:    [CommissionerNational],
    RecordPostChange:      [EmployerHr, ServiceManager],
    GetEstablishment:      [EmployerHr, ServiceManager, ProfessionalLead, CommissionerNational, CommissionerRegional],
    GetBreachRegister:     [ServiceManager, ProfessionalLead, EmployerFinance, CommissionerNational, CommissionerRegional],
    SplitPlaces:           [ProfessionalLead, ServiceManager],
    ReturnPlaces:          [ProfessionalLead],
    ReallocatePlaces:      [CommissionerNational],
    JoinWaitlist:          [CommissionerNational, CommissionerRegional],
    OfferPilotSites:       [ProfessionalLead, ServiceManager],
    CloseAllocationRound:  [CommissionerNational],
    ReallocateSpareCapacity: [CommissionerNational],
    AgreeSupervision:      [EmployerHr, ProfessionalLead],
    EndSupervisionAgreement: [EmployerHr, ProfessionalLead],
    GetSupervisionAgreement: [EmployerHr, ProfessionalLead],
    GetCluster:            [EmployerHr, ServiceManager, ProfessionalLead, ProgrammeLead, CommissionerNational, CommissionerRegional],
    GetAllocation:         [EmployerHr, ServiceManager, ProfessionalLead, ProgrammeLead, CommissionerNational, CommissionerRegional],
    // partnership
    SignPartnership:       [ProfessionalLead, ServiceManager, ProgrammeLead],
    AgreeRouteBalance:     [ProfessionalLead, ServiceManager, ProgrammeLead],
    GetPartnership:        [EmployerHr, ServiceManager, ProfessionalLead, AdmissionsTutor, ProgrammeLead],
    // vacancy
    OpenVacancy:           [EmployerHr, ServiceManager],
    CloseVacancy:          [EmployerHr, ServiceManager],
    GetVacancy:            [EmployerHr, ServiceManager, ProfessionalLead, AdmissionsTutor, ProgrammeLead],
    // application
    SubmitApplication:     [Candidate, EmployerHr],
    AddStudyEvidence:      [Candidate, AdmissionsTutor],
    WithdrawApplication:   [Candidate, EmployerHr],
    RecordInterview:       [EmployerHr, ServiceManager, AdmissionsTutor],
    ReleaseFeedback:       [EmployerHr, AdmissionsTutor],
    RequestReconsideration: [EmployerHr, ServiceManager, AdmissionsTutor],
    AgreeReconsideration:  [EmployerHr, ServiceManager, AdmissionsTutor],
    GetApplication:        [Candidate, EmployerHr, ServiceManager, AdmissionsTutor, ProgrammeLead],
    ConsentToReferral:     [Candidate],
    WithdrawReferralConsent: [Candidate],
    ReferCandidate:        [AdmissionsTutor],
    GetReferral:           [Candidate, AdmissionsTutor],
    // monitoring
    AnswerMonitoring:      [Candidate],
    DeclareLivedExperience: [Candidate],
    GetMonitoring:         [Candidate],
    PublishEdiRelease:     [CommissionerNational],
    GetEdiRelease:         [CommissionerNational, CommissionerRegional, NetworkLead, Evaluator],
    ListEdiReleases:       [CommissionerNational, CommissionerRegional, NetworkLead, Evaluator],
    // decision round
    SealShortlist:         [EmployerHr, ServiceManager, AdmissionsTutor],
    OpenDecisionRound:     [EmployerHr, ServiceManager, AdmissionsTutor],
    SealDecision:          [EmployerHr, ServiceManager, AdmissionsTutor],
    AmendDecision:         [EmployerHr, ServiceManager, AdmissionsTutor],
    WithdrawDecision:      [EmployerHr, ServiceManager, AdmissionsTutor],
    GetSeal:               [EmployerHr, ServiceManager, AdmissionsTutor],
    GetSelectionReport:    [CommissionerNational, CommissionerRegional, NetworkLead],
    // offer, checks, appointment
    MakeOffer:             [EmployerHr],
    AcceptOffer:           [Candidate],
    DeclineOffer:          [Candidate],
    ClearEmploymentCheck:  [EmployerHr],
    ConfirmConditions:     [EmployerHr, AdmissionsTutor],
    RescindOffer:          [EmployerHr, AdmissionsTutor],
    ReinstateOffer:        [Candidate, EmployerHr, AdmissionsTutor],
    PlaceOnReserve:        [EmployerHr],
    RequestDeferral:       [Candidate, EmployerHr],
    AgreeDeferral:         [EmployerHr, AdmissionsTutor],
    RefuseDeferral:        [EmployerHr, AdmissionsTutor],
    GetDeferral:           [Candidate, EmployerHr, ServiceManager, AdmissionsTutor, ProgrammeLead],
    GetReserveList:        [EmployerHr, ServiceManager, AdmissionsTutor, ProgrammeLead],
    GetOffer:              [Candidate, EmployerHr, ServiceManager, AdmissionsTutor, ProgrammeLead],
    // funding
    ApproveAward:          [CommissionerNational],
    PayInstalment:         [CommissionerNational],
    SuspendAward:          [CommissionerNational],
    ResumeAward:           [CommissionerNational],
    StopAward:             [CommissionerNational],
    ReinstateAward:        [CommissionerNational],
    ReallocateAward:       [CommissionerNational],
    ApplyPayChange:        [CommissionerNational],
    ChangePayee:           [CommissionerNational],
    GrantPayeeException:   [CommissionerNational],
    OpenRecovery:          [CommissionerNational],
    WaiveRecovery:         [CommissionerNational],
    CloseStatement:        [CommissionerNational],
    GetStatement:          [EmployerFinance, ProfessionalLead, CommissionerNational, CommissionerRegional],
    OpenEnvelope:          [CommissionerNational],
    GetEnvelope:           [CommissionerNational, CommissionerRegional],
    DeclareOtherFunding:   [EmployerHr, EmployerFinance, CommissionerNational],
    InvoiceTuition:        [ProgrammeLead],
    GetTuitionInvoice:     [EmployerFinance, ProgrammeLead, CommissionerNational, CommissionerRegional],
    RecordEmployerCost:    [EmployerFinance],
    GetEmployerCosts:      [EmployerFinance, ServiceManager, ProfessionalLead],
    GetAward:              [EmployerHr, EmployerFinance, ProfessionalLead, CommissionerNational, CommissionerRegional],
    CheckFundingLock:      [AdmissionsTutor, ProgrammeLead, EmployerHr, CommissionerNational],
    GrantLockExemption:    [CommissionerNational],
    ConsentToLockDisclosure: [Candidate],
    AcceptTrainingPlace:   [AdmissionsTutor, ProgrammeLead],
    GetFundingLock:        [Candidate, CommissionerNational, CommissionerRegional],
    GetTrainingPlace:      [Candidate, AdmissionsTutor, ProgrammeLead],
    // enrolment and employment
    EnrolTrainee:          [ProgrammeLead],
    ClaimPriorLearning:    [AdmissionsTutor, ProgrammeLead],
    DecidePriorLearning:   [ProgrammeLead],
    GetPriorLearning:      [AdmissionsTutor, ProgrammeLead, PersonalTutor],
    IdentifyExpansionPost: [EmployerHr, ServiceManager],
    GetExpansionPosts:     [EmployerHr, ServiceManager, ProfessionalLead, CommissionerNational, CommissionerRegional],
    GetEnrolment:          [AdmissionsTutor, ProgrammeLead, BoardSecretary],
    StartEmployment:       [EmployerHr],
    EndEmployment:         [EmployerHr],
    GetEmployment:         [EmployerHr, ServiceManager],
    // training year
    AssignSupervisor:      [EmployerHr, ProfessionalLead],
    SetWeeklyPattern:      [ServiceManager, ProgrammeLead],
    LogPracticeHours:      [Candidate, PracticeSupervisor, ServiceManager],
    HoldThreeWayReview:    [PracticeSupervisor, ProgrammeLead, PersonalTutor],
    VerifyPortfolio:       [ProgrammeLead, PersonalTutor],
    ExtendTraining:        [EmployerHr, ServiceManager],
    GetTraining:           [Candidate, EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead, ProgrammeLead, PersonalTutor],
    EndSupervision:        [EmployerHr, ProfessionalLead],
    GetSupervisorLoad:     [EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead],
    OfferSupervisorTraining: [ProgrammeLead],
    CompleteSupervisorTraining: [ProgrammeLead],
    GetSupervisorCourse:   [EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead, ProgrammeLead],
    NameSeniorPractitioner: [EmployerHr, ServiceManager],
    GetSiteContacts:       [EmployerHr, ServiceManager, ProfessionalLead, PracticeSupervisor],
    RaiseRoleConcern:      [Candidate, ServiceManager, PracticeSupervisor, ProfessionalLead, ProgrammeLead, PersonalTutor],
    AddressRoleConcern:    [ProfessionalLead, ProgrammeLead],
    GetRoleConcern:        [Candidate, ProfessionalLead, ProgrammeLead],
    SignPracticeHours:     [Candidate, PracticeSupervisor],
    RecordAttendance:      [ProgrammeLead],
    CorrectAttendance:     [ProgrammeLead],
    CorrectPracticeHours:  [Candidate, PracticeSupervisor],
    VoidPracticeHours:     [Candidate, PracticeSupervisor],
    DisallowHours:         [ProgrammeLead],
    ReinstateHours:        [ProgrammeLead],
    PlaceTrainee:          [EmployerHr, ServiceManager],
    RecordCaseload:        [Candidate, PracticeSupervisor, ServiceManager],
    ListPracticeEntries:   [Candidate, ServiceManager, PracticeSupervisor, ProfessionalLead, ProgrammeLead, PersonalTutor],
    // what changes the course of a training
    InterruptTraining:     [ServiceManager, ProgrammeLead, PersonalTutor],
    ResumeTraining:        [ProgrammeLead],
    AgreeLessThanFullTime: [EmployerHr, ServiceManager, ProgrammeLead],
    GetTrainingCourse:     [Candidate, EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead, ProgrammeLead],
    ProposeWithdrawal:     [Candidate, EmployerHr, ServiceManager, ProgrammeLead],
    MakeRepresentations:   [Candidate],
    ConfirmWithdrawal:     [ProgrammeLead],
    DropWithdrawal:        [ProgrammeLead],
    ReverseWithdrawal:     [ProgrammeLead],
    GetWithdrawal:         [ProgrammeLead],
    RecordLeave:           [EmployerHr],
    DismissTrainee:        [EmployerHr],
    ReinstateEmployment:   [EmployerHr],
    AnnounceRetender:      [EmployerHr, ServiceManager, ProfessionalLead],
    AssessTransferImpact:  [EmployerHr, ServiceManager, ProfessionalLead],
    DecideTransferPayee:   [CommissionerNational],
    AcceptTransferredCommitment: [ProfessionalLead],
    TransferService:       [EmployerHr, ServiceManager, ProfessionalLead],
    GetServiceTransfer:    [EmployerHr, ServiceManager, ProfessionalLead, CommissionerNational, CommissionerRegional],
    ReassureEmploymentCheck: [EmployerHr],
    OpenFitnessCase:       [FitnessOfficer],
    SuspendPractice:       [FitnessOfficer],
    ReviewSuspension:      [FitnessOfficer],
    RestorePractice:       [FitnessOfficer],
    CloseFitnessCase:      [FitnessOfficer],
    GetFitnessCase:        [FitnessOfficer],
    // exam board and qualification
    ConstituteBoard:       [BoardSecretary, BoardChair],
    ArrangeExternalExaminer: [BoardSecretary, BoardChair],
    GetExamBoard:          [BoardSecretary, BoardChair, ExternalExaminer, ProgrammeLead],
    HoldBoard:             [BoardSecretary, BoardChair],
    ReportChairsAction:    [BoardSecretary, BoardChair],
    CorrectBoardDate:      [BoardSecretary],
    RatifyOutcome:         [BoardSecretary, BoardChair],
    ReleaseResult:         [BoardSecretary, BoardChair],
    GetBoardSitting:       [BoardSecretary, BoardChair, ExternalExaminer, ProgrammeLead],
    LodgeAppeal:           [Candidate, BoardSecretary],
    DecideAppeal:          [BoardSecretary],
    CompleteAppealProcedures: [BoardSecretary],
    GetAppeal:             [Candidate, BoardSecretary, BoardChair],
    RecordProvisionalMark: [ProgrammeLead, PersonalTutor],
    GetMarkSheet:          [ProgrammeLead, PersonalTutor, BoardSecretary, BoardChair, ExternalExaminer],
    ClaimCircumstances:    [Candidate, CircumstancesPanel],
    DecideCircumstances:   [CircumstancesPanel],
    GetCircumstancesClaim: [Candidate, CircumstancesPanel],
    ReleaseToTrainee:      [BoardSecretary, BoardChair],
    GetResult:             [Candidate, EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead, ProgrammeLead, BoardSecretary, BoardChair],
    RecordRegisterEntry:   [EmployerHr, ProfessionalLead],
    RecordRegisterStatus:  [EmployerHr, ProfessionalLead],
    GetQualification:      [EmployerHr, ServiceManager, ProfessionalLead, ProgrammeLead, BoardSecretary, BoardChair],
    // qualified post, commitment, preceptorship
    EvidenceQualifiedPost: [EmployerHr, ServiceManager],
    GetCommitment:         [EmployerHr, ServiceManager, ProfessionalLead, CommissionerNational, CommissionerRegional],
    RecordPreceptorshipSession: [ProgrammeLead, PracticeSupervisor],
    SignOffPreceptorship:  [ServiceManager, PracticeSupervisor],
    CompletePreceptorship: [ProgrammeLead],
    GetPreceptorship:      [ServiceManager, PracticeSupervisor, ProfessionalLead, ProgrammeLead],
    // erasure
    RequestErasure:        [Candidate, EmployerDataProtection, UniversityDataProtection],
    ConfirmErasureIdentity: [EmployerDataProtection, UniversityDataProtection],
    PlaceLegalHold:        [EmployerDataProtection, UniversityDataProtection],
    LiftLegalHold:         [EmployerDataProtection, UniversityDataProtection],
    DecideErasure:         [EmployerDataProtection, UniversityDataProtection],
    GetErasure:            [Candidate, EmployerDataProtection, UniversityDataProtection],
    // communities, networks, outcomes and the evaluation
    FoundCommunity:        [NetworkLead],
    GetCommunity:          [Candidate, PracticeSupervisor, ServiceManager, NetworkLead],
    JoinCommunity:         [Candidate, PracticeSupervisor, ServiceManager],
    LeaveCommunity:        [Candidate, PracticeSupervisor, ServiceManager],
    GetMembership:         [Candidate, NetworkLead],
    GiveFeedback:          [Candidate, PracticeSupervisor, ServiceManager, ProfessionalLead],
    GetFeedback:           [Candidate, ServiceManager, ProfessionalLead, ProgrammeLead, NetworkLead],
    NameOfficer:           [NetworkLead],
    HoldNetworkMeeting:    [NetworkLead],
    AgreeAction:           [NetworkLead],
    CompleteAction:        [NetworkLead],
    StartDigest:           [NetworkLead],
    GetNetwork:            [NetworkLead],
    ReportOutcomes:        [ServiceManager],
    CorrectOutcomes:       [ServiceManager],
    GetOutcomeReport:      [ServiceManager, ProfessionalLead, CommissionerNational, CommissionerRegional, NetworkLead],
    GrantExtract:          [CommissionerNational],
    ReadExtract:           [Evaluator],
    AssignPreceptor:       [ServiceManager, PracticeSupervisor],
    LogPreceptorshipHours: [ServiceManager, PracticeSupervisor],
    SupportGraduate:       [ProgrammeLead],
    // towards and in the qualified post
    PlanTransitionStep:    [ServiceManager, PracticeSupervisor],
    TakeTransitionStep:    [ServiceManager, PracticeSupervisor],
    GetTransitionPlan:     [EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead],
    PlaceInTeam:           [EmployerHr, ServiceManager],
    NamePracticeSupervisor: [ServiceManager, ProfessionalLead],
    EndPracticeSupervision: [ServiceManager, ProfessionalLead],
    LogPracticeWeek:       [ServiceManager, PracticeSupervisor],
    CorrectPracticeWeek:   [ServiceManager, PracticeSupervisor],
    StartPracticeLeave:    [EmployerHr],
    EndPracticeLeave:      [EmployerHr],
    LeaveQualifiedPost:    [EmployerHr],
    GetQualifiedPractice:  [EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead],
    EvidenceArrsCompetence: [ServiceManager, PracticeSupervisor],
    ArrangeArrsSupervision: [ServiceManager, ProfessionalLead],
    EndArrsSupervision:    [ServiceManager, ProfessionalLead],
    AgreeArrsSupervisionPlan: [ServiceManager, ProfessionalLead],
    CheckArrsEligibility:  [EmployerHr, ServiceManager, ProfessionalLead],
    DeployUnderArrs:       [EmployerHr, ServiceManager],
    EndArrsDeployment:     [EmployerHr, ServiceManager],
    GetArrsDeployment:     [EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead],
    RecordDestination:     [ProgrammeLead],
    GetProgression:        [ProgrammeLead],
    // a person's own view
    GetOwnTimeline:        [Candidate],
    ListOwnAccesses:       [Candidate],
    // who acts for an organisation, and who has read what
    ListAccesses:          [EmployerDataProtection, UniversityDataProtection, TenantAdmin],
    ManageRoles:           [TenantAdmin],
    RecordJoiner:          [TenantAdmin],
    AssignRole:            [TenantAdmin],
    EndRole:               [TenantAdmin],
    RecordLeaver:          [TenantAdmin],
    GetStaff:              [TenantAdmin],
    OpenBreakGlass:        [EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead, AdmissionsTutor, ProgrammeLead, PersonalTutor, BoardSecretary],
    ReadUnderBreakGlass:   [EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead, AdmissionsTutor, ProgrammeLead, PersonalTutor, BoardSecretary],
    ListBreakGlass:        [EmployerDataProtection, UniversityDataProtection],
    ReviewBreakGlass:      [EmployerDataProtection, UniversityDataProtection],
    // across the life
    GetOperation:          [Candidate, EmployerHr, ServiceManager, PracticeSupervisor, ProfessionalLead, EmployerFinance, AdmissionsTutor, ProgrammeLead, PersonalTutor, BoardSecretary, BoardChair, CommissionerNational, CommissionerRegional, PlatformOperator],
    ListFeed:              [EmployerHr, ServiceManager, AdmissionsTutor, ProgrammeLead, CommissionerNational, NetworkLead],
    SubscribeFeed:         [EmployerHr, ServiceManager, AdmissionsTutor, ProgrammeLead, CommissionerNational, NetworkLead],
    GetDashboard:          [EmployerHr, ServiceManager, ProfessionalLead, EmployerFinance, AdmissionsTutor, ProgrammeLead, CommissionerNational, CommissionerRegional, NetworkLead],
    WatchDashboard:        [EmployerHr, ServiceManager, ProfessionalLead, EmployerFinance, AdmissionsTutor, ProgrammeLead, CommissionerNational, CommissionerRegional, NetworkLead],
    ListFigureItems:       [EmployerHr, ServiceManager, ProfessionalLead, EmployerFinance, AdmissionsTutor, ProgrammeLead, CommissionerNational, CommissionerRegional, NetworkLead],
    ListTimeline:          [EmployerHr, ServiceManager, ProfessionalLead, EmployerFinance, AdmissionsTutor, ProgrammeLead, CommissionerNational, CommissionerRegional, NetworkLead],
    ExportDashboard:       [EmployerHr, ServiceManager, ProfessionalLead, EmployerFinance, AdmissionsTutor, ProgrammeLead, CommissionerNational, CommissionerRegional, NetworkLead],
    RaiseDispute:          [Auditor],
    AnswerDispute:         [EmployerHr, ProgrammeLead, CommissionerNational],
    ResolveDispute:        [Auditor],
    GetDispute:            [Auditor, EmployerHr, ProgrammeLead, CommissionerNational],
    ListDisputes:          [Auditor, EmployerHr, ProgrammeLead, CommissionerNational],
    ReplayHistory:         [Auditor, EmployerHr, ProgrammeLead],
    ExportReplay:          [Auditor, EmployerHr, ProgrammeLead],
    GetCheckpoint:         [Auditor, EmployerHr, ProgrammeLead, CommissionerNational, NetworkLead],
    ProveInclusion:        [Auditor, EmployerHr, ProgrammeLead, CommissionerNational, NetworkLead],
    ProveConsistency:      [Auditor, EmployerHr, ProgrammeLead, CommissionerNational, NetworkLead],
}

/// Proof that the caller may perform one action. Nothing is read or written without it, and only
/// [`Permit::grant`] makes one.
#[derive(Debug, Clone)]
pub struct Permit {
    actor: Actor,
    action: Action,
    case: Option<Case>,
}

impl Permit {
    /// Grants `action` to `actor` when the table does and the role belongs to the tenant's kind.
    pub fn grant(actor: Actor, action: Action) -> Option<Self> {
        let at_home = actor
            .role
            .tenant_kind()
            .is_none_or(|kind| kind == actor.kind);
        (at_home && action.roles().contains(&actor.role)).then_some(Self {
            actor,
            action,
            case: None,
        })
    }

    /// The same for a guest: of the tenant's records those of a case, and no others.
    #[must_use]
    pub fn within(self, case: Case) -> Self {
        Self {
            case: Some(case),
            ..self
        }
    }

    /// The case it is limited to; `None` for everything that the tenant may reach.
    pub fn case(&self) -> Option<&Case> {
        self.case.as_ref()
    }

    /// The platform acting on its own rules (reactions, timers): every command, and no read but of
    /// the counts it keeps itself.
    pub fn platform(action: Action) -> Self {
        Self {
            actor: Actor::platform(),
            action,
            case: None,
        }
    }

    /// Who is permitted.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What is permitted.
    pub fn action(&self) -> Action {
        self.action
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::{TenantId, TenantKind};

    #[test]
    fn a_role_outside_its_kind_of_tenant_is_refused() {
        let mut actor = Actor {
            tenant: TenantId(uuid::Uuid::nil()),
            kind: TenantKind::Employer,
            role: ActingRole::CommissionerNational,
            person: None,
            client: None,
        };
        assert!(Permit::grant(actor.clone(), Action::ApproveAward).is_none());
        actor.kind = TenantKind::Commissioner;
        assert!(Permit::grant(actor, Action::ApproveAward).is_some());
    }
}
