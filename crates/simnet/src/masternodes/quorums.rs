//! Quorums and their commitments (protocol.md 10): members are told here, the rules of who they are stand in
//! `members.rs` and `rotation.rs`.

use super::keys::{KeyPair, sha256};
use super::list::{List, Node};
use super::plan::{Bogus, MasternodePlan};
use crate::rng::Rng;
use dash_protocol::{
    BitSet, BlsSignature, FinalCommitment, LLMQType, LlmqParams, MerkleRoot, QuorumHash, merkle, sha256d,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A quorum that was mined.
#[derive(Clone, Debug)]
pub struct Quorum {
    /// Height of the block that it is named after.
    pub height: u32,
    /// Its place in the cycle; 0 for plain types.
    pub index: u32,
    /// Height of the block that holds the commitment.
    pub mined_height: u32,
    /// Its key.
    pub key: KeyPair,
    /// The members that the rules choose, in order.
    pub members: Vec<Arc<Node>>,
    /// As it is on the chain.
    pub commitment: FinalCommitment,
    /// The commitment's hash in the tree of quorums.
    pub leaf: [u8; 32],
    /// What is false about the commitment.
    pub bogus: Option<Bogus>,
}

impl Quorum {
    /// Its type.
    pub fn llmq_type(&self) -> LLMQType {
        self.commitment.llmq_type
    }

    /// Its name.
    pub fn hash(&self) -> QuorumHash {
        self.commitment.quorum_hash
    }
}

/// The quorums that a block's coinbase counts.
#[derive(Clone, Debug, Default)]
pub struct Active {
    by_type: BTreeMap<LLMQType, Vec<Arc<Quorum>>>,
}

impl Active {
    /// Those of a type: plain ones in the order in which they were mined, rotated ones by their place.
    pub fn of_type(&self, llmq_type: LLMQType) -> &[Arc<Quorum>] {
        self.by_type.get(&llmq_type).map_or(&[], Vec::as_slice)
    }

    /// All, by type.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Quorum>> {
        self.by_type.values().flatten()
    }

    /// The one of a name.
    pub fn get(&self, llmq_type: LLMQType, hash: &QuorumHash) -> Option<&Arc<Quorum>> {
        self.of_type(llmq_type).iter().find(|quorum| quorum.hash() == *hash)
    }

    /// Counts a quorum from now on, in the place of the oldest, or of the one with its index.
    pub fn add(&mut self, llmq: &LlmqParams, quorum: Arc<Quorum>) {
        let quorums = self.by_type.entry(quorum.llmq_type()).or_default();
        if llmq.rotated {
            quorums.retain(|other| other.index != quorum.index);
            quorums.push(quorum);
            quorums.sort_by_key(|quorum| quorum.index);
        } else {
            quorums.push(quorum);
            let surplus = quorums.len().saturating_sub(llmq.active as usize);
            quorums.drain(..surplus);
        }
    }

    /// The root of the tree over all commitments; zero for none.
    pub fn root(&self) -> MerkleRoot {
        let mut leaves: Vec<[u8; 32]> = self.iter().map(|quorum| quorum.leaf).collect();
        leaves.sort_unstable();
        MerkleRoot::from_bytes(merkle::root(&leaves))
    }
}

/// A key generation that comes to its end.
pub struct Session<'a> {
    /// What the chain is like.
    pub plan: &'a MasternodePlan,
    /// The chain's seed.
    pub seed: u64,
    /// The quorum's type.
    pub llmq: &'a LlmqParams,
    /// The quorum's name.
    pub hash: QuorumHash,
    /// Height of the block that it is named after.
    pub height: u32,
    /// Its place in the cycle; 0 for plain types.
    pub index: u32,
}

impl Session<'_> {
    /// In which block of the cycle the commitment is mined: mostly in the first that may hold it.
    pub fn mined_at(&self) -> u32 {
        let mut rng = self.rng(b"mined");
        if rng.percent(70) {
            return self.llmq.mining_start;
        }
        rng.between(u64::from(self.llmq.mining_start), u64::from(self.llmq.mining_end)) as u32
    }

    /// The quorum, unless its key generation fails. `others` are masternodes for commitments of wrong members.
    pub fn conclude(&self, mined_height: u32, members: Vec<Arc<Node>>, others: &List) -> Option<Quorum> {
        let mut rng = self.rng(b"session");
        if rng.percent(self.plan.failed_dkg_percent) || members.len() < self.llmq.min_size as usize {
            return None;
        }
        let key = KeyPair::derive(self.seed, b"quorum", &self.name());
        let valid = self.present(members.len(), |_| true, &mut rng);
        let signers = self.present(members.len(), |member| valid[member], &mut rng);
        let mut commitment = FinalCommitment {
            version: if self.llmq.rotated { 4 } else { 3 },
            llmq_type: self.llmq_type(),
            quorum_hash: self.hash,
            quorum_index: self
                .llmq
                .rotated
                .then(|| i16::try_from(self.index).expect("a cycle has few quorums")),
            signers: BitSet::from_bools(&signers),
            valid_members: BitSet::from_bools(&valid),
            public_key: key.public(),
            vvec_hash: rng.bytes32(),
            quorum_sig: BlsSignature::NULL,
            members_sig: BlsSignature::NULL,
        };
        let bogus = self.bogus();
        let message = commitment.commitment_hash();
        commitment.quorum_sig = match bogus {
            Some(Bogus::QuorumSignature) => {
                KeyPair::derive(self.seed, b"stranger", &self.name()).sign(&message)
            }
            _ => key.sign(&message),
        };
        commitment.members_sig = self.members_signature(&members, &signers, others, bogus, &message);
        let leaf = commitment.leaf_hash();
        Some(Quorum {
            height: self.height,
            index: self.index,
            mined_height,
            key,
            members,
            commitment,
            leaf,
            bogus,
        })
    }

    fn llmq_type(&self) -> LLMQType {
        self.llmq.llmq_type
    }

    fn name(&self) -> Vec<u8> {
        [&[self.llmq_type().0], self.hash.as_bytes().as_slice()].concat()
    }

    fn rng(&self, purpose: &[u8]) -> Rng {
        let hash = sha256d(&[purpose, &self.seed.to_le_bytes(), &self.name()].concat());
        Rng::new(u64::from_le_bytes(*hash.first_chunk().expect("32 bytes have 8")))
    }

    /// Which members take part: all that may but a few, at least as many as the quorum needs. Bits beyond the members
    /// are not set.
    fn present(&self, members: usize, may: impl Fn(usize) -> bool, rng: &mut Rng) -> Vec<bool> {
        let mut bits: Vec<bool> = (0..self.llmq.size as usize).map(|at| at < members && may(at)).collect();
        let mut spare = bits.iter().filter(|&&bit| bit).count() - self.llmq.min_size as usize;
        for bit in &mut bits {
            if *bit && spare > 0 && rng.percent(self.plan.absent_percent) {
                *bit = false;
                spare -= 1;
            }
        }
        bits
    }

    fn bogus(&self) -> Option<Bogus> {
        let cycle = self.height - self.index;
        let planted = self.plan.bogus.iter().find(|planted| {
            planted.llmq_type == self.llmq_type() && planted.cycle == cycle && planted.index == self.index
        });
        planted.map(|planted| planted.kind)
    }

    fn members_signature(
        &self,
        members: &[Arc<Node>],
        signers: &[bool],
        others: &List,
        bogus: Option<Bogus>,
        message: &[u8; 32],
    ) -> BlsSignature {
        let mut keys: Vec<Arc<KeyPair>> = members
            .iter()
            .zip(signers)
            .filter(|&(_, &signs)| signs)
            .filter_map(|(node, _)| node.key.clone())
            .collect();
        match bogus {
            Some(Bogus::MembersSignature) => drop(keys.pop()),
            Some(Bogus::Members) => keys = self.strangers(keys.len(), members, others),
            _ => {}
        }
        match keys.as_slice() {
            [] => KeyPair::derive(self.seed, b"stranger", &self.name()).sign(message),
            [key] if self.llmq.size == 1 => key.sign(message),
            _ => KeyPair::aggregate(keys.iter().map(Arc::as_ref)).sign(message),
        }
    }

    /// So many keys of masternodes that are no members; where there are too few, of nobody.
    fn strangers(&self, count: usize, members: &[Arc<Node>], others: &List) -> Vec<Arc<KeyPair>> {
        let is_member = |node: &Arc<Node>| members.iter().any(|member| member.name() == node.name());
        let known = others.nodes().iter().filter(|node| !is_member(node)).filter_map(|node| node.key.clone());
        let nobody = (0u32..).map(|serial| {
            let name = sha256(&[self.name().as_slice(), &serial.to_le_bytes()].concat());
            Arc::new(KeyPair::derive(self.seed, b"nobody", &name))
        });
        known.chain(nobody).take(count).collect()
    }
}
