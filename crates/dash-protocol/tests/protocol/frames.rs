//! The streaming frame decoder: any cut of the stream, every error, bounded memory.

use dash_protocol::{
    Command, CommandError, Frame, FrameDecoder, FrameError, HEADER_LEN, MAX_PAYLOAD, Message, encode_frame,
};

const MAGIC: [u8; 4] = [0xbf, 0x0c, 0x6b, 0xbd];

fn command(text: &str) -> Command {
    text.parse().expect("a valid command")
}

fn frame(command: Command, payload: &[u8]) -> Frame {
    Frame { command, payload: payload.to_vec() }
}

/// Everything that comes out for one chunk.
fn take(decoder: &mut FrameDecoder, chunk: &[u8]) -> Vec<Result<Frame, FrameError>> {
    decoder.push(chunk);
    let mut taken = Vec::new();
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => taken.push(Ok(frame)),
            Ok(None) => return taken,
            Err(error) => {
                let fatal = error.is_fatal();
                taken.push(Err(error));
                if fatal {
                    return taken;
                }
            }
        }
    }
}

/// A frame's header with any fields.
fn header(magic: [u8; 4], name: &[u8; 12], size: u32, checksum: [u8; 4]) -> Vec<u8> {
    let mut out = magic.to_vec();
    out.extend_from_slice(name);
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&checksum);
    out
}

/// A stream with empty, small and larger frames, a bad checksum and a malformed command; and what comes out of it.
fn mixed_stream() -> (Vec<u8>, Vec<Result<Frame, FrameError>>) {
    let block: Vec<u8> = (0..300_u32).map(|i| i as u8).collect();
    let mut stream = encode_frame(MAGIC, Command::VERACK, &[]);
    stream.extend(encode_frame(MAGIC, Command::PING, &[1, 2, 3, 4, 5, 6, 7, 8]));
    let mut bad = encode_frame(MAGIC, Command::PONG, &[9; 8]);
    bad[HEADER_LEN] ^= 1;
    stream.extend(bad);
    stream.extend(header(MAGIC, b"\0erack\0\0\0\0\0\0", 5, [0; 4]));
    stream.extend([0xbf; 5]);
    stream.extend(encode_frame(MAGIC, command("block"), &block));
    stream.extend(header(MAGIC, b"a\0b\0\0\0\0\0\0\0\0\0", 0, [0; 4]));
    stream.extend(encode_frame(MAGIC, Command::GETADDR, &[]));
    let expected = vec![
        Ok(frame(Command::VERACK, &[])),
        Ok(frame(Command::PING, &[1, 2, 3, 4, 5, 6, 7, 8])),
        Err(FrameError::BadChecksum { command: Command::PONG, size: 8 }),
        Err(FrameError::BadCommand { bytes: *b"\0erack\0\0\0\0\0\0", size: 5 }),
        Ok(frame(command("block"), &block)),
        Err(FrameError::BadCommand { bytes: *b"a\0b\0\0\0\0\0\0\0\0\0", size: 0 }),
        Ok(frame(Command::GETADDR, &[])),
    ];
    (stream, expected)
}

#[test]
fn a_stream_decodes_alike_wherever_it_is_cut() {
    let (stream, expected) = mixed_stream();
    for first in 0..=stream.len() {
        let mut decoder = FrameDecoder::new(MAGIC);
        let mut taken = take(&mut decoder, &stream[..first]);
        taken.extend(take(&mut decoder, &stream[first..]));
        assert_eq!(taken, expected, "cut at {first}");
        assert!(!decoder.is_mid_message());
        assert_eq!(decoder.buffered(), 0);
    }
}

#[test]
fn a_stream_decodes_alike_in_chunks_of_every_size_from_one_byte() {
    let (stream, expected) = mixed_stream();
    for size in 1..=stream.len() {
        let mut decoder = FrameDecoder::new(MAGIC);
        let taken: Vec<_> = stream.chunks(size).flat_map(|chunk| take(&mut decoder, chunk)).collect();
        assert_eq!(taken, expected, "chunks of {size}");
    }
}

#[test]
fn a_stream_that_was_pushed_whole_is_taken_frame_by_frame() {
    let (stream, expected) = mixed_stream();
    let mut decoder = FrameDecoder::new(MAGIC);
    for chunk in stream.chunks(7) {
        decoder.push(chunk);
    }
    assert_eq!(decoder.buffered(), stream.len());
    assert_eq!(take(&mut decoder, &[]), expected);
}

#[test]
fn an_unfinished_frame_is_known_as_such_from_its_first_byte() {
    let bytes = encode_frame(MAGIC, Command::PING, &[0; 8]);
    for at in 1..bytes.len() {
        let mut decoder = FrameDecoder::new(MAGIC);
        assert!(!decoder.is_mid_message());
        assert_eq!(take(&mut decoder, &bytes[..at]), []);
        assert!(decoder.is_mid_message(), "after {at} bytes");
        assert!(decoder.buffered() <= at);
    }
}

#[test]
fn a_wrong_magic_is_found_after_four_bytes_and_ends_the_stream() {
    let mut decoder = FrameDecoder::new(MAGIC);
    assert_eq!(take(&mut decoder, b"HTT"), []);
    let error = FrameError::WrongMagic { found: *b"HTTP" };
    assert_eq!(take(&mut decoder, b"P/1.1 400 Bad Request"), [Err(error.clone())]);
    let good = encode_frame(MAGIC, Command::VERACK, &[]);
    assert_eq!(take(&mut decoder, &good), [Err(error)], "the stream stays ended");
    assert_eq!(decoder.buffered(), 0);
}

#[test]
fn a_length_above_the_commands_limit_is_refused_before_its_payload() {
    for (name, max) in [
        ("ping", 8),
        ("verack", 0),
        ("version", 1_024),
        ("headers", 162_003),
        ("headers2", 648_003),
        ("inv", 1_800_003),
        ("addr", 30_003),
        ("getheaders2", 3_269),
        ("block", 2_000_000),
        ("merkleblock", 1_100_079),
        ("cfilter", 537_472),
        ("cfheaders", 64_068),
        ("cfcheckpt", 320_036),
        ("getcfilters", 37),
        ("getcfheaders", 37),
        ("getcfcheckpt", 33),
        ("filterload", 36_012),
        ("filteradd", 523),
        ("mempool", 0),
        ("mnlistdiff", MAX_PAYLOAD),
    ] {
        let command = command(name);
        assert_eq!(command.max_payload(), max, "{name}");
        let mut decoder = FrameDecoder::new(MAGIC);
        let largest = header(MAGIC, command.as_bytes(), max as u32, [0x5d, 0xf6, 0xe0, 0xe2]);
        assert!(take(&mut decoder, &largest).iter().all(Result::is_ok), "{name}");

        let mut decoder = FrameDecoder::new(MAGIC);
        let size = max as u32 + 1;
        let error = FrameError::TooLarge { command, size, max };
        assert_eq!(
            take(&mut decoder, &header(MAGIC, command.as_bytes(), size, [0; 4])),
            [Err(error.clone())]
        );
        assert!(error.is_fatal());
        assert_eq!(take(&mut decoder, &[0; 100]), [Err(error)]);
        assert_eq!(decoder.buffered(), 0, "nothing is kept of an ended stream");
    }
}

#[test]
fn a_malformed_command_costs_its_frame_unless_it_declares_too_much() {
    let mut decoder = FrameDecoder::new(MAGIC);
    let junk = header(MAGIC, b"\x7f\0\0\0\0\0\0\0\0\0\0\0", 1_000_000, [0; 4]);
    assert!(matches!(take(&mut decoder, &junk)[..], [Err(FrameError::BadCommand { size: 1_000_000, .. })]));
    for _ in 0..100 {
        assert_eq!(take(&mut decoder, &[0; 10_000]), []);
        assert_eq!(decoder.buffered(), 0, "what is skipped is not kept");
    }
    let good = encode_frame(MAGIC, Command::VERACK, &[]);
    assert_eq!(take(&mut decoder, &good), [Ok(frame(Command::VERACK, &[]))]);

    let huge = header(MAGIC, b"\x7f\0\0\0\0\0\0\0\0\0\0\0", MAX_PAYLOAD as u32 + 1, [0; 4]);
    let taken = take(&mut decoder, &huge);
    assert!(matches!(&taken[..], [Err(error)] if error.is_fatal()), "{taken:?}");
}

#[test]
fn memory_follows_the_bytes_that_came_and_not_the_length_declared() {
    let mut decoder = FrameDecoder::new(MAGIC);
    let name = command("mnlistdiff");
    decoder.push(&header(MAGIC, name.as_bytes(), MAX_PAYLOAD as u32, [0; 4]));
    for i in 0..100 {
        assert_eq!(decoder.next_frame(), Ok(None));
        assert_eq!(decoder.buffered(), i);
        decoder.push(&[0]);
    }
}

#[test]
fn the_largest_frames_in_a_row_hold_no_more_than_one_payload_and_one_chunk() {
    const CHUNK: usize = 64 * 1024;
    let payload = vec![7; MAX_PAYLOAD];
    let name = command("mnlistdiff");
    let one = encode_frame(MAGIC, name, &payload);
    let stream = [&one[..], &one, &one].concat();
    let mut decoder = FrameDecoder::new(MAGIC);
    let mut frames = 0;
    for chunk in stream.chunks(CHUNK) {
        frames += take(&mut decoder, chunk).len();
        assert!(decoder.buffered() <= MAX_PAYLOAD + CHUNK);
    }
    assert_eq!(frames, 3);
}

#[test]
fn an_empty_payload_has_the_known_checksum() {
    let bytes = encode_frame(MAGIC, Command::VERACK, &[]);
    let expected = header(MAGIC, b"verack\0\0\0\0\0\0", 0, [0x5d, 0xf6, 0xe0, 0xe2]);
    assert_eq!(bytes, expected);
    assert_eq!(Message::Verack.to_frame(MAGIC), expected);
}

#[test]
fn a_command_is_printable_ascii_with_nothing_after_its_padding() {
    let good = *b"sendheaders2";
    assert_eq!(Command::from_bytes(good), Ok(Command::SENDHEADERS2));
    assert_eq!(Command::SENDHEADERS2.as_str(), "sendheaders2");
    assert_eq!(Command::INV.to_string(), "inv");
    for bad in [[0; 12], *b"ve\0rack\0\0\0\0\0", *b"verac\x1f\0\0\0\0\0\0", *b"verack\x80\0\0\0\0\0"] {
        assert_eq!(Command::from_bytes(bad), Err(CommandError { bytes: bad }));
    }
    for bad in ["", "thirteenchars", "inv\0", "é"] {
        assert!(bad.parse::<Command>().is_err(), "{bad:?}");
    }
}
