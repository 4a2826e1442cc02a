import AlarmStore
import Dashboard
import DoorCore
import DoorWire
import HTTPTypes
import Logging

/// The stage behind the links that people are sent: somebody who has one knows of its alert.
struct LinkDesk: AcknowledgementDesk {
  let settings: NotifierSettings
  let store: AlarmStore
  let links: AcknowledgementLinks
  let logger: Logger
  let tell: @Sendable (Outcome) async -> Void

  func look(_ token: String) async -> AcknowledgementPage {
    await page(of: token) { grant, record, text in
      text.page(.ok, text.title(of: record), text.text(of: record), button: record.acknowledged == nil)
    }
  }

  func acknowledge(_ token: String) async -> AcknowledgementPage {
    await page(of: token) { grant, record, text in
      let now = Timestamp.now
      let source = "link through \(grant.channel)"
      let isFirst = try await store.transact { store in
        guard try store.acknowledge(alert: grant.alert, by: nil, from: source, now: now) else { return false }
        try store.noteCommand(
          CommandRecord(
            at: now, area: record.alert.area, person: nil, source: source,
            command: "acknowledge \(grant.alert)", outcome: "done"))
        return true
      }
      if isFirst {
        logger.notice("acknowledged by a \(source)", metadata: ["alert": "\(grant.alert)"])
        var outcome = Outcome()
        outcome.acknowledged.append((record.alert, source))
        await tell(outcome)
      }
      return text.page(.ok, text.acknowledged(), text.text(of: record), button: false)
    }
  }

  /// The page of a link, where it is a good one.
  private func page(
    of token: String,
    _ body: (AcknowledgementLinks.Grant, AlertRecord, LinkText) async throws -> AcknowledgementPage
  ) async -> AcknowledgementPage {
    switch links.read(token, now: .now) {
    case .invalid: return LinkText(settings: settings, channel: nil).page(.notFound, .linkInvalid)
    case .expired(let grant):
      return LinkText(settings: settings, channel: grant.channel).page(.gone, .linkExpired)
    case .valid(let grant):
      let text = LinkText(settings: settings, channel: grant.channel)
      do {
        let record = try await store.transact { try $0.alertRecord(grant.alert) }
        guard let record else { return text.page(.notFound, .linkInvalid) }
        return try await body(grant, record, text)
      } catch {
        logger.error("a link cannot be answered: \(error)")
        return text.page(.serviceUnavailable, .linkFailed)
      }
    }
  }
}

/// The words on the page of a link, in the language of the channel that it was sent through.
private struct LinkText {
  private let text: AlertText
  private let phrases: AlertPhrases

  init(settings: NotifierSettings, channel: Identifier?) {
    let language = settings.channels.first { $0.id == channel }?.language ?? settings.language
    text = AlertText(settings: settings, language: language)
    phrases = settings.phrases[language] ?? AlertPhrases(language)
  }

  func title(of record: AlertRecord) -> String { text.title(of: item(record)) }

  func text(of record: AlertRecord) -> String { text.text(of: item(record)) }

  func acknowledged() -> String { phrases.part(.acknowledged) }

  private func item(_ record: AlertRecord) -> OutboxItem {
    OutboxItem(
      id: 0, alert: record.alert, stage: .raised, count: record.count, raised: record.raised,
      resolved: record.resolved)
  }

  func page(
    _ status: HTTPResponse.Status, _ title: String, _ text: String, button: Bool
  ) -> AcknowledgementPage {
    AcknowledgementPage(
      status: status, language: phrases.language == .chinese ? "zh-CN" : "en", title: title, text: text,
      button: button ? phrases.part(.acknowledge) : nil)
  }

  func page(_ status: HTTPResponse.Status, _ part: PhrasePart) -> AcknowledgementPage {
    page(status, phrases.part(part), "", button: false)
  }
}
