// SPDX-License-Identifier: Apache-2.0
// Philox4x32 in vectors: the bits of Formats/RandomStream.swift.

#define CK_NAME(x) CK_PASTE(x, all, CK_SET)
#define CK_INLINE static inline __attribute__((always_inline))
/// 32-bit words in a vector.
#define CK_WORDS (CK_BYTES / 4)

typedef uint32_t CK_NAME(words32) __attribute__((ext_vector_type(CK_WORDS), aligned(4)));
typedef uint64_t CK_NAME(words64) __attribute__((ext_vector_type(CK_WORDS / 2)));
#define W32 CK_NAME(words32)
#define W64 CK_NAME(words64)

/// Counters, then results: one a 64-bit lane, in its lower half; what the upper halves hold means nothing.
typedef struct { W64 x, y, z, w; } CK_NAME(block);

#define LOWER ((W64)(uint64_t)0xffffffff)
#define LOW_FACTOR 0xD2511F53u
#define HIGH_FACTOR 0xCD9E8D57u
#define LOW_WEYL 0x9E3779B9u
#define HIGH_WEYL 0xBB67AE85u

/// The products of the lower halves with m.
CK_INLINE W64 CK_NAME(multiplied)(W64 a, uint32_t m) {
#if CK_BYTES > 16
  // The compiler would take a full multiplication for some of these, at three times the cost.
  W64 product, factor = (W64)(uint64_t)m;
  __asm__("vpmuludq %1, %2, %0" : "=v"(product) : "v"(factor), "v"(a));
  return product;
#else
  return (a & LOWER) * m;
#endif
}

/// The upper halves, in the lower ones.
CK_INLINE W64 CK_NAME(upper)(W64 a) {
#if CK_IS_AVX512
  return (W64)_mm512_movehdup_ps((__m512)a);
#elif CK_BYTES == 32
  return (W64)_mm256_movehdup_ps((__m256)a);
#else
  return a >> 32;
#endif
}

/// Two counters' results side by side, which hides the multiplications' latency.
CK_INLINE void CK_NAME(philox)(CK_NAME(block) c[2], W64 low[2], W64 high[2], int rounds) {
#pragma clang loop unroll(full)
  for (int round = 0; round < rounds; round++) {
    for (int j = 0; j < 2; j++) {
      W64 a = CK_NAME(multiplied)(c[j].x, LOW_FACTOR), b = CK_NAME(multiplied)(c[j].z, HIGH_FACTOR);
      c[j] = (CK_NAME(block)){CK_NAME(upper)(b) ^ c[j].y ^ low[j], b, CK_NAME(upper)(a) ^ c[j].w ^ high[j], a};
      low[j] += LOW_WEYL;
      high[j] += HIGH_WEYL;
    }
  }
}

/// The lower halves of a in the even words, those of b in the odd ones.
CK_INLINE W64 CK_NAME(paired)(W64 a, W64 b) { return (a & LOWER) | (b << 32); }

/// Its complement.
CK_INLINE W64 CK_NAME(complement)(W64 a, W64 b) {
#if CK_IS_AVX512
  return (W64)_mm512_ternarylogic_epi64((__m512i)LOWER, (__m512i)a, _mm512_slli_epi64((__m512i)b, 32), 0x35);
#else
  return ~CK_NAME(paired)(a, b);
#endif
}

// Draws are used as complements: a number goes up if r < F, that is, if its fraction F of n bits and 2^n − 1 − r carry.

/// The complements of the first words of draws 4·block, 4·block + 1, … of a stream, `count` of them, a multiple of 4 · CK_WORDS: words y,
/// x, w, z of a block belong to its draws. The block numbers do not carry into their upper words: `block` is a multiple of count / 4.
static __attribute__((noinline)) void CK_NAME(draws)(ck_key key, uint64_t block, size_t count, uint32_t *words) {
  // The keys of the rounds, in memory: a vector's operand can be one number there for all its lanes, and registers are scarce.
  uint64_t keys[2 * CK_DRAW_ROUNDS];
  for (int i = 0; i < CK_DRAW_ROUNDS; i++) {
    keys[2 * i] = (uint32_t)(key.low + (uint32_t)i * LOW_WEYL);
    keys[2 * i + 1] = (uint32_t)(key.high + (uint32_t)i * HIGH_WEYL);
  }
  // In the first two rounds much is the same for all counters (block, 0, tag): this is philox() with it taken out.
  const uint64_t x1 = (uint32_t)(block >> 32) ^ keys[0], w2 = x1 * LOW_FACTOR;
  keys[1] ^= CK_DRAW_TAG;
  keys[3] ^= w2 >> 32;
  // In the last round the results come together where the products lie, the second word of each pair below the first, and as complements.
  uint64_t *last = keys + 2 * (CK_DRAW_ROUNDS - 1);
  for (int i = 0; i < 2; i++) last[i] = ~(last[i] << 32);
  __asm__ volatile("" : : "r"(keys) : "memory");
  W64 lanes;
  // Blocks b and b + CK_WORDS / 4 side by side, so that the words of each come together in order.
  for (int i = 0; i < CK_WORDS / 2; i++) lanes[i] = (uint64_t)(i / 2 + i % 2 * (CK_WORDS / 4));
  W64 counter = lanes + block;
  for (size_t i = 0; i < count; i += 4 * CK_WORDS, counter += CK_WORDS) {
    // Two chains side by side hide the multiplications' latency.
    CK_NAME(block) r[2];
    for (int j = 0; j < 2; j++) {
      W64 a = CK_NAME(multiplied)(counter + (uint64_t)(j * (CK_WORDS / 2)), LOW_FACTOR);
      W64 b = CK_NAME(multiplied)(CK_NAME(upper)(a) ^ keys[1], HIGH_FACTOR);
      r[j] = (CK_NAME(block)){CK_NAME(upper)(b) ^ keys[2], b, a ^ keys[3], (W64)w2};
    }
#pragma clang loop unroll(full)
    for (int round = 2; round < CK_DRAW_ROUNDS - 1; round++) {
      for (int j = 0; j < 2; j++) {
        W64 a = CK_NAME(multiplied)(r[j].x, LOW_FACTOR), b = CK_NAME(multiplied)(r[j].z, HIGH_FACTOR);
        r[j] = (CK_NAME(block)){CK_NAME(upper)(b) ^ r[j].y ^ keys[2 * round], b, CK_NAME(upper)(a) ^ r[j].w ^ keys[2 * round + 1], a};
      }
    }
    W32 *out = (W32 *)(words + i);
    for (int j = 0; j < 2; j++) {
      W64 yx = CK_NAME(multiplied)(r[j].z, HIGH_FACTOR) ^ (r[j].y << 32) ^ keys[2 * CK_DRAW_ROUNDS - 2];
      W64 wz = CK_NAME(multiplied)(r[j].x, LOW_FACTOR) ^ (r[j].w << 32) ^ keys[2 * CK_DRAW_ROUNDS - 1];
#if CK_WORDS == 16
      out[2 * j] = (W32)__builtin_shufflevector(yx, wz, 0, 8, 2, 10, 4, 12, 6, 14);
      out[2 * j + 1] = (W32)__builtin_shufflevector(yx, wz, 1, 9, 3, 11, 5, 13, 7, 15);
#elif CK_WORDS == 8
      out[2 * j] = (W32)__builtin_shufflevector(yx, wz, 0, 4, 2, 6);
      out[2 * j + 1] = (W32)__builtin_shufflevector(yx, wz, 1, 5, 3, 7);
#else
      out[2 * j] = (W32)__builtin_shufflevector(yx, wz, 0, 2);
      out[2 * j + 1] = (W32)__builtin_shufflevector(yx, wz, 1, 3);
#endif
    }
  }
}

/// The complements of words y, x, w, z of block `block` of each of `count` streams, each at words[j · count …]; `count` is a multiple of the lanes.
static __attribute__((noinline)) void CK_NAME(blockOfStreams)(ck_keys keys, uint64_t block, size_t count, uint32_t *words) {
  for (size_t i = 0; i < count; i += CK_WORDS) {
    const CK_NAME(block) counter = {(W64)block, (W64)(block >> 32), (W64)(uint64_t)0, (W64)(uint64_t)CK_DRAW_TAG};
    const W64 lows = (W64)*(const W32 *)(keys.low + i), highs = (W64)*(const W32 *)(keys.high + i);
    // Streams with even and with odd numbers.
    CK_NAME(block) r[2] = {counter, counter};
    W64 low[2] = {lows, lows >> 32}, high[2] = {highs, highs >> 32};
    CK_NAME(philox)(r, low, high, CK_DRAW_ROUNDS);
    *(W32 *)(words + i) = (W32)CK_NAME(complement)(r[0].y, r[1].y);
    *(W32 *)(words + count + i) = (W32)CK_NAME(complement)(r[0].x, r[1].x);
    *(W32 *)(words + 2 * count + i) = (W32)CK_NAME(complement)(r[0].w, r[1].w);
    *(W32 *)(words + 3 * count + i) = (W32)CK_NAME(complement)(r[0].z, r[1].z);
  }
}

/// The keys of the children first, first + 1, … of a stream; n is a multiple of the lanes.
static void CK_NAME(childKeys)(ck_key key, uint64_t first, uint32_t *keysLow, uint32_t *keysHigh, size_t n) {
  for (size_t i = 0; i < n; i += CK_WORDS) {
    W64 index[2];
    for (int j = 0; j < CK_WORDS; j++) index[j % 2][j / 2] = first + i + (uint64_t)j;
    CK_NAME(block) r[2];
    W64 low[2], high[2];
    for (int j = 0; j < 2; j++) {
      r[j] = (CK_NAME(block)){index[j], index[j] >> 32, (W64)(uint64_t)0xfffffffe, (W64)(uint64_t)0x7fffffff};
      low[j] = (W64)(uint64_t)key.low, high[j] = (W64)(uint64_t)key.high;
    }
    CK_NAME(philox)(r, low, high, 10);
    *(W32 *)(keysLow + i) = (W32)CK_NAME(paired)(r[0].z, r[1].z);
    *(W32 *)(keysHigh + i) = (W32)CK_NAME(paired)(r[0].w, r[1].w);
  }
}
