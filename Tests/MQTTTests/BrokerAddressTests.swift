import Logging
import MQTT
import MQTTProtocol
import Testing

@Suite struct BrokerAddressTests {
  private static let tls = BrokerAddress.TLS()

  @Test(
    arguments: [
      (BrokerAddress(host: "broker.local"), "broker.local:1883"),
      (BrokerAddress(host: "192.0.2.1", port: 8883, tls: tls), "192.0.2.1:8883"),
      (BrokerAddress(host: "2001:db8::1"), "[2001:db8::1]:1883"),
      (BrokerAddress(unixSocket: "/run/mosquitto.sock"), "/run/mosquitto.sock"),
      (BrokerAddress(host: "h", port: 80, webSocket: .init()), "ws://h:80/mqtt"),
      (
        BrokerAddress(host: "::1", port: 443, tls: tls, webSocket: .init(path: "/x/y")), "wss://[::1]:443/x/y"
      ),
      (BrokerAddress(host: "h", port: 80, webSocket: .init(path: "/mqtt?token=secret")), "ws://h:80/mqtt"),
    ])
  func anAddressIsDescribedAsItIsWritten(address: BrokerAddress, text: String) {
    #expect("\(address)" == text)
    #expect(String(reflecting: address) == text)
  }

  @Test func secretsShowNowhere() {
    var tls = BrokerAddress.TLS()
    tls.preSharedKey = BrokerAddress.PreSharedKey(identity: "door", key: Array("secret-key".utf8))
    let webSocket = BrokerAddress.WebSocket(
      path: "/mqtt?token=secret-query", headers: [.init(name: "Authorization", value: "Bearer secret-header")]
    )
    let address = BrokerAddress(host: "h", tls: tls, webSocket: webSocket)
    let configuration = MQTTClient.Configuration(address: address, clientIdentifier: "c")
    var texts: [String] = []
    for value: Any in [address, configuration, tls, webSocket, webSocket.headers, tls.preSharedKey as Any] {
      var dumped = ""
      dump(value, to: &dumped)
      texts += ["\(value)", String(reflecting: value), dumped]
    }
    for text in texts {
      #expect(!text.contains("secret"))
      #expect(!text.contains("115, 101, 99"), "the key's bytes: \(text)")
    }
    #expect(texts.contains { $0.contains("Authorization") })
    #expect(texts.contains { $0.contains("door") })
  }

  private static func address(
    tls change: (inout BrokerAddress.TLS) -> Void
  ) -> BrokerAddress {
    var tls = BrokerAddress.TLS()
    change(&tls)
    return BrokerAddress(host: "h", tls: tls)
  }

  private static func address(path: String = "/mqtt", header name: String, _ value: String = "v")
    -> BrokerAddress
  {
    BrokerAddress(host: "h", webSocket: .init(path: path, headers: [.init(name: name, value: value)]))
  }

  /// What would otherwise fail at every attempt, or crash a library.
  private static let unusable: [(BrokerAddress, String)] = [
    (BrokerAddress(host: ""), "host"),
    (BrokerAddress(host: "h", port: 0), "port"),
    (BrokerAddress(host: "h", port: 65_536), "port"),
    (BrokerAddress(unixSocket: ""), "socket"),
    (BrokerAddress(unixSocket: "/" + String(repeating: "x", count: 107)), "107"),
    (BrokerAddress(unixSocket: "/s", tls: tls), "server name"),
    (address { $0.serverName = "192.0.2.1" }, "192.0.2.1"),
    (address { $0.applicationProtocols = ["mqtt", "ü"] }, "ü"),
    (address { $0.applicationProtocols = [String(repeating: "x", count: 256)] }, "255"),
    (address { $0.preSharedKey = .init(identity: "", key: [1]) }, "identity"),
    (address { $0.preSharedKey = .init(identity: String(repeating: "x", count: 129), key: [1]) }, "identity"),
    (address { $0.preSharedKey = .init(identity: "i", key: []) }, "256"),
    (
      address {
        $0.preSharedKey = .init(identity: "i", key: [1])
        $0.authorityFile = "/a.pem"
      }, "not both"
    ),
    (address(path: "mqtt", header: "A"), "begin with '/'"),
    (address(path: "/a b", header: "A"), "spaces"),
    (address(path: "/a\r\nX: y", header: "A"), "printable"),
    (address(header: ""), "name"),
    (address(header: "A b"), "'A b'"),
    (address(header: "Sec-WebSocket-Protocol"), "by the client itself"),
    (address(header: "HOST"), "by the client itself"),
    (address(header: "A", "secret\r\nX: y"), "control character"),
  ]

  @Test(arguments: unusable)
  func anAddressThatCannotBeUsedIsRefusedAtOnce(address: BrokerAddress, reason: String) async throws {
    let usable = BrokerAddress(host: "127.0.0.1")
    let client = MQTTClient(configuration: configuration([usable, address], "c"), logger: LogRecord().logger)
    let error = await #expect(throws: MQTTError.self) { try await client.run(routes: []) }
    guard case .invalidValue(let text) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(text.contains(reason))
    #expect(!text.contains("secret"))
  }

  @Test func withoutAnAddressThereIsNothingToRun() async throws {
    let client = MQTTClient(configuration: configuration([], "c"), logger: LogRecord().logger)
    await #expect(throws: MQTTError.invalidValue("there is no address of a broker")) {
      try await client.run(routes: [])
    }
  }
}
