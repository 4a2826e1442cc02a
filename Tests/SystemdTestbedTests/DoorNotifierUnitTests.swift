import Foundation
import MainJobSupport
import TestSupport
import Testing

extension SystemdTestbedTests {
  /// `deploy/systemd/door-notifier.service`.
  @Suite struct DoorNotifierUnitTests {
    @Test("it raises the alarm of a door that opens, and knows of it after a restart")
    func alarm() async throws {
      try await Machine.with { machine in
        try await machine.broker.start()
        try await machine.notifier.start()
        try await machine.agent.start()
        try await seesDoor("closed", status: 0)
        #expect(try await doorctl("arm", "home").output == "Home is armed_away\n")
        try machine.set("open")
        #expect(try await machine.notifier.says("ALARM: front").priority == "2")
        try await seesDoor("open", status: 1)

        try await machine.notifier.restart()
        try await machine.notifier.says("connected")
        // Closed is the next transition, and no reason for another alarm.
        try machine.set("closed")
        try await seesDoor("closed", status: 0)
        #expect(try await !machine.notifier.messages().contains { $0.text.hasPrefix("ALARM") })
        #expect(try await doorctl("disarm", "home").output == "Home is disarmed\n")
        let files = try await shell("ls /var/lib/private/dooralarm/notifier")
        #expect(files.split(separator: "\n").contains("store.sqlite"))
      }
    }

    @Test("out of its sandbox it starts a program that tells people, and serves their links")
    func programs() async throws {
      try await Machine.with { machine in
        try await shell(
          """
          printf '#!/bin/sh\\necho "people: $DOORALARM_TITLE" >&2\\n' > /usr/local/bin/tell-people
          chmod 755 /usr/local/bin/tell-people
          """)
        try machine.write(
          machine.notifierSettings + """
            [[channel]]
            id = "people"
            type = "command"
            program = "/usr/local/bin/tell-people"
            [web]
            port = 8470
            url = "https://alarm.example"

            """, to: "notifier.toml")
        try await machine.broker.start()
        try await machine.notifier.start()
        try await machine.notifier.says("web server listens on")
        try await machine.agent.start()
        try await seesDoor("closed", status: 0)
        #expect(try await doorctl("arm", "home").status == 0)
        try machine.set("open")
        try await machine.notifier.says("people: ALARM: front")
        try await machine.notifier.says("channel people: delivered")
      }
    }

    @Test("it starts without complaint, is started again when it is killed, and stops in good order")
    func ends() async throws {
      try await Machine.with { machine in
        try await machine.broker.start()
        try await machine.notifier.start()
        try await machine.notifier.comesToShow("StatusText", "1 doors; broker: connected")
        #expect(try await machine.notifier.complaints().isEmpty)
        try await machine.notifier.kill()
        try await machine.notifier.comesToShow("NRestarts", "1")
        try await machine.notifier.comesToShow("ActiveState", "active")
        try await machine.notifier.says("connected")
        try await machine.notifier.stop()
        #expect(try await machine.notifier.shows("Result") == "success")
        #expect(try await machine.notifier.shows("ExecMainCode") == "1")
        #expect(try await machine.notifier.shows("ExecMainStatus") == "0")
      }
    }

    @Test("refused settings end it for good, with the reason as an error in the journal")
    func refusedSettings() async throws {
      try await Machine.with { machine in
        try machine.write("id = \"main\"\n", to: "notifier.toml")
        try await machine.notifier.start()
        try await machine.notifier.comesToShow("ActiveState", "failed")
        #expect(try await machine.notifier.shows("ExecMainStatus") == "78")
        #expect(try await machine.notifier.shows("NRestarts") == "0")
        #expect(
          try await machine.notifier.says("door-notifier: /etc/dooralarm/notifier.toml").priority == "3")
      }
    }

    @Test("systemd finds nothing to complain of in the unit, and little that it is exposed to")
    func exposure() async throws {
      try await Machine.with { machine in
        try await machine.notifier.isWellFormed(exposureAtMost: 2.0)
      }
    }

    private func doorctl(_ words: String...) async throws -> ProgramAnswer {
      try await ProgramAnswer.of(["/usr/local/bin/doorctl"] + words + ["--timeout", "30"])
    }

    private func seesDoor(_ state: String, status: Int32) async throws {
      try await eventually("doorctl's \(state)") {
        let answer = try await doorctl("state", "house/front")
        return answer.output.hasPrefix("house/front: \(state) since") && answer.status == status
      }
    }
  }
}
