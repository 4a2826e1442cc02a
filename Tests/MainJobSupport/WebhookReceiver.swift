import Foundation
import Synchronization
import TestSupport

/// A web server that takes what is posted to it, and answers as the test says.
package final class WebhookReceiver: Sendable {
  package struct Request: Sendable {
    package var headers: [String: String]
    package var body: String

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

  private let listener: LoopbackSocket
  private let state = Mutex<(requests: [Request], status: Int, isEnded: Bool)>(([], 200, false))

  package init() throws {
    listener = try LoopbackSocket.listening()
    Thread.detachNewThread { [self] in serve() }
  }

  package var address: String { "http://127.0.0.1:\(listener.port)/alarm" }
  package var requests: [Request] { state.withLock { $0.requests } }
  /// The alerts that have come, each once however often it came and with however many others.
  package var alerts: Set<String> { Set(requests.flatMap(\.alerts)) }

  /// The HTTP status of the answers from now on.
  package func answer(_ status: Int) { state.withLock { $0.status = status } }

  package func end() { state.withLock { $0.isEnded = true } }

  private func serve() {
    defer { listener.close() }
    while !state.withLock({ $0.isEnded }) {
      guard let connection = listener.accept(within: 100) else { continue }
      if let request = Self.read(from: connection) {
        let status = state.withLock { state in
          state.requests.append(request)
          return state.status
        }
        connection.write(
          Array("HTTP/1.1 \(status) Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
      }
      connection.close()
    }
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
        return Request(headers: headers, body: body)
      }
    }
    return nil
  }
}
