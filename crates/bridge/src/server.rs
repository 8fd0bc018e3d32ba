//! A running bridge: the listening socket, the HTTP sockets and their bounds, and the way it shuts down.
//!
//! Shutdown has two steps. When it begins, the listening socket closes, no request for a peer is taken any more and
//! idle HTTP sockets are let go; connections to peers live on for the drain timeout. Then they are closed with
//! WebSocket code 1001, and whatever is left a moment later is cut off.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, info, warn};

use crate::address::{ClientKey, unmap};
use crate::config::{Config, Limits};
use crate::dial::Dialer;
use crate::http::{SocketPeer, router};
use crate::limits::{Clients, Permit};
use crate::metrics::Metrics;
use crate::relay::CLOSE_TIMEOUT;

/// Bytes of a request's head.
const MAX_HEAD: usize = 16 << 10;
/// How long to wait when the system has no socket left to accept with.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all connections of a bridge share.
#[derive(Debug)]
pub struct Shared {
    pub config: Config,
    pub dialer: Dialer,
    pub clients: Clients,
    pub metrics: Arc<Metrics>,
    /// Cancelled when shutdown begins.
    pub draining: CancellationToken,
    /// Cancelled when the drain timeout is over.
    pub closing: CancellationToken,
    /// Every task that serves somebody.
    pub tasks: TaskTracker,
    pub next_id: AtomicU64,
}

impl Shared {
    fn new(config: Config) -> Self {
        let metrics = Arc::new(Metrics::default());
        Self {
            dialer: Dialer::new(&config, Arc::clone(&metrics)),
            clients: Clients::new(&config.limits),
            metrics,
            draining: CancellationToken::new(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            next_id: AtomicU64::new(1),
            config,
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    pub fn magic(&self) -> [u8; 4] {
        self.config.network.magic()
    }
}

/// Why a bridge does not start.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// The listening socket cannot be had.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// The folder of static files is not there.
    #[error("{} is not a folder", .0.display())]
    Folder(PathBuf),
}

/// Serves until `shutdown` completes and the drain is over.
///
/// # Errors
/// See [`BridgeError`]; none once it serves.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), BridgeError> {
    let shared = prepare(config)?;
    let routes = router(Arc::clone(&shared));
    run(shared, routes, listener, shutdown).await;
    Ok(())
}

fn prepare(config: Config) -> Result<Arc<Shared>, BridgeError> {
    if let Some(folder) = config.serve_dir.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(BridgeError::Folder(folder.clone()));
    }
    Ok(Arc::new(Shared::new(config)))
}

async fn run(
    shared: Arc<Shared>,
    routes: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) {
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, address)) => admit(&shared, &routes, stream, address),
            Err(error) => {
                // A connection that died in the queue, or no descriptor left: neither is for ever.
                warn!(%error, "accept failed");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    drain(&shared).await;
}

async fn drain(shared: &Shared) {
    info!(connections = shared.clients.connections(), "draining");
    shared.draining.cancel();
    shared.tasks.close();
    if timeout(shared.limits().drain_timeout, shared.tasks.wait()).await.is_err() {
        shared.closing.cancel();
        // Every task ends by itself within the closing handshake's time; the rest is for a loaded machine.
        if timeout(CLOSE_TIMEOUT * 2, shared.tasks.wait()).await.is_err() {
            warn!(tasks = shared.tasks.len(), "cut off");
        }
    }
    info!("stopped");
}

/// Serves a new socket, unless a limit stands against it: it is closed without a word then.
fn admit(shared: &Arc<Shared>, routes: &Router, stream: TcpStream, address: SocketAddr) {
    let from = unmap(address.ip());
    let is_proxy = shared.config.trusted_proxies.iter().any(|subnet| subnet.contains(from));
    match shared.clients.socket(ClientKey::from(from), is_proxy, Instant::now()) {
        Ok(permit) => {
            shared.tasks.spawn(serve_socket(
                Arc::clone(shared),
                routes.clone(),
                stream,
                SocketPeer(from),
                permit,
            ));
        }
        Err(error) => debug!(%address, %error, "socket refused"),
    }
}

/// Serves one HTTP socket until it is upgraded or closes. It lives for twice the idle timeout at most, so that whoever
/// reads a file slowly holds it no longer.
async fn serve_socket(
    shared: Arc<Shared>,
    routes: Router,
    stream: TcpStream,
    from: SocketPeer,
    permit: Permit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "nodelay not set");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(from);
        let routes = routes.clone();
        async move { Ok::<Response, Infallible>(answer(routes, request).await) }
    });
    let limits = shared.limits();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.handshake_timeout)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        // How a client's socket ended is of no interest.
        _ = connection.as_mut() => return,
        () = shared.draining.cancelled() => {}
        () = sleep(limits.idle_timeout) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = connection => {}
        () = shared.closing.cancelled() => {}
        () = sleep(limits.idle_timeout) => {}
    }
    drop(permit);
}

async fn answer(routes: Router, request: Request<Body>) -> Response {
    match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// A bridge that runs in a task of its own, for programs and tests that embed one.
///
/// Dropping it begins the shutdown without waiting for it.
#[derive(Debug)]
pub struct Bridge {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Bridge {
    /// Listens and serves. Port 0 takes a free one; [`Bridge::address`] says which.
    ///
    /// # Errors
    /// See [`BridgeError`].
    pub async fn start(config: Config, listen: impl ToSocketAddrs) -> Result<Self, BridgeError> {
        Self::start_with(config, listen, Router::new()).await
    }

    /// Like [`Bridge::start`], with routes of the embedding program's own beside the bridge's. They are bound by the
    /// limits of a socket and by nothing else.
    ///
    /// # Errors
    /// See [`BridgeError`].
    ///
    /// # Panics
    /// When both have the same route.
    pub async fn start_with(
        config: Config,
        listen: impl ToSocketAddrs,
        more: Router,
    ) -> Result<Self, BridgeError> {
        let shared = prepare(config)?;
        let routes = router(Arc::clone(&shared)).merge(more);
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(Arc::clone(&shared), routes, listener, stop.clone().cancelled_owned()));
        Ok(Self { address, shared, stop, task: Some(task) })
    }

    /// The address listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the static files and of the bridge, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Connections to peers just now.
    pub fn connections(&self) -> usize {
        self.shared.clients.connections()
    }

    /// Begins the shutdown and waits for its end.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            warn!(%error, "bridge task failed");
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
