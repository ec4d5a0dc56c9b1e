use std::{
    fs::{self, Metadata},
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{LaunchError, error::while_doing};

/// Whom the server runs as when we are root, which PostgreSQL refuses to be.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    name: String,
}

impl Account {
    /// `None` when we are an ordinary user: the server then runs as we do.
    pub(crate) fn for_new_folder() -> Result<Option<Self>, LaunchError> {
        if !we_are_root() {
            return Ok(None);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(Self::named)
            .map(Some)
            .ok_or(LaunchError::NoAccount)
    }

    /// As [`Self::for_new_folder`], but a cluster that an ordinary user has made stays theirs:
    /// the server accepts no files of another owner.
    pub(crate) fn for_cluster(cluster: &Path) -> Result<Option<Self>, LaunchError> {
        match fs::metadata(cluster) {
            Ok(made) if we_are_root() && made.uid() != 0 => Ok(Some(Self {
                uid: made.uid(),
                gid: made.gid(),
                name: made.uid().to_string(),
            })),
            _ => Self::for_new_folder(),
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(Self {
            uid: id("-u", name)?,
            gid: id("-g", name)?,
            name: name.to_owned(),
        })
    }

    pub(crate) fn give(&self, path: &Path) -> Result<(), LaunchError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(while_doing(format!(
            "give {} to user `{}`",
            path.display(),
            self.name
        )))
    }

    /// Every folder on the way to `path`, and `path` itself, must let this user through.
    /// Otherwise initdb fails with a bare "Permission denied".
    pub(crate) fn check_reach(&self, path: &Path) -> Result<(), LaunchError> {
        for folder in path.ancestors() {
            if fs::metadata(folder).is_ok_and(|found| !self.may_enter(&found)) {
                return Err(LaunchError::Unreachable {
                    path: path.to_owned(),
                    closed: PathBuf::from(folder),
                    account: self.name.clone(),
                });
            }
        }
        Ok(())
    }

    fn may_enter(&self, folder: &Metadata) -> bool {
        let execute = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        folder.mode() & execute != 0
    }
}

pub(crate) fn our_uid() -> u32 {
    // SAFETY: geteuid takes nothing, changes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// Whether this process runs as root, so that the server must run as somebody else.
pub fn we_are_root() -> bool {
    our_uid() == 0
}

/// Asks `id`, which also knows users that come from a directory service.
fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
