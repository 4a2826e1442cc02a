import DoorCore
import GPIO
import MainJobSupport
import Synchronization
import TestSupport
import Testing

/// Real lines of a real GPIO chip, through libgpiod.
@Suite(.enabled(if: GPIOSimulator.isAvailable, "\(GPIOSimulator.reason)"))
struct ChipLineTests {
  private func line(_ name: String, of chip: String, bias: LineSource.Bias = .asIs) -> LineSource {
    .chip(chip, line: name, bias: bias)
  }

  @Test("a line is found by its chip's label and its name, and every change is told once, in order")
  func changes() async throws {
    let chip = try GPIOSimulator(lines: ["spare", "front"])
    defer { chip.remove() }
    try await LineReports.watching(line("front", of: chip.label)) { line in
      try await eventually("the first level") { line.levels == [.low] }
      for high in [true, false, true] {
        let count = line.levels.count
        let before = MonotonicTime.now
        try chip.set("front", high: high)
        let after = MonotonicTime.now
        try await eventually("the change") { line.levels.count > count }
        // The kernel's time of the edge, and not that of its reading.
        #expect((before...after).contains(try #require(line.settlements.last).at))
      }
      #expect(line.levels == [.low, .high, .low, .high])
      #expect(line.causes == [.boot, .edge, .edge, .edge])
    }
  }

  @Test("a burst that ends where it began is nothing, one that ends elsewhere is one change")
  func bounce() async throws {
    let chip = try GPIOSimulator(lines: ["front"])
    defer { chip.remove() }
    try await LineReports.watching(line("0", of: chip.label), settleTime: .milliseconds(300)) { line in
      try await eventually("the first level") { line.levels.count == 1 }
      for high in [true, false, true, false] { try chip.set("front", high: high) }
      for high in [true, false, true] { try chip.set("front", high: high) }
      try await eventually("the change") { line.levels.count == 2 }
      #expect(line.levels == [.low, .high])
    }
  }

  @Test("a pull-up and a pull-down are asked of the chip")
  func bias() async throws {
    let chip = try GPIOSimulator(lines: ["up", "down"])
    defer { chip.remove() }
    for (name, bias, level) in [("up", LineSource.Bias.pullUp, LineLevel.high), ("down", .pullDown, .low)] {
      try await LineReports.watching(line(name, of: chip.label, bias: bias)) { line in
        try await eventually("the first level") { line.levels == [level] }
      }
    }
  }

  @Test("no such chip, no such line, and a line that another program has: each says what to do")
  func faults() async throws {
    let chip = try GPIOSimulator(lines: ["front"])
    defer { chip.remove() }
    try await LineReports.watching(line("front", of: "windows")) { line in
      try await eventually("the fault") { line.errors.first?.contains("gpiodetect") == true }
    }
    try await LineReports.watching(line("garage", of: chip.label)) { line in
      try await eventually("the fault") { line.errors.contains { $0.contains("gpioinfo") } }
    }
    try await LineReports.watching(line("front", of: chip.label)) { holder in
      try await eventually("the holder") { holder.levels.count == 1 }
      try await LineReports.watching(line("front", of: chip.label)) { line in
        try await eventually("the fault") {
          line.errors.contains { $0.contains("in use by \"door-agent\": end that program") }
        }
      }
    }
  }

  @Test("a line that was busy is taken up when it is free")
  func takenUp() async throws {
    let chip = try GPIOSimulator(lines: ["front"])
    defer { chip.remove() }
    let source = line("front", of: chip.label)
    let (held, hold) = AsyncStream.makeStream(of: Void.self)
    let (released, release) = AsyncStream.makeStream(of: Void.self)
    let holding = Task {
      try await LineReports.watching(source) { holder in
        try await eventually("the holder") { holder.levels.count == 1 }
        hold.finish()
        for await _ in released {}
      }
    }
    for await _ in held {}
    try await LineReports.watching(source) { line in
      try await eventually("the fault") { line.errors.contains { $0.contains("in use") } }
      release.finish()
      try await holding.value
      try await eventually("the level") { line.levels == [.low] }
    }
  }

  @Test("a chip that is unplugged is said, and its line is taken up again when it is back")
  func unplugged() async throws {
    let chip = try GPIOSimulator(lines: ["front"])
    defer { chip.remove() }
    try await LineReports.watching(line("front", of: chip.label)) { line in
      try await eventually("the first level") { line.levels == [.low] }
      try chip.unplug()
      try await eventually("the fault") { !line.errors.isEmpty }
      try chip.plugIn()
      try chip.set("front", high: true)
      try await eventually("the level") { line.levels.last == .high }
      try chip.set("front", high: false)
      try await eventually("the edge") { line.levels.last == .low }
    }
  }

  @Test("a line that changes without end is said to, once, and has a level again when it rests")
  func chatter() async throws {
    let chip = try GPIOSimulator(lines: ["front"])
    defer { chip.remove() }
    try await LineReports.watching(line("front", of: chip.label), settleTime: .milliseconds(200)) { line in
      try await eventually("the first level") { line.levels == [.low] }
      var isHigh = false
      let begin = ContinuousClock.now
      while line.chatterCount == 0 {
        guard ContinuousClock.now - begin < .seconds(60) else { throw TestSupportError("it is not said") }
        isHigh.toggle()
        try chip.set("front", high: isHigh)
        try await Task.sleep(for: .milliseconds(20))
      }
      try chip.set("front", high: true)
      try await eventually("the level") { line.levels.last == .high }
      #expect(line.chatterCount == 1)
    }
  }

  @Test("where the kernel drops edges the level is right, and libgpiod 2 tells how many")
  func dropped() async throws {
    let chip = try GPIOSimulator(lines: ["front"])
    defer { chip.remove() }
    try await LineReports.watching(line("front", of: chip.label)) { line in
      try await eventually("the first level") { line.levels == [.low] }
      line.hold()
      try chip.set("front", high: true)
      try await eventually("the watcher to be held") { line.levels.count == 2 }
      // More than the kernel keeps for anybody: 16 for libgpiod 1, 64 as we ask of 2.
      for number in 1...201 { try chip.set("front", high: number % 2 == 0) }
      line.letGo()
      try await eventually("the level") { line.levels.last == .low }
      if GPIOChip.libraryVersion.hasPrefix("1.") {
        #expect(line.missed == 0, "nobody counts")
      } else {
        #expect(line.missed == 201 - 64)
      }
    }
  }

  @Test("the chips and their lines are listed with what they are used for")
  func listed() async throws {
    let chip = try GPIOSimulator(lines: ["front", "spare"])
    defer { chip.remove() }
    try await LineReports.watching(line("front", of: chip.label, bias: .pullUp)) { line in
      try await eventually("the first level") { line.levels.count == 1 }
      let found = try #require(GPIOChip.all.first { $0.label == chip.label })
      #expect(found.path.hasPrefix("/dev/gpiochip") && found.lineCount == 2)
      let lines = try found.lines()
      #expect(lines.map(\.name) == ["front", "spare"] && lines.map(\.offset) == [0, 1])
      #expect(lines.map(\.isUsed) == [true, false] && lines.map(\.isOutput) == [false, false])
      #expect(lines.map(\.consumer) == ["door-agent", nil])
      #expect(lines.first?.bias == .pullUp)
    }
  }

  @Test("lines that stay are not let go of when others come and go: no edge of theirs is lost")
  func change() async throws {
    let chip = try GPIOSimulator(lines: ["front", "back"])
    defer { chip.remove() }
    let edges = Mutex(0)
    func watched(_ names: String...) throws -> [WatchedLine] {
      try names.map { name in
        WatchedLine(
          name: LineName(door: try Identifier(name)), source: line(name, of: chip.label),
          settleTime: .milliseconds(20))
      }
    }
    // Not found at once while another test's chip goes, it is tried again.
    let watcher = LineWatcher(lines: try watched("front"), checkPeriod: .seconds(1))
    let isRead = Atomic(false)
    let watching = Task {
      try await watcher.run { name, _, _ in
        if name.door.description == "front" { edges.withLock { $0 += 1 } }
      } report: { _, report in
        if case .settled = report { isRead.store(true, ordering: .relaxed) }
      }
    }
    defer { watching.cancel() }
    try await eventually("the first level") { isRead.load(ordering: .relaxed) }
    for round in 1...20 {
      watcher.change(
        lines: round % 2 == 0 ? try watched("front") : try watched("back", "front"),
        checkPeriod: .seconds(3_600))
      // One after the other: two that the simulated chip's interrupt has not taken yet are one to the kernel itself.
      for number in 1...10 {
        try chip.set("front", high: number % 2 == 1)
        try await eventually("edge \(number) of round \(round)") {
          edges.withLock { $0 } >= (round - 1) * 10 + number
        }
      }
    }
    #expect(edges.withLock { $0 } == 200)
    watching.cancel()
    try await watching.value
  }

  @Test("an output is off when it is taken, follows what it is set to, and belongs to one program only")
  func output() throws {
    let chip = try GPIOSimulator(lines: ["siren", "lamp"])
    defer { chip.remove() }
    let siren = OutputSource.chip(chip.label, line: "siren", activeLevel: .high)
    let lamp = OutputSource.chip(chip.label, line: "1", activeLevel: .low)
    let (high, low) = (try siren.open(), try lamp.open())
    #expect(try [chip.isHigh("siren"), chip.isHigh("lamp")] == [false, true])
    try high.set(isOn: true)
    try low.set(isOn: true)
    #expect(try [chip.isHigh("siren"), chip.isHigh("lamp")] == [true, false])
    try high.set(isOn: false)
    try low.set(isOn: false)
    #expect(try [chip.isHigh("siren"), chip.isHigh("lamp")] == [false, true])
    let error = #expect(throws: LineError.self) { try siren.open() }
    #expect(error?.description.contains("in use by \"door-agent\"") == true)
    let missing = #expect(throws: LineError.self) {
      try OutputSource.chip(chip.label, line: "bell", activeLevel: .high).open()
    }
    #expect(missing?.description.contains("has no line \"bell\"") == true)
    withExtendedLifetime((high, low)) {}
  }
}
