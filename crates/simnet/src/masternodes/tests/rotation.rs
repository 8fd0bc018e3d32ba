use super::*;
use crate::masternodes::ledger::WORK_DEPTH;
use crate::masternodes::list::{List, Node};
use crate::masternodes::members::{Anchor, modifier};
use crate::masternodes::rotation::{Quarters, Shape, new_quarter, old_quarter};
use dash_protocol::{BlockHash, Decode, Encode, GetQRInfo, QRInfo, QuorumSnapshot};

/// A list and the modifier of a rotated type as of a work block, from a proven diff.
struct Work {
    list: List,
    modifier: [u8; 32],
}

/// What a client makes of an answer: it applies the diffs in the order in which a node builds them.
struct Client<'a> {
    chain: &'a SimChain,
    states: BTreeMap<BlockHash, State>,
    works: BTreeMap<u32, Work>,
    snapshots: BTreeMap<u32, QuorumSnapshot>,
}

impl<'a> Client<'a> {
    fn new(chain: &'a SimChain) -> Self {
        let states = [(chain.hashes()[0], State::default())].into();
        Self { chain, states, works: BTreeMap::new(), snapshots: BTreeMap::new() }
    }

    fn take(&mut self, diff: &MnListDiff) -> u32 {
        let mut state = self.states[&diff.base_block_hash].clone();
        state.apply(self.chain, diff);
        let height = self.chain.height_of(&diff.block_hash).unwrap();
        let llmq_type = self.chain.params().llmq_types.instantsend;
        let anchor = match CoinbasePayload::of(&diff.coinbase).unwrap().best_chainlock {
            _ if height + 1 < self.chain.params().activation.v20 => Anchor::Block(diff.block_hash),
            Some(lock) => Anchor::Signature(height, lock.signature),
            None => Anchor::Block(diff.block_hash),
        };
        let nodes = state.entries.values().map(|entry| Arc::new(Node::new(entry.clone(), None, 0)));
        let work = Work { list: List::new(nodes.collect()), modifier: modifier(llmq_type, &anchor) };
        self.works.insert(height, work);
        self.states.insert(diff.block_hash, state);
        height
    }

    fn take_cycle(&mut self, snapshot: &QuorumSnapshot, diff: &MnListDiff) -> u32 {
        let base = self.take(diff) + WORK_DEPTH;
        self.snapshots.insert(base, snapshot.clone());
        base
    }

    /// Takes an answer; the bases of its cycles, oldest first.
    fn take_all(&mut self, info: &QRInfo) -> Vec<u32> {
        let mut bases: Vec<u32> =
            info.older.iter().map(|(snapshot, diff)| self.take_cycle(snapshot, diff)).collect();
        let extra = info.h_minus_4c.iter().map(|(snapshot, diff)| (snapshot, diff));
        let main = [
            (&info.snapshot_h_minus_3c, &info.diff_h_minus_3c),
            (&info.snapshot_h_minus_2c, &info.diff_h_minus_2c),
            (&info.snapshot_h_minus_c, &info.diff_h_minus_c),
        ];
        for (snapshot, diff) in extra.chain(main) {
            bases.push(self.take_cycle(snapshot, diff));
        }
        bases.push(self.take(&info.diff_h) + WORK_DEPTH);
        assert_eq!(self.take(&info.diff_tip), self.chain.height());
        bases
    }

    fn shape(&self) -> (u32, Shape) {
        let llmq = self.chain.params().llmq(self.chain.params().llmq_types.instantsend).unwrap();
        (llmq.interval, Shape { quorums: llmq.active as usize, quarter: llmq.size as usize / 4 })
    }

    /// The names of the members of a cycle's quorums, and the snapshot that it leaves.
    fn members(&self, base: u32) -> (Vec<Vec<ProTxHash>>, Option<QuorumSnapshot>) {
        let (interval, shape) = self.shape();
        let earlier = [1, 2, 3].map(|back| {
            let base = base - back * interval;
            let work = &self.works[&(base - WORK_DEPTH)];
            old_quarter(&work.list, &work.modifier, &self.snapshots[&base], shape)
        });
        let work = &self.works[&(base - WORK_DEPTH)];
        let (new, snapshot) =
            new_quarter(&work.list, &work.modifier, [0, 1, 2].map(|at| &earlier[at]), shape).unzip();
        let new = new.unwrap_or_default();
        let name = |quarters: &Quarters, quorum: usize| {
            quarters.get(quorum).into_iter().flatten().map(|node| node.name()).collect::<Vec<_>>()
        };
        let members = (0..shape.quorums).map(|quorum| {
            [
                name(&earlier[2], quorum),
                name(&earlier[1], quorum),
                name(&earlier[0], quorum),
                name(&new, quorum),
            ]
            .concat()
        });
        (members.collect(), snapshot)
    }
}

fn request(chain: &SimChain, height: u32, extra_share: bool) -> GetQRInfo {
    GetQRInfo { base_block_hashes: Vec::new(), block_hash: chain.hash_at(height).unwrap(), extra_share }
}

/// Checks that an answer alone leads to the members of all quorums that its commitments name.
fn assert_explains(chain: &SimChain, info: &QRInfo) {
    assert_eq!(info, &QRInfo::from_wire(&info.to_wire()).unwrap());
    let mut client = Client::new(chain);
    let bases = client.take_all(info);
    let facts = chain.facts_at(chain.height()).unwrap();
    assert_eq!(info.last_commitments.len(), 2);
    for commitment in &info.last_commitments {
        let height = chain.height_of(&commitment.quorum_hash.into()).unwrap();
        let index = usize::try_from(commitment.quorum_index.unwrap()).unwrap();
        let base = height - index as u32;
        let (members, _) = client.members(base);
        let known = facts.quorums.iter().find(|quorum| quorum.commitment == *commitment);
        if let Some(known) = known {
            assert_eq!(members[index], known.members, "{height}");
        }
    }
    let newest = *bases.last().unwrap();
    let (_, snapshot) = client.members(newest);
    let next = chain.qrinfo(&request(chain, (newest + client.shape().0).min(chain.height()), false)).unwrap();
    if newest + client.shape().0 <= chain.height() {
        assert_eq!(snapshot, Some(next.snapshot_h_minus_c));
    }
}

#[test]
fn an_answer_alone_leads_to_the_members_of_the_rotated_quorums() {
    for chain in [small(), large()] {
        let interval = chain.params().llmq(chain.params().llmq_types.instantsend).unwrap().interval;
        for height in [7 * interval, 7 * interval + 1, 8 * interval - 1, 8 * interval + 20, chain.height()] {
            for extra_share in [false, true] {
                let info = chain.qrinfo(&request(&chain, height, extra_share)).unwrap();
                assert_eq!(info.h_minus_4c.is_some(), extra_share);
                assert_eq!(info.diff_tip.block_hash, chain.tip_hash());
                assert_explains(&chain, &info);
            }
        }
    }
}

#[test]
fn before_a_cycle_is_mined_an_older_one_is_sent_too() {
    let chain = SimChain::shared_with(&regtest(), 1, 400, &MasternodePlan::calm(20));
    let info = chain.qrinfo(&request(&chain, 242, false)).unwrap();
    assert_eq!(info.older.len(), 1);
    assert_eq!(chain.height_of(&info.older[0].1.block_hash), Some(240 - 4 * 24 - 8));
    assert!(chain.qrinfo(&request(&chain, 242, true)).unwrap().older.is_empty());
    assert!(chain.qrinfo(&request(&chain, 262, false)).unwrap().older.is_empty());
}

#[test]
fn diffs_start_at_the_highest_state_that_either_side_has() {
    let chain = SimChain::shared_with(&regtest(), 1, 400, &MasternodePlan::calm(20));
    let hash = |height| chain.hash_at(height).unwrap();
    let mut request = request(&chain, 262, false);
    let info = chain.qrinfo(&request).unwrap();
    let bases = |info: &QRInfo| {
        [&info.diff_h_minus_3c, &info.diff_h_minus_2c, &info.diff_h_minus_c, &info.diff_h, &info.diff_tip]
            .map(|diff| chain.height_of(&diff.base_block_hash).unwrap())
    };
    assert_eq!(bases(&info), [0, 160, 184, 208, 232]);
    request.base_block_hashes = vec![hash(300), hash(190)];
    assert_eq!(bases(&chain.qrinfo(&request).unwrap()), [0, 160, 190, 208, 300]);
    request.base_block_hashes.push(BlockHash::from_bytes([1; 32]));
    assert_eq!(chain.qrinfo(&request), None);
}

#[test]
fn a_node_without_enough_cycles_does_not_answer() {
    let chain = small();
    assert_eq!(chain.qrinfo(&request(&chain, 71, false)), None);
    let few = SimChain::shared_with(&regtest(), 1, 200, &MasternodePlan::calm(0));
    assert_eq!(few.qrinfo(&request(&few, 190, false)), None);
    let unknown = GetQRInfo { block_hash: BlockHash::from_bytes([1; 32]), ..request(&chain, 300, false) };
    assert_eq!(chain.qrinfo(&unknown), None);
}

#[test]
fn with_few_masternodes_snapshots_skip_some() {
    let chain = SimChain::shared_with(&regtest(), 1, 400, &MasternodePlan::calm(5));
    let info = chain.qrinfo(&request(&chain, 400, true)).unwrap();
    let snapshots = [&info.snapshot_h_minus_c, &info.snapshot_h_minus_2c, &info.snapshot_h_minus_3c];
    assert!(snapshots.iter().any(|snapshot| snapshot.skip_list_mode == 1 && !snapshot.skip_list.is_empty()));
    assert_explains(&chain, &info);
}

#[test]
fn each_cycle_keeps_three_quarters_of_its_members() {
    let chain = SimChain::shared_with(&devnet(), 2, 500, &MasternodePlan::calm(60));
    let members = |height: u32| {
        let quorums = chain.facts_at(height).unwrap().quorums;
        let quorum =
            quorums.into_iter().find(|quorum| quorum.llmq_type == LLMQType(105) && quorum.index == 1);
        quorum.unwrap().members
    };
    let (before, after) = (members(420), members(470));
    assert_eq!(before[2..], after[..6]);
    assert_eq!(after.len(), 8);
}
