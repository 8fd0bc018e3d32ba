//! The simulator's rules against networks of real nodes (`regtest-llmq` and `regtest-few` of the vectors): who the
//! members are, and what snapshots nodes serve.

use super::*;
use crate::masternodes::ledger::WORK_DEPTH;
use crate::masternodes::list::{List, Node};
use crate::masternodes::members::{Anchor, modifier, plain};
use crate::masternodes::rotation::{Shape, new_quarter, old_quarter};
use dash_protocol::{BlockHash, Decode, QRInfo, QuorumSnapshot};
use serde_json::Value;
use std::path::PathBuf;

const INTERVAL: u32 = 24;
const V20: u32 = 300;
const PLAIN: LLMQType = LLMQType(100);
const ROTATED: LLMQType = LLMQType(103);
const SHAPE: Shape = Shape { quorums: 2, quarter: 1 };

/// The folder of a recorded network. Without vectors the test says that it is skipped, and fails in CI.
fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DASH_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{name}: no vectors, which CI must have");
    println!("skipped: {name}: no vectors");
    None
}

/// A network as its recorded answers show it.
struct Recorded {
    hashes: Vec<BlockHash>,
    quorums: Value,
    /// Lists with the anchors of work blocks, by height.
    lists: BTreeMap<u32, (List, Anchor)>,
    /// By the base of their cycle.
    snapshots: BTreeMap<u32, QuorumSnapshot>,
}

impl Recorded {
    fn load(name: &str) -> Option<Self> {
        let folder = folder(name)?;
        let json = |file: &str| -> Value {
            serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap()
        };
        let hashes = json("hashes.json");
        let hashes =
            hashes.as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().parse().unwrap()).collect();
        let quorums = json("quorums.json")["info"].take();
        let mut recorded = Self { hashes, quorums, lists: BTreeMap::new(), snapshots: BTreeMap::new() };
        let mut diffs = Vec::new();
        let mut files: Vec<_> =
            std::fs::read_dir(folder.join("wire")).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&file).unwrap();
            if name.starts_with("mnlistdiff_") {
                diffs.push(MnListDiff::from_wire(&bytes).unwrap());
            } else if name.starts_with("qrinfo_") {
                recorded.take(QRInfo::from_wire(&bytes).unwrap(), &mut diffs);
            }
        }
        recorded.apply(diffs);
        Some(recorded)
    }

    fn height(&self, hash: &BlockHash) -> u32 {
        self.hashes.iter().position(|known| known == hash).unwrap() as u32
    }

    /// Keeps the snapshots of an answer, and its diffs for later.
    fn take(&mut self, info: QRInfo, diffs: &mut Vec<MnListDiff>) {
        let cycles = [
            (info.snapshot_h_minus_c, info.diff_h_minus_c),
            (info.snapshot_h_minus_2c, info.diff_h_minus_2c),
            (info.snapshot_h_minus_3c, info.diff_h_minus_3c),
        ];
        for (snapshot, diff) in info.older.into_iter().chain(info.h_minus_4c).chain(cycles) {
            let base = self.height(&diff.block_hash) + WORK_DEPTH;
            let known = self.snapshots.insert(base, snapshot.clone());
            assert!(known.is_none_or(|known| known == snapshot));
            diffs.push(diff);
        }
        diffs.extend([info.diff_h, info.diff_tip]);
    }

    /// Applies diffs in whatever order their bases become known.
    fn apply(&mut self, mut diffs: Vec<MnListDiff>) {
        // No masternode had registered at height 24, where the row of short diffs begins.
        let empty = [BlockHash::ZERO, self.hashes[0], self.hashes[24]];
        let mut states: BTreeMap<BlockHash, BTreeMap<ProTxHash, SmlEntry>> =
            empty.into_iter().map(|block| (block, BTreeMap::new())).collect();
        loop {
            let before = diffs.len();
            diffs.retain(|diff| {
                let Some(base) = states.get(&diff.base_block_hash) else { return true };
                let mut entries = base.clone();
                diff.deleted.iter().for_each(|name| drop(entries.remove(name)));
                entries.extend(diff.entries.iter().map(|entry| (entry.pro_tx_hash, entry.clone())));
                self.keep(diff, &entries);
                states.insert(diff.block_hash, entries);
                false
            });
            if diffs.len() == before {
                return assert!(diffs.is_empty(), "{} diffs without base", diffs.len());
            }
        }
    }

    fn keep(&mut self, diff: &MnListDiff, entries: &BTreeMap<ProTxHash, SmlEntry>) {
        let height = self.height(&diff.block_hash);
        let payload = CoinbasePayload::of(&diff.coinbase).unwrap();
        let lock = payload.best_chainlock.filter(|_| height + 1 >= V20);
        let anchor =
            lock.map_or(Anchor::Block(diff.block_hash), |lock| Anchor::Signature(height, lock.signature));
        let nodes = entries.values().map(|entry| Arc::new(Node::new(entry.clone(), None, 0)));
        let list = List::new(nodes.collect());
        assert_eq!(list.root(), payload.merkle_root_mn_list, "{height}");
        self.lists.insert(height, (list, anchor));
    }

    /// The list at a height with a type's modifier.
    fn at(&self, height: u32, llmq_type: LLMQType) -> Option<(&List, [u8; 32])> {
        let (list, anchor) = self.lists.get(&height)?;
        Some((list, modifier(llmq_type, anchor)))
    }

    /// The quorums that the node told of a type: their height, place and members.
    fn told(&self, llmq_type: &str) -> Vec<(u32, usize, Vec<ProTxHash>)> {
        let member = |member: &Value| member["proTxHash"].as_str().unwrap().parse().unwrap();
        let quorum = |quorum: &Value| {
            let number = |key: &str| quorum[key].as_u64().unwrap();
            let members = quorum["members"].as_array().unwrap().iter().map(member).collect();
            (number("height") as u32, number("quorumIndex") as usize, members)
        };
        self.quorums[llmq_type].as_array().unwrap().iter().map(quorum).collect()
    }

    /// How many plain quorums were recomputed.
    fn check_plain(&self) -> usize {
        let mut checked = 0;
        for (height, _, told) in self.told("llmq_test") {
            let since_v20 = height + 1 >= V20;
            let Some((list, modifier)) = self.at(if since_v20 { height - WORK_DEPTH } else { height }, PLAIN)
            else {
                continue;
            };
            let members = plain(list.nodes(), &modifier, 4, false);
            assert_eq!(members.iter().map(|node| node.name()).collect::<Vec<_>>(), told, "{height}");
            checked += 1;
        }
        checked
    }

    /// How many rotated quorums were recomputed.
    fn check_rotated(&self) -> usize {
        let mut checked = 0;
        for (height, index, told) in self.told("llmq_test_dip0024") {
            let base = height - index as u32;
            let Some((list, modifier)) = self.at(base - WORK_DEPTH, ROTATED) else { continue };
            let quarter = |back: u32| {
                let base = base - back * INTERVAL;
                let (list, modifier) = self.at(base - WORK_DEPTH, ROTATED)?;
                Some(old_quarter(list, &modifier, self.snapshots.get(&base)?, SHAPE))
            };
            let (Some(one), Some(two), Some(three)) = (quarter(1), quarter(2), quarter(3)) else { continue };
            let (new, snapshot) = new_quarter(list, &modifier, [&one, &two, &three], SHAPE).unwrap();
            let members = [&three, &two, &one, &new].map(|quarters| quarters[index][0].name());
            assert_eq!(members.as_slice(), told, "{height}");
            assert!(self.snapshots.get(&base).is_none_or(|served| *served == snapshot), "{height}");
            checked += 1;
        }
        checked
    }
}

#[test]
fn members_of_a_recorded_network_are_those_that_its_nodes_tell() {
    let Some(recorded) = Recorded::load("regtest-llmq") else { return };
    assert_eq!((recorded.check_plain(), recorded.check_rotated()), (7, 8));
}

#[test]
fn members_are_the_same_where_snapshots_skip_masternodes() {
    let Some(recorded) = Recorded::load("regtest-few") else { return };
    assert!(recorded.snapshots.values().any(|snapshot| snapshot.skip_list_mode == 1));
    assert_eq!((recorded.check_plain(), recorded.check_rotated()), (8, 10));
}
