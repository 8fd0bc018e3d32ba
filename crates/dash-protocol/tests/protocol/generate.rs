//! Seeded random values of everything that is data of the chain: well-formed, and of no other sense.

use dash_protocol::{
    BitSet, Block, BlockHash, BloomFilter, BloomUpdate, BlsPublicKey, BlsSignature, ChainLock, CompactTarget,
    ConfirmedHash, FinalCommitment, GetMnListDiff, GetQRInfo, Header, InstantLock, LLMQType, MasternodeType,
    MerkleBlock, MerkleRoot, MnListDiff, NetInfo, OutPoint, PartialMerkleTree, ProTxHash, QRInfo, QuorumHash,
    QuorumSnapshot, SmlEntry, Transaction, TxIn, TxOut, Txid,
};
use fastrand::Rng;

pub fn array<const N: usize>(rng: &mut Rng) -> [u8; N] {
    core::array::from_fn(|_| rng.u8(..))
}

pub fn some<T>(rng: &mut Rng, max: usize, mut item: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    (0..rng.usize(..=max)).map(|_| item(rng)).collect()
}

fn bytes(rng: &mut Rng, max: usize) -> Vec<u8> {
    some(rng, max, |rng| rng.u8(..))
}

pub fn block_hash(rng: &mut Rng) -> BlockHash {
    BlockHash::from_bytes(array(rng))
}

fn out_point(rng: &mut Rng) -> OutPoint {
    OutPoint { txid: Txid::from_bytes(array(rng)), vout: rng.u32(..) }
}

pub fn transaction(rng: &mut Rng) -> Transaction {
    let (version, tx_type) = (rng.u16(..5), rng.u16(..11));
    let special = version >= 3 && tx_type != 0;
    Transaction {
        version,
        tx_type,
        inputs: some(rng, 3, |rng| TxIn {
            previous: out_point(rng),
            script: bytes(rng, 300),
            sequence: rng.u32(..),
        }),
        outputs: some(rng, 3, |rng| TxOut { value: rng.i64(..), script: bytes(rng, 30) }),
        lock_time: rng.u32(..),
        payload: if special { bytes(rng, 300) } else { vec![] },
    }
}

fn header(rng: &mut Rng) -> Header {
    Header {
        version: rng.i32(..),
        prev_block_hash: block_hash(rng),
        merkle_root: MerkleRoot::from_bytes(array(rng)),
        time: rng.u32(..),
        bits: CompactTarget::from_bits(rng.u32(..)),
        nonce: rng.u32(..),
    }
}

pub fn block(rng: &mut Rng) -> Block {
    Block { header: header(rng), transactions: some(rng, 3, transaction) }
}

pub fn merkle_block(rng: &mut Rng) -> MerkleBlock {
    MerkleBlock { header: header(rng), tree: tree(rng) }
}

pub fn bloom_filter(rng: &mut Rng) -> BloomFilter {
    BloomFilter {
        data: bytes(rng, 40),
        functions: rng.u32(..=50),
        tweak: rng.u32(..),
        update: [BloomUpdate::None, BloomUpdate::All, BloomUpdate::BareKeysOnly][rng.usize(..3)],
    }
}

fn tree(rng: &mut Rng) -> PartialMerkleTree {
    let txids: Vec<Txid> = (0..rng.usize(1..40)).map(|_| Txid::from_bytes(array(rng))).collect();
    PartialMerkleTree::build(&txids, &[true])
}

fn net_info(rng: &mut Rng, version: u16) -> NetInfo {
    if version < 3 {
        return NetInfo::Service { ip: array(rng), port: rng.u16(..) };
    }
    let forms: [&[u8]; 4] = [
        &[0],
        &[1, 0],
        &[1, 1, 0, 1, 1, 1, 4, 1, 2, 3, 4, 0x27, 0x0f],
        &[1, 2, 1, 1, 0xff, 2, 1, 2, 3, b'd', b'.', b'n', 1, 0xbb],
    ];
    NetInfo::Extended(forms[rng.usize(..4)].to_vec())
}

pub fn entry(rng: &mut Rng) -> SmlEntry {
    let version = rng.u16(1..4);
    let evo = version >= 2 && rng.bool();
    SmlEntry {
        version,
        pro_tx_hash: ProTxHash::from_bytes(array(rng)),
        confirmed_hash: ConfirmedHash::from_bytes(array(rng)),
        net_info: net_info(rng, version),
        operator_key: BlsPublicKey::from_bytes(array(rng)),
        voting_key_id: array(rng),
        is_valid: rng.bool(),
        kind: if evo { MasternodeType::Evo } else { MasternodeType::Regular },
        platform_http_port: if evo && version < 3 { rng.u16(..) } else { 0 },
        platform_node_id: if evo { array(rng) } else { [0; 20] },
    }
}

fn bits(rng: &mut Rng) -> BitSet {
    some(rng, 70, |rng| rng.bool()).into_iter().collect()
}

pub fn commitment(rng: &mut Rng) -> FinalCommitment {
    let version = rng.u16(1..5);
    FinalCommitment {
        version,
        llmq_type: LLMQType(rng.u8(..)),
        quorum_hash: QuorumHash::from_bytes(array(rng)),
        quorum_index: version.is_multiple_of(2).then(|| rng.i16(..)),
        signers: bits(rng),
        valid_members: bits(rng),
        public_key: BlsPublicKey::from_bytes(array(rng)),
        vvec_hash: array(rng),
        quorum_sig: BlsSignature::from_bytes(array(rng)),
        members_sig: BlsSignature::from_bytes(array(rng)),
    }
}

pub fn diff(rng: &mut Rng) -> MnListDiff {
    MnListDiff {
        version: 1,
        base_block_hash: block_hash(rng),
        block_hash: block_hash(rng),
        coinbase_tree: tree(rng),
        coinbase: transaction(rng),
        deleted: some(rng, 3, |rng| ProTxHash::from_bytes(array(rng))),
        entries: some(rng, 4, entry),
        deleted_quorums: some(rng, 3, |rng| (LLMQType(rng.u8(..)), QuorumHash::from_bytes(array(rng)))),
        new_quorums: some(rng, 3, commitment),
        quorum_signatures: some(rng, 3, |rng| {
            (BlsSignature::from_bytes(array(rng)), some(rng, 4, |rng| rng.u16(..)))
        }),
    }
}

pub fn snapshot(rng: &mut Rng) -> QuorumSnapshot {
    QuorumSnapshot {
        skip_list_mode: rng.i32(..4),
        active_members: bits(rng),
        skip_list: some(rng, 5, |rng| rng.i32(..)),
    }
}

pub fn qr_info(rng: &mut Rng) -> QRInfo {
    let last_commitments = some(rng, 3, commitment);
    QRInfo {
        snapshot_h_minus_c: snapshot(rng),
        snapshot_h_minus_2c: snapshot(rng),
        snapshot_h_minus_3c: snapshot(rng),
        diff_tip: diff(rng),
        diff_h: diff(rng),
        diff_h_minus_c: diff(rng),
        diff_h_minus_2c: diff(rng),
        diff_h_minus_3c: diff(rng),
        h_minus_4c: rng.bool().then(|| (snapshot(rng), diff(rng))),
        older: some(rng, 3 * last_commitments.len(), |rng| (snapshot(rng), diff(rng))),
        last_commitments,
    }
}

pub fn diff_request(rng: &mut Rng) -> GetMnListDiff {
    GetMnListDiff { base_block_hash: block_hash(rng), block_hash: block_hash(rng) }
}

pub fn qr_info_request(rng: &mut Rng) -> GetQRInfo {
    GetQRInfo {
        base_block_hashes: some(rng, 5, block_hash),
        block_hash: block_hash(rng),
        extra_share: rng.bool(),
    }
}

pub fn chain_lock(rng: &mut Rng) -> ChainLock {
    ChainLock {
        height: rng.i32(..),
        block_hash: block_hash(rng),
        signature: BlsSignature::from_bytes(array(rng)),
    }
}

pub fn instant_lock(rng: &mut Rng) -> InstantLock {
    InstantLock {
        version: 1,
        inputs: (0..rng.usize(1..5)).map(|_| out_point(rng)).collect(),
        txid: Txid::from_bytes(array(rng)),
        cycle_hash: block_hash(rng),
        signature: BlsSignature::from_bytes(array(rng)),
    }
}
