package import Appliance
package import DoorCore

/// One channel, as its table `[[channel]]` has it.
package struct ChannelSettings: Sendable {
  /// By which means it reaches a person.
  package enum Means: Sendable {
    case log
    /// A message on a topic of the broker that the notifier is connected to.
    case broker(topic: String)
    case web(any WebService)
    case program(any ProgramService)
  }

  package var id: Identifier
  package var means: Means

  /// The words of `type`.
  private enum TypeWord: String, CaseIterable {
    case log, mqtt, webhook, ntfy, pushover, telegram, gotify, slack, discord, matrix, bark, serverchan,
      pushplus
    case dingtalk, wecom, feishu, lark, email, command, apprise
  }

  package init(reading table: SettingsTable) throws(SettingsError) {
    id = try table.required("id", try table.value("id", Identifier.init), "the channel's name")
    let type = try table.required(
      "type", try table.word("type", as: TypeWord.self),
      TypeWord.allCases.map(\.rawValue).joined(separator: ", "))
    switch type {
    case .log: means = .log
    case .mqtt: means = .broker(topic: try table.required("topic", try table.string("topic"), "a topic"))
    case .webhook: means = .web(try WebhookService(reading: table))
    case .ntfy: means = .web(try NtfyService(reading: table))
    case .pushover: means = .web(try PushoverService(reading: table))
    case .telegram: means = .web(try TelegramService(reading: table))
    case .gotify: means = .web(try GotifyService(reading: table))
    case .slack: means = .web(try SlackService(reading: table))
    case .discord: means = .web(try DiscordService(reading: table))
    case .matrix: means = .web(try MatrixService(reading: table))
    case .bark: means = .web(try BarkService(reading: table))
    case .serverchan: means = .web(try ServerChanService(reading: table))
    case .pushplus: means = .web(try PushPlusService(reading: table))
    case .dingtalk: means = .web(try DingTalkService(reading: table))
    case .wecom: means = .web(try WeComService(reading: table))
    case .feishu: means = .web(try FeishuService(reading: table))
    case .lark: means = .web(try LarkService(reading: table))
    case .email: means = .program(try EmailService(reading: table))
    case .command: means = .program(try CommandService(reading: table))
    case .apprise:
      let hasServer = try table.string("server") != nil
      means =
        hasServer
        ? .web(try AppriseServerService(reading: table)) : .program(try AppriseProgramService(reading: table))
    }
  }
}
