//! Every requirement of the field is bound to code and to a test.

use std::path::Path;

use acceptance::coverage::Coverage;

#[test]
fn every_requirement_is_bound_to_code_and_to_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let coverage = Coverage::of(&root).expect("readable sources");
    let (all, _) = coverage.count();
    assert!(all >= 219, "the list is shorter than it was: {all}");
    let unbound = coverage.unbound();
    assert!(
        unbound.is_empty(),
        "see tests/src/coverage.rs for how code and tests name a requirement: {unbound:#?}"
    );
}
