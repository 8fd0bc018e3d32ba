use super::*;
use crate::chain::testing::{Miner, NOW, devnet, fresh, offered, regtest, with_checkpoint};
use crate::chain::{Outcome, pow};
use dash_protocol::CompactTarget;

/// A chain of 60, and what its next header is refused for when altered.
fn refused(alter: impl Fn(&mut Header)) -> Option<HeaderError> {
    let mut miner = Miner::new(&devnet());
    miner.mine(60);
    let (header, hash) = miner.candidate(alter);
    miner.rules.check(&miner.context, &header, &hash, NOW).err()
}

#[test]
fn a_header_that_breaks_no_rule_is_taken() {
    assert_eq!(refused(|_| {}), None);
}

#[test]
fn targets_out_of_range_are_refused() {
    for bits in [0, 0x2080_0001, 0x2180_0000, 0x2100_ffff, 0x2001_0000 | 0x0080_0000, 0xff7f_ffff] {
        let error = refused(|header| header.bits = CompactTarget::from_bits(bits));
        assert!(
            matches!(error, Some(HeaderError::BadTarget { bits: found, .. }) if found == bits),
            "{bits:08x}"
        );
    }
}

#[test]
fn a_hash_above_the_target_is_refused() {
    let mut miner = Miner::new(&regtest());
    miner.mine(5);
    let (mut header, mut hash) = miner.candidate(|_| {});
    while miner.rules.limit().is_met_by(&hash) {
        header.nonce += 1;
        hash = pow::x11(&header.to_bytes());
    }
    let error = miner.rules.check(&miner.context, &header, &hash, NOW).unwrap_err();
    assert!(matches!(error, HeaderError::BadProofOfWork { .. }) && error.is_malicious());
}

#[test]
fn bits_that_difficulty_does_not_demand_are_refused_even_when_harder() {
    for bits in [0x207f_ffff, 0x2000_ffff, 0x1f7f_ffff] {
        let error = refused(|header| header.bits = CompactTarget::from_bits(bits));
        assert!(matches!(error, Some(HeaderError::WrongBits { found, .. }) if found == bits), "{error:?}");
    }
}

#[test]
fn times_are_above_the_median_and_at_most_two_hours_ahead() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    miner.mine(20);
    let median = miner.chain[15].header.time;
    assert_eq!(miner.context.median_time_past(), median);
    let check = |time: u32, now: u64| {
        let (header, hash) = miner.candidate(|header| header.time = time);
        miner.rules.check(&miner.context, &header, &hash, now)
    };
    let error = check(median, NOW).unwrap_err();
    assert_eq!(error, HeaderError::TimeTooOld { height: 21, time: median, median });
    assert_eq!(check(median + 1, NOW), Ok(()));
    let time = miner.tip().header.time + 10;
    assert_eq!(check(time, u64::from(time) - 7_200), Ok(()));
    let error = check(time, u64::from(time) - 7_201).unwrap_err();
    assert_eq!(error, HeaderError::TimeTooNew { height: 21, time, latest: u64::from(time) - 1 });
    assert_eq!(error.severity(), Severity::Suspicious, "our clock may be wrong");
}

#[test]
fn versions_rise_with_the_three_old_upgrades_and_are_signed() {
    let rules = Rules::new(Arc::new(NetworkParams::mainnet()));
    let least: Vec<_> =
        [0, 950, 951, 245_816, 245_817, 619_381, 619_382].map(|height| rules.least_version(height)).into();
    assert_eq!(least, [i32::MIN, i32::MIN, 2, 2, 3, 3, 4]);
    for version in [3, 1, 0, -1, i32::MIN] {
        let error = refused(|header| header.version = version);
        assert!(matches!(error, Some(HeaderError::BadVersion { least: 4, .. })), "{version}");
    }
    assert_eq!(refused(|header| header.version = i32::MAX), None);
}

#[test]
fn a_checkpoint_is_met_by_hash_and_by_work() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    let honest = miner.mine(40);
    let with = with_checkpoint(&params, &honest[30], true);
    let mut chain = fresh(&with);
    assert_eq!(chain.accept(&offered(&honest[1..]), NOW).error, None);

    let mut liar = miner.fork(20, 9);
    let lie = liar.mine(20);
    let mut chain = fresh(&with);
    let accepted = chain.accept(&offered(&lie[1..]), NOW);
    assert_eq!(accepted.outcome, Outcome::Extended { from: 1, count: 29 });
    let (index, error) = accepted.error.unwrap();
    let (expected, found) = (honest[30].hash, lie[30].hash);
    assert_eq!((index, &error), (29, &HeaderError::CheckpointMismatch { height: 30, expected, found }));
    assert!(error.is_malicious());

    let mut wrong = (*with).clone();
    wrong.checkpoints[0].chain_work = Some(Arith256::ONE);
    let mut chain = fresh(&Arc::new(wrong));
    let accepted = chain.accept(&offered(&honest[1..]), NOW);
    assert!(matches!(accepted.error, Some((29, HeaderError::CheckpointWork { height: 30, .. }))));
}

#[test]
fn a_devnets_second_block_is_fixed() {
    let params = devnet();
    let rules = Rules::new(params.clone());
    let context = Context::genesis(&rules);
    let (header, hash) = params.devnet_genesis.unwrap();
    assert_eq!(rules.check(&context, &header, &hash, NOW), Ok(()));
    let mut other = header;
    let hash = loop {
        other.nonce += 1;
        let hash = pow::x11(&other.to_bytes());
        if rules.limit().is_met_by(&hash) {
            break hash;
        }
    };
    let error = rules.check(&context, &other, &hash, NOW).unwrap_err();
    assert!(matches!(error, HeaderError::CheckpointMismatch { height: 1, .. }));
}
