/// Which of a broker's addresses to try next.
///
/// After an attempt that failed it is the next one, after the last the first again. After a connection that
/// stood, it is the same one first.
struct AddressRotation {
  private let addresses: [BrokerAddress]
  private var index = 0
  private var hasStood = false
  /// How many attempts have failed since a connection stood, or since all addresses had been tried.
  private var failedInRound = 0

  init(_ addresses: [BrokerAddress]) { self.addresses = addresses }

  /// The address of the attempt, or of the connection; nil if there are no addresses.
  var current: BrokerAddress? { addresses.isEmpty ? nil : addresses[index] }

  /// Whether the next attempt begins a new round: no address is left that has not failed in this one.
  var isAtRoundStart: Bool { failedInRound == 0 }

  /// The connection to the current address stands.
  mutating func stood() {
    hasStood = true
    failedInRound = 0
  }

  /// The attempt has failed, or the connection has ended.
  mutating func ended() {
    guard !addresses.isEmpty, !hasStood else {
      hasStood = false
      return
    }
    index = (index + 1) % addresses.count
    failedInRound = (failedInRound + 1) % addresses.count
  }
}
