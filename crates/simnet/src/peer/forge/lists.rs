//! Lies about masternode lists, quorums and rotation.
//!
//! Each takes an honest answer and changes the one thing that it is about; where the honest answer holds no such thing,
//! it is taken from the truth about the chain, so that the lie is told in every answer.

use super::{Forged, Forger, counted};
use crate::masternodes::{Facts, QuorumFacts};
use crate::peer::Lie;
use dash_protocol::{
    BitSet, BlockHash, CoinbasePayload, Command, Encode, FinalCommitment, GetQRInfo, LLMQType, MerkleRoot,
    Message, MnListDiff, PartialMerkleTree, ProTxHash, QRInfo, QuorumName, QuorumSnapshot, SmlEntry, merkle,
};

/// What a list claims that is told to have a million entries.
const MILLION: usize = 1_000_000;

impl Forger<'_> {
    /// What the liar sends in place of a list diff, or none where this lie answers honestly.
    pub fn list_diff(&mut self, lie: Lie, honest: &MnListDiff) -> Option<Forged> {
        match lie {
            Lie::MillionEntries => Some(self.frame(Command::MNLISTDIFF, &million(honest)).into()),
            Lie::StrayBits => {
                let (diff, commitment) = self.with_commitment(honest)?;
                let mut payload = diff.to_wire();
                stray(&mut payload, &commitment)?;
                Some(self.frame(Command::MNLISTDIFF, &payload).into())
            }
            _ => {
                let diff = self.forged_diff(lie, honest)?;
                Some(Message::MnListDiff(Box::new(diff)).to_frame(self.params.magic).into())
            }
        }
    }

    /// What the liar sends in place of rotation info, or none where this lie answers honestly.
    pub fn qrinfo(&mut self, lie: Lie, honest: &QRInfo) -> Option<Forged> {
        let mut info = honest.clone();
        match lie {
            Lie::SnapshotForged => turn_around(&mut info.snapshot_h_minus_c),
            Lie::SkipListRange => {
                for snapshot in [
                    &mut info.snapshot_h_minus_c,
                    &mut info.snapshot_h_minus_2c,
                    &mut info.snapshot_h_minus_3c,
                ] {
                    snapshot.skip_list_mode = 1;
                    snapshot.skip_list.extend([i32::MAX, i32::MAX, i32::MIN]);
                }
            }
            Lie::LastCommitmentForged => {
                let last = info.last_commitments.last_mut()?;
                last.public_key = self.other_quorum(last)?.public_key;
            }
            Lie::MillionEntries => {
                let mut payload = Vec::new();
                for snapshot in
                    [&info.snapshot_h_minus_c, &info.snapshot_h_minus_2c, &info.snapshot_h_minus_3c]
                {
                    snapshot.encode(&mut payload);
                }
                payload.extend(million(&info.diff_tip));
                return Some(self.frame(Command::QRINFO, &payload).into());
            }
            Lie::StrayBits => {
                let commitment = info.last_commitments.first()?.clone();
                let mut payload = info.to_wire();
                stray(&mut payload, &commitment)?;
                return Some(self.frame(Command::QRINFO, &payload).into());
            }
            _ => info.diff_h = self.forged_diff(lie, &info.diff_h)?,
        }
        Some(Message::QRInfo(Box::new(info)).to_frame(self.params.magic).into())
    }

    /// A true answer that nobody asked for.
    pub fn unasked(&self, lie: Lie) -> Option<Forged> {
        let tip = self.chain.tip_hash();
        let message = match lie {
            Lie::UnsolicitedDiff => {
                Message::MnListDiff(Box::new(self.chain.list_diff(&BlockHash::ZERO, &tip)?))
            }
            Lie::UnsolicitedQrInfo => {
                let request =
                    GetQRInfo { base_block_hashes: Vec::new(), block_hash: tip, extra_share: false };
                Message::QRInfo(Box::new(self.chain.qrinfo(&request)?))
            }
            _ => return None,
        };
        Some(message.to_frame(self.params.magic).into())
    }

    fn forged_diff(&mut self, lie: Lie, honest: &MnListDiff) -> Option<MnListDiff> {
        let facts = self.facts_of(&honest.block_hash)?;
        let mut diff = honest.clone();
        match lie {
            Lie::ListEntryChanged => change_entry(&mut diff, self.changed_entry(&facts)?),
            Lie::ListEntryAdded => {
                let mut entry = self.changed_entry(&facts)?;
                entry.pro_tx_hash = ProTxHash::from_bytes(self.rng.bytes32());
                diff.entries.push(entry);
            }
            Lie::ListEntryRemoved => {
                let name = self.changed_entry(&facts)?.pro_tx_hash;
                diff.entries.retain(|entry| entry.pro_tx_hash != name);
                diff.deleted.push(name);
            }
            Lie::QuorumHidden => {
                let name = name_of(&self.any_quorum(&facts)?.commitment);
                drop_quorum(&mut diff, &name);
                diff.deleted_quorums.push(name);
            }
            Lie::QuorumStale => diff.new_quorums.push(self.stale_quorum(&facts)?),
            Lie::QuorumForged | Lie::CommitmentSignature | Lie::CommitmentCount | Lie::CommitmentType => {
                let commitment = self.any_quorum(&facts)?.commitment.clone();
                let forged = self.forged_commitment(lie, commitment.clone())?;
                let name = name_of(&commitment);
                if !diff.new_quorums.contains(&commitment) {
                    // The base has it already: it has to go before it can come again.
                    diff.deleted_quorums.push(name);
                }
                drop_quorum(&mut diff, &name);
                diff.new_quorums.push(forged);
            }
            Lie::CoinbaseForged => {
                let entry = self.changed_entry(&facts)?;
                let root = root_with(&facts, &entry);
                change_entry(&mut diff, entry);
                forge_coinbase(&mut diff, root)?;
            }
            Lie::CoinbaseOfAnotherBlock => {
                let earlier = self.chain.hash_at(facts.height.checked_sub(1)?)?;
                diff = self.chain.list_diff(&honest.base_block_hash, &earlier)?;
                diff.block_hash = honest.block_hash;
            }
            Lie::OtherBase => {
                let base = self.chain.height_of(&honest.base_block_hash).unwrap_or(0);
                let other = if base > 0 { base - 1 } else { facts.height.checked_sub(1)? };
                diff = self.chain.list_diff(&self.chain.hash_at(other)?, &honest.block_hash)?;
            }
            _ => return None,
        }
        Some(diff)
    }

    fn facts_of(&self, block: &BlockHash) -> Option<Facts> {
        self.chain.facts_at(self.chain.height_of(block)?)
    }

    /// A masternode of the list, with another voting key: nothing that counts for membership.
    fn changed_entry(&mut self, facts: &Facts) -> Option<SmlEntry> {
        let at = self.rng.below(facts.masternodes.len() as u64) as usize;
        let mut entry = facts.masternodes.get(at)?.entry.clone();
        entry.voting_key_id[0] ^= 1;
        Some(entry)
    }

    fn any_quorum<'a>(&mut self, facts: &'a Facts) -> Option<&'a QuorumFacts> {
        let at = self.rng.below(facts.quorums.len() as u64) as usize;
        facts.quorums.get(at)
    }

    /// A true commitment of an earlier time that counts no longer.
    fn stale_quorum(&self, facts: &Facts) -> Option<FinalCommitment> {
        let now: Vec<QuorumName> = facts.quorums.iter().map(|quorum| name_of(&quorum.commitment)).collect();
        let step = self.params.llmq(self.params.llmq_types.chainlocks)?.interval as usize;
        let mut earlier = (0..facts.height).rev().step_by(step.max(1)).take(24);
        earlier.find_map(|height| {
            let quorums = self.chain.facts_at(height)?.quorums;
            let stale = quorums.into_iter().find(|quorum| !now.contains(&name_of(&quorum.commitment)));
            stale.map(|quorum| quorum.commitment)
        })
    }

    fn forged_commitment(&self, lie: Lie, mut commitment: FinalCommitment) -> Option<FinalCommitment> {
        match lie {
            Lie::QuorumForged => {
                let other = self.other_quorum(&commitment)?;
                commitment.public_key = other.public_key;
                let message = commitment.commitment_hash();
                commitment.quorum_sig = self.chain.sign_by(other.llmq_type, &other.quorum_hash, &message)?;
            }
            Lie::CommitmentSignature => {
                let mut bytes = *commitment.quorum_sig.as_bytes();
                bytes[95] ^= 1;
                commitment.quorum_sig = dash_protocol::BlsSignature::from_bytes(bytes);
            }
            Lie::CommitmentCount => {
                commitment.signers = BitSet::from_bools(commitment.signers.iter().chain([true]));
            }
            _ => commitment.llmq_type = LLMQType(42),
        }
        Some(commitment)
    }

    /// Another quorum than this commitment's, as of the tip.
    fn other_quorum(&self, commitment: &FinalCommitment) -> Option<QuorumFacts> {
        let quorums = self.chain.facts()?.quorums;
        quorums.into_iter().find(|quorum| {
            name_of(&quorum.commitment) != name_of(commitment) && quorum.commitment.version >= 3
        })
    }

    /// The diff with at least one new commitment, and that one.
    fn with_commitment(&mut self, honest: &MnListDiff) -> Option<(MnListDiff, FinalCommitment)> {
        let mut diff = honest.clone();
        if diff.new_quorums.is_empty() {
            let facts = self.facts_of(&honest.block_hash)?;
            diff.new_quorums.push(self.any_quorum(&facts)?.commitment.clone());
        }
        let first = diff.new_quorums.first()?.clone();
        Some((diff, first))
    }
}

fn name_of(commitment: &FinalCommitment) -> QuorumName {
    (commitment.llmq_type, commitment.quorum_hash)
}

fn change_entry(diff: &mut MnListDiff, entry: SmlEntry) {
    diff.entries.retain(|other| other.pro_tx_hash != entry.pro_tx_hash);
    diff.entries.push(entry);
}

/// Takes a quorum out of a diff, and out of what its signatures count.
fn drop_quorum(diff: &mut MnListDiff, name: &QuorumName) {
    let Some(at) = diff.new_quorums.iter().position(|commitment| name_of(commitment) == *name) else {
        return;
    };
    diff.new_quorums.remove(at);
    for (_, places) in &mut diff.quorum_signatures {
        places.retain(|place| usize::from(*place) != at);
        for place in places.iter_mut().filter(|place| usize::from(**place) > at) {
            *place -= 1;
        }
    }
    diff.quorum_signatures.retain(|(_, places)| !places.is_empty());
}

/// The root over the list with one entry changed.
fn root_with(facts: &Facts, changed: &SmlEntry) -> MerkleRoot {
    let leaves: Vec<[u8; 32]> = facts
        .masternodes
        .iter()
        .map(|masternode| &masternode.entry)
        .map(|entry| if entry.pro_tx_hash == changed.pro_tx_hash { changed } else { entry })
        .map(SmlEntry::leaf_hash)
        .collect();
    MerkleRoot::from_bytes(merkle::root(&leaves))
}

/// Makes the coinbase fit another list, and the path fit the coinbase.
fn forge_coinbase(diff: &mut MnListDiff, root: MerkleRoot) -> Option<()> {
    let mut payload = CoinbasePayload::of(&diff.coinbase).ok()?;
    payload.merkle_root_mn_list = root;
    diff.coinbase.payload = payload.to_wire();
    diff.coinbase_tree = PartialMerkleTree::build(&[diff.coinbase.txid()], &[true]);
    Some(())
}

/// Uses the members that were not in use, and the other way round.
fn turn_around(snapshot: &mut QuorumSnapshot) {
    snapshot.active_members = snapshot.active_members.iter().map(|bit| !bit).collect();
}

/// A diff that announces a million masternodes and ends after some.
fn million(honest: &MnListDiff) -> Vec<u8> {
    let mut payload = Vec::new();
    payload.extend_from_slice(&honest.version.to_le_bytes());
    honest.base_block_hash.encode(&mut payload);
    honest.block_hash.encode(&mut payload);
    honest.coinbase_tree.encode(&mut payload);
    honest.coinbase.encode(&mut payload);
    payload.extend(counted(0));
    payload.extend(counted(MILLION));
    honest.entries.iter().for_each(|entry| entry.encode(&mut payload));
    payload.extend_from_slice(&[0; 4_096]);
    payload
}

/// Sets the bit behind the last signer of a commitment within a payload.
fn stray(payload: &mut [u8], commitment: &FinalCommitment) -> Option<()> {
    let bits = commitment.signers.len();
    if bits.is_multiple_of(8) {
        return None;
    }
    let wire = commitment.to_wire();
    let at = payload.windows(wire.len()).position(|window| window == wire)?;
    let index = if commitment.quorum_index.is_some() { 2 } else { 0 };
    // Version, type, quorum hash, index, and the count of bits.
    let count = counted(bits).len();
    let last = at + 2 + 1 + 32 + index + count + bits / 8;
    *payload.get_mut(last)? |= 1 << (bits % 8);
    Some(())
}
