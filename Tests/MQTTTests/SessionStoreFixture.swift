import Foundation
import NIOCore
import Synchronization
import TestSupport

@testable import MQTT

/// What a client may do to a store, drawn by a seed: the same seed gives the same steps.
struct SessionSteps {
  enum Step {
    case append(ByteBuffer)
    case replace([ByteBuffer])
  }

  private var generator: SeededGenerator
  private let largest: Int

  init(seed: UInt64, largest: Int = 3000) {
    generator = SeededGenerator(seed: seed)
    self.largest = largest
  }

  mutating func next() -> Step {
    guard generator.chance(15) else { return .append(group()) }
    return .replace((0..<Int.random(in: 0...3, using: &generator)).map { _ in group() })
  }

  private mutating func group() -> ByteBuffer {
    let length = generator.chance(10) ? 0 : Int.random(in: 1...largest, using: &generator)
    return ByteBuffer(bytes: (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
  }

  /// What a store keeps after `count` steps of a seed.
  static func groups(seed: UInt64, after count: Int, largest: Int = 3000) -> [ByteBuffer] {
    var steps = SessionSteps(seed: seed, largest: largest)
    return (0..<count).reduce(into: []) { groups, _ in
      switch steps.next() {
      case .append(let group): groups.append(group)
      case .replace(let all): groups = all
      }
    }
  }
}

extension SessionStore {
  func take(_ step: SessionSteps.Step) async throws {
    switch step {
    case .append(let group): try await append(group)
    case .replace(let groups): try await replace(with: groups)
    }
  }

  /// Opens, appends and closes, where it is only about what the file has afterwards.
  func keep(_ texts: String...) async throws {
    _ = try await open()
    for text in texts { try await append(ByteBuffer(string: text)) }
    await close()
  }

  func openForTexts() async throws -> [String] { try await open().texts }
}

extension SessionStoreContents {
  var texts: [String] { groups.map { String(buffer: $0) } }
}

extension SessionFileCalls {
  /// For tests that open thousands of files, and do not cut the power.
  static var unsynced: SessionFileCalls {
    var calls = SessionFileCalls()
    calls.sync = { _ in 0 }
    calls.syncData = { _ in 0 }
    return calls
  }
}

/// Calls that fail when they are told to.
final class FaultyCalls: Sendable {
  enum Call: Hashable { case write, truncate, syncData, sync, syncFolder, rename }

  private struct State {
    var faults: [Call: Int32] = [:]
    var failures: [Call: Int] = [:]
  }

  private let state = Mutex(State())

  /// From now on `call` fails with this `errno`, or works again where it is nil.
  func fail(_ call: Call, _ code: Int32?) { state.withLock { $0.faults[call] = code } }

  /// How often the call has failed.
  func failures(_ call: Call) -> Int { state.withLock { $0.failures[call, default: 0] } }

  private func fails(_ call: Call) -> Bool {
    state.withLock { state in
      guard let code = state.faults[call] else { return false }
      state.failures[call, default: 0] += 1
      errno = code
      return true
    }
  }

  var calls: SessionFileCalls {
    let system = SessionFileCalls()
    var calls = system
    calls.write = { [self] descriptor, bytes, offset in
      // One that fails has written the first half.
      let isFault = state.withLock { $0.faults[.write] != nil }
      let count = isFault ? bytes.count / 2 : bytes.count
      let written = system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(count)), offset)
      return fails(.write) ? -1 : written
    }
    calls.truncate = { [self] in fails(.truncate) ? -1 : system.truncate($0, $1) }
    calls.syncData = { [self] in fails(.syncData) ? -1 : system.syncData($0) }
    calls.sync = { [self] in fails(isFolder($0) ? .syncFolder : .sync) ? -1 : system.sync($0) }
    calls.rename = { [self] in fails(.rename) ? -1 : system.rename($0, $1, $2) }
    return calls
  }
}

func isFolder(_ descriptor: Int32) -> Bool {
  var status = stat()
  return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

extension TemporaryFolder {
  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: file(name)))) }

  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}
