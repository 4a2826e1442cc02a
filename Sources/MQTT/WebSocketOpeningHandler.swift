import NIOCore
import NIOHTTP1

/// Why no WebSocket was opened.
struct WebSocketRefusal: Error, CustomStringConvertible {
  let description: String
}

/// Sends the request for a WebSocket, judges the answer, and puts the handler of the WebSocket in its own place.
///
/// It is the upgrader of NIO's upgrade handler, and stands behind that in the pipeline.
final class WebSocketOpeningHandler: ChannelInboundHandler, RemovableChannelHandler,
  NIOHTTPClientProtocolUpgrader
{
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  let supportedProtocol = "websocket"
  let requiredUpgradeHeaders: [String] = []

  private let opening: WebSocketOpening
  private var completion: ((Result<Void, any Error>) -> Void)?

  init(_ opening: WebSocketOpening, _ completion: @escaping (Result<Void, any Error>) -> Void) {
    self.opening = opening
    self.completion = completion
  }

  // MARK: As a handler

  func handlerAdded(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(opening.request)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.read()
  }

  /// Only what is not an upgrade gets here.
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let answer) = unwrapInboundIn(data) else { return }
    let refusal = opening.refusal(of: answer) ?? "its answer is not complete"
    fail(WebSocketRefusal(description: refusal))
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if completion != nil { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The answer's head follows, and says why.
    if error is NIOHTTPClientUpgradeError { return }
    fail(error)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(WebSocketRefusal(description: "it closed the connection in place of an answer"))
    context.fireChannelInactive()
  }

  private func fail(_ error: any Error) {
    completion?(.failure(error))
    completion = nil
  }

  // MARK: As an upgrader

  func addCustom(upgradeRequestHeaders: inout HTTPHeaders) {
    opening.addKey(to: &upgradeRequestHeaders)
  }

  func shouldAllowUpgrade(upgradeResponse: HTTPResponseHead) -> Bool {
    opening.refusal(of: upgradeResponse) == nil
  }

  /// What has come behind the answer is passed on when this has returned.
  func upgrade(
    context: ChannelHandlerContext, upgradeResponse: HTTPResponseHead
  ) -> EventLoopFuture<Void> {
    let pipeline = context.pipeline.syncOperations
    let completion = self.completion
    self.completion = nil
    do {
      try pipeline.addHandler(WebSocketHandler())
      pipeline.removeHandler(self, promise: nil)
      completion?(.success(()))
    } catch {
      completion?(.failure(error))
    }
    return context.eventLoop.makeSucceededVoidFuture()
  }
}
