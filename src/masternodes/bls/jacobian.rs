//! A point in Jacobian form, which is doubled and added to without a division: (X, Y, Z) stands for X/Z², Y/Z³.
//!
//! As in `affine.rs` any points of the curve are added rightly, and nothing takes constant time.

use super::affine::{INFINITY, Point};
use super::field::Fp;

/// A point, infinity if `z` is zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jacobian {
    x: Fp,
    y: Fp,
    z: Fp,
}

impl Jacobian {
    pub const INFINITY: Self = Self { x: Fp::ONE, y: Fp::ONE, z: Fp::ZERO };

    fn new(point: Point) -> Self {
        if point == INFINITY { Self::INFINITY } else { Self { x: point.x, y: point.y, z: Fp::ONE } }
    }

    /// Twice the point, infinity for infinity and for a point of order two, whose Z becomes zero.
    pub fn double(self) -> Self {
        let y_square = self.y.square();
        let x_y_square = self.x.mul(y_square);
        let four = twice(twice(x_y_square));
        let x_square = self.x.square();
        let slope = twice(x_square).add(x_square);
        let x = slope.square().sub(twice(four));
        let eight = twice(twice(twice(y_square.square())));
        Self { x, y: slope.mul(four.sub(x)).sub(eight), z: twice(self.y.mul(self.z)) }
    }

    /// The sum with a point in affine form.
    pub fn add(self, other: Point) -> Self {
        if other == INFINITY {
            return self;
        }
        if self.z == Fp::ZERO {
            return Self::new(other);
        }
        let z_square = self.z.square();
        let run = other.x.mul(z_square).sub(self.x);
        let rise = other.y.mul(z_square.mul(self.z)).sub(self.y);
        if run == Fp::ZERO {
            // The same point, or its negative.
            return if rise == Fp::ZERO { self.double() } else { Self::INFINITY };
        }
        let run_square = run.square();
        let run_cube = run_square.mul(run);
        let x_run = self.x.mul(run_square);
        let x = rise.square().sub(run_cube).sub(twice(x_run));
        let y = rise.mul(x_run.sub(x)).sub(self.y.mul(run_cube));
        Self { x, y, z: self.z.mul(run) }
    }

    pub fn to_affine(self) -> Point {
        if self.z == Fp::ZERO {
            return INFINITY;
        }
        let inverse = self.z.invert();
        let square = inverse.square();
        Point { x: self.x.mul(square), y: self.y.mul(square.mul(inverse)) }
    }
}

fn twice(value: Fp) -> Fp {
    value.add(value)
}
