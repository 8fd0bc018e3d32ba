/*
 * What clang is told of blst's C before it compiles it for WebAssembly, which has no assembler (.cargo/config.toml).
 *
 * blst has one Montgomery multiplication for numbers of any length. Left alone, clang calls it with the length as an
 * argument, and its loops count to what they do not know: that takes 1.4 times as long. Declared like this before it is
 * defined, it goes into the functions that multiply numbers of a known length, and those go nowhere else, so that the
 * module grows by 1.5 kB, compressed. No arithmetic is changed. Declarations that match nothing do nothing.
 */
#ifdef __BLST_NO_ASM__
static inline __attribute__((always_inline)) void
mul_mont_n(unsigned ret[], const unsigned a[], const unsigned b[], const unsigned p[], unsigned n0, __SIZE_TYPE__ n);

__attribute__((noinline)) void
mul_mont_384(unsigned ret[12], const unsigned a[12], const unsigned b[12], const unsigned p[12], unsigned n0);
__attribute__((noinline)) void
sqr_mont_384(unsigned ret[12], const unsigned a[12], const unsigned p[12], unsigned n0);
__attribute__((noinline)) void
mul_mont_384x(unsigned ret[2][12], const unsigned a[2][12], const unsigned b[2][12], const unsigned p[12], unsigned n0);
__attribute__((noinline)) void
sqr_mont_384x(unsigned ret[2][12], const unsigned a[2][12], const unsigned p[12], unsigned n0);
#endif
