// DoorWire: the topics and the JSON by which agent, notifier and doorctl speak to each other.
package import DoorCore

/// The topics below one root.
package struct Topics: Sendable {
  package let root: String

  /// Agents cannot have these names: their places in the topic tree are taken.
  package static let reservedAgents: Set<String> = ["area", "notifier"]

  /// The topics below `dooralarm`.
  package static let standard = Topics(checkedRoot: "dooralarm")

  /// - Parameter root: one or more topic levels without wildcards, such as `dooralarm`.
  package init(root: String) throws(TopicRootError) {
    let levels = root.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = root.unicodeScalars.allSatisfy { !"+#$\0".unicodeScalars.contains($0) }
    guard !root.isEmpty, root.utf8.count <= 200, isPlain, !levels.contains("") else {
      throw TopicRootError(string: root)
    }
    self.init(checkedRoot: root)
  }

  private init(checkedRoot: String) {
    root = checkedRoot
  }

  // MARK: The agent's

  package func door(_ address: DoorAddress) -> String { "\(root)/\(address.agent)/door/\(address.door)" }
  package func replayed(_ address: DoorAddress) -> String { "\(door(address))/replayed" }
  package func availability(ofAgent agent: Identifier) -> String { "\(root)/\(agent)/availability" }
  package func heartbeat(ofAgent agent: Identifier) -> String { "\(root)/\(agent)/heartbeat" }
  package func get(agent: Identifier) -> String { "\(root)/\(agent)/get" }
  package func everyDoor(ofAgent agent: Identifier) -> String { "\(root)/\(agent)/door/+" }
  package func replay(agent: Identifier) -> String { "\(root)/\(agent)/replay" }

  package func selfTest(agent: Identifier) -> String { "\(root)/\(agent)/selftest" }
  package func selfTestEvent(ofAgent agent: Identifier) -> String { "\(selfTest(agent: agent))/event" }

  // MARK: The notifier's

  package func alarm(area: Identifier) -> String { "\(root)/area/\(area)/alarm" }
  package func command(area: Identifier) -> String { "\(root)/area/\(area)/alarm/set" }
  package func event(area: Identifier) -> String { "\(root)/area/\(area)/alarm/event" }
  package func availability(ofNotifier id: Identifier) -> String { "\(root)/notifier/\(id)/availability" }

  package func selfTestReport(ofNotifier id: Identifier) -> String { "\(root)/notifier/\(id)/selftest" }

  // MARK: Filters

  package var everyDoor: String { "\(root)/+/door/+" }
  package var everyReplayed: String { "\(root)/+/door/+/replayed" }
  package var everyHeartbeat: String { "\(root)/+/heartbeat" }
  package var everyAgentAvailability: String { "\(root)/+/availability" }
  package var everyArea: String { "\(root)/area/+/alarm" }
  package var everyEvent: String { "\(root)/area/+/alarm/event" }
  package var everyCommand: String { "\(root)/area/+/alarm/set" }

  package var everySelfTestEvent: String { "\(root)/+/selftest/event" }
  package var everySelfTestReport: String { "\(root)/notifier/+/selftest" }

  // MARK: Reading

  /// The door whose state topic or replay topic this is; nil for every other topic.
  package func doorAddress(of topic: String) -> DoorAddress? {
    guard let levels = levels(of: topic), levels.count == 3 || (levels.count == 4 && levels[3] == "replayed"),
      levels[1] == "door", let agent = agent(levels[0]), let door = try? Identifier(levels[2])
    else { return nil }
    return DoorAddress(agent: agent, door: door)
  }

  /// Whether the topic of a door is the one on which transitions out of the journal come.
  package func isReplayed(_ topic: String) -> Bool {
    levels(of: topic)?.count == 4 && doorAddress(of: topic) != nil
  }

  /// The agent to whose own topics (heartbeat, availability) this one belongs; nil for every other topic.
  package func agent(of topic: String) -> Identifier? {
    guard let levels = levels(of: topic), levels.count == 2 else { return nil }
    return agent(levels[0])
  }

  /// The agent whose answer to a test comes there; nil for every other topic.
  package func agent(ofSelfTestEvent topic: String) -> Identifier? {
    guard let levels = levels(of: topic), levels.count == 3, levels[1] == "selftest", levels[2] == "event"
    else { return nil }
    return agent(levels[0])
  }

  /// The area whose command topic this is; nil for every other topic.
  package func commandArea(of topic: String) -> Identifier? {
    guard let levels = levels(of: topic), levels.count == 4, levels[0] == "area", levels[2] == "alarm",
      levels[3] == "set"
    else { return nil }
    return try? Identifier(levels[1])
  }

  private func agent(_ level: String) -> Identifier? {
    Self.reservedAgents.contains(level) ? nil : try? Identifier(level)
  }

  private func levels(of topic: String) -> [String]? {
    guard topic.hasPrefix(root + "/") else { return nil }
    return topic.dropFirst(root.count + 1).split(separator: "/", omittingEmptySubsequences: false).map(
      String.init)
  }
}

/// A string that cannot be the root of the topics.
package struct TopicRootError: Error, Equatable, CustomStringConvertible {
  package let string: String

  package var description: String {
    "\"\(string.prefix(80))\" is no topic root: one or more levels parted by /, at most 200 bytes, "
      + "without empty levels, +, # and $"
  }
}
