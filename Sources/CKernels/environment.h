// SPDX-License-Identifier: Apache-2.0
// The processor's rounding mode, which kernels set for their own duration.
#ifndef CK_ENVIRONMENT_H
#define CK_ENVIRONMENT_H

#include "CKernels.h"
#if defined(__x86_64__)
#include <immintrin.h>
#else
#include <fenv.h>
#endif

/// Sets the mode, for CK_NEAREST_EVEN, CK_TOWARD_ZERO, CK_UP or CK_DOWN, with subnormal numbers; returns what was set before.
static inline int ck_set_rounding(int32_t mode) {
#if defined(__x86_64__)
  // Default control word: exceptions masked, subnormals kept.
  unsigned before = _mm_getcsr();
  unsigned bits = mode == CK_TOWARD_ZERO ? _MM_ROUND_TOWARD_ZERO : mode == CK_UP ? _MM_ROUND_UP : mode == CK_DOWN ? _MM_ROUND_DOWN : 0;
  _mm_setcsr(0x1f80 | bits);
  return (int)before;
#else
  int before = fegetround();
  fesetround(mode == CK_TOWARD_ZERO ? FE_TOWARDZERO : mode == CK_UP ? FE_UPWARD : mode == CK_DOWN ? FE_DOWNWARD : FE_TONEAREST);
  return before;
#endif
}

static inline void ck_restore_rounding(int before) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)before);
#else
  fesetround(before);
#endif
}

#endif
