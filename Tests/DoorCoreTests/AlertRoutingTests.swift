import DoorCore
import Testing

@Suite("The ways of an alert")
struct AlertRoutingTests {
  private let phone: Identifier
  private let mail: Identifier
  private let siren: Identifier
  private let house: Identifier

  init() throws {
    phone = try Identifier("phone")
    mail = try Identifier("mail")
    siren = try Identifier("siren")
    house = try Identifier("house")
  }

  private func alert(
    _ kind: Alert.Kind = .opened, _ severity: Alert.Severity = .alarm, of subject: Alert.Subject,
    in area: Identifier? = nil
  ) -> Alert {
    Alert(
      id: "1", severity: severity, kind: kind, area: area ?? house, subject: subject, state: nil,
      at: seconds(0))
  }

  /// By whose first step one can tell which route was taken.
  private func route(
    _ channel: Identifier, severities: Set<Alert.Severity>? = nil, kinds: Set<Alert.Kind>? = nil,
    areas: Set<Identifier>? = nil, doors: Set<DoorAddress>? = nil
  ) -> AlertRouting.Route {
    AlertRouting.Route(
      severities: severities, kinds: kinds, areas: areas, doors: doors,
      steps: [AlertRouting.Step(channels: [channel])])
  }

  private func routing(_ routes: AlertRouting.Route...) -> AlertRouting {
    AlertRouting(channels: [phone, mail, siren], routes: routes)
  }

  // MARK: Which

  @Test("are all channels at once where no route is for it")
  func noRoute() throws {
    let all = [AlertRouting.Step(after: .zero, channels: [phone, mail, siren])]
    #expect(routing().steps(for: alert(of: .area)) == all)
    #expect(routing(route(mail, severities: [.trouble])).steps(for: alert(of: .area)) == all)
  }

  @Test("are those of the first route that fits, with all its steps in their order")
  func firstFits() throws {
    let steps = [
      AlertRouting.Step(channels: [phone]),
      AlertRouting.Step(after: .seconds(300), channels: [mail, siren]),
      AlertRouting.Step(after: .seconds(900), channels: [siren]),
    ]
    let routing = routing(
      route(mail, kinds: [.duress]), AlertRouting.Route(steps: steps), route(siren, severities: [.alarm]))
    #expect(routing.steps(for: alert(of: .area)) == steps)
    #expect(routing.steps(for: alert(.duress, of: .area)).map(\.channels) == [[mail]])
  }

  @Test("are those of a route only where all that the route asks for is so")
  func fits() throws {
    let (front, back) = (try DoorAddress.front, try DoorAddress.back)
    let shed = try Identifier("shed")
    let routing = routing(
      route(mail, severities: [.alarm], kinds: [.opened, .duress], areas: [house], doors: [front]))
    func isTaken(_ alert: Alert) -> Bool { routing.steps(for: alert).map(\.channels) == [[mail]] }
    #expect(isTaken(alert(of: .door(front))))
    #expect(isTaken(alert(.duress, of: .door(front))))
    #expect(!isTaken(alert(.opened, .trouble, of: .door(front))), "another severity")
    #expect(!isTaken(alert(.standingOpen, of: .door(front))), "another kind")
    #expect(!isTaken(alert(of: .door(front), in: shed)), "another area")
    #expect(!isTaken(alert(of: .door(back))), "another door")
  }

  @Test(
    "are not those of a route of doors where it is not about a door",
    arguments: ["agent", "area", "broker"])
  func noDoor(_ word: String) throws {
    let front = try DoorAddress.front
    let subjects: [String: Alert.Subject] = ["agent": .agent(front.agent), "area": .area, "broker": .broker]
    let routing = routing(route(mail, doors: [front]), route(phone))
    #expect(routing.steps(for: alert(of: try #require(subjects[word]))).map(\.channels) == [[phone]])
    #expect(routing.steps(for: alert(of: .door(front))).map(\.channels) == [[mail]])
  }

  @Test("are none of a route that wants one of nothing")
  func emptyRoute() throws {
    let front = try DoorAddress.front
    let routing = routing(
      route(mail, severities: []), route(mail, kinds: []), route(mail, areas: []), route(mail, doors: []),
      route(phone))
    #expect(routing.steps(for: alert(of: .door(front))).map(\.channels) == [[phone]])
  }

  // MARK: What takes no route

  @Test("are all other channels where one of them takes nothing, whatever the routes say")
  func failingChannel() throws {
    let routing = routing(route(phone))
    let failing = alert(.channelFailing, .trouble, of: .channel(phone))
    #expect(routing.steps(for: failing) == [AlertRouting.Step(channels: [mail, siren])])
    let lonely = AlertRouting(channels: [phone], routes: [route(phone)])
    #expect(lonely.steps(for: failing).map(\.channels) == [[phone]], "there is no other")
  }

  @Test("are all channels where it is a test, whatever the routes say")
  func selfTest() throws {
    let routing = routing(route(mail))
    let steps = [AlertRouting.Step(channels: [phone, mail, siren])]
    #expect(routing.steps(for: alert(.selfTest, .trouble, of: .area)) == steps)
    #expect(
      routing.steps(for: alert(.selfTestFailed, .trouble, of: .area)).map(\.channels) == [[mail]],
      "that it has failed is a trouble as others are")
  }

  // MARK: When

  @Test("begin at once, and in the quiet hours at their end where it is no alarm")
  func start() {
    var routing = routing()
    let trouble = alert(.agentSilent, .trouble, of: .area)
    #expect(routing.start(of: trouble, raised: seconds(5)) == seconds(5))
    routing.quietUntil = seconds(3_600)
    #expect(routing.start(of: trouble, raised: seconds(5)) == seconds(3_600))
    #expect(routing.start(of: alert(of: .area), raised: seconds(5)) == seconds(5))
    #expect(
      routing.start(of: alert(.selfTest, .trouble, of: .area), raised: seconds(5)) == seconds(5),
      "whoever tests waits for it")
    #expect(
      routing.start(of: alert(.selfTestFailed, .trouble, of: .area), raised: seconds(5)) == seconds(3_600))
  }

  @Test("never begin before it is raised, however long ago the quiet hours were over")
  func quietHoursOver() {
    let routing = AlertRouting(channels: [phone], quietUntil: seconds(10))
    let trouble = alert(.agentSilent, .trouble, of: .area)
    #expect(routing.start(of: trouble, raised: seconds(10)) == seconds(10))
    #expect(routing.start(of: trouble, raised: seconds(11)) == seconds(11))
  }
}
