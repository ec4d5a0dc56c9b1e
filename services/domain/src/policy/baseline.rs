//! The values Trellis starts with: the role catalogue, the settings and every threshold, as rows.
//!
//! A row names the rule or document it comes from. Marks: `[S]` taken from a source, `[K]` general
//! knowledge to be checked against one, `[P]` a choice the sources leave to the owner.

mod evaluation;
mod monitoring;
mod roles;
mod settings;

use jiff::civil::{Date, date};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::policy::{BASELINE_REQUESTS, SetPolicy};

/// The approver of every baseline row (`ACTOR-09`).
pub const APPROVER: &str = "MHWP stakeholder steering group";

/// First day of rows that no source dates: the year the role was specified.
const EVER: Date = date(2021, 4, 1);

/// Every baseline row, in a fixed order.
pub fn baseline() -> Vec<SetPolicy> {
    let mut rows = Rows(Vec::with_capacity(128));
    roles::rows(&mut rows);
    settings::rows(&mut rows);
    recruitment(&mut rows);
    clusters_and_training(&mut rows);
    boards(&mut rows);
    locks(&mut rows);
    commitments_and_awards(&mut rows);
    pay(&mut rows);
    practice_after_qualifying(&mut rows);
    disclosure_and_retention(&mut rows);
    evaluation::rows(&mut rows);
    rows.0
}

/// The request id under which a baseline row is set: the same row always has the same one, so that
/// setting the baseline again sets nothing.
pub fn request_id(row: &SetPolicy) -> Uuid {
    let name = format!("{}/{}", row.policy, row.from);
    Uuid::new_v5(&BASELINE_REQUESTS, name.as_bytes())
}

struct Rows(Vec<SetPolicy>);

impl Rows {
    fn set(&mut self, policy: &str, value: Value, source: &str) {
        self.from(EVER, policy, value, source);
    }

    fn from(&mut self, from: Date, policy: &str, value: Value, source: &str) {
        self.between(from, None, policy, value, source);
    }

    fn between(
        &mut self,
        from: Date,
        until: Option<Date>,
        policy: &str,
        value: Value,
        source: &str,
    ) {
        self.0.push(SetPolicy {
            policy: policy.to_owned(),
            from,
            until,
            value,
            source: source.to_owned(),
            approver: APPROVER.to_owned(),
        });
    }
}

fn recruitment(rows: &mut Rows) {
    let criterion = |key: &str, family: &str, owner: &str, weight: u8, essential: bool| {
        json!({
            "key": key, "family": family, "owner": owner, "weight": weight, "essential": essential,
        })
    };
    rows.set(
        "criteria.MHWP",
        json!({
            "default": [
                criterion("trauma_informed_recovery", "attitudes", "both", 10, true),
                criterion("collaborative_work_with_smi_in_a_team", "skills", "employer", 8, true),
                criterion("knowledge_of_community_mental_health", "knowledge", "employer", 4, false),
                criterion("ability_to_study_at_level", "knowledge", "university", 6, true),
                criterion("nhs_values", "attitudes", "employer", 6, true),
            ],
            "most_important": "trauma_informed_recovery",
            "never_essential": ["mental_health_experience", "psychology_degree"],
        }),
        "[S] JOINT-05..08, ROUTE-09; [P] weights",
    );
    rows.set(
        "applications",
        json!("many_allowed"),
        "[P] Annex 6, point 4; standards B.3",
    );
    rows.set(
        "round.deadline",
        json!(28),
        "[P] days from opening; permissions C.3",
    );
    rows.set(
        "round.default",
        json!("lapse"),
        "[P] Annex 6, point 5; permissions C.3.5",
    );
    monitoring::rows(rows);
    rows.set(
        "offer.answer",
        json!(14),
        "[P] days a candidate has to answer an offer; Annex 3",
    );
    rows.set(
        "interview.panel",
        json!(["expert_by_experience"]),
        "[S] ACTOR-11; [P] kinds every panel has",
    );
    rows.set(
        "employment.checks.validity",
        json!({ "criminal_record": 6, "work_health_assessment": 12 }),
        "[P] months a cleared check holds before the start; standards B.3",
    );
    rows.set(
        "route.graduate_level_6",
        json!(false),
        "[P] X-10; Annex 6, point 6",
    );
    rows.set(
        "employment.checks",
        json!([
            "identity",
            "right_to_work",
            "registration_and_qualification",
            "employment_history_and_references",
            "criminal_record",
            "work_health_assessment",
        ]),
        "[S] NHS Employers employment check standards; standards B.3",
    );
}

fn clusters_and_training(rows: &mut Rows) {
    rows.set("cluster.min", json!(4), "[S] ALLOC-01, X-04");
    rows.set(
        "cluster.range",
        json!({ "min": 4, "max": 6 }),
        "[S] ALLOC-01",
    );
    rows.set(
        "cluster.min.YIPP",
        json!(1),
        "[P] TAXO-15: a pilot over many services",
    );
    rows.set(
        "cluster.min.pilot",
        json!(1),
        "[P] ALLOC-13, ALLOC-14: spare places go to pilots in any number",
    );
    rows.set(
        "equity",
        json!({ "measure": "demand" }),
        "[P] ALLOC-03, ALLOC-04: shares follow regional demand until another measure is named",
    );
    rows.set("university_days", json!(1), "[S] TRAIN-01");
    rows.set(
        "study.day_quarter_hours",
        json!(30),
        "[P] TRAIN-01: a day of study is the fifth part of a full-time week of 37.5 hours",
    );
    rows.set(
        "practice_days",
        json!({ "min": 3, "max": 4 }),
        "[S] TRAIN-01, X-07",
    );
    rows.set(
        "practice.min",
        json!({
            "contact": 80,
            "intervention": 40,
            "care_planning": 1,
            "supervision": 40,
            "case_management": 20,
            "clinical_skills": 20,
            "three_way_reviews": 3,
        }),
        "[S] one accredited programme; standards B.2; FUND-14; TRAIN-20, [P] how much care planning",
    );
    rows.set(
        "reviews.due_months",
        json!([4, 8, 11]),
        "[P] months into the year; standards B.2 asks for three",
    );
    rows.set(
        "interventions.MHWP",
        json!([
            "behavioural_activation_and_graded_exposure",
            "problem_solving",
            "improving_sleep",
            "recognising_and_managing_emotions",
            "guided_self_help_for_bulimia_and_binge_eating",
            "confidence_building",
            "support_with_medicines_management",
        ]),
        "[S] TRAIN-12..19",
    );
    rows.set(
        "fidelity.outside_max_percent",
        json!(20),
        "[P] TRAIN-24, TRAIN-25: share of logged activity outside the role's scope",
    );
    rows.set(
        "practice_days.exception",
        json!({ "min": 1, "max": 2 }),
        "[P] X-07: less than full time, by agreement of both sides",
    );
    rows.set(
        "fitness.review_days",
        json!(14),
        "[S] standards B.5: an interim suspension is reviewed every ten working days",
    );
    rows.set(
        "withdrawal.representations_days",
        json!({ "trainee": 0, "employer": 14, "university": 14, "employment_end": 14 }),
        "[S] standards B.5: representations before withdrawal; [P] days, none for an own request",
    );
    rows.set("supervisor.recheck_days", json!(365), "[P] standards B.4");
    rows.set(
        "supervisor.training",
        json!("warn"),
        "[P] SUP-02: tracked, not a bar; refuse is the other value",
    );
    rows.set("supervisor.trainees_max", json!(6), "[P] SUP-04");
    rows.set("gap.alert_days", json!(5), "[P] D.6");
    rows.set(
        "curriculum.MHWP.v1",
        json!({
            "competence_framework": "MHWP competence framework, first edition",
            "requirements": ["autism_awareness", "care_planning", "interventions"],
        }),
        "[S] TRAIN-07, TRAIN-09, TRAIN-20, TRAIN-21; [K] edition",
    );
    rows.from(
        date(2024, 9, 1),
        "curriculum.MHWP.v2",
        json!({
            "competence_framework": "MHWP competence framework, second edition",
            "requirements": ["autism_awareness", "care_planning", "interventions"],
        }),
        "[S] TRAIN-08, TRAIN-09, TRAIN-20, TRAIN-21; [P] first day",
    );
    rows.set(
        "timeline.MHWP",
        json!([
            { "on": "2022-01-01", "what": "The first MHWP trainees may start" },
            {
                "on": "2024-11-21",
                "weekday": "Thursday",
                "what": "PPN national meeting on two years of the role",
            },
        ]),
        "[S] TIME-08, TIME-09, TIME-10",
    );
    rows.set("rpl.years_max", json!(5), "[S] standards B.2");
    rows.set(
        "rpl.credit_share_max_percent",
        json!(66),
        "[S] standards B.2; default no credit",
    );
}

fn boards(rows: &mut Rows) {
    rows.set(
        "board.quorum",
        json!({ "chairs": 1, "internal": 2, "external": 1 }),
        "[S] standards B.5",
    );
    rows.set(
        "board.quorum.reassessment",
        json!({ "chairs": 1, "internal": 1, "external": 0 }),
        "[S] standards B.5",
    );
    rows.set(
        "board.quorum.chairs_action",
        json!({ "chairs": 1, "internal": 0, "external": 0 }),
        "[S] standards B.5",
    );
    rows.set(
        "pass_mark",
        json!({ "6": 40, "7": 50 }),
        "[S] standards B.5, D.4",
    );
    rows.set("resit.max", json!(1), "[S] standards B.5");
    rows.set(
        "board.chairs_action.consult",
        json!(true),
        "[S] B.5; [P] that it always must",
    );
    rows.set(
        "result.release",
        json!("together"),
        "[P] C.4: together, or trainee_first; a university may keep its own",
    );
    rows.set(
        "appeal.letter_days",
        json!(28),
        "[S] B.5, OIA: letter that completes the procedures",
    );
    rows.set(
        "appeal.complaint_months",
        json!(12),
        "[S] B.5, OIA: from that letter",
    );
    rows.set(
        "training.on_referral",
        json!("extend_at_employer_cost"),
        "[P] D.7",
    );
}

fn locks(rows: &mut Rows) {
    rows.set(
        "lock.start",
        json!("2022-04-01"),
        "[S] LOCK-01; the first intake of March 2022 came before it, TRAIN-04, X-02",
    );
    rows.set("lock.years", json!(2), "[S] LOCK-01");
    rows.set(
        "lock.programmes",
        json!(["MHWP", "PWP", "CWP", "EMHP", "CAP"]),
        "[S] Annex 1, lock list; [P] Annex 6, point 12",
    );
    rows.set(
        "lock.nations",
        json!({ "England": "2022-04-01", "Wales": "2023-10-16" }),
        "[S] requirements A.3",
    );
    rows.set(
        "lock.next_programmes",
        json!([
            "MHWP",
            "PWP",
            "CWP",
            "EMHP",
            "CAP",
            "cbt_high_intensity",
            "clinical_psychology",
            "child_and_adolescent_psychotherapy",
            "family_and_systemic_psychotherapy",
        ]),
        "[S] LOCK-01, Annex 1; [K] the psychological professions beyond its roles",
    );
    rows.set(
        "lock.boundary",
        json!("start_on_day_allowed"),
        "[K] requirements A.3",
    );
}

fn commitments_and_awards(rows: &mut Rows) {
    rows.set("commitment.evidence_window", json!(3), "[P] months; X-14");
    rows.set("commitment.maintenance", json!(24), "[P] months; X-14");
    rows.set("commitment.grace_max", json!(6), "[P] months; X-14");
    rows.set(
        "commitment.band_rule",
        json!("exact"),
        "[P] TAXO-14; Annex 6, point 3",
    );
    rows.set(
        "commitment.protected_posts",
        json!(["practitioner_psychologist", "psychological_therapist"]),
        "[S] PRACTICE-09",
    );
    rows.set("award.instalments", json!(12), "[S] FUND-01");
    rows.set("award.payee_sectors", json!(["nhs"]), "[S] FUND-05, X-13");
    rows.set(
        "award.tuition_pence",
        json!({ "MHWP": 500_000, "YIPP": 500_000 }),
        "[P] no source names an amount",
    );
    rows.set(
        "recovery.rule",
        json!("pro_rata_days"),
        "[P] X-14; Annex 6, point 1",
    );
    rows.set(
        "recovery.breach",
        json!("full_salary"),
        "[P] no qualified post; FUND-08, X-14",
    );
    rows.set(
        "recovery.not_maintained",
        json!("pro_rata_days"),
        "[P] of the maintenance period; X-14",
    );
}

/// Entry and later points of bands 4 to 6 in England, in pence a year.
fn pay(rows: &mut Rows) {
    type Table = (Date, [&'static [i64]; 3], &'static str);
    let tables: [Table; 5] = [
        (
            date(2021, 4, 1),
            [
                &[2_254_900, 2_488_200],
                &[2_565_500, 2_778_000, 3_153_400],
                &[3_230_600, 3_417_200, 3_902_700],
            ],
            "[S] NHS Employers 2021/22; band 6 [K]",
        ),
        (
            date(2022, 4, 1),
            [
                &[2_394_900, 2_628_200],
                &[2_705_500, 2_918_000, 3_293_400],
                &[3_370_600, 3_557_200, 4_058_800],
            ],
            "[K] 2022/23, to be checked",
        ),
        (
            date(2023, 4, 1),
            [
                &[2_514_700, 2_759_600],
                &[2_840_700, 3_063_900, 3_458_100],
                &[3_539_200, 3_735_000, 4_261_800],
            ],
            "[K] 2023/24, to be checked",
        ),
        (
            date(2024, 4, 1),
            [
                &[2_653_000, 2_911_400],
                &[2_997_000, 3_232_400, 3_648_300],
                &[3_733_800, 3_940_500, 4_496_200],
            ],
            "[K] 2024/25, to be checked",
        ),
        (
            date(2025, 4, 1),
            [
                &[2_748_500, 3_016_200],
                &[3_104_900, 3_348_700, 3_779_600],
                &[3_868_200, 4_082_300, 4_658_000],
            ],
            "[S] pages quoting 2025/26, to be checked; standards B.3",
        ),
    ];
    for (from, [four, five, six], source) in tables {
        let value = json!({ "4": four, "5": five, "6": six });
        rows.from(from, "pay.table", value, source);
    }
}

fn practice_after_qualifying(rows: &mut Rows) {
    rows.set(
        "contact_hours.qualified",
        json!(20),
        "[S] a week, pro rata; PRACTICE-01",
    );
    rows.set(
        "network.of_region",
        json!({}),
        "[P] which network reads the figures of which region, once each has a tenant; EVAL-09",
    );
    rows.set(
        "destinations.marks",
        json!([12, 24, 36]),
        "[S] months after qualifying; CAREER-05",
    );
    rows.set(
        "destinations.other",
        json!([
            "same_role_elsewhere",
            "other_nhs_role",
            "outside_the_nhs",
            "left_healthcare"
        ]),
        "[P] beside the steps of a pathway; CAREER-01, CAREER-05",
    );
    rows.set(
        "early_leaver.months",
        json!(12),
        "[S] months after qualifying; PRECEPT-07",
    );
    rows.set(
        "arrs.setting",
        json!("primary_care"),
        "[S] PRACTICE-04; standards B.4",
    );
    rows.set(
        "arrs.bands",
        json!({ "min": 4, "max": 8 }),
        "[S] GM and NCL training hubs: bands 4 to 8a; standards B.4",
    );
    rows.set(
        "arrs.competences",
        json!(["cbt_for_psychosis", "family_intervention"]),
        "[K] NICE-recommended therapies, beside the role's interventions; [P] one suffices; PRACTICE-06",
    );
    rows.set(
        "arrs.supervisor_rule",
        json!([
            { "register": "hcpc", "statuses": ["registered"] },
            { "register": "babcp", "statuses": ["registered", "provisional"] },
        ]),
        "[S] a registered psychological professional; PRACTICE-05",
    );
    rows.set(
        "arrs.registers",
        json!(["statutory", "accredited", "voluntary", "none"]),
        "[S] PRACTICE-12; [P] none too, under direct supervision",
    );
    rows.set(
        "arrs.experience_months",
        json!(24),
        "[P] advice only; PRACTICE-08, X-11",
    );
    rows.set(
        "contact_hours.pro_rata",
        json!(true),
        "[P] part-time posts, in proportion; PRACTICE-01",
    );
    rows.set(
        "practice.leaving_reasons",
        json!([
            "promotion",
            "therapist_training",
            "other_nhs_post",
            "outside_the_nhs",
            "relocation",
            "retirement",
            "end_of_post",
            "other",
        ]),
        "[P] classes for the early-leaver report; PRECEPT-07",
    );
    rows.set(
        "transition.steps",
        json!([
            "role_discussion",
            "post_identified",
            "shadowing",
            "caseload_plan",
            "preceptor_named",
            "induction_planned",
        ]),
        "[P] steps of service manager and supervisor; PRECEPT-01",
    );
    rows.set(
        "transition.first_step_months",
        json!(9),
        "[P] a first step by the ninth month; PRECEPT-01",
    );
    rows.set(
        "preceptorship.first_meeting_days",
        json!({ "core": 14, "gold": 7 }),
        "[S] national preceptorship model: in the first two weeks, gold in the first; standards B.6",
    );
    rows.set(
        "preceptorship.preceptor_months",
        json!(12),
        "[S] national preceptorship model: twelve months' experience; standards B.6",
    );
    rows.set(
        "consolidation.years",
        json!(2),
        "[S] soft; LOCK-03, LOCK-04",
    );
    rows.set(
        "preceptorship.tier",
        json!("gold"),
        "[P] standards B.6; Annex 6, point 8",
    );
    rows.set(
        "preceptorship.tiers",
        json!({
            "core": { "months": 6, "meetings": 3, "supernumerary_hours": 75, "preceptor_hours": 8 },
            "gold": { "months": 12, "meetings": 6, "supernumerary_hours": 75, "preceptor_hours": 12 },
        }),
        "[S] national preceptorship model; standards B.6",
    );
    rows.set(
        "register.required_from",
        json!("2025-06-30"),
        "[S] BPS, 24 June 2025; standards B.4",
    );
    rows.set(
        "register.system_of_practice.MHWP",
        json!([
            "adult_community",
            "perinatal",
            "integrated_primary_secondary",
            "primary_care",
        ]),
        "[S] B.4: a system of practice is specified; [P] which settings it takes in",
    );
    rows.set(
        "register.deadline",
        json!("2026-06-30"),
        "[S] BPS, 24 June 2025; standards B.4",
    );
}

fn disclosure_and_retention(rows: &mut Rows) {
    rows.set(
        "break_glass.hours",
        json!(24),
        "[P] permissions C.1: time-limited",
    );
    rows.set(
        "break_glass.classes",
        json!([
            "identity",
            "application_statement",
            "study_evidence",
            "enrolment_identifier",
            "employment_identifier",
            "register_number",
            "leave_reason"
        ]),
        "[P] permissions C.2: never what a panel, a person or a party keeps to itself",
    );
    rows.set(
        "access.retention_months",
        json!(72),
        "[P] as long as staff and student files; never less than a year; standards B.7",
    );
    rows.set(
        "disclosure.rule",
        json!({ "suppress_from": 1, "suppress_to": 7, "round_to": 5, "percent_base_min": 22.5 }),
        "[S] NHS Digital, HESA; [P] Annex 6, point 10",
    );
    rows.set(
        "disclosure.minimum_change",
        json!(8),
        "[P] people, as many as the smallest count shown; standards B.7, D.18",
    );
    rows.set(
        "disclosure.release_months",
        json!(1),
        "[P] as monitoring is: what others see of people is read at the end of each month; standards B.7",
    );
    let months = [
        (
            "unsuccessful_applicant",
            12,
            "[P] from the campaign's close; standards B.7",
        ),
        (
            "right_to_work",
            24,
            "[S] from the end of employment; standards B.7",
        ),
        (
            "staff_and_student_file",
            72,
            "[K] from the end; standards B.7",
        ),
    ];
    for (class, months, source) in months {
        rows.set(&format!("retention.{class}"), json!(months), source);
    }
    rows.set(
        "retention.qualification",
        json!("permanent"),
        "[S] award and transcript core; standards B.7",
    );
}

#[cfg(test)]
mod tests;
