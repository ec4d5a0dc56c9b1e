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
    /// Registration number of a practitioner psychologist: `PYL` and up to six digits.
    HcpcNumber,
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reason<T>(parsed: Result<T, Refusal>) -> Option<Reason> {
        parsed.err().map(|refusal| refusal.reason)
    }

    #[test]
    fn uln_check_digit_vectors() {
        for valid in ["9276308686", "3000000010", "1234567899", " 9276308686 "] {
            assert_eq!(reason(Uln::parse(valid, "uln")), None, "{valid}");
        }
        for wrong in [
            "9276308687",
            "0276308686",
            "927630868",
            "92763086860",
            "927630868x",
            "",
        ] {
            assert_eq!(
                reason(Uln::parse(wrong, "uln")),
                Some(Reason::UlnCheckDigit),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_uln_whose_weighted_sum_leaves_no_check_digit_does_not_exist() {
        for last in 0..=9 {
            assert!(Uln::parse(&format!("987654321{last}"), "uln").is_err());
        }
    }

    #[test]
    fn sid_check_digit_vectors() {
        for valid in [
            "22100077920000019",
            "26100990010000011",
            "26100990010000022",
        ] {
            assert_eq!(reason(Sid::parse(valid, "sid")), None, "{valid}");
        }
        for wrong in [
            "22100077920000018",
            "2210007792000001",
            "2210007792000001A",
            "",
        ] {
            assert_eq!(
                reason(Sid::parse(wrong, "sid")),
                Some(Reason::SidCheckDigit),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_sid_names_the_provider_that_issued_it() {
        let sid = Sid::parse("26100990010000011", "sid").unwrap();
        let issuer = Ukprn::parse("10099001", "ukprn").unwrap();
        let other = Ukprn::parse("10007792", "ukprn").unwrap();
        assert_eq!(reason(sid.issued_by(&issuer, "sid")), None);
        assert_eq!(
            reason(sid.issued_by(&other, "sid")),
            Some(Reason::SidProviderMismatch)
        );
    }

    #[test]
    fn husid_check_digit() {
        // 22 1234 000001: 2·1 + 2·3 + 1·7 + 2·9 + 3·1 + 4·3 + 1·9 = 57, so the check digit is 3.
        assert!(Husid::parse("2212340000013", "husid").is_ok());
        assert!(Husid::parse("2212340000014", "husid").is_err());
        assert!(Husid::parse("221234000001", "husid").is_err());
    }

    #[test]
    fn ods_code_frames() {
        for (code, frame) in [
            ("a1b2c", OdsFrame::Current),
            ("RH8", OdsFrame::Earlier),
            ("RH802", OdsFrame::Earlier),
            (" y56 ", OdsFrame::Earlier),
            ("8HN123456", OdsFrame::Earlier),
        ] {
            assert_eq!(
                OdsCode::parse(code, "ods_code").map(|code| code.frame()),
                Ok(frame),
                "{code}"
            );
        }
        for wrong in ["", "RH", "RH8-2", "RH80234567", "RÜ8"] {
            assert_eq!(
                reason(OdsCode::parse(wrong, "ods_code")),
                Some(Reason::OdsCodeFormat),
                "{wrong}"
            );
        }
    }

    #[test]
    fn ukprn_is_eight_digits() {
        assert!(Ukprn::parse("10007792", "ukprn").is_ok());
        for wrong in ["1000779", "100077920", "1000779A", "1000779٢"] {
            assert_eq!(
                reason(Ukprn::parse(wrong, "ukprn")),
                Some(Reason::UkprnFormat),
                "{wrong}"
            );
        }
    }

    #[test]
    fn hcpc_numbers_keep_their_digits() {
        assert_eq!(
            HcpcNumber::parse(" pyl00123 ", "hcpc_number").map(|n| n.to_string()),
            Ok("PYL00123".to_owned())
        );
        for wrong in ["PYL", "PYL1234567", "PH123456", "PYL12A", "123456"] {
            assert_eq!(
                reason(HcpcNumber::parse(wrong, "hcpc_number")),
                Some(Reason::HcpcNumberFormat),
                "{wrong}"
            );
        }
    }

    #[test]
    fn esr_numbers_name_an_employee_or_an_assignment() {
        let parse = |text| EsrNumber::parse(text, "assignment").map(|n| n.is_assignment());
        assert_eq!(parse("10949595"), Ok(false));
        assert_eq!(parse("10949595-4"), Ok(true));
        for wrong in [
            "1094959",
            "10949595-",
            "10949595-123",
            "10949595-4-1",
            "1094959A",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_single_wrong_digit_of_a_sid_is_noticed(serial in 0u32..1_000_000, at in 0usize..16, shift in 1u8..10) {
            let body = format!("2610099001{serial:06}");
            let valid = (0..10).map(|check| format!("{body}{check}")).find(|sid| Sid::parse(sid, "sid").is_ok());
            let mut sid = valid.expect("one check digit always fits").into_bytes();
            sid[at] = b'0' + (sid[at] - b'0' + shift) % 10;
            prop_assert!(Sid::parse(std::str::from_utf8(&sid).expect("digits"), "sid").is_err());
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in ".{0,24}") {
            let _ = (
                OdsCode::parse(&text, "f").map(|code| code.frame()), Ukprn::parse(&text, "f"), Uln::parse(&text, "f"),
                Husid::parse(&text, "f"), Sid::parse(&text, "f"), HcpcNumber::parse(&text, "f"), EsrNumber::parse(&text, "f"),
            );
        }
    }
}
