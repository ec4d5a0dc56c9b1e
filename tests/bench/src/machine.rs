//! What the machine was doing: the time its processors spent on us, on our PostgreSQL and on
//! others, so that a slice somebody disturbed can be told from one that was slow.

use std::{
    collections::HashMap,
    fs,
    ops::Sub,
    thread,
    time::{Duration, Instant},
};

/// `USER_HZ`: the unit of /proc/stat, the same on every Linux.
const TICK_NANOS: u64 = 10_000_000;

/// The machine, and which of its processes are ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    postgres: u32,
    cores: u32,
}

/// Processor time spent, since boot or between two moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    at: Duration,
    /// By this process and those it started, PostgreSQL left out.
    client_nanos: u64,
    /// By PostgreSQL.
    server_nanos: u64,
    /// By everybody, and what the host took for itself.
    busy_nanos: u64,
}

struct Process {
    parent: u32,
    nanos: u64,
}

impl Machine {
    pub(crate) fn with_postgres(pid: u32) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            postgres: pid,
            cores: u32::try_from(cores).unwrap_or(1),
        }
    }

    /// Everything spent until now.
    pub(crate) fn spent(&self) -> Spent {
        let processes = processes();
        let ours = std::process::id();
        let (mut client_nanos, mut server_nanos) = (0, 0);
        for pid in processes.keys() {
            let Some(process) = processes.get(pid) else {
                continue;
            };
            match owner(*pid, &processes, &[ours, self.postgres]) {
                Some(owner) if owner == self.postgres => server_nanos += process.nanos,
                Some(_) => client_nanos += process.nanos,
                None => {}
            }
        }
        Spent {
            at: now(),
            client_nanos,
            server_nanos,
            busy_nanos: busy_nanos(),
        }
    }

    /// The share of the machine that went to others.
    pub(crate) fn foreign(&self, spent: Spent) -> f64 {
        let others = spent
            .busy_nanos
            .saturating_sub(spent.client_nanos + spent.server_nanos);
        others as f64 / (spent.at.as_nanos() as f64 * f64::from(self.cores)).max(1.0)
    }

    pub(crate) fn cores(&self) -> u32 {
        self.cores
    }
}

impl Spent {
    /// Our microseconds for each of `operations`, clients and PostgreSQL apart.
    pub(crate) fn micros_each(self, operations: u64) -> (f64, f64) {
        let each = |nanos: u64| nanos as f64 / 1e3 / operations.max(1) as f64;
        (each(self.client_nanos), each(self.server_nanos))
    }

    /// How long it took.
    pub(crate) fn seconds(self) -> f64 {
        self.at.as_secs_f64()
    }
}

impl Sub for Spent {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            at: self.at.saturating_sub(before.at),
            client_nanos: self.client_nanos.saturating_sub(before.client_nanos),
            server_nanos: self.server_nanos.saturating_sub(before.server_nanos),
            busy_nanos: self.busy_nanos.saturating_sub(before.busy_nanos),
        }
    }
}

/// Resident memory of a process in bytes; 0 once it is gone.
pub(crate) fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}

/// The type of the file system that holds `path`, as in /proc/mounts.
pub(crate) fn file_system(path: &std::path::Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (mount, kind) = (fields.next()?, fields.next()?);
            path.starts_with(mount).then_some((mount.len(), kind))
        })
        .max_by_key(|(length, _)| *length)
        .map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

fn now() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}

/// The nearest of `owners` among a process and its ancestors.
fn owner(pid: u32, processes: &HashMap<u32, Process>, owners: &[u32]) -> Option<u32> {
    let mut at = pid;
    // Processes come and go while they are listed, so a chain may lead nowhere.
    for _ in 0..64 {
        if owners.contains(&at) {
            return Some(at);
        }
        at = processes.get(&at)?.parent;
    }
    None
}

fn processes() -> HashMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return HashMap::new();
    };
    entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, process(pid)?))
        })
        .collect()
}

fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before the last parenthesis may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |nth: usize| fields.get(nth)?.parse::<u64>().ok();
    let children = (number(13)? + number(14)?) * TICK_NANOS;
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        nanos: children + threads_nanos(pid),
    })
}

/// To the nanosecond, where the ticks of /proc/stat would be too coarse for a short slice.
fn threads_nanos(pid: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return 0;
    };
    threads
        .filter_map(|thread| {
            let schedstat = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            schedstat.split(' ').next()?.parse::<u64>().ok()
        })
        .sum()
}

fn busy_nanos() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    // user, nice, system, irq, softirq, steal
    let ticks: u64 = [0, 1, 2, 5, 6, 7]
        .into_iter()
        .filter_map(|nth: usize| fields.get(nth))
        .sum();
    ticks * TICK_NANOS
}
