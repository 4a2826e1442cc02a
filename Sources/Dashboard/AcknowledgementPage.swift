package import HTTPTypes

/// Who is asked by people that have a link.
package protocol AcknowledgementDesk: Sendable {
  /// What the link is about; changes nothing.
  func look(_ token: String) async -> AcknowledgementPage
  /// Somebody knows of it.
  func acknowledge(_ token: String) async -> AcknowledgementPage
}

/// A page for a phone: a few words, and a button where there is something to do.
package struct AcknowledgementPage: Sendable, Equatable {
  package var status: HTTPResponse.Status
  /// As HTML names it: `en`, `zh-CN`.
  package var language: String
  package var title: String
  package var text: String
  /// What the button says that sends the page's own address as a POST.
  package var button: String?

  package init(
    status: HTTPResponse.Status, language: String, title: String, text: String, button: String? = nil
  ) {
    self.status = status
    self.language = language
    self.title = title
    self.text = text
    self.button = button
  }

  var html: String {
    let form = button.map { "<form method=\"post\"><button>\(Self.escaped($0))</button></form>" } ?? ""
    return """
      <!doctype html>
      <html lang="\(language)">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="robots" content="noindex">
      <title>\(Self.escaped(title))</title>
      <style>
      :root { color-scheme: light dark; font: 1.2rem/1.5 system-ui, sans-serif; }
      body { max-width: 32rem; margin: 3rem auto; padding: 0 1rem; }
      button { font: inherit; width: 100%; padding: 1rem; border: 0; border-radius: .5rem; background: #b3261e;
        color: white; }
      p { white-space: pre-line; }
      </style>
      <h1>\(Self.escaped(title))</h1>
      <p>\(Self.escaped(text))</p>
      \(form)
      </html>

      """
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
