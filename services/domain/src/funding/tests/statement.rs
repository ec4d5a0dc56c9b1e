use super::*;

fn close(month: Date) -> CloseStatement {
    CloseStatement {
        payee: cast::employer(),
        month,
    }
}

fn stated(given: &Given, period: Date) -> Stated {
    let id = FundingStatement::id(cast::commissioner(), cast::employer(), period);
    let statement = given.state(id).and_then(FundingStatement::stated);
    statement.expect("closed").clone()
}

#[test]
fn a_statement_is_closed_at_the_end_of_its_month_once_and_in_order() {
    let mut given = funded();
    paid(&mut given, payday(1), 1);
    let national = cast::national();
    let (march, april) = (date(2026, 3, 1), date(2026, 4, 1));
    assert_eq!(
        given.when(&national, date(2026, 3, 30), &close(march)),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(closed(&mut given, date(2026, 3, 31)), 229_042);
    paid(&mut given, payday(2), 2);
    assert_eq!(
        given.when(&national, date(2026, 4, 30), &close(march)),
        Ok(vec![]),
        "a repeat changes nothing"
    );
    assert_eq!(closed(&mut given, date(2026, 4, 30)), 229_042);
    assert_eq!(stated(&given, march).lines.len(), 1);
    assert_eq!(
        given.when(&national, date(2026, 5, 1), &close(date(2026, 2, 1))),
        Err(Reason::StatementClosed)
    );
    assert_eq!(stated(&given, april).total_pence, 229_042);
    assert_eq!(closed(&mut given, date(2026, 5, 31)), 0, "an empty month");
}

#[test]
fn a_month_paid_late_is_in_the_statement_of_the_time_it_was_paid() {
    let mut given = funded();
    let national = cast::national();
    assert!(given.when(&national, payday(1), &pay(1)).is_ok());
    // its line is noted only after the month was closed
    let outcome = given.when(&national, date(2026, 3, 31), &close(date(2026, 3, 1)));
    assert_eq!(outcome, Err(Reason::NotPermitted), "nothing to state yet");
    given.settle(payday(1));
    assert_eq!(closed(&mut given, date(2026, 4, 30)), 229_042);
}

#[test]
fn a_statement_is_between_one_commissioner_and_one_payee() {
    let mut given = funded();
    paid(&mut given, payday(1), 1);
    let on = date(2026, 3, 31);
    let stranger = actor(tenant(9), ActingRole::CommissionerNational);
    for by in [&stranger, &cast::hr()] {
        assert_eq!(
            given.when(by, on, &close(date(2026, 3, 1))),
            Err(Reason::NotPermitted)
        );
    }
    closed(&mut given, on);
    let id = FundingStatement::id(cast::commissioner(), cast::employer(), date(2026, 3, 1));
    let parties = given
        .state(id)
        .and_then(Decider::custody)
        .expect("closed")
        .parties;
    assert_eq!(parties, [cast::commissioner(), cast::employer()].into());
}

#[test]
fn fund_15_a_line_is_salary_and_the_employers_own_costs_are_reported_to_itself_alone() {
    let (mut given, cast) = Given::vacancy_open();
    let finance = cast.employer(ActingRole::EmployerFinance);
    let record = |kind, pence| RecordEmployerCost {
        allocation: cast.allocation,
        kind,
        pence,
    };
    let on = date(2026, 4, 1);
    given.done(&finance, on, &record(CostKind::StartUp, 1_200_000));
    given.done(&finance, on, &record(CostKind::Supervision, 400_000));
    given.done(&finance, payday(3), &record(CostKind::Supervision, 350_000));
    let again = record(CostKind::StartUp, 1_200_000);
    assert_eq!(given.when(&finance, on, &again), Ok(vec![]));
    assert!(given.settle(on).is_empty(), "nothing follows from a cost");
    let id = EmployerCosts::id(cast.employer, cast.allocation);
    let costs = given.state(id).expect("recorded");
    let report: Vec<_> = costs.report().into_iter().collect();
    assert_eq!(
        report,
        [
            (CostKind::StartUp, 1_200_000),
            (CostKind::Supervision, 750_000)
        ]
    );
    let parties = Decider::custody(costs).expect("recorded").parties;
    assert_eq!(parties, [cast.employer].into());
    let stranger = actor(tenant(9), ActingRole::EmployerFinance);
    assert_eq!(given.when(&stranger, on, &again), Err(Reason::NotPermitted));
    assert_eq!(
        given.when(&finance, on, &record(CostKind::StartUp, 0)),
        Err(Reason::FieldInvalid)
    );
}
