// SPDX-License-Identifier: Apache-2.0
// Codes of the numbers of a format, and back.
//
// The codes of one sign count upwards with the magnitude, one for each last place, as the bits of the carrier do: of normal numbers they are those
// bits without the last ones, less a constant. Below the smallest normal number they are multiples of the spacing η, which the last bits of
// |x| + 2^(FRACTION_BITS) η count.

INLINE I NAME(codeOf)(V x, const ck_coding *c) {
  const V anchor = (V)(REAL)c->anchor;
  I sign = (I)x & SIGN, bits = (I)x & MAGNITUDE;
  V magnitude = (V)bits;
  I small = (I)((magnitude < (V)(REAL)c->smallBelow ? magnitude : (V)(REAL)0) + anchor) - (I)anchor;
  I code = magnitude < (V)(REAL)c->smallBelow ? small : (bits >> c->shift) - (INTEGER)c->offset;
  if (c->isFixed) return (sign != 0 ? -small : small) & (INTEGER)c->mask;
  code = bits == EXPONENT ? (I)(INTEGER)c->infinity : code;
  I isNegative = (sign != 0) & ((bits != 0) | (INTEGER)(c->hasNegativeZero ? -1 : 0));
  return bits > EXPONENT ? (I)(INTEGER)c->nan : code | (isNegative & (INTEGER)c->signBit);
}

INLINE V NAME(numberOf)(I code, const ck_coding *c) {
  const V anchor = (V)(REAL)c->anchor;
  const I negative = (code & (INTEGER)c->signBit) != 0;
  if (c->isFixed) {
    I size = negative ? ((INTEGER)c->mask - code) + 1 : code;
    V small = (V)(size + (I)anchor) - anchor;
    return (V)((I)small | (negative & SIGN));
  }
  const I magnitude = code & ~(INTEGER)c->signBit, isSmall = magnitude < (INTEGER)c->firstNormal;
  V small = (V)((isSmall & (INTEGER)(c->hasSubnormals ? -1 : 0) & magnitude) + (I)anchor) - anchor;
  I bits = isSmall ? (I)small : (magnitude + (INTEGER)c->offset) << c->shift;
  bits = magnitude > (INTEGER)c->largest ? EXPONENT | (magnitude == (INTEGER)c->infinity ? (I)(INTEGER)0 : HALF) : bits;
  if (!c->hasNegativeZero) {
    // The code of -0 is a NaN. (Other codes that stand for zero have no sign.)
    bits = negative & (magnitude == 0) ? EXPONENT | HALF : bits;
    return (V)(bits | (negative & (bits != 0) & (bits <= EXPONENT) & SIGN));
  }
  return (V)(bits | (negative & (bits <= EXPONENT) & SIGN));
}

#define CODES_(Type, Suffix)                                                                                                     \
  typedef Type NAME(codes##Suffix) __attribute__((ext_vector_type(WIDTH), aligned(sizeof(Type))));                               \
  static void NAME(encode##Suffix)(const REAL *x, Type *codes, size_t n, const ck_coding *c) {                                   \
    size_t i = 0;                                                                                                                \
    for (; i + WIDTH <= n; i += WIDTH) {                                                                                         \
      NAME(codes##Suffix) vector = __builtin_convertvector(NAME(codeOf)(NAME(load)(x + i), c), NAME(codes##Suffix));             \
      *(NAME(codes##Suffix) *)(codes + i) = vector & (Type)c->mask;                                                              \
    }                                                                                                                            \
    REAL in[WIDTH] = {0};                                                                                                        \
    for (size_t j = 0; i + j < n; j++) in[j] = x[i + j];                                                                         \
    I last = NAME(codeOf)(NAME(load)(in), c);                                                                                    \
    for (size_t j = 0; i + j < n; j++) codes[i + j] = (Type)last[j] & (Type)c->mask;                                                             \
  }                                                                                                                              \
  static void NAME(decode##Suffix)(const Type *codes, REAL *y, size_t n, const ck_coding *c) {                                   \
    size_t i = 0;                                                                                                                \
    for (; i + WIDTH <= n; i += WIDTH) {                                                                                         \
      NAME(store)(y + i, NAME(numberOf)(__builtin_convertvector(*(const NAME(codes##Suffix) *)(codes + i), I), c));              \
    }                                                                                                                            \
    Type in[WIDTH] = {0};                                                                                                        \
    for (size_t j = 0; i + j < n; j++) in[j] = codes[i + j];                                                                     \
    V last = NAME(numberOf)(__builtin_convertvector(*(const NAME(codes##Suffix) *)in, I), c);                                    \
    for (size_t j = 0; i + j < n; j++) y[i + j] = last[j];                                                                       \
  }

CODES_(uint8_t, 8)
CODES_(uint16_t, 16)
CODES_(uint32_t, 32)
CODES_(uint64_t, 64)

static void NAME(encode)(const void *x, void *codes, int32_t codeBytes, size_t n, const ck_coding *c) {
  int before = ck_set_rounding(CK_NEAREST_EVEN);
  switch (codeBytes) {
  case 1: NAME(encode8)((const REAL *)x, (uint8_t *)codes, n, c); break;
  case 2: NAME(encode16)((const REAL *)x, (uint16_t *)codes, n, c); break;
  case 4: NAME(encode32)((const REAL *)x, (uint32_t *)codes, n, c); break;
  default: NAME(encode64)((const REAL *)x, (uint64_t *)codes, n, c); break;
  }
  ck_restore_rounding(before);
}

static void NAME(decode)(const void *codes, int32_t codeBytes, void *y, size_t n, const ck_coding *c) {
  int before = ck_set_rounding(CK_NEAREST_EVEN);
  switch (codeBytes) {
  case 1: NAME(decode8)((const uint8_t *)codes, (REAL *)y, n, c); break;
  case 2: NAME(decode16)((const uint16_t *)codes, (REAL *)y, n, c); break;
  case 4: NAME(decode32)((const uint32_t *)codes, (REAL *)y, n, c); break;
  default: NAME(decode64)((const uint64_t *)codes, (REAL *)y, n, c); break;
  }
  ck_restore_rounding(before);
}

#undef CODES_
