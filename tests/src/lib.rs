//! What the tests know about the project's own text; the tests themselves are in `acceptance/`.

pub mod coverage;
