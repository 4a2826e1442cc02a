import Foundation
import NIOCore
import TestSupport
import Testing

@testable import MQTT

/// A disk of a few kilobytes.
enum SmallDisk {
  static let isAvailable = geteuid() == 0 && (try? with(kilobytes: 64) { _ in true }) == true
  static let reason: Comment = "a small tmpfs can be mounted by root only, and not in every container"

  private static func mount(_ folder: TemporaryFolder, _ kilobytes: Int) throws {
    try runProgram("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=\(kilobytes)k", "none", folder.path])
  }

  private static func unmount(_ folder: TemporaryFolder) {
    try? runProgram("/usr/bin/umount", ["-l", folder.path])
  }

  private static func with<Result>(kilobytes: Int, _ body: (TemporaryFolder) throws -> Result) throws
    -> Result
  {
    let folder = try TemporaryFolder()
    try mount(folder, kilobytes)
    defer { unmount(folder) }
    return try body(folder)
  }

  static func with(kilobytes: Int, _ body: (TemporaryFolder) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    try mount(folder, kilobytes)
    defer { unmount(folder) }
    try await body(folder)
  }
}

@Suite(.enabled(if: SmallDisk.isAvailable, SmallDisk.reason)) struct FullDiskTests {
  private let group = ByteBuffer(repeating: 7, count: 5000)

  /// Appends until there is no room. Returns how many groups there was room for.
  private func fill(_ store: FileSessionStore, path: String) async -> Int {
    var count = 0
    do {
      while count < 1000 {
        try await store.append(group)
        count += 1
      }
      Issue.record("the disk does not fill up")
    } catch {
      #expect(error == .noSpace(path: path))
    }
    return count
  }

  @Test func aGroupThatDoesNotFitLeavesAllOthersAndTheFileGoesOnWhenThereIsRoom() async throws {
    try await SmallDisk.with(kilobytes: 256) { folder in
      let ballast = try folder.write([UInt8](repeating: 1, count: 65_536), to: "ballast")
      let path = folder.file("session")
      let store = FileSessionStore(path: path)
      _ = try await store.open()
      let count = await fill(store, path: path)
      #expect(count > 10)
      #expect(try folder.bytes("session").count == 24 + count * 5012)
      #expect(await fill(store, path: path) == 0)
      try FileManager.default.removeItem(atPath: ballast)
      try await store.append(group)
      await store.close()
      let contents = try await store.open()
      #expect(contents == SessionStoreContents(groups: Array(repeating: group, count: count + 1)))
    }
  }

  @Test func aReplaceThatDoesNotFitLeavesAllOfTheOld() async throws {
    try await SmallDisk.with(kilobytes: 128) { folder in
      let path = folder.file("session")
      let store = FileSessionStore(path: path)
      _ = try await store.open()
      let count = await fill(store, path: path)
      await #expect(throws: SessionStoreError.noSpace(path: path)) {
        try await store.replace(with: Array(repeating: group, count: 5))
      }
      #expect(try folder.names() == ["session", "session.lock"])
      await store.close()
      #expect(try await store.open().groups.count == count)
    }
  }

  @Test func aFileThatCannotBeBegunSaysSo() async throws {
    try await SmallDisk.with(kilobytes: 64) { folder in
      let ballast = try folder.write([UInt8](repeating: 1, count: 65_536), to: "ballast")
      let path = folder.file("session")
      let store = FileSessionStore(path: path)
      await #expect(throws: SessionStoreError.noSpace(path: path)) { try await store.open() }
      #expect(try folder.names() == ["ballast", "session.lock"])
      try FileManager.default.removeItem(atPath: ballast)
      #expect(try await store.open() == SessionStoreContents())
    }
  }
}

@Suite struct FileSizeLimitTests {
  /// Returns what it was before.
  private static func limitFileSize(to size: rlim_t) throws -> rlim_t {
    let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { throw TestSupportError("no limit: errno \(errno)") }
    let before = limit.rlim_cur
    limit.rlim_cur = size
    guard setrlimit(resource, &limit) == 0 else { throw TestSupportError("no new limit: errno \(errno)") }
    return before
  }

  @Test func aGroupAboveTheSystemsLimitLeavesAllOthers() async throws {
    // The limit is the process's.
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let path = folder.file("session")
      let store = FileSessionStore(path: path)
      _ = try await store.open()
      try await store.append(ByteBuffer(string: "one"))
      signal(SIGXFSZ, SIG_IGN)
      let before = try FileSizeLimitTests.limitFileSize(to: 4096)
      // The first 4,096 bytes are written, the others are not.
      let large = ByteBuffer(repeating: 7, count: 5000)
      await #expect(throws: SessionStoreError("write", path, code: EFBIG)) { try await store.append(large) }
      #expect(try folder.bytes("session").count == 24 + 15)
      try await store.append(ByteBuffer(string: "two"))
      _ = try FileSizeLimitTests.limitFileSize(to: before)
      try await store.append(large)
      await store.close()
      let groups = try await store.open().groups
      #expect(groups == [ByteBuffer(string: "one"), ByteBuffer(string: "two"), large])
    }
  }
}
