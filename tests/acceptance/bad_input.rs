//! Requests as they really come: wrong, late, twice, from the wrong side, and plain garbage.

use std::collections::BTreeSet;

use domain::{
    actor::{ActingRole, PLATFORM},
    refusal::Refusal,
};
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use server::REQUEST_BYTES_MAX;
use strum::IntoEnumIterator as _;
use tokio::{runtime::Handle, sync::watch};
use tonic::Code;

use crate::harness::{
    Caller, Refused, Service,
    caller::{encode, methods},
    cast::{
        AUDITOR, CALDERBRIDGE, COMMISSIONER, NETWORK, NORTHMOOR, SEVERNVALE, STRANGER, WEXCOMBE,
        candidate,
    },
    life::{Campaign, application, interest},
    messages::{Tape, Vocabulary},
    soundness, tour,
};

/// Calls per run. Each is a few milliseconds.
const CALLS: u32 = 6_000;

/// Whether a refusal is one of ours: a code that says what to do, and one reason.
fn well_said(refused: &Refused) -> Result<(), String> {
    let ours = matches!(
        refused.code,
        Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::ResourceExhausted
            | Code::PermissionDenied
            | Code::Aborted
            | Code::Unauthenticated
    ) || refused.reason == "VIEW_BEHIND";
    let upper_snake = !refused.reason.is_empty()
        && refused
            .reason
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    // D.18: as at a day monitoring is denied to everybody alike, whatever there is.
    let uniform = refused.code != Code::PermissionDenied
        || refused.reason == "FROZEN_FIGURES_ONLY"
        || refused.status.message() == Refusal::not_permitted().message;
    if ours && upper_snake && uniform && refused.infos == 1 {
        Ok(())
    } else {
        Err(format!("{refused:?}"))
    }
}

/// Everybody who might call, from both sides and from outside.
fn everybody(service: &Service) -> Vec<Caller> {
    let mut callers = vec![];
    for role in ActingRole::iter() {
        use domain::actor::TenantKind;
        let homes = match role.tenant_kind() {
            Some(TenantKind::Employer) => vec![NORTHMOOR, NORTHMOOR, SEVERNVALE],
            Some(TenantKind::University) => vec![WEXCOMBE, WEXCOMBE, CALDERBRIDGE],
            Some(TenantKind::Commissioner) => vec![COMMISSIONER],
            Some(TenantKind::Person) => vec![candidate(1), candidate(2), candidate(99)],
            Some(TenantKind::Auditor) => vec![AUDITOR],
            Some(TenantKind::Network) => vec![NETWORK],
            Some(TenantKind::Platform) => vec![PLATFORM],
            Some(TenantKind::Evaluator) | None => vec![],
        };
        callers.extend(homes.into_iter().map(|home| service.cast.of(home, role)));
    }
    callers
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_refused_in_words_and_leaves_a_sound_history() {
    let service = Service::start().await;
    tour::whole(&service.cast).await;
    // A dashboard may wait for its view.
    let (stop, stopped) = watch::channel(false);
    let folding = tokio::spawn(views::projector(&service.cast.ledger).run(stopped));
    let api = &service.cast.api;
    let accepted = api.accepted();
    let vocabulary = Vocabulary::of(&accepted);
    let methods = methods(&api.pool);
    let callers = everybody(&service);
    let own: Vec<Vec<Caller>> = methods
        .iter()
        .map(|method| {
            accepted
                .iter()
                .filter(|call| call.method == method.name())
                .map(|call| call.token.clone())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .map(|token| api.by(token))
                .collect()
        })
        .collect();

    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, b"as each morning at the help desk");
    let config = Config {
        cases: CALLS,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (any::<u16>(), vec(any::<u16>(), 0..48));
    let run = TestRunner::new_with_rng(config, seed).run(&strategy, |(which, tape)| {
        let which = usize::from(which) % methods.len();
        let method = &methods[which];
        let mut tape = Tape::new(&tape);
        // Mostly those who may call, so that more than the door is tried.
        let caller = match tape.choose(4) {
            0 => &callers[tape.choose(callers.len())],
            _ if own[which].is_empty() => &callers[tape.choose(callers.len())],
            _ => &own[which][tape.choose(own[which].len())],
        };
        // A request as it once was, or an empty one; then some of its fields go astray.
        let real: Vec<_> = accepted
            .iter()
            .filter(|call| call.method == method.name())
            .collect();
        let start = match real.get(tape.choose(real.len() + 1)) {
            Some(call) => DynamicMessage::deserialize(method.input(), &call.message)
                .expect("it was a request"),
            None => DynamicMessage::new(method.input()),
        };
        let message = vocabulary.fill(start, &mut tape, 0);
        let answer = tokio::task::block_in_place(|| {
            Handle::current().block_on(caller.send(method, message.encode_to_vec().into()))
        });
        match answer {
            Ok(_) => Ok(()),
            Err(refused) => well_said(&refused).map_err(|why| {
                let why = format!("{} {message:?}: {why}", method.name());
                proptest::test_runner::TestCaseError::fail(why)
            }),
        }
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    stop.send_replace(true);
    folding.await.expect("the views fold");
    service.cast.settle().await;
    soundness::check(&service.owner).await;
    soundness::views_are_folds(&service.cast.ledger).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_of_the_method_is_refused_in_words_too() {
    let service = Service::start().await;
    let api = &service.cast.api;
    let hr = service.cast.of(NORTHMOOR, ActingRole::EmployerHr);
    let method = api.method("OpenVacancy");
    // A field that says it is longer than the message, a wire type that is none, text that is none.
    for bytes in [&[0x0a, 0xff, 0x01][..], &[0x0f], &[0x0a, 0x02, 0xc3, 0x28]] {
        let refused = hr
            .send(&method, bytes.to_vec().into())
            .await
            .expect_err("not a message");
        assert_eq!(refused.code, Code::InvalidArgument);
        assert_eq!(
            (refused.reason.as_str(), refused.infos),
            ("MESSAGE_MALFORMED", 1)
        );
    }
    let long = json!({"title": "x".repeat(REQUEST_BYTES_MAX + 1)});
    let refused = hr
        .send(&method, encode(&method, &long))
        .await
        .expect_err("too large");
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(
        (refused.reason.as_str(), refused.infos),
        ("MESSAGE_TOO_LARGE", 1)
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_field_at_fault_or_the_rule() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let applies = |said: Value| application(&campaign.vacancy, said);
    let candidate = cast
        .of(candidate(1), ActingRole::Candidate)
        .on("2025-11-21");
    let lead = cast
        .of(NORTHMOOR, ActingRole::ProfessionalLead)
        .on("2025-11-21");
    let hr = cast.of(NORTHMOOR, ActingRole::EmployerHr).on("2025-11-21");
    let wexcombe = cast
        .of(WEXCOMBE, ActingRole::ProgrammeLead)
        .on("2025-11-21");
    let operator = cast.operator().on("2025-11-21");
    for (caller, method, message, reason, field) in [
        // Malformed.
        (
            &candidate,
            "SubmitApplication",
            applies(json!({"request_id": "r1"})),
            "FIELD_INVALID",
            "request_id",
        ),
        (
            &candidate,
            "SubmitApplication",
            applies(json!({"effective": "21/11/2025"})),
            "FIELD_INVALID",
            "effective",
        ),
        (
            &candidate,
            "SubmitApplication",
            applies(json!({"vacancy": campaign.intake})),
            "FIELD_INVALID",
            "vacancy",
        ),
        (
            &candidate,
            "SubmitApplication",
            applies(json!({"degree": "honorary"})),
            "FIELD_INVALID",
            "degree",
        ),
        (
            &operator,
            "RegisterTenant",
            json!({
                "tenant": STRANGER.to_string(),
                "kind": "employer",
                "display_name": "Elsewhere",
                "ods_code": "not an ODS code",
                "sector": "nhs",
                "region": "london",
            }),
            "ODS_CODE_FORMAT",
            "ods_code",
        ),
        // Too much.
        (
            &candidate,
            "SubmitApplication",
            applies(json!({"statement": "x".repeat(20_001)})),
            "FIELD_INVALID",
            "statement",
        ),
        (
            &hr,
            "OpenVacancy",
            json!({
                "allocation": campaign.allocation,
                "clinical_service": campaign.clinical_service,
                "posts": 1,
                "title": "x".repeat(10_000),
                "on_training_failure": "redeploy",
                "closing": "2025-12-31",
            }),
            "FIELD_INVALID",
            "title",
        ),
        (
            &lead,
            "RegisterInterest",
            interest(NORTHMOOR, "north_west", 0),
            "FIELD_INVALID",
            "demand",
        ),
        // For somebody else.
        (
            &lead,
            "RegisterInterest",
            interest(SEVERNVALE, "midlands", 5),
            "NOT_PERMITTED",
            "",
        ),
        (
            &wexcombe,
            "GetVacancy",
            json!({"name": format!("vacancies/{}", PLATFORM.0)}),
            "NOT_PERMITTED",
            "",
        ),
        // Late.
        (
            &candidate,
            "SubmitApplication",
            applies(json!({"effective": "2025-12-01"})),
            "CAMPAIGN_CLOSED",
            "",
        ),
        // More than there is.
        (
            &hr,
            "OpenVacancy",
            json!({
                "allocation": campaign.allocation,
                "clinical_service": campaign.clinical_service,
                "posts": 1,
                "title": "One more",
                "on_training_failure": "redeploy",
                "closing": "2025-12-31",
            }),
            "CAPACITY_EXCEEDED",
            "",
        ),
    ] {
        let refused = caller
            .call(method, message.clone())
            .await
            .expect_err("it is refused");
        let fields: Vec<&str> = refused.fields.iter().map(String::as_str).collect();
        let expected: Vec<&str> = Some(field)
            .filter(|field| !field.is_empty())
            .into_iter()
            .collect();
        assert_eq!(
            (refused.reason.as_str(), fields),
            (reason, expected),
            "{method} {}",
            refused.status.message()
        );
        assert_eq!(refused.infos, 1);
    }
    service.stop().await;
}
