//! The real `trellis` binary as a child process: to be killed, and to be listened to.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use serde_json::Value;
use server::token::DevelopmentIssuer;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::{OnceCell, watch},
};

use super::{Api, Cast, collector::Collector, database::Database, service};

/// Builds the binary once and answers where it is: beside this one.
pub(crate) async fn trellis() -> PathBuf {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    BUILT
        .get_or_init(async || {
            let this = std::env::current_exe().expect("this binary has a path");
            let profile = this
                .ancestors()
                .nth(2)
                .expect("target/<profile>/deps/<this>");
            let mut build = Command::new(env!("CARGO"));
            build
                // With the features that the tests are built with, or all of it is compiled again.
                .args([
                    "build",
                    "--quiet",
                    "--locked",
                    "--workspace",
                    "--tests",
                    "--bin",
                    "trellis",
                    "--target-dir",
                ])
                .arg(profile.parent().expect("target/<profile>"))
                .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
            if profile.ends_with("release") {
                build.arg("--release");
            }
            let status = build.status().await.expect("cargo runs");
            assert!(status.success(), "trellis does not build: {status}");
            profile.join("trellis")
        })
        .await
        .clone()
}

/// A running `trellis serve`.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Log,
}

/// What a process has written to its log so far.
#[derive(Clone)]
pub(crate) struct Log(Arc<watch::Sender<Vec<String>>>);

impl Log {
    /// All of it.
    pub(crate) fn text(&self) -> String {
        self.0.borrow().join("\n")
    }

    /// The first line that `found` makes something of; `None` when the log ends before.
    async fn first<T>(&self, found: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut lines = self.0.subscribe();
        let mut read = 0;
        loop {
            {
                let lines = lines.borrow_and_update();
                for line in lines.iter().skip(read) {
                    if let Some(value) = found(line) {
                        return Some(value);
                    }
                }
                read = lines.len();
                if lines.last().is_some_and(|line| line == END) {
                    return None;
                }
            }
            lines.changed().await.ok()?;
        }
    }
}

/// Stands for the end of a log.
const END: &str = "";

/// How a process is started.
pub(crate) struct Start<'a> {
    pub(crate) database: &'a Database,
    /// Where its keys are.
    pub(crate) keys: &'a Path,
    /// `RUST_LOG`
    pub(crate) filter: &'a str,
    /// Where traces and metrics go.
    pub(crate) collector: Option<SocketAddr>,
}

impl Process {
    /// Starts it and waits until it serves.
    pub(crate) async fn start(start: Start<'_>) -> Self {
        let mut command = Command::new(trellis().await);
        command
            .args(["--log-format", "json", "serve", "--listen", "127.0.0.1:0"])
            .args(["--clock", "sandbox"])
            .args(["--command-url", &start.database.url("trellis_command")])
            .args(["--reader-url", &start.database.url("trellis_reader")])
            .args(["--projector-url", &start.database.url("trellis_projector")])
            .arg("--key-file")
            .arg(start.keys.join("key-encryption-key"))
            .arg("--allow-development-issuer")
            .arg(start.keys.join("issuer.pk8"))
            .env("RUST_LOG", start.filter)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(collector) = start.collector {
            command
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"))
                .env("OTEL_METRIC_EXPORT_INTERVAL", "200")
                .env("OTEL_BSP_SCHEDULE_DELAY", "50");
        }
        let mut child = command.spawn().expect("trellis starts");
        let log = Log(Arc::new(watch::Sender::new(vec![])));
        let lines = child.stderr.take().expect("its log is piped");
        tokio::spawn(follow(BufReader::new(lines), log.clone()));
        let address = log
            .first(|line| {
                let entry: Value = serde_json::from_str(line).ok()?;
                (entry["fields"]["message"] == "serving").then_some(())?;
                entry["fields"]["address"].as_str()?.parse().ok()
            })
            .await
            .unwrap_or_else(|| panic!("trellis ended:\n{}", log.text()));
        Self {
            child,
            address,
            log,
        }
    }

    /// Kills it as the machine would: no word, no time.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("it was alive");
    }

    /// Asks it to end, waits until it has, and answers its whole log.
    pub(crate) async fn terminate(mut self) -> String {
        let pid = self.child.id().expect("it is alive").to_string();
        signal("-TERM", &pid).await;
        let status = self.child.wait().await.expect("it ends");
        assert!(status.success(), "{status}:\n{}", self.log.text());
        self.log.first(|line| (line == END).then_some(())).await;
        self.log.text()
    }
}

/// Sends a signal to a process.
pub(crate) async fn signal(which: &str, pid: &str) {
    let sent = Command::new("kill").args([which, pid]).status().await;
    assert!(sent.expect("kill runs").success());
}

async fn follow(mut lines: BufReader<tokio::process::ChildStderr>, log: Log) {
    let mut line = String::new();
    loop {
        line.clear();
        let read = lines.read_line(&mut line).await.unwrap_or(0);
        log.0
            .send_modify(|lines| lines.push(line.trim_end().to_owned()));
        if read == 0 {
            return;
        }
    }
}

/// A process on a database of its own, and everybody on it.
pub(crate) struct Rig {
    pub(crate) cast: Cast,
    pub(crate) database: Database,
    pub(crate) process: Process,
    keys: TempDir,
}

impl Rig {
    /// Starts a process with all roles.
    pub(crate) async fn start(filter: &str, collector: Option<&Collector>) -> Self {
        Self::start_on(Database::fresh().await, filter, collector).await
    }

    /// The same on a database that is there.
    pub(crate) async fn start_on(
        database: Database,
        filter: &str,
        collector: Option<&Collector>,
    ) -> Self {
        let keys = TempDir::new().expect("a folder for keys");
        let issuer = DevelopmentIssuer::open(&keys.path().join("issuer.pk8")).expect("an issuer");
        // Makes the key-encryption key that the process is to find.
        let ledger = service::open(&database, keys.path()).await;
        let process = Process::start(Start {
            database: &database,
            keys: keys.path(),
            filter,
            collector: collector.map(|collector| collector.address),
        })
        .await;
        Self {
            cast: Cast {
                api: Api::connect(process.address).await,
                ledger,
                issuer: Arc::new(issuer),
            },
            database,
            process,
            keys,
        }
    }

    /// Another process in the place of the one that is gone.
    pub(crate) async fn start_again(&mut self, database: Database, filter: &str) {
        self.database = database;
        self.cast.ledger = service::open(&self.database, self.keys.path()).await;
        self.process = Process::start(Start {
            database: &self.database,
            keys: self.keys.path(),
            filter,
            collector: None,
        })
        .await;
        self.cast.api = self.cast.api.moved(self.process.address).await;
    }

    /// Ends the process in order; its log.
    pub(crate) async fn stop(self) -> String {
        self.process.terminate().await
    }
}
