// SPDX-License-Identifier: Apache-2.0
// The kernels for avx512.

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)

#define CK_SET avx512
#define CK_BYTES 64
#define CK_ROWS 6
#define CK_VECTORS 2
#define CK_HAS_FMA 1
#define CK_IS_AVX512 1
#include "carriers.h"

#pragma clang attribute pop
#endif
