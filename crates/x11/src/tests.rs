//! Each function against its vectors, and the chain against the reference implementation.

use super::*;
use std::format;
use std::string::String;
use std::vec::Vec;

extern crate std;

type Stage = (&'static str, fn(&mut Hashes), &'static str);

/// What each function makes of the bytes 0 to 63. Only the first half of the last one is made; BLAKE takes 80 bytes.
const COUNTING: [Stage; 10] = [
    (
        "bmw",
        |hashes| bmw::bmw(hashes),
        "824168671c2e3f35ebba82b63b9e6c42b8411cdcda1041264bb5f50abd507d1827edcfff050f6c8675cb8ccba8699c843dcf5fb81ccadab1deef0d9cf4770257",
    ),
    (
        "groestl",
        groestl::groestl,
        "6e8c9b90e36cea68c029a7d8b95b718c84205d81be227ba61510f567d46b83edd11f301bf1e7041be991b22fdbee82dbdce7ab0e0ee42a795ca965a439532a39",
    ),
    (
        "skein",
        |hashes| skein::skein(hashes),
        "78cfdbdb2bd125f49d26146e208ebc7ceae57619bd68a2e4e9cdb1db198c995e3795fadbccaabb000463525eee2e1e7f6e8309c765a61e19fccdb18f5284c070",
    ),
    (
        "jh",
        jh::jh,
        "483560d10cadec86db6f390f6267e12f99594587d44c202902e8e4bb6c70c6c7fdff6b19965650e15e240bcfcefe4e5051567ef96c758b800efdcaf50a5d5bbd",
    ),
    (
        "keccak",
        |hashes| keccak::keccak(hashes),
        "59bff1edb37c403bea6387e283c5d4d8878246592807d22328fbc11ec1e029cdb6659300529849189ad647fde9ad4a8918202ba310b936ac6a1d477e4284ac4b",
    ),
    (
        "luffa",
        |hashes| luffa::luffa(hashes),
        "a7fa7b1f6efdeebb4eb2d53b28412a4962fa7236c775a0472e97af3035d0cebb794c97465bc89e9d26983a7b0a9283cc716dee3a6083817030dda4a4625f5d00",
    ),
    (
        "cubehash",
        |hashes| cubehash::cubehash(hashes),
        "501336304d235cf9825da6f26623f20cf338c2efa1eac0f668dc1d99a1f67bf617453a1c861c9628f7b98dd5ca50baf6d75299f13fa43d28d39b40314161135f",
    ),
    (
        "shavite",
        shavite::shavite,
        "4b53734538b113c1637104887e9f2150fa4ad9ec70552d8ed62f0134a47a2f4e8134b2366932983b4127cbcba59cda04bf6d0005b5ba04dea92879f15e80a28a",
    ),
    (
        "simd",
        |hashes| simd::simd(hashes, LANES),
        "c09546e438b49f5cd6bd2b51581ad381c14b6d543efc00c193ee94dca4d58b900c5315985a5eac4571c2141cc995c3bc0233aed662094f3fd2176a9c05bfb4e4",
    ),
    ("echo", halves_of_echo, "2f7a64cec7e07c9d791f902b838e9a776c03da43ef8858e89c16bbfa7eff641d"),
];

/// What the functions make of mainnet's genesis block, one after the other.
const GENESIS: [&str; 11] = [
    "227f2d5161ea36375dadcb89236aea5e7aaff3895572ee9f65ee3f23f59cf439358926cd14eb189d3f83915dc756b99865cf4164e0c9bd1bc90a2c9226b3b625",
    "9a68884014b1da44c63c4ede72261c3e815e54a4ca627daff902bdda0f6d2d46ba4aa3a9fc4ea1d6ffe1bffde744d77696e0ac47d3b92bd3728c74d046dce676",
    "17e4ecc346b47506d2e03d92a4eb198cea6ca1e79355baba0d3739014041d60a23610fb37c55c4f2a2075dfb0abf6c5a4c0e91827ed2a83c3ab4e807be46ca1e",
    "326b1982591b194791c6ac2e118215581aefa63c9ba53d03e6923ca87af3e8100526997208673f6d9e643934c7b0be0e9218f7cd1757d159a87958c7a77c32d8",
    "628229371163aa4a7bd55f265af1e009fe6e52fa8e44eb4210cd90e7f1be3c478fc54bbfda5b9dc68a7351fd1e3377d9117e15bbc92ad4acf423348bffd8373b",
    "e8936ccf90364fa516414f17c10fa8a86895eeef2643fd9df9ac1611efb9a871cee593e18a8088cc94b22e2e2a0ec50049ea4fc8ec954b29bb18793ad21a5598",
    "75155f9cdf3e6753968f6bb4a0b26c69e3748c916a471325c9008afc02559727c64dc01f3eb99a216fce7bbf6582ee91e9a2415793b25b2218a96b74d7975bb0",
    "3effd3b73d66d3afb5ada3592b3983041c12474f4eff37f33476d8f299e04841b8924813b969cfc64d8759f4940dbeabc2bb7be578edccbd8fea4a0aac203a07",
    "862001b22261939303da51b42695923e535828a21b00c68ec44433f773cb466ec3e6ae1d9767df54825d50a01fe8b50450b2dd553237bde341f6f2ba12254c1a",
    "00f832098e40d5120124b9535999b5b59b65c923c59221caa54c783f48431a60034f06173ab149c86b639490706b2dcfee8f08452dca4387d59178d9cc87d877",
    "b67a40f3cd5804437a108f105533739c37e6229bc1adcab385140b59fd0f0000",
];

const GENESIS_HEADER: &str = "010000000000000000000000000000000000000000000000000000000000000000000000c762a6567f3cc092f0684bb62b7e00a84890b990f07cc71a6bb58d64b98e02e0022ddb52f0ff0f1ec23fb901";

/// ECHO, and zeros for the half that is not made.
fn halves_of_echo(hashes: &mut Hashes) {
    *hashes = echo::echo(hashes).map(|[first, second]| [first, second, V128::ZERO, V128::ZERO]);
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    core::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
}

/// All eight messages as they stand, no more of them than is expected.
fn all(hashes: &Hashes, expected: &str) -> Vec<String> {
    let whole = |hash: &[V128; 4]| hex(hash.iter().flat_map(|vector| vector.to_bytes()));
    hashes.iter().map(|hash| whole(hash)[..expected.len()].into()).collect()
}

#[test]
fn every_function_has_the_known_result_in_every_lane() {
    let message =
        core::array::from_fn(|part| V128::from_bytes(core::array::from_fn(|i| (16 * part + i) as u8)));
    for (name, stage, expected) in COUNTING {
        let mut hashes = [message; LANES];
        stage(&mut hashes);
        assert_eq!(all(&hashes, expected), [expected; LANES], "{name}");
    }
}

#[test]
fn every_step_of_the_chain_is_known_for_the_genesis_block() {
    let mut hashes = [[V128::ZERO; 4]; LANES];
    blake::blake(&[bytes(GENESIS_HEADER); LANES], &mut hashes);
    assert_eq!(all(&hashes, GENESIS[0]), [GENESIS[0]; LANES]);
    for ((name, stage, _), expected) in COUNTING.iter().zip(&GENESIS[1..]) {
        stage(&mut hashes);
        assert_eq!(all(&hashes, expected), [*expected; LANES], "{name}");
    }
}
