// SPDX-License-Identifier: Apache-2.0
// Does rounding the weights regularise? Train on few images with weights rounded in the products, and look at the gap to the test images.

import FmtLab
import Glibc

/// Question: weights are rounded to a grid of spacing delta in the products, master weights are kept in fp32. Does the noise regularise: is the gap
/// between training and test smaller, beyond the error bars? And is it the penalty that theory says, for logistic regression a ridge?
///
/// Method: the first 200 training images of the digits (each of 64 pixels, mean 0 and variance 1), 360 to test; the dense network 64-128-96-10 and
/// logistic regression; 60 epochs of batches of 20, rate 0.05 (cosine), momentum 0.9, no weight decay; seeds 1 to 10 for the first weights, the order
/// and the rounding (the images are the same). Noise: none; stochastic (sr) or to nearest (rn), delta = 2^-2 to 2^-8; Gaussian of variance delta^2 / 6.
/// Gradients are taken at the noisy weights. Tested are the masters, to which the noise is an average. Differences to no noise are paired by seed.
/// - rise: loss of rounded over that of trained masters (no noise in training), 16 draws, less the slope's part, whose mean is 0 for sr; beside
///   delta^2 tr(H) / 12 (sr) and / 24 (rn); tr(H) exactly for logistic regression, by Hutchinson's probes for both.
/// - explicit, for logistic regression, in fp64 without noise: ridge, delta^2/12 sum M_j w_cj^2, M the features' second moments; and penalty,
///   delta^2/12 |x|^2 sum p_c (1 - p_c), the second-order term with the variance of the noise held fixed.
///
/// Prediction, made before measuring:
/// - rise by delta^2 tr(H) / 12 within 10 % for delta <= 2^-4 (sr); half for rn within a factor 2, as one rounding is no average. tr(H) is about 2 for
///   logistic regression (2 |x|^2 times a training loss of 0.02): 0.01 at delta = 2^-2. Above it positions in gaps are not uniform: weights are 0.2.
/// - theory says ridge for linear models. But noise of fixed variance adds a constant to a quadratic: no ridge. For logistic regression p (1 - p) falls
///   where logits grow, so noise drives the weights apart: norm 5 to 15 % larger at 2^-2, and as delta^2, not smaller as with the ridge (10 % at
///   2^-2). The penalty predicts the norm's change within a quarter and the test loss within one standard error; the ridge has the wrong sign.
/// - dense network, no noise: test accuracy 92 %, test loss 0.35. sr at 2^-5 and finer: nothing beyond two standard errors. At 2^-2 and 2^-3: test
///   loss 5 to 20 % lower; accuracy within two standard errors of no noise. Gaussian noise does what sr does; rn a third of it or nothing.
/// - logistic regression: test loss higher with noise, if at all, as the weights are larger; accuracy unchanged.
///
/// Result: sr at 2^-2 and 2^-3 makes the test loss of the dense network 55 and 15 % higher (0.45 ± 0.06 and 0.12 ± 0.04), that of logistic regression 3.7 and
/// 1.0 %; from 2^-4 on nothing is seen. Accuracy: dense 1.2 ± 0.8 and 0.9 ± 0.35 points more, logistic 0.25 ± 0.21 and 0. rn at 2^-2 loses 1.6 ± 0.7
/// points. Norms at 2^-2: sr 8.0 %, Gaussian 8.7 %, penalty 5.6 % larger, ridge 45 % smaller. Rise, logistic: 1.33, 1.02, 1.04, 1.01, 1.02 of
/// delta^2 tr(H) / 12 from 2^-2 on; dense: 9 at 2^-2, 0.86 at 2^-3, and 0.21 to 0.26 below. 100 epochs, in a first run, came to the same.
///
/// Verdict: rounding does not regularise here. The gap in loss widens; the one gain of accuracy beyond two standard errors, dense at 2^-3, is one of 36
/// comparisons, was half as large after 100 epochs (0.5 ± 0.4), and is no evidence. Noise of fixed variance on a grid is the opposite of a ridge: it drives
/// the logits apart, and the network is surer where it is wrong. An explicit ridge of the strength that theory suggests makes the test loss of
/// logistic regression 8 % lower at 2^-3. (Floats, whose noise grows with the weight, are another matter.)
/// Failed: 92 % without noise: 200 images give 83 %. Failed: a lower test loss of the dense network; it was guessed as what noise is said to do, against
/// the argument given for logistic regression. Failed: the penalty within a quarter: 30 % too little at 2^-2 (22 % at 2^-3), its test loss too; Gaussian
/// noise moves norms as sr does, so that it is what the second order leaves out. Failed: the ridge's 10 %: it is 45 %, as the loss hardly holds the weights.
/// Failed: the dense network's rise. Second differences over 10^-4 make tr(H) 1.6, over 10^-2, the noise of 2^-5, 0.35, and with that the rise is 1.20,
/// 1.00 and 1.06 of what it should be from 2^-4 on: curvature depends on how far one looks, as it may at the kinks of ReLU. Failed: rn within a factor 2 of
/// half: one rounding is no average.
enum RoundingRegularises {
  enum Noise: Hashable, Sendable {
    case none
    /// -log2 delta of each.
    case stochastic(Int), nearest(Int), gaussian(Int)
    case ridge(Int), penalty(Int)

    var name: String {
      switch self {
      case .none: "none"
      case .stochastic: "sr"
      case .nearest: "rn"
      case .gaussian: "gaussian"
      case .ridge: "ridge"
      case .penalty: "penalty"
      }
    }

    var bits: Int? {
      switch self {
      case .none: nil
      case .stochastic(let b), .nearest(let b), .gaussian(let b), .ridge(let b), .penalty(let b): b
      }
    }

    var isExplicit: Bool { name == "ridge" || name == "penalty" }
    var spacing: Double { bits.map { exp2(-Double($0)) } ?? 0 }
  }

  static let (images, epochs, batch) = (200, 60, 20)
  static let models = [Model.logistic, .mlp]
  static let (draws, probes) = (16, 16)
  /// -log2 delta of rises.
  static let spacings = 2...6

  static func noises(_ model: Model) -> [Noise] {
    [.none] + (2...8).map(Noise.stochastic) + [.nearest(2), .nearest(3), .gaussian(2), .gaussian(3)]
      + (model == .logistic ? (2...4).map(Noise.penalty) + (2...4).map(Noise.ridge) : [])
  }

  /// A trained network.
  struct Outcome: Sendable {
    var loss, accuracy, testLoss, testAccuracy, norm: Double
    /// Mean of 6 r (1 - r), r the place of a weight in its gap: 1 if uniform.
    var place = 0.0
    /// Of no noise: the curvature.
    var curvature: Curvature?
  }

  /// At trained weights, by -log2 delta from 2 on: measured rises, delta^2 tr(H) / 12, and the same with each weight's place in its gap.
  struct Curvature: Sendable {
    var exactTrace: Double?
    /// Of the explicit penalty: its slope along a line by differences, over the one that training uses.
    var slope: Double?
    /// By differences over 10^-4, and over 10^-2, which is the noise of delta = 2^-5 (added after the first run).
    var traces: [Double] = [], wideTraces: [Double] = []
    var stochastic: [Double] = [], nearest: [Double] = [], uniform: [Double] = [], placed: [Double] = [], wide: [Double] = []
  }

  // MARK: Training

  static func train(_ model: Model, _ noise: Noise, _ seed: UInt64, _ data: DataSet) throws -> Outcome {
    let policy = try PrecisionPolicy(name: noise.isExplicit ? "fp64" : "fp32")
    let trainer = try Trainer(
      TrainingPlan(model: model, data: data.name, policy: policy, epochs: epochs, batch: batch, decay: 0, seed: seed), data, .oneThread)
    let parameters = trainer.network.body.parameters, weights = parameters.filter(\.decays)
    let random = RandomStream(seed: seed, "rounding-regularises")
    let moments = secondMoments(data)
    for epoch in 0..<epochs {
      let order = data.training.order(trainer.root.child("order").child(epoch))
      for (step, start) in stride(from: 0, to: order.count, by: batch).enumerated() {
        let at = random.child(epoch * order.count + step)
        let masters = weights.map(\.values)
        for (i, weight) in weights.enumerated() { weight.values = noisy(weight.values, noise, at.child("noise").child(i)) }
        gradient(trainer, order[start..<min(start + batch, order.count)], noise, trainer.pass(isTraining: true, at))
        for (weight, master) in zip(weights, masters) { weight.values = master }
        if case .ridge = noise {
          for i in weights[0].values.indices { weights[0].gradient[i] += noise.spacing * noise.spacing / 6 * moments[i % moments.count] * weights[0].values[i] }
        }
        let t = (Double(epoch) + Double(start) / Double(order.count)) / Double(epochs)
        for parameter in parameters {
          trainer.optimiser.step(parameter, rate: trainer.plan.rate * trainer.plan.schedule.factor(at: t), scale: 1, at.child("update"), .oneThread)
        }
      }
    }
    let (training, test) = (trainer.evaluate(data.training), trainer.evaluate(data.test))
    let all = weights.flatMap(\.values)
    var outcome = Outcome(
      loss: training.loss, accuracy: training.accuracy, testLoss: test.loss, testAccuracy: test.accuracy, norm: all.reduce(0) { $0 + $1 * $1 }.squareRoot())
    if noise.bits != nil {
      outcome.place = all.reduce(0) { sum, w in
        let r = w / noise.spacing - (w / noise.spacing).rounded(.down)
        return sum + 6 * r * (1 - r)
      } / Double(all.count)
    }
    if noise == .none { outcome.curvature = curvature(trainer, random.child("curvature")) }
    return outcome
  }

  private static func noisy(_ w: [Double], _ noise: Noise, _ random: RandomStream) -> [Double] {
    switch noise {
    case .stochastic(let bits): round(bits, .stochastic)(w, random: random, .oneThread)
    case .nearest(let bits): round(bits, .nearestEven)(w, .oneThread)
    case .gaussian: w.enumerated().map { $1 + noise.spacing / 6.0.squareRoot() * Distribution.normal.sample(random, at: $0) }
    case .none, .ridge, .penalty: w
    }
  }

  private static func round(_ bits: Int, _ rounding: Rounding) -> ArrayRounder<Double> {
    ArrayRounder(try! Rounder(to: Format("q8.\(bits)"), rounding))  // fixed point rounds in every mode
  }

  /// Mean x_j^2 of the training images.
  private static func secondMoments(_ data: DataSet) -> [Double] {
    let x = data.training.planes(Array(0..<data.training.count)[...], data.shape).values, count = data.training.count
    return (0..<data.shape.count).map { j in (0..<count).reduce(0) { $0 + x[place(j, $1, count, data)] * x[place(j, $1, count, data)] } / Double(count) }
  }

  /// Where pixel j of image n is: planes hold a channel of all images after the other, and there is one.
  private static func place(_ j: Int, _ n: Int, _ count: Int, _ data: DataSet) -> Int { n * data.shape.count + j }

  /// Leaves the gradient of the mean loss, and of the explicit penalty, in the parameters.
  private static func gradient(_ trainer: Trainer, _ indices: ArraySlice<Int>, _ noise: Noise, _ pass: Pass) {
    guard case .penalty = noise else {
      _ = trainer.gradient(indices, scale: 1, pass)
      return
    }
    let data = trainer.data, x = data.training.planes(indices, data.shape), count = indices.count
    let logits = trainer.network.body.forward(x, pass)
    var gradient = CrossEntropy.evaluate(logits, indices.map { data.training.labels[$0] }[...]).gradient
    for n in 0..<count {
      let square = (0..<data.shape.count).reduce(0) { $0 + x.values[place($1, n, count, data)] * x.values[place($1, n, count, data)] }
      let p = softmax((0..<data.classes).map { logits.values[$0 * count + n] }), total = p.reduce(0) { $0 + $1 * $1 }
      // Of s^2/2 sum p (1 - p) by z_k: s^2 p_k (sum p^2 - p_k), s^2 = delta^2/6 |x|^2.
      for k in p.indices { gradient[k * count + n] += noise.spacing * noise.spacing / 6 * square * p[k] * (total - p[k]) / Double(count) }
    }
    _ = trainer.network.body.backward(Planes(logits.shape, count: count, gradient), pass)
  }

  private static func softmax(_ z: [Double]) -> [Double] {
    let top = z.max()!, powers = z.map { exp($0 - top) }, total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  // MARK: Curvature

  private static func curvature(_ trainer: Trainer, _ random: RandomStream) -> Curvature {
    let weights = trainer.network.body.parameters.filter(\.decays), trained = weights.map(\.values)
    let all = Array(0..<trainer.data.training.count)[...]
    func set(_ values: [[Double]]) { for (weight, value) in zip(weights, values) { weight.values = value } }
    /// Loss and gradient in binary64.
    func at(_ values: [[Double]]) -> (loss: Double, gradient: [Double]) {
      set(values)
      let loss = trainer.gradient(all, scale: 1, trainer.twinPass(random)).loss / Double(all.count)
      return (loss, weights.flatMap(\.gradient))
    }
    defer { set(trained) }
    let flat = trained.flatMap { $0 }, base = at(trained)
    func shaped(_ x: [Double]) -> [[Double]] {
      var first = 0
      return trained.map { part in
        defer { first += part.count }
        return Array(x[first..<first + part.count])
      }
    }
    var result = Curvature()
    // v * H v, whose mean over signs v is the diagonal of H.
    var diagonals: [[Double]] = []
    for k in 0..<probes {
      let signs = flat.indices.map { random.child("signs").child(k).bits(at: UInt64($0)) & 1 == 0 ? 1.0 : -1 }
      func diagonal(_ h: Double) -> [Double] {
        let (up, down) = (at(shaped(zip(flat, signs).map { $0 + h * $1 })), at(shaped(zip(flat, signs).map { $0 - h * $1 })))
        return signs.indices.map { signs[$0] * (up.gradient[$0] - down.gradient[$0]) / (2 * h) }
      }
      diagonals.append(diagonal(1e-4))
      result.traces.append(diagonals[k].reduce(0, +))
      result.wideTraces.append(diagonal(1e-2).reduce(0, +))
    }
    let exact = weights.count == 1 ? exactDiagonal(trainer) : nil
    result.exactTrace = exact?.reduce(0, +)
    if exact != nil { result.slope = penaltySlope(trainer, random) }
    for bits in spacings {
      let noise = Noise.stochastic(bits), square = noise.spacing * noise.spacing
      func rise(_ w: [Double]) -> Double {
        at(shaped(w)).loss - base.loss - zip(zip(w, flat), base.gradient).reduce(0) { $0 + ($1.0.0 - $1.0.1) * $1.1 }
      }
      let rises = (0..<draws).map { rise(noisy(flat, noise, random.child("draw").child(bits).child($0))) }
      result.stochastic.append(rises.reduce(0, +) / Double(draws))
      result.nearest.append(at(shaped(noisy(flat, .nearest(bits), random))).loss - base.loss)
      let trace = result.exactTrace ?? result.traces.reduce(0, +) / Double(probes)
      result.uniform.append(square * trace / 12)
      result.wide.append(square * result.wideTraces.reduce(0, +) / Double(probes) / 12)
      let places = flat.map { w in
        let r = w / noise.spacing - (w / noise.spacing).rounded(.down)
        return r * (1 - r)
      }
      func placed(_ diagonal: [Double]) -> Double { square / 2 * zip(places, diagonal).reduce(0) { $0 + $1.0 * $1.1 } }
      result.placed.append(exact.map(placed) ?? diagonals.map(placed).reduce(0, +) / Double(probes))
    }
    return result
  }

  /// Of logistic regression: the means of x_j^2 p_c (1 - p_c).
  private static func exactDiagonal(_ trainer: Trainer) -> [Double] {
    let data = trainer.data, count = data.training.count, x = data.training.planes(Array(0..<count)[...], data.shape)
    let logits = trainer.network.body.forward(x, trainer.twinPass(RandomStream(seed: 0)))
    var diagonal = [Double](repeating: 0, count: data.classes * data.shape.count)
    for n in 0..<count {
      for (c, p) in softmax((0..<data.classes).map { logits.values[$0 * count + n] }).enumerated() {
        for j in 0..<data.shape.count {
          let pixel = x.values[place(j, n, count, data)]
          diagonal[c * data.shape.count + j] += pixel * pixel * p * (1 - p) / Double(count)
        }
      }
    }
    return diagonal
  }

  /// delta = 1/4: (f(w + h v) - f(w - h v)) / 2h over v times the gradient that training takes, f being loss and penalty, v random signs.
  private static func penaltySlope(_ trainer: Trainer, _ random: RandomStream) -> Double {
    let weights = trainer.network.body.parameters.first(where: \.decays)!, trained = weights.values, noise = Noise.penalty(2)
    let all = Array(0..<trainer.data.training.count)[...], signs = trained.indices.map { random.bits(at: UInt64($0)) & 1 == 0 ? 1.0 : -1 }
    defer { weights.values = trained }
    func value(_ h: Double) -> Double {
      weights.values = zip(trained, signs).map { $0 + h * $1 }
      let loss = trainer.gradient(all, scale: 1, trainer.twinPass(random)).loss / Double(all.count)
      return loss + noise.spacing * noise.spacing / 12 * exactDiagonal(trainer).reduce(0, +)
    }
    let h = 1e-5, difference = (value(h) - value(-h)) / (2 * h)
    weights.values = trained
    gradient(trainer, all, noise, trainer.twinPass(random))
    return difference / zip(weights.gradient, signs).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
