use jiff::civil::date;

use super::*;
use crate::{
    actor::Party,
    application::tests::cast::{self, Cast, applied, hr, platform, tutor},
    decision_round::tests::{accept, reject},
    refusal::Reason,
};

/// ROUTE-08: outcomes are counted without the people, once per round, for nobody's feed.
#[test]
fn route_08_outcomes_are_counted_by_region_and_nobody_is_named() {
    for (employers, split, appointed) in [
        (accept(Party::Employer), 0, 1),
        (reject("team_aptitude", Party::Employer), 1, 0),
    ] {
        let mut cast = applied().deciding();
        let words = [employers, accept(Party::University)].map(|word| cast.decide(1, word));
        let [employers, universitys] = words;
        let on = date(2025, 12, 12);
        cast.when(&hr(), on, &employers).expect("sealed");
        cast.when(&tutor(), on, &universitys).expect("revealed");
        let intake = cast.held().terms.intake;
        let id = SelectionTally::id(intake);
        let Cast {
            mut given,
            application,
        } = cast;
        let events = given.settle(on);
        assert_eq!(events, ["OutcomeTallied"]);
        assert_eq!(given.settle(on), [""; 0], "once");
        let counted = given.state(id).expect("a tally");
        let tally = counted.of(Region::NorthWest);
        assert_eq!(
            (tally.rounds, tally.split, tally.appointed),
            (1, split, appointed)
        );
        assert_eq!(counted.of(Region::London), RegionTally::default());
        let custody = counted.custody().expect("a tally");
        assert_eq!(custody.subject, None);
        assert_eq!(custody.parties.into_iter().collect::<Vec<_>>(), [PLATFORM]);
        let stored = given.stored(id).join("\n");
        assert!(!stored.contains(&application.0.to_string()));

        let round = TallyOutcome {
            application,
            round: 1,
        };
        for by in [hr(), tutor(), cast::candidate()] {
            assert_eq!(given.when(&by, on, &round), Err(Reason::NotPermitted));
        }
        let blind = TallyOutcome {
            application,
            round: 2,
        };
        let unrevealed = given.when(&platform(), on, &blind);
        assert_eq!(
            unrevealed,
            Err(Reason::NotPermitted),
            "only what is revealed"
        );
    }
}
