import Appliance
import Logging
import Synchronization
import TestSupport
import Testing

@Suite("The watchdog")
struct WatchdogTests {
  private func stage(_ name: String, answers: Bool = true) -> Watchdog.Stage {
    Watchdog.Stage(name) { stage in if answers { stage.answer() } }
  }

  private func running(
    _ stages: [Watchdog.Stage], _ body: (NotifySocket) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let socket = try NotifySocket(folder.file("notify"))
    let watchdog = try #require(
      Watchdog(
        stages: stages,
        serviceManager: ServiceManager(socketPath: folder.file("notify"), watchdogPeriod: .milliseconds(40)),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    let running = Task { try await watchdog.run() }
    defer { running.cancel() }
    try await body(socket)
  }

  @Test("says that the program is alive, again and again, while every stage answers")
  func alive() async throws {
    try await running([stage("one"), stage("two")]) { socket in
      for _ in 0..<3 {
        try await eventually("a sign of life") { socket.received() == "WATCHDOG=1" }
      }
    }
  }

  @Test("says nothing while one stage does not answer, and again when it does")
  func silent() async throws {
    let isAlive = Atomic(false)
    let asked = Atomic(0)
    let ill = Watchdog.Stage("ill") { stage in
      asked.add(1, ordering: .relaxed)
      if isAlive.load(ordering: .relaxed) { stage.answer() }
    }
    try await running([stage("well"), ill]) { socket in
      try await eventually("questions") { asked.load(ordering: .relaxed) > 5 }
      #expect(socket.received() == nil)
      isAlive.store(true, ordering: .relaxed)
      try await eventually("a sign of life") { socket.received() == "WATCHDOG=1" }
    }
  }

  @Test("is none where nobody wants to know")
  func unwanted() {
    let watchdog = Watchdog(
      stages: [stage("one")], serviceManager: ServiceManager(socketPath: nil),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    #expect(watchdog == nil)
  }
}
