//! Lists, quorums and locks from peers that mean harm: cut short, damaged, or made up.

use crate::common::vector;
use crate::generate;
use dash_protocol::{Command, Encode, Message};
use fastrand::Rng;

/// Whatever decodes encodes back to the same bytes.
fn probe(command: Command, payload: &[u8]) -> bool {
    let Ok(message) = Message::decode(command, payload) else { return false };
    assert!(message.payload() == payload, "{command}: there is one encoding only");
    true
}

/// Every beginning of a payload is refused, and so is a payload with a byte after it.
fn check_cuts(command: Command, payload: &[u8], step: usize) {
    assert!(probe(command, payload));
    for len in (0..payload.len()).step_by(step) {
        assert!(!probe(command, &payload[..len]), "{command} cut to {len}");
    }
    assert!(!probe(command, &[payload, &[0]].concat()));
}

/// Flips bits and overwrites bytes. Many survive, since hashes and keys may be anything.
fn check_damage(rng: &mut Rng, command: Command, payload: &[u8], rounds: usize) {
    let mut damaged = payload.to_vec();
    for _ in 0..rounds {
        let places: Vec<usize> = (0..rng.usize(1..4)).map(|_| rng.usize(..payload.len())).collect();
        for &at in &places {
            damaged[at] = match rng.u8(..3) {
                0 => rng.u8(..),
                1 => 0xff - rng.u8(..3),
                _ => damaged[at] ^ 1 << rng.u8(..8),
            };
        }
        probe(command, &damaged);
        for at in places {
            damaged[at] = payload[at];
        }
    }
}

#[test]
fn made_up_diffs_and_rotation_infos_are_refused_when_cut_anywhere() {
    let mut rng = Rng::with_seed(1);
    for _ in 0..5 {
        check_cuts(Command::MNLISTDIFF, &generate::diff(&mut rng).to_wire(), 1);
        check_cuts(Command::QRINFO, &generate::qr_info(&mut rng).to_wire(), 1);
        check_cuts(Command::ISDLOCK, &generate::instant_lock(&mut rng).to_wire(), 1);
        check_cuts(Command::CLSIG, &generate::chain_lock(&mut rng).to_wire(), 1);
        check_cuts(Command::TX, &generate::transaction(&mut rng).to_wire(), 1);
        check_cuts(Command::GETQRINFO, &generate::qr_info_request(&mut rng).to_wire(), 1);
    }
}

#[test]
fn every_flipped_bit_of_a_made_up_diff_is_refused_or_comes_back_unchanged() {
    let mut rng = Rng::with_seed(2);
    let mut payload = generate::diff(&mut rng).to_wire();
    for at in 0..payload.len() * 8 {
        payload[at / 8] ^= 1 << (at % 8);
        probe(Command::MNLISTDIFF, &payload);
        payload[at / 8] ^= 1 << (at % 8);
    }
}

#[test]
fn damaged_made_up_messages_are_refused_or_come_back_unchanged() {
    let mut rng = Rng::with_seed(3);
    for _ in 0..60 {
        let diff = generate::diff(&mut rng).to_wire();
        check_damage(&mut rng, Command::MNLISTDIFF, &diff, 100);
        let info = generate::qr_info(&mut rng).to_wire();
        check_damage(&mut rng, Command::QRINFO, &info, 100);
        let lock = generate::instant_lock(&mut rng).to_wire();
        check_damage(&mut rng, Command::ISDLOCK, &lock, 100);
    }
}

#[test]
fn recorded_payloads_are_refused_when_cut_anywhere_and_survive_damage() {
    let name = "recorded_payloads_are_refused_when_cut_anywhere_and_survive_damage";
    let mut rng = Rng::with_seed(4);
    for (path, command, step) in [
        ("mainnet/mnlistdiff_2240440_2240464.bin", Command::MNLISTDIFF, 1),
        ("mainnet/mnlistdiff_2227096_2239192.bin", Command::MNLISTDIFF, 13),
        ("mainnet/mnlistdiff_0_2227096.bin", Command::MNLISTDIFF, 9_973),
        ("mainnet/qrinfo_2240504.bin", Command::QRINFO, 9_973),
        ("regtest-llmq/wire/qrinfo_tip_nobase_extra1.bin", Command::QRINFO, 1),
        ("regtest-few/wire/qrinfo_tip_nobase_extra1.bin", Command::QRINFO, 1),
    ] {
        let Some(payload) = vector(name, path) else { return };
        check_cuts(command, &payload, step);
        check_damage(&mut rng, command, &payload, 20_000_000 / payload.len().max(20_000));
    }
}
