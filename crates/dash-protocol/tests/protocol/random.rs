//! Seeded random input: what is encoded decodes to itself, and no bytes panic or come back changed.

use crate::generate::{self, array};
use dash_protocol::{
    AddrEntry, AddrV2, AddrV2Entry, BlockHash, CFCheckpt, CFHeaders, CFilter, Command, CompactTarget,
    CompressedHeaders, FilterHash, FilterHeader, FilterType, FrameDecoder, GetCFCheckpt, GetCFHeaders,
    GetCFilters, GetHeaders, Header, Inventory, InventoryKind, MerkleRoot, Message, NetAddress, ServiceFlags,
    VersionMessage, encode_frame, sha256d,
};
use fastrand::Rng;

const MAGIC: [u8; 4] = [0xce, 0xe2, 0xca, 0xff];

const COMMANDS: [Command; 36] = [
    Command::ADDR,
    Command::ADDRV2,
    Command::BLOCK,
    Command::CFCHECKPT,
    Command::CFHEADERS,
    Command::CFILTER,
    Command::CLSIG,
    Command::FILTERADD,
    Command::FILTERCLEAR,
    Command::FILTERLOAD,
    Command::GETADDR,
    Command::GETCFCHECKPT,
    Command::GETCFHEADERS,
    Command::GETCFILTERS,
    Command::GETDATA,
    Command::GETHEADERS,
    Command::GETHEADERS2,
    Command::GETMNLISTD,
    Command::GETQRINFO,
    Command::HEADERS,
    Command::HEADERS2,
    Command::INV,
    Command::ISDLOCK,
    Command::MEMPOOL,
    Command::MERKLEBLOCK,
    Command::MNLISTDIFF,
    Command::NOTFOUND,
    Command::PING,
    Command::PONG,
    Command::QRINFO,
    Command::SENDADDRV2,
    Command::SENDHEADERS,
    Command::SENDHEADERS2,
    Command::TX,
    Command::VERACK,
    Command::VERSION,
];

fn quick(header: &[u8; 80]) -> BlockHash {
    BlockHash::from_bytes(sha256d(header))
}

fn some<T>(rng: &mut Rng, item: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    generate::some(rng, 19, item)
}

fn address(rng: &mut Rng) -> NetAddress {
    NetAddress {
        services: ServiceFlags::from_bits(rng.u64(..)),
        ip: array::<16>(rng).into(),
        port: rng.u16(..),
    }
}

fn address_v2(rng: &mut Rng) -> AddrV2Entry {
    let address = match rng.u8(..6) {
        0 => AddrV2::Ipv4(array::<4>(rng).into()),
        1 => AddrV2::Ipv6(array::<16>(rng).into()),
        2 => AddrV2::TorV3(array(rng)),
        3 => AddrV2::I2p(array(rng)),
        4 => AddrV2::Cjdns(array(rng)),
        _ => AddrV2::Unknown { network: rng.u8(7..), bytes: some(rng, |rng| rng.u8(..)) },
    };
    let services = ServiceFlags::from_bits(rng.u64(..) >> rng.u32(..64));
    AddrV2Entry { time: rng.u32(..), services, address, port: rng.u16(..) }
}

/// Headers with few versions and targets, mostly linked, times mostly close.
fn headers(rng: &mut Rng) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    for _ in 0..rng.usize(..60) {
        let before = headers.last();
        let linked = before.filter(|_| rng.u8(..10) > 0);
        headers.push(Header {
            version: rng.i32(..10),
            prev_block_hash: linked
                .map_or_else(|| BlockHash::from_bytes(array(rng)), |before| quick(&before.to_bytes())),
            merkle_root: MerkleRoot::from_bytes(array(rng)),
            time: match before {
                Some(before) if rng.bool() => before.time.wrapping_add(rng.u32(..40_000)),
                _ => rng.u32(..),
            },
            bits: CompactTarget::from_bits(rng.u32(..3)),
            nonce: rng.u32(..),
        });
    }
    headers
}

fn message(rng: &mut Rng) -> Message {
    let inventory =
        |rng: &mut Rng| Inventory { kind: InventoryKind::from_u32(rng.u32(..40)), hash: array(rng) };
    let request = |rng: &mut Rng| GetHeaders {
        version: rng.i32(..),
        locator: some(rng, |rng| BlockHash::from_bytes(array(rng))),
        stop: BlockHash::from_bytes(array(rng)),
    };
    match rng.u8(..30) {
        0 => Message::Version(VersionMessage {
            version: rng.i32(..),
            services: ServiceFlags::from_bits(rng.u64(..)),
            time: rng.i64(..),
            receiver: address(rng),
            sender: address(rng),
            nonce: rng.u64(..),
            user_agent: some(rng, |rng| char::from(rng.u8(0x20..0x7f))).into_iter().collect(),
            start_height: rng.i32(..),
            relay: rng.bool(),
            mnauth_challenge: array(rng),
            masternode: rng.bool(),
        }),
        1 => Message::Ping(rng.u64(..)),
        2 => Message::Pong(rng.u64(..)),
        3 => Message::Addr(some(rng, |rng| AddrEntry { time: rng.u32(..), address: address(rng) })),
        4 => Message::AddrV2(some(rng, address_v2)),
        5 => Message::Inv(some(rng, inventory)),
        6 => Message::GetData(some(rng, inventory)),
        7 => Message::NotFound(some(rng, inventory)),
        8 => Message::GetHeaders(request(rng)),
        9 => Message::GetHeaders2(request(rng)),
        10 => Message::Headers(headers(rng)),
        11 => Message::GetMnListDiff(generate::diff_request(rng)),
        12 => Message::MnListDiff(Box::new(generate::diff(rng))),
        13 => Message::GetQRInfo(generate::qr_info_request(rng)),
        14 => Message::QRInfo(Box::new(generate::qr_info(rng))),
        15 => Message::ClSig(generate::chain_lock(rng)),
        16 => Message::IsdLock(generate::instant_lock(rng)),
        17 => Message::Tx(generate::transaction(rng)),
        18 => Message::Block(Box::new(generate::block(rng))),
        19 => Message::MerkleBlock(generate::merkle_block(rng)),
        20..27 => filter_message(rng),
        27 => Message::FilterLoad(generate::bloom_filter(rng)),
        28 => Message::FilterAdd(some(rng, |rng| rng.u8(..))),
        _ => Message::Headers2(CompressedHeaders::compress(&headers(rng), quick)),
    }
}

fn filter_message(rng: &mut Rng) -> Message {
    let filter_type = FilterType::Basic;
    let (start_height, stop_hash) = (rng.u32(..), generate::block_hash(rng));
    match rng.u8(..6) {
        0 => Message::GetCFilters(GetCFilters { filter_type, start_height, stop_hash }),
        1 => Message::GetCFHeaders(GetCFHeaders { filter_type, start_height, stop_hash }),
        2 => Message::GetCFCheckpt(GetCFCheckpt { filter_type, stop_hash }),
        3 => Message::CFilter(CFilter {
            filter_type,
            block_hash: stop_hash,
            filter: some(rng, |rng| rng.u8(..)),
        }),
        4 => Message::CFHeaders(CFHeaders {
            filter_type,
            stop_hash,
            previous_header: FilterHeader::from_bytes(array(rng)),
            filter_hashes: some(rng, |rng| FilterHash::from_bytes(array(rng))),
        }),
        _ => Message::CFCheckpt(CFCheckpt {
            filter_type,
            stop_hash,
            headers: some(rng, |rng| FilterHeader::from_bytes(array(rng))),
        }),
    }
}

#[test]
fn messages_survive_the_stream_in_random_chunks() {
    let mut rng = Rng::with_seed(1);
    for _ in 0..200 {
        let sent: Vec<Message> = (0..10).map(|_| message(&mut rng)).collect();
        let stream: Vec<u8> = sent.iter().flat_map(|message| message.to_frame(MAGIC)).collect();
        let mut decoder = FrameDecoder::new(MAGIC);
        let mut received = Vec::new();
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(rng.usize(1..=rest.len().min(500)));
            rest = after;
            decoder.push(chunk);
            while let Some(frame) = decoder.next_frame().unwrap() {
                received.push(Message::from_frame(frame).unwrap());
            }
        }
        assert_eq!(received, sent);
    }
}

#[test]
fn compressed_headers_expand_to_what_went_in() {
    let mut rng = Rng::with_seed(2);
    for _ in 0..500 {
        let headers = headers(&mut rng);
        let compressed = CompressedHeaders::compress(&headers, quick);
        let expanded = compressed.expand(quick).unwrap();
        assert!(expanded.iter().map(|(header, _)| header).eq(&headers));
        assert!(expanded.iter().all(|(header, hash)| quick(&header.to_bytes()) == *hash));
    }
}

/// Whatever decodes, expands without error and encodes to a form that decodes to the same.
fn probe(command: Command, payload: &[u8]) -> bool {
    let Ok(message) = Message::decode(command, payload) else { return false };
    if let Message::Headers2(compressed) = &message {
        assert_eq!(compressed.expand(quick).expect("checked when it was made").len(), compressed.len());
    }
    let encoded = message.payload();
    if command != Command::VERSION {
        assert_eq!(encoded, payload, "{command}: there is one encoding only");
    }
    assert_eq!(Message::decode(command, &encoded), Ok(message));
    true
}

#[test]
fn random_payloads_neither_panic_nor_decode_to_something_else() {
    let mut rng = Rng::with_seed(3);
    for _ in 0..3_000 {
        let mut payload: Vec<u8> = (0..rng.usize(..200)).map(|_| rng.u8(..)).collect();
        if let Some(count) = payload.first_mut() {
            *count %= 6;
        }
        for command in COMMANDS {
            probe(command, &payload);
        }
    }
}

#[test]
fn damaged_messages_neither_panic_nor_decode_to_something_else() {
    let mut rng = Rng::with_seed(4);
    let mut survivors = 0;
    for _ in 0..20_000 {
        let message = message(&mut rng);
        let mut payload = message.payload();
        for _ in 0..rng.usize(1..4) {
            match rng.u8(..3) {
                0 => payload.truncate(rng.usize(..=payload.len())),
                1 => payload.insert(rng.usize(..=payload.len()), rng.u8(..)),
                _ if payload.is_empty() => {}
                _ => {
                    let at = rng.usize(..payload.len());
                    payload[at] ^= 1 << rng.u8(..8);
                }
            }
        }
        survivors += usize::from(probe(message.command(), &payload));
    }
    assert!(survivors > 1_000, "the damage is small enough to reach deep: {survivors}");
}

#[test]
fn random_streams_end_in_a_fatal_error_or_go_on_within_bounds() {
    let mut rng = Rng::with_seed(5);
    for _ in 0..2_000 {
        let mut stream: Vec<u8> = Vec::new();
        for _ in 0..5 {
            let payload: Vec<u8> = (0..rng.usize(..50)).map(|_| rng.u8(..)).collect();
            stream.extend(encode_frame(MAGIC, COMMANDS[rng.usize(..COMMANDS.len())], &payload));
        }
        for _ in 0..rng.usize(..4) {
            let at = rng.usize(..stream.len());
            stream[at] ^= 1 << rng.u8(..8);
        }
        let mut decoder = FrameDecoder::new(MAGIC);
        'stream: for chunk in stream.chunks(rng.usize(1..100)) {
            decoder.push(chunk);
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => assert!(frame.payload.len() <= frame.command.max_payload()),
                    Ok(None) => break,
                    Err(error) if error.is_fatal() => {
                        assert_eq!(decoder.next_frame(), Err(error));
                        break 'stream;
                    }
                    Err(_) => {}
                }
            }
            assert!(decoder.buffered() <= stream.len());
        }
    }
}
