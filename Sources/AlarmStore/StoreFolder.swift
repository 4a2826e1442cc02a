import Glibc

/// The folder that a store's file is in.
struct StoreFolder {
  let path: String

  init(of file: String) {
    path = file.lastIndex(of: "/").map { file[..<$0].isEmpty ? "/" : String(file[..<$0]) } ?? "."
  }

  /// Runs `body` while no other program runs one in this folder, for the end of which it waits five seconds.
  ///
  /// The lock is on the folder and not on the store's file: to close that would release the locks that SQLite has on it.
  func alone<Value>(tries: Int = 500, _ body: () throws -> Value) throws -> Value {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw StoreFolderError(reason: String(cString: strerror(errno))) }
    defer { close(folder) }
    var left = tries
    while flock(folder, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw StoreFolderError(reason: "its folder cannot be locked: " + String(cString: strerror(errno)))
      }
      left -= 1
      guard left > 0 else { throw StoreFolderError(reason: "another program has been opening it for long") }
      usleep(10_000)
    }
    // Closing alone would leave the lock to a child process between its fork and its exec.
    defer { flock(folder, LOCK_UN) }
    return try body()
  }
}

/// Why a store could not be opened before SQLite was asked.
struct StoreFolderError: Error {
  var reason: String
}
