//! The balance of routes of a partnership, agreed and actual, and the posts it plans: the same for
//! both of its sides (`ROUTE-05`, `ALLOC-11`).

use std::collections::BTreeMap;

use ledger::view::Figures;

use crate::{
    dashboard::{Definition, Split, count, percent, split},
    record::{OfferRecord, PartnershipRecord},
};

/// What both sides are shown of it.
pub(crate) const AGREED: Definition = split(
    "higher_level_agreed",
    Split::Partnership,
    "agreed share at level 7 (ROUTE-05)",
)
.percent();
pub(crate) const TOLERANCE: Definition = split(
    "higher_level_tolerance",
    Split::Partnership,
    "how far the share may lie from it, in points",
);
pub(crate) const SHARE: Definition = split(
    "higher_level_share",
    Split::Partnership,
    "actual share of accepted offers at level 7",
)
.percent();
pub(crate) const OUT_OF_TOLERANCE: Definition = split(
    "balance_out_of_tolerance",
    Split::Partnership,
    "1 where the share lies outside: a warning",
);
pub(crate) const ENTRANTS: Definition = split(
    "entrants",
    Split::PartnershipLevel,
    "accepted offers by partnership and level",
);
pub(crate) const TRAINEE_POSTS: Definition = count(
    "trainee_posts_planned",
    "trainee posts of signed partnerships (ALLOC-11)",
);
pub(crate) const QUALIFIED_POSTS: Definition = count(
    "qualified_posts_planned",
    "qualified posts of signed partnerships, to follow the training (ALLOC-11)",
);

pub(crate) fn sums_of_partnership(partnership: &PartnershipRecord, sums: &mut Figures) {
    sums.add(TRAINEE_POSTS.name, i64::from(partnership.trainee_posts));
    sums.add(QUALIFIED_POSTS.name, i64::from(partnership.qualified_posts));
    if let (Some(employer), Some(agreed), Some(tolerance)) = (
        partnership.employer,
        partnership.higher_percent,
        partnership.tolerance_points,
    ) {
        let intake = partnership.intake.unwrap_or_default();
        let part = format!("{employer}/intakes/{intake}");
        sums.add_of(AGREED.name, &part, i64::from(agreed));
        sums.add_of(TOLERANCE.name, &part, i64::from(tolerance));
    }
}

pub(crate) fn sums_of_offer(offer: &OfferRecord, sums: &mut Figures) {
    if let (Some(entry), true) = (&offer.entry, offer.accepted()) {
        let (employer, intake, level) = (entry.employer, entry.intake, offer.level);
        let part = format!("{employer}/intakes/{intake}/{level}");
        sums.add_of(ENTRANTS.name, part, 1);
    }
}

/// Adds the actual share of each partnership, and whether it lies outside what was agreed.
pub(crate) fn complete(figures: &mut Figures) {
    let mut entrants: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for (part, count) in figures.parts(ENTRANTS.name) {
        if let Some((partnership, level)) = part.rsplit_once('/') {
            let (higher, all) = entrants.entry(partnership).or_default();
            *all = all.saturating_add(count);
            if level == "7" {
                *higher = higher.saturating_add(count);
            }
        }
    }
    let mut more = Figures::default();
    for (partnership, (higher, all)) in entrants {
        let share = percent(higher, all);
        more.add_part(SHARE.name, partnership, share);
        let agreed = figures.get_of(AGREED.name, partnership);
        let tolerance = figures.get_of(TOLERANCE.name, partnership);
        let out = agreed > 0 && (share - agreed).abs() > tolerance;
        more.add_part(OUT_OF_TOLERANCE.name, partnership, i64::from(out));
    }
    figures.add_all(&more);
}

#[cfg(test)]
mod tests {
    use domain::actor::TenantId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn route_05_and_alloc_11_actual_stands_beside_agreed_and_outside_it_is_a_warning() {
        let (employer, intake) = (TenantId(Uuid::from_u128(1)), Uuid::from_u128(2));
        let agreed = PartnershipRecord {
            employer: Some(employer),
            intake: Some(intake),
            signed: true,
            trainee_posts: 5,
            qualified_posts: 4,
            higher_percent: Some(60),
            tolerance_points: Some(10),
            ..PartnershipRecord::default()
        };
        let part = format!("{employer}/intakes/{intake}");
        for (higher, lower, share, out) in [(3, 2, 60, 0), (7, 3, 70, 0), (8, 2, 80, 1)] {
            let mut figures = Figures::default();
            sums_of_partnership(&agreed, &mut figures);
            figures.add_of(ENTRANTS.name, format!("{part}/7"), higher);
            figures.add_of(ENTRANTS.name, format!("{part}/6"), lower);
            complete(&mut figures);
            assert_eq!(figures.get_of(AGREED.name, &part), 60);
            assert_eq!(figures.get_of(SHARE.name, &part), share);
            assert_eq!(figures.get_of(OUT_OF_TOLERANCE.name, &part), out);
            assert_eq!(
                (
                    figures.get(TRAINEE_POSTS.name),
                    figures.get(QUALIFIED_POSTS.name)
                ),
                (5, 4)
            );
        }
    }
}
