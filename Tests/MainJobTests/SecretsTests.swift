import Foundation
import MainJobSupport
import TestSupport
import Testing

/// Tokens, keys and addresses with keys in them are sent to their services, and are nowhere else.
@Suite struct SecretsTests {
  /// The secrets of every kind of channel, by the name of their file.
  private static let secrets = [
    "webhook-url", "webhook-header", "webhook-signing", "ntfy-topic", "ntfy-token", "pushover-token",
    "pushover-user", "telegram-token", "gotify-token", "slack-url", "discord-url", "matrix-token", "bark-key",
    "serverchan-key", "pushplus-token", "dingtalk-token", "dingtalk-secret", "wecom-key", "feishu-token",
    "feishu-secret", "lark-token", "lark-secret", "apprise-key", "deadman-url",
  ]

  private static func secret(_ name: String) -> String { "\(name)-hunter2" }

  private func channels(_ house: Household, _ address: String) throws -> String {
    for name in Self.secrets {
      let text = name.hasSuffix("-url") ? "\(address)/\(Self.secret(name))" : Self.secret(name)
      try text.write(to: house.file(name), atomically: true, encoding: .utf8)
    }
    func file(_ key: String, _ name: String) -> String { "\(key)_file = '\(house.file(name).path)'\n" }
    var lines = "[dead_man]\n" + file("url", "deadman-url")
    func channel(_ type: String, _ keys: String...) {
      lines += "[[channel]]\nid = '\(type)-channel'\ntype = '\(type)'\n" + keys.joined()
    }
    let server = "server = '\(address)'\n"
    channel("ntfy", server, file("topic", "ntfy-topic"), file("token", "ntfy-token"))
    channel("pushover", server, file("token", "pushover-token"), file("user", "pushover-user"))
    channel("telegram", server, file("token", "telegram-token"), "chat = '-100'\n")
    channel("gotify", server, file("token", "gotify-token"))
    channel("slack", file("url", "slack-url"))
    channel("discord", file("url", "discord-url"))
    channel("matrix", server, file("token", "matrix-token"), "room = '!a:b'\n")
    channel("bark", server, file("key", "bark-key"))
    channel("serverchan", server, file("key", "serverchan-key"))
    channel("pushplus", server, file("token", "pushplus-token"))
    channel("dingtalk", server, file("token", "dingtalk-token"), file("secret", "dingtalk-secret"))
    channel("wecom", server, file("key", "wecom-key"))
    channel("feishu", server, file("token", "feishu-token"), file("secret", "feishu-secret"))
    channel("lark", server, file("token", "lark-token"), file("secret", "lark-secret"))
    channel("apprise", server, file("key", "apprise-key"))
    channel("mqtt", "topic = 'alarms'\n")
    channel(
      "webhook", file("url", "webhook-url"), file("signing_key", "webhook-signing"),
      "[[channel.header]]\nname = 'X-Key'\n" + file("value", "webhook-header"))
    return lines
  }

  @Test(
    "are in no log, store, answer, message or process list, whatever the services say back",
    arguments: [400, 500, 200])
  func nowhere(_ status: Int) async throws {
    try await Household.with { house in
      let service = try WebhookReceiver()
      defer { service.end() }
      service.echo(status)
      try house.writeSettings(
        doors: [house.simulatedDoor("front")],
        notifierLines: try channels(house, service.address.replacing("/alarm", with: "")))
      try await house.start()
      let heard = house.file("heard.txt")
      let listener = try ChildProcess(
        "/usr/bin/mosquitto_sub",
        [
          "-h", "127.0.0.1", "-p", "\(house.broker.port)", "-u", "house", "-P", Household.password, "-t", "#",
          "-v",
        ], output: heard.path)
      defer {
        listener.signal(SIGKILL)
        _ = listener.waitUntilEnd()
      }
      try await house.sees("house/front: closed", status: 0)
      #expect(try await house.doorctl("arm", "home").status == 0)
      try house.set("front", "open")
      // Each of them has its secret in what it was asked: the search below looks for what is there.
      for name in Self.secrets where !name.contains("sign") && !name.hasSuffix("-secret") {
        try await eventually("\(name) at its service") {
          service.requests.contains { $0.whole.contains(Self.secret(name)) }
        }
      }
      try await eventually("every channel's end") {
        house.notifier.log.components(separatedBy: "-channel: ").count > 17
      }
      let test = try await ProgramAnswer.of(
        "door-notifier", ["test-channel", "telegram-channel", "--config", house.file("notifier.toml").path])
      let selfTest = try await house.doorctl("selftest", "house", "--wait", "1")
      var places = [
        "the notifier's log": house.notifier.log, "the agent's log": house.agent.log,
        "test-channel": "\(test)", "selftest": "\(selfTest)",
        "the broker": try String(contentsOf: heard, encoding: .utf8),
        "the process list": try await ProgramAnswer.of(["ps", "-e", "-o", "args", "-ww"]).output,
      ]
      for file in ["store.sqlite", "store.sqlite-wal"] {
        guard let bytes = try? Data(contentsOf: house.file(file)) else { continue }
        places[file] = String(decoding: bytes, as: UTF8.self)
      }
      for (place, text) in places {
        #expect(!text.isEmpty)
        for name in Self.secrets {
          #expect(!text.contains(Self.secret(name)), "\(name) is in \(place)")
        }
        #expect(!text.contains(Household.password) || place == "the process list", "mosquitto_sub's own")
      }
    }
  }
}
