import Foundation
import Glibc
import Logging
import MQTT
import MQTTProtocol
import NIOCore
import Synchronization
import TestSupport
import Testing

/// A program of its own, with a durable session, that is killed again and again.
private struct StoreProgram {
  let role: String
  let port: Int
  let folder: TemporaryFolder

  /// What it has recorded, line by line, over all runs.
  var record: [String] {
    let text = (try? String(contentsOfFile: folder.file("record"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  var store: String { folder.file("session") }

  /// What it has logged: nothing, unless something went wrong.
  var log: String { (try? String(contentsOfFile: folder.file("log"), encoding: .utf8)) ?? "" }

  func start(run: Int) throws -> ChildProcess {
    let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    return try ChildProcess(
      programs.appendingPathComponent("MQTTStoreProgram").path,
      [role, "\(port)", store, folder.file("record"), "\(run)"], output: folder.file("log"))
  }

  /// Lets it work for a moment after it has recorded a few lines, and kills it.
  func runUntilKilled(run: Int, using generator: inout SeededGenerator) async throws {
    let before = record.count
    let child = try start(run: run)
    defer {
      child.signal(SIGKILL)
      child.waitUntilEnd()
    }
    let isEarly = generator.chance(20)
    let moment = Duration.microseconds(Int.random(in: 0...150_000, using: &generator))
    if !isEarly {
      try await eventually("lines of the program's") {
        guard child.isRunning else { throw TestSupportError("the program ended: \(log)") }
        return record.count >= before + 10
      }
    }
    try await Task.sleep(for: moment)
  }
}

@Suite struct SessionStoreKillTests {
  /// What `enqueue` had accepted when the sender was killed arrives, and what arrives at quality of service 2
  /// arrives once.
  @Test func aKilledSenderLosesNothingThatItHasAccepted() async throws {
    let seed = UInt64.random(in: 0...UInt64(UInt32.max))
    var generator = SeededGenerator(seed: seed)
    // However slow the receiver is: by itself the broker drops what is beyond 1,000 waiting messages.
    try await Mosquitto.with(.init(extraLines: ["max_queued_messages 0"])) { broker in
      let (once, often) = (Received(), Received())
      let routes = [
        once.route("exactly-once", qualityOfService: .exactlyOnce), often.route("at-least-once"),
      ]
      try await withClient(configuration(port: broker.port, "receiver"), routes: routes) { receiver in
        let program = StoreProgram(role: "send", port: broker.port, folder: try TemporaryFolder())
        for run in 1...12 { try await program.runUntilKilled(run: run, using: &generator) }

        // The next client of the session sends what is left; its own message is the last.
        let accepted = Set(program.record)
        var last = configuration(port: broker.port, "send")
        last.sessionStore = FileSessionStore(path: program.store)
        try await withClient(last) { client in
          try await client.publish(Message("exactly-once", "end", qualityOfService: .exactlyOnce))
          try await client.publish(Message("at-least-once", "end"))
        }
        // The end need not be the last to come: mosquitto 2.0.11 sends a message at once where the receiver has room for
        // it just then, ahead of those that wait in its queue.
        let expected = accepted.union(["end"])
        do {
          try await eventually("all of \(accepted.count) messages and the end, seed \(seed)") {
            expected.isSubset(of: once.texts) && expected.isSubset(of: often.texts)
          }
        } catch {
          let missing = (
            expected.subtracting(once.texts).sorted(), expected.subtracting(often.texts).sorted()
          )
          throw TestSupportError(
            "\(error); these have not come: \(missing); the broker: \(try broker.log().suffix(2_000))")
        }
        try await receiver.fence()
        // What was twice in the broker's queue has come when nothing comes any more.
        var count = 0
        try await eventually("the end of the broker's queue, seed \(seed)") {
          let before = count
          count = once.messages.count + often.messages.count
          if count != before { try await Task.sleep(for: .seconds(1)) }
          return count == before
        }
        #expect(accepted.count >= 10, "seed \(seed)")
        #expect(Set(once.texts).count == once.texts.count, "seed \(seed)")
        #expect(program.log.isEmpty, "seed \(seed)")
      }
    }
  }

  /// What a handler has finished comes again only where the kill came before the store had that: at most as
  /// many messages as may be unacknowledged, and the last ones of a run.
  @Test func aKilledReceiverGetsAgainOnlyWhatItHandledJustBefore() async throws {
    let seed = UInt64.random(in: 0...UInt64(UInt32.max))
    var generator = SeededGenerator(seed: seed)
    let receiveMaximum = 10
    try await Mosquitto.with(.init(extraLines: ["max_queued_messages 0"])) { broker in
      let program = StoreProgram(role: "receive", port: broker.port, folder: try TemporaryFolder())
      try await withClient(configuration(port: broker.port, "sender")) { sender in
        // The session begins, so that from now on nothing is missed.
        let first = try program.start(run: 0)
        try await eventually("the subscription") { try broker.log().contains("Sending SUBACK to receive") }
        first.signal(SIGKILL)
        first.waitUntilEnd()

        let isEnding = Mutex(false)
        let sending = Task {
          var count = 0
          while !isEnding.withLock({ $0 }) {
            let messages = (count..<count + 20).map {
              Message("stream", "\($0)", qualityOfService: .exactlyOnce)
            }
            try await sender.publish(messages)
            count += messages.count
            try await Task.sleep(for: .milliseconds(5))
          }
          return count
        }
        for run in 1...12 { try await program.runUntilKilled(run: run, using: &generator) }
        isEnding.withLock { $0 = true }
        let count = try await sending.value
        let last = try program.start(run: 13)
        defer {
          last.signal(SIGKILL)
          last.waitUntilEnd()
        }
        try await eventually("the last message") { program.record.contains { $0.hasSuffix(" \(count - 1)") } }

        let lines = program.record.map { $0.split(separator: " ") }
        let runs = lines.compactMap { Int($0[0]) }
        let numbers = lines.compactMap { Int($0[1]) }
        #expect(Set(numbers) == Set(0..<count), "seed \(seed)")
        var places: [Int: Int] = [:]
        for (place, number) in numbers.enumerated() {
          defer { places[number] = place }
          guard let earlier = places[number] else { continue }
          let end = runs.lastIndex(of: runs[earlier]) ?? earlier
          #expect(runs[place] > runs[earlier], "seed \(seed): \(number) came twice in one run")
          #expect(end - earlier < receiveMaximum, "seed \(seed): \(number) came again")
        }
        #expect(program.log.isEmpty, "seed \(seed)")
      }
    }
  }
}

@Suite struct SessionDriverStoreTests {
  private static func configuration(_ port: Int, _ store: any SessionStore) -> MQTTClient.Configuration {
    var result = MQTTTests.configuration(port: port, "stored")
    result.sessionStore = store
    return result
  }

  /// What a client publishes is there in the next one's session, though no broker has ever been.
  @Test func whatWasAcceptedWithoutABrokerIsSentByTheNextClient() async throws {
    let folder = try TemporaryFolder()
    let broker = try Mosquitto()
    let path = folder.file("session")
    for text in ["1", "2"] {
      try await withClient(Self.configuration(broker.port, FileSessionStore(path: path)), connected: false) {
        try await $0.enqueue([
          Message("a", text), Message("a", "\(text) volatile", qualityOfService: .atMostOnce),
        ])
      }
    }
    try await broker.start()
    let received = Received()
    let stored = Self.configuration(broker.port, FileSessionStore(path: path))
    try await withClient(stored, routes: [received.route("a")]) { client in
      try await client.publish(Message("a", "3"))
      try await client.fence()
    }
    #expect(received.texts == ["1", "2", "3"])
  }

  @Test(.enabled(if: SmallDisk.isAvailable, SmallDisk.reason))
  func aFullDiskIsAnErrorOfTheCallerUntilThereIsRoom() async throws {
    try await Mosquitto.with { broker in
      try await SmallDisk.with(kilobytes: 256) { folder in
        let received = Received()
        let log = LogRecord()
        let stored = Self.configuration(broker.port, FileSessionStore(path: folder.file("session")))
        try await withClient(stored, routes: [received.route("a")], log: log) { client in
          try await client.publish(Message("a", "before"))
          let ballast = try folder.write([], to: "ballast")
          try Self.fill(ballast)
          let large = Message("a", String(repeating: "x", count: 40_000))
          do {
            try await client.enqueue(large)
            Issue.record("a full disk takes a message")
          } catch MQTTError.notStored(let reason) {
            #expect(reason.contains(folder.path))
          }
          #expect(log.lines.contains { $0.level == .error && $0.message.contains("is full") })
          #expect(unlink(ballast) == 0)
          try await eventually("room on the disk") {
            do {
              try await client.publish(Message("a", "after"))
              return true
            } catch MQTTError.notStored {
              return false
            }
          }
          try await client.fence()
        }
        #expect(received.texts == ["before", "after"])
      }
    }
  }

  /// Writes until the disk has no room.
  private static func fill(_ path: String) throws {
    let file = open(path, O_WRONLY | O_APPEND)
    guard file >= 0 else { throw TestSupportError("no ballast: errno \(errno)") }
    defer { close(file) }
    let block = [UInt8](repeating: 1, count: 4096)
    for _ in 0..<1000 where write(file, block, block.count) < block.count { return }
    throw TestSupportError("the disk does not fill up")
  }

  @Test func aDamagedFileIsPutAsideAndSaid() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    try await Mosquitto.with { broker in
      try await withClient(Self.configuration(broker.port, FileSessionStore(path: path))) { client in
        try await client.publish((0..<10).map { Message("a", "\($0)") })
      }
      var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      bytes[bytes.count / 2] ^= 0xFF
      _ = try folder.write(bytes, to: "session")
      let log = LogRecord()
      let received = Received()
      let stored = Self.configuration(broker.port, FileSessionStore(path: path))
      try await withClient(stored, routes: [received.route("a")], log: log) { client in
        try await client.publish(Message("a", "after"))
        try await client.fence()
      }
      #expect(received.texts == ["after"])
      #expect(log.lines.contains { $0.level == .error && $0.message.contains("\(path).corrupt-1") })
      #expect(try [UInt8](Data(contentsOf: URL(filePath: "\(path).corrupt-1"))) == bytes)
    }
  }

  @Test func twoClientsCannotShareAStore() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    try await Mosquitto.with { broker in
      try await withClient(Self.configuration(broker.port, FileSessionStore(path: path))) { first in
        let second = MQTTClient(
          configuration: Self.configuration(broker.port, FileSessionStore(path: path)),
          logger: LogRecord().logger)
        let error = await #expect(throws: MQTTError.self) { try await second.run(routes: []) }
        guard case .sessionStore(let reason)? = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(reason.contains("is used by another client"))
        try await first.publish(Message("a", "x"))
      }
      // It is free again.
      try await withClient(Self.configuration(broker.port, FileSessionStore(path: path))) { _ in }
    }
  }

  @Test func anotherClientsStoreIsRefused() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    try await Mosquitto.with { broker in
      try await withClient(Self.configuration(broker.port, FileSessionStore(path: path))) { _ in }
      var other = Self.configuration(broker.port, FileSessionStore(path: path))
      other.clientIdentifier = "other"
      let client = MQTTClient(configuration: other, logger: LogRecord().logger)
      let error = await #expect(throws: MQTTError.self) { try await client.run(routes: []) }
      guard case .sessionStore(let reason)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(reason.contains("'stored'") && reason.contains("'other'"))
    }
  }

  @Test func theFileStaysSmallHoweverMuchIsPublished() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("session")
    try await Mosquitto.with(.init(extraLines: ["max_inflight_messages 1000"])) { broker in
      var largest: UInt64 = 0
      let stored = Self.configuration(broker.port, FileSessionStore(path: path))
      try await withClient(stored) { client in
        let payload = String(repeating: "x", count: 20)
        for _ in 0..<100 {
          try await client.publish([Message](repeating: Message("a", payload), count: 1000))
          var status = stat()
          #expect(stat(path, &status) == 0)
          largest = max(largest, UInt64(status.st_size))
        }
      }
      // All of it would be more than six megabytes.
      #expect(largest < 3 << 20)
      let contents = try await FileSessionStore(path: path).open()
      #expect(contents.groups.reduce(0) { $0 + $1.readableBytes } < 3 << 20)
    }
  }
}
