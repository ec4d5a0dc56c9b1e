//! Text and lists as clients supply them: present, trimmed, bounded.

use crate::refusal::{Reason, Refusal};

/// The trimmed text, which must be there and be at most `max` bytes long.
///
/// # Errors
/// `FIELD_INVALID` at `field`.
pub fn required(text: &str, field: &'static str, max: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::invalid(field, format!("{field} is needed")));
    }
    if text.len() > max {
        return Err(Refusal::invalid(
            field,
            format!("{field} is longer than {max} bytes; shorten it"),
        ));
    }
    Ok(text.to_owned())
}

/// Free text: [`required`], and nothing in it that looks like a patient's NHS number (`TRAIN-22`),
/// since Trellis holds nothing about patients.
///
/// # Errors
/// `FIELD_INVALID` or `PATIENT_IDENTIFIER_SUSPECTED` at `field`.
pub fn free(text: &str, field: &'static str, max: usize) -> Result<String, Refusal> {
    let text = required(text, field, max)?;
    if names_a_patient(&text) {
        return Err(Refusal::new(
            Reason::PatientIdentifierSuspected,
            format!("{field} holds what looks like an NHS number; leave patients out of it"),
        )
        .at(field));
    }
    Ok(text)
}

/// Whether ten digits that pass the check of an NHS number stand in a text, in one piece or in
/// groups parted by single blanks or hyphens.
fn names_a_patient(text: &str) -> bool {
    let parts: Vec<&str> = text.split([' ', '-']).map(edge).collect();
    (0..parts.len()).any(|first| {
        let mut digits = String::new();
        parts.iter().skip(first).take(10).any(|part| {
            digits.push_str(part);
            is_nhs_number(&digits)
        })
    })
}

/// The digits a word consists of, its punctuation aside; of any other word, a letter that no
/// number can contain.
fn edge(word: &str) -> &str {
    let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
    if !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit()) {
        bare
    } else {
        "x"
    }
}

/// Ten digits, weighted 10 down to 2; eleven less the remainder modulo 11 is the last one.
fn is_nhs_number(digits: &str) -> bool {
    let digits: Option<Vec<u32>> = digits.chars().map(|c| c.to_digit(10)).collect();
    let digits = digits
        .filter(|digits| digits.len() == 10)
        .unwrap_or_default();
    let Some((check, weighted)) = digits.split_last() else {
        return false;
    };
    let sum: u32 = weighted
        .iter()
        .zip((2..=10).rev())
        .map(|(d, w)| d * w)
        .sum();
    (11 - sum % 11) % 11 == *check
}

/// An identifier of reference data: 1 to `max` ASCII letters, digits or underscores.
///
/// # Errors
/// `FIELD_INVALID` at `field`.
pub fn identifier(text: &str, field: &'static str, max: usize) -> Result<String, Refusal> {
    let text = required(text, field, max)?;
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(text);
    }
    Err(Refusal::invalid(
        field,
        format!("{field} is made of letters, digits and underscores only"),
    ))
}

/// A list of at most `max` entries.
///
/// # Errors
/// `FIELD_INVALID` at `field`.
pub fn at_most<T>(list: &[T], field: &'static str, max: usize) -> Result<(), Refusal> {
    if list.len() > max {
        return Err(Refusal::invalid(
            field,
            format!("{field} has more than {max} entries; send fewer"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn train_22_a_patients_number_is_refused_however_it_is_written() {
        let refused = |text: &str| free(text, "reason", 80).map_err(|refusal| refusal.reason);
        for text in [
            "9434765919",
            "(9434765919)",
            "seen 943 476 5919 today",
            "943-476-5919",
            "since 2026 943 476 5919",
        ] {
            assert_eq!(
                refused(text),
                Err(Reason::PatientIdentifierSuspected),
                "{text}"
            );
        }
        for text in [
            "9434765918",
            "19434765919",
            "94347659190",
            "9434765919a1".strip_suffix("9a1").unwrap_or_default(),
            "caseload of 12, 40 sessions",
            "ULN 9276308686",
        ] {
            assert_eq!(refused(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn text_is_trimmed_present_and_bounded() {
        assert_eq!(
            required(" Northmoor ", "name", 9).as_deref(),
            Ok("Northmoor")
        );
        assert!(required("  ", "name", 9).is_err());
        assert!(required("Northmoor NHS", "name", 9).is_err());
        assert!(identifier("adult_community", "setting", 40).is_ok());
        assert!(identifier("adult community", "setting", 40).is_err());
        assert!(at_most(&[1, 2, 3], "posts", 2).is_err());
    }
}
