//! Which records there are: read off the tenant's own feed, from where the last reading ended.

use std::collections::{BTreeMap, VecDeque};

use contract::v1;
use domain::permission::Action;
use serde_json::Value;

use crate::{
    api::{Api, Refused},
    session::Session,
    words,
};

/// Items asked for at a time.
const PAGE: i32 = 1000;
/// How far back a feed is read at first: lists show what is recent, and any record can be opened by
/// its name.
const BACK: i64 = 20_000;
/// The latest events kept to be shown.
const LATEST: usize = 50;

/// The records of a tenant, as its feed tells of them.
#[derive(Debug, Default)]
pub(crate) struct Index {
    position: i64,
    records: BTreeMap<String, Record>,
    latest: VecDeque<v1::FeedItem>,
}

/// A record that the feed tells of.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// `applications/{uuid}`
    pub(crate) name: String,
    /// `applications/{uuid}` of the trainee it is about, when it is about one.
    pub(crate) about: Option<String>,
    /// `VacancyOpened`
    pub(crate) last_event: String,
    /// When that was true in the world.
    pub(crate) last_time: String,
    last_position: i64,
}

impl Index {
    /// Reads on to the end of the feed. Roles without a feed have an empty index.
    pub(crate) async fn read_on(
        &mut self,
        api: &Api,
        session: &Session,
        head: i64,
    ) -> Result<(), Refused> {
        if !session.may(Action::ListFeed) {
            return Ok(());
        }
        if self.position == 0 {
            self.position = (head - BACK).max(0);
        }
        loop {
            let request = v1::ListFeedRequest {
                after_position: self.position,
                page_size: PAGE,
            };
            let page = api.ask(&session.token, request).await?;
            for item in page.items {
                self.note(item);
            }
            self.position = self.position.max(page.next_position);
            if !page.more {
                return Ok(());
            }
        }
    }

    fn note(&mut self, item: v1::FeedItem) {
        // An event that is none of the role's business has a position and nothing else.
        if words::named(&item.name).is_none() {
            return;
        }
        let time = item.effective_time.unwrap_or_default();
        let time = words::moment(time.seconds, time.nanos);
        match self.records.get_mut(&item.name) {
            Some(record) => {
                record.last_event.clone_from(&item.event_type);
                record.last_time = time;
                record.last_position = item.position;
            }
            None => {
                let record = Record {
                    name: item.name.clone(),
                    about: application(&item.payload_json),
                    last_event: item.event_type.clone(),
                    last_time: time,
                    last_position: item.position,
                };
                self.records.insert(item.name.clone(), record);
            }
        }
        if self.latest.len() == LATEST {
            self.latest.pop_front();
        }
        self.latest.push_back(item);
    }

    /// Up to `limit` records of some collections, the one written last first, and how many there
    /// are.
    pub(crate) fn of(&self, collections: &[&str], limit: usize) -> (Vec<Record>, usize) {
        let of = |record: &&Record| {
            words::named(&record.name)
                .is_some_and(|(collection, _)| collections.contains(&collection))
        };
        self.sorted(limit, of)
    }

    /// What else there is of the trainee of an application.
    pub(crate) fn about(&self, application: &str) -> Vec<Record> {
        let of = |record: &&Record| record.about.as_deref() == Some(application);
        self.sorted(usize::MAX, of).0
    }

    /// The application that a record is about.
    pub(crate) fn subject(&self, name: &str) -> Option<&str> {
        self.records.get(name)?.about.as_deref()
    }

    /// The latest events, the last one first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &v1::FeedItem> {
        self.latest.iter().rev()
    }

    fn sorted(&self, limit: usize, of: impl Fn(&&Record) -> bool) -> (Vec<Record>, usize) {
        let mut found: Vec<&Record> = self.records.values().filter(of).collect();
        found.sort_by_key(|record| std::cmp::Reverse(record.last_position));
        let count = found.len();
        (found.into_iter().take(limit).cloned().collect(), count)
    }
}

/// The application an event names, in whatever depth.
fn application(payload: &str) -> Option<String> {
    fn within(value: &Value) -> Option<&str> {
        match value {
            Value::Object(fields) => fields
                .get("application")
                .and_then(Value::as_str)
                .or_else(|| fields.values().find_map(within)),
            _ => None,
        }
    }
    let payload = serde_json::from_str(payload).ok()?;
    let id = within(&payload)?;
    let name = format!("applications/{id}");
    words::named(&name).is_some().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f1c2a3e-0000-4000-8000-000000000000";

    fn item(position: i64, name: &str, payload: &str) -> v1::FeedItem {
        v1::FeedItem {
            position,
            name: name.to_owned(),
            event_type: format!("Event{position}"),
            payload_json: payload.to_owned(),
            ..Default::default()
        }
    }

    #[test]
    fn records_are_told_by_whom_they_are_about_and_when_they_were_written() {
        let mut index = Index::default();
        let about = format!(r#"{{"OfferMade":{{"terms":{{"application":"{ID}"}}}}}}"#);
        index.note(item(1, &format!("offers/{ID}"), &about));
        index.note(item(2, &format!("vacancies/{ID}"), "{}"));
        index.note(item(3, &format!("offers/{ID}"), "{}"));
        let (found, count) = index.of(&["offers", "vacancies"], 1);
        assert_eq!((found[0].last_event.as_str(), count), ("Event3", 2));
        assert_eq!(index.about(&format!("applications/{ID}")).len(), 1);
        assert_eq!(index.subject(&format!("vacancies/{ID}")), None);
        assert_eq!(index.latest().next().map(|item| item.position), Some(3));
    }
}
