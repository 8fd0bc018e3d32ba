//! When what happened last on a connection, and what follows from it: who was silent for too long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::config::Limits;
use crate::metrics::End;

/// When what happened last on a connection, in milliseconds since it began.
pub struct Flow {
    pub started: Instant,
    /// A byte passed, either way.
    pub passed_at: AtomicU64,
    /// The client sent something, be it the answer to a ping, or took part in what it sent before.
    pub heard_at: AtomicU64,
    /// The client's magic was seen; 0 before.
    pub client_shown_at: AtomicU64,
    /// The peer's magic was seen; 0 before.
    pub peer_shown_at: AtomicU64,
    pub up: AtomicU64,
    pub down: AtomicU64,
}

impl Flow {
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            passed_at: AtomicU64::new(0),
            heard_at: AtomicU64::new(0),
            client_shown_at: AtomicU64::new(0),
            peer_shown_at: AtomicU64::new(0),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
        }
    }

    pub fn mark(&self, what: &AtomicU64) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        what.store(millis.max(1), Ordering::Relaxed);
    }

    fn at(&self, what: &AtomicU64) -> Instant {
        self.started + Duration::from_millis(what.load(Ordering::Relaxed))
    }

    pub fn client_shown(&self) -> bool {
        self.client_shown_at.load(Ordering::Relaxed) > 0
    }

    pub fn peer_shown(&self) -> bool {
        self.peer_shown_at.load(Ordering::Relaxed) > 0
    }

    /// Why the connection is to end now, or else when to look again.
    fn verdict(&self, limits: &Limits, now: Instant) -> Result<Instant, End> {
        let mut deadlines = vec![
            (self.at(&self.passed_at) + limits.idle_timeout, End::Idle),
            (self.at(&self.heard_at) + limits.idle_timeout, End::ClientSilent),
        ];
        if !self.client_shown() {
            deadlines.push((self.started + limits.handshake_timeout, End::ClientSilent));
        } else if !self.peer_shown() {
            deadlines.push((self.at(&self.client_shown_at) + limits.handshake_timeout, End::PeerSilent));
        }
        match deadlines.iter().find(|(deadline, _)| *deadline <= now) {
            Some((_, end)) => Err(*end),
            None => Ok(deadlines.iter().map(|(deadline, _)| *deadline).min().unwrap_or(now)),
        }
    }
}

/// Ends a connection on which nothing happens any more.
pub async fn watch(limits: &Limits, flow: &Flow) -> End {
    loop {
        match flow.verdict(limits, Instant::now()) {
            Ok(next) => sleep_until(next).await,
            Err(end) => return end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_watch_names_who_is_silent() {
        let second = Duration::from_secs(1);
        let limits = Limits { handshake_timeout: 5 * second, idle_timeout: 60 * second, ..Limits::default() };
        let flow = Flow::new();
        let at = |seconds: u32| flow.started + second * seconds;
        assert_eq!(flow.verdict(&limits, at(1)), Ok(at(5)));
        assert_eq!(flow.verdict(&limits, at(5)), Err(End::ClientSilent));
        flow.client_shown_at.store(3_000, Ordering::Relaxed);
        assert_eq!(flow.verdict(&limits, at(5)), Ok(at(8)));
        assert_eq!(flow.verdict(&limits, at(8)), Err(End::PeerSilent));
        flow.peer_shown_at.store(4_000, Ordering::Relaxed);
        flow.passed_at.store(4_000, Ordering::Relaxed);
        flow.heard_at.store(3_000, Ordering::Relaxed);
        assert_eq!(flow.verdict(&limits, at(8)), Ok(at(63)));
        assert_eq!(flow.verdict(&limits, at(63)), Err(End::ClientSilent));
        flow.heard_at.store(60_000, Ordering::Relaxed);
        assert_eq!(flow.verdict(&limits, at(64)), Err(End::Idle));
    }
}
