import Foundation
import NIOCore
import TestSupport
import Testing

@testable import MQTT

@Suite struct SessionFolderTests {
  @Test func onlyTheOwnerMayReadTheFiles() async throws {
    let folder = try TemporaryFolder()
    let store = FileSessionStore(path: folder.file("session"))
    func modes() throws -> [Int] {
      try folder.names().map {
        try #require(FileManager.default.attributesOfItem(atPath: folder.file($0))[.posixPermissions] as? Int)
      }
    }
    _ = try await store.open()
    #expect(try modes() == [0o600, 0o600])
    #expect(chmod(folder.file("session"), 0o644) == 0)
    try await store.replace(with: [])
    #expect(try modes() == [0o600, 0o600])
  }

  @Test func programsThatAreStartedGetNoneOfTheFiles() async throws {
    let folder = try TemporaryFolder()
    let store = FileSessionStore(path: folder.file("session"))
    func descriptors() throws -> [Int32] {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap(Int32.init).filter {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?
          .hasPrefix(folder.path) == true
      }
    }
    _ = try await store.open()
    try await store.replace(with: [ByteBuffer(string: "a")])
    // The folder, the file and the lock.
    #expect(try descriptors().count == 3)
    #expect(try descriptors().allSatisfy { fcntl($0, F_GETFD) & FD_CLOEXEC != 0 })
    await store.close()
    #expect(try descriptors() == [])
  }

  @Test func anotherProcessHasTheFileToItself() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    let store = FileSessionStore(path: path)
    try await store.keep("one")
    let other = try ChildProcess(
      "/usr/bin/flock", ["--no-fork", "\(path).lock", "/usr/bin/sleep", "1000"], output: "/dev/null")
    defer {
      other.signal(SIGKILL)
      other.waitUntilEnd()
    }
    try await eventually("the other process has the lock") {
      do {
        _ = try await store.open()
        await store.close()
        return false
      } catch SessionStoreError.inUse(path) {
        return true
      }
    }
    other.signal(SIGKILL)
    other.waitUntilEnd()
    #expect(try await store.openForTexts() == ["one"])
  }

  @Test func anotherProcessIsKeptOut() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    let store = FileSessionStore(path: path)
    func others() throws -> Int32 {
      try ChildProcess("/usr/bin/flock", ["-n", "\(path).lock", "/usr/bin/true"], output: "/dev/null")
        .waitUntilEnd()
    }
    _ = try await store.open()
    #expect(try others() == 1)
    try await store.replace(with: [])
    #expect(try others() == 1)
    await store.close()
    #expect(try others() == 0)
  }

  @Test func aMissingFolderIsSaidToBeMissing() async throws {
    let folder = try TemporaryFolder()
    let error = SessionStoreError.folderMissing(path: folder.file("none"))
    await #expect(throws: error) { try await FileSessionStore(path: folder.file("none/session")).open() }
    #expect(error.description.hasSuffix("/none of the session file does not exist: create it"))
  }

  @Test(arguments: ["session", "session.lock"]) func aSymbolicLinkIsNotFollowed(name: String) async throws {
    let folder = try TemporaryFolder()
    let target = try folder.write("somebody else's", to: "target")
    try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: target)
    await #expect(throws: SessionStoreError.notAFile(path: folder.file(name))) {
      try await FileSessionStore(path: folder.file("session")).open()
    }
    #expect(try folder.bytes("target") == Array("somebody else's".utf8))
  }

  @Test func aLinkInThePlaceOfTheNewFileIsRemovedAndNotFollowed() async throws {
    let folder = try TemporaryFolder()
    let target = try folder.write("somebody else's", to: "target")
    let store = FileSessionStore(path: folder.file("session"))
    let link = folder.file("session.new")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    _ = try await store.open()
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    try await store.replace(with: [ByteBuffer(string: "a")])
    #expect(try folder.bytes("target") == Array("somebody else's".utf8))
    #expect(try folder.names() == ["session", "session.lock", "target"])
  }

  @Test func whatIsNoFileIsRefused() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.file("folder"), withIntermediateDirectories: false)
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    for path in [folder.file("folder"), folder.file("pipe"), folder.path + "/", "", folder.file("a\0b")] {
      await #expect(throws: SessionStoreError.notAFile(path: path)) {
        try await FileSessionStore(path: path).open()
      }
    }
  }

  @Test func aPathMayBeginAnywhere() async throws {
    // The working folder is the process's.
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      try #require(chdir(folder.path) == 0)
      let store = FileSessionStore(path: "session")
      _ = try await store.open()
      try #require(chdir("/") == 0)
      try await store.append(ByteBuffer(string: "a"))
      try await store.replace(with: [ByteBuffer(string: "b")])
      await store.close()
      #expect(try await FileSessionStore(path: folder.file("session")).openForTexts() == ["b"])
    }
  }
}
