//! Held against `k256`.

use super::Point;
use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{FieldBytes, ProjectivePoint, PublicKey, Scalar};

/// What `k256` makes of the same.
fn reference(point: &[u8], factor: &[u8; 32]) -> Option<Vec<u8>> {
    let point = PublicKey::from_sec1_bytes(point).ok()?;
    let factor = Option::<Scalar>::from(Scalar::from_repr(FieldBytes::from(*factor)))?;
    let sum = ProjectivePoint::mul_by_generator(&factor) + point.to_projective();
    let sum = PublicKey::from_affine(sum.to_affine()).ok()?;
    Some(sum.to_sec1_point(true).as_bytes().to_vec())
}

fn ours(point: &[u8], factor: &[u8; 32]) -> Option<Vec<u8>> {
    Some(Point::from_bytes(point)?.plus_generator_times(factor)?.to_bytes().to_vec())
}

/// 32 bytes that are often close to a bound: long runs of equal bits.
fn bytes(rng: &mut fastrand::Rng) -> [u8; 32] {
    let mut bytes = [0; 32];
    rng.fill(&mut bytes);
    if rng.bool() {
        let fill = if rng.bool() { 0xff } else { 0 };
        let from = rng.usize(0..32);
        bytes[from..rng.usize(from..=32)].fill(fill);
    }
    bytes
}

#[test]
fn sums_of_points_are_those_of_k256() {
    let mut rng = fastrand::Rng::with_seed(5);
    let mut point = super::GENERATOR.to_bytes().to_vec();
    for _ in 0..300 {
        let factor = bytes(&mut rng);
        let sum = ours(&point, &factor);
        assert_eq!(sum, reference(&point, &factor));
        point = sum.unwrap_or(point);
    }
}

#[test]
fn points_are_read_as_k256_reads_them() {
    let mut rng = fastrand::Rng::with_seed(6);
    let mut read = 0;
    for _ in 0..1_000 {
        let mut point = vec![rng.u8(0..5)];
        point.extend(bytes(&mut rng));
        if rng.u8(0..4) == 0 {
            point.extend(bytes(&mut rng));
        }
        let (ours, theirs) = (Point::from_bytes(&point), PublicKey::from_sec1_bytes(&point).ok());
        assert_eq!(ours.is_some(), theirs.is_some(), "{point:02x?}");
        let Some(theirs) = theirs else { continue };
        assert_eq!(ours.map(Point::to_bytes).unwrap()[..], *theirs.to_sec1_point(true).as_bytes());
        let mut whole = theirs.to_sec1_point(false).as_bytes().to_vec();
        assert_eq!(Point::from_bytes(&whole), ours);
        whole[64] ^= 1;
        assert_eq!(Point::from_bytes(&whole), None);
        read += 1;
    }
    assert!(read > 100);
}

#[test]
fn the_edges_of_the_group_are_known() {
    let order: [u8; 32] = super::ORDER;
    let less = |by: u8| {
        let mut number = order;
        number[31] -= by;
        number
    };
    let number = |n: u8| {
        let mut number = [0; 32];
        number[31] = n;
        number
    };
    let generator = super::GENERATOR;
    // G + 0 G, G + G, G + (n − 1) G, G + n G.
    assert_eq!(generator.plus_generator_times(&number(0)), Some(generator));
    assert_eq!(ours(&generator.to_bytes(), &number(1)), reference(&generator.to_bytes(), &number(1)));
    assert_eq!(generator.plus_generator_times(&less(1)), None);
    assert_eq!(generator.plus_generator_times(&order), None);
    // −2 G + 3 G: on the way through the table the sum passes no point at infinity, but ends where it began.
    let minus_two = generator.plus_generator_times(&less(3)).unwrap();
    assert_eq!(minus_two.plus_generator_times(&number(3)), Some(generator));
    assert_eq!(minus_two.plus_generator_times(&number(2)), None);
}

#[test]
fn no_coordinate_at_or_above_the_prime_is_taken() {
    // p + 1 would be another name of x = 1, which is on the curve.
    let prime_and_one = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30";
    let mut point = vec![2];
    point.extend((0..32).map(|at| u8::from_str_radix(&prime_and_one[2 * at..2 * at + 2], 16).unwrap()));
    assert_eq!(Point::from_bytes(&point), None);
    point[1..].fill(0);
    point[32] = 1;
    assert!(Point::from_bytes(&point).is_some());
}
