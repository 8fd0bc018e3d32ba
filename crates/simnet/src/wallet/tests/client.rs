//! The client's own ledger, fed by filters as a client feeds it, against the scenario's: two that were written apart.

use super::*;
use crate::chain::FilterKind;
use dash_spv_wasm::filters::Filter;
use dash_spv_wasm::wallet::ledger::MAX_HISTORY;
use dash_spv_wasm::wallet::{
    BlockRef, Finality, Fresh, Ledger, Origin, Outcome, Refused, Scope, ScriptBook, Target,
};

/// A client that has all filters and blocks at hand.
struct Client {
    book: ScriptBook,
    ledger: Ledger,
    scopes: Vec<Scope>,
    /// How many blocks it took in order.
    height: u32,
}

impl Client {
    fn new(scenario: &WalletScenario, params: &Arc<NetworkParams>) -> Self {
        let mut book = ScriptBook::new(Arc::clone(params));
        let scopes = scenario.watches().iter().map(|watch| {
            let (target, gap) = Target::parse(watch.target(), params).unwrap();
            Scope::Watch(book.add(vec![(target, gap)]).unwrap().id)
        });
        let scopes = std::iter::once(Scope::All).chain(scopes.collect::<Vec<_>>()).collect();
        Self { book, ledger: Ledger::new(), scopes, height: 0 }
    }

    /// Takes in what the chain has above what is known; what turns out to be watched is looked for below, too.
    fn follow(&mut self, chain: &SimChain) {
        while self.height < chain.height() {
            self.height += 1;
            let elements: Vec<Vec<u8>> = self.book.elements().map(|element| element.to_vec()).collect();
            let mut fresh = self.look(chain, self.height, &elements);
            while !fresh.is_empty() {
                let elements: Vec<Vec<u8>> = fresh.iter().map(|fresh| fresh.element.to_vec()).collect();
                fresh = (1..=self.height).flat_map(|height| self.look(chain, height, &elements)).collect();
            }
        }
        let locked = WalletScenario::horizon(chain).locked;
        locked.into_iter().for_each(|height| drop(self.ledger.chainlocked(&self.book, height)));
    }

    fn look(&mut self, chain: &SimChain, height: u32, elements: &[Vec<u8>]) -> Vec<Fresh> {
        let block = chain.known_block(&chain.hash_at(height).unwrap()).unwrap();
        let filter = Filter::decode(&block.hash, block.filter(FilterKind::Full)).unwrap();
        if !elements.iter().any(|element| filter.contains(element)) {
            return Vec::new();
        }
        let place = BlockRef { height, hash: block.hash, time: block.header.time };
        let transactions = block.body.block(block.header).transactions;
        let outcome: Outcome = self.ledger.connect(&mut self.book, &place, &transactions).unwrap();
        outcome.fresh
    }

    fn undo(&mut self, fork: u32) {
        let _ = self.ledger.disconnect(&self.book, fork + 1, 1_000);
        self.height = fork;
    }

    /// Hears of a payment, and of its lock.
    fn hear(&mut self, entry: &Entry) {
        let transaction = &entry.spending.transaction;
        match self.ledger.unconfirmed(&mut self.book, transaction, 1_000, Origin::Peer) {
            Ok(outcome) => assert!(outcome.fresh.len() < 1_000),
            Err(refused) => assert_eq!(refused, Refused::Unrelated),
        }
        if entry.locked {
            let inputs: Vec<OutPoint> = entry.spends.iter().map(|(at, _)| *at).collect();
            let _ = self.ledger.instantlocked(&self.book, transaction.txid(), &inputs);
        }
    }

    fn agrees_with(&self, scenario: &WalletScenario, chain: &SimChain, when: &str) {
        let horizon = WalletScenario::horizon(chain);
        let finality = |finality| match finality {
            Finality::Seen => TrueFinality::Seen,
            Finality::InstantLocked => TrueFinality::InstantLocked,
            Finality::Mined => TrueFinality::Mined,
            Finality::ChainLocked => TrueFinality::ChainLocked,
        };
        for (place, scope) in self.scopes.iter().enumerate() {
            let watch = place.checked_sub(1);
            let utxos = self.ledger.utxos(&self.book, *scope).into_iter().map(|coin| TrueCoin {
                out_point: coin.out_point,
                value: coin.value,
                script: coin.script,
                finality: finality(coin.finality),
                height: coin.height,
                coinbase: coin.coinbase,
            });
            let (told, truth): (Vec<_>, _) = (utxos.collect(), scenario.truth.coins(watch, &horizon));
            let only = |one: &[TrueCoin], other: &[TrueCoin]| -> Vec<TrueCoin> {
                one.iter().filter(|coin| !other.contains(coin)).cloned().collect()
            };
            let (more, fewer) = (only(&told, &truth), only(&truth, &told));
            assert!(
                told == truth,
                "{when}, watch {watch:?}: told and not true {more:?}, true and not told {fewer:?}"
            );
            let balance = self.ledger.balance(&self.book, *scope, horizon.tip);
            let truth = scenario.truth.balance(watch, &horizon);
            let fields = [
                (balance.chainlocked, truth.chainlocked),
                (balance.instantlocked, truth.instantlocked),
                (balance.mined, truth.mined),
                (balance.pending, truth.pending),
                (balance.immature, truth.immature),
            ];
            assert!(fields.iter().all(|(told, truth)| i128::try_from(*told) == Ok(*truth)), "{fields:?}");
            self.history_agrees(*scope, &scenario.truth.history(watch, &horizon), finality);
        }
    }

    fn history_agrees(
        &self,
        scope: Scope,
        truth: &[TrueRecord],
        finality: impl Fn(Finality) -> TrueFinality,
    ) {
        let mut told = Vec::new();
        loop {
            let before = told.last().map(|record: &(Txid, _, _, _)| record.0);
            let page = self.ledger.history(&self.book, scope, before.as_ref(), MAX_HISTORY).unwrap();
            if page.is_empty() {
                break;
            }
            told.extend(page.into_iter().map(|record| {
                let height = record.block.map(|block| block.height);
                (record.txid, record.delta, finality(record.finality), height)
            }));
        }
        let waiting = told.partition_point(|record| record.3.is_none());
        told[..waiting].sort_by_key(|record| record.0);
        let truth = truth.iter().map(|record| {
            (record.txid, record.delta, record.finality, record.place.map(|(height, _)| height))
        });
        assert_eq!(told, truth.collect::<Vec<_>>());
    }
}

#[test]
fn a_client_that_is_fed_by_filters_sees_what_is_true() {
    for seed in [11, 12] {
        let (chain, scenario) = build(seed, 700);
        let mut client = Client::new(&scenario, chain.params());
        client.follow(&chain);
        client.agrees_with(&scenario, &chain, "after blocks");
    }
}

#[test]
fn a_client_that_lives_through_payments_and_reorganisations_sees_what_is_true() {
    for seed in 0..6 {
        let (mut chain, mut scenario) = build(200 + seed, 250);
        let mut pool = Pool::default();
        let mut rng = Rng::new(seed);
        let mut client = Client::new(&scenario, chain.params());
        client.follow(&chain);
        for _ in 0..10 {
            for _ in 0..rng.below(4) {
                let paid = scenario.pay(&chain, &mut pool);
                paid.iter().for_each(|txid| client.hear(scenario.truth.entry(txid).unwrap()));
            }
            client.agrees_with(&scenario, &chain, "after blocks");
            let blocks = rng.between(1, 6) as u32;
            scenario.mine(&mut chain, &mut pool, blocks, EPOCH + 100_000);
            client.follow(&chain);
            client.agrees_with(&scenario, &chain, "after blocks");
            let depth = rng.between(1, u64::from(MAX_DEPTH)) as u32;
            let fork = chain.height() - depth;
            scenario.reorganize(&mut chain, &mut pool, depth, depth + 1, EPOCH + 100_000);
            client.undo(fork);
            client.follow(&chain);
            client.agrees_with(&scenario, &chain, "after a reorganisation");
        }
        // One that comes later, and hears what the pool has, sees the same.
        let mut late = Client::new(&scenario, chain.params());
        late.follow(&chain);
        scenario.truth.pending().iter().for_each(|txid| late.hear(scenario.truth.entry(txid).unwrap()));
        late.agrees_with(&scenario, &chain, "one that comes late");
    }
}

#[test]
fn locks_show_in_what_the_client_sees() {
    let mut plan = WalletPlan::new(regtest_with_masternodes(), 13, 300);
    plan.masternodes = Some(MasternodePlan::new(16));
    let (mut chain, mut scenario) = WalletScenario::build(&plan);
    let mut pool = Pool::default();
    let mut client = Client::new(&scenario, chain.params());
    client.follow(&chain);
    client.agrees_with(&scenario, &chain, "after blocks");
    for _ in 0..20 {
        let paid = scenario.pay(&chain, &mut pool);
        paid.iter().for_each(|txid| client.hear(scenario.truth.entry(txid).unwrap()));
        client.agrees_with(&scenario, &chain, "after hearing");
        scenario.mine(&mut chain, &mut pool, 1, EPOCH + 100_000);
        client.follow(&chain);
        client.agrees_with(&scenario, &chain, "after blocks");
    }
}
