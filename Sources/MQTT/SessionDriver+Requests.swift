import Logging
import MQTTProtocol
import NIOCore

/// What the client asks for.
extension SessionDriver {
  func publish(
    _ messages: [Message],
    batch: PublishBatchID,
    until milestone: PublishMilestone,
    policy: QueuePolicy,
    _ completion: Completion
  ) {
    guard isStoreOpen || isStopping else {
      return waitForStore(completion) {
        $0.publish(messages, batch: batch, until: milestone, policy: policy, completion)
      }
    }
    do throws(MQTTError) {
      guard !isStopping, !isDraining else { throw .stopped }
      let now = NIODeadline.now()
      machine.wallClockOffset = store == nil ? 0 : WallClock.offset(at: now)
      let isAlone = try machine.publish(
        messages, batch: batch, until: milestone, policy: policy, at: now)
      publishers[batch] = completion
      // With nothing else under way there is nothing to gather.
      if isAlone { settle(at: now) } else { settleSoon() }
    } catch {
      completion.resume(returning: .failure(error))
    }
  }

  /// Keeps a request until the store is open; as many as the queue takes messages.
  private func waitForStore(_ completion: Completion, _ request: @escaping (SessionDriver) -> Void) {
    guard waitingForStore.count < configuration.outgoingQueueLimit else {
      let error = MQTTError.queueFull(
        limit: configuration.outgoingQueueLimit, byteLimit: configuration.outgoingQueueByteLimit)
      return completion.resume(returning: .failure(error))
    }
    waitingForStore.append(request)
  }

  func cancelPublish(_ batch: PublishBatchID) {
    guard let continuation = publishers.removeValue(forKey: batch) else { return }
    machine.cancelPublish(batch)
    continuation.resume(returning: .failure(.cancelled))
    settleSoon()
  }

  /// Begins what one answer ends.
  private func request(
    _ id: RequestID, _ completion: Completion, _ begin: () throws(MQTTError) -> Void
  ) {
    do throws(MQTTError) {
      guard !isStopping else { throw .stopped }
      try begin()
      requests[id] = completion
      settleSoon()
    } catch {
      completion.resume(returning: .failure(error))
    }
  }

  func cancelRequest(_ id: RequestID) {
    guard let continuation = requests.removeValue(forKey: id) else { return }
    machine.cancelFence(id)
    machine.cancelSubscription(id)
    machine.cancelReauthentication(id)
    continuation.resume(returning: .failure(.cancelled))
  }

  func fence(_ id: RequestID, _ completion: Completion) {
    request(id, completion) { () throws(MQTTError) in try machine.fence(id) }
  }

  func subscribe(_ route: Route, _ id: RequestID, _ completion: Completion) {
    request(id, completion) { () throws(MQTTError) in
      let subscription = register(route)
      do throws(MQTTError) {
        try machine.subscribe(subscription, id)
      } catch {
        routes[subscription.id] = nil
        throw error
      }
    }
  }

  func unsubscribe(_ filter: String, _ id: RequestID, _ completion: Completion) {
    request(id, completion) { () throws(MQTTError) in
      try machine.unsubscribe(filter, id)
      routes = routes.filter { $0.value.filter != filter }
    }
  }

  func reauthenticate(_ id: RequestID, _ completion: Completion) {
    request(id, completion) { () throws(MQTTError) in
      guard let authenticator = configuration.authenticator else { throw .noAuthenticator }
      let data: ByteBuffer?
      do {
        data = try authenticator.initialData()
      } catch {
        throw .invalidValue("the authenticator has no initial data: \(error)")
      }
      try machine.reauthenticate(id, data: data, at: .now())
    }
  }

  // MARK: Handlers

  /// Takes a handler's report, and answers with the next work when there is some; nil to stop.
  func nextWork(after report: Report?, _ continuation: Continuation<Work?>) {
    switch report {
    case nil: break
    case .handled(let token):
      machine.handled(token)
      if isHandlerFailing { logger.info("the handler succeeds again") }
      isHandlerFailing = false
    case .failed(let batch, let error): handlerFailed(batch, error)
    }
    if isStopping {
      continuation.resume(returning: nil)
    } else {
      idleHandler = continuation
    }
    settle()
  }

  private func handlerFailed(_ batch: InboxBatch, _ error: any Error) {
    let outcome = machine.failed(batch, at: .now(), fraction: .random(in: 0...1))
    guard !isStopping else { return }
    let topic = batch.messages.first?.topic ?? ""
    switch outcome {
    case .forgotten, .retried:
      logger.log(
        level: isHandlerFailing ? .debug : .error,
        "a handler failed; its messages stay unacknowledged, and it is tried again",
        metadata: ["error": "\(error)", "topic": "\(topic)"]
      )
      isHandlerFailing = true
    case .parked(let failures):
      logger.error(
        "a handler keeps failing; its message is parked",
        metadata: ["error": "\(error)", "topic": "\(topic)", "failures": "\(failures)"])
    case .refused(let failures, let code):
      logger.error(
        machine.version == .v5
          ? "a handler keeps failing; its message is refused"
          : "a handler keeps failing; its message is acknowledged and lost: MQTT 3.1.1 cannot refuse it",
        metadata: [
          "error": "\(error)", "topic": "\(topic)", "failures": "\(failures)", "reason": "\(code)",
        ])
    }
  }

  /// The handler of a batch; one whose route has been removed meanwhile goes to the fallback.
  func handler(of batch: InboxBatch) -> Route.Handler {
    guard let route = routes[batch.route] else {
      if let fallback { return fallback }
      logger.warning(
        "messages of a route that has been removed are acknowledged and dropped",
        metadata: ["topic": "\(batch.messages.first?.topic ?? "")", "count": "\(batch.messages.count)"])
      return { _ in }
    }
    if batch.isParked, case .park(_, let parking) = route.whenFailing { return parking }
    return route.handler
  }
}
