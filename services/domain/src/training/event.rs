//! Facts of a training.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::*;

/// Facts of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum TrainingEvent {
    /// The person is employed.
    EmploymentNoted {
        /// Whose training.
        appointment: Appointment,
        /// The first day.
        starts: Date,
    },
    /// The person is no longer employed in the trainee post.
    EmploymentEndNoted {
        /// The last day.
        on: Date,
    },
    /// The person is enrolled.
    EnrolmentNoted {
        /// Whose training.
        appointment: Appointment,
        /// From when, towards which board.
        teaching: Teaching,
    },
    /// Both are in force: the training year runs (`TRAIN-05`).
    TrainingStarted {
        /// Whose.
        appointment: Appointment,
        /// The year.
        year: TrainingYear,
        /// When the intake's board is expected.
        expected_board: Date,
    },
    /// A practice supervisor was assigned.
    SupervisorAssigned {
        /// Whose training.
        appointment: Appointment,
        /// Who, from when.
        supervision: Supervision,
    },
    /// Somebody no longer supervises, from a day on.
    SupervisionEnded {
        /// Who, from when.
        supervision: Supervision,
    },
    /// Nobody eligible supervises from a day on.
    SupervisionGapOpened {
        /// The first day.
        from: Date,
    },
    /// Somebody eligible supervises again, or supervision is needed no longer.
    SupervisionGapClosed {
        /// The first day without.
        from: Date,
        /// The first day after it.
        until: Date,
        /// Days without.
        days: i64,
    },
    /// What was known as a gap is none.
    SupervisionGapRemoved {
        /// Its first day, as it was known.
        from: Date,
    },
    /// Entries of a gap do not count until the university has decided.
    HoursUnderReview {
        /// Their numbers.
        entries: Vec<u32>,
        /// Their quarter-hours together.
        quarters: u32,
    },
    /// Entries under review count again: there was no gap.
    HoursReviewLifted {
        /// Their numbers.
        entries: Vec<u32>,
        /// Their quarter-hours together.
        quarters: u32,
    },
    /// The days of the week were set.
    WeeklyPatternSet {
        /// The week.
        pattern: WeeklyPattern,
    },
    /// Practice hours were added.
    PracticeHoursLogged {
        /// The hours.
        entry: PracticeEntry,
    },
    /// Entries were signed.
    PracticeHoursSigned {
        /// By whom.
        by: Signatory,
        /// Their numbers.
        entries: Vec<u32>,
    },
    /// An entry was corrected: its signatures are void.
    PracticeHoursCorrected {
        /// Its number.
        number: u32,
        /// As it reads now.
        entry: PracticeEntry,
        /// The quarter-hours before.
        was: u32,
        /// Why.
        reason: CorrectionReason,
        /// Which event it corrects; not said by the first version.
        corrects: Option<Corrected>,
    },
    /// An entry was taken back.
    PracticeHoursVoided {
        /// Its number.
        number: u32,
        /// What it said.
        entry: PracticeEntry,
        /// Why.
        reason: CorrectionReason,
        /// Which event it corrects; not said by the first version.
        corrects: Option<Corrected>,
    },
    /// The university does not let an entry count.
    HoursDisallowed {
        /// Its number.
        number: u32,
        /// Its quarter-hours.
        quarters: u32,
        /// Why.
        reason: DisallowReason,
        /// Which event it corrects; not said by the first version.
        corrects: Option<Corrected>,
    },
    /// The university lets an entry count again.
    HoursReinstated {
        /// Its number.
        number: u32,
        /// Its quarter-hours.
        quarters: u32,
        /// Why, where it was said.
        reason: Option<HoursReinstatementReason>,
        /// Which event it sets aside; not said by the first version.
        corrects: Option<Corrected>,
    },
    /// The trainee practises in a clinical service from a day on.
    TraineePlaced {
        /// Where.
        placement: Placement,
    },
    /// The people on the caseload were counted.
    CaseloadRecorded {
        /// How many.
        caseload: Caseload,
    },
    /// Trainee, supervisor and tutor met.
    ThreeWayReviewHeld {
        /// The day.
        on: Date,
        /// Which side recorded it.
        by: Party,
    },
    /// The university found the practice minima met.
    PortfolioVerified {
        /// What it showed.
        portfolio: Portfolio,
    },
    /// The trainee post lasts beyond the year, at the employer's cost.
    TrainingExtended {
        /// The new last day.
        until: Date,
    },
    /// The person is away from the training; why is not said.
    TrainingInterrupted {
        /// The first day away.
        from: Date,
        /// The day the return is expected.
        expected_return: Option<Date>,
    },
    /// The person is back.
    TrainingResumed {
        /// The first day back.
        on: Date,
        /// The last day of the year, computed again.
        ends: Date,
        /// The board now worked towards.
        expected_board: Date,
    },
    /// One side agreed to a lighter week (`X-07`).
    LessThanFullTimeAgreed {
        /// Which.
        by: Party,
        /// The week.
        week: LighterWeek,
    },
    /// Both did: the exception is granted.
    LessThanFullTimeGranted {
        /// The week.
        week: LighterWeek,
        /// The last day of the year, computed again.
        ends: Date,
    },
    /// Somebody asked that the training end, or the end of the employment forces it.
    WithdrawalProposed {
        /// Who asked.
        by: ProposedBy,
        /// The last day of training, should it be confirmed.
        on: Date,
        /// The last day for representations.
        representations_until: Date,
    },
    /// The trainee made representations; what they said is the university's own.
    RepresentationsMade {
        /// The day.
        on: Date,
    },
    /// The university confirmed the withdrawal; why is not said.
    TrainingWithdrawn {
        /// The last day of training.
        on: Date,
        /// The day of the confirmation.
        decided: Date,
    },
    /// The withdrawal was not confirmed: the training goes on.
    WithdrawalDropped {
        /// The day.
        on: Date,
    },
    /// A confirmed withdrawal was taken back: the training goes on.
    WithdrawalReversed {
        /// The day on which it goes on.
        on: Date,
        /// Whether the withdrawal had been recorded in error.
        in_error: bool,
        /// The last day of the year, computed again.
        ends: Date,
        /// Which event it takes back; not said by the first version.
        corrects: Option<Corrected>,
    },
    /// The end of the employment did not stand.
    EmploymentReinstatementNoted {
        /// The day.
        on: Date,
    },
    /// Practice is suspended; why is not said (`standards.md` B.5).
    PracticeSuspended {
        /// The first day without practice.
        from: Date,
    },
    /// Practice goes on.
    PracticeRestored {
        /// The first day of practice again.
        on: Date,
    },
    /// The employer gave the training up with its clinical service; it sees no more of it.
    TrainingHandedOver {
        /// In which transfer.
        transfer: Id<ServiceTransfer>,
        /// To whom.
        to: TenantId,
        /// The first day without it.
        on: Date,
    },
    /// The successor took the training over.
    TrainingTakenOver {
        /// What it took over.
        taken: Box<TakenOver>,
    },
    /// The university recorded a week of study.
    AttendanceRecorded {
        /// This event's own sequence, by which a correction names it.
        sequence: u64,
        /// The week.
        attendance: Attendance,
    },
    /// A recorded week was wrong: it stays, struck through.
    RecordCorrected {
        /// This event's own sequence, by which a later correction names it.
        sequence: u64,
        /// Which event, why, and on whose word.
        correction: Correction<CorrectionReason>,
        /// What it says.
        was: Attendance,
        /// The days in its place; none when the week is not this trainee's at all.
        university_days: Option<u32>,
    },
    /// Study that stands adds up to something else since a correction.
    HoursRecomputed {
        /// Quarter-hours before.
        was: u32,
        /// Quarter-hours now.
        now: u32,
    },
}
