//! The figures of an employer's dashboard.

use crate::{
    dashboard::{Definition, OUTCOMES, Split, count, split},
    record::{REACHED, STILL_IN_POST, concerns, courses, disputes, gaps, openings, year},
};

/// In the order they are shown.
pub(super) const DEFINITIONS: &[Definition] = &[
    count("policy_questions", "questions about policy asked"),
    count(
        "policy_questions_open",
        "questions about policy without an answer (ACTOR-10)",
    ),
    count("clinical_services_open", "clinical services in operation"),
    count(
        "sites_flagged",
        "sites that a change left without what their setting asks for (ALLOC-17)",
    ),
    count(
        "specifications_without_posts",
        "clinical services whose contract asks for no such posts (SET-15)",
    ),
    split(
        "services_not_specifying",
        Split::Word,
        "clinical services with people of a role that their contract does not ask for, by role \
         (SET-15)",
    ),
    count(
        "people_without_professional_lead",
        "trainees and qualified people without a professional lead (READY-04)",
    ),
    split(
        "placements",
        Split::Word,
        "people who work in a clinical service, by phase",
    ),
    count(
        "placements_flagged",
        "people where policy lets their role work no longer (SET-14)",
    ),
    OUTCOMES[0],
    OUTCOMES[1],
    OUTCOMES[2],
    OUTCOMES[3],
    OUTCOMES[4],
    OUTCOMES[5],
    OUTCOMES[6],
    split(
        "feedback_given",
        Split::Word,
        "pieces of feedback the employer gave (EVAL-01)",
    ),
    count("demand", "trainee places asked for"),
    count("places_proposed", "places proposed and not yet confirmed"),
    count("places_allocated", "places confirmed"),
    count(
        "places_filled",
        "confirmed places that an appointed person holds",
    ),
    split(
        "places_by_service",
        Split::ClinicalService,
        "confirmed places as divided over clinical services (JOINT-09)",
    ),
    split(
        "cluster_places",
        Split::Cluster,
        "confirmed places per cluster (ALLOC-01)",
    ),
    split(
        "cluster_filled",
        Split::Cluster,
        "filled places per cluster",
    ),
    split(
        "cluster_started",
        Split::Cluster,
        "trainees who ever started per cluster",
    ),
    split(
        "cluster_in_training",
        Split::Cluster,
        "trainees in training per cluster",
    ),
    split(
        "cluster_left",
        Split::Cluster,
        "trainees who left or withdrew before the end, or went to another employer, per cluster",
    ),
    split(
        "cluster_qualified",
        Split::Cluster,
        "trainees who qualified, per cluster (CAREER-06)",
    ),
    split(
        "cluster_not_completed",
        Split::Cluster,
        "trainees whose training ended without the qualification, per cluster",
    ),
    split(
        "cluster_minimum",
        Split::Cluster,
        "the smallest cluster the policy allows",
    ),
    split(
        "cluster_trainees",
        Split::Cluster,
        "trainees who started and have not left early",
    ),
    split(
        "trainees_by_service",
        Split::ClinicalService,
        "the same by clinical service (ALLOC-02, ALLOC-14)",
    ),
    split(
        "clusters_at_risk",
        Split::Cluster,
        "1 where so many have left that fewer than the minimum are there (ALLOC-02)",
    ),
    split(
        "cluster_overrides",
        Split::Date,
        "clusters below the minimum by review date",
    ),
    split(
        "expansion_posts",
        Split::Word,
        "additional permanent posts for trainees, by what has become of them (FUND-11)",
    ),
    crate::balance::TRAINEE_POSTS,
    crate::balance::QUALIFIED_POSTS,
    crate::balance::AGREED,
    crate::balance::TOLERANCE,
    crate::balance::SHARE,
    crate::balance::OUT_OF_TOLERANCE,
    crate::balance::ENTRANTS,
    count(
        "commitment_posts",
        "permanent qualified posts promised (FUND-03)",
    ),
    count(
        "commitments_fallen_due",
        "promises that have fallen due, kept or not",
    ),
    count("commitments_due", "promises fallen due and not yet kept"),
    count(
        "commitments_overdue",
        "promises not kept by the last day for the evidence",
    ),
    count("commitments_discharged", "promises kept"),
    split(
        "commitments_due_by",
        Split::Date,
        "promises due by the last day for the evidence",
    ),
    split(
        "qualified_posts_owed",
        Split::Month,
        "promised posts not yet kept, by first month",
    ),
    count(
        "commitments_in_grace",
        "promises the commissioner waits for beyond the last day",
    ),
    count("commitments_breached", "promises broken (FUND-08)"),
    split(
        "commitments_breached_by_kind",
        Split::Word,
        "promises broken, by how",
    ),
    count(
        "commitments_maintained",
        "posts maintained to the end of the period (FUND-02)",
    ),
    count(
        "commitments_lapsed",
        "promises that fell with a failure or a withdrawal",
    ),
    count(
        "commitments_transferred",
        "promises another employer took over",
    ),
    count(
        "in_another_service",
        "people in a qualified post of another clinical service (PRECEPT-02)",
    ),
    split(
        "post_forecast",
        Split::Month,
        "qualified posts to come, in hundredths of whole-time equivalents (FUND-12)",
    )
    .percent(),
    split(
        "post_forecast_by_year",
        Split::Word,
        "the same by financial year",
    )
    .percent(),
    count(
        "breaches_open",
        "broken promises nothing has made good: no readiness until then (READY-01)",
    ),
    count("in_qualified_post", "people in a qualified post"),
    split(
        "in_qualified_post_by_band",
        Split::Word,
        "people in a qualified post, by band",
    ),
    count("vacancies_open", "vacancies not closed by the employer"),
    count("posts_advertised", "trainee posts advertised"),
    count("applications", "applications received"),
    split(
        "applications_by_entry",
        Split::Word,
        "applications by graduate, non-graduate, internal",
    ),
    split(
        "applications_by_source",
        Split::Word,
        "applications by where the candidate comes from",
    ),
    split(
        "shortlisted_by_entry",
        Split::Word,
        "applications both parties shortlisted, by entry",
    ),
    split(
        "interviewed_by_entry",
        Split::Word,
        "applications with an interview held, by entry",
    ),
    split(
        "appointed_by_entry",
        Split::Word,
        "applications both parties accepted, by entry",
    ),
    split(
        "appointed_by_level",
        Split::Level,
        "applications both parties accepted, by level trained for",
    ),
    count(
        "awaiting_shortlist",
        "applications whose shortlisting is not over",
    ),
    count("shortlisted", "applications both parties shortlisted"),
    count("not_shortlisted", "applications not shortlisted by both"),
    count("interviewed", "applications with an interview held"),
    count(
        "awaiting_joint_outcome",
        "applications in an open decision round",
    ),
    count("appointed", "applications both parties accepted"),
    count("not_appointed", "applications not accepted by both"),
    count("lapsed", "applications whose round lapsed"),
    count(
        "reconsideration_requested",
        "applications one party asks to decide again",
    ),
    count("withdrawn", "applications withdrawn by the candidate"),
    count("offers_made", "offers made, whatever became of them"),
    count("offers_accepted", "offers accepted and standing"),
    count("offers_declined", "offers declined"),
    count(
        "offers_withdrawn",
        "offers that fell with their application",
    ),
    count(
        "offers_deferred",
        "accepted offers that have moved to a later intake",
    ),
    count("offers_lapsed", "offers not answered in time"),
    count("offers_rescinded", "offers a party took back"),
    count(
        "offers_reinstated",
        "offers open again after a mistaken decline or rescission",
    ),
    count(
        "reserves_waiting",
        "appointable candidates who wait for a post",
    ),
    count(
        "reserves_promoted",
        "reserves offered a post that came free",
    ),
    count("conditions_met", "offers with both parties' conditions met"),
    split(
        "entrants_by_level",
        Split::Level,
        "accepted offers by level trained for",
    ),
    count(
        "checks_complete",
        "people with all six employment checks cleared",
    ),
    count(
        "checks_outstanding",
        "people with accepted offers and checks to clear",
    ),
    count("awards_approved", "funding awards approved"),
    count("awards_completed", "funding awards paid in full"),
    count(
        "awards_taken_over",
        "awards that came from another payee (X-13)",
    ),
    count("awards_suspended", "awards of interrupted trainings"),
    count("awards_stopped", "awards that ended before their time"),
    count("salary_planned", "salary support still to be paid").pence(),
    count(
        "salary_net_paid",
        "salary support paid, less what came back",
    )
    .pence(),
    count("recovery_owed", "salary support to be given back").pence(),
    count("recovery_settled", "salary support given back").pence(),
    count("recovery_waived", "salary support the commissioner waived").pence(),
    split(
        "salary_paid_by_month",
        Split::Month,
        "salary support paid to this employer and its own, by month of payment",
    )
    .pence(),
    count("statements_closed", "monthly statements closed"),
    split("stated", Split::Month, "totals of the statements, by month").pence(),
    count(
        "role_posts_net",
        "posts of the trained roles, more or fewer",
    ),
    count(
        "protected_posts_net",
        "posts of psychologists and therapists, more or fewer",
    ),
    split(
        "post_offsets",
        Split::Month,
        "services where the one came in the month the other went (PRACTICE-10)",
    ),
    count("tuition_charged", "course fees charged (FUND-06)").pence(),
    split(
        "employer_costs",
        Split::Word,
        "costs of the employer's own, by kind; never reimbursed (FUND-15)",
    )
    .pence(),
    count("salary_approved", "salary support approved").pence(),
    count("instalments_paid", "monthly instalments paid"),
    count("salary_paid", "salary support paid").pence(),
    count("employed", "people employed in a trainee post"),
    count("employments_ended", "trainee employments ended"),
    count(
        "trainings_started",
        "people whose training year has started",
    ),
    count("in_training", "people whose training year runs"),
    count(
        "left_training",
        "people whose employment ended during the training",
    ),
    split(
        "in_training_until",
        Split::Date,
        "trainings by their last day",
    ),
    count(
        "trainings_handed_over",
        "trainings that went with a clinical service (SET-13)",
    ),
    count(
        "trainings_taken_over",
        "trainings that came with a clinical service (SET-13)",
    ),
    count("transfers_pending", "transfers announced and not complete"),
    count(
        "services_transferred",
        "clinical services that went to another employer",
    ),
    count(
        "trainees_transferred",
        "people in training who went with them",
    ),
    count(
        "payee_exceptions",
        "transfers whose successor is paid by exception (X-13)",
    ),
    split(
        "services_moved",
        Split::Word,
        "clinical services transferred, by sector from and to",
    ),
    count(
        "checks_to_reassure",
        "employment checks of people taken over, to re-assure",
    ),
    count(
        "checks_reassured",
        "employment checks of people taken over, re-assured",
    ),
    count("interrupted", "people away from their training"),
    count("interruptions", "interruptions so far, ended or not"),
    count(
        "less_than_full_time",
        "people with a lighter week by agreement (X-07)",
    ),
    count("practice_suspended", "people whose practice is suspended"),
    count(
        "withdrawals_proposed",
        "withdrawals under way and not confirmed",
    ),
    count(
        "withdrawn_from_training",
        "people whose withdrawal the university confirmed",
    ),
    count(
        "withdrawals_reversed",
        "confirmed withdrawals that were taken back",
    ),
    split(
        "supervised",
        Split::Supervisor,
        "trainees per practice supervisor",
    ),
    count(
        "supervisors_overloaded",
        "practice supervisors of more trainees than policy supervisor.trainees_max (SUP-04)",
    ),
    count("reviews_held", "three-way reviews held"),
    count("reviews_overdue", "three-way reviews due and not held"),
    split(
        "placed_by_setting",
        Split::Word,
        "trainees by the setting they practise in (TRAIN-02)",
    ),
    count("caseload", "people on trainees' caseloads (TRAIN-22)"),
    count(
        "hours_disallowed",
        "quarter-hours of practice the university does not let count",
    ),
    gaps::GAPS,
    gaps::GAPS_OPEN,
    gaps::GAP_DAYS,
    gaps::GAPS_LONG,
    count(
        "entries_under_review",
        "entries of practice logged in a gap, the university to decide",
    ),
    courses::OFFERED,
    courses::COMPLETED,
    courses::UNTRAINED,
    concerns::RAISED,
    concerns::OPEN,
    year::STUDY_DAYS,
    year::CORRECTED,
    disputes::OPEN,
    disputes::SINCE,
    disputes::AGE,
    disputes::CLOSED,
    openings::OPENED,
    openings::UNREVIEWED,
    year::ACTIVITY_IN_SCOPE,
    year::ACTIVITY_OUTSIDE_SCOPE,
    year::ROLE_FIDELITY,
    year::ROLE_DRIFT,
    count(
        "portfolios_verified",
        "trainees whose practice minima are verified",
    ),
    count(
        "results_pending",
        "people not yet complete, another board to come",
    ),
    split(
        "next_boards",
        Split::Date,
        "people not yet complete, by their next board",
    ),
    count("qualified", "people who hold the qualification"),
    count("not_completed", "people whose training ended without it"),
    count("register_entries", "qualified people a register lists"),
    split(
        "completions_by_cohort",
        Split::IntakeDate,
        "people who qualified, by intake and day of the board (ASSESS-04)",
    ),
    split(
        "completions_by_service",
        Split::ClinicalService,
        "people who qualified, by clinical service (ASSESS-05)",
    ),
    split(
        "completions_by_pilot",
        Split::Word,
        "people who qualified, by pilot (ASSESS-05)",
    ),
    split(
        "register_listings",
        Split::Word,
        "listings in registers, by how they stand",
    ),
    count(
        "register_due",
        "people in a qualified post to be registered by the deadline",
    ),
    count(
        "register_exceptions",
        "people in a qualified post no register lists after the deadline (CAREER-08)",
    ),
    count(
        "registers_at_risk",
        "qualified posts outside a register's system of practice (B.4)",
    ),
    count("preceptorships_started", "preceptorships started"),
    count(
        "preceptorships_complete",
        "preceptorships both parts of which are done",
    ),
    count(
        "preceptorships_ended_early",
        "preceptorships that ended with the post (B.6)",
    ),
    count(
        "preceptors_missing",
        "running preceptorships without a preceptor (B.6)",
    ),
    split(
        "preceptorship_sessions",
        Split::Word,
        "sessions held, by form",
    ),
    count(
        "preceptor_meetings_asked",
        "preceptor meetings the tiers ask for (B.6)",
    ),
    split(
        "first_meetings_by",
        Split::Date,
        "preceptorships before their first meeting, by its last day",
    ),
    count(
        "first_meetings_overdue",
        "preceptorships whose first meeting is late (B.6)",
    ),
    split(
        "preceptorship_quarter_hours",
        Split::Word,
        "supernumerary and protected time taken, in quarter-hours",
    ),
    count(
        "transition_steps_taken",
        "steps taken towards qualified posts (PRECEPT-01)",
    ),
    split(
        "transition_first_steps_by",
        Split::Date,
        "trainees before their first step, by its last day",
    ),
    count(
        "transition_plans_amber",
        "trainees without a step by the month policy names (PRECEPT-01)",
    ),
    count("practitioners", "people who work in a qualified post"),
    split(
        "practitioners_by_team",
        Split::Word,
        "people in a qualified post, by team (PRACTICE-03)",
    ),
    count(
        "practitioners_on_leave",
        "people on leave from a qualified post",
    ),
    count(
        "practitioners_without_supervisor",
        "people in a qualified post whom nobody supervises (SUP-05)",
    ),
    count(
        "below_contact_hours",
        "people whose patient contact is below the weekly average (PRACTICE-01)",
    ),
    split(
        "contact_quarter_hours",
        Split::Word,
        "patient contact by mode, in quarter-hours (PRACTICE-02)",
    ),
    count(
        "practice_sessions",
        "sessions held with patients (PRACTICE-13)",
    ),
    count(
        "arrs_deployed",
        "people deployed under the reimbursement scheme (PRACTICE-04)",
    ),
    count(
        "arrs_without_supervision",
        "deployed people nobody supervises directly (PRACTICE-05)",
    ),
    count(
        "arrs_little_experience",
        "deployed people with little experience: advice (PRACTICE-08)",
    ),
    count("left_qualified_posts", "people who left a qualified post"),
    REACHED,
    STILL_IN_POST,
    split(
        "leaving_reasons",
        Split::Word,
        "people who left, by class of reason",
    ),
    count(
        "left_before_consolidation",
        "people who left before two years of service: a report, never a bar (LOCK-03)",
    ),
    count(
        "consolidation_paused",
        "people on leave before two years of service (LOCK-04)",
    ),
    split(
        "consolidating_until",
        Split::Date,
        "people by the end of their consolidation",
    ),
    count(
        "consolidated",
        "people whose consolidation is over (LOCK-03)",
    ),
];
