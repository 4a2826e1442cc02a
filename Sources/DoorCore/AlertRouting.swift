/// By which ways people are told of alerts, and by which further ones while nobody says that they know.
package struct AlertRouting: Sendable, Equatable {
  /// Ways that are taken together.
  package struct Step: Sendable, Equatable {
    /// After the raising; zero for the first one.
    package var after: Duration
    package var channels: [Identifier]

    package init(after: Duration = .zero, channels: [Identifier]) {
      self.after = after
      self.channels = channels
    }
  }

  /// The steps of the alerts that fit; what is nil fits every alert.
  package struct Route: Sendable, Equatable {
    package var severities: Set<Alert.Severity>?
    package var kinds: Set<Alert.Kind>?
    package var areas: Set<Identifier>?
    package var doors: Set<DoorAddress>?
    /// At least one; the first at once, each further one later than the one before.
    package var steps: [Step]

    package init(
      severities: Set<Alert.Severity>? = nil, kinds: Set<Alert.Kind>? = nil, areas: Set<Identifier>? = nil,
      doors: Set<DoorAddress>? = nil, steps: [Step]
    ) {
      self.severities = severities
      self.kinds = kinds
      self.areas = areas
      self.doors = doors
      self.steps = steps
    }

    /// Whether an alert takes this route. One that is not about a door takes no route of doors.
    func fits(_ alert: Alert) -> Bool {
      severities?.contains(alert.severity) ?? true && kinds?.contains(alert.kind) ?? true
        && areas?.contains(alert.area) ?? true && doors.map { isAbout($0, alert) } ?? true
    }

    private func isAbout(_ doors: Set<DoorAddress>, _ alert: Alert) -> Bool {
      if case .door(let door) = alert.subject { doors.contains(door) } else { false }
    }
  }

  /// Every channel there is: what has no route goes through all of them at once.
  package var channels: [Identifier]
  /// Those of the present time of the day; the first that fits decides.
  package var routes: [Route]
  /// Until then only alarms are sent; the rest waits.
  package var quietUntil: Timestamp?

  package init(channels: [Identifier], routes: [Route] = [], quietUntil: Timestamp? = nil) {
    self.channels = channels
    self.routes = routes
    self.quietUntil = quietUntil
  }

  /// When an alert is told first, where it is raised at a time.
  package func start(of alert: Alert, raised now: Timestamp) -> Timestamp {
    // Whoever tests wants to know now.
    guard alert.severity != .alarm, alert.kind != .selfTest, let quietUntil else { return now }
    return max(now, quietUntil)
  }

  /// The ways of an alert, in the order of their times.
  package func steps(for alert: Alert) -> [Step] {
    // A channel cannot tell that it tells nothing, unless there is no other.
    if case .channel(let failing) = alert.subject {
      let others = channels.filter { $0 != failing }
      return [Step(channels: others.isEmpty ? channels : others)]
    }
    if alert.kind == .selfTest { return [Step(channels: channels)] }
    return routes.first { $0.fits(alert) }?.steps ?? [Step(channels: channels)]
  }
}
