import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A server on loopback that answers one request after the other with the bytes that it was given, and keeps
/// what it was asked.
final class WebhookServer: Sendable {
  enum Answer: Sendable {
    /// These bytes, then the end of the connection.
    case bytes(String)
    /// These bytes, and no end for as long as the client stays.
    case unfinished(String)
    /// Nothing, for as long as the client stays.
    case silence

    static func status(_ status: String, _ headers: String = "", body: String = "") -> Answer {
      .bytes(
        "HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
      )
    }
  }

  struct Request: Sendable {
    var line: String
    var headers: [String: String]
    var body: String
  }

  private struct State {
    var answers: [Answer]
    var requests: [Request] = []
  }

  private let channel: any Channel
  private let state: Mutex<State>

  /// Runs `body` with a server that gives `answers`; the server is ended when it returns.
  static func with(_ answers: [Answer], _ body: (WebhookServer) async throws -> Void) async throws {
    let server = try await WebhookServer(answers)
    do {
      try await body(server)
    } catch {
      try await server.channel.close()
      throw error
    }
    try await server.channel.close()
  }

  private init(_ answers: [Answer]) async throws {
    let asked = AskedSlot()
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 16)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(RequestReader(asked: asked))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    state = Mutex(State(answers: answers))
    asked.server.withLock { $0 = self }
  }

  var port: Int { channel.localAddress?.port ?? 0 }
  var requests: [Request] { state.withLock { $0.requests } }

  fileprivate func take(_ request: Request) -> Answer {
    state.withLock { state in
      state.requests.append(request)
      return state.answers.isEmpty ? .status("500 No more answers") : state.answers.removeFirst()
    }
  }
}

/// Leads from a connection to its server, which does not exist yet when it begins to listen.
private final class AskedSlot: Sendable {
  let server = Mutex<WebhookServer?>(nil)
}

/// Reads one request with a body of a stated length, and answers it.
private final class RequestReader: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let asked: AskedSlot
  private var received = ""

  init(asked: AskedSlot) {
    self.asked = asked
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += String(buffer: unwrapInboundIn(data))
    guard let end = received.range(of: "\r\n\r\n") else { return }
    let lines = received[..<end.lowerBound].components(separatedBy: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
        in: .whitespaces
      )
    }
    let body = String(received[end.upperBound...])
    guard body.utf8.count >= headers["content-length"].flatMap(Int.init) ?? 0 else { return }
    received = ""
    let request = WebhookServer.Request(line: lines.first ?? "", headers: headers, body: body)
    switch asked.server.withLock({ $0 })?.take(request) {
    case .bytes(let text)?:
      context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
      context.close(promise: nil)
    case .unfinished(let text)?: context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
    case .silence?, nil: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
