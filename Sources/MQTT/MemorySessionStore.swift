public import NIOCore
import Synchronization

/// Keeps a session for as long as this object lives: longer than a client, not longer than the process.
public final class MemorySessionStore: SessionStore {
  /// What a group counts beside its bytes, so that empty ones are bounded too.
  private static let groupOverhead = 64

  private struct Kept {
    var isOpen = false
    var groups: [ByteBuffer] = []
    var size = 0
  }

  private let limit: Int
  private let kept = Mutex(Kept())

  /// - Parameter maximumSize: How many bytes the groups may have together, each 64 more than its own. From
  ///   zero, default 64 MiB.
  public init(maximumSize: Int = 64 * 1024 * 1024) {
    limit = max(0, maximumSize)
  }

  public func open() async throws(SessionStoreError) -> SessionStoreContents {
    try kept.withLock { kept throws(SessionStoreError) in
      guard !kept.isOpen else { throw .inUse(path: nil) }
      kept.isOpen = true
      return SessionStoreContents(groups: kept.groups)
    }
  }

  public func append(_ group: ByteBuffer) async throws(SessionStoreError) {
    let size = Self.size([group])
    try kept.withLock { kept throws(SessionStoreError) in
      guard kept.isOpen else { throw .closed(path: nil) }
      guard size <= limit - kept.size else { throw .full(path: nil, limit: limit) }
      kept.groups.append(Self.copy(group))
      kept.size += size
    }
  }

  public func replace(with groups: [ByteBuffer]) async throws(SessionStoreError) {
    let size = Self.size(groups)
    try kept.withLock { kept throws(SessionStoreError) in
      guard kept.isOpen else { throw .closed(path: nil) }
      guard size <= limit else { throw .full(path: nil, limit: limit) }
      kept.groups = groups.map(Self.copy)
      kept.size = size
    }
  }

  public func close() async {
    kept.withLock { $0.isOpen = false }
  }

  private static func size(_ groups: [ByteBuffer]) -> Int {
    groups.reduce(0) { $0 + groupOverhead + $1.readableBytes }
  }

  /// A slice would keep alive all that it was cut from, however little of it counts here.
  private static func copy(_ group: ByteBuffer) -> ByteBuffer { ByteBuffer(bytes: group.readableBytesView) }
}
