// SPDX-License-Identifier: Apache-2.0
// zlib for Swift, with a function where Swift cannot see a macro.
#ifndef FMTLAB_CZLIB_SHIM_H
#define FMTLAB_CZLIB_SHIM_H

#include <zlib.h>

/// Prepares `stream` to inflate the largest window: a gzip file, or bare deflated data as in a zip archive.
static inline int fmtlab_inflate_init(z_stream *stream, int gzip) {
  return inflateInit2(stream, gzip ? MAX_WBITS + 16 : -MAX_WBITS);
}

#endif
