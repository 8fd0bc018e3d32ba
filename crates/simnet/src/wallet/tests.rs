//! The ledger against the chain: another one, worked out from whole blocks and from nothing else.

use super::*;
use crate::chain::EPOCH;
use crate::world::{regtest, regtest_with_masternodes};
mod client;

/// What the blocks of a chain leave to some scripts, read from their transactions in order.
#[derive(Default)]
struct Plain {
    coins: BTreeMap<OutPoint, (i64, Vec<u8>, u32, bool)>,
    deltas: BTreeMap<Txid, i128>,
}

impl Plain {
    fn of(chain: &SimChain, scripts: &BTreeSet<Vec<u8>>) -> Self {
        let mut plain = Self::default();
        let mut unspent = BTreeSet::new();
        for height in 0..=chain.height() {
            for one in chain.body(height).unwrap().transactions() {
                let transaction = &one.transaction;
                let txid = transaction.txid();
                let mut delta = None;
                let is_coinbase = transaction.is_coinbase();
                assert_eq!(one.spent.len(), if is_coinbase { 0 } else { transaction.inputs.len() });
                for (input, script) in transaction.inputs.iter().zip(&one.spent) {
                    assert!(unspent.remove(&(input.previous, script.clone())), "it spends what there is");
                    if let Some((value, ..)) = plain.coins.remove(&input.previous) {
                        *delta.get_or_insert(0) -= i128::from(value);
                    }
                }
                for (vout, output) in (0..).zip(&transaction.outputs) {
                    let out_point = OutPoint { txid, vout };
                    unspent.insert((out_point, output.script.clone()));
                    if scripts.contains(&output.script) {
                        let coin = (output.value, output.script.clone(), height, is_coinbase);
                        plain.coins.insert(out_point, coin);
                        *delta.get_or_insert(0) += i128::from(output.value);
                    }
                }
                if let Some(delta) = delta {
                    assert_eq!(plain.deltas.insert(txid, delta), None);
                }
            }
        }
        plain
    }
}

impl WalletScenario {
    /// Every script of a watch that was ever derived.
    fn scripts(&self, scope: Option<usize>) -> BTreeSet<Vec<u8>> {
        let watches = self.watches.iter().enumerate().filter(|(at, _)| scope.is_none_or(|one| one == *at));
        watches.flat_map(|(_, watch)| watch.scripts()).collect()
    }

    fn holds_against(&self, chain: &SimChain) {
        let horizon = Self::horizon(chain);
        for scope in [None, Some(0), Some(1), Some(2), Some(3)] {
            let plain = Plain::of(chain, &self.scripts(scope));
            let history = self.truth.history(scope, &horizon);
            let mined = history.iter().filter(|record| record.place.is_some());
            let (named, moving): (Vec<_>, Vec<_>) =
                mined.partition(|record| !plain.deltas.contains_key(&record.txid));
            assert!(named.iter().all(|record| record.delta == 0 && record.tx_type != 0), "{named:?}");
            assert_eq!(moving.len(), plain.deltas.len());
            for record in moving {
                assert_eq!(record.delta, plain.deltas[&record.txid]);
                let (height, place) = record.place.unwrap();
                let block = chain.body(height).unwrap().txids();
                assert_eq!(block[place as usize], record.txid);
            }
            if !self.truth.pending().is_empty() {
                continue;
            }
            let coins = self.truth.coins(scope, &horizon);
            let found = coins
                .into_iter()
                .map(|coin| (coin.out_point, (coin.value, coin.script, coin.height.unwrap(), coin.coinbase)));
            assert_eq!(found.collect::<BTreeMap<_, _>>(), plain.coins);
            let total: i128 = plain.coins.values().map(|coin| i128::from(coin.0)).sum();
            assert_eq!(self.truth.balance(scope, &horizon).total(), total);
        }
    }
}

fn build(seed: u64, height: u32) -> (SimChain, WalletScenario) {
    WalletScenario::build(&WalletPlan::new(regtest(), seed, height))
}

#[test]
fn the_ledger_is_that_of_the_blocks() {
    let (chain, scenario) = build(1, 1_500);
    scenario.holds_against(&chain);
    let history = scenario.truth.history(None, &WalletScenario::horizon(&chain));
    assert!(history.len() > 500, "{} transactions", history.len());
    for tx_type in [0, 1, 2, 3, 4, 5, 8, 9] {
        let of_type = history.iter().filter(|record| record.tx_type == tx_type);
        assert!(of_type.count() > 3, "type {tx_type}");
    }
    let in_blocks_that_make_them = history.iter().filter(|record| record.delta < 0).filter(|record| {
        let entry = scenario.truth.entry(&record.txid).unwrap();
        let (height, _) = entry.place.unwrap();
        entry.spends.iter().any(|(at, _)| scenario.truth.entry(&at.txid).unwrap().place.unwrap().0 == height)
    });
    assert!(in_blocks_that_make_them.count() > 10, "payments of one block spend each other");
}

#[test]
fn the_ledger_up_to_a_height_is_that_of_the_blocks_up_to_there() {
    let (chain, mut scenario) = build(6, 400);
    scenario.pay(&chain, &mut Pool::default());
    for height in [0, 99, 150, 399, 400] {
        let early = WalletScenario { truth: scenario.truth.up_to(height), ..scenario.clone() };
        assert!(early.truth.pending().is_empty());
        early.holds_against(&chain.prefix(height));
    }
}

#[test]
fn merkle_roots_and_bodies_fit_and_no_coinbase_is_spent_unripe() {
    let (chain, scenario) = build(2, 600);
    for height in 1..=chain.height() {
        let block = chain.full_block(&chain.hash_at(height).unwrap()).unwrap();
        assert_eq!(block.merkle_root(), Ok(block.header.merkle_root));
        for spent in block.transactions.iter().flat_map(|transaction| &transaction.inputs) {
            let Some(maker) = scenario.truth.entry(&spent.previous.txid) else { continue };
            let (made, _) = maker.place.unwrap();
            assert!(!maker.is_coinbase() || height >= made + MATURITY);
        }
    }
}

#[test]
fn payments_reach_the_edge_of_the_gap_and_never_go_beyond() {
    let (chain, scenario) = build(3, 1_000);
    let (mut next, mut at_the_edge) = (BTreeMap::new(), 0);
    for height in 1..=chain.height() {
        // Whom the coinbase pays is decided last.
        let mut txids = chain.body(height).unwrap().txids().to_vec();
        txids.rotate_left(1);
        for txid in txids {
            let entry = scenario.truth.entry(&txid).unwrap();
            let paid = entry.makes.iter().filter_map(|(_, coin)| coin.owner);
            for (watch, (branch, index)) in paid.filter_map(|owner| Some((owner.watch, owner.place?))) {
                let next: &mut u32 = next.entry((watch, branch)).or_default();
                assert!(index < *next + GAP, "{index} from {next}");
                at_the_edge += u32::from(index + 1 == *next + GAP);
                *next = (*next).max(index + 1);
            }
        }
    }
    assert_eq!(next.len(), 3);
    assert!(at_the_edge > 20, "{at_the_edge} at the edge");
}

#[test]
fn what_the_client_derives_from_public_keys_is_what_the_scenario_pays() {
    use dash_spv_wasm::wallet::{ScriptBook, Target};
    let (chain, mut scenario) = build(4, 400);
    let params = chain.params();
    for watch in &mut scenario.watches {
        let (target, gap) = Target::parse(watch.target(), params).unwrap();
        let mut book = ScriptBook::new(Arc::clone(params));
        book.add(vec![(target, gap)]).unwrap();
        for script in watch.first_scripts(GAP) {
            assert!(book.has_script(&script));
        }
    }
}

#[test]
fn reorganisations_undo_and_redo_and_the_ledger_follows() {
    // Mined in the same block height, in another, waiting, and lost.
    let mut fates = [0; 4];
    for seed in 0..4 {
        let plan = WalletPlan { hidden_percent: 30, ..WalletPlan::new(regtest(), 100 + seed, 300) };
        let (mut chain, mut scenario) = WalletScenario::build(&plan);
        let mut pool = Pool::default();
        let mut rng = Rng::new(seed);
        for _ in 0..8 {
            for _ in 0..rng.below(4) {
                scenario.pay(&chain, &mut pool);
            }
            let blocks = rng.between(1, 6) as u32;
            scenario.mine(&mut chain, &mut pool, blocks, EPOCH + 100_000);
            scenario.holds_against(&chain);
            let depth = rng.between(1, u64::from(MAX_DEPTH)) as u32;
            let tip = chain.height();
            let above = |record: &TrueRecord| record.place.is_some_and(|(height, _)| height > tip - depth);
            let history = scenario.truth.history(None, &WalletScenario::horizon(&chain));
            let undone = scenario.reorganize(&mut chain, &mut pool, depth, depth + 1, EPOCH + 100_000);
            assert_eq!((undone, chain.height()), (depth, tip + 1));
            for before in history.iter().filter(|record| above(record) && record.tx_type != 5) {
                let after = scenario.truth.entry(&before.txid).map(|entry| entry.place.map(|place| place.0));
                fates[match after {
                    Some(Some(height)) => usize::from(before.place.is_some_and(|(was, _)| was != height)),
                    Some(None) => 2,
                    None => 3,
                }] += 1;
            }
            scenario.holds_against(&chain);
            scenario.agrees_with(&pool);
        }
    }
    assert!(fates.iter().all(|count| *count > 5), "{fates:?}");
}

impl WalletScenario {
    /// Whether the pool has what counts and is in no block.
    fn agrees_with(&self, pool: &Pool) {
        let pending: BTreeSet<Txid> = self.truth.pending().into_iter().collect();
        let waiting: BTreeSet<Txid> = pool.waiting().map(|payment| payment.transaction.txid()).collect();
        assert_eq!(pending, waiting);
        let owners = self.truth.pending().into_iter().filter_map(|txid| self.truth.entry(&txid).cloned());
        for entry in owners {
            assert!(entry.shows().all(|owner| self.watches[owner.watch].is_found(owner)), "{entry:?}");
        }
    }
}

#[test]
fn a_payment_waits_is_mined_and_becomes_final() {
    let mut plan = WalletPlan::new(regtest_with_masternodes(), 5, 400);
    plan.masternodes = Some(MasternodePlan::new(16));
    let (mut chain, mut scenario) = WalletScenario::build(&plan);
    scenario.holds_against(&chain);
    let mut pool = Pool::default();
    let mut finalities = BTreeSet::new();
    for _ in 0..30 {
        if let Some(txid) = scenario.pay(&chain, &mut pool) {
            let name = dash_protocol::Inventory {
                kind: dash_protocol::InventoryKind::Transaction,
                hash: txid.to_bytes(),
            };
            assert!(pool.transaction(&name).is_some());
            scenario.lock(&txid, &chain, &mut pool);
        }
        let horizon = WalletScenario::horizon(&chain);
        finalities.extend(scenario.truth.history(None, &horizon).iter().map(|record| record.finality));
        scenario.mine(&mut chain, &mut pool, 1, EPOCH + 100_000);
        scenario.agrees_with(&pool);
    }
    assert!(finalities.contains(&TrueFinality::InstantLocked));
    assert!(finalities.contains(&TrueFinality::ChainLocked));
}

#[test]
fn pools_take_what_spends_what_there_is_and_refuse_conflicts() {
    use crate::peer::Refusal;
    let (mut chain, mut scenario) = build(6, 400);
    let mut pool = Pool::default();
    let first = scenario.draft(&chain).unwrap();
    let txid = pool.accept(first.clone(), &chain).unwrap();
    assert!(scenario.heard(&txid) && !scenario.heard(&txid));
    assert_eq!(pool.accept(first.clone(), &chain), Err(Refusal::Known));
    let conflict = Transaction { lock_time: 7, ..first.clone() };
    assert_eq!(pool.accept(conflict.clone(), &chain), Err(Refusal::Conflict(txid)));
    let mut unknown = first.clone();
    unknown.inputs[0].previous.vout = 99;
    assert_eq!(pool.accept(unknown.clone(), &chain), Err(Refusal::Missing(unknown.inputs[0].previous)));
    while scenario.truth.entry(&txid).is_some_and(|entry| entry.place.is_none()) {
        scenario.mine(&mut chain, &mut pool, 1, EPOCH + 100_000);
    }
    let Some((height, _)) = scenario.truth.entry(&txid).and_then(|entry| entry.place) else { return };
    assert_eq!(pool.accept(first, &chain), Err(Refusal::Mined(height)));
    assert_eq!(pool.accept(conflict, &chain), Err(Refusal::Conflict(txid)));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let (mut chain, mut scenario) = build(seed, 200);
        let mut pool = Pool::default();
        scenario.pay(&chain, &mut pool);
        scenario.mine(&mut chain, &mut pool, 3, EPOCH + 1_000);
        (chain.tip_hash(), scenario.truth.history(None, &WalletScenario::horizon(&chain)))
    };
    assert_eq!(run(9), run(9));
    assert_ne!(run(9).0, run(10).0);
}
