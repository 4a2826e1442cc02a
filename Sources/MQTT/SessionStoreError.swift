#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why a session store could not do what it was asked. `path` is of the file it happened to; nil in memory.
public enum SessionStoreError: Error, Sendable, Hashable {
  /// The disk, or the user's quota of it, is full.
  case noSpace(path: String)
  /// The store would become larger than its own limit, in bytes.
  case full(path: String?, limit: Int)
  /// Another client or process has the store open.
  case inUse(path: String?)
  /// The folder that the file is to be in does not exist.
  case folderMissing(path: String)
  /// A symbolic link, a folder, a device or the like stands where the file is to be.
  case notAFile(path: String)
  /// The file is of a later version of this library, or of an earlier one that this one does not read.
  case unsupportedVersion(path: String, version: UInt32, supported: UInt32)
  /// The file is damaged, and cannot be put aside because `limit` damaged files are there already.
  case tooManyDamagedFiles(path: String, limit: Int, reason: String)
  /// An earlier failure, the cause, left unknown what is on the disk; nothing is appended before `replace`
  /// has succeeded.
  case unreliable(path: String, cause: String)
  /// Any other failure of the operating system's; `reason` is its text.
  case inputOutput(operation: String, path: String, reason: String)
  /// The store is not open.
  case closed(path: String?)

  init(_ operation: String, _ path: String, code: Int32) {
    switch code {
    case ENOSPC, EDQUOT: self = .noSpace(path: path)
    default:
      self = .inputOutput(operation: operation, path: path, reason: String(cString: strerror(code)))
    }
  }
}

extension SessionStoreError: CustomStringConvertible {
  /// What happened to which file, and what to do about it.
  public var description: String {
    switch self {
    case .noSpace(let path): "the disk of the session file \(path) is full: make room there"
    case .full(let path, let limit):
      "\(Self.store(path)) would become larger than its limit of \(limit) bytes: replace what it keeps by less, "
        + "or allow more"
    case .inUse(let path):
      "\(Self.store(path)) is used by another client or process: stop that one, or give each its own"
    case .folderMissing(let path): "the folder \(path) of the session file does not exist: create it"
    case .notAFile(let path):
      "\(path) is a symbolic link, a folder or a device, but a session needs a file: move it away, or name "
        + "another file"
    case .unsupportedVersion(let path, let version, let supported):
      "the session file \(path) has format version \(version), but this program reads version \(supported): "
        + "use the program that wrote it, or move the file away, which loses the session"
    case .tooManyDamagedFiles(let path, let limit, let reason):
      "the session file \(path) is damaged (\(reason)) and cannot be put aside, since \(limit) damaged files are "
        + "kept beside it: move those away, and check the disk"
    case .unreliable(let path, let cause):
      "the session file \(path) takes nothing more until all of it is replaced, after a failure (\(cause)): "
        + "check the disk"
    case .inputOutput(let operation, let path, let reason):
      "cannot \(operation) \(path) (\(reason)): check the disk, and the rights to the session file and its folder"
    case .closed(let path): "\(Self.store(path)) is not open: open it first"
    }
  }

  private static func store(_ path: String?) -> String {
    path.map { "the session file \($0)" } ?? "the session store in memory"
  }
}
