package import Appliance
import Crypto
package import DoorCore
import Foundation

/// A custom robot of a group of Feishu (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot).
///
/// A robot is guarded by a keyword that has to be in every message, by a signature, or by the sender's
/// address. It is sent a card: its texts are plain, its button opens the acknowledgement, and the colour of
/// its head says how urgent it is.
package struct FeishuService: WebService {
  package static let name = "Feishu"
  /// A request has 20 KB at most, of which a quotation mark or a line break takes two.
  private static let longestText = 8_000
  private static let longestTitle = 200
  /// "Notes": 5 a second, and 100 a minute.
  package let rate: SendingRate? = SendingRate(burst: 5, pause: .seconds(1))

  private let brand: String
  private let address: WebAddress
  private let token: Secret
  private let secret: Secret?
  private let keyword: String?
  private let mentionsAll: Bool

  package init(reading table: SettingsTable) throws(SettingsError) {
    try self.init(reading: table, of: Self.name, at: "https://open.feishu.cn")
  }

  /// - Parameter brand: who is said to have answered.
  init(reading table: SettingsTable, of brand: String, at usual: String) throws(SettingsError) {
    self.brand = brand
    let server = try table.server(usual)
    token = try table.secret("token", "the robot's token, which is the end of its webhook address")
    secret = try Secret.read("secret", from: table)
    keyword = try table.string("keyword")
    mentionsAll = try table.boolean("mention_all") ?? false
    address = try table.madeAddress(
      "\(server)/open-apis/bot/v2/hook/\(WebRequest.percentEncoded(token.reveal()))", from: "server")
  }

  package var secrets: [Secret] { [token] + (secret.map { [$0] } ?? []) }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    var title = notice.title.shortened(toBytes: Self.longestTitle)
    if let keyword, !title.contains(keyword) { title = "\(keyword) \(title)" }
    var elements = [Element(text: .plain(notice.text.shortened(toBytes: Self.longestText)))]
    if notice.urgency == .critical && mentionsAll { elements.append(Element(text: .everybody)) }
    if let link = notice.acknowledgement {
      elements.append(Element(actions: [Button(text: .plain(link.label), url: link.address)]))
    }
    let seconds = "\(now.milliseconds / 1_000)"
    return .json(
      Message(
        timestamp: secret.map { _ in seconds }, sign: secret.map { Self.signature(by: $0, at: seconds) },
        card: Card(
          header: Card.Header(title: .plain(title), template: colour(of: notice.urgency)), elements: elements)
      ),
      to: address)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard let reply = answer.json(as: Reply.self), let code = reply.code ?? reply.formerCode else {
      return answer.isSuccess ? answer.unreadable(brand) : answer.resultOfStatus(brand)
    }
    let text = reply.text ?? reply.formerText ?? ""
    let why = "\(brand) answered \(code) (\(WebAnswer.shown(text)))"
    switch code {
    case 0 where answer.isSuccess: return .delivered(answer: WebAnswer.shown(text))
    // Too often, or too much from everybody. A wrong signature: a wrong secret as well as a clock that
    // is not set yet, which passes.
    case 11_232, 19_021: return .retry(after: answer.retryAfter, why: why)
    case _ where !answer.isSuccess: return answer.resultOfStatus(brand, why: text)
    default: return .refused(why: "\(why): check its settings")
    }
  }

  /// "Signature verification": the code of nothing, by a key of the time and the secret.
  private static func signature(by secret: Secret, at seconds: String) -> String {
    let key = SymmetricKey(data: Array("\(seconds)\n\(secret.reveal())".utf8))
    return Data(HMAC<SHA256>.authenticationCode(for: [UInt8](), using: key)).base64EncodedString()
  }

  private func colour(of urgency: Notice.Urgency) -> String {
    switch urgency {
    case .critical: "red"
    case .normal: "orange"
    case .low: "blue"
    }
  }

  private struct Message: Encodable {
    var timestamp: String?
    var sign: String?
    var type = "interactive"
    var card: Card

    enum CodingKeys: String, CodingKey {
      case timestamp, sign, card
      case type = "msg_type"
    }
  }

  private struct Card: Encodable {
    var header: Header
    var elements: [Element]

    struct Header: Encodable {
      var title: Text
      var template: String
    }
  }

  private struct Element: Encodable {
    var tag: String
    var text: Text?
    var actions: [Button]?

    init(text: Text) { (tag, self.text) = ("div", text) }
    init(actions: [Button]) { (tag, self.actions) = ("action", actions) }
  }

  private struct Button: Encodable {
    var tag = "button"
    var type = "primary"
    var text: Text
    var url: String
  }

  private struct Text: Encodable {
    var tag: String
    var content: String

    static func plain(_ content: String) -> Text { Text(tag: "plain_text", content: content) }
    static let everybody = Text(tag: "lark_md", content: "<at id=all></at>")
  }

  /// Old robots answer with the former names only.
  private struct Reply: Decodable {
    var code: Int?
    var text: String?
    var formerCode: Int?
    var formerText: String?

    enum CodingKeys: String, CodingKey {
      case code
      case text = "msg"
      case formerCode = "StatusCode"
      case formerText = "StatusMessage"
    }
  }
}
