package import Appliance
package import DoorCore

/// Bark, for the iPhone (bark.day.app/#/en-us/tutorial, "Request Parameters"; github.com/Finb/bark-server,
/// docs/API_V2.md).
///
/// An alarm is a critical alert, which sounds on a silenced phone too, for half a minute. A tap opens the
/// acknowledgement. A server from 2.2.5 on shows a repetition in place of what it repeats. Normal use has no
/// limit (bark.day.app/#/en-us/faq, "Push Usage Limit").
package struct BarkService: WebService {
  package static let name = "Bark"
  /// What Apple carries to a phone (developer.apple.com/documentation/usernotifications, "Generating a remote
  /// notification").
  private static let longestPayload = 4_096
  /// What the server puts around the texts in it, and the identifier.
  private static let payloadFrame = 512
  private static let longestTitle = 256
  /// Which of Apple's reasons another try never changes (developer.apple.com/documentation/usernotifications,
  /// "Handling notification responses from APNs"); the server gives each of them as its own failure.
  private static let permanentReasons = [
    "BadDeviceToken", "BadPath", "DeviceTokenNotForTopic", "MissingDeviceToken", "PayloadTooLarge",
    "Unregistered",
  ]

  private let address: WebAddress
  private let key: Secret
  private let group: String
  private let volume: Int

  package init(reading table: SettingsTable) throws(SettingsError) {
    address = try table.madeAddress("\(try table.server("https://api.day.app"))/push", from: "server")
    key = try table.secret("key", "the key of the device")
    group = try table.string("group") ?? "dooralarm"
    volume = try table.integer("volume", in: 0...10) ?? 10
  }

  package var secrets: [Secret] { [key] }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    let title = notice.title.shortened(toBytes: Self.longestTitle)
    let url = notice.acknowledgement?.address
    // The group is in it twice.
    let room = [title, url ?? "", group, group].reduce(Self.longestPayload - Self.payloadFrame) {
      $0 - Self.size(of: $1)
    }
    let isCritical = notice.urgency == .critical
    return .json(
      Message(
        key: key.reveal(), title: title, body: Self.shortened(notice.text, to: room),
        level: level(of: notice.urgency), volume: isCritical ? "\(volume)" : nil,
        call: isCritical ? "1" : nil, group: group, id: notice.fingerprint, url: url),
      to: address)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard let reply = answer.json(as: Reply.self) else {
      return answer.isSuccess ? answer.unreadable(Self.name) : answer.resultOfStatus(Self.name)
    }
    // The code is the status; a server behind another one can say it under HTTP 200.
    var judged = answer
    if answer.isSuccess { judged.status = reply.code }
    if judged.status == 200 { return .delivered(answer: WebAnswer.shown(reply.message)) }
    let result = judged.resultOfStatus(Self.name, why: reply.message)
    guard case .retry(_, let why) = result,
      Self.permanentReasons.contains(where: { reply.message.hasSuffix($0) })
    else { return result }
    return .refused(why: "\(why): check its settings")
  }

  private func level(of urgency: Notice.Urgency) -> String {
    switch urgency {
    case .critical: "critical"
    case .normal: "active"
    case .low: "passive"
    }
  }

  /// As much of a text as takes so many bytes of the payload.
  private static func shortened(_ text: String, to room: Int) -> String {
    guard size(of: text) > room else { return text }
    var left = room
    let fitting = text.prefix { character in
      left -= size(of: String(character))
      return left >= 0
    }
    return text.shortened(toBytes: fitting.utf8.count)
  }

  /// What a text takes in the payload: the server writes some signs of ASCII as \u0026.
  private static func size(of text: String) -> Int {
    text.utf8.reduce(0) { size, byte in
      switch byte {
      case 0..<0x20, UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"): size + 6
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): size + 2
      default: size + 1
      }
    }
  }

  private struct Message: Encodable {
    var key: String
    var title: String
    var body: String
    var level: String
    var volume: String?
    /// "1" to sound for half a minute.
    var call: String?
    var group: String
    var id: String
    var url: String?

    enum CodingKeys: String, CodingKey {
      case title, body, level, volume, call, group, id, url
      case key = "device_key"
    }
  }

  private struct Reply: Decodable {
    var code: Int
    var message: String
  }
}
