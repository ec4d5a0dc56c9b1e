use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    LaunchError, POLL, PORT,
    account::{Account, our_uid},
    error::{tail, while_doing},
};

const TEMPORARY_PREFIX: &str = "pg-launcher-run-";
const LOCK: &str = "launcher.lock";
const LOG: &str = "server.log";

/// A Unix socket's path has at most 107 bytes, on macOS 103.
const SOCKET_DIR_BYTES_MAX: usize = 103 - "/.s.PGSQL.65535".len();

/// Where a cluster keeps its files. Ours alone for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    account: Option<Account>,
    /// Set when the folder's own path is too long for a socket.
    short: Option<TempDir>,
    temporary: Option<TempDir>,
    // The kernel lets go of it when we die, however we die: that is how others can tell.
    _lock: File,
}

impl Folder {
    /// A folder that outlives the cluster.
    pub(crate) fn keep(dir: &Path) -> Result<Self, LaunchError> {
        let existed = dir.exists();
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(dir)
            .map_err(while_doing(format!("make {}", dir.display())))?;
        let path = fs::canonicalize(dir).map_err(while_doing(format!("open {}", dir.display())))?;
        if existed {
            check_ours(&path)?;
        }
        let account = Account::for_cluster(&path.join("cluster"))?;
        if let (Some(account), Some(parent)) = (&account, path.parent()) {
            account.check_reach(parent)?;
        }
        let lock = lock(&path)?.ok_or_else(|| LaunchError::AlreadyRunning {
            pid: server_pid(&path.join("cluster")),
            dir: path.clone(),
        })?;
        Self::hand_over(path, account, lock, None)
    }

    /// A folder that goes with the cluster.
    pub(crate) fn throw_away(durable: bool) -> Result<Self, LaunchError> {
        let account = Account::for_new_folder()?;
        let on_disk = temporary_place(account.as_ref())?;
        sweep(&on_disk, account.as_ref());
        let in_memory = memory_place();
        if let Some(place) = &in_memory {
            sweep(place, account.as_ref());
        }
        // What is to survive a crash must at least reach a disk.
        let place = in_memory.filter(|_| !durable).unwrap_or(on_disk);
        let temporary = make_temporary(&place)?;
        let path = temporary.path().to_owned();
        let lock = lock(&path)?.ok_or_else(|| LaunchError::AlreadyRunning {
            dir: path.clone(),
            pid: None,
        })?;
        Self::hand_over(path, account, lock, Some(temporary))
    }

    fn hand_over(
        path: PathBuf,
        account: Option<Account>,
        lock: File,
        temporary: Option<TempDir>,
    ) -> Result<Self, LaunchError> {
        close_to_others(&path, account.as_ref())?;
        let short = if path.as_os_str().as_bytes().len() > SOCKET_DIR_BYTES_MAX {
            let short = make_temporary(&temporary_place(account.as_ref())?)?;
            close_to_others(short.path(), account.as_ref())?;
            Some(short)
        } else {
            None
        };
        Ok(Self {
            path,
            account,
            short,
            temporary,
            _lock: lock,
        })
    }

    pub(crate) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// PostgreSQL's own files.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.path.join("cluster")
    }

    pub(crate) fn socket_dir(&self) -> &Path {
        self.short.as_ref().map_or(&self.path, TempDir::path)
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// A server whose launcher was killed goes down by itself, a moment later.
    pub(crate) fn wait_until_free(&self) -> Result<(), LaunchError> {
        const PATIENCE: Duration = Duration::from_secs(3);
        let begun = Instant::now();
        let cluster = self.cluster();
        while let Some(pid) = server_pid(&cluster).filter(|pid| serves(*pid, &cluster)) {
            if begun.elapsed() > PATIENCE {
                return Err(LaunchError::AlreadyRunning {
                    dir: self.path.clone(),
                    pid: Some(pid),
                });
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// A dead server's lock files carry its process id. When some other process has that id by
    /// now, as happens at once in a restarted container, PostgreSQL would take it for a server
    /// and refuse. It does disregard its parent, so the file is made to name us. Removing the
    /// file would also skip PostgreSQL's check for survivors that still hold shared memory.
    pub(crate) fn disown_dead_server(&self) -> Result<(), LaunchError> {
        let file = self.cluster().join("postmaster.pid");
        if let Ok(text) = fs::read_to_string(&file) {
            let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
            let ours = format!("{}\n{rest}", std::process::id());
            fs::write(&file, ours).map_err(while_doing(format!("update {}", file.display())))?;
        }
        for name in [format!(".s.PGSQL.{PORT}"), format!(".s.PGSQL.{PORT}.lock")] {
            match fs::remove_file(self.path.join(&name)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(while_doing(format!("remove the old socket {name}"))(e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A new log, with the one of the run before kept beside it.
    pub(crate) fn open_log(&self) -> Result<File, LaunchError> {
        let log = self.path.join(LOG);
        if log.exists() {
            fs::rename(&log, self.path.join("server.log.old"))
                .map_err(while_doing("put the old server log aside"))?;
        }
        File::create(&log).map_err(while_doing(format!("make {}", log.display())))
    }

    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read(self.path.join(LOG)).unwrap_or_default();
        tail(&String::from_utf8_lossy(&log))
    }

    /// The server says so in its lock file, so no client library is needed to find out.
    pub(crate) fn server_is_ready(&self, pid: u32) -> bool {
        const STATUS_LINE: usize = 7;
        fs::read_to_string(self.cluster().join("postmaster.pid")).is_ok_and(|text| {
            let status = text.lines().nth(STATUS_LINE).map(str::trim);
            first_number(&text) == Some(pid) && status == Some("ready")
        })
    }
}

/// The first folder for temporary files that the server's user can reach.
pub(crate) fn temporary_place(account: Option<&Account>) -> Result<PathBuf, LaunchError> {
    let first = std::env::temp_dir();
    let first = fs::canonicalize(&first).unwrap_or(first);
    let Some(account) = account else {
        return Ok(first);
    };
    let reach = account.check_reach(&first);
    if reach.is_ok() {
        return Ok(first);
    }
    ["/tmp", "/var/tmp"]
        .into_iter()
        .map(PathBuf::from)
        .find(|place| place.is_dir() && account.check_reach(place).is_ok())
        .map_or_else(|| reach.map(|()| first), Ok)
}

/// Where files cost no disk access, if there is plenty of room. A database is hundreds of small
/// files, and on some disks making them takes longer than the tests that use it.
#[cfg(target_os = "linux")]
fn memory_place() -> Option<PathBuf> {
    use std::mem::MaybeUninit;

    const FREE_MIN: u64 = 2 << 30;
    if std::env::var_os("TMPDIR").is_some() {
        return None;
    }
    let mut found = MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: the path ends in NUL, and the struct is all integers, so that zeros are a value of
    // it and the call needs nothing more than to fill it in.
    let found = unsafe {
        (libc::statvfs(c"/dev/shm".as_ptr(), found.as_mut_ptr()) == 0)
            .then(|| found.assume_init())?
    };
    // The types of the fields differ between platforms.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
    let free = (found.f_bavail as u64).saturating_mul(found.f_frsize as u64);
    (free >= FREE_MIN).then(|| PathBuf::from("/dev/shm"))
}

#[cfg(not(target_os = "linux"))]
fn memory_place() -> Option<PathBuf> {
    None
}

pub(crate) fn make_temporary(place: &Path) -> Result<TempDir, LaunchError> {
    tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .tempdir_in(place)
        .map_err(while_doing(format!("make a folder in {}", place.display())))
}

/// Local connections need no password, so the folder of the socket is the whole access control.
pub(crate) fn close_to_others(path: &Path, account: Option<&Account>) -> Result<(), LaunchError> {
    fs::set_permissions(path, Permissions::from_mode(0o700))
        .map_err(while_doing(format!("close {} to others", path.display())))?;
    if let Some(account) = account {
        account.give(path)?;
        account.check_reach(path)?;
    }
    Ok(())
}

/// Taking over a folder changes its owner and mode, which must not happen to one in other use.
fn check_ours(path: &Path) -> Result<(), LaunchError> {
    let opened = format!("open {}", path.display());
    let owner = fs::metadata(path).map_err(while_doing(&*opened))?.uid();
    if our_uid() != 0 && owner != our_uid() {
        return Err(LaunchError::NotOurs {
            dir: path.to_owned(),
            owner,
        });
    }
    let mut entries = fs::read_dir(path).map_err(while_doing(&*opened))?;
    if entries.next().is_some() && !path.join(LOCK).exists() {
        return Err(LaunchError::Occupied {
            dir: path.to_owned(),
        });
    }
    Ok(())
}

/// `None` when another process holds it.
fn lock(dir: &Path) -> Result<Option<File>, LaunchError> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(while_doing(format!("open {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(while_doing(format!("lock {}", path.display()))(e)),
    }
}

/// Removes the temporary folders of launchers that were killed. Best effort: whatever cannot be
/// removed now, or by us, stays for another time.
fn sweep(place: &Path, account: Option<&Account>) {
    let owners = [our_uid(), account.map_or_else(our_uid, |a| a.uid)];
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let named = name.as_bytes().starts_with(TEMPORARY_PREFIX.as_bytes());
        let ours = entry
            .metadata()
            .is_ok_and(|found| found.is_dir() && owners.contains(&found.uid()));
        if named && ours && is_abandoned(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(dir: &Path) -> bool {
    const BEING_MADE: Duration = Duration::from_secs(600);
    match File::open(dir.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        // Either its launcher is just about to lock it, or it died before it could.
        Err(_) => fs::metadata(dir)
            .and_then(|found| found.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > BEING_MADE)),
    }
}

fn server_pid(cluster: &Path) -> Option<u32> {
    first_number(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
}

fn first_number(text: &str) -> Option<u32> {
    text.lines().next()?.trim().parse().ok()
}

fn serves(pid: u32, cluster: &Path) -> bool {
    if !is_alive(pid) {
        return false;
    }
    // A server works in the folder it serves.
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(cwd) => cwd == cluster,
        // Ended, and nobody has asked how yet.
        Err(e) if e.kind() == io::ErrorKind::NotFound && Path::new("/proc/self").exists() => false,
        // Where it cannot be seen, assume the worst.
        Err(_) => pid != std::process::id(),
    }
}

fn is_alive(pid: u32) -> bool {
    let Ok(pid) = libc::pid_t::try_from(pid) else {
        return false;
    };
    // SAFETY: signal 0 is never delivered; kill only says whether the process is there.
    let found = unsafe { libc::kill(pid, 0) } == 0;
    found || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}
