import Foundation
import MainJobSupport
import TestSupport
import Testing

/// Whoever watches over the notifier from outside.
@Suite struct DeadManTests {
  @Test("hears that the notifier is alive, again and again, but not while it has no broker")
  func lifeSigns() async throws {
    try await Household.with { house in
      let watcher = try WebhookReceiver()
      defer { watcher.end() }
      try house.writeSettings(
        doors: [house.simulatedDoor("front")],
        notifierLines: "[dead_man]\nurl = '\(watcher.address)'\nperiod_s = 10\n")
      try house.notifier.start()
      try await house.notifier.says("guards 1 doors")
      try await Task.sleep(for: .seconds(1))
      #expect(watcher.requests.isEmpty, "it cannot do its work")
      try await house.broker.start()
      try await eventually("a sign of life") { watcher.requests.count == 1 }
      watcher.answer(503)
      try await house.notifier.says("the life sign was not heard, and somebody may be told")
      watcher.answer(200)
      try await house.notifier.says("the life sign is heard again")
      #expect(!house.notifier.log.contains(watcher.address))
    }
  }
}
