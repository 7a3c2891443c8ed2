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

static inline double element(ck_matrix a, int64_t i, int64_t j) {
  int64_t offset = i * a.rowStride + j * a.columnStride;
  return a.isDouble ? ((const double *)a.base)[offset] : (double)((const float *)a.base)[offset];
}

void ck_pack(ck_matrix a, int64_t terms, int64_t column, int64_t columns, int64_t width, int32_t carrier, void *out) {
  for (int64_t k = 0; k < terms; k++) {
    for (int64_t j = 0; j < width; j++) {
      double x = j < columns ? element(a, k, column + j) : 0;
      if (carrier == 32) ((float *)out)[k * width + j] = (float)x; else ((double *)out)[k * width + j] = x;
    }
  }
}

ck_facts ck_examine(ck_matrix a, int64_t rows, int64_t columns) {
  ck_facts facts = {0, 1, 1 << 20, 0};
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) {
      double x = fabs(element(a, i, j));
      if (!(x < INFINITY)) { facts.isFinite = 0; continue; }
      if (x == 0) continue;
      if (x > facts.largest) facts.largest = x;
      union { double x; uint64_t i; } bits = {x};
      int field = (int)(bits.i >> 52);
      uint64_t significand = (bits.i & ((1ull << 52) - 1)) | (field ? 1ull << 52 : 0);
      int zeros = __builtin_ctzll(significand), lowest = (field ? field : 1) - 1075 + zeros;
      int width = 64 - __builtin_clzll(significand) - zeros;
      if (width > facts.bits) facts.bits = width;
      if (lowest < facts.lowestBit) facts.lowestBit = lowest;
    }
  }
  return facts;
}
