//! How much a client may use: sockets and connections at one time, new connections a minute, bytes a second.
//!
//! The table of clients holds at most [`MAX_CLIENTS`] entries. An entry is dropped once it counts nothing and its
//! allowance is whole again; while the table is full of entries in use, new clients are refused, so that addresses
//! made up by the thousand cannot grow it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::address::ClientKey;
use crate::config::Limits;

/// Clients counted at one time.
pub const MAX_CLIENTS: usize = 65_536;
/// HTTP sockets allowed beyond as many as there may be connections: each of these begins as one, and pages and
/// metrics need some too.
const SPARE_SOCKETS: usize = 256;
/// The same for one client. Browsers open six per page.
const SPARE_SOCKETS_PER_CLIENT: usize = 64;

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// All clients together hold as many connections as the bridge allows.
    #[error("the bridge is full")]
    Full,
    /// This client holds as many connections as it may.
    #[error("too many connections")]
    Connections,
    /// This client opened connections faster than it may.
    #[error("too many new connections")]
    Rate,
}

/// Counts what clients use. Cheap to clone; clones share the counts.
#[derive(Clone, Debug)]
pub struct Clients {
    table: Arc<Mutex<Table>>,
}

#[derive(Debug)]
struct Table {
    limits: Limits,
    sockets: usize,
    connections: usize,
    clients: HashMap<ClientKey, Usage>,
}

#[derive(Debug)]
struct Usage {
    sockets: usize,
    connections: usize,
    fresh: Bucket,
}

impl Usage {
    fn is_default(&mut self, now: Instant) -> bool {
        self.sockets == 0 && self.connections == 0 && self.fresh.is_full(now)
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Socket,
    Connection,
}

/// One socket or connection that is counted; gives it back when dropped.
#[derive(Debug)]
pub struct Permit {
    clients: Clients,
    key: ClientKey,
    kind: Kind,
}

impl Clients {
    /// An empty table.
    pub fn new(limits: &Limits) -> Self {
        let table = Table { limits: limits.clone(), sockets: 0, connections: 0, clients: HashMap::new() };
        Self { table: Arc::new(Mutex::new(table)) }
    }

    /// Counts a connection to a peer.
    ///
    /// # Errors
    /// Names the limit that stands against it. Refused attempts use up the client's rate as well.
    pub fn connection(&self, key: ClientKey, now: Instant) -> Result<Permit, LimitError> {
        let table = &mut *self.lock();
        let limits = table.limits.clone();
        let full = table.connections >= limits.connections;
        let usage = table.usage(key, now).ok_or(LimitError::Full)?;
        if !usage.fresh.try_take(1, now) {
            return Err(LimitError::Rate);
        }
        if usage.connections >= limits.connections_per_client {
            return Err(LimitError::Connections);
        }
        if full {
            return Err(LimitError::Full);
        }
        usage.connections += 1;
        table.connections += 1;
        Ok(Permit { clients: self.clone(), key, kind: Kind::Connection })
    }

    /// Counts an accepted socket. One from a trusted proxy stands for many clients and has no bound of its own.
    ///
    /// # Errors
    /// Names the limit that stands against it.
    pub fn socket(&self, key: ClientKey, is_proxy: bool, now: Instant) -> Result<Permit, LimitError> {
        let table = &mut *self.lock();
        let most = table.limits.connections.saturating_add(SPARE_SOCKETS);
        let most_per_client = table.limits.connections_per_client.saturating_add(SPARE_SOCKETS_PER_CLIENT);
        if table.sockets >= most {
            return Err(LimitError::Full);
        }
        let usage = table.usage(key, now).ok_or(LimitError::Full)?;
        if usage.sockets >= most_per_client && !is_proxy {
            return Err(LimitError::Connections);
        }
        usage.sockets += 1;
        table.sockets += 1;
        Ok(Permit { clients: self.clone(), key, kind: Kind::Socket })
    }

    /// Connections to peers just now.
    pub fn connections(&self) -> usize {
        self.lock().connections
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn usage(&mut self, key: ClientKey, now: Instant) -> Option<&mut Usage> {
        if self.clients.len() >= MAX_CLIENTS && !self.clients.contains_key(&key) {
            self.clients.retain(|_, usage| !usage.is_default(now));
            if self.clients.len() >= MAX_CLIENTS {
                return None;
            }
        }
        let per_minute = u64::from(self.limits.new_per_minute);
        Some(self.clients.entry(key).or_insert_with(|| Usage {
            sockets: 0,
            connections: 0,
            fresh: Bucket::new(per_minute, per_minute, Duration::from_secs(60), now),
        }))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let table = &mut *self.clients.lock();
        let usage = table.clients.get_mut(&self.key);
        let (all, own) = match self.kind {
            Kind::Socket => (&mut table.sockets, usage.map(|usage| &mut usage.sockets)),
            Kind::Connection => (&mut table.connections, usage.map(|usage| &mut usage.connections)),
        };
        *all = all.saturating_sub(1);
        if let Some(own) = own {
            *own = own.saturating_sub(1);
        }
    }
}

/// A token bucket: `rate` tokens per `period`, at most `size` at one time. It starts full.
#[derive(Debug)]
pub struct Bucket {
    size: f64,
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(size: u64, rate: u64, period: Duration, now: Instant) -> Self {
        // Rates and sizes are far below 2^52, where a double stops being exact.
        let (size, rate) = (size as f64, rate as f64);
        Self { size, per_second: rate / period.as_secs_f64(), tokens: size, filled: now }
    }

    /// Takes `count` if there are so many.
    pub fn try_take(&mut self, count: u64, now: Instant) -> bool {
        self.fill(now);
        let enough = self.tokens >= count as f64;
        if enough {
            self.tokens -= count as f64;
        }
        enough
    }

    /// Takes `count`, going into debt if need be, and says how long to wait until the debt is paid.
    pub fn take(&mut self, count: u64, now: Instant) -> Duration {
        self.fill(now);
        self.tokens -= count as f64;
        if self.tokens >= 0.0 {
            Duration::ZERO
        } else {
            // A rate of nothing would never pay; a day ends every connection by another limit.
            let day = Duration::from_secs(86_400);
            Duration::try_from_secs_f64(-self.tokens / self.per_second).unwrap_or(day).min(day)
        }
    }

    fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= self.size
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * self.per_second).min(self.size);
    }
}

/// Bytes a second in one direction of one connection, with a second's worth at once.
#[derive(Debug)]
pub struct ByteRate(Option<Bucket>);

impl ByteRate {
    /// `per_second` of 0 is no bound.
    pub fn new(per_second: u64) -> Self {
        let bucket = || Bucket::new(per_second, per_second, Duration::from_secs(1), Instant::now());
        Self((per_second > 0).then(bucket))
    }

    /// Waits until `count` bytes may pass.
    pub async fn pass(&mut self, count: usize) {
        if let Some(bucket) = &mut self.0 {
            let wait = bucket.take(count as u64, Instant::now());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn client(last: u8) -> ClientKey {
        IpAddr::V4(Ipv4Addr::new(8, 8, 8, last)).into()
    }

    #[test]
    fn connections_are_bounded_for_a_client_and_in_all_and_given_back() {
        let limits = Limits { connections: 3, connections_per_client: 2, ..Limits::default() };
        let (clients, now) = (Clients::new(&limits), Instant::now());
        let first = clients.connection(client(1), now).unwrap();
        let _second = clients.connection(client(1), now).unwrap();
        assert_eq!(clients.connection(client(1), now).unwrap_err(), LimitError::Connections);
        let _third = clients.connection(client(2), now).unwrap();
        assert_eq!(clients.connection(client(2), now).unwrap_err(), LimitError::Full);
        drop(first);
        assert_eq!(clients.connections(), 2);
        assert!(clients.connection(client(1), now).is_ok());
    }

    #[test]
    fn new_connections_are_bounded_by_the_minute_and_the_allowance_comes_back() {
        let limits = Limits { new_per_minute: 6, ..Limits::default() };
        let (clients, now) = (Clients::new(&limits), Instant::now());
        for _ in 0..6 {
            assert!(clients.connection(client(1), now).is_ok());
        }
        assert_eq!(clients.connection(client(1), now).unwrap_err(), LimitError::Rate);
        assert!(clients.connection(client(2), now).is_ok());
        let later = now + Duration::from_secs(11);
        assert!(clients.connection(client(1), later).is_ok());
        assert_eq!(clients.connection(client(1), later).unwrap_err(), LimitError::Rate);
        let much_later = now + Duration::from_secs(3600);
        for _ in 0..6 {
            assert!(clients.connection(client(1), much_later).is_ok());
        }
        assert_eq!(clients.connection(client(1), much_later).unwrap_err(), LimitError::Rate);
    }

    #[test]
    fn sockets_are_bounded_except_for_a_proxys_own_count() {
        let limits = Limits { connections: 200, connections_per_client: 1, ..Limits::default() };
        let (clients, now) = (Clients::new(&limits), Instant::now());
        let held: Vec<_> = (0..65).map(|_| clients.socket(client(1), false, now).unwrap()).collect();
        assert_eq!(clients.socket(client(1), false, now).unwrap_err(), LimitError::Connections);
        let proxied: Vec<_> = (65..456).map(|_| clients.socket(client(1), true, now).unwrap()).collect();
        assert_eq!(clients.socket(client(2), true, now).unwrap_err(), LimitError::Full);
        drop((held, proxied));
        assert!(clients.socket(client(1), false, now).is_ok());
    }

    #[test]
    fn the_table_of_clients_is_bounded_and_forgets_those_at_rest() {
        let limits = Limits { new_per_minute: 1, ..Limits::default() };
        let (clients, now) = (Clients::new(&limits), Instant::now());
        for i in 0..MAX_CLIENTS as u32 {
            drop(clients.connection(IpAddr::V4(Ipv4Addr::from(i)).into(), now).unwrap());
        }
        let another = IpAddr::V4(Ipv4Addr::from(u32::MAX)).into();
        assert_eq!(clients.connection(another, now).unwrap_err(), LimitError::Full);
        assert!(clients.connection(another, now + Duration::from_secs(61)).is_ok());
        assert_eq!(clients.lock().clients.len(), 1);
    }

    #[test]
    fn a_bucket_in_debt_says_how_long_until_it_is_paid() {
        let now = Instant::now();
        let mut bucket = Bucket::new(100, 100, Duration::from_secs(1), now);
        assert_eq!(bucket.take(100, now), Duration::ZERO);
        assert_eq!(bucket.take(50, now), Duration::from_millis(500));
        assert_eq!(bucket.take(50, now + Duration::from_secs(1)), Duration::ZERO);
    }
}
