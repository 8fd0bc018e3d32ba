//! Weighted sums, and the arithmetic below, held against blst's.

use super::*;
use crate::masternodes::bls::affine::Point;
use crate::masternodes::bls::field::Fp;
use crate::masternodes::bls::jacobian::Jacobian;
use crate::masternodes::bls::multiples;
use crate::masternodes::bls::sum::{WEIGHT, weighted};

fn weights(count: usize) -> Vec<u8> {
    (0..count as u64).flat_map(|n| message(n + 77)).collect()
}

fn assert_sum(keys: &[PublicKey], weights: &[u8]) {
    let expected = keys.mult(weights, WEIGHT * 8).to_public_key();
    assert_eq!(weighted(keys, weights).serialize(), expected.serialize());
}

fn keys(count: u64) -> Vec<PublicKey> {
    (0..count).map(|n| secret(&n.to_le_bytes()).sk_to_pk()).collect()
}

#[test]
fn sums_are_those_of_blst_for_any_number_of_keys() {
    for count in [1, 2, 3, 7, 16, 60, 101] {
        assert_sum(&keys(count), &weights(count as usize));
    }
}

#[test]
fn sums_are_right_for_weights_at_the_ends() {
    for byte in [0, 1, 0x0f, 0x10, 0x11, 0x55, 0x7f, 0x80, 0xaa, 0xff] {
        assert_sum(&keys(3), &[byte; 3 * WEIGHT]);
    }
    let mut mixed = weights(4);
    mixed[..WEIGHT].fill(0);
    mixed[WEIGHT..2 * WEIGHT].fill(0xff);
    assert_sum(&keys(4), &mixed);
}

#[test]
fn sums_are_right_when_keys_are_equal_cancel_or_leave_the_subgroup() {
    let key = keys(1)[0];
    let mut negative = key.compress();
    negative[0] ^= 0x20;
    let negative = PublicKey::uncompress(&negative).unwrap();
    let infinity = PublicKey::from(blst_p1_affine::default());
    let same = [7; 2 * WEIGHT];
    assert_eq!(weighted(&[key, negative], &same), infinity);
    assert_sum(&[key, key], &same);
    assert_sum(&[key, key, negative, stray_key()], &weights(4));
    assert_sum(&[key, infinity, stray_key(), stray_key()], &[weights(1), vec![9; 3 * WEIGHT]].concat());
    // Three is in the cofactor: these have multiples that are infinity, and two that are each other's negative.
    let order_three =
        PublicKey::from(blst_p1_affine { x: blst::blst_fp::default(), y: Fp::ONE.add(Fp::ONE).to_blst() });
    let thrice = weighted(&[order_three], &[&[3][..], &[0; WEIGHT - 1]].concat());
    assert_eq!(thrice, infinity);
    let weight = [&[4][..], &[0; WEIGHT - 1]].concat();
    assert_eq!(weighted(&[order_three], &weight), order_three);
    assert_eq!(weighted(&[order_three, key], &[weight.clone(), weight].concat()), {
        let four = weighted(&[key], &[&[4][..], &[0; WEIGHT - 1]].concat());
        [four, order_three].add().to_public_key()
    });
}

#[test]
fn the_field_computes_modulo_its_modulus() {
    let below_zero = Fp::ZERO.sub(Fp::ONE);
    assert_eq!(below_zero, Fp::ONE.neg());
    assert_eq!(below_zero.add(Fp::ONE), Fp::ZERO);
    assert_eq!(below_zero.square(), Fp::ONE);
    assert_eq!(Fp::ZERO.neg(), Fp::ZERO);
    assert_eq!(below_zero.add(below_zero).mul(below_zero), Fp::ONE.add(Fp::ONE));
    let some = Fp::from_blst(&blst_p1_affine::from(keys(1)[0]).x);
    assert_eq!(Fp::from_blst(&some.to_blst()), some);
    for value in [some, below_zero, Fp::ONE, some.square()] {
        assert_eq!(value.invert().mul(value), Fp::ONE);
    }
    assert_eq!(Fp::ZERO.invert(), Fp::ZERO);
}

/// blst's points are on the curve, y² = x³ + 4, and both ways to multiply agree, also where limbs carry most.
#[test]
fn squares_and_products_are_those_of_the_curve() {
    let one = Fp::ONE;
    let four = one.add(one).add(one.add(one));
    for key in keys(50).into_iter().chain([stray_key()]) {
        let Point { x, y } = Point::new(&key);
        assert_eq!(y.square(), x.square().mul(x).add(four));
        assert_eq!(y.mul(y), y.square());
    }
    // Limbs of all ones and of all zeros, and what is next to the modulus.
    let mut ends = vec![Fp::ZERO, one, one.neg(), four.neg(), one.add(one).invert()];
    for bits in [0x3fff_ffff_u64, 0xffff_ffff, 0xffff_ffff_c000_0000, u64::MAX] {
        for place in 0..6 {
            let mut words = [0; 6];
            words[place] = bits;
            words[5] &= 0x0fff_ffff_ffff_ffff;
            ends.push(Fp::from_blst(&blst::blst_fp { l: words }));
        }
    }
    for a in &ends {
        assert_eq!(a.square(), a.mul(*a));
        for b in &ends {
            assert_eq!(a.add(*b).square(), a.square().add(b.square()).add(a.mul(*b).add(b.mul(*a))));
            assert_eq!(a.sub(*b).mul(a.add(*b)), a.square().sub(b.square()));
        }
    }
}

#[test]
fn a_point_is_doubled_added_and_cancelled_without_a_division() {
    let sum_of = |keys: &[PublicKey]| Point::new(&keys.add().to_public_key());
    let (a, b) = (keys(2)[0], keys(2)[1]);
    let (p, q) = (Point::new(&a), Point::new(&b));
    let twice = Jacobian::INFINITY.add(p).add(p);
    assert_eq!(twice.to_affine(), sum_of(&[a, a]));
    assert_eq!(Jacobian::INFINITY.add(p).double().to_affine(), sum_of(&[a, a]));
    assert_eq!(twice.add(q).to_affine(), sum_of(&[a, a, b]));
    // The same point and its negative, with a Z that is not one.
    assert_eq!(twice.add(sum_of(&[a, a])).to_affine(), sum_of(&[a, a, a, a]));
    let nothing = twice.add(sum_of(&[a, a]).neg());
    assert_eq!(nothing.to_affine(), Jacobian::INFINITY.to_affine());
    assert_eq!(nothing.double().add(q).to_affine(), q);
}

#[test]
fn kept_multiples_change_no_sum_and_are_bounded() {
    point::forget();
    let keys = keys(9);
    assert_sum(&keys[..5], &weights(5));
    assert_eq!(multiples::kept(), 5);
    assert_sum(&keys[3..], &weights(6));
    assert_sum(&[&keys[..], &keys[..2]].concat(), &weights(11));
    assert_eq!(multiples::kept(), 9);
    // As many different keys as are kept at most: no table of the others stays.
    let points: Vec<Point> = (0..multiples::MAX_KEPT)
        .scan(Jacobian::INFINITY, |sum, _| {
            *sum = sum.add(Point::new(&keys[0]));
            Some(sum.to_affine())
        })
        .collect();
    multiples::with(&points, |tables| assert_eq!(tables.len(), points.len()));
    assert_eq!(multiples::kept(), multiples::MAX_KEPT);
    assert_sum(&keys, &weights(9));
    assert_eq!(multiples::kept(), 9);
    point::forget();
    assert_eq!(multiples::kept(), 0);
}
