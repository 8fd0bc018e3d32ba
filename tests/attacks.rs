//! The lies about masternodes, quorums and locks, and about filters, blocks and payments, for a few seeds of what
//! `cargo xtask attacks` tries for a hundred.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use simnet::measure::attacks::{Liars, Outcome, believed, refused};
use simnet::peer::Lie;
use std::ops::Range;

/// Does something for every one of these lies, on two threads.
fn for_every_lie(lies: impl Iterator<Item = Lie>, work: impl Fn(Lie) -> Vec<String> + Sync) {
    let lies: Vec<Lie> = lies.collect();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            let lies = lies.iter().skip(half).step_by(2).copied();
            let work = &work;
            scope.spawn(move || lies.flat_map(work).collect::<Vec<_>>())
        });
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// What is wrong with how a lie is refused by a client with all checks.
fn effects(lie: Lie, seeds: Range<u64>) -> Vec<String> {
    let runs = seeds.flat_map(|seed| [Liars::One, Liars::All].map(|liars| refused(seed, lie, liars)));
    runs.filter_map(Result::err).collect()
}

/// Says so if a lie is not believed where its checks are off. Not in every run does one meet what it is about.
fn disbelief(lie: Lie) -> Vec<String> {
    let usual = |seed| -> Option<[Outcome; 2]> {
        Some([refused(seed, lie, Liars::All).ok()?, refused(seed, lie, Liars::One).ok()?])
    };
    let is_believed = |seed| usual(seed).is_some_and(|[all, one]| believed(seed, lie, [&all, &one]).is_ok());
    let shown = lie.check().is_none() || (0..5).any(is_believed);
    if shown { Vec::new() } else { vec![format!("{lie} is stopped by something else")] }
}

#[test]
fn no_lie_about_masternodes_or_locks_has_an_effect() {
    for_every_lie(Lie::of_masternodes(), |lie| effects(lie, 0..2));
}

#[test]
fn each_of_them_is_believed_where_its_checks_are_off() {
    for_every_lie(Lie::of_masternodes(), disbelief);
}

#[test]
fn no_lie_about_filters_blocks_or_payments_has_an_effect() {
    // Seed 0 is tried where each is believed.
    for_every_lie(Lie::of_filters(), |lie| effects(lie, 1..2));
}

#[test]
fn each_of_those_is_believed_where_its_checks_are_off() {
    for_every_lie(Lie::of_filters(), disbelief);
}
