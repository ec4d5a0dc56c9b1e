//! The role catalogue of Annex 1, the workforce groupings, the career map.

use jiff::civil::date;
use serde_json::{Value, json};

use super::{EVER, Rows};

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

pub(super) fn rows(rows: &mut Rows) {
    practitioners(rows);
    associates(rows);
    beyond_the_groupings(rows);
    workforce(rows);
    targets(rows);
    pathways(rows);
}

/// `TAXO-05`: the five psychological practitioners.
fn practitioners(rows: &mut Rows) {
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
            "leadership": "psychological_professions",
            "parallel_pathways": [
                "ten-week support programme, as a group, one to one, or online and blended",
            ],
        }),
        "[S] ROUTE-01, ROUTE-07, ROUTE-09, SUP-01, FUND-05, FUND-07, FUND-09, SET-09, SET-18, TAXO-05, \
         TAXO-14, TAXO-18, TAXO-19, TRAIN-11, ACTOR-14; Annex 1",
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
            "origin": "Improving Access to Psychological Therapies programme",
            "leadership": "psychological_professions",
        }),
        "[S] TAXO-05, TAXO-11, TAXO-19; [K] trainee band, origin; Annex 1",
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
            "origin": "Children and Young People's IAPT programme",
            "leadership": "psychological_professions",
        }),
        "[S] TAXO-05, TAXO-12; [K] trainee band, origin; Annex 1",
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
            "origin": "Mental Health Support Teams in schools and colleges",
            "leadership": "psychological_professions",
        }),
        "[S] TAXO-05, TAXO-10; [K] trainee band, origin; Annex 1",
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
            "providers": ["University of Exeter"],
            "ages": { "from": 13, "to": 17 },
            "published_cohorts": [
                { "title": "pilot", "starts": "2022-03-01", "trainees": 29 },
            ],
            "origin": "Health Education England",
            "leadership": "psychological_professions",
        }),
        "[S] SUP-07, SET-12, TAXO-15, TAXO-16, TAXO-17; [P] entry; Annex 1",
    );
}

/// `TAXO-02`: the fourth grouping.
fn associates(rows: &mut Rows) {
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
            "origin": "Universities and employers, under apprenticeship standard ST0820",
            "leadership": "psychological_professions",
        }),
        "[S] TAXO-02, TAXO-13, TAXO-14, TRAIN-11, PRACTICE-11; adverts for the trainee band; [K] origin; \
         Annex 1",
    );
}

/// `X-08`: roles no grouping lists; reports say so instead of dropping people.
fn beyond_the_groupings(rows: &mut Rows) {
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
            "leadership": "psychological_professions",
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
            "leadership": "psychological_professions",
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
            "origin": "Health Education England",
            "leadership": "nursing",
        }),
        "[S] TAXO-06, TAXO-07; [K] trainee band, length, origin; Annex 1",
    );
}

fn workforce(rows: &mut Rows) {
    let occupation = |key: &str, title: &str| json!({ "key": key, "title": title, "leadership": "psychological_professions" });
    let of_the_catalogue = |role: &str, key: &str, title: &str| {
        json!({
            "key": key, "title": title, "role": role, "leadership": "psychological_professions",
        })
    };
    rows.set(
        "taxonomy",
        json!({
            "psychologist": [
                occupation("clinical_psychologist", "Clinical psychologist"),
                occupation("counselling_psychologist", "Counselling psychologist"),
                occupation("forensic_psychologist", "Forensic psychologist"),
                occupation("health_psychologist", "Health psychologist"),
            ],
            "psychological_therapist": [
                occupation("cbt_therapist", "Cognitive behavioural therapist"),
                occupation("counsellor", "Counsellor"),
                occupation(
                    "child_and_adolescent_psychotherapist",
                    "Child and adolescent psychotherapist",
                ),
                occupation("adult_psychotherapist", "Adult psychotherapist"),
                occupation("family_and_systemic_psychotherapist", "Family and systemic psychotherapist"),
                occupation("other_psychological_therapist", "Other psychological therapist"),
                // Among the therapists by grouping, led by the allied health professions.
                json!({
                    "key": "arts_therapist",
                    "title": "Art, music or drama therapist",
                    "leadership": "allied_health_professions",
                }),
            ],
            "psychological_practitioner": [
                of_the_catalogue(
                    "PWP", "psychological_wellbeing_practitioner", "Psychological wellbeing practitioner",
                ),
                of_the_catalogue(
                    "CWP", "childrens_wellbeing_practitioner", "Children's wellbeing practitioner",
                ),
                of_the_catalogue(
                    "EMHP", "education_mental_health_practitioner", "Education mental health practitioner",
                ),
                of_the_catalogue(
                    "MHWP",
                    "mental_health_and_wellbeing_practitioner",
                    "Mental health and wellbeing practitioner",
                ),
                of_the_catalogue(
                    "YIPP",
                    "youth_intensive_psychological_practitioner",
                    "Youth intensive psychological practitioner",
                ),
            ],
            "associate_and_assistant": [
                of_the_catalogue(
                    "CAP", "clinical_associate_in_psychology", "Clinical associate in psychology",
                ),
                occupation("assistant_psychologist", "Assistant psychologist"),
            ],
        }),
        "[S] TAXO-01, TAXO-02, TAXO-03, TAXO-04, TAXO-05, ACTOR-16",
    );
    rows.set(
        "registers",
        json!({
            "hcpc": { "title": "Health and Care Professions Council", "standing": "statutory" },
            "nmc": { "title": "Nursing and Midwifery Council", "standing": "statutory" },
            "bps": { "title": "BPS wellbeing practitioner register", "standing": "accredited" },
            "bps_wpw": { "title": "BPS wider psychological workforce register", "standing": "accredited" },
            "babcp": { "title": "BABCP registers", "standing": "accredited" },
        }),
        "[S] PRACTICE-12, standards B.4; [K] the standing of each",
    );
    let region = |title: &str, ods_code: &str, network: &str, areas: &[&str]| json!({ "title": title, "ods_code": ods_code, "network": network, "areas": areas });
    rows.set(
        "regions",
        json!({
            "london": region("London", "Y56", "PPN London", &[]),
            "south_west": region("South West", "Y58", "PPN South West", &[]),
            "south_east": region("South East", "Y59", "PPN South East", &[]),
            "midlands": region("Midlands", "Y60", "PPN Midlands", &["West Midlands", "East Midlands"]),
            "east_of_england": region("East of England", "Y61", "PPN East of England", &[]),
            "north_west": region("North West", "Y62", "PPN North West", &[]),
            "north_east_and_yorkshire":
                region("North East and Yorkshire", "Y63", "PPN North East and Yorkshire", &[]),
        }),
        "[S] ACTOR-01, X-18, standards B.1; [K] the codes",
    );
    rows.set(
        "context.psychology_graduates",
        json!({
            "meaning": "people who graduate in psychology; a small part of them enters NHS services",
            "value": 20_000,
            "unit": "people a year",
        }),
        "[S] ROUTE-11: MHWP questions and answers, 2021",
    );
}

/// `X-09`: each target with its own baseline, horizon and unit.
fn targets(rows: &mut Rows) {
    let professions = "psychological_professions";
    let mut target = |name: &str, value: Value, source: &str| {
        rows.set(&format!("workforce.target.{name}"), value, source);
    };
    target(
        "growth_2020_2023",
        json!({
            "title": "Growth of the psychological professions, March 2020 to December 2023",
            "measure": "growth_percent", "population": professions, "unit": "headcount",
            "baseline": "2020-03-31", "horizon": "2023-12-31", "low": 65, "high": 65,
        }),
        "[S] REPORT-01; [P] last days of the months",
    );
    target(
        "growth_2019_2024",
        json!({
            "title": "Growth of the psychological professions by over 60 percent from 2019 by 2024",
            "measure": "growth_percent", "population": professions, "unit": "headcount",
            "baseline": "2019-03-31", "horizon": "2024-03-31", "low": 60,
        }),
        "[S] REPORT-03; [P] the days",
    );
    target(
        "additional_posts_2037",
        json!({
            "title": "A further 24,000 to 26,000 posts by 2037",
            "measure": "additional", "population": professions, "unit": "headcount",
            "baseline": "2023-12-31", "horizon": "2037-12-31", "low": 24_000, "high": 26_000,
        }),
        "[S] REPORT-02; [K] the baseline",
    );
    target(
        "share_of_growth",
        json!({
            "title": "A third of the growth of the mental health workforce",
            "measure": "share_of_growth_percent", "population": professions,
            "share_of": "mental_health_workforce", "unit": "headcount",
            "baseline": "2019-03-31", "horizon": "2024-03-31", "low": 33,
        }),
        "[S] REPORT-04; [P] the days",
    );
    target(
        "new_posts_2024",
        json!({
            "title": "27,000 new mental health posts in whole-time equivalents",
            "measure": "additional", "population": "mental_health_workforce", "unit": "wte",
            "baseline": "2019-03-31", "horizon": "2024-03-31", "low": 27_000,
        }),
        "[S] REPORT-06; [P] the days",
    );
    target(
        "community_staff_2024",
        json!({
            "title": "10,000 more staff in community mental health services by 2024",
            "measure": "additional", "population": "community_mental_health", "unit": "headcount",
            "baseline": "2019-03-31", "horizon": "2024-03-31", "low": 10_000,
        }),
        "[S] REPORT-08; [P] the days",
    );
}

/// `CAREER-02..04`, `CAREER-07`: where a role can lead is read from an edition of a map.
fn pathways(rows: &mut Rows) {
    rows.set(
        "pathway.MHWP",
        json!({
            "map": "PPN career map of the NHS psychological professions",
            "edition": "as cited by the PPN in 2024",
            "steps": [
                {
                    "to": "senior_mhwp",
                    "title": "Senior Mental Health and Wellbeing Practitioner",
                    "established": false,
                },
                {
                    "to": "psychological_therapist",
                    "title": "Training as a psychological therapist, such as in CBT",
                    "established": true,
                    "training": true,
                },
                {
                    "to": "clinical_psychology",
                    "title": "Training in clinical psychology",
                    "established": true,
                    "psychology_degree": true,
                    "training": true,
                },
                {
                    "to": "other_healthcare",
                    "title": "Another healthcare professional role",
                    "established": true,
                },
            ],
        }),
        "[S] CAREER-01, CAREER-02, CAREER-03, CAREER-04, CAREER-07; [K] the edition",
    );
}
