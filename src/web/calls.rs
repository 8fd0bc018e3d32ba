//! Calls from JavaScript that wait for their answer.
//!
//! At most [`MAX_CALLS`] at a time; each is settled exactly once, and all of them when the client closes.

use super::host::{error_to_js, settle};
use crate::api::{ApiError, ErrorCode};
use crate::engine::{CallId, Command, HeaderAt};
use dash_protocol::BlockHash;
use js_sys::{Array, Function, Promise};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// The most calls in flight.
pub(crate) const MAX_CALLS: usize = 10_000;

/// The promises of calls in flight. A clone shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Rc<RefCell<HashMap<CallId, Resolvers>>>);

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
        "peers" => Command::Peers,
        "metrics" => Command::Metrics,
        "transitions" => Command::Transitions,
        "pause" => Command::Pause,
        "resume" => Command::Resume,
        _ => return Err(ApiError::new(ErrorCode::Unsupported, format!("`{method}` is not built yet"))),
    })
}

fn header_at(at: &JsValue) -> Result<HeaderAt, ApiError> {
    let bad = |why: &str| ApiError {
        details: Some("at".to_owned()),
        ..ApiError::new(ErrorCode::BadInput, format!("`at` {why}"))
    };
    if let Some(height) = at.as_f64() {
        if height.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&height) {
            return Err(bad("must be a block height"));
        }
        return Ok(HeaderAt::Height(height as u32));
    }
    match at.as_string() {
        Some(text) => BlockHash::from_hex(&text)
            .map(HeaderAt::Hash)
            .map_err(|error| bad(&format!("is no block hash: {error}"))),
        None => Err(bad("must be a height or a block hash")),
    }
}
