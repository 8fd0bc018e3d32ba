//! Checkpoints: where a chain can start, and what it must pass.
//!
//! A checkpoint's hash is trusted; every chain that reaches its height must have it there, and its total work where
//! that is known. One whose time and work are known can also be a start.

use crate::chain::rules::HeaderError;
use crate::chain::work::work_of;
use crate::engine::Birthday;
use dash_num::Arith256;
use dash_protocol::{BlockHash, Checkpoint, NetworkKind, NetworkParams};

/// Header times can be two hours off either way: a checkpoint counts as older than a birthday only with this many
/// seconds to spare.
const BIRTHDAY_MARGIN_SECS: u64 = 2 * 60 * 60;

/// A header to start from: genesis or a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its height.
    pub height: u32,
    /// Its hash.
    pub hash: BlockHash,
    /// Its time, in seconds since 1970.
    pub time: u32,
    /// Total work up to and with it.
    pub chain_work: Arith256,
}

impl Start {
    /// The first block.
    pub fn genesis(params: &NetworkParams) -> Self {
        let genesis = &params.genesis;
        Self {
            height: 0,
            hash: params.genesis_hash,
            time: genesis.time,
            chain_work: work_of(genesis.bits.to_bits()),
        }
    }
}

/// Every possible start, lowest first; genesis is always one. Checkpoints where the network still computes its daily
/// rule are left out: it looks back further than a start's ancestors, and genesis is near.
pub fn starts(params: &NetworkParams) -> impl DoubleEndedIterator<Item = Start> + '_ {
    let daily_rule = params.kind != NetworkKind::Mainnet && !params.no_retargeting;
    let checkpoints = params.checkpoints.iter().filter_map(move |checkpoint| {
        let exact = !daily_rule || checkpoint.height + 1 >= params.kgw_height;
        let (time, chain_work) = (checkpoint.time?, checkpoint.chain_work?);
        (exact && checkpoint.height > 0).then_some(Start {
            height: checkpoint.height,
            hash: checkpoint.hash,
            time,
            chain_work,
        })
    });
    std::iter::once(Start::genesis(params)).chain(checkpoints)
}

/// The start for a birthday: the newest for `Now` and for a time that is not past at `now` (seconds since 1970), else
/// the last one before the birthday.
pub fn start_for(params: &NetworkParams, birthday: &Birthday, now: u64) -> Start {
    let suits = |start: &Start| match *birthday {
        Birthday::Now => true,
        Birthday::Genesis => false,
        Birthday::Time(time) => time >= now || u64::from(start.time) + BIRTHDAY_MARGIN_SECS <= time,
        Birthday::Height(height) => start.height <= height,
    };
    starts(params).rev().find(suits).unwrap_or_else(|| Start::genesis(params))
}

/// The checkpoints above a height, lowest first, with or without known work: the borders of ranges that can be fetched
/// side by side.
pub fn above(params: &NetworkParams, height: u32) -> &[Checkpoint] {
    &params.checkpoints[params.checkpoints.partition_point(|checkpoint| checkpoint.height <= height)..]
}

/// The highest checkpoint at or below a height.
pub fn at_or_below(params: &NetworkParams, height: u32) -> Option<&Checkpoint> {
    let end = params.checkpoints.partition_point(|checkpoint| checkpoint.height <= height);
    params.checkpoints[..end].last()
}

/// The checkpoint at a height.
pub fn at(params: &NetworkParams, height: u32) -> Option<&Checkpoint> {
    let found = params.checkpoints.binary_search_by_key(&height, |checkpoint| checkpoint.height);
    found.ok().map(|index| &params.checkpoints[index])
}

/// Checks a header's hash against the checkpoint at its height, which is returned if there is one, and against a
/// devnet's fixed second block.
///
/// # Errors
/// [`HeaderError::CheckpointMismatch`].
pub fn verify_hash<'a>(
    params: &'a NetworkParams,
    height: u32,
    hash: &BlockHash,
) -> Result<Option<&'a Checkpoint>, HeaderError> {
    let devnet = params.devnet_genesis.as_ref().filter(|_| height == 1).map(|(_, hash)| *hash);
    let checkpoint = at(params, height);
    match devnet.or(checkpoint.map(|checkpoint| checkpoint.hash)) {
        Some(expected) if expected != *hash => {
            Err(HeaderError::CheckpointMismatch { height, expected, found: *hash })
        }
        _ => Ok(checkpoint),
    }
}

/// Checks a chain's total work against that of a checkpoint that it has reached, where it is known.
///
/// # Errors
/// [`HeaderError::CheckpointWork`].
pub fn verify_work(checkpoint: &Checkpoint, work: &Arith256) -> Result<(), HeaderError> {
    match checkpoint.chain_work {
        Some(expected) if expected != *work => {
            Err(HeaderError::CheckpointWork { height: checkpoint.height, expected, found: *work })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_starts_at_the_newest_checkpoint_with_time_and_work() {
        let params = NetworkParams::mainnet();
        let start = start_for(&params, &Birthday::Now, 1_700_000_000);
        let newest = params.checkpoints.iter().rfind(|c| c.time.is_some() && c.chain_work.is_some()).unwrap();
        assert_eq!((start.height, start.hash), (newest.height, newest.hash));
        assert_eq!(start_for(&params, &Birthday::Time(u64::MAX), 1_700_000_000), start);
    }

    #[test]
    fn a_birthday_starts_at_the_last_checkpoint_before_it() {
        let params = NetworkParams::mainnet();
        let all: Vec<_> = starts(&params).collect();
        let now = u64::from(all.last().unwrap().time) + 1_000_000;
        for pair in all.windows(2).skip(1) {
            let time = u64::from(pair[1].time);
            assert_eq!(start_for(&params, &Birthday::Time(time), now), pair[0]);
            assert_eq!(start_for(&params, &Birthday::Time(time + BIRTHDAY_MARGIN_SECS), now), pair[1]);
            assert_eq!(start_for(&params, &Birthday::Height(pair[1].height - 1), now), pair[0]);
            assert_eq!(start_for(&params, &Birthday::Height(pair[1].height), now), pair[1]);
        }
    }

    #[test]
    fn genesis_is_the_start_before_every_checkpoint_and_where_there_is_none() {
        let regtest = NetworkParams::regtest(&Default::default()).unwrap();
        assert_eq!(start_for(&regtest, &Birthday::Now, 0), Start::genesis(&regtest));
        let mainnet = NetworkParams::mainnet();
        let genesis = Start::genesis(&mainnet);
        assert_eq!(start_for(&mainnet, &Birthday::Genesis, 0), genesis);
        assert_eq!(start_for(&mainnet, &Birthday::Time(0), 1_700_000_000), genesis);
        assert_eq!(start_for(&mainnet, &Birthday::Height(1_500), 0), genesis, "its work is not known");
        assert_eq!(starts(&mainnet).next(), Some(genesis));
    }

    #[test]
    fn ranges_end_at_every_checkpoint_with_or_without_work() {
        let params = NetworkParams::testnet();
        assert_eq!(above(&params, 254)[0].height, 255);
        assert_eq!(above(&params, 255)[0].height, 261);
        assert!(above(&params, u32::MAX).is_empty());
        assert_eq!(at_or_below(&params, 260).unwrap().height, 255);
        assert_eq!(at(&params, 260), None);
    }
}
