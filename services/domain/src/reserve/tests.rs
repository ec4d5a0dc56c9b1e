use jiff::civil::{Date, date};

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    application::{
        Degree, WithdrawApplication,
        tests::cast::{self, Cast, candidate, employer, hr, opened, stranger, tutor},
    },
    decision_round::tests::accept,
    given::{Given, actor, tenant},
    offer::{AcceptOffer, DeclineOffer, MakeOffer, OfferStage, RescindOffer, RescissionReason},
    vacancy::{CloseVacancy, VacancyEvent},
};

const ON: Date = date(2025, 12, 16);

fn person_of(number: u128) -> Actor {
    actor(tenant(100 + number), ActingRole::Candidate)
}

/// So many candidates whom both parties accept, for a vacancy of so many posts.
pub(crate) fn appointed(count: u128, posts: u32) -> (Given, Vec<Id<Application>>) {
    let known = opened();
    let terms = known.state(cast::vacancy()).and_then(Vacancy::terms);
    let terms = crate::vacancy::VacancyTerms {
        posts,
        ..terms.cloned().expect("opened")
    };
    let mut given = opened().happened(
        cast::vacancy(),
        &VacancyEvent::VacancyOpened {
            terms: Box::new(terms),
        },
    );
    let mut applications = vec![];
    for number in 1..=count {
        let by = person_of(number);
        let person = by.person.expect("a person");
        given
            .when(&by, date(2025, 11, 21), &cast::submit(Degree::Held))
            .expect("submitted");
        let application = Application::id(employer(), cast::vacancy(), person);
        let cast = Cast { given, application }.deciding();
        given = decided(cast);
        applications.push(application);
    }
    (given, applications)
}

fn decided(mut cast: Cast) -> Given {
    let both = [Party::Employer, Party::University].map(|party| cast.decide(1, accept(party)));
    let [employer, university] = both;
    cast.when(&hr(), date(2025, 12, 12), &employer)
        .expect("sealed");
    cast.when(&tutor(), date(2025, 12, 15), &university)
        .expect("revealed");
    cast.given
}

fn list(given: &Given) -> &ReserveList {
    let id = ReserveList::id(employer(), cast::vacancy());
    given.state(id).expect("a list")
}

fn offer(application: Id<Application>) -> Id<Offer> {
    Offer::id(employer(), application)
}

fn stage(given: &Given, application: Id<Application>) -> Option<OfferStage> {
    let held = given.state(offer(application)).and_then(Offer::held);
    held.map(|held| held.stage)
}

/// Two posts offered to the first two, the others waiting in order.
fn waiting(count: u128) -> (Given, Vec<Id<Application>>) {
    let (mut given, applications) = appointed(count, 2);
    for application in &applications[..2] {
        let application = *application;
        given
            .when(&hr(), ON, &MakeOffer { application })
            .expect("a post is free");
    }
    for application in &applications[2..] {
        let application = *application;
        given
            .when(&hr(), ON, &PlaceOnReserve { application })
            .expect("kept");
    }
    (given, applications)
}

/// JOINT-09: posts offered never exceed the posts advertised.
#[test]
fn joint_09_no_more_offers_stand_than_there_are_posts() {
    let (mut given, applications) = appointed(3, 2);
    for (application, expected) in
        applications
            .iter()
            .zip([Ok(3), Ok(3), Err(Reason::AllPostsOffered)])
    {
        let application = *application;
        let answer = given.when(&hr(), ON, &MakeOffer { application });
        assert_eq!(answer.map(|events| events.len()), expected);
    }
    let (application, repeat) = (
        applications[0],
        given.when(
            &hr(),
            ON,
            &MakeOffer {
                application: applications[0],
            },
        ),
    );
    assert_eq!(repeat, Ok(vec![]), "{application:?}");
    assert_eq!(list(&given).offered(), &applications[..2]);

    let close = CloseVacancy {
        vacancy: cast::vacancy(),
        posts_handed_back: 1,
    };
    let (given, applications) = appointed(2, 2);
    let closed = VacancyEvent::VacancyClosed {
        at: cast::at("2025-12-15T12:00:00Z"),
        posts_handed_back: close.posts_handed_back,
    };
    let mut given = given.happened(cast::vacancy(), &closed);
    let [first, second] = [0, 1].map(|n| MakeOffer {
        application: applications[n],
    });
    given.when(&hr(), ON, &first).expect("one post is left");
    assert_eq!(
        given.when(&hr(), ON, &second),
        Err(Reason::AllPostsOffered),
        "the other was handed back"
    );
}

/// JOINT-01: only whom both parties accept may wait, and the employer says so.
#[test]
fn joint_01_the_reserve_list_keeps_appointed_candidates_only() {
    let (mut given, applications) = appointed(1, 1);
    let application = applications[0];
    let place = PlaceOnReserve { application };
    for by in [tutor(), candidate(), stranger(ActingRole::EmployerHr)] {
        assert_eq!(given.when(&by, ON, &place), Err(Reason::NotPermitted));
    }
    let placed = Ok(vec!["ReservePlaced".to_owned()]);
    assert_eq!(given.when(&hr(), ON, &place), placed);
    assert_eq!(given.when(&hr(), ON, &place), Ok(vec![]));
    given
        .when(&hr(), ON, &MakeOffer { application })
        .expect("a post is free");
    assert!(list(&given).reserves().is_empty());
    assert_eq!(given.when(&hr(), ON, &place), Err(Reason::StateNotAllowed));

    let mut early = cast::applied().deciding();
    let place = PlaceOnReserve {
        application: early.application,
    };
    assert_eq!(
        early.when(&hr(), date(2025, 12, 12), &place),
        Err(Reason::StateNotAllowed)
    );
}

/// How the offer of the first falls: who does what.
type Fall = fn(Id<Application>) -> (Actor, Box<dyn Command>);

/// JOINT-01: a decline, a lapse, a withdrawal or a rescission promotes who waits longest, once.
#[test]
fn joint_01_a_post_that_comes_free_goes_to_who_waits_longest() {
    let on = date(2025, 12, 20);
    let falls: [Fall; 4] = [
        |application| {
            let offer = offer(application);
            (person_of(1), Box::new(DeclineOffer { offer }))
        },
        |application| (person_of(1), Box::new(WithdrawApplication { application })),
        |application| {
            let rescind = RescindOffer {
                offer: offer(application),
                reason: RescissionReason::PostWithdrawn,
            };
            (hr(), Box::new(rescind))
        },
        |application| {
            let offer = offer(application);
            (
                cast::platform(),
                Box::new(crate::offer::LapseOffer { offer }),
            )
        },
    ];
    for (n, fall) in falls.into_iter().enumerate() {
        let (mut given, applications) = waiting(4);
        let (by, command) = fall(applications[0]);
        let day = if n == 3 { date(2026, 1, 2) } else { on };
        given.when(&by, day, &*command).expect("it falls");
        let events = given.settle(day);
        for event in ["PostFreed", "ReservePromoted", "OfferMade"] {
            let times = events.iter().filter(|name| *name == event).count();
            assert_eq!(times, 1, "{n}: {event} in {events:?}");
        }
        assert_eq!(stage(&given, applications[2]), Some(OfferStage::Made));
        assert_eq!(stage(&given, applications[3]), None, "still waits");
        assert_eq!(list(&given).reserves(), &applications[3..]);
        assert_eq!(list(&given).offered().len(), 2);
    }
}

/// JOINT-01: an accepted offer that falls frees the place as well.
#[test]
fn joint_01_a_reserve_who_is_gone_is_passed_over() {
    let (mut given, applications) = waiting(4);
    let gone = WithdrawApplication {
        application: applications[2],
    };
    let events = given.when(&person_of(3), ON, &gone).expect("withdrawn");
    assert!(events.contains(&"ReserveRemoved".to_owned()));
    let accept = AcceptOffer {
        offer: offer(applications[0]),
    };
    given.when(&person_of(1), ON, &accept).expect("accepted");
    let withdraw = WithdrawApplication {
        application: applications[0],
    };
    given
        .when(&person_of(1), date(2026, 1, 5), &withdraw)
        .expect("withdrawn");
    let free = FreePost {
        offer: offer(applications[0]),
        vacancy: None,
    };
    assert_eq!(
        given.when(&hr(), ON, &free),
        Err(Reason::NotPermitted),
        "a reaction, not a request"
    );
    given
        .when(&cast::platform(), date(2026, 1, 5), &free)
        .expect("freed");
    assert_eq!(stage(&given, applications[3]), Some(OfferStage::Made));
    assert!(list(&given).reserves().is_empty());
    assert_eq!(
        given.when(&cast::platform(), date(2026, 1, 5), &free),
        Ok(vec![]),
        "a repeat promotes nobody"
    );
}
