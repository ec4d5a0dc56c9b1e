//! Every command of the house, tried by anybody with anything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan as _, civil::Date};
use proptest::prelude::*;
use strum::IntoEnumIterator as _;
use uuid::Uuid;

use super::{Chance, Pool};
use crate::{
    actor::{ActingRole, Actor, PLATFORM, TenantId, TenantKind},
    calendar::midday,
    given::{
        Given,
        cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE, WEXCOMBE},
        lives::lived,
        tenant,
    },
    world::Command,
};

/// A command by its name, and how one is made up.
type Made = (
    &'static str,
    fn(&Pool, &mut Chance) -> Option<Box<dyn Command>>,
);

macro_rules! commands {
    ($($module:ident: $($name:ident),+;)+) => {
        const COMMANDS: &[Made] = &[$($((stringify!($name), |pool, chance| {
            let command = pool.value::<crate::$module::$name>(chance)?;
            Some(Box::new(command))
        })),+),+];
    };
}

commands! {
    allocation: ConfirmAllocation, DeclareReadiness, DeclineAllocation, FillPlace,
        GrantClusterOverride, JoinWaitlist, OfferPilotSites, ProposeAllocation,
        ReallocatePlaces, ReallocateSpareCapacity, RegisterInterest, RequestClusterOverride,
        ReturnPlaces, ServeWaitlist, SplitPlaces, SupportClusterOverride, VacatePlace;
    appeal: CompleteAppealProcedures, DecideAppeal, LodgeAppeal;
    application: AddStudyEvidence, AgreeReconsideration, RecordInterview, ReleaseFeedback,
        RequestReconsideration, SubmitApplication, WithdrawApplication;
    arrs: AgreeArrsSupervisionPlan, ArrangeArrsSupervision, CheckArrsEligibility,
        DeployUnderArrs, EndArrsDeployment, EndArrsSupervision, EvidenceArrsCompetence;
    board: ArrangeExternalExaminer, ConstituteBoard, CorrectBoardDate, HoldBoard,
        RatifyOutcome, RedateOutcome, ReleaseResult, ReportChairsAction;
    break_glass: OpenBreakGlass, ReviewBreakGlass;
    circumstances: ClaimCircumstances, DecideCircumstances;
    cluster: ChangeCluster, JoinCluster, LeaveCluster;
    commitment: BringCommitmentDue, ConfirmBreach, EndGrace, EvidenceQualifiedPost,
        GiveCommitment, GrantGrace, LapseCommitment, NoteBreach, NoteCommitmentMaintained,
        NoteCommitmentOverdue, NoteExpectedCompletion, NoteQualifiedPost, NoteTrainingLeft,
        OfferMitigation, RecordPostChange, RedateCommitment, ReportPostEnded,
        TransferCommitment;
    community: FoundCommunity, GiveFeedback, JoinCommunity, LeaveCommunity;
    concern: AddressRoleConcern, RaiseRoleConcern;
    curriculum: ApproveCurriculum, DefineModule;
    decision_round: AmendDecision, LapseDecisionRound, OpenDecisionRound, SealDecision,
        SealShortlist, WithdrawDecision;
    deferral: AgreeDeferral, RefuseDeferral, RequestDeferral;
    directory: AddSite, ChangeSite, CloseClinicalService, EndProfessionalLead,
        FollowPlacement, NameProfessionalLead, NoteDeparture, NotePlacement, NoteQualifiedPlacement,
        OpenClinicalService, RecordIdentifierLookup, RecordRegisterCheck,
        RecordServiceSpecification, RecordSupervisor, RegisterTenant,
        RemodelClinicalService, RetenderClinicalService, SucceedTenant;
    dispute: AnswerDispute, RaiseDispute, ResolveDispute;
    employment: DismissTrainee, EndEmployment, ReassureEmploymentCheck, RecordLeave,
        ReinstateEmployment, StartEmployment;
    enrolment: EnrolTrainee;
    erasure: ConfirmErasureIdentity, DecideErasure, ExpireRetention, LiftLegalHold,
        NoteKeysDestroyed, PlaceLegalHold, ReceiveErasureNotice, RequestErasure;
    expansion_post: IdentifyExpansionPost, LapseExpansionPost, LapseFormerPost, SettleExpansionPost;
    extract: GrantExtract;
    fitness: CloseFitnessCase, OpenFitnessCase, RestorePractice, ReviewSuspension,
        SuspendPractice;
    funding: AcceptTrainingPlace, ApplyPayChange, ApproveAward, AwaitLaterBoard,
        ChangePayee, CheckFundingLock, CloseStatement, ConsentToLockDisclosure,
        DeclareOtherFunding, FixFundingLock, ForeseeFundingLock, GrantLockExemption,
        GrantPayeeException, InvoiceTuition, NoteInterruption, NoteLine, NoteOfferFell,
        NoteOfferHolds, NoteResumption, NoteTraineeLeft, NoteTrainingGoesOn, NoteWithdrawn,
        OpenEnvelope, OpenRecovery, PayInstalment, QuestionTrainingPlace,
        ReallocateAward, RecordEmployerCost, RecoverBreach, ReinstateAward, ResumeAward,
        SettleBreach, StopAward, SuspendAward, WaiveRecovery;
    identity: MergePersons, SplitPersons;
    interruption: AgreeLessThanFullTime, InterruptTraining, LockFromCohortBoard,
        ResumeTraining;
    marks: NoteCircumstances, RecordProvisionalMark;
    monitoring: AnswerMonitoring, DeclareLivedExperience;
    network: AgreeAction, CompleteAction, CountClusterRisk, CountRoleFidelity,
        CountServiceMove, HoldNetworkMeeting, IssueDigest, NameOfficer, StartDigest;
    offer: AcceptOffer, ClearEmploymentCheck, ConfirmConditions, DeclineOffer, LapseOffer,
        MakeOffer, ReinstateOffer, RescindOffer;
    outcome: CorrectOutcomes, ReportOutcomes;
    partnership: AgreeRouteBalance, SignPartnership;
    policy: AnswerPolicyQuestion, AskPolicyQuestion, SetPolicy;
    preceptorship: AssignPreceptor, CompletePreceptorship, LogPreceptorshipHours,
        NoteService, RecordPreceptorshipSession, SignOffPreceptorship, StartPreceptorship,
        SupportGraduate;
    prior_learning: ClaimPriorLearning, DecidePriorLearning;
    programme: CloseAllocationRound, ContractProvider, MigrateCurriculum, PlanIntake,
        ReachMilestone;
    progression: NoteProgression, OpenProgression, RecordDestination;
    qualification: NoteRegisteredPractice, RecordRegisterEntry, RecordRegisterStatus,
        ReleaseToTrainee;
    qualified_practice: CorrectPracticeWeek, EndPracticeLeave, EndPracticeSupervision,
        LeaveQualifiedPost, LogPracticeWeek, NamePracticeSupervisor, OpenQualifiedPractice,
        PlaceInTeam, StartPracticeLeave;
    referral: ConsentToReferral, ReferCandidate, WithdrawReferralConsent;
    reserve: FreePost, PlaceOnReserve;
    staff: AssignRole, EndRole, ManageRoles, RecordJoiner, RecordLeaver;
    supervision: CompleteSupervisorTraining, NameSeniorPractitioner, NoteSupervisionGaps,
        OfferSupervisorTraining, ReviewQualifiedSupervision, ReviewSupervisees,
        ReviewSupervision;
    supervision_agreement: AgreeSupervision, EndSupervisionAgreement;
    tally: TallyOutcome;
    training: AssignSupervisor, CorrectAttendance, CorrectPracticeHours, DisallowHours,
        EndSupervision, ExtendTraining, HoldThreeWayReview, LogPracticeHours,
        NoteEmployment, NoteEmploymentEnd, NoteEnrolment, NoteReinstatement, PlaceTrainee,
        RecordAttendance, RecordCaseload, ReinstateHours, SetWeeklyPattern,
        SignPracticeHours, VerifyPortfolio, VoidPracticeHours;
    transfer: AcceptTransferredCommitment, AnnounceRetender, AssessTransferImpact,
        DecideTransferPayee, HandOverTrainee, TakeOverTrainee,
        TransferService;
    transition: CloseTransitionPlan, EndTransitionPlan, OpenTransitionPlan, PlanTransitionStep,
        TakeTransitionStep;
    vacancy: CloseVacancy, OpenVacancy;
    withdrawal: CloseWithdrawal, ConfirmWithdrawal, DropWithdrawal, MakeRepresentations,
        NoteForcedWithdrawal, ProposeWithdrawal, ReverseWithdrawal;
    workforce: CorrectWorkforceCount, RecordWorkforceCount;
}

/// Commands that no request is read into: the platform counts, and hands them the counts.
const COUNTED: [&str; 2] = ["PublishDueEdiRelease", "PublishEdiRelease"];

/// Commands that ask for one more of something each time: that a repeat of the request is answered
/// alike is for the ledger, which keeps its receipt.
const ADDS: &[&str] = &[
    "AcceptTrainingPlace",
    "NoteQualifiedPlacement",
    "NoteQualifiedPost",
    "QuestionTrainingPlace",
    "ReallocatePlaces",
    "ReturnPlaces",
    "TallyOutcome",
];

/// Who tries: somebody of each organisation there is, in any of its roles, and the candidates.
fn somebody(pool: &Pool, chance: &mut Chance) -> Option<Actor> {
    let roles: Vec<ActingRole> = ActingRole::iter().collect();
    let role = chance.one(&roles)?;
    let home = match role.tenant_kind() {
        Some(TenantKind::Employer) => tenant(chance.one(&[NORTHMOOR, SEVERNVALE])?),
        Some(TenantKind::University) => tenant(WEXCOMBE),
        Some(TenantKind::Commissioner) => tenant(COMMISSIONER),
        Some(TenantKind::Person) => TenantId(chance.one(&pool.people)?),
        Some(TenantKind::Platform) | None => PLATFORM,
        Some(_) => tenant(0xF0),
    };
    Some(crate::given::actor(home, role))
}

fn pool(given: &Given, today: Date) -> Pool {
    let mut records = BTreeMap::<_, Vec<Uuid>>::new();
    for key in given.records() {
        records.entry(key.kind).or_default().push(key.id);
    }
    let tenants = [NORTHMOOR, SEVERNVALE, WEXCOMBE, COMMISSIONER];
    Pool {
        tenants: tenants.map(Uuid::from_u128).to_vec(),
        people: [0x71, 0x72, 0x73, 0x51].map(Uuid::from_u128).to_vec(),
        days: [0, -40, -1, 0, 1, 30, 400]
            .map(|days: i64| today.saturating_add(days.days()).to_string())
            .to_vec(),
        records,
    }
}

/// Says what was tried when it ends in a panic.
struct Trying<'a>(&'a dyn Command);

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("trying {:?}", self.0);
        }
    }
}

/// What came of trying.
struct Tried {
    given: Given,
    /// What wrote again when it was repeated.
    twice: BTreeSet<&'static str>,
}

/// Tries so many commands in the middle of lives.
fn try_anything(seed: u64, tries: usize) -> Tried {
    let chance = &mut Chance(seed);
    let (given, today) = lived(chance.of(usize::MAX));
    let mut tried = Tried {
        given,
        twice: BTreeSet::new(),
    };
    for n in 0..tries {
        let given = &mut tried.given;
        let pool = pool(given, today);
        let Some((name, make)) = chance.one(COMMANDS) else {
            continue;
        };
        let made = (0..8).find_map(|_| make(&pool, chance));
        let (Some(command), Some(by)) = (made, somebody(&pool, chance)) else {
            continue;
        };
        let _trying = Trying(&*command);
        let request = Uuid::from_u64_pair(seed, n as u64);
        let at = midday(today);
        let before = given.told();
        if given.when_requested(&by, at, request, &*command).is_err() {
            assert_eq!(given.told(), before, "{name} was refused and wrote");
            continue;
        }
        let after = given.told();
        let _ = given.when_requested(&by, at, request, &*command);
        if given.told() > after {
            tried.twice.insert(name);
        }
    }
    tried
}

/// How many histories: a few in every run, as many as `PROPTEST_CASES` says on demand.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES");
    asked
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever asks for whatever: nothing panics, a refusal writes nothing, a repeat writes nothing, and
    /// every record folded again from its events is as it stands.
    #[test]
    fn no_command_breaks_a_record(seed in any::<u64>()) {
        let tried = try_anything(seed, 400);
        prop_assert!(tried.given.replays());
        let adds = |name: &&&str| ADDS.contains(*name);
        let twice: Vec<_> = tried.twice.iter().filter(|name| !adds(name)).collect();
        prop_assert!(twice.is_empty(), "{:?} write twice", twice);
    }
}

/// A command that is not in the table would not be tried.
#[test]
fn every_command_is_tried() {
    fn look(folder: &std::path::Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.is_dir() && !["tests", "given"].contains(&name) {
                look(&path, found);
            } else if path.is_file() && name != "tests.rs" {
                let text = std::fs::read_to_string(&path).expect("a file");
                let names = text
                    .lines()
                    .filter_map(|line| line.strip_prefix("impl Command for "));
                found.extend(names.map(|name| name.trim_end_matches(" {").to_owned()));
            }
        }
    }
    let mut found = BTreeSet::new();
    look(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    let tried: BTreeSet<String> = COMMANDS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    found.retain(|name| !COUNTED.contains(&name.as_str()));
    assert_eq!(found, tried);
}
