// SPDX-License-Identifier: Apache-2.0
// The choice of an accumulator for each output of a layer, and the activation functions it goes through.

import Accumulation
import Formats
import Lab
import Testing

@Suite struct PrecisionChoiceTests {
  static let format = try! Format("e4m3")

  private func choice(
    _ accumulators: [String], _ tolerance: Double, _ activation: Activation = .identity, _ criterion: PrecisionChoice.Criterion = .bound
  ) throws -> PrecisionChoice {
    PrecisionChoice(
      format: Self.format, accumulators: try accumulators.map { DotProduct(try Plan(text: $0), product: .exact, factors: Self.format) },
      tolerance: tolerance, activation: activation, criterion: criterion)
  }

  private func values(_ numbers: [Double]) throws -> [Value] {
    let rounder = try Rounder(to: Self.format)
    return numbers.map { rounder.round(Value($0)).value }
  }

  /// Functions and condition numbers against 100 bits.
  @Test(arguments: Activation.allCases) func activationAgreesWithManyDigits(activation: Activation) {
    // z, φ(z) and z φ′(z) / φ(z), to 17 digits, from mpmath.
    let known: [Activation: [(z: Double, value: Double, condition: Double)]] = [
      .identity: [(-3, -3, 1), (0.25, 0.25, 1)],
      .relu: [(-3, 0, 0), (0.25, 0.25, 1), (0, 0, 0)],
      .sigmoid: [(-3, 0.047425873177566781, 2.8577223804672997), (0.25, 0.5621765008857981, 0.10945587477855047), (0, 0.5, 0)],
      .tanh: [(-3, -0.99505475368673045, 0.029745208880876159), (0.25, 0.24491866240370913, 0.95951737566747186), (0, 0, 1)],
      .softplus: [(-3, 0.048587351573742059, 2.9282851385048754), (0.25, 0.82593941987884356, 0.17016275266540231), (0, 0.69314718055994531, 0)],
      .silu: [(-3, -0.14227761953270034, 1.8577223804672997), (0.25, 0.14054412522144953, 1.1094558747785505), (0, 0, 1)],
      .gelu: [(-3, -0.0040496940948902836, 8.8492959647913095), (0.25, 0.14967658142073093, 1.1614598427542043), (0, 0, 1)],
    ]
    for (z, value, condition) in known[activation]! {
      #expect(abs(activation(z) - value) <= 1e-14 * abs(value), "\(activation)(\(z)) = \(activation(z))")
      #expect(abs(activation.condition(at: z) - condition) <= 1e-12 * condition, "\(activation) at \(z): \(activation.condition(at: z))")
    }
  }

  /// No z of the interval has a larger error than is said, and one comes close.
  @Test(arguments: Activation.allCases) func relativeErrorIsTheLargestOfTheInterval(activation: Activation) {
    let random = RandomStream(seed: 11)
    for trial in 0..<400 {
      let computed = 12 * random.uniform(at: UInt64(trial)) - 6
      let radius = 2 * random.uniform(at: UInt64(trial), word: 1)
      let bound = activation.relativeError(at: computed, radius: radius)
      var largest = 0.0
      for k in 0...2000 {
        let z = computed - radius + 2 * radius * Double(k) / 2000
        let (value, exact) = (activation(computed), activation(z))
        largest = max(largest, value == exact ? 0 : abs(value - exact) / abs(exact))
      }
      #expect(largest <= bound, "\(activation), \(computed) ± \(radius)")
      // A zero within the interval makes it infinite, which samples do not show.
      #expect(bound <= 1.01 * largest + 1e-11 || bound == .infinity && (computed - radius) * (computed + radius) <= 0)
    }
    #expect(activation.relativeError(at: 0, radius: 0) == 0)
  }

  /// The first accumulator that does it is taken, and the numbers are those of a sum done by hand.
  @Test func cheapestThatDoesItIsTaken() throws {
    // e4m3 sums 16 + 1 + 1 = 16 (each 1 is half an ulp, a tie to even); exact 18, A = 18; the running bound is 1 + 1.
    let (x, y) = (try values([16, 1, 1]), try values([1, 1, 1]))
    let loose = try choice(["e4m3", "fp32"], 0.2).choose(x, y)
    #expect(loose.accumulator == 0 && loose.last.sum == 16 && loose.last.measured == 2.0 / 18)
    // |ẑ − z| ≤ 2 (0.1112 A by the sharp bound 2u/(1+2u) is 2.0): 2 / 14, a little above for the ends of the interval.
    #expect(loose.last.radius >= 2 && loose.last.radius < 2.0001)
    #expect(loose.last.relativeError >= 2.0 / 14 && loose.last.relativeError < 2.0001 / 14)
    let tight = try choice(["e4m3", "fp32"], 0.1).choose(x, y)
    #expect(tight.accumulator == 1 && tight.attempts.count == 2 && tight.last.measured == 0 && tight.last.relativeError < 1e-6)
    #expect(try choice(["e4m3"], 0.1).choose(x, y).accumulator == nil)
    #expect(try choice(["e4m3"], 0.1).counts([tight, loose]) == [1, 1])
  }

  /// A sum without a correct digit has a condition number that is bounded by its error, not one divided by chance.
  @Test func lostSumIsNotTrusted() throws {
    // 16 + 1 = 16, 16 − 16 = 0: the computed sum 0 of an exact 1.
    let component = try choice(["e4m3"], 0.5).choose(try values([16, 1, -16]), try values([1, 1, 1]))
    #expect(component.accumulator == nil && component.last.sum == 0 && component.last.measured == 1)
    #expect(component.last.sumCondition <= 33 && component.last.sumCondition > 1)
    #expect(component.last.relativeError == .infinity)
    // A relu of what is surely negative is 0, whatever the error.
    let negative = try choice(["e4m3"], 1e-9, .relu).choose(try values([-16, 1, 1]), try values([1, 1, 1]))
    #expect(negative.accumulator == 0 && negative.last.measured == 0)
    // Overflow decides nothing.
    #expect(try choice(["e4m3"], 0.5).choose(try values([240, 240]), try values([16, 16])).accumulator == nil)
  }

  /// By a bound no component exceeds the tolerance; by the model few do.
  @Test(arguments: Activation.allCases) func toleranceIsKept(activation: Activation) throws {
    for criterion in PrecisionChoice.Criterion.allCases {
      let choice = try choice(["e4m3", "e6m5@sr", "fp16@rz", "kahan/bf16", "e4m3:8,fp16:4,fp32", "exact/fp32"], 0.05, activation, criterion)
      var (exceeded, chosen) = (0, 0)
      for trial in 0..<150 {
        let random = RandomStream(seed: 5).child(trial)
        let n = 1 + trial % 40
        let x = try values((0..<n).map { 2 * random.uniform(at: UInt64($0)) - 1 })
        let y = try values((0..<n).map { 2 * random.uniform(at: UInt64($0), word: 1) - 1 })
        let component = choice.choose(x, y, random: random.child("rounding"))
        guard component.accumulator != nil else { continue }
        chosen += 1
        if !(component.last.measured <= 0.05) { exceeded += 1 }
        if criterion == .bound { #expect(component.last.measured <= component.last.relativeError) }
      }
      #expect(chosen > 100)
      #expect(criterion == .bound ? exceeded == 0 : exceeded <= 6, "\(activation) by \(criterion): \(exceeded) of \(chosen)")
    }
  }
}
