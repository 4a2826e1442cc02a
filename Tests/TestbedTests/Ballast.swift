import Foundation

/// A file that takes all the room that a disk has.
struct Ballast {
  private let file: URL

  /// Fills the disk of a folder to its last bytes: what is left must not hold one more page of a database.
  init(in folder: URL) throws {
    file = folder.appendingPathComponent("ballast")
    var size = 1_024
    while size > 0 {
      let filled = (try? Data(contentsOf: file)) ?? Data()
      do {
        try (filled + Data(repeating: 1, count: size * 1_024)).write(to: file)
      } catch {
        size /= 2
      }
    }
  }

  /// Makes room again.
  func remove() throws { try FileManager.default.removeItem(at: file) }
}
