import Foundation
import Synchronization
import TestSupport

@testable import MQTT

/// Follows what a disk must have and what it may have, and takes images of what it could have at a power cut.
final class ModelDisk: Sendable {
  struct Image: Hashable {
    var files: [String: [UInt8]]
    /// How many steps had been done.
    var steps: Int
  }

  private struct State {
    var generator: SeededGenerator
    var images: Set<Image> = []
    var steps = 0
    /// Files by their number, as programs see them and as they are on the disk.
    var seen: [UInt64: [UInt8]] = [:]
    var synced: [UInt64: [UInt8]] = [:]
    /// All tables of names since the folder was synced; the last is the one that programs see.
    var names: [[String: UInt64]] = [[:]]
  }

  private let state: Mutex<State>

  init(seed: UInt64) {
    state = Mutex(State(generator: SeededGenerator(seed: seed)))
  }

  var images: [Image] { state.withLock { Array($0.images) } }

  func stepIsDone() { state.withLock { $0.steps += 1 } }

  var calls: SessionFileCalls {
    let system = SessionFileCalls()
    var calls = system
    calls.write = { [self] descriptor, bytes, offset in
      let written = system.write(descriptor, bytes, offset)
      state.withLock { state in
        let file = Self.number(descriptor)
        if offset == 0 {
          // Only a new file is written from its beginning; its number may have been another's.
          (state.seen[file], state.synced[file]) = ([], [])
          Self.rename(&state) { $0["session.new"] = file }
        }
        state.seen[file] = (state.seen[file] ?? []).prefix(offset) + Array(bytes)
        Self.takeImages(&state)
      }
      return written
    }
    calls.truncate = { [self] descriptor, size in
      state.withLock { state in
        let file = Self.number(descriptor)
        state.seen[file] = Array((state.seen[file] ?? []).prefix(size))
        Self.takeImages(&state)
      }
      return system.truncate(descriptor, size)
    }
    calls.sync = { [self] descriptor in
      state.withLock { state in
        if isFolder(descriptor) {
          state.names.removeFirst(state.names.count - 1)
        } else {
          state.synced[Self.number(descriptor)] = state.seen[Self.number(descriptor)]
        }
        Self.takeImages(&state)
      }
      return 0
    }
    calls.syncData = calls.sync
    calls.rename = { [self] folder, from, to in
      state.withLock { state in
        Self.rename(&state) { $0[to] = $0.removeValue(forKey: from) }
        Self.takeImages(&state)
      }
      return system.rename(folder, from, to)
    }
    return calls
  }

  private static func number(_ descriptor: Int32) -> UInt64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
  }

  private static func rename(_ state: inout State, _ change: (inout [String: UInt64]) -> Void) {
    var names = state.names[state.names.count - 1]
    change(&names)
    state.names.append(names)
  }

  private static func takeImages(_ state: inout State) {
    for names in state.names {
      for variant in 0..<8 {
        let files = names.mapValues { file in
          let (seen, synced) = (state.seen[file] ?? [], state.synced[file] ?? [])
          return switch variant {
          case 0: seen
          case 1: synced
          default: torn(from: synced, to: seen, using: &state.generator)
          }
        }
        state.images.insert(Image(files: files, steps: state.steps))
      }
    }
  }

  /// Any length between the two, and of the sectors any old ones, any new ones and any that were never written.
  private static func torn(
    from old: [UInt8], to new: [UInt8], using generator: inout SeededGenerator
  ) -> [UInt8] {
    let lengths = min(old.count, new.count)...max(old.count, new.count)
    let length = generator.chance(50) ? new.count : Int.random(in: lengths, using: &generator)
    var bytes = [UInt8]()
    while bytes.count < length {
      let sector = bytes.count..<min(bytes.count + 512, length)
      let source = generator.chance(50) ? old : new
      bytes += sector.map { index in
        // What both have was synced, and writing it again does not change it.
        index < source.count ? source[index] : index < min(old.count, new.count) ? old[index] : 0
      }
    }
    return bytes
  }
}
