//! Which code enforces or serves each requirement, and which tests would fail without it.
//!
//! Code says so by naming the id (`FUND-07`, `READY-01..03`) in the documentation of an item or the
//! source of a policy row; a test by its name (`fund_07_…`, `ready_01_to_03_and_fund_16_…`) or in
//! the comment right above it. The table is made from those marks and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// Where one requirement is met.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Binding {
    /// What is required, in one line.
    pub statement: String,
    /// Why it is not met yet, for those that say so in the list.
    pub not_met: Option<String>,
    /// Files that enforce or serve it.
    pub code: BTreeSet<String>,
    /// Tests, as `file::name`.
    pub tests: BTreeSet<String>,
}

impl Binding {
    /// Whether it has both code and a test.
    fn is_bound(&self) -> bool {
        !self.code.is_empty() && !self.tests.is_empty()
    }
}

/// How the list marks a requirement that is not met yet: `… [not met: why]`.
const NOT_MET: &str = " [not met: ";

/// Every requirement, by id.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Coverage(BTreeMap<String, Binding>);

impl Coverage {
    /// Reads the list of requirements, and the marks in the sources under `root`.
    ///
    /// # Errors
    /// When a file cannot be read, or the list has a line without a statement.
    pub fn of(root: &Path) -> io::Result<Self> {
        let mut coverage = Self::listed(&fs::read_to_string(root.join("tests/requirements.txt"))?)?;
        for folder in ["services", "tests/acceptance"] {
            for path in sources(&root.join(folder))? {
                let text = fs::read_to_string(&path)?;
                let name = path.strip_prefix(root).unwrap_or(&path);
                coverage.note(&name.to_string_lossy(), &text);
            }
        }
        Ok(coverage)
    }

    /// The requirements of a list, not bound to anything.
    fn listed(list: &str) -> io::Result<Self> {
        list.lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (id, statement) = line.split_once(' ').ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("no statement: {line}"))
                })?;
                let (statement, not_met) = match statement.split_once(NOT_MET) {
                    Some((statement, why)) => (statement, Some(why.trim_end_matches(']'))),
                    None => (statement, None),
                };
                let binding = Binding {
                    statement: statement.to_owned(),
                    not_met: not_met.map(str::to_owned),
                    ..Binding::default()
                };
                Ok((id.to_owned(), binding))
            })
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Takes in the marks of one source.
    fn note(&mut self, file: &str, text: &str) {
        let test_file =
            file.ends_with("/tests.rs") || file.contains("/tests/") || file.starts_with("tests/");
        let (code, tests) = if test_file {
            ("", text)
        } else {
            text.split_once("\n#[cfg(test)]\nmod tests {")
                .unwrap_or((text, ""))
        };
        for id in ids(code) {
            if let Some(binding) = self.0.get_mut(&id) {
                binding.code.insert(file.to_owned());
            }
        }
        for (name, ids) in test_functions(tests) {
            for id in ids {
                if let Some(binding) = self.0.get_mut(&id) {
                    binding.tests.insert(format!("{file}::{name}"));
                }
            }
        }
    }

    /// How many requirements there are, and how many are bound to code and to a test.
    pub fn count(&self) -> (usize, usize) {
        let bound = self.0.values().filter(|binding| binding.is_bound());
        (self.0.len(), bound.count())
    }

    /// The requirements that the list says are not met, with the reason.
    pub fn not_met(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(id, binding)| Some((id.as_str(), binding.not_met.as_deref()?)))
    }

    /// What is missing, one line a requirement: `FUND-08: no test`; and what the list says is not
    /// met though it is.
    pub fn unbound(&self) -> Vec<String> {
        self.0
            .iter()
            .filter_map(|(id, binding)| {
                if binding.not_met.is_some() {
                    let stale = || format!("{id}: is met; take the mark out of the list");
                    return binding.is_bound().then(stale);
                }
                match (binding.code.is_empty(), binding.tests.is_empty()) {
                    (false, false) => None,
                    (false, true) => Some(format!("{id}: no test")),
                    (true, false) => Some(format!("{id}: no code")),
                    (true, true) => Some(format!("{id}: neither code nor test")),
                }
            })
            .collect()
    }

    /// The table: each requirement with its code and its tests below it.
    pub fn table(&self) -> String {
        let mut page = String::new();
        for (id, binding) in &self.0 {
            let _ = writeln!(page, "{id}  {}", binding.statement);
            if let Some(why) = &binding.not_met {
                let _ = writeln!(page, "    not met: {why}");
            }
            for file in &binding.code {
                let _ = writeln!(page, "    code  {file}");
            }
            for test in &binding.tests {
                let _ = writeln!(page, "    test  {test}");
            }
        }
        page
    }
}

/// Every Rust source below a folder, in order.
fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![];
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The ids that a text names, ranges (`READY-01..03`) spelt out.
fn ids(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(at) = rest.find('-') {
        let area_length = rest[..at]
            .bytes()
            .rev()
            .take_while(u8::is_ascii_uppercase)
            .count();
        let area = &rest[at - area_length..at];
        rest = &rest[at + 1..];
        let Some(first) = two_digits(rest).filter(|_| !area.is_empty()) else {
            continue;
        };
        let last = rest[2..].strip_prefix("..").and_then(two_digits);
        found.extend((first..=last.unwrap_or(first)).map(|number| format!("{area}-{number:02}")));
    }
    found
}

/// The number that a text begins with, when it is of exactly two digits.
fn two_digits(text: &str) -> Option<u8> {
    let longer = text.as_bytes().get(2).is_some_and(u8::is_ascii_digit);
    let digits = text.get(..2).filter(|_| !longer)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// The test functions of a text with the ids in their names and in the comments above them.
fn test_functions(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut found = vec![];
    let mut above = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("//") {
            above.extend(ids(line));
        } else if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        } else {
            if let Some(name) = function(line).filter(|_| is_test) {
                let mut ids = std::mem::take(&mut above);
                ids.extend(ids_of_name(name));
                found.push((name.to_owned(), ids));
            }
            above.clear();
            is_test = false;
        }
    }
    found
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.strip_prefix("fn ")?;
    name.split(['(', '<']).next()
}

/// `alloc_14_and_x_04_…` names ALLOC-14 and X-04, `ready_01_to_03_…` READY-01 to READY-03.
fn ids_of_name(name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut words = name.split('_').peekable();
    let mut area = String::new();
    let mut last: Option<u8> = None;
    let mut range = false;
    while let Some(word) = words.next() {
        if let Some(number) = two_digits(word).filter(|_| word.len() == 2) {
            if area.is_empty() {
                continue;
            }
            let first = last.filter(|_| range).unwrap_or(number);
            found.extend((first..=number).map(|number| format!("{area}-{number:02}")));
            last = Some(number);
            range = false;
        } else if word == "to" && last.is_some() {
            range = true;
        } else if word != "and" {
            let numbered = words
                .peek()
                .is_some_and(|next| next.len() == 2 && two_digits(next).is_some());
            area = if numbered {
                word.to_uppercase()
            } else {
                String::new()
            };
            last = None;
            range = false;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn ids_are_read_from_text() {
        assert_eq!(
            ids("(`FUND-07`), READY-01..03; not A-1, 2026-03-02 or FUND-123"),
            set(&["FUND-07", "READY-01", "READY-02", "READY-03"])
        );
    }

    #[test]
    fn ids_are_read_from_names() {
        assert_eq!(
            ids_of_name("ready_01_to_03_and_fund_16_each_is_needed"),
            set(&["READY-01", "READY-02", "READY-03", "FUND-16"])
        );
        assert_eq!(
            ids_of_name("set_01_and_09_both"),
            set(&["SET-01", "SET-09"])
        );
        assert_eq!(ids_of_name("the_last_20_places"), set(&["LAST-20"]));
        assert_eq!(ids_of_name("band_5_discharges"), set(&[]));
    }

    #[test]
    fn only_tests_bind_and_only_their_own_comments() {
        let text = "// FUND-01\nfn a() {}\n\n/// FUND-02\n#[test]\nfn fund_03_b() {}\n#[tokio::test]\nasync fn c() {}\n";
        assert_eq!(
            test_functions(text),
            vec![
                ("fund_03_b".to_owned(), set(&["FUND-02", "FUND-03"])),
                ("c".to_owned(), set(&[])),
            ]
        );
    }

    #[test]
    fn what_the_list_says_is_not_met_is_reported_and_must_be_so() {
        let list = "FUND-01 one [not met: nothing transfers yet]\n";
        let mut coverage = Coverage::listed(list).expect("a list");
        assert!(coverage.unbound().is_empty());
        assert_eq!(coverage.count(), (1, 0));
        let why: Vec<_> = coverage.not_met().collect();
        assert_eq!(why, [("FUND-01", "nothing transfers yet")]);
        coverage.note("services/domain/src/funding.rs", "/// FUND-01\nfn a() {}\n");
        coverage.note(
            "services/domain/src/funding/tests.rs",
            "#[test]\nfn fund_01_a() {}\n",
        );
        assert_eq!(
            coverage.unbound(),
            ["FUND-01: is met; take the mark out of the list"]
        );
    }

    #[test]
    fn a_requirement_without_code_or_test_is_named() {
        let mut coverage =
            Coverage::listed("FUND-01 one\nFUND-02 two\nFUND-03 three\n").expect("a list");
        coverage.note(
            "services/domain/src/funding.rs",
            "/// FUND-01, FUND-02\nfn a() {}\n",
        );
        coverage.note(
            "services/domain/src/funding/tests.rs",
            "#[test]\nfn fund_01_a() {}\n",
        );
        assert_eq!(
            coverage.unbound(),
            ["FUND-02: no test", "FUND-03: neither code nor test"]
        );
        assert_eq!(coverage.count(), (3, 1));
    }
}
