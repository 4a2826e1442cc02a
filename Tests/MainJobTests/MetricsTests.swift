import Foundation
import MainJobSupport
import TestSupport
import Testing

/// What the agent measures of itself.
@Suite struct MetricsTests {
  @Test("are shown on the loopback interface where the settings say so, and follow doors, journal and broker")
  func agent() async throws {
    try await Household.with { house in
      let port = try freePort()
      let lines = "[metrics]\nport = \(port)\n"
      try house.writeSettings(doors: [house.simulatedDoor("front")], agentLines: lines)
      try await house.start()
      try await house.sees("house/front: closed", status: 0)
      func shows(_ line: String) async throws {
        var text = ""
        do {
          try await eventually("\(line)") {
            text = try await metrics(port)
            return text.contains("\n\(line)\n")
          }
        } catch {
          throw TestSupportError("\(error); there is \(text)")
        }
      }
      try await shows(#"dooralarm_agent_door_state{door="front",state="closed"} 1"#)
      try await shows(#"dooralarm_agent_door_state{door="front",state="open"} 0"#)
      try await shows(#"dooralarm_agent_transitions_total{door="front"} 1"#)
      try await shows("dooralarm_agent_unsent_transitions 0")
      try await shows("dooralarm_agent_journal_failures_total 0")
      house.broker.terminate()
      try house.set("front", "open")
      try await shows(#"dooralarm_agent_door_state{door="front",state="open"} 1"#)
      try await shows(#"dooralarm_agent_transitions_total{door="front"} 2"#)
      try await shows("dooralarm_agent_unsent_transitions 1")
      try await house.broker.start()
      try await shows("dooralarm_agent_unsent_transitions 0")
      let reconnects = try await metrics(port).split(separator: "\n").first {
        $0.hasPrefix(#"mqtt_client_reconnects_total{client_id="dooralarm-agent-house"} "#)
      }
      #expect(reconnects?.hasSuffix(" 0") == false)

      try house.writeSettings(doors: [house.simulatedDoor("back")], agentLines: lines)
      house.agent.reload()
      try await shows(#"dooralarm_agent_door_state{door="back",state="closed"} 1"#)
      #expect(try await !metrics(port).contains(#"dooralarm_agent_door_state{door="front""#))
    }
  }

  private func metrics(_ port: Int) async throws -> String {
    let socket = try LoopbackSocket.connected(port: port)
    defer { socket.close() }
    socket.write(Array("GET /metrics HTTP/1.0\r\n\r\n".utf8))
    var answer: [UInt8] = []
    while case let bytes = socket.read(atMost: 65_536), !bytes.isEmpty { answer += bytes }
    return String(decoding: answer, as: UTF8.self)
  }
}
