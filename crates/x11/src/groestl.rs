//! Grøstl-512 of 64 bytes, sliced: a byte of a vector is a column of the state, its bits the messages, and there is a
//! vector for every bit of every row. ShiftBytes turns vectors, and the rest is the same for all columns.

use crate::Hashes;
use crate::aes::{AFFINE, Slices, constant, slice, sub_bytes, times_x, turn};
use crate::vector::V128;

const ROUNDS: u8 = 14;

/// A state: eight rows of as many bits.
type State = [Slices; 8];

/// All messages' bit in column 8: the padding's first byte is in row 0 of it.
const COLUMN_8: V128 = V128::new(0, 0xff);
/// The same in column 15. Its row 6 holds the initial state's only bit, its row 7 the number of blocks.
const COLUMN_15: V128 = V128::new(0, 0xff << 56);

/// Bits 4 to 7 of what is added to a row: the number of the column.
const COLUMN: [V128; 4] = {
    let slices = constant([
        0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0,
    ]);
    [slices[4], slices[5], slices[6], slices[7]]
};

/// What MixBytes, whose coefficients have the sum 3, makes of the S-box's constant.
const MIXED_AFFINE: u8 = AFFINE ^ (AFFINE << 1);

/// The hashes of eight messages.
#[inline(never)]
pub(crate) fn groestl(hashes: &mut Hashes) {
    let mut q = absorb(hashes);
    let mut p = q;
    // The initial state.
    p[6][1] ^= COLUMN_15;
    permute::<false>(&mut p);
    for slices in &mut q {
        for slice in slices {
            *slice = !*slice;
        }
    }
    permute::<true>(&mut q);
    for (p, q) in p.iter_mut().flatten().zip(q.iter().flatten()) {
        *p = !(*p ^ *q);
    }
    p[6][1] ^= COLUMN_15;
    let chained = p;
    permute::<false>(&mut p);
    squeeze(&p, &chained, hashes);
}

/// The padded messages.
#[inline(never)]
fn absorb(hashes: &Hashes) -> State {
    // Two rows of eight columns each in every vector.
    let mut rows = [[V128::ZERO; 8]; 4];
    for (message, hash) in hashes.iter().enumerate() {
        for (row, bytes) in rows.iter_mut().zip(turn(turn(turn(*hash)))) {
            row[message] = bytes;
        }
    }
    let mut state = [[V128::ZERO; 8]; 8];
    for (two, rows) in state.as_chunks_mut::<2>().0.iter_mut().zip(&mut rows) {
        slice(rows);
        for bit in 0..8 {
            two[0][bit] = rows[bit].zip64_low(V128::ZERO);
            two[1][bit] = rows[bit].zip64_high(V128::ZERO);
        }
    }
    state[0][7] ^= COLUMN_8;
    state[7][0] ^= COLUMN_15;
    state
}

/// The last eight columns of both together, as messages.
#[inline(never)]
fn squeeze(p: &State, chained: &State, hashes: &mut Hashes) {
    let mut rows = [[V128::ZERO; 8]; 4];
    for (row, at) in rows.iter_mut().zip([0, 2, 4, 6]) {
        for bit in 0..8 {
            let [first, second] = [at, at + 1].map(|row| p[row][bit] ^ chained[row][bit]);
            row[bit] = first.zip64_high(second);
        }
        slice(row);
    }
    for (message, hash) in hashes.iter_mut().enumerate() {
        *hash = turn(turn(turn(rows.map(|row| row[message]))));
    }
}

/// Permutation P, or Q of a state that is given and returned with all bits inverted.
#[inline(never)]
fn permute<const Q: bool>(state: &mut State) {
    let mut sums = [[[V128::ZERO; 8]; 8]; 2];
    for round in 0..ROUNDS {
        add_round::<Q>(state, round);
        for row in &mut *state {
            sub_bytes(row);
        }
        mix::<Q>(state, &mut sums);
    }
}

/// Adds the round's number and the columns' to one row. That Q inverts everything before the S-boxes is left to
/// whoever made the state.
#[inline(always)]
fn add_round<const Q: bool>(state: &mut State, round: u8) {
    let row = &mut state[if Q { 7 } else { 0 }];
    for bit in 0..4 {
        row[bit] ^= V128::splat64(0u64.wrapping_sub(u64::from(round >> bit & 1)));
        row[bit + 4] ^= COLUMN[bit];
    }
}

/// ShiftBytes and MixBytes, the constants of the S-boxes before, and for Q the inversion.
///
/// With sums of neighbours `t[i] = a[i] + a[i + 1]`, `x[i] = t[i] + t[i + 3]` and `y[i] = t[i] + t[i + 2] + a[i + 6]`, row
/// `i` becomes `2·(2·x[i + 3] + y[i + 7]) + y[i + 4]`. What the sums were before does not matter: to make
/// new ones each time would clear them, which takes a tenth of the whole function.
#[inline(never)]
fn mix<const Q: bool>(state: &mut State, [x, y]: &mut [State; 2]) {
    for bit in 0..8 {
        let a = shifted::<Q>(state, bit);
        let t: [V128; 8] = core::array::from_fn(|i| a[i] ^ a[(i + 1) % 8]);
        for i in 0..8 {
            x[i][bit] = t[i] ^ t[(i + 3) % 8];
            y[i][bit] = t[i] ^ t[(i + 2) % 8] ^ a[(i + 6) % 8];
        }
    }
    for (i, row) in state.iter_mut().enumerate() {
        let (x, inner, outer) = (&x[(i + 3) % 8], &y[(i + 7) % 8], &y[(i + 4) % 8]);
        let sums: Slices =
            core::array::from_fn(|bit| times_x(bit, x[bit.wrapping_sub(1) & 7], x[7]) ^ inner[bit]);
        let mixed: Slices =
            core::array::from_fn(|bit| times_x(bit, sums[bit.wrapping_sub(1) & 7], sums[7]) ^ outer[bit]);
        let added = if Q { !MIXED_AFFINE } else { MIXED_AFFINE };
        *row = core::array::from_fn(|bit| if added >> bit & 1 == 1 { !mixed[bit] } else { mixed[bit] });
    }
}

/// One bit of all rows after ShiftBytes.
#[inline(always)]
fn shifted<const Q: bool>(state: &State, bit: usize) -> [V128; 8] {
    let a: [V128; 8] = core::array::from_fn(|row| state[row][bit]);
    if Q {
        [
            a[0].then::<1>(a[0]),
            a[1].then::<3>(a[1]),
            a[2].then::<5>(a[2]),
            a[3].then::<11>(a[3]),
            a[4],
            a[5].then::<2>(a[5]),
            a[6].then::<4>(a[6]),
            a[7].then::<6>(a[7]),
        ]
    } else {
        [
            a[0],
            a[1].then::<1>(a[1]),
            a[2].then::<2>(a[2]),
            a[3].then::<3>(a[3]),
            a[4].then::<4>(a[4]),
            a[5].then::<5>(a[5]),
            a[6].then::<6>(a[6]),
            a[7].then::<11>(a[7]),
        ]
    }
}
