package import Appliance

/// What the tables of services have in common.
extension SettingsTable {
  /// A secret that has to be there: in a file or a systemd credential, never in the settings themselves.
  func secret(_ key: String, _ purpose: String) throws(SettingsError) -> Secret {
    try required(
      "\(key)_file", try Secret.read(key, from: self), "a file with \(purpose) (or \(key)_credential)")
  }

  /// A text under `key`, or in the file or the credential that stands in its place.
  func secretOrPlain(_ key: String, _ purpose: String) throws(SettingsError) -> Secret {
    let plain = try string(key).map { Secret($0) }
    let secret = try Secret.read(key, from: self)
    if plain != nil, secret != nil { throw invalid(key, "left out where \(key)_file is given") }
    return try required(key, plain ?? secret, "\(purpose) (\(key)_file where it is to be secret)")
  }

  /// An address in which a key can be, under `key` or in the file or the credential that stands in its place.
  package func webAddress(_ key: String, _ purpose: String) throws(SettingsError) -> WebAddress {
    try madeAddress(try secretOrPlain(key, purpose).reveal(), from: key)
  }

  /// Where a service is, without a slash at its end.
  ///
  /// - Parameter usual: where everybody's is; nil where everybody has their own.
  func server(_ usual: String?) throws(SettingsError) -> String {
    var server = try required("server", try string("server") ?? usual, "the address of the server")
    while server.hasSuffix("/") { server.removeLast() }
    _ = try madeAddress(server, from: "server")
    return server
  }

  /// An address that was put together, of which `key` is what can be wrong.
  func madeAddress(_ text: String, from key: String) throws(SettingsError) -> WebAddress {
    do throws(WebAddressError) {
      return try WebAddress(text)
    } catch {
      throw invalid(key, "what makes an http or https address; what it holds does not")
    }
  }
}

extension String {
  /// At most so many bytes of it, and never half a character; what is cut ends in "…".
  func shortened(toBytes limit: Int) -> String {
    guard utf8.count > limit else { return self }
    return shortened(by: "…") { $0.utf8.count <= limit }
  }

  /// The same, in characters as services count them: UTF-16 units.
  func shortened(toUnits limit: Int) -> String {
    guard utf16.count > limit else { return self }
    return shortened(by: "…") { $0.utf16.count <= limit }
  }

  private func shortened(by ending: String, until fits: (String) -> Bool) -> String {
    guard fits(ending) else { return "" }
    // A bisection: the text can be long.
    var characters = Array(self)
    var (low, high) = (0, characters.count)
    while low < high {
      let middle = (low + high + 1) / 2
      if fits(String(characters[..<middle]) + ending) { low = middle } else { high = middle - 1 }
    }
    characters.removeSubrange(low...)
    return String(characters) + ending
  }
}
