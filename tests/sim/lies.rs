//! Peers that lie, and honest peers with faults.

use simnet::peer::{Fault, Lie, Profile};
use simnet::world::World;

/// Virtual time that a scenario may take: lies that only add up over time need the longest.
const LIMIT_MS: u64 = 40 * 60 * 1000;

/// One of three peers lies. Which of them, and all else, follows from the seed.
fn with_one_liar(seed: u64, lie: Lie) -> Result<(), String> {
    let liar = (seed % 3) as usize;
    let mut builder = World::builder(seed);
    for peer in 0..3 {
        builder = builder.peer(if peer == liar { Profile::liar(lie) } else { Profile::honest() });
    }
    let mut world = builder.build();
    world
        .run_until(|w| w.is_synced() && w.is_banned(liar), LIMIT_MS)
        .map_err(|failure| format!("{lie}: {failure}"))?;
    let innocent = world.bans().iter().find(|(address, _)| address != world.address(liar));
    match innocent {
        Some((address, reason)) => {
            Err(format!("{lie}: {}", world.failure(&format!("banned {address}: {reason}"))))
        }
        None => Ok(()),
    }
}

#[test]
fn one_liar_of_three_is_banned_and_the_honest_chain_synced_for_200_seeds_of_every_lie() {
    let failures: Vec<String> = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            scope.spawn(move || {
                let seeds = (0..200_u64).filter(|seed| seed % 2 == half);
                seeds
                    .flat_map(|seed| Lie::of_headers().map(move |lie| with_one_liar(seed, lie)))
                    .filter_map(Result::err)
                    .collect::<Vec<_>>()
            })
        });
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{} runs failed, first: {}", failures.len(), failures[0]);
}

#[test]
fn faults_delay_but_neither_stop_the_sync_nor_get_anybody_banned() {
    for seed in 0..20 {
        for &fault in Fault::ALL {
            let faulty = (seed % 3) as usize;
            let mut builder = World::builder(seed);
            for peer in 0..3 {
                builder =
                    builder.peer(if peer == faulty { Profile::faulty(fault) } else { Profile::honest() });
            }
            let mut world = builder.build();
            world.run_until_synced(LIMIT_MS).unwrap_or_else(|failure| panic!("{fault}: {failure}"));
            assert!(world.bans().is_empty(), "{fault}, seed {seed}: {:?}", world.bans());
        }
    }
}
