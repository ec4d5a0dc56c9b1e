use contract::v1::{
    FeedItem, FeedVisibility, ListFeedRequest, ListFeedResponse, SubscribeFeedRequest,
    SubscribeFeedResponse, ViewChange, feed_service_server::FeedService,
};
use domain::{permission::Permit, refusal::Refusal, visibility::events::Turn};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::{
    caller,
    desk::Desk,
    lease::Answers,
    status::{failed, refused},
    subscription::{HEARTBEAT, Place, Subscriptions},
    wire,
};

/// The largest page.
const PAGE_ITEMS_MAX: u32 = 1000;
/// The page when none is asked for.
const PAGE_ITEMS: u32 = 100;

pub(crate) struct FeedRpc {
    desk: Desk,
    open: Subscriptions,
}

impl FeedRpc {
    pub(crate) fn new(desk: Desk, open: Subscriptions) -> Self {
        Self { desk, open }
    }
}

fn position(value: i64) -> Result<u64, Status> {
    u64::try_from(value).map_err(|_| {
        refused(&Refusal::invalid(
            "after_position",
            "a position is 0 or more; use next_position of the last page",
        ))
    })
}

fn item(item: ledger::FeedItem) -> FeedItem {
    let position = wire::count(item.position);
    let Some(event) = item.event else {
        return FeedItem {
            position,
            visibility: FeedVisibility::Withheld.into(),
            ..FeedItem::default()
        };
    };
    let visibility = match event.payload {
        Some(_) => FeedVisibility::Shown,
        None => FeedVisibility::StatusOnly,
    };
    let view_change = match event.turn {
        None => ViewChange::Unspecified,
        Some(Turn::Entered) => ViewChange::Entered,
        Some(Turn::Left) => ViewChange::Left,
        Some(Turn::Revealed) => ViewChange::Revealed,
        Some(Turn::Released) => ViewChange::Released,
        Some(Turn::Erased) => ViewChange::Erased,
    };
    FeedItem {
        position,
        name: wire::resource(&event.kind, event.id),
        sequence: wire::count(event.sequence),
        event_type: event.event_type,
        event_version: event.event_version,
        payload_json: event.payload.unwrap_or_default(),
        effective_time: Some(wire::timestamp(event.effective)),
        recorded_time: Some(wire::timestamp(event.recorded)),
        acting_tenant: event.acting_tenant.to_string(),
        acting_role: event.acting_role,
        visibility: visibility.into(),
        view_change: view_change.into(),
    }
}

#[tonic::async_trait]
impl FeedService for FeedRpc {
    async fn list_feed(
        &self,
        request: Request<ListFeedRequest>,
    ) -> Result<Response<ListFeedResponse>, Status> {
        let permit = self.desk.permit(&request).await?;
        let message = request.get_ref();
        let after = position(message.after_position)?;
        let limit = match message.page_size {
            0 => PAGE_ITEMS,
            size => u32::try_from(size)
                .map_err(|_| refused(&Refusal::invalid("page_size", "must not be negative")))?
                .min(PAGE_ITEMS_MAX),
        };
        let page = self
            .desk
            .ledger()
            .feed(&permit, after, limit)
            .await
            .map_err(failed)?;
        let next = page.items.last().map_or(after, |last| last.position);
        Ok(Response::new(ListFeedResponse {
            items: page.items.into_iter().map(item).collect(),
            next_position: wire::count(next),
            more: page.more,
        }))
    }

    type SubscribeFeedStream = Answers<SubscribeFeedResponse>;

    async fn subscribe_feed(
        &self,
        request: Request<SubscribeFeedRequest>,
    ) -> Result<Response<Self::SubscribeFeedStream>, Status> {
        let permit = self.desk.permit(&request).await?;
        let after = position(request.get_ref().after_position)?;
        let place = self.open.place(permit.actor().tenant)?;
        let (sender, receiver) = mpsc::channel(64);
        tokio::spawn(follow(self.desk.clone(), permit, after, sender, place));
        let items = ReceiverStream::new(receiver);
        Ok(Response::new(caller::lease(&request)?.limits(items)))
    }
}

/// Sends the feed after `after` until the caller goes away.
async fn follow(
    desk: Desk,
    permit: Permit,
    mut after: u64,
    sender: mpsc::Sender<Result<SubscribeFeedResponse, Status>>,
    mut place: Place,
) {
    let mut moves = desk.ledger().feed_moves(permit.actor().tenant);
    let mut quiet = tokio::time::Instant::now();
    loop {
        let page = match desk.ledger().feed(&permit, after, PAGE_ITEMS_MAX).await {
            Ok(page) => page,
            Err(error) => {
                let _ = sender.send(Err(failed(error))).await;
                return;
            }
        };
        for next in page.items {
            after = next.position;
            let response = SubscribeFeedResponse {
                item: Some(item(next)),
            };
            if sender.send(Ok(response)).await.is_err() {
                return;
            }
            quiet = tokio::time::Instant::now();
        }
        if page.more {
            continue;
        }
        tokio::select! {
            () = moves.next() => {}
            () = tokio::time::sleep_until(quiet + HEARTBEAT) => {
                quiet = tokio::time::Instant::now();
                if sender
                    .send(Ok(SubscribeFeedResponse { item: None }))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            () = sender.closed() => return,
            end = place.drained() => {
                let _ = sender.send(Err(end)).await;
                return;
            }
        }
    }
}
