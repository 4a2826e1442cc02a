import Appliance
package import DoorCore
import Foundation

/// Asks a ``WebService``, and lets it judge the answer.
package struct WebServiceChannel: DeliveryChannel, CustomStringConvertible, CustomReflectable {
  package let id: Identifier
  private let service: any WebService
  private let timeLimit: Duration

  package init(id: Identifier, service: any WebService, timeLimit: Duration = .seconds(10)) {
    self.id = id
    self.service = service
    self.timeLimit = timeLimit
  }

  package var rate: SendingRate? { service.rate }
  package var description: String { "channel \(id)" }
  package var customMirror: Mirror { Mirror(self, children: ["id": id]) }

  package func deliver(_ notice: Notice) async -> DeliveryResult {
    let name = type(of: service).name
    do throws(WebAddress.NoAnswer) {
      let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
      let answer = try await WebAddress.send(service.request(for: notice, at: now), timeLimit: timeLimit)
      return service.judge(answer).withoutSecrets(of: service)
    } catch {
      return .retry(after: nil, why: "\(name) \(error)")
    }
  }
}

extension DeliveryResult {
  /// No more of what a service says is logged and kept.
  private static let longestAnswer = 400

  /// A service may repeat in its answer what it was told.
  fileprivate func withoutSecrets(of service: any WebService) -> DeliveryResult {
    // The longest first: of one that holds another, something would be left.
    let secrets = service.secrets.map { $0.reveal() }.sorted { $0.utf8.count > $1.utf8.count }
    func hidden(_ text: String) -> String {
      secrets.reduce(text) { $0.replacing($1, with: "(secret)") }.shortened(toBytes: Self.longestAnswer)
    }
    return switch self {
    case .delivered(let answer): .delivered(answer: hidden(answer))
    case .retry(let after, let why): .retry(after: after, why: hidden(why))
    case .refused(let why): .refused(why: hidden(why))
    }
  }
}
