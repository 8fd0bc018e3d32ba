//! What `watch` is asked to watch: plain data in, [`WatchTarget`]s out, or an error that names the field. The page's
//! side has made bytes into hexadecimal digits. Nothing of a text is repeated: it may be a private key.

use super::value::{Fields, Node, Value};
use crate::api::ApiError;
use crate::collections::Gather;
use crate::wallet::book::MAX_TARGETS;
use crate::wallet::gap::MAX_GAP;
use crate::wallet::{ScriptText, WatchTarget};

/// Reads one target or a list of them.
///
/// # Errors
/// `bad-input` that names the field, as `target.gap` or `target[3].xpub`.
pub fn watch_targets(value: &Value) -> Result<Vec<WatchTarget>, ApiError> {
    let node = Node::root("target", value);
    match value {
        Value::List(_) => node.list(1, MAX_TARGETS)?.iter().map(target).gather(),
        _ => Ok(vec![target(&node)?]),
    }
}

fn target(node: &Node<'_>) -> Result<WatchTarget, ApiError> {
    let mut fields = node.fields()?;
    let text = |node: Node<'_>| node.text().map(str::to_owned);
    let kinds = ["address", "script", "outpoint", "xpub", "descriptor"];
    let given: Vec<_> = kinds.iter().filter_map(|kind| Some((*kind, fields.take(kind)?))).gather();
    let Ok([(kind, what)]) = <[_; 1]>::try_from(given) else {
        return Err(
            node.bad("must have exactly one of `address`, `script`, `outpoint`, `xpub`, `descriptor`")
        );
    };
    let what = text(what)?;
    let target = match kind {
        "address" => WatchTarget::Address { address: what },
        "script" => WatchTarget::Script { script: ScriptText::Hex(what) },
        "outpoint" => WatchTarget::Outpoint { outpoint: what },
        "xpub" => {
            let path = fields.take("path").map(text).transpose()?;
            WatchTarget::Xpub { xpub: what, path, gap: gap(&mut fields)? }
        }
        _ => WatchTarget::Descriptor { descriptor: what, gap: gap(&mut fields)? },
    };
    fields.finish()?;
    Ok(target)
}

fn gap(fields: &mut Fields<'_>) -> Result<Option<u32>, ApiError> {
    fields.take("gap").map(|gap| gap.integer(1, MAX_GAP)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ErrorCode;
    use serde_json::json;

    fn read(value: serde_json::Value) -> Result<Vec<WatchTarget>, ApiError> {
        watch_targets(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn each_kind_of_target_is_read_alone_and_in_a_list() {
        let address = || WatchTarget::Address { address: "X".into() };
        assert_eq!(read(json!({ "address": "X" })), Ok(vec![address()]));
        let script = WatchTarget::Script { script: ScriptText::Hex("51".into()) };
        let outpoint = WatchTarget::Outpoint { outpoint: "a:0".into() };
        let xpub = WatchTarget::Xpub { xpub: "x".into(), path: Some("0/*".into()), gap: Some(5) };
        let descriptor = WatchTarget::Descriptor { descriptor: "raw(51)".into(), gap: None };
        let list = json!([
            { "address": "X", "script": null },
            { "script": "51" },
            { "outpoint": "a:0" },
            { "xpub": "x", "path": "0/*", "gap": 5 },
            { "descriptor": "raw(51)" },
        ]);
        assert_eq!(read(list), Ok(vec![address(), script, outpoint, xpub, descriptor]));
    }

    #[test]
    fn what_is_no_target_is_refused_by_name_and_without_its_text() {
        let secret = "cP4EKFyJsHT39LDqgdcB43Y3YXjNyjb5Fuas1GQSeAtjnZWmZEQK";
        for (value, named) in [
            (json!(secret), "target"),
            (json!([secret]), "target[0]"),
            (json!(null), "target"),
            (json!([]), "target"),
            (json!({}), "target"),
            (json!({ "address": "X", "script": "51" }), "target"),
            (json!({ "address": 5 }), "target.address"),
            (json!({ "address": "X", "gap": 5 }), "target.gap"),
            (json!([{ "address": "X" }, { "xpub": "x", "gap": 0 }]), "target[1].gap"),
            (json!({ "xpub": "x", "gap": 1.5 }), "target.gap"),
            (json!({ "xpub": "x", "path": ["0"] }), "target.path"),
            (json!({ "descriptor": "x", "path": "0/*" }), "target.path"),
        ] {
            let error = read(value.clone()).unwrap_err();
            assert_eq!((error.code, error.details.as_deref()), (ErrorCode::BadInput, Some(named)), "{value}");
            assert!(!error.message.contains("cP4E"));
        }
    }
}
