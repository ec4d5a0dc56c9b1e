//! Money: awards, statements, envelopes, invoices, and what employers spend themselves.

use std::collections::BTreeMap;

use domain::{
    actor::{Region, TenantId},
    calendar::{financial_year, london_date},
    commitment::{EstablishmentEvent, Growth},
    funding::{
        AwardCourse, CaseEnd, EmployerCostsEvent, EnvelopeEvent, FundingAwardEvent,
        FundingStatementEvent, TuitionInvoiceEvent,
    },
    money::{Account, Book},
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Keep, Trainee};

/// A funding award.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AwardRecord {
    /// Whom it is for.
    pub trainee: Option<Trainee>,
    /// The level trained for.
    pub level: u8,
    /// The region of the post, where the approval says so.
    pub region: Option<Region>,
    /// The day of the approval.
    pub approved: Option<Date>,
    /// Whether it came from another payee's award.
    pub taken_over: bool,
    /// Course fees approved, in pence.
    pub tuition_pence: i64,
    /// Salary approved, in pence.
    pub salary_pence: i64,
    /// The financial year whose money it draws on, `2026/27`.
    pub year: String,
    /// Instalments paid.
    pub instalments: u32,
    /// Salary paid, in pence, before anything came back.
    pub paid_pence: i64,
    /// Salary paid by financial year, `2026/27`, in pence.
    pub paid_by_year: BTreeMap<String, i64>,
    /// Who is paid.
    pub payee: Option<TenantId>,
    /// The month in which each instalment was paid, and what this payee has of it, in pence.
    pub paid_months: BTreeMap<u32, (Date, i64)>,
    /// Where its money is.
    pub book: Book,
    /// Recoveries waived, in pence.
    pub waived_pence: i64,
    /// Whether nothing falls due for now.
    pub suspended: bool,
    /// Whether it ended before its time.
    pub stopped: bool,
    /// Whether every instalment is paid.
    pub completed: bool,
}

impl AwardRecord {
    /// What was paid for a month changed, or became another payee's.
    fn adjust(&mut self, number: u32, pence: i64) {
        if let Some((_, paid)) = self.paid_months.get_mut(&number) {
            *paid = paid.saturating_add(pence);
        }
    }

    /// What it adds to a dashboard of payer or payee.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        if self.trainee.is_none() {
            return;
        }
        sums.count("awards_approved", !self.taken_over);
        sums.count("awards_taken_over", self.taken_over);
        sums.count("awards_completed", self.completed);
        sums.count("awards_suspended", self.suspended && !self.stopped);
        sums.count("awards_stopped", self.stopped);
        sums.add("salary_approved", self.salary_pence);
        sums.add("tuition_approved", self.tuition_pence);
        sums.add("instalments_paid", i64::from(self.instalments));
        sums.add("salary_paid", self.paid_pence);
        for (month, pence) in self.paid_months.values().filter(|(_, pence)| *pence != 0) {
            sums.add_of("salary_paid_by_month", month, *pence);
            if let Some(payee) = self.payee {
                sums.add_of("salary_paid_by_payee", format!("{payee}/{month}"), *pence);
            }
        }
        sums.add("salary_planned", self.book.balance(Account::Planned));
        sums.add("salary_net_paid", self.book.net_paid());
        sums.add("recovery_owed", self.book.balance(Account::Owed));
        sums.add("recovery_settled", self.book.balance(Account::Recovered));
        sums.add("recovery_waived", self.waived_pence);
        sums.add("money_out_of_balance", self.book.sum());
    }
}

impl Keep<FundingAwardEvent> for AwardRecord {
    fn note(&mut self, noted: &Noted, fact: &FundingAwardEvent) {
        self.book.note(fact);
        match fact {
            FundingAwardEvent::FundingAwardApproved { award, region } => {
                self.region = *region;
                self.level = award.appointment.level;
                self.approved = Some(london_date(noted.effective));
                self.trainee = Some(Trainee::from(&award.appointment));
                self.tuition_pence = award.tuition_pence;
                self.salary_pence = award.salary_pence;
                self.payee = Some(award.appointment.employer);
                self.year = financial_year(london_date(noted.effective));
            }
            FundingAwardEvent::FundingAwardTakenOver {
                award,
                payee,
                course,
                ..
            } => {
                self.payee = Some(*payee);
                self.trainee = Some(Trainee::from(&award.appointment));
                self.taken_over = true;
                let rests = |course: &AwardCourse| course.suspended.is_some();
                self.suspended = course.as_ref().is_some_and(rests);
            }
            FundingAwardEvent::InstalmentPaid { number, pence, on } => {
                let month = on.first_of_month();
                self.paid_months.insert(*number, (month, *pence));
                self.instalments = self.instalments.saturating_add(1);
                let year = self.paid_by_year.entry(financial_year(*on)).or_default();
                *year = year.saturating_add(*pence);
                self.paid_pence = self.paid_pence.saturating_add(*pence);
            }
            FundingAwardEvent::FundingAwardSuspended { .. } => self.suspended = true,
            FundingAwardEvent::FundingAwardResumed { .. } => self.suspended = false,
            FundingAwardEvent::FundingAwardStopped { .. } => self.stopped = true,
            FundingAwardEvent::FundingAwardReinstated { .. } => self.stopped = false,
            FundingAwardEvent::RecoveryCaseEnded {
                end: CaseEnd::Waived { .. },
                pence,
                ..
            } => self.waived_pence = self.waived_pence.saturating_add(*pence),
            FundingAwardEvent::FundingAwardCompleted { .. } => self.completed = true,
            FundingAwardEvent::PayeeEnded { paid, .. } => {
                for share in paid {
                    self.adjust(share.number, share.pence.saturating_neg());
                }
            }
            FundingAwardEvent::InstalmentAdjusted { number, pence, .. } => {
                self.adjust(*number, *pence);
            }
            FundingAwardEvent::InstalmentsVoided { .. }
            | FundingAwardEvent::InstalmentRestated { .. }
            | FundingAwardEvent::RecoveryCaseOpened { .. }
            | FundingAwardEvent::RecoveryCaseEnded { .. }
            | FundingAwardEvent::OtherFundingDeclared { .. } => {}
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}

/// A closed statement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StatementRecord {
    /// First day of its month.
    pub period: Option<Date>,
    /// Its total, in pence.
    pub total_pence: i64,
}

impl StatementRecord {
    /// What it adds to a dashboard of payer or payee.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        if let Some(period) = self.period {
            sums.add("statements_closed", 1);
            sums.add_of("stated", period, self.total_pence);
        }
    }
}

impl Keep<FundingStatementEvent> for StatementRecord {
    fn note(&mut self, _: &Noted, fact: &FundingStatementEvent) {
        let FundingStatementEvent::StatementClosed { stated } = fact;
        self.period = Some(stated.period);
        self.total_pence = stated.total_pence;
    }
}

/// A commissioner's money for a role and year.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EnvelopeRecord {
    /// The financial year.
    pub year: String,
    /// How much, in pence.
    pub pence: i64,
    /// What awards drew, in pence.
    pub drawn: i64,
}

impl EnvelopeRecord {
    /// What it adds to the commissioner's dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add_of("envelopes", &self.year, self.pence);
        let left = self.pence.saturating_sub(self.drawn);
        sums.add_of("envelopes_left", &self.year, left);
    }
}

impl Keep<EnvelopeEvent> for EnvelopeRecord {
    fn note(&mut self, _: &Noted, fact: &EnvelopeEvent) {
        match fact {
            EnvelopeEvent::EnvelopeOpened { terms } => {
                self.year.clone_from(&terms.year);
                self.pence = terms.pence;
            }
            EnvelopeEvent::EnvelopeDrawn { pence, .. } => {
                self.drawn = self.drawn.saturating_add(*pence);
            }
        }
    }
}

/// An invoice for course fees.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InvoiceRecord {
    /// Who is charged.
    pub payer: Option<TenantId>,
    /// How much, in pence.
    pub pence: i64,
}

impl Keep<TuitionInvoiceEvent> for InvoiceRecord {
    fn note(&mut self, _: &Noted, fact: &TuitionInvoiceEvent) {
        let TuitionInvoiceEvent::TuitionInvoiced { invoice } = fact;
        self.payer = Some(invoice.payer);
        self.pence = invoice.pence;
    }
}

/// What an employer spends itself on an allocation, in pence by kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CostsRecord(BTreeMap<String, i64>);

impl CostsRecord {
    /// What it adds to the employer's dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        for (kind, pence) in &self.0 {
            sums.add_of("employer_costs", kind, *pence);
        }
    }
}

impl Keep<EmployerCostsEvent> for CostsRecord {
    fn note(&mut self, _: &Noted, fact: &EmployerCostsEvent) {
        let EmployerCostsEvent::EmployerCostRecorded { cost, .. } = fact;
        let sum = self.0.entry(cost.kind.to_string()).or_default();
        *sum = sum.saturating_add(cost.pence);
    }
}

/// The posts of a clinical service, month by month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EstablishmentRecord(BTreeMap<Date, Growth>);

impl EstablishmentRecord {
    /// What it adds to a dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        for (month, growth) in &self.0 {
            sums.add("role_posts_net", i64::from(growth.role));
            sums.add("protected_posts_net", i64::from(growth.protected));
            sums.add_of("post_offsets", month, i64::from(growth.offset()));
        }
    }
}

impl Keep<EstablishmentEvent> for EstablishmentRecord {
    fn note(&mut self, _: &Noted, fact: &EstablishmentEvent) {
        let EstablishmentEvent::PostsChanged { change, .. } = fact;
        self.0
            .entry(change.on.first_of_month())
            .or_default()
            .note(change);
    }
}
