import Glibc
import TestSupport
import Testing
import Threads

@Suite("The thread of an actor that waits in the kernel")
struct SerialThreadTests {
  /// Notes on which thread it works.
  private actor Worker {
    nonisolated let thread: SerialThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
    private(set) var numbers: [Int] = []

    init(thread: SerialThread) {
      self.thread = thread
    }

    func place() -> String { currentThread() }

    func note(_ number: Int) { numbers.append(number) }

    func note(_ number: Int, andLater later: Int, having other: Worker) async {
      numbers.append(number)
      await other.note(number)
      numbers.append(later)
    }
  }

  private func worker() throws -> Worker { Worker(thread: try #require(SerialThread("test"))) }

  @Test("runs all of the actor's work")
  func oneThread() async throws {
    let worker = try worker()
    let first = await worker.place()
    for _ in 0..<10 { #expect(await worker.place() == first) }
    #expect(try await self.worker().place() != first)
  }

  @Test("lets actors that share it call one another without being suspended, in tasks that prefer it")
  func shared() async throws {
    let thread = try #require(SerialThread("test"))
    let worker = Worker(thread: thread)
    let other = Worker(thread: thread)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask(executorPreference: thread) { for _ in 0..<500 { await worker.note(0) } }
      }
      group.addTask(executorPreference: thread) {
        for _ in 0..<500 { await worker.note(1, andLater: 2, having: other) }
      }
    }
    let numbers = await worker.numbers
    #expect(await other.numbers.count == 500)
    #expect(zip(numbers, numbers.dropFirst()).count { $0 == (1, 2) } == 500, "nothing came between")
  }

  @Test("runs the tasks that prefer it, and lets them use the actor without leaving it")
  func preference() async throws {
    let worker = try worker()
    let seen = await Task(executorPreference: worker.thread) {
      let before = currentThread()
      let within = await worker.place()
      return [before, within, currentThread()]
    }.value
    #expect(seen == Array(repeating: await worker.place(), count: 3))
  }

  @Test("loses nothing of what many tasks give it at a time")
  func manyTasks() async throws {
    let worker = try worker()
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<20 {
        group.addTask { for number in 0..<100 { await worker.note(task * 100 + number) } }
      }
    }
    let numbers = await worker.numbers
    #expect(numbers.sorted() == Array(0..<2_000))
    for task in 0..<20 {
      let own = numbers.filter { $0 / 100 == task }
      #expect(own == own.sorted(), "of one task, in its order")
    }
  }

  @Test("ends when nobody needs it any more")
  func end() async throws {
    var worker: Worker? = try worker()
    let place = try #require(await worker?.place())
    #expect(access(place, F_OK) == 0)
    worker = nil
    try await eventually("the end of the thread") { access(place, F_OK) != 0 }
  }
}

/// The thread's folder in /proc.
private func currentThread() -> String {
  var target = [CChar](repeating: 0, count: 64)
  let count = readlink("/proc/thread-self", &target, target.count)
  return "/proc/" + String(decoding: target.prefix(max(count, 0)).map(UInt8.init), as: UTF8.self)
}
