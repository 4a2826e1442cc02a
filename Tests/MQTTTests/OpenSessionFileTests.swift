import Foundation
import NIOCore
import TestSupport
import Testing

@testable import MQTT

/// Files that a crash, a broken disk or another program has left.
@Suite struct OpenSessionFileTests {
  /// A file with three groups.
  private func sample(in folder: TemporaryFolder) async throws -> [UInt8] {
    try await FileSessionStore(path: folder.file("sample")).keep("first", "", "third")
    return try folder.bytes("sample")
  }

  private func store(_ path: String) -> FileSessionStore {
    FileSessionStore(path: path, maximumSize: 1 << 20, calls: .unsynced)
  }

  @Test func aFileCutOffAnywhereGoesOnFromItsLastWholeGroup() async throws {
    let folder = try TemporaryFolder()
    let bytes = try await sample(in: folder)
    let ends = [24, 24 + 17, 24 + 17 + 12, bytes.count]
    for length in 0...bytes.count {
      let store = store(try folder.write(Array(bytes.prefix(length)), to: "cut-\(length)"))
      let contents = try await store.open()
      let count = max(0, ends.count { $0 <= length } - 1)
      let texts = Array(["first", "", "third"].prefix(count))
      #expect(contents.texts == texts)
      #expect(contents.setAside == nil)
      #expect(contents.discardedBytes == length - (ends.last { $0 <= length } ?? 0))
      // Shorter than what was cut off.
      try await store.append(ByteBuffer())
      await store.close()
      let again = try await store.open()
      #expect(again.texts == texts + [""])
      #expect(again.discardedBytes == 0)
    }
  }

  @Test func aFileWithAFlippedBitLosesItsLastGroupOrIsSetAside() async throws {
    let folder = try TemporaryFolder()
    let bytes = try await sample(in: folder)
    let last = bytes.count - 17
    for bit in 0..<(bytes.count * 8) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      let name = "flipped-\(bit)"
      let path = try folder.write(flipped, to: name)
      let contents = try await store(path).open()
      if bit / 8 >= last {
        #expect(contents.texts == ["first", ""] && contents.setAside == nil)
        #expect(contents.discardedBytes == 17)
      } else {
        #expect(contents.texts == [])
        #expect(contents.setAside?.contains("\(name).corrupt-1") == true)
        #expect(try folder.bytes("\(name).corrupt-1") == flipped)
      }
    }
  }

  @Test(arguments: 0..<100 as Range<UInt64>) func garbageIsSetAside(seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: seed)
    let garbage = (0..<Int.random(in: 9...2000, using: &generator)).map { _ in
      UInt8.random(in: .min ... .max, using: &generator)
    }
    let store = store(try folder.write(garbage, to: "session"))
    let contents = try await store.open()
    #expect(contents.groups == [])
    #expect(contents.setAside?.contains("it does not begin as a session file does") == true)
    #expect(try folder.bytes("session.corrupt-1") == garbage)
    try await store.append(ByteBuffer(string: "new"))
    await store.close()
    #expect(try await store.openForTexts() == ["new"])
  }

  @Test func damagedFilesAreAllKeptUpToALimit() async throws {
    let folder = try TemporaryFolder()
    let store = store(folder.file("session"))
    for number in 1...9 {
      _ = try folder.write("garbage \(number)", to: "session")
      #expect(try await store.open().setAside?.contains("session.corrupt-\(number), and a new one") == true)
      await store.close()
    }
    _ = try folder.write("garbage 10", to: "session")
    let error = await #expect(throws: SessionStoreError.self) { try await store.open() }
    guard case .tooManyDamagedFiles(folder.file("session"), 9, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    for number in 1...9 {
      #expect(try folder.bytes("session.corrupt-\(number)") == Array("garbage \(number)".utf8))
    }
    #expect(try folder.bytes("session") == Array("garbage 10".utf8))
  }

  @Test func aFileOfALaterVersionStaysAsItIs() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    try await FileSessionStore(path: path).keep("one")
    var bytes = ByteBuffer(bytes: try folder.bytes("session"))
    bytes.setInteger(UInt32(7), at: 8)
    var checksum = Checksum()
    bytes.withUnsafeReadableBytes { checksum.add(UnsafeRawBufferPointer(rebasing: $0.prefix(20))) }
    bytes.setInteger(checksum.value, at: 20)
    _ = try folder.write(Array(bytes.readableBytesView), to: "session")
    let error = SessionStoreError.unsupportedVersion(path: path, version: 7, supported: 1)
    await #expect(throws: error) { try await store(path).open() }
    #expect(try folder.bytes("session") == Array(bytes.readableBytesView))
    #expect(try folder.names() == ["session", "session.lock"])
  }

  @Test func aFileTooLargeForASessionIsSetAsideUnread() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    try await FileSessionStore(path: path).keep("one")
    #expect(truncate(path, 1 << 40) == 0)
    let contents = try await store(path).open()
    #expect(contents.setAside?.contains("it has 1099511627776 bytes") == true)
  }

  @Test func theNewFileOfACrashIsRemoved() async throws {
    let folder = try TemporaryFolder()
    try await FileSessionStore(path: folder.file("session")).keep("one")
    _ = try folder.write("half a fi", to: "session.new")
    #expect(try await store(folder.file("session")).openForTexts() == ["one"])
    #expect(try folder.names() == ["session", "session.lock"])
  }
}
