//! Random chains over a few scripts, with a ledger kept beside that knows nothing but the chain.

use super::*;
use crate::collections::SortedMap;

/// What a chain leaves, worked out in order from its transactions alone: coins by output, and amounts by transaction.
fn plain(chain: &[Vec<Transaction>], watched: &[u8]) -> (SortedMap<OutPoint, i64>, SortedMap<Txid, i128>) {
    let scripts: Vec<Vec<u8>> = watched.iter().map(|number| script(*number)).collect();
    let (mut coins, mut deltas) = (SortedMap::new(), SortedMap::new());
    for transaction in chain.iter().flatten() {
        let txid = transaction.txid();
        let spent: Vec<i64> =
            transaction.inputs.iter().filter_map(|input| coins.remove(&input.previous)).collect();
        let mut delta = Vec::from_iter(spent.into_iter().map(|value| -i128::from(value)));
        for (vout, output) in (0..).zip(&transaction.outputs) {
            if scripts.contains(&output.script) {
                coins.insert(OutPoint { txid, vout }, output.value);
                delta.push(output.value.into());
            }
        }
        if !delta.is_empty() {
            deltas.insert(txid, delta.iter().sum());
        }
    }
    (coins, deltas)
}

/// Blocks in which coins of six keys move, many within the block that made them.
fn chain(rng: &mut fastrand::Rng, len: u32, salt: u32) -> Vec<Vec<Transaction>> {
    let mut coins: Vec<(OutPoint, u8, i64)> = Vec::new();
    (0..len)
        .map(|height| {
            let mut block = vec![coinbase(height ^ salt << 16, vec![pay(rng.u8(1..7), 50)])];
            for number in 0..rng.u32(0..5) {
                let inputs: Vec<_> = (0..rng.usize(0..3))
                    .filter_map(|_| {
                        let at = rng.usize(..coins.len().max(1));
                        (at < coins.len()).then(|| coins.swap_remove(at))
                    })
                    .collect();
                let outputs: Vec<_> = (0..rng.u32(1..4)).map(|_| (rng.u8(1..7), rng.i64(1..1_000))).collect();
                let paid = outputs.iter().map(|(to, value)| pay(*to, *value)).collect();
                let mut next = if inputs.is_empty() {
                    from_afar(salt << 24 | height << 8 | number, paid)
                } else {
                    transaction(inputs.iter().map(|(from, key, _)| spend(*from, *key)).collect(), paid)
                };
                next.lock_time = salt << 16 | height;
                coins.extend(
                    (0..).zip(outputs).map(|(vout, (to, value))| (output_of(&next, vout), to, value)),
                );
                block.push(next);
            }
            block
        })
        .collect()
}

fn assert_is(wallet: &Wallet, chain: &[Vec<Transaction>], watched: &[u8], seed: u64) {
    let (coins, deltas) = plain(chain, watched);
    let utxos = wallet.ledger.utxos(&wallet.book, Scope::All);
    let found: SortedMap<_, _> = utxos.iter().map(|utxo| (utxo.out_point, utxo.value)).collect();
    assert_eq!(found, coins, "seed {seed}");
    let history = wallet.history();
    let found: SortedMap<_, _> = history.iter().map(|record| (record.txid, record.delta)).collect();
    assert_eq!((found.len(), &found), (history.len(), &deltas), "seed {seed}");
    let total: i64 = coins.values().sum();
    assert_eq!(i128::try_from(wallet.balance(chain.len() as u32).total()), Ok(total.into()), "seed {seed}");
}

#[test]
fn blocks_fed_in_any_order_for_scripts_added_in_any_order_leave_what_the_chain_leaves() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let chain = chain(&mut rng, 12, 0);
        let mut scripts = vec![1, 2, 3, 4];
        rng.shuffle(&mut scripts);
        let mut wallet = Wallet::watching(&[]);
        for (known, number) in scripts.iter().enumerate() {
            wallet.watch(&script(*number));
            let mut heights: Vec<u32> = (0..12).collect();
            rng.shuffle(&mut heights);
            for height in heights {
                wallet.connect(height, &chain[height as usize]);
                if rng.u8(..10) == 0 {
                    wallet = wallet.reloaded();
                }
            }
            assert_is(&wallet, &chain, &scripts[..=known], seed);
        }
    }
}

#[test]
fn reorganisations_leave_what_the_last_chain_leaves() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut wallet = Wallet::watching(&[1, 2, 3]);
        let mut best: Vec<Vec<Transaction>> = Vec::new();
        for round in 0..12 {
            let depth = rng.usize(..=best.len().min(6));
            let keep = best.len() - depth;
            if depth > 0 {
                wallet.ledger.disconnect(&wallet.book, keep as u32, 7);
            }
            let undone = best.split_off(keep);
            // The new branch has some of the old one's payments again, in other blocks, and some of its own that can
            // conflict with the rest of them.
            let len = rng.u32(1..6);
            let mut blocks = chain(&mut rng, len, round + 1);
            let again: Vec<Transaction> =
                undone.into_iter().flatten().filter(|transaction| !transaction.is_coinbase()).collect();
            let all: Vec<Transaction> = best.iter().flatten().cloned().collect();
            for transaction in again {
                let parents_stand = transaction.inputs.iter().all(|input| {
                    let made = |t: &Transaction| t.txid() == input.previous.txid;
                    input.previous.txid.to_bytes()[31] == 0xfa || all.iter().any(made)
                });
                if parents_stand && rng.bool() {
                    blocks[0].push(transaction);
                }
            }
            for transactions in blocks {
                let height = best.len() as u32;
                let block = at(height, round as u8);
                wallet.ledger.connect(&mut wallet.book, &block, &transactions).unwrap();
                best.push(transactions);
            }
            if rng.bool() {
                wallet = wallet.reloaded();
            }
        }
        // What is unconfirmed still is not the chain's: without it the answers are those of the chain alone.
        wallet.ledger.expire(&wallet.book, u64::MAX);
        assert_eq!(wallet.ledger.pool_len(), 0, "seed {seed}");
        assert_is(&wallet, &best, &[1, 2, 3], seed);
        let mut replayed = Wallet::watching(&[1, 2, 3]);
        for (height, transactions) in (0..).zip(&best) {
            let block = wallet.ledger.block(height).unwrap_or(at(height, 0));
            replayed.ledger.connect(&mut replayed.book, &block, transactions).unwrap();
        }
        assert_eq!(wallet.answers(100), replayed.answers(100), "seed {seed}");
    }
}
