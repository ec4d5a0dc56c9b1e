//! What a university sees: its capacity, its applicants and students, their outcomes.

use domain::{actor::TenantKind, fact::Fact, policy::Policies, refusal::Refusal};
use jiff::civil::Date;
use ledger::view::{Figures, FoldError, Noted, View};
use uuid::Uuid;

use crate::{
    dashboard::{Dashboard, Definition, Split, before, count, split},
    record::{
        COMPLETED_BY_VACANCY, Record, concerns, courses, disputes, gaps, openings, progress, year,
    },
};

/// The view.
#[derive(Debug)]
pub struct University;

impl View for University {
    const NAME: &'static str = "university";
    const VERSION: u32 = 5;
    const KIND: TenantKind = TenantKind::University;
    type Row = Record;
    const CROWDS: &'static [&'static str] = &[
        year::CROWDS[0],
        year::CROWDS[1],
        "cluster_trainees",
        "trainees_by_service",
    ];

    fn fold(row: &mut Record, noted: &Noted, fact: &Fact) -> Result<(), FoldError> {
        row.note(noted, fact);
        Ok(())
    }

    fn figures(row: &Record, sums: &mut Figures) {
        match row {
            Record::Intake(intake) => {
                for (level, places) in &intake.capacity {
                    sums.add_of("capacity", level, i64::from(*places));
                }
                crate::record::accounts(&intake.ledger, sums);
                let awaited = intake.awaited.values().copied().map(i64::from).sum();
                sums.add("places_awaited", awaited);
                for reserved in intake.reserved.values() {
                    sums.add_of(
                        "places_reserved",
                        reserved.employer,
                        i64::from(reserved.places),
                    );
                }
            }
            Record::Partnership(partnership) => {
                sums.count("partnerships_signed", partnership.signed);
                crate::balance::sums_of_partnership(partnership, sums);
            }
            Record::Application(application) => application.sums(sums),
            Record::Offer(offer) => {
                offer.sums(sums);
                crate::balance::sums_of_offer(offer, sums);
            }
            Record::Enrolment(enrolment) => enrolment.sums(sums),
            Record::ExamBoard(board) => board.sums(sums),
            Record::Appeal(appeal) => appeal.sums(sums),
            Record::TrainingPlace(place) => place.sums(sums),
            Record::Training(training) => training.sums(sums),
            Record::Invoice(invoice) => sums.add("tuition_charged", invoice.pence),
            Record::Withdrawal(withdrawal) => {
                withdrawal.sums(sums);
                if let Some(code) = &withdrawal.leaving_code {
                    sums.add_of("leaving_codes", code, 1);
                }
            }
            Record::Qualification(qualification) => {
                qualification.sums(sums);
                if let Some(award) = &qualification.award {
                    sums.add_of("awards_by_qualification", &award.qualification, 1);
                    sums.add_of("awards_by_level", award.level, 1);
                }
                if let Some(code) = qualification.leaving_code() {
                    sums.add_of("leaving_codes", code, 1);
                }
            }
            Record::Preceptorship(preceptorship) => preceptorship.sums(sums),
            Record::Progression(progression) => progression.sums(sums),
            Record::Posts(posts) => posts.sums(sums),
            Record::Allocation(allocation) => crate::record::accounts(&allocation.ledger, sums),
            Record::Cluster(cluster) => {
                cluster.sums(sums);
                cluster.sums_by_service(sums);
            }
            Record::Feedback(feedback) => feedback.sums(sums),
            Record::Question(question) => question.sums(sums),
            Record::Course(course) => course.sums(sums),
            Record::Concern(concern) => concern.sums(sums),
            Record::Dispute(dispute) => dispute.sums(sums),
            Record::Openings(openings) => openings.sums(sums),
            Record::Unseen
            | Record::Vacancy(_)
            | Record::Service(_)
            | Record::Programme(_)
            | Record::Expansion(_)
            | Record::Notice(_)
            | Record::Counted(_)
            | Record::DisputeNotice(_)
            | Record::Commitment(_)
            | Record::Breaches(_)
            | Record::Award(_)
            | Record::Statement(_)
            | Record::Envelope(_)
            | Record::Costs(_)
            | Record::Establishment(_)
            | Record::Lock(_)
            | Record::Employment(_)
            | Record::Community(_)
            | Record::Membership(_)
            | Record::Network(_)
            | Record::Region(_)
            | Record::Outcome(_) => {}
            Record::TransitionPlan(_)
            | Record::QualifiedPractice(_)
            | Record::ArrsDeployment(_)
            | Record::Transfer(_) => {}
        }
    }

    fn thread(row: &Record) -> Option<Uuid> {
        row.thread()
    }
}

impl Dashboard for University {
    const DEFINITIONS: &'static [Definition] = &[
        split(
            "feedback_given",
            Split::Word,
            "pieces of feedback by form: trainees and sponsoring employers apart (EVAL-01)",
        ),
        split(
            "feedback_mean_rating",
            Split::Word,
            "mean rating by form, in hundredths of a point from 100 to 500 (EVAL-01)",
        ),
        count("policy_questions", "questions about policy asked"),
        count(
            "policy_questions_open",
            "questions about policy without an answer (ACTOR-10)",
        ),
        split("capacity", Split::Level, "places of the planned intakes"),
        split("places_reserved", Split::Tenant, "places held by employers"),
        split(
            "places_by_account",
            Split::Word,
            "where places are: a double-entry ledger, so that the accounts sum to zero (ALLOC-07)",
        ),
        count("places_awaited", "places employers wait for"),
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
        count("partnerships_signed", "partnerships both sides have signed"),
        count("tuition_charged", "course fees charged").pence(),
        crate::balance::TRAINEE_POSTS,
        crate::balance::QUALIFIED_POSTS,
        crate::balance::AGREED,
        crate::balance::TOLERANCE,
        crate::balance::SHARE,
        crate::balance::OUT_OF_TOLERANCE,
        crate::balance::ENTRANTS,
        split(
            "entrants_by_level",
            Split::Level,
            "accepted offers by level trained for",
        ),
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
        count("enrolled", "people enrolled"),
        split(
            "enrolled_by_level",
            Split::Level,
            "people enrolled, by level",
        ),
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
            "employers_changed",
            "students whose employer changed during the study (SET-13)",
        ),
        count(
            "trainings_handed_over",
            "trainings that went with a clinical service (SET-13)",
        ),
        count(
            "trainings_taken_over",
            "trainings that came with a clinical service (SET-13)",
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
        count(
            "withdrawals_confirmed",
            "withdrawals confirmed and standing",
        ),
        split(
            "withdrawals_by_reason",
            Split::Word,
            "withdrawals confirmed, by class of reason",
        ),
        count(
            "intakes_changed",
            "students who went on with another intake",
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
        count("assessed", "people a board has decided on"),
        count(
            "passed_first_time",
            "people who passed at their first board",
        ),
        count("passed_after_resit", "people who passed after a referral"),
        count("passed", "people who passed in the end"),
        count("referred", "people ever referred"),
        count("deferred", "people ever deferred"),
        count(
            "failed",
            "people who failed for good, lesser awards included",
        ),
        count(
            "withdrawn_by_board",
            "people a board withdrew from the programme",
        ),
        count(
            "chairs_actions",
            "actions a chair took between boards (B.5)",
        ),
        count(
            "chairs_actions_unreported",
            "chair's actions no board has been told of yet",
        ),
        split(
            "chairs_actions_to_report",
            Split::Date,
            "chair's actions to be reported, by day of the board",
        ),
        count(
            "training_places_accepted",
            "people accepted for another training, the lock allowing it",
        ),
        count(
            "training_places_refused",
            "people not eligible for another training yet",
        ),
        count(
            "training_places_questioned",
            "accepted places whose lock was derived again since",
        ),
        count("appeals_open", "appeals not decided yet"),
        count("appeals_upheld", "appeals upheld"),
        split(
            "appeal_letters_due_by",
            Split::Date,
            "letters that complete an appeal, by their last day",
        ),
        count(
            "appeal_letters_overdue",
            "letters not sent by their last day",
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
        split(
            "awards_by_qualification",
            Split::Word,
            "qualifications conferred, by title",
        ),
        split(
            "awards_by_level",
            Split::Level,
            "qualifications conferred, by level",
        ),
        split(
            "leaving_codes",
            Split::Word,
            "reason for leaving of the national student return",
        ),
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
        split(
            "pipeline",
            Split::CohortStage,
            "people by cohort and how far they have come; adds up to those who entered (CAREER-06)",
        ),
        split(
            "retained",
            Split::Word,
            "people in a qualified post so many months after qualifying (CAREER-05)",
        ),
        split(
            "destinations",
            Split::Word,
            "people by where they were so many months after qualifying, unknown too (CAREER-05)",
        ),
        split(
            "early_leavers",
            Split::Cohort,
            "people who left a qualified post within a year of qualifying (PRECEPT-07)",
        ),
        split(
            "cohort_entered",
            Split::Cohort,
            "people who entered training",
        ),
        split("cohort_qualified", Split::Cohort, "people who qualified"),
        split(
            "cohort_qualified_share",
            Split::Cohort,
            "share that qualified of those whose training is over (EVAL-10)",
        )
        .percent(),
        split(
            "cohort_qualified_change",
            Split::Cohort,
            "points by which that share differs from the cohort before (EVAL-10)",
        )
        .percent(),
        count("preceptorships_started", "preceptorships started"),
        count(
            "preceptorships_complete",
            "preceptorships both parts of which are done",
        ),
        count(
            "preceptorships_ended_early",
            "preceptorships that ended with the post (B.6)",
        ),
        split(
            "preceptorship_sessions",
            Split::Word,
            "sessions held, by form",
        ),
    ];

    const ASKING: &'static [&'static str] = &[COMPLETED_BY_VACANCY];

    fn tell(row: &Record, figures: &mut Figures) {
        if let Record::Vacancy(vacancy) = row {
            vacancy.tell(figures);
        }
    }

    fn complete(figures: &mut Figures, policies: &Policies, on: Date) -> Result<(), Refusal> {
        year::running(figures, on);
        crate::record::completions(figures);
        crate::record::unregistered(figures, policies, on)?;
        courses::complete(figures);
        gaps::complete(figures, policies, on)?;
        disputes::complete(figures, on);
        year::fidelity(figures, policies, on)?;
        year::reviews_overdue(figures, policies, on)?;
        crate::record::mean_ratings(figures);
        crate::balance::complete(figures);
        before(
            figures,
            "appeal_letters_due_by",
            "appeal_letters_overdue",
            on,
        );
        progress(figures, on, 1);
        Ok(())
    }
}
