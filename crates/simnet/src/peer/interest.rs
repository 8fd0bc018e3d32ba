//! Which payments a client is told of: all, none, or those that its bloom filter seems to know (BIP 37; Dash Core
//! `common/bloom.cpp`, `net_processing.cpp`).
//!
//! A filter matches a transaction by its name, by what the scripts of its outputs and inputs push, by what it spends,
//! and by what its special payload names. It may grow by what it matched, so that what spends that is matched too.
//! Bounded by the protocol: one filter of 36,000 bytes.

use super::Clock;
use super::session::SimPeer;
use dash_protocol::special::{ProviderRegister, ProviderUpdateRegistrar, ProviderUpdateService};
use dash_protocol::{
    BloomFilter, BloomUpdate, Command, Encode, OutPoint, SpecialPayload, Transaction, TxOut, Txid,
};

const OP_PUSHDATA1: u8 = 76;
const OP_PUSHDATA2: u8 = 77;
const OP_PUSHDATA4: u8 = 78;
const OP_CHECKSIG: u8 = 0xac;
const OP_CHECKMULTISIG: u8 = 0xae;

/// What a client said that it wants to hear of.
#[derive(Debug, Default)]
pub(super) struct Interest {
    /// Whether it wants to hear of payments.
    relay: bool,
    filter: Option<BloomFilter>,
}

impl Interest {
    /// As the `version` message says it.
    pub fn new(relay: bool) -> Self {
        Self { relay, filter: None }
    }

    /// By a filter, which turns relay on.
    pub fn filtered(filter: BloomFilter) -> Self {
        Self { relay: true, filter: Some(filter) }
    }

    /// Whether the client hears of any payment unasked.
    pub fn relays(&self) -> bool {
        self.relay
    }

    /// Whether the client's filter, if it has one, matches a transaction; the filter grows by it.
    pub fn matches(&mut self, transaction: &Transaction) -> bool {
        self.filter.as_mut().is_none_or(|filter| matches(filter, transaction))
    }

    /// Whether the client is told of a transaction unasked.
    pub fn wants(&mut self, transaction: &Transaction) -> bool {
        self.relay && self.matches(transaction)
    }
}

impl SimPeer {
    pub(super) fn load_filter(&mut self, filter: BloomFilter, clock: Clock) {
        if !self.profile.bloom {
            return self.close(clock.ms);
        }
        self.interest = Interest::filtered(filter);
    }

    /// Without a filter to add to it is misbehaviour.
    pub(super) fn add_to_filter(&mut self, element: &[u8], clock: Clock) {
        match &mut self.interest.filter {
            Some(filter) if self.profile.bloom => filter.insert(element),
            _ => self.close(clock.ms),
        }
    }

    /// The client hears of everything from now on, whatever it said in its `version`.
    pub(super) fn clear_filter(&mut self, clock: Clock) {
        if !self.profile.bloom {
            return self.close(clock.ms);
        }
        self.interest = Interest::new(true);
    }
}

/// Whether a message that cannot be read is about a bloom filter, which is misbehaviour.
pub(super) fn is_about_bloom(command: Command) -> bool {
    [Command::FILTERLOAD, Command::FILTERADD].contains(&command)
}

fn matches(filter: &mut BloomFilter, transaction: &Transaction) -> bool {
    let txid = transaction.txid();
    let mut found = filter.contains(txid.as_bytes()) || matches_payload(filter, transaction, txid);
    // All of them, since each that matches may be added.
    for (vout, output) in (0..).zip(&transaction.outputs) {
        found |= matches_output(filter, output, OutPoint { txid, vout });
    }
    let spends = |filter: &BloomFilter| {
        let mut inputs = transaction.inputs.iter();
        inputs.any(|input| filter.contains(&input.previous.to_wire()) || pushes_any(filter, &input.script))
    };
    found || spends(filter)
}

fn matches_output(filter: &mut BloomFilter, output: &TxOut, at: OutPoint) -> bool {
    let found = pushes_any(filter, &output.script);
    let grows = match filter.update {
        BloomUpdate::None => false,
        BloomUpdate::All => true,
        BloomUpdate::BareKeysOnly => pays_bare_keys(&output.script),
    };
    if found && grows {
        filter.insert(&at.to_wire());
    }
    found
}

fn matches_payload(filter: &mut BloomFilter, transaction: &Transaction, txid: Txid) -> bool {
    let Ok(Some(payload)) = SpecialPayload::of(transaction) else { return false };
    // What a filter grows by if anything but the registration's own name was matched.
    let (found, name) = match &payload {
        SpecialPayload::ProviderRegister(payload) => {
            let ProviderRegister { collateral, owner_key_id, voting_key_id, payout_script, .. } = &**payload;
            let found = filter.contains(&collateral.to_wire())
                || filter.contains(owner_key_id)
                || filter.contains(voting_key_id)
                || pushes_any(filter, payout_script);
            (found, txid.to_wire())
        }
        SpecialPayload::ProviderUpdateService(payload) => {
            let ProviderUpdateService { pro_tx_hash, payout_script, .. } = &**payload;
            if filter.contains(pro_tx_hash.as_bytes()) {
                return true;
            }
            (pushes_any(filter, payout_script), pro_tx_hash.to_wire())
        }
        SpecialPayload::ProviderUpdateRegistrar(payload) => {
            let ProviderUpdateRegistrar { pro_tx_hash, voting_key_id, payout_script, .. } = payload;
            if filter.contains(pro_tx_hash.as_bytes()) {
                return true;
            }
            let found = filter.contains(voting_key_id) || pushes_any(filter, payout_script);
            (found, pro_tx_hash.to_wire())
        }
        SpecialPayload::ProviderUpdateRevoke(payload) => {
            return filter.contains(payload.pro_tx_hash.as_bytes());
        }
        SpecialPayload::AssetLock(payload) => {
            let mut found = false;
            for (vout, output) in (0..).zip(&payload.credit_outputs) {
                found |= matches_output(filter, output, OutPoint { txid, vout });
            }
            return found;
        }
        _ => return false,
    };
    if found && filter.update == BloomUpdate::All {
        filter.insert(&name);
    }
    found
}

fn pushes_any(filter: &BloomFilter, script: &[u8]) -> bool {
    pushes(script).any(|element| filter.contains(element))
}

/// What a script pushes, up to where it breaks off; nothing that is empty.
fn pushes(script: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = script;
    std::iter::from_fn(move || {
        loop {
            let (&opcode, after) = rest.split_first()?;
            let (len, after) = match opcode {
                0..OP_PUSHDATA1 => (usize::from(opcode), after),
                OP_PUSHDATA1 => length::<1>(after)?,
                OP_PUSHDATA2 => length::<2>(after)?,
                OP_PUSHDATA4 => length::<4>(after)?,
                _ => (0, after),
            };
            let (element, after) = after.split_at_checked(len)?;
            rest = after;
            if !element.is_empty() {
                return Some(element);
            }
        }
    })
}

/// A length in so many bytes, and what follows it.
fn length<const BYTES: usize>(script: &[u8]) -> Option<(usize, &[u8])> {
    let (bytes, after) = script.split_first_chunk::<BYTES>()?;
    let mut word = [0; 4];
    word[..BYTES].copy_from_slice(bytes);
    Some((u32::from_le_bytes(word) as usize, after))
}

/// Whether a script is that of one bare public key, or of some of several.
fn pays_bare_keys(script: &[u8]) -> bool {
    match script {
        [len @ (33 | 65), key @ .., OP_CHECKSIG] => key.len() == usize::from(*len),
        [0x51..=0x60, keys @ .., count @ 0x51..=0x60, OP_CHECKMULTISIG] => {
            let mut found = 0;
            let mut rest = keys;
            while let [len @ (33 | 65), after @ ..] = rest {
                let Some((_, after)) = after.split_at_checked(usize::from(*len)) else { return false };
                (rest, found) = (after, found + 1);
            }
            rest.is_empty() && found == count - 0x50
        }
        _ => false,
    }
}
