//! Weighted sums of many keys, in WebAssembly twice as fast as blst's own.
//!
//! Points are added in affine form, where an addition takes six multiplications and a division, and many additions
//! share one division: all windows of all weights are summed side by side. Per key there is a table of its multiples
//! 1 to 16, and for every five bits of its weight one of them, or its negative, is added to the window's sum.
//!
//! **Bounds.** About 6 kB for each key while it runs. Any points of the curve are summed rightly, also outside the
//! subgroup and when some are equal or cancel. Weights and keys are public: nothing takes constant time.

use super::field::Fp;
use blst::blst_p1_affine;
use blst::min_pk::{AggregatePublicKey, PublicKey};

/// Bytes of a weight, little-endian.
pub(super) const WEIGHT: usize = 32;

/// Bits of a window.
const WINDOW: usize = 5;
/// Windows of a weight, with one for what the recoding carries.
const WINDOWS: usize = (WEIGHT * 8 + WINDOW) / WINDOW;
/// Multiples of a key in its table.
const MULTIPLES: usize = 1 << (WINDOW - 1);

/// A point, with (0, 0), which is not on the curve, for infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    x: Fp,
    y: Fp,
}

const INFINITY: Point = Point { x: Fp::ZERO, y: Fp::ZERO };

impl Point {
    fn new(key: &PublicKey) -> Self {
        let point = blst_p1_affine::from(*key);
        Self { x: Fp::from_blst(&point.x), y: Fp::from_blst(&point.y) }
    }

    fn key(self) -> PublicKey {
        blst_p1_affine { x: self.x.to_blst(), y: self.y.to_blst() }.into()
    }

    fn neg(self) -> Self {
        Self { y: self.y.neg(), ..self }
    }
}

/// Σ weight · key.
pub(super) fn weighted(keys: &[PublicKey], weights: &[u8]) -> PublicKey {
    let tables = tables(keys);
    let mut windows: Vec<Vec<Point>> = vec![Vec::new(); WINDOWS];
    for (key, weight) in weights.as_chunks::<WEIGHT>().0.iter().enumerate() {
        for (window, digit) in windows.iter_mut().zip(digits(weight)) {
            let Some(place) = usize::from(digit.unsigned_abs()).checked_sub(1) else { continue };
            let multiple = tables[place][key];
            window.push(if digit < 0 { multiple.neg() } else { multiple });
        }
    }
    let sums = sum_each(windows);
    let infinity = PublicKey::from(blst_p1_affine::default());
    let mut total = AggregatePublicKey::from_public_key(&infinity);
    for sum in sums.iter().rev() {
        for _ in 0..WINDOW {
            let doubled = total;
            total.add_aggregate(&doubled);
        }
        if *sum != INFINITY {
            total.add_aggregate(&AggregatePublicKey::from_public_key(&sum.key()));
        }
    }
    total.to_public_key()
}

/// A weight as digits of -15 to 16, the lowest first.
fn digits(weight: &[u8; WEIGHT]) -> [i8; WINDOWS] {
    let bit = |at: usize| weight.get(at / 8).map_or(0, |byte| byte >> (at % 8) & 1);
    let mut carry = 0;
    std::array::from_fn(|window| {
        let digit = (0..WINDOW).fold(carry, |digit, at| digit + ((bit(window * WINDOW + at) as i8) << at));
        carry = i8::from(digit > MULTIPLES as i8);
        digit - carry * (1 << WINDOW)
    })
}

/// The multiples of all keys: the n-th table has n + 1 times each key.
fn tables(keys: &[PublicKey]) -> Vec<Vec<Point>> {
    let mut tables: Vec<Vec<Point>> = vec![keys.iter().map(Point::new).collect()];
    while tables.len() < MULTIPLES {
        let highest = &tables[tables.len() - 1];
        let pairs: Vec<(Point, Point)> =
            tables.iter().flat_map(|table| highest.iter().copied().zip(table.iter().copied())).collect();
        let sums = add_each(&pairs);
        tables.extend(sums.chunks(keys.len()).map(<[Point]>::to_vec));
    }
    tables
}

/// The sum of each list, all of them halved side by side.
fn sum_each(mut lists: Vec<Vec<Point>>) -> Vec<Point> {
    while lists.iter().any(|list| list.len() > 1) {
        let pairs: Vec<(Point, Point)> =
            lists.iter().flat_map(|list| list.as_chunks().0).map(|&[a, b]| (a, b)).collect();
        let sums = add_each(&pairs);
        let mut rest = &sums[..];
        for list in &mut lists {
            let (own, others) = rest.split_at(list.len() / 2);
            rest = others;
            let odd = list.as_chunks::<2>().1.to_vec();
            *list = [own, &odd].concat();
        }
    }
    lists.into_iter().map(|list| list.first().copied().unwrap_or(INFINITY)).collect()
}

/// An addition: a result that takes no division, or the slope's numerator and denominator.
enum Step {
    Done(Point),
    Slope(Fp, Fp),
}

fn step(a: Point, b: Point) -> Step {
    if a == INFINITY {
        return Step::Done(b);
    }
    if b == INFINITY {
        return Step::Done(a);
    }
    if a.x != b.x {
        return Step::Slope(b.y.sub(a.y), b.x.sub(a.x));
    }
    // The same point, which is doubled, or its negative.
    if a.y != b.y || a.y == Fp::ZERO {
        return Step::Done(INFINITY);
    }
    let square = a.x.square();
    Step::Slope(square.add(square).add(square), a.y.add(a.y))
}

/// The sum of each pair, with one division for all.
fn add_each(pairs: &[(Point, Point)]) -> Vec<Point> {
    let steps: Vec<Step> = pairs.iter().map(|&(a, b)| step(a, b)).collect();
    let mut product = Fp::ONE;
    let before: Vec<Fp> = steps
        .iter()
        .map(|step| {
            let before = product;
            if let Step::Slope(_, denominator) = step {
                product = product.mul(*denominator);
            }
            before
        })
        .collect();
    let mut inverse = product.invert();
    let mut sums = vec![INFINITY; pairs.len()];
    for (at, step) in steps.iter().enumerate().rev() {
        sums[at] = match *step {
            Step::Done(point) => point,
            Step::Slope(numerator, denominator) => {
                let slope = numerator.mul(inverse.mul(before[at]));
                inverse = inverse.mul(denominator);
                let (a, b) = pairs[at];
                let x = slope.square().sub(a.x).sub(b.x);
                Point { x, y: slope.mul(a.x.sub(x)).sub(a.y) }
            }
        };
    }
    sums
}
