//! What decisions rest on beside their own event, gathered from the same scan of the log.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::{
    actor::TenantId,
    allocation::{AllocationEvent, Interest},
    appointment::Appointment,
    directory::{
        ClinicalService, ClinicalServiceTerms, RegisterCheck, SupervisorEvent, eligible_by,
    },
    fact::Fact,
    policy::{PolicyEvent, SetTimes, catalogue::SupervisorRule},
    programme::{IntakeEvent, IntakeTerms},
    training::TrainingEvent,
};

/// The records that decisions rest on, each as it was known when they were taken.
#[derive(Debug, Default)]
pub struct Scene {
    set: Arc<SetTimes>,
    services: HashMap<Uuid, Vec<(Timestamp, ClinicalService)>>,
    intakes: HashMap<Uuid, IntakeTerms>,
    checks: HashMap<Uuid, Vec<(Timestamp, RegisterCheck)>>,
    interests: HashMap<Uuid, Interest>,
    overridden: HashSet<Uuid>,
    holders: HashMap<Uuid, TenantId>,
    /// Places held and returned, by intake and employer.
    clusters: BTreeMap<(Uuid, TenantId), Vec<(Timestamp, i64)>>,
    trained: HashMap<Uuid, Appointment>,
    appointed: HashMap<Uuid, Appointment>,
}

impl Scene {
    /// Takes an event in. Events of one stream come in their order, streams in any.
    pub fn note(&mut self, stream: Uuid, recorded: Timestamp, fact: &Fact) {
        match fact {
            Fact::Policy(PolicyEvent::PolicySet { policy, .. }) => {
                let set = Arc::make_mut(&mut self.set);
                set.entry(policy.clone()).or_default().push(recorded);
            }
            Fact::ClinicalService(event) => {
                let history = self.services.entry(stream).or_default();
                let mut state = history
                    .last()
                    .map_or_else(ClinicalService::default, |last| last.1.clone());
                cqrs_es::Aggregate::apply(&mut state, event.clone());
                history.push((recorded, state));
            }
            Fact::Intake(event) => self.held(stream, recorded, event),
            Fact::Supervisor(
                SupervisorEvent::RegisterCheckRecorded { check }
                | SupervisorEvent::RegisterCheckCorrected { check, .. },
            ) => {
                let checks = self.checks.entry(stream).or_default();
                checks.push((recorded, check.clone()));
            }
            Fact::Allocation(event) => self.allocated(stream, event),
            Fact::Training(
                TrainingEvent::EmploymentNoted { appointment, .. }
                | TrainingEvent::EnrolmentNoted { appointment, .. }
                | TrainingEvent::TrainingStarted { appointment, .. }
                | TrainingEvent::SupervisorAssigned { appointment, .. },
            ) => {
                self.trained.insert(stream, appointment.clone());
                self.appointed
                    .insert(appointment.application.0, appointment.clone());
            }
            _ => {}
        }
    }

    fn held(&mut self, intake: Uuid, recorded: Timestamp, event: &IntakeEvent) {
        match event {
            IntakeEvent::IntakePlanned { terms } => {
                self.intakes.insert(intake, (**terms).clone());
            }
            IntakeEvent::PlacesReserved {
                allocation,
                reservation,
            } => {
                self.holders.insert(allocation.0, reservation.employer);
                self.clusters
                    .entry((intake, reservation.employer))
                    .or_default()
                    .push((recorded, i64::from(reservation.places)));
            }
            IntakeEvent::PlacesReturned { allocation, places } => {
                if let Some(employer) = self.holders.get(&allocation.0) {
                    self.clusters
                        .entry((intake, *employer))
                        .or_default()
                        .push((recorded, -i64::from(*places)));
                }
            }
            _ => {}
        }
    }

    fn allocated(&mut self, stream: Uuid, event: &AllocationEvent) {
        match event {
            AllocationEvent::InterestRegistered { interest } => {
                self.interests.insert(stream, interest.clone());
            }
            AllocationEvent::ClusterOverrideGranted { .. } => {
                self.overridden.insert(stream);
            }
            _ => {}
        }
    }

    /// Adds what another part of the log holds; no stream lies in two parts.
    pub fn join(&mut self, other: Self) {
        if !other.set.is_empty() {
            self.set = other.set;
        }
        self.services.extend(other.services);
        self.intakes.extend(other.intakes);
        self.checks.extend(other.checks);
        self.interests.extend(other.interests);
        self.overridden.extend(other.overridden);
        self.holders.extend(other.holders);
        for (cluster, mut places) in other.clusters {
            self.clusters
                .entry(cluster)
                .or_default()
                .append(&mut places);
        }
        self.trained.extend(other.trained);
        self.appointed.extend(other.appointed);
    }

    /// When the versions of the register were set.
    pub(super) fn set_times(&self) -> Arc<SetTimes> {
        Arc::clone(&self.set)
    }

    /// A clinical service as it was known at an instant.
    pub(super) fn service(&self, stream: Uuid, known: Timestamp) -> Option<&ClinicalServiceTerms> {
        let (_, state) = self
            .services
            .get(&stream)?
            .iter()
            .rev()
            .find(|(recorded, _)| *recorded <= known)?;
        state.terms()
    }

    pub(super) fn intake(&self, stream: Uuid) -> Option<&IntakeTerms> {
        self.intakes.get(&stream)
    }

    pub(super) fn interest(&self, allocation: Uuid) -> Option<&Interest> {
        self.interests.get(&allocation)
    }

    pub(super) fn overridden(&self, allocation: Uuid) -> bool {
        self.overridden.contains(&allocation)
    }

    /// The places an organisation held at an intake at an instant.
    pub(super) fn cluster(&self, intake: Uuid, employer: TenantId, known: Timestamp) -> u32 {
        let places = self
            .clusters
            .get(&(intake, employer))
            .into_iter()
            .flatten()
            .filter(|(recorded, _)| *recorded <= known)
            .fold(0_i64, |sum, (_, places)| sum.saturating_add(*places));
        u32::try_from(places).unwrap_or(0)
    }

    pub(super) fn trained(&self, training: Uuid) -> Option<&Appointment> {
        self.trained.get(&training)
    }

    pub(super) fn appointed(&self, application: Uuid) -> Option<&Appointment> {
        self.appointed.get(&application)
    }

    /// Whether a supervisor was eligible on a day under a rule, by what was known at an instant.
    pub(super) fn eligible(
        &self,
        supervisor: Uuid,
        rule: &[SupervisorRule],
        on: Date,
        known: Timestamp,
    ) -> bool {
        let checks: Vec<&RegisterCheck> = self
            .checks
            .get(&supervisor)
            .into_iter()
            .flatten()
            .filter(|(recorded, _)| *recorded <= known)
            .map(|(_, check)| check)
            .collect();
        eligible_by(checks.into_iter(), on, rule)
    }
}
