use super::*;
use crate::chain::testing::{Miner, devnet, regtest};
use dash_num::Arith256;
use dash_protocol::{BlockHash, CompactTarget, Header, MerkleRoot, NetworkParams};
use std::sync::Arc;

/// Protocol reference, DarkGravityWave vector: 24 blocks, oldest first.
const PAST: [(u32, u32); 24] = [
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

fn required(params: NetworkParams, height: u32, past: &[(u32, u32)], time: u32) -> Required {
    let rules = Rules::new(Arc::new(params));
    let headers: Vec<_> = past.iter().map(|&(time, bits)| header(time, bits)).collect();
    rules.required_bits(&Context::new(&rules, height, &headers).unwrap(), time)
}

#[test]
fn dark_gravity_wave_agrees_with_the_reference_vector() {
    let next = PAST[23].0 + 150;
    assert_eq!(required(NetworkParams::mainnet(), 123_456, &PAST, next), Required::Exactly(0x1b14_41de));
    let devnet = || NetworkParams::devnet("test", &Default::default(), crate::chain::pow::x11).unwrap();
    assert_eq!(required(devnet(), 123_456, &PAST, 1_408_733_089), Required::Exactly(0x1b14_41de));
    assert_eq!(required(devnet(), 123_456, &PAST, 1_408_733_090), Required::Exactly(0x1c00_c8f8));
    assert_eq!(required(devnet(), 123_456, &PAST, 1_408_739_689), Required::Exactly(0x1c00_c8f8));
    assert_eq!(required(devnet(), 123_456, &PAST, 1_408_739_690), Required::Exactly(0x207f_ffff));
}

/// DarkGravityWave as the reference words it, by dash-num alone.
fn plain_dgw(past: &[(u32, u32)], limit: Arith256) -> u32 {
    let target = |bits| dash_num::CompactTarget::new(bits).expand().value;
    let mut folded = Arith256::default();
    for (i, (_, bits)) in past.iter().rev().enumerate() {
        let n = i as u32 + 1;
        folded = if n == 1 { target(*bits) } else { (folded * n + target(*bits)) / u64::from(n + 1) };
    }
    let span = (i64::from(past[23].0) - i64::from(past[0].0)).clamp(1_200, 10_800);
    let new = folded * span as u32 / 3_600_u64;
    Target::from_arith(&new.min(limit)).to_bits()
}

#[test]
fn targets_near_two_to_the_255_wrap_around_as_in_dash_core() {
    let params = NetworkParams::devnet("test", &Default::default(), crate::chain::pow::x11).unwrap();
    let mut random = crate::chain::testing::Random::new(3);
    let mut wrapped = 0;
    for _ in 0..300 {
        let mut time = 1_500_000_000_u32;
        let past: Vec<_> = (0..24)
            .map(|_| {
                time = time.wrapping_add(random.below(500) as u32).wrapping_sub(100);
                let size = [0x1b, 0x1e, 0x1f, 0x20][random.below(4) as usize];
                (time, (size << 24) | (random.below(0x7f_0000) as u32 + 0xffff))
            })
            .collect();
        let limit = params.pow_limit;
        let expected = plain_dgw(&past, limit);
        wrapped += u32::from(past.iter().filter(|(_, bits)| bits >> 24 == 0x20).count() > 3);
        assert_eq!(required(params.clone(), 5_000, &past, time), Required::Exactly(expected));
    }
    assert!(wrapped > 100, "the cases must reach targets that wrap");
}

#[test]
fn mainnet_below_dark_gravity_wave_is_not_computed_and_soon_after_tolerated() {
    let next = PAST[23].0 + 150;
    assert_eq!(required(NetworkParams::mainnet(), 34_138, &PAST, next), Required::NotComputed);
    assert_eq!(required(NetworkParams::mainnet(), 34_139, &PAST, next), Required::Near(0x1b14_41de));
    assert_eq!(required(NetworkParams::mainnet(), 68_588, &PAST, next), Required::Near(0x1b14_41de));
    assert_eq!(required(NetworkParams::mainnet(), 68_589, &PAST, next), Required::Exactly(0x1b14_41de));
}

#[test]
fn the_tolerance_is_half_of_the_headers_own_difficulty() {
    let near = Required::Near(0x1b10_0000);
    assert!(near.allows(0x1b10_0000));
    assert!(near.allows(0x1b08_0000), "twice the difficulty");
    assert!(!near.allows(0x1b07_ffff));
    assert!(near.allows(0x1b18_0000), "two thirds of the difficulty");
    assert!(!near.allows(0x1b18_0001));
    assert!((difficulty(0x1d00_ffff) - 1.0).abs() < f64::EPSILON);
    assert!((difficulty(0x1b00_ffff) - 65_536.0).abs() < f64::EPSILON);
}

#[test]
fn regtest_has_the_easiest_target_for_ever() {
    let rules = Rules::new(regtest());
    let context = Context::genesis(&rules);
    assert_eq!(rules.required_bits(&context, 0), Required::Exactly(0x207f_ffff));
    for height in [4_000, 15_199, 34_139, 1_000_000] {
        let past = [header(1, 0x207f_ffff); 36];
        let context = Context::new(&rules, height, &past).unwrap();
        assert_eq!(rules.required_bits(&context, u32::MAX), Required::Exactly(0x207f_ffff));
    }
}

fn testnet_day(bits: impl Fn(u32) -> u32) -> Vec<(u32, u32)> {
    (0..576).map(|height| (1_390_666_206 + 100 * height, bits(height))).collect()
}

#[test]
fn testnets_first_blocks_retarget_once_a_day() {
    let past = testnet_day(|_| 0x1e0f_fff0);
    let last = past[575].0;
    // 575 spacings of 100 seconds, out of 86,400 seconds.
    let target = Target::from_bits(0x1e0f_fff0).unwrap();
    let expected = target.mul_small(57_500).div_rem_small(86_400).0.to_bits();
    assert_eq!(required(NetworkParams::testnet(), 575, &past, last + 100), Required::Exactly(expected));
    assert_eq!(required(NetworkParams::testnet(), 1_151, &past, last + 900), Required::Exactly(expected));
    let fast: Vec<_> = past.iter().map(|(time, bits)| (time / 100, *bits)).collect();
    let least = target.mul_small(21_600).div_rem_small(86_400).0.to_bits();
    assert_eq!(required(NetworkParams::testnet(), 575, &fast, last), Required::Exactly(least));
    let slow: Vec<_> = past.iter().zip(0..).map(|((_, bits), i)| (1_000_000 + 700 * i, *bits)).collect();
    assert_eq!(
        required(NetworkParams::testnet(), 575, &slow, last),
        Required::Exactly(0x1e0f_ffff),
        "capped"
    );
}

#[test]
fn testnets_first_blocks_may_be_easy_when_late_and_then_return() {
    let past = testnet_day(|height| if height < 570 { 0x1d12_3456 } else { 0x1e0f_ffff });
    let last = past[575].0;
    for height in [1_000, 600] {
        let late = required(NetworkParams::testnet(), height, &past, last + 301);
        assert_eq!(late, Required::Exactly(0x1e0f_ffff));
        let back = required(NetworkParams::testnet(), height, &past, last + 300);
        assert_eq!(back, Required::Exactly(0x1d12_3456));
    }
    // Five above the interval's start, the way back ends there, though that block is easy, too.
    let at_start = required(NetworkParams::testnet(), 1_152 + 5, &past, last + 300);
    assert_eq!(at_start, Required::Exactly(0x1e0f_ffff));
    let short = testnet_day(|_| 0x1e0f_ffff);
    let genesis_reached = required(NetworkParams::testnet(), 3, &short[..4], last);
    assert_eq!(genesis_reached, Required::Exactly(0x1e0f_ffff));
}

#[test]
fn the_daily_rule_looks_back_576_headers_and_no_further() {
    let rules = Rules::new(Arc::new(NetworkParams::testnet()));
    assert_eq!(Context::needed(&rules, 4_000), 576);
    assert_eq!(Context::needed(&rules, 4_001), 24);
    assert_eq!(Context::needed(&rules, 10), 11);
    let mainnet = Rules::new(Arc::new(NetworkParams::mainnet()));
    assert_eq!(Context::needed(&mainnet, 4_000), 24);
    assert_eq!(Context::needed(&Rules::new(regtest()), 4_000), 24);
}

#[test]
fn a_devnet_can_keep_its_first_blocks_at_the_easiest_target() {
    let mut params = (*devnet()).clone();
    params.minimum_difficulty_blocks = 200;
    let past: Vec<_> = PAST.iter().cycle().take(24).copied().collect();
    assert_eq!(required(params.clone(), 199, &past, 0), Required::Exactly(0x207f_ffff));
    assert_ne!(required(params, 200, &past, 0), Required::Exactly(0x207f_ffff));
}

#[test]
fn mined_devnet_chains_move_their_difficulty() {
    let params = devnet();
    let mut miner = Miner::new(&params);
    miner.spacing = 120;
    let chain = miner.mine(120);
    let mut bits: Vec<_> = chain.iter().map(|entry| entry.header.bits.to_bits()).collect();
    bits.sort_unstable();
    bits.dedup();
    assert!(bits.len() > 20, "{} different targets", bits.len());
}
