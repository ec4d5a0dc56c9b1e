//! Practice hours and the portfolio that gates a pass.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use crate::policy::catalogue::PracticeMinima;

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

/// Practice so far, in quarter-hours, and the reviews held.
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

impl PracticeTotals {
    /// What is missing to the minima: name, held and needed, in quarter-hours or reviews.
    pub(super) fn short_of(&self, min: &PracticeMinima) -> Vec<(&'static str, u32, u32)> {
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
}

/// A verified portfolio: the gate to a pass (`FUND-14`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portfolio {
    /// When the university verified it.
    pub on: Date,
    /// What it showed.
    pub totals: PracticeTotals,
}
