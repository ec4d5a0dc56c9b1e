//! A private PostgreSQL server, started from whatever server binaries the machine has.
//!
//! `trellis demo` keeps its records in a durable one; tests and benches use throw-away ones.
//! The server listens on a Unix socket only, inside a folder that nobody but its own user (and
//! root) can enter, and it never outlives the process that started it.
//!
//! ```no_run
//! use pg_launcher::{Cluster, Options};
//!
//! let cluster = Cluster::start(Options::default())?;
//! println!("{}", cluster.url("postgres", "postgres"));
//! cluster.stop();
//! # Ok::<(), pg_launcher::LaunchError>(())
//! ```

mod account;
mod error;
mod files;
mod folder;
mod keeper;
mod programs;
mod shared;

use std::{
    ffi::OsString,
    fs::{self, File},
    os::unix::{ffi::OsStrExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

pub use account::we_are_root;
pub use error::LaunchError;
pub use programs::find_bin_dir;
pub use shared::shared;

use account::Account;
use error::while_doing;
use folder::Folder;
use keeper::Keeper;
use programs::Programs;

/// Only part of the socket's file name: the server does not listen on TCP.
const PORT: u16 = 5432;

const POLL: Duration = Duration::from_millis(5);

/// How a cluster is started. The default is a throw-away one in a temporary folder.
#[derive(Debug, Clone)]
pub struct Options {
    /// Committed rows survive a crash of the server, of this process and of the machine.
    /// Without it the server skips every flush to disk, which is several times faster.
    pub durable: bool,
    /// A folder of the cluster's own, made when missing and kept afterwards. Without one the
    /// cluster lives in a temporary folder that goes when it stops: in memory where there is
    /// plenty of it and `TMPDIR` does not name another place, unless it is durable.
    pub dir: Option<PathBuf>,
    /// PostgreSQL's `max_connections`.
    pub max_connections: u16,
    /// Further server settings, which win over the launcher's own.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durable: false,
            dir: None,
            max_connections: 200,
            settings: Vec::new(),
        }
    }
}

/// A running PostgreSQL server. Dropping it stops the server.
///
/// On Linux the server also goes down, within milliseconds, when this process is killed.
#[derive(Debug)]
pub struct Cluster {
    // Declared in the order in which they must be dropped: the keeper thread may end only once
    // the server has, and the folder is removed last.
    server: Mutex<Child>,
    keeper: Keeper,
    pid: u32,
    bin_dir: PathBuf,
    folder: Folder,
}

impl Cluster {
    /// Starts a server and returns once it accepts connections.
    ///
    /// A durable folder whose server was killed is recovered first, by PostgreSQL itself.
    pub fn start(options: Options) -> Result<Self, LaunchError> {
        let programs = Programs::find()?;
        let folder = match &options.dir {
            Some(dir) => Folder::keep(dir)?,
            None => Folder::throw_away(options.durable)?,
        };
        if let Some(account) = folder.account() {
            account.check_reach(programs.bin_dir())?;
        }
        folder.wait_until_free()?;
        files::prepare(&programs, &folder, options.durable)?;
        folder.disown_dead_server()?;

        let log = folder.open_log()?;
        let command = server_command(&programs, &folder, &options, &log)?;
        let (child, keeper) = keeper::spawn(command).map_err(while_doing("start postgres"))?;
        let cluster = Self {
            pid: child.id(),
            server: Mutex::new(child),
            keeper,
            bin_dir: programs.bin_dir().to_owned(),
            folder,
        };
        // Replaying a long write-ahead log after a crash takes minutes and must not be cut short.
        cluster.wait_until_ready(Duration::from_secs(if options.durable { 900 } else { 60 }))?;
        Ok(cluster)
    }

    /// A connection URL over the Unix socket, in the form that sqlx, tokio-postgres and psql
    /// read: `postgres://user@%2Fsocket%2Ffolder:5432/database`.
    pub fn url(&self, user: &str, database: &str) -> String {
        let user = percent_encoded(user.as_bytes());
        let host = percent_encoded(self.socket_dir().as_os_str().as_bytes());
        let database = percent_encoded(database.as_bytes());
        format!("postgres://{user}@{host}:{PORT}/{database}")
    }

    /// The folder of the server's socket, for clients that take host and port apart.
    pub fn socket_dir(&self) -> &Path {
        self.folder.socket_dir()
    }

    /// The port that belongs to [`Self::socket_dir`]. Nothing listens on it over TCP.
    pub fn port(&self) -> u16 {
        PORT
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Where the server's programs are, often with `psql` and `pg_dump` beside them.
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// Stops the server and waits until it is gone. A kept folder is left cleanly shut down; a
    /// temporary one is removed.
    pub fn stop(self) {
        drop(self);
    }

    fn wait_until_ready(&self, patience: Duration) -> Result<(), LaunchError> {
        let begun = Instant::now();
        loop {
            let ended = self.server().try_wait();
            if let Some(status) = ended.map_err(while_doing("watch postgres"))? {
                return Err(LaunchError::Ended {
                    status,
                    log: self.folder.log_tail(),
                });
            }
            if self.folder.server_is_ready(self.pid) {
                return Ok(());
            }
            if begun.elapsed() > patience {
                return Err(LaunchError::NotReady {
                    seconds: patience.as_secs(),
                    log: self.folder.log_tail(),
                });
            }
            thread::sleep(POLL);
        }
    }

    /// Leaves no server behind; may be called again when it is already gone.
    fn halt(&self) {
        // A temporary cluster's rows go with it, so it need not write them out first.
        let steps: &[_] = if self.folder.is_temporary() {
            &[(libc::SIGQUIT, 10)]
        } else {
            &[(libc::SIGINT, 60), (libc::SIGQUIT, 10)]
        };
        let mut server = self.server();
        for (signal, seconds) in steps {
            let begun = Instant::now();
            match server.try_wait() {
                Ok(None) => send_signal(self.pid, *signal),
                Ok(Some(_)) | Err(_) => return,
            }
            while begun.elapsed() < Duration::from_secs(*seconds) {
                if !matches!(server.try_wait(), Ok(None)) {
                    return;
                }
                thread::sleep(POLL);
            }
        }
        // Nothing is left to be done with an error here: the process ends or has ended.
        let _ = server.kill();
        let _ = server.wait();
    }

    fn server(&self) -> std::sync::MutexGuard<'_, Child> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.halt();
        self.keeper.release();
    }
}

/// A command that runs as the server's user and sees nothing of our environment but what
/// relocated binaries need to find their libraries.
fn command(program: PathBuf, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        // Our own working folder may be closed to the server's user.
        .current_dir("/")
        .stdin(Stdio::null());
    if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

fn server_command(
    programs: &Programs,
    folder: &Folder,
    options: &Options,
    log: &File,
) -> Result<Command, LaunchError> {
    let mut command = command(programs.bin_dir().join("postgres"), folder.account());
    command.arg("-D").arg(folder.cluster());
    command.arg("-k").arg(folder.socket_dir());
    let port = PORT.to_string();
    let max_connections = options.max_connections.to_string();
    let ours = [
        ("listen_addresses", ""),
        ("port", &port),
        ("unix_socket_permissions", "0700"),
        ("max_connections", &max_connections),
        ("jit", "off"),
    ];
    let mode: &[(&str, &str)] = if options.durable {
        &[
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
        ]
    } else {
        &[
            ("fsync", "off"),
            ("synchronous_commit", "off"),
            ("full_page_writes", "off"),
            ("wal_level", "minimal"),
            ("max_wal_senders", "0"),
            ("autovacuum", "off"),
            ("checkpoint_timeout", "1h"),
            // The folder may be in memory.
            ("max_wal_size", "256MB"),
            ("shared_buffers", "64MB"),
        ]
    };
    let asked = options.settings.iter().map(|(k, v)| (&**k, &**v));
    // The server takes the last of two settings of the same name.
    for (name, value) in ours.into_iter().chain(mode.iter().copied()).chain(asked) {
        let mut setting = OsString::from(name);
        setting.push("=");
        setting.push(value);
        command.arg("-c").arg(setting);
    }
    let second = log.try_clone().map_err(while_doing("share the log file"))?;
    let first = log.try_clone().map_err(while_doing("share the log file"))?;
    command.stdout(first).stderr(second);
    // Otherwise Ctrl-C in a terminal stops the server before its clients have finished.
    command.process_group(0);
    Ok(command)
}

fn send_signal(pid: u32, signal: libc::c_int) {
    if let Ok(pid) = libc::pid_t::try_from(pid) {
        // SAFETY: kill takes plain numbers. The caller has not reaped the child, so the id
        // cannot have passed to another process.
        unsafe { libc::kill(pid, signal) };
    }
}

fn percent_encoded(bytes: &[u8]) -> String {
    use std::fmt::Write;

    let mut encoded = String::with_capacity(bytes.len() + 8);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn remove_if_there(dir: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::percent_encoded;

    #[test]
    fn a_folder_becomes_a_host_name() {
        assert_eq!(
            percent_encoded(b"/tmp/pg-run.x/\xc3\xa9"),
            "%2Ftmp%2Fpg%2Drun.x%2F%C3%A9"
        );
    }
}
