//! Practice hours: who vouches for them, what of them counts, and the portfolio that gates a pass.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use super::{
    CorrectPracticeHours, DisallowHours, ENTRIES_MAX, ENTRY_QUARTERS_MAX, LogPracticeHours,
    ReinstateHours, Training, TrainingEvent, VoidPracticeHours, full,
};
use crate::{
    actor::{ActingRole, Party, TenantKind},
    correction::Corrected,
    policy::{
        Policies,
        catalogue::{PracticeMinima, Role},
    },
    refusal::{Reason, Refusal},
    world::Issue,
};

/// A kind of practice hours.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PracticeKind {
    /// Clinical contact, interventions included.
    Contact,
    /// Of the contact: delivering one listed intervention (`TRAIN-12`).
    Intervention,
    /// Case management supervision.
    CaseManagement,
    /// Clinical skills supervision.
    ClinicalSkills,
    /// Planning care with the person: the second strand of practice (`TRAIN-20`).
    CarePlanning,
    /// Work for the service outside the role's scope; it counts towards nothing and is logged so
    /// that drift can be seen (`TRAIN-24`).
    OtherDuties,
}

/// Hours of one kind over a period of at most a month, named by its last day. Counts only: nothing
/// about a patient is ever taken (`TRAIN-22`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeEntry {
    /// The kind.
    pub kind: PracticeKind,
    /// Which intervention, for [`PracticeKind::Intervention`] only.
    pub intervention: Option<String>,
    /// The last day of the period.
    pub until: Date,
    /// Quarter-hours.
    pub quarters: u32,
}

/// Who vouches for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Signatory {
    /// The trainee.
    Trainee,
    /// A practice supervisor of the employer.
    Supervisor,
}

/// Why an entry was corrected or taken back: a closed list, so that no text about anybody is kept.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CorrectionReason {
    /// Another number, kind or day was meant.
    MisKeyed,
    /// It was another trainee's.
    AnotherTrainee,
    /// It was counted twice.
    CountedTwice,
}

/// Why the university does not let an entry count.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DisallowReason {
    /// No eligible supervisor at the time (`TRAIN-03`).
    NotSupervised,
    /// Nothing shows it.
    NotEvidenced,
    /// Not what the curriculum asks for.
    OutsideCurriculum,
}

/// Why the university lets an entry count again.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HoursReinstatementReason {
    /// Somebody eligible had supervised after all.
    Supervised,
    /// It is shown since.
    Evidenced,
    /// It was disallowed in error.
    DisallowedInError,
}

/// What has become of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Display, EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntryStanding {
    /// Logged, and nothing speaks against it.
    #[default]
    Logged,
    /// Logged in what turned out to be a gap in supervision; the university decides.
    UnderReview,
    /// The university disallowed it.
    Disallowed,
    /// The university let it count again.
    Reinstated,
    /// Taken back.
    Voided,
}

/// An entry with all that was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedEntry {
    /// The hours as last corrected.
    pub entry: PracticeEntry,
    /// Whether the trainee has signed them.
    pub trainee: bool,
    /// Whether a supervisor has.
    pub supervisor: bool,
    /// What has become of it.
    pub standing: EntryStanding,
    /// The event that says its hours, by its place in the training's history.
    pub(super) said: u64,
    /// The event that decided what has become of it; the same while nothing has.
    pub(super) decided: u64,
}

impl LoggedEntry {
    pub(super) fn logged(entry: PracticeEntry, said: u64) -> Self {
        Self {
            entry,
            trainee: false,
            supervisor: false,
            standing: EntryStanding::Logged,
            said,
            decided: said,
        }
    }

    fn signed_by(&self, signatory: Signatory) -> bool {
        match signatory {
            Signatory::Trainee => self.trainee,
            Signatory::Supervisor => self.supervisor,
        }
    }

    pub(super) fn sign(&mut self, signatory: Signatory) {
        match signatory {
            Signatory::Trainee => self.trainee = true,
            Signatory::Supervisor => self.supervisor = true,
        }
    }

    pub(super) fn correct(&mut self, entry: PracticeEntry, said: u64) {
        let (standing, decided) = (self.standing, self.decided);
        *self = Self {
            standing,
            decided,
            ..Self::logged(entry, said)
        };
    }

    /// Whether it counts: both have signed it as it now reads, and nothing speaks against it.
    pub fn counts(&self) -> bool {
        self.trainee
            && self.supervisor
            && matches!(
                self.standing,
                EntryStanding::Logged | EntryStanding::Reinstated
            )
    }
}

/// Practice that counts, in quarter-hours, and the reviews held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeTotals {
    /// Clinical contact.
    pub contact: u32,
    /// Of which interventions.
    pub intervention: u32,
    /// Case management supervision.
    pub case_management: u32,
    /// Clinical skills supervision.
    pub clinical_skills: u32,
    /// Three-way reviews.
    pub reviews: u32,
}

/// What is short of the practice minima: name, held and needed, in quarter-hours or reviews.
type Short = (&'static str, u32, u32);

impl PracticeTotals {
    /// What is missing to the minima (`FUND-14`), and to both strands of practice (`TRAIN-20`).
    pub(super) fn short_of(&self, care_planning: u32, min: &PracticeMinima) -> Vec<Short> {
        let quarters = |hours: u32| hours.saturating_mul(4);
        let supervision = self.case_management.saturating_add(self.clinical_skills);
        [
            // interventions are part of the contact, so contact can never be less
            (
                "contact",
                self.contact,
                quarters(min.contact).max(self.intervention),
            ),
            (
                "intervention",
                self.intervention,
                quarters(min.intervention),
            ),
            ("care_planning", care_planning, quarters(min.care_planning)),
            ("supervision", supervision, quarters(min.supervision)),
            (
                "case_management",
                self.case_management,
                quarters(min.case_management),
            ),
            (
                "clinical_skills",
                self.clinical_skills,
                quarters(min.clinical_skills),
            ),
            ("three_way_reviews", self.reviews, min.three_way_reviews),
        ]
        .into_iter()
        .filter(|(_, held, needed)| held < needed)
        .collect()
    }

    /// Whether nothing of `other` has been lost.
    fn covers(&self, other: &Self) -> bool {
        self.contact >= other.contact
            && self.intervention >= other.intervention
            && self.case_management >= other.case_management
            && self.clinical_skills >= other.clinical_skills
            && self.reviews >= other.reviews
    }
}

/// A verified portfolio: the gate to a pass (`FUND-14`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portfolio {
    /// When the university verified it.
    pub on: Date,
    /// What it showed.
    pub totals: PracticeTotals,
}

impl Training {
    /// Every entry, in the order logged; its number is its place in it, from 1.
    pub fn entries(&self) -> &[LoggedEntry] {
        &self.entries
    }

    /// Quarter-hours of a kind that count.
    pub fn counted(&self, kind: PracticeKind) -> u32 {
        self.sum_of(|entry| entry.entry.kind == kind && entry.counts())
    }

    /// Quarter-hours of a kind as logged, whether or not they count.
    pub fn logged(&self, kind: PracticeKind) -> u32 {
        self.sum_of(|entry| entry.entry.kind == kind && entry.standing != EntryStanding::Voided)
    }

    /// Quarter-hours logged that count only once trainee and supervisor have both signed them.
    pub fn awaiting_signature(&self) -> u32 {
        self.sum_of(|entry| {
            entry.standing == EntryStanding::Logged && !(entry.trainee && entry.supervisor)
        })
    }

    /// Quarter-hours in doubt, since nobody eligible supervised them.
    pub fn under_review(&self) -> u32 {
        self.sum_of(|entry| entry.standing == EntryStanding::UnderReview)
    }

    /// Quarter-hours the university does not let count.
    pub fn disallowed(&self) -> u32 {
        self.sum_of(|entry| entry.standing == EntryStanding::Disallowed)
    }

    pub(super) fn sum_of(&self, which: impl Fn(&LoggedEntry) -> bool) -> u32 {
        self.entries
            .iter()
            .filter(|entry| which(entry))
            .fold(0, |sum, entry| sum.saturating_add(entry.entry.quarters))
    }

    /// Practice that counts so far.
    pub fn totals(&self) -> PracticeTotals {
        PracticeTotals {
            contact: self.counted(PracticeKind::Contact),
            intervention: self.counted(PracticeKind::Intervention),
            case_management: self.counted(PracticeKind::CaseManagement),
            clinical_skills: self.counted(PracticeKind::ClinicalSkills),
            reviews: u32::try_from(self.reviews.len()).unwrap_or(u32::MAX),
        }
    }

    /// The portfolio the university verified last, as long as all that it showed still counts.
    pub fn portfolio(&self) -> Option<&Portfolio> {
        let totals = self.totals();
        self.portfolio
            .as_ref()
            .filter(|portfolio| totals.covers(&portfolio.totals))
    }

    pub(super) fn entry_mut(&mut self, number: u32) -> Option<&mut LoggedEntry> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.entries.get_mut(place)
    }

    fn entry(&self, number: u32) -> Result<&LoggedEntry, Refusal> {
        usize::try_from(number)
            .ok()
            .and_then(|number| self.entries.get(number.checked_sub(1)?))
            .ok_or_else(|| {
                Refusal::invalid("entry", "no entry has this number; see ListPracticeEntries")
            })
    }

    /// The event that says the hours of an entry, and the one that decided what has become of it.
    pub(super) fn told(&self, number: u32) -> Option<(u64, u64)> {
        let entry = self.entry(number).ok()?;
        Some((entry.said, entry.decided))
    }

    /// The trainee or the employer of the training; who signs when they do, and nobody for a
    /// manager, who vouches for no hours.
    pub(super) fn of_practice(&self, issued: &Issue) -> Result<Option<Signatory>, Refusal> {
        let whose = self
            .appointment
            .as_ref()
            .ok_or_else(Refusal::not_permitted)?;
        if issued.by.kind == TenantKind::Person && issued.by.person == Some(whose.person) {
            return Ok(Some(Signatory::Trainee));
        }
        self.only(issued, Party::Employer)?;
        let supervises = issued.by.role == ActingRole::PracticeSupervisor;
        Ok(supervises.then_some(Signatory::Supervisor))
    }

    pub(super) fn log(
        &self,
        issued: &Issue,
        log: &LogPracticeHours,
        supervisor_eligible: bool,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        let entry = PracticeEntry {
            kind: log.kind,
            intervention: log.intervention.clone(),
            until: issued.today(),
            quarters: log.quarters,
        };
        quarters_of_a_month(entry.quarters)?;
        if entry.intervention.is_some() != (entry.kind == PracticeKind::Intervention) {
            return Err(Refusal::invalid(
                "intervention",
                "name the intervention for intervention hours, and for no other kind",
            ));
        }
        let signatory = self.of_practice(issued)?;
        let Some(appointment) = &self.appointment else {
            return Err(Refusal::not_permitted());
        };
        if let Some(intervention) = &entry.intervention {
            listed(
                &issued.policies,
                &appointment.role,
                intervention,
                entry.until,
            )?;
        }
        self.during(entry.until)?;
        let same_entry = |known: &&LoggedEntry| {
            known.standing != EntryStanding::Voided
                && (
                    known.entry.kind,
                    &known.entry.intervention,
                    known.entry.until,
                ) == (entry.kind, &entry.intervention, entry.until)
        };
        if let Some(known) = self.entries.iter().find(same_entry) {
            return Refusal::unless_same(known.entry == entry, "hours of this kind up to this day");
        }
        if self.supervisor_on(entry.until).is_none() || !supervisor_eligible {
            return Err(Refusal::new(
                Reason::SupervisionGapOpen,
                "no eligible supervisor is assigned on this day; assign one with AssignSupervisor \
                 first",
            ));
        }
        if self.entries.len() >= ENTRIES_MAX {
            return Err(full("practice entries"));
        }
        let number = u32::try_from(self.entries.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let mut events = vec![TrainingEvent::PracticeHoursLogged { entry }];
        events.extend(signatory.map(|by| signature(by, vec![number])));
        Ok(events)
    }

    pub(super) fn sign(&self, issued: &Issue, until: Date) -> Result<Vec<TrainingEvent>, Refusal> {
        if until > issued.today() {
            return Err(Refusal::invalid(
                "until",
                "nobody signs for days to come; name the last day of a period that is over",
            ));
        }
        let by = self
            .of_practice(issued)?
            .ok_or_else(Refusal::not_permitted)?;
        let unsigned: Vec<u32> = (1..)
            .zip(&self.entries)
            .filter(|(_, known)| {
                known.entry.until <= until
                    && known.standing != EntryStanding::Voided
                    && !known.signed_by(by)
            })
            .map(|(number, _)| number)
            .collect();
        Ok(if unsigned.is_empty() {
            vec![]
        } else {
            vec![signature(by, unsigned)]
        })
    }

    pub(super) fn correct(
        &self,
        issued: &Issue,
        correct: &CorrectPracticeHours,
        corrects: Option<&Corrected>,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        quarters_of_a_month(correct.quarters)?;
        let by = self.of_practice(issued)?;
        let known = self.entry(correct.entry)?;
        if known.entry.quarters == correct.quarters {
            return Ok(vec![]);
        }
        if matches!(
            known.standing,
            EntryStanding::Voided | EntryStanding::Disallowed
        ) {
            return Err(Refusal::state_not_allowed(
                "the entry was voided or disallowed; log the hours anew, or ask the university to \
                 reinstate it",
            ));
        }
        let mut events = vec![TrainingEvent::PracticeHoursCorrected {
            number: correct.entry,
            entry: PracticeEntry {
                quarters: correct.quarters,
                ..known.entry.clone()
            },
            was: known.entry.quarters,
            reason: correct.reason,
            corrects: corrects.cloned(),
        }];
        events.extend(by.map(|by| signature(by, vec![correct.entry])));
        Ok(events)
    }

    pub(super) fn void(
        &self,
        issued: &Issue,
        void: &VoidPracticeHours,
        corrects: Option<&Corrected>,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.of_practice(issued)?;
        let known = self.entry(void.entry)?;
        if known.standing == EntryStanding::Voided {
            return Ok(vec![]);
        }
        Ok(vec![TrainingEvent::PracticeHoursVoided {
            number: void.entry,
            entry: known.entry.clone(),
            reason: void.reason,
            corrects: corrects.cloned(),
        }])
    }

    pub(super) fn disallow(
        &self,
        issued: &Issue,
        disallow: &DisallowHours,
        corrects: Option<&Corrected>,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::University)?;
        let known = self.entry(disallow.entry)?;
        match known.standing {
            EntryStanding::Disallowed => Ok(vec![]),
            EntryStanding::Voided => Err(Refusal::state_not_allowed(
                "the entry was voided and counts for nothing already",
            )),
            _ => Ok(vec![TrainingEvent::HoursDisallowed {
                number: disallow.entry,
                quarters: known.entry.quarters,
                reason: disallow.reason,
                corrects: corrects.cloned(),
            }]),
        }
    }

    pub(super) fn reinstate(
        &self,
        issued: &Issue,
        reinstate: &ReinstateHours,
        corrects: Option<&Corrected>,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::University)?;
        let number = reinstate.entry;
        let known = self.entry(number)?;
        match known.standing {
            EntryStanding::Logged | EntryStanding::Reinstated => Ok(vec![]),
            EntryStanding::Voided => Err(Refusal::state_not_allowed(
                "the entry was voided by those who logged it; they log the hours anew",
            )),
            _ => Ok(vec![TrainingEvent::HoursReinstated {
                number,
                quarters: known.entry.quarters,
                reason: reinstate.reason,
                corrects: corrects.cloned(),
            }]),
        }
    }

    pub(super) fn verify(&self, issued: &Issue) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::University)?;
        let (Some(appointment), Some(year)) = (&self.appointment, self.year) else {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "the training has not started: there is nothing to verify yet",
            ));
        };
        let totals = self.totals();
        if self.portfolio.is_some_and(|known| known.totals == totals) {
            return Ok(vec![]);
        }
        // The minima belong to the curriculum, which is pinned when the training starts.
        let minima = minima(&issued.policies, &appointment.role, year.starts)?;
        let short = totals.short_of(self.counted(PracticeKind::CarePlanning), &minima);
        if short.is_empty() {
            let on = issued.today();
            let portfolio = Portfolio { on, totals };
            return Ok(vec![TrainingEvent::PortfolioVerified { portfolio }]);
        }
        let names: Vec<_> = short.iter().map(|(name, ..)| *name).collect();
        let refusal = Refusal::new(
            Reason::PracticeHoursShort,
            format!(
                "short of the practice minima in {}; log what is missing, and have both sign it, \
                 first",
                names.join(", ")
            ),
        );
        Err(short
            .into_iter()
            .fold(refusal, |refusal, (name, held, needed)| {
                let amount = |n: u32| match name {
                    "three_way_reviews" => n.to_string(),
                    _ => format!("{}.{:02}", n / 4, n % 4 * 25),
                };
                refusal.with(name, format!("{} of {}", amount(held), amount(needed)))
            }))
    }
}

fn signature(by: Signatory, entries: Vec<u32>) -> TrainingEvent {
    TrainingEvent::PracticeHoursSigned { by, entries }
}

fn quarters_of_a_month(quarters: u32) -> Result<(), Refusal> {
    if (1..=ENTRY_QUARTERS_MAX).contains(&quarters) {
        return Ok(());
    }
    Err(Refusal::invalid(
        "quarter_hours",
        format!("an entry holds 1 to {ENTRY_QUARTERS_MAX} quarter-hours; log each month apart"),
    ))
}

/// The practice minima of a role on a date: its own, or the general ones (`FUND-14`).
fn minima(policies: &Policies, role: &Role, on: Date) -> Result<PracticeMinima, Refusal> {
    match policies.find(&format!("practice.min.{role}"), on)? {
        Some(own) => Ok(own),
        None => policies.get("practice.min", on),
    }
}

/// Refuses an intervention that the role does not deliver (`TRAIN-12..19`).
fn listed(policies: &Policies, role: &Role, intervention: &str, on: Date) -> Result<(), Refusal> {
    let listed: Vec<String> = policies.get(&format!("interventions.{role}"), on)?;
    if listed.iter().any(|known| known == intervention) {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::ActivityNotListed,
        "not one of the interventions this role delivers; therapy is none of them",
    )
    .at("intervention")
    .with("listed", listed.join(", ")))
}
