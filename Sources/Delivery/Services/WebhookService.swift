package import Appliance
import Crypto
package import DoorCore
import Foundation
import NIOHTTP1

/// Sends the notice to an address: as JSON of our own, or in a body and with headers of the user's own form.
///
/// The header `Idempotency-Key` is the same for every try of one notice, so that a receiver can tell a
/// repetition; so is every byte of the body. With a signing key, `X-Dooralarm-Signature` is `sha256=` and the
/// body's HMAC-SHA256 (RFC 2104) in hexadecimal.
package struct WebhookService: WebService {
  package static let name = "the webhook"

  private enum Method: String, CaseIterable {
    case post = "POST"
    case put = "PUT"
  }

  private let address: WebAddress
  private let method: Method
  private let contentType: String
  private let body: TextTemplate?
  private let headers: [Header]
  private let signingKey: Secret?

  package init(reading table: SettingsTable) throws(SettingsError) {
    address = try table.webAddress("url", "where the alerts are posted to")
    method = try table.word("method") ?? .post
    let contentType = try table.value("content_type", HeaderText.checked) ?? "application/json"
    self.contentType = contentType
    body = try table.value("body") { (text) throws(TextTemplateError) in
      try Self.body(text, as: contentType)
    }
    headers = try table.tables("header").map { (table) throws(SettingsError) in try Header(reading: table) }
    signingKey = try Secret.read("signing_key", from: table)
  }

  package var secrets: [Secret] {
    address.secrets + headers.map(\.value) + (signingKey.map { [$0] } ?? [])
  }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    let content = NoticeBody(notice)
    let values = content.values
    let body = body.map { Array($0.render(values).utf8) } ?? content.encoded()
    var headers = [(name: "Content-Type", value: contentType), (name: "Idempotency-Key", value: notice.key)]
    headers += self.headers.map { ($0.name, $0.text(with: values)) }
    if let signingKey {
      let code = HMAC<SHA256>.authenticationCode(
        for: body, using: SymmetricKey(data: Array(signingKey.reveal().utf8)))
      headers.append(("X-Dooralarm-Signature", "sha256=" + code.hexadecimal))
    }
    return WebRequest(
      method: HTTPMethod(rawValue: method.rawValue), address: address, headers: headers, body: body)
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult { answer.resultOfStatus(Self.name) }

  /// A template whose values are escaped as its type needs it; what is to be JSON has been tried, for no
  /// receiver takes half of it when there is an alarm.
  private static func body(_ text: String, as contentType: String) throws(TextTemplateError) -> TextTemplate {
    let type = contentType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    let isJSON = type == "application/json" || type.hasSuffix("+json")
    let escaping: TextTemplate.Escaping =
      switch type {
      case _ where isJSON: .json
      case "application/x-www-form-urlencoded": .form
      case "application/xml", "text/xml", "text/html": .markup
      case _ where type.hasSuffix("+xml"): .markup
      default: .text
      }
    let template = try TextTemplate(text, names: NoticeBody.names, escaping: escaping)
    guard !isJSON || NoticeBody.samples.allSatisfy({ Self.isJSON(template.render($0)) }) else {
      throw TextTemplateError(
        "this does not always make JSON: a text stands in quotation marks, a comma is left out with its value"
      )
    }
    return template
  }

  /// As every receiver reads it: Foundation also lets a comma pass that nothing comes after.
  private static func isJSON(_ text: String) -> Bool {
    guard (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil else {
      return false
    }
    return text.replacing(/"(?:[^"\\]|\\.)*"/, with: "0").firstMatch(of: /,\s*[\]}]/) == nil
  }

  /// `[[channel.header]]`.
  private struct Header {
    var name: String
    var value: Secret
    /// nil for a value out of a file: a secret is sent as it is.
    var template: TextTemplate?

    /// What the channel or its connection says itself.
    private static let reserved: Set<String> = [
      "connection", "content-length", "content-type", "expect", "host", "idempotency-key", "keep-alive", "te",
      "trailer", "transfer-encoding", "upgrade", "user-agent", "x-dooralarm-signature",
    ]

    init(reading table: SettingsTable) throws(SettingsError) {
      name = try table.required("name", try table.value("name", HeaderText.name), "the header's name")
      guard !Self.reserved.contains(name.lowercased()) else {
        throw table.invalid("name", "another header than \(name), which the channel writes itself")
      }
      value = try table.secretOrPlain("value", "what the header says")
      guard (try? HeaderText.checked(value.reveal())) != nil else {
        throw table.invalid("value", "\(HeaderText.InvalidText())")
      }
      template = try table.value("value") { (text) throws(TextTemplateError) in
        try TextTemplate(text, names: NoticeBody.names, escaping: .line)
      }
    }

    /// In UTF-8, as RFC 9110, 5.5, lets it pass.
    func text(with values: [String: TextTemplate.Value]) -> String {
      template?.render(values) ?? value.reveal()
    }
  }
}

/// What can stand in a header (RFC 9110, 5.5 and 5.6.2).
private enum HeaderText {
  struct InvalidText: Error, CustomStringConvertible {
    var description: String { "letters, digits and signs of ASCII, in one line" }
  }

  static func checked(_ text: String) throws(InvalidText) -> String {
    guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw InvalidText() }
    return text
  }

  static func name(_ text: String) throws(InvalidText) -> String {
    let isToken = text.utf8.allSatisfy {
      (0x21...0x7E).contains($0) && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0)
    }
    guard isToken else { throw InvalidText() }
    return text
  }
}
