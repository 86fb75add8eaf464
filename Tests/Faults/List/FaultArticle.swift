/// `Documentation/faults.md`: the faults, what must follow, and what was seen.
struct FaultArticle {
    let records: [FaultRecord]

    static let path = "Documentation/faults.md"

    var text: String {
        let rows = Fault.allCases.flatMap(rows)
        return Self.head + rows.joined(separator: "\n") + "\n" + Self.foot
    }

    /// The rows of a fault: one for each of its tests, or one that says that there is none.
    private func rows(of fault: Fault) -> [String] {
        var tests: [String] = []
        for record in records where record.fault == fault.rawValue && !tests.contains(record.test) {
            tests.append(record.test)
        }
        guard !tests.isEmpty else {
            return [row([fault.rawValue, fault.title, "", "", "", "**not tested**"])]
        }
        return tests.sorted().enumerated().compactMap { index, test in
            let all = records.filter { $0.fault == fault.rawValue && $0.test == test }
            guard let first = all.first else { return nil }
            let result = all.allSatisfy(\.hasPassed) ? "held" : "**failed**"
            return row([
                index == 0 ? fault.rawValue : "", index == 0 ? fault.title : "", first.outcome, first.means,
                "`\(test)`", result,
            ])
        }
    }

    private func row(_ cells: [String]) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }

    private static let head = """
        # Faults

        What can go wrong on one host, and what then holds. `make faults` makes each fault, checks what follows, and writes this
        table from what it saw; the tests are in `Tests/Faults` and are part of `make test`. Where a fault needs a machine of its
        own (a mount, `date -s`, a suspension), a stand-in takes its place and is named. Numbers are those of a longer list: what
        is missing here needs several hosts, PostgreSQL or a web server.

        | fault | what goes wrong | what must follow | how it is made | test | result |
        | --- | --- | --- | --- | --- | --- |

        """

    private static let foot = """

        ## Fault points

        Every step of an attempt's life has a label, listed in `FaultPoint`. `DAGKIT_FAULT=LABEL:N` lets the process that passes
        it for the N-th time die as by `kill -9`, `DAGKIT_FAULT=*:N` the one that passes the N-th point of all;
        `DAGKIT_FAULT_TRACE=FILE` counts over all processes. The tests kill at the first, the second, the third … point until a
        run passes untouched, and check after each that nothing is lost, nothing is doubled, no process is left, no try failed that no
        death explains, and the event log folds to the state tables.

        ## Random kills

        Scheduler, supervisor, workers and tasks are killed at random moments: 20 kills for each of 3 seeds in `make test`, of
        100 in `make soak`. A failure prints its seed; `DAGKIT_KILL_SEEDS=7,8` plays seeds again.

        """
}
