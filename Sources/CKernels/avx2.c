// SPDX-License-Identifier: Apache-2.0
// The kernels for avx2.

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define CK_SET avx2
#define CK_BYTES 32
#define CK_ROWS 4
#define CK_VECTORS 2
#define CK_HAS_FMA 1
#define CK_IS_AVX512 0
#include "carriers.h"

#pragma clang attribute pop
#endif
