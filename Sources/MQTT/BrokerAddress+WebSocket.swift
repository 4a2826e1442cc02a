extension BrokerAddress {
  /// A WebSocket that carries MQTT (MQTT 5.0, 6; RFC 6455).
  ///
  /// The client asks for the subprotocol `mqtt`, and does not go on with a server that does not choose it
  /// (MQTT-6.0.0-4).
  public struct WebSocket: Sendable, Hashable {
    /// A header of the request that opens the WebSocket. Its value shows in no description or mirror.
    public struct Header: Sendable, Hashable {
      /// Any but those that make the request one for a WebSocket; ``MQTTClient/run(routes:fallback:)`` throws for
      /// those.
      public let name: String
      package let value: String

      /// - Parameters:
      ///   - name: A token (RFC 9110, 5.6.2).
      ///   - value: Without control characters except the tab.
      public init(name: String, value: String) {
        self.name = name
        self.value = value
      }
    }

    /// What the request asks for; begins with `/` and may have a query. Default `/mqtt`.
    ///
    /// The query, if there is one, shows in no description or mirror.
    public var path: String
    /// Sent with the request, in their order, such as `Authorization`. Default none.
    public var headers: [Header]

    /// - Parameters:
    ///   - path: Printable ASCII without spaces, from `/` on.
    ///   - headers: In the order in which they are sent.
    public init(path: String = "/mqtt", headers: [Header] = []) {
      self.path = path
      self.headers = headers
    }

    /// The path without its query, which may hold a secret.
    var shownPath: Substring { path.prefix { $0 != "?" } }
  }
}

extension BrokerAddress.WebSocket.Header: CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  public var description: String { "\(name): not shown" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

extension BrokerAddress.WebSocket: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    headers.isEmpty
      ? "\(shownPath)" : "\(shownPath), with \(headers.map(\.name).joined(separator: ", ")) not shown"
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["path": String(shownPath), "headers": headers]) }
}
