//! Ten thousand random awards: whatever is paid, interrupted, ended, taken back, claimed, waived,
//! changed and stated, the accounts balance to the penny and no month comes back twice.

use std::{collections::BTreeMap, sync::LazyLock};

use super::*;
use crate::{
    actor::Actor, calendar::months_later, money::postings, policy::PolicyRegister,
    training::TrainingYear,
};

static REGISTER: LazyLock<std::sync::Arc<PolicyRegister>> = LazyLock::new(|| {
    let given = Given::baseline();
    std::sync::Arc::new(given.state(PolicyRegister::id()).cloned().expect("set"))
});

const YEAR: TrainingYear = TrainingYear {
    starts: date(2026, 3, 2),
    ends: date(2027, 3, 1),
};

#[derive(Debug, Clone, Copy)]
enum Step {
    Pay,
    Suspend,
    Resume,
    Stop,
    Reinstate,
    Claim(u32),
    Waive(u32),
    Breach(u32),
    PayChange(i64),
    ChangePayee,
    CloseStatement,
    Wait(i32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Pay),
        4 => (0i32..40).prop_map(Step::Wait),
        1 => Just(Step::Suspend),
        1 => Just(Step::Resume),
        1 => Just(Step::Stop),
        1 => Just(Step::Reinstate),
        1 => (1u32..=12).prop_map(Step::Claim),
        1 => (1u32..=3).prop_map(Step::Waive),
        1 => (0u32..=24).prop_map(Step::Breach),
        1 => (2_500_000i64..3_500_000).prop_map(Step::PayChange),
        1 => Just(Step::ChangePayee),
        2 => Just(Step::CloseStatement),
    ]
}

/// One payee's award with its book and its account.
#[derive(Default)]
struct Held {
    award: FundingAward,
    book: Book,
    account: PayeeAccount,
    events: Vec<FundingAwardEvent>,
    /// Lines of closed statements.
    stated: Vec<Line>,
}

struct Life {
    held: Vec<Held>,
    today: Date,
    committed: bool,
}

fn issued<A>(by: Actor, on: Date, act: A) -> Issued<A> {
    let issue = Issue {
        by,
        effective: midday(on),
        recorded: midday(on),
        request: Uuid::nil(),
        policies: Policies::of(REGISTER.clone()),
        salt: crate::personal::DigestSalt(Uuid::nil()),
    };
    Issued { issue, act }
}

impl Held {
    fn id(&self) -> Id<FundingAward> {
        Id::new(Uuid::from_u128(
            self.award.payee().map_or(0, |payee| payee.0.as_u128()),
        ))
    }

    /// Decides, folds and posts; refusals change nothing.
    fn does(&mut self, on: Date, act: FundingAwardAct) -> bool {
        let Ok(events) = self.award.decide(&issued(cast::national(), on, act)) else {
            return false;
        };
        for event in events {
            self.takes(on, event);
        }
        true
    }

    fn takes(&mut self, on: Date, event: FundingAwardEvent) {
        assert!(
            postings(&event)
                .iter()
                .all(|posting| posting.from != posting.to),
            "a posting moves money"
        );
        self.book.note(&event);
        self.events.push(event.clone());
        let sequence = self.events.len() as u64;
        self.award.evolve(event.clone());
        let award = self.id();
        let stated = crate::reactions::react(&crate::reactions::Occurred {
            stream: award.0,
            sequence,
            effective: midday(on),
            fact: crate::fact::Fact::FundingAward(event.clone()),
        });
        // what reactions note, as their commands would
        for line in lines_of(award, sequence, &event) {
            assert!(!stated.is_empty());
            self.notes(on, line);
        }
        if let FundingAwardEvent::RecoveryCaseEnded {
            case,
            end: CaseEnd::Waived { .. } | CaseEnd::Withdrawn,
            ..
        } = event
        {
            let withdraw = PayeeAccountAct::Withdraw {
                between: self.between(),
                award,
                case,
            };
            self.accounts(on, withdraw);
        }
    }

    fn between(&self) -> (crate::actor::TenantId, crate::actor::TenantId) {
        (cast::commissioner(), self.award.payee().expect("approved"))
    }

    fn notes(&mut self, on: Date, line: Line) {
        let between = self.between();
        self.accounts(on, PayeeAccountAct::Note { between, line });
    }

    fn accounts(&mut self, on: Date, act: PayeeAccountAct) -> Vec<Line> {
        let mut stated = vec![];
        let decided = self.account.decide(&issued(cast::national(), on, act));
        for event in decided.unwrap_or_default() {
            if let PayeeAccountEvent::LinesStated { lines, .. } = &event {
                stated.clone_from(lines);
            }
            self.account.evolve(event);
        }
        stated
    }

    fn closes(&mut self, on: Date) {
        let period = on.first_of_month();
        let statement = Id::new(Uuid::nil());
        let lines = self.accounts(on, PayeeAccountAct::Close { period, statement });
        for line in &lines {
            if let LineKind::Recovery { case } = line.kind {
                assert!(self.does(on, FundingAwardAct::Settle { case, statement }));
                assert!(
                    matches!(
                        self.award.case(case),
                        Some((_, Some(CaseEnd::Settled { .. })))
                    ),
                    "what is set off is settled"
                );
            }
        }
        self.stated.extend(lines);
    }

    /// What must be true whatever happened.
    fn holds(&self) {
        assert_eq!(self.book.sum(), 0, "out of balance");
        let planned: i64 = self.award.planned().map(|share| share.pence).sum();
        assert_eq!(self.book.balance(Account::Planned), planned);
        let open: i64 = self
            .award
            .cases()
            .filter(|(_, end)| end.is_none())
            .map(|(case, _)| case.pence())
            .sum();
        assert_eq!(self.book.balance(Account::Owed), open);
        let settled: i64 = self
            .award
            .cases()
            .filter(|(_, end)| matches!(end, Some(CaseEnd::Settled { .. })))
            .map(|(case, _)| case.pence())
            .sum();
        assert_eq!(self.book.balance(Account::Recovered), settled);
        let net: i64 = self
            .award
            .instalments()
            .filter(|(_, month)| month.paid.is_some())
            .map(|(_, month)| month.net())
            .sum();
        assert_eq!(
            self.book.balance(Account::Paid) + open + settled,
            net,
            "what was paid is kept, owed or back"
        );
        let lines: i64 = self
            .stated
            .iter()
            .chain(self.account.open())
            .map(|line| line.pence)
            .sum();
        assert_eq!(
            lines,
            self.book.balance(Account::Paid),
            "statements say what the book says"
        );
        let mut claims: BTreeMap<u32, i64> = BTreeMap::new();
        for (case, end) in self.award.cases() {
            if end == Some(&CaseEnd::Withdrawn) {
                continue;
            }
            for line in &case.lines {
                assert!(
                    claims.insert(line.number, line.pence).is_none(),
                    "month {} claimed twice",
                    line.number
                );
                assert!(line.pence > 0);
            }
        }
        for (number, pence) in claims {
            let month = self.award.months.get(&number).expect("a month");
            assert!(month.paid.is_some(), "only from what was paid");
            assert!(pence <= month.net().max(month.pence));
        }
    }
}

fn lines_of(award: Id<FundingAward>, sequence: u64, event: &FundingAwardEvent) -> Vec<Line> {
    let line = |kind, pence, on| Line {
        award,
        kind,
        pence,
        on,
    };
    match event {
        FundingAwardEvent::InstalmentPaid { number, pence, on } => {
            vec![line(LineKind::Instalment { number: *number }, *pence, *on)]
        }
        FundingAwardEvent::InstalmentAdjusted {
            number,
            pence,
            from,
        } => {
            let number = *number;
            vec![line(
                LineKind::Adjustment { number, sequence },
                *pence,
                *from,
            )]
        }
        FundingAwardEvent::PayeeEnded { paid, on, .. } => paid
            .iter()
            .map(|share| {
                let number = share.number;
                line(LineKind::Adjustment { number, sequence }, -share.pence, *on)
            })
            .collect(),
        FundingAwardEvent::RecoveryCaseOpened { case } => {
            let kind = LineKind::Recovery { case: case.number };
            vec![line(kind, -case.pence(), case.on)]
        }
        _ => vec![],
    }
}

impl Life {
    fn begins(salary: i64, committed: bool) -> Self {
        let mut life = Self {
            held: vec![Held::default()],
            today: YEAR.starts,
            committed: false,
        };
        life.approved(salary, committed);
        life
    }

    fn approved(&mut self, salary_pence: i64, committed: bool) {
        self.committed = committed;
        let approval = Approval {
            award: Award {
                appointment: cast::appointment(),
                commitment: cast::appointment().commitment(),
                tuition_pence: 500_000,
                salary_pence,
                instalments: 12,
            },
            other_sources: vec![],
            conditions_met: true,
            commitment_given: committed,
            payee_permitted: true,
            outside_england: None,
            lock: LockAnswer::Clear { exemption: None },
        };
        self.held[0].does(
            date(2026, 2, 16),
            FundingAwardAct::Approve(Box::new(approval)),
        );
    }

    fn steps(&mut self, step: Step) {
        let (on, year) = (self.today, Some(YEAR));
        let last = self.held.len() - 1;
        let held = &mut self.held[last];
        match step {
            Step::Wait(days) => self.today = on.saturating_add(days.days()),
            Step::Pay => {
                let next = held.award.planned().next().map(|share| share.number);
                if let Some(number) = next {
                    held.does(on, FundingAwardAct::Pay { number, year });
                }
            }
            Step::Suspend => {
                held.does(on, FundingAwardAct::Suspend);
            }
            Step::Resume => {
                held.does(on, FundingAwardAct::Resume { year });
            }
            Step::Stop => {
                let ground = StopGround::LeftTraining;
                held.does(on, FundingAwardAct::Stop { ground, year });
            }
            Step::Reinstate => {
                held.does(on, FundingAwardAct::Reinstate);
            }
            Step::Claim(number) => {
                held.does(on, FundingAwardAct::OpenRecovery(vec![number]));
            }
            Step::Waive(case) => {
                let ground = "hardship".to_owned();
                held.does(on, FundingAwardAct::Waive { case, ground });
            }
            Step::Breach(part) => {
                let ground = RecoveryGround::PostNotMaintained;
                let part = (part, 24);
                held.does(on, FundingAwardAct::RecoverBreach { ground, part });
            }
            Step::PayChange(salary_pence) => {
                let from = months_later(YEAR.starts, u32::from(on.day().unsigned_abs()) % 12);
                held.does(from, FundingAwardAct::ApplyPayChange { salary_pence, year });
            }
            Step::ChangePayee => self.passes_on(on),
            Step::CloseStatement => held.closes(on.last_of_month()),
        }
    }

    fn passes_on(&mut self, on: Date) {
        let payee = tenant(100 + self.held.len() as u128);
        let last = self.held.len() - 1;
        let old = &mut self.held[last];
        let before = old.award.clone();
        let end = FundingAwardAct::EndPayee {
            to: payee,
            year: Some(YEAR),
            permitted: true,
        };
        if !old.does(on, end) {
            return;
        }
        let mut instalments = before.after(YEAR, on, InstalmentStanding::Planned);
        instalments.extend(before.after(YEAR, on, InstalmentStanding::Paid));
        instalments.sort_unstable();
        let take_over = FundingAwardAct::TakeOver {
            award: Box::new(before.award().cloned().expect("approved")),
            payee,
            from: Id::new(Uuid::nil()),
            instalments,
        };
        let mut new = Held::default();
        assert!(new.does(on, take_over));
        self.held.push(new);
    }

    /// The history folded again is what is live.
    fn replays(&self) {
        for held in &self.held {
            let mut again = FundingAward::default();
            for event in &held.events {
                again.evolve(event.clone());
            }
            assert_eq!(again, held.award);
        }
    }

    fn holds(&self) {
        for held in &self.held {
            held.holds();
            let paid = |event: &FundingAwardEvent| {
                matches!(event, FundingAwardEvent::InstalmentPaid { .. })
            };
            assert!(
                self.committed || !held.events.iter().any(paid),
                "an instalment before its commitment"
            );
        }
        let elsewhere: i64 = self
            .held
            .iter()
            .map(|held| held.book.balance(Account::Elsewhere))
            .sum();
        assert_eq!(elsewhere, 0, "what left one payee reached the next");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    /// FUND-03, X-14
    #[test]
    fn fund_03_ten_thousand_random_awards_balance_and_no_month_is_recovered_twice(
        salary in 1i64..=COMPONENT_PENCE_MAX,
        committed in prop::bool::weighted(0.95),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut life = Life::begins(salary, committed);
        for step in steps {
            life.steps(step);
            life.holds();
        }
        life.replays();
    }
}
