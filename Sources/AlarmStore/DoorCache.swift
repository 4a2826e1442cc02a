import DoorCore
import Synchronization

/// What was read of the doors, so that it is not read for every message: the store has one owner, and it is the only
/// one who writes. A transaction that fails has it forget everything.
final class DoorCache: Sendable {
  struct Door: Sendable {
    /// In the other tables.
    var number: Int64
    /// The newest transition.
    var record: Transition?
    /// The highest number that is known of the record's journal.
    var highest: Int64 = 0
  }

  private struct Contents {
    var doors: [DoorAddress: Door] = [:]
    var unreadable: Set<DoorAddress>?
  }

  /// Whoever may publish below the root can make doors; beyond so many all are forgotten, and read again.
  private static let limit = 20_000

  private let contents = Mutex(Contents())

  subscript(door: DoorAddress) -> Door? {
    get { contents.withLock { $0.doors[door] } }
    set {
      contents.withLock { contents in
        if contents.doors.count >= Self.limit, contents.doors[door] == nil { contents.doors = [:] }
        contents.doors[door] = newValue
      }
    }
  }

  /// nil where it was not read yet.
  var unreadable: Set<DoorAddress>? {
    get { contents.withLock { $0.unreadable } }
    set { contents.withLock { $0.unreadable = newValue } }
  }

  func forget() { contents.withLock { $0 = Contents() } }
}
