// SPDX-License-Identifier: Apache-2.0
// All kernels of one instruction set: random bits once, the rest for each carrier.

#include "CKernels.h"
#include "environment.h"

// Products and sums are rounded where the source says so, never by a contraction of the compiler's choice.
#pragma STDC FP_CONTRACT OFF

#define CK_PASTE_(a, b, c) a##_##b##_##c
#define CK_PASTE(a, b, c) CK_PASTE_(a, b, c)

/// The fourth word of the counters of draws, which no other bits of a stream have.
#define CK_DRAW_TAG ((uint32_t)0x80000000)

/// Rounds of Philox for draws.
#define CK_DRAW_ROUNDS 7

#include "random.h"

#define CARRIER 32
#include "kernels.h"
#undef CARRIER
#define CARRIER 64
#include "kernels.h"
#undef CARRIER

const ck_kernels *CK_PASTE(ck, kernels, CK_SET)(int32_t carrier) {
  return carrier == 32 ? &CK_PASTE(kernels, 32, CK_SET) : &CK_PASTE(kernels, 64, CK_SET);
}
