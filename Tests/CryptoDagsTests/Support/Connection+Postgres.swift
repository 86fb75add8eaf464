import DagKit
import DagKitSQL

extension Connection {
    /// The connection `postgres_default` to a database of the tests.
    init(_ address: SQLAddress) {
        self.init(
            "postgres_default", type: "postgres", host: address.host, login: address.user,
            password: address.password, port: address.port, schema: address.database)
    }
}
