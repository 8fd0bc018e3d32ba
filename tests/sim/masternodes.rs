//! Lists, quorums and locks, proven by the whole engine against a simulated network.

use dash_protocol::QuorumHash;
use dash_spv_wasm::api::{Degraded, ErrorCode, Event, PhaseStatus, Reply};
use dash_spv_wasm::engine::Command;
use simnet::masternodes::{Bogus, BogusCommitment, MasternodePlan};
use simnet::world::{World, regtest_with_masternodes};

const LIMIT_MS: u64 = 10 * 60 * 1000;

fn world(seed: u64) -> World {
    World::builder(seed).masternodes(MasternodePlan::new(16)).honest(3).build()
}

fn locked_height(world: &World) -> Option<u32> {
    world.state().chainlocked.as_ref().map(|tip| tip.height)
}

fn assert_true(world: &mut World) {
    let found = world.falsehoods().unwrap();
    assert!(found.is_empty(), "{}", world.failure(&found.join("; ")));
}

#[test]
fn the_list_the_quorums_and_a_chainlocked_tip_are_proven() {
    for seed in 0..5 {
        let mut world = world(seed);
        world.run_until_synced(LIMIT_MS).unwrap();
        let state = world.state().clone();
        assert_eq!(state.phases.masternodes.status, PhaseStatus::Done, "{}", world.failure("not done"));
        assert!(!state.degraded.contains(&Degraded::Instantsend), "{}", world.failure("degraded"));
        world.run_until(|world| locked_height(world).is_some(), 10_000).unwrap();
        let tip = world.chain().height();
        let locked = locked_height(&world).unwrap();
        assert!(locked + 12 >= tip, "seed {seed}: {locked} of {tip}");
        let Ok(Reply::Masternodes(list)) = world.ask(Command::Masternodes).unwrap() else { panic!() };
        let facts = world.chain().facts().unwrap();
        assert_eq!(list.len(), facts.masternodes.len());
        let Ok(Reply::Quorums(quorums)) = world.ask(Command::Quorums).unwrap() else { panic!() };
        for fact in &facts.quorums {
            let told = quorums.iter().find(|quorum| {
                quorum.hash == fact.quorum_hash.to_string() && quorum.llmq_type == fact.llmq_type.0
            });
            let told = told.unwrap_or_else(|| panic!("{}", world.failure("a quorum is missing")));
            assert!(told.verified, "{}", world.failure(&format!("seed {seed}: {told:?} is not verified")));
        }
        assert_true(&mut world);
        assert!(world.bans().is_empty(), "{:?}", world.bans());
    }
}

#[test]
fn new_blocks_quorums_and_cycles_are_followed() {
    let mut world = world(7);
    world.run_until_synced(LIMIT_MS).unwrap();
    for round in 0..60 {
        world.mine(1);
        world.run_until_synced(20_000).unwrap();
        let tip = world.chain().height();
        if round % 10 == 9 {
            world.run_for(10_000);
            assert!(
                locked_height(&world).is_some_and(|locked| locked + 3 >= tip),
                "{}",
                world.failure("no lock")
            );
            assert!(
                world.state().degraded.iter().all(|word| *word == Degraded::Peers),
                "{}",
                world.failure("degraded")
            );
            assert_true(&mut world);
        }
    }
    assert!(world.bans().is_empty(), "{:?}", world.bans());
}

#[test]
fn a_payment_is_instantlocked() {
    let mut world = world(3);
    world.run_until_synced(LIMIT_MS).unwrap();
    world.run_for(5_000);
    let txid = world.pay().unwrap().to_string();
    world.run_until(|world| world.instantlocks().any(|(_, locked)| locked == txid), 20_000).unwrap();
    assert_true(&mut world);
}

#[test]
fn after_a_reload_nothing_is_asked_again_that_was_proven() {
    let mut world = world(5);
    world.run_until_synced(LIMIT_MS).unwrap();
    world.run_for(20_000);
    let locked = locked_height(&world);
    let quorums = |world: &mut World| match world.ask(Command::Quorums).unwrap() {
        Ok(Reply::Quorums(quorums)) => quorums.iter().filter(|quorum| quorum.verified).count(),
        other => panic!("{other:?}"),
    };
    let before = quorums(&mut world);
    let events = world.events().len();
    world.reload();
    world.run_until_synced(LIMIT_MS).unwrap();
    let Ok(Reply::Metrics(metrics)) = world.ask(Command::Metrics).unwrap() else { panic!() };
    let asked = metrics.quorum_requests;
    assert_eq!(
        (asked.processed, asked.in_flight, asked.waiting),
        (0, 0, 0),
        "{}",
        world.failure("asked again")
    );
    assert_eq!(quorums(&mut world), before);
    assert_eq!(locked_height(&world), locked);
    let again =
        world.events()[events..].iter().filter(|(_, event)| matches!(event, Event::Chainlock { .. })).count();
    assert!(again <= 1);
}

#[test]
fn a_phase_that_is_off_asks_for_nothing_and_is_not_degraded() {
    let mut world = World::builder(1)
        .masternodes(MasternodePlan::new(16))
        .config(|config| config.masternodes = false)
        .honest(3)
        .build();
    world.run_until_synced(LIMIT_MS).unwrap();
    let state = world.state();
    assert_eq!(state.phases.masternodes.status, PhaseStatus::Off);
    assert!(state.chainlocked.is_none() && state.degraded.iter().all(|word| *word == Degraded::Peers));
    let error = world.ask(Command::Masternodes).unwrap().unwrap_err();
    assert_eq!(error.code, ErrorCode::Unsupported);
}

#[test]
fn a_quorum_that_a_miner_made_up_stays_unverified_and_the_client_says_so() {
    let params = regtest_with_masternodes();
    for (llmq_type, word) in [
        (params.llmq_types.chainlocks, Degraded::Chainlocks),
        (params.llmq_types.instantsend, Degraded::Instantsend),
    ] {
        for kind in [Bogus::QuorumSignature, Bogus::MembersSignature, Bogus::Members] {
            let bogus = BogusCommitment { llmq_type, cycle: 360, index: 0, kind };
            let plan = MasternodePlan::calm(16).bogus(bogus);
            // No commitment of the next cycle is mined yet.
            let mut world = World::builder(2).masternodes(plan).height(393).honest(3).build();
            world.run_until_synced(LIMIT_MS).unwrap();
            let state = world.state();
            assert!(state.degraded.contains(&word), "{}", world.failure(&format!("{bogus:?}")));
            assert_eq!(state.phases.masternodes.status, PhaseStatus::Failed, "{bogus:?}");
            assert!(
                world.bans().is_empty(),
                "nobody is to blame for what is on the chain: {:?}",
                world.bans()
            );
            assert_true(&mut world);
        }
    }
}

#[test]
fn a_key_is_given_out_only_of_a_verified_quorum_and_not_before_its_height() {
    let mut world = world(6);
    world.run_until_synced(LIMIT_MS).unwrap();
    let facts = world.chain().facts().unwrap();
    for fact in &facts.quorums {
        let mut ask = |quorum_hash, height| {
            world.ask(Command::QuorumKey { llmq_type: fact.llmq_type, quorum_hash, height }).unwrap()
        };
        let Ok(Reply::Bytes(key)) = ask(fact.quorum_hash, 400) else { panic!("{fact:?}") };
        assert_eq!(key, fact.public_key.as_bytes());
        assert_eq!(ask(fact.quorum_hash, 12).unwrap_err().code, ErrorCode::NotFound);
        assert_eq!(ask(QuorumHash::ZERO, 400).unwrap_err().code, ErrorCode::NotFound);
    }
}
