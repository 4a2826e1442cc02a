#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The folder of a session file, and the names in it that belong to the file. Whoever has this has the lock.
///
/// The lock is on a file of its own, `.lock`, that stays: one on the session file would go with it when another
/// file takes its name. The system releases the lock when the process ends, however it ends.
final class SessionFolder {
  /// How many damaged files are kept, as `.corrupt-1` and so on.
  static let damagedLimit = 9

  private let path: String
  private let folderPath: String
  private let name: String
  private let folder: Descriptor
  private let lock: Descriptor
  private let calls: SessionFileCalls

  private var newName: String { "\(name).new" }

  /// - Parameter path: Of the session file, which need not exist.
  init(of path: String, calls: SessionFileCalls) throws(SessionStoreError) {
    guard let last = path.utf8.last, last != UInt8(ascii: "/"), !path.utf8.contains(0) else {
      throw .notAFile(path: path)
    }
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folderPath = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    // All else is named relative to the folder, so that a program that changes its own does not lose the file.
    let number = open(folderPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else {
      throw errno == ENOENT
        ? .folderMissing(path: folderPath) : SessionStoreError("open", folderPath, code: errno)
    }
    folder = Descriptor(number)
    name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    guard let lock = try Self.openFile("\(name).lock", in: folder, O_RDWR | O_CREAT, path: "\(path).lock")
    else {
      throw .folderMissing(path: folderPath)
    }
    guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else {
      throw errno == EWOULDBLOCK ? .inUse(path: path) : SessionStoreError("lock", "\(path).lock", code: errno)
    }
    self.lock = lock
    self.path = path
    self.folderPath = folderPath
    self.calls = calls
  }

  deinit {
    // Closing alone would leave the lock to a child process between its fork and its exec.
    _ = flock(lock.number, LOCK_UN)
  }

  /// Nil if there is none.
  func openFile() throws(SessionStoreError) -> SessionFile? {
    let descriptor = try Self.openFile(name, in: folder, O_RDWR, path: path)
    return descriptor.map { SessionFile($0, path: path, calls: calls) }
  }

  // MARK: The new file, which is to take the name.

  func createNewFile() throws(SessionStoreError) -> SessionFile {
    let flags = O_RDWR | O_CREAT | O_EXCL
    guard let descriptor = try Self.openFile(newName, in: folder, flags, path: "\(path).new") else {
      throw .folderMissing(path: folderPath)
    }
    return SessionFile(descriptor, path: path, calls: calls)
  }

  /// Removes one that a crash or a failure has left.
  func removeNewFile() throws(SessionStoreError) {
    guard unlinkat(folder.number, newName, 0) == 0 || errno == ENOENT else {
      throw SessionStoreError("remove", "\(path).new", code: errno)
    }
  }

  /// Gives the new file the name, in one step for everybody who looks.
  func putNewFileInPlace() throws(SessionStoreError) {
    guard calls.rename(folder.number, newName, name) == 0 else {
      throw SessionStoreError("rename", "\(path).new", code: errno)
    }
  }

  /// Gives the file another name, which it returns the path of. Overwrites nothing: such names are given under
  /// the lock only, so a name that is free stays so.
  func setAside(_ reason: String) throws(SessionStoreError) -> String {
    for number in 1...Self.damagedLimit {
      let suffix = ".corrupt-\(number)"
      var status = stat()
      if fstatat(folder.number, name + suffix, &status, AT_SYMLINK_NOFOLLOW) == 0 { continue }
      guard errno == ENOENT, calls.rename(folder.number, name, name + suffix) == 0 else {
        throw SessionStoreError("rename", path, code: errno)
      }
      return path + suffix
    }
    throw .tooManyDamagedFiles(path: path, limit: Self.damagedLimit, reason: reason)
  }

  /// Returns when the names are on the disk.
  func sync() throws(SessionStoreError) {
    guard calls.sync(folder.number) == 0 else {
      throw SessionStoreError("sync the folder of", path, code: errno)
    }
  }

  /// Nil if there is none.
  private static func openFile(
    _ name: String, in folder: Descriptor, _ flags: Int32, path: String
  ) throws(SessionStoreError) -> Descriptor? {
    // Not blocking, so that a pipe or a device is refused rather than waited for.
    let number = openat(folder.number, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
    guard number >= 0 else {
      switch errno {
      case ENOENT: return nil
      case ELOOP, EISDIR, ENXIO: throw .notAFile(path: path)
      default: throw SessionStoreError("open", path, code: errno)
      }
    }
    let descriptor = Descriptor(number)
    var status = stat()
    guard fstat(number, &status) == 0 else { throw SessionStoreError("examine", path, code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
    return descriptor
  }
}
