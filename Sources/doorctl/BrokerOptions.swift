import Appliance
import ArgumentParser
import BrokerLink
import DoorWire
import Logging
import MQTT

/// The settings of doorctl: where the broker is.
struct ControlSettings: SettingsReadable {
  var topics: Topics
  var broker: BrokerSettings

  init(reading table: SettingsTable) throws(SettingsError) {
    topics = try Topics.read(from: table)
    broker = try BrokerSettings(
      reading: try table.required("broker", try table.table("broker"), "a table [broker] with its host"))
  }
}

/// What every command of doorctl needs to meet the broker.
struct BrokerOptions: ParsableArguments {
  @Option(name: .customLong("config"), help: "The settings file with the broker.")
  var settingsPath = "/etc/dooralarm/doorctl.toml"

  @Option(name: .customLong("timeout"), help: "Seconds to wait for an answer.")
  var timeoutSeconds = 5

  @Flag(name: .customLong("verbose"), help: "Say what happens on the connection.")
  var isVerbose = false

  func validate() throws {
    guard (1...3_600).contains(timeoutSeconds) else {
      throw ValidationError("--timeout is 1 to 3600 seconds")
    }
  }

  func settings() throws -> ControlSettings {
    do throws(SettingsError) {
      return try ControlSettings(file: settingsPath)
    } catch {
      ProgramOutput.complain("doorctl: \(error)")
      throw ExitCode(ExitStatus.settings)
    }
  }

  /// A name that no other run has, with a session that ends with the connection.
  func clientConfiguration(_ settings: ControlSettings) -> MQTTClient.Configuration {
    var configuration = MQTTClient.Configuration(
      broker: settings.broker, clientIdentifier: "doorctl-" + .randomHexadecimal(digits: 12))
    configuration.cleanStart = true
    configuration.sessionExpiry = .zero
    return configuration
  }

  var logger: Logger {
    let level: Logger.Level = isVerbose ? .debug : .critical
    return Logger(label: "doorctl") { ConsoleLogHandler(label: $0, level: level) }
  }

  /// One visit to the broker, connected with routes, for as long as a body runs.
  func visit<Value: Sendable>(
    _ settings: ControlSettings, routes: [Route],
    body: @escaping @Sendable (MQTTClient) async throws -> Value
  ) async throws -> Value {
    try await MQTTClient.visit(
      clientConfiguration(settings), routes: routes, timeout: .seconds(timeoutSeconds), logger: logger,
      body: body)
  }
}
