import DagKit

/// A sensor of one's own, a wait that the scheduler keeps, and one that gives up softly.
struct Waiting: DAG {
    /// Waits until it has looked three times.
    struct ThirdLook: Sensor {
        var waiting = SensorOptions(pokeInterval: .milliseconds(10), timeout: .minutes(1))

        func poke(in context: TaskContext) async throws -> Poke<String> {
            let looks = context.pokeCount + 1
            return looks < 3 ? .notYet("look \(looks) of 3") : .done("the third look")
        }
    }

    var configuration = DAGConfiguration("waiting")

    func build(_ dag: inout DAGBuilder) {
        let soon = dag.task("soon", run: TimeDeltaSensor(.milliseconds(10)))
        let seen = dag.task("look", after: soon, run: ThirdLook())
        let bonus = dag.task(
            "bonus", after: soon,
            run: FileSensor(
                "/no/bonus/today", waiting: SensorOptions(pokeInterval: .zero, timeout: .zero, softFail: true)
            ))
        dag.task("report", reading: seen, after: seen) { context, seen in
            context.logger.info("it was \(seen)")
        }
        dag.task("celebrate", after: bonus) { context in context.logger.info("a bonus") }
    }
}
