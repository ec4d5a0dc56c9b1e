//! One trainee's life, as far as a tenant sees it: the rows of a thread read together.

use domain::{
    actor::{ActingRole, PersonId},
    visibility::DataClass,
};
use jiff::civil::Date;
use uuid::Uuid;

use crate::record::{ApplicationStage, Decided, OfferStage, Record, Trainee};

/// A journey from application to consolidated practice. Dates are absent until they are known to
/// the tenant that reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Journey {
    /// The application: the thread.
    pub application: Uuid,
    /// The person, by opaque id.
    pub person: Option<PersonId>,
    /// Where the application stands.
    pub application_stage: Option<ApplicationStage>,
    /// Where the offer stands.
    pub offer_stage: Option<OfferStage>,
    /// Employment checks cleared.
    pub checks_cleared: u32,
    /// The level trained for.
    pub level: Option<u8>,
    /// First day in the trainee post.
    pub employed_from: Option<Date>,
    /// Last day in it, once it has ended.
    pub employed_until: Option<Date>,
    /// First day of teaching; the university's own.
    pub enrolled_from: Option<Date>,
    /// First day of the training year.
    pub training_from: Option<Date>,
    /// Its last day, extensions included.
    pub training_until: Option<Date>,
    /// Monthly instalments paid.
    pub instalments_paid: u32,
    /// Salary support paid, in pence.
    pub salary_paid_pence: i64,
    /// Board decisions so far; the university's own.
    pub decided: Vec<Decided>,
    /// The board that decides next, while the released result is not complete.
    pub next_board: Option<Date>,
    /// The day of the qualification.
    pub qualified_on: Option<Date>,
    /// The qualification's title.
    pub qualification: Option<String>,
    /// The leaving code of the national student return.
    pub leaving_code: Option<&'static str>,
    /// Whether a register lists the person.
    pub registered: bool,
    /// First day in the qualified post.
    pub qualified_post_from: Option<Date>,
    /// Preceptorship sessions held.
    pub preceptorship_sessions: u32,
    /// When both parts of the preceptorship were done.
    pub preceptorship_completed: Option<Date>,
    /// Whole months of consolidation on the day asked for.
    pub consolidation_months: u32,
    /// Months of consolidation asked for.
    pub consolidation_months_needed: u32,
}

impl Journey {
    /// Reads the rows of a thread as of a day.
    pub fn of<'a>(application: Uuid, rows: impl IntoIterator<Item = &'a Record>, on: Date) -> Self {
        let mut journey = Self {
            application,
            ..Self::default()
        };
        for row in rows {
            journey.read(row, on);
        }
        journey
    }

    /// The same without what is none of an acting role's business.
    #[must_use]
    pub fn narrowed(mut self, role: ActingRole) -> Self {
        let knows = |class: DataClass| class.is_known_to(role);
        let reads = |class: DataClass| class.is_shown_to(role);
        if !knows(DataClass::Application) {
            (self.application_stage, self.level) = (None, None);
        }
        if !knows(DataClass::Offer) {
            self.offer_stage = None;
        }
        if !knows(DataClass::CheckStatus) {
            self.checks_cleared = 0;
        }
        if !knows(DataClass::Employment) {
            (self.employed_from, self.employed_until) = (None, None);
        }
        if !knows(DataClass::Enrolment) {
            self.enrolled_from = None;
        }
        if !knows(DataClass::Training) {
            (self.training_from, self.training_until) = (None, None);
        }
        if !reads(DataClass::Award) {
            (self.instalments_paid, self.salary_paid_pence) = (0, 0);
        }
        if !reads(DataClass::RatifiedOutcome) {
            self.decided.clear();
        }
        if !knows(DataClass::RatifiedOutcome) {
            (self.next_board, self.leaving_code) = (None, None);
        }
        if !knows(DataClass::Qualification) {
            (self.qualified_on, self.qualification, self.registered) = (None, None, false);
        }
        if !knows(DataClass::Preceptorship) {
            (self.qualified_post_from, self.preceptorship_completed) = (None, None);
            (self.consolidation_months, self.consolidation_months_needed) = (0, 0);
        }
        if !reads(DataClass::Preceptorship) {
            self.preceptorship_sessions = 0;
        }
        self
    }

    fn whose(&mut self, trainee: Option<&Trainee>) {
        self.person = self.person.or(trainee.map(|trainee| trainee.person));
    }

    fn read(&mut self, row: &Record, on: Date) {
        match row {
            Record::Application(row) => {
                self.person = self.person.or(row.person);
                self.application_stage = Some(row.stage);
                self.level = self.level.or(row.level);
            }
            Record::Offer(row) => {
                self.offer_stage = Some(row.stage);
                self.checks_cleared = u32::try_from(row.checks.len()).unwrap_or(u32::MAX);
                self.level = Some(row.level);
            }
            Record::Award(row) => {
                self.whose(row.trainee.as_ref());
                self.instalments_paid = row.instalments;
                self.salary_paid_pence = row.paid_pence;
            }
            Record::Enrolment(row) => {
                self.whose(row.trainee.as_ref());
                self.enrolled_from = row.starts;
                self.decided.clone_from(&row.outcomes);
            }
            Record::Employment(row) => {
                self.whose(row.trainee.as_ref());
                self.employed_from = row.starts;
                self.employed_until = row.ended.or(row.moved_out);
            }
            Record::Training(row) => {
                self.whose(row.trainee.as_ref());
                self.training_from = row.starts;
                self.training_until = row.ends;
            }
            Record::Qualification(row) => {
                self.whose(row.trainee.as_ref());
                self.next_board = row.next_board;
                self.leaving_code = row.leaving_code();
                self.registered = row.register_entries > 0;
                if let Some(award) = &row.award {
                    self.qualified_on = Some(award.awarded);
                    self.qualification = Some(award.qualification.clone());
                }
            }
            Record::Preceptorship(row) => {
                self.whose(row.trainee.as_ref());
                self.qualified_post_from = row.post_from();
                self.preceptorship_sessions = row
                    .sessions
                    .values()
                    .fold(0, |sum, held| sum.saturating_add(*held));
                self.preceptorship_completed = row.completed;
                (self.consolidation_months, self.consolidation_months_needed) =
                    row.consolidation(on).unwrap_or_default();
            }
            Record::Unseen
            | Record::Question(_)
            | Record::Service(_)
            | Record::Programme(_)
            | Record::Cluster(_)
            | Record::Expansion(_)
            | Record::Intake(_)
            | Record::Allocation(_)
            | Record::Commitment(_)
            | Record::Breaches(_)
            | Record::Statement(_)
            | Record::Envelope(_)
            | Record::Invoice(_)
            | Record::Costs(_)
            | Record::Establishment(_)
            | Record::Partnership(_)
            | Record::Vacancy(_)
            | Record::Posts(_)
            | Record::Lock(_)
            | Record::Community(_)
            | Record::Membership(_)
            | Record::Feedback(_)
            | Record::Network(_)
            | Record::Region(_)
            | Record::Notice(_)
            | Record::Counted(_)
            | Record::Dispute(_)
            | Record::DisputeNotice(_)
            | Record::TrainingPlace(_)
            | Record::ExamBoard(_)
            | Record::Appeal(_)
            | Record::TransitionPlan(_)
            | Record::QualifiedPractice(_)
            | Record::ArrsDeployment(_)
            | Record::Progression(_)
            | Record::Openings(_)
            | Record::Course(_)
            | Record::Concern(_)
            | Record::Withdrawal(_)
            | Record::Transfer(_)
            | Record::Outcome(_) => {}
        }
    }
}
