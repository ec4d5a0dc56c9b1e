use std::{future::poll_fn, sync::atomic::AtomicUsize};

use futures::{StreamExt as _, future::join_all, stream};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    sync::Barrier,
};
use tonic::transport::{Endpoint, Server, Uri};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tower::{service_fn, util::MapFutureLayer};

use super::*;

/// A connection that counts what is written to it.
struct Counted {
    connection: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

impl Connected for Counted {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

#[tokio::test]
async fn a_write_waits_for_a_turn_however_often_it_is_tried() {
    let (near, mut far) = duplex(64);
    let mut near = Gathered::new(near);
    let others_ran = Arc::new(AtomicBool::new(false));
    let ready = tokio::spawn({
        let others_ran = Arc::clone(&others_ran);
        async move { others_ran.store(true, Ordering::Relaxed) }
    });
    let mut polls = 0;
    let written = poll_fn(|context| {
        polls += 1;
        let tried = [(); 3].map(|()| Pin::new(&mut near).poll_write(context, b"so"));
        if polls == 1 {
            assert!(tried.iter().all(Poll::is_pending));
        }
        let [first, ..] = tried;
        first
    });
    assert_eq!(written.await.unwrap(), 2);
    assert!(others_ran.load(Ordering::Relaxed));
    ready.await.unwrap();
    assert_eq!(polls, 2);
    near.flush().await.unwrap();
    near.shutdown().await.unwrap();
    let mut told = String::new();
    far.read_to_string(&mut told).await.unwrap();
    assert_eq!(told, "sososo");
}

#[tokio::test]
async fn whoever_flushes_after_each_try_has_a_turn_too() {
    let (near, _far) = duplex(64);
    let mut near = Gathered::new(near);
    let mut polls = 0;
    let written = poll_fn(|context| {
        polls += 1;
        assert!(polls < 10, "no turn comes");
        let tried = Pin::new(&mut near).poll_write(context, b"so");
        assert!(Pin::new(&mut near).poll_flush(context).is_ready());
        tried
    });
    assert_eq!(written.await.unwrap(), 2);
    let again = poll_fn(|context| Poll::Ready(Pin::new(&mut near).poll_write(context, b"so")));
    assert!(
        again.await.is_pending(),
        "what is written after a flush waits for a turn of its own"
    );
}

#[tokio::test]
async fn what_is_longer_than_the_connection_takes_arrives_whole() {
    let (near, mut far) = duplex(7);
    let mut near = Gathered::new(near);
    let long: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let sent = long.clone();
    let sending = tokio::spawn(async move {
        for part in sent.chunks(100) {
            near.write_all(part).await?;
            near.flush().await?;
        }
        near.shutdown().await
    });
    let mut told = vec![];
    far.read_to_end(&mut told).await.unwrap();
    sending.await.unwrap().unwrap();
    assert_eq!(told, long);
}

/// As a batch of the append answers: one thing that all of them have waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn answers_that_are_ready_together_are_sent_together() {
    const CALLS: usize = 32;
    let (near, far) = duplex(1 << 20);
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Gathered::new(Counted {
        connection: near,
        writes: Arc::clone(&writes),
    });
    let batch = Arc::new(Barrier::new(CALLS));
    let answered_together = MapFutureLayer::new(move |answer| {
        let batch = Arc::clone(&batch);
        async move {
            batch.wait().await;
            answer.await
        }
    });
    let (_, health) = tonic_health::server::health_reporter();
    let incoming = stream::iter([Ok::<_, io::Error>(counted)]).chain(stream::pending());
    let serving = Server::builder()
        .layer(answered_together)
        .add_service(health)
        .serve_with_incoming(incoming);
    let serving = tokio::spawn(serving);
    let mut far = Some(far);
    let channel = Endpoint::from_static("http://service.invalid")
        .connect_with_connector(service_fn(move |_: Uri| {
            std::future::ready(far.take().map(TokioIo::new).ok_or("connected before"))
        }))
        .await
        .unwrap();
    let calls = (0..CALLS).map(|_| {
        let mut client = HealthClient::new(channel.clone());
        tokio::spawn(async move { client.check(HealthCheckRequest::default()).await.unwrap() })
    });
    for answer in join_all(calls.collect::<Vec<_>>()).await {
        assert_eq!(answer.unwrap().get_ref().status(), ServingStatus::Serving);
    }
    let written = writes.load(Ordering::Relaxed);
    assert!(written < CALLS / 2, "{written} writes for {CALLS} answers");
    serving.abort();
}
