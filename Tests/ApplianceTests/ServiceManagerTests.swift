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
      manager.ready()
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
    ServiceManager(socketPath: nil).ready()
    ServiceManager(socketPath: "/nowhere/notify").ready()
    ServiceManager(socketPath: "relative").ready()
    ServiceManager(socketPath: "/" + String(repeating: "long", count: 100)).ready()
  }
}
