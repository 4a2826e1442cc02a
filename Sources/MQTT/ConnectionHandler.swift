import NIOCore

/// Passes what happens to a channel on to the driver.
final class ConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let driver: SessionDriver

  init(driver: SessionDriver) { self.driver = driver }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    driver.received(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    driver.readCompleted()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    // A flush calls this from within; what follows has to wait until it has returned.
    if context.channel.isWritable { driver.settleSoon() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    driver.connectionFailed(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    driver.connectionClosed()
  }
}
