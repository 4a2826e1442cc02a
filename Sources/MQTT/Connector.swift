import MQTTProtocol
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Opens one connection to one address: the socket, then TLS, then the WebSocket, as the address wants them.
///
/// Of what the channel then reads and writes, whoever adds a handler at its end sees MQTT's bytes only. The
/// channel reads when it is told to. Not `Sendable`: all of it runs on the event loop.
final class Connector {
  /// Called once, unless the connector is cancelled; also from within ``start(_:)``.
  typealias Completion = (Result<any Channel, ConnectionFailure>) -> Void

  /// What is being waited for.
  enum Step {
    case connection
    case encryption
    case webSocket

    /// As the failure of a step that is not done in time names it.
    var name: String {
      switch self {
      case .connection: "a connection"
      case .encryption: "the TLS handshake"
      case .webSocket: "the answer to the WebSocket request"
      }
    }
  }

  private let address: BrokerAddress
  private let timeout: TimeAmount
  private let eventLoop: any EventLoop
  private var completion: Completion?
  private var step = Step.connection
  private var channel: (any Channel)?
  private var deadline: Scheduled<Void>?

  /// - Parameter timeout: For all steps together.
  init(to address: BrokerAddress, within timeout: TimeAmount, on eventLoop: any EventLoop) {
    self.address = address
    self.timeout = timeout
    self.eventLoop = eventLoop
  }

  func start(_ completion: @escaping Completion) {
    self.completion = completion
    let context: NIOSSLContext?
    do {
      context = try address.tls?.makeContext()
    } catch {
      step = .encryption
      return fail(error)
    }
    deadline = eventLoop.assumeIsolated().scheduleTask(in: timeout) {
      self.finish(.failure(.timedOut(broker: self.address.description, waitingFor: self.step.name)))
    }
    connect().assumeIsolated().whenComplete { result in
      switch result {
      case .success(let channel): self.connected(channel, context)
      case .failure(let error): self.fail(error)
      }
    }
  }

  /// Gives the attempt up; the completion is not called any more.
  func cancel() {
    completion = nil
    deadline?.cancel()
    channel?.close(promise: nil)
  }

  private func connect() -> EventLoopFuture<any Channel> {
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(timeout)
      .channelOption(.autoRead, value: false)
    switch address.endpoint {
    case .host(let host, let port):
      return bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .resolver(NameResolver(host: host, port: port, on: eventLoop))
        .connect(host: host, port: port)
    case .unixSocket(let path):
      return bootstrap.connect(unixDomainSocketPath: path)
    }
  }

  /// The handlers come in only now: while a host's addresses are tried there may be several channels.
  private func connected(_ channel: any Channel, _ context: NIOSSLContext?) {
    guard completion != nil else { return channel.close(promise: nil) }
    self.channel = channel
    guard let context else { return encrypted() }
    step = .encryption
    add {
      try channel.pipeline.syncOperations.addHandlers(
        NIOSSLClientHandler(context: context, serverHostname: address.serverName),
        TLSHandshakeHandler(completed(then: encrypted))
      )
    }
  }

  private func encrypted() {
    guard let webSocket = address.webSocket, let channel else { return opened() }
    step = .webSocket
    let opening = WebSocketOpening(webSocket, to: address)
    let handler = WebSocketOpeningHandler(opening, completed(then: opened))
    add {
      try channel.pipeline.syncOperations.addHTTPClientHandlers(
        leftOverBytesStrategy: .forwardBytes,
        enableOutboundHeaderValidation: true,
        encoderConfiguration: .init(),
        decoderLimitConfiguration: WebSocketOpening.answerLimits,
        withClientUpgrade: (upgraders: [handler], completionHandler: { _ in })
      )
      try channel.pipeline.syncOperations.addHandler(handler)
    }
  }

  private func opened() {
    guard let channel else { return }
    // The last step's handlers hear of a close only if they were there before it.
    guard channel.isActive else { return fail(ChannelError.ioOnClosedChannel) }
    finish(.success(channel))
  }

  private func add(_ handlers: () throws -> Void) {
    do {
      guard let channel, channel.isActive else { throw ChannelError.ioOnClosedChannel }
      try handlers()
    } catch {
      fail(error)
    }
  }

  private func completed(then next: @escaping () -> Void) -> (Result<Void, any Error>) -> Void {
    { result in
      guard self.completion != nil else { return }
      switch result {
      case .success: next()
      case .failure(let error): self.fail(error)
      }
    }
  }

  private func fail(_ error: any Error) {
    var error = error
    if step == .encryption, let key = address.tls?.preSharedKey {
      error = TLSFailure(description: "the pre-shared key of '\(key.identity)' was not agreed on: \(error)")
    }
    finish(.failure(ConnectionFailure(connectingTo: address.description, step, error)))
  }

  private func finish(_ result: Result<any Channel, ConnectionFailure>) {
    guard let completion else { return }
    self.completion = nil
    deadline?.cancel()
    if case .failure = result { channel?.close(promise: nil) }
    completion(result)
  }
}
