import AccessCodes
import Appliance
import DoorCore

extension NotifierSettings.User {
  /// - Parameter table: `[[user]]`.
  init(reading table: SettingsTable) throws(SettingsError) {
    let name = try table.required("name", try table.string("name"), "what the person is called")
    guard name.utf8.count <= 64 else { throw table.invalid("name", "64 bytes at most") }
    let areas = try table.values("areas", Identifier.init)
    person = Person(
      name: name, areas: areas.map { Set($0) },
      rights: try table.words("rights", as: Person.Right.self).map { Set($0) } ?? Set(Person.Right.allCases),
      isUnderDuress: try table.boolean("duress") ?? false)
    let plain = try table.string("code_hash")
    let secret = try Secret.read("code_hash", from: table)
    if plain != nil, secret != nil {
      throw table.invalid("code_hash", "left out where code_hash_file is given")
    }
    let text = try table.required(
      "code_hash", plain ?? secret?.reveal(), "what door-notifier hash-code makes of the person's code")
    do throws(CodeHashError) {
      codeHash = try CodeHash(text)
    } catch {
      throw table.invalid("code_hash", "a scrypt hash ($7$…), as door-notifier hash-code makes it of a code")
    }
  }
}
