import AlarmStore
import CSQLite
import Dashboard
import DoorCore
import HTTPTypes
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Notifier

@Suite("The desk behind the links")
struct LinkDeskTests {
  private let folder: TemporaryFolder
  private let house: NotifierHouse
  private let links = AcknowledgementLinks(
    base: "https://alarm.example", lifetime: .seconds(86_400), key: Array(0..<32))
  /// Of the one alarm that there is.
  private let alert: String

  init() async throws {
    folder = try TemporaryFolder()
    house = try NotifierHouse(
      path: folder.file("store.sqlite"), area: "exit_delay_s = 0",
      doors: NotifierHouse.door("front", "name = \"Front door\"\nresponse = \"instant\"")
        + "[[channel]]\nid = \"hers\"\ntype = \"log\"\nlanguage = \"zh\"\n")
    try await house.receive("front", .closed, 1, at: 0)
    try await house.command("ARM_AWAY", at: 1)
    try await house.receive("front", .open, 2, at: 2)
    alert = try #require(try await house.records().first?.alert.id)
  }

  /// A desk, and what it has told the other stages.
  private final class Told: Sendable {
    let outcomes = Mutex<[Outcome]>([])
  }

  private func desk(_ told: Told = Told()) -> LinkDesk {
    LinkDesk(
      settings: house.settings, store: house.store, links: links,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { outcome in told.outcomes.withLock { $0.append(outcome) } }
  }

  private func token(
    _ alert: String? = nil, through channel: String = "log", raised: Timestamp = .now
  ) throws -> String {
    let address = links.address(for: alert ?? self.alert, through: try Identifier(channel), from: raised)
    return String(try #require(address.split(separator: "/").last))
  }

  private func record() async throws -> AlertRecord { try #require(try await house.records().first) }

  private func commands() async throws -> [CommandRecord] {
    try await house.store.transact { try $0.commands(limit: 10) }
  }

  /// Does something to the store's file behind the store's back.
  private func execute(_ sql: String) throws {
    var connection: OpaquePointer?
    #expect(sqlite3_open(house.settings.storePath, &connection) == SQLITE_OK)
    defer { sqlite3_close(connection) }
    #expect(sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK)
  }

  @Test("shows what a link is about, with a button, and changes nothing, however often it is looked at")
  func look() async throws {
    let told = Told()
    let before = (try await record(), try await commands())
    for _ in 0..<3 {
      let page = await desk(told).look(try token())
      #expect(page.status == .ok)
      #expect(page.title == "ALARM: Front door")
      #expect(page.text.hasPrefix("Front door was opened at "))
      #expect(page.button == "I know about it")
      #expect(page.language == "en")
    }
    #expect(try await record() == before.0)
    #expect(try await commands() == before.1)
    #expect(told.outcomes.withLock { $0.isEmpty })
  }

  @Test("writes down that somebody knows and through which channel, with the alert and with the commands")
  func acknowledge() async throws {
    let told = Told()
    let page = await desk(told).acknowledge(try token())
    #expect(page.status == .ok)
    #expect(page.title == "It is written down that you know about it.")
    #expect(page.text.hasPrefix("Front door was opened at "))
    #expect(page.button == nil)

    let record = try await record()
    #expect(record.acknowledged != nil)
    #expect(record.acknowledgedFrom == "link through log")
    #expect(record.acknowledgedBy == nil, "a link says nobody's name")
    let command = try #require(try await commands().first)
    #expect(command.command == "acknowledge \(alert)" && command.outcome == "done")
    #expect(command.source == "link through log" && command.person == nil)
    #expect(command.area.description == "home")
    #expect(try await house.state(at: 3) == .triggered, "nothing else is done")

    let acknowledged = told.outcomes.withLock { $0.flatMap(\.acknowledged) }
    #expect(acknowledged.map(\.alert.id) == [alert])
    #expect(acknowledged.map(\.source) == ["link through log"])
    #expect(await desk().look(try token()).button == nil, "there is nothing more to do")
  }

  @Test("says the same a second time, and writes nothing more down")
  func again() async throws {
    let told = Told()
    let first = await desk(told).acknowledge(try token())
    let record = try await record()
    let second = await desk(told).acknowledge(try token(through: "hers"))
    #expect(second.status == .ok && second.button == nil)
    #expect(second.title == "已记录：您已知晓。")
    #expect(await desk(told).acknowledge(try token()) == first)
    #expect(try await self.record() == record, "who was first")
    #expect(try await commands().count { $0.command.hasPrefix("acknowledge") } == 1)
    #expect(told.outcomes.withLock { $0.count } == 1)
  }

  @Test("speaks the language of the channel that the link was sent through")
  func language() async throws {
    let page = await desk().look(try token(through: "hers"))
    #expect(page.language == "zh-CN")
    #expect(page.title == "警报：Front door")
    #expect(page.button == "我知道了")
    let old = Timestamp.now.advanced(by: .seconds(-100_000))
    #expect(await desk().look(try token(through: "hers", raised: old)).title.hasPrefix("链接已过期"))
    #expect(
      await desk().look(try token(through: "gone")).language == "en", "the house's, of one that is no more")
  }

  @Test("has nothing for links that are too old, and acknowledges nothing by them")
  func expired() async throws {
    let token = try token(raised: Timestamp.now.advanced(by: .seconds(-100_000)))
    for page in [await desk().look(token), await desk().acknowledge(token)] {
      #expect(page.status == .gone)
      #expect(page.title.hasPrefix("This link has expired."))
      #expect(page.text.isEmpty && page.button == nil)
    }
    #expect(try await record().acknowledged == nil)
  }

  @Test("knows no link of anybody else's, nor of an alert that there is not")
  func invalid() async throws {
    for token in ["x", try token().replacing(".", with: ","), try token("home/nothing")] {
      for page in [await desk().look(token), await desk().acknowledge(token)] {
        #expect(page.status == .notFound)
        #expect(page.title == "This link is not valid.")
        #expect(page.text.isEmpty && page.button == nil)
      }
    }
    #expect(try await record().acknowledged == nil)
    #expect(try await commands().allSatisfy { !$0.command.hasPrefix("acknowledge") })
  }

  @Test("asks to try again where the store cannot be read, and where it cannot be written changes nothing")
  func storeFails() async throws {
    let told = Told()
    try execute("ALTER TABLE command RENAME TO elsewhere")
    let unwritten = await desk(told).acknowledge(try token())
    #expect(unwritten.status == .serviceUnavailable)
    #expect(unwritten.title == "This could not be written down. Please try again.")
    #expect(unwritten.button == nil)
    #expect(try await record().acknowledged == nil, "all of it or nothing")
    #expect(told.outcomes.withLock { $0.isEmpty })
    try execute("ALTER TABLE elsewhere RENAME TO command; ALTER TABLE alert RENAME TO elsewhere")
    #expect(await desk(told).look(try token()).status == .serviceUnavailable)
    try execute("ALTER TABLE elsewhere RENAME TO alert")
    #expect(await desk(told).acknowledge(try token()).status == .ok)
    #expect(try await record().acknowledged != nil)
  }
}
