import Foundation
import Synchronization
import TestSupport

/// A web server that takes what is posted to it, and answers as the test says.
package final class WebhookReceiver: Sendable {
  package struct Request: Sendable {
    package var headers: [String: String]
    package var body: String
    /// Head and body as they came.
    package var whole: String
    /// What it was answered; nil where the connection was closed instead.
    package var status: Int?

    /// The JSON object that was posted.
    package var json: [String: any Sendable] {
      (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: any Sendable]) ?? [:]
    }

    /// The ids of its alerts; of a stage after the first with that.
    fileprivate var alerts: [String] {
      let alerts = json["alerts"] as? [[String: any Sendable]] ?? [json]
      return alerts.compactMap { alert in
        guard let id = alert["id"] as? String, let stage = alert["stage"] as? String else { return nil }
        return stage == "raised" || alerts.count == 1 ? id : "\(id)/\(stage)"
      }
    }
  }

  private struct State {
    var requests: [Request] = []
    var status: Int? = 200
    var isEchoing = false
    var isEnded = false
  }

  private let listener: LoopbackSocket
  private let state = Mutex<State>(State())

  package init() throws {
    listener = try LoopbackSocket.listening()
    Thread.detachNewThread { [self] in serve() }
  }

  package var address: String { "http://127.0.0.1:\(listener.port)/alarm" }
  package var requests: [Request] { state.withLock { $0.requests } }
  /// The alerts that have come, each once however often it came and with however many others.
  package var alerts: Set<String> { Set(requests.flatMap(\.alerts)) }

  /// Those that it has taken, in the order of their first coming.
  package var takenInOrder: [String] {
    var seen: Set<String> = []
    return requests.filter { $0.status == 200 }.flatMap(\.alerts).filter { seen.insert($0).inserted }
  }
  package var taken: Set<String> { Set(takenInOrder) }

  /// Closes every connection from now on.
  package func hangUp() { state.withLock { $0.status = nil } }

  /// The HTTP status of the answers from now on, each with all that it was asked in its body.
  package func echo(_ status: Int) {
    state.withLock { state in
      state.status = status
      state.isEchoing = true
    }
  }

  /// The HTTP status of the answers from now on.
  package func answer(_ status: Int) { state.withLock { $0.status = status } }

  package func end() { state.withLock { $0.isEnded = true } }

  private func serve() {
    defer { listener.close() }
    while !state.withLock({ $0.isEnded }) {
      guard let connection = listener.accept(within: 100) else { continue }
      if state.withLock({ $0.status }) != nil, var request = Self.read(from: connection) {
        let (status, isEchoing) = state.withLock { state in
          request.status = state.status
          state.requests.append(request)
          return (state.status, state.isEchoing)
        }
        if let status {
          let body = isEchoing ? Self.echo(of: request) : ""
          connection.write(
            Array(
              "HTTP/1.1 \(status) Said\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
                .utf8))
        }
      }
      connection.close()
    }
  }

  /// What it was asked, in whatever services call their reasons.
  private static func echo(of request: Request) -> String {
    let names = [
      "error", "description", "errmsg", "msg", "message", "errorDescription", "code", "errcode", "errors",
      "reason",
    ]
    let members = names.map { name -> (String, Any) in
      switch name {
      case "code", "errcode": (name, 40_000)
      case "errors": (name, [request.whole])
      default: (name, request.whole)
      }
    }
    let object = Dictionary(uniqueKeysWithValues: members)
    let bytes = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
    return String(decoding: bytes, as: UTF8.self)
  }

  /// One whole request; nil where the connection ends before.
  private static func read(from connection: LoopbackSocket) -> Request? {
    var bytes: [UInt8] = []
    while connection.isReadable(within: 10_000) {
      let more = connection.read(atMost: 65_536)
      if more.isEmpty { return nil }
      bytes += more
      let text = String(decoding: bytes, as: UTF8.self)
      guard let end = text.range(of: "\r\n\r\n") else { continue }
      var headers: [String: String] = [:]
      for line in text[..<end.lowerBound].split(separator: "\r\n").dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        headers[parts[0].lowercased()] = parts.last?.trimmingCharacters(in: .whitespaces)
      }
      let body = String(text[end.upperBound...])
      if body.utf8.count >= Int(headers["content-length"] ?? "0") ?? 0 {
        return Request(headers: headers, body: body, whole: text)
      }
    }
    return nil
  }
}
