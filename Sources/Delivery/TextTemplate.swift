import Foundation
import Mustache

/// A text with places for values, in Mustache (mustache.github.io/mustache.5.html), of which it takes
/// variables, sections and comments; checked whole when it is made.
package struct TextTemplate: Sendable, Equatable {
  package indirect enum Value: Sendable, Equatable {
    /// Where it is empty, a section of its name is left out.
    case text(String)
    case flag(Bool)
    case list([[String: Value]])

    fileprivate func rendered(_ escaping: Escaping) -> Any {
      switch self {
      // Nothing, and not what a list stands in has under that name.
      case .text(""): NSNull()
      case .text(let text): escaping.escaped(text)
      case .flag(let flag): flag
      case .list(let elements): elements.map { $0.mapValues { $0.rendered(escaping) } }
      }
    }
  }

  /// What values become where they are put in, in two braces as in three: no text of a value ever ends what
  /// it stands in.
  package enum Escaping: Sendable, Equatable {
    /// As they are.
    case text
    /// In one line: control characters are spaces.
    case line
    /// What stands between the quotation marks of a JSON string.
    case json
    /// What stands in a field of a form.
    case form
    /// What stands between tags, or in the quotation marks of an attribute.
    case markup
  }

  private let text: String
  private let escaping: Escaping
  private let template: MustacheTemplate

  /// - Parameter names: what it may name. Something else would be left out without a word.
  package init(_ text: String, names: Set<String>, escaping: Escaping = .text) throws(TextTemplateError) {
    for tag in Self.tags(of: text) where tag.first != "!" {
      let name = tag.drop { "#^/&{".contains($0) }.trimmingCharacters(in: .whitespacesAndNewlines)
      guard names.contains(name) else {
        throw TextTemplateError(
          "{{\(WebAnswer.shown(String(tag.prefix(80))))}} is nothing that there is; there are "
            + names.sorted().joined(separator: ", "))
      }
    }
    do {
      // The values are escaped before; the line of its own is not part of the text.
      template = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}\n" + text)
    } catch {
      throw TextTemplateError("this is no Mustache: a {{ or {{# has no end, or the end is another's")
    }
    self.text = text
    self.escaping = escaping
  }

  package func render(_ values: [String: Value]) -> String {
    template.render(values.mapValues { $0.rendered(escaping) })
  }

  package static func == (left: TextTemplate, right: TextTemplate) -> Bool {
    left.text == right.text && left.escaping == right.escaping
  }

  /// What stands between {{ and }}.
  private static func tags(of text: String) -> [Substring] {
    var tags: [Substring] = []
    var rest = text[...]
    while let start = rest.range(of: "{{"), let end = rest[start.upperBound...].range(of: "}}") {
      tags.append(rest[start.upperBound..<end.lowerBound])
      rest = rest[end.upperBound...].drop { $0 == "}" }
    }
    return tags
  }
}

extension TextTemplate.Escaping {
  fileprivate func escaped(_ text: String) -> String {
    switch self {
    case .text: text
    case .line:
      String(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
    case .json: Self.inQuotationMarks(text)
    case .form: WebRequest.percentEncoded(text)
    case .markup:
      // The ampersand first: it stands in the others.
      [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")]
        .reduce(text) { $0.replacing($1.0, with: $1.1) }
    }
  }

  private static func inQuotationMarks(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard let quoted = try? encoder.encode(text) else { preconditionFailure("A text can be encoded.") }
    return String(decoding: quoted.dropFirst().dropLast(), as: UTF8.self)
  }
}

/// A text that is no ``TextTemplate``, and why.
package struct TextTemplateError: Error, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) {
    self.description = description
  }
}
