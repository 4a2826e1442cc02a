// What of subscriptions a broker can take.

extension RouteSubscription {
  /// Of a SUBSCRIBE of 5.0 for this route alone, in bytes.
  var packetSize: Int {
    let identifierSize = identifier.map { 1 + variableByteIntegerSize(Int($0)) } ?? 0
    let length = 2 + 1 + identifierSize + 3 + subscription.filter.utf8.count
    return 1 + variableByteIntegerSize(length) + length
  }
}

/// Of an UNSUBSCRIBE of 5.0, in bytes.
func packetSize(ofUnsubscribe filter: String) -> Int {
  let length = 2 + 1 + 2 + filter.utf8.count
  return 1 + variableByteIntegerSize(length) + length
}

extension ServerLimits {
  /// Why a broker that has announced these limits would refuse a subscription.
  func refusal(of route: RouteSubscription) -> ReasonCode? {
    let filter = route.subscription.filter.utf8
    if !isWildcardSubscriptionAvailable,
      filter.contains(UInt8(ascii: "#")) || filter.contains(UInt8(ascii: "+"))
    {
      return .wildcardSubscriptionsNotSupported
    }
    if !isSharedSubscriptionAvailable, filter.starts(with: "$share/".utf8) {
      return .sharedSubscriptionsNotSupported
    }
    if !isSubscriptionIdentifierAvailable, route.identifier != nil {
      return .subscriptionIdentifiersNotSupported
    }
    if route.packetSize > maximumPacketSize { return .packetTooLarge }
    return nil
  }
}
