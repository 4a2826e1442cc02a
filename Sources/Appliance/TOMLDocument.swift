// Appliance: what makes a program a good citizen of a Linux machine: settings, secrets, logs, signals.
import CTOML

/// A value of a TOML document, with the line on which it stands.
struct TOMLNode {
  indirect enum Value {
    case table([String: TOMLNode])
    case array([TOMLNode])
    case string(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
    case dateOrTime
  }

  var value: Value
  var line: Int

  /// The TOML name of the value's type, for error messages.
  var typeName: String {
    switch value {
    case .table: "a table"
    case .array: "an array"
    case .string: "a string"
    case .integer: "a whole number"
    case .number: "a number"
    case .boolean: "true or false"
    case .dateOrTime: "a date or time"
    }
  }
}

enum TOMLDocument {
  /// Text that is no TOML.
  struct SyntaxError: Error {
    var line: Int
    var column: Int
    var message: String
  }

  /// The parser calls itself once for every part of a dotted key, for which it has no limit of its own.
  private static let dotsInLine = 200

  /// The root table of a document.
  static func parse(_ text: String) throws(SyntaxError) -> TOMLNode {
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated()
    where line.count(where: { $0 == UInt8(ascii: ".") }) > dotsInLine && line.first != UInt8(ascii: "#") {
      throw SyntaxError(line: index + 1, column: 1, message: "a line has more than \(dotsInLine) dots")
    }
    var builder = Builder()
    var error = ctoml_error()
    var text = text
    let isParsed = text.withUTF8 { bytes in
      withUnsafeMutablePointer(to: &builder) { builder in
        bytes.withMemoryRebound(to: CChar.self) { characters in
          ctoml_walk(
            characters.baseAddress, characters.count, builder,
            { context, node in
              guard let builder = context?.assumingMemoryBound(to: Builder.self), let node else { return }
              builder.pointee.visit(node.pointee)
            }, &error)
        }
      }
    }
    guard isParsed, let root = builder.root else {
      let message = withUnsafeBytes(of: error.message) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw SyntaxError(line: Int(error.line), column: Int(error.column), message: message)
    }
    return root
  }

  /// Puts the tree together again from the walk over it.
  private struct Builder {
    /// A table or an array whose members still come. They are kept where they can grow in place.
    private struct Level {
      var key: String?
      var line: Int
      var isTable: Bool
      var members: [String: TOMLNode] = [:]
      var elements: [TOMLNode] = []

      var node: TOMLNode { TOMLNode(value: isTable ? .table(members) : .array(elements), line: line) }
    }

    private(set) var root: TOMLNode?
    private var open: [Level] = []

    mutating func visit(_ node: ctoml_node) {
      let key = node.key.map { String(cString: $0) }
      let line = Int(node.line)
      switch node.kind {
      case CTOML_TABLE: open.append(Level(key: key, line: line, isTable: true))
      case CTOML_ARRAY: open.append(Level(key: key, line: line, isTable: false))
      case CTOML_END:
        if let level = open.popLast() { place(level.node, key: level.key) }
      default: place(TOMLNode(value: leaf(node), line: line), key: key)
      }
    }

    private func leaf(_ node: ctoml_node) -> TOMLNode.Value {
      switch node.kind {
      case CTOML_STRING:
        .string(
          String(
            decoding: UnsafeRawBufferPointer(start: node.string, count: node.string_length), as: UTF8.self))
      case CTOML_INTEGER: .integer(node.integer)
      case CTOML_FLOAT: .number(node.number)
      case CTOML_BOOLEAN: .boolean(node.boolean)
      default: .dateOrTime
      }
    }

    private mutating func place(_ node: TOMLNode, key: String?) {
      guard let last = open.indices.last else {
        root = node
        return
      }
      if let key {
        open[last].members[key] = node
      } else {
        open[last].elements.append(node)
      }
    }
  }
}
