public import NIOCore

/// Where a client keeps its session, so that it outlives the client.
///
/// What is kept is a list of groups of bytes, which mean nothing to the store. A client calls one method at a
/// time, `open` first and `close` last.
public protocol SessionStore: Sendable {
  /// Opens the store for one client, and returns what it keeps.
  ///
  /// - Throws: ``SessionStoreError/inUse(path:)`` if it is open already, by this or another client.
  func open() async throws(SessionStoreError) -> SessionStoreContents

  /// Adds a group, of any length from zero; it is durable when this returns.
  ///
  /// - Throws: ``SessionStoreError/full(path:limit:)`` if the group is one too many; then `replace` with less
  ///   makes room. After any error nothing of the group is kept.
  func append(_ group: ByteBuffer) async throws(SessionStoreError)

  /// Puts these groups in the place of all that is kept; they are durable when this returns. After a crash in
  /// the middle there is all of the old or all of the new.
  ///
  /// - Throws: ``SessionStoreError/full(path:limit:)`` if they are too many. After an error, too, there is all
  ///   of the old or all of the new; the old, unless the error is that the folder could not be synced.
  func replace(with groups: [ByteBuffer]) async throws(SessionStoreError)

  /// Lets go of the store, which can be opened again; does nothing where it is not open.
  func close() async
}

/// What a store keeps when it is opened.
public struct SessionStoreContents: Sendable, Hashable {
  /// In the order of writing.
  public var groups: [ByteBuffer]
  /// Says which damaged file was put aside, as what, and what was wrong with it; nil if none was. The session
  /// in it is lost, and `groups` is empty.
  public var setAside: String?
  /// How many bytes at the end were cut off: a crash in the middle of `append` leaves a part of its group.
  public var discardedBytes: Int

  /// Without arguments: what an empty store keeps.
  public init(groups: [ByteBuffer] = [], setAside: String? = nil, discardedBytes: Int = 0) {
    self.groups = groups
    self.setAside = setAside
    self.discardedBytes = discardedBytes
  }
}
