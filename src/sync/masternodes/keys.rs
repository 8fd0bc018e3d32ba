//! Members' keys as workers decoded them, for the batches to come and over restarts.
//!
//! A masternode signs in several quorums, and each worker would decode its key for itself, once in every session. What is
//! kept here saves that time and nothing else: whoever is given a decoded key reads its own name off the point.
//! Bounded: [`MAX_KEYS`] keys, 1.2 MB.

use crate::collections::{Gather, SortedMap, sort};
use crate::masternodes::bls::{CommitmentCheck, DecodedKey};
use dash_protocol::BlsPublicKey;

/// More than twice as many as mainnet has masternodes. Beyond it all are let go of.
const MAX_KEYS: usize = 8_192;
/// Records that keys are spread over, so that a new one makes few be written again. Of all keys of mainnet's
/// masternodes each holds 20 kB.
pub(super) const SHARDS: usize = 16;

/// Decoded keys by their encoding.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    known: SortedMap<BlsPublicKey, DecodedKey>,
    /// How many there are in each shard.
    counts: [u32; SHARDS],
}

impl Keys {
    /// Those of the members of some commitments.
    pub fn of_members(&self, checks: &[CommitmentCheck]) -> Vec<DecodedKey> {
        let mut members: Vec<&BlsPublicKey> = checks.iter().flat_map(|check| &check.member_keys).gather();
        sort(&mut members);
        members.dedup();
        members.into_iter().filter_map(|key| self.known.get(key).copied()).gather()
    }

    /// Takes what was decoded; what is no point is passed over.
    pub fn learn(&mut self, decoded: &[DecodedKey]) {
        for point in decoded {
            let Some(key) = point.key() else { continue };
            if self.known.len() >= MAX_KEYS && !self.known.contains_key(&key) {
                *self = Self::default();
            }
            if self.known.insert(key, *point).is_none() {
                self.counts[shard(&key)] += 1;
            }
        }
    }

    /// How many there are in each shard. Keys are only added, so that another number means another content.
    pub fn counts(&self) -> &[u32; SHARDS] {
        &self.counts
    }

    /// The keys of a shard, joined.
    pub fn encode(&self, of: usize) -> Vec<u8> {
        let mine = self.known.iter().filter(|(key, _)| shard(key) == of);
        mine.flat_map(|(_, point)| *point.as_bytes()).gather()
    }

    /// Takes the keys of a shard as they were written; none for bytes that were not.
    pub fn decode(&mut self, bytes: &[u8]) -> Option<()> {
        let (points, rest) = bytes.as_chunks::<{ DecodedKey::LEN }>();
        let points: Vec<DecodedKey> = points.iter().copied().map(DecodedKey::from_bytes).gather();
        let whole = rest.is_empty() && points.iter().all(|point| point.key().is_some());
        whole.then(|| self.learn(&points))
    }
}

/// By bits of x: as good as chance.
fn shard(key: &BlsPublicKey) -> usize {
    usize::from(key.as_bytes()[BlsPublicKey::LEN - 1]) % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masternodes::bls::testing::{commitment, decoded_members};

    #[test]
    fn keys_are_kept_by_shards_and_read_back() {
        let check = commitment(40);
        let mut keys = Keys::default();
        assert!(keys.of_members(std::slice::from_ref(&check)).is_empty());
        let decoded = decoded_members(&check);
        keys.learn(&decoded);
        keys.learn(&decoded);
        assert_eq!(keys.counts().iter().sum::<u32>(), 40);
        let mut again = Keys::default();
        for shard in 0..SHARDS {
            again.decode(&keys.encode(shard)).unwrap();
        }
        assert_eq!(again.counts(), keys.counts());
        assert_eq!(again.of_members(&[check]), decoded);
    }

    #[test]
    fn bytes_that_are_no_keys_are_none() {
        let point = *decoded_members(&commitment(1))[0].as_bytes();
        let mut keys = Keys::default();
        assert_eq!(keys.decode(&point[1..]), None);
        assert_eq!(keys.decode(&[point, [7; DecodedKey::LEN]].concat()), None);
        assert_eq!(keys.counts(), &[0; SHARDS]);
    }
}
