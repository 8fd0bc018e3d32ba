//! Transactions that the user sends: announced to peers, again after every block, until they are mined or cannot be.
//!
//! All peers but one hear of a transaction from us: a node does not announce to anybody what it has from him, so the
//! last one can tell that the network took it ([`BroadcastStage::Echoed`]). A peer counts as having taken it when it
//! fetches it. If a block comes and the transaction was not echoed, that one is told, too: all others may be silent.
//!
//! **Bounds.** [`MOST_SENDING`] transactions under way, and [`MOST_ENDED`] that came to an end and are kept so that the
//! page can ask how. Peers can add nothing but themselves to a set.

use crate::api::{ApiBroadcast, ApiError, BroadcastStage, ErrorCode, Event};
use crate::collections::{Gather, SortedMap, SortedSet, sort, sort_by_key};
use crate::engine::{ConnId, Outbox};
use crate::sync::headers::Ctx;
use crate::wallet::{Finality, Ledger, Status, WatchId};
use dash_protocol::{
    BlockHash, Decode, Encode, Inventory, InventoryKind, Message, Reader, Transaction, Txid, put_var_bytes,
};

/// Transactions that are sent at the same time.
pub(super) const MOST_SENDING: usize = 1_000;
/// Those that came to an end and are kept.
pub(super) const MOST_ENDED: usize = 100;
const FORMAT: u8 = 1;

/// A transaction on its way.
#[derive(Debug)]
struct Sending {
    transaction: Transaction,
    /// What is watched for its sake alone.
    watch: Option<WatchId>,
    /// Its record.
    key: u64,
    /// Who was told of it since the last block.
    told: SortedSet<ConnId>,
    /// A block came after somebody was told: it is not waited any longer for a witness.
    waited: bool,
    /// Who fetched it, and who announced it without having it from us.
    took: SortedSet<ConnId>,
    echoed: SortedSet<ConnId>,
    /// How far it was before a restart, or is.
    stage: Option<BroadcastStage>,
    rejected: Option<ApiError>,
    /// What the page knows.
    shown: Option<ApiBroadcast>,
}

impl Sending {
    /// Nobody was told of it yet.
    const fn new(transaction: Transaction, watch: Option<WatchId>, key: u64) -> Self {
        Self {
            transaction,
            watch,
            key,
            told: SortedSet::new(),
            waited: false,
            took: SortedSet::new(),
            echoed: SortedSet::new(),
            stage: None,
            rejected: None,
            shown: None,
        }
    }

    fn is_ended(&self) -> bool {
        self.rejected.is_some() || self.stage >= Some(BroadcastStage::ChainLocked)
    }

    fn is_mined(&self) -> bool {
        self.stage >= Some(BroadcastStage::Mined)
    }

    /// Who of those that are there is told now: all, except for one who has not heard of it from us. He is the witness
    /// that the network took it; until the next block, as those who were told may keep it to themselves.
    fn next_to_tell(&mut self, ready: &[ConnId]) -> Vec<ConnId> {
        if self.is_mined() || self.rejected.is_some() {
            return Vec::new();
        }
        let mut untold: Vec<ConnId> = ready.iter().filter(|conn| !self.told.contains(conn)).copied().gather();
        let is_echoed = self.stage >= Some(BroadcastStage::Echoed);
        if !is_echoed && !self.waited && ready.len() > 1 {
            untold.pop();
        }
        self.told.extend(&untold);
        untold
    }

    fn show(&self, txid: &Txid) -> ApiBroadcast {
        ApiBroadcast {
            txid: txid.to_string(),
            stage: self.stage,
            peers: (self.took.len() + self.echoed.difference(&self.took).count()) as u32,
            rejected: self.rejected.clone(),
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Broadcasts {
    all: SortedMap<Txid, Sending>,
    next_key: u64,
    /// The tip after which everybody was told.
    tip: Option<BlockHash>,
    /// Records to write or delete.
    changed: SortedMap<u64, Option<Vec<u8>>>,
}

impl Broadcasts {
    /// Whether this transaction can be sent.
    ///
    /// # Errors
    /// If too many others are under way.
    pub fn check_room(&self, txid: &Txid) -> Result<(), ApiError> {
        let under_way = self.all.values().filter(|sending| !sending.is_ended()).count();
        if under_way < MOST_SENDING || self.has(txid) {
            return Ok(());
        }
        let why = format!("{MOST_SENDING} transactions are being sent already");
        Err(ApiError::new(ErrorCode::BadInput, why))
    }

    /// Begins to send a transaction for which there is room, or goes on with it. `watch` is what has to be watched for
    /// its sake.
    pub fn add(&mut self, transaction: Transaction, watch: Option<WatchId>) -> ApiBroadcast {
        let txid = transaction.txid();
        if let Some(known) = self.all.get_mut(&txid) {
            known.told.clear();
            return known.show(&txid);
        }
        self.next_key += 1;
        let key = self.next_key;
        let sending = Sending::new(transaction, watch, key);
        let shown = sending.show(&txid);
        self.changed.insert(key, Some(encode(&sending)));
        self.all.insert(txid, sending);
        shown
    }

    /// Sends a transaction no longer. Returns what was watched for its sake, and for that of no other.
    pub fn stop(&mut self, txid: &Txid) -> Option<WatchId> {
        let sending = self.all.remove(txid)?;
        self.changed.insert(sending.key, None);
        sending.watch.filter(|watch| self.watches().all(|other| other != *watch))
    }

    /// The page watches this itself from now on.
    pub fn let_go(&mut self, watch: WatchId) {
        for sending in self.all.values_mut().filter(|sending| sending.watch == Some(watch)) {
            sending.watch = None;
            self.changed.insert(sending.key, Some(encode(sending)));
        }
    }

    /// All that are kept.
    pub fn list(&self) -> Vec<ApiBroadcast> {
        let mut all: Vec<_> =
            self.all.iter().map(|(txid, sending)| (sending.key, sending.show(txid))).gather();
        sort_by_key(&mut all, |(key, _)| *key);
        all.into_iter().map(|(_, shown)| shown).gather()
    }

    /// What is watched for the sake of broadcasts alone.
    pub fn watches(&self) -> impl Iterator<Item = WatchId> {
        self.all.values().filter_map(|sending| sending.watch)
    }

    /// Whether a transaction is being sent.
    pub fn has(&self, txid: &Txid) -> bool {
        self.all.contains_key(txid)
    }

    /// A peer announced a transaction.
    pub fn announced(&mut self, conn: ConnId, txid: &Txid) {
        if let Some(sending) = self.all.get_mut(txid)
            && !sending.took.contains(&conn)
        {
            sending.echoed.insert(conn);
        }
    }

    /// A peer asks for what was announced to it.
    pub fn on_get_data(&mut self, conn: ConnId, items: &[Inventory], ctx: &mut Ctx<'_>) {
        for item in items.iter().filter(|item| item.kind == InventoryKind::Transaction) {
            let Some(sending) = self.all.get_mut(&Txid::from_bytes(item.hash)) else { continue };
            if sending.told.contains(&conn) && sending.took.insert(conn) {
                ctx.peers.send(conn, &Message::Tx(sending.transaction.clone()), ctx.out);
            }
        }
    }

    /// A peer is gone: who comes in its place is told anew.
    pub fn forget(&mut self, conn: ConnId) {
        for sending in self.all.values_mut() {
            sending.told.remove(&conn);
        }
    }

    /// Tells peers of what is not mined, all of them again after each block; and the page of what got further. Returns
    /// what has to be watched no longer.
    pub fn step(&mut self, tip: BlockHash, ledger: &Ledger, ctx: &mut Ctx<'_>) -> Vec<WatchId> {
        self.follow(tip);
        let ready: Vec<ConnId> = ctx.peers.ready().map(|peer| peer.conn).gather();
        self.review(ledger);
        for (txid, sending) in &mut self.all {
            for conn in sending.next_to_tell(&ready) {
                let item = Inventory { kind: InventoryKind::Transaction, hash: *txid.as_bytes() };
                ctx.peers.send(conn, &Message::Inv(vec![item]), ctx.out);
            }
        }
        self.tell(ctx.out);
        self.forget_ended()
    }

    /// Looks how far everything is by now.
    pub(super) fn review(&mut self, ledger: &Ledger) {
        self.all.iter_mut().for_each(|(txid, sending)| review(txid, sending, ledger));
    }

    /// Of those that are there, who is told of a transaction now.
    #[cfg(test)]
    pub(super) fn tell_peers(&mut self, txid: &Txid, ready: &[ConnId]) -> Vec<ConnId> {
        self.all.get_mut(txid).map_or_else(Vec::new, |sending| sending.next_to_tell(ready))
    }

    /// After a block everybody is told again.
    pub(super) fn follow(&mut self, tip: BlockHash) {
        if self.tip.replace(tip) != Some(tip) {
            self.all.values_mut().for_each(|sending| {
                sending.waited |= !sending.told.is_empty();
                sending.told.clear();
                sending.took.clear();
            });
        }
    }

    /// Tells the page what changed.
    pub(super) fn tell(&mut self, out: &mut Outbox) {
        for (txid, sending) in &mut self.all {
            let shown = sending.show(txid);
            let known = sending.shown.as_ref();
            // Who took it is counted anew after each block; only more of them are news.
            let is_news = known.is_none_or(|known| {
                known.stage != shown.stage || known.rejected != shown.rejected || known.peers < shown.peers
            });
            if is_news {
                if known.is_none_or(|known| known.stage != shown.stage) {
                    self.changed.insert(sending.key, Some(encode(sending)));
                }
                sending.shown = Some(shown.clone());
                out.emit(Event::Broadcast { broadcast: shown });
            }
        }
    }

    /// Forgets the oldest of those that came to an end. Returns what was watched for their sake.
    pub(super) fn forget_ended(&mut self) -> Vec<WatchId> {
        let mut ended: Vec<(u64, Txid)> = self
            .all
            .iter()
            .filter(|(_, sending)| sending.is_ended())
            .map(|(txid, one)| (one.key, *txid))
            .gather();
        sort(&mut ended);
        let over = ended.len().saturating_sub(MOST_ENDED);
        ended.into_iter().take(over).filter_map(|(_, txid)| self.stop(&txid)).gather()
    }

    /// The records to write or delete.
    pub fn take_changed(&mut self) -> SortedMap<u64, Option<Vec<u8>>> {
        std::mem::take(&mut self.changed)
    }

    /// Takes one back that was on its way before a restart; false if the record cannot be read.
    pub fn restore(&mut self, key: u64, record: &[u8]) -> bool {
        let Some(sending) = decode(key, record) else { return false };
        self.next_key = self.next_key.max(key);
        self.all.insert(sending.transaction.txid(), sending);
        true
    }
}

/// How far a transaction is by now.
fn review(txid: &Txid, sending: &mut Sending, ledger: &Ledger) {
    let by_peers = if sending.echoed.is_empty() {
        (!sending.took.is_empty()).then_some(BroadcastStage::Sent)
    } else {
        Some(BroadcastStage::Echoed)
    };
    let reached = sending.stage.filter(|stage| *stage <= BroadcastStage::Echoed);
    let by_ledger = match ledger.status(txid) {
        Some(Status::Counts(finality)) => {
            sending.rejected = None;
            stage_of(finality)
        }
        Some(Status::Out) => {
            sending.rejected = rival(txid, ledger).map(|rival| conflict(&rival));
            None
        }
        // Only what conflicts with something final is forgotten.
        None => {
            sending.rejected.get_or_insert_with(|| conflict("one that is final"));
            None
        }
    };
    sending.stage = by_ledger.max(by_peers).max(reached);
}

fn conflict(with: &str) -> ApiError {
    ApiError::new(ErrorCode::Rejected, format!("another transaction spends the same: {with}"))
}

/// A transaction that is mined or locked and spends the same.
fn rival(txid: &Txid, ledger: &Ledger) -> Option<String> {
    let conflicts = ledger.rivals(txid);
    let wins = |rival: &Txid| {
        matches!(ledger.status(rival), Some(Status::Counts(finality)) if finality > Finality::Seen)
            || ledger.status(rival).is_none()
    };
    conflicts.into_iter().find(wins).map(|rival| rival.to_string())
}

fn stage_of(finality: Finality) -> Option<BroadcastStage> {
    match finality {
        Finality::Seen => None,
        Finality::InstantLocked => Some(BroadcastStage::InstantLocked),
        Finality::Mined => Some(BroadcastStage::Mined),
        Finality::ChainLocked => Some(BroadcastStage::ChainLocked),
    }
}

/// Form, stage, what is watched for its sake, the transaction.
fn encode(sending: &Sending) -> Vec<u8> {
    let mut out = vec![FORMAT, sending.stage.map_or(0, |stage| stage as u8 + 1)];
    put_var_bytes(&mut out, sending.watch.as_ref().map_or(&[], |watch| &watch.as_bytes()[..]));
    sending.transaction.encode(&mut out);
    out
}

fn decode(key: u64, record: &[u8]) -> Option<Sending> {
    let mut r = Reader::new(record.strip_prefix(&[FORMAT])?);
    let stage = match r.u8().ok()? {
        0 => None,
        1 => Some(BroadcastStage::Sent),
        2 => Some(BroadcastStage::Echoed),
        3 => Some(BroadcastStage::InstantLocked),
        4 => Some(BroadcastStage::Mined),
        5 => Some(BroadcastStage::ChainLocked),
        _ => return None,
    };
    let watch = r.var_bytes("watch", WatchId::LEN).ok()?;
    let watch = match watch {
        [] => None,
        bytes => Some(WatchId::from_bytes(bytes.try_into().ok()?)),
    };
    let transaction = Transaction::decode(&mut r).ok()?;
    r.finish().ok()?;
    Some(Sending { stage, ..Sending::new(transaction, watch, key) })
}
