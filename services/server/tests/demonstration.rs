//! The demonstration as people start it: it plays, it shows what each tenant sees, and a second
//! start finds everything in place.

#![allow(clippy::expect_used, reason = "a test fails where it stands")]

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

fn demonstrate(folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trellis"))
        .args(["demo", "--once", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.join("data"))
        .output()
        .expect("the binary starts")
}

fn shown(output: &Output) -> Vec<String> {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let shown = String::from_utf8(output.stdout.clone()).expect("text");
    shown.lines().map(str::to_owned).collect()
}

#[test]
fn each_tenant_sees_its_part_and_a_second_start_sends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    // the database server may run as a user of its own, which has to get in
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))
        .expect("permissions");
    let first = shown(&demonstrate(folder.path()));
    for seen in [
        // D.1
        "commitment 5/5 discharged, preceptorship complete 2028-04-04, consolidation 12/24",
        "Postgraduate Certificate level 7, awarded 2027-03-10",
        "award completed, 27,485.00 paid of 27,485.00",
        "not eligible for another funded training until 2029-03-10",
        "every chain verified",
        // D.2
        "round 1: employer accept, university reject; round 2: employer accept, university accept; \
         appointed, level 6",
        // D.4
        "route split L7 3 / L6 2",
        "Graduate Certificate level 6, band 5 in post from 2027-04-05",
        // D.7
        "on 2027-04-05: 4 qualified, 1 pending, next board 2027-06-16 for 1",
        "referred 1, passed first time 4/5, passed in the end 5/5",
        "not eligible for another funded training until 2029-06-16",
        // TAXO-15, LOCK-01, ACTOR-13
        "YIPP pilot: 29 in training",
        "first intake: 0 of 9 caught by the funding lock",
        "second cohort: 5 of 5 caught by the funding lock",
        "NHS England from 2023-04-01",
        "21 of them refused as they must be",
    ] {
        assert!(
            first.iter().any(|line| line.contains(seen)),
            "{seen}\n\n{}",
            first.join("\n")
        );
    }
    let feeds = first.iter().filter(|line| line.starts_with("feed"));
    assert!(feeds.clone().count() >= 5);
    assert!(feeds.into_iter().all(|line| line.ends_with("dense")));

    let second = shown(&demonstrate(folder.path()));
    let (last, same) = second.split_last().expect("lines");
    assert_eq!(first.split_last().map(|(_, same)| same), Some(same));
    assert!(last.contains("nothing was sent again"), "{last}");
}
