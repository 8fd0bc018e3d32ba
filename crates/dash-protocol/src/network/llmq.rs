//! Quorum parameters: which types a network has, how large they are, when they are mined (Dash Core `llmq/params.h`).

use crate::masternode::LLMQType;

/// One type of quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LlmqParams {
    /// The type.
    pub llmq_type: LLMQType,
    /// Whether its members are rotated by quarters (DIP-24).
    pub rotated: bool,
    /// Members.
    pub size: u32,
    /// Valid members below which a quorum is not formed.
    pub min_size: u32,
    /// Shares that make a signature.
    pub threshold: u32,
    /// Blocks from one key generation to the next.
    pub interval: u32,
    /// First height within the interval at which its commitment may be mined.
    pub mining_start: u32,
    /// Last height within the interval at which its commitment may be mined.
    pub mining_end: u32,
    /// Votes that make a member bad.
    pub bad_votes_threshold: u32,
    /// Quorums that sign at a time.
    pub active: u32,
}

/// Which type of quorum signs what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LlmqTypes {
    /// ChainLocks.
    pub chainlocks: LLMQType,
    /// InstantSend locks (DIP-24).
    pub instantsend: LLMQType,
    /// Platform; its members are evo nodes only.
    pub platform: LLMQType,
}

/// The types by their numbers.
const fn types(chainlocks: u8, instantsend: u8, platform: u8) -> LlmqTypes {
    LlmqTypes {
        chainlocks: LLMQType(chainlocks),
        instantsend: LLMQType(instantsend),
        platform: LLMQType(platform),
    }
}

/// `size/min_size/threshold`, `interval`, `mining_start..mining_end`, `bad_votes_threshold`, `active`.
const fn plain(
    llmq_type: u8,
    (size, min_size, threshold): (u32, u32, u32),
    interval: u32,
    (mining_start, mining_end): (u32, u32),
    bad_votes_threshold: u32,
    active: u32,
) -> LlmqParams {
    LlmqParams {
        llmq_type: LLMQType(llmq_type),
        rotated: false,
        size,
        min_size,
        threshold,
        interval,
        mining_start,
        mining_end,
        bad_votes_threshold,
        active,
    }
}

const fn rotated(params: LlmqParams) -> LlmqParams {
    LlmqParams { rotated: true, ..params }
}

const LLMQ_50_60: LlmqParams = plain(1, (50, 40, 30), 24, (10, 18), 40, 24);
const LLMQ_400_60: LlmqParams = plain(2, (400, 300, 240), 288, (20, 28), 300, 4);
const LLMQ_400_85: LlmqParams = plain(3, (400, 350, 340), 576, (20, 48), 300, 4);
const LLMQ_100_67: LlmqParams = plain(4, (100, 80, 67), 24, (10, 18), 80, 24);
const LLMQ_60_75: LlmqParams = rotated(plain(5, (60, 50, 45), 288, (42, 50), 48, 32));
const LLMQ_25_67: LlmqParams = plain(6, (25, 22, 17), 24, (10, 18), 22, 24);
const LLMQ_TEST: LlmqParams = plain(100, (3, 2, 2), 24, (10, 18), 2, 2);
const LLMQ_DEVNET: LlmqParams = plain(101, (12, 7, 6), 24, (10, 18), 7, 4);
const LLMQ_TEST_V17: LlmqParams = plain(102, (3, 2, 2), 24, (10, 18), 2, 2);
const LLMQ_TEST_DIP24: LlmqParams = rotated(plain(103, (4, 4, 3), 24, (12, 20), 2, 2));
const LLMQ_TEST_INSTANTSEND: LlmqParams = plain(104, (3, 2, 2), 24, (10, 18), 2, 2);
const LLMQ_DEVNET_DIP24: LlmqParams = rotated(plain(105, (8, 6, 4), 48, (12, 20), 7, 2));
const LLMQ_TEST_PLATFORM: LlmqParams = plain(106, (3, 2, 2), 24, (10, 18), 2, 2);
const LLMQ_DEVNET_PLATFORM: LlmqParams = plain(107, (12, 9, 8), 24, (10, 18), 7, 4);

/// A network's types, and which signs what.
pub(super) struct Table {
    pub(super) quorums: &'static [LlmqParams],
    pub(super) types: LlmqTypes,
    /// Types whose size and threshold a node's options can change.
    pub(super) adjustable: &'static [u8],
}

pub(super) const MAINNET: Table = Table {
    quorums: &[LLMQ_50_60, LLMQ_60_75, LLMQ_400_60, LLMQ_400_85, LLMQ_100_67],
    types: types(2, 5, 4),
    adjustable: &[],
};
pub(super) const TESTNET: Table = Table {
    quorums: &[LLMQ_50_60, LLMQ_60_75, LLMQ_400_60, LLMQ_400_85, LLMQ_100_67, LLMQ_25_67],
    types: types(1, 5, 6),
    adjustable: &[],
};
pub(super) const DEVNET: Table = Table {
    quorums: &[
        LLMQ_50_60,
        LLMQ_60_75,
        LLMQ_400_60,
        LLMQ_400_85,
        LLMQ_100_67,
        LLMQ_DEVNET,
        LLMQ_DEVNET_DIP24,
        LLMQ_DEVNET_PLATFORM,
    ],
    types: types(101, 105, 107),
    adjustable: &[101, 105, 107],
};
pub(super) const REGTEST: Table = Table {
    quorums: &[LLMQ_TEST, LLMQ_TEST_INSTANTSEND, LLMQ_TEST_V17, LLMQ_TEST_DIP24, LLMQ_TEST_PLATFORM],
    types: types(100, 103, 106),
    adjustable: &[100, 103, 104, 106],
};
