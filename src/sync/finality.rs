//! Locks: temporary.
use crate::api::Tip;
use crate::engine::{ComputeReply, Config, ConnId, JobId, Now};
use crate::sync::headers::{Ctx, HeaderSync};
use crate::sync::masternodes::MasternodeSync;
use dash_protocol::{ChainLock, Inventory, Message};
#[derive(Debug)]
pub struct FinalitySync {}
impl FinalitySync {
    pub fn new(_config: &Config) -> Self {
        Self {}
    }
    pub(crate) fn restore(&mut self, _lock: Option<ChainLock>) {}
    pub(crate) fn on_message(&mut self, _conn: ConnId, _message: Message, _ctx: &mut Ctx<'_>) {}
    pub(crate) fn on_inventory(&mut self, _conn: ConnId, _items: &[Inventory], _ctx: &mut Ctx<'_>) {}
    pub(crate) fn owns_job(&self, _job: JobId) -> bool {
        false
    }
    pub(crate) fn on_computed(
        &mut self,
        _job: JobId,
        _result: ComputeReply,
        _h: &mut HeaderSync,
        _ctx: &mut Ctx<'_>,
    ) {
    }
    pub(crate) fn step(&mut self, _h: &mut HeaderSync, _l: &mut MasternodeSync, _ctx: &mut Ctx<'_>) {}
    pub(crate) fn peer_gone(&mut self, _conn: ConnId) {}
    pub fn chainlocked(&self) -> Option<Tip> {
        None
    }
    pub fn locked_height(&self) -> Option<u32> {
        None
    }
    pub fn lags(&self, _tip: u32) -> bool {
        false
    }
    pub(crate) fn next_deadline_ms(&self, _now: Now) -> Option<u64> {
        None
    }
}
