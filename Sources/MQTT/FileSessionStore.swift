public import NIOCore
import NIOPosix
import Synchronization

/// Keeps a session in a file, where it survives the end of the process, also by `kill -9`, and a power cut.
///
/// Each `append` is one write and one sync. Beside the file, in the same folder, are `<path>.lock`, which stays;
/// for the time of a `replace` `<path>.new`, so that the disk needs room for both; and damaged files that were
/// put aside, `<path>.corrupt-1` to `-9`. All have the mode 0600. A damaged file is never read in part, except
/// for one whose last group is incomplete: that group was being written at a crash, and is cut off.
///
/// After a failed sync, or another failure that leaves unknown what is on the disk, `append` throws
/// ``SessionStoreError/unreliable(path:cause:)`` until `replace` has succeeded.
public final class FileSessionStore: SessionStore {
  private let path: String
  private let limit: Int
  private let calls: SessionFileCalls
  /// The lock is held while the disk works, and by threads only that may wait.
  private let openFile = Mutex<OpenSessionFile?>(nil)

  /// Does not touch the disk yet.
  ///
  /// - Parameters:
  ///   - path: The file; one that does not exist is made, its folder is not. A symbolic link is refused.
  ///   - maximumSize: How many bytes the file may have: those of the groups, 12 more for each, and 24. From
  ///     4 KiB to 1 GiB, default 64 MiB. An existing file that is larger is opened nevertheless.
  public convenience init(path: String, maximumSize: Int = 64 * 1024 * 1024) {
    self.init(path: path, maximumSize: maximumSize, calls: SessionFileCalls())
  }

  init(path: String, maximumSize: Int, calls: SessionFileCalls) {
    self.path = path
    limit = min(max(maximumSize, 4096), SessionFileFormat.largestSize)
    self.calls = calls
  }

  /// Opens the file or makes it, and locks it.
  ///
  /// A part of a group at its end is cut off; a file that is otherwise damaged is put aside and a new one begun,
  /// and the contents say so.
  ///
  /// - Throws: ``SessionStoreError/inUse(path:)``; ``SessionStoreError/folderMissing(path:)``;
  ///   ``SessionStoreError/notAFile(path:)``; ``SessionStoreError/unsupportedVersion(path:version:supported:)``,
  ///   which leaves the file as it is; ``SessionStoreError/tooManyDamagedFiles(path:limit:reason:)``;
  ///   ``SessionStoreError/noSpace(path:)``; ``SessionStoreError/inputOutput(operation:path:reason:)``.
  public func open() async throws(SessionStoreError) -> SessionStoreContents {
    try await onThread { [path, limit, calls] openFile throws(SessionStoreError) in
      guard openFile == nil else { throw .inUse(path: path) }
      let (file, contents) = try OpenSessionFile.open(path: path, limit: limit, calls: calls)
      openFile = file
      return contents
    }.get()
  }

  public func append(_ group: ByteBuffer) async throws(SessionStoreError) {
    try await onThread { [path] openFile throws(SessionStoreError) in
      guard let openFile else { throw .closed(path: path) }
      try openFile.append(group)
    }.get()
  }

  public func replace(with groups: [ByteBuffer]) async throws(SessionStoreError) {
    try await onThread { [path] openFile throws(SessionStoreError) in
      guard let openFile else { throw .closed(path: path) }
      try openFile.replace(with: groups)
    }.get()
  }

  public func close() async {
    _ = await onThread { $0 = nil }
  }

  /// Runs `body` to its end on a thread that may wait, also when the task is cancelled: what is on the way to the
  /// disk cannot be called back.
  private func onThread<Value: Sendable>(
    _ body: @escaping @Sendable (inout OpenSessionFile?) throws(SessionStoreError) -> Value
  ) async -> Result<Value, SessionStoreError> {
    await withCheckedContinuation { continuation in
      // The shared pool is never shut down, so its state does not matter.
      NIOThreadPool.singleton.submit { [self] _ in
        let result = openFile.withLock { openFile in
          Result { () throws(SessionStoreError) in try body(&openFile) }
        }
        continuation.resume(returning: result)
      }
    }
  }
}
