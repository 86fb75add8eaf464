import DagKitSQL
import Testing

@Suite struct SQLStatementTests {
    @Test func `an interpolated value is bound and never stands in the text`() {
        let hostile = "x'; drop table dag; --"

        let statement: SQLStatement = "select 1 from dag where dag_id = \(hostile) and n = \(3)"

        #expect(statement.text == "select 1 from dag where dag_id = $1 and n = $2")
        #expect(statement.values == [.text(hostile), 3])
        #expect(!"\(statement)".contains("drop"))
    }

    @Test func `a statement in a statement brings its values along in order`() {
        var condition: SQLStatement = "a = \(1)"
        condition += " and b = \("two")"

        let statement: SQLStatement = "select \(0) where \(condition) limit \(9)"

        #expect(statement.text == "select $1 where a = $2 and b = $3 limit $4")
        #expect(statement.values == [0, 1, "two", 9])
    }

    @Test func `a list of values makes a placeholder for each`() {
        let statement: SQLStatement = "state in \(.list(["failed", "success"]))"

        #expect(statement.text == "state in ($1, $2)")
    }

    @Test func `an empty list matches nothing`() {
        let statement: SQLStatement = "state in \(.list([String]()))"

        #expect(statement.text == "state in (null)")
    }

    @Test func `statements are joined with a separator`() {
        let statement = SQLStatement.joined(["a = \(1)", "b = \(2)"], separator: " or ")

        #expect(statement.text == "a = $1 or b = $2")
    }

    @Test(arguments: ["", "1a", "a-b", "a b", "a\"", "a.b.c", "a.", "é", String(repeating: "x", count: 64)])
    func `a name that could change the text is refused`(name: String) {
        let error = #expect(throws: SQLError.self) { try SQLIdentifier(checking: name) }

        #expect(error?.kind == .syntax)
    }

    @Test func `a name stands quoted in the text, part by part`() throws {
        let table = try SQLIdentifier(checking: "market.coin_2")

        let statement: SQLStatement = "select * from \(table)"

        #expect(statement.text == #"select * from "market"."coin_2""#)
    }
}
