import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The request that opens a WebSocket for MQTT, and what is expected of its answer (RFC 6455, 4; MQTT 5.0, 6).
struct WebSocketOpening {
  static let subprotocol = "mqtt"

  /// An answer that exceeds them is refused; its body is never read.
  static var answerLimits: NIOHTTPDecoderLimitConfiguration {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 8 * 1024
    limits.maxHeaderListSize = 32 * 1024
    limits.maxHeaderFieldCount = 100
    return limits
  }

  /// So much of what a server says is shown.
  private static let shownText = 100

  private let webSocket: BrokerAddress.WebSocket
  private let host: String
  private let upgrader: NIOWebSocketClientUpgrader

  init(
    _ webSocket: BrokerAddress.WebSocket,
    to address: BrokerAddress,
    key: String = NIOWebSocketClientUpgrader.randomRequestKey()
  ) {
    self.webSocket = webSocket
    upgrader = NIOWebSocketClientUpgrader(requestKey: key) { channel, _ in
      channel.eventLoop.makeSucceededVoidFuture()
    }
    switch address.endpoint {
    case .host(_, let port):
      // Some servers of several hosts do not know theirs with a port that goes without saying.
      let text = "\(address.endpoint)"
      host = port == (address.tls == nil ? 80 : 443) ? String(text.dropLast(":\(port)".count)) : text
    case .unixSocket: host = address.tls?.serverName ?? "localhost"
    }
  }

  /// What NIO's upgrade handler does not add by itself.
  var request: HTTPRequestHead {
    var headers: HTTPHeaders = ["Host": host, "Sec-WebSocket-Protocol": Self.subprotocol]
    for header in webSocket.headers { headers.add(name: header.name, value: header.value) }
    return HTTPRequestHead(version: .http1_1, method: .GET, uri: webSocket.path, headers: headers)
  }

  func addKey(to headers: inout HTTPHeaders) {
    upgrader.addCustom(upgradeRequestHeaders: &headers)
  }

  /// Why the client does not go on after this answer; nil if it does.
  func refusal(of answer: HTTPResponseHead) -> String? {
    let headers = answer.headers
    guard answer.status == .switchingProtocols else {
      return "HTTP status \(answer.status.code) \(Self.shown(answer.status.reasonPhrase))"
    }
    guard headers[canonicalForm: "upgrade"].map({ $0.lowercased() }) == ["websocket"],
      headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" })
    else { return "its answer does not upgrade to a WebSocket" }
    guard upgrader.shouldAllowUpgrade(upgradeResponse: answer) else {
      return "its answer is not to this request: Sec-WebSocket-Accept is missing or wrong"
    }
    guard headers[canonicalForm: "sec-websocket-extensions"].isEmpty else {
      return "it uses WebSocket extensions that were not asked for"
    }
    let chosen = headers[canonicalForm: "sec-websocket-protocol"]
    guard let first = chosen.first else { return "it does not choose the subprotocol 'mqtt', nor any other" }
    guard chosen == [Self.subprotocol[...]] else {
      return "it chooses the subprotocol '\(Self.shown(String(first)))' in place of 'mqtt'"
    }
    return nil
  }

  private static func shown(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.prefix(shownText).filter { $0.value >= 0x20 && $0.value != 0x7F }))
  }
}
