//! What comes of peers that say the same, that say different things, that come and go.

use crate::collections::{SortedMap, SortedSet};
use crate::engine::ConnId;
use crate::filters::FilterRange;
use crate::sync::filters::frontier::{Ask, Finding, Frontier};
use crate::sync::filters::stretch;
use dash_protocol::{BlockHash, CFCheckpt, CFHeaders, FilterHash, FilterHeader, FilterType};

/// What a peer says of each filter: from a height on something of its own.
#[derive(Clone, Copy)]
struct Word {
    from: u32,
    tone: u8,
}

const HONEST: Word = Word { from: u32::MAX, tone: 0 };

impl Word {
    fn hash(self, height: u32) -> FilterHash {
        let tone = if height >= self.from { self.tone } else { 0 };
        FilterHash::of(&[&height.to_le_bytes()[..], &[tone]].concat())
    }

    fn headers(self, tip: u32) -> Vec<FilterHeader> {
        let mut header = FilterHeader::ZERO;
        (0..=tip)
            .map(|height| {
                header = self.hash(height).header(&header);
                header
            })
            .collect()
    }
}

fn block(height: u32) -> BlockHash {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&height.to_le_bytes());
    BlockHash::from_bytes(bytes)
}

/// Peers that answer every question at once, but for trials.
struct Room {
    frontier: Frontier,
    peers: SortedMap<ConnId, (usize, Word)>,
    tip: u32,
}

impl Room {
    fn new(tip: u32, floor: u32, words: &[Word]) -> Self {
        let peers = (1..).zip(words).map(|(conn, word)| (ConnId(conn), (conn as usize, *word))).collect();
        Self { frontier: Frontier::new(floor), peers, tip }
    }

    /// Until nothing more is asked but by trials; what was found, and what trials ask for.
    fn settle(&mut self) -> (Vec<Finding>, SortedSet<Ask>) {
        let mut all = Vec::new();
        for _ in 0..200 {
            self.frontier.set_peers(&self.peers.iter().map(|(conn, (bridge, _))| (*conn, *bridge)).collect());
            let tip = self.tip;
            let (asks, findings) = self.frontier.advance(tip, |_| tip);
            all.extend(findings);
            let open: SortedSet<Ask> =
                asks.iter().copied().filter(|ask| !self.answer(*ask, &mut all)).collect();
            if open.len() == asks.len() {
                return (all, open);
            }
        }
        panic!("it never comes to an end");
    }

    fn answer(&mut self, ask: Ask, all: &mut Vec<Finding>) -> bool {
        let findings = match ask {
            Ask::Checkpoints { conn, stop } => {
                let headers = self.peers[&conn].1.headers(stop);
                let headers = headers.into_iter().step_by(1_000).skip(1).collect();
                let filter_type = FilterType::Basic;
                let reply = CFCheckpt { filter_type, stop_hash: block(stop), headers };
                self.frontier.on_checkpoints(conn, stop, &block(stop), reply)
            }
            Ask::Hashes { conn, start, stop } => {
                let word = self.peers[&conn].1;
                let previous_header = match start.checked_sub(1) {
                    Some(before) => word.headers(before)[before as usize],
                    None => FilterHeader::ZERO,
                };
                let reply = CFHeaders {
                    filter_type: FilterType::Basic,
                    stop_hash: block(stop),
                    previous_header,
                    filter_hashes: (start..=stop).map(|height| word.hash(height)).collect(),
                };
                let range = FilterRange { start, stop, stop_hash: block(stop) };
                self.frontier.on_hashes(conn, &range, reply)
            }
            Ask::Filter { .. } | Ask::Block { .. } => return false,
        };
        all.extend(findings);
        true
    }
}

#[test]
fn two_that_say_the_same_are_believed_up_to_the_tip() {
    for (tip, floor) in [(0, 1), (5, 1), (999, 1), (1_005, 1), (1_012, 1), (4_321, 1), (4_321, 2_500)] {
        let mut room = Room::new(tip, floor, &[HONEST, HONEST]);
        let (findings, open) = room.settle();
        assert!(findings.is_empty() && open.is_empty(), "{findings:?} {open:?}");
        assert_eq!(room.frontier.agreed(), Some(tip));
        let headers = HONEST.headers(tip);
        for height in stretch::first(stretch::of(floor))..=tip {
            if let Some(link) = room.frontier.link(height) {
                assert_eq!((link.header, link.hash), (headers[height as usize], Some(HONEST.hash(height))));
            }
        }
        for (stretch, header) in room.frontier.known().range(1..) {
            assert_eq!(*header, headers[*stretch as usize * 1_000]);
        }
    }
}

#[test]
fn new_blocks_are_agreed_on_as_they_come() {
    let mut room = Room::new(990, 1, &[HONEST, HONEST, HONEST]);
    for tip in 990..2_100 {
        room.tip = tip;
        assert_eq!(room.settle(), (Vec::new(), SortedSet::new()));
        assert_eq!(room.frontier.agreed(), Some(tip));
    }
}

#[test]
fn one_peer_alone_is_believed_only_where_nobody_else_is() {
    let mut room = Room::new(50, 1, &[HONEST]);
    room.settle();
    assert_eq!(room.frontier.agreed(), Some(50));
    assert!(!room.frontier.has_witnesses());
    let mut room = Room::new(50, 1, &[HONEST, HONEST]);
    room.frontier.set_peers(&SortedMap::from([(ConnId(1), 1), (ConnId(2), 2)]));
    assert!(room.frontier.has_witnesses());
    // The second one's chain does not reach as far.
    let reach = |conn: ConnId| if conn == ConnId(1) { 50 } else { 0 };
    for _ in 0..5 {
        let (asks, _) = room.frontier.advance(50, reach);
        for ask in asks {
            room.answer(ask, &mut Vec::new());
        }
    }
    assert_eq!(room.frontier.agreed(), None);
}

#[test]
fn peers_behind_one_bridge_are_one_voice_where_there_are_two_bridges() {
    let mut room = Room::new(50, 1, &[HONEST, HONEST, HONEST]);
    room.peers.values_mut().take(2).for_each(|(bridge, _)| *bridge = 9);
    room.frontier.set_peers(&room.peers.iter().map(|(conn, (bridge, _))| (*conn, *bridge)).collect());
    let reach = |conn: ConnId| if conn == ConnId(3) { 0 } else { 50 };
    for _ in 0..5 {
        let (asks, _) = room.frontier.advance(50, reach);
        for ask in asks {
            room.answer(ask, &mut Vec::new());
        }
    }
    assert_eq!(room.frontier.agreed(), None);
    room.settle();
    assert_eq!(room.frontier.agreed(), Some(50));
}

#[test]
fn where_two_differ_the_block_is_asked_for_and_nothing_above_is_believed() {
    for (tip, from) in [(500, 77), (4_500, 1_234), (4_500, 4_100), (4_500, 1_000), (4_500, 1_001)] {
        let mut room = Room::new(tip, 1, &[HONEST, Word { from, tone: 1 }, HONEST]);
        let (findings, open) = room.settle();
        assert!(findings.is_empty(), "{findings:?}");
        assert!(room.frontier.agreed().is_some_and(|agreed| agreed < from));
        assert!(open.contains(&Ask::Block { height: from }), "{from}: {open:?}");
        assert_eq!(open.iter().filter(|ask| matches!(ask, Ask::Filter { .. })).count(), 2);
    }
}

#[test]
fn a_liar_that_goes_leaves_the_others_agreed() {
    for from in [77, 1_234, 4_100] {
        let mut room = Room::new(4_500, 1, &[HONEST, Word { from, tone: 1 }, HONEST]);
        room.settle();
        room.peers.remove(&ConnId(2));
        let (findings, open) = room.settle();
        assert!(findings.is_empty() && open.is_empty(), "{findings:?} {open:?}");
        assert_eq!(room.frontier.agreed(), Some(4_500));
    }
}

#[test]
fn what_was_believed_of_liars_alone_is_doubted_when_others_say_otherwise() {
    for from in [77, 1_234, 4_100] {
        let lie = Word { from, tone: 1 };
        let mut room = Room::new(4_500, 1, &[lie, lie]);
        room.settle();
        assert_eq!(room.frontier.agreed(), Some(4_500));
        room.peers = SortedMap::from([(ConnId(3), (3, HONEST)), (ConnId(4), (4, HONEST))]);
        let (findings, _) = room.settle();
        let doubted = findings.iter().find_map(|finding| match finding {
            Finding::Doubted { height } => Some(*height),
            Finding::Lie { .. } => None,
        });
        assert!(doubted.is_some_and(|height| height <= from), "{from}: {findings:?}");
        assert_eq!(room.frontier.agreed(), Some(4_500));
        assert_eq!(room.frontier.link(4_400).and_then(|link| link.hash), Some(HONEST.hash(4_400)));
    }
}

#[test]
fn a_reorganisation_is_undone_and_gone_through_again() {
    for (tip, fork) in [(4_500, 4_490), (4_005, 3_994), (4_020, 3_990), (30, 20)] {
        let mut room = Room::new(tip, 1, &[HONEST, HONEST]);
        room.settle();
        room.frontier.rewind(fork);
        assert!(room.frontier.agreed().is_some_and(|agreed| agreed <= fork));
        let other = Word { from: fork + 1, tone: 3 };
        room.peers.values_mut().for_each(|(_, word)| *word = other);
        room.tip = tip + 1;
        assert_eq!(room.settle(), (Vec::new(), SortedSet::new()));
        assert_eq!(room.frontier.agreed(), Some(tip + 1));
        assert_eq!(room.frontier.link(tip).and_then(|link| link.hash), Some(other.hash(tip)));
    }
}

#[test]
fn who_contradicts_himself_lies() {
    let mut room = Room::new(2_500, 1, &[HONEST, HONEST]);
    room.settle();
    let range = FilterRange { start: 0, stop: 1_000, stop_hash: block(1_000) };
    let other = Word { from: 5, tone: 1 };
    let reply = CFHeaders {
        filter_type: FilterType::Basic,
        stop_hash: block(1_000),
        previous_header: FilterHeader::ZERO,
        filter_hashes: (0..=1_000).map(|height| other.hash(height)).collect(),
    };
    let found = room.frontier.on_hashes(ConnId(1), &range, reply);
    assert!(matches!(&found[..], [Finding::Lie { conn: ConnId(1), .. }]), "{found:?}");
    let headers = other.headers(2_000).into_iter().step_by(1_000).skip(1).collect();
    let reply = CFCheckpt { filter_type: FilterType::Basic, stop_hash: block(2_000), headers };
    let found = room.frontier.on_checkpoints(ConnId(2), 2_000, &block(2_000), reply);
    assert!(matches!(&found[..], [Finding::Lie { conn: ConnId(2), .. }]), "{found:?}");
}

#[test]
fn what_was_agreed_on_is_read_back() {
    let mut room = Room::new(4_500, 1, &[HONEST, HONEST]);
    room.settle();
    let known = room.frontier.known().clone();
    room.frontier = Frontier::restored(1, known.clone(), SortedSet::new());
    assert_eq!(room.frontier.agreed(), Some(4_000));
    assert_eq!(room.settle(), (Vec::new(), SortedSet::new()));
    let gap = known.into_iter().filter(|(stretch, _)| *stretch != 2).collect();
    assert_eq!(Frontier::restored(1, gap, SortedSet::new()).agreed(), None);
}
