//! The one place where a refusal becomes a gRPC status.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use domain::refusal::{Reason, Refusal, RefusalKind};
use ledger::LedgerError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// `ErrorInfo.domain` of every refusal.
pub const ERROR_DOMAIN: &str = "trellis";

/// A call that was turned away is sent again this much later, at the soonest.
const RETRY_AFTER_MILLIS: u64 = 100;
/// And within this much after that.
const RETRY_SPREAD_MILLIS: u64 = 900;

/// A refusal as `google.rpc.Status` with one `ErrorInfo` and, where a field is at fault, its
/// violation.
pub(crate) fn refused(refusal: &Refusal) -> Status {
    let code = match refusal.reason.kind() {
        RefusalKind::Invalid => Code::InvalidArgument,
        RefusalKind::Precondition => Code::FailedPrecondition,
        RefusalKind::AlreadyExists => Code::AlreadyExists,
        RefusalKind::Exhausted => Code::ResourceExhausted,
        RefusalKind::NotPermitted => Code::PermissionDenied,
        RefusalKind::Aborted => Code::Aborted,
    };
    let reason: &'static str = refusal.reason.into();
    let details: HashMap<String, String> = refusal
        .details
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    let mut error = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, details);
    if let Some(field) = refusal.field {
        error.add_bad_request_violation(field, refusal.message.clone());
    }
    Status::with_error_details(code, refusal.message.clone(), error)
}

/// A failed write or read; what went wrong inside is logged once and not told.
pub(crate) fn failed(error: LedgerError) -> Status {
    match error {
        LedgerError::Refused(refusal) => refused(&refusal),
        LedgerError::Conflict => refused(&Refusal::new(
            Reason::VersionConflict,
            "the record changed while this was decided; send the request again",
        )),
        LedgerError::Overloaded => overloaded(),
        LedgerError::Behind { position } => {
            let position = [("position".to_owned(), position.to_string())];
            let mut details = ErrorDetails::with_error_info("VIEW_BEHIND", ERROR_DOMAIN, position);
            details.set_retry_info(Some(Duration::from_secs(1)));
            Status::with_error_details(
                Code::Unavailable,
                "the dashboard has not come as far as at_least_position yet; ask again",
                details,
            )
        }
        other => {
            tracing::error!(error = &other as &dyn std::error::Error, "request failed");
            let details = ErrorDetails::with_error_info("INTERNAL", ERROR_DOMAIN, []);
            Status::with_error_details(
                Code::Internal,
                "the service could not do this now; send the request again with the same request_id",
                details,
            )
        }
    }
}

/// A limit of this tenant's own is reached; `reason` is its UPPER_SNAKE name.
pub(crate) fn exhausted(reason: &str, message: String, retry: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, []);
    details.set_retry_info(Some(retry));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// More is asked of the service than it can do. The words are the same whatever the cause and
/// whoever asks, and the hint is random: it spreads who comes again, and tells nothing of others.
pub(crate) fn overloaded() -> Status {
    let random = RandomState::new().hash_one(RETRY_AFTER_MILLIS);
    exhausted(
        "OVERLOADED",
        "the service is busy; send it again after the delay of RetryInfo".to_owned(),
        Duration::from_millis(RETRY_AFTER_MILLIS + random % RETRY_SPREAD_MILLIS),
    )
}

/// Answers of the transport itself (a message that is no message, a method that is none) in the
/// same form as every other refusal.
pub(crate) fn explained<B: Default>(response: http::Response<B>) -> http::Response<B> {
    let plain = !response.headers().contains_key("grpc-status-details-bin");
    match Status::from_header_map(response.headers()) {
        Some(status) if plain && status.code() != Code::Ok => explanation(&status).into_http(),
        _ => response,
    }
}

fn explanation(status: &Status) -> Status {
    let (code, reason, message) = match status.code() {
        Code::Internal if status.message().starts_with("failed to decode") => (
            Code::InvalidArgument,
            "MESSAGE_MALFORMED",
            "not a message of this method; encode it by the published contract",
        ),
        Code::OutOfRange => (
            Code::InvalidArgument,
            "MESSAGE_TOO_LARGE",
            "the message is larger than the service reads; send less at a time",
        ),
        Code::Unimplemented => (
            Code::Unimplemented,
            "METHOD_UNKNOWN",
            "no such method, or not with this encoding; see the published contract",
        ),
        code => (code, "TRANSPORT", status.message()),
    };
    let details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, []);
    Status::with_error_details(code, message, details)
}

/// No or bad credentials.
pub(crate) fn unauthenticated(message: impl Into<String>) -> Status {
    Status::with_error_details(
        Code::Unauthenticated,
        message,
        ErrorDetails::with_error_info("UNAUTHENTICATED", ERROR_DOMAIN, []),
    )
}
