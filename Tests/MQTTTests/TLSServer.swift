import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization
import TestSupport

/// A TLS server that notes what its clients ask of TLS, and answers whatever they send first with CONNACK.
final class TLSServer: Sendable {
  /// What the clients asked for, one element a handshake; nil where they did not.
  struct Handshakes {
    var serverNames: [String?] = []
    var applicationProtocols: [String?] = []
  }

  private final class Notes: Sendable {
    let handshakes = Mutex(Handshakes())
  }

  private let notes: Notes
  private let channel: any Channel

  var handshakes: Handshakes { notes.handshakes.withLock { $0 } }
  var port: Int { channel.localAddress?.port ?? 0 }

  private init(notes: Notes, channel: any Channel) {
    self.notes = notes
    self.channel = channel
  }

  /// - Parameters:
  ///   - names: Alternative names for its certificate, such as `DNS:localhost`.
  ///   - unixSocket: Where to listen in place of a port of the loopback interface.
  static func with(
    _ authority: CertificateAuthority,
    names: String,
    applicationProtocols: [String] = [],
    unixSocket: String? = nil,
    _ body: (TLSServer) async throws -> Void
  ) async throws {
    let (certificate, key) = try authority.sign("server", for: names)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
    let notes = Notes()
    configuration.applicationProtocols = applicationProtocols
    configuration.sslContextCallback = { values, promise in
      notes.handshakes.withLock { $0.serverNames.append(values.serverHostname) }
      promise.succeed(.noChanges)
    }
    let context = try NIOSSLContext(configuration: configuration)
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(
            NIOSSLServerHandler(context: context), Greeting(notes))
        }
      }
    let channel =
      if let unixSocket {
        try await bootstrap.bind(unixDomainSocketPath: unixSocket).get()
      } else {
        try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
      }
    do {
      try await body(TLSServer(notes: notes, channel: channel))
    } catch {
      try? await channel.close()
      throw error
    }
    try await channel.close()
  }

  private final class Greeting: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let notes: Notes
    private var hasGreeted = false

    init(_ notes: Notes) { self.notes = notes }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      guard case TLSUserEvent.handshakeCompleted(let applicationProtocol) = event else { return }
      notes.handshakes.withLock { $0.applicationProtocols.append(applicationProtocol) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard !hasGreeted else { return }
      hasGreeted = true
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [0x20, 3, 0, 0, 0])), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }
}
