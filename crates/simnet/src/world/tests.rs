use super::*;
use crate::masternodes::MasternodePlan;
use crate::peer::{Fault, Lie};
use crate::wallet::WalletPlan;

const MINUTE: u64 = 60_000;

fn check(outcome: Result<Report, Failure>) -> Report {
    outcome.unwrap_or_else(|failure| panic!("{failure}"))
}

fn is_at(world: &World, height: u32) -> bool {
    world.try_state().is_some_and(|state| state.tip.height == height)
}

#[test]
fn a_client_syncs_from_honest_peers() {
    let mut world = World::builder(1).build();
    let report = check(world.run_until_synced(2 * MINUTE));
    assert!(world.bans().is_empty(), "{:?}", world.bans());
    assert_eq!(world.state().tip.height, 2_500);
    assert!(report.virtual_ms < MINUTE);
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let run = |seed| {
        let mut world = World::builder(seed)
            .honest(1)
            .peer(Profile::liar(Lie::WrongBits))
            .peer(Profile::faulty(Fault::Loss))
            .build();
        world.run_for(30_000);
        world.mine(2);
        world.run_for(30_000);
        world.reload();
        world.run_for(30_000)
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).digest, run(6).digest);
}

#[test]
fn new_blocks_and_reorganisations_reach_the_client() {
    let mut world = World::builder(2).build();
    check(world.run_until_synced(2 * MINUTE));
    world.mine(1);
    check(world.run_until_synced(MINUTE));
    world.reorg(3, 4);
    check(world.run_until_synced(MINUTE));
    assert!(world.events().iter().any(|(_, event)| matches!(event, Event::Reorg { depth: 3, .. })));
}

#[test]
fn a_killed_client_goes_on_from_its_store() {
    let mut world = World::builder(3).height(9_000).build();
    check(world.kill_during_commit(MINUTE));
    check(world.run_until_synced(2 * MINUTE));
}

#[test]
fn a_peer_that_is_down_or_a_bridge_that_is_down_is_reported_and_got_over() {
    let mut world = World::builder(4).honest(2).build();
    world.set_bridge_up(0, false);
    world.run_for(10_000);
    assert_eq!(world.connections(), 0);
    world.set_peer_up(1, false);
    world.set_bridge_up(0, true);
    check(world.run_until_synced(5 * MINUTE));
}

#[test]
fn a_failed_run_prints_its_seed() {
    let mut world = World::builder(77).honest(1).build();
    let failure = world.run_until(|_| false, 5_000).expect_err("nothing never happens");
    assert!(failure.to_string().contains("seed 77"), "{failure}");
}

#[test]
fn calls_are_answered() {
    let mut world = World::builder(5).build();
    check(world.run_until_synced(2 * MINUTE));
    let reply = world.ask(Command::Peers).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(matches!(reply, Ok(Reply::Peers(_))));
}

#[test]
fn a_network_with_masternodes_tells_of_its_locks_and_payments() {
    let mut world = World::builder(6).masternodes(MasternodePlan::new(16)).build();
    assert!(world.config().masternodes);
    check(world.run_until(|world| is_at(world, 400), 2 * MINUTE));
    world.mine(2);
    let txid = world.pay();
    assert!(txid.is_some() && world.pay_without_lock().is_some());
    world.run_for(10_000);
    assert_eq!(world.false_locks(), Vec::<String>::new());
    assert!(world.bans().is_empty(), "{:?}", world.bans());
    // Without locks, blocks may be replaced by fewer ones.
    world.set_locking(false);
    world.mine(3);
    world.run_for(5_000);
    world.reorg(3, 4);
    check(world.run_until(|world| is_at(world, 406), MINUTE));
}

#[test]
fn no_lie_of_one_of_three_peers_is_believed() {
    // It takes masternodes that collude to lock other inputs, and the transaction to find it out.
    for lie in Lie::of_masternodes() {
        let mut world = World::builder(8).peer(Profile::liar(lie)).honest(2).build();
        world.set_locking(false);
        world.run_for(20_000);
        world.mine(3);
        world.run_for(20_000);
        let false_reports = world.falsehoods().unwrap_or_else(|failure| panic!("{lie}: {failure}"));
        assert_eq!(false_reports, Vec::<String>::new(), "{lie}");
        let innocent = world.bans().iter().find(|(address, _)| address != world.address(0));
        assert!(innocent.is_none(), "{lie}: {innocent:?}");
        println!("{lie}: banned {:?}", world.bans());
    }
}

#[test]
fn a_wallet_lives_on_while_the_client_follows_the_chain() {
    let mut plan = WalletPlan::new(regtest_with_masternodes(), 7, 400);
    plan.masternodes = Some(MasternodePlan::new(16));
    let mut world = World::builder(7).wallet(plan).build();
    check(world.run_until_synced(5 * MINUTE));
    world.set_locking(false);
    for _ in 0..4 {
        let paid = world.wallet_pays();
        world.run_for(2_000);
        let waits = |txid| world.wallet().is_some_and(|wallet| wallet.truth().entry(&txid).is_some());
        assert!(paid.is_none_or(waits));
        world.mine(3);
        world.reorg(2, 3);
        check(world.run_until_synced(MINUTE));
    }
    assert!(world.wallet().unwrap().truth().balance(None, &world.horizon()).total() > 0);
    assert_eq!(world.falsehoods().unwrap(), Vec::<String>::new());
    let blocks = world.wallet().unwrap().truth().history(None, &world.horizon());
    for record in blocks.iter().filter_map(|record| Some((record.txid, record.place?))) {
        let (txid, (height, place)) = record;
        assert_eq!(world.chain().body(height).unwrap().txids()[place as usize], txid);
    }
}

#[test]
fn lies_about_filters_do_not_stop_a_client_that_asks_for_none() {
    for lie in [Lie::FiltersUnsolicited, Lie::PaymentsMadeUp, Lie::FilterOmitsSpentChained] {
        let mut world = World::builder(8).honest(2).peer(Profile::liar(lie)).build();
        check(world.run_until_synced(5 * MINUTE));
        assert!(world.chain().has_bodies());
    }
}
