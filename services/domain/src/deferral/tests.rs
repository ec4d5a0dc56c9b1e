use jiff::civil::{Date, date};
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Region},
    allocation::{Allocation, AllocationEvent, Interest, InterestChannel},
    application::{
        WithdrawApplication,
        tests::cast::{self, Cast, applied, candidate, employer, hr, stranger, tutor, university},
    },
    given::{Given, tenant},
    offer::{DeclineOffer, MakeOffer, OfferStage, tests::accepted},
    programme::{IntakeEvent, IntakeTerms, RouteCapacity},
    refusal::Reason,
    vacancy::VacancyEvent,
};

const ON: Date = date(2026, 1, 20);

fn intake(starts: Date) -> IntakeTerms {
    IntakeTerms {
        university: university(),
        commissioner: tenant(4),
        role: crate::policy::catalogue::Role::parse("MHWP", "role").expect("a role id"),
        title: format!("MHWP-{starts}"),
        teaching_start: starts,
        last_start: starts,
        training_end: date(2028, 3, 1),
        board_date: date(2028, 3, 10),
        curriculum_version: "v2".to_owned(),
        capacity: vec![RouteCapacity {
            level: 7,
            places: 10,
        }],
    }
}

fn planned(given: Given, id: Id<Intake>, starts: Date) -> Given {
    let terms = Box::new(intake(starts));
    given.happened(id, &IntakeEvent::IntakePlanned { terms })
}

fn known_terms(given: &Given) -> VacancyTerms {
    let known = given.state(cast::vacancy()).and_then(Vacancy::terms);
    known.cloned().expect("opened")
}

/// A place of an allocation, advertised by a vacancy.
fn advertised(given: Given, allocation: Id<Allocation>, vacancy: Id<Vacancy>, posts: u32) -> Given {
    let interest = Interest {
        employer: employer(),
        commissioner: tenant(4),
        role: crate::policy::catalogue::Role::parse("MHWP", "role").expect("a role id"),
        region: Region::NorthWest,
        demand: 5,
        channel: InterestChannel::Cppo,
    };
    given
        .happened(
            allocation,
            &AllocationEvent::InterestRegistered { interest },
        )
        .happened(
            allocation,
            &AllocationEvent::PlacesAdvertised { vacancy, posts },
        )
}

fn later_vacancy() -> Id<Vacancy> {
    Id::derive(employer(), &[Uuid::from_u128(20)])
}

fn later_allocation() -> Id<Allocation> {
    Id::derive(employer(), &[Uuid::from_u128(40)])
}

fn later_intake() -> Id<Intake> {
    Id::derive(university(), &[Uuid::from_u128(30)])
}

/// An accepted offer for March 2026, its place filled, and a vacancy of so many posts for
/// September.
fn deferrable(posts: u32, starts: Date) -> Cast {
    let Cast { given, application } = accepted(applied().appointed());
    let first = known_terms(&given);
    let given = planned(given, first.intake, date(2026, 3, 2));
    let given = planned(given, later_intake(), starts);
    let given = advertised(given, first.allocation, cast::vacancy(), 5);
    let given = advertised(given, later_allocation(), later_vacancy(), posts);
    let terms = VacancyTerms {
        intake: later_intake(),
        allocation: later_allocation(),
        posts,
        ..first
    };
    let opened = VacancyEvent::VacancyOpened {
        terms: Box::new(terms),
    };
    let mut given = given.happened(later_vacancy(), &opened);
    given.settle(date(2025, 12, 18));
    Cast { given, application }
}

fn september() -> Cast {
    deferrable(5, date(2026, 9, 7))
}

fn request(cast: &Cast) -> RequestDeferral {
    RequestDeferral {
        application: cast.application,
        vacancy: later_vacancy(),
    }
}

fn deferral(cast: &Cast) -> Id<Deferral> {
    Deferral::id(employer(), cast.application)
}

fn filled(cast: &Cast, allocation: Id<Allocation>) -> usize {
    cast.given.state(allocation).map_or(0, Allocation::filled)
}

/// JOINT-03, JOINT-01: both parties agree, and offer, post and place move in one unit.
#[test]
fn joint_03_a_deferral_moves_offer_post_and_place_once_both_agree() {
    let mut cast = september();
    let first = known_terms(&cast.given).allocation;
    assert_eq!(
        (filled(&cast, first), filled(&cast, later_allocation())),
        (1, 0)
    );
    let (ask, agree) = (
        request(&cast),
        AgreeDeferral {
            deferral: deferral(&cast),
        },
    );
    let asked = Ok(vec!["DeferralRequested".to_owned()]);
    assert_eq!(cast.when(&candidate(), ON, &ask), asked);
    assert_eq!(cast.when(&candidate(), ON, &ask), Ok(vec![]));
    assert_eq!(
        cast.when(&candidate(), ON, &agree),
        Err(Reason::NotPermitted),
        "the parties agree"
    );
    let one = Ok(vec!["DeferralAgreed".to_owned()]);
    assert_eq!(cast.when(&tutor(), ON, &agree), one);
    assert_eq!(cast.when(&tutor(), ON, &agree), Ok(vec![]));
    assert_eq!(
        (filled(&cast, first), filled(&cast, later_allocation())),
        (1, 0)
    );
    let mut events = cast.when(&hr(), ON, &agree).expect("agreed");
    events.sort();
    assert_eq!(
        events,
        [
            "DeferralAgreed",
            "OfferDeferred",
            "PlaceFilled",
            "PlaceVacated",
            "PostOffered",
        ]
    );
    cast.given.settle(ON);
    assert_eq!(
        (filled(&cast, first), filled(&cast, later_allocation())),
        (0, 1)
    );
    let offer = Offer::id(employer(), cast.application);
    let offer = cast.given.state(offer).and_then(Offer::held).expect("held");
    assert_eq!(offer.stage, OfferStage::Accepted, "it stays accepted");
    assert_eq!(
        (offer.terms.intake, offer.terms.vacancy),
        (later_intake(), later_vacancy())
    );
    let posts = |vacancy| {
        let list = cast.given.state(ReserveList::id(employer(), vacancy));
        list.map_or(0, |list| list.offered().len())
    };
    assert_eq!((posts(cast::vacancy()), posts(later_vacancy())), (0, 1));

    let withdraw = WithdrawApplication {
        application: cast.application,
    };
    cast.when(&candidate(), ON, &withdraw).expect("withdrawn");
    cast.given.settle(ON);
    assert_eq!(filled(&cast, later_allocation()), 0, "the later place");
}

#[test]
fn joint_03_a_party_may_refuse_a_deferral_and_the_offer_stays() {
    let mut cast = september();
    let (ask, agree, refuse) = (
        request(&cast),
        AgreeDeferral {
            deferral: deferral(&cast),
        },
        RefuseDeferral {
            deferral: deferral(&cast),
        },
    );
    assert_eq!(cast.when(&hr(), ON, &refuse), Err(Reason::NotPermitted));
    cast.when(&hr(), ON, &ask)
        .expect("on the candidate's behalf");
    for by in [candidate(), stranger(ActingRole::EmployerHr)] {
        assert_eq!(cast.when(&by, ON, &refuse), Err(Reason::NotPermitted));
    }
    let refused = Ok(vec!["DeferralRefused".to_owned()]);
    assert_eq!(cast.when(&tutor(), ON, &refuse), refused);
    assert_eq!(cast.when(&tutor(), ON, &refuse), Ok(vec![]));
    assert_eq!(cast.when(&hr(), ON, &agree), Err(Reason::StateNotAllowed));
    let offer = Offer::id(employer(), cast.application);
    let terms = cast.given.state(offer).and_then(Offer::terms);
    assert_eq!(terms.map(|terms| terms.vacancy), Some(cast::vacancy()));
    let asked = Ok(vec!["DeferralRequested".to_owned()]);
    assert_eq!(cast.when(&candidate(), ON, &ask), asked, "asked anew");
}

#[test]
fn joint_03_only_an_accepted_offer_moves_and_only_to_a_later_intake() {
    let mut same_time = deferrable(5, date(2026, 3, 2));
    let ask = request(&same_time);
    assert_eq!(
        same_time.when(&candidate(), ON, &ask),
        Err(Reason::FieldInvalid)
    );
    let mut cast = september();
    for by in [tutor(), cast::platform(), stranger(ActingRole::EmployerHr)] {
        let ask = request(&cast);
        assert_eq!(
            cast.when(&by, ON, &ask),
            Err(Reason::NotPermitted),
            "{by:?}"
        );
    }
    let nowhere = RequestDeferral {
        vacancy: Id::derive(employer(), &[Uuid::from_u128(404)]),
        ..request(&cast)
    };
    assert_eq!(
        cast.when(&candidate(), ON, &nowhere),
        Err(Reason::NotPermitted)
    );
    let mut made = applied().appointed();
    let make = MakeOffer {
        application: made.application,
    };
    made.when(&hr(), date(2025, 12, 16), &make).expect("made");
    let ask = request(&made);
    assert_eq!(
        made.when(&candidate(), ON, &ask),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn joint_03_no_deferral_to_a_vacancy_whose_posts_are_all_offered() {
    let mut cast = deferrable(1, date(2026, 9, 7));
    // somebody else has the one post of September
    let other = Cast {
        given: cast.given,
        application: cast.application,
    };
    let taken = crate::reserve::ReserveEvent::PostOffered {
        terms: crate::reserve::PostsTerms {
            vacancy: later_vacancy(),
            employer: employer(),
            university: university(),
        },
        application: Application::id(employer(), later_vacancy(), crate::given::person(8)),
    };
    let list = ReserveList::id(employer(), later_vacancy());
    cast = Cast {
        given: other.given.happened(list, &taken),
        application: other.application,
    };
    let (ask, agree) = (
        request(&cast),
        AgreeDeferral {
            deferral: deferral(&cast),
        },
    );
    cast.when(&candidate(), ON, &ask).expect("asked");
    cast.when(&tutor(), ON, &agree).expect("agreed");
    assert_eq!(cast.when(&hr(), ON, &agree), Err(Reason::AllPostsOffered));
    assert_eq!(filled(&cast, later_allocation()), 0);
    let decline = DeclineOffer {
        offer: Offer::id(employer(), cast.application),
    };
    assert_eq!(
        cast.when(&candidate(), ON, &decline),
        Err(Reason::StateNotAllowed),
        "the first one still stands"
    );
}
