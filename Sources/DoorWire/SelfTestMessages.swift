package import DoorCore

/// Somebody wants to know whether an alarm of an agent's doors would reach people.
package struct SelfTestRequest: Sendable, Equatable {
  /// What the whole test is called by.
  package var id: Identifier
  package var asked: Timestamp

  package init(id: Identifier, asked: Timestamp) {
    self.id = id
    self.asked = asked
  }

  package func encoded() -> [UInt8] {
    WireCoding.encode(RequestJSON(id: id.description, asked: asked.wireFormat))
  }

  package init(decoding payload: [UInt8]) throws(WireError) {
    let json = try WireCoding.decode(RequestJSON.self, from: payload)
    id = try WireCoding.identifier(json.id, "id")
    asked = try WireCoding.time(json.asked, "asked")
  }
}

private struct RequestJSON: Codable {
  var id: String
  var asked: String
}

/// The agent's answer, which goes the way of its transitions and is marked as what it is: a test.
package struct SelfTestEvent: Sendable, Equatable {
  package var request: SelfTestRequest
  package var sent: Timestamp

  package init(answering request: SelfTestRequest, sent: Timestamp) {
    self.request = request
    self.sent = sent
  }

  package func encoded() -> [UInt8] {
    WireCoding.encode(
      EventJSON(
        v: 1, test: true, id: request.id.description, asked: request.asked.wireFormat, sent: sent.wireFormat))
  }

  package init(decoding payload: [UInt8]) throws(WireError) {
    let json = try WireCoding.decode(EventJSON.self, from: payload)
    request = SelfTestRequest(
      id: try WireCoding.identifier(json.id, "id"), asked: try WireCoding.time(json.asked, "asked"))
    sent = try WireCoding.time(json.sent, "sent")
  }
}

private struct EventJSON: Codable {
  var v: Int
  var test: Bool
  var id: String
  var asked: String
  var sent: String
}

/// How far a test has come at the notifier.
package struct SelfTestReport: Sendable, Equatable {
  package struct Channel: Sendable, Equatable {
    package enum Standing: String, Sendable, CaseIterable {
      case waiting, delivered, refused
    }

    package var id: Identifier
    package var standing: Standing
    /// What its receiver has said last; nil before the first try.
    package var answer: String?
    /// How long its receiver took for that.
    package var tookMilliseconds: Int64?

    package init(id: Identifier, standing: Standing, answer: String?, tookMilliseconds: Int64?) {
      self.id = id
      self.standing = standing
      self.answer = answer
      self.tookMilliseconds = tookMilliseconds
    }
  }

  package var id: Identifier
  package var channels: [Channel]

  package init(id: Identifier, channels: [Channel]) {
    self.id = id
    self.channels = channels
  }

  package func encoded() -> [UInt8] {
    WireCoding.encode(
      ReportJSON(
        v: 1, id: id.description,
        channels: channels.map {
          ReportJSON.Channel(
            id: $0.id.description, standing: $0.standing.rawValue, answer: $0.answer,
            tookMilliseconds: $0.tookMilliseconds)
        }))
  }

  package init(decoding payload: [UInt8]) throws(WireError) {
    let json = try WireCoding.decode(ReportJSON.self, from: payload)
    id = try WireCoding.identifier(json.id, "id")
    channels = try json.channels.map { channel throws(WireError) in
      Channel(
        id: try WireCoding.identifier(channel.id, "channels"),
        standing: try WireCoding.word(channel.standing, "standing"), answer: channel.answer,
        tookMilliseconds: channel.tookMilliseconds)
    }
  }
}

private struct ReportJSON: Codable {
  struct Channel: Codable {
    var id: String
    var standing: String
    var answer: String?
    var tookMilliseconds: Int64?

    enum CodingKeys: String, CodingKey {
      case id, standing, answer
      case tookMilliseconds = "took_ms"
    }
  }

  var v: Int
  var id: String
  var channels: [Channel]
}
