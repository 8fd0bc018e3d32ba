//! Headers on their way from a peer to the chain.
//!
//! A [`Stream`] is what one run of requests brings, each asking after the last header of the reply before it. Its
//! [`Piece`]s are replies whose hashes are still being computed, or which wait for what comes before them. Bounds: a
//! stream asks on only while it holds few headers that are not hashed yet ([`MAX_UNHASHED`]), and all streams together
//! hold at most [`MAX_BUFFERED`] headers (about 15 MB).

use super::Ctx;
use crate::chain::pow;
use crate::engine::{ComputeWork, ConnId, Effect, JobId};
use dash_protocol::{BlockHash, CompressedHeaders, Header};
use std::collections::VecDeque;

/// Headers in one hashing job: what a full message has, and a multiple of those that X11 hashes side by side.
const JOB_HEADERS: usize = 2_000;
/// Headers of one stream that may wait for their hashes before it asks on: enough to keep several cores busy for the
/// time of a round trip.
pub(super) const MAX_UNHASHED: usize = 8_000;
/// Headers that all streams together may hold.
pub(super) const MAX_BUFFERED: usize = 131_072;

/// Which stream: of a range by the height of its origin, or of a peer at the tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StreamId {
    Range(u32),
    Tip(ConnId),
}

/// The place of a header: the last one received, or the one that a stream begins after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub height: u32,
    pub hash: BlockHash,
}

/// One reply.
#[derive(Debug)]
pub(super) struct Piece {
    /// Who sent it.
    pub source: ConnId,
    /// The header that its first one names as previous.
    pub base: Place,
    /// Headers with their hashes, which are zero until computed.
    pub headers: Vec<(Header, BlockHash)>,
    /// Jobs still under way; they were numbered from `first_job` on, in the order of the headers.
    pub jobs: Vec<JobId>,
    pub first_job: u64,
    /// A compressed reply whose headers are not known yet, with their number.
    pub compressed: Option<usize>,
    /// Whether its links and proof of work were found right.
    pub checked: bool,
}

impl Piece {
    /// How many headers it holds or will hold.
    pub fn len(&self) -> usize {
        self.compressed.unwrap_or(self.headers.len())
    }

    /// Whether all hashes are there.
    pub fn is_hashed(&self) -> bool {
        self.jobs.is_empty() && self.compressed.is_none()
    }

    /// The place of the last header, once known.
    pub fn end(&self) -> Option<Place> {
        let (_, hash) = *self.headers.last()?;
        Some(Place { height: self.base.height + self.headers.len() as u32, hash })
    }
}

/// A run of requests and what it brought.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Who is asked.
    pub source: Option<ConnId>,
    pub pieces: VecDeque<Piece>,
    /// The last header received, if any.
    pub last: Option<Place>,
    /// Not to be asked before this time.
    pub retry_at_ms: u64,
}

impl Stream {
    /// Headers held.
    pub fn buffered(&self) -> usize {
        self.pieces.iter().map(Piece::len).sum()
    }

    /// Headers whose hashes are still awaited.
    pub fn unhashed(&self) -> usize {
        self.pieces.iter().filter(|piece| !piece.is_hashed()).map(Piece::len).sum()
    }

    /// Whether the next request can be formed: the last header is known.
    pub fn can_ask_on(&self) -> bool {
        self.pieces.back().is_none_or(|piece| piece.compressed.is_none())
    }

    /// Drops everything received that is not on the chain. The request under way is dropped by
    /// [`super::HeaderSync::reset_stream`].
    pub fn reset(&mut self) {
        self.pieces.clear();
        self.last = None;
        self.source = None;
    }

    /// Takes in a reply of plain headers: hashes the last one here, which is all that the next request needs, and
    /// hands the others out.
    pub fn push_headers(&mut self, source: ConnId, base: Place, headers: Vec<Header>, ctx: &mut Ctx<'_>) {
        let mut jobs = Vec::new();
        for chunk in headers[..headers.len().saturating_sub(1)].chunks(JOB_HEADERS) {
            let raw = Header::join(chunk.iter());
            let job = ctx.ids.job();
            ctx.out.push(Effect::Compute { job, work: ComputeWork::HashHeaders { raw } });
            jobs.push(job);
        }
        let first_job = jobs.first().map_or(0, |job| job.0);
        let mut headers: Vec<_> = headers.into_iter().map(|header| (header, BlockHash::ZERO)).collect();
        if let Some((header, hash)) = headers.last_mut() {
            *hash = pow::x11(&header.to_bytes());
        }
        let piece = Piece { source, base, headers, jobs, first_job, compressed: None, checked: false };
        self.last = piece.end();
        self.pieces.push_back(piece);
    }

    /// Takes in a compressed reply: only hashing reveals its headers, so the next request has to wait for that.
    pub fn push_compressed(
        &mut self,
        source: ConnId,
        base: Place,
        headers: CompressedHeaders,
        ctx: &mut Ctx<'_>,
    ) {
        let job = ctx.ids.job();
        let count = headers.len();
        ctx.out.push(Effect::Compute {
            job,
            work: ComputeWork::ExpandHeaders2 { payload: headers.into_payload() },
        });
        self.pieces.push_back(Piece {
            source,
            base,
            headers: Vec::new(),
            jobs: vec![job],
            first_job: job.0,
            compressed: Some(count),
            checked: false,
        });
    }

    /// The piece that a job belongs to.
    pub fn piece_of(&mut self, job: JobId) -> Option<&mut Piece> {
        self.pieces.iter_mut().find(|piece| piece.jobs.contains(&job))
    }

    /// Fills in the hashes of one job, which come in any order. Tells whether the reply has all of its own.
    pub fn hashed(&mut self, job: JobId, hashes: &[BlockHash]) -> bool {
        let Some(piece) = self.piece_of(job) else { return false };
        let offset = (job.0 - piece.first_job) as usize * JOB_HEADERS;
        for ((_, slot), hash) in piece.headers.iter_mut().skip(offset).zip(hashes) {
            *slot = *hash;
        }
        piece.jobs.retain(|&j| j != job);
        piece.is_hashed()
    }

    /// Fills in the headers of a compressed reply.
    pub fn expanded(&mut self, job: JobId, headers: Vec<(Header, BlockHash)>) {
        let Some(piece) = self.piece_of(job) else { return };
        piece.headers = headers;
        piece.compressed = None;
        piece.jobs.clear();
        self.last = self.pieces.back().and_then(Piece::end);
    }
}
