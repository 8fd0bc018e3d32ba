//! The client's wallet held against the scenario's ledger.

use super::{Failure, World};
use crate::wallet::{Horizon, TrueFinality, TrueRecord, Truth};
use dash_spv_wasm::api::{ApiBalance, ApiFinality, ApiTxRecord, ApiUtxo, Duffs, Reply};
use dash_spv_wasm::engine::{Birthday, Command, WalletCommand};
use dash_spv_wasm::wallet::WatchId;

/// Transactions asked for at a time.
const PAGE: usize = 300;

impl World {
    /// Has the client watch what the scenario has, each from this birthday on, and returns the watches' ids.
    ///
    /// # Errors
    /// If the client refuses one, or does not answer.
    pub fn watch_wallet(&mut self, birthday: Option<Birthday>) -> Result<Vec<WatchId>, Failure> {
        let count = self.wallet().map_or(0, |wallet| wallet.watches().len());
        (0..count).map(|watch| self.watch_one(watch, birthday)).collect()
    }

    /// [`World::watch_wallet`] for one of the watches.
    ///
    /// # Errors
    /// If the client refuses it, or does not answer.
    pub fn watch_one(&mut self, watch: usize, birthday: Option<Birthday>) -> Result<WatchId, Failure> {
        let target =
            self.wallet().and_then(|wallet| wallet.watches().get(watch)).map(|watch| watch.target().clone());
        let Some(target) = target else { return Err(self.failure("the world has no such watch")) };
        match self.wallet_call(WalletCommand::Watch { targets: vec![target], birthday })? {
            Reply::Watch(added) => {
                WatchId::parse(&added.id).ok_or_else(|| self.failure("a watch with a bad id"))
            }
            other => Err(self.failure(&format!("watch answered {other:?}"))),
        }
    }

    /// A call about the wallet that has to succeed.
    ///
    /// # Errors
    /// If it does not, or is not answered.
    pub fn wallet_call(&mut self, command: WalletCommand) -> Result<Reply, Failure> {
        let said = format!("{command:?}");
        match self.ask(Command::Wallet(command))? {
            Ok(reply) => Ok(reply),
            Err(error) => Err(self.failure(&format!("{said}: {error}"))),
        }
    }

    /// What the client says of its watches that the scenario's ledger does not, and the other way round. Empty if all is
    /// as it should be.
    ///
    /// # Errors
    /// If a call is not answered.
    pub fn wallet_differences(&mut self, watches: &[WatchId]) -> Result<Vec<String>, Failure> {
        // A lock that was announced before the client came is not announced again: the client knows the one before.
        let known = self.try_state().and_then(|state| state.chainlocked.as_ref()).map(|tip| tip.height);
        let horizon = Horizon { locked: known, ..self.horizon() };
        let views = self.wallet_views(watches)?;
        let Some(wallet) = self.wallet() else { return Ok(Vec::new()) };
        let by_watch = views.iter().enumerate();
        Ok(by_watch.flat_map(|(scope, view)| view.differences(scope, wallet.truth(), &horizon)).collect())
    }

    /// What the client says of its watches.
    ///
    /// # Errors
    /// If a call is not answered.
    pub fn wallet_views(&mut self, watches: &[WatchId]) -> Result<Vec<WalletView>, Failure> {
        watches.iter().map(|watch| self.wallet_view(*watch)).collect()
    }

    fn wallet_view(&mut self, watch: WatchId) -> Result<WalletView, Failure> {
        let Reply::Balance(balance) = self.wallet_call(WalletCommand::Balance(watch))? else {
            return Err(self.failure("no balance"));
        };
        let Reply::Utxos(coins) = self.wallet_call(WalletCommand::Utxos(watch))? else {
            return Err(self.failure("no coins"));
        };
        let history = self.history(watch)?;
        Ok(WalletView { balance, coins, history })
    }

    /// The whole history of a watch, page by page.
    fn history(&mut self, watch: WatchId) -> Result<Vec<ApiTxRecord>, Failure> {
        let mut history: Vec<ApiTxRecord> = Vec::new();
        loop {
            let before = history.last().and_then(|last| last.txid.parse().ok());
            match self.wallet_call(WalletCommand::History { watch, before, limit: Some(PAGE) })? {
                Reply::History(page) if page.is_empty() => return Ok(history),
                Reply::History(page) => history.extend(page),
                other => return Err(self.failure(&format!("history answered {other:?}"))),
            }
        }
    }
}

/// What a client says of one of its watches.
#[derive(Clone, Debug, PartialEq)]
pub struct WalletView {
    /// The balance.
    pub balance: ApiBalance,
    /// The coins.
    pub coins: Vec<ApiUtxo>,
    /// The whole history, the newest first.
    pub history: Vec<ApiTxRecord>,
}

impl WalletView {
    /// Leaves out the transactions that are only a peer's word and not true: nobody can tell them from true ones.
    pub fn leave_out_hearsay(&mut self, is_true: impl Fn(&str) -> bool) {
        let is_hearsay = |finality: ApiFinality, txid: &str| finality == ApiFinality::Seen && !is_true(txid);
        self.history.retain(|record| !is_hearsay(record.finality, &record.txid));
        let balance = &mut self.balance;
        self.coins.retain(|coin| {
            let txid = coin.outpoint.split(':').next().unwrap_or_default();
            let goes = is_hearsay(coin.finality, txid);
            if goes {
                balance.pending.0 -= coin.value.0;
                balance.total.0 -= coin.value.0;
            }
            !goes
        });
    }

    /// What is said here of the watch at this place of the scenario and is not in a ledger, and the other way round.
    pub fn differences(&self, scope: usize, truth: &Truth, horizon: &Horizon) -> Vec<String> {
        let Self { balance, coins, history } = self;
        let mut found = Vec::new();
        let expected = truth.balance(Some(scope), horizon);
        let all = [
            ("chainlocked", balance.chainlocked, expected.chainlocked),
            ("instantlocked", balance.instantlocked, expected.instantlocked),
            ("mined", balance.mined, expected.mined),
            ("pending", balance.pending, expected.pending),
            ("immature", balance.immature, expected.immature),
            ("total", balance.total, expected.total()),
        ];
        for (name, Duffs(said), expected) in all {
            if said != expected {
                found.push(format!("watch {scope}: {name} is {said}, expected {expected}"));
            }
        }
        let mut said: Vec<String> = coins.iter().map(coin_line).collect();
        let mut expected: Vec<String> = truth
            .coins(Some(scope), horizon)
            .iter()
            .map(|coin| {
                let script: String = coin.script.iter().map(|byte| format!("{byte:02x}")).collect();
                let (txid, vout) = (coin.out_point.txid, coin.out_point.vout);
                let finality = api_finality(coin.finality);
                format!(
                    "{txid}:{vout} {} {script} {finality:?} {:?} {}",
                    coin.value, coin.height, coin.coinbase
                )
            })
            .collect();
        said.sort();
        expected.sort();
        note_differences(&format!("watch {scope}: coin"), &said, &expected, &mut found);

        let expected: Vec<String> = truth.history(Some(scope), horizon).iter().map(true_line).collect();
        let said: Vec<String> = history.iter().map(record_line).collect();
        let (mut one, mut two) = (said.clone(), expected.clone());
        one.sort();
        two.sort();
        note_differences(&format!("watch {scope}: transaction"), &one, &two, &mut found);
        let mined = |lines: &[String]| -> Vec<String> {
            lines.iter().filter(|line| !line.contains(" None ")).cloned().collect()
        };
        if one == two && mined(&said) != mined(&expected) {
            found.push(format!("watch {scope}: the history is in another order"));
        }
        found
    }
}

fn coin_line(coin: &ApiUtxo) -> String {
    let ApiUtxo { outpoint, value: Duffs(value), script, finality, height, coinbase, .. } = coin;
    format!("{outpoint} {value} {script} {finality:?} {height:?} {coinbase}")
}

fn record_line(record: &ApiTxRecord) -> String {
    let height = record.block.as_ref().map(|block| block.height);
    let ApiTxRecord { txid, delta: Duffs(delta), finality, kind, .. } = record;
    format!("{txid} {delta} {finality:?} {height:?} {kind}")
}

fn true_line(record: &TrueRecord) -> String {
    let TrueRecord { txid, delta, finality, place, tx_type } = record;
    let height = place.map(|(height, _)| height);
    format!("{txid} {delta} {:?} {height:?} {tx_type}", api_finality(*finality))
}

fn api_finality(finality: TrueFinality) -> ApiFinality {
    match finality {
        TrueFinality::Seen => ApiFinality::Seen,
        TrueFinality::InstantLocked => ApiFinality::InstantLocked,
        TrueFinality::Mined => ApiFinality::Mined,
        TrueFinality::ChainLocked => ApiFinality::ChainLocked,
    }
}

/// Names what only one of two sorted lists has.
fn note_differences(what: &str, said: &[String], expected: &[String], found: &mut Vec<String>) {
    let extra = said.iter().filter(|line| !expected.contains(line));
    found.extend(extra.map(|line| format!("{what} {line} is told and not true")));
    let missing = expected.iter().filter(|line| !said.contains(line));
    found.extend(missing.map(|line| format!("{what} {line} is not told")));
}
