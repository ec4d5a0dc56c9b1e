//! The files of a new cluster. initdb takes half a second, so its result is kept as a template
//! that throw-away clusters copy.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

use crate::{
    LaunchError,
    account::{Account, our_uid},
    command,
    error::{tail, while_doing},
    folder::{Folder, close_to_others, make_temporary, temporary_place},
    programs::Programs,
    remove_if_there,
};

/// How many files the template has. Cleaners of /tmp may take some of them away.
const COUNT: &str = "count";

/// Makes sure that the folder holds a cluster that these programs can serve.
pub(crate) fn prepare(
    programs: &Programs,
    folder: &Folder,
    durable: bool,
) -> Result<(), LaunchError> {
    let cluster = folder.cluster();
    if let Ok(made_by) = fs::read_to_string(cluster.join("PG_VERSION")) {
        return check_version(programs, folder, made_by.trim());
    }
    // An interrupted attempt must not be taken for a cluster, so the name comes last.
    let unfinished = folder.path().join("cluster.new");
    remove_if_there(&unfinished).map_err(while_doing("remove an unfinished cluster"))?;
    if durable || !copy_template(programs, folder, &unfinished)? {
        initdb(programs, folder.account(), &unfinished, durable)?;
    }
    fs::rename(&unfinished, &cluster).map_err(while_doing("name the new cluster"))
}

fn check_version(programs: &Programs, folder: &Folder, made_by: &str) -> Result<(), LaunchError> {
    if made_by == programs.major() {
        return Ok(());
    }
    Err(LaunchError::OtherVersion {
        dir: folder.path().to_owned(),
        made_by: made_by.to_owned(),
        bin_dir: programs.bin_dir().to_owned(),
        found: programs.major().to_owned(),
    })
}

fn initdb(
    programs: &Programs,
    account: Option<&Account>,
    target: &Path,
    durable: bool,
) -> Result<(), LaunchError> {
    let mut initdb = command(programs.bin_dir().join("initdb"), account);
    initdb
        .args(["--username=postgres", "--auth=trust"])
        .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
        .arg(target);
    if durable {
        initdb.arg("--data-checksums");
    } else {
        initdb.args(["--no-sync", "--wal-segsize=1"]);
    }
    let output = initdb.output().map_err(while_doing("run initdb"))?;
    if output.status.success() {
        return Ok(());
    }
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(LaunchError::Initdb {
        status: output.status,
        output: tail(&said),
    })
}

/// False when the template cannot be used; the caller then does without.
fn copy_template(programs: &Programs, folder: &Folder, target: &Path) -> Result<bool, LaunchError> {
    let account = folder.account();
    let place = temporary_place(account)?;
    let template = place.join(template_name(programs, account));
    if !template.exists() {
        make_template(programs, account, &place, &template)?;
    }
    // Names in a shared /tmp can be taken by anyone.
    let owner = account.map_or_else(our_uid, |a| a.uid);
    let found = fs::symlink_metadata(&template);
    if !found.is_ok_and(|found| found.is_dir() && found.uid() == owner) {
        return Ok(false);
    }
    let expected = fs::read_to_string(template.join(COUNT)).ok();
    let copied = copy_tree(&template.join("cluster"), target, account).ok();
    if copied.is_some() && copied == expected.and_then(|count| count.parse().ok()) {
        return Ok(true);
    }
    // Made anew at the next start, and not missed until then.
    let _ = fs::remove_dir_all(&template);
    remove_if_there(target).map_err(while_doing("remove an incomplete copy"))?;
    Ok(false)
}

fn template_name(programs: &Programs, account: Option<&Account>) -> String {
    let mut build = DefaultHasher::new();
    (programs.version(), programs.bin_dir()).hash(&mut build);
    let uid = account.map_or_else(our_uid, |a| a.uid);
    let (major, build) = (programs.major(), build.finish());
    format!("pg-launcher-template-{uid}-{major}-{build:016x}")
}

fn make_template(
    programs: &Programs,
    account: Option<&Account>,
    place: &Path,
    template: &Path,
) -> Result<(), LaunchError> {
    let draft = make_temporary(place)?;
    close_to_others(draft.path(), account)?;
    let cluster = draft.path().join("cluster");
    initdb(programs, account, &cluster, false)?;
    let count = count_files(&cluster).map_err(while_doing("count the template's files"))?;
    fs::write(draft.path().join(COUNT), count.to_string())
        .map_err(while_doing("note the template's size"))?;
    // Renaming fails when someone else was faster, and theirs is as good.
    if fs::rename(draft.path(), template).is_ok() {
        // The folder is no longer where its guard would remove it.
        let _: PathBuf = draft.keep();
    }
    Ok(())
}

fn count_files(dir: &Path) -> io::Result<u64> {
    let mut count = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        count += if entry.file_type()?.is_dir() {
            count_files(&entry.path())?
        } else {
            1
        };
    }
    Ok(count)
}

/// Copies and counts the files, and gives the copy to the server's user.
fn copy_tree(from: &Path, to: &Path, account: Option<&Account>) -> io::Result<u64> {
    fs::create_dir(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    let give = |path: &Path| {
        account.map_or(Ok(()), |account| {
            chown(path, Some(account.uid), Some(account.gid))
        })
    };
    give(to)?;
    let mut count = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            count += copy_tree(&entry.path(), &target, account)?;
        } else {
            fs::copy(entry.path(), &target)?;
            give(&target)?;
            count += 1;
        }
    }
    Ok(count)
}
