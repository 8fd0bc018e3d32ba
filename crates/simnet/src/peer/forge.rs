//! What liars send. Everything here is made from the honest chain, the lie and seeded chance.
//!
//! Here: lies about headers and about the encoding of messages. `forge/lists.rs` has lies about masternode lists and
//! quorums, `forge/locks.rs` those about ChainLocks and InstantSend locks, `forge/filters.rs` those about filters, blocks
//! and payments.

pub(super) mod filters;
mod lists;
mod locks;

pub(crate) use locks::locking_quorum;

use super::Lie;
use crate::chain::{Flaw, SimChain};
use crate::rng::Rng;
use dash_protocol::{
    Command, CompressedHeaders, GetHeaders, Header, Inventory, MAX_HEADERS, MAX_HEADERS2, MAX_PAYLOAD,
    Message, NetworkParams, encode_frame, put_compact_size,
};
use dash_spv_wasm::chain::pow::x11;
use std::ops::Range;

/// Liars that speak up unasked do so again after this long.
const PUSH_AGAIN_MS: u64 = 10_000;

/// Makes a liar's messages.
pub(super) struct Forger<'a> {
    pub params: &'a NetworkParams,
    pub chain: &'a SimChain,
    pub rng: &'a mut Rng,
    /// Seconds since 1970.
    pub now: u32,
}

/// What a liar announces by `inv`, to be asked for.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub name: Inventory,
    pub message: Message,
}

/// What a liar sends: bytes, each after so many milliseconds more.
pub(super) struct Forged {
    pub sends: Vec<(Vec<u8>, u64)>,
    /// Whether nothing else fits on the line any more.
    pub trickle: bool,
}

impl From<Vec<u8>> for Forged {
    fn from(bytes: Vec<u8>) -> Self {
        Self { sends: vec![(bytes, 0)], trickle: false }
    }
}

impl Forger<'_> {
    /// The answer to a request for the headers of `range`, or none where this lie answers honestly.
    pub fn answer(
        &mut self,
        lie: Lie,
        request: &GetHeaders,
        range: Range<usize>,
        compressed: bool,
        limit: usize,
    ) -> Option<Forged> {
        if let Some(flaw) = lie.flaw() {
            let headers = self.flawed_run(flaw, range);
            return Some(self.headers(&headers, compressed).into());
        }
        if lie.needs_masternodes() || lie.needs_filters() {
            return None;
        }
        let forged = match lie {
            Lie::LowWorkForks => {
                self.low_work_fork(range.start, request.locator.is_empty(), compressed)?.into()
            }
            Lie::ForeignChain => {
                let headers = self.foreign_run(20);
                self.headers(&headers, compressed).into()
            }
            Lie::RepeatedHeaders => {
                let end = self.chain.headers().len();
                let again = 1..end.min(limit + 1);
                self.honest(again, compressed).into()
            }
            Lie::EndlessAnswers => {
                let frame = self.honest(range, compressed);
                let mut sends = vec![(frame.clone(), 0)];
                sends.extend((0..30).map(|_| (frame.clone(), 150)));
                Forged { sends, trickle: false }
            }
            _ => self.broken_message(lie, range, compressed)?,
        };
        Some(forged)
    }

    /// What the liar says unasked, and after how many milliseconds it does so again.
    pub fn push(&mut self, lie: Lie) -> (Option<Forged>, Option<u64>) {
        let tip = self.chain.headers().len();
        match lie {
            Lie::OtherNetwork | Lie::MalformedVersion => (None, None),
            Lie::LowWorkForks => {
                let frames = (0..4).filter_map(|_| self.low_work_fork(tip, false, false));
                let sends = frames.map(|frame| (frame, 20)).collect();
                (Some(Forged { sends, trickle: false }), Some(500))
            }
            Lie::UnrequestedHeaders => {
                let from = 1 + self.rng.below(tip as u64 / 2) as usize;
                let frame = self.honest(from..tip.min(from + MAX_HEADERS), false);
                (Some(frame.into()), Some(300))
            }
            Lie::TooManyInv => {
                let mut payload = counted(50_001);
                payload.resize(payload.len() + 50_001 * 36, 2);
                (Some(self.frame(Command::INV, &payload).into()), Some(PUSH_AGAIN_MS))
            }
            Lie::TooManyAddr => {
                let mut payload = counted(1_001);
                payload.resize(payload.len() + 1_001 * 30, 1);
                (Some(self.frame(Command::ADDR, &payload).into()), Some(PUSH_AGAIN_MS))
            }
            Lie::CheckpointMismatch | Lie::CheckpointFork => {
                (Some(self.honest(tip - 1..tip, false).into()), Some(PUSH_AGAIN_MS))
            }
            lie if lie.needs_filters() => (self.unasked_filters(lie), Some(PUSH_AGAIN_MS)),
            lie if lie.needs_masternodes() => (self.unasked(lie), Some(PUSH_AGAIN_MS)),
            _ => {
                let request = GetHeaders {
                    version: 0,
                    locator: vec![self.chain.tip_hash()],
                    stop: dash_protocol::BlockHash::ZERO,
                };
                (self.answer(lie, &request, tip..tip, false, MAX_HEADERS), Some(PUSH_AGAIN_MS))
            }
        }
    }

    /// Honest headers up to somewhere in the range, then one that breaks the rule. The run is never empty: past the
    /// tip, the liar makes up the next block.
    fn flawed_run(&mut self, flaw: Flaw, range: Range<usize>) -> Vec<Header> {
        let lowest = if self.params.devnet_genesis.is_some() { 2 } else { 1 };
        let mut first = range.start.clamp(1, self.chain.headers().len());
        let mut at = first + self.rng.below((range.len() as u64).min(400) + 1) as usize;
        at = at.max(lowest).min(self.chain.headers().len());
        if flaw == Flaw::Unlinked && at == first {
            // A header that links to nothing is a lie only behind one that links.
            if at < range.end { at += 1 } else { first -= 1 }
        }
        let (header, _) = self.chain.flawed(at as u32 - 1, flaw, self.now, self.rng);
        let mut run = self.chain.headers()[first.min(at)..at].to_vec();
        run.push(header);
        run
    }

    /// A fork below the client's best block that has less work than the client's chain; none while that is short.
    fn low_work_fork(&mut self, from: usize, is_by_hash: bool, compressed: bool) -> Option<Vec<u8>> {
        let top = u64::try_from(from).ok()?.saturating_sub(1);
        if top < 40 || is_by_hash {
            return None;
        }
        let depth = self.rng.between(12, 200.min(top - 3));
        let blocks = self.rng.between(1, (depth - 8).min(if compressed { 60 } else { 8 }));
        let fork = self.chain.branch((top - depth) as u32, blocks as u32, self.now, self.rng);
        Some(self.headers(&fork, compressed))
    }

    fn foreign_run(&mut self, count: u32) -> Vec<Header> {
        let height = self.chain.height();
        let (first, _) = self.chain.flawed(height, Flaw::Unlinked, self.now, self.rng);
        let mut run = vec![first];
        for _ in 1..count {
            let parent = run[run.len() - 1];
            run.push(crate::chain::solve_on(&parent, self.rng));
        }
        run
    }

    /// Lies about encoding: the frame's, the message's, or that of compressed headers.
    fn broken_message(&mut self, lie: Lie, range: Range<usize>, compressed: bool) -> Option<Forged> {
        let end = self.chain.headers().len();
        // An empty answer has nothing to break.
        let range = if range.is_empty() { end.saturating_sub(20).max(1)..end } else { range };
        // Short enough that no size limit catches what is wrong inside.
        let range = range.start..range.end.min(range.start + 1_500);
        let headers = &self.chain.headers()[range];
        let command = if compressed { Command::HEADERS2 } else { Command::HEADERS };
        let mut payload = self.payload(headers, compressed);
        let bytes = match lie {
            Lie::WrongMagic => {
                let mut frame = self.frame(command, &payload);
                frame[..4].copy_from_slice(&[0x0b, 0xad, 0x0b, 0xad]);
                frame
            }
            Lie::BadChecksum => {
                let mut frame = self.frame(command, &payload);
                frame[20] ^= 1;
                frame
            }
            Lie::BadCommand => {
                let mut frame = self.frame(command, &payload);
                frame[4..16].copy_from_slice(b"\x01headers\0\0x\0");
                frame
            }
            Lie::Oversized => {
                let mut frame = self.frame(command, &[]);
                frame[16..20].copy_from_slice(&(MAX_PAYLOAD as u32 + 1).to_le_bytes());
                frame.extend_from_slice(&payload);
                frame
            }
            Lie::NonMinimalCount => {
                let skip = if headers.len() < 253 { 1 } else { 3 };
                let mut long = vec![0xfe];
                long.extend_from_slice(&(headers.len() as u32).to_le_bytes());
                long.extend_from_slice(&payload[skip..]);
                self.frame(command, &long)
            }
            Lie::Truncated => {
                payload.truncate(payload.len() - self.rng.between(1, 30) as usize);
                self.frame(command, &payload)
            }
            Lie::TrailingBytes => {
                payload.extend_from_slice(&self.rng.bytes32());
                self.frame(command, &payload)
            }
            Lie::Garbage => (0..self.rng.between(8, 90)).flat_map(|_| self.rng.bytes32()).collect(),
            Lie::Trickle => return Some(self.trickle(command, &payload)),
            Lie::TooManyHeaders => {
                let run = headers.iter().cycle().take(MAX_HEADERS + 1);
                let mut payload = counted(MAX_HEADERS + 1);
                for header in run {
                    payload.extend_from_slice(&header.to_bytes());
                    payload.push(0);
                }
                self.frame(Command::HEADERS, &payload)
            }
            Lie::TooManyHeaders2 => {
                let run: Vec<Header> = headers.iter().copied().cycle().take(MAX_HEADERS2 + 1).collect();
                self.frame(Command::HEADERS2, &full_entries(&run))
            }
            Lie::Headers2FirstEntry => {
                let first = headers[0].to_bytes();
                let mut payload = counted(1);
                // No version offset, no previous hash, a time difference, the same bits: of no header.
                payload.push(0);
                payload.extend_from_slice(&first[..4]);
                payload.extend_from_slice(&first[36..68]);
                payload.extend_from_slice(&150i16.to_le_bytes());
                payload.extend_from_slice(&first[76..]);
                self.frame(Command::HEADERS2, &payload)
            }
            Lie::Headers2BadOffset => {
                let mut payload = full_entries(&headers[..1]);
                payload[0] = 2;
                // The fifth version back, where the list holds one.
                payload.push(5);
                payload.extend_from_slice(&self.rng.bytes32());
                payload.extend_from_slice(&150i16.to_le_bytes());
                payload.extend_from_slice(&[0; 4]);
                self.frame(Command::HEADERS2, &payload)
            }
            Lie::Headers2Truncated => {
                let mut payload = full_entries(headers);
                payload.truncate(payload.len() - self.rng.between(1, 80) as usize);
                self.frame(Command::HEADERS2, &payload)
            }
            Lie::Headers2Unlinked => {
                let first = headers[0];
                let parent = self.chain.height_of(&first.prev_block_hash).map_or(1, |height| height + 1);
                let (second, _) = self.chain.flawed(parent, Flaw::Unlinked, self.now, self.rng);
                self.frame(Command::HEADERS2, &full_entries(&[first, second]))
            }
            _ => return None,
        };
        Some(bytes.into())
    }

    /// Half of a message of some size, then a byte a second.
    fn trickle(&self, command: Command, payload: &[u8]) -> Forged {
        let frame = self.frame(command, payload);
        let (half, rest) = frame.split_at(frame.len() / 2);
        let mut sends = vec![(half.to_vec(), 0)];
        sends.extend(rest.iter().take(600).map(|&byte| (vec![byte], 1_000)));
        Forged { sends, trickle: true }
    }

    fn honest(&self, range: Range<usize>, compressed: bool) -> Vec<u8> {
        self.headers(&self.chain.headers()[range], compressed)
    }

    fn headers(&self, headers: &[Header], compressed: bool) -> Vec<u8> {
        let command = if compressed { Command::HEADERS2 } else { Command::HEADERS };
        self.frame(command, &self.payload(headers, compressed))
    }

    fn payload(&self, headers: &[Header], compressed: bool) -> Vec<u8> {
        if compressed {
            let hash =
                |raw: &[u8; 80]| self.chain.known_hash(&Header::from_bytes(raw)).unwrap_or_else(|| x11(raw));
            return CompressedHeaders::compress(headers, hash).into_payload();
        }
        Message::Headers(headers.to_vec()).payload()
    }

    fn frame(&self, command: Command, payload: &[u8]) -> Vec<u8> {
        encode_frame(self.params.magic, command, payload)
    }
}

fn counted(count: usize) -> Vec<u8> {
    let mut out = Vec::new();
    put_compact_size(&mut out, count as u64);
    out
}

/// A `headers2` payload without any compression: every entry is full.
fn full_entries(headers: &[Header]) -> Vec<u8> {
    let mut out = counted(headers.len());
    for header in headers {
        out.push(0x38);
        out.extend_from_slice(&header.to_bytes());
    }
    out
}
