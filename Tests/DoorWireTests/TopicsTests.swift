import DoorCore
import DoorWire
import Testing

@Suite("Topics")
struct TopicsTests {
  private let topics = Topics.standard

  @Test("stand below dooralarm")
  func names() throws {
    let door = try DoorAddress("hall/front")
    let house = try Identifier("house")
    #expect(topics.door(door) == "dooralarm/hall/door/front")
    #expect(topics.replayed(door) == "dooralarm/hall/door/front/replayed")
    #expect(topics.availability(ofAgent: door.agent) == "dooralarm/hall/availability")
    #expect(topics.heartbeat(ofAgent: door.agent) == "dooralarm/hall/heartbeat")
    #expect(topics.get(agent: door.agent) == "dooralarm/hall/get")
    #expect(topics.replay(agent: door.agent) == "dooralarm/hall/replay")
    #expect(topics.selfTest(agent: door.agent) == "dooralarm/hall/selftest")
    #expect(topics.selfTestEvent(ofAgent: door.agent) == "dooralarm/hall/selftest/event")
    #expect(topics.alarm(area: house) == "dooralarm/area/house/alarm")
    #expect(topics.command(area: house) == "dooralarm/area/house/alarm/set")
    #expect(topics.event(area: house) == "dooralarm/area/house/alarm/event")
    #expect(topics.availability(ofNotifier: house) == "dooralarm/notifier/house/availability")
    #expect(topics.selfTestReport(ofNotifier: house) == "dooralarm/notifier/house/selftest")
  }

  @Test("have filters that mosquitto understands")
  func filters() {
    #expect(topics.everyDoor == "dooralarm/+/door/+")
    #expect(topics.everyReplayed == "dooralarm/+/door/+/replayed")
    #expect(topics.everyHeartbeat == "dooralarm/+/heartbeat")
    #expect(topics.everyAgentAvailability == "dooralarm/+/availability")
    #expect(topics.everyArea == "dooralarm/area/+/alarm")
    #expect(topics.everyEvent == "dooralarm/area/+/alarm/event")
    #expect(topics.everyCommand == "dooralarm/area/+/alarm/set")
    #expect(topics.everySelfTestEvent == "dooralarm/+/selftest/event")
    #expect(topics.everySelfTestReport == "dooralarm/notifier/+/selftest")
  }

  @Test("are read again below every root", arguments: ["dooralarm", "home", "site/berlin/doors", "Höhle 7"])
  func roundTrip(_ root: String) throws {
    let topics = try Topics(root: root)
    for address in try ["hall/front", "0/0", "pi-2/door", "door/door", "hall/replayed", "hall/area"].map({
      try DoorAddress($0)
    }) {
      #expect(topics.doorAddress(of: topics.door(address)) == address)
      #expect(topics.doorAddress(of: topics.replayed(address)) == address)
      #expect(!topics.isReplayed(topics.door(address)), "also a door that is called replayed")
      #expect(topics.isReplayed(topics.replayed(address)))
      #expect(topics.agent(of: topics.heartbeat(ofAgent: address.agent)) == address.agent)
      #expect(topics.agent(of: topics.availability(ofAgent: address.agent)) == address.agent)
      #expect(topics.commandArea(of: topics.command(area: address.agent)) == address.agent)
      #expect(topics.agent(ofSelfTestEvent: topics.selfTestEvent(ofAgent: address.agent)) == address.agent)
    }
  }

  @Test(
    "of doors are no others",
    arguments: [
      "", "/", "dooralarm", "dooralarm/", "dooralarm/hall", "dooralarm/hall/door", "dooralarm/hall/door/",
      "dooralarm/hall/door/front/", "dooralarm/hall/door/front/other", "dooralarm/hall/door/front/replayed/x",
      "dooralarm/hall/window/front", "dooralarm//door/front", "dooralarm/Hall/door/front",
      "dooralarm/hall/door/Front", "dooralarm/area/door/front", "dooralarm/notifier/door/front",
      "dooralarmhall/door/front", "other/hall/door/front", "xdooralarm/hall/door/front",
      "/dooralarm/hall/door/front", "dooralarm/\u{301}hall/door/front", "dooralarm/hall/door/fr\0nt",
    ]
  )
  func foreign(_ topic: String) {
    #expect(topics.doorAddress(of: topic) == nil)
    #expect(!topics.isReplayed(topic))
  }

  @Test(
    "of agents are not those of areas, notifiers and doors",
    arguments: [
      "dooralarm/area/heartbeat", "dooralarm/notifier/heartbeat", "dooralarm/hall",
      "dooralarm/hall/door/front",
      "dooralarm//heartbeat", "other/hall/heartbeat",
    ]
  )
  func foreignAgent(_ topic: String) {
    #expect(topics.agent(of: topic) == nil)
  }

  @Test(
    "of commands are those alone",
    arguments: [
      "dooralarm/area/house/alarm", "dooralarm/area/house/alarm/event", "dooralarm/area/house/alarm/set/x",
      "dooralarm/area//alarm/set", "dooralarm/hall/house/alarm/set", "other/area/house/alarm/set",
    ]
  )
  func foreignCommand(_ topic: String) {
    #expect(topics.commandArea(of: topic) == nil)
  }

  @Test(
    "of answers to tests are those alone",
    arguments: [
      "dooralarm/hall/selftest", "dooralarm/hall/selftest/event/x", "dooralarm/hall/selftest/other",
      "dooralarm/hall/door/event", "dooralarm//selftest/event", "dooralarm/area/selftest/event",
      "dooralarm/notifier/selftest/event", "dooralarm/Hall/selftest/event", "other/hall/selftest/event",
    ]
  )
  func foreignSelfTestEvent(_ topic: String) {
    #expect(topics.agent(ofSelfTestEvent: topic) == nil)
  }

  @Test("of tests are no doors', no heartbeats and no commands")
  func selfTests() throws {
    let id = try Identifier("hall")
    for topic in [
      topics.selfTest(agent: id), topics.selfTestEvent(ofAgent: id), topics.selfTestReport(ofNotifier: id),
    ] {
      #expect(topics.doorAddress(of: topic) == nil)
      #expect(topics.commandArea(of: topic) == nil)
    }
    #expect(topics.agent(of: topics.selfTestEvent(ofAgent: id)) == nil)
    #expect(topics.agent(of: topics.selfTestReport(ofNotifier: id)) == nil)
  }

  @Test("keep two names from agents")
  func reserved() {
    #expect(Topics.reservedAgents == ["area", "notifier"])
  }

  @Test(
    "have no root with empty levels or what MQTT keeps for itself",
    arguments: [
      "", "/", "/a", "a/", "a//b", "a/+", "#", "a#", "$SYS", "a\0", String(repeating: "a", count: 201),
    ]
  )
  func roots(_ root: String) throws {
    let error = try #require(throws: TopicRootError.self) { try Topics(root: root) }
    #expect(error.description.contains("is no topic root: one or more levels parted by /, at most 200 bytes"))
  }
}
