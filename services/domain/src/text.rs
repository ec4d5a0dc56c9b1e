//! Text and lists as clients supply them: present, trimmed, bounded.

use crate::refusal::Refusal;

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
