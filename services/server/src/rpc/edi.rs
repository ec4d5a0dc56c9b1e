use contract::v1::{self, edi_service_server::EdiService, *};
use domain::{
    actor::{Region, TenantKind},
    directory::Tenant,
    edi::{EdiFigure, EdiReleases, PublishEdiRelease},
    permission::Permit,
    refusal::{Reason, Refusal},
};
use jiff::civil::Date;
use ledger::LedgerError;
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct EdiRpc(pub(crate) Desk);

#[tonic::async_trait]
impl EdiService for EdiRpc {
    async fn publish_edi_release(
        &self,
        request: Request<PublishEdiReleaseRequest>,
    ) -> Result<Response<PublishEdiReleaseResponse>, Status> {
        self.0.permit(&request).await?;
        let census = self.0.ledger().census().await.map_err(failed)?;
        self.0
            .write(request, |_| Ok(PublishEdiRelease { census }))
            .await
    }

    async fn get_edi_release(
        &self,
        request: Request<GetEdiReleaseRequest>,
    ) -> Result<Response<GetEdiReleaseResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let asked = request.get_ref();
        frozen(&[&asked.as_of, &asked.filter])?;
        let releases = self.releases(&permit, &asked.commissioner).await?;
        let release = match asked.month.as_str() {
            "" => releases.all().next_back(),
            month => {
                let nothing = || refused(&Refusal::not_permitted());
                Some(releases.of(of_month(month)?).ok_or_else(nothing)?)
            }
        };
        let region = self.region(&permit).await?;
        let release = release.map(|release| EdiRelease {
            month: show(release.month),
            figures: (release.seen_by(permit.actor().kind, region))
                .map(figure)
                .collect(),
            minimum_change: wire::small(release.minimum_change),
        });
        Ok(Response::new(GetEdiReleaseResponse { release }))
    }

    async fn list_edi_releases(
        &self,
        request: Request<ListEdiReleasesRequest>,
    ) -> Result<Response<ListEdiReleasesResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let asked = request.get_ref();
        frozen(&[&asked.filter])?;
        let releases = self.releases(&permit, &asked.commissioner).await?;
        let months: Vec<Date> = releases.all().rev().map(|release| release.month).collect();
        let (page, next_page_token) = wire::numbered(&months, asked.page_size, &asked.page_token)
            .map_err(|refusal| refused(&refusal))?;
        Ok(Response::new(ListEdiReleasesResponse {
            months: page.map(|(_, month)| show(*month)).collect(),
            next_page_token,
        }))
    }
}

impl EdiRpc {
    /// A commissioner's releases, of which each other caller is shown their part.
    async fn releases(&self, permit: &Permit, commissioner: &str) -> Result<EdiReleases, Status> {
        let whose = wire::tenant_or(permit.actor().tenant, commissioner, "commissioner")
            .map_err(|refusal| refused(&refusal))?;
        // Another commissioner's are as good as none.
        let actor = permit.actor();
        if actor.kind == TenantKind::Commissioner && whose != actor.tenant {
            return Err(refused(&Refusal::not_permitted()));
        }
        let platform = Permit::platform(permit.action());
        let id = EdiReleases::id(whose);
        match self.0.ledger().read(&platform, id).await {
            Ok(read) => Ok(read.state),
            // nothing published yet
            Err(LedgerError::Refused(_)) => Ok(EdiReleases::default()),
            Err(error) => Err(failed(error)),
        }
    }

    /// The region of the caller's tenant, for a commissioner or a network of one.
    async fn region(&self, permit: &Permit) -> Result<Option<Region>, Status> {
        if permit.actor().kind == TenantKind::Evaluator {
            return Ok(None);
        }
        let own = Tenant::id(permit.actor().tenant);
        let own = self.0.ledger().read(permit, own).await.map_err(failed)?;
        Ok(own.state.region())
    }
}

/// Figures are read as they were released (D.18).
fn frozen(asked: &[&String]) -> Result<(), Status> {
    if asked.iter().all(|asked| asked.is_empty()) {
        return Ok(());
    }
    Err(refused(&Refusal::new(
        Reason::FrozenFiguresOnly,
        "monitoring is read as released, neither as at a day nor by part; ask for a month's release",
    )))
}

fn of_month(month: &str) -> Result<Date, Status> {
    let invalid = |_| {
        refused(&Refusal::invalid(
            "month",
            "expected a month such as 2026-01",
        ))
    };
    format!("{month}-01").parse().map_err(invalid)
}

/// `2026-01`
fn show(month: Date) -> String {
    month.strftime("%Y-%m").to_string()
}

fn figure(figure: EdiFigure<'_>) -> v1::EdiFigure {
    v1::EdiFigure {
        characteristic: figure.characteristic.to_owned(),
        group: figure.group.to_owned(),
        area: figure.area.to_owned(),
        count: figure.count.map_or(0, wire::small),
        suppressed: figure.count.is_none(),
        percent: figure.percent.map(wire::small),
    }
}
