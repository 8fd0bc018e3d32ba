//! Lists, rotation info and locks: what honest peers serve, and that liars tell their lies.

use super::*;
use crate::masternodes::MasternodePlan;
use crate::world::regtest_with_masternodes;
use dash_protocol::{
    ChainLock, CoinbasePayload, GetMnListDiff, GetQRInfo, InstantLock, Inventory, InventoryKind, MnListDiff,
    QRInfo,
};

const HEIGHT: u32 = 400;

fn chain() -> Arc<SimChain> {
    SimChain::shared_with(&regtest_with_masternodes(), 1, HEIGHT, &MasternodePlan::new(16))
}

fn listener(profile: Profile) -> Listener {
    let mut listener = Listener::on(chain(), profile);
    listener.shake_hands();
    listener.wait(500);
    listener
}

impl Listener {
    fn ask_list(&mut self, base: u32, block: u32) {
        let request = GetMnListDiff {
            base_block_hash: self.chain.hash_at(base).unwrap(),
            block_hash: self.chain.hash_at(block).unwrap(),
        };
        self.say(Message::GetMnListDiff(request));
    }

    fn ask_qrinfo(&mut self, bases: &[u32]) {
        let request = GetQRInfo {
            base_block_hashes: bases.iter().map(|&base| self.chain.hash_at(base).unwrap()).collect(),
            block_hash: self.chain.hash_at(HEIGHT - 10).unwrap(),
            extra_share: true,
        };
        self.say(Message::GetQRInfo(request));
    }

    fn lists(&self) -> Vec<MnListDiff> {
        let messages = self.messages().into_iter().flatten();
        messages
            .filter_map(|message| match message {
                Message::MnListDiff(diff) => Some(*diff),
                _ => None,
            })
            .collect()
    }

    fn infos(&self) -> Vec<QRInfo> {
        let messages = self.messages().into_iter().flatten();
        messages
            .filter_map(|message| match message {
                Message::QRInfo(info) => Some(*info),
                _ => None,
            })
            .collect()
    }

    fn locks(&self) -> (Vec<ChainLock>, Vec<InstantLock>) {
        let (mut blocks, mut payments) = (Vec::new(), Vec::new());
        for message in self.messages().into_iter().flatten() {
            match message {
                Message::ClSig(lock) => blocks.push(lock),
                Message::IsdLock(lock) => payments.push(lock),
                _ => {}
            }
        }
        (blocks, payments)
    }

    fn announced(&self, kind: InventoryKind) -> Vec<Inventory> {
        let messages = self.messages().into_iter().flatten();
        let names = messages.filter_map(|message| match message {
            Message::Inv(names) => Some(names),
            _ => None,
        });
        names.flatten().filter(|name| name.kind == kind).collect()
    }
}

#[test]
fn lists_and_rotation_info_are_served_one_after_the_other_at_their_costs() {
    let profile = Profile { list_cost_ms: 100, qrinfo_cost_ms: 400, latency_ms: (0, 0), ..Profile::honest() };
    let mut peer = listener(profile);
    peer.ask_list(0, 300);
    peer.ask_qrinfo(&[]);
    peer.ask_list(300, HEIGHT);
    peer.wait(150);
    assert_eq!((peer.lists().len(), peer.infos().len()), (1, 0));
    peer.wait(400);
    assert_eq!((peer.lists().len(), peer.infos().len()), (1, 1));
    peer.wait(100);
    let lists = peer.lists();
    assert_eq!(lists.len(), 2);
    assert_eq!(CoinbasePayload::of(&lists[1].coinbase).unwrap().height, HEIGHT);
    assert_eq!(peer.infos()[0].diff_tip.block_hash, peer.chain.tip_hash());
}

#[test]
fn what_cannot_be_answered_gets_no_answer_at_all() {
    let mut peer = listener(Profile::honest());
    peer.say(Message::GetMnListDiff(GetMnListDiff {
        base_block_hash: BlockHash::from_bytes([7; 32]),
        block_hash: peer.chain.tip_hash(),
    }));
    peer.ask_list(HEIGHT, 300);
    peer.say(Message::GetQRInfo(GetQRInfo {
        base_block_hashes: vec![BlockHash::from_bytes([7; 32])],
        block_hash: peer.chain.tip_hash(),
        extra_share: false,
    }));
    let before = peer.heard.len();
    peer.wait(5_000);
    assert_eq!(peer.heard.len(), before);
}

#[test]
fn half_of_the_requests_for_lists_fail_where_that_is_the_fault() {
    let mut peer = listener(Profile::faulty(Fault::FailingLists));
    for _ in 0..40 {
        peer.ask_list(0, HEIGHT);
    }
    peer.wait(10_000);
    assert!((10..30).contains(&peer.lists().len()), "{} answers", peer.lists().len());
}

#[test]
fn diffs_of_an_old_peer_do_not_build_on_one_another() {
    let bases = |profile| {
        let mut peer = listener(profile);
        peer.ask_qrinfo(&[200]);
        peer.wait(2_000);
        let info = peer.infos().remove(0);
        let of = |diff: &MnListDiff| peer.chain.height_of(&diff.base_block_hash).unwrap();
        (of(&info.diff_h_minus_c), of(&info.diff_h), of(&info.diff_tip), info.diff_tip.block_hash)
    };
    let new = bases(Profile::honest());
    let old = bases(Profile::faulty(Fault::OldQrInfo));
    assert!(new.1 > new.0 && new.2 > new.1, "{new:?}");
    assert_eq!((old.0, old.1, old.2, old.3), (200, 200, 200, new.3));
}

#[test]
fn locks_are_announced_and_served_by_hash() {
    let mut peer = listener(Profile::honest());
    Arc::make_mut(&mut peer.chain).mine(3, EPOCH);
    peer.announce();
    peer.announce();
    peer.wait(500);
    let names = peer.announced(InventoryKind::ChainLock);
    assert_eq!(names.len(), 1, "announced once");
    peer.say(Message::GetData(names));
    peer.wait(500);
    assert_eq!(peer.locks().0, [peer.chain.best_chainlock().unwrap()]);
    peer.say(Message::GetData(vec![Inventory { kind: InventoryKind::ChainLock, hash: [9; 32] }]));
    peer.wait(500);
    assert_eq!(peer.commands().last(), Some(&Command::NOTFOUND));
}

#[test]
fn payments_are_told_only_to_who_wants_relay() {
    let payment = || {
        let (transaction, lock) = chain().instant_lock(5).unwrap();
        Payment { transaction, lock: Some(lock) }
    };
    let mut quiet = listener(Profile::honest());
    quiet.pool.add(payment());
    quiet.announce();
    quiet.wait(10_000);
    assert_eq!(quiet.announced(InventoryKind::InstantSendLock).len(), 0);

    let mut peer = Listener::on(chain(), Profile::honest());
    peer.relay = true;
    peer.shake_hands();
    peer.pool.add(payment());
    peer.announce();
    peer.wait(10_000);
    let mut names = peer.announced(InventoryKind::InstantSendLock);
    names.extend(peer.announced(InventoryKind::Transaction));
    assert_eq!(names.len(), 2);
    peer.say(Message::GetData(names));
    peer.wait(1_000);
    assert_eq!(peer.locks().1, [payment().lock.unwrap()]);
    assert!(peer.messages().contains(&Ok(Message::Tx(payment().transaction))));
}

#[test]
fn every_lie_about_lists_is_told_and_all_else_is_honest() {
    for lie in Lie::of_masternodes().filter(|lie| !lie.is_offered() && *lie != Lie::LockedReorg) {
        let hear = |profile| {
            let mut peer = listener(profile);
            peer.ask_list(0, 300);
            peer.wait(500);
            peer.ask_list(300, HEIGHT);
            peer.wait(500);
            peer.ask_qrinfo(&[300]);
            peer.wait(10_000);
            peer
        };
        let (honest, liar) = (hear(Profile::honest()), hear(Profile::liar(lie)));
        assert_ne!(honest.heard, liar.heard, "{lie} is not told");
        let errors = liar.messages().into_iter().filter(Result::is_err).count();
        let malformed = matches!(lie, Lie::MillionEntries | Lie::StrayBits);
        assert_eq!(errors > 0, malformed, "{lie}: {errors} malformed messages");
        if !malformed {
            assert!(liar.lists().len() >= 2 && !liar.infos().is_empty(), "{lie} swallows answers");
        }
    }
}

#[test]
fn lists_forged_by_one_thing_break_what_they_are_meant_to_break() {
    for lie in Lie::of_masternodes().filter(|lie| !lie.is_offered() && *lie != Lie::LockedReorg) {
        let mut liar = listener(Profile::liar(lie));
        liar.ask_list(0, 300);
        liar.wait(500);
        let Some(diff) = liar.lists().into_iter().next() else { continue };
        let facts = liar.chain.facts_at(300).unwrap();
        let payload = CoinbasePayload::of(&diff.coinbase).unwrap();
        let mut leaves: Vec<_> = diff.entries.iter().collect();
        leaves.sort_by_key(|entry| entry.pro_tx_hash);
        let leaves: Vec<_> = leaves
            .into_iter()
            .filter(|entry| !diff.deleted.contains(&entry.pro_tx_hash))
            .map(|entry| entry.leaf_hash())
            .collect();
        let list_holds = dash_protocol::merkle::root(&leaves) == payload.merkle_root_mn_list.to_bytes();
        let mut leaves: Vec<_> = diff.new_quorums.iter().map(|quorum| quorum.leaf_hash()).collect();
        leaves.sort_unstable();
        let quorums_hold = dash_protocol::merkle::root(&leaves) == payload.merkle_root_quorums.to_bytes();
        let (root, matched) = diff.coinbase_tree.extract().unwrap();
        let path_holds =
            root == liar.chain.header_at(300).unwrap().merkle_root && matched == [(0, diff.coinbase.txid())];
        let expected = match lie.check() {
            Some(Check::ListRoot) => (true, 300, false, true),
            Some(Check::QuorumRoot | Check::CommitmentForm) => (true, 300, true, false),
            Some(Check::CoinbasePath) if lie == Lie::CoinbaseForged => (false, 300, true, true),
            Some(Check::CoinbasePath) => (false, 299, true, true),
            Some(Check::DiffBase) => continue,
            _ => (true, 300, true, true),
        };
        assert_eq!((path_holds, payload.height, list_holds, quorums_hold), expected, "{lie}");
        assert_eq!(diff.block_hash, facts.hash);
    }
}

#[test]
fn every_lie_about_locks_is_offered_and_served() {
    for lie in Lie::of_masternodes().filter(|lie| lie.is_offered()) {
        let chain = if lie == Lie::LockUnprovenQuorum { chain_with_bogus_quorums() } else { chain() };
        let mut liar = Listener::on(chain, Profile::liar(lie));
        liar.shake_hands();
        liar.wait(3_000);
        let mut names = liar.announced(InventoryKind::ChainLock);
        names.extend(liar.announced(InventoryKind::InstantSendLock));
        assert_eq!(names.len(), 1, "{lie}");
        liar.say(Message::GetData(names));
        liar.wait(1_000);
        let (blocks, payments) = liar.locks();
        assert_eq!(blocks.len() + payments.len(), 1, "{lie}");
        let honest = liar.chain.chainlock(HEIGHT);
        assert!(honest.is_none_or(|lock| !blocks.contains(&lock) || lie == Lie::LockUnprovenQuorum), "{lie}");
    }
}

fn chain_with_bogus_quorums() -> Arc<SimChain> {
    let world = crate::world::World::builder(1).peer(Profile::liar(Lie::LockUnprovenQuorum)).build();
    Arc::new(world.chain().clone())
}

#[test]
fn a_chain_that_replaces_locked_blocks_has_more_work_and_no_locks_there() {
    let honest = chain();
    let own = Profile::liar(Lie::LockedReorg).own_chain(&honest, &[], 1).unwrap();
    let fork = (0..=HEIGHT).rev().find(|&height| own.hash_at(height) == honest.hash_at(height)).unwrap();
    assert!(fork + 3 < HEIGHT && own.work_at(own.height()) > honest.work_at(HEIGHT));
    assert!((fork + 1..=own.height()).all(|height| own.chainlock(height).is_none()));
    assert!((fork + 1..=HEIGHT).any(|height| honest.chainlock(height).is_some()));
}
