import DoorCore
import Testing

@testable import Delivery

@Suite("A notice")
struct NoticeTests {
  @Test("has a fingerprint of 32 digits: the first half of its key's SHA-256")
  func fingerprint() throws {
    let notice = try Notice.opening()
    #expect(notice.fingerprint == "554abda8cafa7118274c8c85ff91c965")
    #expect(Notice.fingerprint(of: notice.key) == notice.fingerprint)
    // The examples of FIPS 180-2.
    #expect(Notice.fingerprint(of: "") == "e3b0c44298fc1c149afbf4c8996fb924")
    #expect(Notice.fingerprint(of: "abc") == "ba7816bf8f01cfea414140de5dae2223")
  }

  @Test("has another fingerprint with another key only")
  func distinct() throws {
    var notice = try Notice.opening()
    let first = notice.fingerprint
    notice.text += "!"
    notice.title += "!"
    #expect(notice.fingerprint == first)
    notice.key += "/resolved"
    #expect(notice.fingerprint != first)
  }

  @Test("has its link in a line under its text")
  func link() throws {
    let notice = try Notice.opening(text: "It was opened.", acknowledgement: Notice.link)
    #expect(
      notice.text(withLink: .max) == "It was opened.\nI know: https://alarm.example/ack/hunter2")
    #expect(try Notice.opening(text: "It was opened.").text(withLink: .max) == "It was opened.")
  }

  @Test("is cut above its link, and the link never", arguments: [0, 10, 42, 43, 45, 46, 50, 56])
  func shortened(_ limit: Int) throws {
    let link = "\nI know: https://alarm.example/ack/hunter2"
    try #require(link.utf8.count == 42)
    let text = "It was opened."
    let short = try Notice.opening(text: text, acknowledgement: Notice.link).text(withLink: limit)
    #expect(short.hasSuffix(link))
    #expect(short.utf8.count <= max(limit, link.utf8.count))
    if limit >= 56 { #expect(short == text + link) }
    if limit == 50 { #expect(short == "It wa…" + link) }
    #expect(try Notice.opening(text: text).text(withLink: 10) == "It was …")
  }

  @Test("shows no link: whoever has it can acknowledge")
  func hidden() throws {
    let notice = try Notice.opening(acknowledgement: Notice.link)
    var dumped = ""
    dump(notice, to: &dumped)
    #expect(!"\(notice) \(String(reflecting: notice)) \(dumped)".contains("hunter2"))
    #expect("\(Notice.link)" == "(link)")
  }
}
