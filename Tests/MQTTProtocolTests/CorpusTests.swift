import Foundation
import MQTTFuzzing
import Testing

/// What fuzzing has gathered, without the fuzzer: inputs that together reach all that was ever reached.
@Suite struct CorpusTests {
  @Test(arguments: FuzzTarget.allCases) func nothingBreaks(_ target: FuzzTarget) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    let folder = root.appending(path: "Fuzzing/Corpus/\(target.rawValue)")
    let inputs = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    #expect(inputs.count > 10)
    for input in inputs {
      let bytes = try Data(contentsOf: input)
      #expect(throws: Never.self, "\(target.rawValue)/\(input.lastPathComponent)") {
        try target.check(Array(bytes))
      }
    }
  }
}
