import CSQLite
import Glibc
import Synchronization

/// SQLite's writes, in one of which the process dies.
package enum DyingWrites {
  private static let count = Atomic(0)
  private static let last = Atomic(0)
  private static let isHalf = Atomic(false)

  /// From now on SQLite writes through these.
  ///
  /// - Parameters:
  ///   - number: in which of the process's writes it dies, from 1.
  ///   - halfWritten: after half of its bytes, and not after all of them.
  package static func begin(diesIn number: Int, halfWritten: Bool) {
    last.store(number, ordering: .relaxed)
    isHalf.store(halfWritten, ordering: .relaxed)
    typealias Write = @convention(c) (Int32, UnsafeRawPointer?, Int) -> Int
    typealias WriteAt = @convention(c) (Int32, UnsafeRawPointer?, Int, off_t) -> Int
    let write: Write = { file, bytes, size in
      DyingWrites.dying(size) { Glibc.write(file, bytes, $0) }
    }
    let writeAt: WriteAt = { file, bytes, size, offset in
      DyingWrites.dying(size) { Glibc.pwrite(file, bytes, $0, offset) }
    }
    let system = sqlite3_vfs_find(nil)
    for (name, call) in [
      ("write", unsafeBitCast(write, to: sqlite3_syscall_ptr.self)),
      ("pwrite", unsafeBitCast(writeAt, to: sqlite3_syscall_ptr.self)),
      ("pwrite64", unsafeBitCast(writeAt, to: sqlite3_syscall_ptr.self)),
    ] {
      _ = system?.pointee.xSetSystemCall(system, name, call)
    }
  }

  private static func dying(_ size: Int, _ call: (Int) -> Int) -> Int {
    guard count.add(1, ordering: .relaxed).newValue == last.load(ordering: .relaxed) else {
      return call(size)
    }
    _ = call(isHalf.load(ordering: .relaxed) ? size / 2 : size)
    kill(getpid(), SIGKILL)
    return -1
  }
}
