// SPDX-License-Identifier: Apache-2.0
// Vectors of one carrier and one instruction set, included once for each. NAME(x) is x's name there.

#define NAME(x) CK_PASTE(x, CARRIER, CK_SET)

#define INLINE static inline __attribute__((always_inline))
#define WIDTH (CK_BYTES / (CARRIER / 8))

#if CARRIER == 32
#define REAL float
#define INTEGER int32_t
#define FRACTION_BITS 23
#else
#define REAL double
#define INTEGER int64_t
#define FRACTION_BITS 52
#endif

typedef REAL NAME(reals) __attribute__((ext_vector_type(WIDTH)));
typedef INTEGER NAME(integers) __attribute__((ext_vector_type(WIDTH)));
typedef uint32_t NAME(words) __attribute__((ext_vector_type(WIDTH)));
typedef REAL NAME(unaligned) __attribute__((ext_vector_type(WIDTH), aligned(CARRIER / 8)));
#define V NAME(reals)
#define I NAME(integers)

#define SIGN ((I)(INTEGER)((INTEGER)1 << (CARRIER - 1)))
#define MAGNITUDE (~SIGN)
#define EXPONENT ((I)(INTEGER)((((INTEGER)1 << (CARRIER - 1 - FRACTION_BITS)) - 1) << FRACTION_BITS))
#define HALF ((I)(INTEGER)((INTEGER)1 << (FRACTION_BITS - 1)))

INLINE V NAME(load)(const REAL *p) { return *(const NAME(unaligned) *)p; }
INLINE void NAME(store)(REAL *p, V x) { *(NAME(unaligned) *)p = x; }

/// 32-bit words as integers of the carrier's width, zeros above.
INLINE I NAME(widened)(const uint32_t *p) {
  typedef uint32_t unalignedWords __attribute__((ext_vector_type(WIDTH), aligned(4)));
  NAME(words) w = *(const unalignedWords *)p;
  return __builtin_convertvector(w, I);
}

/// The first n of the 32 random bits in each lane, as a number.
INLINE I NAME(leading)(I words, int32_t n) {
#if CARRIER == 32
  return (I)((NAME(words))words >> (uint32_t)(32 - n));
#else
  return words >> (32 - n);
#endif
}

/// x·y + s, where x·y has no more bits than the carrier or there is an instruction that rounds once.
INLINE V NAME(multiplyAdd)(V x, V y, V s) {
#if CK_HAS_FMA
  return __builtin_elementwise_fma(x, y, s);
#else
  return x * y + s;
#endif
}

/// The larger magnitude, with e's sign.
INLINE V NAME(largerMagnitude)(V e, V least) {
#if CK_IS_AVX512 && CARRIER == 32
  return (V)_mm512_range_ps((__m512)e, (__m512)least, 3);
#elif CK_IS_AVX512
  return (V)_mm512_range_pd((__m512d)e, (__m512d)least, 3);
#else
  I magnitude = (I)e & MAGNITUDE, floor = (I)least;
  return (V)((magnitude > floor ? magnitude : floor) | ((I)e & SIGN));
#endif
}

/// The smaller magnitude, with the sign of t. No NaN.
INLINE V NAME(smallerMagnitude)(V y, V most, V t) {
#if CK_IS_AVX512
  V end = (V)(((I)t & SIGN) | (I)most);
#if CARRIER == 32
  return (V)_mm512_range_ps((__m512)end, (__m512)y, 2);
#else
  return (V)_mm512_range_pd((__m512d)end, (__m512d)y, 2);
#endif
#else
  I magnitude = (I)y & MAGNITUDE, end = (I)most;
  return (V)((magnitude < end ? magnitude : end) | ((I)t & SIGN));
#endif
}
