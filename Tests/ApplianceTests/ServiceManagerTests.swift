import Appliance
import Glibc
import TestSupport
import Testing

@Suite("What systemd is told")
struct ServiceManagerTests {
  @Test("is that the program is ready, how it stands in one line, and that it ends")
  func messages() throws {
    let folder = try TemporaryFolder()
    for name in [folder.file("notify"), "@dooralarm-test-\(getpid())"] {
      let socket = try NotifySocket(name)
      let manager = ServiceManager(socketPath: name)
      #expect(manager.ready())
      manager.status("front closed\nback open")
      manager.stopping()
      #expect(socket.received() == "READY=1")
      #expect(socket.received() == "STATUS=front closed back open")
      #expect(socket.received() == "STOPPING=1")
      #expect(socket.received() == nil)
    }
  }

  @Test("goes nowhere, and does no harm, where nobody listens or nobody asked")
  func nobody() {
    #expect(ServiceManager(socketPath: nil).ready())
    #expect(ServiceManager(socketPath: "relative").ready())
    #expect(!ServiceManager(socketPath: "/nowhere/notify").ready())
    #expect(!ServiceManager(socketPath: "/" + String(repeating: "long", count: 100)).ready())
  }

  @Test("is left untold where its queue is full; that the program is ready can be told again")
  func full() throws {
    let folder = try TemporaryFolder()
    let socket = try NotifySocket(folder.file("notify"))
    let manager = ServiceManager(socketPath: folder.file("notify"))
    // Far more than any queue of datagrams takes; none of them waits.
    for number in 0..<10_000 { manager.status("\(number)") }
    #expect(!manager.ready())
    #expect(!socket.receivedAll().isEmpty)
    #expect(manager.ready())
  }
}
