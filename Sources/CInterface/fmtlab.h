// SPDX-License-Identifier: Apache-2.0
// fmtlab for C, and for what calls C: functions of libfmtlabc.so.
//
// Every function returns a status and, unless that is FMTLAB_OK, writes to `message` (of FMTLAB_MESSAGE bytes, or NULL) what was given, what is
// allowed and what to do. None traps, but where memory runs out; none changes its input or keeps a pointer; all may be called from many threads at once.
// Results are the same bits on any number of threads, and whatever the processor was told about subnormal numbers.
//
// Arrays lie row after row without gaps. `bytes` is the size of their numbers: 4 for float, 8 for double. Names of formats, accumulators and
// roundings are those of the command line. A NULL text stands for its default, where one is named.
#ifndef FMTLAB_H
#define FMTLAB_H

#include <stddef.h>
#include <stdint.h>

enum {
  FMTLAB_OK = 0,
  /// An argument that means nothing, or does not go with another.
  FMTLAB_BAD_ARGUMENT = 64,
  /// Numbers that the function cannot take.
  FMTLAB_BAD_DATA = 65,
  /// Bytes of a message, its 0 included.
  FMTLAB_MESSAGE = 1024,
  /// The last axis for blocks, the first for channels.
  FMTLAB_STANDARD_AXIS = INT32_MIN,
};

/// How numbers are rounded to a format.
typedef struct {
  /// A format such as "e4m3fn"; for fmtlab_quantize a scaled one such as "mxfp4".
  const char *format;
  /// "rne" (default), "rna", "rnz", "rz", "ru", "rd", "ro", "sr" or "srN".
  const char *rounding;
  /// "ieee" (default where there is infinity or NaN), "infinity", "saturate" (default elsewhere), "propagate" or "wrap".
  const char *overflow;
  /// "keep" (default) or "flush".
  const char *subnormals;
  /// Of all random bits; element i takes draw i.
  uint64_t seed;
  /// 0 for all cores.
  int32_t threads;
} fmtlab_rounding;

/// How dot products are carried out.
typedef struct {
  /// The format of x and y, to which their elements are rounded first, to nearest.
  const char *format;
  /// The accumulator: "e6m5", "e4m3:16,fp16:8,fp32", "kahan/bf16", ...
  const char *accumulator;
  /// Products: "exact", "fused" or FORMAT[@ROUNDING]; by default exact, or what the format says.
  const char *product;
  uint64_t seed;
  /// 0 for all cores.
  int32_t threads;
} fmtlab_sum;

/// Over which inputs an exact analysis goes.
typedef struct {
  /// Lengths of the dot products.
  const int64_t *lengths;
  size_t lengthCount;
  /// Only inputs up to this magnitude; 0 for all.
  double range;
  /// Given y, in place of lengths; NULL where y varies like x.
  const double *weights;
  size_t weightCount;
  /// "exclude", "saturate" or "absorb"; by default exclude for the worst case, for distributions saturate if the accumulator does, else absorb.
  const char *overflow;
} fmtlab_inputs;

/// Bits of a format's codes, and bytes of the smallest numbers that hold its values: 4, 8, or 0 where double does not.
int32_t fmtlab_format(const char *name, int32_t *width, int32_t *bytes, char *message);

/// Bytes of the smallest numbers that hold the sums of an accumulator, likewise.
int32_t fmtlab_accumulator(const char *accumulator, int32_t *bytes, char *message);

/// y = x rounded to a format; y may be x.
int32_t fmtlab_round(const fmtlab_rounding *to, int32_t bytes, const void *x, void *y, size_t n, char *message);

/// The codes, unsigned integers of 1, 2, 4 or 8 bytes, of x rounded to a format.
int32_t fmtlab_encode(const fmtlab_rounding *to, int32_t bytes, const void *x, int32_t codeBytes, void *codes, size_t n, char *message);

/// The values of codes.
int32_t fmtlab_decode(const char *format, int32_t codeBytes, const void *codes, int32_t bytes, void *y, size_t n, char *message);

/// y = the values to which x is quantised, in a scaled format whose channels are counted, or blocks run, along an axis of the array (from the end if
/// negative, or FMTLAB_STANDARD_AXIS). `name` is that of a tensor, whose random bits are its own, as `fmtlab quantize` has them; NULL for none. `nonFinite` is "reject" (default) or "propagate": NaN stays NaN, infinities saturate. Elements saturate; `overflow` and `subnormals` are not read.
int32_t fmtlab_quantize(
  const fmtlab_rounding *to, int32_t axis, const char *nonFinite, const char *name, int32_t bytes, const size_t *shape, size_t dimensions, const void *x, void *y, char *message);

/// c = a b, a of m rows and k columns, b of k rows and n columns; element (i, j) takes stream i n + j of the seed. Sums that c's numbers, of `sumBytes`,
/// do not hold are rounded to them once more.
int32_t fmtlab_gemm(
  const fmtlab_sum *, int32_t bytes, int32_t sumBytes, size_t m, size_t n, size_t k, const void *a, const void *b, void *c, char *message);

/// The dot product of x and y from a starting value (0, or a number that is rounded to the accumulator's format), as the JSON document fmtlab.dot/1; so do the next two.
/// The document is to be given to fmtlab_free.
int32_t fmtlab_dot(const fmtlab_sum *, size_t n, const double *x, const double *y, double start, char **json, char *message);

/// The worst cases over all inputs; `rate` adds the growth of the error.
int32_t fmtlab_worst(const fmtlab_sum *, const fmtlab_inputs *, int32_t rate, char **json, char *message);

/// The laws of errors of sums of random products: `data` is "normal" (default), "uniform", "lognormal", "laplace" or "digits", times `scale`; `histogram` adds
/// the whole law at the last length.
int32_t fmtlab_distribution(
  const fmtlab_sum *, const fmtlab_inputs *, const char *data, double scale, int32_t histogram, char **json, char *message);

/// Gives the memory of a document back.
void fmtlab_free(char *json);

#endif
