//! Who the members of a quorum are: modifiers, scores, and the plain choice (protocol.md 9.3 to 9.5; DIP-6, DIP-29).

use super::keys::sha256;
use super::list::Node;
use dash_protocol::{BlockHash, BlsSignature, LLMQType, MasternodeType, sha256d};
use std::cmp::Reverse;
use std::sync::Arc;

/// What the choice of members hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The ChainLock signature in the coinbase of the work block at this height.
    Signature(u32, BlsSignature),
    /// A block: before V20 the one that the rules name, since then a work block without such a signature.
    Block(BlockHash),
}

/// What scores of a quorum are mixed with.
pub fn modifier(llmq_type: LLMQType, anchor: &Anchor) -> [u8; 32] {
    let mut bytes = vec![llmq_type.0];
    match anchor {
        Anchor::Signature(height, signature) => {
            bytes.extend(height.to_le_bytes());
            bytes.extend(signature.as_bytes());
        }
        Anchor::Block(hash) => bytes.extend(hash.as_bytes()),
    }
    sha256d(&bytes)
}

/// The eligible ones, highest score first. A score is a little-endian number.
pub fn by_score<'a>(nodes: impl IntoIterator<Item = &'a Arc<Node>>, modifier: &[u8; 32]) -> Vec<Arc<Node>> {
    let mut scored: Vec<([u8; 32], &Arc<Node>)> = nodes
        .into_iter()
        .filter(|node| node.is_eligible())
        .map(|node| {
            let mut score = sha256(&[node.score_base, *modifier].concat());
            score.reverse();
            (score, node)
        })
        .collect();
    scored.sort_by_key(|&(score, _)| Reverse(score));
    scored.into_iter().map(|(_, node)| Arc::clone(node)).collect()
}

/// The members of a quorum that is not rotated: the first by score, fewer than `size` if there are no more.
pub fn plain(nodes: &[Arc<Node>], modifier: &[u8; 32], size: u32, evo_only: bool) -> Vec<Arc<Node>> {
    let candidates = nodes.iter().filter(|node| !evo_only || node.entry.kind == MasternodeType::Evo);
    let mut members = by_score(candidates, modifier);
    members.truncate(size as usize);
    members
}
