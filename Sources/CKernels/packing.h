// SPDX-License-Identifier: Apache-2.0
// Packing of SOURCE numbers as TARGET numbers, included once for each pair. PACK(x) is x's name there.

// (Of the vectors none is an argument once all is inlined.)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

typedef SOURCE PACK(sources) __attribute__((ext_vector_type(4), aligned(sizeof(SOURCE))));
typedef TARGET PACK(targets) __attribute__((ext_vector_type(4)));
typedef TARGET PACK(unaligned) __attribute__((ext_vector_type(4), aligned(sizeof(TARGET))));

INLINE PACK(targets) PACK(load)(const SOURCE *p) { return __builtin_convertvector(*(const PACK(sources) *)p, PACK(targets)); }
INLINE void PACK(store)(TARGET *p, PACK(targets) x) { *(PACK(unaligned) *)p = x; }

/// Four neighbours of each of four columns become four rows.
INLINE void PACK(transpose)(const SOURCE *from, const int64_t *columns, TARGET *to, int64_t width) {
  PACK(targets) a = PACK(load)(from + columns[0]), b = PACK(load)(from + columns[1]);
  PACK(targets) c = PACK(load)(from + columns[2]), d = PACK(load)(from + columns[3]);
  PACK(targets) abLow = __builtin_shufflevector(a, b, 0, 4, 1, 5), abHigh = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  PACK(targets) cdLow = __builtin_shufflevector(c, d, 0, 4, 1, 5), cdHigh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  PACK(store)(to, __builtin_shufflevector(abLow, cdLow, 0, 1, 4, 5));
  PACK(store)(to + width, __builtin_shufflevector(abLow, cdLow, 2, 3, 6, 7));
  PACK(store)(to + 2 * width, __builtin_shufflevector(abHigh, cdHigh, 0, 1, 4, 5));
  PACK(store)(to + 3 * width, __builtin_shufflevector(abHigh, cdHigh, 2, 3, 6, 7));
}

/// Columns, at these places in every row.
static void PACK(pack)(const ck_matrix *a, int64_t terms, const int64_t *at, int64_t columns, int64_t width, TARGET *to) {
  const SOURCE *base = (const SOURCE *)a->base;
  // The first columns of fours that are neighbours, the last of which may overlap the one before it, and columns that have fewer beside them.
  int64_t fours[CHUNK], ones[CHUNK], fourCount = 0, oneCount = 0;
  for (int64_t j = 0, end; j < columns; j = end) {
    for (end = j + 1; end < columns && at[end] == at[end - 1] + 1;) end++;
    for (int64_t i = j; i < end; i += end - j < 4 ? 1 : 4) {
      if (end - j < 4) ones[oneCount++] = i; else fours[fourCount++] = i + 4 <= end ? i : end - 4;
    }
  }
  if (fourCount + oneCount <= columns / 2) {
    // One four after the other, in as many rows as stay in the nearest cache: of loops over the few fours of a row the ends would be mispredicted.
    for (int64_t first = 0; first < terms; first += CHUNK) {
      const int64_t end = first + CHUNK < terms ? first + CHUNK : terms;
      for (int64_t i = 0; i < fourCount; i++) {
        for (int64_t k = first; k < end; k++) PACK(store)(to + k * width + fours[i], PACK(load)(base + row(a, k) + at[fours[i]]));
      }
      for (int64_t i = 0; i < oneCount; i++) {
        for (int64_t k = first; k < end; k++) to[k * width + ones[i]] = (TARGET)base[row(a, k) + at[ones[i]]];
      }
    }
    return;
  }
  for (int64_t k = 0; k < terms;) {
    const SOURCE *from = base + row(a, k);
    TARGET *out = to + k * width;
    if (k + 4 <= terms && areNeighbours(a, k)) {
      int64_t j = 0;
      for (; j + 4 <= columns; j += 4) PACK(transpose)(from, at + j, out + j, width);
      for (; j < columns; j++) {
        for (int i = 0; i < 4; i++) out[i * width + j] = (TARGET)from[at[j] + i];
      }
      k += 4;
    } else {
      for (int64_t j = 0; j < columns; j++) out[j] = (TARGET)from[at[j]];
      k++;
    }
  }
}

#pragma clang diagnostic pop
#undef SOURCE
#undef TARGET
#undef PACK
