//! Types generated from `proto/`: messages, clients and servers of `trellis.v1`.

/// The generated package.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod v1 {
    tonic::include_proto!("trellis.v1");
}

/// Every service and method with its comments and options, for reflection and for tests that
/// must cover them all.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// What every writing request carries.
pub trait WriteRequest: prost::Message {
    /// The client's idempotency key, a UUID (AIP-155).
    fn request_id(&self) -> &str;
    /// When the fact is true in the world: a civil date, an RFC 3339 instant, or empty for now.
    fn effective(&self) -> &str;
    /// Sets both.
    fn stamp(&mut self, request_id: String, effective: String);
}

/// The request of a unary RPC: it knows where it goes and what answers it, so a client needs no
/// list of services.
pub trait UnaryRequest: prost::Message + 'static {
    /// The message that answers it.
    type Response: prost::Message + Default + std::fmt::Debug + 'static;
    /// `/trellis.v1.VacancyService/OpenVacancy`
    const PATH: &'static str;
}

include!(concat!(env!("OUT_DIR"), "/writes.rs"));
include!(concat!(env!("OUT_DIR"), "/calls.rs"));
