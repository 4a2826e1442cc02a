package enum Deadline {
  /// Runs `body`, and throws `error` if it takes longer than `limit`; `body` is cancelled then.
  package static func run<Value: Sendable>(
    _ limit: Duration, or error: any Error, body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await Task.sleep(for: limit)
        throw error
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() else { throw error }
      return value
    }
  }
}
