import DagKitCore
import DagKitPostgres
import DagKitSQL
import Testing

@Suite struct SQLAddressTests {
    @Test(arguments: [
        "postgresql://me:p%40ss%2F@db.example.org:5433/crypto_db?sslmode=require",
        "postgres://me:p%40ss%2F@db.example.org:5433/crypto_db?sslmode=require",
        "postgresql+psycopg2://me:p%40ss%2F@db.example.org:5433/crypto_db?sslmode=require",
        "jdbc:postgresql://db.example.org:5433/crypto_db?user=me&password=p%40ss%2F&sslmode=require",
        "host=db.example.org port=5433 dbname=crypto_db user=me password=p@ss/ sslmode=require",
    ])
    func `each way to write an address means the same`(text: String) throws {
        let address = try SQLAddress(postgres: text)

        #expect(address.host == "db.example.org" && address.port == 5_433)
        #expect(address.database == "crypto_db" && address.user == "me" && address.password == "p@ss/")
        #expect(address.options == ["sslmode": "require"])
        #expect("\(address)" == "postgres://db.example.org:5433/crypto_db")
    }

    @Test func `a socket, several hosts and our own options are kept`() throws {
        let socket = try SQLAddress(postgres: "postgresql:///crypto_db?host=/run/postgresql&pool_size=2")
        let hosts = try SQLAddress(postgres: "postgresql://a:1,b:2/x?target_session_attrs=read-write")

        #expect(socket.host == "/run/postgresql" && socket.options == ["pool_size": "2"])
        #expect(hosts.host == "a,b" && hosts.options["port"] == "1,2")
        #expect(hosts.options["target_session_attrs"] == "read-write")
    }

    @Test(arguments: [
        "postgresql://me:s3cret@host:port/x", "postgresql://me:s3cret@h/x?nonsense=1", "=s3cret",
    ])
    func `what is no address is refused without being quoted`(text: String) {
        let error = #expect(throws: SQLError.self) { try SQLAddress(postgres: text) }

        #expect(error?.kind == .cannotOpen)
        #expect(error.debugDescription.contains("s3cret") == false)
    }
}
