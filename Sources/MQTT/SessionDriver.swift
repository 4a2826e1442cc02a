import Logging
import MQTTProtocol
import NIOCore

/// Performs on one event loop what the session machine decides.
///
/// Not `Sendable`: all of it runs on `eventLoop`.
final class SessionDriver {
  /// What a handler made of its batch.
  enum Report {
    case handled(DeliveryToken)
    case failed(DeliveryToken, any Error)
  }

  typealias Outcome = Result<Void, MQTTError>

  /// How long the broker may take to close its side after DISCONNECT.
  private static let closingTime = TimeAmount.seconds(2)
  /// Packets are gathered up to this size before they are handed to the channel.
  private static let writeSize = 32 * 1024

  let eventLoop: any EventLoop
  private let configuration: MQTTClient.Configuration
  private let logger: Logger
  private let states: StateBroadcast
  private var machine: SessionMachine
  private var decoder: PacketDecoder
  private var addresses: AddressRotation
  private var connector: Connector?
  private var channel: (any Channel)?
  private var networkFailure: ConnectionFailure?
  private var lastFailure: ConnectionFailure?
  private var outgoingBytes = ByteBuffer()

  private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?
  private var reconnect: Scheduled<Void>?
  private var isSettlingSoon = false
  private var isReading = false
  /// DISCONNECT is on its way, or the stream is lost: bytes are read and dropped until the broker closes.
  private var isClosing = false
  private var isStopping = false
  private var isHandlerFailing = false

  private var publishers: [PublishBatchID: CheckedContinuation<Outcome, Never>] = [:]
  private var fences: [SessionMachine.FenceID: CheckedContinuation<Outcome, Never>] = [:]
  private var idleHandler: CheckedContinuation<InboxBatch?, Never>?
  private var stopped: CheckedContinuation<Void, Never>?

  init(
    configuration: MQTTClient.Configuration,
    logger: Logger,
    states: StateBroadcast,
    eventLoop: any EventLoop
  ) {
    self.configuration = configuration
    self.logger = logger
    self.states = states
    self.eventLoop = eventLoop
    machine = SessionMachine(configuration: configuration.session)
    addresses = AddressRotation(configuration.addresses)
    decoder = PacketDecoder(version: .v5, maximumPacketSize: configuration.maximumPacketSize)
  }
}

// MARK: - What the client asks for

extension SessionDriver {
  func start(_ subscriptions: [Subscription]) -> Outcome {
    do throws(MQTTError) {
      try configuration.validate()
      try machine.subscribe(to: subscriptions)
    } catch {
      isStopping = true
      finish()
      return .failure(error)
    }
    connect()
    return .success(())
  }

  func publish(
    _ messages: [Message],
    batch: PublishBatchID,
    _ continuation: CheckedContinuation<Outcome, Never>
  ) {
    do throws(MQTTError) {
      guard !isStopping else { throw .stopped }
      try machine.publish(messages, batch: batch)
      publishers[batch] = continuation
      settleSoon()
    } catch {
      continuation.resume(returning: .failure(error))
    }
  }

  func cancelPublish(_ batch: PublishBatchID) {
    guard let continuation = publishers.removeValue(forKey: batch) else { return }
    machine.cancelPublish(batch)
    continuation.resume(returning: .failure(.cancelled))
  }

  func fence(_ id: SessionMachine.FenceID, _ continuation: CheckedContinuation<Outcome, Never>) {
    do throws(MQTTError) {
      guard !isStopping else { throw .stopped }
      try machine.fence(id)
      fences[id] = continuation
      settleSoon()
    } catch {
      continuation.resume(returning: .failure(error))
    }
  }

  func cancelFence(_ id: SessionMachine.FenceID) {
    guard let continuation = fences.removeValue(forKey: id) else { return }
    machine.cancelFence(id)
    continuation.resume(returning: .failure(.cancelled))
  }

  /// Takes a handler's report, and answers with its next batch when there is one; nil to stop.
  func nextBatch(after report: Report?, _ continuation: CheckedContinuation<InboxBatch?, Never>) {
    switch report {
    case nil: break
    case .handled(let token):
      machine.handled(token)
      if isHandlerFailing { logger.info("the handler succeeds again") }
      isHandlerFailing = false
    case .failed(let token, let error):
      let failures = machine.failed(token, at: .now(), fraction: .random(in: 0...1))
      if !isStopping {
        logger.log(
          level: isHandlerFailing ? .debug : .error,
          "a handler failed; its messages stay unacknowledged, and it is tried again",
          metadata: ["error": "\(error)", "failures": "\(failures ?? 0)"]
        )
        isHandlerFailing = true
      }
    }
    if isStopping {
      continuation.resume(returning: nil)
    } else {
      idleHandler = continuation
    }
    settle()
  }

  /// No further batches are given out, and no further messages taken.
  func cancel() {
    isStopping = true
    idleHandler?.resume(returning: nil)
    idleHandler = nil
  }

  /// Ends the connection in good order; resumes when it has ended.
  func stop(_ continuation: CheckedContinuation<Void, Never>) {
    isStopping = true
    stopped = continuation
    machine.shutDown()
    if channel == nil {
      finish()
    } else {
      close()
    }
  }

  private func finish() {
    reconnect?.cancel()
    connector?.cancel()
    connector = nil
    timer?.task.cancel()
    for continuation in publishers.values { continuation.resume(returning: .failure(.stopped)) }
    for continuation in fences.values { continuation.resume(returning: .failure(.stopped)) }
    publishers = [:]
    fences = [:]
    states.send(.stopped(reason: lastFailure))
    stopped?.resume()
    stopped = nil
  }
}

// MARK: - What happens to the connection

extension SessionDriver {
  /// The address that is tried, or connected to, as failures name it.
  private var broker: String { addresses.current?.description ?? "" }

  private func connect() {
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
    do {
      guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
      try channel.pipeline.syncOperations.addHandler(ConnectionHandler(driver: self))
    } catch {
      connectionFailed(error)
      connectionClosed()
      return
    }
    self.channel = channel
    isClosing = false
    isReading = false
    machine.connectionOpened(at: .now())
    decoder = PacketDecoder(
      version: machine.version,
      maximumPacketSize: configuration.maximumPacketSize
    )
    settle()
  }

  func received(_ bytes: ByteBuffer) {
    guard !isClosing else { return }
    decoder.append(bytes)
    decode(at: .now())
  }

  func readCompleted() {
    isReading = false
    settle()
  }

  func connectionFailed(_ error: any Error) {
    networkFailure = ConnectionFailure(losing: broker, error)
  }

  func connectionClosed() {
    channel = nil
    let cause = networkFailure
    networkFailure = nil
    guard !isStopping else { return finish() }
    switch machine.connectionClosed(cause, at: .now(), fraction: .random(in: 0...1)) {
    case .stop: finish()
    case .atOnceWithOlderVersion:
      logger.info("the broker does not take MQTT 5.0: trying 3.1.1")
      connect()
    case .wait(let duration, let failure, let isRepeated):
      addresses.ended()
      lastFailure = failure
      logger.log(level: isRepeated ? .debug : .warning, "\(failure)")
      states.send(.waiting(until: .now + duration, reason: failure))
      reconnect = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { self.connect() }
      settle()
    }
  }
}

// MARK: - Between machine and channel

extension SessionDriver {
  /// Settles once all that waits for the event loop at present has happened, so that a burst of events makes
  /// one flush.
  func settleSoon() {
    guard !isSettlingSoon else { return }
    isSettlingSoon = true
    eventLoop.assumeIsolated().execute {
      self.isSettlingSoon = false
      self.settle()
    }
  }

  /// Brings everything to where it waits for the next event.
  private func settle() {
    let now = NIODeadline.now()
    offerBatch(at: now)
    decode(at: now)
    offerBatch(at: now)
    write(at: now)
    scheduleTimer()
    if let channel, !isReading, isClosing || machine.canReceive(at: now) {
      isReading = true
      channel.read()
    }
  }

  private func decode(at now: NIODeadline) {
    while !isClosing, channel != nil, machine.canReceive(at: now) {
      do throws(MalformedPacket) {
        guard let packet = try decoder.next() else { return }
        perform(machine.receive(packet, at: now))
      } catch {
        perform(machine.receiveFailed(error))
      }
    }
  }

  private func perform(_ action: SessionMachine.Action) {
    switch action {
    case .none: break
    case .connected(let state):
      addresses.stood()
      lastFailure = nil
      logger.info(
        "connected",
        metadata: [
          "broker": "\(broker)", "version": "\(state.version)",
          "sessionPresent": "\(state.isSessionPresent)",
        ]
      )
      for (filter, code) in state.refusedSubscriptions {
        logger.warning("the broker refused the subscription to '\(filter)' (\(code)): check its access rules")
      }
      states.send(.connected(state))
    case .unrouted(let topic):
      logger.warning(
        "a message that no route wants is acknowledged and dropped",
        metadata: ["topic": "\(topic)"]
      )
    case .close: close()
    }
  }

  private func offerBatch(at now: NIODeadline) {
    guard let handler = idleHandler, let batch = machine.nextBatch(at: now) else { return }
    idleHandler = nil
    handler.resume(returning: batch)
  }

  /// Writes all that the channel takes, with one flush.
  private func write(at now: NIODeadline) {
    var hasWritten = false
    outgoingBytes.clear()
    while let output = machine.next(canSend: channel?.isWritable ?? false, at: now) {
      switch output {
      case .finishPublish(let batch, let failure):
        publishers.removeValue(forKey: batch)?.resume(returning: failure.map { .failure($0) } ?? .success(()))
      case .finishFence(let id):
        fences.removeValue(forKey: id)?.resume(returning: .success(()))
      case .send(let packet):
        packet.encode(into: &outgoingBytes, version: machine.version)
        guard outgoingBytes.readableBytes >= Self.writeSize else { continue }
        channel?.write(outgoingBytes, promise: nil)
        outgoingBytes.clear()
        hasWritten = true
      }
    }
    if outgoingBytes.readableBytes > 0 {
      channel?.writeAndFlush(outgoingBytes, promise: nil)
    } else if hasWritten {
      channel?.flush()
    }
  }

  /// Writes what is due, closes our side, and waits a little for the broker to close its own: to close at once
  /// with bytes unread would reset the connection, and the DISCONNECT could be lost.
  private func close() {
    guard let channel, !isClosing else { return }
    write(at: .now())
    isClosing = true
    channel.close(mode: .output, promise: nil)
    eventLoop.scheduleTask(in: Self.closingTime) { channel.close(promise: nil) }
    if !isReading {
      isReading = true
      channel.read()
    }
  }

  private func scheduleTimer() {
    guard let deadline = machine.nextDeadline else { return }
    // Deadlines mostly move back: a timer that comes too early just looks again.
    if let timer, timer.deadline <= deadline { return }
    timer?.task.cancel()
    let task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      self.timer = nil
      self.perform(self.machine.tick(at: .now()))
      self.settle()
    }
    timer = (deadline, task)
  }
}
