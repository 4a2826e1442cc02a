package import DoorCore
import Foundation
import Subprocess
import SystemPackage

/// Starts a ``ProgramService``, and lets it judge its end. What the program prints goes nowhere, its complaints go where the
/// notifier's own go.
package struct ProgramChannel: DeliveryChannel {
  package let id: Identifier
  private let service: any ProgramService

  package init(id: Identifier, service: any ProgramService) {
    self.id = id
    self.service = service
  }

  /// Between being asked to end and being ended.
  private static let grace = Duration.seconds(2)

  package func deliver(_ notice: Notice) async -> DeliveryResult {
    let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
    let call = service.call(for: notice, at: now)
    let limit = service.timeLimit
    let end = await withTaskGroup(of: ProgramEnd?.self) { group in
      group.addTask { await Self.run(call) }
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

  private static func run(_ call: ProgramCall) async -> ProgramEnd {
    var platform = PlatformOptions()
    platform.createSession = true
    platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: grace)]
    do {
      let result = try await Subprocess.run(
        .path(FilePath(call.path)), arguments: Arguments(call.arguments),
        environment: .custom(environment(of: call)), platformOptions: platform, input: .array(call.input),
        output: .discarded, error: .currentStandardError)
      return switch result.terminationStatus {
      case .exited(let status): .exited(status)
      case .signaled(let signal): .killed(signal: signal)
      }
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
    }
    return environment
  }
}
