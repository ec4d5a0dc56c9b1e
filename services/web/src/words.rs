//! How names, numbers, days and texts of the contract read to people.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Names that are not a matter of replacing underscores.
const NAMED: &[(&str, &str)] = &[
    ("arrs", "ARRS"),
    ("cpd", "CPD"),
    ("dbs", "DBS"),
    ("esr", "ESR"),
    ("gcse", "GCSE"),
    ("hr", "HR"),
    ("id", "ID"),
    ("mhwp", "MHWP"),
    ("nhs", "NHS"),
    ("ods", "ODS"),
    ("pence", "pence"),
    ("sid", "SID"),
    ("ukprn", "UKPRN"),
    ("uln", "ULN"),
    ("yipp", "YIPP"),
    ("chairs", "chair’s"),
];

/// `awaiting_joint_outcome`, `SealDecision` and `fundingAwards` as words: “Awaiting joint outcome”.
pub(crate) fn sentence(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for letter in name.chars() {
        if letter == '_' || letter == '-' {
            words.push(' ');
        } else if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(' ');
            words.push(letter.to_ascii_lowercase());
        } else {
            words.push(letter);
        }
        before = letter;
    }
    let words: Vec<String> = (words.split_whitespace())
        .map(|word| {
            let plain = word.to_ascii_lowercase();
            match NAMED.iter().find(|(name, _)| *name == plain) {
                Some((_, named)) => (*named).to_owned(),
                None if word
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) =>
                {
                    word.to_owned()
                }
                None => plain,
            }
        })
        .collect();
    capitalised(&words.join(" "))
}

/// The same text with a capital at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// A word of a closed list: an id in capitals stays as it is, `employer_hr` becomes “Employer HR”.
pub(crate) fn word(word: &str) -> String {
    match word.parse::<Date>() {
        Ok(date) => day(date),
        Err(_) if word.contains(' ') => word.to_owned(),
        Err(_) => sentence(word),
    }
}

/// What a comment of the contract says, without what only its writers need: requirement ids and
/// back-ticks.
pub(crate) fn explained(comment: &str) -> String {
    let mut text = String::with_capacity(comment.len());
    let mut rest = comment;
    while let Some(open) = rest.find('(') {
        let (before, after) = rest.split_at(open);
        let Some(close) = after.find(')') else { break };
        let (inside, behind) = after.split_at(close + 1);
        if is_ids(inside) {
            text.push_str(before.trim_end());
        } else {
            text.push_str(before);
            text.push_str(inside);
        }
        rest = behind;
    }
    text.push_str(rest);
    // Whoever reads a form is its caller.
    text.replace('`', "")
        .replace("/{uuid}", "/…")
        .replace("the caller's own", "your own")
        .replace("the caller's", "your")
        .replace("The caller's", "Your")
}

/// `(TIME-06, ROUTE-06)`, `(B.7)`, `(X-13)`: nothing but ids.
fn is_ids(bracket: &str) -> bool {
    let inside = bracket.trim_matches(['(', ')']);
    let mut ids = inside
        .split([',', ' ', ';'])
        .filter(|part| !part.is_empty())
        .peekable();
    ids.peek().is_some()
        && ids.all(|id| {
            id.starts_with(|c: char| c.is_ascii_uppercase())
                && id.ends_with(|c: char| c.is_ascii_digit())
        })
}

/// “2 March 2026”.
pub(crate) fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// A civil date of the wire as people write it; anything else as it is.
pub(crate) fn day_of(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), day)
}

/// “March 2026”.
pub(crate) fn month_of(text: &str) -> String {
    match text.parse::<Date>() {
        Ok(date) => date.strftime("%b %Y").to_string(),
        Err(_) => text.to_owned(),
    }
}

/// “2 March 2026, 12:30”, in London.
pub(crate) fn moment(seconds: i64, nanos: i32) -> String {
    let Ok(instant) = Timestamp::new(seconds, nanos) else {
        return String::new();
    };
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    instant
        .to_zoned(zone)
        .strftime("%-d %B %Y, %H:%M")
        .to_string()
}

/// `1234567` as “1,234,567”.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + 4);
    if number < 0 {
        grouped.push('−');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Pence as pounds: “£27,485.00”.
pub(crate) fn pounds(pence: i64) -> String {
    let sign = if pence < 0 { "−" } else { "" };
    let pence = pence.unsigned_abs();
    let whole = i64::try_from(pence / 100).unwrap_or(i64::MAX);
    format!("{sign}£{}.{:02}", grouped(whole), pence % 100)
}

/// The first part of an id, enough to tell records of one list apart.
pub(crate) fn short(name: &str) -> &str {
    let id = name.rsplit('/').next().unwrap_or(name);
    id.get(..8).unwrap_or(id)
}

/// `applications/{uuid}`: a name of the contract, as its collection and its id.
pub(crate) fn named(name: &str) -> Option<(&str, &str)> {
    let (collection, id) = name.split_once('/')?;
    let sound = !collection.is_empty()
        && collection.bytes().all(|byte| byte.is_ascii_alphabetic())
        && uuid::Uuid::try_parse(id).is_ok();
    sound.then_some((collection, id))
}

/// One of a collection: `fundingAwards` as “Funding award”.
pub(crate) fn one_of(collection: &str) -> String {
    let words = sentence(collection);
    let one = |plural: &str, end: &str, singular: &str| {
        plural
            .strip_suffix(end)
            .map(|stem| format!("{stem}{singular}"))
    };
    match collection {
        "tenants" => "Organisation".to_owned(),
        "people" => "Person".to_owned(),
        "curricula" => "Curriculum".to_owned(),
        _ => one(&words, "ies", "y")
            .or_else(|| one(&words, "s", ""))
            .unwrap_or(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_sentences() {
        assert_eq!(sentence("awaiting_joint_outcome"), "Awaiting joint outcome");
        assert_eq!(sentence("SealDecision"), "Seal decision");
        assert_eq!(sentence("fundingAwards"), "Funding awards");
        assert_eq!(sentence("employer_hr"), "Employer HR");
        assert_eq!(sentence("MHWP"), "MHWP");
        assert_eq!(one_of("vacancies"), "Vacancy");
        assert_eq!(one_of("people"), "Person");
    }

    #[test]
    fn ids_of_requirements_are_not_for_readers() {
        assert_eq!(
            explained("One per person (TIME-06, ROUTE-06). `accept` or (so it is) `reject`."),
            "One per person. accept or (so it is) reject."
        );
        assert_eq!(explained("leaving (CAREER-06"), "leaving (CAREER-06");
    }

    #[test]
    fn numbers_and_money_are_grouped() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(-12), "−12");
        assert_eq!(pounds(2_748_500), "£27,485.00");
        assert_eq!(pounds(-5), "−£0.05");
    }

    #[test]
    fn a_name_is_a_collection_and_an_id() {
        assert!(named("people/6f1c2a3e-0000-4000-8000-000000000000").is_some());
        assert!(named("people/me").is_none());
        assert!(named("../6f1c2a3e-0000-4000-8000-000000000000").is_none());
    }
}
