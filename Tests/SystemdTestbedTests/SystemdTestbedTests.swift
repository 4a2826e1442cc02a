import Testing

/// The units that users are given, under a real systemd, with a real chip and mosquitto. There is one machine, so one
/// test at a time.
@Suite(.serialized, .enabled(if: Machine.isAvailable, "\(Machine.reason)"))
enum SystemdTestbedTests {}
