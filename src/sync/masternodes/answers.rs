//! What the page is told of masternodes and quorums.
//!
//! Everything here comes from proven lists; a key is given out only of a verified quorum.

use super::MasternodeSync;
use super::book::{QuorumRecord, QuorumStatus};
use crate::api::{ApiError, ApiMasternode, ApiQuorum, ErrorCode};
use crate::collections::{Gather, sort_by_key};
use dash_protocol::{LLMQType, QuorumHash, QuorumName};

impl MasternodeSync {
    /// The masternodes as of the highest proven block.
    ///
    /// # Errors
    /// `unsupported` where the phase is off, `not-found` until a list is proven.
    pub fn list(&self) -> Result<Vec<ApiMasternode>, ApiError> {
        self.must_be_on()?;
        let top = self.book.top().ok_or_else(|| not_yet("no masternode list is proven yet"))?;
        Ok(top.list().iter().map(|entry| ApiMasternode::of(entry.entry(), &self.params)).gather())
    }

    /// The quorums in use, and those kept beyond.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn quorum_list(&self) -> Result<Vec<ApiQuorum>, ApiError> {
        self.must_be_on()?;
        self.book.top().ok_or_else(|| not_yet("no quorum is proven yet"))?;
        let mut quorums: Vec<ApiQuorum> =
            self.book.quorums().map(|(name, record)| api_quorum(name, record)).gather();
        sort_by_key(&mut quorums, |quorum| {
            (quorum.llmq_type, std::cmp::Reverse(quorum.height), quorum.index)
        });
        Ok(quorums)
    }

    /// The key of a quorum, if it is proven and was formed at or below a height: what Dash Platform's proofs ask with the
    /// height of a ChainLocked block.
    ///
    /// # Errors
    /// `unsupported` where the phase is off, `proof-invalid` for a quorum whose commitment does not hold, `not-found` for
    /// one that is not proven: to be tried again while lists move on.
    pub fn key(&self, llmq_type: LLMQType, hash: QuorumHash, height: u32) -> Result<Vec<u8>, ApiError> {
        self.must_be_on()?;
        let found =
            self.book.quorum(&(llmq_type, hash)).filter(|record| record.height.is_none_or(|at| at <= height));
        let Some(record) = found else {
            return Err(not_yet(&format!(
                "no quorum {hash} of type {} is known at height {height}",
                llmq_type.0
            )));
        };
        match record.status {
            QuorumStatus::Verified => Ok(record.basic_key().as_bytes().to_vec()),
            QuorumStatus::Refused => Err(ApiError::new(
                ErrorCode::ProofInvalid,
                format!("the commitment of quorum {hash} does not hold"),
            )),
            QuorumStatus::Anchored | QuorumStatus::Checking => {
                Err(not_yet(&format!("quorum {hash} is not verified yet")))
            }
        }
    }

    fn must_be_on(&self) -> Result<(), ApiError> {
        if self.on {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Unsupported, "the masternode phase is switched off"))
    }
}

/// What is not there now can be there later.
fn not_yet(message: &str) -> ApiError {
    ApiError { retryable: true, ..ApiError::new(ErrorCode::NotFound, message) }
}

fn api_quorum(name: &QuorumName, record: &QuorumRecord) -> ApiQuorum {
    let index = record.entry.commitment().quorum_index;
    ApiQuorum {
        llmq_type: name.0.0,
        hash: name.1.to_string(),
        height: record.height,
        index: index.and_then(|index| u32::try_from(index).ok()),
        public_key: record.basic_key().as_bytes().to_vec(),
        verified: record.status == QuorumStatus::Verified,
        members: record.members.iter().map(ToString::to_string).gather(),
    }
}
