//! Points in affine form, many added at once: an addition takes six multiplications and a division, and all of them
//! share one division.
//!
//! Any points of the curve are added rightly: equal ones, those that cancel, infinity, and points outside the subgroup.
//! They are public: nothing takes constant time. Beside its input an addition takes some 500 bytes while it runs.

use super::field::Fp;
use blst::blst_p1_affine;
use blst::min_pk::PublicKey;

/// A point, with (0, 0), which is not on the curve, for infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Point {
    pub x: Fp,
    pub y: Fp,
}

pub(super) const INFINITY: Point = Point { x: Fp::ZERO, y: Fp::ZERO };

impl Point {
    pub fn new(key: &PublicKey) -> Self {
        let point = blst_p1_affine::from(*key);
        Self { x: Fp::from_blst(&point.x), y: Fp::from_blst(&point.y) }
    }

    pub fn key(self) -> PublicKey {
        blst_p1_affine { x: self.x.to_blst(), y: self.y.to_blst() }.into()
    }

    pub fn neg(self) -> Self {
        Self { y: self.y.neg(), ..self }
    }
}

/// The sum of each list, all of them halved side by side.
pub(super) fn sum_each(mut lists: Vec<Vec<Point>>) -> Vec<Point> {
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
pub(super) fn add_each(pairs: &[(Point, Point)]) -> Vec<Point> {
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
