// SPDX-License-Identifier: Apache-2.0
// What all functions of the interface do: texts in, errors and documents out.

internal import Accumulation
internal import CInterface
internal import CKernels
internal import ErrorAnalysis
internal import Formats
internal import FoundationEssentials
internal import Glibc

/// Why a call is refused.
enum Refusal: Error {
  case argument(String)
  case data(String)
}

/// Carries out a call: its error becomes a status and a message.
func call(_ message: UnsafeMutablePointer<CChar>?, _ body: () throws -> Void) -> Int32 {
  // (A program may have told the processor to flush subnormal numbers.)
  let environment = ck_default_environment()
  defer { ck_restore_environment(environment) }
  do {
    try body()
    return Int32(FMTLAB_OK)
  } catch {
    let (status, text): (Int, String) =
      switch error {
      case Refusal.data(let text): (FMTLAB_BAD_DATA, text)
      case Refusal.argument(let text): (FMTLAB_BAD_ARGUMENT, text)
      case let error as QuantizationError: (FMTLAB_BAD_DATA, "\(error)")
      default: (FMTLAB_BAD_ARGUMENT, "\(error)")
      }
    if let message { copy(text, to: message) }
    return Int32(status)
  }
}

/// At most as many whole characters as there is room for.
private func copy(_ text: String, to message: UnsafeMutablePointer<CChar>) {
  var bytes: [UInt8] = []
  for character in text {
    guard bytes.count + character.utf8.count < FMTLAB_MESSAGE else { break }
    bytes += character.utf8
  }
  for (i, byte) in bytes.enumerated() { message[i] = CChar(bitPattern: byte) }
  message[bytes.count] = 0
}

/// What an optional C text says.
func text(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }

/// A document as JSON, with numbers that are not finite as texts, in memory of malloc.
func document(_ value: some Encodable) throws -> UnsafeMutablePointer<CChar>? {
  let encoder = JSONEncoder()
  encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return strdup(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Refuses a pointer that leads nowhere.
func given<T>(_ pointer: UnsafePointer<T>?, _ name: String) throws -> T {
  guard let pointer else { throw Refusal.argument("\(name) is NULL; give one.") }
  return pointer.pointee
}

/// The number of elements of an array.
func count(_ extents: Int...) throws -> Int { try count(extents) }

func count(_ extents: [Int]) throws -> Int {
  var (n, isPossible) = (1, extents.allSatisfy { $0 >= 0 })
  for extent in extents {
    let (product, overflows) = n.multipliedReportingOverflow(by: extent)
    (n, isPossible) = (product, isPossible && !overflows)
  }
  guard isPossible, n <= Int.max / 8 else { throw Refusal.argument("an array of shape \(extents): there is not so much memory.") }
  return n
}

func parallelism(_ threads: Int32) throws -> Parallelism {
  guard (0...1024).contains(threads) else { throw Refusal.argument("threads = \(threads); give 1 to 1024, or 0 for all cores.") }
  return threads == 0 ? .allCores : .threads(Int(threads))
}

/// The format of a name.
func namedFormat(_ name: UnsafePointer<CChar>?) throws -> Format {
  guard let name = text(name) else { throw Refusal.argument("the format is NULL; give a name such as e4m3fn.") }
  return try Format(name)
}

/// The accumulator of a text.
func accumulatorPlan(_ accumulator: UnsafePointer<CChar>?) throws -> Plan {
  guard let accumulator = text(accumulator), accumulator.utf8.count <= 1000 else {
    throw Refusal.argument("the accumulator is NULL or longer than 1000 characters; give one such as e6m5.")
  }
  return try Plan(text: accumulator)
}

extension Rounder {
  init(_ to: fmtlab_rounding) throws {
    let overflow = try text(to.overflow).map { name in
      guard let policy = Overflow(name) else {
        throw Refusal.argument("overflow '\(name)': use one of \(Overflow.allCases.map(\.rawValue).joined(separator: ", ")).")
      }
      return policy
    }
    let subnormals = text(to.subnormals) ?? "keep"
    guard let policy = Subnormals(rawValue: subnormals.lowercased()) else { throw Refusal.argument("subnormals '\(subnormals)': use keep or flush.") }
    try self.init(to: namedFormat(to.format), Rounding(text(to.rounding) ?? "rne"), overflow: overflow, subnormals: policy)
  }
}

extension DotProduct {
  init(_ sum: fmtlab_sum, _ format: Format) throws {
    guard format.precision <= DotProduct.largestPrecision else {
      throw Refusal.argument("\(format): exact products would have \(2 * format.precision) bits; use a format of precision \(DotProduct.largestPrecision) or less.")
    }
    let product = try text(sum.product).map { try Product(text: $0) } ?? Product(multiplierOf: format)
    self.init(try accumulatorPlan(sum.accumulator), product: product, factors: format)
  }
}

extension Carrier {
  /// The numbers of so many bytes.
  init(bytes: Int32) throws {
    guard let carrier = Carrier(rawValue: 8 * Int(bytes)) else { throw Refusal.argument("numbers of \(bytes) bytes; use 4 (float) or 8 (double).") }
    self = carrier
  }

  /// Refuses a format some of whose values are no numbers of the carrier.
  func check(_ format: Format) throws {
    guard !holds(format) else { return }
    let wider = self == .binary32 && Carrier.binary64.holds(format) ? "; use binary64." : ", nor does any array; use a narrower format."
    throw Refusal.argument("binary\(rawValue) does not hold every value of \(format)\(wider)")
  }
}
