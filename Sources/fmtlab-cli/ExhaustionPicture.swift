// SPDX-License-Identifier: Apache-2.0
// The picture of an operation over all operands: its errors over their codes.

import FmtLab

extension Exhaustion {
  private static let widest = [1: 16, 2: 8]

  func checkPicture() throws {
    guard let widest = Exhaustion.widest[operation.arity] else {
      throw Failure.usage("--plot draws operations of one or two operands; \(operation.rawValue) has \(operation.arity).")
    }
    guard input.width <= widest else {
      throw Failure.usage("--plot draws \(operation.rawValue) of formats of at most \(widest) bits; \(input) has \(input.width).")
    }
  }

  /// Of one operand the error in ulps, of two a map of its size.
  func figure() -> Figure {
    let title = "\(operation.rawValue) of \(input), rounded \(rounder.rounding) to \(rounder.format)"
    guard operation.arity == 2 else {
      let errors = (0..<total).compactMap { index in ulps(index).map { (Double(index), $0) } }
      return Figure(
        title: title, x: .init("code of x", from: 0, to: Double(total)), y: .init("error, ulps of the result"), series: [.init("without NaN and overflow", errors, .dots)])
    }
    let codes = 1 << input.width
    return Figure(
      title: title, x: .init("code of x", from: -0.5, to: Double(codes) - 0.5), y: .init("code of y", from: -0.5, to: Double(codes) - 0.5),
      series: [
        .init(
          "error", (0..<total).map { (Double($0 / codes), Double($0 % codes)) },
          .image(shades: (0..<total).map(shade), names: ["exact", "error up to 1/4 ulp", "up to 1/2 ulp", "more", "overflow", "NaN"]))
      ])
  }

  /// The error of a result that is finite and did not overflow.
  private func ulps(_ index: Int) -> Double? {
    guard case (let exact?, let rounded?) = result(of: index), rounded.value.isFinite, !rounded.flags.contains(.overflow) else { return nil }
    return rounded.flags.contains(.inexact) ? Outcome.ulps(BigFloat(rounded.value).minus(exact), at: exact, rounder.format) : 0
  }

  private func shade(_ index: Int) -> UInt8 {
    if let error = ulps(index) { return error == 0 ? 0 : abs(error) <= 0.25 ? 1 : abs(error) <= 0.5 ? 2 : 3 }
    return result(of: index).exact == nil ? 5 : 4
  }
}
