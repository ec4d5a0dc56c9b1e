//! What a person still owes: an answer, a document, an entry in a register.

use std::collections::BTreeSet;

use jiff::{ToSpan as _, civil::Date};
use strum::Display;

use super::Timeline;
use crate::{
    actor::Party,
    application::Application,
    calendar::london_date,
    id::Id,
    offer::{EmploymentCheck, HeldOffer, OfferStage},
    policy::Policies,
    qualification::ListingStatus,
    refusal::Refusal,
};

/// What is owed, in the words that people are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[strum(serialize_all = "snake_case")]
pub enum Owed {
    /// An answer to the offer.
    OfferAnswer,
    /// What an employment check asks to see; which one is the detail.
    EmploymentCheck,
    /// What a condition asks for; which one is the detail.
    Condition,
    /// An entry in a register.
    RegisterEntry,
}

/// Something owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What.
    pub what: Owed,
    /// For which application.
    pub application: Id<Application>,
    /// Which of its kind.
    pub detail: String,
    /// The last day, where there is one.
    pub by: Option<Date>,
}

impl Timeline {
    /// What the person owes on a day.
    ///
    /// # Errors
    /// `POLICY_MISSING` when a policy has a value of another shape.
    pub fn due(&self, policies: &Policies, today: Date) -> Result<Vec<Due>, Refusal> {
        let mut due = vec![];
        for life in self.lives() {
            let owes = |what, detail: String, by| Due {
                what,
                application: life.application,
                detail,
                by,
            };
            if let Some((_, offer)) = life.offer {
                match offer.stage {
                    OfferStage::Made => {
                        due.push(owes(Owed::OfferAnswer, String::new(), answer_by(offer)));
                    }
                    OfferStage::Accepted => {
                        let needed: Option<BTreeSet<EmploymentCheck>> =
                            policies.find("employment.checks", today)?;
                        let open = offer.checks_open(&needed.unwrap_or_default(), today);
                        let checks = open
                            .iter()
                            .map(|check| (Owed::EmploymentCheck, check.to_string()));
                        let conditions = conditions_open(offer).map(|id| (Owed::Condition, id));
                        due.extend(
                            checks
                                .chain(conditions)
                                .map(|(what, id)| owes(what, id, None)),
                        );
                    }
                    OfferStage::ConditionsMet
                    | OfferStage::Declined
                    | OfferStage::Withdrawn
                    | OfferStage::Lapsed
                    | OfferStage::Rescinded => {}
                }
            }
            if self.unlisted(life.application) {
                let required: Option<Date> = policies.find("register.required_from", today)?;
                if required.is_some_and(|required| required <= today) {
                    let by = policies.find("register.deadline", today)?;
                    due.push(owes(Owed::RegisterEntry, String::new(), by));
                }
            }
        }
        Ok(due)
    }

    /// Whether the person is in a qualified post and no register lists them (`CAREER-08`).
    fn unlisted(&self, application: Id<Application>) -> bool {
        self.qualifications.values().any(|qualification| {
            let ours = qualification
                .appointment()
                .is_some_and(|appointment| appointment.application == application);
            let listed = qualification.listings().iter().any(|listing| {
                qualification
                    .listing(&listing.register)
                    .is_some_and(ListingStatus::lists)
            });
            ours && qualification.practice().is_some() && !listed
        })
    }
}

/// The last day on which an answer still counts.
fn answer_by(offer: &HeldOffer) -> Option<Date> {
    let last = offer.answer_by?.checked_sub(1.second()).ok()?;
    Some(london_date(last))
}

/// The conditions of parties that have not confirmed theirs.
fn conditions_open(offer: &HeldOffer) -> impl Iterator<Item = String> {
    [
        (Party::Employer, &offer.conditions.employer),
        (Party::University, &offer.conditions.university),
    ]
    .into_iter()
    .filter(|(party, _)| !offer.confirmed.contains(party))
    .flat_map(|(_, conditions)| conditions.iter().cloned())
}
