package import Appliance
package import DoorCore

/// A robot of a group of WeCom, WeChat for companies (developer.work.weixin.qq.com/document/path/91770;
/// the numbers of its answers: developer.work.weixin.qq.com/document/path/90455).
///
/// All its refusals come under HTTP 200.
package struct WeComService: WebService {
  package static let name = "WeCom"
  /// Of a text, in bytes, with all that is in it.
  private static let longestText = 2_048
  private static let longestTitle = 200
  /// The documentation's 20 a minute, also in the first one.
  package let rate: SendingRate? = SendingRate(burst: 10, pause: .seconds(6))

  private let address: WebAddress
  private let key: Secret
  private let mentionsAll: Bool

  package init(reading table: SettingsTable) throws(SettingsError) {
    let server = try table.server("https://qyapi.weixin.qq.com")
    key = try table.secret("key", "the robot's key, which is the end of its webhook address")
    mentionsAll = try table.boolean("mention_all") ?? false
    address = try table.madeAddress(
      "\(server)/cgi-bin/webhook/send?key=\(WebRequest.percentEncoded(key.reveal()))", from: "server")
  }

  package var secrets: [Secret] { [key] }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    let head = Self.plain(notice.title).shortened(toBytes: Self.longestTitle) + "\n"
    let link = notice.acknowledgement.map { "\n\($0.label): \($0.address)" } ?? ""
    let text = Self.plain(notice.text).shortened(
      toBytes: Self.longestText - head.utf8.count - link.utf8.count)
    return .json(
      Message(
        text: Message.Text(
          content: head + text + link,
          mentioned: notice.urgency == .critical && mentionsAll ? ["@all"] : nil)),
      to: address)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard let reply = answer.json(as: Reply.self) else {
      return answer.isSuccess ? answer.unreadable(Self.name) : answer.resultOfStatus(Self.name)
    }
    let text = reply.errmsg ?? ""
    let why = "\(Self.name) answered \(reply.errcode) (\(WebAnswer.shown(text)))"
    switch reply.errcode {
    case 0 where answer.isSuccess: return .delivered(answer: WebAnswer.shown(text))
    // It is busy, or asked by too many at the same time.
    case -1, 45_033: return .retry(after: answer.retryAfter, why: why)
    // Too often; its limits are by the minute.
    case 45_009: return .retry(after: answer.retryAfter ?? .seconds(60), why: why)
    case _ where !answer.isSuccess: return answer.resultOfStatus(Self.name, why: text)
    default: return .refused(why: "\(why): check its settings")
    }
  }

  /// Nobody is to be mentioned by what a door is called: "<@NAME>" is all the markup that a text has.
  private static func plain(_ text: String) -> String { text.replacing("<@", with: "< @") }

  private struct Message: Encodable {
    var type = "text"
    var text: Text

    struct Text: Encodable {
      var content: String
      var mentioned: [String]?

      enum CodingKeys: String, CodingKey {
        case content
        case mentioned = "mentioned_list"
      }
    }

    enum CodingKeys: String, CodingKey {
      case text
      case type = "msgtype"
    }
  }

  private struct Reply: Decodable {
    var errcode: Int
    var errmsg: String?
  }
}
