/// A code as somebody has entered it: digits mostly, and zeros at its beginning count. It is never shown.
package struct AccessCode: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  /// In bytes.
  package static let longest = 64

  private let text: String

  /// nil where there is nothing, or more than any code has.
  package init?(_ text: String) {
    guard (1...Self.longest).contains(text.utf8.count), !text.utf8.contains(0) else { return nil }
    self.text = text
  }

  /// The code itself, for whoever checks it.
  package func reveal() -> String { text }

  package var description: String { "(code)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Somebody who may command.
package struct Person: Sendable, Equatable {
  package enum Right: String, Sendable, CaseIterable {
    case arm, disarm
  }

  package var name: String
  /// nil: all areas.
  package var areas: Set<Identifier>?
  package var rights: Set<Right>
  /// The code of somebody who is forced: all goes as ever, and an alarm goes out in silence.
  package var isUnderDuress: Bool

  package init(
    name: String, areas: Set<Identifier>? = nil, rights: Set<Right> = Set(Right.allCases),
    isUnderDuress: Bool = false
  ) {
    self.name = name
    self.areas = areas
    self.rights = rights
    self.isUnderDuress = isUnderDuress
  }

  package func may(_ right: Right, in area: Identifier) -> Bool {
    rights.contains(right) && areas?.contains(area) != false
  }
}

/// Makes trying codes slow: after each wrong one nothing is looked at for a while, and after ``limit`` in a row for long.
package struct CodeGuard: Sendable, Equatable, Codable {
  /// So many wrong codes in a row lock the area out, and so does each further one.
  package static let limit = 5
  private static let firstPause: Duration = .seconds(1)
  private static let firstLockout: Duration = .seconds(300)
  private static let longestLockout: Duration = .seconds(3_600)

  package private(set) var failures = 0
  private var pause: Countdown?

  package init() {}

  /// How long no code is looked at; nil where one may be tried.
  package func refusal(at now: Moment) -> Duration? {
    guard let pause, !pause.isOver(at: now) else { return nil }
    return pause.remaining(at: now)
  }

  /// A code was wrong. Returns whether that locks the area out.
  package mutating func noteWrong(at now: Moment) -> Bool {
    failures = min(failures + 1, 1_000)
    let isLockout = failures >= Self.limit
    let length =
      isLockout
      ? min(Self.firstLockout * (1 << min(failures - Self.limit, 8)), Self.longestLockout)
      : Self.firstPause * (1 << (failures - 1))
    pause = Countdown(length, from: now)
    return isLockout
  }

  package mutating func noteRight() { self = CodeGuard() }
}
