package import Appliance
package import DoorCore
import Foundation

/// A mail, handed to the machine's `sendmail` as cron does it; how it goes on from there is the mail system's.
///
/// The message is one of RFC 5322 and 2045 to 2047, marked as written by a machine (RFC 3834). Its identifier is the same
/// with every try, so that a mail system can drop a repetition, and further stages of an alert answer its first mail.
package struct EmailService: ProgramService {
  private let program: String
  private let sender: String
  private let recipients: [String]

  package init(reading table: SettingsTable) throws(SettingsError) {
    program = try table.value("program", ProgramPath.checked) ?? "/usr/sbin/sendmail"
    sender = try table.required("from", try table.value("from", MailAddress.checked), "the sender's address")
    recipients = try table.required(
      "to", try table.values("to", MailAddress.checked), "the addresses of those who are told")
    guard (1...50).contains(recipients.count) else { throw table.invalid("to", "1 to 50 addresses") }
  }

  package func call(for notice: Notice, at now: Timestamp) -> ProgramCall {
    ProgramCall(
      path: program,
      // -i: a line with only a dot does not end the message.
      arguments: ["-i", "-f", sender, "--"] + recipients, input: Array(message(of: notice, at: now).utf8))
  }

  package func judge(_ end: ProgramEnd) -> DeliveryResult { end.result(of: "sendmail") }

  private func message(of notice: Notice, at now: Timestamp) -> String {
    var headers = [
      "From: \(sender)", "To: \(recipients.joined(separator: ",\n "))",
      "Subject: \(MailText.header(notice.title))", "Date: \(MailText.date(now))",
      "Message-ID: \(identifier(notice.fingerprint))", "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
      "Auto-Submitted: auto-generated",
    ]
    if let item = notice.items.first, notice.items.count == 1, item.stage != .raised {
      let first = identifier(Notice.fingerprint(of: item.alert.id))
      headers += ["In-Reply-To: \(first)", "References: \(first)"]
    }
    if notice.urgency == .critical { headers += ["Importance: high", "X-Priority: 1"] }
    return headers.joined(separator: "\n") + "\n\n" + MailText.body(notice.text(withLink: .max)) + "\n"
  }

  private func identifier(_ fingerprint: String) -> String {
    "<\(fingerprint).dooralarm@\(sender.drop { $0 != "@" }.dropFirst())>"
  }
}

private enum MailAddress {
  struct InvalidAddress: Error, CustomStringConvertible {
    var description: String { "a mail address is name@domain, of letters, digits and signs of ASCII" }
  }

  /// The addresses that people have; not the quoted forms that RFC 5322 allows besides.
  static func checked(_ text: String) throws(InvalidAddress) -> String {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"\"(),:;<>[\\]".utf8.contains($0) }
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), isPlain, text.first != "-",
      text.utf8.count <= 254
    else { throw InvalidAddress() }
    return text
  }
}

/// How texts stand in a mail.
enum MailText {
  /// RFC 2047: words each whole in itself, in lines of at most 76 characters, the name of the first one's header included.
  static func header(_ text: String) -> String {
    let line = WebAnswer.shown(String(text.prefix(200)))
    let isPlain = line.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !line.contains("=?")
    guard !isPlain || line.utf8.count > 60 else { return line }
    var words: [String] = []
    var word = ""
    for scalar in line.unicodeScalars {
      // 39 bytes are 52 of base64.
      if word.utf8.count + scalar.utf8.count > 39 {
        words.append(word)
        word = ""
      }
      word.unicodeScalars.append(scalar)
    }
    words.append(word)
    return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\n ")
  }

  /// Lines of 76 characters, of a text whose own lines end as those of mails do (RFC 2045, 6.8).
  static func body(_ text: String) -> String {
    let canonical = (text + "\n").replacing("\r\n", with: "\n").replacing("\n", with: "\r\n")
    let encoded = Array(Data(canonical.utf8).base64EncodedString())
    return stride(from: 0, to: encoded.count, by: 76).map {
      String(encoded[$0..<min($0 + 76, encoded.count)])
    }.joined(separator: "\n")
  }

  /// RFC 5322, 3.3, in UTC.
  static func date(_ time: Timestamp) -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let parts = calendar.dateComponents(
      [.year, .month, .day, .hour, .minute, .second, .weekday],
      from: Date(timeIntervalSince1970: Double(time.milliseconds) / 1_000))
    func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "\(days[(parts.weekday ?? 1) - 1]), \(two(parts.day)) \(months[(parts.month ?? 1) - 1]) "
      + "\(parts.year ?? 1970) \(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) +0000"
  }
}
