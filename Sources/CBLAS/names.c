// SPDX-License-Identifier: Apache-2.0
// The BLAS functions that are emulated, under their Fortran and CBLAS names, for LD_PRELOAD.
//
// Each becomes one product of matrices, which libfmtlabemulation.so carries out; it is loaded when the first of them is called, so that the processes of
// a program that call none (shells, compilers) carry nothing. Without FMTLAB_EMULATION, and where there is nothing to multiply or an argument is wrong, the
// real BLAS is called. All other functions of BLAS and LAPACK are the real ones, and call these where they multiply.

#define _GNU_SOURCE
#include "emulation.h"
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*emulate_function)(const struct fmtlab_product *);

static void fail(const char *what, const char *why) {
  fprintf(stderr, "fmtlab run: %s: %s\n", what, why);
  _exit(70);
}

/// What emulates products, or NULL where nobody asked for it.
static emulate_function emulation(void) {
  static emulate_function found;
  static int isKnown;
  if (!__atomic_load_n(&isKnown, __ATOMIC_ACQUIRE)) {
    const char *path = getenv("FMTLAB_EMULATION");
    if (path && *path) {
      void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
      if (!library) fail(path, dlerror());
      found = (emulate_function)dlsym(library, "fmtlab_emulate");
      if (!found) fail(path, dlerror());
    }
    __atomic_store_n(&isKnown, 1, __ATOMIC_RELEASE);
  }
  return found;
}

struct search {
  const char *name;
  void *found;
};

/// Looks for a function in a library that is loaded, and in those that it needs.
static int look(struct dl_phdr_info *library, size_t size, void *context) {
  struct search *search = context;
  (void)size;
  if (!library->dlpi_name || !*library->dlpi_name || strstr(library->dlpi_name, "libfmtlabblas")) return 0;
  void *handle = dlopen(library->dlpi_name, RTLD_NOW | RTLD_NOLOAD);
  if (!handle) return 0;
  search->found = dlsym(handle, search->name);
  dlclose(handle);
  return search->found != NULL;
}

/// The function of this name in the program's own BLAS, which an interpreter may have loaded for one of its modules alone.
static void *real(const char *name, void **known) {
  void *function = __atomic_load_n(known, __ATOMIC_ACQUIRE);
  if (function) return function;
  struct search search = {name, dlsym(RTLD_NEXT, name)};
  if (!search.found) dl_iterate_phdr(look, &search);
  if (!search.found) fail(name, "the program has no BLAS with this function");
  __atomic_store_n(known, search.found, __ATOMIC_RELEASE);
  return search.found;
}

static struct fmtlab_matrix turned(struct fmtlab_matrix x) {
  static const enum fmtlab_part parts[] = {
    FMTLAB_ALL, FMTLAB_SYMMETRIC_LOWER, FMTLAB_SYMMETRIC_UPPER, FMTLAB_LOWER, FMTLAB_UPPER, FMTLAB_UNIT_LOWER, FMTLAB_UNIT_UPPER,
  };
  return (struct fmtlab_matrix){x.base, x.column, x.row, parts[x.part]};
}

/// Carries out a product, if it is to be emulated.
///
/// In row-major order the matrices of the call are the transposes of those in column-major order that it was turned into: C' = B' A' is turned back.
static int emulate(const struct fmtlab_product *given, int isRowMajor) {
  emulate_function emulation_of = emulation();
  if (!emulation_of || given->m <= 0 || given->n <= 0 || given->k <= 0 || given->alpha == 0) return 0;
  struct fmtlab_product product = *given;
  if (isRowMajor) {
    struct fmtlab_matrix c = turned((struct fmtlab_matrix){given->c, given->cRow, given->cColumn, given->cPart});
    product.m = given->n;
    product.n = given->m;
    product.a = turned(given->b);
    product.b = turned(given->a);
    product.cRow = c.row;
    product.cColumn = c.column;
    product.cPart = c.part;
  }
  __atomic_store_n(&fmtlab_intercepted, 1, __ATOMIC_RELAXED);
  emulation_of(&product);
  return 1;
}

// MARK: - Arguments

static int isTransposed(char t) { return t == 'T' || t == 't' || t == 'C' || t == 'c'; }
static int isPlain(char t) { return t == 'N' || t == 'n'; }
static int isUpper(char u) { return u == 'U' || u == 'u'; }
static int isUplo(char u) { return isUpper(u) || u == 'L' || u == 'l'; }
static int isLeft(char s) { return s == 'L' || s == 'l'; }
static int isSide(char s) { return isLeft(s) || s == 'R' || s == 'r'; }
static int isUnit(char d) { return d == 'U' || d == 'u'; }
static int isDiag(char d) { return isUnit(d) || isPlain(d); }
static int isTrans(char t) { return isPlain(t) || isTransposed(t); }
static int64_t atLeastOne(int64_t n) { return n > 1 ? n : 1; }

/// CBLAS's numbers as Fortran's letters; 0 for what is neither. In row-major order a matrix is the transpose of the column-major one in its place.
static char letter(int value) {
  switch (value) {
    case 111: return 'N';
    case 112: return 'T';
    case 113: return 'C';
    case 121: return 'U';
    case 122: return 'L';
    case 131: return 'N';
    case 132: return 'U';
    case 141: return 'L';
    case 142: return 'R';
    default: return 0;
  }
}
enum { ROW_MAJOR = 101, COLUMN_MAJOR = 102 };
static char other(char l, char a, char b) { return l == a ? b : l == b ? a : l; }

static struct fmtlab_matrix full(const void *base, int64_t lead, int transposed) {
  return (struct fmtlab_matrix){base, transposed ? lead : 1, transposed ? 1 : lead, FMTLAB_ALL};
}

static struct fmtlab_matrix symmetric(const void *base, int64_t lead, char uplo) {
  return (struct fmtlab_matrix){base, 1, lead, isUpper(uplo) ? FMTLAB_SYMMETRIC_UPPER : FMTLAB_SYMMETRIC_LOWER};
}

static struct fmtlab_matrix triangular(const void *base, int64_t lead, char uplo, char trans, char diag) {
  enum fmtlab_part part = isUpper(uplo) ? (isUnit(diag) ? FMTLAB_UNIT_UPPER : FMTLAB_UPPER) : isUnit(diag) ? FMTLAB_UNIT_LOWER : FMTLAB_LOWER;
  struct fmtlab_matrix x = {base, 1, lead, part};
  return isTransposed(trans) ? turned(x) : x;
}

/// A vector as a column. With a negative stride the first element is the last in memory.
static struct fmtlab_matrix column(const void *base, int64_t n, int64_t stride, size_t size) {
  const char *first = (const char *)base + (stride < 0 ? (size_t)((1 - n) * stride) * size : 0);
  return (struct fmtlab_matrix){first, stride, 0, FMTLAB_ALL};
}

// MARK: - Functions

// Of each: Fortran's, which is called by reference, and CBLAS's, which is turned to column-major order and then does the same.
#define FUNCTIONS(T, p, IS_DOUBLE)                                                                                                                            \
  static int p##gemm_product(int turn, char ta, char tb, int m, int n, int k, T alpha, const T *a, int lda, const T *b, int ldb, T beta, T *c, int ldc) {     \
    if (!isTrans(ta) || !isTrans(tb) || lda < atLeastOne(isPlain(ta) ? m : k) || ldb < atLeastOne(isPlain(tb) ? k : n) || ldc < atLeastOne(m))                \
      return 0;                                                                                                                                               \
    struct fmtlab_product x = {#p "gemm", IS_DOUBLE, m, n, k, alpha, beta, full(a, lda, isTransposed(ta)), full(b, ldb, isTransposed(tb)),                    \
                               c, 1, ldc, FMTLAB_ALL};                                                                                                        \
    return emulate(&x, turn);                                                                                                                                 \
  }                                                                                                                                                           \
  void p##gemm_(const char *ta, const char *tb, const int *m, const int *n, const int *k, const T *alpha, const T *a, const int *lda, const T *b,             \
                const int *ldb, const T *beta, T *c, const int *ldc) {                                                                                        \
    if (p##gemm_product(0, *ta, *tb, *m, *n, *k, *alpha, a, *lda, b, *ldb, *beta, c, *ldc)) return;                                                           \
    static void *known;                                                                                                                                       \
    ((void (*)(const char *, const char *, const int *, const int *, const int *, const T *, const T *, const int *, const T *, const int *,                  \
               const T *, T *, const int *, size_t, size_t))real(#p "gemm_", &known))(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, 1, 1);            \
  }                                                                                                                                                           \
  void cblas_##p##gemm(int order, int ta, int tb, int m, int n, int k, T alpha, const T *a, int lda, const T *b, int ldb, T beta, T *c, int ldc) {            \
    if (order == ROW_MAJOR ? p##gemm_product(1, letter(tb), letter(ta), n, m, k, alpha, b, ldb, a, lda, beta, c, ldc)                                         \
                           : order == COLUMN_MAJOR && p##gemm_product(0, letter(ta), letter(tb), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))               \
      return;                                                                                                                                                 \
    static void *known;                                                                                                                                       \
    ((void (*)(int, int, int, int, int, int, T, const T *, int, const T *, int, T, T *, int))real("cblas_" #p "gemm", &known))(                               \
      order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);                                                                                           \
  }                                                                                                                                                           \
                                                                                                                                                              \
  static int p##gemv_product(char t, int m, int n, T alpha, const T *a, int lda, const T *x, int incx, T beta, T *y, int incy) {                              \
    if (!isTrans(t) || lda < atLeastOne(m) || incx == 0 || incy == 0) return 0;                                                                               \
    int rows = isPlain(t) ? m : n, terms = isPlain(t) ? n : m;                                                                                                \
    struct fmtlab_matrix to = column(y, rows, incy, sizeof(T));                                                                                               \
    struct fmtlab_product product = {#p "gemv", IS_DOUBLE, rows, 1, terms, alpha, beta, full(a, lda, isTransposed(t)),                                        \
                                     column(x, terms, incx, sizeof(T)), (void *)to.base, to.row, 0, FMTLAB_ALL};                                              \
    return emulate(&product, 0);                                                                                                                              \
  }                                                                                                                                                           \
  void p##gemv_(const char *t, const int *m, const int *n, const T *alpha, const T *a, const int *lda, const T *x, const int *incx, const T *beta,            \
                T *y, const int *incy) {                                                                                                                      \
    if (p##gemv_product(*t, *m, *n, *alpha, a, *lda, x, *incx, *beta, y, *incy)) return;                                                                      \
    static void *known;                                                                                                                                       \
    ((void (*)(const char *, const int *, const int *, const T *, const T *, const int *, const T *, const int *, const T *, T *, const int *,                \
               size_t))real(#p "gemv_", &known))(t, m, n, alpha, a, lda, x, incx, beta, y, incy, 1);                                                          \
  }                                                                                                                                                           \
  void cblas_##p##gemv(int order, int t, int m, int n, T alpha, const T *a, int lda, const T *x, int incx, T beta, T *y, int incy) {                          \
    if (order == ROW_MAJOR ? p##gemv_product(other(letter(t) == 'C' ? 'T' : letter(t), 'N', 'T'), n, m, alpha, a, lda, x, incx, beta, y, incy)                \
                           : order == COLUMN_MAJOR && p##gemv_product(letter(t), m, n, alpha, a, lda, x, incx, beta, y, incy))                                \
      return;                                                                                                                                                 \
    static void *known;                                                                                                                                       \
    ((void (*)(int, int, int, int, T, const T *, int, const T *, int, T, T *, int))real("cblas_" #p "gemv", &known))(                                         \
      order, t, m, n, alpha, a, lda, x, incx, beta, y, incy);                                                                                                 \
  }                                                                                                                                                           \
                                                                                                                                                              \
  static int p##ger_product(int turn, int m, int n, T alpha, const T *x, int incx, const T *y, int incy, T *a, int lda) {                                     \
    if (incx == 0 || incy == 0 || lda < atLeastOne(m)) return 0;                                                                                              \
    struct fmtlab_product product = {#p "ger", IS_DOUBLE, m, n, 1, alpha, 1, column(x, m, incx, sizeof(T)),                                                   \
                                     turned(column(y, n, incy, sizeof(T))), a, 1, lda, FMTLAB_ALL};                                                           \
    return emulate(&product, turn);                                                                                                                           \
  }                                                                                                                                                           \
  void p##ger_(const int *m, const int *n, const T *alpha, const T *x, const int *incx, const T *y, const int *incy, T *a, const int *lda) {                  \
    if (p##ger_product(0, *m, *n, *alpha, x, *incx, y, *incy, a, *lda)) return;                                                                               \
    static void *known;                                                                                                                                       \
    ((void (*)(const int *, const int *, const T *, const T *, const int *, const T *, const int *, T *, const int *))real(#p "ger_", &known))(               \
      m, n, alpha, x, incx, y, incy, a, lda);                                                                                                                 \
  }                                                                                                                                                           \
  void cblas_##p##ger(int order, int m, int n, T alpha, const T *x, int incx, const T *y, int incy, T *a, int lda) {                                          \
    if (order == ROW_MAJOR ? p##ger_product(1, n, m, alpha, y, incy, x, incx, a, lda)                                                                         \
                           : order == COLUMN_MAJOR && p##ger_product(0, m, n, alpha, x, incx, y, incy, a, lda))                                               \
      return;                                                                                                                                                 \
    static void *known;                                                                                                                                       \
    ((void (*)(int, int, int, T, const T *, int, const T *, int, T *, int))real("cblas_" #p "ger", &known))(order, m, n, alpha, x, incx, y, incy,             \
                                                                                                            a, lda);                                          \
  }                                                                                                                                                           \
                                                                                                                                                              \
  static int p##dot_product(int n, const T *x, int incx, const T *y, int incy, T *result) {                                                                   \
    struct fmtlab_product product = {#p "dot", IS_DOUBLE, 1, 1, n, 1, 0, turned(column(x, n, incx, sizeof(T))), column(y, n, incy, sizeof(T)),                \
                                     result, 1, 1, FMTLAB_ALL};                                                                                               \
    return emulate(&product, 0);                                                                                                                              \
  }                                                                                                                                                           \
  T p##dot_(const int *n, const T *x, const int *incx, const T *y, const int *incy) {                                                                         \
    T result;                                                                                                                                                 \
    if (p##dot_product(*n, x, *incx, y, *incy, &result)) return result;                                                                                       \
    static void *known;                                                                                                                                       \
    return ((T(*)(const int *, const T *, const int *, const T *, const int *))real(#p "dot_", &known))(n, x, incx, y, incy);                                 \
  }                                                                                                                                                           \
  T cblas_##p##dot(int n, const T *x, int incx, const T *y, int incy) {                                                                                       \
    T result;                                                                                                                                                 \
    if (p##dot_product(n, x, incx, y, incy, &result)) return result;                                                                                          \
    static void *known;                                                                                                                                       \
    return ((T(*)(int, const T *, int, const T *, int))real("cblas_" #p "dot", &known))(n, x, incx, y, incy);                                                 \
  }                                                                                                                                                           \
                                                                                                                                                              \
  static int p##syrk_product(int turn, char uplo, char t, int n, int k, T alpha, const T *a, int lda, T beta, T *c, int ldc) {                                \
    if (!isUplo(uplo) || !isTrans(t) || lda < atLeastOne(isPlain(t) ? n : k) || ldc < atLeastOne(n)) return 0;                                                \
    struct fmtlab_matrix x = full(a, lda, isTransposed(t));                                                                                                   \
    struct fmtlab_product product = {#p "syrk", IS_DOUBLE, n, n, k, alpha, beta, x, turned(x), c, 1, ldc, isUpper(uplo) ? FMTLAB_UPPER : FMTLAB_LOWER};       \
    return emulate(&product, turn);                                                                                                                           \
  }                                                                                                                                                           \
  void p##syrk_(const char *uplo, const char *t, const int *n, const int *k, const T *alpha, const T *a, const int *lda, const T *beta, T *c,                 \
                const int *ldc) {                                                                                                                             \
    if (p##syrk_product(0, *uplo, *t, *n, *k, *alpha, a, *lda, *beta, c, *ldc)) return;                                                                       \
    static void *known;                                                                                                                                       \
    ((void (*)(const char *, const char *, const int *, const int *, const T *, const T *, const int *, const T *, T *, const int *, size_t,                  \
               size_t))real(#p "syrk_", &known))(uplo, t, n, k, alpha, a, lda, beta, c, ldc, 1, 1);                                                           \
  }                                                                                                                                                           \
  void cblas_##p##syrk(int order, int uplo, int t, int n, int k, T alpha, const T *a, int lda, T beta, T *c, int ldc) {                                       \
    char u = letter(uplo), l = letter(t) == 'C' ? 'T' : letter(t);                                                                                            \
    if (order == ROW_MAJOR ? p##syrk_product(1, other(u, 'U', 'L'), other(l, 'N', 'T'), n, k, alpha, a, lda, beta, c, ldc)                                    \
                           : order == COLUMN_MAJOR && p##syrk_product(0, u, l, n, k, alpha, a, lda, beta, c, ldc))                                            \
      return;                                                                                                                                                 \
    static void *known;                                                                                                                                       \
    ((void (*)(int, int, int, int, int, T, const T *, int, T, T *, int))real("cblas_" #p "syrk", &known))(order, uplo, t, n, k, alpha, a, lda,                \
                                                                                                          beta, c, ldc);                                      \
  }                                                                                                                                                           \
                                                                                                                                                              \
  static int p##symm_product(int turn, char side, char uplo, int m, int n, T alpha, const T *a, int lda, const T *b, int ldb, T beta, T *c, int ldc) {        \
    if (!isSide(side) || !isUplo(uplo) || lda < atLeastOne(isLeft(side) ? m : n) || ldb < atLeastOne(m) || ldc < atLeastOne(m)) return 0;                     \
    struct fmtlab_matrix x = symmetric(a, lda, uplo), y = full(b, ldb, 0);                                                                                    \
    struct fmtlab_product product = {#p "symm", IS_DOUBLE, m, n, isLeft(side) ? m : n, alpha, beta, isLeft(side) ? x : y, isLeft(side) ? y : x,               \
                                     c, 1, ldc, FMTLAB_ALL};                                                                                                  \
    return emulate(&product, turn);                                                                                                                           \
  }                                                                                                                                                           \
  void p##symm_(const char *side, const char *uplo, const int *m, const int *n, const T *alpha, const T *a, const int *lda, const T *b,                       \
                const int *ldb, const T *beta, T *c, const int *ldc) {                                                                                        \
    if (p##symm_product(0, *side, *uplo, *m, *n, *alpha, a, *lda, b, *ldb, *beta, c, *ldc)) return;                                                           \
    static void *known;                                                                                                                                       \
    ((void (*)(const char *, const char *, const int *, const int *, const T *, const T *, const int *, const T *, const int *, const T *, T *,               \
               const int *, size_t, size_t))real(#p "symm_", &known))(side, uplo, m, n, alpha, a, lda, b, ldb, beta, c, ldc, 1, 1);                           \
  }                                                                                                                                                           \
  void cblas_##p##symm(int order, int side, int uplo, int m, int n, T alpha, const T *a, int lda, const T *b, int ldb, T beta, T *c, int ldc) {               \
    char s = letter(side), u = letter(uplo);                                                                                                                  \
    if (order == ROW_MAJOR ? p##symm_product(1, other(s, 'L', 'R'), other(u, 'U', 'L'), n, m, alpha, a, lda, b, ldb, beta, c, ldc)                            \
                           : order == COLUMN_MAJOR && p##symm_product(0, s, u, m, n, alpha, a, lda, b, ldb, beta, c, ldc))                                    \
      return;                                                                                                                                                 \
    static void *known;                                                                                                                                       \
    ((void (*)(int, int, int, int, int, T, const T *, int, const T *, int, T, T *, int))real("cblas_" #p "symm", &known))(                                    \
      order, side, uplo, m, n, alpha, a, lda, b, ldb, beta, c, ldc);                                                                                          \
  }                                                                                                                                                           \
                                                                                                                                                              \
  static int p##symv_product(char uplo, int n, T alpha, const T *a, int lda, const T *x, int incx, T beta, T *y, int incy) {                                  \
    if (!isUplo(uplo) || lda < atLeastOne(n) || incx == 0 || incy == 0) return 0;                                                                             \
    struct fmtlab_matrix to = column(y, n, incy, sizeof(T));                                                                                                  \
    struct fmtlab_product product = {#p "symv", IS_DOUBLE, n, 1, n, alpha, beta, symmetric(a, lda, uplo), column(x, n, incx, sizeof(T)),                      \
                                     (void *)to.base, to.row, 0, FMTLAB_ALL};                                                                                 \
    return emulate(&product, 0);                                                                                                                              \
  }                                                                                                                                                           \
  void p##symv_(const char *uplo, const int *n, const T *alpha, const T *a, const int *lda, const T *x, const int *incx, const T *beta, T *y,                 \
                const int *incy) {                                                                                                                            \
    if (p##symv_product(*uplo, *n, *alpha, a, *lda, x, *incx, *beta, y, *incy)) return;                                                                       \
    static void *known;                                                                                                                                       \
    ((void (*)(const char *, const int *, const T *, const T *, const int *, const T *, const int *, const T *, T *, const int *, size_t))real(               \
      #p "symv_", &known))(uplo, n, alpha, a, lda, x, incx, beta, y, incy, 1);                                                                                \
  }                                                                                                                                                           \
  void cblas_##p##symv(int order, int uplo, int n, T alpha, const T *a, int lda, const T *x, int incx, T beta, T *y, int incy) {                              \
    char u = letter(uplo);                                                                                                                                    \
    if (order == ROW_MAJOR ? p##symv_product(other(u, 'U', 'L'), n, alpha, a, lda, x, incx, beta, y, incy)                                                    \
                           : order == COLUMN_MAJOR && p##symv_product(u, n, alpha, a, lda, x, incx, beta, y, incy))                                           \
      return;                                                                                                                                                 \
    static void *known;                                                                                                                                       \
    ((void (*)(int, int, int, T, const T *, int, const T *, int, T, T *, int))real("cblas_" #p "symv", &known))(order, uplo, n, alpha, a, lda, x,             \
                                                                                                                incx, beta, y, incy);                         \
  }                                                                                                                                                           \
                                                                                                                                                              \
  static int p##trmm_product(int turn, char side, char uplo, char t, char diag, int m, int n, T alpha, const T *a, int lda, T *b, int ldb) {                  \
    if (!isSide(side) || !isUplo(uplo) || !isTrans(t) || !isDiag(diag) || lda < atLeastOne(isLeft(side) ? m : n) || ldb < atLeastOne(m)) return 0;            \
    struct fmtlab_matrix x = triangular(a, lda, uplo, t, diag), y = full(b, ldb, 0);                                                                          \
    struct fmtlab_product product = {#p "trmm", IS_DOUBLE, m, n, isLeft(side) ? m : n, alpha, 0, isLeft(side) ? x : y, isLeft(side) ? y : x,                  \
                                     b, 1, ldb, FMTLAB_ALL};                                                                                                  \
    return emulate(&product, turn);                                                                                                                           \
  }                                                                                                                                                           \
  void p##trmm_(const char *side, const char *uplo, const char *t, const char *diag, const int *m, const int *n, const T *alpha, const T *a,                  \
                const int *lda, T *b, const int *ldb) {                                                                                                       \
    if (p##trmm_product(0, *side, *uplo, *t, *diag, *m, *n, *alpha, a, *lda, b, *ldb)) return;                                                                \
    static void *known;                                                                                                                                       \
    ((void (*)(const char *, const char *, const char *, const char *, const int *, const int *, const T *, const T *, const int *, T *,                      \
               const int *, size_t, size_t, size_t, size_t))real(#p "trmm_", &known))(side, uplo, t, diag, m, n, alpha, a, lda, b, ldb, 1, 1, 1, 1);          \
  }                                                                                                                                                           \
  void cblas_##p##trmm(int order, int side, int uplo, int t, int diag, int m, int n, T alpha, const T *a, int lda, T *b, int ldb) {                           \
    char s = letter(side), u = letter(uplo);                                                                                                                  \
    if (order == ROW_MAJOR ? p##trmm_product(1, other(s, 'L', 'R'), other(u, 'U', 'L'), letter(t), letter(diag), n, m, alpha, a, lda, b, ldb)                 \
                           : order == COLUMN_MAJOR && p##trmm_product(0, s, u, letter(t), letter(diag), m, n, alpha, a, lda, b, ldb))                         \
      return;                                                                                                                                                 \
    static void *known;                                                                                                                                       \
    ((void (*)(int, int, int, int, int, int, int, T, const T *, int, T *, int))real("cblas_" #p "trmm", &known))(order, side, uplo, t, diag, m, n,            \
                                                                                                                 alpha, a, lda, b, ldb);                      \
  }

FUNCTIONS(float, s, 0)
FUNCTIONS(double, d, 1)
