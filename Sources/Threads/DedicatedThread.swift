// Threads: those that wait in the kernel, so that no other has to.
import CLinux
import Glibc

/// A thread of its own for work that waits in the kernel.
package enum DedicatedThread {
  private final class Body {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
      self.run = run
    }
  }

  /// Returns false, and runs nothing, where the system has no thread left.
  ///
  /// - Parameter name: for whoever looks at the program's threads; 15 bytes at most.
  package static func start(_ name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(Body(run: run))
    let result = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard result == 0 else {
      body.release()
      return false
    }
    pthread_setname_np(thread, name)
    pthread_detach(thread)
    return true
  }
}
