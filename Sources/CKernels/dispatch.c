// SPDX-License-Identifier: Apache-2.0
// Which kernels there are, and what needs no vectors.

#include "CKernels.h"
#include "environment.h"
#include <math.h>
#include <string.h>

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

int32_t ck_default_environment(void) { return ck_set_rounding(CK_NEAREST_EVEN); }
void ck_restore_environment(int32_t before) { ck_restore_rounding(before); }

// MARK: Gaps

// The gap is copied, for y might be it otherwise, and the loop would be none of vectors.
#define ROUND_IN_GAP(Number, Bits)                                                                                              \
  const Number ends = (Number)gap->end, above = (Number)gap->limit[0], below = (Number)gap->limit[1];                           \
  const Bits sign = (Bits)1 << (sizeof(Bits) * 8 - 1), zeroSign = gap->hasNegativeZero ? sign : 0;                              \
  for (size_t i = 0; i < n; i++) {                                                                                              \
    union { Number x; Bits b; } t = {((const Number *)x)[i]}, a = {.b = t.b & ~sign}, inside = {.x = ends}, old = {((Number *)y)[i]}; \
    inside.b = a.x > (t.b & sign ? below : above) ? inside.b | (t.b & sign) : t.b & zeroSign;                                   \
    old.b = a.x < ends ? inside.b : old.b;                                                                                      \
    ((Number *)y)[i] = old.x;                                                                                                   \
  }

void ck_round_in_gap(const void *x, void *y, size_t n, int32_t carrier, const ck_gap *gap) {
  if (carrier == 64) {
    ROUND_IN_GAP(double, uint64_t)
  } else {
    ROUND_IN_GAP(float, uint32_t)
  }
}

// MARK: Copying tiles in and out

/// Columns that are copied at a time.
enum { CHUNK = 64 };

#define INLINE static inline __attribute__((always_inline))

INLINE int64_t row(const ck_matrix *a, int64_t k) { return a->rowOffsets ? a->rowOffsets[k] : k * a->rowStride; }

/// Whether row k's elements and those of the next three lie side by side.
INLINE int areNeighbours(const ck_matrix *a, int64_t k) {
  if (!a->rowOffsets) return a->rowStride == 1;
  const int32_t *at = a->rowOffsets + k;
  return at[1] == at[0] + 1 && at[2] == at[0] + 2 && at[3] == at[0] + 3;
}

#define SOURCE double
#define TARGET double
#define PACK(x) x##_64_64
#include "packing.h"
#define SOURCE double
#define TARGET float
#define PACK(x) x##_64_32
#include "packing.h"
#define SOURCE float
#define TARGET double
#define PACK(x) x##_32_64
#include "packing.h"
#define SOURCE float
#define TARGET float
#define PACK(x) x##_32_32
#include "packing.h"

void ck_pack(ck_matrix a, int64_t terms, int64_t column, int64_t columns, int64_t width, int32_t carrier, void *out) {
  if (columns < width) memset(out, 0, (size_t)(terms * width * (carrier / 8)));
  for (int64_t first = 0; first < columns; first += CHUNK) {
    const int64_t count = columns - first < CHUNK ? columns - first : CHUNK;
    int64_t at[CHUNK];
    for (int64_t j = 0; j < count; j++) at[j] = a.columnOffsets ? a.columnOffsets[column + first + j] : (column + first + j) * a.columnStride;
    if (a.isDouble && carrier == 64) {
      pack_64_64(&a, terms, at, count, width, (double *)out + first);
    } else if (a.isDouble) {
      pack_64_32(&a, terms, at, count, width, (float *)out + first);
    } else if (carrier == 64) {
      pack_32_64(&a, terms, at, count, width, (double *)out + first);
    } else {
      pack_32_32(&a, terms, at, count, width, (float *)out + first);
    }
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
