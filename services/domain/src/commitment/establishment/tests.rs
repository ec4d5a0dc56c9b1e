use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    commitment::{BringCommitmentDue, EvidenceQualifiedPost},
    given::{
        Given, actor,
        cast::{BAND_5_PERMANENT_BASELINE, Cast},
        person, tenant,
    },
    refusal::Reason,
};

fn change(cast: &Cast, kind: &str, posts: i32) -> RecordPostChange {
    RecordPostChange {
        commitment: cast.commitment,
        clinical_service: cast.clinical_service,
        kind: kind.to_owned(),
        posts,
    }
}

fn growth(given: &Given, cast: &Cast) -> Vec<(Date, Growth)> {
    let id = Establishment::id(cast.employer, cast.commissioner, cast.clinical_service);
    let growth = given.state(id).map(Establishment::growth);
    growth.unwrap_or_default().into_iter().collect()
}

/// A qualified post comes to the service in April 2027.
fn grown() -> (Given, Cast, Actor) {
    let (mut given, cast) = Given::vacancy_open();
    let manager = cast.employer(ActingRole::ServiceManager);
    let application = Id::new(uuid::Uuid::from_u128(0xC1));
    let due = BringCommitmentDue {
        application,
        vacancy: cast.vacancy,
        person: person(0xC1),
        qualified_on: date(2027, 3, 10),
    };
    given.done(&Actor::platform(), date(2027, 3, 10), &due);
    let evidence = EvidenceQualifiedPost {
        commitment: cast.commitment,
        application,
        employer: cast.employer,
        clinical_service: cast.clinical_service,
        post: BAND_5_PERMANENT_BASELINE,
        replaces: None,
        position: None,
    };
    let on = date(2027, 4, 5);
    given.done(&manager, on, &evidence);
    let note = NoteQualifiedPost {
        commitment: cast.commitment,
        clinical_service: cast.clinical_service,
        starts_on: on,
    };
    given.done(&Actor::platform(), on, &note);
    (given, cast, manager)
}

#[test]
fn practice_10_a_therapist_post_that_goes_in_the_month_the_role_comes_is_an_offset() {
    let (mut given, cast, manager) = grown();
    assert!(
        growth(&given, &cast)
            .iter()
            .all(|(_, month)| !month.offset())
    );
    let gone = change(&cast, "psychological_therapist", -1);
    given.done(&manager, date(2027, 4, 30), &gone);
    let april = Growth {
        role: 1,
        protected: -1,
    };
    assert_eq!(growth(&given, &cast), [(date(2027, 4, 1), april)]);
    assert!(april.offset());
}

#[test]
fn practice_10_growth_beside_growth_or_in_another_month_is_none() {
    let (mut given, cast, manager) = grown();
    let more = change(&cast, "practitioner_psychologist", 2);
    given.done(&manager, date(2027, 4, 12), &more);
    let fewer = change(&cast, "psychological_therapist", -1);
    given.done(&manager, date(2027, 6, 1), &fewer);
    assert_eq!(given.when(&manager, date(2027, 6, 1), &fewer), Ok(vec![]));
    let offsets: Vec<bool> = growth(&given, &cast)
        .iter()
        .map(|(_, month)| month.offset())
        .collect();
    assert_eq!(offsets, [false, false]);
}

#[test]
fn practice_10_only_the_role_and_protected_kinds_of_the_employers_own_services_are_counted() {
    let (mut given, cast, manager) = grown();
    let on = date(2027, 5, 3);
    for wrong in [
        change(&cast, "porter", 1),
        change(&cast, "MHWP", 0),
        change(&cast, "MHWP", POSTS_CHANGED_MAX + 1),
    ] {
        assert_eq!(given.when(&manager, on, &wrong), Err(Reason::FieldInvalid));
    }
    let stranger = actor(tenant(9), ActingRole::ServiceManager);
    let fair = change(&cast, "MHWP", 1);
    assert_eq!(given.when(&stranger, on, &fair), Err(Reason::NotPermitted));
}
