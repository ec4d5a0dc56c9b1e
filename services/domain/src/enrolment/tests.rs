use jiff::civil::date;

use super::*;
use crate::{
    actor::ActingRole,
    appointment::cast::{self, OfferIs, Story},
    given::{Given, actor, tenant},
};

fn enrol() -> EnrolTrainee {
    cast::enrol(&cast::appointment())
}

fn enrolled(given: &mut Given, command: &EnrolTrainee) -> Result<Vec<String>, Reason> {
    given.when(&cast::programme_lead(), cast::TEACHING_START, command)
}

fn study(given: &Given) -> Study {
    given
        .state(cast::appointment().enrolment())
        .and_then(Enrolment::study)
        .cloned()
        .expect("enrolled")
}

#[test]
fn route_01_a_graduate_is_enrolled_on_the_postgraduate_certificate() {
    let mut given = cast::appointed();
    assert_eq!(
        enrolled(&mut given, &enrol()),
        Ok(vec!["ProgrammeEnrolled".to_owned()])
    );
    let study = study(&given);
    assert_eq!(
        (study.level, study.qualification.as_str()),
        (7, "Postgraduate Certificate")
    );
    assert_eq!(study.expected_board, cast::BOARD);
}

#[test]
fn d_4_a_non_graduate_is_enrolled_on_the_graduate_certificate() {
    let whose = Appointment {
        level: 6,
        ..cast::appointment()
    };
    let mut given = cast::told(&Story {
        whose: whose.clone(),
        ..Story::default()
    });
    let postgraduate = EnrolTrainee {
        level: 7,
        ..enrol()
    };
    assert_eq!(
        enrolled(&mut given, &postgraduate),
        Err(Reason::RouteMismatch)
    );
    assert!(enrolled(&mut given, &cast::enrol(&whose)).is_ok());
    assert_eq!(study(&given).qualification, "Graduate Certificate");
}

#[test]
fn route_01_a_graduate_may_not_choose_the_lower_level() {
    let mut given = cast::appointed();
    let graduate_certificate = EnrolTrainee {
        level: 6,
        ..enrol()
    };
    assert_eq!(
        enrolled(&mut given, &graduate_certificate),
        Err(Reason::RouteMismatch)
    );
}

#[test]
fn route_07_the_role_has_levels_6_and_7_only() {
    let mut given = cast::appointed();
    for level in [0, 5, 8, 255] {
        let other = EnrolTrainee { level, ..enrol() };
        assert_eq!(enrolled(&mut given, &other), Err(Reason::FieldInvalid));
    }
}

#[test]
fn b_2_student_numbers_prove_themselves_and_their_provider() {
    let mut given = cast::appointed();
    let with = |sid: &str, uln: Option<&str>| EnrolTrainee {
        sid: sid.to_owned(),
        uln: uln.map(str::to_owned),
        ..enrol()
    };
    #[rustfmt::skip]
    let table = [
        (with("26100990010000012", None),              Reason::SidCheckDigit),
        (with("22100077920000019", None),              Reason::SidProviderMismatch),
        (with(cast::SID, Some("9276308687")),          Reason::UlnCheckDigit),
    ];
    for (command, reason) in table {
        assert_eq!(enrolled(&mut given, &command), Err(reason));
    }
    assert!(enrolled(&mut given, &with(cast::SID, Some("9276308686"))).is_ok());
}

#[test]
fn enrolment_waits_for_both_parties_offer_conditions() {
    let mut given = cast::told(&Story {
        offer: OfferIs::ChecksCleared,
        ..Story::default()
    });
    assert_eq!(
        enrolled(&mut given, &enrol()),
        Err(Reason::ConditionsNotMet)
    );
}

#[test]
fn only_the_university_of_the_appointment_enrols_and_only_after_acceptance() {
    let mut given = cast::appointed();
    let other = actor(tenant(9), ActingRole::ProgrammeLead);
    let outcome = given.when(&other, cast::TEACHING_START, &enrol());
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let mut given = cast::told(&Story {
        offer: OfferIs::Made,
        ..Story::default()
    });
    assert_eq!(enrolled(&mut given, &enrol()), Err(Reason::NotPermitted));
}

#[test]
fn train_07_the_curriculum_version_of_the_intake_is_pinned() {
    let mut given = cast::appointed();
    assert!(enrolled(&mut given, &enrol()).is_ok());
    assert_eq!(study(&given).curriculum, "2");
    let replanned = crate::programme::IntakeEvent::IntakePlanned {
        terms: Box::new(crate::programme::IntakeTerms {
            curriculum_version: "3".to_owned(),
            ..cast::intake_terms()
        }),
    };
    let given = given.happened(cast::appointment().intake, &replanned);
    assert_eq!(study(&given).curriculum, "2");
}

#[test]
fn time_07_a_late_starter_starts_teaching_on_their_own_day() {
    let mut given = cast::appointed();
    let late = date(2026, 3, 16);
    assert!(given.when(&cast::programme_lead(), late, &enrol()).is_ok());
    assert_eq!(study(&given).starts, late);
    let mut given = cast::appointed();
    let too_late = date(2026, 3, 31);
    let outcome = given.when(&cast::programme_lead(), too_late, &enrol());
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    let mut given = cast::appointed();
    let early = date(2026, 2, 25);
    assert!(given.when(&cast::programme_lead(), early, &enrol()).is_ok());
    assert_eq!(study(&given).starts, cast::TEACHING_START);
}

#[test]
fn d_15_a_repeated_enrolment_adds_nothing_and_another_student_number_is_refused() {
    let mut given = cast::appointed();
    assert!(enrolled(&mut given, &enrol()).is_ok());
    assert_eq!(enrolled(&mut given, &enrol()), Ok(vec![]));
    let other = EnrolTrainee {
        sid: "26100990010000022".to_owned(),
        ..enrol()
    };
    assert_eq!(enrolled(&mut given, &other), Err(Reason::AlreadyRecorded));
}

#[test]
fn c_2_the_employer_is_no_party_of_an_enrolment() {
    let mut given = cast::appointed();
    assert!(enrolled(&mut given, &enrol()).is_ok());
    let custody = given
        .state(cast::appointment().enrolment())
        .and_then(Decider::custody)
        .expect("enrolled");
    assert_eq!(custody.parties, [cast::university()].into());
    assert!(!custody.admits(&cast::hr()));
    let noted = given.settle(cast::TEACHING_START);
    assert_eq!(noted, ["EnrolmentNoted"]);
    let shared = given.stored(cast::appointment().training()).concat();
    assert!(!shared.contains(cast::SID));
}
