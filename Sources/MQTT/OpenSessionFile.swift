import NIOCore

/// A session file in use, locked; what ``FileSessionStore`` does off its callers' threads.
///
/// A group is one frame, written at once and synced before the next. Everything else that changes the file puts
/// a new one, complete and synced, in its place.
final class OpenSessionFile {
  /// New frames are gathered until they have so many bytes.
  private static let writeSize = 256 * 1024

  private struct Current {
    var file: SessionFile
    var format: SessionFileFormat
    /// Where the next frame begins: all before it is on the disk.
    var size: Int
  }

  private let folder: SessionFolder
  private let path: String
  private let limit: Int
  private var current: Current
  /// Why nothing can be appended: it is unknown what the disk has of the file, or under its name.
  private var failure: SessionStoreError?

  private init(_ current: Current, in folder: SessionFolder, path: String, limit: Int) {
    self.current = current
    self.folder = folder
    self.path = path
    self.limit = limit
  }

  static func open(
    path: String, limit: Int, calls: SessionFileCalls
  ) throws(SessionStoreError) -> (OpenSessionFile, SessionStoreContents) {
    let folder = try SessionFolder(of: path, calls: calls)
    try folder.removeNewFile()
    let (current, contents) = try read(path: path, limit: limit, in: folder)
    return (OpenSessionFile(current, in: folder, path: path, limit: limit), contents)
  }

  private static func read(
    path: String, limit: Int, in folder: SessionFolder
  ) throws(SessionStoreError) -> (Current, SessionStoreContents) {
    guard let file = try folder.openFile() else {
      return (try begin(path: path, limit: limit, in: folder), SessionStoreContents())
    }
    let size = try file.size()
    let damage: String
    switch SessionFileFormat.header(try file.read(atMost: SessionFileFormat.headerSize)) {
    case .incomplete:
      let current = try begin(path: path, limit: limit, in: folder)
      return (current, SessionStoreContents(discardedBytes: size))
    case .unsupported(let version):
      throw .unsupportedVersion(path: path, version: version, supported: SessionFileFormat.version)
    case .damaged(let reason):
      damage = reason
    // A file above the limit is read nevertheless: the limit may have been higher when it was written.
    case .valid where size > SessionFileFormat.largestSize:
      damage = "it has \(size) bytes, more than any session file"
    case .valid(let format):
      let frames = format.frames(in: try file.read(atMost: size))
      guard let reason = frames.damage else {
        if frames.size < size { try file.truncate(to: frames.size) }
        // Also where nothing was cut off: a process that was killed has perhaps written and not synced, and
        // what is returned as kept has to be.
        try file.sync()
        try folder.sync()
        let contents = SessionStoreContents(groups: frames.groups, discardedBytes: size - frames.size)
        return (Current(file: file, format: format, size: frames.size), contents)
      }
      damage = reason
    }
    return try setAside(damage, path: path, limit: limit, in: folder)
  }

  private static func begin(
    path: String, limit: Int, in folder: SessionFolder
  ) throws(SessionStoreError) -> Current {
    let current = try write([], path: path, limit: limit, in: folder)
    try folder.putNewFileInPlace()
    try folder.sync()
    return current
  }

  private static func setAside(
    _ damage: String, path: String, limit: Int, in folder: SessionFolder
  ) throws(SessionStoreError) -> (Current, SessionStoreContents) {
    // First the new file: where there is no room for it, the damaged one stays and is found again.
    let current = try write([], path: path, limit: limit, in: folder)
    let aside = try folder.setAside(damage)
    try folder.putNewFileInPlace()
    try folder.sync()
    let report =
      "the session file \(path) is damaged (\(damage)): it was put aside as \(aside), and a new one begun"
    return (current, SessionStoreContents(setAside: report))
  }

  func append(_ group: ByteBuffer) throws(SessionStoreError) {
    if let failure { throw .unreliable(path: path, cause: "\(failure)") }
    let size = SessionFileFormat.frameSize(group)
    guard size <= limit - current.size else { throw .full(path: path, limit: limit) }
    var frame = ByteBuffer()
    frame.reserveCapacity(size)
    current.format.writeFrame(group, at: current.size, to: &frame)
    do {
      try current.file.write(frame, at: current.size)
    } catch {
      undoAppend()
      throw error
    }
    do {
      try current.file.syncData()
    } catch {
      undoAppend()
      // For good, even where that succeeded: the kernel reports a page that it could not write once, and drops
      // it or calls it clean. Another sync would succeed without it.
      failure = error
      throw error
    }
    current.size += size
  }

  /// Cuts off what a failed append has written, of which the caller is told that it is not kept.
  private func undoAppend() {
    do {
      try current.file.truncate(to: current.size)
      try current.file.sync()
    } catch {
      // The file may end in a half frame, after which another would look like damage.
      failure = error
    }
  }

  func replace(with groups: [ByteBuffer]) throws(SessionStoreError) {
    let new = try Self.write(groups, path: path, limit: limit, in: folder)
    do {
      try folder.putNewFileInPlace()
    } catch {
      try? folder.removeNewFile()
      throw error
    }
    current = new
    do {
      try folder.sync()
    } catch {
      // After a crash the name may be the old file's again, without what would be appended to the new one.
      failure = error
      throw error
    }
    // Nothing of the new file depends on what the old one's failure has left.
    failure = nil
  }

  /// Writes and syncs a file that does not have the name yet; leaves none after an error.
  private static func write(
    _ groups: [ByteBuffer], path: String, limit: Int, in folder: SessionFolder
  ) throws(SessionStoreError) -> Current {
    let total = groups.reduce(SessionFileFormat.headerSize) { $0 + SessionFileFormat.frameSize($1) }
    guard total <= limit else { throw .full(path: path, limit: limit) }
    do {
      try folder.removeNewFile()
      let file = try folder.createNewFile()
      let format = SessionFileFormat(salt: .random(in: .min ... .max))
      var bytes = ByteBuffer()
      format.writeHeader(to: &bytes)
      var written = 0
      for group in groups {
        format.writeFrame(group, at: written + bytes.readableBytes, to: &bytes)
        if bytes.readableBytes >= writeSize {
          try file.write(bytes, at: written)
          written += bytes.readableBytes
          bytes.clear()
        }
      }
      try file.write(bytes, at: written)
      try file.sync()
      return Current(file: file, format: format, size: total)
    } catch {
      try? folder.removeNewFile()
      throw error
    }
  }
}
