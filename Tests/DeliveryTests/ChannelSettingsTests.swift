import Appliance
import DoorCore
import TestSupport
import Testing

@testable import Delivery

@Suite("A channel's table")
struct ChannelSettingsTests {
  private struct OneChannel: SettingsReadable {
    var channel: ChannelSettings

    init(reading table: SettingsTable) throws(SettingsError) {
      channel = try ChannelSettings(reading: table)
    }
  }

  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func channel(_ text: String) throws -> ChannelSettings {
    let secret = try folder.write("hunter2\n", to: "secret")
    let address = try folder.write("https://example.org/hunter2\n", to: "address")
    return try OneChannel(
      text: text.replacing("SECRET ADDRESS", with: address).replacing("SECRET", with: secret),
      file: "notifier.toml"
    ).channel
  }

  private func refusal(_ text: String) -> String? {
    #expect(throws: SettingsError.self) { try channel(text) }?.description
  }

  /// What each type needs, and no more.
  private static let smallest: [(type: String, lines: String, service: any WebService.Type)] = [
    ("webhook", "url = 'https://a'", WebhookService.self), ("ntfy", "topic = 'door'", NtfyService.self),
    ("pushover", "token_file = 'SECRET'\nuser_file = 'SECRET'", PushoverService.self),
    ("telegram", "token_file = 'SECRET'\nchat = '-100'", TelegramService.self),
    ("gotify", "server = 'https://a'\ntoken_file = 'SECRET'", GotifyService.self),
    ("slack", "url_file = 'SECRET ADDRESS'", SlackService.self),
    ("discord", "url_file = 'SECRET ADDRESS'", DiscordService.self),
    ("matrix", "server = 'https://a'\nroom = '!a:b'\ntoken_file = 'SECRET'", MatrixService.self),
    ("bark", "key_file = 'SECRET'", BarkService.self),
    ("serverchan", "key_file = 'SECRET'", ServerChanService.self),
    ("pushplus", "token_file = 'SECRET'", PushPlusService.self),
    ("dingtalk", "token_file = 'SECRET'", DingTalkService.self),
    ("wecom", "key_file = 'SECRET'", WeComService.self),
    ("feishu", "token_file = 'SECRET'", FeishuService.self),
    ("lark", "token_file = 'SECRET'", LarkService.self),
    ("apprise", "server = 'https://a'\nkey = 'home'", AppriseServerService.self),
  ]

  @Test(
    "is that of a service for every type that is one, with as little as it needs", arguments: smallest.indices
  )
  func web(_ index: Int) throws {
    let (type, lines, service) = Self.smallest[index]
    let channel = try channel("id = 'phone'\ntype = '\(type)'\n\(lines)")
    #expect(channel.id.description == "phone")
    guard case .web(let made) = channel.means else {
      Issue.record("\(type) is no service")
      return
    }
    #expect(Swift.type(of: made) == service)
  }

  @Test("is that of a program for mail, commands and apprise without a server")
  func programs() throws {
    guard
      case .program(let mail) = try channel(
        "id = 'a'\ntype = 'email'\nfrom = 'a@b'\nto = ['c@d']"
      ).means,
      case .program(let command) = try channel("id = 'a'\ntype = 'command'\nprogram = '/bin/x'").means,
      case .program(let apprise) = try channel("id = 'a'\ntype = 'apprise'\nconfig_file = 'SECRET'").means
    else {
      Issue.record("no programs")
      return
    }
    #expect(mail is EmailService && command is CommandService && apprise is AppriseProgramService)
  }

  @Test("is the log, or a topic of the broker")
  func own() throws {
    guard case .log = try channel("id = 'a'\ntype = 'log'").means,
      case .broker(let topic) = try channel("id = 'a'\ntype = 'mqtt'\ntopic = 'house/alerts'").means
    else {
      Issue.record("not the log, or not the broker")
      return
    }
    #expect(topic == "house/alerts")
  }

  @Test("shows no secret")
  func hidden() throws {
    let channels = try Self.smallest.map { entry in
      return try channel("id = 'phone'\ntype = '\(entry.type)'\n\(entry.lines)")
    }
    var dumped = ""
    dump(channels, to: &dumped)
    #expect(!"\(channels) \(dumped)".contains("hunter2"))
  }

  @Test("has one of the known types")
  func unknownType() {
    #expect(
      refusal("id = 'a'\ntype = 'carrier pigeon'")
        == "notifier.toml:2: type must be one of \"log\", \"mqtt\", \"webhook\", \"ntfy\", \"pushover\", "
        + "\"telegram\", \"gotify\", \"slack\", \"discord\", \"matrix\", \"bark\", \"serverchan\", "
        + "\"pushplus\", \"dingtalk\", \"wecom\", \"feishu\", \"lark\", \"email\", \"command\", \"apprise\"")
    #expect(
      refusal("id = 'a'")
        == "notifier.toml:1: type is missing: log, mqtt, webhook, ntfy, pushover, telegram, gotify, slack, "
        + "discord, matrix, bark, serverchan, pushplus, dingtalk, wecom, feishu, lark, email, command, apprise"
    )
  }

  @Test("has a name, and for the broker a topic")
  func missing() {
    #expect(refusal("type = 'log'") == "notifier.toml:1: id is missing: the channel's name")
    #expect(refusal("id = 'My phone'\ntype = 'log'")?.hasPrefix("notifier.toml:1: id: ") == true)
    #expect(refusal("id = 'a'\ntype = 'mqtt'") == "notifier.toml:1: topic is missing: a topic")
  }

  @Test("has no key that its type does not know", arguments: ["log", "email"] + smallest.map(\.type))
  func unknownKey(_ type: String) throws {
    let lines =
      switch type {
      case "log": ""
      case "email": "from = 'a@b'\nto = ['c@d']"
      default: try #require(Self.smallest.first { $0.type == type }).lines
      }
    let text = "id = 'a'\ntype = '\(type)'\n\(lines)"
    _ = try channel(text)
    #expect(
      refusal("pigeon = 1\n\(text)")?.hasPrefix("notifier.toml:1: pigeon is not known here; there are ")
        == true)
  }
}
