import CLinux
import Glibc
import Synchronization

/// A thread of its own for an actor that waits in the kernel, such as for a disk, so that no other task has to.
///
/// In tasks that prefer it, actors that share it call one another without being suspended, and nothing changes the
/// thread. As many jobs wait as there are tasks. The thread ends when nobody holds the executor any more.
package final class SerialThread: SerialExecutor, TaskExecutor {
  private let queue: Queue

  /// Nil where the system has no descriptor or thread left.
  ///
  /// - Parameter name: of the thread; 15 bytes at most.
  package init?(_ name: String) {
    let wake = eventfd(0, Int32(EFD_CLOEXEC))
    guard wake >= 0 else { return nil }
    let queue = Queue(wake: wake)
    self.queue = queue
    guard DedicatedThread.start(name, { queue.run() }) else { return nil }
  }

  deinit {
    queue.close()
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    queue.append(UnownedJob(job), to: self)
  }
}

/// The thread's part, which outlives the executor for a moment.
private final class Queue: Sendable {
  private struct Contents {
    var jobs: [UnownedJob] = []
    /// The executor, while there are jobs, so that it is there when they run.
    var executor: SerialThread?
    var isAsleep = false
    var isClosed = false
  }

  private let contents = Mutex(Contents())
  private let wake: Int32

  init(wake: Int32) {
    self.wake = wake
  }

  deinit {
    Glibc.close(wake)
  }

  func append(_ job: UnownedJob, to executor: SerialThread) {
    change { contents in
      contents.jobs.append(job)
      contents.executor = executor
    }
  }

  func close() {
    change { $0.isClosed = true }
  }

  private func change(_ body: (inout Contents) -> Void) {
    let isToWake = contents.withLock { contents in
      body(&contents)
      defer { contents.isAsleep = false }
      return contents.isAsleep
    }
    if isToWake { eventfd_write(wake, 1) }
  }

  /// Runs jobs until the queue is closed.
  func run() {
    while let (jobs, executor) = next() {
      let serial = executor.asUnownedSerialExecutor()
      let preferred = executor.asUnownedTaskExecutor()
      for job in jobs { job.runSynchronously(isolatedTo: serial, taskExecutor: preferred) }
    }
  }

  /// The jobs that wait; sleeps while there are none. Nil when there will be none any more.
  private func next() -> ([UnownedJob], SerialThread)? {
    while true {
      let (jobs, executor, isClosed) = contents.withLock { contents in
        defer {
          contents.jobs = []
          contents.executor = nil
        }
        contents.isAsleep = contents.jobs.isEmpty
        return (contents.jobs, contents.executor, contents.isClosed)
      }
      if let executor { return (jobs, executor) }
      if isClosed { return nil }
      var count: eventfd_t = 0
      eventfd_read(wake, &count)
    }
  }
}
