//! Every service the binary offers, in the order of life; one file per service in `proto/`.

mod access;
mod allocation;
mod appeal;
mod application;
mod arrs;
mod audit;
mod board;
mod break_glass;
mod catalogue;
mod circumstances;
mod commitment;
mod community;
mod concern;
mod curriculum;
mod dashboard;
mod decision_round;
mod deferral;
mod directory;
mod dispute;
mod edi;
mod employment;
mod enrolment;
mod erasure;
mod expansion_post;
mod extract;
mod feed;
mod fitness;
mod funding;
mod identity;
mod interruption;
mod marks;
mod monitoring;
mod network;
mod offer;
mod operation;
mod outcome;
mod partnership;
mod person;
mod policy;
mod preceptorship;
mod prior_learning;
mod programme;
mod progression;
mod qualification;
mod qualified_practice;
mod staff;
mod supervision;
mod supervision_agreement;
mod training;
mod transfer;
mod transition;
mod vacancy;
mod what_if;
mod withdrawal;
mod workforce;

use std::sync::Arc;

use ::audit::note::Signer;
use contract::v1::{
    access_service_server::AccessServiceServer, allocation_service_server::AllocationServiceServer,
    appeal_service_server::AppealServiceServer,
    application_service_server::ApplicationServiceServer, arrs_service_server::ArrsServiceServer,
    audit_service_server::AuditServiceServer, board_service_server::BoardServiceServer,
    break_glass_service_server::BreakGlassServiceServer,
    catalogue_service_server::CatalogueServiceServer,
    circumstances_service_server::CircumstancesServiceServer,
    commitment_service_server::CommitmentServiceServer,
    community_service_server::CommunityServiceServer, concern_service_server::ConcernServiceServer,
    curriculum_service_server::CurriculumServiceServer,
    dashboard_service_server::DashboardServiceServer,
    decision_round_service_server::DecisionRoundServiceServer,
    deferral_service_server::DeferralServiceServer,
    directory_service_server::DirectoryServiceServer, dispute_service_server::DisputeServiceServer,
    edi_service_server::EdiServiceServer, employment_service_server::EmploymentServiceServer,
    enrolment_service_server::EnrolmentServiceServer, erasure_service_server::ErasureServiceServer,
    expansion_post_service_server::ExpansionPostServiceServer,
    extract_service_server::ExtractServiceServer, feed_service_server::FeedServiceServer,
    fitness_service_server::FitnessServiceServer, funding_service_server::FundingServiceServer,
    identity_service_server::IdentityServiceServer,
    interruption_service_server::InterruptionServiceServer,
    marks_service_server::MarksServiceServer, monitoring_service_server::MonitoringServiceServer,
    network_service_server::NetworkServiceServer, offer_service_server::OfferServiceServer,
    operation_service_server::OperationServiceServer, outcome_service_server::OutcomeServiceServer,
    partnership_service_server::PartnershipServiceServer,
    person_service_server::PersonServiceServer, policy_service_server::PolicyServiceServer,
    preceptorship_service_server::PreceptorshipServiceServer,
    prior_learning_service_server::PriorLearningServiceServer,
    programme_service_server::ProgrammeServiceServer,
    progression_service_server::ProgressionServiceServer,
    qualification_service_server::QualificationServiceServer,
    qualified_practice_service_server::QualifiedPracticeServiceServer,
    service_transfer_service_server::ServiceTransferServiceServer,
    staff_service_server::StaffServiceServer,
    supervision_agreement_service_server::SupervisionAgreementServiceServer,
    supervision_service_server::SupervisionServiceServer,
    training_service_server::TrainingServiceServer,
    transition_service_server::TransitionServiceServer,
    vacancy_service_server::VacancyServiceServer,
    withdrawal_service_server::WithdrawalServiceServer,
    workforce_service_server::WorkforceServiceServer,
};
use ledger::Ledger;
use tokio::sync::watch;
use tonic::{
    codec::CompressionEncoding,
    service::{Routes, RoutesBuilder},
};

use crate::{caller::Reception, desk::Desk, subscription::Subscriptions};

/// The largest request message, in bytes.
pub const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// All services behind the reception.
pub(crate) fn services(
    ledger: &Ledger,
    reception: Reception,
    signer: &Arc<Signer>,
    draining: &watch::Receiver<bool>,
) -> Routes {
    let desk = Desk::new(ledger.clone());
    let mut routes = RoutesBuilder::default();
    macro_rules! offer {
        ($($server:ident($handler:expr)),* $(,)?) => {
            $(routes.add_service(
                $server::new($handler(desk.clone()))
                    .max_decoding_message_size(REQUEST_BYTES_MAX)
                    .accept_compressed(CompressionEncoding::Gzip)
                    .send_compressed(CompressionEncoding::Gzip),
            );)*
        };
    }
    offer! {
        DirectoryServiceServer(directory::DirectoryRpc),
        PolicyServiceServer(policy::PolicyRpc),
        CatalogueServiceServer(catalogue::CatalogueRpc),
        SupervisionAgreementServiceServer(supervision_agreement::SupervisionAgreementRpc),
        CurriculumServiceServer(curriculum::CurriculumRpc),
        WorkforceServiceServer(workforce::WorkforceRpc),
        ProgrammeServiceServer(programme::ProgrammeRpc),
        AllocationServiceServer(allocation::AllocationRpc),
        CommitmentServiceServer(commitment::CommitmentRpc),
        PartnershipServiceServer(partnership::PartnershipRpc),
        VacancyServiceServer(vacancy::VacancyRpc),
        ApplicationServiceServer(application::ApplicationRpc),
        DecisionRoundServiceServer(decision_round::DecisionRoundRpc),
        MonitoringServiceServer(monitoring::MonitoringRpc),
        EdiServiceServer(edi::EdiRpc),
        OfferServiceServer(offer::OfferRpc),
        DeferralServiceServer(deferral::DeferralRpc),
        FundingServiceServer(funding::FundingRpc),
        EnrolmentServiceServer(enrolment::EnrolmentRpc),
        PriorLearningServiceServer(prior_learning::PriorLearningRpc),
        ExpansionPostServiceServer(expansion_post::ExpansionPostRpc),
        EmploymentServiceServer(employment::EmploymentRpc),
        TrainingServiceServer(training::TrainingRpc),
        TransitionServiceServer(transition::TransitionRpc),
        InterruptionServiceServer(interruption::InterruptionRpc),
        ServiceTransferServiceServer(transfer::TransferRpc),
        FitnessServiceServer(fitness::FitnessRpc),
        WithdrawalServiceServer(withdrawal::WithdrawalRpc),
        MarksServiceServer(marks::MarksRpc),
        CircumstancesServiceServer(circumstances::CircumstancesRpc),
        SupervisionServiceServer(supervision::SupervisionRpc),
        ConcernServiceServer(concern::ConcernRpc),
        BoardServiceServer(board::BoardRpc),
        AppealServiceServer(appeal::AppealRpc),
        QualificationServiceServer(qualification::QualificationRpc),
        PreceptorshipServiceServer(preceptorship::PreceptorshipRpc),
        ErasureServiceServer(erasure::ErasureRpc),
        CommunityServiceServer(community::CommunityRpc),
        NetworkServiceServer(network::NetworkRpc),
        OutcomeServiceServer(outcome::OutcomeRpc),
        ExtractServiceServer(extract::ExtractRpc),
        QualifiedPracticeServiceServer(qualified_practice::QualifiedPracticeRpc),
        ArrsServiceServer(arrs::ArrsRpc),
        ProgressionServiceServer(progression::ProgressionRpc),
        PersonServiceServer(person::PersonRpc),
        AccessServiceServer(access::AccessRpc),
        StaffServiceServer(staff::StaffRpc),
        BreakGlassServiceServer(break_glass::BreakGlassRpc),
        DisputeServiceServer(dispute::DisputeRpc),
        IdentityServiceServer(identity::IdentityRpc),
        OperationServiceServer(operation::OperationRpc),
        FeedServiceServer(|desk| feed::FeedRpc::new(desk, Subscriptions::until(draining.clone()))),
        DashboardServiceServer(|desk| dashboard::DashboardRpc::new(desk, Subscriptions::until(draining.clone()))),
        AuditServiceServer(|desk| audit::AuditRpc::new(desk, Arc::clone(signer))),
    }
    routes.routes().into_axum_router().layer(reception).into()
}
