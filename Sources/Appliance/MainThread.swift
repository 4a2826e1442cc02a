import CLinux
import Glibc
import Synchronization

/// The first thread of a program whose tasks run on others: it hears signals until the program's work is done.
///
/// An asynchronous `main`, or a library's own way of hearing signals, would begin libdispatch's threads, which wake once
/// a second for as long as the program runs.
package struct MainThread: ~Copyable {
  /// What the system has refused at the start.
  package struct Refusal: Error, CustomStringConvertible {
    package let description: String

    init(of thing: String) {
      description = "the system has no \(thing) left for hearing signals: \(String(cString: strerror(errno)))"
    }
  }

  private let signals: Int32
  private let end: Int32

  /// From now on these signals end the program no more, but wait to be heard. To be made before any other thread, since
  /// threads take over what is blocked.
  package init(hearing signals: [Int32]) throws(Refusal) {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    self.signals = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    end = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard self.signals >= 0, end >= 0 else { throw Refusal(of: "descriptor") }
  }

  deinit {
    close(signals)
    close(end)
  }

  /// Runs `body` on `executor`, waits for its end, and throws what it throws.
  ///
  /// - Parameter hear: gets each signal that comes meanwhile.
  package func run(
    on executor: any TaskExecutor, _ body: @escaping @Sendable () async throws -> Void,
    hear: (Int32) -> Void = { _ in }
  ) throws {
    let outcome = Outcome()
    let end = end
    Task(executorPreference: executor) {
      do {
        try await body()
        outcome.result.withLock { $0 = .success(()) }
      } catch {
        outcome.result.withLock { $0 = .failure(error) }
      }
      eventfd_write(end, 1)
    }
    while true {
      var waiting = [signals, end].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      poll(&waiting, nfds_t(waiting.count), -1)
      if let result = outcome.result.withLock({ $0 }) { return try result.get() }
      while let signal = nextSignal() { hear(signal) }
    }
  }

  private func nextSignal() -> Int32? {
    var signal = signalfd_siginfo()
    let size = MemoryLayout.size(ofValue: signal)
    return read(signals, &signal, size) == size ? Int32(bitPattern: signal.ssi_signo) : nil
  }

  private final class Outcome: Sendable {
    let result = Mutex<Result<Void, any Error>?>(nil)
  }
}
