// AccessCodes: what is kept of a code, from which nobody gets it back without trying.
import CCrypt
package import DoorCore

/// A code's scrypt hash in the form of crypt(5), `$7$…`, as `mkpasswd -m scrypt` makes it too.
package struct CodeHash: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  private static let prefix = "$7$"
  /// 2^14 rounds of 8 blocks: 16 MiB and some tens of milliseconds a try.
  private static let cost: UInt = 7

  private let text: String

  /// - Parameter text: as it stands in the settings.
  package init(_ text: String) throws(CodeHashError) {
    guard text.hasPrefix(Self.prefix), text.utf8.count < 300,
      text.utf8.allSatisfy({ (33...126).contains($0) })
    else { throw CodeHashError() }
    // What is no whole hash fails here and not at the door.
    guard Self.hash("", with: text) != nil, text.split(separator: "$").count == 3 else {
      throw CodeHashError()
    }
    self.text = text
  }

  /// The hash of a code, with a new salt.
  package init(of code: AccessCode) throws(CodeHashError) {
    let salt = (0..<16).map { _ in CChar(bitPattern: UInt8.random(in: 0...255)) }
    var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
    guard
      crypt_gensalt_rn(Self.prefix, Self.cost, salt, Int32(salt.count), &setting, Int32(setting.count))
        != nil,
      let text = Self.hash(code.reveal(), with: Self.string(setting))
    else { throw CodeHashError() }
    self.text = text
  }

  package var description: String { "(hash of a code)" }
  package var customMirror: Mirror { Mirror(self, children: []) }

  /// For the settings file.
  package func reveal() -> String { text }

  /// Whether it is this code's. Takes as long whether it is or not.
  package func matches(_ code: AccessCode) -> Bool {
    guard let other = Self.hash(code.reveal(), with: text) else { return false }
    let (mine, others) = (Array(text.utf8), Array(other.utf8))
    guard mine.count == others.count else { return false }
    return zip(mine, others).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func hash(_ code: String, with setting: String) -> String? {
    let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
    data.initialize(to: crypt_data())
    defer {
      // The code stood in it.
      data.pointee = crypt_data()
      data.deallocate()
    }
    guard let hash = crypt_rn(code, setting, data, Int32(MemoryLayout<crypt_data>.size)) else { return nil }
    return String(cString: hash)
  }

  private static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// A text that is no ``CodeHash``. It does not hold the text.
package struct CodeHashError: Error, Equatable, CustomStringConvertible {
  package var description: String {
    "this is no scrypt hash ($7$…); door-notifier hash-code makes one of a code"
  }
}
