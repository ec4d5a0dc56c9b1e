use std::{fs, sync::OnceLock};

use crate::{Cluster, Options};

static SHARED: OnceLock<Cluster> = OnceLock::new();

/// One throw-away cluster for the whole process, started on first use and removed at exit: what
/// the tests of one binary have in common.
///
/// # Panics
///
/// When no server can be started: a test can do nothing better than to fail with the reason.
#[expect(
    clippy::panic,
    reason = "a test that has no database fails with the reason"
)]
pub fn shared() -> &'static Cluster {
    SHARED.get_or_init(|| {
        let cluster = Cluster::start(Options::default()).unwrap_or_else(|error| {
            let source = std::error::Error::source(&error);
            let cause = source.map(|s| format!(": {s}")).unwrap_or_default();
            panic!("{error}{cause}")
        });
        // SAFETY: the handler is a plain function that lives as long as the program and does not
        // unwind.
        unsafe { libc::atexit(remove_at_exit) };
        cluster
    })
}

/// Statics are never dropped.
extern "C" fn remove_at_exit() {
    if let Some(cluster) = SHARED.get() {
        cluster.halt();
        // What cannot be removed now is swept by a later start.
        let _ = fs::remove_dir_all(cluster.folder.path());
        let _ = fs::remove_dir_all(cluster.socket_dir());
    }
}
