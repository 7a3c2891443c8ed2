// SPDX-License-Identifier: Apache-2.0
// What the BLAS functions that are emulated have in common: one product of matrices.

#pragma once
#include <stdint.h>

/// Whether a product of this process was emulated.
extern int fmtlab_intercepted;

/// Which elements of a factor are stored, and what the others are.
enum fmtlab_part {
  FMTLAB_ALL,
  /// The other triangle mirrors this one.
  FMTLAB_SYMMETRIC_UPPER, FMTLAB_SYMMETRIC_LOWER,
  /// The other triangle is zero, and with a unit diagonal that is 1.
  FMTLAB_UPPER, FMTLAB_LOWER, FMTLAB_UNIT_UPPER, FMTLAB_UNIT_LOWER
};

/// A matrix in the program's memory: element (i, j) at base[i row + j column], in numbers.
struct fmtlab_matrix {
  const void *base;
  int64_t row, column;
  enum fmtlab_part part;
};

/// C ← α A B + β C with A m × k, B k × n; of C the elements of a part.
struct fmtlab_product {
  /// The function, as it is called: `sgemm`.
  const char *name;
  /// Binary64 instead of binary32.
  int isDouble;
  int64_t m, n, k;
  double alpha, beta;
  struct fmtlab_matrix a, b;
  void *c;
  int64_t cRow, cColumn;
  /// FMTLAB_ALL, FMTLAB_UPPER or FMTLAB_LOWER.
  enum fmtlab_part cPart;
};
