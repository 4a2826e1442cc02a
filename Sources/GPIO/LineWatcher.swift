import CLinux
package import DoorCore
import Glibc
import Synchronization
import Threads

/// Which line of a door it is.
package struct LineName: Sendable, Hashable {
  package var door: Identifier
  package var role: DoorSensor.Role

  package init(door: Identifier, role: DoorSensor.Role = .contact) {
    self.door = door
    self.role = role
  }
}

/// One line to watch.
package struct WatchedLine: Sendable, Equatable {
  package var name: LineName
  package var source: LineSource
  package var settleTime: Duration

  package init(name: LineName, source: LineSource, settleTime: Duration) {
    self.name = name
    self.source = source
    self.settleTime = settleTime
  }
}

/// What the watcher tells of a line.
package enum LineReport: Sendable, Equatable {
  /// - Parameter missed: how many edges the kernel says it has dropped since the report before.
  case settled(Debouncer.Settlement, missed: Int)
  /// It changes without end; the next settlement ends that.
  case chatters(at: MonotonicTime)
  /// The line cannot be read (any more); it is tried again with every check.
  case unavailable(LineError, at: MonotonicTime)
}

/// Waits in epoll for the edges of all lines, debounces them, and reads every level from time to time,
/// because kernels drop edges.
package final class LineWatcher: Sendable {
  /// What is to be watched, and how the loop is told that this has changed.
  struct Plan {
    var lines: [WatchedLine]
    var checkPeriod: Duration
    /// Rises with every change of the two.
    var version = 0
    var isStopped = false
    /// Called by the loop, once.
    var question: (@Sendable () -> Void)?
    /// Wakes the loop, while it runs.
    var wake: Int32?
  }

  private let plan: Mutex<Plan>

  package init(lines: [WatchedLine], checkPeriod: Duration) {
    plan = Mutex(Plan(lines: lines, checkPeriod: checkPeriod))
  }

  /// Watches these lines from now on. One that was watched under the same name and from the same source before is
  /// not let go of, and loses no edge.
  package func change(lines: [WatchedLine], checkPeriod: Duration) {
    plan.withLock { plan in
      plan.lines = lines
      plan.checkPeriod = checkPeriod
      plan.version += 1
      if let wake = plan.wake { eventfd_write(wake, 1) }
    }
  }

  /// Has the watcher's thread call `answer` when it comes to that: that shows that it is alive. A question that was
  /// not answered yet is dropped.
  package func ask(_ answer: @escaping @Sendable () -> Void) {
    plan.withLock { plan in
      plan.question = answer
      if let wake = plan.wake { eventfd_write(wake, 1) }
    }
  }

  /// Watches until the task is cancelled; once. `report` is called on the watcher's own thread, so that neither a
  /// busy thread pool nor a slow disk delays the reading of an edge; it must not block.
  ///
  /// - Parameters:
  ///   - observe: called on the same thread with every edge as it comes, before it is debounced.
  ///   - moves: called on the same thread when a line that has rested begins to move, a settle time before what it
  ///     comes to is reported, if anything is: time in which to get ready for it.
  ///   - report: what has settled, and what is wrong.
  ///   - afterwards: called on the same thread with the same, two milliseconds later: whoever was woken by `report` has
  ///     had the processor until then, even if there is only one.
  /// - Throws: where the kernel has no descriptor or thread left for waiting.
  package func run(
    observe: (@Sendable (LineName, LineLevel, MonotonicTime) -> Void)? = nil,
    moves: (@Sendable () -> Void)? = nil,
    report: @escaping @Sendable (LineName, LineReport) -> Void,
    afterwards: (@Sendable (LineName, LineReport) -> Void)? = nil
  ) async throws(LineError) {
    let wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard wake >= 0 else {
      throw .unreadable(line: "eventfd", reason: String(cString: strerror(errno)))
    }
    plan.withLock { $0.wake = wake }
    defer {
      plan.withLock { $0.wake = nil }
      close(wake)
    }
    let outcome: Result<Void, LineError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isStarted = DedicatedThread.start("lines") {
          continuation.resume(
            returning: Result { () throws(LineError) in
              let loop = try WatchLoop(
                wake: wake, observe: observe, moves: moves, report: report, afterwards: afterwards)
              loop.run {
                self.plan.withLock { plan in
                  defer { plan.question = nil }
                  return plan
                }
              }
            })
        }
        if !isStarted {
          continuation.resume(
            returning: .failure(.unreadable(line: "every line", reason: "the system has no thread left")))
        }
      }
    } onCancel: {
      plan.withLock { $0.isStopped = true }
      eventfd_write(wake, 1)
    }
    try outcome.get()
  }
}
