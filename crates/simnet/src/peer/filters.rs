//! Compact filters and blocks, as Core serves them (BIP 157; `net_processing.cpp`, `PrepareBlockFilterRequest`).
//!
//! A request for filters that Core calls misbehaviour ends the connection: for more blocks than allowed, for a block that
//! nobody has, for a range that ends before it begins, of a kind that there is not, or to a peer without filters.

use super::session::SimPeer;
use super::{Clock, View};
use crate::chain::{FilterKind, KnownBlock};
use dash_protocol::{
    BlockHash, CFCheckpt, CFHeaders, CFilter, Command, FilterHash, FilterHeader, FilterType, GetCFCheckpt,
    GetCFHeaders, GetCFilters, MAX_CFHEADERS, MAX_CFILTERS, Message, ServiceFlags,
};

/// From this version on filters hold what special transactions name.
const FULL_FILTERS: i32 = 70_238;

impl SimPeer {
    /// What a peer of this profile says that it serves. Without bodies there is nothing to make filters of.
    pub(super) fn services(&self, view: View<'_>, compressed: bool) -> ServiceFlags {
        let filters = if self.has_filters(view) { ServiceFlags::COMPACT_FILTERS.bits() } else { 0 };
        let compressed = if compressed { ServiceFlags::HEADERS_COMPRESSED.bits() } else { 0 };
        let always =
            ServiceFlags::NETWORK.bits() | ServiceFlags::BLOOM.bits() | ServiceFlags::NETWORK_LIMITED.bits();
        ServiceFlags::from_bits(always | compressed | filters)
    }

    fn has_filters(&self, view: View<'_>) -> bool {
        self.profile.filters && view.chain.has_bodies()
    }

    fn filter_kind(&self) -> FilterKind {
        if self.profile.protocol >= FULL_FILTERS { FilterKind::Full } else { FilterKind::WithoutSpecial }
    }

    /// The blocks that a request is for; none, and the connection is closed, if Core would not have it.
    fn asked_blocks(
        &mut self,
        (start, stop): (u32, &BlockHash),
        most: usize,
        clock: Clock,
        view: View<'_>,
    ) -> Option<Vec<KnownBlock>> {
        let stop_height = view.chain.known_block(stop).map(|block| block.height);
        let count = stop_height.and_then(|height| height.checked_sub(start));
        let fits = count.is_some_and(|count| (count as usize) < most) && self.has_filters(view);
        let blocks = if fits { view.chain.blocks_to(start, stop) } else { None };
        if blocks.is_none() {
            self.close(clock.ms);
        }
        blocks
    }

    pub(super) fn get_filters(&mut self, request: &GetCFilters, clock: Clock, view: View<'_>) {
        let range = (request.start_height, &request.stop_hash);
        let Some(blocks) = self.asked_blocks(range, MAX_CFILTERS, clock, view) else { return };
        if !self.has_room(clock) {
            return;
        }
        let at = self.work(clock, self.profile.filters_cost_ms);
        let kind = self.filter_kind();
        let magic = self.params.magic;
        let mut frames = Vec::new();
        for block in &blocks {
            let filter = block.filter(kind).to_vec();
            frames.extend(cfilter(block, filter).to_frame(magic));
        }
        self.answer(at, frames);
    }

    pub(super) fn get_filter_headers(&mut self, request: &GetCFHeaders, clock: Clock, view: View<'_>) {
        let range = (request.start_height, &request.stop_hash);
        let Some(blocks) = self.asked_blocks(range, MAX_CFHEADERS, clock, view) else { return };
        if !self.has_room(clock) {
            return;
        }
        let at = self.work(clock, self.profile.filters_cost_ms);
        let kind = self.filter_kind();
        let before = (request.start_height > 0).then(|| blocks[0].header.prev_block_hash);
        let previous = before.and_then(|hash| view.chain.filter_header(&hash, kind));
        let reply = CFHeaders {
            filter_type: FilterType::Basic,
            stop_hash: request.stop_hash,
            previous_header: previous.unwrap_or(FilterHeader::ZERO),
            filter_hashes: blocks.iter().map(|block| FilterHash::of(block.filter(kind))).collect(),
        };
        self.answer_message(at, &Message::CFHeaders(reply));
    }

    pub(super) fn get_filter_checkpoints(&mut self, request: &GetCFCheckpt, clock: Clock, view: View<'_>) {
        let kind = self.filter_kind();
        let headers = if self.has_filters(view) {
            view.chain.filter_checkpoints(&request.stop_hash, kind)
        } else {
            None
        };
        let Some(headers) = headers else { return self.close(clock.ms) };
        if !self.has_room(clock) {
            return;
        }
        let at = self.work(clock, self.profile.filters_cost_ms);
        let reply = CFCheckpt { filter_type: FilterType::Basic, stop_hash: request.stop_hash, headers };
        self.answer_message(at, &Message::CFCheckpt(reply));
    }
}

/// Whether a message that cannot be read is a request for filters, which Core ends the connection for.
pub(super) fn is_filter_request(command: Command) -> bool {
    [Command::GETCFILTERS, Command::GETCFHEADERS, Command::GETCFCHECKPT].contains(&command)
}

/// A filter as it is sent.
pub(super) fn cfilter(block: &KnownBlock, filter: Vec<u8>) -> Message {
    Message::CFilter(CFilter { filter_type: FilterType::Basic, block_hash: block.hash, filter })
}
