import NIOCore
import NIOSSL
import NIOTLS

/// Waits until the TLS handshake is done, and leaves the pipeline then.
final class TLSHandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private var completion: ((Result<Void, any Error>) -> Void)?

  init(_ completion: @escaping (Result<Void, any Error>) -> Void) { self.completion = completion }

  func handlerAdded(context: ChannelHandlerContext) {
    // NIOSSL goes on reading by itself, once something has come, until there is something to pass on.
    context.read()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case TLSUserEvent.handshakeCompleted = event else {
      return context.fireUserInboundEventTriggered(event)
    }
    let completion = self.completion
    self.completion = nil
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    completion?(.success(()))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error) }

  func channelInactive(context: ChannelHandlerContext) {
    fail(ChannelError.eof)
    context.fireChannelInactive()
  }

  private func fail(_ error: any Error) {
    completion?(.failure(error))
    completion = nil
  }
}
