import Glibc

/// The program's code in memory.
package enum ProgramText {
  /// Lets go of the pages of code in memory. What is used again comes back out of the page cache; what only the start
  /// has used, such as that which reads settings, does not, and a small machine has better use for it.
  package static func releaseUnused() {
    for mapping in mappings() where mapping.isCode {
      // Never written to, so there is nothing in it that the file does not have. A refusal changes nothing.
      madvise(mapping.start, mapping.length, MADV_DONTNEED)
    }
  }

  private struct Mapping {
    var start: UnsafeMutableRawPointer
    var length: Int
    var isCode: Bool
  }

  /// Out of `/proc/self/maps`, whose lines are `START-END PERMISSIONS OFFSET DEVICE INODE PATH`.
  private static func mappings() -> [Mapping] {
    guard let text = try? SmallFile.text(at: "/proc/self/maps", limit: 1 << 20) else { return [] }
    return text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      guard fields.count >= 5 else { return nil }
      let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard bounds.count == 2, let start = UnsafeMutableRawPointer(bitPattern: bounds[0]) else { return nil }
      // Inode 0 is no file: the kernel's own code in the process.
      return Mapping(
        start: start, length: Int(bounds[1] - bounds[0]), isCode: fields[1] == "r-xp" && fields[4] != "0")
    }
  }
}
