import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// A session against a model of a broker: connections are cut, sessions forgotten, the store fails, and the
/// program is killed and started again, all at random.
@Suite struct SessionMachinePropertyTests {
  @Test(arguments: 0..<80 as Range<UInt64>)
  func nothingIsLostOrDoubledOverCutConnections(seed: UInt64) throws {
    try check(Trace(seed: seed, hasStore: false, forgets: false))
  }

  @Test(arguments: 0..<80 as Range<UInt64>)
  func nothingIsLostOverForgottenSessions(seed: UInt64) throws {
    try check(Trace(seed: seed, hasStore: false, forgets: true))
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func nothingIsLostOrDoubledOverCrashesOfTheProgram(seed: UInt64) throws {
    try check(Trace(seed: seed, hasStore: true, forgets: false))
  }

  @Test(arguments: 0..<80 as Range<UInt64>)
  func nothingIsLostOverCrashesAndForgottenSessions(seed: UInt64) throws {
    try check(Trace(seed: seed, hasStore: true, forgets: true))
  }

  private func check(_ trace: Trace) throws {
    for step in 0..<20_000 {
      // In the end everything holds still long enough to be finished.
      trace.isQuiet = step > 3_000
      if trace.isQuiet, trace.isFinished { break }
      try trace.step()
    }
    #expect(trace.isFinished)
    trace.verify()
  }
}

/// A client, its handler, its store and its broker.
private final class Trace {
  /// How many messages go each way.
  static let target = 60
  private static let receiveMaximum = 5

  var isQuiet = false
  private let hasStore: Bool
  private let forgets: Bool
  private var random: SeededGenerator
  private var session: Session
  private var isConnected = false
  private var broker = ModelBroker(receiveMaximum: receiveMaximum)

  private var published = 0
  /// The texts of batches that wait, by their identifiers in the present run.
  private var waiting: [PublishBatchID: [String]] = [:]
  /// Those that the client has answered for: as accepted, or as acknowledged.
  private var promised: Set<String> = []
  /// Those that may be delivered more than once, or never: the client has said so, or a session was forgotten.
  private var uncertain: Set<String> = []
  private var batch: InboxBatch?
  private var handled: [String] = []
  private var offered = 0
  /// Offered at quality of service 2; handled but perhaps not known to the store when the program was killed.
  private var exactlyOnce: Set<String> = []
  private var handledSinceCommit: Set<String> = []
  private var forgotten: Set<String> = []

  private var stored: [ByteBuffer] = []
  private var group: ByteBuffer?

  init(seed: UInt64, hasStore: Bool, forgets: Bool) throws {
    random = SeededGenerator(seed: seed)
    self.hasStore = hasStore
    self.forgets = forgets
    session = try Self.start(hasStore ? [] : nil)
  }

  private static func start(_ stored: [ByteBuffer]?) throws -> Session {
    try Session(routes: ["t"], stored: stored) {
      $0.receiveMaximum = UInt16(receiveMaximum)
      $0.cleanStart = false
    }
  }

  var isFinished: Bool {
    published == Self.target && offered == Self.target && waiting.isEmpty && broker.isIdle && batch == nil
      && session.machine.queue.unfinished == 0
  }

  func step() throws {
    switch Int.random(in: 0..<13, using: &random) {
    case 0 where !isConnected: connect()
    case 1 where isConnected && !isQuiet && chance(of: 8): disconnect()
    case 2, 3: try publish()
    case 4 where offered < Self.target: offer()
    case 5 where isConnected: broker.sendNext()
    case 6 where batch == nil: batch = session.nextBatch()
    case 7: handle()
    case 8, 9: deliver()
    case 10 where hasStore: try commit()
    case 11 where hasStore && !isQuiet && chance(of: 60): try crash()
    default: try write()
    }
  }

  private func chance(of outcomes: Int) -> Bool { Int.random(in: 0..<outcomes, using: &random) == 0 }

  private func connect() {
    if forgets, !isQuiet, chance(of: 5) {
      // What a broker that forgets its session owes the client is gone with it.
      forgotten.formUnion(broker.outgoing.map(\.text))
      uncertain.formUnion((0..<published).map { "\($0)" })
      broker.forget()
    }
    session.machine.connectionOpened(at: session.now)
    _ = session.machine.next(canSend: true, at: session.now)
    _ = session.receive(.connack(broker.connack))
    guard case .send(.subscribe(let subscribe)) = session.machine.next(canSend: true, at: session.now) else {
      Issue.record("no SUBSCRIBE")
      return
    }
    broker.connected()
    let suback = SubscribeAcknowledgement(
      packetIdentifier: subscribe.packetIdentifier, reasonCodes: [.grantedExactlyOnce])
    _ = session.receive(.suback(suback))
    isConnected = true
  }

  private func disconnect() {
    _ = session.disconnect()
    isConnected = false
  }

  private func publish() throws {
    let count = min(Int.random(in: 1...3, using: &random), Self.target - published)
    guard count > 0 else { return }
    let texts = (published..<published + count).map { "\($0)" }
    let level: QualityOfService = chance(of: 2) ? .exactlyOnce : .atLeastOnce
    if level == .exactlyOnce { exactlyOnce.formUnion(texts) }
    let id = try session.publish(texts, level, until: chance(of: 2) ? .accepted : .acknowledged)
    waiting[id] = texts
    published += count
  }

  private func offer() {
    let text = "in \(offered)"
    let isExactlyOnce = chance(of: 2)
    guard broker.offer(text, exactlyOnce: isExactlyOnce) else { return }
    if isExactlyOnce { exactlyOnce.insert(text) }
    offered += 1
  }

  private func handle() {
    guard let done = batch else { return }
    batch = nil
    if !isQuiet, chance(of: 5) {
      _ = session.failed(done)
      session.now = session.now + .seconds(60)
      return
    }
    handled += done.texts
    handledSinceCommit.formUnion(done.texts)
    session.handled(done)
  }

  private func deliver() {
    guard isConnected, let packet = broker.takeNextForClient() else { return }
    #expect(session.receive(packet) == .none)
    broker.delivered(packet)
  }

  private func commit() throws {
    guard let pending = group else {
      group = session.machine.nextGroup()
      if group != nil { committing = handledSinceCommit }
      return
    }
    group = nil
    if !isQuiet, chance(of: 10) {
      session.machine.commitFailed("full")
    } else if chance(of: 20) {
      stored = [session.machine.snapshot()]
      session.machine.committed()
      handledSinceCommit = []
    } else {
      stored.append(pending)
      session.machine.committed()
      handledSinceCommit.subtract(committing)
    }
  }

  private var committing: Set<String> = []

  /// What was being committed may or may not be on the disk.
  private func crash() throws {
    if let group, chance(of: 2) { stored.append(group) }
    group = nil
    batch = nil
    // Nobody has been promised these.
    for texts in waiting.values { uncertain.formUnion(texts) }
    waiting = [:]
    // A handler had done its work, but the store did not know.
    uncertain.formUnion(handledSinceCommit)
    handledSinceCommit = []
    session = try Self.start(stored)
    isConnected = false
  }

  private func write() throws {
    for output in session.outputs(canSend: isConnected) {
      switch output {
      case .finishPublish(let id, let failure, _):
        let removed = waiting.removeValue(forKey: id)
        let texts = try #require(removed)
        if failure == nil { promised.formUnion(texts) } else { uncertain.formUnion(texts) }
      case .drop(_, let error):
        guard forgets, case .sessionLost = error else {
          Issue.record("\(error)")
          continue
        }
      case .send(let packet): try broker.receive(packet)
      case .finishRequest: Issue.record("\(output)")
      }
    }
  }

  func verify() {
    let counts = Dictionary(grouping: broker.stored, by: { $0 }).mapValues(\.count)
    let handledCounts = Dictionary(grouping: handled, by: { $0 }).mapValues(\.count)
    for number in 0..<Self.target {
      let out = "\(number)"
      if promised.contains(out), !(forgets && exactlyOnce.contains(out)) {
        #expect(counts[out, default: 0] >= 1, "\(out) was acknowledged and is lost")
      }
      if exactlyOnce.contains(out), !forgets { #expect(counts[out, default: 0] <= 1, "\(out) came twice") }
      let into = "in \(number)"
      if !forgotten.contains(into) { #expect(handledCounts[into, default: 0] >= 1, "\(into) is lost") }
      if exactlyOnce.contains(into), !uncertain.contains(into), !forgotten.contains(into) {
        #expect(handledCounts[into, default: 0] <= 1, "\(into) was handled twice")
      }
    }
    // Sorted by number, they are in the order of the first arrival.
    #expect(firsts(broker.stored) == firsts(broker.stored).sorted { number($0) < number($1) })
    #expect(firsts(handled) == firsts(handled).sorted { number($0) < number($1) })
  }

  private func firsts(_ texts: [String]) -> [String] {
    var seen: Set<String> = []
    return texts.filter { seen.insert($0).inserted }
  }

  private func number(_ text: String) -> Int { Int(text.split(separator: " ").last ?? "") ?? -1 }
}
