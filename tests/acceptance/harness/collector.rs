//! An OTLP collector inside the test: keeps what a process exports.

use std::{net::SocketAddr, sync::Arc};

use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    trace::v1::Span,
};
use tokio::{net::TcpListener, sync::watch};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

/// Everything received.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) traces: Vec<ExportTraceServiceRequest>,
    pub(crate) metrics: Vec<ExportMetricsServiceRequest>,
}

impl Received {
    /// Every span, in the order of arrival.
    pub(crate) fn spans(&self) -> impl Iterator<Item = &Span> {
        self.traces
            .iter()
            .flat_map(|request| &request.resource_spans)
            .flat_map(|resource| &resource.scope_spans)
            .flat_map(|scope| &scope.spans)
    }

    /// The names of all metrics.
    pub(crate) fn metric_names(&self) -> std::collections::BTreeSet<&str> {
        self.metrics
            .iter()
            .flat_map(|request| &request.resource_metrics)
            .flat_map(|resource| &resource.scope_metrics)
            .flat_map(|scope| &scope.metrics)
            .map(|metric| metric.name.as_str())
            .collect()
    }
}

/// A listening collector.
#[derive(Clone)]
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    received: Arc<watch::Sender<Received>>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let collector = Self {
            address: listener.local_addr().expect("an address"),
            received: Arc::new(watch::Sender::new(Received::default())),
        };
        let serving = Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(serving);
        collector
    }

    /// Waits until what has been received satisfies `enough`.
    pub(crate) async fn until(&self, enough: impl FnMut(&Received) -> bool) {
        let mut received = self.received.subscribe();
        received.wait_for(enough).await.expect("it keeps listening");
    }

    /// Looks at what has been received.
    pub(crate) fn received<T>(&self, look: impl FnOnce(&Received) -> T) -> T {
        look(&self.received.borrow())
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let request = request.into_inner();
        self.received
            .send_modify(|received| received.traces.push(request));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let request = request.into_inner();
        self.received
            .send_modify(|received| received.metrics.push(request));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
