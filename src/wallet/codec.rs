//! Watches as bytes for the store, one record each. (`ledger/records.rs` has the transactions.)
//!
//! Scripts are derived anew when a record is read, so that it stays small: it has the target, its gap limit, and what
//! was used.
//!
//! | field | type |
//! |---|---|
//! | format | u8 = 1 |
//! | targets | vector of what follows |
//! | gap limit | u32 |
//! | target | as `target/canonical.rs` has it |
//! | used | for each branch: vector of u32, ascending |
//! | script of the output | outpoints only: byte vector; empty while it is not known |

use super::book::{BookError, MAX_TARGETS, ScriptBook};
use super::gap::{MAX_BRANCH, MAX_GAP};
use super::scripts::MAX_SCRIPT;
use super::target::{Target, WatchId};
use dash_protocol::{Decode, DecodeError, Encode, Reader, put_compact_size, put_var_bytes};
use thiserror::Error;

const FORMAT: u8 = 1;

/// Why a record is not a watch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WatchRecordError {
    /// The bytes are malformed.
    #[error("record: {0}")]
    Decode(#[from] DecodeError),
    /// Another format than this version writes.
    #[error("record of format {0}")]
    Format(u8),
    /// A gap limit out of range.
    #[error("record with gap limit {0}")]
    Gap(u32),
    /// Used indices out of order or out of range.
    #[error("record with used indices out of order")]
    Used,
    /// The same target twice.
    #[error("record with a target twice")]
    Repeated,
    /// There is no room.
    #[error("record: {0}")]
    Book(#[from] BookError),
    /// A second record of the same watch.
    #[error("watch {0} twice")]
    Duplicate(WatchId),
}

impl ScriptBook {
    /// A watch as a record; none if there is no such watch.
    pub fn encode_watch(&self, id: WatchId) -> Option<Vec<u8>> {
        let parts = self.watches.get(&id)?;
        let mut out = vec![FORMAT];
        put_compact_size(&mut out, parts.len() as u64);
        for part in parts {
            out.extend_from_slice(&part.gap.to_le_bytes());
            part.target.encode(&mut out);
            for branch in &part.branches {
                put_compact_size(&mut out, branch.used().len() as u64);
                branch.used().for_each(|index| out.extend_from_slice(&index.to_le_bytes()));
            }
            if let Target::OutPoint(out_point) = &part.target {
                put_var_bytes(&mut out, self.learned(out_point).map_or(&[], |script| &script[..]));
            }
        }
        Some(out)
    }

    /// Adds the watch that a record describes, with what was used and found.
    ///
    /// # Errors
    /// [`WatchRecordError`].
    pub fn restore_watch(&mut self, record: &[u8]) -> Result<WatchId, WatchRecordError> {
        let mut r = Reader::new(record);
        match r.u8()? {
            FORMAT => {}
            format => return Err(WatchRecordError::Format(format)),
        }
        let count = r.count("targets", MAX_TARGETS, 6)?;
        let (mut targets, mut used, mut learned) = (Vec::with_capacity(count), Vec::new(), Vec::new());
        for _ in 0..count {
            let (target, gap) = read_target(&mut r)?;
            match &target {
                Target::Branches(branches) => {
                    for _ in branches {
                        used.push(read_used(&mut r)?);
                    }
                }
                Target::OutPoint(out_point) => {
                    let script = r.var_bytes("bytes of a script", MAX_SCRIPT)?;
                    learned.push((*out_point, script));
                }
                Target::Script(_) => {}
            }
            if targets.iter().any(|(known, _)| *known == target) {
                return Err(WatchRecordError::Repeated);
            }
            targets.push((target, gap));
        }
        r.finish()?;
        let id = WatchId::of(targets.iter().map(|(target, _)| target), self.params());
        if self.contains(id) {
            return Err(WatchRecordError::Duplicate(id));
        }
        self.add(targets)?;
        for (out_point, script) in learned {
            self.learn(&out_point, script);
        }
        self.restore_used(id, used);
        Ok(id)
    }
}

fn read_target(r: &mut Reader<'_>) -> Result<(Target, u32), WatchRecordError> {
    let gap = r.u32()?;
    if !(1..=MAX_GAP).contains(&gap) {
        return Err(WatchRecordError::Gap(gap));
    }
    Ok((Target::decode(r)?, gap))
}

fn read_used(r: &mut Reader<'_>) -> Result<Vec<u32>, WatchRecordError> {
    let count = r.count("used indices", MAX_BRANCH as usize, 4)?;
    let used = (0..count).map(|_| r.u32()).collect::<Result<Vec<_>, _>>()?;
    let fits = used.is_sorted_by(|a, b| a < b) && used.last().is_none_or(|last| *last < MAX_BRANCH);
    if fits { Ok(used) } else { Err(WatchRecordError::Used) }
}
