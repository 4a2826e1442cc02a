import DoorCore

/// The texts in Simplified Chinese.
enum ChinesePhrases: Phrasebook {
  static func text(of kind: Alert.Kind) -> PhraseText {
    switch kind {
    case .opened: opened
    case .standingOpen: standingOpen
    case .leftOpen: leftOpen
    case .openTooLong: openTooLong
    case .shutOut: shutOut
    case .alarmEnded: alarmEnded
    case .scheduleFailed: scheduleFailed
    case .wrongCodes: wrongCodes
    case .duress: duress
    case .doorFault: doorFault
    case .batteryLow: batteryLow
    case .journalRestarted: journalRestarted
    case .historyGap: historyGap
    case .agentSilent: agentSilent
    case .brokerGone: brokerGone
    case .clientTaken: clientTaken
    case .channelFailing: channelFailing
    case .selfTest: selfTest
    case .selfTestFailed: selfTestFailed
    }
  }

  private static let opened = PhraseText(
    title: "警报{{#is_late}}（事后发现）{{/is_late}}：{{subject}}",
    text: "{{#is_always}}{{area}}的{{subject}}于 {{time}} 被打开。它全天候受保护。{{/is_always}}"
      + "{{^is_always}}{{subject}}于 {{time}} 被打开，当时{{area}}处于布防状态。{{/is_always}}")

  private static let standingOpen = PhraseText(
    title: "{{subject}}是开着的",
    text: "{{time}} 发现{{area}}的{{subject}}是开着的。它正受保护，但没有检测到它被打开。", over: closed)

  private static let leftOpen = PhraseText(
    title: "警报：{{subject}}没有关好",
    text: "{{area}}的{{subject}}正受保护，但在 {{time}} 没有关好，状态是：{{state}}。",
    over: "{{#is_open}}\(closed){{/is_open}}{{^is_open}}\(watched){{/is_open}}")

  private static let openTooLong = PhraseText(
    title: "{{subject}}仍然开着", text: "{{area}}的{{subject}}从 {{time}} 起一直开着。", over: closed)

  private static let shutOut = PhraseText(
    title: "{{subject}}不再触发警报",
    text: "{{area}}的{{subject}}于 {{time}} 再次被打开。它的警报次数已达上限{{#detail}}（{{detail}} 次）{{/detail}}，"
      + "在{{area}}重新布防之前只作记录。")

  private static let alarmEnded = PhraseText(
    title: "{{subject}}已撤防", text: "警报之后，{{area}}于 {{time}} {{#detail}}由{{detail}}{{/detail}}撤防。")

  private static let scheduleFailed = PhraseText(
    title: "{{subject}}：没有按计划执行",
    text: "{{area}}在 {{time}} 没有按计划执行{{#detail}}：{{detail}}{{/detail}}。")

  private static let wrongCodes = PhraseText(
    title: "{{#is_alarm}}警报：{{/is_alarm}}{{subject}}被输入错误密码",
    text: "截至 {{time}}，{{area}}连续{{#detail}} {{detail}} 次{{/detail}}{{^detail}}多次{{/detail}}被输入错误密码。")

  private static let duress = PhraseText(
    title: "警报：{{subject}}有人受到胁迫",
    text: "{{detail}}{{^detail}}有人{{/detail}}于 {{time}} 被迫输入了{{area}}的密码。")

  private static let doorFault = PhraseText(
    title: "{{#is_alarm}}警报：{{/is_alarm}}{{subject}}发生故障",
    text: "从 {{time}} 起无法监测{{area}}的{{subject}}：{{detail}}"
      + "{{#is_journal}}采集程序无法写入日志，可能是磁盘已满{{/is_journal}}"
      + "{{#is_fault}}线路报告故障{{/is_fault}}"
      + "{{^detail}}{{^is_journal}}{{^is_fault}}无法读取线路{{/is_fault}}{{/is_journal}}{{/detail}}。",
    over: watched)

  private static let batteryLow = PhraseText(
    title: "{{subject}}：电池电量低", text: "{{area}}的{{subject}}的电池快没电了（{{time}} 报告）。",
    over: "{{subject}}的电池已恢复{{resolved}}。")

  private static let journalRestarted = PhraseText(
    title: "{{subject}}：采集程序的日志重新开始",
    text: "{{area}}的{{subject}}的采集程序日志重新开始了，{{time}} 之前的记录可能缺失。存储卡是否被更换或还原？")

  private static let historyGap = PhraseText(
    title: "{{subject}}：记录缺失",
    text: "{{area}}的{{subject}}缺失{{#detail}} {{detail}} 条{{/detail}}{{^detail}}若干条{{/detail}}记录，"
      + "采集程序也没有这些记录（{{time}} 发现）。")

  private static let agentSilent = PhraseText(
    title: "{{#is_alarm}}警报：{{/is_alarm}}{{subject}}失去联系",
    text: "{{subject}}已没有消息（{{time}} 发现）：{{area}}里它负责的门无人监测。是它本身、网络还是消息服务器出了问题？",
    over: "{{subject}}恢复联系{{resolved}}。")

  private static let brokerGone = PhraseText(
    title: "{{#is_alarm}}警报：{{/is_alarm}}{{subject}}无法连接",
    text: "{{subject}}无法连接{{#detail}}：{{detail}}{{/detail}}（{{time}} 发现）。{{area}}的门无人监测。",
    over: "{{subject}}恢复连接{{resolved}}。")

  private static let clientTaken = PhraseText(
    title: "另一个程序在接收通知程序的消息",
    text: "另一个程序使用了通知程序在消息服务器上的名称{{#detail}} {{detail}}{{/detail}}（{{time}} 发现），"
      + "双方都会漏掉对方收到的消息：请给其中一个换一个 id。")

  private static let channelFailing = PhraseText(
    title: "{{subject}}无法送达",
    text: "从 {{time}} 起，{{subject}}不接收消息{{#detail}}：{{detail}}{{/detail}}。恢复之前，它通知不到任何人。",
    over: "{{subject}}恢复送达{{resolved}}。")

  private static let selfTest = PhraseText(
    title: "开门报警测试",
    text: "这是一次测试，检验从采集程序 {{agent}} 到您的整条线路，于 {{time}} 发起。没有发生任何事情。")

  private static let selfTestFailed = PhraseText(
    title: "开门报警测试失败",
    text: "{{time}} 对采集程序 {{agent}} 的测试没有通过{{#detail}}：{{detail}}{{/detail}}。真正的警报也可能无法送达。")

  static let over = "{{subject}}：已结束{{resolved}}。"
  private static let closed = "{{subject}}已关上{{resolved}}。{{#length}}它开了 {{length}}。{{/length}}"
  private static let watched = "{{subject}}恢复监测{{resolved}}。"

  static func text(of part: PhrasePart) -> String {
    switch part {
    case .reminderTitle: "提醒：{{title}}"
    case .overTitle: "结束：{{title}}"
    case .reminder: "第 {{number}} 次提醒："
    case .late: "{{late}}后才发现。"
    case .armed: "{{area}}从 {{since}} 起处于{{mode}}状态{{#by}}，由{{by}}设置{{/by}}。"
    case .alsoOpen: "另外开着的：{{open}}。"
    case .times: "已发生 {{count}} 次。"
    case .simulated: "这是一扇模拟的门。"
    case .many: "{{#is_alarm}}警报：{{/is_alarm}}{{count}} 条通知"
    case .acknowledge: "我知道了"
    case .acknowledged: "已记录：您已知晓。"
    case .linkInvalid: "链接无效。"
    case .linkExpired: "链接已过期。请用 doorctl 或您的家庭自动化系统确认。"
    case .linkFailed: "未能记录，请重试。"
    case .testTitle: "渠道 {{subject}} 的测试"
    case .testText: "这是 {{time}} 的测试。没有发生任何事情。"
    }
  }

  static func word(of mode: ArmMode) -> String {
    switch mode {
    case .armedAway: "外出布防"
    case .armedHome: "在家布防"
    case .armedNight: "夜间布防"
    case .armedVacation: "度假布防"
    case .armedCustomBypass: "自定义布防"
    }
  }

  static func word(of state: DoorState) -> String {
    switch state {
    case .open: "打开"
    case .closed: "关闭"
    case .fault: "故障"
    case .unknown: "未知"
    }
  }

  static func at(_ time: String) -> String { "（\(time)）" }

  static let comma = "、"

  static func name(of subject: Alert.Subject) -> String {
    switch subject {
    case .agent(let agent): "采集程序 \(agent)"
    case .broker: "消息服务器"
    case .channel(let channel): "渠道 \(channel)"
    case .door(let door): door.description
    case .area: ""
    }
  }

  static func length(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    let (hours, minutes) = (seconds / 3_600, seconds % 3_600 / 60)
    if hours > 0 { return minutes > 0 ? "\(hours) 小时 \(minutes) 分钟" : "\(hours) 小时" }
    return minutes > 0 ? "\(minutes) 分钟" : "\(seconds) 秒"
  }
}
