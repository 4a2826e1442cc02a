import NIOCore
import NIOPosix

/// Runs tasks on an event loop.
package final class EventLoopExecutor: TaskExecutor {
  private let eventLoop: any EventLoop

  init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

  /// Of an event loop that clients have.
  package static func ofClients() -> EventLoopExecutor {
    EventLoopExecutor(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
