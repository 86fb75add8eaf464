import DagKit

/// Who is told what: a closure of each task that ends well, a notifier of the run, a command of a failure.
struct Callbacks: DAG {
    /// A notifier of one's own.
    struct Bell: Notifier {
        let sound: String

        func notify(_ notice: Notice, in context: TaskContext) async throws {
            context.logger.info("\(sound): \(try await context.render("{{ notice.kind }} of {{ run_id }}"))")
        }
    }

    var configuration = DAGConfiguration(
        "callbacks",
        defaults: TaskDefaults(callbacks: [
            .on(.success, name: "praise") { notice, context in
                context.logger.info("well done, \(context.taskID), at try \(notice.tryNumber)")
            },
            .on(.failure, notify: CommandNotifier("echo \"heard: $DAGKIT_NOTICE_REASON\"")),
        ]),
        callbacks: [.on(.success, .failure, notify: Bell(sound: "ding"))])

    func build(_ dag: inout DAGBuilder) {
        let loaded = dag.task("load") { _ in }
        dag.task("check", after: loaded) { _ in throw TaskFailure.noRetry("no rows", remedy: "load some") }
    }
}
