//! Where a sync starts, ranges between checkpoints, and a start that moves down later.

use dash_spv_wasm::api::{Event, Reply};
use dash_spv_wasm::engine::{Birthday, Command, HeaderAt};
use dash_spv_wasm::store::{CHUNK, ReadReply, ReadRequest};
use simnet::chain::SimChain;
use simnet::peer::{Fault, Lie, Profile};
use simnet::world::{World, WorldBuilder, devnet, regtest};
use std::sync::Arc;

const LIMIT_MS: u64 = 20 * 60 * 1000;
const CHECKPOINTS: [u32; 4] = [2_500, 5_000, 7_500, 10_000];

fn builder(seed: u64) -> WorldBuilder {
    World::builder(seed).height(12_000).checkpoints(&CHECKPOINTS)
}

/// Whether the store holds exactly the honest chain from its lowest header on.
fn assert_stored(world: &World, lowest: u32) {
    let meta = world.store().meta().unwrap();
    assert_eq!((meta.main.context, meta.main.tip), (lowest, world.chain().height()));
    assert_eq!(meta.below, None);
    let count = meta.main.tip + 1 - lowest;
    let Ok(ReadReply::Headers(run)) = world.store().read_now(&ReadRequest::Headers { from: lowest, count })
    else {
        panic!("headers cannot be read");
    };
    assert_eq!(run.hashes, world.chain().hashes()[lowest as usize..]);
}

#[test]
fn a_new_wallet_starts_at_the_newest_checkpoint_with_its_ancestors() {
    for seed in 0..20 {
        let mut world = builder(seed).honest(3).config(|config| config.birthday = None).build();
        world.run_until_synced(LIMIT_MS).unwrap();
        assert_eq!(world.store().meta().unwrap().main.start, 10_000);
        assert_stored(&world, 10_000 - 35);
    }
}

#[test]
fn difficulty_is_exact_from_the_first_header_after_a_checkpoint_on() {
    for seed in 0..5 {
        let mut world = World::builder(seed)
            .params(devnet())
            .height(4_300)
            .checkpoints(&[4_200])
            .honest(2)
            .peer(Profile::liar(Lie::WrongBits))
            .config(|config| config.birthday = Some(Birthday::Now))
            .build();
        world.run_until_synced(LIMIT_MS).unwrap();
        assert_stored(&world, 4_200 - 35);
    }
}

#[test]
fn ranges_between_checkpoints_come_from_several_peers_at_once() {
    let busy = |checkpoints: &'static [u32]| {
        let mut world = World::builder(3).height(12_000).checkpoints(checkpoints).honest(3).build();
        let report = world.run_until_synced(LIMIT_MS).unwrap();
        assert_stored(&world, 0);
        report.virtual_ms
    };
    let (side_by_side, one_after_the_other) = (busy(&CHECKPOINTS), busy(&[]));
    assert!(side_by_side < one_after_the_other, "{side_by_side} ms against {one_after_the_other} ms");
}

#[test]
fn while_headers_stream_in_each_chunk_is_written_once() {
    for seed in 0..5 {
        let mut world = World::builder(seed).height(60_000).honest(3).build();
        world.run_until_synced(LIMIT_MS).unwrap();
        let tips: Vec<u32> = world
            .events()
            .iter()
            .filter_map(|(_, event)| if let Event::Tip { tip } = event { Some(tip.height) } else { None })
            .collect();
        let (tip, streamed) = tips.split_last().unwrap();
        assert_eq!(*tip, 60_000);
        assert!(streamed.len() > 10, "seed {seed}: {tips:?}");
        assert!(streamed.iter().all(|height| (height + 1) % CHUNK == 0), "seed {seed}: {tips:?}");
    }
}

#[test]
fn a_slow_link_gets_compressed_headers() {
    let mut world = World::builder(8).height(12_000).honest(0).peer(Profile::faulty(Fault::Slow)).build();
    world.run_until_synced(LIMIT_MS).unwrap();
    let Ok(Reply::Metrics(metrics)) = world.ask(Command::Metrics).unwrap() else { panic!("no metrics") };
    let plain = 12_000.0 * 81.0;
    assert!(metrics.bytes_in < plain * 0.7, "{} bytes, plain headers take {plain}", metrics.bytes_in);
}

#[test]
fn ranges_are_filled_whatever_peers_do() {
    for seed in 0..40 {
        let fault = Fault::ALL[seed as usize % Fault::ALL.len()];
        let lies: Vec<Lie> = Lie::of_headers().collect();
        let lie = lies[seed as usize % lies.len()];
        let mut world = builder(seed).honest(2).peer(Profile::faulty(fault)).peer(Profile::liar(lie)).build();
        world.run_until_synced(LIMIT_MS).unwrap_or_else(|failure| panic!("{fault}, {lie}: {failure}"));
        assert_stored(&world, 0);
    }
}

#[test]
fn a_start_that_moves_down_later_adds_the_headers_below_and_keeps_those_above() {
    for seed in 0..10 {
        let mut first =
            builder(seed).honest(3).config(|config| config.birthday = Some(Birthday::Now)).build();
        first.run_until_synced(LIMIT_MS).unwrap();
        let mut world = builder(seed)
            .honest(3)
            .store(first.store().clone())
            .config(|config| config.birthday = Some(Birthday::Height(6_000)))
            .build();
        world.run_until_synced(LIMIT_MS).unwrap();
        assert_eq!(world.store().meta().unwrap().main.start, 5_000);
        assert_stored(&world, 5_000 - 35);
        let Ok(Reply::Header(Some(header))) = world.ask(Command::Header(HeaderAt::Height(6_000))).unwrap()
        else {
            panic!("a header of the lower range is missing");
        };
        assert_eq!(header.hash, world.chain().hash_at(6_000).unwrap().to_string());
    }
}

#[test]
fn a_start_that_moves_down_survives_reloads_half_way() {
    for seed in 0..20 {
        let mut first =
            builder(seed).honest(3).config(|config| config.birthday = Some(Birthday::Now)).build();
        first.run_until_synced(LIMIT_MS).unwrap();
        let mut world = builder(seed)
            .honest(3)
            .store(first.store().clone())
            .config(|config| config.birthday = Some(Birthday::Genesis))
            .build();
        for _ in 0..3 {
            if world.kill_during_commit(5_000).is_err() {
                break;
            }
        }
        world.run_until_synced(LIMIT_MS).unwrap();
        assert_stored(&world, 0);
    }
}

#[test]
fn a_peer_whose_chain_lacks_the_start_is_not_used() {
    let other = SimChain::shared(&regtest(), 77, 12_000);
    let mut world = builder(1).honest(2).config(|config| config.birthday = None).build();
    world.run_until_synced(LIMIT_MS).unwrap();
    let params = world.config().params.clone();
    let mut foreign = World::builder(2)
        .chain(other)
        .honest(2)
        .store(world.store().clone())
        .config(move |config| (config.params, config.birthday) = (params, None))
        .build();
    foreign.run_for(60_000);
    assert_eq!(foreign.store().meta(), world.store().meta());
    assert_eq!(foreign.bans().len(), 2);
}

#[test]
fn a_long_valid_fork_that_misses_the_checkpoint_is_undone_and_its_peer_banned() {
    let honest = SimChain::shared(&regtest(), 1, 12_000);
    for seed in 0..10 {
        // The store of a client that was led astray before it knew better: the fork is on its chain already.
        let astray = Arc::new(honest.fork(5_000, 4_000, seed));
        let mut misled = World::builder(seed).chain(astray).honest(1).build();
        misled.run_until_synced(LIMIT_MS).unwrap();
        let mut world = World::builder(seed)
            .chain(Arc::clone(&honest))
            .checkpoints(&[4_000, 10_000])
            .honest(3)
            .store(misled.store().clone())
            .build();
        world.run_until_synced(LIMIT_MS).unwrap();
        assert!(world.bans().is_empty(), "{:?}", world.bans());
        assert_stored(&world, 0);
    }
}

#[test]
fn a_liar_who_leads_a_long_range_astray_is_banned_at_the_checkpoint() {
    for seed in 0..20 {
        let lie = [Lie::CheckpointMismatch, Lie::CheckpointFork][seed as usize % 2];
        let mut world = World::builder(seed)
            .height(12_000)
            .checkpoints(&[9_000])
            .honest(2)
            .peer(Profile::liar(lie))
            .build();
        world.run_until(|w| w.is_synced() && w.is_banned(2), LIMIT_MS).unwrap();
        assert_eq!(world.bans().len(), 1, "{:?}", world.bans());
        assert_stored(&world, 0);
    }
}

#[test]
fn what_waits_for_a_stalled_range_is_bounded() {
    const CHECKPOINTS: [u32; 8] = [20_000, 40_000, 60_000, 80_000, 100_000, 120_000, 140_000, 160_000];
    // The bound that `stream.rs` states, and the replies that were under way when it was reached.
    const BOUND: f64 = 131_072.0;
    const UNDER_WAY: f64 = 8.0 * 2_000.0;
    let mut world = World::builder(0)
        .height(161_000)
        .checkpoints(&CHECKPOINTS)
        .peer(Profile::faulty(Fault::Stall))
        .honest(2)
        .compute(4, 1_000_000)
        .build();
    let mut most = 0.0_f64;
    while !world.is_synced() && world.now_ms() < LIMIT_MS {
        world.run_for(250);
        let Ok(Reply::Metrics(metrics)) = world.ask(Command::Metrics).unwrap() else { panic!("no metrics") };
        let stored = world.store().meta().map_or(0, |meta| meta.main.tip);
        most = most.max(metrics.bytes_in / 81.0 - f64::from(stored));
    }
    assert!(world.is_synced(), "{}", world.failure("not synced"));
    assert!((BOUND..BOUND + UNDER_WAY).contains(&most), "{most} headers received and not stored");
}
