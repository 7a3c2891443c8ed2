// SPDX-License-Identifier: Apache-2.0
// Which kernels there are, and what needs no vectors.

#include "CKernels.h"
#include <math.h>

const ck_kernels *ck_kernels_portable(int32_t carrier);
#if defined(__x86_64__)
const ck_kernels *ck_kernels_avx2(int32_t carrier);
const ck_kernels *ck_kernels_avx512(int32_t carrier);
#endif

ck_instruction_set ck_best_instruction_set(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return CK_PORTABLE;
  int has512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
  return has512 ? CK_AVX512 : CK_AVX2;
#else
  return CK_PORTABLE;
#endif
}

const ck_kernels *ck_kernels_for(ck_instruction_set set, int32_t carrier) {
  switch (set) {
#if defined(__x86_64__)
  case CK_AVX2: return ck_kernels_avx2(carrier);
  case CK_AVX512: return ck_kernels_avx512(carrier);
#endif
  case CK_PORTABLE: return ck_kernels_portable(carrier);
  default: return NULL;
  }
}

// MARK: Gaps

#define ROUND_IN_GAP(Number, fabs)                                                                                              \
  for (size_t i = 0; i < n; i++) {                                                                                              \
    Number t = ((const Number *)x)[i], a = fabs(t), limit = signbit(t) ? (Number)gap->limit[1] : (Number)gap->limit[0];         \
    Number zero = gap->hasNegativeZero && signbit(t) ? (Number)-0.0 : (Number)0, end = signbit(t) ? -(Number)gap->end : (Number)gap->end; \
    Number inside = a > limit ? end : zero;                                                                                     \
    ((Number *)y)[i] = a < (Number)gap->end ? inside : ((Number *)y)[i];                                                        \
  }

void ck_round_in_gap(const void *x, void *y, size_t n, int32_t carrier, const ck_gap *gap) {
  if (carrier == 64) {
    ROUND_IN_GAP(double, fabs)
  } else {
    ROUND_IN_GAP(float, fabsf)
  }
}

// MARK: Copying tiles in and out

#define PACK(Source, Number)                                                                                                    \
  for (int64_t k = 0; k < terms; k++) {                                                                                         \
    const Source *from = (const Source *)a.base;                                                                                \
    from += a.rowOffsets ? a.rowOffsets[k] : k * a.rowStride + column * a.columnStride;                                         \
    Number *to = (Number *)out + k * width;                                                                                     \
    if (offsets) {                                                                                                              \
      for (int64_t j = 0; j < columns; j++) to[j] = (Number)from[offsets[j]];                                                   \
    } else if (a.columnStride == 1) {                                                                                           \
      for (int64_t j = 0; j < columns; j++) to[j] = (Number)from[j];                                                            \
    } else {                                                                                                                    \
      for (int64_t j = 0; j < columns; j++) to[j] = (Number)from[j * a.columnStride];                                           \
    }                                                                                                                           \
    for (int64_t j = columns; j < width; j++) to[j] = 0;                                                                        \
  }

void ck_pack(ck_matrix a, int64_t terms, int64_t column, int64_t columns, int64_t width, int32_t carrier, void *out) {
  const int32_t *offsets = a.columnOffsets ? a.columnOffsets + column : 0;
  if (a.isDouble && carrier == 64) {
    PACK(double, double)
  } else if (a.isDouble) {
    PACK(double, float)
  } else if (carrier == 64) {
    PACK(float, double)
  } else {
    PACK(float, float)
  }
}

#define UNPACK(Number, Target)                                                                                                  \
  for (int64_t i = 0; i < rows; i++) {                                                                                          \
    for (int64_t j = 0; j < columns; j++) ((Target *)out)[i * stride + j] = (Target)((const Number *)results)[i * width + j];   \
  }

void ck_unpack(const void *results, int64_t width, int64_t rows, int64_t columns, int32_t carrier, void *out, int64_t stride, int32_t isDouble) {
  if (carrier == 64 && isDouble) {
    UNPACK(double, double)
  } else if (carrier == 64) {
    UNPACK(double, float)
  } else if (isDouble) {
    UNPACK(float, double)
  } else {
    UNPACK(float, float)
  }
}

// MARK: Facts

static void examine(double number, ck_facts *facts) {
  double x = fabs(number);
  if (!(x < INFINITY)) {
    facts->isFinite = 0;
    return;
  }
  if (x == 0) return;
  if (x > facts->largest) facts->largest = x;
  union { double x; uint64_t i; } bits = {x};
  int field = (int)(bits.i >> 52);
  uint64_t significand = (bits.i & ((1ull << 52) - 1)) | (field ? 1ull << 52 : 0);
  int zeros = __builtin_ctzll(significand), lowest = (field ? field : 1) - 1075 + zeros;
  int width = 64 - __builtin_clzll(significand) - zeros;
  if (lowest < facts->lowestBit) facts->lowestBit = lowest;
  if (width > facts->bits) facts->bits = width;
}

/// The facts of a run of binary32 numbers, in a loop that the compiler makes vectors of. Returns whether it is valid: not for infinities, NaN and
/// numbers whose lowest bit might be subnormal.
static int examineRun(const float *x, int64_t n, ck_facts *facts) {
  const int32_t one = 1 << 23;
  int32_t largest = 0, smallest = INT32_MAX, lowest = INT32_MAX, widest = -1;
  for (int64_t i = 0; i < n; i++) {
    union { float x; int32_t i; } v = {x[i]}, rest, low;
    v.i &= INT32_MAX;
    rest.i = v.i & (v.i - 1);
    low.x = v.x - rest.x;
    // The lowest bit as a number of its own; that of a power of two is the number.
    low.i = (v.i & (one - 1)) == 0 ? v.i : low.i;
    int32_t nonzero = v.i == 0 ? INT32_MAX : v.i, lowNonzero = v.i == 0 ? INT32_MAX : low.i, width = (v.i >> 23) - (low.i >> 23);
    largest = v.i > largest ? v.i : largest;
    smallest = nonzero < smallest ? nonzero : smallest;
    lowest = lowNonzero < lowest ? lowNonzero : lowest;
    widest = width > widest ? width : widest;
  }
  if (largest == 0) return 1;
  if (largest >= 255 * one || smallest < 25 * one) return 0;
  union { int32_t i; float x; } top = {largest};
  if (top.x > facts->largest) facts->largest = top.x;
  if ((lowest >> 23) - 127 < facts->lowestBit) facts->lowestBit = (lowest >> 23) - 127;
  if (widest + 1 > facts->bits) facts->bits = widest + 1;
  return 1;
}

ck_facts ck_examine(ck_matrix a, int64_t rows, int64_t columns) {
  ck_facts facts = {0, 1, 1 << 20, 0};
  if (a.columnStride != 1 && a.rowStride == 1) {
    a = (ck_matrix){a.base, a.columnStride, 1, a.isDouble, 0, 0};
    int64_t swap = rows;
    rows = columns, columns = swap;
  }
  for (int64_t i = 0; i < rows; i++) {
    int64_t start = i * a.rowStride;
    if (!a.isDouble && a.columnStride == 1 && examineRun((const float *)a.base + start, columns, &facts)) continue;
    for (int64_t j = 0; j < columns; j++) {
      int64_t offset = start + j * a.columnStride;
      examine(a.isDouble ? ((const double *)a.base)[offset] : (double)((const float *)a.base)[offset], &facts);
    }
  }
  return facts;
}
