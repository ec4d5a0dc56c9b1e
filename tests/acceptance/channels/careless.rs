//! The tests of the channels fail where there is a channel: each is asked of a service that is careless
//! in the way it is about.

use domain::actor::{PLATFORM, TenantId};
use serde_json::{Value, json};

use super::{
    candidates, exports, figures, instants, logs, operators, positions, refusals, reminders,
    repeats, replays, university, version,
};
use crate::{
    blindness::deciding,
    harness::{
        Service,
        cast::{NORTHMOOR, candidate},
        life::Trainee,
    },
    noninterference::careless::{Leak, put_before},
};

/// What is asked, before the university seals and after, of a service that leaks to a viewer.
async fn told(
    viewer: TenantId,
    leak: Leak,
    ask: impl AsyncFn(&Service, &Trainee) -> Value,
) -> (Value, Value) {
    let mut service = Service::start().await;
    let c1 = deciding(&service.cast).await;
    let careless = put_before(&mut service, viewer, leak).await;
    let c1 = Trainee {
        cast: service.cast.clone(),
        ..c1
    };
    let before = ask(&service, &c1).await;
    university(&service, &c1).await;
    let after = ask(&service, &c1).await;
    careless.ends();
    service.vanish().await;
    (before, after)
}

macro_rules! found {
    ($($test:ident: $leak:ident to $viewer:expr, by $ask:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let (before, after) = told($viewer, Leak::$leak, $ask).await;
                assert_ne!(before, after, "the test of this channel sees nothing");
            }
        )*
    };
}

found! {
    c_3_channel_1_a_version_that_moves_is_found: Version to NORTHMOOR, by version;
    c_3_channel_2_a_position_that_is_taken_is_found: Position to NORTHMOOR, by positions;
    c_3_channel_3_an_instant_that_moves_is_found: Instant to NORTHMOOR, by instants;
    c_3_channel_4_a_figure_that_counts_is_found: Count to NORTHMOOR, by figures;
    c_3_channel_5_a_reminder_is_found: Item to NORTHMOOR, by reminders;
    c_3_channel_6_a_refusal_that_says_why_is_found: Reason to NORTHMOOR, by refusals;
    c_3_channel_8_a_replay_that_holds_more_is_found: Replay to NORTHMOOR, by replays;
    c_3_channel_8_an_export_that_holds_more_is_found: Export to NORTHMOOR, by exports;
    c_3_channel_8_a_log_of_which_something_is_said_is_found: Reason to NORTHMOOR, by logs;
    c_3_channel_10_a_candidate_who_is_told_is_found: Version to candidate(1), by candidates;
    c_3_channel_11_an_operator_who_is_told_is_found: Reason to PLATFORM, by operators;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_12_a_repeat_that_is_answered_anew_is_found() {
    let mut service = Service::start().await;
    let c1 = deciding(&service.cast).await;
    let careless = put_before(&mut service, NORTHMOOR, Leak::Receipt).await;
    let c1 = Trainee {
        cast: service.cast.clone(),
        ..c1
    };
    let (first, again) = repeats(&service, &c1).await;
    assert_ne!(first, again, "the test of this channel sees nothing");
    careless.ends();
    service.vanish().await;
}

/// Nobody may think that it is the tokens which differ: without a leak the same layer changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn c_3_a_layer_that_leaks_nothing_shows_nothing() {
    let (before, after) = told(NORTHMOOR, Leak::Receipt, async |service, c1| {
        json!([version(service, c1).await, positions(service, c1).await])
    })
    .await;
    assert_eq!(before, after);
}
