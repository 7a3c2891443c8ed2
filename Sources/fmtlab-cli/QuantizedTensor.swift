// SPDX-License-Identifier: Apache-2.0
// What quantising did, as text, JSON and CSV; and the file that takes the values.

import FmtLab

/// One tensor and the format that it was given, its scale included.
struct QuantizedTensor {
  let report: TensorQuantizer.Report
  let format: ScaledFormat
  /// The numbers and what they became, of a small array.
  let values: [(x: Double, value: Double)]?

  init(_ report: TensorQuantizer.Report, _ format: ScaledFormat, values: [(x: Double, value: Double)]? = nil) {
    (self.report, self.format, self.values) = (report, format, values)
  }

  /// The magnitudes, and the element's range at the scale of the largest of them.
  func figure(_ quantizer: BlockQuantizer) -> Figure {
    let element = format.element
    var unit = report.scale
    if unit == nil, !format.isTernary {
      let largest = quantizer.summary(of: [report.maxMagnitude])
      unit = quantizer.scale(of: largest, within: format.hasTwoLevels ? largest : nil).factor
    }
    let name = if case .fixed = format.scale { element.name } else { format.name }
    let meaning =
      report.scale.map { $0 == 1 ? name : "\(name), S = \($0.threeDigits)" }
      ?? "\(name): the range of the group with the largest number"
    return .magnitudes(
      report.histogram, in: element, unit: unit ?? report.maxMagnitude / Value.finite(element.maxFinite).double, tally: report.tally,
      title: "\(report.name) in \(meaning)")
  }
}

extension ScaledFormat {
  fileprivate var hasTwoLevels: Bool { if case .twoLevel = scale { true } else { false } }
}

/// The document `fmtlab.quantize/1`.
struct QuantizationDocument: Encodable {
  let schema = "fmtlab.quantize/1"
  let format: String
  let rounding: String
  let seed: UInt64
  let bitsPerElement: Double
  /// SQNR of numbers with logarithmically uniform significands in the middle of the element's range, dB; of floating point only.
  @Nullable var plateauDb: Double?
  let n: Int
  let nrmse: Double
  let sqnrDb: Double
  let maxAbsError: Double
  let saturated, underflowed, subnormal, notFinite: Int
  let tensors: [Row]

  struct Row: Encodable {
    let name: String
    let shape: [Int]
    @Nullable var scale: Double?
    let n: Int
    let absmax, rms, nrmse, sqnrDb, maxAbsError: Double
    let saturated, underflowed, subnormal, notFinite: Int
    /// Of a small array.
    let values: [Double]?
    var numbers: [Double]?

    private enum CodingKeys: String, CodingKey {
      case name, shape, scale, n, absmax, rms, nrmse, sqnrDb, maxAbsError, saturated, underflowed, subnormal, notFinite, values
    }
  }

  init(_ format: String, _ rounding: Rounding, _ seed: UInt64, _ tensors: [QuantizedTensor]) {
    (self.format, self.rounding, self.seed) = (format, "\(rounding)", seed)
    let scaled = tensors[0].format
    bitsPerElement = scaled.bitsPerElement
    plateauDb = scaled.element.isFloating ? signalToNoisePlateau(precision: scaled.element.precision) : nil
    var total = QuantizationTally()
    for tensor in tensors { total.merge(tensor.report.tally) }
    (n, nrmse, sqnrDb, maxAbsError) = (total.count, total.nrmse, total.sqnr ?? .nan, total.maxError)
    (saturated, underflowed, subnormal, notFinite) = (total.saturated, total.underflowed, total.subnormal, total.notFinite)
    self.tensors = tensors.map { tensor in
      let (report, t) = (tensor.report, tensor.report.tally)
      return Row(
        name: report.name, shape: report.shape, scale: report.scale, n: t.count, absmax: report.maxMagnitude, rms: report.rms,
        nrmse: t.nrmse,
        sqnrDb: t.sqnr ?? .nan, maxAbsError: t.maxError, saturated: t.saturated, underflowed: t.underflowed, subnormal: t.subnormal,
        notFinite: t.notFinite, values: tensor.values?.map(\.value), numbers: tensor.values?.map(\.x))
    }
  }

  var csvRows: [[String]] {
    let header = [
      "name", "shape", "scale", "n", "absmax", "rms", "nrmse", "sqnrDb", "maxAbsError", "saturated", "underflowed", "subnormal",
      "notFinite",
    ]
    return [header] + tensors.map { row in
      let numbers = [row.absmax, row.rms, row.nrmse, row.sqnrDb, row.maxAbsError].map(\.shortDescription)
      return [row.name, row.shape.map(String.init).joined(separator: "x"), row.scale?.shortDescription ?? "", "\(row.n)"] + numbers
        + [row.saturated, row.underflowed, row.subnormal, row.notFinite].map(String.init)
    }
  }

  var lines: [String] {
    func share(_ count: Int, of n: Int) -> String {
      let percent = 100 * Double(count) / Double(n)
      return count == 0 ? "0" : percent < 0.001 ? "<.001 %" : percent.significant(2) + " %"
    }
    let hasScale = tensors.contains { $0.scale != nil && $0.scale != 1 }
    /// The widest table of 100 columns or less, by the room for names.
    func table(nameWidth: Int) -> [String] {
      var table = Table(
        ["tensor", "shape"] + (hasScale ? ["scale"] : []) + ["absmax", "rms", "SQNR dB", "subn.", "to zero", "clamped"],
        leftAligned: [0, 1])
      for row in tensors {
        table.add(
          [shortened(row.name, nameWidth), row.shape.map(String.init).joined(separator: "x")]
            + (hasScale ? [row.scale?.threeDigits ?? ""] : [])
            + [row.absmax.threeDigits, row.rms.threeDigits, row.sqnrDb.isNaN ? "-" : row.sqnrDb.significant(4)]
            + [row.subnormal, row.underflowed, row.saturated].map { share($0, of: row.n) })
      }
      return table.lines()
    }
    let rows = [34, 30, 26, 22, 18].lazy.map(table).first { lines in lines.allSatisfy { $0.count <= 100 } } ?? table(nameWidth: 12)
    var small = Table(["x", "value", "error"])
    for row in tensors {
      for (x, value) in zip(row.numbers ?? [], row.values ?? []) { small.add([x.figure(10), value.figure(10), (value - x).threeDigits]) }
    }
    let plateau = plateauDb.map { "; plateau of its elements \($0.significant(4)) dB" } ?? ""
    return ["\(format), \(rounding): \(bitsPerElement.shortDescription) bits a number\(plateau)"] + rows + [
      "\(n) number\(n == 1 ? "" : "s"): NRMSE \(nrmse.threeDigits), SQNR \(sqnrDb.isNaN ? "-" : sqnrDb.significant(4)) dB, "
        + "largest error \(maxAbsError.threeDigits)",
      "  saturated \(saturated) (\(share(saturated, of: n))), to zero \(underflowed) (\(share(underflowed, of: n)))"
        + (notFinite > 0 ? ", not finite \(notFinite)" : ""),
    ] + (tensors.contains { $0.values != nil } ? [""] + small.lines() : [])
  }

  /// At most `width` characters, the middle left out.
  private func shortened(_ name: String, _ width: Int) -> String {
    let name = Ending.oneLine(name)
    return name.count <= width ? name : name.prefix(width / 2 - 1) + "…" + name.suffix(width - width / 2)
  }
}

extension NamedFormat {
  /// The format of single numbers, of elements where they share scales.
  var element: Format? {
    switch self {
    case .plain(let format): format
    case .scaled(let format): format.element
    case .logarithmic: nil
    }
  }
}

/// Where the values go: a .npy file for one array, a .npz file for several.
struct QuantizedFile {
  private enum Kind {
    case single(NPYWriter)
    case archive(NPZWriter)
  }
  private let kind: Kind

  init(_ path: String, _ sources: [TensorSource], _ output: OutputOptions) throws {
    let isArchive = path.lowercased().hasSuffix(".npz")
    if sources.count == 1 && !isArchive {
      kind = .single(
        try NPYWriter(
          path, shape: sources[0].shape, elementType: sources[0].valueType, isFortranOrder: sources[0].isFortranOrder))
      return
    }
    if !isArchive { output.note("\(path) is an archive of \(sources.count) arrays (.npz), which numpy.load reads by that name too") }
    kind = .archive(try NPZWriter(path))
  }

  /// The writer of the next tensor.
  func writer(for source: TensorSource) throws -> NPYWriter {
    switch kind {
    case .single(let writer): writer
    case .archive(let archive):
      try archive.add(source.name, shape: source.shape, elementType: source.valueType, isFortranOrder: source.isFortranOrder)
    }
  }

  func finish() throws {
    if case .archive(let archive) = kind { try archive.finish() }
  }
}

extension TensorSource {
  fileprivate var valueType: Tensor.StoredType { isBinary32 ? .f4 : .f8 }
}
