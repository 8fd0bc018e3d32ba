//! What calls about the wallet are given: plain data in, a [`WalletCommand`] out, or an error that names the argument.
//! The page's side has made bytes into hexadecimal digits and `Date`s into times.

use super::birthday;
use super::target::watch_targets;
use super::value::{Node, Value};
use crate::api::ApiError;
use crate::engine::WalletCommand;
use crate::wallet::WatchId;
use crate::wallet::target::unhex;
use dash_protocol::{MAX_TRANSACTION, Txid};

/// Reads a call; `None` for a method that is not about the wallet.
///
/// # Errors
/// `bad-input` that names the argument, as `target[3].xpub` or `rawTx`.
pub fn wallet_command(method: &str, args: &[Value]) -> Result<Option<WalletCommand>, ApiError> {
    let args = Args(args);
    Ok(Some(match method {
        "watch" => WalletCommand::Watch {
            targets: watch_targets(args.value(0))?,
            birthday: args.optional(1, "birthday").map(birthday::read).transpose()?,
        },
        "watches" => WalletCommand::Watches,
        "watch.balance" => WalletCommand::Balance(args.watch()?),
        "watch.utxos" => WalletCommand::Utxos(args.watch()?),
        "watch.history" => WalletCommand::History {
            watch: args.watch()?,
            before: args.optional(1, "before").map(|node| txid(&node)).transpose()?,
            limit: args.optional(2, "limit").map(|node| limit(&node)).transpose()?,
        },
        "watch.nextAddress" => WalletCommand::NextAddress(args.watch()?),
        "watch.rescan" => {
            WalletCommand::Rescan { watch: args.watch()?, from: birthday::read(args.node(1, "from"))? }
        }
        "watch.remove" => WalletCommand::Remove(args.watch()?),
        "broadcast" => WalletCommand::Broadcast(raw_transaction(&args.node(0, "rawTx"))?),
        "broadcasts" => WalletCommand::Broadcasts,
        "broadcast.stop" => WalletCommand::StopBroadcast(txid(&args.node(0, "txid"))?),
        "transaction" => WalletCommand::Transaction(txid(&args.node(0, "txid"))?),
        _ => return Ok(None),
    }))
}

/// A call's arguments; one that is not given is nothing.
struct Args<'a>(&'a [Value]);

impl<'a> Args<'a> {
    fn value(&self, at: usize) -> &'a Value {
        self.0.get(at).unwrap_or(&Value::Null)
    }

    fn node(&self, at: usize, name: &str) -> Node<'a> {
        Node::root(name, self.value(at))
    }

    fn optional(&self, at: usize, name: &str) -> Option<Node<'a>> {
        (*self.value(at) != Value::Null).then(|| self.node(at, name))
    }

    /// The watch that a method is called on.
    fn watch(&self) -> Result<WatchId, ApiError> {
        let node = self.node(0, "id");
        WatchId::parse(node.text()?).ok_or_else(|| node.bad("is no watch's id"))
    }
}

fn txid(node: &Node<'_>) -> Result<Txid, ApiError> {
    Txid::from_hex(node.text()?).map_err(|error| node.bad(&format!("is no transaction's id: {error}")))
}

fn limit(node: &Node<'_>) -> Result<usize, ApiError> {
    node.integer(0, u32::MAX).map(|limit| limit as usize)
}

/// The bytes of a transaction, which are not read yet; their number is judged before they are decoded.
fn raw_transaction(node: &Node<'_>) -> Result<Vec<u8>, ApiError> {
    let text = node.text()?;
    if text.is_empty() || text.len() > 2 * MAX_TRANSACTION {
        return Err(node.bad(&format!("must have 1 to {MAX_TRANSACTION} bytes")));
    }
    unhex(text).ok_or_else(|| node.bad("must be hexadecimal digits, two for each byte"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ErrorCode;
    use crate::engine::Birthday;
    use crate::wallet::{ScriptText, WatchTarget};
    use serde_json::json;

    fn read(method: &str, args: serde_json::Value) -> Result<Option<WalletCommand>, ApiError> {
        let args: Vec<Value> = serde_json::from_value(args).unwrap();
        wallet_command(method, &args)
    }

    fn command(method: &str, args: serde_json::Value) -> WalletCommand {
        read(method, args).unwrap().unwrap()
    }

    #[test]
    fn each_call_is_read() {
        let id = WatchId::from_bytes([7; 16]);
        let watch = id.to_string();
        let txid = Txid::from_bytes([0xab; 32]);
        let hash = txid.to_string();
        let targets = vec![WatchTarget::Script { script: ScriptText::Hex("51".into()) }];
        let script = json!({ "script": "51" });
        for (method, args, expected) in [
            (
                "watch",
                json!([script, { "height": 3 }]),
                WalletCommand::Watch { targets: targets.clone(), birthday: Some(Birthday::Height(3)) },
            ),
            ("watch", json!([[script], null]), WalletCommand::Watch { targets, birthday: None }),
            ("watches", json!([]), WalletCommand::Watches),
            ("watch.balance", json!([watch]), WalletCommand::Balance(id)),
            ("watch.utxos", json!([watch]), WalletCommand::Utxos(id)),
            (
                "watch.history",
                json!([watch, hash, 5]),
                WalletCommand::History { watch: id, before: Some(txid), limit: Some(5) },
            ),
            (
                "watch.history",
                json!([watch]),
                WalletCommand::History { watch: id, before: None, limit: None },
            ),
            ("watch.nextAddress", json!([watch]), WalletCommand::NextAddress(id)),
            (
                "watch.rescan",
                json!([watch, { "time": 5_500 }]),
                WalletCommand::Rescan { watch: id, from: Birthday::Time(5) },
            ),
            ("watch.remove", json!([watch]), WalletCommand::Remove(id)),
            ("broadcast", json!(["0aFF"]), WalletCommand::Broadcast(vec![10, 255])),
            ("broadcasts", json!([]), WalletCommand::Broadcasts),
            ("broadcast.stop", json!([hash]), WalletCommand::StopBroadcast(txid)),
            ("transaction", json!([hash]), WalletCommand::Transaction(txid)),
        ] {
            assert_eq!(command(method, args), expected, "{method}");
        }
        assert_eq!(read("header", json!([5])), Ok(None));
    }

    #[test]
    fn a_bad_argument_is_refused_by_name() {
        let watch = WatchId::from_bytes([7; 16]).to_string();
        let hash = "0".repeat(64);
        for (method, args, named) in [
            ("watch", json!([]), "target"),
            ("watch", json!([{ "address": 5 }]), "target.address"),
            ("watch", json!([{ "address": "X" }, "never"]), "birthday"),
            ("watch", json!([{ "address": "X" }, { "height": -1 }]), "birthday.height"),
            ("watch.balance", json!([]), "id"),
            ("watch.utxos", json!(["x"]), "id"),
            ("watch.history", json!([watch, "x"]), "before"),
            ("watch.history", json!([watch, null, 1.5]), "limit"),
            ("watch.history", json!([watch, hash, "5"]), "limit"),
            ("watch.nextAddress", json!([{}]), "id"),
            ("watch.rescan", json!([watch]), "from"),
            ("watch.rescan", json!([watch, { "time": "x" }]), "from.time"),
            ("watch.remove", json!([7]), "id"),
            ("broadcast", json!([]), "rawTx"),
            ("broadcast", json!([""]), "rawTx"),
            ("broadcast", json!(["0"]), "rawTx"),
            ("broadcast", json!(["zz"]), "rawTx"),
            ("broadcast", json!([[1, 2]]), "rawTx"),
            ("broadcast.stop", json!(["0"]), "txid"),
            ("transaction", json!([null]), "txid"),
        ] {
            let error = read(method, args.clone()).unwrap_err();
            let found = (error.code, error.details.as_deref());
            assert_eq!(found, (ErrorCode::BadInput, Some(named)), "{method} {args}");
        }
    }

    #[test]
    fn the_largest_transaction_is_read_and_a_larger_one_is_not() {
        let raw = |bytes| wallet_command("broadcast", &[Value::Text("00".repeat(bytes))]);
        assert_eq!(raw(MAX_TRANSACTION), Ok(Some(WalletCommand::Broadcast(vec![0; MAX_TRANSACTION]))));
        assert_eq!(raw(MAX_TRANSACTION + 1).unwrap_err().details.as_deref(), Some("rawTx"));
    }
}
