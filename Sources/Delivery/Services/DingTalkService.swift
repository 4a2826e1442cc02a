package import Appliance
import Crypto
package import DoorCore
import Foundation

/// A custom robot of a group of DingTalk
/// (open.dingtalk.com/document/orgapp/custom-robots-send-group-messages; in English
/// help.dingtalk.io/open/development/custom-robots-send-group-messages).
///
/// A robot is guarded by a keyword that has to be in every message, by a signature, or by the sender's
/// address (open.dingtalk.com/document/orgapp/customize-robot-security-settings). All its refusals come
/// under HTTP 200. Who is mentioned hears of a message in a muted group, too.
package struct DingTalkService: WebService {
  package static let name = "DingTalk"
  /// A request has 20,000 bytes at most (errcode 460101): a quotation mark or a line break takes two.
  private static let longestText = 8_000
  private static let longestTitle = 200
  /// The documentation's 20 a minute, also in the first one: who sends more is not heard for ten minutes.
  package let rate: SendingRate? = SendingRate(burst: 10, pause: .seconds(6))

  private let address: WebAddress
  private let token: Secret
  private let secret: Secret?
  private let keyword: String?
  private let mentionsAll: Bool

  package init(reading table: SettingsTable) throws(SettingsError) {
    let server = try table.server("https://oapi.dingtalk.com")
    token = try table.secret("token", "the robot's access_token, which is the end of its webhook address")
    secret = try Secret.read("secret", from: table)
    keyword = try table.string("keyword")
    mentionsAll = try table.boolean("mention_all") ?? false
    address = try table.madeAddress(
      "\(server)/robot/send?access_token=\(WebRequest.percentEncoded(token.reveal()))", from: "server")
  }

  package var secrets: [Secret] { [token] + (secret.map { [$0] } ?? []) }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    var title = notice.title.shortened(toBytes: Self.longestTitle)
    if let keyword, !title.contains(keyword) { title = "\(keyword) \(title)" }
    let link = notice.acknowledgement.map { "\n\($0.label): \($0.address)" } ?? ""
    return .json(
      Message(
        key: notice.fingerprint,
        text: Message.Text(content: "\(title)\n\(notice.text.shortened(toBytes: Self.longestText))\(link)"),
        at: notice.urgency == .critical && mentionsAll ? Message.Mention() : nil),
      to: signed(at: now))
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard let reply = answer.json(as: Reply.self) else {
      return answer.isSuccess ? answer.unreadable(Self.name) : answer.resultOfStatus(Self.name)
    }
    let text = reply.errmsg ?? ""
    let why = "\(Self.name) answered \(reply.errcode) (\(WebAnswer.shown(text)))"
    switch reply.errcode {
    case 0 where answer.isSuccess: return .delivered(answer: WebAnswer.shown(text))
    // It is busy.
    case -1: return .retry(after: answer.retryAfter, why: why)
    // Too fast. It does not say when the ten minutes are over: an alarm asks once a minute.
    case 130_101, 410_100: return .retry(after: answer.retryAfter ?? .seconds(60), why: why)
    // A clock that is not set yet signs with the wrong time; the other reasons of this number do not pass.
    case 310_000 where text.contains("timestamp"): return .retry(after: answer.retryAfter, why: why)
    case _ where !answer.isSuccess: return answer.resultOfStatus(Self.name, why: text)
    default: return .refused(why: "\(why): check its settings")
    }
  }

  /// The robot's address, with the signature if it wants one: by the secret, of the time and the secret.
  private func signed(at now: Timestamp) -> WebAddress {
    guard let secret else { return address }
    let signature = HMAC<SHA256>.authenticationCode(
      for: Array("\(now.milliseconds)\n\(secret.reveal())".utf8),
      using: SymmetricKey(data: Array(secret.reveal().utf8)))
    let sign = WebRequest.percentEncoded(Data(signature).base64EncodedString())
    // What is appended cannot spoil an address.
    return (try? WebAddress("\(address.reveal())&timestamp=\(now.milliseconds)&sign=\(sign)")) ?? address
  }

  private struct Message: Encodable {
    var type = "text"
    /// The same for every try: "msgUuid" keeps DingTalk from showing a message twice.
    var key: String
    var text: Text
    var at: Mention?

    struct Text: Encodable {
      var content: String
    }

    struct Mention: Encodable {
      var isAtAll = true
    }

    enum CodingKeys: String, CodingKey {
      case text, at
      case type = "msgtype"
      case key = "msgUuid"
    }
  }

  private struct Reply: Decodable {
    var errcode: Int
    var errmsg: String?
  }
}
