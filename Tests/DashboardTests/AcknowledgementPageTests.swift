import HTTPTypes
import Testing

@testable import Dashboard

@Suite("The page of a link")
struct AcknowledgementPageTests {
  @Test("has a title, a text and a button, in its language, and loads nothing")
  func whole() {
    let page = AcknowledgementPage(
      status: .ok, language: "zh-CN", title: "警报：前门", text: "前门被打开。\n第二行", button: "我知道了")
    #expect(
      page.html == """
        <!doctype html>
        <html lang="zh-CN">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>警报：前门</title>
        <style>
        :root { color-scheme: light dark; font: 1.2rem/1.5 system-ui, sans-serif; }
        body { max-width: 32rem; margin: 3rem auto; padding: 0 1rem; }
        button { font: inherit; width: 100%; padding: 1rem; border: 0; border-radius: .5rem; background: #b3261e;
          color: white; }
        p { white-space: pre-line; }
        </style>
        <h1>警报：前门</h1>
        <p>前门被打开。
        第二行</p>
        <form method="post"><button>我知道了</button></form>
        </html>

        """)
  }

  @Test("has no form where there is nothing to do")
  func noButton() {
    let page = AcknowledgementPage(status: .gone, language: "en", title: "T", text: "X")
    #expect(!page.html.contains("<form") && !page.html.contains("<button"))
    #expect(page.html.contains("<h1>T</h1>\n<p>X</p>"))
  }

  @Test("has every text as a text, whatever signs are in it")
  func escaped() {
    let evil = "</title><script>alert(\"1\")</script>&amp;<img src=x onerror='y'>"
    let harmless =
      "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&lt;img src=x onerror='y'&gt;"
    let html = AcknowledgementPage(status: .ok, language: "en", title: evil, text: evil, button: evil).html
    #expect(!html.contains("<script") && !html.contains("<img"))
    for (before, after) in [
      ("<title>", "</title>"), ("<h1>", "</h1>"), ("<p>", "</p>"), ("<button>", "</button>"),
    ] {
      #expect(html.contains(before + harmless + after))
    }
  }
}
