//! The values Trellis starts with: the role catalogue, the settings and every threshold, as rows.
//!
//! A row names the rule or document it comes from. Marks: `[S]` taken from a source, `[K]` general
//! knowledge to be checked against one, `[P]` a choice the sources leave to the owner.

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
    roles(&mut rows);
    settings(&mut rows);
    recruitment(&mut rows);
    clusters_and_training(&mut rows);
    boards(&mut rows);
    locks(&mut rows);
    commitments_and_awards(&mut rows);
    pay(&mut rows);
    practice_after_qualifying(&mut rows);
    disclosure_and_retention(&mut rows);
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

/// A current entry of the HCPC register showing the clinical modality.
fn clinical_psychologist() -> Value {
    json!({
        "register": "hcpc",
        "modality": "clinical_psychologist",
        "statuses": ["registered"],
    })
}

/// A BABCP accreditation; provisional counts, leave of absence does not.
fn accredited_therapist() -> Value {
    json!({ "register": "babcp", "statuses": ["registered", "provisional"] })
}

/// The two certificates of one training year: by degree, or by evidence of study.
fn both_certificates() -> Value {
    json!([
        { "level": 7, "title": "Postgraduate Certificate", "credits": 60, "entry": "any_degree" },
        { "level": 6, "title": "Graduate Certificate", "credits": 60, "entry": "study_evidence" },
    ])
}

fn roles(rows: &mut Rows) {
    rows.set(
        "role.MHWP",
        json!({
            "title": "Mental Health and Wellbeing Practitioner",
            "group": "psychological_practitioner",
            "qualifications": both_certificates(),
            "months": 12,
            "trainee_band": 4,
            "qualified_band": 5,
            "supervisor_rule": [clinical_psychologist(), accredited_therapist()],
            "funding": ["nhse_salary_support"],
            "registers": ["bps"],
            "curriculum_scope": "national",
            "excluded_populations": ["learning_disability", "autism"],
            "parallel_roles": ["PWP", "CWP", "EMHP"],
            "origin": "Health Education England; NHS England and Improvement",
        }),
        "[S] ROUTE-01, SUP-01, FUND-05, FUND-07, FUND-09, SET-09, TAXO-05, TAXO-18, ACTOR-14; Annex 1",
    );
    rows.set(
        "role.PWP",
        json!({
            "title": "Psychological Wellbeing Practitioner",
            "group": "psychological_practitioner",
            "qualifications": both_certificates(),
            "months": 12,
            "trainee_band": 4,
            "qualified_band": 5,
            "funding": ["nhse_salary_support", "apprenticeship_levy"],
            "registers": ["bps", "babcp"],
            "curriculum_scope": "national",
            "parallel_roles": ["MHWP", "CWP", "EMHP"],
        }),
        "[S] TAXO-05, TAXO-11; [K] trainee band; Annex 1",
    );
    rows.set(
        "role.CWP",
        json!({
            "title": "Children's Wellbeing Practitioner",
            "group": "psychological_practitioner",
            "qualifications": both_certificates(),
            "months": 12,
            "trainee_band": 4,
            "qualified_band": 5,
            "funding": ["nhse_salary_support"],
            "registers": ["bps", "babcp"],
            "curriculum_scope": "national",
            "parallel_roles": ["MHWP", "PWP", "EMHP"],
        }),
        "[S] TAXO-05, TAXO-12; [K] trainee band; Annex 1",
    );
    rows.set(
        "role.EMHP",
        json!({
            "title": "Education Mental Health Practitioner",
            "group": "psychological_practitioner",
            "qualifications": [
                { "level": 7, "title": "Postgraduate Diploma", "credits": 120, "entry": "any_degree" },
                { "level": 6, "title": "Graduate Diploma", "credits": 120, "entry": "study_evidence" },
            ],
            "months": 12,
            "trainee_band": 4,
            "qualified_band": 5,
            "funding": ["nhse_salary_support"],
            "registers": ["bps", "babcp"],
            "curriculum_scope": "national",
            "parallel_roles": ["MHWP", "PWP", "CWP"],
        }),
        "[S] TAXO-05, TAXO-10; [K] trainee band; Annex 1",
    );
    rows.set(
        "role.YIPP",
        json!({
            "title": "Youth Intensive Psychological Practitioner",
            "group": "psychological_practitioner",
            "qualifications": [
                { "level": 7, "title": "Postgraduate Certificate", "credits": 60, "entry": "any_degree" },
            ],
            "months": 12,
            "supervisor_rule": [clinical_psychologist()],
            "funding": ["nhse_salary_support"],
            "curriculum_scope": "national",
            "providers_max": 1,
        }),
        "[S] SUP-07, TAXO-15, TAXO-16, TAXO-17; [P] entry; Annex 1",
    );
    rows.set(
        "role.CAP",
        json!({
            "title": "Clinical Associate in Psychology",
            "group": "associate_and_assistant",
            "qualifications": [
                { "level": 7, "title": "Masters apprenticeship ST0820", "entry": "psychology_degree" },
            ],
            "months": 18,
            "trainee_band": 5,
            "qualified_band": 6,
            "supervisor_rule": [{ "register": "hcpc", "statuses": ["registered"] }],
            "funding": ["apprenticeship_levy"],
            "registers": ["bps_wpw"],
            "curriculum_scope": "local",
        }),
        "[S] TAXO-02, TAXO-13, TAXO-14, TRAIN-11; adverts for the trainee band; Annex 1",
    );
    // The qualification belongs to role and cohort: a diploma for cohorts 1 and 2, then a
    // certificate.
    let app = |qualification: Value| {
        json!({
            "title": "Associate Psychological Practitioner",
            "qualifications": [qualification],
            "months": 12,
            "trainee_band": 4,
            "qualified_band": 5,
            "funding": ["employer"],
            "curriculum_scope": "local",
            "origin": "NWC Regional Innovation Agency; HEE North West",
        })
    };
    let third_cohort = date(2023, 1, 1);
    rows.between(
        EVER,
        Some(third_cohort),
        "role.APP",
        app(json!({
            "level": 7, "title": "Postgraduate Diploma", "credits": 120, "entry": "psychology_degree",
        })),
        "[S] TAXO-08; PPN North West; Annex 1",
    );
    rows.from(
        third_cohort,
        "role.APP",
        app(json!({
            "level": 7, "title": "Postgraduate Certificate", "credits": 60, "entry": "psychology_degree",
        })),
        "[S] PPN North West, cohort 3; [P] its date; Annex 1",
    );
    rows.set(
        "role.GMHP",
        json!({
            "title": "Graduate Mental Health Practitioner",
            "qualifications": [
                { "level": 7, "title": "Postgraduate Certificate", "credits": 60, "entry": "any_degree" },
            ],
            "months": 12,
            "qualified_band": 5,
            "curriculum_scope": "local",
            "origin": "University innovation; HEE South East",
        }),
        "[S] TAXO-09, X-08; Annex 1",
    );
    rows.set(
        "role.NURSING_ASSOCIATE",
        json!({
            "title": "Nursing Associate",
            "qualifications": [
                {
                    "level": 5,
                    "title": "Foundation Degree Apprenticeship",
                    "entry": "level_three_and_gcses",
                },
            ],
            "months": 24,
            "trainee_band": 3,
            "qualified_band": 4,
            "supervisor_rule": [{ "register": "nmc", "statuses": ["registered"] }],
            "funding": ["apprenticeship_levy"],
            "registers": ["nmc"],
            "curriculum_scope": "national",
        }),
        "[S] TAXO-06, TAXO-07; [K] trainee band, length; Annex 1",
    );
}

fn settings(rows: &mut Rows) {
    rows.set(
        "settings",
        json!({
            "adult_community": { "title": "Adult community mental health", "care_level": "secondary" },
            "perinatal": { "title": "Perinatal mental health", "care_level": "secondary" },
            "integrated_primary_secondary": {
                "title": "Integrated primary and secondary care mental health",
                "care_level": "integrated",
            },
            "drug_and_alcohol": { "title": "Drug and alcohol", "care_level": "secondary" },
            "gambling_harms": { "title": "Gambling harms", "care_level": "secondary" },
            "prison": { "title": "Prison mental health", "care_level": "secondary" },
            "primary_care": { "title": "Primary care", "care_level": "primary" },
            "camhs": { "title": "Child and adolescent mental health", "care_level": "secondary" },
            "learning_disability": { "title": "Learning disability", "care_level": "secondary" },
            "iapt": { "title": "NHS Talking Therapies (IAPT)", "care_level": "primary" },
            "schools_and_colleges": { "title": "Schools and colleges", "care_level": "primary" },
            "young_people_inpatient": {
                "title": "Inpatient, age 13 to 17", "care_level": "secondary",
            },
            "young_people_intensive_home_treatment": {
                "title": "Intensive home treatment, age 13 to 17", "care_level": "secondary",
            },
            "health_and_social_care": {
                "title": "Health and social care", "care_level": "integrated",
            },
        }),
        "[S] SET-01..12, SET-16; Annex 1",
    );
    let permitted = || json!({ "permitted": true });
    let excluded = || json!({ "permitted": false });
    let first_intake = date(2022, 1, 1);

    for phase in ["trainee", "qualified"] {
        let id = |setting: &str| format!("setting.MHWP.{phase}.{setting}");
        for setting in ["camhs", "learning_disability", "iapt"] {
            rows.set(&id(setting), excluded(), "[S] SET-01");
        }
        rows.from(
            first_intake,
            &id("adult_community"),
            permitted(),
            "[S] SET-02, SET-03, TIME-08",
        );
        rows.from(first_intake, &id("perinatal"), permitted(), "[S] SET-08");
        rows.from(
            date(2023, 1, 1),
            &id("drug_and_alcohol"),
            json!({ "permitted": true, "pilot": "drug_and_alcohol" }),
            "[S] SET-05, ALLOC-13: from the second cohort in 2023",
        );
        rows.from(
            date(2024, 1, 1),
            &id("gambling_harms"),
            json!({
                "permitted": true,
                "pilot": "gambling_harms",
                "regions": if phase == "trainee" { json!(["midlands"]) } else { json!([]) },
            }),
            "[S] SET-06, ALLOC-18; [P] first day",
        );
        rows.from(
            date(2024, 4, 1),
            &id("prison"),
            json!({
                "permitted": true,
                "pilot": "prisons",
                "site_criteria": ["integrated_team", "practitioner_psychologist"],
            }),
            "[S] SET-07, ALLOC-16, ALLOC-17",
        );
    }
    rows.set(
        "setting.MHWP.trainee.primary_care",
        excluded(),
        "[S] SET-04, X-05",
    );
    rows.from(
        date(2023, 1, 1),
        "setting.MHWP.qualified.primary_care",
        permitted(),
        "[S] SET-04, PRACTICE-04, X-05: qualified, through ARRS",
    );
    let others: [(&str, &[&str], &str); 7] = [
        ("PWP", &["iapt"], "[S] TAXO-11"),
        ("CWP", &["camhs"], "[S] SET-11, TAXO-12"),
        ("EMHP", &["schools_and_colleges"], "[S] TAXO-10"),
        (
            "YIPP",
            &[
                "young_people_inpatient",
                "young_people_intensive_home_treatment",
            ],
            "[S] SET-12",
        ),
        (
            "CAP",
            &[
                "adult_community",
                "perinatal",
                "drug_and_alcohol",
                "camhs",
                "learning_disability",
            ],
            "[S] Annex 1: broad; [P] the list",
        ),
        ("APP", &["adult_community", "primary_care"], "[S] TAXO-08"),
        ("GMHP", &["adult_community"], "[S] TAXO-09; [P] the setting"),
    ];
    for (role, list, source) in others {
        for setting in list {
            for phase in ["trainee", "qualified"] {
                let id = format!("setting.{role}.{phase}.{setting}");
                rows.set(&id, permitted(), source);
            }
        }
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
    rows.set("university_days", json!(1), "[S] TRAIN-01");
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
            "supervision": 40,
            "case_management": 20,
            "clinical_skills": 20,
            "three_way_reviews": 3,
        }),
        "[S] one accredited programme; standards B.2; FUND-14",
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
    rows.set("supervisor.recheck_days", json!(365), "[P] standards B.4");
    rows.set("supervisor.trainees_max", json!(6), "[P] SUP-04");
    rows.set("gap.alert_days", json!(5), "[P] D.6");
    rows.set(
        "curriculum.MHWP.required",
        json!(["autism_awareness", "care_planning", "interventions"]),
        "[S] TRAIN-09, TRAIN-20, TRAIN-21",
    );
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
        "training.on_referral",
        json!("extend_at_employer_cost"),
        "[P] D.7",
    );
}

fn locks(rows: &mut Rows) {
    rows.set("lock.start", json!("2022-04-01"), "[S] LOCK-01");
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
        "lock.boundary",
        json!("start_on_day_allowed"),
        "[K] requirements A.3",
    );
}

fn commitments_and_awards(rows: &mut Rows) {
    rows.set("commitment.evidence_window", json!(3), "[P] months; X-14");
    rows.set("commitment.maintenance", json!(24), "[P] months; X-14");
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
        "register.deadline",
        json!("2026-06-30"),
        "[S] BPS, 24 June 2025; standards B.4",
    );
}

fn disclosure_and_retention(rows: &mut Rows) {
    rows.set(
        "disclosure.rule",
        json!({ "suppress_from": 1, "suppress_to": 7, "round_to": 5, "percent_base_min": 22.5 }),
        "[S] NHS Digital, HESA; [P] Annex 6, point 10",
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
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        actor::Region,
        given::Given,
        policy::{
            Policies, PolicyRegister,
            catalogue::{
                BoardQuorum, CriteriaPolicy, Phase, PracticeMinima, Range, Role, Setting, Settings,
            },
        },
        refusal::Reason,
    };

    fn policies() -> Policies {
        let given = Given::baseline();
        let register: PolicyRegister = given.state(PolicyRegister::id()).cloned().unwrap();
        Policies::of(register.into())
    }

    fn role(id: &str) -> Role {
        Role::parse(id, "role").unwrap()
    }

    #[test]
    fn every_row_has_a_request_id_of_its_own_that_never_changes() {
        let ids: BTreeSet<_> = baseline().iter().map(request_id).collect();
        assert_eq!(ids.len(), baseline().len());
        let again: BTreeSet<_> = baseline().iter().map(request_id).collect();
        assert_eq!(ids, again);
    }

    #[test]
    fn every_structured_row_has_the_shape_its_reader_expects() {
        let policies = policies();
        let on = date(2026, 3, 2);
        for row in baseline() {
            let id = row.policy.as_str();
            let read = |from: Date| -> Result<(), crate::refusal::Refusal> {
                if let Some(name) = id.strip_prefix("role.") {
                    policies.role(&role(name), from)?;
                } else if id.starts_with("setting.") {
                    policies.get::<crate::policy::catalogue::SettingPolicy>(id, from)?;
                } else if id.starts_with("criteria.") {
                    policies.get::<CriteriaPolicy>(id, from)?;
                }
                Ok(())
            };
            assert!(read(row.from).is_ok(), "{id}");
        }
        assert!(policies.get::<Settings>("settings", on).is_ok());
        assert!(policies.get::<PracticeMinima>("practice.min", on).is_ok());
        assert!(policies.get::<BoardQuorum>("board.quorum", on).is_ok());
        assert!(
            policies
                .get::<BoardQuorum>("board.quorum.reassessment", on)
                .is_ok()
        );
        assert!(policies.get::<Range>("practice_days", on).is_ok());
        assert!(policies.get::<Date>("lock.start", on).is_ok());
    }

    #[test]
    fn route_01_the_qualification_follows_from_the_degree() {
        let mhwp = policies().role(&role("MHWP"), date(2026, 3, 2)).unwrap();
        let level = |degree| mhwp.qualification_for(degree, false).map(|q| q.level);
        assert_eq!(level(true), Some(7));
        assert_eq!(level(false), Some(6));
        let app = policies().role(&role("APP"), date(2026, 3, 2)).unwrap();
        assert_eq!(app.qualification_for(true, false), None);
        assert_eq!(app.qualification_for(true, true).map(|q| q.level), Some(7));
    }

    #[test]
    fn annex_1_the_associate_practitioner_qualifies_by_cohort() {
        let credits = |on| {
            let app = policies().role(&role("APP"), on).unwrap();
            app.qualifications.first().and_then(|q| q.credits)
        };
        assert_eq!(credits(date(2022, 9, 1)), Some(120));
        assert_eq!(credits(date(2023, 9, 1)), Some(60));
    }

    #[test]
    #[rustfmt::skip]
    fn set_01_to_12_settings_over_time() {
        let policies = policies();
        let midlands = Some(Region::Midlands);
        let london = Some(Region::London);
        let t = Phase::Trainee;
        let cases = [
            ("MHWP", t, "adult_community",      london,   date(2022, 1, 10), true),
            ("MHWP", t, "adult_community",      london,   date(2021, 12, 31), false),
            ("MHWP", t, "camhs",                london,   date(2030, 1, 1),  false),
            ("MHWP", t, "learning_disability",  london,   date(2026, 3, 2),  false),
            ("MHWP", t, "iapt",                 london,   date(2026, 3, 2),  false),
            ("MHWP", t, "perinatal",            london,   date(2026, 3, 2),  true),
            ("MHWP", t, "drug_and_alcohol",     london,   date(2022, 3, 21), false),
            ("MHWP", t, "drug_and_alcohol",     london,   date(2023, 3, 6),  true),
            ("MHWP", t, "gambling_harms",       midlands, date(2024, 3, 4),  true),
            ("MHWP", t, "gambling_harms",       london,   date(2024, 3, 4),  false),
            ("MHWP", t, "prison",               london,   date(2024, 3, 31), false),
            ("MHWP", t, "prison",               london,   date(2024, 4, 1),  true),
            ("MHWP", t, "primary_care",         london,   date(2026, 3, 2),  false),
            ("MHWP", Phase::Qualified, "primary_care", london, date(2026, 3, 2), true),
            ("CWP",  t, "camhs",                london,   date(2026, 3, 2),  true),
            ("YIPP", t, "young_people_inpatient", london, date(2022, 3, 1),  true),
            ("YIPP", t, "adult_community",      london,   date(2022, 3, 1),  false),
        ];
        for (role_id, phase, setting, region, on, permitted) in cases {
            let setting = Setting::parse(setting, "setting").unwrap();
            let answer = policies.permitted_setting(&role(role_id), phase, &setting, region, on);
            assert_eq!(answer.is_ok(), permitted, "{role_id} {phase} {setting} {on}");
            if let Err(refusal) = answer {
                assert_eq!(refusal.reason, Reason::SettingNotPermitted);
            }
        }
    }

    #[test]
    fn pay_on_the_award_date_is_the_table_of_that_year() {
        let policies = policies();
        let entry = |on| {
            let table: std::collections::BTreeMap<String, Vec<i64>> =
                policies.get("pay.table", on).unwrap();
            table["4"][0]
        };
        assert_eq!(entry(date(2022, 3, 31)), 2_254_900);
        assert_eq!(entry(date(2026, 3, 2)), 2_748_500);
    }
}
