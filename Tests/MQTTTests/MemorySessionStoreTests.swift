import MQTT
import NIOCore
import Testing

@Suite struct MemorySessionStoreTests {
  @Test func keepsGroupsForTheNextClientInOrder() async throws {
    let store = MemorySessionStore()
    try await store.keep("one", "", "three")
    #expect(try await store.openForTexts() == ["one", "", "three"])
    try await store.append(ByteBuffer(string: "four"))
    await store.close()
    #expect(try await store.openForTexts() == ["one", "", "three", "four"])
  }

  @Test func replacesEverything() async throws {
    let store = MemorySessionStore()
    try await store.keep("one", "two")
    _ = try await store.open()
    try await store.replace(with: [ByteBuffer(string: "new")])
    await store.close()
    #expect(try await store.openForTexts() == ["new"])
  }

  @Test func takesNoMoreThanItsLimit() async throws {
    let store = MemorySessionStore(maximumSize: 2 * 64 + 10)
    _ = try await store.open()
    try await store.append(ByteBuffer(string: "12345"))
    let full = SessionStoreError.full(path: nil, limit: 138)
    await #expect(throws: full) { try await store.append(ByteBuffer(string: "123456")) }
    try await store.append(ByteBuffer(string: "12345"))
    await #expect(throws: full) { try await store.append(ByteBuffer()) }
    let three = [ByteBuffer](repeating: ByteBuffer(), count: 3)
    await #expect(throws: full) { try await store.replace(with: three) }
    await store.close()
    #expect(try await store.openForTexts() == ["12345", "12345"])
    try await store.replace(with: [])
    try await store.append(ByteBuffer(string: "1234567890"))
    #expect(full.description.contains("in memory would become larger than its limit of 138 bytes"))
  }

  @Test func isForOneClientAtATime() async throws {
    let store = MemorySessionStore()
    let closed = SessionStoreError.closed(path: nil)
    await #expect(throws: closed) { try await store.append(ByteBuffer()) }
    _ = try await store.open()
    await #expect(throws: SessionStoreError.inUse(path: nil)) { try await store.open() }
    await store.close()
    await #expect(throws: closed) { try await store.append(ByteBuffer()) }
    await #expect(throws: closed) { try await store.replace(with: []) }
    await store.close()
  }

  @Test func keepsASliceByItself() async throws {
    let store = MemorySessionStore()
    var large = ByteBuffer(repeating: 1, count: 1 << 20)
    _ = try await store.open()
    try await store.append(try #require(large.readSlice(length: 3)))
    await store.close()
    let kept = try #require(try await store.open().groups.first)
    #expect(kept == ByteBuffer(repeating: 1, count: 3))
    #expect(kept.capacity < 1000)
  }
}
