// SPDX-License-Identifier: Apache-2.0
// Tiles of sums of products, every sum rounded, in order of the terms.

#define ROWS CK_ROWS
#define VECTORS CK_VECTORS
#define ELEMENTS (ROWS * VECTORS * WIDTH)

/// The state of a tile: the accumulators of each level, and which random bits are at hand.
typedef struct {
  REAL sums[CK_MAX_LEVELS][ELEMENTS] __attribute__((aligned(CK_BYTES)));
  uint32_t sumWords[4 * ELEMENTS], productWords[4 * ELEMENTS];
  /// Draws that the additions have taken, and the blocks of four draws in the two arrays.
  uint64_t additions, sumBlock, productBlock;
  const ck_tile *tile;
  I doubt;
} NAME(state);

/// The words of the next addition.
INLINE const uint32_t *NAME(sumWords)(NAME(state) *s) {
  uint64_t draw = s->additions++;
  if (draw / 4 != s->sumBlock) CK_NAME(blockOfStreams)(s->tile->sumKeys, s->sumBlock = draw / 4, ELEMENTS, s->sumWords);
  return s->sumWords + draw % 4 * ELEMENTS;
}

/// The words of product k.
INLINE const uint32_t *NAME(productWords)(NAME(state) *s, uint64_t k) {
  if (k / 4 != s->productBlock) CK_NAME(blockOfStreams)(s->tile->productKeys, s->productBlock = k / 4, ELEMENTS, s->productWords);
  return s->productWords + k % 4 * ELEMENTS;
}

/// c + sum, rounded towards zero by the processor, and whether that lost bits: z = RZ(t − c) differs from the sum exactly then. (Let
/// t = c + sum − δ, with δ of t's sign and less than its last place. If the sum has t's sign, |sum − δ| < |sum| for δ ≠ 0, and cutting does
/// not bring it back. If not, |t| < |c|, so c and t are multiples of t's last place, t − c is exact, and z = sum − δ.)
INLINE V NAME(cutSum)(V c, V sum, I *lost) {
  V t = c + sum;
  *lost = (t - c) != sum;
  return t;
}

#if CK_IS_AVX512
/// x·y + sum rounded to odd, by the argument of cutSum; the processor rounds to nearest otherwise.
INLINE V NAME(oddSum)(V x, V y, V sum) {
#if CARRIER == 32
#define RZ (_MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)
  V t = (V)_mm512_fmadd_round_ps((__m512)x, (__m512)y, (__m512)sum, RZ);
  V z = (V)_mm512_fnmadd_round_ps((__m512)x, (__m512)y, (__m512)t, RZ);
  __mmask16 lost = _mm512_cmp_ps_mask((__m512)z, (__m512)sum, _CMP_NEQ_OQ);
  return (V)_mm512_mask_or_epi32((__m512i)t, lost, (__m512i)t, _mm512_set1_epi32(1));
#else
  V t = (V)_mm512_fmadd_round_pd((__m512d)x, (__m512d)y, (__m512d)sum, RZ);
  V z = (V)_mm512_fnmadd_round_pd((__m512d)x, (__m512d)y, (__m512d)t, RZ);
  __mmask8 lost = _mm512_cmp_pd_mask((__m512d)z, (__m512d)sum, _CMP_NEQ_OQ);
  return (V)_mm512_mask_or_epi64((__m512i)t, lost, (__m512i)t, _mm512_set1_epi64(1));
#endif
}
#endif

/// Level 0: the sums of terms k0 ..< k1, from zero. Everything but the state is a constant where this is inlined.
INLINE void NAME(accumulate)(NAME(state) *s, int64_t k0, int64_t k1, const ck_kind kind, const ck_product_kind product, const int isBatch) {
  const ck_tile *tile = s->tile;
  const ck_rounding *rounding = &tile->plan->levels[0].rounding;
  const NAME(anchoring) a = NAME(anchor)(rounding), b = NAME(anchor)(&tile->plan->productRounding);
  const NAME(general) g = NAME(generalFrom)(rounding), h = NAME(generalFrom)(&tile->plan->productRounding);
  const int isFixed = kind == CK_FIXED_SATURATING || kind == CK_FIXED_WRAPPING;
  // Fixed point: 1.5 · 2^FRACTION_BITS last places. Both ends of the range are in its binade.
  const V offset = (V)(REAL)(isFixed ? 1.5 * rounding->smallAnchor : 0);
  const V highest = offset + (REAL)rounding->largest[0], lowest = offset - (REAL)rounding->largest[1];
  const INTEGER excess = isFixed ? (INTEGER)(CARRIER - rounding->shift) : 0;
  const I ditherMask = (I)(INTEGER)(((INTEGER)1 << rounding->shift) - 1);
  const int bits = rounding->randomBits == 0 || rounding->randomBits > 32 ? 32 : rounding->randomBits;
  const int kept = bits < rounding->shift ? bits : rounding->shift;

  const int takesWords = kind == CK_DITHERED || (kind == CK_GENERAL && g.mode == CK_STOCHASTIC);

  V sums[ROWS][VECTORS];
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < VECTORS; j++) sums[i][j] = offset;
  }
  const REAL *left = (const REAL *)tile->left + k0 * tile->leftStride, *right = (const REAL *)tile->right + k0 * tile->rightStride;
  for (int64_t k = k0; k < k1; k++, left += tile->leftStride, right += tile->rightStride) {
    const uint32_t *words = takesWords ? NAME(sumWords)(s) : 0, *productWords = 0;
    if (product == CK_PRODUCT_GENERAL && tile->plan->drawsProducts) productWords = NAME(productWords)(s, (uint64_t)k);
    V y[VECTORS];
    for (int j = 0; j < VECTORS; j++) y[j] = NAME(load)(right + j * WIDTH);
#pragma clang loop unroll(full)
    for (int i = 0; i < ROWS; i++) {
#pragma clang loop unroll(full)
      for (int j = 0; j < VECTORS; j++) {
        const int element = (i * VECTORS + j) * WIDTH;
        V x = isBatch ? NAME(load)(left + element) : (V)left[i], sum = sums[i][j];
        V factor = isBatch ? NAME(load)(right + element) : y[j];
        if (kind == CK_GENERAL) {
          I lost, none = 0;
          I random = words ? NAME(widened)(words + element) : none;
          V c = x * factor;
          if (product == CK_PRODUCT_GENERAL) {
            c = NAME(roundGeneral)(c, none, h, productWords ? NAME(widened)(productWords + element) : none, &s->doubt);
          }
          V t = NAME(cutSum)(c, sum, &lost);
          // Exact sums of zero are −0 where the mode is down, unless both terms are +0.
          if (g.mode == CK_DOWN) t = t == 0 && ((I)c | (I)sum) != 0 ? (V)((I)t | SIGN) : t;
          sums[i][j] = NAME(roundGeneral)(t, lost, g, random, &s->doubt);
          continue;
        }
        V t;
        if (product == CK_EXACT) {
#if CK_IS_AVX512
          if (kind == CK_ODD_LEAN || kind == CK_ODD_SATURATING || kind == CK_ODD_OVERFLOWING) t = NAME(oddSum)(x, factor, sum); else
#endif
          t = NAME(multiplyAdd)(x, factor, sum);
        } else {
          V c = x * factor;
          c = product == CK_PRODUCT_SATURATING ? NAME(roundSaturating)(c, b) : NAME(roundOverflowing)(c, b);
          t = c + sum;
        }
        switch (kind) {
        case CK_LEAN: case CK_ODD_LEAN: t = NAME(roundLean)(t, a); break;
        case CK_SATURATING: case CK_ODD_SATURATING: t = NAME(roundSaturating)(t, a); break;
        case CK_OVERFLOWING: case CK_ODD_OVERFLOWING: t = NAME(roundOverflowing)(t, a); break;
        case CK_DITHERED: {
          // As in roundGeneral, with no number below the normal ones that has a fraction.
          I noise = NAME(leading)(NAME(widened)(words + element), kept) << (rounding->shift - kept);
          if (rounding->randomBits == 0 && rounding->shift > 32) {
            I rest = (I)t & (INTEGER)(((INTEGER)1 << (rounding->shift - 32)) - 1);
            s->doubt |= ((((I)t & ditherMask) - rest) + noise == (ditherMask & (INTEGER)~(((INTEGER)1 << (rounding->shift - 32)) - 1))) & (rest != 0);
          }
          t = (V)(((I)t + noise) & ~ditherMask);
          s->doubt |= (V)((I)t & MAGNITUDE) > a.largest;
          break;
        }
        case CK_FIXED_SATURATING: t = highest < t ? highest : t; t = lowest > t ? lowest : t; break;
        case CK_FIXED_WRAPPING: t = (V)((((I)t - (I)offset) << excess >> excess) + (I)offset); break;
        default: break;
        }
        sums[i][j] = t;
      }
    }
  }
  if (!takesWords) s->additions += (uint64_t)(k1 - k0);
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < VECTORS; j++) NAME(store)(s->sums[0] + (i * VECTORS + j) * WIDTH, isFixed ? sums[i][j] - offset : sums[i][j]);
  }
}
