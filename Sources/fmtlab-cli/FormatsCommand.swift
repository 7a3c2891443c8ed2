// SPDX-License-Identifier: Apache-2.0
// fmtlab formats: what formats there are.

import ArgumentParser
import FmtLab

struct FormatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "formats", abstract: "List the named formats and other tools' names for them.",
    usage: "fmtlab formats [--json] [--csv]",
    discussion: """
      Besides these, all formats of the following forms exist; upper and lower case are one.

        eXmY        X exponent bits (1 to 15), Y fraction bits (0 to 112), as in IEEE 754:
                    bias 2^(X-1) - 1, infinities and NaN in the top exponent, subnormals
        eXmYbN      the same with exponent bias N
        eXmYfn      finite: no infinity, one NaN for each sign (none up to 6 bits)
        eXmYf       finite numbers only, no NaN
        eXmYfnuz    finite, unsigned zero: one NaN, in the place of -0
        eXmYu       no sign; eXmYfnu likewise; eXm0fnu is a scale, powers of two only
        ...:nosub   no subnormals
        ...:cfg1 to :cfg6  variants of multipliers (`fmtlab info e5m2:cfg5`)
        kKpPse      IEEE P3109, K 3 to 16 bits, precision P; s signed or u unsigned,
                    e extended (infinities) or f finite: Binary8p4se is k8p4se
        positN, positNesE, takumN   tapered precision, N 3 to 64
        lnsM.N      sign and base-2 logarithm, M integer bits with its sign, N fraction bits
        qM.N        two's-complement fixed point, M integer bits with the sign, N fraction
                    bits, 2 to 64 in all; uqM.N unsigned

      Scaled formats are written NAME[@RULE][/GRANULARITY]: mxfp4@ceil, int8_symmetric/channel,
      bfp6/64, dfp12; or by their parts: pow2(e3m4)/16, real(q8.0), twolevel(e2m1fn)/16,
      affine(uq8.0), squeeze(e5m2), ternary(2)/64.

        fmtlab formats --csv
      """)

  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    let name: String
    let aliases: [String]
    let family: String
    /// Of a scaled format, the bits of its scales included.
    let bits: Double
  }

  private struct Document: Encodable {
    let schema = "fmtlab.formats/1"
    let formats: [Row]
  }

  func run() throws {
    let plain = Format.catalogue.map { Row(name: $0.format.name, aliases: $0.aliases, family: $0.family, bits: Double($0.format.width)) }
    let scaled = ScaledFormat.catalogue.map { Row(name: $0.name, aliases: $0.aliases, family: $0.family, bits: $0.format.bitsPerElement) }
    let rows = plain + scaled
    if output.json { return try Output.json(Document(formats: rows)) }
    if output.csv {
      Output.csv(["name", "family", "bits", "aliases"])
      for row in rows { Output.csv([row.name, row.family, row.bits.shortDescription, row.aliases.joined(separator: " ")]) }
      return
    }
    var table = Table(["name", "bits", "p", "max", "family", "also called"], leftAligned: [0, 4, 5])
    for entry in Format.catalogue {
      let format = entry.format
      table.add([format.name, "\(format.width)", "\(format.precision)", format.maxText, entry.family], aliases: entry.aliases)
    }
    Output.print(table.lines(indent: 0))
    Output.print("")
    var shared = Table(["scaled", "bits", "elements", "family", "also called"], leftAligned: [0, 2, 3, 4])
    for entry in ScaledFormat.catalogue {
      shared.add([entry.name, entry.format.bitsPerElement.figure(5), entry.format.element.name, entry.family], aliases: entry.aliases)
    }
    Output.print(shared.lines(indent: 0))
  }
}

extension Table {
  /// A row whose last cell takes as many lines as the aliases need.
  fileprivate mutating func add(_ cells: [String], aliases: [String]) {
    for (i, line) in wrap(aliases.joined(separator: " "), 43).enumerated() {
      add((i == 0 ? cells : cells.map { _ in "" }) + [line])
    }
  }
}
