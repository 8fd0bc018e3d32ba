//! Reaching a peer: the one asked for, or the best of those known.
//!
//! One request makes at most [`MAX_ATTEMPTS`] attempts and takes at most three times the connect timeout, name
//! look-ups included. Seeds are looked up when somebody needs a peer, by one request at a time and not more often
//! than every half hour, or every half minute while they say nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout};
use tracing::{debug, warn};

use crate::address::ClientKey;
use crate::book::{PeerBook, Source};
use crate::config::Config;
use crate::metrics::{Metrics, Refusal};
use crate::target::{HostPort, MAX_LOOKUPS, MAX_RESOLVED, Rules, TargetError};

/// Addresses tried for one request.
const MAX_ATTEMPTS: usize = 4;
/// How long the seeds' word is taken.
const SEEDS_FRESH: Duration = Duration::from_secs(1800);
/// When to ask the seeds again after they said nothing.
const SEEDS_RETRY: Duration = Duration::from_secs(30);

/// Why no peer was reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// The address breaks a rule.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Nobody to dial: no seed answered and nothing was learned.
    #[error("no peer is known")]
    NoPeer,
    /// Nobody answered.
    #[error("{0} did not answer")]
    Unreachable(String),
}

impl DialError {
    /// How the refusal is counted and told.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Target(TargetError::Unresolved(_)) | Self::NoPeer | Self::Unreachable(_) => {
                Refusal::Unreachable
            }
            Self::Target(_) => Refusal::Address,
        }
    }
}

/// A peer that was reached.
#[derive(Debug)]
pub struct Reached {
    /// The connection.
    pub stream: TcpStream,
    /// What the client is told and may ask for again: the name of a named peer, else the address dialled.
    pub peer: HostPort,
}

/// Dials peers and keeps the book of them.
#[derive(Debug)]
pub struct Dialer {
    rules: Rules,
    seeds: &'static [&'static str],
    /// When the seeds are to be asked next.
    seeds_due: Mutex<Option<Instant>>,
    connect_timeout: Duration,
    book: PeerBook,
    metrics: Arc<Metrics>,
}

impl Dialer {
    /// A dialer that knows the operator's peers, or nobody yet.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        Self {
            rules: Rules {
                named: config.peers.clone(),
                port: config.network.port(),
                allow_private: config.allow_private,
                lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            },
            seeds: config.network.seeds(),
            seeds_due: Mutex::new(None),
            connect_timeout: config.limits.connect_timeout,
            book: PeerBook::new(&config.peers),
            metrics,
        }
    }

    /// The peers known.
    pub fn book(&self) -> &PeerBook {
        &self.book
    }

    /// Reaches the peer asked for, or without one the best known, with those service bits if any is known to have
    /// them.
    ///
    /// # Errors
    /// The rule that the address breaks, or that nobody answered in time.
    pub async fn reach(
        &self,
        client: ClientKey,
        asked: Option<&HostPort>,
        services: u64,
    ) -> Result<Reached, DialError> {
        let reaching = async {
            match asked {
                Some(target) => {
                    let reached = self.reach_target(target).await;
                    if matches!(reached, Err(DialError::Unreachable(_))) {
                        self.book.failed(target, Instant::now());
                    }
                    reached
                }
                None => self.reach_any(client, services).await,
            }
        };
        let late = || match asked {
            Some(target) => DialError::Unreachable(target.to_string()),
            None => DialError::Unreachable("every peer tried".to_owned()),
        };
        timeout(self.connect_timeout.saturating_mul(3), reaching).await.unwrap_or_else(|_| Err(late()))
    }

    async fn reach_target(&self, target: &HostPort) -> Result<Reached, DialError> {
        let addresses = self.rules.permit(target).await?;
        let is_named = self.rules.named.contains(target);
        for address in addresses.into_iter().take(MAX_ATTEMPTS) {
            let peer = if is_named { target.clone() } else { HostPort::from(address) };
            if let Some(stream) = self.connect(address).await {
                return Ok(Reached { stream, peer });
            }
        }
        Err(DialError::Unreachable(target.to_string()))
    }

    async fn reach_any(&self, client: ClientKey, services: u64) -> Result<Reached, DialError> {
        self.ask_seeds().await;
        let mut tried = Vec::new();
        while tried.len() < MAX_ATTEMPTS
            && let Some(peer) = self.book.choose(client, services, &tried, Instant::now())
        {
            match self.reach_target(&peer).await {
                Ok(reached) => return Ok(reached),
                Err(error) => {
                    debug!(%peer, %error, "peer not reached");
                    self.book.failed(&peer, Instant::now());
                }
            }
            tried.push(peer);
        }
        match tried.last() {
            None => Err(DialError::NoPeer),
            Some(_) => Err(DialError::Unreachable("every peer tried".to_owned())),
        }
    }

    async fn connect(&self, address: SocketAddr) -> Option<TcpStream> {
        let attempt = timeout(self.connect_timeout, TcpStream::connect(address)).await;
        let stream = attempt.ok().and_then(Result::ok);
        self.metrics.dialled(stream.is_some());
        if let Some(stream) = &stream
            && let Err(error) = stream.set_nodelay(true)
        {
            debug!(%address, %error, "nodelay not set");
        }
        stream
    }

    /// Learns what the seeds say, if that is due and no peers are named.
    async fn ask_seeds(&self) {
        if !self.rules.named.is_empty() || self.seeds.is_empty() {
            return;
        }
        let mut due = self.seeds_due.lock().await;
        let now = Instant::now();
        if due.is_some_and(|due| now < due) {
            return;
        }
        // Set before the look-up: whoever is cancelled in the middle of it must not cause one look-up after another.
        *due = Some(now + SEEDS_RETRY);
        let mut learned = 0_usize;
        for seed in self.seeds {
            let lookup = tokio::net::lookup_host((*seed, self.rules.port));
            match timeout(self.connect_timeout, lookup).await {
                Ok(Ok(found)) => {
                    for address in found.take(MAX_RESOLVED).filter(|address| self.rules.permits(*address)) {
                        self.book.learn(HostPort::from(address), Source::Seed);
                        learned += 1;
                    }
                }
                Ok(Err(error)) => warn!(seed, %error, "seed not resolved"),
                Err(_) => warn!(seed, "seed not resolved in time"),
            }
        }
        debug!(learned, "seeds asked");
        if learned > 0 {
            *due = Some(now + SEEDS_FRESH);
        }
    }

    /// A peer showed the network's magic: it is alive, and known from now on if it was not. `asked` says whether a
    /// client named it.
    pub fn answered(&self, peer: &HostPort, asked: bool) {
        if asked && self.rules.named.is_empty() {
            self.book.learn(peer.clone(), Source::Client);
        }
        self.book.answered(peer);
    }
}
