//! What a commissioner sees: places, money and promises, and of people only counts.

use domain::{
    actor::TenantKind, disclosure::DisclosureRule, fact::Fact, policy::Policies, refusal::Refusal,
};
use jiff::civil::Date;
use ledger::view::{Figures, FoldError, Noted, View};
use uuid::Uuid;

use crate::{
    dashboard::{
        Dashboard, Definition, OUTCOMES, People, Split, before, cluster_health, count,
        outcome_completeness, percent, split,
    },
    record::{AllocationStage, PEOPLE, PROGRESS, PROGRESSED, Record, disputes, gaps, progress},
    released::{Dated, Group},
};

/// The view.
#[derive(Debug)]
pub struct Commissioner;

/// People by the allocation that their award rests on, where the award does not say its region.
const ALLOCATION_PEOPLE: &str = "allocation_people";
/// The regions of those allocations, `{allocation}/{region}`.
const ALLOCATION_REGION: &str = "allocation_region";

impl View for Commissioner {
    const NAME: &'static str = "commissioner";
    const VERSION: u32 = 5;
    const KIND: TenantKind = TenantKind::Commissioner;
    type Row = Dated;
    const CROWDS: &'static [&'static str] = &["cluster_filled", "cluster_trainees"];

    fn fold(row: &mut Dated, noted: &Noted, fact: &Fact) -> Result<(), FoldError> {
        row.note(noted, fact, sums_of, Self::RELEASED);
        Ok(())
    }

    fn figures(row: &Dated, sums: &mut Figures) {
        sums_of(&row.record, sums);
        row.sums(sums);
    }

    /// A commissioner reads counts and no person's row (C.5.3).
    fn thread(_: &Dated) -> Option<Uuid> {
        None
    }
}

/// What a record adds to the figures.
fn sums_of(row: &Record, sums: &mut Figures) {
    match row {
        Record::Intake(intake) => {
            let capacity: i64 = intake.capacity.values().copied().map(i64::from).sum();
            let reserved: i64 = intake
                .reserved
                .values()
                .map(|reserved| i64::from(reserved.places))
                .sum();
            sums.add("capacity", capacity);
            sums.add("capacity_spare", capacity.saturating_sub(reserved));
            crate::record::accounts(&intake.ledger, sums);
            crate::equity::sums_of_intake(intake, sums);
            if let Some(own) = intake.intake {
                crate::trend::sums_of_intake(own, intake, sums);
            }
            let awaited = intake.awaited.values().copied().map(i64::from).sum();
            sums.add("places_awaited", awaited);
            for region in &intake.regions_without_provider {
                sums.add_of("regions_without_provider", region, 1);
            }
        }
        Record::Programme(programme) => crate::equity::sums_of_programme(programme, sums),
        Record::Cluster(cluster) => cluster.sums(sums),
        Record::Allocation(allocation) => {
            crate::record::accounts(&allocation.ledger, sums);
            crate::trend::sums_of_allocation(allocation, sums);
            let confirmed = i64::from(allocation.confirmed());
            sums.add("demand", i64::from(allocation.demand));
            sums.add("places_allocated", confirmed);
            sums.add("places_filled", allocation.filled.len() as i64);
            sums.count(
                "allocations_declined",
                allocation.stage == AllocationStage::Declined,
            );
            if let Some(region) = allocation.region {
                sums.add_of("demand_by_region", region, i64::from(allocation.demand));
                sums.add_of("places_by_region", region, confirmed);
                sums.add_of(
                    "places_filled_by_region",
                    region,
                    allocation.filled.len() as i64,
                );
            }
            if let Some(pilot) = &allocation.pilot {
                sums.add_of("places_by_pilot", pilot, confirmed);
                let filled = allocation.filled.len() as i64;
                sums.add_of("places_filled_by_pilot", pilot, filled);
            }
            if let Some(cluster) = allocation.cluster() {
                sums.add_of("cluster_places", &cluster, confirmed);
                sums.add_of("cluster_filled", &cluster, allocation.filled.len() as i64);
            }
            sums.count(
                "overrides_requested",
                allocation.override_requested && allocation.override_review.is_none(),
            );
            if let Some(review) = allocation.override_review {
                sums.add("overrides_granted", 1);
                sums.add_of("cluster_overrides", review, 1);
            }
        }
        Record::Expansion(expansion) => expansion.sums(sums),
        Record::Commitment(commitment) => commitment.sums(sums),
        Record::Breaches(breaches) => breaches.sums(sums),
        Record::Statement(statement) => statement.sums(sums),
        Record::Invoice(invoice) => sums.add("tuition_charged", invoice.pence),
        Record::Establishment(establishment) => establishment.sums(sums),
        Record::Envelope(envelope) => envelope.sums(sums),
        Record::Award(award) => {
            award.sums(sums);
            if !award.taken_over {
                let granted = award.tuition_pence.saturating_add(award.salary_pence);
                sums.add_of("awards_by_year", &award.year, granted);
                if let Some(trainee) = &award.trainee {
                    match award.region {
                        Some(region) => sums.add_of("people_by_region", region, 1),
                        None => sums.add_of(ALLOCATION_PEOPLE, trainee.allocation, 1),
                    }
                    sums.add_of("trainees_by_level", trainee.level, 1);
                }
            }
            for (year, pence) in &award.paid_by_year {
                sums.add_of("salary_paid_by_year", year, *pence);
            }
        }
        Record::Lock(lock) => {
            for lock in lock.locks.values() {
                sums.count("locks_provisional", lock.provisional);
                sums.count("locks_fixed", !lock.provisional);
            }
            sums.add("lock_exemptions", i64::from(lock.exemptions));
            sums.add("locked_trainings_refused", i64::from(lock.refused));
            sums.add("lock_overrides_refused", i64::from(lock.overridden));
        }
        Record::Outcome(outcome) => outcome.sums(sums),
        Record::Question(question) => question.sums(sums),
        Record::Progression(progression) => progression.sums(sums),
        Record::Notice(notice) => gaps::sums(&notice.gaps, sums),
        Record::Dispute(dispute) => dispute.sums(sums),
        Record::DisputeNotice(told) => told.0.sums(sums),
        Record::Withdrawal(withdrawal) => withdrawal.sums(sums),
        Record::Transfer(transfer) => transfer.sums(sums),
        Record::Unseen
        | Record::Course(_)
        | Record::Concern(_)
        | Record::Counted(_)
        | Record::Service(_)
        | Record::Partnership(_)
        | Record::Vacancy(_)
        | Record::Application(_)
        | Record::Offer(_)
        | Record::Posts(_)
        | Record::Costs(_)
        | Record::Enrolment(_)
        | Record::ExamBoard(_)
        | Record::TrainingPlace(_)
        | Record::Appeal(_)
        | Record::Employment(_)
        | Record::Training(_)
        | Record::Qualification(_)
        | Record::Preceptorship(_)
        | Record::Community(_)
        | Record::Membership(_)
        | Record::Feedback(_)
        | Record::Network(_)
        | Record::Region(_)
        | Record::TransitionPlan(_)
        | Record::QualifiedPractice(_)
        | Record::ArrsDeployment(_)
        | Record::Openings(_) => {}
    }
}

impl Dashboard for Commissioner {
    const DEFINITIONS: &'static [Definition] = &[
        OUTCOMES[0],
        OUTCOMES[1],
        OUTCOMES[2],
        OUTCOMES[3],
        OUTCOMES[4],
        OUTCOMES[5],
        OUTCOMES[6],
        count("policy_questions", "questions about policy asked"),
        count(
            "policy_questions_open",
            "questions about policy without an answer (ACTOR-10)",
        ),
        count("capacity", "places of the planned intakes"),
        count("capacity_spare", "places no allocation holds (ALLOC-13)"),
        count("demand", "trainee places asked for"),
        split(
            "demand_by_region",
            Split::Region,
            "trainee places asked for (ALLOC-03)",
        ),
        count("places_allocated", "places confirmed"),
        split("places_by_region", Split::Region, "places confirmed"),
        count(
            "places_filled",
            "confirmed places that an appointed person holds",
        ),
        split(
            "places_filled_by_region",
            Split::Region,
            "confirmed places held; small counts suppressed",
        ),
        split(
            "places_by_pilot",
            Split::Word,
            "places confirmed for a pilot (ALLOC-15)",
        ),
        split(
            "places_filled_by_pilot",
            Split::Word,
            "confirmed places of a pilot that an appointed person holds (ALLOC-15)",
        ),
        count("allocations_declined", "allocations declined (ALLOC-12)"),
        split(
            "cluster_places",
            Split::Cluster,
            "confirmed places per cluster (ALLOC-01)",
        ),
        // Places of clusters, and who still holds one, are told exactly: they are the commissioner's own
        // awards, and whoever must keep clusters at their minimum has to count them (ALLOC-01,
        // ALLOC-02). They tell how many places are held and nothing of those who hold them; what is
        // told of people, such as their level or what became of them, is released.
        split(
            "cluster_filled",
            Split::Cluster,
            "filled places per cluster (ALLOC-01)",
        ),
        split(
            "cluster_minimum",
            Split::Cluster,
            "the smallest cluster the policy allows",
        ),
        split(
            "capacity_by_start",
            Split::Month,
            "places by the month in which the intakes start (REPORT-09)",
        ),
        split(
            "places_by_start",
            Split::Month,
            "places confirmed, by the month in which the intakes start",
        ),
        split(
            "places_filled_by_start",
            Split::Month,
            "confirmed places held, by the month in which the intakes start",
        ),
        split(
            "capacity_by_region",
            Split::Region,
            "places of the regions' universities, each one's spread evenly over its regions",
        ),
        count(
            "capacity_without_region",
            "places of universities that are contracted for no region yet",
        ),
        split(
            "share_by_region",
            Split::Region,
            "the region's share of the places confirmed (ALLOC-03)",
        )
        .percent(),
        split(
            "target_share_by_region",
            Split::Region,
            "what the share should be, by the measure policy names (ALLOC-03)",
        )
        .percent(),
        split(
            "equity_measure",
            Split::Word,
            "the measure of the target share, policy equity",
        ),
        split(
            "places_by_account",
            Split::Word,
            "where places are: a double-entry ledger, so that the accounts sum to zero (ALLOC-07)",
        ),
        split(
            "cluster_trainees",
            Split::Cluster,
            "trainees who started and have not left early",
        ),
        split(
            "clusters_at_risk",
            Split::Cluster,
            "1 where so many have left that fewer than the minimum are there (ALLOC-02)",
        ),
        count("places_awaited", "places allocations wait for"),
        split(
            "regions_without_provider",
            Split::Region,
            "intakes whose round closed with no university contracted for the region (ALLOC-05)",
        ),
        count(
            "overrides_requested",
            "requests for an override of the cluster minimum, not granted",
        ),
        count("overrides_granted", "clusters accepted below the minimum"),
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
        count("conversion", "promises kept of those fallen due").percent(),
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
        split(
            "post_forecast_by_employer",
            Split::Word,
            "the same by employer and month",
        )
        .percent(),
        count("breaches_open", "broken promises nothing has made good"),
        count(
            "employers_not_ready_for_breach",
            "employers with such a promise (READY-01)",
        ),
        count(
            "in_qualified_post",
            "people in a qualified post they were promised",
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
            "salary_paid_by_payee",
            Split::Word,
            "salary support that a payee was paid and has, by payee and month of payment (X-13)",
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
        count(
            "money_out_of_balance",
            "the sum of all accounts: nothing, or something is lost",
        )
        .pence(),
        count("tuition_charged", "course fees charged").pence(),
        split(
            "awards_by_year",
            Split::Word,
            "tuition and salary approved, by financial year (FUND-13)",
        )
        .pence(),
        split("envelopes", Split::Word, "funding by financial year").pence(),
        split(
            "envelopes_left",
            Split::Word,
            "funding no award has drawn, by financial year",
        )
        .pence(),
        count("salary_approved", "salary support approved").pence(),
        count("tuition_approved", "tuition approved").pence(),
        count("instalments_paid", "monthly instalments paid"),
        count("salary_paid", "salary support paid").pence(),
        split(
            "salary_paid_by_year",
            Split::Word,
            "salary support paid, by financial year",
        )
        .pence(),
        split(
            "trainees_by_level",
            Split::Level,
            "people an award is for, by level trained for (ROUTE-08)",
        ),
        split(
            "people_by_region",
            Split::Region,
            "people with a funding award; small counts suppressed",
        ),
        count(
            "locks_provisional",
            "funding locks whose board is only expected",
        ),
        count("locks_fixed", "funding locks that count from a board"),
        PROGRESS[0],
        PROGRESS[1],
        PROGRESS[2],
        PROGRESS[3],
        PROGRESS[4],
        PROGRESS[5],
        PROGRESS[6],
        PROGRESS[7],
        gaps::GAPS,
        gaps::GAPS_OPEN,
        gaps::GAP_DAYS,
        gaps::GAPS_LONG,
        disputes::OPEN,
        disputes::SINCE,
        disputes::AGE,
        disputes::CLOSED,
        count("lock_exemptions", "exemptions granted from a lock"),
        count(
            "locked_trainings_refused",
            "places in another training refused for a lock (D.12)",
        ),
        count(
            "lock_overrides_refused",
            "of these, attempts to override the lock",
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
            "withdrawals_confirmed",
            "withdrawals confirmed and standing",
        ),
        split(
            "withdrawals_by_reason",
            Split::Word,
            "withdrawals confirmed, by class of reason",
        ),
    ];

    const SUPPRESSED: &'static [People] = &[
        People::parts("people_by_region", "region", |_| {
            Some(("awards_approved", String::new()))
        }),
        People::parts("trainees_by_level", "level", |_| {
            Some(("awards_approved", String::new()))
        }),
        People::parts("places_filled_by_region", "region", |_| {
            Some(("places_filled", String::new()))
        }),
        People::parts("withdrawals_by_reason", "reason", |_| {
            Some(("withdrawals_confirmed", String::new()))
        }),
        PEOPLE[0],
        PEOPLE[1],
        PEOPLE[2],
        PEOPLE[3],
        PEOPLE[4],
        PEOPLE[5],
        PEOPLE[6],
        PEOPLE[7],
    ];

    const RELEASED: &'static [Group] = &[
        // An award is of one person; where it does not say the region, its allocation does.
        Group {
            people: Some("awards_approved"),
            still: &[ALLOCATION_REGION],
            ..Group::new(
                &["people_by_region", "trainees_by_level"],
                &[
                    "people_by_region",
                    ALLOCATION_PEOPLE,
                    "trainees_by_level",
                    "awards_approved",
                ],
            )
        },
        Group {
            people: Some("places_filled"),
            ..Group::new(
                &["places_filled_by_region"],
                &["places_filled_by_region", "places_filled"],
            )
        },
        Group::new(
            &["withdrawals_by_reason"],
            &["withdrawals_by_reason", "withdrawals_confirmed"],
        ),
        PROGRESSED,
    ];

    fn complete(figures: &mut Figures, policies: &Policies, on: Date) -> Result<(), Refusal> {
        cluster_health(figures, policies, on)?;
        crate::equity::complete(figures, policies, on)?;
        crate::trend::complete(figures);
        outcome_completeness(figures);
        gaps::complete(figures, policies, on)?;
        disputes::complete(figures, on);
        before(figures, "commitments_due_by", "commitments_overdue", on);
        let rule: DisclosureRule = policies.get("disclosure.rule", on)?;
        progress(figures, on, i64::from(rule.share_base()));
        let share = percent(
            figures.get("commitments_discharged"),
            figures.get("commitments_fallen_due"),
        );
        figures.add("conversion", share);
        let mut by_region = Figures::default();
        for (allocation, region) in figures
            .parts(ALLOCATION_REGION)
            .filter_map(|(part, _)| part.split_once('/'))
        {
            let people = figures.get_of(ALLOCATION_PEOPLE, allocation);
            by_region.add_part("people_by_region", region, people);
        }
        figures.add_all(&by_region);
        Ok(())
    }

    const ASKING: &'static [&'static str] = &[ALLOCATION_PEOPLE];

    fn tell(row: &Dated, figures: &mut Figures) {
        if let Record::Allocation(allocation) = &row.record
            && let (Some(own), Some(region)) = (allocation.allocation, allocation.region)
        {
            figures.add_of(ALLOCATION_REGION, format!("{own}/{region}"), 1);
        }
    }
}
