import NIOCore

/// A server has closed the WebSocket for a reason of its own.
struct WebSocketClosed: Error, CustomStringConvertible {
  let code: UInt16
  let reason: String

  var description: String {
    "the server closed it with code \(code)\(reason.isEmpty ? "" : ": \(reason)")"
  }
}

/// Between MQTT's bytes and the frames of an open WebSocket: what is written at once becomes one frame.
///
/// To close the output means to send a close frame; the server then closes the connection.
final class WebSocketHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum CloseCode {
    static let normal: UInt16 = 1000
    static let goingAway: UInt16 = 1001
  }

  private var decoder = WebSocketDecoder()
  /// The last ping that is not answered yet: earlier ones need no answer of their own (RFC 6455, 5.5.3), so a
  /// server that pings without reading fills nothing.
  private var ping: ByteBuffer?
  private var hasSentClose = false
  /// A close frame or a violation has come; what follows is dropped.
  private var hasEnded = false

  // MARK: From the server

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !hasEnded else { return }
    decoder.append(unwrapInboundIn(data))
    do throws(WebSocketViolation) {
      while !hasEnded, let event = try decoder.next() {
        switch event {
        case .data(let bytes): context.fireChannelRead(wrapInboundOut(bytes))
        case .ping(let payload): ping = payload
        case .close(let code, let reason): closed(context, code, reason)
        }
      }
    } catch {
      hasEnded = true
      sendClose(context, code: error.closeCode)
      context.fireErrorCaught(error)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    answerPing(context)
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, ping != nil {
      // A flush calls this from within.
      context.eventLoop.assumeIsolated().execute { self.answerPing(context) }
    }
    context.fireChannelWritabilityChanged()
  }

  private func answerPing(_ context: ChannelHandlerContext) {
    guard let payload = ping, context.channel.isWritable, !hasSentClose else { return }
    ping = nil
    context.writeAndFlush(wrapOutboundOut(frame(context, .pong, payload)), promise: nil)
  }

  private func closed(_ context: ChannelHandlerContext, _ code: UInt16?, _ reason: String) {
    hasEnded = true
    guard !hasSentClose else {
      // Both sides have said that it ends. The server closes the connection first (RFC 6455, 7.1.1).
      return context.close(mode: .output, promise: nil)
    }
    sendClose(context, code: code ?? CloseCode.normal)
    if let code, code != CloseCode.normal, code != CloseCode.goingAway {
      context.fireErrorCaught(WebSocketClosed(code: code, reason: reason))
    }
    context.close(promise: nil)
  }

  // MARK: To the server

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !hasSentClose else {
      promise?.fail(ChannelError.outputClosed)
      return
    }
    context.write(wrapOutboundOut(frame(context, .binary, unwrapOutboundIn(data))), promise: promise)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    switch mode {
    case .output:
      guard !hasSentClose else {
        promise?.fail(ChannelError.outputClosed)
        return
      }
      sendClose(context, code: CloseCode.normal, promise)
    case .all:
      if !hasSentClose { sendClose(context, code: CloseCode.goingAway) }
      context.close(mode: .all, promise: promise)
    case .input:
      context.close(mode: .input, promise: promise)
    }
  }

  private func sendClose(
    _ context: ChannelHandlerContext, code: UInt16, _ promise: EventLoopPromise<Void>? = nil
  ) {
    hasSentClose = true
    let payload = ByteBuffer(integer: code)
    context.writeAndFlush(wrapOutboundOut(frame(context, .close, payload)), promise: promise)
  }

  private func frame(
    _ context: ChannelHandlerContext, _ kind: WebSocketFrame.Kind, _ payload: ByteBuffer
  ) -> ByteBuffer {
    // RFC 6455, 5.3: nobody can tell the next mask.
    WebSocketFrame.bytes(
      kind, payload, mask: .random(in: 0...UInt32.max), allocator: context.channel.allocator)
  }
}
