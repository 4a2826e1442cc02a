import NIOCore
import TestSupport
import Testing

@testable import MQTT

@Suite struct FileSessionStoreTests {
  @Test func keepsGroupsForTheNextClientInOrder() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    let store = FileSessionStore(path: path)
    #expect(try await store.open() == SessionStoreContents())
    await store.close()
    try await store.keep("one", "", "three")
    try await FileSessionStore(path: path).keep("four")
    #expect(
      try await store.open()
        == SessionStoreContents(groups: ["one", "", "three", "four"].map(ByteBuffer.init(string:))))
  }

  @Test func keepsGroupsOfAnySizeUpToItsLimit() async throws {
    let folder = try TemporaryFolder()
    let limit = 3_000_000
    let store = FileSessionStore(path: folder.file("session"), maximumSize: limit)
    _ = try await store.open()
    let first = ByteBuffer(repeating: 1, count: 2_000_000)
    let rest = ByteBuffer(repeating: 2, count: limit - 24 - 2 * 12 - first.readableBytes)
    try await store.append(first)
    let full = SessionStoreError.full(path: folder.file("session"), limit: limit)
    await #expect(throws: full) {
      try await store.append(ByteBuffer(repeating: 2, count: rest.readableBytes + 1))
    }
    try await store.append(rest)
    await #expect(throws: full) { try await store.append(ByteBuffer()) }
    #expect(try folder.bytes("session").count == limit)
    await #expect(throws: full) { try await store.replace(with: [first, first]) }
    await store.close()
    #expect(try await store.open().groups == [first, rest])
    try await store.replace(with: [rest])
    try await store.append(ByteBuffer(string: "room again"))
    #expect(full.description.contains("session would become larger than its limit of 3000000 bytes"))
  }

  @Test func opensAFileAboveItsLimit() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    let large = String(repeating: "x", count: 10_000)
    try await FileSessionStore(path: path).keep(large)
    let store = FileSessionStore(path: path, maximumSize: 0)
    #expect(try await store.openForTexts() == [large])
    await #expect(throws: SessionStoreError.full(path: path, limit: 4096)) {
      try await store.append(ByteBuffer())
    }
    try await store.replace(with: [ByteBuffer(string: "less")])
    try await store.append(ByteBuffer(string: "more"))
    await store.close()
    #expect(try await store.openForTexts() == ["less", "more"])
  }

  @Test func replacesEverything() async throws {
    let folder = try TemporaryFolder()
    let store = FileSessionStore(path: folder.file("session"))
    try await store.keep("one", "two")
    _ = try await store.open()
    // More than is written at once.
    let groups = (0..<30).map { ByteBuffer(repeating: UInt8($0), count: 20_000) }
    try await store.replace(with: groups)
    try await store.append(ByteBuffer(string: "after"))
    await store.close()
    #expect(try await store.open().groups == groups + [ByteBuffer(string: "after")])
    try await store.replace(with: [])
    await store.close()
    #expect(try await store.open() == SessionStoreContents())
    #expect(try folder.names() == ["session", "session.lock"])
  }

  @Test(arguments: 0..<5 as Range<UInt64>) func keepsWhatAModelKeeps(seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    let store = FileSessionStore(path: folder.file("session"), maximumSize: 1 << 30, calls: .unsynced)
    var steps = SessionSteps(seed: seed)
    for count in 0..<60 {
      if count % 7 == 0 {
        await store.close()
        let contents = try await store.open()
        #expect(contents == SessionStoreContents(groups: SessionSteps.groups(seed: seed, after: count)))
      }
      try await store.take(steps.next())
    }
  }

  @Test func isForOneClientAtATime() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    let store = FileSessionStore(path: path)
    let closed = SessionStoreError.closed(path: path)
    await #expect(throws: closed) { try await store.append(ByteBuffer()) }
    _ = try await store.open()
    await #expect(throws: SessionStoreError.inUse(path: path)) { try await store.open() }
    await #expect(throws: SessionStoreError.inUse(path: path)) {
      try await FileSessionStore(path: path).open()
    }
    try await store.append(ByteBuffer(string: "still open"))
    await store.close()
    await #expect(throws: closed) { try await store.append(ByteBuffer()) }
    await #expect(throws: closed) { try await store.replace(with: []) }
    await store.close()
    #expect(try await FileSessionStore(path: path).openForTexts() == ["still open"])
  }

  @Test func aStoreThatIsForgottenLetsGoOfTheFile() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    func forget() async throws {
      let store = FileSessionStore(path: path)
      _ = try await store.open()
      try await store.append(ByteBuffer(string: "kept"))
    }
    try await forget()
    // The thread that has appended may have the store for a moment longer.
    try await eventually("the lock to be free") { (try? await FileSessionStore(path: path).open()) != nil }
  }

  @Test func aCancelledTaskAppendsNevertheless() async throws {
    let folder = try TemporaryFolder()
    let store = FileSessionStore(path: folder.file("session"))
    _ = try await store.open()
    try await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await store.append(ByteBuffer(string: "one"))
      try await store.replace(with: [ByteBuffer(string: "one"), ByteBuffer(string: "two")])
      await store.close()
    }.value
    #expect(try await store.openForTexts() == ["one", "two"])
  }

  @Test func callsAtTheSameTimeAreTakenOneAfterTheOther() async throws {
    let folder = try TemporaryFolder()
    let store = FileSessionStore(path: folder.file("session"))
    _ = try await store.open()
    let texts = (0..<100).map { "\($0)" }
    try await withThrowingTaskGroup { group in
      for text in texts { group.addTask { try await store.append(ByteBuffer(string: text)) } }
      try await group.waitForAll()
    }
    await store.close()
    #expect(Set(try await store.openForTexts()) == Set(texts))
  }
}
