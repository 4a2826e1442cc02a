import Appliance
import ArgumentParser
import Delivery
import DoorCore
import Notifier

struct TestChannelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test-channel",
    abstract: "Sends a test through a channel of the settings, also while the notifier runs.",
    discussion: "Exits with 0 when the channel has taken it, 1 when it has not.")

  @OptionGroup var options: ProgramOptions

  @Argument(help: "The channel's id.")
  var channel: String

  func run() async throws {
    let program = DoorNotifier._commandName
    let settings: NotifierSettings = try options.settings(
      defaultPath: DoorNotifier.settingsPath, program: program)
    let trial = ChannelTrial(settings: settings, logger: options.logger(label: program))
    guard let id = try? Identifier(channel), let finding = await trial.run(id) else {
      let names = settings.channels.map(\.id.description).joined(separator: ", ")
      throw ValidationError("there is no channel \"\(channel)\"; there are \(names)")
    }
    switch finding.result {
    case .delivered(let answer):
      ProgramOutput.say("\(id): delivered in \(finding.duration.wholeMilliseconds) ms: \(answer)")
    case .retry(_, let why), .refused(let why):
      ProgramOutput.complain("\(id): NOT delivered: \(why)")
      throw ExitCode(1)
    }
  }
}
