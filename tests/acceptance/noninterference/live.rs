//! What comes by itself: feeds and dashboards that are open while a history happens.

use domain::actor::ActingRole;
use futures::future::join_all;
use prost_reflect::MethodDescriptor;
use serde_json::Value;

use super::{
    surface::{Heard, Viewer, encoded, may},
    wire::{self, Open, Told},
};
use crate::harness::Service;

/// One open stream.
struct Ear {
    role: ActingRole,
    method: MethodDescriptor,
    open: Open,
    /// The position it has come to, and of a dashboard its day.
    at: (u64, String),
    told: Vec<Told>,
}

/// Every stream that a viewer's roles may open.
pub(super) struct Ears(Vec<Ear>);

impl Ears {
    /// Opens them, where the feed and the views stand now.
    pub(super) async fn open(service: &Service, viewer: Viewer, roles: &[ActingRole]) -> Self {
        let head = service.cast.ledger.head(viewer.tenant).await;
        let head = head.expect("a head");
        let mut ears = vec![];
        for name in ["SubscribeFeed", "WatchDashboard"] {
            let method = service.cast.api.method(name);
            for role in roles.iter().filter(|role| may(**role, &method)) {
                let message = match name {
                    "SubscribeFeed" => serde_json::json!({"after_position": head}),
                    _ => serde_json::json!({}),
                };
                let token = viewer.token(service, *role);
                let channel = &service.cast.api.channel;
                let open = wire::open(channel, &token, &method, &encoded(&method, &message)).await;
                ears.push(Ear {
                    role: *role,
                    method: method.clone(),
                    open,
                    at: (0, String::new()),
                    told: vec![],
                });
            }
        }
        let mut ears = Self(ears);
        for ear in &mut ears.0 {
            match ear.is_a_feed() {
                true => ear.at.0 = head,
                false => ear.hears_until(head).await,
            }
        }
        ears
    }

    /// Hears what there is to hear up to where the viewer's feed now stands.
    pub(super) async fn hear(&mut self, head: u64) {
        join_all(self.0.iter_mut().map(|ear| ear.hears_until(head))).await;
    }

    /// Everything heard, and that nothing more is said.
    pub(super) fn closed(self) -> Heard {
        let heard = self.0.into_iter().flat_map(|ear| {
            let asked = format!("{} {} meanwhile", ear.role, ear.method.name());
            ear.told.into_iter().map(move |told| (asked.clone(), told))
        });
        heard.collect()
    }
}

impl Ear {
    fn is_a_feed(&self) -> bool {
        self.method.name() == "SubscribeFeed"
    }

    /// Keeps every item of a feed. Of a dashboard, which may be seen half way as its views fold, it
    /// keeps where each act has led to, and what repeats what was said before.
    async fn hears_until(&mut self, head: u64) {
        while self.at.0 < head {
            let message = self.open.soon().await;
            let message = message.unwrap_or_else(|| panic!("{} falls silent", self.method.name()));
            let told = Told::one(&self.method, message);
            let answer = told.json();
            let at = if self.is_a_feed() {
                (position(&answer["item"]), String::new())
            } else {
                let dashboard = &answer["dashboard"];
                let day = dashboard["as_of"].as_str().unwrap_or_default();
                (position(dashboard), day.to_owned())
            };
            if self.is_a_feed() || at.0 >= head || at == self.at {
                self.told.push(told);
            }
            self.at = at;
        }
    }
}

fn position(value: &Value) -> u64 {
    value["position"].as_u64().unwrap_or(0)
}
