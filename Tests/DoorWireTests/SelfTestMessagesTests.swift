import DoorCore
import DoorWire
import TestSupport
import Testing

@Suite("A self test's messages")
struct SelfTestMessagesTests {
  private func request() throws -> SelfTestRequest {
    SelfTestRequest(id: try Identifier("5e1f0c77"), asked: Timestamp(milliseconds: 1_000))
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  // MARK: The request and its answer

  @Test("ask with the test's name and when it was asked for")
  func asks() throws {
    let request = try request()
    #expect(text(request.encoded()) == #"{"asked":"1970-01-01T00:00:01.000Z","id":"5e1f0c77"}"#)
    #expect(try SelfTestRequest(decoding: request.encoded()) == request)
  }

  @Test("answer with what was asked, marked as a test")
  func answers() throws {
    let event = SelfTestEvent(answering: try request(), sent: Timestamp(milliseconds: 2_500))
    #expect(
      text(event.encoded())
        == #"{"asked":"1970-01-01T00:00:01.000Z","id":"5e1f0c77","sent":"1970-01-01T00:00:02.500Z","#
        + #""test":true,"v":1}"#)
    #expect(try SelfTestEvent(decoding: event.encoded()) == event)
  }

  @Test("are read with what a later version adds")
  func later() throws {
    let request = try request()
    #expect(
      try SelfTestRequest(
        decoding: Array(#"{"asked":"1970-01-01T00:00:01Z","id":"5e1f0c77","more":[1]}"#.utf8)) == request)
  }

  @Test(
    "refuse a question with a faulty field and say which",
    arguments: [
      (#"{"asked":"1970-01-01T00:00:01Z"}"#, "id is missing"),
      (#"{"id":"a"}"#, "asked is missing"),
      (#"{"id":"a","asked":"now"}"#, #"asked is "now", which is no RFC 3339 time"#),
      (
        #"{"id":"+","asked":"1970-01-01T00:00:01Z"}"#,
        #"id: "+" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"#
      ),
      (#"{"id":7,"asked":"1970-01-01T00:00:01Z"}"#, "id has the wrong type"),
      ("", notJSON),
    ]
  )
  func faultyRequest(_ text: String, _ reason: String) {
    let error = #expect(throws: WireError.self) { try SelfTestRequest(decoding: Array(text.utf8)) }
    #expect(error?.description == reason)
  }

  @Test(
    "refuse an answer with a faulty field and say which",
    arguments: [
      (#""test":true,"#, "", "test is missing"), (#""sent":"#, #""went":"#, "sent is missing"),
      ("1970-01-01T00:00:02.500Z", "x", #"sent is "x", which is no RFC 3339 time"#),
      ("1970-01-01T00:00:01.000Z", "y", #"asked is "y", which is no RFC 3339 time"#),
      (
        "5e1f0c77", "A",
        #"id: "A" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"#
      ),
      (#"{"asked""#, #"["asked""#, notJSON),
    ]
  )
  func faultyEvent(_ good: String, _ bad: String, _ reason: String) throws {
    let whole = text(SelfTestEvent(answering: try request(), sent: Timestamp(milliseconds: 2_500)).encoded())
    try #require(whole.contains(good))
    let error = #expect(throws: WireError.self) {
      try SelfTestEvent(decoding: Array(whole.replacing(good, with: bad).utf8))
    }
    #expect(error?.description == reason)
  }

  // MARK: The report

  private func report() throws -> SelfTestReport {
    SelfTestReport(
      id: try Identifier("5e1f0c77"),
      channels: [
        .init(id: try Identifier("log"), standing: .delivered, answer: "written", tookMilliseconds: 3),
        .init(id: try Identifier("mail"), standing: .waiting, answer: nil, tookMilliseconds: nil),
        .init(
          id: try Identifier("phone"), standing: .refused, answer: "ntfy answered \"403\"",
          tookMilliseconds: 412),
      ])
  }

  @Test("report how far each channel is, and what its receiver has said last")
  func reports() throws {
    #expect(
      text(try report().encoded())
        == #"{"channels":[{"answer":"written","id":"log","standing":"delivered","took_ms":3},"#
        + #"{"id":"mail","standing":"waiting"},"#
        + #"{"answer":"ntfy answered \"403\"","id":"phone","standing":"refused","took_ms":412}],"#
        + #""id":"5e1f0c77","v":1}"#)
    #expect(try SelfTestReport(decoding: report().encoded()) == report())
  }

  @Test("have three words for how far a channel is")
  func standings() {
    #expect(SelfTestReport.Channel.Standing.allCases.map(\.rawValue) == ["waiting", "delivered", "refused"])
  }

  @Test(
    "refuse a report with a faulty field and say which",
    arguments: [
      (#""channels""#, #""ways""#, "channels is missing"), (#""v":1"#, #""v":"one""#, "v has the wrong type"),
      (
        #""standing":"waiting""#, #""standing":"lost""#,
        #"standing is "lost"; it can be waiting, delivered, refused"#
      ),
      (
        #""id":"mail""#, #""id":"My mail""#,
        #"channels: "My mail" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"#
      ),
      (
        #""id":"5e1f0c77""#, #""id":"""#,
        #"id: "" is no id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or a digit"#
      ),
      (#"{"channels":["#, #"{"channels":"#, notJSON),
    ]
  )
  func faultyReport(_ good: String, _ bad: String, _ reason: String) throws {
    let whole = text(try report().encoded())
    try #require(whole.contains(good))
    let error = #expect(throws: WireError.self) {
      try SelfTestReport(decoding: Array(whole.replacing(good, with: bad).utf8))
    }
    #expect(error?.description == reason)
  }

  @Test("of random bytes are refused and do no harm", arguments: 0..<UInt64(50))
  func random(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<Int.random(in: 0...500, using: &random)).map { _ in
      UInt8.random(in: .min ... .max, using: &random)
    }
    #expect(throws: WireError.self, "seed \(seed)") { try SelfTestRequest(decoding: bytes) }
    #expect(throws: WireError.self, "seed \(seed)") { try SelfTestEvent(decoding: bytes) }
    #expect(throws: WireError.self, "seed \(seed)") { try SelfTestReport(decoding: bytes) }
  }
}
