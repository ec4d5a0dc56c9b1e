//! Dated facts of a role's coming about that no command records: policy `timeline.<role>`.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// Something that happened on a day, as a source tells it (`TIME-09`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedFact {
    /// The day.
    pub on: Date,
    /// The day of the week the source gives, in English; a date that is not that day is a slip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekday: Option<String>,
    /// What happened.
    pub what: String,
}

impl DatedFact {
    /// What is wrong with it, in words.
    ///
    /// # Errors
    /// When its date is another day of the week than it says.
    pub fn check(&self) -> Result<(), String> {
        match &self.weekday {
            Some(said) if said != weekday(self.on) => Err(format!(
                "{} is a {}, not a {said}; check the date",
                self.on,
                weekday(self.on)
            )),
            _ => Ok(()),
        }
    }
}

fn weekday(on: Date) -> &'static str {
    match on.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

#[cfg(test)]
mod tests;
