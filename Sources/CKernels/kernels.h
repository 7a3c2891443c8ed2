// SPDX-License-Identifier: Apache-2.0
// The kernels of one carrier and one instruction set.

#include "vectors.h"
#include "rounding.h"
#include "arrays.h"
#include "codes.h"
#include "products.h"
#include "tiles.h"

#undef NAME
#undef INLINE
#undef WIDTH
#undef REAL
#undef INTEGER
#undef FRACTION_BITS
#undef V
#undef I
#undef SIGN
#undef MAGNITUDE
#undef EXPONENT
#undef HALF
