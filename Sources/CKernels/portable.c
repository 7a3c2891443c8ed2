// SPDX-License-Identifier: Apache-2.0
// The kernels for what every processor has.

#define CK_SET portable
#define CK_BYTES 16
#define CK_ROWS 2
#define CK_VECTORS 2
#if defined(__ARM_FEATURE_FMA)
#define CK_HAS_FMA 1
#else
#define CK_HAS_FMA 0
#endif
#define CK_IS_AVX512 0
#include "carriers.h"
