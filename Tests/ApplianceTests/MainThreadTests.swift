import Appliance
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

@Suite("The main thread of a program")
struct MainThreadTests {
  private struct Trouble: Error {}

  private final class ThreadForEachJob: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      #expect(DedicatedThread.start("job") { job.runSynchronously(on: self.asUnownedTaskExecutor()) })
    }
  }

  private final class Record: Sendable {
    let heard = Mutex<[Int32]>([])
    let outcome = Mutex<Result<Void, any Error>?>(nil)
  }

  /// Runs `body` beside a thread that hears signals, as a program's first one does, and is told its number.
  private func running(
    hearing signals: [Int32], _ body: @escaping @Sendable (pthread_t, Record) async throws -> Void
  ) async throws -> Record {
    let record = Record()
    let isStarted = DedicatedThread.start("main") {
      let thread = pthread_self()
      let result = Result {
        try MainThread(hearing: signals).run(on: ThreadForEachJob()) {
          try await body(thread, record)
        } hear: { signal in
          record.heard.withLock { $0.append(signal) }
        }
      }
      record.outcome.withLock { $0 = result }
    }
    #expect(isStarted)
    try await eventually("the end") { record.outcome.withLock { $0 != nil } }
    return record
  }

  @Test("hears the signals that it is to hear, each one, while the work goes on")
  func signals() async throws {
    let record = try await running(hearing: [SIGUSR1, SIGUSR2]) { thread, record in
      for (number, signal) in [SIGUSR1, SIGUSR2, SIGUSR1].enumerated() {
        pthread_kill(thread, signal)
        try await eventually("the signal") { record.heard.withLock { $0.count == number + 1 } }
      }
    }
    #expect(record.heard.withLock { $0 } == [SIGUSR1, SIGUSR2, SIGUSR1])
    #expect(throws: Never.self) { try record.outcome.withLock { $0 }?.get() }
  }

  @Test("ends with what the work ends with")
  func failure() async throws {
    let record = try await running(hearing: []) { _, _ in throw Trouble() }
    #expect(throws: Trouble.self) { try record.outcome.withLock { $0 }?.get() }
  }
}
