//! Transactions that the client sends: how far they get, what stops them, and what a reload does to them.

use dash_protocol::{Encode, OutPoint, Transaction, Txid};
use dash_spv_wasm::api::{ApiBroadcast, BroadcastStage, ErrorCode, Event, Reply};
use dash_spv_wasm::engine::WalletCommand;
use simnet::masternodes::MasternodePlan;
use simnet::wallet::WalletPlan;
use simnet::world::{World, regtest, regtest_with_masternodes};

const LIMIT_MS: u64 = 10 * 60 * 1000;

/// A synced client among three peers, and a spend of its wallet that nobody has heard of.
fn about_to_send(seed: u64, plan: WalletPlan) -> (World, Transaction) {
    let mut world = World::builder(seed).wallet(plan).build();
    world.watch_wallet(None).unwrap();
    world.run_until_synced(LIMIT_MS).unwrap();
    let draft = world.draft().unwrap();
    (world, draft)
}

fn send(world: &mut World, transaction: &Transaction) {
    match world.wallet_call(WalletCommand::Broadcast(transaction.to_wire())).unwrap() {
        Reply::Broadcast(told) => assert_eq!(told.txid, transaction.txid().to_string()),
        other => panic!("{other:?}"),
    }
}

/// What the client told of its broadcasts so far.
fn told(world: &World) -> impl Iterator<Item = &ApiBroadcast> {
    world.events().iter().filter_map(|(_, event)| match event {
        Event::Broadcast { broadcast } => Some(broadcast),
        _ => None,
    })
}

fn reach(world: &mut World, stage: BroadcastStage) {
    world.run_until(|world| told(world).any(|told| told.stage == Some(stage)), LIMIT_MS).unwrap();
}

/// Mines until a transaction is in a block.
fn mine_until_mined(world: &mut World, txid: &Txid) {
    let is_mined = |world: &World| {
        let truth = world.wallet().unwrap().truth();
        truth.entry(txid).is_some_and(|entry| entry.place.is_some())
    };
    for _ in 0..40 {
        if is_mined(world) {
            return;
        }
        world.mine(1);
    }
    panic!("the network does not mine {txid}");
}

fn kept(world: &mut World) -> Vec<ApiBroadcast> {
    match world.wallet_call(WalletCommand::Broadcasts).unwrap() {
        Reply::Broadcasts(kept) => kept,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_broadcast_passes_all_its_stages_in_their_order() {
    let plan = WalletPlan {
        masternodes: Some(MasternodePlan::new(16)),
        ..WalletPlan::new(regtest_with_masternodes(), 2, 250)
    };
    let (mut world, draft) = about_to_send(1, plan);
    send(&mut world, &draft);
    reach(&mut world, BroadcastStage::Echoed);
    assert!(world.lock_payment(&draft.txid()));
    reach(&mut world, BroadcastStage::InstantLocked);
    mine_until_mined(&mut world, &draft.txid());
    reach(&mut world, BroadcastStage::ChainLocked);
    let mut stages: Vec<BroadcastStage> = told(&world).filter_map(|told| told.stage).collect();
    stages.dedup();
    assert_eq!(
        stages,
        [
            BroadcastStage::Sent,
            BroadcastStage::Echoed,
            BroadcastStage::InstantLocked,
            BroadcastStage::Mined,
            BroadcastStage::ChainLocked
        ]
    );
    assert!(told(&world).all(|told| told.rejected.is_none()));
}

#[test]
fn a_broadcast_that_loses_to_a_mined_conflict_is_reported_with_its_rival() {
    for seed in 0..3 {
        let (mut world, first) = about_to_send(seed, WalletPlan::new(regtest(), seed, 150));
        world.set_bridge_up(0, false);
        // Another device of the same wallet is faster, and the client does not know it.
        let mut drafts = vec![first];
        drafts.extend((0..20).filter_map(|_| world.draft()));
        world.mine(30);
        let is_spent = |at: &OutPoint| world.wallet().unwrap().truth().coin(at).is_none();
        let draft = drafts.iter().find(|draft| is_spent(&draft.inputs[0].previous)).unwrap();
        send(&mut world, draft);
        world.set_bridge_up(0, true);
        world.run_until(|world| told(world).any(|told| told.rejected.is_some()), LIMIT_MS).unwrap();
        let rejected = told(&world).last().unwrap().rejected.clone().unwrap();
        assert_eq!(rejected.code, ErrorCode::Rejected);
        let mut rivals = draft.inputs.iter().filter_map(|input| spender_of(&world, &input.previous));
        let is_named = |rival: Txid| rejected.message.contains(&rival.to_string());
        assert!(rivals.any(is_named), "seed {seed}: {}", rejected.message);
        assert!(world.submissions().iter().all(|(_, outcome)| outcome.is_err()));
    }
}

/// Who spends an output in the chain.
fn spender_of(world: &World, spent: &OutPoint) -> Option<Txid> {
    let bodies = (0..=world.chain().height()).rev().filter_map(|height| world.chain().body(height));
    let mut transactions = bodies.flat_map(|body| body.transactions());
    let spends = |transaction: &Transaction| transaction.inputs.iter().any(|input| input.previous == *spent);
    transactions.find(|one| spends(&one.transaction)).map(|one| one.transaction.txid())
}

#[test]
fn a_broadcast_goes_on_after_a_reload() {
    for seed in 0..3 {
        let (mut world, draft) = about_to_send(seed, WalletPlan::new(regtest(), seed, 150));
        world.set_bridge_up(0, false);
        send(&mut world, &draft);
        world.reload();
        world.run_until(|world| world.try_state().is_some(), LIMIT_MS).unwrap();
        assert_eq!(kept(&mut world).len(), 1, "what was answered is stored");
        world.set_bridge_up(0, true);
        reach(&mut world, BroadcastStage::Echoed);
        assert_eq!(world.submissions()[0], (draft.txid(), Ok(())));
        world.reload();
        mine_until_mined(&mut world, &draft.txid());
        reach(&mut world, BroadcastStage::Mined);
        let kept = kept(&mut world);
        assert_eq!((kept.len(), kept[0].stage), (1, Some(BroadcastStage::Mined)));
    }
}

#[test]
fn a_broadcast_that_is_stopped_is_announced_no_more() {
    let (mut world, draft) = about_to_send(4, WalletPlan::new(regtest(), 1, 150));
    world.set_bridge_up(0, false);
    send(&mut world, &draft);
    world.wallet_call(WalletCommand::StopBroadcast(draft.txid())).unwrap();
    assert!(kept(&mut world).is_empty());
    world.set_bridge_up(0, true);
    world.run_until_synced(LIMIT_MS).unwrap();
    world.run_for(60_000);
    assert!(world.submissions().is_empty());
}
