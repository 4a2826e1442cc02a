import Testing

@testable import Delivery

@Suite("Hexadecimal")
struct HexadecimalTests {
  @Test("has two digits for each byte, in order")
  func bytes() {
    #expect([UInt8]().hexadecimal == "")
    #expect([0, 1, 15, 16, 0xAB, 0xFF].map { UInt8($0) }.hexadecimal == "00010f10abff")
  }

  @Test("has every byte as the standard library has it")
  func all() {
    let expected = (0...255).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect((0...255).map { UInt8($0) }.hexadecimal == expected)
  }
}
