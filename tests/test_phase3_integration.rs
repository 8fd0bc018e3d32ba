//! All parts of the pipeline together: a whole client against a network with masternodes whose peers fail in many ways,
//! over reloads, reorganisations, cycles and peers that come and go.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dash_spv_wasm::api::{Degraded, PhaseStatus, Reply};
use dash_spv_wasm::engine::{Command, QrInfoConfig, QrInfoMode};
use simnet::masternodes::MasternodePlan;
use simnet::peer::{Fault, Profile};
use simnet::world::{World, WorldBuilder};

const LIMIT_MS: u64 = 20 * 60 * 1000;

fn network(seed: u64, mode: QrInfoMode) -> WorldBuilder {
    World::builder(seed)
        .masternodes(MasternodePlan::new(16).failed_dkgs(10))
        .config(move |config| config.qrinfo = QrInfoConfig { history: 3, mode, ..QrInfoConfig::default() })
}

fn assert_true(world: &mut World) {
    let found = world.falsehoods().unwrap();
    assert!(found.is_empty(), "{}", world.failure(&found.join("; ")));
}

fn is_proven(world: &World) -> bool {
    world.is_synced()
        && world.state().phases.masternodes.status == PhaseStatus::Done
        && world.state().degraded.iter().all(|word| *word == Degraded::Peers)
}

#[test]
fn a_client_proves_everything_through_faults_reloads_and_reorganisations() {
    for seed in 0..4 {
        let mut world = network(seed, QrInfoMode::Parallel)
            .honest(1)
            .peer(Profile::faulty(Fault::FailingLists))
            .peer(Profile::faulty(Fault::Loss))
            .build();
        world.run_until(is_proven, LIMIT_MS).unwrap();
        assert_true(&mut world);
        for round in 0..12 {
            match round % 4 {
                0 => world.mine(9),
                1 => {
                    world.set_locking(false);
                    world.mine(4);
                    world.run_for(5_000);
                    world.reorg(3, 5);
                    world.set_locking(true);
                }
                2 => {
                    world.set_peer_up(0, false);
                    world.mine(3);
                    world.run_for(20_000);
                    world.set_peer_up(0, true);
                }
                _ => world.reload(),
            }
            world.run_until(is_proven, LIMIT_MS).unwrap_or_else(|failure| panic!("round {round}: {failure}"));
            assert_true(&mut world);
        }
        let txid = world.pay().unwrap().to_string();
        world.run_until(|world| world.instantlocks().any(|(_, locked)| locked == txid), LIMIT_MS).unwrap();
        assert!(world.bans().is_empty(), "{}", world.failure("an honest peer was banned"));
    }
}

#[test]
fn both_ways_of_asking_come_to_the_same_quorums() {
    let quorums = |mode| {
        let mut world = network(9, mode).honest(3).build();
        world.run_until(is_proven, LIMIT_MS).unwrap();
        match world.ask(Command::Quorums).unwrap() {
            Ok(Reply::Quorums(quorums)) => quorums,
            other => panic!("{other:?}"),
        }
    };
    let parallel = quorums(QrInfoMode::Parallel);
    assert!(parallel.iter().filter(|quorum| quorum.verified).count() >= 12, "{parallel:?}");
    assert_eq!(parallel, quorums(QrInfoMode::Sequential));
}
