//! Pages that a person reviews: compared with what the code says now, rewritten only on request.

use std::{fs, path::PathBuf};

/// Where a snapshot lies.
pub(crate) fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "snapshots", name]
        .iter()
        .collect()
}

/// Whether snapshots are rewritten instead of compared.
pub(crate) fn updating() -> bool {
    std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1")
}

/// Compares a page with its snapshot.
pub(crate) fn compare(name: &str, page: &str) {
    let path = path(name);
    if updating() {
        let folder = path.parent().expect("a snapshot lies in a folder");
        fs::create_dir_all(folder).expect("a writable folder");
        fs::write(&path, page).expect("a writable snapshot");
        return;
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        reviewed == page,
        "{} differs; review it after UPDATE_SNAPSHOTS=1 cargo test -p acceptance:\n{page}",
        path.display()
    );
}
