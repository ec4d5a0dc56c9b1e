//! Identifiers other bodies issue: what they look like, and which of them prove themselves by a
//! check digit. Whether a register really lists one is a dated fact somebody records, never asked
//! for here.
//!
//! Each type holds a normalised value (trimmed, upper case where letters occur) that passed its
//! checks once; reading a stored one back does not check it again, so a rule that tightens later
//! cannot make history unreadable.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::refusal::{Reason, Refusal};

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The normalised text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

identifiers! {
    /// Organisation Data Service code of an NHS organisation or site: 3 to 9 letters and digits.
    OdsCode,
    /// UK provider reference number of a university: 8 digits.
    Ukprn,
    /// Unique learner number: 10 digits with a check digit; the university's own.
    Uln,
    /// HESA unique student identifier of the older collection: 13 digits with a check digit.
    Husid,
    /// Student identifier (`Student.SID`): year, UKPRN, serial, check digit; 17 digits.
    Sid,
    /// UCAS personal identifier: 10 digits, leading zeros kept.
    UcasId,
    /// Higher education classification of a subject: 6 digits.
    HecosCode,
    /// Registration number of a practitioner psychologist: `PYL` and up to six digits.
    HcpcNumber,
    /// Registration number of a nursing associate or nurse: two digits, a letter, four digits, a
    /// letter.
    NmcPin,
    /// ESR employee number, 8 digits, optionally with the assignment (`10949595-4`); unique only
    /// within its employer.
    EsrNumber,
}

/// Which coding frame an ODS code follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OdsFrame {
    /// Letter, digit, letter, digit, letter: issued since October 2020.
    Current,
    /// Any earlier frame: trusts of 3, sites of 5, others up to 9 characters.
    Earlier,
}

impl OdsCode {
    /// Reads a code.
    ///
    /// # Errors
    /// `ODS_CODE_FORMAT` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let code = normalised(text);
        let fits = (3..=9).contains(&code.len())
            && code
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        fits.then_some(Self(code)).ok_or_else(|| {
            Refusal::new(
                Reason::OdsCodeFormat,
                "an ODS code is 3 to 9 letters and digits; look it up in the ODS portal",
            )
            .at(field)
        })
    }

    /// The coding frame that matched. Nothing else may be read out of a code.
    pub fn frame(&self) -> OdsFrame {
        let current = self.0.len() == 5
            && self.0.bytes().enumerate().all(|(at, b)| {
                if at % 2 == 0 {
                    b.is_ascii_uppercase()
                } else {
                    b.is_ascii_digit()
                }
            });
        if current {
            OdsFrame::Current
        } else {
            OdsFrame::Earlier
        }
    }
}

impl Ukprn {
    /// Reads a number.
    ///
    /// # Errors
    /// `UKPRN_FORMAT` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let number = text.trim();
        digits::<8>(number)
            .map(|_| Self(number.to_owned()))
            .ok_or_else(|| {
                Refusal::new(
                    Reason::UkprnFormat,
                    "a UKPRN is 8 digits; look it up in the UK register of learning providers",
                )
                .at(field)
            })
    }

    /// What is unusual about a well-formed number: in practice they begin with 1 (`B.1`).
    pub fn warning(&self) -> Option<&'static str> {
        (!self.0.starts_with('1')).then_some("UKPRNs begin with 1 in practice; look it up again")
    }
}

impl UcasId {
    /// Reads an identifier as printed, with or without hyphens.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let number = text.trim().replace('-', "");
        digits::<10>(&number)
            .filter(|digits| digits.iter().any(|digit| *digit != 0))
            .map(|_| Self(number))
            .ok_or_else(|| {
                Refusal::invalid(
                    field,
                    "a UCAS personal id is 10 digits, not all of them zero",
                )
            })
    }
}

impl HecosCode {
    /// Reads a subject code. Which subjects count as psychology is a policy, never read from words.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let number = text.trim();
        digits::<6>(number)
            .map(|_| Self(number.to_owned()))
            .ok_or_else(|| Refusal::invalid(field, "a HECoS subject code is 6 digits"))
    }
}

impl NmcPin {
    /// Reads a PIN.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let pin = normalised(text);
        let fits = pin.len() == 8
            && pin.bytes().enumerate().all(|(at, b)| match at {
                2 | 7 => b.is_ascii_uppercase(),
                _ => b.is_ascii_digit(),
            });
        fits.then_some(Self(pin)).ok_or_else(|| {
            Refusal::invalid(
                field,
                "an NMC PIN is two digits, a letter, four digits and a letter; check the register",
            )
        })
    }
}

impl Uln {
    /// Reads a number: the digits weighted 10 down to 1 leave 10 modulo 11.
    ///
    /// # Errors
    /// `ULN_CHECK_DIGIT` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let number = text.trim();
        digits::<10>(number)
            .filter(|digits| {
                let sum: u32 = digits.iter().zip((1..=10).rev()).map(|(d, w)| d * w).sum();
                digits.first() != Some(&0) && sum % 11 == 10
            })
            .map(|_| Self(number.to_owned()))
            .ok_or_else(|| {
                Refusal::new(
                    Reason::UlnCheckDigit,
                    "not a ULN: 10 digits, the first not 0, the last a check digit; copy it again \
                     from the learning records service",
                )
                .at(field)
            })
    }
}

impl Husid {
    /// Reads an identifier of a continuing student.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let number = text.trim();
        digits::<13>(number)
            .filter(|digits| hesa_check_digit_fits(digits))
            .map(|_| Self(number.to_owned()))
            .ok_or_else(|| {
                Refusal::invalid(
                    field,
                    "not a HUSID: 13 digits, the last a check digit; copy it again from the \
                     student record",
                )
            })
    }
}

impl Sid {
    /// Reads an identifier.
    ///
    /// # Errors
    /// `SID_CHECK_DIGIT` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let number = text.trim();
        digits::<17>(number)
            .filter(|digits| hesa_check_digit_fits(digits))
            .map(|_| Self(number.to_owned()))
            .ok_or_else(|| {
                Refusal::new(
                    Reason::SidCheckDigit,
                    "not a SID: 17 digits, the last a check digit; copy it again from the student \
                     record",
                )
                .at(field)
            })
    }

    /// Refuses an identifier that another provider issued: digits 3 to 10 are its UKPRN.
    ///
    /// # Errors
    /// `SID_PROVIDER_MISMATCH` at `field`.
    pub fn issued_by(&self, provider: &Ukprn, field: &'static str) -> Result<(), Refusal> {
        if self.0.get(2..10) == Some(provider.as_str()) {
            return Ok(());
        }
        Err(Refusal::new(
            Reason::SidProviderMismatch,
            "the SID carries the UKPRN of another provider; issue one of your own",
        )
        .at(field))
    }
}

impl HcpcNumber {
    /// Reads a psychologist's registration number, keeping its digits as given.
    ///
    /// # Errors
    /// `HCPC_NUMBER_FORMAT` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let number = normalised(text);
        let fits = number.strip_prefix("PYL").is_some_and(|digits| {
            (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        });
        fits.then_some(Self(number)).ok_or_else(|| {
            Refusal::new(
                Reason::HcpcNumberFormat,
                "a practitioner psychologist's HCPC number is PYL and up to six digits; check the \
                 register",
            )
            .at(field)
        })
    }
}

impl EsrNumber {
    /// Reads an employee or assignment number.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        let number = text.trim();
        let (employee, assignment) = match number.split_once('-') {
            Some((employee, assignment)) => (employee, Some(assignment)),
            None => (number, None),
        };
        let fits = digits::<8>(employee).is_some()
            && assignment.is_none_or(|n| {
                (1..=2).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit())
            });
        fits.then(|| Self(number.to_owned())).ok_or_else(|| {
            Refusal::invalid(
                field,
                "an ESR number is 8 digits, for an assignment followed by -n",
            )
        })
    }

    /// Whether it names one assignment rather than the employee.
    pub fn is_assignment(&self) -> bool {
        self.0.contains('-')
    }
}

fn normalised(text: &str) -> String {
    text.trim().to_ascii_uppercase()
}

/// Exactly `N` ASCII digits.
fn digits<const N: usize>(text: &str) -> Option<[u32; N]> {
    let values: Vec<u32> = text
        .bytes()
        .map(|b| b.is_ascii_digit().then(|| u32::from(b - b'0')))
        .collect::<Option<_>>()?;
    values.try_into().ok()
}

/// HESA's scheme for both student identifiers: all digits but the last weighted 1, 3, 7, 9 in
/// turn; the last makes the sum a multiple of ten.
fn hesa_check_digit_fits(digits: &[u32]) -> bool {
    let Some((check, body)) = digits.split_last() else {
        return false;
    };
    let sum: u32 = body
        .iter()
        .zip([1, 3, 7, 9].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    (sum + check).is_multiple_of(10)
}

#[cfg(test)]
mod tests;
