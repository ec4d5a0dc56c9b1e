//! The thread from a command to what follows from it: W3C trace context, kept in event metadata.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};

/// The span a stored `traceparent` names; `None` when it is not one.
pub(crate) fn span_context(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

/// The context to continue from a stored `traceparent`; an empty one when there is none.
pub(crate) fn parent(traceparent: Option<&str>) -> Context {
    match traceparent.and_then(span_context) {
        Some(context) => Context::new().with_remote_span_context(context),
        None => Context::new(),
    }
}

/// The `traceparent` of the current span, for the metadata of what it writes.
pub(crate) fn traceparent(context: &Context) -> Option<String> {
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| {
        format!(
            "00-{}-{}-{:02x}",
            span.trace_id(),
            span.span_id(),
            span.trace_flags().to_u8()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_stored_traceparent_is_the_parent_and_is_written_back_unchanged() {
        assert_eq!(traceparent(&parent(Some(PARENT))).as_deref(), Some(PARENT));
    }

    #[test]
    fn a_malformed_traceparent_starts_a_trace_of_its_own() {
        for malformed in ["", "00", "00-0-0-0", "00-zz-b7ad6b7169203331-01"] {
            assert_eq!(traceparent(&parent(Some(malformed))), None, "{malformed}");
        }
        assert_eq!(traceparent(&parent(None)), None);
    }
}
