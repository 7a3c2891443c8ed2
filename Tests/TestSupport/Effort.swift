// SPDX-License-Identifier: Apache-2.0
// How long random tests run.

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// `count`, ten times as many where the environment says FMTLAB_EFFORT=long (`make test-long`).
public func effort(_ count: Int) -> Int {
  getenv("FMTLAB_EFFORT").map { String(cString: $0) } == "long" ? 10 * count : count
}
