// SPDX-License-Identifier: Apache-2.0
// Runs one experiment by name: swift run -c release experiments NAME.

import Glibc

@main
enum Experiments {
  /// A new experiment is one file and one line here.
  static let all: [(name: String, question: String, run: @Sendable ([String]) -> Int32)] = [
    ("digits-classifier", "trains the embedded classifier weights (--check compares them)", DigitsClassifier.run),
    ("convolution-scale", "the best scale of fixed-point convolution, and what another costs (--check, --plot FILE)", ConvolutionScale.run),
    ("layer-precision", "which outputs of a layer may be accumulated in how few bits (--check)", LayerPrecision.run),
    ("stochastic-rounding", "from which length on stochastic rounding wins, at equal cost (--check, --plot FILE)", StochasticRounding.run),
    ("minimal-accumulator", "the fewest bits of an accumulator for a given exact rms error (--check)", MinimalAccumulator.run),
    ("chunk-size", "the chunks that make a sum best, for normal data and in the worst case (--check, --plot FILE)", ChunkSize.run),
    ("tightness-atlas", "how near exact worst cases come to the bounds in formats of at most 8 bits (--check)", TightnessAtlas.run),
    ("expansion-truth", "which error-free transforms survive in formats of 4 to 8 bits (--check, --plot FILE)", ExpansionTruth.run),
    ("expansion-cost", "when an expansion is cheaper than a wider accumulator (--check, --plot FILE)", ExpansionCost.run),
    ("expansion-weights", "whether a weight held as an expansion keeps the updates that a plain one swallows (--check, --plot FILE)", ExpansionWeights.run),
    ("winograd-convolution", "what Winograd's convolution costs in accuracy, by format and accumulator (--check, --plot FILE)", WinogradConvolution.run),
    ("gradient-accumulator", "what a narrow accumulator of the gradient does to the noise floor of SGD (--check, --plot FILE)", GradientAccumulator.run),
    ("loss-scaling", "which loss scales four and five exponent bits can be trained with (--check, --plot FILE)", LossScaling.run),
    ("multiplier-configurations", "what a multiplier may leave out before training suffers (--check, --plot FILE)", MultiplierConfigurations.run),
    ("accumulator-formats", "the smallest accumulators that training does not notice, predicted and found (--check, --plot FILE)", AccumulatorFormats.run),
    ("mac-configurations", "accuracy beside cost of multiply-accumulate units, LeNet and ResNet-20 (--check, --plot FILE)", MacConfigurations.run),
    ("training-schemes", "schemes of mixed precision side by side (--check, --plot FILE)", TrainingSchemes.run),
    ("rounding-regularises", "whether noise of rounded weights closes the gap between training and test (--check, --plot FILE)", RoundingRegularises.run),
    ("weight-faults", "which formats of stored weights survive how many flipped bits (--check, --plot FILE)", WeightFaults.run),
  ]

  /// Writes a line to standard error.
  static func note(_ text: String) { _ = Array("\(text)\n".utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) } }

  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    guard let name = arguments.first, let experiment = all.first(where: { $0.name == name }) else {
      for experiment in all { print("\(experiment.name)  \(experiment.question)") }
      exit(arguments.isEmpty ? 0 : 64)
    }
    exit(experiment.run(Array(arguments.dropFirst())))
  }
}
