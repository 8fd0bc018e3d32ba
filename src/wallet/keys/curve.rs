//! The curve secp256k1 (SEC 2) as far as public keys need it: reading and writing points, and adding multiples of the
//! generator.
//!
//! All of this is public, so nothing here takes care to take the same time for all values: this must not be used with
//! private keys. Coordinates are kept below the field's prime, which makes equal ones equal in memory.
//!
//! - `field.rs` computes modulo that prime.

mod field;

use field::Element;
use std::sync::OnceLock;

/// The generator (SEC 2).
const GENERATOR: Point = Point {
    x: Element::from_words([
        0x16f8_1798,
        0x59f2_815b,
        0x2dce_28d9,
        0x029b_fcdb,
        0xce87_0b07,
        0x55a0_6295,
        0xf9dc_bbac,
        0x79be_667e,
    ]),
    y: Element::from_words([
        0xfb10_d4b8,
        0x9c47_d08f,
        0xa685_5419,
        0xfd17_b448,
        0x0e11_08a8,
        0x5da4_fbfc,
        0x26a3_c465,
        0x483a_da77,
    ]),
};

/// How many points there are with the one at infinity (SEC 2), big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// A point of the curve y² = x³ + 7 other than the one at infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    x: Element,
    y: Element,
}

impl Point {
    /// Reads a compressed point of 33 bytes or an uncompressed one of 65 (SEC 1); none if it is not on the curve.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (form, rest) = bytes.split_first()?;
        let (x, rest) = rest.split_first_chunk()?;
        let x = Element::from_bytes(x)?;
        let square = x.square() * x + Element::from_words([7, 0, 0, 0, 0, 0, 0, 0]);
        match (form, rest) {
            (2 | 3, []) => {
                let root = square.square_root()?;
                let is_odd = *form == 3;
                Some(Self { x, y: if root.is_odd() == is_odd { root } else { Element::ZERO - root } })
            }
            (4, rest) => {
                let y = Element::from_bytes(rest.try_into().ok()?)?;
                (y.square() == square).then_some(Self { x, y })
            }
            _ => None,
        }
    }

    /// The compressed form (SEC 1).
    pub fn to_bytes(self) -> [u8; 33] {
        let mut bytes = [0; 33];
        bytes[0] = if self.y.is_odd() { 3 } else { 2 };
        bytes[1..].copy_from_slice(&self.x.to_bytes());
        bytes
    }

    /// This point and a multiple of the generator. None if the big-endian factor is not below the curve's order, or if
    /// the sum is the point at infinity.
    pub fn plus_generator_times(self, factor: &[u8; 32]) -> Option<Self> {
        if *factor >= ORDER {
            return None;
        }
        let digits = factor.iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
        let mut sum = Jacobian::from(self);
        for (row, digit) in multiples().iter().zip(digits) {
            if let Some(at) = usize::from(digit).checked_sub(1) {
                sum = sum.plus(row[at]);
            }
        }
        sum.to_point()
    }
}

/// Row n has the generator times 16ⁿ, times 1 to 15. So that a multiple of it is a sum of one in each row.
fn multiples() -> &'static [[Point; 15]] {
    static MULTIPLES: OnceLock<Vec<[Point; 15]>> = OnceLock::new();
    MULTIPLES.get_or_init(|| {
        let mut rows = Vec::with_capacity(64);
        let mut first = GENERATOR;
        for _ in 0..64 {
            let mut sums = [Jacobian::from(first); 16];
            for at in 1..16 {
                sums[at] = sums[at - 1].plus(first);
            }
            let [row @ .., next] = to_points(&sums);
            rows.push(row);
            first = next;
        }
        rows
    })
}

/// A point as x/z², y/z³, which spares divisions; z is zero for the one at infinity.
#[derive(Clone, Copy)]
struct Jacobian {
    x: Element,
    y: Element,
    z: Element,
}

impl From<Point> for Jacobian {
    fn from(Point { x, y }: Point) -> Self {
        Self { x, y, z: Element::ONE }
    }
}

impl Jacobian {
    /// The sum with a point. The formulas are those of every textbook for curves y² = x³ + b.
    fn plus(self, other: Point) -> Self {
        if self.z == Element::ZERO {
            return Self::from(other);
        }
        let zz = self.z.square();
        let across = other.x * zz - self.x;
        let up = other.y * zz * self.z - self.y;
        if across == Element::ZERO {
            // The same point, or its opposite.
            return if up == Element::ZERO { self.doubled() } else { Self { z: Element::ZERO, ..self } };
        }
        let square = across.square();
        let cube = square * across;
        let v = self.x * square;
        let x = up.square() - cube - v - v;
        Self { x, y: up * (v - x) - self.y * cube, z: self.z * across }
    }

    /// Twice the point. There is none whose y is zero.
    fn doubled(self) -> Self {
        let twice = |element: Element| element + element;
        let xx = self.x.square();
        let yy = self.y.square();
        let s = twice(twice(self.x * yy));
        let slope = twice(xx) + xx;
        let x = slope.square() - s - s;
        Self { x, y: slope * (s - x) - twice(twice(twice(yy.square()))), z: twice(self.y * self.z) }
    }

    /// Divided by a power of z, given 1/z.
    fn over(self, inverse: Element) -> Point {
        let square = inverse.square();
        Point { x: self.x * square, y: self.y * square * inverse }
    }

    fn to_point(self) -> Option<Point> {
        (self.z != Element::ZERO).then(|| self.over(self.z.inverse()))
    }
}

/// Points none of which is at infinity, by one division: of the product of all z, from which each one's inverse follows.
fn to_points(points: &[Jacobian; 16]) -> [Point; 16] {
    let mut products = [Element::ONE; 17];
    for (at, point) in points.iter().enumerate() {
        products[at + 1] = products[at] * point.z;
    }
    let mut inverse = products[16].inverse();
    let mut done = [GENERATOR; 16];
    for at in (0..16).rev() {
        done[at] = points[at].over(inverse * products[at]);
        inverse = inverse * points[at].z;
    }
    done
}

#[cfg(test)]
mod tests;
