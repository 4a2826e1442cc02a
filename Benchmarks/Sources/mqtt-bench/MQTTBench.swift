// One run of our client, for the scripts that measure it. Prints what it has measured as `name value` lines.

import Glibc

@main
struct MQTTBench {
  static let usage = """
    usage: mqtt-bench publish PORT COUNT CALLS
           mqtt-bench receive PORT COUNT IDENTIFIER
           mqtt-bench roundtrip PORT COUNT INTERVAL
    CALLS is how many calls of publish run at a time; INTERVAL is in microseconds.
    """

  /// Not asynchronous, because the main thread would end then, which is more than callgrind can follow. Waits
  /// without end, so nothing may run on the main actor.
  static func main() {
    Task.detached {
      do {
        try await run(CommandLine.arguments)
        exit(0)
      } catch {
        let text = "mqtt-bench: \(error)\n"
        _ = write(STDERR_FILENO, text, text.utf8.count)
        exit(1)
      }
    }
    while true { pause() }
  }

  private static func run(_ arguments: [String]) async throws {
    guard arguments.count == 5, let port = Int(arguments[2]), let count = Int(arguments[3]), count > 0 else {
      throw BenchError(usage)
    }
    switch (arguments[1], arguments[4], Int(arguments[4])) {
    case ("publish", _, let calls?) where calls > 0:
      let time = try await BenchClient(port: port).publish(count: count, calls: calls)
      print("seconds \(time / .seconds(1))")
    case ("receive", let identifier, _):
      let time = try await BenchClient(port: port, identifier: identifier).receive(count: count)
      print("seconds \(time / .seconds(1))")
    case ("roundtrip", _, let interval?) where interval > 0:
      let times = try await BenchClient(port: port)
        .roundTrips(count: count, interval: .microseconds(interval)).sorted()
      print("p50_us \(times[times.count / 2] / .microseconds(1))")
      print("p99_us \(times[times.count * 99 / 100] / .microseconds(1))")
    default: throw BenchError(usage)
    }
  }
}
