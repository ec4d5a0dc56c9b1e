use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    commitment::{BreachRegister, BringCommitmentDue, Broken, EvidenceQualifiedPost, PostTerms},
    given::{
        Given, actor,
        cast::{BAND_5_PERMANENT_BASELINE, Cast, SEVERNVALE},
        person, tenant,
    },
    reactions::{Occurred, Reaction, Timer, react},
    refusal::Reason,
};

const PASSED: Date = date(2027, 3, 10);
/// The day after the evidence window of three months.
const LATE: Date = date(2027, 6, 11);

fn graduate(n: u128) -> Id<Application> {
    Id::new(uuid::Uuid::from_u128(0xC0 + n))
}

/// Four of Northmoor's trainees pass on one day.
fn four_due() -> (Given, Cast) {
    let (mut given, cast) = Given::vacancy_open();
    for n in 1..=4 {
        let due = BringCommitmentDue {
            application: graduate(n),
            vacancy: cast.vacancy,
            person: person(0xC0 + n),
            qualified_on: PASSED,
        };
        given.done(&Actor::platform(), PASSED, &due);
    }
    (given, cast)
}

fn evidence(cast: &Cast, n: u128) -> EvidenceQualifiedPost {
    EvidenceQualifiedPost {
        commitment: cast.commitment,
        application: graduate(n),
        employer: cast.employer,
        clinical_service: cast.clinical_service,
        post: BAND_5_PERMANENT_BASELINE,
        replaces: None,
        position: None,
    }
}

fn late(cast: &Cast, n: u128) -> NoteCommitmentOverdue {
    NoteCommitmentOverdue {
        commitment: cast.commitment,
        application: graduate(n),
    }
}

fn confirm(cast: &Cast, n: u128) -> ConfirmBreach {
    ConfirmBreach {
        commitment: cast.commitment,
        application: graduate(n),
    }
}

fn grace(cast: &Cast, n: u128, until: Date) -> GrantGrace {
    GrantGrace {
        commitment: cast.commitment,
        application: graduate(n),
        until,
    }
}

fn standing(given: &Given, cast: &Cast, n: u128) -> Standing {
    let commitment = given.state(cast.commitment).unwrap();
    commitment.promise(graduate(n)).unwrap().standing
}

fn manager(cast: &Cast) -> Actor {
    cast.employer(ActingRole::ServiceManager)
}

#[test]
fn fund_08_and_d_11_overdue_then_grace_for_one_and_a_breach_for_the_other() {
    let (mut given, cast) = four_due();
    for n in [1, 2] {
        given.done(&manager(&cast), date(2027, 4, 5), &evidence(&cast, n));
    }
    let fixed_term = EvidenceQualifiedPost {
        post: PostTerms {
            permanent: false,
            ..BAND_5_PERMANENT_BASELINE
        },
        ..evidence(&cast, 3)
    };
    let band_4 = EvidenceQualifiedPost {
        post: PostTerms {
            band: 4,
            ..BAND_5_PERMANENT_BASELINE
        },
        ..evidence(&cast, 4)
    };
    for refused in [&fixed_term, &band_4] {
        let outcome = given.when(&manager(&cast), date(2027, 4, 5), refused);
        assert_eq!(outcome, Err(Reason::CommitmentTermsNotMet));
    }
    let overdue: Vec<_> = (1..=4)
        .map(|n| given.when(&Actor::platform(), LATE, &late(&cast, n)))
        .collect();
    let told = || Ok(vec!["CommitmentOverdue".to_owned()]);
    assert_eq!(overdue, [Ok(vec![]), Ok(vec![]), told(), told()]);

    let mitigation = OfferMitigation {
        commitment: cast.commitment,
        application: graduate(3),
        permanent_from: date(2027, 8, 1),
    };
    assert_eq!(
        given.when(&manager(&cast), LATE, &mitigation),
        Ok(vec!["MitigationOffered".to_owned()])
    );
    let until = date(2027, 8, 31);
    assert_eq!(
        given.when(&cast.national(), LATE, &grace(&cast, 3, until)),
        Ok(vec!["GraceGranted".to_owned()])
    );
    assert_eq!(
        given.when(&cast.national(), LATE, &confirm(&cast, 3)),
        Err(Reason::StateNotAllowed),
        "not before the grace is over"
    );
    assert_eq!(
        given.when(&cast.national(), LATE, &confirm(&cast, 4)),
        Ok(vec!["CommitmentBreached".to_owned()])
    );
    let promise = given.state(cast.commitment).unwrap().promise(graduate(3));
    assert_eq!(promise.unwrap().mitigation, Some(date(2027, 8, 1)));
    assert_eq!(standing(&given, &cast, 3), Standing::Grace { until });
    let kind = BreachKind::NoQualifiedPost;
    assert_eq!(
        standing(&given, &cast, 4),
        Standing::Breached { kind, on: LATE }
    );

    // 5: where the graduate goes then makes nothing good
    assert_eq!(
        given.when(&manager(&cast), date(2027, 7, 1), &evidence(&cast, 4)),
        Err(Reason::StateNotAllowed)
    );
    let end = EndGrace {
        commitment: cast.commitment,
        application: graduate(3),
    };
    assert_eq!(given.when(&Actor::platform(), until, &end), Ok(vec![]));
    assert_eq!(
        given.when(&Actor::platform(), date(2027, 9, 1), &end),
        Ok(vec!["CommitmentBreached".to_owned()])
    );
}

#[test]
fn fund_08_only_the_commissioner_grants_grace_and_finds_a_breach() {
    let (mut given, cast) = four_due();
    let on = date(2027, 6, 10);
    assert_eq!(
        given.when(&cast.national(), on, &confirm(&cast, 1)),
        Err(Reason::StateNotAllowed),
        "the last day for the evidence is the employer's"
    );
    let stranger = actor(tenant(0xE9), ActingRole::CommissionerNational);
    for command in [
        &confirm(&cast, 1) as &dyn Command,
        &grace(&cast, 1, date(2027, 8, 31)),
    ] {
        for by in [&stranger, &manager(&cast)] {
            assert_eq!(
                given.when(by, LATE, command),
                Err(Reason::NotPermitted),
                "{command:?}"
            );
        }
    }
    for until in [LATE, date(2027, 12, 12)] {
        assert_eq!(
            given.when(&cast.national(), LATE, &grace(&cast, 1, until)),
            Err(Reason::FieldInvalid),
            "policy commitment.grace_max"
        );
    }
}

#[test]
fn grace_can_be_extended_and_the_earlier_end_breaks_nothing() {
    let (mut given, cast) = four_due();
    let first = grace(&cast, 1, date(2027, 7, 31));
    given.done(&cast.national(), LATE, &first);
    assert_eq!(given.when(&cast.national(), LATE, &first), Ok(vec![]));
    let longer = grace(&cast, 1, date(2027, 8, 31));
    given.done(&cast.national(), date(2027, 7, 20), &longer);
    let end = EndGrace {
        commitment: cast.commitment,
        application: graduate(1),
    };
    assert_eq!(
        given.when(&Actor::platform(), date(2027, 8, 1), &end),
        Ok(vec![])
    );
    given.done(&manager(&cast), date(2027, 8, 1), &evidence(&cast, 1));
    assert_eq!(
        given.when(&Actor::platform(), date(2027, 9, 1), &end),
        Ok(vec![]),
        "kept within the grace"
    );
}

#[test]
fn fund_02_and_x_14_a_post_is_maintained_for_the_time_of_policy() {
    let (mut given, cast) = four_due();
    let started = date(2027, 4, 5);
    given.done(&manager(&cast), started, &evidence(&cast, 1));
    let promise = given.state(cast.commitment).unwrap().promise(graduate(1));
    assert_eq!(promise.unwrap().maintain_until, Some(date(2029, 4, 5)));
    let maintained = NoteCommitmentMaintained {
        commitment: cast.commitment,
        application: graduate(1),
    };
    let early = given.when(&Actor::platform(), date(2029, 4, 4), &maintained);
    assert_eq!(early, Ok(vec![]));
    let after = given.when(&Actor::platform(), date(2029, 4, 5), &maintained);
    assert_eq!(after, Ok(vec!["CommitmentMaintained".to_owned()]));
    let ended = ReportPostEnded {
        commitment: cast.commitment,
        application: graduate(1),
    };
    let outcome = given.when(&manager(&cast), date(2029, 5, 1), &ended);
    assert_eq!(outcome, Err(Reason::StateNotAllowed), "nothing is owed now");
}

#[test]
fn fund_02_and_d_11_a_post_deleted_at_month_ten_is_the_second_kind_of_breach() {
    let (mut given, cast) = four_due();
    given.done(&manager(&cast), date(2027, 4, 5), &evidence(&cast, 1));
    let ended = ReportPostEnded {
        commitment: cast.commitment,
        application: graduate(1),
    };
    let stranger = actor(tenant(SEVERNVALE), ActingRole::ServiceManager);
    let on = date(2028, 2, 4);
    assert_eq!(given.when(&stranger, on, &ended), Err(Reason::NotPermitted));
    assert_eq!(
        given.when(&manager(&cast), date(2027, 4, 4), &ended),
        Err(Reason::StateNotAllowed),
        "before its first day"
    );
    assert_eq!(
        given.when(&manager(&cast), on, &ended),
        Ok(vec![
            "PostNotMaintained".to_owned(),
            "CommitmentBreached".to_owned()
        ])
    );
    let kind = BreachKind::PostNotMaintained;
    assert_eq!(standing(&given, &cast, 1), Standing::Breached { kind, on });
    assert_eq!(given.when(&manager(&cast), on, &ended), Ok(vec![]));
    assert_eq!(
        given.when(&manager(&cast), date(2028, 3, 1), &ended),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn fund_08_and_ready_01_a_breach_is_noted_between_employer_and_commissioner_until_made_good() {
    let (mut given, cast) = four_due();
    given.done(&cast.national(), LATE, &confirm(&cast, 1));
    let broken = Broken {
        commitment: cast.commitment,
        application: graduate(1),
    };
    let note = crate::commitment::NoteBreach {
        broken: broken.clone(),
        kind: BreachKind::NoQualifiedPost,
    };
    given.done(&Actor::platform(), LATE, &note);
    assert_eq!(given.when(&Actor::platform(), LATE, &note), Ok(vec![]));
    let id = BreachRegister::id(cast.employer, cast.commissioner);
    let register = given.state(id).unwrap();
    assert_eq!(register.open().collect::<Vec<_>>(), [&broken]);
    let parties = crate::world::Decider::custody(register).unwrap().parties;
    assert_eq!(parties, [cast.employer, cast.commissioner].into());
    let parties = given
        .state(cast.commitment)
        .and_then(crate::world::Decider::custody)
        .unwrap()
        .parties;
    assert!(
        !parties.contains(&cast.university),
        "C.4: a breach is nothing of the university's"
    );
    // (READY-01) the next round waits until it is made good
    let lead = cast.employer(ActingRole::ProfessionalLead);
    let next = crate::given::cast::interest(cast.employer, crate::actor::Region::NorthWest, 4);
    given.done(&lead, date(2027, 7, 1), &next);
    let allocation = given.created(cast.employer);
    let ready = crate::given::cast::readiness(allocation, &cast.supervisors);
    let on = date(2027, 8, 2);
    assert_eq!(given.when(&lead, on, &ready), Err(Reason::EmployerNotReady));
    // nothing was ever paid, so nothing comes back and the breach is good
    let settled = crate::funding::RecoverBreach { broken };
    given.done(&Actor::platform(), date(2027, 9, 30), &settled);
    let register = given.state(id).unwrap();
    assert_eq!((register.open().count(), register.noted().count()), (0, 1));
    given.done(&lead, date(2027, 10, 1), &ready);
}

/// The timers an event asks for.
fn timers(fact: CommitmentEvent) -> Vec<(Date, Timer)> {
    let event = Occurred {
        stream: uuid::Uuid::from_u128(7),
        sequence: 1,
        effective: crate::calendar::midday(PASSED),
        fact: crate::fact::Fact::Commitment(fact),
    };
    react(&event)
        .into_iter()
        .filter_map(|reaction| match reaction {
            Reaction::Timer(due, timer) => Some((crate::calendar::london_date(due), timer)),
            Reaction::Command(..) | Reaction::DestroyKeys { .. } => None,
        })
        .collect()
}

#[test]
fn x_14_every_period_of_a_promise_has_its_timer() {
    let (commitment, application) = (Id::new(uuid::Uuid::from_u128(7)), graduate(1));
    let due = CommitmentEvent::CommitmentDue {
        application,
        person: person(1),
        qualified_on: PASSED,
        evidence_by: date(2027, 6, 10),
        clinical_service: Id::new(uuid::Uuid::nil()),
    };
    let evidence = Timer::CommitmentEvidence {
        commitment,
        application,
    };
    assert_eq!(timers(due), [(LATE, evidence)]);
    let grace = CommitmentEvent::GraceGranted {
        application,
        until: date(2027, 8, 31),
    };
    let over = Timer::CommitmentGrace {
        commitment,
        application,
    };
    assert_eq!(timers(grace), [(date(2027, 9, 1), over)]);
    let discharged = CommitmentEvent::CommitmentDischarged {
        application,
        maintain_until: Some(date(2029, 4, 5)),
    };
    let maintained = Timer::CommitmentMaintenance {
        commitment,
        application,
    };
    assert_eq!(timers(discharged), [(date(2029, 4, 5), maintained)]);
}

#[test]
fn a_discharge_of_before_the_maintenance_was_recorded_is_still_read() {
    let old = serde_json::json!({"CommitmentDischarged": {"application": graduate(1)}});
    let current = crate::upcast::upcast("CommitmentDischarged", "1.0", old).unwrap();
    let event: CommitmentEvent = serde_json::from_value(current).unwrap();
    let expected = CommitmentEvent::CommitmentDischarged {
        application: graduate(1),
        maintain_until: None,
    };
    assert_eq!(event, expected);
}
