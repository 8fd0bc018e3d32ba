//! The rules of headers against real data: X11, links, difficulty, times and work of 5,000 headers each of mainnet and
//! testnet, checkpoints, single headers, and what becomes of a header of which one bit is changed.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod vectors;

use dash_num::Arith256;
use dash_protocol::{BlockHash, CompactTarget, Header, MerkleRoot, NetworkParams};
use dash_spv_wasm::chain::work::work_of;
use dash_spv_wasm::chain::{Context, Entry, HeaderChain, HeaderError, Outcome, Required, Rules, pow};
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Well after the last header of the files.
const NOW: u64 = 1_800_000_000;

/// Ancestors given to a start: DarkGravityWave sees 24 headers.
const ANCESTORS: usize = 23;

fn json(folder: &Path, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn hash(value: &Value, key: &str) -> BlockHash {
    text(value, key).parse().unwrap()
}

fn number(value: &Value, key: &str) -> u32 {
    value[key].as_u64().unwrap().try_into().unwrap()
}

fn work(value: &Value, key: &str) -> Arith256 {
    Arith256::from_u128(u128::from_str_radix(text(value, key), 16).unwrap())
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    assert_eq!(hex.len(), 2 * N);
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
}

fn params(network: &str) -> Arc<NetworkParams> {
    Arc::new(match network {
        "mainnet" => NetworkParams::mainnet(),
        "testnet" => NetworkParams::testnet(),
        other => panic!("unknown network {other}"),
    })
}

/// One of the files of 5,000 headers, hashed.
struct Run {
    params: Arc<NetworkParams>,
    entries: Vec<Entry>,
    first_work: Arith256,
    last_work: Arith256,
}

impl Run {
    /// A chain that starts where difficulty can first be computed.
    fn chain(&self) -> HeaderChain {
        chain_before(self, ANCESTORS + 1)
    }

    fn offered(&self, from: usize, to: usize) -> Vec<(Header, BlockHash)> {
        self.entries[from..to].iter().map(|entry| (entry.header, entry.hash)).collect()
    }
}

/// Both files; hashed once for all tests.
fn runs(folder: &Path) -> &'static [Run] {
    static RUNS: OnceLock<Vec<Run>> = OnceLock::new();
    RUNS.get_or_init(|| {
        let index = json(folder, "index.json");
        index.as_array().unwrap().iter().map(|row| read_run(folder, row)).collect()
    })
}

fn read_run(folder: &Path, row: &Value) -> Run {
    let raw = std::fs::read(folder.join(text(row, "file"))).unwrap();
    let (first_height, last_height) = (number(row, "first_height"), number(row, "last_height"));
    let first_work = work(row, "first_chainwork");
    let mut total = first_work;
    let mut entries: Vec<Entry> = Vec::new();
    let hashes = pow::x11_batch(&raw);
    for ((raw, hash), height) in raw.as_chunks::<80>().0.iter().zip(hashes).zip(first_height..) {
        let header = Header::from_bytes(raw);
        if !entries.is_empty() {
            total += work_of(header.bits.to_bits());
        }
        entries.push(Entry { header, hash, height, work: total });
    }
    assert_eq!(entries.len(), 5_000);
    assert_eq!(entries[0].hash, hash(row, "first_hash"));
    assert_eq!(entries[4_999].hash, hash(row, "last_hash"));
    assert_eq!(entries[4_999].height, last_height);
    Run { params: params(text(row, "network")), entries, first_work, last_work: work(row, "last_chainwork") }
}

#[test]
fn x11_equals_the_reference_implementation() {
    let folder = need_vectors!("x11_equals_the_reference_implementation", "headers");
    let vectors = json(&folder, "x11.json");
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 67);
    let mut joined = Vec::new();
    let mut expected = Vec::new();
    for vector in vectors {
        let input: [u8; 80] = bytes(text(vector, "input"));
        let hash = BlockHash::from_bytes(bytes(text(vector, "x11")));
        assert_eq!(pow::x11(&input), hash);
        joined.extend_from_slice(&input);
        expected.push(hash);
    }
    assert_eq!(pow::x11_batch(&joined), expected);
}

#[test]
fn x11_links_both_files_of_headers() {
    let folder = need_vectors!("x11_links_both_files_of_headers", "headers");
    for run in runs(&folder) {
        for pair in run.entries.windows(2) {
            assert_eq!(pair[1].header.prev_block_hash, pair[0].hash, "height {}", pair[1].height);
        }
    }
}

#[test]
fn difficulty_times_and_work_hold_from_the_25th_header_on() {
    let folder = need_vectors!("difficulty_times_and_work_hold_from_the_25th_header_on", "headers");
    for run in runs(&folder) {
        let mut chain = run.chain();
        for from in (ANCESTORS + 1..5_000).step_by(1_900) {
            let to = 5_000.min(from + 1_900);
            let accepted = chain.accept(&run.offered(from, to), NOW);
            assert_eq!(accepted.error, None);
            let (height, count) = (run.entries[from].height, (to - from) as u32);
            assert_eq!(accepted.outcome, Outcome::Extended { from: height, count });
        }
        assert_eq!(chain.tip(), &run.entries[4_999]);
        assert_eq!(chain.at(run.entries[0].height).unwrap().work, run.first_work);
        assert_eq!(chain.tip().work, run.last_work);
    }
}

#[test]
fn bits_are_exact_at_every_single_header() {
    let folder = need_vectors!("bits_are_exact_at_every_single_header", "headers");
    for run in runs(&folder) {
        let rules = Rules::new(run.params.clone());
        let start = &run.entries[..=ANCESTORS];
        let height = run.entries[ANCESTORS].height;
        let mut context = Context::new(&rules, height, start.iter().map(|entry| &entry.header)).unwrap();
        for entry in &run.entries[ANCESTORS + 1..] {
            let required = rules.required_bits(&context, entry.header.time);
            assert_eq!(required, Required::Exactly(entry.header.bits.to_bits()), "height {}", entry.height);
            assert!(entry.header.time > context.median_time_past());
            context.push(&rules, &entry.header);
        }
    }
}

/// Why a header with one bit flipped, hashed anew, is refused.
fn flipped(run: &Run, chain: &HeaderChain, index: usize, bit: usize) -> HeaderError {
    let mut raw = run.entries[index].header.to_bytes();
    raw[bit / 8] ^= 1 << (bit % 8);
    let mut chain = chain.clone();
    let tip = *chain.tip();
    let offered = [(Header::from_bytes(&raw), pow::x11(&raw))];
    let accepted = chain.accept(&offered, NOW);
    assert_eq!(*chain.tip(), tip, "header {index}, bit {bit}");
    match accepted.error {
        Some((0, error)) => error,
        // A changed previous hash leads nowhere.
        _ => {
            assert_eq!(accepted.outcome, Outcome::Unknown, "header {index}, bit {bit}");
            assert!((32..288).contains(&bit));
            HeaderError::NotLinked { expected: tip.hash, found: offered[0].0.prev_block_hash }
        }
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn a_changed_bit_is_refused_in_a_sample_of_headers() {
    let folder = need_vectors!("a_changed_bit_is_refused_in_a_sample_of_headers", "headers");
    let mut seed = 2_026;
    for run in runs(&folder) {
        for index in ANCESTORS + 1..5_000 {
            if splitmix(&mut seed).is_multiple_of(16) {
                let bit = (splitmix(&mut seed) % 640) as usize;
                let chain = chain_before(run, index);
                assert!(flipped(run, &chain, index, bit).is_malicious());
            }
        }
    }
}

/// The chain that ends before the header at `index`, with just enough of it in memory.
fn chain_before(run: &Run, index: usize) -> HeaderChain {
    let ancestors: Vec<_> =
        run.entries[index - 1 - ANCESTORS..index - 1].iter().map(|entry| entry.header).collect();
    HeaderChain::from_start(run.params.clone(), run.entries[index - 1], &ancestors).unwrap()
}

#[test]
fn every_changed_bit_is_refused_in_ten_headers() {
    let folder = need_vectors!("every_changed_bit_is_refused_in_ten_headers", "headers");
    for run in runs(&folder) {
        for index in [24, 1_017, 2_222, 3_456, 4_999] {
            let chain = chain_before(run, index);
            let mut kinds = [0; 4];
            for bit in 0..640 {
                match flipped(run, &chain, index, bit) {
                    HeaderError::BadProofOfWork { .. } => kinds[0] += 1,
                    HeaderError::BadTarget { .. } => kinds[1] += 1,
                    HeaderError::NotLinked { .. } => kinds[2] += 1,
                    HeaderError::WrongBits { .. } => kinds[3] += 1,
                    other => panic!("header {index}, bit {bit}: {other}"),
                }
            }
            assert_eq!((kinds[2], kinds.iter().sum::<u32>()), (256, 640));
            assert!(kinds[0] > 340, "proof of work refuses nearly all the rest: {kinds:?}");
            // And unchanged it is taken.
            let outcome = chain.clone().accept(&run.offered(index, index + 1), NOW).outcome;
            assert!(matches!(outcome, Outcome::Extended { count: 1, .. }));
        }
    }
}

#[test]
fn checkpoints_are_what_the_public_file_says() {
    let folder = need_vectors!("checkpoints_are_what_the_public_file_says", "headers");
    let file = json(&folder, "checkpoints.json");
    for (network, count) in [("mainnet", 80), ("testnet", 45)] {
        let params = params(network);
        let rows = file[network].as_array().unwrap();
        assert_eq!(rows.len(), count);
        for row in rows {
            let height = number(row, "height");
            let known = params.checkpoints.iter().find(|checkpoint| checkpoint.height == height).unwrap();
            assert_eq!(known.hash, hash(row, "hash"));
            assert_eq!(known.time, Some(number(row, "time")));
            assert_eq!(known.chain_work, Some(work(row, "chainwork")));
            let bits = u32::from_str_radix(text(row, "bits"), 16).unwrap();
            assert!(work_of(bits) < work(row, "chainwork"));
        }
    }
}

#[test]
fn the_work_of_checkpoints_agrees_with_that_of_the_files() {
    let folder = need_vectors!("the_work_of_checkpoints_agrees_with_that_of_the_files", "headers");
    for run in runs(&folder) {
        let (first, last) = (run.entries[0].height, run.entries[4_999].height);
        let mut work = None;
        let mut met = 0;
        for checkpoint in &run.params.checkpoints {
            let Some(total) = checkpoint.chain_work else { continue };
            assert!(work.is_none_or(|below| below < total), "work rises with height");
            work = Some(total);
            if (first..=last).contains(&checkpoint.height) {
                let entry = &run.entries[(checkpoint.height - first) as usize];
                assert_eq!((entry.hash, entry.work), (checkpoint.hash, total));
                met += 1;
            } else if checkpoint.height < first {
                assert!(total < run.first_work);
            } else {
                assert!(total > run.last_work);
            }
        }
        println!("{}: {met} checkpoints with work in the file", run.params.name);
    }
}

#[test]
fn a_wrong_start_is_noticed_at_the_next_checkpoint() {
    let folder = need_vectors!("a_wrong_start_is_noticed_at_the_next_checkpoint", "headers");
    for run in runs(&folder) {
        let mut params = (*run.params).clone();
        let met = run.entries[2_000];
        params.checkpoints.retain(|checkpoint| checkpoint.height != met.height);
        params.checkpoints.push(dash_protocol::Checkpoint {
            height: met.height,
            hash: met.hash,
            time: Some(met.header.time),
            chain_work: Some(met.work),
        });
        params.checkpoints.sort_by_key(|checkpoint| checkpoint.height);
        let params = Arc::new(params);
        let ancestors: Vec<_> = run.entries[..ANCESTORS].iter().map(|entry| entry.header).collect();
        let start = run.entries[ANCESTORS];
        let mut right = HeaderChain::from_start(params.clone(), start, &ancestors).unwrap();
        assert_eq!(right.accept(&run.offered(ANCESTORS + 1, 2_100), NOW).error, None);
        let wrong = Entry { work: start.work + Arith256::ONE, ..start };
        let mut wrong = HeaderChain::from_start(params, wrong, &ancestors).unwrap();
        let error = wrong.accept(&run.offered(ANCESTORS + 1, 2_100), NOW).error.unwrap().1;
        assert!(matches!(error, HeaderError::CheckpointWork { height, .. } if height == met.height));
    }
}

#[test]
fn single_headers_have_their_hashes_and_meet_their_targets() {
    let folder = need_vectors!("single_headers_have_their_hashes_and_meet_their_targets", "headers");
    let singles = json(&folder, "singles.json");
    let singles = singles.as_array().unwrap();
    assert_eq!(singles.len(), 35);
    for single in singles {
        let raw: [u8; 80] = bytes(text(single, "header"));
        let params = params(text(single, "network"));
        let (height, expected) = (number(single, "height"), hash(single, "hash"));
        assert_eq!(pow::x11(&raw), expected, "{} {height}", params.name);
        let header = Header::from_bytes(&raw);
        assert_eq!(header.to_bytes(), raw);
        let rules = Rules::new(params.clone());
        let target = dash_spv_wasm::chain::target::Target::from_bits(header.bits.to_bits()).unwrap();
        assert!(target <= *rules.limit() && target.is_met_by(&expected));
        assert!(header.version >= rules.least_version(height));
        assert_eq!(
            dash_spv_wasm::chain::checkpoints::verify_hash(&params, height, &expected).map(drop),
            Ok(())
        );
        if height == 0 {
            assert_eq!((header, expected), (params.genesis, params.genesis_hash));
        }
    }
}

/// The vector of the protocol reference: 24 blocks, oldest first, and what follows them.
#[test]
fn dark_gravity_wave_gives_the_references_result() {
    let past = "1408728124:1b104be1 1408728332:1b10e09e 1408728479:1b11a33c 1408728495:1b121cf3 1408728608:1b11951e \
        1408728744:1b11abac 1408728756:1b118d9c 1408728950:1b1123f9 1408729116:1b1141bf 1408729179:1b110764 \
        1408729305:1b107556 1408729474:1b104297 1408729576:1b1063d0 1408729587:1b10e878 1408729647:1b0dfaff \
        1408729678:1b0c9ab8 1408730179:1b0c03d6 1408730862:1b0dd168 1408730914:1b10b864 1408731242:1b0fed89 \
        1408731256:1b113ff1 1408732229:1b10460b 1408732257:1b13b83f 1408732489:1b1418d4";
    let headers: Vec<Header> = past
        .split_whitespace()
        .map(|block| {
            let (time, bits) = block.split_once(':').unwrap();
            Header {
                version: 4,
                prev_block_hash: BlockHash::ZERO,
                merkle_root: MerkleRoot::ZERO,
                time: time.parse().unwrap(),
                bits: CompactTarget::from_bits(u32::from_str_radix(bits, 16).unwrap()),
                nonce: 0,
            }
        })
        .collect();
    assert_eq!(headers.len(), 24);
    let required = |params: NetworkParams, time| {
        let rules = Rules::new(Arc::new(params));
        rules.required_bits(&Context::new(&rules, 123_456, &headers).unwrap(), time)
    };
    let devnet = || NetworkParams::devnet("test", &Default::default(), pow::x11).unwrap();
    assert_eq!(required(NetworkParams::mainnet(), 1_408_733_090), Required::Exactly(0x1b14_41de));
    assert_eq!(required(devnet(), 1_408_732_600), Required::Exactly(0x1b14_41de));
    assert_eq!(required(devnet(), 1_408_733_090), Required::Exactly(0x1c00_c8f8));
    assert_eq!(required(devnet(), 1_408_739_690), Required::Exactly(0x207f_ffff));
}
