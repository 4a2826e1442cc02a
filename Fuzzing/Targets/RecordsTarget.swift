import MQTTProtocol
import NIOCore

/// The first byte chooses what the broker remembers and where a second group begins; the rest is what the
/// store holds.
enum RecordsTarget {
  private static let now = NIODeadline.uptimeNanoseconds(1_000_000_000)

  static func check(_ bytes: [UInt8]) throws(BrokenProperty) {
    var input = FuzzInput(bytes)
    let choice = input.byte()
    let first = input.bytes(Int(choice >> 1))
    let groups = [ByteBuffer(bytes: first), ByteBuffer(bytes: input.remainder())]
    var machine = machine()
    do throws(MQTTError) {
      try machine.restore(groups, at: now)
    } catch {
      guard case .sessionStore = error else { throw BrokenProperty("\(error)") }
      return
    }
    let snapshot = machine.snapshot()
    var successor = Self.machine()
    do throws(MQTTError) {
      try successor.restore([snapshot], at: now)
    } catch {
      throw BrokenProperty("a snapshot cannot be restored: \(error)")
    }
    try require(successor.snapshot() == snapshot, "a snapshot becomes another one")
    successor.committed()
    try finish(&successor, sessionPresent: choice & 1 != 0)
  }

  private static func machine() -> SessionMachine {
    var configuration = SessionConfiguration(broker: "broker", clientIdentifier: "")
    configuration.cleanStart = false
    return SessionMachine(configuration: configuration)
  }

  /// A broker that acknowledges everything gets everything.
  private static func finish(_ machine: inout SessionMachine, sessionPresent: Bool) throws(BrokenProperty) {
    var wire = WireModel(sendMaximum: .max)
    wire.connectionOpened(machine.version)
    machine.connectionOpened(at: now)
    var answers: [Packet] = [.connack(Connack(sessionPresent: sessionPresent))]
    var isIdle = false
    while !isIdle {
      isIdle = answers.isEmpty
      while let output = machine.next(canSend: true, at: now) {
        isIdle = false
        guard case .send(let packet) = output else { continue }
        try wire.sent(packet)
        switch packet {
        case .publish(let publish):
          guard let identifier = publish.packetIdentifier else { continue }
          let answer = PublishAcknowledgement(packetIdentifier: identifier)
          answers.append(publish.message.qualityOfService == .atLeastOnce ? .puback(answer) : .pubrec(answer))
        case .pubrel(let release):
          answers.append(.pubcomp(PublishAcknowledgement(packetIdentifier: release.packetIdentifier)))
        default: break
        }
      }
      for answer in answers {
        wire.received(answer)
        let action = machine.receive(answer, at: now)
        if case .close = action { throw BrokenProperty("\(answer) is a violation") }
      }
      answers = []
      if machine.nextGroup() != nil {
        machine.committed()
        isIdle = false
      }
    }
    try require(machine.queue.unfinished == 0, "\(machine.queue.unfinished) messages are stuck")
  }
}
