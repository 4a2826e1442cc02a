import Logging
import MQTTProtocol
import NIOCore

/// How the store stands.
struct CommitState {
  var isUnderWay = false
  var isFailing = false
  /// Until then nothing is tried after a failure.
  var retry: Scheduled<Void>?
  /// What the records since the last snapshot take, and what the snapshot took, in bytes.
  var appended = 0
  var snapshot = 0
  /// What is to be done when nothing is under way any more.
  var whenIdle: (() -> Void)?

  /// The records are worth being replaced by a snapshot.
  var isLong: Bool { appended > max(1 << 20, 2 * snapshot) }
}

/// Between the machine and the store.
extension SessionDriver {
  private static let retryPause = TimeAmount.seconds(1)

  /// Takes up what the store has kept, and then what has waited for it.
  func openStore(_ completion: @escaping (Outcome) -> Void) {
    guard let store else { return completion(.success(.success)) }
    eventLoop.makeFutureWithTask { try await store.open() }
      .assumeIsolated()
      .whenComplete { result in
        switch result {
        case .failure(let error):
          self.store = nil
          completion(.failure(.sessionStore("\(error)")))
        case .success(let contents): completion(self.takeUp(contents))
        }
      }
  }

  private func takeUp(_ contents: SessionStoreContents) -> Outcome {
    if let reason = contents.setAside { logger.error("the session is lost: \(reason)") }
    if contents.discardedBytes > 0 {
      logger.notice("a part of a session record was cut off, which was never complete")
    }
    let now = NIODeadline.now()
    do throws(MQTTError) {
      machine.wallClockOffset = WallClock.offset(at: now)
      try machine.restore(contents.groups, at: now)
    } catch {
      return .failure(error)
    }
    commit.appended = contents.groups.reduce(0) { $0 + $1.readableBytes }
    isStoreOpen = true
    let waiting = waitingForStore
    waitingForStore = []
    for request in waiting { request(self) }
    return .success(.success)
  }

  /// Makes durable what is to be, one group at a time: whatever comes meanwhile makes the next.
  func commitRecords() {
    guard let store, isStoreOpen, !commit.isUnderWay, commit.retry == nil else { return }
    guard machine.hasRecords else {
      commit.whenIdle?()
      return
    }
    if commit.isLong { return replace(in: store) }
    guard let group = machine.nextGroup() else { return }
    commit.isUnderWay = true
    perform({ () throws(SessionStoreError) in try await store.append(group) }) { error in
      guard let error else { return self.committed(group.readableBytes, isSnapshot: false) }
      // The store may be full of what is done with, or want to begin anew after a failure.
      self.logger.debug("the session's records are not appended, but replaced: \(error)")
      self.replace(in: store)
    }
  }

  private func replace(in store: any SessionStore) {
    commit.isUnderWay = true
    machine.wallClockOffset = WallClock.offset(at: .now())
    let snapshot = machine.snapshot()
    perform({ () throws(SessionStoreError) in try await store.replace(with: [snapshot]) }) { error in
      guard let error else { return self.committed(snapshot.readableBytes, isSnapshot: true) }
      self.failed(error)
    }
  }

  private func perform(
    _ operation: @escaping @Sendable () async throws(SessionStoreError) -> Void,
    _ completion: @escaping (SessionStoreError?) -> Void
  ) {
    eventLoop.makeFutureWithTask { () -> SessionStoreError? in
      do throws(SessionStoreError) {
        try await operation()
        return nil
      } catch {
        return error
      }
    }
    .assumeIsolated()
    .whenSuccess(completion)
  }

  private func committed(_ bytes: Int, isSnapshot: Bool) {
    if isSnapshot {
      commit.snapshot = bytes
      commit.appended = 0
    } else {
      commit.appended += bytes
    }
    if commit.isFailing { logger.info("the session's store works again") }
    commit.isFailing = false
    commit.isUnderWay = false
    machine.committed()
    settle()
  }

  private func failed(_ error: SessionStoreError) {
    logger.log(level: commit.isFailing ? .debug : .error, "the session is not kept: \(error)")
    commit.isFailing = true
    commit.isUnderWay = false
    machine.commitFailed("\(error)")
    if let whenIdle = commit.whenIdle { return whenIdle() }
    commit.retry = eventLoop.assumeIsolated().scheduleTask(in: Self.retryPause) {
      self.commit.retry = nil
      self.settle()
    }
    settle()
  }

  /// Commits what is left, once, and closes the store.
  func closeStore(_ completion: @escaping () -> Void) {
    guard let store else { return completion() }
    guard commit.whenIdle == nil else { return }
    commit.retry?.cancel()
    commit.retry = nil
    commit.whenIdle = {
      self.commit.whenIdle = {}
      self.store = nil
      self.eventLoop.makeFutureWithTask { await store.close() }.assumeIsolated().whenComplete { _ in
        completion()
      }
    }
    if !isStoreOpen { commit.whenIdle?() } else { commitRecords() }
  }
}
