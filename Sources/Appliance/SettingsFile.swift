import Glibc

/// Settings of a program that read themselves from a table.
package protocol SettingsReadable {
  init(reading table: SettingsTable) throws(SettingsError)
}

extension SettingsReadable {
  /// Reads the file at `path` whole, and refuses it whole where anything in it is not as it should be.
  package init(file path: String) throws(SettingsError) {
    let text: String
    do throws(SmallFile.ReadError) {
      text = try SmallFile.text(at: path, limit: 1 << 20)
    } catch {
      throw SettingsError("the settings file \(path) cannot be read: \(error.reason)")
    }
    try self.init(text: text, file: path)
  }

  /// Reads settings out of TOML text; `file` is the name that errors give.
  package init(text: String, file: String) throws(SettingsError) {
    let root: TOMLNode
    do throws(TOMLDocument.SyntaxError) {
      root = try TOMLDocument.parse(text)
    } catch {
      throw SettingsError("\(file):\(error.line):\(error.column): this is no TOML: \(error.message)")
    }
    guard case .table(let members) = root.value else {
      preconditionFailure("The root of a TOML document is a table.")
    }
    let table = SettingsTable(file: file, path: "", line: 1, members: members)
    try self.init(reading: table)
    try table.finish()
  }
}

/// Files that are read whole.
enum SmallFile {
  struct ReadError: Error {
    var reason: String
  }

  /// The text of a file of at most `limit` bytes.
  static func text(at path: String, limit: Int) throws(ReadError) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw ReadError(reason: String(cString: strerror(errno))) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = read(file, &chunk, chunk.count)
      guard count >= 0 else { throw ReadError(reason: String(cString: strerror(errno))) }
      if count == 0 { break }
      bytes += chunk.prefix(count)
      guard bytes.count <= limit else { throw ReadError(reason: "it has more than \(limit) bytes") }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ReadError(reason: "it is not UTF-8")
    }
    return text
  }
}
