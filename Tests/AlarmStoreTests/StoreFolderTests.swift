import Glibc
import TestSupport
import Testing

@testable import AlarmStore

@Suite("The folder of a store")
struct StoreFolderTests {
  @Test(
    "is the file's, wherever that is",
    arguments: [
      ("/var/lib/store.sqlite", "/var/lib"), ("/store.sqlite", "/"), ("store.sqlite", "."), ("a/b", "a"),
    ])
  func path(_ file: String, _ folder: String) {
    #expect(StoreFolder(of: file).path == folder)
  }

  @Test("lets one program at a time do what no two can, and says so where the other does not end")
  func alone() throws {
    let folder = try TemporaryFolder()
    let first = StoreFolder(of: folder.file("first"))
    let second = StoreFolder(of: folder.file("second"))
    try first.alone {
      let error = #expect(throws: AlarmStoreError.inUse(path: folder.file("second"))) {
        try second.alone(tries: 3) {}
      }
      #expect(error?.description.contains("`fuser -v \(folder.path)`") == true)
    }
    try second.alone(tries: 1) {}
  }

  @Test("is free again where what was done there failed")
  func failure() throws {
    let folder = try TemporaryFolder()
    let store = StoreFolder(of: folder.file("store"))
    #expect(throws: CancellationError.self) { try store.alone { throw CancellationError() } }
    try store.alone(tries: 1) {}
  }

  @Test("is waited for while another program is at work there")
  func waiting() async throws {
    let folder = try TemporaryFolder()
    let store = StoreFolder(of: folder.file("store"))
    let other = open(store.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(other) }
    #expect(flock(other, LOCK_EX) == 0)
    async let done: Void = store.alone {}
    try await Task.sleep(for: .milliseconds(50))
    #expect(flock(other, LOCK_UN) == 0)
    try await done
  }
}
