import SensorAgent
import Testing

@testable import GPIO

@Suite("The list of lines")
struct LineListingTests {
  private let chip = GPIOChip(path: "/dev/gpiochip0", label: "pinctrl-bcm2711", lineCount: 3)

  private func line(
    _ offset: Int, _ name: String?, by consumer: String? = nil, isUsed: Bool = false, isOutput: Bool = false,
    bias: LineSource.Bias? = nil
  ) -> GPIOChip.Line {
    GPIOChip.Line(
      offset: offset, name: name, consumer: consumer, isUsed: isUsed, isOutput: isOutput, bias: bias)
  }

  @Test("says what each line is used for, and suggests settings for a free one")
  func whole() {
    let lines = [
      line(2, "SDA1", by: "i2c", isUsed: true), line(17, "GPIO17", bias: .pullUp),
      line(42, nil, isUsed: true, isOutput: true, bias: .disabled),
    ]
    #expect(
      LineListing(chips: [(chip, lines)]).description == """
        /dev/gpiochip0 "pinctrl-bcm2711", 3 lines
           2  SDA1    used by "i2c" (input)
          17  GPIO17  free (input, pull-up)
          42          used by the kernel (output, no pull)

        For a contact between one of them and ground, in agent.toml:

        [[door]]
        id = "front"
        chip = "pinctrl-bcm2711"
        line = "GPIO17"

        To see it work: door-agent try --chip "pinctrl-bcm2711" --line "GPIO17"
        """)
  }

  @Test("suggests nothing where every line is used")
  func noneIsFree() {
    let listing = LineListing(chips: [(chip, [line(0, "a", isUsed: true)])])
    #expect(!listing.description.contains("agent.toml"))
  }

  @Test("says where there is no chip who may open one")
  func noChip() {
    #expect(LineListing(chips: []).description.contains("the group gpio"))
  }
}
