//! Ten thousand random awards: whatever is paid, interrupted, ended, taken back, claimed, waived,
//! changed and stated, by the commissioner or by the course of the training, the accounts balance to
//! the penny, no month is paid twice and none comes back twice.

use std::{collections::BTreeMap, sync::LazyLock};

use super::*;
use crate::{
    actor::Actor,
    calendar::{days_between, months_later},
    money::postings,
    policy::PolicyRegister,
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
    /// The training is interrupted, and goes on.
    Interrupt,
    Return,
    /// A withdrawal is confirmed, so many days after its day, and reversed.
    Withdraw(i32),
    Reverse {
        in_error: bool,
    },
    /// The employment ended.
    Leave,
    /// The service goes to another employer, which is paid from the day or not.
    Transfer {
        paid: bool,
    },
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
        1 => Just(Step::Interrupt),
        1 => Just(Step::Return),
        1 => (0i32..60).prop_map(Step::Withdraw),
        1 => any::<bool>().prop_map(|in_error| Step::Reverse { in_error }),
        1 => Just(Step::Leave),
        1 => prop::bool::weighted(0.8).prop_map(|paid| Step::Transfer { paid }),
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
    /// The training: its year, time away that is over, since when it is away or withdrawn.
    year: TrainingYear,
    gaps: Vec<(Date, Date)>,
    away: Option<Date>,
    withdrawn: Option<Date>,
    left: bool,
    /// The largest instalment that any pay allowed.
    largest: i64,
}

fn stop(ground: StopGround, last: Date, year: TrainingYear) -> FundingAwardAct {
    FundingAwardAct::Stop {
        ground,
        last,
        year: Some(year),
    }
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
        let decided = self.award.decide(&issued(cast::national(), on, act));
        let Ok(events) = decided else {
            return false;
        };
        for event in events {
            self.takes(on, event);
        }
        true
    }

    /// The same by rule, which is never refused; whether anything followed.
    fn follows(&mut self, on: Date, act: FundingAwardAct) -> bool {
        let decided = self.award.decide(&issued(Actor::platform(), on, act));
        let events = decided.expect("a rule is never refused");
        let followed = !events.is_empty();
        for event in events {
            self.takes(on, event);
        }
        followed
    }

    /// What the payee has of a month, after what came back or is to.
    fn keeps(&self, number: u32) -> i64 {
        let month = self.award.months.get(&number);
        let paid = month.filter(|month| month.paid.is_some());
        let back = |(case, end): (&RecoveryCase, Option<&CaseEnd>)| {
            let comes = !matches!(end, Some(CaseEnd::Waived { .. } | CaseEnd::Withdrawn));
            let lines = case.lines.iter().filter(|line| line.number == number);
            lines.map(|line| line.pence).sum::<i64>() * i64::from(comes)
        };
        paid.map_or(0, Instalment::net) - self.award.cases().map(back).sum::<i64>()
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
            year: YEAR,
            gaps: vec![],
            away: None,
            withdrawn: None,
            left: false,
            largest: (salary + 11) / 12,
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
            region: Region::NorthWest,
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
        let (on, year) = (self.today, Some(self.year));
        let last = self.held.len() - 1;
        let counted = self.counted(on);
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
                held.does(on, FundingAwardAct::Suspend { from: on });
            }
            Step::Resume => {
                held.does(on, FundingAwardAct::Resume { year, counted });
            }
            Step::Stop => {
                held.does(on, stop(StopGround::Commissioner, on, self.year));
            }
            Step::Reinstate => {
                let made_up = None;
                held.does(on, FundingAwardAct::Reinstate { made_up });
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
                self.largest = self.largest.max((salary_pence + 11) / 12);
                held.does(from, FundingAwardAct::ApplyPayChange { salary_pence, year });
            }
            Step::ChangePayee => self.passes_on(on, false),
            Step::CloseStatement => held.closes(on.last_of_month()),
            Step::Transfer { paid: true } => self.passes_on(on, true),
            Step::Transfer { paid: false } => {
                let last = on.yesterday().expect("a day");
                held.follows(on, stop(StopGround::ServiceTransferred, last, self.year));
            }
            Step::Interrupt | Step::Return | Step::Withdraw(_) | Step::Leave => self.course(step),
            Step::Reverse { in_error } => self.reverses(in_error),
        }
    }

    /// Days of a suspension by which the year has moved by a day.
    fn counted(&self, on: Date) -> i64 {
        let suspended = self.held.last().and_then(|held| held.award.suspended);
        let Some(since) = suspended else { return 0 };
        let days = |(from, back): &(Date, Date)| {
            let days = days_between((*from).max(since.on), (*back).min(on));
            days.unwrap_or_default().max(0)
        };
        self.gaps.iter().map(days).sum()
    }

    /// What happens to the training, and what follows for its award.
    fn course(&mut self, step: Step) {
        let on = self.today;
        match (step, self.away, self.withdrawn) {
            (Step::Interrupt, None, None) => {
                self.away = Some(on);
                self.present()
                    .follows(on, FundingAwardAct::Suspend { from: on });
            }
            (Step::Return, Some(from), None) if from < on => {
                self.away = None;
                self.gaps.push((from, on));
                self.moves(from, on);
                let (year, counted) = (Some(self.year), self.counted(on));
                self.present()
                    .follows(on, FundingAwardAct::Resume { year, counted });
            }
            (Step::Withdraw(ago), _, None) => {
                let last = on.saturating_sub(i64::from(ago).days()).max(YEAR.starts);
                self.withdrawn = Some(last);
                let year = self.year;
                self.present()
                    .follows(on, stop(StopGround::Withdrawn, last, year));
            }
            (Step::Leave, _, _) => {
                self.left = true;
                let year = self.year;
                self.present()
                    .follows(on, stop(StopGround::LeftTraining, on, year));
            }
            _ => {}
        }
    }

    /// Whether the employment or the training ended, both are as they were.
    fn reverses(&mut self, in_error: bool) {
        let on = self.today;
        let Some(last) = self.withdrawn.take().or(self.left.then_some(on)) else {
            return;
        };
        self.left = false;
        let gap = !in_error && self.away.is_none();
        if gap {
            self.moves(last, on);
        }
        let made_up = gap.then_some(self.year);
        let (away, held) = (self.away, self.present());
        let stopped = !held.award.live();
        held.follows(on, FundingAwardAct::Reinstate { made_up });
        if let Some(from) = away.filter(|_| stopped && held.award.live()) {
            held.follows(on, FundingAwardAct::Suspend { from });
        }
    }

    fn present(&mut self) -> &mut Held {
        self.held.last_mut().expect("an award")
    }

    fn moves(&mut self, from: Date, on: Date) {
        let days = days_between(from, on).expect("days");
        self.year.ends = self.year.ends.saturating_add(days.days());
    }

    fn passes_on(&mut self, on: Date, by_rule: bool) {
        let payee = tenant(100 + self.held.len() as u128);
        let year = Some(self.year);
        let old = self.present();
        let before = old.award.clone();
        let end = FundingAwardAct::EndPayee {
            to: payee,
            year,
            permitted: true,
        };
        let ended = if by_rule {
            old.follows(on, end)
        } else {
            old.does(on, end)
        };
        if !ended {
            return;
        }
        let (mut instalments, paid) = before.passing(year, on);
        instalments.extend(paid);
        instalments.sort_unstable();
        let take_over = FundingAwardAct::TakeOver {
            award: Box::new(before.award().cloned().expect("approved")),
            payee,
            from: Id::new(Uuid::nil()),
            course: before.course(year, &instalments),
            instalments,
        };
        let mut new = Held::default();
        assert!(new.does(on, take_over));
        for (number, _) in new.award.instalments() {
            assert_eq!(
                new.award.payable_from(self.year, number),
                before.payable_from(self.year, number),
                "month {number} stays the month it is"
            );
        }
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
        for number in 1..=12 {
            let kept: i64 = self.held.iter().map(|held| held.keeps(number)).sum();
            assert!(kept <= self.largest, "month {number} paid twice: {kept}");
        }
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
