//! Watermarks as bytes, as IndexedDB keeps them.
//!
//! Fixed in size; what cannot have been written here is not read.

use super::{Meta, Segment};
use dash_num::Arith256;
use dash_protocol::BlockHash;

const META_LEN: usize = 4 + 32 + 1 + 2 * SEGMENT_LEN;
const SEGMENT_LEN: usize = 3 * 4 + 32 + 32;

/// Watermarks as bytes: little-endian numbers, work big-endian.
pub(crate) fn encode_meta(meta: &Meta) -> Vec<u8> {
    let mut out = Vec::with_capacity(META_LEN);
    out.extend(meta.version.to_le_bytes());
    out.extend(meta.network_id.as_bytes());
    out.push(u8::from(meta.below.is_some()));
    for segment in [&meta.main].into_iter().chain(&meta.below) {
        out.extend(segment.context.to_le_bytes());
        out.extend(segment.start.to_le_bytes());
        out.extend(segment.tip.to_le_bytes());
        out.extend(segment.tip_hash.as_bytes());
        out.extend(segment.tip_work.wrapping_shr(128).low_u128().to_be_bytes());
        out.extend(segment.tip_work.low_u128().to_be_bytes());
    }
    out
}

/// The inverse of [`encode_meta`]; `None` for anything that it did not write or whose heights are out of order.
pub(crate) fn decode_meta(bytes: &[u8]) -> Option<Meta> {
    let mut rest = bytes;
    let version = u32::from_le_bytes(take(&mut rest)?);
    let network_id = BlockHash::from_bytes(take(&mut rest)?);
    let [has_below] = take::<1>(&mut rest)?;
    let main = decode_segment(&mut rest)?;
    let below = match has_below {
        0 => None,
        1 => Some(decode_segment(&mut rest)?),
        _ => return None,
    };
    rest.is_empty().then_some(Meta { version, network_id, main, below })
}

fn decode_segment(rest: &mut &[u8]) -> Option<Segment> {
    let segment = Segment {
        context: u32::from_le_bytes(take(rest)?),
        start: u32::from_le_bytes(take(rest)?),
        tip: u32::from_le_bytes(take(rest)?),
        tip_hash: BlockHash::from_bytes(take(rest)?),
        tip_work: Arith256::from_bendian(take(rest)?),
    };
    (segment.context <= segment.start && segment.start <= segment.tip).then_some(segment)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(context: u32, start: u32, tip: u32) -> Segment {
        let tip_work = Arith256::from_u64(9).wrapping_shl(130);
        Segment { context, start, tip, tip_hash: BlockHash::from_bytes([tip as u8; 32]), tip_work }
    }

    fn meta(below: Option<Segment>) -> Meta {
        let network_id = BlockHash::from_bytes([7; 32]);
        Meta { version: 1, network_id, main: segment(1_000, 1_035, 5_000), below }
    }

    #[test]
    fn watermarks_are_read_back_as_written_and_nothing_else_is() {
        for meta in [meta(None), meta(Some(segment(100, 135, 500)))] {
            let bytes = encode_meta(&meta);
            assert_eq!(decode_meta(&bytes), Some(meta));
            assert_eq!(decode_meta(&bytes[..bytes.len() - 1]), None);
            assert_eq!(decode_meta(&[&bytes[..], &[0]].concat()), None);
        }
        assert_eq!(decode_meta(&encode_meta(&meta(Some(segment(5, 4, 500))))), None);
    }
}
