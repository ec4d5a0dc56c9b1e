use jiff::civil::date;

use super::*;
use crate::{
    appointment::cast::{appointed, appointment, hr, programme_lead},
    given::Given,
};

const ON: Date = date(2026, 3, 9);

fn claim(credits: u16, learned: Date) -> ClaimPriorLearning {
    ClaimPriorLearning {
        application: appointment().application,
        credits,
        learned,
        learning: "A postgraduate module on care planning".to_owned(),
    }
}

fn decide(credits: u16) -> DecidePriorLearning {
    DecidePriorLearning {
        claim: PriorLearning::id(&appointment()),
        credits,
    }
}

fn given_credit(given: &Given) -> u16 {
    let id = PriorLearning::id(&appointment());
    given.state(id).map_or(0, PriorLearning::credits)
}

#[test]
fn train_06_a_claim_is_stored_and_counts_for_nothing_by_default() {
    let mut given = appointed();
    let twenty = claim(20, date(2024, 6, 30));
    assert_eq!(
        given.when(&programme_lead(), ON, &decide(20)),
        Err(Reason::NotPermitted),
        "nothing is claimed"
    );
    given.done(&programme_lead(), ON, &twenty);
    assert_eq!(given.when(&programme_lead(), ON, &twenty), Ok(vec![]));
    assert_eq!(
        given.when(&programme_lead(), ON, &claim(30, date(2024, 6, 30))),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(given_credit(&given), 0);
    given.done(&programme_lead(), ON, &decide(20));
    assert_eq!(given_credit(&given), 20);
    assert_eq!(given.when(&programme_lead(), ON, &decide(20)), Ok(vec![]));
    assert_eq!(
        given.when(&programme_lead(), ON, &decide(10)),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn train_06_credit_is_capped_by_policy_and_by_age() {
    let mut given = appointed();
    given.done(&programme_lead(), ON, &claim(50, date(2024, 6, 30)));
    for (credits, why) in [(51, "more than claimed"), (40, "more than 66 % of 60")] {
        assert_eq!(
            given.when(&programme_lead(), ON, &decide(credits)),
            Err(Reason::PriorLearningLimit),
            "{why}"
        );
    }
    assert!(given.when(&programme_lead(), ON, &decide(39)).is_ok());

    let mut old = appointed();
    old.done(&programme_lead(), ON, &claim(20, date(2021, 3, 8)));
    assert_eq!(
        old.when(&programme_lead(), ON, &decide(20)),
        Err(Reason::PriorLearningLimit),
        "five years and a day"
    );
    assert!(old.when(&programme_lead(), ON, &decide(0)).is_ok());
}

#[test]
fn the_employer_neither_claims_nor_learns_of_it() {
    let mut given = appointed();
    assert_eq!(
        given.when(&hr(), ON, &claim(20, date(2024, 6, 30))),
        Err(Reason::NotPermitted)
    );
    given.done(&programme_lead(), ON, &claim(20, date(2024, 6, 30)));
    let custody = given
        .state(PriorLearning::id(&appointment()))
        .and_then(Decider::custody)
        .unwrap();
    assert_eq!(custody.parties, [appointment().university].into());
    for wrong in [claim(0, ON), claim(20, date(2026, 3, 10))] {
        assert_eq!(
            given.when(&programme_lead(), ON, &wrong),
            Err(Reason::FieldInvalid)
        );
    }
}
