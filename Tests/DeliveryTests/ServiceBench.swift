import Appliance
import DoorCore
import NIOHTTP1
import TestSupport

@testable import Delivery

/// Where a service is tried: its settings, with a folder for its secrets.
struct ServiceBench {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// The path of a file with a secret in it.
  func secret(_ text: String) throws -> String {
    try folder.write(text + "\n", to: "secret-\(UInt64.random(in: 0...UInt64.max))")
  }

  /// The service of a `[[channel]]` table of these lines.
  func make<Service: WebService>(_ type: Service.Type = Service.self, _ lines: String...) throws -> Service {
    try OneTable<Service>(text: lines.joined(separator: "\n"), file: "notifier.toml").service
  }

  private struct OneTable<Service: WebService>: SettingsReadable {
    var service: Service

    init(reading table: SettingsTable) throws(SettingsError) {
      service = try Service(reading: table)
    }
  }

  /// The same of a program.
  func make<Service: ProgramService>(_ type: Service.Type = Service.self, _ lines: String...) throws
    -> Service
  {
    try OneProgram<Service>(text: lines.joined(separator: "\n"), file: "notifier.toml").service
  }

  private struct OneProgram<Service: ProgramService>: SettingsReadable {
    var service: Service

    init(reading table: SettingsTable) throws(SettingsError) {
      service = try Service(reading: table)
    }
  }

  // MARK: Programs

  /// A place for a file that a program writes.
  func file(_ name: String) -> String { folder.file(name) }

  /// What a program has written; nil where it has not.
  func written(_ name: String) -> String? { try? folder.read(name) }

  func write(_ text: String, to name: String) throws -> String { try folder.write(text, to: name) }

  /// A program that is this script. Another program puts it there: one that this process has written itself cannot be
  /// started while a process that is just being started elsewhere has a copy of its file.
  func program(_ script: String, interpreter: String? = "/bin/sh") throws -> String {
    let name = "program-\(UInt64.random(in: 0...UInt64.max))"
    let source = try folder.write((interpreter.map { "#!\($0)\n" } ?? "") + "\(script)\n", to: "\(name).txt")
    try runProgram("/usr/bin/install", ["-m", "755", source, folder.file(name)])
    return folder.file(name)
  }
}

extension Notice {
  /// The opening of a front door.
  static func opening(
    _ urgency: Urgency = .critical, text: String = "Haustür was \"opened\" at 1/2 & 3.",
    acknowledgement: Link? = nil
  ) throws -> Notice {
    let alert = Alert(
      id: "home/front/5e1f0c77/1042/1700000000000", severity: urgency == .critical ? .alarm : .trouble,
      kind: .opened, area: try Identifier("home"), subject: .door(try DoorAddress("hall/front")),
      state: .open,
      at: Timestamp(milliseconds: 1_700_000_000_000))
    return Notice(
      key: alert.id, severity: alert.severity, urgency: urgency, title: "ALARM: Haustür", text: text,
      at: alert.at, items: [Item(alert: alert, stage: .raised, count: 1, text: text)],
      acknowledgement: acknowledgement)
  }

  static let link = Link(address: "https://alarm.example/ack/hunter2", label: "I know")
}

extension WebRequest {
  /// The body as a JSON value.
  func json() throws -> JSON { try JSON(body) }

  func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  var text: String { String(decoding: body, as: UTF8.self) }
}

extension WebAnswer {
  init(_ status: Int, _ body: String, retryAfter: String? = nil) {
    self.init(
      status: status, headers: retryAfter.map { ["Retry-After": $0] } ?? [:], body: Array(body.utf8))
  }
}

extension Timestamp {
  /// When services are asked: 2023-11-14T22:15:00Z.
  static let now = Timestamp(milliseconds: 1_700_000_100_000)
}
