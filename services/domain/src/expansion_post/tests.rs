use jiff::civil::{Date, date};

use super::*;
use crate::{
    actor::Actor,
    appointment::cast::{appointed, appointment, hr, in_training, programme_lead},
    given::Given,
    training::TrainingEvent,
};

const ON: Date = date(2026, 9, 1);

fn identify(position: &str) -> IdentifyExpansionPost {
    IdentifyExpansionPost {
        application: appointment().application,
        position: position.to_owned(),
        additional: true,
        occupied: false,
    }
}

fn settle(qualified: bool) -> SettleExpansionPost {
    SettleExpansionPost {
        appointment: appointment(),
        qualified,
    }
}

fn posts() -> Id<ExpansionPosts> {
    ExpansionPosts::id(appointment().employer, appointment().commissioner)
}

fn obligation(given: &Given) -> Option<Obligation> {
    let (_, post) = given.state(posts())?.posts().next()?;
    Some(post.obligation)
}

#[test]
fn fund_11_an_occupied_or_existing_post_is_no_expansion() {
    let mut given = appointed();
    let occupied = IdentifyExpansionPost {
        occupied: true,
        ..identify("P-900")
    };
    let existing = IdentifyExpansionPost {
        additional: false,
        ..identify("P-900")
    };
    for wrong in [occupied, existing] {
        assert_eq!(
            given.when(&hr(), ON, &wrong),
            Err(Reason::PostNotAdditional)
        );
    }
    given.done(&hr(), ON, &identify("P-900"));
    assert_eq!(given.when(&hr(), ON, &identify("P-900")), Ok(vec![]));
    assert_eq!(
        given.when(&hr(), ON, &identify("P-901")),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&programme_lead(), ON, &identify("P-900")),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn fund_11_one_position_is_set_aside_for_one_trainee() {
    let first = ExpansionPostsEvent::ExpansionPostIdentified {
        employer: appointment().employer,
        commissioner: appointment().commissioner,
        application: Id::new(uuid::Uuid::from_u128(77)),
        position: "P-900".to_owned(),
    };
    let mut given = appointed().happened(posts(), &first);
    assert_eq!(
        given.when(&hr(), ON, &identify("P-900")),
        Err(Reason::PostNotAdditional)
    );
    assert!(given.when(&hr(), ON, &identify("P-901")).is_ok());
}

#[test]
fn fund_11_a_post_lapses_for_who_leaves_the_training() {
    let mut given = in_training();
    given.done(&hr(), ON, &identify("P-900"));
    let training = appointment().training();
    let ended = TrainingEvent::EmploymentEndNoted {
        on: date(2026, 10, 1),
    };
    let mut given = given.happened(training, &ended);
    let lapse = LapseExpansionPost { training };
    assert_eq!(given.when(&hr(), ON, &lapse), Err(Reason::NotPermitted));
    given.done(&Actor::platform(), ON, &lapse);
    assert_eq!(obligation(&given), Some(Obligation::Lapsed));
}

#[test]
fn fund_11_a_post_is_owed_to_who_passes_and_lapses_for_who_fails() {
    for (qualified, becomes) in [(true, Obligation::Owed), (false, Obligation::Lapsed)] {
        let mut given = appointed();
        given.done(&hr(), ON, &identify("P-900"));
        assert_eq!(obligation(&given), Some(Obligation::Foreseen));
        assert_eq!(
            given.when(&hr(), ON, &settle(qualified)),
            Err(Reason::NotPermitted),
            "nobody settles it by hand"
        );
        given.done(&Actor::platform(), ON, &settle(qualified));
        assert_eq!(obligation(&given), Some(becomes));
        assert_eq!(
            given.when(&Actor::platform(), ON, &settle(qualified)),
            Ok(vec![]),
            "settled once"
        );
        given.done(&Actor::platform(), ON, &settle(true));
        assert_eq!(
            obligation(&given),
            Some(Obligation::Owed),
            "a later board may still pass somebody"
        );
    }
    let mut without = appointed();
    assert_eq!(
        without.when(&Actor::platform(), ON, &settle(true)),
        Ok(vec![]),
        "no post was identified"
    );
}
