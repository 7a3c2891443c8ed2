// SPDX-License-Identifier: Apache-2.0
// Everything that can be wrong with a file of numbers, each told in one sentence.

/// Why a tensor could not be read or written.
///
/// ``unreadable(path:reason:)`` alone means that the file is missing or cannot be read; it is never
/// wrapped in ``file(path:problem:)``. Every other case of reading means that the data are bad.
public indirect enum TensorError: Error, Hashable, Sendable {
  // Files
  /// A file that cannot be read, as the system says why.
  case unreadable(path: String, reason: String)
  /// A file that cannot be written, as the system says why.
  case unwritable(path: String, reason: String)
  /// A name that tells no kind of file.
  case unknownExtension(path: String)
  /// A problem with the data in the named file.
  case file(path: String, problem: TensorError)
  /// A problem with one tensor of a file of several.
  case tensor(name: String, problem: TensorError)

  // Elements and shapes
  /// A 64-bit integer that is not a binary64 number; `position` counts from 0 in file order.
  case inexactInteger(position: Int, value: String)
  /// An element that is not a number of the type to be written; `position` counts from 0 in storage order.
  case inexactElement(position: Int, value: Double, type: String)
  /// Elements of a type that is not read.
  case unsupportedType(name: String, supported: [String])
  /// Extents that do not go with the number of elements.
  case badShape([Int])

  // Binary files
  /// A file without NumPy's first bytes.
  case notNPY
  /// A version of .npy other than 1 to 3.
  case unknownVersion(major: UInt8, minor: UInt8)
  /// `part` needs `needed` bytes and `present` are left.
  case truncated(part: String, needed: UInt64, present: Int)
  /// A header that would not fit in memory.
  case headerTooLong(bytes: UInt64, limit: Int)
  /// A header that cannot be understood.
  case malformedHeader(reason: String)
  /// Bytes after the last element.
  case trailingBytes(count: Int)
  /// A file without the first bytes of IDX.
  case notIDX

  // Archives and compressed files
  /// A zip file that is damaged or of another kind.
  case badArchive(reason: String)
  /// Compressed bytes that cannot be expanded.
  case damagedStream(reason: String)
  /// More bytes than are inflated into memory.
  case tooLarge(bytes: Int, limit: Int)
  /// A tensor whose name cannot be that of a member of an archive.
  case badName(name: String, reason: String)

  // Text; lines and columns count from 1
  /// A line of CSV with other bytes.
  case notUTF8(line: Int)
  /// A field of CSV that is no number.
  case notANumber(line: Int, column: Int, field: String)
  /// A line of CSV with more or fewer fields than the first.
  case ragged(line: Int, fields: Int, expected: Int)
  /// A file of CSV without any.
  case noNumbers

  // Safetensors
  /// The bytes of `tensor` do not begin where those of the tensor before it end.
  case badOffsets(tensor: String, begin: Int, end: Int, expectedBegin: Int)
  /// The byte range of `tensor` is not as long as its shape and type require.
  case wrongByteCount(tensor: String, bytes: Int, dtype: String, shape: [Int])
  /// A name that no tensor of the file has.
  case unknownTensor(name: String, nearest: String?, available: [String])
  /// A file of several tensors, with none named.
  case nameNeeded(available: [String])
}

extension TensorError: CustomStringConvertible {
  /// One sentence: what was given, what is allowed, what to do.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "cannot read \(path): \(reason); give the path of an existing, readable file"
    case .unwritable(let path, let reason):
      "cannot write \(path): \(reason); give a path in an existing, writable directory"
    case .unknownExtension(let path):
      "\(path) has no known extension; "
        + "use .npy, .npz, .safetensors, .csv, .txt (one tensor of several: file.safetensors:name), IDX, or .gz of .npy, .csv, IDX"
    case .file(let path, let problem):
      "\(path): \(problem)"
    case .tensor(let name, let problem):
      "tensor \(quoted(name)): \(problem)"

    case .inexactInteger(let position, let value):
      "element \(position) (from 0, in file order) is \(value), not a binary64 number; "
        + "integers must convert exactly, so rescale or round them before saving"
    case .inexactElement(let position, let value, let type):
      "element \(position) (from 0, in storage order) is \(value), not a number of type \(type); "
        + "round to \(type) first, or write f8"
    case .unsupportedType(let name, let supported):
      "element type \(quoted(name)) is not supported; convert to one of \(supported.joined(separator: " "))"
    case .badShape(let shape):
      "the shape \(abridged(shape)) is not usable; give at most \(Tensor.maximumRank) extents, none negative, "
        + "with a product below 2^63"

    case .notNPY:
      "the data do not begin with \\x93NUMPY; give a file written by numpy.save"
    case .unknownVersion(let major, let minor):
      "the .npy format version is \(major).\(minor); versions 1.0, 2.0 and 3.0 can be read, so save the array anew"
    case .truncated(let part, let needed, let present):
      "the \(part) needs \(needed) bytes but only \(present) are left; the file is cut short, so fetch or save it anew"
    case .headerTooLong(let bytes, let limit):
      "the header claims \(bytes) bytes, more than the \(limit) allowed; the file is damaged, so fetch or save it anew"
    case .malformedHeader(let reason):
      "the header is malformed: \(reason); fetch or save the file anew"
    case .trailingBytes(let count):
      "\(count) bytes follow the data that the header describes; cut them off, or save the file anew"
    case .notIDX:
      "the data do not begin with two zeros; give a file in the IDX format, such as those of MNIST"

    case .badArchive(let reason):
      "the .npz archive cannot be read: \(reason); save it anew with numpy.savez"
    case .damagedStream(let reason):
      "the compressed data are damaged: \(reason); fetch or save the file anew"
    case .tooLarge(let bytes, let limit):
      "the compressed data hold \(bytes) bytes or more, above the \(limit) that are inflated into memory; "
        + "inflate the file first (gunzip, numpy.savez)"
    case .badName(let name, let reason):
      "\(quoted(name)) cannot name a member of an archive: \(reason); rename the tensor, or write it to a file of its own"

    case .notUTF8(let line):
      "line \(line) is not UTF-8 text; convert the file to UTF-8"
    case .notANumber(let line, let column, let field):
      "line \(line), column \(column): \(quoted(field)) is not a number; "
        + "use decimal, scientific or C99 hex notation, inf or nan, separated by commas, tabs or spaces"
    case .ragged(let line, let fields, let expected):
      "line \(line) has \(fields) fields where the lines before it have \(expected); give every line the same number"
    case .noNumbers:
      "the text holds no numbers; give at least one line of them"

    case .badOffsets(let tensor, let begin, let end, let expectedBegin):
      "tensor \(quoted(tensor)) claims bytes \(begin) to \(end) where the next are from \(expectedBegin); byte ranges must "
        + "follow each other without gap or overlap to the end of the file, so save the file anew"
    case .wrongByteCount(let tensor, let bytes, let dtype, let shape):
      "tensor \(quoted(tensor)) has \(bytes) bytes, which do not fit \(dtype) elements of shape \(abridged(shape)); "
        + "save the file anew"
    case .unknownTensor(let name, let nearest, let available):
      "there is no tensor \(quoted(name))\(nearest.map { "; did you mean \(quoted($0))?" } ?? ";") \(choice(available))"
    case .nameNeeded(let available):
      "no tensor is named, and the file does not hold exactly one; \(choice(available))"
    }
  }
}

/// Untrusted text made safe for one line of a terminal: control characters escaped, at most 60 characters.
func quoted(_ text: String) -> String {
  let escaped = String(text.prefix(60)).debugDescription.replacing("\\'", with: "'")
  return text.count > 60 ? escaped + "..." : escaped
}

private func abridged(_ shape: [Int]) -> String {
  "(" + shape.prefix(8).map(String.init).joined(separator: ", ") + (shape.count > 8 ? ", ...)" : ")")
}

private func choice(_ names: [String]) -> String {
  if names.isEmpty { return "the file holds no tensors, so give another file" }
  let first = names.prefix(5).map(quoted).joined(separator: ", ")
  return "choose with file:name one of " + first + (names.count > 5 ? " and \(names.count - 5) more" : "")
}
