package import DoorCore
import Foundation
import Glibc
import Subprocess
import SystemPackage

/// Starts a ``ProgramService``, and lets it judge its end. What the program prints goes nowhere, its complaints go where the
/// notifier's own go.
package struct ProgramChannel: DeliveryChannel {
  package let id: Identifier
  private let service: any ProgramService
  private let grace: Duration

  /// - Parameter grace: between being asked to end and being ended.
  package init(id: Identifier, service: any ProgramService, grace: Duration = .seconds(2)) {
    self.id = id
    self.service = service
    self.grace = grace
  }

  /// Linux takes no more than 128 KiB in one variable, and starts nothing that is given more.
  private static let longestValue = 65_536
  /// A program that does not read what it is told must not end the notifier.
  private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

  package func deliver(_ notice: Notice) async -> DeliveryResult {
    let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    let call = service.call(for: notice, at: now)
    let limit = service.timeLimit
    let end = await withTaskGroup(of: ProgramEnd?.self) { group in
      group.addTask { await run(call) }
      group.addTask {
        try? await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      guard let first = await group.next(), let end = first else { return ProgramEnd.tookTooLong }
      return end
    }
    return service.judge(end)
  }

  private func run(_ call: ProgramCall) async -> ProgramEnd {
    Self.ignoresBrokenPipes
    var platform = PlatformOptions()
    // A group of its own, so that what it has started ends with it.
    platform.createSession = true
    platform.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: grace)]
    do {
      let result = try await Subprocess.run(
        .path(FilePath(call.path)), arguments: Arguments(call.arguments),
        environment: .custom(Self.environment(of: call)), platformOptions: platform, input: .inputWriter,
        output: .discarded, error: .currentStandardError
      ) { program in
        // It may end, or close its input, before it has read all: how it ends is what counts.
        _ = try? await program.standardInputWriter.write(call.input)
        try? await program.standardInputWriter.finish()
      }
      return switch result.terminationStatus {
      case .exited(let status): .exited(status)
      case .signaled(let signal): .killed(signal: signal)
      }
    } catch let error as SubprocessError
      where error.code == .executableNotFound && access(call.path, F_OK) == 0
    {
      // The library says of it that it is not there.
      return .notStarted(
        why: "\(call.path): it may not be executed, or what its first line names is not there")
    } catch let error as SubprocessError {
      return .notStarted(why: "\(call.path): \(error.underlyingError.map { "\($0)" } ?? "\(error)")")
    } catch {
      return .notStarted(why: "\(call.path)")
    }
  }

  private static func environment(of call: ProgramCall) -> [Environment.Key: String] {
    let own = ProcessInfo.processInfo.environment
    var environment: [Environment.Key: String] = [:]
    for name in ["PATH", "HOME", "LANG", "LC_ALL", "TZ"] {
      if let value = own[name] { environment[Environment.Key(stringLiteral: name)] = value }
    }
    for (name, value) in call.environment {
      // What ends a string of C would end the value.
      environment[Environment.Key(stringLiteral: name)] = value.replacing("\0", with: " ")
        .shortened(toBytes: longestValue)
    }
    return environment
  }
}
