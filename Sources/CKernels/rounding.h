// SPDX-License-Identifier: Apache-2.0
// The roundings of a vector. Each says when it equals Formats/Rounder.swift.

/// Fields of a rounding as vectors.
typedef struct {
  I anchorDistance;
  V smallestNormal, largest, infinityScale, infinityUnscale;
} NAME(anchoring);

INLINE NAME(anchoring) NAME(anchor)(const ck_rounding *r) {
  NAME(anchoring) a;
  a.anchorDistance = (I)(INTEGER)((INTEGER)r->anchorDistance << FRACTION_BITS);
  a.smallestNormal = (V)((I)(V)(REAL)r->smallestNormal | HALF);
  a.largest = (V)(REAL)r->largest[0];
  // 2^k times the number after the largest binade is infinite, and 2^k times any number of the format is not.
  INTEGER top = ((union { REAL x; INTEGER i; }){(REAL)r->largest[0]}).i >> FRACTION_BITS;
  const INTEGER bias = ((INTEGER)1 << (CARRIER - 2 - FRACTION_BITS)) - 1;
  a.infinityScale = (V)(I)(INTEGER)((3 * bias - top) << FRACTION_BITS);
  a.infinityUnscale = (V)(I)(INTEGER)((top - bias) << FRACTION_BITS);
  return a;
}

/// t rounded to p bits in the processor's rounding mode (nearest even or one of the directed ones).
///
/// m = ±1.5 · 2^(e + P − p), with t's sign, e = ⌊log₂|t|⌋, has its last place at 2^(e − p + 1), where t's p-th bit is, and an even number of
/// them: so t + m is t rounded there, ties to even, plus m, and subtracting m is exact. For p ≤ P − 2, so that t + m stays in m's binade, and
/// e + P − p within the carrier's range. t = 0 gives 0. A zero may lose its sign.
INLINE V NAME(roundLean)(V t, NAME(anchoring) a) {
  V m = (V)((((I)t & (SIGN | EXPONENT)) | HALF) + a.anchorDistance);
  return (t + m) - m;
}

/// The same on a grid that has one spacing below the smallest normal number.
INLINE V NAME(roundGradual)(V t, NAME(anchoring) a) {
  V e = (V)(((I)t & (SIGN | EXPONENT)) | HALF);
  V m = (V)((I)NAME(largerMagnitude)(e, a.smallestNormal) + a.anchorDistance);
  return (t + m) - m;
}

/// roundGradual with clamping to the largest number and signs of zeros. Finite t.
INLINE V NAME(roundSaturating)(V t, NAME(anchoring) a) {
  return NAME(smallerMagnitude)(NAME(roundGradual)(t, a), a.largest, t);
}

/// roundGradual to nearest with infinities and signs of zeros, for formats whose largest number is the last of its binade. Finite t must be small
/// enough for m; infinite t makes an m that is small or NaN; so infinities stay, and NaN.
INLINE V NAME(roundOverflowing)(V t, NAME(anchoring) a) {
  V y = NAME(roundGradual)(t, a);
  y = (V)(((I)y & ~SIGN) | ((I)t & SIGN));
  return (y * a.infinityScale) * a.infinityUnscale;
}

/// Fields of a rounding in any mode as vectors.
typedef struct {
  V smallBelow, smallAnchor, largest[2], overflow[2], infinity[2], flushBelow;
  int32_t mode, shift, randomBits, hasNegativeZero;
} NAME(general);

INLINE NAME(general) NAME(generalFrom)(const ck_rounding *r) {
  NAME(general) g;
  g.smallBelow = (V)(REAL)r->smallBelow, g.smallAnchor = (V)(REAL)r->smallAnchor, g.flushBelow = (V)(REAL)r->flushBelow;
  for (int i = 0; i < 2; i++) {
    g.largest[i] = (V)(REAL)r->largest[i], g.overflow[i] = (V)(REAL)r->overflow[i], g.infinity[i] = (V)(REAL)r->infinity[i];
  }
  g.mode = r->mode, g.shift = r->shift, g.randomBits = r->randomBits, g.hasNegativeZero = r->hasNegativeZero;
  return g;
}

/// t rounded in any mode. The processor rounds towards zero.
///
/// The magnitude becomes an integer b whose last `shift` bits are its fraction in units of the last place kept: the carrier's own bits where
/// the format is normal; where its grid has one spacing, those of |t| + anchor, cut. What was cut there, or is `lost` from t already, stands
/// for a last bit in the modes that need to know of it (rounding to odd). The mode adds its part of the fraction; the rest is cut.
///
/// - random: for each lane the complement of a word of random bits. Stochastic rounding goes up if the word's first bits, as a number, are
///   below the fraction's. `doubt` collects the lanes where they are equal and more of the fraction follows that would have to be compared.
INLINE V NAME(roundGeneral)(V t, I lost, NAME(general) g, I random, I *doubt) {
  I sign = (I)t & SIGN, bits = (I)t & MAGNITUDE;
  V magnitude = (V)bits;
  I isSmall = magnitude < g.smallBelow;
  V raised = magnitude + g.smallAnchor;
  lost |= isSmall & ((raised - g.smallAnchor) != magnitude);
  I b = isSmall ? (I)raised : bits;

  const INTEGER one = (INTEGER)1 << g.shift;
  const I fraction = (I)(INTEGER)(one - 1);
  switch (g.mode) {
  case CK_NEAREST_EVEN: {
    I odd = (b >> g.shift) & 1;
    b = (b | (lost & 1)) + (INTEGER)(one / 2 - 1) + odd;
    break;
  }
  case CK_NEAREST_AWAY: b += (INTEGER)(one / 2); break;
  case CK_NEAREST_ZERO: b = (b | (lost & 1)) + (INTEGER)(one / 2 - 1); break;
  case CK_UP: b = (b | (lost & 1)) + (sign == 0 ? fraction : (I)(INTEGER)0); break;
  case CK_DOWN: b = (b | (lost & 1)) + (sign != 0 ? fraction : (I)(INTEGER)0); break;
  case CK_TO_ODD: b |= ((b & fraction) | (lost & 1)) != 0 ? (I)one : (I)(INTEGER)0; break;
  case CK_STOCHASTIC: {
    int n = g.randomBits == 0 || g.randomBits > 32 ? 32 : g.randomBits;
    const int isOpen = g.shift < n || g.randomBits == 0;
    n = g.shift < n ? g.shift : n;
    I complement = NAME(leading)(random, n);
    if (isOpen) {
      I rest = (b & (INTEGER)(((INTEGER)1 << (g.shift - n)) - 1)) | (lost & 1);
      *doubt |= (((b & fraction) >> (g.shift - n)) + complement == (INTEGER)(((INTEGER)1 << n) - 1)) & (rest != 0);
    }
    b += complement << (g.shift - n);
    break;
  }
  default: break;
  }
  b &= ~fraction;
  V y = isSmall ? (V)b - g.smallAnchor : (V)b;

  y = y < g.flushBelow ? (V)(REAL)0 : y;
  I over = y > (sign != 0 ? g.largest[1] : g.largest[0]);
  I zero = (I)y == 0;
  I result = (I)y | (g.hasNegativeZero ? sign : (zero ? (I)(INTEGER)0 : sign));
  result = over ? (sign != 0 ? (I)g.overflow[1] : (I)g.overflow[0]) : result;
  result = bits == EXPONENT ? (sign != 0 ? (I)g.infinity[1] : (I)g.infinity[0]) : result;
  return bits > EXPONENT ? t : (V)result;
}

/// Whether a lane of a mask is set.
INLINE int32_t NAME(any)(I mask) { return __builtin_reduce_or(mask) != 0; }
