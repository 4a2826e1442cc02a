import Foundation
import MainJobSupport

/// The door alarm, installed with the commands of the README, broker, agent and notifier on one machine.
enum Installation {
  /// Both programs', since they read it from the same file.
  static let password = "corr ect\"horse"

  static let done = Task {
    let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../..")
    try await shell(
      """
      cd '\(repository.path)'

      cp deploy/mosquitto/dooralarm.conf /etc/mosquitto/conf.d/
      printf 'listener 1883\\nallow_anonymous false\\npassword_file /etc/mosquitto/dooralarm.passwd\\n' \
        > /etc/mosquitto/conf.d/listener.conf
      touch /etc/mosquitto/dooralarm.passwd
      for user in house notifier doorctl; do
        mosquitto_passwd -b /etc/mosquitto/dooralarm.passwd "$user" '\(password)'
      done
      chown mosquitto: /etc/mosquitto/dooralarm.passwd && chmod 600 /etc/mosquitto/dooralarm.passwd

      install '\(ProgramProcess.folder.path)'/door{-agent,-notifier,ctl} /usr/local/bin/
      mkdir -p /etc/dooralarm
      install -m 600 /dev/stdin /etc/dooralarm/mqtt-password <<< '\(password)'
      install -D -m 644 deploy/sysusers.d/dooralarm.conf -t /etc/sysusers.d/
      install -D -m 644 deploy/udev/60-dooralarm-gpio.rules -t /etc/udev/rules.d/
      systemd-sysusers
      udevadm control --reload
      udevadm trigger --subsystem-match=gpio
      cp deploy/systemd/door-{agent,notifier}.service /etc/systemd/system/
      systemctl daemon-reload
      systemctl enable door-agent door-notifier
      """)
    try brokerTable(user: "doorctl")
      .replacing("password_credential = \"", with: "password_file = \"/etc/dooralarm/")
      .write(toFile: "/etc/dooralarm/doorctl.toml", atomically: true, encoding: .utf8)
  }

  static func brokerTable(user: String) -> String {
    """
    [broker]
    host = "127.0.0.1"
    username = "\(user)"
    password_credential = "mqtt-password"
    """
  }
}
