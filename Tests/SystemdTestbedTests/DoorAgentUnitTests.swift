import DoorCore
import Foundation
import MainJobSupport
import TestSupport
import Testing

extension SystemdTestbedTests {
  /// `deploy/systemd/door-agent.service`.
  @Suite struct DoorAgentUnitTests {
    @Test("it has started once its lines are read, with no broker, and says how it stands")
    func starts() async throws {
      try await Machine.with { machine in
        let agent = machine.agent
        #expect(try await agent.start().status == 0)
        // It has its line by now, and not just soon.
        #expect(try machine.lineConsumer == "door-agent")
        #expect(try await agent.shows("ActiveState") == "active")
        try await eventually("the door and the broker in the status") {
          let status = try await agent.shows("StatusText")
          return status.hasPrefix("front closed; broker: ") && !status.hasSuffix(" connected")
        }
        try machine.set("open")
        try await eventually("the door in the status") {
          try await agent.shows("StatusText").hasPrefix("front open; broker: ")
        }
        try await machine.broker.start()
        try await agent.comesToShow("StatusText", "front open; broker: connected")
      }
    }

    @Test("as nobody in particular, with no rights but the chip, it sees the door move and tells the broker")
    func sandbox() async throws {
      try await Machine.with { machine in
        #expect(try await shell("stat -c '%U %G %a' /dev/gpiochip0") == "root gpio 660\n")
        try await machine.broker.start()
        try await machine.agent.start()
        let process = try await machine.agent.processStatus()
        let user = try #require(process["Uid"]?.split(separator: " ").first.flatMap { Int($0) })
        #expect((61_184...65_519).contains(user), "a dynamic user")
        let gpio = try await shell("getent group gpio | cut -d : -f 3").trimmingCharacters(in: .newlines)
        #expect(try #require(process["Groups"]).split(separator: " ").contains { $0 == gpio })
        #expect(process["CapEff"] == "0000000000000000" && process["CapBnd"] == "0000000000000000")
        #expect(process["NoNewPrivs"] == "1" && process["Seccomp"] == "2")

        let closed = try await DoorTopics.sees(.closed)
        #expect(closed.sequence == 1 && closed.cause == .boot)
        try machine.set("open")
        let open = try await DoorTopics.sees(.open)
        #expect(open.sequence == 2 && open.cause == .edge && !open.simulated)
        // Which run of the machine this is may be read too.
        #expect(try await shell("cat /proc/sys/kernel/random/boot_id").hasPrefix(open.boot))
      }
    }

    @Test("out of its sandbox it sees whether the machine's clock is synchronised")
    func clock() async throws {
      try await Machine.with { machine in
        defer { MachineClock.set(isSynchronised: false) }
        MachineClock.set(isSynchronised: false)
        try await machine.broker.start()
        try await machine.agent.start()
        #expect(try await DoorTopics.sees(.closed).clock == .unsynced)
        MachineClock.set(isSynchronised: true)
        try machine.set("open")
        #expect(try await DoorTopics.sees(.open).clock == .synced)
      }
    }

    @Test("its journal is in its state folder, outlives a restart, and the count goes on")
    func restart() async throws {
      try await Machine.with { machine in
        try await machine.broker.start()
        try await machine.agent.start()
        try machine.set("open")
        let open = try await DoorTopics.sees(.open)
        let files = try await shell("ls /var/lib/private/dooralarm/agent")
        #expect(files.split(separator: "\n").contains("journal.sqlite"))
        #expect(try await shell("readlink /var/lib/dooralarm/agent").hasSuffix("private/dooralarm/agent\n"))

        try await machine.agent.restart()
        try await machine.agent.says("door front is still open")
        try machine.set("closed")
        let closed = try await DoorTopics.sees(.closed)
        #expect(closed.journal == open.journal)
        #expect(closed.sequence == open.sequence + 1)
      }
    }

    @Test("killed while the broker is away, it is started again, and what it had seen comes in order")
    func killed() async throws {
      try await Machine.with { machine in
        let (agent, broker) = (machine.agent, machine.broker)
        try await broker.start()
        let subscription = try DoorTopics.Subscription()
        try await subscription.isMade()
        try await agent.start()
        try await DoorTopics.sees(.closed)
        try await broker.stop()
        for (state, sequence) in [("open", 2), ("closed", 3), ("open", 4)] {
          try machine.set(state)
          try await agent.says("door front is \(state) seq=\(sequence)")
        }
        try await agent.kill()
        try await agent.comesToShow("NRestarts", "1")
        try await agent.comesToShow("ActiveState", "active")
        try await broker.start()
        try await eventually("the last of it") { try subscription.transitions.last?.sequence == 4 }
        let told = try subscription.transitions
        #expect(told.map(\.state) == [.closed, .open, .closed, .open])
        #expect(told.map(\.sequence) == [1, 2, 3, 4])
        #expect(Set(told.map(\.journal)).count == 1)
        #expect(try await agent.shows("NRestarts") == "1")
      }
    }

    @Test("asked to stop it ends in good order, and says so to whoever watches it")
    func stops() async throws {
      try await Machine.with { machine in
        try await machine.broker.start()
        try await machine.agent.start()
        try await DoorTopics.seesAvailability("online")
        try await machine.agent.stop()
        #expect(try await machine.agent.shows("Result") == "success")
        // That it exited, and was not killed.
        #expect(try await machine.agent.shows("ExecMainCode") == "1")
        #expect(try await machine.agent.shows("ExecMainStatus") == "0")
        try await DoorTopics.seesAvailability("offline")
      }
    }

    @Test("while it lives systemd hears of it; one that only exists is ended and started again")
    func watchdog() async throws {
      try await Machine.with { machine in
        // The unit's own minute is long for a test.
        try await shell(
          """
          mkdir -p /run/systemd/system/door-agent.service.d
          printf '[Service]\\nWatchdogSec=5\\n' > /run/systemd/system/door-agent.service.d/watchdog.conf
          systemctl daemon-reload
          """)
        let agent = machine.agent
        try await machine.broker.start()
        try await agent.start()
        var signs: Set<String> = []
        try await eventually("signs of life") {
          signs.insert(try await agent.shows("WatchdogTimestampMonotonic"))
          return signs.count > 3
        }
        #expect(try await agent.shows("NRestarts") == "0")
        try await agent.kill("STOP")
        try machine.set("open")
        try await agent.comesToShow("NRestarts", "1")
        try await agent.comesToShow("ActiveState", "active")
        try await DoorTopics.sees(.open)
        try await shell("rm -r /run/systemd/system/door-agent.service.d; systemctl daemon-reload")
      }
    }

    @Test("a reload takes up other settings and refuses faulty ones, in the same process")
    func reload() async throws {
      try await Machine.with { machine in
        let agent = machine.agent
        try await machine.broker.start()
        try await agent.start()
        try await agent.comesToShow("StatusText", "front closed; broker: connected")
        let process = try await agent.shows("MainPID")
        try machine.write(
          machine.agentSettings.replacing("id = \"front\"", with: "id = \"porch\""), to: "agent.toml")
        try await agent.reload()
        try await agent.comesToShow("StatusText", "porch closed; broker: connected")
        try await agent.comesToShow("ActiveState", "active")
        try machine.write("nonsense", to: "agent.toml")
        try await agent.reload()
        #expect(try await agent.says("the settings stay as they were: ").priority == "3")
        try await agent.comesToShow("ActiveState", "active")
        try machine.set("open")
        try await agent.comesToShow("StatusText", "porch open; broker: connected")
        #expect(try await agent.shows("MainPID") == process)
        #expect(try await agent.shows("NRestarts") == "0")
      }
    }

    @Test("refused settings end it for good, with the reason as an error in the journal")
    func refusedSettings() async throws {
      try await Machine.with { machine in
        let agent = machine.agent
        try machine.write(machine.agentSettings.replacing("debounce_ms", with: "debounce"), to: "agent.toml")
        #expect(try await agent.start().status != 0)
        #expect(try await agent.shows("ActiveState") == "failed")
        #expect(try await agent.shows("ExecMainStatus") == "78")
        #expect(try await agent.shows("NRestarts") == "0")
        #expect(try await agent.says("door-agent: /etc/dooralarm/agent.toml:").priority == "3")

        try machine.write(machine.agentSettings, to: "agent.toml")
        #expect(try await agent.start().status == 0)
      }
    }

    @Test("systemd's journal has its messages by their weight, and no complaint while all is well")
    func journald() async throws {
      try await Machine.with { machine in
        try await machine.broker.start()
        try await machine.agent.start()
        try await machine.agent.says("connected")
        #expect(try await machine.agent.says("door front is closed seq=1").priority == "6")
        #expect(try await machine.agent.complaints().isEmpty)

        try await machine.agent.stop()
        try machine.write(
          machine.agentSettings.replacing("chip = \"\(machine.chip.label)\"", with: "chip = \"windows\""),
          to: "agent.toml")
        try await machine.agent.start()
        #expect(try await machine.agent.says("agent house watches 1 doors").priority == "5")
        #expect(try await machine.agent.says("door front is unknown: there is no GPIO chip").priority == "3")
        #expect(try await machine.agent.says("door front is unknown seq=2").priority == "6")
        #expect(try await !machine.agent.messages().contains { $0.text.hasPrefix("<") })
      }
    }

    @Test("systemd finds nothing to complain of in the unit, and little that it is exposed to")
    func exposure() async throws {
      try await Machine.with { machine in
        try await machine.agent.isWellFormed(exposureAtMost: 2.5)
      }
    }
  }
}
