// SPDX-License-Identifier: Apache-2.0
// Damaged texts for parsers: real ones with characters changed, inserted, removed, doubled and spliced.

/// A seeded source of damaged texts.
public struct TextMutator {
  private var random: SplitMix64
  private let corpus: [[Character]]
  private let tokens: [[Character]]

  /// - Parameters:
  ///   - corpus: well-formed texts to damage.
  ///   - tokens: pieces that the parser's grammar knows, to be spliced in.
  public init(seed: UInt64, corpus: [String], tokens: [String]) {
    random = SplitMix64(seed: seed)
    self.corpus = corpus.map(Array.init)
    let hostile = [
      "", " ", "\0", "\n", "−", "é", "٣", "²", "\u{301}", "\u{FEFF}", "🙂", "0", "00", "1", "-1", "+1", "9", "16", "127", "128", "65536",
      "999999", "1000000", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    ]
    self.tokens = (tokens + hostile).map(Array.init)
  }

  public mutating func next() -> String {
    var text = corpus.randomElement(using: &random)!
    for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&text) }
    return String(text)
  }

  private mutating func mutate(_ text: inout [Character]) {
    let start = Int.random(in: 0...text.count, using: &random)
    let end = min(text.count, start + Int.random(in: 0...4, using: &random))
    let token = tokens.randomElement(using: &random)!
    switch Int.random(in: 0..<7, using: &random) {
    case 0: text.replaceSubrange(start..<end, with: token)
    case 1: text.insert(contentsOf: token, at: start)
    case 2: text.removeSubrange(start..<end)
    case 3: text.insert(contentsOf: text[start..<end], at: start)
    case 4: if start < text.count { text[start] = Character(Unicode.Scalar(UInt8.random(in: 32...126, using: &random))) }
    case 5: text.removeSubrange(start...)
    default: text.append(contentsOf: corpus.randomElement(using: &random)!)
    }
  }
}
