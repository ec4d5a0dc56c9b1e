use super::*;

const SUCCESSOR: u128 = 7;

/// A successor of a sector is in the directory beside the paid months.
fn with_successor(sector: EmployerSector, months: u32) -> Given {
    let mut given = cast::and_registered(funded(), tenant(SUCCESSOR), sector);
    for number in 1..=months {
        paid(&mut given, payday(number), number);
    }
    given
}

fn change() -> ChangePayee {
    ChangePayee {
        award: cast::appointment().award(),
        payee: tenant(SUCCESSOR),
    }
}

fn new_award() -> Id<FundingAward> {
    FundingAward::of_payee(
        cast::commissioner(),
        cast::appointment().application,
        tenant(SUCCESSOR),
    )
}

fn new_book(given: &Given) -> Book {
    folded(given, new_award())
}

#[test]
fn x_13_and_fund_05_at_a_transfer_the_old_payee_is_paid_to_december_and_the_new_one_from_january() {
    let mut given = with_successor(EmployerSector::ThirdSector, 10);
    let (on, national) = (date(2027, 1, 1), cast::national());
    assert_eq!(
        given.when(&national, on, &change()),
        Err(Reason::PayeeNotPermitted)
    );
    let grant = GrantPayeeException {
        payee: tenant(SUCCESSOR),
        reason: "the service was re-tendered".to_owned(),
    };
    let decided = date(2026, 12, 10);
    assert_eq!(
        given.when(&national, decided, &grant),
        Ok(vec!["PayeeExceptionGranted".to_owned()])
    );
    assert_eq!(given.when(&national, decided, &grant), Ok(vec![]));
    assert_eq!(
        given.when(&national, date(2026, 12, 9), &change()),
        Err(Reason::PayeeNotPermitted),
        "before the exception"
    );
    assert!(given.when(&national, on, &change()).is_ok());
    assert_eq!(given.when(&national, on, &change()), Ok(vec![]));

    assert_eq!(award(&given).status(), AwardStatus::Completed);
    assert_eq!(
        given.when(&national, date(2027, 1, 31), &pay(11)),
        Err(Reason::StateNotAllowed)
    );
    let parties = |id| {
        let custody = given.state::<FundingAward>(id).and_then(Decider::custody);
        custody.expect("an award").parties
    };
    assert_eq!(
        parties(new_award()),
        [cast::commissioner(), tenant(SUCCESSOR)].into(),
        "the old payee sees nothing of it"
    );
    for number in [11, 12] {
        let pay = PayInstalment {
            award: new_award(),
            number,
        };
        let on = payday(number);
        assert!(given.when(&national, on, &pay).is_ok(), "{number}");
    }
    let (old, new) = (book(&given), new_book(&given));
    assert_eq!((old.sum(), new.sum()), (0, 0));
    assert_eq!(old.net_paid() + new.net_paid(), 2_748_500);
    assert_eq!(
        old.balance(Account::Elsewhere) + new.balance(Account::Elsewhere),
        0
    );
}

#[test]
fn x_13_a_month_that_two_employers_share_is_divided_by_days() {
    let mut given = with_successor(EmployerSector::Nhs, 5);
    let on = date(2026, 8, 13);
    assert!(given.when(&cast::national(), on, &change()).is_ok());
    let month = |given: &Given, id| {
        let state = given.state::<FundingAward>(id).expect("an award");
        state
            .instalments()
            .find(|(number, _)| *number == 6)
            .map(|(_, month)| (month.pence, month.shared))
    };
    let first = cast::appointment().award();
    assert_eq!(month(&given, first), Some((229_042 - 140_381, true)));
    assert_eq!(month(&given, new_award()), Some((140_381, true)));
    paid(&mut given, date(2026, 8, 31), 6);
    assert_eq!(award(&given).status(), AwardStatus::Completed);
}

#[test]
fn x_13_a_transfer_learnt_late_takes_back_what_was_paid_for_later_days() {
    let mut given = with_successor(EmployerSector::Nhs, 6);
    given.settle(payday(6));
    let on = date(2026, 8, 13);
    assert!(given.when(&cast::national(), on, &change()).is_ok());
    given.settle(on);
    assert_eq!(closed(&mut given, date(2026, 8, 31)), 6 * 229_042 - 140_381);
    let first = new_book(&given).balance(Account::Planned);
    assert_eq!(first, 2_748_500 - 6 * 229_042 + 140_381);
    assert_eq!(book(&given).sum(), 0);
}

#[test]
fn a_payee_is_changed_by_the_commissioner_for_another_employer_with_something_left_to_pay() {
    let mut given = with_successor(EmployerSector::Nhs, 3);
    let national = cast::national();
    let on = date(2026, 6, 1);
    assert_eq!(
        given.when(&cast::hr(), on, &change()),
        Err(Reason::NotPermitted)
    );
    let same = ChangePayee {
        payee: cast::employer(),
        ..change()
    };
    assert_eq!(given.when(&national, on, &same), Err(Reason::FieldInvalid));
    assert_eq!(
        given.when(&national, date(2027, 3, 2), &change()),
        Err(Reason::StateNotAllowed),
        "after the last month"
    );
    let nobody = GrantPayeeException {
        payee: tenant(0xFF),
        reason: "unknown".to_owned(),
    };
    assert_eq!(
        given.when(&national, on, &nobody),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn fund_05_an_exception_lets_an_award_go_to_a_third_sector_employer() {
    let mut given = cast::told(&Story {
        sector: EmployerSector::ThirdSector,
        ..Story::default()
    });
    let grant = GrantPayeeException {
        payee: cast::employer(),
        reason: "no trust runs the service".to_owned(),
    };
    assert!(given.when(&cast::national(), APPROVAL, &grant).is_ok());
    assert!(given.when(&cast::national(), APPROVAL, &approve()).is_ok());
}
