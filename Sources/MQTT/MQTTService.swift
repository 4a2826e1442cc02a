public import ServiceLifecycle

/// A client as a service of swift-service-lifecycle.
public struct MQTTService: Service {
  private let client: MQTTClient
  private let routes: [Route]
  private let fallback: Route.Handler?

  init(client: MQTTClient, routes: [Route], fallback: Route.Handler?) {
    self.client = client
    self.routes = routes
    self.fallback = fallback
  }

  /// Runs the client until graceful shutdown or cancellation: see ``MQTTClient/run(routes:fallback:)``.
  public func run() async throws {
    try await client.run(routes: routes, fallback: fallback)
  }
}

extension MQTTClient {
  /// What a `ServiceGroup` runs in the place of ``run(routes:fallback:)``.
  public func service(routes: [Route], fallback: Route.Handler? = nil) -> MQTTService {
    MQTTService(client: self, routes: routes, fallback: fallback)
  }
}
