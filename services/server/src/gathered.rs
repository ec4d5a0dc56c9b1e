//! A connection that writes at once what several answers have for it. A batch of the append answers
//! its calls together; sent one by one, each costs a system call here and wakes the client.

use std::{
    io::{self, IoSlice},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker, ready},
};

use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// Writes once the tasks that are ready have run, which may have something to send along. With none
/// ready that is at once.
pub struct Gathered<T> {
    connection: T,
    turn: Arc<Turn>,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing is to be written.
    Idle,
    /// Something is, and tasks that are ready come first.
    Waiting,
    /// They have run; writes go through until all is flushed.
    Writing,
}

/// Whether they have run. A flag of its own, since one poll of the connection may try to write several
/// times.
#[derive(Default)]
struct Turn {
    come: AtomicBool,
    writer: AtomicWaker,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.come.store(true, Ordering::Release);
        self.writer.wake();
    }
}

impl<T> Gathered<T> {
    /// Over a connection that sends what is written at once (`TCP_NODELAY`).
    pub fn new(connection: T) -> Self {
        Self {
            connection,
            turn: Arc::default(),
            phase: Phase::Idle,
        }
    }

    fn poll_turn(&mut self, context: &Context<'_>) -> Poll<()> {
        if self.phase == Phase::Writing {
            return Poll::Ready(());
        }
        self.turn.writer.register(context.waker());
        if self.phase == Phase::Idle {
            self.phase = Phase::Waiting;
            self.turn.come.store(false, Ordering::Relaxed);
            let waker = Waker::from(Arc::clone(&self.turn));
            // Its first poll leaves the waker with the runtime, which is all that is needed of it.
            let _ = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&waker));
        }
        if !self.turn.come.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.phase = Phase::Writing;
        Poll::Ready(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Gathered<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Gathered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_turn(context));
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_turn(context));
        Pin::new(&mut self.connection).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.connection).poll_flush(context))?;
        // Whoever waits keeps the turn, or one that flushes after each try would never write.
        if self.phase == Phase::Writing {
            self.phase = Phase::Idle;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

impl<T: Connected> Connected for Gathered<T> {
    type ConnectInfo = T::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.connection.connect_info()
    }
}

#[cfg(test)]
mod tests;
