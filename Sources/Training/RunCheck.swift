// SPDX-License-Identifier: Apache-2.0
// Predictions about a run: from some minibatches in binary64, measured on others in the run's arithmetic.

internal import Accumulation
internal import ErrorAnalysis
public import Formats
internal import Lab

extension Prediction {
  /// What is predicted of runs, as ``Trainer/check(progress:)`` tests it.
  public static let ofRuns: [(id: String, statement: String)] = [
    (RunCheck.errorID, "The rms error of a product's results is that of independent terms with the factors' frequencies, times the growth by their drift."),
    (RunCheck.boundID, "No error exceeds the tightest bound that holds for every input: |error| / Σ|xy| at most the bound's."),
    (RunCheck.overflowID, "No sum overflows where Σ|xy| and the bound of its error are together below the accumulator's largest number."),
    (RunCheck.flushedID, "The share of dY that is flushed to zero follows from its binades and the loss scale."),
    (RunCheck.swallowedID, "The share of updates that stored weights swallow follows from the exponents of weights and updates."),
  ]
}

extension Trainer {
  /// Predictions about the arithmetic of the network as it is: from minibatches of an order of their own, in binary64, and measured on as many
  /// others under the policy. Nothing of the run changes.
  ///
  /// - Random: the minibatches from the seed; up to 512 images for each of the two.
  /// - Complexity: some 16 steps, and the exact analysis of each product that takes no more than two seconds.
  public func check(progress: Progress = .silent) -> [Finding] {
    // Two minibatches at least.
    data.training.count < 2 ? [] : RunCheck(self).findings(progress)
  }
}

/// What the minibatches leave behind.
struct RunCheck {
  static let (errorID, boundID, overflowID) = ("train.product-error", "train.bound", "train.overflow")
  static let (flushedID, swallowedID) = ("train.flushed", "train.swallowed")
  private static let images = 512
  /// Of one exact analysis.
  private static let longest = 2.0

  private let trainer: Trainer
  private let predicted, measured: Record

  private struct Site: Hashable {
    let layer: String
    let product: LayerArithmetic.Kind
  }

  private struct Record {
    /// The products, in the order of the first pass, with what each minibatch gave them.
    var sites: [Site] = []
    var products: [Site: [Pass.Observed]] = [:]
    var errors: [String: MagnitudeHistogram] = [:]
    /// Steps −η v of the weights of each parameter in the first minibatch, by name.
    var updates: [String: [Double]] = [:]
  }

  init(_ trainer: Trainer) {
    self.trainer = trainer
    let order = trainer.data.training.order(trainer.root.child("check"))
    let size = min(trainer.plan.batch, order.count / 2)
    let batches = max(1, min(RunCheck.images / size, order.count / (2 * size)))
    let random = trainer.root.child("check").child("rounding")
    let statistics = trainer.network.body.statistics.map(\.values)
    func record(isTwin: Bool) -> Record {
      var record = Record()
      let scale = isTwin ? 1 : trainer.state.scale.factor
      for batch in 0..<batches {
        let first = (2 * batch + (isTwin ? 0 : 1)) * size
        let pass = isTwin ? trainer.twinPass(random.child(batch)) : trainer.pass(isTraining: true, random.child(batch))
        pass.errors = [:]
        pass.observer = { seen in
          let site = Site(layer: seen.layer, product: seen.product)
          if record.products[site] == nil { record.sites.append(site) }
          record.products[site, default: []].append(seen)
        }
        _ = trainer.gradient(order[first..<first + size], scale: scale, pass)
        for (layer, histogram) in pass.errors ?? [:] { record.errors[layer, default: MagnitudeHistogram()].merge(histogram) }
        if batch == 0 { record.updates = RunCheck.updates(trainer, scale) }
      }
      return record
    }
    (predicted, measured) = (record(isTwin: true), record(isTwin: false))
    for (parameter, values) in zip(trainer.network.body.statistics, statistics) { parameter.values = values }
  }

  /// What the weights would be moved by, at the rate of half of the run.
  private static func updates(_ trainer: Trainer, _ scale: Double) -> [String: [Double]] {
    let (rate, plan) = (trainer.plan.rate * trainer.plan.schedule.factor(at: 0.5), trainer.plan)
    let learned = trainer.network.body.parameters.filter(\.decays)
    return Dictionary(uniqueKeysWithValues: learned.map { parameter in
      let w = parameter.stored.isEmpty ? parameter.values : parameter.stored
      return (parameter.name, w.indices.map { i in
        -rate * (plan.momentum * parameter.momentum[i] + (parameter.gradient[i] / scale + plan.decay * w[i]))
      })
    })
  }

  func findings(_ progress: Progress) -> [Finding] {
    let products = measured.sites.enumerated().flatMap { i, site -> [Finding] in
      defer { progress.report?(Double(i + 1) / Double(measured.sites.count + 1)) }
      return product(site)
    }
    let kinds = [RunCheck.errorID, RunCheck.boundID, RunCheck.overflowID].flatMap { id in products.filter { $0.prediction == id } }
    return kinds + flushed + [swallowed].compactMap { $0 }
  }

  // MARK: Products

  private func product(_ site: Site) -> [Finding] {
    let policy = trainer.resolved(trainer.network.linear.first { $0.name == site.layer }!)
    let arithmetic = LayerArithmetic(policy)
    let multiply = arithmetic.products[site.product]!
    let exact = MatrixProduct(DotProduct(.sequential(try! Rounder(to: .fp64))))  // every format rounds to nearest
    let random = trainer.root.child("check")
    var (errors, sizes) = ([Double](), [Double]())
    for seen in measured.products[site]! {
      let truth = exact(seen.left.widened, seen.leftOffsets, seen.right.widened, seen.rightOffsets, random: random, trainer.parallelism)
      errors += zip(seen.result, truth).map { $0 - $1 }
      sizes += exact(seen.left.magnitudes, seen.leftOffsets, seen.right.magnitudes, seen.rightOffsets, random: random, trainer.parallelism)
    }
    let n = measured.products[site]![0].leftOffsets.columns.count
    let finite = errors.indices.filter { errors[$0].isFinite }
    let rms = (finite.reduce(0) { $0 + errors[$1] * errors[$1] } / Double(max(finite.count, 1))).squareRoot()
    let setting = "\(site.layer) \(site.product.rawValue), n \(n)"
    var findings: [Finding] = []

    do throws(ExactAnalysisError) {
      // The same factors from the other minibatches, in the formats of this product.
      let (lefts, rights) = (predicted.products[site]!.map(\.left), predicted.products[site]!.map(\.right))
      let scale = site.product == .forward ? 1 : trainer.state.scale.factor
      let (left, right) =
        switch site.product {
        case .forward: (law(lefts, arithmetic.weights, 1), law(rights, arithmetic.activations, 1))
        case .backwardData: (law(lefts, arithmetic.weights, 1), law(rights, arithmetic.errors, scale))
        case .backwardWeights: (law(lefts, arithmetic.weightErrors, scale), law(rights, arithmetic.activations, 1))
        }
      let analysis = try ExactAnalysis(multiply.dot.plan, product: multiply.dot.product, Terms(products: left, right))
      let seconds = try analysis.estimatedSeconds(n)
      if seconds > RunCheck.longest {
        findings.append(silent(RunCheck.errorID, setting, "its exact analysis takes some \(seconds.significant(2)) s, more than \(RunCheck.longest.shortDescription)"))
      } else {
        let independent = try analysis.moments(n, trainer.parallelism).rms
        let results = predicted.products[site]!.flatMap(\.result).map { $0 * scale }
        let growth = RunCheck.growth(results, variance: Double(n) * RunCheck.square(left) * RunCheck.square(right))
        findings.append(
          Finding(
            RunCheck.errorID, setting, predicted: independent * growth, measured: rms, references: [.init("independent", independent)], .ratio(0.5...2)))
      }
    } catch { findings.append(silent(RunCheck.errorID, setting, "\(error)")) }

    let (x, y) =
      switch site.product {
      case .forward: (policy.weights, policy.activations)
      case .backwardData: (policy.weights, policy.errors)
      case .backwardWeights: (policy.weightErrors ?? policy.errors, policy.activations)
      }
    guard case .plain(let left) = x, case .plain(let right) = y, left.format.precision <= 24, right.format.precision <= 24 else { return findings }
    let bounds = Bound.applicable(to: .dot(left.format, right.format, multiply.dot, count: n)).filter { $0.bound.isCertain && $0.radius != nil }
    /// The tightest bound where Σ|xy| = A; binary64's own errors in A and in the exact sum are far below any of these.
    func tightest(_ a: Double) -> (id: String, value: Double)? {
      let observation = Observation(magnitudes: Upward(a * (1 + 0x1p-40)))
      return bounds.compactMap { bound in (try? bound.certify(observation)).map { (bound.bound.id, $0.value.value) } }.min { $0.1 < $1.1 }
    }
    // At the result that comes nearest to them.
    let worst = finite.filter { sizes[$0] > 0 }.max { abs(errors[$0]) / sizes[$0] < abs(errors[$1]) / sizes[$1] }
    if let worst, let bound = tightest(sizes[worst]) {
      let (predicted, measured) = (bound.value / sizes[worst], abs(errors[worst]) / sizes[worst])
      findings.append(Finding(RunCheck.boundID, "\(setting): \(bound.id)", predicted: predicted, measured: measured, .atMost))
    } else {
      findings.append(silent(RunCheck.boundID, setting, "no bound for every input applies to n = \(n) in \(multiply.dot.plan)"))
    }

    let largest = sizes.reduce(0) { max($0, $1) }
    let end = multiply.dot.plan.rounders.map { Double(exactly: $0.format.maxFinite) ?? .infinity }.min() ?? .infinity
    if let bound = tightest(largest), largest + bound.value < end {
      findings.append(Finding(RunCheck.overflowID, setting, predicted: 0, measured: Double(errors.count - finite.count), .distance(0)))
    } else {
      let reason = "sum |xy| is up to \(largest.significant(3)) and the accumulator ends at \(end.significant(3))"
      findings.append(silent(RunCheck.overflowID, setting, reason))
    }
    return findings
  }

  /// By how much errors are larger than those of independent terms, whose sums have this variance, when the sums of a product have drifts: then E s_k²
  /// = k σ² + (k/n)² (ρ² − 1) n σ² with ρ² = E s² / (n σ²), and the errors' variance, u²/3 Σ E s_k², is 1 + 2/3 (ρ² − 1) times as large.
  private static func growth(_ sums: [Double], variance: Double) -> Double {
    guard variance > 0, !sums.isEmpty else { return 1 }
    let square = sums.reduce(0) { $0 + $1 * $1 } / Double(sums.count)
    return (1 + 2 * (square / variance - 1) / 3).squareRoot()
  }

  private static func square(_ law: DiscreteLaw) -> Double {
    zip(law.values, law.probabilities).reduce(0) { $0 + Value.finite($1.0).double * Value.finite($1.0).double * $1.1 }
  }

  /// How often each value occurs among rounded numbers of binary64.
  private func law(_ operands: [Operand], _ rounder: TensorRounder, _ scale: Double) -> DiscreteLaw {
    var counts: [Double: Double] = [:]
    for operand in operands {
      let rounded = rounder(operand.doubles.map { $0 * scale }, trainer.root.child("check"), trainer.parallelism)
      for x in rounded where x.isFinite { counts[x + 0, default: 0] += 1 }
    }
    let values = counts.keys.sorted()
    return DiscreteLaw(values.map { Dyadic($0)! }, weights: values.map { counts[$0]! })
  }

  private func silent(_ id: String, _ setting: String, _ reason: String) -> Finding {
    Finding(id, setting, predicted: .nan, measured: .nan, .notApplicable(reason: reason))
  }

  // MARK: Ranges

  private var flushed: [Finding] {
    trainer.network.linear.compactMap { layer in
      guard case .plain(let rounder) = trainer.resolved(layer).errors, let before = predicted.errors[layer.name], let raw = measured.errors[layer.name],
        let products = measured.products[Site(layer: layer.name, product: .backwardWeights)]
      else { return nil }
      // Half the smallest number, and the part of its binade that is below it.
      let end = Double(exactly: rounder.format.minPositive)! / 2, k = trainer.state.scale.exponent
      let lost = (before.binades.map { range in
        range.reduce(0.0) { sum, binade in
          let low = Double(sign: .plus, exponent: binade + k, significand: 1)
          return sum + min(max(end / low - 1, 0), 1) * Double(before.count(in: binade))
        }
      } ?? 0) / Double(before.count)
      let zeros = products.reduce(0) { sum, product in sum + product.left.doubles.count { $0 == 0 } }
      let share = Double(zeros - raw.zeros) / Double(raw.count)
      // Numbers of one image are not independent, images are; and a binade is even in its logarithm only nearly.
      let images = Double(raw.count / max(layer.geometry.output.count, 1))
      let error = (2 * max(lost * (1 - lost), 1 / images) / images).squareRoot()
      return Finding(
        RunCheck.flushedID, "\(layer.name) dY in \(rounder.format), scale 2^\(k)", predicted: lost, measured: share, standardError: error,
        .distance(3 * error + 0.005))
    }
  }

  private var swallowed: Finding? {
    guard trainer.plan.method == .sgd, case .plain(let rounder) = trainer.plan.policy.storedWeights, rounder.rounding == .nearestEven, rounder.format.isFloating,
      trainer.plan.policy.update == .plain || trainer.plan.policy.update == .hysteresis
    else { return nil }
    let round = ArrayRounder<Double>(rounder)
    var (lost, foretold, count) = (0, 0, 0)
    for parameter in trainer.network.body.parameters where parameter.decays {
      let w = parameter.stored.isEmpty ? parameter.values : parameter.stored
      let (before, now) = (predicted.updates[parameter.name]!, measured.updates[parameter.name]!)
      let next = round(zip(w, now).map { $0 + $1 })
      for i in w.indices {
        if now[i] != 0 {
          count += 1
          if next[i] == w[i] { lost += 1 }
        }
        if before[i] != 0, w[i] != 0, Int(before[i].exponent) < max(Int(w[i].exponent) - rounder.format.precision, rounder.format.quantumExponent - 1) { foretold += 1 }
      }
    }
    let all = trainer.network.body.parameters.filter(\.decays).reduce(0) { sum, p in sum + predicted.updates[p.name]!.count { $0 != 0 } }
    return Finding(
      RunCheck.swallowedID, "weights in \(rounder), at half of the run", predicted: Double(foretold) / Double(max(all, 1)),
      measured: Double(lost) / Double(max(count, 1)), .distance(0.02))
  }
}
