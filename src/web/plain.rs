//! JavaScript data as a tree: what `JSON.stringify` would write, and [`Value::Other`] for what it would not.
//!
//! A tree is at most [`MAX_DEPTH`] deep, so that an object that holds itself ends, and its lists and objects have at
//! most [`MAX_ITEMS`] items: what is larger is no plain data either. A reader of options names what it refuses.

use crate::api::options::{MAX_DEPTH, MAX_ITEMS, Value};
use crate::collections::{Gather, SortedMap};
use js_sys::{Array, ArrayBuffer, JsString, Map, Object};
use wasm_bindgen::prelude::*;

/// The tree of a value.
pub(super) fn plain(value: &JsValue) -> Value {
    at_depth(value, 0)
}

/// The tree of a value. Of a text that is longer than `most` no more than that and one is copied, which is too long, too.
pub(super) fn plain_up_to(most: u32, value: JsValue) -> Value {
    match value.dyn_into::<JsString>() {
        Ok(text) => Value::Text(text.slice(0, most + 1).into()),
        Err(other) => plain(&other),
    }
}

fn at_depth(value: &JsValue, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Other;
    }
    if value.is_null() || value.is_undefined() {
        return Value::Null;
    }
    if let Some(flag) = value.as_bool() {
        return Value::Flag(flag);
    }
    if let Some(number) = value.as_f64() {
        return Value::Number(number);
    }
    if let Some(text) = value.as_string() {
        return Value::Text(text);
    }
    if value.is_bigint() {
        let number = i64::try_from(value.clone()).map(|number| Value::Number(number as f64));
        return number.unwrap_or(Value::Other);
    }
    if let Some(items) = value.dyn_ref::<Array>() {
        return list(items, depth).map_or(Value::Other, Value::List);
    }
    if !value.is_object() || value.has_type::<ArrayBuffer>() || ArrayBuffer::is_view(value) {
        return Value::Other;
    }
    let entries = match value.dyn_ref::<Map>() {
        Some(map) => Array::from(map),
        None => Object::entries(value.unchecked_ref()),
    };
    fields(&entries, depth).map_or(Value::Other, Value::Map)
}

fn list(items: &Array, depth: usize) -> Option<Vec<Value>> {
    let length = items.length();
    let fits = length as usize <= MAX_ITEMS;
    fits.then(|| (0..length).map(|at| at_depth(&items.get(at), depth + 1)).gather())
}

fn fields(entries: &Array, depth: usize) -> Option<SortedMap<String, Value>> {
    if entries.length() as usize > MAX_ITEMS {
        return None;
    }
    let mut fields = SortedMap::new();
    for at in 0..entries.length() {
        let entry: Array = entries.get(at).unchecked_into();
        // A map may have keys that are no texts.
        fields.insert(entry.get(0).as_string()?, at_depth(&entry.get(1), depth + 1));
    }
    Some(fields)
}
