//! Records of bytes by table and key.
//!
//! A record's key in the database is the array of its table's number and its own key; IndexedDB orders such arrays as
//! pairs are ordered, so that a table's records lie together, by ascending key. A read holds one table.

use super::{bytes_of, idb_failure};
use crate::collections::Gather;
use crate::store::{MAX_RECORD_KEY, Record, StoreError, Table};
use idb::{KeyRange, ObjectStore, Query};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// Asks for records to be written and deleted, in their order.
pub(super) fn write<'a>(
    records: &ObjectStore,
    changes: impl Iterator<Item = &'a Record>,
) -> Result<(), StoreError> {
    for Record { table, key, value } in changes {
        let key = key_of(*table, *key);
        match value {
            Some(value) => {
                records.put(&Uint8Array::from(&value[..]), Some(&key)).map_err(idb_failure)?;
            }
            None => {
                records.delete(key).map_err(idb_failure)?;
            }
        }
    }
    Ok(())
}

/// All records of a table, by ascending key.
pub(super) async fn read(records: &ObjectStore, table: Table) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let keys = records.get_all_keys(Some(all_of(table)?), None).map_err(idb_failure)?.into_future();
    let values = records.get_all(Some(all_of(table)?), None).map(IntoFuture::into_future);
    // Both are awaited before either is judged: a request must not outlive the one who listens to it.
    let keys = keys.await;
    let values = values.map_err(idb_failure)?.await;
    let (keys, values) = (keys.map_err(idb_failure)?, values.map_err(idb_failure)?);
    keys.into_iter()
        .zip(values)
        .map(|(key, value)| {
            let key = own_key(&key).zip(bytes_of(value));
            key.ok_or_else(|| StoreError::Damaged("a record is not one of bytes by a number".to_owned()))
        })
        .gather()
}

fn key_of(table: Table, key: u64) -> JsValue {
    // Exact: keys are below 2^53.
    Array::of2(&table.id().into(), &(key as f64).into()).into()
}

fn all_of(table: Table) -> Result<Query, StoreError> {
    let (low, high) = (key_of(table, 0), key_of(table, MAX_RECORD_KEY));
    KeyRange::bound(&low, &high, None, None).map(Query::from).map_err(idb_failure)
}

/// The second half of a pair.
fn own_key(key: &JsValue) -> Option<u64> {
    let key = key.dyn_ref::<Array>()?.get(1).as_f64()?;
    (key.fract() == 0.0 && (0.0..MAX_RECORD_KEY as f64).contains(&key)).then_some(key as u64)
}
