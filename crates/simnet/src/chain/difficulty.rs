//! The bits that the next block must have (`pow.cpp` of Dash Core; protocol reference §4.4), for networks that have no
//! Kimoto Gravity Well heights of their own: regtest and devnets.

use dash_num::{Arith256, CompactTarget as Compact};
use dash_protocol::{CompactTarget, Header, NetworkParams};

const SPACING: u32 = 150;
const DAY: u32 = 86_400;
const DAY_BLOCKS: usize = (DAY / SPACING) as usize;
const DGW_BLOCKS: usize = 24;

/// The expanded target of valid bits.
pub fn target(bits: CompactTarget) -> Arith256 {
    Compact::new(bits.to_bits()).expand().value
}

/// The compact form: three bytes from the highest set one on, shifted by one where they would look negative.
fn compact(target: Arith256) -> CompactTarget {
    let mut size = target.bits().div_ceil(8);
    let mut word = if size <= 3 {
        target.low_u32() << (8 * (3 - size))
    } else {
        target.wrapping_shr(8 * (size - 3)).low_u32()
    };
    if word & 0x0080_0000 != 0 {
        word >>= 8;
        size += 1;
    }
    CompactTarget::from_bits(size << 24 | word)
}

/// The bits of a block with time `time` on top of `chain`, which starts at genesis.
///
/// # Panics
/// For an empty chain, and for heights of the Kimoto Gravity Well, which only mainnet has.
pub fn required(params: &NetworkParams, chain: &[Header], time: u32) -> CompactTarget {
    let height = chain.len();
    let last = &chain[height - 1];
    let limit = params.pow_limit_bits;
    let gap = i64::from(time) - i64::from(last.time);
    if height <= params.minimum_difficulty_blocks as usize {
        return limit;
    }
    if height < params.kgw_height as usize {
        return daily(params, chain, gap);
    }
    if params.no_retargeting {
        return limit;
    }
    if params.allow_min_difficulty {
        if gap > 7_200 {
            return limit;
        }
        if gap > 600 {
            let easier = target(last.bits).wrapping_mul(Arith256::from_u64(10));
            return compact(easier.min(params.pow_limit));
        }
    }
    assert!(height >= params.dgw_height as usize, "the Kimoto Gravity Well is not simulated");
    gravity(params, chain)
}

/// The rule of Bitcoin with an interval of a day.
fn daily(params: &NetworkParams, chain: &[Header], gap: i64) -> CompactTarget {
    let height = chain.len();
    let last = &chain[height - 1];
    let limit = params.pow_limit_bits;
    if !height.is_multiple_of(DAY_BLOCKS) {
        if !params.allow_min_difficulty {
            return last.bits;
        }
        if gap > i64::from(2 * SPACING) {
            return limit;
        }
        let mut at = height - 1;
        while at > 0 && !at.is_multiple_of(DAY_BLOCKS) && chain[at].bits == limit {
            at -= 1;
        }
        return chain[at].bits;
    }
    if params.no_retargeting {
        return last.bits;
    }
    let span = last.time.saturating_sub(chain[height - DAY_BLOCKS].time).clamp(DAY / 4, DAY * 4);
    let new = target(last.bits).wrapping_mul(Arith256::from_u64(u64::from(span)))
        / Arith256::from_u64(u64::from(DAY));
    compact(new.min(params.pow_limit))
}

/// Dark Gravity Wave v3, wrapping modulo 2^256 as Core's arithmetic does.
fn gravity(params: &NetworkParams, chain: &[Header]) -> CompactTarget {
    let height = chain.len();
    if height - 1 < DGW_BLOCKS {
        return params.pow_limit_bits;
    }
    let window = &chain[height - DGW_BLOCKS..];
    let mut average = target(window[DGW_BLOCKS - 1].bits);
    for (n, header) in (2u64..).zip(window.iter().rev().skip(1)) {
        average = average.wrapping_mul(Arith256::from_u64(n)).wrapping_add(target(header.bits))
            / Arith256::from_u64(n + 1);
    }
    let ideal = i64::from(SPACING) * DGW_BLOCKS as i64;
    let span = i64::from(window[DGW_BLOCKS - 1].time) - i64::from(window[0].time);
    let span = span.clamp(ideal / 3, ideal * 3).unsigned_abs();
    let new = average.wrapping_mul(Arith256::from_u64(span)) / Arith256::from_u64(ideal.unsigned_abs());
    compact(new.min(params.pow_limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_protocol::{BlockHash, MerkleRoot};

    fn header(time: u32, bits: u32) -> Header {
        Header {
            version: 4,
            prev_block_hash: BlockHash::ZERO,
            merkle_root: MerkleRoot::ZERO,
            time,
            bits: CompactTarget::from_bits(bits),
            nonce: 0,
        }
    }

    /// The 24 blocks of the protocol reference §4.4.
    const WINDOW: [(u32, u32); 24] = [
        (1408728124, 0x1b104be1),
        (1408728332, 0x1b10e09e),
        (1408728479, 0x1b11a33c),
        (1408728495, 0x1b121cf3),
        (1408728608, 0x1b11951e),
        (1408728744, 0x1b11abac),
        (1408728756, 0x1b118d9c),
        (1408728950, 0x1b1123f9),
        (1408729116, 0x1b1141bf),
        (1408729179, 0x1b110764),
        (1408729305, 0x1b107556),
        (1408729474, 0x1b104297),
        (1408729576, 0x1b1063d0),
        (1408729587, 0x1b10e878),
        (1408729647, 0x1b0dfaff),
        (1408729678, 0x1b0c9ab8),
        (1408730179, 0x1b0c03d6),
        (1408730862, 0x1b0dd168),
        (1408730914, 0x1b10b864),
        (1408731242, 0x1b0fed89),
        (1408731256, 0x1b113ff1),
        (1408732229, 0x1b10460b),
        (1408732257, 0x1b13b83f),
        (1408732489, 0x1b1418d4),
    ];

    fn devnet_window() -> (NetworkParams, Vec<Header>) {
        let mut params = NetworkParams::regtest(&Default::default()).unwrap();
        params.no_retargeting = false;
        params.kgw_height = 1;
        params.dgw_height = 1;
        let mut chain = vec![header(1, 0x207fffff); 8];
        chain.extend(WINDOW.iter().map(|&(time, bits)| header(time, bits)));
        (params, chain)
    }

    #[test]
    fn dark_gravity_wave_gives_what_the_reference_gives() {
        let (params, chain) = devnet_window();
        assert_eq!(required(&params, &chain, 1408732489 + 150).to_bits(), 0x1b1441de);
    }

    #[test]
    fn late_blocks_of_test_networks_are_easy() {
        let (params, chain) = devnet_window();
        assert_eq!(required(&params, &chain, 1408733090).to_bits(), 0x1c00c8f8);
        assert_eq!(required(&params, &chain, 1408739690).to_bits(), 0x207fffff);
    }
}
