// SPDX-License-Identifier: Apache-2.0
// GNU MPFR for Swift, with functions where Swift cannot see a macro or a variadic.
#ifndef FMTLAB_CMPFR_SHIM_H
#define FMTLAB_CMPFR_SHIM_H

#include <stdint.h>
#include <stdio.h>
#include <mpfr.h>

#if GMP_NUMB_BITS != 64
#error "fmtlab reads MPFR significands as 64-bit limbs"
#endif

/// x = ±(high · 2^64 + low) · 2^exponent, rounded as `rnd` says; returns the ternary value.
static inline int fmtlab_mpfr_set(mpfr_ptr x, int negative, uint64_t high, uint64_t low, long exponent, mpfr_rnd_t rnd) {
  mp_limb_t limbs[2] = {low, high};
  mpz_t z;
  return mpfr_set_z_2exp(x, mpz_roinit_n(z, limbs, negative ? -2 : 2), exponent, rnd);
}

/// The leading 128 bits of the significand of a regular number, its top bit set; returns whether any bit after them is set.
static inline int fmtlab_mpfr_leading(mpfr_srcptr x, uint64_t *high, uint64_t *low) {
  long top = (long)((mpfr_get_prec(x) + 63) / 64) - 1;
  *high = x->_mpfr_d[top];
  *low = top > 0 ? x->_mpfr_d[top - 1] : 0;
  for (long i = 0; i < top - 1; i++)
    if (x->_mpfr_d[i]) return 1;
  return 0;
}

/// Writes x in decimal with `digits` significant digits, rounded to nearest; returns the length that the text has.
static inline int fmtlab_mpfr_format(char *buffer, size_t size, int digits, mpfr_srcptr x) {
  return mpfr_snprintf(buffer, size, "%.*RNg", digits, x);
}

#endif
