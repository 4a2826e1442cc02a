import NIOCore

/// Passes what happens to a channel on to the driver.
final class ConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let driver: SessionDriver

  init(driver: SessionDriver) { self.driver = driver }

  func handlerAdded(context: ChannelHandlerContext) {
    driver.output = context
    driver.isWritable = context.channel.isWritable
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    driver.output = nil
    driver.isWritable = false
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    driver.received(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    driver.readCompleted()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    driver.isWritable = context.channel.isWritable
    // A flush calls this from within; what follows has to wait until it has returned.
    if driver.isWritable { driver.settleSoon() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    driver.connectionFailed(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    driver.connectionClosed()
  }
}
