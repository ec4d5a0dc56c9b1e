//! What a decision must rest on: scores, lawful grounds, evidence of study.

use super::*;

#[test]
fn joint_05_every_essential_criterion_of_the_own_side_is_scored() {
    let mut cast = applied().deciding();
    for verdict in [accept(Party::Employer), reject("driving", Party::Employer)] {
        let mut unscored = verdict;
        unscored.scores.truncate(1);
        let unscored = cast.decide(1, unscored);
        assert_eq!(
            cast.when(&hr(), DAY, &unscored),
            Err(Reason::CriterionNotScored)
        );
    }
    let score = |criterion: &str, points| Score {
        criterion: criterion.to_owned(),
        points,
    };
    for extra in [
        score("academic_writing", 50),
        score("made_up", 50),
        score("driving", POINTS_MAX + 1),
        score("team_aptitude", 10),
    ] {
        let mut decision = accept(Party::Employer);
        decision.scores.push(extra);
        let decision = cast.decide(1, decision);
        assert_eq!(cast.when(&hr(), DAY, &decision), Err(Reason::FieldInvalid));
    }
    let mut complete = accept(Party::Employer);
    complete.scores.push(score("driving", 0));
    let complete = cast.decide(1, complete);
    assert_eq!(cast.when(&hr(), DAY, &complete), sealed());
}

#[test]
fn joint_08_route_09_experience_and_degree_subject_are_no_grounds() {
    let mut cast = applied().deciding();
    for (ground, reason) in [
        ("mental_health_experience", Reason::ExperienceNotACriterion),
        ("psychology_degree", Reason::ExperienceNotACriterion),
        ("academic_writing", Reason::FieldInvalid),
        ("ability_to_study", Reason::FieldInvalid),
    ] {
        let decision = cast.decide(1, reject(ground, Party::Employer));
        assert_eq!(cast.when(&hr(), DAY, &decision), Err(reason), "{ground}");
    }
    let mut groundless = reject("team_aptitude", Party::Employer);
    groundless.grounds.clear();
    let groundless = cast.decide(1, groundless);
    assert_eq!(
        cast.when(&hr(), DAY, &groundless),
        Err(Reason::FieldInvalid)
    );
    let mut contradictory = reject("team_aptitude", Party::Employer);
    contradictory.conditions.push("driving_licence".to_owned());
    let contradictory = cast.decide(1, contradictory);
    assert_eq!(
        cast.when(&hr(), DAY, &contradictory),
        Err(Reason::FieldInvalid)
    );
    let rejected = cast.decide(1, reject("team_aptitude", Party::Employer));
    assert_eq!(cast.when(&hr(), DAY, &rejected), sealed());
}

#[test]
fn route_03_a_university_accepts_a_non_graduate_only_on_study_evidence() {
    for degree in [Degree::None, Degree::Pending] {
        let mut cast = applied_with(degree).deciding();
        let accepts = cast.decide(1, accept(Party::University));
        assert_eq!(
            cast.when(&tutor(), DAY, &accepts),
            Err(Reason::StudyEvidenceRequired)
        );
        let employer = cast.decide(1, accept(Party::Employer));
        assert_eq!(
            cast.when(&hr(), DAY, &employer),
            sealed(),
            "the employer is not asked"
        );
        let rejects = cast.decide(1, reject("ability_to_study", Party::University));
        cast.when(&tutor(), DAY, &rejects)
            .expect("a rejection needs none");
    }
}

#[test]
fn taxo_07_a_nursing_associate_has_level_three_and_gcses_in_mathematics_and_english() {
    let mut cast = applied_with(Degree::None).deciding();
    let row = crate::policy::baseline::baseline()
        .into_iter()
        .find(|row| row.policy == "role.NURSING_ASSOCIATE")
        .expect("a row");
    cast.given = std::mem::take(&mut cast.given).policy("role.MHWP", row.value);
    let accepts = cast.decide(1, accept(Party::University));
    use crate::application::StudyEvidenceKind::{GcseEnglish, GcseMathematics, LevelThree};
    for kind in [LevelThree, GcseEnglish, GcseMathematics] {
        assert_eq!(
            cast.when(&tutor(), DAY, &accepts),
            Err(Reason::StudyEvidenceRequired),
            "without {kind}"
        );
        let add = crate::application::AddStudyEvidence {
            application: cast.application,
            kind,
            detail: "A certificate.".to_owned(),
        };
        cast.when(&tutor(), DAY, &add).expect("added");
    }
    assert_eq!(cast.when(&tutor(), DAY, &accepts), sealed());
}
