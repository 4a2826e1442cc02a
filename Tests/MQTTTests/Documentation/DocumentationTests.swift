import Foundation
import MQTT
import TestSupport
import Testing

/// The code in the client's documentation is that of this folder, which compiles and is run.
@Suite struct DocumentationTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
  private static let catalogue = folder.appending(path: "../../../Sources/MQTT/MQTT.docc").standardized

  private static func texts(_ folder: URL, _ suffix: String) throws -> [(name: String, text: String)] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(suffix) }
      .map { ($0, try String(contentsOf: folder.appending(path: $0), encoding: .utf8)) }
  }

  /// Lines that say something, without their indentation. An article's program has `@main`, of which a bundle of
  /// tests has one already.
  private static func lines(_ text: some StringProtocol) -> String {
    text.split(separator: "\n")
      .map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty && $0 != "@main" }
      .joined(separator: "\n")
  }

  @Test func everyPieceOfCodeInAnArticleIsTested() throws {
    let sources = try Self.texts(Self.folder, ".swift").map { "\n\(Self.lines($0.text))\n" }
    var count = 0
    for (name, text) in try Self.texts(Self.catalogue, ".md") {
      for piece in text.components(separatedBy: "\n```swift\n").dropFirst() {
        let code = Self.lines(try #require(piece.components(separatedBy: "\n```\n").first))
        #expect(sources.contains { $0.contains("\n\(code)\n") }, "\(name) has other code:\n\(code)")
        count += 1
      }
    }
    #expect(count > 20)
  }

  @Test func theFirstProgramRuns() async throws {
    try await Mosquitto.with { broker in
      try await Thermometer.measure(at: .init(host: "127.0.0.1", port: broker.port))
      let log = try broker.log()
      #expect(log.contains("Sending PUBLISH to thermometer"))
      #expect(log.contains("Received DISCONNECT from thermometer"))
    }
  }
}
