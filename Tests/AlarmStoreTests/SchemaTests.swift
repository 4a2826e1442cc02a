import DoorCore
import GRDB
import TestSupport
import Testing

@testable import AlarmStore

@Suite("A store of an older version")
struct SchemaTests {
  /// A store as version 1 left it: two doors, one of them with a gap, an armed area that was triggered, one alert that was
  /// delivered and one that waits.
  private static let version1 = """
    INSERT INTO history VALUES
      (1,'hall','front','j1',1,'closed',1000,'b',1,'synced','boot',0,0,1001,'baseline','disarmed'),
      (2,'hall','back','j1',1,'closed',1000,'b',1,'synced','boot',0,0,1002,'baseline',''),
      (3,'hall','front','j1',4,'open',5000,'b',1,'synced','edge',2,1,5001,'live','armed_away');
    INSERT INTO door VALUES ('hall','front',3), ('hall','back',2);
    INSERT INTO missing VALUES ('hall','front','j1',2,3);
    INSERT INTO arming VALUES (1,'home','armed_away',2000,0), (2,'home','disarmed',3000,0),
      (3,'home','armed_away',4000,1), (4,'shed','armed_away',1000,0), (5,'attic','disarmed',900,0);
    INSERT INTO alert VALUES ('a','alarm','opened','home','hall','front','open',5000,0,1,NULL,5001),
      ('b','trouble','agent_silent','home','hall',NULL,NULL,6000,0,0,'d',6001);
    INSERT INTO outbox VALUES (1,'a','phone','delivered',2,5001,'HTTP 200',5002),
      (2,'b','phone','waiting',1,7000,'HTTP 503',NULL);
    """

  private static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

  private static func state(of area: Identifier, _ store: borrowing StoreTransaction) throws -> AreaState {
    AlarmEngine(
      area: area, policy: AreaPolicy(doors: [:]), memory: try store.memory(of: area, now: at(9_999))
    ).state
  }

  @Test("is brought up to date with all that it holds")
  func version1() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("store.sqlite")
    do {
      let old = try DatabaseQueue(path: path)
      try Schema.migrator.migrate(old, upTo: "1: doors, history, areas, outbox")
      try await old.write { try $0.execute(sql: Self.version1) }
    }
    let store = try AlarmStore(path: path)
    let (front, back) = (try DoorAddress("hall/front"), try DoorAddress("hall/back"))
    let (home, shed, attic) = (try Identifier("home"), try Identifier("shed"), try Identifier("attic"))
    try await store.transact { store in
      let history = try store.history(of: front)
      #expect(history.map(\.transition.sequence) == [1, 4])
      #expect(history.map(\.area) == [.disarmed, .armedAway])
      #expect(history.last?.transition.missed == 2)
      try expect(store.record(of: front)?.simulated, is: true)
      try expect(store.history(of: back).map(\.area), is: [nil])
      try expect(store.gaps().map(\.sequences), is: [2...3])
      try expect(store.past(of: home, at: Self.at(2_500)).disarmed, is: Self.at(3_000))
      try expect(store.past(of: home, at: Self.at(4_500)).state, is: .armedAway)
      try expect(Self.state(of: home, store), is: .triggered)
      try expect(Self.state(of: shed, store), is: .armedAway)
      try expect(Self.state(of: attic, store), is: .disarmed)
      try expect(store.memory(of: home, now: Self.at(9_999)).since, is: Self.at(4_000))

      let records = try store.alertRecords()
      #expect(records.map(\.alert.subject) == [.door(front), .agent(front.agent)])
      #expect(records.allSatisfy { $0.standing == .told && $0.resolved != nil && $0.acknowledged != nil })
      guard case .message(let message) = try store.next(for: try Identifier("phone"), now: Self.at(7_000))
      else {
        Issue.record("one alert waits")
        return
      }
      #expect(message.items.map(\.alert.id) == ["b"])
      #expect(message.attempts == 1)
    }
    let report = try await AlarmStore.check(path)
    #expect(report.missing == [front: 2])
  }

  /// What version 2 left: an alarm of which one channel was told, one would not be, and whose reminder waits; a trouble with
  /// another one in a message, and alone for the morning; one that is held.
  private static let version2 = """
    INSERT INTO alert VALUES
      ('alarm','alarm','opened','home','door','hall','front','open hall/front','open',10000,0,0,'it is guarded at any time',
        10001,'told',2,NULL,NULL,NULL,1,10301),
      ('trouble','trouble','agent_silent','home','agent','hall',NULL,'silent hall',NULL,11000,1,0,NULL,
        11001,'told',1,11500,'Ada',NULL,0,11001),
      ('late','trouble','alarm_ended','home','area',NULL,NULL,NULL,NULL,12000,0,0,NULL,
        12001,'told',1,NULL,NULL,12001,0,12001),
      ('held','alarm','opened','home','door','hall','back','open hall/back','open',13000,0,0,NULL,
        13001,'held',1,NULL,NULL,NULL,0,13001);
    INSERT INTO outbox VALUES
      (10,'alarm','phone','raised','delivered',NULL,1,10001,'HTTP 200',10002),
      (11,'alarm','mail','raised','refused',NULL,1,10001,'HTTP 404',10003),
      (12,'alarm','phone','reminder 1','waiting',NULL,3,20000,'HTTP 503',NULL),
      (13,'trouble','phone','raised','waiting',13,0,15000,NULL,NULL),
      (14,'trouble','mail','raised','waiting',NULL,0,90000,NULL,NULL),
      (15,'late','phone','raised','waiting',13,0,15000,NULL,NULL);
    """

  @Test("of version 2 goes on with what waits: alarms first, and each message as it was")
  func version2() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("store.sqlite")
    do {
      let old = try DatabaseQueue(path: path)
      try Schema.migrator.migrate(old, upTo: "1: doors, history, areas, outbox")
      try await old.write { try $0.execute(sql: Self.version1) }
      try Schema.migrator.migrate(old, upTo: "2: engines, and the life of alerts")
      try await old.write { try $0.execute(sql: Self.version2) }
    }
    let store = try AlarmStore(path: path)
    let (phone, mail) = (try Identifier("phone"), try Identifier("mail"))
    try await store.transact { store in
      let records = try store.alertRecords()
      #expect(records.map(\.alert.id) == ["a", "b", "alarm", "trouble", "late", "held"])
      #expect(records.allSatisfy { $0.alert.circumstances == nil && $0.acknowledgedFrom == nil })
      #expect(records.allSatisfy { $0.undelivered == nil })
      #expect(records.map(\.standing) == [.told, .told, .told, .told, .told, .held])
      #expect(records.map(\.count) == [1, 1, 2, 1, 1, 1])
      #expect(records.map(\.acknowledgedBy) == [nil, nil, nil, "Ada", nil, nil])
      #expect(records.map(\.reminders) == [0, 0, 1, 0, 0, 0])

      let deliveries = try store.deliveries(of: "alarm")
      #expect(deliveries.map(\.standing) == [.delivered, .refused, .waiting])
      #expect(deliveries.map(\.stage) == [.raised, .raised, .reminder(1)])
      #expect(deliveries.map(\.step) == [0, 0, 0])
      #expect(deliveries.map(\.attempts) == [1, 1, 3])
      #expect(deliveries.map(\.receipt?.answer) == ["HTTP 200", "HTTP 404", "HTTP 503"])
      #expect(deliveries.first?.receipt?.at == Self.at(10_002))

      var keys: [String] = []
      while case .message(let message) = try store.next(for: phone, now: Self.at(20_000)) {
        keys.append(message.key)
        #expect(message.items.allSatisfy { $0.written == $0.raised }, "when it was written nobody knows")
        #expect(message.attempts == (message.key == "alarm/reminder 1" ? 3 : message.key == "b" ? 1 : 0))
        try store.markDelivered(message, receipt("HTTP 200", Self.at(20_000)))
      }
      #expect(keys == ["alarm/reminder 1", "b", "trouble/and-1-more"])
      try expect(store.next(for: mail, now: Self.at(20_000)), is: .nothingBefore(Self.at(90_000)))
    }
    #expect(try await AlarmStore.check(path).waiting == 1)
  }

  @Test(
    "of version 2 waits no longer where its clock was put back: a trouble for a day, an alarm for minutes",
    arguments: [("alarm", "phone", 601_000), ("trouble", "mail", 86_401_000)])
  func version2ClockPutBack(_ id: String, _ channel: String, _ wait: Int64) async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("store.sqlite")
    do {
      let old = try DatabaseQueue(path: path)
      try Schema.migrator.migrate(old, upTo: "2: engines, and the life of alerts")
      try await old.write { try $0.execute(sql: Self.version2) }
    }
    let store = try AlarmStore(path: path)
    let due: Int64 = id == "alarm" ? 20_000 : 90_000
    try await store.transact { store in
      let channel = try Identifier(channel)
      let early = try store.next(for: channel, now: Self.at(due - wait + 2_000))
      if case .message(let message) = early { #expect(message.items.first?.alert.id != id) }
      let message = try store.next(for: channel, now: Self.at(due - wait)).message()
      #expect(message.items.first?.alert.id == id)
    }
  }

  @Test("is not taken where a newer program wrote it")
  func newer() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("store.sqlite")
    _ = try AlarmStore(path: path)
    let other = try DatabaseQueue(path: path)
    try await other.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99: the future')") }
    let error = #expect(throws: AlarmStoreError.self) { try AlarmStore(path: path) }
    #expect(error?.description.contains("a newer program wrote it") == true)
    await #expect(throws: AlarmStoreError.self) { try await AlarmStore.check(path) }
  }

  @Test("is brought up to date by several programs at the same moment")
  func atOnce() async throws {
    let folder = try TemporaryFolder()
    for round in 0..<50 {
      let path = folder.file("store-\(round).sqlite")
      try await withThrowingTaskGroup(of: Void.self) { programs in
        for _ in 0..<4 { programs.addTask { _ = try AlarmStore(path: path) } }
        try await programs.waitForAll()
      }
    }
  }
}
