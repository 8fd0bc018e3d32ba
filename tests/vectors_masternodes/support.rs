//! Recorded networks: their blocks, and every state that their recorded diffs prove.

use crate::recording::{json, raw_blocks};
use dash_protocol::{
    Block, BlockHash, ChainOverrides, Decode, FinalCommitment, LLMQType, LlmqParams, MerkleRoot, MnListDiff,
    NetworkParams, PartialMerkleTree, QRInfo, QuorumSnapshot, Txid,
};
use dash_spv_wasm::masternodes::bls::CommitmentCheck;
use dash_spv_wasm::masternodes::commitment;
use dash_spv_wasm::masternodes::plans::{cycle_base, quarter_cycles};
use dash_spv_wasm::masternodes::{
    Cycle, DiffError, ListState, MasternodeEntry, ProvenBlock, evo_only, list_height, modifier,
    plain_members, rotated_members, work_block,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A recorded network by the name of its folder, or the end of the test.
macro_rules! need_network {
    ($test:literal, $network:literal) => {
        crate::support::Network::load(&need_vectors!($test, $network))
    };
}

pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

pub fn number(value: &Value, key: &str) -> u32 {
    value[key].as_u64().unwrap().try_into().unwrap()
}

/// What a recorded network is known by.
pub struct Network {
    pub params: NetworkParams,
    /// Heights of block hashes.
    pub heights: BTreeMap<BlockHash, u32>,
    /// Merkle roots by height, where they are known.
    merkle_roots: BTreeMap<u32, MerkleRoot>,
    /// All blocks, or none.
    pub blocks: Vec<Block>,
    /// Recorded diffs, each with its file's name; those inside rotation infos, too.
    pub diffs: Vec<(String, MnListDiff)>,
    /// Recorded rotation infos.
    pub rotations: Vec<(String, QRInfo)>,
    /// Every proven state, by height.
    pub states: BTreeMap<u32, ListState>,
    /// Snapshots by the base height of their cycle.
    pub snapshots: BTreeMap<u32, QuorumSnapshot>,
}

impl Network {
    /// Reads a folder and proves every diff in it.
    pub fn load(folder: &Path) -> Self {
        let mut network = Self::read(folder);
        for rotation in network.rotations.clone() {
            network.take_rotation(rotation);
        }
        if !network.blocks.is_empty() {
            // The first base of the recorded chain of diffs, from before the first masternode.
            let first = network.state_at(24);
            network.states.insert(24, first);
        }
        network.prove_all();
        network
    }

    fn read(folder: &Path) -> Self {
        match folder.file_name().unwrap().to_str().unwrap() {
            "mainnet" => Self::read_mainnet(folder),
            "regtest-llmq" => Self::read_regtest(folder, (4, 4)),
            "regtest-few" => Self::read_regtest(folder, (4, 3)),
            other => panic!("unknown network {other}"),
        }
    }

    fn new(params: NetworkParams) -> Self {
        let genesis = ListState::genesis(&params);
        Self {
            params,
            heights: BTreeMap::new(),
            merkle_roots: BTreeMap::new(),
            blocks: Vec::new(),
            diffs: Vec::new(),
            rotations: Vec::new(),
            states: BTreeMap::from([(0, genesis)]),
            snapshots: BTreeMap::new(),
        }
    }

    fn read_mainnet(folder: &Path) -> Self {
        let mut network = Self::new(NetworkParams::mainnet());
        for (height, hash) in json(folder, "heights_2240504.json").as_object().unwrap() {
            network.heights.insert(hash.as_str().unwrap().parse().unwrap(), height.parse().unwrap());
        }
        for row in json(folder, "manifest.json").as_array().unwrap() {
            let file = text(row, "file");
            let bytes = std::fs::read(folder.join(file)).unwrap();
            if file.starts_with("qrinfo") {
                network.rotations.push((file.to_owned(), QRInfo::from_wire(&bytes).unwrap()));
                continue;
            }
            let height = number(row, "height");
            network.heights.insert(text(row, "block").parse().unwrap(), height);
            network.merkle_roots.insert(height, text(row, "tx_merkle_root").parse().unwrap());
            network.diffs.push((file.to_owned(), MnListDiff::from_wire(&bytes).unwrap()));
        }
        network
    }

    fn read_regtest(folder: &Path, quorum: (u32, u32)) -> Self {
        let overrides = ChainOverrides {
            llmq: [100, 104, 106].into_iter().map(|llmq_type| (llmq_type, quorum)).collect(),
            activation: [("dip3", 2), ("v20", 300), ("mn_rr", 300)]
                .into_iter()
                .map(|(name, height)| (name.to_owned(), height))
                .collect(),
            ..Default::default()
        };
        let mut network = Self::new(NetworkParams::regtest(&overrides).unwrap());
        let hashes = json(folder, "hashes.json");
        for (height, hash) in (0..).zip(hashes.as_array().unwrap()) {
            network.heights.insert(hash.as_str().unwrap().parse().unwrap(), height);
        }
        network.blocks = raw_blocks(folder).iter().map(|raw| Block::from_wire(raw).unwrap()).collect();
        for (height, block) in (0..).zip(&network.blocks) {
            assert_eq!(block.merkle_root().unwrap(), block.header.merkle_root);
            network.merkle_roots.insert(height, block.header.merkle_root);
        }
        let mut files: Vec<_> =
            std::fs::read_dir(folder.join("wire")).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            let bytes = std::fs::read(&file).unwrap();
            if name.starts_with("mnlistdiff_") {
                network.diffs.push((name, MnListDiff::from_wire(&bytes).unwrap()));
            } else if name.starts_with("qrinfo_") {
                network.rotations.push((name, QRInfo::from_wire(&bytes).unwrap()));
            }
        }
        network
    }

    /// Notes a rotation info's diffs and snapshots.
    fn take_rotation(&mut self, (name, info): (String, QRInfo)) {
        let mut shares = info.older;
        shares.extend(info.h_minus_4c);
        shares.push((info.snapshot_h_minus_3c, info.diff_h_minus_3c));
        shares.push((info.snapshot_h_minus_2c, info.diff_h_minus_2c));
        shares.push((info.snapshot_h_minus_c, info.diff_h_minus_c));
        for (snapshot, diff) in shares {
            let cycle = self.heights[&diff.block_hash] + 8;
            let known = self.snapshots.entry(cycle).or_insert_with(|| snapshot.clone());
            assert_eq!(*known, snapshot, "{name}: one cycle, one snapshot");
            self.diffs.push((name.clone(), diff));
        }
        self.diffs.push((name.clone(), info.diff_h));
        self.diffs.push((name, info.diff_tip));
    }

    /// Applies every diff whose base is known, until none is left; two ways to one block give the same state.
    fn prove_all(&mut self) {
        let mut left: Vec<(String, MnListDiff)> = self.diffs.clone();
        while !left.is_empty() {
            let before = left.len();
            left.retain(|(name, diff)| {
                let Some(base) = self.states.get(&self.base_height(diff)) else { return true };
                let state = base.apply(&self.params, diff, self.block_of(diff));
                let state = state.unwrap_or_else(|error| panic!("{name}: {error}"));
                let known = self.states.entry(state.height()).or_insert_with(|| state.clone());
                assert_eq!(*known, state, "{name}: one block, one state");
                false
            });
            assert!(
                left.len() < before,
                "no base for {:?}",
                left.iter().map(|(name, _)| name).collect::<Vec<_>>()
            );
        }
    }

    pub fn base_height(&self, diff: &MnListDiff) -> u32 {
        if diff.base_block_hash.is_zero() { 0 } else { self.heights[&diff.base_block_hash] }
    }

    /// The block of a diff. The recorded tip of mainnet comes without its header: there the diff's own root stands in.
    pub fn block_of(&self, diff: &MnListDiff) -> ProvenBlock {
        let height = self.heights[&diff.block_hash];
        let known = self.merkle_roots.get(&height).copied();
        let merkle_root = known.unwrap_or_else(|| {
            assert_eq!((self.params.name.as_str(), height), ("mainnet", 2_240_504));
            diff.coinbase_tree.extract().unwrap().0
        });
        ProvenBlock { height, hash: diff.block_hash, merkle_root }
    }

    /// A recorded diff by its file.
    pub fn diff(&self, file: &str) -> &MnListDiff {
        &self.diffs.iter().find(|(name, _)| name == file).unwrap().1
    }

    /// The state that a diff starts from.
    pub fn base_of(&self, diff: &MnListDiff) -> &ListState {
        &self.states[&self.base_height(diff)]
    }

    /// Applies a diff to the state that it names.
    pub fn apply(&self, diff: &MnListDiff) -> Result<ListState, DiffError> {
        self.base_of(diff).apply(&self.params, diff, self.block_of(diff))
    }

    pub fn llmq(&self, llmq_type: u8) -> &LlmqParams {
        self.params.llmq(LLMQType(llmq_type)).unwrap()
    }

    pub fn hash_at(&self, height: u32) -> BlockHash {
        *self.heights.iter().find(|(_, at)| **at == height).unwrap().0
    }

    /// The state at a height of a regtest network: a recorded one; or the one before it with the quorums that were
    /// mined since, and with its masternodes or those of the next recorded diff, whichever the coinbase of the height's
    /// block proves.
    pub fn state_at(&self, height: u32) -> ListState {
        if let Some(state) = self.states.get(&height) {
            return state.clone();
        }
        let (_, base) = self.states.range(..height).next_back().unwrap();
        let block = &self.blocks[height as usize];
        let txids: Vec<Txid> = block.transactions.iter().map(|transaction| transaction.txid()).collect();
        let since = &self.blocks[base.height() as usize + 1..=height as usize];
        let quorums_alone = MnListDiff {
            version: 1,
            base_block_hash: *base.hash(),
            block_hash: self.hash_at(height),
            coinbase_tree: PartialMerkleTree::build(&txids, &[true]),
            coinbase: block.transactions[0].clone(),
            deleted: Vec::new(),
            entries: Vec::new(),
            deleted_quorums: Vec::new(),
            new_quorums: since.iter().flat_map(mined_commitments).collect(),
            quorum_signatures: Vec::new(),
        };
        if let Ok(state) = self.apply(&quorums_alone) {
            return state;
        }
        let (_, next) = self.diffs.iter().find(|(_, diff)| diff.base_block_hash == *base.hash()).unwrap();
        let diff =
            MnListDiff { deleted: next.deleted.clone(), entries: next.entries.clone(), ..quorums_alone };
        self.apply(&diff).unwrap()
    }

    /// The members of a plain quorum, by the given state of the height that they come from and that of the work block.
    pub fn plain(&self, llmq: &LlmqParams, base: u32, list: &ListState, work: &ListState) -> Members {
        assert_eq!((list.height(), work.height()), (list_height(&self.params, base), work_block(base)));
        let modifier = modifier(&self.params, llmq, (base, self.hash_at(base)), work);
        plain_members(llmq, list.list(), &modifier, evo_only(&self.params, llmq, base))
    }

    /// The four cycles for the quorums of one, where all is recorded.
    pub fn cycles(&self, llmq: &LlmqParams, base: u32) -> Option<[Cycle<'_>; 4]> {
        let heights = quarter_cycles(llmq, base)?;
        let cycle = |base_height: u32| {
            let state = self.states.get(&work_block(base_height))?;
            Some(Cycle { base_height, state, snapshot: self.snapshots.get(&base_height) })
        };
        let cycles = [cycle(heights[0])?, cycle(heights[1])?, cycle(heights[2])?, cycle(heights[3])?];
        cycles[1..].iter().all(|cycle| cycle.snapshot.is_some()).then_some(cycles)
    }

    /// The members of all quorums of a cycle, where all is recorded.
    pub fn rotated(&self, llmq: &LlmqParams, base: u32) -> Option<Vec<Members>> {
        let [h, c1, c2, c3] = self.cycles(llmq, base)?;
        Some(rotated_members(&self.params, llmq, &h, [&c1, &c2, &c3]).unwrap())
    }

    /// The members of the quorum of a commitment, where all is recorded.
    pub fn members(&self, commitment: &FinalCommitment) -> Option<Members> {
        let base = *self.heights.get(&BlockHash::from(commitment.quorum_hash))?;
        let llmq = self.params.llmq(commitment.llmq_type).unwrap();
        if llmq.rotated {
            let mut quorums = self.rotated(llmq, cycle_base(base, llmq.interval))?;
            return Some(quorums.swap_remove(usize::try_from(commitment.quorum_index.unwrap()).unwrap()));
        }
        let work = self.states.get(&work_block(base))?;
        Some(self.plain(llmq, base, self.states.get(&list_height(&self.params, base))?, work))
    }

    /// Every commitment in any state, once.
    pub fn commitments(&self) -> Vec<FinalCommitment> {
        let quorums = self.states.values().flat_map(|state| state.quorums().iter());
        let named: BTreeMap<_, _> = quorums.map(|quorum| (quorum.name(), quorum.commitment())).collect();
        named.into_values().cloned().collect()
    }

    /// What is left to verify of a commitment with these members.
    pub fn check(&self, commitment: &FinalCommitment, members: &Members) -> CommitmentCheck {
        let base = self.heights[&BlockHash::from(commitment.quorum_hash)];
        commitment::check(&self.params, commitment, base, members).unwrap()
    }
}

pub type Members = Vec<Arc<MasternodeEntry>>;

/// The commitments mined in a block, without those of key generations that failed.
fn mined_commitments(block: &Block) -> Vec<FinalCommitment> {
    let mined = block.transactions.iter().filter(|transaction| transaction.tx_type == 6);
    // The payload's own version and height come first.
    let commitments = mined.map(|transaction| FinalCommitment::from_wire(&transaction.payload[6..]).unwrap());
    commitments.filter(|commitment| !commitment.is_null()).collect()
}
