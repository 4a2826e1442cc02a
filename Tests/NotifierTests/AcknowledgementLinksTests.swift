import AlarmStore
import DoorCore
import TestSupport
import Testing

@testable import Notifier

@Suite("A link that acknowledges")
struct AcknowledgementLinksTests {
  private static let base = "https://alarm.example"
  private static let alert = "hall/front/5e1f0c77/1042/1700000000000"
  private let links = AcknowledgementLinks(base: base, lifetime: .seconds(86_400), key: Array(0..<32))
  private let phone: Identifier
  private let raised = NotifierHouse.wall(0)

  init() throws {
    phone = try Identifier("phone")
  }

  /// What stands behind `/ack/`.
  private func token(
    _ alert: String = alert, _ channel: Identifier? = nil, raised: Timestamp? = nil,
    by links: AcknowledgementLinks? = nil
  ) -> String {
    let address = (links ?? self.links).address(
      for: alert, through: channel ?? phone, from: raised ?? self.raised)
    return String(address.dropFirst("\(Self.base)/ack/".count))
  }

  private func read(_ token: String, at second: Int64 = 1) -> AcknowledgementLinks.Reading {
    links.read(token, now: NotifierHouse.wall(second))
  }

  @Test("stands for one alert and the channel that it is sent through")
  func valid() throws {
    let grant = AcknowledgementLinks.Grant(alert: Self.alert, channel: phone)
    #expect(read(token()) == .valid(grant))
    #expect(read(token("another")) == .valid(.init(alert: "another", channel: phone)))
    let mail = try Identifier("mail")
    #expect(read(token(Self.alert, mail)) == .valid(.init(alert: Self.alert, channel: mail)))
  }

  @Test("is an address that needs no escaping")
  func address() {
    let address = links.address(for: "home/ä ?#/\u{1}", through: phone, from: raised)
    #expect(address.hasPrefix("https://alarm.example/ack/"))
    #expect(address.wholeMatch(of: /https:\/\/alarm\.example\/ack\/[A-Za-z0-9_.-]+/) != nil, "\(address)")
    let token = String(address.dropFirst("\(Self.base)/ack/".count))
    #expect(read(token) == .valid(.init(alert: "home/ä ?#/\u{1}", channel: phone)))
  }

  @Test("is the same with every try, and another for another alert, channel or time")
  func same() throws {
    #expect(token() == token())
    let others = [
      token("another"), token(Self.alert, try Identifier("mail")), token(raised: NotifierHouse.wall(60)),
    ]
    #expect(Set(others + [token()]).count == 4)
  }

  @Test("expires, counted from the raising of its alert")
  func expires() {
    let grant = AcknowledgementLinks.Grant(alert: Self.alert, channel: phone)
    #expect(read(token(), at: 86_400) == .valid(grant))
    #expect(read(token(), at: 86_401) == .expired(grant))
    #expect(read(token(raised: NotifierHouse.wall(10)), at: 86_401) == .valid(grant))
  }

  @Test("is none with a part of another one", arguments: 0..<4)
  func mixed(_ part: Int) throws {
    let other = token("another", try Identifier("mail"), raised: NotifierHouse.wall(60)).split(separator: ".")
    var parts = token().split(separator: ".")
    #expect(parts.count == 4 && other.count == 4)
    parts[part] = other[part]
    #expect(read(parts.joined(separator: ".")) == .invalid)
  }

  @Test("is none with any character changed, left out or put in")
  func tampered() {
    let token = Array(token())
    // Two bits of a signature's last character stand for nothing.
    for place in token.indices.dropLast() {
      for character in ["A", "b", "0", "_", "."] as [Character] where token[place] != character {
        var changed = token
        changed[place] = character
        #expect(read(String(changed)) == .invalid, "\(place) \(character)")
      }
      var shorter = token
      shorter.remove(at: place)
      // One of two that are the same is no other.
      if shorter != token { #expect(read(String(shorter)) == .invalid, "\(place)") }
      var longer = token
      longer.insert("A", at: place)
      #expect(read(String(longer)) == .invalid, "\(place)")
    }
  }

  @Test("is none of another key, and does not live longer by another lifetime")
  func otherKey() {
    let stranger = AcknowledgementLinks(base: Self.base, lifetime: .seconds(86_400), key: Array(1..<33))
    #expect(read(token(by: stranger)) == .invalid)
    let patient = AcknowledgementLinks(base: Self.base, lifetime: .seconds(864_000), key: Array(0..<32))
    #expect(
      patient.read(token(), now: NotifierHouse.wall(86_401))
        == .expired(.init(alert: Self.alert, channel: phone)))
  }

  @Test(
    "is none of anything else",
    arguments: [
      "", ".", "...", "....", "a.b.c.d", "YQ.phone.1700000000.", "YQ.phone.1700000000.AAAA", "%2e%2e%2f",
      "../../etc/passwd", "YQ.phone.99999999999999999999.AAAA", "\u{0}", "門.門.門.門",
    ])
  func garbage(_ token: String) {
    #expect(read(token) == .invalid)
  }

  @Test("is none with more than its four parts, or when it is longer than any of ours")
  func long() {
    #expect(read(token() + ".") == .invalid)
    #expect(read("." + token()) == .invalid)
    #expect(read(token(String(repeating: "x", count: 800))) == .invalid)
    // The longest ids there are: of a door, a journal, and numbers.
    let name = String(repeating: "x", count: 64)
    let longest = "\(name)/\(name)/\(name)/\(Int64.max)/\(Int64.min)/shut-out"
    #expect(read(token(longest)) == .valid(.init(alert: longest, channel: phone)))
  }

  // MARK: Keys

  @Test("is signed with a key that its store draws once and keeps")
  func key() async throws {
    let folder = try TemporaryFolder()
    let store = try AlarmStore(path: folder.file("store.sqlite"))
    let key = try await AcknowledgementLinks.key(of: store)
    #expect(key.count == 32)
    #expect(try await AcknowledgementLinks.key(of: store) == key)
    #expect(try await AcknowledgementLinks.key(of: AlarmStore(path: folder.file("store.sqlite"))) == key)
    #expect(try await AcknowledgementLinks.key(of: AlarmStore(path: folder.file("other.sqlite"))) != key)
  }

  @Test("is there where people reach the web server, and lives as long as the settings say")
  func settings() async throws {
    let folder = try TemporaryFolder()
    func links(_ web: String) async throws -> AcknowledgementLinks? {
      let house = try NotifierHouse(
        path: folder.file("store.sqlite"), doors: NotifierHouse.door("front") + web)
      return try await AcknowledgementLinks.of(house.settings, house.store)
    }
    #expect(try await links("") == nil)
    #expect(try await links("[web]\nport = 8470\n") == nil)
    let own = try #require(try await links("[web]\nport = 8470\nurl = \"\(Self.base)/\"\nlink_days = 2\n"))
    let token = token(by: own)
    #expect(
      own.read(token, now: NotifierHouse.wall(2 * 86_400)) == .valid(.init(alert: Self.alert, channel: phone))
    )
    #expect(
      own.read(token, now: NotifierHouse.wall(2 * 86_400 + 1))
        == .expired(.init(alert: Self.alert, channel: phone)))
  }
}
