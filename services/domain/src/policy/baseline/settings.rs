//! The settings, and which role may work in which of them over time.

use jiff::civil::date;
use serde_json::json;

use super::Rows;

pub(super) fn rows(rows: &mut Rows) {
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
            json!({
                "permitted": true,
                "pilot": "drug_and_alcohol",
                "need": "Addictions services do some of the mental health work themselves.",
            }),
            "[S] SET-05, SET-17, ALLOC-13: from the second cohort in 2023",
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
