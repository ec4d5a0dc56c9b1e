//! A ledger with the baseline of policies, and the scenarios as commands on it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use domain::{
    actor::{ActingRole, Actor, PersonId, TenantId, TenantKind},
    allocation::{self, Allocation},
    application::{self, Application},
    board, commitment, decision_round,
    directory::{self, ClinicalService, Supervisor},
    employment, enrolment,
    funding::{self, FundingAward},
    id::Id,
    offer::{self, EmploymentCheck, Offer},
    partnership,
    permission::{Action, Permit},
    policy::baseline,
    preceptorship::{self, Preceptorship},
    programme::{self, Intake},
    qualification::{self, Qualification},
    training::{self, Training},
    vacancy::{self, Vacancy},
    world::Command,
};
use jiff::Timestamp;
use ledger::{
    Clock, Envelope, KeyEncryptionKey, Ledger, LedgerError, LedgerOptions, Projector, Reactor,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::Connection as _;
use strum::IntoEnumIterator as _;
use uuid::Uuid;
use views::{
    dashboard::Shown,
    journey::Journey,
    read::{Asked, Page, Seen, dashboard},
};

const fn made_up(n: u128) -> TenantId {
    TenantId(Uuid::from_u128(
        0x5ca5_7000_0000_4000_8000_0000_0000_1000 + n,
    ))
}

pub(crate) const EMPLOYER: TenantId = made_up(1);
pub(crate) const UNIVERSITY: TenantId = made_up(2);
pub(crate) const COMMISSIONER: TenantId = made_up(3);

pub(crate) fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(
        0x5ca5_7000_0000_4000_8000_0000_0000_2000 + n,
    ))
}

/// A tenant in one of its roles.
#[derive(Clone, Copy)]
pub(crate) struct By(pub(crate) TenantId, pub(crate) ActingRole);

pub(crate) const HR: By = By(EMPLOYER, ActingRole::EmployerHr);
pub(crate) const LEAD: By = By(EMPLOYER, ActingRole::ProfessionalLead);
pub(crate) const MANAGER: By = By(EMPLOYER, ActingRole::ServiceManager);
pub(crate) const SUPERVISOR: By = By(EMPLOYER, ActingRole::PracticeSupervisor);
pub(crate) const ADMISSIONS: By = By(UNIVERSITY, ActingRole::AdmissionsTutor);
pub(crate) const PROGRAMME: By = By(UNIVERSITY, ActingRole::ProgrammeLead);
pub(crate) const BOARD: By = By(UNIVERSITY, ActingRole::BoardSecretary);
pub(crate) const NATIONAL: By = By(COMMISSIONER, ActingRole::CommissionerNational);

impl By {
    /// May read its dashboard.
    pub(crate) fn reads(self) -> Permit {
        self.permit(Action::GetDashboard)
    }

    /// May read the records behind its figures.
    pub(crate) fn lists(self) -> Permit {
        self.permit(Action::ListFigureItems)
    }

    fn permit(self, action: Action) -> Permit {
        let actor = Actor {
            tenant: self.0,
            kind: self.1.tenant_kind().unwrap(),
            role: self.1,
            person: (self.1 == ActingRole::Candidate).then_some(PersonId(self.0.0)),
            client: None,
        };
        Permit::grant(actor, action).expect("a permitted action")
    }
}

/// The instant of a date or of an RFC 3339 time.
pub(crate) fn at(on: &str) -> Timestamp {
    match on.len() {
        10 => domain::calendar::midday(on.parse().unwrap()),
        _ => on.parse().unwrap(),
    }
}

/// A ledger of its own, with its runners.
pub(crate) struct Stage {
    pub(crate) ledger: Ledger,
    pub(crate) projector: Projector,
    reactor: Reactor,
    requests: AtomicU64,
    owner_url: String,
}

/// The records that a vacancy rests on.
pub(crate) struct Campaign {
    pub(crate) intake: Id<Intake>,
    pub(crate) clinical_service: Id<ClinicalService>,
    pub(crate) supervisor: Id<Supervisor>,
    pub(crate) allocation: Id<Allocation>,
    pub(crate) vacancy: Id<Vacancy>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("views_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let cluster = pg_launcher::shared();
        let url = |role: &str| cluster.url(role, &name);
        ledger::create_database(&cluster.url("postgres", "postgres"), &name)
            .await
            .unwrap();
        ledger::migrate(&url("postgres")).await.unwrap();
        let ledger = Ledger::open(LedgerOptions {
            command_url: url("trellis_command"),
            reader_url: url("trellis_reader"),
            projector_url: url("trellis_projector"),
            key_encryption_key: KeyEncryptionKey::generate().unwrap(),
            cache_entries: 10_000,
            clock: Clock::Sandbox,
        })
        .await
        .unwrap();
        let stage = Self {
            projector: views::projector(&ledger),
            reactor: Reactor::new(&ledger),
            ledger,
            requests: AtomicU64::new(0),
            owner_url: url("postgres"),
        };
        let set = Permit::platform(Action::SetPolicy);
        for row in baseline::baseline() {
            let envelope = Envelope {
                effective: Some(at("2021-04-01")),
                ..Envelope::new(baseline::request_id(&row), [0; 32])
            };
            stage.ledger.submit(&set, envelope, &row).await.unwrap();
        }
        let register = Permit::platform(Action::RegisterTenant);
        for (tenant, kind, more) in [
            (
                EMPLOYER,
                TenantKind::Employer,
                json!({"ods_code": "N1M2H", "sector": "nhs", "region": "north_west"}),
            ),
            (
                UNIVERSITY,
                TenantKind::University,
                json!({"ukprn": "10099001"}),
            ),
            (COMMISSIONER, TenantKind::Commissioner, json!({})),
        ] {
            let mut register_tenant = json!({"tenant": tenant, "kind": kind, "name": "Made up"});
            let fields = register_tenant.as_object_mut().unwrap();
            fields.extend(more.as_object().unwrap().clone());
            stage
                .submit::<directory::RegisterTenant>(&register, "2021-04-02", register_tenant)
                .await
                .unwrap();
        }
        stage
    }

    async fn submit<C: Command + DeserializeOwned>(
        &self,
        permit: &Permit,
        on: &str,
        command: Value,
    ) -> Result<Uuid, LedgerError> {
        let command: C = serde_json::from_value(command).expect("a command");
        let n = self.requests.fetch_add(1, Ordering::Relaxed);
        let envelope = Envelope {
            effective: Some(at(on)),
            ..Envelope::new(Uuid::from_u128(0xC0_0000_0000 + u128::from(n)), [1; 32])
        };
        Ok(self.ledger.submit(permit, envelope, &command).await?.id)
    }

    /// Does what the scenario says; answers with the record.
    pub(crate) async fn does<C: Command + DeserializeOwned>(
        &self,
        by: By,
        on: &str,
        command: Value,
    ) -> Uuid {
        let name = std::any::type_name::<C>().rsplit("::").next().unwrap();
        let permit = by.permit(name.parse().expect("an RPC"));
        match self.submit::<C>(&permit, on, command).await {
            Ok(id) => id,
            Err(error) => unreachable!("{name} on {on}: {error:?}"),
        }
    }

    /// Everything that follows has followed, and is folded.
    pub(crate) async fn settle(&mut self) {
        self.reactor.catch_up().await.unwrap();
        self.projector.catch_up().await.unwrap();
        for tenant in [EMPLOYER, UNIVERSITY, COMMISSIONER] {
            assert_eq!(self.reactor.parked(tenant).await.unwrap(), []);
        }
    }

    pub(crate) async fn sees(&self, by: By, asked: Asked) -> Seen {
        dashboard(&self.ledger, &by.reads(), asked).await.unwrap()
    }

    /// Awards are as the release before wrote them.
    pub(crate) async fn said_less(&self) {
        let mut owner = sqlx::PgConnection::connect(&self.owner_url).await.unwrap();
        let rewritten = sqlx::query(
            "UPDATE ledger.event
                SET event_version = '1.0',
                    payload = (payload::jsonb #- '{FundingAwardApproved,region}'
                                              #- '{QualificationAwarded,post}')::json
              WHERE event_type IN ('FundingAwardApproved', 'QualificationAwarded')
                AND event_version = '2.0'",
        )
        .execute(&mut owner)
        .await
        .unwrap();
        assert_eq!(rewritten.rows_affected(), 2);
    }

    /// A tenant's journeys, by application.
    pub(crate) async fn journeys(&self, by: By) -> Vec<Journey> {
        let page = Page {
            after: None,
            limit: 100,
        };
        let asked = Asked {
            journeys: Some(page),
            ..Asked::default()
        };
        self.sees(by, asked).await.journeys
    }

    /// Programme to vacancy (D.1, steps 1 to 6), with five places.
    pub(crate) async fn campaign(&self) -> Campaign {
        for (on, milestone) in [
            ("2021-06-30", "specification_developed"),
            ("2021-07-01", "procurement_opened"),
            ("2021-08-31", "tender_closed"),
            ("2021-10-01", "contracts_ratified"),
            ("2021-10-04", "employers_engaged"),
        ] {
            let reach = json!({"role": "MHWP", "milestone": milestone});
            self.does::<programme::ReachMilestone>(NATIONAL, on, reach)
                .await;
        }
        let contract = json!({"role": "MHWP", "university": UNIVERSITY, "regions": ["north_west"]});
        self.does::<programme::ContractProvider>(NATIONAL, "2021-10-18", contract)
            .await;
        let intake = json!({
            "commissioner": COMMISSIONER, "role": "MHWP", "title": "MHWP-2026-03",
            "teaching_start": "2026-03-02", "last_start": "2026-03-02",
            "training_end": "2027-03-01", "board_date": "2027-03-10", "curriculum_version": "v2",
            "capacity": [{"level": 7, "places": 12}, {"level": 6, "places": 8}],
        });
        let intake = self
            .does::<programme::PlanIntake>(PROGRAMME, "2025-09-01", intake)
            .await;
        let open = json!({
            "name": "Community team", "setting": "adult_community",
            "population": "severe_mental_illness",
        });
        let service = self
            .does::<directory::OpenClinicalService>(HR, "2025-09-01", open)
            .await;
        let record = json!({
            "person": person(900), "name": "Sam Hollis", "register": "hcpc", "number": "PYL900001",
        });
        let supervisor = self
            .does::<directory::RecordSupervisor>(HR, "2025-09-15", record)
            .await;
        let check = json!({
            "supervisor": supervisor, "register": "hcpc", "status": "registered",
            "modalities": ["clinical_psychologist"],
        });
        self.does::<directory::RecordRegisterCheck>(HR, "2025-09-15", check)
            .await;
        let interest = json!({
            "employer": EMPLOYER, "commissioner": COMMISSIONER, "role": "MHWP",
            "region": "north_west", "demand": 5, "settings": {},
        });
        let allocation = self
            .does::<allocation::RegisterInterest>(LEAD, "2025-09-08", interest)
            .await;
        let ready = json!({
            "allocation": allocation, "permanent_qualified_posts": true,
            "professional_lead": person(901), "supervisors": [supervisor], "sponsor": person(902),
            "clinical_escalation": true,
        });
        self.does::<allocation::DeclareReadiness>(LEAD, "2025-09-22", ready)
            .await;
        let give = json!({
            "allocation": allocation, "intake": intake, "posts": 5,
            "post": {"band": 5, "permanent": true, "funding": "baseline"},
        });
        self.does::<commitment::GiveCommitment>(LEAD, "2025-10-06", give)
            .await;
        let propose =
            json!({"allocation": allocation, "intake": intake, "places": 5, "pilot": null});
        self.does::<allocation::ProposeAllocation>(NATIONAL, "2025-10-20", propose)
            .await;
        let by = ["national", "regional_lead", "university"];
        let approvals: Vec<Value> = by
            .iter()
            .map(|by| json!({"by": by, "on": "2025-10-24"}))
            .collect();
        let confirm = json!({"allocation": allocation, "approvals": approvals});
        self.does::<allocation::ConfirmAllocation>(NATIONAL, "2025-10-27", confirm)
            .await;
        let mut partnership = Uuid::nil();
        for side in [LEAD, PROGRAMME] {
            let sign = json!({
                "employer": EMPLOYER, "intake": intake, "posts": {"trainee": 5, "qualified": 5},
            });
            partnership = self
                .does::<partnership::SignPartnership>(side, "2025-11-03", sign)
                .await;
        }
        for side in [LEAD, PROGRAMME] {
            let balance = json!({"level7_percent": 60, "tolerance_points": 10});
            let agree = json!({"partnership": partnership, "balance": balance});
            self.does::<partnership::AgreeRouteBalance>(side, "2025-11-03", agree)
                .await;
        }
        let open = json!({
            "allocation": allocation, "clinical_service": service, "sites": [], "posts": 5,
            "title": "Trainee practitioner", "criteria": [], "on_training_failure": "redeploy",
            "opening": null, "closing": "2025-11-30T23:59:00Z",
        });
        let vacancy = self
            .does::<vacancy::OpenVacancy>(HR, "2025-11-10", open)
            .await;
        Campaign {
            intake: Id::new(intake),
            clinical_service: Id::new(service),
            supervisor: Id::new(supervisor),
            allocation: Id::new(allocation),
            vacancy: Id::new(vacancy),
        }
    }

    /// Applies, is shortlisted by both and interviewed; a round is open (steps 7 to 9).
    pub(crate) async fn applies(&self, campaign: &Campaign, n: u128, degree: &str) -> Trainee {
        let person = person(n);
        let submit = json!({
            "vacancy": campaign.vacancy, "person": null, "name": "Ada Fairweather",
            "contact": "ada@example.org", "statement": "I want to help people recover.",
            "entry": "external", "degree": degree, "degree_detail": null,
        });
        let candidate = By(TenantId(person.0), ActingRole::Candidate);
        let application = self
            .does::<application::SubmitApplication>(candidate, "2025-11-21", submit)
            .await;
        if degree == "none" {
            let evidence = json!({
                "application": application, "kind": "prior_study", "detail": "Level 5 diploma",
            });
            self.does::<application::AddStudyEvidence>(candidate, "2025-11-25", evidence)
                .await;
        }
        for (side, on) in [(HR, "2025-12-03"), (ADMISSIONS, "2025-12-04")] {
            let seal = json!({
                "application": application, "shortlisted": true, "scores": [],
                "reason": "Meets the criteria on paper.",
            });
            self.does::<decision_round::SealShortlist>(side, on, seal)
                .await;
        }
        let interview = json!({
            "application": application, "on": "2025-12-11",
            "panel": ["service_manager", "admissions_tutor", "expert_by_experience"],
        });
        self.does::<application::RecordInterview>(HR, "2025-12-11", interview)
            .await;
        let open = json!({"application": application, "deadline": "2025-12-19T17:00:00Z"});
        self.does::<decision_round::OpenDecisionRound>(HR, "2025-12-11", open)
            .await;
        Trainee {
            person,
            application: Id::new(application),
            level: if degree == "none" { 6 } else { 7 },
        }
    }

    /// One party's decision in a round.
    pub(crate) async fn decides(
        &self,
        by: By,
        on: &str,
        trainee: &Trainee,
        round: u32,
        verdict: &str,
    ) {
        let criteria: &[&str] = if by.0 == EMPLOYER {
            &[
                "trauma_informed_recovery",
                "collaborative_work_with_smi_in_a_team",
                "knowledge_of_community_mental_health",
                "nhs_values",
            ]
        } else {
            &["trauma_informed_recovery", "ability_to_study_at_level"]
        };
        let scores: Vec<Value> = criteria
            .iter()
            .map(|criterion| json!({"criterion": criterion, "points": 4}))
            .collect();
        let grounds = match verdict {
            "reject" => &criteria[1..2],
            _ => &[],
        };
        let seal = json!({
            "application": trainee.application, "round": round,
            "decision": {
                "verdict": verdict, "conditions": [], "scores": scores, "grounds": grounds,
                "reason": "As discussed by our panel.",
            },
        });
        self.does::<decision_round::SealDecision>(by, on, seal)
            .await;
    }

    /// Both accept, the offer is made and accepted, its conditions met, the award approved
    /// (steps 10 to 12).
    pub(crate) async fn is_appointed(&self, trainee: &Trainee) {
        self.decides(HR, "2025-12-12T09:14:00Z", trainee, 1, "accept")
            .await;
        self.decides(ADMISSIONS, "2025-12-15T16:40:00Z", trainee, 1, "accept")
            .await;
        self.is_offered(trainee).await;
    }

    pub(crate) async fn is_offered(&self, trainee: &Trainee) {
        let application = json!({"application": trainee.application});
        self.does::<offer::MakeOffer>(HR, "2025-12-24", application.clone())
            .await;
        let candidate = By(TenantId(trainee.person.0), ActingRole::Candidate);
        let offer = trainee.offer();
        self.does::<offer::AcceptOffer>(candidate, "2025-12-28", json!({"offer": offer}))
            .await;
        for check in EmploymentCheck::iter() {
            let clear =
                json!({"offer": offer, "check": check, "result": "cleared", "on": "2026-02-13"});
            self.does::<offer::ClearEmploymentCheck>(HR, "2026-02-13", clear)
                .await;
        }
        for side in [HR, ADMISSIONS] {
            let confirm = json!({"offer": offer, "conditions": []});
            self.does::<offer::ConfirmConditions>(side, "2026-02-16", confirm)
                .await;
        }
        let approve = json!({
            "application": trainee.application, "tuition_pence": null, "salary_pence": null,
            "other_sources": [],
        });
        self.does::<funding::ApproveAward>(NATIONAL, "2026-02-17", approve)
            .await;
    }

    /// A year of training, paid for, to a verified portfolio (steps 13 to 15).
    pub(crate) async fn trains(&mut self, campaign: &Campaign, trainee: &Trainee, number: u32) {
        let start = json!({
            "application": trainee.application, "band": 4,
            "assignment": format!("{}-1", 20_000_000 + number),
        });
        self.does::<employment::StartEmployment>(HR, "2026-02-23", start)
            .await;
        let assign = json!({"application": trainee.application, "supervisor": campaign.supervisor});
        self.does::<training::AssignSupervisor>(HR, "2026-03-02", assign)
            .await;
        let enrol = json!({
            "application": trainee.application, "sid": trainee.sid(number), "uln": null,
            "level": trainee.level,
        });
        self.does::<enrolment::EnrolTrainee>(PROGRAMME, "2026-03-02", enrol)
            .await;
        self.settle().await;
        for instalment in 1..=12_u32 {
            let award: Id<FundingAward> = Id::derive(COMMISSIONER, &[trainee.application.0]);
            let on = match instalment {
                1..=10 => format!("2026-{:02}-28", instalment + 2),
                later => format!("2027-{:02}-28", later - 10),
            };
            let pay = json!({"award": award, "number": instalment});
            self.does::<funding::PayInstalment>(NATIONAL, &on, pay)
                .await;
        }
        let training: Id<Training> = Id::derive(EMPLOYER, &[trainee.application.0]);
        for (kind, intervention, hours) in [
            ("contact", None, 96),
            ("intervention", Some("problem_solving"), 52),
            ("care_planning", None, 12),
            ("case_management", None, 23),
            ("clinical_skills", None, 23),
        ] {
            let log = json!({
                "training": training, "kind": kind, "intervention": intervention,
                "quarters": hours * 4,
            });
            self.does::<training::LogPracticeHours>(SUPERVISOR, "2027-01-29", log)
                .await;
        }
        let candidate = By(TenantId(trainee.person.0), ActingRole::Candidate);
        let sign = json!({"training": training, "until": "2027-01-29"});
        self.does::<training::SignPracticeHours>(candidate, "2027-01-29", sign)
            .await;
        for on in ["2026-05-11", "2026-09-14", "2027-01-11"] {
            let review = json!({"training": training});
            self.does::<training::HoldThreeWayReview>(PROGRAMME, on, review)
                .await;
        }
        let verify = json!({"training": training});
        self.does::<training::VerifyPortfolio>(PROGRAMME, "2027-02-19", verify)
            .await;
    }

    /// A quorate board.
    pub(crate) async fn board_sits(&self, on: &str, kind: &str) -> Uuid {
        let member = |n: u128, capacity: &str| json!({"person": person(n), "capacity": capacity});
        let members = [
            member(910, "chair"),
            member(911, "internal"),
            member(912, "internal"),
            member(913, "external"),
        ];
        let constitute = json!({
            "role": "MHWP", "programme_director": person(909), "members": members,
        });
        self.does::<board::ConstituteBoard>(BOARD, on, constitute)
            .await;
        let hold = json!({
            "role": "MHWP", "kind": kind, "members": members, "chairs_action": null,
        });
        self.does::<board::HoldBoard>(BOARD, on, hold).await
    }

    /// A ratified and released outcome.
    pub(crate) async fn is_decided(
        &mut self,
        sitting: Uuid,
        on: &str,
        trainee: &Trainee,
        decision: Value,
    ) {
        let ratify = json!({
            "sitting": sitting, "application": trainee.application, "decision": decision,
        });
        self.does::<board::RatifyOutcome>(BOARD, on, ratify).await;
        let release = json!({"application": trainee.application});
        self.does::<board::ReleaseResult>(BOARD, on, release).await;
        self.settle().await;
    }

    /// Band 5, permanent, from baseline funding, in the service trained in.
    pub(crate) async fn takes_up_the_post(
        &mut self,
        campaign: &Campaign,
        trainee: &Trainee,
        on: &str,
    ) {
        let commitment = domain::commitment::Commitment::id(EMPLOYER, campaign.allocation);
        let evidence = json!({
            "commitment": commitment, "application": trainee.application, "employer": EMPLOYER,
            "clinical_service": campaign.clinical_service,
            "post": {"band": 5, "permanent": true, "funding": "baseline"},
            "replaces": null, "position": null,
        });
        self.does::<commitment::EvidenceQualifiedPost>(MANAGER, on, evidence)
            .await;
        self.settle().await;
    }

    /// Registered, seen through preceptorship (step 18).
    pub(crate) async fn completes_preceptorship(&mut self, trainee: &Trainee) {
        let qualification: Id<Qualification> = Id::derive(UNIVERSITY, &[trainee.application.0]);
        let entry = json!({
            "qualification": qualification, "register": "bps",
            "number": "700001", "until": null,
        });
        self.does::<qualification::RecordRegisterEntry>(HR, "2027-05-14", entry)
            .await;
        let preceptorship: Id<Preceptorship> = Id::derive(EMPLOYER, &[trainee.application.0]);
        let whole = json!({"preceptorship": preceptorship});
        for (by, on, form) in [
            (SUPERVISOR, "2027-05-10", "preceptor_meeting"),
            (SUPERVISOR, "2027-09-13", "preceptor_meeting"),
            (PROGRAMME, "2027-10-04", "community_of_practice"),
        ] {
            let session = json!({"preceptorship": preceptorship, "form": form});
            self.does::<preceptorship::RecordPreceptorshipSession>(by, on, session)
                .await;
        }
        let preceptor = json!({
            "preceptorship": preceptorship, "preceptor": person(90), "band": 6,
            "practising_since": "2024-01-08",
        });
        self.does::<preceptorship::AssignPreceptor>(MANAGER, "2027-04-05", preceptor)
            .await;
        self.does::<preceptorship::SignOffPreceptorship>(MANAGER, "2028-04-05", whole.clone())
            .await;
        self.does::<preceptorship::CompletePreceptorship>(PROGRAMME, "2028-04-05", whole)
            .await;
        self.settle().await;
    }
}

/// Somebody on the way.
pub(crate) struct Trainee {
    pub(crate) person: PersonId,
    pub(crate) application: Id<Application>,
    pub(crate) level: u8,
}

impl Trainee {
    pub(crate) fn offer(&self) -> Id<Offer> {
        Offer::id(EMPLOYER, self.application)
    }

    /// A student number of the university with its check digit, as `standards.md` has it.
    fn sid(&self, number: u32) -> String {
        let body = format!("261009900100{number:04}");
        (0..10)
            .map(|check| format!("{body}{check}"))
            .find(|sid| domain::identifiers::Sid::parse(sid, "sid").is_ok())
            .expect("one digit checks")
    }
}

/// The value of a figure that is shown whole; `None` when it is suppressed or not there.
pub(crate) fn value(figures: &[Shown], name: &str) -> Option<i64> {
    part(figures, name, "")
}

/// The value of one part of a figure.
pub(crate) fn part(figures: &[Shown], name: &str, part: &str) -> Option<i64> {
    let shown = figures
        .iter()
        .find(|shown| shown.name == name && shown.part == part);
    shown.and_then(|shown| shown.value)
}
