package import Appliance
package import DoorCore

/// A Gotify server of one's own (gotify.net/docs/pushmsg, and /docs/msgextras for the link).
///
/// A tap on the notification opens the acknowledgement. It documents no limits, and cannot tell a repetition.
package struct GotifyService: WebService {
  package static let name = "Gotify"

  private let address: WebAddress
  private let token: Secret

  package init(reading table: SettingsTable) throws(SettingsError) {
    address = try table.madeAddress("\(try table.server(nil))/message", from: "server")
    token = try table.secret("token", "the token of the application")
  }

  package var secrets: [Secret] { [token] }

  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    .json(
      Message(
        title: notice.title, message: notice.text, priority: priority(of: notice.urgency),
        extras: Message.Extras(
          notification: notice.acknowledgement.map { .init(click: .init(url: $0.address)) })),
      to: address, headers: [("X-Gotify-Key", token.reveal())])
  }

  package func judge(_ answer: WebAnswer) -> DeliveryResult {
    guard answer.isSuccess else {
      let failure = answer.json(as: Failure.self)
      return answer.resultOfStatus(Self.name, why: failure.map { $0.errorDescription ?? $0.error })
    }
    guard let message = answer.json(as: Created.self) else { return answer.unreadable(Self.name) }
    return .delivered(answer: "message \(message.id)")
  }

  /// gotify.net/docs/priority: from 8 on it vibrates, from 4 on it sounds, below it is only shown.
  private func priority(of urgency: Notice.Urgency) -> Int {
    switch urgency {
    case .critical: 10
    case .normal: 5
    case .low: 2
    }
  }

  private struct Message: Encodable {
    var title: String
    var message: String
    var priority: Int
    var extras: Extras

    struct Extras: Encodable {
      var display = Display()
      var notification: Notification?

      enum CodingKeys: String, CodingKey {
        case display = "client::display"
        case notification = "client::notification"
      }
    }

    struct Display: Encodable {
      var contentType = "text/plain"
    }

    struct Notification: Encodable {
      var click: Click

      struct Click: Encodable {
        var url: String
      }
    }
  }

  private struct Created: Decodable {
    var id: Int
  }

  private struct Failure: Decodable {
    var error: String
    var errorDescription: String?
  }
}
