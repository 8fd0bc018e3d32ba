use super::*;
use crate::api::{ApiError, ErrorCode};
use crate::wallet::book::ScriptBook;
use dash_protocol::{ChainOverrides, Decode, Encode};
use std::sync::Arc;

fn main() -> NetworkParams {
    NetworkParams::mainnet()
}

fn descriptor(text: &str) -> WatchTarget {
    WatchTarget::Descriptor { descriptor: text.into(), gap: None }
}

fn xpub(text: &str, path: Option<&str>) -> WatchTarget {
    WatchTarget::Xpub { xpub: text.into(), path: path.map(str::to_owned), gap: None }
}

fn script(text: &str) -> WatchTarget {
    WatchTarget::Script { script: ScriptText::Hex(text.into()) }
}

fn address(text: &str) -> WatchTarget {
    WatchTarget::Address { address: text.into() }
}

fn outpoint(text: &str) -> WatchTarget {
    WatchTarget::Outpoint { outpoint: text.into() }
}

fn read(what: &WatchTarget) -> Target {
    Target::parse(what, &main()).map_or_else(|error| panic!("{what:?}: {error}"), |(target, _)| target)
}

fn refused(what: &WatchTarget) -> BadTarget {
    Target::parse(what, &main()).unwrap_err()
}

/// The script of an index of the first branch, or the only one.
fn script_at(target: &Target, index: u32) -> String {
    let bytes = match target {
        Target::Script(script) => script.clone(),
        Target::Branches(branches) => branches[0].script(index).unwrap(),
        Target::OutPoint(_) => panic!("{target:?}"),
    };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const A: &str = "xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL";
const B: &str = "xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y";
const COMPRESSED: &str = "03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd";
const FULL: &str = "04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235";

/// BIP 380 to 383, test vectors: those without private keys and segregated witness.
#[test]
fn descriptors_have_the_scripts_of_the_bips() {
    for (text, expected) in [
        ("raw(deadbeef)#89f8spxm".to_owned(), "deadbeef"),
        ("raw(deadbeef)".to_owned(), "deadbeef"),
        (
            "pkh([bd16bee5/2147483647h]xpub69H7F5dQzmVd3vPuLKtcXJziMEQByuDidnX3YdwgtNsecY5HRGtAAQC5mXTt4dsv9RzyjgDjAQs9VGVV6ydYCHnprc9vvaA5YtqWyL6hyds/0)".to_owned(),
            "76a914ebdc90806a9c4356c1c88e42216611e1cb4c1c1788ac",
        ),
        (format!("pk({B}/0)"), "210379e45b3cf75f9c5f9befd8e9506fb962f6a9d185ac87001ec44a8d3df8d4a9e3ac"),
        (format!("sh(pk({COMPRESSED}))"), "a9141857af51a5e516552b3086430fd8ce55f7c1a52487"),
        (format!("sh(pkh({COMPRESSED}))"), "a9141a31ad23bf49c247dd531a623c2ef57da3c400c587"),
        (
            format!("sh(multi(2,[00000000/111'/222]{A},{B}/0))#tjg09x5t"),
            "a91445a9a622a8b0a1269944be477640eedc447bbd8487",
        ),
        (
            format!("sortedmulti(1,{FULL},{COMPRESSED})"),
            "512103a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd4104a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea23552ae",
        ),
    ] {
        assert_eq!(script_at(&read(&descriptor(&text)), 0), expected, "{text}");
    }
    for (index, expected) in [
        "5221025d5fc65ebb8d44a5274b53bac21ff8307fec2334a32df05553459f8b1f7fe1b62102fbd47cc8034098f0e6a94c6aeee8528abf0a2153a5d8e46d325b7284c046784652ae",
        "52210264fd4d1f5dea8ded94c61e9641309349b62f27fbffe807291f664e286bfbe6472103f4ece6dfccfa37b211eb3d0af4d0c61dba9ef698622dc17eecdf764beeb005a652ae",
        "5221022ccabda84c30bad578b13c89eb3b9544ce149787e5b538175b1d1ba259cbb83321024d902e1a2fc7a8755ab5b694c575fce742c48d9ff192e63df5193e4c7afe1f9c52ae",
    ].into_iter().enumerate() {
        let sorted = read(&descriptor(&format!("sortedmulti(2,{A}/*,{B}/0/0/*)")));
        assert_eq!(script_at(&sorted, index as u32), expected);
    }
}

/// Computed from the words `abandon … about` (BIP 39) by an implementation of its own; the first two addresses of
/// mainnet are known from published wallets, too.
#[test]
fn an_account_key_has_the_addresses_of_bip_44() {
    let mainnet = "xpub6CYEjsU6zPM3sADS2ubu2aZeGxCm3C5KabkCpo4rkNbXGAH9M7rRUJ4E5CKiyUddmRzrSCopPzisTBrXkfCD4o577XKM9mzyZtP1Xdbizyk";
    let test = "tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba";
    for (params, key, expected) in [
        (
            main(),
            mainnet,
            [
                "XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5",
                "XbctnEsgWTn5j1co3emZynemxSFPqkLRKZ",
                "XtihhPgpgpzJxzx6KzW9Zc2MtHxppto7VZ",
                "XeBdurzVrhrFtgqf9SxzQqvhHodb53njW4",
                "XnykfdCWrHENs8aH8X59RLZAn15VAP1cPB",
                "Xeu8skXoCq8aM8TZjaBxfxrw2FRj67pGkY",
            ],
        ),
        (
            NetworkParams::testnet(),
            test,
            [
                "yRd4FhXfVGHXpsuZXPNkMrfD9GVj46pnjt",
                "yfd64jEpzzTLrHnR1wq3iiYXh68AiU8mcw",
                "yiN5bHWhAaTRYhgSvYE5Aom7tCdALxVjPf",
                "yNwHG9D2rnrJRQ8j7TG6xnWfbr8D634HeM",
                "yewnDakKiGUZqrReJqUanPt1rNH8uGWUL5",
                "yhEtiFJHkxJM5uVHe5QnSWWWXWZBbSpXsH",
            ],
        ),
    ] {
        let (target, gap) = Target::parse(&xpub(key, None), &params).unwrap();
        let Target::Branches(branches) = &target else { panic!("{target:?}") };
        assert_eq!((branches.len(), gap), (2, 20));
        let book = ScriptBook::new(Arc::new(params));
        let places = [(0, 0), (0, 1), (0, 19), (1, 0), (1, 1), (1, 19)];
        for ((branch, index), expected) in places.into_iter().zip(expected) {
            let script = branches[branch].script(index).unwrap();
            assert_eq!(book.address(&script).as_deref(), Some(expected));
        }
    }
}

#[test]
fn the_same_thing_by_another_name_is_the_same_watch() {
    let id = |what: &WatchTarget| WatchId::of([&read(what)], &main());
    let key = "026fa9a6f213b6ba86447965f6b4821264aaadd7521f049f00db9c43a770ea7405";
    let script_hex = script_at(&read(&address("XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5")), 0);
    let bytes = unhex(&script_hex).unwrap();
    let account = "xpub6CYEjsU6zPM3sADS2ubu2aZeGxCm3C5KabkCpo4rkNbXGAH9M7rRUJ4E5CKiyUddmRzrSCopPzisTBrXkfCD4o577XKM9mzyZtP1Xdbizyk";
    let same = [
        address("XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5"),
        script(&script_hex.to_uppercase()),
        WatchTarget::Script { script: ScriptText::Bytes(bytes) },
        descriptor("addr(XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5)"),
        descriptor(&format!("raw({script_hex})")),
        descriptor(&format!("pkh({key})")),
        descriptor(&format!("pkh([01234567/44'/5h/0H]{account}/0/0)")),
        xpub(account, Some("0/0")),
    ];
    assert!(same.iter().all(|what| id(what) == id(&same[0])));
    let ranged = [
        descriptor(&format!("pkh({account}/0/*)")),
        descriptor(&format!("pkh([01234567]{account}/0/*)")),
        xpub(account, Some("0/*")),
        WatchTarget::Xpub { xpub: account.into(), path: Some("0/*".into()), gap: Some(99) },
    ];
    assert!(ranged.iter().all(|what| id(what) == id(&ranged[0])));
    let distinct = [
        &same[0],
        &ranged[0],
        &xpub(account, None),
        &descriptor(&format!("multi(1,{A}/*,{B}/*)")),
        &descriptor(&format!("multi(1,{B}/*,{A}/*)")),
        &descriptor(&format!("sortedmulti(1,{B}/*,{A}/*)")),
        &descriptor(&format!("sh(sortedmulti(1,{B}/*,{A}/*))")),
        &descriptor(&format!("sh(sortedmulti(2,{B}/*,{A}/*))")),
    ];
    let ids: crate::collections::SortedSet<_> = distinct.iter().map(|what| id(what)).collect();
    assert_eq!(ids.len(), distinct.len());
    let sorted = |a, b| id(&descriptor(&format!("sortedmulti(1,{a}/*,{b}/*)")));
    assert_eq!(sorted(A, B), sorted(B, A));
    let (one, other) = (read(&same[0]), read(&ranged[0]));
    let of = |targets: &[&Target]| WatchId::of(targets.iter().copied(), &main());
    assert_eq!(of(&[&one, &other, &one]), of(&[&other, &one]));
    assert!(of(&[&one, &other]) != of(&[&one]) && of(&[&one, &one]) == of(&[&one]));
    let test = NetworkParams::testnet();
    assert_ne!(WatchId::of([&read(&same[1])], &test), id(&same[1]));
}

#[test]
fn an_id_is_read_back_from_its_text_only() {
    let id = WatchId::of([&read(&address("XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5"))], &main());
    assert_eq!(WatchId::parse(&id.to_string()), Some(id));
    assert_eq!(WatchId::parse(&format!("{id}00")), None);
    assert_eq!(WatchId::parse(&id.to_string().to_uppercase()), None);
    assert_eq!(WatchId::from_bytes(*id.as_bytes()), id);
}

#[test]
fn a_target_is_read_back_from_its_bytes_and_no_damaged_one_is() {
    let txid = "aa".repeat(32);
    for what in [
        address("XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5"),
        outpoint(&format!("{txid}:7")),
        xpub(A, None),
        descriptor(&format!("sh(sortedmulti(2,{A}/*,{B}/1/*,{COMPRESSED}))")),
        descriptor(&format!("pk({A}/5/*)")),
    ] {
        let target = read(&what);
        let bytes = target.to_wire();
        let back = Target::from_wire(&bytes).unwrap();
        assert_eq!(back.to_wire(), bytes);
        assert_eq!(WatchId::of([&back], &main()), WatchId::of([&target], &main()));
        for len in 0..bytes.len() {
            assert!(Target::from_wire(&bytes[..len]).is_err(), "{what:?} {len}");
        }
    }
    for bad in [&[9][..], &[2, 0], &[2, 1, 1, 0, 0, 0], &[2, 1, 0, 0, 0, 1, 0, 1, 2], &[2, 1, 2, 2, 0, 0]] {
        assert!(Target::from_wire(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_malformed_descriptor_is_refused_with_what_is_wrong() {
    let sixteen = [COMPRESSED; 16].join(",");
    let four = [COMPRESSED; 4].join(",");
    for (text, reason) in [
        ("raw(deadbeef)#".to_owned(), "8 characters"),
        ("raw(deadbeef)#89f8spxmx".to_owned(), "8 characters"),
        ("raw(deedbeef)#89f8spxm".to_owned(), "checksum does not fit"),
        ("raw(deadbeef)##9f8spxm".to_owned(), "checksum does not fit"),
        ("raw(Ü)#00000000".to_owned(), "a character that none has"),
        ("raw(dead0)".to_owned(), "not hexadecimal"),
        ("raw()".to_owned(), "empty"),
        ("raw(6a00)".to_owned(), "OP_RETURN"),
        ("pkh".to_owned(), "parentheses"),
        ("pkh(".to_owned(), "parentheses"),
        ("pkh()".to_owned(), "key is missing"),
        ("(x)".to_owned(), "known are"),
        (format!("wpkh({COMPRESSED})"), "no segregated witness"),
        (format!("combo({COMPRESSED})"), "known are"),
        (format!("sh(sh(pk({COMPRESSED})))"), "sh takes"),
        (format!("sh(addr({COMPRESSED}))"), "sh takes"),
        (format!("pkh({COMPRESSED}/0)"), "only an extended key"),
        (format!("pkh(02{})", "ff".repeat(32)), "not a valid public key"),
        (format!("pkh([0123456]{COMPRESSED})"), "origin"),
        (format!("pkh([01234567/x]{COMPRESSED})"), "origin"),
        (format!("pkh([01234567{COMPRESSED})"), "origin"),
        (format!("pkh([01234567][01234567]{COMPRESSED})"), "base58"),
        (format!("pkh({A}/0'/*)"), "hardened"),
        (format!("pkh({A}/*')"), "hardened"),
        (format!("pkh({A}/*/0)"), "path"),
        (format!("pkh({A}/)"), "path"),
        (format!("multi(0,{COMPRESSED})"), "a number first"),
        (format!("multi(2,{COMPRESSED})"), "a number first"),
        (format!("multi({COMPRESSED})"), "a number first"),
        ("multi(1)".to_owned(), "a number first"),
        (format!("multi(1,{four})"), "too many keys"),
        (format!("sh(multi(1,{sixteen}))"), "520 bytes"),
        ("pkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0)".to_owned(), "is for testnet"),
        ("addr(yRd4FhXfVGHXpsuZXPNkMrfD9GVj46pnjt)".to_owned(), "is for testnet"),
        (String::new(), "empty"),
        ("(".repeat(MAX_DESCRIPTOR + 1), "at most"),
    ] {
        let error = refused(&descriptor(&text));
        assert!(error.to_string().contains(reason), "{text}: {error}");
        assert_eq!(ApiError::from(error).code, ErrorCode::BadInput);
    }
    let fifteen = [COMPRESSED; 15].join(",");
    assert!(matches!(read(&descriptor(&format!("sh(multi(15,{fifteen}))"))), Target::Script(_)));
}

#[test]
fn a_private_key_is_refused_wherever_it_stands_and_never_repeated() {
    let xprv = "xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc";
    let wif = "XGihgbi7c1nVqrjkPSvzJydLVWYW7hTrcXdfSdpFMwi3Xhbabw93";
    for key in [xprv, wif] {
        for what in [
            address(key),
            script(key),
            outpoint(key),
            xpub(key, None),
            descriptor(key),
            descriptor(&format!("pkh({key})")),
            descriptor(&format!("pkh([01234567/0']{key}/0/*)")),
            descriptor(&format!("sh(multi(1,{COMPRESSED},{key}))")),
            descriptor(&format!("addr({key})")),
        ] {
            let error = refused(&what);
            assert_eq!(error, BadTarget::PrivateKey, "{what:?}");
            assert!(!error.to_string().contains(&key[..8]));
        }
    }
}

#[test]
fn scripts_and_outpoints_are_read_strictly() {
    let txid = "ab".repeat(32);
    let out_point = OutPoint { txid: Txid::from_bytes([0xab; 32]), vout: 4_294_967_295 };
    assert_eq!(read(&outpoint(&format!("{txid}:4294967295"))), Target::OutPoint(out_point));
    for bad in [
        "",
        ":",
        &txid,
        &format!("{txid}:"),
        &format!("{txid}:-1"),
        &format!("{txid}:+1"),
        &format!("{txid}:4294967296"),
        &format!("{txid}:0:0"),
        &format!("{}:0", &txid[2..]),
        &format!("{}:0", "0".repeat(64)),
    ] {
        assert_eq!(refused(&outpoint(bad)), BadTarget::OutPoint, "{bad}");
    }
    assert_eq!(read(&script("51")), Target::Script(vec![0x51]));
    assert_eq!(refused(&script("")), BadTarget::Empty("the script"));
    assert_eq!(refused(&script("5")), BadTarget::Hex("the script"));
    assert_eq!(refused(&script("5g")), BadTarget::Hex("the script"));
    assert_eq!(refused(&script("é0")), BadTarget::Hex("the script"));
    assert_eq!(refused(&script("6a01")), BadTarget::DataOutput);
    assert!(matches!(read(&script(&"51".repeat(MAX_SCRIPT))), Target::Script(_)));
    for len in [MAX_SCRIPT + 1, 40 * MAX_SCRIPT] {
        assert!(matches!(refused(&script(&"51".repeat(len))), BadTarget::TooLong { .. }));
        let bytes = WatchTarget::Script { script: ScriptText::Bytes(vec![0x51; len]) };
        assert!(matches!(refused(&bytes), BadTarget::TooLong { .. }));
    }
}

#[test]
fn gap_limits_and_depths_are_bounded() {
    let gap = |gap| WatchTarget::Xpub { xpub: A.into(), path: None, gap: Some(gap) };
    for bad in [0, MAX_GAP + 1, u32::MAX] {
        assert_eq!(refused(&gap(bad)), BadTarget::Gap { max: MAX_GAP });
    }
    assert_eq!(Target::parse(&gap(MAX_GAP), &main()).unwrap().1, MAX_GAP);
    // The key is at depth 4.
    let deep = |steps: usize| xpub(A, Some(&vec!["0"; steps].join("/")));
    assert!(matches!(read(&deep(251)), Target::Script(_)));
    assert_eq!(refused(&deep(252)), BadTarget::Depth);
    let devnet = NetworkParams::regtest(&ChainOverrides::default()).unwrap();
    assert!(matches!(Target::parse(&xpub(A, None), &devnet), Err(BadTarget::OtherNetwork { .. })));
}
