//! Traces, metrics and logs. Nothing personal is ever put into any of them.

use std::io::IsTerminal as _;

use opentelemetry::{
    KeyValue, global,
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::TracerProvider as _,
};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource, metrics::SdkMeterProvider, propagation::TraceContextPropagator,
    trace::SdkTracerProvider,
};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Without `RUST_LOG`: our own words and warnings of others; the exporter's own calls are left
/// out, or it would trace itself.
const FILTER: &str = "info,h2=off,hyper=off,tower=off,sqlx=warn,opentelemetry=warn";

/// How logs are written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Exports what is buffered when the process ends.
#[derive(Default)]
pub struct Telemetry {
    tracer: Option<SdkTracerProvider>,
    meter: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Starts logging, and exporting over OTLP/gRPC when there is an endpoint. Call inside a
    /// multi-threaded runtime.
    ///
    /// # Errors
    /// When the endpoint is not an address.
    pub fn start(
        format: LogFormat,
        endpoint: Option<&str>,
    ) -> Result<Self, opentelemetry_otlp::ExporterBuildError> {
        global::set_text_map_propagator(TraceContextPropagator::new());
        let filter = || EnvFilter::try_from_default_env().unwrap_or_else(|_| FILTER.into());
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        let lines = match format {
            LogFormat::Human => lines.boxed(),
            LogFormat::Json => lines.json().boxed(),
        };
        let Some(endpoint) = endpoint else {
            let _ = tracing_subscriber::registry()
                .with(lines.with_filter(filter()))
                .try_init();
            return Ok(Self::default());
        };
        let resource = Resource::builder()
            .with_service_name("trellis")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let spans = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()?;
        let tracer = SdkTracerProvider::builder()
            .with_batch_exporter(spans)
            .with_resource(resource.clone())
            .build();
        let metrics = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()?;
        let meter = SdkMeterProvider::builder()
            .with_periodic_exporter(metrics)
            .with_resource(resource)
            .build();
        global::set_tracer_provider(tracer.clone());
        global::set_meter_provider(meter.clone());
        let _ = tracing_subscriber::registry()
            .with(lines.with_filter(filter()))
            .with(
                tracing_opentelemetry::layer()
                    .with_tracer(tracer.tracer("trellis"))
                    .with_filter(filter()),
            )
            .try_init();
        Ok(Self {
            tracer: Some(tracer),
            meter: Some(meter),
        })
    }

    /// Sends what is buffered. Off the runtime's threads, since the exporter needs them.
    pub async fn flush(&self) {
        let (tracer, meter) = (self.tracer.clone(), self.meter.clone());
        let _ = tokio::task::spawn_blocking(move || {
            tracer.map(|tracer| tracer.force_flush());
            meter.map(|meter| meter.force_flush());
        })
        .await;
    }
}

struct Headers<'a>(&'a http::HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }
    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct Traceparent(Option<String>);

impl Injector for Traceparent {
    fn set(&mut self, key: &str, value: String) {
        if key == "traceparent" {
            self.0 = Some(value);
        }
    }
}

/// The span of a call, within the caller's trace. Its name is the RPC; it carries no content.
pub(crate) fn call_span<B>(request: &http::Request<B>) -> tracing::Span {
    let path = request.uri().path();
    let span = tracing::info_span!(
        "grpc",
        otel.name = path,
        rpc.system = "grpc",
        rpc.method = path
    );
    let parent = TraceContextPropagator::new().extract(&Headers(request.headers()));
    let _ = span.set_parent(parent);
    span
}

/// The current span for an event's metadata, so that projections and reactions continue its trace.
pub(crate) fn traceparent() -> Option<String> {
    let mut carrier = Traceparent(None);
    let context = tracing::Span::current().context();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.0
}
