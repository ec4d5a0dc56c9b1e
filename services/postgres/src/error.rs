use std::{io, path::PathBuf, process::ExitStatus};

/// Why no server came up, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The machine has no PostgreSQL server.
    #[error(
        "found no PostgreSQL server programs in PG_BIN_DIR, on PATH, by pg_config or in the usual \
         folders; install the package `postgresql` (Fedora: `postgresql-server`; macOS: \
         `brew install postgresql`), or set PG_BIN_DIR to the folder of `initdb` and `postgres`"
    )]
    NoPrograms,
    /// `PG_BIN_DIR` points somewhere else.
    #[error(
        "PG_BIN_DIR is {}, which does not hold both `initdb` and `postgres`; correct it, or unset \
         it and install the package `postgresql`",
        .dir.display()
    )]
    NotABinDir {
        /// What `PG_BIN_DIR` says.
        dir: PathBuf,
    },
    /// PostgreSQL refuses to run as root and there is nobody else to run it as.
    #[error(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor a user \
         `nobody` to run it as; install the package `postgresql`, or start as an ordinary user"
    )]
    NoAccount,
    /// The user that the server runs as is kept out of a folder it needs.
    #[error(
        "the server runs as user `{account}`, who cannot reach {} because {} is closed to others; \
         choose a folder elsewhere, such as one under /var/lib, or open that one with `chmod o+x`",
        .path.display(), .closed.display()
    )]
    Unreachable {
        /// The folder the server needs.
        path: PathBuf,
        /// The folder on the way to it that is closed.
        closed: PathBuf,
        /// The user that is kept out.
        account: String,
    },
    /// The folder belongs to another user.
    #[error(
        "{} belongs to another user (id {owner}); start as that user or as root, or choose another \
         folder",
        .dir.display()
    )]
    NotOurs {
        /// The folder asked for.
        dir: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// The folder already holds something that is not a cluster.
    #[error(
        "{} holds other files; a cluster needs a folder of its own, empty or not yet there",
        .dir.display()
    )]
    Occupied {
        /// The folder asked for.
        dir: PathBuf,
    },
    /// Another server runs on the folder.
    #[error(
        "a PostgreSQL server is already running on {}{}; stop it, or choose another folder",
        .dir.display(), .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    AlreadyRunning {
        /// The folder asked for.
        dir: PathBuf,
        /// The running server, when it has got far enough to say.
        pid: Option<u32>,
    },
    /// The folder was made by another major version of PostgreSQL.
    #[error(
        "{} was made by PostgreSQL {made_by}, and the programs in {} are version {found}; install \
         the package `postgresql-{made_by}`, or set PG_BIN_DIR to the programs of that version",
        .dir.display(), .bin_dir.display()
    )]
    OtherVersion {
        /// The folder asked for.
        dir: PathBuf,
        /// The version that made it.
        made_by: String,
        /// Where the programs are.
        bin_dir: PathBuf,
        /// Their version.
        found: String,
    },
    /// `initdb` did not make a cluster.
    #[error(
        "initdb failed ({status}):\n{output}\nIf the installation is broken, reinstall the package \
         `postgresql` or set PG_BIN_DIR to another one"
    )]
    Initdb {
        /// How it ended.
        status: ExitStatus,
        /// The last lines it printed.
        output: String,
    },
    /// The server ended before it was ready.
    #[error(
        "postgres ended before it was ready ({status}); its log says:\n{log}\nIf the installation \
         is broken, reinstall the package `postgresql` or set PG_BIN_DIR to another one"
    )]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// The server did not become ready.
    #[error("postgres was not ready after {seconds} s and was stopped; its log says:\n{log}")]
    NotReady {
        /// How long it was given.
        seconds: u64,
        /// The last lines of its log.
        log: String,
    },
    /// The operating system refused something.
    #[error("could not {doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the operating system said.
        source: io::Error,
    },
}

pub(crate) fn while_doing(doing: impl Into<String>) -> impl FnOnce(io::Error) -> LaunchError {
    move |source| LaunchError::Io {
        doing: doing.into(),
        source,
    }
}

/// The end of a text, short enough for an error message.
pub(crate) fn tail(text: &str) -> String {
    const LINES_MAX: usize = 12;
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES_MAX)..].join("\n")
}
