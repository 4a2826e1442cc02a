import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import MQTT

/// The process dies, in the middle of one of the calls that change the files.
@Suite struct SessionFileKillTests {
  /// Takes steps until a call of a number that the seed draws, and ends there by SIGKILL. Says on standard output
  /// where, by which seed, and each step that was done.
  private static func runUntilKilled() async throws {
    let folder = try TemporaryFolder()
    let seed = UInt64.random(in: 0...UInt64(UInt32.max))
    say("folder \(folder.path)\nseed \(seed)\n")
    var steps = SessionSteps(seed: seed)
    let store = FileSessionStore(
      path: folder.file("session"), maximumSize: 1 << 30, calls: killing(seed: seed))
    _ = try await store.open()
    for _ in 0..<1000 {
      try await store.take(steps.next())
      say("done\n")
    }
  }

  private static func say(_ text: String) {
    _ = text.withCString { write(STDOUT_FILENO, $0, strlen($0)) }
  }

  private static func killing(seed: UInt64) -> SessionFileCalls {
    var generator = SeededGenerator(seed: ~seed)
    let last = Int.random(in: 1...150, using: &generator)
    let isBefore = generator.chance(50)
    let part = Double.random(in: 0...1, using: &generator)
    let count = Atomic(0)
    let system = SessionFileCalls()
    let die: @Sendable () -> Void = { kill(getpid(), SIGKILL) }
    @Sendable func around(_ call: () -> Int32) -> Int32 {
      let isLast = count.add(1, ordering: .relaxed).newValue == last
      if isLast, isBefore { die() }
      let result = call()
      if isLast { die() }
      return result
    }
    var calls = system
    calls.write = { descriptor, bytes, offset in
      if count.add(1, ordering: .relaxed).newValue == last {
        let some = bytes.prefix(Int(part * Double(bytes.count)))
        _ = system.write(descriptor, UnsafeRawBufferPointer(rebasing: some), offset)
        die()
      }
      return system.write(descriptor, bytes, offset)
    }
    calls.truncate = { descriptor, size in around { system.truncate(descriptor, size) } }
    calls.syncData = { descriptor in around { system.syncData(descriptor) } }
    calls.sync = { descriptor in around { system.sync(descriptor) } }
    calls.rename = { folder, from, to in around { system.rename(folder, from, to) } }
    return calls
  }

  @Test(arguments: 0..<12) func whatWasAppendedIsThereAfterwards(_: Int) async throws {
    let result = await #expect(
      processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
    ) {
      try await SessionFileKillTests.runUntilKilled()
    }
    let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self).split(
      separator: "\n")
    let path = try #require(output.first { $0.hasPrefix("folder ") }).dropFirst("folder ".count)
    defer { try? FileManager.default.removeItem(atPath: String(path)) }
    let seed = try #require(
      output.first { $0.hasPrefix("seed ") }.flatMap { UInt64($0.dropFirst("seed ".count)) })
    let done = output.count { $0 == "done" }
    let store = FileSessionStore(path: "\(path)/session")
    let contents = try await store.open()
    let possible = (done...(done + 1)).map { SessionSteps.groups(seed: seed, after: $0) }
    #expect(possible.contains(contents.groups), "seed \(seed), \(done) steps")
    #expect(contents.setAside == nil)
    try await store.append(ByteBuffer(string: "after"))
    await store.close()
    #expect(try await store.open().groups == contents.groups + [ByteBuffer(string: "after")])
  }
}

/// The power goes, at every moment between two calls: what was synced is there, and of all else any part.
@Suite struct SessionFilePowerCutTests {
  @Test(arguments: 0..<4 as Range<UInt64>) func whatWasAppendedIsThereAfterwards(seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    let disk = ModelDisk(seed: seed)
    let store = FileSessionStore(path: folder.file("session"), maximumSize: 1 << 30, calls: disk.calls)
    var steps = SessionSteps(seed: seed, largest: 1500)
    _ = try await store.open()
    for _ in 0..<25 {
      try await store.take(steps.next())
      disk.stepIsDone()
    }
    let images = disk.images
    #expect(images.count > 150)
    for (number, image) in images.enumerated() {
      let after = try TemporaryFolder()
      for (name, bytes) in image.files { _ = try after.write(bytes, to: name) }
      let store = FileSessionStore(path: after.file("session"), maximumSize: 1 << 30, calls: .unsynced)
      let contents = try await store.open()
      let possible = (image.steps...(image.steps + 1)).map {
        SessionSteps.groups(seed: seed, after: $0, largest: 1500)
      }
      #expect(possible.contains(contents.groups), "image \(number) after \(image.steps) steps")
      #expect(contents.setAside == nil)
    }
  }
}
