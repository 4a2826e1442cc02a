package import Appliance
package import DoorCore
import Foundation

/// A program of the user's own: the notice comes as JSON on its standard input, as webhooks have it, and in its environment.
///
/// It is started without a shell. Exit status 0 is a delivery; 64 to 68, 77 and 78 (sysexits.h) refuse the notice; any
/// other is tried again.
package struct CommandService: ProgramService {
  private let path: String
  private let arguments: [String]
  package let timeLimit: Duration

  package init(reading table: SettingsTable) throws(SettingsError) {
    path = try table.required(
      "program", try table.value("program", ProgramPath.checked), "the absolute path of a program")
    arguments =
      try table.values("arguments") { (text: String) throws(NoNull) in
        guard !text.contains("\0") else { throw NoNull() }
        return text
      } ?? []
    timeLimit = .seconds(try table.integer("time_limit_s", in: 1...3_600) ?? 30)
  }

  private struct NoNull: Error, CustomStringConvertible {
    var description: String { "an argument has no NUL in it" }
  }

  package func call(for notice: Notice, at now: Timestamp) -> ProgramCall {
    let alert = notice.items.first?.alert
    return ProgramCall(
      path: path, arguments: arguments,
      environment: [
        "DOORALARM_ID": notice.key, "DOORALARM_TITLE": notice.title, "DOORALARM_TEXT": notice.text,
        "DOORALARM_SEVERITY": notice.severity.rawValue, "DOORALARM_AT_MS": "\(notice.at.milliseconds)",
        "DOORALARM_KIND": alert?.kind.rawValue ?? "", "DOORALARM_STAGE": notice.items.first?.stage.word ?? "",
        "DOORALARM_AREA": alert?.area.description ?? "",
        "DOORALARM_AGENT": alert?.subject.agent?.description ?? "",
        "DOORALARM_DOOR": alert?.subject.door?.description ?? "",
        "DOORALARM_ACKNOWLEDGE_URL": notice.acknowledgement?.address ?? "",
      ], input: NoticeBody(notice).encoded())
  }

  package func judge(_ end: ProgramEnd) -> DeliveryResult { end.result(of: "the program") }
}
