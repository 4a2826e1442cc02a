package import GPIO

/// What `door-agent lines` says: the machine's GPIO lines, what they are used for, and settings for a free one.
package struct LineListing: CustomStringConvertible {
  package var chips: [(chip: GPIOChip, lines: [GPIOChip.Line])]

  package init(chips: [(chip: GPIOChip, lines: [GPIOChip.Line])]) {
    self.chips = chips
  }

  /// The chips of this machine; one that has just gone has no lines.
  package init() {
    chips = GPIOChip.all.map { chip in
      do throws(LineError) { return (chip, try chip.lines()) } catch { return (chip, []) }
    }
  }

  package var description: String {
    guard !chips.isEmpty else {
      return """
        There is no GPIO chip that this user may open. The chips are /dev/gpiochip*; they belong to root, and on
        Raspberry Pi OS to the group gpio.
        """
    }
    var blocks = chips.map { chip, lines in
      let width = lines.map { $0.name?.count ?? 0 }.max() ?? 0
      let rows = lines.map { line in
        let offset = String(repeating: " ", count: max(0, 4 - "\(line.offset)".count)) + "\(line.offset)"
        let name = (line.name ?? "").padded(to: width)
        return "\(offset)  \(name)  \(line.use)"
      }
      return (["\(chip.path) \"\(chip.label)\", \(chip.lineCount) lines"] + rows).joined(separator: "\n")
    }
    if let suggestion { blocks.append(suggestion) }
    return blocks.joined(separator: "\n\n")
  }

  /// Settings with the first free line that looks as if it were on a header.
  private var suggestion: String? {
    for (chip, lines) in chips {
      let free = lines.filter { !$0.isUsed }
      guard
        let line = free.first(where: { $0.name == "GPIO17" })
          ?? free.first(where: { $0.name?.isEmpty == false })
      else { continue }
      return """
        For a contact between one of them and ground, in agent.toml:

        [[door]]
        id = "front"
        chip = "\(chip.label)"
        line = "\(line.name ?? "\(line.offset)")"

        To see it work: door-agent try --chip "\(chip.label)" --line "\(line.name ?? "\(line.offset)")"
        """
    }
    return nil
  }
}

extension GPIOChip.Line {
  fileprivate var use: String {
    let pull = bias.map { $0 == .disabled ? ", no pull" : ", \($0.rawValue)" } ?? ""
    let direction = isOutput ? "output" : "input"
    guard isUsed else { return "free (\(direction)\(pull))" }
    return "used by \(consumer.map { "\"\($0)\"" } ?? "the kernel") (\(direction)\(pull))"
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
