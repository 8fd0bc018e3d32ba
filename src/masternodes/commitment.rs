//! Whether a final commitment is what a quorum with these members can have made (DIP-6; Dash Core
//! `llmq/commitment.cpp`, `CFinalCommitment::Verify`). What is left then is the work on the curve.

use super::MasternodeEntry;
use super::bls::CommitmentCheck;
use super::modifier::v19_after;
use super::plans::cycle_base;
use crate::checks::{self, Check};
use crate::collections::Gather;
use dash_protocol::{BlsPublicKey, FinalCommitment, LLMQType, LlmqParams, NetworkParams, ProTxHash};
use std::sync::Arc;
use thiserror::Error;

/// Why a commitment cannot be verified, whatever its signatures say.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommitmentError {
    /// The network has no such quorums.
    #[error("no quorums of type {0:?} on this network")]
    Type(LLMQType),
    /// Not the version that the rules ask for at its base block.
    #[error("commitment of version {found}, expected {expected}")]
    Version {
        /// By the rules.
        expected: u16,
        /// The commitment's.
        found: u16,
    },
    /// It was made before V19, under the legacy scheme, which this client does not verify.
    #[error("commitment of version {version} under the legacy scheme")]
    Legacy {
        /// The commitment's version.
        version: u16,
    },
    /// Its index is none of the type's.
    #[error("quorum index {found}, at most {count} in a cycle")]
    Index {
        /// The index; 0 for plain types.
        found: i16,
        /// Quorums in a cycle.
        count: u32,
    },
    /// Its base block does not lie where its index says.
    #[error("quorum with index {index} has its base block at height {base_height}")]
    BaseHeight {
        /// Height of the block that the quorum is named after.
        base_height: u32,
        /// Its index; 0 for plain types.
        index: i16,
    },
    /// A set of bits does not have one bit for each place in the quorum.
    #[error("{found} bits of {what}, expected {expected}")]
    Bits {
        /// Which set.
        what: &'static str,
        /// The type's size.
        expected: usize,
        /// Bits found.
        found: usize,
    },
    /// More members than the type has places.
    #[error("{found} members, at most {size} possible")]
    TooManyMembers {
        /// The type's size.
        size: usize,
        /// Members given.
        found: usize,
    },
    /// A bit is set for a member that there is not.
    #[error("bit {position} of {what} is set, but there are {members} members")]
    NoSuchMember {
        /// Which set.
        what: &'static str,
        /// The bit, from 0.
        position: usize,
        /// How many members there are.
        members: usize,
    },
    /// Too few took part.
    #[error("{found} {what}, at least {least} needed")]
    TooFew {
        /// Who took part.
        what: &'static str,
        /// The type's least size.
        least: u32,
        /// How many there are.
        found: usize,
    },
    /// Something that has to be there is all zeroes.
    #[error("the {what} is missing")]
    Null {
        /// What is missing.
        what: &'static str,
    },
    /// A signer has no operator key.
    #[error("member {0} has no operator key")]
    NoKey(ProTxHash),
}

/// Checks the form of a commitment whose base block is at `base_height` and whose quorum has these members, in their
/// order; returns what is left to verify.
///
/// # Errors
/// [`CommitmentError`].
pub fn check(
    params: &NetworkParams,
    commitment: &FinalCommitment,
    base_height: u32,
    members: &[Arc<MasternodeEntry>],
) -> Result<CommitmentCheck, CommitmentError> {
    let llmq_type = commitment.llmq_type;
    let llmq = params.llmq(llmq_type).ok_or(CommitmentError::Type(llmq_type))?;
    if checks::on(Check::CommitmentForm) {
        check_version(params, llmq, commitment.version, base_height)?;
        check_place(llmq, commitment.quorum_index.unwrap_or(0), base_height)?;
        check_participants(llmq, commitment)?;
        check_nulls(llmq, commitment)?;
    }
    if checks::on(Check::Members) {
        check_members(llmq, commitment, members)?;
    }
    Ok(CommitmentCheck {
        message: commitment.commitment_hash(),
        quorum_key: commitment.public_key,
        quorum_sig: commitment.quorum_sig,
        members_sig: commitment.members_sig,
        member_keys: signer_keys(commitment, members)?,
    })
}

/// Indexed if rotated and rotation holds for the cycle's base; basic if V19 holds after the base block.
fn check_version(
    params: &NetworkParams,
    llmq: &LlmqParams,
    found: u16,
    base_height: u32,
) -> Result<(), CommitmentError> {
    let indexed = llmq.rotated && cycle_base(base_height, llmq.interval) >= params.activation.dip24.max(1);
    let basic = v19_after(params, base_height);
    let expected = match (basic, indexed) {
        (false, false) => 1,
        (false, true) => 2,
        (true, false) => 3,
        (true, true) => 4,
    };
    if found != expected {
        return Err(CommitmentError::Version { expected, found });
    }
    if basic { Ok(()) } else { Err(CommitmentError::Legacy { version: found }) }
}

/// The index is one of the cycle's, and the base block lies that far above the cycle's base.
fn check_place(llmq: &LlmqParams, index: i16, base_height: u32) -> Result<(), CommitmentError> {
    let count = if llmq.rotated { llmq.active } else { 1 };
    let place = u32::try_from(index).ok().filter(|place| *place < count);
    let place = place.ok_or(CommitmentError::Index { found: index, count })?;
    if base_height - cycle_base(base_height, llmq.interval) != place {
        return Err(CommitmentError::BaseHeight { base_height, index });
    }
    Ok(())
}

/// Both sets of bits have a bit for each place, and enough of them are set.
fn check_participants(llmq: &LlmqParams, commitment: &FinalCommitment) -> Result<(), CommitmentError> {
    let expected = llmq.size as usize;
    for (what, bits) in [("signers", &commitment.signers), ("valid members", &commitment.valid_members)] {
        if bits.len() != expected {
            return Err(CommitmentError::Bits { what, expected, found: bits.len() });
        }
        let found = bits.count();
        if found < llmq.min_size as usize {
            return Err(CommitmentError::TooFew { what, least: llmq.min_size, found });
        }
    }
    Ok(())
}

fn check_nulls(llmq: &LlmqParams, commitment: &FinalCommitment) -> Result<(), CommitmentError> {
    let parts = [
        ("quorum key", commitment.public_key.is_null()),
        ("verification vector's hash", llmq.size > 1 && commitment.vvec_hash == [0; 32]),
        ("quorum's signature", commitment.quorum_sig.is_null()),
        ("members' signature", commitment.members_sig.is_null()),
    ];
    match parts.into_iter().find(|(_, null)| *null) {
        Some((what, _)) => Err(CommitmentError::Null { what }),
        None => Ok(()),
    }
}

/// Nobody takes part who is no member.
fn check_members(
    llmq: &LlmqParams,
    commitment: &FinalCommitment,
    members: &[Arc<MasternodeEntry>],
) -> Result<(), CommitmentError> {
    if members.len() > llmq.size as usize {
        return Err(CommitmentError::TooManyMembers { size: llmq.size as usize, found: members.len() });
    }
    for (what, bits) in [("signers", &commitment.signers), ("valid members", &commitment.valid_members)] {
        let stray = bits.iter().enumerate().skip(members.len()).find(|(_, set)| *set);
        if let Some((position, _)) = stray {
            return Err(CommitmentError::NoSuchMember { what, position, members: members.len() });
        }
    }
    Ok(())
}

/// The operator keys of the members whose signers' bit is set.
fn signer_keys(
    commitment: &FinalCommitment,
    members: &[Arc<MasternodeEntry>],
) -> Result<Vec<BlsPublicKey>, CommitmentError> {
    let signers = commitment.signers.iter().zip(members).filter(|(set, _)| *set);
    signers
        .map(|(_, member)| match member.basic_key() {
            key if key.is_null() => Err(CommitmentError::NoKey(*member.pro_tx_hash())),
            key => Ok(*key),
        })
        .gather()
}
