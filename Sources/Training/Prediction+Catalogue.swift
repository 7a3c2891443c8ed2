// SPDX-License-Identifier: Apache-2.0
// The predictions, with the experiments that test them.

internal import Formats

extension Prediction {
  /// What `fmtlab theory` lists.
  public static let catalogue: [Prediction] = [
    Prediction(
      id: NoiseFloor.id,
      statement: "With stochastic rounding E[e²] = (α²σ² + V)/(αλ(2 − αλ)), V = E[δ² r(1 − r)]; as α → 0 it tends to δσ√(2/π)/(2λ), which no "
        + "smaller step goes below.",
      measures: "E[e²] of 4096 replicas of SGD on a parabola with normal gradient noise, over the second half of 12/(αλ) steps.",
      rule: "E[e²] within 5 % of the self-consistent balance; at the smallest steps between 0.97 and 1.08 of the limit.",
      source: "derived here; the floor: Li, De, Xu, Studer, Samet and Goldstein, Training quantized nets: a deeper understanding, NeurIPS 2017; "
        + "De Sa et al., High-accuracy low-precision training, arXiv:1803.03383 (2018)",
      testBed: NoiseFloor.findings),
    Prediction(
      id: DeadZone.id,
      statement: "With rounding to nearest a weight does not move while αλ|e| is below half the gap ahead, so that descent stops at the first "
        + "value within gap/(2αλ) of w*.",
      measures: "|e| where gradient descent on a parabola, without noise, no longer moves.",
      rule: "Exactly the predicted value of the format.",
      source: "derived here for αλ ≤ 1/2, across binades 1/5; Xia, Massei, Hochstenbach and Koren, On stochastic roundoff errors in gradient "
        + "descent with low-precision computation, J. Optim. Theory Appl. (2024), arXiv:2202.12276",
      testBed: DeadZone.findings),
    Prediction(
      id: Averaging.id,
      statement: "The average of T iterates has on a parabola a squared error of order 1/T, that of correlations (1 − αλ)^k; elsewhere a bias "
        + "−f‴E[e²]/(2f″) of order δ.",
      measures: "The squared error of averages on a parabola; bias and E[e²] on f′ = s(w) − 0.9, s the logistic function, with δ from 1/2 to 1/32.",
      rule: "Squared error of the average within 5 %; bias between 0.8 and 1.05 of the prediction; orders in δ, from 1/4 down, of E[e²] 1 ± "
        + "0.1 and of the bias squared 2 ± 0.25.",
      source: "derived here; Yang, Zhang, Kirichenko, Bai, Wilson and De Sa, SWALP: stochastic weight averaging in low-precision training, ICML 2019, "
        + "arXiv:1904.11943",
      testBed: Averaging.findings),
    Prediction(
      id: BitCentering.id,
      statement: "With b-bit offsets on a grid of spacing |g|/(μ(2^(b−1) − 1)), E|e|² falls an epoch of T steps at least by ρ^2T + κ²/(2^(b−1) − "
        + "1)² Σ L²/(4λᵢ(2L − λᵢ)).",
      measures: "The mean factor of |e|² an epoch, 20 curvatures from 0.1 to 1, T = 60, b = 3 to 10.",
      rule: "At most the bound; the binary logarithm of the factor falls by 2 ± 0.25 a bit from b = 5 on.",
      source: "condition derived here; algorithm: De Sa et al., High-accuracy low-precision training, arXiv:1803.03383 (2018)",
      testBed: BitCentering.findings),
    Prediction(
      id: Hysteresis.id,
      statement: "A weight that jitters about a boundary with lag-1 correlation ρ flips, rounded to nearest, arccos(ρ)/π times a step; with "
        + "hysteresis less than a tenth as often.",
      measures: "Flips a step of a rounded AR(1) process with its mean on a boundary, ρ = 0.98, standard deviations of 0.1 to 0.5 spacings.",
      rule: "To nearest within 2 % of the crossings of all boundaries; with hysteresis at most a tenth of them.",
      source: "rates derived here; rule: Lee, Park and Jeon, Toward efficient low-precision training: data format optimization and hysteresis "
        + "quantization, ICLR 2022, arXiv:2202.00404",
      testBed: Hysteresis.findings),
    Prediction(
      id: SwallowedUpdates.id,
      statement: "To nearest an update d is lost iff |d| < 2^(⌊log₂|w|⌋ − p), powers of two and ties aside: always for |d/w| < 2^-(p+1), never "
        + "for |d/w| > 2^-p.",
      measures: "The ends of the lost |d/w| over a binade of each format; share of updates, and of their way, that bf16 weights lose in logistic "
        + "regression of the digits.",
      rule: "The ends exactly; by the histogram of exponents, the lost share of an epoch's updates within 2 %, that of their way to within 0.005.",
      source: "derived here; Zamirai, Zhang, Aberger and De Sa, Revisiting BFloat16 training, arXiv:2010.06192 (2020)",
      testBed: SwallowedUpdates.findings),
    Prediction(
      id: GradientRange.id,
      statement: "Of gradients with log₂|g| ~ N(m, s²) a loss scale 2^k lets Φ((log₂(η/2) − k − m)/s) be flushed and 1 − Φ((log₂(Ω + ulp/2) − k − "
        + "m)/s) overflow.",
      measures: "Shares of 2^22 gradients, m = −26 and s = 3, that round to zero, lie below the normal numbers, or overflow; and the scale that "
        + "loses least.",
      rule: "Within four standard errors of the shares; the best integer k within 1/2 of (log₂(Ω + ulp/2) + log₂(η/2))/2 − m.",
      source: "derived here", testBed: GradientRange.findings),
    Prediction(
      id: ImplicitRegularisation.id,
      statement: "Rounding the weights adds ½ tr(HΣ) to the loss: Σ Hᵢᵢ gapᵢ²/12 if stochastic, Σ Hᵢᵢ gapᵢ²/24 if to nearest; for floats a "
        + "penalty on large weights.",
      measures: "The mean increase of a quadratic loss: one weight on a grid and in e4m3fn, and a linear model of the digits.",
      rule: "Within 5 %.",
      source: "derived here; rounding as noise: Askari-Hemmat et al., QReg: on regularization effects of quantization, arXiv:2206.12372 (2022)",
      testBed: ImplicitRegularisation.findings),
    Prediction(
      id: FloatFloor.id,
      statement: "On floats, as α → 0, w has the law π(w′)/π(w) = E[g⁻ at w]/E[g⁺ at w′] of neighbours w < w′: a floor of about "
        + "ulp(w*)σ√(2/π)/(2λ), and no drift.",
      measures: "E[e²] and E[e] of 4096 replicas in e4m3fn (p = 4), w* = 1.4, 1.5, 1.0 and 1.9.",
      rule: "E[e²] within 5 % of that of the law; |E[e]| at most 0.0025.",
      source: "derived here", testBed: FloatFloor.findings),
    Prediction(
      id: GradientNoise.id,
      statement: "A narrow accumulator of the gradient acts as gradient noise whose σ² is the exact variance of its sum, or of its error, "
        + "inserted in the balance of moments.",
      measures: "E[e²] where the noise is an average of products summed in e4m3fn or fp16, or the error of such a sum alone.",
      rule: "Within 10 %; not applicable to updates ασ < 2δ if E|ξ| is more than 3 % off √(2/π)σ, for then E|g| counts.",
      source: "derived here, with the exact moments of proofs/exact-analysis.md", testBed: GradientNoise.findings),
    Prediction(
      id: NewtonRefinement.id,
      statement: "Refinement of H d = b with the Cholesky factor of precision p multiplies the error a step by at most φ = |I − L⁻¹HL⁻ᵀ| ≤ η/(1 − η), "
        + "η = κ(n u max|h| + γ tr M): by about 2^-p κ.",
      measures: "Steps of refinement, 256 matrices of 12 rows each for p = 16 to 24 and κ = 256 to 16384, all eigenvalues but one being 1.",
      rule: "No step above φ, no φ above the bound; log₂φ falls by 1 ± 0.1 a bit; the order of φ in κ is 1 ± 0.15.",
      source: "derived here; Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. (2002), theorem 10.3 and chapter 12; Carson and Higham, SIAM "
        + "J. Sci. Comput. 40(2), 2018",
      testBed: NewtonRefinement.findings),
  ]
}

extension Prediction {
  /// Up to three names of predictions close to a misspelt one, nearest first; with or without what stands before the dot.
  public static func names(near text: String) -> [String] {
    nearestNames(to: text.contains(".") ? text.lowercased() : "sgd.\(text.lowercased())", among: catalogue.map(\.id))
  }
}
