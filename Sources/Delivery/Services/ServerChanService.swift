package import Appliance
package import DoorCore

/// Server酱, which hands on to WeChat and to apps: Turbo (sct.ftqq.com/sendkey, "API"), and ServerChan³ where
/// the key begins with "sctp" (doc2.ft07.com/serverchan3/server/api).
///
/// Without a subscription Turbo takes five messages a day: a second channel should stand beside it. What it
/// calls a success is that it has the message in its queue. It has no degrees of urgency.
package struct ServerChanService: WebService {
  package static let name = "ServerChan"
  private static let longestTitle = 32
  /// What is shown of a message before it is opened.
  private static let longestPreview = 64
  /// 32 KB, of which a character that has to be escaped takes five at most.
  private static let longestText = 6_000
  /// Of the limit of a day, which says nothing of when it is over.
  private static let pauseOfLimit = Duration.seconds(3_600)

  private let address: WebAddress
  private let key: Secret

  package init(reading table: SettingsTable) throws(SettingsError) {
    key = try table.secret("key", "the SendKey")
    let text = key.reveal()
    let path = "\(WebRequest.percentEncoded(text)).send"
    if text.hasPrefix("sctp") {
      let account = text.dropFirst(4).prefix { $0.isASCII && $0.isNumber }
      guard !account.isEmpty, text.dropFirst(4 + account.count).hasPrefix("t") else {
        throw table.invalid("key_file", "a file with a SendKey: SCT…, or sctp, a number, t and more")
      }
      let server = try table.server("https://\(account).push.ft07.com")
      address = try table.madeAddress("\(server)/send/\(path)", from: "server")
    } else {
      let server = try table.server("https://sctapi.ftqq.com")
      address = try table.madeAddress("\(server)/\(path)", from: "server")
    }
  }

  package var secrets: [Secret] { [key] }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    let link = notice.acknowledgement.map { "\n\n[\(Self.markdown($0.label))](\($0.address))" } ?? ""
    return .json(
      Message(
        title: notice.title.shortened(toUnits: Self.longestTitle),
        desp: Self.markdown(notice.text.shortened(toBytes: Self.longestText)) + link,
        short: notice.text.shortened(toUnits: Self.longestPreview)),
      to: address)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard let reply = answer.json(as: Reply.self) else {
      return answer.isSuccess ? answer.unreadable(Self.name) : answer.resultOfStatus(Self.name)
    }
    let text = reply.message ?? ""
    let why = "\(Self.name) answered \(reply.code) (\(WebAnswer.shown(text)))"
    switch reply.code {
    case 0 where answer.isSuccess:
      return .delivered(
        answer: answer.json(as: Queued.self).map { "message \(WebAnswer.shown($0.data.pushid))" } ?? "queued")
    // 40001 is a wrong key as well as the limit of the day; only the latter speaks of a number of times.
    case _ where text.contains("次数"):
      return .retry(after: answer.retryAfter ?? Self.pauseOfLimit, why: why)
    case _ where !answer.isSuccess: return answer.resultOfStatus(Self.name, why: text)
    default: return .refused(why: "\(why): check its settings")
    }
  }

  /// A text that Markdown shows as it is, with its lines.
  private static func markdown(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "\\", "`", "*", "_", "[", "]", "#", "|", "~": "\\\(scalar)"
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\n": "\n\n"
      default: String(scalar)
      }
    }.joined()
  }

  private struct Message: Encodable {
    var title: String
    var desp: String
    var short: String
  }

  private struct Reply: Decodable {
    var code: Int
    var message: String?
  }

  private struct Queued: Decodable {
    var data: Push

    struct Push: Decodable {
      var pushid: String
    }
  }
}
