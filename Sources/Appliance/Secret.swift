import Glibc

/// A password, token or address with a key in it. Its text is given only to whoever asks for ``reveal()``;
/// printing, logging and mirroring show that there is one, and nothing of it.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let text: String

  package init(_ text: String) {
    self.text = text
  }

  package func reveal() -> String { text }

  package var description: String { "(secret)" }
  package var debugDescription: String { "(secret)" }
  package var customMirror: Mirror { Mirror(self, children: []) }

  /// Reads a secret that `table` names by `KEY_file` (a path) or `KEY_credential` (the name of a systemd
  /// credential, in `$CREDENTIALS_DIRECTORY`). A line break at its end is not part of it.
  package static func read(_ key: String, from table: SettingsTable) throws(SettingsError) -> Secret? {
    let fileKey = "\(key)_file"
    let credentialKey = "\(key)_credential"
    let file = try table.string(fileKey)
    let credential = try table.string(credentialKey)
    switch (file, credential) {
    case (nil, nil): return nil
    case (.some, .some): throw table.invalid(credentialKey, "left out where \(fileKey) is given")
    case (.some(let path), nil): return try read(path: path, fileKey, table)
    case (nil, .some(let name)):
      guard !name.contains("/"), !name.hasPrefix(".") else {
        throw table.invalid(credentialKey, "the name of a credential, without /")
      }
      guard let folder = getenv("CREDENTIALS_DIRECTORY").map({ String(cString: $0) }) else {
        throw table.invalid(credentialKey, "used under systemd, with LoadCredential=\(name):… in the unit")
      }
      return try read(path: "\(folder)/\(name)", credentialKey, table)
    }
  }

  private static func read(path: String, _ key: String, _ table: SettingsTable) throws(SettingsError)
    -> Secret
  {
    do throws(SmallFile.ReadError) {
      var text = try SmallFile.text(at: path, limit: 16_384)
      while let last = text.last, last.isNewline { text.removeLast() }
      guard !text.isEmpty else { throw SmallFile.ReadError(reason: "it is empty") }
      return Secret(text)
    } catch {
      throw table.invalid(key, "a file with the secret in it; \(path) cannot be read: \(error.reason)")
    }
  }
}
