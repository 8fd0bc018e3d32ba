//! Calls from JavaScript that wait for their answer.
//!
//! At most [`MAX_CALLS`] at a time; each is settled exactly once, and all of them when the client closes.

use super::host::{error_to_js, settle};
use super::plain::plain_up_to;
use crate::api::options::{Value, wallet_command};
use crate::api::{ApiError, ErrorCode};
use crate::collections::{Gather, SortedMap};
use crate::engine::{CallId, Command, HeaderAt};
use dash_protocol::{BlockHash, LLMQType, MAX_TRANSACTION, ParseHashError, QuorumHash};
use js_sys::{Array, Function, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// The most calls in flight.
pub(crate) const MAX_CALLS: usize = 10_000;
/// The most arguments of a call about the wallet.
const MAX_ARGUMENTS: u32 = 3;
/// The longest text that is an argument, in digits: a transaction's.
const MAX_TEXT: u32 = 2 * MAX_TRANSACTION as u32;

/// The promises of calls in flight. A clone shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Rc<RefCell<SortedMap<CallId, Resolvers>>>);

#[derive(Debug)]
struct Resolvers {
    resolve: Function,
    reject: Function,
}

impl Calls {
    /// A promise for a new call.
    pub(crate) fn begin(&self, id: CallId) -> Result<Promise, ApiError> {
        let mut calls = self.0.borrow_mut();
        if calls.contains_key(&id) {
            return Err(ApiError::new(ErrorCode::BadInput, format!("call {} is in flight already", id.0)));
        }
        if calls.len() >= MAX_CALLS {
            return Err(ApiError::new(ErrorCode::BadInput, format!("more than {MAX_CALLS} calls in flight")));
        }
        let mut resolvers = None;
        let promise = Promise::new(&mut |resolve, reject| resolvers = Some(Resolvers { resolve, reject }));
        if let Some(resolvers) = resolvers {
            calls.insert(id, resolvers);
        }
        Ok(promise)
    }

    /// Answers a call; one that was cancelled is not there any more.
    pub(crate) fn finish(&self, id: CallId, result: Result<JsValue, ApiError>) {
        let resolvers = self.0.borrow_mut().remove(&id);
        let Some(resolvers) = resolvers else { return };
        match result {
            Ok(value) => settle(&resolvers.resolve, &value),
            Err(error) => settle(&resolvers.reject, &error_to_js(&error)),
        }
    }

    /// Rejects every call.
    pub(crate) fn fail_all(&self, error: &ApiError) {
        let all = std::mem::take(&mut *self.0.borrow_mut());
        let error = error_to_js(error);
        all.values().for_each(|resolvers| settle(&resolvers.reject, &error));
    }
}

/// What a method's name and arguments ask of the engine.
pub(crate) fn command(method: &str, args: &Array) -> Result<Command, ApiError> {
    Ok(match method {
        "header" => Command::Header(header_at(&args.get(0))?),
        "masternodes" => Command::Masternodes,
        "quorums.list" => Command::Quorums,
        "quorums.publicKey" => Command::QuorumKey {
            llmq_type: LLMQType(whole("type", &args.get(0), "a quorum type, 0 to 255")?),
            quorum_hash: quorum_hash(&args.get(1))?,
            height: whole("coreChainLockedHeight", &args.get(2), "a block height")?,
        },
        "peers" => Command::Peers,
        "metrics" => Command::Metrics,
        "transitions" => Command::Transitions,
        "pause" => Command::Pause,
        "resume" => Command::Resume,
        _ => match wallet_command(method, &plain_arguments(args))? {
            Some(command) => Command::Wallet(command),
            None => return Err(ApiError::new(ErrorCode::Unsupported, format!("there is no `{method}`"))),
        },
    })
}

fn plain_arguments(args: &Array) -> Vec<Value> {
    (0..args.length().min(MAX_ARGUMENTS)).map(|at| plain_up_to(MAX_TEXT, args.get(at))).gather()
}

fn header_at(at: &JsValue) -> Result<HeaderAt, ApiError> {
    if at.as_f64().is_some() {
        return whole("at", at, "a block height").map(HeaderAt::Height);
    }
    match at.as_string() {
        Some(text) => BlockHash::from_hex(&text)
            .map(HeaderAt::Hash)
            .map_err(|error| bad("at", &format!("is no block hash: {error}"))),
        None => Err(bad("at", "must be a height or a block hash")),
    }
}

fn quorum_hash(value: &JsValue) -> Result<QuorumHash, ApiError> {
    let refused = |error: ParseHashError| bad("quorumHash", &format!("is no quorum hash: {error}"));
    match value.as_string() {
        Some(text) => QuorumHash::from_hex(&text).map_err(refused),
        None => Err(bad("quorumHash", "must be a quorum hash of 64 digits")),
    }
}

/// A whole number that fits its type; `what` says what the argument stands for.
fn whole<T: TryFrom<u64>>(name: &str, value: &JsValue, what: &str) -> Result<T, ApiError> {
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0);
    // Numbers beyond every type asked for saturate.
    let fits = number.and_then(|number| T::try_from(number as u64).ok());
    fits.ok_or_else(|| bad(name, &format!("must be {what}")))
}

/// `bad-input` for the named argument.
fn bad(name: &str, why: &str) -> ApiError {
    ApiError {
        details: Some(name.to_owned()),
        ..ApiError::new(ErrorCode::BadInput, format!("`{name}` {why}"))
    }
}
