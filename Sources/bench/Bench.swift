// SPDX-License-Identifier: Apache-2.0
// `make bench`: how fast the kernels are, as ratios within one run. Nothing here is a test.

import FmtLab
import Foundation

@main struct Bench {
  /// What a row measures.
  enum Work {
    /// Rounding of an array of this many binary32 numbers, outside or inside the caches.
    case rounding(String, count: Int)
    /// A 512³ product.
    case product(format: String, acc: String, product: String)
  }

  static let memory = 1 << 26
  /// In place: half of a nearest cache of 32 KiB.
  static let cache = 1 << 12
  static let rows: [(name: String, work: Work)] = [
    ("round e4m3, from memory", .rounding("e4m3", count: memory)),
    ("round e4m3, in cache", .rounding("e4m3", count: cache)),
    ("round e4m3@saturate, in cache", .rounding("e4m3@saturate", count: cache)),
    ("round e4m3@sr24, from memory", .rounding("e4m3@sr24", count: memory)),
    ("round e4m3@sr24, in cache", .rounding("e4m3@sr24", count: cache)),
    ("round e4m3@sr, in cache", .rounding("e4m3@sr", count: cache)),
    ("round bf16, in cache", .rounding("bf16", count: cache)),
    ("round e4m3@rz, in cache", .rounding("e4m3@rz", count: cache)),
    ("fp32, unrounded", .product(format: "e4m3", acc: "fp32", product: "exact")),
    ("e6m5@saturate", .product(format: "e4m3", acc: "e6m5@saturate", product: "exact")),
    ("e6m5@saturate, every code", .product(format: "codes", acc: "e6m5@saturate", product: "exact")),
    ("e6m5", .product(format: "e4m3", acc: "e6m5", product: "exact")),
    ("e6m5, products e4m3", .product(format: "e4m3", acc: "e6m5", product: "e4m3")),
    ("e6m5, products e4m3, every code", .product(format: "codes", acc: "e6m5", product: "e4m3")),
    ("bf16", .product(format: "e4m3", acc: "bf16", product: "exact")),
    ("bf16 by bf16 to bf16", .product(format: "bf16", acc: "bf16", product: "exact")),
    ("e6m5@sr24", .product(format: "e4m3", acc: "e6m5@sr24", product: "exact")),
    ("e4m3:16,fp16:8,fp32", .product(format: "e4m3", acc: "e4m3:16,fp16:8,fp32", product: "exact")),
    ("q8.13", .product(format: "e4m3", acc: "q8.13", product: "exact")),
    ("q8.13@wrap", .product(format: "e4m3", acc: "q8.13@wrap", product: "exact")),
    ("fp16, any mode (rna)", .product(format: "e4m3", acc: "fp16@rna", product: "exact")),
    ("fp16 by fp16 to fp16", .product(format: "fp16", acc: "fp16", product: "exact")),
  ]

  struct Measurement: Codable {
    let name, instructions, kernel: String
    let threads: Int
    /// 10⁹ elements or multiply-adds a second, the best of `repeats`.
    let rate: Double
    /// Over copying the array, or over the unrounded product, with the same instructions and threads.
    let ratio: Double
    /// Over the reference on one thread.
    let overReference: Double
  }

  struct Report: Codable {
    let schema = "fmtlab.bench/1"
    let date, machine, command: String
    let repeats: Int
    let copyRates: [String: Double]
    let measurements: [Measurement]
    private enum CodingKeys: String, CodingKey { case schema, date, machine, command, repeats, copyRates, measurements }
  }

  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let repeats = arguments.first.flatMap(Int.init) ?? 7
    let pattern = arguments.first { Int($0) == nil } ?? ""
    let machine = processor()
    print("\(machine), \(ProcessInfo.processInfo.activeProcessorCount) cores; best of \(repeats)")
    var copies: [String: Double] = [:]
    for (name, count) in [("memory", memory), ("cache", cache)] {
      let x = [Float](repeating: 1, count: count)
      let y = UnsafeMutablePointer<Float>.allocate(capacity: count)
      defer { y.deallocate() }
      copies[name] = best(repeats, count) { x.withUnsafeBytes { _ = memcpy(y, $0.baseAddress!, $0.count) } }
    }
    print("copying, one core: \(text(copies["memory"]!)) G elements/s from memory, \(text(copies["cache"]!)) in cache")
    var table = Table(["what", "instructions", "kernel", "1 core", "ratio", "all cores", "ratio to 1", "over reference"])
    var measurements: [Measurement] = []
    for instructions in InstructionSet.available.reversed() {
      var unrounded: [Int: Double] = [:]
      for row in rows where pattern.isEmpty || row.name.contains(pattern) || row.name.hasPrefix("fp32,") {
        var rates: [Double] = []
        var ratios: [Double] = []
        var kernel = ""
        var reference = 0.0
        for threads in [1, ProcessInfo.processInfo.activeProcessorCount] {
          let rate: Double
          switch row.work {
          case .rounding(let text, let count):
            (rate, kernel) = try rounding(text, count, instructions, threads, repeats)
            ratios.append(rate / copies[count == memory ? "memory" : "cache"]!)
            if reference == 0 { reference = try rounding(reference: text) }
          case .product(let format, let acc, let product):
            (rate, kernel) = try self.product(format, acc, product, instructions, threads, repeats)
            if row.name.hasPrefix("fp32,") { unrounded[threads] = rate }
            ratios.append(rate / unrounded[threads]!)
            if reference == 0 { reference = try self.product(reference: acc, product) }
          }
          rates.append(rate)
          measurements.append(
            Measurement(
              name: row.name, instructions: instructions.rawValue, kernel: kernel, threads: threads, rate: rate, ratio: ratios.last!,
              overReference: rate / reference))
          if case .rounding(_, cache) = row.work { break }
        }
        let all = rates.count > 1 ? [text(rates[1]), text(rates[1] / rates[0])] : ["-", "-"]
        table.add([row.name, instructions.rawValue, kernel, text(rates[0]), text(ratios[0])] + all + ["\(Int(rates[0] / reference))"])
      }
    }
    for name in ["e4m3fn", "bf16"] where pattern.isEmpty || "2Sum".contains(pattern) {
      let (rate, reference) = try twoSum(name, repeats)
      measurements.append(
        Measurement(name: "2Sum, \(name)", instructions: "scalar", kernel: "doubles", threads: 1, rate: rate, ratio: rate / reference, overReference: rate / reference))
      table.add(["2Sum, \(name)", "scalar", "doubles", text(rate), "-", "-", "-", "\(Int(rate / reference))"])
    }
    table.lines().forEach { print($0) }
    print("G elements/s or G multiply-adds/s (512³). ratio: to copying, or to the unrounded product")
    let report = Report(
      date: ISO8601DateFormatter().string(from: Date()), machine: machine, command: "make bench", repeats: repeats, copyRates: copies,
      measurements: measurements)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(report).write(to: URL(filePath: "bench.json"), options: .atomic)
    print("bench.json written")
  }

  /// 10⁹ items a second, the best of some runs of at least 20 ms.
  static func best(_ repeats: Int, _ count: Int, _ body: () -> Void) -> Double {
    var fastest = Double.infinity
    for _ in 0..<repeats {
      var runs = 0
      let start = DispatchTime.now().uptimeNanoseconds
      var elapsed: UInt64 = 0
      repeat {
        body()
        runs += 1
        elapsed = DispatchTime.now().uptimeNanoseconds - start
      } while elapsed < 20_000_000
      fastest = min(fastest, Double(elapsed) / Double(runs))
    }
    return Double(count) / fastest
  }

  static func rounding(_ text: String, _ count: Int, _ instructions: InstructionSet, _ threads: Int, _ repeats: Int) throws -> (
    Double, String
  ) {
    let round = ArrayRounder<Float>(try Rounder(text: text), instructions)
    let stream = RandomStream(seed: 1)
    let x = numbers(count)
    let y = UnsafeMutableRawPointer.allocate(byteCount: 4 * count, alignment: 64).bindMemory(to: Float.self, capacity: count)
    defer { y.deallocate() }
    y.update(from: x, count: count)
    let rate = x.withUnsafeBufferPointer { x in
      let from = count == cache ? UnsafeBufferPointer(start: y, count: count) : x
      return best(repeats, count) { round.round(from, into: y, random: stream, .threads(threads)) }
    }
    return (rate, round.path.rawValue)
  }

  static func rounding(reference text: String) throws -> Double {
    let (rounder, stream, x) = (try Rounder(text: text), RandomStream(seed: 1), numbers(20_000))
    return best(3, x.count) { for i in x.indices { _ = rounder.round(Value(Double(x[i])), draw: stream.draw(i)) } }
  }

  static func product(_ format: String, _ acc: String, _ product: String, _ instructions: InstructionSet, _ threads: Int, _ repeats: Int)
    throws -> (Double, String)
  {
    let n = 512
    let multiply = MatrixProduct(DotProduct(try Plan(text: acc), product: try Product(text: product)), instructions)
    var x = numbers(2 * n * n)
    let rounder = try Rounder(to: try Format(format == "codes" ? "e4m3" : format))
    if format == "codes" {
      let stream = RandomStream(seed: 3)
      for i in x.indices {
        let value = rounder.format.decode(Format.Code(stream.bits(at: UInt64(i)) & 255))
        x[i] = value.isFinite ? Float(value.double) : 0
      }
    } else {
      ArrayRounder<Float>(rounder).round(&x)
    }
    let (a, b) = (Matrix(rows: n, columns: n, Array(x[..<(n * n)])), Matrix(rows: n, columns: n, Array(x[(n * n)...])))
    let stream = RandomStream(seed: 1)
    let rate = best(repeats, n * n * n) { _ = multiply(a, b, random: stream, .threads(threads)) }
    return (rate, multiply.choice(a, b).description)
  }

  static func product(reference acc: String, _ product: String) throws -> Double {
    let dot = DotProduct(try Plan(text: acc), product: try Product(text: product))
    let rounder = try Rounder(to: .e4m3)
    let x = numbers(512).map { rounder.round(Value(Double($0))).value }
    return best(3, 512) { _ = dot.evaluate(x, x, random: RandomStream(seed: 1)) }
  }

  /// 10⁹ transforms a second by ``DoubleArithmetic``, and by the rounder.
  static func twoSum(_ format: String, _ repeats: Int) throws -> (Double, Double) {
    let rounder = try Rounder(to: try Format(format))
    var fast = DoubleArithmetic(rounder)!
    var slow = ValueArithmetic(rounder)
    let values = numbers(2000).map { rounder.round(Value(Double($0))).value }
    let doubles = values.map(\.double)
    var sum = 0.0
    let rate = best(repeats, doubles.count - 1) {
      for i in 1..<doubles.count { sum += fast.twoSum(doubles[i - 1], doubles[i]).error }
    }
    let reference = best(3, values.count - 1) { for i in 1..<values.count { _ = slow.twoSum(values[i - 1], values[i]) } }
    precondition(sum.isFinite)
    return (rate, reference)
  }

  /// Normal numbers of variance 1.
  static func numbers(_ count: Int) -> [Float] {
    let stream = RandomStream(seed: 2)
    let some = (0..<min(count, 1 << 19)).map { i in
      Float((-2 * log(1 - stream.uniform(at: UInt64(i)))).squareRoot() * cos(2 * .pi * stream.uniform(at: UInt64(i), word: 1)))
    }
    return (0..<count).map { some[$0 & (some.count - 1)] }
  }

  static func text(_ x: Double) -> String { String(format: x < 0.995 ? "%.3f" : "%.2f", x) }

  static func processor() -> String {
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    return lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
      ?? "unknown processor"
  }
}
