//! The lies about masternodes, quorums and locks, for a few seeds of what `cargo xtask attacks` tries for a hundred.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use simnet::measure::attacks::{Liars, Outcome, believed, refused};
use simnet::peer::Lie;

/// Does something for every lie, on two threads.
fn for_every_lie(work: impl Fn(Lie) -> Vec<String> + Sync) {
    let lies: Vec<Lie> = Lie::of_masternodes().collect();
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

#[test]
fn no_lie_about_masternodes_or_locks_has_an_effect() {
    for_every_lie(|lie| {
        let runs = (0..2).flat_map(|seed| [Liars::One, Liars::All].map(|liars| refused(seed, lie, liars)));
        runs.filter_map(Result::err).collect()
    });
}

#[test]
fn each_of_them_is_believed_where_its_checks_are_off() {
    for_every_lie(|lie| {
        let usual = |seed| -> Option<[Outcome; 2]> {
            Some([refused(seed, lie, Liars::All).ok()?, refused(seed, lie, Liars::One).ok()?])
        };
        // Not in every run does a lie meet what it is about.
        let is_believed =
            |seed| usual(seed).is_some_and(|[all, one]| believed(seed, lie, [&all, &one]).is_ok());
        let shown = lie.check().is_none() || (0..5).any(is_believed);
        if shown { Vec::new() } else { vec![format!("{lie} is stopped by something else")] }
    });
}
