// Every continuation of the driver is resumed at one place. Where tests run, the runtime checks that it happens
// once; what is shipped does without, which spares an allocation for each.

#if DEBUG
  typealias Continuation<Value> = CheckedContinuation<Value, Never>

  func withContinuation<Value>(_ body: (Continuation<Value>) -> Void) async -> Value {
    await withCheckedContinuation(body)
  }
#else
  typealias Continuation<Value> = UnsafeContinuation<Value, Never>

  func withContinuation<Value>(_ body: (Continuation<Value>) -> Void) async -> Value {
    await withUnsafeContinuation(body)
  }
#endif
