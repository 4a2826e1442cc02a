import Testing

@testable import MQTT

@Suite struct ChecksumTests {
  /// From RFC 3720, B.4, and the check value that catalogues of checksums give.
  @Test(
    arguments: [
      (Array("123456789".utf8), 0xe306_9283),
      ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
      ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
      (Array(0..<32), 0x46dd_794e),
      (Array((0..<32).reversed()), 0x113f_db5c),
      ([], 0),
    ] as [([UInt8], UInt32)])
  func hasThePublishedValues(_ bytes: [UInt8], _ value: UInt32) {
    var checksum = Checksum()
    bytes.withUnsafeBytes { checksum.add($0) }
    #expect(checksum.value == value)
  }

  @Test func isThatOfThePartsInARow() {
    var checksum = Checksum()
    Array("1234".utf8).withUnsafeBytes { checksum.add($0) }
    checksum.add(UInt8(ascii: "5"))
    checksum.add(UInt32(0x3637_3839))
    #expect(checksum.value == 0xe306_9283)
  }
}
