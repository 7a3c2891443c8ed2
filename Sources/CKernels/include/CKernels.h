// SPDX-License-Identifier: Apache-2.0
// Vector kernels: rounding of arrays, and products of matrices whose every sum is rounded.
//
// A *carrier* is the binary format that holds the numbers while they are worked on: binary32 (P = 24) or binary64 (P = 53). The kernels
// are compiled for several instruction sets from one source; the caller picks one of the tables below. Nothing here decides whether a
// kernel is exact for a format: that is Formats/RoundingKernel.swift and Accumulation/KernelSelection.swift.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { CK_NEAREST_EVEN, CK_NEAREST_AWAY, CK_NEAREST_ZERO, CK_TOWARD_ZERO, CK_UP, CK_DOWN, CK_TO_ODD, CK_STOCHASTIC };

/// A rounding to the grid of a format, for one carrier. Pairs are for positive and for negative results.
typedef struct {
  int32_t mode;
  /// Random bits that decide a stochastic rounding, 1 to 32, or 0 where as many as the number has are asked for.
  int32_t randomBits;
  /// s: bits of the carrier's significand below the last place that is kept.
  int32_t shift;
  int32_t hasNegativeZero;
  /// Magnitudes below it lie on a grid of one spacing η: 0 where the carrier's own subnormals are that grid, ∞ for fixed point.
  double smallBelow;
  /// A power of two with a last place of η / 2^s.
  double smallAnchor;
  /// The smallest normal magnitude, or for fixed point what makes its spacing that of the lowest binade.
  double smallestNormal;
  /// Exponents from a magnitude to a number whose last place is the last one kept of the magnitude, for the kernels that round by adding it.
  int32_t anchorDistance;
  /// Whether infinite numbers are clamped like all that overflow.
  int32_t saturates;
  /// Magnitudes of the largest numbers, and what is beyond them.
  double largest[2], overflow[2], infinity[2];
  /// Rounded magnitudes below it become zero.
  double flushBelow;
} ck_rounding;

/// The key of a stream of random bits (Formats/RandomStream.swift).
typedef struct { uint32_t low, high; } ck_key;
/// Keys of many streams.
typedef struct { const uint32_t *low, *high; } ck_keys;

/// Codes of a format, for one carrier. Magnitudes and codes are those of one sign unless it is fixed point.
typedef struct {
  int32_t isFixed, hasNegativeZero, hasSubnormals;
  /// Fraction bits of the carrier that the format lacks.
  int32_t shift;
  /// Bits of a normal magnitude in the carrier, shifted, less its code.
  int64_t offset;
  /// Magnitudes below it are multiples of the spacing η; ∞ for fixed point.
  double smallBelow;
  /// 2^(fraction bits of the carrier) · η.
  double anchor;
  /// The code of the smallest normal magnitude, and of the largest number.
  int64_t firstNormal, largest;
  /// Codes of infinity (-1 where there is none) and NaN; the sign bit (0 where there is none); all bits of a code.
  int64_t infinity, nan, signBit, mask;
} ck_coding;

/// How the sums of a level are rounded.
typedef enum {
  /// The carrier is the accumulator.
  CK_NATIVE,
  /// By two additions; sums are finite, never below the smallest normal number unless on its grid, never beyond the largest.
  CK_LEAN,
  /// By two additions, with subnormal numbers; finite sums, clamped to the largest number.
  CK_SATURATING,
  /// By two additions, with subnormal numbers; what overflows becomes infinite.
  CK_OVERFLOWING,
  /// The same three from sums that are first rounded to odd.
  CK_ODD_LEAN, CK_ODD_SATURATING, CK_ODD_OVERFLOWING,
  /// Random bits are added below the last place; conditions as for CK_LEAN.
  CK_DITHERED,
  /// Fixed point: the accumulator holds its value plus a constant that makes its last place the carrier's. Saturates, or wraps.
  CK_FIXED_SATURATING, CK_FIXED_WRAPPING,
  /// Any mode, any overflow, any number.
  CK_GENERAL,
  CK_KINDS
} ck_kind;

/// What happens to a product before it is added.
typedef enum { CK_EXACT, CK_PRODUCT_SATURATING, CK_PRODUCT_OVERFLOWING, CK_PRODUCT_GENERAL } ck_product_kind;

enum { CK_MAX_LEVELS = 8 };

typedef struct {
  ck_kind kind;
  ck_rounding rounding;
  /// Terms that this level sums before it hands its result on; unused in the last level.
  int64_t count;
} ck_level;

/// A dot product: the kind of its products, the levels that sum them, the lowest first.
typedef struct {
  ck_product_kind product;
  ck_rounding productRounding;
  int32_t levelCount;
  /// Whether additions, and whether products, take random bits.
  int32_t drawsSums, drawsProducts;
  ck_level levels[CK_MAX_LEVELS];
} ck_plan;

/// A tile of results: rows × (vectors · lanes), the vectors of a row side by side.
typedef struct {
  const ck_plan *plan;
  /// Left and right factors of term k: `left[k · leftStride + i]` for row i, `right[k · rightStride + …]` for the lanes; in a batch
  /// `left` has a factor for each lane of each row too.
  const void *left, *right;
  int64_t leftStride, rightStride;
  int64_t terms;
  /// The results, row after row.
  void *results;
  /// Keys of the streams of each result, in that order, for its sums and for its products.
  ck_keys sumKeys, productKeys;
} ck_tile;

/// Kernels for one carrier and one instruction set. Numbers are `float` or `double` as the carrier says. Functions that say whether they
/// are in doubt return nonzero where the random bits they read do not decide a rounding; the results are then not to be used.
typedef struct {
  int32_t lanes, rows, vectors;
  /// Rounds n numbers with any rounding; element i takes the random bits of draw `first + i`. Returns whether it is in doubt.
  int32_t (*round)(const void *x, void *y, size_t n, const ck_rounding *, ck_key, uint64_t first, int32_t streams);
  /// Rounds n numbers to nearest even by two additions.
  void (*roundNearest)(const void *x, void *y, size_t n, const ck_rounding *, int32_t streams);
  /// Rounds n numbers stochastically with `randomBits` bits, by additions.
  void (*dither)(const void *x, void *y, size_t n, const ck_rounding *, ck_key, uint64_t first, int32_t streams);
  /// Codes, of 1, 2, 4 or 8 bytes, of n numbers of a format; and numbers of n codes.
  void (*encode)(const void *x, void *codes, int32_t codeBytes, size_t n, const ck_coding *);
  void (*decode)(const void *codes, int32_t codeBytes, void *y, size_t n, const ck_coding *);
  /// The results of a tile of a matrix product, and of a batch. Return whether they are in doubt.
  int32_t (*tile)(const ck_tile *);
  int32_t (*batch)(const ck_tile *);
  /// The keys of the children first, first + 1, … of a stream; n is a multiple of 16.
  void (*childKeys)(ck_key, uint64_t first, uint32_t *low, uint32_t *high, size_t n);
  /// Whether CK_ODD_… kinds are there.
  int32_t hasOdd;
} ck_kernels;

/// Instruction sets, each with all that the ones before it have.
typedef enum { CK_PORTABLE, CK_AVX2, CK_AVX512, CK_INSTRUCTION_SETS } ck_instruction_set;

/// The largest instruction set that this processor has.
ck_instruction_set ck_best_instruction_set(void);
/// Its kernels for a carrier of 32 or 64 bits; NULL where the program has none.
const ck_kernels *ck_kernels_for(ck_instruction_set, int32_t carrier);

/// Sets the processor's floating-point environment to its default (to nearest, with subnormal numbers), whatever the program around has chosen;
/// returns what was set before, for ck_restore_environment.
int32_t ck_default_environment(void);
void ck_restore_environment(int32_t before);

/// The gap between 0 and the smallest number m of a format that is wider than the next: what lies in it goes to m if its magnitude is above
/// `limit`, of its sign, and to 0 otherwise.
typedef struct { double end, limit[2]; int32_t hasNegativeZero; } ck_gap;

/// Corrects numbers y, rounded from x as if the gap held numbers like the binade above it. They do not overlap.
void ck_round_in_gap(const void *x, void *y, size_t n, int32_t carrier, const ck_gap *);

/// A matrix: element (i, j) is at base + i · rowStride + j · columnStride, in elements, which may be negative or zero; where there is a table of
/// offsets, at base + rowOffsets[i] + columnOffsets[j] instead.
typedef struct {
  const void *base;
  int64_t rowStride, columnStride;
  int32_t isDouble;
  const int32_t *rowOffsets, *columnOffsets;
} ck_matrix;

/// Copies columns `column…` of rows 0 ..< terms into `out[k · width + j]`, zero beyond the last of `columns` columns.
void ck_pack(ck_matrix, int64_t terms, int64_t column, int64_t columns, int64_t width, int32_t carrier, void *out);

/// Copies the first rows and columns of a tile's results, `width` a row, to rows of `out` that are `stride` apart.
void ck_unpack(const void *results, int64_t width, int64_t rows, int64_t columns, int32_t carrier, void *out, int64_t stride, int32_t isDouble);

/// Facts of finite numbers, for deciding which kernel is exact.
typedef struct {
  double largest;      ///< the largest magnitude
  int32_t isFinite;    ///< no infinity, no NaN
  int32_t lowestBit;   ///< every number is a multiple of 2^lowestBit; 1 << 20 for zeros alone
  int32_t bits;        ///< the most bits from the first to the last one of a number's significand
} ck_facts;
/// Of a matrix without tables of offsets.
ck_facts ck_examine(ck_matrix, int64_t rows, int64_t columns);

#endif
