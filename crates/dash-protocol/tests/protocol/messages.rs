//! Messages besides compressed headers: layouts, limits, every shorter form of `version`.

use crate::common::hex;
use dash_protocol::{
    AddrEntry, AddrV2, AddrV2Entry, BlockHash, Command, CompactTarget, Decode, DecodeError, Encode, Frame,
    GetHeaders, Header, Inventory, InventoryKind, MAX_ADDR, MAX_HEADERS, MAX_INV, MAX_LOCATOR,
    MAX_USER_AGENT, MerkleRoot, Message, NetAddress, PROTOCOL_VERSION, ServiceFlags, VersionMessage,
    put_compact_size,
};

fn version() -> VersionMessage {
    VersionMessage {
        version: PROTOCOL_VERSION,
        services: ServiceFlags::NETWORK | ServiceFlags::HEADERS_COMPRESSED,
        time: 1_700_000_000,
        receiver: NetAddress::new(ServiceFlags::NETWORK, "1.2.3.4:9999".parse().expect("an address")),
        sender: NetAddress::NONE,
        nonce: 0x0102_0304_0506_0708,
        user_agent: "/agent:1.0/".into(),
        start_height: 2_000_000,
        relay: true,
        mnauth_challenge: [5; 32],
        masternode: true,
    }
}

fn header() -> Header {
    Header {
        version: 4,
        prev_block_hash: BlockHash::from_bytes([1; 32]),
        merkle_root: MerkleRoot::from_bytes([2; 32]),
        time: 3,
        bits: CompactTarget::from_bits(0x207f_ffff),
        nonce: 5,
    }
}

/// The message, encoded, decodes to itself, alone and as a frame.
fn round_trip(message: &Message) {
    let payload = message.payload();
    assert_eq!(Message::decode(message.command(), &payload).as_ref(), Ok(message));
    let frame = Frame { command: message.command(), payload };
    assert_eq!(Message::from_frame(frame).as_ref(), Ok(message));
}

/// A vector's count followed by nothing but zeros, enough for `count` elements.
fn vector(count: usize, item_len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    put_compact_size(&mut out, count as u64);
    out.resize(out.len() + count * item_len, 0);
    out
}

#[test]
fn a_version_has_its_fields_in_order() {
    let expected = hex("60120100 0108000000000000 00f1536500000000
        0100000000000000 00000000000000000000ffff01020304 270f
        0000000000000000 00000000000000000000000000000000 0000
        0807060504030201 0b2f6167656e743a312e302f 80841e00 01
        0505050505050505050505050505050505050505050505050505050505050505 01");
    assert_eq!(version().to_wire(), expected);
    round_trip(&Message::Version(version()));
}

#[test]
fn a_version_may_end_after_any_field_from_the_receivers_address_on() {
    let whole = version();
    let bytes = whole.to_wire();
    let short = VersionMessage {
        nonce: 0,
        user_agent: String::new(),
        start_height: -1,
        relay: true,
        mnauth_challenge: [0; 32],
        masternode: false,
        ..whole.clone()
    };
    let mut expected = vec![(46, short.clone()), (54, short.clone()), (72, short)];
    let mut grow = |end, change: fn(&mut VersionMessage, &VersionMessage)| {
        let mut next = expected[expected.len() - 1].1.clone();
        change(&mut next, &whole);
        expected.push((end, next));
    };
    grow(80, |next, whole| next.nonce = whole.nonce);
    grow(92, |next, whole| next.user_agent.clone_from(&whole.user_agent));
    grow(96, |next, whole| next.start_height = whole.start_height);
    grow(97, |next, whole| next.relay = whole.relay);
    grow(129, |next, whole| next.mnauth_challenge = whole.mnauth_challenge);
    grow(130, |next, whole| next.masternode = whole.masternode);
    assert_eq!(bytes.len(), 130);

    for end in 0..=bytes.len() {
        let decoded = VersionMessage::from_wire(&bytes[..end]);
        match expected.iter().find(|(at, _)| *at == end) {
            Some((_, message)) => assert_eq!(decoded.as_ref(), Ok(message), "ends at {end}"),
            None => assert!(matches!(decoded, Err(DecodeError::Truncated { .. })), "ends at {end}"),
        }
    }
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let bytes = [version().to_wire(), vec![1, 2, 3]].concat();
    assert_eq!(Message::decode(Command::VERSION, &bytes), Ok(Message::Version(version())));
}

#[test]
fn a_user_agent_is_bounded_and_safe_to_show() {
    let mut message = version();
    message.user_agent = "a".repeat(MAX_USER_AGENT);
    round_trip(&Message::Version(message.clone()));
    assert!(message.to_wire().len() <= Command::VERSION.max_payload());
    message.user_agent.push('a');
    assert_eq!(
        VersionMessage::from_wire(&message.to_wire()),
        Err(DecodeError::TooMany { what: "bytes of user agent", count: 257, max: MAX_USER_AGENT })
    );
    message.user_agent = "x\u{1b}[2J\né".into();
    let decoded = VersionMessage::from_wire(&message.to_wire()).unwrap();
    assert_eq!(decoded.user_agent, "x?[2J???");
}

#[test]
fn services_are_a_set() {
    let both = ServiceFlags::NETWORK | ServiceFlags::COMPACT_FILTERS;
    assert_eq!(both.bits(), 65);
    assert!(both.has(ServiceFlags::NETWORK) && both.has(both) && both.has(ServiceFlags::NONE));
    assert!(!both.has(ServiceFlags::NETWORK | ServiceFlags::BLOOM));
}

#[test]
fn messages_without_a_payload_have_none() {
    for message in
        [Message::Verack, Message::SendAddrV2, Message::SendHeaders, Message::SendHeaders2, Message::GetAddr]
    {
        round_trip(&message);
        assert!(message.payload().is_empty());
        assert_eq!(Message::decode(message.command(), &[0]), Err(DecodeError::TrailingBytes { count: 1 }));
    }
}

#[test]
fn ping_and_pong_carry_eight_bytes() {
    round_trip(&Message::Ping(1));
    round_trip(&Message::Pong(u64::MAX));
    assert_eq!(Message::Ping(0x0102).payload(), [2, 1, 0, 0, 0, 0, 0, 0]);
    assert!(Message::decode(Command::PING, &[0; 7]).is_err());
    assert!(Message::decode(Command::PONG, &[0; 9]).is_err());
}

#[test]
fn a_message_of_another_name_is_unknown_and_no_error() {
    let name: Command = "spork".parse().unwrap();
    let message = Message::decode(name, &[1, 2, 3]).unwrap();
    assert_eq!(message, Message::Unknown(name));
    assert_eq!(message.command(), name);
}

#[test]
fn an_address_is_ipv6_with_a_big_endian_port() {
    let entry =
        AddrEntry { time: 1, address: NetAddress::new(ServiceFlags::BLOOM, "1.2.3.4:258".parse().unwrap()) };
    let bytes = hex("01000000 0400000000000000 00000000000000000000ffff01020304 0102");
    assert_eq!(entry.to_wire(), bytes);
    assert_eq!(entry.socket_addr(), Some("1.2.3.4:258".parse().unwrap()));
    let six = NetAddress::new(ServiceFlags::NONE, "[2001:db8::1]:9999".parse().unwrap());
    assert_eq!(six.socket_addr(), Some("[2001:db8::1]:9999".parse().unwrap()));
    assert_eq!(NetAddress::NONE.socket_addr(), None);
    assert_eq!(NetAddress { port: 0, ..six }.socket_addr(), None);
    round_trip(&Message::Addr(vec![entry, AddrEntry { time: 2, address: six }]));
}

#[test]
fn addresses_of_every_network_round_trip() {
    let entry =
        |address| AddrV2Entry { time: 7, services: ServiceFlags::from_bits(u64::MAX), address, port: 9_999 };
    let entries = vec![
        entry(AddrV2::Ipv4([1, 2, 3, 4].into())),
        entry(AddrV2::Ipv6("2001:db8::1".parse().unwrap())),
        entry(AddrV2::TorV3([3; 32])),
        entry(AddrV2::I2p([4; 32])),
        entry(AddrV2::Cjdns([0xfc; 16])),
        entry(AddrV2::Unknown { network: 3, bytes: vec![1; 10] }),
        entry(AddrV2::Unknown { network: 200, bytes: vec![1; 512] }),
        entry(AddrV2::Unknown { network: 201, bytes: vec![] }),
    ];
    let reachable: Vec<bool> = entries.iter().map(|entry| entry.socket_addr().is_some()).collect();
    assert_eq!(reachable, [true, true, false, false, false, false, false, false]);
    round_trip(&Message::AddrV2(entries));
    let mapped = entry(AddrV2::Ipv6("::ffff:1.2.3.4".parse().unwrap()));
    assert_eq!(mapped.socket_addr(), None);
}

#[test]
fn an_address_of_the_wrong_length_for_its_network_is_refused() {
    for (network, len) in [(1, 16), (2, 4), (4, 10), (5, 31), (6, 17)] {
        let bytes = [vec![1, 0, 0, 0, 0, 0, network, len], vec![0; usize::from(len) + 2]].concat();
        assert_eq!(
            Message::decode(Command::ADDRV2, &bytes),
            Err(DecodeError::Invalid { what: "length of an address", value: len.into() })
        );
    }
    let long = [hex("01 00000000 00 c8 fd0102"), vec![0; 515]].concat();
    assert_eq!(
        Message::decode(Command::ADDRV2, &long),
        Err(DecodeError::TooMany { what: "bytes of an address", count: 513, max: 512 })
    );
}

#[test]
fn an_inventory_entry_is_a_kind_and_a_hash() {
    let entry = Inventory { kind: InventoryKind::ChainLock, hash: [9; 32] };
    assert_eq!(entry.to_wire(), [&[29, 0, 0, 0][..], &[9; 32]].concat());
    assert_eq!(Inventory::block(BlockHash::from_bytes([1; 32])).kind, InventoryKind::Block);
    let items = vec![entry, Inventory { kind: InventoryKind::Other(4_000_000_000), hash: [0; 32] }];
    round_trip(&Message::Inv(items.clone()));
    round_trip(&Message::GetData(items.clone()));
    round_trip(&Message::NotFound(items));
}

#[test]
fn kinds_and_their_numbers_agree_both_ways() {
    let known = [1, 2, 3, 6, 16, 17, 18, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33];
    for number in 0..100 {
        let kind = InventoryKind::from_u32(number);
        assert_eq!(kind.to_u32(), number);
        assert_eq!(matches!(kind, InventoryKind::Other(_)), !known.contains(&number), "{number}");
    }
}

#[test]
fn a_request_for_headers_has_at_most_101_hashes() {
    let request = |len| GetHeaders {
        version: PROTOCOL_VERSION,
        locator: vec![BlockHash::from_bytes([1; 32]); len],
        stop: BlockHash::from_bytes([2; 32]),
    };
    let one = [&hex("60120100 01")[..], &[1; 32], &[2; 32]].concat();
    assert_eq!(request(1).to_wire(), one);
    round_trip(&Message::GetHeaders(request(0)));
    round_trip(&Message::GetHeaders2(request(MAX_LOCATOR)));
    assert_eq!(request(MAX_LOCATOR).to_wire().len(), Command::GETHEADERS.max_payload());
    assert_eq!(
        GetHeaders::from_wire(&request(MAX_LOCATOR + 1).to_wire()),
        Err(DecodeError::TooMany { what: "locator hashes", count: 102, max: MAX_LOCATOR })
    );
}

#[test]
fn headers_are_followed_by_no_transactions() {
    round_trip(&Message::Headers(vec![]));
    round_trip(&Message::Headers(vec![header(); MAX_HEADERS]));
    let mut bytes = Message::Headers(vec![header(); 2]).payload();
    assert_eq!(bytes.len(), 1 + 2 * 81);
    bytes[81] = 1;
    assert_eq!(
        Message::decode(Command::HEADERS, &bytes),
        Err(DecodeError::Invalid { what: "transaction count of a header", value: 1 })
    );
}

#[test]
fn every_list_is_held_to_its_limit_and_fits_its_commands_payload() {
    for (command, item_len, max, what) in [
        (Command::HEADERS, 81, MAX_HEADERS, "headers"),
        (Command::INV, 36, MAX_INV, "inventory entries"),
        (Command::GETDATA, 36, MAX_INV, "inventory entries"),
        (Command::NOTFOUND, 36, MAX_INV, "inventory entries"),
        (Command::ADDR, 30, MAX_ADDR, "addresses"),
        (Command::ADDRV2, 9, MAX_ADDR, "addresses"),
    ] {
        let full = vector(max, item_len);
        assert!(full.len() <= command.max_payload());
        assert!(Message::decode(command, &full).is_ok(), "{command}");
        let count = max as u64 + 1;
        assert_eq!(
            Message::decode(command, &vector(max + 1, item_len)),
            Err(DecodeError::TooMany { what, count, max }),
            "{command}"
        );
        let declared_only = &vector(max, item_len)[..3];
        assert_eq!(
            Message::decode(command, declared_only),
            Err(DecodeError::Truncated { needed: max * item_len, remaining: 0 }),
            "{command}"
        );
        let long = [vector(1, item_len), vec![0]].concat();
        assert_eq!(Message::decode(command, &long), Err(DecodeError::TrailingBytes { count: 1 }));
    }
}
