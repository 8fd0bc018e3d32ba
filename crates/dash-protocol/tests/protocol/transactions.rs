//! Transactions, and the payloads of special ones.

use crate::common::hex;
use dash_protocol::special::{AssetLock, AssetUnlock, PlatformFields, ProviderRegister};
use dash_protocol::{
    BlsPublicKey, BlsScheme, BlsSignature, CoinbasePayload, Decode, DecodeError, Encode, MAX_EXTRA_PAYLOAD,
    MasternodeType, MerkleRoot, NetInfo, OutPoint, QuorumHash, SpecialPayload, Transaction, TxIn, TxOut,
    TxType, Txid,
};

/// The coinbase of mainnet's block 2,241,332.
pub const COINBASE: &str = "03000500010000000000000000000000000000000000000000000000000000000000000000ffffffff32033433221c2f5669614254432f\
    4d696e656420627920677265656365686173682f10fa252f01c35d1938eebdc0daf0cc0100ffffffff03424fd702000000001976a914bc\
    89d6071dabc5b4494d303af761a052a5c70d5788acf122320300000000016ad3ca5305000000001976a91480ad9bbc4ecd9e86eb61ab3b\
    c47fbea0121ae11688ac00000000af030034332200c2897e949fbf3349274b900e6712b7832ab8141d298977068153f18181350ffcf060\
    a156b83387068e06e5017d01771a2a31c35ca5e497d00ec5af5ff0abb4c50097434b740c8f06cdd2d453866b7578103f97a4ee5f789769\
    f8b4e3a8069e4c270baaa2322e74d1d2fcd073547cea595a0e34fbe6ba272e993e286b7566a31fd94e4598d6331a1eec57b4d3ab04ef5f\
    cd6fde7efb3b2f149f6cf4fec3a43b79f2fc297b6644010000";

fn coinbase() -> Transaction {
    Transaction::from_wire(&hex(COINBASE)).expect("a valid transaction")
}

fn plain() -> Transaction {
    Transaction {
        version: 2,
        tx_type: 0,
        inputs: vec![TxIn {
            previous: OutPoint { txid: Txid::from_bytes([1; 32]), vout: 7 },
            script: vec![0x51],
            sequence: u32::MAX,
        }],
        outputs: vec![TxOut { value: 5, script: vec![0x6a] }],
        lock_time: 9,
        payload: vec![],
    }
}

#[test]
fn a_coinbase_of_mainnet_has_its_name_and_payload() {
    let coinbase = coinbase();
    assert_eq!(coinbase.to_wire(), hex(COINBASE));
    assert_eq!(
        coinbase.txid().to_string(),
        "a98532d4f264ebfbfba41f5a85bf202dd8df6c375ed50e62c2ba2e413f2902c5"
    );
    assert!(coinbase.is_coinbase());
    assert_eq!(coinbase.kind(), Some(TxType::Coinbase));
    assert_eq!(coinbase.payload.len(), 175);

    let payload = CoinbasePayload::of(&coinbase).unwrap();
    assert_eq!((payload.version, payload.height), (3, 2_241_332));
    let root = |text: &str| text.parse::<MerkleRoot>().unwrap();
    assert_eq!(
        payload.merkle_root_mn_list,
        root("fc0f358181f15381067789291d14b82a83b712670e904b274933bf9f947e89c2")
    );
    assert_eq!(
        payload.merkle_root_quorums,
        root("c5b4abf05fafc50ed097e4a55cc3312a1a77017d01e5068e068733b856a160f0")
    );
    let lock = payload.best_chainlock.unwrap();
    assert_eq!(lock.height_diff, 0);
    assert!(lock.signature.to_string().starts_with("97434b740c8f06cdd2d453866b757810"));
    assert!(lock.signature.to_string().ends_with("2f149f6cf4fec3a43b79f2"));
    assert_eq!(payload.chainlock_height(), Some(2_241_331));
    assert_eq!(payload.credit_pool_balance, 1_393_288_751_612);
    assert_eq!(payload.to_wire(), coinbase.payload);
    assert_eq!(SpecialPayload::of(&coinbase), Ok(Some(SpecialPayload::Coinbase(payload))));
}

#[test]
fn a_transaction_has_a_payload_from_version_3_on_and_with_a_type_only() {
    for (version, tx_type, special) in
        [(1, 0, false), (2, 5, false), (3, 0, false), (3, 5, true), (0x8000, 9, true)]
    {
        let transaction = Transaction { version, tx_type, ..plain() };
        assert_eq!(transaction.is_special(), special);
        let bytes = transaction.to_wire();
        assert_eq!(bytes.len(), plain().to_wire().len() + usize::from(special));
        assert_eq!(Transaction::from_wire(&bytes), Ok(transaction));
    }
    let classical = Transaction { version: 2, tx_type: 5, ..plain() };
    assert_eq!(classical.kind(), Some(TxType::Classical));
    assert_eq!(SpecialPayload::of(&classical), Ok(None));
    let unknown = Transaction { version: 3, tx_type: 10, ..plain() };
    assert_eq!(unknown.kind(), None);
    assert_eq!(
        SpecialPayload::of(&unknown),
        Err(DecodeError::Invalid { what: "type of a transaction", value: 10 })
    );
}

#[test]
fn a_payload_has_at_most_10000_bytes() {
    let with = |len| Transaction { version: 3, tx_type: 5, payload: vec![1; len], ..plain() };
    let longest = with(MAX_EXTRA_PAYLOAD);
    assert_eq!(Transaction::from_wire(&longest.to_wire()), Ok(longest));
    assert_eq!(
        Transaction::from_wire(&with(MAX_EXTRA_PAYLOAD + 1).to_wire()),
        Err(DecodeError::TooMany { what: "bytes of extra payload", count: 10_001, max: MAX_EXTRA_PAYLOAD })
    );
}

#[test]
fn a_coinbase_is_told_by_its_only_input() {
    let mut transaction = plain();
    assert!(!transaction.is_coinbase());
    transaction.inputs[0].previous = OutPoint::NULL;
    assert!(transaction.is_coinbase());
    transaction.inputs[0].previous.vout = 0;
    assert!(!transaction.is_coinbase());
    transaction.inputs = vec![coinbase().inputs.remove(0); 2];
    assert!(!transaction.is_coinbase());
    transaction.inputs.clear();
    assert!(!transaction.is_coinbase());
}

#[test]
fn lists_of_a_transaction_are_refused_before_they_are_allocated() {
    let million = hex("fe40420f00");
    let inputs = [&hex("02000000")[..], &million].concat();
    assert_eq!(
        Transaction::from_wire(&inputs),
        Err(DecodeError::Truncated { needed: 41_000_000, remaining: 0 })
    );
    let outputs = [&hex("02000000 00")[..], &million].concat();
    assert_eq!(
        Transaction::from_wire(&outputs),
        Err(DecodeError::Truncated { needed: 9_000_000, remaining: 0 })
    );
}

#[test]
fn types_and_their_numbers_agree_both_ways() {
    for number in 0..10 {
        let kind = TxType::from_u16(number).expect("a known type");
        assert_eq!(kind.to_u16(), number);
        assert_eq!(kind.to_string(), kind.name());
    }
    assert_eq!(TxType::from_u16(10), None);
    assert_eq!(TxType::QuorumCommitment.name(), "quorum commitment");
}

#[test]
fn every_version_of_a_coinbases_payload_has_its_own_length() {
    let whole = CoinbasePayload::of(&coinbase()).unwrap();
    for (version, len) in [(1, 38), (2, 70), (3, 175)] {
        let mut payload = CoinbasePayload { version, ..whole.clone() };
        if version < 3 {
            (payload.best_chainlock, payload.credit_pool_balance) = (None, 0);
        }
        if version < 2 {
            payload.merkle_root_quorums = MerkleRoot::ZERO;
        }
        let bytes = payload.to_wire();
        assert_eq!(bytes.len(), len);
        assert_eq!(CoinbasePayload::from_wire(&bytes), Ok(payload));
        let long = [&bytes[..], &[0]].concat();
        assert_eq!(CoinbasePayload::from_wire(&long), Err(DecodeError::TrailingBytes { count: 1 }));
        assert!(CoinbasePayload::from_wire(&bytes[..len - 1]).is_err());
    }
    for version in [0, 4] {
        let bytes = CoinbasePayload { version, ..whole.clone() }.to_wire();
        let error = DecodeError::Invalid { what: "version of a coinbase", value: version.into() };
        assert_eq!(CoinbasePayload::from_wire(&bytes), Err(error));
    }
    let negative = CoinbasePayload { height: u32::MAX, ..whole }.to_wire();
    assert!(matches!(CoinbasePayload::from_wire(&negative), Err(DecodeError::Invalid { .. })));
}

#[test]
fn a_coinbase_without_a_chainlock_has_no_height_of_one() {
    let payload = CoinbasePayload { best_chainlock: None, ..CoinbasePayload::of(&coinbase()).unwrap() };
    let mut bytes = payload.to_wire();
    assert_eq!(CoinbasePayload::from_wire(&bytes), Ok(payload.clone()));
    assert_eq!(payload.chainlock_height(), None);
    bytes[70] = 1;
    assert_eq!(
        CoinbasePayload::from_wire(&bytes),
        Err(DecodeError::Invalid { what: "height of a ChainLock without signature", value: 1 })
    );
}

#[test]
fn the_chainlock_of_a_coinbase_lies_on_the_chain_or_has_no_height() {
    let payload = CoinbasePayload::of(&coinbase()).unwrap();
    let height = |height, height_diff| {
        let best_chainlock =
            payload.best_chainlock.map(|lock| dash_protocol::BestChainLock { height_diff, ..lock });
        CoinbasePayload { height, best_chainlock, ..payload.clone() }.chainlock_height()
    };
    assert_eq!(height(100, 0), Some(99));
    assert_eq!(height(100, 99), Some(0));
    assert_eq!(height(100, 100), None);
    assert_eq!(height(100, u64::MAX), None);
}

#[test]
fn only_a_coinbase_has_a_coinbases_payload() {
    let mut transaction = coinbase();
    transaction.tx_type = 6;
    let error = DecodeError::Invalid { what: "type of a coinbase", value: 6 };
    assert_eq!(CoinbasePayload::of(&transaction), Err(error));
    transaction.tx_type = 5;
    transaction.version = 2;
    assert!(CoinbasePayload::of(&transaction).is_err());
}

#[test]
fn transfers_to_platform_and_back_have_their_fields_in_order() {
    let lock = AssetLock {
        version: 1,
        credit_outputs: vec![TxOut { value: 2, script: vec![0x76] }, TxOut { value: 3, script: vec![] }],
    };
    assert_eq!(lock.to_wire(), hex("01 02 0200000000000000 01 76 0300000000000000 00"));
    assert_eq!(AssetLock::from_wire(&lock.to_wire()), Ok(lock));

    let unlock = AssetUnlock {
        version: 1,
        index: 2,
        fee: 3,
        requested_height: 4,
        quorum_hash: QuorumHash::from_bytes([5; 32]),
        signature: BlsSignature::from_bytes([6; 96]),
    };
    let fields = hex("01 0200000000000000 03000000 04000000");
    assert_eq!(unlock.to_wire(), [&fields[..], &[5; 32], &[6; 96]].concat());
    assert_eq!(AssetUnlock::from_wire(&unlock.to_wire()), Ok(unlock));
}

/// Registrations differ by version in the ports and by kind in what is said of Platform.
#[test]
fn a_registration_says_of_platform_what_its_version_and_kind_demand() {
    let platform = |ports| PlatformFields { node_id: [7; 20], p2p_port: ports, http_port: ports };
    let extended = NetInfo::Extended(vec![1, 0]);
    for (version, kind, platform, net_info, len) in [
        (1, MasternodeType::Regular, None, NetInfo::NONE, 18),
        (2, MasternodeType::Regular, None, NetInfo::NONE, 18),
        (2, MasternodeType::Evo, Some(platform(443)), NetInfo::NONE, 18 + 24),
        (3, MasternodeType::Evo, Some(platform(0)), extended, 2 + 20),
    ] {
        let payload = ProviderRegister {
            version,
            kind,
            mode: 0,
            collateral: OutPoint { txid: Txid::ZERO, vout: 1 },
            net_info,
            owner_key_id: [2; 20],
            operator_key: BlsPublicKey::from_bytes([3; 48]),
            voting_key_id: [4; 20],
            operator_reward: 500,
            payout_script: vec![0x6a],
            inputs_hash: [5; 32],
            platform,
            signature: vec![6; 65],
        };
        let bytes = payload.to_wire();
        assert_eq!(bytes.len(), 6 + 36 + 20 + 48 + 20 + 2 + 2 + 32 + 66 + len);
        assert_eq!(payload.scheme() == BlsScheme::Legacy, version == 1);
        assert_eq!(ProviderRegister::from_wire(&bytes), Ok(payload));
    }
    for version in [0, 4] {
        let error = DecodeError::Invalid { what: "version of a provider payload", value: version };
        assert_eq!(ProviderRegister::from_wire(&(version as u16).to_le_bytes()), Err(error));
    }
}
