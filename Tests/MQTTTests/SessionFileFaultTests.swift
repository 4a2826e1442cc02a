import Foundation
import NIOCore
import TestSupport
import Testing

@testable import MQTT

/// Failures of the system's that real files do not have on demand.
@Suite struct SessionFileFaultTests {
  private func store(_ path: String, _ calls: SessionFileCalls) -> FileSessionStore {
    FileSessionStore(path: path, maximumSize: 1 << 20, calls: calls)
  }

  @Test func aFailedWriteLeavesNothingAndTheNextOneWorks() async throws {
    let folder = try TemporaryFolder()
    let faults = FaultyCalls()
    let path = folder.file("session")
    let store = store(path, faults.calls)
    _ = try await store.open()
    try await store.append(ByteBuffer(string: "one"))
    let bytes = try folder.bytes("session")
    for code in [EIO, ENOSPC, EDQUOT, EFBIG] {
      faults.fail(.write, code)
      await #expect(throws: SessionStoreError("write", path, code: code)) {
        try await store.append(ByteBuffer(string: "lost"))
      }
      #expect(try folder.bytes("session") == bytes)
    }
    faults.fail(.write, nil)
    try await store.append(ByteBuffer(string: "two"))
    await store.close()
    #expect(try await store.openForTexts() == ["one", "two"])
  }

  @Test func aWriteThatIsInterruptedIsRepeatedUpToALimit() async throws {
    let folder = try TemporaryFolder()
    let faults = FaultyCalls()
    let store = store(folder.file("session"), faults.calls)
    _ = try await store.open()
    faults.fail(.write, EINTR)
    let error = await #expect(throws: SessionStoreError.self) {
      try await store.append(ByteBuffer(string: "a"))
    }
    #expect(error?.description.contains("Interrupted") == true)
    #expect(faults.failures(.write) == 100)
  }

  @Test(arguments: [FaultyCalls.Call.syncData, .truncate, .sync])
  func aFailureThatLeavesTheDiskUnknownStopsAppendsUntilAllIsReplaced(_ call: FaultyCalls.Call) async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    let faults = FaultyCalls()
    let store = store(path, faults.calls)
    _ = try await store.open()
    try await store.append(ByteBuffer(string: "one"))
    // The last two come to undo a write.
    if call != .syncData { faults.fail(.write, EFBIG) }
    faults.fail(call, EIO)
    let first = SessionStoreError(
      call == .syncData ? "sync" : "write", path, code: call == .syncData ? EIO : EFBIG)
    await #expect(throws: first) { try await store.append(ByteBuffer(string: "lost")) }

    // That it would work again is not to be believed.
    faults.fail(.write, nil)
    faults.fail(call, nil)
    let cause = SessionStoreError(call == .truncate ? "truncate" : "sync", path, code: EIO)
    let error = SessionStoreError.unreliable(path: path, cause: "\(cause)")
    for _ in 0..<2 {
      await #expect(throws: error) { try await store.append(ByteBuffer(string: "refused")) }
    }
    try await store.replace(with: [ByteBuffer(string: "one")])
    try await store.append(ByteBuffer(string: "two"))
    await store.close()
    #expect(try await store.openForTexts() == ["one", "two"])
  }

  @Test(arguments: [FaultyCalls.Call.syncData, .truncate])
  func whatAFailedAppendHasLeftIsNotReadAgain(_ call: FaultyCalls.Call) async throws {
    let folder = try TemporaryFolder()
    let faults = FaultyCalls()
    let store = store(folder.file("session"), faults.calls)
    _ = try await store.open()
    try await store.append(ByteBuffer(string: "one"))
    faults.fail(call == .syncData ? .syncData : .write, EIO)
    faults.fail(call, EIO)
    await #expect(throws: SessionStoreError.self) { try await store.append(ByteBuffer(string: "lost")) }
    await store.close()
    #expect(try await FileSessionStore(path: folder.file("session")).openForTexts() == ["one"])
  }

  @Test(arguments: [FaultyCalls.Call.write, .sync, .rename])
  func aFailedReplaceLeavesAllOfTheOld(_ call: FaultyCalls.Call) async throws {
    let folder = try TemporaryFolder()
    let faults = FaultyCalls()
    let store = store(folder.file("session"), faults.calls)
    _ = try await store.open()
    try await store.append(ByteBuffer(string: "old"))
    let bytes = try folder.bytes("session")
    faults.fail(call, ENOSPC)
    await #expect(
      throws: SessionStoreError.noSpace(path: folder.file(call == .rename ? "session.new" : "session"))
    ) {
      try await store.replace(with: [ByteBuffer(string: "new")])
    }
    #expect(try folder.bytes("session") == bytes)
    #expect(try folder.names() == ["session", "session.lock"])
    faults.fail(call, nil)
    try await store.append(ByteBuffer(string: "more"))
    await store.close()
    #expect(try await store.openForTexts() == ["old", "more"])
  }

  @Test func aReplaceWhoseNameMayNotBeOnTheDiskStopsAppends() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    let faults = FaultyCalls()
    let store = store(path, faults.calls)
    _ = try await store.open()
    faults.fail(.syncFolder, EIO)
    let error = SessionStoreError("sync the folder of", path, code: EIO)
    await #expect(throws: error) { try await store.replace(with: [ByteBuffer(string: "new")]) }
    faults.fail(.syncFolder, nil)
    await #expect(throws: SessionStoreError.unreliable(path: path, cause: "\(error)")) {
      try await store.append(ByteBuffer(string: "refused"))
    }
    try await store.replace(with: [ByteBuffer(string: "newer")])
    try await store.append(ByteBuffer(string: "more"))
    await store.close()
    #expect(try await store.openForTexts() == ["newer", "more"])
  }

  @Test func aDamagedFileStaysWhereNoNewOneCanBeMade() async throws {
    let folder = try TemporaryFolder()
    let faults = FaultyCalls()
    let store = store(try folder.write("garbage", to: "session"), faults.calls)
    faults.fail(.write, ENOSPC)
    await #expect(throws: SessionStoreError.noSpace(path: folder.file("session"))) { try await store.open() }
    #expect(try folder.names() == ["session", "session.lock"])
    faults.fail(.write, nil)
    #expect(try await store.open().setAside != nil)
  }
}
