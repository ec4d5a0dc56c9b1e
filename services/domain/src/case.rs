//! The case a guest of a university is there for (`permissions.md` C.2, mark 3): an external examiner
//! or a member of a panel reads and does what belongs to it, and nothing else of the organisation's.
//!
//! A case is named by its records: an application, with what is marked and claimed for it, or an exam
//! board, with its sittings. What else of a tenant is no part of the case looks as if it were not there.

use std::collections::BTreeSet;

use crate::{
    actor::TenantId,
    application::Application,
    break_glass,
    id::Id,
    marks::MarkSheet,
    refusal::Refusal,
    world::{AnyState, StreamKey},
};

/// The records of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case(BTreeSet<StreamKey>);

impl Case {
    /// The case that words name: record names with blanks between them. What else is written there
    /// names nothing, so a case of such words only holds no record at all.
    pub fn of(tenant: TenantId, words: &str) -> Self {
        let mut records = BTreeSet::new();
        for word in words.split_whitespace() {
            // no more than its id tells whose marks a sheet holds
            if let Ok(application) = Id::<Application>::from_name(word, "case") {
                records.insert(MarkSheet::id(tenant, application).key());
            }
            records.extend(break_glass::named(word).ok());
        }
        Self(records)
    }

    /// Whether a record belongs to it: named by it, or part of what is.
    pub fn holds(&self, key: StreamKey, state: &dyn AnyState) -> bool {
        self.0.contains(&key) || state.part_of().iter().any(|whole| self.0.contains(whole))
    }
}

/// Checks the words of a guest's case: names of records, and nothing else.
///
/// # Errors
/// `FIELD_INVALID` at `case`.
pub fn named(words: &str) -> Result<(), Refusal> {
    let mut words = words.split_whitespace().peekable();
    if words.peek().is_some() && words.all(|word| break_glass::named(word).is_ok()) {
        return Ok(());
    }
    Err(Refusal::invalid(
        "case",
        "name the records of the case, such as examBoards/{uuid} or applications/{uuid}, with blanks \
         between them",
    ))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        board::{BoardSitting, ExamBoard},
        given::tenant,
    };

    #[test]
    fn c_2_a_case_of_an_application_is_the_application_and_its_marks() {
        let application = |n| Id::<Application>::new(Uuid::from_u128(n));
        let case = Case::of(tenant(2), &application(7).name());
        let absent = Application::default();
        assert!(case.holds(application(7).key(), &absent));
        assert!(!case.holds(application(8).key(), &absent));
        let sheet = |tenant, n| MarkSheet::id(tenant, application(n)).key();
        assert!(case.holds(sheet(tenant(2), 7), &MarkSheet::default()));
        assert!(!case.holds(sheet(tenant(2), 8), &MarkSheet::default()));
        assert!(!case.holds(sheet(tenant(3), 7), &MarkSheet::default()));
    }

    #[test]
    fn c_2_words_that_name_no_record_open_none() {
        let case = Case::of(tenant(2), "The board of June 2026");
        assert_eq!(case, Case::default());
        let board = Id::<ExamBoard>::new(Uuid::from_u128(1));
        assert!(!case.holds(board.key(), &ExamBoard::default()));
        assert!(named("The board of June 2026").is_err() && named(" ").is_err());
        let two = format!("{} {}", board.name(), board.name());
        assert!(named(&two).is_ok());
        assert!(BoardSitting::default().part_of().is_empty());
    }
}
