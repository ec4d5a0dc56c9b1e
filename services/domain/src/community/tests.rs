use jiff::civil::date;

use super::*;
use crate::{
    actor::Actor,
    directory::RegisterTenant,
    given::{
        Given, actor,
        cast::{Cast, NORTHMOOR, SEVERNVALE},
        tenant,
    },
};

const NETWORK: u128 = 0xF0;
const ON: Date = date(2026, 6, 1);

fn lead() -> Actor {
    actor(tenant(NETWORK), ActingRole::NetworkLead)
}

fn register(given: &mut Given) {
    let platform = actor(crate::actor::PLATFORM, ActingRole::PlatformOperator);
    let network = RegisterTenant {
        tenant: tenant(NETWORK),
        kind: TenantKind::Network,
        name: "Network of the North West".to_owned(),
        ods_code: None,
        ukprn: None,
        sector: None,
        region: Some(Region::NorthWest),
    };
    given.done(&platform, date(2021, 4, 1), &network);
}

fn founded(given: &mut Given, kind: CommunityKind) -> Id<Community> {
    let found = FoundCommunity {
        kind,
        title: "Practitioners of the North West".to_owned(),
    };
    given.done(&lead(), ON, &found);
    given.created(tenant(NETWORK))
}

/// A trainee, supervisor or manager, as a person.
fn member(n: u128, home: u128, role: ActingRole) -> Actor {
    Actor {
        person: Some(crate::given::person(n)),
        ..actor(tenant(home), role)
    }
}

#[test]
fn sup_06_people_join_the_community_of_their_own_kind_and_leave_as_they_like() {
    let mut given = Given::baseline();
    register(&mut given);
    let cases = [
        (
            CommunityKind::Practitioners,
            member(11, 11, ActingRole::Candidate),
        ),
        (
            CommunityKind::Supervisors,
            member(12, NORTHMOOR, ActingRole::PracticeSupervisor),
        ),
        (
            CommunityKind::ServiceManagers,
            member(13, SEVERNVALE, ActingRole::ServiceManager),
        ),
    ];
    for (kind, who) in &cases {
        let community = founded(&mut given, *kind);
        let join = JoinCommunity { community };
        for (other, somebody) in &cases {
            let outcome = given.when(somebody, ON, &join);
            if other == kind {
                assert_eq!(outcome, Ok(vec!["CommunityJoined".to_owned()]));
            } else {
                assert_eq!(outcome, Err(Reason::NotPermitted), "{other} in {kind}");
            }
        }
        assert_eq!(given.when(who, ON, &join), Ok(vec![]));
        let leave = LeaveCommunity { community };
        let left = given.when(who, date(2026, 7, 1), &leave);
        assert_eq!(left, Ok(vec!["CommunityLeft".to_owned()]));
        assert_eq!(given.when(who, date(2026, 7, 1), &leave), Ok(vec![]));
        let back = given.when(who, date(2026, 8, 1), &join);
        assert_eq!(back, Ok(vec!["CommunityJoined".to_owned()]));
    }
}

#[test]
fn sup_06_nobody_leaves_what_they_never_joined() {
    let mut given = Given::baseline();
    register(&mut given);
    let community = founded(&mut given, CommunityKind::Practitioners);
    let stranger = member(19, 19, ActingRole::Candidate);
    assert_eq!(
        given.when(&stranger, ON, &LeaveCommunity { community }),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn precept_05_a_community_has_its_networks_region_and_members_of_many_employers() {
    let mut given = Given::baseline();
    register(&mut given);
    let community = founded(&mut given, CommunityKind::Supervisors);
    let region = given
        .state(community)
        .and_then(Community::terms)
        .map(|t| t.region);
    assert_eq!(region, Some(Region::NorthWest));
    for (n, employer) in [(12, NORTHMOOR), (13, SEVERNVALE)] {
        let who = member(n, employer, ActingRole::PracticeSupervisor);
        given.done(&who, ON, &JoinCommunity { community });
        let id = Membership::id(tenant(NETWORK), community, crate::given::person(n));
        let custody = given
            .state(id)
            .and_then(Decider::custody)
            .expect("a membership");
        assert!(
            !custody.parties.contains(&tenant(employer)),
            "no employer learns it"
        );
    }
}

#[test]
fn precept_06_a_members_feedback_reaches_the_network_and_no_employer() {
    let mut given = Given::baseline();
    register(&mut given);
    let community = founded(&mut given, CommunityKind::Practitioners);
    let who = member(11, 11, ActingRole::Candidate);
    let give = GiveFeedback {
        on: FeedbackOn::Community(community),
        rating: 4,
        text: "More time for supervision helps.".to_owned(),
    };
    assert_eq!(
        given.when(&who, ON, &give),
        Err(Reason::NotPermitted),
        "no member"
    );
    given.done(&who, ON, &JoinCommunity { community });
    assert_eq!(
        given.when(&who, ON, &give),
        Ok(vec!["FeedbackGiven".to_owned()])
    );
    assert_eq!(given.when(&who, ON, &give), Ok(vec![]));
    let other = GiveFeedback { rating: 1, ..give };
    assert_eq!(given.when(&who, ON, &other), Err(Reason::AlreadyRecorded));
}

#[test]
fn eval_01_trainees_and_sponsors_have_forms_of_their_own() {
    let (
        mut given,
        Cast {
            employer,
            university,
            partnership,
            ..
        },
    ) = Given::vacancy_open();
    let lead = actor(employer, ActingRole::ProfessionalLead);
    let give = GiveFeedback {
        on: FeedbackOn::Partnership(partnership),
        rating: 5,
        text: "Teaching days were announced in time.".to_owned(),
    };
    let answer = given
        .answer(
            &lead,
            crate::calendar::midday(ON),
            uuid::Uuid::from_u128(1),
            &give,
        )
        .expect("given");
    let id = Id::<Feedback>::new(answer.key.id);
    let feedback = given
        .state(id)
        .and_then(Feedback::given)
        .cloned()
        .expect("feedback");
    assert_eq!(
        (feedback.form, feedback.reader),
        (FeedbackForm::Sponsor, university)
    );
    let custody = given.state(id).and_then(Decider::custody).expect("custody");
    assert_eq!(custody, Custody::of(university, [employer]));

    let stranger = actor(tenant(SEVERNVALE), ActingRole::ProfessionalLead);
    assert_eq!(given.when(&stranger, ON, &give), Err(Reason::NotPermitted));
    let worst = GiveFeedback {
        rating: 6,
        ..give.clone()
    };
    assert_eq!(given.when(&lead, ON, &worst), Err(Reason::FieldInvalid));
}

#[test]
fn eval_01_a_trainee_tells_the_university_and_the_employer_reads_none_of_it() {
    use crate::appointment::cast::{appointed, appointment, trainee, university};
    let mut given = appointed();
    let own = appointment();
    let give = GiveFeedback {
        on: FeedbackOn::Training(own.application),
        rating: 3,
        text: "The second module came too early.".to_owned(),
    };
    let who = Actor {
        person: Some(trainee()),
        ..actor(TenantId(trainee().0), ActingRole::Candidate)
    };
    let answer = given
        .answer(
            &who,
            crate::calendar::midday(ON),
            uuid::Uuid::from_u128(1),
            &give,
        )
        .expect("given");
    let id = Id::<Feedback>::new(answer.key.id);
    let custody = given.state(id).and_then(Decider::custody).expect("custody");
    assert_eq!(custody, Custody::of(university(), []).about(trainee()));
    let another = member(99, 99, ActingRole::Candidate);
    assert_eq!(given.when(&another, ON, &give), Err(Reason::NotPermitted));
}
