import Appliance
import Foundation
import Logging
import Metrics
import TestSupport
import Testing

@Suite("The metrics on the loopback interface")
struct MetricsServerTests {
  /// Runs a server for as long as the body does.
  private func serving(_ body: (Int) async throws -> Void) async throws {
    let metrics = PrometheusMetrics()
    Gauge(label: "answer", dimensions: [("to", "everything")], factory: metrics).record(42)
    let port = try freePort()
    let server = MetricsServer(
      port: port, metrics: metrics, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let running = Task { try await server.run() }
    try await eventually("the server") { (try? exchange("", port)) != nil }
    try await body(port)
    running.cancel()
    try await running.value
  }

  /// What the server answers until it closes the connection.
  private func exchange(_ request: String, _ port: Int) throws -> String {
    let socket = try LoopbackSocket.connected(port: port)
    defer { socket.close() }
    guard !request.isEmpty else { return "" }
    socket.write(Array(request.utf8))
    var answer: [UInt8] = []
    while case let bytes = socket.read(atMost: 4_096), !bytes.isEmpty { answer += bytes }
    return String(decoding: answer, as: UTF8.self)
  }

  @Test("are answered as HTTP, with the type that Prometheus asks for")
  func answer() async throws {
    try await serving { port in
      let text = try exchange("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", port)
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(text.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
      #expect(text.contains("\r\n\r\n# TYPE answer gauge\nanswer{to=\"everything\"} 42\n"))
    }
  }

  @Test("refuse other paths and methods, and what is no HTTP")
  func refusals() async throws {
    try await serving { port in
      for (request, status) in [
        ("GET / HTTP/1.0\r\n\r\n", "404 Not Found"),
        ("POST /metrics HTTP/1.0\r\n\r\n", "405 Method Not Allowed"),
        ("HEAD /metrics?x=y HTTP/1.0\r\n\r\n", "200 OK"),
        ("\u{1}\u{2}\r\n\r\n", "400 Bad Request"),
      ] {
        let text = try exchange(request, port)
        #expect(text.contains(" \(status)\r\n"), "\(request) \(text)")
      }
      #expect(try exchange("HEAD /metrics HTTP/1.0\r\n\r\n", port).hasSuffix("\r\n\r\n"))
    }
  }

  @Test("are read by Prometheus' own parser")
  func parser() async throws {
    try await serving { port in
      let program = """
        import sys, urllib.request
        from prometheus_client.parser import text_string_to_metric_families as parse
        text = urllib.request.urlopen("http://127.0.0.1:\(port)/metrics").read().decode()
        for family in parse(text):
            for sample in family.samples:
                print(family.type, sample.name, sample.labels, sample.value)
        """
      let folder = try TemporaryFolder()
      let child = try ChildProcess(
        "/usr/bin/python3", ["-c", program], output: folder.file("out"), errors: folder.file("errors"))
      try await eventually("the parser") { !child.isRunning }
      let errors = try folder.read("errors")
      #expect(child.waitUntilEnd() == 0, "\(errors)")
      #expect(
        try folder.read("out")
          == "gauge answer {'to': 'everything'} 42.0\ncounter metrics_refused_total {} 0.0\n")
    }
  }
}
