//! The one network that a bridge serves: its name, the four bytes that begin every message, its port and its seeds.

use std::fmt;
use std::str::FromStr;

use dash_protocol::{BlockHash, ChainOverrides, NetworkParams};

/// What the bridge needs to know of a Dash network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    name: String,
    magic: [u8; 4],
    port: u16,
    seeds: &'static [&'static str],
}

impl Network {
    /// `mainnet`, `testnet`, `regtest` or `devnet-NAME`: what a request's `network` must equal.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes that begin every message, in the order of the wire.
    pub fn magic(&self) -> [u8; 4] {
        self.magic
    }

    /// The network's P2P port, the only one dialled that no `--peer` names.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Names that resolve to addresses of peers; none for regtest and devnets.
    pub fn seeds(&self) -> &'static [&'static str] {
        self.seeds
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Text that names no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not mainnet, testnet, regtest or devnet-NAME")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || NetworkError(text.to_owned());
        let overrides = ChainOverrides::default();
        let params = match text {
            "mainnet" => NetworkParams::mainnet(),
            "testnet" => NetworkParams::testnet(),
            "regtest" => NetworkParams::regtest(&overrides).map_err(|_| error())?,
            _ => {
                let name = text.strip_prefix("devnet-").filter(|name| !name.is_empty()).ok_or_else(error)?;
                // The hash only serves to name the devnet's first block, which the bridge has no use for.
                NetworkParams::devnet(name, &overrides, |_| BlockHash::ZERO).map_err(|_| error())?
            }
        };
        Ok(Self {
            name: text.to_owned(),
            magic: params.magic,
            port: params.default_port,
            seeds: params.dns_seeds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_known_by_name() {
        for (name, magic, port, seeded) in [
            ("mainnet", [0xbf, 0x0c, 0x6b, 0xbd], 9999, true),
            ("testnet", [0xce, 0xe2, 0xca, 0xff], 19999, true),
            ("regtest", [0xfc, 0xc1, 0xb7, 0xdc], 19899, false),
            ("devnet-test", [0xe2, 0xca, 0xff, 0xce], 19799, false),
        ] {
            let network: Network = name.parse().unwrap();
            assert_eq!(
                (network.name(), network.magic(), network.port(), !network.seeds().is_empty()),
                (name, magic, port, seeded)
            );
        }
        for bad in ["", "main", "Mainnet", "devnet", "devnet-"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
