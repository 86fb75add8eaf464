import DagKitCore
import DagKitSQL
import Testing

@Suite struct SQLRowTests {
    private let row = SQLRow(
        columns: SQLColumns(["id", "rank", "price", "seen"]), values: ["btc", 1, nil, .blob([7])])

    @Test func `a value is read as the type that is asked for`() throws {
        let id: String = try row["id"]
        let rank: Int = try row[1]
        let price: Double? = try row["price"]
        let seen: [UInt8] = try row["seen"]

        #expect(id == "btc" && rank == 1 && price == nil && seen == [7])
    }

    @Test func `an unknown column is named with those that exist`() {
        let error = #expect(throws: SQLError.self) { let _: Int = try row["rang"] }

        #expect(error?.kind == .unknownColumn)
        #expect(error?.problem == #"the answer has no column "rang", only id, rank, price, seen"#)
    }

    @Test func `NULL where a value is needed is an error that names the column`() {
        let error = #expect(throws: SQLError.self) { let _: Double = try row["price"] }

        #expect(error?.problem == #"column "price" holds null, not Double"#)
    }

    @Test func `a wrong type is told without the value`() {
        let error = #expect(throws: SQLError.self) { let _: Int = try row["id"] }

        #expect(error?.kind == .typeMismatch)
        #expect(error?.description.contains("btc") == false)
    }

    @Test func `an integer that does not fit is refused`() {
        #expect(UInt8(sqlValue: 256) == nil)
        #expect(Bool(sqlValue: 2) == nil)
        #expect(Double(sqlValue: .integer(1 << 53 + 1)) == nil)
    }
}
