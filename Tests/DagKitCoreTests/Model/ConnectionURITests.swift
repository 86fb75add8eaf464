import DagKitCore
import Testing

@Suite struct ConnectionURITests {
    private static let pairs: [(String, Connection)] = [
        (
            "postgres://ada:p%40ss%2Fword@db.example.org:5432/market?sslmode=require",
            Connection(
                "x", type: "postgres", host: "db.example.org", login: "ada", password: "p@ss/word",
                port: 5432,
                schema: "market", extra: #"{"sslmode":"require"}"#)
        ),
        ("http://https%3A%2F%2Fexample.org", Connection("x", type: "http", host: "https://example.org")),
        (
            "http://https://example.org:8443",
            Connection("x", type: "http", host: "https://example.org", port: 8443)
        ),
        ("smtp://:@mail", Connection("x", type: "smtp", host: "mail", login: "", password: "")),
        ("google-cloud://", Connection("x", type: "google_cloud")),
        ("redis://@:6379", Connection("x", type: "redis", login: "", port: 6379)),
        ("postgres://[::1]:5432/d", Connection("x", type: "postgres", host: "::1", port: 5432, schema: "d")),
        (
            "http://h/?__extra__=%7B%22a%22%3A%7B%22b%22%3A1%7D%7D",
            Connection("x", type: "http", host: "h", extra: #"{"a":{"b":1}}"#)
        ),
        ("sqlite://%2Ftmp%2Fa%20b.db", Connection("x", type: "sqlite", host: "/tmp/a b.db")),
        ("http://h/?q=a+b%26c", Connection("x", type: "http", host: "h", extra: #"{"q":"a b&c"}"#)),
    ]

    @Test(arguments: pairs)
    func `a URI is read part by part`(uri: String, connection: Connection) throws {
        #expect(try Connection("x", uri: uri) == connection)
    }

    @Test(arguments: pairs.map(\.1))
    func `what is written as a URI reads back equal`(connection: Connection) throws {
        #expect(try Connection("x", uri: connection.uri) == connection)
    }

    @Test(arguments: pairs.map(\.1))
    func `what is written as JSON reads back equal`(connection: Connection) throws {
        #expect(try Connection("x", json: connection.json.text) == connection)
    }

    @Test func `postgresql is postgres, and dashes are underscores`() throws {
        #expect(try Connection("x", uri: "postgresql://h").type == "postgres")
        #expect(try Connection("x", uri: "postgresql+psycopg2://h/d").type == "postgres")
        #expect(try Connection("x", uri: "spark-sql://h").type == "spark_sql")
        #expect(try Connection("x", uri: "spark-sql://h").uri == "spark-sql://h")
    }

    @Test func `JSON takes extras as an object and a port as text`() throws {
        let connection = try Connection(
            "x", text: #" {"conn_type": "postgresql", "port": "5432", "extra": {"b": 1, "a": "c"}}"#)

        #expect(connection == Connection("x", type: "postgres", port: 5432, extra: #"{"a":"c","b":1}"#))
    }

    @Test(arguments: [
        ("nothing", "is no URI with one type in front"),
        ("a://b://c://d", "is no URI with one type in front"),
        ("http://h:99999", "has a port that is no number from 0 to 65535"),
        ("http://%ff@h", "has a login that is not percent-encoded"),
        ("{\"login\": \"s3cret\"", "starts like JSON and is wrong at"), ("{}", "has no conn_type"),
        (
            "{\"conn_type\": \"x\", \"pasword\": \"s3cret\"}",
            "has a member \"pasword\" that connections do not have"
        ),
    ])
    func `a wrong text is refused and never quoted`(text: String, problem: String) {
        let error = #expect(throws: ConnectionTextError.self) { try Connection("pg", text: text) }

        #expect(error?.problem.hasPrefix("connection \"pg\" \(problem)") == true)
        #expect(error?.description.contains("s3cret") == false)
    }
}
