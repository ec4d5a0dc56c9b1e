//! What somebody has put into a form, and the message it makes.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::words;

/// Rows a list of a form has at most.
const ROWS_MAX: usize = 100;

/// Fields by path, `decision.scores.0.points`.
#[derive(Debug, Clone, Default)]
pub(super) struct Filled {
    pairs: Vec<(String, String)>,
}

/// The name under which a form says which of its fields are shown and not asked for.
const KEPT: &str = "kept";
/// And which list wants another row.
const MORE: &str = "more";

impl Filled {
    /// What a link fills in is not asked for again.
    pub(super) fn begun(pairs: &[(String, String)]) -> Self {
        let mut filled = Self::default();
        for (path, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            filled.keep(path, value.clone());
        }
        filled
    }

    /// What a form sent.
    pub(super) fn sent(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    /// Fills in a field that is shown and not asked for.
    pub(super) fn keep(&mut self, path: &str, value: String) {
        self.pairs.push((path.to_owned(), value));
        self.pairs.push((KEPT.to_owned(), path.to_owned()));
    }

    /// Whether a field is only shown.
    pub(super) fn is_kept(&self, path: &str) -> bool {
        self.pairs
            .iter()
            .any(|(key, value)| key == KEPT && value == path)
    }

    /// The value of a field, empty when it is not there.
    pub(super) fn get(&self, path: &str) -> &str {
        let found = self.pairs.iter().find(|(key, _)| key == path);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub(super) fn all<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(key, _)| key == path)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the form was sent for another row of a list.
    pub(super) fn adds_a_row(&self) -> bool {
        self.pairs.iter().any(|(key, _)| key == MORE)
    }

    /// How many rows a list is shown with.
    pub(super) fn rows(&self, path: &str) -> usize {
        let wanted = usize::from(self.get(MORE) == path);
        let there = self.indices(path).last().map_or(0, |last| last + 1);
        (there + wanted).clamp(1, ROWS_MAX)
    }

    /// Names of records among the values.
    pub(super) fn named(&self) -> Vec<String> {
        self.pairs
            .iter()
            .map(|(_, value)| value.clone())
            .filter(|value| words::named(value).is_some())
            .collect()
    }

    fn indices(&self, path: &str) -> BTreeSet<usize> {
        let prefix = format!("{path}.");
        self.pairs
            .iter()
            .filter_map(|(key, _)| key.strip_prefix(&prefix)?.split('.').next()?.parse().ok())
            .filter(|index| *index < ROWS_MAX)
            .collect()
    }

    /// The message, or field by field what cannot be read.
    pub(super) fn message(
        &self,
        of: &MessageDescriptor,
    ) -> Result<DynamicMessage, Vec<(String, String)>> {
        let mut violations = vec![];
        let message = self.within(of, "", &mut violations);
        match violations.is_empty() {
            true => Ok(message.unwrap_or_else(|| DynamicMessage::new(of.clone()))),
            false => Err(violations),
        }
    }

    /// `None` when nothing was put into any of its fields.
    fn within(
        &self,
        of: &MessageDescriptor,
        prefix: &str,
        violations: &mut Vec<(String, String)>,
    ) -> Option<DynamicMessage> {
        let mut message = DynamicMessage::new(of.clone());
        let mut any = false;
        for field in of.fields().filter(|field| !field.is_map()) {
            let path = format!("{prefix}{}", field.name());
            let value = match field.kind() {
                Kind::Message(inner) if field.is_list() => {
                    let rows: Vec<Value> = self
                        .indices(&path)
                        .into_iter()
                        .filter(|row| self.asked(&format!("{path}.{row}.")))
                        .filter_map(|row| {
                            self.within(&inner, &format!("{path}.{row}."), violations)
                        })
                        .map(Value::Message)
                        .collect();
                    (!rows.is_empty()).then_some(Value::List(rows))
                }
                Kind::Message(inner) => self
                    .within(&inner, &format!("{path}."), violations)
                    .map(Value::Message),
                _ if field.is_list() => self.several(&field, &path, violations),
                _ => match self.get(&path).trim() {
                    "" => None,
                    text => self.one(&field, &path, text, violations),
                },
            };
            if let Some(value) = value {
                any = true;
                message.set_field(&field, value);
            }
        }
        any.then_some(message)
    }

    /// Whether a row says more than what was filled in for it.
    fn asked(&self, prefix: &str) -> bool {
        self.pairs.iter().any(|(key, value)| {
            key.starts_with(prefix) && !value.trim().is_empty() && !self.is_kept(key)
        })
    }

    /// A list: a value per line, or per box that was ticked.
    fn several(
        &self,
        field: &FieldDescriptor,
        path: &str,
        violations: &mut Vec<(String, String)>,
    ) -> Option<Value> {
        let values: Vec<Value> = self
            .all(path)
            .flat_map(str::lines)
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .filter_map(|line| self.one(field, path, line, violations))
            .collect();
        (!values.is_empty()).then_some(Value::List(values))
    }

    fn one(
        &self,
        field: &FieldDescriptor,
        path: &str,
        text: &str,
        violations: &mut Vec<(String, String)>,
    ) -> Option<Value> {
        let value = read(field, text);
        if value.is_none() {
            violations.push((path.to_owned(), wanted(field)));
        }
        value
    }
}

/// A value as people write it, in the type of its field.
fn read(field: &FieldDescriptor, text: &str) -> Option<Value> {
    let money = field.name().ends_with("_pence");
    let number = || {
        let plain = text.replace([',', '£', ' '], "");
        if money {
            pence(&plain)
        } else {
            plain.parse().ok()
        }
    };
    Some(match field.kind() {
        Kind::String => Value::String(text.replace("\r\n", "\n")),
        Kind::Bool => Value::Bool(match text {
            "yes" => true,
            "no" => false,
            _ => return None,
        }),
        Kind::Int32 => Value::I32(i32::try_from(number()?).ok()?),
        Kind::Int64 => Value::I64(number()?),
        Kind::Uint32 => Value::U32(u32::try_from(number()?).ok()?),
        Kind::Enum(list) => Value::EnumNumber(list.get_value_by_name(text)?.number()),
        _ => return None,
    })
}

/// `27485` or `27485.5` pounds, in pence.
fn pence(text: &str) -> Option<i64> {
    let (pounds, pence) = text.split_once('.').unwrap_or((text, "0"));
    let pence = match pence.len() {
        1 => pence.parse::<i64>().ok()?.checked_mul(10)?,
        2 => pence.parse().ok()?,
        _ => return None,
    };
    let pounds: i64 = pounds.parse().ok().filter(|pounds| *pounds >= 0)?;
    pounds.checked_mul(100)?.checked_add(pence)
}

fn wanted(field: &FieldDescriptor) -> String {
    match field.kind() {
        _ if field.name().ends_with("_pence") => "enter an amount in pounds, such as 1,250.00",
        Kind::Int32 | Kind::Int64 | Kind::Uint32 => "enter a whole number, such as 12",
        _ => "choose one of the list",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    fn filled(pairs: &[(&str, &str)]) -> Filled {
        let own = |text: &&str| (*text).to_owned();
        Filled::sent(
            pairs
                .iter()
                .map(|(key, value)| (own(key), own(value)))
                .collect(),
        )
    }

    fn seal_decision() -> MessageDescriptor {
        let schema = Schema::read().expect("a contract");
        schema.method("SealDecision").expect("a method").input()
    }

    #[test]
    fn a_form_makes_the_message_of_its_rpc() {
        let filled = filled(&[
            ("application", "applications/1"),
            ("round", "1"),
            ("decision.verdict", "accept"),
            ("decision.conditions", "driving_licence\r\n\r\n"),
            ("decision.scores.0.criterion", "teamwork"),
            ("decision.scores.0.points", "70"),
            ("decision.scores.1.criterion", "left_out"),
            ("kept", "decision.scores.1.criterion"),
            ("decision.scores.1.points", ""),
        ]);
        let message = filled.message(&seal_decision()).expect("a message");
        let text = format!("{message}");
        assert!(
            text.contains("verdict:\"accept\"") && text.contains("points:70"),
            "{text}"
        );
        assert!(
            text.contains("driving_licence") && !text.contains("left_out"),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_number_is_said_at_its_field() {
        let filled = filled(&[("round", "first"), ("decision.scores.0.points", "many")]);
        let violations = filled.message(&seal_decision()).expect_err("violations");
        let fields: Vec<&str> = violations.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["round", "decision.scores.0.points"]);
    }

    #[test]
    fn money_is_written_in_pounds() {
        assert_eq!(pence("27485"), Some(2_748_500));
        assert_eq!(pence("0.5"), Some(50));
        assert_eq!(pence("1.234"), None);
        assert_eq!(pence("-1"), None);
    }

    #[test]
    fn another_row_is_added_on_request() {
        let one = [("decision.scores.0.points", "70")];
        assert_eq!(filled(&one).rows("decision.scores"), 1);
        let more = [one[0], ("more", "decision.scores")];
        assert_eq!(filled(&more).rows("decision.scores"), 2);
        assert_eq!(filled(&[]).rows("decision.scores"), 1);
    }
}
