// SPDX-License-Identifier: Apache-2.0
// Matrix products are DotProduct.evaluate element by element, with every kernel, instruction set and number of threads.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct MatrixProductTests {
  /// Numbers of a format: values from a window of its exponents; with all of them ends, subnormals, ties and zeros of both signs.
  static func numbers<Number: CarrierNumber>(_ format: Format, _ style: Style, count: Int, _ random: inout SplitMix64) -> [Number] {
    let rounder = try! Rounder(to: format, overflow: .saturate)
    return (0..<count).map { _ in
      let word = random.next()
      switch style {
      case .unit:
        return Number(rounder(Double(Int64(bitPattern: word) >> 11) * 0x1p-52))
      case .normal:
        let sum = (0..<4).reduce(0.0) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 } - 2
        return Number(rounder(1.7 * sum))
      case .ties:
        // Tiny numbers, and products that are middles between accumulator values: where rounding twice shows.
        let tiny = Double(exactly: format.minPositive)!
        let large = Double(exactly: format.maxFinite)! / Double(1 << (word >> 3 % 4))
        return Number(rounder([tiny, large * 0.37, large * 0.81, large * 0.69][Int(word % 4)] * (word >> 8 % 3 == 0 ? -1 : 1)))
      case .positive:
        return Number(rounder(Double(word >> 11) * 0x1p-53 + 0.25))
      case .codes, .specials:
        guard format.width <= 16 else {
          return Number(rounder(Double(Int64(bitPattern: word) >> 40) * Double(sign: .plus, exponent: Int(word % 60) - 50, significand: 1)))
        }
        let value = format.decode(Format.Code(word >> 20) & ((1 << Format.Code(format.width)) - 1))
        if style == .codes && !value.isFinite || style == .specials && word % 64 > 2 && !value.isFinite { return 1 }
        return Number(value.double)
      }
    }
  }

  enum Style: CaseIterable { case unit, normal, positive, ties, codes, specials }

  static func agree<Number: CarrierNumber>(
    _ text: String, _ product: String, _ format: Format, _ style: Style, _ m: Int, _ k: Int, _ n: Int, _ type: Number.Type,
    _ sets: [InstructionSet],
    _ seen: inout [String: Int], _ random: inout SplitMix64
  ) throws {
    let dot = DotProduct(try Plan(text: text), product: try Product(text: product))
    let a = Matrix<Number>(rows: m, columns: k, numbers(format, style, count: m * k, &random))
    let b = Matrix<Number>(rows: n, columns: k, numbers(format, style, count: n * k, &random)).transposed
    let stream = RandomStream(seed: 410)
    var expected: [Number] = []
    for i in 0..<m {
      for j in 0..<n {
        let sum = dot.evaluate(
          (0..<k).map { Value(Double(a[i, $0])) }, (0..<k).map { Value(Double(b[$0, j])) }, random: stream.child(i * n + j))
        expected.append(Number(sum.double))
      }
    }
    for set in sets {
      let multiply = MatrixProduct(dot, set)
      let choice = multiply.choice(a, b)
      seen[choice.isReference ? "reference" : choice.description, default: 0] += 1
      let c = multiply(a, b, random: stream, .threads(1 + m % 3)).elements
      for e in expected.indices where !(c[e] == expected[e] && (c[e].sign == expected[e].sign) || c[e].isNaN && expected[e].isNaN) {
        Issue.record(
          "--format \(format) --acc \(text) --product \(product), \(style), \(m)x\(k)x\(n), element (\(e / n), \(e % n)), \(set), \(choice): \(c[e]), not \(expected[e])"
        )
        return
      }
    }
  }

  static let accumulators = [
    "e6m5", "e6m5@saturate", "e6m5@rz", "e6m5@rz@saturate", "e6m5@ru", "e6m5@rd@saturate", "e6m5@rna", "e6m5@rnz", "e6m5@ro", "e6m5@flush",
    "e6m5:nosub",
    "e6m5@sr", "e6m5@sr24", "e6m5@sr4", "e6m5@sr24@saturate", "e4m3", "e4m3@saturate", "e4m3fn", "e4m3fn@saturate", "e4m3@rd", "e4m3@sr8",
    "e4m3fnuz", "k8p4se", "e5m2",
    "bf16", "bf16@rz", "bf16@sr8", "bf16@ro", "fp16", "fp16@saturate", "fp16@rd@saturate", "fp16@sr", "tf32", "e8m12", "e8m20", "fp32",
    "fp32@rz", "fp32@rd", "fp32@sr24", "fp32@saturate",
    "q8.13", "q8.13@wrap", "q8.13@ru", "q8.13@rz", "q8.13@rd", "q8.13@sr8", "q11.13", "q16.16", "q16.16@wrap", "q4.4@wrap", "uq8.8",
    "e4m3:16,fp16:8,fp32", "e4m3@saturate:16,fp16@rz:3,fp32",
    "e4m3:7,e6m5@sr8", "e4m3@sr8:4,bf16@sr8:5,fp32", "(e4m3:4,e5m4):8,fp16", "fp32:32,fp32", "q8.13:16,fp32", "e5m4@rd:3,fp32@rd",
    "pairwise/fp16", "k8p4sf", "e6m5@ieee@ro",
  ]

  @Test func everyKernelEqualsTheReference() throws {
    var (seen, random) = ([String: Int](), SplitMix64(seed: 411))
    let formats = [Format.e4m3, .e4m3fn, .e5m2, .e2m1fn, .bf16, format("q1.7"), .fp16]
    var turn = 0
    for text in MatrixProductTests.accumulators {
      for product in ["exact", "e4m3", "fused", "e5m2@rz@saturate", "e4m3fn", "fp16@sr8", "e6m5@rd", "bf16"] {
        for style in Style.allCases {
          turn += 1
          let input = formats[turn % (product == "exact" ? 7 : 3)]
          let (m, k, n) = style == .ties ? (12, 3, 33) : [(1, 1, 1), (3, 17, 5), (7, 33, 37), (2, 64, 33), (13, 5, 2)][turn / 3 % 5]
          if Carrier.binary32.holdsForTest(try Plan(text: text).output.format) {
            try MatrixProductTests.agree(text, product, input, style, m, k, n, Float.self, InstructionSet.available, &seen, &random)
          }
          if turn % 4 == 0 {
            try MatrixProductTests.agree(text, product, input, style, m, k, n, Double.self, InstructionSet.available, &seen, &random)
          }
        }
      }
    }
    let kinds = [
      "lean", "saturating", "overflowing", "dithered", "fixed point", "wrapping fixed point", "general", "native", "rounded products, lean",
      "rounded products, saturating", "rounded products, overflowing", "rounded products, general",
    ]
    for kind in kinds { #expect(seen.keys.contains { $0.hasPrefix(kind + " in") }, "no case took the kernel '\(kind)': \(seen)") }
    if InstructionSet.best == .avx512 {
      for kind in ["odd lean", "odd saturating", "odd overflowing"] {
        #expect(seen.keys.contains { $0.hasPrefix(kind) }, "no case took \(kind)")
      }
    }
    #expect(seen["reference"] != nil)
  }
}

@Suite struct MatrixProductShapeTests {
  static func product(_ text: String, _ product: String = "exact", _ set: InstructionSet = .best) throws -> MatrixProduct {
    MatrixProduct(DotProduct(try Plan(text: text), product: try Product(text: product)), set)
  }

  static func matrix(_ rows: Int, _ columns: Int, _ random: inout SplitMix64, scale: Double = 1) -> Matrix<Float> {
    let rounder = try! Rounder(to: .e4m3)
    return Matrix(
      rows: rows, columns: columns,
      (0..<(rows * columns)).map { _ in
        Float(rounder(scale * Double(Int64(bitPattern: random.next()) >> 11) * 0x1p-51))
      })
  }

  @Test(arguments: ["e6m5", "e6m5@sr24", "e6m5@sr", "e4m3@sr8:16,fp16@sr:8,fp32", "q8.13"])
  func threadsAndInstructionsGiveTheSameBits(_ text: String) throws {
    var random = SplitMix64(seed: 420)
    let (a, b) = (MatrixProductShapeTests.matrix(67, 96, &random), MatrixProductShapeTests.matrix(96, 101, &random))
    for product in ["exact", "e4m3@sr4"] {
      let first = try MatrixProductShapeTests.product(text, product)(a, b, random: RandomStream(seed: 421), .oneThread).elements
      for set in InstructionSet.available {
        for threads in [1, 2, 7] {
          let c = try MatrixProductShapeTests.product(text, product, set)(a, b, random: RandomStream(seed: 421), .threads(threads)).elements
          #expect(c.map(\.bitPattern) == first.map(\.bitPattern), "\(text), \(product), \(set), \(threads) threads, seed 420")
        }
      }
    }
  }

  /// Views of one array: transposes, slices, backward rows, repeated rows.
  @Test func viewsAreTheMatricesTheyShow() throws {
    var random = SplitMix64(seed: 422)
    let whole = MatrixProductShapeTests.matrix(50, 60, &random)
    let backward = Matrix(rows: 20, columns: 30, whole.elements, offset: 40 * 60 + 5, rowStride: -60, columnStride: 1)
    let repeated = Matrix(rows: 30, columns: 9, whole.elements, offset: 7, rowStride: 60, columnStride: 0)
    let views = [whole[3..<23, 7..<37], whole.transposed[7..<27, 5..<35], backward, repeated.transposed]
    let multiply = try MatrixProductShapeTests.product("e6m5")
    for x in views {
      for y in views.map(\.transposed) + [repeated] {
        let copies = (Matrix(rows: x.rows, columns: x.columns, x.elements), Matrix(rows: y.rows, columns: y.columns, y.elements))
        #expect(multiply(x, y) == multiply(copies.0, copies.1))
        // (X Y)ᵀ = Yᵀ Xᵀ, as products are exact and the order of k is the same.
        #expect(multiply(y.transposed, x.transposed).transposed == multiply(x, y))
      }
    }
  }

  /// Patches of an image gathered, against the same numbers copied: by rows, by columns, and as slices.
  @Test func gatheredMatricesAreTheirCopies() throws {
    var random = SplitMix64(seed: 428)
    let image: [Float] = MatrixProductTests.numbers(try Format("e5m2"), .normal, count: 8 * 9 * 10, &random)
    var patches: [Int32] = [], places: [Int32] = []
    for c in 0..<4 { for i in 0..<9 { patches.append(Int32(c * 90 + i / 3 * 10 + i % 3)) } }
    for n in 0..<2 { for i in 0..<56 { places.append(Int32(n * 360 + i / 8 * 10 + i % 8)) } }
    let gathered = Matrix<Float>(gathering: image, rowOffsets: patches, columnOffsets: places)
    var elements: [Float] = []
    for patch in patches { for place in places { elements.append(image[Int(patch) + Int(place)]) } }
    let copy = Matrix<Float>(rows: 36, columns: 112, elements)
    #expect(gathered == copy && gathered.elements == copy.elements && gathered.transposed == copy.transposed)
    #expect(gathered[3..<20, 5..<99] == copy[3..<20, 5..<99])
    for set in InstructionSet.available {
      for acc in ["e6m5", "fp32", "q8.13", "e4m3:16,fp16", "fp16@sr"] {
        let multiply = MatrixProduct(DotProduct(try Plan(text: acc)), set)
        let stream = RandomStream(seed: 429)
        for rows in [1, 7, 200] {
          let left: Matrix<Float> = Matrix(rows: rows, columns: 36, MatrixProductTests.numbers(try Format("e5m2"), .normal, count: rows * 36, &random))
          #expect(multiply(left, gathered, random: stream) == multiply(left, copy, random: stream), "\(acc), \(set), \(rows) rows")
          let right: Matrix<Float> = Matrix(rows: 112, columns: rows, MatrixProductTests.numbers(try Format("e5m2"), .normal, count: rows * 112, &random))
          #expect(multiply(gathered, right, random: stream) == multiply(copy, right, random: stream), "\(acc), \(set), \(rows) columns")
          let choice = multiply.choice(left.facts, gathered.facts, terms: 36)
          #expect(multiply(left, gathered, random: stream, choice: choice) == multiply(left, copy, random: stream))
        }
      }
    }
  }

  /// Neighbours along rows, along columns and along neither, in runs of every length, for numbers and kernels of 32 and of 64 bits.
  @Test(arguments: [1, 2, 3, 4, 5, 7, 10, 28])
  func runsOfNeighboursArePackedAsSingleNumbersAre(_ run: Int) throws {
    let (m, k, n) = (9, 70, 75)
    func runs(_ count: Int, _ step: Int) -> [Int32] { (0..<count).map { Int32($0 / run * (run + step) + $0 % run) } }
    func apart(_ count: Int) -> [Int32] { (0..<count).map { Int32($0 * 353 % 1009) } }
    func check<Number: CarrierNumber>(_ type: Number.Type, _ plan: String) throws {
      var random = SplitMix64(seed: 77)
      let numbers = (0..<2400).map { _ in Number(Int(random.next() % 9) - 4) }
      for (rows, columns) in [(runs(k, 3), apart(n)), (apart(k), runs(n, 2)), (runs(k, 1), runs(n, 1)), (apart(k), apart(n))] {
        let left = Matrix(gathering: numbers, rowOffsets: apart(m), columnOffsets: rows), right = Matrix(gathering: numbers, rowOffsets: rows, columnOffsets: columns)
        let sums = (0..<m).flatMap { i in (0..<n).map { j in (0..<k).reduce(Number(0)) { $0 + left[i, $1] * right[$1, j] } } }
        #expect(try Self.product(plan)(left, right).elements == sums, "runs of \(run), \(Number.self), \(plan)")
        // And with the parts of the factors exchanged.
        let exchanged = try Self.product(plan)(right.transposed, left.transposed).elements
        #expect(exchanged == (0..<n).flatMap { j in (0..<m).map { sums[$0 * n + j] } }, "runs of \(run), \(Number.self), \(plan), exchanged")
      }
    }
    try check(Float.self, "fp16")
    try check(Float.self, "fp32")
    try check(Double.self, "fp16")
    try check(Double.self, "fp64")
  }

  @Test func emptyProducts() throws {
    for text in ["e6m5", "q8.13", "pairwise/fp16", "e4m3:4,fp32", "e6m5@sr8"] {
      let multiply = try MatrixProductShapeTests.product(text)
      let c = multiply(Matrix<Float>(rows: 3, columns: 0, []), Matrix<Float>(rows: 0, columns: 5, []), random: RandomStream(seed: 1))
      #expect(c.rows == 3 && c.columns == 5 && c.elements.allSatisfy { $0 == 0 && $0.sign == .plus }, "\(text)")
      #expect(
        multiply(
          Matrix<Float>(rows: 0, columns: 4, []), Matrix<Float>(rows: 4, columns: 5, [Float](repeating: 1, count: 20)),
          random: RandomStream(seed: 1)
        ).elements.isEmpty)
    }
  }

  /// Long sums, which swallow, saturate and overflow, against the reference.
  @Test(arguments: ["e6m5", "e4m3@saturate", "bf16", "fp16", "e4m3:16,fp16:8,fp32", "q8.13", "e6m5@sr24", "fp32"])
  func longSumsEqualTheReference(_ text: String) throws {
    var random = SplitMix64(seed: 423)
    for scale in [0.25, 1, 60] {
      let (a, b) = (
        MatrixProductShapeTests.matrix(2, 4096, &random, scale: scale), MatrixProductShapeTests.matrix(4096, 3, &random, scale: scale)
      )
      let (multiply, stream) = (try MatrixProductShapeTests.product(text), RandomStream(seed: 424))
      let c = multiply(a, b, random: stream)
      for i in 0..<2 {
        for j in 0..<3 {
          let y = (0..<4096).map { Value(Double(b[$0, j])) }
          let sum = multiply.dot.evaluate((0..<4096).map { Value(Double(a[i, $0])) }, y, random: stream.child(3 * i + j))
          #expect(
            Double(c[i, j]) == sum.double || c[i, j].isNaN && sum == .nan,
            "\(text), scale \(scale), element (\(i), \(j)), \(multiply.choice(a, b)), seed 423")
        }
      }
    }
  }

  /// Columns side by side are dot products, and with no second factor sums.
  @Test(arguments: ["e6m5", "e6m5@sr24", "bf16@rz", "e4m3:16,fp16:8,fp32", "q8.13", "fp32", "pairwise/e6m5"])
  func columnsAreDotProducts(_ text: String) throws {
    var random = SplitMix64(seed: 425)
    for trials in [1, 5, 200, 333] {
      let (x, y) = (MatrixProductShapeTests.matrix(37, trials, &random), MatrixProductShapeTests.matrix(37, trials, &random))
      for set in InstructionSet.available {
        for product in ["exact", "e4m3"] {
          let (multiply, stream) = (try MatrixProductShapeTests.product(text, product, set), RandomStream(seed: 426))
          let (dots, sums) = (multiply.columns(x, y, random: stream), multiply.columns(x, random: stream))
          for j in stride(from: 0, to: trials, by: 13) {
            let (column, factors) = ((0..<37).map { Value(Double(x[$0, j])) }, (0..<37).map { Value(Double(y[$0, j])) })
            let expected = multiply.dot.evaluate(column, factors, random: stream.child(j)).double
            let sum = multiply.dot.evaluate(column, Array(repeating: Value(1), count: 37), random: stream.child(j)).double
            #expect(
              Double(dots[j]) == expected && Double(sums[j]) == sum, "\(text), \(product), \(set), column \(j) of \(trials), seed 425")
          }
        }
      }
    }
  }

  /// The error of many stochastic sums has mean zero within four standard deviations.
  @Test func stochasticSumsAreUnbiased() throws {
    let (n, trials) = (64, 20_000)
    let x = (0..<n).map { Float(1 + Double($0 % 7) / 8) }
    let matrix = Matrix(rows: n, columns: trials, x, offset: 0, rowStride: 1, columnStride: 0)
    let exact = x.reduce(0.0) { $0 + Double($1) }
    let errors = try MatrixProductShapeTests.product("e6m5@sr").columns(matrix, random: RandomStream(seed: 427)).map { Double($0) - exact }
    let mean = errors.reduce(0, +) / Double(trials)
    let variance = errors.reduce(0) { $0 + $1 * $1 } / Double(trials)
    #expect(
      variance > 0 && abs(mean) < 4 * (variance / Double(trials)).squareRoot(), "mean error \(mean), rms \(variance.squareRoot()), seed 427"
    )
  }
}
