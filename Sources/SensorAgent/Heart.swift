import Appliance
import DoorCore
import DoorWire
import GPIO
import Journal
import Logging
import MQTT
import MQTTProtocol
import NIOCore
import Synchronization

/// Publishes the heartbeat: that the agent is alive, and what the newest of every door is, so that a lost
/// message shows even where no later one follows.
final class Heart: Sendable {
  private let settings: AgentSettings
  private let overview: DoorOverview
  private let journal: TransitionJournal
  private let client: MQTTClient
  private let clock: AgentClock
  private let logger: Logger
  private let metrics: AgentMetrics
  private let period: Mutex<Duration>
  private let beats: AsyncStream<Void>
  private let beat: AsyncStream<Void>.Continuation

  init(
    settings: AgentSettings, overview: DoorOverview, journal: TransitionJournal, client: MQTTClient,
    clock: AgentClock, logger: Logger, metrics: AgentMetrics
  ) {
    self.settings = settings
    self.overview = overview
    self.journal = journal
    self.client = client
    self.clock = clock
    self.logger = logger
    self.metrics = metrics
    period = Mutex(settings.heartbeatPeriod)
    (beats, beat) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Beats without waiting for the period to end.
  func beatNow() {
    beat.yield()
  }

  /// Has this period from the next beat on, which is now: whoever counts the beats is told at once.
  func change(period: Duration) {
    self.period.withLock { $0 = period }
    beatNow()
  }

  /// Beats until the task is cancelled.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await pause(for: self.period.withLock { $0 })
          self.beatNow()
        }
      }
      for await _ in beats {
        do {
          // While there is no connection no heartbeat is kept: a late one would be a lie.
          try await client.publish(message(), queue: .refuse)
          metrics.heartbeat()
        } catch let error as JournalError {
          if case .damaged = error { throw error }
          logger.error("\(error)")
        } catch is MQTTError {
          // The client itself says what is wrong with the connection; the next beat is the next try.
        }
      }
      group.cancelAll()
    }
  }

  private func message() async throws -> Message {
    var doors: [Identifier: HeartbeatMessage.Door] = [:]
    for (door, state) in overview.states {
      let sequence = try await journal.newest(of: door)?.sequence ?? 0
      doors[door] = HeartbeatMessage.Door(sequence: sequence, state: state)
    }
    let heartbeat = HeartbeatMessage(
      sent: clock.now, uptimeSeconds: MonotonicTime.now.nanoseconds / 1_000_000_000,
      periodSeconds: period.withLock { $0 }.components.seconds, journal: await journal.id, doors: doors)
    return Message(
      topic: settings.topics.heartbeat(ofAgent: settings.id), payload: ByteBuffer(bytes: heartbeat.encoded()),
      qualityOfService: .atMostOnce, retain: true)
  }
}
