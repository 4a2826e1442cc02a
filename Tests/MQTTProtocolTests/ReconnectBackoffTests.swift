import MQTTProtocol
import Testing

@Suite struct ReconnectBackoffTests {
  private let backoff = ReconnectBackoff(initial: .milliseconds(500), ceiling: .seconds(30))

  @Test func theBoundDoublesUpToTheCeiling() {
    let bounds = (0...8).map { backoff.delay(attempt: $0, fraction: 1) }
    #expect(bounds == [0.5, 1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
    #expect(backoff.delay(attempt: .max, fraction: 1) == .seconds(30))
  }

  @Test func theWaitIsARandomPartOfTheBound() {
    #expect(backoff.delay(attempt: 2, fraction: 0) == .zero)
    #expect(backoff.delay(attempt: 2, fraction: 0.25) == .milliseconds(500))
    #expect(backoff.delay(attempt: 2, fraction: 7) == .seconds(2))
  }

  @Test func oddSettingsDoNoHarm() {
    #expect(ReconnectBackoff(initial: .zero, ceiling: .seconds(1)).delay(attempt: 9, fraction: 1) == .zero)
    #expect(
      ReconnectBackoff(initial: .seconds(9), ceiling: .seconds(1)).delay(attempt: 9, fraction: 1)
        == .seconds(1)
    )
  }
}
