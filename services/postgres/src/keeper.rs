use std::{
    io,
    process::{Child, Command},
    sync::mpsc,
    thread::{self, JoinHandle},
};

/// The thread that forked a server and lives as long as it does.
///
/// The signal that a parent's death sends goes out when the forking *thread* ends, and threads of
/// a test harness or an async runtime end long before the process.
#[derive(Debug)]
pub(crate) struct Keeper {
    alive: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Keeper {
    /// Lets the thread end, once the server has.
    pub(crate) fn release(&mut self) {
        if let Some((alive, thread)) = self.alive.take() {
            drop(alive);
            // It does nothing after forking that could fail.
            let _ = thread.join();
        }
    }
}

pub(crate) fn spawn(mut command: Command) -> io::Result<(Child, Keeper)> {
    die_with_parent(&mut command);
    let (forked, result) = mpsc::sync_channel(1);
    let (alive, ended) = mpsc::channel::<()>();
    let thread = thread::Builder::new()
        .name("postgres-keeper".to_owned())
        .spawn(move || {
            if forked.send(command.spawn()).is_ok() {
                // Nothing is ever sent: this returns when the other end is dropped.
                let _ = ended.recv();
            }
        })?;
    let child = result.recv().map_err(io::Error::other)??;
    let alive = Some((alive, thread));
    Ok((child, Keeper { alive }))
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    let parent = std::process::id();
    let prepare = move || {
        // SAFETY: prctl with these arguments only sets an attribute of the calling process.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGQUIT) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // A parent that died before the line above will never signal.
        if std::os::unix::process::parent_id() != parent {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; prctl and getppid
    // are, and an error made of an OS code allocates nothing. std has changed the user by then,
    // which would clear the attribute.
    unsafe { command.pre_exec(prepare) };
}

/// Elsewhere a killed parent leaves the server running, and the next start on its folder says so.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}
