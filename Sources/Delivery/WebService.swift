package import Appliance
package import DoorCore
import FoundationEssentials
package import NIOHTTP1

/// A service that is handed a notice by one HTTP request: what it is asked, and what its answer means. It performs
/// nothing; ``WebServiceChannel`` does.
package protocol WebService: Sendable {
  /// What the service is called where something is said of it.
  static var name: String { get }

  /// - Parameter table: `[[channel]]`, of which `id` and `type` are read already.
  init(reading table: SettingsTable) throws(SettingsError)

  /// How often the service lets itself be used, by its documentation; nil where it says nothing.
  var rate: SendingRate? { get }
  /// What may be in its answers and nowhere else.
  var secrets: [Secret] { get }

  /// - Parameter now: for what is signed with the time.
  func request(for notice: Notice, at now: Timestamp) -> WebRequest
  func judge(_ answer: WebAnswer) -> DeliveryResult
}

extension WebService {
  package var rate: SendingRate? { nil }
}

/// What a service is asked.
package struct WebRequest: Sendable {
  package var method = HTTPMethod.POST
  package var address: WebAddress
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]

  /// A POST of JSON; the same bytes every time, so that a receiver that compares repetitions finds no difference.
  static func json(
    _ content: some Encodable, to address: WebAddress, headers: [(name: String, value: String)] = []
  ) -> WebRequest {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let body = try? encoder.encode(content) else {
      preconditionFailure("A message of words and whole numbers can be encoded.")
    }
    return WebRequest(
      address: address, headers: [("Content-Type", "application/json; charset=utf-8")] + headers,
      body: Array(body))
  }

  /// A POST of fields, as a browser's form sends them.
  static func form(_ fields: [(name: String, value: String)], to address: WebAddress) -> WebRequest {
    let text = fields.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined(separator: "&")
    return WebRequest(
      address: address, headers: [("Content-Type", "application/x-www-form-urlencoded")],
      body: Array(text.utf8))
  }

  /// RFC 3986, 2.3: every byte but the unreserved ones as `%XX`.
  static func percentEncoded(_ text: String) -> String {
    let hexadecimal = Array("0123456789ABCDEF".utf8)
    let bytes = text.utf8.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        [byte]
      default: [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// What a service has answered.
package struct WebAnswer: Sendable {
  package var status: Int
  package var headers: HTTPHeaders
  /// What has come of it, up to ``longestBody``.
  package var body: [UInt8]

  /// No service says more that is of interest.
  static let longestBody = 65_536
  /// No receiver is obeyed that asks for a longer pause.
  private static let longestPause = 3_600

  package init(status: Int, headers: HTTPHeaders = [:], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The body as JSON; nil where it is none of this form.
  func json<Content: Decodable>(as type: Content.Type) -> Content? {
    try? JSONDecoder().decode(type, from: Data(body))
  }

  var isSuccess: Bool { (200..<300).contains(status) }

  /// The time for which the service does not want to be asked (RFC 9110, 10.2.3, in seconds).
  var retryAfter: Duration? {
    headers.first(name: "Retry-After").flatMap { Int($0) }.map { Self.pause(seconds: Double($0)) }
  }

  /// A time that a service has named, within what it can ask for.
  static func pause(seconds: Double) -> Duration {
    .milliseconds(Int64(min(max(seconds.isFinite ? seconds : 0, 0), Double(longestPause)) * 1_000))
  }

  /// What the status alone means: 2xx is a delivery; a timeout, too many requests and a failing server are worth another
  /// try; every other answer says that the request itself is wrong.
  ///
  /// - Parameters:
  ///   - name: who has answered.
  ///   - why: what it has said of it.
  func resultOfStatus(_ name: String, why: String? = nil) -> DeliveryResult {
    let answer = "\(name) answered HTTP \(status)" + (why.map { " (\(Self.shown($0)))" } ?? "")
    switch status {
    case 200..<300: return .delivered(answer: "HTTP \(status)")
    case 408, 425, 429, 500..<600: return .retry(after: retryAfter, why: answer)
    default: return .refused(why: "\(answer): check its settings")
    }
  }

  /// Where a service said yes with a body that is not its own: a proxy or a login page of the network has answered.
  func unreadable(_ name: String) -> DeliveryResult {
    .retry(
      after: retryAfter, why: "\(name) answered HTTP \(status) with something that is not its own answer")
  }

  /// What a service has said, in one line. ``WebServiceChannel`` cuts it, after it has hidden what is secret: half a secret
  /// would not be found.
  static func shown(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
  }
}
