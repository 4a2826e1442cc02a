import AsyncHTTPClient
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import Dashboard

/// Over real connections.
@Suite("The web server")
struct WebServerTests {
  fileprivate static let page = AcknowledgementPage(
    status: .ok, language: "en", title: "ALARM: <front>", text: "It was opened.", button: "I know")
  fileprivate static let thanks = AcknowledgementPage(
    status: .ok, language: "en", title: "Thank you", text: "It was opened.")

  /// Everything that a test has of a server that runs.
  private struct Bench {
    var desk: Desk
    var log: Log
    var port: Int

    func ask(
      _ method: HTTPMethod, _ path: String, body: String? = nil
    ) async throws -> (status: UInt, headers: HTTPHeaders, body: String) {
      var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
      request.method = method
      if let body { request.body = .bytes(ByteBuffer(string: body)) }
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
      let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
      return (response.status.code, response.headers, text)
    }
  }

  private func serving(_ body: (Bench) async throws -> Void) async throws {
    let (desk, log) = (Desk(), Log())
    let server = WebServer(host: "127.0.0.1", port: 0, desk: desk, logger: log.logger)
    let task = Task { try await server.run() }
    defer { task.cancel() }
    try await eventually("the server's start") { log.port != nil }
    try await body(Bench(desk: desk, log: log, port: try #require(log.port)))
  }

  // MARK: Links

  @Test("shows what a link is about when it is opened, and does nothing else")
  func get() async throws {
    try await serving { bench in
      for _ in 0..<3 {
        let answer = try await bench.ask(.GET, "/ack/aGk.phone.1700000000.x_-y")
        #expect(answer.status == 200)
        #expect(answer.body == Self.page.html)
      }
      #expect(bench.desk.asked == Array(repeating: "look aGk.phone.1700000000.x_-y", count: 3))
    }
  }

  @Test("acknowledges when the button is pressed")
  func post() async throws {
    try await serving { bench in
      let answer = try await bench.ask(.POST, "/ack/aGk.phone.1700000000.x_-y", body: "")
      #expect(answer.status == 200)
      #expect(answer.body == Self.thanks.html)
      #expect(bench.desk.asked == ["acknowledge aGk.phone.1700000000.x_-y"])
    }
  }

  @Test(
    "takes a button's press with whatever comes with it",
    arguments: ["a=b", String(repeating: "x", count: 3_000_000)])
  func postedBody(_ body: String) async throws {
    try await serving { bench in
      let posted = try await bench.ask(.POST, "/ack/hunter2?next=//evil.example", body: body)
      #expect(posted.body == Self.thanks.html)
      #expect(bench.desk.asked == ["acknowledge hunter2"])
      let next = try await bench.ask(.GET, "/ack/hunter2")
      #expect(next.status == 200)
    }
  }

  @Test(
    "does nothing by what only looks whether a link is there",
    arguments: [HTTPMethod.HEAD, .OPTIONS, .PUT, .DELETE, .PATCH])
  func others(_ method: HTTPMethod) async throws {
    try await serving { bench in
      let status = try await bench.ask(method, "/ack/hunter2").status
      #expect([404, 405].contains(status))
      #expect(bench.desk.asked == [])
    }
  }

  @Test(
    "has nothing elsewhere",
    arguments: ["/", "/ack", "/ack/", "/ack/hunter2/x", "/x/hunter2", "/hunter2", "/metrics", "/robots.txt"])
  func unknown(_ path: String) async throws {
    try await serving { bench in
      for method in [HTTPMethod.GET, .POST] {
        let answer = try await bench.ask(method, path)
        #expect(answer.status == 404)
        #expect(!answer.body.contains("hunter2"))
      }
      #expect(bench.desk.asked == [])
    }
  }

  @Test("answers as the desk does", arguments: [HTTPResponse.Status.notFound, .gone, .serviceUnavailable])
  func statuses(_ status: HTTPResponse.Status) async throws {
    try await serving { bench in
      var page = Self.page
      page.status = status
      bench.desk.answer(page)
      let answer = try await bench.ask(.GET, "/ack/hunter2")
      #expect(Int(answer.status) == status.code)
      #expect(answer.body == page.html)
    }
  }

  @Test(
    "has every page kept by nobody, told to nobody, and within nobody's frame",
    arguments: [HTTPMethod.GET, .POST])
  func headers(_ method: HTTPMethod) async throws {
    try await serving { bench in
      for status in [HTTPResponse.Status.ok, .gone] {
        var page = Self.page
        page.status = status
        bench.desk.answer(page)
        let headers = try await bench.ask(method, "/ack/hunter2").headers
        for (name, value) in [
          ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
          ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff"),
          (
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
          ),
        ] {
          #expect(headers[name] == [value])
        }
        #expect(headers["Server"] == [] && headers["Set-Cookie"] == [])
      }
    }
  }

  // MARK: What is said of it

  @Test("says where it listens, and nothing of a link, however closely it is watched")
  func quiet() async throws {
    try await serving { bench in
      for method in [HTTPMethod.GET, .POST, .HEAD] {
        _ = try await bench.ask(method, "/ack/hunter2")
        _ = try await bench.ask(method, "/ack/hunter2/hunter2?hunter2")
      }
      for request in [
        "GET /ack/hunter2 HTTP/9.9\r\n\r\n", "hunter2\r\n\r\n", "POST /ack/hunter2 HTTP/1.1\r\nHos",
      ] {
        let socket = try LoopbackSocket.connected(port: bench.port)
        socket.write(Array(request.utf8))
        socket.endOutput()
        try await eventually("the end of the connection") { socket.readNow(atMost: 4_096)?.isEmpty == true }
        socket.close()
      }
      #expect(
        bench.log.lines.contains { $0.contains("web server listens on ") && $0.contains(":\(bench.port)") })
      #expect(!bench.log.lines.contains { $0.contains("hunter2") }, "\(bench.log.lines)")
    }
  }

  // MARK: Its end

  @Test("ends when its task is cancelled, also while somebody's connection is open")
  func cancelled() async throws {
    let (desk, log, ended) = (Desk(), Log(), Flag())
    let server = WebServer(host: "127.0.0.1", port: 0, desk: desk, logger: log.logger)
    let task = Task {
      defer { ended.isSet.withLock { $0 = true } }
      try await server.run()
    }
    try await eventually("the server's start") { log.port != nil }
    let port = try #require(log.port)
    let (asked, silent) = (try LoopbackSocket.connected(port: port), try LoopbackSocket.connected(port: port))
    defer {
      asked.close()
      silent.close()
    }
    asked.write(Array("GET /ack/a HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
    try await eventually("the answer") { asked.readNow(atMost: 4_096)?.isEmpty == false }
    task.cancel()
    try await eventually("the server's end") { ended.isSet.withLock { $0 } }
    #expect(!LoopbackSocket.canConnect(port: port))
  }

  @Test("fails where it cannot listen")
  func taken() async throws {
    let taken = try LoopbackSocket.listening()
    defer { taken.close() }
    let server = WebServer(host: "127.0.0.1", port: taken.port, desk: Desk(), logger: Log().logger)
    await #expect(throws: (any Error).self) { try await server.run() }
  }
}

/// Answers with the same pages, and keeps what it was asked.
private final class Desk: AcknowledgementDesk {
  private struct State {
    var asked: [String] = []
    var page: AcknowledgementPage?
  }

  private let state = Mutex(State())

  var asked: [String] { state.withLock { $0.asked } }

  func answer(_ page: AcknowledgementPage) { state.withLock { $0.page = page } }

  func look(_ token: String) async -> AcknowledgementPage { answer("look \(token)", WebServerTests.page) }

  func acknowledge(_ token: String) async -> AcknowledgementPage {
    answer("acknowledge \(token)", WebServerTests.thanks)
  }

  private func answer(_ question: String, _ usual: AcknowledgementPage) -> AcknowledgementPage {
    state.withLock { state in
      state.asked.append(question)
      return state.page ?? usual
    }
  }
}

private final class Flag: Sendable {
  let isSet = Mutex(false)
}

/// Keeps every line of every level, with what is said beside it.
private final class Log: Sendable {
  private let kept = Mutex<[String]>([])

  var lines: [String] { kept.withLock { $0 } }
  /// Where the server listens; nil before it does.
  var port: Int? {
    lines.first { $0.hasPrefix("web server listens on ") }?.split(separator: ":").last.flatMap { Int($0) }
  }

  var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: Log
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(log: Log) {
      self.log = log
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let beside = metadata.merging(event.metadata ?? [:]) { $1 }
      log.kept.withLock { $0.append("\(event.message)" + (beside.isEmpty ? "" : " \(beside)")) }
    }
  }
}
