//! What a preceptorship asks for, and the parts it is made of (`standards.md` B.6).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use super::clock::later;
use crate::{
    actor::{Party, PersonId},
    calendar::months_later,
    refusal::{Reason, Refusal},
    world::Issue,
};

/// The form of a session (`PRECEPT-04`).
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
pub enum SessionForm {
    /// The employer's preceptor meets the practitioner.
    PreceptorMeeting,
    /// The university's community of practice.
    CommunityOfPractice,
    /// The university's action learning set.
    ActionLearningSet,
    /// Another form of university support.
    Other,
}

impl SessionForm {
    /// Whose part of the preceptorship it is (`X-15`).
    pub const fn party(self) -> Party {
        match self {
            Self::PreceptorMeeting => Party::Employer,
            Self::CommunityOfPractice | Self::ActionLearningSet | Self::Other => Party::University,
        }
    }
}

/// A session held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its form.
    pub form: SessionForm,
    /// The day.
    pub on: Date,
}

/// A row of policy `preceptorship.tiers` (`standards.md` B.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierPolicy {
    /// Its length, in months.
    pub months: u32,
    /// Meetings of preceptor and practitioner.
    pub meetings: u32,
    /// Supernumerary time of the practitioner, in hours.
    pub supernumerary_hours: u32,
    /// Protected time of the preceptor, in hours a year.
    pub preceptor_hours: u32,
}

/// What the tier of a preceptorship asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreceptorshipTier {
    /// Its length, in months from the first day in the qualified post.
    pub months: u32,
    /// How often preceptor and practitioner should meet; shown, never a bar.
    pub meetings: u32,
}

/// What else the tier asks for: shown beside what was done, never a bar, since a preceptorship is
/// support and not an appraisal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreceptorshipStandard {
    /// Supernumerary time of the practitioner, in quarter-hours.
    pub supernumerary_quarters: u32,
    /// Protected time of the preceptor over the whole of it, in quarter-hours.
    pub preceptor_quarters: u32,
    /// The last day for the first meeting.
    pub first_meeting_by: Date,
}

/// A kind of hours of a preceptorship.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PreceptorshipTime {
    /// The practitioner works beside the team and is not counted in its numbers.
    Supernumerary,
    /// The preceptor's protected time.
    Preceptor,
}

/// Hours of one kind on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreceptorshipHours {
    /// The kind.
    pub kind: PreceptorshipTime,
    /// The day.
    pub on: Date,
    /// Quarter-hours.
    pub quarters: u32,
}

/// Who is the practitioner's preceptor from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preceptor {
    /// The person.
    pub person: PersonId,
    /// The first day.
    pub from: Date,
}

/// The tier in force, by name, what it asks for and the standard that goes with it.
pub(super) fn tier_in_force(
    issue: &Issue,
    post_starts: Date,
) -> Result<(String, PreceptorshipTier, PreceptorshipStandard), Refusal> {
    let tier: String = issue.policies.get("preceptorship.tier", post_starts)?;
    let row: TierPolicy = of_tier(issue, "preceptorship.tiers", &tier, post_starts)?;
    let days: u32 = of_tier(
        issue,
        "preceptorship.first_meeting_days",
        &tier,
        post_starts,
    )?;
    let standard = PreceptorshipStandard {
        supernumerary_quarters: row.supernumerary_hours.saturating_mul(4),
        preceptor_quarters: row.preceptor_hours.saturating_mul(4 * row.months) / 12,
        first_meeting_by: later(post_starts, i64::from(days)),
    };
    let asks = PreceptorshipTier {
        months: row.months,
        meetings: row.meetings,
    };
    Ok((tier, asks, standard))
}

fn of_tier<T: serde::de::DeserializeOwned + Copy>(
    issue: &Issue,
    policy: &'static str,
    tier: &str,
    on: Date,
) -> Result<T, Refusal> {
    let tiers: BTreeMap<String, T> = issue.policies.get(policy, on)?;
    tiers.get(tier).copied().ok_or_else(|| {
        Refusal::new(
            Reason::PolicyMissing,
            format!("policy {policy} has no {tier} tier on {on}; ask an approver"),
        )
        .with("policy", policy)
    })
}

/// What the employer says of a preceptor; only that somebody is one is kept in the joint record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreceptorClaim {
    /// The person.
    pub person: PersonId,
    /// Agenda for Change band.
    pub band: u8,
    /// The first day of practice at that level.
    pub practising_since: Date,
}

impl PreceptorClaim {
    /// The same level or senior, somebody else, with the experience policy asks for (B.6).
    pub(super) fn eligible(
        self,
        issue: &Issue,
        practitioner: PersonId,
        practitioner_band: Option<u8>,
    ) -> Result<(), Refusal> {
        let refused = |message: String| Refusal::new(Reason::PreceptorNotEligible, message);
        if self.person == practitioner {
            return Err(refused(
                "nobody is their own preceptor; name a colleague".to_owned(),
            ));
        }
        if let Some(band) = practitioner_band
            && self.band < band
        {
            return Err(refused(format!(
                "a preceptor is at band {band} or above, this one at {}; name a colleague of the \
                 same level or senior",
                self.band
            ))
            .with("required_band", band));
        }
        let months: u32 = issue
            .policies
            .get("preceptorship.preceptor_months", issue.today())?;
        let ready = months_later(self.practising_since, months);
        if issue.today() < ready {
            return Err(refused(format!(
                "a preceptor has practised for {months} months, this one will have on {ready}; \
                 name somebody more experienced or wait until then"
            ))
            .with("eligible_from", ready));
        }
        Ok(())
    }
}
