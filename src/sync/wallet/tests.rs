//! The wallet as the sync keeps it, without peers: what is sent, relayed, and read back from the store.

mod broadcasts;
mod records;
mod relay;

use super::*;
use crate::api::LogLevel;
use crate::engine::QrInfoConfig;
use crate::wallet::{ScriptText, WatchTarget};
use dash_protocol::{BlockHash, Encode, TxIn, TxOut};

const NOW: Now = Now { mono_ms: 1_000, unix_ms: 1_700_000_000_000 };
const PLACE: Place = Place { tip: 100, birth: 1 };

/// Scripts by numbers: of those that are watched, and of strangers.
const MINE: u8 = 1;
const STRANGER: u8 = 9;

fn wallet() -> Wallet {
    let config = Config {
        params: Arc::new(NetworkParams::mainnet()),
        bridges: Vec::new(),
        birthday: None,
        peers_target: 4,
        peers_only: Vec::new(),
        masternodes: false,
        filters: true,
        watch_mempool: true,
        qrinfo: QrInfoConfig::default(),
        log_level: LogLevel::Error,
        seed: 1,
        persistent: true,
    };
    Wallet { opened: true, ..Wallet::new(&config) }
}

/// The P2PKH script of a hash by its number.
fn script(number: u8) -> Vec<u8> {
    [&[0x76, 0xa9, 20][..], &[number; 20], &[0x88, 0xac]].concat()
}

/// A payment of a coin that nobody knows, another one for each `coin`.
fn payment(coin: u8, to: &[u8]) -> Transaction {
    let previous = OutPoint { txid: Txid::from_bytes([coin; 32]), vout: 0 };
    let outputs = to.iter().map(|number| TxOut { value: 5_000, script: script(*number) }).collect();
    let inputs = vec![TxIn { previous, script: Vec::new(), sequence: u32::MAX }];
    Transaction { version: 2, tx_type: 0, inputs, outputs, lock_time: 0, payload: Vec::new() }
}

fn block(height: u32) -> BlockRef {
    BlockRef { height, hash: BlockHash::from_bytes([height as u8; 32]), time: 1_700_000_000 }
}

/// What came of a call, now or once all is stored.
fn call(wallet: &mut Wallet, command: WalletCommand) -> (Result<Reply, crate::api::ApiError>, Vec<Event>) {
    let mut out = Outbox::new(LogLevel::Error);
    wallet.command(CallId(1), command, Some(PLACE), NOW, &mut out);
    let (mut reply, mut events) = (wallet.answers.pop().map(|(_, reply)| Ok(reply)), Vec::new());
    while let Some(effect) = out.pop() {
        match effect {
            Effect::Reply { result, .. } => reply = Some(result),
            Effect::Emit(event) => events.push(event),
            _ => {}
        }
    }
    (reply.unwrap(), events)
}

fn watch(wallet: &mut Wallet, number: u8) -> WatchId {
    let target = WatchTarget::Script { script: ScriptText::Bytes(script(number)) };
    match call(wallet, WalletCommand::Watch { targets: vec![target], birthday: None }).0 {
        Ok(Reply::Watch(added)) => WatchId::parse(&added.id).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn send(wallet: &mut Wallet, transaction: &Transaction) -> (Result<Reply, crate::api::ApiError>, Vec<Event>) {
    call(wallet, WalletCommand::Broadcast(transaction.to_wire()))
}

/// The watches that the page is told of.
fn watches(wallet: &mut Wallet) -> usize {
    match call(wallet, WalletCommand::Watches).0 {
        Ok(Reply::Watches(watches)) => watches.len(),
        other => panic!("{other:?}"),
    }
}

/// Takes a block in.
fn connect(wallet: &mut Wallet, height: u32, transactions: &[Transaction]) {
    wallet.ledger.connect(&mut wallet.book, &block(height), transactions).unwrap();
}

/// Everything that is to be stored, by key.
fn records(wallet: &mut Wallet) -> SortedMap<u64, Vec<u8>> {
    wallet.note_records(NOW);
    let of_wallet = wallet.unsaved.iter().filter(|((table, _), _)| *table == Table::Wallet);
    of_wallet.filter_map(|((_, key), value)| Some((*key, value.clone()?))).collect()
}

/// The wallet after a restart with these records, and what it handed on.
fn restored(records: SortedMap<u64, Vec<u8>>) -> (Wallet, SortedMap<u64, Vec<u8>>) {
    let mut again = wallet();
    let others = again.restore(records.into_iter().collect());
    (again, others)
}
