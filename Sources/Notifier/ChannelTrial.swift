import Appliance
import BrokerLink
package import Delivery
package import DoorCore
package import Logging
import MQTT

/// A message that tells whether a channel works, sent as an alarm would be and without the store.
package struct ChannelTrial: Sendable {
  /// How it went, and how long it took.
  package struct Finding: Sendable {
    package var result: DeliveryResult
    package var duration: Duration
  }

  private let settings: NotifierSettings
  private let logger: Logger

  package init(settings: NotifierSettings, logger: Logger) {
    self.settings = settings
    self.logger = logger
  }

  /// - Returns: nil where the settings have no such channel.
  package func run(_ id: Identifier) async -> Finding? {
    guard let channel = settings.channels.first(where: { $0.id == id }) else { return nil }
    let notice = AlertText(settings: settings, language: channel.language).test(of: id, at: .now)
    let begin = ContinuousClock.now
    let result = await deliver(notice, through: channel)
    return Finding(result: result, duration: ContinuousClock.now - begin)
  }

  private func deliver(_ notice: Notice, through channel: NotifierSettings.Channel) async -> DeliveryResult {
    // A session of its own: the notifier may be running, under its own name.
    var configuration = settings.clientConfiguration
    configuration.clientIdentifier = "dooralarm-test-" + .randomHexadecimal(digits: 12)
    configuration.cleanStart = true
    configuration.sessionExpiry = .zero
    configuration.will = nil
    guard case .broker = channel.means else {
      return await channel.made(
        client: MQTTClient(configuration: configuration, logger: logger), logger: logger
      )
      .deliver(notice)
    }
    do {
      return try await MQTTClient.visit(configuration, routes: [], timeout: .seconds(10), logger: logger) {
        [logger] client in await channel.made(client: client, logger: logger).deliver(notice)
      }
    } catch {
      return .retry(after: nil, why: "\(error)")
    }
  }
}
