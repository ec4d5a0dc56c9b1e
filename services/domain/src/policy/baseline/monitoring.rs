//! Equality monitoring: what people choose from, and what statistics tell apart.

use serde_json::{Value, json};

use super::Rows;

pub(super) fn rows(rows: &mut Rows) {
    code_sets(rows);
    groups(rows);
}

/// What people choose from in equality monitoring, as published; never converted into each other.
fn code_sets(rows: &mut Rows) {
    let letters = "A B C D E F G H J K L M N P R S Z 99";
    let letters: Vec<&str> = letters.split(' ').collect();
    for (set, characteristic, codes, ranges, source) in [
        (
            "nhs_ethnic_category_2001",
            "ethnicity",
            json!(letters),
            json!([]),
            "[S] ROUTE-08; NHS data dictionary, ethnic category 2001; standards B.7",
        ),
        (
            "hesa_ethnicity",
            "ethnicity",
            json!(["899", "997", "998", "999"]),
            json!([{ "min": 100, "max": 180 }]),
            "[S] ROUTE-08; standards B.7; [K] the codes within the range",
        ),
        (
            "hesa_disability",
            "disability",
            json!(["95", "96", "98", "99"]),
            json!([{ "min": 51, "max": 59 }]),
            "[S] ROUTE-08; standards B.7",
        ),
        (
            "hesa_sex",
            "sex",
            json!(["10", "11", "12", "96", "99"]),
            json!([]),
            "[S] ROUTE-08; standards B.7",
        ),
    ] {
        rows.set(
            &format!("edi.codes.{set}"),
            json!({ "characteristic": characteristic, "codes": codes, "ranges": ranges }),
            source,
        );
    }
}

/// What statistics tell apart: coarse enough for every code set to fall into the same groups.
fn groups(rows: &mut Rows) {
    let listed = |codes: &[&str]| json!({ "codes": codes, "ranges": [] });
    let span = |min: u32, max: u32| json!({ "codes": [], "ranges": [{ "min": min, "max": max }] });
    let ethnicity = |letters: &[&str], hesa: Value| json!({ "nhs_ethnic_category_2001": listed(letters), "hesa_ethnicity": hesa });
    rows.set(
        "edi.groups.ethnicity",
        json!({
            "asian": ethnicity(&["H", "J", "K", "L", "R"], span(100, 119)),
            "black": ethnicity(&["M", "N", "P"], span(120, 139)),
            "mixed": ethnicity(&["D", "E", "F", "G"], span(140, 159)),
            "other": ethnicity(&["S"], listed(&["180", "899"])),
            "white": ethnicity(&["A", "B", "C"], span(160, 179)),
            "not_stated": ethnicity(&["Z"], listed(&["997", "998"])),
            "not_known": ethnicity(&["99"], listed(&["999"])),
        }),
        "[P] a common coarse grouping, standards B.7; [K] the codes within the ranges",
    );
    rows.set(
        "edi.groups.disability",
        json!({
            "disabled": { "hesa_disability": { "codes": ["96"], "ranges": [{ "min": 51, "max": 59 }] } },
            "not_disabled": { "hesa_disability": listed(&["95"]) },
            "not_stated": { "hesa_disability": listed(&["98"]) },
            "not_known": { "hesa_disability": listed(&["99"]) },
        }),
        "[P] a common coarse grouping, standards B.7",
    );
    rows.set(
        "edi.groups.sex",
        json!({
            "female": { "hesa_sex": listed(&["10"]) },
            "male": { "hesa_sex": listed(&["11"]) },
            "other": { "hesa_sex": listed(&["12"]) },
            "not_stated": { "hesa_sex": listed(&["96"]) },
            "not_known": { "hesa_sex": listed(&["99"]) },
        }),
        "[P] a common coarse grouping, standards B.7",
    );
}
