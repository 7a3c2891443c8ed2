// SPDX-License-Identifier: Apache-2.0
// Rounding of arrays.

/// The vector at y, past the caches where `streams`: what is larger than they are need not displace what is in them.
INLINE void NAME(put)(REAL *y, V x, int32_t streams) {
  if (streams) {
    __builtin_nontemporal_store(x, (V *)y);
  } else {
    NAME(store)(y, x);
  }
}

/// Elements before the first vector at an aligned address.
INLINE size_t NAME(head)(const REAL *y, size_t n) {
  size_t off = ((uintptr_t)y % CK_BYTES) / sizeof(REAL), head = off == 0 ? 0 : WIDTH - off;
  return head < n ? head : n;
}

/// Magnitudes are rounded, so the mode is symmetric. What exceeds the largest number becomes infinite, or NaN where there is no infinity,
/// or is clamped; NaN compares as exceeding, and a sum or minimum with it is NaN. The anchor of magnitudes far beyond the range
/// is meaningless, but never brings them back into it.
INLINE V NAME(roundMagnitude)(V x, NAME(anchoring) a, V beyond, int saturates) {
  V t = (V)((I)x & MAGNITUDE);
  V y = NAME(roundGradual)(t, a);
  V end = saturates ? (a.largest < t ? a.largest : t) : t + beyond;
  y = !(y <= a.largest) ? end : y;
  return (V)((I)y | ((I)x & SIGN));
}

INLINE void NAME(roundNearestLoop)(const REAL *x, REAL *y, size_t n, const ck_rounding *r, int32_t streams, int saturates) {
  NAME(anchoring) a = NAME(anchor)(r);
  V beyond = (V)(REAL)r->overflow[0];
  size_t i = 0;
  REAL in[WIDTH] = {0}, out[WIDTH];
  // (Numbers may lie across the places of numbers; vectors past the caches may not.)
  if ((uintptr_t)y % sizeof(REAL) != 0) streams = 0;
  size_t head = streams ? NAME(head)(y, n) : 0;
  if (head > 0) {
    for (; i < head; i++) in[i] = x[i];
    NAME(store)(out, NAME(roundMagnitude)(NAME(load)(in), a, beyond, saturates));
    for (size_t j = 0; j < head; j++) y[j] = out[j];
  }
  for (; i + WIDTH <= n; i += WIDTH) NAME(put)(y + i, NAME(roundMagnitude)(NAME(load)(x + i), a, beyond, saturates), streams);
  if (i < n) {
    for (size_t j = 0; i + j < n; j++) in[j] = x[i + j];
    NAME(store)(out, NAME(roundMagnitude)(NAME(load)(in), a, beyond, saturates));
    for (size_t j = 0; i + j < n; j++) y[i + j] = out[j];
  }
}

static void NAME(roundNearest)(const void *x, void *y, size_t n, const ck_rounding *r, int32_t streams) {
  if (r->saturates) {
    NAME(roundNearestLoop)((const REAL *)x, (REAL *)y, n, r, streams, 1);
  } else {
    NAME(roundNearestLoop)((const REAL *)x, (REAL *)y, n, r, streams, 0);
  }
}

/// Elements whose random bits are made at once, to lie in the nearest cache.
#define RUN 1024

/// n random bits as a number, in units of 2^-NOISE_EXPONENT(n).
#if CK_IS_AVX512 && CARRIER == 32
#define NOISE_EXPONENT(n) 32
INLINE V NAME(noise)(I words, int32_t n) {
  return __builtin_convertvector((NAME(words))words & (uint32_t)(-1 << (32 - n)), V);
}
#else
#define NOISE_EXPONENT(n) (n)
INLINE V NAME(noise)(I words, int32_t n) { return __builtin_convertvector(NAME(leading)(words, n), V); }
#endif

/// Magnitudes with n random bits added below their last place, then cut; both additions are cut too, which does not change where the sum
/// comes to lie. A last place has to be 2^32 times a normal number at least. Ends of the range as in roundMagnitude.
INLINE V NAME(roundDithered)(V x, NAME(anchoring) a, V beyond, int saturates, I complement, int32_t n) {
  V t = (V)((I)x & MAGNITUDE);
  I e = (I)x & EXPONENT, least = (I)a.smallestNormal & EXPONENT;
  e = (e > least ? e : least) + a.anchorDistance;
  V anchor = (V)e, unit = (V)(e - (INTEGER)((INTEGER)(FRACTION_BITS + NOISE_EXPONENT(n)) << FRACTION_BITS));
#if CK_HAS_FMA
  V z = __builtin_elementwise_fma(NAME(noise)(complement, n), unit, t);
#else
  V z = t + NAME(noise)(complement, n) * unit;
#endif
  V y = (z + anchor) - anchor;
  V end = saturates ? (a.largest < t ? a.largest : t) : t + beyond;
  y = !(y <= a.largest) ? end : y;
  return (V)((I)y | ((I)x & SIGN));
}

/// One of the two loops below, the processor rounding towards zero.
INLINE int32_t NAME(roundRuns)(
  const REAL *x, REAL *y, size_t n, const ck_rounding *r, ck_key key, uint64_t first, int32_t streams, const int isGeneral, const int saturates) {
  const NAME(general) g = NAME(generalFrom)(r);
  const NAME(anchoring) a = NAME(anchor)(r);
  const V beyond = (V)(REAL)r->overflow[0];
  const int isStochastic = !isGeneral || r->mode == CK_STOCHASTIC;
  I doubt = 0;
  uint32_t words[RUN] __attribute__((aligned(CK_BYTES)));
  const int32_t n0 = r->randomBits;
  for (size_t start = 0; start < n;) {
    size_t offset = (first + start) % RUN, count = n - start < RUN - offset ? n - start : RUN - offset;
    if (isStochastic) CK_NAME(draws)(key, (first + start - offset) / 4, RUN, words);
    // Runs at the ends are copied to and from whole vectors.
    const int isWhole = count == RUN;
    REAL copy[RUN];
    for (size_t j = 0; !isWhole && j < RUN; j++) copy[j] = j < offset || j >= offset + count ? 0 : x[start + j - offset];
    const REAL *from = isWhole ? x + start : copy;
    REAL *to = isWhole ? y + start : copy;
    for (int i = 0; i < RUN; i += WIDTH) {
      V z = NAME(load)(from + i);
      I random = NAME(widened)(words + i);
      z = isGeneral ? NAME(roundGeneral)(z, (I)(INTEGER)0, g, random, &doubt) : NAME(roundDithered)(z, a, beyond, saturates, random, n0);
      NAME(put)(to + i, z, streams && isWhole);
    }
    for (size_t j = 0; !isWhole && j < count; j++) y[start + j] = copy[offset + j];
    start += count;
  }
  return NAME(any)(doubt);
}

static __attribute__((noinline)) int32_t NAME(roundGeneralRuns)(
  const REAL *x, REAL *y, size_t n, const ck_rounding *r, ck_key key, uint64_t first, int32_t streams) {
  return NAME(roundRuns)(x, y, n, r, key, first, streams, 1, 0);
}

static __attribute__((noinline)) int32_t NAME(roundDitheredRuns)(
  const REAL *x, REAL *y, size_t n, const ck_rounding *r, ck_key key, uint64_t first, int32_t streams) {
  return r->saturates ? NAME(roundRuns)(x, y, n, r, key, first, streams, 0, 1) : NAME(roundRuns)(x, y, n, r, key, first, streams, 0, 0);
}

static int32_t NAME(roundWith)(
  int32_t (*loop)(const REAL *, REAL *, size_t, const ck_rounding *, ck_key, uint64_t, int32_t), const REAL *x, REAL *y, size_t n,
  const ck_rounding *r, ck_key key, uint64_t first, int32_t streams) {
  int before = ck_set_rounding(CK_TOWARD_ZERO);
  // Only aligned vectors can go past the caches: those of whole runs, if the first is.
  size_t head = (RUN - first % RUN) % RUN;
  if ((uintptr_t)(y + head) % CK_BYTES != 0) streams = 0;
  int32_t doubt = loop(x, y, n, r, key, first, streams);
  ck_restore_rounding(before);
  return doubt;
}

static int32_t NAME(round)(const void *x, void *y, size_t n, const ck_rounding *r, ck_key key, uint64_t first, int32_t streams) {
  return NAME(roundWith)(NAME(roundGeneralRuns), (const REAL *)x, (REAL *)y, n, r, key, first, streams);
}

static void NAME(dither)(const void *x, void *y, size_t n, const ck_rounding *r, ck_key key, uint64_t first, int32_t streams) {
  NAME(roundWith)(NAME(roundDitheredRuns), (const REAL *)x, (REAL *)y, n, r, key, first, streams);
}
