import MQTTProtocol
import Testing

@Suite struct TopicTests {
  @Test(arguments: ["a", "/", "a//b", "$SYS/x", "ä b", String(repeating: "x", count: 65_535)])
  func topicNames(_ topic: String) {
    #expect(TopicName.isValid(topic))
  }

  @Test(arguments: ["", "a/+", "#", "a\u{0}b", String(repeating: "x", count: 65_536)])
  func notTopicNames(_ topic: String) {
    #expect(!TopicName.isValid(topic))
  }

  @Test(arguments: ["#", "+", "a/#", "+/+/#", "/+", "a//+", "$share/g/a/#", "$SYS/#", "a"])
  func topicFilters(_ filter: String) {
    #expect(TopicFilter(filter)?.description == filter)
  }

  @Test(arguments: [
    "", "a#", "#/a", "a/#/b", "a+", "+a/b", "a/b+", "a\u{0}", "$share/g", "$share//a", "$share/g/",
    "$share/+/a",
    "##", "++",
  ])
  func notTopicFilters(_ filter: String) {
    #expect(TopicFilter(filter) == nil)
  }

  @Test(arguments: [
    ("a/b", "a/b"), ("a/+", "a/b"), ("a/+", "a/"), ("+/b", "a/b"), ("+", "a"), ("#", "a/b/c"), ("a/#", "a"),
    ("a/#", "a/"), ("a/#", "a/b/c"), ("a/+/#", "a/b"), ("+/+", "/a"), ("/+", "/a"), ("$SYS/#", "$SYS/x"),
    ("$SYS/+", "$SYS/x"), ("$share/g/a/+", "a/b"), ("+/#", "a"),
  ])
  func matches(_ filter: String, _ topic: String) {
    #expect(TopicFilter(filter)?.matches(topic) == true)
  }

  @Test(arguments: [
    ("a/b", "a"), ("a/b", "a/b/c"), ("a", "a/b"), ("a/+", "a"), ("a/+", "a/b/c"), ("+", "/a"), ("+", "a/b"),
    ("#", "$SYS/x"), ("+/x", "$SYS/x"), ("a/#", "ab"), ("a/b/#", "a"), ("a/+/c", "a/b/d"),
    ("$share/g/a", "b"),
    ("A", "a"), ("ab", "a"),
  ])
  func doesNotMatch(_ filter: String, _ topic: String) {
    #expect(TopicFilter(filter)?.matches(topic) == false)
  }
}
