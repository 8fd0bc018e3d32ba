//! Work that takes long, self-contained so that a worker can do it.
//!
//! [`run`] is pure: the same work gives the same reply wherever it is done. A job's size is bounded by whoever makes
//! it ([`ComputeWork`]); nothing here trusts the bytes.

use crate::chain::pow;
use crate::engine::{CommitmentBatch, CommitmentVerdicts, ComputeReply, ComputeWork, FilterBatch};
use crate::filters::{Matcher, Query};
use crate::masternodes::bls;
use dash_protocol::CompressedHeaders;

/// Does a piece of work.
pub fn run(work: ComputeWork) -> ComputeReply {
    match work {
        ComputeWork::HashHeaders { raw } => ComputeReply::Hashes(pow::x11_batch(&raw)),
        ComputeWork::ExpandHeaders2 { payload } => ComputeReply::Expanded(
            CompressedHeaders::from_payload(payload).and_then(|headers| headers.expand(pow::x11)),
        ),
        ComputeWork::MatchFilters(FilterBatch { elements, filters }) => {
            let query = Query::new(&elements);
            let filters = filters.iter().map(|(block, filter)| (*block, &filter[..]));
            ComputeReply::Matches(Matcher::new(&query).batch(filters))
        }
        ComputeWork::VerifyCommitments(batch) => ComputeReply::Verdicts(verify_commitments(&batch)),
        ComputeWork::VerifySignatures(checks) => ComputeReply::Signatures(bls::verify_signatures(&checks)),
    }
}

fn verify_commitments(CommitmentBatch { checks, decoded: before }: &CommitmentBatch) -> CommitmentVerdicts {
    bls::teach_keys(before);
    let verdicts = bls::verify_commitments(checks);
    let mut decoded = bls::decoded_keys(checks);
    decoded.retain(|key| !before.contains(key));
    CommitmentVerdicts { verdicts, decoded }
}
