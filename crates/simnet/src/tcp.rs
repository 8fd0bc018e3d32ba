//! Simulated peers on TCP ports of this machine.
//!
//! All peers of a network serve one [`LiveChain`], which grows while they run; a peer with a chain of its own has a
//! second one. Each connection is a [`SimPeer`] on a task of its own, timed by the real clock. A connection that does
//! not take what it asked for blocks itself and nobody else.
//!
//! `live.rs` has the chain with the payments that it does not hold yet, `faucet.rs` one who pays.

mod faucet;
mod live;

pub use faucet::{Dry, Faucet};
pub use live::{CannotPay, Fill, LiveChain, MAX_SUBMISSIONS, Submission};

use crate::peer::{Action, Clock, Fault, Profile, SimPeer};
use crate::rng::Rng;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Seconds since 1970 by the system's clock.
pub fn unix_secs() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}

/// How long after a block its ChainLock is announced.
const LOCK_DELAY: Duration = Duration::from_millis(700);

/// A listening peer. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct TcpPeer {
    address: SocketAddr,
    up: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl TcpPeer {
    /// Starts a peer on a free port of an address of this machine.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(ip: IpAddr, profile: Profile, chain: Arc<LiveChain>, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let address = listener.local_addr()?;
        let (up, wanted) = watch::channel(!profile.has(Fault::Refuse));
        let task = tokio::spawn(serve(Some(listener), address, profile, chain, seed, wanted));
        Ok(Self { address, up, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it is meant to be up.
    pub fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Closes the port and all connections, or opens the same port again.
    pub fn set_up(&self, up: bool) {
        self.up.send_replace(up);
    }
}

impl Drop for TcpPeer {
    fn drop(&mut self) {
        // Connections end with the channel.
        self.task.abort();
    }
}

async fn serve(
    mut listener: Option<TcpListener>,
    address: SocketAddr,
    profile: Profile,
    chain: Arc<LiveChain>,
    seed: u64,
    mut up: watch::Receiver<bool>,
) {
    let mut rng = Rng::split(seed, 5);
    loop {
        if !*up.borrow_and_update() {
            listener = None;
            if up.changed().await.is_err() {
                return;
            }
            continue;
        }
        let open = match &listener {
            Some(open) => open,
            None => match TcpListener::bind(address).await {
                Ok(open) => listener.insert(open),
                // The port's last connections may still be closing.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        tokio::select! {
            accepted = open.accept() => match accepted {
                Ok((stream, _)) => {
                    let session = Session::new(profile.clone(), Arc::clone(&chain), rng.next_u64());
                    tokio::spawn(session.run(stream, up.clone()));
                }
                // Out of file handles, most likely: others have to close first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            changed = up.changed() => if changed.is_err() { return },
        }
    }
}

struct Session {
    peer: SimPeer,
    chain: Arc<LiveChain>,
    started: Instant,
    /// When a ChainLock is to be announced.
    lock_at: Option<Instant>,
    /// What is to be done, by time and order.
    due: BTreeMap<(u64, u64), Action>,
    order: u64,
}

impl Session {
    fn new(profile: Profile, chain: Arc<LiveChain>, seed: u64) -> Self {
        let params = Arc::clone(chain.read().params());
        let clock = Clock { ms: 0, unix_secs: unix_secs() };
        let peer = SimPeer::new(params, profile, seed, clock);
        Self { peer, chain, started: Instant::now(), lock_at: None, due: BTreeMap::new(), order: 0 }
    }

    fn clock(&self) -> Clock {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Clock { ms, unix_secs: unix_secs() }
    }

    /// Runs until either side closes, the peer goes down, or the stream breaks.
    async fn run(mut self, mut stream: TcpStream, mut up: watch::Receiver<bool>) {
        // Small messages must not wait for each other; failing to say so only costs time.
        let _ = stream.set_nodelay(true);
        let mut changes = self.chain.changes();
        let mut buffer = vec![0; 16 * 1_024];
        loop {
            match self.send_due(&mut stream, &mut up).await {
                Ok(true) => {}
                Ok(false) | Err(_) => return,
            }
            let wake = self.next_wake();
            tokio::select! {
                read = stream.read(&mut buffer) => match read {
                    Ok(count) if count > 0 => {
                        let clock = self.clock();
                        self.chain.show(|view| self.peer.receive(&buffer[..count], clock, view));
                        self.chain.count(self.peer.asked());
                        for transaction in self.peer.submitted() {
                            // Nodes do not say what they refuse.
                            let _ = self.chain.submit(transaction);
                        }
                    }
                    _ => return,
                },
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let clock = self.clock();
                    self.chain.show(|view| {
                        self.peer.announce(clock, view);
                        self.peer.announce_payments(clock, view);
                    });
                    self.lock_at.get_or_insert(Instant::now() + LOCK_DELAY);
                }
                changed = up.changed() => if changed.is_err() || !*up.borrow() { return },
                () = tokio::time::sleep(wake) => {
                    let clock = self.clock();
                    self.chain.show(|view| self.peer.tick(clock, view));
                    if self.lock_at.take_if(|at| *at <= Instant::now()).is_some() {
                        self.chain.show(|view| self.peer.announce_lock(clock, view));
                    }
                }
            }
        }
    }

    fn next_wake(&self) -> Duration {
        let due = self.due.first_key_value().map(|(&(at, _), _)| at);
        let next = due.into_iter().chain(self.peer.next_tick()).min();
        let wait = next.map_or(60_000, |at| at.saturating_sub(self.clock().ms));
        let lock = self.lock_at.map(|at| at.saturating_duration_since(Instant::now()));
        lock.into_iter().chain([Duration::from_millis(wait)]).min().unwrap_or_default()
    }

    /// Sends what is due. Returns false once the connection is to close.
    async fn send_due(&mut self, stream: &mut TcpStream, up: &mut watch::Receiver<bool>) -> io::Result<bool> {
        for output in self.peer.outputs() {
            self.order += 1;
            self.due.insert((output.at, self.order), output.action);
        }
        while self.due.first_key_value().is_some_and(|(&(at, _), _)| at <= self.clock().ms) {
            let Some((_, action)) = self.due.pop_first() else { break };
            match action {
                Action::Close => return Ok(false),
                Action::Send(bytes) => tokio::select! {
                    sent = stream.write_all(&bytes) => sent?,
                    _ = up.changed() => return Ok(false),
                },
            }
        }
        Ok(true)
    }
}
