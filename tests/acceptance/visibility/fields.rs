//! The class of every field of every answer, so that no getter is a second way past the table.

use domain::visibility::{DataClass, Extent};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage as _, Value};

use DataClass as C;

/// What a field says of its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) class: DataClass,
    /// How much of the class somebody sees who sees the field.
    pub(super) says: Extent,
}

const fn all(class: DataClass) -> Field {
    let says = Extent::Shown;
    Field { class, says }
}

const fn status(class: DataClass) -> Field {
    let says = Extent::Status;
    Field { class, says }
}

const fn figure(class: DataClass) -> Field {
    let says = Extent::Aggregate;
    Field { class, says }
}

type Fields = &'static [(&'static str, Field)];

/// By RPC: the class of what it answers, under "", and of fields (or all fields below one) that are
/// of another. The most exact one counts.
const ANSWERS: &[(&str, Fields)] = &[
    ("CheckFundingLock", &[("", status(C::FundingLock))]),
    (
        "GetAllocation",
        &[
            ("", all(C::Allocation)),
            ("allocation.override_reason", all(C::Commitment)),
            ("allocation.sponsor", all(C::Commitment)),
            ("allocation.professional_lead", all(C::Commitment)),
        ],
    ),
    ("GetAppeal", &[("", all(C::Appeal))]),
    ("GetFitnessCase", &[("", all(C::FitnessToPractise))]),
    ("GetServiceTransfer", &[("", all(C::Directory))]),
    (
        "GetTrainingCourse",
        &[
            ("", all(C::Training)),
            ("course.interruptions", status(C::Leave)),
            ("course.suspensions", status(C::FitnessToPractise)),
            ("course.lighter_practice_days", all(C::Attendance)),
        ],
    ),
    (
        "GetWithdrawal",
        &[
            ("", all(C::Withdrawal)),
            ("withdrawal.representations", all(C::Representations)),
        ],
    ),
    (
        "GetApplication",
        &[
            ("", all(C::Application)),
            ("application.candidate_name", all(C::Identity)),
            ("application.contact", all(C::Identity)),
            ("application.statement", all(C::Statement)),
            ("application.degree", status(C::StudyEvidence)),
            ("application.degree_detail", all(C::StudyEvidence)),
            ("application.study_evidence", status(C::StudyEvidence)),
            ("application.study_evidence.detail", all(C::StudyEvidence)),
            ("application.feedback", all(C::CandidateFeedback)),
            ("application.revealed_rounds", all(C::JointOutcome)),
            ("application.employer_conditions", all(C::JointOutcome)),
            ("application.university_conditions", all(C::JointOutcome)),
            ("application.offer", all(C::JointOutcome)),
        ],
    ),
    ("GetArrsDeployment", &[("", all(C::QualifiedPost))]),
    ("GetAward", &[("", all(C::Award))]),
    (
        "GetBoardSitting",
        &[
            ("", all(C::BoardPapers)),
            ("board_sitting.outcomes", all(C::RatifiedOutcome)),
        ],
    ),
    ("GetBreachRegister", &[("", all(C::Commitment))]),
    ("GetCircumstancesClaim", &[("", all(C::Circumstances))]),
    (
        "GetClinicalService",
        &[
            ("", all(C::Directory)),
            ("clinical_service.placements", all(C::Training)),
        ],
    ),
    ("GetCluster", &[("", all(C::Cluster))]),
    ("GetCommitment", &[("", all(C::Commitment))]),
    ("GetCommunity", &[("", all(C::Community))]),
    ("GetCurriculum", &[("", all(C::Programme))]),
    (
        "GetDashboard",
        &[
            // whatever a tenant counts of its own, and what the figures mean
            ("", figure(C::Training)),
            ("journeys.application", figure(C::Training)),
            ("journeys.person", figure(C::Training)),
            ("journeys.application_stage", status(C::Application)),
            ("journeys.level", status(C::Application)),
            ("journeys.offer_stage", status(C::Offer)),
            ("journeys.checks_cleared", status(C::CheckStatus)),
            ("journeys.employed_from", status(C::Employment)),
            ("journeys.employed_until", status(C::Employment)),
            ("journeys.enrolled_from", status(C::Enrolment)),
            ("journeys.training_from", status(C::Training)),
            ("journeys.training_until", status(C::Training)),
            ("journeys.instalments_paid", all(C::Award)),
            ("journeys.salary_paid_pence", all(C::Award)),
            ("journeys.decided", all(C::RatifiedOutcome)),
            ("journeys.next_board", status(C::RatifiedOutcome)),
            ("journeys.leaving_code", status(C::RatifiedOutcome)),
            ("journeys.qualified_on", status(C::Qualification)),
            ("journeys.qualification", status(C::Qualification)),
            ("journeys.registered", status(C::Qualification)),
            ("journeys.qualified_post_from", status(C::Preceptorship)),
            ("journeys.preceptorship_completed", status(C::Preceptorship)),
            ("journeys.preceptorship_sessions", all(C::Preceptorship)),
            ("journeys.consolidation_months", status(C::Preceptorship)),
            (
                "journeys.consolidation_months_needed",
                status(C::Preceptorship),
            ),
        ],
    ),
    ("GetDeferral", &[("", all(C::Offer))]),
    ("GetDispute", &[("", all(C::Dispute))]),
    ("ListDisputes", &[("", all(C::Dispute))]),
    ("GetEdiRelease", &[("", figure(C::EqualityMonitoring))]),
    ("GetEmployerCosts", &[("", all(C::EmployerCosts))]),
    (
        "GetEmployment",
        &[
            ("", all(C::Employment)),
            ("employment.assignment", all(C::EmploymentIdentifiers)),
            ("employment.band", all(C::EmploymentIdentifiers)),
            ("employment.leave", status(C::Leave)),
            ("employment.leave.kind", all(C::Leave)),
            ("employment.dismissal_reason", all(C::EmploymentReason)),
        ],
    ),
    (
        "GetEnrolment",
        &[
            ("", all(C::Enrolment)),
            ("enrolment.sid", all(C::EnrolmentIdentifiers)),
            ("enrolment.uln", all(C::EnrolmentIdentifiers)),
            ("enrolment.outcomes", all(C::RatifiedOutcome)),
        ],
    ),
    ("GetEnvelope", &[("", all(C::Award))]),
    ("GetErasure", &[("", all(C::Erasure))]),
    ("GetEstablishment", &[("", all(C::Commitment))]),
    ("GetExamBoard", &[("", all(C::BoardPapers))]),
    ("GetExpansionPosts", &[("", all(C::Commitment))]),
    ("GetFeedback", &[("", all(C::CommunityOfPractice))]),
    (
        "GetFundingLock",
        &[
            ("", all(C::FundingLock)),
            ("funding_lock.exemptions.reason", all(C::LockExemption)),
        ],
    ),
    (
        "GetIntake",
        &[
            ("", all(C::Programme)),
            ("intake.capacity", all(C::Allocation)),
            ("intake.places_reserved", all(C::Allocation)),
            ("intake.places_free", all(C::Allocation)),
            ("intake.round", all(C::Allocation)),
            ("intake.waiting", all(C::Allocation)),
        ],
    ),
    ("GetIntakeTrend", &[("", figure(C::Allocation))]),
    (
        "GetMarkSheet",
        &[
            ("", all(C::ProvisionalMarks)),
            ("mark_sheet.circumstances", status(C::Circumstances)),
        ],
    ),
    ("GetMembership", &[("", all(C::CommunityOfPractice))]),
    ("GetModule", &[("", all(C::Programme))]),
    (
        "GetMonitoring",
        &[
            ("", all(C::EqualityMonitoring)),
            ("monitoring.lived_experience", all(C::LivedExperience)),
        ],
    ),
    ("GetNetwork", &[("", all(C::Network))]),
    (
        "GetOffer",
        &[
            ("", all(C::Offer)),
            ("offer.employer_conditions", all(C::JointOutcome)),
            ("offer.university_conditions", all(C::JointOutcome)),
            ("offer.employment_checks", status(C::CheckStatus)),
            ("offer.employment_checks.result_date", all(C::CheckStatus)),
            ("offer.employment_checks.valid_until", all(C::CheckStatus)),
        ],
    ),
    ("GetOutcomeReport", &[("", all(C::Outcomes))]),
    // the person's own, whoever keeps it
    (
        "GetOwnTimeline",
        &[
            ("", all(C::Application)),
            ("timeline.applications.result", all(C::RatifiedOutcome)),
            ("timeline.locks", all(C::FundingLock)),
        ],
    ),
    ("GetPartnership", &[("", all(C::Partnership))]),
    ("GetPolicy", &[("", all(C::Policy))]),
    ("GetPolicyQuestion", &[("", all(C::PolicyQuestion))]),
    ("GetPreceptorship", &[("", all(C::Preceptorship))]),
    ("GetPriorLearning", &[("", all(C::StudyEvidence))]),
    ("GetProgramme", &[("", all(C::Programme))]),
    ("GetProgression", &[("", all(C::Progression))]),
    (
        "GetQualification",
        &[
            ("", all(C::Qualification)),
            ("qualification.state", status(C::RatifiedOutcome)),
            ("qualification.next_board", status(C::RatifiedOutcome)),
            ("qualification.leaving_code", status(C::RatifiedOutcome)),
        ],
    ),
    (
        "GetQualifiedPractice",
        &[
            ("", all(C::QualifiedPost)),
            ("qualified_practice.leave", status(C::Leave)),
            ("qualified_practice.leave.reason", all(C::EmploymentReason)),
            ("qualified_practice.contact", all(C::PatientContact)),
            ("qualified_practice.weeks_measured", all(C::PatientContact)),
            (
                "qualified_practice.average_quarter_hours",
                all(C::PatientContact),
            ),
            (
                "qualified_practice.below_contact_hours",
                all(C::PatientContact),
            ),
            ("qualified_practice.sessions", all(C::PatientContact)),
        ],
    ),
    ("GetReferral", &[("", all(C::Referral))]),
    ("GetReserveList", &[("", all(C::Offer))]),
    ("GetResult", &[("", status(C::RatifiedOutcome))]),
    ("GetRole", &[("", all(C::Policy))]),
    ("GetRoleConcern", &[("", all(C::RoleConcern))]),
    (
        "GetSeal",
        &[
            ("", all(C::EmployerDecision)),
            ("seal.shortlisted", all(C::EmployerScores)),
            ("seal.shortlist_scores", all(C::EmployerScores)),
            ("seal.shortlist_reason", all(C::EmployerScores)),
            ("seal.rounds.decision.scores", all(C::EmployerScores)),
            ("seal.rounds.decision.grounds", all(C::EmployerScores)),
            ("seal.rounds.decision.reason", all(C::EmployerScores)),
        ],
    ),
    ("GetSelectionReport", &[("", figure(C::JointOutcome))]),
    ("GetSiteContacts", &[("", all(C::Supervisor))]),
    ("GetStatement", &[("", all(C::Award))]),
    ("GetSupervisionAgreement", &[("", all(C::Supervisor))]),
    ("GetSupervisor", &[("", all(C::Supervisor))]),
    ("GetSupervisorCourse", &[("", all(C::Supervisor))]),
    ("GetSupervisorLoad", &[("", all(C::Supervisor))]),
    ("GetTenant", &[("", all(C::Directory))]),
    (
        "GetTraining",
        &[
            ("", all(C::Training)),
            ("training.supervisor", all(C::Supervision)),
            ("training.gaps", all(C::Supervision)),
            ("training.next_review_due", all(C::Supervision)),
            ("training.university_days", all(C::Attendance)),
            ("training.practice_days", all(C::Attendance)),
            ("training.wte_percent", all(C::Attendance)),
            ("training.totals", all(C::PracticeHours)),
            ("training.totals.reviews", status(C::SupervisionLog)),
            ("training.caseload_clients", all(C::PracticeHours)),
            ("training.caseload_with_keyworker", all(C::PracticeHours)),
            ("training.caseload_on", all(C::PracticeHours)),
        ],
    ),
    (
        "GetTrainingPlace",
        &[
            ("", all(C::TrainingPlace)),
            ("training_place.answer", status(C::FundingLock)),
            ("training_place.questioned", status(C::FundingLock)),
        ],
    ),
    ("GetTransitionPlan", &[("", all(C::QualifiedPost))]),
    ("GetTuitionInvoice", &[("", all(C::Tuition))]),
    ("GetVacancy", &[("", all(C::Partnership))]),
    ("GetWorkforceReport", &[("", all(C::Workforce))]),
    ("ListBreakGlass", &[("", all(C::BreakGlass))]),
    ("ListEdiReleases", &[("", figure(C::EqualityMonitoring))]),
    // what a figure of the caller's own dashboard counts, by name
    ("ListFigureItems", &[("", figure(C::Training))]),
    ("ListPolicies", &[("", all(C::Policy))]),
    ("ListPracticeEntries", &[("", all(C::PracticeHours))]),
    ("ListRoles", &[("", all(C::Policy))]),
    ("ReadExtract", &[("", all(C::Extract))]),
    // what a change of policy would have done; record by record to whose records they are
    ("WhatIf", &[("", all(C::Policy))]),
];

/// RPCs whose items are events, each of the class of its event.
pub(super) const OF_EVENTS: &[&str] =
    &["ListFeed", "ListTimeline", "ReplayHistory", "SubscribeFeed"];

/// What answers with no class of data: receipts of the caller's own requests, hashes, who has read
/// and who works where, files of what another RPC answers with too, and what break-glass opens past
/// the table, on record.
const PLAIN: &[&str] = &[
    "ExportDashboard",
    "ExportReplay",
    "GetCheckpoint",
    "GetOperation",
    "GetStaff",
    "ListAccesses",
    "ListOwnAccesses",
    "ProveConsistency",
    "ProveInclusion",
    "ReadUnderBreakGlass",
    "WatchDashboard",
];

/// The class of a field of an answer; `None` where no class is due.
pub(super) fn field(method: &str, path: &str) -> Option<Field> {
    let (_, fields) = ANSWERS.iter().find(|(name, _)| *name == method)?;
    (fields.iter())
        .filter(|(prefix, _)| {
            prefix.is_empty()
                || path
                    .strip_prefix(prefix)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
        .max_by_key(|(prefix, _)| prefix.len())
        .map(|(_, field)| *field)
}

/// Whether every field of what an RPC answers has a class or needs none.
pub(super) fn is_placed(method: &str) -> bool {
    OF_EVENTS.contains(&method)
        || PLAIN.contains(&method)
        || ANSWERS.iter().any(|(name, _)| *name == method)
}

/// Paths of the table that are no fields.
pub(super) fn astray(method: &str, paths: &[String]) -> Vec<String> {
    let fields = ANSWERS.iter().filter(|(name, _)| *name == method);
    fields
        .flat_map(|(_, fields)| *fields)
        .filter(|(prefix, _)| {
            !prefix.is_empty()
                && !paths.iter().any(|path| {
                    path.strip_prefix(prefix)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                })
        })
        .map(|(prefix, _)| format!("{method} {prefix}"))
        .collect()
}

/// The leaves of a message, by path; receipts are the caller's own.
pub(super) fn leaves(message: &MessageDescriptor, path: &str, into: &mut Vec<String>) {
    for field in message.fields() {
        let path = join(path, field.name());
        match field.kind() {
            _ if path == "receipt" => {}
            Kind::Message(inner) if inner.package_name() == "trellis.v1" => {
                let inner = match inner.is_map_entry() {
                    true => inner.map_entry_value_field().kind(),
                    false => Kind::Message(inner),
                };
                match inner {
                    Kind::Message(inner) => leaves(&inner, &path, into),
                    _ => into.push(path),
                }
            }
            _ => into.push(path),
        }
    }
}

/// The leaves that an answer fills.
pub(super) fn filled(message: &DynamicMessage, path: &str, into: &mut Vec<String>) {
    for (field, value) in message.fields() {
        let path = join(path, field.name());
        if path != "receipt" {
            of_value(value, path, into);
        }
    }
}

fn of_value(value: &Value, path: String, into: &mut Vec<String>) {
    match value {
        Value::Message(inner) if inner.descriptor().package_name() == "trellis.v1" => {
            filled(inner, &path, into);
        }
        Value::List(values) => {
            for value in values {
                of_value(value, path.clone(), into);
            }
        }
        Value::Map(values) => {
            for value in values.values() {
                of_value(value, path.clone(), into);
            }
        }
        _ => into.push(path),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
