//! The demonstration world.

/// The audience of development tokens.
pub const AUDIENCE: &str = "trellis";

/// Runs it.
///
/// # Errors
/// Any.
pub async fn run(
    _folder: &std::path::Path,
    _listen: std::net::SocketAddr,
    _once: bool,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stop.await;
    Ok(())
}
