//! Who may see what inside a tenant: one row per class of data, one cell per acting role.
//!
//! Which records a role's tenant reaches at all is the record's custody
//! ([`crate::world::Custody`]), and who may call what is [`crate::permission`]; this table says how
//! much of a record the one acting role sees. It is the matrix of C.2, cell by cell, and below it the
//! records that C.2 does not list. Feeds, replays and the opening of personal values ask it, and a
//! test asks it of every field of every answer.

pub mod events;

use strum::{Display, EnumIter};

use crate::{
    actor::{ActingRole, TenantKind},
    personal::PersonalClass,
};

/// How much is seen, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display)]
#[strum(serialize_all = "snake_case")]
pub enum Extent {
    /// Not even that there is anything.
    Nothing,
    /// Only in figures over many.
    Aggregate,
    /// That it is so, without reason or content.
    Status,
    /// The content, without whom it is about.
    Redacted,
    /// The content.
    Shown,
}

/// What has to be so first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[strum(serialize_all = "snake_case")]
pub enum Condition {
    /// Nothing.
    Always,
    /// The decision round is revealed. No party's stream carries what is not.
    Revealed,
    /// The outcome is ratified and released. No stream of another party carries what is not.
    Released,
    /// The reader names the record or the person: no page of many shows it.
    InCase,
    /// Both of these, for whoever may look into a case.
    InCaseRevealed,
    /// The shortlist is locked; until then without whom it is about.
    ShortlistLocked,
    /// The record is the reader's own.
    OwnRecord,
    /// The record is about people of the reader's own tenant.
    OwnPeople,
    /// The person consents to it.
    Consented,
}

/// A cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// How much is seen once the condition holds.
    pub extent: Extent,
    /// The condition.
    pub condition: Condition,
}

/// Where something is about to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Among whatever else the tenant may see.
    Feed,
    /// By itself, because the reader named the record or its person.
    Record,
}

impl Access {
    /// How much is seen there of what lies in the reader's custody. That something waits for a
    /// reveal, a release or a shortlist is kept by the stream it lies in; a case is named by the
    /// request or not at all.
    pub const fn on(self, surface: Surface) -> Extent {
        use Condition::{Consented, InCase, InCaseRevealed};
        match (self.extent, self.condition, surface) {
            // A figure over many is no view of one of them.
            (Extent::Aggregate, ..)
            | (_, InCase | InCaseRevealed, Surface::Feed)
            // Whoever is told by consent is told in answer to its own question.
            | (_, Consented, _) => Extent::Nothing,
            (extent, ..) => extent,
        }
    }

    /// How much is seen before the condition holds.
    pub const fn before(self) -> Extent {
        match self.condition {
            Condition::Always => self.extent,
            Condition::ShortlistLocked => Extent::Redacted,
            _ => Extent::Nothing,
        }
    }
}

const fn cell(extent: Extent, condition: Condition) -> Access {
    Access { extent, condition }
}

// The cells as C.2 writes them; 5 is status only, A figures only.
const __: Access = cell(Extent::Nothing, Condition::Always);
const A_: Access = cell(Extent::Aggregate, Condition::Always);
const O_: Access = cell(Extent::Shown, Condition::OwnRecord);
const O2: Access = cell(Extent::Shown, Condition::Released);
const O3: Access = cell(Extent::Shown, Condition::InCase);
const R_: Access = cell(Extent::Shown, Condition::Always);
const R1: Access = cell(Extent::Shown, Condition::Revealed);
const R3: Access = cell(Extent::Shown, Condition::InCase);
const R4: Access = cell(Extent::Shown, Condition::ShortlistLocked);
const R6: Access = cell(Extent::Shown, Condition::OwnPeople);
const R9: Access = cell(Extent::Shown, Condition::InCaseRevealed);
const S_: Access = cell(Extent::Status, Condition::Always);
const S1: Access = cell(Extent::Status, Condition::Revealed);
const S2: Access = cell(Extent::Status, Condition::Released);
const SC: Access = cell(Extent::Status, Condition::Consented);

/// One cell for each acting role, in the order of [`ActingRole`].
type Row = [Access; ActingRole::PlatformOperator as usize + 1];

macro_rules! visibility {
    ($($(#[$doc:meta])* $class:ident: [$($cell:ident),* $(,)?],)*) => {
        /// A class of data. C.2 has the first ones; the others it leaves open.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, Display)]
        #[strum(serialize_all = "snake_case")]
        pub enum DataClass { $($(#[$doc])* $class,)* }

        impl DataClass {
            const fn row(self) -> &'static Row {
                match self { $(Self::$class => const { &[$($cell),*] },)* }
            }
        }
    };
}

#[rustfmt::skip]
visibility! {
    //                      CAN EHR ESM ESU EPL EFI EDP UAT UPL UTU UBS UBC UEX UEC UDP UFP CNA CRE PPN EVA AUD TAD SYS
    /// Name and contact.
    Identity:              [O_, R6, R4, R6, R6, __, __, R4, R6, __, R_, R_, R3, __, __, R3, __, __, __, __, R3, __, __],
    /// What the candidate wrote.
    Statement:             [O_, R6, R4, __, R6, __, __, R4, R6, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// Answers on equality and diversity.
    EqualityMonitoring:    [O_, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, A_, A_, A_, A_, __, __, __],
    /// The declaration of lived experience.
    LivedExperience:       [O_, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, A_, A_, __, __, __, __, __],
    /// What is needed as a reasonable adjustment.
    Adjustment:            [O_, R_, R_, R3, __, __, __, R_, R_, __, R_, R_, __, R_, __, __, __, __, __, __, R3, __, __],
    /// The reason behind an adjustment.
    AdjustmentReason:      [O_, __, __, __, __, __, __, R3, __, __, __, __, __, R3, __, __, __, __, __, __, __, __, __],
    /// Degree, study evidence and prior learning.
    StudyEvidence:         [O_, S_, S_, __, __, __, __, R_, R_, R_, R_, R_, __, __, __, __, __, __, __, __, R3, __, __],
    /// What else the same person has applied for or accepted.
    OtherApplications:     [O_, __, __, __, __, __, __, R6, __, __, __, __, __, __, __, __, A_, A_, __, __, R3, __, __],
    /// The employer's scores, notes and shortlist.
    EmployerScores:        [O3, R_, R_, __, R_, __, __, S1, __, __, __, __, __, __, __, __, __, __, __, __, R9, __, __],
    /// The university's scores, notes and shortlist.
    UniversityScores:      [O3, __, S1, __, __, __, __, R_, R_, __, __, __, __, __, __, __, __, __, __, __, R9, __, __],
    /// The employer's sealed decision.
    EmployerDecision:      [__, R_, R_, __, R_, __, __, R1, R1, __, __, __, __, __, __, __, __, __, __, __, R9, __, __],
    /// The university's sealed decision.
    UniversityDecision:    [__, R1, R1, __, __, __, __, R_, R_, __, __, __, __, __, __, __, __, __, __, __, R9, __, __],
    /// What both decided, once both have.
    JointOutcome:          [O_, R1, R1, R1, R1, __, __, R1, R1, __, __, __, __, __, __, __, S_, S_, A_, A_, R_, __, __],
    /// How far the six employment checks are.
    CheckStatus:           [O_, R_, S_, __, S_, __, __, S_, S_, __, __, __, __, __, __, __, A_, __, __, __, S_, __, __],
    /// What a check brought to light.
    CheckContent:          [O_, R3, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __],
    /// ESR numbers and pay.
    EmploymentIdentifiers: [O_, R_, R_, __, __, R_, __, __, __, __, __, __, __, __, __, __, S_, __, __, __, R_, __, __],
    /// ULN and SID.
    EnrolmentIdentifiers:  [O_, __, __, __, __, __, __, R_, R_, __, R_, R_, __, __, __, __, __, __, __, __, R3, __, __],
    /// Attendance and the weekly pattern.
    Attendance:            [O_, R_, R_, R_, R_, __, __, __, R_, R_, R_, R_, __, __, __, __, A_, A_, A_, A_, R3, __, __],
    /// The log of supervision and of reviews.
    SupervisionLog:        [O_, __, S_, R_, S_, __, __, __, R_, R_, S_, S_, __, __, __, __, A_, A_, A_, A_, R3, __, __],
    /// Hours of practice, interventions and caseload.
    PracticeHours:         [O_, __, R_, R_, R_, __, __, __, R_, R_, S_, S_, __, __, __, __, A_, A_, A_, A_, R3, __, __],
    /// Marks before a board has ratified them.
    ProvisionalMarks:      [O_, __, __, __, __, __, __, __, R_, R_, R_, R_, R_, __, __, __, __, __, __, __, __, __, __],
    /// Claims of extenuating circumstances.
    Circumstances:         [O_, __, __, __, __, __, __, __, S_, __, S_, S_, __, R_, __, __, __, __, __, __, __, __, __],
    /// A board's papers, members and minutes.
    BoardPapers:           [__, __, __, __, __, __, __, __, R_, __, R_, R_, R_, __, __, __, __, __, __, __, R3, __, __],
    /// What a board decided of a person.
    RatifiedOutcome:       [O2, S2, S2, S2, S2, __, __, __, R_, __, R_, R_, R_, __, __, __, S2, S2, A_, A_, R_, __, __],
    /// A fitness-to-practise case.
    FitnessToPractise:     [O_, S_, S_, S_, S_, __, __, __, S_, __, S_, S_, __, __, __, R_, __, __, __, __, R3, __, __],
    /// Why somebody is away or was dismissed.
    EmploymentReason:      [O_, R_, R_, __, __, __, __, __, S_, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// That somebody is away, and on which kind of leave.
    Leave:                 [O_, R_, R_, S_, S_, __, __, __, S_, __, S_, S_, __, R3, __, __, A_, __, __, __, R3, __, __],
    /// Interest, readiness, the promised posts and what became of the promise.
    Commitment:            [__, R_, R_, __, R_, R_, __, R_, R_, __, __, __, __, __, __, __, R_, R_, A_, A_, R_, __, __],
    /// Places and capacity.
    Allocation:            [__, R_, R_, __, R_, __, __, R_, R_, __, __, __, __, __, __, __, R_, R_, R_, R_, R_, __, __],
    /// Awards, instalments, statements and recoveries.
    Award:                 [__, R_, R_, __, R_, R_, __, __, R_, __, __, __, __, __, __, __, R_, R_, __, A_, R_, __, __],
    /// A person's funding lock.
    FundingLock:           [O_, SC, __, __, __, __, __, S_, S_, __, __, __, __, __, __, __, R_, R_, A_, A_, R_, __, __],
    /// Why an exemption from a lock was granted.
    LockExemption:         [O_, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, R3, __, __, R3, __, __],
    /// The preceptorship.
    Preceptorship:         [O_, S_, R_, R_, R_, __, __, __, R_, __, __, __, __, __, __, __, A_, A_, A_, A_, R3, __, __],
    /// Membership of communities of practice, and feedback; an employer's is its own.
    CommunityOfPractice:   [O_, __, O_, __, O_, __, __, __, R_, __, __, __, __, __, __, __, A_, A_, R_, A_, __, __, __],

    // What C.2 does not list.
    //                      CAN EHR ESM ESU EPL EFI EDP UAT UPL UTU UBS UBC UEX UEC UDP UFP CNA CRE PPN EVA AUD TAD SYS
    /// Tenants, clinical services and their sites.
    Directory:             [__, R_, R_, R_, R_, __, __, R_, R_, __, R_, __, __, __, __, __, R_, R_, R_, __, R_, __, R_],
    /// Supervisors: registers, load, courses, agreements about them.
    Supervisor:            [__, R_, R_, R_, R_, __, __, __, R_, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// Policies and the catalogue of roles.
    Policy:                [R_, R_, R_, R_, R_, R_, __, R_, R_, R_, R_, __, __, __, __, __, R_, R_, R_, R_, R_, __, R_],
    /// Questions about policy, and their answers.
    PolicyQuestion:        [__, R_, R_, __, R_, __, __, R_, R_, __, __, __, __, __, __, __, R_, R_, R_, __, R_, __, __],
    /// Counts of the workforce.
    Workforce:             [__, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, R_, __, __, R_, __, __],
    /// Programmes, intakes and curricula.
    Programme:             [__, __, __, __, __, __, __, R_, R_, R_, R_, __, __, __, __, __, R_, R_, __, __, R_, __, __],
    /// Partnerships and the vacancies they advertise.
    Partnership:           [__, R_, R_, __, R_, __, __, R_, R_, __, __, __, __, __, __, __, __, __, __, __, R_, __, __],
    /// That somebody applied and how far it has come, as both parties know it.
    Application:           [O_, R_, R_, __, S_, S_, __, R_, R_, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// Feedback agreed for the candidate.
    CandidateFeedback:     [O_, R_, R_, __, __, __, __, R_, R_, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// Offers, the answers to them, reserves and deferrals.
    Offer:                 [O_, R_, R_, __, S_, __, __, R_, R_, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// A candidate put forward elsewhere.
    Referral:              [O_, __, __, __, __, __, __, R_, __, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// A place in another training.
    TrainingPlace:         [O_, __, __, __, __, __, __, R_, R_, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// The trainee post.
    Employment:            [O_, R_, R_, __, R_, S_, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// The studies.
    Enrolment:             [O_, __, __, __, __, __, __, R_, R_, __, R_, R_, __, __, __, __, __, __, __, __, R3, __, __],
    /// The joint year: whose, where, from when to when.
    Training:              [O_, R_, R_, R_, R_, S_, __, S_, R_, R_, __, __, __, __, __, __, A_, A_, A_, A_, R3, __, __],
    /// Why somebody withdrew, by class, and how the national return has it.
    Withdrawal:            [O_, __, __, __, __, __, __, __, R_, __, S_, S_, __, __, __, __, A_, A_, __, __, R3, __, __],
    /// What a student said before a withdrawal.
    Representations:       [O_, __, __, __, __, __, __, __, R_, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// Who supervises a trainee, and when nobody does.
    Supervision:           [O_, R_, R_, R_, R_, __, __, __, R_, R_, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// Gaps in supervision as a commissioner is told of them.
    SupervisionNotice:     [__, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, R_, __, __, R_, __, __],
    /// The trainees an employer has at an intake, counted.
    Cluster:               [__, R_, R_, __, R_, __, __, __, R_, __, __, __, __, __, __, __, R_, R_, __, __, R_, __, __],
    /// An appeal against an outcome.
    Appeal:                [O_, __, __, __, __, __, __, __, __, __, R_, R_, __, __, __, __, __, __, __, __, R3, __, __],
    /// What was conferred, and the registers that list it.
    Qualification:         [O_, R_, R_, __, R_, __, __, __, R_, __, R_, R_, __, __, __, __, __, __, __, __, R3, __, __],
    /// A concern about somebody's role.
    RoleConcern:           [O_, __, __, __, R_, __, __, __, R_, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// Concerns as a network counts them.
    ConcernCount:          [__, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, __, R_, __, __],
    /// An auditor's dispute about a recorded event, for whose record it is.
    Dispute:               [__, R_, __, __, __, __, __, __, R_, __, __, __, __, __, __, __, R_, __, __, __, R_, __, __],
    /// Disputes as a commissioner counts them who is no party of the record.
    DisputeCount:          [__, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, R_, __, __, R_, __, __],
    /// The way into the qualified post, and the post as it is worked.
    QualifiedPost:         [O_, R_, R_, R_, R_, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// What is done with patients in the qualified post.
    PatientContact:        [O_, __, R_, R_, R_, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R3, __, __],
    /// What became of those who trained, without their names.
    Progression:           [__, __, __, __, __, __, __, __, R_, __, __, __, __, __, __, __, A_, A_, A_, A_, R_, __, __],
    /// A clinical service's outcomes, in sums.
    Outcomes:              [__, __, R_, __, R_, __, __, __, __, __, __, __, __, __, __, __, R_, R_, R_, A_, R_, __, __],
    /// Invoices for course fees.
    Tuition:               [__, __, __, __, __, R_, __, __, R_, __, __, __, __, __, __, __, R_, R_, __, __, R_, __, __],
    /// What an employer spends itself.
    EmployerCosts:         [__, __, R_, __, R_, R_, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, __, __],
    /// A network's own record.
    Network:               [__, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, __, R_, __, __],
    /// What communities of practice there are.
    Community:             [R_, __, R_, R_, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, __, R_, __, __],
    /// Extracts granted to the evaluator.
    Extract:               [__, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, __, __, R_, R_, __, __],
    /// Who acts for an organisation: its administrator reads the register, and nobody events of it.
    Staff:                 [__, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, R_, __, __],
    /// What was opened under break-glass, to whom and why.
    BreakGlass:            [__, __, __, __, __, __, R_, __, __, __, __, __, __, __, R_, __, __, __, __, __, R_, __, __],
    /// Requests to erase, and what is erased.
    Erasure:               [O_, S_, S_, __, S_, __, R_, S_, S_, __, __, __, __, __, R_, __, S_, __, __, __, R3, __, __],
}

impl DataClass {
    /// The cell of a role.
    pub const fn access(self, role: ActingRole) -> Access {
        self.row()[role as usize]
    }

    /// How much of it a role sees there.
    pub const fn extent(self, role: ActingRole, surface: Surface) -> Extent {
        self.access(role).on(surface)
    }

    /// Whether a role that names the record sees its content.
    pub const fn is_shown_to(self, role: ActingRole) -> bool {
        matches!(self.extent(role, Surface::Record), Extent::Shown)
    }

    /// Whether a role that names the record knows of it, if only that it is so.
    pub const fn is_known_to(self, role: ActingRole) -> bool {
        matches!(
            self.extent(role, Surface::Record),
            Extent::Status | Extent::Redacted | Extent::Shown
        )
    }

    /// The class in a stream that only one side has: a seal is its reader's own, so its class
    /// follows the reader's kind of tenant.
    #[must_use]
    pub const fn of_side(self, side: TenantKind) -> Self {
        match (self, side) {
            (Self::EmployerScores, TenantKind::University) => Self::UniversityScores,
            (Self::EmployerDecision, TenantKind::University) => Self::UniversityDecision,
            _ => self,
        }
    }

    /// The class of a personal value in a record of this class: what a record says of people in
    /// passing is of the record's class, the rest has a class of its own wherever it lies.
    #[must_use]
    pub const fn of_personal(self, value: PersonalClass) -> Self {
        match value {
            PersonalClass::Identity
            | PersonalClass::Assessment
            | PersonalClass::Feedback
            | PersonalClass::RegisterNumber => self,
            PersonalClass::ApplicationStatement => Self::Statement,
            PersonalClass::Circumstances => Self::Circumstances,
            PersonalClass::StudyEvidence => Self::StudyEvidence,
            PersonalClass::EnrolmentIdentifier => Self::EnrolmentIdentifiers,
            PersonalClass::EmploymentIdentifier => Self::EmploymentIdentifiers,
            PersonalClass::Edi => Self::EqualityMonitoring,
            PersonalClass::LivedExperience => Self::LivedExperience,
            PersonalClass::LeaveReason | PersonalClass::Discipline => Self::EmploymentReason,
            PersonalClass::FitnessToPractise => Self::FitnessToPractise,
            PersonalClass::Representations => Self::Representations,
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn c_1_an_administrator_of_users_sees_nothing() {
        for class in DataClass::iter() {
            assert_eq!(class.access(ActingRole::TenantAdmin), __, "{class}");
        }
    }

    #[test]
    fn c_2_what_neither_party_may_ever_see_of_the_other_is_nothing_even_in_a_case() {
        use ActingRole::{
            AdmissionsTutor, EmployerFinance, EmployerHr, PersonalTutor, PracticeSupervisor,
            ProfessionalLead, ProgrammeLead, ServiceManager,
        };
        use DataClass as C;
        let employers = [
            EmployerHr,
            ServiceManager,
            PracticeSupervisor,
            ProfessionalLead,
            EmployerFinance,
        ];
        let never = [
            C::EqualityMonitoring,
            C::AdjustmentReason,
            C::Circumstances,
            C::ProvisionalMarks,
            C::BoardPapers,
            C::OtherApplications,
            C::EnrolmentIdentifiers,
            C::LockExemption,
        ];
        for (class, role) in never.iter().flat_map(|c| employers.map(|role| (c, role))) {
            let seen = class.extent(role, Surface::Record);
            assert_eq!(seen, Extent::Nothing, "{class} to {role}");
        }
        for class in [C::CheckContent, C::EmploymentIdentifiers] {
            for role in [AdmissionsTutor, ProgrammeLead, PersonalTutor] {
                let seen = class.extent(role, Surface::Record);
                assert_eq!(seen, Extent::Nothing, "{class} to {role}");
            }
        }
    }

    #[test]
    fn c_2_figures_and_cases_are_no_items_of_a_feed() {
        assert_eq!(A_.on(Surface::Record), Extent::Nothing);
        assert_eq!(R3.on(Surface::Feed), Extent::Nothing);
        assert_eq!(R3.on(Surface::Record), Extent::Shown);
        assert_eq!(S2.on(Surface::Feed), Extent::Status);
        assert_eq!(
            (R4.before(), R1.before()),
            (Extent::Redacted, Extent::Nothing)
        );
    }

    #[test]
    fn c_2_human_resources_read_no_practice_and_admissions_no_outcomes() {
        use ActingRole::{AdmissionsTutor, BoardSecretary, EmployerHr, PracticeSupervisor};
        let (hours, outcome) = (DataClass::PracticeHours, DataClass::RatifiedOutcome);
        assert!(!hours.is_shown_to(EmployerHr) && hours.is_shown_to(PracticeSupervisor));
        assert!(!outcome.is_shown_to(AdmissionsTutor) && outcome.is_shown_to(BoardSecretary));
    }

    #[test]
    fn c_3_a_seal_is_of_the_class_of_its_own_side() {
        let of = |kind| DataClass::EmployerDecision.of_side(kind);
        assert_eq!(of(TenantKind::Employer), DataClass::EmployerDecision);
        assert_eq!(of(TenantKind::University), DataClass::UniversityDecision);
    }
}
