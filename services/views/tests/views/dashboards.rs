//! The dashboards of the scenarios, after their last event.

use ledger::view::{Figures, View as _};
use serde_json::json;
use views::{
    Commissioner, Employer, University,
    dashboard::{Dashboard, Definition, Shown},
    items::{Behind, Moment, behind as behind_of},
    read::Asked,
    record::ApplicationStage,
};

use crate::stage::{
    ADMISSIONS, COMMISSIONER, EMPLOYER, HR, NATIONAL, PROGRAMME, Stage, UNIVERSITY, part, value,
};

fn assert_shown(figures: &[Shown], expected: &[(&str, i64)]) {
    for (name, expected) in expected {
        assert_eq!(value(figures, name), Some(*expected), "{name}");
    }
}

/// Stored rows and figures are those of the events.
async fn assert_no_drift(stage: &Stage) {
    let operator = stage.projector.operator();
    for (view, tenant) in [
        (Employer::NAME, EMPLOYER),
        (University::NAME, UNIVERSITY),
        (Commissioner::NAME, COMMISSIONER),
    ] {
        let checked = operator.check(view, tenant, &|_, _| ()).await.unwrap();
        assert_eq!(checked.drift, None, "{view}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_1_everybody_sees_the_happy_path_as_far_as_they_may() {
    let mut stage = Stage::new().await;
    let campaign = stage.campaign().await;
    let c1 = stage.applies(&campaign, 1, "held").await;
    stage.is_appointed(&c1).await;
    stage.trains(&campaign, &c1, 1).await;
    stage.settle().await;
    let year = stage.sees(HR, Asked::default()).await;
    assert_shown(
        &year.figures,
        &[("in_training", 1), ("employed", 1), ("qualified", 0)],
    );

    let board = stage.board_sits("2027-03-10", "qualifying").await;
    stage
        .is_decided(board, "2027-03-10", &c1, json!("pass"))
        .await;
    stage.takes_up_the_post(&campaign, &c1, "2027-04-05").await;
    stage.completes_preceptorship(&c1).await;

    let employer = stage.sees(HR, Asked::default()).await;
    assert_eq!(
        (employer.view, employer.version),
        ("employer", views::Employer::VERSION)
    );
    assert_eq!(
        employer.position,
        stage.ledger.head(EMPLOYER).await.unwrap()
    );
    assert_eq!(employer.as_of.to_string(), "2028-04-05");
    assert_shown(
        &employer.figures,
        &[
            ("demand", 5),
            ("places_allocated", 5),
            ("places_filled", 1),
            ("commitment_posts", 5),
            ("commitments_discharged", 1),
            ("commitments_due", 0),
            ("applications", 1),
            ("shortlisted", 1),
            ("interviewed", 1),
            ("appointed", 1),
            ("awaiting_joint_outcome", 0),
            ("offers_accepted", 1),
            ("checks_complete", 1),
            ("instalments_paid", 12),
            ("salary_paid", 2_748_500),
            ("in_training", 0),
            ("qualified", 1),
            ("in_qualified_post", 1),
            ("register_entries", 1),
            ("preceptorships_complete", 1),
            ("consolidated", 0),
        ],
    );
    assert_eq!(
        part(&employer.figures, "in_qualified_post_by_band", "5"),
        Some(1)
    );
    assert_eq!(
        part(&employer.figures, "qualified_posts_owed", "2027-03-01"),
        Some(4)
    );
    let cluster = format!("MHWP/intakes/{}/{EMPLOYER}", campaign.intake.0);
    assert_eq!(
        part(&employer.figures, "cluster_minimum", &cluster),
        Some(4)
    );
    assert_eq!(part(&employer.figures, "cluster_places", &cluster), Some(5));

    let [journey] = stage.journeys(HR).await.try_into().unwrap();
    assert_eq!(journey.person, Some(c1.person));
    assert_eq!(
        (
            journey.consolidation_months,
            journey.consolidation_months_needed
        ),
        (12, 24)
    );
    assert_eq!(journey.qualified_on.unwrap().to_string(), "2027-03-10");
    assert_eq!(
        journey.qualified_post_from.unwrap().to_string(),
        "2027-04-05"
    );
    assert_eq!(journey.enrolled_from, None, "the university's own");
    assert!(journey.decided.is_empty(), "the university's own");

    let university = stage.sees(PROGRAMME, Asked::default()).await;
    assert_shown(
        &university.figures,
        &[
            ("enrolled", 1),
            ("passed_first_time", 1),
            ("passed", 1),
            ("referred", 0),
            ("qualified", 1),
            ("preceptorships_complete", 1),
        ],
    );
    for (name, of, expected) in [
        ("capacity", "7", 12),
        ("capacity", "6", 8),
        ("enrolled_by_level", "7", 1),
        ("awards_by_level", "7", 1),
        ("leaving_codes", "01", 1),
        ("preceptorship_sessions", "community_of_practice", 1),
        ("preceptorship_sessions", "preceptor_meeting", 2),
    ] {
        assert_eq!(
            part(&university.figures, name, of),
            Some(expected),
            "{name} {of}"
        );
    }
    let partnership = format!("{EMPLOYER}/intakes/{}", campaign.intake.0);
    for (name, expected) in [
        ("higher_level_agreed", 60),
        ("higher_level_share", 100),
        ("balance_out_of_tolerance", 1),
    ] {
        assert_eq!(
            part(&university.figures, name, &partnership),
            Some(expected),
            "{name}"
        );
    }
    for hidden in [
        "salary_paid",
        "employed",
        "commitments_due",
        "checks_complete",
    ] {
        assert_eq!(value(&university.figures, hidden), None, "{hidden}");
    }

    let commissioner = stage.sees(NATIONAL, Asked::default()).await;
    assert_shown(
        &commissioner.figures,
        &[
            ("awards_approved", 1),
            ("awards_completed", 1),
            ("salary_approved", 2_748_500),
            ("salary_paid", 2_748_500),
            ("commitments_fallen_due", 1),
            ("commitments_discharged", 1),
            ("conversion", 100),
            ("locks_fixed", 1),
            ("locks_provisional", 0),
        ],
    );
    let region = |name: &str| -> Vec<&Shown> {
        commissioner
            .figures
            .iter()
            .filter(|shown| shown.name == name)
            .collect()
    };
    assert_eq!(region("places_by_region").len(), 7);
    assert_eq!(
        part(&commissioner.figures, "places_by_region", "north_west"),
        Some(5)
    );
    let people = region("people_by_region");
    assert_eq!(people.len(), 7);
    // That there is one award is told; where the one person is, is not, nor where nobody is.
    for shown in people {
        assert_eq!(shown.value, None, "{}", shown.part);
    }
    assert!(stage.journeys(NATIONAL).await.is_empty());
    assert_no_drift(&stage).await;

    // What a view counts is shown, but for what joins figures and what another view shows.
    let unshown = |definitions: &[Definition], figures: &Figures| -> Vec<String> {
        let mut names: Vec<String> = figures.iter().map(|(name, ..)| name.to_owned()).collect();
        names.retain(|name| definitions.iter().all(|known| known.name != name));
        names.dedup();
        names
    };
    // Nothing is counted by a record of which there are more with more people, or reading it would cost
    // more with each.
    let (vacancy, allocation) = (campaign.vacancy.0, campaign.allocation.0);
    let by_record = |figures: &Figures| {
        let records = [vacancy, allocation, c1.application.0].map(|id| id.to_string());
        let parts = figures.iter().filter(|(_, part, _)| {
            let names = |id: &String| part.contains(id.as_str());
            records.iter().any(names)
        });
        parts.map(|(name, ..)| name.to_owned()).collect::<Vec<_>>()
    };
    let ledger = &stage.ledger;
    let counted = ledger.figures::<Employer>(&HR.reads(), 0).await.unwrap();
    assert_eq!(by_record(&counted.figures), [""; 0]);
    assert_eq!(
        unshown(Employer::DEFINITIONS, &counted.figures),
        [
            "cluster_until",
            "posts_taken_up",
            "salary_paid_by_payee",
            "trainings_reviewed",
            "tuition_approved"
        ]
    );
    let counted = ledger
        .figures::<University>(&PROGRAMME.reads(), 0)
        .await
        .unwrap();
    assert_eq!(by_record(&counted.figures), [""; 0]);
    assert_eq!(
        unshown(University::DEFINITIONS, &counted.figures),
        [
            "consolidating_until",
            "preceptor_meetings_asked",
            "progression_marks",
            "progression_turns",
            "trainings_reviewed"
        ]
    );
    let counted = ledger
        .figures::<Commissioner>(&NATIONAL.reads(), 0)
        .await
        .unwrap();
    assert_eq!(by_record(&counted.figures), [""; 0]);
    assert_eq!(
        unshown(Commissioner::DEFINITIONS, &counted.figures),
        [
            "capacity_at",
            "in_qualified_post_by_band",
            "moved",
            "people_moved",
            "places_at_intake",
            "places_filled_at_intake",
            "progression_marks",
            "progression_turns",
            "salary_paid_by_month",
            "start_of_intake",
            "taught_regions",
        ]
    );
}

/// The first versions of awards left to vacancy and allocation what the second ones say.
#[tokio::test(flavor = "multi_thread")]
async fn assess_05_and_alloc_19_awards_of_the_first_version_count_where_their_posts_are() {
    let mut stage = Stage::new().await;
    let campaign = stage.campaign().await;
    let c1 = stage.applies(&campaign, 1, "held").await;
    stage.is_appointed(&c1).await;
    stage.trains(&campaign, &c1, 1).await;
    let board = stage.board_sits("2027-03-10", "qualifying").await;
    stage
        .is_decided(board, "2027-03-10", &c1, json!("pass"))
        .await;
    stage.settle().await;
    let said = [
        stage.sees(HR, Asked::default()).await,
        stage.sees(PROGRAMME, Asked::default()).await,
    ];
    let service = campaign.clinical_service.name();
    for seen in &said {
        assert_eq!(
            part(&seen.figures, "completions_by_service", &service),
            Some(1)
        );
    }

    stage.said_less().await;
    for view in [Employer::NAME, University::NAME, Commissioner::NAME] {
        stage.projector.operator().rebuild(view).await.unwrap();
    }
    stage.settle().await;
    let left = [
        stage.sees(HR, Asked::default()).await,
        stage.sees(PROGRAMME, Asked::default()).await,
    ];
    assert_eq!(left[0].figures, said[0].figures);
    assert_eq!(left[1].figures, said[1].figures);
    let behind = Behind {
        figure: "completions_by_service",
        part: &service,
        moment: Moment::default(),
        after: None,
        limit: 10,
    };
    let permit = PROGRAMME.lists();
    let (items, _) = behind_of(&stage.ledger, &permit, &behind).await.unwrap();
    assert_eq!(items.len(), 1, "{items:?}");
    let permit = NATIONAL.reads();
    let counted = stage.ledger.figures::<Commissioner>(&permit, 0);
    let counted = counted.await.unwrap().figures;
    assert_eq!(counted.parts("allocation_people").count(), 1);
    assert_eq!(counted.parts("people_by_region").count(), 0);
    assert_no_drift(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_2_a_split_decision_shows_as_one_word_until_both_are_in() {
    let mut stage = Stage::new().await;
    let campaign = stage.campaign().await;
    let c2 = stage.applies(&campaign, 2, "none").await;
    stage.settle().await;
    let before = [
        stage.sees(HR, Asked::default()).await,
        stage.sees(PROGRAMME, Asked::default()).await,
    ];
    stage.decides(HR, "2025-12-12", &c2, 1, "accept").await;
    stage.settle().await;
    let [employer, university] = [
        stage.sees(HR, Asked::default()).await,
        stage.sees(PROGRAMME, Asked::default()).await,
    ];
    assert_eq!(value(&employer.figures, "awaiting_joint_outcome"), Some(1));
    assert_eq!(employer.figures, before[0].figures);
    assert_eq!(university.figures, before[1].figures);
    assert_eq!(
        university.position, before[1].position,
        "not a position moved"
    );

    stage
        .decides(ADMISSIONS, "2025-12-15", &c2, 1, "reject")
        .await;
    stage.settle().await;
    for by in [HR, PROGRAMME] {
        let seen = stage.sees(by, Asked::default()).await;
        assert_shown(
            &seen.figures,
            &[("awaiting_joint_outcome", 0), ("not_appointed", 1)],
        );
    }
    let commissioner = stage.sees(NATIONAL, Asked::default()).await;
    assert_eq!(
        value(&commissioner.figures, "applications"),
        None,
        "never the person"
    );

    let request = json!({"application": c2.application, "reason": "A level 5 certificate."});
    stage
        .does::<domain::application::RequestReconsideration>(HR, "2025-12-18", request)
        .await;
    let agree = json!({"application": c2.application, "deadline": "2025-12-23T17:00:00Z"});
    stage
        .does::<domain::application::AgreeReconsideration>(ADMISSIONS, "2025-12-19", agree)
        .await;
    stage
        .decides(ADMISSIONS, "2025-12-22", &c2, 2, "accept")
        .await;
    stage.decides(HR, "2025-12-23", &c2, 2, "accept").await;
    stage.settle().await;
    let [journey] = stage.journeys(PROGRAMME).await.try_into().unwrap();
    assert_eq!(journey.application_stage, Some(ApplicationStage::Appointed));
    assert_eq!(journey.level, Some(6));
    assert_no_drift(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_7_a_referral_is_a_pending_result_to_the_employer_and_an_attempt_to_the_university() {
    let mut stage = Stage::new().await;
    let campaign = stage.campaign().await;
    let c5 = stage.applies(&campaign, 5, "held").await;
    stage.is_appointed(&c5).await;
    stage.trains(&campaign, &c5, 5).await;
    let board = stage.board_sits("2027-03-10", "qualifying").await;
    let refer = json!({
        "refer": {"components": ["2"], "due": "2027-05-14", "next_board": "2027-06-16"},
    });
    stage.is_decided(board, "2027-03-10", &c5, refer).await;

    let employer = stage.sees(HR, Asked::default()).await;
    assert_shown(
        &employer.figures,
        &[("qualified", 0), ("results_pending", 1)],
    );
    assert_eq!(
        part(&employer.figures, "next_boards", "2027-06-16"),
        Some(1)
    );
    assert_eq!(
        value(&employer.figures, "referred"),
        None,
        "no attempt leaves the university"
    );
    let university = stage.sees(PROGRAMME, Asked::default()).await;
    assert_shown(&university.figures, &[("referred", 1), ("passed", 0)]);
    assert_eq!(part(&university.figures, "leaving_codes", "98"), Some(1));

    let resit = stage.board_sits("2027-06-16", "reassessment").await;
    stage
        .is_decided(resit, "2027-06-16", &c5, json!("pass"))
        .await;
    let university = stage.sees(PROGRAMME, Asked::default()).await;
    assert_shown(
        &university.figures,
        &[
            ("assessed", 1),
            ("passed_first_time", 0),
            ("passed_after_resit", 1),
            ("passed", 1),
            ("results_pending", 0),
        ],
    );
    assert_eq!(part(&university.figures, "leaving_codes", "01"), Some(1));
    assert_eq!(part(&university.figures, "leaving_codes", "98"), None);

    // As it was on the day after the first board.
    let asked = Asked {
        as_of: Some("2027-03-11".parse().unwrap()),
        ..Asked::default()
    };
    let then = stage.sees(HR, asked).await;
    assert_shown(&then.figures, &[("qualified", 0), ("results_pending", 1)]);
    let later = Asked {
        as_of: Some("2026-06-01".parse().unwrap()),
        ..Asked::default()
    };
    let then = stage.sees(HR, later).await;
    assert_shown(
        &then.figures,
        &[("in_training", 1), ("instalments_paid", 3)],
    );
    assert_no_drift(&stage).await;
}

#[test]
fn every_figure_is_defined_once_and_in_words() {
    for definitions in [
        Employer::DEFINITIONS,
        University::DEFINITIONS,
        Commissioner::DEFINITIONS,
    ] {
        for (n, definition) in definitions.iter().enumerate() {
            assert!(!definition.meaning.is_empty(), "{}", definition.name);
            let again = definitions[n + 1..]
                .iter()
                .any(|other| other.name == definition.name);
            assert!(!again, "{} twice", definition.name);
        }
    }
    for suppressed in Commissioner::SUPPRESSED {
        assert!(
            Commissioner::DEFINITIONS
                .iter()
                .any(|known| known.name == suppressed.figure)
        );
    }
}
