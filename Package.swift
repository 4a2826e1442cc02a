// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
  name: "dooralarm",
  products: [
    .library(name: "MQTT", targets: ["MQTT"]),
    .executable(name: "door-agent", targets: ["door-agent"]),
    .executable(name: "door-notifier", targets: ["door-notifier"]),
    .executable(name: "doorctl", targets: ["doorctl"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    // Executables: parse, build, run.
    .executableTarget(
      name: "door-agent",
      dependencies: [
        "SensorAgent", "DoorCore", "GPIO", "Journal", "Appliance",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "door-notifier",
      dependencies: [
        "Notifier", "AccessCodes", "AlarmStore", "Delivery", "DoorCore", "Appliance",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "doorctl",
      dependencies: [
        "DoorCore", "DoorWire", "MQTT", "MQTTProtocol", "BrokerLink", "Appliance",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),

    // Compositions: the data path of each program.
    .target(
      name: "SensorAgent",
      dependencies: [
        "DoorCore", "DoorWire", "GPIO", "Journal", "MQTT", "MQTTProtocol", "BrokerLink", "Appliance",
        "CLinux", "Threads",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),
    .target(
      name: "Notifier",
      dependencies: [
        "DoorCore", "DoorWire", "AccessCodes", "AlarmStore", "Dashboard", "Delivery", "MQTT", "MQTTProtocol",
        "BrokerLink", "Appliance", "CLinux",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),

    .target(
      name: "BrokerLink",
      dependencies: [
        "DoorCore", "DoorWire", "MQTT", "MQTTProtocol", "Appliance",
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: settings),

    // Adapters: one outside thing each.
    .target(name: "CGPIOD", linkerSettings: [.linkedLibrary("gpiod")]),
    .systemLibrary(name: "CLinux"),
    .target(name: "Threads", dependencies: ["CLinux"], swiftSettings: settings),
    .target(
      name: "GPIO", dependencies: ["DoorCore", "Threads", "CGPIOD", "CLinux"], swiftSettings: settings),
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "Journal", dependencies: ["DoorCore", "Threads", "CSQLite"], swiftSettings: settings),
    .target(
      name: "AlarmStore",
      dependencies: ["DoorCore", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: settings),
    .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
    .target(name: "AccessCodes", dependencies: ["DoorCore", "CCrypt"], swiftSettings: settings),
    .target(
      name: "Delivery",
      dependencies: [
        "DoorCore", "Appliance",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .target(
      name: "Dashboard",
      dependencies: [
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(
      name: "MQTT",
      dependencies: [
        "MQTTProtocol",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),
    .target(name: "CTOML"),
    .target(
      name: "Appliance",
      dependencies: [
        "CLinux", "CTOML",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),

    // The pure ground floor: no clock, lock, logger, task or randomness.
    .target(name: "DoorWire", dependencies: ["DoorCore"], swiftSettings: settings),
    .target(
      name: "MQTTProtocol",
      dependencies: [.product(name: "NIOCore", package: "swift-nio")],
      swiftSettings: settings),
    .target(name: "DoorCore", swiftSettings: settings),

    // Tests mirror Sources; what crosses programs is the main job's.
    .target(
      name: "TestSupport", dependencies: ["CLinux"], path: "Tests/TestSupport", swiftSettings: settings),
    .target(
      name: "MainJobSupport", dependencies: ["AlarmStore", "DoorCore", "GPIO", "TestSupport"],
      path: "Tests/MainJobSupport", swiftSettings: settings),
    .testTarget(name: "DoorCoreTests", dependencies: ["DoorCore", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "DoorWireTests", dependencies: ["DoorCore", "DoorWire", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "ApplianceTests",
      dependencies: [
        "Appliance", "TestSupport", "Threads",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
      ],
      swiftSettings: settings),
    .target(
      name: "SQLiteSupport", dependencies: ["CSQLite"], path: "Tests/SQLiteSupport", swiftSettings: settings),
    .testTarget(
      name: "JournalTests",
      dependencies: ["CSQLite", "DoorCore", "Journal", "SQLiteSupport", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "AlarmStoreTests",
      dependencies: ["DoorCore", "AlarmStore", "TestSupport", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: settings),
    .testTarget(
      name: "AccessCodesTests", dependencies: ["AccessCodes", "DoorCore"], swiftSettings: settings),
    .testTarget(
      name: "DeliveryTests",
      dependencies: [
        "Appliance", "DoorCore", "Delivery", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "DashboardTests",
      dependencies: [
        "Dashboard", "TestSupport",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SensorAgentTests",
      dependencies: [
        "SensorAgent", "Appliance", "DoorCore", "DoorWire", "GPIO", "Journal", "MQTT", "MQTTProtocol",
        "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "NotifierTests",
      dependencies: [
        "Notifier", "AccessCodes", "AlarmStore", "Appliance", "CSQLite", "Dashboard", "Delivery", "DoorCore",
        "DoorWire", "MQTT", "MQTTProtocol", "SQLiteSupport", "TestSupport",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(
      name: "MQTTFuzzing", dependencies: ["MQTTProtocol", .product(name: "NIOCore", package: "swift-nio")],
      path: "Fuzzing/Targets", swiftSettings: settings),
    .executableTarget(
      name: "mqtt-fuzz", dependencies: ["MQTTFuzzing"], path: "Fuzzing/Program", swiftSettings: settings),
    .testTarget(
      name: "MQTTProtocolTests",
      dependencies: [
        "MQTTProtocol", "MQTTFuzzing", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "MQTTStoreProgram",
      dependencies: [
        "MQTT", "MQTTProtocol",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      path: "Tests/MQTTStoreProgram", swiftSettings: settings),
    .testTarget(
      name: "MQTTTests",
      dependencies: [
        "MQTT", "MQTTProtocol", "MQTTStoreProgram", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),
    .testTarget(name: "ThreadsTests", dependencies: ["Threads", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "GPIOTests", dependencies: ["DoorCore", "GPIO", "MainJobSupport", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "doorctlTests",
      dependencies: [
        "DoorCore", "DoorWire", "MainJobSupport", "TestSupport", "door-agent", "door-notifier", "doorctl",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "MainJobTests",
      dependencies: [
        "AlarmStore", "DoorCore", "Journal", "MainJobSupport", "TestSupport", "door-agent", "door-notifier",
        "doorctl",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "TestbedTests",
      dependencies: [
        "AlarmStore", "DoorCore", "GPIO", "MainJobSupport", "TestSupport", "door-agent", "door-notifier",
        "doorctl",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SystemdTestbedTests",
      dependencies: [
        "CLinux", "DoorCore", "DoorWire", "GPIO", "MainJobSupport", "TestSupport", "door-agent",
        "door-notifier", "doorctl",
      ],
      swiftSettings: settings),
  ],
  cxxLanguageStandard: .cxx17
)
