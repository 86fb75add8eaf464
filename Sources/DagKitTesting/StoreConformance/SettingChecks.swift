import DagKitCore
import FoundationEssentials

extension StoreConformance {
    /// Variables, connections, pools, jobs and the audit log.
    static var settingChecks: [Check] {
        [
            Check("variables are set, replaced, listed by key and deleted") { store, findings in
                let secret = Variable("token", value: "s3cret 🔑", about: "key of the API", isSecret: true)
                try await store.setVariable(Variable("url", value: "x"), by: "ana", at: .conformanceNoon)
                try await store.setVariable(secret, by: "ana", at: .conformanceNoon)
                try await store.setVariable(Variable("url", value: ""), by: "ana", at: .conformanceNoon)
                findings.equal(
                    try await store.variables(), [secret, Variable("url", value: "")], "the variables")
                findings.equal(try await store.variable("token"), secret, "the secret variable")
                findings.equal(try await store.variable("none"), nil, "an unknown variable")
                findings.equal(
                    try await store.deleteVariable("token", by: "ana", at: .conformanceNoon), true,
                    "the deletion")
                findings.equal(
                    try await store.deleteVariable("token", by: "ana", at: .conformanceNoon), false,
                    "the second deletion")
                findings.equal(try await store.variables().map(\.key), ["url"], "the keys that are left")
            },
            Check("a variable can stop being secret") { store, findings in
                try await store.setVariable(
                    Variable("a", value: "1", isSecret: true), by: "ana", at: .conformanceNoon)
                try await store.setVariable(Variable("a", value: "2"), by: "ana", at: .conformanceNoon)
                findings.equal(try await store.variable("a"), Variable("a", value: "2"), "the variable")
            },
            Check("connections are set, replaced, listed by id and deleted") { store, findings in
                let full = Connection(
                    "postgres_default", type: "postgres", about: "the market", host: "db.example",
                    login: "airflow",
                    password: "p@ss:w/rd'\"", port: 5_432, schema: "crypto", extra: #"{"sslmode":"require"}"#)
                let bare = Connection("bare", type: "http")
                try await store.setConnection(
                    Connection("postgres_default", type: "x", password: "old"), by: "ana",
                    at: .conformanceNoon)
                try await store.setConnection(full, by: "ana", at: .conformanceNoon)
                try await store.setConnection(bare, by: "ana", at: .conformanceNoon)
                findings.equal(try await store.connections(), [bare, full], "the connections")
                findings.equal(try await store.connection("postgres_default"), full, "the connection")
                findings.equal(try await store.connection("none"), nil, "an unknown connection")
                findings.equal(
                    try await store.deleteConnection("bare", by: "ana", at: .conformanceNoon), true,
                    "the deletion")
                findings.equal(
                    try await store.deleteConnection("bare", by: "ana", at: .conformanceNoon), false,
                    "the second deletion")
            },
            Check("the default pool is always there, others come and go") { store, findings in
                findings.equal(try await store.pools().map(\.name), [Pool.defaultName], "the pools at first")
                let standard = try await store.pools().first
                let pool = try Pool("coincap", slots: 2, about: "one key", includesDeferred: true)
                try await store.setPool(pool, by: "ana", at: .conformanceNoon)
                findings.equal(try await store.pools().first, pool, "the new pool")
                try await store.setPool(Pool(Pool.defaultName, slots: 4), by: "ana", at: .conformanceNoon)
                findings.equal(try await store.pools().last?.slots, 4, "the size of the default pool")
                findings.equal(
                    try await store.deletePool("coincap", by: "ana", at: .conformanceNoon), true,
                    "the deletion")
                findings.equal(
                    try await store.deletePool("coincap", by: "ana", at: .conformanceNoon), false,
                    "the second one")
                findings.equal(
                    try await store.deletePool(Pool.defaultName, by: "ana", at: .conformanceNoon), true,
                    "the deletion of the changed default pool")
                findings.equal(try await store.pools(), [standard].compactMap(\.self), "the pools at last")
                findings.equal(
                    try await store.deletePool(Pool.defaultName, by: "ana", at: .conformanceNoon), false,
                    "the deletion of the unchanged default pool")
            },
            Check("jobs get numbers, are updated and listed newest first") { store, findings in
                let noon = Date.conformanceNoon
                var job = JobRecord(
                    type: "SchedulerJob", state: "running", hostname: "here", user: "ana", processID: 77,
                    executor: "LocalExecutor", start: noon, heartbeat: noon)
                let first = try await store.startJob(job)
                let second = try await store.startJob(job)
                try await store.updateJob(first, state: "success", heartbeat: noon + 5, end: noon + 6)
                findings.expect(first > 0 && second > first, "ascending numbers")
                findings.equal(
                    try await store.jobs(type: "SchedulerJob", limit: 9).map(\.id), [second, first],
                    "the jobs")
                findings.equal(
                    try await store.jobs(type: "SchedulerJob", limit: 1).map(\.id), [second], "the newest")
                findings.equal(try await store.jobs(type: "Other", limit: 1), [], "the jobs of another type")
                (job.id, job.state, job.heartbeat, job.end) = (first, "success", noon + 5, noon + 6)
                findings.equal(
                    try await store.jobs(type: "SchedulerJob", limit: 9).last, job, "the updated job")
            },
            Check("what users change stands in the audit log, newest first, without secrets") {
                store, findings in
                let noon = Date.conformanceNoon
                try await store.setVariable(
                    Variable("k", value: "s3cret", isSecret: true), by: "ana", at: noon)
                try await store.setConnection(
                    Connection("c", type: "http", password: "s3cret"), by: "bo", at: noon + 1)
                try await store.setPool(Pool("p", slots: 1), by: "cy", at: noon + 2)
                _ = try await store.deleteVariable("none", by: "ana", at: noon + 3)
                let entries = try await store.auditLog(limit: 10)
                findings.equal(
                    entries.map { "\($0.event) \($0.actor)" },
                    ["pool.set cy", "connection.set bo", "variable.set ana"],
                    "the entries")
                findings.equal(entries.last?.extra, ["key": "k"], "what was changed")
                findings.expect(!"\(entries)".contains("s3cret"), "no secret in it")
                findings.equal(try await store.auditLog(limit: 1).map(\.at), [noon + 2], "the newest entry")
            },
        ]
    }
}
