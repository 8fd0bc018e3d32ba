use super::*;
use k256::elliptic_curve::sec1::ToSec1Point;

const V1_MASTER: &str = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8";
const V1_0H: &str = "xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw";
const V1_0H_1: &str = "xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ";
const V1_0H_1_2H: &str = "xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5";
const V1_0H_1_2H_2: &str = "xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV";
const V1_0H_1_2H_2_LAST: &str = "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy";
const V2_MASTER: &str = "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB";
const V2_0: &str = "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH";

fn read(text: &str) -> (ExtendedKey, u8) {
    ExtendedKey::parse(text, &NetworkParams::mainnet()).unwrap()
}

/// BIP 32, test vectors 1 and 2: every step that is not hardened.
#[test]
fn children_are_those_of_bip_32() {
    for (parent, index, child) in [
        (V1_0H, 1, V1_0H_1),
        (V1_0H_1_2H, 2, V1_0H_1_2H_2),
        (V1_0H_1_2H_2, 1_000_000_000, V1_0H_1_2H_2_LAST),
        (V2_MASTER, 0, V2_0),
    ] {
        let ((parent, depth), (child, child_depth)) = (read(parent), read(child));
        assert_eq!(parent.child(index), Some(child));
        assert_eq!(depth + 1, child_depth);
    }
    let (master, depth) = read(V1_MASTER);
    assert_eq!(depth, 0);
    assert_eq!((master.child(HARDENED), master.child(u32::MAX)), (None, None));
}

#[test]
fn an_extended_key_is_read_back_from_its_bytes() {
    let (key, _) = read(V1_0H);
    assert_eq!(ExtendedKey::from_bytes(&key.to_bytes()), Some(key.clone()));
    let mut off_the_curve = key.to_bytes();
    off_the_curve[1..33].fill(0xff);
    assert_eq!(ExtendedKey::from_bytes(&off_the_curve), None);
    let mut other_form = key.to_bytes();
    other_form[0] = 5;
    assert_eq!(ExtendedKey::from_bytes(&other_form), None);
}

/// BIP 32, test vector 5: keys that are to be refused.
#[test]
fn an_invalid_extended_key_is_refused() {
    let main = NetworkParams::mainnet();
    let refused = |text: &str| ExtendedKey::parse(text, &main).unwrap_err();
    // A master key with a parent's fingerprint, one with a number, a key not on the curve, three with other prefixes.
    for bad in [
        "xpub661no6RGEX3uJkY4bNnPcw4URcQTrSibUZ4NqJEw5eBkv7ovTwgiT91XX27VbEXGENhYRCf7hyEbWrR3FewATdCEebj6znwMfQkhRYHRLpJ",
        "xpub661MyMwAuDcm6CRQ5N4qiHKrJ39Xe1R1NyfouMKTTWcguwVcfrZJaNvhpebzGerh7gucBvzEQWRugZDuDXjNDRmXzSZe4c7mnTK97pTvGS8",
        "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Q5JXayek4PRsn35jii4veMimro1xefsM58PgBMrvdYre8QyULY",
        "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6LBpB85b3D2yc8sfvZU521AAwdZafEz7mnzBBsz4wKY5fTtTQBm",
        "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Txnt3siSujt9RCVYsx4qHZGc62TG4McvMGcAUjeuwZdduYEvFn",
        "xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6N8ZMMXctdiCjxTNq964yKkwrkBJJwpzZS4HS2fxvyYUA4q2Xe4",
    ] {
        assert_eq!(refused(bad), BadTarget::PublicKey("the extended key"), "{bad}");
    }
    let mistyped = V1_MASTER.replace("YJABq", "YJABr");
    assert_eq!(refused(&mistyped), BadTarget::Base58("the extended key"));
    let unknown_version = "DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHGMQzT7ayAmfo4z3gY5KfbrZWZ6St24UVf2Qgo6oujFktLHdHY4";
    assert_eq!(refused(unknown_version), BadTarget::Kind("the extended key"));
    assert_eq!(refused("XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5"), BadTarget::Kind("the extended key"));
    assert_eq!(refused(""), BadTarget::Base58("the extended key"));
}

#[test]
fn the_key_of_another_network_is_refused_with_that_reason() {
    let test = NetworkParams::testnet();
    let error = ExtendedKey::parse(V1_MASTER, &test).unwrap_err();
    assert_eq!(error.to_string(), "the extended key is for mainnet, this client is on testnet");
}

#[test]
fn private_keys_are_told() {
    for private in [
        // BIP 32, test vector 1; the spork key of regtest nodes; Bitcoin's forms.
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPH",
        "cP4EKFyJsHT39LDqgdcB43Y3YXjNyjb5Fuas1GQSeAtjnZWmZEQK",
        " cP4EKFyJsHT39LDqgdcB43Y3YXjNyjb5Fuas1GQSeAtjnZWmZEQK\n",
        "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss",
        "L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1",
        "XGihgbi7c1nVqrjkPSvzJydLVWYW7hTrcXdfSdpFMwi3Xhbabw93",
    ] {
        assert!(is_private_key(private), "{private}");
    }
    for public in [V1_MASTER, "XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5", "", "0/*"] {
        assert!(!is_private_key(public), "{public}");
    }
}

#[test]
fn only_the_two_known_forms_of_a_point_are_public_keys() {
    let compressed = read(V1_0H).0.public_key();
    assert_eq!(check_public_key(&compressed), Ok(()));
    let key = k256::PublicKey::from_sec1_bytes(&compressed).unwrap();
    let full = key.to_sec1_point(false).as_bytes().to_vec();
    assert_eq!(check_public_key(&full), Ok(()));
    let mut hybrid = full.clone();
    hybrid[0] = 6 + (full[64] & 1);
    let mut off = compressed;
    off[1..].fill(0xff);
    for bad in [&hybrid[..], &full[..64], &compressed[..32], &off, &[0], &[]] {
        assert_eq!(check_public_key(bad), Err(BadTarget::PublicKey("the key")), "{bad:?}");
    }
}
