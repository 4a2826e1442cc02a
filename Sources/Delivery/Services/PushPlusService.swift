package import Appliance
package import DoorCore

/// pushplus 推送加, which hands on to WeChat and, by its channels, to other services
/// (www.pushplus.plus/doc/guide/api.html; the numbers of its answers: api.pushplus.plus/doc-3034446).
///
/// All its answers come under HTTP 200. What it calls a success is that it has the message in its queue. It
/// has no degrees of urgency. More than 200 requests a day shut an account out for the day, many more for
/// longer (www.pushplus.plus/doc/help/lockdown.html).
package struct PushPlusService: WebService {
  package static let name = "PushPlus"
  private static let longestTitle = 100
  /// 20,000 characters, of which one that has to be escaped takes six at most.
  private static let longestText = 3_000
  /// The documentation's 5 a minute, also in the first one.
  package let rate: SendingRate? = SendingRate(burst: 3, pause: .seconds(30))
  /// Of an account that is shut out, each request of which makes it worse.
  private static let pauseOfAccount = Duration.seconds(3_600)

  private let address: WebAddress
  private let token: Secret
  private let topic: String?
  private let channel: String?

  package init(reading table: SettingsTable) throws(SettingsError) {
    let server = try table.server("https://www.pushplus.plus")
    token = try table.secret("token", "the token of the account")
    topic = try table.string("topic")
    channel = try table.string("channel")
    address = try table.madeAddress("\(server)/send", from: "server")
  }

  package var secrets: [Secret] { [token] }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    // As HTML: in its plain texts a link is only looked at.
    let link =
      notice.acknowledgement.map {
        "<br><a href=\"\(Self.html($0.address))\">\(Self.html($0.label))</a>"
      } ?? ""
    return .json(
      Message(
        token: token.reveal(), title: notice.title.shortened(toUnits: Self.longestTitle),
        content: Self.html(notice.text.shortened(toUnits: Self.longestText)) + link, topic: topic,
        channel: channel),
      to: address)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard let reply = answer.json(as: Reply.self) else {
      return answer.isSuccess ? answer.unreadable(Self.name) : answer.resultOfStatus(Self.name)
    }
    let text = reply.msg ?? ""
    let why = "\(Self.name) answered \(reply.code) (\(WebAnswer.shown(text)))"
    switch reply.code {
    case 200 where answer.isSuccess:
      return .delivered(
        answer: answer.json(as: Queued.self).map { "message \(WebAnswer.shown($0.data))" } ?? "queued")
    case 500: return .retry(after: answer.retryAfter, why: why)
    case 900: return .retry(after: answer.retryAfter ?? Self.pauseOfAccount, why: why)
    // "The same content": it has taken these very words three times within the hour. Mostly these were
    // earlier tries of this notice, of which only the answers were lost; in any case the person has them.
    case 999 where text.contains("相同内容"):
      return .delivered(answer: "it has it already: \(WebAnswer.shown(text))")
    case _ where !answer.isSuccess: return answer.resultOfStatus(Self.name, why: text)
    default: return .refused(why: "\(why): check its settings")
    }
  }

  /// A text that HTML shows as it is, with its lines.
  private static func html(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "\n": "<br>"
      default: String(scalar)
      }
    }.joined()
  }

  private struct Message: Encodable {
    var token: String
    var title: String
    var content: String
    var template = "html"
    var topic: String?
    var channel: String?
  }

  private struct Reply: Decodable {
    var code: Int
    var msg: String?
  }

  private struct Queued: Decodable {
    var data: String
  }
}
