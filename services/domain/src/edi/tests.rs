use jiff::civil::date;
use uuid::Uuid;

use super::{census::Person, *};
use crate::{
    actor::{ActingRole, Actor, PersonId},
    calendar::midday,
    erasure::{ClassOutcome, ErasureEvent},
    fact::Fact,
    given::{Given, actor, cast::COMMISSIONER, tenant},
    monitoring::Answer,
    permission::{Action, Permit},
    personal::PersonalClass,
    reactions::{Occurred, Reaction, on_timer, react},
    refusal::Reason,
    vacancy::Vacancy,
};

const JANUARY: Date = date(2026, 1, 5);
const FEBRUARY: Date = date(2026, 2, 2);

fn national() -> Actor {
    actor(tenant(COMMISSIONER), ActingRole::CommissionerNational)
}

fn vacancy(region: Region) -> Id<Vacancy> {
    Id::new(Uuid::from_u128(region as u128 + 1))
}

/// People who apply in a region on a day, each saying the same of their ethnicity.
fn apply(
    census: &mut Census,
    from: u128,
    how_many: u128,
    region: Region,
    said: Option<(&str, &str)>,
    on: Date,
) {
    census
        .regions
        .insert(vacancy(region), (tenant(COMMISSIONER), region));
    census.until = census.until.max(Some(midday(on)));
    for number in from..from + how_many {
        let answer = |(set, code): (&str, &str)| Answer {
            code_set: set.to_owned(),
            code: code.to_owned(),
        };
        let answers =
            said.map(|said| Some(BTreeMap::from([("ethnicity".to_owned(), answer(said))])));
        let person: &mut Person = census
            .people
            .entry(PersonId(Uuid::from_u128(number)))
            .or_default();
        person.applied.insert(vacancy(region));
        person.answers = answers;
        person.lived_experience = Some(Some(true));
        person.changed = person.changed.max(Some(midday(on)));
    }
}

const WHITE: Option<(&str, &str)> = Some(("nhs_ethnic_category_2001", "A"));
const BLACK: Option<(&str, &str)> = Some(("nhs_ethnic_category_2001", "M"));
const CHINESE: Option<(&str, &str)> = Some(("nhs_ethnic_category_2001", "R"));
const ASIAN: Option<(&str, &str)> = Some(("hesa_ethnicity", "101"));

/// Sixty in the North West, fifty-four in the Midlands.
fn applicants() -> Census {
    let mut census = Census::default();
    apply(&mut census, 100, 30, Region::NorthWest, WHITE, JANUARY);
    apply(&mut census, 200, 20, Region::NorthWest, BLACK, JANUARY);
    apply(&mut census, 300, 10, Region::NorthWest, ASIAN, JANUARY);
    apply(&mut census, 400, 40, Region::Midlands, WHITE, JANUARY);
    apply(&mut census, 500, 14, Region::Midlands, CHINESE, JANUARY);
    census
}

fn publish(given: &mut Given, on: Date, census: Census) -> Result<Vec<String>, Reason> {
    given.when(&national(), on, &PublishEdiRelease { census })
}

fn release(given: &Given, month: Date) -> EdiRelease {
    let releases: &EdiReleases = given
        .state(EdiReleases::id(tenant(COMMISSIONER)))
        .expect("releases");
    releases.of(month).expect("a release").clone()
}

fn figure<'a>(figures: &'a [EdiFigure<'_>], group: &str, area: &str) -> &'a EdiFigure<'a> {
    let found = figures.iter().find(|one| {
        (one.characteristic, one.group, one.area)
            == (if group.is_empty() { "" } else { "ethnicity" }, group, area)
    });
    found.expect("a figure")
}

#[test]
fn d_18_a_release_holds_rounded_counts_by_coarse_group_and_region() {
    let mut given = Given::directory();
    let published = publish(&mut given, JANUARY, applicants());
    assert_eq!(published, Ok(vec!["EdiReleased".to_owned()]));
    let release = release(&given, JANUARY);
    let figures: Vec<_> = release.seen_by(TenantKind::Commissioner, None).collect();
    let white = figure(&figures, "white", "north_west");
    assert_eq!((white.count, white.percent), (Some(30), Some(50)));
    assert_eq!(
        figure(&figures, "asian", ENGLAND).count,
        Some(25),
        "24 of two code sets"
    );
    assert_eq!(figure(&figures, "asian", "midlands").count, Some(15));
    assert_eq!(
        figure(&figures, "", ENGLAND).count,
        Some(115),
        "114, rounded apart"
    );
    assert_eq!(figure(&figures, "other", "north_west").count, Some(0));
    assert_eq!(
        figure(&figures, "", "london").percent,
        None,
        "no base at all"
    );
    let stored = given
        .stored(EdiReleases::id(tenant(COMMISSIONER)))
        .join("\n");
    for count in ["114", "54", "24"] {
        assert!(
            !stored.contains(&format!(":{count},")),
            "what was published and nothing else"
        );
    }
}

/// C.2: a network reads its region, and nobody but a commissioner reads lived experience.
#[test]
fn d_18_each_reader_sees_the_part_that_is_for_them() {
    let mut given = Given::directory();
    publish(&mut given, JANUARY, applicants()).expect("published");
    let release = release(&given, JANUARY);
    let areas = |kind, region| -> std::collections::BTreeSet<String> {
        release
            .seen_by(kind, region)
            .map(|one| one.area.to_owned())
            .collect()
    };
    let own = areas(TenantKind::Network, Some(Region::NorthWest));
    assert_eq!(own.into_iter().collect::<Vec<_>>(), ["north_west"]);
    assert!(areas(TenantKind::Network, None).is_empty());
    let own = areas(TenantKind::Commissioner, Some(Region::Midlands));
    assert_eq!(own.into_iter().collect::<Vec<_>>(), ["midlands"]);
    assert_eq!(areas(TenantKind::Evaluator, None).len(), 8);
    let lived = |kind| {
        release
            .seen_by(kind, None)
            .any(|one| one.characteristic == LIVED_EXPERIENCE)
    };
    assert!(lived(TenantKind::Commissioner) && !lived(TenantKind::Evaluator));
}

#[test]
fn d_18_one_application_more_moves_no_figure_and_eight_do() {
    let mut given = Given::directory();
    publish(&mut given, JANUARY, applicants()).expect("published");
    let before = release(&given, JANUARY);
    // The first of a group: a zero that stays, and nothing withheld beside it.
    let mut one_more = applicants();
    let first = Some(("nhs_ethnic_category_2001", "S"));
    apply(&mut one_more, 600, 1, Region::NorthWest, first, FEBRUARY);
    let mut other = given.clone();
    publish(&mut given, FEBRUARY, one_more).expect("published");
    let after = release(&given, FEBRUARY);
    assert_eq!(
        (&before.people, &before.tables),
        (&after.people, &after.tables)
    );
    assert_eq!(before.drawn["north_west"], after.drawn["north_west"]);

    let mut more = applicants();
    apply(&mut more, 600, 12, Region::NorthWest, BLACK, FEBRUARY);
    publish(&mut other, FEBRUARY, more).expect("published");
    let after = release(&other, FEBRUARY);
    assert_eq!(
        after.tables["ethnicity"]["black"]["north_west"],
        Some(30),
        "32"
    );
    assert_eq!(
        after.tables["ethnicity"]["white"]["north_west"],
        Some(30),
        "as it was"
    );
    assert_eq!(after.tables["ethnicity"]["white"]["midlands"], Some(40));
    assert_eq!(release(&other, JANUARY), before, "frozen");
}

/// D.13: who is erased counts under not known from the next release on, and the earlier one stays.
#[test]
fn d_18_and_d_13_who_is_erased_counts_under_not_known_in_the_next_release() {
    let mut given = Given::directory();
    publish(&mut given, JANUARY, applicants()).expect("published");
    let before = release(&given, JANUARY);
    let mut erased = applicants();
    for number in 200..216 {
        let whose = PersonId(Uuid::from_u128(number));
        erased.people.get_mut(&whose).expect("applied").answers = Some(None);
        let decided = Fact::Erasure(ErasureEvent::ErasureDecided {
            controller: tenant(1),
            person: whose,
            outcomes: [(PersonalClass::Edi, ClassOutcome::Erased)].into(),
            recipients: [].into(),
        });
        erased.note(Id::new(Uuid::nil()), midday(FEBRUARY), &decided);
    }
    publish(&mut given, FEBRUARY, erased).expect("published");
    let after = release(&given, FEBRUARY);
    assert_eq!(before.tables["ethnicity"]["not_known"][ENGLAND], Some(0));
    assert_eq!(
        after.tables["ethnicity"]["not_known"][ENGLAND],
        Some(15),
        "16"
    );
    assert_eq!(
        after.people, before.people,
        "nobody is gone from the totals"
    );
    let parts = &after.tables["ethnicity"]["not_known"]["north_west"];
    assert_eq!(*parts, None, "too few to be broken down");
    assert_eq!(release(&given, JANUARY), before);
}

#[test]
fn d_18_a_month_is_published_once_and_in_order_by_the_commissioner() {
    let mut given = Given::directory();
    for by in [
        actor(tenant(1), ActingRole::EmployerHr),
        actor(tenant(2), ActingRole::NetworkLead),
    ] {
        let census = applicants();
        let refused = given.when(&by, JANUARY, &PublishEdiRelease { census });
        assert_eq!(refused, Err(Reason::NotPermitted));
    }
    publish(&mut given, FEBRUARY, applicants()).expect("published");
    assert_eq!(
        publish(&mut given, date(2026, 2, 20), Census::default()),
        Ok(vec![]),
        "frozen"
    );
    assert_eq!(
        publish(&mut given, JANUARY, applicants()),
        Err(Reason::StateNotAllowed)
    );
    let custody = given
        .state(EdiReleases::id(tenant(COMMISSIONER)))
        .and_then(Decider::custody);
    assert_eq!(custody, Some(Custody::of(PLATFORM, [])));
}

/// From the commissioner's first release on, the platform makes one each month; what the commissioner
/// has published by then stays.
#[test]
fn d_18_after_the_first_release_every_month_has_one_without_being_asked() {
    let mut given = Given::directory();
    publish(&mut given, JANUARY, applicants()).expect("published");
    let occurred = Occurred {
        stream: EdiReleases::id(tenant(COMMISSIONER)).0,
        sequence: 1,
        effective: midday(JANUARY),
        fact: Fact::EdiReleases(EdiEvent::EdiReleased {
            release: Box::new(release(&given, JANUARY)),
        }),
    };
    let [Reaction::Timer(due, timer)] = &react(&occurred)[..] else {
        panic!("a timer");
    };
    let february = date(2026, 2, 1);
    assert_eq!(*due, midday(february));
    let (action, _) = on_timer(timer);
    assert_eq!(action, Action::PublishEdiRelease);

    let due = |census| PublishDueEdiRelease {
        commissioner: tenant(COMMISSIONER),
        census,
    };
    let platform = Permit::platform(action);
    let by = platform.actor();
    let mut early = given.clone();
    publish(&mut early, FEBRUARY, applicants()).expect("the commissioner was first");
    assert_eq!(early.when(by, february, &due(applicants())), Ok(vec![]));
    let made = given.when(by, february, &due(applicants()));
    assert_eq!(made, Ok(vec!["EdiReleased".to_owned()]));
    assert_eq!(
        release(&given, february).people,
        release(&given, JANUARY).people
    );
    let late = given.when(by, JANUARY, &due(applicants()));
    assert_eq!(late, Ok(vec![]), "a month that is over");
    let refused = given.when(&national(), date(2026, 3, 1), &due(applicants()));
    assert_eq!(refused, Err(Reason::NotPermitted), "nobody else's to ask");
    let mut command = due(Census::default());
    assert!(Command::census(&mut command).is_some());
}

#[test]
fn d_18_what_people_said_never_shows_in_debug_output() {
    let said = format!(
        "{:?}",
        PublishEdiRelease {
            census: applicants()
        }
    );
    assert_eq!(said, "PublishEdiRelease { census: Census(not shown) }");
}
