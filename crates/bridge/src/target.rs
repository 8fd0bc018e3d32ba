//! Whom the bridge may dial: `host:port` as text, and the rules that make it no open proxy.
//!
//! A peer named by `--peer` is the operator's word and is dialled as it stands. Everything else must have the
//! network's P2P port and, unless `--allow-private` is set, a public address. The address is judged after resolution
//! and that very address is dialled. At most [`MAX_RESOLVED`] addresses of a name are looked at, and at most
//! [`MAX_LOOKUPS`] names are looked up at one time.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use tokio::net::lookup_host;
use tokio::sync::Semaphore;

use crate::address::{is_public, unmap};

/// Addresses of one name that are looked at.
pub const MAX_RESOLVED: usize = 256;
/// Names looked up at one time.
pub const MAX_LOOKUPS: usize = 64;
/// The longest host name of the DNS.
const MAX_HOST: usize = 253;

/// `host:port`, checked in form only: an address or a host name, and a port that is not 0. An IPv6 address stands in
/// brackets. Names compare without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host {
    Address(IpAddr),
    Name(String),
}

impl HostPort {
    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self { host: Host::Address(unmap(address.ip())), port: address.port() }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(address) => SocketAddr::new(*address, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// Why a target is not dialled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not `host:port`.
    #[error("address is not HOST:PORT")]
    Malformed,
    /// Not the network's P2P port.
    #[error("port {port} is not the network's port {required}")]
    Port {
        /// The port asked for.
        port: u16,
        /// The only one allowed.
        required: u16,
    },
    /// Every address behind the name is private, local or otherwise special.
    #[error("{0} is not a public address")]
    NotPublic(String),
    /// This bridge serves named peers only, and this is none of them.
    #[error("{0} is not one of this bridge's peers")]
    NotNamed(String),
    /// The name has no address.
    #[error("{0} does not resolve")]
    Unresolved(String),
}

impl FromStr for HostPort {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or(TargetError::Malformed)?;
        // `parse` alone would take a sign.
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port != 0).ok_or(TargetError::Malformed)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let inner = rest.strip_suffix(']').ok_or(TargetError::Malformed)?;
                let address: Ipv6Addr = inner.parse().map_err(|_| TargetError::Malformed)?;
                Host::Address(unmap(IpAddr::V6(address)))
            }
            None => match host.parse() {
                Ok(v4) => Host::Address(IpAddr::V4(v4)),
                Err(_) => Host::Name(host_name(host).ok_or(TargetError::Malformed)?),
            },
        };
        Ok(Self { host, port })
    }
}

/// A host name in lower case, or none if the text is no such name.
fn host_name(text: &str) -> Option<String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let bare = text.strip_suffix('.').unwrap_or(text);
    (bare.len() <= MAX_HOST && bare.split('.').all(label)).then(|| bare.to_ascii_lowercase())
}

/// Where the bridge may go.
#[derive(Debug)]
pub struct Rules {
    /// The operator's peers; if there are any, only these.
    pub named: Vec<HostPort>,
    /// The network's P2P port.
    pub port: u16,
    /// Whether addresses that are not public may be dialled too.
    pub allow_private: bool,
    /// Bounds the look-ups under way. Each takes a thread until the system's resolver gives up, however early its
    /// client left, and a name server of an attacker's can make it wait long.
    pub lookups: Arc<Semaphore>,
}

impl Rules {
    /// The addresses that may be dialled for a target.
    ///
    /// # Errors
    /// See [`TargetError`]; never [`TargetError::Malformed`].
    pub async fn permit(&self, target: &HostPort) -> Result<Vec<SocketAddr>, TargetError> {
        if self.named.contains(target) {
            return self.resolve(target).await;
        }
        if !self.named.is_empty() {
            return Err(TargetError::NotNamed(target.to_string()));
        }
        if target.port() != self.port {
            return Err(TargetError::Port { port: target.port(), required: self.port });
        }
        let mut found = self.resolve(target).await?;
        found.retain(|address| self.permits(*address));
        if found.is_empty() { Err(TargetError::NotPublic(target.to_string())) } else { Ok(found) }
    }

    /// The addresses behind a target: itself when it is one, else what the system's resolver says.
    async fn resolve(&self, target: &HostPort) -> Result<Vec<SocketAddr>, TargetError> {
        let found = match &target.host {
            Host::Address(address) => vec![SocketAddr::new(*address, target.port)],
            Host::Name(name) => self.look_up(name.clone(), target.port).await,
        };
        if found.is_empty() { Err(TargetError::Unresolved(target.to_string())) } else { Ok(found) }
    }

    async fn look_up(&self, name: String, port: u16) -> Vec<SocketAddr> {
        let Ok(permit) = Arc::clone(&self.lookups).acquire_owned().await else { return Vec::new() };
        // A task of its own, so that the permit is held for as long as the thread is, whoever waits for it.
        let lookup = tokio::spawn(async move {
            let found = lookup_host((name, port)).await.map(|found| found.take(MAX_RESOLVED).collect());
            drop(permit);
            found.unwrap_or_default()
        });
        lookup.await.unwrap_or_default()
    }

    /// Whether an address that nobody named may be dialled.
    pub fn permits(&self, address: SocketAddr) -> bool {
        address.port() == self.port && (self.allow_private || is_public(address.ip()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> HostPort {
        text.parse().unwrap()
    }

    fn rules(named: &[&str], allow_private: bool) -> Rules {
        let named = named.iter().map(|text| target(text)).collect();
        Rules { named, port: 9999, allow_private, lookups: Arc::new(Semaphore::new(1)) }
    }

    #[test]
    fn targets_are_read_and_written_in_one_form() {
        for (text, shown) in [
            ("1.2.3.4:9999", "1.2.3.4:9999"),
            ("[2600::1]:9999", "[2600::1]:9999"),
            ("[::ffff:1.2.3.4]:9999", "1.2.3.4:9999"),
            ("Node.Example.ORG.:19999", "node.example.org:19999"),
            ("localhost:1", "localhost:1"),
        ] {
            assert_eq!(target(text).to_string(), shown);
        }
    }

    #[test]
    fn malformed_targets_are_refused() {
        let long = format!("{}:9999", "a.".repeat(200));
        for bad in [
            "",
            ":",
            "host",
            "host:",
            ":9999",
            "host:0",
            "host:+1",
            "host:65536",
            "host:9999x",
            "2600::1:9999",
            "[2600::1:9999",
            "[host]:9999",
            "[1.2.3.4]:9999",
            "ho st:9999",
            "host/..:9999",
            "user@host:9999",
            "a..b:9999",
            &long,
        ] {
            assert_eq!(bad.parse::<HostPort>(), Err(TargetError::Malformed), "{bad}");
        }
    }

    #[tokio::test]
    async fn only_the_networks_port_is_dialled() {
        let error = rules(&[], true).permit(&target("127.0.0.1:22")).await.unwrap_err();
        assert_eq!(error, TargetError::Port { port: 22, required: 9999 });
    }

    #[tokio::test]
    async fn only_public_addresses_are_dialled_unless_private_ones_are_allowed() {
        for text in ["127.0.0.1:9999", "[::1]:9999", "[::ffff:10.0.0.1]:9999", "localhost:9999"] {
            let refused = rules(&[], false).permit(&target(text)).await;
            assert!(matches!(refused, Err(TargetError::NotPublic(_))), "{text}: {refused:?}");
            assert!(!rules(&[], true).permit(&target(text)).await.unwrap().is_empty());
        }
        let public: SocketAddr = "8.8.8.8:9999".parse().unwrap();
        assert_eq!(rules(&[], false).permit(&target("8.8.8.8:9999")).await, Ok(vec![public]));
    }

    #[tokio::test]
    async fn a_named_peer_is_dialled_as_it_stands_and_no_other_is() {
        let rules = rules(&["127.0.0.1:5000", "LocalHost:5001"], false);
        assert!(rules.permit(&target("127.0.0.1:5000")).await.is_ok());
        assert!(rules.permit(&target("localhost:5001")).await.is_ok());
        for other in ["127.0.0.1:5001", "8.8.8.8:9999", "localhost:5000"] {
            assert!(matches!(rules.permit(&target(other)).await, Err(TargetError::NotNamed(_))), "{other}");
        }
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_refused() {
        let refused = rules(&[], true).permit(&target("nothing.invalid:9999")).await;
        assert!(matches!(refused, Err(TargetError::Unresolved(_))), "{refused:?}");
    }
}
