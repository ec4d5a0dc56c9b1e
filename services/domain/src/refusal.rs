//! Why a command was refused: one list of reasons, in the words the wire uses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

/// The class of a refusal; it decides the gRPC code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    /// `INVALID_ARGUMENT`: the request itself is wrong, whatever the state.
    Invalid,
    /// `FAILED_PRECONDITION`: the state does not allow it now.
    Precondition,
    /// `ALREADY_EXISTS`: the fact is recorded already with other content.
    AlreadyExists,
    /// `RESOURCE_EXHAUSTED`: a limit is reached.
    Exhausted,
    /// `PERMISSION_DENIED`: missing, foreign and sealed alike.
    NotPermitted,
    /// `ABORTED`: the record changed; read it again.
    Aborted,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $kind:ident,)*) => {
        /// Every reason the service can refuse for. On the wire `ErrorInfo.reason` is the same
        /// words in UPPER_SNAKE; the ids in brackets are the rules behind it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, IntoStaticStr, Serialize, Deserialize)]
        #[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// The class of the reason.
            pub const fn kind(self) -> RefusalKind {
                match self { $(Self::$name => RefusalKind::$kind,)* }
            }
        }
    };
}

reasons! {
    /// Missing, foreign and sealed look the same (C.3).
    NotPermitted NotPermitted,
    /// (D.18) statistics of monitoring are read as released: not as at a day, not by part.
    FrozenFiguresOnly NotPermitted,
    /// (C.2, B.7) small counts of people are read as counts; who is behind them is not listed.
    CountsOnly NotPermitted,
    /// A field is malformed; see the field violations.
    FieldInvalid Invalid,
    /// The policy register has no value in force on the date (`architecture.md` §7).
    PolicyMissing Precondition,
    /// The record is not in a state that allows the command (Annex 3).
    StateNotAllowed Precondition,
    /// The same fact exists with other content; correct it explicitly.
    AlreadyRecorded AlreadyExists,
    /// The record changed in the meantime.
    VersionConflict Aborted,
    /// A fact dated later than now cannot be recorded yet.
    EffectiveInFuture Invalid,
    /// Same request id, other content.
    RequestIdReused Invalid,

    /// (FUND-02, FUND-03)
    CommitmentRequired Precondition,
    /// (FUND-07, PRECEPT-02) band 5, permanent, baseline funding, same organisation.
    CommitmentTermsNotMet Precondition,
    /// (READY-01..03, FUND-16)
    EmployerNotReady Precondition,
    /// (ALLOC-06)
    InterestRequired Precondition,
    /// (ALLOC-01, X-04)
    ClusterBelowMinimum Precondition,
    /// (ALLOC-07)
    CapacityExceeded Exhausted,
    /// (FUND-11) the post is occupied, existed before, or is set aside for somebody else.
    PostNotAdditional Precondition,
    /// (TRAIN-09, TRAIN-21)
    CurriculumRequirementMissing Precondition,
    /// (TRAIN-06) more credit than was claimed, than policy lets count, or for what is too old.
    PriorLearningLimit Precondition,
    /// Others wait for places of the intake, and are served first.
    WaitlistFirst Precondition,
    /// (ROUTE-04)
    BothRoutesRequired Precondition,
    /// (ROUTE-05)
    RouteBalanceNotAgreed Precondition,
    /// (ROUTE-01, ROUTE-02)
    RouteMismatch Precondition,
    /// (ROUTE-03)
    StudyEvidenceRequired Precondition,
    /// (TIME-04)
    ProviderNotContracted Precondition,
    /// (ALLOC-11)
    PartnershipRequired Precondition,
    /// (SET-01..08)
    SettingNotPermitted Precondition,
    /// (ALLOC-16, ALLOC-17)
    SiteCriteriaNotMet Precondition,
    /// (SUP-01)
    SupervisorNotEligible Precondition,
    /// (SUP-01, TRAIN-03)
    SupervisionGapOpen Precondition,
    /// (B.3: six checks before employment starts)
    EmploymentCheckIncomplete Precondition,
    /// (LOCK-01)
    FundingLockActive Precondition,
    /// (FUND-09)
    LevyFundingConflict Precondition,
    /// (FUND-05, X-13) salary support goes to employers of the sectors policy names.
    PayeeNotPermitted Precondition,
    /// (FUND-10)
    AwardNotTransferable Precondition,
    /// (FUND-13) the year's funding is drawn.
    EnvelopeExhausted Exhausted,
    /// (FUND-13) the year's funding is over.
    EnvelopeEnded Precondition,
    /// (FUND-06) an award pays the course fees.
    TuitionNotChargeable Precondition,
    /// (D.9) a closed statement never changes.
    StatementClosed Precondition,
    /// (PRACTICE-09)
    PostSubstitutionForbidden Precondition,
    /// (ASSESS-01)
    NotQualified Precondition,
    /// (FUND-14, B.2 practice minima)
    PracticeHoursShort Precondition,
    /// (B.5)
    BoardNotQuorate Precondition,
    /// (B.5) a board is constituted, with its members and capacities, before it sits.
    BoardNotConstituted Precondition,
    /// (B.5) no pass while a component's latest mark does not reach the pass mark.
    MarkBelowPass Precondition,
    /// (B.5) whoever directs the programme does not chair its board.
    ChairNotIndependent Precondition,
    /// (C.4)
    ResultNotReleased Precondition,
    /// (B.6) the same level or senior, and twelve months' experience.
    PreceptorNotEligible Precondition,
    /// (PRACTICE-04..07)
    ArrsNotEligible Precondition,
    /// (TIME-06) the vacancy is not open on the date.
    CampaignClosed Precondition,
    /// (C.3.5) the decision round is not open.
    RoundClosed Precondition,
    /// (JOINT-05) a required criterion has no score.
    CriterionNotScored Precondition,
    /// (Annex 3) both parties' offer conditions must be met.
    ConditionsNotMet Precondition,
    /// (B.7)
    ErasureBlockedLegalHold Precondition,
    /// (D.9)
    AlreadyRecovered Precondition,
    /// (SET-13)
    TransferPending Precondition,
    /// (ROUTE-06, scenario 3) one acceptance per person.
    OfferAlreadyAccepted AlreadyExists,
    /// (scenario 3) one application per person and vacancy.
    AlreadyHoldsApplication AlreadyExists,
    /// (JOINT-01, `offer.answer`) an offer is answered in time or lapses.
    OfferLapsed Precondition,
    /// (ALLOC-07) no more offers stand than the vacancy has posts.
    AllPostsOffered Precondition,
    /// (B.3, `applications`) the campaign takes one application per person.
    AnotherApplicationStands Precondition,
    /// (C.3) a candidate is put forward elsewhere with their consent only.
    ConsentRequired Precondition,
    /// (ACTOR-11, `interview.panel`) a kind of panel member is missing.
    PanelIncomplete Precondition,
    /// (D.15) own side only: amend explicitly.
    DecisionAlreadyRecorded AlreadyExists,

    /// (B.2)
    UlnCheckDigit Invalid,
    /// (B.2)
    SidCheckDigit Invalid,
    /// (B.2)
    SidProviderMismatch Invalid,
    /// (B.1)
    OdsCodeFormat Invalid,
    /// (B.1)
    UkprnFormat Invalid,
    /// (B.4)
    HcpcNumberFormat Invalid,
    /// (JOINT-08)
    ExperienceNotACriterion Invalid,
    /// (JOINT-07)
    RecoveryCriterionRequired Invalid,
    /// (TRAIN-01, X-07)
    WeeklyPatternInvalid Invalid,
    /// (TRAIN-22)
    PatientIdentifierSuspected Invalid,
    /// (TRAIN-12)
    ActivityNotListed Invalid,
}

/// A refused command: nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The stable reason.
    pub reason: Reason,
    /// What is wrong and what to do next, for people; never another tenant's state.
    pub message: String,
    /// The request field at fault, when one is (`snake_case` path as in the proto).
    pub field: Option<&'static str>,
    /// Machine-readable details (`ErrorInfo.metadata`), e.g. `lock_until`.
    pub details: BTreeMap<&'static str, String>,
}

impl Refusal {
    /// A refusal for `reason`; `message` ends in the next step.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            field: None,
            details: BTreeMap::new(),
        }
    }

    /// The one answer for missing, foreign and sealed.
    pub fn not_permitted() -> Self {
        Self::new(
            Reason::NotPermitted,
            "not permitted, or no such record for you; check the resource name and your acting role",
        )
    }

    /// A malformed field.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::new(Reason::FieldInvalid, message).at(field)
    }

    /// The same fact is recorded with other content.
    pub fn already_recorded(what: &str) -> Self {
        Self::new(
            Reason::AlreadyRecorded,
            format!("{what} is recorded already with other content; read it first"),
        )
    }

    /// The answer to a fact that exists already: no event when it is the same one.
    ///
    /// # Errors
    /// `ALREADY_RECORDED` when its content differs.
    pub fn unless_same<E>(same: bool, what: &str) -> Result<Vec<E>, Self> {
        if same {
            Ok(vec![])
        } else {
            Err(Self::already_recorded(what))
        }
    }

    /// The record's state does not allow it now; `message` ends in the next step.
    pub fn state_not_allowed(message: impl Into<String>) -> Self {
        Self::new(Reason::StateNotAllowed, message)
    }

    /// Names the request field at fault.
    #[must_use]
    pub fn at(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// Adds a machine-readable detail.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        self.details.insert(key, value.to_string());
        self
    }
}
