import NIOCore

extension Message {
  /// Throws unless the message can be encoded, whatever the broker takes.
  package func validate() throws(MQTTError) {
    guard TopicName.isValid(topic) else { throw .invalidTopic(topic) }
    // The packet's other fields are far from the protocol's limit then.
    if !hasProperties, payload.readableBytes <= 1 << 20 { return }
    try validateString(properties.contentType, "content type")
    if let responseTopic = properties.responseTopic, !TopicName.isValid(responseTopic) {
      throw .invalidTopic(responseTopic)
    }
    try validateLength(properties.correlationData, "correlation data")
    for property in properties.userProperties {
      try validateString(property.name, "name of a user property")
      try validateString(property.value, "value of the user property '\(property.name)'")
    }
    // Room is left for a packet's other fields, each of which is 65,537 bytes at most.
    let limit = variableByteIntegerMaximum + 5
    let userBytes = properties.userProperties.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 5 }
    guard userBytes + payload.readableBytes < limit - 16 * 65_540 else {
      throw .packetTooLarge(size: userBytes + payload.readableBytes, maximum: limit)
    }
  }
}

package func validateString(_ string: String?, _ field: String) throws(MQTTError) {
  guard let string else { return }
  guard string.utf8.count <= 65_535, !string.utf8.contains(0) else {
    throw .invalidValue("the \(field) is longer than 65,535 bytes or contains U+0000")
  }
}

func validateLength(_ bytes: ByteBuffer?, _ field: String) throws(MQTTError) {
  guard let bytes, bytes.readableBytes > 65_535 else { return }
  throw .invalidValue("the \(field) is longer than 65,535 bytes")
}
