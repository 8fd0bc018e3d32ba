use super::{hash160, hmac_sha512};
use bitcoin_hashes::{Hash as _, HashEngine, HmacEngine, hash160 as reference, sha512};

fn message(rng: &mut fastrand::Rng, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.u8(..)).collect()
}

#[test]
fn hashes_of_keys_and_scripts_are_those_of_another_implementation() {
    let mut rng = fastrand::Rng::with_seed(1);
    for len in 0..600 {
        let message = message(&mut rng, len);
        assert_eq!(hash160(&message), reference::Hash::hash(&message).to_byte_array(), "{len} bytes");
    }
}

#[test]
fn hmac_is_that_of_another_implementation_at_every_length_around_blocks() {
    let mut rng = fastrand::Rng::with_seed(2);
    for len in 0..300 {
        let (key, message) = (std::array::from_fn(|_| rng.u8(..)), message(&mut rng, len));
        let mut engine = HmacEngine::<sha512::HashEngine>::new(&key);
        engine.input(&message);
        assert_eq!(hmac_sha512(&key, &message), engine.finalize().to_byte_array(), "{len} bytes");
    }
}
