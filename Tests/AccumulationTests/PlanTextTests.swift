// SPDX-License-Identifier: Apache-2.0
// Plans and products as text: every plan reads back as itself, and what is wrong with other texts is said.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct PlanTextTests {
  @Test(arguments: [
    ("e6m5", "e6m5"), ("E6M5@RZ", "e6m5@rz"), ("half@nearest", "fp16"), ("bf16@sr8", "bf16@sr8"), ("e4m3@rne@ieee", "e4m3"), ("e4m3@SATURATE", "e4m3@saturate"),
    ("e4m3@saturate@rz", "e4m3@rz@saturate"), ("e4m3@flush@infinity@ru", "e4m3@ru@infinity@flush"), ("q8.13@wrap", "q8.13@wrap"), ("q8.13@saturate", "q8.13"),
    ("e5m2:nosub", "e5m2:nosub"), ("E5M2:NOSUB", "e5m2:nosub"), ("e5m2:nosub@rz", "e5m2:nosub@rz"), ("e5m2:nosub:16,fp32", "e5m2:nosub:16,fp32"),
    ("e5m2:cfg5", "e5m2:cfg5"), ("E5M2:CFG5@rz:16,e4m2:cfg4", "e5m2:cfg5@rz:16,e4m2:cfg4"), ("takum16:8,posit16es1", "takum16:8,posit16es1"),
    ("e5m2:NOSUB:16,fp32", "e5m2:nosub:16,fp32"), ("e4m3:16,e5m2:NOSUB", "e4m3:16,e5m2:nosub"), ("e4m3:16,fp16:8,fp32", "e4m3:16,fp16:8,fp32"), ("pairwise/fp32", "pairwise/fp32"), ("PAIRWISE/FP32", "pairwise/fp32"),
    ("pairwise1/fp32", "pairwise/fp32"), ("pairwise16/e4m3@sr:32,fp32", "pairwise16/e4m3@sr:32,fp32"), ("(e4m3:4,fp16):8,fp32", "(e4m3:4,fp16):8,fp32"),
    ("(e4m3):8,fp32", "e4m3:8,fp32"), ("((e4m3:2,bf16):4,fp16):8,(fp32)", "((e4m3:2,bf16):4,fp16):8,fp32"), ("(fp32)", "fp32"), ("e4m3:1,fp32", "e4m3:1,fp32"),
    ("strided4/fp16", "strided4/fp16"), ("Strided8/BF16,pairwise/fp32", "strided8/bf16,pairwise/fp32"), ("strided4/(bf16),bf16", "strided4/bf16"),
    ("strided4/e4m3:16,fp32", "(strided4/e4m3):16,fp32"), ("strided2/(e4m3:4,fp16),fp32", "strided2/(e4m3:4,fp16),fp32"),
    ("kahan/fp16", "kahan/fp16"), ("NEUMAIER/bf16@rz", "neumaier/bf16@rz"), ("sum2/e4m3:64,dot3/fp32", "sum2/e4m3:64,dot3/fp32"), ("expansion2/e4m3", "expansion2/e4m3"),
    ("exact/e5m2@sr", "exact/e5m2@sr"), ("fabsum32/bf16", "bf16:32,sum2/bf16"), ("blocked64/fp16", "fp16:64,fp16"), ("fused16/fp32", "fused16/fp32"),
    ("fused16f25/fp32@rz", "fused16f25/fp32@rz"), ("fused8f13-late-down/fp32@rz", "fused8f13-down-late/fp32@rz"), ("fused4f9-normalised-dealt2/fp16", "fused4f9-normalised-dealt2/fp16"),
    ("TensorCore/H100-FP8", "tensorcore/h100-fp8"), ("tensorcore/h200-fp8-fp16", "tensorcore/h100-fp8-fp16"), ("tensorcore/h100-fp8:128,fp32", "tensorcore/h100-fp8:128,fp32"),
    ("tensorcore/h100-fp8-fp16:2,fp32", "(tensorcore/h100-fp8-fp16):2,fp32"), ("tensorcore/l40s-bf16", "tensorcore/ada-bf16"), ("tensorcore/a30-tf32", "tensorcore/a100-tf32"),
    ("e4m3:2147483648,fp32", "e4m3:2147483648,fp32"), ("(pairwise/e4m3:8,pairwise2/fp16):64,pairwise/fp32", "(pairwise/e4m3:8,pairwise2/fp16):64,pairwise/fp32"),
  ])
  func plansAreReadAndPrinted(_ text: String, _ printed: String) throws {
    let plan = try Plan(text: text)
    #expect(plan.description == printed)
    #expect(try Plan(text: printed) == plan)
  }

  @Test func levelsAreTheTermsOfOneAnother() throws {
    let (e4m3, fp16, fp32) = (try Rounder(to: .e4m3), try Rounder(to: .fp16), try Rounder(to: .fp32))
    #expect(try Plan(text: "e4m3:16,fp16:8,fp32") == .chunked(16, inner: .sequential(e4m3), outer: .chunked(8, inner: .sequential(fp16), outer: .sequential(fp32))))
    let nested = Plan.chunked(8, inner: .chunked(4, inner: .sequential(e4m3), outer: .pairwise(fp16, leaf: 1)), outer: .pairwise(fp32, leaf: 3))
    #expect(try Plan(text: "(e4m3:4,pairwise/fp16):8,pairwise3/fp32") == nested)
    #expect(nested.rounders == [e4m3, fp16, fp32] && nested.output == fp32 && nested.levelCount == 3 && !nested.isStochastic)
    #expect(try Plan(text: "e4m3@sr:4,fp16").isStochastic)
  }

  @Test(arguments: ["exact", "EXACT", "fused", "e5m2", "fp16@rz", "q8.8@wrap", "e4m3@sr12@saturate"])
  func productsReadBack(_ text: String) throws {
    let product = try Product(text: text)
    #expect(product.description == text.lowercased())
    #expect(try Product(text: product.description) == product)
    #expect(DotProduct(.sequential(try Rounder(to: .fp32)), product: product).isStochastic == text.contains("sr"))
  }

  @Test(arguments: [
    ("e4m3:16", PlanError.lastLevelWithCount("e4m3:16")), ("e4m3,fp32", .innerLevelWithoutCount("e4m3")), ("e4m3:4,(fp16:2,fp32),fp64", .innerLevelWithoutCount("(fp16:2,fp32)")),
    ("e4m3:0,fp32", .count("0")), ("e4m3:-1,fp32", .count("-1")), ("e4m3:+16,fp32", .count("+16")), ("e4m3:2147483649,fp32", .count("2147483649")),
    ("e4m3:x,fp32", .count("x")), ("e4m3:,fp32", .count("")), ("e4m3:1e3,fp32", .count("1e3")), ("e4m3:99999999999999999999,fp32", .count("99999999999999999999")),
    ("pairwise0/fp32", .parameter("0", scheme: "pairwise", allowed: 1...1 << 31)), ("pairwise-1/fp32", .parameter("-1", scheme: "pairwise", allowed: 1...1 << 31)), ("pairwise+4/fp32", .parameter("+4", scheme: "pairwise", allowed: 1...1 << 31)), ("pairwisex/fp32", .scheme("pairwisex")),
    ("kahn/fp32", .scheme("kahn")), ("kahan2/fp32", .scheme("kahan2")), ("sum/fp32", .parameter("", scheme: "sum", allowed: 2...8)), ("sum1/fp32", .parameter("1", scheme: "sum", allowed: 2...8)), ("dot9/fp32", .parameter("9", scheme: "dot", allowed: 2...8)), ("strided/fp32", .parameter("", scheme: "strided", allowed: 1...1 << 31)),
    ("strided2/strided2/fp32", .scheme("strided2")), ("(strided4/e4m3:16),fp32", .innerLevelWithoutCount("(strided4/e4m3:16)")), ("fused/fp32", .parameter("", scheme: "fused", allowed: 1...1 << 16)), ("fusedx/fp32", .scheme("fusedx")), ("fused4f/fp32", .parameter("", scheme: "fused4f", allowed: 1...60)), ("fused+4f+5/fp32", .parameter("+4", scheme: "fused", allowed: 1...1 << 16)), ("fused4-late-apart/fp32", .scheme("fused4-late-apart")),
    ("fused3f9-dealt2/fp32", .block("an odd number of products, 3, of pairs dealt to 2 steps")), ("strided2/(strided2/e4m3)", .lanes("strided2/(strided2/e4m3)")), ("strided2/(e4m3:2,fp16):4,fp32", .lanes("strided2/(e4m3:2,fp16)")), ("fused4-fast/fp32", .scheme("fused4-fast")),
    ("fused0f4/fp32", .parameter("0", scheme: "fused", allowed: 1...1 << 16)), ("fused4f61/fp32", .block("4 products and 61 fraction bits")), ("fused4f4/q8.8", .block("sums in q8.8")),
    ("fused4f2/e4m3fn", .block("2 fraction bits in e4m3fn")), ("tensorcore/h100-fp4", .matrixUnit("h100-fp4")), ("tensorcore/", .matrixUnit("")), ("strided4/e4m3,fp32:4", .lastLevelWithCount("fp32:4")), ("/fp32", .scheme("")), ("e4m3@rx", .modifier("rx")), ("e4m3@", .modifier("")), ("e4m3@sr0", .format(.randomBits(0))),
    ("e4m3@wrap", .format(.overflow(.wrap, format: "e4m3", allowed: [.ieee, .infinity, .saturate, .propagate]))), ("q4.4@ieee", .format(.overflow(.ieee, format: "q4.4", allowed: [.saturate, .wrap]))),
    ("q4.4@flush", .format(.flush(format: "q4.4"))), ("e16m3", .format(.fieldOutOfRange("e16m3", field: "exponent bits", given: "16", allowed: "1 to 15"))),
  ])
  func mistakesAreNamed(_ text: String, _ expected: PlanError) {
    #expect(throws: expected) { try Plan(text: text) }
    #expect(!expected.description.isEmpty)
  }

  @Test(arguments: ["", ",", ":", "@", "/", "(", ")", "()", "(e4m3", "e4m3)", "(e4m3)(fp32)", ")e4m3:4,fp32(", "e4m3 :4,fp32", "e4m3:4, fp32", "pairwise/", "pairwise/pairwise/fp32", "(e4m3:4,fp32", "e4m3:4,fp32)"])
  func otherTextsAreRefused(_ text: String) {
    #expect(throws: PlanError.self) { try Plan(text: text) }
  }

  @Test(arguments: [100, 10_000, 1_000_000]) func deeplyNestedTextsAreRefused(_ depth: Int) {
    let text = String(repeating: "(", count: depth) + "e4m3" + String(repeating: ")", count: depth)
    #expect(throws: PlanError.self) { try Plan(text: text) }
  }

  /// As many levels as fit into a command line: reading, printing, comparing and releasing must not exhaust the stack.
  @Test(arguments: [64, 1000, 5000]) func manyLevelsAreReadOrRefused(_ count: Int) {
    let text = String(repeating: "e4m3:2,", count: count) + "fp32"
    guard let plan = try? Plan(text: text) else {
      #expect(count > 64)
      return
    }
    #expect(plan.description == text && plan.levelCount == count + 1)
  }

  /// Lanes that nest need what adds them, so that a plan is no longer than its text.
  @Test func lanesThatNestStaySmall() throws {
    var text = "e4m3"
    for _ in 0..<12 { text = "strided2/(\(text)),fp16" }
    #expect(try Plan(text: text).levelCount == 13)
  }

  @Test func everyPlanOfTheGrammarRoundTrips() throws {
    var random = SplitMix64(seed: 131)
    let names = ["e4m3", "e4m3fn", "e5m2:nosub", "fp32", "q8.13", "uq4.4", "e2m1fn", "e8m0fnu", "e4m3b11fnuz:nosub", "e3m0u"]
    func rounder() -> Rounder? {
      let format = format(names.randomElement(using: &random)!)
      let mode = (Rounding.deterministic + [.stochastic, .stochasticBits(Int.random(in: 1...64, using: &random))]).randomElement(using: &random)!
      return try? Rounder(to: format, mode, overflow: Overflow.allCases.randomElement(using: &random)!, subnormals: Subnormals.allCases.randomElement(using: &random)!)
    }
    func plan(_ depth: Int) -> Plan {
      let leaf = rounder() ?? .init(uncheckedFP32: ())
      let count = [1, 2, 16, 1 << 31].randomElement(using: &random)!
      switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
      case 0: return .sequential(leaf)
      case 1: return .pairwise(leaf, leaf: count)
      case 2: return .exact(leaf)
      case 3: return .compensated([.kahan, .neumaier, .cascaded(2), .cascadedProducts(3), .expansion(4)].randomElement(using: &random)!, leaf)
      case 4:
        let unit = try? BlockFMA(
          width: Int.random(in: 1...32, using: &random), fractionBits: [nil, 5, 13, 25].randomElement(using: &random)!,
          cut: BlockFMA.Cut.allCases.randomElement(using: &random)!, addend: BlockFMA.Addend.allCases.randomElement(using: &random)!,
          isNormalised: Bool.random(using: &random), interleaving: Int.random(in: 1...3, using: &random), to: leaf)
        return unit.map { .block($0) } ?? .sequential(leaf)
      case 5: return MatrixUnit.catalogue.randomElement(using: &random)!.plan
      case 6: return .strided(count, inner: plan(depth - 1), outer: plan(depth - 1))
      default: return .chunked(count, inner: plan(depth - 1), outer: plan(depth - 1))
      }
    }
    for _ in 0..<effort(5000) {
      let original = plan(4)
      guard (try? Plan(text: original.description)) == original else {
        Issue.record("plan \(original) reads back differently")
        return
      }
    }
  }

  @Test func damagedPlansNeverCrash() {
    let corpus = [
      "e4m3:16,fp16:8,fp32", "bf16@sr8", "e6m5@rz@saturate", "pairwise/fp32", "pairwise16/e4m3@sr:32,fp32", "((e4m3:2,bf16):4,fp16):8,fp32", "e5m2:nosub:16,fp32", "q8.13@wrap", "e4m3@flush@infinity:4,fp64",
      "strided8/bf16@sr,pairwise/fp32", "fused8f13-late-down/fp32@rz", "tensorcore/h100-fp8:128,fp32", "sum2/e4m3:64,dot3/fp32", "kahan/fp16", "expansion2/e4m3", "exact/bf16",
    ]
    let tokens = ["(", ")", ",", ":", "@", "/", "pairwise", "strided2", "kahan", "fused4f9", "-late", "-dealt2", "tensorcore", "sum2", "exact", "nosub", "rz", "sr", "flush", "saturate", "wrap", "e4m3", "fp16", "q4.4", "2147483648", "2147483649"]
    var mutator = TextMutator(seed: 132, corpus: corpus, tokens: tokens)
    var accepted = 0
    for _ in 0..<effort(100_000) {
      let text = mutator.next()
      do {
        let plan = try Plan(text: text)
        accepted += 1
        guard try Plan(text: plan.description) == plan else {
          Issue.record("'\(text)' is read as \(plan), which is read differently")
          return
        }
      } catch {
        guard !error.description.isEmpty else {
          Issue.record("'\(text)' is refused without a word")
          return
        }
      }
    }
    #expect(accepted > effort(5_000) && accepted < effort(95_000))
  }
}

extension Rounder {
  /// A rounder for where the policies drawn contradict each other.
  fileprivate init(uncheckedFP32: ()) {
    do { self = try Rounder(to: .fp32) } catch { fatalError("\(error)") }
  }
}
