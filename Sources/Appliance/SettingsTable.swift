/// A fault in a settings file, with the place and what is allowed there.
package struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// One table of a settings file, read strictly: every key is asked for by its reader, and ``finish()``
/// refuses whatever nobody asked for.
package final class SettingsTable {
  private let file: String
  private let path: String
  private let line: Int
  private let members: [String: TOMLNode]
  private var known: Set<String> = []
  // The tables below this one, so that finishing the root finishes all of them.
  private var children: [SettingsTable] = []

  init(file: String, path: String, line: Int, members: [String: TOMLNode]) {
    self.file = file
    self.path = path
    self.line = line
    self.members = members
  }

  // MARK: Values

  package func string(_ key: String) throws(SettingsError) -> String? {
    guard let node = take(key) else { return nil }
    guard case .string(let string) = node.value else { throw wrongType(key, node, "a string") }
    guard !string.isEmpty, !string.contains("\0") else { throw invalid(key, "a string that is not empty") }
    return string
  }

  package func boolean(_ key: String) throws(SettingsError) -> Bool? {
    guard let node = take(key) else { return nil }
    guard case .boolean(let boolean) = node.value else { throw wrongType(key, node, "true or false") }
    return boolean
  }

  package func integer(_ key: String, in allowed: ClosedRange<Int>) throws(SettingsError) -> Int? {
    guard let node = take(key) else { return nil }
    let meaning = "a whole number from \(allowed.lowerBound) to \(allowed.upperBound)"
    guard case .integer(let integer) = node.value else { throw wrongType(key, node, meaning) }
    guard let value = Int(exactly: integer), allowed.contains(value) else { throw invalid(key, meaning) }
    return value
  }

  package func word<Word: RawRepresentable & CaseIterable>(
    _ key: String, as type: Word.Type = Word.self
  ) throws(SettingsError) -> Word? where Word.RawValue == String {
    guard let string = try string(key) else { return nil }
    guard let word = Word(rawValue: string) else {
      let words = Word.allCases.map { "\"\($0.rawValue)\"" }
      throw invalid(key, words.count == 1 ? words[0] : "one of " + words.joined(separator: ", "))
    }
    return word
  }

  /// One or more words out of a set.
  package func words<Word: RawRepresentable & CaseIterable>(
    _ key: String, as type: Word.Type = Word.self
  ) throws(SettingsError) -> [Word]? where Word.RawValue == String {
    let words = try values(key) { (string) throws(SettingsError) -> Word in
      guard let word = Word(rawValue: string) else {
        throw SettingsError(
          "\"\(string.prefix(40))\" is none of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return word
    }
    guard words?.isEmpty != true else { throw invalid(key, "an array of one or more words") }
    return words
  }

  /// A string that `make` turns into a value or refuses.
  package func value<Value, Failure: Error>(
    _ key: String, _ make: (String) throws(Failure) -> Value
  ) throws(SettingsError) -> Value? {
    guard let string = try string(key) else { return nil }
    return try made(key, string, make)
  }

  package func values<Value, Failure: Error>(
    _ key: String, _ make: (String) throws(Failure) -> Value
  ) throws(SettingsError) -> [Value]? {
    guard let node = take(key) else { return nil }
    guard case .array(let elements) = node.value else { throw wrongType(key, node, "an array of strings") }
    return try elements.map { element throws(SettingsError) in
      guard case .string(let string) = element.value else {
        throw wrongType(key, element, "an array of strings")
      }
      return try made(key, string, make)
    }
  }

  /// The path of a file that can be read, of at most 1 MiB.
  package func readableFile(_ key: String) throws(SettingsError) -> String? {
    guard let path = try string(key) else { return nil }
    do throws(SmallFile.ReadError) {
      _ = try SmallFile.text(at: path, limit: 1 << 20)
    } catch {
      throw invalid(key, "a file; \(path) cannot be read: \(error.reason)")
    }
    return path
  }

  // MARK: Tables

  package func table(_ key: String) throws(SettingsError) -> SettingsTable? {
    guard let node = take(key) else { return nil }
    guard case .table(let members) = node.value else { throw wrongType(key, node, "a table, [\(name(key))]") }
    return child(name(key), node.line, members)
  }

  /// The tables that stand under `[[key]]`; empty where there is none.
  package func tables(_ key: String) throws(SettingsError) -> [SettingsTable] {
    guard let node = take(key) else { return [] }
    let meaning = "tables, [[\(name(key))]]"
    guard case .array(let elements) = node.value else { throw wrongType(key, node, meaning) }
    var tables: [SettingsTable] = []
    for (index, element) in elements.enumerated() {
      guard case .table(let members) = element.value else { throw wrongType(key, element, meaning) }
      tables.append(child("\(name(key))[\(index + 1)]", element.line, members))
    }
    return tables
  }

  // MARK: Requiring and finishing

  /// The value, or an error that says that `key` is missing and what it is for.
  package func required<Value>(_ key: String, _ value: Value?, _ purpose: String) throws(SettingsError)
    -> Value
  {
    guard let value else {
      throw SettingsError("\(file):\(line): \(name(key)) is missing: \(purpose)")
    }
    return value
  }

  /// Refuses the keys that nobody has asked for, here and below.
  package func finish() throws(SettingsError) {
    let unknown = members.filter { !known.contains($0.key) }.min { $0.value.line < $1.value.line }
    if let (key, node) = unknown {
      let allowed = known.sorted().joined(separator: ", ")
      throw SettingsError("\(file):\(node.line): \(name(key)) is not known here; there are \(allowed)")
    }
    for child in children { try child.finish() }
  }

  /// An error that says what `key` can be.
  package func invalid(_ key: String, _ allowed: String) -> SettingsError {
    SettingsError("\(file):\(members[key]?.line ?? line): \(name(key)) must be \(allowed)")
  }

  private func take(_ key: String) -> TOMLNode? {
    known.insert(key)
    return members[key]
  }

  private func child(_ path: String, _ line: Int, _ members: [String: TOMLNode]) -> SettingsTable {
    let table = SettingsTable(file: file, path: path, line: line, members: members)
    children.append(table)
    return table
  }

  private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private func made<Value, Failure: Error>(
    _ key: String, _ string: String, _ make: (String) throws(Failure) -> Value
  ) throws(SettingsError) -> Value {
    do throws(Failure) {
      return try make(string)
    } catch {
      throw SettingsError("\(file):\(members[key]?.line ?? line): \(name(key)): \(error)")
    }
  }

  private func wrongType(_ key: String, _ node: TOMLNode, _ expected: String) -> SettingsError {
    SettingsError("\(file):\(node.line): \(name(key)) is \(node.typeName) and must be \(expected)")
  }
}
