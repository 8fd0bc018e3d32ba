//! Quorum data asked for over several peers at once: what it gains, what it survives, and what each named part of the
//! request pipeline is needed for: a whole client runs with the part switched off, and something goes wrong.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "parallel_qrinfo/parts.rs"]
mod parts;

use dash_spv_wasm::engine::QrInfoMode;
use simnet::measure::qrinfo::{Run, Setup, median, run};

/// The network of `cargo xtask sim qrinfo`.
fn proven(seed: u64, mode: QrInfoMode, failing: u32) -> Run {
    run(seed, Setup::default(), mode, failing).unwrap()
}

#[test]
fn in_parallel_a_history_is_proven_in_a_fifth_of_the_time_and_to_the_same_quorums() {
    let parallel = proven(1, QrInfoMode::Parallel, 0);
    let one_at_a_time = proven(1, QrInfoMode::Sequential, 0);
    assert_eq!(parallel.verified, one_at_a_time.verified);
    assert_eq!((parallel.qrinfos, parallel.diffs), (one_at_a_time.qrinfos, one_at_a_time.diffs));
    assert!(parallel.ms * 5 < one_at_a_time.ms, "{} of {} ms", parallel.ms, one_at_a_time.ms);
}

#[test]
fn with_half_of_all_requests_failing_the_same_is_proven_in_three_times_the_time() {
    let mut delays = Vec::new();
    for seed in 1..10 {
        let undisturbed = proven(seed, QrInfoMode::Parallel, 0);
        let disturbed = proven(seed, QrInfoMode::Parallel, 50);
        assert_eq!(undisturbed.verified, disturbed.verified, "seed {seed}");
        assert!(disturbed.ms > undisturbed.ms, "seed {seed}: nothing failed");
        delays.push(disturbed.ms * 100 / undisturbed.ms);
    }
    assert!(median(delays.clone()) <= 300, "hundredths of the time: {delays:?}");
}
