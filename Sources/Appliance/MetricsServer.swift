package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Answers `GET /metrics` on the loopback interface, for Prometheus or whatever forwards to it.
package struct MetricsServer: Service, CustomStringConvertible {
  /// Connections beyond it are closed at once; an idle one is closed after a minute.
  private static let connectionLimit = 8
  private static let idleTime: TimeAmount = .seconds(60)
  private static let retryDelay: Duration = .seconds(10)

  private let port: Int
  private let metrics: PrometheusMetrics
  private let logger: Logger

  /// - Parameter port: 0 for any that is free; the log says which.
  package init(port: Int, metrics: PrometheusMetrics, logger: Logger) {
    self.port = port
    self.metrics = metrics
    self.logger = logger
  }

  package var description: String { "metrics on port \(port)" }

  /// Serves until graceful shutdown or cancellation. A port that is in use is tried again and again: that nobody can
  /// look is no reason to stop what is looked at.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      var hasFailed = false
      while !Task.isCancelled {
        do {
          let server = try await bind()
          hasFailed = false
          logger.notice("metrics: http://127.0.0.1:\(server.localAddress?.port ?? port)/metrics")
          try await withTaskCancellationHandler {
            try await server.closeFuture.get()
          } onCancel: {
            server.close(promise: nil)
          }
          if !Task.isCancelled { logger.error("metrics: nobody listens any more on port \(port)") }
        } catch {
          if !hasFailed { logger.error("metrics: port \(port) cannot be listened on: \(error)") }
          hasFailed = true
        }
        // Cancelled, it ends at once.
        try? await pause(for: Self.retryDelay)
      }
    }
  }

  private func bind() async throws -> any Channel {
    let connections = ConnectionCount(limit: Self.connectionLimit)
    return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        guard connections.takeOne() else { return channel.close() }
        channel.closeFuture.whenComplete { _ in connections.giveBack() }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idleTime))
          try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
          try pipeline.addHandler(MetricsHandler(metrics: metrics))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
  }
}

private final class ConnectionCount: Sendable {
  private let count = Mutex(0)
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  func takeOne() -> Bool {
    count.withLock { count in
      guard count < limit else { return false }
      count += 1
      return true
    }
  }

  func giveBack() { count.withLock { $0 -= 1 } }
}

/// One connection's requests.
private final class MetricsHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let metrics: PrometheusMetrics
  private var head: HTTPRequestHead?

  init(metrics: PrometheusMetrics) {
    self.metrics = metrics
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head else { return }
      self.head = nil
      answer(head, context: context)
    }
  }

  private func answer(_ request: HTTPRequestHead, context: ChannelHandlerContext) {
    let path = request.uri.prefix { $0 != "?" }
    let (status, text): (HTTPResponseStatus, String) =
      switch (request.method, path) {
      case (.GET, "/metrics"), (.HEAD, "/metrics"): (.ok, metrics.text)
      case (_, "/metrics"): (.methodNotAllowed, "GET it\n")
      default: (.notFound, "there is /metrics\n")
      }
    var headers: HTTPHeaders = [
      "Content-Type": status == .ok
        ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8",
      "Content-Length": "\(text.utf8.count)",
    ]
    if status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
    if !request.isKeepAlive { headers.add(name: "Connection", value: "close") }
    context.write(
      wrapOutboundOut(.head(HTTPResponseHead(version: request.version, status: status, headers: headers))),
      promise: nil)
    if request.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }
    let sent = context.writeAndFlush(wrapOutboundOut(.end(nil)))
    if !request.isKeepAlive {
      let channel = context.channel
      sent.whenComplete { _ in channel.close(promise: nil) }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is IdleStateHandler.IdleStateEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    context.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
