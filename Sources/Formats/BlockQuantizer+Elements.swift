// SPDX-License-Identifier: Apache-2.0
// The loop over the numbers of a group whose scale is known.

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension BlockQuantizer {
  /// Quantises a run that has one scale.
  func quantize(_ run: Run, _ scale: GroupScale, _ tally: inout QuantizationTally) throws(QuantizationError) {
    switch scale {
    case .power(let e):
      let factor = Double.power(e)
      // In two steps, because 2^-e alone may be out of range. What underflows is below every tie.
      let (first, second) = (Double.power(-e / 2), Double.power(-e - -e / 2))
      try each(run, facts.range, &tally) { x in
        quick?.round(x * first * second, isExact: true)
      } exactly: { x, draw in
        let scaled = Unrounded(isNegative: x.isNegative, magnitude: x.significand.magnitude, exponent: x.exponent - e)
        return rounder.round(scaled, draw: draw)
      } value: { $0 * factor }
    case .real(let s):
      try quantize(run, by: s, facts.range, &tally)
    case .twoLevel(let s, let g):
      try quantize(run, by: s * g, facts.range, &tally)
    case .affine(let s, let z):
      let z = Dyadic(Int128(z))
      try quantize(run, by: s, (facts.range.lowerBound - z)...(facts.range.upperBound - z), &tally)
    case .squeeze(let alpha, let beta):
      try each(run, facts.range, &tally) { x in
        quick?.round(Double(signOf: x, magnitudeOf: exp2(alpha * log2(x.magnitude) + beta)), isExact: true)
      } exactly: { x, draw in
        let y = exp2(alpha * log2(Double(exactly: x.magnitude)!) + beta)
        return rounder.round(Value(x.isNegative ? -y : y), draw: draw)
      } value: { v in
        v == 0 ? v : Double(signOf: v, magnitudeOf: exp2((log2(v.magnitude) - beta) / alpha))
      }
    case .ternary:
      preconditionFailure("ternary groups have a loop of their own")
    }
  }

  /// Quantises a run whose scale is the number S ≥ 0.
  private func quantize(
    _ run: Run, by s: Dyadic, _ range: ClosedRange<Dyadic>, _ tally: inout QuantizationTally
  ) throws(QuantizationError) {
    let factor = Double(exactly: s)!
    let single = s.isZero ? s : Self.single.round(Unrounded(s)).value.dyadic!
    let divisor = Double(exactly: single)!
    guard !(format.arithmetic == .exact ? s : single).isZero else {
      return try each(run, range, &tally) { _ in 0 } exactly: { _, _ in Rounded(.zero) } value: { $0 * 0 }
    }
    switch format.arithmetic {
    case .exact:
      try each(run, range, &tally) { x in
        quick?.round(x / factor, isExact: false)
      } exactly: { x, draw in
        rounder.round(.quotient(x, s), draw: draw)
      } value: { $0 * factor }
    case .divide:
      try each(run, range, &tally) { x in
        Self.quickSingle.round(x / divisor, isExact: false).flatMap { quick?.round($0, isExact: true) }
      } exactly: { x, draw in
        rounder.round(Self.single.round(.quotient(x, single)).value, draw: draw)
      } value: { $0 * factor }
    case .reciprocal:
      let reciprocal = Self.single.round(.quotient(1, single)).value.dyadic!
      let multiplier = Double(exactly: reciprocal)!
      try each(run, range, &tally) { x in
        Self.quickSingle.round(x * multiplier, isExact: false).flatMap { quick?.round($0, isExact: true) }
      } exactly: { x, draw in
        rounder.round(Self.single.round(Unrounded(x * reciprocal)).value, draw: draw)
      } value: { $0 * factor }
    }
  }

  /// fp32 as the arithmetic of quotients has it: nearest, saturating.
  private static let single = Rounder(grid: .fp32, .nearestEven)
  private static let quickSingle = QuickRounding(single)!

  /// The loop. A nonzero x becomes `quickly(x)`, or `exactly(x)` where that is `nil`, clamped to `range`, and `value` of that is x̂.
  @inline(__always)
  private func each(
    _ run: Run, _ range: ClosedRange<Dyadic>, _ tally: inout QuantizationTally, quickly: (Double) -> Double?,
    exactly: (Dyadic, Draw?) -> Rounded, value: (Double) -> Double
  ) throws(QuantizationError) {
    let (lowest, highest) = (Double(exactly: range.lowerBound)!, Double(exactly: range.upperBound)!)
    let (minNormal, isStochastic, keepsSignOfZero) = (facts.minNormal, rounding.isStochastic, rounder.format.hasNegativeZero)
    tally.count += run.count
    for i in 0..<run.count {
      let x = run[i]
      var element = x
      if x != 0 && x.isFinite {
        var hasOverflowed = false
        if let quick = quickly(x) {
          element = quick
        } else {
          let rounded = exactly(Dyadic(x)!, isStochastic ? stream.draw(run.index(i)) : nil)
          element = rounded.value.double
          hasOverflowed = rounded.flags.contains(.overflow)
        }
        if hasOverflowed || element < lowest || element > highest {
          element = min(max(element, lowest), highest)
          tally.saturated += 1
        } else if element == 0 {
          tally.underflowed += 1
        } else if element.magnitude < minNormal {
          tally.subnormal += 1
        }
      } else if !x.isFinite {
        guard nonFinite == .propagate else { throw .notFinite(x, index: run.index(i)) }
        tally.notFinite += 1
        element = x.isNaN ? x : x < 0 ? lowest : highest
      }
      if element == 0 && !keepsSignOfZero { element = 0 }
      let y = value(element)
      run.elements?[i] = element
      run.y?[i * run.stride] = y
      if x.isFinite { tally.note(x, y) }
    }
  }
}
