import DagKitCLI
import DagKitCore
import Testing

@Suite struct ReportWriterTests {
    private var report: Report {
        var report = Report(["id", "note", .init("more", isWide: true)])
        report.add(["id": "a", "note": "x, \"y\"\nz", "more": ["k": [1, nil]]])
        report.add(["id": "東京", "note": .null, "more": true])
        return report
    }

    @Test func `a table is laid out as airflow does`() {
        let text = ReportWriter().text(of: report)

        #expect(
            text == """
                id   | note
                =====+==========
                a    | x, "y"\\nz
                東京 | None

                """)
    }

    @Test func `a table is cut to the terminal and no further`() {
        var wide = Report(["dag_id", "text"])
        wide.add(["dag_id": "short", "text": .string(String(repeating: "word ", count: 40))])

        let lines = ReportWriter(width: 40).text(of: wide).split(separator: "\n")

        #expect(lines.allSatisfy { $0.count <= 40 })
        #expect(lines.last == "short  | word word word word word word …")
        #expect(ReportWriter(width: nil).text(of: wide).contains("word word\n"))
    }

    @Test func `comma separated values are quoted where they must be`() {
        let text = ReportWriter(format: .csv).text(of: report)

        #expect(text == "id,note,more\na,\"x, \"\"y\"\"\nz\",\"{\"\"k\"\":[1,null]}\"\n東京,,true\n")
    }

    @Test func `yaml quotes what could be read as something else`() {
        var report = Report(["a", "b", "c"])
        report.add(["a": "plain", "b": "yes", "c": ["n": [1, ["x": "2025-01-01"]], "e": []]])

        #expect(
            ReportWriter(format: .yaml).text(of: report) == """
                - a: plain
                  b: "yes"
                  c:
                    e: []
                    "n":
                    - 1
                    - x: "2025-01-01"

                """)
    }

    @Test(arguments: [(OutputFormat.json, "[]\n"), (.yaml, "[]\n"), (.ndjson, ""), (.csv, "id,note,more\n")])
    func `an empty list is an empty list, never a sentence`(format: OutputFormat, text: String) {
        let empty = Report(["id", "note", .init("more", isWide: true)])

        #expect(ReportWriter(format: format).text(of: empty) == text)
    }

    @Test func `colours are switched by the environment`() {
        let colored = { Console.colored([.output], .auto, $0) }

        #expect(colored([:]) == [.output])
        #expect(colored(["NO_COLOR": "1"]).isEmpty)
        #expect(colored(["TERM": "dumb"]).isEmpty)
        #expect(colored(["CLICOLOR_FORCE": "1"]) == [.output, .error])
        #expect(Console.colored([], .always, ["NO_COLOR": "1"]) == [.output, .error])
    }
}
