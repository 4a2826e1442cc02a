package import Appliance
package import DoorCore

/// The program `apprise` (github.com/caronc/apprise/wiki/CLI_Usage), which knows over a hundred services. Their addresses,
/// with the keys in them, are in its own configuration file and never on a command line.
package struct AppriseProgramService: ProgramService {
  private let program: String
  private let configuration: String
  private let tag: String

  package init(reading table: SettingsTable) throws(SettingsError) {
    program = try table.value("program", ProgramPath.checked) ?? "/usr/bin/apprise"
    configuration = try table.required(
      "config_file", try table.readableFile("config_file"), "apprise's own file, with the services' addresses"
    )
    // Without one, it leaves out what has any.
    tag = try table.string("tag") ?? "all"
  }

  package var timeLimit: Duration { .seconds(60) }

  package func call(for notice: Notice, at now: Timestamp) -> ProgramCall {
    let arguments = [
      "--config=\(configuration)", "--title=\(notice.title)", "--input-format=text",
      "--notification-type=\(notice.urgency.appriseType)", "--tag=\(tag)",
    ]
    return ProgramCall(path: program, arguments: arguments, input: Array(notice.text(withLink: .max).utf8))
  }

  /// It ends with 1 where one of the services has failed, with 2 and 3 where it was told nonsense, or nothing.
  package func judge(_ end: ProgramEnd) -> DeliveryResult {
    switch end {
    case .exited(let status) where status == 2 || status == 3:
      .refused(why: "apprise ended with exit status \(status): check its settings")
    default: end.result(of: "apprise")
    }
  }
}
