// Dashboard: what people reach of the notifier with a browser.
import HTTPTypes
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore

/// The notifier's web server. It speaks plain HTTP, for a reverse proxy in front of it; what it shows to whoever has
/// a link is for whoever has that link only.
package struct WebServer: Sendable {
  private let host: String
  private let port: Int
  private let desk: any AcknowledgementDesk
  private let logger: Logger

  /// - Parameter port: 0 for any that is free.
  package init(host: String, port: Int, desk: any AcknowledgementDesk, logger: Logger) {
    self.host = host
    self.port = port
    self.desk = desk
    self.logger = logger
  }

  /// Further ones wait in the kernel's queue: whoever opens connections and says nothing must not use up what
  /// deliveries need, and each is closed after half a minute.
  private static let connectionLimit = 64

  /// Serves until the task is cancelled or the program is asked to end.
  package func run() async throws {
    // At debug level the server's own lines would hold addresses with links' tokens in them.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    let application = Application(
      router: router, server: .http1(configuration: .init(idleTimeout: .seconds(30))),
      configuration: .init(
        address: .hostname(host, port: port), serverName: nil,
        availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit)),
      onServerRunning: { [logger] channel in
        logger.notice("web server listens on \(channel.localAddress.map { "\($0)" } ?? "its port")")
      }, logger: quiet)
    try await application.run()
  }

  /// What is where. Only a POST acknowledges: programs that show what a link leads to follow it by themselves.
  package var router: Router<BasicRequestContext> {
    let router = Router()
    router.get("ack/:token") { [desk] _, context in
      Self.response(await desk.look(try context.parameters.require("token")))
    }
    router.post("ack/:token") { [desk] _, context in
      Self.response(await desk.acknowledge(try context.parameters.require("token")))
    }
    return router
  }

  private static let fixedHeaders = [
    // The address is the permission: it is not to be told to anybody.
    ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff"),
    (
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
  ]

  private static func response(_ page: AcknowledgementPage) -> Response {
    var headers: HTTPFields = [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"]
    for (name, value) in fixedHeaders { if let name = HTTPField.Name(name) { headers[name] = value } }
    return Response(
      status: page.status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: page.html)))
  }
}
