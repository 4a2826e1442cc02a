import Logging
import MQTTProtocol
import NIOCore

/// What happens to the connection.
extension SessionDriver {
  /// How long the broker may take to close its side after DISCONNECT.
  private static let closingTime = TimeAmount.seconds(2)

  /// The address that is tried, or connected to, as failures name it.
  var broker: String { addresses.current?.description ?? "" }

  func connect() {
    guard let address = addresses.current else { return }
    states.send(.connecting)
    let connector = Connector(to: address, within: TimeAmount(configuration.connectTimeout), on: eventLoop)
    self.connector = connector
    connector.start { result in
      self.connector = nil
      switch result {
      case .success(let channel): self.connectionOpened(channel)
      case .failure(let failure):
        self.networkFailure = failure
        self.connectionClosed()
      }
    }
  }

  private func connectionOpened(_ channel: any Channel) {
    guard !isStopping else {
      channel.close(promise: nil)
      return
    }
    let initialData: ByteBuffer?
    do {
      guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
      initialData = try configuration.authenticator?.initialData()
      try channel.pipeline.syncOperations.addHandler(ConnectionHandler(driver: self))
    } catch {
      channel.close(promise: nil)
      connectionFailed(error)
      connectionClosed()
      return
    }
    self.channel = channel
    isClosing = false
    isReading = false
    connectionNumber += 1
    machine.connectionOpened(to: broker, authenticationData: initialData, at: .now())
    decoder = PacketDecoder(
      version: machine.version,
      maximumPacketSize: configuration.maximumPacketSize
    )
    settle()
  }

  func received(_ bytes: ByteBuffer) {
    guard !isClosing else { return }
    metrics.received(bytes.readableBytes)
    decoder.append(bytes)
    decode(at: .now())
  }

  func readCompleted() { settle() }

  func connectionFailed(_ error: any Error) {
    networkFailure = ConnectionFailure(losing: broker, error)
  }

  func connectionClosed() {
    channel = nil
    let cause = networkFailure
    networkFailure = nil
    let next = machine.connectionClosed(cause, at: .now(), fraction: .random(in: 0...1))
    guard !isStopping else { return finish() }
    switch next {
    case .stop: finish()
    case .atOnceWithOlderVersion:
      logger.info("the broker does not take MQTT 5.0: trying 3.1.1")
      connect()
    case .wait(let duration, let failure, let isRepeated):
      addresses.ended()
      lastFailure = failure
      logger.log(level: isRepeated ? .debug : .warning, "\(failure)")
      states.send(.waiting(until: .now + duration, reason: failure))
      metrics.reconnecting()
      reconnect = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { self.connect() }
      settle()
    }
  }

  /// Writes what is due, closes our side, and waits a little for the broker to close its own: to close at once
  /// with bytes unread would reset the connection, and the DISCONNECT could be lost.
  func close() {
    guard let channel, !isClosing else { return }
    write(at: .now())
    isClosing = true
    channel.close(mode: .output, promise: nil)
    eventLoop.scheduleTask(in: Self.closingTime) { channel.close(promise: nil) }
    read(true)
  }

  /// Has the application answer a step of the broker's.
  func authenticate(_ challenge: ByteBuffer?, isFinal: Bool) {
    guard let authenticator = configuration.authenticator else { return }
    let number = connectionNumber
    eventLoop.makeFutureWithTask { () async throws -> ByteBuffer? in
      guard isFinal else { return try await authenticator.answer(to: challenge) }
      try await authenticator.finish(with: challenge)
      return nil
    }
    .assumeIsolated()
    .whenComplete { result in
      guard number == self.connectionNumber, self.channel != nil else { return }
      switch result {
      case .success(let data): self.perform(self.machine.authenticationAnswered(data, at: .now()))
      case .failure(let error): self.perform(self.machine.authenticationFailed("\(error)"))
      }
      self.settle()
    }
  }
}
