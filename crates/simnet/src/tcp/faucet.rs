//! One who pays whomever one likes.
//!
//! The coinbase of every block pays the faucet, and each coin is spent once: from the lowest block upwards, when it is
//! ripe. Its change is left lying, so that nothing has to be known of it but how far it came: a height.

use crate::chain::SimChain;
use crate::rng::Rng;
use crate::wallet::{Lock, MATURITY};
use dash_protocol::{BlockHash, OutPoint, Transaction, TxIn, TxOut};

/// What a block's coinbase pays.
const REWARD: i64 = 50_000_000_000;
/// What of that is not the faucet's.
const OTHERS: i64 = REWARD / 4;
/// What a payment leaves to the miner.
const FEE: i64 = 500;
/// Coins that one payment spends, at most: 37,500 DASH.
const MOST_COINS: usize = 100;

/// The faucet has not enough that is ripe, or there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the faucet has not that much")]
pub struct Dry;

/// See the module.
#[derive(Clone, Debug)]
pub struct Faucet {
    lock: Lock,
    rng: Rng,
    /// The lowest block whose coin is not spent.
    next: u32,
}

impl Faucet {
    /// The faucet of a seed, for a chain whose every block has [`Faucet::reward`].
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::split(seed, 31);
        Self { lock: Lock::random(&mut rng), rng, next: 1 }
    }

    /// What the coinbase of the block on top of a chain pays: the faucet, and somebody else.
    pub fn reward(&self, below: &SimChain) -> Vec<TxOut> {
        let to_faucet = TxOut { value: REWARD - OTHERS, script: self.lock.script() };
        vec![to_faucet, TxOut { value: OTHERS, script: Self::stranger(below, below.height()) }]
    }

    /// The script of somebody whom nobody knows, one for each block.
    pub fn stranger(chain: &SimChain, height: u32) -> Vec<u8> {
        let hash = chain.hash_at(height).unwrap_or(BlockHash::ZERO);
        let seed = hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Lock::random(&mut Rng::new(seed)).script()
    }

    /// A transaction that pays a script so many duffs.
    ///
    /// # Errors
    /// [`Dry`].
    pub fn draw(&mut self, chain: &SimChain, script: &[u8], duffs: i64) -> Result<Transaction, Dry> {
        let wanted = duffs.checked_add(FEE).ok_or(Dry)?;
        let (mut inputs, mut total, mut next) = (Vec::new(), 0, self.next);
        while total < wanted {
            if inputs.len() == MOST_COINS || next + MATURITY > chain.height() + 1 {
                return Err(Dry);
            }
            if let Some((previous, value)) = self.coin(chain, next) {
                total += value;
                inputs.push(TxIn { previous, script: self.lock.unlock(&mut self.rng), sequence: u32::MAX });
            }
            next += 1;
        }
        self.next = next;
        let mut outputs = vec![TxOut { value: duffs, script: script.to_vec() }];
        if total > wanted {
            outputs.push(TxOut { value: total - wanted, script: self.lock.script() });
        }
        Ok(Transaction { version: 2, tx_type: 0, inputs, outputs, lock_time: 0, payload: Vec::new() })
    }

    /// What the coinbase at a height pays it; nothing in blocks that the network begins with.
    fn coin(&self, chain: &SimChain, height: u32) -> Option<(OutPoint, i64)> {
        let body = chain.body(height)?;
        let outputs = (0..).zip(&body.transactions()[0].transaction.outputs);
        let own = self.lock.script();
        let mut coins = outputs.filter(|(_, output)| output.script == own);
        let (vout, output) = coins.next()?;
        Some((OutPoint { txid: body.txids()[0], vout }, output.value))
    }
}
