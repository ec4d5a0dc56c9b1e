//! The pages: one row each. A new page is a row here; its figures, lists and forms are named, and
//! what a tenant or role does not have is left out when the page is drawn.

use domain::{
    actor::TenantKind::{
        self, Auditor, Commissioner, Employer, Evaluator, Network, Person, Platform, University,
    },
    permission::Action,
};

use crate::{
    chart::Kind::{self, Bars, Columns, Line},
    session::Session,
};

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The last part of its address.
    pub(crate) path: &'static str,
    /// Its title.
    pub(crate) title: &'static str,
    /// What it is for.
    pub(crate) lead: &'static str,
    /// Whose page it is.
    kinds: &'static [TenantKind],
    /// Of these, whose role may do at least one; everybody's when empty.
    with: &'static [Action],
    /// What it shows, in order.
    pub(crate) sections: &'static [Section],
}

/// A part of a page.
#[derive(Debug)]
pub(crate) enum Section {
    /// Whole figures, large.
    Tiles(&'static str, &'static [&'static str]),
    /// Figures drawn, with their table: whole ones as one series, split ones as a series each.
    Chart(&'static str, Kind, &'static [&'static str]),
    /// Figures as a table only.
    Table(&'static str, &'static [&'static str]),
    /// Trainees of whom the application stands at one of these stages (all when empty).
    Trainees(&'static str, &'static [&'static str], &'static [Column]),
    /// Records of these collections, as the tenant's feed tells of them.
    Records(&'static str, &'static [&'static str]),
    /// Forms, by RPC.
    Acts(&'static str, &'static [&'static str]),
    /// A record read by a name the session knows: what its person, tenant or nothing names.
    Own(&'static str, &'static str),
    /// Every form the role has.
    EveryAct,
    /// A field in which a record's name can be put.
    Find,
    /// The provable history of a person, on request.
    History,
    /// The last of what the tenant's feed holds.
    Feed,
}

/// A column of a list of trainees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Where the application and the offer stand.
    Stage,
    /// Employment checks cleared.
    Checks,
    /// The level trained for.
    Level,
    /// The training year.
    Training,
    /// The board that comes next, or how it ended.
    Result,
    /// First day in the qualified post.
    Post,
    /// Salary support paid.
    Paid,
    /// Months of consolidation.
    Consolidation,
    /// What the own side has sealed.
    Seal,
}

impl Page {
    /// Whether the page is one of the session's.
    pub(crate) fn is_for(&self, session: &Session) -> bool {
        self.kinds.contains(&session.kind())
            && (self.with.is_empty() || self.with.iter().any(|action| session.may(*action)))
    }

    /// The pages of a session, in order.
    pub(crate) fn of(session: &Session) -> impl Iterator<Item = &'static Self> {
        PAGES.iter().filter(|page| page.is_for(session))
    }

    /// A page of a session by its path.
    pub(crate) fn find(path: &str, session: &Session) -> Option<&'static Self> {
        Self::of(session).find(|page| page.path == path)
    }

    /// The page everybody begins on.
    pub(crate) fn first() -> &'static str {
        PAGES[0].path
    }

    /// Whether it shows trainees one by one.
    pub(crate) fn lists_trainees(&self) -> bool {
        self.sections
            .iter()
            .any(|section| matches!(section, Section::Trainees(..)))
    }

    /// Whether it shows what the feed tells of.
    pub(crate) fn lists_records(&self) -> bool {
        self.sections
            .iter()
            .any(|section| matches!(section, Section::Records(..) | Section::Feed))
    }
}

use Column::{Checks, Consolidation, Level, Paid, Post, Result, Seal, Stage, Training};
use Section::{Acts, Chart, EveryAct, Feed, Find, History, Own, Records, Table, Tiles, Trainees};

const EVERYBODY: &[TenantKind] = &[
    Auditor,
    Commissioner,
    Employer,
    Evaluator,
    Network,
    Person,
    Platform,
    University,
];
/// Who has a dashboard at all.
const DASHBOARD: &[Action] = &[Action::GetDashboard];

/// Every page.
#[rustfmt::skip]
const PAGES: &[Page] = &[
    Page {
        path: "overview",
        title: "Overview",
        lead: "What stands where today.",
        kinds: EVERYBODY,
        with: &[],
        sections: &[
            Tiles("To be seen to", &[
                "awaiting_joint_outcome", "awaiting_shortlist", "checks_outstanding",
                "commitments_overdue", "breaches_open", "reviews_overdue", "supervision_gaps_open",
                "register_exceptions", "results_pending", "appeals_open",
                "chairs_actions_unreported", "policy_questions_open", "role_concerns_open",
                "overrides_requested", "actions_open", "actions_overdue", "disputes_open",
                "break_glass_unreviewed", "withdrawals_proposed", "registers_at_risk",
            ]),
            Tiles("How it stands", &[
                "capacity", "capacity_spare", "demand", "places_allocated", "places_filled",
                "applications", "employed", "enrolled", "in_training", "qualified",
                "in_qualified_post", "awards_approved", "community_members", "digests_issued",
            ]),
            Chart("From application to qualified post", Bars, &[
                "applications", "shortlisted", "interviewed", "appointed", "offers_accepted",
                "trainings_started", "qualified", "in_qualified_post",
            ]),
            Own("Your own timeline", "GetOwnTimeline"),
            Own("Your funding lock", "GetFundingLock"),
            Own("Your network", "GetNetwork"),
            Acts("What you do most", &[
                "SealDecision", "SealShortlist", "MakeOffer", "ClearEmploymentCheck",
                "ConfirmConditions", "LogPracticeHours", "SignPracticeHours", "AssignSupervisor",
                "HoldThreeWayReview", "RatifyOutcome", "ReleaseResult", "HoldBoard",
                "RecordProvisionalMark", "DecideCircumstances", "DecideErasure",
                "PlaceLegalHold", "ConfirmAllocation", "ApproveAward", "PayInstalment",
                "AnswerPolicyQuestion", "DeclareReadiness", "RegisterInterest", "RecordEmployerCost",
                "InvoiceTuition", "EnrolTrainee", "SubmitApplication", "AcceptOffer",
                "WithdrawApplication", "AnswerMonitoring", "HoldNetworkMeeting", "AgreeAction",
                "CompleteAction", "RegisterTenant", "SetPolicy",
            ]),
            Find,
        ],
    },
    Page {
        path: "pipeline",
        title: "Pipeline",
        lead: "From application to appointment, and where each candidate stands.",
        kinds: &[Employer, University],
        with: DASHBOARD,
        sections: &[
            Chart("The funnel", Bars, &[
                "applications", "shortlisted", "interviewed", "appointed", "offers_made",
                "offers_accepted", "conditions_met",
            ]),
            Table("How candidates come in", &[
                "applications_by_entry", "shortlisted_by_entry", "interviewed_by_entry",
                "appointed_by_entry",
            ]),
            Table("Where candidates come from", &["applications_by_source"]),
            Tiles("How it ended otherwise", &[
                "not_shortlisted", "not_appointed", "lapsed", "withdrawn", "offers_declined",
                "offers_lapsed", "offers_rescinded", "offers_reinstated", "offers_deferred", "reserves_waiting",
                "reserves_promoted", "offers_withdrawn",
            ]),
            Tiles("Vacancies and checks", &[
                "vacancies_open", "posts_advertised", "checks_outstanding", "checks_complete",
                "checks_to_reassure", "checks_reassured",
            ]),
            Table("Appointed by level", &["appointed_by_level"]),
            Trainees("Candidates", &[], &[Stage, Level, Checks]),
            Records("Vacancies", &["vacancies"]),
            Acts("Recruit", &[
                "OpenVacancy", "CloseVacancy", "SubmitApplication", "RecordInterview", "MakeOffer",
                "ClearEmploymentCheck", "ConfirmConditions", "PlaceOnReserve", "ReferCandidate",
                "ReleaseFeedback",
            ]),
        ],
    },
    Page {
        path: "places",
        title: "Places",
        lead: "Interest, allocation and places, from demand to the person who holds one.",
        kinds: &[Employer, University, Commissioner],
        with: DASHBOARD,
        sections: &[
            Tiles("Places", &[
                "demand", "capacity_spare", "places_proposed", "places_allocated", "places_filled",
                "places_awaited", "overrides_requested", "overrides_granted",
                "allocations_declined", "capacity_without_region", "partnerships_signed",
                "trainee_posts_planned", "qualified_posts_planned",
            ]),
            Chart("Places by state", Bars, &["demand", "places_proposed", "places_allocated", "places_filled"]),
            Chart("The ledger of places", Bars, &["places_by_account"]),
            Chart("Regional equity: places", Bars, &[
                "demand_by_region", "places_by_region", "places_filled_by_region",
                "capacity_by_region",
            ]),
            Chart("Regional equity: share of the places against what it should be", Bars, &[
                "share_by_region", "target_share_by_region",
            ]),
            Table("The measure of the target share", &["equity_measure"]),
            Table("Intakes without a provider in the region", &["regions_without_provider"]),
            Chart("Capacity by level", Columns, &["capacity"]),
            Chart("Places by the month in which the intakes start", Columns, &[
                "capacity_by_start", "places_by_start", "places_filled_by_start",
            ]),
            Table("Clusters", &[
                "cluster_minimum", "cluster_places", "cluster_filled", "cluster_started",
                "cluster_trainees", "cluster_in_training", "clusters_at_risk",
            ]),
            Chart("Clusters below the minimum, by day of review", Columns, &["cluster_overrides"]),
            Table("Additional posts for trainees", &["expansion_posts"]),
            Table("By clinical service", &["places_by_service", "trainees_by_service"]),
            Table("Places held by employers", &["places_reserved"]),
            Table("Pilots", &["places_by_pilot", "places_filled_by_pilot"]),
            Table("Route balance", &[
                "higher_level_agreed", "higher_level_tolerance", "higher_level_share",
                "balance_out_of_tolerance", "entrants",
            ]),
            Tiles("Services", &[
                "clinical_services_open", "services_not_specifying", "specifications_without_posts",
                "sites_flagged", "placements_flagged", "transfers_pending", "services_transferred",
                "trainees_transferred", "payee_exceptions",
            ]),
            Table("Services that went to another employer", &["services_moved"]),
            Records("Intakes, allocations and partnerships", &[
                "intakes", "allocations", "partnerships", "programmes",
            ]),
            Acts("Plan and allocate", &[
                "RegisterInterest", "DeclareReadiness", "GiveCommitment", "SplitPlaces",
                "ReturnPlaces", "DeclineAllocation", "SignPartnership", "AgreeRouteBalance",
                "PlanIntake", "ProposeAllocation", "ConfirmAllocation", "RequestClusterOverride",
                "SupportClusterOverride", "GrantClusterOverride", "ReallocatePlaces",
                "CloseAllocationRound", "JoinWaitlist", "ContractProvider",
            ]),
        ],
    },
    Page {
        path: "people",
        title: "People",
        lead: "Everybody in training and after it, one by one.",
        kinds: &[Employer, University],
        with: DASHBOARD,
        sections: &[
            Tiles("In training and after", &[
                "employed", "enrolled", "in_training", "left_training", "portfolios_verified",
                "qualified", "not_completed", "in_qualified_post", "practitioners",
                "practitioners_on_leave", "preceptorships_started", "preceptorships_complete",
                "consolidated",
            ]),
            Chart("Cohort progress", Bars, &["pipeline"]),
            Chart("Your own cohorts", Bars, &[
                "cluster_started", "cluster_in_training", "cluster_left", "cluster_qualified",
                "cluster_not_completed",
            ]),
            Chart("Retention: people still in the post they took up so many months before", Line, &[
                "post_marks_reached", "still_in_post",
            ]),
            Chart("Trainings by their last day", Columns, &["in_training_until"]),
            Tiles("Changes of the course", &[
                "less_than_full_time", "interrupted", "interruptions", "withdrawals_proposed",
                "withdrawals_confirmed", "withdrawn_from_training", "withdrawals_reversed",
                "employments_ended", "employers_changed", "intakes_changed",
                "trainings_taken_over", "trainings_handed_over",
            ]),
            Table("Withdrawals by reason", &["withdrawals_by_reason"]),
            Tiles("Study and practice", &[
                "study_days", "study_weeks_corrected", "caseload", "practice_sessions",
                "below_contact_hours", "practice_suspended", "people_without_professional_lead",
            ]),
            Table("Clinical contact, in quarter-hours", &["contact_quarter_hours"]),
            Tiles("Towards and in the qualified post", &[
                "transition_plans_amber", "transition_steps_taken", "first_meetings_overdue",
                "preceptor_meetings_asked", "preceptorships_ended_early", "consolidation_paused",
                "left_before_consolidation", "left_qualified_posts", "in_another_service",
                "registers_at_risk", "register_due", "arrs_deployed", "arrs_little_experience",
                "arrs_without_supervision",
            ]),
            Chart("First steps of transition, by day", Columns, &["transition_first_steps_by"]),
            Chart("First meetings with a preceptor, by day", Columns, &["first_meetings_by"]),
            Table("Preceptorship sessions", &["preceptorship_sessions"]),
            Table("Preceptorship, in quarter-hours", &["preceptorship_quarter_hours"]),
            Chart("Consolidation by its last day", Columns, &["consolidating_until"]),
            Table("Practitioners by team", &["practitioners_by_team"]),
            Table("Why people left", &["leaving_reasons"]),
            Trainees("Trainees and practitioners", &["appointed"], &[
                Level, Training, Result, Post, Consolidation,
            ]),
            Table("Settings", &["placed_by_setting"]),
            Table("Placements", &["placements"]),
            Acts("Employ, teach, place", &[
                "StartEmployment", "EndEmployment", "EnrolTrainee", "PlaceTrainee",
                "SetWeeklyPattern", "LogPracticeHours", "VerifyPortfolio", "ExtendTraining",
                "RecordPreceptorshipSession", "CompletePreceptorship", "EvidenceQualifiedPost",
                "PlaceInTeam", "LeaveQualifiedPost", "RecordDestination",
            ]),
        ],
    },
    Page {
        path: "decisions",
        title: "Decisions to make",
        lead: "Each party decides for itself. What the other party has sealed is not shown, not \
               even that it has; both are revealed together.",
        kinds: &[Employer, University],
        with: &[Action::SealDecision],
        sections: &[
            Tiles("Waiting", &[
                "awaiting_shortlist", "awaiting_joint_outcome", "reconsideration_requested",
            ]),
            Trainees("Decide", &["awaiting_joint_outcome"], &[Stage, Seal]),
            Trainees("Shortlist", &["submitted"], &[Stage, Seal]),
            Trainees("Interview, then open the round", &["shortlisted"], &[Stage, Seal]),
            Trainees("Asked to decide again", &["reconsideration_requested"], &[Stage, Seal]),
            Acts("Decide", &[
                "SealShortlist", "RecordInterview", "OpenDecisionRound", "SealDecision",
                "AmendDecision", "WithdrawDecision", "RequestReconsideration",
                "AgreeReconsideration",
            ]),
        ],
    },
    Page {
        path: "supervision",
        title: "Supervision",
        lead: "Who supervises whom, what was missed, and where the role drifts.",
        kinds: &[Employer, University, Commissioner],
        with: &[Action::GetDashboard, Action::GetSupervisor, Action::HoldThreeWayReview],
        sections: &[
            Tiles("Supervision", &[
                "supervision_gaps", "supervision_gaps_open", "supervision_gap_days",
                "supervision_gaps_long", "supervisors_overloaded", "supervisors_untrained",
                "supervisor_training_offered", "supervisor_training_completed", "reviews_held",
                "reviews_overdue", "entries_under_review", "hours_disallowed",
                "role_concerns_open", "practitioners_without_supervisor", "preceptors_missing",
            ]),
            Chart("Supervision gaps", Bars, &[
                "supervision_gaps", "supervision_gaps_open", "supervision_gaps_long",
            ]),
            Chart("Trainees per supervisor", Bars, &["supervised"]),
            Table("What is practised, inside the role and outside it", &[
                "activity_in_scope", "activity_outside_scope", "role_fidelity", "role_drift",
            ]),
            Table("Concerns about the role", &["role_concerns"]),
            Records("Supervisors", &["supervisors"]),
            Acts("Supervise", &[
                "RecordSupervisor", "RecordRegisterCheck", "AssignSupervisor", "EndSupervision",
                "AgreeSupervision", "HoldThreeWayReview", "LogPracticeHours", "SignPracticeHours",
                "CorrectPracticeHours", "DisallowHours", "ReinstateHours", "RaiseRoleConcern",
                "AddressRoleConcern", "OfferSupervisorTraining", "CompleteSupervisorTraining",
                "NamePracticeSupervisor", "AssignPreceptor",
            ]),
        ],
    },
    Page {
        path: "board",
        title: "Board",
        lead: "Marks, circumstances, boards and what they decided.",
        kinds: &[Employer, University],
        with: &[
            Action::GetDashboard, Action::GetBoardSitting, Action::RecordProvisionalMark,
            Action::GetCircumstancesClaim,
        ],
        sections: &[
            Tiles("Results", &[
                "assessed", "passed_first_time", "passed_after_resit", "passed", "referred",
                "deferred", "failed", "withdrawn_by_board", "results_pending", "qualified",
                "not_completed", "chairs_actions", "chairs_actions_unreported", "appeals_open",
                "appeals_upheld", "appeal_letters_overdue", "register_entries",
                "register_exceptions",
            ]),
            Chart("Board calendar", Columns, &["next_boards"]),
            Chart("Results so far", Bars, &[
                "passed_first_time", "passed_after_resit", "referred", "deferred", "failed",
            ]),
            Table("Qualifications", &["awards_by_qualification"]),
            Table("By level", &["awards_by_level", "enrolled_by_level", "entrants_by_level"]),
            Chart("Letters that complete an appeal, by their last day", Columns, &["appeal_letters_due_by"]),
            Chart("Chair’s actions to be reported, by day of the board", Columns, &["chairs_actions_to_report"]),
            Table("Completions by intake and board", &["completions_by_cohort"]),
            Table("Completions by clinical service", &["completions_by_service"]),
            Table("Completions by pilot", &["completions_by_pilot"]),
            Table("Leaving codes of the student return", &["leaving_codes"]),
            Table("Registers", &["register_listings"]),
            Trainees("Trainees", &["appointed"], &[Level, Training, Result]),
            Records("Boards", &["examBoards", "boardSittings"]),
            Acts("Assess", &[
                "RecordProvisionalMark", "ClaimCircumstances", "DecideCircumstances",
                "ConstituteBoard", "ArrangeExternalExaminer", "HoldBoard", "RatifyOutcome",
                "ReleaseResult", "ReportChairsAction", "CorrectBoardDate", "LodgeAppeal",
                "DecideAppeal", "CompleteAppealProcedures",
            ]),
        ],
    },
    Page {
        path: "money",
        title: "Money",
        lead: "Awards, instalments, statements and recoveries.",
        kinds: &[Employer, University, Commissioner],
        with: &[
            Action::GetDashboard, Action::GetAward, Action::GetTuitionInvoice, Action::GetEmployerCosts,
        ],
        sections: &[
            Tiles("Awards", &[
                "awards_approved", "awards_completed", "awards_suspended", "awards_stopped",
                "awards_taken_over", "instalments_paid", "statements_closed",
            ]),
            Tiles("Money", &[
                "salary_approved", "tuition_approved", "salary_paid", "salary_planned",
                "salary_net_paid", "recovery_owed", "recovery_settled", "recovery_waived",
                "tuition_charged", "money_out_of_balance",
            ]),
            Chart("Statements by month", Columns, &["stated"]),
            Chart("Salary support by month", Columns, &["salary_paid_by_month"]),
            Table("Salary support by payee and month", &["salary_paid_by_payee"]),
            Chart("Funding by financial year", Columns, &[
                "envelopes", "awards_by_year", "salary_paid_by_year", "envelopes_left",
            ]),
            Table("Costs of the employer’s own", &["employer_costs"]),
            Tiles("Places in other trainings", &[
                "training_places_accepted", "training_places_refused",
                "training_places_questioned",
            ]),
            Trainees("Salary support by trainee", &["appointed"], &[Training, Paid]),
            Records("Awards, statements and invoices", &[
                "fundingAwards", "fundingStatements", "tuitionInvoices", "fundingEnvelopes",
            ]),
            Acts("Fund", &[
                "ApproveAward", "PayInstalment", "SuspendAward", "ResumeAward", "StopAward",
                "OpenRecovery", "WaiveRecovery", "CloseStatement", "OpenEnvelope",
                "DeclareOtherFunding", "InvoiceTuition", "RecordEmployerCost", "CheckFundingLock",
                "GrantLockExemption", "AcceptTrainingPlace",
            ]),
        ],
    },
    Page {
        path: "commitments",
        title: "Commitments",
        lead: "The qualified posts promised for the trainees, and whether they came.",
        kinds: &[Employer, Commissioner],
        with: DASHBOARD,
        sections: &[
            Tiles("Promises", &[
                "commitment_posts", "commitments_fallen_due", "commitments_due",
                "commitments_overdue", "commitments_discharged", "conversion",
                "commitments_in_grace", "commitments_breached", "commitments_maintained",
                "commitments_lapsed", "commitments_transferred", "breaches_open",
                "employers_not_ready_for_breach",
            ]),
            Chart("Commitments due, by the last day for the evidence", Columns, &["commitments_due_by"]),
            Chart("Band 5 forecast by month, in whole-time equivalents", Columns, &["post_forecast"]),
            Chart("Promised posts not yet kept, by first month", Columns, &["qualified_posts_owed"]),
            Table("The forecast by financial year", &["post_forecast_by_year"]),
            Table("The forecast by employer and month", &["post_forecast_by_employer"]),
            Table("Promises broken", &["commitments_breached_by_kind"]),
            Tiles("Posts of the services", &["role_posts_net", "protected_posts_net"]),
            Chart("Services where the one came as the other went, by month", Columns, &["post_offsets"]),
            Table("Qualified posts by band", &["in_qualified_post_by_band"]),
            Trainees("Qualified posts", &["appointed"], &[Result, Post, Consolidation]),
            Records("Commitments", &["commitments", "breachRegisters", "establishments"]),
            Acts("Keep what was promised", &[
                "EvidenceQualifiedPost", "OfferMitigation", "ReportPostEnded", "RecordPostChange",
                "GrantGrace", "ConfirmBreach", "TransferCommitment",
            ]),
        ],
    },
    Page {
        path: "reports",
        title: "Reports",
        lead: "Outcomes, retention and comparisons over time.",
        kinds: &[Employer, University, Commissioner, Network, Evaluator],
        with: &[
            Action::GetDashboard, Action::ReadExtract, Action::GetOutcomeReport,
            Action::GetWorkforceReport,
        ],
        sections: &[
            Chart("Retention: people in a qualified post so many months after qualifying", Line, &["retained"]),
            Chart("Cohort progress", Bars, &["pipeline"]),
            Table("Cohorts", &[
                "cohort_entered", "cohort_qualified", "cohort_qualified_share",
                "cohort_qualified_change", "early_leavers",
            ]),
            Table("Destinations", &["destinations"]),
            Table("Clusters at risk", &["clusters_at_risk"]),
            Table("Concerns about the role", &["role_concerns"]),
            Table("How true to the role trainings are", &[
                "trainings_reviewed", "role_fidelity_of_region",
            ]),
            Table("Services that went to another employer", &["services_moved"]),
            Tiles("Withdrawals", &["withdrawals_confirmed"]),
            Table("Withdrawals by reason", &["withdrawals_by_reason"]),
            Tiles("Actions", &["actions_open", "actions_overdue", "actions_completed"]),
            Chart("Actions by their day", Columns, &["actions_due_by"]),
            Tiles("Outcomes of the services", &[
                "outcome_reports", "outcome_reports_complete", "outcome_completeness",
            ]),
            Chart("Internal referrals by month", Columns, &["internal_referrals_by_month"]),
            Table("Measures", &["outcomes"]),
            Table("Months reported, by clinical service", &[
                "outcome_reports_by_clinical_service",
                "outcome_reports_incomplete_by_clinical_service",
            ]),
            Table("Feedback", &["feedback_given", "feedback_mean_rating"]),
            Table("Communities", &["communities"]),
            Chart("Meetings", Columns, &["meetings_held"]),
            Tiles("Funding locks", &[
                "locks_provisional", "locks_fixed", "lock_exemptions", "locked_trainings_refused",
                "lock_overrides_refused",
            ]),
            Table("People by region", &["people_by_region"]),
            Table("People by level", &["trainees_by_level"]),
            Records("Records of the network", &["communities", "memberships", "outcomeReports"]),
            Acts("Report", &[
                "ReportOutcomes", "CorrectOutcomes", "GiveFeedback", "RecordWorkforceCount",
                "CorrectWorkforceCount", "GrantExtract", "FoundCommunity", "NameOfficer",
                "HoldNetworkMeeting", "StartDigest",
            ]),
        ],
    },
    Page {
        path: "disputes",
        title: "Disputes",
        lead: "What an auditor holds to be recorded wrongly, what the parties of the record say to \
               it, and what was found.",
        kinds: &[Employer, University, Commissioner, Auditor],
        with: &[Action::ListDisputes],
        sections: &[
            Tiles("Disputes", &["disputes_open", "disputes_oldest_days"]),
            Chart("Open, by the day they were raised", Columns, &["disputes_open_since"]),
            Table("Closed, by what was found", &["disputes_closed"]),
            Own("Disputes of your records", "ListDisputes"),
            Records("Records of disputes", &["disputes"]),
            Acts("Dispute and answer", &["RaiseDispute", "AnswerDispute", "ResolveDispute"]),
        ],
    },
    Page {
        path: "audit",
        title: "Audit",
        lead: "What was recorded, by whom, when, knowing what; and whether it can be proved.",
        kinds: EVERYBODY,
        with: &[
            Action::ReplayHistory, Action::ListFeed, Action::ListAccesses, Action::ListOwnAccesses,
        ],
        sections: &[
            History,
            Own("Who has read what your organisation holds of people", "ListAccesses"),
            Own("Who has read what is recorded about you", "ListOwnAccesses"),
            Tiles("Opened under break-glass", &["break_glass_openings", "break_glass_unreviewed"]),
            Feed,
        ],
    },
    Page {
        path: "acts",
        title: "All forms",
        lead: "Everything your role may record.",
        kinds: EVERYBODY,
        with: &[],
        sections: &[Find, EveryAct],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::schema::Schema;

    #[test]
    fn every_form_and_reading_of_a_page_is_an_rpc_of_the_contract() {
        let schema = Schema::read().expect("a contract");
        let named = PAGES
            .iter()
            .flat_map(|page| page.sections)
            .flat_map(|section| match section {
                Acts(_, rpcs) => rpcs.to_vec(),
                Own(_, rpc) => vec![*rpc],
                _ => vec![],
            });
        for rpc in named {
            assert!(schema.method(rpc).is_some(), "{rpc}");
        }
    }

    #[test]
    fn every_figure_of_a_page_is_one_of_a_dashboard() {
        use views::{
            commissioner::Commissioner, dashboard::Dashboard as _, employer::Employer,
            network::Network, university::University,
        };
        let defined: BTreeSet<&str> = [
            Employer::DEFINITIONS,
            University::DEFINITIONS,
            Commissioner::DEFINITIONS,
            Network::DEFINITIONS,
        ]
        .into_iter()
        .flatten()
        .map(|definition| definition.name)
        .collect();
        let named = PAGES
            .iter()
            .flat_map(|page| page.sections)
            .flat_map(|section| match section {
                Tiles(_, figures) | Chart(_, _, figures) | Table(_, figures) => figures.to_vec(),
                _ => vec![],
            });
        let unknown: Vec<&str> = named.filter(|name| !defined.contains(name)).collect();
        assert_eq!(unknown, Vec::<&str>::new());
    }

    #[test]
    fn no_two_pages_share_an_address() {
        let paths: BTreeSet<&str> = PAGES.iter().map(|page| page.path).collect();
        assert_eq!(paths.len(), PAGES.len());
    }
}
