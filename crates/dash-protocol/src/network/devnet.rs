//! A devnet's own first block: at height 1, and made from the devnet's name alone (Dash Core `chainparams.cpp`,
//! `CreateDevNetGenesisBlock`, `FindDevNetGenesisBlock`).

use crate::encode::put_var_bytes;
use crate::hash::{BlockHash, MerkleRoot, sha256d};
use crate::header::{CompactTarget, Header};

/// Every second hash meets the target: that none of this many does has a chance of 2^-256.
const MAX_NONCE: u32 = 256;

/// 50 DASH in duffs.
const REWARD: u64 = 50 * 100_000_000;

/// The block of the devnet `full_name` (`devnet-NAME`, at most 75 bytes), with the smallest nonce that meets the
/// target; `None` if the hash function never meets it.
pub(super) fn genesis(
    full_name: &str,
    parent: BlockHash,
    parent_time: u32,
    bits: CompactTarget,
    hash: impl Fn(&[u8; Header::LEN]) -> BlockHash,
) -> Option<(Header, BlockHash)> {
    let mut header = Header {
        version: 4,
        prev_block_hash: parent,
        merkle_root: MerkleRoot::from_bytes(sha256d(&coinbase(full_name))),
        time: parent_time + 1,
        bits,
        nonce: 0,
    };
    (0..MAX_NONCE).find_map(|nonce| {
        header.nonce = nonce;
        let hash = hash(&header.to_bytes());
        // The target is 2^255 - 1: the top bit of the top byte has to be clear.
        (hash.as_bytes()[31] < 0x80).then_some((header, hash))
    })
}

/// The block's one transaction.
fn coinbase(full_name: &str) -> Vec<u8> {
    /// Pushes the number one.
    const OP_1: u8 = 0x51;
    /// Makes an output unspendable.
    const OP_RETURN: u8 = 0x6a;
    let mut script = vec![OP_1];
    // A push of at most 75 bytes has the form of a short byte vector.
    put_var_bytes(&mut script, full_name.as_bytes());

    let mut tx = Vec::with_capacity(70 + script.len());
    tx.extend_from_slice(&1_u32.to_le_bytes());
    tx.push(1);
    tx.extend_from_slice(&[0; 32]);
    tx.extend_from_slice(&u32::MAX.to_le_bytes());
    put_var_bytes(&mut tx, &script);
    tx.extend_from_slice(&u32::MAX.to_le_bytes());
    tx.push(1);
    tx.extend_from_slice(&REWARD.to_le_bytes());
    put_var_bytes(&mut tx, &[OP_RETURN]);
    tx.extend_from_slice(&0_u32.to_le_bytes());
    tx
}
