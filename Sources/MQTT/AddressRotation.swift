/// Which of a broker's addresses to try next.
///
/// After an attempt that failed it is the next one, after the last the first again. After a connection that
/// stood, it is the same one first.
struct AddressRotation {
  private let addresses: [BrokerAddress]
  private var index = 0
  private var hasStood = false

  init(_ addresses: [BrokerAddress]) { self.addresses = addresses }

  /// The address of the attempt, or of the connection; nil if there are no addresses.
  var current: BrokerAddress? { addresses.isEmpty ? nil : addresses[index] }

  /// The connection to the current address stands.
  mutating func stood() { hasStood = true }

  /// The attempt has failed, or the connection has ended.
  mutating func ended() {
    guard !addresses.isEmpty, !hasStood else {
      hasStood = false
      return
    }
    index = (index + 1) % addresses.count
  }
}
