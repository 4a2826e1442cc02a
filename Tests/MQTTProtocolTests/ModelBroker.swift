import MQTTProtocol
import NIOCore
import TestSupport
import Testing

/// A broker that keeps what the protocol makes it keep, and holds the client to the protocol.
struct ModelBroker {
  struct Outgoing {
    var identifier: UInt16
    var text: String
    var isExactlyOnce: Bool
    var isSent = false
    var isReleased = false
  }

  let receiveMaximum: Int
  private(set) var hasSession = false
  /// In order of arrival; at quality of service 1 what was sent again is there again.
  private(set) var stored: [String] = []
  /// At quality of service 2, while PUBREL has not come.
  private var known: Set<UInt16> = []
  /// Of the client's PUBLISHes on this connection that are not acknowledged.
  private var inFlight: Set<UInt16> = []
  private(set) var outgoing: [Outgoing] = []
  private var nextIdentifier: UInt16 = 1
  /// Packets on their way to the client.
  private(set) var toClient: [Packet] = []

  init(receiveMaximum: Int) { self.receiveMaximum = receiveMaximum }

  var connack: Connack {
    var properties = ConnackProperties()
    properties.receiveMaximum = UInt16(receiveMaximum)
    return Connack(sessionPresent: hasSession, properties: properties)
  }

  var isIdle: Bool { outgoing.isEmpty && toClient.isEmpty && inFlight.isEmpty }

  /// Forgets everything but what has been stored.
  mutating func forget() {
    hasSession = false
    known = []
    outgoing = []
  }

  mutating func connected() {
    hasSession = true
    toClient = []
    inFlight = []
    for index in outgoing.indices where outgoing[index].isReleased {
      toClient.append(.pubrel(PublishAcknowledgement(packetIdentifier: outgoing[index].identifier)))
    }
    for index in outgoing.indices where outgoing[index].isSent && !outgoing[index].isReleased {
      toClient.append(publish(outgoing[index], isDuplicate: true))
    }
  }

  /// Has a message for the client, if its session takes more.
  mutating func offer(_ text: String, exactlyOnce: Bool) -> Bool {
    guard hasSession, outgoing.count < receiveMaximum else { return false }
    outgoing.append(Outgoing(identifier: nextIdentifier, text: text, isExactlyOnce: exactlyOnce))
    repeat {
      nextIdentifier = nextIdentifier % 12 + 1
    } while outgoing.contains { $0.identifier == nextIdentifier }
    return true
  }

  mutating func sendNext() {
    guard let index = outgoing.firstIndex(where: { !$0.isSent }) else { return }
    outgoing[index].isSent = true
    toClient.append(publish(outgoing[index], isDuplicate: false))
  }

  mutating func takeNextForClient() -> Packet? { toClient.isEmpty ? nil : toClient.removeFirst() }

  private func publish(_ message: Outgoing, isDuplicate: Bool) -> Packet {
    .publish(
      Publish(
        Message("t", message.text, qualityOfService: message.isExactlyOnce ? .exactlyOnce : .atLeastOnce),
        isDuplicate: isDuplicate, packetIdentifier: message.identifier))
  }

  /// Takes a packet of the client's.
  mutating func receive(_ packet: Packet) throws {
    switch packet {
    case .publish(let publish): try receive(publish)
    case .pubrel(let release):
      known.remove(release.packetIdentifier)
      inFlight.remove(release.packetIdentifier)
      toClient.append(.pubcomp(PublishAcknowledgement(packetIdentifier: release.packetIdentifier)))
    case .puback(let answer):
      try finish(answer.packetIdentifier) { !$0.isExactlyOnce }
    case .pubrec(let answer):
      let index = outgoing.firstIndex { $0.identifier == answer.packetIdentifier && $0.isSent }
      let found = try #require(index, "a PUBREC for nothing")
      #expect(outgoing[found].isExactlyOnce)
      outgoing[found].isReleased = true
      toClient.append(.pubrel(PublishAcknowledgement(packetIdentifier: answer.packetIdentifier)))
    case .pubcomp(let answer):
      try finish(answer.packetIdentifier) { $0.isReleased }
    default: Issue.record("unexpected: \(packet)")
    }
  }

  private mutating func receive(_ publish: Publish) throws {
    let identifier = try #require(publish.packetIdentifier)
    #expect(inFlight.insert(identifier).inserted, "an identifier in flight was used again")
    #expect(inFlight.count <= receiveMaximum, "more in flight than allowed")
    let answer = PublishAcknowledgement(packetIdentifier: identifier)
    if publish.message.qualityOfService == .atLeastOnce {
      stored.append(publish.message.payloadText)
      toClient.append(.puback(answer))
    } else {
      if known.insert(identifier).inserted { stored.append(publish.message.payloadText) }
      toClient.append(.pubrec(answer))
    }
  }

  /// The client has the answer, so the identifier is free for it.
  mutating func delivered(_ packet: Packet) {
    switch packet {
    case .puback(let answer), .pubcomp(let answer): inFlight.remove(answer.packetIdentifier)
    default: break
    }
  }

  private mutating func finish(_ identifier: UInt16, _ isRight: (Outgoing) -> Bool) throws {
    let index = outgoing.firstIndex { $0.identifier == identifier && $0.isSent }
    let found = try #require(index, "an acknowledgement for nothing")
    #expect(isRight(outgoing[found]))
    outgoing.remove(at: found)
  }
}

extension Message {
  var payloadText: String { String(buffer: payload) }
}
