import MQTTProtocol
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ConnectionFailure {
  /// Why a step of opening a connection failed.
  init(connectingTo broker: String, _ step: Connector.Step, _ error: any Error) {
    switch step {
    case .connection: self.init(connectingTo: broker, error)
    case .encryption:
      self = .encryptionFailed(broker: broker, detail: Self.detail(error, during: step))
    case .webSocket where Self.isOfEncryption(error):
      self = .encryptionFailed(broker: broker, detail: "\(error)")
    case .webSocket:
      self = .webSocketFailed(broker: broker, detail: Self.detail(error, during: step))
    }
  }

  /// Why there is no connection at all.
  private init(connectingTo broker: String, _ error: any Error) {
    switch error {
    case ChannelError.connectTimeout:
      self = .timedOut(broker: broker, waitingFor: Connector.Step.connection.name)
    case let error as IOError where error.errnoCode == ECONNREFUSED || error.errnoCode == ENOENT:
      // Without a broker, the file of a Unix socket can be left over, or not be there.
      self = .nothingListens(broker: broker)
    case let error as NIOConnectionError:
      // A host can have several addresses; the first one's failure stands for all.
      if let first = error.connectionErrors.first {
        self.init(connectingTo: broker, first.error)
      } else if let detail = error.dnsAError ?? error.dnsAAAAError {
        self = .unknownHost(broker: broker, detail: "\(detail)")
      } else {
        self = .unknownHost(broker: broker, detail: "it has no address")
      }
    case let error as IOError:
      self = .unreachable(broker: broker, detail: error.description)
    case let error as SocketAddressError:
      self = .unknownHost(broker: broker, detail: "\(error)")
    default:
      self = .unreachable(broker: broker, detail: "\(error)")
    }
  }

  /// Why an open connection was lost; nil where it was just closed.
  init?(losing broker: String, _ error: any Error) {
    switch error {
    case NIOSSLError.uncleanShutdown: return nil
    case _ where Self.isOfEncryption(error):
      self = .encryptionFailed(broker: broker, detail: "\(error)")
    case is WebSocketViolation, is WebSocketClosed:
      self = .webSocketFailed(broker: broker, detail: "\(error)")
    default:
      self = .connectionLost(broker: broker, detail: "\(error)")
    }
  }

  private static func isOfEncryption(_ error: any Error) -> Bool {
    error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError
  }

  private static func detail(_ error: any Error, during step: Connector.Step) -> String {
    switch error {
    case ChannelError.eof, ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed:
      "the connection was closed before \(step.name)"
    case HTTPParserError.invalidEOFState: "it closed the connection in the midst of its answer"
    case is HTTPParserError: "its answer is not HTTP: \(error)"
    default: "\(error)"
    }
  }
}
