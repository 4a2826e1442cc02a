import Glibc

/// The folder that a store's file is in.
struct StoreFolder {
  let path: String
  private let file: String

  init(of file: String) {
    self.file = file
    path = file.lastIndex(of: "/").map { file[..<$0].isEmpty ? "/" : String(file[..<$0]) } ?? "."
  }

  /// Runs `body` while no other program runs one in this folder, for the end of which it waits five seconds.
  ///
  /// The lock is on the folder and not on the store's file: to close that would release the locks that SQLite has on it.
  ///
  /// - Throws: what `body` throws, or ``AlarmStoreError`` where it cannot be run.
  func alone<Value>(tries: Int = 500, _ body: () throws -> Value) throws -> Value {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw cannotOpen() }
    defer { close(folder) }
    var left = tries
    while flock(folder, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { throw cannotOpen() }
      left -= 1
      guard left > 0 else { throw AlarmStoreError.inUse(path: file) }
      usleep(10_000)
    }
    // Closing alone would leave the lock to a child process between its fork and its exec.
    defer { flock(folder, LOCK_UN) }
    return try body()
  }

  private func cannotOpen() -> AlarmStoreError {
    .cannotOpen(path: file, reason: String(cString: strerror(errno)))
  }
}
