use super::*;
use crate::world::{devnet, regtest};
use dash_spv_wasm::chain::pow::x11;
use dash_spv_wasm::chain::{Entry, HeaderChain, HeaderError};

/// The client's chain at genesis.
fn client(params: &Arc<NetworkParams>) -> HeaderChain {
    let start = Entry {
        header: params.genesis,
        hash: params.genesis_hash,
        height: 0,
        work: Compact::new(params.genesis.bits.to_bits()).block_proof(),
    };
    HeaderChain::from_start(Arc::clone(params), start, &[]).unwrap()
}

fn pairs(chain: &SimChain, heights: Range<usize>) -> Vec<(Header, BlockHash)> {
    let headers = chain.headers()[heights.clone()].iter().copied();
    headers.zip(chain.hashes()[heights].iter().copied()).collect()
}

fn now() -> u64 {
    u64::from(EPOCH)
}

fn assert_accepted(chain: &SimChain) {
    let mut client = client(chain.params());
    for from in (1..chain.headers().len()).step_by(2_000) {
        let to = chain.headers().len().min(from + 2_000);
        let accepted = client.accept(&pairs(chain, from..to), now());
        assert_eq!(accepted.error, None);
        client.trim();
    }
    assert_eq!(client.tip().hash, chain.tip_hash());
    assert_eq!(client.tip().work, chain.work_at(chain.height()));
}

#[test]
fn the_client_accepts_a_regtest_chain() {
    let chain = SimChain::shared(&regtest(), 1, 2_500);
    assert_accepted(&chain);
    for (header, hash) in pairs(&chain, 0..50) {
        assert_eq!(x11(&header.to_bytes()), hash);
    }
}

#[test]
fn the_client_accepts_a_devnet_chain_whose_difficulty_moves() {
    let chain = SimChain::shared(&devnet(), 1, 4_600);
    assert_accepted(&chain);
    let gravity = &chain.headers()[4_002..];
    let bits: std::collections::BTreeSet<u32> = gravity.iter().map(|header| header.bits.to_bits()).collect();
    assert!(bits.len() > 15, "only {} different targets", bits.len());
    let hardest = gravity.iter().map(|header| target(header.bits)).min().unwrap();
    assert!(hardest.bits() > 240, "mining got expensive: {} bits", hardest.bits());
}

#[test]
fn the_client_accepts_the_daily_rule_and_late_blocks_of_a_devnet() {
    let mut params = NetworkParams::clone(&devnet());
    params.minimum_difficulty_blocks = 20;
    params.kgw_height = 600;
    params.dgw_height = 600;
    let chain = SimChain::build(Arc::new(params), 3, 900);
    assert_accepted(&chain);
    let gaps = chain.headers()[600..].windows(2).map(|pair| pair[1].time - pair[0].time);
    assert!(gaps.filter(|&gap| gap > 600).count() > 2, "the rules for late blocks were not met");
}

#[test]
fn the_same_seed_gives_the_same_chain_and_another_seed_another() {
    let chain = SimChain::build(regtest(), 7, 60);
    assert_eq!(chain.headers(), SimChain::build(regtest(), 7, 60).headers());
    assert_ne!(chain.tip_hash(), SimChain::build(regtest(), 8, 60).tip_hash());
}

#[test]
fn a_chain_ends_at_its_end_whatever_its_length() {
    for height in [1, 10, 2_500] {
        let tip = *SimChain::shared(&regtest(), 1, height).tip();
        assert!(tip.time <= EPOCH && tip.time > EPOCH - 300);
    }
    assert!(SimChain::shared(&devnet(), 1, 4_600).tip().time <= EPOCH);
}

#[test]
fn forks_and_reorganisations_are_valid_and_their_own() {
    let chain = SimChain::shared(&regtest(), 1, 300);
    let fork = chain.fork(280, 30, 5);
    assert_accepted(&fork);
    assert_eq!(fork.hash_at(280), chain.hash_at(280));
    assert_ne!(fork.hash_at(281), chain.hash_at(281));
    assert_ne!(fork.hash_at(281), chain.fork(280, 30, 6).hash_at(281));
    let mut other = SimChain::clone(&chain);
    other.reorganize(3, 5, EPOCH);
    assert_accepted(&other);
    assert_eq!(other.height(), 302);
    assert_eq!(other.height_of(&chain.tip_hash()), None);
    assert_eq!(other.hash_at(297), chain.hash_at(297));
}

#[test]
fn locators_are_answered_as_a_node_answers_them() {
    let chain = SimChain::shared(&regtest(), 1, 300);
    let hash = |height| chain.hash_at(height).unwrap();
    let unknown = BlockHash::from_bytes([9; 32]);
    assert_eq!(chain.locate(&[hash(0)], &BlockHash::ZERO, 100), 1..101);
    assert_eq!(chain.locate(&[unknown, hash(250), hash(0)], &BlockHash::ZERO, 100), 251..301);
    assert_eq!(chain.locate(&[hash(250)], &hash(260), 100), 251..261);
    assert_eq!(chain.locate(&[unknown], &BlockHash::ZERO, 10), 1..11);
    assert_eq!(chain.locate(&[], &hash(42), 10), 42..43);
    assert!(chain.locate(&[], &unknown, 10).is_empty());
    assert!(chain.locate(&[hash(300)], &BlockHash::ZERO, 10).is_empty());
}

#[test]
fn each_flaw_is_refused_for_what_it_is() {
    let chain = SimChain::shared(&regtest(), 1, 300);
    let mut rng = Rng::new(3);
    for flaw in Flaw::ALL {
        for height in [5, 300] {
            let (header, hash) = chain.flawed(height, flaw, EPOCH, &mut rng);
            assert_eq!(x11(&header.to_bytes()), hash);
            let mut client = client(chain.params());
            let mut run = pairs(&chain, 1..height as usize + 1);
            run.push((header, hash));
            let accepted = client.accept(&run, now());
            let (index, error) = accepted.error.unwrap_or_else(|| panic!("{flaw:?} was accepted"));
            assert_eq!(index, height as usize);
            assert_eq!(client.tip().height, height);
            let named = match flaw {
                Flaw::ProofOfWork => matches!(error, HeaderError::BadProofOfWork { .. }),
                Flaw::TargetAboveLimit | Flaw::NegativeTarget | Flaw::ZeroTarget => {
                    matches!(error, HeaderError::BadTarget { .. } | HeaderError::WrongBits { .. })
                }
                Flaw::WrongBits => matches!(error, HeaderError::WrongBits { .. }),
                Flaw::TimeTooOld => matches!(error, HeaderError::TimeTooOld { .. }),
                Flaw::TimeTooNew => matches!(error, HeaderError::TimeTooNew { .. }),
                Flaw::VersionTooLow => matches!(error, HeaderError::BadVersion { .. }),
                Flaw::Unlinked => matches!(error, HeaderError::NotLinked { .. }),
            };
            assert!(named, "{flaw:?} was refused as {error:?}");
        }
    }
}
