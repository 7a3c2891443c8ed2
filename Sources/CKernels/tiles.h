// SPDX-License-Identifier: Apache-2.0
// Which kernel sums the lowest level, and how levels hand their sums on.

typedef void NAME(step)(NAME(state) *, int64_t k0, int64_t k1);

#define STEP(suffix, kind, product)                                                                                             \
  static __attribute__((noinline)) void NAME(tile##suffix)(NAME(state) *s, int64_t k0, int64_t k1) {                            \
    NAME(accumulate)(s, k0, k1, kind, product, 0);                                                                              \
  }                                                                                                                             \
  static __attribute__((noinline)) void NAME(batch##suffix)(NAME(state) *s, int64_t k0, int64_t k1) {                           \
    NAME(accumulate)(s, k0, k1, kind, product, 1);                                                                              \
  }

STEP(Native, CK_NATIVE, CK_EXACT)
STEP(Lean, CK_LEAN, CK_EXACT)
STEP(Saturating, CK_SATURATING, CK_EXACT)
STEP(Overflowing, CK_OVERFLOWING, CK_EXACT)
STEP(Dithered, CK_DITHERED, CK_EXACT)
STEP(FixedSaturating, CK_FIXED_SATURATING, CK_EXACT)
STEP(FixedWrapping, CK_FIXED_WRAPPING, CK_EXACT)
STEP(General, CK_GENERAL, CK_EXACT)
STEP(SaturatedNative, CK_NATIVE, CK_PRODUCT_SATURATING)
STEP(SaturatedLean, CK_LEAN, CK_PRODUCT_SATURATING)
STEP(SaturatedSaturating, CK_SATURATING, CK_PRODUCT_SATURATING)
STEP(SaturatedOverflowing, CK_OVERFLOWING, CK_PRODUCT_SATURATING)
STEP(OverflownNative, CK_NATIVE, CK_PRODUCT_OVERFLOWING)
STEP(OverflownOverflowing, CK_OVERFLOWING, CK_PRODUCT_OVERFLOWING)
STEP(GeneralGeneral, CK_GENERAL, CK_PRODUCT_GENERAL)
#if CK_IS_AVX512
STEP(OddLean, CK_ODD_LEAN, CK_EXACT)
STEP(OddSaturating, CK_ODD_SATURATING, CK_EXACT)
STEP(OddOverflowing, CK_ODD_OVERFLOWING, CK_EXACT)
#define ODD(isBatch, suffix) CHOOSE(isBatch, suffix)
#else
#define ODD(isBatch, suffix) 0
#endif

#define CHOOSE(isBatch, suffix) (isBatch ? NAME(batch##suffix) : NAME(tile##suffix))

/// The kernel of the lowest level; null where there is none for the combination.
static NAME(step) *NAME(stepFor)(const ck_plan *plan, int isBatch) {
  const ck_kind kind = plan->levels[0].kind;
  switch (plan->product) {
  case CK_EXACT:
    switch (kind) {
    case CK_NATIVE: return CHOOSE(isBatch, Native);
    case CK_LEAN: return CHOOSE(isBatch, Lean);
    case CK_SATURATING: return CHOOSE(isBatch, Saturating);
    case CK_OVERFLOWING: return CHOOSE(isBatch, Overflowing);
    case CK_ODD_LEAN: return ODD(isBatch, OddLean);
    case CK_ODD_SATURATING: return ODD(isBatch, OddSaturating);
    case CK_ODD_OVERFLOWING: return ODD(isBatch, OddOverflowing);
    case CK_DITHERED: return CHOOSE(isBatch, Dithered);
    case CK_FIXED_SATURATING: return CHOOSE(isBatch, FixedSaturating);
    case CK_FIXED_WRAPPING: return CHOOSE(isBatch, FixedWrapping);
    case CK_GENERAL: return CHOOSE(isBatch, General);
    default: return 0;
    }
  case CK_PRODUCT_SATURATING:
    switch (kind) {
    case CK_NATIVE: return CHOOSE(isBatch, SaturatedNative);
    case CK_LEAN: return CHOOSE(isBatch, SaturatedLean);
    case CK_SATURATING: return CHOOSE(isBatch, SaturatedSaturating);
    case CK_OVERFLOWING: return CHOOSE(isBatch, SaturatedOverflowing);
    default: return 0;
    }
  case CK_PRODUCT_OVERFLOWING:
    switch (kind) {
    case CK_NATIVE: return CHOOSE(isBatch, OverflownNative);
    case CK_OVERFLOWING: return CHOOSE(isBatch, OverflownOverflowing);
    default: return 0;
    }
  case CK_PRODUCT_GENERAL: return kind == CK_GENERAL ? CHOOSE(isBatch, GeneralGeneral) : 0;
  }
  return 0;
}

/// The processor's rounding mode in which a level works.
INLINE int NAME(processorMode)(const ck_level *level) {
  return level->kind == CK_GENERAL || level->kind == CK_DITHERED ? CK_TOWARD_ZERO : level->rounding.mode;
}

/// Adds the sums of a level to those of the next.
static __attribute__((noinline)) void NAME(handOn)(NAME(state) *s, int level) {
  const ck_level *outer = &s->tile->plan->levels[level];
  const NAME(general) g = NAME(generalFrom)(&outer->rounding);
  const uint32_t *words = 0;
  if (g.mode == CK_STOCHASTIC) words = NAME(sumWords)(s); else s->additions++;
  for (int i = 0; i < ELEMENTS; i += WIDTH) {
    V c = NAME(load)(s->sums[level - 1] + i), sum = NAME(load)(s->sums[level] + i);
    if (outer->kind == CK_NATIVE) {
      NAME(store)(s->sums[level] + i, c + sum);
      continue;
    }
    I lost, none = 0;
    V t = NAME(cutSum)(c, sum, &lost);
    if (g.mode == CK_DOWN) t = t == 0 && ((I)c | (I)sum) != 0 ? (V)((I)t | SIGN) : t;
    NAME(store)(s->sums[level] + i, NAME(roundGeneral)(t, lost, g, words ? NAME(widened)(words + i) : none, &s->doubt));
  }
}

/// The sums of terms k0 ..< k1 at a level, from zero.
static void NAME(sum)(NAME(state) *s, NAME(step) *step, int level, int64_t k0, int64_t k1) {
  if (level == 0) {
    ck_set_rounding(NAME(processorMode)(&s->tile->plan->levels[0]));
    step(s, k0, k1);
    return;
  }
  int64_t span = 1;
  for (int l = 0; l < level; l++) span *= s->tile->plan->levels[l].count;
  for (int i = 0; i < ELEMENTS; i++) s->sums[level][i] = 0;
  for (int64_t k = k0; k < k1; k += span) {
    NAME(sum)(s, step, level - 1, k, k + span < k1 ? k + span : k1);
    ck_set_rounding(NAME(processorMode)(&s->tile->plan->levels[level]));
    NAME(handOn)(s, level);
  }
}

static int32_t NAME(run)(const ck_tile *tile, int isBatch) {
  NAME(state) s;
  s.additions = 0;
  s.sumBlock = s.productBlock = UINT64_MAX;
  s.tile = tile;
  s.doubt = 0;
  const int top = tile->plan->levelCount - 1;
  int before = ck_set_rounding(CK_NEAREST_EVEN);
  NAME(sum)(&s, NAME(stepFor)(tile->plan, isBatch), top, 0, tile->terms);
  ck_restore_rounding(before);
  REAL *results = (REAL *)tile->results;
  // One NaN stands for all.
  for (int i = 0; i < ELEMENTS; i++) results[i] = s.sums[top][i] == s.sums[top][i] ? s.sums[top][i] : (REAL)__builtin_nan("");
  return NAME(any)(s.doubt);
}

static int32_t NAME(tile)(const ck_tile *tile) { return NAME(run)(tile, 0); }
static int32_t NAME(batch)(const ck_tile *tile) { return NAME(run)(tile, 1); }

static const ck_kernels NAME(kernels) = {
  WIDTH, ROWS, VECTORS, NAME(round), NAME(roundNearest), NAME(dither), NAME(encode), NAME(decode), NAME(tile), NAME(batch), CK_NAME(childKeys),
  CK_IS_AVX512,
};

#undef CHOOSE
#undef ODD
#undef STEP
#undef ROWS
#undef VECTORS
#undef ELEMENTS
#undef RUN
#undef NOISE_EXPONENT
