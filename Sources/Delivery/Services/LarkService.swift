package import Appliance
package import DoorCore

/// Feishu outside of China: the same robot at another address
/// (open.larksuite.com/document/client-docs/bot-v3/add-custom-bot).
package struct LarkService: WebService {
  package static let name = "Lark"

  private let robot: FeishuService

  package init(reading table: SettingsTable) throws(SettingsError) {
    robot = try FeishuService(reading: table, of: Self.name, at: "https://open.larksuite.com")
  }

  package var rate: SendingRate? { robot.rate }
  package var secrets: [Secret] { robot.secrets }
  package func request(for notice: Notice, at now: Timestamp) -> WebRequest {
    robot.request(for: notice, at: now)
  }
  package func judge(_ answer: WebAnswer) -> DeliveryResult { robot.judge(answer) }
}
