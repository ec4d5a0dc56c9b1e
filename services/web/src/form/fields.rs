//! The fields of a form, read off the message it sends.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::{Problem, filled::Filled};
use crate::{forms, names::Names, schema::Schema, words};

/// Messages within messages are followed so far.
const DEPTH_MAX: usize = 4;

/// The longest text for which a single line is enough, in bytes.
const LINE_BYTES_MAX: usize = 400;

/// A piece of a form, in order.
#[derive(Debug)]
pub(super) enum Item {
    /// The beginning of a group of fields.
    Open(Opened),
    /// Its end.
    Close,
    /// A field.
    Input(Input),
    /// A button for another row of a list.
    More {
        /// The list.
        path: String,
        /// What the button says.
        label: String,
    },
}

/// The heading of a group.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) id: String,
    pub(super) legend: String,
    pub(super) hint: String,
    pub(super) error: String,
    pub(super) is_row: bool,
}

/// A field.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) path: String,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) error: String,
    pub(super) value: String,
    pub(super) widget: Widget,
}

/// How a field is asked for.
#[derive(Debug)]
pub(super) enum Widget {
    /// A line of text.
    Line,
    /// A narrow line for a number.
    Number,
    /// An amount of money in pounds.
    Pounds,
    /// A day.
    Day,
    /// Several lines: a text, or a list with one value on each.
    Lines,
    /// One of a few words.
    One(Vec<Choice>),
    /// Some of a few words.
    Some(Vec<Choice>),
    /// Shown, not asked for.
    Kept(String),
    /// Sent, not shown: the heading of its row says it.
    Hidden,
}

/// A word to choose.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

impl Item {
    /// What is wrong here.
    pub(super) fn problem(&self) -> Option<Problem> {
        let (error, id) = match self {
            Self::Input(input) => (&input.error, input.first_id()),
            Self::Open(opened) => (&opened.error, opened.id.clone()),
            _ => return None,
        };
        (!error.is_empty()).then(|| Problem {
            text: error.clone(),
            href: format!("#{id}"),
        })
    }
}

impl Input {
    /// The id of what takes the focus when somebody goes to this field.
    pub(super) fn first_id(&self) -> String {
        match &self.widget {
            Widget::One(choices) | Widget::Some(choices) => choices
                .first()
                .map_or_else(|| self.path.clone(), |first| first.id.clone()),
            _ => self.path.clone(),
        }
    }

    /// Which elements describe it, as an attribute’s value.
    pub(super) fn described_by(&self) -> String {
        let mut ids = vec![];
        if !self.hint.is_empty() {
            ids.push(format!("{}-hint", self.path));
        }
        if !self.error.is_empty() {
            ids.push(format!("{}-error", self.path));
        }
        ids.join(" ")
    }
}

/// What fields are drawn from.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    pub(super) schema: &'a Schema,
    pub(super) names: &'a Names,
    pub(super) rpc: &'a str,
    pub(super) filled: &'a Filled,
    pub(super) violations: &'a [(String, String)],
}

impl Fields<'_> {
    /// The pieces of the form, and what is wrong at no field of it.
    pub(super) fn of(&self, message: &MessageDescriptor) -> (Vec<Item>, Vec<String>) {
        let mut items = vec![];
        self.within(message, "", 0, &mut items);
        // When it is true comes last: mostly it is now.
        if let Some(field) = message.get_field_by_name("effective") {
            let mut input = self.input(&field, "effective");
            input.label = "True since".to_owned();
            input.hint = "Leave empty for now".to_owned();
            input.widget = Widget::Day;
            items.push(Item::Input(input));
        }
        let placed = |field: &str| {
            items.iter().any(|item| match item {
                Item::Input(input) => is_at(field, &input.path),
                Item::Open(opened) => is_at(field, &opened.id),
                _ => false,
            })
        };
        let unplaced = self
            .violations
            .iter()
            .filter(|(field, _)| !placed(field))
            .map(|(_, said)| said.clone())
            .collect();
        (items, unplaced)
    }

    fn within(
        &self,
        message: &MessageDescriptor,
        prefix: &str,
        depth: usize,
        items: &mut Vec<Item>,
    ) {
        let mut fields: Vec<FieldDescriptor> = message.fields().collect();
        fields.sort_by_key(FieldDescriptor::number);
        for field in fields {
            let path = format!("{prefix}{}", field.name());
            if field.is_map() || matches!(path.as_str(), "request_id" | "effective") {
                continue;
            }
            match field.kind() {
                Kind::Message(_) if depth == DEPTH_MAX => {}
                Kind::Message(inner) if field.is_list() => {
                    self.rows(&field, &inner, &path, depth, items);
                }
                Kind::Message(inner) => {
                    items.push(Item::Open(self.opened(&field, &path)));
                    self.within(&inner, &format!("{path}."), depth + 1, items);
                    items.push(Item::Close);
                }
                _ => items.push(Item::Input(self.input(&field, &path))),
            }
        }
    }

    /// A list of messages: a group per row, the heading of each being what was filled in for it.
    fn rows(
        &self,
        field: &FieldDescriptor,
        inner: &MessageDescriptor,
        path: &str,
        depth: usize,
        items: &mut Vec<Item>,
    ) {
        let opened = self.opened(field, path);
        let one = words::one_of(&opened.legend);
        items.push(Item::Open(opened));
        for row in 0..self.filled.rows(path) {
            let prefix = format!("{path}.{row}.");
            let begin = items.len();
            self.within(inner, &prefix, depth + 1, items);
            let mut legend = format!("{one} {}", row + 1);
            for item in items.iter_mut().skip(begin) {
                if let Item::Input(input) = item
                    && matches!(input.widget, Widget::Kept(_))
                {
                    legend = words::word(&input.value);
                    input.widget = Widget::Hidden;
                }
            }
            let heading = Opened {
                id: format!("{path}.{row}"),
                legend,
                hint: String::new(),
                error: String::new(),
                is_row: true,
            };
            items.insert(begin, Item::Open(heading));
            items.push(Item::Close);
        }
        items.push(Item::More {
            path: path.to_owned(),
            label: format!("Add another: {}", one.to_lowercase()),
        });
        items.push(Item::Close);
    }

    fn opened(&self, field: &FieldDescriptor, path: &str) -> Opened {
        Opened {
            id: path.to_owned(),
            legend: self.label(field, path),
            hint: words::explained(self.schema.comment(field.full_name())),
            error: self.error(path),
            is_row: false,
        }
    }

    fn input(&self, field: &FieldDescriptor, path: &str) -> Input {
        let comment = self.schema.comment(field.full_name());
        let mut input = Input {
            path: path.to_owned(),
            label: self.label(field, path),
            hint: words::explained(comment),
            error: self.error(path),
            value: self.filled.get(path).to_owned(),
            widget: Widget::Line,
        };
        if self.filled.is_kept(path) {
            input.widget = Widget::Kept(self.names.of(&input.value));
            return input;
        }
        input.widget = match field.kind() {
            Kind::Bool => Widget::One(self.choices(path, &[("yes", "Yes"), ("no", "No")])),
            Kind::Enum(list) => {
                let named: Vec<(String, String)> = list
                    .values()
                    .filter(|value| value.number() != 0)
                    .map(|value| {
                        let prefix = words::sentence(list.name())
                            .replace(' ', "_")
                            .to_uppercase();
                        let plain = value.name().trim_start_matches(&prefix).to_lowercase();
                        (value.name().to_owned(), words::sentence(&plain))
                    })
                    .collect();
                let named: Vec<(&str, &str)> = named
                    .iter()
                    .map(|(value, label)| (value.as_str(), label.as_str()))
                    .collect();
                Widget::One(self.choices(path, &named))
            }
            Kind::String => self.text(field, path, comment),
            _ if field.is_list() => Widget::Lines,
            _ if field.name().ends_with("_pence") => Widget::Pounds,
            _ => Widget::Number,
        };
        if field.is_list() && matches!(input.widget, Widget::Lines) {
            let mut lines: Vec<&str> = self.filled.all(path).collect();
            lines.retain(|line| !line.trim().is_empty());
            input.value = lines.join("\n");
            input.hint = format!("{} One on each line.", input.hint)
                .trim_start()
                .to_owned();
        }
        input
    }

    fn text(&self, field: &FieldDescriptor, path: &str, comment: &str) -> Widget {
        let offered = offered(comment, field.is_list());
        let named: Vec<(&str, String)> = offered
            .iter()
            .map(|word| (*word, words::sentence(word)))
            .collect();
        let named: Vec<(&str, &str)> = named
            .iter()
            .map(|(word, label)| (*word, label.as_str()))
            .collect();
        if !named.is_empty() {
            let choices = self.choices(path, &named);
            return match field.is_list() {
                true => Widget::Some(choices),
                false => Widget::One(choices),
            };
        }
        if field.is_list() {
            Widget::Lines
        } else if is_day(field.name(), comment) {
            Widget::Day
        } else if bytes_max(comment).is_some_and(|bytes| bytes > LINE_BYTES_MAX) {
            Widget::Lines
        } else {
            Widget::Line
        }
    }

    fn choices(&self, path: &str, named: &[(&str, &str)]) -> Vec<Choice> {
        named
            .iter()
            .map(|(value, label)| Choice {
                id: format!("{path}.{value}"),
                value: (*value).to_owned(),
                label: (*label).to_owned(),
                chosen: self.filled.all(path).any(|chosen| chosen == *value),
            })
            .collect()
    }

    fn label(&self, field: &FieldDescriptor, path: &str) -> String {
        match forms::label(self.rpc, path) {
            Some(label) => label.to_owned(),
            None => words::sentence(field.name().trim_end_matches("_pence")),
        }
    }

    fn error(&self, path: &str) -> String {
        self.violations
            .iter()
            .find(|(field, _)| is_at(field, path))
            .map(|(_, said)| words::capitalised(said))
            .unwrap_or_default()
    }
}

/// Whether a violation is about the field at `path`: the service names fields by their last part,
/// or by more of it, and not by their place in a list.
fn is_at(violation: &str, path: &str) -> bool {
    if violation == path {
        return true;
    }
    // In a list it cannot be told which row is meant, so it is said at the list.
    if path.split('.').any(|part| part.parse::<usize>().is_ok()) {
        return false;
    }
    path.ends_with(&format!(".{violation}"))
}

/// The words a comment offers: “`accept` or `reject`”. A list may offer them without an “or”.
fn offered(comment: &str, list: bool) -> Vec<&str> {
    let pieces: Vec<&str> = comment.split('`').collect();
    let mut run: Vec<&str> = vec![];
    let mut chosen = list;
    for at in (1..pieces.len()).step_by(2) {
        let word = pieces[at];
        let sound = !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let joined = run.is_empty() || matches!(pieces[at - 1], ", " | " or " | ", or " | " and ");
        if !sound || !joined {
            if run.len() > 1 && chosen {
                return run;
            }
            run.clear();
            chosen = list;
        }
        if sound {
            chosen |= !run.is_empty() && pieces[at - 1].contains("or");
            run.push(word);
        }
    }
    if run.len() > 1 && chosen { run } else { vec![] }
}

/// Whether a text is a civil date: its name or the example of its comment says so.
fn is_day(name: &str, comment: &str) -> bool {
    let named = name.ends_with("_date")
        || name.ends_with("_on")
        || matches!(name, "on" | "from" | "until" | "starts" | "ends");
    let example = comment
        .split([' ', '`', ',', '.', ';'])
        .any(|word| word.len() == 10 && word.parse::<jiff::civil::Date>().is_ok());
    let instant = comment.contains("RFC 3339");
    (named || example) && !instant
}

/// “at most 8000 bytes”
fn bytes_max(comment: &str) -> Option<usize> {
    let (before, _) = comment.split_once(" bytes")?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_offer_the_words_of_a_closed_list() {
        assert_eq!(
            offered("`accept` or `reject`.", false),
            ["accept", "reject"]
        );
        assert_eq!(
            offered("From: `a`, `b_c` or `d` (ROUTE-06).", false),
            ["a", "b_c", "d"]
        );
        assert_eq!(
            offered("By id (`driving_licence`): letters", true),
            Vec::<&str>::new()
        );
        assert_eq!(offered("Kinds: `a`, `b`.", true), ["a", "b"]);
        assert_eq!(offered("Kinds: `a`, `b`.", false), Vec::<&str>::new());
        assert_eq!(
            offered("The role, `MHWP` or `EMHP`.", false),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn a_violation_finds_its_field() {
        assert!(is_at("reason", "decision.reason") && is_at("modules.credits", "modules.credits"));
        assert!(is_at("scores", "decision.scores"));
        assert!(!is_at("points", "decision.scores.0.points"));
        assert!(!is_at("son", "decision.reason"));
    }

    #[test]
    fn days_and_long_texts_are_told_by_their_comments() {
        assert!(is_day("held_date", "The day, 2025-12-11."));
        assert!(!is_day("deadline", "When it closes, an RFC 3339 instant"));
        assert_eq!(bytes_max("Why, at most 8000 bytes. Nobody"), Some(8000));
    }
}
