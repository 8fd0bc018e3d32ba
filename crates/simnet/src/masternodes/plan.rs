//! What a simulated masternode network is like.

use dash_protocol::LLMQType;

/// What a miner who colludes with some masternodes puts into a block that is valid in every other way: both roots
/// count the commitment as if it were a true one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bogus {
    /// The quorum's signature is by another key than the quorum's.
    QuorumSignature,
    /// The members' signature lacks one of the signers that the bits name.
    MembersSignature,
    /// All signatures hold, but for masternodes that the rules did not choose.
    Members,
}

/// A commitment that is to be bogus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BogusCommitment {
    /// The quorum's type.
    pub llmq_type: LLMQType,
    /// Height of the base of its cycle.
    pub cycle: u32,
    /// Its place in the cycle; 0 for plain types.
    pub index: u32,
    /// What is wrong with it.
    pub kind: Bogus,
}

/// The masternodes of a simulated chain and what happens to them. The chain's seed decides who, when and with which
/// keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasternodePlan {
    /// How many register in the first block that may hold any; about as many there are from then on.
    pub nodes: u32,
    /// How many of 100 are evo nodes.
    pub evo_percent: u32,
    /// How many of 100 regular nodes have entries of version 1, with the legacy encoding of keys.
    pub legacy_percent: u32,
    /// In how many of 100 blocks a masternode joins, leaves, changes, is banned or revived.
    pub churn_percent: u32,
    /// How many of 100 key generations fail, so that the quorum does not come to be.
    pub failed_dkg_percent: u32,
    /// How many of 100 members take no part, as far as a quorum can do without them.
    pub absent_percent: u32,
    /// How many of 100 blocks get no ChainLock of their own.
    pub unlocked_percent: u32,
    /// The types of quorums that run; none for those that sign ChainLocks, InstantSend locks and for Platform.
    pub llmq_types: Vec<LLMQType>,
    /// Commitments that are false.
    pub bogus: Vec<BogusCommitment>,
}

impl MasternodePlan {
    /// So many masternodes: a third evo nodes, two fifths of the others of version 1; something happens in every
    /// eighth block, no key generation fails, every twentieth member is absent, every tenth block lacks a lock.
    pub fn new(nodes: u32) -> Self {
        Self {
            nodes,
            evo_percent: 33,
            legacy_percent: 40,
            churn_percent: 12,
            failed_dkg_percent: 0,
            absent_percent: 5,
            unlocked_percent: 10,
            llmq_types: Vec::new(),
            bogus: Vec::new(),
        }
    }

    /// Nothing happens after the first registrations, nobody is absent, and every block is locked.
    pub fn calm(nodes: u32) -> Self {
        Self { churn_percent: 0, absent_percent: 0, unlocked_percent: 0, ..Self::new(nodes) }
    }

    /// How many of 100 key generations fail.
    #[must_use]
    pub fn failed_dkgs(mut self, percent: u32) -> Self {
        self.failed_dkg_percent = percent;
        self
    }

    /// In how many of 100 blocks something happens to a masternode.
    #[must_use]
    pub fn churn(mut self, percent: u32) -> Self {
        self.churn_percent = percent;
        self
    }

    /// Makes one commitment false.
    #[must_use]
    pub fn bogus(mut self, commitment: BogusCommitment) -> Self {
        self.bogus.push(commitment);
        self
    }
}
