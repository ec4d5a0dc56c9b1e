//! What a timeline says happened.

use jiff::civil::Date;
use strum::Display;

use crate::{
    application::{Application, CandidateStatus},
    id::Id,
    qualification::ReleasedResult,
};

/// Something that happened in a person's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The day.
    pub on: Date,
    /// What.
    pub what: What,
    /// The application it belongs to; a lock's exemption belongs to none.
    pub application: Option<Id<Application>>,
    /// The one thing worth saying about it: a check, a qualification, a day. Never a party's word.
    pub detail: String,
}

/// What happened, in the words that people are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum What {
    Applied,
    StudyEvidenceAdded,
    Interviewed,
    NotAppointed,
    FeedbackReleased,
    Reopened,
    Appointed,
    Withdrawn,
    OfferMade,
    OfferAccepted,
    OfferDeclined,
    OfferLapsed,
    OfferRescinded,
    /// A decline or a rescission was a mistake: the offer waits for an answer again.
    OfferReinstated,
    CheckCleared,
    CheckNotCleared,
    ConditionsMet,
    DeferralRequested,
    DeferralAgreed,
    DeferralRefused,
    EmploymentStarted,
    Enrolled,
    TrainingStarted,
    SupervisorAssigned,
    ThreeWayReviewHeld,
    TrainingExtended,
    EmploymentEnded,
    PortfolioVerified,
    /// Passed; the qualification is a moment of its own.
    ResultPassed,
    /// Another board decides, on the day in the detail.
    ResultNotYetComplete,
    ResultNotCompleted,
    ResultSetAside,
    BoardRedated,
    Qualified,
    AppealLodged,
    AppealUpheld,
    AppealDismissed,
    AppealProceduresCompleted,
    /// From a board that is only expected, until the day in the detail.
    LockExpected,
    /// From the board, until the day in the detail.
    LockFixed,
    LockExempted,
    /// The person lets the employer in the detail ask.
    LockDisclosed,
    PlaceAccepted,
    PlaceRefused,
    PlaceQuestioned,
    PreceptorshipStarted,
    /// Service counts, until the day in the detail.
    ConsolidationStarted,
    ConsolidationPaused,
    ConsolidationResumed,
    ConsolidationStopped,
    PreceptorshipCompleted,
    Registered,
    RegisterListing,
}

impl What {
    /// The moment at which an application comes to a status.
    pub(super) const fn of_status(status: CandidateStatus) -> Option<Self> {
        Some(match status {
            // where it starts: applying is the moment
            CandidateStatus::UnderConsideration => return None,
            CandidateStatus::Reopened => Self::Reopened,
            CandidateStatus::NotAppointed => Self::NotAppointed,
            CandidateStatus::Appointed => Self::Appointed,
            CandidateStatus::Withdrawn => Self::Withdrawn,
        })
    }

    /// The moment of a released result, and its detail.
    pub(super) fn of_result(result: ReleasedResult) -> (Self, String) {
        match result {
            ReleasedResult::Passed => (Self::ResultPassed, String::new()),
            ReleasedResult::NotYetComplete { next_board } => {
                (Self::ResultNotYetComplete, next_board.to_string())
            }
            ReleasedResult::NotCompleted { .. } => (Self::ResultNotCompleted, String::new()),
        }
    }
}
