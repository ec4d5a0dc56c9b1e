//! A private server keeps what it promised to keep, is alone on its folder and never outlives us.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use pg_launcher::{Cluster, LaunchError, Options, find_bin_dir};
use tempfile::TempDir;

fn durable(dir: &Path) -> Options {
    Options {
        durable: true,
        dir: Some(dir.to_owned()),
        ..Options::default()
    }
}

/// A folder that does not exist yet, in one that the server's user can enter.
fn new_folder() -> (TempDir, PathBuf) {
    let parent = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
    fs::set_permissions(parent.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let dir = parent.path().join("cluster-folder");
    (parent, dir)
}

fn query(url: &str, sql: &str) -> String {
    let output = Command::new(find_bin_dir().unwrap().join("psql"))
        .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url])
        .args(["-c", sql])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{sql}: {stderr}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn ask(cluster: &Cluster, sql: &str) -> String {
    query(&cluster.url("postgres", "postgres"), sql)
}

/// Another process that holds a cluster open.
struct Holder {
    process: Child,
    url: String,
    server: u32,
}

impl Holder {
    fn start(dir: Option<&Path>) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pg-launcher"))
            .args(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.next().unwrap().unwrap();
        let server = lines.next().unwrap().unwrap().parse().unwrap();
        Self {
            process,
            url,
            server,
        }
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A process that has ended stays listed until its parent has asked how, but works in no folder.
fn is_alive(pid: u32) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn rows_of_a_durable_cluster_survive_a_restart() {
    let (_parent, dir) = new_folder();
    let first = Cluster::start(durable(&dir)).unwrap();
    assert_eq!(ask(&first, "SHOW fsync"), "on");
    assert_eq!(ask(&first, "SHOW data_checksums"), "on");
    ask(&first, "CREATE TABLE kept AS SELECT 7 AS number");
    first.stop();

    let second = Cluster::start(durable(&dir)).unwrap();
    assert_eq!(ask(&second, "SELECT number FROM kept"), "7");
}

#[test]
fn a_folder_with_a_running_server_is_refused() {
    let (_parent, dir) = new_folder();
    let first = Cluster::start(durable(&dir)).unwrap();
    let error = Cluster::start(durable(&dir)).unwrap_err();
    assert!(
        matches!(error, LaunchError::AlreadyRunning { pid: Some(pid), .. } if pid == first.pid()),
        "{error:?}"
    );
    assert!(error.to_string().contains("already running"), "{error}");
    assert_eq!(ask(&first, "SELECT 1"), "1");
}

#[test]
fn a_killed_parent_takes_its_server_along_and_the_rows_stay() {
    let (_parent, dir) = new_folder();
    let holder = Holder::start(Some(&dir));
    query(&holder.url, "CREATE TABLE kept AS SELECT 7 AS number");
    let server = holder.server;
    holder.kill();

    let again = Cluster::start(durable(&dir)).unwrap();
    assert!(!is_alive(server));
    assert_eq!(ask(&again, "SELECT number FROM kept"), "7");
}

#[test]
fn a_killed_parents_throw_away_folder_is_removed_by_the_next_start() {
    let holder = Holder::start(None);
    let socket = query(&holder.url, "SHOW unix_socket_directories");
    let server = holder.server;
    holder.kill();
    wait_until("the server is gone", || !is_alive(server));

    let next = Cluster::start(Options::default()).unwrap();
    assert!(!Path::new(&socket).exists());
    assert!(next.socket_dir().exists());
}

#[test]
fn a_dead_servers_process_id_may_belong_to_another_process_by_now() {
    let (_parent, dir) = new_folder();
    let holder = Holder::start(Some(&dir));
    query(&holder.url, "CREATE TABLE kept AS SELECT 7 AS number");
    // A server that is killed outright has no chance to remove its lock file.
    let killed = Command::new("kill")
        .args(["-9", &holder.server.to_string()])
        .status();
    assert!(killed.unwrap().success());
    wait_until("the server is gone", || !is_alive(holder.server));
    holder.kill();

    let lock = dir.join("cluster/postmaster.pid");
    let owner = fs::metadata(&lock).unwrap();
    let mut bystander = Command::new("sleep");
    bystander.arg("60");
    // Only root can become another user, and only root's server has another user.
    if fs::metadata(env!("CARGO_BIN_EXE_pg-launcher"))
        .unwrap()
        .uid()
        == 0
        && owner.uid() != 0
    {
        bystander.uid(owner.uid()).gid(owner.gid());
    }
    let mut bystander = bystander.spawn().unwrap();
    let text = fs::read_to_string(&lock).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&lock, format!("{}\n{rest}", bystander.id())).unwrap();

    let again = Cluster::start(durable(&dir));
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    assert_eq!(ask(&again.unwrap(), "SELECT number FROM kept"), "7");
}

#[test]
fn a_cluster_outlives_the_thread_that_started_it() {
    let started = thread::spawn(|| Cluster::start(Options::default()).unwrap());
    let cluster = started.join().unwrap();
    // Long enough for a signal at the thread's end to have taken effect.
    thread::sleep(Duration::from_millis(300));
    assert_eq!(ask(&cluster, "SELECT 1"), "1");
}

#[test]
fn a_throw_away_cluster_leaves_nothing_behind() {
    let cluster = Cluster::start(Options {
        settings: vec![("autovacuum".to_owned(), "on".to_owned())],
        ..Options::default()
    })
    .unwrap();
    assert_eq!(ask(&cluster, "SHOW fsync"), "off");
    assert_eq!(ask(&cluster, "SHOW autovacuum"), "on");
    let (folder, server) = (cluster.socket_dir().to_owned(), cluster.pid());
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    cluster.stop();
    assert!(!folder.exists());
    assert!(!is_alive(server));
}

#[test]
fn a_folder_in_other_use_is_refused_and_left_alone() {
    let (parent, _) = new_folder();
    fs::write(parent.path().join("letter.txt"), "dear").unwrap();
    let before = fs::metadata(parent.path()).unwrap();
    let error = Cluster::start(durable(parent.path())).unwrap_err();
    assert!(matches!(error, LaunchError::Occupied { .. }), "{error:?}");
    let after = fs::metadata(parent.path()).unwrap();
    assert_eq!((before.uid(), before.mode()), (after.uid(), after.mode()));
}

#[test]
fn a_folder_with_a_long_name_gets_its_socket_elsewhere() {
    let (_parent, dir) = new_folder();
    let dir = dir.join("long".repeat(30));
    let cluster = Cluster::start(durable(&dir)).unwrap();
    assert_eq!(ask(&cluster, "SELECT 1"), "1");
    let socket = cluster.socket_dir().to_owned();
    assert_ne!(socket, dir);
    cluster.stop();
    assert!(!socket.exists());
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let error = Cluster::start(Options {
        settings: vec![("no_such_setting".to_owned(), "1".to_owned())],
        ..Options::default()
    })
    .unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn threads_share_one_cluster() {
    let pids: Vec<u32> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| pg_launcher::shared().pid()))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(pids.iter().all(|pid| *pid == pids[0]));
    assert_eq!(ask(pg_launcher::shared(), "SELECT 1"), "1");
}
