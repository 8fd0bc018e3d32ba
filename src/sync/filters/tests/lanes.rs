//! One search: in which order things are taken in, and what is looked for again.

use crate::sync::filters::lane::{BlockInfo, Lane, Part, Turn};
use crate::sync::filters::search::{Searches, Which};
use crate::wallet::gap::Script;
use dash_protocol::{Block, BlockHash, FilterHash, Header, MerkleRoot};

fn script(byte: u8) -> Script {
    Script::from(&[byte; 25][..])
}

fn info(height: u32) -> BlockInfo {
    let mut hash = [1; 32];
    hash[..4].copy_from_slice(&height.to_le_bytes());
    BlockInfo { hash: BlockHash::from_bytes(hash), merkle_root: MerkleRoot::default(), time: height }
}

fn block() -> Block {
    Block { header: Header::from_bytes(&[0; 80]), transactions: Vec::new() }
}

fn part(start: u32, count: u32) -> Part {
    let blocks = (start..start + count).map(info).collect();
    Part::new(start, blocks, vec![Some(FilterHash::of(&[0])); count as usize])
}

fn fill(lane: &mut Lane, start: u32, count: u32) {
    lane.fill(start, vec![vec![0]; count as usize]);
}

/// Does all work that is open, finding these heights.
fn work(lane: &mut Lane, finds: &[u32]) -> usize {
    let mut jobs = 0;
    while let Some(job) = lane.next_match() {
        jobs += 1;
        let range = job.start..job.start + job.blocks.len() as u32;
        let found = finds.iter().filter(|height| range.contains(height)).map(|height| height - job.start);
        lane.matched(&job, found.collect::<Vec<_>>());
    }
    jobs
}

/// The heights of blocks that are taken in until nothing has its turn.
fn turns(lane: &mut Lane) -> Vec<u32> {
    let mut heights = Vec::new();
    while let Some(turn) = lane.take_turn() {
        if let Turn::Block { height, .. } = turn {
            heights.push(height);
        }
    }
    heights
}

fn lane() -> Lane {
    let mut lane = Lane::new(vec![script(1)], 10, 29);
    lane.add(part(10, 10));
    lane.add(part(20, 10));
    lane
}

#[test]
fn blocks_are_taken_in_by_height_and_only_when_all_below_is_matched() {
    let mut lane = lane();
    fill(&mut lane, 20, 10);
    work(&mut lane, &[12, 15, 22]);
    lane.put_block(22, &info(22).hash, &block());
    assert!(turns(&mut lane).is_empty());
    fill(&mut lane, 10, 10);
    work(&mut lane, &[12, 15, 22]);
    let wanted: Vec<u32> = lane.wanted_blocks().map(|(height, _)| height).collect();
    assert_eq!(wanted, [12, 15]);
    lane.put_block(15, &info(15).hash, &block());
    assert!(turns(&mut lane).is_empty());
    lane.put_block(12, &info(12).hash, &block());
    assert_eq!(turns(&mut lane), [12, 15, 22]);
    assert!(lane.is_done() && lane.next == 30);
}

#[test]
fn what_a_block_brings_to_light_is_looked_for_in_all_that_is_at_hand_above() {
    let mut lane = lane();
    fill(&mut lane, 10, 10);
    fill(&mut lane, 20, 10);
    work(&mut lane, &[12]);
    lane.put_block(12, &info(12).hash, &block());
    assert!(matches!(lane.take_turn(), Some(Turn::Block { height: 12, .. })));
    lane.look_for(&[script(2), script(1)]);
    assert!(lane.take_turn().is_none(), "nothing passes before it is matched again");
    assert_eq!(work(&mut lane, &[11, 14, 25]), 2);
    let wanted: Vec<u32> = lane.wanted_blocks().map(|(height, _)| height).collect();
    assert_eq!(wanted, [14, 25], "what lies below is not this search's any more");
}

#[test]
fn a_block_of_another_hash_and_one_that_is_not_wanted_are_not_taken() {
    let mut lane = lane();
    fill(&mut lane, 10, 10);
    work(&mut lane, &[12]);
    lane.put_block(12, &info(13).hash, &block());
    lane.put_block(13, &info(13).hash, &block());
    assert!(turns(&mut lane).is_empty());
    assert_eq!(lane.open_blocks(), 1);
}

#[test]
fn failed_work_is_done_again_and_work_of_a_part_that_is_gone_counts_for_nothing() {
    let mut lane = lane();
    fill(&mut lane, 10, 10);
    let job = lane.next_match().unwrap();
    lane.failed(&job);
    assert!(lane.take_turn().is_none());
    assert_eq!(work(&mut lane, &[]), 1);
    fill(&mut lane, 20, 10);
    let job = lane.next_match().unwrap();
    // The same blocks, begun anew: what was found for the first part says nothing of this one.
    lane.rewind(20);
    lane.add(part(lane.next, 10));
    let start = lane.next;
    fill(&mut lane, start, 10);
    let again = lane.next_match().unwrap();
    lane.matched(&job, [3]);
    assert_eq!(lane.open_blocks(), 0);
    assert!(lane.take_turn().is_none());
    lane.matched(&again, []);
    assert!(matches!(lane.take_turn(), Some(Turn::Passed)));
}

#[test]
fn what_is_added_when_the_search_has_passed_is_searched_after_it() {
    let mut searches = Searches::restored(vec![script(1)], 50, Default::default());
    searches.add(&[script(2)], 10);
    searches.add(&[script(3)], 60);
    assert!(!searches.has_caught_up());
    searches.follow(80);
    searches.turn();
    assert!(searches.late.is_none(), "the main search goes first");
    searches.main.skip_to(81);
    searches.turn();
    let late = searches.late.as_ref().unwrap();
    assert_eq!((late.next, late.end), (10, 49));
    assert_eq!(searches.left().len(), 1);
    searches.lane(Which::Late).unwrap().skip_to(30);
    assert_eq!(searches.left()[&script(2)].from, 30);
    // A reorganisation below where the late search is.
    searches.rewind(20);
    assert_eq!((searches.main.next, searches.late.as_ref().unwrap().end), (20, 19));
    searches.main.skip_to(81);
    searches.turn();
    assert!(searches.has_caught_up());
}

#[test]
fn what_the_late_search_brings_to_light_goes_along_and_is_searched_below_afterwards() {
    let mut searches = Searches::restored(vec![script(1)], 50, Default::default());
    searches.add(&[script(2)], 10);
    searches.follow(49);
    searches.turn();
    searches.lane(Which::Late).unwrap().skip_to(31);
    searches.found_late(&[script(4)], 5, 30);
    let left = searches.left();
    assert_eq!((left[&script(4)].from, left[&script(4)].until), (5, 49));
    searches.lane(Which::Late).unwrap().skip_to(50);
    searches.turn();
    let late = searches.late.as_ref().unwrap();
    assert_eq!((late.next, late.end), (5, 30));
}
