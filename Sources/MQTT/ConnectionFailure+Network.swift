import MQTTProtocol
import NIOCore
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
  /// Why no connection could be opened.
  init(connectingTo broker: String, _ error: any Error) {
    switch error {
    case ChannelError.connectTimeout:
      self = .timedOut(broker: broker, waitingFor: "a TCP connection")
    case let error as IOError where error.errnoCode == ECONNREFUSED:
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
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      self = .encryptionFailed(broker: broker, detail: "\(error)")
    default:
      self = .unreachable(broker: broker, detail: "\(error)")
    }
  }

  /// Why an open connection was lost; nil where it was just closed.
  init?(losing broker: String, _ error: any Error) {
    switch error {
    case NIOSSLError.uncleanShutdown: return nil
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      self = .encryptionFailed(broker: broker, detail: "\(error)")
    default:
      self = .connectionLost(broker: broker, detail: "\(error)")
    }
  }
}
