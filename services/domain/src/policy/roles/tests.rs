use jiff::civil::{Date, date};
use strum::IntoEnumIterator as _;

use super::*;
use crate::{
    actor::{ActingRole, Region, TenantId, TenantKind},
    given::{
        Given, actor,
        cast::{NORTHMOOR, interest},
        tenant,
    },
    policy::{
        Policies, SetPolicy,
        catalogue::{FundingSource, Register, Role, Setting},
    },
    refusal::Reason,
};

const TODAY: Date = date(2026, 3, 2);

fn register() -> PolicyRegister {
    let given = Given::baseline();
    given.state(PolicyRegister::id()).cloned().unwrap()
}

fn policies() -> Policies {
    Policies::of(register().into())
}

fn role(id: &str) -> Role {
    Role::parse(id, "role").unwrap()
}

/// The row of a role on a day.
fn row(id: &str, on: Date) -> RolePolicy {
    policies().role(&role(id), on).unwrap()
}

fn titles(group: WorkforceGroup) -> Vec<String> {
    let taxonomy: Taxonomy = register().value("taxonomy", TODAY).unwrap();
    taxonomy[&group].iter().map(|one| one.key.clone()).collect()
}

#[test]
fn taxo_01_to_05_the_groupings_list_their_occupations_and_drop_none() {
    use WorkforceGroup::*;
    let sizes: Vec<(WorkforceGroup, usize)> = WorkforceGroup::iter()
        .map(|group| (group, titles(group).len()))
        .collect();
    assert_eq!(
        sizes,
        [
            (Psychologist, 4),
            (PsychologicalTherapist, 7),
            (PsychologicalPractitioner, 5),
            (AssociateAndAssistant, 2),
        ]
    );
    let register = register();
    let taxonomy: Taxonomy = register.value("taxonomy", TODAY).unwrap();
    let grouped: Vec<(WorkforceGroup, String)> = taxonomy
        .into_iter()
        .flat_map(|(group, list)| {
            list.into_iter()
                .filter_map(move |one| Some((group, one.role?)))
        })
        .collect();
    // The catalogue and the groupings name each other.
    for entry in register.catalogue(TODAY) {
        let listed = grouped.iter().find(|(_, role)| role == entry.role);
        assert_eq!(
            listed.map(|(group, _)| *group),
            entry.policy.group,
            "{}",
            entry.role
        );
    }
    assert_eq!(grouped.len(), 6);
}

#[test]
fn x_08_a_role_outside_the_groupings_stays_in_the_catalogue() {
    let outside: Vec<String> = register()
        .catalogue(TODAY)
        .iter()
        .filter(|entry| entry.policy.group.is_none())
        .map(|entry| entry.role.to_owned())
        .collect();
    assert_eq!(outside, ["APP", "GMHP", "NURSING_ASSOCIATE"]);
}

#[test]
fn actor_16_arts_therapists_are_therapists_led_by_the_allied_health_professions() {
    let taxonomy: Taxonomy = register().value("taxonomy", TODAY).unwrap();
    let elsewhere: Vec<_> = taxonomy
        .into_iter()
        .flat_map(|(group, list)| list.into_iter().map(move |one| (group, one)))
        .filter(|(_, one)| one.leadership != Leadership::PsychologicalProfessions)
        .map(|(group, one)| (group, one.key, one.leadership))
        .collect();
    assert_eq!(
        elsewhere,
        [(
            WorkforceGroup::PsychologicalTherapist,
            "arts_therapist".to_owned(),
            Leadership::AlliedHealthProfessions
        )]
    );
}

#[test]
fn actor_14_every_role_says_who_introduced_it_and_who_leads_it() {
    let register = register();
    let catalogue = register.catalogue(TODAY);
    assert_eq!(catalogue.len(), 9);
    for entry in catalogue {
        assert!(entry.policy.origin.is_some(), "{}", entry.role);
        assert!(entry.policy.leadership.is_some(), "{}", entry.role);
    }
    let origin = row("MHWP", TODAY).origin.unwrap();
    assert!(origin.contains("Health Education England") && origin.contains("Improvement"));
}

#[test]
fn actor_01_there_are_seven_regions_each_with_its_network() {
    let regions: Regions = register().value("regions", TODAY).unwrap();
    assert!(regions.keys().copied().eq(Region::iter()) && regions.len() == 7);
    let networks: BTreeSet<&str> = regions.values().map(|one| one.network.as_str()).collect();
    let codes: BTreeSet<&str> = regions.values().map(|one| one.ods_code.as_str()).collect();
    assert_eq!((networks.len(), codes.len()), (7, 7));
    // a part of a region is no region.
    assert!(
        regions[&Region::Midlands]
            .areas
            .contains(&"West Midlands".to_owned())
    );
    assert!("west_midlands".parse::<Region>().is_err());
}

#[test]
fn taxo_06_a_nursing_associate_is_no_psychological_profession_and_never_locked() {
    let register = register();
    let entry = register
        .catalogue_entry("NURSING_ASSOCIATE", TODAY)
        .unwrap();
    assert_eq!(entry.policy.group, None);
    assert_eq!(entry.policy.qualified_band, Some(4));
    assert!(!entry.on_lock_list);
    assert!(
        register
            .catalogue_entry("MHWP", TODAY)
            .unwrap()
            .on_lock_list
    );
    let qualification = &entry.policy.qualifications[0];
    assert_eq!(qualification.title, "Foundation Degree Apprenticeship");
    assert_eq!(qualification.level, 5);
}

#[test]
fn taxo_08_to_12_qualifications_and_whom_they_admit() {
    let admitted = |id, degree, psychology| {
        row(id, TODAY)
            .qualification_for(degree, psychology)
            .map(|one| one.title.clone())
    };
    // Psychology graduates alone (TAXO-08, TAXO-13).
    assert_eq!(admitted("APP", true, false), None);
    assert!(admitted("APP", true, true).is_some());
    assert_eq!(admitted("CAP", true, false), None);
    // Graduates alone (TAXO-09).
    assert_eq!(admitted("GMHP", false, false), None);
    assert_eq!(
        admitted("GMHP", true, false).as_deref(),
        Some("Postgraduate Certificate")
    );
    // A diploma is twice a certificate (TAXO-10).
    let credits = |id| row(id, TODAY).qualifications[0].credits;
    assert_eq!((credits("EMHP"), credits("CWP")), (Some(120), Some(60)));
    // TAXO-12
    assert_eq!(
        admitted("CWP", true, false).as_deref(),
        Some("Postgraduate Certificate")
    );
    assert_eq!(
        admitted("CWP", false, false).as_deref(),
        Some("Graduate Certificate")
    );
}

#[test]
fn route_09_a_degree_in_any_subject_admits_to_mhwp() {
    let mhwp = row("MHWP", TODAY);
    for psychology in [false, true] {
        assert_eq!(
            mhwp.qualification_for(true, psychology)
                .map(|one| one.level),
            Some(7)
        );
    }
    let criteria: crate::policy::catalogue::CriteriaPolicy =
        register().value("criteria.MHWP", TODAY).unwrap();
    assert!(
        criteria
            .never_essential
            .contains(&"psychology_degree".to_owned())
    );
}

#[test]
fn route_07_mhwp_qualifies_at_levels_7_and_6_alone() {
    assert_eq!(row("MHWP", TODAY).levels(), [7, 6]);
}

#[test]
fn taxo_11_a_pwp_may_be_levy_funded_and_an_mhwp_not() {
    let levy = |id| {
        row(id, TODAY)
            .funding
            .contains(&FundingSource::ApprenticeshipLevy)
    };
    assert!(levy("PWP"));
    assert!(!levy("MHWP"));
}

#[test]
fn taxo_13_and_taxo_14_each_role_has_a_qualified_band_of_its_own() {
    let band = |id| row(id, TODAY).qualified_band;
    assert_eq!((band("CAP"), band("MHWP")), (Some(6), Some(5)));
    assert_eq!(
        row("CAP", TODAY).funding,
        [FundingSource::ApprenticeshipLevy]
    );
    assert_eq!(
        row("CAP", TODAY).supervisor_rule[0].register,
        Register::Hcpc
    );
}

#[test]
fn taxo_15_to_17_the_yipp_pilot_is_reproduced_from_data() {
    let yipp = row("YIPP", TODAY);
    assert_eq!(
        yipp.published_cohorts,
        [PublishedCohort {
            title: "pilot".to_owned(),
            starts: date(2022, 3, 1),
            trainees: 29
        }]
    );
    assert_eq!(yipp.providers.len(), 1);
    assert_eq!(yipp.providers_max, Some(1));
    assert_eq!(
        (yipp.months, yipp.qualifications[0].credits),
        (12, Some(60))
    );
    assert_eq!(yipp.funding, [FundingSource::NhseSalarySupport]);
    assert_eq!(yipp.ages, Some(AgeRange { from: 13, to: 17 }));
}

#[test]
fn taxo_18_and_taxo_19_parallel_roles_have_no_equivalence() {
    let policies = policies();
    let mhwp = row("MHWP", TODAY);
    assert_eq!(mhwp.parallel_roles, ["PWP", "CWP", "EMHP"]);
    for parallel in &mhwp.parallel_roles {
        let other = row(parallel, TODAY);
        assert!(
            other.parallel_roles.contains(&"MHWP".to_owned()),
            "{parallel}"
        );
        assert_eq!(other.qualified_band, mhwp.qualified_band, "{parallel}");
    }
    let may = |id: &str, setting: &str| {
        let setting = Setting::parse(setting, "setting").unwrap();
        policies
            .permitted_setting(&role(id), Phase::Qualified, &setting, None, TODAY)
            .map(drop)
            .map_err(|refusal| refusal.reason)
    };
    assert_eq!(may("PWP", "iapt"), Ok(()));
    assert_eq!(may("MHWP", "iapt"), Err(Reason::SettingNotPermitted));
    assert_eq!(
        may("PWP", "adult_community"),
        Err(Reason::SettingNotPermitted)
    );
}

#[test]
fn train_11_curricula_are_national_or_local() {
    let scope = |id| row(id, TODAY).curriculum_scope;
    assert_eq!(scope("MHWP"), CurriculumScope::National);
    assert_eq!(scope("CAP"), CurriculumScope::Local);
    assert_eq!(scope("APP"), CurriculumScope::Local);
}

#[test]
fn practice_12_a_role_stands_on_the_best_of_its_registers() {
    let register = register();
    let standing = |id| register.catalogue_entry(id, TODAY).unwrap().standing;
    assert_eq!(standing("MHWP"), RegisterStanding::Accredited);
    assert_eq!(standing("NURSING_ASSOCIATE"), RegisterStanding::Statutory);
    assert_eq!(standing("GMHP"), RegisterStanding::None);
    assert_eq!(RegisterStanding::iter().count(), 4);
}

#[test]
fn practice_11_an_employer_may_want_several_roles_side_by_side() {
    let mut given = Given::directory();
    let employer: TenantId = tenant(NORTHMOOR);
    let lead = actor(employer, ActingRole::ProfessionalLead);
    for id in ["MHWP", "CAP"] {
        let mut wanted = interest(employer, Region::NorthWest, 4);
        wanted.role = role(id);
        assert_eq!(
            given.when(&lead, date(2025, 9, 8), &wanted),
            Ok(vec!["InterestRegistered".to_owned()]),
            "{id}"
        );
    }
    assert_eq!(lead.kind, TenantKind::Employer);
}

#[test]
fn career_02_to_04_a_role_that_emerges_is_a_row_and_changes_nothing_before_it() {
    let mut given = Given::baseline();
    let set = |policy: &str, from, value| SetPolicy {
        policy: policy.to_owned(),
        from,
        until: None,
        value,
        source: "CAREER-02".to_owned(),
        approver: "MHWP stakeholder steering group".to_owned(),
    };
    let national = actor(tenant(1), ActingRole::CommissionerNational);
    let before = register().catalogue(date(2027, 8, 31)).len();
    let from = date(2027, 9, 1);
    let senior = serde_json::json!({
        "title": "Senior Mental Health and Wellbeing Practitioner",
        "group": "psychological_practitioner",
        "qualifications": [{"level": 7, "title": "Postgraduate Diploma", "entry": "any_degree"}],
        "months": 12,
        "qualified_band": 6,
        "curriculum_scope": "national",
    });
    given.done(
        &national,
        date(2026, 9, 1),
        &set("role.SENIOR_MHWP", from, senior),
    );
    let pathway = serde_json::json!({
        "map": "PPN career map of the NHS psychological professions",
        "edition": "2027",
        "steps": [{"to": "SENIOR_MHWP", "title": "Senior MHWP", "established": true}],
    });
    given.done(
        &national,
        date(2026, 9, 1),
        &set("pathway.MHWP", from, pathway),
    );
    let register = given.state(PolicyRegister::id()).unwrap();
    assert_eq!(register.catalogue(date(2027, 8, 31)).len(), before);
    assert!(register.catalogue_entry("SENIOR_MHWP", from).is_some());
    let steps = |on| {
        register
            .catalogue_entry("MHWP", on)
            .unwrap()
            .pathway
            .unwrap()
            .steps
    };
    assert!(!steps(date(2027, 8, 31))[0].established);
    assert!(steps(from)[0].established);
}

#[test]
fn career_07_a_pathway_names_its_map_and_edition() {
    let register = register();
    let pathway = register
        .catalogue_entry("MHWP", TODAY)
        .unwrap()
        .pathway
        .unwrap();
    assert!(pathway.map.contains("career map") && !pathway.edition.is_empty());
    let for_psychologists: Vec<&str> = pathway
        .steps
        .iter()
        .filter(|step| step.psychology_degree)
        .map(|step| step.to.as_str())
        .collect();
    assert_eq!(for_psychologists, ["clinical_psychology"]);
}

#[test]
fn route_11_a_context_figure_comes_with_its_source_and_date() {
    let register = register();
    let version = register
        .in_force("context.psychology_graduates", TODAY)
        .unwrap();
    let figure: ContextFigure = register
        .value("context.psychology_graduates", TODAY)
        .unwrap();
    assert_eq!(figure.value, 20_000);
    assert!(version.source.contains("2021"));
}

#[test]
fn set_03_and_set_16_a_setting_says_at_which_level_it_cares() {
    let settings: crate::policy::catalogue::Settings = register().value("settings", TODAY).unwrap();
    assert_eq!(settings["adult_community"].care_level, "secondary");
    assert_eq!(
        settings["integrated_primary_secondary"].care_level,
        "integrated"
    );
}

#[test]
fn set_10_a_co_occurring_condition_bars_nobody() {
    // Only the primary presenting problem of a service is asked for; what else its people live
    // with is not held at all.
    let excluded = row("MHWP", TODAY).excluded_populations;
    assert_eq!(excluded, ["learning_disability", "autism"]);
    assert!(!excluded.contains(&"severe_mental_illness".to_owned()));
}

#[test]
fn set_17_a_pilot_says_in_words_what_it_is_needed_for() {
    let register = register();
    let entry = register.catalogue_entry("MHWP", TODAY).unwrap();
    let needs: Vec<&str> = entry
        .settings
        .iter()
        .filter(|(phase, _, row)| *phase == Phase::Trainee && row.need.is_some())
        .map(|(_, setting, _)| *setting)
        .collect();
    assert_eq!(needs, ["drug_and_alcohol"]);
}

#[test]
fn set_18_a_local_pathway_is_beside_the_role_and_no_activity_of_it() {
    let beside = row("MHWP", TODAY).parallel_pathways;
    assert!(beside.iter().any(|pathway| pathway.contains("ten-week")));
    let listed: Vec<String> = register().value("interventions.MHWP", TODAY).unwrap();
    assert_eq!(listed.len(), 7);
    assert!(!listed.iter().any(|one| one.contains("support_programme")));
}

#[test]
fn alloc_16_and_alloc_17_a_prison_site_needs_a_team_and_a_psychologist() {
    let register = register();
    let of_prisons = register.site_criteria("prison", date(2024, 4, 1));
    assert!(
        of_prisons
            .iter()
            .eq(["integrated_team", "practitioner_psychologist"])
    );
    assert!(
        register
            .site_criteria("prison", date(2024, 3, 31))
            .is_empty()
    );
    assert!(register.site_criteria("adult_community", TODAY).is_empty());
}

#[test]
#[rustfmt::skip]
fn set_01_to_08_set_11_and_set_12_settings_over_time() {
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
