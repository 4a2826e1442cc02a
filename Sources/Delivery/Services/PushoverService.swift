package import Appliance
package import DoorCore

/// pushover.net (pushover.net/api, "Pushing Messages").
///
/// An alarm has its emergency priority: it breaks through what a phone is silenced by, and comes again until
/// somebody says there that they have seen it, or it expires. It cannot tell a repetition.
package struct PushoverService: WebService {
  package static let name = "Pushover"
  /// pushover.net/api, "Limitations"; in characters, which UTF-16 units are never fewer than.
  private static let longestMessage = 1_024
  private static let longestTitle = 250
  private static let longestLink = 512
  private static let longestLabel = 100
  /// pushover.net/api, "Being Friendly to our API": how soon it may be asked again after it has failed.
  private static let pauseAfterFailure = Duration.seconds(5)
  /// The month's messages are used up; somebody may buy more before it ends.
  private static let pauseAfterLimit = WebAnswer.pause(seconds: 3_600)

  private let server: WebAddress
  private let token: Secret
  private let user: Secret
  private let device: String?
  private let sound: String?
  private let emergencyRetry: Int
  private let emergencyExpiry: Int

  package init(reading table: SettingsTable) throws(SettingsError) {
    let server = try table.server("https://api.pushover.net")
    self.server = try table.madeAddress("\(server)/1/messages.json", from: "server")
    token = try table.secret("token", "the token of the application")
    user = try table.secret("user", "the key of the user or the group")
    device = try table.string("device")
    sound = try table.string("sound")
    emergencyRetry = try table.integer("emergency_retry_s", in: 30...10_800) ?? 60
    emergencyExpiry = try table.integer("emergency_expire_s", in: 30...10_800) ?? 3_600
    guard emergencyRetry <= emergencyExpiry else {
      throw table.invalid("emergency_expire_s", "no less than emergency_retry_s")
    }
  }

  package var secrets: [Secret] { [token, user] }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    let link = notice.acknowledgement
    let isShort = link.map { $0.address.utf16.count <= Self.longestLink } ?? true
    // A link that is too long would make the whole message invalid.
    let ending = isShort ? "" : link.map { "\n\($0.label): \($0.address)" } ?? ""
    let message = notice.text.shortened(toUnits: Self.longestMessage - ending.utf16.count) + ending
    var fields: [(name: String, value: String)] = [
      ("token", token.reveal()), ("user", user.reveal()),
      ("title", notice.title.shortened(toUnits: Self.longestTitle)), ("message", message),
      ("timestamp", "\(notice.at.milliseconds / 1_000)"),
    ]
    fields += priority(of: notice.urgency)
    if isShort, let link {
      fields += [("url", link.address), ("url_title", link.label.shortened(toUnits: Self.longestLabel))]
    }
    if let device { fields.append(("device", device)) }
    if let sound { fields.append(("sound", sound)) }
    return .form(fields, to: server)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    let reply = answer.json(as: Reply.self)
    let why = reply?.errors?.joined(separator: "; ")
    guard answer.isSuccess else {
      let result = answer.resultOfStatus(Self.name, why: why)
      guard case .retry(nil, let why) = result else { return result }
      return .retry(after: answer.status == 429 ? Self.pauseAfterLimit : Self.pauseAfterFailure, why: why)
    }
    guard let reply else { return answer.unreadable(Self.name) }
    guard reply.status == 1 else {
      let shown = WebAnswer.shown(why ?? "status \(reply.status)")
      return .refused(why: "\(Self.name) has not taken it (\(shown)): check its settings")
    }
    let receipt = reply.receipt.map { ", receipt \(WebAnswer.shown($0))" } ?? ""
    return .delivered(answer: "request \(WebAnswer.shown(reply.request))\(receipt)")
  }

  private func priority(of urgency: Notice.Urgency) -> [(name: String, value: String)] {
    switch urgency {
    case .critical: [("priority", "2"), ("retry", "\(emergencyRetry)"), ("expire", "\(emergencyExpiry)")]
    case .normal: [("priority", "0")]
    case .low: [("priority", "-1")]
    }
  }

  private struct Reply: Decodable {
    /// 1 where it has taken the message.
    var status: Int
    var request: String
    /// Of a message of emergency priority: by it can be asked who has seen it.
    var receipt: String?
    var errors: [String]?
  }
}
