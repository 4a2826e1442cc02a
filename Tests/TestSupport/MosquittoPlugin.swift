import Foundation

/// A plugin of the tests' own for mosquitto, which is built with the C compiler.
package final class MosquittoPlugin: Sendable {
  private let folder: TemporaryFolder

  /// - Parameter name: Of the source in `Tests/MosquittoPlugin`, without its ending.
  package init(_ name: String) throws {
    folder = try TemporaryFolder()
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let source = tests.appendingPathComponent("MosquittoPlugin/\(name).c").path
    try runProgram("/usr/bin/cc", ["-O1", "-Wall", "-shared", "-fPIC", "-o", file, source])
  }

  private var file: String { folder.file("plugin.so") }

  /// The lines of mosquitto.conf that load it.
  package func mosquittoLines(_ options: [String: String]) -> [String] {
    ["plugin \(file)"] + options.map { "plugin_opt_\($0.key) \($0.value)" }
  }
}
