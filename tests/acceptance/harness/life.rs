//! A trainee's life as calls of the API, step by step. What a step must lead to is the tests' own
//! business.

use domain::{
    actor::{
        ActingRole::{
            AdmissionsTutor, BoardSecretary, Candidate, CommissionerNational, EmployerHr,
            PracticeSupervisor, ProgrammeLead, ServiceManager,
        },
        PersonId, TenantId,
    },
    decision_round::Seal,
    employment::Employment,
    enrolment::Enrolment,
    funding::FundingAward,
    id::Id,
    offer::Offer,
    preceptorship::Preceptorship,
    qualification::Qualification,
    training::Training,
    world::Decider,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use super::campaign::{
    Campaign, confirmation, interest, readiness, supervisor, vacancy,
};
use super::{
    Caller, Cast,
    cast::{COMMISSIONER, NORTHMOOR, WEXCOMBE},
};

/// The six employment checks.
pub(crate) const CHECKS: [&str; 6] = [
    "identity",
    "right_to_work",
    "registration_and_qualification",
    "employment_history_and_references",
    "criminal_record",
    "work_health_assessment",
];

/// What the employer scores.
const EMPLOYER_CRITERIA: [&str; 4] = [
    "trauma_informed_recovery",
    "collaborative_work_with_smi_in_a_team",
    "knowledge_of_community_mental_health",
    "nhs_values",
];

/// What the university scores.
const UNIVERSITY_CRITERIA: [&str; 2] = ["trauma_informed_recovery", "ability_to_study_at_level"];

/// `collection/{uuid}` of the record that `home` keeps for an application.
pub(crate) fn record<A: Decider>(home: TenantId, application: &str) -> String {
    let application = application.rsplit('/').next().unwrap_or_default();
    let application = Uuid::try_parse(application).expect("a resource name");
    Id::<A>::derive(home, &[application]).name()
}

/// Somebody who applies to Northmoor and Wexcombe, and what becomes of them.
#[derive(Clone)]
pub(crate) struct Trainee {
    pub(crate) cast: Cast,
    /// Who employs them first.
    pub(crate) employer: TenantId,
    /// The person, who is a tenant of their own.
    pub(crate) person: TenantId,
    /// `applications/{uuid}`
    pub(crate) application: String,
}

impl Trainee {
    /// Applies on a date.
    pub(crate) async fn applies(
        cast: &Cast,
        vacancy: &str,
        person: TenantId,
        on: &str,
        said: Value,
    ) -> Self {
        let application = cast
            .of(person, Candidate)
            .on(on)
            .write("SubmitApplication", application(vacancy, said))
            .await;
        Self {
            cast: cast.clone(),
            employer: NORTHMOOR,
            person,
            application,
        }
    }

    pub(crate) fn candidate(&self, on: &str) -> Caller {
        self.cast.of(self.person, Candidate).on(on)
    }

    pub(crate) fn hr(&self, on: &str) -> Caller {
        self.cast.of(self.employer, EmployerHr).on(on)
    }

    pub(crate) fn manager(&self, on: &str) -> Caller {
        self.cast.of(self.employer, ServiceManager).on(on)
    }

    pub(crate) fn admissions(&self, on: &str) -> Caller {
        self.cast.of(WEXCOMBE, AdmissionsTutor).on(on)
    }

    pub(crate) fn programme(&self, on: &str) -> Caller {
        self.cast.of(WEXCOMBE, ProgrammeLead).on(on)
    }

    pub(crate) fn commissioner(&self, on: &str) -> Caller {
        self.cast.of(COMMISSIONER, CommissionerNational).on(on)
    }

    pub(crate) fn offer(&self) -> String {
        record::<Offer>(self.employer, &self.application)
    }

    pub(crate) fn of_application(&self) -> Value {
        json!({ "application": self.application })
    }

    /// Both parties shortlist.
    pub(crate) async fn is_shortlisted(&self) {
        let shortlist = json!({
            "application": self.application,
            "shortlisted": true,
            "reason": "Meets the criteria on paper.",
        });
        self.hr("2025-12-03")
            .write("SealShortlist", shortlist.clone())
            .await;
        self.admissions("2025-12-04")
            .write("SealShortlist", shortlist)
            .await;
    }

    /// An interview with an expert by experience on the panel, and the first decision round.
    pub(crate) async fn is_interviewed(&self) {
        self.hr("2025-12-11")
            .write(
                "RecordInterview",
                json!({
                    "application": self.application,
                    "held_date": "2025-12-11",
                    "panel": [
                        "service_manager",
                        "admissions_tutor",
                        "expert_by_experience",
                    ],
                }),
            )
            .await;
        self.hr("2025-12-11")
            .write(
                "OpenDecisionRound",
                json!({"application": self.application, "deadline": "2025-12-19T17:00:00Z"}),
            )
            .await;
    }

    /// The employer's word in a round.
    pub(crate) fn employers(&self, round: u32, verdict: &str, conditions: &[&str]) -> Value {
        decision(
            &self.application,
            round,
            verdict,
            conditions,
            &EMPLOYER_CRITERIA,
        )
    }

    /// The university's word in a round.
    pub(crate) fn universitys(&self, round: u32, verdict: &str, conditions: &[&str]) -> Value {
        decision(
            &self.application,
            round,
            verdict,
            conditions,
            &UNIVERSITY_CRITERIA,
        )
    }

    /// Both accept.
    pub(crate) async fn is_appointed(&self) {
        self.hr("2025-12-12T09:14:00Z")
            .write("SealDecision", self.employers(1, "accept", &[]))
            .await;
        self.admissions("2025-12-15T16:40:00Z")
            .write("SealDecision", self.universitys(1, "accept", &[]))
            .await;
    }

    /// An offer, and the answer to it.
    pub(crate) async fn accepts(&self) {
        self.hr("2025-12-16")
            .write("MakeOffer", self.of_application())
            .await;
        self.candidate("2025-12-18")
            .write("AcceptOffer", json!({"offer": self.offer()}))
            .await;
    }

    /// The six checks, one a day, and both parties' word that their conditions are met.
    pub(crate) async fn is_cleared(&self) {
        for (day, check) in CHECKS.iter().enumerate() {
            let on = format!("2026-01-{:02}", 10 + day);
            self.hr(&on)
                .write(
                    "ClearEmploymentCheck",
                    json!({
                        "offer": self.offer(),
                        "check": check,
                        "result": "cleared",
                        "result_date": on,
                    }),
                )
                .await;
        }
        self.confirms_conditions(&[], &[]).await;
    }

    /// Both parties say that their own conditions are met.
    pub(crate) async fn confirms_conditions(&self, employer: &[&str], university: &[&str]) {
        let confirm =
            |conditions: &[&str]| json!({"offer": self.offer(), "conditions": conditions});
        self.hr("2026-02-16")
            .write("ConfirmConditions", confirm(employer))
            .await;
        self.admissions("2026-02-16")
            .write("ConfirmConditions", confirm(university))
            .await;
    }

    pub(crate) fn award(&self) -> String {
        record::<FundingAward>(COMMISSIONER, &self.application)
    }

    pub(crate) fn enrolment(&self) -> String {
        record::<Enrolment>(WEXCOMBE, &self.application)
    }

    pub(crate) fn employment(&self) -> String {
        record::<Employment>(self.employer, &self.application)
    }

    pub(crate) fn training(&self) -> String {
        record::<Training>(self.employer, &self.application)
    }

    pub(crate) fn qualification(&self) -> String {
        record::<Qualification>(WEXCOMBE, &self.application)
    }

    pub(crate) fn preceptorship(&self) -> String {
        record::<Preceptorship>(self.employer, &self.application)
    }

    /// `seals/{uuid}` of one party.
    pub(crate) fn seal(&self, party: TenantId) -> String {
        record::<Seal>(party, &self.application)
    }

    /// `people/{uuid}`
    pub(crate) fn person_name(&self) -> String {
        PersonId(self.person.0).to_string()
    }

    /// The lock is looked up, and the award approved.
    pub(crate) async fn is_funded(&self) {
        self.admissions("2026-02-13")
            .get(
                "CheckFundingLock",
                json!({
                    "person": self.person_name(),
                    "teaching_start": "2026-03-02",
                }),
            )
            .await;
        self.commissioner("2026-02-17")
            .write("ApproveAward", self.of_application())
            .await;
    }

    /// In the trainee post, band 4.
    pub(crate) fn employs(&self, assignment: &str) -> Value {
        json!({"application": self.application, "band": 4, "assignment": assignment})
    }

    /// On the programme at a level.
    pub(crate) fn enrols(&self, sid: &str, uln: &str, level: u32) -> Value {
        json!({"application": self.application, "sid": sid, "uln": uln, "level": level})
    }

    /// Starts in the trainee post and on the programme, supervised.
    pub(crate) async fn starts(&self, campaign: &Campaign, ids: &Ids<'_>, level: u32) {
        self.hr("2026-02-23")
            .write("StartEmployment", self.employs(ids.assignment))
            .await;
        self.hr("2026-03-02")
            .write(
                "AssignSupervisor",
                json!({
                    "application": self.application,
                    "supervisor": campaign.supervisors[0],
                }),
            )
            .await;
        self.programme("2026-03-02")
            .write("EnrolTrainee", self.enrols(ids.sid, ids.uln, level))
            .await;
        self.cast.settle().await;
    }

    /// Twelve instalments, at the end of each month of training.
    pub(crate) async fn is_paid_for(&self) {
        for (number, on) in [
            "2026-03-31",
            "2026-04-30",
            "2026-05-31",
            "2026-06-30",
            "2026-07-31",
            "2026-08-31",
            "2026-09-30",
            "2026-10-31",
            "2026-11-30",
            "2026-12-31",
            "2027-01-31",
            "2027-02-28",
        ]
        .iter()
        .enumerate()
        {
            self.commissioner(on)
                .write(
                    "PayInstalment",
                    json!({"award": self.award(), "number": number + 1}),
                )
                .await;
        }
    }

    /// A year of practice: 96 contact hours, 52 of interventions, 12 of care planning, 23 + 23 of
    /// supervision, signed by both.
    pub(crate) async fn practises(&self) {
        let training = self.training();
        self.programme("2026-03-09")
            .write(
                "SetWeeklyPattern",
                json!({"training": training, "university_days": 1, "practice_days": 4}),
            )
            .await;
        let supervisor = self.cast.of(self.employer, PracticeSupervisor);
        for (kind, intervention, hours) in [
            ("contact", "", 96),
            ("intervention", "problem_solving", 52),
            ("care_planning", "", 12),
            ("case_management", "", 23),
            ("clinical_skills", "", 23),
        ] {
            let log = json!({
                "training": training,
                "kind": kind,
                "intervention": intervention,
                "quarter_hours": hours * 4,
            });
            supervisor
                .on("2027-01-29")
                .write("LogPracticeHours", log)
                .await;
        }
        self.candidate("2027-01-30")
            .write(
                "SignPracticeHours",
                json!({"training": training, "until": "2027-01-29"}),
            )
            .await;
        for on in ["2026-05-11", "2026-09-14", "2027-01-11"] {
            self.programme(on)
                .write("HoldThreeWayReview", json!({"training": training}))
                .await;
        }
        self.programme("2027-02-19")
            .write("VerifyPortfolio", json!({"training": training}))
            .await;
    }

    /// Comes before a board that is quorate; the board's name.
    pub(crate) async fn comes_before_a_board(&self) -> String {
        self.secretary("2027-03-10")
            .write("HoldBoard", board("qualifying", 2, 1))
            .await
    }

    pub(crate) fn secretary(&self, on: &str) -> Caller {
        self.cast.of(WEXCOMBE, BoardSecretary).on(on)
    }

    pub(crate) fn passes(&self, sitting: &str) -> Value {
        json!({"sitting": sitting, "application": self.application, "outcome": "pass"})
    }

    /// The qualified post: band 5, permanent, from baseline funding, in the same service.
    pub(crate) fn qualified_post(&self, campaign: &Campaign) -> Value {
        json!({
            "commitment": campaign.commitment,
            "application": self.application,
            "employer": self.employer.to_string(),
            "clinical_service": campaign.clinical_service,
            "post": {"band": 5, "permanent": true, "funding": "baseline"},
        })
    }

    /// Passes, and the result is released.
    pub(crate) async fn qualifies(&self) {
        let sitting = self.comes_before_a_board().await;
        self.secretary("2027-03-10")
            .write("RatifyOutcome", self.passes(&sitting))
            .await;
        self.secretary("2027-03-12")
            .write("ReleaseResult", self.of_application())
            .await;
        self.cast.settle().await;
    }

    /// In the post that was promised.
    pub(crate) async fn takes_the_qualified_post(&self, campaign: &Campaign) {
        self.manager("2027-04-05")
            .write("EvidenceQualifiedPost", self.qualified_post(campaign))
            .await;
        self.cast.settle().await;
    }
}

/// The numbers that others give a trainee.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids<'a> {
    pub(crate) sid: &'a str,
    pub(crate) uln: &'a str,
    pub(crate) assignment: &'a str,
}

/// Somebody of the university's board: 1 chairs, 10 to 12 examine, 20 and 21 from outside.
pub(crate) fn examiner(number: u128) -> String {
    let id = Uuid::from_u128(0x5ca5_7000_0000_4000_8000_0000_0000_4000 + number);
    format!("people/{id}")
}

fn examiners(internal: u128, external: u128) -> Vec<Value> {
    let member = |number, capacity: &str| json!({"person": examiner(number), "capacity": capacity});
    let mut members = vec![member(1, "chair")];
    members.extend((0..internal).map(|number| member(10 + number, "internal")));
    members.extend((0..external).map(|number| member(20 + number, "external")));
    members
}

/// A board of one chair and so many internal and external members.
pub(crate) fn board(kind: &str, internal: u128, external: u128) -> Value {
    json!({"role": "MHWP", "kind": kind, "members": examiners(internal, external)})
}

/// The university constitutes the board that examines a role's programme.
pub(crate) async fn board_is_constituted(cast: &Cast, role: &str) -> String {
    cast.of(WEXCOMBE, BoardSecretary)
        .on("2025-11-10")
        .write(
            "ConstituteBoard",
            json!({
                "role": role,
                "programme_director": examiner(2),
                "members": examiners(3, 2),
            }),
        )
        .await
}

/// An application in the words of `said`, where they differ from the usual.
pub(crate) fn application(vacancy: &str, said: Value) -> Value {
    let mut message = json!({
        "vacancy": vacancy,
        "name": "Ada Fairweather",
        "contact": "ada.fairweather@example.org",
        "statement": "I want to help people recover.",
        "entry_source": "external",
        "degree": "held",
        "degree_detail": "BSc Sociology, 2:1",
    });
    if let (Some(message), Value::Object(said)) = (message.as_object_mut(), said) {
        message.extend(said);
    }
    message
}

/// Both parties' words in the first round: the employer's, the university's.
pub(crate) fn words(application: &str, employer: &str, university: &str) -> (Value, Value) {
    (
        decision(application, 1, employer, &[], &EMPLOYER_CRITERIA),
        decision(application, 1, university, &[], &UNIVERSITY_CRITERIA),
    )
}

fn decision(
    application: &str,
    round: u32,
    verdict: &str,
    conditions: &[&str],
    criteria: &[&str],
) -> Value {
    let scores: Vec<Value> = criteria
        .iter()
        .map(|criterion| json!({"criterion": criterion, "points": 4}))
        .collect();
    // A rejection names the criteria it rests on.
    let grounds = match verdict {
        "reject" => &criteria[criteria.len() - 1..],
        _ => &[],
    };
    json!({
        "application": application,
        "round": round,
        "decision": {
            "verdict": verdict,
            "conditions": conditions,
            "scores": scores,
            "grounds": grounds,
            "reason": "As discussed by our panel.",
        },
    })
}
