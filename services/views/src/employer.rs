//! What an employer sees of its own trainees, from demand to consolidated practice.

mod definitions;

use domain::{
    actor::TenantKind, directory::ClinicalService, fact::Fact, id::Id, policy::Policies,
    refusal::Refusal,
};
use jiff::civil::Date;
use ledger::view::{Figures, FoldError, Noted, View};
use uuid::Uuid;

use self::definitions::DEFINITIONS;
use crate::{
    dashboard::{Dashboard, Definition, before, cluster_health, outcome_completeness},
    record::{AllocationStage, COMPLETED_BY_VACANCY, Record, courses, disputes, gaps, late, year},
};

/// The view.
#[derive(Debug)]
pub struct Employer;

impl View for Employer {
    const NAME: &'static str = "employer";
    const VERSION: u32 = 5;
    const KIND: TenantKind = TenantKind::Employer;
    type Row = Record;
    const CROWDS: &'static [&'static str] = year::CROWDS;

    fn fold(row: &mut Record, noted: &Noted, fact: &Fact) -> Result<(), FoldError> {
        row.note(noted, fact);
        Ok(())
    }

    fn figures(row: &Record, sums: &mut Figures) {
        match row {
            Record::Allocation(allocation) => {
                sums.add("demand", i64::from(allocation.demand));
                let proposed = allocation.stage == AllocationStage::Proposed;
                sums.add(
                    "places_proposed",
                    i64::from(proposed) * i64::from(allocation.places),
                );
                sums.add("places_allocated", i64::from(allocation.confirmed()));
                sums.add("places_filled", allocation.filled.len() as i64);
                if let Some(cluster) = allocation.cluster() {
                    sums.add_of(
                        "cluster_places",
                        &cluster,
                        i64::from(allocation.confirmed()),
                    );
                    sums.add_of("cluster_filled", &cluster, allocation.filled.len() as i64);
                }
                for (service, places) in &allocation.services {
                    let service = Id::<ClinicalService>::new(*service).name();
                    sums.add_of("places_by_service", service, i64::from(*places));
                }
                if let Some(review) = allocation.override_review {
                    sums.add_of("cluster_overrides", review, 1);
                }
            }
            Record::Service(service) => service.sums(sums),
            Record::Expansion(expansion) => expansion.sums(sums),
            Record::Commitment(commitment) => commitment.sums(sums),
            Record::Breaches(breaches) => breaches.sums(sums),
            Record::Vacancy(vacancy) => {
                sums.count("vacancies_open", !vacancy.closed);
                sums.add("posts_advertised", i64::from(vacancy.posts));
            }
            Record::Application(application) => application.sums(sums),
            Record::Offer(offer) => {
                offer.sums(sums);
                crate::balance::sums_of_offer(offer, sums);
                sums.count(
                    "checks_complete",
                    offer.accepted() && offer.checks_complete(),
                );
                sums.count(
                    "checks_outstanding",
                    offer.accepted() && !offer.checks_complete(),
                );
            }
            Record::Award(award) => award.sums(sums),
            Record::Statement(statement) => statement.sums(sums),
            Record::Invoice(invoice) => sums.add("tuition_charged", invoice.pence),
            Record::Establishment(establishment) => establishment.sums(sums),
            Record::Costs(costs) => costs.sums(sums),
            Record::Employment(employment) => {
                sums.count(
                    "employed",
                    employment.starts.is_some()
                        && employment.ended.is_none()
                        && employment.moved_out.is_none(),
                );
                sums.count("employments_ended", employment.ended.is_some());
                sums.add(
                    "checks_to_reassure",
                    i64::from(employment.checks_to_reassure),
                );
                sums.add("checks_reassured", i64::from(employment.checks_reassured));
            }
            Record::Training(training) => {
                training.sums(sums);
                training.sums_by_cluster(sums);
            }
            Record::Transfer(transfer) => transfer.sums(sums),
            Record::Qualification(qualification) => {
                qualification.sums(sums);
                qualification.sums_by_cluster(sums);
            }
            Record::TransitionPlan(plan) => plan.sums(sums),
            Record::Preceptorship(preceptorship) => preceptorship.sums(sums),
            Record::Posts(posts) => posts.sums(sums),
            Record::Partnership(partnership) => {
                crate::balance::sums_of_partnership(partnership, sums)
            }
            Record::Cluster(cluster) => {
                cluster.sums(sums);
                cluster.sums_by_service(sums);
            }
            Record::Outcome(outcome) => outcome.sums(sums),
            Record::Feedback(feedback) => feedback.sums(sums),
            Record::QualifiedPractice(practice) => practice.sums(sums),
            Record::Question(question) => question.sums(sums),
            Record::ArrsDeployment(deployment) => deployment.sums(sums),
            Record::Course(course) => course.sums(sums),
            Record::Concern(concern) => concern.sums(sums),
            Record::Dispute(dispute) => dispute.sums(sums),
            Record::Openings(openings) => openings.sums(sums),
            Record::Unseen
            | Record::Programme(_)
            | Record::Notice(_)
            | Record::Counted(_)
            | Record::DisputeNotice(_)
            | Record::Intake(_)
            | Record::Envelope(_)
            | Record::Lock(_)
            | Record::Enrolment(_)
            | Record::Community(_)
            | Record::Membership(_)
            | Record::Withdrawal(_)
            | Record::Network(_)
            | Record::Region(_) => {}
            Record::ExamBoard(_)
            | Record::TrainingPlace(_)
            | Record::Appeal(_)
            | Record::Progression(_) => {}
        }
    }

    fn thread(row: &Record) -> Option<Uuid> {
        row.thread()
    }
}

impl Dashboard for Employer {
    const DEFINITIONS: &'static [Definition] = DEFINITIONS;

    const ASKING: &'static [&'static str] = &[COMPLETED_BY_VACANCY];

    fn tell(row: &Record, figures: &mut Figures) {
        if let Record::Vacancy(vacancy) = row {
            vacancy.tell(figures);
        }
    }

    fn complete(figures: &mut Figures, policies: &Policies, on: Date) -> Result<(), Refusal> {
        year::running(figures, on);
        courses::complete(figures);
        gaps::complete(figures, policies, on)?;
        disputes::complete(figures, on);
        year::overload(figures, policies, on)?;
        year::fidelity(figures, policies, on)?;
        year::reviews_overdue(figures, policies, on)?;
        crate::record::completions(figures);
        crate::record::unregistered(figures, policies, on)?;
        crate::record::retention(figures, policies, on)?;
        outcome_completeness(figures);
        crate::balance::complete(figures);
        cluster_health(figures, policies, on)?;
        before(figures, "commitments_due_by", "commitments_overdue", on);
        late(figures, on);
        Ok(())
    }
}
