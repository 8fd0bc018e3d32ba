/*
 * What clang is told of blst's C before it compiles it for WebAssembly, which has no assembler (.cargo/config.toml):
 * multiplications in the field of BLS12-381 that take about half the time of blst's portable ones.
 *
 * Why. blst multiplies words of 32 bits, and each product waits for the carry of the one before. Here a limb has 30
 * bits, as in field.rs: 13 products of two limbs fit 64 bits, so that the products of a column are added up without
 * any carry, and only whole columns wait for each other.
 *
 * What. Numbers come and go as blst has them: 12 words, below the modulus p, in Montgomery form with R = 2^384.
 * 13 limbs make R' = 2^390; one factor is therefore shifted by 6 bits, 64ab/R' = ab/R. The result is the one number
 * below p that it has to be: bit for bit blst's. What is reduced is ab/R' + p at most, and p is below R'/512: where ab
 * is below 512p², that is below 2p, and one subtraction of p is enough.
 *
 * How. Each function is an overload of blst's own of the same name, and clang prefers it where the constant n0 is that
 * of p (enable_if): blst's callers are not changed, and its multiplications for other moduli stay as they are. If blst
 * changes the names or types, the overloads match no call and do nothing. Like blst's they take constant time.
 */
#ifdef __BLST_NO_ASM__

#define WORDS 12
#define LIMBS 13
#define LIMB_BITS 30
#define LIMB_MASK 0x3fffffffu
/* The negated inverse of p modulo 2^30. */
#define P_INVERSE 0x3ffcfffdu

#define UNROLL _Pragma("unroll")
#define INLINED static inline __attribute__((always_inline))
/* V8 allocates registers well for one product a function, and badly for more. */
#define OUTLINED static __attribute__((noinline))
#define OVERLOAD static __attribute__((overloadable, noinline))
#define FOR_P __attribute__((enable_if(n0 == 0xfffcfffd, "p")))

typedef unsigned words[WORDS];
typedef unsigned limbs[LIMBS];
typedef unsigned long long column;

static const limbs P = {0x3fffaaab, 0x27fbffff, 0x153ffffb, 0x2affffac, 0x30f6241e, 0x034a83da, 0x112bf673,
                        0x12e13ce1, 0x2cd76477, 0x1ed90d2e, 0x29a4b1ba, 0x3a8e5ff9, 0x001a0111};

/* 2^shift times a number; shift is 7 at most. */
INLINED void split(limbs to, const words from, int shift)
{
    UNROLL
    for (int i = 0; i < LIMBS; i++) {
        int at = i * LIMB_BITS - shift, word = at / 32, bit = at % 32;
        unsigned limb = at < 0 ? from[0] << shift : from[word] >> bit;
        if (bit > 32 - LIMB_BITS && word + 1 < WORDS)
            limb |= from[word + 1] << (32 - bit);
        to[i] = limb & LIMB_MASK;
    }
}

/* A number below 2p, less p if it is not below p. */
INLINED void join(words to, const limbs from)
{
    limbs less;
    int borrow = 0;

    UNROLL
    for (int i = 0; i < LIMBS; i++) {
        borrow += (int)from[i] - (int)P[i];
        less[i] = borrow & LIMB_MASK;
        borrow >>= LIMB_BITS;
    }
    UNROLL
    for (int i = 0; i < LIMBS; i++)
        less[i] ^= (less[i] ^ from[i]) & borrow;
    UNROLL
    for (int i = 0; i < WORDS; i++) {
        int limb = i * 32 / LIMB_BITS, bit = i * 32 % LIMB_BITS;
        to[i] = less[limb] >> bit | less[limb + 1] << (LIMB_BITS - bit);
        if (2 * LIMB_BITS - bit < 32)
            to[i] |= less[limb + 2] << (2 * LIMB_BITS - bit);
    }
}

/* p - a, for a of at most p. */
INLINED void negate(limbs to, const limbs a)
{
    int borrow = 0;

    UNROLL
    for (int i = 0; i < LIMBS; i++) {
        borrow += (int)P[i] - (int)a[i];
        to[i] = borrow & LIMB_MASK;
        borrow >>= LIMB_BITS;
    }
}

/* 2^shift times a + b. */
INLINED void add(limbs to, const limbs a, const limbs b, int shift)
{
    column carry = 0;

    UNROLL
    for (int i = 0; i < LIMBS; i++) {
        carry += (column)(a[i] + b[i]) << shift;
        to[i] = carry & LIMB_MASK;
        carry >>= LIMB_BITS;
    }
}

/*
 * (ab + cd) / R', or ab / R' if not `both`, or a² / R' if `alike`: column by column, with the multiple of p that makes
 * the lower half zero. Each of the three sums of a column holds 13 products at most, and is carried alone.
 */
INLINED void multiply(limbs to, const limbs a, const limbs b, const limbs c, const limbs d, int both, int alike)
{
    limbs q;
    column carry = 0;

    UNROLL
    for (int k = 0; k < 2 * LIMBS - 1; k++) {
        column ab = 0, cd = 0, qp = carry;
        UNROLL
        for (int i = 0; i < LIMBS; i++) {
            int j = k - i;
            if (j < 0 || j >= LIMBS)
                continue;
            if (!alike || i < j)
                ab += (column)a[i] * b[j];
            if (both)
                cd += (column)c[i] * d[j];
            if (i < k || k >= LIMBS)
                qp += (column)q[i] * P[j];
        }
        if (alike)
            ab = 2 * ab + (k % 2 == 0 ? (column)a[k / 2] * a[k / 2] : 0);
        column low = (ab & LIMB_MASK) + (cd & LIMB_MASK) + (qp & LIMB_MASK);
        carry = (ab >> LIMB_BITS) + (cd >> LIMB_BITS) + (qp >> LIMB_BITS);
        if (k < LIMBS) {
            q[k] = (unsigned)low * P_INVERSE & LIMB_MASK;
            low += (column)q[k] * P[0];
        } else {
            to[k - LIMBS] = low & LIMB_MASK;
        }
        carry += low >> LIMB_BITS;
    }
    to[LIMBS - 1] = carry;
}

OUTLINED void product(limbs to, const limbs a, const limbs b)
{   multiply(to, a, b, a, b, 0, 0);   }

OUTLINED void square(limbs to, const limbs a)
{   multiply(to, a, a, a, a, 0, 1);   }

OUTLINED void products(limbs to, const limbs a, const limbs b, const limbs c, const limbs d)
{   multiply(to, a, b, c, d, 1, 0);   }

OVERLOAD void mul_mont_384(words ret, const words a, const words b, const words p, unsigned n0) FOR_P
{
    limbs left, right;

    split(left, a, 6);
    split(right, b, 0);
    product(left, left, right);
    join(ret, left);
}

OVERLOAD void sqr_mont_384(words ret, const words a, const words p, unsigned n0) FOR_P
{
    limbs root;

    split(root, a, 3);
    square(root, root);
    join(ret, root);
}

/* a^(2^count) * b. As 64a is a with R', its squares are reduced without a shift; the first is below 9p, others 2p. */
OVERLOAD void sqr_n_mul_mont_383(words ret, const words a, __SIZE_TYPE__ count, const words p, unsigned n0,
                                 const words b) FOR_P
{
    limbs power, last;

    split(power, a, 6);
    while (count--)
        square(power, power);
    split(last, b, 0);
    product(power, power, last);
    join(ret, power);
}

/* (a0 + a1 i)(b0 + b1 i) = a0 b0 + a1 (p - b1) + (a0 b1 + a1 b0) i. */
OVERLOAD void mul_mont_384x(words ret[2], const words a[2], const words b[2], const words p, unsigned n0) FOR_P
{
    limbs a0, a1, b0, b1, minus_b1, real;

    split(a0, a[0], 6);
    split(a1, a[1], 6);
    split(b0, b[0], 0);
    split(b1, b[1], 0);
    negate(minus_b1, b1);
    products(real, a0, b0, a1, minus_b1);
    products(b1, a0, b1, a1, b0);
    join(ret[0], real);
    join(ret[1], b1);
}

/* (a0 + a1 i)² = (a0 + a1)(a0 + p - a1) + 2 a0 a1 i. */
OVERLOAD void sqr_mont_384x(words ret[2], const words a[2], const words p, unsigned n0) FOR_P
{
    limbs a0, a1, sum, difference, twice_a1;

    split(a0, a[0], 0);
    split(a1, a[1], 0);
    split(twice_a1, a[1], 7);
    add(sum, a0, a1, 6);
    negate(difference, a1);
    add(difference, a0, difference, 0);
    product(sum, sum, difference);
    product(a1, a0, twice_a1);
    join(ret[0], sum);
    join(ret[1], a1);
}

#undef WORDS
#undef LIMBS
#undef LIMB_BITS
#undef LIMB_MASK
#undef P_INVERSE
#undef UNROLL
#undef INLINED
#undef OUTLINED
#undef OVERLOAD
#undef FOR_P
#endif
