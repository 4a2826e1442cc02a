import CLinux
package import DoorCore
import Glibc

/// One line to watch, under the name of its door.
package struct WatchedLine: Sendable {
  package var door: Identifier
  package var source: LineSource
  package var settleTime: Duration

  package init(door: Identifier, source: LineSource, settleTime: Duration) {
    self.door = door
    self.source = source
    self.settleTime = settleTime
  }
}

/// What the watcher tells of a line.
package enum LineReport: Sendable, Equatable {
  case settled(Debouncer.Settlement)
  /// The line cannot be read (any more); it is tried again with every check.
  case unavailable(LineError, at: MonotonicTime)
}

/// Waits in epoll for the edges of all lines, debounces them, and reads every level from time to time,
/// because kernels drop edges.
package struct LineWatcher: Sendable {
  private let lines: [WatchedLine]
  private let checkPeriod: Duration

  package init(lines: [WatchedLine], checkPeriod: Duration) {
    self.lines = lines
    self.checkPeriod = checkPeriod
  }

  /// Watches until the task is cancelled. `report` is called on the watcher's own thread, so that neither a
  /// busy thread pool nor a slow disk delays the reading of an edge; it must not block.
  ///
  /// - Throws: where the kernel has no descriptor or thread left for waiting.
  package func run(report: @escaping @Sendable (Identifier, LineReport) -> Void) async throws(LineError) {
    let stop = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard stop >= 0 else {
      throw .unreadable(line: "eventfd", reason: String(cString: strerror(errno)))
    }
    defer { close(stop) }
    let outcome: Result<Void, LineError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isStarted = DedicatedThread.start {
          continuation.resume(
            returning: Result { () throws(LineError) in
              let loop = try WatchLoop(lines: lines, checkPeriod: checkPeriod, stop: stop, report: report)
              loop.run()
            })
        }
        if !isStarted {
          continuation.resume(
            returning: .failure(.unreadable(line: "every line", reason: "the system has no thread left")))
        }
      }
    } onCancel: {
      eventfd_write(stop, 1)
    }
    try outcome.get()
  }
}

/// The watcher's thread. Everything in it belongs to that thread.
private final class WatchLoop {
  /// A line, its debouncer and, while it can be read, the line held open.
  private struct Watch {
    let line: WatchedLine
    var held: (any SensedLine)?
    var debouncer: Debouncer
  }

  private let epoll: Int32
  private let stop: Int32
  private let checkPeriod: Duration
  private let report: (Identifier, LineReport) -> Void
  private var watches: [Watch]

  init(
    lines: [WatchedLine], checkPeriod: Duration, stop: Int32,
    report: @escaping (Identifier, LineReport) -> Void
  ) throws(LineError) {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw .unreadable(line: "epoll", reason: String(cString: strerror(errno))) }
    self.stop = stop
    self.checkPeriod = checkPeriod
    self.report = report
    watches = lines.map { Watch(line: $0, debouncer: Debouncer(settleTime: $0.settleTime)) }
    add(stop, index: -1)
  }

  deinit {
    close(epoll)
  }

  func run() {
    var nextCheck = MonotonicTime.now
    while true {
      let now = MonotonicTime.now
      if now >= nextCheck {
        checkEveryLevel()
        nextCheck = now.advanced(by: checkPeriod)
      }
      settleWhatIsDue()
      guard
        wait(until: watches.compactMap(\.debouncer.deadline).min().map { min($0, nextCheck) } ?? nextCheck)
      else { return }
    }
  }

  // MARK: Waiting

  private func add(_ descriptor: Int32, index: Int) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = UInt64(bitPattern: Int64(index))
    epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
  }

  /// Reads the edges that arrive until `deadline`; false when the watcher is to stop.
  private func wait(until deadline: MonotonicTime) -> Bool {
    let remaining = max(deadline.elapsed(since: .now), .zero)
    // Rounded up: waking before the deadline would only mean waiting again.
    let milliseconds = Int32(clamping: (remaining.wholeNanoseconds + 999_999) / 1_000_000)
    var events = [epoll_event](repeating: epoll_event(), count: watches.count + 1)
    let count = epoll_wait(epoll, &events, Int32(events.count), milliseconds)
    for event in events.prefix(Int(max(count, 0))) {
      let index = Int(Int64(bitPattern: event.data.u64))
      if index < 0 { return false }
      readEdges(of: index)
    }
    return true
  }

  // MARK: Reading

  private func readEdges(of index: Int) {
    guard let held = watches[index].held else { return }
    do throws(LineError) {
      for edge in try held.readEdges() {
        tell(index, watches[index].debouncer.edge(to: edge.level, at: edge.time))
      }
    } catch {
      lose(index, error)
    }
  }

  private func settleWhatIsDue() {
    for index in watches.indices {
      guard let deadline = watches[index].debouncer.deadline, deadline <= .now else { continue }
      readLevel(of: index)
    }
  }

  private func checkEveryLevel() {
    for index in watches.indices {
      if watches[index].held == nil { open(index) }
      readLevel(of: index)
    }
  }

  private func readLevel(of index: Int) {
    guard let held = watches[index].held else { return }
    do throws(LineError) {
      // The time before the level: an edge between them then restarts the settle time, and the level, which
      // can be the one before it, is not taken for the one after it.
      let now = MonotonicTime.now
      let level = try held.level()
      // An edge that came between is already in the queue; it tells what had settled before it, which the
      // level just read does not.
      if held.hasEdges { readEdges(of: index) }
      guard watches[index].held != nil else { return }
      tell(index, watches[index].debouncer.read(level, at: now))
    } catch {
      lose(index, error)
    }
  }

  private func tell(_ index: Int, _ settlement: Debouncer.Settlement?) {
    guard let settlement else { return }
    report(watches[index].line.door, .settled(settlement))
  }

  // MARK: Losing and taking up

  private func open(_ index: Int) {
    do throws(LineError) {
      let held = try watches[index].line.source.open()
      watches[index].held = held
      watches[index].debouncer = Debouncer(settleTime: watches[index].line.settleTime)
      add(held.descriptor, index: index)
    } catch {
      lose(index, error)
    }
  }

  private func lose(_ index: Int, _ error: LineError) {
    // Closing the line takes its descriptor out of epoll.
    watches[index].held = nil
    watches[index].debouncer = Debouncer(settleTime: watches[index].line.settleTime)
    report(watches[index].line.door, .unavailable(error, at: .now))
  }
}

extension SensedLine {
  /// Whether edges wait to be read.
  fileprivate var hasEdges: Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) > 0
  }
}
