//! The agreed balance of routes of each partnership beside the actual one: a warning, never a block
//! (`ROUTE-05`).

use std::collections::BTreeMap;

use ledger::view::Figures;

use super::{OfferRecord, PartnershipRecord};
use crate::dashboard::percent;

/// What a partnership agreed.
pub(crate) fn agreed(partnership: &PartnershipRecord, sums: &mut Figures) {
    if let (Some(employer), Some(agreed), Some(tolerance)) = (
        partnership.employer,
        partnership.higher_percent,
        partnership.tolerance_points,
    ) {
        let intake = partnership.intake.unwrap_or_default();
        let part = format!("{employer}/intakes/{intake}");
        sums.add_of("higher_level_agreed", &part, i64::from(agreed));
        sums.add_of("higher_level_tolerance", &part, i64::from(tolerance));
    }
}

/// Who enters through an accepted offer, at which level.
pub(crate) fn entrant(offer: &OfferRecord, sums: &mut Figures) {
    if let (Some(entry), true) = (&offer.entry, offer.accepted()) {
        let part = format!(
            "{}/intakes/{}/{}",
            entry.employer, entry.intake, offer.level
        );
        sums.add_of("entrants", part, 1);
    }
}

/// The actual share of each partnership, and whether it lies outside what was agreed.
pub(crate) fn compared(figures: &mut Figures) {
    let mut entrants: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (part, count) in figures.parts("entrants") {
        if let Some((partnership, level)) = part.rsplit_once('/') {
            let (higher, all) = entrants.entry(partnership.to_owned()).or_default();
            *all = all.saturating_add(count);
            if level == "7" {
                *higher = higher.saturating_add(count);
            }
        }
    }
    for (partnership, (higher, all)) in entrants {
        let share = percent(higher, all);
        figures.add_of("higher_level_share", &partnership, share);
        let agreed = figures.get_of("higher_level_agreed", &partnership);
        let tolerance = figures.get_of("higher_level_tolerance", &partnership);
        let out = agreed > 0 && (share - agreed).abs() > tolerance;
        figures.add_of("balance_out_of_tolerance", &partnership, i64::from(out));
    }
}
