//! Compact filters and blocks, as Core serves them (BIP 157; `net_processing.cpp`, `PrepareBlockFilterRequest`).
//!
//! A request for filters that Core calls misbehaviour ends the connection: for more blocks than allowed, for a block that
//! nobody has, for a range that ends before it begins, of a kind that there is not, or to a peer without filters.

use super::forge::filters as forge;
use super::session::SimPeer;
use super::{Clock, Lie, View};
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
        let bloom = if self.profile.bloom { ServiceFlags::BLOOM.bits() } else { 0 };
        let always = ServiceFlags::NETWORK.bits() | ServiceFlags::NETWORK_LIMITED.bits();
        ServiceFlags::from_bits(always | bloom | compressed | filters)
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
        let (kind, lie) = (self.filter_kind(), self.profile.lie);
        let magic = self.params.magic;
        let mut frames = Vec::new();
        for block in &blocks {
            let is_left_out = match lie {
                Some(Lie::FiltersWithheld) => true,
                Some(Lie::FiltersIncomplete) => forge::is_picked(block),
                _ => false,
            };
            if !is_left_out {
                let forged = lie.and_then(|lie| forge::filter(lie, block, kind));
                let filter = forged.unwrap_or_else(|| block.filter(kind).to_vec());
                frames.extend(cfilter(block, filter).to_frame(magic));
            }
        }
        if !frames.is_empty() {
            self.answer(at, frames);
        }
    }

    /// The hash of a block's filter, as this peer tells it.
    fn told_hash(&self, block: &KnownBlock) -> FilterHash {
        let kind = self.filter_kind();
        let forged = self.profile.lie.and_then(|lie| forge::filter_hash(lie, block, kind));
        forged.unwrap_or_else(|| FilterHash::of(block.filter(kind)))
    }

    /// The filter header of a block, as this peer tells it.
    fn told_header(&mut self, hash: &BlockHash, view: View<'_>) -> Option<FilterHeader> {
        let has_own = self.profile.lie.is_some_and(forge::has_own_chain);
        let height = view.chain.height_of(hash).filter(|_| has_own);
        let Some(height) = height else { return view.chain.filter_header(hash, self.filter_kind()) };
        self.learn_own_headers(view)?;
        self.own_filter_headers.get(height as usize).map(|(_, header)| *header)
    }

    /// Works out the liar's own chain of filter headers as far as it is not known yet.
    fn learn_own_headers(&mut self, view: View<'_>) -> Option<()> {
        let chain = view.chain;
        let fits = |place: usize, hash: &BlockHash| chain.hashes().get(place) == Some(hash);
        while let Some((hash, _)) = self.own_filter_headers.last() {
            if fits(self.own_filter_headers.len() - 1, hash) {
                break;
            }
            self.own_filter_headers.pop();
        }
        let mut header = self.own_filter_headers.last().map_or(FilterHeader::ZERO, |(_, header)| *header);
        for hash in &chain.hashes()[self.own_filter_headers.len()..] {
            let block = chain.known_block(hash)?;
            header = self.told_hash(&block).header(&header);
            self.own_filter_headers.push((*hash, header));
        }
        Some(())
    }

    pub(super) fn get_filter_headers(&mut self, request: &GetCFHeaders, clock: Clock, view: View<'_>) {
        let range = (request.start_height, &request.stop_hash);
        let Some(blocks) = self.asked_blocks(range, MAX_CFHEADERS, clock, view) else { return };
        if !self.has_room(clock) {
            return;
        }
        let at = self.work(clock, self.profile.filters_cost_ms);
        let before = (request.start_height > 0).then(|| blocks[0].header.prev_block_hash);
        let mut previous = before.and_then(|hash| self.told_header(&hash, view));
        if self.profile.lie == Some(Lie::FilterHeadersUnlinked) && before.is_some() {
            previous = Some(FilterHeader::from_bytes(self.rng.bytes32()));
        }
        let reply = CFHeaders {
            filter_type: FilterType::Basic,
            stop_hash: request.stop_hash,
            previous_header: previous.unwrap_or(FilterHeader::ZERO),
            filter_hashes: blocks.iter().map(|block| self.told_hash(block)).collect(),
        };
        self.answer_message(at, &Message::CFHeaders(reply));
    }

    pub(super) fn get_filter_checkpoints(&mut self, request: &GetCFCheckpt, clock: Clock, view: View<'_>) {
        let headers = if self.has_filters(view) { self.told_checkpoints(request, view) } else { None };
        let Some(headers) = headers else { return self.close(clock.ms) };
        if !self.has_room(clock) {
            return;
        }
        let at = self.work(clock, self.profile.filters_cost_ms);
        let reply = CFCheckpt { filter_type: FilterType::Basic, stop_hash: request.stop_hash, headers };
        self.answer_message(at, &Message::CFCheckpt(reply));
    }
}

impl SimPeer {
    fn told_checkpoints(&mut self, request: &GetCFCheckpt, view: View<'_>) -> Option<Vec<FilterHeader>> {
        let hashes = view.chain.filter_checkpoint_blocks(&request.stop_hash)?;
        let headers: Option<Vec<_>> = hashes.iter().map(|hash| self.told_header(hash, view)).collect();
        let mut headers = headers?;
        if self.profile.lie == Some(Lie::FilterCheckpointForged)
            && let Some(last) = headers.last_mut()
        {
            *last = FilterHeader::from_bytes(self.rng.bytes32());
        }
        Some(headers)
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
