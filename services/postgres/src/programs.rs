use std::{
    cmp::Reverse,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    LaunchError,
    error::{tail, while_doing},
};

/// The server programs of one installation.
#[derive(Debug)]
pub(crate) struct Programs {
    bin_dir: PathBuf,
    version: String,
}

impl Programs {
    pub(crate) fn find() -> Result<Self, LaunchError> {
        let bin_dir = find_bin_dir()?;
        let output = Command::new(bin_dir.join("postgres"))
            .arg("--version")
            .output()
            .map_err(while_doing(format!(
                "run postgres in {}",
                bin_dir.display()
            )))?;
        if !output.status.success() {
            return Err(LaunchError::Ended {
                status: output.status,
                log: tail(&String::from_utf8_lossy(&output.stderr)),
            });
        }
        Ok(Self {
            bin_dir,
            version: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        })
    }

    pub(crate) fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// The whole line that `postgres --version` prints: two builds of one version may differ.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// `15` of `postgres (PostgreSQL) 15.18 (Debian …)`, as a cluster's `PG_VERSION` has it.
    pub(crate) fn major(&self) -> &str {
        let number = self.version.split_whitespace().nth(2).unwrap_or_default();
        let end = number
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(number.len());
        &number[..end]
    }
}

/// The folder of `initdb` and `postgres`: `PG_BIN_DIR` if set, else the first of `PATH`,
/// `pg_config --bindir`, and the newest version in the folders that packages install to.
pub fn find_bin_dir() -> Result<PathBuf, LaunchError> {
    if let Some(dir) = env::var_os("PG_BIN_DIR").filter(|dir| !dir.is_empty()) {
        let dir = PathBuf::from(dir);
        return if has_server(&dir) {
            Ok(dir)
        } else {
            Err(LaunchError::NotABinDir { dir })
        };
    }
    on_path()
        .or_else(by_pg_config)
        .or_else(newest_installed)
        .ok_or(LaunchError::NoPrograms)
}

fn has_server(dir: &Path) -> bool {
    dir.join("postgres").is_file() && dir.join("initdb").is_file()
}

fn on_path() -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .filter(|dir| has_server(dir))
        .find_map(|dir| {
            // Often only some of the programs are linked into PATH: psql is beside the original.
            let postgres = fs::canonicalize(dir.join("postgres")).ok()?;
            let original = postgres.parent()?.to_owned();
            Some(if has_server(&original) { original } else { dir })
        })
}

fn by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let dir = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    has_server(&dir).then_some(dir)
}

fn newest_installed() -> Option<PathBuf> {
    // Each with what a version's folder is called there, up to the number.
    const PLACES: [(&str, &str); 5] = [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/usr/local", "pgsql"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ];
    let mut found: Vec<(u32, PathBuf)> = PLACES
        .iter()
        .flat_map(|(place, prefix)| {
            let entries = fs::read_dir(place).into_iter().flatten().flatten();
            entries.filter_map(move |entry| {
                let name = entry.file_name();
                let number = name.to_str()?.strip_prefix(prefix)?;
                let version = if number.is_empty() {
                    0
                } else {
                    number.parse().ok()?
                };
                Some((version, entry.path().join("bin")))
            })
        })
        .filter(|(_, dir)| has_server(dir))
        .collect();
    found.sort_by_key(|(version, _)| Reverse(*version));
    found.into_iter().next().map(|(_, dir)| dir)
}
