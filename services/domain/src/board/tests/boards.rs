//! The board itself: who makes it up, who acts without attending, what its chair does in between.

use super::*;

fn standing(given: &Given) -> &ExamBoard {
    let id = ExamBoard::id(cast::university(), &cast::role());
    given.state(id).expect("a board")
}

fn open_actions(given: &Given) -> usize {
    standing(given)
        .actions()
        .filter(|(_, action)| action.reported.is_none())
        .count()
}

#[test]
fn b_5_a_board_is_constituted_before_it_sits() {
    let (secretary, mut given) = (cast::board_secretary(), Given::baseline());
    let sits = hold(SittingKind::Qualifying, full_board());
    assert_eq!(
        given.when(&secretary, cast::BOARD, &sits),
        Err(Reason::BoardNotConstituted)
    );
    let constituted = constitute(full_board());
    assert_eq!(
        given.when(&secretary, cast::BOARD, &constituted),
        Ok(vec!["BoardConstituted".to_owned()])
    );
    assert_eq!(
        given.when(&secretary, cast::BOARD, &constituted),
        Ok(vec![])
    );
    let day_before = date(2027, 3, 9);
    assert_eq!(
        given.when(&secretary, day_before, &sits),
        Err(Reason::BoardNotConstituted)
    );
    assert!(given.when(&secretary, cast::BOARD, &sits).is_ok());
}

#[test]
fn b_5_whoever_directs_the_programme_does_not_chair_its_board() {
    let (secretary, mut given) = (cast::board_secretary(), Given::baseline());
    let on = date(2027, 1, 11);
    let director_chairs = ConstituteBoard {
        programme_director: person(41),
        ..constitute(full_board())
    };
    assert_eq!(
        given.when(&secretary, on, &director_chairs),
        Err(Reason::ChairNotIndependent)
    );
    let headless = constitute(vec![member(42, BoardCapacity::Internal)]);
    assert_eq!(
        given.when(&secretary, on, &headless),
        Err(Reason::FieldInvalid)
    );
    // an internal examiner may direct it
    let director_examines = ConstituteBoard {
        programme_director: person(42),
        ..constitute(full_board())
    };
    assert!(given.when(&secretary, on, &director_examines).is_ok());
    let other = constitute(full_board());
    assert_eq!(
        given.when(&secretary, on, &other),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn b_5_only_members_sit_and_in_their_own_capacity() {
    let mut given = cast::constituted(Given::baseline());
    let swap = |at: usize, seat| {
        let mut members = full_board();
        members[at] = seat;
        hold(SittingKind::Qualifying, members)
    };
    for stranger in [
        swap(3, member(99, BoardCapacity::External)),
        swap(3, member(46, BoardCapacity::External)),
        swap(0, member(47, BoardCapacity::Chair)),
    ] {
        let outcome = given.when(&cast::board_secretary(), cast::BOARD, &stranger);
        assert_eq!(outcome, Err(Reason::BoardNotConstituted));
    }
    // anybody may attend
    let attended = swap(4, member(99, BoardCapacity::Attending));
    let outcome = given.when(&cast::board_secretary(), cast::BOARD, &attended);
    assert!(outcome.is_ok());
}

#[test]
fn b_5_an_external_examiner_acts_without_attending_by_prior_arrangement() {
    let mut given = cast::constituted(Given::baseline());
    let secretary = cast::board_secretary();
    let mut without = full_board();
    without.retain(|member| member.capacity != BoardCapacity::External);
    let sits = hold(SittingKind::Qualifying, without);
    let arrange = |external| ArrangeExternalExaminer {
        role: cast::role(),
        external: person(external),
        sitting_date: cast::BOARD,
    };
    let before = date(2027, 3, 1);
    assert_eq!(
        given.when(&secretary, before, &arrange(42)),
        Err(Reason::BoardNotConstituted),
        "an internal examiner is none"
    );
    assert_eq!(
        given.when(&secretary, cast::BOARD, &arrange(44)),
        Err(Reason::StateNotAllowed),
        "prior means before"
    );
    assert_eq!(
        given.when(&secretary, cast::BOARD, &sits),
        Err(Reason::BoardNotQuorate)
    );
    assert_eq!(
        given.when(&secretary, before, &arrange(44)),
        Ok(vec!["ExternalExaminerArranged".to_owned()])
    );
    assert_eq!(given.when(&secretary, before, &arrange(44)), Ok(vec![]));
    assert!(given.when(&secretary, cast::BOARD, &sits).is_ok());
    assert_eq!(
        given.when(&secretary, date(2027, 3, 11), &sits),
        Err(Reason::BoardNotQuorate),
        "for that day only"
    );
}

#[test]
fn b_5_an_arrangement_does_not_count_somebody_present_twice() {
    let own = format!("board.quorum.{}", cast::university().0);
    let two = json!({ "chairs": 1, "internal": 2, "external": 2 });
    let mut given = cast::constituted(Given::baseline()).policy(&own, two);
    let secretary = cast::board_secretary();
    let sits = hold(SittingKind::Qualifying, full_board());
    for (external, expected) in [(44, Err(Reason::BoardNotQuorate)), (47, Ok(()))] {
        let arrange = ArrangeExternalExaminer {
            role: cast::role(),
            external: person(external),
            sitting_date: cast::BOARD,
        };
        let outcome = given.when(&secretary, date(2027, 3, 1), &arrange);
        assert!(outcome.is_ok());
        let outcome = given.when(&secretary, cast::BOARD, &sits).map(|_| ());
        assert_eq!(outcome, expected);
    }
}

#[test]
fn b_5_chairs_action_names_the_later_board_it_is_reported_to() {
    let mut given = cast::constituted(Given::baseline());
    let day = date(2027, 6, 2);
    let of = |kind, taken| HoldBoard {
        chairs_action: taken,
        ..hold(kind, vec![member(41, BoardCapacity::Chair)])
    };
    for wrong in [
        of(SittingKind::ChairsAction, None),
        of(SittingKind::ChairsAction, Some(action(day))),
        of(SittingKind::Qualifying, Some(action(RESIT_BOARD))),
    ] {
        let outcome = given.when(&cast::board_secretary(), day, &wrong);
        assert_eq!(outcome, Err(Reason::FieldInvalid));
    }
    held(&mut given, day, &chairs_action());
}

#[test]
fn b_5_the_chair_acts_after_consulting_an_external_examiner_where_policy_asks_for_it() {
    let mut given = cast::constituted(Given::baseline());
    let day = date(2027, 6, 2);
    let heard = |consulted| HoldBoard {
        chairs_action: Some(ActionTaken {
            consulted,
            ..action(RESIT_BOARD)
        }),
        ..chairs_action()
    };
    for nobody in [None, Some(person(42)), Some(person(99))] {
        let outcome = given.when(&cast::board_secretary(), day, &heard(nobody));
        assert_eq!(outcome, Err(Reason::BoardNotQuorate));
    }
    let mut given = given.policy("board.chairs_action.consult", json!(false));
    held(&mut given, day, &heard(None));
}

#[test]
fn b_5_a_chairs_action_concerns_one_person() {
    let mut given = examined();
    let day = date(2027, 3, 15);
    let taken = held(&mut given, day, &chairs_action());
    let pass = ratify(taken, BoardDecision::Pass);
    assert_eq!(decided(&mut given, day, &pass), ratified());
    let issue = Issue {
        by: cast::board_secretary(),
        effective: crate::calendar::midday(day),
        recorded: crate::calendar::midday(day),
        request: uuid::Uuid::nil(),
        policies: Default::default(),
        salt: crate::personal::DigestSalt(uuid::Uuid::nil()),
    };
    let another = BoardSittingAct::Ratify {
        application: Id::new(uuid::Uuid::from_u128(405)),
        person: person(12),
        role: cast::role(),
        outcome: BoardOutcome::Fail,
        portfolio_verified: true,
    };
    let sitting = given.state(taken).expect("an action");
    let refused = sitting.decide(&crate::world::Issued {
        issue,
        act: another,
    });
    assert_eq!(
        refused.map_err(|why| why.reason),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn b_5_a_chairs_action_stays_open_until_a_board_is_told() {
    let mut given = cast::constituted(Given::baseline());
    let secretary = cast::board_secretary();
    let taken = held(&mut given, date(2027, 6, 2), &chairs_action());
    assert_eq!(open_actions(&given), 1);
    let earlier = qualifying(&mut given);
    let resit = held(
        &mut given,
        RESIT_BOARD,
        &hold(SittingKind::Reassessment, full_board()),
    );
    assert_eq!(open_actions(&given), 1, "a sitting alone reports nothing");
    let report = |action, sitting| ReportChairsAction { action, sitting };
    let tell = |given: &mut Given, report: ReportChairsAction| {
        given.when(&secretary, date(2027, 6, 17), &report)
    };
    assert_eq!(
        tell(&mut given, report(taken, taken)),
        Err(Reason::FieldInvalid)
    );
    assert_eq!(
        tell(&mut given, report(taken, earlier)),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        tell(&mut given, report(resit, earlier)),
        Err(Reason::NotPermitted),
        "no chair's action"
    );
    assert_eq!(
        tell(&mut given, report(taken, resit)),
        Ok(vec!["ChairsActionReported".to_owned()])
    );
    assert_eq!(open_actions(&given), 0);
    assert_eq!(tell(&mut given, report(taken, resit)), Ok(vec![]));
    let stranger = actor(tenant(9), ActingRole::BoardSecretary);
    let outcome = given.when(&stranger, date(2027, 6, 17), &report(taken, resit));
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn b_5_every_decision_says_whether_it_is_final_and_which_board_is_next() {
    let later = FurtherWork {
        components: vec!["2".to_owned(), "portfolio".to_owned()],
        ..module_2()
    };
    let deferred = BoardDecision::DecisionDeferred {
        next_board: RESIT_BOARD,
    };
    #[rustfmt::skip]
    let table = [
        (BoardDecision::Pass,           None,              "Passed"),
        (BoardDecision::Refer(later.clone()), Some(RESIT_BOARD), "NotYetComplete"),
        (BoardDecision::Defer(later),   Some(RESIT_BOARD), "NotYetComplete"),
        (deferred,                      Some(RESIT_BOARD), "NotYetComplete"),
        (BoardDecision::Fail,           None,              "NotCompleted"),
        (BoardDecision::Withdraw,       None,              "NotCompleted"),
        (BoardDecision::ExitAward,      None,              "NotCompleted"),
    ];
    for (decision, next, told) in table {
        let mut given = examined();
        let sitting = qualifying(&mut given);
        let outcome = decided(&mut given, cast::BOARD, &ratify(sitting, decision.clone()));
        assert_eq!(outcome, ratified(), "{decision:?}");
        let (_, kept) = given
            .state(sitting)
            .expect("held")
            .outcomes()
            .next()
            .expect("one");
        assert_eq!(kept.next_board(), next, "{decision:?}");
        assert_eq!(kept.is_final(), next.is_none(), "{decision:?}");
        let outcome = given.when(&cast::board_secretary(), date(2027, 3, 12), &release());
        assert!(outcome.is_ok());
        let result = given
            .state(cast::appointment().qualification())
            .and_then(Qualification::result);
        let said = format!("{result:?}");
        assert!(said.contains(told), "{decision:?}: {said}");
        let qualified = given
            .state(cast::appointment().qualification())
            .and_then(Qualification::award);
        assert_eq!(qualified.is_some(), decision == BoardDecision::Pass);
    }
}

#[test]
fn b_5_a_deferred_decision_uses_up_no_attempt() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let next_board = date(2027, 4, 14);
    let deferred = ratify(sitting, BoardDecision::DecisionDeferred { next_board });
    assert_eq!(decided(&mut given, cast::BOARD, &deferred), ratified());
    let second = held(
        &mut given,
        next_board,
        &hold(SittingKind::Qualifying, full_board()),
    );
    let refer = ratify(second, BoardDecision::Refer(module_2()));
    assert_eq!(decided(&mut given, next_board, &refer), ratified());
    let back = BoardDecision::DecisionDeferred {
        next_board: date(2027, 6, 1),
    };
    let third = held(
        &mut given,
        date(2027, 6, 2),
        &hold(SittingKind::Qualifying, full_board()),
    );
    assert_eq!(
        decided(&mut given, date(2027, 6, 2), &ratify(third, back)),
        Err(Reason::FieldInvalid)
    );
}
