//! The funnel by who applies: graduates, non-graduates and the employer's own people each pass the
//! same joint steps, and at every step they sum to the whole (`ROUTE-06`, `ROUTE-10`).

use domain::application::EntrySource;
use ledger::view::Figures;

use super::{ApplicationRecord, ApplicationStage};

/// What an application adds to the funnel.
pub(super) fn sums(application: &ApplicationRecord, sums: &mut Figures) {
    let Some(source) = application.entry else {
        return;
    };
    let entry = match (source, application.graduate) {
        (EntrySource::InternalStaff, _) => "internal",
        (EntrySource::Volunteer | EntrySource::External, true) => "graduate",
        (EntrySource::Volunteer | EntrySource::External, false) => "non_graduate",
    };
    let appointed = application.stage == ApplicationStage::Appointed;
    sums.add_of("applications_by_source", source, 1);
    sums.add_of("applications_by_entry", entry, 1);
    for (figure, reached) in [
        ("shortlisted_by_entry", application.shortlisted),
        ("interviewed_by_entry", application.interviews > 0),
        ("appointed_by_entry", appointed),
    ] {
        sums.add_of(figure, entry, i64::from(reached));
    }
    if let (true, Some(level)) = (appointed, application.level) {
        sums.add_of("appointed_by_level", level, 1);
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    /// ROUTE-06, ROUTE-10: at every step the entries sum to the whole, and nobody is left out.
    #[test]
    fn route_06_and_route_10_the_funnel_sums_to_the_whole_at_every_step() {
        let mut figures = Figures::default();
        let stages = [
            ApplicationStage::Submitted,
            ApplicationStage::NotShortlisted,
            ApplicationStage::NotAppointed,
            ApplicationStage::Appointed,
            ApplicationStage::Withdrawn,
        ];
        for source in EntrySource::iter() {
            for graduate in [false, true] {
                for (step, stage) in (0..).zip(stages) {
                    let application = ApplicationRecord {
                        entry: Some(source),
                        graduate,
                        stage,
                        shortlisted: step > 1,
                        interviews: u32::from(step > 1),
                        level: graduate.then_some(7).or(Some(6)),
                        ..ApplicationRecord::default()
                    };
                    application.sums(&mut figures);
                }
            }
        }
        let sum = |name| figures.parts(name).map(|(_, count)| count).sum::<i64>();
        assert_eq!(figures.get("applications"), 30);
        assert_eq!(sum("applications_by_entry"), 30);
        assert_eq!(sum("applications_by_source"), 30);
        assert_eq!(sum("shortlisted_by_entry"), figures.get("shortlisted"));
        assert_eq!(sum("interviewed_by_entry"), figures.get("interviewed"));
        assert_eq!(sum("appointed_by_entry"), figures.get("appointed"));
        assert_eq!(sum("appointed_by_level"), figures.get("appointed"));
        assert_eq!(figures.get_of("applications_by_entry", "internal"), 10);
        assert_eq!(figures.get_of("applications_by_entry", "graduate"), 10);
    }
}
