use super::*;
use crate::{
    funding::{
        ApproveAward, AwardStatus, CloseStatement, FundingAward, FundingStatement, PayInstalment,
        StopAward, SuspendAward,
    },
    interruption::{InterruptTraining, ResumeTraining},
    money::{Account, Book},
};
use jiff::civil::Date;

const JANUARY: Date = date(2027, 1, 1);

fn first() -> Id<FundingAward> {
    cast::appointment().award()
}

fn second() -> Id<FundingAward> {
    let application = cast::appointment().application;
    FundingAward::of_payee(cast::commissioner(), application, harbourlight())
}

fn award(given: &Given, id: Id<FundingAward>) -> &FundingAward {
    given.state(id).expect("an award")
}

fn book(given: &Given, id: Id<FundingAward>) -> Book {
    let mut book = Book::default();
    for event in given.stored(id) {
        book.note(&serde_json::from_str(&event).expect("an event of an award"));
    }
    book
}

fn pays(given: &mut Given, id: Id<FundingAward>, on: Date, number: u32) -> Result<usize, Reason> {
    let pay = PayInstalment { award: id, number };
    let outcome = given.when(&cast::national(), on, &pay);
    given.settle(on);
    outcome.map(|told| told.len())
}

/// Paid to the tenth month, December; and announced to an employer of a sector, by a decision.
fn funded(sector: EmployerSector, decision: Option<PayeeDecision>) -> (Given, Id<ServiceTransfer>) {
    let mut given = cast_with(sector);
    let approve = ApproveAward {
        application: cast::appointment().application,
        tuition_pence: None,
        salary_pence: None,
        other_sources: vec![],
    };
    given.done(&cast::national(), date(2026, 2, 16), &approve);
    given.settle(date(2026, 2, 16));
    for number in 1..=10 {
        let on = crate::calendar::months_later(cast::TEACHING_START, number - 1);
        assert!(pays(&mut given, first(), on, number).is_ok(), "{number}");
    }
    let transfer = announces(&mut given, decision);
    (given, transfer)
}

fn announces(given: &mut Given, decision: Option<PayeeDecision>) -> Id<ServiceTransfer> {
    given.done(&cast::hr(), date(2026, 11, 1), &announce());
    let transfer = given.created(cast::employer());
    given.done(&cast::hr(), date(2026, 11, 9), &assess(transfer));
    if let Some(decision) = decision {
        let decide = DecideTransferPayee { transfer, decision };
        given.done(&cast::national(), date(2026, 12, 10), &decide);
    }
    let lead = theirs(ActingRole::ProfessionalLead);
    given.done(&lead, date(2026, 12, 11), &accept(transfer));
    transfer
}

fn moves(given: &mut Given, transfer: Id<ServiceTransfer>, on: Date) {
    given.done(&cast::hr(), on, &TransferService { transfer });
    given.settle(on);
}

/// The total of a payee's statement of January.
fn stated(given: &mut Given, payee: TenantId) -> i64 {
    let on = date(2027, 1, 31);
    let close = CloseStatement { payee, month: on };
    given.done(&cast::national(), on, &close);
    let id = FundingStatement::id(cast::commissioner(), payee, JANUARY);
    let stated = given.state(id).and_then(FundingStatement::stated);
    stated.expect("closed").total_pence
}

#[test]
fn x_13_and_fund_05_the_payee_follows_the_service_by_sector_or_by_the_decision() {
    for (sector, decision) in [
        (EmployerSector::Nhs, None),
        (EmployerSector::ThirdSector, Some(PayeeDecision::Exception)),
    ] {
        let (mut given, transfer) = funded(sector, decision);
        moves(&mut given, transfer, JANUARY);
        assert_eq!(award(&given, first()).status(), AwardStatus::Completed);
        assert_eq!(award(&given, second()).payee(), Some(harbourlight()));
        let refused = pays(&mut given, first(), date(2027, 1, 4), 11);
        assert_eq!(refused, Err(Reason::StateNotAllowed));
        assert_eq!(pays(&mut given, second(), date(2027, 1, 4), 11), Ok(1));
        assert_eq!(pays(&mut given, second(), date(2027, 2, 2), 12), Ok(2));
        let paid = |id| book(&given, id).net_paid();
        assert_eq!((paid(first()), paid(second())), (2_290_418, 458_082));
        assert_eq!(paid(first()) + paid(second()), 2_748_500);
        let parties = parties(&given, first());
        assert!(!parties.contains(&harbourlight()), "each sees its own");
    }
}

#[test]
fn x_13_a_day_within_the_month_divides_it() {
    let (mut given, transfer) = funded(EmployerSector::ThirdSector, Some(PayeeDecision::Exception));
    assert_eq!(pays(&mut given, first(), date(2027, 1, 4), 11), Ok(1));
    moves(&mut given, transfer, date(2027, 1, 16));
    assert_eq!(pays(&mut given, second(), date(2027, 1, 18), 11), Ok(1));
    // 16 of the 31 days are the successor's
    let (old, new) = (book(&given, first()), book(&given, second()));
    assert_eq!(new.balance(Account::Paid), 118_215);
    assert_eq!(old.net_paid() + new.net_paid(), 2_748_500 - 229_041);
    assert_eq!(old.sum() + new.sum(), 0);
}

#[test]
fn d_10_a_transfer_learnt_late_takes_january_back_from_the_old_payee_once() {
    let (mut given, transfer) = funded(EmployerSector::ThirdSector, Some(PayeeDecision::Exception));
    // nobody knows yet: January goes to the old payee, and is stated
    assert_eq!(pays(&mut given, first(), date(2027, 1, 5), 11), Ok(1));
    moves(&mut given, transfer, JANUARY);
    moves(&mut given, transfer, JANUARY);
    assert_eq!(pays(&mut given, second(), date(2027, 1, 9), 11), Ok(1));
    assert_eq!(stated(&mut given, cast::employer()), 2_290_418);
    assert_eq!(stated(&mut given, harbourlight()), 229_041);
    let paid = |id| book(&given, id).net_paid();
    assert_eq!(paid(first()) + paid(second()), 11 * 229_041 + 8);
}

#[test]
fn fund_05_instalments_that_end_with_the_old_payee_stop_the_award_for_the_time_after() {
    let decision = Some(PayeeDecision::EndInstalments);
    let (mut given, transfer) = funded(EmployerSector::ThirdSector, decision);
    assert_eq!(pays(&mut given, first(), date(2027, 1, 5), 11), Ok(1));
    moves(&mut given, transfer, JANUARY);
    let old = award(&given, first());
    assert_eq!(old.status(), AwardStatus::Stopped);
    let told = given.stored(first()).concat();
    assert!(
        told.contains(r#"{"on":"2026-12-31","ground":"service_transferred"}"#),
        "{told}"
    );
    assert!(given.state(second()).is_none(), "nobody is paid after it");
    assert_eq!(book(&given, first()).balance(Account::Owed), 229_041);
    assert_eq!(stated(&mut given, cast::employer()), 2_290_418);
    // and no withdrawal, reversed or not, brings it back
    let before = given.stored(first());
    let propose = crate::withdrawal::ProposeWithdrawal {
        training: cast::appointment().training(),
        reason: crate::withdrawal::WithdrawalReason::Personal,
    };
    given.done(&cast::candidate(), date(2027, 1, 20), &propose);
    let (training, in_error) = (cast::appointment().training(), true);
    let confirm = crate::withdrawal::ConfirmWithdrawal { training };
    given.done(&cast::programme_lead(), date(2027, 2, 8), &confirm);
    let reverse = crate::withdrawal::ReverseWithdrawal {
        training,
        in_error,
        authority: crate::correction::Authority::Own,
    };
    given.done(&cast::programme_lead(), date(2027, 2, 9), &reverse);
    given.settle(date(2027, 2, 9));
    assert_eq!(given.stored(first()), before);
}

#[test]
fn set_13_what_the_commissioner_stopped_or_never_granted_moves_to_nobody() {
    let (mut given, transfer) = funded(EmployerSector::Nhs, None);
    let stop = StopAward { award: first() };
    given.done(&cast::national(), date(2026, 12, 20), &stop);
    let before = given.stored(first());
    moves(&mut given, transfer, JANUARY);
    assert_eq!(given.stored(first()), before);
    assert!(given.state(second()).is_none());

    let mut given = cast_with(EmployerSector::Nhs);
    let transfer = announces(&mut given, None);
    moves(&mut given, transfer, JANUARY);
    assert!(given.state(first()).is_none() && given.state(second()).is_none());
    let training = given.state(cast::appointment().training());
    assert_eq!(
        training.and_then(Training::appointment),
        Some(&now()),
        "the training goes on without money"
    );
}

#[test]
fn fund_05_a_suspension_goes_with_the_award_and_so_do_the_months_it_moved() {
    let mut given = cast_with(EmployerSector::Nhs);
    let approve = ApproveAward {
        application: cast::appointment().application,
        tuition_pence: None,
        salary_pence: None,
        other_sources: vec![],
    };
    given.done(&cast::national(), date(2026, 2, 16), &approve);
    let training = cast::appointment().training();
    let away = |expected_return| InterruptTraining {
        training,
        expected_return,
    };
    let back = ResumeTraining {
        training,
        intake: None,
    };
    let manager = actor(cast::employer(), ActingRole::ServiceManager);
    for number in 1..=2 {
        let on = crate::calendar::months_later(cast::TEACHING_START, number - 1);
        assert!(pays(&mut given, first(), on, number).is_ok());
    }
    for (by, on, command) in [
        (&manager, date(2026, 5, 1), &away(None) as &dyn Command),
        (&cast::programme_lead(), date(2026, 6, 15), &back),
        (&manager, date(2026, 12, 1), &away(None)),
    ] {
        given.done(by, on, command);
        given.settle(on);
    }
    let transfer = announces(&mut given, None);
    moves(&mut given, transfer, JANUARY);
    assert_eq!(award(&given, second()).status(), AwardStatus::Suspended);
    // the third month began on 15 June: nine were due by the end of the year
    let taken: Vec<u32> = award(&given, second())
        .instalments()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(taken, [10, 11, 12]);
    let lead = cast::programme_lead();
    given.done(&lead, date(2027, 1, 20), &back);
    given.settle(date(2027, 1, 20));
    assert_eq!(award(&given, second()).status(), AwardStatus::Active);
    let early = pays(&mut given, second(), date(2027, 1, 19), 10);
    assert_eq!(early, Err(Reason::StateNotAllowed));
    for (number, on) in [
        (10, date(2027, 1, 20)),
        (11, date(2027, 2, 20)),
        (12, date(2027, 3, 20)),
    ] {
        assert!(pays(&mut given, second(), on, number).is_ok(), "{number}");
    }

    // what the commissioner suspends stays suspended with the successor
    let (mut given, transfer) = funded(EmployerSector::Nhs, None);
    let suspend = SuspendAward { award: first() };
    given.done(&cast::national(), date(2026, 12, 20), &suspend);
    moves(&mut given, transfer, JANUARY);
    assert_eq!(award(&given, second()).status(), AwardStatus::Suspended);
}
