import Glibc

/// A journal that is open, and what became of one that could not be.
package struct JournalOpening: Sendable {
  package let journal: TransitionJournal
  /// Why and as what a damaged file was set aside; nil where there was none.
  package let setAside: (reason: String, path: String)?

  /// How many damaged files are kept; beyond it the last of them is replaced.
  private static let keptDamaged = 9

  /// Opens the journal at `path`. One that is damaged is moved aside with all that belongs to it, and a new one is
  /// begun in its place: an agent that does not sense is worse than one that has lost its history.
  ///
  /// - Parameters: as for ``TransitionJournal``.
  /// - Throws: what keeps a whole journal from being opened or a new one from being begun. A file that is no journal
  ///   but whole is left as it is.
  package init(path: String, newIdentifier: String, keptPerDoor: Int64 = 10_000) throws(JournalError) {
    do throws(JournalError) {
      journal = try TransitionJournal(path: path, newIdentifier: newIdentifier, keptPerDoor: keptPerDoor)
      setAside = nil
    } catch {
      guard case .damaged(_, let reason) = error else { throw error }
      setAside = (reason, try Self.moveAside(path))
      journal = try TransitionJournal(path: path, newIdentifier: newIdentifier, keptPerDoor: keptPerDoor)
    }
  }

  private static func moveAside(_ path: String) throws(JournalError) -> String {
    let free = (1..<keptDamaged).first { access("\(path).damaged-\($0)", F_OK) != 0 }
    let aside = "\(path).damaged-\(free ?? keptDamaged)"
    // The database itself last: after a crash in between, it is still found to be damaged.
    for suffix in ["-wal", "-shm", ""] where rename(path + suffix, aside + suffix) != 0 && errno != ENOENT {
      throw .cannotOpen(path: path, reason: "it is damaged, and \(String(cString: strerror(errno)))")
    }
    return aside
  }
}
