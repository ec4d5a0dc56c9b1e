//! Figures as they change, as server-sent events: the parts of a page whose content is another now.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    api::Refused,
    app::{App, Signed},
    figures::Figures,
    page::{self, Query, Seen},
    pages::Page,
    section::{self, Part},
    serve::until,
};

/// A stream ends after so long; the browser opens the next one, and with it asks whether the session
/// still lives.
const WHOLE: Duration = Duration::from_secs(15 * 60);

/// Follows a page.
pub(crate) async fn follow(
    State(app): State<App>,
    signed: Option<Signed>,
    Path(path): Path<String>,
) -> Response {
    let Some(signed) = signed else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let Some(page) = Page::find(&path, &signed) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let ended = tokio::select! {
            ended = send(&app, &signed, page, &sender) => ended,
            () = tokio::time::sleep(WHOLE) => Ok(()),
            () = until(app.stopped.clone()) => Ok(()),
            () = sender.closed() => Ok(()),
        };
        if let Err(refusal) = ended {
            let _ = sender
                .send(Ok(Event::default().event("end").data(refusal.message)))
                .await;
        }
    });
    Sse::new(ReceiverStream::new(receiver))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
        .into_response()
}

async fn send(
    app: &App,
    signed: &Signed,
    page: &'static Page,
    sender: &mpsc::Sender<Result<Event, Infallible>>,
) -> Result<(), Refused> {
    let request = contract::v1::GetDashboardRequest {
        include_definitions: true,
        ..Default::default()
    };
    let answer = app.api.ask(&signed.token, request).await?;
    let mut seen = Seen {
        figures: answer
            .dashboard
            .map(|dashboard| Figures::new(dashboard, &answer.definitions)),
        ..Seen::default()
    };
    let mut sent: Vec<Part> = vec![];
    // The service says at most ten times a second that a dashboard has moved.
    let mut dashboards = app.api.watch(&signed.token).await?;
    while let Some(moved) = dashboards.next().await? {
        if let (Some(figures), Some(dashboard)) = (&mut seen.figures, moved.dashboard) {
            *figures = figures.moved(dashboard);
        }
        page::complete(app, signed, page, "", &mut seen).await?;
        let mut parts = section::draw(app, signed, page, &seen, &Query::default()).await;
        parts.push(Part {
            id: "freshness".to_owned(),
            html: page::freshness(&seen),
        });
        let news = parts.iter().filter(|part| !sent.contains(part));
        for part in news {
            let data = json!({"id": part.id, "html": part.html}).to_string();
            if sender
                .send(Ok(Event::default().event("part").data(data)))
                .await
                .is_err()
            {
                return Ok(());
            }
        }
        if !sent.is_empty() {
            let position = seen.figures.as_ref().map_or(0, |figures| figures.position);
            let said = format!("The figures have changed; they now go up to position {position}.");
            let _ = sender
                .send(Ok(Event::default().event("moved").data(said)))
                .await;
        }
        sent = parts;
    }
    Ok(())
}
