/// The rules for topic names (MQTT 5.0, 4.7).
public enum TopicName {
  /// Whether messages can be published to `topic`: 1 to 65,535 bytes, no wildcard, no U+0000.
  public static func isValid(_ topic: String) -> Bool {
    guard (1...65_535).contains(topic.utf8.count) else { return false }
    for byte in topic.utf8 where byte == 0 || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#") {
      return false
    }
    return true
  }
}

/// A topic filter: which topics a subscription covers (MQTT 5.0, 4.7 and 4.8.2).
public struct TopicFilter: Sendable, Hashable, CustomStringConvertible {
  /// The filter as subscriptions have it.
  public let description: String
  /// The filter without the `$share/<name>/` of a shared subscription.
  private let pattern: String

  /// nil if `filter` is none: empty, above 65,535 bytes, with U+0000, or with a wildcard in a wrong place.
  public init?(_ filter: String) {
    guard (1...65_535).contains(filter.utf8.count), !filter.utf8.contains(0) else { return nil }
    var pattern = filter[...]
    if filter.utf8.starts(with: "$share/".utf8) {
      let parts = filter.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, !parts[1].isEmpty, !parts[2].isEmpty,
        !parts[1].utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") })
      else { return nil }
      pattern = parts[2]
    }
    let levels = pattern.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for (index, level) in levels.enumerated() where level.count > 1 || index < levels.count - 1 {
      guard !level.contains(UInt8(ascii: "#")) else { return nil }
      guard level.count == 1 || !level.contains(UInt8(ascii: "+")) else { return nil }
    }
    description = filter
    self.pattern = String(pattern)
  }

  /// Whether a message of `topic` belongs to the subscription.
  public func matches(_ topic: String) -> Bool {
    let pattern = self.pattern.utf8
    let name = topic.utf8
    let slash = UInt8(ascii: "/")
    var at = pattern.startIndex
    var position = name.startIndex
    // Wildcards of the first level do not cover the topics that belong to the broker.
    if let first = pattern.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "#"),
      name.first == UInt8(ascii: "$")
    {
      return false
    }
    while at < pattern.endIndex {
      switch pattern[at] {
      case UInt8(ascii: "#"):
        return true
      case UInt8(ascii: "+"):
        while position < name.endIndex, name[position] != slash { name.formIndex(after: &position) }
      default:
        if position < name.endIndex, name[position] == pattern[at] {
          name.formIndex(after: &position)
        } else {
          // "a/#" covers "a" as well.
          return position == name.endIndex && pattern[at...].elementsEqual("/#".utf8)
        }
      }
      pattern.formIndex(after: &at)
    }
    return position == name.endIndex
  }
}
