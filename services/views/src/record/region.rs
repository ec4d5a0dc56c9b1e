//! What a network counts of its region: things of a kind, and nobody's name.

use domain::network::RegionNoticeEvent;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};

use super::Keep;
use crate::{
    dashboard::{Definition, Split, percent, split},
    released::Group,
};

/// One thing as counted last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionRecord {
    /// The role of a cluster that is at risk.
    pub cluster_at_risk: Option<String>,
    /// The sectors a clinical service moved between, `nhs/third_sector`.
    pub moved: Option<String>,
    /// The role of a reviewed training, with quarter-hours in and outside its scope.
    pub practice: Option<(String, u32, u32)>,
}

const IN_SCOPE: &str = "region_in_scope";
const OUTSIDE_SCOPE: &str = "region_outside_scope";
const REVIEWED: &str = "trainings_reviewed";

/// What a network shows of them.
pub(crate) const REGION: [Definition; 4] = [
    split(
        "clusters_at_risk",
        Split::Word,
        "clusters with too few trainees left, by role (ALLOC-02)",
    ),
    split(
        "services_moved",
        Split::Word,
        "clinical services that went to another employer, by the sectors they left and came to \
         (SET-13)",
    ),
    split(
        REVIEWED,
        Split::Word,
        "trainings with a review, by role; small counts suppressed",
    ),
    split(
        "role_fidelity_of_region",
        Split::Word,
        "share of logged activity inside the role's scope by the last reviews, by role (TRAIN-24); \
         not given of few trainings",
    )
    .percent(),
];

/// What of them is about people, released together.
pub(crate) const FIDELITY: Group = Group::new(
    &[REVIEWED, "role_fidelity_of_region"],
    &[REVIEWED, IN_SCOPE, OUTSIDE_SCOPE],
);

impl RegionRecord {
    pub(crate) fn sums(&self, sums: &mut Figures) {
        if let Some(role) = &self.cluster_at_risk {
            sums.add_of("clusters_at_risk", role, 1);
        }
        if let Some(moved) = &self.moved {
            sums.add_of("services_moved", moved, 1);
        }
        if let Some((role, in_scope, outside)) = &self.practice {
            sums.add_of(REVIEWED, role, 1);
            sums.add_of(IN_SCOPE, role, i64::from(*in_scope));
            sums.add_of(OUTSIDE_SCOPE, role, i64::from(*outside));
        }
    }
}

impl Keep<RegionNoticeEvent> for RegionRecord {
    fn note(&mut self, _: &Noted, fact: &RegionNoticeEvent) {
        match fact {
            RegionNoticeEvent::ClusterRiskCounted { counted, .. } => {
                self.cluster_at_risk = counted.at_risk.then(|| counted.role.to_string());
            }
            RegionNoticeEvent::ServiceMoveCounted { counted, .. } => {
                self.moved = Some(format!("{}/{}", counted.from, counted.to));
            }
            RegionNoticeEvent::RoleFidelityCounted { counted, .. } => {
                let role = counted.role.to_string();
                self.practice = Some((role, counted.in_scope, counted.outside));
            }
        }
    }
}

/// Adds how true to the role the trainings of a region are, where at least `base` were reviewed.
pub(crate) fn fidelity_of_roles(figures: &mut Figures, base: i64) {
    let roles: Vec<String> = figures
        .parts(REVIEWED)
        .filter(|(_, reviewed)| *reviewed >= base)
        .map(|(role, _)| role.to_owned())
        .collect();
    for role in roles {
        let inside = figures.get_of(IN_SCOPE, &role);
        let all = inside.saturating_add(figures.get_of(OUTSIDE_SCOPE, &role));
        figures.add_of("role_fidelity_of_region", &role, percent(inside, all));
    }
}
