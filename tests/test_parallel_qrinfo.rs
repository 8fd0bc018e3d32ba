//! Quorum data asked for over several peers at once: what it gains, and what it survives.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dash_spv_wasm::engine::QrInfoMode;
use simnet::measure::qrinfo::{Run, Setup, run};

/// The network of `cargo xtask sim qrinfo`.
fn proven(seed: u64, mode: QrInfoMode, failing: u32) -> Run {
    run(seed, Setup::default(), mode, failing).unwrap()
}

#[test]
fn in_parallel_a_history_is_proven_sooner_and_to_the_same_quorums() {
    let parallel = proven(1, QrInfoMode::Parallel, 0);
    let one_at_a_time = proven(1, QrInfoMode::Sequential, 0);
    assert_eq!(parallel.verified, one_at_a_time.verified);
    assert!(parallel.ms < one_at_a_time.ms, "{} of {} ms", parallel.ms, one_at_a_time.ms);
}

#[test]
fn with_half_of_all_requests_failing_it_takes_three_times_as_long_at_most() {
    let undisturbed = proven(1, QrInfoMode::Parallel, 0);
    let disturbed = proven(1, QrInfoMode::Parallel, 50);
    assert_eq!(undisturbed.verified, disturbed.verified);
    assert!(disturbed.ms <= 3 * undisturbed.ms, "{} after {} ms", disturbed.ms, undisturbed.ms);
}
