import CLinux
import DoorCore
import Glibc

/// The watcher's thread. Everything in it belongs to that thread.
final class WatchLoop {
  /// A line, its debouncer and, while it can be read, the line held open.
  private struct Watch {
    var line: WatchedLine
    var held: (any SensedLine)?
    var debouncer: Debouncer
    /// Edges that the kernel has dropped and nobody has been told of.
    var missed = 0

    init(_ line: WatchedLine) {
      self.line = line
      debouncer = Debouncer(settleTime: line.settleTime)
    }
  }

  private static let wakeKey = -1
  private static let afterwardsPause = Duration.milliseconds(2)

  private let epoll: Int32
  private let wake: Int32
  private let observe: ((LineName, LineLevel, MonotonicTime) -> Void)?
  private let moves: (() -> Void)?
  private let report: (LineName, LineReport) -> Void
  private let afterwards: ((LineName, LineReport) -> Void)?
  /// What was reported and is to be told of afterwards, in order, and when: what comes in two milliseconds at most.
  private var reported: [(name: LineName, report: LineReport)] = []
  private var afterwardsDue: MonotonicTime?
  /// By a number of each one's own, under which epoll knows it.
  private var watches: [Int: Watch] = [:]
  private var lastKey = 0

  init(
    wake: Int32, observe: ((LineName, LineLevel, MonotonicTime) -> Void)?, moves: (() -> Void)?,
    report: @escaping (LineName, LineReport) -> Void, afterwards: ((LineName, LineReport) -> Void)?
  ) throws(LineError) {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw .unreadable(line: "epoll", reason: String(cString: strerror(errno))) }
    self.wake = wake
    self.observe = observe
    self.moves = moves
    self.report = report
    self.afterwards = afterwards
    add(wake, key: Self.wakeKey)
  }

  deinit {
    close(epoll)
  }

  /// Watches what the plan says until that says to stop. It is asked at the start and whenever the loop is woken.
  func run(_ plan: () -> LineWatcher.Plan) {
    // Linux lets every wait end 50 µs late, so as to wake for several at once. Where it cannot be told, it does.
    _ = set_timer_slack(1)
    var current = plan()
    take(current.lines)
    var nextCheck = MonotonicTime.now
    while !current.isStopped {
      current.question?()
      current.question = nil
      var now = MonotonicTime.now
      if now >= nextCheck {
        checkEveryLevel(at: now)
        nextCheck = now.advanced(by: current.checkPeriod)
        now = .now
      }
      if settleWhatIsDue(at: now) { now = .now }
      tellAfterwards(at: now)
      let deadlines = watches.values.compactMap(\.debouncer.deadline) + [afterwardsDue].compactMap(\.self)
      if wait(from: now, until: deadlines.reduce(nextCheck, min)) {
        let before = current
        current = plan()
        guard current.version != before.version else { continue }
        take(current.lines)
        nextCheck = .now
      }
    }
    tellAfterwards(at: nil)
  }

  /// Goes on with the lines that were there before, and lets go of those that are not any more.
  private func take(_ lines: [WatchedLine]) {
    let before = watches
    watches = [:]
    for line in lines {
      let known = before.first { $0.value.line.name == line.name && $0.value.line.source == line.source }
      if let key = known?.key, var watch = known?.value {
        watch.line = line
        watch.debouncer.settleTime = line.settleTime
        watches[key] = watch
      } else {
        lastKey += 1
        watches[lastKey] = Watch(line)
      }
    }
  }

  // MARK: Waiting

  private func add(_ descriptor: Int32, key: Int) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = UInt64(bitPattern: Int64(key))
    epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
  }

  /// Reads the edges that arrive until `deadline`; true when the loop is woken to look at its plan.
  private func wait(from now: MonotonicTime, until deadline: MonotonicTime) -> Bool {
    var events = [epoll_event](repeating: epoll_event(), count: watches.count + 1)
    let count = wait(&events, for: max(deadline.elapsed(since: now), .zero))
    var isWoken = false
    for event in events.prefix(Int(max(count, 0))) {
      let key = Int(Int64(bitPattern: event.data.u64))
      if key == Self.wakeKey {
        var value: eventfd_t = 0
        eventfd_read(wake, &value)
        isWoken = true
      } else {
        readEdges(of: key)
      }
    }
    return isWoken
  }

  private func wait(_ events: inout [epoll_event], for time: Duration) -> Int32 {
    let capacity = Int32(events.count)
    var timeout = timespec(
      tv_sec: Int(time.components.seconds), tv_nsec: Int(time.components.attoseconds / 1_000_000_000))
    let count = epoll_pwait2(epoll, &events, capacity, &timeout, nil)
    guard count < 0, errno == ENOSYS else { return count }
    // Before Linux 5.11 there are whole milliseconds only; rounded up, as waking before the deadline would only
    // mean waiting again.
    return epoll_wait(
      epoll, &events, capacity, Int32(clamping: (time.wholeNanoseconds + 999_999) / 1_000_000))
  }

  // MARK: Reading

  private func readEdges(of key: Int) {
    guard let held = watches[key]?.held else { return }
    let hasRested = watches[key]?.debouncer.deadline == nil
    do throws(LineError) {
      for edge in try held.readEdges() {
        watches[key]?.missed += edge.missed
        if let observe, let name = watches[key]?.line.name { observe(name, edge.level, edge.time) }
        tell(key, watches[key]?.debouncer.edge(to: edge.level, at: edge.time))
      }
    } catch {
      lose(key, error)
    }
    if hasRested, watches[key]?.debouncer.deadline != nil { moves?() }
  }

  /// Returns whether there was anything.
  private func settleWhatIsDue(at now: MonotonicTime) -> Bool {
    var due: [Int] = []
    for (key, watch) in watches {
      if let deadline = watch.debouncer.deadline, deadline <= now { due.append(key) }
    }
    for key in due.sorted() { readLevel(of: key, at: now) }
    return !due.isEmpty
  }

  private func checkEveryLevel(at now: MonotonicTime) {
    for key in watches.keys.sorted() {
      if watches[key]?.held == nil { open(key) }
      readLevel(of: key, at: now)
    }
  }

  /// - Parameter now: before the level is read: an edge between them then restarts the settle time, and the level,
  ///   which can be the one before it, is not taken for the one after it.
  private func readLevel(of key: Int, at now: MonotonicTime) {
    guard let held = watches[key]?.held else { return }
    do throws(LineError) {
      let level = try held.level()
      // An edge that came between is already in the queue; it tells what had settled before it, which the
      // level just read does not.
      if held.hasEdges { readEdges(of: key) }
      guard watches[key]?.held != nil else { return }
      tell(key, watches[key]?.debouncer.read(level, at: now))
    } catch {
      lose(key, error)
    }
  }

  private func tell(_ key: Int, _ findings: [Debouncer.Finding]?) {
    guard let name = watches[key]?.line.name else { return }
    for finding in findings ?? [] {
      switch finding {
      case .settled(let settlement):
        tell(name, .settled(settlement, missed: watches[key]?.missed ?? 0))
        watches[key]?.missed = 0
      case .chatters(let at): tell(name, .chatters(at: at))
      }
    }
  }

  private func tell(_ name: LineName, _ report: LineReport) {
    self.report(name, report)
    if afterwards != nil { reported.append((name, report)) }
  }

  /// - Parameter now: nil tells everything.
  private func tellAfterwards(at now: MonotonicTime?) {
    guard !reported.isEmpty else { return }
    if let now {
      let due = afterwardsDue ?? now.advanced(by: Self.afterwardsPause)
      afterwardsDue = due
      guard now >= due else { return }
    }
    afterwardsDue = nil
    let told = reported
    reported = []
    for (name, report) in told { afterwards?(name, report) }
  }

  // MARK: Losing and taking up

  private func open(_ key: Int) {
    guard let line = watches[key]?.line else { return }
    do throws(LineError) {
      let held = try line.source.open()
      watches[key] = Watch(line)
      watches[key]?.held = held
      add(held.descriptor, key: key)
    } catch {
      lose(key, error)
    }
  }

  private func lose(_ key: Int, _ error: LineError) {
    guard let line = watches[key]?.line else { return }
    // Closing the line takes its descriptor out of epoll.
    watches[key] = Watch(line)
    tell(line.name, .unavailable(error, at: .now))
  }
}

extension SensedLine {
  /// Whether edges wait to be read.
  fileprivate var hasEdges: Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) > 0
  }
}
