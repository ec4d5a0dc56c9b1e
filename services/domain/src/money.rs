//! Money kept by double entry: whatever happens to an award moves pence from one account to another,
//! so that the accounts always sum to nothing. The figures of what is paid, owed and recovered are
//! balances of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter};

use crate::funding::{CaseEnd, FundingAwardEvent, Share};

/// Where the money of an award is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Display, EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Account {
    /// The commissioner's money: below zero by what it has granted.
    Funds,
    /// Granted for course fees.
    Tuition,
    /// Salary granted and not paid yet.
    Planned,
    /// Salary the payee was paid and keeps.
    Paid,
    /// Salary the payee was paid and has to give back.
    Owed,
    /// What came back.
    Recovered,
    /// Salary that passed to the award of another payee, or came from one.
    Elsewhere,
}

/// Pence that move from one account to another; a negative amount moves back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Less here.
    pub from: Account,
    /// More here.
    pub to: Account,
    /// How much.
    pub pence: i64,
}

/// Balances by account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book(BTreeMap<Account, i64>);

impl Book {
    /// Takes what an event of an award moves.
    pub fn note(&mut self, event: &FundingAwardEvent) {
        for posting in postings(event) {
            self.post(posting);
        }
    }

    /// Takes one posting.
    pub fn post(&mut self, posting: Posting) {
        let mut add = |account, pence: i64| {
            let balance = self.0.entry(account).or_default();
            *balance = balance.saturating_add(pence);
        };
        add(posting.from, posting.pence.saturating_neg());
        add(posting.to, posting.pence);
    }

    /// The balance of an account, in pence.
    pub fn balance(&self, account: Account) -> i64 {
        self.0.get(&account).copied().unwrap_or_default()
    }

    /// What the payee holds of the commissioner's salary money, in pence: what it keeps and what it
    /// has yet to give back.
    pub fn net_paid(&self) -> i64 {
        self.balance(Account::Paid)
            .saturating_add(self.balance(Account::Owed))
    }

    /// The sum over all accounts, in pence: nothing, whatever has happened.
    pub fn sum(&self) -> i64 {
        self.0
            .values()
            .fold(0, |sum, balance| sum.saturating_add(*balance))
    }
}

fn total(shares: &[Share]) -> i64 {
    shares
        .iter()
        .fold(0, |sum, share| sum.saturating_add(share.pence))
}

/// What an event of an award moves.
pub fn postings(event: &FundingAwardEvent) -> Vec<Posting> {
    use Account::{Elsewhere, Funds, Owed, Paid, Planned, Recovered, Tuition};
    let moves = |from, to, pence| Posting { from, to, pence };
    match event {
        FundingAwardEvent::FundingAwardApproved { award, .. } => vec![
            moves(Funds, Tuition, award.tuition_pence),
            moves(Funds, Planned, award.salary_pence),
        ],
        FundingAwardEvent::FundingAwardTakenOver { instalments, .. } => {
            vec![moves(Elsewhere, Planned, total(instalments))]
        }
        FundingAwardEvent::InstalmentPaid { pence, .. } => vec![moves(Planned, Paid, *pence)],
        FundingAwardEvent::InstalmentRestated { was, pence, .. } => {
            vec![moves(Funds, Planned, pence.saturating_sub(*was))]
        }
        FundingAwardEvent::InstalmentAdjusted { pence, .. } => vec![moves(Funds, Paid, *pence)],
        FundingAwardEvent::InstalmentsVoided { instalments, .. } => {
            vec![moves(Planned, Funds, total(instalments))]
        }
        FundingAwardEvent::FundingAwardReinstated { instalments, .. } => {
            vec![moves(Funds, Planned, total(instalments))]
        }
        FundingAwardEvent::PayeeEnded { planned, paid, .. } => vec![
            moves(Planned, Elsewhere, total(planned)),
            moves(Paid, Elsewhere, total(paid)),
        ],
        FundingAwardEvent::RecoveryCaseOpened { case } => {
            vec![moves(Paid, Owed, total(&case.lines))]
        }
        FundingAwardEvent::RecoveryCaseEnded { end, pence, .. } => match end {
            CaseEnd::Settled { .. } => vec![moves(Owed, Recovered, *pence)],
            CaseEnd::Waived { .. } | CaseEnd::Withdrawn => vec![moves(Owed, Paid, *pence)],
        },
        FundingAwardEvent::FundingAwardCompleted { .. }
        | FundingAwardEvent::FundingAwardSuspended { .. }
        | FundingAwardEvent::FundingAwardResumed { .. }
        | FundingAwardEvent::FundingAwardStopped { .. }
        | FundingAwardEvent::OtherFundingDeclared { .. } => vec![],
    }
}

/// A part of an amount, in pence, rounded half up: 19 of 31 days of 229,042 are 140,381.
pub fn share(pence: i64, part: u32, whole: u32) -> i64 {
    let (pence, part, whole) = (
        i128::from(pence),
        i128::from(part),
        i128::from(whole.max(1)),
    );
    let rounded = (pence * part * 2 + whole).div_euclid(whole * 2);
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn d_9_the_unearned_days_of_august_are_rounded_half_up() {
        assert_eq!(share(229_042, 19, 31), 140_381);
        assert_eq!(share(1, 1, 2), 1);
        assert_eq!(share(5, 0, 31), 0);
        assert_eq!(share(229_042, 31, 31), 229_042);
        assert_eq!(share(7, 1, 0), 7, "no days to share by");
    }

    proptest! {
        #[test]
        fn a_part_and_the_rest_are_the_whole_within_a_penny(
            pence in 0i64..=100_000_000,
            part in 0u32..=31,
        ) {
            let both = share(pence, part, 31) + share(pence, 31 - part, 31);
            prop_assert!((both - pence).abs() <= 1);
        }
    }
}
