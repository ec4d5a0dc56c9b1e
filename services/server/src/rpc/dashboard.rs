mod export;

use std::time::Duration;

use contract::v1::{
    Dashboard, ExportDashboardRequest, ExportDashboardResponse, Figure, FigureDefinition,
    FigureItem, FigureSplit, FigureUnit, GetDashboardRequest, GetDashboardResponse, Journey,
    ListFigureItemsRequest, ListFigureItemsResponse, ListTimelineRequest, ListTimelineResponse,
    TimelineEvent, WatchDashboardRequest, WatchDashboardResponse,
    dashboard_service_server::DashboardService,
};
use domain::{application::Application, id::Id, permission::Permit, refusal::Refusal};
use futures::StreamExt as _;
use jiff::{Timestamp, civil::Date};
use ledger::THREADS_MAX;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use views::{
    dashboard::{Definition, Shown, Split, Unit},
    items::{self, Behind, Item, Moment},
    journey,
    read::{self, Asked, Page, Seen},
};

use crate::{
    caller,
    desk::Desk,
    lease::Answers,
    page::Question,
    status::{failed, refused},
    subscription::{Place, Subscriptions},
    wire,
};

/// The page when none is asked for.
const PAGE_JOURNEYS: u32 = 50;
/// A busy feed moves a watched dashboard at most this often.
const PACE: Duration = Duration::from_millis(100);

pub(crate) struct DashboardRpc {
    desk: Desk,
    open: Subscriptions,
}

impl DashboardRpc {
    pub(crate) fn new(desk: Desk, open: Subscriptions) -> Self {
        Self { desk, open }
    }
}

#[tonic::async_trait]
impl DashboardService for DashboardRpc {
    async fn get_dashboard(
        &self,
        request: Request<GetDashboardRequest>,
    ) -> Result<Response<GetDashboardResponse>, Status> {
        let permit = self.desk.permit(&request).await?;
        let asked = asked(request.get_ref()).map_err(|refusal| refused(&refusal))?;
        let seen = read::dashboard(self.desk.ledger(), &permit, asked)
            .await
            .map_err(failed)?;
        let definitions = if request.get_ref().include_definitions {
            let of = |one| definition(one, &seen);
            seen.definitions.iter().map(of).collect()
        } else {
            vec![]
        };
        Ok(Response::new(GetDashboardResponse {
            journeys: seen.journeys.iter().map(journey).collect(),
            next_page_token: wire::show(seen.next),
            definitions,
            dashboard: Some(dashboard(seen)),
        }))
    }

    type WatchDashboardStream = Answers<WatchDashboardResponse>;

    async fn watch_dashboard(
        &self,
        request: Request<WatchDashboardRequest>,
    ) -> Result<Response<Self::WatchDashboardStream>, Status> {
        let permit = self.desk.permit(&request).await?;
        let place = self.open.place(permit.actor().tenant)?;
        let (sender, receiver) = mpsc::channel(4);
        tokio::spawn(watch(self.desk.clone(), permit, sender, place));
        let moves = ReceiverStream::new(receiver);
        Ok(Response::new(caller::lease(&request)?.limits(moves)))
    }

    async fn list_figure_items(
        &self,
        request: Request<ListFigureItemsRequest>,
    ) -> Result<Response<ListFigureItemsResponse>, Status> {
        let permit = self.desk.permit(&request).await?;
        let message = request.get_ref();
        let refuse = |refusal: Refusal| refused(&refusal);
        let moment = moment(&message.as_of, message.known_time).map_err(refuse)?;
        let known = wire::show(moment.known);
        let asked = [&message.figure, &message.part, &message.as_of, &known];
        let question = Question::of(&permit, &asked.map(String::as_str));
        let after = question.place(&message.page_token).map_err(refuse)?;
        let behind = Behind {
            figure: &message.figure,
            part: &message.part,
            moment,
            after: after.map(Uuid::from_bytes),
            limit: page_size(message.page_size).map_err(refuse)?,
        };
        let (items, next) = items::behind(self.desk.ledger(), &permit, &behind)
            .await
            .map_err(failed)?;
        Ok(Response::new(ListFigureItemsResponse {
            items: items.into_iter().map(item).collect(),
            next_page_token: question.token(next.as_ref().map(|next| next.as_bytes().as_slice())),
        }))
    }

    async fn list_timeline(
        &self,
        request: Request<ListTimelineRequest>,
    ) -> Result<Response<ListTimelineResponse>, Status> {
        let permit = self.desk.permit(&request).await?;
        let message = request.get_ref();
        let refuse = |refusal: Refusal| refused(&refusal);
        let moment = moment(&message.as_of, message.known_time).map_err(refuse)?;
        let known = wire::show(moment.known);
        let asked = [&message.name, &message.as_of, &known];
        let question = Question::of(&permit, &asked.map(String::as_str));
        let seen = question.place(&message.page_token).map_err(refuse)?;
        let seen = seen.map_or(0, u32::from_be_bytes) as usize;
        let size = page_size(message.page_size).map_err(refuse)?;
        let events = items::timeline(self.desk.ledger(), &permit, &message.name, moment)
            .await
            .map_err(failed)?;
        let end = seen.saturating_add(size);
        let next =
            (end < events.len()).then(|| u32::try_from(end).unwrap_or(u32::MAX).to_be_bytes());
        Ok(Response::new(ListTimelineResponse {
            events: events
                .into_iter()
                .skip(seen)
                .take(size)
                .map(event)
                .collect(),
            next_page_token: question.token(next.as_ref().map(<[u8; 4]>::as_slice)),
        }))
    }

    type ExportDashboardStream = Answers<ExportDashboardResponse>;

    async fn export_dashboard(
        &self,
        request: Request<ExportDashboardRequest>,
    ) -> Result<Response<Self::ExportDashboardStream>, Status> {
        let permit = self.desk.permit(&request).await?;
        let message = request.get_ref();
        let moment = moment(&message.as_of, message.known_time).map_err(|why| refused(&why))?;
        let pieces = export::pieces(&self.desk, &permit, message.format(), moment).await?;
        let pieces = pieces.map(|piece| piece.map(|data| ExportDashboardResponse { data }));
        Ok(Response::new(caller::lease(&request)?.limits(pieces)))
    }
}

/// Sends the dashboard whenever its position or its day has moved, until the caller goes away.
async fn watch(
    desk: Desk,
    permit: Permit,
    sender: mpsc::Sender<Result<WatchDashboardResponse, Status>>,
    mut place: Place,
) {
    let mut moves = match read::moves(desk.ledger(), &permit) {
        Ok(moves) => moves,
        Err(error) => {
            let _ = sender.send(Err(failed(error))).await;
            return;
        }
    };
    let mut sent: Option<(u32, u64, Date)> = None;
    loop {
        let seen = match read::dashboard(desk.ledger(), &permit, Asked::default()).await {
            Ok(seen) => seen,
            Err(error) => {
                let _ = sender.send(Err(failed(error))).await;
                return;
            }
        };
        let at = Some((seen.version, seen.position, seen.as_of));
        if sent != at {
            sent = at;
            let response = WatchDashboardResponse {
                dashboard: Some(dashboard(seen)),
            };
            if sender.send(Ok(response)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PACE) => {}
            () = sender.closed() => return,
            end = place.drained() => {
                let _ = sender.send(Err(end)).await;
                return;
            }
        }
        tokio::select! {
            () = moves.next() => {}
            () = sender.closed() => return,
            end = place.drained() => {
                let _ = sender.send(Err(end)).await;
                return;
            }
        }
    }
}

/// The page of a list when none is asked for, and the largest.
const PAGE_ITEMS: usize = 100;
const PAGE_ITEMS_MAX: usize = 500;

fn page_size(asked: i32) -> Result<usize, Refusal> {
    match usize::try_from(asked) {
        Ok(0) => Ok(PAGE_ITEMS),
        Ok(size) => Ok(size.min(PAGE_ITEMS_MAX)),
        Err(_) => Err(Refusal::invalid("page_size", "must not be negative")),
    }
}

fn moment(as_of: &str, known: Option<prost_types::Timestamp>) -> Result<Moment, Refusal> {
    Ok(Moment {
        as_of: wire::optional_date(as_of, "as_of")?,
        known: known.map(|at| wire::known(at, "known_time")).transpose()?,
    })
}

fn item(item: Item) -> FigureItem {
    FigureItem {
        name: item.name,
        application: wire::show(item.application.map(|id| Id::<Application>::new(id).name())),
        value: item.value,
    }
}

fn event(event: ledger::TimelineEvent) -> TimelineEvent {
    TimelineEvent {
        name: wire::resource(&event.kind, event.id),
        sequence: wire::count(event.sequence),
        event_type: event.event_type,
        effective_time: Some(wire::timestamp(event.effective)),
        recorded_time: Some(wire::timestamp(event.recorded)),
        acting_tenant: event.acting_tenant.to_string(),
        acting_role: event.acting_role,
        policy_versions: (event.policies.into_iter())
            .map(|(policy, version)| (policy, wire::small(version)))
            .collect(),
    }
}

fn asked(message: &GetDashboardRequest) -> Result<Asked, Refusal> {
    let known = message
        .known_time
        .map(|time| Timestamp::new(time.seconds, time.nanos))
        .transpose()
        .map_err(|_| Refusal::invalid("known_time", "not an instant of the calendar"))?;
    let at_least = u64::try_from(message.at_least_position)
        .map_err(|_| Refusal::invalid("at_least_position", "a position is 0 or more"))?;
    let limit = match message.page_size {
        0 => PAGE_JOURNEYS,
        size => u32::try_from(size)
            .map_err(|_| Refusal::invalid("page_size", "must not be negative"))?
            .min(THREADS_MAX),
    };
    let after = match message.page_token.as_str() {
        "" => None,
        token => Some(Uuid::try_parse(token).map_err(|_| {
            Refusal::invalid("page_token", "use next_page_token of the page before")
        })?),
    };
    Ok(Asked {
        as_of: wire::optional_date(&message.as_of, "as_of")?,
        known,
        at_least,
        journeys: message.include_journeys.then_some(Page { after, limit }),
    })
}

fn dashboard(seen: Seen) -> Dashboard {
    Dashboard {
        view: seen.view.to_owned(),
        version: wire::small(seen.version),
        position: wire::count(seen.position),
        as_of: seen.as_of.to_string(),
        feed_position: wire::count(seen.head),
        known_time: seen.known.map(wire::timestamp),
        figures: seen.figures.into_iter().map(figure).collect(),
    }
}

fn figure(shown: Shown) -> Figure {
    Figure {
        name: shown.name.to_owned(),
        part: shown.part,
        others: shown.others,
        value: shown.value.unwrap_or(0),
        suppressed: shown.value.is_none(),
        unit: unit(shown.unit).into(),
    }
}

fn definition(definition: &Definition, seen: &Seen) -> FigureDefinition {
    FigureDefinition {
        name: definition.name.to_owned(),
        unit: unit(definition.unit).into(),
        split: split(definition.split).into(),
        meaning: definition.meaning.to_owned(),
        counts_only: seen.counts_only.contains(&definition.name),
    }
}

fn unit(unit: Unit) -> FigureUnit {
    match unit {
        Unit::Count => FigureUnit::Count,
        Unit::Pence => FigureUnit::Pence,
        Unit::Percent => FigureUnit::Percent,
    }
}

fn split(split: Split) -> FigureSplit {
    match split {
        Split::Whole => FigureSplit::Whole,
        Split::Region => FigureSplit::Region,
        Split::Level => FigureSplit::Level,
        Split::Tenant => FigureSplit::Tenant,
        Split::Partnership => FigureSplit::Partnership,
        Split::PartnershipLevel => FigureSplit::PartnershipLevel,
        Split::Cluster => FigureSplit::Cluster,
        Split::Supervisor => FigureSplit::Supervisor,
        Split::ClinicalService => FigureSplit::ClinicalService,
        Split::IntakeDate => FigureSplit::IntakeDate,
        Split::Date => FigureSplit::Date,
        Split::Month => FigureSplit::Month,
        Split::Word => FigureSplit::Word,
        Split::Cohort => FigureSplit::Cohort,
        Split::CohortStage => FigureSplit::CohortStage,
    }
}

fn journey(journey: &journey::Journey) -> Journey {
    Journey {
        application: Id::<Application>::new(journey.application).name(),
        person: wire::show(journey.person),
        application_stage: wire::show(journey.application_stage),
        offer_stage: wire::show(journey.offer_stage),
        checks_cleared: wire::small(journey.checks_cleared),
        level: i32::from(journey.level.unwrap_or(0)),
        employed_from: wire::show(journey.employed_from),
        employed_until: wire::show(journey.employed_until),
        enrolled_from: wire::show(journey.enrolled_from),
        training_from: wire::show(journey.training_from),
        training_until: wire::show(journey.training_until),
        instalments_paid: wire::small(journey.instalments_paid),
        salary_paid_pence: journey.salary_paid_pence,
        decided: journey.decided.iter().map(ToString::to_string).collect(),
        next_board: wire::show(journey.next_board),
        qualified_on: wire::show(journey.qualified_on),
        qualification: wire::show(journey.qualification.as_deref()),
        leaving_code: wire::show(journey.leaving_code),
        registered: journey.registered,
        qualified_post_from: wire::show(journey.qualified_post_from),
        preceptorship_sessions: wire::small(journey.preceptorship_sessions),
        preceptorship_completed: wire::show(journey.preceptorship_completed),
        consolidation_months: wire::small(journey.consolidation_months),
        consolidation_months_needed: wire::small(journey.consolidation_months_needed),
    }
}
