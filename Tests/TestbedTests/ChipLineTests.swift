import DoorCore
import GPIO
import MainJobSupport
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
        try chip.set("front", high: high)
        try await eventually("the change") { line.levels.count > count }
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
}
