//! What calls from the page are answered.

use dash_spv_wasm::api::{Phase, Reply};
use dash_spv_wasm::engine::{Command, HeaderAt};
use simnet::peer::{Lie, Profile};
use simnet::world::World;

const LIMIT_MS: u64 = 20 * 60 * 1000;

#[test]
fn headers_are_found_by_height_and_by_hash_in_memory_and_in_the_store() {
    let mut world = World::builder(1).height(12_000).honest(2).build();
    world.run_until_synced(LIMIT_MS).unwrap();
    for height in [0, 1, 1_999, 2_000, 3_500, 11_999, 12_000] {
        let hash = world.chain().hash_at(height).unwrap();
        let expected = world.chain().header_at(height).unwrap().to_bytes().to_vec();
        for at in [HeaderAt::Height(height), HeaderAt::Hash(hash)] {
            let Ok(Reply::Header(Some(found))) = world.ask(Command::Header(at)).unwrap() else {
                panic!("{at:?} is missing");
            };
            assert_eq!((found.height, found.hash, found.raw), (height, hash.to_string(), expected.clone()));
        }
    }
    let beyond = world.ask(Command::Header(HeaderAt::Height(12_001))).unwrap().unwrap();
    assert_eq!(beyond, Reply::Header(None));
    let unknown = dash_protocol::BlockHash::from_bytes([7; 32]);
    assert_eq!(world.ask(Command::Header(HeaderAt::Hash(unknown))).unwrap().unwrap(), Reply::Header(None));
}

#[test]
fn peers_metrics_and_transitions_tell_what_happened() {
    let mut world = World::builder(3).honest(2).peer(Profile::liar(Lie::ProofOfWork)).build();
    world.run_until(|w| w.is_synced() && w.is_banned(2), LIMIT_MS).unwrap();
    let Ok(Reply::Peers(peers)) = world.ask(Command::Peers).unwrap() else { panic!() };
    assert_eq!(peers.len(), 2);
    assert!(
        peers
            .iter()
            .all(|peer| peer.user_agent.contains("Dash Core") && peer.score == 0 && peer.bytes_in > 0.0)
    );
    let Ok(Reply::Metrics(metrics)) = world.ask(Command::Metrics).unwrap() else { panic!() };
    assert!(metrics.bytes_in > 160_000.0 && metrics.requests.answered > 2 && metrics.reconnects >= 1);
    let Ok(Reply::Transitions(history)) = world.ask(Command::Transitions).unwrap() else { panic!() };
    let phases: Vec<_> = history.iter().map(|record| (record.from, record.to)).collect();
    assert_eq!(phases, [(Phase::Idle, Phase::Headers), (Phase::Headers, Phase::Synced)]);
    assert!(history[1].duration_ms > 0.0);
}
