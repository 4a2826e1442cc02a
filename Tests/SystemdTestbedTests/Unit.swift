import Foundation
import MainJobSupport
import TestSupport
import Testing

/// A service of systemd's, as `systemctl` and `journalctl` have it.
struct Unit {
  let name: String

  init(_ name: String) { self.name = "\(name).service" }

  /// Returns when systemd says that it has started, or failed to.
  @discardableResult
  func start() async throws -> ProgramAnswer { try await ProgramAnswer.of(["systemctl", "start", name]) }

  func restart() async throws { try await shell("systemctl restart \(name)") }

  func stop() async throws {
    do {
      try await shell("systemctl stop \(name)")
    } catch {
      throw TestSupportError("\(error)\n\((try? await standing()) ?? "")")
    }
  }

  /// What it has said last, and what each of its threads waits for.
  private func standing() async throws -> String {
    try await shell(
      """
      journalctl --no-pager --lines=40 --output=short-precise --unit=\(name)
      for thread in /proc/$(systemctl show --value --property=MainPID \(name))/task/*; do
        echo "$(cat $thread/comm) $(cat $thread/wchan)"
        grep -E '^(State|SigPnd|ShdPnd|SigBlk|SigIgn|SigCgt)' $thread/status || true
      done
      """)
  }

  func reload() async throws { try await shell("systemctl reload \(name)") }

  func kill(_ signal: String = "KILL") async throws {
    try await shell("systemctl kill --signal=\(signal) \(name)")
  }

  /// What `systemctl show` says of it.
  func shows(_ property: String) async throws -> String {
    try await shell("systemctl show --value --property=\(property) \(name)")
      .trimmingCharacters(in: .newlines)
  }

  /// Waits until `systemctl show` says so.
  func comesToShow(_ property: String, _ value: String) async throws {
    var last = ""
    do {
      try await eventually("\(property)=\(value) of \(name)") {
        last = try await shows(property)
        return last == value
      }
    } catch {
      throw TestSupportError("\(error); it is \"\(last)\"")
    }
  }

  /// What a process of it is, by the kernel: the lines of `/proc/PID/status` by their names.
  func processStatus() async throws -> [String: String] {
    let text = try await shell("cat /proc/\(try await shows("MainPID"))/status")
    return Dictionary(
      text.split(separator: "\n").compactMap { line in
        line.firstIndex(of: ":").map { colon in
          (
            String(line[..<colon]),
            line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace).joined(separator: " ")
          )
        }
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Expects that systemd understands the whole unit, and rates what is left open in its sandbox no higher: 0 is
  /// nothing, 10 everything.
  func isWellFormed(exposureAtMost limit: Double) async throws {
    let complaints = try await ProgramAnswer.of(["systemd-analyze", "verify", "--man=no", name])
    #expect(complaints.status == 0 && complaints.errors.isEmpty, "\(complaints)")
    let rating = try await shell("systemd-analyze security --no-pager \(name)")
    let words = try #require(rating.split(separator: "\n").last { $0.contains("Overall exposure level") })
      .split(separator: " ")
    let exposure = try #require(words.compactMap { Double($0) }.last)
    #expect(exposure <= limit, "\(rating)")
  }

  /// A line in systemd's journal.
  struct Message: Equatable {
    var priority: String
    var text: String
  }

  /// What it has logged since it was last started.
  func messages() async throws -> [Message] {
    let invocation = try await shows("InvocationID")
    let lines = try await shell(
      "journalctl --sync && journalctl --no-pager --output=json _SYSTEMD_INVOCATION_ID=\(invocation)")
    return lines.split(separator: "\n").compactMap { line in
      let entry = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: any Sendable]
      guard let entry, let priority = entry["PRIORITY"] as? String, let text = entry["MESSAGE"] as? String
      else {
        return nil
      }
      return Message(priority: priority, text: text)
    }
  }

  /// Its warnings, and what is worse.
  func complaints() async throws -> [Message] { try await messages().filter { $0.priority < "5" } }

  /// Waits until it has logged a line that begins so, and returns it.
  @discardableResult
  func says(_ beginning: String) async throws -> Message {
    var message: Message?
    try await eventually("\"\(beginning)\" of \(name)") {
      message = try await messages().first { $0.text.hasPrefix(beginning) }
      return message != nil
    }
    guard let message else { throw TestSupportError("it has been seen a moment ago") }
    return message
  }
}
