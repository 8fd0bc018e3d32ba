//! What happens to masternodes from one block to the next: seeded by the chain's seed and the block.

use super::keys::{KeyPair, legacy};
use super::list::{List, Node};
use super::plan::MasternodePlan;
use crate::rng::Rng;
use dash_protocol::{
    BlockHash, BlsPublicKey, ConfirmedHash, MasternodeType, NetInfo, ProTxHash, SmlEntry, sha256d,
};
use std::sync::Arc;

/// A masternode's registration is confirmed when this many blocks are on top of its own; 15 on the main network.
const CONFIRMATIONS: u32 = 1;

/// How many of 100 masternodes are banned before revivals get likelier than all else.
const BANNED_PERCENT: usize = 10;

/// No address, as after a new operator's registration.
const NOWHERE: NetInfo = NetInfo::Service { ip: [0; 16], port: 0 };

/// One block's effect on the list.
pub struct Evolution<'a> {
    /// What the chain is like.
    pub plan: &'a MasternodePlan,
    /// The chain's seed, from which all keys come.
    pub seed: u64,
    /// The block's height.
    pub height: u32,
    /// The block before.
    pub parent: BlockHash,
    /// 32 random bytes of the block: names of what it registers.
    pub entropy: [u8; 32],
}

impl Evolution<'_> {
    /// The list as of the block, given that of its parent; `founding` in the first block that may register any.
    pub fn apply(&self, list: &Arc<List>, founding: bool) -> Arc<List> {
        let mut rng = self.rng();
        let mut nodes = list.nodes().to_vec();
        let mut changed = self.confirm(&mut nodes);
        if founding {
            nodes.extend((0..self.plan.nodes).map(|serial| self.register(serial, &mut rng)));
            changed = true;
        } else if !nodes.is_empty() && rng.percent(self.plan.churn_percent) {
            self.happen(&mut nodes, &mut rng);
            changed = true;
        }
        if changed { Arc::new(List::new(nodes)) } else { Arc::clone(list) }
    }

    fn rng(&self) -> Rng {
        let start = self.entropy.first_chunk::<8>().expect("32 bytes have 8");
        Rng::split(u64::from_le_bytes(*start), u64::from(self.height))
    }

    /// Whether any registration was confirmed.
    fn confirm(&self, nodes: &mut [Arc<Node>]) -> bool {
        let mut any = false;
        for node in nodes {
            let due = self.height > node.registered + CONFIRMATIONS;
            if due && node.entry.confirmed_hash.is_zero() {
                let entry = SmlEntry {
                    confirmed_hash: ConfirmedHash::from_bytes(self.parent.to_bytes()),
                    ..node.entry.clone()
                };
                *node = Arc::new(Node::new(entry, node.key.clone(), node.registered));
                any = true;
            }
        }
        any
    }

    fn register(&self, serial: u32, rng: &mut Rng) -> Arc<Node> {
        let name = sha256d(&[self.entropy.as_slice(), &serial.to_le_bytes()].concat());
        let evo = rng.percent(self.plan.evo_percent);
        let version = if !evo && rng.percent(self.plan.legacy_percent) { 1 } else { 2 };
        let key = self.key(&name, b"operator");
        let mut platform_node_id = [0; 20];
        if evo {
            platform_node_id.copy_from_slice(&rng.bytes32()[..20]);
        }
        let mut voting_key_id = [0; 20];
        voting_key_id.copy_from_slice(&rng.bytes32()[..20]);
        let entry = SmlEntry {
            version,
            pro_tx_hash: ProTxHash::from_bytes(name),
            confirmed_hash: ConfirmedHash::ZERO,
            net_info: address(rng),
            operator_key: encoded(&key, version),
            voting_key_id,
            is_valid: true,
            kind: if evo { MasternodeType::Evo } else { MasternodeType::Regular },
            platform_http_port: if evo { 443 } else { 0 },
            platform_node_id,
        };
        Arc::new(Node::new(entry, Some(key), self.height))
    }

    fn key(&self, name: &[u8], purpose: &[u8]) -> Arc<KeyPair> {
        Arc::new(KeyPair::derive(self.seed, purpose, name))
    }

    /// One event. Numbers stay near the plan's.
    fn happen(&self, nodes: &mut Vec<Arc<Node>>, rng: &mut Rng) {
        let planned = self.plan.nodes as usize;
        let banned: Vec<usize> = (0..nodes.len()).filter(|&at| !nodes[at].entry.is_valid).collect();
        if !banned.is_empty() && banned.len() * 100 >= nodes.len() * BANNED_PERCENT {
            let at = banned[rng.below(banned.len() as u64) as usize];
            return self.revive(&mut nodes[at], rng);
        }
        let at = rng.below(nodes.len() as u64) as usize;
        match rng.below(7) {
            0 if nodes.len() * 5 > planned * 4 => drop(nodes.remove(at)),
            0 | 1 if nodes.len() * 4 < planned * 5 => nodes.push(self.register(0, rng)),
            2 => ban(&mut nodes[at]),
            3 => self.hand_over(&mut nodes[at], rng),
            4 => revoke(&mut nodes[at]),
            5 if !nodes[at].entry.is_valid => self.revive(&mut nodes[at], rng),
            _ if nodes[at].key.is_some() && nodes[at].entry.is_valid => {
                change(&mut nodes[at], |entry| entry.net_info = address(rng));
            }
            _ => self.revive(&mut nodes[at], rng),
        }
    }

    /// A new operator: with a key of its own it is banned until it says where it is, which may be in the same block.
    fn hand_over(&self, node: &mut Arc<Node>, rng: &mut Rng) {
        let key = self.key(&[node.name().to_bytes(), self.entropy].concat(), b"operator");
        let version = if rng.percent(50) { 2 } else { node.entry.version };
        let entry = SmlEntry {
            version,
            operator_key: encoded(&key, version),
            net_info: NOWHERE,
            is_valid: false,
            ..node.entry.clone()
        };
        *node = Arc::new(Node::new(entry, Some(key), node.registered));
        if rng.percent(50) {
            self.revive(node, rng);
        }
    }

    /// Back in service, with a new key if the old one was revoked.
    fn revive(&self, node: &mut Arc<Node>, rng: &mut Rng) {
        if node.key.is_none() {
            let key = self.key(&[node.name().to_bytes(), self.entropy].concat(), b"operator");
            let entry = SmlEntry { version: 2, operator_key: encoded(&key, 2), ..node.entry.clone() };
            *node = Arc::new(Node::new(entry, Some(key), node.registered));
        }
        change(node, |entry| {
            entry.is_valid = true;
            if entry.net_info == NOWHERE {
                entry.net_info = address(rng);
            }
        });
    }
}

fn change(node: &mut Arc<Node>, edit: impl FnOnce(&mut SmlEntry)) {
    let mut entry = node.entry.clone();
    edit(&mut entry);
    *node = Arc::new(Node::new(entry, node.key.clone(), node.registered));
}

fn ban(node: &mut Arc<Node>) {
    change(node, |entry| entry.is_valid = false);
}

/// The operator gives up. An evo node's entry would turn into a regular one of version 1: those are only banned.
fn revoke(node: &mut Arc<Node>) {
    if node.entry.kind == MasternodeType::Evo {
        return ban(node);
    }
    let entry = SmlEntry {
        version: 1,
        operator_key: BlsPublicKey::NULL,
        net_info: NOWHERE,
        is_valid: false,
        ..node.entry.clone()
    };
    *node = Arc::new(Node::new(entry, None, node.registered));
}

/// A key as entries of a version have it.
fn encoded(key: &KeyPair, version: u16) -> BlsPublicKey {
    if version == 1 { legacy(key.public()) } else { key.public() }
}

/// A private IPv4 address.
fn address(rng: &mut Rng) -> NetInfo {
    let mut ip = [0; 16];
    ip[10..12].fill(0xff);
    ip[12] = 10;
    let chance = rng.next_u64().to_le_bytes();
    ip[13..].copy_from_slice(&chance[..3]);
    NetInfo::Service { ip, port: 9_999 }
}
