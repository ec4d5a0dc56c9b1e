//! What every handler does: permit first, then read the request, then the ledger.

use contract::{WriteRequest, v1};
use domain::{
    id::Id,
    permission::Permit,
    personal::{Personal, PersonalClass},
    refusal::Refusal,
    visibility::DataClass,
    world::{Command, Decider, StreamKey},
};
use jiff::Timestamp;
use ledger::{Access, ClassValue, Envelope, Ledger, Read};
use ring::digest::{Context, SHA256};
use serde::de::DeserializeOwned;
use tonic::{Request, Response, Status};

use crate::{
    caller,
    status::{failed, refused},
    telemetry, wire,
};

/// The handlers' way to the ledger.
#[derive(Clone)]
pub(crate) struct Desk {
    ledger: Ledger,
}

impl Desk {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The permit of this call, or the uniform refusal.
    pub(crate) async fn permit<M>(&self, request: &Request<M>) -> Result<Permit, Status> {
        caller::permit(&self.ledger, request).await
    }

    /// One write: permit, read the message into a command, submit it under the request id.
    pub(crate) async fn write<M, C, R>(
        &self,
        request: Request<M>,
        read: impl FnOnce(M) -> Result<C, Refusal>,
    ) -> Result<Response<R>, Status>
    where
        M: WriteRequest,
        C: Command,
        R: From<v1::Receipt>,
    {
        let (_, receipt) = self.record(request, read).await?;
        Ok(Response::new(wire::receipt(&receipt).into()))
    }

    /// The same for a reply that says more than its receipt.
    pub(crate) async fn record<M: WriteRequest, C: Command>(
        &self,
        request: Request<M>,
        read: impl FnOnce(M) -> Result<C, Refusal>,
    ) -> Result<(Permit, ledger::Receipt), Status> {
        let permit = self.permit(&request).await?;
        let strength = caller::strength(&request);
        let message = request.into_inner();
        let receipt = self.submit(&permit, strength, message, read).await?;
        Ok((permit, receipt))
    }

    async fn submit<M: WriteRequest, C: Command>(
        &self,
        permit: &Permit,
        authentication: Option<String>,
        message: M,
        read: impl FnOnce(M) -> Result<C, Refusal>,
    ) -> Result<ledger::Receipt, Status> {
        let refuse = |refusal: Refusal| refused(&refusal);
        let request_id = wire::uuid(message.request_id(), "request_id").map_err(refuse)?;
        let effective = match message.effective() {
            "" => None,
            value => Some(wire::instant(value, "effective").map_err(refuse)?),
        };
        let envelope = Envelope {
            request_id,
            effective,
            fingerprint: fingerprint(permit, &message),
            correlation: None,
            causation: None,
            traceparent: telemetry::traceparent(),
            authentication,
        };
        let command = read(message).map_err(refuse)?;
        self.ledger
            .submit(permit, envelope, &command)
            .await
            .map_err(failed)
    }

    /// One record by its resource name. Missing and foreign are the same refusal.
    pub(crate) async fn read<A: Decider>(
        &self,
        request: &Request<impl Sync>,
        name: &str,
    ) -> Result<Read<A>, Status> {
        let permit = self.permit(request).await?;
        let id = Id::from_name(name, "name").map_err(|refusal| refused(&refusal))?;
        self.ledger.read(&permit, id).await.map_err(failed)
    }

    /// The same record as the service knew it at an instant, for whoever was a party of it then.
    pub(crate) async fn as_known<A: Decider>(
        &self,
        request: &Request<impl Sync>,
        name: &str,
        known: Timestamp,
    ) -> Result<Read<A>, Status> {
        let permit = self.permit(request).await?;
        let id = Id::from_name(name, "name").map_err(|refusal| refused(&refusal))?;
        self.ledger
            .read_as_known(&permit, id, known)
            .await
            .map_err(failed)
    }

    /// The caller's own copy of a personal value in the record `of`, which is of class `record`;
    /// `None` when it is not a controller of it, its acting role may not read it, or the value is
    /// erased. What is opened is recorded before the call is answered.
    pub(crate) async fn open<A: Decider, T: DeserializeOwned>(
        &self,
        request: &Request<impl Sync>,
        of: Id<A>,
        record: DataClass,
        value: &Personal<T>,
    ) -> Result<Option<T>, Status> {
        let permit = self.permit(request).await?;
        let opened = self.ledger.open_personal(&permit, record, value).await;
        let opened = opened.map_err(failed)?;
        if opened.is_some() {
            caller::opened(request, Access::to(&permit, of.key(), value));
        }
        Ok(opened)
    }
}

impl Desk {
    /// Every value of a class that the caller's tenant holds in a record; each is recorded as read.
    pub(crate) async fn open_class(
        &self,
        request: &Request<impl Sync>,
        of: StreamKey,
        class: PersonalClass,
    ) -> Result<Vec<ClassValue>, Status> {
        let permit = self.permit(request).await?;
        let opened = self.ledger.open_class(&permit, of, class).await;
        let opened = opened.map_err(failed)?.into_iter();
        Ok(opened
            .map(|(value, sealed)| {
                caller::opened(request, Access::to(&permit, of, &sealed));
                value
            })
            .collect())
    }
}

/// What tells a repeat from a reuse of its request id: the RPC and the message.
fn fingerprint(permit: &Permit, message: &impl prost::Message) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(permit.action().to_string().as_bytes());
    context.update(&[0]);
    context.update(&message.encode_to_vec());
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
