import DagKitCLI
import DagKitCore
import Testing

@Suite struct GraphDrawingTests {
    private struct Sample: DAG {
        var configuration = DAGConfiguration("sample")
        let declare: @Sendable (inout DAGBuilder) -> Void

        func build(_ dag: inout DAGBuilder) { declare(&dag) }
    }

    private func drawing(_ declare: @escaping @Sendable (inout DAGBuilder) -> Void) throws -> String {
        GraphDrawing(try DAGSpec(Sample(declare: declare))).text
    }

    @Test func `a chain is a column`() throws {
        let text = try drawing { dag in
            let a = dag.empty("a")
            let b = dag.empty("b", after: a)
            dag.empty("c", after: b)
        }

        #expect(text == "○ a\n○ b\n○ c\n")
    }

    @Test func `a diamond parts and meets`() throws {
        let text = try drawing { dag in
            let a = dag.empty("a")
            let b = dag.empty("b", after: a)
            let c = dag.empty("c", after: a)
            dag.empty("d", after: b, c)
        }

        #expect(
            text == """
                ○ a
                ├─╮
                ○ │ b
                │ ○ c
                ├─╯
                ○ d

                """)
    }

    @Test func `three ways meet with a trigger rule`() throws {
        let text = try drawing { dag in
            let a = dag.empty("a")
            let b = dag.empty("b", after: a)
            let c = dag.empty("c", after: a)
            let d = dag.empty("d", after: a)
            dag.empty("e", after: b, c, d, options: TaskOptions(triggerRule: .allDone))
        }

        #expect(
            text == """
                ○ a
                ├─┬─╮
                ○ │ │ b
                │ ○ │ c
                ├─╯ │
                │   ○ d
                ├───╯
                ○ e [all_done]

                """)
    }
}
