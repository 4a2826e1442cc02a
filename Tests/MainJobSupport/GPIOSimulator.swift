import Foundation
import Glibc
import TestSupport

/// A GPIO chip of the kernel's gpio-sim, which the testbed's guest has.
package final class GPIOSimulator {
  private static let root = "/sys/kernel/config/gpio-sim"

  /// What there is to say where there is none.
  package static let reason = "it needs a kernel with gpio-sim: Tests/Testbed/run"

  /// Whether this machine can make such chips.
  package static var isAvailable: Bool { FileManager.default.fileExists(atPath: root) }

  /// The chip's label; every chip has its own, so that tests can run side by side.
  package let label: String
  private let lines: [String]
  private let folder: String
  private var device = ""
  private var isLive = false

  /// Makes a chip with one line for each name.
  package init(lines: [String]) throws {
    label = "doors-\(UInt32.random(in: 0...UInt32.max))"
    self.lines = lines
    folder = "\(Self.root)/\(label)"
    try FileManager.default.createDirectory(atPath: "\(folder)/bank0", withIntermediateDirectories: true)
    try Self.write("\(lines.count)", to: "\(folder)/bank0/num_lines")
    try Self.write(label, to: "\(folder)/bank0/label")
    for (offset, name) in lines.enumerated() {
      mkdir("\(folder)/bank0/line\(offset)", 0o755)
      try Self.write(name, to: "\(folder)/bank0/line\(offset)/name")
    }
    try plugIn()
  }

  /// Makes the chip appear.
  package func plugIn() throws {
    try Self.write("1", to: "\(folder)/live")
    isLive = true
    device =
      "/sys/devices/platform/\(try Self.read("\(folder)/dev_name"))/\(try Self.read("\(folder)/bank0/chip_name"))"
  }

  /// Makes the chip disappear, as an unplugged adapter does.
  package func unplug() throws {
    try Self.write("0", to: "\(folder)/live")
    isLive = false
  }

  /// Sets the level that the line of this name reads.
  package func set(_ line: String, high: Bool) throws {
    guard let offset = lines.firstIndex(of: line) else { throw TestSupportError("no line \(line)") }
    try Self.write(high ? "pull-up" : "pull-down", to: "\(device)/sim_gpio\(offset)/pull")
  }

  /// Whether the line of this name is high, also where a program drives it.
  package func isHigh(_ line: String) throws -> Bool {
    guard let offset = lines.firstIndex(of: line) else { throw TestSupportError("no line \(line)") }
    return try Self.read("\(device)/sim_gpio\(offset)/value") == "1"
  }

  /// Removes the chip.
  package func remove() {
    if isLive { try? unplug() }
    for offset in lines.indices { rmdir("\(folder)/bank0/line\(offset)") }
    rmdir("\(folder)/bank0")
    rmdir(folder)
  }

  /// One write system call: what sysfs and configfs want.
  private static func write(_ text: String, to path: String) throws {
    let file = open(path, O_WRONLY)
    guard file >= 0 else { throw TestSupportError("\(path): errno \(errno)") }
    defer { close(file) }
    guard Glibc.write(file, text, text.utf8.count) == text.utf8.count else {
      throw TestSupportError("\(path): \"\(text)\" refused, errno \(errno)")
    }
  }

  private static func read(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
