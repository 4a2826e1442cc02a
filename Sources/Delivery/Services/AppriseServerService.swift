package import Appliance
package import DoorCore

/// An Apprise server of one's own, which hands the notice on to whatever it is set up for
/// (github.com/caronc/apprise-api, README.md, "Persistent (Stateful) Storage Solution").
///
/// It has to be of 1.2.1 or later: older ones do not say in JSON how it went. Where a part of what it is set
/// up for has failed, it is asked again, and the rest has the notice twice: it cannot tell a repetition.
package struct AppriseServerService: WebService {
  package static let name = "the Apprise server"

  private let address: WebAddress
  private let key: Secret
  private let tag: String

  package init(reading table: SettingsTable) throws(SettingsError) {
    let server = try table.server(nil)
    key = try table.secretOrPlain("key", "the key of the configuration on the server")
    address = try table.madeAddress(
      "\(server)/notify/\(WebRequest.percentEncoded(key.reveal()))", from: "server")
    // Without one, the server leaves out what has any.
    tag = try table.string("tag") ?? "all"
  }

  package var secrets: [Secret] { [key] }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    let link = notice.acknowledgement.map { "\n\($0.label): \($0.address)" } ?? ""
    return .json(
      Message(title: notice.title, body: notice.text + link, type: notice.urgency.appriseType, tag: tag),
      to: address, headers: [("Accept", "application/json")])
  }

  /// README.md, "API Response Codes".
  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    let error = answer.json(as: Failure.self)?.error
    switch answer.status {
    case 204:
      return .refused(
        why: "\(Self.name) answered HTTP 204 (there is nothing under the key): check its settings")
    case 200..<300:
      guard answer.json(as: Report.self) != nil, error == nil else { return answer.unreadable(Self.name) }
      return .delivered(answer: "HTTP \(answer.status)")
    case 424:
      let shown = WebAnswer.shown(error ?? "not all of it could be sent")
      return .retry(after: answer.retryAfter, why: "\(Self.name) answered HTTP 424 (\(shown))")
    default: return answer.resultOfStatus(Self.name, why: error)
    }
  }

  private struct Message: Encodable {
    var title: String
    var body: String
    var type: String
    var tag: String
    var format = "text"
  }

  /// What the server has written down while it sent: for each line its level, the time and the text.
  private struct Report: Decodable {
    var details: [[String]]
  }

  private struct Failure: Decodable {
    var error: String
  }
}

extension Notice.Urgency {
  /// apprise's words for it, for its program as well.
  var appriseType: String {
    switch self {
    case .critical: "failure"
    case .normal: "warning"
    case .low: "info"
    }
  }
}
