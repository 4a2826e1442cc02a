import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// A session against a small model of a broker, with connections cut at random.
@Suite struct SessionMachinePropertyTests {
  @Test(arguments: 0..<60 as Range<UInt64>)
  func whatIsPublishedArrivesInOrderAndWhatArrivesIsHandled(seed: UInt64) throws {
    let trace = try Trace(seed: seed)
    for step in 0..<20_000 {
      // In the end everything holds still long enough to be finished.
      trace.isQuiet = step > 5_000
      if trace.isQuiet, trace.isFinished { break }
      try trace.step()
    }
    #expect(trace.isFinished)
    #expect(firsts(trace.stored) == (0..<Trace.target).map { "\($0)" })
    #expect(firsts(trace.handled) == firsts(trace.handled).sorted { number($0) < number($1) })
  }

  private func firsts(_ texts: [String]) -> [String] {
    var seen: Set<String> = []
    return texts.filter { seen.insert($0).inserted }
  }

  private func number(_ text: String) -> Int { Int(text.dropFirst(3)) ?? 0 }
}

/// A client, its handler, and a broker that keeps what the protocol makes it keep.
private final class Trace {
  /// How many messages go each way.
  static let target = 60
  private static let receiveMaximum = 5

  var isQuiet = false
  private var random: SeededGenerator
  private let session: Session
  private var isConnected = false

  private var published = 0
  private var batches: Set<PublishBatchID> = []
  private var finished: Set<PublishBatchID> = []
  private var batch: InboxBatch?
  private(set) var handled: [String] = []

  private var hasSession = false
  /// In order of arrival; what was sent again is there again.
  private(set) var stored: [String] = []
  /// The identifiers whose answer the client has not seen yet.
  private var inFlight: Set<UInt16> = []
  /// On their way to the client.
  private var answers: [Packet] = []
  private var offered = 0
  private var undelivered: [(identifier: UInt16, text: String)] = []
  private var deliveredCount = 0

  init(seed: UInt64) throws {
    random = SeededGenerator(seed: seed)
    session = try Session {
      $0.subscriptions = [Subscription(filter: "t", qualityOfService: .atLeastOnce)]
      $0.receiveMaximum = UInt16(Self.receiveMaximum)
      $0.cleanStart = false
    }
  }

  var isFinished: Bool {
    published == Self.target && offered == Self.target && finished == batches && undelivered.isEmpty
      && batch == nil
  }

  func step() throws {
    switch Int.random(in: 0..<10, using: &random) {
    case 0 where !isConnected: connect()
    case 1 where isConnected && !isQuiet && chance(of: 8):
      _ = session.disconnect()
      isConnected = false
    case 2, 3: try publish()
    case 4 where offered < Self.target && hasSession:
      undelivered.append((UInt16(offered + 1), "in \(offered)"))
      offered += 1
    case 5 where isConnected && deliveredCount < min(Self.receiveMaximum, undelivered.count):
      let next = undelivered[deliveredCount]
      deliveredCount += 1
      #expect(session.deliver(next.text, next.identifier) == .none)
    case 6 where batch == nil: batch = session.nextBatch()
    case 7: handle()
    case 8 where isConnected && !answers.isEmpty: answer()
    default: try write()
    }
  }

  private func chance(of outcomes: Int) -> Bool { Int.random(in: 0..<outcomes, using: &random) == 0 }

  private func connect() {
    if !isQuiet, chance(of: 5) {
      // What a broker that forgets its session owes the client is gone with it.
      hasSession = false
      undelivered = []
    }
    session.connect(sessionPresent: hasSession)
    hasSession = true
    answers = []
    inFlight = []
    deliveredCount = 0
    isConnected = true
  }

  private func publish() throws {
    let count = min(Int.random(in: 1...3, using: &random), Self.target - published)
    guard count > 0 else { return }
    batches.insert(try session.publish((published..<published + count).map { "\($0)" }))
    published += count
  }

  private func handle() {
    guard let done = batch else { return }
    handled += done.messages.map { String(buffer: $0.payload) }
    session.handled(done)
    batch = nil
  }

  private func answer() {
    let answer = answers.removeFirst()
    if case .puback(let acknowledgement) = answer { inFlight.remove(acknowledgement.packetIdentifier) }
    #expect(session.receive(answer) == .none)
  }

  private func write() throws {
    for output in session.outputs(canSend: isConnected) {
      switch output {
      case .finishPublish(let id, let failure):
        #expect(failure == nil)
        #expect(finished.insert(id).inserted)
      case .send(.publish(let publish)):
        let identifier = try #require(publish.packetIdentifier)
        #expect(inFlight.insert(identifier).inserted, "an identifier in flight was used again")
        stored.append(String(buffer: publish.payload))
        answers.append(.puback(PublishAcknowledgement(packetIdentifier: identifier)))
      case .send(.puback(let acknowledgement)):
        #expect(undelivered.first?.identifier == acknowledgement.packetIdentifier)
        undelivered.removeFirst()
        deliveredCount -= 1
      default: Issue.record("\(output)")
      }
    }
  }
}
